import numpy as np
import pytest

from helpers.nn import (
    Param,
    backprop_norms,
    count_parameters,
    gradient_bounds,
    memory_gradient,
    predict_gradient,
    surviving_fraction,
)


def test_backprop_norms_follow_the_products_one_by_one(rng):
    Wh, dh = rng.normal(size=(4, 4)), rng.normal(size=(2, 4))
    before = dh.copy()
    norms = backprop_norms(Wh, dh, 3)
    powers = [np.linalg.norm(dh @ np.linalg.matrix_power(Wh.T, power)) for power in (1, 2, 3)]
    np.testing.assert_allclose(norms, powers)
    np.testing.assert_array_equal(dh, before)


def test_gradient_bounds_are_the_singular_value_and_the_eigenvalue():
    Wh = np.array([[0.5, 3.0], [0.0, -0.8]])
    sigma_max, spectral_radius = gradient_bounds(Wh)
    assert type(sigma_max) is type(spectral_radius) is float
    assert sigma_max == pytest.approx(np.linalg.svd(Wh)[1][0])
    assert spectral_radius == pytest.approx(0.8)


def test_gradient_bounds_count_complex_eigenvalues_by_their_size():
    rotation = 1.5 * np.array([[0.0, -1.0], [1.0, 0.0]])
    assert gradient_bounds(rotation) == pytest.approx((1.5, 1.5))


@pytest.mark.parametrize(
    ("Wh", "expected"),
    [
        (np.diag([0.9, 0.5]), "vanishes"),
        (np.diag([-1.1, 0.5]), "explodes"),
        (np.array([[0.5, 3.0], [0.0, 0.5]]), "grows, then vanishes"),
    ],
)
def test_the_prediction_comes_true(Wh, expected):
    assert predict_gradient(Wh) == expected
    norms = backprop_norms(Wh, np.array([[0.0, 1.0], [1.0, 0.0]]), 100)
    start = np.sqrt(2)
    seen = {
        "vanishes": norms.max() < start and norms[-1] < 1e-3,
        "explodes": norms[-1] > 1e3,
        "grows, then vanishes": norms.max() > start and norms[-1] < 1e-3,
    }
    assert [name for name, true in seen.items() if true] == [expected]


def test_memory_gradient_is_the_product_of_the_later_forget_gates(rng):
    gates = rng.uniform(size=(5, 3))
    expected = [np.prod(gates[step + 1 :], axis=0) for step in range(5)]
    np.testing.assert_allclose(memory_gradient(gates), expected)


def test_memory_gradient_keeps_float32_and_a_single_step():
    gradient = memory_gradient(np.full((1, 2), 0.3, np.float32))
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, [[1, 1]])


def test_surviving_fraction_is_what_masks_leave(rng):
    masks = rng.random((4, 100_000)) >= 0.2
    assert surviving_fraction(0.2, 4, shared_mask=False) == pytest.approx(masks.all(axis=0).mean(), abs=0.01)
    assert surviving_fraction(0.2, 4, shared_mask=True) == pytest.approx(masks[0].mean(), abs=0.01)


def test_count_parameters_counts_a_shared_one_once():
    E, b = Param(np.zeros((5, 3))), Param(np.zeros(5))
    assert count_parameters([E, b, E]) == 20
    assert type(count_parameters([E])) is int
