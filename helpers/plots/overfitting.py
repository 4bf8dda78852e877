"""Figures of overfitting: two curves that part, what four answers do to them, and the path of each model."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.plots.arguments import check_entries, to_arrays
from helpers.plots.axes import border, log_perplexity_axis, name_line_ends, note
from helpers.plots.narrow import draw_legend, is_narrow, legend_columns
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import FINE, LOOKS, MARK, MEDIUM, SERIES, looks_of, new_figure, tint

#: From a name to two curves, of training and validation.
Runs: TypeAlias = Mapping[str, tuple[ArrayLike, ArrayLike]]

_TRAIN, _VALID = LOOKS["training"], LOOKS["validation"]


def _curves(runs: Runs) -> dict[str, list[FloatArray]]:
    """Return the runs as pairs of arrays, if they can be drawn."""
    check_entries(runs, "runs")
    return {name: to_arrays("(n,)", train=train, valid=valid) for name, (train, valid) in runs.items()}


@draws_picture
def gap_between_curves(train: ArrayLike, valid: ArrayLike, every: int) -> Picture:
    """Plot training and validation perplexity of one run, the best moment and the gap at the end.

    Args:
        train (n,): perplexity of text the model learns from.
        valid (n,): perplexity of text it never sees.
        every: updates between two measurements.

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
    note(ax, f"lowest: {valid[best]:.0f}", (updates[best], valid[best]), (8, 22), of=_VALID, size=MEDIUM)
    log_perplexity_axis(ax, [*train, *valid])
    ax.set(xlabel="updates", ylabel="perplexity", xlim=(0, updates[-1] * 1.01))
    name_line_ends(ax, [(values[-1], f"{look.name}: {values[-1]:.0f}", look)
                        for values, look in ((valid, _VALID), (train, _TRAIN))])  # fmt: skip
    alt = f"""Two curves of perplexity against updates. Training falls throughout, from {train[0]:.0f} to
    {train[-1]:.0f}. Validation falls from {valid[0]:.0f} to its lowest value, {valid[best]:.0f}, after {updates[best]}
    updates, and is {valid[-1]:.0f} in the end. The gap between the two is shaded."""
    return Picture(figure, alt)


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
    ends = "; ".join(f"{name}: training {train[-1]:.0f}, validation {valid[-1]:.0f}"
                     for name, (train, valid) in curves.items())  # fmt: skip
    alt = f"""Panels, {len(curves)} side by side, of training and validation perplexity against updates on one log axis;
    a dashed line repeats the first panel's validation curve in the others. At the end, {ends}."""
    return Picture(figure, alt)


@draws_picture
def fit_and_generalise(runs: Runs) -> Picture:
    """Plot validation against training perplexity: the path that each model takes while it learns.

    Args:
        runs: dict from name to (train (n,), valid (n,)).

    Raises:
        ValueError: curves that cannot be drawn.
    """
    curves = _curves(runs)
    figure, ax = new_figure(8, 3.8)
    for look, (name, (train, valid)) in zip(looks_of(curves), curves.items()):
        ax.plot(train, valid, label=name, **look.marked)
        ax.plot(train[-1], valid[-1], look.marker, color=look.colour, ms=MARK, gid=look.name)
    for number, axis in enumerate("xy"):
        log_perplexity_axis(ax, [value for pair in curves.values() for value in pair[number]], axis=axis)
    ax.plot(ax.get_xlim(), ax.get_xlim(), **LOOKS["border"].line)
    ax.invert_xaxis()
    ax.set(xlabel="training perplexity (learning goes to the right)", ylabel="validation perplexity")
    draw_legend(ax, loc="upper center")
    ends = "; ".join(f"{name}: training {train[-1]:.0f}, validation {valid[-1]:.0f}, lowest {valid.min():.0f}"
                     for name, (train, valid) in curves.items())  # fmt: skip
    alt = f"""Validation against training perplexity, both on log axes, training falling to the right: one path for each
    model, its end marked larger. At the end, {ends}. A dashed line shows where the two would be equal."""
    return Picture(figure, alt)


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
    sizes = "; ".join(f"{name}: {np.sqrt(np.mean(values**2)):.2f}" for name, values in flat.items())
    return Picture(figure, f"How the weights are spread around 0, one line for each model. Root mean square: {sizes}.")
