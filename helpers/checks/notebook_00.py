"""The exercise of notebook 00 and the mistakes people make in it."""

import numpy as np

from helpers.checks.exercise import Exercise, Misconception
from helpers.nn import functional


def _draw(rng, sizes):
    a = rng.normal(0, 3, (sizes.N, sizes.H))
    # The two ends, where a careless formula overflows. Large values of a draw make them larger still.
    return {"a": np.concatenate([a, np.full((1, sizes.H), 1000.0), np.full((1, sizes.H), -1000.0)])}


def _in_place(a):
    y = functional.sigmoid(a)
    a[...] = y
    return a


def _whole_where(a):
    return np.where(a >= 0, 1 / (1 + np.exp(-a)), np.exp(a) / (1 + np.exp(a)))


SIGMOID = Exercise(
    id="0.1",
    name="sigmoid",
    title="A sigmoid that never overflows",
    stars=1,
    reference=functional.sigmoid,
    results={"y": "(N, H)"},
    draw=_draw,
    example={"a": np.array([[0.0, 2.0, -2.0]])},
    misconceptions=(
        Misconception(
            lambda a: 1 / (1 + np.exp(-a)),
            "the textbook formula `1 / (1 + np.exp(-a))`: right, until `np.exp(-a)` overflows at a = -1000",
            "Give `np.exp` no large positive number: `np.exp(-np.abs(a))` is safe on both sides, and so is `np.tanh`.",
        ),
        Misconception(
            _whole_where,
            "an `np.where` with both formulas inside: it computes *both* for every element, so one overflows",
            "Make the argument of `np.exp` safe before the choice: `np.exp(-np.abs(a))` serves both branches.",
        ),
        Misconception(
            lambda a: np.exp(a) / (1 + np.exp(a)),
            "`np.exp(a) / (1 + np.exp(a))`: at a = 1000 that is infinity divided by infinity",
            "Give `np.exp` no large positive number: `np.exp(-np.abs(a))` is safe on both sides, and so is `np.tanh`.",
        ),
        Misconception(
            lambda a: 1 / (1 + np.exp(a)),
            "`1 / (1 + np.exp(a))`, which is σ(-a), and overflows at a = 1000",
            "Two things: the sign inside `np.exp`, and a form that never gives it a large positive number.",
        ),
        Misconception(
            lambda a: 1 / (1 + np.exp(-np.abs(a))),
            "`1 / (1 + np.exp(-np.abs(a)))` for every a: safe, and right for a ≥ 0 only",
            "For a < 0 use the other branch, e / (1 + e) with e = `np.exp(-np.abs(a))`.",
        ),
        Misconception(
            lambda a: np.tanh(a / 2),
            "`np.tanh(a / 2)`: it runs from -1 to 1, a sigmoid from 0 to 1",
            "Add 1, then halve.",
        ),
        Misconception(
            lambda a: functional.sigmoid(-a),
            "a sigmoid with the sign turned round: it falls from 1 to 0 instead of rising",
            "σ(a) must come near 1 for large positive `a`; check the sign inside `np.exp`.",
        ),
        Misconception(
            np.tanh,
            "`np.tanh(a)`: it runs from -1 to 1, a sigmoid from 0 to 1",
            "σ(a) = (1 + tanh(a/2)) / 2: the same curve, shifted and squeezed.",
        ),
        Misconception(
            lambda a: (1 + np.tanh(a)) / 2,
            "`(1 + np.tanh(a)) / 2`, which is σ(2a): the half inside the tanh is missing",
            "σ(a) = (1 + tanh(a/2)) / 2.",
        ),
        Misconception(
            lambda a: functional.sigmoid(np.clip(a, -10, 10)),
            "a sigmoid of `a` cut off at ±10: σ(-1000) is then 0.0000454, not 0",
            "Cutting off hides the overflow and changes the answer. Choose a formula that cannot overflow instead.",
        ),
        Misconception(
            lambda a: functional.sigmoid(a.astype("float64")),
            "a sigmoid that always gives float64, whatever it was given",
            "An array made by `np.zeros(shape)` is float64; `np.zeros_like(a)` keeps the type of `a`.",
        ),
        Misconception(
            _in_place,
            "a sigmoid written into its own argument",
            "`np.exp(a, out=a)` and `a *= …` write into the caller's array. Make a new one.",
        ),
    ),
)

EXERCISES = (SIGMOID,)
