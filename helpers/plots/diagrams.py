"""The parts that diagrams are drawn with: boxes, nodes, arrows and words.

Everywhere `ax` is a canvas of `new_canvas`; places (x, y) and lengths are in inches, widths of lines and sizes of fonts
in points. A `symbol` is mathtext, a `shape` a text such as ``(N, H)``; `style` goes on to matplotlib. What is drawn is
named by `of`, as in `style.LOOKS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from helpers.plots.axes import ARROW
from helpers.plots.style import (
    CELL_FILL,
    FINE,
    LARGE,
    LINE,
    LOOKS,
    PAGE,
    SMALL,
    THICK,
    WEIGHT_FILL,
    Point,
    Style,
    tint,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


NODE_RADIUS = 0.2
DOT_RADIUS = 0.045

#: How far an arrow between two nodes stays away from their centres.
BETWEEN: Style = {"leave": NODE_RADIUS, "reach": NODE_RADIUS}

#: Width and height of the card of a gate, and how far a vertical arrow stays away from its centre.
CARD = (0.5, 0.46)
HALF_CARD = CARD[1] / 2


def write(
    ax: Axes,
    x: float,
    y: float,
    text: str,
    *,
    of: str = "ink",
    size: float = SMALL,
    ha: str = "center",
    va: str = "center",
    **style: Any,
) -> None:
    """Write text about `of` on the canvas."""
    ax.text(x, y, text, ha=ha, va=va, fontsize=size, color=LOOKS[of].text, gid=of, **style)


def write_all(ax: Axes, words: Iterable[tuple[Point, str, str]], size: float = LARGE) -> None:
    """Write triples of place, text and what it is about, each with the middle of its base line at its place."""
    for (x, y), text, of in words:
        write(ax, x, y, text, of=of, size=size, va="baseline")


def line(ax: Axes, *points: Point, of: str = "ink", width: float = LINE, **style: Any) -> None:
    """Draw a line from point to point."""
    ends: Style = {"solid_capstyle": "round", "solid_joinstyle": "round"}
    ax.plot(*np.transpose(points), lw=width, **LOOKS[of].line | ends | style)


def box(
    ax: Axes,
    left: float,
    bottom: float,
    width: float,
    height: float,
    *,
    of: str = "frame",
    fill: str | tuple[float, ...] = CELL_FILL,
    rounding: float = 0.16,
) -> None:
    """Draw a rounded box, its edge in the colour of `of`."""
    from matplotlib.patches import FancyBboxPatch

    shape, edge = f"round,pad=0,rounding_size={rounding}", LOOKS[of].colour
    ax.add_patch(FancyBboxPatch((left, bottom), width, height, shape, facecolor=fill, edgecolor=edge, lw=LINE, gid=of))


def rectangle(
    ax: Axes,
    left: float,
    bottom: float,
    width: float,
    height: float,
    *,
    of: str = "frame",
    fill: str | tuple[float, ...] = "none",
    lw: float = FINE,
    **style: Any,
) -> None:
    """Draw a box with sharp corners, such as a cell of a table, its edge in the colour of `of`."""
    from matplotlib.patches import Rectangle

    edge = LOOKS[of].colour
    patch = Rectangle((left, bottom), width, height, facecolor=fill, edgecolor=edge, lw=lw, gid=of, **style)
    ax.add_artist(patch)  # `add_patch` takes three times as long, for limits that are fixed here


def layer_box(
    ax: Axes,
    x: float,
    y: float,
    half_width: float,
    half_height: float,
    name: str,
    *,
    size: float = SMALL,
    of: str = "frame",
    fill: str | tuple[float, ...] = CELL_FILL,
    rounding: float = 0.1,
) -> None:
    """Draw a layer of a network at its centre x, y: a box around its name."""
    box(ax, x - half_width, y - half_height, 2 * half_width, 2 * half_height, of=of, fill=fill, rounding=rounding)
    write(ax, x, y, name, size=size, fontweight="bold")


def node(ax: Axes, centre: Point, symbol: str, *, radius: float = NODE_RADIUS) -> None:
    """Draw an operation: a circle with its symbol, such as ``+``, ``@``, ``$\\odot$`` or ``tanh``."""
    from matplotlib.patches import Circle

    ax.add_patch(Circle(centre, radius, facecolor=PAGE, edgecolor=LOOKS["ink"].colour, lw=LINE, zorder=3))
    x, y = centre
    # "@" hangs below the line; a little lift puts it in the middle of its circle.
    lift = 0.02 if symbol == "@" else 0.0
    write(ax, x, y + lift, symbol, size=SMALL if symbol.isalpha() else LARGE, va="center_baseline", zorder=4)


def fork(ax: Axes, centre: Point, *, of: str = "ink") -> None:
    """Draw the dot at which one value is used twice."""
    from matplotlib.patches import Circle

    ax.add_patch(Circle(centre, DOT_RADIUS, color=LOOKS[of].colour, gid=of, zorder=3))


def weight(ax: Axes, centre: Point, symbol: str, shape: str, *, of: str = "ink") -> None:
    """Draw a parameter, or its gradient: a small card with its symbol and its shape."""
    x, y = centre
    box(ax, x - 0.33, y - 0.23, 0.66, 0.46, of="weight", fill=WEIGHT_FILL, rounding=0.06)
    write(ax, x, y + 0.04, symbol, of=of, size=LARGE, va="baseline")
    write(ax, x, y - 0.16, shape, of="pale", va="baseline")


def gate_card(ax: Axes, centre: Point, name: str, activation: str, *, halo: bool = False) -> None:
    """Draw one block of a gated cell: its letter and its activation, in its own colour; a halo marks a new one."""
    (x, y), (width, height) = centre, CARD
    left, bottom = x - width / 2, y - height / 2
    if halo:
        box(ax, left - 0.07, bottom - 0.07, width + 0.14, height + 0.14, of=name, fill=LOOKS[name].colour)
    box(ax, left, bottom, width, height, of=name, fill=tint(name), rounding=0.08)
    write(ax, x, y + 0.03, f"${name}$", size=LARGE, va="baseline")
    write(ax, x, y - 0.16, activation, va="baseline")


def arrow(
    ax: Axes,
    start: Point,
    end: Point,
    *,
    of: str = "ink",
    width: float = LINE,
    leave: float = 0.0,
    reach: float = 0.0,
    symbol: str = "",
    shape: str = "",
    at: float = 0.5,
) -> None:
    """Draw a straight arrow; the symbol of what it carries is on one side of it and the shape on the other.

    Args:
        start, end (2,): the places that it joins.
        of: what it carries.
        width: of the line.
        leave, reach: how far from `start` and before `end` the arrow keeps away, e.g. ``NODE_RADIUS``.
        symbol: above a horizontal arrow, left of a vertical one.
        shape: below or right.
        at: where along the arrow the two are written, 0 to 1.
    """
    along = np.subtract(end, start) / np.hypot(*np.subtract(end, start))
    first, last = np.add(start, leave * along), np.subtract(end, reach * along)
    head = f"-|>,head_length={0.32 + 0.06 * width},head_width={0.13 + 0.045 * width}"
    shaft: Style = {"color": LOOKS[of].colour, "lw": width, "joinstyle": "miter", "capstyle": "butt"}
    ax.annotate("", last, first, arrowprops=ARROW | shaft | {"arrowstyle": head}, gid=of)
    x, y = first + at * (last - first)
    if abs(along[0]) > abs(along[1]):
        write(ax, x, y + 0.1, symbol, of=of, size=LARGE, va="baseline")
        write(ax, x, y - 0.21, shape, of="pale", va="baseline")
    else:
        write(ax, x - 0.09, y, symbol, of=of, size=LARGE, ha="right")
        write(ax, x + 0.09, y, shape, of="pale", ha="left")


def elbow(ax: Axes, *points: Point, of: str = "ink", reach: float = 0.0) -> None:
    """Draw a line with corners that ends in an arrow, `reach` before the last of three or more points."""
    *before, last = points
    line(ax, *before, of=of)
    arrow(ax, before[-1], last, of=of, reach=reach)


def chain(ax: Axes, stops: Sequence[float], y: float, half_width: float, **style: Any) -> None:
    """Draw arrows from stop to stop along a horizontal line; all but the first and the last stop are boxes."""
    for start, end in pairwise(stops):
        leave, reach = half_width * (start != stops[0]), half_width * (end != stops[-1])
        arrow(ax, (start, y), (end, y), leave=leave, reach=reach, **style)


def state_lines(ax: Axes, stops: Sequence[float], y: float, half_width: float) -> None:
    """Draw the two states of an LSTM along a row of boxes, as `chain` does: c above y, h beneath it."""
    chain(ax, stops, y + 0.1, half_width, of="c", width=THICK)
    chain(ax, stops, y - 0.1, half_width, of="h")
