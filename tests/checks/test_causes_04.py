"""Notebook 04: wrong answers that were once given the cause of another, or none, and the causes they get now."""

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.nn import Layer, lstm_step_backward, lstm_step_forward, sigmoid
from tests.checks.judging import assert_causes, judge_quickly

# --- 4.1 to 4.3 -------------------------------------------------------------------------------------------------------


def rotated_left(dc_next, f, g, i, c_prev):
    return dc_next * c_prev, dc_next * i, dc_next * g, dc_next * f


def rotated_right(dc_next, f, g, i, c_prev):
    return dc_next * g, dc_next * f, dc_next * c_prev, dc_next * i


def both_products_exchanged(dc_next, f, g, i, c_prev):
    return dc_next * c_prev, dc_next * f, dc_next * g, dc_next * i


def slopes_of_a_sigmoid_of_a_gate(df, dg, di, do, f, g, i, o):
    def slope(y):
        return sigmoid(y) * (1 - sigmoid(y))

    return np.hstack([df * slope(f), dg * (1 - g**2), di * slope(i), do * slope(o)])


def sigmoid_and_tanh_taken_twice(df, dg, di, do, f, g, i, o):
    s, t = sigmoid, np.tanh
    slopes = s(f) * (1 - s(f)), 1 - t(g) ** 2, s(i) * (1 - s(i)), s(o) * (1 - s(o))
    return np.hstack([d * slope for d, slope in zip((df, dg, di, do), slopes)])


def backward(order="fgio", cache_order="fgio", bias=lambda dA, H: dA.sum(axis=0), count=lambda x: 1):
    """A step back that unpacks the cache in one order and stacks `dA` in another."""

    def step(dh_next, dc_next, cache):
        (x, h_prev, c_prev, Wx, Wh), gates, c_next = cache[:5], dict(zip(cache_order, cache[5:9])), cache[9]
        f, g, i, o = (gates[name] for name in "fgio")
        t = np.tanh(c_next)
        dc = dc_next + dh_next * o * (1 - t**2)
        d = {"f": dc * c_prev * f * (1 - f), "g": dc * i * (1 - g**2)}
        d |= {"i": dc * g * i * (1 - i), "o": dh_next * t * o * (1 - o)}
        dA = np.concatenate([d[name] for name in order], axis=1)
        return dA @ Wx.T, dA @ Wh.T, dc * f, x.T @ dA / count(x), h_prev.T @ dA / count(x), bias(dA, f.shape[1])

    return step


def new_memory_twice(dA, H):
    blocks = np.split(dA.sum(axis=0), 4)
    return np.concatenate([blocks[0], blocks[1], blocks[1], blocks[3]])


# --- 4.4 --------------------------------------------------------------------------------------------------------------


class Base(Layer):
    """A right LSTM in the words of the notebook, with the places where the wrong ones below differ."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs, state=None, *, training=False):
        zeros = np.zeros((len(xs), len(self.Wh.value)), dtype=xs.dtype)
        h, c = (zeros, zeros) if state is None else state
        self.caches, hs = [], []
        for step in range(xs.shape[1]):
            h, c, cache = self.step_forward(xs[:, step], h, c)
            hs.append(h)
            self.caches.append(cache)
        return np.stack(hs, axis=1), (h, c)

    def step_forward(self, x, h, c):
        return lstm_step_forward(x, h, c, self.Wx.value, self.Wh.value, self.b.value)

    def backward(self, dhs, dstate=None):
        dh, dc = (np.zeros_like(dhs[:, 0]), np.zeros_like(dhs[:, 0])) if dstate is None else dstate
        dxs = []
        for step in reversed(range(dhs.shape[1])):
            dx, dh, dc, *grads = self.step_backward(dhs[:, step], dh, dc, step)
            dxs.insert(0, dx)
            self.collect(grads)
        self.finish(grads)
        return np.stack(dxs, axis=1), (dh, dc)

    def step_backward(self, above, dh, dc, step):
        return lstm_step_backward(above + dh, dc, self.caches[step])

    def collect(self, grads):
        for param, grad in zip((self.Wx, self.Wh, self.b), grads):
            param.grad += grad

    def finish(self, grads):
        pass


class AddedOnceAfterTheLoop(Base):
    def collect(self, grads):
        pass

    def finish(self, grads):
        super().collect(grads)


class SetAfterTheLoop(Base):
    """Sums the gradients of its steps, then puts the sums in the place of what was there."""

    def backward(self, dhs, dstate=None):
        self.sums = 0, 0, 0
        return super().backward(dhs, dstate)

    def collect(self, grads):
        self.sums = [total + grad for total, grad in zip(self.sums, grads)]

    def finish(self, grads):
        for param, total in zip((self.Wx, self.Wh, self.b), self.sums):
            param.grad[...] = total


class ZeroedInForward(Base):
    def forward(self, xs, state=None, *, training=False):
        self.zero_grad()
        return super().forward(xs, state)


class HiddenStateForMemory(Base):
    def step_forward(self, x, h, c):
        h, c, cache = super().step_forward(x, h, c)
        return h, h, cache


class UnpackedAsDcDh(Base):
    def step_backward(self, *given):
        dx, dh, dc, *grads = super().step_backward(*given)
        return dx, dc, dh, *grads


class NothingCarried(Base):
    """Each step starts from zeros."""

    def step_forward(self, x, h, c):
        return super().step_forward(x, np.zeros_like(h), np.zeros_like(c))


class NeitherHandedBack(Base):
    def backward(self, dhs, dstate=None):
        self.given = (0 * dhs[:, 0], 0 * dhs[:, 0]) if dstate is None else dstate
        return super().backward(dhs, dstate)

    def step_backward(self, above, dh, dc, step):
        return super().step_backward(above, *self.given, step)


class DcOfDstateIgnored(Base):
    def backward(self, dhs, dstate=None):
        return super().backward(dhs, None if dstate is None else (dstate[0], np.zeros_like(dstate[1])))


class ForwardsStateForGradients(Base):
    def forward(self, xs, state=None, *, training=False):
        hs, (self.h, self.c) = super().forward(xs, state)
        return hs, (self.h, self.c)

    def step_backward(self, above, dh, dc, step):
        return super().step_backward(above, self.h, self.c, step)


class StateInABuffer(Base):
    """Its `h` and `c` stand in arrays of the layer's own, which each call writes again."""

    def forward(self, xs, state=None, *, training=False):
        hs, last = super().forward(xs, state)
        if not hasattr(self, "last"):
            self.last = np.empty_like(last[0]), np.empty_like(last[1])
        for kept, new in zip(self.last, last):
            kept[...] = new
        return hs, self.last


# --- 4.5 -------------------------------------------------------------------------------------------------------


def row_0_missed(forget_gates):
    gradient = np.ones_like(forget_gates)
    for step in range(len(forget_gates) - 2, 0, -1):
        gradient[step] = gradient[step + 1] * forget_gates[step + 1]
    return gradient


#: Exercise, answer, and how the names of its causes begin, each of them; none where it is only located.
WRONG = [
    ("4.1", rotated_left, ["`dc_prev` is returned last"]),
    ("4.1", rotated_right, []),
    (
        "4.1",
        both_products_exchanged,
        ["The two gradients of the product `f *", "The two gradients of the product `g *"],
    ),
    ("4.2", slopes_of_a_sigmoid_of_a_gate, ["The sigmoid is taken twice"]),
    ("4.2", sigmoid_and_tanh_taken_twice, ["The sigmoid is taken twice", "The tanh is taken twice"]),
    ("4.3", backward(order="ifgo"), ["The blocks of `dA` are in the order i, f, g, o"]),
    ("4.3", backward(order="figo"), ["The blocks of `dA` are in the order f, i, g, o"]),
    ("4.3", backward(cache_order="figo"), ["`g` and `i` are exchanged where the cache is unpacked"]),
    ("4.3", backward(cache_order="ifgo"), ["The cache is unpacked in the order i, f, g, o"]),
    ("4.3", backward(cache_order="ifgo", order="ifgo"), ["The cache is unpacked in", "The blocks of `dA` are in"]),
    ("4.3", backward(count=len, bias=lambda dA, H: dA.mean(axis=0)), ["The parameters' gradients are divided"]),
    ("4.3", backward(bias=lambda dA, H: dA.mean(axis=0)), ["`db` is the *mean*"]),
    ("4.3", backward(bias=new_memory_twice), ["`db` contains the block of g twice"]),
    ("4.4", AddedOnceAfterTheLoop, ["The gradients are added once, after the loop"]),
    ("4.4", SetAfterTheLoop, ["Backward overwrites the gradients"]),
    ("4.4", ZeroedInForward, []),
    ("4.4", HiddenStateForMemory, ["The hidden state takes the place of the memory cell"]),
    ("4.4", UnpackedAsDcDh, ["`dh` and `dc` are exchanged"]),
    ("4.4", NothingCarried, ["The hidden state starts from zeros", "The memory cell starts from zeros"]),
    ("4.4", NeitherHandedBack, ["The `dh` of a step is not", "The `dc` of a step is not"]),
    ("4.4", DcOfDstateIgnored, ["Backward ignores the `dc` of `dstate`"]),
    ("4.4", ForwardsStateForGradients, ["The `h` and `c` of forward are used where"]),
    ("4.5", row_0_missed, ["Row 0 is left out"]),
]


@pytest.mark.parametrize(("exercise_id", "wrong", "begins"), WRONG)
def test_a_wrong_answer_gets_its_own_causes_and_no_others(exercise_id, wrong, begins):
    assert_causes(EXERCISES[exercise_id], wrong, begins)


def test_a_forward_that_zeroes_the_gradients_is_told_so():
    said = judge_quickly(EXERCISES["4.4"], ZeroedInForward).paragraphs
    assert any(text.startswith("`LSTM.forward` changes the gradients") for text in said)


def test_a_state_in_arrays_of_the_layers_own_is_right():
    assert judge_quickly(EXERCISES["4.4"], StateInABuffer).right


def test_the_base_of_the_wrong_layers_is_right():
    assert judge_quickly(EXERCISES["4.4"], Base).right
