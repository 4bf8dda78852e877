"""Figures of the full model: what tying saves, the parts of its gradient, the stack, its training, its ablation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from helpers.language.message import Listing, Message, message
from helpers.plots.arguments import to_array, to_arrays, to_dict
from helpers.plots.axes import baseline_levels, heat_map, listed, log_perplexity_axis, name_line_ends, note
from helpers.plots.diagrams import arrow, layer_box, line, state_lines, write
from helpers.plots.dropout import marked_arrow
from helpers.plots.guess import Guess, as_number, mark_guess, spoken_guess
from helpers.plots.narrow import is_narrow
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import (
    DOT,
    FINE,
    GROUND,
    LARGE,
    LINE,
    LOOKS,
    MARK,
    MEDIUM,
    PAGE,
    RING,
    SIGNED,
    THICK,
    new_canvas,
    new_figure,
    tint,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PARTS = "E", "LSTMs", "W", "b"


@draws_picture
def parameter_counts(models: Mapping[str, Mapping[str, int]], guess: Guess = ...) -> Picture:
    """Plot how many numbers several models learn, each a bar of its parts.

    Args:
        models: dict from name to a dict from part ("E", "LSTMs", "W", "b") to a count.
        guess: a share of the first model's numbers, 0 to 1, that the reader guessed the last one to learn.

    Raises:
        ValueError: no models, or an unknown part.
    """
    if not models or any(set(parts) - set(_PARTS) for parts in models.values()):
        raise ValueError(f"Give at least one model, its counts under {', '.join(_PARTS)}.")
    figure, ax = new_figure(8, 1.1 + 0.55 * len(models))
    totals = {name: sum(parts.values()) for name, parts in models.items()}
    widest = max(totals.values())
    between, room = ("\n", 1.3) if is_narrow() else (" ", 1.16)
    for row, (name, parts) in enumerate(models.items()):
        left = 0
        for part, count in parts.items():
            ax.barh(row, count, left=left, height=0.6, edgecolor=PAGE, hatch=LOOKS[part].hatch, **LOOKS[part].fill)
            if count > (0.15 if is_narrow() else 0.08) * widest:
                write(ax, left + count / 2, row, f"{part}:{between}{count:,}", bbox=GROUND)
            left += count
        note(ax, f"{totals[name]:,}", (left, row), (6, 0), size=MEDIUM, va="center")
    ax.set_yticks(range(len(models)), models)
    ax.set(xlim=(0, room * widest), ylim=(len(models) - 0.5, -0.5), xlabel="numbers that are learned", ylabel="model")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    if is_narrow():
        ax.locator_params(axis="x", nbins=3)
    if (share := as_number(guess)) is not None:
        ax.set_ylim(top=-0.8)  # room for its name, above the bars
        mark_guess(ax, x=share * next(iter(totals.values())))
    counts = Listing([_counted(name, parts) for name, parts in models.items()])
    template = "How many numbers each model learns, as a bar of its parts. {counts}."
    return Picture(figure, message(template, counts=counts), spoken_guess(guess))


def _counted(name: str, parts: Mapping[str, int]) -> Message:
    counts = [message("{part} {count:,}", part=part, count=count) for part, count in parts.items()]
    template = "{name}: {total:,}, of which {counts}"
    return message(template, name=name, total=sum(parts.values()), counts=Listing(counts, ", "))


@draws_picture
def summed_gradient(embedding: ArrayLike, output: ArrayLike) -> Picture:
    """Plot the two parts of a tied matrix's gradient and their sum, one row for each word.

    Args:
        embedding (V, D): the part that came through the embedding.
        output (V, D): the part that came through the output layer.

    Raises:
        ValueError: shapes that differ.
    """
    embedding, output = to_arrays("(V, D)", embedding=embedding, output=output)
    parts = {"through the embedding": embedding, "through the output": output, "E.grad, their sum": embedding + output}
    figure, axes = new_figure(8, 3.3, columns=3, sharey=True)
    most = max(float(np.abs(part).max()) for part in parts.values()) or 1.0
    for ax, (title, part) in zip(axes, parts.items()):
        image = heat_map(ax, part, SIGNED, -most, most)
        ax.set(title=title, xlabel="feature")
        ax.locator_params(integer=True)
    axes[0].set_ylabel("word")
    figure.colorbar(image, ax=axes, shrink=0.85, label="gradient")
    nonzero = [int(np.sum(np.any(part != 0, axis=1))) for part in parts.values()]
    template = (
        "Three tables of a gradient, a row for each of {words} words, red above and blue below zero. The embedding's "
        "part has {embedding} rows that are not zero, the output's part {output}, and their sum is the gradient of E."
    )
    return Picture(figure, message(template, words=len(embedding), embedding=nonzero[0], output=nonzero[1]))


_HEIGHTS = {"Embedding": 0.85, "LSTM 1": 1.8, "LSTM 2": 2.75, "TiedAffine": 3.7, "SoftmaxCrossEntropy": 4.45}
#: The output of each layer, for a figure without owners.
_OUTPUTS = dict.fromkeys(_HEIGHTS, "(N, T, H)") | {"TiedAffine": "(N, T, V)", "SoftmaxCrossEntropy": "one number"}
_HALF_WIDTH, _HALF_HEIGHT = 0.58, 0.22


@draws_picture
def full_model(words: Sequence[str], owners: Mapping[str, str] | None = None) -> Picture:
    """Draw the full model, unrolled: two LSTMs, three shared masks, one matrix at both ends, and who wrote each layer.

    Args:
        words: four words that follow each other; the last three are the targets of the first three.
        owners: dict from "Embedding", "VariationalDropout", "LSTM", "TiedAffine" and "SoftmaxCrossEntropy" to "yours"
            or "the reference's"; if None, the shape of each layer's output is written instead.

    Raises:
        ValueError: another number of words, or an owner is missing.
    """
    needed = ("Embedding", "VariationalDropout", "LSTM", "TiedAffine", "SoftmaxCrossEntropy")
    if len(words) != 4 or (owners is not None and any(name not in owners for name in needed)):
        raise ValueError(f"full_model needs four words and an owner for each of {', '.join(needed)}.")
    figure, ax = new_canvas(8.0, 5.15)
    centres = (2.25, 4.05, 5.85)
    for name in "LSTM 1", "LSTM 2":
        state_lines(ax, (1.3, *centres, 7.0), _HEIGHTS[name], _HALF_WIDTH)
        for shift, letter in (0.1, "c"), (-0.1, "h"):
            write(
                ax, 1.24, _HEIGHTS[name] + shift, f"${letter}$", of=letter, size=LARGE, ha="right", va="center_baseline"
            )
    levels = [*_HEIGHTS.values()]
    beside = _OUTPUTS if owners is None else {name: owners[name.split(" ")[0]] for name in _HEIGHTS}
    for step, x in enumerate(centres):
        write(ax, x, 0.22, words[step], size=MEDIUM, family="monospace")
        arrow(ax, (x, 0.34), (x, levels[0]), reach=_HALF_HEIGHT, of="x")
        for number, (low, high) in enumerate(pairwise(levels)):
            of, mark = ("x", "h", "h", "ink")[number], f"mask {number}" if number < 3 else ""
            marked_arrow(ax, (x, low), (x, high), _HALF_HEIGHT, _HALF_HEIGHT, of, mark)
        for name, y in _HEIGHTS.items():
            of = {"yours": "yours", "the reference's": "reference"}.get(beside[name], "frame")
            shown = "softmax, loss" if name == "SoftmaxCrossEntropy" else name
            layer_box(ax, x, y, _HALF_WIDTH, _HALF_HEIGHT, shown, of=of, fill=tint(of))
        write(ax, x, 4.95, f"target: {words[step + 1]}", of="target")
        arrow(ax, (x, 4.86), (x, levels[-1]), reach=_HALF_HEIGHT, of="target")
    for name, y in _HEIGHTS.items():
        write(ax, 0.08, y, beside[name], of="pale", ha="left")
    if owners is not None:
        masks = f"masks: {owners['VariationalDropout']}"
        write(ax, 0.08, (levels[0] + levels[1]) / 2, masks, of="pale", ha="left")
    edge, tie, low, high = centres[-1] + _HALF_WIDTH, 7.35, levels[0], levels[3]
    line(ax, (edge, low), (tie, low), (tie, high), (edge, high), of="weight", width=THICK, linestyle="--")
    write(ax, tie + 0.08, (low + high) / 2, "one\nmatrix\n$E$\n(V, H)", of="weight", size=MEDIUM, ha="left")
    template = (
        "The full model over three steps. Words go up through the embedding, two LSTM layers whose states run to the "
        "right, and the tied output, to the loss against the target. There is a mask after the embedding and after "
        "each LSTM, of one colour along each row: the same at every step. A dashed line ties the embedding to the "
        "output: one matrix E."
    )
    if owners is None:
        return Picture(figure, message(template))
    whose = Listing([message("{layer}: {owner}", layer=name, owner=owners[name]) for name in needed])
    return Picture(figure, message(template), message("{owners}.", owners=whose))


@draws_picture
def decay_on_plateau(
    perplexities: ArrayLike,
    learning_rates: ArrayLike,
    epochs: int,
    baselines: Mapping[str, float],
    *,
    guess: Guess = ...,
) -> Picture:
    """Plot validation perplexity and learning rate of a run that may still be going on.

    Args:
        perplexities (n,): after each epoch.
        learning_rates (n,): of each epoch.
        epochs: of the whole run.
        baselines: dict from name to validation perplexity, drawn as horizontal lines.
        guess: a perplexity that the reader guessed, drawn as a line.

    Raises:
        ValueError: nothing to draw, or two lengths.
    """
    perplexities, rates = to_arrays("(n,)", perplexities=perplexities, learning_rates=learning_rates)
    figure, (ax, below) = new_figure(8, 4.2, rows=2, sharex=True, height_ratios=(3, 1))
    numbers = np.arange(1, perplexities.size + 1)
    validation = LOOKS["validation"]
    ax.plot(numbers, perplexities, **validation.marked)
    note(ax, "validation", (numbers[0], perplexities[0]), (8, 4), of=validation, size=MEDIUM)
    best = np.minimum.accumulate(np.where(np.isfinite(perplexities), perplexities, np.inf))
    worse = np.flatnonzero(~(perplexities[1:] < best[:-1])) + 1
    ax.plot(
        numbers[worse], perplexities[worse], "o", ms=RING, mfc="none", color=LOOKS["ink"].colour, mew=LINE, gid="ink"
    )
    for number in worse[:1]:  # one label is enough, and the circles may be close together
        # Where the curve hardly rises, the text stands below it: above, it would hide a baseline, or the curve itself.
        flat = number > 2 and perplexities[number] < 1.05 * perplexities[number - 1]
        offset, side = ((-8, -20), "right") if flat else ((10, 3), "left")
        place = numbers[number], perplexities[number]
        note(ax, "not below the best", place, offset, ha=side)
    lines = baseline_levels(ax, baselines, ["validation"])
    log_perplexity_axis(ax, [*perplexities[np.isfinite(perplexities)], *baselines.values()], room=1.2)
    mark_guess(ax, y=guess)
    ax.set_ylabel("perplexity")
    below.step(numbers, rates, where="mid", **LOOKS["ink"].line)
    below.plot(numbers, rates, "o", color=LOOKS["ink"].colour, ms=DOT, gid="ink")
    below.set(xlabel="epoch", ylabel="learning\nrate", xlim=(0.5, epochs + 0.5), ylim=(0, 1.2 * rates.max()))
    below.locator_params(axis="x", integer=True)
    template = "after epoch {epoch} from {before:g} to {after:g}"
    falls = [message(template, epoch=number, before=before, after=after)
             for number, (before, after) in enumerate(pairwise(rates), 1) if after != before]  # fmt: skip
    values = {"first": perplexities[0], "last": perplexities[-1], "epoch": perplexities.size, "epochs": epochs}
    values["rate"] = Listing(falls) if falls else message("constant at {rate:g}", rate=rates[0])
    template = (
        "Validation perplexity after each epoch, {first:.0f} at first and {last:.0f} after epoch {epoch} of {epochs}; "
        "beneath, the learning rate: {rate}. Epochs not below the best so far are circled."
    )
    beside = message("Lines beside it: {lines}.", lines=lines) if baselines else ""
    return Picture(figure, message(template, **values), beside, spoken_guess(guess))


@draws_picture
def beside_reference(perplexities: ArrayLike, reference: ArrayLike) -> Picture:
    """Plot the validation perplexity of a run beside those of the reference, from the third epoch on.

    Args:
        perplexities (epochs,): after each epoch of the run.
        reference (seeds, epochs): after each epoch of the reference's runs.

    Raises:
        ValueError: fewer than four epochs, or another number of them in the reference's runs.
    """
    perplexities = to_array(perplexities, "perplexities", "(epochs,)")
    reference = to_array(reference, "reference", f"(seeds, {perplexities.size})")
    if perplexities.size < 4:
        raise ValueError(f"beside_reference draws at least 4 epochs: got {perplexities.size}.")
    figure, ax = new_figure(8, 3.2)
    numbers, runs = np.arange(3, perplexities.size + 1), [*reference[:, 2:], perplexities[2:]]
    for run in runs[:-1]:
        ax.plot(numbers, run, lw=LINE, **LOOKS["reference"].line)
    ax.plot(numbers, runs[-1], **LOOKS["yours"].marked)
    ax.set(xlabel="epoch", ylabel="validation perplexity", xlim=(2.5, perplexities.size + 0.5))
    ax.locator_params(axis="x", integer=True)
    name_line_ends(
        ax, [(runs[-1][-1], "this model", LOOKS["yours"]), (runs[0][-1], "the reference", LOOKS["reference"])]
    )
    template = (
        "Validation perplexity from epoch 3 to {epochs}: this model ends at {last:.0f}, the {seeds} runs of the "
        "reference, drawn dashed, at {reference}."
    )
    ends = listed(reference[:, -1], ".0f")
    alt = message(template, epochs=perplexities.size, last=perplexities[-1], seeds=len(reference), reference=ends)
    return Picture(figure, alt)


@draws_picture
def ablation(rows: Mapping[str, ArrayLike], guess: Mapping[str, Guess] | None = None) -> Picture:
    """Plot the perplexity of each row of an ablation: a point for each seed, the mean, and one standard deviation.

    Args:
        rows: dict from name to perplexities (seeds,), each row with one more change than the one above.
        guess: dict from some of the names to a mean that the reader guessed, drawn as a mark in that row.

    Raises:
        ValueError: no rows, or fewer than two seeds.
    """
    guesses = {name: as_number(one) for name, one in (guess or {}).items()}
    given = {name: number for name, number in guesses.items() if number is not None}
    figure, ax, facts = _by_seed(rows, given.values())
    rows = to_dict(rows, "rows", "(seeds,)")
    ax.plot([values.mean() for values in rows.values()], range(len(rows)), lw=FINE, zorder=1, **LOOKS["pale"].line)
    ax.set_ylabel("row")
    look = LOOKS["guess"]
    for name, number in given.items():
        ax.plot(number, list(rows).index(name), look.marker, color=look.colour, ms=MARK, gid=look.name)
    if given:
        name, number = next(iter(given.items()))
        note(ax, "your guess", (number, list(rows).index(name)), (0, 9), of=look, ha="center")
    guessed = [message("{name} {guess:g}", name=name, guess=number) for name, number in given.items()]
    template = "An ablation, each row with one more change: test perplexity, mean and deviation. {rows}."
    told = message("Your guesses: {guesses}.", guesses=Listing(guessed, ", ")) if given else ""
    return Picture(figure, message(template, rows=facts), told)


@draws_picture
def perplexity_by_seed(rows: Mapping[str, ArrayLike], guess: Guess = ...) -> Picture:
    """Plot the test perplexity of some models: a point for each seed, the mean, and one standard deviation.

    Args:
        rows: dict from name to perplexities (seeds,).
        guess: a mean that the reader guessed, drawn as a line.

    Raises:
        ValueError: no rows, or fewer than two seeds.
    """
    number = as_number(guess)
    figure, ax, facts = _by_seed(rows, [] if number is None else [number])
    ax.set_ylabel("model")
    mark_guess(ax, x=guess)
    template = "Test perplexity, a point for each seed, mean and deviation. {rows}."
    return Picture(figure, message(template, rows=facts), spoken_guess(guess))


def _by_seed(rows: Mapping[str, ArrayLike], guesses: Collection[float] = ()) -> tuple[Figure, Axes, Listing]:
    """Draw a row for each of some models, with room for some guesses, and return the facts about them as well."""
    from matplotlib.patches import Rectangle

    rows = to_dict(rows, "rows", "(seeds,)")
    if any(values.size < 2 for values in rows.values()):
        raise ValueError("Each row needs at least two seeds.")
    figure, ax = new_figure(8, 0.9 + 0.55 * len(rows))
    look = LOOKS["test"]
    for number, values in enumerate(rows.values()):
        mean, spread = values.mean(), values.std(ddof=1)
        band = Rectangle((mean - spread, number - 0.12), 2 * spread, 0.24, facecolor=tint("test", 0.35), gid="test")
        ax.add_patch(band)
        ax.plot(values, [number] * values.size, look.marker, color=look.colour, ms=MARK, mec=PAGE, gid=look.name)
        beside = {"on": ax.get_yaxis_transform(), "ha": "right", "va": "center"}
        note(ax, f"{mean:.1f} ± {spread:.1f}", (1, number), (-4, 0), size=MEDIUM, of=look, **beside)
    room = 0.6 if is_narrow() else 0.35
    low, high = (pick([*guesses, *(float(pick(values)) for values in rows.values())]) for pick in (min, max))
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlim=(low - 0.5, high + room * (high - low) + 0.5))
    ax.set_yticks(range(len(rows)), rows)
    ax.set(xlabel="test perplexity, one point for each seed")
    template = "{name}: {mean:.1f} ± {spread:.1f}"
    facts = [message(template, name=name, mean=values.mean(), spread=values.std(ddof=1))
             for name, values in rows.items()]  # fmt: skip
    return figure, ax, Listing(facts)
