"""The exercises of notebook 01 and the mistakes people make in them."""

import numpy as np

from helpers.checks.exercise import Exercise, Misconception
from helpers.checks.gradcheck import numerical_gradients
from helpers.checks.probes import recurrent_layer, step_with_cache
from helpers.nn import analysis, functional, recurrent, steps
from helpers.nn.base import Layer, Param

# --- 1.1 ------------------------------------------------------------------------------------------------------------


def _draw_tanh(rng, sizes):
    return {"dout": rng.normal(0, 1, (sizes.N, sizes.H)), "y": np.tanh(rng.normal(0, 1, (sizes.N, sizes.H)))}


def _numerical_tanh(arguments):
    dout, a = arguments["dout"], np.arctanh(arguments["y"])
    gradients = numerical_gradients(lambda: float((dout * np.tanh(a)).sum()), {"dx": a})
    return gradients


def _tanh_in_place(dout, y):
    dout *= 1 - y**2
    return dout


TANH_BACKWARD = Exercise(
    id="1.1",
    name="tanh_backward",
    title="Backward through tanh",
    stars=1,
    reference=functional.tanh_backward,
    results={"dx": "(N, H)"},
    draw=_draw_tanh,
    example={"dout": np.array([[1.0, 2.0]]), "y": np.array([[0.5, -0.9]])},
    numerical=_numerical_tanh,
    misconceptions=(
        Misconception(
            lambda dout, y: dout * (1 - np.tanh(y) ** 2),
            "a derivative with tanh taken twice: `1 - np.tanh(y)**2`",
            "`y` already *is* tanh(x). That is why this function needs no `x`.",
        ),
        Misconception(
            lambda dout, y: 1 - y**2,
            "the local derivative alone: `1 - y**2`, without `dout`",
            "The chain rule multiplies: what comes from above, times the local derivative.",
        ),
        Misconception(
            lambda dout, y: dout,
            "a tanh that passes the gradient on unchanged: `dx = dout`",
            "Only where y = 0 is the slope of tanh equal to 1. Everywhere else it takes something away.",
        ),
        Misconception(
            lambda dout, y: dout * (1 - y),
            "`dout * (1 - y)`: the square is missing",
            "tanh′ = 1 - tanh². It is the same at y and at -y; is yours?",
        ),
        Misconception(
            lambda dout, y: dout * y * (1 - y),
            "the derivative of a *sigmoid*, `y * (1 - y)`",
            "y(1 - y) belongs to σ. For tanh the derivative from the output is `1 - y**2`.",
        ),
        Misconception(
            lambda dout, y: dout * (1 + y**2),
            "`dout * (1 + y**2)`: a wrong sign",
            "With a plus the slope would be *above* 1. tanh is steepest at 0, and there its slope is exactly 1.",
        ),
        Misconception(
            lambda dout, y: dout / (1 - y**2),
            "`dout / (1 - y**2)`: divided where it should be multiplied",
            "The chain rule multiplies by dy/dx.",
        ),
        Misconception(
            _tanh_in_place,
            "the right numbers, written into `dout` itself",
            "`dout *= …` changes the caller's array. Write `dout * …`, which makes a new one.",
        ),
    ),
)

# --- 1.2 ------------------------------------------------------------------------------------------------------------


def _draw_step(rng, sizes):
    N, D, H = sizes.N, sizes.D, sizes.H
    return {
        "x": rng.normal(0, 1, (N, D)),
        "h_prev": np.tanh(rng.normal(0, 1, (N, H))),
        "Wx": rng.normal(0, 0.4, (D, H)),
        "Wh": rng.normal(0, 0.4, (H, H)),
        "b": rng.normal(0, 0.5, H),
    }


#: The numbers of the examples by hand in exercises 1.2 and 1.3.
BY_HAND = {
    "x": np.array([[1.0]]),
    "h_prev": np.array([[0.4, -0.2]]),
    "Wx": np.array([[0.3, -0.5]]),
    "Wh": np.array([[0.5, 0.2], [-0.5, 0.4]]),
    "b": np.array([0.1, 0.1]),
}


def _forward(change):
    """A step forward with `change(x, h_prev, Wx, Wh, b) -> h_next` in the place of the right formula."""

    def wrong(x, h_prev, Wx, Wh, b):
        h_next = change(x, h_prev, Wx, Wh, b)
        return h_next, (x, h_prev, Wx, Wh, h_next)

    return wrong


def _cached(entries):
    """A right step forward that stores `entries(x, h_prev, Wx, Wh, h_next, a)` instead of the expected cache."""

    def wrong(x, h_prev, Wx, Wh, b):
        a = x @ Wx + h_prev @ Wh + b
        return np.tanh(a), entries(x, h_prev, Wx, Wh, np.tanh(a), a)

    return wrong


def _step_in_place(x, h_prev, Wx, Wh, b):
    before = h_prev.copy()
    h_prev[...] = np.tanh(x @ Wx + h_prev @ Wh + b)
    return h_prev, (x, before, Wx, Wh, h_prev)


RNN_STEP_FORWARD = Exercise(
    id="1.2",
    name="rnn_step_forward",
    title="One step of the RNN",
    stars=1,
    reference=steps.rnn_step_forward,
    results={
        "h_next": "(N, H)",
        "x in the cache": "(N, D)",
        "h_prev in the cache": "(N, H)",
        "Wx in the cache": "(D, H)",
        "Wh in the cache": "(H, H)",
        "h_next in the cache": "(N, H)",
    },
    draw=_draw_step,
    probe=step_with_cache("rnn_step_forward", ("h_next",), ("x", "h_prev", "Wx", "Wh", "h_next")),
    example=BY_HAND,
    misconceptions=(
        Misconception(
            _forward(lambda x, h_prev, Wx, Wh, b: x @ Wx + h_prev @ Wh + b),
            "a step without its tanh: `h_next = a`",
            "Without the tanh a chain of steps is one long matrix product. Squash `a` before you return it.",
        ),
        Misconception(
            _forward(lambda x, h_prev, Wx, Wh, b: functional.sigmoid(x @ Wx + h_prev @ Wh + b)),
            "a step with a sigmoid in the place of tanh",
            "The sigmoid will come with the gates of notebook 03. A hidden state is squashed to -1…1, by `np.tanh`.",
        ),
        Misconception(
            _forward(lambda x, h_prev, Wx, Wh, b: np.tanh(x @ Wx + h_prev @ Wh)),
            "a step without its bias `b`",
            "Three terms go into `a`: the input's, the previous state's, and `b`.",
        ),
        Misconception(
            _forward(lambda x, h_prev, Wx, Wh, b: np.tanh(x @ Wx + b)),
            "a step that ignores `h_prev`",
            "That is a feed-forward layer. What makes it recurrent is the term `h_prev @ Wh`.",
        ),
        Misconception(
            _forward(lambda x, h_prev, Wx, Wh, b: np.tanh(h_prev @ Wh + b)),
            "a step that ignores its input `x`",
            "Three terms go into `a`: the input's, the previous state's, and `b`.",
        ),
        Misconception(
            _forward(lambda x, h_prev, Wx, Wh, b: np.tanh(x @ Wx + h_prev @ Wh.T + b)),
            "a step with `Wh` transposed: `h_prev @ Wh.T`",
            "`Wh` is square, so no shape gives this away. Rows of the batch stand on the left here: `h_prev @ Wh`.",
        ),
        Misconception(
            _forward(lambda x, h_prev, Wx, Wh, b: np.tanh(x @ Wx + h_prev @ Wh) + b),
            "a step with the bias added *after* the tanh",
            "`b` belongs to `a`, inside the tanh; otherwise the state leaves -1…1.",
        ),
        Misconception(
            _forward(lambda x, h_prev, Wx, Wh, b: np.tanh(x @ Wx + h_prev + b)),
            "a step that adds `h_prev` without `Wh`",
            "The previous state goes through its own weights: `h_prev @ Wh`.",
        ),
        Misconception(
            _cached(lambda x, h_prev, Wx, Wh, h_next, a: (x, h_prev, Wx, Wh, a)),
            "a right `h_next` with `a`, the sum before the tanh, as the last entry of the cache",
            "Backward wants the *output* of the tanh, as in exercise 1.1: the last entry is `h_next`.",
        ),
        Misconception(
            _cached(lambda x, h_prev, Wx, Wh, h_next, a: (x, h_next, Wx, Wh, h_next)),
            "a right `h_next` with `h_next` in the cache where `h_prev` belongs",
            "Backward needs both: `h_prev` for `dWh`, `h_next` for the tanh.",
        ),
        Misconception(
            _cached(lambda x, h_prev, Wx, Wh, h_next, a: (x, Wx, h_prev, Wh, h_next)),
            "a right `h_next` with the cache in another order",
            "The order is `(x, h_prev, Wx, Wh, h_next)`.",
        ),
        Misconception(
            _step_in_place,
            "the right numbers, written into `h_prev` itself",
            "The caller still needs the old state for backward. Return a new array.",
        ),
    ),
)

# --- 1.3 ------------------------------------------------------------------------------------------------------------


def _draw_step_backward(rng, sizes):
    _, cache = steps.rnn_step_forward(**_draw_step(rng, sizes))
    return {"dh_next": rng.normal(0, 1, (sizes.N, sizes.H)), "cache": cache}


def _numerical_step(arguments):
    dh_next, (x, h_prev, Wx, Wh, h_next) = arguments["dh_next"], arguments["cache"]
    b = np.arctanh(h_next)[0] - (x @ Wx + h_prev @ Wh)[0]

    def loss():
        return float((dh_next * steps.rnn_step_forward(x, h_prev, Wx, Wh, b)[0]).sum())

    return numerical_gradients(loss, {"dx": x, "dh_prev": h_prev, "dWx": Wx, "dWh": Wh, "db": b})


def _backward(**changes):
    """A step backward with some of its lines changed, each a function of the names it needs, in one dict."""

    def wrong(dh_next, cache):
        v = dict(zip(("x", "h_prev", "Wx", "Wh", "h_next"), cache), dh_next=dh_next)
        lines = {
            "da": lambda v: v["dh_next"] * (1 - v["h_next"] ** 2),
            "dx": lambda v: v["da"] @ v["Wx"].T,
            "dh_prev": lambda v: v["da"] @ v["Wh"].T,
            "dWx": lambda v: v["x"].T @ v["da"],
            "dWh": lambda v: v["h_prev"].T @ v["da"],
            "db": lambda v: v["da"].sum(axis=0),
        }
        for name, line in lines.items():
            v[name] = changes.get(name, line)(v)
        return tuple(v[name] for name in ("dx", "dh_prev", "dWx", "dWh", "db"))

    return wrong


def _swapped(dh_next, cache):
    dx, dh_prev, dWx, dWh, db = steps.rnn_step_backward(dh_next, cache)
    return dh_prev, dx, dWh, dWx, db


def _backward_in_place(dh_next, cache):
    results = steps.rnn_step_backward(dh_next, cache)
    dh_next *= 1 - cache[-1] ** 2
    return results


RNN_STEP_BACKWARD = Exercise(
    id="1.3",
    name="rnn_step_backward",
    title="Backward through one step",
    stars=2,
    reference=steps.rnn_step_backward,
    results={"dx": "(N, D)", "dh_prev": "(N, H)", "dWx": "(D, H)", "dWh": "(H, H)", "db": "(H,)"},
    draw=_draw_step_backward,
    example={"dh_next": np.array([[1.0, 1.0]]), "cache": steps.rnn_step_forward(**BY_HAND)[1]},
    uses=("1.1",),
    numerical=_numerical_step,
    misconceptions=(
        Misconception(
            _backward(da=lambda v: v["dh_next"]),
            "a step without the tanh derivative: `da = dh_next`",
            "Fix `da = dh_next * (1 - h_next**2)` first: all five results are made from it.",
        ),
        Misconception(
            _backward(da=lambda v: v["dh_next"] * (1 - np.tanh(v["h_next"]) ** 2)),
            "a step with tanh taken twice: `1 - np.tanh(h_next)**2`",
            "`h_next` already is the output of the tanh; `tanh_backward(dh_next, h_next)` is what you need.",
        ),
        Misconception(
            _backward(da=lambda v: v["dh_next"] * (1 - v["h_prev"] ** 2)),
            "a step that takes the tanh derivative at `h_prev`",
            "The tanh you go back through made `h_next`, the last entry of the cache.",
        ),
        Misconception(
            _backward(da=lambda v: v["dh_next"] * v["h_next"] * (1 - v["h_next"])),
            "a step with the derivative of a *sigmoid*, `h * (1 - h)`",
            "The step was squashed by a tanh: `1 - h_next**2`.",
        ),
        Misconception(
            _backward(db=lambda v: v["da"]),
            "a step whose `db` is not summed over the batch",
            "`b` was added to every row, so its gradient is the sum over the rows: `da.sum(axis=0)`, of shape (H,).",
        ),
        Misconception(
            _backward(db=lambda v: v["da"].mean(axis=0)),
            "a step whose `db` is the *mean* over the batch",
            "If a mean is wanted, the loss takes it, once. Here the rows' gradients add up.",
        ),
        Misconception(
            _backward(db=lambda v: v["da"].sum()),
            "a step whose `db` is summed over everything, units too",
            "Each unit has its own bias: sum over axis 0, the batch, only.",
        ),
        Misconception(
            _backward(db=lambda v: v["da"].sum(axis=1)),
            "a step whose `db` is summed over the units instead of the batch",
            "Axis 0 is the batch. What is left must have the shape of `b`, (H,).",
        ),
        Misconception(
            _backward(dh_prev=lambda v: v["da"] @ v["Wh"]),
            "a step with `Wh` not transposed: `dh_prev = da @ Wh`",
            "`Wh` is square, so the shapes do not object. Forward multiplied by `Wh`; backward multiplies by `Wh.T`.",
        ),
        Misconception(
            _backward(dx=lambda v: v["da"] @ v["Wx"]),
            "a step with `Wx` not transposed: `dx = da @ Wx`",
            "`da` is (N, H) and `dx` must be (N, D): multiply by an (H, D), which is `Wx.T`.",
        ),
        Misconception(
            _backward(dWh=lambda v: v["da"].T @ v["h_prev"]),
            "a step whose `dWh` is transposed: `da.T @ h_prev`",
            "`dWh[i, j]` belongs to the weight from unit i of `h_prev` to unit j of `a`: `h_prev.T @ da`.",
        ),
        Misconception(
            _backward(dWx=lambda v: v["da"].T @ v["x"]),
            "a step whose `dWx` is transposed: `da.T @ x`",
            "`dWx` must have the shape of `Wx`, (D, H): `x.T @ da`.",
        ),
        Misconception(
            _backward(dWx=lambda v: v["x"] @ v["da"]),
            "a step with `x` not transposed: `x @ da`",
            "(N, D) times (N, H) does not go; (D, N) times (N, H) gives (D, H), the shape of `Wx`.",
        ),
        Misconception(
            _backward(dWh=lambda v: v["h_prev"] @ v["da"]),
            "a step with `h_prev` not transposed: `h_prev @ da`",
            "(N, H) times (N, H) does not go; (H, N) times (N, H) gives (H, H), the shape of `Wh`.",
        ),
        Misconception(
            _backward(dWh=lambda v: v["h_next"].T @ v["da"]),
            "a step whose `dWh` is made from `h_next`",
            "What `Wh` multiplied on the way forward was `h_prev`.",
        ),
        Misconception(
            _backward(
                dWx=lambda v: v["x"].T @ v["da"] / len(v["x"]),
                dWh=lambda v: v["h_prev"].T @ v["da"] / len(v["x"]),
                db=lambda v: v["da"].mean(axis=0),
            ),
            "a step with the parameters' gradients divided by the batch size",
            "If a mean is wanted, the loss takes it, once. Here the rows' gradients add up.",
        ),
        Misconception(
            lambda dh_next, cache: tuple(
                np.array(steps.rnn_step_backward(dh_next, cache), dtype=object)[[1, 0, 2, 3, 4]]
            ),
            "a step with `dx` and `dh_prev` exchanged",
            "The order is `dx, dh_prev, dWx, dWh, db`.",
        ),
        Misconception(
            _swapped,
            "a step that puts what belongs to the state before what belongs to the input",
            "The order is `dx, dh_prev, dWx, dWh, db`.",
        ),
        Misconception(
            _backward_in_place,
            "the right numbers, but `dh_next` was changed on the way",
            "`dh_next *= …` changes the caller's array. Write `da = dh_next * …`, which makes a new one.",
        ),
    ),
)

# --- 1.4 ------------------------------------------------------------------------------------------------------------


def _draw_layer(rng, sizes):
    N, T, D, H = sizes.N, sizes.T, sizes.D, sizes.H
    return {
        "Wx": rng.normal(0, 0.4, (D, H)),
        "Wh": rng.normal(0, 0.4, (H, H)),
        "b": rng.normal(0, 0.5, H),
        "xs": rng.normal(0, 1, (N, T, D)),
        "state": np.tanh(rng.normal(0, 1, (N, H))),
        "dhs": rng.normal(0, 1, (N, T, H)),
        "dstate": rng.normal(0, 1, (N, H)),
        "more_xs": rng.normal(0, 1, (N, T, D)),
    }


def _numerical_layer(arguments):
    def loss():
        layer = recurrent.RNN(*(Param(arguments[name]) for name in ("Wx", "Wh", "b")))
        hs, state = layer.forward(arguments["xs"], arguments["state"])
        return float((arguments["dhs"] * hs).sum() + (arguments["dstate"] * state).sum())

    names = {"dxs": "xs", "dstate": "state", "Wx.grad": "Wx", "Wh.grad": "Wh", "b.grad": "b"}
    return numerical_gradients(loss, {result: arguments[name] for result, name in names.items()})


class _RNN(Layer):
    """The reference spelt out, with a method for each place where people go wrong."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def first_state(self, xs, state):
        return np.zeros((len(xs), self.Wh.value.shape[0]), xs.dtype) if state is None else state

    def forward(self, xs, state=None, *, training=False):
        h, self.caches, hs = self.first_state(xs, state), [], []
        for step in range(xs.shape[1]):
            h, cache = steps.rnn_step_forward(xs[:, step], h, self.Wx.value, self.Wh.value, self.b.value)
            self.caches.append(cache)
            hs.append(h)
        return np.stack(hs, axis=1), self.last_state(hs)

    def last_state(self, hs):
        return hs[-1]

    def into_the_past(self, dstate, dhs):
        return np.zeros_like(dhs[:, 0]) if dstate is None else dstate

    def arriving(self, dhs, step, dh):
        return dhs[:, step] + dh

    def collect(self, grad, new):
        grad += new

    def order(self, T):
        return reversed(range(T))

    def backward(self, dhs, dstate=None):
        dh, dxs = self.into_the_past(dstate, dhs), [None] * dhs.shape[1]
        for step in self.order(dhs.shape[1]):
            dx, dh, *dparams = steps.rnn_step_backward(self.arriving(dhs, step, dh), self.caches[step])
            dxs[step] = dx
            for param, new in zip((self.Wx, self.Wh, self.b), dparams):
                self.collect(param.grad, new)
        return self.results(np.stack(dxs, axis=1), dh)

    def results(self, dxs, dh):
        return dxs, dh


def _rnn(**methods):
    """The class above with some of its methods replaced."""
    return type("RNN", (_RNN,), methods)


def _kept_state(self, xs, state):
    kept = getattr(self, "kept", None)
    return _RNN.first_state(self, xs, state if state is not None else kept)


def _keep_last(self, hs):
    self.kept = hs[-1]
    return hs[-1]


def _forward_with_old_caches(self, xs, state=None, *, training=False):
    old = getattr(self, "caches", [])
    results = _RNN.forward(self, xs, state)
    self.caches = old + self.caches
    return results


def _overwriting_backward(self, dhs, dstate=None):
    self.zero_grad()
    return _RNN.backward(self, dhs, dstate)


def _backward_to_the_left(self, dhs, dstate=None):
    dxs, dh = _RNN.backward(self, dhs, dstate)
    return dxs[:, ::-1], dh


def _averaged_backward(self, dhs, dstate=None):
    before = [param.grad.copy() for param in self.parameters()]
    results = _RNN.backward(self, dhs, dstate)
    for param, old in zip(self.parameters(), before):
        param.grad[...] = old + (param.grad - old) / dhs.shape[1]
    return results


def _overwrite(self, grad, new):
    grad[...] = new


def _add_in_place(self, dhs, step, dh):
    dhs[:, step] += dh
    return dhs[:, step]


def _float64_forward(self, xs, state=None, *, training=False):
    hs, state = _RNN.forward(self, xs, state)
    return hs.astype("float64"), state


RNN_LAYER = Exercise(
    id="1.4",
    name="RNN",
    title="The RNN over time, and back",
    stars=3,
    reference=recurrent.RNN,
    results={
        "hs": "(N, T, H)",
        "state": "(N, H)",
        "dxs": "(N, T, D)",
        "dstate": "(N, H)",
        "Wx.grad": "(D, H)",
        "Wh.grad": "(H, H)",
        "b.grad": "(H,)",
        "hs of a second call, with no state given": "(N, T, H)",
        "state of a second call, with no state given": "(N, H)",
        "dxs of a second call, with no state given": "(N, T, D)",
        "dstate of a second call, with no state given": "(N, H)",
        "Wx.grad after two calls": "(D, H)",
        "Wh.grad after two calls": "(H, H)",
        "b.grad after two calls": "(H,)",
    },
    draw=_draw_layer,
    probe=recurrent_layer("RNN"),
    uses=("1.2", "1.3"),
    numerical=_numerical_layer,
    misconceptions=(
        Misconception(
            _rnn(arriving=lambda self, dhs, step, dh: dhs[:, step]),
            "an RNN whose backward uses `dhs[:, step]` alone, so that nothing comes from the future",
            "`h` of a step went two ways: up, and on to the next step. Add both gradients: `dhs[:, step] + dh`.",
        ),
        Misconception(
            _rnn(arriving=lambda self, dhs, step, dh: dhs[:, step] + dh if step == dhs.shape[1] - 1 else dh),
            "an RNN whose backward adds `dhs` at the last step only",
            "A gradient comes from above at *every* step: `dhs[:, step] + dh`.",
        ),
        Misconception(
            _rnn(arriving=_add_in_place),
            "a right gradient that adds what comes from the right to `dhs` itself",
            "`dhs[:, step] += dh` changes the caller's array, also under another name: `dhs[:, step]` is a view. Write "
            "`dh = dhs[:, step] + dh`.",
        ),
        Misconception(
            _rnn(collect=_overwrite),
            "an RNN with `=` for `+=`: each step overwrites the gradients of the steps after it",
            "The same `Wh` was used T times, so its gradient is a sum of T terms: `self.Wh.grad += dWh`.",
        ),
        Misconception(
            _rnn(backward=_overwriting_backward),
            "an RNN whose backward zeroes the gradients before it starts",
            "`backward` *adds* to `.grad`. Zeroing is the training loop's business, with `zero_grad()`.",
        ),
        Misconception(
            _rnn(first_state=lambda self, xs, state: _RNN.first_state(self, xs, None)),
            "an RNN that always starts from zeros and ignores the `state` it is given",
            "Start from `state`; only where it is None, from zeros.",
        ),
        Misconception(
            _rnn(first_state=_kept_state, last_state=_keep_last),
            "an RNN that keeps its last state and starts the next call from it",
            "Nothing is kept between calls: `state=None` means zeros. Carrying the state is the caller's decision.",
        ),
        Misconception(
            _rnn(last_state=lambda self, hs: hs[0]),
            "an RNN that returns the state of the first step instead of the last",
            "The second result is what the next call should start from.",
        ),
        Misconception(
            _rnn(last_state=lambda self, hs: np.stack(hs, axis=1)),
            "an RNN that returns all states where only the last is asked for",
            "The second result is the state after the last step, (N, H).",
        ),
        Misconception(
            _rnn(into_the_past=lambda self, dstate, dhs: np.zeros_like(dhs[:, 0])),
            "an RNN whose backward ignores `dstate`, the gradient that comes from beyond the last step",
            "Start with `dh = dstate`; only where it is None, with zeros.",
        ),
        Misconception(
            _rnn(order=lambda self, T: range(T)),
            "an RNN whose backward runs from the first step to the last",
            "What arrives at a step includes what the step after it sends back: go from the last step to the first.",
        ),
        Misconception(
            _rnn(order=lambda self, T: range(T), backward=_backward_to_the_left),
            "an RNN whose backward runs from the first step to the last, and then turns `dxs` round",
            "What arrives at a step includes what the step after it sends back: go from the last step to the first.",
        ),
        Misconception(
            _rnn(forward=_forward_with_old_caches),
            "an RNN that never empties its list of caches, so that backward meets those of an earlier call",
            "Start `forward` with a new list: `self.caches = []`.",
        ),
        Misconception(
            _rnn(collect=lambda self, grad, new: None if grad is self.b.grad else _RNN.collect(self, grad, new)),
            "an RNN that leaves out the gradient of `b`",
            "Three Params, three gradients: `self.b.grad += db`.",
        ),
        Misconception(
            _rnn(backward=_backward_to_the_left),
            "an RNN whose `dxs` is in reverse order of time",
            "You went backward; put each `dx` where its `x` was: `dxs[:, step] = dx`.",
        ),
        Misconception(
            _rnn(results=lambda self, dxs, dh: (dxs, None)),
            "an RNN whose backward does not return the gradient of the state it started from",
            "When the loop is done, `dh` is that gradient: return `dxs, dh`.",
        ),
        Misconception(
            _rnn(backward=_averaged_backward),
            "an RNN with the parameters' gradients divided by the number of steps",
            "A weight that is used T times gets the *sum* of T gradients.",
        ),
        Misconception(
            _rnn(forward=_float64_forward),
            "an RNN that always gives float64, whatever it was given",
            "`np.zeros(shape)` is float64; `np.zeros(shape, dtype=xs.dtype)` keeps the type of the input.",
        ),
    ),
)

# --- 1.5 ------------------------------------------------------------------------------------------------------------


def _draw_norms(rng, sizes):
    # More steps than any fixed number that a learner might have tried, and never as many as there are units.
    return {
        "Wh": rng.normal(0, 0.5, (sizes.H, sizes.H)),
        "dh": rng.normal(0, 1, (sizes.N, sizes.H)),
        "steps": sizes.T + 4,
    }


def _norms(product=lambda dh, Wh: dh @ Wh.T, norm=np.linalg.norm, late=False):
    """The loop with another product, another norm, or the norm taken before the product."""

    def wrong(Wh, dh, steps):
        norms = []
        for _ in range(steps):
            if late:
                norms.append(norm(dh))
                dh = product(dh, Wh)
            else:
                dh = product(dh, Wh)
                norms.append(norm(dh))
        return np.array(norms)

    return wrong


def _norms_in_place(Wh, dh, steps):
    norms = []
    for _ in range(steps):
        dh[...] = dh @ Wh.T
        norms.append(np.linalg.norm(dh))
    return np.array(norms)


BACKPROP_NORMS = Exercise(
    id="1.5",
    name="backprop_norms",
    title="How large is the gradient after k steps?",
    stars=1,
    reference=analysis.backprop_norms,
    results={"norms": "(steps,)"},
    draw=_draw_norms,
    example={"Wh": np.array([[0.5, 0.0], [0.0, 2.0]]), "dh": np.array([[3.0, 4.0]]), "steps": 2},
    any_float=("norms",),
    misconceptions=(
        Misconception(
            _norms(product=lambda dh, Wh: dh @ Wh),
            "a loop that multiplies by `Wh` instead of `Wh.T`",
            "Forward multiplied by `Wh`. Going back is `dh @ Wh.T`, as in `dh_prev` of exercise 1.3.",
        ),
        Misconception(
            _norms(late=True),
            "a loop that measures *before* it multiplies: it starts with the norm of `dh` itself",
            "`norms[0]` is the norm after one product, `norms[-1]` after `steps` products.",
        ),
        Misconception(
            lambda Wh, dh, steps: np.array([np.linalg.norm(dh @ Wh.T ** (step + 1)) for step in range(steps)]),
            "`Wh.T ** k`, which takes each *element* to the power k",
            "`**` works element by element. For the matrix, multiply by `Wh.T` once in each round of a loop.",
        ),
        Misconception(
            lambda Wh, dh, steps: np.concatenate([[np.linalg.norm(dh)], analysis.backprop_norms(Wh, dh, steps)]),
            "a loop that puts the norm of `dh` itself first: one number too many",
            "`norms[0]` is the norm after one product, and there are `steps` of them.",
        ),
        Misconception(
            lambda Wh, dh, steps: analysis.backprop_norms(Wh, dh, steps)[-1],
            "one number, the norm after the last product only",
            "Collect a norm in every round of the loop, and return them as one array.",
        ),
        Misconception(
            _norms(norm=lambda dh: np.linalg.norm(dh, axis=1).mean()),
            "a loop with the mean of the rows' norms",
            "The Frobenius norm treats the whole array as one long vector: the root of the sum of *all* squares.",
        ),
        Misconception(
            _norms(norm=lambda dh: np.linalg.norm(dh, 2)),
            "a loop with the spectral norm, `np.linalg.norm(dh, 2)`",
            "For a matrix, 2 asks for the largest singular value. The Frobenius norm is `np.linalg.norm(dh)`.",
        ),
        Misconception(
            _norms(norm=lambda dh: (dh**2).sum()),
            "a loop with the *squared* norm",
            "Take the square root of the sum of squares.",
        ),
        Misconception(
            _norms(norm=lambda dh: np.linalg.norm(dh) / len(dh)),
            "a loop with the norm divided by the batch size",
            "The Frobenius norm divides by nothing.",
        ),
        Misconception(
            _norms(norm=lambda dh: np.abs(dh).max()),
            "a loop with the largest element in the place of the norm",
            "The Frobenius norm is the root of the sum of all squares: `np.linalg.norm(dh)`.",
        ),
        Misconception(
            _norms_in_place,
            "the right numbers, written into `dh` itself",
            "`dh @= …` and `dh[...] = …` change the caller's array. Bind a new one: `dh = dh @ Wh.T`.",
        ),
        Misconception(
            lambda Wh, dh, steps: list(analysis.backprop_norms(Wh, dh, steps)),
            "the right numbers in a Python list",
            "Turn it into an array at the end: `np.array(norms)`.",
        ),
    ),
)

# --- 1.6 ------------------------------------------------------------------------------------------------------------


def _draw_matrix(rng, sizes):
    # A rotation by a quarter turn among the axes, so that some eigenvalues are complex, and all are of other sizes.
    return {"Wh": rng.normal(0, 0.6, (sizes.H, sizes.H)) + np.roll(np.eye(sizes.H), 1, axis=0)}


def _bounds(sigma=None, radius=None):
    """Both numbers, one of them computed in another way."""

    def wrong(Wh):
        sigma_max, spectral_radius = analysis.gradient_bounds(Wh)
        return (
            sigma_max if sigma is None else float(sigma(Wh)),
            spectral_radius if radius is None else float(radius(Wh)),
        )

    return wrong


GRADIENT_BOUNDS = Exercise(
    id="1.6",
    name="gradient_bounds",
    title="Two numbers that say where the gradient goes",
    stars=2,
    reference=analysis.gradient_bounds,
    results={"sigma_max": "a float", "spectral_radius": "a float"},
    draw=_draw_matrix,
    example={"Wh": np.array([[0.5, 2.0], [0.0, -0.8]])},
    misconceptions=(
        Misconception(
            lambda Wh: analysis.gradient_bounds(Wh)[::-1],
            "the two numbers in the other order",
            "The largest singular value comes first. It is never the smaller of the two.",
        ),
        Misconception(
            _bounds(radius=lambda Wh: np.linalg.eigvals(Wh).real.max()),
            "a radius from the largest *real part* of the eigenvalues",
            "Also along an eigenvalue of -0.9, or a complex one, the absolute value counts: `np.abs(…).max()`.",
        ),
        Misconception(
            lambda Wh: (analysis.gradient_bounds(Wh)[0], np.linalg.eigvals(Wh)[0]),
            "a radius that is the first eigenvalue as it comes, complex and in no order",
            "The radius is the largest *absolute value* of them all: `np.abs(np.linalg.eigvals(Wh)).max()`.",
        ),
        Misconception(
            lambda Wh: (analysis.gradient_bounds(Wh)[0], np.linalg.eigvals(Wh).max()),
            "a radius that is the largest eigenvalue without its absolute value: it may be complex",
            "First the absolute values, then the largest: `np.abs(np.linalg.eigvals(Wh)).max()`.",
        ),
        Misconception(
            _bounds(radius=lambda Wh: np.abs(np.linalg.eigvalsh(Wh)).max()),
            "a radius from `np.linalg.eigvalsh`, which takes the matrix to be symmetric",
            "`Wh` need not be symmetric: use `np.linalg.eigvals`.",
        ),
        Misconception(
            _bounds(radius=lambda Wh: np.abs(np.linalg.eigvals(Wh).real).max()),
            "a radius from the real parts alone",
            "For a complex eigenvalue the absolute value is √(re² + im²); `np.abs` knows that.",
        ),
        Misconception(
            _bounds(radius=lambda Wh: np.abs(np.linalg.eigvals(Wh)).min()),
            "a radius from the *smallest* eigenvalue",
            "In the long run the largest one wins.",
        ),
        Misconception(
            _bounds(sigma=np.linalg.norm),
            "the Frobenius norm in the place of the largest singular value",
            "`np.linalg.norm(Wh)` is the root of the sum of *all* squared singular values. You want the largest alone.",
        ),
        Misconception(
            _bounds(sigma=lambda Wh: np.linalg.svd(Wh, compute_uv=False)[-1]),
            "the *smallest* singular value",
            "`np.linalg.svd` lists them from the largest to the smallest.",
        ),
        Misconception(
            _bounds(sigma=lambda Wh: np.linalg.norm(Wh, 2) ** 2),
            "the largest singular value squared, an eigenvalue of `Wh.T @ Wh`",
            "Take its square root.",
        ),
        Misconception(
            _bounds(sigma=lambda Wh: np.abs(np.linalg.eigvals(Wh)).max()),
            "the spectral radius given twice",
            "Singular values are not eigenvalues: they are the half-axes of the ellipse that `Wh` makes of a circle.",
        ),
    ),
)

# --- 1.7 ------------------------------------------------------------------------------------------------------------

_MATRICES = 9


def _draw_matrices(rng, sizes):
    """Nine matrices, three of each kind, shuffled; σ and ρ keep at least 0.02 from 1."""
    kinds = rng.permutation([0, 1, 2] * (_MATRICES // 3))
    return {f"{number}": _matrix(rng, kind, max(sizes.H, 2)) for number, kind in enumerate(kinds, 1)}


def _matrix(rng, kind, H):
    Q, _ = np.linalg.qr(rng.normal(0, 1, (H, H)))
    signs = rng.choice([-1, 1], H)
    if kind == 0:  # vanishes: σ < 1
        return Q @ np.diag(signs * rng.uniform(0.3, 0.95, H)) @ Q.T
    if kind == 1:  # explodes: ρ > 1; the eigenvalue that does it is negative, or one of many small ones
        eigenvalues = rng.uniform(0.1, 0.4, H)
        eigenvalues[0] = -rng.uniform(1.05, 1.6)
    else:  # grows, then vanishes: σ > 1 > ρ
        eigenvalues = signs * rng.uniform(0.3, 0.95, H)
    triangle = np.diag(eigenvalues) + np.triu(rng.uniform(1.5, 2.5, (H, H)), 1)
    return Q @ triangle @ Q.T


def _predict_all(answer, arguments, record):
    for name, Wh in arguments.items():
        sigma, rho = analysis.gradient_bounds(Wh)
        record[f"prediction {name} (σ = {sigma:.2f}, ρ = {rho:.2f})"] = answer(Wh)


def _predicted(decide):
    """A prediction by ``decide(Wh, sigma_max, spectral_radius)``."""
    return lambda Wh: decide(Wh, *analysis.gradient_bounds(Wh))


def _three(sigma, rho):
    return "vanishes" if sigma < 1 else "explodes" if rho > 1 else "grows, then vanishes"


PREDICT_GRADIENT = Exercise(
    id="1.7",
    name="predict_gradient",
    title="Predict it",
    stars=2,
    reference=analysis.predict_gradient,
    results={f"prediction {number}": "a string" for number in range(1, _MATRICES + 1)},
    draw=_draw_matrices,
    probe=_predict_all,
    uses=("1.6",),
    misconceptions=(
        Misconception(
            _predicted(lambda Wh, sigma, rho: "vanishes" if sigma < 1 else "explodes"),
            "a prediction by the largest singular value alone: σ > 1, so it explodes",
            "σ > 1 is only *necessary*. If ρ < 1 as well, the gradient may grow for a while, and then it vanishes.",
        ),
        Misconception(
            _predicted(lambda Wh, sigma, rho: "vanishes" if rho < 1 else "explodes"),
            "a prediction by the spectral radius alone, or with σ and ρ unpacked in the wrong order",
            "ρ says what happens in the end. With σ > 1 > ρ some gradients grow first: that is the third answer.",
        ),
        Misconception(
            _predicted(lambda Wh, sigma, rho: _three(sigma, np.linalg.eigvals(Wh).real.max())),
            "a prediction from the largest real part of the eigenvalues: a `Wh` with eigenvalue -1.3 slips through",
            "Use the absolute value of the eigenvalues, as in exercise 1.6.",
        ),
        Misconception(
            _predicted(lambda Wh, sigma, rho: "vanishes" if abs(np.linalg.det(Wh)) < 1 else "explodes"),
            "a prediction by the determinant",
            "The determinant multiplies all singular values. One large one among small ones is enough to explode.",
        ),
        Misconception(
            _predicted(lambda Wh, sigma, rho: _three(1 / sigma, 1 / rho)),
            "a prediction with “vanishes” and “explodes” exchanged",
            "Everything below 1 shrinks.",
        ),
        Misconception(
            _predicted(lambda Wh, sigma, rho: _three(np.linalg.norm(Wh), rho)),
            "a prediction with the Frobenius norm in the place of σ",
            "The Frobenius norm is above 1 for many a matrix whose every singular value is below 1.",
        ),
    ),
)

EXERCISES = (
    TANH_BACKWARD,
    RNN_STEP_FORWARD,
    RNN_STEP_BACKWARD,
    RNN_LAYER,
    BACKPROP_NORMS,
    GRADIENT_BOUNDS,
    PREDICT_GRADIENT,
)
