"""The exercises of notebook 09 and the mistakes people make in them."""

import numpy as np

from helpers.arrays import FloatArray as Array
from helpers.checks.exercise import Exercise, Sizes, Values, mistakes
from helpers.checks.layer_over_time import layer_over_time
from helpers.checks.notebook_03 import by_hand, draw_params, draw_step
from helpers.checks.probes import step_with_cache
from helpers.nn import recurrent, steps
from helpers.nn.base import Layer, Param
from helpers.nn.functional import sigmoid

# --- 9.1 ------------------------------------------------------------------------------------------------------------


#: The numbers of the examples by hand in exercises 9.1 and 9.2.
GRU_BY_HAND = by_hand(x=[1.0], h_prev=[0.5, -1.0], Wx=[1.0, -1.0, 0.5, -0.5, -0.5, 0.5]) | {
    "Wh": np.array([[1.0, 0.0, 0.0, -1.0, 1.0, 2.0], [0.0, 1.0, -1.0, 0.0, -1.0, 1.0]]),
    "b": np.array([-1.0, 1.0, 0.5, -0.5, 0.3, -0.5]),
}


def _gru_forward(x: Array, h_prev: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, steps.Cache]:
    Wxz, Wxr, Wxn = np.split(Wx, 3, axis=1)
    Whz, Whr, Whn = np.split(Wh, 3, axis=1)
    bz, br, bn = np.split(b, 3)
    z = sigmoid(x @ Wxz + h_prev @ Whz + bz)
    r = sigmoid(x @ Wxr + h_prev @ Whr + br)
    n = np.tanh(x @ Wxn + (r * h_prev) @ Whn + bn)
    h_next = (1 - z) * h_prev + z * n
    return h_next, (x, h_prev, Wx, Wh, z, r, n)


_GRU_CACHE = {"x": "(N, D)", "h_prev": "(N, H)", "Wx": "(D, 3H)", "Wh": "(H, 3H)"} | dict.fromkeys("zrn", "(N, H)")

GRU_STEP_FORWARD = Exercise(
    heading="9.1 ★★ One step of the GRU",
    reference=steps.gru_step_forward,
    results={"h_next": "(N, H)"} | {f"{name} in the cache": shape for name, shape in _GRU_CACHE.items()},
    draw=lambda rng, sizes: draw_step(rng, sizes, 3),
    probe=step_with_cache("gru_step_forward", ("h_next",), tuple(_GRU_CACHE)),
    example=GRU_BY_HAND,
    uses=("0.1",),
    groups={f"{name} in the cache": "the arguments in the cache" for name in ("x", "h_prev", "Wx", "Wh")},
    spelt_out=_gru_forward,
    misconceptions=mistakes(
        _gru_forward,
        """
        (1 - z) * h_prev + z * n → z * h_prev + (1 - z) * n
            z is the other way round, as PyTorch has it.
            Here z says how much of the *new* state comes in, and 1 - z how much of the old one stays.
        (r * h_prev) @ Whn → r * (h_prev @ Whn)
            The reset comes *after* the product, as in PyTorch.
            Here `h_prev` is reset first, and what is left goes into the product.
        (r * h_prev) @ Whn → h_prev @ Whn
            The reset gate r is made and never used.
            The new state sees only what the reset gate leaves of `h_prev`.
        (r * h_prev) @ Whn → (z * h_prev) @ Whn
            z is used where r belongs: `(z * h_prev) @ Whn`.
            r is for what the new state sees of the old one; z is for the mixture at the end.
        (1 - z) * h_prev + z * n → (1 - r) * h_prev + r * n
            r is used where z belongs: `(1 - r) * h_prev + r * n`.
            r is for what the new state sees of the old one; z is for the mixture at the end.
        z = sigmoid( → r = sigmoid(
        r = sigmoid( → z = sigmoid(
            The blocks are taken in the order r, z, n.
            `GRU_ORDER` is z, r, n: update gate, reset gate, new state.
        z = sigmoid( → r = sigmoid(
        r = sigmoid( → z = sigmoid(
        (r * h_prev) @ Whn → r * (h_prev @ Whn)
        (1 - z) * h_prev + z * n → z * h_prev + (1 - z) * n
            Everything is as in PyTorch: blocks r, z, n, the reset after the product, z the other way round.
            Here the blocks are z, r, n; `h_prev` is reset before the product; and z is the share of the *new* state.
        np.tanh( → sigmoid(
            The new state goes through a sigmoid.
            n is content, not a gate: `np.tanh`.
        np.tanh( → (
            The new state does not go through a tanh.
            n is squashed to -1…1 like every hidden state: `np.tanh`.
        z = sigmoid( → z = np.tanh(
        r = sigmoid( → r = np.tanh(
            The gates go through tanh.
            A gate is between 0 and 1: `sigmoid`.
        h_prev @ Whz → 0
            The update gate does not use `h_prev`.
            Both gates are made from `x` and `h_prev`.
        Whn + bn → Whn
            The new state has no bias.
            `b` has three blocks, and the third belongs to n.
        Whr + br → Whr
            The reset gate has no bias.
            `b` has three blocks, and the second belongs to r.
        Whz + bz → Whz
            The update gate has no bias.
            `b` has three blocks, and the first belongs to z.
        Whz + bz → Whz
        Whr + br → Whr
        Whn + bn → Whn
            The bias `b` is missing.
            `b` has three blocks, one for each of the three sums.
        (1 - z) * h_prev → h_prev
            The new state is added, but nothing of the old one is taken away.
            What comes in takes the place of what goes: of the old state the share 1 - z stays.
        z * n → n
            All of the new state comes in, whatever z is.
            What comes in takes the place of what goes: `n` is multiplied by z, as `h_prev` is by 1 - z.
        (r * h_prev) → ((1 - r) * h_prev)
            The reset gate is the other way round, `1 - r`.
            r says how much of the old state the new one *may* see: `r * h_prev`.
        x @ Wxn + (r * h_prev) @ Whn + bn → r * (x @ Wxn + h_prev @ Whn + bn)
            The reset gate multiplies the whole sum, input and bias too.
            r is for `h_prev` alone; what `x` and `b` say always gets through.
        Wh, z, r, n) → Wh, z, r * h_prev, n)
            The cache holds `r * h_prev` where `r` belongs.
            Backward needs both factors of that product: `(x, h_prev, Wx, Wh, z, r, n)`.
        Wxz, Wxr, Wxn = np.split(Wx, 3, axis=1) → Wxz, Wxr, Wxn = np.split(x @ Wx, 3)
            `np.split` without `axis` cuts the batch into three.
            The three blocks stand side by side, H columns each: cut along axis 1.
        Wh, z, r, n) → Wh, r, z, n)
            r and z are exchanged in the cache.
            The order is `(x, h_prev, Wx, Wh, z, r, n)`.
        """,
    ),
)

# --- 9.2 ------------------------------------------------------------------------------------------------------------


def _draw_gru_backward(rng: np.random.Generator, sizes: Sizes) -> Values:
    _, cache = steps.gru_step_forward(**draw_step(rng, sizes, 3))
    return {"dh_next": rng.normal(0, 1, (sizes.N, sizes.H)), "cache": cache}


def _gru_backward(dh_next: Array, cache: steps.Cache) -> tuple[Array, ...]:
    x, h_prev, Wx, Wh, z, r, n = cache
    Whz, Whr, Whn = np.split(Wh, 3, axis=1)
    dan = dh_next * z * (1 - n**2)
    u = dan @ Whn.T
    daz = dh_next * (n - h_prev) * z * (1 - z)
    dar = u * h_prev * r * (1 - r)
    dh_prev = dh_next * (1 - z) + u * r + daz @ Whz.T + dar @ Whr.T
    dA = np.hstack([daz, dar, dan])
    dx = dA @ Wx.T
    dWx = x.T @ dA
    dWh = np.hstack([h_prev.T @ daz, h_prev.T @ dar, (r * h_prev).T @ dan])
    db = dA.sum(axis=0)
    return dx, dh_prev, dWx, dWh, db


GRU_STEP_BACKWARD = Exercise(
    heading="9.2 ★★★ Backward through one step of the GRU",
    reference=steps.gru_step_backward,
    results={"dx": "(N, D)", "dh_prev": "(N, H)", "dWx": "(D, 3H)", "dWh": "(H, 3H)", "db": "(3H,)"},
    draw=_draw_gru_backward,
    example={**by_hand(dh_next=[1.0, 1.0]), "cache": steps.gru_step_forward(**GRU_BY_HAND)[1]},
    uses=("1.1",),
    spelt_out=_gru_backward,
    misconceptions=mistakes(
        _gru_backward,
        """
        dh_next * (1 - z) + → 0 +
            The direct path from `h_next` to `h_prev` is missing.
            `h_prev` is used in four places; the first is `(1 - z) * h_prev`. Without it the GRU is an RNN again.
        dh_next * (1 - z) + u * r → dh_next * (1 - z)
            The path through the reset is missing: `(r * h_prev) @ Whn` sends nothing to `h_prev`.
            Go back through `Whn` first. The product `r * h_prev` then passes its gradient on to both of its factors.
        daz @ Whz.T + dar @ Whr.T → 0
            The path through the gates is missing: z and r send nothing to `h_prev`.
            Both gates are made from `h_prev`: go back through `Whz` and through `Whr`, and add.
        daz @ Whz.T → 0
            The path through z is missing: the update gate sends nothing to `h_prev`.
            `h_prev` is used in four places; one is the sum inside z, where it met `Whz`.
        dar @ Whr.T → 0
            The path through r is missing: the reset gate sends nothing to `h_prev`.
            `h_prev` is used in four places; one is the sum inside r, where it met `Whr`.
        dh_next * (1 - z) → dh_next * z
            The direct path is multiplied by `z`, which is what comes in.
            `h_next` contains `(1 - z) * h_prev`: what is the other factor of `h_prev`?
        dar = u * h_prev * r → dar = u * r
            The factor `h_prev` is missing in `dar`.
            In the product `r * h_prev` each factor gets the gradient times the *other* one.
        dh_next * (1 - z) + u * r + daz @ Whz.T + → dh_next * (1 - z) + u * r + u + daz @ Whz.T +
            All of `dA @ Wh.T` is added to `dh_prev`, so that the path through the reset counts twice.
            Only the blocks of z and r met `h_prev` itself. The third met `r * h_prev`, and its gradient needs the
                factor r.
        u = dan @ Whn.T → u = dan @ Whn
            `Whn` is not transposed.
            It is square, so no shape objects. Forward multiplied by `Whn`; backward multiplies by `Whn.T`.
        u = dan @ Whn.T → u = dan
            `dan` is used where the gradient of `r * h_prev` belongs.
            First go back through `Whn`; what comes out is shared by the factors `r` and `h_prev`.
        u * r → u
        (r * h_prev).T @ dan → h_prev.T @ dan
            All three blocks are treated alike, as in the LSTM: `dA @ Wh.T` and `h_prev.T @ dA`.
            The third block met `r * h_prev` and not `h_prev`. Both results need the factor r there.
        u * r → u
            The factor `r` is missing on the path through the reset, as in `dA @ Wh.T`.
            Forward `h_prev` was multiplied by `r` before it met `Whn`; so is its gradient afterwards.
        (r * h_prev).T @ dan → h_prev.T @ dan
            `dWh` is made from `h_prev` in all three blocks.
            What `Whn` multiplied on the way forward was `r * h_prev`.
        n - h_prev → h_prev - n
            The sign of `daz` is reversed.
            `h_next = (1 - z) * h_prev + z * n`: its derivative by z is `n - h_prev`.
        (n - h_prev) → n
            `daz` sees the new state only: `dh_next * n`.
            z appears twice in `(1 - z) * h_prev + z * n`: the first time with a minus sign.
        z * (1 - n**2) → z
            The derivative of the tanh at `n` is missing.
            `n` came out of a tanh: multiply by its slope, `1 - n**2`.
        z * (1 - n**2) → (1 - n**2)
            The factor `z` is missing on the way to `n`.
            `h_next` contains `z * n`: what is the other factor of `n`?
        (n - h_prev) * z * (1 - z) → (n - h_prev)
            The derivative of the sigmoid at z is missing.
            z came out of a sigmoid: multiply by its slope, `z * (1 - z)`.
        h_prev * r * (1 - r) → h_prev
            The derivative of the sigmoid at r is missing.
            r came out of a sigmoid: multiply by its slope, `r * (1 - r)`.
        [daz, dar, dan] → [dar, daz, dan]
            The blocks of `dA` are in the order r, z, n.
            `GRU_ORDER` is z, r, n, the same as in `Wx`, `Wh` and `b`.
        Wh, z, r, n = cache → Wh, r, z, n = cache
            r and z are exchanged where the cache is unpacked.
            Its order is `x, h_prev, Wx, Wh, z, r, n`.
        dA.sum(axis=0) → dA
            `db` is not summed over the batch.
            `b` was added to every row, so its gradient is a sum over the rows, of shape (3H,).
        dA.sum(axis=0) → dA.mean(axis=0)
            `db` is the *mean* over the batch.
            If a mean is wanted, the loss takes it, once. Here the rows' gradients add up.
        """,
    ),
)

# --- 9.3 ------------------------------------------------------------------------------------------------------------


def _draw_layer(rng: np.random.Generator, sizes: Sizes) -> Values:
    N, T, D, H = sizes.N, sizes.T, sizes.D, sizes.H
    xs, more_xs = rng.normal(0, 1, (2, N, T, D))
    state, dstate = rng.normal(0, 1, (2, N, H))
    sequences = {"xs": xs, "state": np.tanh(state), "dhs": rng.normal(0, 1, (N, T, H)), "dstate": dstate}
    return draw_params(rng, sizes, 3) | sequences | {"more_xs": more_xs}


class _GRU(Layer):
    def __init__(self, Wx: Param, Wh: Param, b: Param) -> None:
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs: Array, state: Array | None = None, *, training: bool = False) -> tuple[Array, Array]:
        h = np.zeros((len(xs), len(self.Wh.value)), xs.dtype) if state is None else state
        self.caches, states = [], []
        for step in range(xs.shape[1]):
            h, cache = steps.gru_step_forward(xs[:, step], h, self.Wx.value, self.Wh.value, self.b.value)
            self.caches.append(cache)
            states.append(h)
        hs = np.stack(states, axis=1)
        return hs, h

    def backward(self, dhs: Array, dstate: Array | None = None) -> tuple[Array, Array]:
        dh = np.zeros_like(dhs[:, 0]) if dstate is None else dstate
        T = dhs.shape[1]
        dxs = np.zeros((*dhs.shape[:2], len(self.Wx.value)), dhs.dtype)
        for step in reversed(range(T)):
            dx, dh, dWx, dWh, db = steps.gru_step_backward(dhs[:, step] + dh, self.caches[step])
            dxs[:, step] = dx
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
        return dxs, dh


_A_PAIR = """
return hs, h → return hs, (h, h)
    The state is returned as a pair, like that of an LSTM.
    The GRU has no memory cell: its state is `h` alone.
"""

GRU_LAYER = layer_over_time(
    "9.3 ★★★ The GRU over time, and back",
    recurrent.GRU,
    _GRU,
    uses=("9.1", "9.2"),
    width="3H",
    draw=_draw_layer,
    more=_A_PAIR,
)

EXERCISES = (GRU_STEP_FORWARD, GRU_STEP_BACKWARD, GRU_LAYER)
