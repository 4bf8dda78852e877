"""How far a numerical gradient is from the true one."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from helpers.language.message import Listing, message
from helpers.plots.arguments import to_array, to_dict
from helpers.plots.axes import drawable, name_line_ends, spoken
from helpers.plots.guess import Guess, mark_guess, spoken_guess
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import LINE, MARK, looks_of, new_figure


@draws_picture
def error_by_eps(eps: ArrayLike, errors: Mapping[str, ArrayLike], *, guess: Guess = ...) -> Picture:
    """Plot the error of a numerical gradient against its eps, both on log axes, eps smaller to the right.

    Args:
        eps (n,): above 0, falling.
        errors: dict from label to array (n,), the error at each eps.
        guess: the eps at which the learner expects the smallest error.

    Raises:
        ValueError: an eps that is not above 0 or does not fall, no dict of arrays of its length, or nothing that a log
            axis can show.
    """
    eps = to_array(eps, "eps", "(n,)", finite=True)
    errors = to_dict(errors, "errors", f"({eps.size},)")
    if eps.min() <= 0 or np.any(np.diff(eps) >= 0):
        raise ValueError("eps must hold numbers above 0, each smaller than the one before.")
    if not all(np.isfinite(drawable(values)).any() for values in errors.values()):
        raise ValueError("There is nothing to draw on a log axis: every error is 0, negative, inf or NaN.")
    figure, ax = new_figure(8, 3.4)
    ax.set(xscale="log", yscale="log", xlim=(eps[0] * 2, eps[-1] / 2))
    sentences, ends = [], []
    template = "{label}: smallest, below {bound}, at eps = {at}"
    for look, (label, values) in zip(looks_of(errors), errors.items()):
        values = drawable(values)
        ax.plot(eps, values, lw=LINE, **look.marked)
        least = int(np.nanargmin(values))
        ax.plot(eps[least], values[least], markersize=MARK, **look.marked)
        at = f"{eps[least]:.0e}".replace("e-0", "e-")
        ends.append((float(values[np.isfinite(values)][-1]), f"{label}: smallest at {at}", look))
        sentences.append(message(template, label=spoken(label), bound=_bound(values[least]), at=at))
    low, high = ax.get_ylim()
    ax.set_ylim(low / 3, high * 30)  # room for the words at a guess
    ax.set(xlabel="eps (smaller to the right)", ylabel="error of the slope")
    mark_guess(ax, x=guess)
    name_line_ends(ax, ends, width=16)
    template = "Error of a numerical gradient against eps, on log axes. {sentences}."
    return Picture(figure, message(template, sentences=Listing(sentences)), spoken_guess(guess))


def _bound(value: float) -> str:
    """Return a bound for a number, the next power of ten, since its digits are those of rounding."""
    return f"1e{int(np.ceil(np.log10(value)))}"
