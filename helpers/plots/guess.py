"""What a learner guessed before a result was shown, and its marks in a figure.

A cell asks with ``guess = ...``, and nothing fails where that is left as it is.
"""

from __future__ import annotations

from types import EllipsisType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from helpers.language.message import Message, message
from helpers.plots.style import GROUND, LINE, LOOKS, SMALL, Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: A guessed number, or what says that there is none.
Guess: TypeAlias = float | EllipsisType | None


def is_given(guess: object) -> bool:
    """Return whether a guess was made, rather than left as ``...``."""
    return guess is not None and guess is not ...


def as_number(guess: Guess) -> float | None:
    """Return a guess as a number, or None if there is none.

    Raises:
        ValueError: it is something else.
    """
    if not is_given(guess):
        return None
    if isinstance(guess, (int, float, np.number)) and np.isfinite(guess):
        return float(guess)
    raise ValueError(f"A guess is a number here, or ... for none: got {guess!r}.")


def mark_guess(ax: Axes, *, x: Guess = ..., y: Guess = ...) -> None:
    """Draw a guess as a line across the axes, at a value of x or of y, or as a mark where both are given.

    A guess beyond limits that are set, or at most 0 on a log axis, is drawn at the edge, with its number.
    """
    look, text = LOOKS["guess"], "your guess"
    right, over = _within(ax.get_xlim(), ax.get_autoscalex_on() and (ax.get_xscale() != "log"), as_number(x))
    up, above = _within(ax.get_ylim(), ax.get_autoscaley_on() and (ax.get_yscale() != "log"), as_number(y))
    if over or above:
        text += ": " + ", ".join(f"{number:g}" for number in (as_number(x), as_number(y)) if number is not None)
    words: Style = {"fontsize": SMALL, "color": look.text, "gid": look.name, "bbox": GROUND}
    if right is not None and up is not None:
        ax.plot([right], [up], linestyle="none", marker=look.marker, color=look.colour, gid=look.name)
        ax.annotate(text, (right, up), (6, 6), "data", "offset points", **words)
    elif right is not None:
        ax.axvline(right, lw=LINE, **look.line)
        across = ax.transAxes.inverted().transform(ax.get_xaxis_transform().transform((right, 1)))[0]
        place: Style = {"xytext": (-4, -12), "ha": "right"} if across > 0.8 else {"xytext": (4, -12)}
        ax.annotate(text, (right, 1), xycoords=ax.get_xaxis_transform(), textcoords="offset points", **place, **words)
    elif up is not None:
        ax.axhline(up, lw=LINE, **look.line)
        ax.annotate(text, (0, up), (4, 4), ax.get_yaxis_transform(), "offset points", **words)


def _within(limits: tuple[float, float], is_free: bool, value: float | None) -> tuple[float | None, bool]:
    """Return where in the limits of an axis a guess is drawn, and whether that is at the edge for want of room."""
    if value is None or is_free or min(limits) <= value <= max(limits):
        return value, False
    return min(max(value, min(limits)), max(limits)), True


def spoken_guess(guess: Guess) -> Message | str:
    """Return a sentence for the alt text, or "" without a guess."""
    number = as_number(guess)
    return "" if number is None else message("Your guess was {guess:g}.", guess=number)
