"""Figures of dropout: masks, places, and what is left after many masks."""

import numpy as np
import pytest

from helpers import plots


def test_where_dropout_lies_is_told():
    assert "Nothing is dropped" in plots.stack_over_time().alt
    assert "on the arrows that go up" in plots.stack_over_time("depth").alt
    assert "on the arrows of h from step to step" in plots.stack_over_time("time").alt


@pytest.mark.parametrize(("where", "marks"), [("", 0), ("depth", 10), ("time", 9)])
def test_every_arrow_with_dropout_has_its_mark(where, marks):
    (ax,) = plots.stack_over_time(where).figure.axes
    assert sum(line.get_marker() == "s" for line in ax.lines) == marks


def test_a_mask_has_its_steps_across_and_its_features_up():
    mask = np.array([[0.0, 2.0, 2.0], [2.0, 2.0, 0.0]])
    (ax,) = plots.dropout_masks({"fresh": mask}).figure.axes
    assert np.array_equal(ax.collections[0].get_array().reshape(3, 2), mask.T != 0)
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 2), (0, 3))


def test_a_shared_mask_is_told_from_a_fresh_one():
    fresh, shared = np.array([[0.0, 2.0], [2.0, 0.0]]), np.array([[0.0, 2.0], [0.0, 2.0]])
    alt = plots.dropout_masks({"fresh": fresh, "shared": shared}).alt
    assert "fresh: 50% dropped, another pattern at each step" in alt
    assert "shared: 50% dropped, the same rows white at every step" in alt


def test_what_is_left_is_drawn_as_it_was_measured():
    picture = plots.masked_again_and_again(np.ones((2, 3)), {"measured": [0.5, 0.25]}, 0.5)
    line = picture.figure.axes[1].lines[0]
    assert list(line.get_ydata()) == [0.5, 0.25]
    assert "measured: 0.5 after one step, 0.25 after 2" in picture.alt


REFUSED = {
    "another place": (lambda: plots.stack_over_time("width"), "got 'width'"),
    "no masks": (lambda: plots.dropout_masks({}), "1 to 4 entries"),
    "a mask over a batch": (lambda: plots.dropout_masks({"a": np.ones((2, 3, 4))}), r"\(2, 3, 4\)"),
    "other steps": (
        lambda: plots.masked_again_and_again(np.ones((2, 3)), {"a": [1.0]}, 0.5),
        r"\(2,\).*got \(1,\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arrays_are_refused_with_a_sentence(case):
    draw, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as refused:
        draw()
    assert str(refused.value).endswith(".")
