"""The layout of a chart for a narrow screen: panels one above the other, and words that are broken to fit.

A function draws a chart a second time inside `narrow_layout`; what it asks of ``new_figure`` is then laid out for a
phone. Only the site has use for that, so it is done only where the environment asks for it: a notebook holds one
rendering of each figure.
"""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Text


#: The variable of the environment by which the builder of the site asks for narrow renderings.
WANTED = "COURSE_NARROW_FIGURES"

#: The width of a narrow chart, and the most height of a panel that stood beside others [inch].
WIDTH, TALLEST = 4.0, 2.6

#: Axes in the array that they have in the wide figure, a list of them for the figures drawn so far; None: draw wide.
_drawn: ContextVar[list[Any] | None] = ContextVar("drawn", default=None)


def is_wanted() -> bool:
    """Return whether charts get a narrow rendering besides the wide one."""
    return bool(os.environ.get(WANTED))


def is_narrow() -> bool:
    """Return whether a narrow rendering is being drawn."""
    return _drawn.get() is not None


def legend_columns(wide: int) -> int:
    """Return how many columns a legend has, which has so many in the wide figure."""
    return min(wide, 2) if is_narrow() else wide


def draw_legend(ax: Axes, **wide: Any) -> None:
    """Draw the legend of axes in them, as ``Axes.legend``; below a narrow figure, whose axes have no room for it."""
    if not is_narrow():
        ax.legend(**wide)
        return
    handles, labels = ax.get_legend_handles_labels()
    figure: Any = ax.figure
    figure.set_figheight(figure.get_figheight() + 0.2 * len(labels))
    figure.legend(handles, labels, loc="outside lower center")


@contextmanager
def narrow_layout() -> Iterator[None]:
    """Let charts be laid out for a narrow screen, for the time of the context."""
    token = _drawn.set([])
    try:
        yield
    finally:
        _drawn.reset(token)


def stacked(height: float, columns: int, rows: int, *, squeeze: bool = True, **subplots: Any) -> tuple[Figure, Any]:
    """Return a narrow figure and its axes, in an array of the shape that the wide one has.

    The first column of the wide figure is on top, then comes the second, each with its own numbers below it.

    Args:
        height: of the wide figure [inch].
        columns, rows: how many axes it has side by side, and one above the other.
        squeeze, subplots: as for ``Figure.subplots``.
    """
    from matplotlib.figure import Figure

    subplots.pop("width_ratios", None)
    ratios = np.tile(subplots.pop("height_ratios", np.ones(rows)), columns)
    panel = height / rows if columns == 1 else min(height / rows, TALLEST)
    figure: Any = Figure(figsize=(WIDTH, panel * rows * columns), layout="constrained")
    axes = figure.subplots(rows * columns, 1, squeeze=False, height_ratios=ratios, **subplots)
    axes = axes.reshape(columns, rows).T
    for ax in axes[-1]:
        ax.xaxis.set_tick_params(labelbottom=True)
    if (drawn := _drawn.get()) is not None:
        drawn.append(axes)
    if not squeeze:
        return figure, axes
    return figure, axes.item() if axes.size == 1 else axes.squeeze()


def fit(figure: Figure) -> None:
    """Give each panel of a narrow figure the names of its axes, and break titles and names that are too long."""
    for axes in _drawn.get() or []:
        for row in axes:
            for ax in row[1:]:
                _copy_label(row[0].yaxis, ax.yaxis)
        named = next((ax for ax in axes[-1] if ax.get_xlabel()), axes[-1, 0])
        for ax in axes[-1]:
            _copy_label(named.xaxis, ax.xaxis)
    from matplotlib.text import Text

    figure.draw_without_rendering()
    for ax in figure.axes:
        box, page = ax.get_window_extent(), figure.bbox
        for title in (text for text in ax.get_children() if isinstance(text, Text) and text not in ax.texts):
            _break(title, page.x1 - box.x0)
        _break(ax.xaxis.label, 2 * min(page.x1 - (box.x0 + box.x1) / 2, (box.x0 + box.x1) / 2))
        _break(ax.yaxis.label, box.height + 0.2 * figure.dpi, upright=True)


def _copy_label(source: Axis, axis: Axis) -> None:
    """Name an axis like the one that named it, too, when they stood side by side."""
    if not axis.get_label_text():
        axis.set_label_text(source.get_label_text())
        axis.label.set(
            rotation=source.label.get_rotation(),
            ha=source.label.get_horizontalalignment(),
            va=source.label.get_verticalalignment(),
        )
        axis.labelpad = source.labelpad


def _break(text: Text, room: float, *, upright: bool = False) -> None:
    """Break a text over as few lines as fit into the room [pixel], all of about one length."""
    words = " ".join(text.get_text().split())
    for count in range(2, 6):
        box = text.get_window_extent()
        if (box.height if upright else box.width) <= room:
            return
        fillings = (broken(words, width) for width in range(8, len(words) + 1))
        text.set_text(next(filling for filling in fillings if filling.count("\n") < count))


def broken(text: str, width: int) -> str:
    """Return a text in lines of some width [letters]; a formula stays whole, and a factor with its number."""
    whole = re.sub(r"\$[^$]*\$|[\d.]+ × 10\S*|× \S+", lambda part: part[0].replace(" ", "\0"), text)
    return textwrap.fill(whole, width, break_long_words=False).replace("\0", " ")
