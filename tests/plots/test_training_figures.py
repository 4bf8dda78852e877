"""The figures of a training run say in words what they show."""

import numpy as np
import pytest

from helpers.plots.training import gradient_norms, learning_curves

RATES = [20, 20, 5]
CURVES = {"train": [300.0, 150, 90], "valid": [250.0, 120, 100]}


def test_the_curves_are_described_with_the_numbers_they_show():
    picture = learning_curves(CURVES, baselines={"unigram": 292.0}, learning_rates=RATES)
    assert "valid: 250 after the first epoch, 100 after epoch 3" in picture.alt
    assert "unigram at 292" in picture.alt


def test_the_learning_rate_has_axes_of_its_own_beneath():
    above, below = learning_curves(CURVES, baselines={}, learning_rates=RATES).figure.axes
    assert [list(line.get_ydata()) for line in above.lines] == list(CURVES.values())
    assert list(below.lines[0].get_ydata()) == RATES and below.get_ylabel() == "learning rate"


def test_epochs_and_steps_are_counted_from_one():
    curves, rates = learning_curves(CURVES, baselines={}, learning_rates=[20, 20, 5]).figure.axes
    for ax in (curves, rates):
        assert all(list(line.get_xdata()) == [1, 2, 3] for line in ax.lines)
    (line,) = gradient_norms([0.1, 0.2], None).figure.axes[0].lines
    assert list(line.get_xdata()) == [1, 2]


def test_one_epoch_can_be_drawn():
    picture = learning_curves({"valid": [100.0]}, baselines={}, learning_rates=[20.0])
    assert "valid: 100 after the first epoch, 100 after epoch 1" in picture.alt
    assert list(picture.figure.axes[0].lines[0].get_xdata()) == [1]


@pytest.mark.parametrize("perplexities", [[120, 84, 66], [5.1, 4.9, 4.8], [290, 120, 70], [2900, 120, 80]])
def test_several_levels_have_a_number_however_little_the_perplexities_span(perplexities):
    ax = learning_curves({"valid": perplexities}, baselines={}, learning_rates=None).figure.axes[0]
    low, high = ax.get_ylim()
    assert sum(low <= tick <= high for tick in ax.yaxis.get_majorticklocs()) >= 3


@pytest.mark.parametrize("curves", [{}, {"train": []}, {"train": [[1.0]]}, {str(n): [1.0] for n in range(9)}])
def test_curves_that_cannot_be_drawn_are_refused(curves):
    with pytest.raises(ValueError, match="curves"):
        learning_curves(curves, baselines={}, learning_rates=[])


def test_the_part_of_the_gradients_that_was_clipped_is_said():
    assert "50% of them were clipped" in gradient_norms(np.array([0.1, 0.2, 0.3, 0.4]), 0.25).alt
    assert "clipped" not in gradient_norms([0.1, 0.2], None).alt


def test_norms_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="not be empty"):
        gradient_norms([], None)
