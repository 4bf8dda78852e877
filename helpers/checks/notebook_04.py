"""The exercises of notebook 04 and the mistakes people make in them."""

import numpy as np

from helpers.arrays import FloatArray as Array
from helpers.checks.exercise import Exercise, Sizes, Values, mistakes
from helpers.checks.notebook_03 import by_hand, draw_params, draw_step
from helpers.checks.probes import layer_groups, lstm_layer
from helpers.nn import analysis, recurrent, steps
from helpers.nn.base import Layer, Param, State
from helpers.nn.functional import sigmoid

# --- 4.1 ------------------------------------------------------------------------------------------------------------


def _draw_memory(rng: np.random.Generator, sizes: Sizes) -> Values:
    dc_next, f, g, i, c_prev = rng.normal(0, 1, (5, sizes.N, sizes.H))
    return {"dc_next": dc_next, "f": sigmoid(f), "g": np.tanh(g), "i": sigmoid(i), "c_prev": c_prev}


def _memory_backward(dc_next: Array, f: Array, g: Array, i: Array, c_prev: Array) -> tuple[Array, ...]:
    dc_prev = dc_next * f
    df = dc_next * c_prev
    dg = dc_next * i
    di = dc_next * g
    return dc_prev, df, dg, di


MEMORY_BACKWARD = Exercise(
    heading="4.1 ★★ Back through the memory",
    reference=steps.memory_backward,
    results={"dc_prev": "(N, H)", "df": "(N, H)", "dg": "(N, H)", "di": "(N, H)"},
    draw=_draw_memory,
    example=by_hand(dc_next=[1.0, 2.0], f=[0.9, 0.1], g=[0.5, -0.8], i=[0.2, 0.6], c_prev=[3.0, -2.0]),
    spelt_out=_memory_backward,
    misconceptions=mistakes(
        _memory_backward,
        """
        dc_next * f → dc_next
            The forget gate is missing: `dc_prev = dc_next`.
            The plus passes the gradient on unchanged; then comes the product `f * c_prev`, whose other factor is `f`.
        dc_next * i → dc_next * g
        dc_next * g → dc_next * i
            The two gradients of the product `g * i` are exchanged.
            A product swaps its factors: `dg` is made with `i`, and `di` with `g`; they are returned as `…, dg, di`.
        dc_next * f → dc_next * c_prev
        dc_next * c_prev → dc_next * f
            The two gradients of the product `f * c_prev` are exchanged.
            A product swaps its factors: what goes to `c_prev` is multiplied by `f`, and the other way round.
        dc_next * i → dc_next
        dc_next * g → dc_next
            The product `g * i` is missing on the way back: `dg = di = dc_next`.
            After the plus the gradient goes back through the product `g * i`: multiply by the other factor.
        dc_next * c_prev → dc_next * c_prev * f * (1 - f)
        dc_next * i → dc_next * i * (1 - g**2)
        dc_next * g → dc_next * g * i * (1 - i)
            The gradients have already gone back through the sigmoids and the tanh.
            `df` is the gradient of `f` itself. Going back through the activations is exercise 4.2.
        dc_next * f → dc_next * f / 2
        dc_next * c_prev → dc_next * c_prev / 2
        dc_next * i → dc_next * i / 2
        dc_next * g → dc_next * g / 2
            The plus shares the gradient out, half to each side.
            A sum passes *all* of its gradient on to *each* of its terms.
        dc_next * f → dc_next * f * (1 - np.tanh(c_prev) ** 2)
            `dc_prev` is multiplied by the derivative of a tanh.
            No tanh lies between `c_next` and `c_prev`: that is the point of the LSTM.
        dc_next * i → dc_next * g * i
        dc_next * g → dc_next * g * i
            Both factors of `g * i` get `dc_next * g * i`.
            The derivative of `g * i` with respect to `g` does not contain `g`: each factor gets `dc_next` times the
                *other* one.
        dc_next * f → dc_next @ f.T
        dc_next * c_prev → dc_next @ c_prev.T
        dc_next * i → dc_next @ i.T
        dc_next * g → dc_next @ g.T
            Matrix products are used where ⊙ belongs.
            ⊙ multiplies element by element: in NumPy `*`. All gradients here have the shape (N, H).
        return dc_prev, df, dg, di → return df, dg, di, dc_prev
            `dc_prev` is returned last.
            The order is `dc_prev, df, dg, di`.
        return dc_prev, df, dg, di → return tuple(result.sum(axis=0) for result in (dc_prev, df, dg, di))
            The gradients are summed over the batch.
            `f`, `g`, `i` and `c_prev` have a row for each example; so have their gradients: nothing is summed.
        """,
    ),
)

# --- 4.2 ------------------------------------------------------------------------------------------------------------


def _draw_gates(rng: np.random.Generator, sizes: Sizes) -> Values:
    df, dg, di, do, f, g, i, o = rng.normal(0, 1, (8, sizes.N, sizes.H))
    gradients = {"df": df, "dg": dg, "di": di, "do": do}
    return gradients | {"f": sigmoid(f), "g": np.tanh(g), "i": sigmoid(i), "o": sigmoid(o)}


def _gates_backward(df: Array, dg: Array, di: Array, do: Array, f: Array, g: Array, i: Array, o: Array) -> Array:
    def slope(y: Array) -> Array:
        return y * (1 - y)

    daf = df * slope(f)
    dag = dg * (1 - g**2)
    dai = di * slope(i)
    dao = do * slope(o)
    dA = np.hstack([daf, dag, dai, dao])
    return dA


GATES_BACKWARD = Exercise(
    heading="4.2 ★★ Back through the activations",
    reference=steps.gates_backward,
    results={"dA": "(N, 4H)"},
    draw=_draw_gates,
    example=by_hand(df=[1.0], dg=[1.0], di=[2.0], do=[-1.0], f=[0.9], g=[0.5], i=[0.5], o=[0.2]),
    uses=("1.1",),
    spelt_out=_gates_backward,
    misconceptions=mistakes(
        _gates_backward,
        """
        dg * (1 - g**2) → dg * g * (1 - g)
            The derivative used for `g` is that of a *sigmoid*.
            `g` is not a gate: it went through tanh, whose derivative from the output is `1 - g**2`.
        y * (1 - y) → 1 - y**2
            The derivative used for the gates is that of *tanh*.
            f, i and o went through a sigmoid. Its slope is 0 at *both* ends, closed and open.
        slope(o) → (1 - o**2)
            The derivative used for the output gate is that of *tanh*.
            `o` multiplies a tanh, but it came out of a sigmoid, as `f` and `i` did.
        y * (1 - y) → 1
        (1 - g**2) → 1
            The derivatives of the activations are missing.
            `dA` belongs to what went *into* the sigmoids and the tanh: multiply by their local derivatives.
        df * slope(f) → slope(f)
        dg * (1 → (1
        di * slope(i) → slope(i)
        do * slope(o) → slope(o)
            The local derivatives stand alone, without `df`, `dg`, `di` and `do`.
            The chain rule multiplies: what comes from above, times the local derivative.
        y * (1 - y) → sigmoid(y) * (1 - sigmoid(y))
            The sigmoid is taken twice, of values that already came out of it.
            `f`, `i` and `o` *are* the outputs: `f * (1 - f)`, and no sigmoid of them.
        g**2 → np.tanh(g) ** 2
            The tanh is taken twice, of a `g` that already came out of it.
            `g` *is* the output: `1 - g**2`, and no tanh of it.
        y * (1 - y) → 1 - y
            The slope of a sigmoid is written as `1 - y`.
            It is 0 at *both* ends, closed and open, so it has two factors.
        y * (1 - y) → y
            The slope of a sigmoid is written as `y`.
            It is 0 at *both* ends, closed and open, so it has two factors.
        (1 - g**2) → (1 - g) ** 2
            The slope at `g` is `(1 - g)**2`, with the bracket in the wrong place.
            First the square, then the difference: the slope is the same at g and at -g.
        [daf, dag, dai, dao] → [daf, dai, dag, dao]
            The blocks are in the order f, i, g, o.
            `LSTM_ORDER` is f, g, i, o, the same as in `Wx`, `Wh` and `b`.
        [daf, dag, dai, dao] → [dai, daf, dag, dao]
            The blocks are in the order i, f, g, o, as PyTorch and Keras have them.
            `LSTM_ORDER` is f, g, i, o, the same as in `Wx`, `Wh` and `b`.
        [daf, dag, dai, dao] → [dai, daf, dao, dag]
            The blocks are in the order i, f, o, g.
            `LSTM_ORDER` is f, g, i, o, the same as in `Wx`, `Wh` and `b`.
        np.hstack( → np.vstack(
            The blocks stand one *below* the other.
            Side by side: `np.hstack`, or `np.concatenate(…, axis=1)`. Each example keeps its row.
        np.hstack([daf, dag, dai, dao]) → np.stack([daf, dag, dai, dao], axis=1)
            The blocks stand along an axis of their own.
            `np.stack` makes a new axis. `np.hstack` puts the columns side by side: (N, 4H).
        np.hstack( → sum(
            The four blocks are added up.
            Each block has weights of its own, so each keeps its gradient: side by side, (N, 4H).
        """,
    ),
)

# --- 4.3 ------------------------------------------------------------------------------------------------------------


def _draw_step_backward(rng: np.random.Generator, sizes: Sizes) -> Values:
    *_, cache = steps.lstm_step_forward(**draw_step(rng, sizes, 4, "c_prev"))
    dh_next, dc_next = rng.normal(0, 1, (2, sizes.N, sizes.H))
    return {"dh_next": dh_next, "dc_next": dc_next, "cache": cache}


def _step_backward(dh_next: Array, dc_next: Array, cache: steps.Cache) -> tuple[Array, ...]:
    x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next = cache
    tanh_c = np.tanh(c_next)
    dc = dc_next + dh_next * o * (1 - tanh_c**2)
    do = dh_next * tanh_c
    dc_prev = dc * f
    df = dc * c_prev
    dg = dc * i
    di = dc * g
    daf = df * f * (1 - f)
    dag = dg * (1 - g**2)
    dai = di * i * (1 - i)
    dao = do * o * (1 - o)
    dA = np.hstack([daf, dag, dai, dao])
    dx = dA @ Wx.T
    dh_prev = dA @ Wh.T
    dWx = x.T @ dA
    dWh = h_prev.T @ dA
    db = dA.sum(axis=0)
    return dx, dh_prev, dc_prev, dWx, dWh, db


LSTM_STEP_BACKWARD = Exercise(
    heading="4.3 ★★★ Backward through one step of the LSTM",
    reference=steps.lstm_step_backward,
    results={"dx": "(N, D)", "dh_prev": "(N, H)", "dc_prev": "(N, H)"}
    | {"dWx": "(D, 4H)", "dWh": "(H, 4H)", "db": "(4H,)"},
    draw=_draw_step_backward,
    # A = (2, 0.5, 0, -2), so f, g, i, o = 0.881, 0.462, 0.5, 0.119.
    example={
        **by_hand(dh_next=[1.0], dc_next=[0.5]),
        "cache": steps.lstm_step_forward(
            **by_hand(x=[1.0], h_prev=[0.0], c_prev=[1.0], Wx=[2.0, 0.5, 0.0, -2.0], Wh=[1.0] * 4), b=np.zeros(4)
        )[2],
    },
    uses=("1.1", "4.1", "4.2"),
    spelt_out=_step_backward,
    misconceptions=mistakes(
        _step_backward,
        """
        dc_next + dh_next * o * (1 - tanh_c**2) → dc_next
            The path through `tanh(c_next)` is missing: nothing of `dh_next` reaches the memory.
            `c_next` is used twice, by the next step and by `h_next = o * tanh(c_next)`: add the second gradient to
                `dc_next` first.
        dc_next + dh_next → dh_next
            `dc_next`, the gradient from the next step's memory, is dropped.
            Two gradients arrive at `c_next` and are added: `dc_next + …`.
        o * (1 - tanh_c**2) → o
            The derivative of `tanh(c_next)` is missing.
            A tanh lies between `c_next` and `h_next`: multiply by its slope, which is made from `tanh(c_next)`.
        dh_next * o → dh_next
            The output gate is missing on the way from `h_next` to the memory.
            In `h_next = o * tanh(c_next)` the tanh has a factor, and so has its gradient.
        tanh_c**2 → c_next**2
            The derivative is `1 - c_next**2`, although `c_next` is the tanh's *input*.
            The cache holds what went *into* the tanh. Its slope is made from what came out.
        dh_next * tanh_c → dh_next * c_next
            The tanh is missing in `do = dh_next * c_next`.
            Look at `h_next = o * tanh(c_next)` again: what is the other factor of `o`?
        dh_next * tanh_c → dc * tanh_c
            `do` is made from the memory's gradient, `dc_next`, and not from `dh_next`.
            `o` appears in `h_next = o * tanh(c_next)` only, so `do` is made from `dh_next`.
        (1 - tanh_c**2) → tanh_c
            `tanh(c_next)` is used where its slope belongs.
            Back through a tanh the gradient is multiplied by the slope, `1 - t**2`. `t` itself is a factor of `do`.
        dh_next * tanh_c → (dh_next + dc_next) * tanh_c
            `do` is made from `dh_next + dc_next`.
            `o` appears in `h_next` only; `dc_next` came from the next step's memory and never met `o`.
        dh_next * tanh_c → dh_next * o
            `do` is made with `o` itself: `dh_next * o`.
            A product swaps its factors: what is the other factor of `o` in `h_next = o * tanh(c_next)`?
        dg = dc * i → dg = dc * g
        di = dc * g → di = dc * i
            The two gradients of the product `g * i` are exchanged: `dg = dc * g`, `di = dc * i`.
            A product swaps its factors, as in exercise 4.1: `dg` is made with `i`, and `di` with `g`.
        df * f * (1 - f) → df
        dg * (1 - g**2) → dg
        di * i * (1 - i) → di
        do * o * (1 - o) → do
            The slopes of the activations are missing: `df`, `dg`, `di`, `do` are used as `dA`.
            Three sigmoids and a tanh lie between `A` and f, g, i, o: go back through them, as in exercise 4.2.
        dc = dc_next + dh_next * o * (1 - tanh_c**2) → dc = dc_next
        dc_prev = dc * f → dc_prev = dc * f + dh_next * o * (1 - tanh_c**2)
            The path through `tanh(c_next)` is added too late, to `dc_prev`.
            It arrives at `c_next`, *in front of* the forget gate: add it to `dc_next`, before exercise 4.1.
        dA @ Wh.T → dA @ Wh.T + dh_next
            `dh_next` is added to `dh_prev`.
            `h` has no direct line from step to step, as `c` has: all that reaches `h_prev` comes through `Wh`.
        dc_prev = dc * f → dc_prev = dc_next * f
            `dc_prev` is made from `dc_next` alone, without what came through `h_next`.
            Add the path through `tanh(c_next)` *first*, then go back through the memory with the sum.
        dc_prev = dc * f → dc_prev = dc
            The forget gate is missing: the gradient of the memory is passed on as it is.
            `c_next = f * c_prev + g * i`, so `dc_prev` has a factor: exercise 4.1 takes care of it.
        [daf, dag, dai, dao] → [dai, daf, dag, dao]
            The blocks of `dA` are in the order i, f, g, o, as PyTorch and Keras have them.
            `LSTM_ORDER` is f, g, i, o, the same as in `Wx`, `Wh` and `b`.
        [daf, dag, dai, dao] → [daf, dai, dag, dao]
            The blocks of `dA` are in the order f, i, g, o.
            `LSTM_ORDER` is f, g, i, o, the same as in `Wx`, `Wh` and `b`.
        f, g, i, o, c_next = cache → f, i, g, o, c_next = cache
            `g` and `i` are exchanged where the cache is unpacked.
            Its order is `x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next`.
        f, g, i, o, c_next = cache → i, f, g, o, c_next = cache
            The cache is unpacked in the order i, f, g, o.
            Its order is `x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next`.
        h_prev, c_prev, Wx, → c_prev, h_prev, Wx,
            `h_prev` and `c_prev` are exchanged where the cache is unpacked.
            Its order is `x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next`.
        dx, dh_prev, dc_prev, dWx, dWh, db → dx, dc_prev, dh_prev, dWx, dWh, db
            `dh_prev` and `dc_prev` are exchanged.
            The order is `dx, dh_prev, dc_prev, dWx, dWh, db`.
        dA @ Wh.T → dA @ Wh
            `Wh` is not transposed: `dA @ Wh`.
            (N, 4H) times (H, 4H) is not defined; `Wh.T` is (4H, H), and `dh_prev` must be (N, H).
        dA.sum(axis=0) → dA
            `db` is not summed over the batch.
            `b` was added to every row, so its gradient is a sum over the rows, of shape (4H,).
        dA.sum(axis=0) → dA.mean(axis=0)
            `db` is the *mean* over the batch.
            If a mean is wanted, the loss takes it, once. Here the rows' gradients add up.
        dA.sum(axis=0) → np.hstack([daf, dag, dag, dao]).sum(axis=0)
            `db` contains the block of g twice, the second time instead of that of i.
            `b` has the blocks of `Wx`: f, g, i, o. Sum `dA` as a whole and none gets lost.
        x.T @ dA → x.T @ dA / len(x)
        h_prev.T @ dA → h_prev.T @ dA / len(x)
        dA.sum(axis=0) → dA.mean(axis=0)
            The parameters' gradients are divided by the batch size.
            If a mean is wanted, the loss takes it, once. Here the rows' gradients add up.
        h_prev.T @ dA → (o * tanh_c).T @ dA
            `dWh` is made from `h_next`.
            What `Wh` multiplied on the way forward was `h_prev`.
        h_prev.T @ dA → c_prev.T @ dA
            `dWh` is made from `c_prev`.
            What `Wh` multiplied on the way forward was `h_prev`; the memory never meets it.
        x.T @ dA → dA.T @ x
            `dWx` is transposed: `dA.T @ x`.
            `dWx` must have the shape of `Wx`, (D, 4H). Which shape has yours?
        h_prev.T @ dA → dA.T @ h_prev
            `dWh` is transposed: `dA.T @ h_prev`.
            `dWh` must have the shape of `Wh`, (H, 4H). Which shape has yours?
        """,
    ),
)

# --- 4.4 ------------------------------------------------------------------------------------------------------------


def _draw_layer(rng: np.random.Generator, sizes: Sizes) -> Values:
    N, T, D, H = sizes.N, sizes.T, sizes.D, sizes.H
    xs, more_xs = rng.normal(0, 1, (2, N, T, D))
    h, c, dh, dc = rng.normal(0, 1, (4, N, H))
    sequences = {"xs": xs, "state": (np.tanh(h), c), "dhs": rng.normal(0, 1, (N, T, H)), "dstate": (dh, dc)}
    return draw_params(rng, sizes, 4) | sequences | {"more_xs": more_xs}


class _LSTM(Layer):
    def __init__(self, Wx: Param, Wh: Param, b: Param) -> None:
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs: Array, state: State = None, *, training: bool = False) -> tuple[Array, State]:
        zeros = np.zeros((len(xs), len(self.Wh.value)), xs.dtype)
        first = (zeros, zeros) if state is None else state
        h, c = first
        self.caches, hs = [], []
        for step in range(xs.shape[1]):
            h, c, cache = steps.lstm_step_forward(xs[:, step], h, c, self.Wx.value, self.Wh.value, self.b.value)
            self.caches.append(cache)
            hs.append(h)
        return np.stack(hs, axis=1), (h, c)

    def backward(self, dhs: Array, dstate: State = None) -> tuple[Array, State]:
        zeros = np.zeros_like(dhs[:, 0])
        last = (zeros, zeros) if dstate is None else dstate
        dh, dc = last
        T, dxs = dhs.shape[1], [zeros] * dhs.shape[1]
        for step in reversed(range(T)):
            dx, dh, dc, dWx, dWh, db = steps.lstm_step_backward(dhs[:, step] + dh, dc, self.caches[step])
            dxs[step] = dx
            for param, new in zip((self.Wx, self.Wh, self.b), (dWx, dWh, db)):
                param.grad += new
        return np.stack(dxs, axis=1), (dh, dc)


_FORWARD = {"hs": "(N, T, H)", "h of state": "(N, H)", "c of state": "(N, H)"}
_BACKWARD = {"dxs": "(N, T, D)", "h of dstate": "(N, H)", "c of dstate": "(N, H)"}
_GRADS = {"Wx.grad": "(D, 4H)", "Wh.grad": "(H, 4H)", "b.grad": "(4H,)"}

LSTM_LAYER = Exercise(
    heading="4.4 ★★★ The LSTM over time, and back",
    reference=recurrent.LSTM,
    results=_FORWARD
    | _BACKWARD
    | _GRADS
    | {f"{name} of a second call, with no state given": shape for name, shape in (_FORWARD | _BACKWARD).items()}
    | {f"{name} after two calls": shape for name, shape in _GRADS.items()},
    draw=_draw_layer,
    probe=lstm_layer("LSTM"),
    uses=("3.5", "4.3"),
    groups=layer_groups("h of state", "c of state"),
    spelt_out=_LSTM,
    misconceptions=mistakes(
        _LSTM,
        """
        dhs[:, step] + dh, → dhs[:, step],
            Nothing comes back through `h`: backward uses `dhs[:, step]` alone.
            The `h` of a step went two ways: up, and on to the next step. Add the gradients of both.
        dc, self.caches[step] → zeros, self.caches[step]
            Nothing flows back through the memory cell: each step back starts with a `dc` of zeros.
            The `dc` that a step returns belongs to the step before it: hand it on.
        dc, self.caches[step] → dc * (step == T - 1), self.caches[step]
            The `dc` of a step is thrown away: the step before it starts from zeros.
            Unpack what a step returns under the names that the next round uses.
        dc, self.caches[step] → last[1], self.caches[step]
            The `dc` of a step is not handed to the step before it: each one gets that of `dstate`.
            Unpack what a step returns under the names that the next round uses.
        [:, step] + dh → [:, step] + last[0]
            The `dh` of a step is not handed to the step before it: each one gets that of `dstate`.
            Unpack what a step returns under the names that the next round uses.
        c, self.Wx.value → first[1], self.Wx.value
            The memory cell is not carried on: every step reads the first `c`.
            Both go on to the next step: unpack what a step returns under the names that the next round uses.
        step], h, → step], first[0],
            The hidden state is not carried on: every step reads the first `h`.
            Both go on to the next step: unpack what a step returns under the names that the next round uses.
        c, self.Wx.value → zeros, self.Wx.value
            The memory cell starts from zeros at every step.
            Only the first step may start from zeros, where `state` is None; then `c` goes on from step to step.
        step], h, → step], zeros,
            The hidden state starts from zeros at every step.
            Only the first step may start from zeros, where `state` is None; then `h` goes on from step to step.
        hs.append(h) → hs.append(h); c = h
            The hidden state takes the place of the memory cell: `c = h`.
            The two differ, `h = o * tanh(c)`: carry each of them on under its own name.
        h, c, cache = → c, h, cache =
            The results of `lstm_step_forward` are unpacked as `c, h`.
            It returns `h_next, c_next, cache`, the hidden state first.
        dx, dh, dc, dWx → dx, dc, dh, dWx
            `dh` and `dc` are exchanged where the step's results are unpacked.
            `lstm_step_backward` returns `dx, dh_prev, dc_prev, dWx, dWh, db`.
        dhs[:, step] + dh, → dh,
            Backward never uses `dhs`, the gradients from above.
            Every `h` also went up, and a gradient comes down for it at every step.
        param.grad += new → param.grad[...] = new
            The gradients are set with `=`: each step overwrites those of the steps after it.
            The same `Wh` was used T times, so its gradient is a sum of T terms: add with `+=`.
        param.grad += new → param.grad += new * (step == 0)
            The gradients are added once, after the loop: only those of the first step count.
            The same `Wh` was used T times, so its gradient is a sum of T terms: add `dWh` inside the loop.
        zeros = np.zeros_like(dhs[:, 0]) → zeros, db = np.zeros_like(dhs[:, 0]), 0
        (self.Wx, self.Wh, self.b), (dWx, dWh, db) → (self.Wx, self.Wh), (dWx, dWh)
        backward: return → self.b.grad += db; return
            `b.grad` is added to once, after the loop: only the `db` of one step counts.
            `b` was used at every step too: its `+=` belongs inside the loop.
        reversed(range(T)) → reversed(range(1, T))
        [zeros] * → [0 * self.caches[0][0]] *
            Backward stops before step 0.
            `reversed(range(T))` goes down to 0, and so does `range(T - 1, -1, -1)`.
        dhs[:, step] + dh, dc, → dhs[:, step] + self.h, self.c,
        forward: return → self.h, self.c = h, c; return
            The `h` and `c` of forward are used where the gradients `dh` and `dc` belong.
            Backward carries gradients: what goes into a step is what the step after it returned.
        reversed(range(T)) → range(T)
            Backward goes from the first step to the last.
            Begin with the step that ran last.
        reversed(range(T)) → range(T)
        np.stack(dxs, axis=1) → np.stack(dxs[::-1], axis=1)
            Backward goes from the first step to the last, and then reverses `dxs`.
            Begin with the step that ran last.
        self.caches, hs = [], [] → self.caches, hs = getattr(self, "caches", []), []
            The list of caches is never emptied: backward finds those of the call before.
            Begin each `forward` with `self.caches = []`: `backward` belongs to the last call.
        self.caches[step] → self.caches[-1]
            Every step back uses the cache of the last step.
            Keep a cache for each step, in a list, and use that of the same step: `self.caches[step]`.
        dc, self.caches[step] → dhs[:, step] + dc, self.caches[step]
            Backward adds `dhs` to the gradient of the memory cell as well.
            `hs` holds hidden states; the memory cell never leaves the layer: no gradient comes to it from above.
        T, dxs = → self.zero_grad(); T, dxs =
            Backward overwrites the gradients: what was there before the call is lost.
            `backward` *adds*: `self.Wx.grad += …`, not `=`. Zeroing is the training loop's business.
        (zeros, zeros) if state is None else state → zeros, zeros
            The layer always starts from zeros and ignores the `state` it is given.
            Start from `h, c = state`; only where it is None, from zeros.
        h, c = first → h, c = first[0], zeros
            `h` comes from the given state, but the memory cell starts from zeros.
            The state is a pair: `h, c = state`.
        h, c = first → c, h = first
            The given state is unpacked as `c, h`.
            The state is the pair `(h, c)`, hidden state first, on the way in and out.
        forward: (zeros, zeros) if → getattr(self, "kept", (zeros, zeros)) if
        forward: return → self.kept = h, c; return
            The layer keeps its last state and starts the next call from it.
            Nothing is kept between calls: `state=None` means zeros. Carrying the state is the caller's decision.
        forward: (h, c) → (c, h)
            The state is returned as (c, h).
            The state is the pair `(h, c)`, hidden state first, on the way in and out.
        forward: (h, c) → h
            Only `h` is returned as the state.
            The next call needs the memory cell too: the state is the pair `(h, c)`.
        (zeros, zeros) if dstate is None else dstate → zeros, zeros
            Backward ignores `dstate`, the gradients that come from beyond the last step.
            Start with `dh, dc = dstate`; only where it is None, with zeros.
        dh, dc = last → dh, dc = last[0], zeros
            Backward ignores the `dc` of `dstate` and starts it from zeros.
            Both come from beyond the last step: `dh, dc = dstate`.
        dh, dc = last → dc, dh = last
            `dstate` is unpacked as `dc, dh`.
            The pair is in the order of the state: `dh, dc = dstate`.
        np.stack(dxs, axis=1) → np.stack(dxs[::-1], axis=1)
            `dxs` is in reverse order of time.
            You went backward, so the first `dx` belongs to the last step: put each where its `x` was.
        backward: (dh, dc) → (dc, dh)
            The gradient of the first state is returned as (dc, dh).
            The pair is in the order of the state: `(dh, dc)`.
        np.stack(dxs, axis=1), (dh, dc) → np.stack(dxs, axis=1), None
            Backward does not return the gradient of the state it started from.
            When the loop is done, `dh` and `dc` are that gradient: return them as a pair, after `dxs`.
        """,
    ),
)

# --- 4.5 ------------------------------------------------------------------------------------------------------------


def _draw_forget_gates(rng: np.random.Generator, sizes: Sizes) -> Values:
    forget_gates = sigmoid(rng.normal(1, 1, (sizes.T, sizes.H)))
    forget_gates[sizes.T // 2, rng.integers(sizes.H)] = 0  # a gate may be closed: nobody can divide by it
    return {"forget_gates": forget_gates}


def _memory_gradient(forget_gates: Array) -> Array:
    gradient = np.ones_like(forget_gates)
    for step in reversed(range(len(forget_gates) - 1)):
        gradient[step] = gradient[step + 1] * forget_gates[step + 1]
    return gradient


MEMORY_GRADIENT = Exercise(
    heading="4.5 ★★ What reaches the memory, T steps back",
    reference=analysis.memory_gradient,
    results={"gradient": "(T, H)"},
    draw=_draw_forget_gates,
    example={"forget_gates": np.array([[0.9, 0.3], [0.5, 0.9], [0.8, 1.0], [0.9, 0.1]])},
    spelt_out=_memory_gradient,
    misconceptions=mistakes(
        _memory_gradient,
        """
        np.ones_like(forget_gates) → forget_gates.copy()
        forget_gates[step + 1] → forget_gates[step]
            The product begins one step too early: it includes the step's own gate.
            From `c_last` back to `c_step` the gates of the *later* steps are passed, r > s. The last row is ones.
        return gradient → return np.cumprod(forget_gates, axis=0)
            The product runs over the steps from the first to the last: `np.cumprod(forget_gates, axis=0)`.
            The gradient comes from the *end*: row s is the product over the steps after s.
        return gradient → gradient[1:] = np.cumprod(forget_gates[:-1], axis=0); gradient[0] = 1; return gradient
            The product runs over the *earlier* steps.
            The gradient comes from the *end*: row s is the product over the steps after s.
        forget_gates[step + 1] → forget_gates[step]
            The step's own gate is used instead of the next one's.
            The gate between `c` of step s and `c` of step s+1 is that of step s+1. The very first is never used.
        range(len(forget_gates) - 1) → range(1, len(forget_gates) - 1)
            Row 0 is left out: the loop ends one step too early.
            `reversed(range(T - 1))` goes down to 0.
        return gradient → return np.ones_like(forget_gates) * forget_gates.prod(axis=0)
            Every row is the product of *all* gates.
            Each row has a path of its own length: row s passes only the gates after s, and the last row none.
        return gradient → gradient[1:] = np.cumprod(forget_gates[1:], axis=0); gradient[0] = 1; return gradient
            The product starts in the *first* row and runs to the last.
            The ones belong in the last row: that is where the gradient starts. From there, go up row by row.
        gradient = np.ones_like(forget_gates) → forget_gates = forget_gates.T; gradient = np.ones_like(forget_gates)
        return gradient → return gradient.T
            Rows and columns are exchanged: the product runs over the units.
            Time is axis 0, from row to row; each unit, a column, has a path of its own.
        gradient[step + 1] * forget_gates[step + 1] → np.cumprod(forget_gates[step + 1])
            The product runs along axis 1, over the units of one step.
            Time is axis 0: `np.cumprod(…, axis=0)` multiplies over the steps.
        gradient[step + 1] * forget_gates[step + 1] → np.cumprod(forget_gates[step + 1, ::-1])[::-1]
            The product runs along axis 1, over the units of one step from the last one on.
            Time is axis 0: `np.cumprod(…, axis=0)` multiplies over the steps.
        return gradient → gradient[-1] = 0; return gradient
            The last row is zeros.
            Nothing lies between the last step and itself: the empty product is 1.
        return gradient → return forget_gates.prod(axis=0) / np.cumprod(forget_gates, axis=0)
            The whole product is divided by the product so far: that is 0 / 0 where a gate is closed.
            Multiply the later gates, from the last row back; then nothing is divided.
        return gradient → return gradient[::-1]
            The products are right, but in the reverse order of time.
            You went backward: reverse the result, so that row s belongs to step s and the last row is ones.
        gradient[step + 1] * forget_gates[step + 1] → forget_gates[step] ** (len(forget_gates) - 1 - step)
            Each step's own gate is raised to a power, as if all later gates were the same.
            Unlike `Wh`, the factors differ from step to step: multiply the *later* steps' own gates.
        gradient[step + 1] * → 1 *
            The next step's gate stands alone, without those after it.
            The gradient has passed those as well before it reaches step s: multiply them too.
        gradient[step + 1] * → gradient[step + 1] +
            The gates are added up, not multiplied.
            Backward through c_next = f ⊙ c_prev *multiplies* by f.
        gradient[step + 1] * forget_gates[step + 1] → np.prod(forget_gates[step + 1 :])
            `np.prod` multiplies over the units too.
            Each unit has a gate, and a path, of its own: `np.prod(…, axis=0)`.
        return gradient → return np.cumprod(forget_gates[::-1])[::-1]
            `np.cumprod` without an axis makes one long row of all gates.
            Say along which axis: `np.cumprod(…, axis=0)` multiplies over the steps.
        * forget_gates[step + 1] → * forget_gates[step + 1].mean()
            All units have one product, of the gates' mean.
            The Hadamard product is element by element: each unit has a gate, and a path, of its own.
        """,
    ),
)

EXERCISES = (
    MEMORY_BACKWARD,
    GATES_BACKWARD,
    LSTM_STEP_BACKWARD,
    LSTM_LAYER,
    MEMORY_GRADIENT,
)
