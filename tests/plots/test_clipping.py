"""What the figures of notebook 02 say about the arrays they were given."""

import numpy as np
import pytest

from helpers import plots
from tests.plots.examples import FIGURES


def test_the_turn_of_a_direction_is_measured():
    alt = plots.two_ways_to_clip([3.0, 0.0], [1.0, 0.0], [1.0, 1.0], limit=1.0).alt
    assert "By norm it ends on a circle and is turned by 0 degrees" in alt
    assert "turned by 45 degrees" in alt


def test_a_norm_is_drawn_as_long_as_it_is():
    alt = FIGURES["norm_as_length"]().alt
    assert "long side 13: the global norm, shorter than 5 + 12 = 17" in alt
    with pytest.raises(ValueError, match="The norm of these is 13: got 17"):
        plots.norm_as_length([3.0, 4.0], 12.0, 17.0)


def test_a_step_goes_against_its_gradient():
    assert "length 0.112 and an angle of 180 degrees" in FIGURES["one_step"]().alt


def test_the_longest_step_over_the_cliff_is_measured():
    assert "not clipped: the longest step is 0.99; clipped: the longest step is 0.14" in FIGURES["clipping_cliff"]().alt


def test_a_lost_run_is_marked_and_counted():
    picture = FIGURES["runs_with_and_without"]()
    assert "not clipped is lost within 10 steps" in picture.alt
    assert "; clipped ends at a loss of 0.2, its norms never above 10." in picture.alt
    crosses = [line for line in picture.figure.axes[0].lines if line.get_marker() == "X"]
    assert [line.get_xdata()[0] for line in crosses] == [3]  # the third step is the first that is not finite


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"gradient must have the shape \(2,\)"):
        plots.two_ways_to_clip([1.0], [1.0, 0.0], [1.0, 1.0], limit=1.0)
    with pytest.raises(ValueError, match="loss must have the shape"):
        plots.clipping_cliff(np.ones(3), np.ones(2), np.ones((3, 3)), {})
    with pytest.raises(ValueError, match="2 losses and 1 norms"):
        plots.runs_with_and_without({"a": (np.ones(2), np.ones(1))}, 1.0, 1.0)
