"""The figures of gates and of the LSTM's cell: what they draw, the numbers their words claim, and what they refuse."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch

from helpers import plots
from helpers.plots.lstm_glyph import CELL, PLACES

STAGES = ["", "o", "of", "ofg", "ofgi"]
C = np.array([0.5, -2.0])


def _texts(picture):
    return [text.get_text() for text in picture.figure.axes[0].texts]


def _heights(ax):
    """The heights of the bars, dashed outlines first, then those that are filled."""
    outlines, filled = ax.containers
    return [bar.get_height() for bar in outlines], [bar.get_height() for bar in filled]


# --- the cell ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gates", STAGES)
def test_a_cell_shows_the_gates_it_has_and_no_others(gates):
    picture = plots.lstm_cell(gates)
    assert {name for name in "fgio" if f"${name}$" in _texts(picture)} == set(gates)
    spoken = {"o": "output gate o", "f": "forget gate f", "g": "new memory g", "i": "input gate i"}
    assert {name for name in "fgio" if spoken[name] in picture.alt} == set(gates)


@pytest.mark.parametrize("gates", STAGES)
def test_the_memory_is_a_question_mark_until_there_is_a_forget_gate(gates):
    picture = plots.lstm_cell(gates)
    assert ("?" in _texts(picture)) == ("question mark" in picture.alt) == ("f" not in gates)


def test_only_g_goes_through_tanh_and_only_the_memory_besides():
    texts = _texts(plots.lstm_cell())
    assert texts.count("tanh") == 2  # under g, and on the branch from c to h
    assert texts.count(r"$\sigma$") == 3


def test_only_the_new_gate_has_a_halo():
    def halos(picture):
        patches = [patch for patch in picture.figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]
        return [patch.get_gid() for patch in patches if to_hex(patch.get_facecolor()) == to_hex(patch.get_edgecolor())]

    assert halos(plots.lstm_cell("ofg", new="g")) == ["g"]
    assert halos(plots.lstm_cell()) == []


def test_the_gates_stand_inside_the_cell_and_the_states_leave_it():
    left, bottom, width, height = CELL
    for name in ("f", "g", "i", "o", "forget", "plus", "write", "tanh", "show", "c_fork", "join"):
        x, y = PLACES[name]
        assert left < x < left + width and bottom < y < bottom + height
    for name in ("h_fork", "h_next", "c_next"):
        assert PLACES[name][0] > left + width


def test_over_time_h_goes_up_and_c_does_not():
    alt = plots.lstm_unrolled().alt
    assert "c, from which no arrow leads upwards" in alt and "h, which also leaves the layer upwards" in alt


@pytest.mark.parametrize("new", ["o", "f", "g", "i"])
def test_the_equation_that_a_new_block_enters_is_asked_for_and_not_given(new):
    gates = "ofgi"[: "ofgi".index(new) + 1]
    asked, told = (_texts(plots.lstm_cell(gates, new=name))[-1] for name in (new, ""))
    assert asked.count("?") == 1 and "?" not in told
    answers = {"o": r"o \odot", "f": r"f \odot", "g": "+ g", "i": r"g \odot i"}
    assert answers[new] not in asked and answers[new] in told


def test_c_is_what_the_forget_gate_left_and_nothing_else():
    for gates in STAGES:
        assert ("$c$" in _texts(plots.lstm_cell(gates))) == ("f" in gates)


# --- one gate ----------------------------------------------------------------------------------------------------


def test_the_bars_are_what_comes_to_a_gate_and_what_leaves_it():
    picture = plots.gate_positions("f", C, {f: f * C for f in (0.0, 0.5, 1.0)}, ("before", "after"))
    for ax, openness in zip(picture.figure.axes, (0.0, 0.5, 1.0)):
        before, after = _heights(ax)
        assert np.allclose(before, C) and np.allclose(after, openness * C)
    assert "closed, f = 0: 0.00, 0.00; half open, f = 0.5: 0.25, -1.00; open, f = 1: 0.50, -2.00" in picture.alt


def test_the_strip_at_the_edge_is_filled_as_far_as_the_gate_is_open():
    picture = plots.gate_positions("o", C, dict.fromkeys((0.0, 0.5, 1.0), C), ("a", "b"))
    strips = [next(patch for patch in ax.patches if not patch.get_clip_on()) for ax in picture.figure.axes]
    assert [(strip.get_y(), strip.get_height()) for strip in strips] == [(0, 0), (0, 0.5), (0, 1)]


def test_openness_and_content_are_drawn_from_what_was_given():
    a = np.array([-2.0, 0.0, 2.0])
    picture = plots.gate_or_content(a, 1 / (1 + np.exp(-a)), np.tanh(a))
    left, right = picture.figure.axes
    assert np.allclose(left.lines[0].get_ydata(), 1 / (1 + np.exp(-a)))
    assert np.allclose(right.lines[0].get_ydata(), np.tanh(a))
    assert "from 0.12 to 0.88" in picture.alt and "from -0.96 to 0.96" in picture.alt


# --- over time ---------------------------------------------------------------------------------------------------


def test_a_memory_is_drawn_from_step_0_and_its_end_is_named():
    picture = plots.memory_over_time({"$f$ = 0.5": 0.5 ** np.arange(4)}, marked=[2])
    (ax,) = picture.figure.axes
    assert list(ax.lines[0].get_xdata()) == [0, 1, 2, 3] and list(ax.lines[0].get_ydata()) == [1, 0.5, 0.25, 0.125]
    assert "f = 0.5: 1.00 at first, 0.12 at step 3" in picture.alt and "mark the steps 2." in picture.alt


def test_the_openness_at_the_marks_is_averaged_apart():
    gates = {"f": np.array([0.0, 1.0, 0.2, 0.8]), "i": np.array([1.0, 0.0, 1.0, 0.0])}
    picture = plots.gate_openness({"after": gates}, marked=[0, 2])
    assert "forget gate: 0.10 on average in the pale bands, 0.90 elsewhere" in picture.alt
    assert "input gate: 1.00 on average in the pale bands, 0.00 elsewhere" in picture.alt
    for ax, values in zip(picture.figure.axes, gates.values()):
        assert [bar.get_height() for bar in ax.containers[0]] == list(values)


def test_the_words_of_a_sentence_stand_under_its_steps():
    words = ["the", "keys", "were"]
    picture = plots.gate_openness({"one unit": {"f": np.full(3, 0.5)}}, labels=words)
    assert [label.get_text() for label in picture.figure.axes[-1].get_xticklabels()] == words
    assert "from 0.50 to 0.50" in picture.alt


def test_every_fused_array_has_its_blocks_in_the_order_f_g_i_o():
    picture = plots.fused_product()
    places = {}
    for text in picture.figure.axes[0].texts:
        if text.get_text() in ("$f$", "$g$", "$i$", "$o$"):
            places.setdefault(round(text.get_position()[1], 2), []).append((text.get_position()[0], text.get_text()))
    assert len(places) == 5  # Wx, Wh, b, A, and what comes out
    assert all([name for _, name in sorted(row)] == ["$f$", "$g$", "$i$", "$o$"] for row in places.values())


def test_a_guess_is_drawn_where_it_belongs_and_no_guess_is_not():
    memory, gates = {"a": np.ones(9)}, {"after": dict.fromkeys("fio", np.full(4, 0.5))}
    for guess, words in (3, "Your guess was 3."), (..., ""):
        for picture in plots.memory_over_time(memory, guess=guess), plots.gate_openness(gates, guess=guess):
            drawn = [len([line for line in ax.lines if line.get_gid() == "guess"]) for ax in picture.figure.axes]
            assert drawn == [int(guess is not ...), *[0] * (len(drawn) - 1)]  # f is the first of the gates
            assert words in picture.alt and ("guess" in picture.alt) == bool(words)


def test_a_dot_stands_for_each_network_with_a_stuck_gate():
    errors = {"after": {"f closed": [0.5, 0.6], "o open": [0.04]}, "before": {"f closed": [0.1], "o open": [0.05]}}
    picture = plots.stuck_gates(errors, baseline=0.58, intact=0.04)
    for ax, row in zip(picture.figure.axes, errors.values()):
        dots = [line for line in ax.lines if line.get_gid() == "LSTM"]
        assert [list(line.get_xdata()) for line in dots] == list(row.values())
    assert "after, f closed: 0.50 to 0.60" in picture.alt and "always answering 0: 0.58" in picture.alt


# --- what is refused ---------------------------------------------------------------------------------------------

REFUSED = {
    "gates in another order": (lambda: plots.lstm_cell("fo"), "gates must be one of"),
    "a new gate that is not there": (lambda: plots.lstm_cell("o", new="f"), "new one of them: got 'o' and 'f'"),
    "two positions": (lambda: plots.gate_positions("o", C, {0.0: C, 1.0: C}, ("", "")), "positions 0.0, 0.5, 1.0"),
    "strengths for a gate": (
        lambda: plots.gate_positions("i", C, dict.fromkeys((-1.0, 0.0, 1.0), C), ("", "")), "positions 0.0, 0.5, 1.0",
    ),
    "rows of other lengths": (lambda: plots.gate_or_content(C, C, C[1:]), r"one shape.*got \(2,\), \(2,\), \(1,\)"),
    "a memory that is NaN": (lambda: plots.memory_over_time({"a": [np.nan]}), r"memories\['a'\] must hold finite"),
    "memories in no dict": (lambda: plots.memory_over_time(C), "1 to 6 entries"),
    "an openness above 1": (lambda: plots.gate_openness({"a": {"f": np.array([0.5, 1.5])}}), "0 to 1: got 0.5 to 1.5"),
    "panels with other gates": (lambda: plots.stuck_gates({"a": {"f": [1]}, "b": {"o": [1]}}, 1, 1), "same labels"),
    "an error of 0": (lambda: plots.stuck_gates({"a": {"f": [0.0]}}, 1, 1), "above 0"),
    "three networks": (lambda: plots.gate_openness({str(n): {"f": [0.5]} for n in range(3)}), "1 to 2 entries"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arguments_are_refused_with_a_sentence(case):
    draw, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as refused:
        draw()
    assert str(refused.value).endswith(".")
