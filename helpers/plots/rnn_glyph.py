"""The cell of a simple RNN, drawn the same way all course: one step, its gradients, and the same cell over time.

A rounded box is one call of a step function: x comes from below, the state from the left, h leaves to the right and
forks outside the box, up to the layer above and on to the next step. Lengths are inches on a canvas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from helpers.arrays import FloatArray
from helpers.language.message import Message, message
from helpers.plots.diagrams import BETWEEN, NODE_RADIUS, arrow, box, fork, line, node, weight, write
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import LARGE, MEDIUM, NEXT, PATH, PREV, SMALL, THICK, new_canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# --- one step ----------------------------------------------------------------------------------------------------

# Where the parts of one RNN step are; the forward and the backward picture share them.
_CELL = (1.3, 0.62, 4.7, 2.42)
_MATMUL_H, _WH = (2.25, 1.95), (2.25, 2.68)
_MATMUL_X, _WX = (3.75, 1.08), (2.25, 1.08)
_PLUS, _B = (3.75, 1.95), (3.75, 2.68)
_TANH, _SLOPE = (5.3, 1.95), (5.3, 2.68)
_OUT = (7.0, 1.95)
_FROM_LEFT, _FROM_BELOW, _TO_RIGHT, _TO_TOP = (0.15, 1.95), (3.75, 0.08), (7.85, 1.95), (7.0, 2.9)
#: The parameters: where each is, where it is used, how far from its centre an arrow begins, its symbol and its shape.
_WEIGHTS = (
    (_WH, _MATMUL_H, 0.23, "W_h", "(H, H)"),
    (_WX, _MATMUL_X, 0.33, "W_x", "(D, H)"),
    (_B, _PLUS, 0.23, "b", "(H,)"),
)


def _note(
    ax: Axes, x: float, y: float, text: str, *, of: str = "pale", size: float = SMALL, ha: str = "center"
) -> None:
    write(ax, x, y, text, of=of, size=size, ha=ha, va="baseline")


def _nodes(ax: Axes, squash: str) -> None:
    for place, symbol in (_MATMUL_H, "@"), (_MATMUL_X, "@"), (_PLUS, "+"), (_TANH, squash):
        node(ax, place, symbol)


@draws_picture
def rnn_step_forward() -> Picture:
    """Draw one step of the RNN: ``h_next = tanh(x @ Wx + h_prev @ Wh + b)``, with the shapes beside the arrows."""
    figure, ax = new_canvas(8.0, 3.3)
    box(ax, *_CELL)
    arrow(ax, _FROM_LEFT, _MATMUL_H, reach=NODE_RADIUS, of="h", symbol=f"$h{PREV}$", shape="(N, H)", at=0.29)
    arrow(ax, _FROM_BELOW, _MATMUL_X, reach=NODE_RADIUS, of="x", symbol="$x$", shape="(N, D)", at=0.3)
    for place, use, gap, symbol, shape in _WEIGHTS:
        arrow(ax, place, use, leave=gap, reach=NODE_RADIUS, of="weight")
        weight(ax, place, f"${symbol}$", shape)
    arrow(ax, _MATMUL_H, _PLUS, **BETWEEN, symbol=f"$h{PREV}W_h$", shape="(N, H)", at=0.47)
    arrow(ax, _MATMUL_X, _PLUS, **BETWEEN, symbol="$xW_x$", shape="(N, H)")
    arrow(ax, _PLUS, _TANH, **BETWEEN, symbol="$a$", shape="(N, H)")
    arrow(ax, _TANH, _TO_RIGHT, leave=NODE_RADIUS, of="h", symbol=f"$h{NEXT}$", shape="(N, H)", at=0.42)
    arrow(ax, _OUT, _TO_TOP, of="h")
    fork(ax, _OUT, of="h")
    _nodes(ax, "tanh")
    _note(ax, _TO_TOP[0], 3.02, "to the layer above")
    _note(ax, 7.4, 1.56, "to the next step")
    _note(ax, 6.05, 0.25, rf"$h{NEXT} = \tanh(x\,W_x + h{PREV}\,W_h + b)$", of="ink", size=LARGE)
    template = (
        "One step of the RNN as a box. x (N, D) comes from below and is multiplied by Wx (D, H); h_prev (N, H) comes "
        "from the left and is multiplied by Wh (H, H). The two products and b (H,) are added to a (N, H), tanh turns "
        "it into h_next (N, H), which leaves to the right and forks: up to the layer above, and on to the next step."
    )
    return Picture(figure, message(template))


@draws_picture
def rnn_step_backward() -> Picture:
    """Draw the gradients of one step of the RNN, in the places of `rnn_step_forward`, flowing from right to left."""
    figure, ax = new_canvas(8.0, 3.3)
    box(ax, *_CELL)
    arrow(ax, _TO_RIGHT, _OUT, reach=NODE_RADIUS, of="gradient")
    arrow(ax, _TO_TOP, _OUT, reach=NODE_RADIUS, of="gradient")
    arrow(ax, _OUT, _TANH, **BETWEEN, of="gradient", symbol=f"$dh{NEXT}$", shape="(N, H)", at=0.33)
    arrow(ax, _SLOPE, _TANH, leave=0.16, reach=NODE_RADIUS, of="pale")
    arrow(ax, _TANH, _PLUS, **BETWEEN, of="gradient", symbol="$da$", shape="(N, H)")
    for product in _MATMUL_H, _MATMUL_X:
        arrow(ax, _PLUS, product, **BETWEEN, of="gradient", symbol="$da$", shape="(N, H)")
    for place, use, gap, symbol, shape in _WEIGHTS:
        arrow(ax, use, place, leave=NODE_RADIUS, reach=gap + 0.01, of="gradient")
        weight(ax, place, f"$d{symbol}$", shape, of="gradient")
    arrow(ax, _MATMUL_X, _FROM_BELOW, leave=NODE_RADIUS, of="gradient", symbol="$dx$", shape="(N, D)", at=0.7)
    arrow(ax, _MATMUL_H, _FROM_LEFT, leave=NODE_RADIUS, of="h", width=PATH, symbol=f"$dh{PREV}$", shape="(N, H)",
          at=0.71)  # fmt: skip
    _nodes(ax, r"$\odot$")
    node(ax, _OUT, "+")
    _note(ax, *_SLOPE, f"$1 - h{NEXT}^2$", of="ink", size=LARGE)
    _note(ax, 2.65, 2.62, rf"$= h{PREV}^{{\top}}\,da$", of="ink", size=MEDIUM, ha="left")
    _note(ax, 4.14, 2.62, r"$= \sum_n\;da_n$", of="ink", size=MEDIUM, ha="left")
    _note(ax, 2.65, 0.83, r"$= x^{\!\top} da$", of="ink", size=MEDIUM, ha="left")
    _note(ax, _TO_TOP[0], 3.02, "from the layer above")
    _note(ax, 7.4, 1.56, "from the next step")
    _note(ax, 0.15, 0.25, rf"$dh{PREV} = da\,W_h^{{\!\top}}$", of="h", size=LARGE, ha="left")
    _note(ax, 1.4, 0.25, "is all that reaches the past", of="h", ha="left")
    equations = rf"$da = dh{NEXT} \odot (1 - h{NEXT}^2)$,   $dx = da\,W_x^{{\!\top}}$"
    _note(ax, 7.85, 0.25, equations, of="ink", size=LARGE, ha="right")
    template = (
        "The same step with the gradients flowing from right to left. dh_next (N, H), the sum of what comes from the "
        "layer above and from the next step, is multiplied elementwise by 1 - h_next squared and becomes da (N, H). "
        "The plus passes da on unchanged to three places: db is its sum over the batch; with x and Wx it gives dWx and "
        "dx; with h_prev and Wh it gives dWh and dh_prev, drawn as a thick arrow because it alone reaches the step "
        "before."
    )
    return Picture(figure, message(template))


@draws_picture
def tanh_graph() -> Picture:
    """Draw ``y = tanh(x)`` as a graph of one node, with the gradients `dout` and `dx` beneath."""
    figure, ax = new_canvas(6.0, 1.35)
    middle = (3.3, 0.7)
    for start, end, symbol in (0.7, 3.12, "$x$"), (3.48, 5.7, "$y = \\tanh(x)$"):
        arrow(ax, (start, 0.8), (end, 0.8), symbol=symbol)
    for start, end in (5.7, 3.48), (3.12, 0.7):
        arrow(ax, (start, 0.6), (end, 0.6), of="gradient")
    node(ax, middle, "tanh")
    _note(ax, 1.9, 0.3, "$dx$ = ?", of="gradient", size=LARGE)
    _note(ax, 4.6, 0.3, "$dout$", of="gradient", size=LARGE)
    template = (
        "A graph of one node, tanh. Forward, x comes in from the left and y = tanh(x) leaves to the right. Backward, "
        "dout comes in from the right and dx, which is asked for, leaves to the left."
    )
    return Picture(figure, message(template))


# --- over time ---------------------------------------------------------------------------------------------------


_HALF = 0.4  # half the width of a small cell
_SMALL = 0.15  # radius of the plus between two of them


@draws_picture
def rnn_unrolled(steps: int = 4, backward: bool = False) -> Picture:
    """Draw the same cell at every step, the state passed along; or the gradients that return through it (BPTT).

    Args:
        steps: how many cells, 2 to 4.
        backward: draw the gradients instead of the values.

    Raises:
        ValueError: a number of steps that does not fit on the page.
    """
    if steps not in (2, 3, 4):
        raise ValueError(f"rnn_unrolled has room for 2, 3 or 4 steps side by side: got {steps}.")
    figure, ax = new_canvas(8.0, 3.1 if backward else 2.5)
    centres = np.linspace(1.1, 6.7, steps)
    return Picture(figure, (_gradients_over_time if backward else _values_over_time)(ax, centres))


def _cell(ax: Axes, x: float, y: float) -> None:
    box(ax, x - _HALF, y - 0.36, 2 * _HALF, 0.72)
    write(ax, x, y + 0.06, "RNN", size=MEDIUM, va="baseline", fontweight="bold")
    write(ax, x, y - 0.2, "$W_x\\;W_h\\;b$", size=MEDIUM, va="baseline")


def _code(ax: Axes, x: float, y: float, text: str, of: str) -> None:
    write(ax, x, y, text, of=of, family="monospace")


def _values_over_time(ax: Axes, centres: FloatArray) -> Message:
    y, top, bottom = 1.2, 2.05, 0.38
    half_gap = (centres[1] - centres[0]) / 2
    starts, ends = centres + _HALF, [*(centres[1:] - _HALF), 7.85]
    arrow(ax, (0.15, y), (centres[0] - _HALF, y), of="h")
    _code(ax, 0.4, y - 0.18, "state", "h")
    _code(ax, 7.63, y - 0.18, "state", "h")
    for step, x in enumerate(centres):
        out = (x + min(half_gap, 0.75), y)
        _cell(ax, x, y)
        arrow(ax, (x, bottom), (x, y - 0.36), of="x")
        arrow(ax, (starts[step], y), (ends[step], y), of="h")
        arrow(ax, out, (out[0], top), of="h")
        fork(ax, out, of="h")
        _code(ax, x, bottom - 0.12, f"xs[:, {step}]", "x")
        _code(ax, out[0], top + 0.12, f"hs[:, {step}]", "h")
    _note(ax, 7.85, bottom - 0.15, r"time $\rightarrow$", ha="right")
    template = (
        "The same RNN cell drawn {steps} times from left to right, with the same Wx, Wh and b each time. Every cell "
        "takes xs[:, step] from below and the state from the cell before it; the new h goes up as hs[:, step], and on "
        "to the next cell."
    )
    return message(template, steps=len(centres))


def _gradients_over_time(ax: Axes, centres: FloatArray) -> Message:
    y, top, bottom, sums = 1.85, 2.7, 1.0, 0.55
    half_gap = (centres[1] - centres[0]) / 2
    ends = [*(centres[1:] - _HALF), 7.85]
    for step, x in enumerate(centres):
        plus = (x + min(half_gap, 0.75), y)
        _cell(ax, x, y)
        arrow(ax, (plus[0], top), plus, reach=_SMALL, of="gradient")
        arrow(ax, plus, (x + _HALF, y), leave=_SMALL, of="gradient")
        arrow(ax, (ends[step], y), plus, reach=_SMALL, of="h", width=THICK)
        arrow(ax, (x - 0.22, y - 0.36), (x - 0.22, bottom), of="gradient")
        arrow(ax, (x + 0.22, y - 0.36), (x + 0.22, sums), of="weight")
        node(ax, plus, "+", radius=_SMALL)
        if step < len(centres) - 1:
            _note(ax, (plus[0] + _SMALL + ends[step]) / 2, y - 0.22, f"$dh{PREV}$", of="h", size=LARGE)
        _code(ax, plus[0], top + 0.12, f"dhs[:, {step}]", "gradient")
        _code(ax, x - 0.22, bottom - 0.12, f"dxs[:, {step}]", "gradient")
    arrow(ax, (centres[0] - _HALF, y), (0.15, y), of="h", width=THICK)
    _code(ax, 0.42, y - 0.22, "dstate", "h")
    _code(ax, 7.73, y - 0.22, "dstate", "h")
    line(ax, (centres[0] + 0.1, sums), (centres[-1] + 0.34, sums), of="weight", width=PATH)
    middle = centres[[0, -1]].mean() + 0.22
    _note(ax, middle, 0.24, "$dW_x$,  $dW_h$,  $db$:  the sum over all steps", of="ink", size=LARGE)
    template = (
        "The gradients of {steps} RNN steps, flowing from right to left. Before each cell a plus adds dhs[:, step], "
        "which comes from above, to the dh that comes from the future; the sum goes through the cell, which sends "
        "dxs[:, step] down, its share of dWx, dWh and db into one sum over all steps, and dh to the step before."
    )
    return message(template, steps=len(centres))
