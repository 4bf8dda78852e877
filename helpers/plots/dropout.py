"""Figures of dropout: its masks, its place in a stack of layers, and what is left of a state masked at each step."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.language.message import Listing, Message, message
from helpers.plots.arguments import to_array, to_dict
from helpers.plots.axes import drawable
from helpers.plots.diagrams import arrow, chain, layer_box, write
from helpers.plots.guess import Guess, mark_guess, spoken_guess
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    HAIR,
    LARGE,
    LINE,
    LOOKS,
    MARK,
    MEDIUM,
    PAGE,
    RING,
    THICK,
    Point,
    Style,
    looks_of,
    new_canvas,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_HALF_WIDTH, _HALF_HEIGHT = 0.55, 0.22
_HEIGHTS = {"Embedding": 0.95, "LSTM 1": 1.85, "LSTM 2": 2.75, "Affine": 3.65}

_WHERE = {
    "": message("Nothing is dropped."),
    "depth": message(
        "Dropout is on the arrows that go up, from layer to layer, and on none that goes from step to step."
    ),
    "time": message("Dropout is on the arrows of h from step to step, and on none that goes up."),
    "shared": message(
        "Dropout is on the arrows that go up and on those of h from step to step. Marks of one colour are one mask: "
        "the same at every step of their row, and another one in each row."
    ),
}


@draws_picture
def stack_over_time(dropout: str = "") -> Picture:
    """Draw a stack of two LSTM layers over three steps, and the arrows that dropout is put on.

    Args:
        dropout: "" for none, "depth" for the arrows that go up, "time" for those from step to step, "shared" for both,
            with one mask for all the steps of a row.

    Raises:
        ValueError: another word.
    """
    if dropout not in ("", "depth", "time", "shared"):
        raise ValueError(f'dropout must be "", "depth", "time" or "shared": got {dropout!r}.')
    along, upwards = dropout in ("time", "shared"), dropout in ("depth", "shared")
    figure, ax = new_canvas(8.0, 4.35)
    centres = 1.9, 3.75, 5.6
    edges = 0.9, *centres, 7.0
    for name in "LSTM 1", "LSTM 2":
        y = _HEIGHTS[name]
        chain(ax, edges, y + 0.1, _HALF_WIDTH, of="c", width=THICK)
        mark = _mark(dropout, name) if along else ""
        for left, right in pairwise(edges):
            leave, reach = _HALF_WIDTH * (left in centres), _HALF_WIDTH * (right in centres)
            marked_arrow(ax, (left, y - 0.1), (right, y - 0.1), leave, reach, "h", mark)
        write(ax, 0.78, y, f"state[{int(name[-1]) - 1}]", ha="right", family="monospace")
        write(ax, 7.12, y + 0.12, "$c$", of="c", size=LARGE)
        write(ax, 7.12, y - 0.12, "$h$", of="h", size=LARGE)
    levels = list(_HEIGHTS.values())
    for step, x in enumerate(centres):
        write(ax, x, 0.3, f"word {step}", size=MEDIUM, family="monospace")
        arrow(ax, (x, 0.42), (x, levels[0]), reach=_HALF_HEIGHT, of="x")
        for number, (low, high) in enumerate(pairwise(levels)):
            of, mark = "h" if number else "x", _mark(dropout, number) if upwards else ""
            marked_arrow(ax, (x, low), (x, high), _HALF_HEIGHT, _HALF_HEIGHT, of, mark)
        arrow(ax, (x, levels[-1]), (x, 4.2), leave=_HALF_HEIGHT)
        for name, y in _HEIGHTS.items():
            layer_box(ax, x, y, _HALF_WIDTH, _HALF_HEIGHT, name)
    if dropout:
        marked_arrow(ax, (7.1, 0.62), (7.1, 1.22), 0, 0, "ink", _mark(dropout, 0))
        write(ax, 7.22, 0.92, "one colour,\none mask" if dropout == "shared" else "dropout", ha="left")
    template = (
        "Two LSTM layers between an embedding and an affine layer, unrolled over three steps. Each LSTM layer has a "
        "state of its own, state[0] below and state[1] above, h and c, that runs from left to right."
    )
    return Picture(figure, message(template), _WHERE[dropout])


def _mark(dropout: str, place: int | str) -> str:
    """Return the name of the mask at a place: the same everywhere, or, where masks are shared, one for each row."""
    return f"mask {place}" if dropout == "shared" else "mask"


def marked_arrow(ax: Axes, start: Point, end: Point, leave: float, reach: float, of: str, mark: str) -> None:
    """Draw an arrow of something, with the mark of dropout on it if that has a name."""
    arrow(ax, start, end, leave=leave, reach=reach, of=of)
    if mark:
        shift = (leave - reach) / 2 - 0.04  # from the middle, to the right or upwards
        x, y = np.add(start, end) / 2 + shift * np.sign(np.subtract(end, start))
        dropout_mark(ax, x, y, mark)


def dropout_mark(ax: Axes, x: float, y: float, mask: str = "mask") -> None:
    """Draw the mark of dropout: a white square with a cross, in the colour of its mask."""
    style: Style = {"color": LOOKS[mask].colour, "mew": LINE, "gid": mask}
    ax.plot(x, y, "s", ms=RING - LINE, mfc=PAGE, zorder=5, **style)
    ax.plot(x, y, "x", ms=MARK - LINE, zorder=6, **style)


@draws_picture
def dropout_masks(masks: Mapping[str, ArrayLike]) -> Picture:
    """Plot masks as tables, steps across and features down: white where a value is dropped.

    Args:
        masks: dict from title to a mask (T, D).

    Raises:
        ValueError: no masks, more than four, or another shape.
    """
    masks = to_dict(masks, "masks", "(T, D)", most=4)
    figure, axes = new_figure(8, 2.9, columns=len(masks), sharey=True, squeeze=False)
    for ax, (title, mask) in zip(axes[0], masks.items()):
        mask_table(ax, mask, title)
    axes[0][0].set_ylabel("feature")
    shares = Listing([_dropped(title, mask) for title, mask in masks.items()])
    template = "Dropout masks, steps across and features down, white where a value is dropped. {shares}."
    return Picture(figure, message(template, shares=shares))


def mask_table(ax: Axes, mask: FloatArray, title: str, start: float = 0.0) -> None:
    """Draw a mask (T, D) as a table into axes: steps across, features down, white where a value is dropped."""
    from matplotlib.colors import ListedColormap

    colours = ListedColormap([PAGE, LOOKS["kept"].colour])
    edges = start + np.arange(len(mask) + 1), np.arange(mask.shape[1] + 1)
    ax.pcolormesh(*edges, mask.T != 0, cmap=colours, vmin=0, vmax=1, edgecolor=LOOKS["frame"].colour, lw=HAIR)
    ax.set(title=title, xlabel="step")
    ax.locator_params(integer=True)
    ax.grid(False)


def _dropped(title: str, mask: FloatArray) -> Message:
    template = "{title}: {share:.0%} dropped, another pattern at each step"
    if len(mask) > 1 and np.all((mask == 0) == (mask[:1] == 0)):
        template = "{title}: {share:.0%} dropped, the same rows white at every step"
    return message(template, title=title, share=np.mean(mask == 0))


@draws_picture
def masked_again_and_again(
    state: ArrayLike, shares: Mapping[str, ArrayLike], rate: float, guess: Guess = ...
) -> Picture:
    """Plot a state that goes through a mask of its own at each step, and the share of it that is left.

    Args:
        state (steps, H): after 1, 2, … masks, all ones before the first.
        shares: dict from label to (steps,), shares of the values that are not 0.
        rate: P(drop) of one mask.
        guess: the share that the reader guessed is left at the end.

    Raises:
        ValueError: shapes that do not fit together.
    """
    state = to_array(state, "state", "(steps, H)")
    shares = to_dict(shares, "shares", f"({len(state)},)")
    steps = np.arange(1, len(state) + 1)
    figure, (table, ax) = new_figure(8, 3.2, columns=2)
    mask_table(table, state, "what is left of the state", start=0.5)
    table.set(xlabel="steps, a fresh mask at each", ylabel="unit")
    for look, (label, values) in zip(looks_of(shares), shares.items()):
        ax.plot(steps, drawable(values), label=label, **look.marked)
    ax.plot(steps, (1 - rate) ** steps, label=f"{1 - rate:g} to the power of steps", **LOOKS["level"].line)
    ax.set(yscale="log", xlabel="steps", ylabel="share that is left", title="as a share")
    ax.legend()
    ax.locator_params(axis="x", integer=True)
    mark_guess(ax, y=guess)
    template = "{label}: {first:.2g} after one step, {last:.2g} after {steps}"
    ends = [message(template, label=label, first=values[0], last=values[-1], steps=len(state))
            for label, values in shares.items()]  # fmt: skip
    template = (
        "On the left a state of {units} units that goes through a fresh mask with rate {rate:g} at each step: more and "
        "more of it is white, gone for good. On the right the share that is left, on a log axis. {ends}."
    )
    return Picture(figure, message(template, units=state.shape[1], rate=rate, ends=Listing(ends)), spoken_guess(guess))
