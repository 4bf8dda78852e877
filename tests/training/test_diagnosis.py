"""What two curves say."""

import pytest

from helpers.training.diagnosis import diagnose


@pytest.mark.parametrize(
    "train, valid, verdict",
    [
        ([100, 80, 60], [100, 90, 95], "overfitting"),  # 95 > 1.05 · 90
        ([100, 80, 60], [100, 90, 94], "still learning"),  # the rise is within the tolerance, and training still falls
        ([100, 80, 78], [100, 90, 89], "finished"),
        ([100, 80, 79], [100, 80, 84], "finished"),  # exactly 1.05 times the minimum is not above it
        ([100, 80, 76], [100, 80, 80], "finished"),  # exactly 0.95 times the epoch before is not below it
        ([100, 60], [90, 95], "overfitting"),  # overfitting is said first
        ([60, 100], [90, 89], "finished"),  # a training perplexity that rises is not still learning
    ],
)
def test_curves_get_the_verdict_their_definition_gives(train, valid, verdict):
    assert diagnose(train, valid) == verdict


def test_the_minimum_may_lie_anywhere_before_the_end():
    assert diagnose([50, 49, 48, 47], [100, 70, 90, 80]) == "overfitting"


def test_the_tolerance_is_the_callers():
    assert diagnose([100, 99], [100, 103], tolerance=0.02) == "overfitting"
