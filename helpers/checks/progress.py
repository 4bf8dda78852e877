"""Where a learner stands: the points under the checks of their saved notebooks. Nothing is run, and nothing sent."""

import html
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from IPython.display import display

from helpers.checks.answer_search import FoundAnswers
from helpers.checks.catalogue import EXERCISES, MODULES
from helpers.checks.exercise import Exercise
from helpers.checks.message import Message, message
from helpers.checks.saved_answers import find_saved


@dataclass(frozen=True)
class Standing:
    """One exercise, and what its check said when the learner last ran it and saved.

    Args:
        exercise: the Exercise.
        points: of the visible check; None if it was not run yet.
    """

    exercise: Exercise
    points: float | None

    @property
    def right(self) -> bool:
        """Whether the check gave all its points."""
        return self.points == self.exercise.points

    @property
    def state(self) -> str:
        """ "right", "not yet", or "open" where the check was not run."""
        if self.points is None:
            return "open"
        return "right" if self.right else "not yet"


class Progress:
    """A learner's standing in every exercise; shown as a table with one line per notebook and what is next.

    Args:
        standings: a Standing for each exercise of the course, in order.
    """

    def __init__(self, standings: Sequence[Standing]) -> None:
        self.standings = standings

    @property
    def notebooks(self) -> dict[str, list[Standing]]:
        """Dict from the number of a notebook, e.g. "01", to the standings in it."""
        found: dict[str, list[Standing]] = {module[-2:]: [] for module in MODULES}
        for one in self.standings:
            found[one.exercise.notebook].append(one)
        return found

    @property
    def squares(self) -> dict[str, list[tuple[str, str]]]:
        """What the picture of it is drawn from: number of a notebook to the pairs (id, state) of its exercises."""
        return {number: [(one.exercise.id, one.state) for one in some] for number, some in self.notebooks.items()}

    @property
    def next(self) -> Exercise | None:
        """The first exercise that is not right yet, or None."""
        return next((one.exercise for one in self.standings if not one.right), None)

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """The rows of the table: number of the notebook, exercises that are right, points of the visible checks."""
        for number, standings in self.notebooks.items():
            points = sum(one.points or 0 for one in standings)
            most = sum(one.exercise.points for one in standings)
            right = sum(one.right for one in standings)
            yield number, f"{right} of {len(standings)}", f"{points:g} of {most:g}"

    @property
    def advice(self) -> Message:
        """A sentence on what is next."""
        if self.next is None:
            return message("Every exercise is right. The hidden checks and the written answer are for a grader.")
        template = "Next: exercise {id}, {title} (notebook {notebook})."
        return message(template, id=self.next.id, title=self.next.title, notebook=self.next.notebook)

    def __repr__(self) -> str:
        table = "\n".join(f"{number:10}{right:>12}{points:>14}" for number, right, points in self.lines())
        return f"{'notebook':10}{'right':>12}{'points':>14}\n{table}\n{self.advice}"

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in ("notebook", "exercises right", "points"))
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in self.lines())
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{html.escape(str(self.advice))}</p>"
        )


def progress(folder: str | Path | None = None) -> Progress:
    """Show where you stand, from the saved notebooks, and return it.

    The points are those that stood under each visible check when its notebook was last saved. While a submission is
    graded, no notebook is read.

    Args:
        folder: that holds a folder for each notebook; in a notebook, the one around its own.
    """
    found = read_progress(Path.cwd().parent if folder is None else folder)
    display(found)  # type: ignore[no-untyped-call]  # IPython has no types for it
    return found


def read_progress(folder: str | Path) -> Progress:
    """Return the standing in every exercise, from the notebooks NN_name/NN_name.ipynb in a folder.

    A notebook that is missing or cannot be read counts as not begun.
    """
    found: dict[str, FoundAnswers | None] = {}
    if "NBGRADER_EXECUTION" not in os.environ:
        found |= {module[-2:]: find_saved(folder, module[-2:]) for module in MODULES}
    return Progress([_standing(exercise, found.get(exercise.notebook)) for exercise in EXERCISES.values()])


def _standing(exercise: Exercise, found: FoundAnswers | None) -> Standing:
    """What was last shown under the check of an exercise, if anything of the learner's own answers it."""
    points = None
    if found and found.is_written(exercise.id):
        shown = [_number(found.cells[index].value) for index in found.checks[exercise.id]]
        # a number that no check of this exercise can have given is none of its points
        possible = [value for value in shown if value is not None and 0 <= value <= exercise.points]
        points = possible[-1] if possible else None
    return Standing(exercise, points)


def _number(text: str) -> float | None:
    """The number in a text, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
