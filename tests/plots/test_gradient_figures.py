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


# --- the unit circle ---------------------------------------------------------------------------------------------

SHEAR = np.array([[0.9, 2.0], [0.0, 0.5]])


def test_the_image_of_the_circle_is_the_row_vectors_times_the_transpose_k_times():
    ax = plots.circle_after_steps(SHEAR, [0, 1], [3]).figure.axes[0]
    circle, image = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert np.allclose(
        np.transpose(circle.get_data()) @ np.linalg.matrix_power(SHEAR.T, 3), np.transpose(image.get_data())
    )


def test_the_gradient_is_the_sum_of_its_parts_and_each_part_shrinks_by_its_eigenvalue():
    panels = plots.circle_after_steps(SHEAR, [0, 1], [0, 2]).figure.axes
    tips = {
        k: {text.get_gid(): np.array(text.xy) for text in ax.texts if text.arrow_patch is not None}
        for k, ax in zip((0, 2), panels)
    }
    for k, at in tips.items():
        assert np.allclose(at["eigenvector 1"] + at["eigenvector 2"], at["gradient"])
        assert np.allclose(at["gradient"], np.array([0, 1]) @ np.linalg.matrix_power(SHEAR.T, k))
    assert np.allclose(tips[2]["eigenvector 1"], 0.9**2 * tips[0]["eigenvector 1"])
    assert np.allclose(tips[2]["eigenvector 2"], 0.5**2 * tips[0]["eigenvector 2"])


def test_the_words_are_the_half_axes_and_they_grow_and_then_vanish():
    alt = plots.circle_after_steps(SHEAR, [0, 1], [1, 3, 25], guesses={3: 10, 1: ...}).alt
    for k, words in (1, "2.24 and 0.20"), (3, "3.11 and 0.03"), (25, "0.37 and 0.00"):
        long, short = np.linalg.svd(np.linalg.matrix_power(SHEAR, k), compute_uv=False)
        assert f"{long:.2f} and {short:.2f}" == words and f"{k} back, half-axes of {words}" in alt
    assert "0.03, where your guess was 10;" in alt and alt.count("your guess") == 1
    assert "the eigenvalues 0.9, 0.5, stand 11 degrees apart" in alt and "5.00, 5.10 long" in alt


def test_all_panels_have_one_scale():
    panels = plots.circle_after_steps(SHEAR, [0, 1], [0, 1, 3, 25]).figure.axes
    assert len({(*ax.get_xlim(), *ax.get_ylim(), ax.get_aspect()) for ax in panels}) == 1


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


def test_the_shares_of_a_sum_are_told_for_some_steps():
    share = 0.5 ** np.arange(1, 13)
    share[-1] *= 2  # they add up to 1
    alt = plots.shares_by_step({"0.5": share}).alt
    assert (
        f"0.5: {share[0]:.0e} 0 back, {share[5]:.0e} 5 back, {share[10]:.0e} 10 back, {share[11]:.0e} 11 back." in alt
    )


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
    "a 3 × 3 matrix": (lambda: plots.circle_after_steps(np.eye(3), [0, 1], [1]), r"\(2, 2\).*got \(3, 3\)"),
    "a rotation": (lambda: plots.circle_after_steps([[0, 1], [-1, 0]], [0, 1], [1]), "two real eigenvalues"),
    "one eigenvector": (lambda: plots.circle_after_steps([[0.9, 1], [0, 0.9]], [0, 1], [1]), "that differ"),
    "five panels": (lambda: plots.circle_after_steps(SHEAR, [0, 1], range(5)), "one to four .* got"),
    "a heat map of a vector": (lambda: plots.gradient_heatmap(GOOD), r"\(steps, units\).*got \(2,\)"),
    "a heat map of NaN": (lambda: plots.gradient_heatmap(np.full((2, 2), np.nan)), "inf or NaN"),
    "shares of two matrices": (lambda: plots.shares_by_step({"a": np.ones((2, 2))}), r"\(steps,\).*got \(2, 2\)"),
    "shares above 1": (lambda: plots.shares_by_step({"a": np.array([1.5, 0.5])}), "add up to 1"),
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
