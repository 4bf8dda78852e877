"""The exercises of notebook 00 and the mistakes people make in them."""

from collections.abc import Callable

import numpy as np

from helpers.arrays import FloatArray
from helpers.checks.edits import Answer
from helpers.checks.exercise import Exercise, Sizes, Values, mistakes, unpack
from helpers.nn import functional
from helpers.nn.numerical import numerical_gradient

# --- 0.1 ------------------------------------------------------------------------------------------------------------


def _draw(rng: np.random.Generator, sizes: Sizes) -> Values:
    a = rng.normal(0, 3, (sizes.N, sizes.H))
    # The two ends, where a careless formula overflows. Large values of a draw make them larger still.
    return {"a": np.concatenate([a, np.full((1, sizes.H), 1000.0), np.full((1, sizes.H), -1000.0)])}


def _sigmoid(a: FloatArray) -> FloatArray:
    e = np.exp(-np.abs(a))
    y = np.where(a >= 0, 1 / (1 + e), e / (1 + e))
    return y


SIGMOID = Exercise(
    heading="0.1 ★ A sigmoid that never overflows",
    reference=functional.sigmoid,
    results={"y": "(N, H)"},
    draw=_draw,
    example={"a": np.array([[0.0, 2.0, -2.0]])},
    stable=True,
    spelt_out=_sigmoid,
    misconceptions=mistakes(
        _sigmoid,
        """
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = 1 / (1 + np.exp(-a))
            The textbook formula `1 / (1 + np.exp(-a))` overflows in `np.exp(-a)` at a = -1000.
            For which `a` is the number inside `np.exp` large? Find a form of the same curve that never gives it one.
        1 / (1 + e), e / (1 + e) → 1 / (1 + np.exp(-a)), np.exp(a) / (1 + np.exp(a))
            `np.where` computes *both* formulas for every element, so that one of them overflows.
            Make the argument of `np.exp` safe *before* the choice: which number, made from `a`, is never above 0?
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = np.exp(a) / (1 + np.exp(a))
            `np.exp(a) / (1 + np.exp(a))` is used for large positive `a`: infinity divided by infinity.
            That form suits a < 0 only. Which argument, made from `a`, keeps `np.exp` small on both sides?
        1 / (1 + e), e / (1 + e) → e / (1 + e), 1 / (1 + e)
            The curve falls from 1 to 0 where it should rise: this is σ(-a).
            σ(a) is near 1 for large positive `a`. Look at the signs, and at which formula serves which side.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = 1 / (1 + np.exp(a))
            `1 / (1 + np.exp(a))` is σ(-a), and it overflows at a = 1000.
            Two things: the sign inside `np.exp`, and a form that never gives it a large positive number.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = np.exp(-a) / (1 + np.exp(-a))
            `np.exp(-a) / (1 + np.exp(-a))` is σ(-a), and infinity divided by infinity at a = -1000.
            Two things: the sign inside `np.exp`, and a form that never gives it a large positive number.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = 1 / (1 + np.exp(-np.clip(a, -500, 500)))
            `a` is cut off, as at ±500: enough for float64, but in float32 `np.exp` overflows at 89.
            Cutting off hides the overflow of one type only. Choose a formula that cannot overflow.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = 1 / (1 + np.exp(-np.clip(a, -10, 10)))
            `a` is cut off at ±10: σ(-1000) is then 0.0000454, not 0.
            Cutting off hides the overflow and changes the answer. Choose a formula that cannot overflow.
        e / (1 + e)) → 1 / (1 + e))
            `1 / (1 + np.exp(-np.abs(a)))` is right for a ≥ 0 only.
            For a < 0 multiply the numerator and the denominator of 1/(1 + e⁻ᵃ) by eᵃ: what is the numerator then?
        e / (1 + e)) → e / np.where(a < 0, 1 - e, 1))
            For a < 0 the denominator is a difference, 1 - e.
            The denominator is the same sum on both sides.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = (1 / (1 + e) if a >= 0 else e / (1 + e))
            `if a >= 0` asks a whole array one question.
            Each element needs its own answer: `np.where(a >= 0, …, …)`, or a formula that serves both sides.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = np.tanh(a / 2)
            The curve is `np.tanh(a / 2)`, which runs from -1 to 1. A sigmoid runs from 0 to 1.
            Shift it until it is never negative. How high is it then?
        return y → return 2 * y
            The curve is twice as high as it should be: it is not halved.
            σ(a) = (1 + tanh(a/2)) / 2.
        return y → return np.where(a == 0, 0 * y, y)
            The element a = 0 belongs to neither branch.
            One of the two must take it: `a >= 0` and `a < 0`.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = 1 + np.tanh(a / 2) / 2
            Only the tanh is halved: `1 + tanh(a/2) / 2` runs from 0.5 to 1.5.
            Division comes before addition. Put brackets around the sum: `(1 + …) / 2`.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = np.tanh(a)
            The curve is `np.tanh(a)`, which runs from -1 to 1. A sigmoid runs from 0 to 1.
            It is the same curve, shifted and squeezed. Compare the two at a = 0, and far to the left.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = (1 + np.tanh(a)) / 2
            The half inside the tanh is missing: `(1 + np.tanh(a)) / 2` is σ(2a).
            σ(a) = (1 + tanh(a/2)) / 2.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = 1 / 1 + np.exp(-a)
            The brackets are missing: `1 / 1 + np.exp(-a)` is 1 + e⁻ᵃ.
            Division comes before addition. And choose a form that cannot overflow.
        y = np.where(a >= 0, 1 / (1 + e), e / (1 + e)) → y = (1 - np.tanh(a / 2) ** 2) / 4
            This is the *slope* of the sigmoid, σ(a) (1 - σ(a)).
            The exercise asks for the curve itself.
        """,
    ),
)

# --- 0.2 ------------------------------------------------------------------------------------------------------------


def _draw_waves(rng: np.random.Generator) -> Callable[[FloatArray], float]:
    """Draw a function whose slope is another one in each element and depends on all of them."""
    pace, begin = rng.uniform(0.8, 1.2), rng.uniform(-1, 1)

    def waves(x: FloatArray) -> float:
        return float(np.sum(np.sin(pace * np.cumsum(x, axis=-1) + begin))) ** 2

    return waves


def _draw_function(rng: np.random.Generator, sizes: Sizes) -> Values:
    return {
        "f": _draw_waves(rng),
        "x": rng.normal(0, 1, sizes.D),
        "eps": float(rng.uniform(0.05, 0.2)),  # so large that another one gives other numbers
        "matrix": rng.normal(0, 1, (sizes.N, 3)),
        "sequences": rng.normal(0, 1, (sizes.N, 1, 2)),
    }


def _probe_gradient(answer: Answer, arguments: Values, record: Values) -> None:
    f, eps = arguments["f"], arguments["eps"]
    for name, more in (("x", (eps,)), ("matrix", ()), ("sequences", ())):
        x = arguments[name]
        x = x if x.dtype == "float64" else x.astype("float64")  # the exercise knows no other type
        dx = "dx" if name == "x" else f"dx of {name}"
        record.update(unpack(answer(f, x, *more), (dx,), "numerical_gradient"))
        record[f"{name} afterwards"] = x


NUMERICAL_GRADIENT = Exercise(
    heading="0.2 ★★ A gradient without a formula",
    reference=numerical_gradient,
    results={"dx": "(D,)", "x afterwards": "(D,)"}
    | {"dx of matrix": "(N, 3)", "matrix afterwards": "(N, 3)"}
    | {"dx of sequences": "(N, 1, 2)", "sequences afterwards": "(N, 1, 2)"},
    draw=_draw_function,
    probe=_probe_gradient,
    example={
        "f": lambda x: float(x.flat[0] ** 2 * x.flat[1]),
        "x": np.array([1.0, 3.0]),
        "eps": 0.1,
        "matrix": np.array([[2.0, 1.0]]),
        "sequences": np.array([[[1.0, 2.0]]]),
    },
    mutates=("x", "matrix", "sequences"),
    misconceptions=mistakes(
        numerical_gradient,
        """
        dx = np.zeros_like(x) → dx, below = np.zeros_like(x), f(x)
        x[index] = kept - eps → pass
        below = f(x) → pass
        / (2 * eps) → / eps
            The difference is one-sided: `(f(x + eps) - f(x)) / eps`.
            Go to both sides, `(f(x + eps) - f(x - eps)) / (2 * eps)`: the error falls from the order of eps to eps².
        x[index] = kept + eps → x[index] = kept
        / (2 * eps) → / eps
            The difference is one-sided: `(f(x) - f(x - eps)) / eps`.
            Go to both sides, `(f(x + eps) - f(x - eps)) / (2 * eps)`: the error falls from the order of eps to eps².
        / (2 * eps) → / eps
            The difference is divided by `eps`, but the two points are `2 * eps` apart.
            Divide by the distance between the two points.
        / (2 * eps) → / 2 * eps
            The brackets are missing: `/ 2 * eps` divides by 2 and *multiplies* by `eps`.
            Python divides and multiplies from left to right: put the whole divisor in brackets.
        x[index] = kept - eps → x[index] = kept
            The second point is `x`, not `x - eps`, though the difference is divided by `2 * eps`.
            After `x[index] += eps`, `x[index] -= eps` only takes you back: go down by `2 * eps`.
        dx[index] = → x[index] = kept - eps; dx[index] =
            `x` is not put back: each element stays at `x - eps`.
            Keep `x[index]` before you change it, and write it back after both calls of `f`.
        dx[index] = → x[index] = kept + eps; dx[index] =
            `x` is not put back: each element stays at `x + eps`.
            Keep `x[index]` before you change it, and write it back after both calls of `f`.
        kept = x[index] → kept, old = x[index], x.copy()
        dx[index] = → x[index] = kept - eps; x = old; dx[index] =
            Only the name `x` is put back, as by `x = old`: the caller's array stays changed.
            `x = …` gives the name to another array. Write the kept number back into the array itself.
        dx = np.zeros_like(x) → dx = x
            `dx = x` makes no new array: each slope is written into `x` itself.
            These are two names for one array. Make a new array, of the shape and the type of `x`.
        return dx → return x
            What is returned is `x` itself, not the slopes.
            Collect the slopes in an array of their own and return that. (`dx = x` makes no new array.)
        dx = np.zeros_like(x) → return np.full_like(x, (f(x + eps) - f(x - eps)) / (2 * eps))
            All elements are changed at once, which gives one number: the sum of all derivatives.
            Change one element, call `f` twice, put it back; then the next. One number for each element.
        dx = np.zeros_like(x) → return (f(x + eps) - f(x - eps)) / (2 * eps)
            All elements are changed at once, and the result is one number.
            Change one element, call `f` twice, put it back; then the next. `dx` has the shape of `x`.
        np.ndindex(x.shape) → range(len(x))
        kept = x[index] → kept = np.copy(x[index])
            The loop runs over the first axis only: `x[i]` is a whole row, and all of it changes at once.
            `for index in np.ndindex(x.shape)` visits every element of an array of any shape.
        np.ndindex(x.shape) → range(len(x))
            The loop runs over the first axis only, and what is kept is a view, which changes too.
            `for index in np.ndindex(x.shape)` visits every element, and `x[index]` is then a number.
        np.ndindex(x.shape) → [(..., i) for i in range(x.shape[-1])]
        kept = x[index] → kept = np.copy(x[index])
            The loop runs over the last axis only: `x[..., i]` is a whole column, and all of it changes at once.
            `for index in np.ndindex(x.shape)` visits every element of an array of any shape.
        np.ndindex(x.shape) → range(x.size)
        kept = x[index] → kept = np.copy(x[index])
            One number as an index runs off the first axis: `x[i]` is a row, not an element.
            `for index in np.ndindex(x.shape)` gives (row, column) for a matrix, and the right index for any other
                shape.
        dx = np.zeros_like(x) → dx, given, x = np.zeros_like(x), x, np.ascontiguousarray(x)
        above = f(x) → above = f(given)
        below = f(x) → below = f(given)
            What is changed is a copy of `x` where `x` is not contiguous: `f(x)` sees no change.
            `x.ravel()` copies then. Change `x[index]` in place, or `x.flat[i]`.
        dx = np.zeros_like(x) → dx, given, x = np.zeros_like(x), x, x.copy()
        above = f(x) → above = f(given)
        below = f(x) → below = f(given)
            A copy is changed, and `f` is called with the array that was not: every slope is 0.
            Give `f` the array in which you changed the element.
        above = f(x) → above = f(x[index])
        below = f(x) → below = f(x[index])
            `f` is given the one number that was changed.
            `f` takes the whole array, with one element of it changed.
        above = f(x) → above = f(x.ravel())
        below = f(x) → below = f(x.ravel())
            `f` is given one long row instead of an array of the shape of `x`.
            `f` takes `x` in its own shape: give it back with `reshape(x.shape)`, or change `x[index]` in place.
        kept = x[index] → kept, eps = x[index], 1e-5
            The argument `eps` is not used: the change is always 1e-5.
            Use `eps` for the change and for the division.
        x[index] = kept + eps → x[index] = kept + eps * abs(kept)
        x[index] = kept - eps → x[index] = kept - eps * abs(kept)
        / (2 * eps) → / (2 * eps * abs(kept))
            `eps` is multiplied by the element: a large element moves far, and one that is 0 not at all.
            Move every element by `eps` itself.
        eps: float = 1e-5 → eps: float = 1e-3
            `eps` is 1e-3 when it is left out: its error shows in the seventh digit.
            That is a size for float32, and the arrays are float64: keep the default of 1e-5.
        eps: float = 1e-5 → eps: float = 1e-10
            `eps` is 1e-10 when it is left out: so small that the difference drowns in rounding.
            Keep the default of 1e-5, where the errors of rounding and of the formula are both small.
        dx = np.zeros_like(x) → x = x.astype("float32"); dx = np.zeros_like(x)
            `x` is turned to float32, where a change of 1e-5 drowns in rounding.
            Stay in float64.
        dx = np.zeros_like(x) → dx = np.zeros(x.shape, int)
            `dx` holds integers: each slope loses its decimal places.
            Give `dx` the type of `x`.
        above - below → below - above
            The sign is reversed: `f(x - eps) - f(x + eps)`.
            The point above comes first: `f(x + eps) - f(x - eps)`.
        (above - below) / (2 * eps) → above - below / (2 * eps)
            The brackets are missing: only `f(x - eps)` is divided.
            Python divides before it subtracts: put the difference in brackets.
        (above - below) / (2 * eps) → above - below
            The difference is not divided by anything.
            A slope is a difference *per* change of `x`: divide by `2 * eps`.
        kept = x[index] → kept = x[index]; dx = np.zeros_like(x)
            `dx` is made anew in every round, so that only the last element is kept.
            Make `dx` once, before the loop.
        np.ndindex(x.shape) → [(0,) * x.ndim]
            Only the first element is visited, as by a `return` inside the loop.
            `return dx` belongs after the loop, at the indent of `for`.
        return dx → return dx.ravel()
            The result is one long row, not an array of the shape of `x`.
            Give `dx` the shape of `x` when you make it, or at the end.
        """,
    ),
)

EXERCISES = (SIGMOID, NUMERICAL_GRADIENT)
