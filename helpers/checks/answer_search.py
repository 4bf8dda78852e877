"""Finding a learner's answers in a notebook: one search for `answer`, the progress, the visible checks and the grader.

An exercise is answered as it is in the notebook: by the last cell above its check that defines the name, if it is not
the untouched stub; if there is none, by the last such cell anywhere. Cells are chosen by plain text search, since a
submission is untrusted and Python's own parser can be made to crash; `answer_slicing` reads them, where they run.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from helpers.checks.answer_slicing import Wanted
from helpers.checks.cell_statements import LONGEST_CELL
from helpers.checks.grade_id import GradeId, Kind
from helpers.checks.notebook_file import Cell, NotebookFile, fingerprint


@dataclass(frozen=True)
class Edition:
    """A release of a notebook, as far as it takes to know its cells again.

    Args:
        name: as a copy's metadata have it.
        sources: fingerprints of the sources of its cells, in order.
    """

    name: str
    sources: tuple[str, ...]

    @classmethod
    def of(cls, name: str, sources: Collection[str]) -> "Edition":
        """Return the Edition with these sources."""
        return cls(name, tuple(sorted({*map(fingerprint, sources)})))

    def has(self, cell: Cell) -> bool:
        """Whether a cell is one of this edition, unchanged but for blanks at the ends of lines."""
        return cell.fingerprint in self.sources


@dataclass(frozen=True)
class FoundAnswers:
    """What was found in a notebook.

    Args:
        cells: of the notebook.
        own: the indices of those that the learner added or changed.
        wanted: exercise id to Wanted.
        checks: exercise id to the indices of its visible check's cells.
    """

    cells: tuple[Cell, ...]
    own: frozenset[int]
    wanted: dict[str, Wanted]
    checks: dict[str, list[int]]

    @property
    def sources(self) -> list[str]:
        """The sources of the cells, "" for those that may not be run: the course's own, text, and what is too long."""
        runnable = self.own | {wanted.fallback for wanted in self.wanted.values()}
        answers = {index for wanted in self.wanted.values() for index in wanted.candidates}
        return [
            cell.source
            if len(cell.source) <= LONGEST_CELL
            and (cell.index in answers or (cell.index in runnable and cell.kind == "code"))
            else ""
            for cell in self.cells
        ]

    def is_written(self, exercise_id: str) -> bool:
        """Whether a cell of the learner's own mentions the answer: something was written."""
        wanted = self.wanted[exercise_id]
        return any(index in self.own for index in (*wanted.candidates, wanted.fallback))


def find_answers(notebook: NotebookFile, exercises: Mapping[str, str], editions: Sequence[Edition]) -> FoundAnswers:
    """Find where the answers to some exercises may be.

    Args:
        exercises: exercise id to the name of the function or class.
        editions: those that the notebook may be a copy of, the present one last.
    """
    edition = choose_edition(notebook, editions)
    own = frozenset(cell.index for cell in notebook.cells if edition is None or not edition.has(cell))
    checks = {exercise_id: _find_checks(notebook.cells, exercise_id) for exercise_id in exercises}
    wanted = {
        exercise_id: _find_candidates(notebook.cells, own, exercise_id, name, checks[exercise_id])
        for exercise_id, name in exercises.items()
    }
    return FoundAnswers(notebook.cells, own, wanted, checks)


def choose_edition(notebook: NotebookFile, editions: Sequence[Edition]) -> Edition | None:
    """Return the edition that a notebook names, or the one with which it has most cells in common."""
    named = [edition for edition in editions if edition.name and edition.name == notebook.edition]
    fingerprints = {cell.fingerprint for cell in notebook.cells}
    return max(named or reversed(editions), key=lambda one: len(fingerprints.intersection(one.sources)), default=None)


def _find_candidates(
    cells: Sequence[Cell], own: Collection[int], exercise_id: str, name: str, checks: Sequence[int]
) -> Wanted:
    marked = _find_marked(cells, "ex", exercise_id)
    mention = re.compile(rf"\b{name}\b")
    runnable = [index for index in sorted(own) if cells[index].kind == "code" or index in marked]
    mine = [index for index in runnable if mention.search(cells[index].source)]
    end = checks[-1] if checks else _end_without_check(cells, exercise_id)
    # An untouched stub comes last of all: it says that nothing was written.
    stubs = [index for index in marked if index not in own]
    # The cell with the check may have been merged with the answer.
    candidates = [index for index in mine if index <= end][::-1] + [index for index in mine if index > end][::-1]
    fallback = ([index for index in marked if index in own] or stubs or [-1])[-1]
    return Wanted(name, (*candidates, *stubs), fallback, end)


def _find_checks(cells: Sequence[Cell], exercise_id: str) -> list[int]:
    """The cells with the visible check of an exercise; where none has that name, those that call it."""
    line = re.compile(rf"""\bcheck\(\s*["']{re.escape(exercise_id)}["']""")
    marked = _find_marked(cells, "check", exercise_id)
    return marked or [cell.index for cell in cells if cell.kind == "code" and line.search(cell.source)]


def _end_without_check(cells: Sequence[Cell], exercise_id: str) -> int:
    hidden = _find_marked(cells, "hidden", exercise_id)
    return hidden[-1] if hidden else len(cells)


def _find_marked(cells: Sequence[Cell], kind: Kind, exercise_id: str) -> list[int]:
    """The cells that have a grade id, or have it for their cell id, as in a release."""
    grade_id = str(GradeId(kind, exercise_id))
    return [cell.index for cell in cells if grade_id in (cell.grade_id, cell.id)]
