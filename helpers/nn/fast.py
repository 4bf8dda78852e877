"""Fast versions of the slowest layers: drop-in replacements with the same results, in less time and memory.

They are fast because everything that does not depend on the previous step is done for all steps at once, arrays are
time-major inside, buffers are allocated once and reused, and large arrays are processed one cache-sized block at a
time. The cost: **what forward and backward return may be a view into such a buffer, valid until the next forward**.
Copy it to keep it. The returned states are already copies.
"""

import math
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from helpers.arrays import AnyArray, FloatArray, IntArray
from helpers.nn.base import LSTM_ORDER, Param
from helpers.nn.layers import (
    Affine,
    Embedding,
    SoftmaxCrossEntropy,
    TiedAffine,
    check_ids,
    check_inputs,
    check_shape,
    check_targets,
    needs_forward,
)
from helpers.nn.recurrent import GRU, LSTM, LSTMState, StepDropoutLSTM, VariationalLSTM, first_state, first_states

#: Values processed at a time, so that a block fits in a core's cache.
BLOCK = 1 << 17


class Buffers:
    """Arrays by name, allocated once and reused; an array is replaced when a larger one is requested.

    They are made like the parameters, by NumPy or by whatever made these.
    """

    def __init__(self) -> None:
        self._flat: dict[str, FloatArray] = {}

    def get(self, name: str, shape: tuple[int, ...], like: FloatArray) -> FloatArray:
        """Return an array of this shape with undefined values, its type that of another."""
        size = math.prod(shape)
        flat = self._flat.get(name)
        if flat is None or flat.size < size or flat.dtype != like.dtype:
            flat = self._flat[name] = np.empty_like(like, shape=size)
        return flat[:size].reshape(shape)

    def time_major(self, name: str, array: FloatArray) -> FloatArray:
        """Return (N, T, M) as a contiguous (T, N, M); a copy in a buffer unless memory already has that order."""
        array = time_major(array)
        if array.flags.c_contiguous:
            return array
        copy = self.get(name, array.shape, array)
        copy[...] = array
        return copy


class Buffered:
    """Base class of the layers that have buffers of their own."""

    @cached_property
    def _buffers(self) -> Buffers:
        return Buffers()


def time_major(array: FloatArray) -> FloatArray:
    """View (N, T, M) as (T, N, M), or the reverse."""
    return array.transpose(1, 0, 2)


def rows(array: FloatArray) -> FloatArray:
    """View a contiguous (T, N, M) as (T·N, M)."""
    return array.reshape(-1, array.shape[2])


def row_blocks(array: AnyArray, size: int) -> Iterator[slice]:
    """Yield slices along the first axis, each of up to `size` values, or one row; on a GPU a single one."""
    count = max(1, size * len(array) // max(1, array.size)) if isinstance(array, np.ndarray) else len(array)
    for start in range(0, len(array), count):
        yield slice(start, min(start + count, len(array)))


def add_product(param: Param, left: FloatArray, right: FloatArray) -> None:
    """Compute grad += left @ right; a gradient of zero is overwritten, without a second array of its size."""
    if param.grad_is_zero:
        np.matmul(left, right, out=param.grad)
    else:
        param.grad += left @ right


def sum_rows(array: FloatArray) -> FloatArray:
    """Sum over axis 0, as a product: faster than ``sum`` for long rows."""
    return np.ones_like(array, shape=len(array)) @ array


class FastEmbedding(Buffered, Embedding):
    """`Embedding` with its output in a buffer, and its gradient added row by row."""

    def forward(self, xs: IntArray, *, training: bool = False) -> FloatArray:
        """See `Embedding.forward`."""
        self.ids = check_ids(xs, len(self.E.value))
        N, T = self.ids.shape
        ys = self._buffers.get("ys", (T, N, self.E.value.shape[1]), self.E.value)
        np.take(self.E.value, self.ids.T, axis=0, out=ys, mode="clip")  # already in range: "clip" avoids a copy
        return time_major(ys)

    def backward(self, dys: FloatArray) -> None:
        """See `Embedding.backward`."""
        ids = needs_forward(self, self.ids)
        check_shape(dys, (*ids.shape, self.E.value.shape[1]), "dys")
        grad = self.E.grad
        for word, dy in zip(ids.T.flat, rows(self._buffers.time_major("dys", dys))):
            row = grad[word]
            row += dy


class FastLSTM(Buffered, LSTM):
    """`LSTM` with everything except the recurrence itself moved out of the loops over time.

    Each forward allows one backward, which overwrites the stored gates with gradients.

    Example:
        >>> from helpers.nn import FastLSTM, Param
        >>> Wx, Wh, b = (Param(np.ones(shape)) for shape in [(6, 28), (7, 28), (28,)])
        >>> layer = FastLSTM(Wx, Wh, b)
        >>> hs, (h, c) = layer.forward(np.ones((2, 5, 6)))
        >>> hs.shape, h.shape, c.shape
        ((2, 5, 7), (2, 7), (2, 7))
    """

    stored: tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray] | None = None

    def forward(
        self, xs: FloatArray, state: LSTMState | None = None, *, training: bool = False
    ) -> tuple[FloatArray, LSTMState]:
        """See `LSTM.forward`."""
        h, c = first_states(state, check_inputs(xs, len(self.Wx.value)), self.Wh.value)
        (N, T, _), H = xs.shape, len(self.Wh.value)
        hs, cs = self._buffer("hs", T + 1, N, H), self._buffer("cs", T + 1, N, H)
        hs[0], cs[0] = h, c
        inputs = hs[:-1] if self.masks is None else self._buffer("masked hs", T, N, H)
        tanh_cs, A = self._buffer("tanh", T, N, H), self._buffer("A", T, N, 4 * H)
        xs = self._buffers.time_major("xs", xs)

        np.matmul(rows(xs), self.Wx.value, out=rows(A))
        A += self.b.value
        self._loop_forward(A, inputs, hs, cs, tanh_cs)
        self.stored = xs, inputs, cs, tanh_cs, A
        return time_major(hs[1:]), (hs[-1].copy(), cs[-1].copy())

    def _loop_forward(
        self, A: FloatArray, inputs: FloatArray, hs: FloatArray, cs: FloatArray, tanh_cs: FloatArray
    ) -> None:
        """Step through time; A holds xs Wx + b at first, and the gates and new memory at the end."""
        T, N, H = tanh_cs.shape
        Wh, masks, product = self.Wh.value, self.masks, self._buffer("h Wh", N, 4 * H)
        # σ(a) = (1 + tanh(a/2))/2, so one tanh computes all four blocks: the gates are halved before and after it
        half = np.repeat(np.array([1 if block == "g" else 0.5 for block in LSTM_ORDER], Wh.dtype), H)
        other_half = 1 - half
        f, g, i, o = A.reshape(T, N, 4, H).transpose(2, 0, 1, 3)
        for step in range(T):
            a, c, tanh_c = A[step], cs[step + 1], tanh_cs[step]
            if masks is not None:
                np.multiply(hs[step], masks[step], out=inputs[step])
            a += np.matmul(inputs[step], Wh, out=product)
            a *= half
            np.tanh(a, out=a)
            a *= half
            a += other_half
            np.multiply(f[step], cs[step], out=c)
            c += np.multiply(g[step], i[step], out=tanh_c)
            np.tanh(c, out=tanh_c)
            np.multiply(o[step], tanh_c, out=hs[step + 1])

    def backward(self, dhs: FloatArray, dstate: LSTMState | None = None) -> tuple[FloatArray, LSTMState]:
        """See `LSTM.backward`."""
        xs, inputs, cs, tanh_cs, A = needs_forward(self, self.stored)
        T, N, H = tanh_cs.shape
        check_shape(dhs, (N, T, H), "dhs")
        dh, dc = (part.copy() for part in first_states(dstate, dhs, self.Wh.value, "dstate"))
        self.stored = None

        self._loop_backward(A, time_major(dhs), cs, tanh_cs, dh, dc)
        dA, dxs = rows(A), self._buffer("dxs", *xs.shape)
        for param, left in (self.Wx, xs), (self.Wh, inputs):
            add_product(param, rows(left).T, dA)
        self.b.grad += sum_rows(dA)
        np.matmul(dA, self.Wx.value.T, out=rows(dxs))
        return time_major(dxs), (dh, dc)

    def _loop_backward(
        self, A: FloatArray, dhs: FloatArray, cs: FloatArray, tanh_cs: FloatArray, dh: FloatArray, dc: FloatArray
    ) -> None:
        """Step back through time; the gates in A become dA, and dh and dc become those of the first state."""
        T, N, H = tanh_cs.shape
        gates, forget = A.reshape(T, N, 4, H), self._buffer("forget", T, N, H)
        for block in row_blocks(gates, BLOCK):
            replace_by_derivatives(gates[block], cs[block], tanh_cs[block], forget[block])
        masks, product, WhT = self.masks, self._buffer("dc", N, H), self._buffer("WhT", 4 * H, H)
        WhT[...] = self.Wh.value.T
        to_memory, to_output, through_tanh = gates[:, :, :3], gates[:, :, 3], tanh_cs
        for step in reversed(range(T)):
            dh += dhs[step]
            dc += np.multiply(dh, through_tanh[step], out=product)
            np.multiply(to_memory[step], dc[:, None], out=to_memory[step])
            np.multiply(to_output[step], dh, out=to_output[step])
            dc *= forget[step]
            np.matmul(A[step], WhT, out=dh)
            if masks is not None:
                dh *= masks[step]

    def _buffer(self, name: str, *shape: int) -> FloatArray:
        return self._buffers.get(name, shape, self.Wh.value)


def replace_by_derivatives(gates: FloatArray, c_prev: FloatArray, tanh_c: FloatArray, forget: FloatArray) -> None:
    """Replace the gates (steps, N, 4, H) and tanh(c) of some steps by local derivatives; copy f to `forget`."""
    f, g, i, o = gates.transpose(2, 0, 1, 3)
    forget[...] = f
    through_tanh = (1 - tanh_c * tanh_c) * o
    through_input = i * (1 - i) * g
    f *= (1 - f) * c_prev
    g[...] = (1 - g * g) * i
    i[...] = through_input
    o *= (1 - o) * tanh_c
    tanh_c[...] = through_tanh


class FastGRU(Buffered, GRU):
    """`GRU` with everything except the recurrence itself moved out of the loops over time.

    Each forward allows one backward, which overwrites the stored gates with gradients.

    Example:
        >>> from helpers.nn import FastGRU, Param
        >>> Wx, Wh, b = (Param(np.ones(shape)) for shape in [(6, 21), (7, 21), (21,)])
        >>> hs, h = FastGRU(Wx, Wh, b).forward(np.ones((2, 5, 6)))
        >>> hs.shape, h.shape
        ((2, 5, 7), (2, 7))
    """

    stored: tuple[FloatArray, FloatArray, FloatArray, FloatArray] | None = None

    def forward(
        self, xs: FloatArray, state: FloatArray | None = None, *, training: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """See `GRU.forward`."""
        h = first_state(state, check_inputs(xs, len(self.Wx.value)), self.Wh.value)
        (N, T, _), H = xs.shape, len(self.Wh.value)
        hs, seen, A = self._buffer("hs", T + 1, N, H), self._buffer("seen", T, N, H), self._buffer("A", T, N, 3 * H)
        hs[0] = h
        xs = self._buffers.time_major("xs", xs)
        np.matmul(rows(xs), self.Wx.value, out=rows(A))
        A += self.b.value
        self._loop_forward(A, seen, hs)
        self.stored = xs, seen, hs, A
        return time_major(hs[1:]), hs[-1].copy()

    def _loop_forward(self, A: FloatArray, seen: FloatArray, hs: FloatArray) -> None:
        """Step through time; A holds xs Wx + b at first, and z, r, n at the end; `seen` becomes r ⊙ h."""
        T, N, H = seen.shape
        Whzr, Whn = self.Wh.value[:, : 2 * H].copy(), self.Wh.value[:, 2 * H :].copy()
        zr, n, product = A[:, :, : 2 * H], A[:, :, 2 * H :], self._buffer("h Whzr", N, 2 * H)
        for step in range(T):
            h, h_next = hs[step], hs[step + 1]
            np.matmul(h, Whzr, out=product)
            product += zr[step]
            product *= 0.5  # σ(a) = (1 + tanh(a/2))/2
            np.tanh(product, out=product)
            product *= 0.5
            product += 0.5
            zr[step] = product
            np.multiply(product[:, H:], h, out=seen[step])
            n[step] += np.matmul(seen[step], Whn, out=h_next)
            np.tanh(n[step], out=n[step])
            np.subtract(n[step], h, out=h_next)
            h_next *= product[:, :H]
            h_next += h

    def backward(self, dhs: FloatArray, dstate: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """See `GRU.backward`."""
        xs, seen, hs, A = needs_forward(self, self.stored)
        T, N, H = seen.shape
        check_shape(dhs, (N, T, H), "dhs")
        dh = first_state(dstate, dhs, self.Wh.value, "dstate").copy()
        self.stored = None
        self._loop_backward(A, hs[:-1], time_major(dhs), dh)

        dA, dxs, grad = rows(A), self._buffer("dxs", *xs.shape), self.Wh.grad
        add_product(self.Wx, rows(xs).T, dA)
        grad[:, : 2 * H] += rows(hs[:-1]).T @ dA[:, : 2 * H]
        grad[:, 2 * H :] += rows(seen).T @ dA[:, 2 * H :]
        self.b.grad += sum_rows(dA)
        np.matmul(dA, self.Wx.value.T, out=rows(dxs))
        return time_major(dxs), dh

    def _loop_backward(self, A: FloatArray, before: FloatArray, dhs: FloatArray, dh: FloatArray) -> None:
        """Step back through time; z, r, n become their gradients, and dh becomes that of the first state."""
        T, N, H = before.shape
        z, r, n = A.reshape(T, N, 3, H).transpose(2, 0, 1, 3)
        keep, reset = 1 - z, r.copy()
        to_z, to_r = (n - before) * z * keep, before * r * (1 - r)
        n[...] = z * (1 - n * n)
        z[...], r[...] = to_z, to_r
        WhzrT, WhnT = self.Wh.value[:, : 2 * H].T.copy(), self.Wh.value[:, 2 * H :].T.copy()
        u = self._buffer("u", N, H)
        for step in reversed(range(T)):
            dh += dhs[step]
            n[step] *= dh
            z[step] *= dh
            np.matmul(n[step], WhnT, out=u)
            r[step] *= u
            dh *= keep[step]
            u *= reset[step]
            dh += u
            dh += np.matmul(A[step, :, : 2 * H], WhzrT, out=u)

    def _buffer(self, name: str, *shape: int) -> FloatArray:
        return self._buffers.get(name, shape, self.Wh.value)


class FastVariationalLSTM(VariationalLSTM, FastLSTM):
    """`VariationalLSTM` with the loops of `FastLSTM`."""


class FastStepDropoutLSTM(StepDropoutLSTM, FastLSTM):
    """`StepDropoutLSTM` with the loops of `FastLSTM`."""


class FastAffine(Buffered, Affine):
    """`Affine` with its results in buffers."""

    def forward(self, xs: FloatArray, *, training: bool = False) -> FloatArray:
        """See `Affine.forward`."""
        W = self.weights()
        self.xs = self._buffers.time_major("xs", check_inputs(xs, len(W)))
        ys = self._buffers.get("ys", (*self.xs.shape[:2], W.shape[1]), W)
        np.matmul(rows(self.xs), W, out=rows(ys))
        ys += self.b.value
        return time_major(ys)

    def backward(self, dys: FloatArray) -> FloatArray:
        """See `Affine.backward`."""
        xs, WT = needs_forward(self, self.xs), self.weights().T
        T, N, D = xs.shape
        dys = self._buffers.time_major("dys", check_shape(dys, (N, T, len(WT)), "dys"))
        self.add_weight_gradient(rows(xs), rows(dys))
        self.b.grad += sum_rows(rows(dys))
        dxs = self._buffers.get("dxs", (T, N, D), WT)
        np.matmul(rows(dys), WT, out=rows(dxs))
        return time_major(dxs)

    def add_weight_gradient(self, xs: FloatArray, dys: FloatArray) -> None:
        """See `Affine.add_weight_gradient`."""
        add_product(self.W, xs.T, dys)


class FastTiedAffine(TiedAffine, FastAffine):
    """`TiedAffine` with its results in buffers."""

    def add_weight_gradient(self, xs: FloatArray, dys: FloatArray) -> None:
        """See `TiedAffine.add_weight_gradient`."""
        add_product(self.E, dys.T, xs)


class FastSoftmaxCrossEntropy(Buffered, SoftmaxCrossEntropy):
    """`SoftmaxCrossEntropy` that replaces the logits by their gradient, in place, during forward."""

    dlogits: FloatArray | None = None

    def forward(self, logits: FloatArray, targets: IntArray) -> float:
        """See `SoftmaxCrossEntropy.forward`; afterwards the array `logits` holds the gradient."""
        targets = check_targets(targets, logits)
        swapped = not logits.flags.c_contiguous  # as the fast layers return them
        if swapped:
            logits, targets = self._buffers.time_major("logits", logits), targets.T
        x, targets, total = rows(logits), targets.ravel(), 0.0
        for block in row_blocks(x, BLOCK):
            total += turn_into_gradient(x[block], targets[block], len(x))
        self.dlogits = time_major(logits) if swapped else logits
        return total / len(x)

    def backward(self) -> FloatArray:
        """See `SoftmaxCrossEntropy.backward`."""
        return needs_forward(self, self.dlogits)


def turn_into_gradient(x: FloatArray, targets: IntArray, count: int) -> float:
    """Replace rows of logits by (softmax - onehot) / count, and return the sum of their losses."""
    at = np.arange(len(targets)), targets
    largest = x.max(axis=1, keepdims=True)
    if np.abs(largest).max() > 50:  # otherwise exp is safe: neither infinite, nor 0 where it counts
        x -= largest
    at_targets = x[at]
    np.exp(x, out=x)
    sums = x @ np.ones(x.shape[1], x.dtype)
    x *= (1 / (sums * count))[:, None]
    x[at] -= 1 / count
    return float((np.log(sums) - at_targets).sum(dtype=np.float64))
