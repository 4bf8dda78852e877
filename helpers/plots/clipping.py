"""Figures of gradient clipping: a cliff of the loss, a direction kept or turned, lost runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray, IntArray
from helpers.language.message import Listing, Message, message
from helpers.plots.arguments import check_entries, to_array, to_arrays, to_dict
from helpers.plots.axes import ARROW, level, listed, name_line_ends, note
from helpers.plots.guess import Guess, as_number, is_given, mark_guess, spoken_guess
from helpers.plots.narrow import is_narrow
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    DOT,
    FINE,
    LINE,
    LOOKS,
    MARK,
    MEDIUM,
    PAGE,
    RING,
    SIZE,
    THICK,
    Look,
    looks_of,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def _up_to(value: float) -> str:
    """Return the next power of ten, as text."""
    return f"{10.0 ** np.ceil(np.log10(value)):g}"


def _angle(one: FloatArray, other: FloatArray) -> float:
    """Return the angle between two vectors [degree]."""
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


@draws_picture
def two_ways_to_clip(
    gradient: ArrayLike, by_norm: ArrayLike, by_value: ArrayLike, limit: float, *, guess: Guess = ...
) -> Picture:
    """Draw a gradient of two elements, clipped by its norm (to a circle) and by value (to a square).

    Args:
        gradient (2,): before clipping.
        by_norm (2,): clipped by norm.
        by_value (2,): each element clipped to ± limit.
        limit: radius of the circle, and half the side of the square.
        guess: by how many degrees clipping by value was expected to turn the gradient, drawn as a line.

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
    if (turn := as_number(guess)) is not None:
        angle = np.arctan2(gradient[1], gradient[0]) + np.radians(turn)
        end = 1.6 * limit * np.array([np.cos(angle), np.sin(angle)])
        axes[1].plot(*np.transpose([(0, 0), end]), lw=LINE, **LOOKS["guess"].line)
        note(axes[1], "your guess", end, (4, 0), of="guess", va="center")
    axes[0].set_ylabel("second element")
    template = (
        "Two panels, each with a gradient as an arrow of length {length:.3g} and the clipped one as another. By norm "
        "it ends on a circle and is turned by {by_norm:.0f} degrees; by value it ends in a square and is turned by "
        "{by_value:.0f} degrees."
    )
    alt = message(template, length=np.linalg.norm(gradient), by_norm=turns[0], by_value=turns[1])
    return Picture(figure, alt, spoken_guess(guess))


@draws_picture
def cliff_landscape(ws: FloatArray, bs: FloatArray, loss: FloatArray) -> Picture:
    """Draw a loss over two parameters as a landscape.

    Args:
        ws (n,): values of the first parameter.
        bs (m,): values of the second.
        loss (m, n): the loss.

    Raises:
        ValueError: loss of another shape.
    """
    _check_map(ws, bs, loss)
    figure, flat = new_figure(6, 3.6)
    grid = flat.get_subplotspec()
    flat.remove()
    land = figure.add_subplot(grid, projection="3d")
    fine = {"rcount": 200, "ccount": 200, "lw": 0, "antialiased": False, "shade": False}
    land.plot_surface(*np.meshgrid(ws, bs), loss, cmap=SIZE, **fine)
    land.view_init(elev=30, azim=50)
    land.set_box_aspect((1, 1, 0.6), zoom=1.1)
    land.set(xlabel="w", ylabel="b", title="loss: a plateau, a cliff, a plain")
    land.locator_params(nbins=2 if is_narrow() else 3)
    template = (
        "A loss over two parameters, as a landscape. A cliff separates a plateau, where the loss is up to "
        "{highest:.2g}, from a plain, where it is small."
    )
    return Picture(figure, message(template, highest=np.max(loss)))


def _check_map(ws: FloatArray, bs: FloatArray, loss: FloatArray) -> None:
    if np.shape(loss) != (len(bs), len(ws)):
        raise ValueError(f"loss must have the shape {(len(bs), len(ws))}: got {np.shape(loss)}.")


@draws_picture
def clipping_cliff(
    ws: FloatArray,
    bs: FloatArray,
    loss: FloatArray,
    paths: Mapping[str, FloatArray],
    losses: Mapping[str, ArrayLike],
) -> Picture:
    """Draw a loss with a cliff as a map with the paths of gradient descent on it, and the loss at each of their steps.

    Args:
        ws (n,): values of the first parameter.
        bs (m,): values of the second.
        loss (m, n): the loss.
        paths: dict from label to array (steps, 2): where each run went; all begin at one point.
        losses: dict from label to array (steps,): the loss at each of these points.

    Raises:
        ValueError: loss of another shape, or losses that are not those of the paths.
    """
    from matplotlib.patheffects import Normal, Stroke

    _check_map(ws, bs, loss)
    losses = to_dict(losses, "losses", "(steps,)")
    if {label: len(path) for label, path in paths.items()} != {label: len(values) for label, values in losses.items()}:
        raise ValueError("losses must have the labels of paths, and one loss for each of their steps.")
    figure, (ax, right) = new_figure(8, 3.6, columns=2, width_ratios=(1.1, 1))
    image = ax.pcolormesh(ws, bs, loss, cmap=SIZE, shading="nearest", rasterized=True)
    # Beside a narrow map there is the room for the names of the lines beneath it, so the bar stands below.
    figure.colorbar(image, ax=ax, label="loss", pad=0.015, location="bottom" if is_narrow() else "right")
    ax.grid(False)
    facts, ends, start = [], [], next(iter(losses.values()))[0]
    casing = [Stroke(linewidth=2 * LINE, foreground=PAGE), Normal()]  # so that a line shows on every colour of the map
    for (label, path), look in zip(paths.items(), looks_of(paths)):
        values = losses[label]
        ax.plot(*np.transpose(path), path_effects=casing, **look.line | {"linestyle": "-"})
        ax.plot(*np.transpose(path), look.marker, color=look.colour, gid=look.name, ms=DOT)  # a marker for each step
        right.plot(np.maximum(values, _LOWEST), **look.line)
        ends.append((max(values[-1], _LOWEST), label, look))
        longest = np.linalg.norm(np.diff(path, axis=0), axis=1).max()
        facts.append(
            message(
                "{label}: the longest step is {longest:.2g}, the loss at the end {loss:.2g}",
                label=label,
                longest=longest,
                loss=values[-1],
            )
        )
    ax.plot(*next(iter(paths.values()))[0], "*", color=PAGE, ms=RING, mec=LOOKS["ink"].colour)
    ax.set(xlabel="w", ylabel="b", xlim=(ws[0], ws[-1]), ylim=(bs[0], bs[-1]), title="the way, from above")
    level(right, start, "at the start", below=True)
    right.set(yscale="log", xlabel="step", ylabel="loss (log axis)", title="the loss at each step")
    right.set_ylim(_LOWEST / 2, 5 * max(values.max() for values in losses.values()))
    right.margins(x=0.01)
    name_line_ends(right, ends, width=10)
    template = (
        "A map of a loss over two parameters, with a cliff between a high region and a low one, and beside it the loss "
        "at each step. All runs start at one star below the cliff, at a loss of {start:.2g}. {facts}."
    )
    return Picture(figure, message(template, start=start, facts=Listing(facts)))


#: The lowest loss that the figure of the cliff shows.
_LOWEST = 1e-6


@draws_picture
def lost_starts(lost: Mapping[str, ArrayLike], rates: ArrayLike, starts: int, guess: Guess = ...) -> Picture:
    """Plot how many of many runs end with a higher loss than they began with, against the learning rate.

    Args:
        lost: dict from label to the number of such runs at each rate (rates,).
        rates (rates,): the learning rates.
        starts: how many runs there are at each rate.
        guess: the number that the learner expected.

    Raises:
        ValueError: numbers of runs that do not belong to the rates.
    """
    rates = to_array(rates, "rates", "(rates,)")
    lost = to_dict(lost, "lost", f"({rates.size},)")
    figure, ax = new_figure(8, 2.8)
    ends, facts = [], []
    for (label, counts), look in zip(lost.items(), looks_of(lost)):
        ax.plot(rates, counts, **look.marked)
        ends.append((counts[-1], label, look))
        facts.append(message("{label}: {counts}", label=label, counts=listed(counts, ".0f")))
    ax.set(xscale="log", xlabel="learning rate (log axis)", ylabel=f"runs of {starts}", ylim=(-3, 60))
    ax.set_title("ended with a higher loss than they began with")
    _name_ticks(ax, rates)
    mark_guess(ax, y=guess)
    name_line_ends(ax, ends)
    template = (
        "Of {starts} runs at each of the learning rates {rates}, so many end with a higher loss than they began with. "
        "{facts}."
    )
    alt = message(template, starts=starts, rates=listed(rates), facts=Listing(facts))
    return Picture(figure, alt, spoken_guess(guess))


def _name_ticks(ax: Axes, values: ArrayLike) -> None:
    """Put ticks with plain numbers at some values of x, and none between them."""
    values = np.asarray(values, dtype=float)
    ax.set_xticks(values, [f"{value:g}" for value in values])
    ax.set_xticks([], minor=True)


@draws_picture
def runs_with_and_without(
    runs: Mapping[str, tuple[FloatArray, FloatArray]], max_norm: float, constant: float
) -> Picture:
    """Plot the loss and the gradient norm of several runs over training; a cross where one is no longer a number.

    Args:
        runs: dict from label to (losses (steps,), norms (steps,)).
        max_norm: where clipping begins, drawn as a line.
        constant: the loss of the best constant answer, drawn as a line.

    Raises:
        ValueError: losses and norms of different lengths.
    """
    figure, (above, below) = new_figure(8, 4.8, rows=2, sharex=True)
    facts: list[Message] = []
    ends: dict[Axes, list[tuple[float, str, Look]]] = {above: [], below: []}
    for ax, value, text in (above, constant, "always 0"), (below, max_norm, "max_norm"):
        level(ax, value, text)
        ax.set(xscale="log", yscale="log", ylim=(value / 300, value * 1e6))
        ax.margins(x=0.01)
    for (label, (losses, norms)), look in zip(runs.items(), looks_of(runs)):
        if np.shape(losses) != np.shape(norms):
            raise ValueError(f"{label}: there are {len(losses)} losses and {len(norms)} norms.")
        for ax, values in ((above, losses), (below, norms)):
            finite, steps = np.isfinite(values), np.arange(1, len(values) + 1)
            ax.plot(steps, np.where(finite, values, np.nan), **look.line)
            if finite.all():
                ends[ax].append((values[-1], label, look))
            else:
                _mark_lost(ax, steps, values, label, look)
        # Round numbers: where a run blows up, the digits differ between processors.
        if np.isfinite(losses).all():
            end, most = np.mean(losses[-50:]), _up_to(float(np.max(norms)))
            facts.append(
                message(
                    "{label} ends at a loss of {end:.1g}, its norms never above {most}", label=label, end=end, most=most
                )
            )
        else:
            most = _up_to(len(losses))
            facts.append(
                message(
                    "{label} is lost within {most} steps: its loss and its norm leave the axes at the top",
                    label=label,
                    most=most,
                )
            )
    for ax, named in ends.items():
        name_line_ends(ax, named)
    above.set_ylabel("loss (log axis)")
    below.set(ylabel="gradient norm (log axis)", xlabel="update (log axis)")
    template = "Loss and gradient norm over training, on log axes. {facts}."
    return Picture(figure, message(template, facts=Listing(facts)))


def _mark_lost(ax: Axes, steps: IntArray, values: FloatArray, label: str, look: Look) -> None:
    """Mark at the top of the axes where a run has no numbers any more; its line has left them long before."""
    place = steps[np.argmin(np.isfinite(values))], 0.88
    ax.plot(*place, "X", color=look.colour, ms=MARK, gid=look.name, transform=ax.get_xaxis_transform())
    words = f"{label}:\nno longer a number"
    note(ax, words, place, (9, 0), of=look, size=MEDIUM, on=ax.get_xaxis_transform(), va="center")


@draws_picture
def lost_and_loss(
    losses: Mapping[str, Mapping[float, Sequence[float]]],
    constant: float,
    xlabel: str,
    *,
    at: float = 0.5,
    guess: Guess = ...,
) -> Picture:
    """Plot, against a setting, how many runs are lost, and the loss of the others: thin lines their range.

    A run is lost if its loss is not a number, or above that of the best constant answer.

    Args:
        losses: dict from label to a dict from the value of a setting to the losses of the runs with it, one a seed.
        constant: the loss of the best constant answer, drawn as a line.
        xlabel: what the setting is.
        at: the value of the setting for which a loss was guessed.
        guess: that loss.

    Raises:
        ValueError: no runs, or more kinds than there are line styles.
    """
    check_entries(losses, "losses")
    figure, (above, below) = new_figure(8, 4.4, rows=2, sharex=True, height_ratios=(1, 1.6))
    facts, tops, ends, most = [], [], [], 0
    for (label, by_value), look in zip(losses.items(), looks_of(losses)):
        values = sorted(by_value)
        runs = [np.asarray(by_value[value], dtype=float) for value in values]
        kept = [run[run <= constant] for run in runs]
        lost = [len(run) - len(rest) for run, rest in zip(runs, kept)]
        middle = np.array([np.median(rest) if len(rest) else np.nan for rest in kept])
        most = max(most, *map(len, runs))
        above.plot(values, lost, **look.marked)
        below.plot(values, middle, **look.marked)
        for value, rest in zip(values, kept):
            if len(rest):
                below.plot([value, value], [rest.min(), rest.max()], lw=FINE, color=look.colour, gid=look.name)
        shown = middle[np.isfinite(middle)]
        ends.append((shown[-1] if shown.size else constant, label, look))
        tops.append((lost[-1], label, look))
        facts.append(
            message(
                "{label}: lost {lost}, median loss of the others {middle}",
                label=label,
                lost=listed(lost, ".0f"),
                middle=Listing([f"{v:.1g}" if np.isfinite(v) else message("none") for v in middle], ", "),
            )
        )
    level(below, constant, "always 0")
    above.set(ylim=(-0.06 * most, 1.1 * most), yticks=range(0, most + 1, max(1, most // 5)), ylabel=f"lost of {most}")
    below.set(yscale="log", xlabel=xlabel, ylabel="loss of the others\n(log axis)")
    below.set_ylim(top=3 * constant)
    if is_given(guess):
        mark_guess(below, x=at, y=guess)
    name_line_ends(above, tops)
    name_line_ends(below, ends)
    template = (
        "Two panels over {xlabel}, at {settings}: how many of {most} runs are lost, and the loss of the others. "
        "{facts}."
    )
    alt = message(template, xlabel=xlabel, settings=listed(values), most=most, facts=Listing(facts))
    return Picture(figure, alt, spoken_guess(guess))


@draws_picture
def clip_limits(
    max_norms: ArrayLike, losses: ArrayLike, clipped: ArrayLike, constant: float, at: float = 5.0, guess: Guess = ...
) -> Picture:
    """Plot, against the limit of the norm, which share of the updates is clipped, and the loss at the end.

    Args:
        max_norms (n,): the limits.
        losses (seeds, n): of each run at the end.
        clipped (seeds, n): share of the updates at which the gradient was longer than the limit.
        constant: the loss of the best constant answer, drawn as a line.
        at: the limit for which a share was guessed.
        guess: that share, from 0 to 1.

    Raises:
        ValueError: arrays of other shapes.
    """
    max_norms = to_array(max_norms, "max_norms", "(n,)")
    shape = f"(seeds, {max_norms.size})"
    losses, clipped = to_array(losses, "losses", shape), to_array(clipped, "clipped", shape)
    figure, (above, below) = new_figure(8, 4.2, rows=2, sharex=True)
    for ax, runs, of in (above, clipped, "gradient"), (below, losses, "training"):
        look = LOOKS[of]
        ax.plot(max_norms, runs.T, lw=FINE, color=look.colour, gid=look.name, alpha=0.4)
        ax.plot(max_norms, np.median(runs, axis=0), lw=THICK, **look.marked)
    below.axhline(constant, lw=LINE, **LOOKS["level"].line)
    note(below, "always 0", (0, constant), (4, 4), on=below.get_yaxis_transform())  # at the right, lines cross it
    above.set(xscale="log", ylabel="share of updates\nthat are clipped", ylim=(-0.05, 1.05))
    below.set(yscale="log", ylabel="loss at the end\n(log axis)", xlabel="max_norm (log axis)")
    _name_ticks(below, max_norms)
    if is_given(guess):
        mark_guess(above, x=at, y=guess)
    shares, ends = np.median(clipped, axis=0), np.median(losses, axis=0)
    template = (
        "Two panels over max_norm, at {limits}, medians of {seeds} seeds. Clipped are {shares} of the updates; the "
        "losses at the end are {ends}."
    )
    alt = message(
        template, limits=listed(max_norms), seeds=len(losses), shares=listed(shares, ".0%"), ends=listed(ends, ".1g")
    )
    return Picture(figure, alt, spoken_guess(guess))
