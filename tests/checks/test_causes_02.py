"""Answers to notebook 02 that were once told of the wrong mistake, or of none."""

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.training import global_norm


def causes(exercise_id, answer):
    verdict = judge(EXERCISES[exercise_id], answer, VISIBLE)
    assert verdict.status == "not yet"
    return [cause.name for cause in verdict.causes]


def test_the_empty_list_is_named():
    def answer(grads):
        return np.linalg.norm(np.concatenate([grad.ravel() for grad in grads]).astype("float64"))

    assert causes("2.1", answer) == ["The empty list is forgotten: there is nothing to put together."]


@pytest.mark.parametrize("norm", [lambda grads: global_norm(grads) / len(grads) * len(grads), lambda grads: grads[0]])
def test_an_error_on_the_empty_list_says_what_was_given(norm):
    verdict = judge(EXERCISES["2.1"], lambda grads: global_norm(grads) if len(grads) else norm(grads), VISIBLE)
    assert "On the empty list, `[]`, it ended in" in "\n".join(verdict.paragraphs)


def test_squares_written_into_the_gradients_are_named():
    def answer(grads):
        total = 0
        for grad in grads:
            grad **= 2
            total += grad.sum()
        return np.sqrt(total)

    (name,) = causes("2.1", answer)
    assert name.startswith("The squares are written into the gradients themselves")


NO_ERROR = "No error is raised for a norm that is NaN or infinite. (The check gives one on purpose.)"


def clip(instead):
    """A right answer that does something else with a norm that is not finite."""

    def answer(grads, max_norm):
        norm = global_norm(grads)
        if not np.isfinite(norm):
            return instead(norm)
        for grad in grads:
            grad *= min(1, max_norm / norm)
        return norm

    return answer


def test_a_norm_returned_is_not_called_a_missing_test():
    assert causes("2.2", clip(lambda norm: norm)) == [NO_ERROR]


@pytest.mark.parametrize("error", [FloatingPointError, FloatingPointError("not finite")])
def test_an_error_returned_is_not_called_a_missing_test(error):
    assert causes("2.2", clip(lambda norm: error)) == ["The error is returned, not raised."]


def test_no_test_for_NaN_is_named_beside_a_second_mistake():
    def by_value(grads, max_norm):
        norm = global_norm(grads)
        if norm > max_norm:
            for grad in grads:
                np.clip(grad, -max_norm, max_norm, out=grad)
        return norm

    def always(grads, max_norm):
        norm = global_norm(grads)
        for grad in grads:
            grad *= max_norm / norm
        return norm

    def new_arrays(grads, max_norm):
        norm = global_norm(grads)
        if norm > max_norm:
            for i, grad in enumerate(grads):
                grads[i] = grad * max_norm / norm
        return norm

    for answer, start in (
        (by_value, "This clips by"),
        (always, "The gradients are *always*"),
        (new_arrays, "The grad"),
    ):
        first, second = causes("2.2", answer)
        assert first == NO_ERROR
        assert second.startswith(start)
