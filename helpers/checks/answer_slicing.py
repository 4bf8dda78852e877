"""What of a notebook answers an exercise: the cell that does, and the definitions in other cells that it needs.

Only these are run, so an answer is what it is in the notebook, and no cell that trains or draws runs with it. Used
where `answer` takes a saved answer, and where a submission is graded: this file also exists inside the sandbox, and
needs the standard library only.
"""

import ast
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

#: A line that only IPython understands: %magic, !program, ?help, help?, and assignments of the first two.
_MAGIC = re.compile(r"^\s*([%!?]|[\w.]+\?+\s*$|[\w, ]+=\s*[%!])")

#: A cell that IPython does not run as Python in the notebook's own namespace.
_FOREIGN = re.compile(r"\s*%%(?!time\b|capture\b|prun\b)")

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
        kind: of its syntax.
    """

    cell: int
    first: int
    last: int
    code: CodeType
    binds: frozenset[str]
    kind: type[ast.stmt]

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """The global names that it looks up, when it runs or later."""
        return self.reads_now | {name for code in _nested(self.code) for name in _looked_up(code)}

    @functools.cached_property
    def reads_now(self) -> frozenset[str]:
        """The global names that it looks up when it runs."""
        return frozenset(_looked_up(self.code))


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
        self.sources = sources
        self.wanted = wanted
        self.by_name = {one.name: exercise_id for exercise_id, one in wanted.items()}
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
        filename = f"<exercise {exercise_id}>"
        source = without_magics(self.sources[found.cell], filename)
        _remember_lines(filename, self.sources[found.cell])
        try:
            exec(compile(source, filename, "exec"), namespace)
        finally:
            failed += _run([one for one in found.definitions if one.cell > found.cell], namespace)
        return failed

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
            if name in reached or (name != wanted.name and name in self.by_name):
                continue  # the answer to another exercise is run by itself
            reached.add(name)
            first = cell if name == wanted.name and name not in needed else -1
            for other in before:
                if other > first:
                    for place, statement in enumerate(self._statements(other)):
                        if _is_meant(statement, name) and (other, place) not in found:
                            found.add((other, place))
                            open_names += statement.reads
        for other, place in sorted(found):
            yield self._statements(other)[place]

    def _binds(self, cell: int, name: str) -> bool:
        return any(name in statement.binds for statement in self._statements(cell))

    def _statements(self, cell: int) -> tuple[Definition, ...]:
        """The statements of a cell; none if it cannot be read as Python: such a cell defines nothing."""
        if cell not in self._read:
            try:
                self._read[cell] = tuple(_parse(self.sources[cell], cell))
            except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
                self._read[cell] = ()
        return self._read[cell]


def without_magics(source: str, filename: str) -> str:
    """Return a cell's source without the lines that only IPython understands, if it cannot be compiled with them."""
    if _FOREIGN.match(source):
        return ""
    try:
        compile(source, filename, "exec")
    except SyntaxError:
        return "\n".join("" if _MAGIC.search(line) else line for line in source.split("\n"))
    return source


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
            exec(definition.code, namespace)
        except (Exception, SystemExit) as error:
            failed.append((definition, f"{type(error).__name__}: {error}".rstrip(": .")))
    return failed


def _parse(source: str, cell: int) -> Iterator[Definition]:
    if len(source) > LONGEST_CELL:
        return
    filename = f"<exercise cell {cell + 1}>"
    tree = ast.parse(without_magics(source, filename), filename)
    _remember_lines(filename, source)
    for statement in tree.body:
        for node in _alone(statement):
            code = compile(ast.Module([node], []), filename, "exec")
            steps = dis.get_instructions(code)
            stored = {step.argval for step in steps if step.opname in ("STORE_NAME", "STORE_GLOBAL")}
            first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
            yield Definition(
                cell=cell,
                first=first,
                last=node.end_lineno or node.lineno,
                code=code,
                binds=frozenset(stored | _changed(node) | _starred(node)),
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


def _changed(node: ast.stmt) -> set[str]:
    """The names whose value a statement changes in a part: x[0] = 1, x.y = 2."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return set()
    names = set()
    for target in ast.walk(node):
        if isinstance(target, ast.Subscript | ast.Attribute) and isinstance(target.ctx, ast.Store):
            root: ast.expr = target
            while isinstance(root, ast.Subscript | ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name):
                names.add(root.id)
    return names


def _starred(node: ast.stmt) -> set[str]:
    return {"*"} if isinstance(node, ast.ImportFrom) and node.names[0].name == "*" else set()


def _is_meant(statement: Definition, name: str) -> bool:
    """Whether code that looks a name up may mean what a statement defines; a call for its own sake defines nothing."""
    if name in _DYNAMIC and issubclass(statement.kind, _PLAIN_DEFINITIONS):
        return True
    return not statement.binds.isdisjoint((name, "*")) and not issubclass(statement.kind, ast.Expr)


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
