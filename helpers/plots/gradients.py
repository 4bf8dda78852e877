"""Figures of gradients through time: what tanh lets through, what Wh does, how far back a step still moves a weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.plots.arguments import to_array, to_arrays, to_dict
from helpers.plots.axes import (
    ARROW,
    border,
    draw_runs,
    drawable,
    heat_map,
    line_style,
    name_line_ends,
    note,
    shade,
    spoken,
)
from helpers.plots.narrow import is_narrow
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    ANGLE,
    FINE,
    GROUND,
    LARGE,
    LOOKS,
    MARK,
    MEDIUM,
    POINT,
    SIGNED,
    THICK,
    Style,
    looks_of,
    new_figure,
    tint,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_STEPS_BACK = "steps back in time"


# --- what the figures share --------------------------------------------------------------------------------------


def _written(value: float) -> str:
    """Return a number as a figure writes it, such as 2.66 × 10⁻⁵."""
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")) if exponent else ""
    return f"{mantissa} × 10{raised}" if exponent else mantissa


def _set_log_y(ax: Axes, *arrays: FloatArray, also: Sequence[float] = (), room: float = 3.0) -> None:
    """Make y logarithmic, with limits that hold all that can be drawn, a few levels `also`, and a little room."""
    visible = np.concatenate([drawable(np.ravel(array)) for array in arrays])
    if np.isnan(visible).all():
        raise ValueError("There is nothing to draw on a log axis: every value is 0, negative, inf or NaN.")
    held = np.concatenate([visible, also])
    ax.set_yscale("log")
    ax.set_ylim(np.nanmin(held) / room, np.nanmax(held) * room)


def _last_drawable(values: FloatArray) -> float:
    """Return the last value that a log axis can show, where a line ends and its name belongs; 0 if there is none."""
    visible = drawable(values)
    return float(np.append(0.0, visible[~np.isnan(visible)])[-1])


# --- tanh, and one number multiplied again and again ---------------------------------------------------------------


@draws_picture
def tanh_and_derivative(x: ArrayLike, y: ArrayLike, derivative: ArrayLike) -> Picture:
    """Plot tanh with its derivative ``1 - y**2``, and shade where less than a tenth of a gradient gets through.

    Args:
        x (n,): increasing.
        y (n,): tanh of x.
        derivative (n,): of tanh at x.

    Raises:
        ValueError: arrays of another shape, or of different ones.
    """
    x, y, derivative = to_arrays("(n,)", x=x, y=y, derivative=derivative)
    figure, ax = new_figure(8, 3.0)
    tanh, slope = LOOKS["tanh"], LOOKS["slope"]
    ax.plot(x, y, lw=THICK, **tanh.line)
    ax.plot(x, derivative, lw=THICK, **slope.line)
    peak, at = derivative.max(), x[derivative.argmax()]
    ax.plot(at, peak, slope.marker, color=slope.colour, ms=MARK, gid=slope.name)
    note(ax, f"never above {peak:.3g}", (at, peak), (0, 8), of=slope, size=MEDIUM, ha="center")
    ax.set(xlabel="$x$", xlim=(x[0], x[-1]), ylim=(-1.15, 1.4))
    ax.set_yticks([-1, 0, 1])
    name_line_ends(ax, [(y[-1], r"$y = \tanh(x)$", tanh), (derivative[-1], r"$1 - y^2$", slope)])
    alt = f"""Tanh rises from {y[0]:.3g} to {y[-1]:.3g}. Its derivative is a bell, with its top of
    {peak:.3g} at x = {at:.2f}."""
    if max(derivative[0], derivative[-1]) < 0.1 < peak:
        top = derivative.argmax()
        low = np.interp(0.1, derivative[: top + 1], x[: top + 1])
        high = np.interp(-0.1, -derivative[top:], x[top:])
        for edge, end in (low, x[0]), (high, x[-1]):
            shade(ax, edge, end, 0.45, "less than 0.1\ngets through")
        alt += f" Outside {low:.2f} < x < {high:.2f} it is below 0.1."
    return Picture(figure, alt)


@draws_picture
def scalar_powers(powers: Mapping[str, ArrayLike]) -> Picture:
    """Plot how one number grows or decays as it is multiplied with itself.

    Args:
        powers: dict from label to array (steps,): w¹, w², …; the absolute values are drawn.

    Raises:
        ValueError: no dict of such arrays, or nothing that a log axis can show.
    """
    sizes = {label: np.abs(values) for label, values in to_dict(powers, "powers", "(steps,)").items()}
    figure, ax = new_figure(8, 3.2)
    _set_log_y(ax, *sizes.values())
    looks = looks_of(sizes)
    for number, (look, values) in enumerate(zip(looks, sizes.values())):
        ax.plot(range(1, values.size + 1), drawable(values), **line_style(look, values.size, number))
    ax.set(xlabel="number of multiplications $k$", ylabel="$|w^k|$")
    ax.margins(x=0.01)
    name_line_ends(ax, [(_last_drawable(values), f"{label}:  {_written(values[-1])}", look)
                        for look, (label, values) in zip(looks, sizes.items())])  # fmt: skip
    ends = "; ".join(f"{spoken(label)} becomes {v[-1]:.3g} after {v.size}" for label, v in sizes.items())
    return Picture(figure, f"Powers of a number on a log axis, each a straight line: {ends} multiplications.")


# --- norms of gradients ------------------------------------------------------------------------------------------


@draws_picture
def norms_over_time(
    norms: Mapping[str, ArrayLike], *, title: str = "", limits: tuple[float, float] | None = None, start: int = 1
) -> Picture:
    """Plot the size of gradients against how far back in time they have travelled.

    Args:
        norms: dict from label to array (steps,), or (seeds, steps): then thin lines, and their median thick.
        title: of the figure.
        limits: lowest and highest size to show, for figures that are to be compared; from the data if left out.
        start: how many steps back the first value is.

    Raises:
        ValueError: no dict of such arrays, or nothing that a log axis can show.
    """
    norms = to_dict(norms, "norms", "(steps,)", "(seeds, steps)")
    figure, ax = new_figure(8, 3.4)
    _set_log_y(ax, *norms.values())
    if limits:
        ax.set_ylim(limits)
    ends, sentences = [], []
    for number, (look, (label, values)) in enumerate(zip(looks_of(norms), norms.items())):
        seeds, steps = np.atleast_2d(values), start + np.arange(values.shape[-1])
        median = draw_runs(ax, steps, seeds, look, number)
        ends.append((_last_drawable(median), label, look))
        of = f" (median of {len(seeds)} seeds)" if len(seeds) > 1 else ""
        first, last = f"{median[0]:.3g} at {steps[0]}", f"{median[-1]:.3g} at {steps[-1]}"
        sentences.append(f"{spoken(label)}{of}: {first}, {last}")
    alt = f"Norm of the gradient against steps back in time, on a log axis. {'; '.join(sentences)}."
    ax.set(xlabel=_STEPS_BACK, ylabel="norm of the gradient", title=title)
    ax.margins(x=0.01)
    name_line_ends(ax, ends)
    return Picture(figure, alt)


@draws_picture
def disagreement(norms: ArrayLike, sigma_max: float, spectral_radius: float, worst: ArrayLike) -> Picture:
    """Plot a gradient that first grows and then vanishes, between σᵏ and ρᵏ: the worst case ‖Whᵏ‖ never leaves them.

    Args:
        norms (steps,): of one dh of length 1 after 1, 2, … products with Wh.T.
        sigma_max: σ, the largest singular value of Wh; above 1.
        spectral_radius: ρ, the largest absolute eigenvalue of Wh; below 1.
        worst (steps,): the largest norm that any dh of length 1 can have after as many products, ‖Whᵏ‖₂.

    Raises:
        ValueError: arrays of another shape, or a Wh for which the two measures agree.
    """
    norms, worst = to_arrays("(steps,)", norms=norms, worst=worst)
    if not sigma_max > 1 > spectral_radius > 0:
        raise ValueError(f"This figure is for a Wh with σ > 1 > ρ > 0: got σ = {sigma_max}, ρ = {spectral_radius}.")
    k = np.arange(1, norms.size + 1)
    figure, ax = new_figure(8, 3.4)
    _set_log_y(ax, norms, worst, spectral_radius**k, room=6)
    ax.axhline(1, lw=FINE, **LOOKS["pale"].line)
    # σᵏ soon leaves through the top: drawn, and named, up to there.
    leaves = min(np.log(ax.get_ylim()[1]) / np.log(sigma_max), k[-1])
    sigma, rho, gradient, worst_case = (LOOKS[name] for name in ("sigma 1", "rho", "gradient", "worst case"))
    ax.plot([1, leaves], [sigma_max, sigma_max**leaves], **sigma.line)
    name = rf"$\sigma^k$,  $\sigma$ = {sigma_max:.3g}"
    note(ax, name, (leaves, sigma_max**leaves), (6, -12), of=sigma, size=MEDIUM, annotation_clip=False)
    ax.plot(k, spectral_radius**k, **rho.line)
    ax.plot(k, drawable(norms), **line_style(gradient, k.size))
    ax.plot(k, drawable(worst), **line_style(worst_case, k.size, 1))
    name_line_ends(ax, [
        (_last_drawable(worst), r"worst case $\|W_h^k\|$", worst_case),
        (_last_drawable(norms), "one gradient", gradient),
        (spectral_radius ** k[-1], rf"$\rho^k$,  $\rho$ = {spectral_radius:.3g}", rho),
    ])  # fmt: skip
    ax.set(xlabel=f"{_STEPS_BACK} $k$", ylabel=r"$\|dh\|$, from length 1")
    ax.margins(x=0.01)
    peak = int(np.argmax(worst))
    below = int(np.flatnonzero(worst >= 1)[-1]) + 2 if worst.max() >= 1 else 1
    end = f"stays below 1 from step {below} on" if below <= k[-1] else "does not come back below 1"
    alt = f"""With sigma = {sigma_max:.3g} and rho = {spectral_radius:.3g} the worst case grows to
    {worst[peak]:.3g} at step {peak + 1}, {end}, and is {worst[-1]:.3g} after {k[-1]} steps. One gradient of
    length 1 peaks at {norms.max():.3g} and ends at {norms[-1]:.3g}. Beside them, sigma to the k only grows and
    rho to the k only decays."""
    return Picture(figure, alt)


@draws_picture
def unit_circle(matrices: Mapping[str, ArrayLike]) -> Picture:
    """Draw the unit circle and its image under ``v @ Wh.T``, as in backprop: the singular values are its half-axes.

    Every panel has its own scale; the dashed circle has the radius 1 in each.

    Args:
        matrices: dict from title to Wh (2, 2), one to four.

    Raises:
        ValueError: no dict of such matrices.
    """
    matrices = to_dict(matrices, "matrices", "(2, 2)", most=4)
    count = len(matrices)
    figure, axes = new_figure(min(8, 4 * count), min(8, 4 * count) / count + 0.6, count, squeeze=False)
    angles = np.linspace(0, 2 * np.pi, 241)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    marked = slice(0, 240, 20)
    dots: Style = {
        "c": angles[marked],
        "cmap": ANGLE,
        "edgecolors": LOOKS["ink"].colour,
        "linewidths": FINE,
        "zorder": 3,
    }
    sentences = []
    for ax, (title, Wh) in zip(axes[0], matrices.items()):
        image = circle @ Wh.T
        ax.plot(*circle.T, **LOOKS["border"].line)
        ax.plot(*image.T, **LOOKS["ink"].line)
        # Large dots before, small ones of the same colour after: a rotation shows although the curves coincide.
        ax.scatter(*circle[marked].T, s=MARK**2, alpha=0.5, **dots)
        ax.scatter(*image[marked].T, s=POINT**2, **dots)
        axes_of_image, sigmas, _ = np.linalg.svd(Wh)
        bound = 1.35 * max(1, sigmas[0])
        for number, (sigma, direction) in enumerate(zip(sigmas, axes_of_image.T), 1):
            look = LOOKS[f"sigma {number}"]
            tip = sigma * direction * (1 if direction @ (1e-6, 1) >= 0 else -1)  # upwards, or else to the right
            ax.annotate("", tip, (0, 0), arrowprops=ARROW | {"color": look.colour, "lw": THICK}, gid=look.name)
            ground = GROUND | {"alpha": 0.7}
            note(ax, rf"$\sigma_{number}$", tip, 13 * tip / (sigma or 1), of=look, size=LARGE, ha="center", va="center",
                 zorder=4, bbox=ground)  # fmt: skip
            place = 0.5 * number - 0.5, 1
            note(ax, rf"$\sigma_{number}$ = {sigma:.2f}", place, (0, 8), of=look, size=MEDIUM, on="axes fraction")
        ax.set(aspect="equal", xlim=(-bound, bound), ylim=(-bound, bound), xlabel="first element")
        ax.locator_params(nbins=5)
        ax.set_title(title, pad=26)
        sentences.append(f"{spoken(title)}: {sigmas[0]:.2f} and {sigmas[1]:.2f}")
    axes[0, 0].set_ylabel("second element")
    alt = f"""The unit circle, dashed, and its image under v @ Wh.T, an ellipse whose half-axes are the singular values
    of Wh. They are, for {"; ".join(sentences)}."""
    return Picture(figure, alt)


@draws_picture
def gradient_heatmap(dhs: ArrayLike, title: str = "") -> Picture:
    """Plot the gradient of every unit at every step, red above 0 and blue below.

    Args:
        dhs (steps, units): gradients of one sequence, in the order of time.
        title: of the figure.

    Raises:
        ValueError: another shape, or values that are not finite.
    """
    dhs = to_array(dhs, "dhs", "(steps, units)", finite=True)
    largest = np.abs(dhs).max(axis=1)
    bound = largest.max() or 1.0
    figure, ax = new_figure(8, 2.9)
    image = heat_map(ax, dhs.T, SIGNED, -bound, bound, origin="lower")
    figure.colorbar(image, ax=ax, label="gradient", pad=0.015)
    ax.set(xlabel="step", ylabel="unit", title=title)
    ax.locator_params(integer=True)
    alt = f"""A map of the gradients of {dhs.shape[1]} units over {dhs.shape[0]} steps, red above 0 and blue below. The
    largest absolute value is {largest[-1]:.3g} at the last step and {largest[0]:.3g} at the first."""
    return Picture(figure, alt)


# --- where numbers of float32 end --------------------------------------------------------------------------------


@draws_picture
def weights_that_stop(share: ArrayLike) -> Picture:
    """Plot which part of the weights changes at all when the gradient of a single past step is applied in float32.

    Args:
        share (steps,): part of the weights that change, 0 to 1, for the step 0, 1, 2, … steps back.

    Raises:
        ValueError: another shape, or shares outside 0 to 1.
    """
    share = to_array(share, "share", "(steps,)")
    if not ((share >= 0) & (share <= 1)).all():
        raise ValueError("A share of the weights lies between 0 and 1.")
    back = np.arange(share.size)
    figure, ax = new_figure(8, 2.9)
    ax.bar(back, share, width=0.8, **LOOKS["moved"].fill)
    ax.set(xlabel=_STEPS_BACK, ylabel="weights that move", ylim=(0, 1.08))
    ax.set_yticks([0, 0.5, 1], ["none", "half", "all"])
    ax.margins(x=0.01)
    alt = f"""Bars: the part of the weights that the gradient of one past step changes, by how far back it lies. The
    last step changes {share[0]:.0%} of them"""
    moving = np.flatnonzero(share)
    first = moving[-1] + 1 if moving.size else 0
    if first < share.size:
        border(ax, first - 0.5)
        text = f"from {first} steps back on,\nnot one weight moves"
        note(ax, text, (first - 0.5, 0.9), (6, 0), on=ax.get_xaxis_transform(), va="top")
        alt += f", and from {first} steps back on not a single one moves."
    else:
        alt += f", the one {back[-1]} steps back still {share[-1]:.0%}."
    return Picture(figure, alt)


@draws_picture
def overflow(norms: ArrayLike) -> Picture:
    """Plot a gradient that grows until float32 has no number for it: inf first, then NaN.

    Args:
        norms (steps,): norm of the gradient after 1, 2, … steps back, computed in float32.

    Raises:
        ValueError: another shape, or nothing that a log axis can show.
    """
    norms = to_array(norms, "norms", "(steps,)")
    largest = float(np.finfo(np.float32).max)
    figure, ax = new_figure(8, 3.2)
    _set_log_y(ax, norms, also=[largest], room=1000)
    ax.plot(range(1, norms.size + 1), drawable(norms), **line_style(LOOKS["gradient"], norms.size))
    for size, text in (largest, "largest float32"), (np.sqrt(largest), "its root"):
        ax.axhline(size, **LOOKS["level"].line)
        note(ax, f"{_written(size)}, {text}", (0, size), (6, 4), on=ax.get_yaxis_transform())
    ax.set(xlabel=_STEPS_BACK, ylabel="norm of the gradient", xlim=(0, norms.size + 1))
    largest_seen = norms[np.isfinite(norms)].max()
    alt = f"The norm of a gradient on a log axis, {norms[0]:.3g} after 1 step and at most {largest_seen:.3g}"
    conditions = {"inf": np.isinf(norms), "NaN": np.isnan(norms)}
    events = {name: int(np.argmax(condition)) + 1 for name, condition in conditions.items() if condition.any()}
    for step, share in zip(events.values(), (0.12, 0.3)):
        ax.axvspan(step - 0.5, norms.size + 1, facecolor=tint("overflow", share), lw=0, gid="overflow", zorder=0)
        ax.axvline(step - 0.5, **LOOKS["overflow"].line)
    if events:
        notes = [f"{name} from step {step} on" for name, step in events.items()]
        edge = min(events.values()) - 0.5
        # On the side of the line that has more room.
        offset, side = (-6, "right") if edge > np.mean(ax.get_xlim()) else (6, "left")
        place = edge, 0.17 if is_narrow() else 0.28
        note(ax, "\n".join(notes), place, (offset, 0), on=ax.get_xaxis_transform(), ha=side, va="top", of="overflow")
        alt += f", {', '.join(notes)}"
    alt += f""". Lines mark the largest float32, {largest:.3g}, and its root, {np.sqrt(largest):.3g}, beyond
    which a square is inf."""
    return Picture(figure, alt)
