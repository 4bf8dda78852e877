"""The course as one picture, and the curve of the sigmoid, from 0 (a closed gate) to 1 (an open one)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.language.message import Listing, message
from helpers.plots.arguments import to_arrays
from helpers.plots.axes import shade
from helpers.plots.diagrams import arrow, box, line, node, rectangle, write
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    FINE,
    LINE,
    LOOKS,
    MEDIUM,
    PAGE,
    PATH,
    POINT,
    THICK,
    WEIGHT_FILL,
    new_canvas,
    new_figure,
    tint,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_PARTS = "The trouble with the simple RNN", "The LSTM", "Better language models", "An appendix: after 04, or after 08"


# --- a sketch of each notebook, 0.85 × 0.55 inch, from its lower left corner, in the colour of its part ---------------


def _start(ax: Axes, x: float, y: float) -> None:
    box(ax, x + 0.1, y + 0.02, 0.65, 0.5, fill=PAGE, rounding=0.06)
    line(ax, (x + 0.26, y + 0.27), (x + 0.38, y + 0.14), (x + 0.6, y + 0.41), of="part 1", width=PATH)


def _vanish_or_explode(ax: Axes, x: float, y: float) -> None:
    _frame(ax, x, y)
    k = np.linspace(0, 1, 50)
    _curve(ax, x + 0.06 + 0.75 * k, y + 0.04 + 0.24 * np.exp(-4 * k), "part 1")
    _curve(ax, x + 0.06 + 0.6 * k, y + 0.28 + 0.03 * np.expm1(2.2 * k), "part 1", linestyle="--")


def _clip(ax: Axes, x: float, y: float) -> None:
    angle = np.linspace(-0.15, 1.72, 60)
    _curve(ax, x + 0.14 + 0.42 * np.cos(angle), y + 0.03 + 0.42 * np.sin(angle), "pale")
    line(ax, (x + 0.14, y + 0.03), (x + 0.78, y + 0.52), of="part 1", linestyle=":")
    arrow(ax, (x + 0.14, y + 0.03), (x + 0.475, y + 0.285), of="part 1", width=THICK)


def _gates(ax: Axes, x: float, y: float) -> None:
    box(ax, x + 0.04, y, 0.77, 0.55, rounding=0.08)
    line(ax, (x, y + 0.42), (x + 0.85, y + 0.42), of="part 2", width=THICK)
    for offset, gate in (0.09, "f"), (0.325, "i"), (0.56, "o"):
        box(ax, x + offset, y + 0.07, 0.2, 0.22, of=gate, fill=tint(gate), rounding=0.05)
        write(ax, x + offset + 0.1, y + 0.17, f"${gate}$", size=MEDIUM, va="center_baseline")


def _flow(ax: Axes, x: float, y: float) -> None:
    arrow(ax, (x + 0.85, y + 0.38), (x, y + 0.38), of="part 2", width=THICK)
    node(ax, (x + 0.6, y + 0.38), "+", radius=0.1)
    node(ax, (x + 0.3, y + 0.38), r"$\odot$", radius=0.1)
    fading = [x, x + 0.85], [y + 0.1, y + 0.03], [y + 0.1, y + 0.17]
    ax.fill_between(*fading, lw=0, **LOOKS["part 2"].fill)


def _next_word(ax: Axes, x: float, y: float) -> None:
    _frame(ax, x, y)
    heights = np.array([0.1, 0.19, 0.45, 0.13, 0.27, 0.07])
    for number, height in enumerate(heights):
        fill = LOOKS["part 2"].colour if height == heights.max() else tint("part 2", 0.5)
        rectangle(ax, x + 0.08 + 0.125 * number, y, 0.085, height, of="part 2", fill=fill, lw=0)


def _overfit(ax: Axes, x: float, y: float) -> None:
    _frame(ax, x, y)
    k = np.linspace(0, 1, 50)
    train, valid = 0.06 + 0.46 * np.exp(-3 * k), 0.14 + 0.4 * np.exp(-4 * k) + 0.2 * k**2
    _curve(ax, x + 0.06 + 0.75 * k, y + train, "part 3")
    _curve(ax, x + 0.06 + 0.75 * k, y + valid, "part 3", linestyle="--")


def _shared_mask(ax: Axes, x: float, y: float) -> None:
    for row, kept in enumerate((True, False, True, False)):
        places, fill = x + 0.08 + 0.14 * np.arange(6), LOOKS["part 3"].colour if kept else PAGE
        ax.plot(places, np.full(6, y + 0.05 + 0.15 * row), "o", ms=POINT, mew=FINE, mfc=fill,
                color=LOOKS["part 3"].colour, gid="part 3")  # fmt: skip


def _tied(ax: Axes, x: float, y: float) -> None:
    line(ax, (x + 0.28, y + 0.27), (x + 0.45, y + 0.27), of="weight", width=PATH)
    box(ax, x + 0.02, y, 0.26, 0.54, of="weight", fill=WEIGHT_FILL, rounding=0.04)
    box(ax, x + 0.45, y + 0.14, 0.42, 0.26, of="weight", fill=WEIGHT_FILL, rounding=0.04)
    write(ax, x + 0.15, y + 0.26, "$E$", size=MEDIUM)
    write(ax, x + 0.66, y + 0.265, r"$E^{\!\top}$", size=MEDIUM)


def _mixed(ax: Axes, x: float, y: float) -> None:
    line(ax, (x, y + 0.4), (x + 0.85, y + 0.4), of="part 4", width=THICK)
    line(ax, (x + 0.6, y + 0.4), (x + 0.6, y + 0.1), (x + 0.28, y + 0.1), of="part 4")
    for offset, symbol in (0.28, r"$\odot$"), (0.6, "+"):
        node(ax, (x + offset, y + 0.4), symbol, radius=0.1)
    box(ax, x + 0.1, y, 0.2, 0.22, of="part 4", fill=tint("part 4"), rounding=0.05)
    write(ax, x + 0.2, y + 0.1, "$z$", size=MEDIUM, va="center_baseline")


def _frame(ax: Axes, x: float, y: float) -> None:
    line(ax, (x, y + 0.55), (x, y), (x + 0.85, y), of="frame", width=FINE)


def _curve(ax: Axes, xs: FloatArray, ys: FloatArray, of: str, **style: Any) -> None:
    line(ax, *zip(xs, ys), of=of, **style)


_STATIONS = (
    ("Start here", "work, check, get a hint,\nhand in", _start),
    ("Vanishing and\nexploding gradients", "what $W_h$ and tanh do\nto a gradient", _vanish_or_explode),
    ("Gradient clipping", "a step can no longer\nbe too long", _clip),
    ("LSTM gates", "what to forget, to add,\nto show: all learned", _gates),
    ("LSTM gradient flow", "why the memory keeps\nits gradient", _flow),
    ("LSTM language model", "the next word,\nand perplexity", _next_word),
    ("Stacking and\noverfitting", "deeper, until it learns\nby heart", _overfit),
    ("Variational dropout", "one mask for all steps", _shared_mask),
    ("Weight tying and\nthe full model", "one matrix used twice,\nand your layers train", _tied),
    ("GRU", "one state, two gates,\nbeside the LSTM", _mixed),
)


@draws_picture
def course_map() -> Picture:
    """Draw the notebooks as stations of one line, from vanishing gradients to a language model, and an appendix."""
    from matplotlib.patches import Circle

    figure, ax = new_canvas(8.0, 4.85)
    for row, part in enumerate(_PARTS):
        line_y, of = 4.52 - 1.2 * row, f"part {row + 1}"
        write(ax, 0.62, line_y + 0.1, part, of=of, ha="left", va="baseline")
        stations = list(enumerate(_STATIONS))[3 * row : 3 * row + 3]
        arrow(ax, (0.12, line_y), (2.6 * len(stations) + 0.1, line_y), of=of, width=PATH)
        for column, (number, (title, subject, sketch)) in enumerate(stations):
            x = 0.4 + 2.6 * column
            ax.add_patch(Circle((x, line_y), 0.15, facecolor=LOOKS[of].text, edgecolor=PAGE, lw=LINE, gid=of, zorder=3))
            write(ax, x, line_y - 0.005, f"{number:02d}", of="page", va="center_baseline", fontweight="bold", zorder=4)
            sketch(ax, x - 0.15, line_y - 0.8)
            left, below = x + 0.83, line_y - 0.36 - 0.145 * title.count("\n")
            write(ax, left, line_y - 0.2, title, ha="left", va="top", fontweight="bold", linespacing=1.15)
            write(ax, left, below, subject, of="pale", ha="left", va="top", linespacing=1.2)
    names = [message("{number:02d} {title}", number=number, title=title.replace("\n", " "))
             for number, (title, _, _) in enumerate(_STATIONS)]  # fmt: skip
    template = "The {count} notebooks of the course as stations, in three parts and an appendix: {names}."
    return Picture(figure, message(template, count=len(_STATIONS), names=Listing(names)))


@draws_picture
def sigmoid_curve(a: ArrayLike, y: ArrayLike) -> Picture:
    """Plot the sigmoid and read it as a gate: 0 is closed, 1 is open.

    Args:
        a (n,): increasing.
        y (n,): the sigmoid of a.

    Raises:
        ValueError: arrays of another shape, or of different ones.
    """
    a, y = to_arrays("(n,)", a=a, y=y)
    figure, ax = new_figure(8, 2.9)
    ax.plot(a, y, lw=THICK, **LOOKS["sigmoid"].line)
    ax.set(xlabel="$a$", ylabel="openness of a gate", xlim=(a[0], a[-1]), ylim=(-0.08, 1.08))
    ax.set_yticks([0, 0.5, 1], ["closed  0", "half open  0.5", "open  1"])
    template = (
        "The sigmoid rises from {y_first:.4f} at a = {first:.3g} to {y_last:.4f} at a = {last:.3g}: 0 is a closed "
        "gate, 1 an open one."
    )
    alt = [message(template, first=a[0], y_first=y[0], last=a[-1], y_last=y[-1])]
    if y[0] < 0.05 and y[-1] > 0.95:
        low, high = np.interp([0.05, 0.95], y, a)
        for edge, end, height, text in (low, a[0], 0.25, "almost closed"), (high, a[-1], 0.75, "almost open"):
            shade(ax, edge, end, height, text)
        template = "Below a = {low:.2f} it is less than 0.05, above a = {high:.2f} more than 0.95."
        alt.append(message(template, low=low, high=high))
    return Picture(figure, *alt)
