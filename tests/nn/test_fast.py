"""The fast layers against the plain ones: the same numbers, whatever the sizes."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.nn import FAST, PLAIN, LanguageModel, Param, assemble, create_params, fast

SIZES = st.integers(1, 7)
TOLERANCE = {"rtol": 1e-10, "atol": 1e-10}


def build_lstm(layers, name, values, seed):
    """A layer with Params of its own, and where it takes one a generator of its own."""
    rest = (0.4, np.random.default_rng(seed)) if name == "VariationalLSTM" else ()
    return layers[name](*map(Param, values), *rest)


def assert_close(got, expected):
    np.testing.assert_allclose(got, expected, **TOLERANCE)


def assert_same_gradients(first, second):
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert_close(one.grad, other.grad)


@settings(max_examples=60)
@given(N=SIZES, T=SIZES, D=SIZES, H=SIZES, seed=st.integers(0, 9), given_state=st.booleans(), training=st.booleans())
@pytest.mark.parametrize("name", ["LSTM", "VariationalLSTM"])
def test_fast_lstm_agrees_with_the_plain_one(name, N, T, D, H, seed, given_state, training):
    rng = np.random.default_rng(seed)
    values = [rng.normal(size=shape) for shape in ((D, 4 * H), (H, 4 * H), (4 * H,))]
    plain, quick = (build_lstm(layers, name, values, seed) for layers in (PLAIN, FAST))
    for steps in (T, 2 * T, T):  # buffers grow, and are used again
        xs, dhs = rng.normal(size=(N, steps, D)), rng.normal(size=(N, steps, H))
        state, dstate = (tuple(rng.normal(size=(2, N, H))) if given_state else None for _ in range(2))
        results = [layer.forward(xs, state, training=training) for layer in (plain, quick)]
        (hs, (h, c)), (quick_hs, (quick_h, quick_c)) = results
        assert_close(quick_hs, hs)
        assert_close(quick_h, h)
        assert_close(quick_c, c)
        (dxs, (dh, dc)), (quick_dxs, (quick_dh, quick_dc)) = (layer.backward(dhs, dstate) for layer in (plain, quick))
        assert_close(quick_dxs, dxs)
        assert_close(quick_dh, dh)
        assert_close(quick_dc, dc)
        assert_same_gradients(quick, plain)


@settings(max_examples=60)
@given(N=SIZES, T=SIZES, D=SIZES, H=SIZES, seed=st.integers(0, 9), given_state=st.booleans())
def test_fast_gru_agrees_with_the_plain_one(N, T, D, H, seed, given_state):
    rng = np.random.default_rng(seed)
    values = [rng.normal(size=shape) for shape in ((D, 3 * H), (H, 3 * H), (3 * H,))]
    plain, quick = (layers["GRU"](*map(Param, values)) for layers in (PLAIN, FAST))
    for steps in (T, 2 * T, T):  # buffers grow, and are used again
        xs, dhs = rng.normal(size=(N, steps, D)), rng.normal(size=(N, steps, H))
        state, dstate = rng.normal(size=(2, N, H)) if given_state else (None, None)
        for got, expected in zip(quick.forward(xs, state), plain.forward(xs, state)):
            assert_close(got, expected)
        for got, expected in zip(quick.backward(dhs, dstate), plain.backward(dhs, dstate)):
            assert_close(got, expected)
        assert_same_gradients(quick, plain)


@settings(max_examples=40)
@given(N=SIZES, T=SIZES, D=SIZES, M=SIZES, seed=st.integers(0, 9), block=st.integers(1, 40))
@pytest.mark.parametrize("name", ["Affine", "TiedAffine"])
def test_fast_affine_agrees_with_the_plain_one_in_blocks_of_any_size(name, N, T, D, M, seed, block):
    rng = np.random.default_rng(seed)
    weights, b = rng.normal(size=(D, M) if name == "Affine" else (M, D)), rng.normal(size=M)
    plain, quick = PLAIN[name](Param(weights), Param(b)), FAST[name](Param(weights), Param(b))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "BLOCK", block)
        for _ in range(2):
            xs, dys = rng.normal(size=(N, T, D)), rng.normal(size=(N, T, M))
            assert_close(quick.forward(xs), plain.forward(xs))
            assert_close(quick.backward(dys), plain.backward(dys))
            assert_same_gradients(quick, plain)


@settings(max_examples=40)
@given(
    N=SIZES,
    T=SIZES,
    V=SIZES,
    seed=st.integers(0, 9),
    block=st.integers(1, 40),
    time_major=st.booleans(),
    spread=st.sampled_from([5, 50, 5000]),  # of the mean of a row: exp of it may be 0 or infinite
)
def test_fast_loss_agrees_with_the_plain_one_in_blocks_of_any_size(N, T, V, seed, block, time_major, spread):
    rng = np.random.default_rng(seed)
    logits, targets = 5 * rng.normal(size=(N, T, V)), rng.integers(V, size=(N, T))
    logits += spread * rng.normal(size=(N, T, 1))
    plain, quick = PLAIN["SoftmaxCrossEntropy"](), FAST["SoftmaxCrossEntropy"]()
    own = np.array(logits.transpose(1, 0, 2), order="C").transpose(1, 0, 2) if time_major else logits.copy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "BLOCK", block)
        assert quick.forward(own, targets) == pytest.approx(plain.forward(logits, targets), rel=1e-10)
    assert_close(quick.backward(), plain.backward())


@settings(max_examples=30)
@given(N=SIZES, T=SIZES, V=SIZES, D=SIZES, seed=st.integers(0, 9))
def test_fast_embedding_agrees_with_the_plain_one(N, T, V, D, seed):
    rng = np.random.default_rng(seed)
    E = rng.normal(size=(V, D))
    plain, quick = PLAIN["Embedding"](Param(E)), FAST["Embedding"](Param(E))
    for _ in range(2):
        ids, dys = rng.integers(V, size=(N, T)), rng.normal(size=(N, T, D))
        assert_close(quick.forward(ids), plain.forward(ids))
        plain.backward(dys)
        quick.backward(dys)
        assert_same_gradients(quick, plain)


def test_fast_loss_works_in_the_logits_own_memory():
    buffer = np.random.default_rng(0).normal(size=(5, 2, 11))
    criterion = FAST["SoftmaxCrossEntropy"]()
    criterion.forward(buffer.transpose(1, 0, 2), np.zeros((2, 5), int))
    assert np.shares_memory(criterion.backward(), buffer)


def build(layers, dtype="float64", **options):
    params = create_params(
        13, 6, 2, np.random.default_rng(1), tied=options.pop("tied", True), forget_bias=0.5, dtype=dtype
    )
    return assemble(layers, params, np.random.default_rng(2), **options)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("dropout", ["standard", "variational"])
@pytest.mark.parametrize(("rate", "recurrent_rate"), [(0.0, 0.0), (0.4, 0.0), (0.4, 0.3)])
def test_whole_model_agrees_step_after_step(tied, dropout, rate, recurrent_rate):
    rng = np.random.default_rng(3)
    options = {"tied": tied, "dropout": dropout, "rate": rate, "recurrent_rate": recurrent_rate}
    plain, quick = build(PLAIN, **options), build(FAST, **options)
    state, quick_state = None, None
    for steps in (4, 4, 2, 5):  # a short window in between, as at the end of a pass
        xs, targets = rng.integers(13, size=(2, 3, steps))
        loss, state = plain.loss(xs, targets, state, training=True)
        quick_loss, quick_state = quick.loss(xs, targets, quick_state, training=True)
        assert quick_loss == pytest.approx(loss, rel=1e-10)
        for (h, c), (quick_h, quick_c) in zip(state, quick_state, strict=True):
            assert_close(quick_h, h)
            assert_close(quick_c, c)
        for model in (plain, quick):
            model.zero_grad()
            model.backward()
        assert_same_gradients(quick, plain)
        for model in (plain, quick):
            for param in model.parameters():
                param.value[...] -= 0.5 * param.grad
        evaluated, quick_evaluated = (model.loss(xs, targets)[0] for model in (plain, quick))
        assert quick_evaluated == pytest.approx(evaluated, rel=1e-10)


@pytest.mark.parametrize("layers", [PLAIN, FAST], ids=["plain", "fast"])
@pytest.mark.parametrize("tied", [True, False])
def test_whole_model_matches_the_numerical_gradient(layers, tied, assert_gradients_match):
    model, rng = build(layers, tied=tied), np.random.default_rng(3)
    xs, targets = rng.integers(13, size=(2, 2, 3))
    state = tuple(tuple(rng.normal(size=(2, 2, 6))) for _ in range(2))
    model.loss(xs, targets, state)
    model.backward()
    params = model.parameters()
    assert_gradients_match(
        lambda: model.loss(xs, targets, state)[0],
        {param.name: param.value for param in params},
        {param.name: param.grad for param in params},
    )


@pytest.mark.parametrize("layers", [PLAIN, FAST], ids=["plain", "fast"])
def test_whole_model_stays_in_float32(layers):
    model = build(layers, "float32", rate=0.4, recurrent_rate=0.3)
    xs = np.zeros((2, 3), int)
    logits, state = model.forward(xs, training=True)
    assert isinstance(model, LanguageModel)
    assert logits.dtype == np.float32
    model.loss(xs, xs, state, training=True)
    model.backward()
    assert {part.dtype for pair in state for part in pair} == {np.dtype("float32")}


class Recorder:
    """Stands for NumPy in `fast`, and remembers the dtype of each floating-point array that a function returns."""

    def __init__(self):
        self.found = []

    def __getattr__(self, name):
        attribute = getattr(np, name)
        return self.recording(name, attribute) if callable(attribute) and not isinstance(attribute, type) else attribute

    def recording(self, name, function):
        def call(*args, **kwargs):
            result = function(*args, **kwargs)
            if isinstance(result, np.ndarray) and np.issubdtype(result.dtype, np.floating):
                self.found.append((name, result.dtype))
            return result

        return call


@pytest.fixture
def recorder(monkeypatch):
    """The dtype of every array that the fast layers allocate, compute with NumPy's functions, or take as a buffer."""
    recorder, get = Recorder(), fast.Buffers.get
    monkeypatch.setattr(fast, "np", recorder)
    monkeypatch.setattr(
        fast.Buffers, "get", lambda self, name, *args: recorder.recording(f"buffer {name}", get)(self, name, *args)
    )
    return recorder


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("tied", [True, False])
def test_every_array_inside_the_fast_layers_has_the_dtype_of_their_inputs(dtype, tied, recorder):
    model, rng = build(FAST, dtype, tied=tied, rate=0.4, recurrent_rate=0.3), np.random.default_rng(3)
    xs, targets = rng.integers(13, size=(2, 3, 5))
    for _ in range(2):  # new buffers, then the same ones again
        model.loss(xs, targets, training=True)
        model.backward()
    # arrays from elsewhere, which need a copy in the order of memory that the fast layers use
    hs, dlogits = rng.normal(size=(3, 5, 6)).astype(dtype), rng.normal(size=(3, 5, 26)).astype(dtype)[..., ::2]
    model.output.forward(hs)
    model.output.backward(dlogits)
    model.criterion.forward(dlogits, targets)

    names = ("ys", "xs", "dys", "dxs", "logits", "hs", "masked hs", "cs", "tanh", "A", "h Wh", "forget")
    assert {name for name, _ in recorder.found} >= {f"buffer {name}" for name in names}
    assert {(name, found) for name, found in recorder.found if found != dtype} == set()


def test_a_buffer_is_used_again_unless_it_is_too_small_or_of_another_dtype():
    buffers, single = fast.Buffers(), np.zeros(1, "float32")
    first = buffers.get("a", (2, 3), single)
    assert np.shares_memory(buffers.get("a", (4,), single), first)
    assert not np.shares_memory(buffers.get("a", (7,), single), first)
    assert buffers.get("a", (7,), np.zeros(1)).dtype == np.float64


def test_a_second_backward_of_a_fast_lstm_needs_a_new_forward():
    layer = FAST["LSTM"](*(Param(np.ones(shape)) for shape in ((3, 8), (2, 8), (8,))))
    layer.forward(np.ones((1, 2, 3)))
    layer.backward(np.ones((1, 2, 2)))
    with pytest.raises(RuntimeError, match=r"FastLSTM\.backward needs a call of forward"):
        layer.backward(np.ones((1, 2, 2)))


def test_a_later_step_needs_almost_no_new_memory():
    rng = np.random.default_rng(1)
    model = assemble(FAST, create_params(3000, 20, 2, rng), rng, rate=0.5)
    xs, targets = rng.integers(3000, size=(2, 6, 10))
    tracemalloc.start()
    try:
        for _ in range(2):
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            model.zero_grad()
            model.loss(xs, targets, training=True)
            model.backward()
            needed = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    logits = 4 * xs.size * 3000
    assert needed < logits / 5


def test_a_buffer_of_single_precision_is_not_used_for_double():
    rng = np.random.default_rng(0)
    values, xs = (rng.normal(size=(3, 4)), rng.normal(size=4)), rng.normal(size=(2, 5, 3))
    plain, quick = (layers["Affine"](*map(Param, values)) for layers in (PLAIN, FAST))
    quick.forward(xs.astype("float32"))
    assert_close(quick.forward(xs), plain.forward(xs))
