import warnings

import numpy as np
import pytest

from helpers.nn import dropout_mask, log_softmax, numerical_gradient, sample_next, sigmoid, softmax, tanh_backward


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sigmoid_is_right_and_silent_far_out(dtype):
    a = np.array([-1000, -30, -1, 0, 1, 30, 1000], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = sigmoid(a)
    assert y.dtype == dtype
    assert y[0] == 0
    assert y[-1] == 1
    np.testing.assert_allclose(y[1:-1], 1 / (1 + np.exp(-a[1:-1].astype(float))), rtol=0, atol=np.finfo(dtype).eps)


def test_tanh_backward_matches_the_numerical_gradient(rng):
    a, dout = rng.normal(size=(2, 3, 4))
    numerical = numerical_gradient(lambda a: float((np.tanh(a) * dout).sum()), a)
    np.testing.assert_allclose(tanh_backward(dout, np.tanh(a)), numerical, atol=1e-9)


def test_softmax_sums_to_one_and_survives_huge_logits():
    probabilities = softmax(np.array([[1e4, 0.0, -1e4], [1.0, 2.0, 3.0]]))
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1)
    np.testing.assert_allclose(probabilities[1], np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum())
    assert probabilities[0, 0] == 1


def test_log_softmax_is_finite_where_the_probability_underflows():
    logits = np.array([[0.0, 5000.0]])
    np.testing.assert_allclose(log_softmax(logits), [[-5000, 0]])
    small = np.array([[0.5, -1.0, 2.0]])
    np.testing.assert_allclose(log_softmax(small), np.log(softmax(small)))


def test_softmax_and_its_logarithm_keep_float32():
    logits = np.array([[1.0, 2.0, 3.0]], np.float32)
    assert softmax(logits).dtype == log_softmax(logits).dtype == np.float32


def test_sample_next_draws_with_the_frequencies_of_the_softmax(rng):
    logits, temperature, draws = np.array([2.0, 1.0, 0.0, -1.0]), 1.5, 20_000
    counts = np.bincount([sample_next(logits, temperature, rng) for _ in range(draws)], minlength=4)
    expected = softmax(logits / temperature)
    errors = np.sqrt(expected * (1 - expected) / draws)
    assert (np.abs(counts / draws - expected) < 5 * errors).all()


@pytest.mark.parametrize("temperature", [0, 1e-320, 1e-9])
def test_sample_next_takes_the_most_likely_word_as_the_temperature_goes_to_zero(temperature, rng):
    word = sample_next(np.array([-1e30, 3.0, 2.0], np.float32), temperature, rng)
    assert word == 1
    assert type(word) is int


def test_sample_next_never_draws_a_word_with_a_score_of_minus_infinity(rng):
    logits = np.array([-np.inf, 0.0, -np.inf])
    assert {sample_next(logits, 5.0, rng) for _ in range(50)} == {1}


@pytest.mark.parametrize(
    ("logits", "temperature", "sentence"),
    [
        (np.zeros((1, 3)), 1, "one row of scores"),
        (np.array([1.0, np.nan]), 1, "without NaN"),
        (np.zeros(3), -0.1, "temperature must be 0 or more"),
        (np.zeros(3), np.inf, "temperature must be 0 or more"),
    ],
)
def test_sample_next_refuses_what_it_cannot_draw_from(logits, temperature, sentence, rng):
    with pytest.raises(ValueError, match=sentence):
        sample_next(logits, temperature, rng)


def test_dropout_mask_keeps_the_mean(rng):
    mask = dropout_mask((400, 500), 0.3, rng, np.float64)
    assert set(np.unique(mask)) == {0.0, 1 / 0.7}
    error = np.sqrt(0.3 / 0.7 / mask.size)
    assert abs(mask.mean() - 1) < 5 * error


def test_dropout_mask_is_drawn_alike_in_both_precisions():
    single, double = (dropout_mask((7, 11), 0.4, np.random.default_rng(3), dtype) for dtype in (np.float32, np.float64))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=1e-7)


def test_dropout_mask_of_rate_zero_is_all_ones(rng):
    assert (dropout_mask((20, 30), 0.0, rng, np.float32) == 1).all()
