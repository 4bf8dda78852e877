"""Grading one submission: from the bytes of a notebook to a score, and a reason for it, for each graded cell.

The answers run in a process of their own, inside the sandbox; the checks run here, where answers cannot reach.
"""

import contextlib
import io
import logging
import os
import re
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import nbformat
from nbformat import NotebookNode

from helpers.checks.answer_search import Edition, FoundAnswers
from helpers.checks.catalogue import EXERCISES
from helpers.checks.cell_statements import LONGEST_CELL
from helpers.checks.exercise import ContractError, Exercise
from helpers.checks.grade_id import GradeId
from helpers.checks.notebook_file import Unreadable
from helpers.checks.panel import Panel
from helpers.checks.session import Session
from helpers.classroom.authoring.source import as_release, grading, read_source, serialise
from helpers.classroom.grading.lending import Lender
from helpers.classroom.grading.sandbox.framing import Closed, Pipe
from helpers.classroom.grading.sandbox.isolation import Limits, Sandbox
from helpers.classroom.grading.sandbox.proxies import RemoteAnswers, RemoteClass, RemoteFunction
from helpers.classroom.grading.sandbox.rpc import OFFERED, RpcConnection
from helpers.classroom.grading.sanitize import for_html
from helpers.classroom.grading.submission import Submission, language_of_copy, read_submission
from helpers.classroom.grading.taken_answers import TakenAnswer, for_reading
from helpers.classroom.grading.time_limit import time_limit
from helpers.language.message import Message, message
from helpers.language.translation import ENGLISH, language_of, speaking

logger = logging.getLogger(__name__)

#: What the answers' process may send in one check [bytes of text, bytes of arrays]; several times what one needs.
ALLOWANCE = {"text": 32 << 20, "bytes": 256 << 20}

#: Longest paragraph of a message [characters].
MAX_PARAGRAPH = 2_000

#: What is said of an answer whose process was ended, by the reason that `framing` or `lending` gives.
ENDS = {
    "it sent more than is accepted": message("It was stopped: it sent more than is accepted."),
    "it sent something that is not a message": message("It was stopped: it sent something that is not a message."),
    "what it called of the course used too much memory or time": message(
        "It was stopped: what it called of the course used too much memory or time."
    ),
    "it was not its fault": message("It was stopped: it was not its fault."),
}

#: How a graded cell ended.
Status: TypeAlias = Literal[
    "right",
    "wrong",
    "not written",
    "not defined",
    "raised",
    "timed out",
    "out of memory",
    "killed",
    "crashed",
    "unreadable",
    "not graded",
    "for a person",
]


@dataclass
class Score:
    """The result of one graded cell.

    Args:
        points: earned; None where a person grades.
        max_points: that could be earned.
        status: how the cell ended.
        reason: the first sentence of the check's message, for the instructor.
        misconceptions: the names of the mistakes that were recognised.
    """

    points: float | None
    max_points: float
    status: Status
    reason: str = ""
    misconceptions: tuple[str, ...] = ()


@dataclass
class Graded:
    """The result of grading one submission.

    Args:
        notebook: the release with the submission's answers and the checks' messages in it, nbformat's JSON.
        scores: grade id to Score, in the order of the notebook.
        changes: sentences on what was taken where that is not plain, and on what else was changed, to no effect.
        unreadable: what is wrong with the file, if it could not be read.
        protected: whether the answers ran inside a sandbox.
        seconds: wall clock.
    """

    notebook: str
    scores: dict[str, Score]
    changes: list[str] = field(default_factory=list)
    unreadable: str = ""
    protected: bool = True
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether the grader could not grade it: its own fault, not the submission's."""
        return any(score.status == "not graded" for score in self.scores.values())


@dataclass(frozen=True)
class Templates:
    """The notebooks that the submissions of an assignment are graded with, each as `make_grading_template` made it.

    Args:
        editions: by language, English among them.
        unreadable: the language of a submission that cannot be read.
    """

    editions: Mapping[str, str]
    unreadable: str = ENGLISH

    def of(self, data: bytes) -> str:
        """Return that of the edition that a submission is a copy of."""
        try:
            return self.editions[language_of_copy(data, self.editions)]
        except Unreadable:
            return self.of_unreadable()

    def of_unreadable(self) -> str:
        """Return that of a submission that cannot be read."""
        return self.editions.get(self.unreadable, self.editions[ENGLISH])


def make_grading_template(source_path: Path, language: str = ENGLISH) -> str:
    """Return the notebook that submissions are graded with: the release, with rubrics for the person who grades."""
    return serialise(as_release(read_source(source_path, language), rubric=True))


def grade_submission(
    template: str,
    data: bytes,
    *,
    sandbox: bool = True,
    limits: Limits | None = None,
    secret: str = "",
    editions: Sequence[Edition] = (),
) -> Graded:
    """Grade one submission; whatever it holds and does, there is a score and a reason, in the language of the template.

    Args:
        template: what `make_grading_template` returned.
        data: the bytes of the submitted notebook.
        sandbox: whether the answers run in bubblewrap; without, they can read this user's files.
        secret: the instructor's secret seed for the hidden checks.
        editions: those of the notebook that the submission may be a copy of; left out, it is the template.
    """
    begun, notebook = time.monotonic(), nbformat.reads(template, as_version=4)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_speaking_as(notebook))
        try:
            submission = read_submission(data, notebook, editions)
        except Unreadable as error:
            graded = without_points(template, "unreadable", error)
        else:
            isolated = Sandbox(stack.enter_context(tempfile.TemporaryDirectory()), sandbox, limits)
            grader = stack.enter_context(contextlib.closing(SubmissionGrader(isolated, submission.answers, secret)))
            scores = _fill_in(notebook, submission, grader)
            graded = Graded(nbformat.writes(notebook), scores, [*grader.remarks(), *submission.changes])
    graded.protected = sandbox
    graded.seconds = time.monotonic() - begun
    return graded


def without_points(template: str, status: Status, why: Unreadable | str) -> Graded:
    """Return the Graded of a submission whose answers were not run: no points for any cell, and the same reason."""
    notebook: NotebookNode = nbformat.reads(template, as_version=4)
    scores = {}
    with _speaking_as(notebook):
        reason = str(why)
        for cell in _graded_cells(notebook):
            scores[grading(cell)["grade_id"]] = Score(0.0, float(grading(cell)["points"]), status, reason)
            if cell.cell_type == "code":
                _show(cell, [Panel(message("This submission was not graded"), "not yet", [reason])], 0.0)
    return Graded(nbformat.writes(notebook), scores, unreadable=reason if status == "unreadable" else "")


def _speaking_as(template: NotebookNode) -> contextlib.AbstractContextManager[None]:
    return speaking(language_of(template.metadata) or ENGLISH)


def _fill_in(notebook: NotebookNode, submission: Submission, grader: "SubmissionGrader") -> dict[str, Score]:
    """Put answers and the checks' messages into a template, and return grade id to Score."""
    scores = {}
    # Hidden checks run last: an answer that remembers their draws finds no later message to reveal them in.
    cells = _graded_cells(notebook)
    for cell in sorted(cells, key=lambda cell: GradeId.parse(grading(cell)["grade_id"]).kind == "hidden"):
        grade_id, max_points = grading(cell)["grade_id"], float(grading(cell)["points"])
        if grading(cell).get("solution"):
            scores[grade_id] = _fill_in_written(cell, submission.written.get(grade_id), max_points)
        else:
            scores[grade_id], panels = grader.run_check(GradeId.parse(grade_id), max_points)
            _show(cell, panels, scores[grade_id].points)
    for cell in notebook.cells:
        if grading(cell).get("solution") and not grading(cell).get("grade"):
            source = grader.source_of(GradeId.parse(grading(cell)["grade_id"]).exercise_id)
            cell.source = for_reading(source) if source else cell.source
    return {grading(cell)["grade_id"]: scores[grading(cell)["grade_id"]] for cell in cells}


def _fill_in_written(cell: NotebookNode, written: str | None, max_points: float) -> Score:
    """Put a written answer into its cell, which nbgrader compares with the stub, blanks at the end included."""
    if written is None or written.strip() == cell.source.strip():
        return Score(0.0, max_points, "not written", str(message("Nothing was written.")))
    cell.source = for_html(written, markdown=True)
    return Score(None, max_points, "for a person")


def _graded_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if grading(cell).get("grade")]


def _show(cell: NotebookNode, panels: list[Panel], points: float | None) -> None:
    """Give a test cell its outputs. nbgrader gives *full* marks to one without a value at its end."""
    shown = [{"text/plain": repr(panel), "text/html": panel._repr_html_()} for panel in panels]
    cell.outputs = [nbformat.v4.new_output("display_data", data, metadata={}) for data in shown]
    cell.outputs += [nbformat.v4.new_output("execute_result", {"text/plain": repr(points)}, execution_count=1)]
    cell.execution_count = 1


class Stopped(ContractError, Closed):
    """The answers' process is gone; the message says why, for the learner."""


class SubmissionGrader:
    """Runs the checks of one submission, and the process with its answers.

    Args:
        sandbox: the Sandbox of the process.
        answers: where the answers may be.
        secret: the secret seed of the hidden checks.
    """

    pipe: Pipe
    lender: Lender
    connection: RpcConnection
    remote: RemoteAnswers
    session: Session

    def __init__(self, sandbox: Sandbox, answers: FoundAnswers, secret: str) -> None:
        self.sandbox = sandbox
        self.answers = answers
        self.secret = secret
        self.process: subprocess.Popen[bytes] | None = None
        self.taken: dict[str, TakenAnswer] = {}  # by exercise id
        # By exercise id: why an answer has no score but 0, its process being ended; and why a cell could not be run.
        self.stopped: dict[str, tuple[Status, Message]] = {}
        self.undefined: dict[str, Message] = {}
        self.panels: list[Panel] = []
        self.end = time.monotonic() + sandbox.limits.total

    def run_check(self, grade_id: GradeId, max_points: float) -> tuple[Score, list[Panel]]:
        """Run the check of one test cell; return its Score, and the Panels that the check showed."""
        exercise_id = grade_id.exercise_id
        with _suppress_output():
            if exercise_id not in self.stopped:
                self._start_process()
                if time.monotonic() > self.end:
                    self.stopped.setdefault(exercise_id, ("timed out", self._no_time_left()))
            if exercise_id not in self.stopped:
                return self._check(grade_id, max_points)
        return _no_points(exercise_id, max_points, *self.stopped[exercise_id])

    def _check(self, grade_id: GradeId, max_points: float) -> tuple[Score, list[Panel]]:
        exercise_id = grade_id.exercise_id
        self.panels.clear()
        self._start_clock()
        try:
            self.remote.lend_references()
            answer = self.remote.namespace(exercise_id).get(EXERCISES[exercise_id].name)
            if answer is None:
                return _no_points(exercise_id, max_points, "not defined", self._explain_undefined(exercise_id))
            check: Callable[..., float] = self.session.hidden_check if grade_id.kind == "hidden" else self.session.check
            # What a check hands over runs in this process: a loop of it looks at no clock.
            with time_limit(self.sandbox.limits.seconds + 1, lambda: self.pipe.fail("it took too long")):
                points = float(check(exercise_id, answer))
        except Closed:
            points = 0.0
        except Exception as error:  # raised by a reply of untrusted code; an honest one raises nothing here
            reason = message("The check could not use the results ({kind}).", kind=type(error).__name__)
            return _no_points(exercise_id, max_points, "wrong", reason)
        finally:
            self.remote.reset()
            self.lender.reset()
        return self._score(exercise_id, points, max_points)

    def _score(self, exercise_id: str, points: float, max_points: float) -> tuple[Score, list[Panel]]:
        if self.pipe.failure:
            self._stop(exercise_id)
            return _no_points(exercise_id, max_points, *self.stopped[exercise_id])
        verdict = self.session.latest
        assert verdict is not None
        if verdict.right and self._mutated_arguments(exercise_id) and not verdict.exercise.mutates:
            # A check sees only the last state of an argument. In between it had another one.
            template = "`{name}` changed its arguments while it ran: the check cannot trust its results."
            return _no_points(exercise_id, max_points, "wrong", message(template, name=verdict.exercise.name))
        if points > max_points:
            raise RuntimeError(f"The check of exercise {exercise_id} gave {points:g} of {max_points:g} points.")
        statuses: dict[str, Status] = {"right": "right", "not yet": "wrong", "not written yet": "not written"}
        status = statuses[verdict.status]
        if verdict.raised and status == "wrong":
            status = "out of memory" if verdict.raised == "MemoryError" else "raised"
        misconceptions = tuple(cause.name for cause in verdict.causes)
        reason = "" if verdict.right else _shorten(verdict.paragraphs[0])
        panels = [panel.with_texts(_shorten) for panel in self.panels]
        return Score(points, max_points, status, reason, misconceptions), panels

    def _mutated_arguments(self, exercise_id: str) -> bool:
        """Whether the answer changed an array that it was given. A check also tries the answers that this one uses."""
        tried = self.session.answers.others(exercise_id)
        others = {answer._number for answer in tried if isinstance(answer, RemoteFunction | RemoteClass)}
        return bool(self.connection.mutators - others)

    def source_of(self, exercise_id: str) -> str:
        """Return the text of what answers an exercise, "" where nothing does."""
        return self.taken[exercise_id].source if exercise_id in self.taken else ""

    def remarks(self) -> list[str]:
        """Return sentences on what was taken, where that is not plain."""
        return [str(sentence) for taken in self.taken.values() for sentence in taken.remarks()]

    def close(self) -> None:
        """End the process."""
        if self.process is None:
            return
        self.lender.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # it leads a group of its own
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        code = self.process.wait()
        logger.debug("process %d of the answers has ended (%d)", self.process.pid, code)
        self.process = None

    # --- the process --------------------------------------------------------------------------------------------------

    def _start_process(self) -> None:
        """Make sure that there is a process in which all answers are defined, except those that end it."""
        while (self.process is None or self.pipe.failure) and time.monotonic() < self.end:
            self.close()
            self.process = self.sandbox.start()
            self.pipe = _pipe_to(self.process)
            self.lender = Lender(self.pipe, self.sandbox.limits)
            self.connection = RpcConnection(self.pipe, "c", OFFERED, self._stopped_by, self.lender.find)
            references = _find_references(self.answers)
            names = {exercise.id: exercise.name for exercise in references}
            self.remote = RemoteAnswers(
                self.connection, {exercise.name: exercise.reference for exercise in references}, names
            )
            self.panels.clear()
            self.session = Session(
                self.panels.append, self.remote.namespace_of, self.remote.used_by, self.secret, in_notebook=False
            )
            self._define_answers()

    def _define_answers(self) -> None:
        self.undefined.clear()
        self._start_clock()
        self._hand_over()
        for exercise_id in self.answers.wanted:
            if exercise_id in self.stopped:
                continue
            self._start_clock()
            try:
                taken = self.taken[exercise_id] = self._plan(exercise_id)
                if taken.cell is not None and len(taken.cell.source) > LONGEST_CELL:
                    template = "The answer cell has {count:,} characters, too many to be run."
                    self.undefined[exercise_id] = message(template, count=len(taken.cell.source))
                    continue
                taken.fail(self.remote.define(exercise_id))
            except Closed:
                self._stop(exercise_id)
                return
            except Exception as error:
                frames = getattr(error, "frames", None)
                line = frames[-1].lineno if frames else getattr(error, "lineno", None)
                said = f"{type(error).__name__}: {error}".rstrip(": .")
                template = (
                    "The answer cell stopped at line {line}. {said}." if line else "The answer cell stopped. {said}."
                )
                self.undefined[exercise_id] = message(template, line=line, said=said)

    def _plan(self, exercise_id: str) -> TakenAnswer:
        plan = self.remote.plan(exercise_id)
        try:
            return TakenAnswer.of(self.answers, exercise_id, plan)
        except (TypeError, ValueError, IndexError, KeyError):
            raise self.pipe.fail("it sent something that is not a message") from None

    def _hand_over(self) -> None:
        """Hand the notebook over before anything in it runs: whatever goes wrong here is not its fault."""
        try:
            self.remote.load(self.answers.sources, self.answers.wanted)
            self.remote.lend_references()
        except Closed as closed:
            if time.monotonic() < self.end or not self.taken:  # else those that ran have used up the time for all
                raise OSError(
                    "The process for the answers ended before any ran: this is not the fault of the submission. "
                    f"{closed} Is there enough memory, and does the sandbox still work?"
                ) from None

    def _start_clock(self) -> None:
        self.pipe.deadline = min(self.end, time.monotonic() + self.sandbox.limits.seconds)
        self.pipe.left = dict(ALLOWANCE)
        self.lender.start_clock()
        self.connection.mutators.clear()

    def _stop(self, exercise_id: str) -> None:
        """Keep why there is no score but 0 for an answer that ended its process, or whose process was ended.

        Raises:
            OSError: it was not the fault of the submission.
        """
        if self.lender.error is not None:
            raise self.lender.error
        self.stopped[exercise_id] = self._explain_end(self.pipe.failure or "it ended")

    def _stopped_by(self, failure: str) -> Stopped:
        _, reason = self._explain_end(failure)
        return Stopped(reason.template, **reason.values)

    def _explain_end(self, failure: str) -> tuple[Status, Message]:
        """Return the status and the reason of an answer that ended its process, or whose process was ended."""
        if failure == "it took too long" and time.monotonic() > self.end:
            return "timed out", self._no_time_left()
        if failure == "it took too long":
            template = "It was stopped after {seconds:g} seconds. Is there a loop that never ends?"
            return "timed out", message(template, seconds=self.sandbox.limits.seconds)
        if failure != "it ended":
            return "killed", ENDS[failure]
        code = 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.process.wait(timeout=5) if self.process else 0
        number = -code if code < 0 else code - 128  # bubblewrap adds 128
        if number == signal.SIGSEGV:
            return "crashed", message("Its process crashed.")
        if number in (signal.SIGKILL, signal.SIGXCPU):
            return "killed", message("Its process was killed: it used too much memory or CPU time.")
        return "killed", message("Its process ended by itself, with exit code {code}.", code=code)

    def _explain_undefined(self, exercise_id: str) -> Message:
        if exercise_id not in self.taken or self.taken[exercise_id].cell is None:
            return message("Its answer cell is missing.")
        undefined = message("The answer cell does not define `{name}`.", name=EXERCISES[exercise_id].name)
        return self.undefined.get(exercise_id, undefined)

    def _no_time_left(self) -> Message:
        template = "The {seconds:g} seconds for all answers together were used up."
        return message(template, seconds=self.sandbox.limits.total)


def _pipe_to(process: subprocess.Popen[bytes]) -> Pipe:
    assert process.stdin is not None and process.stdout is not None
    return Pipe(process.stdout.fileno(), process.stdin.fileno())


def _find_references(answers: FoundAnswers) -> list[Exercise]:
    """The exercises of earlier notebooks that are named here: grading reads one notebook only, and lends these."""
    known = (re.escape(word) for exercise in EXERCISES.values() for word in (exercise.id, exercise.name))
    mention = re.compile(rf"\b(?:{'|'.join(known)})\b")
    words = {match[0] for source in answers.sources for match in mention.finditer(source)}
    notebooks = {_notebook_of(exercise_id) for exercise_id in answers.wanted}
    return [
        exercise
        for exercise in EXERCISES.values()
        if not words.isdisjoint((exercise.name, exercise.id)) and _notebook_of(exercise.id) < min(notebooks, default=0)
    ]


def _notebook_of(exercise_id: str) -> int:
    return int(exercise_id.partition(".")[0])


@contextlib.contextmanager
def _suppress_output() -> Iterator[None]:
    """Hide from the instructor's terminal what answers print and warn of; learners see it in the message."""
    ignored = io.StringIO()
    with contextlib.redirect_stdout(ignored), contextlib.redirect_stderr(ignored), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _shorten(paragraph: str) -> str:
    """A paragraph that may quote a submission, and be as long as that likes."""
    return for_html(paragraph if len(paragraph) <= MAX_PARAGRAPH else f"{paragraph[:MAX_PARAGRAPH]} …")


def _no_points(exercise_id: str, max_points: float, status: Status, reason: Message) -> tuple[Score, list[Panel]]:
    heading = message("Exercise {id}", id=exercise_id)
    points = message("{points:g} of {most:g} points", points=0.0, most=max_points)
    return Score(0.0, max_points, status, str(reason)), [Panel(heading, "not yet", [reason], points=points)]
