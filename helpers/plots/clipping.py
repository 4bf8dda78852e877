"""Figures of gradient clipping: a norm as a length, a direction kept or turned, a cliff of the loss, a lost run."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.plots.arguments import to_array, to_arrays
from helpers.plots.axes import ARROW, level, note
from helpers.plots.narrow import draw_legend, is_narrow
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    LINE,
    LOOKS,
    MARK,
    MEDIUM,
    PAGE,
    PATH,
    RING,
    SIZE,
    THICK,
    looks_of,
    new_figure,
)


def _up_to(value: float) -> str:
    """Return the next power of ten, as text."""
    return f"{10.0 ** np.ceil(np.log10(value)):g}"


def _angle(one: FloatArray, other: FloatArray) -> float:
    """Return the angle between two vectors [degree]."""
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


@draws_picture
def norm_as_length(first: ArrayLike, second: float, norm: float) -> Picture:
    """Draw the norm of three numbers in two arrays as a length: two right triangles, one built on the other.

    Args:
        first (2,): the first array.
        second: the one element of the second.
        norm: of all three numbers.

    Raises:
        ValueError: an array of another shape, or a norm that is not the length of the long side.
    """
    a, b = np.abs(to_array(first, "first", "(2,)"))
    own, long = np.hypot(a, b), abs(float(second))
    if not np.isclose(np.hypot(own, long), norm):
        raise ValueError(f"The norm of these is {np.hypot(own, long):.6g}: got {norm}.")
    figure, ax = new_figure(8, 3)
    corner, top = np.array([long, 0.0]), np.array([long, own])
    outside = corner + b / own * np.array([a, b])  # the right angle between a and b
    for start, end, of, width in (
        (outside, top, "pale", LINE),
        (corner, outside, "pale", LINE),
        (corner, top, "ink", THICK),
        (np.zeros(2), corner, "ink", THICK),
        (np.zeros(2), top, "gradient", PATH),
    ):
        ax.plot(*np.transpose([start, end]), lw=width, solid_capstyle="round", **LOOKS[of].line)
    words = (
        ((outside + top) / 2, (6, 4), f"{a:g}", "pale", "left"),
        ((corner + outside) / 2, (6, -10), f"{b:g}", "pale", "left"),
        ((corner + top) / 2, (-6, -4), f"first array: {own:g}", "ink", "right"),
        (corner / 2, (0, -16), f"second array: {long:g}", "ink", "center"),
        (top / 2, (-8, 8), f"global norm: {norm:g}", "gradient", "right"),
    )
    for place, lift, text, of, side in words:
        note(ax, text, place, lift, of=of, size=MEDIUM, ha=side)
    ax.set(aspect="equal", xlim=(-1, outside[0] + 1), ylim=(-1.1, own + 0.5))
    ax.set_axis_off()
    alt = f"""Two triangles with right angles. The sides {a:g} and {b:g} have the long side {own:g}, the length of the
    first array. That and {long:g}, the second array, have the long side {norm:g}: the global norm, shorter than
    {own:g} + {long:g} = {own + long:g}."""
    return Picture(figure, alt)


@draws_picture
def one_step(before: ArrayLike, gradient: ArrayLike, after: ArrayLike) -> Picture:
    """Draw a step of gradient descent over two weights: the gradient points one way, the step goes the other.

    Args:
        before (2,): the weights before the step.
        gradient (2,): at `before`.
        after (2,): the weights after it.

    Raises:
        ValueError: arrays of another shape.
    """
    before, gradient, after = to_arrays("(2,)", before=before, gradient=gradient, after=after)
    figure, ax = new_figure(8, 2.9)
    for end, of in (before + gradient, "gradient"), (after, "step"):
        ax.annotate("", end, before, arrowprops=ARROW | {"color": LOOKS[of].colour, "lw": THICK}, gid=of)
    for place, of in (before, "ink"), (after, "step"):
        ax.plot(*place, LOOKS[of].marker, ms=MARK, color=LOOKS[of].colour, gid=of)
    for place, of, text in (
        (before, "ink", "W before the step"),
        (after, "step", f"W after it, {np.linalg.norm(after - before):.3g} away"),
        (before + gradient, "gradient", f"gradient dW, length {np.linalg.norm(gradient):.3g}"),
    ):
        note(ax, text, place, (9, 0), of=of, size=MEDIUM, va="center")
    corners = np.stack([before, before + gradient, after])
    ax.set(xlabel="first weight", ylabel="second weight", aspect="equal")
    low, high = corners[:, 1].min() - 0.2, corners[:, 1].max() + 0.2
    across = 1.5 if is_narrow() else 2.4
    ax.set(ylim=(low, high), xlim=corners[:, 0].min() - 0.2 + np.array([0, across * (high - low)]))
    turn = _angle(gradient, after - before)
    alt = f"""Two arrows from one point. The gradient has the length {np.linalg.norm(gradient):.3g}. The step
    has the length {np.linalg.norm(after - before):.3g} and an angle of {turn:.0f} degrees to it."""
    return Picture(figure, alt)


@draws_picture
def two_ways_to_clip(gradient: ArrayLike, by_norm: ArrayLike, by_value: ArrayLike, limit: float) -> Picture:
    """Draw a gradient of two elements, clipped by its norm (to a circle) and by value (to a square).

    Args:
        gradient (2,): before clipping.
        by_norm (2,): clipped by norm.
        by_value (2,): each element clipped to ± limit.
        limit: radius of the circle, and half the side of the square.

    Raises:
        ValueError: arrays of another shape.
    """
    gradient, by_norm, by_value = to_arrays("(2,)", gradient=gradient, by_norm=by_norm, by_value=by_value)
    figure, axes = new_figure(8, 2.5, columns=2, sharex=True, sharey=True)
    around, turns = np.linspace(0, 2 * np.pi, 200), []
    circle, square = np.stack([np.cos(around), np.sin(around)]), np.array([[1, 1, -1, -1, 1], [1, -1, -1, 1, 1]])
    for ax, clipped, shape, title in zip(axes, (by_norm, by_value), (circle, square), ("by norm", "by value")):
        turns.append(_angle(gradient, clipped))
        ax.plot(*limit * shape, lw=LINE, **LOOKS["border"].line)
        for vector, of, width in ((gradient, "gradient", LINE), (clipped, "clipped", THICK)):
            ax.annotate("", vector, (0, 0), arrowprops=ARROW | {"color": LOOKS[of].colour, "lw": width}, gid=of)
        note(ax, "clipped", clipped, (0, 6), of="clipped", ha="right")
        note(ax, "gradient", gradient, (0, 6), of="gradient", ha="right")
        ax.set(title=f"{title}: turned by {turns[-1]:.0f}°", aspect="equal", xlabel="first element")
        low, high = np.minimum(gradient, -limit) - 0.3, np.maximum(gradient, limit) + 0.3
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes[0].set_ylabel("second element")
    alt = f"""Two panels, each with a gradient as an arrow of length {np.linalg.norm(gradient):.3g} and the clipped
    one as another. By norm it ends on a circle and is turned by {turns[0]:.0f} degrees; by value it ends in a
    square and is turned by {turns[1]:.0f} degrees."""
    return Picture(figure, alt)


@draws_picture
def clipping_cliff(ws: FloatArray, bs: FloatArray, loss: FloatArray, paths: Mapping[str, FloatArray]) -> Picture:
    """Draw a loss over two parameters as a landscape with a cliff, and on a map the paths of gradient descent.

    Args:
        ws (n,): values of the first parameter.
        bs (m,): values of the second.
        loss (m, n): the loss.
        paths: dict from label to array (steps, 2): where each run went.

    Raises:
        ValueError: loss of another shape.
    """
    from matplotlib.patheffects import Normal, Stroke

    if np.shape(loss) != (len(bs), len(ws)):
        raise ValueError(f"loss must have the shape {(len(bs), len(ws))}: got {np.shape(loss)}.")
    figure, (left, ax) = new_figure(8, 3.9, columns=2, width_ratios=(1, 1.2))
    grid = left.get_subplotspec()
    left.remove()
    land = figure.add_subplot(grid, projection="3d")
    fine = {"rcount": 200, "ccount": 200, "lw": 0, "antialiased": False, "shade": False}
    land.plot_surface(*np.meshgrid(ws, bs), loss, cmap=SIZE, **fine)
    land.view_init(elev=30, azim=50)
    land.set_box_aspect((1, 1, 0.7), zoom=0.9)
    land.set(xlabel="w", ylabel="b", title="loss: a plateau, a cliff, a plain")
    land.locator_params(nbins=2 if is_narrow() else 4)
    image = ax.pcolormesh(ws, bs, loss, cmap=SIZE, shading="nearest", rasterized=True)
    figure.colorbar(image, ax=ax, label="loss", pad=0.015)
    ax.grid(False)
    jumps = []
    casing = [Stroke(linewidth=2 * LINE, foreground=PAGE), Normal()]  # so that a line shows on every colour of the map
    for (label, path), look in zip(paths.items(), looks_of(paths)):
        ax.plot(*np.transpose(path), label=label, path_effects=casing, **look.marked)
        jumps.append(f"{label}: the longest step is {np.linalg.norm(np.diff(path, axis=0), axis=1).max():.2g}")
    ax.plot(*next(iter(paths.values()))[0], "*", color=PAGE, ms=RING, mec=LOOKS["ink"].colour)
    draw_legend(ax, loc="upper right")
    ax.set(xlabel="w", ylabel="b", xlim=(ws[0], ws[-1]), ylim=(bs[0], bs[-1]))
    ax.set_title("two runs, from above")
    alt = f"""A loss over two parameters, as a landscape and as a map. A cliff separates a high region from a low one.
    Two runs start at the same star on the high side. {"; ".join(jumps)}."""
    return Picture(figure, alt)


@draws_picture
def runs_with_and_without(runs: Mapping[str, tuple[FloatArray, FloatArray]], max_norm: float, guess: float) -> Picture:
    """Plot the loss and the gradient norm of several runs over training; a cross where one is no longer a number.

    Args:
        runs: dict from label to (losses (steps,), norms (steps,)).
        max_norm: where clipping begins, drawn as a line.
        guess: the loss of the best constant answer, drawn as a line.

    Raises:
        ValueError: losses and norms of different lengths.
    """
    figure, (above, below) = new_figure(8, 4.8, rows=2, sharex=True)
    facts = []
    for (label, (losses, norms)), look in zip(runs.items(), looks_of(runs)):
        if np.shape(losses) != np.shape(norms):
            raise ValueError(f"{label}: there are {len(losses)} losses and {len(norms)} norms.")
        for ax, values in ((above, losses), (below, norms)):
            finite, steps = np.isfinite(values), np.arange(1, len(values) + 1)
            ax.plot(steps, np.where(finite, values, np.nan), label=label, **look.line)
            if not finite.all():
                # The line has left the panel long before: the scale is that of the run that learns.
                lost = (steps[np.argmin(finite)], 0.93)
                across = ax.get_xaxis_transform()
                ax.plot(*lost, "X", color=look.colour, ms=MARK, gid=look.name, transform=across)
                note(ax, "no longer a number", lost, (9, 0), of=look, on=across, va="center")
        # Round numbers: where a run blows up, the digits differ between processors.
        if np.isfinite(losses).all():
            end, most = np.mean(losses[-50:]), _up_to(float(np.max(norms)))
            facts.append(f"{label} ends at a loss of {end:.1g}, its norms never above {most}")
        else:
            most = _up_to(len(losses))
            facts.append(f"{label} is lost within {most} steps: its loss and its norm leave the axes at the top")
    for ax, value, text in (above, guess, "always the same answer"), (below, max_norm, "max_norm"):
        level(ax, value, text)
        ax.set(xscale="log", yscale="log", ylim=(value / 300, value * 1e6))
        ax.margins(x=0.01)
    above.set_ylabel("loss")
    below.set(ylabel="gradient norm", xlabel="training step (log axis)")
    figure.legend(*above.get_legend_handles_labels(), loc="outside upper center", ncols=len(runs))
    return Picture(figure, f"Loss and gradient norm over training, on log axes. {'; '.join(facts)}.")
