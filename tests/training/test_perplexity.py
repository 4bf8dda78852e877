"""Perplexity."""

import math

import numpy as np
import pytest

from helpers.training.perplexity import perplexity


def test_a_model_that_gives_every_word_the_same_chance_has_the_size_of_the_vocabulary():
    assert math.isclose(perplexity(50 * math.log(7), 50), 7)


def test_perplexity_is_a_python_float():
    assert type(perplexity(np.float32(3.0), np.int64(2))) is float


@pytest.mark.parametrize("n_tokens", [0, -1])
def test_no_tokens_are_refused(n_tokens):
    with pytest.raises(ValueError, match="mean over tokens"):
        perplexity(1.0, n_tokens)


def test_what_is_too_large_for_a_float_is_inf_without_a_warning():
    assert perplexity(1e6, 1) == math.inf
    assert perplexity(np.float32(1e6), 1) == math.inf
    assert perplexity(math.inf, 3) == math.inf


def test_nan_stays_nan():
    assert math.isnan(perplexity(math.nan, 3))
