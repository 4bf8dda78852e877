"""Two mistakes at once: no pair of them is given the cause of another."""

from itertools import combinations
from unittest import mock

import pytest

from helpers.checks import diagnosis
from helpers.checks.catalogue import EXERCISES
from helpers.checks.edits import Edit
from helpers.checks.inputs import VISIBLE
from helpers.checks.observation import cases, observe

#: Draws that tell the mistakes apart; the pairs of all exercises, judged on every draw, would take half an hour.
SMALL = VISIBLE[:1]


class Signatures:
    """What the known mistakes of an exercise, and each two of them, give on one draw."""

    def __init__(self, exercise):
        self.exercise = exercise
        self.tried = cases(exercise, SMALL, seed=0)[:1]
        self.seen = {}
        self.edits = [one for one in exercise.misconceptions if isinstance(one.code, Edit)]

    def observe_once(self, exercise, wrong, arguments):
        if wrong not in self.seen:
            self.seen[wrong] = observe(exercise, wrong, arguments)
        return self.seen[wrong]

    def of(self, wrong):
        return self.observe_once(self.exercise, wrong, self.tried[0].arguments)

    def of_all(self, causes):
        """What each of the causes gives, and what two of them give together."""
        yield from (self.of(cause.wrong) for cause in causes)
        if len(causes) == 2 and not causes[0].code.overlaps(causes[1].code):
            yield self.of((causes[0].code + causes[1].code).wrong)

    def alike(self, one, other):
        return diagnosis._is_alike(self.exercise, one, other)

    def recognise(self, seen):
        with mock.patch("helpers.checks.diagnosis.observe", self.observe_once):
            return diagnosis.recognise(self.exercise, self.tried, [seen])

    def pairs(self):
        """Yield both mistakes of a pair and what they give together, or None where they cannot be made at once."""
        for one, other in combinations(self.edits, 2):
            if one.code.target is other.code.target and not one.code.overlaps(other.code):
                yield one, other, observe(self.exercise, (one.code + other.code).wrong, self.tried[0].arguments)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_no_pair_of_mistakes_is_given_the_cause_of_another(exercise):
    signatures, misnamed = Signatures(exercise), {}
    for one, other, both in signatures.pairs():
        if signatures.alike(both, signatures.tried[0].expected):
            continue  # they undo each other
        causes = signatures.recognise(both).causes
        strangers = [cause.name for cause in causes if cause not in (one, other)]
        if strangers and not any(signatures.alike(both, given) for given in signatures.of_all(causes)):
            misnamed[one.name, other.name] = strangers
    assert misnamed == {}


def hidden_pairs(exercise):
    """The pairs of which one hides the other, or both, so that they are not told apart."""
    signatures = Signatures(exercise)
    for one, other, both in signatures.pairs():
        for mistake in (one, other):
            if signatures.alike(both, signatures.of(mistake.wrong)):
                yield one, other
                break
