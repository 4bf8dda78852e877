"""Where a learner stands: the points under the checks of their saved notebooks. Nothing is run, and nothing sent."""

import html
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from IPython.display import display
from rich.cells import cell_len

from helpers.checks.answer_search import FoundAnswers
from helpers.checks.catalogue import EXERCISES, MODULES, MOVED, where_it_went
from helpers.checks.exercise import Exercise
from helpers.checks.saved_answers import find_files, find_saved
from helpers.language.message import Message, message

_HIDDEN_HALF = message("Points are those of the checks that you see; a grader's hidden checks are worth as many again.")


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
    """A learner's standing in every exercise; shown as what is next, and as text with a line for each notebook too.

    Args:
        standings: a Standing for each exercise of the course, in order.
        address: of what is next, as seen from a notebook of the course; "" if its notebook is not there.
        moved: a sentence for each exercise that a saved notebook has under an earlier number.
    """

    def __init__(self, standings: Sequence[Standing], address: str = "", moved: Sequence[Message] = ()) -> None:
        self.standings = standings
        self.address = address
        self.moved = moved

    @property
    def notebooks(self) -> dict[str, list[Standing]]:
        """Dict from the number of a notebook, e.g. "01", to the standings in it."""
        found: dict[str, list[Standing]] = {module[-2:]: [] for module in MODULES}
        for one in self.standings:
            found[one.exercise.notebook].append(one)
        return found

    @property
    def squares(self) -> dict[str, list[tuple[str, str, float, float]]]:
        """What the picture of it is drawn from.

        Number of a notebook to its exercises, each with its id, its state, and the points earned and possible.
        """
        return {
            number: [(one.exercise.id, one.state, one.points or 0, one.exercise.points) for one in some]
            for number, some in self.notebooks.items()
        }

    @property
    def next(self) -> Exercise | None:
        """The first exercise that is not right yet, or None."""
        return next((one.exercise for one in self.standings if not one.right), None)

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """The rows of a table: number of the notebook, exercises that are right, points of the visible checks."""
        for number, squares in self.squares.items():
            earned, most = sum(square[2] for square in squares), sum(square[3] for square in squares)
            right = sum(state == "right" for _, state, _, _ in squares)
            yield number, _share(right, len(squares)), _share(earned, most)

    @property
    def advice(self) -> Message:
        """A sentence on what is next."""
        if self.next is None:
            return message("Every exercise is right. The hidden checks and the written answer are for a grader.")
        template = "Next: exercise {id}, {title} (notebook {notebook})."
        return message(template, id=self.next.id, title=self.next.title, notebook=self.next.notebook)

    def __repr__(self) -> str:
        head = str(message("notebook")), str(message("right")), str(message("points"))
        table = "\n".join(
            number + " " * (22 - cell_len(number + right)) + right + " " * (14 - cell_len(points)) + points
            for number, right, points in (head, *self.lines())
        )
        below = "\n".join(map(str, (_HIDDEN_HALF, *self.moved)))
        return f"{self.advice}\n\n{table}\n{below}"

    def _repr_html_(self) -> str:
        advice = f"<b>{html.escape(str(self.advice))}</b>"
        if self.address:
            advice = f'<a href="{html.escape(self.address)}">{advice}</a>'
        below = "".join(f"<p>{html.escape(str(one))}</p>" for one in self.moved)
        return f"<p>{advice}</p><p>{_HIDDEN_HALF}</p>{below}"


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
    standings = [_standing(exercise, found.get(exercise.notebook)) for exercise in EXERCISES.values()]
    shown = Progress(standings, moved=[where_it_went(one) for one in MOVED if _has_check(found.values(), one)])
    if shown.next:
        shown.address = _address(folder, shown.next, found.get(shown.next.notebook))
    return shown


def _address(folder: str | Path, exercise: Exercise, found: FoundAnswers | None) -> str:
    """The address of an exercise: its notebook, and in it, as JupyterLab names a place, the cell of its heading."""
    path = next(find_files(folder, exercise.notebook), None)
    cells = found.cells if found else ()
    heading = re.compile(rf"^### \S+ {re.escape(exercise.id)} ", re.MULTILINE)
    headings = (cell.id for cell in cells if heading.search(cell.source))
    place = next((f"#cell-id={cell_id}" for cell_id in headings if cell_id), "")
    return quote(f"../{path.stem}/{path.name}") + place if path else ""


def _has_check(notebooks: Iterable[FoundAnswers | None], exercise_id: str) -> bool:
    """Whether a saved notebook has the check of an exercise that is not one of its own any more."""
    called = f'check("{exercise_id}"'
    return any(called in cell.source for notebook in notebooks if notebook for cell in notebook.cells)


def _standing(exercise: Exercise, found: FoundAnswers | None) -> Standing:
    """What was last shown under the check of an exercise, if anything of the learner's own answers it."""
    points = None
    if found and found.is_written(exercise.id):
        shown = [_number(found.cells[index].value) for index in found.checks[exercise.id]]
        # a number that no check of this exercise can have given is none of its points
        possible = [value for value in shown if value is not None and 0 <= value <= exercise.points]
        points = possible[-1] if possible else None
    return Standing(exercise, points)


def _share(some: float, most: float) -> str:
    return str(message("{some:g} of {most:g}", some=some, most=most))


def _number(text: str) -> float | None:
    """The number in a text, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
