"""The numerical gradient, to check the gradients worked out by hand."""

from collections.abc import Callable

import numpy as np

from helpers.arrays import FloatArray


def numerical_gradient(f: Callable[[FloatArray], float], x: FloatArray, eps: float = 1e-5) -> FloatArray:
    """Differentiate a function of an array by central differences, one element after the other.

    ∂f/∂xₖ ≈ (f(x + ε eₖ) - f(x - ε eₖ)) / 2ε, with an error of the order of ε²

    Args:
        f: takes x and returns a float.
        x (any shape): float64; changed in place for each call of `f`, and put back.
        eps: the size of the difference.

    Returns:
        dx (same shape): gradient of f with respect to x.

    Raises:
        TypeError: x is not float64; in float32 the difference drowns in rounding.

    Example:
        >>> from helpers.nn import numerical_gradient
        >>> numerical_gradient(lambda x: float(x[0] ** 2 * x[1]), np.array([1.0, 3.0])).round(6).tolist()
        [6.0, 1.0]

    Source: Goodfellow, Bengio & Courville, *Deep Learning* (2016), section 11.5.
    """
    if x.dtype != np.float64:
        raise TypeError(f"A numerical gradient needs float64, got {x.dtype}.")
    dx = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        kept = x[index]
        x[index] = kept + eps
        above = f(x)
        x[index] = kept - eps
        below = f(x)
        x[index] = kept
        dx[index] = (above - below) / (2 * eps)
    return dx
