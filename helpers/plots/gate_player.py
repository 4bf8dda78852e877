"""The gate player: sliders for the three gates of one memory cell at each step, with which a learner keeps a symbol.

The cell reads one symbol at each step. One of them is to be kept and shown at the last step, and at no other; the cell
is not empty at first. A setting is an openness of each gate at each step, 0 to 1.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from ipywidgets import HTML, FloatSlider, GridBox, Label, Layout, VBox
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.language.message import Message, message
from helpers.plots.arguments import to_array
from helpers.plots.axes import listed
from helpers.plots.diagrams import line, rectangle, write
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import LOOKS, MEDIUM, NEXT, RC, new_canvas, tint

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: The openness of each gate, "i", "f" and "o", at each step.
Setting: TypeAlias = Mapping[str, ArrayLike]

#: From the openness f, i, o at each step, each (T,), to the memory before and after the steps (T+1,), and h (T,).
Cell: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray], tuple[ArrayLike, ArrayLike]]

#: The gates in the order in which something passes them, from top to bottom.
GATES = {"i": "input gate", "f": "forget gate", "o": "output gate"}

#: How far the memory, or what is shown of it, may be from what is wanted.
NEAR = 0.05


# --- what is off -------------------------------------------------------------------------------------------------


def _find_fault(
    openness: Mapping[str, FloatArray], symbols: Mapping[str, float], c: FloatArray, h: FloatArray, keep: str
) -> Message | None:
    """Return what is off in a setting, the earliest thing first, in a sentence or two; None if nothing is."""
    contents, first = np.array(list(symbols.values())), list(symbols).index(keep)
    last, wanted = contents.size - 1, contents[first]
    i, f, o = (openness[gate] for gate in GATES)
    added, lost = np.abs(i * contents), np.abs((1 - f) * c[:-1])
    if not _is_near(c[first + 1], wanted):
        template = (
            "{keep} was taken in at step {step}, but the old memory is still there as well: the forget gate is at "
            "{openness:g} at step {step}."
        )
        if (missing := abs(wanted) - added[first]) > NEAR:
            template = "{keep} was not all taken in at step {step}: the input gate is at {openness:g} there."
            if missing > 0.9 * abs(wanted):
                template = "{keep} was not taken in at step {step}: the input gate is at {openness:g} there."
        return message(template, keep=keep, step=first, openness=(i if missing > NEAR else f)[first])
    for step in range(first + 1, last + 1):
        if not _is_near(c[step + 1], wanted):
            if added[step] > lost[step]:
                template = (
                    "{keep} was taken in, but {other} was added to it at step {step}: the input gate is at "
                    "{openness:g} there."
                )
                return message(template, keep=keep, other=list(symbols)[step], step=step, openness=i[step])
            template = "{keep} was taken in, but partly lost at step {step}: the forget gate is at {openness:g} there."
            if f[step] < 0.1:
                template = "{keep} was taken in, but lost at step {step}: the forget gate is at {openness:g} there."
            return message(template, keep=keep, step=step, openness=f[step])
    for step in range(last):
        if not _is_near(h[step], 0):
            template = (
                "{keep} is kept to the end. But the cell shows something at step {step} already: the output gate is "
                "at {openness:g} there."
            )
            return message(template, keep=keep, step=step, openness=o[step])
    if not _is_near(h[last], np.tanh(wanted)):
        template = (
            "{keep} is kept to the end, but not fully shown at step {step}: the output gate is at {openness:g} there."
        )
        if o[last] < 0.1:
            template = (
                "{keep} is kept to the end, but not shown at step {step}: the output gate is at {openness:g} there."
            )
        return message(template, keep=keep, step=last, openness=o[last])
    return None


def _is_near(value: float, wanted: float) -> bool:
    return bool(abs(value - wanted) <= NEAR)


def _praise(symbols: Mapping[str, float], keep: str) -> Message:
    first, last = list(symbols).index(keep), len(symbols) - 1
    template = "Right: {keep} was taken in at step {first}, kept for {steps} steps, and shown at step {last} alone."
    return message(template, keep=keep, first=first, steps=last - first, last=last)


# --- the still figure --------------------------------------------------------------------------------------------

_LEFT, _BEFORE, _WIDE = 1.5, 0.62, 0.96  # where the columns begin, and how wide they are [inch]
_SIZE = (8.0, 4.3)
# The middle of each row, and half of its height.
_SIGNED = {"g": (3.35, 0.36), "c": (1.83, 0.4), "h": (0.46, 0.36)}
_GAUGES = {"i": 2.78, "f": 2.42, "o": 1.05}
_NAMES = {"g": "new memory $g$", "c": f"memory $c{NEXT}$", "h": f"shown $h{NEXT}$"}


@draws_picture
def hand_set_gates(openness: Setting, symbols: Mapping[str, float], c: ArrayLike, h: ArrayLike, keep: str) -> Picture:
    """Draw a memory cell whose gates are set by hand, a column for each step, and say what is off.

    In each column what comes in, g, is on top; the gates i and f stand over the memory, and o over what is shown of it.

    Args:
        openness: "f", "i" and "o", the openness of that gate at each step (T,).
        symbols: T of them, each with its g, between -1 and 1.
        c (T+1,): the memory before the first step and after each step.
        h (T,): what is shown at each step.
        keep: the symbol that is to be shown at the last step.

    Raises:
        ValueError: an openness outside 0..1, or another number of steps.
    """
    T, gates = len(symbols), _to_openness(openness, len(symbols))
    c, h = to_array(c, "c", f"({T + 1},)", finite=True), to_array(h, "h", f"({T},)", finite=True)
    if keep not in list(symbols)[:-1]:
        raise ValueError(f"keep must be a symbol before the last one: got {keep!r}.")
    figure, ax = new_canvas(*_SIZE)
    _draw_ground(ax, symbols, keep)
    _draw_setting(ax, gates, symbols, c, h, keep)
    return Picture(figure, *_alt(gates, symbols, c, h, keep))


def _draw_ground(ax: Axes, symbols: Mapping[str, float], keep: str) -> None:
    """Draw what is the same in every setting."""
    T, first, right = len(symbols), list(symbols).index(keep), _right(symbols)
    for step, symbol in enumerate(symbols):
        x = _middle(step)
        if step in (first, T - 1):
            rectangle(ax, x - _WIDE / 2, 0.02, _WIDE, 4.26, of="pale", fill=tint("pale"), lw=0, zorder=0)
        said = {first: f"keep {symbol}", T - 1: f"{symbol}: show {keep}"}.get(step, symbol)
        write(ax, x, 4.1, said, size=MEDIUM, fontweight="bold")
        write(ax, x, 3.86, f"step {step}", of="pale")
        _bar(ax, x, _SIGNED["g"][0], symbols[symbol], _SIGNED["g"][1], "g")
    write(ax, _LEFT + _BEFORE / 2, 3.86, "before", of="pale")
    for name, (y, _) in _SIGNED.items():
        write(ax, 0.1, y, _NAMES[name], of=name, size=MEDIUM, ha="left")
        line(ax, (_LEFT, y), (right, y), of="pale", width=0.8)
    y, half = _SIGNED["h"]
    height = y + float(np.tanh(symbols[keep])) * half
    line(ax, (right - _WIDE, height), (right, height), of="outline", linestyle="--")
    write(ax, 0.1, _SIGNED["c"][0] - 0.22, f"dashed: {keep}", of="outline", ha="left")
    for gate, y in _GAUGES.items():
        write(ax, 0.1, y, f"{GATES[gate]} ${gate}$", of=gate, size=MEDIUM, ha="left")
        for step in range(T):
            rectangle(ax, _middle(step) - 0.354, y - 0.094, 0.708, 0.188, of="ink")  # the filling fits into the frame


def _draw_setting(
    ax: Axes,
    gates: Mapping[str, FloatArray],
    symbols: Mapping[str, float],
    c: FloatArray,
    h: FloatArray,
    keep: str,
) -> None:
    """Draw the openness of the gates, the memory and what is shown."""
    for name, values in {"c": c, "h": h}.items():
        y, half = _SIGNED[name]
        scale = half / max(1.0, np.abs(values).max())
        for step, value in enumerate(values, start=len(symbols) - values.size):
            _bar(ax, _middle(step), y, value, scale, name)
        if name == "c":
            left, height = _middle(list(symbols).index(keep)) - _WIDE / 2, y + symbols[keep] * scale
            line(ax, (left, height), (_right(symbols), height), of="outline", linestyle="--")
    for gate, y in _GAUGES.items():
        for step, value in enumerate(gates[gate]):
            rectangle(ax, _middle(step) - 0.35, y - 0.09, 0.7 * value, 0.18, of=gate, fill=LOOKS[gate].colour, lw=0)


def _alt(
    gates: Mapping[str, FloatArray], symbols: Mapping[str, float], c: FloatArray, h: FloatArray, keep: str
) -> list[Message]:
    template = (
        "A memory cell over {steps} steps with gates set by hand. It reads {symbols}, and should keep {keep}, "
        "{value:g}, and show it at the last step alone."
    )
    read = ", ".join(symbols)
    alt = [message(template, steps=len(symbols), symbols=read, keep=keep, value=symbols[keep])]
    template = "The {gate} is at {openness}."
    alt += [message(template, gate=name, openness=listed(gates[gate])) for gate, name in GATES.items()]
    template = "The memory is {before:.2f} before and then {after}; shown is {shown}."
    alt.append(message(template, before=c[0], after=listed(c[1:], ".2f"), shown=listed(h, ".2f")))
    return [*alt, _find_fault(gates, symbols, c, h, keep) or _praise(symbols, keep)]


def _to_openness(openness: Setting, steps: int) -> dict[str, FloatArray]:
    if set(openness) != set(GATES):
        raise ValueError(f"openness must have the gates {', '.join(GATES)}: got {', '.join(openness)}.")
    gates = {gate: to_array(openness[gate], f"openness[{gate!r}]", f"({steps},)", finite=True) for gate in GATES}
    for gate, values in gates.items():
        if values.min() < 0 or values.max() > 1:
            raise ValueError(f"openness[{gate!r}] goes from 0 to 1: got {values.min():.3g} to {values.max():.3g}.")
    return gates


def _middle(step: int) -> float:
    """Return the middle of the column of a step; -1 is the one before all steps."""
    return _LEFT + (_BEFORE / 2 if step < 0 else _BEFORE + (step + 0.5) * _WIDE)


def _right(symbols: Mapping[str, float]) -> float:
    """Return where the last column ends."""
    return _LEFT + _BEFORE + len(symbols) * _WIDE


def _bar(ax: Axes, x: float, y: float, value: float, scale: float, of: str) -> None:
    rectangle(ax, x - 0.22, y, 0.2, value * scale, of=of, fill=LOOKS[of].colour, lw=0, zorder=2)
    side = 1 if value > -0.005 else -1
    write(ax, x + 0.02, y + side * 0.12, f"{value:.2f}".replace("-0.00", "0.00"), of=of, ha="left")


# --- with sliders ------------------------------------------------------------------------------------------------


class GatePlayer(VBox):  # type: ignore[misc]  # ipywidgets comes without types
    """Sliders for the gates of a cell at each step, its figure, and a sentence that says what is off.

    All gates stand half open at first. A slider is moved with the mouse or, once it has the focus, with the arrow keys.

    Args:
        cell: ``cell(f, i, o) -> c, h``: the memory before and after the steps (T+1,), and what is shown (T,).
        symbols: T of them, each with its g.
        keep: the one that is to be shown at the last step.
    """

    def __init__(self, cell: Cell, symbols: Mapping[str, float], keep: str) -> None:
        self._cell, self._symbols, self._keep = cell, symbols, keep
        self.image, self.verdict = HTML(), HTML()
        self.sliders = {gate: [_slider(gate, step) for step in range(len(symbols))] for gate in GATES}
        inch = RC["figure.dpi"]
        rows = [part for gate in GATES for part in (Label(f"{GATES[gate]} {gate}"), *self.sliders[gate], Label())]
        # Each slider stands below its step, also where the figure is shown smaller than it is.
        shares = _LEFT + _BEFORE, *[_WIDE] * len(symbols)
        columns = " ".join(f"minmax(0, {share}fr)" for share in (*shares, _SIZE[0] - sum(shares)))
        place = Layout(width="100%", max_width=f"{_SIZE[0] * inch:.0f}px", grid_template_columns=columns)
        grid = GridBox(rows, layout=place)
        for sliders in self.sliders.values():
            for slider in sliders:
                slider.observe(lambda _: self._draw(), "value")
        self._draw()
        super().__init__([self.image, grid, self.verdict])

    def _draw(self) -> None:
        openness = {gate: np.array([slider.value for slider in self.sliders[gate]]) for gate in GATES}
        c, h = (np.asarray(values, dtype=float) for values in self._cell(openness["f"], openness["i"], openness["o"]))
        self.image.value = hand_set_gates(openness, self._symbols, c, h, self._keep).moving_html()
        fault = _find_fault(openness, self._symbols, c, h, self._keep)
        said = html.escape(f"→ {fault}" if fault else f"✓ {_praise(self._symbols, self._keep)}")
        colour = LOOKS["wrong" if fault else "right"].colour
        ground = f"border-left: 4px solid {colour}; padding: 0.4em 0.8em"
        self.verdict.value = f'<div role="status" style="{ground}"><strong>{said}</strong></div>'

    def __repr__(self) -> str:
        template = "A gate player, a slider for the three gates at each of {steps} steps, with a figure and a verdict"
        return str(message(template, steps=len(self._symbols)))


def _slider(gate: str, step: int) -> FloatSlider:
    slider = FloatSlider(value=0.5, min=0.0, max=1.0, step=0.1, readout=False, continuous_update=False)
    slider.tooltip = f"{GATES[gate]} {gate} at step {step}"
    slider.layout = Layout(width="auto", margin="0 4px")
    return slider
