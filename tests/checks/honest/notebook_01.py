"""Right answers to notebook 01 that look nothing like the reference."""

import math

import numpy as np

from helpers.nn import Layer

# --- 1.1 ------------------------------------------------------------------------------------------------------------


def tanh_backward_by_factors(dout, y):
    return dout * (1 - y) * (1 + y)


def tanh_backward_by_einsum(dout, y):
    return np.einsum("nh,nh->nh", dout, 1 - np.square(y))


def tanh_backward_by_difference(dout, y):
    dx = dout.copy()
    dx -= dout * y * y
    return dx


def tanh_backward_in_float64(dout, y):
    dx = np.zeros(y.shape)
    dx[...] = dout - dout * y**2
    return dx


# --- 1.2 ------------------------------------------------------------------------------------------------------------


def step_by_dot(x, h_prev, Wx, Wh, b):
    a = np.dot(x, Wx) + np.dot(h_prev, Wh)
    a += b
    h_next = np.tanh(a)
    cache = (x, h_prev, Wx, Wh, h_next)
    return h_next, cache


def step_by_one_product(x, h_prev, Wx, Wh, b):
    a = np.concatenate([x, h_prev], axis=1) @ np.concatenate([Wx, Wh], axis=0) + b
    np.tanh(a, out=a)
    return a, [x, h_prev, Wx, Wh, a]


def step_by_loops(x, h_prev, Wx, Wh, b):
    h_next = np.empty_like(h_prev)
    for n in range(len(x)):
        for j in range(Wh.shape[1]):
            h_next[n, j] = np.tanh((x[n] * Wx[:, j]).sum() + (h_prev[n] * Wh[:, j]).sum() + b[j])
    return h_next, (x, h_prev, Wx, Wh, h_next)


def step_by_exponentials(x, h_prev, Wx, Wh, b):
    """It overflows to the right 1, with a warning."""
    h_next = 1 - 2 / (np.exp(2 * (x @ Wx + h_prev @ Wh + b)) + 1)
    return h_next, [x.copy(), h_prev.copy(), Wx, Wh, h_next]


# --- 1.3 ------------------------------------------------------------------------------------------------------------


def step_backward_by_einsum(dh_next, cache):
    x, h_prev, Wx, Wh, h_next = cache
    da = np.einsum("nh,nh->nh", dh_next, 1 - h_next**2)
    return (
        np.einsum("nh,dh->nd", da, Wx),
        np.einsum("nh,gh->ng", da, Wh),
        np.einsum("nd,nh->dh", x, da),
        np.einsum("ng,nh->gh", h_prev, da),
        np.einsum("nh->h", da),
    )


def step_backward_by_examples(dh_next, cache):
    x, h_prev, Wx, Wh, h_next = cache
    dx, dh_prev = np.zeros_like(x), np.zeros_like(h_prev)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(h_next[0])
    for n in range(len(x)):
        da = dh_next[n] * (1 - h_next[n] ** 2)
        dx[n], dh_prev[n] = Wx @ da, Wh @ da
        dWx += np.outer(x[n], da)
        dWh += np.outer(h_prev[n], da)
        db += da
    return dx, dh_prev, dWx, dWh, db


def _inner(dh_next, h_next):
    return (1 - h_next) * (1 + h_next) * dh_next


def step_backward_with_a_helper(dh_next, cache):
    x, h_prev, Wx, Wh, h_next = cache
    da = _inner(dh_next, h_next)
    db = np.ones(len(da), da.dtype) @ da
    return [np.dot(da, Wx.T), np.dot(da, Wh.T), np.dot(x.T, da), np.dot(da.T, h_prev).T, db]


# --- 1.4 ------------------------------------------------------------------------------------------------------------


class RNNWithArrays(Layer):
    """Arrays filled in place; the steps written out, without the step functions."""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]

    def forward(self, xs, state=None, *, training=False):
        Wx, Wh, b = (param.value for param in self.params)
        N, T, _ = xs.shape
        self.xs, self.states = xs, np.zeros((N, T + 1, len(Wh)), dtype=xs.dtype)
        if state is not None:
            self.states[:, 0] = state
        for step in range(T):
            self.states[:, step + 1] = np.tanh(xs[:, step] @ Wx + self.states[:, step] @ Wh + b)
        return self.states[:, 1:].copy(), self.states[:, -1].copy()

    def backward(self, dhs, dstate=None):
        Wx, Wh, b = self.params
        das = np.empty_like(dhs)
        dh = 0 if dstate is None else dstate
        for step in range(dhs.shape[1] - 1, -1, -1):
            das[:, step] = (dhs[:, step] + dh) * (1 - self.states[:, step + 1] ** 2)
            dh = das[:, step] @ Wh.value.T
        Wx.grad += np.tensordot(self.xs, das, ([0, 1], [0, 1]))
        Wh.grad += np.tensordot(self.states[:, :-1], das, ([0, 1], [0, 1]))
        b.grad += das.sum(axis=(0, 1))
        return das @ Wx.value.T, dh


class RNNTimeMajor(Layer):
    """Time first inside, parameters in a dict, lists of steps."""

    def __init__(self, Wx, Wh, b):
        self.by_name = {"Wx": Wx, "Wh": Wh, "b": b}

    def forward(self, xs, state=None, *, training=False):
        p = {name: param.value for name, param in self.by_name.items()}
        h = np.zeros((xs.shape[0], p["Wh"].shape[1]), xs.dtype) if state is None else state
        self.steps = []
        for x in xs.transpose(1, 0, 2):
            new = np.tanh(x @ p["Wx"] + h @ p["Wh"] + p["b"])
            self.steps.append((x, h, new))
            h = new
        return np.array([new for _, _, new in self.steps]).transpose(1, 0, 2), h

    def backward(self, dhs, dstate=None):
        p = self.by_name
        dh = np.zeros_like(dhs[:, 0]) if dstate is None else dstate.copy()
        dxs = np.empty((*dhs.shape[:2], len(p["Wx"].value)), dhs.dtype)
        for step, (x, h, new) in reversed(list(enumerate(self.steps))):
            da = (dh + dhs[:, step]) * (1 - new**2)
            p["Wx"].grad[...] += x.T @ da
            p["Wh"].grad[...] += h.T @ da
            np.add(p["b"].grad, da.sum(0), out=p["b"].grad)
            dxs[:, step] = da @ p["Wx"].value.T
            dh = da @ p["Wh"].value.T
        return dxs, dh


class RNNWithGradParameter(Layer):
    """The gradients collected first, added to the Params at the end; the state copied."""

    def __init__(self, Wx, Wh, b):
        self.b = b
        self.Wh = Wh
        self.Wx = Wx

    def forward(self, xs, state=None, training=False):
        h = np.zeros((len(xs), self.b.value.size), dtype=xs.dtype) if state is None else state.copy()
        self.xs = xs
        self.before, self.after = [], []
        for step in range(xs.shape[1]):
            self.before.append(h)
            h = np.tanh(xs[:, step].dot(self.Wx.value) + h.dot(self.Wh.value) + self.b.value)
            self.after.append(h)
        return np.stack(self.after, 1), h

    def backward(self, dhs, dstate=None):
        total = [np.zeros_like(param.value) for param in (self.Wx, self.Wh, self.b)]
        dxs = np.zeros_like(self.xs)
        dh = np.zeros(dhs.shape[::2], dtype=dhs.dtype) if dstate is None else dstate
        step = dhs.shape[1]
        while step:
            step -= 1
            cache = (self.xs[:, step], self.before[step], self.Wx.value, self.Wh.value, self.after[step])
            dxs[:, step], dh, *new = step_backward_by_examples(dhs[:, step] + dh, cache)
            for grad, one in zip(total, new):
                grad += one
        for param, grad in zip((self.Wx, self.Wh, self.b), total):
            param.grad += grad
        return dxs, dh


class RNNInFloat64(Layer):
    """Arrays as `np.zeros(shape)` makes them, and one list for all the results of forward, used again by each call."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.hs = None

    def forward(self, xs, state=None, *, training=False):
        N, T, _ = xs.shape
        if self.hs is None or self.hs.shape[:2] != (T, N):
            self.hs = np.zeros((T, N, len(self.b.value)))
        self.xs, self.first = xs, np.zeros((N, len(self.b.value))) if state is None else state
        h = self.first
        for step in range(T):
            h = self.hs[step] = np.tanh(xs[:, step] @ self.Wx.value + h @ self.Wh.value + self.b.value)
        return self.hs.transpose(1, 0, 2), h

    def backward(self, dhs, dstate=None):
        N, T, H = dhs.shape
        dxs, dh = np.zeros((N, T, len(self.Wx.value))), np.zeros((N, H))
        dh += 0 if dstate is None else dstate
        for step in range(T)[::-1]:
            da = (dh + dhs[:, step]) * (1 - self.hs[step] ** 2)
            before = self.hs[step - 1] if step else self.first
            self.Wx.grad[...] += self.xs[:, step].T @ da
            self.Wh.grad[...] += before.T @ da
            self.b.grad[...] += da.sum(0)
            dxs[:, step], dh = da @ self.Wx.value.T, da @ self.Wh.value.T
        return dxs, dh


# --- 1.5 to 1.7 -----------------------------------------------------------------------------------------------------


class RNNWithSlots(Layer):
    """A class with slots and a generator of steps; every product and every sum goes into an array that is there."""

    __slots__ = ("Wh", "Wx", "b", "cache")

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def _steps(self, xs, h):
        for x in xs.swapaxes(0, 1):
            a = np.empty_like(h)
            np.matmul(h, self.Wh.value, out=a)
            a += x @ self.Wx.value
            a += self.b.value
            h = np.tanh(a, out=a)
            yield h

    def forward(self, xs, state=None, *, training=False):
        first = np.zeros((len(xs), len(self.b.value)), xs.dtype) if state is None else state
        hs = np.stack([*self._steps(xs, first)], axis=1)
        self.cache = xs, np.concatenate([first[:, None], hs], axis=1)
        return [hs, hs[:, -1]]

    def backward(self, dhs, dstate=None):
        xs, hs = self.cache
        das = np.empty_like(dhs)
        dh = 0 if dstate is None else dstate
        for step in range(dhs.shape[1] - 1, -1, -1):
            np.multiply(dhs[:, step] + dh, 1 - hs[:, step + 1] ** 2, out=das[:, step])
            dh = das[:, step] @ self.Wh.value.T
        np.add(self.Wx.grad, np.tensordot(xs, das, ([0, 1], [0, 1])), out=self.Wx.grad)
        self.Wh.grad[:] += np.einsum("nth,ntk->hk", hs[:, :-1], das)
        self.b.grad.__iadd__(np.add.reduce(das, axis=(0, 1)))
        return [das @ self.Wx.value.T, dh]


def norms_into_an_array(Wh, dh, steps):
    norms = np.zeros(steps)
    for step in range(steps):
        dh = np.einsum("nj,ij->ni", dh, Wh)
        norms[step] = np.sqrt(np.sum(dh**2))
    return norms


def norms_by_powers(Wh, dh, steps):
    return np.array([np.linalg.norm(dh @ np.linalg.matrix_power(Wh.T, k)) for k in range(1, steps + 1)])


def norms_of_columns(Wh, dh, steps):
    columns, norms = dh.T.copy(), np.empty(steps, dtype=dh.dtype)
    for k in range(steps):
        columns = Wh @ columns
        norms[k] = math.sqrt(float(np.vdot(columns, columns)))
    return norms


def bounds_by_norm(Wh):
    return float(np.linalg.norm(Wh, 2)), float(max(abs(np.linalg.eigvals(Wh))))


def bounds_by_gram_matrix(Wh):
    Wh = Wh.astype("float64")
    return np.sqrt(np.linalg.eigvalsh(Wh.T @ Wh)[-1]), np.abs(np.linalg.eig(Wh)[0]).max()


def bounds_as_arrays_without_axes(Wh):
    return np.array(np.linalg.norm(Wh, 2)), np.array(np.abs(np.linalg.eigvals(Wh)).max())


def bounds_as_numpy_numbers(Wh):
    return np.linalg.svd(Wh)[1].max(), np.absolute(np.linalg.eigvals(Wh.T)).max()


def predict_in_another_order(Wh):
    if np.abs(np.linalg.eigvals(Wh)).max() > 1:
        return "explodes"
    return "grows, then vanishes" if np.linalg.norm(Wh, 2) > 1 else "vanishes"


def predict_by_counting(Wh):
    sigma, rho = bounds_by_norm(Wh)
    return ("vanishes", "grows, then vanishes", "explodes")[int(sigma > 1) + int(rho > 1)]


def predict_by_measuring_powers(Wh):
    Wh = Wh.astype("float64")
    if np.linalg.svd(Wh, compute_uv=False)[0] < 1:
        return "vanishes"
    far = np.linalg.matrix_power(Wh / 1.0, 2000) if np.abs(np.linalg.eigvals(Wh)).max() < 1 else None
    return "explodes" if far is None or np.linalg.norm(far) > 1 else "grows, then vanishes"


def predict_out_of_an_array(Wh):
    sigma_max, radius = np.linalg.norm(Wh, 2), np.abs(np.linalg.eigvals(Wh)).max()
    return np.array(["vanishes", "grows, then vanishes", "explodes"])[int(sigma_max > 1) + int(radius > 1)]


def predict_an_array_without_axes(Wh):
    return np.array(predict_by_counting(Wh))


ANSWERS = {
    "1.1": (tanh_backward_by_factors, tanh_backward_by_einsum, tanh_backward_by_difference, tanh_backward_in_float64),
    "1.2": (step_by_dot, step_by_one_product, step_by_loops, step_by_exponentials),
    "1.3": (step_backward_by_einsum, step_backward_by_examples, step_backward_with_a_helper),
    "1.4": (RNNWithArrays, RNNTimeMajor, RNNWithGradParameter, RNNWithSlots, RNNInFloat64),
    "1.5": (norms_into_an_array, norms_by_powers, norms_of_columns),
    "1.6": (bounds_by_norm, bounds_by_gram_matrix, bounds_as_numpy_numbers, bounds_as_arrays_without_axes),
    "1.7": (
        predict_in_another_order,
        predict_by_counting,
        predict_by_measuring_powers,
        predict_out_of_an_array,
        predict_an_array_without_axes,
    ),
}
