"""How far a learner has come: one square for each exercise of the course, and the points of each notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from helpers.language.message import Listing, Message, message
from helpers.plots.diagrams import line, rectangle, write
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import FINE, LINE, LOOKS, PAGE, new_canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: Id, state, and points earned and possible.
_Exercise: TypeAlias = tuple[str, str, float, float]

#: Height of the row of one notebook, and width of the square of one exercise [inch].
_ROW, _SQUARE = 0.32, 0.46
#: The look of each state.
_STATES = {"right": "right", "not yet": "wrong", "open": "pale"}


@draws_picture
def course_progress(notebooks: Mapping[str, Sequence[_Exercise]]) -> Picture:
    """Draw each exercise as a square: filled once it is right, crossed where its check said "not yet", else empty.

    Args:
        notebooks: dict from the number of a notebook to its exercises, each an id, a state, which is "right",
            "not yet" or "open", and the points earned and possible.

    Raises:
        ValueError: an unknown state.
    """
    height = _ROW * len(notebooks) + 0.42
    points_at = 0.75 + _SQUARE * max(map(len, notebooks.values()))
    figure, ax = new_canvas(max(points_at + 1.3, 4.6), height)
    for row, (number, exercises) in enumerate(notebooks.items()):
        bottom = height - _ROW * (row + 1) - 0.02
        write(ax, 0.12, bottom + 0.13, number, ha="left", fontweight="bold")
        for column, (name, state, _, _) in enumerate(exercises):
            _square(ax, 0.55 + _SQUARE * column, bottom, name, state)
        write(ax, points_at, bottom + 0.13, f"{_points(exercises)} points", ha="left")
    for x, state in (0.55, "right"), (2.0, "not yet"), (3.45, "open"):
        _square(ax, x, 0.06, "", state)
        write(ax, x + _SQUARE, 0.19, state if state != "open" else "not run yet", ha="left")
    counts = Listing([_right(number, exercises) for number, exercises in notebooks.items()])
    template = "One square for each exercise, green once it is right. Right so far, {counts}."
    return Picture(figure, message(template, counts=counts))


def _right(number: str, exercises: Sequence[_Exercise]) -> Message:
    earned, possible = sum(one[2] for one in exercises), sum(one[3] for one in exercises)
    right, count = sum(state == "right" for _, state, *_ in exercises), len(exercises)
    template = "notebook {number}: {right} of {count}, {earned:g} of {possible:g} points"
    return message(template, number=number, right=right, count=count, earned=earned, possible=possible)


def _points(exercises: Sequence[_Exercise]) -> str:
    return f"{sum(one[2] for one in exercises):g} of {sum(one[3] for one in exercises):g}"


def _square(ax: Axes, x: float, y: float, name: str, state: str) -> None:
    if state not in _STATES:
        raise ValueError(f"A state is one of {', '.join(_STATES)}: got {state!r}.")
    of = _STATES[state]
    # The darker green, so that the white number can be read on it.
    rectangle(ax, x, y, 0.4, 0.26, of=of, fill=LOOKS[of].text if state == "right" else PAGE, lw=LINE)
    if state == "not yet":
        line(ax, (x, y), (x + 0.4, y + 0.26), of=of, width=FINE)
    if name:
        write(ax, x + 0.2, y + 0.13, name, of="page" if state == "right" else "ink", zorder=4)
