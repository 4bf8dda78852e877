"""Saving what was graded: nbgrader's own steps enter the scores, with one gradebook held open for many submissions."""

import collections
import contextlib
from unittest import mock

import nbformat
from nbgrader.api import (
    BaseCell,
    Grade,
    Gradebook,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades, latesubmissions, saveautogrades
from nbgrader.utils import determine_grade, is_grade, parse_utc

from helpers.atomic_write import replace_file
from helpers.checks.grade_id import GradeId
from helpers.classroom.authoring.source import grading
from helpers.classroom.course import SECRET_FILE, plain_errors

#: Submissions that are entered and committed together. A commit waits for the disk, and nbgrader asks for thirty a
#: submission; between two commits formgrader can save what a person grades.
TOGETHER = 25


class Saver:
    """Enters graded submissions of one assignment into nbgrader's gradebook and its folder autograded/.

    Use it as a context manager. A submission is in the folder only after it was committed, so whatever stops a run
    between the two, saving it once more mends it.

    Args:
        course: the Course.
        assignment: the name of an assignment that was released.
    """

    def __init__(self, course, assignment):
        self.course = course
        self.assignment = assignment
        self.waiting = {}  # student -> Graded, of submissions that are not entered yet

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.gradebook = stack.enter_context(_held_open(self.course))
            self.known = {student.id for student in self.gradebook.students}
            self.entered = _read_scores(self.gradebook, self.assignment)
            self.steps = [step(config=self.course.config) for step in (SaveAutoGrades, AssignLatePenalties)]
            self.stack = stack.pop_all()
        return self

    def __exit__(self, kind, error, trace):
        with self.stack:
            if kind is None or issubclass(kind, KeyboardInterrupt):
                self.commit()

    def is_saved(self, student, graded):
        """Whether exactly this was saved before, in the gradebook and in the folder."""
        points = {grade_id: score.points for grade_id, score in graded.scores.items()}
        return self.entered.get(student) == points and all(
            (path.read_bytes() if path.exists() else None) == (text and text.encode())
            for path, text in self._files(student, graded)
        )

    def save(self, student, graded):
        """Enter one submission, together with those that follow.

        Args:
            student: the id.
            graded: a Graded.
        """
        self.waiting[student] = graded
        if len(self.waiting) >= TOGETHER:
            self.commit()

    def commit(self):
        """Enter what is waiting, all of it or nothing."""
        self.gradebook.db.rollback()  # what an interrupted commit has left half entered
        for student, graded in self.waiting.items():
            self._enter(student, graded)
        self.gradebook.really_commit()
        for student, graded in self.waiting.items():
            for path, text in self._files(student, graded):
                path.unlink(missing_ok=True)  # nbgrader keeps these files read-only
                if text is not None:
                    replace_file(path, text)
                    path.chmod(0o444)
        self.known |= self.waiting.keys()
        self.waiting.clear()

    def _enter(self, student, graded):
        notebook = nbformat.reads(graded.notebook, as_version=4)
        self._enter_submission(student)
        before = self._reviewed(student, notebook)
        resources = {
            "nbgrader": {
                "student": student,
                "assignment": self.assignment,
                "notebook": self.assignment,
                "db_url": self.course.directory.db_url,
            }
        }
        for step in self.steps:
            step.preprocess(notebook, resources)
            self.gradebook.settle()
        for grade in self._notebook_of(student).grades:
            # nbgrader asks a person to look again at every grade of theirs; that is needed only if something is new.
            if before.get(grade.name, "new") == grade.auto_score:
                grade.needs_manual_grade = False

    def _enter_submission(self, student):
        if student not in self.known:
            self.gradebook.add_student(student)
            self.gradebook.settle()
        handed_in = self._handed_in(student)
        stamp = {"timestamp": handed_in} if handed_in else {}
        with self.gradebook.db.no_autoflush:  # half a submission must not be written by a look at the other half
            self.gradebook.update_or_create_submission(self.assignment, student, **stamp)
        self.gradebook.settle()

    def _handed_in(self, student):
        path = self.course.folder("submitted", self.assignment, student) / "timestamp.txt"
        try:
            return parse_utc(path.read_text(encoding="utf-8").strip())
        except (OSError, ValueError, OverflowError):
            return None

    def _reviewed(self, student, notebook):
        """Grade id to automatic score, for each grade that a person gave to the very answer that stands here now."""
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

    def _notebook_of(self, student):
        return self.gradebook.find_submission_notebook(self.assignment, self.assignment, student)

    def _files(self, student, graded):
        """What nbgrader looks for in autograded/, as pairs of path and text; None where there is to be no file."""
        path, handed_in = self._path(student), self._handed_in(student)
        return [
            (path, graded.notebook),
            (path.with_name("timestamp.txt"), f"{handed_in} UTC" if handed_in else None),
            (path.with_name(SECRET_FILE), self._secret(student)),
        ]

    def _secret(self, student):
        path = self.course.folder("submitted", self.assignment, student) / SECRET_FILE
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

    def _path(self, student):
        return self.course.folder("autograded", self.assignment, student) / f"{self.assignment}.ipynb"


def assign_late_penalties(course, assignment):
    """Let nbgrader work out the late penalties again, for what a person has graded since.

    Args:
        course: the Course.
        assignment: the name of an assignment.
    """
    with _held_open(course) as gradebook:
        step = AssignLatePenalties(config=course.config)
        try:
            submissions = gradebook.find_assignment(assignment).submissions
        except MissingEntry:
            return
        for student in [submission.student.id for submission in submissions]:
            names = {"student": student, "assignment": assignment, "notebook": assignment}
            names["db_url"] = course.directory.db_url
            step.preprocess(nbformat.v4.new_notebook(), {"nbgrader": names})
            gradebook.settle()
        gradebook.really_commit()


def check_agreement(graded):
    """Make sure that nbgrader will read the same points off a graded notebook.

    Args:
        graded: a Graded.

    Raises:
        ValueError: it would not, or the notebook cannot be saved.
    """
    graded.notebook.encode()
    for cell in nbformat.reads(graded.notebook, as_version=4).cells:
        if is_grade(cell):
            grade_id, read = grading(cell)["grade_id"], determine_grade(cell)[0]
            if read != graded.scores[grade_id].points:
                raise ValueError(f"nbgrader reads {read} points off {grade_id}, not {graded.scores[grade_id].points}.")


class _HeldOpen(Gradebook):
    """A gradebook that nbgrader's steps may open, commit and close as often as they like; it stays one transaction."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.really_commit = self.db.commit
        self.db.commit = lambda: None
        self.in_hand = (None, None)  # names, and the submitted notebook of those names

    def settle(self):
        """Write what has changed, and forget what was read, as a commit does: sums over grades are read anew."""
        self.db.flush()
        self.db.expire_all()
        self.in_hand = (None, None)

    def find_grade(self, grade_cell, notebook, assignment, student):
        """Return one grade; nbgrader would look at those of the whole class for each."""
        return _named(self._notebook_in_hand(notebook, assignment, student).grades, grade_cell)

    def find_comment(self, solution_cell, notebook, assignment, student):
        """Return one comment, likewise."""
        return _named(self._notebook_in_hand(notebook, assignment, student).comments, solution_cell)

    def _notebook_in_hand(self, *names):
        if self.in_hand[0] != names:
            self.in_hand = names, self.find_submission_notebook(*names)
        return self.in_hand[1]

    def __exit__(self, *error):
        pass


@contextlib.contextmanager
def _held_open(course):
    with course.gradebook():
        pass  # made, where there is none
    gradebook = _HeldOpen(course.directory.db_url, course.directory.course_id or "default_course")
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(plain_errors())
            for module in (saveautogrades, latesubmissions):
                stack.enter_context(mock.patch.object(module, "Gradebook", lambda *args: gradebook))
            yield gradebook
    finally:
        gradebook.close()


def _read_scores(gradebook, assignment):
    """Student to the automatic scores by grade id that the gradebook has, in one query."""
    found = collections.defaultdict(dict)
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


def _named(things, name):
    return next(thing for thing in things if thing.name == name)


def _answers(notebook):
    cells = [cell for cell in notebook.cells if grading(cell).get("solution")]
    return {GradeId.parse(grading(cell)["grade_id"]).exercise_id: cell.source for cell in cells}
