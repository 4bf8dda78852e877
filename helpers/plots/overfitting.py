"""Figures of overfitting: two curves that part, what four answers do to them, and the path of each model."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.language.message import Listing, message
from helpers.plots.arguments import check_entries, to_arrays, to_dict
from helpers.plots.axes import border, listed, log_perplexity_axis, name_line_ends, note
from helpers.plots.guess import Guess, mark_guess, spoken_guess
from helpers.plots.narrow import broken, draw_legend, is_narrow, legend_columns
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    DOT,
    FINE,
    LINE,
    LOOKS,
    MARK,
    MEDIUM,
    POINT,
    SERIES,
    THICK,
    Style,
    looks_of,
    new_figure,
    tint,
)

#: From a name to two curves, of training and validation.
Runs: TypeAlias = Mapping[str, tuple[ArrayLike, ArrayLike]]

_TRAIN, _VALID = LOOKS["training"], LOOKS["validation"]


def _curves(runs: Runs) -> dict[str, list[FloatArray]]:
    """Return the runs as pairs of arrays, if they can be drawn."""
    check_entries(runs, "runs")
    return {name: to_arrays("(n,)", train=train, valid=valid) for name, (train, valid) in runs.items()}


@draws_picture
def gap_between_curves(train: ArrayLike, valid: ArrayLike, every: int, guess: Guess = ...) -> Picture:
    """Plot training and validation perplexity of one run, the best moment and the gap at the end.

    Args:
        train (n,): perplexity of text the model learns from.
        valid (n,): perplexity of text it never sees.
        every: updates between two measurements.
        guess: after how many updates the reader guessed that validation is lowest.

    Raises:
        ValueError: curves that cannot be drawn.
    """
    train, valid = to_arrays("(n,)", train=train, valid=valid)
    figure, ax = new_figure(8, 3.5)
    updates = every * np.arange(1, train.size + 1)
    best = int(valid.argmin())
    ax.fill_between(updates, train, valid, facecolor=tint("pale"), lw=0, gid="pale")
    ax.plot(updates, valid, **_VALID.marked)
    ax.plot(updates, train, **_TRAIN.marked)
    border(ax, updates[best])
    lowest = ("lowest: {:.0f},\nafter {} updates" if is_narrow() else "lowest: {:.0f}, after {} updates").format(
        valid[best], updates[best]
    )
    note(ax, lowest, (updates[best], valid[best]), (8, 30), of=_VALID, size=MEDIUM)
    log_perplexity_axis(ax, [*train, *valid])
    ax.set(xlabel="updates", ylabel="perplexity", xlim=(0, updates[-1] * 1.01))
    name_line_ends(ax, [(values[-1], f"{look.name}: {values[-1]:.0f}", look)
                        for values, look in ((valid, _VALID), (train, _TRAIN))])  # fmt: skip
    mark_guess(ax, x=guess)
    template = (
        "Two curves of perplexity against updates. Training falls throughout, from {train_first:.0f} to "
        "{train_last:.0f}. Validation falls from {valid_first:.0f} to its lowest value, {lowest:.0f}, after {best} "
        "updates, and is {valid_last:.0f} in the end. The gap between the two is shaded."
    )
    alt = message(
        template,
        train_first=train[0],
        train_last=train[-1],
        valid_first=valid[0],
        lowest=valid[best],
        best=updates[best],
        valid_last=valid[-1],
    )
    return Picture(figure, alt, spoken_guess(guess))


@draws_picture
def four_answers(runs: Runs, every: int) -> Picture:
    """Plot training and validation perplexity of several runs side by side, each beside the first one's validation.

    Args:
        runs: dict from name to (train (n,), valid (n,)); the first is the run that the others should improve on.
        every: updates between two measurements.

    Raises:
        ValueError: curves that cannot be drawn.
    """
    curves = _curves(runs)
    figure, axes = new_figure(8, 3.5, columns=len(curves), sharex=True, sharey=True, squeeze=False)
    everything = [value for pair in curves.values() for curve in pair for value in curve]
    (_, reference), *_ = curves.values()
    for ax, (name, (train, valid)) in zip(axes[0], curves.items()):
        updates = every * np.arange(1, train.size + 1)
        if valid is not reference:
            ax.plot(every * np.arange(1, reference.size + 1), reference, **LOOKS["border"].line)
        ax.plot(updates, valid, **_VALID.marked)
        ax.plot(updates, train, **_TRAIN.marked)
        end = updates[-1]
        # A narrow panel has room beside the ends, but little above and below them.
        above, below = ((15, 2), (15, -9)) if is_narrow() else ((0, 7), (0, -15))
        note(ax, f"{valid[-1]:.0f}", (end, valid[-1]), above, of=_VALID, size=MEDIUM, ha="center")
        note(ax, f"{train[-1]:.0f}", (end, train[-1]), below, of=_TRAIN, size=MEDIUM, ha="center")
        ax.set_title(name, fontsize=MEDIUM)
        ax.set_xlim(0, updates[-1] * 1.18)
        ax.set_xticks([0, int(updates[-1])])
    log_perplexity_axis(axes[0][0], [min(everything) / 1.1, *everything])
    axes[0][0].set_ylabel("perplexity")
    axes[0][len(curves) // 2].set_xlabel("updates")
    handles, labels = axes[0][0].lines[:2], ["validation", "training"]
    if len(curves) > 1:
        handles, labels = [*handles, axes[0][1].lines[0]], [*labels, f"validation, {next(iter(curves))}"]
    figure.legend(handles, labels, loc="outside upper right", ncols=legend_columns(3))
    template = "{name}: training {train:.0f}, validation {valid:.0f}"
    ends = [message(template, name=name, train=train[-1], valid=valid[-1])
            for name, (train, valid) in curves.items()]  # fmt: skip
    template = (
        "Panels, {count} side by side, of training and validation perplexity against updates on one log axis; a dashed "
        "line repeats the first panel's validation curve in the others. At the end, {ends}."
    )
    return Picture(figure, message(template, count=len(curves), ends=Listing(ends)))


@draws_picture
def fit_and_generalise(panels: Mapping[str, Runs]) -> Picture:
    """Plot validation against training perplexity: the path that each model takes while it learns, to the left.

    Args:
        panels: dict from title to dict from name to (train (seeds, n), valid (seeds, n)), a path for each seed.

    Raises:
        ValueError: curves that cannot be drawn.
    """
    check_entries(panels, "panels", 3)
    curves = {
        title: {name: to_arrays("(seeds, n)", train=train, valid=valid) for name, (train, valid) in runs.items()}
        for title, runs in panels.items()
    }
    figure, axes = new_figure(8, 3.9, columns=len(panels), sharex=True, sharey=True, squeeze=False)
    pairs = [pair for runs in curves.values() for pair in runs.values()]
    limits = [np.concatenate([pair[number].ravel() for pair in pairs]) for number in range(2)]
    sentences = []
    for ax, (title, runs) in zip(axes[0], curves.items()):
        for number, axis in enumerate("xy"):
            log_perplexity_axis(ax, limits[number], axis=axis)
        ax.plot(ax.get_xlim(), ax.get_xlim(), **LOOKS["border"].line)
        for look, (name, (train, valid)) in zip(looks_of(runs), runs.items()):
            for one, other in zip(train, valid):
                ax.plot(one, other, lw=LINE, ms=DOT, alpha=0.8, **look.marked)
                ax.plot(one[-1], other[-1], look.marker, color=look.colour, ms=MARK, gid=look.name)
            is_top = valid[:, -1].max() >= max(other[:, -1].max() for _, other in runs.values())
            end = int(valid[:, -1].argmax() if is_top else valid[:, -1].argmin())
            above = (6, 6) if is_top else (0, -18)  # where no other path is
            note(ax, name, (train[end, -1], valid[end, -1]), above, of=look, size=MEDIUM)
            template = "{title}, {name}: training {train}, validation {valid}"
            train_ends, valid_ends = (listed(values[:, -1], ".0f") for values in (train, valid))
            sentences.append(message(template, title=title, name=name, train=train_ends, valid=valid_ends))
        ax.set(title=title, xlabel="training perplexity (← learning)")
    equal = axes[0, 0].get_ylim()[0]
    note(axes[0, 0], "equal", (equal, equal), (10, 4), of="border")
    axes[0, 0].set_ylabel("validation perplexity")
    template = (
        "Validation against training perplexity, both on log axes: a path for each seed, from the right to the left "
        "while the model learns, its end marked larger. At the end, {sentences}. A dashed line shows where the two "
        "would be equal."
    )
    return Picture(figure, message(template, sentences=Listing(sentences)))


@draws_picture
def lowest_and_last(rows: Mapping[str, tuple[ArrayLike, ArrayLike]], guess: Guess = ...) -> Picture:
    """Mark for each seed of some models where its validation perplexity was lowest (filled), and its last (hollow).

    Args:
        rows: dict from name to (lowest (seeds,), last (seeds,)); a dashed line repeats the first row's mean lowest.
        guess: a lowest perplexity that the reader guessed, drawn as a line.

    Raises:
        ValueError: numbers that cannot be drawn.
    """
    check_entries(rows, "rows", 14)
    arrays = {name: to_arrays("(seeds,)", lowest=lowest, last=last) for name, (lowest, last) in rows.items()}
    figure, ax = new_figure(8, 0.9 + 0.36 * len(arrays))
    style: Style = {"linestyle": "none", "color": _VALID.colour, "marker": _VALID.marker, "gid": _VALID.name}
    for number, (lowest, last) in enumerate(arrays.values()):
        ax.plot(last, np.full(last.size, number), **style, ms=POINT, mfc="none")
        ax.plot(lowest, np.full(lowest.size, number), **style, ms=POINT)
        note(ax, f"{lowest.mean():.0f}, {last.mean():.0f}", (1, number), (6, 0), size=MEDIUM, of=_VALID, va="center",
             on=ax.get_yaxis_transform())  # fmt: skip
    first = next(iter(arrays.values()))[0].mean()
    border(ax, first)
    every = np.concatenate([values for pair in arrays.values() for values in pair])
    log_perplexity_axis(ax, every, 1.05, axis="x")
    ax.set(ylim=(len(arrays) - 0.5, -0.9), ylabel="model")
    ax.set_xlabel("validation perplexity: lowest ■, last □; dashed, the mean lowest of the first row")
    ax.set_yticks(range(len(arrays)), [broken(name, 14) if is_narrow() else name for name in arrays])
    ax.grid(axis="y", visible=False)
    note(ax, "means", (1, -0.65), (6, 0), of=_VALID, va="center", on=ax.get_yaxis_transform())
    mark_guess(ax, x=guess)
    template = "{name}: lowest {lowest:.1f}, last {last:.1f}"
    means = [message(template, name=name, lowest=lowest.mean(), last=last.mean())
             for name, (lowest, last) in arrays.items()]  # fmt: skip
    template = (
        "Validation perplexity on a log axis, two marks for each seed: where it was lowest, filled, and the last one, "
        "hollow. A dashed line repeats the mean of the lowest in the first row. Means, {means}."
    )
    return Picture(figure, message(template, means=Listing(means)), spoken_guess(guess))


@draws_picture
def longest_copies(rows: Mapping[str, ArrayLike], length: int, guess: Guess = ...) -> Picture:
    """Mark for each of some prompts how many words in a row of what follows stand in the training text, too.

    Args:
        rows: dict from who wrote the text to the longest run (prompts,).
        length: how many words were written after each prompt.
        guess: the median run of the first row that the reader guessed, drawn as a line.

    Raises:
        ValueError: numbers that cannot be drawn.
    """
    arrays = to_dict(rows, "rows", "(prompts,)", most=4)
    figure, ax = new_figure(8, 0.9 + 0.5 * len(arrays))
    look = LOOKS["training"]
    for number, runs in enumerate(arrays.values()):
        heights = number + np.linspace(-0.25, 0.25, runs.size)
        ax.plot(runs, heights, look.marker, color=look.colour, ms=POINT, mfc="none", gid=look.name)
        ax.plot([np.median(runs)] * 2, [number - 0.35, number + 0.35], lw=THICK, **look.line)
        note(ax, f"median {np.median(runs):.0f}", (1, number), (6, 0), size=MEDIUM, of=look, va="center",
             on=ax.get_yaxis_transform())  # fmt: skip
    ax.set(xlim=(0, length * 1.03), ylim=(len(arrays) - 0.5, -0.9), ylabel="written by")
    ax.set_xlabel(f"longest run copied, of {length} words")
    ax.set_yticks(range(len(arrays)), [broken(name, 14) if is_narrow() else name for name in arrays])
    ax.grid(axis="y", visible=False)
    mark_guess(ax, x=guess)
    template = "{name}: median {median:.0f}, {low:.0f} to {high:.0f}"
    medians = [message(template, name=name, median=np.median(runs), low=runs.min(), high=runs.max())
               for name, runs in arrays.items()]  # fmt: skip
    template = (
        "The longest run of words that stands in the training text as well, of {length} words that follow a prompt; a "
        "mark for each prompt, a line at the median. {medians}."
    )
    return Picture(figure, message(template, length=length, medians=Listing(medians)), spoken_guess(guess))


@draws_picture
def weight_sizes(weights: Mapping[str, ArrayLike]) -> Picture:
    """Plot how the weights of several models are spread, on one axis.

    Args:
        weights: dict from name to an array of weights, any shape.

    Raises:
        ValueError: no weights, or more sets than there are line styles.
    """
    if not 1 <= len(weights) <= len(SERIES) or any(np.size(values) == 0 for values in weights.values()):
        raise ValueError(f"Give 1 to {len(SERIES)} sets of weights, none of them empty: got {len(weights)}.")
    flat = {name: np.ravel(values).astype(float) for name, values in weights.items()}
    edge = max(float(np.quantile(np.abs(values), 0.995)) for values in flat.values())
    bins = np.linspace(-edge, edge, 61)
    figure, ax = new_figure(8, 2.8)
    for look, (name, values) in zip(looks_of(flat), flat.items()):
        share, _ = np.histogram(values, bins)
        label = f"{name}: root mean square {np.sqrt(np.mean(values**2)):.2f}"
        ax.plot((bins[1:] + bins[:-1]) / 2, share / values.size, label=label, **look.line)
    ax.axvline(0, lw=FINE, **LOOKS["ink"].line)
    ax.set(xlabel="weight", ylabel="share of the weights", ylim=(0, None))
    draw_legend(ax)
    sizes = [message("{name}: {size:.2f}", name=name, size=np.sqrt(np.mean(values**2)))
             for name, values in flat.items()]  # fmt: skip
    template = "How the weights are spread around 0, one line for each model. Root mean square: {sizes}."
    return Picture(figure, message(template, sizes=Listing(sizes)))
