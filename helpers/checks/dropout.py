"""How a dropout layer is tried out: its mask is recovered from what comes out, so any way of drawing it passes.

Exercises 6.4 and 7.2 share this; they differ in the places that share one value of the mask.
"""

import numpy as np

from helpers.checks.exercise import ContractError, Misconception
from helpers.checks.probes import build_layer, isolated_copies
from helpers.nn.base import Layer

#: What `try_dropout` writes down, in its order.
RESULTS = dict.fromkeys(
    (
        "ys, not training",
        "dxs, not training",
        "type of ys, training",
        "values of the mask",
        "share of zeros in the mask",
        "the mask",
        "type of dxs, training",
        "the mask of dxs",
        "the mask of the next training forward",
        "dxs, after an evaluation that followed training",
        "the mask of another layer, with the same seed",
        "the mask of another layer, with another seed",
        "ys at rate 0, training",
    ),
    "",
)


def draw_dropout(rng, sizes):
    """Draw the arguments: values away from zero, so that a zero in what comes out is a gap in the mask."""
    # Large enough that a share of zeros tells one rate from another.
    shape = sizes.N * 8, sizes.T * 4, sizes.D * 3

    def away_from_zero():
        return rng.uniform(0.5, 2.0, shape) * rng.choice([-1.0, 1.0], shape)

    return {"xs": away_from_zero(), "dys": away_from_zero(), "rate": 0.3, "seed": int(rng.integers(2**31))}


def _array_like(ys, xs, name):
    if not isinstance(ys, np.ndarray) or ys.shape != xs.shape:
        got = (
            "nothing"
            if ys is None
            else f"an array of shape {ys.shape}"
            if isinstance(ys, np.ndarray)
            else f"a {type(ys).__name__}"
        )
        raise ContractError(f"`{name}` must return an array of the shape of its argument, {xs.shape}: got {got}.")
    return ys


def try_dropout(name):
    """Return the probe of a dropout layer of that name."""

    def probe(answer, arguments, record):
        with isolated_copies(arguments) as copy_of:
            _use_dropout(name, answer, arguments, copy_of, record)

    return probe


def _use_dropout(name, answer, arguments, copy_of, record):
    xs, dys, rate, seed = (arguments[key] for key in ("xs", "dys", "rate", "seed"))

    def build(seed=seed, rate=rate):
        return build_layer(answer, name, rate, np.random.default_rng(seed))

    def forward(layer, training=True):
        return _array_like(layer.forward(copy_of("xs"), training=training), xs, f"{name}.forward")

    def backward(layer):
        return _array_like(layer.backward(copy_of("dys")), dys, "backward") / dys

    layer = build()
    record["ys, not training"] = relation(forward(layer, training=False) / xs, rate)
    try:
        record["dxs, not training"] = relation(backward(layer), rate)
    except AttributeError as missing:
        raise ContractError(
            f"`{name}.backward` stopped after a forward without `training`: {missing}. What backward looks for, every "
            "forward must set: in training to the mask, otherwise to None or to ones."
        ) from missing
    ys = forward(layer)
    mask = ys / xs
    record["type of ys, training"] = str(ys.dtype)
    record["values of the mask"] = relation(mask, rate)
    record["share of zeros in the mask"] = share_of_zeros(independent(mask == 0), rate)
    record["the mask"] = spread(mask == 0)
    back = backward(layer)
    record["type of dxs, training"] = str(back.dtype)
    record["the mask of dxs"] = _mask_back(back, mask)
    record["the mask of the next training forward"] = same_zeros(mask, forward(layer) / xs)
    forward(layer, training=False)
    record["dxs, after an evaluation that followed training"] = relation(backward(layer), rate)
    record["the mask of another layer, with the same seed"] = same_zeros(mask, forward(build()) / xs)
    record["the mask of another layer, with another seed"] = same_zeros(mask, forward(build(seed + 1)) / xs)
    record["ys at rate 0, training"] = _at_rate_0(lambda: forward(build(rate=0.0)) / xs)


def _at_rate_0(ratio):
    """What the values were multiplied by where nothing is dropped; a layer that divides by `rate` shows here."""
    try:
        with np.errstate(all="ignore"):
            return relation(ratio(), 0.0)
    except ZeroDivisionError:
        return _INFINITE


def _close(array, value):
    return np.abs(array - value) < 1e-3 * np.maximum(1.0, np.abs(value))


_INFINITE = "divided by 0"


def relation(ratio, rate):
    """Say what an array was multiplied by."""
    if not np.all(np.isfinite(ratio)):
        return _INFINITE
    if np.all(_close(ratio, 1)):
        return "all unchanged"
    zero, others = np.any(ratio == 0), ratio[ratio != 0]
    known = {"1/(1-rate)": 1 / (1 - rate), "1": 1, "1-rate": 1 - rate, "1/rate": 1 / rate if rate else 0, "rate": rate}
    for name, value in known.items():
        if np.all(_close(others, value)):
            return f"0 and {name}" if zero else f"all times {name}"
    return "several values"


def share_of_zeros(dropped, rate):
    """Say whether the share of zeros is that of the rate."""
    if dropped.size == 1:  # the mask is the same everywhere
        return "all" if dropped.all() else "none"
    share = np.mean(dropped)
    for name, p in ("rate", rate), ("1 - rate", 1 - rate):
        if abs(share - p) <= 6 * np.sqrt(p * (1 - p) / dropped.size):  # six standard errors
            return name
    return "none" if share == 0 else "all" if share == 1 else "another share"


def spread(dropped):
    """Say along which axes the mask repeats itself."""
    if not dropped.any():
        return "nothing dropped"
    shared = [("sequences", "steps", "features")[axis] for axis in _repeated(dropped)]
    return f"the same for all {' and '.join(shared)}" if shared else "its own value for every place"


def _repeated(dropped):
    """The axes along which a mask repeats itself."""
    return [axis for axis in range(dropped.ndim) if np.all(dropped == np.take(dropped, [0], axis))]


def independent(dropped):
    """Return the part of a mask that does not repeat itself."""
    for axis in _repeated(dropped):
        dropped = np.take(dropped, [0], axis)
    return dropped


def _mask_back(back, mask):
    if np.all(_close(back, mask) | ((back == 0) & (mask == 0))):
        return "that of forward"
    if np.all(_close(back, 1)):
        return "none"
    if np.array_equal(back == 0, mask == 0):
        return "zeros as in forward, another scale"
    return "another one"


def same_zeros(one, other):
    """Say whether two masks have their zeros in the same places."""
    return "the same" if np.array_equal(one == 0, other == 0) else "another one"


# --- the mistakes -----------------------------------------------------------------------------------------------------


class _Dropout(Layer):
    """The reference spelt out, with a method for each place where people go wrong."""

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, xs, *, training=False):
        if not training:
            return self.evaluate(xs)
        self.mask = self.draw(xs)
        return self.apply(xs)

    def evaluate(self, xs):
        self.mask = np.ones_like(xs)
        return xs

    def draw(self, xs):
        return (self.kept(self.rng.random(self.shape(xs))) * self.scale()).astype(xs.dtype)

    def apply(self, xs):
        return xs * self.mask

    def kept(self, drawn):
        return drawn >= self.rate

    def scale(self):
        return 1 / (1 - self.rate)

    def backward(self, dys):
        return dys * self.mask


def wrong_dropout(shape, **methods):
    """Return a dropout layer whose mask has the shape of `shape(self, xs)`, with some of its methods replaced."""
    return type("Dropout", (_Dropout,), {"shape": shape} | methods)


def _drop_always(self, xs):
    self.mask = self.draw(xs)
    return self.apply(xs)


def _scale_down(self, xs):
    self.mask = np.full_like(xs, 1 - self.rate)
    return xs * self.mask


def _scale_down_forward_only(self, xs):
    self.mask = np.ones_like(xs)
    return xs * xs.dtype.type(1 - self.rate)


def _keep_old_mask(self, xs):
    if not hasattr(self, "mask"):
        self.mask = np.ones_like(xs)
    return xs


def _draw_once(self, xs):
    if not hasattr(self, "drawn"):
        self.drawn = _Dropout.draw(self, xs)
    return self.drawn


def _in_place(self, xs):
    xs *= self.mask
    return xs


def _with_generator(make):
    def draw(self, xs):
        return ((make().random(self.shape(xs)) >= self.rate) * self.scale()).astype(xs.dtype)

    return draw


def _in_place_backward(self, dys):
    dys *= self.mask
    return dys


def _upside_down(self):
    return 1 / np.float64(self.rate)


def mistakes(shape):
    """Return the known mistakes of a dropout layer that have nothing to do with where a mask is shared.

    Args:
        shape: ``shape(self, xs)`` of the right mask.
    """

    def made(**methods):
        return wrong_dropout(shape, **methods)

    return (
        Misconception(
            made(scale=lambda self: 1),
            "a dropout that does not scale what it keeps: on average the values get smaller",
            "What is kept must make up for what is dropped: divide the mask by `1 - rate`.",
        ),
        Misconception(
            made(evaluate=_drop_always),
            "a dropout that drops at test time too",
            "Without `training` the layer is the identity, both ways. Look at the keyword first.",
        ),
        Misconception(
            made(scale=lambda self: 1, evaluate=_scale_down),
            "dropout in its older form: no scale in training, and everything times `1 - rate` at test time",
            "It would do, but the course uses the *inverted* form: scale in training, and leave test time alone.",
        ),
        Misconception(
            made(scale=lambda self: 1, evaluate=_scale_down_forward_only),
            "a dropout that is scaled at test time instead, forward only",
            "The course uses the *inverted* form: divide by `1 - rate` in training, and leave test time alone.",
        ),
        Misconception(
            made(evaluate=_scale_down),
            "a dropout that is scaled twice: up in training, and down again at test time",
            "One of the two is enough. Training has it, so test time is the identity.",
        ),
        Misconception(
            made(backward=lambda self, dys: dys * self.draw(dys)),
            "a dropout that draws a *new* mask on the way back",
            "The gradient must go through the gaps that forward left: keep the mask on `self`.",
        ),
        Misconception(
            made(kept=lambda self, drawn: drawn < self.rate),
            "a dropout that *keeps* with probability `rate`, and scales as if it dropped with it",
            "`rate` is the probability to drop: keep where the random number is `>= rate`.",
        ),
        Misconception(
            made(
                kept=lambda self, drawn: drawn < self.rate,
                scale=_upside_down,
            ),
            "a dropout that takes `rate` for the probability to *keep*, scale included",
            "Some libraries do. Here `rate` is the probability to drop: keep with `1 - rate`, divide by `1 - rate`.",
        ),
        Misconception(
            made(scale=_upside_down),
            "a mask that is divided by `rate`",
            "A share of `1 - rate` is kept, so divide by that.",
        ),
        Misconception(
            made(scale=lambda self: 1 - self.rate),
            "a mask that is *multiplied* by `1 - rate`: the mean shrinks twice",
            "Divide: what is kept must make up for what is dropped.",
        ),
        Misconception(
            made(backward=lambda self, dys: dys),
            "a gradient that is not masked",
            "What was set to 0 has no part in the loss: its gradient is 0 as well.",
        ),
        Misconception(
            made(backward=lambda self, dys: dys * (self.mask != 0)),
            "a gradient that is masked and not scaled",
            "Forward multiplied by `1/(1 - rate)` too, so backward must: the same mask, scale included.",
        ),
        Misconception(
            made(evaluate=_keep_old_mask),
            "a backward that uses an old mask after an evaluation",
            "The identity has the identity for its backward: set the mask to 1 when you are not training.",
        ),
        Misconception(
            made(draw=_draw_once),
            "a mask that is drawn once and then kept for good",
            "Each training forward draws anew. Otherwise it is a smaller model, and no dropout.",
        ),
        Misconception(
            made(draw=lambda self, xs: self.kept(self.rng.random(self.shape(xs))) * np.float64(self.scale())),
            "a mask that is always float64, and makes float64 of everything above it",
            "Training runs in float32: give the mask the type of its input, `.astype(xs.dtype)`.",
        ),
        Misconception(
            made(draw=_with_generator(np.random.default_rng)),
            "a dropout with a generator of its own instead of `rng`",
            "Draw from the `rng` that you are given: then the same seed trains the same model again.",
        ),
        Misconception(
            made(draw=_with_generator(lambda: np.random.default_rng(0))),
            "a dropout that makes a generator with the same seed at every call",
            "Draw from the `rng` that you are given; it goes on from call to call.",
        ),
        Misconception(
            made(apply=_in_place),
            "a right mask that is applied to `xs` itself",
            "`xs *= mask` changes the caller's array, which other layers kept for their backward. Make a new one.",
        ),
        Misconception(
            made(backward=_in_place_backward),
            "a right gradient that is written over `dys` itself",
            "`dys *= mask` changes the caller's array. Make a new one: `dys * mask`.",
        ),
        Misconception(
            made(apply=_in_place, backward=_in_place_backward),
            "a right mask that is applied to `xs` and to `dys` themselves",
            "`xs *= mask` and `dys *= mask` change the caller's arrays. Make new ones, both ways.",
        ),
    )
