"""The cause that an answer to exercise 6.4 is told is the one it has; other answers, other ways of drawing."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.nn.base import Layer


def names(exercise_id, answer):
    """The causes that the visible check names; the hidden one must refuse the answer too."""
    exercise = EXERCISES[exercise_id]
    verdict = judge(exercise, answer, VISIBLE)
    assert verdict.status == "not yet"
    assert not judge(replace(exercise, misconceptions=()), answer, HIDDEN, seed=3).right
    return [cause.name for cause in verdict.causes]


class Right(Layer):
    """A right layer, with a number for each of the factors that are got wrong below; binomial, and no mask kept."""

    scale = None

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng
        self.scale = 1 / (1 - rate) if self.scale is None else self.scale

    def draw(self, xs):
        return self.rng.binomial(1, 1 - self.rate, xs.shape)

    def forward(self, xs, training=False):
        self.kept = self.draw(xs) if training else None
        return (xs * self.kept * self.scale if training else xs * self.factor()).astype(xs.dtype)

    def factor(self):
        return 1

    def backward(self, dys):
        return (dys if self.kept is None else dys * self.kept * self.scale * self.back()).astype(dys.dtype)

    def back(self):
        return 1


class ScaledTwiceInBackward(Right):
    def back(self):
        return self.scale


class ScaledAtTestTimeToo(Right):
    def factor(self):
        return self.scale


class ScaledDownAtTestTimeToo(Right):
    def factor(self):
        return 1 - self.rate


class OlderForm(Right):
    scale = 1

    def factor(self):
        return 1 - self.rate


class OlderFormWithRate(Right):
    scale = 1

    def factor(self):
        return self.rate


class Normal(Right):
    def draw(self, xs):
        return self.rng.normal(size=xs.shape) > self.rate


class TrainingByDefault(Right):
    def forward(self, xs, training=True):
        return super().forward(xs, training)


class NotScaledAndDroppedAtTestTime(Right):
    scale = 1

    def forward(self, xs, training=False):
        return super().forward(xs, True)


class AnotherMaskEachWay(Right):
    scale = 1

    def backward(self, dys):
        return dys if self.kept is None else dys * self.draw(dys)


class MaskOnlyInTraining(Right):
    def forward(self, xs, training=False):
        if training:
            self.mask = (self.rng.random(xs.shape) >= self.rate) * self.scale
            return xs * self.mask
        return xs

    def backward(self, dys):
        return dys * self.mask


class RateZeroFirst(Right):
    """Rate 0 is looked at first, so that a wrong scale does not show there."""

    def forward(self, xs, training=False):
        return super().forward(xs, training and self.rate > 0)


class RateToKeep(RateZeroFirst):
    def __init__(self, rate, rng):
        super().__init__(rate and 1 - rate, rng)


class OneMaskDividedByRate(RateZeroFirst):
    def __init__(self, rate, rng):
        super().__init__(rate, rng)
        self.scale, self.drawn = 1 / rate if rate else 1, None

    def draw(self, xs):
        self.drawn = super().draw(xs) if self.drawn is None else self.drawn
        return self.drawn


class MaskOfNone(MaskOnlyInTraining):
    def forward(self, xs, training=False):
        self.mask = None
        return super().forward(xs, training)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ScaledTwiceInBackward, ["The gradient is scaled twice."]),
        (ScaledAtTestTimeToo, ["At test time `ys` is scaled up as in training."]),
        (ScaledDownAtTestTimeToo, ["Training is scaled up, and at test time `ys` is scaled down again."]),
        (
            OlderForm,
            ["This is the older form: no scale in training, and `ys` is multiplied by `1 - rate` at test time."],
        ),
        (
            OlderFormWithRate,
            ["Training is not scaled, and at test time `ys` is multiplied by `rate`."],
        ),
        (Normal, ["The random numbers are normal, not uniform."]),
        (RateToKeep, ["`rate` is used as the probability to *keep*, in the scale too."]),
        (TrainingByDefault, ["`training` is True unless told otherwise."]),
        (MaskOnlyInTraining, ["An evaluation sets no mask, so backward finds none, or an old one."]),
        (MaskOfNone, ["Backward multiplies by a mask that is None after an evaluation."]),
    ],
)
def test_the_cause_named_is_the_cause(answer, expected):
    assert names("6.4", answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            OneMaskDividedByRate,
            ["The mask is drawn once and used from then on.", "The mask is divided by `rate`."],
        ),
        (
            NotScaledAndDroppedAtTestTime,
            ["Values are dropped at test time too.", "The mask is not scaled: on average the values get smaller."],
        ),
        (
            AnotherMaskEachWay,
            ["The mask is not scaled: on average the values get smaller.", "Backward draws a *new* mask."],
        ),
    ],
)
def test_two_mistakes_are_both_named(answer, expected):
    assert names("6.4", answer) == expected


class DrawsFirst(Layer):
    """A mask that is drawn before `training` is looked at: right, though an evaluation uses up random numbers."""

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, xs, *, training=False):
        mask = (self.rng.random(xs.shape) >= self.rate) / (1 - self.rate)
        self.mask = mask if training else np.ones_like(xs)
        return xs * self.mask

    def backward(self, dys):
        return dys * self.mask


def test_a_mask_may_be_drawn_before_training_is_looked_at():
    assert judge(EXERCISES["6.4"], DrawsFirst, VISIBLE).right
    assert judge(EXERCISES["6.4"], DrawsFirst, HIDDEN, seed=3).right
