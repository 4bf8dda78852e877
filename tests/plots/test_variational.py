"""Figures of variational dropout: what is left, and where the mask sits."""

import numpy as np
import pytest

from helpers import plots

FRESH, SHARED = np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([[2.0, 0.0], [2.0, 0.0]])


def _tables():
    masks = {"fresh": FRESH, "shared": SHARED}
    return plots.masks_over_time(masks, {title: np.cumprod(mask, axis=0) for title, mask in masks.items()})


FORMULA = {"fresh": [0.5, 0.25]}


def test_the_lines_are_the_formula_in_every_panel_and_the_marks_what_was_measured():
    picture = plots.survival(FORMULA, {"identity": {"fresh": [0.48, 0.26]}, "mixed": {"fresh": [0.4, 0.2]}})
    lines = [list(ax.lines[0].get_ydata()) for ax in picture.figure.axes]
    assert lines == [[0.5, 0.25]] * 2
    assert [ax.lines[1].get_ydata()[0] for ax in picture.figure.axes] == [0.48, 0.4]
    assert "By the formula, after 2 steps: fresh 0.25" in picture.alt
    assert "identity: fresh 0.26. mixed: fresh 0.2." in picture.alt


def test_a_guess_is_marked_in_its_own_panel():
    panels = {"identity": FORMULA, "mixed": FORMULA}
    picture = plots.survival(FORMULA, panels, guess={"mixed": 0.4, "identity": ...})
    assert ["your guess" in " ".join(text.get_text() for text in ax.texts) for ax in picture.figure.axes] == [
        False,
        True,
    ]
    assert "mixed: fresh 0.25. Your guess was 0.4." in picture.alt


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


REFUSED = {
    "no fractions": (lambda: plots.survival({}, {"a": FORMULA}), "formula must be a dict with 1 to 6 entries"),
    "another number of steps": (
        lambda: plots.survival(FORMULA, {"a": {"fresh": [1.0]}}),
        r"must have the shape \(2,\)",
    ),
    "another label": (lambda: plots.survival(FORMULA, {"a": {"shared": [1.0, 0.5]}}), "with the labels of formula"),
    "no panels": (lambda: plots.survival(FORMULA, {}), "at least one panel"),
    "one mask": (lambda: plots.masks_over_time({"a": FRESH}, {"a": FRESH}), "two masks"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arrays_are_refused_with_a_sentence(case):
    draw, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as refused:
        draw()
    assert str(refused.value).endswith(".")
