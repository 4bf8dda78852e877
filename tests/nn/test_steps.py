import inspect

import numpy as np
import pytest

from helpers.nn import functional, steps

N, D, H = 2, 6, 7


@pytest.fixture
def draw(rng):
    return lambda *shape: rng.normal(size=shape)


@pytest.mark.parametrize(
    ("forward", "backward", "blocks"),
    [
        (steps.rnn_step_forward, steps.rnn_step_backward, 1),
        (steps.gru_step_forward, steps.gru_step_backward, 3),
    ],
)
@pytest.mark.parametrize(("n", "d", "h"), [(N, D, H), (1, 3, 1), (3, 1, 2)])
def test_backward_matches_the_numerical_gradient(forward, backward, blocks, n, d, h, draw, assert_gradients_match):
    arrays = {
        "x": draw(n, d),
        "h_prev": draw(n, h),
        "Wx": draw(d, blocks * h),
        "Wh": draw(h, blocks * h),
        "b": draw(blocks * h),
    }
    dh_next = draw(n, h)
    gradients = backward(dh_next, forward(**arrays)[1])
    assert_gradients_match(
        lambda: float((forward(**arrays)[0] * dh_next).sum()), arrays, dict(zip(arrays, gradients, strict=True))
    )


@pytest.mark.parametrize(("n", "d", "h"), [(N, D, H), (1, 3, 1), (3, 1, 2)])
def test_lstm_backward_matches_the_numerical_gradient(n, d, h, draw, assert_gradients_match):
    arrays = {
        "x": draw(n, d),
        "h_prev": draw(n, h),
        "c_prev": draw(n, h),
        "Wx": draw(d, 4 * h),
        "Wh": draw(h, 4 * h),
        "b": draw(4 * h),
    }
    dh_next, dc_next = draw(n, h), draw(n, h)

    def loss():
        h_next, c_next, _ = steps.lstm_step_forward(**arrays)
        return float((h_next * dh_next + c_next * dc_next).sum())

    gradients = steps.lstm_step_backward(dh_next, dc_next, steps.lstm_step_forward(**arrays)[2])
    assert_gradients_match(loss, arrays, dict(zip(arrays, gradients, strict=True)))


def test_memory_backward_matches_the_numerical_gradient(draw, assert_gradients_match):
    arrays = {name: draw(N, H) for name in ("c_prev", "f", "g", "i")}
    dc_next = draw(N, H)
    gradients = steps.memory_backward(dc_next, arrays["f"], arrays["g"], arrays["i"], arrays["c_prev"])
    assert_gradients_match(
        lambda: float((dc_next * (arrays["f"] * arrays["c_prev"] + arrays["g"] * arrays["i"])).sum()),
        arrays,
        dict(zip(arrays, gradients, strict=True)),
    )


def test_gates_backward_matches_the_numerical_gradient(draw, assert_gradients_match):
    A, upstream = draw(N, 4 * H), [draw(N, H) for _ in range(4)]

    def gates():
        f, g, i, o = np.split(A, 4, axis=1)
        return functional.sigmoid(f), np.tanh(g), functional.sigmoid(i), functional.sigmoid(o)

    def loss():
        return float(sum((gate * d).sum() for gate, d in zip(gates(), upstream)))

    assert_gradients_match(loss, {"A": A}, {"A": steps.gates_backward(*upstream, *gates())})


def test_the_four_gates_one_by_one_make_the_fused_step(draw):
    x, h_prev, c_prev, Wx, Wh, b = draw(N, D), draw(N, H), draw(N, H), draw(D, 4 * H), draw(H, 4 * H), draw(4 * H)
    block = dict(zip("fgio", zip(np.split(Wx, 4, axis=1), np.split(Wh, 4, axis=1), np.split(b, 4))))
    kept = steps.forget_gate(x, h_prev, c_prev, *block["f"])
    whole, g = steps.new_memory(x, h_prev, kept, *block["g"])
    np.testing.assert_allclose(whole, kept + g)
    c_next = kept + steps.input_gate(x, h_prev, g, *block["i"])
    h_next = steps.output_gate(x, h_prev, c_next, *block["o"])
    fused_h, fused_c, _ = steps.lstm_step_forward(x, h_prev, c_prev, Wx, Wh, b)
    np.testing.assert_allclose(h_next, fused_h)
    np.testing.assert_allclose(c_next, fused_c)


def test_caches_hold_what_the_exercises_say(draw):
    x, h_prev, c_prev = draw(N, D), draw(N, H), draw(N, H)
    Wx, Wh, b = draw(D, H), draw(H, H), draw(H)
    h_next, cache = steps.rnn_step_forward(x, h_prev, Wx, Wh, b)
    assert all(kept is given for kept, given in zip(cache, (x, h_prev, Wx, Wh, h_next), strict=True))
    Wx, Wh, b = draw(D, 4 * H), draw(H, 4 * H), draw(4 * H)
    h_next, c_next, cache = steps.lstm_step_forward(x, h_prev, c_prev, Wx, Wh, b)
    f, g, i, o = cache[5:9]
    assert all(kept is given for kept, given in zip(cache[:5], (x, h_prev, c_prev, Wx, Wh), strict=True))
    assert cache[9] is c_next
    np.testing.assert_allclose(c_next, f * c_prev + g * i)
    np.testing.assert_allclose(h_next, o * np.tanh(c_next))
    Wx, Wh, b = draw(D, 3 * H), draw(H, 3 * H), draw(3 * H)
    h_next, cache = steps.gru_step_forward(x, h_prev, Wx, Wh, b)
    z, _, n = cache[4:]
    assert all(kept is given for kept, given in zip(cache[:4], (x, h_prev, Wx, Wh), strict=True))
    np.testing.assert_allclose(h_next, (1 - z) * h_prev + z * n)


def test_the_gru_resets_before_the_product(draw):
    x, h_prev, Wx, Wh = np.zeros((N, D)), draw(N, H), draw(D, 3 * H), draw(H, 3 * H)
    b = np.repeat([100.0, -100.0, 0.0], H)  # z = 1 takes all of n, r = 0 hides all of h_prev from it
    h_next, _ = steps.gru_step_forward(x, h_prev, Wx, Wh, b)
    np.testing.assert_allclose(h_next, np.zeros((N, H)), atol=1e-12)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_a_step_keeps_float32(name, draw):
    blocks = {"rnn": 1, "lstm": 4, "gru": 3}[name]
    states = 2 if name == "lstm" else 1
    arrays = [
        draw(N, D),
        *(draw(N, H) for _ in range(states)),
        draw(D, blocks * H),
        draw(H, blocks * H),
        draw(blocks * H),
    ]
    arrays = [array.astype(np.float32) for array in arrays]
    *outputs, cache = getattr(steps, f"{name}_step_forward")(*arrays)
    gradients = getattr(steps, f"{name}_step_backward")(*outputs, cache)
    assert {array.dtype for array in (*outputs, *cache, *gradients)} == {np.dtype("float32")}


def test_no_step_is_longer_than_a_learner_would_write():
    for name, function in inspect.getmembers(steps, inspect.isfunction):
        if function.__module__ == steps.__name__:
            body = inspect.getsource(function).split('"""')[2].strip().splitlines()
            assert len(body) <= (22 if name.endswith("backward") else 15), name
