"""What of a submission was taken as the answer to an exercise: for the graded notebook, and for the report."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from helpers.checks.answer_search import FoundAnswers
from helpers.checks.cell_statements import LONGEST_CELL
from helpers.checks.grade_id import GradeId
from helpers.checks.notebook_file import Cell
from helpers.classroom.grading.sanitize import for_terminal
from helpers.language.message import Message, message

#: Most cells and definitions that a report tells of.
MAX_TOLD = 20

#: Characters of an answer in code that are shown, and of a line of it; what colours code may take minutes for one line.
MOST_CODE, LONGEST_LINE = 100_000, 1_000


@dataclass
class TakenAnswer:
    """What of a submission answers an exercise, for the report and the graded notebook.

    Args:
        answers: all that was found.
        exercise_id: of the exercise.
        cell: that answers it; None where there is none.
        lines: cell, first and last line of each definition that came with it from another cell.
        defining: all cells of the learner's own that define the name.
        failed: a cell and an error for each of these definitions that could not be run.
    """

    answers: FoundAnswers
    exercise_id: str
    cell: Cell | None
    lines: list[tuple[int, int, int]]
    defining: list[int]
    failed: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, answers: FoundAnswers, exercise_id: str, plan: Any) -> Self:
        """Read a plan of the answers' process, which untrusted code may have changed; None says that nothing answers.

        Raises:
            TypeError, ValueError, IndexError, KeyError: it is not a plan.
        """
        wanted = answers.wanted[exercise_id]
        if plan is None:
            return cls(answers, exercise_id, None, [], [])
        number, lines, defining = plan
        if type(number) is not int or number < 0 or number not in (wanted.fallback, *wanted.candidates):
            raise ValueError
        own = {index for index in answers.own if len(answers.cells[index].source) <= LONGEST_CELL}
        defining = sorted({index for index in defining if type(index) is int} & own)
        return cls(answers, exercise_id, answers.cells[number], _merged(lines, own), defining)

    @property
    def source(self) -> str:
        """The text of it, definitions of other cells first; of one that is too long to be run, the beginning."""
        if self.cell is None:
            return ""
        parts = []
        for index, spans in itertools.groupby(self.lines, lambda one: one[0]):
            lines = self.answers.cells[index].source.split("\n")
            parts += ["\n".join(lines[first - 1 : last]) for _, first, last in spans]
        if parts:
            above = message("# From other cells of this notebook:")
            parts = ["\n".join([str(above), *parts, ""])]
        text = "\n\n".join([*parts, self.cell.source])
        if len(text) > LONGEST_CELL:
            more = message("# … {count:,} more characters are not shown.", count=len(text) - LONGEST_CELL)
            return f"{text[:LONGEST_CELL]}\n{more}"
        return text

    def fail(self, told: Any) -> None:
        """Note which definitions could not be run, as untrusted code tells it: pairs of a cell and an error."""
        with contextlib.suppress(TypeError, ValueError, KeyError):
            pairs = [(cell, error) for cell, error in told[:MAX_TOLD] if type(cell) is int and cell in self.answers.own]
            self.failed = [(cell, for_terminal(error, 200)) for cell, error in pairs]

    def remarks(self) -> list[Message]:
        """Sentences on what was taken, where more than one cell could be meant, or others came with it."""
        if self.cell is None:
            return [message("The answer cell {grade_id} is missing.", grade_id=GradeId("ex", self.exercise_id))]
        if self.cell.index not in self.answers.own:
            return []
        return [*self._where_it_is(self.cell.index), *self._what_came_with_it()]

    def _where_it_is(self, place: int) -> Iterator[Message]:
        wanted = self.answers.wanted[self.exercise_id]
        taken = {"id": self.exercise_id, "name": wanted.name, "cell": place + 1}
        if len(self.defining) > 1:
            template = (
                "Exercise {id}: cells {cells} define `{name}`; cell {cell} was taken, the last one, below the check."
                if place > wanted.end
                else "Exercise {id}: cells {cells} define `{name}`; cell {cell} was taken, the last one "
                "above the check."
            )
            yield message(template, **taken, cells=_listed(index + 1 for index in self.defining))
        elif place > wanted.end:
            template = "Exercise {id}: `{name}` is defined below its check only; cell {cell} was taken."
            yield message(template, **taken)

    def _what_came_with_it(self) -> Iterator[Message]:
        if others := dict.fromkeys(cell + 1 for cell, _, _ in self.lines):
            template = (
                "Exercise {id}: with it came definitions of cell {cells}."
                if len(others) == 1
                else "Exercise {id}: with it came definitions of cells {cells}."
            )
            yield message(template, id=self.exercise_id, cells=_listed(others))
        for cell, error in self.failed[:MAX_TOLD]:
            template = "Exercise {id}: a definition in cell {cell} could not be run. {error}."
            yield message(template, id=self.exercise_id, cell=cell + 1, error=error)


def for_reading(code: str) -> str:
    """Return the code of an answer as it is shown to a person: what is too long is cut, and … says where."""
    lines = code[:MOST_CODE].splitlines()
    cut = "\n".join(line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …" for line in lines)
    if len(code) <= MOST_CODE:
        return cut
    rest = message("# … {count:,} characters: the rest is in the submitted file.", count=len(code))
    return f"{cut}\n{rest}"


def _merged(told: Iterable[Any], own: Iterable[int]) -> list[tuple[int, int, int]]:
    """Cell, first and last line of parts of a notebook, each line once, however often untrusted code names it."""
    merged: list[tuple[int, int, int]] = []
    for cell, first, last in sorted({(cell, first, last) for cell, first, last in told}):
        if {type(cell), type(first), type(last)} != {int} or first < 1:
            raise ValueError
        if merged and merged[-1][0] == cell and first <= merged[-1][2]:
            merged[-1] = (cell, merged[-1][1], max(last, merged[-1][2]))
        elif cell in own:
            merged.append((cell, first, last))
    return merged


def _listed(numbers: Iterable[int]) -> Message | str:
    *others, last = [*map(str, numbers)][:MAX_TOLD]
    return message("{others} and {last}", others=", ".join(others), last=last) if others else last
