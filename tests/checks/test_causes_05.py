"""Answers to notebook 05 that were given a wrong cause, or none: what they are told now."""

import math
from dataclasses import replace

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.nn.base import Layer
from helpers.nn.functional import softmax


def causes(exercise_id, answer):
    """The names of the causes that the visible check gives a wrong answer; the hidden one refuses it too."""
    exercise = EXERCISES[exercise_id]
    assert not judge(replace(exercise, misconceptions=()), answer, HIDDEN, seed=1).right
    verdict = judge(exercise, answer, VISIBLE)
    assert not verdict.right
    return [cause.name for cause in verdict.causes]


class _Embedding(Layer):
    """Right, but that word 0 is taken for padding, or the table is read from a copy."""

    def __init__(self, E):
        self.E, self.table = E, np.array(E.value)

    def forward(self, xs, *, training=False):
        self.xs = xs
        return self.E.value[xs]

    def backward(self, dys):
        for word, dy in zip(self.xs.ravel(), dys.reshape(-1, dys.shape[-1])):
            if word != 0:
                self.E.grad[word] += dy


class _CopiedTableAndSign(_Embedding):
    def forward(self, xs, *, training=False):
        self.xs = xs
        return self.table[xs]

    def backward(self, dys):
        np.subtract.at(self.E.grad, self.xs, dys)


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (_Embedding, ["Word 0 is treated as padding: it gets no gradient."]),
        (
            _CopiedTableAndSign,
            ["Forward reads a copy of `E` made at the beginning, which does not learn.", "The gradient is subtracted."],
        ),
    ],
)
def test_the_causes_of_a_wrong_embedding(answer, names):
    assert causes("5.1", answer) == names


class _LossWithALimit:
    limited = staticmethod(lambda picked: picked)

    def forward(self, logits, targets):
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        self.probs, self.targets = powers / powers.sum(axis=-1, keepdims=True), targets
        picked = np.take_along_axis(self.probs, targets[..., None], axis=-1)
        return -np.log(self.limited(picked)).mean()

    def backward(self):
        return (self.probs - np.eye(self.probs.shape[-1])[self.targets]) / self.targets.size


@pytest.mark.parametrize("limit", [10.0**-power for power in range(5, 21)])
@pytest.mark.parametrize("limited", [lambda limit: lambda p: p + limit, lambda limit: lambda p: np.maximum(p, limit)])
def test_a_limit_inside_the_logarithm_is_named_whatever_it_is(limited, limit):
    answer = type("SoftmaxCrossEntropy", (_LossWithALimit,), {"limited": staticmethod(limited(limit))})
    assert causes("5.3", answer) == [
        "A small number is added inside the logarithm, or the probability is clipped.",
    ]


@pytest.mark.parametrize("limit", [20, 50.0, 700.0])
def test_a_limit_of_perplexity_is_named_whatever_it_is(limit):
    def perplexity(total_nll, n_tokens):
        if not n_tokens:
            raise ValueError("none")
        return math.exp(min(total_nll / n_tokens, limit))

    assert causes("5.4", perplexity) == ["The perplexity is cut off before it overflows."]


def root_of_exp(total_nll, n_tokens):
    return float(np.exp(total_nll) ** (1 / n_tokens))


def root_of_the_probability(total_nll, n_tokens):
    return float(np.exp(-total_nll) ** (-1 / n_tokens))


@pytest.mark.parametrize(
    ("form", "cause"),
    [
        (root_of_exp, "It is a root of `exp(total_nll)`: on any real text that overflows first."),
        (root_of_the_probability, "It is a root of the text's probability, `exp(-total_nll)`: on any real text that is "
         "rounded to 0."),
    ],
)  # fmt: skip
def test_a_perplexity_that_overflows_on_a_real_text_is_named(form, cause):
    def perplexity(total_nll, n_tokens):
        if n_tokens == 0:
            raise ValueError("no tokens")
        with np.errstate(over="ignore"):
            return form(total_nll, n_tokens)

    assert form(np.log(64), 3) == pytest.approx(4) and causes("5.4", perplexity) == [cause]


def test_a_limit_of_perplexity_does_not_hide_another_mistake():
    def perplexity(total_nll, n_tokens):
        if n_tokens < 1:
            raise ValueError("none")
        return float(np.exp(min(total_nll // n_tokens, 100.0)))

    assert causes("5.4", perplexity) == [
        "The mean is rounded down: `//` instead of `/`.",
        "The perplexity is cut off before it overflows.",
    ]


def _last_target_filled(ids, batch_size, steps):
    L = len(ids) // batch_size
    inputs = ids[: batch_size * L].reshape(batch_size, L)
    nexts = np.append(ids[1:], -1)[: batch_size * L].reshape(batch_size, L)
    for begin in range(0, L, steps):
        yield inputs[:, begin : begin + steps], nexts[:, begin : begin + steps]


def _last_targets_missing(ids, batch_size, steps):
    L = len(ids) // batch_size
    rows = ids[: batch_size * L].reshape(batch_size, L)
    for begin in range(0, L, steps):
        yield rows[:, begin : begin + steps], rows[:, begin + 1 : begin + steps + 1]


@pytest.mark.parametrize("answer", [_last_target_filled, _last_targets_missing])
def test_a_last_target_that_is_missing_does_not_go_round(answer):
    assert not [name for name in causes("5.5", answer) if "wrap around" in name]


def test_no_error_and_no_last_window_are_two_mistakes():
    def stream_batches(ids, batch_size, steps):
        L = (len(ids) - 1) // batch_size
        inputs, nexts = (ids[i : i + batch_size * L].reshape(batch_size, L) for i in (0, 1))
        for begin in range(0, L - steps + 1, steps):
            yield inputs[:, begin : begin + steps], nexts[:, begin : begin + steps]

    assert causes("5.5", stream_batches) == [
        "There is no ValueError where the stream is too short.",
        "The last window is left out where it is short.",
    ]


@pytest.mark.parametrize("fewest", [lambda steps: 2, lambda steps: steps])
def test_an_error_where_there_is_a_word_in_each_row_is_named(fewest):
    def stream_batches(ids, batch_size, steps):
        L = (len(ids) - 1) // batch_size
        if fewest(steps) > L:
            raise ValueError("too short")
        inputs, nexts = (ids[i : i + batch_size * L].reshape(batch_size, L) for i in (0, 1))
        for begin in range(0, L, steps):
            yield inputs[:, begin : begin + steps], nexts[:, begin : begin + steps]

    assert causes("5.5", stream_batches) == ["A ValueError is raised though L is not below 1."]


def test_whole_blocks_of_the_stream_are_two_mistakes():
    def stream_batches(ids, batch_size, steps):
        if len(ids) <= batch_size:
            raise ValueError("too short")
        L, size = (len(ids) - 1) // batch_size, batch_size * steps
        for begin in range(0, batch_size * L - size + 1, size):
            yield tuple(ids[i : i + size].reshape(batch_size, steps) for i in (begin, begin + 1))

    assert causes("5.5", stream_batches) == [
        "The last window is left out where it is short.",
        "Each window is the next piece of the stream: no row continues where it stopped.",
    ]


def _undivided_maximum(logits, temperature, rng):
    powers = np.exp(logits / temperature - logits.max())
    return int(rng.choice(len(logits), p=powers / powers.sum()))


def _most_likely(logits, temperature, rng):
    return np.argmax(logits)


def _off_by_one(logits, temperature, rng):
    return min(rng.choice(len(logits), p=softmax(logits / temperature)) + 1, len(logits) - 1)


def _linear(logits, temperature, rng):
    scores = logits - logits.min()
    return rng.choice(len(logits), p=scores / scores.sum())


def _log_probabilities(logits, temperature, rng):
    powers = np.exp(np.log(softmax(logits)) / temperature)
    return rng.choice(len(logits), p=powers / powers.sum())


def _hotter(logits, temperature, rng):
    return rng.choice(len(logits), p=softmax(logits / (1.3 * temperature)))


def _sometimes_the_most_likely(logits, temperature, rng):
    return np.argmax(logits) if rng.random() < 0.25 else rng.choice(len(logits), p=softmax(logits / temperature))


def _multiplied(logits, temperature, rng):
    return np.argmax(logits * temperature + rng.gumbel(size=len(logits)))


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (
            _undivided_maximum,
            ["The maximum is that of the *undivided* logits: at a low temperature `np.exp` overflows."],
        ),
        (_most_likely, ["The most likely word is chosen, always."]),
        (_off_by_one, []),
        (_hotter, ["Unlikely words come too often, as at a higher temperature than the given one."]),
        (
            _sometimes_the_most_likely,
            ["Unlikely words come too seldom, as at a lower temperature than the given one."],
        ),
        (_linear, ["The probabilities are in proportion to the scores: the `np.exp` is missing."]),
        (
            _log_probabilities,
            ["Log-probabilities are divided without a maximum: at a low temperature every power is 0."],
        ),
        (_multiplied, ["The logits are *multiplied* by the temperature."]),
    ],
)
def test_a_draw_gets_its_own_cause_or_none(answer, names):
    assert causes("5.6", answer) == names


def _nan_without_tokens(total_nll, n_tokens):
    with np.errstate(all="ignore"):
        return float(np.exp(np.float64(total_nll) / n_tokens)) if n_tokens else math.nan


def test_a_case_of_the_checks_own_is_not_called_the_example_by_hand():
    verdict = judge(EXERCISES["5.4"], _nan_without_tokens, VISIBLE)
    assert any("`error of 0 tokens` is 'no error'" in paragraph for paragraph in verdict.paragraphs)
    assert not any("by hand" in paragraph for paragraph in verdict.paragraphs)


class _SquaredError:
    """The squared distance of the target's probability from 1: it ends at 1, and not for a limit in a logarithm."""

    def forward(self, logits, targets):
        self.probs, self.targets = softmax(logits), targets
        return float(np.mean((1 - np.take_along_axis(self.probs, targets[..., None], -1)) ** 2))

    def backward(self):
        return (self.probs - np.eye(self.probs.shape[-1])[self.targets]).astype(self.probs.dtype) / self.targets.size


def test_a_loss_that_is_no_logarithm_is_not_told_of_a_limit_in_one():
    assert causes("5.3", _SquaredError) == []
