"""No input of a check is superfluous: for each there is a wrong answer that only this input catches."""

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.nn import RNN, memory_gradient, tanh_backward


def _next_to_last_step(forget_gates):
    gradient = memory_gradient(forget_gates)
    gradient[-2] = forget_gates[-1]
    return gradient


def _squeezed_units(dout, y):
    dx = tanh_backward(dout, y)
    return dx[:, 0] if dx.shape[1] == 1 else dx


def _at_most_five_steps(forget_gates):
    early = len(forget_gates) - 5
    gradient = memory_gradient(forget_gates)
    gradient[: max(early, 0)] = 0
    return gradient


def _tanh_by_its_formula(x, h_prev, Wx, Wh, b):
    a = x @ Wx + h_prev @ Wh + b
    h_next = (np.exp(2 * a) - 1) / (np.exp(2 * a) + 1)
    return h_next, (x, h_prev, Wx, Wh, h_next)


def _rows_side_by_side(dout, y):
    in_memory = np.lib.stride_tricks.as_strided(y, strides=(y.shape[1] * y.itemsize, y.itemsize))
    return dout * (1 - in_memory**2)


def _in_float64(dout, y):
    return tanh_backward(dout, y).astype("float64")


class _SqueezedBatch(RNN):
    def forward(self, xs, state=None, *, training=False):
        hs, state = super().forward(xs, state)
        return (hs[0] if len(hs) == 1 else hs), state


class _WrongForPlainInputs(RNN):
    """No mistake is known that only plain inputs show: this one asks for all that is special about the others."""

    def forward(self, xs, state=None, *, training=False):
        hs, state = super().forward(xs, state)
        corner = 1 in hs.shape or hs.shape[1] == 9 or np.abs(xs).max() > 10
        special = corner or not xs.flags.c_contiguous or hs.dtype == "float32"
        return (hs if special else 2 * hs), state


ONLY_HIDDEN = {
    "another draw": ("1.4", _WrongForPlainInputs),
    "one example": ("1.4", _SqueezedBatch),
    "one step": ("4.5", _next_to_last_step),
    "one unit": ("1.1", _squeezed_units),
    "other sizes": ("4.5", _at_most_five_steps),
    "large values": ("1.2", _tanh_by_its_formula),
    "not contiguous": ("1.1", _rows_side_by_side),
    "float32": ("1.1", _in_float64),
}


@pytest.mark.parametrize("label", ONLY_HIDDEN)
def test_a_hidden_input_catches_what_no_other_does(label):
    exercise_id, answer = ONLY_HIDDEN[label]
    others = [spec for spec in HIDDEN if spec.label != label]
    assert judge(EXERCISES[exercise_id], answer, others).right
    assert not judge(EXERCISES[exercise_id], answer, HIDDEN).right


def test_every_hidden_input_is_among_these():
    assert [spec.label for spec in HIDDEN] == list(ONLY_HIDDEN)


def _right_twice():
    """An answer that keeps something of each call and is wrong from its third in float64 on."""
    earlier = []

    def answer(dout, y):
        dx = tanh_backward(dout, y)
        if len(dout) == 2 and dout.dtype == "float64":  # neither the example by hand nor the draw in float32
            earlier.append(dx)
            return dx if len(earlier) < 3 else earlier[0]
        return dx

    return answer


def test_a_visible_check_tries_three_draws_in_float64():
    two = [spec for spec in VISIBLE if spec.dtype == "float64"][:2]
    assert judge(EXERCISES["1.1"], _right_twice(), two).right
    assert not judge(EXERCISES["1.1"], _right_twice(), VISIBLE).right


def test_a_visible_check_tries_a_draw_in_float32():
    assert judge(EXERCISES["1.1"], _in_float64, [spec for spec in VISIBLE if spec.dtype == "float64"]).right
    assert not judge(EXERCISES["1.1"], _in_float64, VISIBLE).right
