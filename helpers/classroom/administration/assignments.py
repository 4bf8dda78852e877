"""Releasing an assignment: in the gradebook, with a due date and its points, and in the exchange."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from sqlalchemy.engine import make_url

from helpers.classroom.administration.exchange import place_in_exchange
from helpers.classroom.authoring.build import release_path
from helpers.classroom.authoring.release import generate, make_release
from helpers.classroom.authoring.source import as_release, grading, read_source
from helpers.classroom.course import Course
from helpers.classroom.grading.staleness import mark_for_regrading, read_entries

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChangedPoints:
    """A cell that gives other points than when submissions were graded.

    Args:
        grade_id: of the cell.
        old, new: what it gave, and what it gives now.
        graded: the number of submissions that were graded with the old points.
    """

    grade_id: str
    old: float
    new: float
    graded: int

    def __str__(self) -> str:
        return f"{self.grade_id} from {self.old:g} to {self.new:g} ({self.graded} graded)"


def release(course: Course, source: Path, due: datetime | None = None, *, regrade: bool = False) -> str | None:
    """Enter a notebook into the gradebook as an assignment, and place it in the exchange where the course has one.

    Args:
        source: solutions/NN_name/NN_name.py.
        due: the time by which it is due, with a time zone; None leaves it as it is.
        regrade: whether other points are entered although there are scores; those are stale until they are graded
            again.

    Returns:
        the folder in the exchange, or None.

    Raises:
        ValueError: the notebook in notebooks/ is not what the source makes of it, what was graded had other points or
            other cells, or the exchange refuses it.
    """
    assignment, notebook = source.stem, check_release(course, source, regrade=regrade)
    if changed := find_changed_points(course, assignment, notebook):
        # Before they are entered: whatever ends this command, no sum of old points is shown out of the new ones.
        open_for_regrading(course, assignment, changed)
    with TemporaryDirectory() as folder, course.gradebook():
        generate(source, folder, course.directory.db_url)
    logger.info("%s is in the gradebook, from %s", assignment, source)
    if due is not None:
        with course.gradebook() as gradebook:
            gradebook.update_or_create_assignment(assignment, duedate=due.astimezone(UTC).replace(tzinfo=None))
    return place_in_exchange(course, assignment, "ReleaseAssignment", force=True)


def check_release(course: Course, source: Path, *, regrade: bool = False) -> NotebookNode:
    """Return the notebook that a release would enter; nothing is written.

    Raises:
        ValueError: as `release` does.
    """
    assignment, released = source.stem, release_path(course.root, source)
    number = assignment.partition("_")[0]
    if not released.exists() or released.read_bytes() != make_release(source).encode():
        raise ValueError(f"{released} is not what its source makes of it: run `make notebooks NB={number}` first.")
    notebook = as_release(read_source(source))
    if not _has_gradebook(course):
        return notebook
    if _has_other_cells(course, assignment, notebook):
        raise ValueError(
            f"{assignment} has submissions already, and other cells than when it was released. The cells of an "
            "assignment that was handed in must stay: edit them, but add, remove and rename none."
        )
    changed = find_changed_points(course, assignment, notebook)
    if changed and not regrade:
        raise ValueError(
            f"{assignment} was graded with other points: {', '.join(map(str, changed))}. To release it with the new "
            f"points and grade all submissions again: `make release NB={number} ARGS=--regrade`."
        )
    return notebook


def find_changed_points(course: Course, assignment: str, notebook: NotebookNode) -> list[ChangedPoints]:
    """Return the cells that give other points in a notebook than in the gradebook, or than some score was given with.

    A score that is to be graded again anyway does not count.
    """
    new = _points_of(notebook.cells)
    changes: Counter[tuple[str, float]] = Counter()
    with course.gradebook() as gradebook:
        for student, entered in _find_scored(gradebook, assignment):
            given = _points_when_graded(course, assignment, student)
            for grade_id in entered.keys() & new.keys():
                # What the gradebook has may be newer than a score: nbgrader's own command enters it at any time.
                for old in (entered[grade_id], given.get(grade_id, new[grade_id])):
                    if old != new[grade_id]:
                        changes[grade_id, old] += 1
                        break
    order = [*new]
    found = [ChangedPoints(grade_id, old, new[grade_id], count) for (grade_id, old), count in changes.items()]
    return sorted(found, key=lambda change: (order.index(change.grade_id), change.old))


def open_for_regrading(course: Course, assignment: str, changed: list[ChangedPoints]) -> None:
    """Make every score of an assignment stale; those that a person gave for changed cells wait for a person."""
    mark_for_regrading(course, assignment)
    names = {change.grade_id for change in changed}
    with course.gradebook() as gradebook:
        for submission in gradebook.find_assignment(assignment).submissions:
            for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
                if grade.name in names and grade.manual_score is not None:
                    grade.needs_manual_grade = True
        gradebook.db.commit()
    logger.info("%s is to be graded again: other points for %s", assignment, ", ".join(names))


def find_without_file(course: Course, assignment: str) -> list[str]:
    """Return the students who are to be graded again, and have nothing in submitted/ to be graded."""
    with course.gradebook() as gradebook:
        waiting = {student for student, entry in read_entries(gradebook, assignment).items() if entry.open}
    return sorted(waiting - course.submitted(assignment).keys())


def _find_scored(gradebook: Gradebook, assignment: str) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each student who has scores that count, and the points that the gradebook has for each of those cells."""
    entries = read_entries(gradebook, assignment)
    for submission in gradebook.db.query(SubmittedAssignment).filter(
        SubmittedAssignment.id.in_([entry.submission_id for entry in entries.values() if not entry.open])
    ):
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        scored = [grade for grade in grades if grade.auto_score is not None or grade.manual_score is not None]
        yield submission.student_id, {grade.name: grade.max_score for grade in scored}


def _points_when_graded(course: Course, assignment: str, student: str) -> dict[str, float]:
    """The points of each cell in the graded copy of a submission; none if there is no copy."""
    path = course.folder("autograded", assignment, student) / f"{assignment}.ipynb"
    with suppress(OSError, ValueError):
        return _points_of([NotebookNode(cell) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]])
    return {}


def _points_of(cells: list[NotebookNode]) -> dict[str, float]:
    return {grading(cell)["grade_id"]: float(grading(cell)["points"]) for cell in cells if grading(cell).get("grade")}


def _has_other_cells(course: Course, assignment: str, notebook: NotebookNode) -> bool:
    """Whether nbgrader would have to add or remove cells of an assignment that has submissions."""
    with course.gradebook() as gradebook:
        try:
            known = gradebook.find_notebook(assignment, assignment)
        except MissingEntry:
            return False
        names = {grading(cell)["grade_id"] for cell in notebook.cells if grading(cell)}
        kinds = known.grade_cells, known.solution_cells, known.task_cells, known.source_cells
        return bool(known.submissions) and names != {cell.name for kind in kinds for cell in kind}


def _has_gradebook(course: Course) -> bool:
    """Whether there is a gradebook already; to open it would make one."""
    address = make_url(course.directory.db_url)
    return address.get_backend_name() != "sqlite" or Path(address.database or "").exists()
