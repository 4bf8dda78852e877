"""Counting models: the baselines that a neural language model has to beat."""

from abc import ABC, abstractmethod

import numpy as np

from helpers.arrays import FloatArray, IntArray


class NGram(ABC):
    """Base class of the counting models; it computes perplexity from the probabilities of tokens."""

    def perplexity(self, ids: IntArray) -> float:
        """Measure how well the model predicts a stream, over every token of it.

        perplexity = exp(-1/n Σ log p(w_k | previous words))

        Args:
            ids (n,): word ids; the first one is predicted from the end of a sentence.
        """
        return float(np.exp(-np.mean(np.log(self.probabilities(ids)))))

    @abstractmethod
    def probabilities(self, ids: IntArray) -> FloatArray:
        """Return the probability (n,) of each token of a stream of word ids (n,), given those before it."""


class Unigram(NGram):
    """Predict each word by its frequency, whatever the context.

    p(w) = (count(w) + 1) / (n + V)

    Args:
        ids (n,): the training stream.
        vocabulary_size: V. Adding 1 to each count gives unseen words a positive probability.

    Example:
        >>> from helpers.data import Unigram
        >>> Unigram(np.array([0, 1, 1, 2, 1]), vocabulary_size=3).next_word().tolist()
        [0.25, 0.5, 0.25]

    Source: Jurafsky and Martin, Speech and Language Processing, chapter on n-gram language models.
    """

    def __init__(self, ids: IntArray, vocabulary_size: int) -> None:
        counts = np.bincount(ids, minlength=vocabulary_size) + 1
        self._probabilities: FloatArray = counts / counts.sum()

    def probabilities(self, ids: IntArray) -> FloatArray:
        """Return the probability (n,) of each token of a stream of word ids (n,)."""
        probabilities: FloatArray = self._probabilities[ids]
        return probabilities

    def next_word(self) -> FloatArray:
        """Return the distribution (V,) over the next word."""
        return self._probabilities


class KneserNeyTrigram(NGram):
    """Interpolated Kneser-Ney with three discounts per order: the best of the counting models.

    p(w | u v) = max(count(u v w) - D, 0) / count(u v ·)  +  γ(u v) p(w | v)

    γ gives the probability mass that the discounts D removed to the shorter context. The lower orders do not count how
    often a word occurs, but after how many different words it does; the lowest order falls back to the uniform 1/V.

    Args:
        ids (n,): the training stream.
        vocabulary_size: V, at most 2 million.
        eos: the id that precedes, twice, the first word of a stream.

    Example:
        >>> from helpers.data import KneserNeyTrigram
        >>> model = KneserNeyTrigram(np.array([1, 2, 3, 0] * 10), vocabulary_size=4, eos=0)
        >>> model.next_word(1, 2).round(2).tolist()
        [0.05, 0.05, 0.05, 0.86]

    Source: Kneser and Ney (1995), ICASSP; the three discounts: Chen and Goodman (1999), Computer Speech & Language 13.
    """

    def __init__(self, ids: IntArray, vocabulary_size: int, eos: int) -> None:
        self.vocabulary_size = vocabulary_size
        self.eos = eos
        trigrams, counts = np.unique(self._stream_keys(ids), return_counts=True)
        levels = [_Level(trigrams, counts, vocabulary_size)]
        for order in (2, 1):
            # Continuation counts: each longer n-gram that was seen counts once for its last `order` words.
            grams, counts = np.unique(levels[-1].grams % vocabulary_size**order, return_counts=True)
            levels.append(_Level(grams, counts, vocabulary_size))
        self._levels = levels[::-1]

    def probabilities(self, ids: IntArray) -> FloatArray:
        """Return the probability (n,) of each token of a stream of word ids (n,), given the two before it."""
        return self._score(self._stream_keys(ids))

    def next_word(self, before: int, last: int) -> FloatArray:
        """Return the distribution (V,) over the word that follows the words with the ids `before` and `last`."""
        return self._score(self._keys(before, last, np.arange(self.vocabulary_size)))

    def _stream_keys(self, ids: IntArray) -> IntArray:
        padded = np.concatenate([[self.eos, self.eos], ids])
        return self._keys(padded[:-2], padded[1:-1], padded[2:])

    def _keys(self, u: IntArray | int, v: IntArray | int, w: IntArray) -> IntArray:
        """Encode each trigram (u, v, w) as the number u V² + v V + w; then key % V² is its bigram (v, w)."""
        return (np.asarray(u, np.int64) * self.vocabulary_size + v) * self.vocabulary_size + w

    def _score(self, keys: IntArray) -> FloatArray:
        p = np.full(len(keys), 1 / self.vocabulary_size)
        for order, level in enumerate(self._levels, start=1):
            p = level.interpolate(keys % self.vocabulary_size**order, p)
        return p


class _Level:
    """The discounted counts of the n-grams of one length.

    Args:
        grams: keys of the n-grams seen, sorted.
        counts: how often each occurs, or after how many different words.
        vocabulary_size: V; a key // V is the key of its context.
    """

    def __init__(self, grams: IntArray, counts: IntArray, vocabulary_size: int) -> None:
        self.grams = grams
        self._vocabulary_size = vocabulary_size
        discounts = _discounts(counts)[np.minimum(counts, 3)]
        self._contexts, group = np.unique(grams // vocabulary_size, return_inverse=True)
        totals = np.bincount(group, counts)
        self._seen = (counts - discounts) / totals[group]
        self._left_over = np.bincount(group, discounts) / totals

    def interpolate(self, keys: IntArray, shorter: FloatArray) -> FloatArray:
        """Return p(w | context), given p(w | shorter context); for an unseen context they are equal."""
        seen = _look_up(self.grams, self._seen, keys, missing=0.0)
        left_over = _look_up(self._contexts, self._left_over, keys // self._vocabulary_size, missing=1.0)
        return seen + left_over * shorter


def _look_up(keys: IntArray, values: FloatArray, wanted: IntArray, missing: float) -> FloatArray:
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], missing)


def _discounts(counts: IntArray) -> FloatArray:
    """Estimate the discounts of counts of 1, of 2, and of 3 or more, from how many counts are 1, 2, 3 and 4.

    D_k = k - (k + 1) Y n_{k+1} / n_k,  Y = n_1 / (n_1 + 2 n_2)
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6)
    y = n[1] / (n[1] + 2 * n[2]) if n[1] and n[2] else 0.5
    k = np.array([1, 2, 3])
    estimates = k - (k + 1) * y * n[k + 1] / np.maximum(n[k], 1)
    # For a very small text the estimates can leave [0, k]; clipping keeps every probability positive.
    return np.concatenate([[0], np.clip(estimates, 0.1, k)])
