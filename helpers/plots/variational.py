"""Figures of variational dropout: what a shared mask leaves, and where it is in the cell."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.language.message import Listing, message
from helpers.plots.arguments import to_dict
from helpers.plots.axes import drawable, name_line_ends, spoken
from helpers.plots.diagrams import NODE_RADIUS, line, node, write, write_all
from helpers.plots.dropout import dropout_mark, mask_table
from helpers.plots.guess import Guess, is_given, mark_guess, spoken_guess
from helpers.plots.lstm_glyph import PLACES, SIZE, draw_lstm_cell
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import DOT, FINE, LARGE, MEDIUM, NEXT, PREV, SMALL, looks_of, new_canvas, new_figure


@draws_picture
def survival(
    formula: Mapping[str, ArrayLike],
    measured: Mapping[str, Mapping[str, ArrayLike]],
    *,
    title: str = "",
    lowest: float | None = None,
    guess: Mapping[str, Guess] | None = None,
) -> Picture:
    """Plot the share of a memory that is left after 1, 2, … steps: lines by formula, marks for what was measured.

    Args:
        formula: dict from a kind of mask to (steps,), the same lines in every panel.
        measured: dict from a kind of recurrence, a panel each, to a dict from a kind of mask to (steps,).
        title: what holds for all panels, e.g. the rate.
        lowest: where the axis ends, so that several figures can be compared; by default where the data do.
        guess: dict from a panel to the share that the reader guessed for the last step.

    Raises:
        ValueError: labels or shapes that do not agree.
    """
    lines = to_dict(formula, "formula", "(steps,)")
    shape = f"({len(next(iter(lines.values())))},)"
    lines = to_dict(lines, "formula", shape)
    panels = {name: to_dict(marks, f"measured[{name!r}]", shape) for name, marks in measured.items()}
    if not panels or any(marks.keys() != lines.keys() for marks in panels.values()):
        raise ValueError("Give at least one panel, with the labels of formula in each.")
    figure, axes = new_figure(8, 3.4, columns=len(panels), sharex=True, sharey=True, squeeze=False)
    looks = dict(zip(lines, looks_of(lines)))
    if lowest is None:
        lowest = min(values[values > 0].min() for values in (*lines.values(), *_each(panels))) / 3
    sentences = []
    for ax, (name, marks) in zip(axes[0], panels.items()):
        steps = np.arange(1, len(next(iter(marks.values()))) + 1)
        for number, (label, look) in enumerate(looks.items()):
            ax.plot(steps, lines[label], lw=FINE, **look.line)
            ax.plot(steps[number::2], drawable(marks[label])[number::2], look.marker, ms=DOT, color=look.colour,
                    gid=look.name)  # fmt: skip
        ax.set(yscale="log", ylim=(lowest, 2), xlim=(0.5, steps[-1] + 0.5), title=name, xlabel="steps")
        ax.minorticks_off()  # they take half the time of drawing, which a slider repeats
        ax.locator_params(axis="x", integer=True)
        guessed = (guess or {}).get(name, ...)
        mark_guess(ax, x=steps[-1] if is_given(guessed) else ..., y=guessed)
        name_line_ends(ax, [(max(values[-1], lowest), f"{label}: {values[-1]:.2g}", looks[label])
                            for label, values in marks.items()])  # fmt: skip
        template = "{panel}: {shares}."
        sentences += [message(template, panel=spoken(name), shares=_last(marks)), spoken_guess(guessed)]
    axes[0][0].set_ylabel("share that is left")
    figure.suptitle(title, x=0.01, ha="left", fontsize=MEDIUM)
    template = "The share of a memory that is left against steps, on one log axis."
    if title:
        template = "The share of a memory that is left against steps, on one log axis, {title}."
    alt = message(template, title=title)
    template = "By the formula, after {steps} steps: {shares}. Measured, {panels}"
    values = {"steps": shape[1:-2], "shares": _last(lines), "panels": Listing(sentences, " ")}
    return Picture(figure, alt, message(template, **values))


def _last(lines: Mapping[str, FloatArray]) -> Listing:
    """Return the last share of each line, as facts."""
    template = "{label} {share:.2g}"
    return Listing([message(template, label=label, share=values[-1]) for label, values in lines.items()], ", ")


def _each(panels: Mapping[str, Mapping[str, FloatArray]]) -> list[FloatArray]:
    """Return the arrays of all panels that hold something above 0."""
    return [values for marks in panels.values() for values in marks.values() if (values > 0).any()]


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
    template = "{title}: {count} of {features} features are left"
    ends = [message(template, title=title, count=count, features=mask.shape[1]) for title, count in left.items()]
    template = (
        "Above, two masks over time, white where a value is dropped; beneath, the state that goes through them. At the "
        "end, {ends}."
    )
    return Picture(figure, message(template, ends=Listing(ends)))


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
    template = (
        "One step of an LSTM cell. h_prev goes through a multiplication with a mask before it joins x and feeds the "
        "four blocks. The memory cell c along the top has no mask, and neither has h_next, which goes up and on to the "
        "next step."
    )
    return Picture(figure, message(template))
