"""How a dropout layer is tried out: its mask is recovered from what comes out, so any way of drawing it passes.

Exercises 6.4 and 7.2 share this; they differ in the places that share one value of the mask.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from helpers.arrays import AnyArray, BoolArray, FloatArray
from helpers.checks.edits import Answer
from helpers.checks.exercise import ContractError, Misconception, Sizes, Values, mistakes, unpack
from helpers.checks.probes import Probe, build_layer, isolated_copies
from helpers.nn.base import Layer

#: How many masks are looked at: enough that their share of zeros tells one rate from another. On the way back few are,
#: since each is compared with its own on the way forward.
FORWARDS, BACKWARDS = 16, 2

#: The width of a large mask of 100 rows, in one draw: its share of zeros tells a rate from one a tenth off.
WIDTH = 200

#: How far a share may be from what is expected [standard errors].
STANDARD_ERRORS = 6

#: How far a factor may be from an exact one [rounding errors of its type], and from one that it is called near to.
ROUNDINGS, NEAR = 16, 0.02

#: What `try_dropout` writes down, in its order, and what messages call some of it together.
GROUPS = {
    "ys, not training": "evaluation",
    "training left out": "evaluation",
    "values of the mask": "mask",
    "share of zeros in the mask": "mask",
    "share of zeros in a large mask": "mask",
    "the mask": "mask",
    "the mask of the next training forward": "mask",
    "the mask of another layer, with the same seed": "use of rng",
    "the mask of another layer, with another seed": "use of rng",
    "ys at rate 0": "rate 0",
    "values of the mask of dxs": "mask of dxs",
    "zeros in dxs": "mask of dxs",
    "dxs, not training": "dxs after an evaluation",
    "dxs, after an evaluation that followed training": "dxs after an evaluation",
    "dxs at rate 0": "rate 0",
}
RESULTS = {name: "(N, T, D)" if group == "rate 0" else "" for name, group in GROUPS.items()}


def draw_rate(rng: np.random.Generator) -> float:
    """Draw a rate; in this range no two of the factors in `relation` are the same number."""
    return float(rng.uniform(0.1, 0.3))


def draw_width(rng: np.random.Generator, sizes: Sizes) -> Values:
    """Draw the width of a large mask, 0 for none, and its rate, so high that few values tell it from others."""
    return {"width": WIDTH if sizes.N == 1 else 0, "higher_rate": float(rng.uniform(0.55, 0.65))}


def draw_dropout(rng: np.random.Generator, sizes: Sizes) -> Values:
    """Draw the arguments: values away from zero, so that a zero in what comes out is a gap in the mask."""
    # Large enough that no two masks are the same by chance, also where all steps share one.
    shape = sizes.N * 8, sizes.T * 2, sizes.D * 3
    xs, dys = (rng.uniform(0.5, 2.0, shape) * rng.choice([-1.0, 1.0], shape) for _ in range(2))
    rates = {"rate": draw_rate(rng), **draw_width(rng, sizes)}
    return {"xs": xs, "dys": dys, **rates, "seed": int(rng.integers(2**31))}


def try_dropout(name: str) -> Probe:
    """Return the probe of a dropout layer of that name."""

    def probe(answer: Answer, arguments: Values, record: Values) -> None:
        with isolated_copies(arguments) as copy_of:
            _use_dropout(name, answer, arguments, copy_of, record)

    return probe


def _use_dropout(
    name: str, answer: Answer, arguments: Values, copy_of: Callable[[str], FloatArray], record: Values
) -> None:
    xs, dys, rate, seed = copy_of("xs"), copy_of("dys"), arguments["rate"], arguments["seed"]

    def build(seed: int = seed, rate: float = rate) -> Layer:
        return build_layer(answer, name, rate, np.random.default_rng(seed))

    def forward(layer: Layer, **keywords: bool) -> FloatArray:
        return _in_shape(layer.forward(copy_of("xs"), **keywords), xs, "ys", f"{name}.forward")

    def mask(layer: Layer) -> FloatArray:
        factors: FloatArray = forward(layer, training=True) / xs
        return factors

    def backward(layer: Layer) -> FloatArray:
        return _in_shape(layer.backward(copy_of("dys")), dys, "dxs", f"{name}.backward")

    evaluated, trained, at_rate_0 = build(), build(), build(rate=0.0)
    masks = np.stack([mask(trained) for _ in range(FORWARDS)])
    values = relation(masks, rate)
    record["ys, not training"] = in_evaluation(forward(evaluated, training=False) / xs, rate, values)
    left_out = in_evaluation(forward(build()) / xs, rate, values)
    record["training left out"] = "evaluation" if left_out == record["ys, not training"] else left_out
    record["values of the mask"] = values
    record["share of zeros in the mask"] = share_of_zeros(masks == 0, rate)
    record["share of zeros in a large mask"] = "not counted"
    if arguments["width"]:
        large, higher_rate = np.ones((100, 2, arguments["width"]), xs.dtype), arguments["higher_rate"]
        ys = _in_shape(build(rate=higher_rate).forward(large, training=True), large, "ys", f"{name}.forward")
        record["share of zeros in a large mask"] = share_of_zeros(ys == 0, higher_rate, exactly=True)
    record["the mask"] = spread(masks == 0)
    record["the mask of the next training forward"] = same_zeros(masks[:-1], masks[1:])
    record["the mask of another layer, with the same seed"] = same_zeros(masks[0], mask(build()))
    record["the mask of another layer, with another seed"] = same_zeros(masks[0], mask(build(seed + 1)))
    # Some layers look for rate 0 first. So where the mask is wrong anyway, what comes out there tells nothing more.
    is_right = values == "0 and 1/(1-rate)" and record["share of zeros in the mask"] == "rate"
    record["ys at rate 0"] = forward(at_rate_0, training=True) if is_right else xs

    masks, backs = np.stack([(mask(trained), backward(trained) / dys) for _ in range(BACKWARDS)], axis=1)
    values = relation(backs, rate)
    record["values of the mask of dxs"] = values
    record["zeros in dxs"] = zeros_back(backs, masks)
    record["dxs, not training"] = _unless_stopped(lambda: in_evaluation(backward(evaluated) / dys, rate, values))
    old = masks[-1] if np.array_equal(forward(trained, training=False), xs) else None
    after = _unless_stopped(lambda: in_evaluation(backward(trained) / dys, rate, values, old))
    record["dxs, after an evaluation that followed training"] = after
    record["dxs at rate 0"] = backward(at_rate_0) if is_right and values == "0 and 1/(1-rate)" else dys


def _in_shape(given: object, like: FloatArray, name: str, called: str) -> FloatArray:
    array = unpack(given, (name,), called)[name]
    if not isinstance(array, np.ndarray) or array.shape != like.shape:
        template = "`{called}` must return an array of the shape of its argument, {expected}: got {got}."
        got = getattr(array, "shape", type(array).__name__)
        raise ContractError(template, called=called, expected=like.shape, got=got)
    return array


def unless_divided_by_0(run: Callable[[], FloatArray], like: FloatArray) -> FloatArray:
    """A division of Python's by 0 stops where one of NumPy's gives infinity: the same mistake."""
    try:
        with np.errstate(all="ignore"):
            return run()
    except ZeroDivisionError:
        return np.full_like(like, np.inf)


def _unless_stopped(run: Callable[[], str]) -> str:
    """A backward that finds no mask after an evaluation stops; the rest can be looked at all the same."""
    try:
        return run()
    except (AttributeError, TypeError) as error:
        return f"stopped by {type(error).__name__}"


# --- masks in words ---------------------------------------------------------------------------------------------------


def relation(ratio: FloatArray, rate: float, tolerance: float | None = None) -> str:
    """Say what an array was multiplied by.

    Args:
        ratio: the factors.
        rate: of the layer.
        tolerance: how far a factor may be from a known one [relative]; left out, the rounding errors of its type.
    """
    tolerance = ROUNDINGS * float(np.finfo(np.result_type(ratio, 1.0)).eps) if tolerance is None else tolerance
    others = ratio[ratio != 0]
    if not others.size:
        return "all times 0"
    low, high = float(others.min()), float(others.max())
    if not math.isfinite(low - high):
        return "infinite"
    known = {
        "1/(1-rate)": 1 / (1 - rate),
        "1": 1,
        "1-rate": 1 - rate,
        "1/rate": 1 / rate,
        "rate": rate,
        "1/(1-rate)²": 1 / (1 - rate) ** 2,
    }
    distances = {name: max(high - value, value - low) / max(1, value) for name, value in known.items()}
    name = min(distances, key=distances.__getitem__)
    if distances[name] > max(tolerance, NEAR):
        return "several values"
    if distances[name] > tolerance:
        name = f"nearly {name}"
    if others.size < ratio.size:
        return f"0 and {name}"
    return "all unchanged" if name == "1" else f"all times {name}"


def in_evaluation(
    ratio: FloatArray, rate: float, training: str, old: FloatArray | None = None, tolerance: float | None = None
) -> str:
    """Say what an array was multiplied by where nothing should be dropped.

    Args:
        ratio, rate, tolerance: as for `relation`.
        training: what such an array was multiplied by in training, in words.
        old: the mask of an earlier training forward, if it would be a mistake to use it.
    """
    if old is not None and np.any(old == 0) and np.array_equal(ratio == 0, old == 0):
        return "the mask of an earlier forward"
    said = relation(ratio, rate, tolerance)
    return "as in training" if said == training and said not in ("all unchanged", "several values") else said


def share_of_zeros(dropped: BoolArray, rate: float, *, exactly: bool = False) -> str:
    """Say which share of some masks is zero: the rate unless another one is nearer, or far from all if `exactly`."""
    for axis in _repeated(dropped):
        dropped = np.take(dropped, [0], axis)
    share = float(np.mean(dropped))
    if share in (0, 1):
        return "all" if share else "none"
    known = {
        "rate": rate,
        "1 - rate": 1 - rate,
        "a half": 0.5,
        "P(normal number < rate)": (1 + math.erf(rate / math.sqrt(2))) / 2,
    }

    def agrees(p: float) -> bool:
        return abs(share - p) <= STANDARD_ERRORS * math.sqrt(p * (1 - p) / dropped.size)

    if agrees(rate):
        return "rate"
    name, p = min(known.items(), key=lambda one: abs(share - one[1]))
    if agrees(p) or not exactly:
        return name
    return "nearly the rate" if abs(share - rate) < 0.15 * rate else "another share"


def spread(dropped: BoolArray) -> str:
    """Say along which axes each of some masks (masks, N, T, D) repeats itself."""
    if not dropped.any():
        return "nothing dropped"
    if not dropped.any(axis=(0, 1, 3)).all():  # some sequences and features have no gap by chance, but no step has none
        return "only for some of the steps"
    axes = "masks", "sequences", "steps", "features"
    shared = [axes[axis] for axis in _repeated(dropped) if axis]
    return f"the same for all {' and '.join(shared)}" if shared else "its own value for every place"


def _repeated(dropped: BoolArray) -> list[int]:
    """The axes along which masks repeat themselves."""
    return [axis for axis in range(dropped.ndim) if np.all(dropped == np.take(dropped, [0], axis))]


def same_zeros(one: AnyArray, other: AnyArray) -> str:
    """Say whether two masks have their zeros in the same places."""
    if np.all(one != 0) and np.all(other != 0):
        return "no mask"
    return "the same" if np.array_equal(one == 0, other == 0) else "another one"


def zeros_back(back: AnyArray, mask: AnyArray) -> str:
    """Say where a gradient has its zeros."""
    if np.array_equal(back == 0, mask == 0):
        return "where forward has them"
    if not np.any(mask == 0):
        return "only on the way back"
    if np.all((back == 0) >= (mask == 0)):
        return "where forward has them, and in more places"
    return "elsewhere" if np.any(back == 0) else "none"


# --- the mistakes -----------------------------------------------------------------------------------------------------


def dropout_mistakes(target: Answer) -> tuple[Misconception, ...]:
    """Return the mistakes of a dropout layer, spelt out in `target`, that are not about where a mask is shared."""
    return mistakes(target, _USED_WRONG) + alone(mistakes(target, _USED_QUITE_WRONG)) + drawn_mistakes(target)


def alone(misconceptions: Sequence[Misconception]) -> tuple[Misconception, ...]:
    """Return mistakes that are not combined with others: each is more than one already, or hides what others do."""
    return tuple(Misconception(one.wrong, one.name, one.hint) for one in misconceptions)


def drawn_mistakes(target: Answer) -> tuple[Misconception, ...]:
    """Return the mistakes in drawing a mask, of a layer that is spelt out in `target`."""
    return mistakes(target, _DRAWN_WRONG) + alone(mistakes(target, _DRAWN_QUITE_WRONG))


_USED_WRONG = """
    if not training: → if False:
        Values are dropped at test time too.
        Without `training` the layer is the identity, both ways. Look at the keyword first.
    dys if self.mask is None else dys * self.mask → dys
        The gradient is not masked.
        What was set to 0 has no part in the loss, so its gradient is 0 as well: backward needs the mask.
    dys * self.mask → dys * (self.mask != 0)
        The gradient is masked and not scaled.
        Forward multiplied by `1/(1 - rate)` too, so backward must: the same mask, scale included.
    dys * self.mask → dys * self.mask / dys.dtype.type(1 - self.rate)
        The gradient is scaled twice.
        The scale is in the mask already: multiply by the mask, and by nothing else.
    dys * self.mask → dys / dys.dtype.type(1 - self.rate)
        The gradient is scaled and not masked.
        What was set to 0 has no part in the loss, so its gradient is 0 as well: backward needs the mask.
    dys * self.mask → self.forward(dys, training=True)
        Backward draws a *new* mask.
        The gradient must go through the gaps that forward left: keep the mask on `self`.
    forward: self.mask = None → pass
        Backward after an evaluation uses the mask of an earlier training forward.
        The identity has the identity for its backward: set the mask to None, or to ones, when you are not training.
    self.rate, self.mask = rate, None → self.rate = rate
    forward: self.mask = None → pass
        An evaluation sets no mask, so backward finds none, or an old one.
        Every forward must set what backward looks for: in training the mask, otherwise None or ones.
    dys if self.mask is None else dys * self.mask → dys * self.mask
        Backward multiplies by a mask that is None after an evaluation.
        The identity has the identity for its backward: where there is no mask, `dys` goes back as it is.
    forward: False → True
        `training` is True unless told otherwise.
        Write `training=False` in the signature of forward: whoever wants dropout asks for it.
    xs * self.mask → xs * (self.mask != 0)
        `ys` is masked and not scaled.
        What is kept must make up for what is dropped, both ways: multiply by the same mask, scale included.
    return xs → return xs * xs.dtype.type(1 - self.rate)
        Training is scaled up, and at test time `ys` is scaled down again.
        One of the two is enough. Training has it, so test time is the identity.
    return xs → return xs / xs.dtype.type(1 - self.rate)
        At test time `ys` is scaled up as in training.
        The scale makes up for what is dropped. At test time nothing is, so `ys` is `xs`.
"""

#: Each is more than one mistake, or hides what others do.
_USED_QUITE_WRONG = """
    xs * self.mask → xs
        The mask is drawn, and `ys` does not go through it.
        Keep the mask for backward, *and* multiply `xs` by it.
    forward: self.mask = None → self.forward(xs, training=True)
        Every forward keeps a mask, so backward after an evaluation is masked.
        The identity has the identity for its backward: set the mask to None, or to ones, when you are not training.
    kept = self.rng.random( → kept = self.rng.random(1) + np.zeros(
        One random number decides for all values at once.
        Each place of the mask has a number of its own: give `random` a shape.
    dys if self.mask is None else dys * self.mask → self.forward(dys, training=True)
        Backward draws a *new* mask, also after an evaluation.
        The gradient must go through the gaps that forward left: keep the mask on `self`.
    / xs.dtype.type(1 - self.rate) →
    return xs → return xs * xs.dtype.type(1 - self.rate)
        This is the older form: no scale in training, and `ys` is multiplied by `1 - rate` at test time.
        The course uses the *inverted* form: divide by `1 - rate` in training, and leave test time alone.
    / xs.dtype.type(1 - self.rate) →
    forward: self.mask = None → self.mask = np.full_like(xs, 1 - self.rate)
    return xs → return xs * self.mask
        This is the older form: no scale in training, and everything is multiplied by `1 - rate` at test time.
        The course uses the *inverted* form: divide by `1 - rate` in training, and leave test time alone.
    / xs.dtype.type(1 - self.rate) →
    return xs → return xs * xs.dtype.type(self.rate)
        Training is not scaled, and at test time `ys` is multiplied by `rate`.
        The course uses the *inverted* form: divide by `1 - rate` in training, and leave test time alone.
    / xs.dtype.type(1 - self.rate) →
    forward: self.mask = None → self.mask = np.full_like(xs, self.rate)
    return xs → return xs * self.mask
        Training is not scaled, and at test time everything is multiplied by `rate`.
        The course uses the *inverted* form: divide by `1 - rate` in training, and leave test time alone.
    forward: self.mask = None → self.mask = np.full_like(xs, 1 - self.rate)
    return xs → return xs * self.mask
        Training is scaled up, and at test time everything is scaled down again.
        One of the two is enough. Training has it, so test time is the identity.
    forward: self.mask = None → self.mask = np.full_like(xs, 1 / (1 - self.rate))
    return xs → return xs * self.mask
        At test time everything is scaled up as in training.
        The scale makes up for what is dropped. At test time nothing is, so `ys` is `xs`.
    if not training: → if training:
        Training and evaluation are exchanged.
        Values are dropped where `training` is True.
"""

#: Also those of exercise 7.3.
_DRAWN_WRONG = """
    >= self.rate → >= 1.1 * self.rate
        The share of values that is dropped is near `rate`, but it is not `rate`.
        Keep where the random number is `>= rate`, and change neither of the two.
    / xs.dtype.type(1 - self.rate) →
        The mask is not scaled: on average the values get smaller.
        What is kept must make up for what is dropped: divide the mask by `1 - rate`.
    >= self.rate → < self.rate
        The mask keeps values with probability `rate`, but is scaled as if it dropped them with that probability.
        `rate` is the probability to drop: keep where the random number is `>= rate`.
    1 - self.rate → self.rate
        The mask is divided by `rate`.
        A share of `1 - rate` is kept, so divide by that.
    / xs.dtype.type → * xs.dtype.type
        The mask is *multiplied* by `1 - rate`: the mean shrinks twice.
        Divide: what is kept must make up for what is dropped.
    (1 - self.rate) → (1.0009 * (1 - self.rate))
        The scale of the mask is near 1 / (1 - rate), but it is not that.
        The values that are kept must be scaled by exactly 1 / (1 - rate): no constant, and nothing rounded or added.
    / xs.dtype.type(1 - self.rate) → / xs.dtype.type((1 - self.rate) ** 2)
        The mask is scaled twice.
        Divide by `1 - rate` once: then the values stay what they are on average.
    >= self.rate → >= 0.5
        A half is dropped, whatever `rate` is.
        `rate` is the probability to drop: keep where the random number is `>= rate`.
    kept = self.rng → kept = self.kept = self.kept if hasattr(self, "kept") else self.rng
        The mask is drawn once and used from then on.
        Each forward in training draws a new mask. One that stays makes a smaller model, and no dropout.
    kept = self.rng → kept = np.random.default_rng()
        The mask is drawn from a generator of its own instead of `rng`.
        Draw from the `rng` that you are given: then the same seed trains the same model again.
    kept = self.rng → kept = np.random.default_rng(0)
        A generator with the same seed is made at every call.
        Draw from the `rng` that you are given; it goes on from call to call.
    self.rng = rng → self.rng = np.random.default_rng(0)
        The layer makes a generator with a seed of its own, and leaves `rng` alone.
        Keep the `rng` that you are given, and draw from it: another seed must give other masks.
"""

_DRAWN_QUITE_WRONG = """
    .random( → .standard_normal(
        The random numbers are normal, not uniform.
        `rng.random(shape)` gives numbers from 0 to 1, of which a share of `rate` lies below `rate`.
    >= self.rate → < self.rate
    1 - self.rate → self.rate
        `rate` is used as the probability to *keep*, in the scale too.
        Here `rate` is the probability to drop: keep where the number is `>= rate`, and divide by `1 - rate`.
"""
