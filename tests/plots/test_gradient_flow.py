"""The figures of the gradient's way back through an LSTM: what they draw, what their words claim, what they refuse."""

import numpy as np
import pytest

from helpers import plots
from helpers.plots.lstm_glyph import PLACES
from helpers.plots.style import LOOKS, PREV

K = np.arange(41)


def _texts(picture):
    return [text.get_text() for text in picture.figure.axes[0].texts]


def _arrows(picture):
    """(start, end) of every arrow, in inches."""
    return [(text.xyann, text.xy) for text in picture.figure.axes[0].texts if getattr(text, "arrow_patch", None)]


# --- the cells ---------------------------------------------------------------------------------------------------


def test_the_line_of_the_memory_runs_from_right_to_left_through_plus_and_product_only():
    along = [(start, end) for start, end in _arrows(plots.lstm_step_backward(memory_only=True))
             if start[1] == end[1] == PLACES["c_next"][1]]  # fmt: skip
    assert all(start[0] > end[0] for start, end in along)
    stops = sorted((end[0] for _, end in along), reverse=True)
    assert stops[0] > PLACES["plus"][0] > stops[1] > PLACES["forget"][0] > stops[2] == PLACES["c_prev"][0]


def test_the_memory_alone_shows_no_output_gate_and_no_weights():
    alone, whole = (plots.lstm_step_backward(memory_only) for memory_only in (True, False))
    assert {"$f$", "$g$", "$i$"} <= set(_texts(alone))
    assert not {"$o$", f"$dh{PREV}$", "$dA$"} & set(_texts(alone))
    assert {"$o$", f"$dh{PREV}$", "$dA$", "$dx$"} <= set(_texts(whole))
    assert not any("times" in text for text in _texts(alone)), "the factors are what exercise 4.1 asks for"
    assert "dh_next" in whole.alt and "dh_next" not in alone.alt


def test_each_step_has_a_forget_gate_of_its_own_and_the_matrix_is_the_same():
    texts = _texts(plots.memory_path())
    assert {"$f_{T-3}$", "$f_{T-2}$", "$f_{T-1}$"} <= set(texts)
    assert texts.count(r"$W_h^{\!\top}$") == 3


def test_the_slope_of_tanh_lies_between_the_two_ways_and_not_along_the_hidden_state():
    texts = plots.memory_path().figure.axes[0].texts
    height = {word: {text.get_position()[1] for text in texts if word in text.get_text()} for word in
              ("tanh'", "o(1-o)", "W_h", "f_{T")}  # fmt: skip
    along_h, between, along_c = max(height["W_h"]), min(height["tanh'"]), min(height["f_{T"])
    assert height["o(1-o)"] == height["W_h"] and along_h < between < along_c


def test_the_direct_path_of_the_gru_has_the_colour_of_the_hidden_state():
    picture = plots.gru_cell()
    thick = [text.arrow_patch for text in picture.figure.axes[0].texts if getattr(text, "arrow_patch", None)]
    thick = [patch for patch in thick if patch.get_linewidth() > 2]
    assert len(thick) == 3 and "1 - z" in picture.alt
    assert {patch.get_edgecolor()[:3] for patch in thick} == {
        tuple(int(LOOKS["h"].colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    }


def test_the_four_ways_back_to_the_state_are_numbered():
    plain, back = plots.gru_cell(), plots.gru_step_backward()
    assert not set("1234") & set(_texts(plain)) and set("1234") <= set(_texts(back))
    assert "numbers 3 and 4" in back.alt


def test_the_highest_slopes_are_named_in_the_words():
    y, g = np.linspace(0, 1, 101), np.linspace(-1, 1, 101)
    picture = plots.activation_slopes(y, y * (1 - y), g, 1 - g**2)
    assert "highest 0.25 at 0.5" in picture.alt and "highest 1 at 0" in picture.alt
    assert picture.figure.axes[0].get_ylim() == picture.figure.axes[1].get_ylim()


# --- what arrives ------------------------------------------------------------------------------------------------


def test_the_panels_share_one_log_scale_and_name_the_share_that_is_left():
    picture = plots.what_arrives({"RNN": {"0.9": 0.9**K}, "LSTM": {"f = 0.99": 0.99**K}})
    left, right = picture.figure.axes
    assert left.get_yscale() == right.get_yscale() == "log" and left.get_ylim() == right.get_ylim()
    assert f"{0.9**40:.1e} after 40 steps" in picture.alt and f"{0.99**40:.1e} after 40 steps" in picture.alt


def test_the_thick_line_is_the_median_of_the_seeds():
    seeds = np.random.default_rng(0).uniform(0.5, 1, (5, 1)) ** K
    picture = plots.what_arrives({"LSTM": {"f": seeds}})
    thick = max(picture.figure.axes[0].lines, key=lambda line: line.get_linewidth())
    assert np.allclose(thick.get_ydata(), np.median(seeds, axis=0))
    assert "median of 5 seeds" in picture.alt


def test_both_maps_of_what_survives_run_from_zero_to_one():
    gates = np.random.default_rng(0).uniform(0, 1, (6, 3))
    above, below = (ax.images[0] for ax in plots.what_survives(gates, gates**2).figure.axes[:2])
    assert above.get_clim() == below.get_clim() == (0, 1)
    assert np.array_equal(above.get_array(), gates.T) and np.array_equal(below.get_array(), gates.T**2)


def test_a_seed_that_fails_is_not_hidden_among_those_that_learn():
    good, bad = np.append(np.linspace(0.2, 1, 60), np.ones(10)), np.full(60, 0.25)
    alt = plots.learning_to_remember(
        {"A": {"both": [good, good], "one": [good, bad]}, "B": {"no": [bad, bad]}}, chance=0.25
    ).alt
    assert "A, both: 2 of 2 seeds end above 0.95" in alt
    assert "A, one: 1 of 2 seeds end above 0.95" in alt
    assert "B, no: none of 2 seeds end above 0.95" in alt


def test_the_curve_is_the_running_mean_of_the_batches():
    right = np.random.default_rng(0).uniform(0, 1, 30)
    line = plots.learning_to_remember({"A": {"LSTM": [right]}}, chance=0.25).figure.axes[0].lines[0]
    assert list(line.get_xdata()) == list(range(10, 31))
    assert line.get_ydata()[-1] == pytest.approx(right[-10:].mean())


# --- what is refused ---------------------------------------------------------------------------------------------

REFUSED = {
    "no panels": (lambda: plots.what_arrives({}), "1 to 3 entries"),
    "a panel without lines": (lambda: plots.what_arrives({"a": {}}), r"panels\['a'\]"),
    "a cube": (lambda: plots.what_arrives({"a": {"b": np.ones((2, 2, 2))}}), r"got \(2, 2, 2\)"),
    "other shapes": (lambda: plots.what_survives(np.ones((3, 2)), np.ones((2, 3))), r"got \(3, 2\), \(2, 3\)"),
    "no panels of runs": (lambda: plots.learning_to_remember({}, chance=0.25), "1 to 3 entries"),
    "a panel without runs": (lambda: plots.learning_to_remember({"a": {}}, chance=0.25), "1 to 6 entries"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arrays_are_refused_with_a_sentence(case):
    draw, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        draw()
