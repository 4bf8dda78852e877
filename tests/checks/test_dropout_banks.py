"""Masks are recovered from what comes out, and put into words: no two mistakes get the same ones by chance."""

import numpy as np
import pytest

from helpers.checks import compare, dropout
from helpers.checks.catalogue import EXERCISES
from helpers.checks.edits import Edit
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.checks.notebook_07 import _VariationalLSTM
from helpers.checks.observation import cases, observe
from helpers.nn import layers, recurrent

LSTM = EXERCISES["7.3"]


@pytest.mark.parametrize("rate", np.linspace(0.1, 0.3, 41))
def test_no_two_factors_of_a_mask_are_the_same_at_a_rate_that_is_drawn(rate):
    factors = [1, 1 / (1 - rate), 1 / (1 - rate) ** 2, 1 - rate, 1 / rate, rate]
    said = [dropout.relation(np.array([0, factor]), rate) for factor in factors]
    assert len(set(said)) == len(factors)
    assert "several values" not in said


def test_rates_are_drawn_from_the_range_in_which_factors_differ():
    rates = [dropout.draw_rate(np.random.default_rng(seed)) for seed in range(200)]
    assert 0.1 <= min(rates) < 0.12 < 0.28 < max(rates) <= 0.3


@pytest.mark.parametrize(
    "change", ["self.Wh.grad += dWh → self.Wh.grad += dWh * 4 / 3", "dxs[step] = dx → dxs[step] = dx; dc = dc / 2"]
)
def test_an_unknown_mistake_gets_no_name(change):
    verdict = judge(LSTM, Edit(_VariationalLSTM, (change,)).wrong, VISIBLE)
    assert verdict.status == "not yet"
    assert verdict.causes == ()


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


class _InTheStates(recurrent.VariationalLSTM):
    """The gradient of the memory is added up in the array of the caller."""

    def backward(self, dhs, dstate=None):
        dxs, (dh, dc) = super().backward(dhs, dstate)
        if dstate is None:
            return dxs, (dh, dc)
        dstate[0][...], dstate[1][...] = dh, dc
        return dxs, dstate


@pytest.mark.parametrize(
    ("exercise_id", "answer", "arguments"),
    [
        ("5.6", _scores_in_place, "argument `logits`"),
        ("6.4", _InPlace, "arguments `xs`, `dys`"),
        ("7.2", _SharedInPlace, "arguments `xs`, `dys`"),
        ("7.3", _InTheStates, "argument `dstate`"),
    ],
)
def test_an_answer_that_is_right_but_for_what_it_changed_is_told_just_that(exercise_id, answer, arguments):
    exercise = EXERCISES[exercise_id]
    said = f"`{exercise.name}` changed its {arguments}, which the caller still needs: make "
    assert judge(exercise, answer, VISIBLE).paragraphs[0].startswith(said)
    case = cases(exercise, VISIBLE, seed=0)[0]
    record = observe(exercise, answer, case.arguments).record
    assert [name for name in record if not compare.same(record[name], case.expected.record[name])] == []
