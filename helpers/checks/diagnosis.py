"""Recognising mistakes: the answer is compared with what each known mistake, and each two of them, would have given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

from helpers.checks import compare
from helpers.checks.edits import Answer, Edit
from helpers.checks.exercise import Exercise, Misconception
from helpers.checks.observation import Case, Observation, observe

Observations: TypeAlias = Sequence[Observation]

#: How many pairs of mistakes are tried at most, the likeliest first.
MOST_PAIRS = 400


@dataclass(frozen=True)
class Diagnosis:
    """The mistakes that were recognised in an answer.

    Args:
        causes: none or some, the earlier in the equations first.
        results: the wrong results that they explain; () if they explain all there is to see.
    """

    causes: tuple[Misconception, ...] = ()
    results: tuple[str, ...] = ()


def recognise(exercise: Exercise, tried: Sequence[Case], seen: Observations) -> Diagnosis:
    """Return the Diagnosis of a wrong answer. A cause that was not detected is not guessed.

    One mistake that gives all that the answer gave comes first, then two that do so together, then those that give
    some of its wrong results and contradict none of the others.

    Args:
        exercise: the Exercise.
        tried: its Cases.
        seen: what the answer gave in each.
    """
    alone = [observe(exercise, mistake.wrong, tried[0].arguments) for mistake in exercise.misconceptions]
    for mistake, theirs in zip(exercise.misconceptions, alone):
        if _is_alike(exercise, seen[0], theirs) and _explains_all(exercise, mistake.wrong, tried, seen):
            return Diagnosis((mistake,))
    partly = _those_in_part(exercise, tried, seen, alone)
    explained = set().union(*partly.values())
    if len(partly) > 1 and explained == _wrong_results(tried, seen):
        return Diagnosis(_in_order(partly))
    for pair, both in _pairs(exercise, tried[0], seen[0], alone):
        if _explains_all(exercise, both.wrong, tried, seen):
            return Diagnosis(_in_order(pair))
    return Diagnosis(_in_order(partly), tuple(name for name in exercise.results if name in explained))


def _explains_all(exercise: Exercise, wrong: Answer, tried: Sequence[Case], seen: Observations) -> bool:
    """Whether a wrong answer gives what the learner's gave, in every case."""
    return all(_is_alike(exercise, one, observe(exercise, wrong, case.arguments)) for case, one in zip(tried, seen))


def _is_alike(exercise: Exercise, one: Observation, other: Observation) -> bool:
    """Whether two Observations are the same: results by value, changed arguments, the error."""
    if one.changed != other.changed or _said(one) != _said(other) or one.record.keys() != other.record.keys():
        return False
    if exercise.stable and set(one.warned) != set(other.warned):
        return False
    return all(compare.same(one.record[name], other.record[name]) for name in one.record)


def _said(observation: Observation) -> tuple[str, str] | None:
    return None if observation.error is None else (type(observation.error).__name__, str(observation.error))


def _wrong_results(tried: Sequence[Case], seen: Observations) -> set[str]:
    """The names of the results that are wrong in some case."""
    return {name for case, one in zip(tried, seen) for name in _differing(one, case.expected)}


def _differing(one: Observation, other: Observation) -> set[str]:
    """The names of the results of `one` that are not those of `other`."""
    return {
        name
        for name, value in one.record.items()
        if name in other.record and not compare.same(value, other.record[name])
    }


def _those_in_part(
    exercise: Exercise, tried: Sequence[Case], seen: Observations, alone: Observations
) -> dict[Misconception, set[str]]:
    """The mistakes, of separate results, whose every wrong result the answer has as well: mistake to its results."""
    found: dict[Misconception, set[str]] = {}
    for mistake, theirs in zip(exercise.misconceptions, alone):
        if _is_contained(tried[0], seen[0], theirs):
            others = [observe(exercise, mistake.wrong, case.arguments) for case in tried]
            if all(map(_is_contained, tried, seen, others)):
                found[mistake] = _wrong_results(tried, others)
    separate: dict[Misconception, set[str]] = {}
    for mistake in sorted(found, key=lambda one: -len(found[one])):  # what explains most comes first
        if found[mistake] and not found[mistake] & set().union(*separate.values()):
            separate[mistake] = found[mistake]
    return separate


def _is_contained(case: Case, one: Observation, theirs: Observation) -> bool:
    """Whether an answer has every wrong result of a mistake.

    Infinity and NaN prove nothing: many mistakes end there.
    """
    wrong = _differing(theirs, case.expected)
    if theirs.error is not None or theirs.changed or not all(_is_finite(theirs.record[name]) for name in wrong):
        return False
    return all(name in one.record and compare.same(one.record[name], theirs.record[name]) for name in wrong)


def _is_finite(value: Any) -> bool:
    return not isinstance(value, float | np.floating | np.ndarray) or bool(np.all(np.isfinite(value)))


def _pairs(
    exercise: Exercise, case: Case, seen: Observation, alone: Observations
) -> Iterator[tuple[tuple[Misconception, Misconception], Edit]]:
    """Yield each pair of mistakes that gives on one case what the answer gave, and the two as one Edit."""
    tried = 0
    for one, other in _candidates(exercise, case, seen, alone):
        assert isinstance(one.code, Edit)
        assert isinstance(other.code, Edit)
        if one.code.target is not other.code.target or one.code.overlaps(other.code):
            continue
        tried += 1
        if tried > MOST_PAIRS:
            return
        both = one.code + other.code
        if _is_alike(exercise, seen, observe(exercise, both.wrong, case.arguments)):
            yield (one, other), both


def _candidates(
    exercise: Exercise, case: Case, seen: Observation, alone: Observations
) -> Iterator[tuple[Misconception, Misconception]]:
    """Yield the pairs of mistakes that are worth running.

    Where only one of the two is wrong, the answer should have its result, and where neither is wrong, a right one. The
    other pairs come last, and only where they are few and quick, a function's: now and then one mistake moves what the
    other spoils.
    """
    right = seen.record.keys() - _differing(seen, case.expected)
    edits = [
        (one, _differing(observed, case.expected), seen.record.keys() - _differing(seen, observed))
        for one, observed in zip(exercise.misconceptions, alone)
        if isinstance(one.code, Edit)
    ]
    others = []
    for (one, wrong, shared), (other, also_wrong, also_shared) in combinations(edits, 2):
        neither = seen.record.keys() - wrong - also_wrong
        if neither <= right and wrong - also_wrong <= shared and also_wrong - wrong <= also_shared:
            yield one, other
        else:
            others.append((one, other))
    if not isinstance(exercise.reference, type) and len(others) <= MOST_PAIRS:
        yield from others


def _in_order(
    mistakes: Iterator[Misconception] | Sequence[Misconception] | dict[Misconception, set[str]],
) -> tuple[Misconception, ...]:
    """The mistakes, those that are edits in the order of the source."""
    return tuple(sorted(mistakes, key=lambda one: one.code.places[0][0] if isinstance(one.code, Edit) else 0))
