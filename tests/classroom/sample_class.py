"""A course of one notebook, released in a folder of its own, and a class that submits its work.

Its notebook 00 has one exercise, 0.1: half the cells to grade, and half the time.
"""

import contextlib
import json
from concurrent.futures import Executor, Future
from pathlib import Path

import nbformat

from helpers.atomic_write import replace_file
from helpers.classroom.administration import assignments
from helpers.classroom.authoring.build import find_sources, release_path
from helpers.classroom.authoring.release import make_release
from helpers.classroom.authoring.source import as_solution, grading, read_source
from helpers.classroom.course import Course
from helpers.classroom.grading.batch import Batch, Settings
from helpers.classroom.grading.sandbox.isolation import Limits

REPOSITORY = Path(__file__).resolve().parents[2]

#: The sections of notebook 00 between which exercise 0.2 stands.
CUT = ("# %% [markdown]\n# ## Is this gradient right?", "# %% [markdown]\n# ## Rules for your answers")

#: Answers to exercise 0.1: right ones, wrong ones, and some that use up time or memory.
RIGHT = "def sigmoid(a):\n    return (1 + np.tanh(a / 2)) / 2"
TEXTBOOK = "def sigmoid(a):\n    return 1 / (1 + np.exp(-a))"
FALLING = "def sigmoid(a):\n    return (1 - np.tanh(a / 2)) / 2"
ENDLESS = "def sigmoid(a):\n    while True:\n        pass"
HUNGRY = "def sigmoid(a):\n    return np.ones(10**10)"
SLOW = f"import time\n\ntime.sleep(4)\n\n\n{RIGHT}"


class SampleClass:
    """A released course, whose students submit what a test tells them to.

    Args:
        root: its folder.
        notebook: the number of its notebook.
    """

    def __init__(self, root, notebook):
        self.root = Path(root)
        self.course = Course(root)
        self.source = self.course.find_source(notebook)
        self.name = self.source.stem

    def write(self, answers, language="en"):
        """Return the bytes of the released notebook with answers in it.

        Args:
            answers: exercise id to source; "solved" takes the reference answers, "untouched" none.
            language: of the edition.
        """
        notebook = nbformat.read(release_path(self.root, self.source, language), as_version=4)
        if isinstance(answers, str):
            reference = {cell.id: cell.source for cell in as_solution(read_source(self.source)).cells}
            answers = {cell_id: source for cell_id, source in reference.items() if answers == "solved"}
        else:
            answers = {f"ex-{exercise_id.replace('.', '-')}": source for exercise_id, source in answers.items()}
        for cell in notebook.cells:
            if grading(cell).get("solution"):
                cell.source = answers.get(cell.id, cell.source)
        return nbformat.writes(notebook).encode()

    def hand_in(self, student, work, handed_in=None):
        """Put a submission where nbgrader expects it.

        Args:
            student: the id.
            work: the bytes of the file, or what `write` takes.
            handed_in: the text of timestamp.txt.
        """
        folder = self.course.folder("submitted", self.name, student)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.ipynb"
        path.write_bytes(work if isinstance(work, bytes) else self.write(work))
        if handed_in:
            (folder / "timestamp.txt").write_text(handed_in)
        return path

    def batch(self, **settings):
        """Return a Batch of the submissions, with small limits."""
        return Batch(self.course, self.name, Settings(**{"limits": Limits(seconds=4, memory=640 << 20)} | settings))

    def grade(self, workers=None, notify=lambda student, graded: None, **settings):
        """Grade the submissions, in this process unless workers are given, and return the Batch."""
        batch = self.batch(**settings)
        batch.run(workers or (lambda: (AtOnce(), lambda: 1)), notify)
        return batch

    def regrade(self, **settings):
        """Grade again, and return the students whose work was run again."""
        before = self.records()
        self.grade(**settings)
        return {student for student, record in self.records().items() if before.get(student) != record}

    def records(self):
        """Return a dict from student to the time at which their result was written."""
        folder = self.root / "build/graded" / self.name
        return {path.stem: path.stat().st_mtime_ns for path in folder.glob("*.json")}

    def record(self, student):
        """Return the path of a student's result."""
        return self.root / "build/graded" / self.name / f"{student}.json"

    def points(self, student=None):
        """Return what the gradebook has: student to grade id to automatic points, or those of one student."""
        with self.course.gradebook() as gradebook:
            found = {
                submission.student.id: {grade.name: grade.auto_score for grade in submission.notebooks[0].grades}
                for submission in gradebook.find_assignment(self.name).submissions
            }
        return found if student is None else found[student]

    def change_grade(self, student, grade_id, **columns):
        """Let a person grade a cell, as formgrader does."""
        with self.course.gradebook() as gradebook:
            grade = gradebook.find_grade(grade_id, self.name, self.name, student)
            for column, value in columns.items():
                setattr(grade, column, value)
            gradebook.db.commit()

    def look_up(self, student, *columns, grade_id=None):
        """Return columns of a student's notebook in the gradebook, or of one grade in it."""
        with self.course.gradebook() as gradebook:
            row = gradebook.find_submission_notebook(self.name, self.name, student)
            if grade_id:
                row = gradebook.find_grade(grade_id, self.name, self.name, student)
            return tuple(getattr(row, column) for column in columns)


class AtOnce(Executor):
    """An executor that does its tasks in this process, at once."""

    def submit(self, task, *arguments):
        """Do a task."""
        future = Future()
        try:
            future.set_result(task(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


def workers_of(command):
    """Return the worker processes of a command: the children of its fork server."""
    parents, servers = {}, set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if b"multiprocessing.forkserver" in (folder / "cmdline").read_bytes():
                parents[int(folder.name)] = parent
                servers |= {int(folder.name)} if parent == command else set()
    return [process for process, parent in parents.items() if parent in servers]


def lay_out(root, notebook):
    """Put one notebook of the course into a folder: its source, and the release that is made from it."""
    source = find_sources(REPOSITORY, notebook)[0]
    copy = Path(root, "solutions", source.stem, source.name)
    text = source.read_text(encoding="utf-8")
    if all(part in text for part in CUT):
        start, end = map(text.index, CUT)
        text = text[:start] + text[end:]
    replace_file(copy, text.encode())
    replace_file(release_path(root, source), make_release(copy))
    return copy


def release(root, notebook):
    """Make a course of one notebook, and release it."""
    assignments.release(Course(root), lay_out(root, notebook))


def edit(notebook_bytes, change):
    """Return a notebook's bytes after `change` was called with it as plain JSON."""
    notebook = json.loads(notebook_bytes)
    change(notebook)
    return json.dumps(notebook).encode()
