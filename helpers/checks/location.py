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
import inspect
import linecache
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
            for (*kind, _), pair in self.kept.items():
                groups.setdefault(tuple(kind), []).append(pair)
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
            if not function.__module__.startswith("helpers.nn")
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
        call, ends = self.open[id(frame)], event == "return"
        variables = dict(frame.f_locals)
        owner = variables.get("self")
        attributes = vars(owner) if hasattr(owner, "__dict__") else {}
        for name, value in (attributes | variables).items():
            self._note(call, name, value, ends)
        call.line = frame.f_lineno
        if ends:
            self._add_inner(arg, DEPTH)
            del self.open[id(frame)]
            if frame.f_code in self.own:
                self.calls.append(call)
            if frame.f_code.co_flags & inspect.CO_GENERATOR:  # a yield, perhaps: the call goes on
                self.open[id(frame)] = _Call(frame.f_code, line=frame.f_lineno)
        return self._on_line

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
        self.own: Mapping[str, Series] = {}
        self.walk = _Walk()
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
        if not _is_constant(array):
            series = self.walk.given if array in self.inputs else self.walk.quantities
            series.setdefault(name, []).append(array.copy())
        return value


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
            if self.last.get(name) is node:
                self.reads.setdefault(name, set()).update(_loaded(node))
                self.looped |= {name} if self.loops else set()
                text = ast.unparse(target)
                yield ast.parse(f"{text} = {self.NAME}({name!r}, {text})").body[0]


def _targets(node: _Binding) -> list[ast.expr]:
    """The variables, and attributes of self, that an assignment binds."""
    whole = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = [part for one in whole for part in (one.elts if isinstance(one, ast.Tuple | ast.List) else [one])]
    has_value = node.value is not None
    return [part for part in parts if has_value and (isinstance(part, ast.Name) or _is_of_self(part))]


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
        self.plain = self.walk = self.equations.follow({})
        everything = [*self.plain.quantities.values(), *self.plain.given.values(), _arrays(self.plain.record)]
        self.tracer = _Tracer(answer, {array.size for series in everything for array in series})
        self.observed = self.tracer.run(exercise, answer, case.arguments)
        self.record, self.seen, self.variables = self.observed.record, self.tracer.seen, self.tracer.series_of()
        self.own: dict[str, Series] = {}
        self.wrong: list[_Wrong] = []
        self.doubtful: set[str] = set()  # what was passed over, and may hold the mistake
        self.blamed: set[str] = set()  # of these, what a wrong quantity was made of
        self.mixed = self._mixed_up()

    # what holds what

    def _is_right(self, name: str, walk: _Walk) -> bool:
        return all(value in self.seen for value in walk.quantities.get(name, []))

    def _agrees(self, result: str, walk: _Walk) -> bool:
        return compare.same(self.record[result], walk.record.get(result))

    def _score(self, walk: _Walk, without: Iterable[str]) -> int:
        """How much comes out right, some names apart."""
        names = walk.quantities.keys() - set(without)
        results = [name for name in self.record if _base(name) not in set(without)]
        return sum(self._is_right(name, walk) for name in names) + sum(self._agrees(name, walk) for name in results)

    def _mixed_up(self) -> dict[str, str]:
        """Variables with the name of one quantity and the values of another: name to other name.

        Only if the variable never held its own quantity, which stands under no other name either.
        """
        known = self.plain.given | self.plain.quantities
        mixed = {}
        for name, series in known.items():
            theirs = self._aligned(name, series)
            if theirs and not any(name in (self.seen.names_of(value) or ()) for value in series):
                others = [other for other in known if other != name and _same_series(known[other], theirs)]
                if others:
                    mixed[name] = others[0]
        for name in list(mixed):
            names = {one for value in known[name] for one in self.seen.names_of(value) or ()}
            if not names <= {"", *mixed}:
                del mixed[name]
        own = {name: self.variables[name] for name in mixed}
        walk = self.equations.follow(own)
        gain = self._score(walk, mixed) - self._score(self.plain, mixed)
        if gain < 0 or (gain == 0 and set(mixed) != set(mixed.values())):
            return {}
        self.own, self.walk = own, walk
        return mixed

    def _aligned(self, name: str, series: Series) -> Series | None:
        """The values of the learner's variable of a name, if they match a series one by one in shape."""
        theirs = self.variables.get(name, [])
        return theirs if [one.shape for one in theirs] == [one.shape for one in series] else None

    # one quantity after the other

    def run(self) -> None:
        """Find what is wrong."""
        for name in list(self.plain.quantities):
            if time.thread_time() > self.end:
                break
            series = self.walk.quantities.get(name)
            if name not in self.own and series and not self._is_right(name, self.walk):
                self._look_into(name, series)
        self._look_at_results()

    def _look_into(self, name: str, series: Series) -> None:
        """Find the learner's own values of a quantity that is not there, and go on with them."""
        before = self._score(self.walk, {name, *self.own})
        best: tuple[int, str, Series, _Walk] | None = None
        for yours, theirs in self._candidates(name, series):
            walk = self.equations.follow(self.own | {name: theirs})
            gain = self._score(walk, {name, *self.own}) - before
            # A variable of the same name need not prove itself by what follows: that may be wrong too.
            if gain > (best[0] if best else -1 if yours == name else 0):
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
        returned = [value for result, value in self.record.items() if _base(result) == name]
        if all(isinstance(value, np.ndarray | float) for value in returned):
            as_arrays = [np.asarray(value) for value in returned]
            if [one.shape for one in as_arrays] == [one.shape for one in series]:
                yield name, as_arrays
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
        bases = {one.name for one in self.wrong} | self.own.keys()
        for name in self.case.expected.record:
            if name not in self.record or _base(name) in bases or self._agrees(name, self.walk):
                continue
            if self.wrong and (self.doubtful or self.equations.looped):
                return  # it may follow from what is wrong already
            bases.add(_base(name))
            self.wrong.append(_Wrong(name, "", self.walk.record.get(name), self.record[name]))

    # the words

    def messages(self) -> Iterator[Message]:
        """What can be said."""
        self.run()
        if self.mixed:
            yield _on_mixed_up(self.mixed)
        right = self._right()
        first = self.wrong[0] if self.wrong else None
        detail = self._detail(first) if first else None
        if first is None:
            if right and self.observed.error is not None:
                yield message("Right before that: {right}.", right=listed(right))
            return
        also = [one.name for one in self.wrong[1:]]
        if right or detail or also or first.yours or self.mixed:
            sentence = self._first_wrong(first)
            if right:
                so_far = message("Right so far: {right}.", right=listed(right))
                sentence = message("{right} {wrong}", right=so_far, wrong=sentence)
            yield sentence
        if detail:
            yield detail
        if also:
            yield message("Wrong as well, even with your own values put into its equation: {also}.", also=listed(also))

    def _right(self) -> list[str]:
        """The quantities and results that are right: the last of them, nearest to what is wrong."""
        wrong = {one.name for one in self.wrong} | self.mixed.keys()
        names = [name for name in self.plain.quantities if self._is_right(name, self.plain)]
        names += [
            name for name in self.record if name == _base(name) and self._agrees(name, self.plain) and name not in names
        ]
        return [name for name in names if name not in wrong][-MOST_NAMES:]

    def _first_wrong(self, wrong: _Wrong) -> Message:
        values: dict[str, object] = {"name": wrong.name, "yours": wrong.yours}
        if wrong.yours in self.variables:
            code = self.tracer.code_of(wrong.yours)
            if code:
                return Message("First wrong: `{name}`, at `{code}`.", values | {"code": code})
            if wrong.yours != wrong.name:
                return Message("First wrong: `{name}`, your `{yours}`.", values)
        return Message("First wrong: `{name}`.", values)

    def _detail(self, wrong: _Wrong) -> Message | None:
        """How what is wrong differs from what it should be."""
        got, expected = _as_array(wrong.got), _as_array(wrong.expected)
        if got is None or expected is None:
            return None
        known = {**self.plain.given, **self.plain.quantities}
        others = [name for name in known if name != _base(wrong.name) and any(_equal(got, one) for one in known[name])]
        if not wrong.yours and expected in self.seen:
            if others:
                template = "`{name}` is right on the way, but what comes back in its place is `{other}`."
                return message(template, name=wrong.name, other=others[0])
            return message("`{name}` is right on the way, but that is not what comes back.", name=wrong.name)
        if others:
            return message("It has the values of `{other}`.", other=others[0])
        if got.ndim == 2 and _equal(got.T, expected):
            return message("It is there, transposed.")
        if got.shape != expected.shape:
            return None
        return _on_parts(wrong.name, compare.close(got, expected)) or _on_factor(got, expected)


def _base(result: str) -> str:
    """The name of the quantity that a result is: `f` of `f in the cache`."""
    return result.partition(" ")[0]


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


def _on_parts(name: str, right: AnyArray) -> Message | None:
    """Say which steps in time, or which blocks, of an array are wrong."""
    if right.ndim == 3 and right.shape[1] == _SIZES.T:
        return _on_steps(name, right.all(axis=(0, 2)).tolist())
    order = _BLOCKS.get(right.shape[-1]) if right.ndim else None
    if order is not None:
        blocks = [bool(block.all()) for block in np.split(right, len(order), axis=-1)]
        off = [letter for letter, is_right in zip(order, blocks) if not is_right]
        if len(off) < len(order):
            template = "Only the blocks {off} of `{name}` are wrong."
            if len(off) == 1:
                template = "Only the block {off} of `{name}` is wrong."
            return message(template, off=listed(off), name=name)
    return None


def _on_steps(name: str, steps: Sequence[bool]) -> Message | None:
    """Say from which step in time on a result goes wrong, or back from which one."""
    wrong = [step for step, is_right in enumerate(steps) if not is_right]
    last = len(steps) - 1
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
    return None


def _on_factor(got: AnyArray, expected: AnyArray) -> Message | None:
    """Say that all is too large or too small by one factor."""
    if not expected.size or not np.all(expected):
        return None
    ratio = float(np.mean(got / expected))
    if not np.isfinite(ratio) or abs(ratio) < 1e-6 or not _equal(got, ratio * expected):
        return None
    return message("It is {ratio:.4g} times what it should be.", ratio=ratio)
