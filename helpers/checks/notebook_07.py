"""The exercises of notebook 07 and the mistakes people make in them."""

import numpy as np

from helpers.checks import compare, dropout
from helpers.checks.exercise import ContractError, Exercise, Misconception, unpack
from helpers.checks.inputs import copied
from helpers.checks.probes import build_layer, isolated_copies
from helpers.nn import analysis, layers, recurrent, steps
from helpers.nn.base import LSTM_ORDER, Layer, Param
from helpers.nn.functional import dropout_mask

# --- 7.1 ------------------------------------------------------------------------------------------------------------


def _draw_survival(rng, sizes):
    return {"rate": float(rng.uniform(0.05, 0.45)), "steps": sizes.T + 4}


def _use_survival(answer, arguments, record):
    rate, steps = arguments.values()
    record["fraction with a fresh mask at each step"] = answer(rate, steps, False)
    record["fraction with one mask for all steps"] = answer(rate, steps, True)
    record["fraction after one step"] = answer(rate, 1, False)
    record["fraction at rate 0"] = answer(0.0, steps, False)


def _survival(fresh=lambda rate, steps: (1 - rate) ** steps, shared=lambda rate, steps: 1 - rate):
    """The function with another formula for one of its two cases."""
    return lambda rate, steps, shared_mask: float((shared if shared_mask else fresh)(rate, steps))


SURVIVING_FRACTION = Exercise(
    id="7.1",
    name="surviving_fraction",
    title="What is left after many steps",
    stars=2,
    reference=analysis.surviving_fraction,
    results=dict.fromkeys(
        (
            "fraction with a fresh mask at each step",
            "fraction with one mask for all steps",
            "fraction after one step",
            "fraction at rate 0",
        ),
        "",
    ),
    draw=_draw_survival,
    probe=_use_survival,
    example={"rate": 0.5, "steps": 3},
    misconceptions=(
        Misconception(
            _survival(
                fresh=lambda rate, steps: 1 - rate,
                shared=lambda rate, steps: (1 - rate) ** steps,
            ),
            "the two cases exchanged",
            "A shared mask drops a value once and for all. A fresh one takes its share again at every step.",
        ),
        Misconception(
            _survival(shared=lambda rate, steps: (1 - rate) ** steps),
            "(1 - rate)^steps in both cases",
            "What a shared mask has let through once, it lets through every time: the number of steps plays no part.",
        ),
        Misconception(
            _survival(fresh=lambda rate, steps: 1 - rate),
            "1 - rate in both cases",
            "Each fresh mask takes its share of what the ones before it have left.",
        ),
        Misconception(
            _survival(
                fresh=lambda rate, steps: rate**steps,
                shared=lambda rate, steps: rate,
            ),
            "`rate` taken for the probability to *keep*",
            "`rate` is the probability to drop, so 1 - rate is kept.",
        ),
        Misconception(
            _survival(fresh=lambda rate, steps: rate**steps),
            "rate^steps for the fresh masks: the fraction that is dropped *every* time",
            "To survive, a value must be kept at every step. What is the probability of that at one step?",
        ),
        Misconception(
            _survival(fresh=lambda rate, steps: max(0.0, 1 - rate * steps)),
            "1 - rate·steps for the fresh masks, as if each took its share of the *whole*",
            "A mask takes its share of what is still there. Multiply, step by step.",
        ),
        Misconception(
            _survival(fresh=lambda rate, steps: 1 - rate**steps),
            "1 - rate^steps for the fresh masks: the fraction that was kept *at least once*",
            "One gap on the way is enough to lose a value: it must be kept every time.",
        ),
        Misconception(
            _survival(fresh=lambda rate, steps: (1 - rate) ** (steps - 1)),
            "one step too few: (1 - rate)^(steps - 1)",
            "After one step one mask has been applied, and 1 - rate is left.",
        ),
        Misconception(
            _survival(fresh=lambda rate, steps: (1 - rate) ** (steps + 1)),
            "one step too many: (1 - rate)^(steps + 1)",
            "After one step one mask has been applied, and 1 - rate is left.",
        ),
        Misconception(
            _survival(fresh=lambda rate, steps: 1.0, shared=lambda rate, steps: 1.0),
            "the *mean*, which the scale 1/(1-rate) holds at 1",
            "The question is how many values are still there, not what they are on average.",
        ),
        Misconception(
            _survival(fresh=lambda rate, steps: np.exp(-rate * steps)),
            "e^(-rate·steps), which comes close only for a small rate",
            "Exactly: the probability to be kept once, multiplied `steps` times.",
        ),
    ),
)

# --- 7.2 ------------------------------------------------------------------------------------------------------------


def _shared_over_steps(self, xs):
    return xs.shape[0], 1, xs.shape[2]


VARIATIONAL_DROPOUT = Exercise(
    id="7.2",
    name="VariationalDropout",
    title="One mask for all steps",
    stars=2,
    reference=layers.VariationalDropout,
    results=dropout.RESULTS,
    draw=dropout.draw_dropout,
    probe=dropout.try_dropout("VariationalDropout"),
    misconceptions=(
        Misconception(
            dropout.wrong_dropout(lambda self, xs: xs.shape),
            "plain dropout: a fresh mask value for every step",
            "All the steps of a sequence share one mask. Draw it with the shape `(N, 1, D)`, and let it broadcast.",
        ),
        Misconception(
            dropout.wrong_dropout(lambda self, xs: (1, 1, xs.shape[2])),
            "one mask for the whole batch: every sequence misses the same features",
            "The mask is shared over time only. Each of the N sequences has one of its own: `(N, 1, D)`.",
        ),
        Misconception(
            dropout.wrong_dropout(lambda self, xs: (1, *xs.shape[1:])),
            "a mask that is shared by the sequences and fresh at every step: the two are exchanged",
            "Shared over *time*, which is axis 1: `(N, 1, D)`.",
        ),
        Misconception(
            dropout.wrong_dropout(lambda self, xs: (xs.shape[0], xs.shape[1], 1)),
            "whole steps dropped: one mask value for all the features of a step",
            "The mask hides *features*, the same at every step: `(N, 1, D)`.",
        ),
        Misconception(
            dropout.wrong_dropout(lambda self, xs: (xs.shape[0], 1, 1)),
            "whole sequences dropped: one mask value for each",
            "Each feature has a mask value of its own: `(N, 1, D)`.",
        ),
        Misconception(
            dropout.wrong_dropout(lambda self, xs: (xs.shape[0], xs.shape[2])),
            "a mask (N, D), without an axis for the steps",
            "NumPy lines axes up from the right: (N, T, D) times (N, D) would be steps times sequences. Keep an axis "
            "of length 1 in the middle.",
        ),
        *dropout.mistakes(_shared_over_steps),
    ),
)

# --- 7.3 ------------------------------------------------------------------------------------------------------------

_PARTS = ("hs", "h of state", "c of state", "dxs", "h of dstate", "c of dstate", "Wx.grad", "Wh.grad", "b.grad")
_SHAPES = ("(N, T, H)", "(N, H)", "(N, H)", "(N, T, D)", "(N, H)", "(N, H)", "(D, 4H)", "(H, 4H)", "(4H,)")

#: Of the layer in which the mask can be seen: how strongly h_prev speaks, and what is said without it.
_VOICE, _GROUND = 0.5, 0.25


def _draw_variational(rng, sizes):
    # Large enough that a share of zeros tells one rate from another.
    N, T, D, H = sizes.N * 8, sizes.T, sizes.D, sizes.H * 4
    return {
        "Wx": rng.normal(0, 1, (D, 4 * H)) / np.sqrt(D),
        "Wh": rng.normal(0, 1, (H, 4 * H)) / np.sqrt(H),
        "b": rng.normal(0, 1, 4 * H),
        "xs": rng.normal(0, 1, (N, T, D)),
        "state": (np.tanh(rng.normal(0, 1, (N, H))), rng.normal(0, 1, (N, H))),
        "dhs": rng.normal(0, 1, (N, T, H)),
        "dstate": (rng.normal(0, 1, (N, H)), rng.normal(0, 1, (N, H))),
        "rate": 0.3,
        "seed": int(rng.integers(2**31)),
    }


def _use_variational(answer, arguments, record):
    with isolated_copies(arguments) as copy_of:
        _use_copies(answer, arguments, copy_of, record)


def _use_copies(answer, arguments, copy_of, record):
    seed, rate = arguments["seed"], arguments["rate"]

    def build(weights, seed=seed, rate=rate):
        params = [Param(weights[name].copy(), name) for name in ("Wx", "Wh", "b")]
        return build_layer(answer, "VariationalLSTM", *params, rate, np.random.default_rng(seed)), params

    seen = _Seen(arguments)
    layer, _ = build(seen.weights)
    mask = seen.masks(layer)
    record["values of the mask at the first step"] = dropout.relation(mask[:, :1], rate)
    record["values of the mask at later steps"] = dropout.relation(mask[:, 1:], rate)
    for part, weights in (("x", seen.hearing), ("c", seen.keeping)):
        record[f"values of a mask on {part}"] = dropout.relation(seen.factors(build(weights)[0], part), rate)
    record["values of a mask after training, in a forward without it"] = dropout.relation(
        seen.masks(layer, training=False), rate
    )
    record["values of a mask in a forward without training"] = dropout.relation(
        seen.masks(build(seen.weights)[0], training=False), rate
    )
    layer, _ = build(seen.weights)
    mask = seen.masks(layer)
    record["share of zeros in the mask"] = dropout.share_of_zeros(dropout.independent(mask == 0), rate)
    record["the mask"] = dropout.spread(mask == 0)
    record["the mask of the next training forward"] = dropout.same_zeros(mask, seen.masks(layer))
    record["the mask of another layer, with the same seed"] = dropout.same_zeros(
        mask, seen.masks(build(seen.weights)[0])
    )
    other = seen.masks(build(seen.weights, seed + 1)[0])
    record["the mask of another layer, with another seed"] = dropout.same_zeros(mask, other)

    layer, params = build(arguments)
    training = _pass(layer, params, copy_of, training=True)
    known = record["the mask of another layer, with the same seed"] == "the same" and all(
        record[f"values of a mask on {part}"] == "all unchanged" for part in ("x", "c")
    )
    record.update(_agreement(training, arguments, mask) if known else dict.fromkeys(_AGREEMENT, "of unknown masks"))
    for param in params:
        param.grad[...] = 0
    record.update({f"{part}, not training": value for part, value in _pass(layer, params, copy_of).items()})


class _Seen:
    """A layer in which the mask can be seen: input and output gate open, forget gate closed, no input.

    There h = tanh(tanh(_VOICE · mask · h_prev + _GROUND)), unit by unit. Two more show a mask that should not be there:
    one hears x instead of h_prev, the other says nothing new and keeps c.
    """

    def __init__(self, arguments):
        (N, T, D), H, dtype = arguments["xs"].shape, len(arguments["Wh"]), arguments["xs"].dtype
        at = {name: slice(k * H, (k + 1) * H) for k, name in enumerate(LSTM_ORDER)}
        Wh, b = np.zeros((H, 4 * H), dtype), np.zeros(4 * H, dtype)
        Wh[:, at["g"]] = _VOICE * np.eye(H)
        for name, bias in {"f": -100, "g": _GROUND, "i": 100, "o": 100}.items():
            b[at[name]] = bias
        self.weights = {"Wx": np.zeros((D, 4 * H), dtype), "Wh": Wh, "b": b}
        Wx, keep = np.zeros((D, 4 * H), dtype), np.zeros(4 * H, dtype)
        Wx[:, at["g"]] = _VOICE * np.eye(D, H)
        for name, bias in {"f": 100, "g": 0, "i": -100, "o": 100}.items():
            keep[at[name]] = bias
        self.hearing = {"Wx": Wx, "Wh": np.zeros_like(Wh), "b": b}
        self.keeping = {"Wx": np.zeros_like(Wx), "Wh": np.zeros_like(Wh), "b": keep}
        self.xs = np.zeros((N, T, D), dtype)
        self.first = np.linspace(0.2, 0.6, N * H, dtype=dtype).reshape(N, H)

    def masks(self, layer, training=True):
        """What the layer multiplied h_prev by at each step of a forward, (N, T, H)."""
        state = self.first.copy(), np.zeros_like(self.first)
        hs = _forward(layer, self.xs.copy(), state, training=training)["hs"]
        if np.any(hs == 0):
            raise ContractError(
                "`hs` has zeros in it where none should be: what leaves the layer goes through a mask. The mask "
                "belongs on `h_prev`, where it enters the product, and nowhere else."
            )
        heard = np.concatenate([self.first[:, None], hs[:, :-1]], axis=1)
        return self._heard(hs) / heard

    def factors(self, layer, part):
        """What a training forward multiplied x or c by at its first step."""
        if part == "x":
            xs = self.xs + 0.5
            state = np.zeros_like(self.first), np.zeros_like(self.first)
            width = min(xs.shape[2], self.first.shape[1])
            return self._heard(_forward(layer, xs, state, training=True)["hs"][:, :1, :width]) / 0.5
        state = np.zeros_like(self.first), self.first.copy()
        hs = _forward(layer, self.xs.copy(), state, training=True)["hs"][:, 0]
        with np.errstate(all="ignore"):
            return np.arctanh(hs.astype("float64")) / self.first

    @staticmethod
    def _heard(hs):
        with np.errstate(all="ignore"):
            said = (np.arctanh(np.arctanh(hs.astype("float64"))) - _GROUND) / _VOICE
        return np.where(np.abs(said) < 1e-5, 0.0, said)


def _forward(layer, xs, state, **keywords):
    given = unpack(layer.forward(xs, state, **keywords), ("hs", "state"), "VariationalLSTM.forward")
    hs, state = given.values()
    if not isinstance(hs, np.ndarray) or hs.shape[:2] != xs.shape[:2]:
        raise ContractError("`VariationalLSTM.forward` must return `hs`, an array (N, T, H), and the state.")
    return {"hs": hs} | _pair(state, "state")


def _pair(state, name):
    if not isinstance(state, tuple | list) or len(state) != 2:
        raise ContractError(f"The `{name}` must be the pair `(h, c)`, in that order.")
    return {f"h of {name}": state[0], f"c of {name}": state[1]}


def _pass(layer, params, copy_of, **keywords):
    """Forward and back; everything that comes out, by the names of _PARTS."""
    found = _forward(layer, copy_of("xs"), copy_of("state"), **keywords)
    back = unpack(layer.backward(copy_of("dhs"), copy_of("dstate")), ("dxs", "dstate"), "VariationalLSTM.backward")
    found |= {"dxs": back["dxs"]} | _pair(back["dstate"], "dstate")
    return found | {f"{param.name}.grad": param.grad.copy() for param in params}


class _MaskedLSTM(recurrent.LSTM):
    """The plain LSTM under masks that are known."""

    def forward(self, xs, state=None, *, training=False):
        self.masks = self.known
        return super().forward(xs, state)


_AGREEMENT = tuple(f"{part}, training" for part in _PARTS)


def _agreement(got, arguments, mask):
    """Say for each result of a training pass whose it is: of the right layer under this mask, or of a wrong one."""
    dtype, rate = arguments["xs"].dtype, arguments["rate"]
    scaled = (mask[:, 0] != 0).astype(dtype) / (1 - rate)
    said, open_parts = {}, dict(zip(_AGREEMENT, _PARTS))
    for label, layer_class, masks in (
        ("those of an LSTM with this mask", _MaskedLSTM, np.broadcast_to(scaled, (mask.shape[1], *scaled.shape))),
        ("those of an LSTM with what was seen, step by step", _MaskedLSTM, _snapped(mask, rate).astype(dtype)),
        *((f"those of an LSTM with {name}", wrong, scaled) for name, wrong in _UNDER_A_RIGHT_MASK.items()),
    ):
        if not open_parts:
            break
        theirs = _under(layer_class, arguments, masks)
        found = [key for key, part in open_parts.items() if _equal(got[part], theirs[part])]
        said |= dict.fromkeys(found, label)
        open_parts = {key: part for key, part in open_parts.items() if key not in found}
    # No known mistake may come this far: two unknown ones would be taken for each other.
    said |= {
        key: "others" if _has_shape(got[part], theirs[part]) else "of another shape" for key, part in open_parts.items()
    }
    return {key: said[key] for key in _AGREEMENT}


def _under(layer_class, arguments, masks):
    """What a layer gives under masks that are known: one (N, H) for all steps, or one for each (T, N, H)."""
    params = [Param(arguments[name].copy(), name) for name in ("Wx", "Wh", "b")]
    if layer_class is _MaskedLSTM:
        layer = layer_class(*params)
        layer.known = masks
        return _pass(layer, params, arguments.get)
    known = type("Known", (layer_class,), {"draw": lambda self, shape, dtype: masks})
    layer = known(*params, arguments["rate"], None)
    return _pass(layer, params, lambda name: copied(arguments[name]), training=True)


def _snapped(mask, rate):
    """The masks that were seen, (T, N, H), with their values made exact: they were recovered with an error."""
    values = np.array([0, 1, 1 / (1 - rate), 1 - rate, 1 / rate, rate])
    nearest = np.argmin(np.abs(mask[..., None] - values), axis=-1)
    return np.swapaxes(values[nearest], 0, 1)


def _has_shape(got, expected):
    return isinstance(got, np.ndarray) and got.shape == expected.shape


def _equal(got, expected):
    return _has_shape(got, expected) and bool(np.all(compare.close(got, expected)))


class _VariationalLSTM(Layer):
    """The reference spelt out, with a method for each place where people go wrong."""

    def __init__(self, Wx, Wh, b, rate, rng):
        self.Wx, self.Wh, self.b, self.rate, self.rng = Wx, Wh, b, rate, rng

    def forward(self, xs, state=None, *, training=False):
        H = len(self.Wh.value)
        h, c = np.zeros((2, len(xs), H), xs.dtype) if state is None else state
        self.mask = self.choose_mask(len(xs), H, xs.dtype, training)
        self.caches, self.masks, hs = [], [], []
        for step in range(xs.shape[1]):
            self.masks.append(self.mask_of(step, len(xs), H, xs.dtype, training))
            h, c = self.one_step(xs[:, step], h, c, self.masks[-1])
            h, c = self.after(h, c, self.masks[-1])
            hs.append(h)
        return np.stack(hs, axis=1), self.last_state(h, c)

    def choose_mask(self, N, H, dtype, training):
        return self.draw((N, H), dtype) if training else np.ones((N, H), dtype)

    def draw(self, shape, dtype):
        return dropout_mask(shape, self.rate, self.rng, dtype)

    def mask_of(self, step, N, H, dtype, training):
        return self.mask

    def one_step(self, x, h, c, mask):
        h, c, cache = steps.lstm_step_forward(x, h * mask, c, self.Wx.value, self.Wh.value, self.b.value)
        self.caches.append(cache)
        return h, c

    def after(self, h, c, mask):
        return h, c

    def last_state(self, h, c):
        return h, c

    def backward(self, dhs, dstate=None):
        dh, dc = np.zeros((2, len(dhs), len(self.Wh.value)), dhs.dtype) if dstate is None else dstate
        dxs = []
        for step in reversed(range(len(self.caches))):
            dh = self.arriving(dhs[:, step], dh, self.masks[step])
            dx, dh, dc, *grads = steps.lstm_step_backward(dh, dc, self.cache_of(step))
            dh, dc = self.back(dh, dc, self.masks[step])
            dxs.append(dx)
            for param, grad in zip((self.Wx, self.Wh, self.b), grads):
                self.collect(param, grad)
        return np.stack(dxs[::-1], axis=1), (dh, dc)

    def arriving(self, from_above, dh, mask):
        return from_above + dh

    def collect(self, param, grad):
        param.grad += grad

    def cache_of(self, step):
        return self.caches[step]

    def back(self, dh, dc, mask):
        return dh * mask, dc


def _variational(**methods):
    """The class above with some of its methods replaced."""
    return type("VariationalLSTM", (_VariationalLSTM,), methods)


def _replace(self, param, grad):
    param.grad[...] = grad


def _last_state_masked(self, h, c):
    return h * self.mask, c


def _mask_the_input(self, x, h, c, mask):
    mask = np.resize(mask, x.shape)
    return _VariationalLSTM.one_step(self, x * mask, h, c, np.ones_like(h))


def _unmasked(self, dh, dc, mask):
    return dh, dc


def _fresh_mask(self, step, N, H, dtype, training):
    return self.choose_mask(N, H, dtype, training) if step else self.mask


def _not_on_the_first_state(self, step, N, H, dtype, training):
    return self.mask if step else np.ones((N, H), dtype)


def _only_on_the_first_state(self, step, N, H, dtype, training):
    return np.ones((N, H), dtype) if step else self.mask


def _draw_once(self, N, H, dtype, training):
    if not training:
        return np.ones((N, H), dtype)
    if not hasattr(self, "kept"):
        self.kept = self.draw((N, H), dtype)
    return self.kept


def _keep_old_mask(self, N, H, dtype, training):
    return self.draw((N, H), dtype) if training else getattr(self, "mask", np.ones((N, H), dtype))


def _mask_the_memory(self, x, h, c, mask):
    h, c, cache = steps.lstm_step_forward(x, h, c * mask, self.Wx.value, self.Wh.value, self.b.value)
    self.caches.append(cache)
    return h, c


def _mask_both(self, x, h, c, mask):
    return _VariationalLSTM.one_step(self, x, h, c * mask, mask)


def _forget_the_mask(self, step):
    """The cache as if `h_prev` had gone into the product without its mask."""
    x, h_prev, *rest = self.caches[step]
    with np.errstate(all="ignore"):
        given = np.where(self.masks[step] == 0, self.before[step], h_prev)
    scale = np.where(self.masks[step] == 0, 1, self.masks[step])
    return (x, given / scale, *rest)


def _remember_before(self, x, h, c, mask):
    if not self.caches:
        self.before = []
    self.before.append(h)
    return _VariationalLSTM.one_step(self, x, h, c, mask)


def _mask_the_given_state(self, x, h, c, mask):
    if self.caches:
        return _VariationalLSTM.one_step(self, x, h, c, mask)
    h *= mask
    return _VariationalLSTM.one_step(self, x, h, c, np.ones_like(h))


def _add_in_place(self, from_above, dh, mask):
    from_above += dh
    return from_above


def _keep_with_rate(self, shape, dtype):
    return ((self.rng.random(shape) < self.rate) / self.rate if self.rate else np.ones(shape)).astype(dtype)


def _own_generator(self, shape, dtype):
    return dropout_mask(shape, self.rate, np.random.default_rng(), dtype)


#: Mistakes beside a mask that is right: what they give under a known mask is computed, so that each is told apart.
_UNDER_A_RIGHT_MASK = {
    "no mask on the way back": _variational(back=_unmasked),
    "`dWh` from the whole `h_prev`": _variational(one_step=_remember_before, cache_of=_forget_the_mask),
    "a mask on the `h` of the last state": _variational(last_state=_last_state_masked),
    "the gradients of one step only": _variational(collect=_replace),
    "`dh` masked one step too early": _variational(
        arriving=lambda self, from_above, dh, mask: from_above + dh * mask, back=_unmasked
    ),
    "the gradient from above masked too, one step too early": _variational(
        arriving=lambda self, from_above, dh, mask: (from_above + dh) * mask, back=_unmasked
    ),
    "the gradient from above masked too": _variational(
        arriving=lambda self, from_above, dh, mask: (from_above + dh) * mask
    ),
    "`dc` masked too": _variational(back=lambda self, dh, dc, mask: (dh * mask, dc * mask)),
}

VARIATIONAL_LSTM = Exercise(
    id="7.3",
    name="VariationalLSTM",
    title="Dropout on the recurrent path",
    stars=3,
    reference=recurrent.VariationalLSTM,
    results={
        "values of the mask at the first step": "",
        "values of the mask at later steps": "",
        "values of a mask on x": "",
        "values of a mask on c": "",
        "values of a mask after training, in a forward without it": "",
        "values of a mask in a forward without training": "",
        "share of zeros in the mask": "",
        "the mask": "",
        "the mask of the next training forward": "",
        "the mask of another layer, with the same seed": "",
        "the mask of another layer, with another seed": "",
    }
    | dict.fromkeys(_AGREEMENT, "")
    | {f"{part}, not training": shape for part, shape in zip(_PARTS, _SHAPES)},
    draw=_draw_variational,
    probe=_use_variational,
    uses=("3.5", "4.3"),
    misconceptions=(
        Misconception(
            _variational(mask_of=_fresh_mask),
            "a fresh mask at every step",
            "Draw the mask once, before the loop over the steps.",
        ),
        Misconception(
            _UNDER_A_RIGHT_MASK["no mask on the way back"],
            "a backward that does not mask the gradient of `h_prev`",
            "Forward multiplied `h_prev` by the mask, so its gradient comes back through the same mask.",
        ),
        Misconception(
            _UNDER_A_RIGHT_MASK["`dWh` from the whole `h_prev`"],
            "a backward that computes `dWh` from `h_prev` *without* its mask",
            "The product was `(mask * h_prev) @ Wh`: let the cache hold what went into it.",
        ),
        Misconception(
            _UNDER_A_RIGHT_MASK["`dh` masked one step too early"],
            "a backward that masks `dh` *before* a step goes back, instead of after",
            "What a step gives back for its `h_prev` goes through the mask. What arrives from `dstate` is already the "
            "gradient of a whole `h`.",
        ),
        Misconception(
            _UNDER_A_RIGHT_MASK["the gradient from above masked too, one step too early"],
            "a backward that masks the sum of what comes from above and from the right",
            "What goes up is the whole `h`, so `dhs[:, step]` is not masked. Only the gradient of `h_prev` is.",
        ),
        Misconception(
            _UNDER_A_RIGHT_MASK["the gradient from above masked too"],
            "a backward that masks the gradient twice: before a step, with what comes from above, and after it",
            "Once is enough: what a step gives back for `h_prev`, and nothing else.",
        ),
        Misconception(
            _UNDER_A_RIGHT_MASK["`dc` masked too"],
            "a backward that masks `dc` as well",
            "No mask lay on the memory on its way forward, so none lies on its gradient.",
        ),
        Misconception(
            _UNDER_A_RIGHT_MASK["the gradients of one step only"],
            "gradients of the Params that are replaced at each step, instead of added up",
            "All steps use the same three Params: `param.grad += …`.",
        ),
        Misconception(
            _UNDER_A_RIGHT_MASK["a mask on the `h` of the last state"],
            "a mask on the `h` of the state that is returned",
            "The state is whole. The next forward masks it, with a mask of its own.",
        ),
        Misconception(
            _variational(one_step=_mask_the_given_state),
            "a right layer that masks the `h` of the given state itself",
            "`h *= mask` changes the caller's array, which the next window may start from. Make a new one: `h * mask`.",
        ),
        Misconception(
            _variational(arriving=_add_in_place),
            "a right gradient that adds what comes from the right to `dhs` itself",
            "`dhs[:, step] += dh` changes the caller's array, also under another name: `dhs[:, step]` is a view. Write "
            "`dh = dhs[:, step] + dh`.",
        ),
        Misconception(
            _variational(
                one_step=lambda self, x, h, c, mask: _VariationalLSTM.one_step(self, x, h, c, np.ones_like(mask)),
                back=_unmasked,
            ),
            "a plain LSTM: the mask is not used",
            "Each step gets `mask * h` in the place of `h`.",
        ),
        Misconception(
            _variational(one_step=_mask_the_input, back=_unmasked),
            "a mask on the input `x` instead of `h_prev`",
            "Between the layers that is the business of `VariationalDropout`. Here the mask lies on `h_prev`.",
        ),
        Misconception(
            _variational(
                after=lambda self, h, c, mask: (h * mask, c),
                one_step=lambda self, x, h, c, mask: _VariationalLSTM.one_step(self, x, h, c, np.ones_like(mask)),
            ),
            "the mask on the `h` that leaves the layer",
            "Mask `h_prev` on its way into the product only: what goes up, and into `state`, is the whole `h`. Beware "
            "of `h *= mask`, which writes into the `h` that is in `hs` already.",
        ),
        Misconception(
            _variational(one_step=_mask_the_memory, back=lambda self, dh, dc, mask: (dh, dc * mask)),
            "the mask on the memory cell `c` instead of `h_prev`",
            "The memory stays untouched. The mask belongs on `h_prev`, inside `h_prev @ Wh`.",
        ),
        Misconception(
            _variational(one_step=_mask_both, back=lambda self, dh, dc, mask: (dh * mask, dc * mask)),
            "the mask on the memory cell `c` as well as on `h_prev`",
            "The memory stays untouched. The mask belongs on `h_prev`, inside `h_prev @ Wh`.",
        ),
        Misconception(
            _variational(draw=lambda self, shape, dtype: (self.rng.random(shape) >= self.rate).astype(dtype)),
            "a mask that is not scaled",
            "What is kept must make up for what is dropped: divide the mask by `1 - rate`.",
        ),
        Misconception(
            _variational(draw=_keep_with_rate),
            "a mask that takes `rate` for the probability to *keep*",
            "`rate` is the probability to drop: keep where the random number is `>= rate`, divide by `1 - rate`.",
        ),
        Misconception(
            _variational(choose_mask=lambda self, N, H, dtype, training: self.draw((N, H), dtype)),
            "a mask at test time too",
            "Without `training` this is a plain LSTM. Look at the keyword first.",
        ),
        Misconception(
            _variational(choose_mask=_keep_old_mask),
            "an evaluation that still uses the mask of the last training forward",
            "Without `training` there is no mask: set it to ones, or to None, at the start of every forward.",
        ),
        Misconception(
            _variational(choose_mask=_draw_once),
            "a mask that is drawn once and then kept for good",
            "Shared over the steps of *one* forward. The next training forward draws a new one.",
        ),
        Misconception(
            _variational(mask_of=_not_on_the_first_state),
            "a mask that spares the first step",
            "The `h` of the given state is an `h_prev` like any other.",
        ),
        Misconception(
            _variational(mask_of=_only_on_the_first_state),
            "a mask on the given state only: it is applied once, before the loop",
            "Every step has an `h_prev`. Multiply inside the loop, by the same mask each time.",
        ),
        Misconception(
            _variational(
                choose_mask=lambda self, N, H, dtype, training: (
                    np.broadcast_to(self.draw((1, H), dtype), (N, H)) if training else np.ones((N, H), dtype)
                )
            ),
            "one mask for the whole batch",
            "Each of the N sequences has a mask of its own: `(N, H)`.",
        ),
        Misconception(
            _variational(draw=_own_generator),
            "a generator of its own instead of `rng`",
            "Draw from the `rng` that you are given: then the same seed trains the same model again.",
        ),
    ),
)

EXERCISES = (SURVIVING_FRACTION, VARIATIONAL_DROPOUT, VARIATIONAL_LSTM)
