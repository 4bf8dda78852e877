"""The experiment on temporal order: how each layer starts, and what is measured of a run."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.nn import FastLSTM
from helpers.training.stored_runs import load_order
from helpers.training.sweep import fingerprint, load_sweep
from helpers.training.temporal_order import ORDER_ROWS, measure_order, shares_right, start_layer

SHORT = {"steps": 10, "updates": 15, "hidden_size": 6, "batch_size": 5}


def start(name, **changes):
    return start_layer(replace(ORDER_ROWS[name], **changes), np.random.default_rng(0))


@pytest.mark.parametrize("name", ORDER_ROWS)
def test_every_row_is_a_layer_of_float32_for_eight_symbols(name):
    layer = start(name)
    blocks = 4 if isinstance(layer, FastLSTM) else 1
    assert [param.value.shape for param in layer.parameters()] == [(8, 32 * blocks), (32, 32 * blocks), (32 * blocks,)]
    assert {param.value.dtype for param in layer.parameters()} == {np.dtype("float32")}


def test_an_rnn_starts_as_its_name_says():
    assert np.array_equal(start("RNN, identity").Wh.value, np.eye(32))
    Wh = start("RNN, orthogonal").Wh.value
    assert np.allclose(Wh @ Wh.T, np.eye(32), atol=1e-5) and not np.allclose(Wh, np.eye(32))
    assert np.abs(start("RNN, random").Wh.value).max() < 1 / np.sqrt(32)
    assert np.allclose(start("RNN, orthogonal").Wx.value, 0.3 * start("RNN, random").Wx.value)


def test_an_lstm_starts_with_the_biases_of_its_name():
    f, g, i, o = np.split(start("LSTM, chrono").b.value, 4)
    assert 0 <= f.min() < 2 and 4 < f.max() < np.log(79) and np.array_equal(i, -f) and not g.any() and not o.any()
    assert np.split(start("LSTM, chrono to 20").b.value, 4)[0].max() < np.log(19)
    assert start("LSTM, bias 1").b.value.sum() == 32 and not start("LSTM, bias 0").b.value.any()


def test_layers_that_start_alike_differ_in_nothing_but_what_the_name_says():
    chrono, zero = start("LSTM, chrono"), start("LSTM, bias 0")
    assert np.array_equal(chrono.Wx.value, zero.Wx.value) and np.array_equal(chrono.Wh.value, zero.Wh.value)


def test_a_start_that_is_not_of_this_layer_is_refused():
    with pytest.raises(ValueError, match=r"no RNN that starts with 'chrono'"):
        start("RNN, identity", start="chrono")
    with pytest.raises(ValueError, match=r"no GRU"):
        start("RNN, identity", layer="GRU")


def test_a_run_is_the_same_for_the_same_seed_and_ends_with_its_updates():
    settings = replace(ORDER_ROWS["RNN, identity"], **SHORT)
    first, again, other = (measure_order(settings, seed) | {"cpu_seconds": 0} for seed in (3, 3, 4))
    assert first == again and first["updates"] == 15 and first["solved"] == 0
    shares = [
        list(shares_right(settings, start_layer(settings, rng), rng)) for rng in map(np.random.default_rng, (3, 4))
    ]
    assert shares[0] != shares[1] and other["updates"] == len(shares[1])


def test_a_run_ends_when_the_last_ten_batches_are_right():
    settings = replace(ORDER_ROWS["LSTM, chrono"], steps=10, updates=600, batch_size=16, span=10)
    rng = np.random.default_rng(0)
    shares = list(shares_right(settings, start_layer(settings, rng), rng))
    assert len(shares) < 600 and np.mean(shares[-10:]) >= 0.99 > np.mean(shares[-11:-1])


def test_the_stored_table_gives_the_updates_of_every_seed_and_inf_where_it_was_not_solved(tmp_path):
    rows = dict.fromkeys(["RNN, identity", "LSTM, bias 0"])
    lines = [
        f'"{row}",{seed},{fingerprint(ORDER_ROWS[row])},{300 + seed},{int(row[0] == "R")},1.0'
        for row in rows
        for seed in (0, 1)
    ]
    (tmp_path / "order.csv").write_text("\n".join(["row,seed,settings,updates,solved,cpu_seconds", *lines]))
    assert load_order(tmp_path) == {"RNN, identity": [300, 301], "LSTM, bias 0": [np.inf, np.inf]}


def test_the_table_of_the_course_has_five_seeds_of_every_row_as_it_is_set_today():
    runs = load_sweep("order")
    assert [(run["row"], run["seed"]) for run in runs] == [(row, seed) for row in ORDER_ROWS for seed in range(5)]
    assert {(run["row"], run["settings"]) for run in runs} == {
        (name, fingerprint(row)) for name, row in ORDER_ROWS.items()
    }
