"""Figures of how far someone is: a class, a learner, and a figure that follows its slider."""

import numpy as np
import pytest

from helpers import plots
from helpers.plots.style import LOOKS


def test_the_bars_of_an_exercise_are_the_shares_of_its_ends():
    picture = plots.item_analysis({"1.4": (1, 2, 0, 1), "1.1": (4, 0, 0, 0)})
    (ax,) = picture.figure.axes
    right, wrong, unwritten, stopped = ([bar.get_width() for bar in bars] for bars in ax.containers)
    assert (right, wrong, unwritten, stopped) == ([25, 100], [50, 0], [0, 0], [25, 0])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["right", "wrong", "not written", "stopped"]
    assert "of 4 submissions. The least often right is 1.4, by 25 percent." in picture.alt


def test_only_what_is_right_counts_and_is_filled():
    picture = plots.course_progress({"01": [("1.1", "right", 1, 1), ("1.2", "not yet", 0, 1), ("1.3", "open", 0, 2)]})
    assert "notebook 01: 1 of 3, 1 of 4 points." in picture.alt
    (ax,) = picture.figure.axes
    filled = [patch.get_facecolor()[:3] == pytest.approx(_rgb(LOOKS["right"].text)) for patch in ax.patches]
    assert filled == [True, False, False] * 2  # the exercises, and the legend
    assert "1 of 4 points" in [text.get_text() for text in ax.texts]
    assert len(ax.lines) == 2  # a cross for what is not right yet, here and in the legend


def _rgb(colour):
    return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255


def test_a_prompt_box_writes_when_the_text_or_the_temperature_changes():
    figure = plots.PromptBox(lambda beginning, temperature: f"{beginning} & more\nat {temperature}", "we")
    box, slider, text = figure.children
    assert "we &amp; more<br>at 0.8<" in text.value
    box.value, slider.value = "they", 0.3
    assert "they &amp; more<br>at 0.3<" in text.value
    assert not box.continuous_update and not slider.continuous_update
    assert repr(figure).startswith("A box for the beginning of a text")


def test_a_figure_follows_its_slider():
    pictures = {value: plots.weight_sizes({"a": np.full(3, value)}) for value in (1.0, 2.0)}
    figure = plots.SliderFigure(pictures.get, "size", 1.0, 2.0, 1.0, 1.0)
    slider, image = figure.children
    for value in (1.0, 2.0, 1.0):
        slider.value = value
        assert image.value == pictures[value].moving_html()
