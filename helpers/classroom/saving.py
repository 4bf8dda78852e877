"""Saving what was graded: nbgrader's own steps enter the scores, with one gradebook held open for many submissions."""

import contextlib
from unittest import mock

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades, latesubmissions, saveautogrades
from nbgrader.utils import parse_utc

from helpers.classroom.build import replace_file
from helpers.classroom.source import grading

#: Submissions that are committed together. A commit waits for the disk, and nbgrader asks for thirty a submission.
TOGETHER = 50


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
        self.waiting = []  # (path, text) of the files of submissions that are not committed yet
        self.known = None  # students in the gradebook

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.gradebook = stack.enter_context(_held_open(self.course))
            self.known = {student.id for student in self.gradebook.students}
            self.steps = [step(config=self.course.config) for step in (SaveAutoGrades, AssignLatePenalties)]
            self.stack = stack.pop_all()
        return self

    def __exit__(self, kind, error, trace):
        with self.stack:
            if kind is None or issubclass(kind, KeyboardInterrupt):
                self.commit()

    def is_saved(self, student, graded):
        """Whether exactly this was saved before."""
        path = self._path(student)
        return path.exists() and path.read_text(encoding="utf-8") == graded.notebook

    def save(self, student, graded):
        """Enter one submission.

        Args:
            student: the id.
            graded: a Graded.

        Raises:
            RuntimeError: the gradebook came to other points than the checks; nothing is committed then.
        """
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
        entered = self._notebook_of(student)
        for grade in entered.grades:
            score = graded.scores[grade.name]
            if grade.auto_score != score.points:
                raise RuntimeError(
                    f"{student}, {grade.name}: {grade.auto_score} was entered for {score.points} points."
                )
            # nbgrader asks a person to look again at every grade of theirs; that is needed only if something is new.
            if before.get(grade.name, "new") == grade.auto_score:
                grade.needs_manual_grade = False
        self._add_files(student, graded.notebook)
        if len(self.waiting) >= 2 * TOGETHER:
            self.commit()

    def commit(self):
        """Let everything entered so far be kept, whatever happens next."""
        self.gradebook.really_commit()
        for path, text in self.waiting:
            path.unlink(missing_ok=True)  # nbgrader keeps these files read-only
            replace_file(path, text)
            path.chmod(0o444)
        self.waiting.clear()

    def _enter_submission(self, student):
        if student not in self.known:
            self.gradebook.add_student(student)
            self.known.add(student)
        handed_in = self._handed_in(student)
        stamp = {"timestamp": handed_in} if handed_in else {}
        with self.gradebook.db.no_autoflush:  # half a submission must not be written by a look at the other half
            self.gradebook.update_or_create_submission(self.assignment, student, **stamp)

    def _handed_in(self, student):
        path = self.course.folder("submitted", self.assignment, student) / "timestamp.txt"
        try:
            return parse_utc(path.read_text(encoding="utf-8").strip())
        except (OSError, ValueError, OverflowError):
            return None

    def _reviewed(self, student, notebook):
        """Grade id to automatic score, for the grades a person gave to the very answers that stand here now."""
        grades = self._notebook_of(student).grades
        reviewed = {
            grade.name: grade.auto_score
            for grade in grades
            if grade.manual_score is not None and not grade.needs_manual_grade
        }
        if not reviewed or not self._path(student).exists():
            return {}
        earlier = nbformat.read(self._path(student), as_version=4)
        return reviewed if _answers(earlier) == _answers(notebook) else {}

    def _notebook_of(self, student):
        return self.gradebook.find_submission_notebook(self.assignment, self.assignment, student)

    def _add_files(self, student, text):
        self.waiting.append((self._path(student), text))
        stamp = self.course.folder("submitted", self.assignment, student) / "timestamp.txt"
        if stamp.exists():
            self.waiting.append((self._path(student).with_name(stamp.name), stamp.read_text(encoding="utf-8")))

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
        gradebook.really_commit()


class _HeldOpen(Gradebook):
    """A gradebook that nbgrader's steps may open, commit and close as often as they like; it stays one transaction."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.really_commit = self.db.commit
        self.db.commit = self._commit

    def _commit(self):
        self.db.flush()
        self.db.expire_all()  # as after a commit: sums over grades are read anew

    def __exit__(self, *error):
        pass


@contextlib.contextmanager
def _held_open(course):
    with course.gradebook():
        pass  # made, where there is none
    gradebook = _HeldOpen(course.directory.db_url, course.directory.course_id or "default_course")
    try:
        with contextlib.ExitStack() as stack:
            for module in (saveautogrades, latesubmissions):
                stack.enter_context(mock.patch.object(module, "Gradebook", lambda *args: gradebook))
            yield gradebook
    finally:
        gradebook.close()


def _answers(notebook):
    return {grading(cell)["grade_id"]: cell.source for cell in notebook.cells if grading(cell).get("solution")}
