import numpy as np
import pytest

from helpers.data.word_vectors import count_vectors


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def ids(rng):
    """Sentences "0 (1 or 2) (3 or 4)": 1 and 2 occur in the same places, and so do 3 and 4; 5 does not occur."""
    return np.stack([np.zeros(500, int), rng.integers(1, 3, 500), rng.integers(3, 5, 500)], axis=1).ravel()


def similarity(E, one, other):
    return E[one] @ E[other] / np.sqrt((E[one] @ E[one]) * (E[other] @ E[other]))


def test_words_in_the_same_places_are_close_and_others_are_not(ids, rng):
    E = count_vectors(ids, 6, 6, rng)
    for one, other in [(1, 2), (3, 4)]:
        assert similarity(E, one, other) > 0.95
    for one, other in [(0, 1), (1, 3), (0, 4)]:
        assert abs(similarity(E, one, other)) < 0.3


def test_the_products_of_full_width_are_those_of_the_square_root_of_the_ppmi_matrix(rng):
    ids, V = rng.integers(5, size=300), 5
    M = np.zeros((V, 2, V))
    for side, (words, contexts) in enumerate([(ids[1:], ids[:-1]), (ids[:-1], ids[1:])]):
        np.add.at(M, (words, side, contexts), 1)
    context = M.sum(axis=0) ** 0.75
    context /= context.sum(axis=1, keepdims=True)
    M = np.maximum(np.log(M / M.sum(axis=2, keepdims=True) / context), 0).reshape(V, -1)
    U, S, _ = np.linalg.svd(M, full_matrices=False)
    expected = (U * S) @ U.T
    E = count_vectors(ids, V, 2 * V, rng).astype(float)
    np.testing.assert_allclose(E @ E.T / np.trace(E @ E.T), expected / np.trace(expected), atol=1e-3)


def test_the_vectors_are_finite_with_a_mean_square_of_one_and_zero_for_a_word_that_does_not_occur(ids, rng):
    E = count_vectors(ids, 6, 3, rng)
    assert E.shape == (6, 3) and E.dtype == np.float32
    assert np.mean(E**2) == pytest.approx(1, rel=1e-5)
    assert not E[5].any() and E[:5].any(axis=1).all()


def test_the_rotation_spreads_the_features_and_comes_from_the_generator(ids):
    one, same, other = (count_vectors(ids, 6, 4, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert abs(one - other).max() > 0.1
    np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-3)
