"""What several plots share: notes, level lines, log axes, lines with markers, and numbers as words.

Everywhere `number` counts the series of a plot from 0, and `style` goes on to matplotlib.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from helpers.arrays import FloatArray, IntArray
from helpers.language.message import Listing, message
from helpers.plots.narrow import broken, is_narrow
from helpers.plots.style import FINE, GROUND, LINE, LOOKS, MEDIUM, SMALL, THICK, Look, Point, Style, looks_of, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.image import AxesImage
    from matplotlib.transforms import Transform


#: What ``Axes.annotate`` takes for coordinates.
Coordinates: TypeAlias = "str | Transform | tuple[str, str]"

#: An arrow that begins and ends exactly at its two places.
ARROW: Style = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 12}

#: Ticks of a log axis of perplexity: where it spans decades, where it spans much, and where it spans little.
_FEW_TICKS = (1, 10, 100, 1000, 10_000)
_TICKS = (10, 15, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000, 2000, 5000)
_MORE_TICKS = (10, 12, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90, 100, 120, 150, 200, 250, 300, 400, 500, 700, 1000)


def spoken(label: str) -> str:
    """Return a label without the marks of mathtext, for alt text."""
    return label.replace(r"\mathrm", "").translate(str.maketrans("", "", "$\\{}"))


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
    of: str | Look = "ink",
    size: float = SMALL,
    on: Coordinates = "data",
    **style: Any,
) -> None:
    """Write a text about `of` beside a place (in the coordinates `on`, as for ``Axes.annotate``), offset [point].

    It stands on a ground of its own, so that no line of the grid strikes it through.
    """
    (x, y), (right, up), look = place, offset, of if isinstance(of, Look) else LOOKS[of]
    words: Style = {"fontsize": size, "color": look.text, "gid": look.name, "bbox": GROUND}
    ax.annotate(text, (x, y), (right, up), on, "offset points", **words | style)


def level(ax: Axes, value: float, text: str, *, look: Look = LOOKS["level"], below: bool = False) -> None:
    """Draw a horizontal line at a value, its text above or below the right end."""
    ax.axhline(value, lw=LINE, **look.line)
    note(ax, text, (1, value), (-4, -12 if below else 4), of=look, on=ax.get_yaxis_transform(), ha="right")


def border(ax: Axes, value: float) -> None:
    """Draw a vertical line at a value, where something ends."""
    ax.axvline(value, lw=LINE, **LOOKS["border"].line)


def shade(ax: Axes, start: float, end: float, height: float, text: str, of: str = "pale") -> None:
    """Shade the axes between two values of x, and say at a height what is so there."""
    ground = tint(of)
    ax.axvspan(start, end, facecolor=ground, lw=0, gid=of, zorder=0)
    ax.text((start + end) / 2, height, text, ha="center", va="center", fontsize=SMALL, color=LOOKS["ink"].text,
            gid="ink", bbox=GROUND | {"facecolor": ground})  # fmt: skip


def zero_line(ax: Axes) -> None:
    """Draw the horizontal line at 0."""
    ax.axhline(0, lw=FINE, **LOOKS["ink"].line)


def baseline_levels(ax: Axes, baselines: Mapping[str, float], beside: Sequence[str]) -> Listing:
    """Draw each baseline (name to perplexity) as a horizontal line, beside lines of other names; return the facts."""
    for (name, value), look in zip(baselines.items(), looks_of([*beside, *baselines])[len(beside) :]):
        level(ax, value, f"{name}: {value:.0f}", look=look)
    template = "{name}: {perplexity:.0f}"
    return Listing([message(template, name=name, perplexity=value) for name, value in baselines.items()])


def name_line_ends(ax: Axes, ends: Sequence[tuple[float, str, Look]], *, width: int = 22) -> None:
    """Write each line's name beside its right end, moved up where two would touch; call it after setting the limits.

    Args:
        ax: the axes.
        ends: (y, text, look) of each line.
        width: of a line of text [letters] in a wide figure; longer names are wrapped.
    """
    to_fraction = ax.transData + ax.transAxes.inverted()
    inch = ax.figure.dpi / ax.bbox.height
    ends = sorted(ends, key=lambda end: end[0])
    if is_narrow():
        names = [broken(text, 14) for _, text, _ in ends]
    else:
        names = [text if "$" in text else textwrap.fill(text, width) for _, text, _ in ends]
    halves = [(0.03 + 0.08 * len(name.splitlines())) * inch for name in names]
    heights, bottom = [], 0.0
    for (y, *_), half in zip(ends, halves):
        heights.append(max(to_fraction.transform((1, y))[1], bottom + half))
        bottom = heights[-1] + half
    if is_narrow():  # names of several lines would reach the title
        top = 1.0
        for number in reversed(range(len(ends))):
            heights[number] = min(heights[number], top - halves[number])
            top = heights[number] - halves[number]
    for name, height, (*_, look) in zip(names, heights, ends):
        note(ax, name, (1, height), (6, 0), of=look, size=MEDIUM, on="axes fraction", va="center")


def line_style(look: Look, steps: int, number: int = 0) -> Style:
    """Return the style of a line: about eight markers, shifted from line to line so that none hides another."""
    gap = max(1, steps // 8)
    return look.marked | {"markevery": (number * gap // 6, gap)}


def draw_runs(ax: Axes, steps: IntArray, runs: FloatArray, look: Look, number: int) -> FloatArray:
    """Draw runs (runs, steps) of one series thin and their median thick, on a log axis; return the median."""
    median = np.median(runs, axis=0)
    if len(runs) > 1:
        ax.plot(steps, drawable(runs).T, color=look.colour, gid=look.name, lw=FINE, alpha=0.35)
    ax.plot(steps, drawable(median), lw=THICK, **line_style(look, median.size, number))
    return median


def heat_map(ax: Axes, table: FloatArray, colours: str, low: float, high: float, **style: Any) -> AxesImage:
    """Draw a table of numbers as colours of a map from low to high, and return the image."""
    ax.grid(False)
    return ax.imshow(table, cmap=colours, vmin=low, vmax=high, aspect="auto", interpolation="nearest", **style)


def log_perplexity_axis(ax: Axes, values: Collection[float], room: float = 1.12, axis: str = "y") -> None:
    """Make an axis logarithmic, with limits that hold some perplexities and a little room, and plain numbers."""
    low, high = min(values) / room, max(values) * room
    ax.set(**{f"{axis}scale": "log", f"{axis}lim": (low, high)})
    ticks = _FEW_TICKS if high > 100 * low else _TICKS if high > 4 * low else _MORE_TICKS
    plain_ticks(getattr(ax, f"{axis}axis"), [tick for tick in ticks if low <= tick <= high])


def plain_ticks(axis: Axis, ticks: Sequence[int]) -> None:
    """Put ticks with plain numbers on an axis, and none between them."""
    axis.set_ticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.set_ticks([], minor=True)
