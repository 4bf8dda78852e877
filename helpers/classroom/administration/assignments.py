"""Releasing an assignment: in the gradebook, with a due date and its points, and in the exchange."""

import json
import logging
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Assignment, Grade, GradeCell, MissingEntry, SubmittedAssignment, SubmittedNotebook
from sqlalchemy.orm import Query

from helpers.checks.editions import keep_edition
from helpers.classroom.administration import due_dates
from helpers.classroom.administration.exchange import place_in_exchange
from helpers.classroom.authoring.build import release_path
from helpers.classroom.authoring.release import generate, make_release
from helpers.classroom.authoring.source import as_release, grading, read_source
from helpers.classroom.course import Course
from helpers.classroom.grading.assignment_lock import locked
from helpers.classroom.grading.gradebook import assign_late_penalties
from helpers.classroom.grading.staleness import mark_open, read_entries
from helpers.language.translation import ENGLISH, folder_of_edition, speaking

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


def release(
    course: Course, source: Path, due: datetime | None = None, *, regrade: bool = False, language: str = ENGLISH
) -> str | None:
    """Enter a notebook into the gradebook as an assignment, and place it in the exchange where the course has one.

    Args:
        source: solutions/NN_name/NN_name.py.
        due: the time by which it is due, with a time zone; None leaves it as it is. Late penalties follow it.
        regrade: whether other points are entered although there are scores; those are stale until they are graded
            again.
        language: of the edition that is released.

    Returns:
        the folder in the exchange, or None.

    Raises:
        ValueError: the notebook in notebooks/ is not what the source makes of it, what was graded had other points or
            other cells, or the exchange refuses it.
    """
    assignment = source.stem
    if changed := check_release(course, source, regrade=regrade, language=language):
        # Before they are entered: whatever ends this command, no sum of old points is shown out of the new ones.
        open_for_regrading(course, assignment, changed)
    with TemporaryDirectory() as folder, course.gradebook(), speaking(language):
        generate(source, folder, course.directory.db_url)
    keep_edition(course.root, assignment, release_path(course.root, source, language).read_bytes())
    logger.info("%s is in the gradebook, from %s", assignment, source)
    if due is not None:
        with course.gradebook() as gradebook:
            gradebook.update_or_create_assignment(assignment, duedate=due.astimezone(UTC).replace(tzinfo=None))
        with locked(course, assignment):
            assign_late_penalties(course, assignment)
    released = str(folder_of_edition(Path("notebooks"), language))
    if place := place_in_exchange(course, assignment, "ReleaseAssignment", released=released, force=True):
        due_dates.place_in(Path(place).parents[1], course)  # the folder of the course
    return place


def check_release(
    course: Course, source: Path, *, regrade: bool = False, language: str = ENGLISH
) -> list[ChangedPoints]:
    """Return the cells with other points than were graded, of a notebook that can be released; nothing is written.

    Raises:
        ValueError: as `release` does.
    """
    assignment, released = source.stem, release_path(course.root, source, language)
    number = assignment.partition("_")[0]
    if not released.exists() or released.read_bytes() != make_release(source, language).encode():
        raise ValueError(f"{released} differs from what its source gives: run `make notebooks NB={number}` first.")
    notebook = as_release(read_source(source, language))
    if not course.has_gradebook:
        return []
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
    return changed


def find_changed_points(course: Course, assignment: str, notebook: NotebookNode) -> list[ChangedPoints]:
    """Return the cells that give other points in a notebook than in the gradebook, or than some score was given with.

    A score that is to be graded again anyway does not count.
    """
    new = _points_of(notebook.cells)
    changes: Counter[tuple[str, float]] = Counter()
    for student, entered in _find_scored(course, assignment).items():
        given = _points_when_graded(course, assignment, student)
        for grade_id in entered.keys() & new.keys():
            # What the gradebook has may be newer than a score: nbgrader's own command enters it at any time.
            olds = [entered[grade_id], given.get(grade_id, new[grade_id])]
            changes.update([(grade_id, old) for old in olds if old != new[grade_id]][:1])
    order = [*new]
    found = [ChangedPoints(grade_id, old, new[grade_id], count) for (grade_id, old), count in changes.items()]
    return sorted(found, key=lambda change: (order.index(change.grade_id), change.old))


def open_for_regrading(course: Course, assignment: str, changed: list[ChangedPoints]) -> None:
    """Make every score of an assignment stale; those that a person gave for changed cells wait for a person."""
    names, scored = {change.grade_id for change in changed}, _find_scored(course, assignment)
    with locked(course, assignment), course.gradebook() as gradebook:
        for grade in _join_grades(gradebook.db.query(Grade), assignment).filter(Grade.manual_score.is_not(None)):
            grade.needs_manual_grade = grade.needs_manual_grade or grade.name in names
        mark_open(gradebook, assignment, scored.keys())
        gradebook.db.commit()
    logger.info("%s is to be graded again: other points for %s", assignment, ", ".join(names))


def find_without_file(course: Course, assignment: str) -> list[str]:
    """Return the students who are to be graded again, and have nothing in submitted/ to be graded."""
    with course.gradebook() as gradebook:
        waiting = {student for student, entry in read_entries(gradebook, assignment).items() if entry.open}
    return sorted(waiting - course.submitted(assignment).keys())


def _find_scored(course: Course, assignment: str) -> dict[str, dict[str, float]]:
    """Student to cell to the points that the gradebook has for it, for all scores that are not to be given again."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    with course.gradebook() as gradebook:
        entries = read_entries(gradebook, assignment)
        query = gradebook.db.query(SubmittedAssignment.student_id, GradeCell.name, GradeCell.max_score)
        query = _join_grades(query.select_from(Grade), assignment).join(GradeCell, GradeCell.id == Grade.cell_id)
        for student, grade_id, points in query.filter(Grade.auto_score.is_not(None) | Grade.manual_score.is_not(None)):
            if not entries[student].open:
                found[student][grade_id] = points
    return found


def _join_grades(query: Query[Any], assignment: str) -> Query[Any]:
    """Reduce a query of grades to those of an assignment."""
    query = query.join(SubmittedNotebook, SubmittedNotebook.id == Grade.notebook_id)
    query = query.join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
    query = query.join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
    return query.filter(Assignment.name == assignment)


def _points_when_graded(course: Course, assignment: str, student: str) -> dict[str, float]:
    """The points of each cell in the graded copy of a submission; none if there is no copy."""
    path = course.folder("autograded", assignment, student) / f"{assignment}.ipynb"
    with suppress(OSError, ValueError, KeyError):
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
