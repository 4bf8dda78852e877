"""Every exercise: the reference and honest answers pass, every known mistake is caught and named."""

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.exercise import Sizes
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from tests.checks.honest import ANSWERS

MISTAKES = [
    pytest.param(exercise, misconception, id=f"{exercise.id}-{number}")
    for exercise in EXERCISES.values()
    for number, misconception in enumerate(exercise.misconceptions)
]
HONEST = [
    pytest.param(EXERCISES[exercise_id], answer, id=f"{exercise_id}-{answer.__name__}")
    for exercise_id, answers in ANSWERS.items()
    for answer in answers
]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_the_reference_passes(exercise):
    assert judge(exercise, exercise.reference, VISIBLE).paragraphs[0].endswith("all agree.")
    assert judge(exercise, exercise.reference, HIDDEN, seed=7).right


@pytest.mark.parametrize(("exercise", "misconception"), MISTAKES)
def test_a_known_mistake_is_caught_and_named(exercise, misconception):
    verdict = judge(exercise, misconception.wrong, VISIBLE)
    assert verdict.status == "not yet"
    assert verdict.points == 0.0
    assert verdict.misconception is misconception
    assert misconception.name in "\n".join(verdict.paragraphs)


@pytest.mark.parametrize(("exercise", "misconception"), MISTAKES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_known_mistake_fails_the_hidden_check(exercise, misconception, seed):
    assert not judge(exercise, misconception.wrong, HIDDEN, seed).right


@pytest.mark.parametrize(("exercise", "answer"), HONEST)
def test_an_honest_answer_passes(exercise, answer):
    verdict = judge(exercise, answer, VISIBLE)
    assert verdict.right, verdict.paragraphs
    hidden = judge(exercise, answer, HIDDEN, seed=3)
    assert hidden.right, hidden.paragraphs


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_there_are_enough_mistakes_and_honest_answers(exercise):
    hard = ("1.4", "3.5", "4.3", "4.4", "5.3", "6.4", "7.2", "8.2")
    assert len(exercise.misconceptions) >= (5 if exercise.id in hard else 3)
    assert len(ANSWERS[exercise.id]) >= 3


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_no_name_of_a_mistake_is_used_twice(exercise):
    names = [misconception.name for misconception in exercise.misconceptions]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_an_exercise_uses_only_earlier_ones(exercise):
    earlier = list(EXERCISES)[: list(EXERCISES).index(exercise.id)]
    assert set(exercise.uses) <= set(earlier)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_the_example_has_the_arguments_of_a_draw(exercise):
    if exercise.example is not None:
        assert list(exercise.example) == list(exercise.draw(np.random.default_rng(0), Sizes()))
