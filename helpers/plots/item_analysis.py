"""A figure of what a class found hard: one bar for each exercise."""

from collections.abc import Mapping, Sequence

import numpy as np

from helpers.language.message import message
from helpers.plots.narrow import legend_columns
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import LOOKS, PAGE, new_figure

_RESULTS = "right", "wrong", "not written", "stopped"


@draws_picture
def item_analysis(ends: Mapping[str, Sequence[int]]) -> Picture:
    """Draw the results of a class in each exercise, the one most often right at the bottom.

    Args:
        ends: dict from an exercise to its four counts: right, wrong, not written, stopped (an error, a limit).

    Raises:
        ValueError: there is no exercise.
    """
    if not ends:
        raise ValueError("There is no exercise to draw.")
    counts = np.array(list(ends.values()), dtype=float)
    shares = 100 * counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    figure, ax = new_figure(7.0, 1.3 + 0.32 * len(ends))
    places, left = np.arange(len(ends)), np.zeros(len(ends))
    for look, share in zip([LOOKS[name] for name in _RESULTS], shares.T):
        bar = {"left": left, "height": 0.7, "hatch": look.hatch, "edgecolor": PAGE, "label": look.name}
        ax.barh(places, share, **bar, **look.fill)
        left += share
    ax.set(yticks=places, yticklabels=ends, xlim=(0, 100), xlabel="submissions [%]", ylabel="exercise")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.legend(ncols=legend_columns(4), loc="lower left", bbox_to_anchor=(0, 1.0), handlelength=1.6)
    hardest, share = next(iter(ends)), shares[0, 0]
    template = (
        "One bar for each exercise, split into right, wrong, not written and stopped, of {count:.0f} submissions. The "
        "least often right is {hardest}, by {share:.0f} percent."
    )
    return Picture(figure, message(template, count=counts[0].sum(), hardest=hardest, share=share))
