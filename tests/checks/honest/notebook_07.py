"""Right answers to the exercises of notebook 07, each written in a way of its own."""

import math

import numpy as np

from helpers.nn.base import Layer
from helpers.nn.steps import lstm_step_backward, lstm_step_forward

# --- 7.1 ------------------------------------------------------------------------------------------------------------


def survive_step_by_step(rate, steps, shared_mask):
    left = 1.0
    for _ in range(1 if shared_mask else steps):
        left = left - rate * left
    return left


def survive_by_exponent(rate, steps, shared_mask):
    times = 1 if shared_mask else steps
    return math.exp(times * math.log1p(-rate))


def survive_by_product(rate, steps, shared_mask):
    keep = np.full(steps, 1 - rate)
    return float(keep[0] if shared_mask else np.prod(keep))


# --- 7.2 ------------------------------------------------------------------------------------------------------------


class SharedByWhere(Layer):
    """The features that were dropped, and no mask."""

    def __init__(self, rate, rng):
        self.p, self.generator = rate, rng

    def forward(self, xs, *, training=False):
        self.dropped = None
        if training:
            self.dropped = self.generator.random((xs.shape[0], xs.shape[2])) < self.p
        return self._through(xs)

    def _through(self, values):
        if self.dropped is None:
            return values.copy()
        return np.where(self.dropped[:, None, :], values.dtype.type(0), values / (1 - self.p))

    def backward(self, dys):
        return self._through(dys)


class SharedStepByStep(Layer):
    """A loop over the steps, each times the same mask."""

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, xs, training=False):
        N, T, D = xs.shape
        self.mask = np.ones((N, D), xs.dtype)
        if training:
            self.mask = self.rng.binomial(1, 1 - self.rate, size=(N, D)).astype(xs.dtype) / (1 - self.rate)
        return np.stack([self.mask * xs[:, step] for step in range(T)], axis=1)

    def backward(self, dys):
        return np.einsum("ntd,nd->ntd", dys, self.mask)


class SharedByRepeating(Layer):
    """A mask that is written out for every step, drawn one sequence at a time."""

    def __init__(self, rate, rng):
        self.rate, self.rng, self.mask = rate, rng, None

    def forward(self, xs, *, training=False):
        self.mask = None
        if not training:
            return xs
        rows = [self.rng.uniform(size=xs.shape[2]) >= self.rate for _ in xs]
        self.mask = (np.repeat(np.array(rows)[:, None], xs.shape[1], axis=1) / (1 - self.rate)).astype(xs.dtype)
        return xs * self.mask

    def backward(self, dys):
        return dys if self.mask is None else dys * self.mask


class SharedByInheriting(SharedStepByStep):
    """A mask of one step, drawn whatever `training` says, and features in front."""

    def forward(self, xs, training=False):
        N, _, D = xs.shape
        drawn = np.floor(self.rng.random((D, N)) + 1 - self.rate).T / (1 - self.rate)
        self.mask = (drawn if training else np.ones((N, D))).astype(xs.dtype)
        return np.moveaxis(np.moveaxis(xs, 1, 0) * self.mask, 0, 1)


# --- 7.3 ------------------------------------------------------------------------------------------------------------


def _sigmoid(a):
    return (1 + np.tanh(a / 2)) / 2


class MaskedStepByStep(Layer):
    """Everything written out, with the mask kept beside the caches."""

    def __init__(self, Wx, Wh, b, rate, rng):
        self.Wx, self.Wh, self.b, self.rate, self.rng = Wx, Wh, b, rate, rng

    def forward(self, xs, state=None, *, training=False):
        N, T, _ = xs.shape
        H = self.Wh.value.shape[0]
        if state is None:
            state = np.zeros((N, H), xs.dtype), np.zeros((N, H), xs.dtype)
        h, c = state
        self.mask = np.ones((N, H), xs.dtype)
        if training:
            self.mask = ((self.rng.random((N, H)) >= self.rate) / (1 - self.rate)).astype(xs.dtype)
        self.steps, hs = [], np.zeros((N, T, H), xs.dtype)
        for step in range(T):
            heard = h * self.mask
            a = xs[:, step] @ self.Wx.value + heard @ self.Wh.value + self.b.value
            f, g, i, o = (
                _sigmoid(a[:, :H]),
                np.tanh(a[:, H : 2 * H]),
                _sigmoid(a[:, 2 * H : 3 * H]),
                _sigmoid(a[:, 3 * H :]),
            )
            before, c = c, f * c + g * i
            h = o * np.tanh(c)
            hs[:, step] = h
            self.steps.append((xs[:, step], heard, before, c, f, g, i, o))
        return hs, (h, c)

    def backward(self, dhs, dstate=None):
        dh, dc = (0.0, 0.0) if dstate is None else dstate
        dxs = []
        for x, heard, before, c, f, g, i, o in reversed(self.steps):
            dh = dhs[:, len(self.steps) - 1 - len(dxs)] + dh
            tanh_c = np.tanh(c)
            dc = dc + dh * o * (1 - tanh_c**2)
            parts = dc * before * f * (1 - f), dc * i * (1 - g**2), dc * g * i * (1 - i), dh * tanh_c * o * (1 - o)
            da = np.concatenate(parts, axis=1)
            self.Wx.grad += x.T @ da
            self.Wh.grad += heard.T @ da
            self.b.grad += da.sum(axis=0)
            dxs.append(da @ self.Wx.value.T)
            dh, dc = (da @ self.Wh.value.T) * self.mask, dc * f
        return np.stack(dxs[::-1], axis=1), (dh, dc)


class MaskedByEinsum(MaskedStepByStep):
    """The mask as a third factor of the product; booleans drawn with `uniform`."""

    def forward(self, xs, state=None, *, training=False):
        N, Wh = len(xs), self.Wh.value
        H = len(Wh)
        h, c = [np.zeros((N, H), xs.dtype)] * 2 if state is None else state
        keep = self.rng.uniform(0, 1, (N, H)) < 1 - self.rate if training else np.ones((N, H), bool)
        self.mask = keep.astype(xs.dtype) / (1 - self.rate if training else 1)
        self.steps, hs = [], []
        for x in xs.transpose(1, 0, 2):
            a = x @ self.Wx.value + np.einsum("nh,nh,ha->na", h, self.mask, Wh) + self.b.value
            f, g, i, o = np.split(a, 4, axis=1)
            f, g, i, o = _sigmoid(f), np.tanh(g), _sigmoid(i), _sigmoid(o)
            heard, before, c = h * self.mask, c, f * c + g * i
            h = o * np.tanh(c)
            self.steps.append((x, heard, before, c, f, g, i, o))
            hs.append(h)
        return np.swapaxes(np.array(hs), 0, 1), [h, c]


class MaskedFromOneStepToTheNext(Layer):
    """The step functions, and a mask that is None outside training."""

    def __init__(self, Wx, Wh, b, rate, rng):
        self.weights, self.rate, self.rng = [Wx, Wh, b], rate, rng

    def forward(self, xs, state=None, *, training=False):
        H = len(self.weights[1].value)
        self.kept = self.rng.binomial(1, 1 - self.rate, (len(xs), H)) / (1 - self.rate) if training else None
        zeros = np.zeros((len(xs), H), xs.dtype)
        h, c = state or (zeros, zeros)
        self.caches, hs = [], []
        for step in range(xs.shape[1]):
            h, c, cache = lstm_step_forward(xs[:, step], self._heard(h), c, *(param.value for param in self.weights))
            self.caches += [cache]
            hs += [h]
        return np.stack(hs, 1), (h, c)

    def _heard(self, h):
        return h if self.kept is None else (h * self.kept).astype(h.dtype)

    def backward(self, dhs, dstate=None):
        dh, dc = dstate or (np.zeros_like(dhs[:, 0]), np.zeros_like(dhs[:, 0]))
        dxs = np.empty((*dhs.shape[:2], len(self.weights[0].value)), dhs.dtype)
        for step, cache in reversed(list(enumerate(self.caches))):
            dxs[:, step], dh, dc, *grads = lstm_step_backward(dhs[:, step] + dh, dc, cache)
            dh = self._heard(dh)
            for param, grad in zip(self.weights, grads):
                param.grad += grad
        return dxs, (dh, dc)


class MaskedWeights(Layer):
    """The mask on the rows of `Wh`, one sequence at a time, and everything in float64 and in one buffer."""

    def __init__(self, Wx, Wh, b, rate, rng):
        self.Wx, self.Wh, self.b, self.rate, self.rng = Wx, Wh, b, rate, rng

    def forward(self, xs, state=None, *, training=False):
        (N, T, _), H = xs.shape, len(self.Wh.value)
        h, c = (np.zeros((N, H)),) * 2 if state is None else state
        keep = np.where(self.rng.random((N, H)) < self.rate, 0, 1 / (1 - self.rate))
        self.rows, self.caches = keep if training else np.ones((N, H)), []
        self.hs, c = np.empty((N, T, H)), np.array(c)
        for n in range(N):
            Wh, h_n, c_n = self.rows[n][:, None] * self.Wh.value, h[n : n + 1], c[n : n + 1].copy()
            for step in range(T):
                x = xs[n : n + 1, step]
                h_n, c_n, cache = lstm_step_forward(x, h_n, c_n, self.Wx.value, Wh, self.b.value)
                self.hs[n, step] = h_n[0]
                self.caches.append(cache)
            c[n] = c_n[0]
        return self.hs, (self.hs[:, -1], c)

    def backward(self, dhs, dstate=None):
        N, T, H = dhs.shape
        dh, dc = np.zeros((2, N, H)) if dstate is None else (np.array(part, "float64") for part in dstate)
        dxs = np.empty((N, T, len(self.Wx.value)))
        for n in range(N):
            for step in reversed(range(T)):
                above = dhs[n : n + 1, step] + dh[n]
                cache = self.caches[n * T + step]
                dxs[n, step], dh[n], dc[n], dWx, dWh, db = lstm_step_backward(above, dc[n : n + 1], cache)
                self.Wx.grad += dWx
                self.Wh.grad += self.rows[n][:, None] * dWh
                self.b.grad += db
        return dxs, [dh, dc]


ANSWERS = {
    "7.1": (survive_step_by_step, survive_by_exponent, survive_by_product),
    "7.2": (SharedByWhere, SharedStepByStep, SharedByRepeating, SharedByInheriting),
    "7.3": (MaskedWeights, MaskedStepByStep, MaskedByEinsum, MaskedFromOneStepToTheNext),
}
