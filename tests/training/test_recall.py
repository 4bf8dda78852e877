"""The experiment of how far back a layer remembers: its starts, its runs, and the stored table."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.nn import RNN
from helpers.training import SWEEPS, load_recall, load_sweep, recall_accuracy, recall_curve
from helpers.training.recall import CHANCE, LAGS, RECALL_ROWS, start_weights
from helpers.training.sweep import fingerprint

QUICK = replace(RECALL_ROWS["RNN"], updates=60, hidden_size=12, learning_rate=0.1, inputs=0.3)


def weights(row):
    return [array.astype(float) for array in start_weights(RECALL_ROWS[row], np.random.default_rng(0))]


def test_the_recurrent_weights_start_as_the_row_says():
    assert np.allclose(weights("RNN, orthogonal")[1] @ weights("RNN, orthogonal")[1].T, np.eye(32), atol=1e-6)
    assert np.array_equal(weights("RNN, identity")[1], np.eye(32))
    assert not weights("RNN")[2].any()


def test_the_gates_start_by_keeping_for_2_to_80_steps():
    b = weights("LSTM")[2]
    keep = 1 / (1 + np.exp(-b[:32]))
    assert np.array_equal(b[64:96], -b[:32])
    assert 2 <= (1 / (1 - keep)).min() < 20 < (1 / (1 - keep)).max() <= 80
    z = 1 / (1 + np.exp(-weights("GRU")[2][:32]))
    assert 2 <= (1 / z).min() < 20 < (1 / z).max() <= 80
    assert set(weights("LSTM, bias 1")[2]) == {0, 1}


@pytest.mark.parametrize("change", [{"start": "chrono"}, {"start": "warm"}, {"layer": "Transformer"}])
def test_an_unknown_layer_or_start_is_refused_in_a_sentence(change):
    with pytest.raises(ValueError, match=r"There is no (RNN|Transformer) that starts"):
        start_weights(replace(QUICK, **change), np.random.default_rng(0))


def test_a_near_symbol_is_learned_and_the_same_seed_gives_the_same_run():
    assert recall_accuracy(QUICK, 1, seed=0) == recall_accuracy(QUICK, 1, seed=0) > 0.99
    assert recall_curve(QUICK, 0, lags=(1,)) == {1: recall_accuracy(QUICK, 1, seed=0)}


def test_a_given_class_is_the_one_that_is_trained():
    made = []

    class Own(RNN):
        def __init__(self, *params):
            made.append(params)
            super().__init__(*params)

    assert recall_accuracy(QUICK, 1, 0, Own) == recall_accuracy(QUICK, 1, 0)
    assert len(made) == 1


def test_a_run_that_ends_in_nan_counts_as_guessing():
    assert recall_accuracy(replace(QUICK, learning_rate=1e38), 3, seed=0) == CHANCE


def test_the_stored_table_is_complete_and_of_the_settings_in_the_code():
    found = load_sweep("recall")
    assert [(run["row"], run["seed"]) for run in found] == [(row, seed) for row in RECALL_ROWS for seed in range(5)]
    for run in found:
        assert run["settings"] == fingerprint(SWEEPS["recall"][run["row"]]), f"row {run['row']}: run `make sweep` again"


def test_the_stored_table_is_read_as_accuracies_by_row_and_lag():
    found = load_recall()
    assert list(found) == list(RECALL_ROWS)
    assert all(tuple(curve) == LAGS and set(map(len, curve.values())) == {5} for curve in found.values())
    assert load_recall("no such folder") == {}
