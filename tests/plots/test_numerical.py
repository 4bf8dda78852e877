"""The figure of a numerical gradient's error says where it is smallest, and refuses what it cannot draw."""

import numpy as np
import pytest

from helpers import plots

EPS = 10.0 ** -np.arange(1, 5)


def test_the_smallest_error_is_marked_named_and_said():
    picture = plots.error_by_eps(EPS, {"float64": [2e-4, 2e-6, 2e-8, 2e-5], "float32": [2e-4, 5e-5, 0, np.inf]})
    assert "float64: smallest, below 1e-7, at eps = 1e-3; float32: smallest, below 1e-4, at eps = 1e-2." in picture.alt
    (ax,) = picture.figure.axes
    marks = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in marks] == [(1e-3, 2e-8), (1e-2, 5e-5)]
    assert "float64:\nsmallest at 1e-3" in [text.get_text() for text in ax.texts]
    assert ax.xaxis_inverted() and (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


@pytest.mark.parametrize("guess", [1e-3, 0, -1, 1e-30, 1e9])
def test_any_guess_can_be_drawn(guess):
    picture = plots.error_by_eps(EPS, {"float64": EPS}, guess=guess)
    assert picture.alt.endswith(f"Your guess was {guess:g}.")
    assert any(text.get_text().startswith("your guess") for text in picture.figure.axes[0].texts)


@pytest.mark.parametrize(
    ("eps", "errors", "said"),
    [
        ([1e-1, 0], {"float64": [1, 2]}, "numbers above 0"),
        ([1e-2, 1e-1], {"float64": [1, 2]}, "each smaller than the one before"),
        (EPS, {"float64": [1, 2]}, "must have the shape"),
        (EPS, {"float64": EPS, "float32": np.zeros(4)}, "nothing to draw"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(eps, errors, said):
    with pytest.raises(ValueError, match=said):
        plots.error_by_eps(eps, errors)
