"""Calling a function often with the same arguments is as calling it once, each time."""

import numpy as np

from helpers.checks.many_calls import call_often


def test_each_call_gets_what_was_given_and_draws_on_from_the_same_generator():
    def answer(scores, rng):
        scores += 1
        return scores.sum(), rng.random()

    scores = np.zeros(3)
    given = call_often(answer, 4, scores, np.random.default_rng(0))
    assert given == [(3.0, number) for number in np.random.default_rng(0).random(4)]
    assert scores.tolist() == [1, 1, 1], "what a call changed shows in the end"


def test_what_only_one_call_changes_shows_in_the_end():
    calls = []

    def answer(scores):
        calls.append(scores)
        if len(calls) == 2:
            scores[0] = 5

    scores = np.zeros(2)
    call_often(answer, 4, scores)
    assert scores.tolist() == [5, 0]


def test_a_function_of_another_process_is_asked_once():
    class Elsewhere:
        def call_often(self, count, *arguments):
            return [arguments] * count

    assert call_often(Elsewhere(), 2, 7) == [(7,), (7,)]
