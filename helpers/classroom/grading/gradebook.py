"""Saving results: nbgrader's own steps enter the scores, with one open gradebook for many submissions."""

import collections
import contextlib
import logging
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest import mock

import nbformat
import sqlalchemy
from nbformat import NotebookNode
from nbgrader.api import BaseCell, Grade, Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades, latesubmissions, saveautogrades
from nbgrader.utils import determine_grade, is_grade

from helpers.atomic_write import replace_file
from helpers.checks.grade_id import GradeId
from helpers.classroom.authoring.source import grading
from helpers.classroom.course import SECRET_FILE, Course, plain_errors
from helpers.classroom.grading.grader import Graded
from helpers.classroom.grading.staleness import mark_graded, mark_open, read_entries
from helpers.classroom.grading.submitted_work import handed_in_at, read_beside

logger = logging.getLogger(__name__)

#: Submissions that are entered and committed together. A commit waits for the disk, and nbgrader makes thirty for each
#: submission; between two of ours formgrader can save what a person grades.
BATCH_SIZE = 25


class Saver:
    """Enters graded submissions of one released assignment into nbgrader's gradebook and its folder autograded/.

    Use it as a context manager. The files of a submission are written after its scores were committed: if a run is
    stopped between the two, the submission counts as stale, and saving it again repairs it.
    """

    def __init__(self, course: Course, assignment: str) -> None:
        self.course = course
        self.assignment = assignment
        self.waiting: dict[str, tuple[Graded, str | None]] = {}  # by student, of submissions that are not entered yet

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.gradebook = stack.enter_context(_open_gradebook(self.course))
            self.known = {student.id for student in self.gradebook.students}
            self.scores = read_scores(self.gradebook, self.assignment)
            self.entries = read_entries(self.gradebook, self.assignment)
            self.steps = [step(config=self.course.config) for step in (SaveAutoGrades, AssignLatePenalties)]
            self.stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.stack:
            if kind is None or issubclass(kind, KeyboardInterrupt):
                self.commit()

    def is_saved(self, student: str, graded: Graded, work: str | None = None) -> bool:
        """Whether exactly this was saved before, in the gradebook and in the folder, and nothing is open."""
        entry = self.entries.get(student)
        if entry is None or entry.open or entry.work != work or not entry.is_of(work, self._handed_in_at(student)):
            return False
        points = {grade_id: score.points for grade_id, score in graded.scores.items()}
        return self.scores.get(student) == points and all(
            (path.read_bytes() if path.exists() else None) == (text and text.encode())
            for path, text in self._files(student, graded)
        )

    def has_score(self, student: str) -> bool:
        """Whether the gradebook had a score of a student's submission when it was opened."""
        return any(score is not None for score in self.scores.get(student, {}).values())

    def mark_open(self, students: Collection[str]) -> None:
        """Mark what the gradebook has of students as stale until they are saved again."""
        self._begin()
        mark_open(self.gradebook, self.assignment, students)
        self.gradebook.really_commit()

    def save(self, student: str, graded: Graded, work: str | None = None) -> None:
        """Enter one submission, together with those that follow.

        Args:
            work: what `work_id` returned for it.
        """
        self.waiting[student] = graded, work
        if len(self.waiting) >= BATCH_SIZE:
            self.commit()

    def commit(self) -> None:
        """Enter all submissions that are waiting, atomically."""
        self._begin()
        for student, (graded, work) in self.waiting.items():
            self._enter(student, graded)
            self._mark_graded(student, work, open=True)
        self.gradebook.really_commit()
        for student, (graded, _) in self.waiting.items():
            for path, text in self._files(student, graded):
                path.unlink(missing_ok=True)  # nbgrader keeps these files read-only
                if text is not None:
                    replace_file(path, text)
                    path.chmod(0o444)
        self._begin()
        for student, (_, work) in self.waiting.items():
            self._mark_graded(student, work, open=False)
        self.gradebook.really_commit()
        logger.info("%s: %d submissions entered into the gradebook", self.assignment, len(self.waiting))
        self.known |= self.waiting.keys()
        self.waiting.clear()

    def _begin(self) -> None:
        """Begin a transaction in which nobody else writes, so that what a person grades meanwhile is not lost."""
        self.gradebook.db.rollback()  # of an interrupted one
        if self.gradebook.engine.dialect.name == "sqlite":
            self.gradebook.db.execute(sqlalchemy.text("BEGIN IMMEDIATE"))

    def _mark_graded(self, student: str, work: str | None, *, open: bool) -> None:
        submission_id, handed_in = self._notebook_of(student).assignment_id, self._handed_in_at(student)
        mark_graded(self.gradebook, submission_id, work, handed_in, open=open)

    def _enter(self, student: str, graded: Graded) -> None:
        notebook = nbformat.reads(graded.notebook, as_version=4)
        self._enter_submission(student)
        before = self._reviewed(student, notebook)
        for step in self.steps:
            step.preprocess(notebook, _resources(self.course, self.assignment, student))
            self.gradebook.refresh()
        for grade in self._notebook_of(student).grades:
            # nbgrader asks a person to look again at every grade of theirs; that is needed only if something is new.
            if before.get(grade.name, "new") == grade.auto_score:
                grade.needs_manual_grade = False

    def _enter_submission(self, student: str) -> None:
        if student not in self.known:
            self.gradebook.add_student(student)
            self.gradebook.refresh()
        timestamp = self._handed_in_at(student)
        known = self._remove_extension_alone(student) | ({"timestamp": timestamp} if timestamp else {})
        with self.gradebook.db.no_autoflush:  # a query in between must not write half a submission
            self.gradebook.update_or_create_submission(self.assignment, student, **known)
        self.gradebook.refresh()

    def _remove_extension_alone(self, student: str) -> dict[str, Any]:
        """Remove a row that was made for an extension, and return what the row of the submission takes over from it."""
        if student not in self.entries or student in self.scores:
            return {}
        row = self.gradebook.find_submission(self.assignment, student)
        if row.notebooks:
            return {}
        kept = {"id": row.id, "extension": row.extension}
        self.gradebook.db.delete(row)
        self.gradebook.refresh()
        return kept

    def _reviewed(self, student: str, notebook: NotebookNode) -> dict[str, float | None]:
        """Grade id to automatic score, for each grade that a person gave to the same answer as the present one."""
        reviewed = {
            grade.name: grade.auto_score
            for grade in self._notebook_of(student).grades
            if grade.manual_score is not None and not grade.needs_manual_grade
        }
        if not reviewed or not self._path(student).exists():
            return {}
        earlier, now = _answers(nbformat.read(self._path(student), as_version=4)), _answers(notebook)
        same = {exercise_id for exercise_id in now if earlier.get(exercise_id) == now[exercise_id]}
        return {name: score for name, score in reviewed.items() if GradeId.parse(name).exercise_id in same}

    def _notebook_of(self, student: str) -> SubmittedNotebook:
        return self.gradebook.find_submission_notebook(self.assignment, self.assignment, student)

    def _files(self, student: str, graded: Graded) -> list[tuple[Path, str | None]]:
        """The files that nbgrader expects in autograded/, as pairs of path and text; None means no file."""
        path, timestamp = self._path(student), self._handed_in_at(student)
        return [
            (path, graded.notebook),
            (path.with_name("timestamp.txt"), f"{timestamp} UTC" if timestamp else None),
            (path.with_name(SECRET_FILE), read_beside(self.course, self.assignment, student, SECRET_FILE)),
        ]

    def _handed_in_at(self, student: str) -> datetime | None:
        return handed_in_at(self.course, self.assignment, student)

    def _path(self, student: str) -> Path:
        return self.course.folder("autograded", self.assignment, student) / f"{self.assignment}.ipynb"


def assign_late_penalties(course: Course, assignment: str, students: Collection[str] | None = None) -> None:
    """Let nbgrader compute the late penalties again, of some students or of all.

    A person may have graded since, or the due date is another one.
    """
    with _open_gradebook(course) as gradebook:
        step = AssignLatePenalties(config=course.config)
        try:
            submissions = gradebook.find_assignment(assignment).submissions
        except MissingEntry:
            return
        late = [each for each in submissions if each.notebooks and (students is None or each.student_id in students)]
        for student in [each.student_id for each in late]:
            step.preprocess(nbformat.v4.new_notebook(), _resources(course, assignment, student))
            gradebook.refresh()
        gradebook.really_commit()


def check_agreement(graded: Graded) -> None:
    """Make sure that nbgrader will read the same points off a graded notebook.

    Raises:
        ValueError: it would not, or the notebook cannot be saved.
    """
    graded.notebook.encode()
    for cell in nbformat.reads(graded.notebook, as_version=4).cells:
        if is_grade(cell):
            grade_id, read = grading(cell)["grade_id"], determine_grade(cell)[0]
            if read != graded.scores[grade_id].points:
                raise ValueError(f"nbgrader reads {read} points off {grade_id}, not {graded.scores[grade_id].points}.")


class _SharedGradebook(Gradebook):  # type: ignore[misc]  # nbgrader has no types
    """A gradebook that stays open, in one transaction, however often nbgrader's steps open, commit and close it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.really_commit = self.db.commit
        self.db.commit = lambda: None
        self.current: tuple[object, Any] = (None, None)  # names, and the submitted notebook of those names

    def refresh(self) -> None:
        """Flush what has changed, and forget what was read, as a commit does: sums over grades are read again."""
        self.db.flush()
        self.db.expire_all()
        self.current = (None, None)

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> Any:
        """Return one grade; nbgrader itself would search those of the whole class for each."""
        return _named(self._current_notebook(notebook, assignment, student).grades, grade_cell)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> Any:
        """Return one comment."""
        return _named(self._current_notebook(notebook, assignment, student).comments, solution_cell)

    def _current_notebook(self, *names: str) -> Any:
        if self.current[0] != names:
            self.current = names, self.find_submission_notebook(*names)
        return self.current[1]

    def __exit__(self, *error: object) -> None:
        pass


@contextlib.contextmanager
def _open_gradebook(course: Course) -> Iterator[_SharedGradebook]:
    with course.gradebook():
        pass  # create it if it does not exist
    gradebook = _SharedGradebook(course.directory.db_url, course.directory.course_id or "default_course")
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(plain_errors())
            # nbgrader would add an extension to a due date that was taken away.
            own = property(
                lambda row: row.assignment.duedate and row.assignment.duedate + (row.extension or timedelta())
            )
            stack.enter_context(mock.patch.object(SubmittedAssignment, "duedate", own))
            for module in (saveautogrades, latesubmissions):
                stack.enter_context(mock.patch.object(module, "Gradebook", lambda *args: gradebook))
            yield gradebook
    finally:
        gradebook.close()


def read_scores(gradebook: Gradebook, assignment: str) -> dict[str, dict[str, float | None]]:
    """Return a dict from student to grade id to automatic score, in one query."""
    found: dict[str, dict[str, float | None]] = collections.defaultdict(dict)
    query = (
        gradebook.db.query(SubmittedAssignment.student_id, BaseCell.name, Grade.auto_score)
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
        .join(BaseCell, BaseCell.id == Grade.cell_id)
        .filter(SubmittedAssignment.assignment_id == gradebook.find_assignment(assignment).id)
    )
    for student, grade_id, score in query:
        found[student][grade_id] = score
    return found


def _resources(course: Course, assignment: str, student: str) -> dict[str, dict[str, str]]:
    """The argument of that name that nbgrader's steps take."""
    names = {"student": student, "assignment": assignment, "notebook": assignment}
    return {"nbgrader": names | {"db_url": course.directory.db_url}}


def _named(rows: list[Any], name: str) -> Any:
    return next(row for row in rows if row.name == name)


def _answers(notebook: NotebookNode) -> dict[str, str]:
    cells = [cell for cell in notebook.cells if grading(cell).get("solution")]
    return {GradeId.parse(grading(cell)["grade_id"]).exercise_id: cell.source for cell in cells}
