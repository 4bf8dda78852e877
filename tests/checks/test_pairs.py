"""Two mistakes at once: no pair of them is given the cause of another."""

import functools
import operator
import os
import random
from itertools import combinations
from unittest import mock

import pytest

from helpers.checks import diagnosis
from helpers.checks.catalogue import EXERCISES
from helpers.checks.edits import Edit, EditError
from helpers.checks.inputs import VISIBLE
from helpers.checks.observation import cases, observe

#: Draws that tell the mistakes apart; the pairs of all exercises, judged on every draw, would take half an hour.
SMALL = VISIBLE[:1]

#: How many pairs of an exercise are tried, drawn at random; with COURSE_ALL_PAIRS=1 all, which takes half an hour.
SOME, ALL = 15, bool(os.environ.get("COURSE_ALL_PAIRS"))


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

    def alike(self, one, other):
        return diagnosis._is_alike(self.exercise, one, other)

    def explain(self, causes, seen):
        """Whether one of the causes, or all at once, give just these results: then nobody could tell."""
        return any(self.alike(seen, self.of(cause.wrong)) for cause in causes) or self.give_together(causes, seen)

    def give_together(self, causes, seen):
        """Whether several mistakes made at once, if they can be, give these results."""
        try:
            wrong = functools.reduce(operator.add, (cause.code for cause in causes)).wrong
        except (EditError, TypeError):
            return False
        return self.alike(seen, observe(self.exercise, wrong, self.tried[0].arguments))

    def recognise(self, seen):
        with mock.patch("helpers.checks.diagnosis.observe", self.observe_once):
            return diagnosis.recognise(self.exercise, self.tried, [seen])

    def pairs(self):
        """Yield both mistakes of a pair that can be made at once, and what they give together."""
        found = [
            (one, other)
            for one, other in combinations(self.edits, 2)
            if one.code.target is other.code.target and not one.code.overlaps(other.code)
        ]
        for one, other in found if ALL else random.Random(0).sample(found, min(SOME, len(found))):
            yield one, other, self.of((one.code + other.code).wrong)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_no_pair_of_mistakes_is_given_the_cause_of_another(exercise):
    signatures, misnamed = Signatures(exercise), {}
    for one, other, both in signatures.pairs():
        if signatures.alike(both, signatures.tried[0].expected):
            continue  # they undo each other
        causes = signatures.recognise(both).causes
        strangers = [cause.name for cause in causes if cause not in (one, other)]
        if strangers and not signatures.explain(causes, both):
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
