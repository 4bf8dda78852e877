"""Figures of variational dropout: what is left, where the mask sits, and what is recalled."""

import numpy as np
import pytest

from helpers import plots

FRESH, SHARED = np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([[2.0, 0.0], [2.0, 0.0]])


def _tables():
    masks = {"fresh": FRESH, "shared": SHARED}
    return plots.masks_over_time(masks, {title: np.cumprod(mask, axis=0) for title, mask in masks.items()})


def test_the_lines_are_computed_and_the_points_counted():
    picture = plots.survival({"fresh": [0.5, 0.25]}, {"fresh": [0.48, 0.26]}, {"fresh": [0.02, 0.02]})
    (ax,) = picture.figure.axes
    assert list(ax.lines[0].get_ydata()) == [0.5, 0.25]
    assert list(ax.lines[1].get_ydata()) == [0.48, 0.26]
    assert "fresh: 0.5 after one step, 0.25 after 2" in picture.alt


def test_without_a_simulation_only_the_formula_is_drawn():
    picture = plots.survival({"fresh": [0.5, 0.25]})
    assert len(picture.figure.axes[0].lines) == 1
    assert "counted" not in picture.alt


def test_what_is_left_at_the_end_is_told():
    assert "fresh: 0 of 2 features are left; shared: 1 of 2 features are left" in _tables().alt


def test_every_row_of_a_shared_stack_has_a_colour_of_its_own():
    (ax,) = plots.stack_over_time("shared").figure.axes
    marks = [line for line in ax.lines if line.get_marker() == "s"]
    heights = {}
    for mark in marks[:-1]:  # the last one is the legend's
        heights.setdefault(round(float(mark.get_ydata()[0]), 2), set()).add(mark.get_markeredgecolor())
    assert len(heights) == 5 and all(len(colours) == 1 for colours in heights.values())
    assert len(set.union(*heights.values())) == 5


def test_the_mask_of_the_cell_is_on_h_prev_alone():
    picture = plots.masked_lstm_cell()
    assert sum(line.get_marker() == "s" for line in picture.figure.axes[0].lines) == 1
    assert "The memory cell c along the top has no mask" in picture.alt


def test_each_seed_is_a_point():
    picture = plots.recalled_by_seed({"fresh": [0.5, 0.25], "shared": [1.0, 0.98]}, 0.25)
    assert list(picture.figure.axes[0].lines[0].get_xdata()) == [0.5, 0.25]
    assert "fresh: 25% to 50%; shared: 98% to 100%" in picture.alt


REFUSED = {
    "no fractions": (lambda: plots.survival({}), "computed must be a dict with 1 to 6 entries"),
    "another number of steps": (
        lambda: plots.survival({"a": [1.0], "b": [1.0, 0.5]}),
        r"must have the shape \(1,\)",
    ),
    "rates with other labels": (lambda: plots.survival_by_rate({0.1: {"a": [1.0]}, 0.2: {"b": [1.0]}}), "same labels"),
    "another label": (lambda: plots.survival({"a": [1.0]}, {"b": [1.0]}), "only have labels that computed has"),
    "one mask": (lambda: plots.masks_over_time({"a": FRESH}, {"a": FRESH}), "two masks"),
    "no shares": (lambda: plots.recalled_by_seed({}, 0.25), "1 to 6 entries"),
    "a share above 1": (lambda: plots.recalled_by_seed({"a": [1.5]}, 0.25), "shares must be between 0 and 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arrays_are_refused_with_a_sentence(case):
    draw, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as refused:
        draw()
    assert str(refused.value).endswith(".")
