"""Judging answers in tests: what the known mistakes of an exercise give is computed once, for all answers and tests."""

from functools import cache
from unittest import mock

from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.checks.observation import cases, observe

_observed = {}


def judge_quickly(exercise, answer):
    """As `judge` on the visible draws; the answer itself is run anew each time."""
    with (
        mock.patch("helpers.checks.judge.cases", lambda *_: _tried(exercise)),
        mock.patch("helpers.checks.diagnosis.observe", _observe_once),
    ):
        return judge(exercise, answer, VISIBLE)


def assert_causes(exercise, wrong, begins):
    """Assert that an answer is wrong, and that the names of its causes begin like this, in any order."""
    verdict = judge_quickly(exercise, wrong)
    names = sorted(cause.name for cause in verdict.causes)
    assert verdict.status == "not yet"
    assert len(names) == len(begins)
    assert all(name.startswith(begin) for name, begin in zip(names, sorted(begins))), names


@cache
def _tried(exercise):
    return cases(exercise, VISIBLE, 0)


def _observe_once(exercise, wrong, arguments, record=None):
    key = wrong, id(arguments)  # which `_tried` keeps
    if key not in _observed:
        _observed[key] = observe(exercise, wrong, arguments)
    return _observed[key]
