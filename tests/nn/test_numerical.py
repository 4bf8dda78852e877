import numpy as np
import pytest

from helpers.nn import numerical_gradient


def test_numerical_gradient_of_a_cubic_has_the_error_of_central_differences():
    x = np.array([[1.0, -2.0]])
    np.testing.assert_allclose(numerical_gradient(lambda x: float((x**3).sum()), x), [[3.0, 12.0]], rtol=1e-8)
    np.testing.assert_allclose(numerical_gradient(lambda x: float((x**3).sum()), x, eps=0.1), [[3.01, 12.01]])
    np.testing.assert_array_equal(x, [[1.0, -2.0]])


def test_numerical_gradient_of_one_number_and_of_a_view():
    assert numerical_gradient(lambda x: float(x**2), np.array(3.0)) == pytest.approx(6)
    x = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_allclose(numerical_gradient(lambda x: float((x**2).sum()), x), 2 * x, atol=1e-9)


def test_numerical_gradient_refuses_float32():
    with pytest.raises(TypeError, match="float64"):
        numerical_gradient(lambda x: 0.0, np.ones(2, "float32"))
