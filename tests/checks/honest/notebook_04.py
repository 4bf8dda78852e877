"""Right answers to notebook 04 that look nothing like the reference."""

import numpy as np

from helpers.nn import Layer

# --- 4.1 and 4.2 ----------------------------------------------------------------------------------------------------


def memory_by_loops(dc_next, f, g, i, c_prev):
    dc_prev, df, dg, di = (np.empty_like(dc_next) for _ in range(4))
    for index, dc in np.ndenumerate(dc_next):
        dc_prev[index], df[index] = dc * f[index], dc * c_prev[index]
        dg[index], di[index] = dc * i[index], dc * g[index]
    return dc_prev, df, dg, di


def memory_in_one_product(dc_next, f, g, i, c_prev):
    return tuple(dc_next * np.stack([f, c_prev, i, g]))


def memory_by_einsum(dc_next, f, g, i, c_prev):
    return [np.einsum("nh,nh->nh", dc_next, other) for other in (f, c_prev, i, g)]


def gates_by_concatenate(df, dg, di, do, f, g, i, o):
    return np.concatenate([df * (f - f * f), dg - dg * g * g, di * (i - i * i), do * (o - o * o)], axis=1)


def gates_into_one_array(df, dg, di, do, f, g, i, o):
    N, H = f.shape
    dA = np.empty((N, 4, H), f.dtype)
    for block, (gradient, value) in enumerate(((df, f), (dg, g), (di, i), (do, o))):
        slope = (1 - value) * (1 + value) if block == 1 else value * (1 - value)
        dA[:, block] = gradient * slope
    return dA.reshape(N, 4 * H)


def _sigmoid_slope(y):
    return y - np.square(y)


def gates_with_a_helper(df, dg, di, do, f, g, i, o):
    gates = [gradient * _sigmoid_slope(value) for gradient, value in ((df, f), (di, i), (do, o))]
    return np.column_stack([gates[0], dg * (1 - g**2), gates[1], gates[2]])


# --- 4.3 ------------------------------------------------------------------------------------------------------------


def step_written_out(dh_next, dc_next, cache):
    x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next = cache
    t = np.tanh(c_next)
    dc = dc_next + dh_next * o * (1 - t * t)
    dA = np.concatenate(
        [dc * c_prev * f * (1 - f), dc * i * (1 - g * g), dc * g * i * (1 - i), dh_next * t * o * (1 - o)], axis=1
    )
    return np.dot(dA, Wx.T), np.dot(dA, Wh.T), dc * f, np.dot(x.T, dA), np.dot(h_prev.T, dA), np.sum(dA, 0)


def step_by_examples(dh_next, dc_next, cache):
    x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next = cache
    dx, dh_prev, dc_prev = np.zeros_like(x), np.zeros_like(h_prev), np.zeros_like(c_prev)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wh[0])
    for n in range(len(x)):
        t = np.tanh(c_next[n])
        dc = dc_next[n] + dh_next[n] * o[n] * (1 - t**2)
        dc_prev[n] = f[n] * dc
        blocks = c_prev[n] * f[n] * (1 - f[n]), i[n] * (1 - g[n] ** 2), g[n] * i[n] * (1 - i[n])
        dA = np.concatenate([*(dc * block for block in blocks), dh_next[n] * t * o[n] * (1 - o[n])])
        dx[n], dh_prev[n] = Wx @ dA, Wh @ dA
        dWx += np.outer(x[n], dA)
        dWh += np.outer(h_prev[n], dA)
        db += dA
    return dx, dh_prev, dc_prev, dWx, dWh, db


def step_block_by_block(dh_next, dc_next, cache):
    x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next = cache
    total = dc_next + dh_next * o / np.cosh(np.clip(c_next, -300, 300).astype("float64")) ** 2
    total = total.astype(dh_next.dtype)
    blocks = [
        total * c_prev * f * (1 - f),
        total * i * (1 - g**2),
        total * g * i * (1 - i),
        dh_next * np.tanh(c_next) * o * (1 - o),
    ]
    parts = range(4)
    dx = sum(blocks[k] @ np.split(Wx, 4, axis=1)[k].T for k in parts)
    dh_prev = sum(blocks[k] @ np.split(Wh, 4, axis=1)[k].T for k in parts)
    dWx = np.hstack([x.T @ block for block in blocks])
    dWh = np.hstack([h_prev.T @ block for block in blocks])
    return [dx, dh_prev, total * f, dWx, dWh, np.hstack([block.sum(axis=0) for block in blocks])]


def step_in_one_product(dh_next, dc_next, cache):
    x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next = cache
    tanh_c, D = np.tanh(c_next), x.shape[1]
    dc = dc_next + dh_next * o * (1 - tanh_c**2)
    dA = np.zeros((len(x), Wx.shape[1]))  # in float64, whatever comes in
    dA[:] = np.hstack([dc * c_prev, dc * i, dc * g, dh_next * tanh_c])
    dA *= np.hstack([f * (1 - f), 1 - g**2, i * (1 - i), o * (1 - o)])
    both, dW = dA @ np.vstack([Wx, Wh]).T, np.hstack([x, h_prev]).T @ dA
    return both[:, :D], both[:, D:], dc * f, dW[:D], dW[D:], np.ones(len(x)) @ dA


# --- 4.4 ------------------------------------------------------------------------------------------------------------


def _sigmoid(a):
    return (1 + np.tanh(a / 2)) / 2


def _step(x, h, c, Wx, Wh, b):
    f, g, i, o = np.split(x @ Wx + h @ Wh + b, 4, axis=1)
    f, g, i, o = _sigmoid(f), np.tanh(g), _sigmoid(i), _sigmoid(o)
    new = f * c + i * g
    return o * np.tanh(new), new, (x, h, c, Wx, Wh, f, g, i, o, new)


class LSTMWithLists(Layer):
    """Lists of steps, the steps written here."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs, state=None, *, training=False):
        zeros = np.zeros((len(xs), len(self.Wh.value)), xs.dtype)
        h, c = state or (zeros, zeros)
        self.caches, hs = [], np.empty((*xs.shape[:2], len(self.Wh.value)), xs.dtype)
        for step in range(xs.shape[1]):
            hs[:, step], c, cache = _step(xs[:, step], h, c, self.Wx.value, self.Wh.value, self.b.value)
            h = hs[:, step]
            self.caches.append(cache)
        return hs, (h.copy(), c)

    def backward(self, dhs, dstate=None):
        dh, dc = (0, 0) if dstate is None else dstate
        dxs = []
        while self.caches:
            dx, dh, dc, dWx, dWh, db = step_written_out(dhs[:, len(self.caches) - 1] + dh, dc, self.caches.pop())
            dxs.insert(0, dx)
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
        return np.stack(dxs, axis=1), (dh, dc)


class LSTMTimeMajor(Layer):
    """Time first inside, parameters in a list, the weight gradients from all steps at once."""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]

    def forward(self, xs, state=None, training=False):
        Wx, Wh, b = (param.value for param in self.params)
        h, c = [np.zeros((xs.shape[0], Wh.shape[0]), xs.dtype)] * 2 if state is None else state
        self.caches, hs = [], []
        for x in np.moveaxis(xs, 1, 0):
            h, c, cache = _step(x, h, c, Wx, Wh, b)
            self.caches.append(cache)
            hs.append(h)
        return np.moveaxis(np.array(hs), 0, 1), [h, c]

    def backward(self, dhs, dstate=None):
        dh, dc = [np.zeros_like(dhs[:, 0])] * 2 if dstate is None else dstate
        dAs, Wx, Wh, b = [], *self.params
        for step in range(dhs.shape[1] - 1, -1, -1):
            *_, c_prev, _, _, f, g, i, o, c_next = self.caches[step]
            dh, t = dh + dhs[:, step], np.tanh(c_next)
            dc = dc + dh * o * (1 - t**2)
            blocks = [dc * c_prev * f * (1 - f), dc * i * (1 - g**2), dc * g * i * (1 - i), dh * t * o * (1 - o)]
            dAs.append(np.hstack(blocks))
            dh, dc = dAs[-1] @ Wh.value.T, dc * f
        dAs = np.array(dAs[::-1])
        Wx.grad += np.einsum("tnd,tna->da", np.array([cache[0] for cache in self.caches]), dAs)
        Wh.grad += np.einsum("tnh,tna->ha", np.array([cache[1] for cache in self.caches]), dAs)
        b.grad += dAs.sum(axis=(0, 1))
        return np.moveaxis(dAs @ Wx.value.T, 0, 1), (dh, dc)


class LSTMWithZerosFirst(Layer):
    """The gradients collected first, added to the Params at the end; dxs filled from the right."""

    def __init__(self, Wx, Wh, b):
        self.Wx = Wx
        self.Wh = Wh
        self.b = b

    def forward(self, xs, state=None, *, training=False):
        N, T, _ = xs.shape
        H = self.b.value.size // 4
        h, c = np.zeros((2, N, H), dtype=xs.dtype)
        if state is not None:
            h, c = state[0].copy(), state[1].copy()
        self.T, self.kept, hs = T, {}, []
        for step in range(T):
            h, c, self.kept[step] = _step(xs[:, step], h, c, self.Wx.value, self.Wh.value, self.b.value)
            hs.append(h[:, None])
        return np.concatenate(hs, axis=1), (h, c)

    def backward(self, dhs, dstate=None):
        total = [np.zeros_like(param.value) for param in (self.Wx, self.Wh, self.b)]
        dh, dc = (np.zeros_like(dhs[:, 0]), np.zeros_like(dhs[:, 0])) if dstate is None else dstate
        dxs = np.empty((*dhs.shape[:2], len(self.Wx.value)), dhs.dtype)
        for step in reversed(range(self.T)):
            dxs[:, step], dh, dc, *new = step_by_examples(dhs[:, step] + dh, dc, self.kept[step])
            total = [old + one for old, one in zip(total, new)]
        for param, grad in zip((self.Wx, self.Wh, self.b), total):
            param.grad[...] += grad
        return dxs, (dh, dc)


class LSTMWithABuffer(Layer):
    """`hs` stands in one array, in float64, which each call writes again; the Params in a dict."""

    def __init__(self, Wx, Wh, b):
        self.params, self.hs = {"b": b, "Wh": Wh, "Wx": Wx}, None

    def forward(self, xs, state=None, *, training=False):
        shape = *xs.shape[:2], len(self.params["Wh"].value)
        h, c = state if state is not None else np.zeros((2, shape[0], shape[2]))
        if self.hs is None or self.hs.shape != shape:
            self.hs = np.empty(shape)
        self.caches = []
        for step in range(xs.shape[1]):
            h, c, cache = _step(xs[:, step], h, c, *(self.params[name].value for name in ("Wx", "Wh", "b")))
            self.hs[:, step] = h
            self.caches.append(cache)
        return self.hs, (h, c)

    def backward(self, dhs, dstate=None):
        dh, dc = dstate or (0.0, 0.0)
        dxs = np.zeros((*dhs.shape[:2], len(self.params["Wx"].value)))
        for step in range(dhs.shape[1])[::-1]:
            dxs[:, step], dh, dc, *grads = step_written_out(dhs[:, step] + dh, dc, self.caches[step])
            for name, grad in zip(("Wx", "Wh", "b"), grads):
                self.params[name].grad[:] += grad
        return dxs, [dh, dc]


def _textbook_sigmoid(a):
    return 1 / (1 + np.exp(-a))


class LSTMWithTheTextbookSigmoid(LSTMWithLists):
    """It overflows to the right 0 or 1 where values are large, and NumPy warns."""

    def forward(self, xs, state=None, *, training=False):
        Wx, Wh, b = self.Wx.value, self.Wh.value, self.b.value
        H, hs, self.caches = len(Wh), [], []
        h, c = np.zeros((2, len(xs), H), xs.dtype) if state is None else state
        for step in range(xs.shape[1]):
            a = xs[:, step] @ Wx + h @ Wh + b
            f, i, o = (_textbook_sigmoid(a[:, k * H : (k + 1) * H]) for k in (0, 2, 3))
            g, h_prev, c_prev = np.tanh(a[:, H : 2 * H]), h, c
            c = f * c + i * g
            h = o * np.tanh(c)
            hs.append(h)
            self.caches.append((xs[:, step], h_prev, c_prev, Wx, Wh, f, g, i, o, c))
        return np.stack(hs, axis=1), (h, c)


# --- 4.5 ------------------------------------------------------------------------------------------------------------


def memory_gradient_by_loop(forget_gates):
    gradient = np.empty_like(forget_gates)
    now = np.ones_like(forget_gates[0])
    for step in reversed(range(len(forget_gates))):
        gradient[step] = now
        now = now * forget_gates[step]
    return gradient


def memory_gradient_by_products(forget_gates):
    return np.array([forget_gates[step + 1 :].prod(axis=0) for step in range(len(forget_gates))])


def memory_gradient_in_float64(forget_gates):
    gradient = np.ones(forget_gates.shape)
    for step in range(len(forget_gates)):
        for later in range(step + 1, len(forget_gates)):
            gradient[step] *= forget_gates[later]
    return gradient


def memory_gradient_by_shifting(forget_gates):
    shifted = np.concatenate([forget_gates[1:], np.ones_like(forget_gates[:1])])
    return np.flip(np.cumprod(np.flip(shifted, 0), axis=0), 0)


ANSWERS = {
    "4.1": (memory_by_loops, memory_in_one_product, memory_by_einsum),
    "4.2": (gates_by_concatenate, gates_into_one_array, gates_with_a_helper),
    "4.3": (step_written_out, step_by_examples, step_block_by_block, step_in_one_product),
    "4.4": (LSTMWithLists, LSTMTimeMajor, LSTMWithZerosFirst, LSTMWithABuffer, LSTMWithTheTextbookSigmoid),
    "4.5": (
        memory_gradient_by_loop,
        memory_gradient_by_products,
        memory_gradient_by_shifting,
        memory_gradient_in_float64,
    ),
}
