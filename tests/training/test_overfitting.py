"""What helps against overfitting: the small models of the experiment, their runs, and the stored table."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.nn import PLAIN, Dropout, StepDropoutLSTM, count_parameters
from helpers.training import SWEEPS, load_overfit, load_sweep, overfitting, small_text
from helpers.training.overfitting import OVERFIT_ROWS, FitSettings, build_small_model, fit_small_model
from helpers.training.sweep import fingerprint

LSTM = FitSettings()


def model(vocabulary=50, **settings):
    return build_small_model(replace(LSTM, **settings), np.random.default_rng(0), PLAIN, vocabulary)


def test_the_two_kinds_are_equally_large():
    sizes = [
        count_parameters(build_small_model(FitSettings(kind), np.random.default_rng(0)).parameters())
        for kind in ("LSTM", "feed-forward")
    ]
    assert abs(sizes[0] / sizes[1] - 1) < 0.01


def test_a_second_layer_has_the_weights_that_the_notebook_counts():
    sizes = [count_parameters(model(depth=depth).parameters()) for depth in (1, 2)]
    assert sizes[1] - sizes[0] == 8 * 64**2 + 4 * 64


def test_dropout_is_where_the_settings_put_it():
    assert sum(isinstance(layer, Dropout) for layer in model(dropout=0.5).body.layers) == 2
    assert sum(isinstance(layer, StepDropoutLSTM) for layer in model(along_time=0.5).body.layers) == 1


def test_another_kind_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="got 'GRU'"):
        model(kind="GRU")


def test_no_word_is_outside_the_small_vocabulary_and_the_texts_differ():
    train, valid = small_text(), small_text("valid")
    assert train.max() < overfitting.VOCABULARY and valid.max() < overfitting.VOCABULARY
    assert not np.array_equal(train[:1000], valid[:1000])


@pytest.mark.parametrize("settings", [LSTM, replace(LSTM, decay=0.01), FitSettings("feed-forward", 5.0)])
def test_a_run_learns_its_text_and_is_the_same_again(settings):
    short = replace(settings, tokens=3000, updates=30)
    (train, valid), (again, _) = (fit_small_model(short, seed=1) for _ in range(2))
    assert np.array_equal(train, again) and train.shape == valid.shape == (10,)
    assert train[-1] < train[0] / 1.5


def test_the_stored_table_is_complete_and_of_the_settings_in_the_code():
    found = load_sweep("overfit")
    assert [(run["row"], run["seed"]) for run in found] == [(row, seed) for row in OVERFIT_ROWS for seed in range(3)]
    for run in found:
        assert run["settings"] == fingerprint(SWEEPS["overfit"][run["row"]]), (
            f"row {run['row']}: run `make sweep` again"
        )


def test_the_stored_table_is_read_as_two_curves_for_each_seed():
    found = load_overfit()
    assert list(found) == list(OVERFIT_ROWS)
    assert all(train.shape == valid.shape == (3, 10) for train, valid in found.values())
    assert load_overfit("no such folder") == {}


def test_nearly_every_run_has_learned_more_of_its_own_text_than_of_the_other():
    assert all(
        (train[:, -1] < valid[:, -1]).all() and (train[:, 0] < valid[:, 0]).all()
        for train, valid in load_overfit().values()
    )
