"""Numerical gradients, to check the ones worked out by hand."""

from collections.abc import Callable, Mapping

import numpy as np

from helpers.arrays import FloatArray


def numerical_gradient(loss: Callable[[], float], array: FloatArray, step: float = 1e-5) -> FloatArray:
    """Differentiate a scalar function by central differences.

    ``d loss / d array[k] ≈ (loss(array[k] + step) - loss(array[k] - step)) / (2 step)``, with an error of the order
    of ``step²``.

    Args:
        loss: a function of no arguments that reads `array` and returns a float.
        array (any shape): float64; changed in place for each evaluation and put back.
        step: the size of the difference.

    Returns:
        gradient, of the shape of `array`

    Raises:
        TypeError: `array` is not float64; in float32 the difference drowns in rounding.

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 11.5.
    """
    if array.dtype != np.float64:
        raise TypeError(f"A numerical gradient needs float64, got {array.dtype}.")
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = loss()
        array[index] = kept - step
        below = loss()
        array[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient


def numerical_gradients(loss: Callable[[], float], arrays: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the numerical gradient with respect to each of `arrays`, a dict from name to float64 array."""
    return {name: numerical_gradient(loss, array) for name, array in arrays.items()}
