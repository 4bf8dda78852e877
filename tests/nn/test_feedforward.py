"""The feed-forward n-gram model: what its window sees, and its gradients."""

import numpy as np
import pytest

from helpers.nn.feedforward import Tanh, WordWindow


def test_a_window_holds_the_last_words_the_oldest_first():
    xs = np.arange(1.0, 5).reshape(1, 4, 1)
    ys, state = WordWindow(3).forward(xs)
    assert ys[0].tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert state[0, :, 0].tolist() == [3, 4]


def test_a_stream_in_pieces_gives_what_the_whole_gives():
    rng = np.random.default_rng(0)
    xs, layer, state, pieces = rng.normal(size=(2, 9, 3)), WordWindow(4), None, []
    for begin in range(0, 9, 2):  # pieces shorter than the window
        ys, state = layer.forward(xs[:, begin : begin + 2], state)
        pieces.append(ys)
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), layer.forward(xs)[0])


@pytest.mark.parametrize(("words", "steps"), [(1, 3), (3, 5), (4, 2)])
def test_the_gradients_of_a_window_match_the_numerical_ones(words, steps, assert_gradients_match):
    rng = np.random.default_rng(0)
    xs, state = rng.normal(size=(2, steps, 3)), rng.normal(size=(2, words - 1, 3))
    dys, dstate = rng.normal(size=(2, steps, 3 * words)), rng.normal(size=(2, words - 1, 3))
    layer = WordWindow(words)

    def loss():
        ys, after = layer.forward(xs, state)
        return float((ys * dys).sum() + (after * dstate).sum())

    layer.forward(xs, state)
    dxs, before = layer.backward(dys, dstate)
    assert_gradients_match(loss, {"dxs": xs, "dstate": state}, {"dxs": dxs, "dstate": before})


def test_the_gradient_of_tanh_matches_the_numerical_one(assert_gradients_match):
    rng = np.random.default_rng(0)
    xs, dys, layer = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4)), Tanh()
    layer.forward(xs)
    dxs = layer.backward(dys)
    assert_gradients_match(lambda: float((layer.forward(xs) * dys).sum()), {"dxs": xs}, {"dxs": dxs})


def test_a_window_is_recurrent_and_a_tanh_is_not():
    assert WordWindow(2).recurrent and not Tanh().recurrent


def test_an_empty_window_and_a_wrong_state_are_refused():
    with pytest.raises(ValueError, match="at least 1 word: got 0"):
        WordWindow(0)
    with pytest.raises(ValueError, match=r"state must have shape \(2, 2, 3\)"):
        WordWindow(3).forward(np.ones((2, 5, 3)), np.ones((2, 1, 3)))


@pytest.mark.parametrize("layer", [WordWindow(2), Tanh()])
def test_backward_needs_a_forward_before_it(layer):
    with pytest.raises(RuntimeError, match="forward before it"):
        layer.backward(np.ones((1, 2, 4)))
