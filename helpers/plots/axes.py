"""What several plots share: notes, level lines, log axes, lines with markers, and numbers as words.

Everywhere `number` counts the series of a plot from 0, and `style` goes on to matplotlib.
"""

import numpy as np

from helpers.plots.style import INK, SERIES

#: An arrow that begins and ends exactly at its two places.
ARROW = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0}

#: Ticks of a log axis of perplexity: where it spans much, and where it spans little.
_TICKS = (10, 15, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000, 2000, 5000)
_MORE_TICKS = (10, 12, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90, 100, 120, 150, 200, 250, 300, 400, 500, 700, 1000)


# --- words and numbers -------------------------------------------------------------------------------------------


def spoken(label):
    """Return a label without the marks of mathtext, for alt text."""
    return label.translate(str.maketrans("", "", "$\\{}"))


def short(value):
    """Return a number with three significant digits: more would differ between processors."""
    return f"{value:.3g}"


def listed(values, form=".3g"):
    """Return numbers as a text, with commas between them."""
    return ", ".join(f"{value:{form}}".replace("-0.00", "0.00") for value in values)


def drawable(values):
    """Return the values with a gap where a log axis has no place for them: at 0, inf and NaN."""
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)


# --- parts of a plot ---------------------------------------------------------------------------------------------


def note(ax, text, place, offset, *, size=9, on="data", **style):
    """Write a text beside a place (in the coordinates `on`, as for ``Axes.annotate``), at an offset from it [point]."""
    ax.annotate(text, place, offset, on, "offset points", fontsize=size, **style)


def level(ax, value, text, *, colour=INK, line_colour=None, lw=1.2, ls=(0, (6, 3))):
    """Draw a horizontal line at a value, of its own colour or that of the text above its right end."""
    ax.axhline(value, color=line_colour or colour, lw=lw, ls=ls)
    note(ax, text, (1, value), (-4, 4), on=ax.get_yaxis_transform(), ha="right", color=colour)


def baseline_levels(ax, baselines, styles):
    """Draw each baseline (name to perplexity) as a horizontal line in the next of `styles`; return them as words."""
    for (name, value), style in zip(baselines.items(), styles):
        level(ax, value, f"{name}: {value:.0f}", colour=style["color"], ls=style["linestyle"], lw=1.4)
    return "; ".join(f"{name}: {value:.0f}" for name, value in baselines.items())


def line_style(number, steps):
    """Return the style of a line: about eight markers, shifted from line to line so that none hides another."""
    gap = max(1, steps // 8)
    return SERIES[number] | {"markevery": (number * gap // len(SERIES), gap)}


def draw_runs(ax, steps, runs, number, label=None):
    """Draw runs (runs, steps) of one series thin and their median thick, on a log axis; return the median."""
    median = np.median(runs, axis=0)
    if len(runs) > 1:
        ax.plot(steps, drawable(runs).T, color=SERIES[number]["color"], lw=0.8, alpha=0.35)
    ax.plot(steps, drawable(median), label=label, **line_style(number, median.size) | {"lw": 2.4})
    return median


def heat_map(ax, table, colours, low, high, **style):
    """Draw a table of numbers as colours of a map from low to high, and return the image."""
    ax.grid(False)
    return ax.imshow(table, cmap=colours, vmin=low, vmax=high, aspect="auto", interpolation="nearest", **style)


def log_perplexity_axis(ax, values, room=1.12):
    """Make y logarithmic, with limits that hold some perplexities and a little room, and plain numbers at its ticks."""
    low, high = min(values) / room, max(values) * room
    ax.set(yscale="log", ylim=(low, high))
    perplexity_ticks(ax.yaxis, low, high)


def perplexity_ticks(axis, low, high):
    """Put ticks with plain numbers on a log axis from low to high."""
    plain_ticks(axis, [tick for tick in (_TICKS if high > 4 * low else _MORE_TICKS) if low <= tick <= high])


def plain_ticks(axis, ticks):
    """Put ticks with plain numbers on an axis, and none between them."""
    axis.set_ticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.set_ticks([], minor=True)
