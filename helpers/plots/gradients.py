"""Figures of gradients through time: what tanh lets through, what Wh does, how far back a step still moves a weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray, IntArray
from helpers.language.message import Listing, Message, message
from helpers.plots.arguments import to_array, to_arrays, to_dict
from helpers.plots.axes import (
    ARROW,
    draw_runs,
    drawable,
    heat_map,
    line_style,
    listed,
    name_line_ends,
    note,
    shade,
    spoken,
)
from helpers.plots.guess import Guess, as_number, is_given, mark_guess, spoken_guess
from helpers.plots.narrow import is_narrow
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    LINE,
    LOOKS,
    MARK,
    MEDIUM,
    SIGNED,
    THICK,
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
    template = (
        "Tanh rises from {low:.3g} to {high:.3g}. Its derivative is a bell, with its top of {peak:.3g} at x = {at:.2f}."
    )
    alt = [message(template, low=y[0], high=y[-1], peak=peak, at=at)]
    if max(derivative[0], derivative[-1]) < 0.1 < peak:
        top = derivative.argmax()
        low = np.interp(0.1, derivative[: top + 1], x[: top + 1])
        high = np.interp(-0.1, -derivative[top:], x[top:])
        for edge, end in (low, x[0]), (high, x[-1]):
            shade(ax, edge, end, 0.45, "less than 0.1\ngets through")
        alt.append(message("Outside {low:.2f} < x < {high:.2f} it is below 0.1.", low=low, high=high))
    return Picture(figure, *alt)


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
    template = "{label} becomes {value:.3g} after {count}"
    ends = [message(template, label=spoken(label), value=v[-1], count=v.size) for label, v in sizes.items()]
    template = "Powers of a number on a log axis, each a straight line: {ends} multiplications."
    return Picture(figure, message(template, ends=Listing(ends)))


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
        sentences.append(_first_and_last(spoken(label), steps, median, len(seeds)))
    ax.set(xlabel=_STEPS_BACK, ylabel="norm of the gradient", title=title)
    ax.margins(x=0.01)
    name_line_ends(ax, ends)
    template = "Norm of the gradient against steps back in time, on a log axis. {norms}."
    return Picture(figure, message(template, norms=Listing(sentences)))


def _first_and_last(label: str, steps: IntArray, median: FloatArray, seeds: int) -> Message:
    template = "{label}: {before:.3g} at {first}, {after:.3g} at {last}"
    if seeds > 1:
        template = "{label} (median of {seeds} seeds): {before:.3g} at {first}, {after:.3g} at {last}"
    places = {"first": steps[0], "last": steps[-1]}
    return message(template, label=label, seeds=seeds, before=median[0], after=median[-1], **places)


@draws_picture
def circle_after_steps(
    Wh: ArrayLike, dh: ArrayLike, ks: Sequence[int], *, guesses: Mapping[int, Guess] | None = None
) -> Picture:
    """Draw what becomes of the unit circle k steps back, ``v @ (Wh.T)ᵏ``: an ellipse, all on one scale.

    Lines through the centre are the eigenvectors. A gradient is drawn with its two parts along them, whose sum it is.

    Args:
        Wh (2, 2): with two real eigenvalues.
        dh (2,): a gradient.
        ks: how many steps back, a panel each, at most four.
        guesses: dict from k to how long the reader guessed the longest half-axis to be there.

    Raises:
        ValueError: arrays of other shapes, eigenvalues that are complex or equal, or no or too many ks.
    """
    Wh, dh = to_array(Wh, "Wh", "(2, 2)"), to_array(dh, "dh", "(2,)")
    eigenvalues, eigenvectors = np.linalg.eig(Wh)
    if np.iscomplexobj(eigenvalues) or abs(np.linalg.det(eigenvectors)) < 1e-6:
        raise ValueError("Wh must have two real eigenvalues that differ.")
    if not 1 <= len(ks) <= 4 or min(ks) < 0:
        raise ValueError(f"There must be one to four numbers of steps, none below 0: got {list(ks)}.")
    parts = np.linalg.solve(eigenvectors, dh) * eigenvectors  # a column each, whose sum is dh
    reach = 1.06 * max(1.0, np.abs(parts[0]).max())
    # One panel above the other, each as wide as the page: the circle is as large as it can be.
    figure, axes = new_figure(8, 0.5 + (1.2 if is_narrow() else 1.95) * len(ks), rows=len(ks), squeeze=False)
    sentences = []
    for ax, k in zip(axes[:, 0], ks):
        power, now = np.linalg.matrix_power(Wh, k), parts * eigenvalues**k
        longest, shortest = np.linalg.svd(power, compute_uv=False)
        _draw_circle(ax, power, now, eigenvalues, eigenvectors)
        ax.set(aspect="equal", xlim=(-reach, reach), ylim=(-1.3, 1.3), yticks=[-1, 0, 1])
        ax.tick_params(labelbottom=k == ks[-1])
        ax.set_title(f"{k} step{'s' * (k != 1)} back: longest half-axis {longest:.2f}")
        guess = as_number((guesses or {}).get(k))
        mark_guess(ax, x=guess)
        template = "{back} back, half-axes of {longest:.2f} and {shortest:.2f}"
        if guess is not None:
            template = "{back} back, half-axes of {longest:.2f} and {shortest:.2f}, where your guess was {guess:g}"
        sentences.append(message(template, back=k, longest=longest, shortest=shortest, guess=guess))
        ax.set_ylabel("second")
    axes[-1, 0].set_xlabel("first element of the gradient")
    apart = np.degrees(np.arccos(min(abs(eigenvectors[:, 0] @ eigenvectors[:, 1]), 1)))
    template = (
        "The unit circle and its ellipses under v @ Wh.T: {sentences}. The eigenvectors, with the eigenvalues "
        "{eigenvalues}, stand {apart:.0f} degrees apart. A gradient of length {length:.3g} is at first the sum of two "
        "parts along them, {lengths} long."
    )
    alt = message(
        template,
        sentences=Listing(sentences),
        eigenvalues=listed(eigenvalues),
        apart=apart,
        length=np.linalg.norm(dh),
        lengths=listed(np.linalg.norm(parts, axis=0), ".2f"),
    )
    return Picture(figure, alt)


def _draw_circle(
    ax: Axes, power: FloatArray, parts: FloatArray, eigenvalues: FloatArray, eigenvectors: FloatArray
) -> None:
    """Draw the unit circle, its image, the eigenvectors as lines, and a gradient with its parts along them."""
    angles = np.linspace(0, 2 * np.pi, 121)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for number, direction in enumerate(eigenvectors.T, 1):
        ax.axline((0, 0), tuple(direction), lw=LINE, **LOOKS[f"eigenvector {number}"].line)
    ax.plot(*circle.T, **LOOKS["border"].line)
    ax.plot(*(circle @ power.T).T, lw=THICK, **LOOKS["ink"].line)
    tips = {f"eigenvector {number}": tip for number, tip in enumerate(parts.T, 1)} | {"gradient": parts.sum(axis=1)}
    names = {f"eigenvector {number}": rf"$\lambda$ = {value:.3g}" for number, value in enumerate(eigenvalues, 1)}
    for name, tip in tips.items():
        look = LOOKS[name]
        if np.linalg.norm(tip) > 0.1:
            ax.annotate("", tip, (0, 0), arrowprops=ARROW | {"color": look.colour, "lw": THICK}, gid=look.name)
        if name in names and np.linalg.norm(tip) > 3:
            side = 1 if tip[0] > 0 else -1
            note(ax, names[name], tip, (-14 * side, -14), of=look, ha="center")
        if name == "gradient" and tip[1] > 0.9:
            note(ax, "gradient", tip, (16, 0), of=look, va="center")


@draws_picture
def shares_by_step(shares: Mapping[str, ArrayLike], *, guess: Mapping[int, Guess] | None = None) -> Picture:
    """Plot which share each past step has in a gradient that is summed over time, on a log axis.

    Args:
        shares: dict from label to array (steps,): the share of the step 0, 1, 2, … steps back; they add up to 1.
        guess: dict from how many steps back to the share that the reader guessed.

    Raises:
        ValueError: no dict of such arrays, or shares that do not add up to 1.
    """
    shares = to_dict(shares, "shares", "(steps,)")
    if any(abs(values.sum() - 1) > 1e-6 or (values < 0).any() for values in shares.values()):
        raise ValueError("Shares are at least 0 and add up to 1.")
    figure, ax = new_figure(8, 3.2)
    _set_log_y(ax, *shares.values())
    guessed = []
    for back, share in (guess or {}).items():
        mark_guess(ax, x=back if is_given(share) else ..., y=share)
        guessed.append(spoken_guess(share))
    ends, sentences = [], []
    for number, (look, (label, values)) in enumerate(zip(looks_of(shares), shares.items())):
        ax.plot(range(values.size), drawable(values), **line_style(look, values.size, number))
        ends.append((_last_drawable(values), label, look))
        told = [
            message("{share:.0e} {back} back", share=values[back], back=back)
            for back in (0, 5, 10, values.size - 1)
            if back < len(values)
        ]
        sentences.append(message("{label}: {shares}", label=spoken(label), shares=Listing(told, ", ")))
    ax.set(xlabel=_STEPS_BACK, ylabel="share of the gradient")
    ax.margins(x=0.01)
    name_line_ends(ax, ends)
    template = "Share of each step in the gradient of Wh, on a log axis. {shares}."
    return Picture(figure, message(template, shares=Listing(sentences)), *guessed)


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
    template = (
        "A map of the gradients of {units} units over {steps} steps, red above 0 and blue below. The largest absolute "
        "value is {last:.3g} at the last step and {first:.3g} at the first."
    )
    alt = message(template, units=dhs.shape[1], steps=dhs.shape[0], last=largest[-1], first=largest[0])
    return Picture(figure, alt)


# --- where numbers of float32 end --------------------------------------------------------------------------------


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
    template = "The norm of a gradient on a log axis, {first:.3g} after 1 step and at most {highest:.3g}."
    if events:
        template = "The norm of a gradient on a log axis, {first:.3g} after 1 step and at most {highest:.3g}, {events}."
    since = [message("{name} from step {step} on", name=name, step=step) for name, step in events.items()]
    highest = norms[np.isfinite(norms)].max()
    alt = message(template, first=norms[0], highest=highest, events=Listing(since, ", "))
    template = "Lines mark the largest float32, {largest:.3g}, and its root, {root:.3g}, beyond which a square is inf."
    return Picture(figure, alt, message(template, largest=largest, root=np.sqrt(largest)))
