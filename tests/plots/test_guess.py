"""A learner's guess, in a figure."""

import numpy as np
import pytest

from helpers.plots.guess import as_number, mark_guess, spoken_guess
from helpers.plots.style import new_figure


@pytest.mark.parametrize("none", [..., None])
def test_no_guess_leaves_the_figure_and_its_alt_text_as_they_are(none):
    _, ax = new_figure()
    mark_guess(ax, x=none, y=none)
    assert not ax.lines and not ax.texts
    assert spoken_guess(none) == ""


@pytest.mark.parametrize("guess", [3, 3.0, np.float32(3), np.int64(3)])
def test_a_guess_of_x_is_a_vertical_line_at_its_value(guess):
    _, ax = new_figure()
    mark_guess(ax, x=guess)
    assert list(ax.lines[0].get_xdata()) == [3, 3]
    assert [text.get_text() for text in ax.texts] == ["your guess"]
    assert str(spoken_guess(guess)) == "Your guess was 3."


def test_a_guess_of_y_is_a_horizontal_line_and_one_of_both_a_mark():
    _, ax = new_figure()
    mark_guess(ax, y=0.5)
    mark_guess(ax, x=2, y=0.5)
    assert list(ax.lines[0].get_ydata()) == [0.5, 0.5]
    assert (ax.lines[1].get_xdata(), ax.lines[1].get_ydata()) == ([2], [0.5])


@pytest.mark.parametrize(("guess", "drawn", "text"), [(0, 1, "your guess: 0"), (1e9, 100, "your guess: 1e+09")])
def test_a_guess_that_a_log_axis_has_no_place_for_is_at_its_edge_with_its_number(guess, drawn, text):
    _, ax = new_figure()
    ax.set(xscale="log", xlim=(1, 100))
    mark_guess(ax, x=guess)
    assert list(ax.lines[0].get_xdata()) == [drawn, drawn]
    assert [words.get_text() for words in ax.texts] == [text]


def test_the_words_at_a_guess_stay_in_the_axes():
    _, ax = new_figure()
    ax.set(xlim=(0, 10))
    mark_guess(ax, x=1)
    mark_guess(ax, x=9)
    assert [words.get_ha() for words in ax.texts] == ["left", "right"]


@pytest.mark.parametrize("guess", ["ten", [1], float("nan"), 1j])
def test_a_guess_that_is_no_number_is_refused_in_a_sentence(guess):
    with pytest.raises(ValueError, match=r"A guess is a number here, or \.\.\. for none: got"):
        as_number(guess)
