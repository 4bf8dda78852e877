"""The figure that grows through the course: how far back can this network remember?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from helpers.arrays import FloatArray, IntArray
from helpers.language.message import Listing, Message, message
from helpers.plots.axes import level, name_line_ends, note, plain_ticks, spoken
from helpers.plots.guess import Guess, mark_guess, spoken_guess
from helpers.plots.narrow import broken, is_narrow
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import DOT, LINE, LOOKS, MARK, MEDIUM, THICK, Look, looks_of, new_figure, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
        template = "{label}, mean of {seeds} seeds: {reach}" if seeds > 1 else "{label}: {reach}"
        sentences.append(message(template, label=spoken(label), seeds=seeds, reach=_reach(lags, means)))
    if yours:
        look, lags, shares = LOOKS["yours"], np.array(list(yours)), np.array(list(yours.values()))
        ax.plot(lags, shares, look.marker, color=look.colour, gid=look.name, ms=MARK, mfc="none", mew=THICK)
        ends.append((shares[-1], "yours", look))
        sentences.append(message("Yours: {reach}", reach=_reach(lags, shares)))
    ax.set(xscale="log", xlim=_STEPS, ylim=(0, 1.15), yticks=np.linspace(0, 1, 6), ylabel="share right")
    ax.set_xlabel("how many steps back the symbol came")
    plain_ticks(ax.xaxis, _TICKS)
    level(ax, chance, "guessing", below=True)
    mark_guess(ax, x=guess)
    name_line_ends(ax, _apart(ends), width=18)
    shown = {tuple(round(float(values.mean()), 2) for values in curve.values()) for curve in curves.values()}
    template = "Share of first symbols named right against how many steps back they came, on a log axis."
    if len(shown) < len(curves):
        template = (
            "Share of first symbols named right against how many steps back they came, on a log axis, lines a little "
            "apart."
        )
    said = message("{networks}. A line at {chance:g} marks guessing.", networks=Listing(sentences, ". "), chance=chance)
    return Picture(figure, message(template), said, spoken_guess(guess))


@draws_picture
def how_far_back(
    rows: Mapping[str, Mapping[int, Sequence[float]]], words: Mapping[str, int], *, guess: Guess = ...
) -> Picture:
    """Draw how far back networks can remember, and below it how many words of a text language models make use of.

    A network remembers a lag if it is right at that one and at all shorter ones. A bar ends where every seed remembers;
    a point is where one of them does. Both parts have the same scale.

    Args:
        rows: dict from label to dict from lag to the shares right, one a seed, as for `recall_by_lag`.
        words: dict from label to the last words that are enough for a language model: given these, its perplexity is
            within one per cent of that with the whole past.
        guess: how many words the reader guessed.

    Raises:
        ValueError: no such dicts, nothing for one part, a lag or a number of words below 1.
    """
    curves = {label: _sorted(curve) for label, curve in rows.items()}
    if not curves or not words or min(words.values()) < 1:
        raise ValueError("Give rows of shares by lag, and for each language model a number of words, at least 1.")
    longest, space = max(max(curve) for curve in curves.values()), (len(curves) + 0.2, len(words) + 0.2)
    figure, (top, bottom) = new_figure(8, 1.8 + 0.34 * sum(space), rows=2, sharex=True, height_ratios=space)
    remembered = []
    for place, look, (label, curve) in zip(range(len(curves)), looks_of(curves), curves.items()):
        reaches = _furthest_of_each_seed(curve)
        least, most = reaches.min(), reaches.max()
        template = "{least}" if least == most else "{least}, best seed {most}"
        if least == max(curve):
            template = "{least} or more"
        values = {"least": least, "most": most}
        _bar(top, place, least, look)
        aside = place + np.linspace(-0.18, 0.18, reaches.size)
        top.plot(reaches, aside, look.marker, color=look.colour, gid=look.name, ms=DOT)
        note(top, template.format(**values), (most, place), (7, 0), of=look, size=MEDIUM, va="center")
        remembered.append(message("{label}: {steps}", label=spoken(label), steps=Message(template, values)))
    for place, look, count in zip(range(len(words)), looks_of(words), words.values()):
        _bar(bottom, place, count, look)
        note(bottom, f"{count}", (count, place), (7, 0), of=look, size=MEDIUM, va="center")
    top.set(xlim=(0, 1.22 * max(longest, *words.values())), title="What a network can remember")
    top.set_xlabel("steps back, up to which every seed is right (points: each seed's own)")
    bottom.set_title("What a text makes a network use")
    bottom.set_xlabel("last words that are enough: perplexity within 1 % of that with the whole past")
    _name_bars(top, "on a task", list(curves))
    _name_bars(bottom, "in a text", list(words))
    mark_guess(bottom, x=guess)
    enough = [message("{label}: {words}", label=spoken(label), words=count) for label, count in words.items()]
    template = (
        "Bars in two parts of one scale. The steps back up to which a network remembers a symbol with every seed: "
        "{steps}. The last words that are enough for a language model to come within one per cent of the perplexity "
        "that it has with the whole past: {words}."
    )
    return Picture(figure, message(template, steps=Listing(remembered), words=Listing(enough)), spoken_guess(guess))


def _bar(ax: Axes, place: int, length: float, look: Look) -> None:
    """Draw a horizontal bar in a row of the axes."""
    ax.barh(place, length, height=0.6, facecolor=tint(look.name, 0.35), edgecolor=look.colour, gid=look.name)


def _name_bars(ax: Axes, where: str, labels: Sequence[str]) -> None:
    """Name the axes and their rows, the first one on top, and put ticks at the longer distances."""
    ax.set_yticks(range(len(labels)), [broken(label, 15) if is_narrow() else label for label in labels])
    ax.set(ylabel=where, ylim=(len(labels) - 0.4, -0.6))
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    plain_ticks(ax.xaxis, [0, 20, 40, 80] if is_narrow() else [0, 10, 20, 40, 80])
    ax.xaxis.set_tick_params(labelbottom=True)


def _furthest_of_each_seed(curve: Mapping[int, FloatArray]) -> IntArray:
    """Return up to which lag each seed remembers; 0 where it never does."""
    if len({shares.size for shares in curve.values()}) > 1:
        raise ValueError("Each row must have as many shares, one a seed, at each lag.")
    lags, shares = np.array(list(curve)), np.array(list(curve.values()))
    return np.array([_furthest(lags, of_seed) for of_seed in shares.T])


def _furthest(lags: IntArray, shares: FloatArray) -> int:
    """Return the last of the lags, which rise, up to which all are remembered; 0 if none is."""
    good = int(np.argmin(np.append(shares >= _RECALLED, False)))
    return int(lags[good - 1]) if good else 0


def _sorted(curve: Mapping[int, Sequence[float]]) -> dict[int, FloatArray]:
    """Return a curve by rising lag, each with an array of shares."""
    found = {lag: np.asarray(curve[lag], dtype=float).ravel() for lag in sorted(curve)}
    if not found or min(found) < 1 or not all(values.size for values in found.values()):
        raise ValueError("Each row must be a dict from lags, which are at least 1, to one share or more.")
    return found


def _reach(lags: np.ndarray, shares: FloatArray) -> Message:
    """Say up to which lag all is remembered, and what is right at the last one."""
    furthest = _furthest(lags, shares)
    template = "at least {least:g} right up to {furthest} steps back, {share:.2f} at {last}"
    if furthest == 0:
        template = "nothing is remembered, {share:.2f} at {last}"
    elif furthest == 1:
        template = "at least {least:g} right up to 1 step back, {share:.2f} at {last}"
    return message(template, least=_RECALLED, furthest=furthest, share=shares[-1], last=lags[-1])


def _apart(ends: Sequence[tuple[float, str, Look]]) -> list[tuple[float, str, Look]]:
    """Return the names of lines from the highest down, each a little below the one before it."""
    placed: list[tuple[float, str, Look]] = []
    for height, label, look in sorted(ends, key=lambda end: -end[0]):
        highest = placed[-1][0] - _APART if placed else 1.0
        placed.append((min(height, highest), label, look))
    return placed
