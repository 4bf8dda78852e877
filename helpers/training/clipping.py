"""Gradient clipping by global norm: one factor for all gradients, so that their direction is kept."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from helpers.arrays import FloatArray
from helpers.language.message import message
from helpers.nn.fast import row_blocks

#: Values processed at a time: few enough to stay in a core's cache, enough to make NumPy's overhead per call small.
BLOCK = 1 << 16


def global_norm(grads: Iterable[FloatArray]) -> float:
    """The length of all gradients taken as one long vector.

    norm = sqrt(Σ over all arrays, Σ over their values, value²), summed in float64

    Example:
        >>> from helpers.training import global_norm
        >>> global_norm([np.array([3.0]), np.array([[4.0]])])
        5.0
    """
    total: Any = 0.0  # where the gradients are; only the norm is fetched from there
    for grad in grads:
        grad = np.atleast_1d(grad)
        for block in row_blocks(grad, BLOCK):
            values = grad[block].astype(np.float64).ravel()
            total += values @ values
    return math.sqrt(total)


def clip_factor(norm: float, max_norm: float | None) -> float:
    """The factor that scales the gradients to a norm of at most `max_norm`; None means no limit."""
    if max_norm is not None and not max_norm > 0:
        raise ValueError(f"max_norm must be a positive number: got {max_norm}.")
    if not math.isfinite(norm):
        template = (
            "The norm of the gradients is {norm}: no factor can fix that, so nothing was changed. Use a smaller "
            "learning rate, or look for the first step whose loss is not finite."
        )
        raise FloatingPointError(str(message(template, norm=norm)))
    return 1.0 if max_norm is None or norm <= max_norm else max_norm / norm


def clip_gradients(grads: Sequence[FloatArray], max_norm: float) -> float:
    """Scale all gradients by one factor, in place, if their global norm is above `max_norm`.

    grad ← grad · max_norm / norm

    Args:
        grads: arrays of any shapes.
        max_norm: the largest norm that is left as it is.

    Returns:
        the global norm before

    Raises:
        ValueError: `max_norm` is not a positive number.
        FloatingPointError: the norm is infinite or NaN; nothing is changed.

    Source: Pascanu, Mikolov & Bengio (2013), *On the difficulty of training recurrent neural networks*.
    """
    norm = global_norm(grads)
    factor = clip_factor(norm, max_norm)
    if factor < 1:
        for grad in grads:
            grad *= factor
    return norm
