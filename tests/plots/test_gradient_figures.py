"""The figures of gradients: what they draw, the numbers their words claim, and what they refuse."""

import numpy as np
import pytest

from helpers import plots
from helpers.plots.style import SERIES

X = np.linspace(-4, 4, 801)


def _texts(picture):
    return [text.get_text() for text in picture.figure.axes[0].texts]


# --- tanh and sigmoid --------------------------------------------------------------------------------------------


def test_tanh_loses_nine_tenths_of_a_gradient_where_the_figure_says():
    alt = plots.tanh_and_derivative(X, np.tanh(X), 1 - np.tanh(X) ** 2).alt
    assert "Outside -1.82 < x < 1.82 it is below 0.1" in alt  # arctanh(sqrt(0.9)) = 1.8184
    assert "1 at x = 0.00" in alt.replace("-0.00", "0.00")


def test_a_derivative_that_stays_large_is_not_called_saturated():
    near = np.linspace(-1, 1, 101)
    picture = plots.tanh_and_derivative(near, np.tanh(near), 1 - np.tanh(near) ** 2)
    assert "Outside" not in picture.alt and not any("gets through" in text for text in _texts(picture))


def test_the_sigmoid_is_almost_shut_where_the_figure_says():
    a = np.linspace(-8, 8, 801)
    alt = plots.sigmoid_curve(a, 1 / (1 + np.exp(-a))).alt
    assert "Below a = -2.94 it is less than 0.05, above a = 2.94 more than 0.95." in alt  # log(19) = 2.944
    assert "from 0.0003 at a = -8 to 0.9997 at a = 8" in alt


# --- norms -------------------------------------------------------------------------------------------------------


def test_powers_are_drawn_on_a_log_axis_and_named_with_their_last_value():
    k = np.arange(1, 101)
    picture = plots.scalar_powers({"w = 0.9": 0.9**k, "w = -1.1": (-1.1) ** k})
    (ax,) = picture.figure.axes
    assert ax.get_yscale() == "log"
    assert np.allclose(ax.lines[1].get_ydata(), 1.1**k)
    assert "w = 0.9:  2.66 × 10⁻⁵" in " ".join(_texts(picture)).replace("\n", " ")
    assert "w = 0.9 becomes 2.66e-05 after 100" in picture.alt and "1.38e+04 after 100" in picture.alt


def test_the_thick_line_is_the_median_of_the_seeds():
    seeds = np.random.default_rng(0).uniform(1, 2, (5, 30)) * 0.8 ** np.arange(30)
    picture = plots.norms_over_time({"a": seeds}, start=0)
    lines = picture.figure.axes[0].lines
    thick = max(lines, key=lambda line: line.get_linewidth())
    assert len(lines) == 6
    assert np.allclose(thick.get_ydata(), np.median(seeds, axis=0))
    assert list(thick.get_xdata()) == list(range(30))
    assert f"a (median of 5 seeds): {np.median(seeds[:, 0]):.3g} at 0" in picture.alt


def test_the_limits_that_were_asked_for_are_kept():
    (ax,) = plots.norms_over_time({"a": np.array([1.0, 0.1])}, limits=(1e-9, 1e3)).figure.axes
    assert ax.get_ylim() == (1e-9, 1e3)


def test_zeros_and_infinities_leave_a_gap_and_not_a_wrong_line():
    picture = plots.norms_over_time({"a": np.array([1.0, 0.0, np.inf, np.nan, 4.0])})
    assert np.array_equal(picture.figure.axes[0].lines[0].get_ydata(), [1, np.nan, np.nan, np.nan, 4], equal_nan=True)


def test_a_series_that_a_log_axis_cannot_show_is_still_named():
    picture = plots.norms_over_time({"lives": np.array([1.0, 0.5]), "dead": np.zeros(2)})
    assert "dead" in _texts(picture) and "dead: 0 at 1, 0 at 2" in picture.alt


def test_disagreement_says_when_the_worst_case_stays_below_one():
    Wh = np.array([[0.5, 2.0], [0.0, 0.6]])
    worst = np.array([np.linalg.norm(np.linalg.matrix_power(Wh, k), 2) for k in range(1, 31)])
    picture = plots.disagreement(worst / 2, np.linalg.norm(Wh, 2), 0.6, worst)
    first = next(k for k in range(1, 31) if (worst[k - 1 :] < 1).all())
    assert f"grows to {worst.max():.3g} at step {worst.argmax() + 1}, stays below 1 from step {first} on" in picture.alt
    assert f"peaks at {worst.max() / 2:.3g}" in picture.alt


def test_disagreement_does_not_claim_an_end_that_did_not_come():
    picture = plots.disagreement(np.array([2.0, 3.0]), 2.1, 0.9, np.array([2.1, 3.5]))
    assert "does not come back below 1" in picture.alt


# --- the unit circle ---------------------------------------------------------------------------------------------


def test_the_image_of_the_circle_is_the_row_vectors_times_the_transpose():
    Wh = np.array([[0.9, 2.0], [0.0, 0.8]])
    circle, image = plots.unit_circle({"shear": Wh}).figure.axes[0].lines
    assert np.allclose(np.transpose(circle.get_data()) @ Wh.T, np.transpose(image.get_data()))


def test_the_half_axes_end_on_the_image_and_are_as_long_as_the_singular_values():
    Wh = np.array([[0.9, 2.0], [0.0, 0.8]])
    picture = plots.unit_circle({"shear": Wh})
    tips = [np.array(text.xy) for text in picture.figure.axes[0].texts if text.arrow_patch is not None]
    sigmas = np.linalg.svd(Wh, compute_uv=False)
    assert np.allclose([np.linalg.norm(tip) for tip in tips], sigmas)
    assert abs(tips[0] @ tips[1]) < 1e-12
    assert np.allclose([np.linalg.norm(np.linalg.solve(Wh, tip)) for tip in tips], 1)  # each comes from the circle
    assert f"{sigmas[0]:.2f} and {sigmas[1]:.2f}" in picture.alt and "2.31 and 0.31" in picture.alt


def test_a_matrix_that_flattens_the_circle_is_drawn():
    assert "1.00 and 0.00" in plots.unit_circle({"flat": np.diag([1.0, 0.0])}).alt


# --- the heat map ------------------------------------------------------------------------------------------------


def test_the_colours_of_the_heat_map_are_centred_on_zero():
    dhs = np.array([[0.1, 3.0], [0.2, -0.5], [1.0, 0.0]])
    picture = plots.gradient_heatmap(dhs)
    (image,) = picture.figure.axes[0].images
    assert image.get_clim() == (-3.0, 3.0)
    assert np.array_equal(image.get_array(), dhs.T)
    assert "is 1 at the last step and 3 at the first" in picture.alt


def test_a_gradient_of_zeros_is_white():
    (image,) = plots.gradient_heatmap(np.zeros((3, 2))).figure.axes[0].images
    assert image.get_clim() == (-1.0, 1.0)


# --- the ends of float32 -----------------------------------------------------------------------------------------


def test_weights_that_stop_names_the_step_from_which_nothing_moves():
    alt = plots.weights_that_stop(np.array([1.0, 0.0, 0.25, 0.0, 0.0])).alt
    assert "The last step changes 100% of them, and from 3 steps back on not a single one moves." in alt


def test_weights_that_never_stop_are_not_said_to():
    alt = plots.weights_that_stop(np.array([1.0, 0.5])).alt
    assert "the one 1 steps back still 50%" in alt


def test_overflow_names_the_first_inf_and_the_first_nan():
    norms = np.array([1.0, 1e19, np.inf, np.inf, np.nan], dtype="float32")
    picture = plots.overflow(norms)
    assert "inf from step 3 on, NaN from step 5 on" in picture.alt and "at most 1e+19" in picture.alt
    assert "inf from step 3 on\nNaN from step 5 on" in _texts(picture)
    assert "3.4 × 10³⁸, largest float32" in _texts(picture)


def test_a_gradient_that_stays_finite_is_not_said_to_overflow():
    alt = plots.overflow(np.array([1.0, 2.0, 4.0])).alt
    assert "from step" not in alt and "at most 4" in alt


# --- what is refused ---------------------------------------------------------------------------------------------

GOOD = np.array([1.0, 0.5])
REFUSED = {
    "tanh of other lengths": (lambda: plots.tanh_and_derivative(X, X, X[1:]), "one shape"),
    "tanh of a matrix": (lambda: plots.tanh_and_derivative(np.eye(2), X, X), r"x must have the shape \(n,\)"),
    "sigmoid of other lengths": (lambda: plots.sigmoid_curve(X, X[1:]), "one shape"),
    "powers in no dict": (lambda: plots.scalar_powers(GOOD), "must be a dict with 1 to 6 entries"),
    "no powers": (lambda: plots.scalar_powers({}), "1 to 6 entries"),
    "more lines than styles": (lambda: plots.scalar_powers({str(n): GOOD for n in range(7)}), "1 to 6 entries"),
    "empty powers": (lambda: plots.scalar_powers({"w": []}), r"powers\['w'\] .* not be empty"),
    "only zeros": (lambda: plots.scalar_powers({"w": np.zeros(3)}), "nothing to draw on a log axis"),
    "norms in three dimensions": (
        lambda: plots.norms_over_time({"a": np.ones((2, 2, 2))}),
        r"\(steps,\) or \(seeds, steps\).*got \(2, 2, 2\)",
    ),
    "worst of another length": (lambda: plots.disagreement(GOOD, 2.0, 0.5, np.ones(3)), "one shape"),
    "a Wh that only shrinks": (lambda: plots.disagreement(GOOD, 0.9, 0.5, GOOD), "σ > 1 > ρ > 0: got σ = 0.9"),
    "a 3 × 3 matrix": (lambda: plots.unit_circle({"a": np.eye(3)}), r"\(2, 2\).*got \(3, 3\)"),
    "five matrices": (lambda: plots.unit_circle({str(n): np.eye(2) for n in range(5)}), "1 to 4"),
    "a heat map of a vector": (lambda: plots.gradient_heatmap(GOOD), r"\(steps, units\).*got \(2,\)"),
    "a heat map of NaN": (lambda: plots.gradient_heatmap(np.full((2, 2), np.nan)), "inf or NaN"),
    "shares of two matrices": (lambda: plots.weights_that_stop(np.ones((2, 2))), r"\(steps,\).*got \(2, 2\)"),
    "a share above 1": (lambda: plots.weights_that_stop(np.array([1.5, 0.5])), "between 0 and 1"),
    "nothing finite": (lambda: plots.overflow(np.array([np.inf, np.nan])), "nothing to draw on a log axis"),
    "one step unrolled": (lambda: plots.rnn_unrolled(1), "2, 3 or 4 steps side by side: got 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arrays_are_refused_with_a_sentence(case):
    draw, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as refused:
        draw()
    assert str(refused.value).endswith((".", ").")) and str(refused.value)[0].isalpha()


def test_there_are_as_many_styles_as_the_messages_say():
    assert len(SERIES) == 6
