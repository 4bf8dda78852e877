"""Right answers to notebook 03 that look nothing like the reference."""

import numpy as np


def _open(a):
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def _sum_by_einsum(x, h_prev, Wx, Wh, b):
    return np.einsum("nd,dh->nh", x, Wx) + np.einsum("ng,gh->nh", h_prev, Wh) + b[None]


def _sum_by_one_product(x, h_prev, Wx, Wh, b):
    return np.hstack([x, h_prev]) @ np.vstack([Wx, Wh]) + b


def _sum_by_loops(x, h_prev, Wx, Wh, b):
    a = np.empty((len(x), Wh.shape[1]), dtype=x.dtype)
    for n in range(len(x)):
        for j in range(Wh.shape[1]):
            a[n, j] = np.sum(x[n] * Wx[:, j]) + np.sum(h_prev[n] * Wh[:, j]) + b[j]
    return a


# --- 3.1 ------------------------------------------------------------------------------------------------------------


def output_gate_by_einsum(x, h_prev, c_next, Wx, Wh, b):
    return np.einsum("nh,nh->nh", _open(_sum_by_einsum(x, h_prev, Wx, Wh, b)), np.tanh(c_next))


def output_gate_by_one_product(x, h_prev, c_next, Wx, Wh, b):
    h = np.tanh(c_next)
    h *= _open(_sum_by_one_product(x, h_prev, Wx, Wh, b))
    return h


def output_gate_by_loops(x, h_prev, c_next, Wx, Wh, b):
    return np.multiply(np.tanh(c_next), _open(_sum_by_loops(x, h_prev, Wx, Wh, b)))


# --- 3.2 ------------------------------------------------------------------------------------------------------------


def forget_gate_by_einsum(x, h_prev, c_prev, Wx, Wh, b):
    return _open(_sum_by_einsum(x, h_prev, Wx, Wh, b)) * c_prev


def forget_gate_by_what_is_lost(x, h_prev, c_prev, Wx, Wh, b):
    lost = _open(-_sum_by_one_product(x, h_prev, Wx, Wh, b))
    return c_prev - lost * c_prev


def forget_gate_by_loops(x, h_prev, c_prev, Wx, Wh, b):
    c = c_prev.copy()
    c *= _open(_sum_by_loops(x, h_prev, Wx, Wh, b))
    return c


def forget_gate_in_float64_by_the_textbook(x, h_prev, c_prev, Wx, Wh, b):
    """Wider than its inputs, and with an overflow to the right value: both pass with a remark."""
    f = np.zeros((len(x), len(Wh)))
    f[:] = 1 / (1 + np.exp(-(x @ Wx + h_prev @ Wh + b)))
    return f * c_prev


# --- 3.3 ------------------------------------------------------------------------------------------------------------


def new_memory_by_einsum(x, h_prev, c, Wx, Wh, b):
    g = np.tanh(_sum_by_einsum(x, h_prev, Wx, Wh, b))
    return [g + c, g]


def new_memory_by_a_sigmoid_of_twice_a(x, h_prev, c, Wx, Wh, b):
    g = 2 * _open(2 * _sum_by_one_product(x, h_prev, Wx, Wh, b)) - 1
    c_next = c.copy()
    c_next += g
    return c_next, g


def new_memory_by_loops(x, h_prev, c, Wx, Wh, b):
    g = _sum_by_loops(x, h_prev, Wx, Wh, b)
    np.tanh(g, out=g)
    return np.add(c, g), g


# --- 3.4 ------------------------------------------------------------------------------------------------------------


def input_gate_by_einsum(x, h_prev, g, Wx, Wh, b):
    i = _open(_sum_by_einsum(x, h_prev, Wx, Wh, b))
    return np.einsum("nh,nh->nh", g, i)


def input_gate_by_one_product(x, h_prev, g, Wx, Wh, b):
    i = _open(_sum_by_one_product(x, h_prev, Wx, Wh, b))
    i *= g
    return i


def input_gate_by_loops(x, h_prev, g, Wx, Wh, b):
    return g * _open(_sum_by_loops(x, h_prev, Wx, Wh, b))


# --- 3.5 ------------------------------------------------------------------------------------------------------------


def lstm_step_by_slices(x, h_prev, c_prev, Wx, Wh, b):
    H = c_prev.shape[1]
    A = x.dot(Wx) + h_prev.dot(Wh)
    A += b
    f, g, i, o = _open(A[:, :H]), np.tanh(A[:, H : 2 * H]), _open(A[:, 2 * H : 3 * H]), _open(A[:, 3 * H :])
    c_next = c_prev * f
    c_next += g * i
    return o * np.tanh(c_next), c_next, (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next)


def lstm_step_by_four_products(x, h_prev, c_prev, Wx, Wh, b):
    H = len(Wh)
    values = []
    for number, activate in enumerate((_open, np.tanh, _open, _open)):
        columns = slice(number * H, (number + 1) * H)
        values.append(activate(_sum_by_einsum(x, h_prev, Wx[:, columns], Wh[:, columns], b[columns])))
    f, g, i, o = values
    c_next = np.add(np.multiply(f, c_prev), np.multiply(g, i))
    h_next = np.multiply(o, np.tanh(c_next))
    return [h_next, c_next, [x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next]]


def lstm_step_by_reshaping(x, h_prev, c_prev, Wx, Wh, b):
    N, H = h_prev.shape
    blocks = _sum_by_one_product(x, h_prev, Wx, Wh, b).reshape(N, 4, H)
    gates = _open(blocks)
    f, i, o = gates[:, 0], gates[:, 2], gates[:, 3]
    g = np.tanh(blocks[:, 1])
    c_next = f * c_prev + i * g
    return np.tanh(c_next) * o, c_next, (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next)


ANSWERS = {
    "3.1": (output_gate_by_einsum, output_gate_by_one_product, output_gate_by_loops),
    "3.2": (
        forget_gate_by_einsum,
        forget_gate_by_what_is_lost,
        forget_gate_by_loops,
        forget_gate_in_float64_by_the_textbook,
    ),
    "3.3": (new_memory_by_einsum, new_memory_by_a_sigmoid_of_twice_a, new_memory_by_loops),
    "3.4": (input_gate_by_einsum, input_gate_by_one_product, input_gate_by_loops),
    "3.5": (lstm_step_by_slices, lstm_step_by_four_products, lstm_step_by_reshaping),
}
