import numpy as np
import pytest

from helpers.nn import GRU_ORDER, LSTM_ORDER, RNN, Affine, Layer, Param


def test_the_orders_of_the_blocks_are_those_of_the_course():
    assert LSTM_ORDER == ("f", "g", "i", "o")
    assert GRU_ORDER == ("z", "r", "n")


def test_a_param_starts_with_a_gradient_of_zeros_and_its_own_dtype():
    param = Param(np.ones((2, 3), np.float32), "W")
    assert param.grad.shape == (2, 3)
    assert param.grad.dtype == np.float32
    assert not param.grad.any()


def test_a_param_keeps_the_array_it_is_given():
    value = np.ones(3)
    assert Param(value).value is value


def test_a_param_is_updated_in_place_and_never_rebound():
    param = Param(np.ones(3), "b")
    value, grad = param.value, param.grad
    param.value -= 0.5
    param.grad += 2
    assert param.value is value
    assert param.grad is grad
    np.testing.assert_array_equal(value, [0.5, 0.5, 0.5])
    for name in ("value", "grad"):
        with pytest.raises(AttributeError, match="Change the array that is there"):
            setattr(param, name, np.zeros(3))


def test_a_param_refuses_integers():
    with pytest.raises(TypeError, match="floating-point"):
        Param(np.arange(3))


def test_a_param_in_the_place_of_its_value_is_a_type_error_that_names_it():
    with pytest.raises(TypeError, match="Param"):
        np.ones((2, 3)) @ Param(np.ones((3, 4)))
    with pytest.raises(TypeError, match="Param"):
        np.ones(3) * Param(np.ones(3))


def test_parameters_are_found_in_attributes_lists_tuples_dicts_and_layers_each_once():
    class Everything(Layer):
        def __init__(self, a, b, c, d):
            self.first = a
            self.listed = [b, {"deep": (c, a)}]
            self.layer = Affine(d, b)
            self.itself = self

    params = [Param(np.zeros(1), name) for name in "abcd"]
    found = Everything(*params).parameters()
    assert len(found) == 4
    assert all(one is other for one, other in zip(found, params))


def test_parameters_are_found_in_slots_too():
    class Slots(Layer):
        __slots__ = ("W", "empty")

    class More(Slots):
        __slots__ = "b"

    layer = More()
    layer.W, layer.b, layer.other = (Param(np.zeros(2)) for _ in range(3))
    assert {id(param) for param in layer.parameters()} == {id(layer.W), id(layer.b), id(layer.other)}


def test_params_with_equal_values_stay_two():
    assert len(Affine(Param(np.zeros((2, 2))), Param(np.zeros((2, 2)))).parameters()) == 2


def test_zero_grad_zeroes_in_place():
    layer = Affine(Param(np.ones((2, 3))), Param(np.ones(3)))
    grads = [param.grad for param in layer.parameters()]
    for grad in grads:
        grad += 1
    layer.zero_grad()
    assert not any(grad.any() for grad in grads)


def test_a_gradient_counts_as_zero_until_somebody_has_had_it():
    param = Param(np.ones(3))
    for _ in range(2):
        assert param.grad_is_zero
        param.grad += 1
        assert not param.grad_is_zero
        param.zero_grad()
    assert not param.grad.any()
    assert not param.grad_is_zero  # it may have been changed


def test_a_layer_says_whether_it_takes_a_state():
    W, b = Param(np.ones((3, 3))), Param(np.ones(3))
    assert RNN(W, W, b).recurrent
    assert not Affine(W, b).recurrent
