"""The course of a training run, drawn: perplexity, learning rate, and the size of the gradients."""

import numpy as np

from helpers.plots.style import INK, PALE, SERIES, Picture, in_style, new_figure


@in_style
def learning_curves(curves, *, baselines=None, learning_rates=None, title=""):
    """Plot perplexity against epochs on a log axis, with the learning rate of each epoch beneath.

    Args:
        curves: dict from label to perplexities (epochs,), e.g. of the training and the validation split.
        baselines: dict from label to one perplexity, drawn as a horizontal line.
        learning_rates (epochs,): of each epoch, or None.
        title: of the figure.

    Returns:
        Picture

    Raises:
        ValueError: no curves, an empty one, or more than there are line styles.
    """
    curves = _checked(curves)
    if learning_rates is None:
        figure, ax = new_figure(8, 3.6)
        lowest = ax
    else:
        figure, (ax, lowest) = new_figure(8, 4.8, rows=2, sharex=True, height_ratios=[3, 1])
        lowest.step(_epochs(learning_rates), learning_rates, where="mid", color=INK)
        lowest.set(ylabel="learning rate", ylim=(0, None))
    for style, (label, perplexities) in zip(SERIES, curves.items()):
        ax.plot(_epochs(perplexities), perplexities, label=label, **style)
    for label, perplexity in (baselines or {}).items():
        ax.axhline(perplexity, color=PALE, lw=1.2, ls=(0, (6, 3)))
        ax.annotate(f"{label}: {perplexity:.1f}", (1, perplexity), (-4, 3), ax.get_yaxis_transform(), "offset points",
                    ha="right", fontsize=9, color=INK)  # fmt: skip
    _label_log_axis(ax)
    ax.set(ylabel="perplexity", title=title)
    ax.legend()
    lowest.set_xlabel("epoch")
    lowest.locator_params(axis="x", integer=True)
    ends = [f"{label}: {values[0]:.3g} after the first epoch, {values[-1]:.3g} after epoch {len(values)}"
            for label, values in curves.items()]  # fmt: skip
    lines = [f"{label} at {perplexity:.3g}" for label, perplexity in (baselines or {}).items()]
    return Picture(figure, f"Perplexity by epoch, on a log axis. {'; '.join(ends + lines)}.")


@in_style
def gradient_norms(norms, max_norm=None, *, title=""):
    """Plot the global norm of the gradients at each training step, and the norm they are clipped to.

    Args:
        norms (steps,): before clipping.
        max_norm: gradients above it are scaled down to it; None for no clipping.
        title: of the figure.

    Returns:
        Picture

    Raises:
        ValueError: there are no norms.
    """
    norms = np.asarray(norms, dtype=float)
    if norms.ndim != 1 or norms.size == 0:
        raise ValueError(f"norms must have the shape (steps,), and not be empty: got {norms.shape}.")
    figure, ax = new_figure(8, 3.0)
    ax.plot(np.arange(1, norms.size + 1), norms, color=SERIES[0]["color"], lw=0.7)
    alt = f"""The norm of the gradients over {norms.size} training steps, on a log axis: median {np.median(norms):.3g},
    largest {norms.max():.3g}."""
    if max_norm is not None:
        ax.axhline(max_norm, color=INK, lw=1.2, ls=(0, (6, 3)))
        ax.annotate(f"clipped to {max_norm:g}", (1, max_norm), (-4, 4), ax.get_yaxis_transform(), "offset points",
                    ha="right", fontsize=9, color=INK)  # fmt: skip
        alt += f" A line marks {max_norm:g}, to which {np.mean(norms > max_norm):.0%} of them were clipped."
    _label_log_axis(ax)
    ax.set(xlabel="training step", ylabel="norm of the gradients", title=title)
    return Picture(figure, alt)


def _checked(curves):
    curves = {label: np.asarray(values, dtype=float) for label, values in curves.items()}
    if not 1 <= len(curves) <= len(SERIES) or any(values.ndim != 1 or not values.size for values in curves.values()):
        raise ValueError(f"Give 1 to {len(SERIES)} curves, each with the shape (epochs,), and none of them empty.")
    return curves


def _epochs(values):
    return np.arange(1, len(values) + 1)


def _label_log_axis(ax):
    """Make y logarithmic, with plain numbers at 1, 2 and 5 times the powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
