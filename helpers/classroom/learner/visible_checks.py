"""The visible checks of saved notebooks, run without JupyterLab: what a hosted CI calls for a learner.

Answers are read and checked by the grader's own code, so the verdict is the grader's. They run without a sandbox, being
the learner's own code on the learner's own machine; nothing is executed but answers and checks.
"""

import contextlib
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.checks.answer_search import Edition
from helpers.checks.catalogue import EXERCISES, MOVED, where_it_went
from helpers.checks.editions import find_editions
from helpers.checks.grade_id import GradeId
from helpers.checks.notebook_file import Unreadable
from helpers.classroom.authoring.notebook_names import is_meant
from helpers.classroom.authoring.source import grading
from helpers.classroom.grading.grader import SubmissionGrader
from helpers.classroom.grading.sandbox.isolation import Sandbox
from helpers.classroom.grading.submission import language_of_copy, read_submission
from helpers.classroom.learner.notebook_copies import find_releases, no_notebook_in
from helpers.language.message import MessageError, message
from helpers.language.translation import languages, speaking

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """Result of the visible check of one exercise.

    Args:
        exercise_id: e.g. "1.3".
        status: "right", "not written", or what is wrong with it.
        message: what the check says in a notebook, as plain text.
    """

    exercise_id: str
    status: str
    message: str

    @property
    def failed(self) -> bool:
        """Whether an answer was written and is not right."""
        return self.status not in ("right", "not written")


def run_visible_checks(root: str | Path, folder: str | Path) -> Iterator[Outcome]:
    """Yield an Outcome for every visible check of the notebooks in a folder.

    Args:
        root: the repository, with the released notebooks.
        folder: with NN_name/NN_name.ipynb, or NN_name.ipynb.

    Raises:
        ValueError: the folder has no notebook of the course.
    """
    saved = {release: path for release in find_releases(root) if (path := _find(folder, release))}
    if not saved:
        raise no_notebook_in(folder)
    for release, path in saved.items():
        logger.info("checking %s", path)
        yield from _run(nbformat.read(release, as_version=4), path, find_editions(root, release.stem))


def find_missing(outcomes: Iterable[Outcome], needed: Iterable[str]) -> list[str]:
    """Return the ids of the exercises that are needed and not right.

    Args:
        outcomes: of the checks that were run.
        needed: ids of exercises and numbers of notebooks, e.g. "1.3" or "01".

    Raises:
        ValueError: an exercise or notebook does not exist.
    """
    wanted = []
    for name in needed:
        if name in MOVED:
            raise ValueError(str(where_it_went(name)))
        ids = [id for id, exercise in EXERCISES.items() if name == id or is_meant(name, exercise.notebook)]
        if not ids:
            raise MessageError("There is no exercise and no notebook {name}. Name one, e.g. 1.3 or 01.", name=name)
        wanted += ids
    right = {outcome.exercise_id for outcome in outcomes if outcome.status == "right"}
    return [exercise_id for exercise_id in dict.fromkeys(wanted) if exercise_id not in right]


def _find(folder: str | Path, release: Path) -> Path | None:
    places = (Path(folder, release.stem, release.name), Path(folder, release.name))
    return next((path for path in places if path.is_file()), None)


def _run(release: NotebookNode, path: Path, editions: Sequence[Edition]) -> Iterator[Outcome]:
    checks = [(GradeId.parse(grading(cell)["grade_id"]), grading(cell)) for cell in release.cells if grading(cell)]
    checks = [(grade_id, told) for grade_id, told in checks if grade_id.kind == "check"]
    try:
        data = path.read_bytes()
        language = language_of_copy(data, languages())
        answers = read_submission(data, release, editions).answers
    except Unreadable as error:
        for grade_id, _ in checks:
            template = "{id}: not checked, since {path} cannot be read. {error}"
            said = str(message(template, id=grade_id.exercise_id, path=path, error=error))
            yield Outcome(grade_id.exercise_id, "cannot be read", said)
        return
    with contextlib.ExitStack() as stack:
        sandbox = Sandbox(stack.enter_context(tempfile.TemporaryDirectory()), sandbox=False)
        grader = stack.enter_context(contextlib.closing(SubmissionGrader(sandbox, answers, secret="")))
        for grade_id, told in checks:
            with speaking(language):  # not around a yield: it would be spoken wherever the outcomes are used
                score, panels = grader.run_check(grade_id, float(told["points"]))
                said = "\n".join(map(repr, panels))
            yield Outcome(grade_id.exercise_id, score.status, said)
