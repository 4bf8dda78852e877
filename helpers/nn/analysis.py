"""Properties of gradients and models that need no training: bounds, rates, and counts."""

from collections.abc import Iterable

import numpy as np

from helpers.arrays import FloatArray
from helpers.nn.base import Param


def backprop_norms(Wh: FloatArray, dh: FloatArray, steps: int) -> FloatArray:
    """Follow a gradient back through the linear recurrence: the norm of dh after each product with Whᵀ.

    Args:
        Wh (H, H): recurrent weights.
        dh (N, H): gradient at the last step; not changed.
        steps: number of steps to go back.

    Returns:
        norms (steps,): Frobenius norm after 1..steps products.
    """
    norms = []
    for _ in range(steps):
        dh = dh @ Wh.T
        norms.append(np.linalg.norm(dh))
    return np.array(norms)


def gradient_bounds(Wh: FloatArray) -> tuple[float, float]:
    """Return the two numbers that decide what the linear recurrence does to a gradient.

    One step scales a gradient by at most the largest singular value σ; many steps, by the spectral radius ρ per step.

    Args:
        Wh (H, H): recurrent weights.

    Returns:
        sigma_max, spectral_radius: the second is the largest absolute eigenvalue, at most sigma_max.

    Source: Pascanu, Mikolov & Bengio (2013), *On the difficulty of training recurrent neural networks*.
    """
    return float(np.linalg.norm(Wh, ord=2)), float(np.abs(np.linalg.eigvals(Wh)).max())


def predict_gradient(Wh: FloatArray) -> str:
    """Predict what the linear recurrence does to a gradient in the long run.

    Args:
        Wh (H, H): recurrent weights.

    Returns:
        "vanishes" (σ < 1), "explodes" (ρ > 1), or "grows, then vanishes" (σ > 1 > ρ, for some gradients).
    """
    sigma_max, spectral_radius = gradient_bounds(Wh)
    if sigma_max < 1:
        return "vanishes"
    return "explodes" if spectral_radius > 1 else "grows, then vanishes"


def memory_gradient(forget_gates: FloatArray) -> FloatArray:
    """Return the gradient of the last memory cell with respect to each earlier one, with the gates held fixed.

    ∂c_last/∂c_step = Π f_later, over all later steps

    Args:
        forget_gates (T, H): the openness of the forget gate at each step.

    Returns:
        gradient (T, H): its last row is ones.
    """
    gradient = np.ones_like(forget_gates)
    gradient[:-1] = np.cumprod(forget_gates[:0:-1], axis=0)[::-1]
    return gradient


def surviving_fraction(rate: float, steps: int, shared_mask: bool) -> float:
    """Return the expected fraction of a memory that survives dropout along time.

    Args:
        rate: P(drop) at each step.
        steps: number of times a mask is applied.
        shared_mask: whether it is the same mask every time; then what survives one step survives all of them.

    Returns:
        1 - rate if shared, else (1 - rate)^steps
    """
    return float(1 - rate if shared_mask else (1 - rate) ** steps)


def count_parameters(params: Iterable[Param]) -> int:
    """Count the learned numbers; a Param that two layers share counts once."""
    return sum(param.value.size for param in dict.fromkeys(params))
