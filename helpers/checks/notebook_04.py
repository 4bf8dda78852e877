"""The exercises of notebook 04 and the mistakes people make in them."""

import numpy as np

from helpers.checks.exercise import Exercise, Misconception
from helpers.checks.probes import lstm_layer, step_with_cache
from helpers.nn import analysis, recurrent, steps
from helpers.nn.base import Layer
from helpers.nn.functional import sigmoid


def _logit(y):
    """What a sigmoid was given, from its output."""
    return np.log(y / (1 - y))


def _recipe(lines, results, **changes):
    """Follow named lines, each a function of all that came before it in one dict, some of them changed.

    Returns a function of such a dict that gives the `results` as a tuple.
    """

    def follow(v):
        for name, line in lines.items():
            v[name] = changes.get(name, line)(v)
        return tuple(v[name] for name in results)

    return follow


# --- 4.1 ------------------------------------------------------------------------------------------------------------

_MEMORY = ("dc_next", "f", "g", "i", "c_prev")


def _draw_memory(rng, sizes):
    shape = sizes.N, sizes.H
    return {
        "dc_next": rng.normal(0, 1, shape),
        "f": sigmoid(rng.normal(0, 1, shape)),
        "g": np.tanh(rng.normal(0, 1, shape)),
        "i": sigmoid(rng.normal(0, 1, shape)),
        "c_prev": rng.normal(0, 1, shape),
    }


def _memory(**changes):
    lines = {
        "dc_prev": lambda v: v["dc_next"] * v["f"],
        "df": lambda v: v["dc_next"] * v["c_prev"],
        "dg": lambda v: v["dc_next"] * v["i"],
        "di": lambda v: v["dc_next"] * v["g"],
    }
    follow = _recipe(lines, tuple(lines), **changes)
    return lambda dc_next, f, g, i, c_prev: follow(dict(zip(_MEMORY, (dc_next, f, g, i, c_prev))))


def _memory_summed(dc_next, f, g, i, c_prev):
    return tuple((dc_next * other).sum(axis=0) for other in (f, c_prev, i, g))


def _memory_in_place(dc_next, f, g, i, c_prev):
    df, dg, di = dc_next * c_prev, dc_next * i, dc_next * g
    dc_next *= f
    return dc_next, df, dg, di


MEMORY_BACKWARD = Exercise(
    id="4.1",
    name="memory_backward",
    title="Back through the memory",
    stars=2,
    reference=steps.memory_backward,
    results={"dc_prev": "(N, H)", "df": "(N, H)", "dg": "(N, H)", "di": "(N, H)"},
    draw=_draw_memory,
    example={
        "dc_next": np.array([[1.0, 2.0]]),
        "f": np.array([[0.9, 0.1]]),
        "g": np.array([[0.5, -0.8]]),
        "i": np.array([[0.2, 0.6]]),
        "c_prev": np.array([[3.0, -2.0]]),
    },
    misconceptions=(
        Misconception(
            _memory(dc_prev=lambda v: v["dc_next"]),
            "a memory that passes its gradient on unchanged: `dc_prev = dc_next`, without the forget gate",
            "The plus passes it on unchanged; then comes the product `f * c_prev`, and its other factor is `f`.",
        ),
        Misconception(
            _memory(dg=lambda v: v["dc_next"] * v["g"], di=lambda v: v["dc_next"] * v["i"]),
            "a product `g * i` whose two gradients are exchanged",
            "A product swaps its factors: `dg` is made with `i`, and `di` with `g`; they are returned as `…, dg, di`.",
        ),
        Misconception(
            _memory(dc_prev=lambda v: v["dc_next"] * v["c_prev"], df=lambda v: v["dc_next"] * v["f"]),
            "a product `f * c_prev` whose two gradients are exchanged",
            "A product swaps its factors: what goes to `c_prev` is multiplied by `f`, and the other way round.",
        ),
        Misconception(
            _memory(dg=lambda v: v["dc_next"], di=lambda v: v["dc_next"]),
            "a plus without the product behind it: `dg = di = dc_next`",
            "Behind the plus stands `g * i`: multiply with the other factor of that product.",
        ),
        Misconception(
            _memory(
                df=lambda v: v["dc_next"] * v["c_prev"] * v["f"] * (1 - v["f"]),
                dg=lambda v: v["dc_next"] * v["i"] * (1 - v["g"] ** 2),
                di=lambda v: v["dc_next"] * v["g"] * v["i"] * (1 - v["i"]),
            ),
            "an answer that already goes through the sigmoids and the tanh",
            "`df` is the gradient of `f` itself. The activations behind it are exercise 4.2.",
        ),
        Misconception(
            _memory(
                dc_prev=lambda v: v["dc_next"] * v["f"] / 2,
                df=lambda v: v["dc_next"] * v["c_prev"] / 2,
                dg=lambda v: v["dc_next"] * v["i"] / 2,
                di=lambda v: v["dc_next"] * v["g"] / 2,
            ),
            "a plus that shares the gradient out, half to each side",
            "A sum passes *all* of its gradient on to *each* of its terms.",
        ),
        Misconception(
            _memory(dc_prev=lambda v: v["dc_next"] * v["f"] * (1 - np.tanh(v["c_prev"]) ** 2)),
            "a memory with a tanh derivative on its way",
            "No tanh lies between `c_next` and `c_prev`: that is the point of the LSTM.",
        ),
        Misconception(
            _memory(dg=lambda v: v["dc_next"] * v["g"] * v["i"], di=lambda v: v["dc_next"] * v["g"] * v["i"]),
            "a product `g * i` that sends `dc_next * g * i` to both of its factors",
            "The derivative of `g * i` by `g` no longer holds `g`: each factor gets `dc_next` times the *other* one.",
        ),
        Misconception(
            _memory_summed,
            "an answer that is summed over the batch",
            "`f`, `g`, `i` and `c_prev` have a row for each example; so have their gradients: nothing is summed.",
        ),
        Misconception(
            _memory_in_place,
            "the right numbers, written into `dc_next` itself",
            "`dc_next *= f` changes the caller's array. Write `dc_next * f`, which makes a new one.",
        ),
    ),
)

# --- 4.2 ------------------------------------------------------------------------------------------------------------

_GATES = ("df", "dg", "di", "do", "f", "g", "i", "o")


def _draw_gates(rng, sizes):
    shape = sizes.N, sizes.H
    gradients = {name: rng.normal(0, 1, shape) for name in ("df", "dg", "di", "do")}
    values = {
        name: np.tanh(rng.normal(0, 1, shape)) if name == "g" else sigmoid(rng.normal(0, 1, shape)) for name in "fgio"
    }
    return gradients | values


def _gates(join=np.hstack, order="fgio", **changes):
    lines = {
        "af": lambda v: v["df"] * v["f"] * (1 - v["f"]),
        "ag": lambda v: v["dg"] * (1 - v["g"] ** 2),
        "ai": lambda v: v["di"] * v["i"] * (1 - v["i"]),
        "ao": lambda v: v["do"] * v["o"] * (1 - v["o"]),
    }
    follow = _recipe(lines, tuple(f"a{name}" for name in order), **changes)
    return lambda df, dg, di, do, f, g, i, o: join(follow(dict(zip(_GATES, (df, dg, di, do, f, g, i, o)))))


def _through_tanh(name):
    return lambda v: v[f"d{name}"] * (1 - v[name] ** 2)


def _through_sigmoid_of_output(name):
    return lambda v: v[f"d{name}"] * sigmoid(v[name]) * (1 - sigmoid(v[name]))


GATES_BACKWARD = Exercise(
    id="4.2",
    name="gates_backward",
    title="Back through the activations",
    stars=2,
    reference=steps.gates_backward,
    results={"dA": "(N, 4H)"},
    draw=_draw_gates,
    example={
        "df": np.array([[1.0]]),
        "dg": np.array([[1.0]]),
        "di": np.array([[2.0]]),
        "do": np.array([[-1.0]]),
        "f": np.array([[0.9]]),
        "g": np.array([[0.5]]),
        "i": np.array([[0.5]]),
        "o": np.array([[0.2]]),
    },
    uses=("1.1",),
    misconceptions=(
        Misconception(
            _gates(ag=lambda v: v["dg"] * v["g"] * (1 - v["g"])),
            "an answer with the derivative of a *sigmoid* at `g`",
            "`g` is not a gate: it went through tanh, whose derivative from the output is `1 - g**2`.",
        ),
        Misconception(
            _gates(**{f"a{name}": _through_tanh(name) for name in "fio"}),
            "an answer with the derivative of *tanh* at the gates",
            "f, i and o went through a sigmoid, whose derivative from the output is `y * (1 - y)`.",
        ),
        Misconception(
            _gates(ao=_through_tanh("o")),
            "an answer with the derivative of *tanh* at the output gate",
            "`o` multiplies a tanh, but it came out of a sigmoid: `o * (1 - o)`.",
        ),
        Misconception(
            _gates(**{f"a{name}": lambda v, name=name: v[f"d{name}"] for name in "fgio"}),
            "an answer without any derivative of the activations",
            "`dA` belongs to what went *into* the sigmoids and the tanh: multiply with their local derivatives.",
        ),
        Misconception(
            _gates(
                **{f"a{name}": lambda v, name=name: v[name] * (1 - v[name]) for name in "fio"},
                ag=lambda v: 1 - v["g"] ** 2,
            ),
            "the local derivatives alone, without `df`, `dg`, `di` and `do`",
            "The chain rule multiplies: what comes from above, times the local derivative.",
        ),
        Misconception(
            _gates(**{f"a{name}": _through_sigmoid_of_output(name) for name in "fio"}),
            "an answer with the sigmoid taken twice, of values that already came out of it",
            "`f`, `i` and `o` *are* the outputs: `f * (1 - f)`, and no sigmoid of them.",
        ),
        Misconception(
            _gates(
                **{f"a{name}": _through_sigmoid_of_output(name) for name in "fio"},
                ag=lambda v: v["dg"] * (1 - np.tanh(v["g"]) ** 2),
            ),
            "an answer with sigmoid *and* tanh taken twice, of values that already came out of them",
            "`f`, `g`, `i` and `o` *are* the outputs: `f * (1 - f)` and `1 - g**2`, and no function of them.",
        ),
        Misconception(
            _gates(**{f"a{name}": lambda v, name=name: v[f"d{name}"] * (1 - v[name]) for name in "fio"}),
            "an answer with `1 - y` for the slope of a sigmoid",
            "The slope of a sigmoid is 0 at *both* ends, closed and open: two factors.",
        ),
        Misconception(
            _gates(ag=lambda v: v["dg"] * (1 - v["g"]) ** 2),
            "an answer with `(1 - g)**2` in place of `1 - g**2`",
            "Mind the brackets: first the square, then the difference. It is the same at g and at -g.",
        ),
        Misconception(
            _gates(order="figo"),
            "an answer with the blocks in the order f, i, g, o",
            "`LSTM_ORDER` is f, g, i, o, the same as in `Wx`, `Wh` and `b`.",
        ),
        Misconception(
            _gates(order="ifgo"),
            "an answer with the blocks in the order i, f, g, o, as PyTorch and Keras have them",
            "`LSTM_ORDER` is f, g, i, o, the same as in `Wx`, `Wh` and `b`.",
        ),
        Misconception(
            _gates(join=np.vstack),
            "an answer with the blocks one *below* the other",
            "Side by side: `np.hstack`, or `np.concatenate(…, axis=1)`. Each example keeps its row.",
        ),
        Misconception(
            _gates(join=lambda blocks: np.stack(blocks, axis=1)),
            "an answer with the blocks along an axis of their own",
            "`np.stack` makes a new axis. `np.hstack` puts the columns side by side: (N, 4H).",
        ),
        Misconception(
            _gates(join=sum),
            "an answer with the four blocks added up",
            "Each block has weights of its own, so each keeps its gradient: side by side, (N, 4H).",
        ),
    ),
)

# --- 4.3 ------------------------------------------------------------------------------------------------------------

_CACHE = ("x", "h_prev", "c_prev", "Wx", "Wh", "f", "g", "i", "o", "c_next")
_STEP_RESULTS = {
    "dx": "(N, D)",
    "dh_prev": "(N, H)",
    "dc_prev": "(N, H)",
    "dWx": "(D, 4H)",
    "dWh": "(H, 4H)",
    "db": "(4H,)",
}


def _draw_lstm_params(rng, D, H, blocks):
    return {
        "Wx": rng.normal(0, 0.4, (D, blocks * H)),
        "Wh": rng.normal(0, 0.4, (H, blocks * H)),
        "b": rng.normal(0, 0.5, blocks * H),
    }


def _draw_step_backward(rng, sizes):
    N, D, H = sizes.N, sizes.D, sizes.H
    x, h_prev, c_prev = rng.normal(0, 1, (N, D)), np.tanh(rng.normal(0, 1, (N, H))), rng.normal(0, 1, (N, H))
    *_, cache = steps.lstm_step_forward(x, h_prev, c_prev, **_draw_lstm_params(rng, D, H, 4))
    return {"dh_next": rng.normal(0, 1, (N, H)), "dc_next": rng.normal(0, 1, (N, H)), "cache": cache}


def _step_backward(results=tuple(_STEP_RESULTS), **changes):
    lines = {
        "tanh_c": lambda v: np.tanh(v["c_next"]),
        "dc": lambda v: v["dc_next"] + v["dh_next"] * v["o"] * (1 - v["tanh_c"] ** 2),
        "do": lambda v: v["dh_next"] * v["tanh_c"],
        "memory": lambda v: steps.memory_backward(v["dc"], v["f"], v["g"], v["i"], v["c_prev"]),
        "dA": lambda v: steps.gates_backward(*v["memory"][1:], v["do"], v["f"], v["g"], v["i"], v["o"]),
        "dx": lambda v: v["dA"] @ v["Wx"].T,
        "dh_prev": lambda v: v["dA"] @ v["Wh"].T,
        "dc_prev": lambda v: v["memory"][0],
        "dWx": lambda v: v["x"].T @ v["dA"],
        "dWh": lambda v: v["h_prev"].T @ v["dA"],
        "db": lambda v: v["dA"].sum(axis=0),
    }
    follow = _recipe(lines, results, **changes)
    return lambda dh_next, dc_next, cache: follow(dict(zip(_CACHE, cache), dh_next=dh_next, dc_next=dc_next))


def _step_in_place(dh_next, dc_next, cache):
    *_, o, c_next = cache
    right = steps.lstm_step_backward(dh_next, dc_next, cache)
    dc_next += dh_next * o * (1 - np.tanh(c_next) ** 2)
    return right


#: The numbers of the example by hand: A = (2, 0.5, 0, -2), so f, g, i, o = 0.881, 0.462, 0.5, 0.119.
STEP_BY_HAND = {
    "dh_next": np.array([[1.0]]),
    "dc_next": np.array([[0.5]]),
    "cache": steps.lstm_step_forward(
        x=np.array([[1.0]]),
        h_prev=np.array([[0.0]]),
        c_prev=np.array([[1.0]]),
        Wx=np.array([[2.0, 0.5, 0.0, -2.0]]),
        Wh=np.array([[1.0, 1.0, 1.0, 1.0]]),
        b=np.zeros(4),
    )[2],
}

LSTM_STEP_BACKWARD = Exercise(
    id="4.3",
    name="lstm_step_backward",
    title="Backward through one step of the LSTM",
    stars=3,
    reference=steps.lstm_step_backward,
    results=_STEP_RESULTS,
    draw=_draw_step_backward,
    example=STEP_BY_HAND,
    uses=("1.1", "4.1", "4.2"),
    misconceptions=(
        Misconception(
            _step_backward(dc=lambda v: v["dc_next"]),
            "a step **without the path through `tanh(c_next)`**: nothing of `dh_next` reaches the memory",
            "`c_next` is used twice, by the next step and by `h_next = o * tanh(c_next)`. Add the second gradient to "
            "`dc_next` before anything else.",
        ),
        Misconception(
            _step_backward(dc=lambda v: v["dh_next"] * v["o"] * (1 - v["tanh_c"] ** 2)),
            "a step that drops `dc_next`, the gradient from the next step's memory",
            "Two gradients arrive at `c_next` and are added: `dc_next + …`.",
        ),
        Misconception(
            _step_backward(dc=lambda v: v["dc_next"] + v["dh_next"] * v["o"]),
            "a step that misses the derivative of `tanh(c_next)`",
            "On the way from `h_next` to `c_next` lies a tanh: multiply with `1 - np.tanh(c_next)**2`.",
        ),
        Misconception(
            _step_backward(dc=lambda v: v["dc_next"] + v["dh_next"] * (1 - v["tanh_c"] ** 2)),
            "a step that misses the output gate on the way from `h_next` to the memory",
            "`h_next = o * tanh(c_next)`: the gradient of the tanh is `dh_next * o`.",
        ),
        Misconception(
            _step_backward(dc=lambda v: v["dc_next"] + v["dh_next"] * v["o"] * (1 - v["c_next"] ** 2)),
            "a step with `1 - c_next**2`, although `c_next` is the tanh's *input*",
            "Here the cache holds what went *into* the tanh. Take `np.tanh(c_next)` first, then `1 - …**2` of that.",
        ),
        Misconception(
            _step_backward(do=lambda v: v["dh_next"] * v["c_next"]),
            "a step with `do = dh_next * c_next`: the tanh is missing",
            "`h_next = o * tanh(c_next)`: the other factor of the product is `tanh(c_next)`.",
        ),
        Misconception(
            _step_backward(do=lambda v: v["dc"] * v["tanh_c"]),
            "a step whose output gate gets its gradient from the memory, `dc_next`, and not from `dh_next`",
            "`o` appears in `h_next = o * tanh(c_next)` only: `do = dh_next * tanh(c_next)`.",
        ),
        Misconception(
            _step_backward(dc=lambda v: v["dc_next"] + v["dh_next"] * v["o"] * v["tanh_c"]),
            "a step with `tanh(c_next)` where its slope belongs",
            "Back through a tanh the gradient is multiplied with `1 - t**2`; `t` itself goes to `do`.",
        ),
        Misconception(
            _step_backward(do=lambda v: (v["dh_next"] + v["dc_next"]) * v["tanh_c"]),
            "a step whose `do` is made from `dh_next + dc_next`",
            "`o` appears in `h_next` only; `dc_next` came from the next step's memory and never met `o`.",
        ),
        Misconception(
            _step_backward(dA=lambda v: np.hstack([*v["memory"][1:], v["do"]])),
            "a step without the slopes of the activations: `df`, `dg`, `di` and `do` taken for `dA`",
            "Between `A` and the gates lie three sigmoids and a tanh: exercise 4.2.",
        ),
        Misconception(
            _step_backward(
                memory=lambda v: steps.memory_backward(v["dc_next"], v["f"], v["g"], v["i"], v["c_prev"]),
                dc_prev=lambda v: v["memory"][0] + v["dh_next"] * v["o"] * (1 - v["tanh_c"] ** 2),
            ),
            "a step that adds the path through `tanh(c_next)` too late, to `dc_prev`",
            "It arrives at `c_next`, *in front of* the forget gate: add it to `dc_next`, before exercise 4.1.",
        ),
        Misconception(
            _step_backward(dh_prev=lambda v: v["dA"] @ v["Wh"].T + v["dh_next"]),
            "a step that adds `dh_next` to `dh_prev`",
            "`h` has no direct line from step to step, as `c` has: all that reaches `h_prev` comes through `Wh`.",
        ),
        Misconception(
            _step_backward(dc_prev=lambda v: v["dc_next"] * v["f"]),
            "a step whose `dc_prev` is made from `dc_next` alone, without what came through `h_next`",
            "Add the path through `tanh(c_next)` *first*, then go back through the memory with the sum.",
        ),
        Misconception(
            _step_backward(dc_prev=lambda v: v["dc"]),
            "a step that passes the gradient of the memory on without the forget gate",
            "`c_next = f * c_prev + g * i`, so `dc_prev` is multiplied with `f`: exercise 4.1 does it.",
        ),
        Misconception(
            _step_backward(results=("dx", "dc_prev", "dh_prev", "dWx", "dWh", "db")),
            "a step with `dh_prev` and `dc_prev` in each other's place",
            "The order is `dx, dh_prev, dc_prev, dWx, dWh, db`.",
        ),
        Misconception(
            _step_backward(dh_prev=lambda v: v["dA"] @ v["Wh"]),
            "a step with `Wh` not transposed: `dA @ Wh`",
            "(N, 4H) times (H, 4H) does not go; `Wh.T` is (4H, H), and `dh_prev` must be (N, H).",
        ),
        Misconception(
            _step_backward(db=lambda v: v["dA"]),
            "a step whose `db` is not summed over the batch",
            "`b` was added to every row, so its gradient is the sum over the rows: `dA.sum(axis=0)`, of shape (4H,).",
        ),
        Misconception(
            _step_backward(dWh=lambda v: (v["o"] * v["tanh_c"]).T @ v["dA"]),
            "a step whose `dWh` is made from `h_next`",
            "What `Wh` multiplied on the way forward was `h_prev`.",
        ),
        Misconception(
            _step_backward(dWx=lambda v: v["dA"].T @ v["x"], dWh=lambda v: v["dA"].T @ v["h_prev"]),
            "a step whose `dWx` and `dWh` are transposed",
            "`dWx` has the shape of `Wx`, (D, 4H): `x.T @ dA`.",
        ),
        Misconception(
            _step_in_place,
            "the right numbers, but `dc_next` was changed on the way",
            "`dc_next += …` changes the caller's array. Write `dc_next = dc_next + …`, which makes a new one.",
        ),
    ),
)

# --- 4.4 ------------------------------------------------------------------------------------------------------------


def _draw_layer(rng, sizes):
    N, T, D, H = sizes.N, sizes.T, sizes.D, sizes.H
    return _draw_lstm_params(rng, D, H, 4) | {
        "xs": rng.normal(0, 1, (N, T, D)),
        "state": (np.tanh(rng.normal(0, 1, (N, H))), rng.normal(0, 1, (N, H))),
        "dhs": rng.normal(0, 1, (N, T, H)),
        "dstate": (rng.normal(0, 1, (N, H)), rng.normal(0, 1, (N, H))),
        "more_xs": rng.normal(0, 1, (N, T, D)),
    }


class _LSTM(Layer):
    """The reference spelt out, with a method for each place where people go wrong."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def zeros(self, array):
        return np.zeros((len(array), self.Wh.value.shape[0]), array.dtype)

    def first_state(self, xs, state):
        return (self.zeros(xs), self.zeros(xs)) if state is None else state

    def carried(self, h, c, step):
        return h, c

    def forward(self, xs, state=None, *, training=False):
        (h, c), self.caches, hs = self.first_state(xs, state), [], []
        for step in range(xs.shape[1]):
            h, c = self.carried(h, c, step)
            h, c, cache = steps.lstm_step_forward(xs[:, step], h, c, self.Wx.value, self.Wh.value, self.b.value)
            self.caches.append(cache)
            hs.append(h)
        return np.stack(hs, axis=1), self.last_state(h, c)

    def last_state(self, h, c):
        return h, c

    def into_the_past(self, dstate, dhs):
        return (self.zeros(dhs), self.zeros(dhs)) if dstate is None else dstate

    def arriving(self, dhs, step, dh, dc):
        return dhs[:, step] + dh, dc

    def collect(self, grad, new):
        grad += new

    def backward(self, dhs, dstate=None):
        (dh, dc), dxs = self.into_the_past(dstate, dhs), [None] * dhs.shape[1]
        for step in reversed(range(dhs.shape[1])):
            arriving = self.arriving(dhs, step, dh, dc)
            dx, dh, dc, *dparams = steps.lstm_step_backward(*arriving, self.caches[step])
            dxs[step] = dx
            for param, new in zip((self.Wx, self.Wh, self.b), dparams):
                self.collect(param.grad, new)
        return self.results(np.stack(dxs, axis=1), dh, dc)

    def results(self, dxs, dh, dc):
        return dxs, (dh, dc)


def _lstm(**methods):
    """The class above with some of its methods replaced."""
    return type("LSTM", (_LSTM,), methods)


def _kept_state(self, xs, state):
    return _LSTM.first_state(self, xs, getattr(self, "kept", None) if state is None else state)


def _keep_last(self, h, c):
    self.kept = h, c
    return h, c


def _overwrite(self, grad, new):
    grad[...] = new


def _backward_from_the_first_step(self, dhs, dstate=None):
    (dh, dc), dxs = self.into_the_past(dstate, dhs), []
    for step in range(dhs.shape[1]):
        dx, dh, dc, *dparams = steps.lstm_step_backward(dhs[:, step] + dh, dc, self.caches[step])
        dxs.append(dx)
        for param, new in zip((self.Wx, self.Wh, self.b), dparams):
            param.grad += new
    return np.stack(dxs, axis=1), (dh, dc)


def _forward_that_keeps_its_caches(self, xs, state=None, *, training=False):
    before = getattr(self, "caches", [])
    result = _LSTM.forward(self, xs, state)
    self.caches = before + self.caches
    return result


def _overwriting_backward(self, dhs, dstate=None):
    self.zero_grad()
    return _LSTM.backward(self, dhs, dstate)


def _add_in_place(self, dhs, step, dh, dc):
    dhs[:, step] += dh
    return dhs[:, step], dc


LSTM_LAYER = Exercise(
    id="4.4",
    name="LSTM",
    title="The LSTM over time, and back",
    stars=3,
    reference=recurrent.LSTM,
    results={
        "hs": "(N, T, H)",
        "h of state": "(N, H)",
        "c of state": "(N, H)",
        "dxs": "(N, T, D)",
        "h of dstate": "(N, H)",
        "c of dstate": "(N, H)",
        "Wx.grad": "(D, 4H)",
        "Wh.grad": "(H, 4H)",
        "b.grad": "(4H,)",
        "hs of a second call, with no state given": "(N, T, H)",
        "h of state of a second call, with no state given": "(N, H)",
        "c of state of a second call, with no state given": "(N, H)",
        "dxs of a second call, with no state given": "(N, T, D)",
        "h of dstate of a second call, with no state given": "(N, H)",
        "c of dstate of a second call, with no state given": "(N, H)",
        "Wx.grad after two calls": "(D, 4H)",
        "Wh.grad after two calls": "(H, 4H)",
        "b.grad after two calls": "(4H,)",
    },
    draw=_draw_layer,
    probe=lstm_layer("LSTM"),
    uses=("3.5", "4.3"),
    misconceptions=(
        Misconception(
            _lstm(carried=lambda self, h, c, step: (h, c if step == 0 else np.zeros_like(c))),
            "an LSTM that does not carry the memory cell `c` from step to step",
            "Both go on to the next step: `h, c, cache = lstm_step_forward(…, h, c, …)`.",
        ),
        Misconception(
            _lstm(arriving=_add_in_place),
            "a right gradient that adds what comes from the right to `dhs` itself",
            "`dhs[:, step] += dh` changes the caller's array, also under another name: `dhs[:, step]` is a view. Write "
            "`dh = dhs[:, step] + dh`.",
        ),
        Misconception(
            _lstm(arriving=lambda self, dhs, step, dh, dc: (dhs[:, step] + dh, np.zeros_like(dc))),
            "an LSTM whose backward lets nothing flow back through the memory cell",
            "Hand the `dc` of one step to the step before it: `lstm_step_backward(dhs[:, step] + dh, dc, …)`.",
        ),
        Misconception(
            _lstm(arriving=lambda self, dhs, step, dh, dc: (dhs[:, step], dc)),
            "an LSTM whose backward uses `dhs[:, step]` alone, so that nothing comes back through `h`",
            "`h` of a step went two ways: up, and on to the next step. Add both gradients: `dhs[:, step] + dh`.",
        ),
        Misconception(
            _lstm(arriving=lambda self, dhs, step, dh, dc: (dh, dc)),
            "an LSTM whose backward never uses `dhs`, the gradients from above",
            "Every `h` also went up, and a gradient comes down for it at every step: `dhs[:, step] + dh`.",
        ),
        Misconception(
            _lstm(backward=_backward_from_the_first_step),
            "an LSTM whose backward goes from the first step to the last",
            "Begin with the step that ran last: `for step in reversed(range(T))`.",
        ),
        Misconception(
            _lstm(forward=_forward_that_keeps_its_caches),
            "an LSTM that still has the caches of the call before",
            "Begin each `forward` with `self.caches = []`: `backward` belongs to the last call.",
        ),
        Misconception(
            _lstm(arriving=lambda self, dhs, step, dh, dc: (dhs[:, step] + dh, dhs[:, step] + dc)),
            "an LSTM whose backward adds `dhs` to the gradient of the memory cell as well",
            "`hs` holds hidden states; the memory cell never leaves the layer, so no gradient comes to it from above.",
        ),
        Misconception(
            _lstm(collect=_overwrite),
            "an LSTM with `=` for `+=`: each step overwrites the gradients of the steps after it",
            "The same `Wh` was used T times, so its gradient is a sum of T terms: `self.Wh.grad += dWh`.",
        ),
        Misconception(
            _lstm(backward=_overwriting_backward),
            "an LSTM whose backward zeroes the gradients before it starts",
            "`backward` *adds* to `.grad`. Zeroing is the training loop's business, with `zero_grad()`.",
        ),
        Misconception(
            _lstm(first_state=lambda self, xs, state: _LSTM.first_state(self, xs, None)),
            "an LSTM that always starts from zeros and ignores the `state` it is given",
            "Start from `h, c = state`; only where it is None, from zeros.",
        ),
        Misconception(
            _lstm(first_state=lambda self, xs, state: (_LSTM.first_state(self, xs, state)[0], self.zeros(xs))),
            "an LSTM that takes `h` from the given state and starts its memory cell from zeros",
            "The state is a pair: `h, c = state`.",
        ),
        Misconception(
            _lstm(first_state=_kept_state, last_state=_keep_last),
            "an LSTM that keeps its last state and starts the next call from it",
            "Nothing is kept between calls: `state=None` means zeros. Carrying the state is the caller's decision.",
        ),
        Misconception(
            _lstm(last_state=lambda self, h, c: (c, h)),
            "an LSTM that returns its state as (c, h)",
            "The state is the pair `(h, c)`, hidden state first, on the way in and out.",
        ),
        Misconception(
            _lstm(last_state=lambda self, h, c: h),
            "an LSTM that returns `h` alone as its state",
            "The next call needs the memory cell too: return `hs, (h, c)`.",
        ),
        Misconception(
            _lstm(into_the_past=lambda self, dstate, dhs: _LSTM.into_the_past(self, None, dhs)),
            "an LSTM whose backward ignores `dstate`, the gradients that come from beyond the last step",
            "Start with `dh, dc = dstate`; only where it is None, with zeros.",
        ),
        Misconception(
            _lstm(results=lambda self, dxs, dh, dc: (dxs[:, ::-1], (dh, dc))),
            "an LSTM whose `dxs` is in reverse order of time",
            "You went backward; put each `dx` where its `x` was: `dxs[:, step] = dx`.",
        ),
        Misconception(
            _lstm(results=lambda self, dxs, dh, dc: (dxs, (dc, dh))),
            "an LSTM that returns the gradient of its first state as (dc, dh)",
            "The pair is in the order of the state: `(dh, dc)`.",
        ),
    ),
)

# --- 4.5 ------------------------------------------------------------------------------------------------------------


def _draw_forget_gates(rng, sizes):
    return {"forget_gates": sigmoid(rng.normal(1, 1, (sizes.T, sizes.H)))}


def _each_gate_alone(forget_gates):
    T = len(forget_gates)
    return forget_gates ** np.arange(T - 1, -1, -1)[:, None].astype(forget_gates.dtype)


def _from_the_start(forget_gates):
    gradient = np.ones_like(forget_gates)
    gradient[1:] = np.cumprod(forget_gates[:-1], axis=0)
    return gradient


def _one_step_only(forget_gates):
    gradient = np.ones_like(forget_gates)
    gradient[:-1] = forget_gates[1:]
    return gradient


def _running_sum(forget_gates):
    gradient = np.ones_like(forget_gates)
    gradient[:-1] = np.cumsum(forget_gates[:0:-1], axis=0)[::-1]
    return gradient


def _one_for_all_units(forget_gates):
    product = analysis.memory_gradient(forget_gates.mean(axis=1, keepdims=True))
    return np.repeat(product, forget_gates.shape[1], axis=1)


def _own_gate_for_the_next(forget_gates):
    gradient = np.ones_like(forget_gates)
    gradient[:-1] = np.cumprod(forget_gates[-2::-1], axis=0)[::-1]
    return gradient


def _all_gates_everywhere(forget_gates):
    return np.repeat(forget_gates.prod(axis=0, keepdims=True), len(forget_gates), axis=0)


def _from_the_first_row(forget_gates):
    gradient = np.ones_like(forget_gates)
    gradient[1:] = np.cumprod(forget_gates[1:], axis=0)
    return gradient


def _in_place_product(forget_gates):
    gradient = analysis.memory_gradient(forget_gates)
    forget_gates[...] = gradient
    return forget_gates


MEMORY_GRADIENT = Exercise(
    id="4.5",
    name="memory_gradient",
    title="What reaches the memory, T steps back",
    stars=2,
    reference=analysis.memory_gradient,
    results={"gradient": "(T, H)"},
    draw=_draw_forget_gates,
    example={"forget_gates": np.array([[0.9, 0.3], [0.5, 0.9], [0.8, 1.0], [0.9, 0.1]])},
    misconceptions=(
        Misconception(
            lambda forget_gates: np.cumprod(forget_gates[::-1], axis=0)[::-1],
            "a product that begins one step too early: it includes the step's own gate",
            "From `c_last` back to `c_step` the gates of the *later* steps are passed, r > s. The last row is ones.",
        ),
        Misconception(
            lambda forget_gates: np.cumprod(forget_gates, axis=0),
            "a product over the steps from the first one on, `np.cumprod(forget_gates, axis=0)`",
            "The gradient comes from the *end*: row s is the product over the steps after s.",
        ),
        Misconception(
            _from_the_start,
            "a product over the *earlier* steps",
            "The gradient comes from the *end*: row s is the product over the steps after s.",
        ),
        Misconception(
            _own_gate_for_the_next,
            "a product with the step's own gate in place of the next one's",
            "The gate between `c` of step s and `c` of step s+1 is that of step s+1. The very first is never used.",
        ),
        Misconception(
            _all_gates_everywhere,
            "the product of *all* gates in every row",
            "Each row has a way of its own length: row s passes only the gates after s, and the last row none.",
        ),
        Misconception(
            _from_the_first_row,
            "a product that is begun in the *first* row and carried on to the last",
            "The ones belong into the last row: that is where the gradient starts. From there go to the left.",
        ),
        Misconception(
            lambda forget_gates: analysis.memory_gradient(forget_gates)[::-1],
            "the right products in the reverse order of time",
            "You went backward; turn the result round, so that row s belongs to step s and the last row is ones.",
        ),
        Misconception(
            _each_gate_alone,
            "each step's own gate raised to a power, as if all later gates were the same",
            "Unlike `Wh`, the factors differ from step to step: multiply the *later* steps' own gates.",
        ),
        Misconception(
            _one_step_only,
            "the next step's gate alone, without those after it",
            "Go on multiplying: row s is row s+1 times `forget_gates[s + 1]`.",
        ),
        Misconception(
            _running_sum,
            "a running *sum* of the gates",
            "Backward through c_next = f ⊙ c_prev *multiplies* by f: `np.cumprod`, or a loop with a product.",
        ),
        Misconception(
            _one_for_all_units,
            "one product for all units, from the gates' mean",
            "The Hadamard product is element by element: each unit has a gate, and a path, of its own.",
        ),
        Misconception(
            lambda forget_gates: analysis.memory_gradient(forget_gates.astype("float64")),
            "an answer that always gives float64, whatever it was given",
            "`np.ones(shape)` is float64; `np.ones_like(forget_gates)` keeps the type.",
        ),
        Misconception(
            _in_place_product,
            "the right numbers, written into `forget_gates` itself",
            "Make a new array first: `gradient = np.ones_like(forget_gates)`.",
        ),
    ),
)

# --- 4.6 ------------------------------------------------------------------------------------------------------------

_GRU_INPUTS = ("x", "h_prev", "Wx", "Wh", "b")
_GRU_CACHE = ("x", "h_prev", "Wx", "Wh", "z", "r", "n")


def _draw_gru_step(rng, sizes):
    N, D, H = sizes.N, sizes.D, sizes.H
    x, h_prev = rng.normal(0, 1, (N, D)), np.tanh(rng.normal(0, 1, (N, H)))
    return {"x": x, "h_prev": h_prev} | _draw_lstm_params(rng, D, H, 3)


def _block(name, order="zrn"):
    """The columns of one block, as a function of the number of units."""
    place = order.index(name)
    return lambda H: slice(place * H, (place + 1) * H)


def _gru(cache=_GRU_CACHE, order="zrn", **changes):
    columns = {name: _block(name, order) for name in "zrn"}

    def product(v, name, state):
        part = columns[name](v["h_prev"].shape[1])
        return v["x"] @ v["Wx"][:, part] + state @ v["Wh"][:, part] + v["b"][part]

    lines = {
        "z": lambda v: sigmoid(product(v, "z", v["h_prev"])),
        "r": lambda v: sigmoid(product(v, "r", v["h_prev"])),
        "n": lambda v: np.tanh(product(v, "n", v["r"] * v["h_prev"])),
        "h_next": lambda v: (1 - v["z"]) * v["h_prev"] + v["z"] * v["n"],
        "cache": lambda v: tuple(v[name] for name in cache),
    }
    given = {name: (lambda v, change=change: change(v, product)) for name, change in changes.items()}
    follow = _recipe(lines, ("h_next", "cache"), **given)
    return lambda x, h_prev, Wx, Wh, b: follow(dict(zip(_GRU_INPUTS, (x, h_prev, Wx, Wh, b))))


def _reset_after(v, product):
    part = _block("n")(v["h_prev"].shape[1])
    return np.tanh(v["x"] @ v["Wx"][:, part] + v["r"] * (v["h_prev"] @ v["Wh"][:, part]) + v["b"][part])


def _without_bias(v, product):
    H = v["h_prev"].shape[1]
    return product(v | {"b": np.concatenate([v["b"][: 2 * H], np.zeros_like(v["b"][:H])])}, "n", v["r"] * v["h_prev"])


def _without_any_bias(name):
    def activation(v, product):
        state = v["r"] * v["h_prev"] if name == "n" else v["h_prev"]
        return (np.tanh if name == "n" else sigmoid)(product(v | {"b": np.zeros_like(v["b"])}, name, state))

    return activation


def _reset_of_everything(v, product):
    return np.tanh(v["r"] * product(v, "n", v["h_prev"]))


#: The numbers of the examples by hand in exercises 4.6 and 4.7.
GRU_BY_HAND = {
    "x": np.array([[1.0]]),
    "h_prev": np.array([[0.5]]),
    "Wx": np.array([[-1.0, 1.0, 0.3]]),
    "Wh": np.array([[2.0, -2.0, 0.8]]),
    "b": np.zeros(3),
}

GRU_STEP_FORWARD = Exercise(
    id="4.6",
    name="gru_step_forward",
    title="One step of the GRU",
    stars=2,
    reference=steps.gru_step_forward,
    results={
        "h_next": "(N, H)",
        "cache[0], x,": "(N, D)",
        "cache[1], h_prev,": "(N, H)",
        "cache[2], Wx,": "(D, 3H)",
        "cache[3], Wh,": "(H, 3H)",
        "cache[4], z,": "(N, H)",
        "cache[5], r,": "(N, H)",
        "cache[6], n,": "(N, H)",
    },
    draw=_draw_gru_step,
    probe=step_with_cache("gru_step_forward", ("h_next",), _GRU_CACHE),
    example=GRU_BY_HAND,
    uses=("0.1",),
    misconceptions=(
        Misconception(
            _gru(h_next=lambda v, product: v["z"] * v["h_prev"] + (1 - v["z"]) * v["n"]),
            "a GRU with z the other way round, as PyTorch has it",
            "Here z says how much of the *new* state comes in: `(1 - z) * h_prev + z * n`.",
        ),
        Misconception(
            _gru(n=_reset_after),
            "a GRU that resets *after* the product, as PyTorch does",
            "Here `h_prev` is reset first: `(r * h_prev) @ Whn`.",
        ),
        Misconception(
            _gru(n=lambda v, product: np.tanh(product(v, "n", v["h_prev"]))),
            "a GRU without its reset gate: r is computed and never used",
            "The new state sees only what the reset gate leaves: `(r * h_prev) @ Whn`.",
        ),
        Misconception(
            _gru(n=lambda v, product: np.tanh(product(v, "n", v["z"] * v["h_prev"]))),
            "a GRU that uses z where r belongs",
            "r is for what the new state sees of the old one; z is for the mixture at the end.",
        ),
        Misconception(
            _gru(order="rzn"),
            "a GRU with its blocks in the order r, z, n",
            "`GRU_ORDER` is z, r, n: update gate, reset gate, new state.",
        ),
        Misconception(
            _gru(n=lambda v, product: sigmoid(product(v, "n", v["r"] * v["h_prev"]))),
            "a GRU whose new state went through a sigmoid",
            "n is content, not a gate: `np.tanh`.",
        ),
        Misconception(
            _gru(
                z=lambda v, product: np.tanh(product(v, "z", v["h_prev"])),
                r=lambda v, product: np.tanh(product(v, "r", v["h_prev"])),
            ),
            "a GRU whose gates went through tanh",
            "A gate is between 0 and 1: `sigmoid`.",
        ),
        Misconception(
            _gru(
                r=lambda v, product: sigmoid(product(v, "r", v["h_prev"])),
                z=lambda v, product: sigmoid(product(v, "z", v["h_prev"] * 0)),
            ),
            "a GRU whose update gate does not look at `h_prev`",
            "Both gates are made from `x` and `h_prev`.",
        ),
        Misconception(
            _gru(n=_without_bias),
            "a GRU whose new state has no bias",
            "`b` has three blocks, and the third belongs to n.",
        ),
        Misconception(
            _gru(h_next=lambda v, product: v["h_prev"] + v["z"] * v["n"]),
            "a GRU that adds the new state without taking anything of the old one away",
            "z is shared out: what comes in takes the place of what goes, `(1 - z) * h_prev + z * n`.",
        ),
        Misconception(
            _gru(h_next=lambda v, product: (1 - v["z"]) * v["h_prev"] + v["n"]),
            "a GRU that lets all of the new state in, whatever z says",
            "What comes in takes the place of what goes: `n` is multiplied by z, as `h_prev` is by 1 - z.",
        ),
        Misconception(
            _gru(n=lambda v, product: np.tanh(product(v, "n", (1 - v["r"]) * v["h_prev"]))),
            "a GRU with its reset gate the other way round, `1 - r`",
            "r says how much of the old state the new one *may* see: `r * h_prev`.",
        ),
        Misconception(
            _gru(n=_reset_of_everything),
            "a GRU whose reset gate multiplies the whole sum, input and bias too",
            "r is for `h_prev` alone; what `x` and `b` say always gets through.",
        ),
        Misconception(
            _gru(**{name: _without_any_bias(name) for name in "zrn"}),
            "a GRU without its bias `b`",
            "Three blocks of `b`, one in each of the three sums.",
        ),
        Misconception(
            _gru(cache=("x", "h_prev", "Wx", "Wh", "r", "z", "n")),
            "a right `h_next` with r and z in each other's place in the cache",
            "The order is `(x, h_prev, Wx, Wh, z, r, n)`.",
        ),
    ),
)

# --- 4.7 ------------------------------------------------------------------------------------------------------------


def _draw_gru_backward(rng, sizes):
    _, cache = steps.gru_step_forward(**_draw_gru_step(rng, sizes))
    return {"dh_next": rng.normal(0, 1, (sizes.N, sizes.H)), "cache": cache}


def _gru_backward(**changes):
    lines = {
        "H": lambda v: v["h_prev"].shape[1],
        "Whzr": lambda v: v["Wh"][:, : 2 * v["H"]],
        "Whn": lambda v: v["Wh"][:, 2 * v["H"] :],
        "dan": lambda v: v["dh_next"] * v["z"] * (1 - v["n"] ** 2),
        "dreset": lambda v: v["dan"] @ v["Whn"].T,
        "dz": lambda v: v["dh_next"] * (v["n"] - v["h_prev"]),
        "dr": lambda v: v["dreset"] * v["h_prev"],
        "daz": lambda v: v["dz"] * v["z"] * (1 - v["z"]),
        "dar": lambda v: v["dr"] * v["r"] * (1 - v["r"]),
        "dzr": lambda v: np.hstack([v["daz"], v["dar"]]),
        "dA": lambda v: np.hstack([v["dzr"], v["dan"]]),
        "past": lambda v: v["dh_next"] * (1 - v["z"]),
        "through_reset": lambda v: v["dreset"] * v["r"],
        "through_gates": lambda v: v["dzr"] @ v["Whzr"].T,
        "dx": lambda v: v["dA"] @ v["Wx"].T,
        "dh_prev": lambda v: v["past"] + v["through_reset"] + v["through_gates"],
        "dWx": lambda v: v["x"].T @ v["dA"],
        "dWh": lambda v: np.hstack([v["h_prev"].T @ v["dzr"], (v["r"] * v["h_prev"]).T @ v["dan"]]),
        "db": lambda v: v["dA"].sum(axis=0),
    }
    follow = _recipe(lines, ("dx", "dh_prev", "dWx", "dWh", "db"), **changes)
    return lambda dh_next, cache: follow(dict(zip(_GRU_CACHE, cache), dh_next=dh_next))


def _gru_in_place(dh_next, cache):
    right = steps.gru_step_backward(dh_next, cache)
    dh_next *= 1 - cache[4]
    return right


GRU_STEP_BACKWARD = Exercise(
    id="4.7",
    name="gru_step_backward",
    title="Backward through one step of the GRU",
    stars=3,
    reference=steps.gru_step_backward,
    results={"dx": "(N, D)", "dh_prev": "(N, H)", "dWx": "(D, 3H)", "dWh": "(H, 3H)", "db": "(3H,)"},
    draw=_draw_gru_backward,
    example={"dh_next": np.array([[1.0]]), "cache": steps.gru_step_forward(**GRU_BY_HAND)[1]},
    uses=("1.1",),
    misconceptions=(
        Misconception(
            _gru_backward(past=lambda v: 0),
            "a step without the direct path: `dh_next * (1 - z)` is missing from `dh_prev`",
            "`h_prev` is used in four places; the first is `(1 - z) * h_prev`. Without it the GRU is an RNN again.",
        ),
        Misconception(
            _gru_backward(through_reset=lambda v: 0),
            "a step without the path through the reset: the product `(r * h_prev) @ Whn` sends nothing to `h_prev`",
            "`r * h_prev` gets `dan @ Whn.T`; as a product it passes that on to both of its factors.",
        ),
        Misconception(
            _gru_backward(through_gates=lambda v: 0),
            "a step without the path through the gates: z and r send nothing to `h_prev`",
            "Both gates are made from `h_prev @ Wh`: add `np.hstack([daz, dar]) @ Wh[:, :2*H].T`.",
        ),
        Misconception(
            _gru_backward(through_gates=lambda v: v["dar"] @ v["Whzr"][:, v["H"] :].T),
            "a step without the path through z: the update gate sends nothing to `h_prev`",
            "`h_prev` is used in four places; one is the sum inside z, where it met `Whz`.",
        ),
        Misconception(
            _gru_backward(through_gates=lambda v: v["daz"] @ v["Whzr"][:, : v["H"]].T),
            "a step without the path through r: the reset gate sends nothing to `h_prev`",
            "`h_prev` is used in four places; one is the sum inside r, where it met `Whr`.",
        ),
        Misconception(
            _gru_backward(past=lambda v: v["dh_next"] * v["z"]),
            "a step whose direct path is multiplied by `z`, which is what comes in",
            "`h_next` holds `(1 - z) * h_prev`: the other factor of that product.",
        ),
        Misconception(
            _gru_backward(dr=lambda v: v["dreset"]),
            "a step whose `dr` misses the factor `h_prev`",
            "In the product `r * h_prev` each factor gets the gradient times the *other* one.",
        ),
        Misconception(
            _gru_backward(dreset=lambda v: v["dan"] @ v["Whn"]),
            "a step with `Whn` not transposed",
            "`Whn` is square, so no shape objects. Forward multiplied by `Whn`; backward multiplies by `Whn.T`.",
        ),
        Misconception(
            _gru_backward(dh_prev=lambda v: v["past"] + v["dA"] @ v["Wh"].T, dWh=lambda v: v["h_prev"].T @ v["dA"]),
            "a step that treats all three blocks alike, as in the LSTM: `dA @ Wh.T` and `h_prev.T @ dA`",
            "The third block met `r * h_prev` and not `h_prev`. Both results need the factor r there.",
        ),
        Misconception(
            _gru_backward(through_reset=lambda v: v["dreset"]),
            "a step that misses the factor `r` through the reset, as in `dA @ Wh.T` for all blocks at once",
            "Forward `h_prev` was multiplied by `r` before it met `Whn`; so is its gradient afterwards.",
        ),
        Misconception(
            _gru_backward(dz=lambda v: v["dh_next"] * (v["h_prev"] - v["n"])),
            "a step with the sign of `dz` turned round",
            "`h_next = (1 - z) * h_prev + z * n`: its derivative by z is `n - h_prev`.",
        ),
        Misconception(
            _gru_backward(dz=lambda v: v["dh_next"] * v["n"]),
            "a step whose `dz` sees the new state only: `dh_next * n`",
            "z appears twice in `(1 - z) * h_prev + z * n`: the first time with a minus sign.",
        ),
        Misconception(
            _gru_backward(dan=lambda v: v["dh_next"] * v["z"]),
            "a step that misses the derivative of the tanh at `n`",
            "`n` came out of a tanh: multiply with `1 - n**2`.",
        ),
        Misconception(
            _gru_backward(dan=lambda v: v["dh_next"] * (1 - v["n"] ** 2)),
            "a step that misses the factor `z` on the way to `n`",
            "`h_next` holds `z * n`, so `dn = dh_next * z`.",
        ),
        Misconception(
            _gru_backward(daz=lambda v: v["dz"], dar=lambda v: v["dr"]),
            "a step that misses the derivatives of the sigmoids at z and r",
            "Both gates came out of a sigmoid: `z * (1 - z)` and `r * (1 - r)`.",
        ),
        Misconception(
            _gru_backward(dWh=lambda v: v["h_prev"].T @ v["dA"]),
            "a step whose `dWh` is made from `h_prev` in all three blocks",
            "What `Whn` multiplied on the way forward was `r * h_prev`.",
        ),
        Misconception(
            _gru_backward(dA=lambda v: np.hstack([v["dar"], v["daz"], v["dan"]])),
            "a step with the blocks of `dA` in the order r, z, n",
            "`GRU_ORDER` is z, r, n, the same as in `Wx`, `Wh` and `b`.",
        ),
        Misconception(
            _gru_backward(db=lambda v: v["dA"]),
            "a step whose `db` is not summed over the batch",
            "`b` was added to every row, so its gradient is the sum over the rows: `dA.sum(axis=0)`, of shape (3H,).",
        ),
        Misconception(
            _gru_in_place,
            "the right numbers, but `dh_next` was changed on the way",
            "`dh_next *= …` changes the caller's array. Write `dh_next * …`, which makes a new one.",
        ),
    ),
)

EXERCISES = (
    MEMORY_BACKWARD,
    GATES_BACKWARD,
    LSTM_STEP_BACKWARD,
    LSTM_LAYER,
    MEMORY_GRADIENT,
    GRU_STEP_FORWARD,
    GRU_STEP_BACKWARD,
)
