"""References on loan: they run in a process of their own, under the clock and the memory limit of the submission."""

import atexit
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from helpers.arrays import AnyArray
from helpers.classroom.grading.sandbox.framing import Closed, Pipe
from helpers.classroom.grading.sandbox.isolation import Limits
from helpers.classroom.grading.sandbox.references import NUMBERS, REFERENCES, SERVICE
from helpers.classroom.grading.sandbox.rpc import OFFERED, RpcConnection, numbers_in
from helpers.nn.base import Param

_COURSE = Path(__file__).resolve().parents[3]

#: What a process may take to start, and to forget what it was given [s].
_PATIENCE = 60.0

#: A function that is given data alone, and no more numbers than these, runs here: in arrays of two axes, of which none
#: is empty, it makes a million of them at most, in a moment, and messages to another process would take longer.
FEW_NUMBERS = 2_000

#: Processes that no submission is using: to start one takes as long as to grade a submission.
_idle: list["_Process"] = []


class Lender:
    """The references that the answers of one submission use; there is a process once the first of them is used.

    Args:
        answers: the Pipe to the answers' process. Its deadline is that of the references too, and it fails with them.
        limits: the Limits of the submission.
    """

    def __init__(self, answers: Pipe, limits: Limits) -> None:
        self.answers = answers
        self.limits = limits
        self.process: _Process | None = None
        self.error: OSError | None = None  # why there is no process: not the fault of the submission

    def find(self, value: object, given: object) -> tuple[RpcConnection, str] | None:
        """Return where to use an object that is a reference, and its number there; None for any other.

        Args:
            value: the object.
            given: its arguments.

        Raises:
            Closed: there is no process to use it in; `error` says why.
        """
        if id(value) not in NUMBERS or _is_quick(value, given):
            return None
        return self._borrow().connection, NUMBERS[id(value)]

    def start_clock(self) -> None:
        """Take over the deadline of the answers' process."""
        if self.process is not None:
            self.process.pipe.deadline = self.answers.deadline

    def reset(self) -> None:
        """Forget what the answers of a check have made."""
        if self.process is not None and self.answers.failure is None and not self.process.reset():
            self.process.end()  # what became of it after the check is not the fault of the answers
            self.process = None

    def close(self) -> None:
        """Keep the process for another submission, or end it if it may be in the middle of something."""
        process, self.process = self.process, None
        if process is not None and self.answers.failure is None and process.reset():
            _idle.append(process)
        elif process is not None:
            process.end()

    def _borrow(self) -> "_Process":
        if self.process is None:
            try:
                self.process = _find_idle(self.limits.memory) or _Process(self.limits.memory)
                self.process.allow(self.limits.cpu)
            except (OSError, Closed) as error:
                self.error = OSError(f"The process for the references could not be started: {error}.")
                raise self.answers.fail("it was not its fault") from None
        self.process.connection.gone = self._fail
        self.start_clock()
        return self.process

    def _fail(self, reason: str) -> Closed:
        late = reason == "it took too long"
        return self.answers.fail(reason if late else "what it called of the course used too much memory or time")


class _Process:
    """A process that runs references.

    Args:
        memory: that it may use [bytes].
    """

    def __init__(self, memory: int) -> None:
        self.memory = memory
        environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(_COURSE)}
        self.popen = subprocess.Popen(
            [sys.executable, "-P", "-m", "helpers.classroom.grading.sandbox.references", str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment | {"PATH": os.environ.get("PATH", os.defpath)},
            start_new_session=True,
            bufsize=0,
        )
        assert self.popen.stdin is not None and self.popen.stdout is not None
        self.pipe = Pipe(self.popen.stdout.fileno(), self.popen.stdin.fileno())
        # What it calls here is bounded as what the answers call: they may have handed it over.
        self.connection = RpcConnection(self.pipe, "c", OFFERED)
        for reference in REFERENCES:
            self.connection.registry.adopt(NUMBERS[id(reference)], reference)

    def allow(self, seconds: int) -> None:
        """Let it use so much more CPU time [s].

        Raises:
            Closed: it does not start.
        """
        self._call("allow", seconds)

    def reset(self) -> bool:
        """Forget on both sides everything but the references; return whether it is still there."""
        try:
            self._call("reset")
        except Closed:
            return False
        self.connection.registry.reset(exports=lambda value: False, imports=lambda value: id(value) in NUMBERS)
        return True

    def _call(self, name: str, *arguments: object) -> None:
        """Call its service, on a clock of its own: whatever goes wrong here is not the fault of any answer."""
        self.connection.gone, self.pipe.deadline = Closed, time.monotonic() + _PATIENCE
        self.connection.call(SERVICE, name, arguments, {})

    def end(self) -> None:
        """End the process."""
        self.popen.kill()
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream is not None:
                stream.close()
        self.popen.wait()


def _is_quick(value: object, given: object) -> bool:
    few = isinstance(value, FunctionType) and numbers_in(given, in_object=FEW_NUMBERS + 1) <= FEW_NUMBERS
    return few and all(array.ndim <= 2 and array.size for array in _arrays_in(given))


def _arrays_in(given: Any) -> Iterator[AnyArray]:
    if isinstance(given, np.ndarray):
        yield given
    elif isinstance(given, Param):
        yield given.value
    elif isinstance(given, list | tuple | dict):
        for item in given.values() if isinstance(given, dict) else given:
            yield from _arrays_in(item)


def _find_idle(memory: int) -> _Process | None:
    """Take a process with this limit of memory that is still there."""
    while _idle:
        process = _idle.pop()
        if process.memory == memory and process.popen.poll() is None:
            return process
        process.end()
    return None


@atexit.register
def end_idle() -> None:
    """End the processes that no submission is using; those of a worker that is killed notice that it is gone."""
    while _idle:
        _idle.pop().end()
