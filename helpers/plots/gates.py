"""Figures of gates: how far open they are, what they let through, and what becomes of the memory behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray, IntArray
from helpers.language.message import Listing, Message, message
from helpers.plots.arguments import check_entries, to_array, to_arrays, to_dict
from helpers.plots.axes import line_style, listed, name_line_ends, note, spoken, zero_line
from helpers.plots.diagrams import arrow, box, node, rectangle, write
from helpers.plots.guess import Guess, mark_guess, spoken_guess
from helpers.plots.lstm_glyph import ACTIVATION
from helpers.plots.narrow import is_narrow
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    FINE,
    LARGE,
    LOOKS,
    NEXT,
    PAGE,
    PREV,
    THICK,
    Style,
    looks_of,
    new_canvas,
    new_figure,
    tint,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: Numbers of steps.
Steps: TypeAlias = Sequence[int] | IntArray

#: Names of the three positions of a gate, and of the gates.
_OPENNESS = {0.0: "closed", 0.5: "half open", 1.0: "open"}
_NAMES = {"f": "forget gate", "i": "input gate", "o": "output gate"}


# --- one gate at a time ------------------------------------------------------------------------------------------


@draws_picture
def gate_positions(gate: str, before: ArrayLike, after: Mapping[float, ArrayLike], names: tuple[str, str]) -> Picture:
    """Plot the effect of three positions of one gate on the same memory: closed, half open, open.

    Args:
        gate: "f", "i" or "o", or "" for a gate in general.
        before (H,): the values before the gate.
        after: dict from openness (0.0, 0.5, 1.0) to the values after it (H,).
        names: of the values before and after, such as ``("$c$", "$h$")``.

    Raises:
        ValueError: other positions, or rows of different lengths.
    """
    before = to_array(before, "before", "(H,)", finite=True)
    gated = {float(position): values for position, values in to_dict(after, "after", "(H,)", finite=True).items()}
    if list(gated) != list(_OPENNESS) or any(values.shape != before.shape for values in gated.values()):
        raise ValueError(f"after must have rows as long as before, for the positions {', '.join(map(str, _OPENNESS))}.")
    figure, axes = new_figure(8, 2.5, 3, sharey=True)
    symbol, look = f"${gate}$ = " if gate else "", gate or "sigmoid"
    units, bound = np.arange(before.size), 1.15 * max(np.abs([before, *gated.values()]).max(), 1e-9)
    for ax, (position, values) in zip(axes, gated.items()):
        zero_line(ax)
        outline = {"facecolor": "none", "edgecolor": LOOKS["outline"].colour, "ls": LOOKS["outline"].dash}
        ax.bar(units, before, width=0.8, lw=FINE, gid="outline", **outline)
        ax.bar(units, values, width=0.5, **LOOKS[look].fill)
        ax.set(title=f"{_OPENNESS[position]}: {symbol}{position:g}", xlabel="unit", xticks=units)
        ax.set(xlim=(-0.6, before.size - 0.4), ylim=(-bound, bound))
        ax.grid(False)
        _openness_strip(ax, position, look)
    _name_bars(axes[1], before, list(gated.values())[1], names, look)
    axes[0].set_ylabel("value")
    template = "{position}, openness = {openness:g}: {values}"
    if gate:
        template = "{position}, {gate} = {openness:g}: {values}"
    results = [
        message(template, position=_OPENNESS[position], gate=gate, openness=position, values=listed(values, ".2f"))
        for position, values in gated.items()
    ]
    template = (
        "Three positions of a gate, applied to the same values {before}, drawn as dashed outlines. The results, drawn "
        "as bars: {results}."
    )
    if gate:
        template = (
            "Three positions of the {gate}, applied to the same values {before}, drawn as dashed outlines. The "
            "results, drawn as bars: {results}."
        )
    name = _NAMES.get(gate, "")
    return Picture(figure, message(template, gate=name, before=listed(before, ".2f"), results=Listing(results)))


def _name_bars(ax: Axes, before: FloatArray, after: FloatArray, names: tuple[str, str], gate: str) -> None:
    """Write beside the largest bar of the values before what its outline is, and what the bar in it is."""
    unit = int(np.abs(before).argmax())
    side = 1 if unit < before.size / 2 + 1 else -1
    for name, of, value in (names[0], "outline", before[unit]), (names[1], gate, after[unit]):
        ha, va = ("left" if side > 0 else "right"), ("top" if value > 0 else "bottom")
        note(ax, name, (unit + side * 0.4, value), (5 * side, 0), of=of, ha=ha, va=va)


def _openness_strip(ax: Axes, position: float, gate: str) -> None:
    """Draw a frame at the right edge of the axes, filled as far as the gate is open."""
    beside: Style = {"transform": ax.transAxes, "clip_on": False}
    rectangle(ax, 1.02, 0, 0.04, position, of=gate, fill=LOOKS[gate].colour, lw=0, **beside)
    rectangle(ax, 1.02, 0, 0.04, 1, of="ink", **beside)


@draws_picture
def gate_or_content(a: ArrayLike, openness: ArrayLike, content: ArrayLike) -> Picture:
    """Plot the two squashing functions of the LSTM side by side: openness (σ) and content (tanh).

    Args:
        a (n,): increasing.
        openness (n,): the sigmoid of a.
        content (n,): tanh of a.

    Raises:
        ValueError: rows of different lengths.
    """
    a, openness, content = to_arrays("(n,)", a=a, openness=openness, content=content)
    figure, axes = new_figure(8, 2.7, 2, sharex=True)
    for ax, values, name, function, title, ticks in (
        (axes[0], openness, "openness", "sigmoid", "a gate, σ: how much?", {0: "closed  0", 0.5: "0.5", 1: "open  1"}),
        (axes[1], content, "content", "tanh", "content, tanh: how strongly?", {-1: "down  -1", 0: "0", 1: "up  1"}),
    ):
        ax.plot(a, values, lw=THICK, **LOOKS[function].line)
        zero_line(ax)
        ax.set(title=title, xlabel="$a$", ylabel=name, xlim=(a[0], a[-1]), ylim=(1.15 * min(ticks) - 0.05, 1.15))
        ax.set_yticks(list(ticks), list(ticks.values()))
    template = (
        "Two S-shaped curves. Left, the sigmoid of a gate: from {gate_first:.2f} to {gate_last:.2f}. Right, the tanh "
        "of the new memory: from {content_first:.2f} to {content_last:.2f}."
    )
    alt = message(
        template, gate_first=openness[0], gate_last=openness[-1], content_first=content[0], content_last=content[-1]
    )
    return Picture(figure, alt)


# --- memories over time ------------------------------------------------------------------------------------------


@draws_picture
def memory_over_time(
    memories: Mapping[str, ArrayLike],
    *,
    ylabel: str = rf"memory $c{NEXT}$",
    title: str = "",
    marked: Steps = (),
    guess: Guess = ...,
) -> Picture:
    """Plot the value of one memory cell at every step, for one or several ways of treating it.

    Args:
        memories: dict from label to array (T,), one to six.
        ylabel: what is plotted.
        title: of the figure.
        marked: steps at which something happens, drawn as pale bands.
        guess: a step that the reader has guessed.

    Raises:
        ValueError: no such dict.
    """
    memories = to_dict(memories, "memories", "(T,)", finite=True)
    figure, ax = new_figure(8, 2.9)
    looks = looks_of(memories)
    for number, (look, values) in enumerate(zip(looks, memories.values())):
        ax.plot(np.arange(values.size), values, **line_style(look, values.size, number))
    _bands(ax, marked)
    zero_line(ax)
    ax.set(xlabel="step", ylabel=ylabel, title=title)
    ax.locator_params("x", integer=True)
    ax.margins(x=0.01)
    mark_guess(ax, x=guess)
    name_line_ends(ax, [(values[-1], label, look) for look, (label, values) in zip(looks, memories.items())])
    ends = Listing([_ends(spoken(label), values) for label, values in memories.items()])
    alt = message("{what} at every step. {ends}.", what=spoken(ylabel).capitalize(), ends=ends)
    steps = ", ".join(str(int(step)) for step in marked)
    bands = message("Pale bands mark the steps {steps}.", steps=steps) if steps else ""
    return Picture(figure, alt, bands, spoken_guess(guess))


def _ends(label: str, values: FloatArray) -> Message:
    first, last, largest = (listed([value], ".2f") for value in (values[0], values[-1], values.max()))
    template = "{label}: {first} at first, {last} at step {step}, largest {largest}"
    return message(template, label=label, first=first, last=last, step=values.size - 1, largest=largest)


def _bands(ax: Axes, marked: Steps) -> None:
    for step in marked:
        ax.axvspan(step - 0.5, step + 0.5, facecolor=tint("pale"), lw=0, gid="pale", zorder=0)


@draws_picture
def gate_openness(
    openness: Mapping[str, Mapping[str, ArrayLike]],
    *,
    labels: Sequence[str] | None = None,
    marked: Steps = (),
    guess: Guess = ...,
) -> Picture:
    """Plot how far each gate is open at every step, as bars from 0 to 1, for one or two states of a network.

    Args:
        openness: dict from title to dict from gate ("f", "i", "o") to array (T,), one or two.
        labels: T texts beneath the steps, such as the words of a sentence; by default the number of the step.
        marked: steps at which the input matters, drawn as pale bands.
        guess: how far the forget gate is open in the bands, in the last state, as the reader has guessed it.

    Raises:
        ValueError: no such dict, or an openness outside 0..1.
    """
    check_entries(openness, "openness", 2)
    gates = list(next(iter(openness.values())))
    figure, axes = new_figure(8, 0.7 + 0.85 * len(gates), len(openness), len(gates), squeeze=False, sharey=True)
    sentences = []
    for column, (title, by_gate) in enumerate(openness.items()):
        for ax, gate in zip(axes[:, column], gates):
            values = to_array(by_gate[gate], f"openness[{title!r}][{gate!r}]", "(T,)", finite=True)
            if values.min() < 0 or values.max() > 1:
                raise ValueError(f"openness[{title!r}][{gate!r}] is an openness, 0 to 1: got {values.min():.3g} to "
                                 f"{values.max():.3g}.")  # fmt: skip
            _bands(ax, marked)
            ax.bar(np.arange(values.size), values, width=0.8, **LOOKS[gate].fill)
            ax.set(xlim=(-0.6, values.size - 0.4), ylim=(0, 1.05), yticks=(0, 1))
            ax.tick_params(labelbottom=gate == gates[-1])
            sentences.append(_at_marks(title, gate, values, marked))
        axes[0, column].set_title(title)
        axes[-1, column].set_xlabel("step")
        if labels is not None:
            slanted = {"rotation": 60 if is_narrow() else 40, "ha": "right"} if len(labels) > 8 else {}
            axes[-1, column].set_xticks(np.arange(len(labels)), labels, **slanted)
    if "f" in gates:
        mark_guess(axes[gates.index("f"), -1], y=guess)
    for ax, gate in zip(axes[:, 0], gates):
        ax.set_ylabel(f"{_NAMES[gate]}\n${gate}$", rotation=0, ha="right", va="center", labelpad=10)
    template = "Openness of the gates at every step, as bars from 0 to 1. {openness}."
    return Picture(figure, message(template, openness=Listing(sentences, ". ")), spoken_guess(guess))


def _at_marks(title: str, gate: str, values: FloatArray, marked: Steps) -> Message:
    if not len(marked):
        template = "{title}, {gate}: from {low:.2f} to {high:.2f}"
        return message(template, title=title, gate=_NAMES[gate], low=values.min(), high=values.max())
    at = np.isin(np.arange(values.size), marked)
    template = "{title}, {gate}: {inside:.2f} on average in the pale bands, {outside:.2f} elsewhere"
    return message(template, title=title, gate=_NAMES[gate], inside=values[at].mean(), outside=values[~at].mean())


@draws_picture
def stuck_gates(errors: Mapping[str, Mapping[str, ArrayLike]], baseline: float, intact: float) -> Picture:
    """Plot the error of networks one gate of which is stuck, in one or two panels with the same log axis.

    Args:
        errors: dict from title to dict from label, such as "f closed", to the errors of several seeds (seeds,).
        baseline: the error of a model that learned nothing.
        intact: the error without a stuck gate.

    Raises:
        ValueError: no such dict, or an error that is not above 0.
    """
    check_entries(errors, "errors", 2)
    rows = {title: to_dict(by_gate, f"errors[{title!r}]", "(seeds,)", finite=True) for title, by_gate in errors.items()}
    labels = list(next(iter(rows.values())))
    if any(list(row) != labels or min(values.min() for values in row.values()) <= 0 for row in rows.values()):
        raise ValueError("errors must have the same labels in both panels, and be above 0.")
    figure, axes = new_figure(8, 0.9 + 0.36 * len(labels), len(rows), squeeze=False, sharex=True, sharey=True)
    sentences, look = [], LOOKS["LSTM"]
    for ax, (title, row) in zip(axes[0], rows.items()):
        for place, (label, values) in enumerate(row.items()):
            dots: Style = {"ls": "none", "marker": look.marker, "color": look.colour, "gid": look.name}
            ax.plot(values, np.full(values.size, place), **dots)
            template = "{title}, {label}: {low:.2f} to {high:.2f}"
            sentences.append(message(template, title=title, label=label, low=values.min(), high=values.max()))
        for value, text, style, ha in (
            (intact, "none stuck", "border", "left"),
            (baseline, "always 0", "level", "right"),
        ):
            ax.axvline(value, lw=FINE, **LOOKS[style].line)
            note(ax, text, (value, -0.9), (3 if ha == "left" else -3, -9), of=style, ha=ha)
        ax.set(xscale="log", title=title, xlabel="typical error", ylim=(len(labels) - 0.5, -1.0))
        ax.set_xlim(intact / 1.4, 2 * baseline)
        plain = [tick for tick in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if intact / 1.4 <= tick <= 2 * baseline]
        ax.xaxis.set_ticks(plain, [f"{tick:g}" for tick in plain])
        ax.xaxis.set_ticks([], minor=True)
        ax.set_yticks(range(len(labels)), labels)
    axes[0, 0].set_ylabel("stuck gate")
    template = (
        "Typical errors of networks with a stuck gate, a dot for each seed. {sentences}. Without a stuck gate: "
        "{intact:.2f}; always answering 0: {baseline:.2f}."
    )
    return Picture(figure, message(template, sentences=Listing(sentences), intact=intact, baseline=baseline))


_BLOCK_WIDTH = 0.42


def _four_blocks(ax: Axes, left: float, bottom: float, height: float) -> None:
    """Draw the columns of a fused array, a coloured block of H columns for each of f, g, i, o."""
    for number, name in enumerate(ACTIVATION):
        x = left + number * _BLOCK_WIDTH
        rectangle(ax, x, bottom, _BLOCK_WIDTH, height, of=name, fill=tint(name))
        write(ax, x + _BLOCK_WIDTH / 2, bottom + height / 2, f"${name}$", size=LARGE)


def _shape(ax: Axes, x: float, y: float, shape: str) -> None:
    write(ax, x, y, shape, of="pale", va="baseline")


@draws_picture
def fused_product() -> Picture:
    """Draw the four blocks of the LSTM side by side in ``Wx``, ``Wh``, ``b`` and ``A = x @ Wx + h_prev @ Wh + b``."""
    figure, ax = new_canvas(8.0, 3.3)
    wide = 4 * _BLOCK_WIDTH
    for y, width, symbol, shape, weights, weights_shape, of in (
        (2.66, 0.5, "$x$", "(N, D)", "$W_x$", "(D, 4H)", "x"),
        (1.51, 0.62, f"$h{PREV}$", "(N, H)", "$W_h$", "(H, 4H)", "h"),
    ):
        box(ax, 0.25, y - 0.2, width, 0.4, of=of, fill=PAGE, rounding=0.04)
        write(ax, 0.25 + width / 2, y, symbol, of=of, size=LARGE)
        _shape(ax, 0.25 + width / 2, y - 0.38, shape)
        node(ax, (1.25, y), "@")
        _four_blocks(ax, 1.95, y - 0.31, 0.62)
        write(ax, 1.85, y, weights, size=LARGE, ha="right")
        _shape(ax, 1.95 + wide / 2, y - 0.49, weights_shape)
    _four_blocks(ax, 1.95, 0.45, 0.2)
    write(ax, 1.85, 0.55, "$b$", size=LARGE, ha="right")
    _shape(ax, 1.95 + wide / 2, 0.22, "(4H,)")
    node(ax, (4.3, 1.5), "+")
    for start in (3.63, 2.66), (3.63, 1.51), (3.63, 0.55):
        arrow(ax, start, (4.3, 1.5), reach=0.2, leave=0.06, of="weight")
    left, bottom = 4.85, 1.3
    arrow(ax, (4.3, 1.5), (left, 1.5), leave=0.2)
    _four_blocks(ax, left, bottom, 0.4)
    write(ax, left + wide + 0.08, bottom + 0.2, "$A$", size=LARGE, ha="left")
    write(ax, left + wide + 0.3, bottom + 0.2, "(N, 4H)", of="pale", ha="left")
    for number, (name, activation) in enumerate(ACTIVATION.items()):
        x = left + (number + 0.5) * _BLOCK_WIDTH
        arrow(ax, (x, bottom + 0.4), (x, 2.2), of=name, leave=0.03)
        box(ax, x - 0.19, 2.2, 0.38, 0.3, of=name, fill=PAGE, rounding=0.05)
        write(ax, x, 2.35, activation)
        arrow(ax, (x, 2.5), (x, 2.95), of=name)
        write(ax, x, 3.0, f"${name}$", size=LARGE, va="baseline")
    write(ax, left + wide + 0.12, 3.0, "(N, H) each", of="pale", ha="left", va="baseline")
    write(ax, left + wide / 2, 0.78, "one product, then cut in four", of="pale", va="baseline")
    template = (
        "The fused product of the LSTM. x (N, D) times Wx (D, 4H), h_prev (N, H) times Wh (H, 4H) and b (4H,) are "
        "added to A (N, 4H). In all of them four blocks of H columns are side by side, in the order f, g, i, o. The "
        "blocks f, i and o of A go through a sigmoid, block g through tanh; each result is (N, H)."
    )
    return Picture(figure, message(template))
