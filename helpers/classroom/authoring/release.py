"""The notebook that learners get, and the proof that it gives no answer away.

`make_release` makes it. nbgrader's own generate_assignment, which fills a gradebook, makes the same one by the steps in
nbgrader_config.py.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import capture_log
from traitlets.config import Config
from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader

from helpers.atomic_write import replace_file
from helpers.checks.editions import keep_edition
from helpers.classroom.authoring.korean import mark_korean
from helpers.classroom.authoring.source import (
    BuildError,
    as_release,
    as_solution,
    describe,
    find_blocks,
    fold_answers,
    grading,
    is_only_in_solution,
    mark_stub,
    name_edition,
    place,
    read_source,
    serialise,
)
from helpers.language.translation import ENGLISH, language

#: A line with more than names in it: `return hs` alone gives nothing away.
TELLING = re.compile(r"[^\w\s.,:]")

CONFIG = Path(__file__).resolve().parents[3] / "nbgrader_config.py"

#: The end of a message about something that a learner kit does not have.
NOT_IN_KIT = "A learner kit has none: this command needs the whole course."

logger = logging.getLogger(__name__)


class TakeSource(NbGraderPreprocessor):
    """First step of a release: take the source, since the solution notebook beside it has neither markers nor stubs.

    Without this step nbgrader would release that notebook with its hidden tests in it.
    """

    def preprocess(self, notebook: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the source beside the notebook, answers to questions folded, without what is in the solution only."""
        source = fold_answers(read_source(_source_beside(resources), language()))
        source.cells = [cell for cell in source.cells if not is_only_in_solution(cell)]
        if language() == ENGLISH:
            mark_korean(source.cells)
        return source, resources


class MarkStubs(NbGraderPreprocessor):
    """Mark where an answer is written, and remove the line of blanks that nbgrader leaves where a solution was."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Change an answer cell."""
        if grading(cell).get("solution") and cell.cell_type == "code":
            text = "\n".join(line for line in cell.source.split("\n") if not line.isspace())
            cell.source = mark_stub(text, grading(cell)["grade_id"])
        return cell, resources


class NameEdition(NbGraderPreprocessor):
    """Write into the metadata which edition the release is, and keep it: its copies are compared with it."""

    def preprocess(self, notebook: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook with its edition."""
        name_edition(notebook)
        keep_edition(self.config.CourseDirectory.root, resources["metadata"]["name"], serialise(notebook).encode())
        return notebook, resources


class CheckSecrets(NbGraderPreprocessor):
    """Last step of a release: refuse one with a part of an answer or of a hidden test in it."""

    def preprocess(self, notebook: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook as it is."""
        path = _source_beside(resources)
        check_secrets(read_source(path, language()), notebook, path)
        return notebook, resources


def _source_beside(resources: dict[str, Any]) -> Path:
    """Return the path of the source beside the notebook that nbgrader has opened."""
    return Path(resources["metadata"]["path"], f"{resources['metadata']['name']}.py")


def load_config(course: str | Path) -> Config:
    """Return the settings of nbgrader_config.py for a course in another folder than the repository.

    Raises:
        ValueError: nbgrader_config.py is missing, or Python cannot run it.
    """
    try:
        config: Config = PyFileConfigLoader(CONFIG.name, path=str(CONFIG.parent)).load_config()
    except ConfigFileNotFound:
        raise ValueError(f"{CONFIG} is missing. {NOT_IN_KIT}") from None
    except SyntaxError as error:
        raise ValueError(f"{CONFIG}, line {error.lineno}: {error.msg}. Correct that line.") from None
    except (NameError, AttributeError, TypeError) as error:
        raise ValueError(f"{CONFIG} cannot be used: {error}. Correct it.") from None
    config.CourseDirectory.root = str(Path(course).resolve())
    return config


def make_release(source_path: Path, language: str = ENGLISH) -> str:
    """Return the text of the notebook that learners get, in the edition of a language.

    Raises:
        BuildError: the source is not fit, or a part of an answer or of a hidden test is in the release.
    """
    source = read_source(source_path, language)
    release = as_release(source)
    check_secrets(source, release, source_path)
    return serialise(release)


def generate(source_path: Path, course: str | Path, gradebook: str) -> None:
    """Have nbgrader's own generate_assignment make the release in a course folder, which is how a gradebook is filled.

    Args:
        source_path: solutions/NN_name/NN_name.py.
        course: a folder, which may be empty; the release goes into its notebooks/NN_name/.
        gradebook: address of the gradebook that the notebook is entered into, e.g. "sqlite:///gradebook.db".

    Raises:
        BuildError: the source is not fit, or nbgrader could not make the release.
    """
    name, solution = source_path.stem, serialise(as_solution(read_source(source_path)))
    folder = Path(course, "solutions", name)
    replace_file(folder / f"{name}.py", source_path.read_bytes())
    replace_file(folder / f"{name}.ipynb", solution)
    config = load_config(course)
    config.CourseDirectory.assignment_id = name
    config.CourseDirectory.db_url = gradebook
    logger.info("nbgrader's generate_assignment: %s", name)
    outcome = capture_log(GenerateAssignment(coursedir=CourseDirectory(config=config), config=config))
    if not outcome["success"]:
        raise BuildError(f"{place(source_path)}: nbgrader could not make the release.\n{outcome['log']}")


def check_secrets(source: NotebookNode, notebook: NotebookNode, path: Path) -> None:
    """Prove that no cell of a notebook has a part of an answer or of a hidden test in it.

    Args:
        source: as `read_source` returned it.
        notebook: what learners see.
        path: of the source, for the message.

    Raises:
        BuildError: naming the file and the cell.
    """
    for secret in find_secrets(source):
        for cell in notebook.cells:
            if secret in _joined(_code_lines(cell.source.split("\n"))):
                line = secret.splitlines()[1]
                raise BuildError(
                    f"{place(path)}, {describe(cell)}: `{line}` of a solution or hidden test is in the release."
                )


def find_secrets(source: NotebookNode) -> Iterator[str]:
    """Yield what no released cell may hold, as lines with a line break before and after each.

    That is each line of a hidden test, and each two lines in a row of a solution (or its only one).
    """
    for cell in source.cells:
        for block in find_blocks(cell):
            lines = _code_lines(cell.source.split("\n")[block.begin + 1 : block.end])
            size = 2 if block.kind == "SOLUTION" and len(lines) > 1 else 1
            for first in range(len(lines) - size + 1):
                secret = lines[first : first + size]
                if TELLING.search("".join(secret)):
                    yield _joined(secret)


def _code_lines(lines: Iterable[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]


def _joined(lines: Iterable[str]) -> str:
    return "\n" + "\n".join(lines) + "\n"
