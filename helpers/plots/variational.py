"""Figures of variational dropout: what a shared mask leaves, where it is in the cell, and how much is recalled."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.plots.arguments import check_entries, to_dict
from helpers.plots.axes import border, name_line_ends, note
from helpers.plots.diagrams import NODE_RADIUS, line, node, write, write_all
from helpers.plots.dropout import dropout_mark, mask_table
from helpers.plots.lstm_glyph import PLACES, SIZE, draw_lstm_cell
from helpers.plots.narrow import is_narrow
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    LARGE,
    LINE,
    MARK,
    MEDIUM,
    NEXT,
    PAGE,
    POINT,
    PREV,
    SMALL,
    THICK,
    looks_of,
    new_canvas,
    new_figure,
)


@draws_picture
def survival(
    computed: Mapping[str, Sequence[float] | FloatArray],
    simulated: Mapping[str, ArrayLike] | None = None,
    errors: Mapping[str, ArrayLike] | None = None,
    lowest: float | None = None,
) -> Picture:
    """Plot the fraction of a memory that is left after 1, 2, … steps, computed and simulated.

    Args:
        computed: dict from label to (steps,), fractions by formula.
        simulated: dict with the same labels to (steps,), fractions that were counted; left out if None.
        errors: dict with the same labels to (steps,), half the height of the bars on what was counted.
        lowest: where the axis ends, so that several figures can be compared; by default where the curves do.

    Raises:
        ValueError: labels or shapes that do not agree.
    """
    check_entries(computed, "computed")
    shape = f"({len(next(iter(computed.values())))},)"
    curves = to_dict(computed, "computed", shape)
    counted = to_dict(simulated, "simulated", shape) if simulated else {}
    bars = to_dict(errors, "errors", shape) if errors else {}
    if not curves.keys() >= counted.keys() | bars.keys():
        raise ValueError("simulated and errors may only have labels that computed has.")
    figure, ax = new_figure(8, 3.4)
    looks = looks_of(curves)
    for look, (label, values) in zip(looks, curves.items()):
        steps = np.arange(1, len(values) + 1)
        ax.plot(steps, values, **look.line)
        if label in counted:
            seen = counted[label] > 0
            ax.errorbar(steps[seen], counted[label][seen], bars.get(label, 0 * values)[seen], fmt=look.marker, ms=POINT,
                        mfc=PAGE, color=look.colour, capsize=3, lw=LINE, gid=look.name)  # fmt: skip
    if lowest is None:
        lowest = min(values[values > 0].min() for values in curves.values()) / 3
    ax.set(yscale="log", ylim=(lowest, 1.6), xlabel="steps", ylabel="fraction that is left")
    ax.set_xlim(0.5, len(values) + 0.5)
    name_line_ends(ax, [(max(values[-1], lowest), f"{label}: {values[-1]:.2g}", look)
                        for look, (label, values) in zip(looks, curves.items())])  # fmt: skip
    ax.locator_params(axis="x", integer=True)
    ends = "; ".join(f"{label}: {values[0]:.2g} after one step, {values[-1]:.2g} after {len(values)}"
                     for label, values in curves.items())  # fmt: skip
    points = " What was counted lies on the lines." if counted else ""
    return Picture(figure, f"The fraction that is left against steps, on a log axis. {ends}.{points}")


@draws_picture
def survival_by_rate(curves: Mapping[float, Mapping[str, Sequence[float] | FloatArray]]) -> Picture:
    """Plot the fraction of a memory that is left after 1, 2, … steps, one panel for each rate, on one axis.

    Args:
        curves: dict from rate to a dict from label to (steps,), the same labels under each.

    Raises:
        ValueError: nothing to plot, or labels that do not agree.
    """
    labels = [list(lines) for lines in curves.values()]
    if not labels or not labels[0] or any(other != labels[0] for other in labels):
        raise ValueError(f"Give the same labels under each rate: got {labels}.")
    figure, axes = new_figure(8, 3.2, columns=len(curves), sharex=True, sharey=True, squeeze=False)
    names = iter(labels[0])
    lowest = min(min(values) for lines in curves.values() for values in lines.values())
    for ax, (rate, lines) in zip(axes[0], curves.items()):
        for look, values in zip(looks_of(lines), lines.values()):
            ax.plot(range(1, len(values) + 1), values, **look.line)
            above = values[-1] == max(other[-1] for other in lines.values())
            lift, va = (5, "bottom") if above else (-6, "top")
            place = len(values), values[-1]
            name = f"{next(names)}: " if ax is axes[0][0] else ""
            note(ax, f"{name}{values[-1]:.2g}", place, (0, lift), of=look, size=MEDIUM, ha="right", va=va)
        ax.set(title=f"rate {rate:g}", xlabel="steps", yscale="log", ylim=(lowest / (1000 if is_narrow() else 50), 50))
    axes[0][0].set_ylabel("fraction that is left")
    ends = "; ".join(f"rate {rate:g}: " + ", ".join(f"{label} {values[-1]:.2g}" for label, values in lines.items())
                     for rate, lines in curves.items())  # fmt: skip
    alt = f"""The fraction that is left against steps, on one log axis, a panel for each rate. A shared mask draws a
    level line; the fresh masks draw straight lines that fall the faster the higher the rate. At the end, {ends}."""
    return Picture(figure, alt)


@draws_picture
def masks_over_time(masks: Mapping[str, ArrayLike], states: Mapping[str, ArrayLike]) -> Picture:
    """Plot masks and what is left of a state that goes through them, steps across: white is dropped, or gone.

    Args:
        masks: dict from title to a mask (T, D).
        states: dict with the same titles to what is left (T, D) after each step.

    Raises:
        ValueError: titles or shapes that do not agree.
    """
    if set(masks) != set(states) or len(masks) != 2:
        raise ValueError("Give two masks, and under the same titles what is left of a state.")
    figure, axes = new_figure(8, 4.2, columns=2, rows=2, sharex=True, sharey=True)
    left = {}
    for column, title in enumerate(masks):
        mask, state = (np.asarray(one[title], float) for one in (masks, states))
        mask_table(axes[0][column], mask, title)
        mask_table(axes[1][column], state, "what is left of the state")
        axes[0][column].set_xlabel("")
        left[title] = int(np.sum(state[-1] != 0))
    for row in axes:
        row[0].set_ylabel("feature")
    ends = "; ".join(f"{title}: {count} of {mask.shape[1]} features are left" for title, count in left.items())
    alt = f"""Above, two masks over time, white where a value is dropped; beneath, the state that goes through them. At
    the end, {ends}."""
    return Picture(figure, alt)


@draws_picture
def masked_lstm_cell() -> Picture:
    """Draw the LSTM's cell with a mask on h_prev, before the product with Wh, and nowhere else."""
    figure, ax = new_canvas(*SIZE)
    draw_lstm_cell(ax)
    (start, y), (join, _) = PLACES["h_prev"], PLACES["join"]
    middle = (start + join) / 2 + 0.05
    node(ax, (middle, y), r"$\odot$")
    line(ax, (middle, y - 0.62), (middle, y - NODE_RADIUS), of="mask", zorder=2)
    dropout_mark(ax, middle, y - 0.66)
    write(ax, middle - 0.14, y - 0.66, "one mask\n(N, H)", of="mask", ha="right")
    write_all(ax, (
        ((0.3, 3.06), f"$c{PREV}$", "c"), ((6.64, 3.06), f"$c{NEXT}$", "c"),
        ((0.3, 1.16), f"$h{PREV}$", "h"), ((6.64, 1.16), f"$h{NEXT}$", "h"), ((1.33, 0.42), "$x$", "x"),
    ))  # fmt: skip
    equation = rf"$A = x\,W_x + (\mathrm{{mask}} \odot h{PREV})\,W_h + b$"
    write(ax, 6.3, 0.3, equation, size=LARGE, ha="right", va="baseline")
    notes = ((7.0, 3.5), "to the layer above: no mask", "pale"), ((4.2, 3.42), "the memory: no mask", "c")
    write_all(ax, notes, size=SMALL)
    alt = """One step of an LSTM cell. h_prev goes through a multiplication with a mask before it joins x and feeds the
    four blocks. The memory cell c along the top has no mask, and neither has h_next, which goes up and on to the next
    step."""
    return Picture(figure, alt)


@draws_picture
def recalled_by_seed(shares: Mapping[str, ArrayLike], chance: float) -> Picture:
    """Plot how much each of several runs recalls, one point for each seed.

    Args:
        shares: dict from label to (seeds,), shares in 0..1.
        chance: the share that guessing gets right.

    Raises:
        ValueError: nothing to plot, or a share out of range.
    """
    shares = to_dict(shares, "shares", "(seeds,)")
    if not all(np.all((values >= 0) & (values <= 1)) for values in shares.values()):
        raise ValueError("shares must be between 0 and 1.")
    figure, ax = new_figure(8, 0.8 + 0.7 * len(shares))
    for row, (look, values) in enumerate(zip(looks_of(shares), shares.values())):
        spread = np.linspace(-0.27, 0.27, len(values))
        ax.plot(values, row + spread, look.marker, ms=MARK, color=look.colour, mec=PAGE, gid=look.name, zorder=3)
        bar = {"color": look.colour, "lw": THICK, "gid": look.name}
        ax.plot([values.mean()] * 2, [row - 0.38, row + 0.38], zorder=1, **bar)
    border(ax, chance)
    note(ax, "guessing", (chance, -0.5), (4, -3), of="pale", va="top")
    ax.set_yticks(range(len(shares)), shares)
    ax.set(ylim=(len(shares) - 0.5, -0.7), xlim=(0, 1.05), xlabel="share of first symbols recalled", ylabel="masks")
    said = "; ".join(f"{label}: {values.min():.0%} to {values.max():.0%}" for label, values in shares.items())
    return Picture(figure, f"One point for each seed, a bar at the mean; guessing gives {chance:.0%}. {said}.")
