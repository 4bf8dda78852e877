"""The exercises of notebook 07 and the mistakes people make in them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from helpers.arrays import AnyArray, BoolArray, FloatArray
from helpers.checks import compare, dropout
from helpers.checks.edits import Answer
from helpers.checks.exercise import ContractError, Exercise, Sizes, Values, mistakes, unpack
from helpers.checks.inputs import change_arrays, copied
from helpers.checks.probes import build_layer, isolated_copies
from helpers.nn import analysis, layers, recurrent, steps
from helpers.nn.base import LSTM_ORDER, Layer, Param
from helpers.nn.recurrent import LSTMState

# --- 7.1 ------------------------------------------------------------------------------------------------------------


def _draw_survival(rng: np.random.Generator, sizes: Sizes) -> Values:
    return {"rate": float(rng.uniform(0.05, 0.45)), "steps": sizes.T + 4}


def _use_survival(answer: Answer, arguments: Values, record: Values) -> None:
    rate, steps = arguments.values()
    record["fraction with a fresh mask at each step"] = answer(rate, steps, False)
    record["fraction with one mask for all steps"] = answer(rate, steps, True)
    record["fraction after one step"] = answer(rate, 1, False)
    record["fraction at rate 0"] = answer(0.0, steps, False)


def _surviving_fraction(rate: float, steps: int, shared_mask: bool) -> float:
    kept = 1 - rate
    fresh = kept**steps
    return float(kept if shared_mask else fresh)


SURVIVING_FRACTION = Exercise(
    heading="7.1 ★★ What is left after many steps",
    reference=analysis.surviving_fraction,
    results={
        "fraction with a fresh mask at each step": "",
        "fraction with one mask for all steps": "",
        "fraction after one step": "",
        "fraction at rate 0": "",
    },
    draw=_draw_survival,
    probe=_use_survival,
    example={"rate": 0.5, "steps": 3},
    spelt_out=_surviving_fraction,
    misconceptions=dropout.alone(
        mistakes(
            _surviving_fraction,
            """
            if shared_mask → if not shared_mask
                The shared mask and the fresh ones are exchanged.
                A shared mask drops a value once and for all. A fresh one takes its share again at every step.
            1 - rate → rate
                `rate` is used as the probability to *keep*.
                `rate` is the probability to drop, so 1 - rate is kept.
            kept if shared_mask else fresh → 1 - (kept if shared_mask else fresh)
                The result is the fraction that is *lost*.
                What is left is 1 minus that.
            kept if shared_mask else fresh → 1.0
                The result is the *mean*, which the scale 1/(1-rate) holds at 1.
                The question is how many values are still there, not what they are on average.
            """,
        )
    )
    + mistakes(
        _surviving_fraction,
        """
        kept if shared_mask else fresh → fresh
            A shared mask gives (1 - rate)^steps, as fresh ones do.
            What a shared mask has let through once, it lets through every time: the number of steps plays no part.
        kept if shared_mask else fresh → kept
            Fresh masks give 1 - rate, as a shared one does.
            Each fresh mask takes its share of what the ones before it have left.
        kept**steps → rate**steps
            Fresh masks give rate^steps: the fraction that is dropped *every* time.
            To survive, a value must be kept at every step. What is the probability of that at one step?
        kept if → rate if
            A shared mask gives `rate`: the fraction that is dropped.
            The question is what is left, not what is dropped.
        kept if → 1.0 if
            A shared mask gives 1, as if the scale brought back what is dropped.
            The scale holds the *mean*. The question is how many values are still there.
        kept**steps → kept * steps
            Fresh masks give (1 - rate)·steps: a sum instead of a product.
            Kept at this step *and* at that one: probabilities are multiplied.
        kept**steps → max(0.0, 1 - rate * steps)
            Fresh masks give 1 - rate·steps, as if each took its share of the *whole*.
            A mask takes its share of what is still there. Multiply, step by step.
        kept**steps → 1 - rate * steps
            Fresh masks give 1 - rate·steps, which falls below 0.
            A mask takes its share of what is still there. Multiply, step by step.
        kept**steps → 1 - rate**steps
            Fresh masks give 1 - rate^steps: the fraction that was kept *at least once*.
            One gap on the way is enough to lose a value: it must be kept every time.
        kept**steps → kept ** (steps - 1)
            Fresh masks give one step too few: (1 - rate)^(steps - 1).
            After one step one mask has been applied, and 1 - rate is left.
        kept**steps → kept ** (steps + 1)
            Fresh masks give one step too many: (1 - rate)^(steps + 1).
            After one step one mask has been applied, and 1 - rate is left.
        kept**steps → np.exp(-rate * steps)
            Fresh masks give e^(-rate·steps), which comes close only for a small rate.
            The exact value is a product: the probability to be kept once, `steps` times.
        """,
    ),
)

# --- 7.2 ------------------------------------------------------------------------------------------------------------


class _VariationalDropout(Layer):
    mask: FloatArray | None

    def __init__(self, rate: float, rng: np.random.Generator) -> None:
        self.rate, self.mask = rate, None
        self.rng = rng

    def forward(self, xs: FloatArray, *, training: bool = False) -> FloatArray:
        if not training:
            self.mask = None
            return xs
        N, _, D = xs.shape
        kept = self.rng.random((N, 1, D)) >= self.rate
        self.mask = kept.astype(xs.dtype) / xs.dtype.type(1 - self.rate)
        ys = xs * self.mask
        return ys

    def backward(self, dys: FloatArray) -> FloatArray:
        dxs = dys if self.mask is None else dys * self.mask
        return dxs


VARIATIONAL_DROPOUT = Exercise(
    heading="7.2 ★★ One mask for all steps",
    reference=layers.VariationalDropout,
    results=dropout.RESULTS,
    draw=dropout.draw_dropout,
    probe=dropout.try_dropout("VariationalDropout"),
    groups=dropout.GROUPS,
    spelt_out=_VariationalDropout,
    misconceptions=mistakes(
        _VariationalDropout,
        """
        (N, 1, D) → xs.shape
            This is plain dropout: a fresh mask value for every step.
            All the steps of a sequence share one mask. Draw it with the shape `(N, 1, D)`, and let it broadcast.
        (N, 1, D) → (1, 1, D)
            One mask serves the whole batch: every sequence misses the same features.
            The mask is shared over time only. Each of the N sequences has one of its own: `(N, 1, D)`.
        (N, 1, D) → (1, xs.shape[1], D)
            The mask is shared by the sequences and fresh at every step: the two are exchanged.
            Shared over *time*, which is axis 1: `(N, 1, D)`.
        (N, 1, D) → (N, xs.shape[1], 1)
            Whole steps are dropped: one mask value serves all the features of a step.
            The mask hides *features*, the same at every step: `(N, 1, D)`.
        (N, 1, D) → (N, 1, 1)
            Whole sequences are dropped: one mask value for each.
            Each feature has a mask value of its own: `(N, 1, D)`.
        (N, 1, D) → (N, D)
            The mask is (N, D), without an axis for the steps.
            NumPy lines axes up from the right, so D meets D and N meets T. Keep an axis of length 1 in the middle.
        else dys * self.mask → else (dys * self.mask).sum(axis=1, keepdims=True)
            The gradient is summed over the steps, as if `xs` were one value for all of them.
            The steps share the mask, not their values: `dxs` has the shape of `dys`.
        """,
    )
    + dropout.dropout_mistakes(_VariationalDropout),
)

# --- 7.3 ------------------------------------------------------------------------------------------------------------

_SHAPES = {
    "hs": "(N, T, H)",
    "h of state": "(N, H)",
    "c of state": "(N, H)",
    "dxs": "(N, T, D)",
    "h of dstate": "(N, H)",
    "c of dstate": "(N, H)",
    "Wx.grad": "(D, 4H)",
    "Wh.grad": "(H, 4H)",
    "b.grad": "(4H,)",
}

#: What is compared in words, and what messages call some of it together.
_WORDS = {
    "values of the mask at the first step": "mask on h_prev",
    "values of the mask at later steps": "mask on h_prev",
    "values of the mask at rate 0": "mask on h_prev",
    "values of a mask on x": "masks elsewhere",
    "values of a mask on c": "masks elsewhere",
    "zeros in hs": "masks elsewhere",
    "share of zeros in the mask": "mask on h_prev",
    "share of zeros in a large mask": "mask on h_prev",
    "the mask": "mask on h_prev",
    "the mask of the next training forward": "mask on h_prev",
    "the mask of another layer, with the same seed": "use of rng",
    "the mask of another layer, with another seed": "use of rng",
    "values of a mask in a forward without training": "without training",
    "values of a mask after training, in a forward without it": "without training",
    "training left out": "without training",
    "results in an evaluation": "without training",
    "values of the mask on the way back": "mask on the way back",
    "zeros of the mask on the way back": "mask on the way back",
    "values of a mask on the way back, after an evaluation": "without training",
}

#: The passes, forward and back, each with its results. Where all is dropped, or nothing, no draw makes a difference:
#: those results are numbers. Under a mask that was drawn they are compared with those of the right layer under it.
_UNDER_A_MASK, _ALL_DROPPED = ", under a mask", ", all dropped"
_NONE_DROPPED, _NO_STATE = ", none dropped", ", no state given"

#: Gives an argument by its name.
_Get: TypeAlias = Callable[[str], Any]


def _draw_variational(rng: np.random.Generator, sizes: Sizes) -> Values:
    # Half the steps: a first, a last and one between show all there is to see.
    N, T, D, H = sizes.N, (sizes.T + 1) // 2, sizes.D, sizes.H
    return {
        "Wx": rng.normal(0, 1, (D, 4 * H)) / np.sqrt(D),
        "Wh": rng.normal(0, 1, (H, 4 * H)) / np.sqrt(H),
        "b": rng.normal(0, 1, 4 * H),
        "xs": rng.normal(0, 1, (N, T, D)),
        "state": (np.tanh(rng.normal(0, 1, (N, H))), rng.normal(0, 1, (N, H))),
        "dhs": rng.normal(0, 1, (N, T, H)),
        "dstate": (rng.normal(0, 1, (N, H)), rng.normal(0, 1, (N, H))),
        "rate": dropout.draw_rate(rng),
        **dropout.draw_width(rng, sizes),
        "seed": int(rng.integers(2**31)),
    }


def _use_variational(answer: Answer, arguments: Values, record: Values) -> None:
    with isolated_copies(arguments) as copy_of:
        _use_copies(answer, arguments, copy_of, record)


def _use_copies(answer: Answer, arguments: Values, copy_of: _Get, record: Values) -> None:
    rate, seed, dtype = arguments["rate"], arguments["seed"], arguments["xs"].dtype
    (N, _, D), H = arguments["xs"].shape, len(arguments["Wh"])

    def build(weights: Values, seed: int = seed, rate: float = rate) -> tuple[Layer, list[Param]]:
        params = _params(weights)
        return build_layer(answer, "VariationalLSTM", *params, rate, np.random.default_rng(seed)), params

    def write_down(found: Values, way: str) -> None:
        record.update({part + way: value for part, value in found.items()})

    undropped, params = build(arguments, rate=0.0)
    forward = _forward(undropped, copy_of, H)
    write_down(forward, _NONE_DROPPED)
    # Large enough that no two masks are the same by chance.
    _record_words(_Seen(4 * N + 4, 3, D, 2 * H + 24, dtype), build, rate, seed, record)
    width, higher_rate = arguments["width"], arguments["higher_rate"]
    share = _share_of_zeros(build, width, higher_rate, dtype) if width else "not counted"
    record["share of zeros in a large mask"] = share
    backward = _backward(undropped, copy_of, (N, H), params)
    write_down(backward, _NONE_DROPPED)
    write_down(_pass(undropped, params, lambda name: None if "state" in name else copy_of(name)), _NO_STATE)

    def several(name: str) -> Any:
        """The same sequences several times over: some of them lose something, and some do not."""
        return change_arrays(arguments[name], lambda array: np.repeat(array, 4, axis=0))

    found = _pass(*build(arguments), several, training=True)
    said = dict.fromkeys(found, "of unknown masks")
    if record["the mask of another layer, with the same seed"] == "the same":
        seen = _Seen(4 * N, 1, D, H, dtype)
        expected = _expected(arguments, several, seen.masks(build(seen.weights)[0])[0] != 0)
        said = {part: "right" if _agree(found[part], expected[part]) else "wrong" for part in found}
    write_down(said, _UNDER_A_MASK)
    evaluated = _pass(*build(arguments), copy_of, training=False)
    as_undropped = all(_agree(evaluated[part], value) for part, value in (forward | backward).items())
    record["results in an evaluation"] = "as with nothing dropped" if as_undropped else "other ones"

    largest_rate = float(1 - np.finfo(dtype).epsneg)
    write_down(_pass(*build(arguments, rate=largest_rate), copy_of, training=True), _ALL_DROPPED)


def _share_of_zeros(build: Callable[..., Any], width: int, rate: float, dtype: np.dtype[Any]) -> str:
    """Say which share of some large masks is zero."""
    seen = _Seen(width, 1, 1, 80 // _LARGE, dtype)
    layer = build(seen.weights, rate=rate)[0]
    return dropout.share_of_zeros(np.stack([seen.masks(layer)[0] for _ in range(_LARGE)]) == 0, rate, exactly=True)


def _params(weights: Values) -> list[Param]:
    return [Param(weights[name].copy(), name) for name in ("Wx", "Wh", "b")]


def _record_words(seen: "_Seen", build: Callable[..., Any], rate: float, seed: int, record: Values) -> None:
    def layer(weights: Values = seen.weights, **changed: Any) -> Layer:
        made: Layer = build(weights, **changed)[0]
        return made

    trained, untrained = layer(), layer()
    first, masks = map(np.stack, zip(*(seen.masks(trained) for _ in range(_FORWARDS))))
    record["values of the mask at the first step"] = _relation(first, rate)
    record["values of the mask at later steps"] = _relation(masks, rate)
    undropped = layer(rate=0.0)
    at_rate_0 = dropout.unless_divided_by_0(lambda: seen.masks(undropped)[1], seen.first)
    record["values of the mask at rate 0"] = _relation(at_rate_0, rate)
    record["values of a mask on x"] = _relation(seen.mask_on_x(layer(seen.hearing)), rate)
    record["values of a mask on c"] = _relation(seen.mask_on_c(layer(seen.keeping)), rate)
    record["zeros in hs"] = "some" if seen.zeros else "none"
    record["share of zeros in the mask"] = dropout.share_of_zeros(masks == 0, rate)
    record["the mask"] = dropout.spread(masks == 0)
    record["the mask of the next training forward"] = dropout.same_zeros(masks[:-1], masks[1:])
    (_, same), (_, other) = seen.masks(layer()), seen.masks(layer(seed=seed + 1))
    record["the mask of another layer, with the same seed"] = dropout.same_zeros(masks[0], same)
    record["the mask of another layer, with another seed"] = dropout.same_zeros(masks[0], other)
    values = _relation(masks, rate)
    evaluated = _in_evaluation(seen.masks(untrained, training=False)[1], rate, values)
    record["values of a mask in a forward without training"] = evaluated
    after = _in_evaluation(seen.masks(trained, training=False)[1], rate, values, masks[-1])
    record["values of a mask after training, in a forward without it"] = after
    left_out = _in_evaluation(seen.masks(untrained, training=None)[1], rate, values)
    record["training left out"] = "evaluation" if left_out == evaluated else left_out

    masks, backs = np.stack([seen.both_ways(trained) for _ in range(_FORWARDS)], axis=1)
    values = _relation(backs, rate)
    record["values of the mask on the way back"] = values
    # A layer that ignores its first state does not show what mask it has on that.
    record["zeros of the mask on the way back"] = dropout.zeros_back(backs, masks if masks.any() else backs)
    _, back = seen.both_ways(trained, training=False)
    after = _in_evaluation(back, rate, values, masks[-1] if evaluated == "all unchanged" else None)
    record["values of a mask on the way back, after an evaluation"] = after


#: How many masks are looked at, and how many large ones: each is small enough for the lent reference of one step.
_FORWARDS, _LARGE = 2, 4

#: A mask is recovered through two logarithms: what it multiplies by is seen roughly, and compared exactly elsewhere.
_relation, _in_evaluation = (partial(say, tolerance=1e-3) for say in (dropout.relation, dropout.in_evaluation))

#: Of the layer in which the mask can be seen: how strongly h_prev speaks, and what is said without it.
_VOICE, _GROUND = 0.5, 0.25


class _Seen:
    """A layer in which the mask can be seen: input and output gate open, forget gate closed, no input.

    There h = tanh(tanh(_VOICE · mask · h_prev + _GROUND)), unit by unit. Two more show a mask that should not be there:
    one hears x instead of h_prev, the other says nothing new and keeps c.
    """

    def __init__(self, N: int, T: int, D: int, H: int, dtype: np.dtype[Any]) -> None:
        at = {name: slice(k * H, (k + 1) * H) for k, name in enumerate(LSTM_ORDER)}
        Wx, Wh, b, keep = (np.zeros(shape, dtype) for shape in ((D, 4 * H), (H, 4 * H), 4 * H, 4 * H))
        no_Wx, no_Wh = Wx.copy(), Wh.copy()
        Wx[:, at["g"]] = _VOICE * np.eye(D, H)
        Wh[:, at["g"]] = _VOICE * np.eye(H)
        for name, bias, keeping in (("f", -100, 100), ("g", _GROUND, 0), ("i", 100, -100), ("o", 100, 100)):
            b[at[name]], keep[at[name]] = bias, keeping
        self.weights = {"Wx": no_Wx, "Wh": Wh, "b": b}
        self.hearing = {"Wx": Wx, "Wh": no_Wh, "b": b}
        self.keeping = {"Wx": no_Wx, "Wh": no_Wh, "b": keep}
        self.xs = np.zeros((N, T, D), dtype)
        self.first = np.linspace(0.2, 0.6, N * H, dtype=dtype).reshape(N, H)
        self.none = np.zeros_like(self.first)
        self.zeros = False

    def masks(self, layer: Layer, training: bool | None = True) -> tuple[AnyArray, AnyArray]:
        """What a forward multiplied h_prev by at its first step, (N, H), and at later ones, (N, T - 1, H).

        Args:
            layer: of the learner.
            training: left out if None.
        """
        keywords = {} if training is None else {"training": training}
        hs = self._hs(layer, self.xs, self.first, self.none, **keywords)
        self.zeros |= bool(np.any(hs == 0))
        heard = np.concatenate([self.first[:, None], hs[:, :-1]], axis=1)
        with np.errstate(all="ignore"):
            masks = self._said(hs) / heard
        return masks[:, 0], masks[:, 1:]

    def mask_on_x(self, layer: Layer) -> AnyArray:
        """What a training forward multiplied x by at its first step."""
        xs = self.xs[:, :1] + self.xs.dtype.type(0.5)
        hs = self._hs(layer, xs, self.none, self.none, training=True)
        return self._said(hs[:, 0, : min(xs.shape[2], hs.shape[2])]) / 0.5

    def mask_on_c(self, layer: Layer) -> AnyArray:
        """What a training forward multiplied c by at its first step."""
        hs = self._hs(layer, self.xs[:, :1], self.none, self.first, training=True)[:, 0]
        with np.errstate(all="ignore"):
            return np.asarray(np.arctanh(hs.astype("float64")) / self.first)

    def both_ways(self, layer: Layer, training: bool = True) -> tuple[AnyArray, AnyArray]:
        """What a layer multiplied h_prev by in one step, and what its backward multiplied the gradient of h_prev by."""
        hs = self._hs(layer, self.xs[:, :1], self.first, self.none, training=training)
        given = {"dhs": np.ones_like(hs), "dstate": (self.none.copy(), self.none.copy())}
        back = _backward(layer, given.get, self.none.shape)["h of dstate"]
        h = hs[:, 0].astype("float64")
        with np.errstate(all="ignore"):
            return self._said(h) / self.first, back / (_VOICE * (1 - np.arctanh(h) ** 2) * (1 - h**2))

    def _hs(self, layer: Layer, xs: AnyArray, h: AnyArray, c: AnyArray, **keywords: bool) -> AnyArray:
        given = {"xs": xs.copy(), "state": (h.copy(), c.copy())}
        hs: AnyArray = _forward(layer, given.get, h.shape[1], **keywords)["hs"]
        return hs

    @staticmethod
    def _said(hs: AnyArray) -> AnyArray:
        with np.errstate(all="ignore"):
            said = (np.arctanh(np.arctanh(hs.astype("float64"))) - _GROUND) / _VOICE
        return np.where(np.abs(said) < 1e-5, 0.0, said)


def _forward(layer: Any, argument: _Get, H: int, **keywords: bool) -> Values:
    """What a forward gives, by the names of _SHAPES."""
    xs = argument("xs")
    given = unpack(layer.forward(xs, argument("state"), **keywords), ("hs", "state"), "VariationalLSTM.forward")
    hs = _in_shape("hs", given["hs"], (*xs.shape[:2], H))
    found: Values = copied({"hs": hs} | _pair(given["state"], "state", (len(xs), H)))
    return found  # copies, since backward may use its memory again


def _backward(layer: Any, argument: _Get, state: tuple[int, ...], params: Sequence[Param] = ()) -> Values:
    """What a backward gives, by the names of _SHAPES, for a state of some shape."""
    given = layer.backward(argument("dhs"), argument("dstate"))
    given = unpack(given, ("dxs", "dstate"), "VariationalLSTM.backward")
    found = {"dxs": given["dxs"]} | _pair(given["dstate"], "dstate", state)
    return found | {f"{param.name}.grad": param.grad.copy() for param in params}


def _pair(state: Any, name: str, shape: tuple[int, ...]) -> Values:
    if not isinstance(state, tuple | list) or len(state) != 2:
        raise ContractError("The `{name}` must be the pair `(h, c)`, in that order.", name=name)
    return {f"{part} of {name}": _in_shape(f"{part} of {name}", one, shape) for part, one in zip("hc", state)}


def _in_shape(name: str, array: Any, shape: tuple[int, ...]) -> Any:
    got = getattr(array, "shape", type(array).__name__)
    if got != shape:
        template = "`{name}` must be an array of shape {expected}: got {got}."
        raise ContractError(template, name=name, expected=shape, got=got)
    return array


def _pass(layer: Layer, params: Sequence[Param], argument: _Get, **keywords: bool) -> Values:
    """Forward and back; everything that comes out, by the names of _SHAPES."""
    shape = len(argument("xs")), len(params[1].value)
    return _forward(layer, argument, shape[1], **keywords) | _backward(layer, argument, shape, params)


class _Drawn:
    """In the place of a generator: of what it draws, the right part is kept."""

    def __init__(self, kept: BoolArray) -> None:
        self.kept = kept

    def random(self, shape: tuple[int, ...]) -> FloatArray:
        return self.kept.astype(float).reshape(shape)


def _expected(arguments: Values, argument: _Get, kept: BoolArray) -> Values:
    """What the right layer gives in a pass, if that is what it keeps."""
    Wx, Wh, b = _params(arguments)
    layer = _VariationalLSTM(Wx, Wh, b, arguments["rate"], _Drawn(kept))
    return _pass(layer, (Wx, Wh, b), argument, training=True)


def _agree(got: Any, expected: Any) -> bool:
    return np.shape(got) == np.shape(expected) and compare.same(got, expected)


class _VariationalLSTM(Layer):
    def __init__(self, Wx: Param, Wh: Param, b: Param, rate: float, rng: Any) -> None:
        self.Wx, self.Wh, self.b, self.rate = Wx, Wh, b, rate
        self.rng = rng

    def forward(
        self, xs: FloatArray, state: LSTMState | None = None, *, training: bool = False
    ) -> tuple[FloatArray, LSTMState]:
        N, T, H = *xs.shape[:2], len(self.Wh.value)
        weights = self.Wx.value, self.Wh.value, self.b.value
        h, c = np.zeros((2, N, H), xs.dtype) if state is None else state
        self.mask = np.ones((N, H), xs.dtype)
        if training:
            kept = self.rng.random((N, H)) >= self.rate
            self.mask = kept.astype(xs.dtype) / xs.dtype.type(1 - self.rate)
        self.caches, hs = [], []
        for step in range(T):
            h_prev = h
            masked = self.mask * h_prev
            h, c, cache = steps.lstm_step_forward(xs[:, step], masked, c, *weights)
            self.caches.append(cache)
            hs.append(h)
        return np.stack(hs, axis=1), (h, c)

    def backward(self, dhs: FloatArray, dstate: LSTMState | None = None) -> tuple[FloatArray, LSTMState]:
        dh, dc = np.zeros((2, *dhs[:, 0].shape), dhs.dtype) if dstate is None else dstate
        T = dhs.shape[1]
        dxs: list[Any] = [None] * T
        for step in reversed(range(T)):
            dh_next = dhs[:, step] + dh
            dx, dmasked, dc, dWx, dWh, db = steps.lstm_step_backward(dh_next, dc, self.caches[step])
            dh = self.mask * dmasked
            dxs[step] = dx
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
        return np.stack(dxs, axis=1), (dh, dc)


VARIATIONAL_LSTM = Exercise(
    heading="7.3 ★★★ Dropout on the recurrent path",
    reference=recurrent.VariationalLSTM,
    results=dict.fromkeys((*_WORDS, *(part + _UNDER_A_MASK for part in _SHAPES)), "")
    | {part + way: shape for way in (_NONE_DROPPED, _NO_STATE, _ALL_DROPPED) for part, shape in _SHAPES.items()},
    draw=_draw_variational,
    probe=_use_variational,
    uses=("3.5", "4.3"),
    groups=_WORDS
    | {
        part + way: group
        for part in _SHAPES
        for way, group in (
            (_UNDER_A_MASK, "backward in training" if "d" in part else "forward in training"),
            (_ALL_DROPPED, "backward in training" if "d" in part else "forward in training"),
            (_NONE_DROPPED, "with nothing dropped"),
            (_NO_STATE, "no state given"),
        )
    },
    spelt_out=_VariationalLSTM,
    misconceptions=mistakes(
        _VariationalLSTM,
        """
        self.mask * h_prev → h_prev
        self.mask * dmasked → dmasked
            This is a plain LSTM: the mask is not used.
            Each step gets the masked `h`, and its gradient goes back through the mask.
        self.mask * dmasked → dmasked
            Backward does not mask the gradient of `h_prev`.
            Forward multiplied `h_prev` by the mask, so its gradient comes back through the same mask.
        self.mask * h_prev → h_prev
            Backward uses the mask, and forward does not.
            Each step gets the masked `h`.
        self.caches, hs = [], [] → self.caches, self.masks, hs = [], [], []
        h_prev = h → h_prev = h; self.mask = ((self.rng.random((N, H)) >= self.rate) / (1 - self.rate)).astype(xs.dtype)
                if training and step else self.mask; self.masks.append(self.mask)
        self.mask * dmasked → self.masks[step] * dmasked
            A fresh mask is drawn at every step.
            Draw the mask once, before the loop over the steps.
        if training: → if True:
            The mask is on at test time too.
            Without `training` this is a plain LSTM. Look at the keyword first.
        self.mask = np.ones((N, H), xs.dtype) → self.mask = getattr(self, "mask", np.ones((N, H), xs.dtype))
            An evaluation still uses the mask of the last training forward.
            Without `training` there is no mask: set it to ones, or to None, at the start of every forward.
        training: bool = False → training: bool = True
            `training` is True unless told otherwise.
            Write `training=False` in the signature of forward: whoever wants dropout asks for it.
        self.caches.append(cache) → self.caches.append((cache[0], h_prev, *cache[2:]))
            Backward computes `dWh` from `h_prev` *without* its mask.
            The product was `(mask * h_prev) @ Wh`: let the cache hold what went into it.
        + dh → + self.mask * dh
        self.mask * dmasked → dmasked
            Backward masks `dh` *before* a step goes back, instead of after.
            What a step gives back for its `h_prev` goes through the mask. `dstate` is the gradient of a whole `h`.
        dhs[:, step] → self.mask * dhs[:, step]
            Backward masks `dhs` as well, the gradient that comes from above.
            What went up is the whole `h`, so `dhs[:, step]` is not masked. Only the gradient of `h_prev` is.
        + dh → + self.mask * dh
            Backward masks the gradient of `h` twice: before a step and after it.
            Once is enough: what a step gives back for `h_prev`, and nothing else.
        self.mask * dmasked → (self.mask != 0) * dmasked
            The gradient of `h_prev` is masked and not scaled.
            Forward multiplied by `1/(1 - rate)` too, so backward must: the same mask, scale included.
        dhs[:, step] + dh → self.mask * (dhs[:, step] + dh)
        self.mask * dmasked → dmasked
            Backward masks all that reaches a step, instead of what the step gives back for `h_prev`.
            `h` left the step whole. Only the gradient of `h_prev` goes through the mask, after the step.
        self.mask * dmasked → self.mask * self.mask * dmasked
            The mask is applied twice on the way back.
            Forward multiplied `h_prev` by the mask once, so backward masks what goes back to `h_prev` once.
        self.mask * dmasked → (self.rng.random(dh.shape) >= self.rate) / dh.dtype.type(1 - self.rate) * dmasked
            Backward draws a *new* mask.
            The gradient must go through the gaps that forward left: keep the mask on `self`.
        dxs[step] = dx → dxs[step] = dx; dc = self.mask * dc
            Backward masks `dc` as well.
            Forward does not mask the memory, so backward does not mask its gradient.
        dxs[step] = dx → dxs[step] = dx; dc = 0 * dc
            Backward does not hand `dc` on to the step before it.
            Two gradients go from step to step: keep the `dc` that `lstm_step_backward` returns.
        dh_next, dc, → dh_next, 0 * dc,
            Each step back is given zeros for `dc_next`.
            Two gradients come from the step after, and at the end from `dstate`: `dh` *and* `dc`.
        dhs[:, step] + dh → dhs[:, step]
            Nothing comes from the future: backward uses `dhs[:, step]` alone.
            The `h` of a step went two ways: up, and on to the next step. Add the gradients of both.
        in reversed(range(T)) → in range(T)
            Backward goes from the first step to the last.
            Gradients come from the future: begin at the last step, `reversed(range(T))`.
        dxs[step] = dx → dxs[T - 1 - step] = dx
            `dxs` is in the reverse order of the steps.
            A list that is filled from the last step to the first must be reversed.
        self.Wx.grad += dWx → self.Wx.grad[...] = dWx
        self.Wh.grad += dWh → self.Wh.grad[...] = dWh
        self.b.grad += db → self.b.grad[...] = db
            The gradients of the Params are replaced at each step, instead of added up.
            All steps use the same three Params: `param.grad += …`.
        T = dhs → self.zero_grad(); T = dhs
            Backward zeroes the gradients before it starts.
            `backward` *adds* to `.grad`. Zeroing is the training loop's business, with `zero_grad()`.
        , (h, c) → , (self.mask * h, c)
            The `h` in the returned state is masked.
            The state is not masked. The next forward masks it, with a mask of its own.
        if state is None else state → # whatever the state
            The layer always starts from zeros and ignores the `state` it is given.
            Start from `state`; only where it is None, from zeros.
        if dstate is None else dstate → # whatever dstate
            Backward ignores the `dstate` it is given.
            Start from `dstate`; only where it is None, from zeros.
        xs[:, step], masked → xs[:, step] * np.resize(self.mask, xs[:, step].shape), h_prev
        dxs[step] = dx → dxs[step] = dx * np.resize(self.mask, dx.shape)
        self.mask * dmasked → dmasked
            The mask is on the input `x` instead of `h_prev`.
            Dropout between layers is the business of `VariationalDropout`. Here the mask belongs on `h_prev`.
        xs[:, step], masked → xs[:, step] * np.resize(self.mask, xs[:, step].shape), h_prev
        self.mask * dmasked → dmasked
            Forward masks the input `x` instead of `h_prev`, and backward masks nothing.
            Dropout between layers is the business of `VariationalDropout`. Here the mask belongs on `h_prev`.
        hs.append(h) → hs.append(self.mask * h)
            Forward hands the masked `h` to the layer above.
            What goes up is the whole `h`. Keep `mask * h` under a name of its own, for the product alone.
        hs.append(h) → hs.append(self.mask * h)
        , (h, c) → , (self.mask * h, c)
        dhs[:, step] + dh → self.mask * dhs[:, step] + (dh if step < T - 1 else self.mask * dh)
            The masked `h` goes up to the layer above, and out as the state.
            What leaves the layer is the whole `h`. Keep `mask * h` under a name of its own, for the product alone.
        hs.append(h) → h = self.mask * h; hs.append(h)
        self.mask * h_prev → h_prev
            The `h` that leaves the layer is masked.
            Mask `h_prev` on its way into the product only. Beware of `h *= mask`: it writes into the `h` in `hs`
                already.
        masked, c, → h_prev, self.mask * c,
        dxs[step] = dx → dxs[step] = dx; dc = self.mask * dc
        self.mask * dmasked → dmasked
            The mask is on the memory cell `c` instead of `h_prev`.
            The memory stays untouched. The mask belongs on `h_prev`, inside `h_prev @ Wh`.
        masked, c, → masked, self.mask * c,
        dxs[step] = dx → dxs[step] = dx; dc = self.mask * dc
            The mask is on the memory cell `c` as well as on `h_prev`.
            The memory stays untouched. The mask belongs on `h_prev`, inside `h_prev @ Wh`.
        masked, c, → masked, self.mask * c,
            Forward masks the memory cell `c` as well as `h_prev`.
            The memory stays untouched. The mask belongs on `h_prev`, inside `h_prev @ Wh`.
        ((N, H)) → ((1, H))
            One mask serves the whole batch.
            Each of the N sequences has a mask of its own: `(N, H)`.
        ((N, H)) → ((N, 1))
            One mask value serves all the units of a sequence.
            Each unit has a mask value of its own: `(N, H)`.
        """,
    )
    + dropout.alone(
        mistakes(
            _VariationalLSTM,
            """
            self.mask * h_prev → self.mask * h_prev if step else h_prev
            self.mask * dmasked → self.mask * dmasked if step else dmasked
                The first step is not masked.
                The `h` of the given state is an `h_prev` like any other.
            self.mask * h_prev → self.mask * h_prev if step else h_prev
                The first step is not masked on the way forward.
                The `h` of the given state is an `h_prev` like any other.
            self.mask * h_prev → h_prev if step else self.mask * h_prev
            self.mask * dmasked → dmasked if step else self.mask * dmasked
                The mask is applied once, outside the loops: to the given state, and to its gradient.
                Every step has an `h_prev`. Multiply inside the loop, by the same mask each time.
            self.mask * h_prev → h_prev if step else self.mask * h_prev
            self.mask * dmasked → dmasked
                Forward masks only the given state, once, before the loop, and backward masks nothing.
                Every step has an `h_prev`. Multiply inside the loop, by the same mask each time, both ways.
            self.mask * h_prev → h_prev if step else self.mask * h_prev
                Forward masks only the given state, once, before the loop.
                Every step has an `h_prev`. Multiply inside the loop, by the same mask each time.
            """,
        )
    )
    + dropout.drawn_mistakes(_VariationalLSTM),
)

EXERCISES = (SURVIVING_FRACTION, VARIATIONAL_DROPOUT, VARIATIONAL_LSTM)
