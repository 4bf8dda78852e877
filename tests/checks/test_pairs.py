"""Two mistakes at once: no pair of them is given the cause of another."""

import functools
import operator
from unittest import mock

import pytest

from helpers.checks import diagnosis
from helpers.checks.catalogue import EXERCISES
from helpers.checks.edits import EditError
from helpers.checks.inputs import VISIBLE
from helpers.checks.observation import cases, observe
from tests.checks import pairs


class Engine:
    """What a check says of a pair, on some draws; what each mistake gives there is kept for the next pair."""

    def __init__(self, exercise, draws):
        self.exercise, self.draws, self.seen = exercise, draws, {}

    @functools.cached_property
    def tried(self):
        return cases(self.exercise, self.draws, seed=0)

    def observe(self, exercise, wrong, arguments, record=None):
        key = wrong, id(arguments)
        if key not in self.seen:
            self.seen[key] = observe(exercise, wrong, arguments)
        return self.seen[key]

    def observe_all(self, wrong):
        return [self.observe(self.exercise, wrong, case.arguments) for case in self.tried]

    def is_given_to_others(self, pair):
        """Whether the causes that are named belong to others, and do not give together what the pair gives."""
        both = self.observe_all((pair.one.code + pair.other.code).wrong)
        with mock.patch("helpers.checks.diagnosis.observe", self.observe):
            causes = diagnosis.recognise(self.exercise, self.tried, both).causes
        are_own = all(self.is_part(cause, pair.one) or self.is_part(cause, pair.other) for cause in causes)
        return not are_own and not self.give_together(causes, both)

    def is_part(self, one, other):
        """Whether a mistake is another one, or a part of it: alone, that has all its wrong results too."""
        seen = map(self.observe_all, (other.wrong, one.wrong))
        return one is other or all(map(diagnosis._is_contained, self.tried, *seen))

    def give_together(self, causes, both):
        if len(causes) == 1:
            wrong = causes[0].wrong
        else:
            try:
                wrong = functools.reduce(operator.add, (cause.code for cause in causes)).wrong
            except (EditError, TypeError):
                return False
        return all(map(functools.partial(diagnosis._is_alike, self.exercise), both, self.observe_all(wrong)))


#: Exercises whose many pairs, of layers that are run often, take long.
SLOW = ("3.5", "4.4", "6.1", "6.2", "6.3", "6.4", "7.2", "7.3", "8.3", "8.6", "9.3")


@pytest.mark.parametrize("id", [pytest.param(id, marks=[pytest.mark.slow] * (id in SLOW)) for id in EXERCISES])
def test_no_pair_of_mistakes_is_given_the_cause_of_another(id):
    exercise = EXERCISES[id]
    first, every = Engine(exercise, [pairs.DRAW]), Engine(exercise, VISIBLE)
    suspects = [pair for pair in pairs.pairs(exercise) if pair.others]
    misnamed = [pair for pair in suspects if first.is_given_to_others(pair) and every.is_given_to_others(pair)]
    assert [(pair.one.name, pair.other.name) for pair in misnamed] == []


def test_a_pair_that_is_given_to_another_is_found():
    exercise = EXERCISES["1.3"]
    pair = next(pair for pair in pairs.pairs(exercise) if pair.kind == "partly")
    engine = Engine(exercise, [pairs.DRAW])
    assert not engine.is_given_to_others(pair)
    stranger = next(one for one in exercise.misconceptions if one not in (pair.one, pair.other, *pair.others))
    with mock.patch("helpers.checks.diagnosis.recognise", return_value=diagnosis.Diagnosis((stranger,))):
        assert engine.is_given_to_others(pair)
