"""Figures of the gradient's way back through an LSTM: where it flows in the cell, how much arrives T steps back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.language.message import Listing, Message, message
from helpers.plots.arguments import check_entries, to_array, to_arrays
from helpers.plots.axes import draw_runs, heat_map, level, name_line_ends, spoken
from helpers.plots.diagrams import (
    BETWEEN,
    CARD,
    HALF_CARD,
    NODE_RADIUS,
    arrow,
    box,
    elbow,
    fork,
    gate_card,
    line,
    node,
    write,
    write_all,
)
from helpers.plots.guess import Guess, mark_guess, spoken_guess
from helpers.plots.lstm_glyph import ACTIVATION, CELL, PLACES, block
from helpers.plots.lstm_glyph import SIZE as CANVAS
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    FINE,
    LARGE,
    LINE,
    LOOKS,
    MARK,
    MEDIUM,
    NEXT,
    PAGE,
    PATH,
    PREV,
    SIZE,
    SMALL,
    THICK,
    Look,
    Point,
    looks_of,
    new_canvas,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# --- one step, backward ------------------------------------------------------------------------------------------


@draws_picture
def lstm_step_backward(memory_only: bool = False) -> Picture:
    """Draw the gradients of one LSTM step, in the places of `lstm_cell`, flowing from right to left.

    Args:
        memory_only: draw only what starts from dc_next, along the memory, at the + and at the products; without the
            factors, which exercise 4.1 asks for.
    """
    figure, ax = _canvas_of_the_memory() if memory_only else new_canvas(*CANVAS)
    if not memory_only:
        box(ax, *CELL)
        _through_the_output(ax)
        _to_the_inputs(ax)
    _along_the_memory(ax, memory_only)
    for gate in "fgi" if memory_only else "fgio":
        block(ax, gate)
    template = (
        "The cell of the LSTM, read from right to left. dc_next comes in along the top, passes the plus unchanged and "
        "goes through the product with the forget gate to become dc_prev, which leaves to the left. At the plus a copy "
        "of it goes down to a product, which sends dg to the new memory and di to the input gate; from the forget "
        "product, df goes down to the forget gate."
    )
    if not memory_only:
        template = (
            "The cell of the LSTM, read from right to left. dc_next comes in along the top; a plus adds to it what "
            "comes from h_next. The sum passes a second plus unchanged and is multiplied by f to become dc_prev, which "
            "leaves to the left. At that plus a copy of it goes down to a product, which sends dg (times i) to the new "
            "memory and di (times g) to the input gate; from the forget product, df (times c_prev) goes down to the "
            "forget gate. dh_next, the sum of what comes from above and from the next step, splits at the output "
            "product: do (times the tanh of c_next) goes to the output gate, the rest (times o) goes up through the "
            "tanh, times its slope, to the first plus. The four blocks send dA to Wx, Wh and b, dx down and dh_prev to "
            "the left."
        )
    return Picture(figure, message(template))


def _canvas_of_the_memory() -> tuple[Figure, Axes]:
    """Return a canvas that shows the upper left of the cell, where the memory runs, and a box around that."""
    (left, bottom), (right, top) = (0.0, 0.8), (6.0, CANVAS[1] - 0.3)
    figure, ax = new_canvas(right - left, top - bottom)
    ax.set(xlim=(left, right), ylim=(bottom, top))
    box(ax, CELL[0], 1.25, 3.55, CELL[1] + CELL[3] - 1.25)
    return figure, ax


def _along_the_memory(ax: Axes, memory_only: bool) -> None:
    P, join = PLACES, PLACES["c_fork"]
    start = (5.85, P["c_next"][1]) if memory_only else P["c_next"]
    if not memory_only:
        arrow(ax, start, join, of="c", width=PATH, reach=0.15)
        start = join
    arrow(ax, start, P["plus"], of="c", width=PATH, reach=NODE_RADIUS)
    if not memory_only:
        node(ax, join, "+", radius=0.15)
    arrow(ax, P["plus"], P["forget"], **BETWEEN, of="c", width=PATH)
    arrow(ax, P["forget"], P["c_prev"], leave=NODE_RADIUS, of="c", width=PATH)
    arrow(ax, P["forget"], P["f"], leave=NODE_RADIUS, reach=HALF_CARD, of="gradient")
    arrow(ax, P["plus"], P["write"], **BETWEEN, of="gradient")
    arrow(ax, P["write"], P["g"], leave=NODE_RADIUS, reach=HALF_CARD, of="gradient")
    after = 5.3 if memory_only else 7.3
    x, y = P["i"]
    elbow(ax, (P["write"][0] + NODE_RADIUS, P["write"][1]), (x, P["write"][1]), (x, y + HALF_CARD), of="gradient")
    for place, symbol in (P["forget"], r"$\odot$"), (P["plus"], "+"), (P["write"], r"$\odot$"):
        node(ax, place, symbol)
    write_all(ax, (
        ((0.55, 3.08), f"$dc{PREV}$", "c"), ((after, 3.08), f"$dc{NEXT}$", "c"), ((2.53, 3.08), "$dc$", "c"),
        ((1.83, 2.16), "$df$", "gradient"), ((2.86, 1.93), "$dg$", "gradient"), ((4.14, 1.93), "$di$", "gradient"),
    ))  # fmt: skip
    if not memory_only:
        write_all(ax, (
            ((2.34, 2.5), rf"$\times\, c{PREV}$", "pale"), ((1.55, 3.08), r"$\times\, f$", "ink"),
            ((3.24, 1.93), r"$\times\, i$", "pale"), ((3.54, 2.38), r"$\times\, g$", "pale"),
        ))  # fmt: skip
    _shapes(ax, ((0.55, 2.7), "(N, H)"), ((after, 2.7), "(N, H)"))


def _shapes(ax: Axes, *shapes: tuple[Point, str]) -> None:
    write_all(ax, ((place, text, "pale") for place, text in shapes), size=SMALL)


def _through_the_output(ax: Axes) -> None:
    P = PLACES
    corner = (P["show"][0], P["h_next"][1])
    arrow(ax, P["h_next"], P["h_fork"], of="gradient", reach=0.15)
    arrow(ax, P["h_up"], P["h_fork"], of="gradient", reach=0.15)
    elbow(ax, (P["h_fork"][0] - 0.15, corner[1]), corner, P["show"], of="gradient", reach=NODE_RADIUS)
    arrow(ax, P["show"], P["o"], leave=NODE_RADIUS, reach=CARD[0] / 2, of="gradient")
    arrow(ax, P["show"], P["tanh"], **BETWEEN, of="gradient")
    arrow(ax, P["tanh"], P["c_fork"], leave=NODE_RADIUS, reach=0.15, of="gradient")
    node(ax, P["show"], r"$\odot$")
    node(ax, P["tanh"], "tanh")
    node(ax, P["h_fork"], "+", radius=0.15)
    write_all(ax, (
        ((6.6, 1.17), f"$dh{NEXT}$", "gradient"), ((5.25, 1.7), "$do$", "gradient"),
        ((5.9, 1.9), r"$\times\, o$", "pale"), ((4.9, 2.53), r"$\times\,(1 - \tanh^2)$", "pale"),
    ))  # fmt: skip
    write_all(
        ax, (((7.0, 3.5), "from the layer above", "pale"), ((7.4, 0.72), "from the next step", "pale")), size=SMALL
    )


def _to_the_inputs(ax: Axes) -> None:
    P, y = PLACES, PLACES["join"][1]
    for gate in "fgio":
        line(ax, (P[gate][0], P[gate][1] - HALF_CARD), (P[gate][0], y), of="gradient")
    line(ax, P["join"], (P["o"][0], y), of="gradient")
    arrow(ax, P["join"], P["h_prev"], of="h", width=THICK)
    arrow(ax, P["join"], P["x"], of="x")
    fork(ax, P["join"])
    write_all(ax, (
        ((0.6, 1.16), f"$dh{PREV}$", "h"), ((1.3, 0.3), "$dx$", "x"), ((3.5, 0.84), "$dA$", "gradient"),
    ))  # fmt: skip
    _shapes(ax, ((0.6, 0.83), "(N, H)"), ((1.83, 0.3), "(N, D)"), ((3.95, 0.84), "(N, 4H)"))


@draws_picture
def activation_slopes(
    openness: FloatArray, slope_of_gate: FloatArray, content: FloatArray, slope_of_content: FloatArray
) -> Picture:
    """Plot the slopes of the sigmoid and of tanh against their outputs.

    Args:
        openness, slope_of_gate (K,): outputs of a sigmoid, 0 to 1, and its slope there.
        content, slope_of_content (K,): outputs of a tanh, -1 to 1, and its slope there.
    """
    figure, axes = new_figure(8, 2.6, 2, sharey=True)
    panels = (
        (openness, slope_of_gate, "a gate: $y(1-y)$", "openness $y$ of the gate"),
        (content, slope_of_content, "the new memory: $1-g^2$", "content $g$"),
    )
    for ax, (y, slope, title, name) in zip(axes, panels):
        ax.plot(y, slope, lw=THICK, **LOOKS["slope"].line)
        ax.set(title=title, xlabel=name, ylim=(-0.04, 1.08))
    axes[0].set_ylabel("slope")
    tops = openness[np.argmax(slope_of_gate)], abs(content[np.argmax(slope_of_content)])
    template = (
        "Two hills on one scale: the slope of an activation against its output. On the left, for a gate: highest "
        "{gate_top:.2g} at {gate_at:.2g}, and lowest {gate_low:.2g}, where the gate is closed or open. On the right, "
        "for the new memory: highest {content_top:.2g} at {content_at:.2g}, and lowest {content_low:.2g}, at both "
        "ends."
    )
    alt = message(
        template,
        gate_top=np.max(slope_of_gate),
        gate_at=tops[0],
        gate_low=np.min(slope_of_gate),
        content_top=np.max(slope_of_content),
        content_at=tops[1],
        content_low=np.min(slope_of_content),
    )
    return Picture(figure, alt)


@draws_picture
def memory_path() -> Picture:
    """Draw the two ways back over three steps of an LSTM: along c only + and products, along h slopes and a matrix."""
    figure, ax = new_canvas(8.0, 3.6)
    top, middle, bottom = 2.8, 1.95, 1.05
    lefts = (0.72, 3.1, 5.48)
    for step, left in enumerate(lefts):
        box(ax, left, 0.5, 2.02, 2.85)
        start = lefts[step + 1] + 0.4 - NODE_RADIUS if step < 2 else 7.9
        matrix, join, product, split = (left + shift for shift in (0.4, 0.85, 1.3, 1.75))
        # along the memory: dc is split into what goes on and what goes down to the gates
        arrow(ax, (start, top), (split, top), reach=NODE_RADIUS, of="c", width=PATH)
        arrow(ax, (split, top), (matrix, top), **BETWEEN, of="c", width=PATH)
        # along the hidden state: dh goes to the output gate, and from all the gates through the matrix
        arrow(ax, (start, bottom), (product, bottom), reach=NODE_RADIUS, of="h")
        arrow(ax, (product, bottom), (matrix, bottom), **BETWEEN, of="h")
        arrow(ax, (split, bottom), (split, middle), reach=NODE_RADIUS, of="pale", width=FINE)
        arrow(ax, (split, middle), (split, top), **BETWEEN, of="pale", width=FINE)
        line(ax, (join, top), (join, middle + 0.19), of="pale", width=FINE)
        arrow(ax, (join, middle - 0.19), (join, bottom), of="pale", width=FINE)
        box(ax, join - 0.3, middle - 0.19, 0.6, 0.38, of="frame", fill=PAGE, rounding=0.08)
        write(ax, join, middle, "$f, g, i$", size=MEDIUM)
        fork(ax, (join, top), of="c")
        fork(ax, (split, bottom), of="h")
        node(ax, (split, top), "+")
        node(ax, (matrix, top), r"$\odot$")
        node(ax, (split, middle), r"$\odot$")
        node(ax, (product, bottom), r"$\odot$")
        node(ax, (matrix, bottom), "@")
        index = ("T-3", "T-2", "T-1")[step]
        write(ax, matrix, top + 0.3, rf"$f_{{{index}}}$", of="f", size=LARGE, va="baseline")
        write(ax, matrix, bottom - 0.4, r"$W_h^{\!\top}$", size=LARGE, va="baseline")
        write(ax, product + 0.12, bottom - 0.4, r"$o(1-o)\,\tanh(c)$", size=MEDIUM, va="baseline")
        write(ax, split - 0.02, middle + 0.3, r"$o\,\tanh'(c)$", size=MEDIUM, ha="right", va="baseline")
    end = lefts[0] + 0.4 - NODE_RADIUS
    arrow(ax, (end, top), (0.12, top), of="c", width=PATH)
    arrow(ax, (end, bottom), (0.12, bottom), of="h")
    write_all(ax, (((0.4, top + 0.16), "$dc$", "c"), ((0.4, bottom + 0.12), "$dh$", "h")))
    along_c, along_h = "along c: another f at every step", "along h: slopes, and the same matrix at every step"
    write(ax, lefts[0], 0.17, along_c, of="c", size=MEDIUM, ha="left", va="baseline")
    write(ax, 7.8, 0.17, along_h, of="h", size=MEDIUM, ha="right", va="baseline")
    template = (
        "Three steps of an LSTM with the gradient's two ways back, from right to left. Along the top, through the "
        "memory c, each step has a plus and one product with its own forget gate, f at step T-1, at T-2 and at T-3. "
        "Along the bottom, through the hidden state h, each step has a product with the slope of the output gate times "
        "the tanh of c, and the product with the same matrix, Wh transposed. Two thin ways cross at every step: from h "
        "up to the plus, times o and the slope of tanh, and from c down through f, g and i to the matrix."
    )
    return Picture(figure, message(template))


_GRU_PLACES = {
    "h_prev": (0.15, 2.75), "keep": (3.9, 2.75), "plus": (5.6, 2.75), "h_next": (7.85, 2.75), "h_fork": (7.0, 2.75),
    "reset": (2.5, 1.95), "take": (5.6, 1.95), "r": (2.0, 1.25), "z": (3.9, 1.25), "n": (4.9, 1.25),
    "x": (1.2, 0.08), "join": (1.2, 0.78),
}  # fmt: skip


@draws_picture
def gru_cell() -> Picture:
    """Draw one step of the GRU: one state, which z mixes with a new one; r hides a part of the old one from it."""
    figure, ax = new_canvas(*CANVAS)
    P = _GRU_PLACES
    box(ax, 0.8, 0.5, 5.6, 2.7)
    inputs, states = P["join"][1], P["h_prev"][1]
    arrow(ax, P["h_prev"], P["keep"], reach=NODE_RADIUS, of="h", width=THICK)
    arrow(ax, P["keep"], P["plus"], **BETWEEN, of="h", width=THICK)
    arrow(ax, P["plus"], P["h_next"], leave=NODE_RADIUS, of="h", width=THICK)
    arrow(ax, P["h_fork"], (P["h_fork"][0], 3.4), of="h")
    fork(ax, P["h_fork"], of="h")
    line(ax, P["x"], (P["x"][0], inputs), of="x")
    line(ax, P["join"], (P["z"][0], inputs))
    line(ax, P["join"], (P["join"][0], states), of="h")
    elbow(ax, (P["x"][0], 0.62), (P["n"][0], 0.62), P["n"], reach=HALF_CARD, of="x")
    fork(ax, (P["x"][0], 0.62), of="x")
    fork(ax, P["join"])
    fork(ax, (P["join"][0], states), of="h")
    for name in "rz":
        arrow(ax, (P[name][0], inputs), P[name], reach=HALF_CARD)
    elbow(ax, (P["r"][0], P["r"][1] + HALF_CARD), (P["r"][0], P["reset"][1]), P["reset"], reach=NODE_RADIUS,
          of="r")  # fmt: skip
    arrow(ax, (P["reset"][0], states), P["reset"], reach=NODE_RADIUS, of="h")
    fork(ax, (P["reset"][0], states), of="h")
    elbow(ax, (P["reset"][0] + NODE_RADIUS, P["reset"][1]), (3.2, P["reset"][1]), (3.2, 1.68), (4.4, 1.68),
          (4.4, 1.25), (P["n"][0], 1.25), reach=CARD[0] / 2)  # fmt: skip
    arrow(ax, P["z"], P["keep"], leave=HALF_CARD, reach=NODE_RADIUS, of="z")
    turn = (P["z"][0], P["take"][1])
    arrow(ax, turn, P["take"], reach=NODE_RADIUS, of="z")
    fork(ax, turn, of="z")
    elbow(ax, (P["n"][0] + CARD[0] / 2, P["n"][1]), (P["take"][0], P["n"][1]), P["take"], reach=NODE_RADIUS,
          of="n")  # fmt: skip
    arrow(ax, P["take"], P["plus"], **BETWEEN)
    for name, symbol in ("r", ACTIVATION["f"]), ("z", ACTIVATION["f"]), ("n", "tanh"):
        gate_card(ax, P[name], name, symbol)
    for name, symbol in ("keep", r"$\odot$"), ("take", r"$\odot$"), ("reset", r"$\odot$"), ("plus", "+"):
        node(ax, P[name], symbol)
    write_all(ax, (
        ((0.45, 2.88), f"$h{PREV}$", "h"), ((6.7, 2.88), f"$h{NEXT}$", "h"), ((1.05, 0.28), "$x$", "x"),
        ((4.2, 2.3), "$1 - z$", "z"), ((4.75, 2.05), "$z$", "z"), ((3.07, 2.08), rf"$r \odot h{PREV}$", "ink"),
    ))  # fmt: skip
    _shapes(ax, ((0.45, 2.5), "(N, H)"), ((6.7, 2.5), "(N, H)"), ((1.5, 0.28), "(N, D)"))
    beside = ((7.0, 3.5), "to the layer above", "pale"), ((7.4, 2.2), "to the next step", "pale")
    write_all(ax, beside, size=SMALL)
    write(ax, 6.4, 0.15, rf"$h{NEXT} = (1 - z) \odot h{PREV} + z \odot n$", size=LARGE, ha="right", va="baseline")
    template = (
        "One step of a GRU cell. The hidden state runs along the top from h_prev to h_next: it is multiplied by 1 - z, "
        "and z times n is added to it by a plus. x and h_prev feed the two gates r and z, both sigmoids. n, a tanh, is "
        "fed by x and by the product of r and h_prev. h_next leaves to the right and also goes up to the layer above."
    )
    return Picture(figure, message(template))


@draws_picture
def gru_step_backward() -> Picture:
    """Draw the gradients of one GRU step, in the places of `gru_cell`, flowing from right to left."""
    figure, ax = new_canvas(*CANVAS)
    P, top, inputs, meet = _GRU_PLACES, _GRU_PLACES["h_prev"][1], _GRU_PLACES["join"][1], 0.13
    from_gates, from_reset, at_z = (P["join"][0], top), (P["reset"][0], top), (P["z"][0], P["take"][1])
    box(ax, 0.8, 0.5, 5.6, 2.7)
    # along the state
    arrow(ax, P["h_next"], P["h_fork"], reach=meet, of="h", width=THICK)
    arrow(ax, (P["h_fork"][0], 3.4), P["h_fork"], reach=meet, of="h")
    arrow(ax, P["h_fork"], P["plus"], leave=meet, reach=NODE_RADIUS, of="h", width=THICK)
    arrow(ax, P["plus"], P["keep"], **BETWEEN, of="h", width=THICK)
    arrow(ax, P["keep"], from_reset, leave=NODE_RADIUS, reach=meet, of="h", width=THICK)
    arrow(ax, from_reset, from_gates, leave=meet, reach=meet, of="h", width=THICK)
    arrow(ax, from_gates, P["h_prev"], leave=meet, of="h", width=THICK)
    # to the new state, and on to the reset product
    arrow(ax, P["plus"], P["take"], **BETWEEN, of="gradient")
    elbow(ax, (P["take"][0], P["take"][1] - NODE_RADIUS), (P["take"][0], P["n"][1]),
          (P["n"][0] + CARD[0] / 2, P["n"][1]), of="gradient")  # fmt: skip
    elbow(ax, (P["n"][0] - CARD[0] / 2, P["n"][1]), (4.4, P["n"][1]), (4.4, 1.68), (3.2, 1.68), (3.2, P["reset"][1]),
          (P["reset"][0] + NODE_RADIUS, P["reset"][1]), of="gradient")  # fmt: skip
    arrow(ax, P["reset"], from_reset, leave=NODE_RADIUS, reach=meet, of="gradient")
    elbow(ax, (P["reset"][0] - NODE_RADIUS, P["reset"][1]), (P["r"][0], P["reset"][1]),
          (P["r"][0], P["r"][1] + HALF_CARD), of="gradient")  # fmt: skip
    # to z, from both products that it is a factor of
    arrow(ax, P["keep"], at_z, leave=NODE_RADIUS, reach=meet, of="gradient")
    arrow(ax, P["take"], at_z, leave=NODE_RADIUS, reach=meet, of="gradient")
    arrow(ax, at_z, P["z"], leave=meet, reach=HALF_CARD, of="gradient")
    # from the three blocks to h_prev and to x
    line(ax, (P["z"][0], P["z"][1] - HALF_CARD), (P["z"][0], inputs), P["join"], of="gradient")
    line(ax, (P["r"][0], P["r"][1] - HALF_CARD), (P["r"][0], inputs), of="gradient")
    arrow(ax, P["join"], from_gates, reach=meet, of="gradient")
    line(ax, (P["n"][0], P["n"][1] - HALF_CARD), (P["n"][0], 0.62), (P["join"][0], 0.62), of="gradient")
    line(ax, P["join"], (P["join"][0], 0.62), of="gradient")
    arrow(ax, (P["x"][0], 0.62), P["x"], of="x")
    fork(ax, P["join"])
    for place in from_gates, from_reset, at_z, P["h_fork"]:
        node(ax, place, "+", radius=meet)
    for name, symbol in ("r", ACTIVATION["f"]), ("z", ACTIVATION["f"]), ("n", "tanh"):
        gate_card(ax, P[name], name, symbol)
    for name, symbol in ("keep", r"$\odot$"), ("take", r"$\odot$"), ("reset", r"$\odot$"), ("plus", "+"):
        node(ax, P[name], symbol)
    write_all(ax, (
        ((0.45, 2.88), f"$dh{PREV}$", "h"), ((6.7, 2.95), f"$dh{NEXT}$", "h"), ((0.95, 0.2), "$dx$", "x"),
        ((3.42, 2.9), r"$\times\,(1 - z)$", "pale"), ((4.42, 2.3), rf"$\times\,(-h{PREV})$", "pale"),
        ((4.75, 2.03), r"$\times\, n$", "pale"), ((5.87, 1.55), r"$\times\, z$", "pale"),
        ((2.82, 2.3), r"$\times\, r$", "pale"), ((1.6, 1.75), rf"$\times\, h{PREV}$", "pale"),
        ((3.5, 1.75), "$u$", "gradient"), ((2.26, 0.86), "$da_r$", "gradient"), ((4.16, 0.86), "$da_z$", "gradient"),
        ((5.16, 0.7), "$da_n$", "gradient"),
    ))  # fmt: skip
    _shapes(ax, ((0.45, 2.5), "(N, H)"), ((6.7, 2.5), "(N, H)"), ((1.55, 0.2), "(N, D)"))
    beside = ((7.0, 3.5), "from the layer above", "pale"), ((7.4, 2.2), "from the next step", "pale")
    write_all(ax, beside, size=SMALL)
    for number, place in enumerate(((2.85, 2.9), (2.34, 2.3), (3.74, 0.86), (1.84, 0.86)), 1):
        write(ax, *place, f"{number}", of="h", size=LARGE, weight="bold")
    template = (
        "The cell of the GRU, read from right to left. dh_next, the sum of what comes from above and from the next "
        "step, passes the plus unchanged. Number 1: times 1 - z it goes straight on along the top to h_prev. A copy "
        "goes down to the product with z, which sends it (times z) to n and (times n) to z; the product on top sends z "
        "the other part (times minus h_prev). From n a gradient u goes back to the reset product, which sends it "
        "(times r) up to h_prev, number 2, and (times h_prev) to r. Below the blocks, da_z and da_r lead to h_prev "
        "too, numbers 3 and 4, and all three to x. All four numbers are added on the line along the top."
    )
    return Picture(figure, message(template))


# --- how much arrives --------------------------------------------------------------------------------------------


_LOWEST = 1e-12  # the smallest share of a gradient that is shown


def _check_panels(panels: Mapping[str, object]) -> None:
    check_entries(panels, "panels", 3)
    for title, lines in panels.items():
        check_entries(lines, f"panels[{title!r}]")


def _looks(panels: Mapping[str, Mapping[str, object]]) -> dict[str, Look]:
    """Return the look of each label, the same in every panel."""
    labels = list(dict.fromkeys(label for lines in panels.values() for label in lines))
    return dict(zip(labels, looks_of(labels)))


@draws_picture
def what_arrives(panels: Mapping[str, Mapping[str, ArrayLike]], *, each: str = "seed", guess: Guess = ...) -> Picture:
    """Plot side by side, on one log scale, how much of a gradient is left the further back it has travelled.

    Args:
        panels: dict from title to dict from label to array (steps,) or (lines, steps), from 0 steps back on; of several
            lines, each is drawn thin and their median thick.
        each: what one of several lines is, "seed" or "unit".
        guess: a share after the last step, marked in the last panel.

    Raises:
        ValueError: no such dict, or a guess that is not a number.
    """
    _check_panels(panels)
    figure, axes = new_figure(8, 3.6, len(panels), squeeze=False, sharey=True)
    sentences, largest, looks = [], 1.0, _looks(panels)
    ends: list[list[tuple[float, str, Look]]] = []
    for ax, (title, lines) in zip(axes[0], panels.items()):
        ends.append([])
        for number, (label, values) in enumerate(lines.items()):
            look = looks[label]
            name = f"panels[{title!r}][{label!r}]"
            runs = np.atleast_2d(to_array(values, name, "(steps,)", "(lines, steps)"))
            median = draw_runs(ax, np.arange(runs.shape[1]), runs, look, number)
            ends[-1].append((median[-1], label, look))
            sentences.append(_left_of(title, spoken(label), median, len(runs), each))
            largest = max(largest, runs.max())
        ax.set(xlabel="steps back in time", title=title)
        ax.margins(x=0.01)
    # What falls below the lowest level leaves the picture.
    axes[0, 0].set(yscale="log", ylabel="share of the gradient left", ylim=(_LOWEST, 30 * largest))
    for ax, names in zip(axes[0], ends):
        name_line_ends(ax, [(max(end, _LOWEST), name, look) for end, name, look in names], width=14)
    mark_guess(axes[0, -1], y=guess)
    template = "Share of the gradient left, on a log scale. {shares}."
    return Picture(figure, message(template, shares=Listing(sentences)), spoken_guess(guess))


def _left_of(title: str, label: str, median: FloatArray, count: int, each: str) -> Message:
    template = "{title}, {label}: {share:.1e} after {steps} steps"
    if count > 1 and each == "seed":
        template = "{title}, {label}, median of {count} seeds: {share:.1e} after {steps} steps"
    elif count > 1:
        template = "{title}, {label}, median of {count} units: {share:.1e} after {steps} steps"
    return message(template, title=title, label=label, count=count, share=median[-1], steps=median.size - 1)


@draws_picture
def what_survives(forget_gates: ArrayLike, gradient: ArrayLike) -> Picture:
    """Draw the forget gates over time, and beneath them how much of the last step's gradient each memory cell gets.

    Args:
        forget_gates (T, H): openness, 0 to 1.
        gradient (T, H): the direct path, `memory_gradient` of them.

    Raises:
        ValueError: arrays of another shape, or of different ones.
    """
    forget_gates, gradient = to_arrays("(T, H)", forget_gates=forget_gates, gradient=gradient)
    figure, axes = new_figure(8, 3.9, rows=2, sharex=True)
    for ax, values, title in zip(axes, (forget_gates, gradient), ("forget gate f", "what arrives of the gradient")):
        image = heat_map(ax, values.T, SIZE, 0, 1, origin="lower")
        ax.set(ylabel="unit", title=title, yticks=range(values.shape[1]))
    figure.colorbar(image, ax=axes, pad=0.015, label="0: closed, lost    1: open, all")
    axes[1].set_xlabel("step")
    template = "unit {unit}: open {low:.2f} to {high:.2f}, {share:.2g} reaches the first step"
    parts = [
        message(template, unit=unit, low=gates.min(), high=gates.max(), share=share[0])
        for unit, (gates, share) in enumerate(zip(forget_gates.T, gradient.T))
    ]
    template = (
        "Two maps over {steps} steps, bright for 1 and dark for 0: above, the forget gate of each unit; below, how "
        "much of the gradient at the last step reaches its memory cell. {parts}."
    )
    return Picture(figure, message(template, steps=len(gradient), parts=Listing(parts)))


# --- learning ----------------------------------------------------------------------------------------------------

_WINDOW = 10  # batches that a running mean is over
_SOLVED = 0.95  # a seed whose last running mean is at least this has learned the task


@draws_picture
def learning_to_remember(panels: Mapping[str, Mapping[str, Sequence[ArrayLike]]], *, chance: float) -> Picture:
    """Plot side by side how the share of right answers grows with training, one line for each seed.

    Args:
        panels: dict from title to dict from label to a list of arrays, the share right in every batch; a run may stop
            early.
        chance: the share that guessing gets right, drawn as a horizontal line.

    Raises:
        ValueError: no such dict.
    """
    _check_panels(panels)
    figure, axes = new_figure(8, 3.6, len(panels), squeeze=False, sharex=True, sharey=True)
    sentences, looks = [], _looks(panels)
    for ax, (title, runs) in zip(axes[0], panels.items()):
        names: list[tuple[float, str, Look]] = []
        for label, seeds in runs.items():
            ends = [_run(ax, right, looks[label]) for right in seeds]
            names.append((float(np.median(ends)), label, looks[label]))
            good = sum(end >= _SOLVED for end in ends)
            template = "{title}, {label}: {good} of {count} seeds end above {least:g}"
            if not good:
                template = "{title}, {label}: none of {count} seeds end above {least:g}"
            values = {"label": spoken(label), "good": good, "count": len(seeds), "least": _SOLVED}
            sentences.append(message(template, title=title, **values))
        level(ax, chance, "guessing", below=True)
        ax.set(xlabel="batches", title=title, ylim=(0, 1.05))
        name_line_ends(ax, names, width=12)
    axes[0, 0].set_ylabel("share right")
    template = "Share of right answers against the number of batches. {sentences}. A line at {chance:g} marks guessing."
    return Picture(figure, message(template, sentences=Listing(sentences), chance=chance))


def _run(ax: Axes, right: ArrayLike, look: Look) -> float:
    """Draw the running mean of one run, with a mark at its end; return where it ends."""
    means = np.convolve(np.asarray(right, float), np.full(_WINDOW, 1 / _WINDOW), "valid")
    batches = _WINDOW + np.arange(means.size)
    ax.plot(batches, means, lw=LINE, **look.line)
    ax.plot(batches[-1], means[-1], look.marker, color=look.colour, ms=MARK, gid=look.name)
    return float(means[-1])
