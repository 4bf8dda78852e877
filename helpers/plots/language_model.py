"""Figures of the language model: its layers, its batches, what its loss means, and the words it predicts next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray, IntArray
from helpers.language.message import Listing, message
from helpers.plots.arguments import check_entries, to_array, to_arrays, to_dict
from helpers.plots.axes import (
    baseline_levels,
    level,
    listed,
    log_perplexity_axis,
    name_line_ends,
    note,
    plain_ticks,
    zero_line,
)
from helpers.plots.diagrams import (
    NODE_RADIUS,
    arrow,
    box,
    layer_box,
    line,
    node,
    rectangle,
    state_lines,
    weight,
    write,
)
from helpers.plots.guess import Guess, mark_guess, spoken_guess
from helpers.plots.narrow import is_narrow
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    CELL_FILL,
    DOT,
    FIELD_FILL,
    FINE,
    LARGE,
    LOOKS,
    MARK,
    MEDIUM,
    PAGE,
    SERIES,
    THICK,
    Point,
    looks_of,
    new_canvas,
    new_figure,
    tint,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: Pairs of inputs and targets, both (N, T).
Windows: TypeAlias = Sequence[tuple[IntArray, IntArray]]

#: Age of a key [steps] to the perplexities of some seeds.
ByAge: TypeAlias = Mapping[int, ArrayLike]

_MOST_WINDOWS = sum(name.startswith("window") for name in LOOKS)


# --- the layers --------------------------------------------------------------------------------------------------

_EMBEDDING, _LSTM, _AFFINE, _LOSS = 0.98, 1.78, 2.68, 3.5  # heights of the four layers
_HALF_WIDTH, _HALF_HEIGHT = 0.62, 0.25


@draws_picture
def language_model(words: Sequence[str]) -> Picture:
    """Draw the whole model, unrolled: embedding, LSTM, affine, and softmax with loss, one column for each word.

    Args:
        words: four words that follow each other; the last three are the targets of the first three.

    Raises:
        ValueError: another number of words.
    """
    if len(words) != 4:
        raise ValueError(f"language_model draws three steps, so it needs four words: got {len(words)}.")
    figure, ax = new_canvas(8.0, 4.6)
    centres = (1.75, 3.65, 5.55)
    state_lines(ax, (0.85, *centres, 7.85), _LSTM, _HALF_WIDTH)
    write(ax, 0.95, _LSTM + 0.24, "$c$", of="c", size=LARGE)
    write(ax, 0.95, _LSTM - 0.25, "$h$", of="h", size=LARGE)
    write(ax, 7.2, _LSTM - 0.33, "to the next window", of="pale")
    for step, x in enumerate(centres):
        _draw_column(ax, x, words[step], words[step + 1])
    for y, name in (_EMBEDDING, "5.1"), (_LSTM, "4.4"), (_AFFINE, "5.2"), (_LOSS, "5.3"):
        write(ax, 0.08, y + 0.13 * (y == _LSTM), f"exercise {name}", of="pale", ha="left")
    weight(ax, (7.3, _EMBEDDING), "$E$", "(V, D)")
    weight(ax, (7.3, _AFFINE), "$W\\,,\\ b$", "(H, V), (V,)")
    write(ax, 7.05, _LOSS + 0.65, "loss", of="target", size=LARGE, ha="left")
    write(ax, 7.05, _LOSS + 0.43, "the mean of all", of="pale", ha="left")
    line(ax, (centres[0], _LOSS + 0.65), (6.95, _LOSS + 0.65), of="target")
    template = (
        "The language model unrolled over three steps. From below, the words {words} enter as ids; each goes up "
        "through the embedding, which looks up a row of E, through the LSTM, whose states h and c run on from step to "
        "step, and through the affine layer, which makes V scores. Softmax and loss at the top compare them with the "
        "targets {targets}, and the mean over all places is the loss. The shapes are those of one step: (N,), (N, D), "
        "(N, H) and (N, V)."
    )
    return Picture(figure, message(template, words=", ".join(words[:3]), targets=", ".join(words[1:])))


def _draw_column(ax: Axes, x: float, word: str, target: str) -> None:
    steps = [
        (0.42, _EMBEDDING, "x", "(N,)"),
        (_EMBEDDING, _LSTM, "x", "(N, D)"),
        (_LSTM, _AFFINE, "h", "(N, H)"),
        (_AFFINE, _LOSS, "ink", "(N, V)"),
    ]
    for below, above, of, shape in steps:
        leave = 0 if below == 0.42 else _HALF_HEIGHT
        arrow(ax, (x, below), (x, above), leave=leave, reach=_HALF_HEIGHT, of=of, shape=shape)
    arrow(ax, (x, _LOSS), (x, _LOSS + 0.65), leave=_HALF_HEIGHT, of="target")
    layers = (_EMBEDDING, "Embedding"), (_LSTM, "LSTM"), (_AFFINE, "Affine"), (_LOSS, "Softmax + loss")
    for y, name in layers:
        layer_box(ax, x, y, _HALF_WIDTH, _HALF_HEIGHT, name, rounding=0.16)
    write(ax, x, 0.25, word, size=MEDIUM, family="monospace")
    write(ax, x + 0.12, _LOSS + 0.42, f"target: {target}", of="target", ha="left")


@draws_picture
def embedding_lookup(E: ArrayLike, ids: ArrayLike, dys: ArrayLike) -> Picture:
    """Draw an embedding with its numbers: the rows that are read, and what each row gets back.

    Args:
        E (V, D): one row per word, few of them.
        ids (T,): the words that are read.
        dys (T, D): gradients that come back.

    Raises:
        ValueError: shapes that do not fit together, or too large to be drawn.
    """
    E, ids = to_array(E, "E", "(V, D)"), np.asarray(ids)
    dys = to_array(dys, "dys", f"({len(ids)}, {E.shape[1]})")
    if len(E) > 6 or E.shape[1] > 3:
        raise ValueError(f"embedding_lookup draws an E of at most 6 rows and 3 columns: got {E.shape}.")
    figure, ax = new_canvas(8.0, 0.42 * max(len(E), len(ids)) + 1.0)
    top = 0.42 * max(len(E), len(ids)) + 0.2
    grad = np.zeros_like(E)
    np.add.at(grad, ids, dys)
    width = 0.52 * E.shape[1]
    lefts = 0.55, 0.55 + width + 1.15, 7.6 - 2 * width - 1.15, 7.6 - width
    titles = f"$E$  ({len(E)}, {E.shape[1]})", "rows read: $ys$", "come back: $dys$", "$dE$: the sums"
    for left, table, title in zip(lefts, (E, E[ids], dys, grad), titles):
        _table(ax, left, top, table)
        write(ax, left + width / 2, top + 0.42, title, size=MEDIUM)
    for row in range(len(E)):
        write(ax, lefts[0] - 0.15, top - 0.42 * row, f"{row}", of="pale", ha="right", family="monospace")
    for place, word in enumerate(ids):
        _join(ax, (lefts[0] + width, word), (lefts[1], place), top, "x")
        _join(ax, (lefts[2] + width, place), (lefts[3], word), top, "gradient")
        middle = (lefts[1] + width + lefts[2]) / 2
        write(ax, middle, top - 0.42 * place, f"word {word}", family="monospace")
    counts = np.bincount(ids, minlength=len(E))
    repeated = int(counts.argmax())
    template = (
        "An embedding of {rows} rows. The ids {ids} read the rows of the same numbers. On the way back each place "
        "passes its gradient to the row it was read from. Row {row} was read {count} times and gets the sum, {sums}; "
        "rows that were not read get 0."
    )
    alt = message(
        template,
        rows=len(E),
        ids=", ".join(map(str, ids)),
        row=repeated,
        count=counts[repeated],
        sums=listed(grad[repeated]),
    )
    return Picture(figure, alt)


def _table(ax: Axes, left: float, top: float, values: FloatArray) -> None:
    for (row, column), value in np.ndenumerate(values):
        x, y = left + 0.52 * column, top - 0.42 * row
        rectangle(ax, x, y - 0.17, 0.52, 0.34, fill=CELL_FILL)
        write(ax, x + 0.26, y - 0.01, f"{value:.3g}")


def _join(ax: Axes, start: Point, end: Point, top: float, of: str) -> None:
    (x, row), (to_x, to_row) = start, end
    arrow(ax, (x + 0.06, top - 0.42 * row), (to_x - 0.06, top - 0.42 * to_row), of=of)


@draws_picture
def affine_graph() -> Picture:
    """Draw ``ys = xs @ W + b`` as a graph of two nodes, with its gradients beneath."""
    figure, ax = new_canvas(8.0, 2.3)
    y, product, plus = 1.0, (2.7, 1.0), (4.9, 1.0)
    for left, right, symbol, shape in (
        (0.4, product[0] - NODE_RADIUS, "$xs$", "(N, T, D)"),
        (product[0] + NODE_RADIUS, plus[0] - NODE_RADIUS, "", ""),
        (plus[0] + NODE_RADIUS, 7.5, "$ys$", "(N, T, M)"),
    ):
        arrow(ax, (left, y + 0.07), (right, y + 0.07), symbol=symbol)
        arrow(ax, (right, y - 0.07), (left, y - 0.07), of="gradient")
        write(ax, (left + right) / 2, y - 0.62, shape, of="pale")
    for place, symbol, shape in (product, "$W$", "(D, M)"), (plus, "$b$", "(M,)"):
        arrow(ax, (place[0] - 0.07, 1.9), (place[0] - 0.07, y), leave=0.2, reach=NODE_RADIUS, of="weight")
        arrow(ax, (place[0] + 0.07, y), (place[0] + 0.07, 1.9), leave=NODE_RADIUS, reach=0.24, of="gradient")
        weight(ax, (place[0], 1.95), symbol, shape)
    node(ax, product, "@")
    node(ax, plus, "+")
    for x, text in (1.55, r"$dxs = dys\,W^{\!\top}$"), (6.2, "$dys$"):
        write(ax, x, y - 0.34, text, of="gradient", size=LARGE)
    write(ax, 3.2, 1.5, r"$dW = \sum\, xs^{\!\top} dys$", of="gradient", size=LARGE, ha="left")
    write(ax, 5.35, 1.5, r"$db = \sum\, dys$", of="gradient", size=LARGE, ha="left")
    write(ax, 4.0, 0.12, r"both sums run over all $N \cdot T$ places", of="pale")
    template = (
        "A graph of two nodes. Forward, xs (N, T, D) is multiplied by W (D, M), b (M,) is added, and ys (N, T, M) "
        "leaves to the right. Backward, dys comes in from the right; db is its sum and dW the sum of xs transposed "
        "times dys, both over all N times T places; dys times W transposed leaves to the left as dxs."
    )
    return Picture(figure, message(template))


# --- the loss ----------------------------------------------------------------------------------------------------


@draws_picture
def softmax_loss(probabilities: ArrayLike, target: int, gradient: ArrayLike) -> Picture:
    """Plot the probabilities of one place, and the gradient of the loss with respect to its logits.

    Args:
        probabilities (V,): softmax of the logits.
        target: id of the right word.
        gradient (V,): of the loss, softmax minus one-hot.

    Raises:
        ValueError: arrays of another shape.
    """
    p, gradient = to_arrays("(V,)", probabilities=probabilities, gradient=gradient)
    if not 0 <= target < p.size:
        raise ValueError(f"The target must be one of V words, 0 to {p.size - 1}: got {target}.")
    figure, axes = new_figure(8, 2.7, columns=2, sharex=True)
    words = range(p.size)
    looks = [LOOKS["target" if word == target else "probability"] for word in words]
    for ax, heights, title in zip(axes, (p, gradient), ("softmax", "gradient: softmax minus one-hot")):
        for word, height, look in zip(words, heights, looks):
            ax.bar(word, height, width=0.7, hatch=look.hatch, edgecolor=PAGE, **look.fill)
            note(ax, f"{height:.3g}", (word, height), (0, 4 if height >= 0 else -12), ha="center")
        zero_line(ax)
        ax.set(xlabel="word id", title=title, xticks=words)
        ax.margins(y=0.2)
    axes[0].set(ylabel="probability", ylim=(0, 1.2 * p.max()))
    axes[1].set(ylabel="gradient")
    note(axes[0], "target", (target, 0), (0, 14), of="target", ha="center")
    template = (
        "Two bar charts over {words} words. Softmax: {softmax}; word {target}, hatched, is the target. The gradient "
        "with respect to the logits: {gradient}. It is negative at the target alone, and its sum is {total:.2f}."
    )
    values = {"softmax": listed(p), "target": target, "gradient": listed(gradient), "total": abs(gradient.sum())}
    return Picture(figure, message(template, words=p.size, **values))


@draws_picture
def perplexity_ladder(models: Mapping[str, float], vocabulary_size: int, guess: Guess = ...) -> Picture:
    """Plot the perplexities of several models on one log axis, from a perfect 1 to all words equally likely.

    Args:
        models: dict from name to perplexity.
        vocabulary_size: V, the perplexity of guessing blindly.
        guess: a perplexity that the reader guessed, drawn as a line.

    Raises:
        ValueError: no models, or more than there are styles for.
    """
    check_entries(models, "models", len(SERIES) - 1)
    rungs = {"every word equally likely": vocabulary_size, **models}
    rungs = dict(sorted(rungs.items(), key=lambda rung: -rung[1]))
    figure, ax = new_figure(8, 0.45 * len(rungs) + 0.9)
    for height, (look, (name, value)) in enumerate(zip(looks_of(rungs), rungs.items())):
        ax.plot([1, value], [-height] * 2, **look.line)
        ax.plot(value, -height, look.marker, color=look.colour, ms=MARK, gid=look.name)
        beside = {"place": (value, -height), "offset": (9, 0), "va": "center"}
        above = {"place": (1, -height), "offset": (4, 7)}
        note(ax, f"{name}: {value:.0f}", of=look, size=MEDIUM, **(above if is_narrow() else beside))
    room = 3 if is_narrow() else 40  # where the names stand above the lines, or else beside them
    ax.set(xscale="log", xlim=(1, room * vocabulary_size), ylim=(0.6 - len(rungs), 0.6), yticks=[])
    plain_ticks(ax.xaxis, [tick for tick in (1, 10, 100, 1000, 10_000) if tick <= 2 * vocabulary_size])
    ax.set(xlabel="perplexity: effective number of choices", ylabel="model")
    ax.spines["left"].set_visible(False)
    mark_guess(ax, x=guess)
    values = [message("{name}: {perplexity:.0f}", name=name, perplexity=value) for name, value in rungs.items()]
    template = "Perplexities on a log axis that begins at 1, a perfect prediction. {values}."
    return Picture(figure, message(template, values=Listing(values)), spoken_guess(guess))


# --- the stream --------------------------------------------------------------------------------------------------


@draws_picture
def stream_rows(ids: ArrayLike, windows: Windows) -> Picture:
    """Draw how a stream is cut into rows, and the rows into windows: each row goes on in the next window.

    Args:
        ids (n,): the stream, its ids 0, 1, 2, …, at most 40.
        windows: list of (xs, targets), both (N, T), as batches come out of the stream.

    Raises:
        ValueError: too long a stream, or no windows.
    """
    ids = np.asarray(ids)
    if ids.ndim != 1 or len(ids) > 40 or not windows or len(windows) > _MOST_WINDOWS:
        raise ValueError(
            f"stream_rows draws at most 40 ids in 1 to {_MOST_WINDOWS} windows: got ids of shape {ids.shape} and "
            f"{len(windows)} windows."
        )
    count, widths = len(windows[0][0]), [np.shape(xs)[1] for xs, _ in windows]
    cell = min(0.36, 7.4 / max(len(ids), sum(widths) + 4))
    figure, ax = new_canvas(8.0, 1.2 + 0.55 * count)
    height = 0.75 + 0.55 * count
    owner = {int(word): number for number, (xs, _) in enumerate(windows) for word in np.ravel(xs)}
    write(ax, 0.15, height + 0.28, "the stream", ha="left", of="pale")
    for place, word in enumerate(ids):
        _id_cell(ax, 0.15 + cell * place, height, cell, word, owner.get(int(word)))
    left = 1.1
    for number, ((xs, targets), width) in enumerate(zip(windows, widths)):
        write(ax, left + cell * width / 2, height - 0.42, f"window {number}")
        for row in range(count):
            y = height - 0.8 - 0.55 * row
            for step in range(width):
                _id_cell(ax, left + cell * step, y, cell, xs[row][step], number)
            write(ax, left + cell * width - 0.02, y - 0.25, f"last target: {targets[row][-1]}", of="target",
                  ha="right")  # fmt: skip
            if number + 1 < len(windows):
                arrow(ax, (left + cell * width, y), (left + cell * width + 0.5, y), leave=0.04, reach=0.04,
                      of="h", width=THICK)  # fmt: skip
        left += cell * width + 0.5
    for row in range(count):
        write(ax, 0.95, height - 0.8 - 0.55 * row, f"row {row}", ha="right")
    unread = len(ids) - sum(count * width for width in widths)
    template = (
        "A stream of {ids} ids is cut into {rows} unbroken rows, and these into {windows} windows of {widths} steps."
    )
    steps = ", ".join(map(str, widths))
    alt = [message(template, ids=len(ids), rows=count, windows=len(windows), widths=steps)]
    template = "Row 0 reads {first}; row 1 reads nothing, as there is only one row."
    if count > 1:
        template = "Row 0 reads {first}; row 1 reads {second}."
    alt.append(message(template, first=_ids_of_row(windows, 0), second=_ids_of_row(windows, min(1, count - 1))))
    template = (
        "An arrow carries the state of each row into the same row of the next window. The last {unread} ids are never "
        "an input."
    )
    return Picture(figure, *alt, message(template, unread=unread))


def _ids_of_row(windows: Windows, row: int) -> Listing:
    first, *others = (" ".join(str(word) for word in xs[row]) for xs, _ in windows)
    return Listing([first, *(message("then {ids}", ids=ids) for ids in others)], ", ")


def _id_cell(ax: Axes, left: float, y: float, size: float, word: int, window: int | None) -> None:
    of, fill = ("frame", PAGE) if window is None else (f"window {window}", tint(f"window {window}", 0.35))
    rectangle(ax, left, y - 0.15, size, 0.3, of=of, fill=fill)
    write(ax, left + size / 2, y - 0.01, f"{word}", family="monospace")


@draws_picture
def truncated_bptt() -> Picture:
    """Draw three windows of truncated BPTT: the state passes the borders, the gradient does not."""
    figure, ax = new_canvas(8.0, 2.45)
    y, lefts = 1.35, (0.75, 3.2, 5.65)
    for number, left in enumerate(lefts):
        box(ax, left, 0.55, 1.75, 1.35, fill=FIELD_FILL)
        write(ax, left + 0.875, 2.07, f"window {number}", size=MEDIUM)
        for cell in (0.3, 0.875, 1.45):
            box(ax, left + cell - 0.2, y - 0.25, 0.4, 0.5, rounding=0.08)
        for cell in (1.45, 0.875):
            arrow(ax, (left + cell - 0.05, 0.83), (left + cell - 0.52, 0.83), of="gradient", width=THICK)
        line(ax, (left + 0.1, 0.7), (left + 0.1, 0.96), of="gradient", width=THICK)
    state_lines(ax, (0.1, *(left + cell for left in lefts for cell in (0.3, 0.875, 1.45)), 7.9), y, 0.2)
    for left in lefts[1:]:
        line(ax, (left - 0.35, 0.3), (left - 0.35, 2.15), of="border")
    write(ax, 0.35, y + 0.27, "$c$", of="c", size=LARGE)
    write(ax, 0.35, y - 0.28, "$h$", of="h", size=LARGE)
    write(ax, 4.0, 0.16, "the state crosses a border, the gradient stops there", of="pale")
    write(ax, lefts[0] + 0.9, 0.67, "gradient", of="gradient")
    template = (
        "Three windows of three LSTM steps each. Two arrows, the memory cell c and the hidden state h, run from left "
        "to right through all steps and across the borders between the windows. The gradient runs from right to left "
        "beneath them, and a bar stops it at the left edge of every window."
    )
    return Picture(figure, message(template))


@draws_picture
def recalled_by_age(recalled: Mapping[str, tuple[ByAge, ByAge]], choices: int, guess: Guess = ...) -> Picture:
    """Plot how well a key is recalled that was read some steps ago: in the same window, or in an earlier one.

    Args:
        recalled: dict from label to two dicts from age [steps] to perplexities (seeds,): of the keys in the same window
            and of those in an earlier one; the first may be empty. 1 to 4 labels.
        choices: perplexity of guessing.
        guess: the perplexity that the reader guessed for a key of an earlier window.

    Raises:
        ValueError: no such dict.
    """
    check_entries(recalled, "recalled", 4)
    if not all(earlier for _, earlier in recalled.values()):
        raise ValueError("recalled must hold dicts from age to perplexities, that of an earlier window not empty.")
    figure, axes = new_figure(8, 3.4, 2, sharey=True, width_ratios=(2, 3))
    highest = max(float(np.max(values)) for _, earlier in recalled.values() for values in earlier.values())
    ticks = [2**power for power in range(12) if 2**power < choices / 1.3]
    said = []
    for ax, case, title in zip(axes, (0, 1), ("read in the same window", "read in an earlier window")):
        ends = []
        for (label, found), look in zip(recalled.items(), looks_of(recalled)):
            if not found[case]:
                continue
            ages, seeds = list(found[case]), [np.ravel(values) for values in found[case].values()]
            means = [float(np.exp(np.mean(np.log(values)))) for values in seeds]
            ax.plot(ages, means, **look.marked)
            for age, values in zip(ages, seeds):
                ax.plot([age] * values.size, values, look.marker, color=look.colour, ms=DOT, alpha=0.35, mew=0,
                        gid=look.name)  # fmt: skip
            ends.append((means[-1], label, look))
            template = "{label}, {title}: {low:.1f} to {high:.1f}"
            said.append(message(template, label=label, title=title, low=min(means), high=max(means)))
        ax.axhline(choices, lw=FINE, **LOOKS["pale"].line)
        ax.set(yscale="log", ylim=(0.85, 3 * max(choices, highest)), xlabel="age of the key [steps]")
        ax.set_title(title)
        ax.set_yticks([*ticks, choices], [*map(str, ticks), f"{choices}, guessing"])
        oldest = max(max(found[case], default=1) for found in recalled.values())
        ax.set(xlim=(0.6, oldest + 0.4), xticks=range(1, oldest + 1))
        ax.minorticks_off()
        if case:
            mark_guess(ax, y=guess)
            name_line_ends(ax, ends, width=18)
    axes[0].set_ylabel("perplexity of the key")
    template = (
        "Perplexity of a key, 1 for known and {choices} for guessed, on a log axis, against the steps since it was "
        "read, on the left for keys in the same window and on the right for keys in an earlier one. Mean over the "
        "seeds, from the lowest age to the highest: {said}."
    )
    return Picture(figure, message(template, choices=choices, said=Listing(said)), spoken_guess(guess))


@draws_picture
def cost_of_forgetting(ratios: ArrayLike, guess: Guess = ...) -> Picture:
    """Plot how much worse each word is predicted after a reset of the state, by how many words were read since.

    Args:
        ratios (T,): perplexity after a reset, divided by that with the state carried on, at each place of a window.
        guess: after how many words the reader guessed the difference to be below 2 %.

    Raises:
        ValueError: nothing to draw.
    """
    ratios = to_array(ratios, "ratios", "(T,)")
    figure, ax = new_figure(8, 3.0)
    places = np.arange(1, ratios.size + 1)
    ax.plot(places, ratios, **LOOKS["set back"].marked)
    level(ax, 1, "state carried on", look=LOOKS["carried"], below=True)
    ax.set(xlabel="words read since the reset", ylabel="perplexity, as a multiple", xlim=(0, ratios.size + 1))
    ax.margins(y=0.2)
    mark_guess(ax, x=guess)
    firsts = [message("{ratio:.2f} after {words}", ratio=ratios[words - 1], words=words)
              for words in (1, 2, 5, 10) if words <= ratios.size]  # fmt: skip
    template = (
        "The perplexity of a word after the state was set back to zeros, as a multiple of that with the state carried "
        "on, against the words read since the reset: {firsts}; {last:.2f} over the last five."
    )
    alt = message(template, firsts=Listing(firsts, ", "), last=ratios[-5:].mean())
    return Picture(figure, alt, spoken_guess(guess))


@draws_picture
def perplexity_by_context(by_context: Mapping[int, float], whole: float, *, guess: Guess = ...) -> Picture:
    """Plot the perplexity of a model that is given only the last few words, against how many they are.

    Args:
        by_context: dict from number of words to perplexity.
        whole: its perplexity on the same words with the whole past, drawn as a horizontal line.
        guess: how many words the reader guessed to be enough.

    Raises:
        ValueError: nothing to draw, or a number of words below 1.
    """
    by_context = dict(sorted(by_context.items()))
    if not by_context or min(by_context) < 1:
        raise ValueError("by_context must be a dict from numbers of words, which are at least 1, to perplexities.")
    figure, ax = new_figure(8, 3.4)
    words, perplexities = list(by_context), list(by_context.values())
    ax.plot(words, perplexities, **LOOKS["yours"].marked)
    log_perplexity_axis(ax, [whole / 1.04, whole, *perplexities], room=1.06)
    ax.set(xscale="log", xlim=(0.85, 1.7 * words[-1]), xlabel="words that it is given", ylabel="perplexity")
    plain_ticks(ax.xaxis, words)
    for place, perplexity in by_context.items():
        note(ax, f"{perplexity:.1f}", (place, perplexity), (3, 6), of="yours")
    level(ax, whole, f"the whole past: {whole:.1f}", below=True)
    mark_guess(ax, x=guess)
    facts = [message("{perplexity:.1f} at {words}", perplexity=one, words=place) for place, one in by_context.items()]
    template = (
        "Perplexity against the number of words that a model is given before each one, both axes logarithmic: {facts}. "
        "A line marks {whole:.1f}, with the whole past."
    )
    return Picture(figure, message(template, facts=Listing(facts), whole=whole), spoken_guess(guess))


@draws_picture
def loss_by_word(words: Sequence[str], nlls: ArrayLike) -> Picture:
    """Write a text, each word on a ground that is the darker, the less it was expected, above its "1 in …".

    Args:
        words: as the model reads them, at most 60.
        nlls (n,): negative log-likelihood of each word [nats].

    Raises:
        ValueError: other numbers of words and losses, or too many.
    """
    nlls = to_array(nlls, "nlls", f"({len(words)},)")
    if len(words) > 60:
        raise ValueError(f"loss_by_word writes at most 60 words: got {len(words)}.")
    width = 4.0 if is_narrow() else 8.0
    letter, left = 0.092, 0.1
    lines: list[list[tuple[float, float, str, float]]] = [[]]
    for word, nll in zip(words, nlls):
        size = letter * max(len(word), len(_one_in(nll))) + 0.12
        if left + size > width - 0.1:
            lines.append([])
            left = 0.1
        lines[-1].append((left, size, word, float(nll)))
        left += size + 0.06
    figure, ax = new_figure(width, 0.62 * len(lines) + 0.3)
    figure.set_figheight(0.62 * len(lines) + 0.3)
    for number, row in enumerate(lines):
        y = -0.62 * number
        for left, size, word, nll in row:
            rectangle(ax, left, y, size, 0.28, of="target", fill=_ground(nll))
            write(ax, left + size / 2, y + 0.13, word, size=MEDIUM)
            write(ax, left + size / 2, y - 0.12, _one_in(nll), of="pale")
    ax.set(xlim=(0, width), ylim=(-0.62 * len(lines) + 0.3, 0.4))
    ax.set_axis_off()
    order = np.argsort(nlls)
    least, most = (", ".join(words[place] for place in places) for places in (order[:3], order[::-1][:3]))
    template = (
        "A text of {count} words, each on a ground that is the darker, the less the model expected it; below each "
        "stands one in how many chances it was given. Expected most: {least}. Expected least: {most}. Perplexity of "
        "the text: {perplexity:.0f}."
    )
    return Picture(figure, message(template, count=len(words), least=least, most=most, perplexity=np.exp(nlls.mean())))


#: The ground of a word, by the chance it was given: from one in so many on, so much of the colour.
_GROUNDS = {2: 0.12, 10: 0.2, 50: 0.3, 200: 0.35, 1000: 0.5}


def _ground(nll: float) -> Any:
    """Return the ground of a word of that loss."""
    shares = [share for chances, share in _GROUNDS.items() if nll >= np.log(chances)]
    return tint("target", shares[-1]) if shares else PAGE


def _one_in(nll: float) -> str:
    """Return a probability as one in so many, to two digits."""
    number = float(f"{np.exp(min(nll, 15.0)):.2g}")
    return f"1 in {number:,.{0 if number >= 10 else 1}f}"


@draws_picture
def training_curve(
    perplexities: ArrayLike, every: int, total: int, baselines: Mapping[str, float], guess: Guess = ...
) -> Picture:
    """Plot the perplexity of a run that may still be going on.

    Args:
        perplexities (n,): mean over each stretch of updates.
        every: updates in a stretch.
        total: updates of the whole run.
        baselines: dict from name to perplexity, drawn as horizontal lines.
        guess: after how many updates the reader guessed that something would happen.

    Raises:
        ValueError: nothing to draw.
    """
    perplexities = to_array(perplexities, "perplexities", "(n,)")
    figure, ax = new_figure(8, 3.2)
    updates = every * np.arange(1, perplexities.size + 1)
    ax.plot(updates, perplexities, **LOOKS["training"].marked)
    lines = baseline_levels(ax, baselines, ["training"])
    log_perplexity_axis(ax, [*perplexities, *baselines.values()], room=1.3)
    ax.set(xlabel="updates", ylabel="perplexity", xlim=(0, total))
    mark_guess(ax, x=guess)
    template = (
        "Perplexity of the words just read, against updates, on a log axis: {first:.0f} over the first {every}, "
        "{last:.0f} after {updates} of {total}. Lines beside it: {lines}."
    )
    values = {"first": perplexities[0], "every": every, "last": perplexities[-1], "updates": updates[-1]}
    return Picture(figure, message(template, total=total, lines=lines, **values), spoken_guess(guess))


@draws_picture
def next_words(distributions: Mapping[float, ArrayLike], words: Sequence[str]) -> Picture:
    """Plot the probabilities of the next word at several temperatures, side by side.

    Args:
        distributions: dict from temperature to probabilities (n,), of the same words.
        words: the n words.

    Raises:
        ValueError: none, too many, or of another length than the words.
    """
    distributions = to_dict(distributions, "distributions", f"({len(words)},)", most=4)
    figure, axes = new_figure(8, 0.24 * len(words) + 1.1, len(distributions), sharex=True, sharey=True, squeeze=False)
    places, highest = [-place for place in range(len(words))], max(np.max(p) for p in distributions.values())
    sentences = []
    for ax, (temperature, p) in zip(axes[0], distributions.items()):
        ax.barh(places, p, height=0.7, **LOOKS["probability"].fill)
        for place, value in zip(places, p):
            note(ax, f"{value:.2f}", (value, place), (3, 0), va="center")
        ax.set(title=f"temperature {temperature:g}", xlabel="probability", xlim=(0, 1.2 * highest))
        ax.locator_params(axis="x", nbins=3)
        ax.grid(axis="y", visible=False)
        sentences.append(message("at temperature {temperature:g} {share:.2f}", temperature=temperature, share=p[0]))
    axes[0, 0].set_yticks(places, words)
    axes[0, 0].set_ylabel("next word")
    template = (
        "Bars: the probabilities of {count} words at {temperatures} temperatures. The likeliest, {likeliest}, has "
        "{chances}."
    )
    alt = message(
        template,
        count=len(words),
        temperatures=len(distributions),
        likeliest=words[0],
        chances=Listing(sentences, ", "),
    )
    return Picture(figure, alt)
