"""What the figures of notebook 02 say about the arrays they were given."""

import numpy as np
import pytest

from helpers import plots
from tests.plots.examples import FIGURES


def test_the_turn_of_a_direction_is_measured():
    alt = plots.two_ways_to_clip([3.0, 0.0], [1.0, 0.0], [1.0, 1.0], limit=1.0).alt
    assert "By norm it ends on a circle and is turned by 0 degrees" in alt
    assert "turned by 45 degrees" in alt


def test_a_guessed_turn_is_drawn_beside_the_true_one():
    picture = plots.two_ways_to_clip([3.0, 0.0], [1.0, 0.0], [1.0, 1.0], limit=1.0, guess=90)
    (line,) = [line for line in picture.figure.axes[1].lines if line.get_gid() == "guess"]
    np.testing.assert_allclose(line.get_xydata()[1], [0, 1.6], atol=1e-9)
    assert picture.alt.endswith("Your guess was 90.")


def test_the_longest_step_over_the_cliff_and_the_loss_after_it_are_told():
    alt = FIGURES["clipping_cliff"]().alt
    assert "All runs start at one star below the cliff, at a loss of 0.08." in alt
    assert "not clipped: the longest step is 0.99, the loss at the end 0.09; clipped: the longest step is 0.14" in alt


def test_runs_that_end_higher_are_counted():
    alt = FIGURES["lost_starts"]().alt
    assert "Of 100 runs at each of the learning rates 0.1, 0.5, 2" in alt
    assert "not clipped: 10, 29, 26; clipped: 2, 1, 0. Your guess was 50." in alt


def test_a_run_is_lost_that_is_nan_or_worse_than_a_constant_answer():
    picture = FIGURES["lost_and_loss"]()
    assert "not clipped: lost 0, 1, 2, median loss of the others 0.01, 0.02, none" in picture.alt
    above, below = picture.figure.axes
    assert [line.get_ydata().tolist() for line in above.lines] == [[0, 1, 2], [0, 0, 0]]
    kept = next(line for line in below.lines if len(line.get_xdata()) == 3)
    np.testing.assert_allclose(kept.get_ydata(), [0.015, 0.02, np.nan])


def test_the_share_of_clipped_updates_is_told_for_each_limit():
    alt = FIGURES["clip_limits"]().alt
    assert "medians of 2 seeds. Clipped are 100%, 15%, 75% of the updates" in alt
    assert alt.endswith("Your guess was 0.1.")


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
        plots.cliff_landscape(np.ones(3), np.ones(2), np.ones((3, 3)))
    with pytest.raises(ValueError, match="one loss for each of their steps"):
        plots.clipping_cliff(np.ones(3), np.ones(2), np.ones((2, 3)), {"a": np.ones((4, 2))}, {"a": np.ones(3)})
    with pytest.raises(ValueError, match=r"lost\['a'\] must have the shape \(2,\)"):
        plots.lost_starts({"a": [1]}, [0.1, 1.0], 100)
    with pytest.raises(ValueError, match=r"losses must have the shape \(seeds, 2\)"):
        plots.clip_limits([1.0, 2.0], [[0.1]], [[0.1]], 1.0)
    with pytest.raises(ValueError, match="losses must be a dict"):
        plots.lost_and_loss({}, 1.0, "scale")
    with pytest.raises(ValueError, match="2 losses and 1 norms"):
        plots.runs_with_and_without({"a": (np.ones(2), np.ones(1))}, 1.0, 1.0)
