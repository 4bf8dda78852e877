"""The contract of a check: what is right in the visible check is right in the hidden one."""

import contextlib
import resource
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from tests.checks.honest import ANSWERS
from tests.checks.mutants import mutants

#: Exercises whose answers draw at random and are judged by frequencies: a few mutants are too near for these.
BY_FREQUENCY = ("5.6", "6.4", "7.2")

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


#: What a mutant may take at most: more memory [bytes], and time [s].
MEMORY, TIME = 1 << 30, 5


@contextlib.contextmanager
def bounded():
    """Limits for code that may ask for all memory there is, or never end: it gets an error instead."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    handler = signal.signal(signal.SIGALRM, _out_of_time)
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MEMORY, hard))
    signal.setitimer(signal.ITIMER_REAL, TIME)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGALRM, handler)


def _out_of_time(*_):
    raise TimeoutError


def is_right(exercise, answer, draws, seed):
    """Whether an answer passes a check, without a search for the cause."""
    with bounded():
        return judge(replace(exercise, misconceptions=()), answer, draws, seed).right


def passes_visible_only(exercise, answer, seeds=(3,)):
    """Whether an answer is right in the visible check and wrong in a hidden one."""
    return is_right(exercise, answer, VISIBLE, 0) and not all(
        is_right(exercise, answer, HIDDEN, [1, seed]) for seed in seeds
    )


@pytest.mark.seeds  # test_banks holds it on other draws: mistakes fail both checks, honest answers pass both
@every_exercise
def test_no_known_mistake_and_no_honest_answer_is_right_in_the_visible_check_alone(exercise):
    answers = [(mistake.name, mistake.wrong) for mistake in exercise.misconceptions]
    answers += [(answer.__name__, answer) for answer in ANSWERS[exercise.id]]
    assert [name for name, answer in answers if passes_visible_only(exercise, answer)] == []


@pytest.mark.slow
@every_exercise
def test_no_mutant_is_right_in_the_visible_check_alone(exercise):
    found = [
        change
        for change, answer in mutants(exercise.spelt_out or exercise.reference)
        if passes_visible_only(exercise, answer, (3, 4))
    ]
    assert len(found) <= (3 if exercise.id in BY_FREQUENCY else 0), found
