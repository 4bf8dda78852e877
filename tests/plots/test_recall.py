"""How far back a network can remember, as a figure."""

import pytest

from helpers import plots

CURVES = {"RNN": {1: [1.0, 1.0], 10: [1.0, 0.9], 20: [0.3, 0.2]}, "LSTM": {1: [1.0], 10: [1.0], 20: [1.0]}}


def test_the_alt_text_says_how_far_back_each_is_right():
    alt = plots.recall_by_lag(CURVES, yours={10: 0.5, 1: 1.0}, guess=12).alt
    assert "RNN, mean of 2 seeds: at least 0.9 right up to 10 steps back, 0.25 at 20." in alt
    assert "LSTM: at least 0.9 right up to 20 steps back, 1.00 at 20." in alt
    assert "Yours: at least 0.9 right up to 1 step back, 0.50 at 10." in alt
    assert alt.endswith("A line at 0.25 marks guessing. Your guess was 12.")


def test_the_axes_are_the_same_whatever_is_drawn():
    near, all_of_it = plots.recall_by_lag({}, yours={1: 1.0, 2: 0.2}), plots.recall_by_lag(CURVES)
    limits = [(*picture.figure.axes[0].get_xlim(), *picture.figure.axes[0].get_ylim()) for picture in (near, all_of_it)]
    assert limits[0] == limits[1]


def test_a_seed_is_a_point_and_a_curve_goes_through_the_means():
    ax = plots.recall_by_lag({"RNN": CURVES["RNN"]}).figure.axes[0]
    *points, line = [line for line in ax.lines if line.get_gid() == "RNN"]
    assert [list(point.get_ydata()) for point in points] == list(CURVES["RNN"].values())
    assert list(line.get_ydata()) == [1.0, 0.95, 0.25]


@pytest.mark.parametrize("rows", [{}, {"RNN": {}}, {"RNN": {0: [1.0]}}, {"RNN": {1: []}}])
def test_nothing_to_draw_is_refused_in_a_sentence(rows):
    with pytest.raises(ValueError, match=r"nothing to draw|Each row must be a dict"):
        plots.recall_by_lag(rows)


def test_a_bar_ends_where_the_last_seed_fails_and_each_seed_is_a_point():
    curve = {5: [1.0, 1.0, 0.9], 10: [1.0, 0.89, 0.2], 20: [0.95, 1.0, 1.0]}
    picture = plots.how_far_back({"RNN": curve, "LSTM": {lag: [1, 1, 1] for lag in curve}}, {"full model": 10})
    top, bottom = picture.figure.axes
    assert [bar.get_width() for bar in top.patches] == [5, 20]
    assert [sorted(points.get_xdata()) for points in top.lines] == [[5, 5, 20], [20, 20, 20]]
    assert [bar.get_width() for bar in bottom.patches] == [10]
    assert "RNN: 5, best seed 20; LSTM: 20 or more." in picture.alt
    assert picture.alt.endswith("the whole past: full model: 10.")


def test_what_is_never_remembered_has_no_bar():
    picture = plots.how_far_back({"RNN": {1: [0.3], 2: [1.0]}}, {"full model": 10})
    assert "RNN: 0." in picture.alt


UNEVEN = {"RNN": {1: [1.0], 2: [1.0, 1.0]}}


@pytest.mark.parametrize("rows, words", [({}, {"m": 1}), (CURVES, {}), (CURVES, {"m": 0}), (UNEVEN, {"m": 1})])
def test_too_little_for_two_parts_is_refused_in_a_sentence(rows, words):
    with pytest.raises(ValueError, match=r"^(Give rows of shares|Each row must have as many)"):
        plots.how_far_back(rows, words)
