"""Figures of a network that has learned a task with a long memory: how long it took, its gates, and its gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.language.message import Listing, Message, message
from helpers.plots.arguments import check_entries, to_dict
from helpers.plots.axes import border, drawable, listed, name_line_ends, note
from helpers.plots.guess import Guess, mark_guess, spoken_guess
from helpers.plots.narrow import broken, is_narrow
from helpers.plots.picture import Picture, draws_picture
from helpers.plots.style import LINE, LOOKS, MARK, MEDIUM, POINT, THICK, Look, looks_of, new_figure, tint

_TICKS = (50, 100, 200, 500, 1000, 2000, 5000, 10000)


@draws_picture
def updates_until_solved(rows: Mapping[str, Sequence[float]], *, limit: int, guess: Guess = ...) -> Picture:
    """Mark for every seed of some networks after how many updates it had learned a task, on a log axis.

    Args:
        rows: dict from label to the updates of each seed, inf where the task was not learned.
        limit: how many updates each network had.
        guess: a number of updates, drawn as a vertical line.

    Raises:
        ValueError: no such dict.
    """
    updates = to_dict(rows, "rows", "(seeds,)", most=8)
    figure, ax = new_figure(8, 0.8 + 0.5 * len(updates))
    beyond, sentences = 1.5 * limit, []
    for number, ((label, values), look) in enumerate(zip(updates.items(), _looks_of_kinds(updates))):
        solved = np.isfinite(values)
        heights = number + np.linspace(-0.22, 0.22, values.size)
        ax.plot(values[solved], heights[solved], look.marker, ms=MARK, color=look.colour, gid=look.name)
        ax.plot(np.full((~solved).sum(), beyond), heights[~solved], "x", color=LOOKS["pale"].colour, gid="pale")
        note(ax, f"{solved.sum()} of {values.size}", (1, number), (6, 0), of=look, size=MEDIUM, va="center",
             on=ax.get_yaxis_transform())  # fmt: skip
        sentences.append(_solved(label, values))
    border(ax, 1.2 * limit)
    ax.set(
        xscale="log",
        xlim=(80, 2 * limit),
        ylim=(len(updates) - 0.5, -0.8),
        xlabel="updates until solved",
        ylabel="layer and start",
    )
    ticks = [tick for tick in ((100, 1000) if is_narrow() else _TICKS) if 80 <= tick <= limit]
    ax.xaxis.set_ticks([*ticks, beyond], [*(f"{tick:,}" for tick in ticks), "never"])
    ax.xaxis.set_ticks([], minor=True)
    ax.set_yticks(range(len(updates)), [broken(label, 16) if is_narrow() else label for label in updates])
    ax.grid(axis="y", visible=False)
    if not is_narrow():
        note(ax, "solved", (1, -0.55), (6, 0), of="pale", on=ax.get_yaxis_transform(), va="center")
    mark_guess(ax, x=guess)
    template = (
        "Updates until a task is solved, one mark for each seed, on a log axis up to {limit:,} updates. {sentences}."
    )
    return Picture(figure, message(template, limit=limit, sentences=Listing(sentences)), spoken_guess(guess))


def _solved(label: str, updates: FloatArray) -> Message:
    times = updates[np.isfinite(updates)]
    if not times.size:
        return message("{label}: 0 of {seeds} seeds", label=label, seeds=updates.size)
    template = "{label}: {solved} of {seeds} seeds, after {first:.0f} to {last:.0f}"
    return message(template, label=label, solved=times.size, seeds=updates.size, first=times.min(), last=times.max())


def _looks_of_kinds(labels: Mapping[str, object]) -> list[Look]:
    """Return one look for all the networks of a kind: the text says how they start."""
    return [
        LOOKS[label.partition(",")[0]] if label.partition(",")[0] in LOOKS else looks_of([label])[0] for label in labels
    ]


@draws_picture
def solved_by_rate(rows: Mapping[str, Mapping[float, int]], *, seeds: int) -> Picture:
    """Plot how many seeds of some networks learned a task, against the learning rate on a log axis.

    Args:
        rows: dict from label to dict from learning rate to the number of seeds that learned it.
        seeds: how many there were at each rate.

    Raises:
        ValueError: no such dict.
    """
    check_entries(rows, "rows", 4)
    figure, ax = new_figure(8, 2.8)
    sentences, looks = [], _looks_of_kinds(rows)
    for (label, by_rate), look in zip(rows.items(), looks):
        rates, counts = zip(*sorted(by_rate.items()))
        ax.plot(rates, counts, **look.marked | {"ms": MARK})
        told = [message("{count} at {rate:g}", count=count, rate=rate) for rate, count in zip(rates, counts)]
        sentences.append(message("{label}: {counts}", label=label, counts=Listing(told, ", ")))
        best = int(np.argmax(counts))
        note(ax, label, (rates[best], counts[best]), (0, 8), of=look, size=MEDIUM, ha="center")
    ax.set(xscale="log", xlabel="learning rate", ylabel=f"solved, of {seeds} seeds", ylim=(-0.3, seeds + 0.9))
    ax.set_yticks(range(seeds + 1))
    ax.margins(x=0.12)
    template = "How many of {seeds} seeds learned a task, by learning rate. {sentences}."
    return Picture(figure, message(template, seeds=seeds, sentences=Listing(sentences)))


_NAMES = {"f": "forget gate f", "i": "input gate i", "o": "output gate o", "g": "new memory, size of g"}


@draws_picture
def gates_by_symbol(gates: Mapping[str, Mapping[str, ArrayLike]]) -> Picture:
    """Mark how far the gates of each unit are open, and how large its new memory is, on average at several symbols.

    Args:
        gates: dict from "f", "i", "o" or "g" to dict from symbol to an average for each unit (units,), 0 to 1; of up to
            three symbols the first is drawn hollow.

    Raises:
        ValueError: no such dict.
    """
    check_entries(gates, "gates", 3)
    figure, axes = new_figure(8, 3.2, len(gates), squeeze=False, sharex=True, sharey=True)
    sentences = []
    for ax, (gate, by_symbol) in zip(axes[0], gates.items()):
        look, marks = LOOKS[gate], to_dict(by_symbol, f"gates[{gate!r}]", "(units,)", most=3, finite=True)
        for number, (symbol, values) in enumerate(marks.items()):
            style = {"marker": "o^v"[number], "color": look.colour if number else "none", "edgecolors": look.colour}
            ax.scatter(range(values.size), values, POINT**2, gid=gate, label=symbol, **style)
            template = "{gate} at {symbol}: {median:.2f}"
            sentences.append(message(template, gate=_NAMES[gate], symbol=symbol, median=np.median(values)))
        ax.set(title=_NAMES[gate], xlabel="unit", ylim=(-0.04, 1.06))
    axes[0, 0].legend(loc="best", handletextpad=0.1)
    axes[0, 0].set_ylabel("average")
    template = "Averages for each of {units} units, on a scale from 0 to 1. Medians of the units: {sentences}."
    return Picture(figure, message(template, units=values.size, sentences=Listing(sentences)))


@draws_picture
def gradient_by_step(norms: Mapping[str, ArrayLike], *, marked: Mapping[int, str]) -> Picture:
    """Plot on a log scale which share of the gradient of one sequence reaches each of its steps.

    Args:
        norms: dict from label to the norm of the gradient at each step (T,).
        marked: steps at which the input matters, and the names of what is there.

    Raises:
        ValueError: no such dict.
    """
    lines = to_dict(norms, "norms", "(T,)", most=3)
    figure, ax = new_figure(8, 3.2)
    for step, symbol in marked.items():
        ax.axvspan(step - 0.5, step + 0.5, facecolor=tint("pale"), lw=0, gid="pale", zorder=0)
        note(ax, symbol, (step, 1), (0, 3), of="ink", size=MEDIUM, on=ax.get_xaxis_transform(), ha="center")
    shares = {label: values / values.sum() for label, values in lines.items()}
    looks = [LOOKS["gradient"] if number else LOOKS["reference"] for number in range(len(shares))]
    for number, (share, look) in enumerate(zip(shares.values(), looks)):
        ax.plot(drawable(share), lw=THICK if number else LINE, **look.line)
    ax.set(yscale="log", xlabel="step", ylabel="share of the gradient")
    ax.margins(x=0.01)
    name_line_ends(ax, [(share[-1], label, look) for (label, share), look in zip(shares.items(), looks)], width=12)
    template = "{label}: {shares} at {symbols}, {rest:.1e} in the middle of the others"
    facts = []
    for label, share in shares.items():
        at, rest = listed((share[step] for step in marked), ".1e"), np.median(np.delete(share, list(marked)))
        facts.append(message(template, label=label, shares=at, symbols=", ".join(marked.values()), rest=rest))
    template = "Share of the gradient that reaches each of {steps} steps, on a log scale. {facts}."
    return Picture(figure, message(template, steps=share.size, facts=Listing(facts)))
