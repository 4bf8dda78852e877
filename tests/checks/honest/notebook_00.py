"""Right answers to notebook 00 that look nothing like the reference."""

import math

import numpy as np


def sigmoid_by_absolute_value(a):
    small = np.exp(-np.abs(a))
    return np.where(a >= 0, 1 / (1 + small), small / (1 + small))


def sigmoid_by_logaddexp(a):
    return np.exp(-np.logaddexp(a.dtype.type(0), -a))


def sigmoid_by_loop(a):
    y = np.empty_like(a)
    for index, value in np.ndenumerate(a):
        if value >= 0:
            y[index] = 1 / (1 + math.exp(-value))
        else:
            e = math.exp(value)
            y[index] = e / (1 + e)
    return y


def sigmoid_by_masks(a):
    y = np.empty_like(a)
    up = a >= 0
    y[up] = 1 / (1 + np.exp(-a[up]))
    e = np.exp(a[~up])
    y[~up] = e / (1 + e)
    return y


def sigmoid_in_float64(a):
    y = np.zeros(a.shape)
    y[...] = np.exp(-np.logaddexp(0.0, -a.astype(float)))
    return y


# --- 0.2 ------------------------------------------------------------------------------------------------------------


def gradient_with_copies(f, x, eps=1e-5):
    dx = np.empty(x.shape)
    for index, value in np.ndenumerate(x):
        above, below = x.copy(), x.copy()
        above[index], below[index] = value + eps, value - eps
        dx[index] = (f(above) - f(below)) / 2 / eps
    return dx


def gradient_by_unit_vectors(f, x, eps=1e-5):
    slopes = [(f(x + e) - f(x - e)) / (2 * eps) for e in eps * np.eye(x.size).reshape(-1, *x.shape)]
    return np.array(slopes).reshape(x.shape)


def gradient_by_steps_up_and_down(f, x, eps=1e-5):
    """What is put back is off by rounding."""
    dx = np.zeros_like(x)
    for i in range(x.size):
        x.flat[i] += eps
        dx.flat[i] = f(x)
        x.flat[i] -= 2 * eps
        dx.flat[i] -= f(x)
        x.flat[i] += eps
    return dx / (2 * eps)


def gradient_with_nditer(f, x, eps=1e-5):
    dx = np.zeros(x.shape)
    places = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    for element in places:
        kept = float(element)
        element[...] = kept + eps
        above = f(x)
        element[...] = kept - eps
        dx[places.multi_index] = (above - f(x)) * 0.5 / eps
        element[...] = kept
    return dx


def gradient_of_a_flat_copy(f, x, eps=1e-5):
    flat, slopes = list(x.ravel()), []
    for i in range(len(flat)):
        f_of = [f(np.reshape([*flat[:i], flat[i] + sign * eps, *flat[i + 1 :]], x.shape)) for sign in (1, -1)]
        slopes.append((f_of[0] - f_of[1]) / (2 * eps))
    return np.reshape(slopes, x.shape)


ANSWERS = {
    "0.1": (sigmoid_by_absolute_value, sigmoid_by_logaddexp, sigmoid_by_loop, sigmoid_by_masks, sigmoid_in_float64),
    "0.2": (
        gradient_with_copies,
        gradient_by_unit_vectors,
        gradient_by_steps_up_and_down,
        gradient_with_nditer,
        gradient_of_a_flat_copy,
    ),
}
