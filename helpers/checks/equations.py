"""The equations of an exercise, followed line by line: a right answer that shows each of its quantities."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from helpers.arrays import AnyArray
from helpers.checks.edits import source_of
from helpers.checks.exercise import Exercise, Values
from helpers.checks.observation import Case, observe
from helpers.checks.tracing import SeenValues, Series, as_array

#: Statements that bind a name.
_Binding: TypeAlias = ast.Assign | ast.AugAssign | ast.AnnAssign


@dataclass
class Walk:
    """What came of following the equations once: quantities by name, in their order; inputs by name; the results."""

    quantities: dict[str, Series] = field(default_factory=dict)
    given: dict[str, Series] = field(default_factory=dict)
    record: Values = field(default_factory=dict)


class Equations:
    """A right answer that shows each of its quantities, and takes another value in its place."""

    def __init__(self, exercise: Exercise, case: Case) -> None:
        self.exercise, self.case = exercise, case
        self.inputs = SeenValues()
        for array in arrays_in(case.arguments):
            self.inputs.add(array, "")
        self.numbers = np.concatenate([np.zeros(0), *(array.ravel() for array in arrays_in(case.arguments))])
        self.own: Mapping[str, Series] = {}
        self.walk = Walk()
        self.others: set[str] = set()  # variables with the name of a result and other values
        self.reached: dict[str, int] = {}
        self.made: set[str] = set()  # the names of quantities that are not just inputs
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

    def made_of(self, name: str) -> set[str]:
        """A quantity and those that the equations make of it."""
        found = {name}
        while more := {one for one, read in self.reads.items() if read & found} - found:
            found |= more
        return found

    def follow(self, own: Mapping[str, Series]) -> Walk:
        """Follow the equations, with the learner's own values of some quantities in their place."""
        self.own, self.walk, self.reached = own, Walk(), {}
        self.walk.record = observe(self.exercise, self.answer, self.case.arguments).record
        if not own:
            self.made = set(self.walk.quantities)
        return self.walk

    def _meet(self, name: str, value: Any) -> Any:
        array = as_array(value)
        if array is None or is_constant(array):
            return value
        is_given = self._is_given(array)
        if name in self.own and is_given == (name not in self.made):
            count = self.reached[name] = self.reached.get(name, -1) + 1
            return self.own[name][count].copy() if count < len(self.own[name]) else value
        if name not in self.own and name not in self.others:
            series = self.walk.given if is_given else self.walk.quantities
            series.setdefault(name, []).append(array.copy())
        return value

    def _is_given(self, array: AnyArray) -> bool:
        """Whether it is an input, or a view of a part of one."""
        return array in self.inputs or (array.base is not None and bool(np.isin(array, self.numbers).all()))


def is_constant(array: AnyArray) -> bool:
    """Zeros, ones, one whole number: found anywhere, and no quantity."""
    return not array.size or bool(array.min() == array.max() and (array.size > 1 or array == np.round(array)))


def arrays_in(thing: object) -> Iterator[AnyArray]:
    """Yield the arrays, and the numbers as arrays, inside dicts, tuples and lists."""
    array = as_array(thing)
    if array is not None:
        yield array
    elif isinstance(thing, dict | tuple | list):
        for inner in thing.values() if isinstance(thing, dict) else thing:
            yield from arrays_in(inner)


class _Hooks(ast.NodeTransformer):
    """After the last assignment to a name in a function it puts `name = meet("name", name)`.

    The last, since only there a name that is used twice stands for its quantity: `f, g = split(A)`, then
    `f = sigmoid(f)`.
    """

    NAME = "__meet__"

    def __init__(self) -> None:
        self.reads: dict[str, set[str]] = {}  # name, or `W.grad` -> the names that its assignment reads
        self.looped: set[str] = set()
        self.last: dict[str, ast.stmt] = {}
        self.loops = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer = self.last
        bindings = [statement for statement in ast.walk(node) if isinstance(statement, _Binding)]
        bindings.sort(key=lambda statement: statement.lineno)  # not as deep as they stand, but in their order
        self.last = {name: statement for statement in bindings for name in map(_name, _targets(statement))}
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
        if isinstance(node, ast.AugAssign) and (found := re.fullmatch(r"self\.(\w+\.grad)", ast.unparse(node.target))):
            self.reads.setdefault(found[1], set()).update(_loaded(node))
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
