"""Figures of overfitting: they show the numbers that they are given."""

import numpy as np
import pytest

from helpers import plots

TRAIN, VALID = [100.0, 50.0, 25.0], [110.0, 70.0, 80.0]
SEEDS = [TRAIN, [200.0, 100.0, 50.0]], [VALID, [220.0, 140.0, 160.0]]
PANELS = {"slow": {"LSTM": SEEDS}, "fast": {"LSTM": SEEDS}}
RUNS = {"as it is": (TRAIN, VALID), "dropout": ([100.0, 60.0, 40.0], [110.0, 75.0, 60.0])}


def test_the_gap_is_told_with_its_lowest_point():
    picture = plots.gap_between_curves(TRAIN, VALID, 50)
    assert "from 100 to 25" in picture.alt and "its lowest value, 70, after 100 updates" in picture.alt
    (ax,) = picture.figure.axes
    assert list(ax.lines[0].get_ydata()) == VALID and list(ax.lines[1].get_ydata()) == TRAIN


def test_each_answer_has_a_panel_with_the_first_run_beside_it():
    picture = plots.four_answers(RUNS, 50)
    first, second = picture.figure.axes
    assert len(first.lines) == 2 and list(second.lines[0].get_ydata()) == VALID
    assert "dropout: training 40, validation 60" in picture.alt


def test_the_path_of_each_seed_ends_where_its_curves_do_and_no_axis_is_reversed():
    picture = plots.fit_and_generalise(PANELS)
    ax, _ = picture.figure.axes
    assert ax.get_xlim()[0] < ax.get_xlim()[1]
    assert "slow, LSTM: training 25, 50, validation 80, 160; fast, LSTM: training" in picture.alt


def test_the_lowest_and_the_last_perplexity_of_each_seed_are_drawn_and_their_means_told():
    picture = plots.lowest_and_last({"a": ([70.0, 80.0], [90.0, 80.0]), "b": ([60.0], [61.0])}, guess=65)
    (ax,) = picture.figure.axes
    assert list(ax.lines[0].get_xdata()) == [90, 80] and list(ax.lines[1].get_xdata()) == [70, 80]
    assert "a: lowest 75.0, last 85.0; b: lowest 60.0, last 61.0" in picture.alt and "Your guess was 65." in picture.alt


def test_the_longest_copies_are_told_with_their_medians():
    picture = plots.longest_copies({"by heart": [60, 20, 40], "new": [3, 4, 3]}, 60)
    assert "by heart: median 40, 20 to 60; new: median 3, 3 to 4" in picture.alt


def test_the_size_of_the_weights_is_told():
    assert "a: 2.00; b: 1.00" in plots.weight_sizes({"a": np.full((2, 3), 2.0), "b": -np.ones(4)}).alt


REFUSED = {
    "no runs": (lambda: plots.four_answers({}, 50), "runs must be a dict with 1 to 6 entries"),
    "an empty run": (lambda: plots.gap_between_curves([], [], 50), "not be empty"),
    "curves of two lengths": (lambda: plots.lowest_and_last({"a": (TRAIN, VALID[:2])}), r"got \(3,\), \(2,\)"),
    "no weights": (lambda: plots.weight_sizes({}), "got 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arrays_are_refused_with_a_sentence(case):
    draw, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as refused:
        draw()
    assert str(refused.value).endswith(".")


def test_a_path_has_training_across_and_validation_upwards():
    _, path, *_ = plots.fit_and_generalise(PANELS).figure.axes[0].lines  # the first is where both are equal
    assert list(path.get_xdata()) == TRAIN and list(path.get_ydata()) == VALID


def test_the_spread_of_the_weights_is_in_shares_so_that_models_of_all_sizes_compare():
    (ax,) = plots.weight_sizes({"few": np.linspace(-1, 1, 50), "many": np.linspace(-1, 1, 5000)}).figure.axes
    assert [line.get_ydata().sum() for line in ax.lines[:2]] == pytest.approx([1, 1], abs=0.05)
