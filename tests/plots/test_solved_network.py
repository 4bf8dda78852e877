"""The figures of a network that has learned a task with a long memory: what they draw, and what their words claim."""

import numpy as np
import pytest

from helpers import plots


def test_the_words_count_the_seeds_that_solved_it_and_say_how_fast():
    picture = plots.updates_until_solved({"RNN, identity": [635, np.inf, 280], "LSTM, bias 0": [np.inf] * 2}, limit=900)
    assert "RNN, identity: 2 of 3 seeds, after 280 to 635" in picture.alt
    assert "LSTM, bias 0: 0 of 2 seeds." in picture.alt
    texts = {text.get_text() for text in picture.figure.axes[0].texts}
    assert {"2 of 3", "0 of 2"} <= texts


def test_a_seed_that_never_solved_it_stands_beyond_the_last_update():
    ax = plots.updates_until_solved({"RNN": [np.inf, 400]}, limit=900).figure.axes[0]
    crosses = [line for line in ax.lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in crosses] == [[1350.0]]


def test_a_guess_is_drawn_and_named():
    rows = {"LSTM, chrono": [133, 165]}
    alts = [plots.updates_until_solved(rows, limit=900, guess=guess).alt for guess in (..., 500)]
    assert "guess" not in alts[0] and "Your guess was 500." in alts[1]


def test_each_rate_has_its_count_in_the_words():
    alt = plots.solved_by_rate({"RNN, identity": {0.001: 1, 0.0003: 5}}, seeds=5).alt
    assert "RNN, identity: 5 at 0.0003, 1 at 0.001" in alt


def test_gates_share_one_scale_and_the_first_symbol_is_hollow():
    by_symbol = {"noise": [0.1, 0.2], "X": [0.5, 0.6], "Y": [0.7, 0.8]}
    picture = plots.gates_by_symbol({"i": by_symbol, "f": by_symbol})
    left, right = picture.figure.axes
    assert left.get_ylim() == right.get_ylim()
    assert [len(marks.get_facecolor()) for marks in left.collections] == [0, 1, 1]
    assert "input gate i at X: 0.55" in picture.alt


def test_shares_of_the_gradient_add_up_to_one_and_are_named_at_the_signals():
    picture = plots.gradient_by_step({"before": np.ones(10), "after": np.array([1.0] * 9 + [11.0])}, marked={9: "X"})
    before, after = picture.figure.axes[0].lines
    assert [sum(line.get_ydata()) for line in (before, after)] == pytest.approx([1, 1])
    assert "before: 1.0e-01 at X" in picture.alt and "after: 5.5e-01 at X, 5.0e-02 in the middle" in picture.alt


REFUSED = {
    "no rows": (lambda: plots.updates_until_solved({}, limit=10), "1 to 8 entries"),
    "no rates": (lambda: plots.solved_by_rate({}, seeds=5), "1 to 4 entries"),
    "no gates": (lambda: plots.gates_by_symbol({}), "1 to 3 entries"),
    "a matrix": (lambda: plots.gradient_by_step({"a": np.ones((2, 2))}, marked={}), r"got \(2, 2\)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_arguments_are_refused_with_a_sentence(case):
    draw, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        draw()
