"""The parts that diagrams are drawn with: boxes, nodes, arrows and words.

Everywhere `ax` is a canvas of `new_canvas`; places (x, y) and lengths are in inches, widths of lines and sizes of fonts
in points. A `symbol` is mathtext, a `shape` a text such as ``(N, H)``; `style` goes on to matplotlib.
"""

from itertools import pairwise

import numpy as np

from helpers.plots.style import COLOUR_OF, INK, PALE

CELL_FILL, CELL_EDGE = "#F3F6FA", "#AEB8C4"
WEIGHT_FILL, WEIGHT_EDGE = "#FFF8E1", "#C9A94A"
NODE_RADIUS = 0.2
DOT_RADIUS = 0.045

#: How far an arrow between two nodes stays away from their centres.
BETWEEN = {"leave": NODE_RADIUS, "reach": NODE_RADIUS}

#: Width and height of the card of a gate, and how far a vertical arrow stays away from its centre.
CARD = (0.5, 0.46)
HALF_CARD = CARD[1] / 2


def write(ax, x, y, text, *, colour=INK, size=9, ha="center", va="center", **style):
    """Write text on the canvas."""
    ax.text(x, y, text, ha=ha, va=va, fontsize=size, color=colour, **style)


def write_all(ax, words, size=11):
    """Write triples of place, text and colour, each with the middle of the text's base line at its place."""
    for (x, y), text, colour in words:
        write(ax, x, y, text, colour=colour, size=size, va="baseline")


def box(ax, left, bottom, width, height, *, fill=CELL_FILL, edge=CELL_EDGE, rounding=0.16):
    """Draw a rounded box."""
    from matplotlib.patches import FancyBboxPatch

    style = f"round,pad=0,rounding_size={rounding}"
    ax.add_patch(FancyBboxPatch((left, bottom), width, height, style, facecolor=fill, edgecolor=edge, lw=1.2))


def rectangle(ax, left, bottom, width, height, *, fill="none", edge=CELL_EDGE, lw=0.8, **style):
    """Draw a box with sharp corners, such as a cell of a table."""
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((left, bottom), width, height, facecolor=fill, edgecolor=edge, lw=lw, **style))


def layer_box(ax, x, y, half_width, half_height, name, *, size=9, fill=CELL_FILL, rounding=0.1):
    """Draw a layer of a network at its centre x, y: a box around its name."""
    box(ax, x - half_width, y - half_height, 2 * half_width, 2 * half_height, fill=fill, rounding=rounding)
    write(ax, x, y, name, size=size, fontweight="bold")


def node(ax, centre, symbol, *, radius=NODE_RADIUS):
    """Draw an operation: a circle with its symbol, such as ``+``, ``@``, ``$\\odot$`` or ``tanh``."""
    from matplotlib.patches import Circle

    ax.add_patch(Circle(centre, radius, facecolor="white", edgecolor=INK, lw=1.4, zorder=3))
    x, y = centre
    # "@" hangs below the line; a little lift puts it in the middle of its circle.
    lift = 0.02 if symbol == "@" else 0.0
    write(ax, x, y + lift, symbol, size=8.5 if symbol.isalpha() else 13, va="center_baseline", zorder=4)


def fork(ax, centre, *, colour=INK):
    """Draw the dot at which one value is used twice."""
    from matplotlib.patches import Circle

    ax.add_patch(Circle(centre, DOT_RADIUS, color=colour, zorder=3))


def weight(ax, centre, symbol, shape, *, colour=INK):
    """Draw a parameter, or its gradient: a small card with its symbol and its shape."""
    x, y = centre
    box(ax, x - 0.33, y - 0.23, 0.66, 0.46, fill=WEIGHT_FILL, edge=WEIGHT_EDGE, rounding=0.06)
    write(ax, x, y + 0.04, symbol, colour=colour, size=12, va="baseline")
    write(ax, x, y - 0.15, shape, colour=PALE, size=7.5, va="baseline")


def gate_card(ax, centre, name, activation, colour, *, halo=False):
    """Draw one block of a gated cell: its letter and its activation, in its own colour; a halo marks a new one."""
    (x, y), (width, height) = centre, CARD
    left, bottom = x - width / 2, y - height / 2
    if halo:
        box(ax, left - 0.07, bottom - 0.07, width + 0.14, height + 0.14, fill=colour, edge="none")
    for fill in "white", f"{colour}30":
        box(ax, left, bottom, width, height, fill=fill, edge=colour, rounding=0.08)
    write(ax, x, y + 0.04, f"${name}$", size=13, va="baseline")
    write(ax, x, y - 0.16, activation, size=8.5, va="baseline")


def arrow(ax, start, end, *, colour=INK, width=1.5, leave=0.0, reach=0.0, symbol="", shape="", at=0.5):
    """Draw a straight arrow; the symbol of what it carries is on one side of it and the shape on the other.

    Args:
        start, end (2,): the places that it joins.
        colour: of the arrow and the symbol.
        width: of the line.
        leave, reach: how far from `start` and before `end` the arrow keeps away, e.g. ``NODE_RADIUS``.
        symbol: above a horizontal arrow, left of a vertical one.
        shape: below or right.
        at: where along the arrow the two are written, 0 to 1.
    """
    start, end = np.array(start, float), np.array(end, float)
    along = (end - start) / np.hypot(*(end - start))
    start, end = start + leave * along, end - reach * along
    head = f"-|>,head_length={0.32 + 0.06 * width},head_width={0.13 + 0.045 * width}"
    ax.annotate(
        "", end, start, arrowprops={"arrowstyle": head, "color": colour, "lw": width, "mutation_scale": 12,
                                    "shrinkA": 0, "shrinkB": 0, "joinstyle": "miter", "capstyle": "butt"}
    )  # fmt: skip
    x, y = start + at * (end - start)
    if abs(along[0]) > abs(along[1]):
        write(ax, x, y + 0.1, symbol, colour=colour, size=12, va="baseline")
        write(ax, x, y - 0.2, shape, colour=PALE, size=8, va="baseline")
    else:
        write(ax, x - 0.09, y, symbol, colour=colour, size=12, ha="right")
        write(ax, x + 0.09, y, shape, colour=PALE, size=8, ha="left")


def elbow(ax, *points, colour=INK, reach=0.0):
    """Draw a line with corners that ends in an arrow, `reach` before the last of three or more points."""
    *before, last = points
    ax.plot(*np.transpose(before), color=colour, lw=1.5, solid_joinstyle="round", solid_capstyle="round")
    arrow(ax, before[-1], last, colour=colour, reach=reach)


def chain(ax, stops, y, half_width, **style):
    """Draw arrows from stop to stop along a horizontal line; all but the first and the last stop are boxes."""
    for start, end in pairwise(stops):
        leave, reach = half_width * (start != stops[0]), half_width * (end != stops[-1])
        arrow(ax, (start, y), (end, y), leave=leave, reach=reach, **style)


def state_lines(ax, stops, y, half_width):
    """Draw the two states of an LSTM along a row of boxes, as `chain` does: c above y, h beneath it."""
    chain(ax, stops, y + 0.1, half_width, colour=COLOUR_OF["c"], width=2.4)
    chain(ax, stops, y - 0.1, half_width, colour=COLOUR_OF["h"])
