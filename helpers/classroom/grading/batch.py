"""Grading all submissions of an assignment: on every core, each saved at once, resumed where it was stopped."""

import contextlib
import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import nbformat
import numpy as np
from tqdm import tqdm

from helpers.atomic_write import replace_file
from helpers.checks.answer_search import Edition
from helpers.checks.editions import find_editions
from helpers.checks.notebook_file import Unreadable
from helpers.checks.session import SECRET_SEED
from helpers.classroom.authoring import build
from helpers.classroom.authoring.source import grading
from helpers.classroom.course import Course
from helpers.classroom.grading.assignment_lock import locked, results_folder
from helpers.classroom.grading.gradebook import Saver, check_agreement
from helpers.classroom.grading.grader import (
    Graded,
    Score,
    Templates,
    grade_submission,
    make_grading_template,
    without_points,
)
from helpers.classroom.grading.sandbox.isolation import Limits, NoSandbox, check_sandbox
from helpers.classroom.grading.submitted_work import read_work, work_id
from helpers.classroom.grading.workers import NoWorkers, WorkerDied, Workers, stop
from helpers.language.translation import ENGLISH, choose

logger = logging.getLogger(__name__)

#: A student, and the bytes of their notebook.
Job: TypeAlias = tuple[str, bytes]

#: Called with a student and the Graded of their submission.
Notify: TypeAlias = Callable[[str, Graded], object]

_HELPERS = Path(__file__).resolve().parents[2]

#: The code that a score depends on: a change in any of it grades everything again.
_CODE = (
    *("arrays.py", "atomic_write.py", "language", "nn", "data", "training", "checks"),
    *(f"classroom/authoring/{name}.py" for name in ("source", "cell_ids", "folded", "korean", "shown_code")),
    *(f"classroom/authoring/{name}.py" for name in ("translations", "code_texts", "pages")),
    *(f"classroom/grading/{name}" for name in ("sandbox", "grader.py", "sanitize.py")),
    *(f"classroom/grading/{name}" for name in ("submission.py", "taken_answers.py")),
    *(f"classroom/grading/{name}" for name in ("lending.py", "time_limit.py")),
)


@dataclass(frozen=True)
class Settings:
    """How submissions are graded.

    Args:
        sandbox: whether answers run in bubblewrap.
        secret: the instructor's secret seed of the hidden checks.
        editions: those of the notebook that submissions may be copies of.
    """

    sandbox: bool = True
    secret: str = ""
    limits: Limits = field(default_factory=Limits)
    editions: tuple[Edition, ...] = ()


class Batch:
    """The submissions of one released assignment, and the results of grading them.

    Each result is kept in build/graded/ASSIGNMENT/STUDENT.json as soon as it is there, with a fingerprint of all that
    it depends on. A submission whose kept result has the present fingerprint is not graded again. What could not be
    graded, through no fault of the submission, is neither kept nor entered into the gradebook.
    """

    def __init__(self, course: Course, assignment: str, settings: Settings) -> None:
        self.course = course
        self.assignment = assignment
        self.settings = replace(settings, editions=tuple(find_editions(course.root, assignment)))
        self.collected = course.submitted(assignment)
        #: Those of them that are graded in this run: all, unless a few were chosen, which are then graded anew.
        self.submitted = self.collected
        self.anew: frozenset[str] = frozenset()
        self.templates = make_templates(course, assignment)
        self.folder = results_folder(course, assignment)
        # By student, without the notebooks: those of a large class would fill the memory.
        self.results: dict[str, Graded] = {}
        #: Those of them that could not be graded, and have an earlier score in the gradebook.
        self.with_earlier_score: set[str] = set()
        versions = (code_digest(), sys.version, np.__version__)
        templates = replace(self.templates, unreadable=ENGLISH)  # the environment's edition grades nothing anew
        self._common = _digest(_as_json(templates), _as_json(self.settings), *versions)

    def choose(self, students: Collection[str]) -> None:
        """Grade these students alone, and anew even where nothing has changed."""
        self.submitted = {student: self.collected[student] for student in students}
        self.anew = frozenset(students)

    def failed(self) -> list[str]:
        """Return the students whose submission could not be read or not be graded."""
        return [student for student, graded in self.results.items() if graded.unreadable or graded.failed]

    def find_open(self) -> list[str]:
        """Return the students whose work is still to be graded."""
        return [student for student in self.submitted if self.known_result(student)[0] is None]

    def run(self, workers: Workers, notify: Notify = lambda student, graded: None) -> None:
        """Grade what is not graded yet and save everything; Ctrl-C stops it, and nothing that was done is lost.

        Args:
            workers: a kind of worker, as in workers.py.
            notify: called with each student and the Graded of their submission, those graded earlier first.

        Raises:
            ValueError: the assignment is being graded by another command.
        """
        with locked(self.course, self.assignment), Saver(self.course, self.assignment) as saver:
            _Run(self, saver, notify).run(workers)
        self.results = {student: self.results[student] for student in self.submitted}

    # --- results on disk ----------------------------------------------------------------------------------------------

    def known_result(self, student: str) -> tuple[Graded | None, str]:
        """Return the result of a submission that need not be graded, or None, and the id of its work."""
        try:
            work = work_id(read_work(self.collected[student]))
        except Unreadable as error:
            return without_points(self.templates.of_unreadable(), "unreadable", error), work_id(error)
        except OSError:
            return None, ""
        return None if student in self.anew else self.kept(student, work), work

    def class_results(self) -> dict[str, Graded]:
        """Return the results of this run, and those of everybody else that were kept, without the notebooks."""
        found = {student: self.results.get(student) or self.known_result(student)[0] for student in self.collected}
        return {student: replace(graded, notebook="") for student, graded in found.items() if graded}

    def keep(self, student: str, work: str, graded: Graded) -> None:
        """Write the result of grading a student's work."""
        logger.info("%s: graded in %.1f s", student, graded.seconds)
        record = {"fingerprint": _digest(self._common, work), "graded": asdict(graded)}
        replace_file(self._record(student), json.dumps(record))

    def kept(self, student: str, work: str) -> Graded | None:
        """Return the result that was kept, if it is that of this work."""
        try:
            record = json.loads(self._record(student).read_text(encoding="utf-8"))
            if record["fingerprint"] != _digest(self._common, work):
                return None
            scores = {grade_id: Score(**score) for grade_id, score in record["graded"]["scores"].items()}
            return Graded(**record["graded"] | {"scores": scores})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None  # missing or damaged: the submission is graded again

    def _record(self, student: str) -> Path:
        return self.folder / f"{student}.json"


class _Run:
    """One run over a Batch, with its gradebook open."""

    def __init__(self, batch: Batch, saver: Saver, notify: Notify) -> None:
        self.batch, self.saver, self.notify = batch, saver, notify
        # Those who handed in the same bytes share one result: by the id of the work, who has it, and who waits for it.
        self.owner: dict[str, str] = {}
        self.waiting: dict[str, list[str]] = {}

    def run(self, workers: Workers) -> None:
        """Save what is known, and grade the rest."""
        batch, todo = self.batch, []
        unsaved = [student for student in batch.submitted if not self._is_saved(student)]
        # From here on their earlier scores are stale, whatever happens.
        self.saver.mark_open(unsaved)
        for student in unsaved:
            graded, work = batch.known_result(student)
            if graded:
                self._save(student, graded, work)
            else:
                todo.append(student)
        logger.info("%s: %d submissions, %d to grade", batch.assignment, len(batch.submitted), len(todo))
        results = grade_all(self._jobs(todo), batch.templates, batch.settings, workers)
        with contextlib.closing(results):
            for _, data, graded in results:
                work = work_id(data)
                for student in self.waiting.pop(work):
                    self._finish(student, graded, work)

    def _is_saved(self, student: str) -> bool:
        graded, work = self.batch.known_result(student)
        if graded is None or not self.saver.is_saved(student, graded, work):
            return False
        self.owner.setdefault(work, student)
        self._note(student, graded)
        return True

    def _jobs(self, students: list[str]) -> Iterator[Job]:
        """Yield each student with the bytes of the notebook, unless it is another's too."""
        template = self.batch.templates.of_unreadable()
        for student in students:
            try:
                data = read_work(self.batch.submitted[student])
            except Unreadable as error:  # it was removed a moment ago
                self._save(student, without_points(template, "unreadable", error), work_id(error))
                continue
            except OSError as error:
                reason = f"The file could not be opened: {error.strerror or error}."
                self._finish(student, without_points(template, "not graded", reason), "")
                continue
            work = work_id(data)
            if work in self.waiting:
                self.waiting[work].append(student)
            elif graded := self._result_of_another(work):
                self._finish(student, graded, work)
            else:
                self.waiting[work] = [student]
                yield student, data

    def _result_of_another(self, work: str) -> Graded | None:
        return self.batch.kept(self.owner[work], work) if work in self.owner else None

    def _finish(self, student: str, graded: Graded, work: str) -> None:
        """Keep and save a result that is new; one that the grader could not reach changes nothing."""
        if graded.failed:
            if self.saver.has_score(student):
                self.batch.with_earlier_score.add(student)
            self._note(student, graded)
        else:
            self.batch.keep(student, work, graded)
            self._save(student, graded, work)

    def _save(self, student: str, graded: Graded, work: str) -> None:
        self.owner.setdefault(work, student)
        self.saver.save(student, graded, work)
        self._note(student, graded)

    def _note(self, student: str, graded: Graded) -> None:
        self.batch.results[student] = replace(graded, notebook="")
        self.notify(student, graded)


class Bar(tqdm):  # type: ignore[type-arg]  # generic in its stubs only
    """A progress bar of a Batch, with the time that is left and the last result."""

    def __init__(self, batch: Batch) -> None:
        super().__init__(total=len(batch.submitted), desc="grading", unit="submission", smoothing=0.05)

    def show(self, student: str, graded: Graded) -> None:
        """Count one submission."""
        points = f"{sum(score.points or 0 for score in graded.scores.values()):g}"
        self.set_postfix_str(f"{student}: {'not graded' if graded.failed else points}", refresh=False)
        self.update()


def open_batch(course: Course, assignment: str, *, sandbox: bool = True, elsewhere: bool = False) -> Batch:
    """Return the Batch of an assignment that can be graded.

    Args:
        sandbox: whether answers run in bubblewrap.
        elsewhere: whether they run on other machines, so that no sandbox is needed on this one.

    Raises:
        ValueError: it was not released, nothing was collected, or the sandbox does not work.
    """
    course.need_released(assignment)
    if not course.submitted(assignment):
        number, folder = assignment.partition("_")[0], course.folder("submitted", assignment)
        raise ValueError(f"There is no submission of {assignment} in {folder}: run `make collect NB={number}` first.")
    if sandbox and not elsewhere:
        need_sandbox()
    if not sandbox:
        print(_UNPROTECTED, file=sys.stderr)
    secret = os.environ.get(SECRET_SEED, "")
    if not secret:
        print(f"{SECRET_SEED} is not set: the hidden checks use draws that a student can work out.", file=sys.stderr)
    batch = Batch(course, assignment, Settings(sandbox, secret))
    _check_cells(course, assignment, batch.templates.editions[ENGLISH])
    return batch


def make_templates(course: Course, assignment: str) -> Templates:
    """Return the templates of an assignment; what cannot be read has the language of the environment's edition."""
    source = course.find_source(assignment)
    editions = {name: make_grading_template(source, name) for name in build.find_editions(course.root)}
    with contextlib.suppress(ValueError):
        return Templates(editions, choose())
    return Templates(editions)


def need_sandbox() -> None:
    """Raise ValueError unless the sandbox works."""
    try:
        check_sandbox()
    except NoSandbox as error:
        raise ValueError(f"{error}\n{_REFUSED}") from None


def _check_cells(course: Course, assignment: str, template: str) -> None:
    """Points can be entered only for the cells that the gradebook knows, with the points that it knows."""
    cells = [grading(cell) for cell in nbformat.reads(template, as_version=4).cells]
    here = {cell["grade_id"]: float(cell["points"]) for cell in cells if cell.get("grade")}
    with course.gradebook() as gradebook:
        notebooks = gradebook.find_assignment(assignment).notebooks
        released = {cell.name: cell.max_score for notebook in notebooks for cell in notebook.grade_cells}
    if here != released:
        number = assignment.partition("_")[0]
        raise ValueError(
            f"{assignment} has other graded cells, or other points, than when it was released: run "
            f"`make release NB={number}`."
        )


_REFUSED = (
    "Without a sandbox the answers of a submission could read and change whatever you can, so nothing was graded. "
    "If you trust all of them: --no-sandbox."
)
_UNPROTECTED = (
    "Without a sandbox: a submission's answers can read and write your files, the gradebook among them, and use the "
    "network. The checks still run in another process, and memory, CPU and wall clock are limited."
)


def grade_all(
    jobs: Iterable[Job], templates: Templates, settings: Settings, workers: Workers
) -> Generator[tuple[str, bytes, Graded], None, None]:
    """Grade submissions, some at a time, and yield name, bytes and result of each as soon as it is there.

    Whatever happens to a worker, every submission gets a result: those that were being graded when one died are graded
    at the end, each in a worker of its own.

    Args:
        jobs: yields a name and the bytes of a notebook.
        workers: a kind of worker, as in workers.py.
    """
    waiting = iter(jobs)
    running: dict[Future[Graded], Job] = {}
    suspects: list[Job] = []
    job = next(waiting, None)
    while job is not None:
        executor, at_once = workers()
        try:
            while job is not None or running:
                while job is not None and len(running) < 2 * at_once():  # a worker never waits for its next task
                    running[executor.submit(_grade, templates, job[1], settings)] = job
                    job = next(waiting, None)
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = _result(future, templates)
                    yield *running.pop(future), result
        except BrokenExecutor:
            logger.info("a worker process has died; it was grading one of %d submissions", len(running))
            if job is not None and not running:  # not even its first task was taken
                suspects.append(job)
                job = next(waiting, None)
            suspects += running.values()
            running.clear()
        finally:
            stop(executor)
    for name, data in suspects:
        logger.info("%s is graded again, in a worker of its own", name)
        yield name, data, _grade_alone(data, templates, settings, workers)


def _grade_alone(data: bytes, templates: Templates, settings: Settings, workers: Workers) -> Graded:
    executor, _ = workers()
    try:
        return _result(executor.submit(_grade, templates, data, settings), templates)
    except BrokenExecutor:
        return _not_graded(templates, "The process that graded it died, twice.")
    finally:
        stop(executor)


def _result(future: Future[Graded], templates: Templates) -> Graded:
    """Result of a finished task; a fault of the grader is a result too, and never ends the run."""
    try:
        return future.result()
    except (BrokenExecutor, NoWorkers):
        raise
    except WorkerDied as error:
        return _not_graded(templates, str(error))
    except Exception as error:
        logger.info("a fault of the grader", exc_info=error)
        reason = f"A fault of the grader, not of the submission: {type(error).__name__}: {error}"
        return _not_graded(templates, reason)


def _not_graded(templates: Templates, reason: str) -> Graded:
    return without_points(templates.of_unreadable(), "not graded", reason)


def _grade(templates: Templates, data: bytes, settings: Settings) -> Graded:
    graded = grade_submission(templates.of(data), data, **vars(settings))
    check_agreement(graded)
    return graded


def code_digest() -> str:
    """Return a hash of all code that a score depends on."""
    return _digest(*(path.read_bytes() for part in _CODE for path in _files_in(_HELPERS / part)))


def _files_in(path: Path) -> list[Path]:
    """The modules and the compiled catalogues in a folder, or the one file."""
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.suffix in (".py", ".mo"))


def _as_json(one: Templates | Settings) -> str:
    return json.dumps(asdict(one), sort_keys=True)


def _digest(*parts: str | bytes) -> str:
    """A hash of strings and bytes, each with its length."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
