"""A stand-in for CuPy and a GPU: arrays that keep apart from NumPy's as a GPU's do, and each kernel's twin in NumPy.

With `compiled`, the kernels are not the twins but the source that a GPU would run, compiled for this processor.
"""

import ctypes
import importlib
import subprocess
import sys
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.lib.stride_tricks import as_strided

REFUSED = "Implicit conversion to a NumPy array is not allowed. Please use `.get()`."


def to_device(value):
    return DeviceArray(np.array(value)) if isinstance(value, np.ndarray | np.generic) else value


def unwrap(value):
    """Return what is inside; an array of NumPy's is refused, as CuPy refuses it."""
    if isinstance(value, DeviceArray):
        return value.host
    if isinstance(value, tuple | list):
        return type(value)(map(unwrap, value))
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    return value


def unwrap_all(args, options):
    return [unwrap(arg) for arg in args], {name: unwrap(value) for name, value in options.items()}


class DeviceArray(NDArrayOperatorsMixin):
    """An array on the device: it mixes with numbers and with its like, and with no array of NumPy's."""

    def __init__(self, host):
        self.host, self.__cuda_array_interface__ = host, {}

    def __array__(self, *args, **options):
        raise TypeError(REFUSED)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        assert method == "__call__" and "where" not in options, "CuPy has no such thing"
        out = options.get("out")
        inputs, options = unwrap_all(inputs, options)
        result = getattr(ufunc, method)(*inputs, **options)
        return out[0] if out else to_device(result)

    def __array_function__(self, func, types, args, options):
        if func is np.asarray:
            (value,) = args
            return value if isinstance(value, DeviceArray) else DeviceArray(np.array(value, **options))
        assert not (func is np.take and "mode" in options), "CuPy's take has no mode"
        args, options = unwrap_all(args, options)
        result = func(*args, **options)
        return result if isinstance(result, tuple | int) else self.__class__(result)

    def __getattr__(self, name):
        if name in ("shape", "dtype", "ndim", "size", "itemsize", "flags", "strides"):
            return getattr(self.host, name)
        if name == "T":
            return DeviceArray(self.host.T)
        if name not in ("reshape", "transpose", "ravel", "copy", "astype", "sum", "max", "min", "mean"):
            raise AttributeError(name)

        def method(*args, **options):
            args, options = unwrap_all(args, options)
            return to_device_view(getattr(self.host, name)(*args, **options))

        return method

    def __getitem__(self, index):
        return to_device_view(self.host[unwrap(index)])

    def __setitem__(self, index, value):
        self.host[unwrap(index)] = unwrap(value)

    def __len__(self):
        return len(self.host)

    def __float__(self):
        return float(self.host)

    def __bool__(self):
        return bool(self.host)

    def get(self):
        return self.host.copy()

    @property
    def data(self):
        return SimpleNamespace(ptr=self.host.ctypes.data)


def to_device_view(value):
    return DeviceArray(np.asarray(value))


# --- kernels ---------------------------------------------------------------------------------------------------------


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def lstm_forward(size, step, H, masked, masks, A, cs, tanh_cs, hs, inputs):
    f, g, i, o = A[step].reshape(-1, 4, H).transpose(1, 0, 2)
    f[...], g[...], i[...], o[...] = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
    cs[step + 1] = f * cs[step] + g * i
    tanh_cs[step] = np.tanh(cs[step + 1])
    hs[step + 1] = o * tanh_cs[step]
    if masked:
        inputs[step + 1] = hs[step + 1] * masks[step + 1]


def lstm_backward(size, step, H, masked, masks, dhs, dh, cs, tanh_cs, A, dc):
    f, g, i, o = A[step].reshape(-1, 4, H).transpose(1, 0, 2)
    to_h = dhs[step] + (dh * masks[step + 1] if masked else dh)
    to_c = dc + to_h * o * (1 - tanh_cs[step] ** 2)
    dc[...] = to_c * f
    o[...] = to_h * tanh_cs[step] * o * (1 - o)
    f[...], g[...], i[...] = to_c * cs[step] * f * (1 - f), to_c * i * (1 - g * g), to_c * g * i * (1 - i)


def add_rows(size, D, words, starts, order, dys, grad):
    dys = dys.reshape(-1, D)
    for word, start, end in zip(words, starts, starts[1:], strict=False):
        grad[word] += dys[order[start:end]].sum(axis=0)


def draw_random(size, seed, y):
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, y.size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    y[...] = (((z ^ (z >> np.uint64(31))) >> np.uint64(40)) / 2.0**24).reshape(y.shape)


def softmax_gradient(size, sum, target, V, count, x):
    x[...] = (x / sum - (np.arange(V) == target)) / count


TWINS = {twin.__name__: twin for twin in (lstm_forward, lstm_backward, add_rows, draw_random, softmax_gradient)}
SCALARS = {"int64": "long long", "uint64": "unsigned long long", "bool": "bool"}
ON_THIS_PROCESSOR = """
#include <cmath>
using namespace std;
typedef {T} T;
struct Indexer {{ long long count; long long size() const {{ return count; }} }};
extern "C" void {name}({parameters}, long long _size) {{
    const Indexer _ind = {{_size}};
    for (long long i = 0; i < _size; ++i) {{ {elements} {operation}; }}
}}
"""


class Kernel:
    """A kernel that runs as its twin does, or as its source says; its arguments are checked as CuPy checks them."""

    def __init__(self, in_params, out_params, operation, name, *, folder=None):
        declared = [param.split() for param in f"{in_params}, {out_params}".split(", ")]
        self.params = [(words[-1], words[-2], "raw" in words) for words in declared]
        self.outputs = {words.split()[-1] for words in out_params.split(", ")}
        self.operation, self.name, self.folder, self.compiled = operation, name, folder, {}

    def __call__(self, *args, size=None):
        assert len(args) == len(self.params), f"{self.name} takes {len(self.params)} arguments"
        given = dict(zip([name for name, _, _ in self.params], args, strict=True))
        arrays = {name: value for name, value in given.items() if isinstance(value, DeviceArray)}
        raw = {name for name, _, is_raw in self.params if is_raw}
        assert (size is None) == bool(arrays.keys() - raw), "CuPy wants a size if, and only if, all arrays are raw"
        assert raw | self.outputs <= arrays.keys()
        types = {kind: arrays[name].dtype for name, kind, _ in self.params if name in arrays}
        for name, kind, _ in self.params:
            assert name not in arrays or arrays[name].dtype == (types["T"] if kind == "T" else np.dtype(kind)), name
            assert name in arrays or not isinstance(given[name], np.ndarray), f"{name} is not on the device"
        run = TWINS[self.name] if self.folder is None else self._run_compiled
        hosts = {name: unwrap(value) for name, value in given.items()}
        if size is None:
            shape = np.broadcast_shapes(*(arrays[name].shape for name in arrays.keys() - raw))
            assert all(arrays[name].shape == shape for name in self.outputs), "Out shape is mismatched"
            size = int(np.prod(shape))
        run(size, **hosts)

    def _run_compiled(self, size, **hosts):
        """Run the source; as on the device, what is not raw is broadcast, and the outputs are changed in place."""
        raw, args = {name for name, _, is_raw in self.params if is_raw}, []
        shape = np.broadcast_shapes(*(np.shape(host) for name, host in hosts.items() if name not in raw))
        number = next(hosts[name].dtype for name, kind, _ in self.params if kind == "T" and np.ndim(hosts[name]))
        arrays = {name for name, host in hosts.items() if isinstance(host, np.ndarray)}
        for name, kind, _ in self.params:
            if name in arrays:
                host = np.ascontiguousarray(hosts[name] if name in raw else np.broadcast_to(hosts[name], shape))
                assert name not in self.outputs or np.shares_memory(host, hosts[name])
                args.append((ctypes.c_void_p(host.ctypes.data), host))
            else:
                args.append((np.ctypeslib.as_ctypes_type(number if kind == "T" else kind)(hosts[name]), None))
        if number not in self.compiled:
            self.compiled[number] = self._compile("float" if number == np.float32 else "double", raw, arrays)
        self.compiled[number](*(value for value, _ in args), ctypes.c_longlong(size))

    def _compile(self, T, raw, arrays):
        parameters, elements = [], []
        for name, kind, _ in self.params:
            ctype = ("" if name in self.outputs else "const ") + SCALARS.get(kind, kind)
            if name not in arrays:
                parameters.append(f"{ctype} {name}")
            elif name in raw:
                parameters.append(f"{ctype}* {name}")
            else:
                parameters.append(f"{ctype}* _raw_{name}")
                elements.append(f"{ctype}& {name} = _raw_{name}[i];")
        named = {"T": T, "name": self.name, "parameters": ", ".join(parameters), "elements": " ".join(elements)}
        source = self.folder / f"{self.name}_{T}.cpp"
        library = source.with_suffix(".so")
        if not library.exists():
            source.write_text(ON_THIS_PROCESSOR.format(**named, operation=self.operation))
            subprocess.run(["c++", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
        return getattr(ctypes.CDLL(str(library)), self.name)


def gemm(ctype):
    """The product of BLAS, C = alpha op(A) op(B) + beta C, on matrices at addresses, stored column after column."""

    def at(address, step, height, width):
        flat = np.ctypeslib.as_array((ctype * (step * width)).from_address(address))
        return as_strided(flat, (height, width), (flat.itemsize, step * flat.itemsize))

    def run(handle, a_op, b_op, m, n, k, alpha, a, a_step, b, b_step, beta, c, c_step):
        alpha, beta = (ctype.from_address(address).value for address in (alpha, beta))
        left = at(a, a_step, k, m).T if a_op else at(a, a_step, m, k)
        right = at(b, b_step, n, k).T if b_op else at(b, b_step, k, n)
        out = at(c, c_step, m, n)
        out[...] = alpha * (left @ right) + (beta * out if beta else 0)

    return run


# --- the module ------------------------------------------------------------------------------------------------------


class CUDARuntimeError(RuntimeError):
    pass


class CUBLASError(RuntimeError):
    pass


class OutOfMemoryError(MemoryError):
    pass


def make(folder=None):
    """Return the modules of a CuPy, by name.

    Args:
        folder: where to compile the kernels' source; None for their twins.
    """

    def made_on_device(function):
        return lambda *args, **options: DeviceArray(function(*args, **options))

    def asarray(value, dtype=None):
        return to_device_view(np.array(value.host if isinstance(value, DeviceArray) else value, dtype))

    cupy, cuda, device = ModuleType("cupy"), ModuleType("cupy.cuda"), ModuleType("cupy.cuda.device")
    cuda.cublas = SimpleNamespace(
        sgemm=gemm(ctypes.c_float), dgemm=gemm(ctypes.c_double), CUBLAS_OP_N=0, CUBLAS_OP_T=1, CUBLASError=CUBLASError
    )
    cuda.runtime = SimpleNamespace(
        CUDARuntimeError=CUDARuntimeError,
        getDeviceProperties=lambda number: {"name": b"stand-in"},
        driverGetVersion=lambda: 12080,
        runtimeGetVersion=lambda: 12090,
        deviceSynchronize=lambda: None,
    )
    cuda.memory = SimpleNamespace(OutOfMemoryError=OutOfMemoryError)
    device.get_cublas_handle = lambda: 0
    cupy.cuda, cuda.device = cuda, device
    cupy.ElementwiseKernel = lambda *args: Kernel(*args, folder=folder)
    cupy.get_default_memory_pool = lambda: SimpleNamespace(total_bytes=lambda: 123_000_000)
    cupy.__version__ = "stand-in"
    cupy.asarray, cupy.exp, cupy.log = asarray, np.exp, np.log
    cupy.empty, cupy.zeros, cupy.arange = map(made_on_device, (np.empty, np.zeros, np.arange))
    return {"cupy": cupy, "cupy.cuda": cuda, "cupy.cuda.device": device}


@contextmanager
def imported(modules):
    """Import `helpers.nn.cuda` with these modules in the place of CuPy's, or with CuPy itself if there are none."""
    import helpers.nn

    with pytest.MonkeyPatch.context() as patch:
        for name, module in modules.items():
            patch.setitem(sys.modules, name, module)
        sys.modules.pop("helpers.nn.cuda", None)
        try:
            yield importlib.import_module("helpers.nn.cuda")
        finally:
            sys.modules.pop("helpers.nn.cuda", None)
            vars(helpers.nn).pop("cuda", None)
