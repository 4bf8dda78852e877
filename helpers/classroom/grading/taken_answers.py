"""What of a submission was taken as the answer to an exercise: for the graded notebook, and for the report."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from helpers.checks.answer_search import FoundAnswers
from helpers.checks.grade_id import GradeId
from helpers.checks.notebook_file import Cell
from helpers.classroom.grading.sanitize import for_terminal

#: Most cells and definitions that a report tells of.
MAX_TOLD = 20


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
    lines: list[tuple[Cell, int, int]]
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
        if number not in (wanted.fallback, *wanted.candidates):
            raise ValueError
        lines = [(answers.cells[cell], int(first), int(last)) for cell, first, last in lines if cell in answers.own]
        return cls(answers, exercise_id, answers.cells[number], lines, [one for one in defining if one in answers.own])

    @property
    def source(self) -> str:
        """The text of it, definitions of other cells first."""
        if self.cell is None:
            return ""
        parts = ["\n".join(cell.source.split("\n")[first - 1 : last]) for cell, first, last in self.lines]
        if parts:
            parts = ["# From other cells of this notebook:\n" + "\n".join(parts) + "\n"]
        return "\n\n".join([*parts, self.cell.source])

    def fail(self, told: Any) -> None:
        """Note which definitions could not be run, as untrusted code tells it: pairs of a cell and an error."""
        with contextlib.suppress(TypeError, ValueError):
            self.failed = [(int(cell), for_terminal(error, 200)) for cell, error in told[:MAX_TOLD]]

    def remarks(self) -> list[str]:
        """Sentences on what was taken, where more than one cell could be meant, or others came with it."""
        if self.cell is None:
            return [f"The answer cell {GradeId('ex', self.exercise_id)} is missing."]
        if self.cell.index not in self.answers.own:
            return []
        wanted, here = self.answers.wanted[self.exercise_id], f"Exercise {self.exercise_id}"
        place, said = self.cell.index + 1, []
        is_below = self.cell.index > wanted.end
        if len(self.defining) > 1:
            which = "the last one, below the check" if is_below else "the last one above the check"
            cells = _listed(index + 1 for index in self.defining)
            said.append(f"{here}: cells {cells} define `{wanted.name}`; cell {place} was taken, {which}.")
        elif is_below:
            said.append(f"{here}: `{wanted.name}` is defined below its check only; cell {place} was taken.")
        if self.lines:
            others = dict.fromkeys(cell.index + 1 for cell, _, _ in self.lines)
            said.append(f"{here}: with it came definitions of cell{'s' * (len(others) > 1)} {_listed(others)}.")
        for cell, error in self.failed[:MAX_TOLD]:
            said.append(f"{here}: a definition in cell {cell + 1} could not be run. {error}.")
        return said


def _listed(numbers: Iterable[int]) -> str:
    *others, last = [*map(str, numbers)][:MAX_TOLD]
    return f"{', '.join(others)} and {last}" if others else last
