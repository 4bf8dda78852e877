"""Figures of a training run: perplexity, learning rate, and the size of the gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from helpers.language.message import Listing, message
from helpers.plots.arguments import to_array, to_dict
from helpers.plots.axes import level, name_line_ends
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import FINE, LOOKS, looks_of, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@draws_picture
def learning_curves(
    curves: Mapping[str, ArrayLike], *, baselines: Mapping[str, float], learning_rates: Sequence[float] | None
) -> Picture:
    """Plot perplexity against epochs on a log axis, with the learning rate of each epoch beneath.

    Args:
        curves: dict from label to perplexities (epochs,), e.g. of the training and the validation split.
        baselines: dict from label to one perplexity, drawn as a horizontal line.
        learning_rates (epochs,): of each epoch; None where the curves have different ones, which are not drawn then.

    Raises:
        ValueError: no curves, an empty one, or more than there are line styles.
    """
    curves = to_dict(curves, "curves", "(epochs,)")
    if learning_rates is None:
        figure, ax = new_figure(8, 3.6)
        ax.set_xlabel("epoch")
        ax.locator_params(axis="x", integer=True)
    else:
        figure, (ax, below) = new_figure(8, 4.8, rows=2, sharex=True, height_ratios=[3, 1])
        below.step(range(1, len(learning_rates) + 1), learning_rates, where="mid", **LOOKS["ink"].line)
        below.set(xlabel="epoch", ylabel="learning rate", ylim=(0, None))
        below.locator_params(axis="x", integer=True)
    looks = looks_of([*curves, *baselines])
    for look, perplexities in zip(looks, curves.values()):
        ax.plot(range(1, len(perplexities) + 1), perplexities, **look.marked)
    for look, (label, perplexity) in zip(looks[len(curves) :], baselines.items()):
        level(ax, perplexity, f"{label}: {perplexity:.1f}", look=look)
    _label_log_axis(ax)
    ax.set_ylabel("perplexity")
    name_line_ends(ax, [(values[-1], label, look) for look, (label, values) in zip(looks, curves.items())])
    template = "{label}: {first:.3g} after the first epoch, {last:.3g} after epoch {epoch}"
    facts = [message(template, label=label, first=values[0], last=values[-1], epoch=len(values))
             for label, values in curves.items()]  # fmt: skip
    facts += [message("{label} at {perplexity:.3g}", label=label, perplexity=one) for label, one in baselines.items()]
    return Picture(figure, message("Perplexity by epoch, on a log axis. {facts}.", facts=Listing(facts)))


@draws_picture
def gradient_norms(norms: ArrayLike, max_norm: float | None) -> Picture:
    """Plot the global norm of the gradients at each training step, and the norm they are clipped to.

    Args:
        norms (steps,): before clipping.
        max_norm: gradients above it are scaled down to it; None for no clipping.

    Raises:
        ValueError: there are no norms.
    """
    norms = to_array(norms, "norms", "(steps,)")
    figure, ax = new_figure(8, 3.0)
    ax.plot(range(1, norms.size + 1), norms, lw=FINE, **LOOKS["gradient"].line)
    template = (
        "The norm of the gradients over {steps} training steps, on a log axis: median {median:.3g}, largest "
        "{largest:.3g}."
    )
    alt = [message(template, steps=norms.size, median=np.median(norms), largest=norms.max())]
    if max_norm is not None:
        level(ax, max_norm, f"clipped to {max_norm:g}")
        template = "A line marks {max_norm:g}, to which {share:.0%} of them were clipped."
        alt.append(message(template, max_norm=max_norm, share=np.mean(norms > max_norm)))
    _label_log_axis(ax)
    ax.set(xlabel="training step", ylabel="norm of the gradients")
    return Picture(figure, *alt)


def _label_log_axis(ax: Axes) -> None:
    """Make y logarithmic, with plain numbers at 1, 2 and 5 times the powers of ten; at more where it spans less."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 10 * low else (1, 1.5, *range(2, 10))))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
