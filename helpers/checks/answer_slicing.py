"""What of a notebook answers an exercise: the cell that does, and the definitions in other cells that it needs.

Only these are run, so an answer is what it is in the notebook, and no cell that trains or draws runs with it. Used
where `answer` takes a saved answer, and where a submission is graded: this file also exists inside the sandbox, and
needs the standard library only.
"""

import __future__

import ast
import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from helpers.checks.cell_statements import Definition, read_statements, without_magics

#: IPython lets it hold for all cells that run later.
_FUTURE = re.compile(r"^from __future__ import .*\bannotations\b", re.MULTILINE)

#: What defines a name and runs nothing else, or little.
_PLAIN_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

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

    def code_of(self, exercise_id: str) -> str:
        """Return the code of an exercise's slice, without comments and layout; "" where nothing answers it."""
        found = self.slice_of(exercise_id)
        if found is None:
            return ""
        places = [(one.cell, one.first - 1, one.last) for one in found.definitions] + [(found.cell, 0, None)]
        lines = [without_magics(self.sources[cell]).split("\n")[first:last] for cell, first, last in places]
        return "\n".join(_without_layout("\n".join(some)) for some in lines)

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
            for statement in self._statements(cell) or read_statements(self.sources[cell], cell, self._flags(cell)):
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
                self._read[cell] = tuple(read_statements(self.sources[cell], cell, self._flags(cell)))
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


def _run(definitions: Iterable[Definition], namespace: dict[str, Any]) -> list[tuple[Definition, str]]:
    """Run definitions, and return those that could not be, each with its error: perhaps the answer does without."""
    failed = []
    for definition in definitions:
        try:
            definition.run(namespace)
        except (Exception, SystemExit) as error:
            failed.append((definition, _told(error)))
    return failed


def _without_layout(text: str) -> str:
    try:
        return ast.unparse(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": .")


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
