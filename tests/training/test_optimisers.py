import numpy as np
import pytest

from helpers.nn import Param
from helpers.training import clipping, optimisers
from helpers.training.clipping import global_norm
from helpers.training.optimisers import SGD, Adam, add_weight_decay, sgd_step


@pytest.fixture
def params():
    return make_params()


def make_params(dtype="float64", seed=6):
    rng = np.random.default_rng(seed)
    params = [Param(rng.normal(size=shape).astype(dtype)) for shape in ((300, 401), (7,), (2, 3))]
    for param in params:
        param.grad[...] = rng.normal(size=param.grad.shape)
    return params


def copies(params):
    return [(param.value.copy(), param.grad.copy()) for param in params]


def test_sgd_step_goes_down_the_gradient_in_place(params):
    before, arrays = copies(params), [param.value for param in params]
    sgd_step(params, 0.1)
    for param, array, (value, grad) in zip(params, arrays, before):
        assert param.value is array
        np.testing.assert_allclose(array, value - 0.1 * grad)
        np.testing.assert_array_equal(param.grad, grad)


@pytest.mark.parametrize("max_norm", [None, 0.25, 1e9])
def test_sgd_with_clipping_folded_in_is_clipping_and_then_a_step(max_norm):
    folded, apart = make_params(), make_params()
    norm = SGD(folded).step(0.1, max_norm)
    assert norm == pytest.approx(global_norm([param.grad for param in apart]))
    if max_norm:
        clipping.clip_gradients([param.grad for param in apart], max_norm)
    sgd_step(apart, 0.1)
    for one, other in zip(folded, apart):
        np.testing.assert_allclose(one.value, other.value, rtol=1e-12)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_an_optimiser_leaves_the_gradients_alone_and_changes_values_in_place(kind, params):
    before, arrays = copies(params), [param.value for param in params]
    kind(params).step(0.1, max_norm=0.25)
    for param, array, (value, grad) in zip(params, arrays, before):
        assert param.value is array
        assert (array != value).all()
        np.testing.assert_array_equal(param.grad, grad)


@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize("max_norm", [None, 1.0])
def test_a_norm_that_is_not_finite_changes_nothing(kind, max_norm, params):
    optimiser = kind(params)
    optimiser.step(0.1)
    params[2].grad[1, 1] = np.nan
    before, state = copies(params), optimiser.state_dict()
    with pytest.raises(FloatingPointError):
        optimiser.step(0.1, max_norm)
    for param, (value, grad) in zip(params, before):
        np.testing.assert_array_equal(param.value, value)
        np.testing.assert_array_equal(param.grad, grad)
    for name, array in optimiser.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_shared_param_is_stepped_once(kind, params):
    twice, once = make_params(), make_params()
    kind([*twice, twice[0]]).step(0.1)
    kind(once).step(0.1)
    for one, other in zip(twice, once):
        np.testing.assert_array_equal(one.value, other.value)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_an_optimiser_without_parameters_is_refused(kind):
    with pytest.raises(ValueError, match="at least one"):
        kind([])


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_the_size_of_a_block_makes_no_difference(kind, monkeypatch):
    whole, parted = make_params("float32"), make_params("float32")
    kind(whole).step(0.1, 0.25)
    for module in (clipping, optimisers):
        monkeypatch.setattr(module, "BLOCK", 1000)
    kind(parted).step(0.1, 0.25)
    for one, other in zip(whole, parted):
        np.testing.assert_allclose(one.value, other.value, rtol=1e-6)
        assert one.value.dtype == np.float32


@pytest.mark.parametrize("max_norm", [None, 0.5])
def test_adam_follows_the_equations_of_the_paper(max_norm):
    params, rng = make_params(), np.random.default_rng(8)
    optimiser = Adam(params, beta1=0.8, beta2=0.95, epsilon=1e-3)
    values = [param.value.copy() for param in params]
    means = squares = [0.0] * len(params)
    for number in (1, 2, 3):
        for param in params:
            param.grad[...] = rng.normal(size=param.grad.shape)
        factor = 1 if max_norm is None else max_norm / global_norm([param.grad for param in params])
        grads = [factor * param.grad for param in params]
        means = [0.8 * mean + 0.2 * grad for mean, grad in zip(means, grads)]
        squares = [0.95 * square + 0.05 * grad**2 for square, grad in zip(squares, grads)]
        for value, mean, square in zip(values, means, squares):
            value -= 0.01 * mean / (1 - 0.8**number) / (np.sqrt(square / (1 - 0.95**number)) + 1e-3)
        optimiser.step(0.01, max_norm)
    for param, value in zip(params, values):
        np.testing.assert_allclose(param.value, value, rtol=1e-12, atol=1e-14)


def test_adam_resumes_bit_for_bit():
    first, second = make_params("float32"), make_params("float32")
    steady, broken = Adam(first), Adam(second)
    for optimiser in (steady, broken):
        optimiser.step(0.01)
    resumed = Adam(second)
    resumed.load_state_dict({name: array.copy() for name, array in broken.state_dict().items()})
    broken.step(0.5)  # what happens to the old one no longer matters
    for param, twin in zip(first, second):
        twin.value[...] = param.value
    for optimiser in (steady, resumed):
        optimiser.step(0.01, 0.25)
    for param, twin in zip(first, second):
        np.testing.assert_array_equal(param.value, twin.value)


def test_a_state_is_made_of_plain_arrays_of_its_own(params):
    optimiser = Adam(params)
    optimiser.step(0.1)
    state = optimiser.state_dict()
    kept = {name: array.copy() for name, array in state.items()}
    assert all(type(array) is np.ndarray for array in state.values())
    optimiser.step(0.1)
    for name, array in state.items():
        np.testing.assert_array_equal(array, kept[name])


def test_a_state_of_other_parameters_is_refused(params):
    with pytest.raises(ValueError, match="other parameters"):
        Adam(params[1:]).load_state_dict(Adam(params).state_dict())
    with pytest.raises(ValueError, match="another optimiser"):
        SGD(params).load_state_dict(Adam(params).state_dict())
    SGD(params).load_state_dict(SGD(params).state_dict())


def test_weight_decay_adds_the_gradient_of_its_penalty(params):
    before = copies(params)
    penalty = add_weight_decay([*params, params[0]], 0.3)
    assert type(penalty) is float
    assert penalty == pytest.approx(0.15 * sum((value**2).sum() for value, _ in before))
    for param, (value, grad) in zip(params, before):
        np.testing.assert_array_equal(param.value, value)
        np.testing.assert_allclose(param.grad, grad + 0.3 * value)
