"""The exercises of notebook 02 and the mistakes people make in them."""

import numpy as np

from helpers.checks.exercise import Exercise, Misconception
from helpers.nn.base import Param
from helpers.training.clipping import clip_gradients, global_norm
from helpers.training.optimisers import sgd_step

# --- 2.1 ------------------------------------------------------------------------------------------------------------


def _draw_gradients(rng, sizes):
    shapes = ((sizes.D, sizes.H), (sizes.H, sizes.H), (sizes.H,))
    return {"grads": [rng.normal(0, 1, shape) for shape in shapes]}


def _probe_norm(answer, arguments, record):
    record["norm"] = answer(arguments["grads"])
    record["norm of no gradients, []"] = answer([])
    # 1e25 is an ordinary float32; its square is not.
    record["norm of float32 gradients of 1e25"] = answer([np.full((2, 2), 1e25, "float32"), np.zeros(3, "float32")])


def _norm_of_norms(combine):
    return lambda grads: float(combine([np.linalg.norm(grad.astype("float64")) for grad in grads] or [0.0]))


def _norm_in_their_own_type(grads):
    return float(np.sqrt(sum(np.sum(grad**2) for grad in grads)))


def _norm_of_the_first(grads):
    return global_norm(grads[:1])


def _norm_per_element(grads):
    return global_norm(grads) / max(1, np.sqrt(sum(grad.size for grad in grads)))


GLOBAL_NORM = Exercise(
    id="2.1",
    name="global_norm",
    title="One norm for all gradients",
    stars=1,
    reference=global_norm,
    results={"norm": "", "norm of no gradients, []": "", "norm of float32 gradients of 1e25": ""},
    draw=_draw_gradients,
    probe=_probe_norm,
    example={"grads": [np.array([[3.0, 4.0]]), np.array([12.0])]},
    misconceptions=(
        Misconception(
            _norm_of_norms(np.sum),
            "a sum of the arrays' own norms",
            "3² + 4² and 12² are added *before* the one square root: 13, not 5 + 12 = 17.",
        ),
        Misconception(
            _norm_of_norms(np.max),
            "the largest of the arrays' own norms",
            "All arrays count: think of them as one long vector.",
        ),
        Misconception(
            _norm_of_norms(np.mean),
            "the mean of the arrays' own norms",
            "All arrays count in full: think of them as one long vector.",
        ),
        Misconception(
            lambda grads: global_norm(grads) ** 2,
            "the sum of squares, without its square root",
            "A length has the unit of the gradient, not of its square.",
        ),
        Misconception(
            lambda grads: float(sum(np.abs(grad.astype("float64")).sum() for grad in grads)),
            "a sum of absolute values",
            "Squares are added up, and one root taken at the end: 3 and 4 have the length 5, not 7.",
        ),
        Misconception(
            lambda grads: float(max([np.abs(grad).max() for grad in grads] or [0.0])),
            "the largest absolute value",
            "One element says little about the length of the whole: every element counts.",
        ),
        Misconception(
            _norm_in_their_own_type,
            "a sum of squares in the gradients' own type: in float32, (1e25)² is infinity",
            "Exploding gradients are what this function is for: sum in float64, `grad.astype(np.float64)`.",
        ),
        Misconception(
            _norm_of_the_first,
            "the norm of the first array alone",
            "`grads` is a list: go through all of it.",
        ),
        Misconception(
            _norm_per_element,
            "a root *mean* square: divided by the number of elements",
            "A norm divides by nothing.",
        ),
        Misconception(
            _norm_of_norms(lambda norms: np.sum(np.abs(norms)) if len(norms) < 2 else np.sqrt(np.sum(norms))),
            "a root of the sum of norms that were never squared",
            "Square each array's norm before adding, or add up the squares of the elements.",
        ),
    ),
)

# --- 2.2 ------------------------------------------------------------------------------------------------------------


def _draw_clip(rng, sizes):
    grads = _draw_gradients(rng, sizes)["grads"]
    return {
        "grads": [50 * grad for grad in grads],
        "small": [0.1 * grad for grad in grads],
        "max_norm": 30.0,
    }


def _probe_clip(answer, arguments, record):
    max_norm = arguments["max_norm"]
    # The answer gets a list of its own: what counts is what becomes of the arrays in it.
    record["norm"] = answer(list(arguments["grads"]), max_norm)
    record.update({f"grads[{i}]": grad for i, grad in enumerate(arguments["grads"])})
    record["norm of gradients below max_norm"] = answer(list(arguments["small"]), max_norm)
    record.update({f"grads[{i}] below max_norm": grad for i, grad in enumerate(arguments["small"])})
    for bad in (np.nan, np.inf):
        spoilt = [np.array([3.0, 400.0]), np.array([bad, 1.0])]
        record[f"what a gradient of {bad} raises"] = _raised(answer, spoilt, max_norm)
        record[f"gradients with {bad}, afterwards"] = np.concatenate(spoilt)


def _raised(answer, *arguments):
    try:
        answer(*arguments)
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "nothing"


def _clip(scale=lambda norm, max_norm: max_norm / norm, when=lambda norm, max_norm: norm > max_norm, norm_after=False):
    """The right function with another factor, or another moment for it, or the norm afterwards returned."""

    def wrong(grads, max_norm):
        norm = global_norm(grads)
        if not np.isfinite(norm):
            raise FloatingPointError
        if when(norm, max_norm):
            for grad in grads:
                grad *= scale(norm, max_norm)
        return global_norm(grads) if norm_after else norm

    return wrong


def _clip_by_value(grads, max_norm):
    norm = _finite_norm(grads)
    for grad in grads:
        np.clip(grad, -max_norm, max_norm, out=grad)
    return norm


def _clip_each(grads, max_norm):
    norm = _finite_norm(grads)
    for grad in grads:
        grad *= min(1.0, max_norm / np.linalg.norm(grad))
    return norm


def _clip_copies(grads, max_norm):
    norm = _finite_norm(grads)
    if norm > max_norm:
        grads = [grad * (max_norm / norm) for grad in grads]
    return norm


def _clip_unasked(grads, max_norm):
    norm = global_norm(grads)
    if norm > max_norm:
        for grad in grads:
            grad *= max_norm / norm
    return norm


def _clip_unless_nan(grads, max_norm):
    norm = global_norm(grads)
    if np.isnan(norm):
        raise FloatingPointError
    if norm > max_norm:
        for grad in grads:
            grad *= max_norm / norm
    return norm


def _clip_then_complain(grads, max_norm):
    norm = global_norm(grads)
    for grad in grads:
        if norm > max_norm or not np.isfinite(norm):
            grad *= max_norm / norm
    if not np.isfinite(norm):
        raise FloatingPointError
    return norm


def _finite_norm(grads):
    norm = global_norm(grads)
    if not np.isfinite(norm):
        raise FloatingPointError
    return norm


CLIP_GRADIENTS = Exercise(
    id="2.2",
    name="clip_gradients",
    title="Clip by the global norm",
    stars=2,
    reference=clip_gradients,
    results={
        "norm": "",
        "grads[0]": "(D, H)",
        "grads[1]": "(H, H)",
        "grads[2]": "(H,)",
        "norm of gradients below max_norm": "",
        "grads[0] below max_norm": "(D, H)",
        "grads[1] below max_norm": "(H, H)",
        "grads[2] below max_norm": "(H,)",
        "what a gradient of nan raises": "",
        "gradients with nan, afterwards": "",
        "what a gradient of inf raises": "",
        "gradients with inf, afterwards": "",
    },
    draw=_draw_clip,
    probe=_probe_clip,
    example={
        "grads": [np.array([[300.0, 400.0]]), np.array([1200.0])],
        "small": [np.array([[0.3, 0.4]]), np.array([1.2])],
        "max_norm": 650.0,
    },
    uses=("2.1",),
    mutates=("grads", "small"),
    misconceptions=(
        Misconception(
            _clip_by_value,
            "clipping by *value*: each element cut off at ±max_norm",
            "That changes the direction. One factor for all elements of all arrays keeps it: `max_norm / norm`.",
        ),
        Misconception(
            _clip_each,
            "each array clipped by its *own* norm",
            "The norm is that of all arrays together, and so is the factor; otherwise the direction changes.",
        ),
        Misconception(
            _clip(when=lambda norm, max_norm: True),
            "gradients scaled to `max_norm` *always*, also when they were smaller",
            "Only above `max_norm`. A small gradient near the end of training must stay small.",
        ),
        Misconception(
            _clip(scale=lambda norm, max_norm: 1 / norm),
            "gradients scaled to length 1 instead of `max_norm`",
            "The factor is `max_norm / norm`.",
        ),
        Misconception(
            _clip(scale=lambda norm, max_norm: max_norm / norm**2),
            "a factor with the norm squared in it",
            "The factor is `max_norm / norm`. Did `global_norm` already take the root?",
        ),
        Misconception(
            _clip(scale=lambda norm, max_norm: norm / max_norm),
            "the factor upside down: `norm / max_norm` makes them larger still",
            "What comes out must have the norm `max_norm`: multiply by `max_norm / norm`.",
        ),
        Misconception(
            _clip(norm_after=True),
            "right gradients, with the norm *after* clipping returned",
            "Return the norm before: it is what one wants to watch during training.",
        ),
        Misconception(
            _clip_copies,
            "new arrays: the gradients of the caller are as long as before",
            "Change the arrays in place, `grad *= …`. Binding a name anew, or `grads[i] = …`, leaves them as they are.",
        ),
        Misconception(
            _clip_unasked,
            "clipping that says nothing of a norm that is NaN or infinite",
            "`norm > max_norm` is False for NaN. Test `np.isfinite(norm)` first and raise FloatingPointError.",
        ),
        Misconception(
            _clip_unless_nan,
            "clipping that stops at NaN and lets infinity through",
            "An infinite norm makes the factor 0, and infinity times 0 is NaN. `np.isfinite(norm)` catches both.",
        ),
        Misconception(
            _clip_then_complain,
            "clipping that raises FloatingPointError too late, with the gradients changed already",
            "Look at the norm before you touch a gradient.",
        ),
    ),
)

# --- 2.3 ------------------------------------------------------------------------------------------------------------


def _draw_step(rng, sizes):
    return {
        "values": _draw_gradients(rng, sizes)["grads"],
        "grads": _draw_gradients(rng, sizes)["grads"],
        "learning_rate": 0.3,
    }


def _probe_step(answer, arguments, record):
    params = [Param(value, f"p{i}") for i, value in enumerate(arguments["values"])]
    for param, grad in zip(params, arguments["grads"]):
        param.grad[...] = grad
    answer(params, arguments["learning_rate"])
    record.update({f"params[{i}].value": param.value for i, param in enumerate(params)})
    record.update({f"params[{i}].grad, afterwards": param.grad for i, param in enumerate(params)})


def _step(change):
    """A step that does ``change(param, learning_rate)`` to every Param."""

    def wrong(params, learning_rate):
        for param in params:
            change(param, learning_rate)

    return wrong


def _rebind(param, learning_rate):
    param.value = param.value - learning_rate * param.grad


def _subtract(param, amount):
    param.value[...] -= amount


def _scale_the_gradient(param, learning_rate):
    param.grad[...] *= learning_rate
    param.value[...] -= param.grad


def _step_and_zero(param, learning_rate):
    param.value[...] -= learning_rate * param.grad
    param.grad[...] = 0


def _forgotten(param, learning_rate):
    value = param.value
    value = value - learning_rate * param.grad


SGD_STEP = Exercise(
    id="2.3",
    name="sgd_step",
    title="One step of gradient descent",
    stars=1,
    reference=sgd_step,
    results={
        "params[0].value": "(D, H)",
        "params[1].value": "(H, H)",
        "params[2].value": "(H,)",
        "params[0].grad, afterwards": "(D, H)",
        "params[1].grad, afterwards": "(H, H)",
        "params[2].grad, afterwards": "(H,)",
    },
    draw=_draw_step,
    probe=_probe_step,
    example={"values": [np.array([1.0, -2.0])], "grads": [np.array([0.5, -1.0])], "learning_rate": 0.1},
    mutates=("values",),
    misconceptions=(
        Misconception(
            _step(lambda param, rate: _subtract(param, -rate * param.grad)),
            "a step *up* the loss: `+=`",
            "The gradient points to where the loss grows. Subtract.",
        ),
        Misconception(
            _step(lambda param, rate: _subtract(param, param.grad)),
            "a step without the learning rate",
            "`learning_rate * param.grad`.",
        ),
        Misconception(
            _step(lambda param, rate: _subtract(param, rate * param.grad / np.linalg.norm(param.grad))),
            "a step of fixed length: the gradient divided by its norm",
            "Gradient descent takes long steps where it is steep. Bounding them is the business of clipping.",
        ),
        Misconception(
            _step(lambda param, rate: _subtract(param, rate * np.sign(param.grad))),
            "a step by the *sign* of the gradient",
            "The size counts too: `learning_rate * param.grad`.",
        ),
        Misconception(
            _step(_rebind),
            "a step that puts a new array in the place of the old one",
            "Other layers may hold the same Param: change the array that is there, `param.value -= …`.",
        ),
        Misconception(
            _step(_forgotten),
            "a step whose result is bound to a local name and forgotten",
            "`value = value - …` makes a new array. `param.value -= …` changes the one that is there.",
        ),
        Misconception(
            _step(_scale_the_gradient),
            "right values, with the gradients multiplied by the learning rate on the way",
            "`.grad` belongs to the layers. Leave it as it is.",
        ),
        Misconception(
            _step(_step_and_zero),
            "right values, with the gradients set to zero afterwards",
            "Zeroing is done before the next backward, by `zero_grad()`; somebody may want to look at `.grad` first.",
        ),
        Misconception(
            lambda params, learning_rate: sgd_step(params[:1], learning_rate),
            "a step for the first Param alone",
            "`params` is a list: go through all of it.",
        ),
    ),
)

EXERCISES = (GLOBAL_NORM, CLIP_GRADIENTS, SGD_STEP)
