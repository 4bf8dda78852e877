"""Recognising mistakes: the answer is compared with what each known mistake, and each two of them, would have given."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

from helpers.checks import compare
from helpers.checks.edits import Answer, Edit
from helpers.checks.exercise import Exercise, Misconception
from helpers.checks.observation import Case, Observation, Record, observe

Observations: TypeAlias = Sequence[Observation]

#: How many pairs of mistakes are tried at most, the likeliest first, and how many of the unlikely ones among them.
MOST_PAIRS, MOST_UNLIKELY_PAIRS = 300, 60


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

    One mistake that gives all that the answer gave comes first; then some that have its wrong results between them, one
    these and one those; then two that give all when made at once; then those that have some of its wrong results.

    Args:
        exercise: the Exercise.
        tried: its Cases.
        seen: what the answer gave in each.
    """
    wrong = _wrong_results(tried, seen)
    if not wrong and not any(one.error or one.changed or one.warned for one in seen):
        return Diagnosis()  # the values are right, only their type is too narrow
    alone = [observe(exercise, mistake.wrong, tried[0].arguments) for mistake in exercise.misconceptions]
    for mistake, theirs in zip(exercise.misconceptions, alone):
        if _is_alike(exercise, seen[0], theirs) and _explains_all(exercise, mistake.wrong, tried, seen):
            return Diagnosis((mistake,))
    if not wrong and not any(one.error for one in seen):
        return Diagnosis()  # every result is right: it is how they came about that is not
    partly = _those_in_part(exercise, tried, seen, alone)
    explained = set().union(*partly.values())
    if len(partly) > 1 and explained == wrong:
        return Diagnosis(_in_order(partly))
    for pair, both in _pairs(exercise, tried[0], seen[0], alone):
        if _explains_all(exercise, both.wrong, tried, seen):
            return Diagnosis(_in_order(pair))
    return Diagnosis(_in_order(partly), tuple(name for name in exercise.results if name in explained))


def _explains_all(exercise: Exercise, wrong: Answer, tried: Sequence[Case], seen: Observations) -> bool:
    """Whether a wrong answer gives what the learner's gave, in every case."""
    return all(_gives(exercise, wrong, case, one) for case, one in zip(tried, seen))


class _Differs(BaseException):
    """A result is another one; no `except Exception` of a probe must catch this."""


class _SameSoFar(Record):
    """Results of a wrong answer, which is run only for as long as they are those of the learner's."""

    def __init__(self, theirs: Mapping[str, Any]) -> None:
        super().__init__()
        self.theirs = theirs

    def __setitem__(self, name: str, value: object) -> None:
        super().__setitem__(name, value)
        if name not in self.theirs or not compare.same(self.theirs[name], self[name]):
            raise _Differs


def _gives(exercise: Exercise, wrong: Answer, case: Case, seen: Observation) -> bool:
    """Whether a wrong answer gives on one case what the learner's gave."""
    return _is_alike(exercise, seen, observe(exercise, wrong, case.arguments, _SameSoFar(seen.record)))


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
    expected = case.expected.record
    return (theirs.error is None and not theirs.changed) and all(
        name in one.record and _is_finite(value) and compare.same(one.record[name], value)
        for name, value in theirs.record.items()
        if name in expected and not compare.same(value, expected[name])
    )


def _is_finite(value: Any) -> bool:
    return not isinstance(value, float | np.floating | np.ndarray) or bool(np.all(np.isfinite(value)))


class _Fit:
    """How what an answer gives on one case fits what a mistake, or the reference, gives.

    Args:
        seen, theirs, expected: what the answer, the mistake and the reference give.

    Attributes:
        said: the error of the mistake.
        wrong: the names of its wrong results.
        shared: the names of the results that the answer has as well.
    """

    def __init__(self, seen: Observation, theirs: Observation, expected: Observation) -> None:
        self.seen, self.theirs = seen.record, theirs.record
        self.said, self.wrong = _said(theirs), _differing(theirs, expected)
        self.shared = set(seen.record) - _differing(seen, theirs)
        self._held: dict[str, bool] = {}

    def holds(self, name: str) -> bool:
        """Whether a result of the answer has the value of another of theirs: results may change places."""
        if name not in self._held:
            others = (value for other, value in self.theirs.items() if other != name)
            self._held[name] = any(compare.same(self.seen[name], value) for value in others)
        return self._held[name]


def _pairs(
    exercise: Exercise, case: Case, seen: Observation, alone: Observations
) -> Iterator[tuple[tuple[Misconception, Misconception], Edit]]:
    """Yield each pair of mistakes that gives on one case what the answer gave, and the two as one Edit.

    Where only one of the two is wrong, the answer should have its result, and where neither is wrong, a right one: such
    pairs come first. Few of the others are run, since now and then one mistake moves what the other spoils.
    """
    right = _Fit(seen, case.expected, case.expected)
    edits = [
        (mistake, mistake.code, _Fit(seen, observed, case.expected))
        for mistake, observed in zip(exercise.misconceptions, alone)
        if isinstance(mistake.code, Edit)
    ]
    likely: list[tuple[tuple[Misconception, Misconception], Edit]] = []
    unlikely: list[tuple[tuple[Misconception, Misconception], Edit]] = []
    for (one, edit, fit), (other, second, its_fit) in combinations(edits, 2):
        if _said(seen) not in (fit.said, its_fit.said):
            continue  # the error of both is that of one
        if edit.target is second.target and not edit.overlaps(second):
            pairs = likely if _may_be_both(seen, right, fit, its_fit) else unlikely
            pairs.append(((one, other), edit + second))
    if isinstance(exercise.reference, type):
        unlikely = []  # a layer takes too long for these
    for pair, both in likely[:MOST_PAIRS] + unlikely[:MOST_UNLIKELY_PAIRS]:
        if _gives(exercise, both.wrong, case, seen):
            yield pair, both


def _may_be_both(seen: Observation, right: _Fit, one: _Fit, other: _Fit) -> bool:
    """Whether each result of the answer is one that it should have if it makes two mistakes."""
    fitting = (
        (one.wrong & other.wrong)  # whatever the value
        | (one.shared & one.wrong - other.wrong)
        | (other.shared & other.wrong - one.wrong)
        | (right.shared - one.wrong - other.wrong)
    )
    others = (name for name in seen.record if name not in fitting)
    return all(any(fit.holds(name) for fit in (right, one, other)) for name in others)


def _in_order(
    mistakes: Iterator[Misconception] | Sequence[Misconception] | dict[Misconception, set[str]],
) -> tuple[Misconception, ...]:
    """The mistakes, those that are edits in the order of the source."""
    return tuple(sorted(mistakes, key=lambda one: one.code.places[0][0] if isinstance(one.code, Edit) else 0))
