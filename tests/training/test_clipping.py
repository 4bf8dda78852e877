import numpy as np
import pytest

from helpers.training.clipping import clip_gradients, global_norm


@pytest.fixture
def grads():
    rng = np.random.default_rng(5)
    return [rng.normal(size=(300, 401)), rng.normal(size=7), rng.normal(size=(2, 3, 4))]


def test_global_norm_is_the_length_of_one_long_vector(grads):
    together = np.concatenate([grad.ravel() for grad in grads])
    assert global_norm(grads) == pytest.approx(np.linalg.norm(together), rel=1e-12)
    assert type(global_norm(grads)) is float


def test_global_norm_of_nothing_is_zero():
    assert global_norm([]) == 0.0
    assert global_norm([np.zeros((0, 3))]) == 0.0


def test_global_norm_is_summed_in_float64():
    ones = np.ones(1_000_000, np.float32)
    tiny, huge = np.full(10, 1e-30, np.float32), np.full(4, 1e30, np.float32)
    assert global_norm([ones]) == pytest.approx(1000, rel=1e-14)
    assert global_norm([tiny]) == pytest.approx(np.sqrt(10) * 1e-30, rel=1e-6)
    assert global_norm([huge]) == pytest.approx(2e30, rel=1e-6)


def test_global_norm_takes_any_memory_order(grads):
    strided = [grads[0].T, grads[0][::2, ::-3], np.float64(3.0)]
    together = np.concatenate([np.ravel(grad) for grad in strided])
    assert global_norm(strided) == pytest.approx(np.linalg.norm(together), rel=1e-12)


@pytest.mark.parametrize("fraction", [0.999, 0.001])
def test_clipping_keeps_the_direction_and_returns_the_norm_before(fraction, grads):
    before = [grad.copy() for grad in grads]
    max_norm = fraction * global_norm(grads)
    assert clip_gradients(grads, max_norm) == global_norm(before)
    assert global_norm(grads) == pytest.approx(max_norm)
    for grad, old in zip(grads, before):
        np.testing.assert_allclose(grad, old * fraction)


def test_clipping_leaves_what_is_short_enough(grads):
    before = [grad.copy() for grad in grads]
    norm = global_norm(grads)
    assert clip_gradients(grads, norm) == norm
    for grad, old in zip(grads, before):
        np.testing.assert_array_equal(grad, old)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_norm_that_is_not_finite_is_refused_and_nothing_changed(bad, grads):
    grads[1][3] = bad
    before = [grad.copy() for grad in grads]
    with pytest.raises(FloatingPointError, match="nothing was changed"):
        clip_gradients(grads, 1.0)
    for grad, old in zip(grads, before):
        np.testing.assert_array_equal(grad, old)


@pytest.mark.parametrize("max_norm", [0, -1, np.nan])
def test_a_limit_that_is_not_positive_is_refused(max_norm, grads):
    with pytest.raises(ValueError, match="positive"):
        clip_gradients(grads, max_norm)


def test_clipping_changes_float32_in_place():
    grad = np.full((3, 4), 2.0, np.float32)
    kept = grad
    clip_gradients([grad], 1.0)
    assert kept.dtype == np.float32
    assert global_norm([kept]) == pytest.approx(1.0, rel=1e-6)
