"""What of a notebook answers an exercise: the cell that does, and the definitions in other cells that it needs.

Only these are run, so an answer is what it is in the notebook, and no cell that trains or draws runs with it. Used
where `answer` takes a saved answer, and where a submission is graded: this file also exists inside the sandbox, and
needs the standard library only.
"""

import __future__

import ast
import contextlib
import dis
import functools
import inspect
import linecache
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any, NamedTuple

#: Longest cell that is looked at [characters].
LONGEST_CELL = 200_000

#: A line that only IPython understands: %magic, !program, ?help, help?, and assignments of the first two; and one
#: that times a statement.
_MAGIC = re.compile(r"^\s*([%!?]|[\w.]+\?+\s*$|[\w, ]+=\s*[%!])")
_TIMED = re.compile(r"^(\s*)%time\s+(?=[^\s-])")

#: A cell that IPython does not run as Python in the notebook's own namespace.
_FOREIGN = re.compile(r"\s*%%(?!time\b|capture\b|prun\b)")

#: IPython lets it hold for all cells that run later.
_FUTURE = re.compile(r"^from __future__ import .*\bannotations\b", re.MULTILINE)

#: Methods that change the object that they belong to.
_CHANGING = frozenset({"add", "append", "clear", "discard", "extend", "insert", "pop", "register", "remove", "reverse"})
_CHANGING |= {"setdefault", "sort", "update"}

#: What defines a name and runs nothing else, or little.
_PLAIN_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

#: Imports of what every answer has anyway.
_STANDARD_IMPORTS = frozenset(
    ["import numpy as np"]
    + [f"from helpers.nn import {name}" for name in ("Layer", "Param", "LSTM_ORDER", "GRU_ORDER", "LanguageModel")]
)

#: Names by which code can reach any other name.
_DYNAMIC = frozenset({"globals", "locals", "vars", "eval", "exec"})


class Wanted(NamedTuple):
    """Where the answer to an exercise may be.

    Args:
        name: of the function or class.
        candidates: the cells that mention the name and may define it, the best first.
        fallback: the cell to take if none of these defines it, or -1.
        end: cells before this one come before the check.
    """

    name: str
    candidates: Sequence[int]
    fallback: int
    end: int


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
        return self.reads_now | {name for code in _nested(self.code) for name in _looked_up(code)}

    @functools.cached_property
    def reads_now(self) -> frozenset[str]:
        """The global names that it looks up when it runs."""
        return frozenset(_looked_up(self.code))

    def run(self, namespace: dict[str, Any]) -> None:
        """Run it in a namespace, what it awaits as far as that goes without an event loop."""
        awaiting = eval(self.code, namespace)
        if self.code.co_flags & inspect.CO_COROUTINE:
            with contextlib.suppress(StopIteration):
                while True:
                    awaiting.send(None)


@dataclass(frozen=True)
class Slice:
    """What is run for an exercise.

    Args:
        cell: number of the cell that answers it.
        definitions: of other cells, in the order of the notebook.
        defining: all cells that define the name, `cell` among them if it does.
        reads: the global names that all of it looks up.
    """

    cell: int
    definitions: tuple[Definition, ...]
    defining: tuple[int, ...]
    reads: frozenset[str]


class NotebookSlices:
    """The slices of one notebook.

    Args:
        sources: the sources of its cells; "" for those that the learner has not changed.
        wanted: exercise id to Wanted.
    """

    def __init__(self, sources: Sequence[str], wanted: Mapping[str, Wanted]) -> None:
        self.sources = list(sources)
        self.wanted = wanted
        self.names = {one.name for one in wanted.values()}
        self._read: dict[int, tuple[Definition, ...]] = {}
        self._slices: dict[str, Slice | None] = {}

    def slice_of(self, exercise_id: str) -> Slice | None:
        """Return the Slice of an exercise; None where nothing in the notebook answers it."""
        if exercise_id not in self._slices:
            self._slices[exercise_id] = self._cut(exercise_id)
        return self._slices[exercise_id]

    def define(self, exercise_id: str, namespace: dict[str, Any]) -> list[tuple[Definition, str]]:
        """Run an exercise's slice in a namespace.

        Returns:
            the definitions of other cells that could not be run, each with its error.

        Raises:
            Exception: what the cell with the answer raises.
        """
        found = self.slice_of(exercise_id)
        if found is None:
            return []
        failed = _run([one for one in found.definitions if one.cell < found.cell], namespace)
        try:
            failed += self._run_answer(found.cell, self.wanted[exercise_id].name, namespace)
        finally:
            failed += _run([one for one in found.definitions if one.cell > found.cell], namespace)
        return failed

    def _run_answer(self, cell: int, name: str, namespace: dict[str, Any]) -> list[tuple[Definition, str]]:
        """Run the cell with an answer; what it imports may be missing here, and may not be needed."""
        missing: list[tuple[Definition, ImportError]] = []
        try:
            for statement in self._statements(cell) or _parse(self.sources[cell], cell, self._flags(cell)):
                try:
                    statement.run(namespace)
                except ImportError as error:
                    if not statement.is_import:
                        raise
                    missing.append((statement, error))
        finally:
            if missing and name not in namespace:
                raise missing[0][1]
        return [(statement, _told(error)) for statement, error in missing]

    def _cut(self, exercise_id: str) -> Slice | None:
        wanted = self.wanted[exercise_id]
        defining = [cell for cell in wanted.candidates if self._binds(cell, wanted.name)]
        if not defining and wanted.fallback < 0:
            return None
        cell = defining[0] if defining else wanted.fallback
        definitions = tuple(self._find_definitions(wanted, cell))
        needed = _needed(self._statements(cell)).union(*(one.reads for one in definitions))
        return Slice(cell, definitions, tuple(sorted(defining)), frozenset(needed))

    def _find_definitions(self, wanted: Wanted, cell: int) -> Iterator[Definition]:
        """Yield the definitions of other cells that an answer reaches, in the order of the notebook."""
        before = [other for other in range(max(wanted.end, cell)) if other != cell and self.sources[other]]
        reached: set[str] = set()
        found: set[tuple[int, int]] = set()
        needed = _needed(self._statements(cell))
        open_names = [wanted.name, *needed]  # a later cell may add to what the answer defines
        while open_names:
            name = open_names.pop()
            if name in reached or (name != wanted.name and name in self.names):
                continue  # the answer to another exercise is run by itself
            reached.add(name)
            first = cell if name == wanted.name and name not in needed else -1
            for other in before:
                if other > first:
                    for place, statement in enumerate(self._statements(other)):
                        if (other, place) not in found and self._is_meant(statement, name):
                            found.add((other, place))
                            open_names += statement.reads
        for other, place in sorted(found):
            yield self._statements(other)[place]

    def _is_meant(self, statement: Definition, name: str) -> bool:
        """Whether code that looks a name up may mean what a statement defines, or changes by a call."""
        if name in _DYNAMIC and issubclass(statement.kind, _PLAIN_DEFINITIONS):
            return True
        return not statement.binds.isdisjoint((name, "*")) or any(
            name in function.changes for called in statement.calls for function in self._functions.get(called, ())
        )

    def _binds(self, cell: int, name: str) -> bool:
        return any(name in statement.binds for statement in self._statements(cell))

    def _statements(self, cell: int) -> tuple[Definition, ...]:
        """The statements of a cell; none if it cannot be read as Python: such a cell defines nothing."""
        if cell not in self._read:
            try:
                self._read[cell] = tuple(_parse(self.sources[cell], cell, self._flags(cell)))
            except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
                self._read[cell] = ()
        return self._read[cell]

    @functools.cached_property
    def _functions(self) -> dict[str, list[Definition]]:
        """Name to the functions of that name that change something when they are called."""
        found: dict[str, list[Definition]] = {}
        for cell in range(len(self.sources)):
            for statement in self._statements(cell):
                for name in statement.binds if statement.changes else ():
                    found.setdefault(name, []).append(statement)
        return found

    def _flags(self, cell: int) -> int:
        """How a cell is compiled: an import from __future__ holds for the cells below it too."""
        is_later = cell >= self._future
        return ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | (__future__.annotations.compiler_flag if is_later else 0)

    @functools.cached_property
    def _future(self) -> int:
        """The first cell with an import from __future__."""
        found = (cell for cell, source in enumerate(self.sources) if _FUTURE.search(source))
        return next(found, len(self.sources))


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


class Nothing:
    """Has every attribute and every item, can be called, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # such as __all__
        return self

    def __call__(self, *args: object, **kwargs: object) -> Any:
        return self

    def __getitem__(self, key: object) -> Any:
        if isinstance(key, int):
            raise IndexError(key)  # a loop over it ends
        return self


#: The names by which a cell asks and changes its notebook; while an answer is defined, they do nothing.
QUIET: dict[str, Any] = {"get_ipython": Nothing(), "input": lambda prompt="": ""}


def names_used_by(answer: object, is_helper: Callable[[str], bool] = lambda name: True) -> set[str]:
    """Return the names that a function, or the methods of a class, look up when they run.

    Those of inner functions and of the helpers in the same namespace are among them.

    Args:
        is_helper: whether the function of a name is looked into.
    """
    functions = functions_of(answer)
    namespace = functions[0].__globals__ if functions else {}
    names: set[str] = set()
    codes = [function.__code__ for function in functions]
    while codes:
        code = codes.pop()
        codes += filter(inspect.iscode, code.co_consts)
        helpers = [namespace.get(name) for name in set(code.co_names) - names if is_helper(name)]
        codes += [one.__code__ for one in helpers if inspect.isfunction(one) and one.__globals__ is namespace]
        names |= set(code.co_names)
    return names


def functions_of(answer: object) -> list[Any]:
    """Return the functions of an answer: itself, or its methods if it is a class."""
    members: Iterable[Any] = vars(answer).values() if inspect.isclass(answer) else [answer]
    return [function for function in map(inspect.unwrap, members) if inspect.isfunction(function)]


def _run(definitions: Iterable[Definition], namespace: dict[str, Any]) -> list[tuple[Definition, str]]:
    """Run definitions, and return those that could not be, each with its error: perhaps the answer does without."""
    failed = []
    for definition in definitions:
        try:
            definition.run(namespace)
        except (Exception, SystemExit) as error:
            failed.append((definition, _told(error)))
    return failed


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": .")


def _parse(source: str, cell: int, flags: int) -> Iterator[Definition]:
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
    steps = (step for inner in _nested(code) for step in dis.get_instructions(inner))
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


def _needed(statements: Iterable[Definition]) -> set[str]:
    """The names that a cell takes from others: what it looks up before it has defined it, or does not define."""
    needed: set[str] = set()
    bound: set[str] = set()
    later: set[str] = set()
    for statement in statements:
        needed |= statement.reads_now - bound
        later |= statement.reads
        bound |= statement.binds
    return needed | (later - bound)


def _looked_up(code: CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"):
            yield step.argval


def _nested(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if inspect.iscode(inner):
            yield inner
            yield from _nested(inner)


def _remember_lines(filename: str, source: str) -> None:
    """Let a traceback quote a cell's lines."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
