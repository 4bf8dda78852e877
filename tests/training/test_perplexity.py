"""Perplexity."""

import math

import numpy as np
import pytest

from helpers.nn import FAST, assemble, create_params, log_softmax
from helpers.training.perplexity import evaluate, perplexity, perplexity_with_context


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


# --- over every token of a text -----------------------------------------------------------------------------------


V, EOS = 11, 2


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    return assemble(FAST, create_params(V, 7, 2, rng, dtype="float64", scale=1.0), rng, rate=0.5)


@pytest.fixture
def ids():
    return np.random.default_rng(1).integers(0, V, size=103)


@pytest.mark.parametrize("rows, steps", [(1, 1), (1, 10), (1, 500), (4, 9), (10, 7), (103, 5)])
def test_every_token_counts_exactly_once_whatever_the_windows(ids, rows, steps):
    """A model whose output is its bias gives each token a fixed chance: a token left out or read twice would show."""
    rng = np.random.default_rng(0)
    params = create_params(V, 7, 1, rng, dtype="float64")
    params["E"].value[...] = 0
    params["b"].value[...] = rng.normal(size=V)
    surprise = -log_softmax(params["b"].value)[ids]
    found = evaluate(assemble(FAST, params, rng), ids, EOS, rows=rows, steps=steps)
    assert math.isclose(found, math.exp(surprise.mean()), rel_tol=1e-12)


def test_one_row_reads_the_text_unbroken_from_the_end_of_a_sentence(model, ids):
    logits, _ = model.forward(np.concatenate([[EOS], ids[:-1]])[None])
    expected = math.exp(-log_softmax(logits[0])[np.arange(len(ids)), ids].mean())
    for steps in (1, 13, 500):
        assert math.isclose(evaluate(model, ids, EOS, steps=steps), expected, rel_tol=1e-12)


def test_dropout_is_off_and_the_generator_untouched(model, ids):
    rng = model.body.layers[1].rng
    before = rng.bit_generator.state
    assert evaluate(model, ids, EOS) == evaluate(model, ids, EOS)
    assert rng.bit_generator.state == before


def test_an_empty_text_is_refused(model):
    with pytest.raises(ValueError, match="empty"):
        evaluate(model, np.array([], dtype=int), EOS)


# --- with only the last few words ---------------------------------------------------------------------------------


def slow_perplexity(model, ids, context):
    """One window after the other, each word's own probability."""
    nll = []
    for place in range(context, len(ids)):
        logits, _ = model.forward(ids[None, place - context : place])
        nll.append(-log_softmax(logits[0, -1])[ids[place]])
    return math.exp(np.mean(nll))


@pytest.mark.parametrize("seed", range(8))
def test_only_the_last_words_count_as_in_a_loop_over_the_windows(model, monkeypatch, seed):
    rng = np.random.default_rng(seed)
    monkeypatch.setitem(perplexity_with_context.__globals__, "_WINDOWS", int(rng.integers(1, 20)))
    context = int(rng.integers(1, 12))
    ids = rng.integers(0, V, context + int(rng.integers(1, 50)))
    assert math.isclose(perplexity_with_context(model, ids, context), slow_perplexity(model, ids, context))


def test_what_lies_before_the_context_makes_no_difference(model, ids):
    other = np.concatenate([(ids[:50] + 1) % V, ids[50:]])
    assert perplexity_with_context(model, other[50:], 4) == perplexity_with_context(model, ids[50:], 4)
    assert perplexity_with_context(model, other[:56], 50) != perplexity_with_context(model, ids[:56], 50)


@pytest.mark.parametrize("count", [0, 2, 3])
def test_a_text_without_a_word_to_predict_is_refused(model, ids, count):
    with pytest.raises(ValueError, match="no word to predict"):
        perplexity_with_context(model, ids[:count], 3)
