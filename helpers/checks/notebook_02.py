"""The exercises of notebook 02 and the mistakes people make in them."""

import numpy as np

from helpers.arrays import FloatArray
from helpers.checks.edits import Answer, Edit
from helpers.checks.exercise import ContractError, Exercise, Misconception, Sizes, Values, mistakes
from helpers.nn.base import Param
from helpers.training.clipping import clip_gradients, global_norm
from helpers.training.optimisers import sgd_step

# --- 2.1 ------------------------------------------------------------------------------------------------------------


#: The shapes of the gradients.
SHAPES = ("(D, H)", "(H, H)", "(H,)")


def _draw_gradients(rng: np.random.Generator, sizes: Sizes) -> list[FloatArray]:
    return [rng.normal(0, 1, shape) for shape in ((sizes.D, sizes.H), (sizes.H, sizes.H), sizes.H)]


def _draw_norm(rng: np.random.Generator, sizes: Sizes) -> Values:
    # An ordinary float32, whose square is not.
    return {"grads": _draw_gradients(rng, sizes), "huge": float(10 ** rng.uniform(20, 30))}


def _probe_norm(answer: Answer, arguments: Values, record: Values) -> None:
    record["norm"] = answer(arguments["grads"])
    huge = np.full((2, 2), arguments["huge"], "float32")
    record["norm of float32 gradients above 1e20"] = answer([huge, np.zeros(3, "float32")])
    try:
        record["norm of no gradients, []"] = answer([])
    except NotImplementedError:
        raise
    except Exception as error:
        template = "On the empty list, `[]`, it ended in {kind}: {error}. The norm of no gradients is 0.0."
        raise ContractError(template, kind=type(error).__name__, error=error) from error


def _global_norm(grads: list[FloatArray]) -> float:
    total = 0.0
    for grad in grads:
        wide = grad.astype("float64")
        total += np.sum(wide**2)
    norm = float(np.sqrt(total))
    return norm


GLOBAL_NORM = Exercise(
    heading="2.1 ★ One norm for all gradients",
    reference=global_norm,
    results={"norm": "", "norm of float32 gradients above 1e20": "", "norm of no gradients, []": ""},
    draw=_draw_norm,
    probe=_probe_norm,
    example={"grads": [np.array([[3.0, 4.0]]), np.array([12.0])], "huge": 1e25},
    spelt_out=_global_norm,
    misconceptions=mistakes(
        _global_norm,
        """
        np.sum(wide**2) → np.linalg.norm(wide)
        np.sqrt(total) → total
            The arrays' own norms are added up.
            3² + 4² and 12² are added *before* the one square root: 13, not 5 + 12 = 17.
        total += np.sum(wide**2) → total = max(total, np.linalg.norm(wide))
        np.sqrt(total) → total
            This is the largest of the arrays' own norms.
            All arrays count: think of them as one long vector.
        np.sum(wide**2) → np.linalg.norm(wide) / len(grads)
        np.sqrt(total) → total
            This is the mean of the arrays' own norms.
            All arrays count in full: think of them as one long vector.
        np.sqrt(total) → total
            The square root is missing: this is the sum of squares.
            A length has the unit of the gradient, not of its square.
        np.sum(wide**2) → np.abs(wide).sum()
        np.sqrt(total) → total
            The absolute values are added up.
            Squares are added up, and one root taken at the end: 3 and 4 have the length 5, not 7.
        total += np.sum(wide**2) → total = max(total, np.abs(wide).max())
        np.sqrt(total) → total
            This is the largest absolute value.
            One element says little about the length of the whole: every element counts.
        wide = grad.astype("float64") → wide = np.square(grad, out=grad)
        wide**2 → wide
            The squares are written into the gradients themselves, as by `grad **= 2`.
            The caller still needs them. Put the squares into a new array, in float64.
        wide = grad.astype("float64") → wide = grad
            The squares are summed in the gradients' own type: in float32, (1e25)² is infinity.
            Exploding gradients are what this function is for: convert to float64 before you square.
        total = 0.0 → total = 0.0 * np.concatenate([grad.ravel() for grad in grads])[0]
            The empty list is forgotten: there is nothing to put together.
            A loop that adds to a total, which begins at 0, needs no special case.
        for grad in grads: → for grad in grads[:1]:
            Only the first array counts.
            `grads` is a list: go through all of it, and return after the loop.
        for grad in grads: → for grad in grads[-1:]:
            Only the last array counts.
            `grads` is a list: *add* to the total in every round, `+=`.
        np.sqrt(total) → np.sqrt(total / max(1, sum(grad.size for grad in grads)))
            This is a root *mean* square: it is divided by the number of elements.
            A norm divides by nothing.
        np.sum( → np.mean(
            The squares of each array are averaged, not added.
            A norm divides by nothing: the squares are added.
        np.sum(wide**2) → np.linalg.norm(wide)
            The root is taken twice: of each array's norm, which was never squared, and of their sum.
            Square each array's norm before adding, or add up the squares of the elements.
        np.sum(wide**2) → np.sum(wide) ** 2
            The sum is squared where the squares should be summed.
            Square each element first, then add. A positive and a negative element must not cancel.
        """,
    ),
)

# --- 2.2 ------------------------------------------------------------------------------------------------------------


def _draw_clip(rng: np.random.Generator, sizes: Sizes) -> Values:
    # Large values of a draw make both twenty times as long, and “small” stays below every `max_norm`.
    return {
        "grads": _of_length(rng.uniform(100, 900), _draw_gradients(rng, sizes)),
        "small": _of_length(rng.uniform(0.2, 1), _draw_gradients(rng, sizes)),
        "max_norm": float(rng.uniform(25, 50)),
        "place": int(rng.integers(1000)),
    }


def _of_length(length: float, grads: list[FloatArray]) -> list[FloatArray]:
    return [grad * (length / global_norm(grads)) for grad in grads]


def _probe_clip(answer: Answer, arguments: Values, record: Values) -> None:
    max_norm, finite = arguments["max_norm"], [grad.copy() for grad in arguments["grads"]]
    # The answer gets a list of its own: what counts is what becomes of the arrays in it.
    record["norm"] = answer(list(arguments["grads"]), max_norm)
    record.update({f"grads[{i}]": grad for i, grad in enumerate(arguments["grads"])})
    record["norm of gradients below max_norm"] = answer(list(arguments["small"]), max_norm)
    record.update({f"grads[{i}] below max_norm": grad for i, grad in enumerate(arguments["small"])})
    for bad in ("NaN", "infinity"):
        spoilt = [grad.copy() for grad in finite]
        spoilt[1].flat[arguments["place"] % spoilt[1].size] = np.nan if bad == "NaN" else np.inf
        record[f"error on {bad} given on purpose"] = _raised(answer, list(spoilt), max_norm)
        record[f"gradients with {bad} given on purpose, afterwards"] = np.concatenate([*map(np.ravel, spoilt)])


def _raised(answer: Answer, *arguments: object) -> str:
    """Return the name of the error that an answer raises; a subclass of the one asked for is as good."""
    try:
        returned = answer(*arguments)
    except NotImplementedError:
        raise
    except FloatingPointError:
        return "FloatingPointError"
    except Exception as error:
        return type(error).__name__
    kind = returned if isinstance(returned, type) else type(returned)
    return f"{kind.__name__}, returned and not raised" if issubclass(kind, BaseException) else "nothing"


def _clip_gradients(grads: list[FloatArray], max_norm: float) -> float:
    norm = global_norm(grads)
    factor = max_norm / norm
    if not np.isfinite(norm):
        raise FloatingPointError(f"The norm of the gradients is {norm}.")
    if norm > max_norm:
        for grad in grads:
            grad *= factor
    return norm


CLIP_GRADIENTS = Exercise(
    heading="2.2 ★★ Clip by the global norm",
    reference=clip_gradients,
    results={
        "norm": "",
        **{f"grads[{i}]": shape for i, shape in enumerate(SHAPES)},
        "norm of gradients below max_norm": "",
        **{f"grads[{i}] below max_norm": shape for i, shape in enumerate(SHAPES)},
        "error on NaN given on purpose": "",
        "gradients with NaN given on purpose, afterwards": "",
        "error on infinity given on purpose": "",
        "gradients with infinity given on purpose, afterwards": "",
    },
    groups={f"grads[{i}]": "gradients above max_norm" for i in range(3)}
    | {f"grads[{i}] below max_norm": "gradients below max_norm" for i in range(3)}
    | {
        name: f"what is given {bad}"
        for bad in ("NaN", "infinity")
        for name in (f"error on {bad} given on purpose", f"gradients with {bad} given on purpose, afterwards")
    },
    draw=_draw_clip,
    probe=_probe_clip,
    example={
        "grads": [np.array([[300.0, 400.0]]), np.array([1200.0])],
        "small": [np.array([[0.3, 0.4]]), np.array([1.2])],
        "max_norm": 650.0,
        "place": 0,
    },
    uses=("2.1",),
    mutates=("grads", "small"),
    spelt_out=_clip_gradients,
    misconceptions=(
        *mistakes(
            _clip_gradients,
            """
            grad *= factor → np.clip(grad, -max_norm, max_norm, out=grad)
                This clips by *value*: each element is cut off at ±max_norm.
                That changes the direction. To keep it, multiply all elements of all arrays by one and the same factor.
            grad *= factor → grad *= min(1.0, max_norm / np.linalg.norm(grad))
                Each array is clipped by its *own* norm.
                The norm is that of all arrays together, and so is the factor; otherwise the direction changes.
            if norm > max_norm: → if True:
                The gradients are *always* scaled to `max_norm`, also when they are shorter.
                Only above `max_norm`. A small gradient near the end of training must stay small.
            factor = max_norm / norm → factor = 1 / norm
                The gradients are scaled to length 1 instead of `max_norm`.
                The factor times the norm must give `max_norm`.
            factor = max_norm / norm → factor = max_norm / norm**2
                The norm is squared in the factor.
                The factor times the norm must give `max_norm`. Did `global_norm` already take the root?
            factor = max_norm / norm → factor = norm / max_norm
                The factor is upside down: `norm / max_norm` makes the gradients longer still.
                The factor times the norm must give `max_norm`. Where gradients are too long, is your factor below 1?
            return norm → return global_norm(grads)
                The norm *after* clipping is returned.
                Return the norm before: it is what one wants to watch during training.
            return norm → return None
                The norm is not returned.
                Return the norm as it was before clipping.
            grad *= factor → grad = grad * factor
                The gradients of the caller are as long as before.
                Change the arrays in place, `grad *= …`. Binding a name anew, or `grads[i] = …`, leaves them as they
                    are.
            in grads: → in grads[:1]:
                Only the first array is scaled.
                `grads` is a list: go through all of it, and return after the loop.
            not np.isfinite(norm) → np.isnan(norm)
                NaN is stopped, but an infinite norm gets through. (The check gives one on purpose.)
                An infinite norm makes the factor 0, and infinity times 0 is NaN. `np.isfinite(norm)` catches both.
            not np.isfinite(norm) → np.isinf(norm)
                An infinite norm is stopped, but NaN gets through. (The check gives one on purpose.)
                `np.isfinite(norm)` is False for both.
            raise FloatingPointError(f"The norm of the gradients is {norm}.") → return norm
                No error is raised for a norm that is NaN or infinite. (The check gives one on purpose.)
                Look at the norm first. If it is not finite, `raise` a FloatingPointError instead of returning.
            raise FloatingPointError → return FloatingPointError
                The error is returned, not raised.
                `raise FloatingPointError(…)` stops the training loop; what is returned can be overlooked.
            raise FloatingPointError → raise ValueError
                A norm that is NaN or infinite raises a ValueError.
                The stub asks for a FloatingPointError, or a class derived from it.
            raise FloatingPointError → [np.multiply(grad, factor, out=grad) for grad in grads]; raise FloatingPointError
                FloatingPointError comes too late: the gradients are changed already.
                Look at the norm before you touch a gradient.
            """,
        ),
        # No edits, which are tried in pairs: with another mistake they give more than the two give apart.
        Misconception(
            Edit(_clip_gradients, ("not np.isfinite(norm) → False",)).wrong,
            "A norm that is NaN or infinite goes on to the scaling. (The check gives one on purpose.)",
            "`norm > max_norm` is False for NaN. Test `np.isfinite(norm)` first and raise FloatingPointError.",
        ),
        Misconception(
            Edit(_clip_gradients, ("if norm > max_norm → if norm < max_norm",)).wrong,
            "The comparison is the wrong way round: short gradients are scaled, and long ones are not.",
            "Which gradients are to be made shorter?",
        ),
    ),
)

# --- 2.3 ------------------------------------------------------------------------------------------------------------


def _draw_step(rng: np.random.Generator, sizes: Sizes) -> Values:
    return {
        "values": _draw_gradients(rng, sizes),
        "grads": _draw_gradients(rng, sizes),
        "learning_rate": float(rng.uniform(0.05, 0.5)),
    }


def _probe_step(answer: Answer, arguments: Values, record: Values) -> None:
    params = [Param(value, f"p{i}") for i, value in enumerate(arguments["values"])]
    for param, grad in zip(params, arguments["grads"]):
        param.grad[...] = grad
    answer(params, arguments["learning_rate"])
    record.update({f"params[{i}].value": param.value for i, param in enumerate(params)})
    record.update({f"params[{i}].grad, afterwards": param.grad for i, param in enumerate(params)})


def _sgd_step(params: list[Param], learning_rate: float) -> None:
    for param in params:
        step = learning_rate * param.grad
        param.value[...] -= step


SGD_STEP = Exercise(
    heading="2.3 ★ One step of gradient descent",
    reference=sgd_step,
    results={f"params[{i}].value": shape for i, shape in enumerate(SHAPES)}
    | {f"params[{i}].grad, afterwards": shape for i, shape in enumerate(SHAPES)},
    groups={f"params[{i}].value": "values" for i in range(3)}
    | {f"params[{i}].grad, afterwards": "gradients, afterwards" for i in range(3)},
    draw=_draw_step,
    probe=_probe_step,
    example={"values": [np.array([1.0, -2.0])], "grads": [np.array([0.5, -1.0])], "learning_rate": 0.1},
    mutates=("values",),
    spelt_out=_sgd_step,
    misconceptions=(
        *mistakes(
            _sgd_step,
            """
            param.value[...] -= step → param.value[...] += step
                The step goes *up* the loss: `+=`.
                The gradient points to where the loss grows. Subtract.
            learning_rate * param.grad → param.grad
                The learning rate is missing.
                A step has two factors, the learning rate and the gradient: if either is larger, the step is longer.
            learning_rate * param.grad → param.grad / learning_rate
                The gradient is divided by the learning rate.
                A step has two factors, the learning rate and the gradient: if either is larger, the step is longer.
            learning_rate * param.grad → learning_rate
                The gradient is missing: the learning rate alone is subtracted.
                A step has two factors, the learning rate and the gradient: if either is larger, the step is longer.
            learning_rate * param.grad → learning_rate * param.grad / np.linalg.norm(param.grad)
                The step has a fixed length: the gradient is divided by its norm.
                Gradient descent takes long steps where it is steep. Bounding them is the business of clipping.
            learning_rate * param.grad → learning_rate * np.sign(param.grad)
                The step goes by the *sign* of the gradient alone.
                The size of the gradient counts too: where the loss is steep, the step is long.
            param.value[...] -= step → param.value[...] = -step
                The value is replaced by the step.
                The step is subtracted *from* the value.
            param.value[...] -= step → param.value = param.value - step
                A new array replaces the old one.
                Other layers may hold the same Param: change the array that is there, `param.value -= …`.
            param.value[...] -= step → value = param.value - step
                The values stay as they were: the result is not written into them.
                `value = value - …` makes a new array. `param.value -= …` changes the one that is there.
            step = learning_rate * param.grad → step = np.multiply(learning_rate, param.grad, out=param.grad)
                The gradients themselves are multiplied by the learning rate on the way.
                `.grad` belongs to the layers. Leave it as it is.
            param.value[...] -= step → param.value[...] -= step; param.grad[...] = 0
                The gradients are set to zero afterwards.
                Zeroing is done before the next backward, by `zero_grad()`; somebody may want to look at `.grad` first.
            in params: → in params[:1]:
                Only the first Param takes a step.
                `params` is a list: go through all of it, and return after the loop.
            in params: → in params[-1:]:
                Only the last Param takes a step: the update stands outside the loop.
                `param.value -= …` belongs inside the loop, at its indent.
            learning_rate * param.grad → learning_rate * param.grad / len(params)
                The step is divided by the number of Params.
                Each Param takes its whole step, however many there are.
            """,
        ),
        # No edit, as above.
        Misconception(
            Edit(_sgd_step, ("param.value[...] -= step → param.grad[...] -= step",)).wrong,
            "The gradient takes the step, not the value.",
            "`.value` takes the step; `.grad` stays as it is.",
        ),
    ),
)

EXERCISES = (GLOBAL_NORM, CLIP_GRADIENTS, SGD_STEP)
