"""The gate player: what it draws, and that it names what is off in a setting, the earliest thing first."""

import numpy as np
import pytest

from helpers import plots
from helpers.plots.gate_player import GATES

SYMBOLS = {"A": 0.5, "B": 0.8, "C": -0.9, "D": 0.6, "E": -0.4, "F": 0.7}
SOLVED = {"f": (0, 0, 1, 1, 1, 1), "i": (0, 1, 0, 0, 0, 0), "o": (0, 0, 0, 0, 0, 1)}


def cell(f, i, o):
    """A memory cell that keeps -0.7 from before."""
    c, h = [-0.7], []
    for step, g in enumerate(SYMBOLS.values()):
        c.append(f[step] * c[-1] + i[step] * g)
        h.append(o[step] * np.tanh(c[-1]))
    return np.array(c), np.array(h)


def changed(**changes):
    """The solved setting with other values: f4=0.5 is the forget gate at step 4."""
    setting = {gate: list(map(float, values)) for gate, values in SOLVED.items()}
    for place, value in changes.items():
        setting[place[0]][int(place[1])] = value
    return setting


def still(setting, keep="B"):
    return plots.hand_set_gates(setting, SYMBOLS, *cell(**setting), keep=keep)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Right: B was taken in at step 1, kept for 4 steps, and shown at step 5 alone."),
        ({"f0": 1}, "Right: "),
        ({"i0": 1}, "Right: "),
        ({"i1": 0}, "B was not taken in at step 1: the input gate is at 0 there."),
        ({"i1": 0.5}, "B was not all taken in at step 1: the input gate is at 0.5 there."),
        ({"f1": 1, "f0": 1}, "the old memory is still there as well: the forget gate is at 1 at step 1."),
        ({"f4": 0}, "B was taken in, but lost at step 4: the forget gate is at 0 there."),
        ({"f4": 0.6}, "B was taken in, but partly lost at step 4: the forget gate is at 0.6 there."),
        ({"i3": 0.4}, "B was taken in, but D was added to it at step 3: the input gate is at 0.4 there."),
        ({"f2": 0, "i2": 1}, "B was taken in, but C was added to it at step 2"),
        ({"o3": 0.5}, "shows something at step 3 already: the output gate is at 0.5 there."),
        ({"o5": 0}, "B is kept to the end, but not shown at step 5: the output gate is at 0 there."),
        ({"o5": 0.5}, "B is kept to the end, but not fully shown at step 5: the output gate is at 0.5 there."),
        ({"i1": 0, "f3": 0, "o2": 1}, "B was not taken in at step 1"),
        ({"f3": 0.5, "o2": 1, "o5": 0}, "partly lost at step 3"),
    ],
)
def test_what_is_off_is_named_the_earliest_thing_first(changes, said):
    assert said in still(changed(**changes)).alt


@pytest.mark.parametrize("keep", list(SYMBOLS)[:-1])
def test_only_a_setting_that_keeps_the_symbol_is_called_right(keep):
    first = list(SYMBOLS).index(keep)
    step = np.arange(len(SYMBOLS))
    kept = {"f": 1.0 * (step != first), "i": 1.0 * (step == first), "o": 1.0 * (step == 5)}
    assert f"Right: {keep} was taken in at step {first}, kept for {5 - first} steps" in still(kept, keep).alt
    assert "Right" not in still(kept, "A" if keep != "A" else "B").alt


def test_the_bars_are_the_memory_and_what_is_shown():
    setting = changed(f4=0.5)
    c, h = cell(**setting)
    (ax,) = still(setting).figure.axes
    for name, values in {"c": c, "h": h, "g": np.array(list(SYMBOLS.values()))}.items():
        bars = np.array([patch.get_height() for patch in ax.patches if patch.get_gid() == name])
        largest = np.argmax(np.abs(values))
        assert np.allclose(bars / bars[largest], values / values[largest])
    for gate in GATES:
        widths = [patch.get_width() for patch in ax.patches if patch.get_gid() == gate]
        assert np.allclose(np.array(widths) / 0.7, setting[gate])


@pytest.fixture
def player():
    return plots.GatePlayer(cell, SYMBOLS, keep="B")


def test_all_gates_are_half_open_at_first_and_the_still_figure_is_the_same(player):
    half = dict.fromkeys("fio", np.full(6, 0.5))
    assert player.image.value == still(half).moving_html()
    assert "B was not all taken in at step 1" in player.verdict.value


def test_a_slider_draws_the_figure_anew_and_says_at_once_what_is_off(player):
    for gate, values in SOLVED.items():
        for slider, value in zip(player.sliders[gate], values):
            slider.value = value
    assert "✓ Right: B was taken in" in player.verdict.value
    player.sliders["f"][4].value = 0.0
    assert "lost at step 4" in player.verdict.value
    assert player.image.value == still(changed(f4=0)).moving_html()


def test_each_slider_has_a_name_and_a_verdict_is_announced(player):
    names = [slider.tooltip for sliders in player.sliders.values() for slider in sliders]
    assert len(set(names)) == 18 and "forget gate f at step 4" in names
    assert 'role="status"' in player.verdict.value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"openness": {"f": [0.5] * 6}}, "must have the gates i, f, o: got f"),
        ({"openness": dict.fromkeys("fio", [1.5] * 6)}, "goes from 0 to 1: got 1.5 to 1.5"),
        ({"openness": dict.fromkeys("fio", [0.5] * 5)}, r"must have the shape \(6,\)"),
        ({"keep": "F"}, "a symbol before the last one: got 'F'"),
        ({"c": np.zeros(6)}, r"c must have the shape \(7,\)"),
    ],
)
def test_wrong_arguments_are_refused_with_a_sentence(change, message):
    given = {"openness": dict.fromkeys("fio", [0.5] * 6), "symbols": SYMBOLS, "c": np.zeros(7), "h": np.zeros(6)}
    with pytest.raises(ValueError, match=message):
        plots.hand_set_gates(**{"keep": "B"} | given | change)
