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


ANSWERS = {
    "0.1": (sigmoid_by_absolute_value, sigmoid_by_logaddexp, sigmoid_by_loop, sigmoid_by_masks),
}
