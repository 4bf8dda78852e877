"""The statements of a cell, each with the names that it defines, changes and looks up.

This file also exists inside the sandbox, and needs the standard library only.
"""

import ast
import contextlib
import dis
import functools
import inspect
import linecache
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

#: Longest cell that is looked at [characters].
LONGEST_CELL = 200_000

#: A line that only IPython understands: %magic, !program, ?help, help?, and assignments of the first two; and one
#: that times a statement.
_MAGIC = re.compile(r"^\s*([%!?]|[\w.]+\?+\s*$|[\w, ]+=\s*[%!])")
_TIMED = re.compile(r"^(\s*)%time\s+(?=[^\s-])")

#: A cell that IPython does not run as Python in the notebook's own namespace.
_FOREIGN = re.compile(r"\s*%%(?!time\b|capture\b|prun\b)")

#: Methods that change the object that they belong to.
_CHANGING = frozenset({"add", "append", "clear", "discard", "extend", "insert", "pop", "register", "remove", "reverse"})
_CHANGING |= {"setdefault", "sort", "update"}

#: Imports of what every answer has anyway.
_STANDARD_IMPORTS = frozenset(
    ["import numpy as np"]
    + [f"from helpers.nn import {name}" for name in ("Layer", "Param", "LSTM_ORDER", "GRU_ORDER", "LanguageModel")]
)


@dataclass(frozen=True)
class Definition:
    """One statement of a cell at its top level: an import, a function, a class, an assignment, or some of these.

    Args:
        cell: number of its cell.
        first, last: the numbers of its lines, from 1.
        code: compiled.
        binds: the names that it defines or changes; "*" stands for whatever an import brings.
        calls: the names of the functions that it calls for what they change: those of decorators and plain calls.
        changes: the names that a function changes when it is called.
        kind: of its syntax.
    """

    cell: int
    first: int
    last: int
    code: CodeType
    binds: frozenset[str]
    calls: frozenset[str]
    changes: frozenset[str]
    kind: type[ast.stmt]

    @property
    def is_import(self) -> bool:
        """Whether it is an import."""
        return issubclass(self.kind, ast.Import | ast.ImportFrom)

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """The global names that it looks up, when it runs or later."""
        return self.reads_now | {name for code in nested(self.code) for name in looked_up(code)}

    @functools.cached_property
    def reads_now(self) -> frozenset[str]:
        """The global names that it looks up when it runs."""
        return frozenset(looked_up(self.code))

    def run(self, namespace: dict[str, Any]) -> None:
        """Run it in a namespace, what it awaits as far as that goes without an event loop."""
        awaiting = eval(self.code, namespace)
        if self.code.co_flags & inspect.CO_COROUTINE:
            with contextlib.suppress(StopIteration):
                while True:
                    awaiting.send(None)


def without_magics(source: str) -> str:
    """Return a cell's source without the lines that only IPython understands, as far as they keep it from being read.

    Raises:
        ValueError: it has null bytes.
    """
    if _FOREIGN.match(source):
        return ""
    lines = source.split("\n")
    while (number := _first_error(lines)) >= 0:
        magics = [place for place, line in enumerate(lines) if _MAGIC.search(line)]
        if not magics:
            break
        # The error may be found in another line, as that of a bracket which a command leaves open.
        begin = end = number if number in magics else magics[0]
        while lines[end].endswith("\\") and end + 1 < len(lines):
            end += 1
        timed = _TIMED.match(lines[begin])
        indent = lines[begin][: -len(lines[begin].lstrip())]
        plain = timed[1] + lines[begin][timed.end() :] if timed else f"{indent}pass"
        lines[begin : end + 1] = [plain, *[""] * (end - begin)]
    return "\n".join(lines)


def _first_error(lines: Sequence[str]) -> int:
    """The index of the line in which a parser finds an error, -1 if it finds none."""
    try:
        ast.parse("\n".join(lines))
    except SyntaxError as error:
        return (error.lineno or 1) - 1
    return -1


def read_statements(source: str, cell: int, flags: int) -> Iterator[Definition]:
    """Yield the statements of a cell; none if it is too long.

    Args:
        source: of the cell.
        cell: its number.
        flags: for the compiler.

    Raises:
        SyntaxError, ValueError, OverflowError, RecursionError, MemoryError: it cannot be read as Python.
    """
    if len(source) > LONGEST_CELL:
        return
    filename = f"<exercise cell {cell + 1}>"
    tree = ast.parse(without_magics(source), filename)
    _remember_lines(filename, source)
    for statement in tree.body:
        for node in _alone(statement):
            code = compile(ast.Module([node], []), filename, "exec", flags, dont_inherit=True)
            steps = dis.get_instructions(code)
            stored = {step.argval for step in steps if step.opname in ("STORE_NAME", "STORE_GLOBAL")}
            first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
            yield Definition(
                cell=cell,
                first=first,
                last=node.end_lineno or node.lineno,
                code=code,
                binds=frozenset(stored | _changed_now(node) | _starred(node)),
                calls=frozenset(_called(node)),
                changes=frozenset(_changed_later(node, code)),
                kind=type(node),
            )


def _alone(node: ast.stmt) -> Iterator[ast.stmt]:
    """An import of several names as one import each: some of the course's are not there where answers run."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            one = ast.copy_location(type(node)(**{**dict(ast.iter_fields(node)), "names": [alias]}), node)
            if ast.unparse(one) not in _STANDARD_IMPORTS:
                yield one
    else:
        yield node


def _changed_now(node: ast.stmt) -> set[str]:
    """The names whose value a statement changes in a part when it runs."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return set().union(*map(_changed, node.decorator_list))
    return _changed(node)


def _changed_later(node: ast.stmt, code: CodeType) -> set[str]:
    """The names whose value a function changes when it is called."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    steps = (step for inner in nested(code) for step in dis.get_instructions(inner))
    return _changed(node) | {step.argval for step in steps if step.opname == "STORE_GLOBAL"}


def _changed(node: ast.AST) -> set[str]:
    """The names whose value is changed in a part: x[0] = 1, x.y = 2, x.append(3), setattr(x, "y", 2)."""
    names = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Subscript | ast.Attribute) and isinstance(part.ctx, ast.Store):
            names.add(_root(part))
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in _CHANGING:
            names.add(_root(part.func))
        elif isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "setattr":
            names |= {_root(given) for given in part.args[:1]}
        elif isinstance(part, ast.Attribute) and part.attr == "register":  # a decorator need not be called
            names.add(_root(part))
    return names - {""}


def _root(node: ast.expr) -> str:
    """The name with which an expression such as x.y[0] begins, or ""."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _called(node: ast.stmt) -> set[str]:
    """The names of the functions that are called for what they change: decorators, and calls that are statements."""
    found = list(getattr(node, "decorator_list", ()))
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        found = [part.value for part in ast.walk(node) if isinstance(part, ast.Expr)]
    return {_root(one.func if isinstance(one, ast.Call) else one) for one in found} - {""}


def _starred(node: ast.stmt) -> set[str]:
    return {"*"} if isinstance(node, ast.ImportFrom) and node.names[0].name == "*" else set()


def looked_up(code: CodeType) -> Iterator[str]:
    """Yield the global names that code looks up when it runs; attributes are none."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"):
            yield step.argval


def nested(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of all functions and classes inside code."""
    for inner in code.co_consts:
        if inspect.iscode(inner):
            yield inner
            yield from nested(inner)


def _remember_lines(filename: str, source: str) -> None:
    """Let a traceback quote a cell's lines."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
