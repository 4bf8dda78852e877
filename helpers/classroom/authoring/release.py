"""The notebook that learners get: nbgrader's own generate_assignment makes it, and what came out is proved."""

import re
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor, SaveCells
from nbgrader.utils import capture_log
from traitlets.config import ConfigFileNotFound, PyFileConfigLoader

from helpers.classroom.authoring.source import (
    BuildError,
    as_release,
    as_solution,
    describe,
    find_blocks,
    grading,
    is_only_in_solution,
    place,
    read_source,
)

#: More than names: `return hs` alone gives nothing away.
TELLING = re.compile(r"[^\w\s.,:]")

CONFIG = Path(__file__).resolve().parents[3] / "nbgrader_config.py"

#: Said where something is missing that a learner kit leaves out.
NOT_IN_KIT = "A learner kit has none: this command needs the whole course."


class TakeSource(NbGraderPreprocessor):
    """First step of a release: take the source, since the solution notebook beside it has neither markers nor stubs.

    Without this step nbgrader would release such a notebook with its hidden tests in it.
    """

    def preprocess(self, notebook, resources):
        """Return the source that lies beside the notebook, without the answers that are for the solution only."""
        folder, name = resources["metadata"]["path"], resources["metadata"]["name"]
        source = read_source(Path(folder) / f"{name}.py")
        source.cells = [cell for cell in source.cells if not is_only_in_solution(cell)]
        return source, resources


class DropBlankStubs(NbGraderPreprocessor):
    """Remove the indented but empty line that nbgrader leaves in the place of each solution."""

    def preprocess_cell(self, cell, resources, index):
        """Remove such lines from a solution cell."""
        if grading(cell).get("solution"):
            cell.source = "\n".join(line for line in cell.source.split("\n") if not line.isspace())
        return cell, resources


def load_config(course):
    """Return the settings of nbgrader_config.py, for a course in another folder.

    Args:
        course: the folder that takes the place of the repository.

    Returns:
        traitlets Config

    Raises:
        ValueError: there is no such file.
    """
    try:
        config = PyFileConfigLoader(CONFIG.name, path=str(CONFIG.parent)).load_config()
    except ConfigFileNotFound:
        raise ValueError(f"{CONFIG} is missing. {NOT_IN_KIT}") from None
    config.CourseDirectory.root = str(Path(course).resolve())
    return config


def generate(source_path, course, *, gradebook=None):
    """Make the release of one notebook in a course folder, which may be empty, and prove it.

    Args:
        source_path: solutions/NN_name/NN_name.py.
        course: a temporary folder.
        gradebook: address of the gradebook that the notebook is entered into, e.g. "sqlite:///gradebook.db". Only
            grading needs one, and nbgrader takes seconds to make it.

    Returns:
        the path of the released notebook, course/notebooks/NN_name/NN_name.ipynb.

    Raises:
        BuildError: the source is not fit, or a part of an answer or of a hidden test is in the release.
    """
    source_path, name = Path(source_path), Path(source_path).stem
    source = read_source(source_path)
    folder = Path(course) / "solutions" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_bytes(source_path.read_bytes())
    nbformat.write(as_solution(source), folder / f"{name}.ipynb")
    config = load_config(course)
    config.CourseDirectory.assignment_id = name
    if gradebook:
        config.CourseDirectory.db_url = gradebook
    else:
        config.GenerateAssignment.no_database = True
        config.GenerateAssignment.preprocessors.remove(SaveCells)
    outcome = capture_log(GenerateAssignment(coursedir=CourseDirectory(config=config), config=config))
    if not outcome["success"]:
        raise BuildError(f"{place(source_path)}: nbgrader could not make the release.\n{outcome['log']}")
    release_path = Path(course) / "notebooks" / name / f"{name}.ipynb"
    check_release(source, nbformat.read(release_path, as_version=4), source_path)
    return release_path


def check_release(source, release, path):
    """Prove that a release has all that a learner should see, and nothing else.

    Args:
        source: the source, as `read_source` gave it.
        release: what nbgrader made of it.
        path: of the source, for the message.

    Raises:
        BuildError: naming the file and the cell.
    """
    expected = as_release(source)
    for cell, wanted in zip(release.cells, expected.cells, strict=True):
        if cell.source != wanted.source:
            extra = [line for line in cell.source.split("\n") if line not in wanted.source.split("\n")]
            shown = f"`{extra[0].strip()}` survives" if extra else "a line is missing"
            raise BuildError(f"{place(path)}, {describe(cell)}: {shown} in the release.")
        if cell.get("outputs"):
            raise BuildError(f"{place(path)}, {describe(cell)}: it has outputs in the release.")
    check_secrets(source, release, path)


def check_secrets(source, notebook, path):
    """Prove that no cell of a notebook has a part of an answer or of a hidden test in it.

    Args:
        source: the source, as `read_source` gave it.
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


def find_secrets(source):
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


def _code_lines(lines):
    return [line.strip() for line in lines if line.strip()]


def _joined(lines):
    return "\n" + "\n".join(lines) + "\n"
