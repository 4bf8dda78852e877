"""What several plots share: notes, level lines, log axes, lines with markers, and numbers as words.

Everywhere `number` counts the series of a plot from 0, and `style` goes on to matplotlib.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from helpers.arrays import FloatArray, IntArray
from helpers.plots.style import INK, SERIES, Point, Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.image import AxesImage
    from matplotlib.transforms import Transform


#: What ``Axes.annotate`` takes for coordinates, and ``Axes.axhline`` for a line style.
Coordinates: TypeAlias = "str | Transform | tuple[str, str]"
LineStyle: TypeAlias = str | tuple[int, tuple[int, ...]]

#: An arrow that begins and ends exactly at its two places.
ARROW: Style = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0}

#: Ticks of a log axis of perplexity: where it spans much, and where it spans little.
_TICKS = (10, 15, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000, 2000, 5000)
_MORE_TICKS = (10, 12, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90, 100, 120, 150, 200, 250, 300, 400, 500, 700, 1000)


def spoken(label: str) -> str:
    """Return a label without the marks of mathtext, for alt text."""
    return label.translate(str.maketrans("", "", "$\\{}"))


def listed(values: Iterable[float], form: str = ".3g") -> str:
    """Return numbers as a text, with commas between them; more than three digits would differ between processors."""
    return ", ".join(f"{value:{form}}".replace("-0.00", "0.00") for value in values)


def drawable(values: FloatArray) -> FloatArray:
    """Return the values with a gap where a log axis has no place for them: at 0, inf and NaN."""
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


def note(
    ax: Axes,
    text: str,
    place: Point | FloatArray,
    offset: Point | FloatArray,
    *,
    size: float = 9,
    on: Coordinates = "data",
    **style: Any,
) -> None:
    """Write a text beside a place (in the coordinates `on`, as for ``Axes.annotate``), at an offset from it [point]."""
    (x, y), (right, up) = place, offset
    ax.annotate(text, (x, y), (right, up), on, "offset points", fontsize=size, **style)


def level(
    ax: Axes,
    value: float,
    text: str,
    *,
    colour: str = INK,
    line_colour: str | None = None,
    lw: float = 1.2,
    ls: LineStyle = (0, (6, 3)),
) -> None:
    """Draw a horizontal line at a value, of its own colour or that of the text above its right end."""
    ax.axhline(value, color=line_colour or colour, lw=lw, ls=ls)
    note(ax, text, (1, value), (-4, 4), on=ax.get_yaxis_transform(), ha="right", color=colour)


def baseline_levels(ax: Axes, baselines: Mapping[str, float], styles: Iterable[Style]) -> str:
    """Draw each baseline (name to perplexity) as a horizontal line in the next of `styles`; return them as words."""
    for (name, value), style in zip(baselines.items(), styles):
        level(ax, value, f"{name}: {value:.0f}", colour=style["color"], ls=style["linestyle"], lw=1.4)
    return "; ".join(f"{name}: {value:.0f}" for name, value in baselines.items())


def line_style(number: int, steps: int) -> Style:
    """Return the style of a line: about eight markers, shifted from line to line so that none hides another."""
    gap = max(1, steps // 8)
    return SERIES[number] | {"markevery": (number * gap // len(SERIES), gap)}


def draw_runs(ax: Axes, steps: IntArray, runs: FloatArray, number: int, label: str | None = None) -> FloatArray:
    """Draw runs (runs, steps) of one series thin and their median thick, on a log axis; return the median."""
    median = np.median(runs, axis=0)
    if len(runs) > 1:
        ax.plot(steps, drawable(runs).T, color=SERIES[number]["color"], lw=0.8, alpha=0.35)
    ax.plot(steps, drawable(median), label=label, **line_style(number, median.size) | {"lw": 2.4})
    return median


def heat_map(ax: Axes, table: FloatArray, colours: str, low: float, high: float, **style: Any) -> AxesImage:
    """Draw a table of numbers as colours of a map from low to high, and return the image."""
    ax.grid(False)
    return ax.imshow(table, cmap=colours, vmin=low, vmax=high, aspect="auto", interpolation="nearest", **style)


def log_perplexity_axis(ax: Axes, values: Collection[float], room: float = 1.12, axis: str = "y") -> None:
    """Make an axis logarithmic, with limits that hold some perplexities and a little room, and plain numbers."""
    low, high = min(values) / room, max(values) * room
    ax.set(**{f"{axis}scale": "log", f"{axis}lim": (low, high)})
    ticks = _TICKS if high > 4 * low else _MORE_TICKS
    plain_ticks(getattr(ax, f"{axis}axis"), [tick for tick in ticks if low <= tick <= high])


def plain_ticks(axis: Axis, ticks: Sequence[int]) -> None:
    """Put ticks with plain numbers on an axis, and none between them."""
    axis.set_ticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.set_ticks([], minor=True)
