"""Right answers to notebook 09 that look nothing like the reference."""

import numpy as np

from helpers.nn import Layer


def _sigmoid(a):
    return (np.tanh(a / 2) + 1) / 2


def _textbook_sigmoid(a):
    return 1 / (1 + np.exp(-a))


# --- 9.1 and 9.2 ----------------------------------------------------------------------------------------------------


def gru_in_blocks(x, h_prev, Wx, Wh, b):
    (Wxz, Wxr, Wxn), (Whz, Whr, Whn), (bz, br, bn) = (np.split(W, 3, axis=-1) for W in (Wx, Wh, b))
    z = _sigmoid(x @ Wxz + h_prev @ Whz + bz)
    r = _sigmoid(x @ Wxr + h_prev @ Whr + br)
    n = np.tanh(x @ Wxn + (r * h_prev) @ Whn + bn)
    return h_prev + z * (n - h_prev), (x, h_prev, Wx, Wh, z, r, n)


def gru_with_the_textbook_sigmoid(x, h_prev, Wx, Wh, b):
    def gate(k):
        columns = slice(k * len(Wh), (k + 1) * len(Wh))
        return _textbook_sigmoid(x @ Wx[:, columns] + h_prev @ Wh[:, columns] + b[columns])

    z, r, columns = gate(0), gate(1), slice(2 * len(Wh), None)
    n = np.tanh(x @ Wx[:, columns] + np.dot(h_prev * r, Wh[:, columns]) + b[columns])
    return z * n + h_prev - z * h_prev, (x.copy(), h_prev.copy(), Wx, Wh, z, r, n)


def gru_by_einsum(x, h_prev, Wx, Wh, b):
    H = len(Wh)
    A = np.einsum("nd,da->na", x, Wx) + b
    zr = _sigmoid(A[:, : 2 * H] + np.einsum("nh,ha->na", h_prev, Wh[:, : 2 * H]))
    z, r = zr[:, :H], zr[:, H:]
    n = np.tanh(A[:, 2 * H :] + np.einsum("nh,nh,ha->na", r, h_prev, Wh[:, 2 * H :]))
    return (1 - z) * h_prev + z * n, [x, h_prev, Wx, Wh, z, r, n]


def gru_by_rows(x, h_prev, Wx, Wh, b):
    H = len(Wh)
    z, r, n, h_next = (np.empty_like(h_prev) for _ in range(4))
    for k in range(len(x)):
        a, up = x[k] @ Wx + b, h_prev[k] @ Wh
        z[k], r[k] = _sigmoid(a[:H] + up[:H]), _sigmoid(a[H : 2 * H] + up[H : 2 * H])
        n[k] = np.tanh(a[2 * H :] + (r[k] * h_prev[k]) @ Wh[:, 2 * H :])
        h_next[k] = (1 - z[k]) * h_prev[k] + z[k] * n[k]
    return h_next, (x, h_prev, Wx, Wh, z, r, n)


def gru_backward_in_blocks(dh_next, cache):
    x, h_prev, Wx, Wh, z, r, n = cache
    Whz, Whr, Whn = np.split(Wh, 3, axis=1)
    dan = dh_next * z * (1 - n) * (1 + n)
    dreset = dan @ Whn.T
    daz = dh_next * (n - h_prev) * (z - z**2)
    dar = dreset * h_prev * (r - r**2)
    dh_prev = (1 - z) * dh_next + r * dreset + daz @ Whz.T + dar @ Whr.T
    dA = np.concatenate([daz, dar, dan], axis=1)
    dWh = np.concatenate([h_prev.T @ daz, h_prev.T @ dar, (h_prev * r).T @ dan], axis=1)
    return dA @ Wx.T, dh_prev, x.T @ dA, dWh, dA.sum(0)


def gru_backward_by_einsum(dh_next, cache):
    x, h_prev, Wx, Wh, z, r, n = cache
    H = len(Wh)
    dA = np.empty((len(x), 3 * H), x.dtype)
    dA[:, 2 * H :] = dh_next * z * (1 - n**2)
    dreset = np.einsum("na,ha->nh", dA[:, 2 * H :], Wh[:, 2 * H :])
    dA[:, :H] = dh_next * (n - h_prev) * z * (1 - z)
    dA[:, H : 2 * H] = dreset * h_prev * r * (1 - r)
    dh_prev = dh_next * (1 - z) + dreset * r + np.einsum("na,ha->nh", dA[:, : 2 * H], Wh[:, : 2 * H])
    seen = np.stack([h_prev, h_prev, r * h_prev])
    dWh = np.einsum("knh,nka->hka", seen, dA.reshape(len(x), 3, H)).reshape(H, 3 * H)
    return np.einsum("na,da->nd", dA, Wx), dh_prev, np.einsum("nd,na->da", x, dA), dWh, np.einsum("na->a", dA)


def gru_backward_by_rows(dh_next, cache):
    x, _, Wx, Wh, *_ = cache
    rows = [gru_backward_in_blocks(dh_next[k : k + 1], tuple(
        part if part is Wx or part is Wh else part[k : k + 1] for part in cache)) for k in range(len(x))]  # fmt: skip
    dx, dh_prev, *params = zip(*rows)
    return [np.concatenate(dx), np.concatenate(dh_prev), *(np.sum(grads, axis=0) for grads in params)]


# --- 9.3 ------------------------------------------------------------------------------------------------------------


class GRUWithLists(Layer):
    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs, state=None, *, training=False):
        N, T, _ = xs.shape
        h = np.zeros((N, self.Wh.value.shape[0]), xs.dtype) if state is None else state
        self.caches, out = [], []
        for step in range(T):
            h, cache = gru_in_blocks(xs[:, step], h, self.Wx.value, self.Wh.value, self.b.value)
            self.caches += [cache]
            out += [h]
        return np.stack(out, 1), h

    def backward(self, dhs, dstate=None):
        dh, dxs = 0 if dstate is None else dstate, []
        for step in range(dhs.shape[1] - 1, -1, -1):
            dx, dh, *grads = gru_backward_in_blocks(dhs[:, step] + dh, self.caches[step])
            dxs.insert(0, dx)
            for param, grad in zip((self.Wx, self.Wh, self.b), grads):
                param.grad += grad
        return np.stack(dxs, 1), dh


class GRUTimeMajor(Layer):
    """The inputs' products before the loop, the gradients of the parameters after it."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs, state=None, *, training=False):
        N, T, _ = xs.shape
        Wh, H = self.Wh.value, len(self.Wh.value)
        self.xs, A = xs, np.einsum("ntd,da->tna", xs, self.Wx.value) + self.b.value
        hs = np.empty((T + 1, N, H), xs.dtype)
        hs[0] = 0 if state is None else state
        self.zs, self.rs, self.ns = (np.empty((T, N, H), xs.dtype) for _ in range(3))
        for k in range(T):
            zr = _sigmoid(A[k, :, : 2 * H] + hs[k] @ Wh[:, : 2 * H])
            self.zs[k], self.rs[k] = zr[:, :H], zr[:, H:]
            self.ns[k] = np.tanh(A[k, :, 2 * H :] + (self.rs[k] * hs[k]) @ Wh[:, 2 * H :])
            hs[k + 1] = hs[k] + self.zs[k] * (self.ns[k] - hs[k])
        self.hs = hs
        return np.moveaxis(hs[1:], 0, 1), hs[-1]

    def backward(self, dhs, dstate=None):
        Wh, H, T = self.Wh.value, len(self.Wh.value), len(self.zs)
        dA = np.empty((T, len(dhs), 3 * H), dhs.dtype)
        dh = np.zeros_like(dhs[:, 0]) if dstate is None else dstate.copy()
        for k in reversed(range(T)):
            dh = dh + dhs[:, k]
            z, r, n, h = self.zs[k], self.rs[k], self.ns[k], self.hs[k]
            dA[k, :, 2 * H :] = dh * z * (1 - n * n)
            u = dA[k, :, 2 * H :] @ Wh[:, 2 * H :].T
            dA[k, :, :H] = dh * (n - h) * z * (1 - z)
            dA[k, :, H : 2 * H] = u * h * r * (1 - r)
            dh = dh * (1 - z) + u * r + dA[k, :, : 2 * H] @ Wh[:, : 2 * H].T
        before = self.hs[:-1]
        self.Wx.grad += np.einsum("ntd,tna->da", self.xs, dA)
        self.Wh.grad[:, : 2 * H] += np.einsum("tnh,tna->ha", before, dA[:, :, : 2 * H])
        self.Wh.grad[:, 2 * H :] += np.einsum("tnh,tna->ha", self.rs * before, dA[:, :, 2 * H :])
        self.b.grad += dA.sum(axis=(0, 1))
        return np.einsum("tna,da->ntd", dA, self.Wx.value), dh


class GRUWithADict(Layer):
    """Parameters in a dict, caches by step, results written into arrays."""

    def __init__(self, Wx, Wh, b):
        self.params = {"Wx": Wx, "Wh": Wh, "b": b}

    def forward(self, xs, state=None, *, training=False):
        values = [param.value for param in self.params.values()]
        h = state if state is not None else np.zeros((len(xs), values[1].shape[0]), dtype=xs.dtype)
        hs, self.caches = np.empty((*xs.shape[:2], h.shape[1]), xs.dtype), {}
        for step in range(xs.shape[1]):
            h, self.caches[step] = gru_by_rows(xs[:, step], h, *values)
            hs[:, step] = h
        return hs, hs[:, -1]

    def backward(self, dhs, dstate=None):
        dxs = np.empty((*dhs.shape[:2], len(self.params["Wx"].value)), dhs.dtype)
        dh = np.zeros(dhs[:, 0].shape, dhs.dtype) if dstate is None else np.array(dstate)
        for step in sorted(self.caches, reverse=True):
            dxs[:, step], dh, *grads = gru_backward_by_einsum(dh + dhs[:, step], self.caches[step])
            for name, grad in zip(("Wx", "Wh", "b"), grads):
                self.params[name].grad[...] = self.params[name].grad + grad
        return dxs, dh


ANSWERS = {
    "9.1": (gru_in_blocks, gru_by_einsum, gru_by_rows, gru_with_the_textbook_sigmoid),
    "9.2": (gru_backward_in_blocks, gru_backward_by_einsum, gru_backward_by_rows),
    "9.3": (GRUWithLists, GRUTimeMajor, GRUWithADict),
}
