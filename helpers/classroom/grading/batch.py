"""Grading all submissions of an assignment: on every core, saved as it goes, resumed where it stopped."""

import contextlib
import hashlib
import json
import os
import sys
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import numpy as np
from tqdm import tqdm

from helpers.atomic_write import replace_file
from helpers.checks.session import SECRET_SEED
from helpers.classroom.authoring.source import grading
from helpers.classroom.grading.grader import Score
from helpers.classroom.grading.one_submission import Graded, grade_submission, make_grading_template, without_points
from helpers.classroom.grading.sandbox.isolation import Limits, why_no_sandbox
from helpers.classroom.grading.saving import Saver, check_agreement
from helpers.classroom.grading.submission import LARGEST
from helpers.classroom.grading.workers import NoWorkers, WorkerDied, stop

_HELPERS = Path(__file__).resolve().parents[2]

#: What a submission's score follows from, besides the submission: a change in any of it grades everything again.
_CODE = ("nn", "data", "training", "checks", "classroom/grading/sandbox")
_CODE += tuple(f"classroom/grading/{name}.py" for name in ("grader", "sanitize", "one_submission", "submission"))
_CODE += ("classroom/authoring/source.py", "classroom/authoring/cell_ids.py")


@dataclass(frozen=True)
class Settings:
    """How submissions are graded.

    Args:
        sandbox: whether answers run in bubblewrap.
        secret: the instructor's secret seed of the hidden checks.
        limits: Limits.
    """

    sandbox: bool = True
    secret: str = ""
    limits: Limits = field(default_factory=Limits)


class Batch:
    """The submissions of one assignment, and what grading them came to.

    Each result is kept in build/graded/ASSIGNMENT/STUDENT.json as soon as it is there, with a fingerprint of all that
    it follows from. What has a result with today's fingerprint is not graded again.

    Args:
        course: the Course.
        assignment: the name of an assignment that was released.
        settings: Settings.
    """

    def __init__(self, course, assignment, settings):
        self.course = course
        self.assignment = assignment
        self.settings = settings
        self.submitted = course.submitted(assignment)
        self.paper = make_grading_template(course.find_source(assignment))
        self.folder = course.root / "build" / "graded" / assignment
        self.results = {}  # student -> Graded, without its notebook: those of a large class would fill the memory
        self._common = _digest(
            *(self.paper, settings.secret, json.dumps(asdict(settings), sort_keys=True), sys.version, np.__version__),
            code_digest(),
        )

    def failed(self):
        """Return the students whose submission could not be read or not be graded."""
        return [
            student
            for student, graded in self.results.items()
            if graded.unreadable or any(score.status == "not graded" for score in graded.scores.values())
        ]

    def find_open(self):
        """Return the students whose work is still to be graded."""
        return [student for student in self.submitted if self._kept(student) is None]

    def run(self, workers, notify=lambda student, graded: None):
        """Grade what is to be graded and save everything; Ctrl-C stops it, and nothing that was done is lost.

        Args:
            workers: a kind of worker, as in workers.py.
            notify: called with each student and what their submission came to, those graded earlier first.
        """
        todo, unread = [], {}
        with Saver(self.course, self.assignment) as saver:
            for student in self.submitted:
                graded = self._kept(student)
                if graded is None:
                    todo.append(student)
                else:
                    self._save(saver, student, graded, notify)
            jobs = self._jobs(todo, unread)
            with contextlib.closing(grade_all(jobs, self.paper, self.settings, workers)) as results:
                for student, data, graded in results:
                    if not any(score.status == "not graded" for score in graded.scores.values()):
                        self._keep(student, data, graded)
                    self._save(saver, student, graded, notify)
            for student, graded in unread.items():
                self._save(saver, student, graded, notify)
        self.results = {student: self.results[student] for student in self.submitted}

    def _jobs(self, students, unread):
        """Yield each student with the bytes of the notebook; what could not be read goes into `unread`."""
        for student in students:
            try:
                data = self._read(student)
            except OSError as error:
                reason = f"The file could not be opened: {error.strerror or error}."
                unread[student] = without_points(self.paper, "unreadable", reason)
                unread[student].unreadable = reason
            else:
                yield student, data

    def _read(self, student):
        path = self.submitted[student]
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise OSError("it is not a regular file")
        with path.open("rb") as file:
            return file.read(LARGEST + 1)  # a file that grows meanwhile is not read for ever

    def _save(self, saver, student, graded, notify):
        if not saver.is_saved(student, graded):
            saver.save(student, graded)
        self.results[student] = replace(graded, notebook="")
        notify(student, graded)

    # --- results on disk ----------------------------------------------------------------------------------------------

    def _keep(self, student, data, graded):
        record = {"fingerprint": _digest(self._common, data), "graded": graded.as_dict()}
        replace_file(self._record(student), json.dumps(record))

    def _kept(self, student):
        try:
            record = json.loads(self._record(student).read_text(encoding="utf-8"))
            if record["fingerprint"] != _digest(self._common, self._read(student)):
                return None
            scores = {grade_id: Score(**score) for grade_id, score in record["graded"]["scores"].items()}
            return Graded(**record["graded"] | {"scores": scores})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None  # there is none, or it is damaged: it is made again

    def _record(self, student):
        return self.folder / f"{student}.json"


class Bar:
    """A progress bar of a Batch, with the time that is left and what came last.

    Args:
        batch: the Batch.
    """

    def __init__(self, batch):
        self.bar = tqdm(total=len(batch.submitted), desc="grading", unit="submission", smoothing=0.05)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.bar.close()

    def show(self, student, graded):
        """Count one submission."""
        points = sum(score.points or 0 for score in graded.scores.values())
        self.bar.set_postfix_str(f"{student}: {points:g}", refresh=False)
        self.bar.update()


def open_batch(course, assignment, *, sandbox=True, elsewhere=False):
    """Return the Batch of an assignment, once it is sure that it can be graded.

    Args:
        course: the Course.
        assignment: its name.
        sandbox: whether answers run in bubblewrap.
        elsewhere: whether they run on other machines, so that no sandbox is needed on this one.

    Raises:
        ValueError: it was not released, nothing was collected, or there is no sandbox.
    """
    course.need_released(assignment)
    if not course.submitted(assignment):
        number, folder = assignment.partition("_")[0], course.folder("submitted", assignment)
        raise ValueError(f"There is no submission of {assignment} in {folder}: run `make collect NB={number}` first.")
    if sandbox and not elsewhere:
        with TemporaryDirectory() as folder:
            lack = why_no_sandbox(folder)
        if lack:
            raise ValueError(f"{lack}\n{_REFUSED}")
    if not sandbox:
        print(_UNPROTECTED, file=sys.stderr)
    secret = os.environ.get(SECRET_SEED, "")
    if not secret:
        print(f"{SECRET_SEED} is not set: the hidden checks use draws that a student can work out.", file=sys.stderr)
    batch = Batch(course, assignment, Settings(sandbox, secret))
    _need_same_cells(course, assignment, batch.paper)
    return batch


def _need_same_cells(course, assignment, paper):
    """Points can be entered only for the cells that the gradebook knows, as it knows them."""
    cells = [grading(cell) for cell in nbformat.reads(paper, as_version=4).cells]
    here = {cell["grade_id"]: float(cell["points"]) for cell in cells if cell.get("grade")}
    with course.gradebook() as gradebook:
        notebooks = gradebook.find_assignment(assignment).notebooks
        released = {cell.name: cell.max_score for notebook in notebooks for cell in notebook.grade_cells}
    if here != released:
        number = assignment.partition("_")[0]
        raise ValueError(f"{assignment} has not the graded cells it was released with: run `make release NB={number}`.")


_REFUSED = (
    "Without a sandbox the answers of a submission could read and change whatever you can, so nothing was graded. "
    "If you trust every one of them: --no-sandbox."
)
_UNPROTECTED = (
    "Without a sandbox: a submission's answers can read and write your files, the gradebook among them, and use the "
    "network. The checks still run in another process, and memory, CPU and wall clock are limited."
)


def grade_all(jobs, paper, settings, workers):
    """Grade submissions, some at a time, and yield each with its result as soon as it is there.

    Whatever happens to a worker, every submission gets a result: those in hand when one dies are graded at the end,
    each in a worker of its own.

    Args:
        jobs: yields a name and the bytes of a notebook.
        paper: what `make_grading_template` returned.
        settings: Settings.
        workers: a kind of worker, as in workers.py.

    Yields:
        (name, bytes, Graded)
    """
    jobs, in_hand, suspects = iter(jobs), {}, []
    job = next(jobs, None)
    while job is not None:
        executor, at_once = workers()
        try:
            while job is not None or in_hand:
                while job is not None and len(in_hand) < 2 * _now(at_once):  # a worker never waits for its next task
                    in_hand[executor.submit(_grade, paper, job[1], settings)] = job
                    job = next(jobs, None)
                for future in wait(in_hand, return_when=FIRST_COMPLETED).done:
                    result = _result(future, paper)
                    yield *in_hand.pop(future), result
        except BrokenExecutor:
            suspects += in_hand.values()
            in_hand.clear()
        finally:
            stop(executor)
    for name, data in suspects:
        yield name, data, _grade_alone(data, paper, settings, workers)


def _now(at_once):
    return at_once() if callable(at_once) else at_once


def _grade_alone(data, paper, settings, workers):
    executor, _ = workers()
    try:
        return _result(executor.submit(_grade, paper, data, settings), paper)
    except BrokenExecutor:
        return without_points(paper, "not graded", "The process that graded it died, twice.")
    finally:
        stop(executor)


def _result(future, paper):
    """What a finished task came to; a fault of ours is a result too, and never ends the run."""
    try:
        return future.result()
    except (BrokenExecutor, NoWorkers):
        raise
    except WorkerDied as error:
        return without_points(paper, "not graded", str(error))
    except Exception as error:
        reason = f"A fault of the grader, not of the submission: {type(error).__name__}: {error}"
        return without_points(paper, "not graded", reason)


def _grade(paper, data, settings):
    graded = grade_submission(paper, data, sandbox=settings.sandbox, limits=settings.limits, secret=settings.secret)
    check_agreement(graded)
    return graded


def code_digest():
    """Return a hash of all code that a score follows from."""
    return _digest(*(path.read_bytes() for part in _CODE for path in _python_files(_HELPERS / part)))


def _python_files(path):
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def _digest(*parts):
    """A hash of strings and bytes, each of which counts with its length."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
