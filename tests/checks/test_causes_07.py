"""The cause that an answer to an exercise of notebook 07 is told is the one it has, however it is written and drawn."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.nn.base import Layer
from tests.checks.honest.notebook_07 import MaskedStepByStep, SharedByWhere
from tests.checks.judging import judge_quickly


def names(exercise_id, answer):
    """The causes that the visible check names; the hidden one must refuse the answer too."""
    exercise = EXERCISES[exercise_id]
    assert not judge(replace(exercise, misconceptions=()), answer, HIDDEN, seed=3).right
    return [cause.name for cause in judge_quickly(exercise, answer).causes]


# --- 7.1 ------------------------------------------------------------------------------------------------------------


def fraction_in_a_loop(rate, steps, shared_mask):
    left = 1.0
    for _ in range(steps - 1):
        left *= 1 - rate
    return 1 - rate if shared_mask else left


def fraction_lost(rate, steps, shared_mask):
    lost = rate if shared_mask else 1 - (1 - rate) ** steps
    return lost


def shared_of_dropped_and_one_step_more(rate, steps, shared_mask):
    if shared_mask:
        return rate
    return np.prod([1 - rate] * (steps + 1))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (fraction_in_a_loop, ["Fresh masks give one step too few: (1 - rate)^(steps - 1)."]),
        (fraction_lost, ["The result is the fraction that is *lost*."]),
        (
            shared_of_dropped_and_one_step_more,
            [
                "Fresh masks give one step too many: (1 - rate)^(steps + 1).",
                "A shared mask gives `rate`: the fraction that is dropped.",
            ],
        ),
    ],
)
def test_the_causes_of_a_wrong_fraction(answer, expected):
    assert names("7.1", answer) == expected


# --- 7.2 ------------------------------------------------------------------------------------------------------------


class ScaledTwiceInBackward(SharedByWhere):
    def backward(self, dys):
        dxs = super().backward(dys)
        return dxs if self.dropped is None else dxs / (1 - self.p)


class FreshAndNotScaled(Layer):
    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, xs, *, training=False):
        self.kept = self.rng.random(xs.shape) > self.rate if training else np.ones(xs.shape, bool)
        return np.where(self.kept, xs, 0)

    def backward(self, dys):
        return np.where(self.kept, dys, 0)


class FreshAndInPlace(Layer):
    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, xs, *, training=False):
        self.mask = np.ones_like(xs)
        if training:
            self.mask = ((self.rng.random(xs.shape) >= self.rate) / (1 - self.rate)).astype(xs.dtype)
        xs *= self.mask
        return xs

    def backward(self, dys):
        return dys * self.mask


class SummedOverTheSteps(SharedByWhere):
    def forward(self, xs, *, training=True):
        return super().forward(xs, training=True)

    def backward(self, dys):
        return super().backward(dys).sum(axis=1, keepdims=True)


class MeanOverTheSteps(SharedByWhere):
    """Backward hands each step the mean of all: after an evaluation too, but not because a mask was kept."""

    def backward(self, dys):
        return np.broadcast_to(super().backward(dys).mean(axis=1, keepdims=True), dys.shape).copy()


class MasksTheFirstStepOnly(SharedByWhere):
    """Forward masks one step; backward, rightly, all: neither a fresh mask at each step nor a new one in backward."""

    def forward(self, xs, *, training=False):
        masked = super().forward(xs, training=training)
        return np.concatenate([masked[:, :1], xs[:, 1:]], axis=1)


class DrawsFirst(Layer):
    """Right, though an evaluation uses up random numbers."""

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, xs, *, training=False):
        self.mask = (self.rng.random((xs.shape[0], 1, xs.shape[2])) >= self.rate) / (1 - self.rate)
        if not training:
            self.mask = np.ones_like(self.mask)
        return xs * self.mask.astype(xs.dtype)

    def backward(self, dys):
        return dys * self.mask.astype(dys.dtype)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ScaledTwiceInBackward, ["The gradient is scaled twice."]),
        (
            FreshAndNotScaled,
            [
                "This is plain dropout: a fresh mask value for every step.",
                "The mask is not scaled: on average the values get smaller.",
            ],
        ),
        (FreshAndInPlace, ["This is plain dropout: a fresh mask value for every step."]),
        (
            SummedOverTheSteps,
            [
                "Values are dropped at test time too.",
                "The gradient is summed over the steps, as if `xs` were one value for all of them.",
            ],
        ),
        (MasksTheFirstStepOnly, []),
        (MeanOverTheSteps, []),
    ],
)
def test_the_causes_of_a_wrong_dropout(answer, expected):
    assert names("7.2", answer) == expected


def test_a_mask_may_be_drawn_before_training_is_looked_at():
    assert judge(EXERCISES["7.2"], DrawsFirst, VISIBLE).right
    assert judge(EXERCISES["7.2"], DrawsFirst, HIDDEN, seed=3).right


# --- 7.3 ------------------------------------------------------------------------------------------------------------


class _Wrong(MaskedStepByStep):
    """The honest answer, with hooks for mistakes; binomial."""

    def forward(self, xs, state=None, *, training=False):
        N, T, _ = xs.shape
        H = len(self.Wh.value)
        h, c = np.zeros((2, N, H), xs.dtype) if state is None else state
        self.mask = self.draw((N, H)) if training else np.ones((N, H))
        self.steps, hs = [], []
        for step in range(T):
            heard = self.masked(h, step).astype(xs.dtype)
            a = xs[:, step] @ self.Wx.value + heard @ self.Wh.value + self.b.value
            f, i, o = (1 / (1 + np.exp(-a[:, k * H : (k + 1) * H])) for k in (0, 2, 3))
            g = np.tanh(a[:, H : 2 * H])
            before, c = c, f * c + g * i
            h = o * np.tanh(c)
            hs.append(h)
            self.steps.append((xs[:, step], heard, before, c, f, g, i, o))
        return np.stack(hs, axis=1), (h, c)

    def draw(self, shape):
        return self.rng.binomial(1, 1 - self.rate, shape) / (1 - self.rate)

    def masked(self, h, step):
        return h * self.mask


class OnlyTheFirstUnmasked(_Wrong):
    def masked(self, h, step):
        return h * self.mask if step > 0 else h


class NotScaled(_Wrong):
    def draw(self, shape):
        return self.rng.binomial(1, 1 - self.rate, shape)


class NotScaledAndUnmaskedOnTheWayBack(NotScaled):
    def backward(self, dhs, dstate=None):
        self.mask = np.ones_like(self.mask)
        return super().backward(dhs, dstate)


class MasksDhs(_Wrong):
    def backward(self, dhs, dstate=None):
        return super().backward(dhs * self.mask[:, None], dstate)


class NothingFromTheFuture(_Wrong):
    """`dc` is lost from step to step, and `dstate` is not looked at."""

    def backward(self, dhs, dstate=None):
        dh, dxs = np.zeros_like(dhs[:, 0]), []
        steps = self.steps
        for step in reversed(range(len(steps))):
            self.steps = steps[step : step + 1]
            dx, (dh, dc) = super().backward(dhs[:, step : step + 1] + dh[:, None])
            dxs.insert(0, dx)
        return np.concatenate(dxs, axis=1), (dh, dc)


class MaskedOnTheWayUp(_Wrong):
    """One `h` for all: the masked one goes into the next step, up, and out as the state."""

    def forward(self, xs, state=None, *, training=False):
        hs, (h, c) = super().forward(xs, state, training=training)
        return hs * self.mask[:, None], (h * self.mask, c)

    def backward(self, dhs, dstate=None):
        dh, dc = np.zeros((2, *dhs[:, 0].shape), dhs.dtype) if dstate is None else dstate
        return super().backward(dhs * self.mask[:, None], (dh * self.mask, dc))


class Normal(_Wrong):
    def draw(self, shape):
        return (self.rng.normal(size=shape) > self.rate) / (1 - self.rate)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (OnlyTheFirstUnmasked, ["The first step is not masked on the way forward."]),
        (NotScaled, ["The mask is not scaled: on average the values get smaller."]),
        (
            NotScaledAndUnmaskedOnTheWayBack,
            [
                "The mask is not scaled: on average the values get smaller.",
                "Backward does not mask the gradient of `h_prev`.",
            ],
        ),
        (MasksDhs, ["Backward masks `dhs` as well, the gradient that comes from above."]),
        (
            NothingFromTheFuture,
            ["Backward ignores the `dstate` it is given.", "Each step back is given zeros for `dc_next`."],
        ),
        (MaskedOnTheWayUp, ["The masked `h` goes up to the layer above, and out as the state."]),
        (Normal, ["The random numbers are normal, not uniform."]),
    ],
)
def test_the_causes_of_a_wrong_lstm(answer, expected):
    assert names("7.3", answer) == expected


def test_the_lstm_of_these_mistakes_is_right_without_them():
    assert judge(EXERCISES["7.3"], _Wrong, VISIBLE).right
