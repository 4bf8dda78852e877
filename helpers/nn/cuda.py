"""The layers on a GPU, with CuPy: the only module that imports it.

`CUDA` is a third dictionary of layers for `assemble`, beside `PLAIN` and `FAST`, with the same results up to rounding.
Most of it is `FAST`, whose operations NumPy hands on to CuPy; here is what would be slow on a GPU. A step of an LSTM is
one matrix product and one kernel, forward as well as backward, and nothing waits for the GPU. Random numbers are drawn
there, from a seed that NumPy's generator draws for each array: a run that is resumed repeats the same masks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cupy
import numpy as np
from cupy.cuda import cublas, runtime
from cupy.cuda.device import get_cublas_handle
from numpy.typing import DTypeLike

from helpers.arrays import FloatArray, IntArray
from helpers.nn import FAST
from helpers.nn.base import Param
from helpers.nn.fast import FastEmbedding, FastLSTM, FastSoftmaxCrossEntropy, rows, time_major
from helpers.nn.layers import check_ids, check_shape, check_targets, needs_forward
from helpers.nn.recurrent import LSTMState, StepDropoutLSTM, VariationalLSTM

# In a kernel, i counts the values of one step, or of one array; a raw array is indexed as if it were flat.

LSTM_FORWARD = cupy.ElementwiseKernel(
    "int64 step, int64 H, bool masked, raw T masks",
    "raw T A, raw T cs, raw T tanh_cs, raw T hs, raw T inputs",
    """
    const long long j = i % H, here = step * _ind.size() + i, next = here + _ind.size(), at = 4 * (here - j) + j;
    const T one = 1, f = one / (one + exp(-A[at])), g = tanh(A[at + H]);
    const T in = one / (one + exp(-A[at + 2 * H])), o = one / (one + exp(-A[at + 3 * H]));
    const T c = f * cs[here] + g * in, t = tanh(c), h = o * t;
    A[at] = f, A[at + H] = g, A[at + 2 * H] = in, A[at + 3 * H] = o, cs[next] = c, tanh_cs[here] = t, hs[next] = h;
    if (masked) inputs[next] = h * masks[next];
    """,
    "lstm_forward",
)

LSTM_BACKWARD = cupy.ElementwiseKernel(
    "int64 step, int64 H, bool masked, raw T masks, raw T dhs, raw T dh, raw T cs, raw T tanh_cs",
    "raw T A, raw T dc",
    """
    const long long j = i % H, here = step * _ind.size() + i, next = here + _ind.size(), at = 4 * (here - j) + j;
    const T one = 1, f = A[at], g = A[at + H], in = A[at + 2 * H], o = A[at + 3 * H], t = tanh_cs[here];
    const T to_h = dhs[here] + (masked ? dh[i] * masks[next] : dh[i]), to_c = dc[i] + to_h * o * (one - t * t);
    A[at] = to_c * cs[here] * f * (one - f), A[at + H] = to_c * in * (one - g * g);
    A[at + 2 * H] = to_c * g * in * (one - in), A[at + 3 * H] = to_h * t * o * (one - o);
    dc[i] = to_c * f;
    """,
    "lstm_backward",
)

ADD_ROWS = cupy.ElementwiseKernel(
    "int64 D, raw int64 words, raw int64 starts, raw int64 order, raw T dys",
    "raw T grad",
    """
    const long long word = i / D, d = i % D;
    T total = 0;
    for (long long k = starts[word]; k < starts[word + 1]; ++k) total += dys[order[k] * D + d];
    grad[words[word] * D + d] += total;
    """,
    "add_rows",
)

RANDOM = cupy.ElementwiseKernel(
    "uint64 seed",
    "T y",
    """
    unsigned long long z = seed + (i + 1) * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    y = T((z ^ (z >> 31)) >> 40) / T(16777216);
    """,
    "draw_random",
)

SOFTMAX_GRADIENT = cupy.ElementwiseKernel(
    "T sum, int64 target, int64 V, T count", "T x", "x = (x / sum - (i % V == target)) / count", "softmax_gradient"
)

#: cuBLAS reads the factors of a product and of what it is added to from memory: 0 and 1, in each type.
_FACTORS = {char: np.array([0, 1], char) for char in "fd"}


def multiplier(left: Any, right: Any, out: Any, *, add: bool = False) -> Callable[[Any, Any], None]:
    """Prepare out = left @ right, or out += left @ right, for one `right` and many matrices like `left` and `out`.

    All are contiguous, or `right.T` is. A loop makes so many products that the time of a call counts: what is the same
    for all of them is found once.
    """
    (height, inner), width, char = left.shape, right.shape[1], out.dtype.char
    gemm = {"f": cublas.sgemm, "d": cublas.dgemm}[char]
    zero, one = (_FACTORS[char].ctypes.data + number * out.itemsize for number in (0, 1))
    # cuBLAS stores one column after another, and so sees the transpose of each matrix: outᵀ = rightᵀ leftᵀ.
    plain, transposed = cublas.CUBLAS_OP_N, cublas.CUBLAS_OP_T
    stored = (plain, width) if right.flags.c_contiguous else (transposed, inner)
    before = get_cublas_handle(), stored[0], plain, width, height, inner, one, right.data.ptr, stored[1]
    after = inner, one if add else zero

    def multiply(left: Any, out: Any) -> None:
        gemm(*before, left.data.ptr, *after, out.data.ptr, width)

    return multiply


class CudaParam(Param):
    """A `Param` on the GPU."""

    def __init__(self, value: FloatArray, name: str = "") -> None:
        super().__init__(cupy.asarray(value), name)


class CudaGenerator:
    """Draws on the GPU, by SplitMix64 (Steele, Lea & Flood 2014), from seeds that a generator of NumPy draws."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def random(self, shape: tuple[int, ...], dtype: DTypeLike) -> FloatArray:
        """Draw values from 0 up to 1, in steps of 2⁻²⁴."""
        values: FloatArray = cupy.empty(shape, dtype)
        RANDOM(int(self.rng.integers(1 << 63)), values)
        return values


class CudaEmbedding(FastEmbedding):
    """`Embedding` on the GPU, which adds the gradients of a word in the order of their positions, so always alike."""

    def forward(self, xs: IntArray, *, training: bool = False) -> FloatArray:
        """See `Embedding.forward`."""
        self.ids = check_ids(xs, len(self.E.value))
        return time_major(self.E.value[cupy.asarray(self.ids.T)])

    def backward(self, dys: FloatArray) -> None:
        """See `Embedding.backward`."""
        ids, D = needs_forward(self, self.ids), self.E.value.shape[1]
        dys = self._buffers.time_major("dys", check_shape(dys, (*ids.shape, D), "dys"))
        positions = np.argsort(ids.T, axis=None, kind="stable")
        words, starts = np.unique(ids.T.ravel()[positions], return_index=True)
        lists = (cupy.asarray(one, np.int64) for one in (words, np.append(starts, len(positions)), positions))
        ADD_ROWS(D, *lists, dys, self.E.grad, size=len(words) * D)


class CudaLSTM(FastLSTM):
    """`LSTM` on the GPU, by kernels of its own."""

    def forward(
        self, xs: FloatArray, state: LSTMState | None = None, *, training: bool = False
    ) -> tuple[FloatArray, LSTMState]:
        """See `LSTM.forward`; the state may be one of the CPU's, from a checkpoint."""
        here: Any = None if state is None else tuple(map(cupy.asarray, state))
        return super().forward(xs, here, training=training)

    def _loop_forward(
        self, A: FloatArray, inputs: FloatArray, hs: FloatArray, cs: FloatArray, tanh_cs: FloatArray
    ) -> None:
        """See `FastLSTM`; a kernel also masks its h for the next step."""
        T, N, H = tanh_cs.shape
        if self.masks is not None:
            inputs[0] = hs[0] * self.masks[0]
        multiply = multiplier(inputs[0], self.Wh.value, A[0], add=True)
        for step in range(T):
            multiply(inputs[step], A[step])
            masked = self.masks is not None and step + 1 < T
            LSTM_FORWARD(step, H, masked, self.masks if masked else hs, A, cs, tanh_cs, hs, inputs, size=N * H)

    def _loop_backward(
        self, A: FloatArray, dhs: FloatArray, cs: FloatArray, tanh_cs: FloatArray, dh: FloatArray, dc: FloatArray
    ) -> None:
        """See `FastLSTM`; a kernel also masks what arrives from the next step."""
        T, N, H = tanh_cs.shape
        multiply = multiplier(A[0], self.Wh.value.T, dh)
        for step in reversed(range(T)):
            masked = self.masks is not None and step + 1 < T
            LSTM_BACKWARD(step, H, masked, self.masks if masked else dh, dhs, dh, cs, tanh_cs, A, dc, size=N * H)
            multiply(A[step], dh)
        if self.masks is not None:
            dh *= self.masks[0]


class CudaVariationalLSTM(VariationalLSTM, CudaLSTM):
    """`VariationalLSTM` with the kernels of `CudaLSTM`."""


class CudaStepDropoutLSTM(StepDropoutLSTM, CudaLSTM):
    """`StepDropoutLSTM` with the kernels of `CudaLSTM`."""


class CudaSoftmaxCrossEntropy(FastSoftmaxCrossEntropy):
    """`SoftmaxCrossEntropy` on the GPU, which replaces the logits by their gradient, in place, during forward."""

    def forward(self, logits: FloatArray, targets: IntArray) -> float:
        """See `SoftmaxCrossEntropy.forward`; the loss is an array () on the GPU, so that nothing waits for it."""
        ids = cupy.asarray(check_targets(targets, logits).T.ravel(), np.int64)
        logits = self._buffers.time_major("logits", logits)
        x = rows(logits)
        x -= x.max(axis=1, keepdims=True)
        at_targets = x[cupy.arange(len(x)), ids]
        cupy.exp(x, out=x)
        sums = x.sum(axis=1)
        SOFTMAX_GRADIENT(sums[:, None], ids[:, None], x.shape[1], len(x), x)
        self.dlogits = time_major(logits)
        loss: float = (cupy.log(sums) - at_targets).mean(dtype=np.float64)
        return loss


#: Class name to class, for `assemble`; and two that only a device has: for its parameters, and for its random numbers.
CUDA: dict[str, type[Any]] = FAST | {
    "Embedding": CudaEmbedding,
    "LSTM": CudaLSTM,
    "VariationalLSTM": CudaVariationalLSTM,
    "StepDropoutLSTM": CudaStepDropoutLSTM,
    "SoftmaxCrossEntropy": CudaSoftmaxCrossEntropy,
    "Param": CudaParam,
    "Generator": CudaGenerator,
}


def find_device() -> str:
    """Return the name of the GPU after a first kernel, or raise a ValueError that says why none can be used."""
    try:
        name = str(runtime.getDeviceProperties(0)["name"].decode())
        cupy.exp(cupy.zeros(1))
        return name
    except runtime.CUDARuntimeError:
        driver, needed = runtime.driverGetVersion(), runtime.runtimeGetVersion() // 1000
        if 0 < driver < 1000 * needed:
            reason = f"it serves CUDA {driver // 1000}.{driver % 1000 // 10}, and this CuPy needs CUDA {needed}"
            raise ValueError(f"The driver of this GPU is too old: {reason}. Install a newer driver.") from None
        raise ValueError("No GPU was found that CUDA can use. Leave out DEVICE=cuda to train on the CPU.") from None
    except (ImportError, RuntimeError) as error:
        reason = f"{error}".partition("\n")[0].rstrip(".")
        raise ValueError(
            f"CuPy cannot use this GPU: {reason}. The extra `gpu` brings CUDA's libraries along."
        ) from None


@contextmanager
def explained() -> Iterator[None]:
    """Turn the errors of a GPU, while the ``with`` block runs, into one sentence each."""
    try:
        yield
    except cupy.cuda.memory.OutOfMemoryError:
        raise ValueError("The GPU's memory is full: end other programs on it, or take a smaller preset.") from None
    except (runtime.CUDARuntimeError, cublas.CUBLASError) as error:
        raise ValueError(f"The GPU stopped: {error}. Run the same command again to resume.") from None
