"""Where a wrong answer goes wrong, whatever the mistake: the values that it gets right on its way.

The equations of an exercise are one of its right answers spelt out, a local variable for each quantity. The learner's
answer is run once under a tracer that writes down the values of its variables; then the equations are followed line by
line, and each quantity is looked for *by value* among these, whatever it is called there. The first that is missing is
where the answer goes wrong. In its place the equations go on with the learner's own value, so that a second mistake
shows too, and what merely follows from the first one does not.

A quantity that the answer does not compute by itself, in the middle of a long expression, is not held against it: it is
passed over, and the next one speaks for it. A variable with a name of its own is known by what follows: if the rest
comes out right with `dtanh` in the place of `da`, then `dtanh` is the learner's `da`.

Prior art: PyBryt (Pyles et al., 2021-22) looks for values in the memory footprint of a student's code, and each has to
be annotated by hand; here the right answer's own local variables are the list.

Run in JupyterLab's kernel (through nbclient) and in plain Python. VS Code and Colab, not run, use ipykernel as well: a
cell's functions are known by their globals, which are the kernel's there too. With a debugger at work, which owns the
trace function (debugpy in both) or a tool of `sys.monitoring`, nothing is located. A trace function is a thread's own:
what an answer does in other threads is not seen.
"""

import ast
import contextlib
import inspect
import linecache
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any, TypeAlias

import numpy as np

from helpers.arrays import AnyArray
from helpers.checks import compare
from helpers.checks.answer_slicing import functions_of
from helpers.checks.edits import Answer, source_of
from helpers.checks.exercise import Exercise, Values
from helpers.checks.inputs import VISIBLE
from helpers.checks.message import MOST_NAMES, Message, listed, message
from helpers.checks.observation import Case, Observation, cases, observe
from helpers.nn import GRU_ORDER, LSTM_ORDER

#: How long an answer may run under the tracer, and how long all may take [s of CPU].
RUN_LIMIT, LIMIT = 0.3, 0.5

#: How many values are written down, and how deep tuples and lists are looked into.
MOST_VALUES, DEPTH = 3_000, 3

#: The longest line of code that is shown, and the most that is said [characters].
LONGEST_CODE, LONGEST = 60, 250

_SIZES = VISIBLE[0].sizes

#: The blocks of a fused array, by its width.
_BLOCKS = {len(order) * _SIZES.H: order for order in (LSTM_ORDER, GRU_ORDER)}

#: Statements that bind a name.
_Binding: TypeAlias = ast.Assign | ast.AugAssign | ast.AnnAssign

#: The values of a name, one for each time that the code came to it.
Series: TypeAlias = list[AnyArray]


def locate(exercise: Exercise, answer: Answer) -> tuple[Message, ...]:
    """Return what can be said of where a wrong answer goes wrong: () or up to three short messages.

    It raises nothing, changes no verdict, and costs half a second at most, beyond one run of the answer.
    """
    if _debugger_is_at_work():
        return ()
    try:
        case = cases(exercise, VISIBLE[:1], 0)[0]
        # Two right answers may draw different random numbers, and then no value of one is found in the other.
        if {"seed", "rng"} & case.arguments.keys():
            return ()
        with np.errstate(all="ignore"):
            return tuple(_short(_Search(exercise, answer, case).messages()))
    except Exception:
        return ()  # a hint less; the verdict stands


def _debugger_is_at_work() -> bool:
    monitoring: Any = getattr(sys, "monitoring", None)  # from Python 3.12 on
    return sys.gettrace() is not None or (
        monitoring is not None and any(monitoring.get_tool(number) is not None for number in range(6))
    )


def _short(messages: Iterable[Message]) -> Iterator[Message]:
    room = LONGEST
    for one in messages:
        room -= len(str(one))
        if room < 0:
            return
        yield one


# --- values -----------------------------------------------------------------------------------------------------------


class _Values:
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


def _key(value: AnyArray) -> tuple[object, ...]:
    return value.shape, value.dtype.str, value.tobytes()


def _as_array(value: object) -> AnyArray | None:
    """A number or an array of numbers as an array; None for all else."""
    if isinstance(value, np.ndarray | np.floating | float):
        array = np.asarray(value)
        return array if array.dtype.kind in "fiu" else None
    return None


def _equal(one: AnyArray, other: AnyArray) -> bool:
    return one.shape == other.shape and bool(np.all(compare.close(one, other)))


# --- what the answer passes through -----------------------------------------------------------------------------------


class _OutOfTime(BaseException):
    """The answer runs too long; no `except Exception` of its own must catch this."""


@dataclass
class _Call:
    """One call of a function of the answer: its variables, and the line that gave each its last value."""

    code: CodeType
    last: dict[str, AnyArray] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    line: int = 0
    bound: dict[str, int] = field(default_factory=dict)  # name -> identity, of tuples and lists


class _Tracer:
    """Writes down the values that an answer passes through.

    Args:
        answer: a function or class.
        sizes: of the arrays that are of interest.
    """

    def __init__(self, answer: Answer, sizes: set[int]) -> None:
        self.sizes = sizes
        functions = [
            function
            for one in (answer.__mro__ if inspect.isclass(answer) else [answer])
            for function in functions_of(one)
            if not str(function.__module__).startswith("helpers.nn")
        ]
        self.namespaces = {id(function.__globals__) for function in functions}
        self.own = set(_nested(function.__code__ for function in functions))
        self.seen = _Values()
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
        self.open[id(frame)] = _Call(frame.f_code, line=frame.f_lineno)
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
        variables = dict(frame.f_locals)
        owner = variables.get("self")
        attributes = vars(owner) if hasattr(owner, "__dict__") else {}
        for name, value in (attributes | variables).items():
            self._note(call, name, value, ends)
        call.line = frame.f_lineno
        if ends:
            self._add_inner(returned, DEPTH)
            del self.open[id(frame)]
            if frame.f_code in self.own:
                self.calls.append(call)
            if frame.f_code.co_flags & inspect.CO_GENERATOR:  # a yield, perhaps: the call goes on
                self.open[id(frame)] = _Call(frame.f_code, line=frame.f_lineno)

    def _note(self, call: _Call, name: str, value: object, ends: bool) -> None:
        array = _as_array(value)
        if array is None:
            if isinstance(value, tuple | list) and (ends or call.bound.get(name) != id(value)):
                call.bound[name] = id(value)
                self._add_inner(value, DEPTH)
        elif array.size in self.sizes and not _is_unchanged(call.last.get(name), array):
            call.last[name], call.lines[name] = array.copy(), call.line
            self.seen.add(array, name if call.code in self.own else "")

    def _add_inner(self, value: object, depth: int) -> None:
        array = _as_array(value)
        if array is not None and array.size in self.sizes:
            self.seen.add(array, "")
        elif isinstance(value, tuple | list) and depth:
            for inner in value[:100]:
                self._add_inner(inner, depth - 1)

    def series_of(self) -> dict[str, Series]:
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


def _is_unchanged(before: AnyArray | None, now: AnyArray) -> bool:
    return before is not None and before.shape == now.shape and before.tobytes() == now.tobytes()


def _nested(codes: Iterable[CodeType]) -> Iterator[CodeType]:
    for code in codes:
        yield code
        yield from _nested(filter(inspect.iscode, code.co_consts))


# --- the equations ----------------------------------------------------------------------------------------------------


@dataclass
class _Walk:
    """What came of following the equations once: quantities by name, in their order; inputs by name; the results."""

    quantities: dict[str, Series] = field(default_factory=dict)
    given: dict[str, Series] = field(default_factory=dict)
    record: Values = field(default_factory=dict)


class _Equations:
    """A right answer that shows each of its quantities, and takes another value in its place."""

    def __init__(self, exercise: Exercise, case: Case) -> None:
        self.exercise, self.case = exercise, case
        self.inputs = _Values()
        for array in _arrays(case.arguments):
            self.inputs.add(array, "")
        self.numbers = np.concatenate([np.zeros(0), *(array.ravel() for array in _arrays(case.arguments))])
        self.own: Mapping[str, Series] = {}
        self.walk = _Walk()
        self.others: set[str] = set()  # variables with the name of a result and other values
        self.reached: dict[str, int] = {}
        hooks = _Hooks()
        answer = exercise.spelt_out or exercise.reference
        try:
            tree = hooks.visit(ast.parse(source_of(answer)))
            names = {**vars(sys.modules[answer.__module__]), _Hooks.NAME: self._meet}
            exec(compile(ast.fix_missing_locations(tree), "<the equations>", "exec", dont_inherit=True), names)
            answer = names[answer.__name__]
        except (OSError, TypeError, SyntaxError):
            pass  # no source of its own: the results alone
        self.answer, self.reads, self.looped = answer, hooks.reads, hooks.looped

    def follow(self, own: Mapping[str, Series]) -> _Walk:
        """Follow the equations, with the learner's own values of some quantities in their place."""
        self.own, self.walk, self.reached = own, _Walk(), {}
        self.walk.record = observe(self.exercise, self.answer, self.case.arguments).record
        return self.walk

    def _meet(self, name: str, value: Any) -> Any:
        array = _as_array(value)
        if array is None:
            return value
        count = self.reached[name] = self.reached.get(name, -1) + 1
        if name in self.own:
            return self.own[name][count].copy() if count < len(self.own[name]) else value
        if not _is_constant(array) and name not in self.others:
            series = self.walk.given if self._is_given(array) else self.walk.quantities
            series.setdefault(name, []).append(array.copy())
        return value

    def _is_given(self, array: AnyArray) -> bool:
        """Whether it is an input, or a view of a part of one."""
        return array in self.inputs or (array.base is not None and bool(np.isin(array, self.numbers).all()))


def _is_constant(array: AnyArray) -> bool:
    """Zeros, ones, one whole number: found anywhere, and no quantity."""
    return not array.size or bool(array.min() == array.max() and (array.size > 1 or array == np.round(array)))


def _arrays(thing: object) -> Iterator[AnyArray]:
    array = _as_array(thing)
    if array is not None:
        yield array
    elif isinstance(thing, dict | tuple | list):
        for inner in thing.values() if isinstance(thing, dict) else thing:
            yield from _arrays(inner)


class _Hooks(ast.NodeTransformer):
    """After the last assignment to a name in a function it puts `name = meet("name", name)`.

    The last, since only there a name that is used twice stands for its quantity: `f, g = split(A)`, then
    `f = sigmoid(f)`.
    """

    NAME = "__meet__"

    def __init__(self) -> None:
        self.reads: dict[str, set[str]] = {}  # name -> those that its assignment reads
        self.looped: set[str] = set()
        self.last: dict[str, ast.stmt] = {}
        self.loops = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer = self.last
        self.last = {
            name: statement
            for statement in ast.walk(node)
            if isinstance(statement, _Binding)
            for name in map(_name, _targets(statement))
        }
        self.generic_visit(node)
        self.last = outer
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.loops += 1
        self.generic_visit(node)
        self.loops -= 1
        return node

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        return [node, *self._hooks(node)]

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        return [node, *self._hooks(node)]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> list[ast.stmt]:
        return [node, *self._hooks(node)]

    def _hooks(self, node: _Binding) -> Iterator[ast.stmt]:
        for target in _targets(node):
            name = _name(target)
            if self.last.get(name) is node and not (self.loops and _fills(node)):
                self.reads.setdefault(name, set()).update(_loaded(node))
                self.looped |= {name} if self.loops else set()
                text = ast.unparse(target)
                yield ast.parse(f"{text} = {self.NAME}({name!r}, {text})").body[0]


def _targets(node: _Binding) -> list[ast.expr]:
    """The variables, and attributes of self, that an assignment binds."""
    whole = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = [part for one in whole for part in (one.elts if isinstance(one, ast.Tuple | ast.List) else [one])]
    parts = [part.value if isinstance(part, ast.Subscript) else part for part in parts]  # `y[rows] -= 1` changes y
    has_value = node.value is not None
    return [part for part in parts if has_value and (isinstance(part, ast.Name) or _is_of_self(part))]


def _fills(node: _Binding) -> bool:
    """Whether it changes a part of an array, which in a loop is not complete yet."""
    whole = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(isinstance(target, ast.Subscript) for target in whole)


def _is_of_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _loaded(node: _Binding) -> set[str]:
    inner = [one for one in ast.walk(node) if isinstance(one, ast.Name | ast.Attribute)]
    names = {_name(one) for one in inner if isinstance(one.ctx, ast.Load)}
    return names | {_name(one) for one in _targets(node)} if isinstance(node, ast.AugAssign) else names


# --- the search -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wrong:
    """A quantity or result that is wrong: its name, the learner's for it, what it should be, what it is."""

    name: str
    yours: str
    expected: Any
    got: Any


class _Search:
    """Looks for the first wrong quantity of an answer, and for what is wrong by itself after it."""

    def __init__(self, exercise: Exercise, answer: Answer, case: Case) -> None:
        self.end = time.thread_time() + LIMIT
        self.exercise, self.case = exercise, case
        self.equations = _Equations(exercise, case)
        plain = self.equations.follow({})
        for name, series in plain.quantities.items():
            if name in plain.record and not any(_is(value, plain.record[name]) for value in series):
                self.equations.others.add(name)
        self.plain = self.walk = self.equations.follow({})
        everything = [*self.plain.quantities.values(), *self.plain.given.values(), _arrays(self.plain.record)]
        self.tracer = _Tracer(answer, {array.size for series in everything for array in series})
        self.observed = self.tracer.run(exercise, answer, case.arguments)
        self.record, self.seen, self.variables = self.observed.record, self.tracer.seen, self.tracer.series_of()
        self.own: dict[str, Series] = {}
        self.wrong: list[_Wrong] = []
        self.doubtful: set[str] = set()  # what was passed over, and may hold the mistake
        self.blamed: set[str] = set()  # of these, what a wrong quantity was made of
        self.mixed: dict[str, str] = {}

    # what holds what

    def _is_right(self, name: str, walk: _Walk) -> bool:
        return all(value in self.seen for value in walk.quantities.get(name, []))

    def _stands(self, name: str, walk: _Walk) -> bool:
        """Whether a quantity is right and is not found under the names of others alone."""
        names = {one for value in walk.quantities.get(name, []) for one in self.seen.names_of(value) or ()} - {""}
        return self._is_right(name, walk) and not (names and names <= self.mixed.keys() and name in self.variables)

    def _agrees(self, result: str, walk: _Walk) -> bool:
        return compare.same(self.record[result], walk.record.get(result))

    def _score(self, walk: _Walk, without: Iterable[str]) -> int:
        """How much comes out right, some names apart."""
        names = walk.quantities.keys() - set(without)
        results = [name for name in self.record if _base(name) not in set(without)]
        return sum(self._is_right(name, walk) for name in names) + sum(self._agrees(name, walk) for name in results)

    def _find_mixed_up(self) -> None:
        """Find variables with the name of one quantity and the values of another, the first in the equations first.

        What is made of them has the values of another quantity as well, until they are followed in their place.
        """
        while mixed := self._mixed_up():
            mixed_values = {name: self._named(name, (self.walk.given | self.walk.quantities)[name]) for name in mixed}
            own = self.own | mixed_values
            walk = self.equations.follow(own)
            gain = self._score(walk, own) - self._score(self.walk, own)
            if gain < 0 or (gain == 0 and not mixed.keys() <= self.variables.keys()):
                return
            self.own, self.walk, self.mixed = own, walk, self.mixed | mixed

    def _mixed_up(self) -> dict[str, str]:
        """One such variable, or some that have each other's values: name to the other name.

        Only if the variable never held its own quantity, which stands under no other name either.
        """
        known = self.walk.given | self.walk.quantities
        mixed: dict[str, str] = {}
        for name, series in known.items():
            theirs = self._named(name, series)
            if theirs and not any(name in (self.seen.names_of(value) or ()) for value in series):
                others = [other for other in known if other != name and _same_series(known[other], theirs)]
                if others:
                    mixed[name] = others[0]
        for name in list(mixed):
            names = {one for value in known[name] for one in self.seen.names_of(value) or ()}
            if not names <= {"", *mixed}:
                del mixed[name]
        first = next(iter(mixed), "")
        found: dict[str, str] = {}
        while first in mixed and first not in found:
            found[first] = first = mixed[first]
        return found

    def _named(self, name: str, series: Series) -> Series:
        """The values of the learner's variable of a name, or else of the result."""
        return self._aligned(name, series) or self._returned(name, series) or []

    def _aligned(self, name: str, series: Series) -> Series | None:
        """The values of the learner's variable of a name, if they match a series one by one in shape."""
        theirs = self.variables.get(name, [])
        return theirs if [one.shape for one in theirs] == [one.shape for one in series] else None

    def _returned(self, name: str, series: Series) -> Series | None:
        """The results that are a quantity, if they match a series one by one in shape."""
        again = " of a second call"
        for names in ([name, *(one for one in self.record if one.startswith(name + again))], [*self.record]):
            found = [_as_array(self.record[one]) for one in names if one in self.record and _base(one) == name]
            arrays = [one for one in found if one is not None]
            if arrays and [one.shape for one in arrays] == [one.shape for one in series]:
                return arrays
        return None

    # one quantity after the other

    def run(self) -> None:
        """Find what is wrong."""
        self._find_mixed_up()
        for name in list(self.plain.quantities):
            if time.thread_time() > self.end:
                break
            series = self.walk.quantities.get(name)
            if name not in self.own and series and not self._stands(name, self.walk):
                self._look_into(name, series)
        self._look_at_results()

    def _look_into(self, name: str, series: Series) -> None:
        """Find the learner's own values of a quantity that is not there, and go on with them."""
        before = self._score(self.walk, {name, *self.own})
        best: tuple[int, str, Series, _Walk] | None = None
        for yours, theirs in self._candidates(name, series):
            walk = self.equations.follow(self.own | {name: theirs})
            gain = self._score(walk, {name, *self.own}) - before
            # What has its name need not prove itself by what follows, which may be wrong too, unless it is an input.
            is_named = yours in ("", name) and not all(value in self.equations.inputs for value in theirs)
            if gain > (best[0] if best else -1 if is_named else 0):
                best = gain, yours, theirs, walk
            if time.thread_time() > self.end:
                break
        made_of = self.equations.reads.get(name, set()) & self.doubtful
        if best is None:
            used = (one for one, reads in self.equations.reads.items() if name in reads)
            if not any(self._is_right(one, self.walk) for one in used if one in self.walk.quantities):
                self.doubtful.add(name)
            return
        _, yours, theirs, walk = best
        yours = yours or next((one for one in self.variables if _same_series(self.variables[one], theirs)), "")
        if not made_of & self.blamed:
            self.wrong.append(_Wrong(name, yours, series[-1], theirs[-1]))
        self.blamed |= made_of
        self.own, self.walk = self.own | {name: theirs}, walk

    def _candidates(self, name: str, series: Series) -> Iterator[tuple[str, Series]]:
        """The values of the answer that may be its own of a quantity, the likeliest first."""
        if name in self.equations.looped:
            return
        if (named := self._aligned(name, series)) is not None:
            yield name, named
        if (returned := self._returned(name, series)) is not None:
            yield "", returned
        for yours in self.variables:
            theirs = self._aligned(yours, series)
            if theirs and yours not in self.plain.quantities and not self._is_known(theirs):
                yield yours, theirs

    def _is_known(self, theirs: Series) -> bool:
        known = [*self.plain.quantities.values(), *self.plain.given.values()]
        return all(value in self.equations.inputs for value in theirs) or any(
            _same_series(theirs, series) for series in known
        )

    def _look_at_results(self) -> None:
        """Compare what came back with what the equations make of the learner's own values."""
        done = {one.name for one in self.wrong} | self.own.keys()
        several: set[str] = set()  # of results that are numbered, the first speaks for all
        for name in self.case.expected.record:
            base = _base(name)
            if base in done or _without_number(name) in several or not self._is_plain(name):
                continue
            if self._agrees(name, self.walk):
                continue
            if self.wrong and (self.doubtful or self.equations.looped or _is_again(name)):
                return  # it may follow from what is wrong already
            several.add(_without_number(name))
            self.wrong.append(_Wrong(name, "", self.walk.record.get(name), self.record[name]))

    def _is_plain(self, result: str) -> bool:
        """Whether a result is a quantity, and not that of a call that tries something special."""
        is_plain = result == _base(result) or _OF_A_QUANTITY.fullmatch(result) is not None
        is_again = _is_again(result) and _base(result) in self.record
        is_number = _as_array(self.case.expected.record[result]) is not None
        return result in self.record and is_number and (is_plain or is_again)

    # the words

    def messages(self) -> Iterator[Message]:
        """What can be said."""
        expected = self.case.expected.record
        if all(name in self.record and compare.same(self.record[name], expected[name]) for name in expected):
            return
        self.run()
        if self.mixed:
            yield _on_mixed_up(self.mixed)
        right, rest = self._right(), self._on_wrong()
        if right and not (self.wrong and _is_again(self.wrong[0].name)):
            template = "Right so far: {right}." if self.wrong else "Right on the way: {right}."
            so_far = message(template, right=listed(right))
            if rest:
                yield message("{right} {wrong}", right=so_far, wrong=rest[0])
            elif self.observed.error is not None:
                yield so_far
        elif rest and (len(rest) > 1 or self.mixed or not self._is_all_there_is(self.wrong[0])):
            yield rest[0]
        yield from rest[1:]

    def _right(self) -> list[str]:
        """The quantities and results that are right: the last of them, nearest to what is wrong."""
        wrong = {_base(one.name) for one in self.wrong} | self.mixed.keys()
        names = [name for name in self.plain.quantities if self._stands(name, self.plain)]
        names += [name for name in self.record if name == _base(name) and self._agrees(name, self.plain)]
        return [name for name in dict.fromkeys(names) if name not in wrong][-MOST_NAMES:]

    def _on_wrong(self) -> list[Message]:
        """What is wrong, how, and what else is."""
        if not self.wrong:
            return []
        first, also = self.wrong[0], self.wrong[1:]
        if self._is_misplaced(first):
            also = [one for one in also if not self._is_misplaced(one)]
        found = self._with_its_name(first) or self._without_its_name(first)
        if also:
            names = listed(dict.fromkeys(_shown(one.name) for one in also))
            found.append(message("Wrong as well, even with your own values before it: {names}.", names=names))
        return found

    def _is_all_there_is(self, wrong: _Wrong) -> bool:
        """Whether a result is wrong and nothing is known but that: the panel says so anyway."""
        return _base(wrong.name) in map(_base, self.record) and not self._with_its_name(wrong)

    def _is_misplaced(self, wrong: _Wrong) -> bool:
        """Whether a result was computed, and something else came back in its place."""
        expected = _as_array(wrong.expected)
        return not wrong.yours and expected is not None and expected in self.seen

    def _with_its_name(self, wrong: _Wrong) -> list[Message]:
        """What is wrong, in one sentence with how; [] if that is not known."""
        name = _shown(wrong.name)
        if "second call" in wrong.name:
            template = (
                "The first call is right. In the second `{name}` is wrong: what does the layer keep from call to call?"
            )
            if "in training" in wrong.name:
                template = "The first call is right. In the second, in training, `{name}` is wrong."
            return [message(template, name=_base(wrong.name))]
        if "two calls" in wrong.name:
            template = "`{name}` is right after one call and wrong after two: is each gradient added to what is there?"
            return [message(template, name=_base(wrong.name))]
        others = self._same_as(wrong)
        if self._is_misplaced(wrong):
            template = "`{name}` is right on the way, but not in the end."
            if "cache" in wrong.name:
                template = "`{name}` is right on the way, but not in the cache."
            if others:
                template = "`{name}` is right on the way, but what comes back in its place is `{other}`."
                if "cache" in wrong.name:
                    template = "The cache has `{other}` where `{name}` belongs."
            return [message(template, name=name, other=others[0] if others else "")]
        got, expected = _as_array(wrong.got), _as_array(wrong.expected)
        if got is None or expected is None or got.shape != expected.shape or wrong.yours or got.ndim < 3:
            return []
        found = _on_steps(name, got, expected, "hs" in self.record)
        return [] if found is None else [found]

    def _without_its_name(self, wrong: _Wrong) -> list[Message]:
        found = [self._first_wrong(wrong)]
        got, expected, others = _as_array(wrong.got), _as_array(wrong.expected), self._same_as(wrong)
        if others:
            found.append(message("It has the values of `{other}`.", other=others[0]))
        elif got is not None and expected is not None:
            how = _on_form(got, expected)
            found += [] if how is None else [how]
        return found

    def _first_wrong(self, wrong: _Wrong) -> Message:
        values: dict[str, object] = {"name": _shown(wrong.name), "yours": wrong.yours}
        if wrong.yours in self.variables:
            code = self.tracer.code_of(wrong.yours)
            if code:
                return Message("First wrong: `{name}`, at `{code}`.", values | {"code": code})
            if wrong.yours != wrong.name:
                return Message("First wrong: `{name}`, your `{yours}`.", values)
        return Message("First wrong: `{name}`.", values)

    def _same_as(self, wrong: _Wrong) -> list[str]:
        """The other quantities whose values it has."""
        known = {name: [value] for name, value in self.case.expected.record.items() if name == _base(name)}
        known |= self.plain.given | self.plain.quantities
        others = [name for name in known if name not in {_base(wrong.name), *self.equations.looped}]
        return [name for name in others if any(_is(one, wrong.got) for one in known[name])]


#: Results with more than a name that are quantities all the same.
_OF_A_QUANTITY = re.compile(r"\w+ in the cache|cache\[\d+\], \w+,|[hc] of d?state|[\w.]+\.grad, .*|gradient of .*")


def _is_again(result: str) -> bool:
    return "second call" in result or "two calls" in result


def _base(result: str) -> str:
    """The quantity that a result is: `f` of `f in the cache` and of `cache[5], f,`."""
    entry = re.fullmatch(r"cache\[\d+\], (\w+),", result)
    return entry[1] if entry else result.partition(" ")[0].rstrip(",")


def _without_number(result: str) -> str:
    return re.sub(r"\[\d+\]", "", result)


def _shown(result: str) -> str:
    return _base(result) if "cache" in result or "," in result else result


def _is(one: object, other: object) -> bool:
    first, second = _as_array(one), _as_array(other)
    return first is not None and second is not None and _equal(first, second)


def _same_series(one: Series, other: Series) -> bool:
    return len(one) == len(other) and all(map(_equal, one, other))


def _on_mixed_up(mixed: Mapping[str, str]) -> Message:
    names = list(mixed)
    if len(names) == 1:
        return message("Your `{name}` has the values of `{other}`.", name=names[0], other=mixed[names[0]])
    if len(names) == 2:
        template = "Your `{one}` has the values of `{first}`, and your `{two}` those of `{second}`."
        one, two = names
        return message(template, one=one, two=two, first=mixed[one], second=mixed[two])
    template = "Your {names} have the values of {others}, in this order."
    return message(template, names=listed(names), others=listed(mixed.values()))


def _on_steps(name: str, got: AnyArray, expected: AnyArray, is_recurrent: bool) -> Message | None:
    """Say from which step in time on a result (N, T, ·) goes wrong, or back from which one."""
    wrong = np.flatnonzero(~compare.close(got, expected).all(axis=(0, 2))).tolist()
    last = got.shape[1] - 1
    if wrong == [*range(wrong[0], last + 1)] and wrong[0] > 0:
        template = "`{name}` is right at step 0 and wrong from step 1 on: what is carried from step to step?"
        if wrong[0] > 1:
            template = "`{name}` is right up to step {before} and wrong from step {step} on."
        return message(template, name=name, before=wrong[0] - 1, step=wrong[0])
    if wrong == [*range(wrong[-1] + 1)] and wrong[-1] < last:
        template = "`{name}` is right at the last step and wrong before it: what goes back from step to step?"
        if wrong[-1] < last - 1:
            template = "`{name}` is right from step {after} on and wrong before it."
        return message(template, name=name, after=wrong[-1] + 1)
    if _equal(got[:, ::-1], expected):
        return message("`{name}` is in reverse order of time.", name=name)
    if is_recurrent and len(wrong) == last + 1:
        template = "`{name}` is wrong at step 0 already: what does it start from?"
        if name.startswith("d"):
            template = "`{name}` is wrong at the last step already: what does it start from?"
        return message(template, name=name)
    return None


def _on_form(got: AnyArray, expected: AnyArray) -> Message | None:
    """Say what turns one array into the other."""
    if got.ndim == 2 and _equal(got.T, expected):
        return message("It is there, transposed.")
    if got.shape != expected.shape or not got.size:
        return None
    order = _BLOCKS.get(got.shape[-1]) if got.ndim else None
    if order is not None:
        blocks = zip(order, np.split(compare.close(got, expected), len(order), axis=-1))
        off = [letter for letter, right in blocks if not right.all()]
        if len(off) == 1:
            return message("Only its block `{off}` is wrong.", off=off[0])
        if len(off) < len(order):
            return message("Only its blocks {off} are wrong.", off=listed(off))
    factor = _factor(got, expected)
    return None if factor is None else message("It is {factor} times what it should be.", factor=factor)


def _factor(got: AnyArray, expected: AnyArray) -> str | None:
    """The whole number, or one divided by it, that all of `expected` was multiplied by."""
    there = expected != 0
    if there.sum() < 2:
        return None
    ratio = float(np.mean(got[there] / expected[there]))
    for factor, text in ((round(ratio), "{}"), (round(1 / ratio) if ratio else 0, "1/{}")):
        if 0 < abs(factor) <= 1_000 and _equal(got, expected * factor if text == "{}" else expected / factor):
            return text.format(factor)
    return None
