"""The values that an answer passes through, written down while it runs.

A trace function is a thread's own: what an answer does in other threads is not seen.
"""

import ast
import contextlib
import inspect
import linecache
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any, TypeAlias

import numpy as np

import helpers.nn.base
from helpers.arrays import AnyArray
from helpers.checks import compare
from helpers.checks.answer_code import functions_of
from helpers.checks.edits import Answer
from helpers.checks.exercise import Exercise, Values
from helpers.checks.observation import Observation, observe

#: How long an answer may run under the tracer [s of CPU].
RUN_LIMIT = 0.3

#: How many values are written down, and how deep tuples and lists are looked into.
MOST_VALUES, DEPTH = 3_000, 3

#: The longest line of code that is shown [characters].
LONGEST_CODE = 60

#: The values of a name, one for each time that the code came to it.
Series: TypeAlias = list[AnyArray]


# --- values -----------------------------------------------------------------------------------------------------------


class SeenValues:
    """Values to look for a value in, each with the names that it had."""

    def __init__(self) -> None:
        self.kept: dict[tuple[object, ...], tuple[AnyArray, set[str]]] = {}
        self.stacks: dict[tuple[object, ...], tuple[AnyArray, list[set[str]]]] = {}
        self.asked: dict[tuple[object, ...], frozenset[str] | None] = {}

    def add(self, value: AnyArray, name: str) -> None:
        """Write down a copy: arrays are changed in place."""
        key = _key(value)
        if key not in self.kept and len(self.kept) < MOST_VALUES:
            self.kept[key] = value.copy(), set()
        if key in self.kept:
            self.kept[key][1].add(name)
            self.stacks.clear()
            self.asked.clear()

    def names_of(self, value: AnyArray) -> frozenset[str] | None:
        """The names that a value had, "" where it had none; None if it is not there."""
        key = _key(value)
        if key not in self.asked:
            self.asked[key] = self._look_for(value)
        return self.asked[key]

    def __contains__(self, value: AnyArray) -> bool:
        return self.names_of(value) is not None

    def _look_for(self, value: AnyArray) -> frozenset[str] | None:
        if not self.stacks:
            groups: dict[tuple[object, ...], list[tuple[AnyArray, set[str]]]] = {}
            for (shape, dtype, _), pair in self.kept.items():
                groups.setdefault((shape, dtype), []).append(pair)
            for kind, some in groups.items():
                self.stacks[kind] = np.stack([array for array, _ in some]), [names for _, names in some]
        found: set[str] | None = None
        for (shape, _), (stack, names) in self.stacks.items():
            if shape == value.shape:
                equal = compare.close(stack, value).reshape(len(stack), -1).all(axis=1)
                for index in np.flatnonzero(equal):
                    found = (found or set()) | names[index]
        return None if found is None else frozenset(found)


def same_series(one: Series, other: Series) -> bool:
    """Whether the values of two names are the same, one by one."""
    return len(one) == len(other) and all(map(equal, one, other))


def _key(value: AnyArray) -> tuple[object, ...]:
    return value.shape, value.dtype.str, value.tobytes()


def as_array(value: object) -> AnyArray | None:
    """A number or an array of numbers as an array; None for all else."""
    if isinstance(value, np.ndarray | np.floating | float):
        array = np.asarray(value)
        return array if array.dtype.kind in "fiu" else None
    return None


def equal(one: AnyArray, other: AnyArray) -> bool:
    """Whether two arrays have one shape and, within the tolerance of a check, the same values."""
    return one.shape == other.shape and bool(np.all(compare.close(one, other)))


# --- what the answer passes through -----------------------------------------------------------------------------------


class _OutOfTime(BaseException):
    """The answer runs too long; no `except Exception` of its own must catch this."""


@dataclass
class _Call:
    """One call of a function of the answer: its variables, and the line that gave each its last value."""

    code: CodeType
    before: dict[str, AnyArray]  # attributes of self, as another call left them
    last: dict[str, AnyArray] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    line: int = 0
    bound: dict[str, int] = field(default_factory=dict)  # name -> identity, of tuples and lists


class Tracer:
    """Writes down the values that an answer passes through.

    Args:
        answer: a function or class.
        sizes: of the arrays that are of interest.
        names: of the variables that are of interest, whatever their size.
    """

    def __init__(self, answer: Answer, sizes: set[int], names: Iterable[str] = ()) -> None:
        self.sizes, self.names = sizes, frozenset(names)
        functions = [
            function
            for one in (answer.__mro__ if inspect.isclass(answer) else [answer])
            for function in functions_of(one)
            if function.__globals__ is not vars(helpers.nn.base)  # Layer's own
        ]
        self.namespaces = {id(function.__globals__) for function in functions}
        self.own = set(_nested(function.__code__ for function in functions))
        self.seen = SeenValues()
        self.calls: list[_Call] = []  # those of the answer's own functions, in the order in which they end
        self.open: dict[int, _Call] = {}
        self.end = time.thread_time() + RUN_LIMIT

    def run(self, exercise: Exercise, answer: Answer, arguments: Values) -> Observation:
        """Use the answer once."""
        sys.settrace(self._on_call)
        try:
            return observe(exercise, answer, arguments)
        finally:
            sys.settrace(None)

    def _on_call(self, frame: FrameType, event: str, arg: object) -> Any:
        if id(frame.f_globals) not in self.namespaces:
            return None
        before = {name: value.copy() for name, value in _attributes(frame).items() if isinstance(value, np.ndarray)}
        self.open[id(frame)] = _Call(frame.f_code, before, line=frame.f_lineno)
        return self._on_line

    def _on_line(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "exception" or id(frame) not in self.open:
            return self._on_line
        if time.thread_time() > self.end:
            raise _OutOfTime
        with contextlib.suppress(Exception):  # it would arise in the midst of the answer
            self._look_at(frame, event == "return", arg)
        return self._on_line

    def _look_at(self, frame: FrameType, ends: bool, returned: object) -> None:
        call = self.open[id(frame)]
        for name, value in (_attributes(frame) | frame.f_locals).items():
            self._note(call, name, value, ends)
        call.line = frame.f_lineno
        if ends:
            self._add_inner(returned, DEPTH)
            del self.open[id(frame)]
            if frame.f_code in self.own:
                self.calls.append(call)

    def _note(self, call: _Call, name: str, value: object, ends: bool) -> None:
        array = as_array(value)
        if array is None:
            if isinstance(value, tuple | list) and (ends or call.bound.get(name) != id(value)):
                call.bound[name] = id(value)
                self._add_inner(value, DEPTH)
        elif array.size not in self.sizes and name not in self.names:
            return
        elif not _is_unchanged(call.last.get(name, call.before.get(name)), array):
            call.last[name], call.lines[name] = array.copy(), call.line
            self.seen.add(array, name if call.code in self.own else "")

    def _add_inner(self, value: object, depth: int) -> None:
        array = as_array(value)
        if array is not None and array.size in self.sizes:
            self.seen.add(array, "")
        elif isinstance(value, tuple | list) and depth:
            for inner in value[:100]:
                self._add_inner(inner, depth - 1)

    def variables(self) -> dict[str, Series]:
        """The last value of each variable, in each call that has it."""
        found: dict[str, Series] = {}
        for call in self.calls:
            for name, value in call.last.items():
                found.setdefault(name, []).append(value)
        return found

    def code_of(self, name: str) -> str:
        """The line that gave a variable its last value, if it is short and stands for itself, else ""."""
        call = next(call for call in reversed(self.calls) if name in call.lines)
        line = linecache.getline(call.code.co_filename, call.lines[name]).partition("  #")[0].strip()
        try:
            statement = ast.parse(line).body
        except SyntaxError:
            return ""
        is_whole = len(statement) == 1 and isinstance(statement[0], ast.Assign | ast.AugAssign) and "`" not in line
        return line if is_whole and name in line and len(line) <= LONGEST_CODE else ""


def _attributes(frame: FrameType) -> dict[str, Any]:
    return dict(getattr(frame.f_locals.get("self"), "__dict__", {}))


def _is_unchanged(before: AnyArray | None, now: AnyArray) -> bool:
    return before is not None and before.shape == now.shape and before.tobytes() == now.tobytes()


def _nested(codes: Iterable[CodeType]) -> Iterator[CodeType]:
    for code in codes:
        yield code
        yield from _nested(filter(inspect.iscode, code.co_consts))
