"""Recognising a mistake: the answer is compared with what each known mistake would have given."""

from dataclasses import dataclass

import numpy as np

from helpers.checks import compare
from helpers.checks.exercise import Misconception
from helpers.checks.observation import observe


@dataclass(frozen=True)
class Cause:
    """A mistake that was recognised, and how much of the answer it explains: "Your answer is" or "Your `db` is"."""

    misconception: Misconception
    scope: str


def recognise(exercise, tried, seen, result):
    """Return the Cause that gives exactly what the answer gave, or None.

    A mistake that explains everything comes first; failing that, one that explains the wrong `result`, for an answer
    with two mistakes in it. A cause that was not detected is not guessed.

    Args:
        exercise: the Exercise.
        tried: its Cases.
        seen: what the answer gave in each, Observations.
        result: the name of the result that is wrong, or "".
    """
    suspects = []
    for misconception in exercise.misconceptions:
        theirs = [observe(exercise, misconception.wrong, case.arguments) for case in tried]
        if all(_alike(one, other) for one, other in zip(seen, theirs)):
            return Cause(misconception, "Your answer is")
        suspects.append((misconception, theirs))
    for misconception, theirs in suspects:
        if result and _explains(result, tried, seen, theirs):
            return Cause(misconception, f"Your `{result}` is")
    return None


def _alike(one, other):
    """Whether two Observations are the same: results, changed arguments, warnings, the error."""
    if set(one.warned) != set(other.warned) or one.changed != other.changed or _said(one) != _said(other):
        return False
    if one.record.keys() != other.record.keys():
        return False
    return all(compare.same(one.record[name], other.record[name]) for name in one.record)


def _said(observation):
    return None if observation.error is None else (type(observation.error).__name__, str(observation.error))


def _explains(result, tried, seen, theirs):
    """Whether a mistake gives the answer's own wrong `result` in every case, and is wrong there itself.

    Infinity and NaN explain nothing: many mistakes end there.
    """
    differs = False
    for case, one, other in zip(tried, seen, theirs):
        if result not in one.record or result not in other.record:
            return False
        if not compare.same(one.record[result], other.record[result]):
            return False
        theirs_is_wrong = not compare.same(other.record[result], case.expected.record[result])
        differs = differs or (theirs_is_wrong and _is_finite(other.record[result]))
    return differs


def _is_finite(value):
    return not isinstance(value, float | np.floating | np.ndarray) or bool(np.all(np.isfinite(value)))
