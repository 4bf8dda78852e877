"""The exercises of notebook 01 and the mistakes people make in them."""

import numpy as np

from helpers.arrays import FloatArray
from helpers.checks.edits import Answer
from helpers.checks.exercise import Exercise, Sizes, Values, mistakes
from helpers.checks.layer_over_time import layer_over_time
from helpers.checks.probes import step_with_cache
from helpers.nn import analysis, functional, recurrent, steps
from helpers.nn.base import Layer, Param

# --- 1.1 ------------------------------------------------------------------------------------------------------------


def _draw_tanh(rng: np.random.Generator, sizes: Sizes) -> Values:
    return {"dout": rng.normal(0, 1, (sizes.N, sizes.H)), "y": np.tanh(rng.normal(0, 1, (sizes.N, sizes.H)))}


TANH_BACKWARD = Exercise(
    heading="1.1 ★ Backward through tanh",
    reference=functional.tanh_backward,
    results={"dx": "(N, H)"},
    draw=_draw_tanh,
    bounded=("y",),
    example={"dout": np.array([[1.0, 2.0]]), "y": np.array([[0.5, -0.9]])},
    misconceptions=mistakes(
        functional.tanh_backward,
        """
        y**2 → np.tanh(y) ** 2
            The tanh is taken twice: `1 - np.tanh(y)**2`.
            `y` already *is* tanh(x). That is why this function needs no `x`.
        dout * (1 → (1
            This is the local derivative alone: `1 - y**2`, without `dout`.
            The chain rule multiplies: what comes from above, times the local derivative.
        (1 - y**2) → 1
            The gradient is passed on unchanged: `dx = dout`.
            Only where y = 0 is the slope of tanh equal to 1. Everywhere else it takes something away.
        y**2 → y
            The square is missing: `dout * (1 - y)`.
            tanh′ = 1 - tanh². It is the same at y and at -y; is yours?
        y**2 → np.tanh(y)
            The derivative is `1 - np.tanh(y)`: a tanh too many, and no square.
            `y` already *is* tanh(x): the derivative is `1 - y**2`.
        (1 - y**2) → y * (1 - y)
            The derivative is that of a *sigmoid*, `y * (1 - y)`.
            y(1 - y) belongs to σ. For tanh the derivative from the output is `1 - y**2`.
        1 - y**2 → 1 + y**2
            A sign is wrong: `1 + y**2`.
            With a plus the slope would be *above* 1. tanh is steepest at 0, and there its slope is exactly 1.
        1 - y**2 → y**2 - 1
            The sign is reversed: `y**2 - 1`.
            tanh rises everywhere, so its slope is never negative.
        dout * (1 → dout / (1
            `dout` is divided by the derivative where it should be multiplied.
            The chain rule multiplies by dy/dx.
        (1 - y**2) → 1 - y**2
            The brackets are missing: `dout * 1 - y**2`.
            Python multiplies before it subtracts: put the whole derivative in brackets.
        1 - y**2 → (1 - y) ** 2
            The difference is squared, not `y`: `(1 - y)**2`.
            The square belongs to `y` alone.
        y**2 → 2 * y
            `y` is doubled instead of squared.
            The square is `y**2` or `y * y`.
        dout * (1 - y**2) → y * (1 - dout**2)
            `dout` and `y` are exchanged.
            `dout` comes from above, and the slope is made of `y`. Which of the two is squared?
        dout * (1 - y**2) → dout @ (1 - y**2).T
            A matrix product, `@` or `np.dot`, is used where elements are multiplied.
            Each element of `dout` has a slope of its own: multiply element by element, with `*`.
        """,
    ),
)

# --- 1.2 ------------------------------------------------------------------------------------------------------------


def _draw_step(rng: np.random.Generator, sizes: Sizes) -> Values:
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


#: The cache of a step, as it is returned: names and shapes.
CACHE = {"x": "(N, D)", "h_prev": "(N, H)", "Wx": "(D, H)", "Wh": "(H, H)", "h_next": "(N, H)"}


def _step_forward(
    x: FloatArray, h_prev: FloatArray, Wx: FloatArray, Wh: FloatArray, b: FloatArray
) -> tuple[FloatArray, steps.Cache]:
    a = x @ Wx + h_prev @ Wh + b
    h_next = np.tanh(a)
    return h_next, (x, h_prev, Wx, Wh, h_next)


RNN_STEP_FORWARD = Exercise(
    heading="1.2 ★ One step of the RNN",
    reference=steps.rnn_step_forward,
    results={"h_next": "(N, H)"} | {f"{name} in the cache": shape for name, shape in CACHE.items()},
    draw=_draw_step,
    bounded=("h_prev",),
    probe=step_with_cache("rnn_step_forward", ("h_next",), tuple(CACHE)),
    example=BY_HAND,
    groups={f"{name} in the cache": "cache" for name in CACHE},
    spelt_out=_step_forward,
    misconceptions=mistakes(
        _step_forward,
        """
        np.tanh(a) → a
            The step has no tanh: `h_next = a`.
            Without the tanh a chain of steps is one long matrix product. Squash `a` before you return it.
        np.tanh(a) → functional.sigmoid(a)
            The step squashes with a sigmoid instead of tanh.
            The sigmoid will come with the gates of notebook 03. A hidden state is squashed to -1…1, by `np.tanh`.
        + b → + 0
            The bias `b` is left out.
            Three terms go into `a`: the input's, the previous state's, and `b`.
        h_prev @ Wh → 0
            The step ignores `h_prev`.
            That is a feed-forward layer. What makes it recurrent is the term `h_prev @ Wh`.
        x @ Wx → 0
            The step ignores its input `x`.
            Three terms go into `a`: the input's, the previous state's, and `b`.
        h_prev @ Wh → h_prev @ Wh.T
            `Wh` is transposed: `h_prev @ Wh.T`.
            `Wh` is square, so no shape gives this away. Rows of the batch stand on the left here: `h_prev @ Wh`.
        + b → + 0
        np.tanh(a) → np.tanh(a) + b
            The bias is added *after* the tanh.
            `b` belongs to `a`, inside the tanh; otherwise the state leaves -1…1.
        h_prev @ Wh → h_prev
            `h_prev` is added without `Wh`.
            The previous state goes through its own weights: `h_prev @ Wh`.
        h_prev @ Wh + b → 0 + b
        np.tanh(a) → np.tanh(a) + h_prev @ Wh
            `h_prev @ Wh` is added *after* the tanh.
            The sum of all three terms comes first. The tanh comes last, and is taken of the whole sum.
        h_prev @ Wh + b → 0
        np.tanh(a) → np.tanh(a) + h_prev @ Wh + b
            Only `x @ Wx` goes through the tanh: its bracket closes too early.
            The sum of all three terms comes first. The tanh comes last, and is taken of the whole sum.
        h_prev @ Wh + b → 0
        np.tanh(a) → np.tanh(a) + np.tanh(h_prev @ Wh + b)
            The two products go through a tanh each, and are added after it.
            The sum of all three terms comes first. The tanh comes last, and is taken of the whole sum.
        x @ Wx → x * Wx
            `x * Wx` multiplies element by element where a matrix product belongs.
            (N, D) times (D, H) gives (N, H): that is what `@` does.
        h_prev @ Wh → h_prev * Wh
            `h_prev * Wh` multiplies element by element where a matrix product belongs.
            (N, H) times (H, H) gives (N, H): that is what `@` does.
        + b → - b
            The bias is subtracted.
            Three terms are *added* in `a`: the input's, the previous state's, and `b`.
        Wx, Wh, h_next) → Wx, Wh, a)
            The cache ends in `a`, the sum before the tanh, where `h_next` belongs.
            Backward wants the *output* of the tanh, as in exercise 1.1: the last entry is `h_next`.
        h_next, (x, h_prev, → h_next, (x, h_next,
            The cache holds `h_next` where `h_prev` belongs.
            Backward needs both: `h_prev` for `dWh`, `h_next` for the tanh.
        h_next, (x, h_prev, Wx, Wh → h_next, (x, Wx, h_prev, Wh
            The cache is in another order: `Wx` comes before `h_prev`.
            The order is `(x, h_prev, Wx, Wh, h_next)`.
        h_next, (x, h_prev, Wx, Wh, h_next) → h_next, (h_next, x, h_prev, Wx, Wh)
            The cache begins with `h_next`, which comes last.
            The order is `(x, h_prev, Wx, Wh, h_next)`.
        h_next, (x, h_prev, Wx, Wh → h_next, (x, h_prev, Wh, Wx
            `Wx` and `Wh` are exchanged in the cache.
            The order is `(x, h_prev, Wx, Wh, h_next)`.
        """,
    ),
)

# --- 1.3 ------------------------------------------------------------------------------------------------------------


def _draw_step_backward(rng: np.random.Generator, sizes: Sizes) -> Values:
    _, cache = steps.rnn_step_forward(**_draw_step(rng, sizes))
    return {"dh_next": rng.normal(0, 1, (sizes.N, sizes.H)), "cache": cache}


def _step_backward(dh_next: FloatArray, cache: steps.Cache) -> steps.StepGradients:
    x, h_prev, Wx, Wh, h_next = cache
    da = dh_next * (1 - h_next**2)
    dx = da @ Wx.T
    dh_prev = da @ Wh.T
    dWx = x.T @ da
    dWh = h_prev.T @ da
    db = da.sum(axis=0)
    return dx, dh_prev, dWx, dWh, db


RNN_STEP_BACKWARD = Exercise(
    heading="1.3 ★★ Backward through one step",
    reference=steps.rnn_step_backward,
    results={"dx": "(N, D)", "dh_prev": "(N, H)", "dWx": "(D, H)", "dWh": "(H, H)", "db": "(H,)"},
    draw=_draw_step_backward,
    bounded=("cache",),
    example={"dh_next": np.array([[1.0, 1.0]]), "cache": steps.rnn_step_forward(**BY_HAND)[1]},
    uses=("1.1",),
    spelt_out=_step_backward,
    misconceptions=mistakes(
        _step_backward,
        """
        dh_next * (1 - h_next**2) → dh_next
            The tanh derivative is missing: `da = dh_next`.
            Go back through the tanh first: all five results are made from `da`.
        h_next**2 → np.tanh(h_next) ** 2
            The tanh is taken twice: `1 - np.tanh(h_next)**2`.
            `h_next` already is the output of the tanh: `tanh_backward`, of exercise 1.1, takes it as it is.
        h_next**2 → h_prev**2
            The tanh derivative is taken at `h_prev`.
            The tanh you go back through made `h_next`, the last entry of the cache.
        (1 - h_next**2) → h_next * (1 - h_next)
            The derivative is that of a *sigmoid*, `h * (1 - h)`.
            The step was squashed by a tanh: `1 - h_next**2`.
        dh_next * (1 - h_next**2) → h_next * (1 - dh_next**2)
            `dh_next` and `h_next` are exchanged, as in `tanh_backward(h_next, dh_next)`.
            `dh_next` comes from above, and the slope is made of `h_next`.
        da.sum(axis=0) → da
            `db` is not summed over the batch.
            `b` was added to every row, so its gradient is a sum over the rows, of shape (H,).
        da.sum(axis=0) → da.mean(axis=0)
            `db` is the *mean* over the batch.
            If a mean is wanted, the loss takes it, once. Here the rows' gradients add up.
        da.sum(axis=0) → da.sum()
            `db` is summed over everything, units too.
            Each unit has its own bias: sum over axis 0, the batch, only.
        da.sum(axis=0) → da.sum(axis=1)
            `db` is summed over the units instead of the batch.
            Axis 0 is the batch. What is left must have the shape of `b`, (H,).
        da.sum(axis=0) → da.sum(axis=0, keepdims=True)
            `db` keeps the axis of the batch, from `keepdims=True`.
            `b` has shape (H,): sum over axis 0 and leave `keepdims` out.
        da @ Wh.T → da @ Wh
            `Wh` is not transposed: `dh_prev = da @ Wh`.
            `Wh` is square, so the shapes do not object. Forward multiplied by `Wh`; backward multiplies by `Wh.T`.
        da @ Wh.T → dh_next @ Wh.T
            `dh_prev` is made from `dh_next` instead of `da`.
            On its way back to `h_prev` the gradient goes through the tanh first: use `da`.
        x, h_prev, Wx, Wh, h_next = cache → x, h_next, Wx, Wh, h_prev = cache
            `h_prev` and `h_next` are exchanged where the cache is unpacked.
            Its order is `x, h_prev, Wx, Wh, h_next`.
        da @ Wx.T → dh_next @ Wx.T
            `dx` is made from `dh_next` instead of `da`.
            On its way back to `x` the gradient goes through the tanh first: use `da`.
        x.T @ da → x.T @ dh_next
            `dWx` is made from `dh_next` instead of `da`.
            On its way back to `Wx` the gradient goes through the tanh first: use `da`.
        h_prev.T @ da → h_prev.T @ dh_next
            `dWh` is made from `dh_next` instead of `da`.
            On its way back to `Wh` the gradient goes through the tanh first: use `da`.
        da.sum(axis=0) → dh_next.sum(axis=0)
            `db` is made from `dh_next` instead of `da`.
            On its way back to `b` the gradient goes through the tanh first: use `da`.
        da @ Wx.T → da * Wx.T
            `da * Wx.T` multiplies element by element where a matrix product belongs.
            (N, H) times (H, D) gives (N, D), the shape of `x`: that is what `@` does.
        da @ Wh.T → da * Wh.T
            `da * Wh.T` multiplies element by element where a matrix product belongs.
            (N, H) times (H, H) gives (N, H), the shape of `h_prev`: that is what `@` does.
        x.T @ da → x.T * da
            `x.T * da` multiplies element by element where a matrix product belongs.
            (D, N) times (N, H) gives (D, H), the shape of `Wx`: that is what `@` does.
        h_prev.T @ da → h_prev.T * da
            `h_prev.T * da` multiplies element by element where a matrix product belongs.
            (H, N) times (N, H) gives (H, H), the shape of `Wh`: that is what `@` does.
        da @ Wx.T → da @ Wx
            `Wx` is not transposed: `dx = da @ Wx`.
            `da` is (N, H) and `dx` must be (N, D): multiply by an (H, D), which is `Wx.T`.
        h_prev.T @ da → da.T @ h_prev
            `dWh` is transposed: `da.T @ h_prev`.
            `dWh[i, j]` belongs to the weight from unit i of `h_prev` to unit j of `a`: its rows are those of `h_prev`.
        x.T @ da → da.T @ x
            `dWx` is transposed: `da.T @ x`.
            `dWx` must have the shape of `Wx`, (D, H). Which shape has yours?
        x.T @ da → x @ da
            `x` is not transposed: `x @ da`.
            (N, D) times (N, H) is not defined; (D, N) times (N, H) gives (D, H), the shape of `Wx`.
        h_prev.T @ da → h_prev @ da
            Two arrays of shape (N, H) stand on both sides of a matrix product, `@`.
            For `dWh`, of shape (H, H), one of the two has to be transposed. For `da`, multiply element by element.
        h_prev.T @ da → h_next.T @ da
            `dWh` is made from `h_next`.
            What `Wh` multiplied on the way forward was `h_prev`.
        return dx, dh_prev, dWx, dWh, db → return dx, dh_prev, dWx / len(x), dWh / len(x), db / len(x)
            The parameters' gradients are divided by the batch size.
            If a mean is wanted, the loss takes it, once. Here the rows' gradients add up.
        x.T @ da → x.T @ da / len(x)
        h_prev.T @ da → h_prev.T @ da / len(x)
            `dWx` and `dWh` are divided by the batch size.
            If a mean is wanted, the loss takes it, once. Here the rows' gradients add up.
        return dx, dh_prev, dWx, dWh, db → return dWx, dWh, db, dx, dh_prev
            The gradients of the parameters are returned first.
            The order is `dx, dh_prev, dWx, dWh, db`.
        return dx, dh_prev → return dh_prev, dx
            `dx` and `dh_prev` are exchanged.
            The order is `dx, dh_prev, dWx, dWh, db`, and that of the cache `x, h_prev, Wx, Wh, h_next`.
        dWx, dWh, db → dWh, dWx, db
            `dWx` and `dWh` are exchanged.
            The order is `dx, dh_prev, dWx, dWh, db`, and that of the cache `x, h_prev, Wx, Wh, h_next`.
        """,
    ),
)

# --- 1.4 ------------------------------------------------------------------------------------------------------------


def _draw_layer(rng: np.random.Generator, sizes: Sizes) -> Values:
    N, T, D, H = sizes.N, sizes.T, sizes.D, sizes.H
    step = _draw_step(rng, sizes)
    return {name: step[name] for name in ("Wx", "Wh", "b")} | {
        "xs": rng.normal(0, 1, (N, T, D)),
        "state": step["h_prev"],
        "dhs": rng.normal(0, 1, (N, T, H)),
        "dstate": rng.normal(0, 1, (N, H)),
        "more_xs": rng.normal(0, 1, (N, T, D)),
    }


class _RNN(Layer):
    def __init__(self, Wx: Param, Wh: Param, b: Param) -> None:
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(
        self, xs: FloatArray, state: FloatArray | None = None, *, training: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        h = np.zeros((len(xs), len(self.Wh.value)), xs.dtype) if state is None else state
        self.caches, states = [], []
        for step in range(xs.shape[1]):
            h, cache = steps.rnn_step_forward(xs[:, step], h, self.Wx.value, self.Wh.value, self.b.value)
            self.caches.append(cache)
            states.append(h)
        hs = np.stack(states, axis=1)
        return hs, h

    def backward(self, dhs: FloatArray, dstate: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        dh = np.zeros_like(dhs[:, 0]) if dstate is None else dstate
        T = dhs.shape[1]
        dxs = np.zeros((*dhs.shape[:2], len(self.Wx.value)), dhs.dtype)
        for step in reversed(range(T)):
            dx, dh, dWx, dWh, db = steps.rnn_step_backward(dhs[:, step] + dh, self.caches[step])
            dxs[:, step] = dx
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
        return dxs, dh


RNN_LAYER = layer_over_time(
    "1.4 ★★★ The RNN over time, and back", recurrent.RNN, _RNN, uses=("1.2", "1.3"), width="H", draw=_draw_layer
)

# --- 1.5 ------------------------------------------------------------------------------------------------------------


def _draw_norms(rng: np.random.Generator, sizes: Sizes) -> Values:
    return {
        "Wh": rng.normal(0, 0.5, (sizes.H, sizes.H)),
        "dh": rng.normal(0, 1, (sizes.N, sizes.H)),
        "steps": int(rng.integers(10, 15)),  # never as many as there are rows or units
    }


BACKPROP_NORMS = Exercise(
    heading="1.5 ★ How large is the gradient after k steps?",
    reference=analysis.backprop_norms,
    results={"norms": "(steps,)"},
    draw=_draw_norms,
    example={"Wh": np.array([[0.5, 0.0], [0.0, 2.0]]), "dh": np.array([[3.0, 4.0]]), "steps": 2},
    any_float=("norms",),
    misconceptions=mistakes(
        analysis.backprop_norms,
        """
        dh @ Wh.T → dh @ Wh
            The loop multiplies by `Wh` instead of `Wh.T`.
            Forward multiplied by `Wh`. What did you multiply by for `dh_prev`, in exercise 1.3?
        norms = [] → norms = [np.linalg.norm(dh)]
        range(steps) → range(steps - 1)
            The loop measures *before* it multiplies: it starts with the norm of `dh` itself.
            `norms[0]` is the norm after one product, `norms[-1]` after `steps` products.
        dh = dh @ Wh.T → after = dh @ Wh.T ** (len(norms) + 1)
        np.linalg.norm(dh) → np.linalg.norm(after)
            `Wh.T ** k` takes each *element* to the power k.
            `**` works element by element. For the matrix, multiply by `Wh.T` once in each round of a loop.
        dh = dh @ Wh.T → after = dh @ Wh.T
        np.linalg.norm(dh) → np.linalg.norm(after)
            Every product starts from the same `dh`: the gradient is not carried from step to step.
            Each round goes on from the result of the round before: keep it in `dh`.
        norms = [] → norms = [np.linalg.norm(dh)]
            The norm of `dh` itself comes first: one number too many.
            `norms[0]` is the norm after one product, and there are `steps` of them.
        range(steps) → range(steps + 1)
            There is one product too many, and so one number too many.
            There are `steps` of them: `range(steps)`, or `range(1, steps + 1)`.
        dh @ Wh.T → dh @ Wh.T / (np.linalg.norm(dh) if norms else 1)
            `dh` is scaled to length 1 after each product, so that each number tells of one step alone.
            Measure its length and leave it as it is.
        np.array(norms) → np.array(norms[::-1])
            The norms are in reverse order.
            `norms[0]` is the norm after one product, `norms[-1]` after `steps` products.
        np.array(norms) → norms[-1]
            The result is one number, the norm after the last product.
            Collect a norm in every round of the loop, and return them as one array.
        np.linalg.norm(dh) → np.linalg.norm(dh, axis=1).mean()
            The norm is the mean of the rows' norms.
            The Frobenius norm treats the whole array as one long vector: the root of the sum of *all* squares.
        np.linalg.norm(dh) → np.linalg.norm(dh, axis=1)
            Each row has a norm of its own.
            The Frobenius norm treats the whole array as one long vector: `np.linalg.norm(dh)`, without `axis`.
        np.linalg.norm(dh) → np.linalg.norm(dh, 2)
            The norm is the spectral norm, `np.linalg.norm(dh, 2)`.
            For a matrix, 2 asks for the largest singular value. The Frobenius norm is `np.linalg.norm(dh)`.
        np.linalg.norm(dh) → (dh**2).sum()
            The norm is *squared*.
            Take the square root of the sum of squares.
        np.linalg.norm(dh) → np.linalg.norm(dh) / len(dh)
            The norm is divided by the batch size.
            The Frobenius norm divides by nothing.
        np.linalg.norm(dh) → np.sqrt((dh**2).mean())
            The squares are averaged, not added: a root *mean* square.
            The Frobenius norm divides by nothing.
        np.linalg.norm(dh) → np.abs(dh).sum()
            The absolute values are added up.
            The Frobenius norm is the root of the sum of all squares: `np.linalg.norm(dh)`.
        np.linalg.norm(dh) → np.abs(dh).max()
            The largest element is taken instead of the norm.
            The Frobenius norm is the root of the sum of all squares: `np.linalg.norm(dh)`.
        np.array(norms) → norms
            The norms are right, in a Python list.
            Turn it into a NumPy array at the end.
        """,
    ),
)

# --- 1.6 ------------------------------------------------------------------------------------------------------------


def _draw_matrix(rng: np.random.Generator, sizes: Sizes) -> Values:
    # A rotation by a quarter turn among the axes, so that some eigenvalues are complex, and all are of other sizes.
    return {"Wh": rng.normal(0, 0.6, (sizes.H, sizes.H)) + np.roll(np.eye(sizes.H), 1, axis=0)}


def _gradient_bounds(Wh: FloatArray) -> tuple[float, float]:
    singular_values = np.linalg.svd(Wh, compute_uv=False)
    eigenvalues = np.linalg.eigvals(Wh)
    sigma_max = float(singular_values.max())
    spectral_radius = float(np.abs(eigenvalues).max())
    return sigma_max, spectral_radius


GRADIENT_BOUNDS = Exercise(
    heading="1.6 ★★ Two numbers that say where the gradient goes",
    reference=analysis.gradient_bounds,
    results={"sigma_max": "a float", "spectral_radius": "a float"},
    draw=_draw_matrix,
    example={"Wh": np.array([[0.5, 2.0], [0.0, -0.8]])},
    spelt_out=_gradient_bounds,
    misconceptions=mistakes(
        _gradient_bounds,
        """
        return sigma_max, spectral_radius → return spectral_radius, sigma_max
            The two numbers are in the other order.
            The largest singular value comes first. It is never the smaller of the two.
        np.abs(eigenvalues).max() → eigenvalues.real.max()
            The radius is the largest *real part* of the eigenvalues.
            For a negative eigenvalue such as -0.9, or a complex one, the absolute value counts.
        np.abs(eigenvalues).max() → np.abs(eigenvalues.max())
            The largest eigenvalue is chosen first, and its absolute value taken then.
            -0.9 has a larger absolute value than 0.5. First the absolute values, then the largest.
        float(np.abs(eigenvalues).max()) → eigenvalues[0]
            The radius is the first eigenvalue as it comes: maybe complex, and in no order.
            The radius is the largest *absolute value* of all the eigenvalues.
        float(np.abs(eigenvalues).max()) → eigenvalues.max()
            The radius is the largest eigenvalue without its absolute value: it may be complex.
            First the absolute values, then the largest of them.
        np.linalg.eigvals(Wh) → np.linalg.eigvalsh(Wh)
            The radius is from `np.linalg.eigvalsh`, which takes the matrix to be symmetric.
            `Wh` need not be symmetric: use `np.linalg.eigvals`.
        np.abs(eigenvalues).max() → np.abs(eigenvalues.real).max()
            The radius is made of the real parts alone.
            For a complex eigenvalue the absolute value is √(re² + im²); `np.abs` knows that.
        np.abs(eigenvalues).max() → np.abs(eigenvalues).min()
            The radius is the absolute value of the *smallest* eigenvalue.
            In the long run the largest one wins.
        np.abs(eigenvalues).max() → np.abs(eigenvalues).mean()
            The radius is the *mean* of the absolute eigenvalues.
            In the long run the largest one wins.
        np.abs(eigenvalues).max() → np.abs(np.linalg.eig(Wh)[1]).max()
            The radius is made of the eigen*vectors*: `np.linalg.eig` returns both.
            `np.linalg.eigvals` returns the eigenvalues alone.
        np.abs(eigenvalues).max() → singular_values.max()
            The largest singular value is given twice.
            The radius is made of eigenvalues, which `np.linalg.eigvals` returns.
        singular_values.max() → np.linalg.norm(Wh)
            The Frobenius norm is taken instead of the largest singular value.
            `np.linalg.norm(Wh)` is the root of the sum of *all* squared singular values. You want the largest alone.
        singular_values.max() → singular_values.min()
            This is the *smallest* singular value.
            `np.linalg.svd` lists them from the largest to the smallest.
        singular_values.max() → singular_values.max() ** 2
            The largest singular value is squared: it is an eigenvalue of `Wh.T @ Wh`.
            Take its square root.
        singular_values.max() → singular_values.sum()
            All singular values are added up.
            The first one, the largest, is all you need.
        singular_values.max() → np.abs(Wh).max()
            The largest *element* of `Wh` is taken instead of the largest singular value.
            Singular values come from `np.linalg.svd`.
        singular_values.max() → np.abs(eigenvalues).max()
            The spectral radius is given twice.
            Singular values are not eigenvalues: they are the half-axes of the ellipse that `Wh` makes of a circle.
        """,
    ),
)

# --- 1.7 ------------------------------------------------------------------------------------------------------------


def _draw_matrices(rng: np.random.Generator, sizes: Sizes) -> Values:
    """Two matrices of each kind, shuffled; σ and ρ keep at least 0.02 from 1."""
    H = max(sizes.H, 2)
    Q, _ = np.linalg.qr(rng.normal(0, 1, (H, H)))
    kinds = rng.permutation(["σ < 1", "σ > 1 > ρ", "ρ > 1"] * 2).tolist()
    matrices = [Q @ _triangle(rng, kind, kind in kinds[:place], H) @ Q.T for place, kind in enumerate(kinds)]
    return {"matrices": matrices, "kinds": kinds}


def _triangle(rng: np.random.Generator, kind: str, is_second: bool, H: int) -> FloatArray:
    """Return a triangular matrix: its eigenvalues stand on the diagonal. The first with σ < 1 is one that is turned."""
    lowest, largest = {"σ < 1": (0.4, 0.49), "σ > 1 > ρ": (0.3, 0.95), "ρ > 1": (1.05, 1.6)}[kind]
    eigenvalues = rng.choice([-1, 1], H) * rng.uniform(lowest, largest, H)
    if kind != "σ > 1 > ρ" and is_second:  # one that is large and negative, among small ones
        eigenvalues[0], eigenvalues[1:] = -2 * np.abs(eigenvalues[0]), 0.1 * eigenvalues[1:]
    if kind == "σ < 1":  # not always symmetric, or that alone would tell it from the others
        return np.diag(eigenvalues) if is_second else eigenvalues * np.linalg.qr(rng.normal(0, 1, (H, H)))[0]
    triangle: FloatArray = np.diag(eigenvalues) + np.triu(rng.uniform(1.5, 2.5, (H, H)), 1)
    if kind == "σ > 1 > ρ" and is_second:  # a σ near to 1
        triangle *= rng.uniform(1.1, 1.9) / np.linalg.norm(triangle, 2)
    return triangle


def _predict_all(answer: Answer, arguments: Values, record: Values) -> None:
    """Write down what is predicted for each kind of matrix: names alone, since a partly right list is no cause."""
    said: dict[str, dict[str, None]] = {kind: {} for kind in ("σ < 1", "σ > 1 > ρ", "ρ > 1")}
    for Wh, kind in zip(arguments["matrices"], arguments["kinds"]):
        got = answer(Wh)
        got = got[()] if isinstance(got, np.ndarray) and got.ndim == 0 else got
        said[kind][str(got) if isinstance(got, str | None) else f"one {type(got).__name__}"] = None
    record["predictions"] = "; ".join(f"{kind}: {' | '.join(predictions)}" for kind, predictions in said.items())


PREDICT_GRADIENT = Exercise(
    heading="1.7 ★★ Predict it",
    reference=analysis.predict_gradient,
    results={"predictions": "a string"},
    draw=_draw_matrices,
    bounded=("matrices",),
    probe=_predict_all,
    uses=("1.6",),
    misconceptions=mistakes(
        analysis.predict_gradient,
        """
        "explodes" if spectral_radius > 1 else "grows, then vanishes" → "explodes"
            Only the largest singular value decides: σ > 1, so it explodes.
            σ > 1 is only *necessary*. If ρ < 1 as well, the gradient may grow for a while, and then it vanishes.
        if sigma_max < 1 → if spectral_radius < 1
            Only the spectral radius decides, or σ and ρ are unpacked in the wrong order.
            `gradient_bounds` returns σ first, then ρ. Both count: with σ > 1 > ρ some gradients grow, and then vanish.
        = gradient_bounds(Wh) → = gradient_bounds(Wh)[0], np.linalg.eigvals(Wh).real.max()
            ρ is the largest real part of the eigenvalues: an eigenvalue of -1.3 slips through.
            Use the absolute value of the eigenvalues, as in exercise 1.6.
        if sigma_max < 1 → if abs(np.linalg.det(Wh)) < 1
        "explodes" if spectral_radius > 1 else "grows, then vanishes" → "explodes"
            The determinant decides.
            It is the product of all singular values, which small ones bring down: look at the largest one, and at ρ.
        return "vanishes" → return "explodes"
        "explodes" if → "vanishes" if
            “vanishes” and “explodes” are exchanged.
            Everything below 1 shrinks.
        return "vanishes" → return "grows, then vanishes"
        else "grows, then vanishes" → else "vanishes"
            “vanishes” and “grows, then vanishes” are exchanged.
            With σ < 1 nothing ever grows; with σ > 1 > ρ something does, and vanishes in the end.
        sigma_max < 1 → sigma_max > 1
        spectral_radius > 1 → spectral_radius < 1
            The comparisons with 1 are the wrong way round.
            Everything below 1 shrinks: σ < 1 vanishes, ρ > 1 explodes.
        spectral_radius > 1 → spectral_radius < 1
            The comparison of ρ with 1 is the wrong way round.
            ρ > 1 explodes. With σ > 1 > ρ the gradient may grow first, and vanishes in the end.
        if sigma_max < 1 → if np.linalg.norm(Wh) < 1
            The Frobenius norm is taken instead of σ.
            The Frobenius norm can be above 1 although every singular value is below 1.
        if sigma_max < 1 → if round(sigma_max) < 1
            σ is rounded to a whole number before it is compared.
            Compare it as it is: 0.8 becomes 1 by rounding, and is not below 1 any more.
        else "grows, then vanishes" → else None
            The function ends without a `return` where σ > 1 > ρ, and so returns None.
            `return` each of the three answers; `print` only shows it.
        else "grows, then vanishes" → else "grows then vanishes"
            The comma is missing in “grows, then vanishes”.
            The three answers are compared as they stand in the table: "grows, then vanishes".
        """,
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
