"""The figure that grows through the course: how far back can this network remember?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from helpers.arrays import FloatArray
from helpers.plots.axes import level, name_line_ends, plain_ticks, spoken
from helpers.plots.guess import Guess, mark_guess, spoken_guess
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import DOT, LINE, LOOKS, MARK, THICK, Look, looks_of, new_figure

#: From this share on, a lag counts as remembered.
_RECALLED = 0.9

#: The axes are the same in every notebook: steps back, with ticks at the distances of the course's experiment.
_STEPS, _TICKS = (0.9, 88), (1, 2, 5, 10, 20, 40, 80)

#: How far apart the names of lines that end together stand [share right], and the lines themselves [point].
_APART, _BESIDE = 0.1, 2.6


@draws_picture
def recall_by_lag(
    rows: Mapping[str, Mapping[int, Sequence[float]]],
    *,
    chance: float = 0.25,
    yours: Mapping[int, float] | None = None,
    guess: Guess = ...,
) -> Picture:
    """Plot how often networks name the symbol of some steps ago: a point for each seed, and a line through the means.

    The lines are drawn a little apart, so that none hides another where both are right.

    Args:
        rows: dict from label to dict from lag to the shares right, one a seed; may be empty if there is a run of yours.
        chance: the share that guessing gets right, drawn as a horizontal line.
        yours: dict from lag to the share right in the reader's own run.
        guess: up to how many steps back the reader guessed it would be right.

    Raises:
        ValueError: no such dict, no data at all, or a lag below 1.
    """
    curves = {label: _sorted(curve) for label, curve in rows.items()}
    if yours is not None:
        yours = {lag: float(share) for lag, share in sorted(yours.items())}
    if not curves and not yours:
        raise ValueError("There is nothing to draw: give rows, or a run of yours.")
    from matplotlib.transforms import offset_copy

    figure, ax = new_figure(8, 3.6)
    looks = looks_of(curves)
    ends, sentences = [], []
    for number, (look, (label, curve)) in enumerate(zip(looks, curves.items())):
        place = (len(curves) - 1) / 2 - number
        beside = offset_copy(ax.transData, figure, y=place * _BESIDE, units="points")
        lags = np.array(list(curve))
        means = np.array([values.mean() for values in curve.values()])
        for lag, values in curve.items():
            aside = np.full(values.size, lag * 1.03**-place)
            ax.plot(aside, values, look.marker, color=look.colour, gid=look.name, ms=DOT, alpha=0.6, mew=0,
                    transform=beside)  # fmt: skip
        ax.plot(lags, means, lw=LINE, transform=beside, **look.line)
        ends.append((means[-1], label, look))
        seeds = min(values.size for values in curve.values())
        mean = f", mean of {seeds} seeds" if seeds > 1 else ""
        sentences.append(f"{spoken(label)}{mean}: {_reach(lags, means)}")
    if yours:
        look, lags, shares = LOOKS["yours"], np.array(list(yours)), np.array(list(yours.values()))
        ax.plot(lags, shares, look.marker, color=look.colour, gid=look.name, ms=MARK, mfc="none", mew=THICK)
        ends.append((shares[-1], "yours", look))
        sentences.append(f"Yours: {_reach(lags, shares)}")
    ax.set(xscale="log", xlim=_STEPS, ylim=(0, 1.15), yticks=np.linspace(0, 1, 6), ylabel="share right")
    ax.set_xlabel("how many steps back the symbol came")
    plain_ticks(ax.xaxis, _TICKS)
    level(ax, chance, "guessing", below=True)
    mark_guess(ax, x=guess)
    name_line_ends(ax, _apart(ends), width=18)
    shown = {tuple(round(float(values.mean()), 2) for values in curve.values()) for curve in curves.values()}
    apart = ", lines a little apart" if len(shown) < len(curves) else ""
    alt = f"""Share of first symbols named right against how many steps back they came, on a log axis{apart}.
    {". ".join(sentences)}. A line at {chance:g} marks guessing.{spoken_guess(guess)}"""
    return Picture(figure, alt)


def _sorted(curve: Mapping[int, Sequence[float]]) -> dict[int, FloatArray]:
    """Return a curve by rising lag, each with an array of shares."""
    found = {lag: np.asarray(curve[lag], dtype=float).ravel() for lag in sorted(curve)}
    if not found or min(found) < 1 or not all(values.size for values in found.values()):
        raise ValueError("Each row must be a dict from lags, which are at least 1, to one share or more.")
    return found


def _reach(lags: np.ndarray, shares: FloatArray) -> str:
    """Say up to which lag all is remembered, and what is right at the last one."""
    good = int(np.argmin(np.append(shares >= _RECALLED, False)))
    near = (
        f"at least {_RECALLED:g} right up to {lags[good - 1]} step{'s' if lags[good - 1] > 1 else ''} back"
        if good
        else "nothing is remembered"
    )
    return f"{near}, {shares[-1]:.2f} at {lags[-1]}"


def _apart(ends: Sequence[tuple[float, str, Look]]) -> list[tuple[float, str, Look]]:
    """Return the names of lines from the highest down, each a little below the one before it."""
    placed: list[tuple[float, str, Look]] = []
    for height, label, look in sorted(ends, key=lambda end: -end[0]):
        highest = placed[-1][0] - _APART if placed else 1.0
        placed.append((min(height, highest), label, look))
    return placed
