"""The desk at which one submission is checked: the checks run here, its answers in a process of their own."""

import ast
import contextlib
import io
import math
import os
import re
import signal
import subprocess
import time
import warnings
from dataclasses import dataclass

from helpers.checks.catalogue import EXERCISES
from helpers.checks.exercise import ContractError
from helpers.checks.grade_id import GradeId
from helpers.checks.panel import Panel
from helpers.checks.session import Session, check, hidden_check, using
from helpers.classroom.authoring.source import grading
from helpers.classroom.grading.sandbox.framing import Closed, Pipe
from helpers.classroom.grading.sandbox.proxies import RemoteClass, RemoteFunction
from helpers.classroom.grading.sandbox.rpc import OFFERED, RpcConnection
from helpers.classroom.grading.sanitize import for_html

#: The answers' process offers what it can do under this number.
SERVICE = "a1"

#: What the answers' process may send in one check [bytes of text, bytes of arrays]; the longest check takes a fifth.
ALLOWANCE = {"text": 16 << 20, "bytes": 128 << 20}

#: Longest source of one answer, and longest paragraph of a message [characters].
LONGEST_ANSWER, LONGEST_PARAGRAPH = 200_000, 2_000

_BY_NAME = {exercise.name: exercise for exercise in EXERCISES.values()}


@dataclass
class Score:
    """What one graded cell came to.

    Args:
        points: earned; None where a person grades.
        max_points: that could be earned.
        status: "right", "wrong", "not written", "raised", "timed out", "out of memory", "killed", "crashed",
            "not defined", "unreadable", or "for a person".
        reason: the first sentence of the check's message, for the instructor.
        misconception: the name of the mistake that was recognised, or "".
    """

    points: float | None
    max_points: float
    status: str
    reason: str = ""
    misconception: str = ""


class Stopped(ContractError, Closed):
    """The answers' process is gone; the message says why, for the learner."""


class SubmissionGrader:
    """The checks of one submission, and the process with its answers.

    Args:
        walls: around the process.
        answers: grade id to source.
        secret: the secret seed of the hidden checks.
    """

    def __init__(self, walls, answers, secret):
        self.walls = walls
        self.answers = {GradeId.parse(grade_id).exercise_id: source for grade_id, source in answers.items()}
        self.secret = secret
        self.process = None
        self.stopped = {}  # exercise id -> (status, sentence), for answers that ended their process
        self.end = time.monotonic() + walls.limits.total

    def run_check(self, cell):
        """Run a test cell.

        Returns:
            a Score, and the Panels that the cell showed
        """
        exercise_id, max_points = GradeId.parse(grading(cell)["grade_id"]).exercise_id, float(grading(cell)["points"])
        if exercise_id not in self.stopped:
            with _suppress_output():
                self._make_ready()
        if exercise_id not in self.stopped and time.monotonic() > self.end:
            self.stopped[exercise_id] = "timed out", self._no_time_left()
        if exercise_id in self.stopped:
            return _nothing(exercise_id, max_points, *self.stopped[exercise_id])
        with _suppress_output():
            return self._checked(cell, exercise_id, max_points)

    def _checked(self, cell, exercise_id, max_points):
        self.panels.clear()
        self._start_clock()
        try:
            self.names.lend_earlier()
            with using(self.session):
                points = _last_value(cell.source, self.names)
        except NameError:
            return _nothing(exercise_id, max_points, "not defined", self._why_not_defined(exercise_id))
        except Closed:
            points = 0.0
        except Exception as error:  # from what a stranger's process said; an honest one says nothing of the kind
            reason = f"The check could make nothing of what it was given ({type(error).__name__})."
            return _nothing(exercise_id, max_points, "wrong", reason)
        finally:
            self.names.rest()
        return self._scored(exercise_id, points, max_points)

    def close(self):
        """End the process."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # it leads a group of its own
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()
        self.process.wait()
        self.process = None

    # --- the process --------------------------------------------------------------------------------------------------

    def _make_ready(self):
        """Have a process in which every answer is defined, but for those that end their process."""
        while (self.process is None or self.pipe.failure) and time.monotonic() < self.end:
            self.close()
            self.process = self.walls.start()
            self.pipe = Pipe(self.process.stdout.fileno(), self.process.stdin.fileno())
            self.peer = RpcConnection(self.pipe, "c", OFFERED, lambda reason: Stopped(self._why_stopped(reason)[1]))
            self.names = Names(self.peer, self.answers)
            self.panels = []
            self.session = Session(self.panels.append, lambda given: self.names, self.names.used_by, self.secret)
            self._define_answers()

    def _define_answers(self):
        self.undefined = {}  # exercise id -> why its cell could not be run to its end
        self._start_clock()
        self._greet()
        for exercise_id, source in self.answers.items():
            if exercise_id in self.stopped:
                continue
            if len(source) > LONGEST_ANSWER:
                self.undefined[exercise_id] = f"The answer cell has {len(source):,} characters, too many to be run."
                continue
            self._start_clock()
            try:
                self.peer.call(SERVICE, "define", (exercise_id, source), {})
            except Closed:
                self.stopped[exercise_id] = self._why_stopped(self.pipe.failure)
                return
            except Exception as error:
                line = error.frames[-1].lineno if getattr(error, "frames", None) else getattr(error, "lineno", None)
                where = f" at line {line}" if line else ""
                said = f"{type(error).__name__}: {error}".rstrip(": .")
                self.undefined[exercise_id] = f"The answer cell stopped{where}. {said}."

    def _greet(self):
        """Lend what answers may use, before any of them runs: whatever goes wrong here is the system's fault."""
        try:
            self.names.get("np")
            self.names.lend_earlier()
        except Closed as closed:
            if self.pipe.failure == "it ended":
                raise OSError(
                    "The process for the answers ended before it began: this is no fault of the submission. "
                    f"{closed} Is there enough memory, and does the sandbox still work?"
                ) from None

    def _start_clock(self):
        self.pipe.deadline = min(self.end, time.monotonic() + self.walls.limits.seconds)
        self.pipe.left = dict(ALLOWANCE)
        self.peer.changers.clear()

    def _why_stopped(self, reason):
        """Return a status and a sentence."""
        if reason == "it took too long" and time.monotonic() > self.end:
            return "timed out", self._no_time_left()
        if reason == "it took too long":
            return "timed out", (
                f"It was stopped after {self.walls.limits.seconds:g} seconds. Is there a loop that never ends?"
            )
        if reason != "it ended":
            return "killed", f"It was stopped: {reason}."
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=5)
        code = self.process.returncode or 0
        signal = -code if code < 0 else code - 128  # bubblewrap adds 128
        if signal == 11:
            return "crashed", "Its process crashed."
        if signal in (9, 24):
            return "killed", "Its process was killed: it used too much memory or CPU time."
        return "killed", f"Its process ended by itself, with exit code {code}."

    def _no_time_left(self):
        return f"The {self.walls.limits.total:g} seconds for all answers together were used up."

    # --- scores -------------------------------------------------------------------------------------------------------

    def _why_not_defined(self, exercise_id):
        name = EXERCISES[exercise_id].name
        if exercise_id not in self.answers:
            return "Its answer cell is missing."
        return self.undefined.get(exercise_id) or f"The answer cell does not define `{name}`."

    def _scored(self, exercise_id, points, max_points):
        verdict = self.session.latest
        if self.pipe.failure:
            self.stopped[exercise_id] = self._why_stopped(self.pipe.failure)
            return _nothing(exercise_id, max_points, *self.stopped[exercise_id])
        if verdict.right and self._turned_arguments(exercise_id) and not verdict.exercise.mutates:
            # A check sees what an argument has become in the end. In between it was another one.
            reason = f"`{verdict.exercise.name}` changed its arguments for a while, and the check with them."
            return _nothing(exercise_id, max_points, "wrong", reason)
        if type(points) is not float or not math.isfinite(points) or not 0 <= points <= max_points:
            raise RuntimeError(f"The check of exercise {exercise_id} came to {points!r}, not to points.")
        status = {"not yet": "wrong", "not written yet": "not written"}.get(verdict.status, verdict.status)
        if verdict.raised and status == "wrong":
            status = "out of memory" if verdict.raised == "MemoryError" else "raised"
        misconception = verdict.misconception.name if verdict.misconception else ""
        reason = "" if verdict.right else _short(verdict.paragraphs[0])
        return Score(points, max_points, status, reason, misconception), [*map(_shortened, self.panels)]

    def _turned_arguments(self, exercise_id):
        """Whether the answer changed an array that it was given. A check tries those that it may call as well."""
        tried = [given for number, (given, _) in self.session.verdicts.items() if number != exercise_id]
        others = {given._number for given in tried if isinstance(given, RemoteFunction | RemoteClass)}
        return bool(self.peer.changers - others)


class Names:
    """The names in the answers' process, as the checks use them.

    Args:
        peer: to ask.
        answers: exercise id to source.
    """

    def __init__(self, peer, answers):
        self.peer = peer
        # What an answer finds from the notebooks before its own: the reference, since grading reads one notebook only.
        words = {word for source in answers.values() for word in re.findall(r"\w+", source)}
        own = {int(float(exercise_id)) for exercise_id in answers}
        self.earlier = {
            name: exercise.reference
            for name, exercise in _BY_NAME.items()
            if name in words and int(float(exercise.id)) < min(own, default=0)
        }

    def lend_earlier(self):
        """Let answers use the reference where they use earlier answers; those that they define themselves stay."""
        own = {name for name, lent in self.earlier.items() if self.get(name, lent) is not lent}
        self.earlier = {name: lent for name, lent in self.earlier.items() if name not in own}
        self.update(self.earlier)

    def get(self, name, default=None):
        """Return what a name stands for, or the default."""
        value = self.peer.call(SERVICE, "get", (name,), {})
        return default if value is None else value

    def update(self, names):
        """Let names stand for other things; where the process is gone or refuses, there is nobody to tell."""
        with contextlib.suppress(Exception):
            self.peer.call(SERVICE, "put", (dict(names),), {})

    def pop(self, name, default=None):
        """Let a name stand for nothing any more."""
        self.update({name: None})

    def rest(self):
        """Take back what was lent for a check, and forget what it made; the answers themselves stay."""
        self.update(dict.fromkeys(self.earlier))
        with contextlib.suppress(Exception):
            self.peer.call(SERVICE, "rest", (), {})
        kept = (RemoteFunction, RemoteClass)
        self.peer.things.rest(exports=lambda thing: False, imports=lambda thing: isinstance(thing, kept))

    def used_by(self, given):
        """Return the names that an answer looks up when it runs; it is the answer's word, good for a notice only."""
        if not isinstance(given, RemoteFunction | RemoteClass):
            return set()
        with contextlib.suppress(Exception):
            return set(self.peer.call(SERVICE, "used_by", (given,), {}))
        return set()


class _Scope(dict):
    """The names of a test cell: its own, and the learner's names for exercises, from the answers' process."""

    def __init__(self, names):
        super().__init__(check=check, hidden_check=hidden_check)
        self.names = names

    def __missing__(self, name):
        # Nothing else comes from the answers: a `check` or a `float` of theirs must not be used here.
        value = self.names.get(name) if name in _BY_NAME else None
        if value is None:
            raise KeyError(name)
        return value


def _last_value(source, names):
    """Run a test cell and return the value of its last line."""
    tree = ast.parse(source)
    scope, last = _Scope(names), ast.Expression(tree.body.pop().value)
    exec(compile(tree, "<check>", "exec"), {}, scope)
    return eval(compile(last, "<check>", "eval"), {}, scope)


@contextlib.contextmanager
def _suppress_output():
    """Keep from the instructor's terminal what answers print and warn of; a learner sees it in the message."""
    nowhere = io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _short(paragraph):
    """A paragraph that has a stranger's words in it, as many as he likes."""
    return for_html(paragraph if len(paragraph) <= LONGEST_PARAGRAPH else f"{paragraph[:LONGEST_PARAGRAPH]} …")


def _shortened(panel):
    return Panel(panel.heading, panel.status, [*map(_short, panel.paragraphs)], _short(panel.printed))


def _nothing(exercise_id, max_points, status, reason):
    panel = Panel(f"Exercise {exercise_id}", "not yet", [reason, f"0 of {max_points:g} points."])
    return Score(0.0, max_points, status, reason), [panel]
