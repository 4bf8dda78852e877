"""The one style of the course: colours, line styles, settings, and new figures that have them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# matplotlib takes about a second to import, so the functions that draw import it: a notebook that only imports
# `plots` starts at once.

#: A place on a canvas or in axes, x and y.
Point: TypeAlias = tuple[float, float]

#: Keywords of matplotlib for one line, whose values are of many types.
Style: TypeAlias = dict[str, Any]

#: Okabe and Ito's colours, told apart by readers of every kind of colour vision.
COLOURS = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "purple": "#CC79A7",
    "grey": "#7F7F7F",
}

#: Text, and what should stay in the background.
INK, PALE = "#333333", "#7A828C"

#: The colour of each quantity, in every figure of the course.
COLOUR_OF = {
    "x": COLOURS["grey"],
    "h": COLOURS["blue"],
    "c": COLOURS["green"],
    "f": COLOURS["vermilion"],
    "g": COLOURS["purple"],
    "i": COLOURS["orange"],
    "o": COLOURS["sky"],
    "gradient": COLOURS["vermilion"],
}

#: Line colour, dash and marker of the first, second, … series: readers need not tell series apart by colour.
SERIES: list[Style] = [
    {"color": COLOURS["blue"], "linestyle": "-", "marker": "o"},
    {"color": COLOURS["vermilion"], "linestyle": "--", "marker": "s"},
    {"color": COLOURS["green"], "linestyle": "-.", "marker": "^"},
    {"color": COLOURS["purple"], "linestyle": ":", "marker": "D"},
    {"color": COLOURS["orange"], "linestyle": (0, (5, 1)), "marker": "v"},
    {"color": COLOURS["black"], "linestyle": (0, (1, 1)), "marker": "x"},
]

#: Maps for arrays: `SIZE` for magnitudes, `SIGNED` (centred on 0) for gradients.
SIZE = "viridis"
SIGNED = "RdBu_r"

RC: dict[str, Any] = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "font.size": 10,
    "mathtext.fontset": "cm",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": PALE,
    "xtick.color": INK,
    "ytick.color": INK,
}


@contextmanager
def course_style() -> Iterator[None]:
    """Give matplotlib the course's settings for the time of the context, whatever the reader has set."""
    import matplotlib.style

    with matplotlib.style.context(["default", RC]):
        yield


#: Decorates a function that draws: lines and text take their settings when made, so all of it must run in style.
in_style = course_style()


def new_figure(
    width: float = 8.0, height: float = 3.2, columns: int = 1, rows: int = 1, **subplots: Any
) -> tuple[Figure, Any]:
    """Return a figure in the course's style and its axes (one, or an array of them).

    Args:
        width, height: of the whole figure [inch].
        columns, rows: how many axes there are side by side, and one above the other.
        subplots: passed on to ``Figure.subplots``, e.g. ``sharey=True``.
    """
    from matplotlib.figure import Figure

    with course_style():
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(rows, columns, **subplots)


def new_canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure [inch] and one bare axes that fills it, in which a unit is an inch, for drawing diagrams."""
    from matplotlib.figure import Figure

    with course_style():
        figure = Figure(figsize=(width, height))
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, width), ylim=(0, height))
        ax.set_axis_off()
        return figure, ax
