"""The counting models."""

import math
from collections import Counter

import numpy as np
import pytest

from helpers.data import KneserNeyTrigram, Unigram
from helpers.data.ngrams import _discounts

EOS, V = 0, 7


@pytest.fixture
def ids():
    """A stream whose next word leans on the one before it; the word 6 never occurs."""
    rng = np.random.default_rng(3)
    ids = [1]
    for _ in range(400):
        ids.append((ids[-1] + rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1])) % 6)
    return np.array(ids, dtype=np.int32)


def plain_kneser_ney(ids, context, word):
    """The definition, one word at a time, with dictionaries: what the fast form must give."""
    stream = [EOS, EOS, *ids.tolist()]
    counts = {3: Counter(zip(stream, stream[1:], stream[2:]))}
    counts[2] = Counter(gram[1:] for gram in counts[3])
    counts[1] = Counter(gram[1:] for gram in counts[2])

    def p(context, word):
        order = len(context) + 1
        n = Counter(min(count, 5) for count in counts[order].values())
        y = n[1] / (n[1] + 2 * n[2]) if n[1] and n[2] else 0.5
        d = {k: min(max(k - (k + 1) * y * n[k + 1] / max(n[k], 1), 0.1), k) for k in (1, 2, 3)}
        shorter = p(context[1:], word) if context else 1 / V
        seen = {gram[-1]: count for gram, count in counts[order].items() if gram[:-1] == context}
        if not seen:
            return shorter
        total = sum(seen.values())
        left_over = sum(d[min(count, 3)] for count in seen.values()) / total
        own = (seen[word] - d[min(seen[word], 3)]) / total if word in seen else 0
        return own + left_over * shorter

    return p(context, word)


def test_the_trigram_agrees_with_the_definition(ids):
    model = KneserNeyTrigram(ids, V, EOS)
    for context in [(0, 0), (1, 2), (2, 4), (5, 5), (6, 1), (6, 6), (3, 6)]:
        expected = [plain_kneser_ney(ids, context, word) for word in range(V)]
        np.testing.assert_allclose(model.next_word(*context), expected, rtol=1e-12)


def test_every_distribution_sums_to_one_and_leaves_no_word_without_a_chance(ids):
    model = KneserNeyTrigram(ids, V, EOS)
    for before in range(V):
        for last in range(V):
            p = model.next_word(before, last)
            assert math.isclose(p.sum(), 1, rel_tol=1e-12)
            assert (p > 0).all()
    assert math.isclose(Unigram(ids, V).next_word().sum(), 1)
    assert (Unigram(ids, V).next_word() > 0).all()


def test_probabilities_of_a_stream_are_those_of_its_words_after_their_contexts(ids):
    model = KneserNeyTrigram(ids, V, EOS)
    stream = np.array([2, 3, 6, 1])
    contexts = [(EOS, EOS), (EOS, 2), (2, 3), (3, 6)]
    expected = [model.next_word(*context)[word] for context, word in zip(contexts, stream, strict=True)]
    np.testing.assert_allclose(model.probabilities(stream), expected, rtol=1e-12)


def test_perplexity_counts_every_token(ids):
    model = KneserNeyTrigram(ids, V, EOS)
    stream = np.array([2, 3, 5])
    assert math.isclose(model.perplexity(stream), np.prod(model.probabilities(stream)) ** (-1 / 3))


def test_a_word_seen_after_many_others_gets_more_of_an_unseen_context_than_a_frequent_one_seen_after_one():
    # 2 follows 1 only, often; 3 follows four different words, once each. After 6, which was never seen:
    ids = np.array([1, 2] * 10 + [4, 3, 5, 3, 1, 3, 2, 3])
    p = KneserNeyTrigram(ids, V, EOS).next_word(6, 6)
    assert np.bincount(ids)[2] > np.bincount(ids)[3]
    assert p[3] > p[2]


def test_the_trigram_beats_the_unigram_on_text_with_an_order_in_it(ids):
    train, test = ids[:300], ids[300:]
    assert KneserNeyTrigram(train, V, EOS).perplexity(test) < 0.7 * Unigram(train, V).perplexity(test)


def test_the_unigram_adds_one_to_every_count():
    model = Unigram(np.array([0, 0, 1]), 3)
    np.testing.assert_allclose(model.next_word(), [3 / 6, 2 / 6, 1 / 6])
    assert math.isclose(model.perplexity(np.array([0, 2])), (3 / 6 * 1 / 6) ** -0.5)


@pytest.mark.parametrize("ids", [[3], [1, 1, 1, 1], [0, 0, 0], list(range(7))])
def test_a_tiny_text_still_gives_a_distribution(ids):
    model = KneserNeyTrigram(np.array(ids), V, EOS)
    for context in [(EOS, EOS), (ids[0], ids[-1]), (6, 6)]:
        p = model.next_word(*context)
        assert math.isclose(p.sum(), 1, rel_tol=1e-12) and (p > 0).all()


def test_discounts_are_the_estimates_of_chen_and_goodman():
    counts = np.repeat([1, 2, 3, 4, 9], [40, 20, 10, 5, 8])
    y = 40 / 80
    expected = [0, 1 - 2 * y * 20 / 40, 2 - 3 * y * 10 / 20, 3 - 4 * y * 5 / 10]
    np.testing.assert_allclose(_discounts(counts), expected)
