"""What the tests of the layers share: random numbers, and numerical gradients of losses."""

from types import SimpleNamespace

import numpy as np
import pytest

from helpers.nn import numerical_gradient


@pytest.fixture
def rng():
    return np.random.default_rng(20)


@pytest.fixture
def assert_gradients_match():
    """A function that compares gradients by name with the numerical ones of a scalar loss, which reads the arrays."""

    def compare(loss, arrays, gradients):
        assert set(arrays) == set(gradients)
        for name, array in arrays.items():
            np.testing.assert_allclose(
                gradients[name], numerical_gradient(lambda _: loss(), array), rtol=1e-6, atol=1e-8, err_msg=name
            )

    return compare


@pytest.fixture
def run_layer():
    """A function that runs a recurrent layer forward and backward once and returns copies of all results."""

    def run(layer, xs, state, dhs, dstate, training=False):
        layer.zero_grad()
        hs, after = layer.forward(xs, state, training=training)
        hs = hs.copy()
        dxs, before = layer.backward(dhs, dstate)
        return SimpleNamespace(
            hs=hs, after=after, dxs=dxs.copy(), before=before, grads=[param.grad.copy() for param in layer.parameters()]
        )

    return run
