"""The learning rate over a run."""

import math

import pytest

from helpers.training.schedules import DecayOnPlateau, HoldThenFall, train_with_decay


def run(perplexities, **options):
    """Feed a list of perplexities to `train_with_decay`; return what it returned and the rates each epoch was given."""
    given, coming = [], iter(perplexities)
    result = train_with_decay(given.append, lambda: next(coming), 20.0, len(perplexities), **options)
    return *result, given


def test_the_rate_is_held_and_then_falls_linearly_to_zero():
    schedule = HoldThenFall(20.0, hold=0.5)
    assert [schedule.rate(progress) for progress in (0, 0.25, 0.5, 0.75, 1)] == [20, 20, 20, 10, 0]


def test_a_rate_held_throughout_is_constant():
    assert {HoldThenFall(20.0, hold=1).rate(progress) for progress in (0, 0.5, 1)} == {20.0}


@pytest.mark.parametrize("hold", [-0.1, 1.1, math.nan])
def test_a_hold_that_is_no_part_of_the_run_is_refused(hold):
    with pytest.raises(ValueError, match="0 <= hold <= 1"):
        HoldThenFall(20.0, hold)


def test_the_rate_is_divided_only_after_an_epoch_without_progress():
    perplexities, rates, given = run([100, 90, 95, 80, 80])
    assert perplexities == [100, 90, 95, 80, 80]
    assert rates == given == [20, 20, 20, 5, 5]


def test_progress_is_measured_against_the_best_so_far_and_not_against_the_epoch_before():
    assert run([100, 120, 110, 105, 99], factor=2.0)[1] == [20, 20, 10, 5, 2.5]


def test_an_equal_perplexity_is_no_progress():
    assert run([100, 100, 90])[1] == [20, 20, 5]


def test_nan_is_no_progress_and_does_not_become_the_best():
    assert run([math.nan, 100, math.nan, 99])[1] == [20, 5, 5, 1.25]


def test_no_epochs_give_empty_lists():
    assert run([]) == ([], [], [])


@pytest.mark.parametrize("factor", [1.0, 0.5, math.nan])
def test_a_factor_that_would_not_lower_the_rate_is_refused(factor):
    with pytest.raises(ValueError, match="above 1"):
        DecayOnPlateau(20.0, factor)


def test_a_plateau_schedule_resumes_from_its_attributes():
    one, other = DecayOnPlateau(20.0), DecayOnPlateau(20.0)
    for perplexity in (100, 120):
        one.end_epoch(perplexity)
    vars(other).update(vars(one))
    other.end_epoch(110)
    assert (other.rate(0.5), other.best) == (1.25, 100)
