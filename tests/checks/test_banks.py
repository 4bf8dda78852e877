"""Every exercise: the reference and honest answers pass, every known mistake is caught and named."""

import re
from dataclasses import replace

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.edits import Edit, source_of
from helpers.checks.exercise import Sizes
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.classroom.authoring.shown_answers import NAMED
from tests.checks.honest import ANSWERS
from tests.checks.judging import judge_quickly

#: What takes many mistakes at least: these exercises are the hardest.
HARD = ("1.4", "3.5", "4.3", "4.4", "5.3", "6.4", "7.2", "8.2", "9.3")

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
every_seed = pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.seeds) for seed in (1, 2))])


@every_exercise
def test_the_reference_passes(exercise):
    for answer in (exercise.reference, exercise.spelt_out or exercise.reference):
        verdict = judge(exercise, answer, VISIBLE)
        assert verdict.right, verdict.paragraphs
        assert verdict.remarks == ()
        assert judge(exercise, answer, HIDDEN, seed=7).right


@every_exercise
def test_every_known_mistake_is_caught_and_named(exercise):
    unnamed = {}
    for misconception in exercise.misconceptions:
        verdict = judge_quickly(exercise, misconception.wrong)
        caught = verdict.status == "not yet" and verdict.points == 0.0
        named = verdict.causes == (misconception,) and misconception.name in "\n".join(verdict.paragraphs)
        if not (caught and named):
            unnamed[misconception.name] = verdict.paragraphs
    assert unnamed == {}


@every_exercise
@every_seed
def test_every_known_mistake_fails_the_hidden_check(exercise, seed):
    alone = replace(exercise, misconceptions=())  # without a search for the cause

    def is_right(wrong):  # most fail on the first draw already
        return judge(alone, wrong, HIDDEN[:1], seed).right and judge(alone, wrong, HIDDEN, seed).right

    assert [one.name for one in exercise.misconceptions if is_right(one.wrong)] == []


@every_exercise
def test_every_honest_answer_passes(exercise):
    rejected = {}
    for answer in ANSWERS[exercise.id]:
        for inputs, seed in ((VISIBLE, 0), (HIDDEN, 3)):
            verdict = judge(exercise, answer, inputs, seed)
            if not verdict.right:
                rejected[answer.__name__, inputs[0].label] = verdict.paragraphs
    assert rejected == {}


@every_exercise
def test_there_are_enough_mistakes_and_honest_answers(exercise):
    names = [misconception.name for misconception in exercise.misconceptions]
    assert len(set(names)) == len(names) >= (5 if exercise.id in HARD else 3)
    assert len(ANSWERS[exercise.id]) >= 3


@every_exercise
def test_no_hint_shows_a_line_of_the_answer(exercise):
    def told(code):  # what a line says of how it is done, without blanks
        return "".join(NAMED.sub("", code.strip()).split())

    edits = [one.code for one in exercise.misconceptions if isinstance(one.code, Edit)]
    answers = {exercise.reference, exercise.spelt_out or exercise.reference, *(edit.target for edit in edits)}
    lines = {told(line) for answer in answers for line in source_of(answer).splitlines()}
    lines = {line for line in lines if re.search(r"[-+*/@=]|\w\(", line)}  # not the order of a cache
    hints = [one.hint for one in exercise.misconceptions]
    assert [hint for hint in hints if lines & set(map(told, re.findall(r"`([^`]+)`", hint)))] == []


def test_an_exercise_uses_only_earlier_ones():
    ids = list(EXERCISES)
    for place, exercise in enumerate(EXERCISES.values()):
        assert set(exercise.uses) <= set(ids[:place]), exercise.id


def test_an_example_has_the_arguments_that_are_drawn():
    for exercise in EXERCISES.values():
        if exercise.example is not None:
            drawn = exercise.draw(np.random.default_rng(0), Sizes())
            assert list(exercise.example) == list(drawn), exercise.id
