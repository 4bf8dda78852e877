"""The layers of a GPU against the plain ones: on a GPU where there is one, and on a stand-in everywhere.

The stand-in runs each kernel's twin in NumPy, or the kernel's own source, compiled for this processor.
"""

import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.arrays import to_host
from helpers.nn import PLAIN, Param, assemble, create_params, numerical_gradient
from tests.nn import device_twin

SIZES = st.integers(1, 7)
#: A fixture's module serves all examples.
examples = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def has_device():
    try:
        import cupy

        return cupy.cuda.is_available()
    except ImportError:
        return False


needs_compiler = pytest.mark.skipif(shutil.which("c++") is None, reason="there is no C++ compiler")
#: The script that is for a GPU asks for it: there a missing one is a failure.
needs_device = pytest.mark.skipif(
    not has_device() and "COURSE_NEEDS_GPU" not in os.environ, reason="there is no GPU, or no CuPy"
)
DEVICES = [
    "twins",
    pytest.param("compiled", marks=needs_compiler),
    pytest.param("gpu", marks=[pytest.mark.gpu, needs_device]),
]


@pytest.fixture(scope="session")
def kernels(tmp_path_factory):
    """The folder of the compiled kernels."""
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture(params=DEVICES)
def cuda(request, kernels):
    """The module `helpers.nn.cuda`, on a GPU or on the stand-in."""
    folder = kernels if request.param == "compiled" else None
    with device_twin.imported({} if request.param == "gpu" else device_twin.make(folder)) as module:
        yield module


def place(cuda, *arrays):
    """Copy arrays to the device."""
    return [cuda.cupy.asarray(array) for array in arrays]


def assert_close(got, expected, rtol=1e-9):
    np.testing.assert_allclose(to_host(got), expected, rtol=rtol, atol=1e-12)


def assert_same_gradients(first, second):
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert_close(one.grad, other.grad)


def pair(cuda, name, values, *rest):
    """The plain layer, and that of the device."""
    return PLAIN[name](*map(Param, values), *rest), cuda.CUDA[name](*map(cuda.CudaParam, values), *rest)


@examples
@given(N=SIZES, T=SIZES, D=SIZES, H=SIZES, seed=st.integers(0, 9), given_state=st.booleans())
@pytest.mark.parametrize("name", ["LSTM", "VariationalLSTM", "StepDropoutLSTM"])
def test_lstm_agrees_with_the_plain_one(cuda, name, N, T, D, H, seed, given_state):
    rng = np.random.default_rng(seed)
    values = [rng.normal(size=shape) for shape in ((D, 4 * H), (H, 4 * H), (4 * H,))]
    plain, there = pair(cuda, name, values, *([] if name == "LSTM" else [0.4, rng]))
    for steps in (T, 2 * T, T):
        xs, dhs = rng.normal(size=(N, steps, D)), rng.normal(size=(N, steps, H))
        state, dstate = (tuple(rng.normal(size=(2, N, H))) if given_state else None for _ in range(2))
        if name != "LSTM":
            masks = plain.draw_masks(steps, N, H, xs.dtype)
            plain.draw_masks = lambda *_, masks=masks: masks
            there.draw_masks = lambda *_, masks=masks: cuda.cupy.asarray(masks)
        hs, after = plain.forward(xs, state, training=True)
        got_hs, got_after = there.forward(*place(cuda, xs), state and tuple(place(cuda, *state)), training=True)
        dxs, before = plain.backward(dhs, dstate)
        got_dxs, got_before = there.backward(*place(cuda, dhs), dstate and tuple(place(cuda, *dstate)))
        for got, expected in zip((got_hs, *got_after, got_dxs, *got_before), (hs, *after, dxs, *before), strict=True):
            assert_close(got, expected)
        assert_same_gradients(there, plain)
        vars(plain).pop("draw_masks", None)


def test_an_lstm_takes_up_a_state_from_a_checkpoint(cuda, rng):
    values, xs, state = [rng.normal(size=shape) for shape in ((3, 8), (2, 8), (8,))], rng.normal(size=(4, 5, 3)), None
    plain, there = pair(cuda, "LSTM", values)
    state = tuple(rng.normal(size=(2, 4, 2)))
    assert_close(there.forward(*place(cuda, xs), state)[0], plain.forward(xs, state)[0])


@examples
@given(N=SIZES, T=SIZES, D=SIZES, H=SIZES, seed=st.integers(0, 9))
def test_gru_agrees_with_the_plain_one_without_kernels_of_its_own(cuda, N, T, D, H, seed):
    rng = np.random.default_rng(seed)
    plain, there = pair(cuda, "GRU", [rng.normal(size=shape) for shape in ((D, 3 * H), (H, 3 * H), (3 * H,))])
    xs, dhs = rng.normal(size=(N, T, D)), rng.normal(size=(N, T, H))
    for got, expected in zip(there.forward(*place(cuda, xs)), plain.forward(xs), strict=True):
        assert_close(got, expected)
    for got, expected in zip(there.backward(*place(cuda, dhs)), plain.backward(dhs), strict=True):
        assert_close(got, expected)
    assert_same_gradients(there, plain)


@examples
@given(N=SIZES, T=SIZES, V=SIZES, D=SIZES, seed=st.integers(0, 9))
def test_embedding_agrees_with_the_plain_one(cuda, N, T, V, D, seed):
    rng = np.random.default_rng(seed)
    plain, there = pair(cuda, "Embedding", [rng.normal(size=(V, D))])
    for _ in range(2):
        ids, dys = rng.integers(V, size=(N, T)), rng.normal(size=(N, T, D))
        assert_close(there.forward(ids), plain.forward(ids))
        plain.backward(dys)
        there.backward(*place(cuda, dys))
        assert_same_gradients(there, plain)


@examples
@given(N=SIZES, T=SIZES, D=SIZES, M=SIZES, seed=st.integers(0, 9))
@pytest.mark.parametrize("name", ["Affine", "TiedAffine"])
def test_affine_agrees_with_the_plain_one(cuda, name, N, T, D, M, seed):
    rng = np.random.default_rng(seed)
    weights, b = rng.normal(size=(D, M) if name == "Affine" else (M, D)), rng.normal(size=M)
    plain, there = pair(cuda, name, [weights, b])
    for _ in range(2):
        xs, dys = rng.normal(size=(N, T, D)), rng.normal(size=(N, T, M))
        assert_close(there.forward(*place(cuda, xs)), plain.forward(xs))
        assert_close(there.backward(*place(cuda, dys)), plain.backward(dys))
        assert_same_gradients(there, plain)


@examples
@given(N=SIZES, T=SIZES, V=SIZES, seed=st.integers(0, 9), spread=st.sampled_from([5, 50, 5000]))
def test_loss_agrees_with_the_plain_one(cuda, N, T, V, seed, spread):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=(N, T, V)) + spread * rng.normal(size=(N, T, 1)), rng.integers(V, size=(N, T))
    plain, there = PLAIN["SoftmaxCrossEntropy"](), cuda.CUDA["SoftmaxCrossEntropy"]()
    assert float(there.forward(*place(cuda, logits), targets)) == pytest.approx(plain.forward(logits, targets), 1e-9)
    assert_close(there.backward(), plain.backward())


def build(cuda, layers, dtype="float64", **options):
    params = create_params(13, 6, options.pop("depth", 2), np.random.default_rng(1), forget_bias=0.5, dtype=dtype)
    rng = np.random.default_rng(2)
    if layers is cuda.CUDA:
        params, rng = {name: cuda.CudaParam(p.value, name) for name, p in params.items()}, cuda.CudaGenerator(rng)
    return assemble(layers, params, rng, **options)


def test_whole_model_agrees_step_after_step(cuda, rng):
    plain, there = (build(cuda, layers, activation_penalty=1.0, change_penalty=1.0) for layers in (PLAIN, cuda.CUDA))
    state = there_state = None
    for steps in (4, 4, 2, 5):
        xs, targets = rng.integers(13, size=(2, 3, steps))
        loss, state = plain.loss(xs, targets, state, training=True)
        there_loss, there_state = there.loss(xs, targets, there_state, training=True)
        assert float(there_loss) == pytest.approx(loss, rel=1e-9)
        plain.backward()
        there.backward()
        assert_same_gradients(there, plain)


@pytest.mark.parametrize("dropout", ["standard", pytest.param("variational", marks=pytest.mark.slow)])
def test_gradients_under_dropout_match_numerical_ones(cuda, rng, dropout):
    model = build(cuda, cuda.CUDA, dropout=dropout, rate=0.4, recurrent_rate=0.3)
    xs, targets = rng.integers(13, size=(2, 3, 4))

    def loss():
        for layer in model.body.layers:
            if hasattr(layer, "rng"):
                layer.rng = cuda.CudaGenerator(np.random.default_rng(5))  # the same masks every time
        return float(model.loss(xs, targets, training=True)[0])

    loss()
    model.zero_grad()
    model.backward()
    for param in model.parameters():
        values = to_host(param.value)

        def loss_at(changed, param=param):
            param.value[...] = cuda.cupy.asarray(changed)
            return loss()

        expected = numerical_gradient(loss_at, values.copy())
        param.value[...] = cuda.cupy.asarray(values)
        np.testing.assert_allclose(to_host(param.grad), expected, rtol=1e-6, atol=1e-8, err_msg=param.name)


def test_random_numbers_repeat_are_even_and_leave_no_order(cuda):
    generators = [cuda.CudaGenerator(np.random.default_rng(seed)) for seed in (0, 0, 1)]
    drawn = [to_host(generator.random((200, 500), np.float32)) for generator in generators]
    assert (drawn[0] == drawn[1]).all() and (drawn[0] != drawn[2]).mean() > 0.99
    for values in drawn[1:]:
        assert values.min() >= 0 and values.max() < 1
        counts = np.histogram(values, 20, (0, 1))[0]
        assert ((counts - 5000) ** 2 / 5000).sum() < 60  # χ² with 19 degrees of freedom: 1 in a million is above
        flat = values.ravel()
        for lag in (1, 2, 500):
            assert abs(np.corrcoef(flat[:-lag], flat[lag:])[0, 1]) < 0.02
    assert abs(np.corrcoef(drawn[1].ravel(), drawn[2].ravel())[0, 1]) < 0.02


def test_a_parameter_of_the_device_comes_back_as_it_was(cuda, rng):
    values = rng.normal(size=(3, 4)).astype("float32")
    param = cuda.CudaParam(values, "W")
    assert not isinstance(param.value, np.ndarray) and (to_host(param.value) == values).all()
    assert param.grad.shape == (3, 4) and param.name == "W"


# --- what a GPU can refuse -------------------------------------------------------------------------------------------


@pytest.fixture
def broken():
    """The module, and the stand-in's runtime to break."""
    modules = device_twin.make()
    with device_twin.imported(modules) as cuda:
        yield SimpleNamespace(cuda=cuda, runtime=modules["cupy.cuda"].runtime)


def fail(*arguments):
    raise device_twin.CUDARuntimeError("cudaErrorInsufficientDriver: CUDA driver version is insufficient")


def test_a_device_has_a_name(broken):
    assert broken.cuda.find_device() == "stand-in"


@pytest.mark.parametrize(
    ("driver", "message"),
    [
        (0, r"No GPU was found that CUDA can use\. Leave out DEVICE=cuda"),
        (12020, r"No GPU was found that CUDA can use\."),
        (11040, r"too old: it serves CUDA 11\.4, and this CuPy needs CUDA 12\. Install a newer driver"),
    ],
    ids=["no driver", "no card", "old driver"],
)
def test_what_is_missing_is_said_in_one_sentence(broken, driver, message):
    broken.runtime.getDeviceProperties, broken.runtime.driverGetVersion = fail, lambda: driver
    with pytest.raises(ValueError, match=message):
        broken.cuda.find_device()


def test_a_cupy_without_cudas_libraries_says_what_has_them(broken, monkeypatch):
    def fail_to_compile(array):
        raise RuntimeError("CuPy failed to load libnvrtc.so.12: no such file.\nMore lines.")

    monkeypatch.setattr(broken.cuda.cupy, "exp", fail_to_compile)
    with pytest.raises(
        ValueError, match=r"this GPU: CuPy failed to load libnvrtc\.so\.12: no such file\. The extra `gpu`"
    ):
        broken.cuda.find_device()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (device_twin.OutOfMemoryError(), "memory is full"),
        (device_twin.CUDARuntimeError("cudaErrorLaunchFailure"), r"The GPU stopped: cudaErrorLaunchFailure\. Run"),
        (device_twin.CUBLASError("CUBLAS_STATUS_EXECUTION_FAILED"), "stopped: CUBLAS_STATUS_EXECUTION_FAILED"),
    ],
    ids=["memory", "kernel", "product"],
)
def test_errors_of_a_device_are_explained(broken, error, message):
    with pytest.raises(ValueError, match=message), broken.cuda.explained():
        raise error
