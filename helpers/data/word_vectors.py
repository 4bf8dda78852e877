"""Word vectors from counts of neighbours, in which words that occur in similar places are close to one another."""

import numpy as np

from helpers.arrays import FloatArray, IntArray

#: Neighbours that are counted, the most frequent words: more would cost time and memory, and add little.
CONTEXTS = 1000


def count_vectors(ids: IntArray, vocabulary_size: int, width: int, rng: np.random.Generator) -> FloatArray:
    """Compress the counts of each word's left and right neighbours into one short vector, with a mean square of 1.

    ppmi(w, c) = max(0, log p(c | w) / p'(c)),   p'(c) ∝ count(c)^0.75,   [left, right ppmi] ≈ U S Vᵀ,   E = U √S Q

    Q is a random rotation: without it the first features would hold most of what is known, and dropping one of them
    would lose too much.

    Args:
        ids (n,): the training stream.
        vocabulary_size: V.
        width: D; if it exceeds the number of singular values, the rest of them counts as zero.
        rng: what the rotation is drawn from.

    Returns:
        E (V, D), float32; a word that does not occur has a vector of zeros.

    Example:
        >>> from helpers.data.word_vectors import count_vectors
        >>> E = count_vectors(np.array([0, 1, 3, 0, 2, 3] * 9), 4, 4, np.random.default_rng(0))
        >>> bool(np.allclose(E[1], E[2], atol=0.01)), bool(np.allclose(E[1], E[3], atol=0.01))
        (True, False)

    Source: Levy, Goldberg & Dagan (2015), *Improving distributional similarity with lessons learned from word
    embeddings*, sections 2 and 3: ppmi, the power 0.75, and √S.
    """
    sides = (ids[1:], ids[:-1]), (ids[:-1], ids[1:])
    M = np.hstack([_positive_information(words, contexts, vocabulary_size) for words, contexts in sides])
    squares, V = (array[..., ::-1][..., :width] for array in np.linalg.eigh(M.T @ M))  # S² and V, largest first
    Q = np.linalg.qr(rng.standard_normal((width, width)))[0].astype(M.dtype)
    vectors = (M @ V) / np.maximum(squares, 1e-6) ** 0.25 @ Q[: len(squares)]
    E: FloatArray = vectors / np.sqrt(np.mean(vectors**2))
    return E


def _positive_information(words: IntArray, contexts: IntArray, vocabulary_size: int) -> FloatArray:
    """Return ppmi (V, C) of each word and each frequent context; zero where the two do not meet."""
    frequent = np.argsort(-np.bincount(contexts, minlength=vocabulary_size), kind="stable")[:CONTEXTS]
    column = np.full(vocabulary_size, -1)
    column[frequent] = np.arange(len(frequent))
    counted = column[contexts] >= 0
    counts = np.zeros((vocabulary_size, len(frequent)), np.float32)
    np.add.at(counts, (words[counted], column[contexts[counted]]), 1)

    met = counts > 0
    smoothed = counts.sum(axis=0) ** 0.75
    expected = counts.sum(axis=1, keepdims=True) * (smoothed / smoothed.sum())
    ratio = np.divide(counts, expected, where=met, out=np.ones_like(counts))
    ppmi: FloatArray = np.maximum(np.log(ratio), 0)
    return ppmi
