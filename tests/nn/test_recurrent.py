import numpy as np
import pytest

from helpers.nn import (
    GRU,
    LSTM,
    RNN,
    FastLSTM,
    Param,
    StepDropoutLSTM,
    VariationalLSTM,
)
from helpers.nn.fast import FastStepDropoutLSTM, FastVariationalLSTM

VARIATIONAL = [VariationalLSTM, FastVariationalLSTM]
WITH_DROPOUT = [*VARIATIONAL, StepDropoutLSTM, FastStepDropoutLSTM]
BLOCKS = {RNN: 1, GRU: 3, LSTM: 4, FastLSTM: 4} | dict.fromkeys(WITH_DROPOUT, 4)
LAYERS = list(BLOCKS)


def build(kind, rng, D, H, dtype="float64"):
    blocks = BLOCKS[kind]
    shapes = {"Wx": (D, blocks * H), "Wh": (H, blocks * H), "b": (blocks * H,)}
    params = [Param(rng.normal(size=shape).astype(dtype), name) for name, shape in shapes.items()]
    return kind(*params, 0.4, np.random.default_rng(4)) if kind in WITH_DROPOUT else kind(*params)


def states(kind, rng, N, H, dtype="float64"):
    """A state in the layer's form: h, or (h, c)."""
    h, c = rng.normal(size=(2, N, H)).astype(dtype)
    return (h, c) if BLOCKS[kind] == 4 else h


def parts(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("N", "T", "D", "H"), [(2, 5, 6, 7), (1, 1, 3, 2), (3, 2, 2, 1)])
def test_every_gradient_matches_the_numerical_one(kind, training, N, T, D, H, rng, run_layer, assert_gradients_match):
    layer, xs, dhs = build(kind, rng, D, H), rng.normal(size=(N, T, D)), rng.normal(size=(N, T, H))
    state, dstate = states(kind, rng, N, H), states(kind, rng, N, H)

    def loss():
        if kind in WITH_DROPOUT:
            layer.rng = np.random.default_rng(4)
        hs, after = layer.forward(xs, state, training=training)
        ends = sum((end * d).sum() for end, d in zip(parts(after), parts(dstate)))
        return float((hs * dhs).sum() + ends)

    if kind in WITH_DROPOUT:
        layer.rng = np.random.default_rng(4)
    run = run_layer(layer, xs, state, dhs, dstate, training)
    arrays = {"xs": xs} | {param.name: param.value for param in layer.parameters()}
    gradients = dict(zip(arrays, [run.dxs, *run.grads], strict=True))
    for number, (part, d) in enumerate(zip(parts(state), parts(run.before))):
        arrays[f"state {number}"], gradients[f"state {number}"] = part, d
    assert_gradients_match(loss, arrays, gradients)


@pytest.mark.parametrize("kind", LAYERS)
def test_no_state_means_zeros(kind, rng, run_layer):
    N, T, D, H = 2, 3, 4, 5
    layer, xs, dhs = build(kind, rng, D, H), rng.normal(size=(N, T, D)), rng.normal(size=(N, T, H))
    zeros = (np.zeros((N, H)), np.zeros((N, H))) if BLOCKS[kind] == 4 else np.zeros((N, H))
    without, with_zeros = run_layer(layer, xs, None, dhs, None), run_layer(layer, xs, zeros, dhs, zeros)
    np.testing.assert_array_equal(without.hs, with_zeros.hs)
    np.testing.assert_array_equal(without.dxs, with_zeros.dxs)


@pytest.mark.parametrize("kind", LAYERS)
def test_two_halves_with_the_state_carried_make_the_whole(kind, rng):
    layer, xs = build(kind, rng, 4, 5), rng.normal(size=(2, 6, 4))
    whole, end = layer.forward(xs)
    whole = whole.copy()
    first, state = layer.forward(xs[:, :3])
    first = first.copy()
    second, state = layer.forward(xs[:, 3:], state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-14)
    for part, expected in zip(parts(state), parts(end)):
        np.testing.assert_allclose(part, expected, atol=1e-14)


@pytest.mark.parametrize("kind", LAYERS)
def test_the_returned_state_is_a_copy_that_later_calls_leave_alone(kind, rng):
    layer, xs = build(kind, rng, 4, 5), rng.normal(size=(2, 3, 4))
    _, state = layer.forward(xs)
    kept = [part.copy() for part in parts(state)]
    layer.forward(-xs, state)
    layer.backward(rng.normal(size=(2, 3, 5)))
    for part, before in zip(parts(state), kept):
        np.testing.assert_array_equal(part, before)


@pytest.mark.parametrize("kind", LAYERS)
def test_backward_adds_to_the_gradients(kind, rng):
    layer, xs, dhs = build(kind, rng, 4, 5), rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 5))
    for times in (1, 2):
        layer.forward(xs)
        layer.backward(dhs)
        if times == 1:
            once = [param.grad.copy() for param in layer.parameters()]
    for param, grad in zip(layer.parameters(), once):
        np.testing.assert_allclose(param.grad, 2 * grad)


@pytest.mark.parametrize("kind", LAYERS)
def test_float32_stays_float32(kind, rng, run_layer):
    layer = build(kind, rng, 4, 5, "float32")
    xs, dhs = rng.normal(size=(2, 3, 4)).astype("float32"), rng.normal(size=(2, 3, 5)).astype("float32")
    state = states(kind, rng, 2, 5, "float32")
    for given in (None, state):
        run = run_layer(layer, xs, given, dhs, given, training=True)
        arrays = [run.hs, run.dxs, *parts(run.after), *parts(run.before), *run.grads]
        assert {array.dtype for array in arrays} == {np.dtype("float32")}


@pytest.mark.parametrize("kind", LAYERS)
def test_memory_order_makes_no_difference(kind, rng, run_layer):
    N, T, D, H = 2, 3, 4, 5
    layer, xs, dhs = build(kind, rng, D, H), rng.normal(size=(N, T, D)), rng.normal(size=(N, T, H))
    state = states(kind, rng, N, H)

    def strided(array):
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]))
        wide[..., ::2] = array
        return wide[..., ::2]

    expected = run_layer(layer, xs, state, dhs, state)
    strided_state = tuple(map(strided, state)) if isinstance(state, tuple) else strided(state)
    for order in (strided, np.asfortranarray):
        run = run_layer(layer, order(xs), strided_state, order(dhs), strided_state)
        for name in ("hs", "dxs"):
            np.testing.assert_allclose(getattr(run, name), getattr(expected, name), atol=1e-13)
        for grad, wanted in zip(run.grads, expected.grads):
            np.testing.assert_allclose(grad, wanted, atol=1e-13)


@pytest.mark.parametrize("kind", LAYERS)
def test_arguments_are_left_as_they_were(kind, rng, run_layer):
    layer, xs, dhs = build(kind, rng, 4, 5), rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 5))
    state, dstate = states(kind, rng, 2, 5), states(kind, rng, 2, 5)
    given = [xs, dhs, *parts(state), *parts(dstate), *(param.value for param in layer.parameters())]
    before = [array.copy() for array in given]
    run_layer(layer, xs, state, dhs, dstate, training=True)
    for array, expected in zip(given, before):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("kind", LAYERS)
def test_backward_before_forward_says_so(kind, rng):
    with pytest.raises(RuntimeError, match=f"{kind.__name__}.backward needs a call of forward"):
        build(kind, rng, 4, 5).backward(np.zeros((2, 3, 5)))


@pytest.mark.parametrize("kind", LAYERS)
def test_wrong_shapes_are_rejected_with_one_sentence(kind, rng):
    layer = build(kind, rng, 4, 5)
    wrong = np.zeros((3, 5))
    wrong = (wrong, wrong) if BLOCKS[kind] == 4 else wrong
    for xs in (np.zeros((2, 3, 6)), np.zeros((2, 4)), np.zeros((2, 0, 4))):
        with pytest.raises(ValueError, match=r"xs must have shape \(N, T, 4\)"):
            layer.forward(xs)
    with pytest.raises(ValueError, match=r"state.* must have shape \(2, 5\)"):
        layer.forward(np.zeros((2, 3, 4)), wrong)
    layer.forward(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match=r"dhs must have shape \(2, 3, 5\)"):
        layer.backward(np.zeros((2, 2, 5)))
    with pytest.raises(ValueError, match=r"dstate.* must have shape \(2, 5\)"):
        layer.backward(np.zeros((2, 3, 5)), wrong)


@pytest.mark.parametrize("kind", [LSTM, FastLSTM])
def test_an_lstm_asks_for_both_parts_of_its_state(kind, rng):
    with pytest.raises(ValueError, match=r"pair \(h, c\)"):
        build(kind, rng, 4, 5).forward(np.zeros((2, 3, 4)), np.zeros((2, 5)))


@pytest.mark.parametrize("kind", [LSTM, FastLSTM])
def test_an_lstm_accepts_its_state_as_a_list(kind, rng):
    layer, xs, (h, c) = build(kind, rng, 4, 5), rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 2, 5))
    expected = layer.forward(xs, (h, c))[0].copy()
    np.testing.assert_array_equal(layer.forward(xs, [h, c])[0], expected)


@pytest.mark.parametrize("kind", VARIATIONAL)
def test_the_recurrent_mask_is_one_for_all_steps_and_new_at_each_training_forward(kind, rng):
    layer, xs = build(kind, rng, 4, 50), rng.normal(size=(2, 6, 4))
    masks = []
    for _ in range(2):
        layer.forward(xs, training=True)
        masks.append(layer.masks[0])
        assert layer.masks.shape == (6, 2, 50)
        assert (layer.masks == layer.masks[0]).all()
        np.testing.assert_allclose(np.unique(layer.masks), [0, 1 / 0.6])
    assert (masks[0] != masks[1]).any()


@pytest.mark.parametrize("kind", WITH_DROPOUT)
def test_a_shared_mask_leaves_the_rows_of_hidden_units_without_a_gradient_and_fresh_masks_leave_none(kind, rng):
    layer = build(kind, rng, 4, 20)
    hs, _ = layer.forward(rng.normal(size=(1, 30, 4)), training=True)
    layer.backward(np.ones_like(hs))
    still = np.all(layer.Wh.grad == 0, axis=1)
    assert np.array_equal(still, np.all(layer.masks[:, 0] == 0, axis=0))
    assert still.any() == (kind in VARIATIONAL)


@pytest.mark.parametrize("kind", [StepDropoutLSTM, FastStepDropoutLSTM])
def test_step_dropout_draws_a_mask_for_every_step(kind, rng):
    layer, xs = build(kind, rng, 4, 50), rng.normal(size=(2, 6, 4))
    layer.forward(xs, training=True)
    assert layer.masks.shape == (6, 2, 50)
    assert all((layer.masks[step] != layer.masks[0]).any() for step in range(1, 6))
    np.testing.assert_allclose(np.unique(layer.masks), [0, 1 / 0.6])


@pytest.mark.parametrize("kind", WITH_DROPOUT)
def test_the_recurrent_mask_hides_h_from_the_product_alone(kind, rng):
    layer, xs, (h, c) = build(kind, rng, 3, 4), rng.normal(size=(1, 1, 3)), rng.normal(size=(2, 1, 4))
    hs, _ = layer.forward(xs, (h, c), training=True)
    plain = LSTM(layer.Wx, layer.Wh, layer.b)
    np.testing.assert_allclose(hs, plain.forward(xs, (h * layer.masks[0], c))[0])


@pytest.mark.parametrize("kind", WITH_DROPOUT)
def test_recurrent_dropout_is_off_when_not_training(kind, rng):
    layer, xs = build(kind, rng, 3, 4), rng.normal(size=(2, 3, 3))
    layer.forward(xs, training=True)
    hs, _ = layer.forward(xs)
    np.testing.assert_allclose(hs, LSTM(layer.Wx, layer.Wh, layer.b).forward(xs)[0])


@pytest.mark.parametrize("kind", WITH_DROPOUT)
@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, np.nan])
def test_a_rate_that_is_not_a_probability_below_one_is_rejected(kind, rate):
    params = [Param(np.zeros(shape)) for shape in ((3, 8), (2, 8), (8,))]
    with pytest.raises(ValueError, match="0 <= rate < 1"):
        kind(*params, rate, np.random.default_rng(0))
