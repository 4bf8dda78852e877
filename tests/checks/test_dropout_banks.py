"""Masks are recovered from what comes out, and put into words: no two mistakes get the same ones by chance."""

import numpy as np
import pytest

from helpers.checks import compare
from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.checks.notebook_07 import _VariationalLSTM
from helpers.checks.observation import cases, observe
from helpers.nn import layers

LSTM = EXERCISES["7.3"]


@pytest.mark.parametrize("misconception", LSTM.misconceptions, ids=lambda one: one.name)
def test_no_known_mistake_of_the_variational_lstm_is_among_the_others(misconception):
    for case in cases(LSTM, VISIBLE, seed=0):
        record = observe(LSTM, misconception.wrong, case.arguments).record
        assert not {"others", "of another shape"} & {said for said in record.values() if isinstance(said, str)}


class _AnotherFactor(_VariationalLSTM):
    """A mistake of nobody: the gradient of `Wh` is a third too large."""

    def collect(self, param, grad):
        param.grad += grad * (4 / 3 if param is self.Wh else 1)


class _AHalfOfTheMemory(_VariationalLSTM):
    """A mistake of nobody: half of what comes back for the memory."""

    def back(self, dh, dc, mask):
        return dh * mask, dc / 2


@pytest.mark.parametrize("wrong", [_AnotherFactor, _AHalfOfTheMemory])
def test_an_unknown_mistake_gets_no_name(wrong):
    verdict = judge(LSTM, wrong, VISIBLE)
    assert verdict.status == "not yet"
    assert verdict.misconception is None


def _scores_in_place(logits, temperature, rng):
    logits -= logits.max()
    logits /= temperature
    return int(rng.choice(len(logits), p=np.exp(logits) / np.exp(logits).sum()))


class _InPlace(layers.Dropout):
    """Everything in the arrays that it is given, both ways."""

    def forward(self, xs, *, training=False):
        xs[...] = super().forward(xs, training=training)
        return xs

    def backward(self, dys):
        dys[...] = super().backward(dys)
        return dys


class _SharedInPlace(layers.VariationalDropout, _InPlace):
    forward, backward = _InPlace.forward, _InPlace.backward


class _InTheStates(_VariationalLSTM):
    """The gradient of the memory is added up in the array of the caller."""

    def backward(self, dhs, dstate=None):
        dxs, (dh, dc) = super().backward(dhs, dstate)
        dstate[0][...], dstate[1][...] = dh, dc
        return dxs, dstate


@pytest.mark.parametrize(
    ("exercise_id", "answer", "argument"),
    [
        ("5.6", _scores_in_place, "logits"),
        ("6.4", _InPlace, "xs"),
        ("7.2", _SharedInPlace, "xs"),
        ("7.3", _InTheStates, "dstate"),
    ],
)
def test_an_answer_that_is_right_but_for_what_it_changed_is_told_just_that(exercise_id, answer, argument):
    exercise = EXERCISES[exercise_id]
    assert (
        judge(exercise, answer, VISIBLE).paragraphs[0]
        == f"`{exercise.name}` changed its argument `{argument}`, which the caller still needs."
    )
    case = cases(exercise, VISIBLE, seed=0)[0]
    record = observe(exercise, answer, case.arguments).record
    assert [name for name in record if not compare.same(record[name], case.expected.record[name])] == []


class _ForgottenInEvaluation(layers.Dropout):
    """A mask that only a training forward sets."""

    def forward(self, xs, *, training=False):
        ys = super().forward(xs, training=training)
        if not training:
            del self.mask
        return ys

    def backward(self, dys):
        return dys * self.mask


def test_a_mask_that_an_evaluation_does_not_set_is_explained():
    verdict = judge(EXERCISES["6.4"], _ForgottenInEvaluation, VISIBLE)
    assert "every forward must set" in verdict.paragraphs[0]
