"""Notebook 09: wrong answers, some of two mistakes at once, and the causes they get."""

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.nn import Layer, gru_step_backward, gru_step_forward, sigmoid
from tests.checks.judging import assert_causes, judge_quickly

# --- 9.1 and 9.2 ------------------------------------------------------------------------------------------------------


def gru(*, order="zrn", swap=False, after=False, reversed_z=False, bias_of_r=True):
    def step(x, h_prev, Wx, Wh, b):
        Wx_, Wh_, b_ = (dict(zip(order, np.split(W, 3, axis=-1))) for W in (Wx, Wh, b))
        z = sigmoid(x @ Wx_["z"] + h_prev @ Wh_["z"] + b_["z"])
        r = sigmoid(x @ Wx_["r"] + h_prev @ Wh_["r"] + bias_of_r * b_["r"])
        reset, update = (z, r) if swap else (r, z)
        old = reset * (h_prev @ Wh_["n"]) if after else (reset * h_prev) @ Wh_["n"]
        n = np.tanh(x @ Wx_["n"] + old + b_["n"])
        new = 1 - update if reversed_z else update
        return (1 - new) * h_prev + new * n, (x, h_prev, Wx, Wh, z, r, n)

    return step


def gru_backward(order="zr", through_Whn=True):
    def step(dh_next, cache):
        x, h_prev, Wx, Wh, *gates, n = cache
        z, r = gates if order == "zr" else gates[::-1]
        Whz, Whr, Whn = np.split(Wh, 3, axis=1)
        dan = dh_next * z * (1 - n**2)
        u = dan @ Whn.T if through_Whn else dan
        daz, dar = dh_next * (n - h_prev) * z * (1 - z), u * h_prev * r * (1 - r)
        dA = np.hstack([daz, dar, dan])
        dWh = np.hstack([h_prev.T @ daz, h_prev.T @ dar, (r * h_prev).T @ dan])
        dh_prev = dh_next * (1 - z) + u * r + daz @ Whz.T + dar @ Whr.T
        return dA @ Wx.T, dh_prev, x.T @ dA, dWh, dA.sum(axis=0)

    return step


# --- 9.3 --------------------------------------------------------------------------------------------------------------


class Base(Layer):
    """A GRU over time, right as it stands."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs, state=None, *, training=False):
        h = np.zeros((len(xs), len(self.Wh.value)), xs.dtype) if state is None else state
        self.caches, hs = [], []
        for step in range(xs.shape[1]):
            h, cache = gru_step_forward(xs[:, step], h, self.Wx.value, self.Wh.value, self.b.value)
            self.caches.append(cache)
            hs.append(h)
        return np.stack(hs, axis=1), h

    def backward(self, dhs, dstate=None):
        dh, dxs = np.zeros_like(dhs[:, 0]) if dstate is None else dstate, []
        for step in reversed(range(dhs.shape[1])):
            dx, dh, *grads = gru_step_backward(self.arrives(dhs, step, dh), self.caches[step])
            dxs.insert(0, dx)
            for param, grad in zip((self.Wx, self.Wh, self.b), grads):
                param.grad += grad
        return np.stack(dxs, axis=1), dh

    def arrives(self, dhs, step, dh):
        return dhs[:, step] + dh


class NothingFromTheFuture(Base):
    def arrives(self, dhs, step, dh):
        return dhs[:, step]


class StateAsAPair(Base):
    def forward(self, xs, state=None, *, training=False):
        hs, h = super().forward(xs, state)
        return hs, (h, h)


class StateIgnored(Base):
    def forward(self, xs, state=None, *, training=False):
        return super().forward(xs)


class LastExampleForLastStep(Base):
    def forward(self, xs, state=None, *, training=False):
        hs, _ = super().forward(xs, state)
        return hs, hs[-1]


#: Exercise, answer, and how the names of its causes begin, each of them; none where it is only located.
WRONG = [
    ("9.1", gru(swap=True), ["z is used where r belongs", "r is used where z belongs"]),
    ("9.1", gru(order="rzn"), ["The blocks are taken in the order r, z, n"]),
    ("9.1", gru(after=True, reversed_z=True), ["The reset comes *after*", "z is the other way round"]),
    ("9.1", gru(order="rzn", after=True), ["The blocks are taken in", "The reset comes *after*"]),
    ("9.1", gru(order="rzn", reversed_z=True), ["The blocks are taken in", "z is the other way round"]),
    ("9.1", gru(order="rzn", after=True, reversed_z=True), ["Everything is as in PyTorch"]),
    ("9.1", gru(bias_of_r=False), ["The reset gate has no bias"]),
    ("9.2", gru_backward(through_Whn=False), ["`dan` is used where the gradient"]),
    ("9.2", gru_backward(order="rz"), ["r and z are exchanged where the cache is unpacked"]),
    ("9.3", NothingFromTheFuture, ["Nothing comes from the future"]),
    ("9.3", StateAsAPair, ["The state is returned as a pair"]),
    ("9.3", StateIgnored, ["The layer always starts from zeros"]),
    ("9.3", LastExampleForLastStep, ["The state that comes back is `hs[-1]`"]),
]


@pytest.mark.parametrize(("exercise_id", "wrong", "begins"), WRONG)
def test_a_wrong_answer_gets_its_own_causes_and_no_others(exercise_id, wrong, begins):
    assert_causes(EXERCISES[exercise_id], wrong, begins)


def test_the_base_of_the_wrong_layers_is_right():
    assert judge_quickly(EXERCISES["9.3"], Base).right
