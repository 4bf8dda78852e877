"""Gradient clipping, drawn: what it does to a direction, at a cliff of the loss, and in training."""

import numpy as np

from helpers.plots.style import COLOURS, INK, PALE, SERIES, SIZE, Picture, in_style, new_figure


def _pair(values, name):
    array = np.asarray(values, dtype=float)
    if array.shape != (2,):
        raise ValueError(f"{name} must have the shape (2,): got {array.shape}.")
    return array


def _angle(one, other):
    """Degrees between two vectors."""
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


@in_style
def two_ways_to_clip(gradient, by_norm, by_value, limit):
    """Draw a gradient of two elements, clipped by its norm (to a circle) and by value (to a square).

    Args:
        gradient (2,): before clipping.
        by_norm (2,): clipped by norm.
        by_value (2,): each element clipped to ± limit.
        limit: radius of the circle, and half the side of the square.

    Returns:
        Picture

    Raises:
        ValueError: arrays of another shape.
    """
    gradient, by_norm = _pair(gradient, "gradient"), _pair(by_norm, "by_norm")
    by_value = _pair(by_value, "by_value")
    figure, axes = new_figure(8, 2.5, columns=2, sharex=True, sharey=True)
    turns = []
    for ax, clipped, title in zip(axes, (by_norm, by_value), ("by norm", "by value")):
        turns.append(_angle(gradient, clipped))
        around = np.linspace(0, 2 * np.pi, 200)
        shape = (
            np.stack([np.cos(around), np.sin(around)])
            if title == "by norm"
            else np.array([[1, 1, -1, -1, 1], [1, -1, -1, 1, 1]])
        )
        ax.plot(*limit * shape, color=PALE, lw=1.2, ls="--")
        for vector, colour, width in ((gradient, COLOURS["grey"], 1.5), (clipped, COLOURS["vermilion"], 2.5)):
            ax.annotate("", vector, (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": width})
        ax.set(title=f"{title}: turned by {turns[-1]:.0f}°", aspect="equal", xlabel="first element")
        low, high = np.minimum(gradient, -limit) - 0.3, np.maximum(gradient, limit) + 0.3
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes[0].set_ylabel("second element")
    alt = f"""Two panels, each with a gradient as a grey arrow of length {np.linalg.norm(gradient):.3g} and the clipped
    one in red. By norm it ends on a circle and is turned by {turns[0]:.0f} degrees; by value it ends in a square and is
    turned by {turns[1]:.0f} degrees."""
    return Picture(figure, alt)


@in_style
def clipping_cliff(ws, bs, loss, paths):
    """Draw a loss over two parameters, with a cliff, and the paths that gradient descent takes over it.

    Args:
        ws (n,): values of the first parameter.
        bs (m,): values of the second.
        loss (m, n): the loss.
        paths: dict from label to array (steps, 2): where each run went.

    Returns:
        Picture

    Raises:
        ValueError: loss of another shape.
    """
    if np.shape(loss) != (len(bs), len(ws)):
        raise ValueError(f"loss must have the shape {(len(bs), len(ws))}: got {np.shape(loss)}.")
    figure, ax = new_figure(8, 3.8)
    image = ax.pcolormesh(ws, bs, loss, cmap=SIZE, shading="nearest", rasterized=True)
    figure.colorbar(image, ax=ax, label="loss", pad=0.015)
    ax.grid(False)
    jumps = []
    for (label, path), colour, look in zip(paths.items(), (COLOURS["orange"], "white"), SERIES):
        ax.plot(*np.transpose(path), color=colour, ls=look["linestyle"], marker=look["marker"], label=label, lw=1.5)
        jumps.append(f"{label}: the longest step is {np.linalg.norm(np.diff(path, axis=0), axis=1).max():.2g}")
    ax.plot(*next(iter(paths.values()))[0], color="white", marker="*", ms=12, mec=INK, ls="none")
    legend = ax.legend(loc="lower right", labelcolor="white", frameon=True, facecolor="#3A3A3A", edgecolor="none")
    legend.get_frame().set_alpha(0.85)
    ax.set(xlabel="w", ylabel="b", xlim=(ws[0], ws[-1]), ylim=(bs[0], bs[-1]))
    alt = f"""A map of a loss over two parameters. A cliff separates a high region from a low one. Two runs start at the
    same star on the high side. {"; ".join(jumps)}."""
    return Picture(figure, alt)


@in_style
def runs_with_and_without(runs, max_norm, guess):
    """Plot the loss and the gradient norm of several runs over training; a cross where one is no longer a number.

    Args:
        runs: dict from label to (losses (steps,), norms (steps,)).
        max_norm: where clipping begins, drawn as a line.
        guess: the loss of the best constant answer, drawn as a line.

    Returns:
        Picture

    Raises:
        ValueError: losses and norms of different lengths.
    """
    figure, (above, below) = new_figure(8, 4.6, rows=2, sharex=True)
    facts = []
    for (label, (losses, norms)), look in zip(runs.items(), SERIES):
        if np.shape(losses) != np.shape(norms):
            raise ValueError(f"{label}: there are {len(losses)} losses and {len(norms)} norms.")
        line = {"color": look["color"], "ls": look["linestyle"], "lw": 1.5}
        for ax, values in ((above, losses), (below, norms)):
            finite = np.isfinite(values)
            ax.plot(np.where(finite, values, np.nan), label=label, **line)
            if not finite.all():
                last = int(np.argmin(finite)) - 1
                # Where it left the panel: the scale is that of the run that learns.
                ax.plot(
                    last, 0.97, color=look["color"], marker="X", ms=10, ls="none", transform=ax.get_xaxis_transform()
                )
        end = (
            f"ends at a loss of {np.mean(losses[-50:]):.1g}"
            if np.isfinite(losses).all()
            else f"is lost after {len(losses)} steps"
        )
        facts.append(
            f"{label} {end}, with a largest finite norm of {np.max(norms, where=np.isfinite(norms), initial=0):.1g}"
        )
    for ax, level, words, lift in ((above, guess, "always the same answer", 3), (below, max_norm, "max_norm", -12)):
        ax.axhline(level, color=PALE, lw=1.2, ls=(0, (6, 3)))
        ax.annotate(words, (1, level), (-4, lift), ax.get_yaxis_transform(), "offset points", ha="right", fontsize=9)
        ax.set(yscale="log", ylim=(level / 30, level * 300))
        ax.margins(x=0.01)
    above.set_ylabel("loss")
    below.set(ylabel="gradient norm", xlabel="training step")
    above.legend(loc="upper right", ncols=2)
    return Picture(figure, f"Loss and gradient norm over training, on log axes. {'; '.join(facts)}.")
