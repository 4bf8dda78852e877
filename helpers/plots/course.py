"""The course as one picture, and the curve of the sigmoid, from 0 (a closed gate) to 1 (an open one)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from helpers.plots.arguments import to_arrays
from helpers.plots.diagrams import CELL_EDGE, WEIGHT_EDGE, WEIGHT_FILL, arrow, box, node, write
from helpers.plots.picture import Picture
from helpers.plots.style import COLOUR_OF, COLOURS, PALE, in_style, new_canvas, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_PARTS = (
    ("The trouble with the simple RNN", COLOURS["vermilion"]),
    ("The LSTM", COLOURS["green"]),
    ("Better language models", COLOURS["blue"]),
)


# --- a sketch of each notebook, 0.85 × 0.55 inch, from its lower left corner ------------------------------------------


def _start(ax: Axes, x: float, y: float) -> None:
    box(ax, x + 0.1, y + 0.02, 0.65, 0.5, fill="white", rounding=0.06)
    ax.plot([x + 0.26, x + 0.38, x + 0.6], [y + 0.27, y + 0.14, y + 0.41], color=COLOURS["green"], lw=3)


def _vanish_or_explode(ax: Axes, x: float, y: float) -> None:
    _frame(ax, x, y)
    k = np.linspace(0, 1, 50)
    ax.plot(x + 0.06 + 0.75 * k, y + 0.04 + 0.24 * np.exp(-4 * k), color=COLOURS["blue"], lw=1.8)
    ax.plot(x + 0.06 + 0.6 * k, y + 0.28 + 0.03 * np.expm1(2.2 * k), color=COLOURS["vermilion"], lw=1.8, ls="--")


def _clip(ax: Axes, x: float, y: float) -> None:
    angle = np.linspace(-0.15, 1.72, 60)
    ax.plot(x + 0.14 + 0.42 * np.cos(angle), y + 0.03 + 0.42 * np.sin(angle), color=PALE, lw=1.2)
    ax.plot([x + 0.14, x + 0.78], [y + 0.03, y + 0.52], color=COLOURS["vermilion"], lw=1.2, ls=":")
    arrow(ax, (x + 0.14, y + 0.03), (x + 0.475, y + 0.285), colour=COLOURS["vermilion"], width=2)


def _gates(ax: Axes, x: float, y: float) -> None:
    box(ax, x + 0.04, y, 0.77, 0.55, rounding=0.08)
    ax.plot([x, x + 0.85], [y + 0.42, y + 0.42], color=COLOUR_OF["c"], lw=2)
    for offset, gate in (0.2, "f"), (0.43, "i"), (0.66, "o"):
        ax.plot(x + offset, y + 0.18, "o", color=COLOUR_OF[gate], ms=13)
        write(ax, x + offset, y + 0.17, f"${gate}$", colour="white", size=10, va="center_baseline", zorder=4)


def _flow(ax: Axes, x: float, y: float) -> None:
    arrow(ax, (x + 0.85, y + 0.38), (x, y + 0.38), colour=COLOUR_OF["c"], width=2.2)
    node(ax, (x + 0.6, y + 0.38), "+", radius=0.1)
    node(ax, (x + 0.3, y + 0.38), r"$\odot$", radius=0.1)
    ax.fill_between([x, x + 0.85], [y + 0.1, y + 0.03], [y + 0.1, y + 0.17], color=COLOUR_OF["h"], lw=0)


def _next_word(ax: Axes, x: float, y: float) -> None:
    _frame(ax, x, y)
    heights = np.array([0.1, 0.19, 0.45, 0.13, 0.27, 0.07])
    colours = [COLOURS["sky"] if height < heights.max() else COLOURS["blue"] for height in heights]
    ax.bar(x + 0.12 + 0.125 * np.arange(6), heights, width=0.085, bottom=y, color=colours)


def _overfit(ax: Axes, x: float, y: float) -> None:
    _frame(ax, x, y)
    k = np.linspace(0, 1, 50)
    train, valid = 0.06 + 0.46 * np.exp(-3 * k), 0.14 + 0.4 * np.exp(-4 * k) + 0.2 * k**2
    ax.plot(x + 0.06 + 0.75 * k, y + train, color=COLOURS["blue"], lw=1.8)
    ax.plot(x + 0.06 + 0.75 * k, y + valid, color=COLOURS["vermilion"], lw=1.8, ls="--")


def _shared_mask(ax: Axes, x: float, y: float) -> None:
    for row, kept in enumerate((True, False, True, False)):
        ax.plot(x + 0.08 + 0.14 * np.arange(6), np.full(6, y + 0.05 + 0.15 * row), "o", ms=7, mew=1,
                color=COLOURS["blue"], mfc=COLOURS["blue"] if kept else "white", alpha=1 if kept else 0.45)  # fmt: skip


def _tied(ax: Axes, x: float, y: float) -> None:
    box(ax, x + 0.02, y, 0.26, 0.54, fill=WEIGHT_FILL, edge=WEIGHT_EDGE, rounding=0.04)
    box(ax, x + 0.45, y + 0.14, 0.42, 0.26, fill=WEIGHT_FILL, edge=WEIGHT_EDGE, rounding=0.04)
    ax.plot([x + 0.28, x + 0.45], [y + 0.27, y + 0.27], color=WEIGHT_EDGE, lw=3)
    write(ax, x + 0.15, y + 0.26, "$E$", size=11)
    write(ax, x + 0.66, y + 0.265, r"$E^{\!\top}$", size=11)


def _frame(ax: Axes, x: float, y: float) -> None:
    ax.plot([x, x, x + 0.85], [y + 0.55, y, y], color=CELL_EDGE, lw=1)


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
)


@in_style
def course_map() -> Picture:
    """Draw the nine notebooks as stations of one line, from vanishing gradients to a language model."""
    figure, ax = new_canvas(8.0, 3.65)
    for row, (part, colour) in enumerate(_PARTS):
        line_y = 3.32 - 1.2 * row
        write(ax, 0.62, line_y + 0.1, part, colour=colour, ha="left", va="baseline")
        arrow(ax, (0.12, line_y), (7.9, line_y), colour=colour, width=3)
        for column in range(3):
            number, x = 3 * row + column, 0.4 + 2.6 * column
            title, subject, sketch = _STATIONS[number]
            ax.plot(x, line_y, "o", ms=20, color=colour, mec="white", mew=1.5, zorder=3)
            write(ax, x, line_y - 0.005, f"{number:02d}", colour="white", size=8.5, va="center_baseline",
                  fontweight="bold", zorder=4)  # fmt: skip
            sketch(ax, x - 0.15, line_y - 0.8)
            left, below = x + 0.83, line_y - 0.36 - 0.145 * title.count("\n")
            write(ax, left, line_y - 0.2, title, size=8.5, ha="left", va="top", fontweight="bold", linespacing=1.15)
            write(ax, left, below, subject, colour=PALE, size=7.5, ha="left", va="top", linespacing=1.2)
    names = "; ".join(f"{number:02d} {title}" for number, (title, _, _) in enumerate(_STATIONS))
    return Picture(figure, f"The nine notebooks of the course as stations of one line, in three parts: {names}.")


@in_style
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
    ax.plot(a, y, color=COLOURS["blue"])
    ax.set(xlabel="$a$", ylabel="openness of a gate", xlim=(a[0], a[-1]), ylim=(-0.08, 1.08))
    ax.set_yticks([0, 0.5, 1], ["closed  0", "half open  0.5", "open  1"])
    alt = f"""The sigmoid rises from {y[0]:.4f} at a = {a[0]:.3g} to {y[-1]:.4f} at a = {a[-1]:.3g}: 0 is a closed gate,
    1 an open one."""
    if y[0] < 0.05 and y[-1] > 0.95:
        low, high = np.interp([0.05, 0.95], y, a)
        for edge, end, height, text in (low, a[0], 0.25, "almost closed"), (high, a[-1], 0.75, "almost open"):
            ax.axvspan(edge, end, color=PALE, alpha=0.12, lw=0)
            ax.text((edge + end) / 2, height, text, ha="center", va="center", fontsize=9)
        alt += f" Below a = {low:.2f} it is less than 0.05, above a = {high:.2f} more than 0.95."
    return Picture(figure, alt)
