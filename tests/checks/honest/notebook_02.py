"""Right answers to notebook 02 that look nothing like the reference."""

import math

import numpy as np


def norm_by_vdot(grads):
    total = 0.0
    for grad in grads:
        wide = grad.astype(np.float64).ravel()
        total += np.vdot(wide, wide)
    return math.sqrt(total)


def norm_of_one_long_vector(grads):
    if not grads:
        return 0.0
    return float(np.linalg.norm(np.concatenate([grad.ravel() for grad in grads]).astype("float64")))


def norm_of_norms(grads):
    return np.linalg.norm([np.linalg.norm(np.array(grad, dtype=float)) for grad in grads])


def norm_by_hypot(grads):
    return np.array(math.hypot(*(float(value) for grad in grads for value in grad.flat)))


class GradientError(FloatingPointError):
    """What a learner may derive from the error that is asked for."""


def clip_with_an_error_of_its_own(grads, max_norm):
    norm = norm_by_vdot(grads)
    if not np.isfinite(norm):
        raise GradientError(norm)
    for grad in grads:
        np.divide(grad * max_norm, max(norm, max_norm), out=grad)
    return np.float64(norm)


def clip_as_most_frameworks_do(grads, max_norm):
    norm = norm_by_vdot(grads)
    if not math.isfinite(norm):
        raise FloatingPointError(f"the norm of the gradients is {norm}")
    rate = max_norm / (norm + 1e-6)
    if rate < 1:
        for grad in grads:
            grad *= rate
    return norm


def clip_with_slices(grads, max_norm):
    norm = norm_of_one_long_vector(grads)
    if np.isnan(norm) or np.isinf(norm):
        raise FloatingPointError("not finite")
    factor = min(1.0, max_norm / norm)
    for i in range(len(grads)):
        grads[i][...] = grads[i] * grads[i].dtype.type(factor)
    return norm


def clip_with_multiply(grads, max_norm):
    norm = float(norm_of_norms(grads))
    if norm - norm != 0:
        raise FloatingPointError
    if norm <= max_norm:
        return norm
    for grad in grads:
        np.multiply(grad, max_norm / norm, out=grad)
    return norm


def step_with_slices(params, learning_rate):
    for param in params:
        param.value[...] = param.value - learning_rate * param.grad


def step_with_augmented_assignment(params, learning_rate):
    for param in params:
        param.value -= learning_rate * param.grad


def step_with_subtract(params, learning_rate):
    for param in params:
        np.subtract(param.value, np.multiply(param.grad, learning_rate), out=param.value)
    return params


ANSWERS = {
    "2.1": (norm_by_vdot, norm_of_one_long_vector, norm_of_norms, norm_by_hypot),
    "2.2": (clip_as_most_frameworks_do, clip_with_slices, clip_with_multiply, clip_with_an_error_of_its_own),
    "2.3": (step_with_slices, step_with_augmented_assignment, step_with_subtract),
}
