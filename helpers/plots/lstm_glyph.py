"""The cell of an LSTM, drawn the same way all course: from h_next = tanh(c_next) it grows by one gate after the other.

The memory cell runs along the top and stays inside the layer; x and the hidden state come in at the bottom, as in the
RNN, and h leaves to the right and forks. Lengths are inches on a canvas of `SIZE`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from helpers.language.message import message
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
    layer_box,
    line,
    node,
    rectangle,
    write,
    write_all,
)
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import FIELD_FILL, LARGE, LINE, MEDIUM, NEXT, PAGE, PREV, SMALL, THICK, new_canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes


SIZE = (8.0, 3.75)
CELL = (1.1, 0.72, 5.2, 2.58)
#: Where everything is; a picture of the gradients draws in the same places.
PLACES = {
    "c_prev": (0.15, 2.95), "forget": (2.0, 2.95), "plus": (3.05, 2.95), "c_fork": (5.65, 2.95), "c_next": (7.85, 2.95),
    "f": (2.0, 1.6), "g": (3.05, 1.6), "i": (3.95, 1.6), "o": (4.8, 1.6),
    "write": (3.05, 2.3), "tanh": (5.65, 2.3), "show": (5.65, 1.6),
    "h_prev": (0.15, 1.05), "x": (1.5, 0.08), "join": (1.5, 1.05),
    "h_fork": (7.0, 1.05), "h_next": (7.85, 1.05), "h_up": (7.0, 3.4),
}  # fmt: skip
FULL = "ofgi"  # the gates in the order in which the course adds them
ACTIVATION = {"f": r"$\sigma$", "g": "tanh", "i": r"$\sigma$", "o": r"$\sigma$"}
_UNKNOWN = (2.55, 2.95)

_SHOWN = rf"$h{NEXT} = o \odot \tanh(c{NEXT})$"
_EQUATIONS = {
    "": rf"$h{NEXT} = \tanh(c{NEXT})$",
    "o": _SHOWN,
    "of": rf"$c = f \odot c{PREV}$        {_SHOWN}",
    "ofg": rf"$c = f \odot c{PREV}$        $c{NEXT} = c + g$        {_SHOWN}",
    "ofgi": rf"$c{NEXT} = f \odot c{PREV} + g \odot i$        {_SHOWN}",
}
#: What stands there as long as an exercise asks how the new block is used.
_ASKED = {
    "o": rf"$h{NEXT} =\ ?$",
    "f": rf"$c =\ ?$        {_SHOWN}",
    "g": rf"$c = f \odot c{PREV}$        $c{NEXT} =\ ?$        {_SHOWN}",
    "i": rf"$c = f \odot c{PREV}$        $c{NEXT} =\ ?$        {_SHOWN}",
}
_SPOKEN = {
    "o": message("The output gate o, a sigmoid, multiplies tanh(c_next) and decides how much of it leaves as h_next."),
    "f": message("The forget gate f, a sigmoid, multiplies c_prev on the line of the memory; what it leaves is c."),
    "g": message("The new memory g, a tanh and not a gate, is added to the line of the memory by a plus."),
    "i": message("The input gate i, a sigmoid, multiplies g before the plus."),
}


def block(ax: Axes, name: str, *, halo: bool = False) -> None:
    """Draw the block "f", "g", "i" or "o" in its place, with a halo behind it if asked for."""
    gate_card(ax, PLACES[name], name, ACTIVATION[name], halo=halo)


def draw_lstm_cell(ax: Axes, gates: str = FULL, *, new: str = "") -> None:
    """Draw the cell as `lstm_cell` does, on a canvas of `SIZE`, without any words around it."""
    box(ax, *CELL)
    _memory_line(ax, gates)
    _inputs(ax, gates)
    _writing(ax, gates)
    _output(ax, gates)
    for gate in gates:
        block(ax, gate, halo=gate == new)


def _memory_line(ax: Axes, gates: str) -> None:
    P = PLACES
    stops = [P["c_prev"], P["forget"] if "f" in gates else _UNKNOWN] + [P["plus"]] * ("g" in gates)
    for start, end in pairwise(stops):
        arrow(ax, start, end, reach=NODE_RADIUS if "f" in gates else 0.42, of="c", width=THICK)
    arrow(ax, stops[-1], P["c_next"], of="c", width=THICK)
    if "f" in gates:
        arrow(ax, P["f"], P["forget"], leave=HALF_CARD, reach=NODE_RADIUS, of="f")
        node(ax, P["forget"], r"$\odot$")
    else:  # how the memory is made is not known yet
        x, y = _UNKNOWN
        arrow(ax, (x, P["join"][1]), (x, y - 0.24))
        rectangle(ax, x - 0.42, y - 0.24, 0.84, 0.48, of="border", fill=PAGE, lw=LINE, ls="--", zorder=3)
        write(ax, x, y, "?", of="border", size=LARGE, zorder=4)


def _inputs(ax: Axes, gates: str) -> None:
    """Draw x and h_prev, which meet and run along under all the gates."""
    P, y = PLACES, PLACES["join"][1]
    ends = [P[gate][0] for gate in gates] + ([_UNKNOWN[0]] if "f" not in gates else [])
    line(ax, P["join"], (max(ends), y))
    line(ax, P["h_prev"], P["join"], of="h")
    line(ax, P["x"], P["join"], of="x")
    fork(ax, P["join"])
    for gate in gates:
        arrow(ax, (P[gate][0], y), P[gate], reach=HALF_CARD)


def _writing(ax: Axes, gates: str) -> None:
    P = PLACES
    if "g" not in gates:
        return
    if "i" in gates:
        arrow(ax, P["g"], P["write"], leave=HALF_CARD, reach=NODE_RADIUS, of="g")
        arrow(ax, P["write"], P["plus"], **BETWEEN)
        x, y = P["i"]
        elbow(ax, (x, y + HALF_CARD), (x, P["write"][1]), P["write"], reach=NODE_RADIUS, of="i")
        node(ax, P["write"], r"$\odot$")
    else:
        arrow(ax, P["g"], P["plus"], leave=HALF_CARD, reach=NODE_RADIUS, of="g")
    node(ax, P["plus"], "+")


def _output(ax: Axes, gates: str) -> None:
    P = PLACES
    corner = (P["show"][0], P["h_next"][1])
    arrow(ax, P["c_fork"], P["tanh"], reach=NODE_RADIUS, of="c")
    if "o" in gates:
        arrow(ax, P["tanh"], P["show"], **BETWEEN)
        arrow(ax, P["o"], P["show"], leave=CARD[0] / 2, reach=NODE_RADIUS, of="o")
        elbow(ax, P["show"], corner, P["h_next"], of="h")
        node(ax, P["show"], r"$\odot$")
    else:
        elbow(ax, P["tanh"], corner, P["h_next"], of="h")
    node(ax, P["tanh"], "tanh")
    arrow(ax, P["h_fork"], P["h_up"], of="h")
    _pass_over(ax, P["h_up"][0], P["c_next"][1], PAGE)
    fork(ax, P["c_fork"], of="c")
    fork(ax, P["h_fork"], of="h")


def _pass_over(ax: Axes, x: float, y: float, ground: str) -> None:
    """Let the upward line of h cross the line of the memory with a gap: the two do not meet."""
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((x - 0.045, y - 0.1), 0.09, 0.2, facecolor=ground, edgecolor="none", zorder=3.5))
    line(ax, (x, y - 0.1), (x, y + 0.1), of="h", zorder=3.6, solid_capstyle="butt", snap=False)


@draws_picture
def lstm_cell(gates: str = FULL, new: str = "") -> Picture:
    """Draw one step of the LSTM, or of the smaller cells it grows from, with the names of what goes in and out.

    Args:
        gates: those that are there already: "", "o", "of", "ofg" or "ofgi".
        new: the one that was added last, drawn with a halo, or ""; the equation that it enters is a question mark.

    Raises:
        ValueError: gates in another order, or a new one that is not among them.
    """
    if gates not in _EQUATIONS or new not in ("", *gates):
        raise ValueError(
            f"gates must be one of {', '.join(map(repr, _EQUATIONS))}, and new one of them: got {gates!r} and {new!r}."
        )
    figure, ax = new_canvas(*SIZE)
    draw_lstm_cell(ax, gates, new=new)
    for place, symbol, of in (
        ((0.55, 3.06), f"$c{PREV}$", "c"), ((6.64, 3.06), f"$c{NEXT}$", "c"),
        ((0.55, 1.16), f"$h{PREV}$", "h"), ((6.64, 1.16), f"$h{NEXT}$", "h"),
    ):  # fmt: skip
        write(ax, *place, symbol, of=of, size=LARGE, va="baseline")
        write(ax, place[0], place[1] - 0.31, "(N, H)", of="pale", va="baseline")
    if "f" in gates:  # what the forget gate leaves
        write(ax, 2.53, 3.06, "$c$", of="c", size=LARGE, va="baseline")
    write(ax, 1.4, 0.35, "$x$", of="x", size=LARGE, ha="right")
    write(ax, 1.6, 0.35, "(N, D)", of="pale", ha="left")
    beside = ((7.0, 3.5), "to the layer above", "pale"), ((7.4, 0.72), "to the next step", "pale")
    write_all(ax, (*beside, ((7.46, 2.66), "stays inside", "c")), size=SMALL)
    write(ax, 6.3, 0.3, _ASKED[new] if new else _EQUATIONS[gates], size=LARGE, ha="right", va="baseline")
    alt = [message("One step of an LSTM cell." if gates == FULL else "One step of an LSTM cell as it grows.")]
    template = (
        "The memory runs along the top, from c_prev to c_next, and stays inside; a branch of it goes through tanh to "
        "become h_next, which leaves to the right and also goes up to the layer above. x and h_prev come in at the "
        "bottom and feed every block."
    )
    alt += [message(template), *(_SPOKEN[gate] for gate in gates)]
    if "f" not in gates:
        alt.append(message("How c_next is made from c_prev, x and h_prev is still a question mark."))
    return Picture(figure, *alt)


@draws_picture
def lstm_unrolled() -> Picture:
    """Draw three steps of an LSTM layer: c is passed along inside the layer, h is passed along and also goes up."""
    figure, ax = new_canvas(8.0, 3.1)
    c_line, h_line, out = 1.95, 1.35, 2.72
    box(ax, 0.75, 0.85, 6.75, 1.55, fill=FIELD_FILL)
    write(ax, 0.9, 0.94, "the LSTM layer", of="pale", ha="left", va="baseline")
    starts = [0.12, 1.75, 3.85, 5.95]
    for y, width, name in (c_line, THICK, "c"), (h_line, LINE, "h"):
        for start, end in zip([starts[0], *(x + 0.9 for x in starts[1:])], [*starts[1:], 7.88]):
            arrow(ax, (start, y), (end, y), of=name, width=width)
        write(ax, 0.35, y + 0.1, f"${name}$", of=name, size=LARGE, va="baseline")
    for step, left in enumerate(starts[1:]):
        middle, turn = left + 0.45, left + 1.28
        layer_box(ax, middle, 1.65, 0.45, 0.55, "LSTM", size=MEDIUM, rounding=0.16)
        arrow(ax, (middle, 0.42), (middle, 1.1), of="x")
        arrow(ax, (turn, h_line), (turn, out), of="h")
        _pass_over(ax, turn, c_line, FIELD_FILL)
        fork(ax, (turn, h_line), of="h")
        write(ax, middle, 0.25, f"xs[:, {step}]", of="x", family="monospace")
        write(ax, turn, out + 0.12, f"hs[:, {step}]", of="h", family="monospace")
    template = (
        "Three steps of one LSTM layer, from left to right. Two lines run from cell to cell: the memory cell c, from "
        "which no arrow leads upwards, and the hidden state h, which also leaves the layer upwards at every step as "
        "hs[:, step]. xs[:, step] comes in from below."
    )
    return Picture(figure, message(template))
