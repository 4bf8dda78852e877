"""Sweeps keep each finished run, go on after an interruption, and the stored one is of the settings in the code."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import field, fields, make_dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from helpers.training import load_sweep, sweep
from helpers.training.presets import PRESETS, Settings
from helpers.training.sweep import SWEEPS, find_seeds, fingerprint, run_sweep

TINY = replace(PRESETS["tiny"], epochs=1, rate=0.0)

#: With these the stored runs were made; a fingerprint does not hold them.
DEFAULTS = {
    "learning_rate": 20.0,
    "hold": 0.45,
    "decay": None,
    "average_from": 0.8,
    "tied": True,
    "dropout": "variational",
    "recurrent_rate": 0.0,
    "word_rate": 0.0,
    "activation_penalty": 0.0,
    "change_penalty": 0.0,
    "batch_size": 20,
    "steps": 35,
    "max_norm": 0.25,
    "optimiser": "sgd",
    "shifted": False,
    "unigram_bias": False,
    "count_vectors": False,
}


@pytest.fixture
def small(monkeypatch):
    """A sweep of two rows whose runs take no time; a list of those that were really run."""
    ran = []

    def run_once(settings, seed):
        ran.append((settings.tied, seed))
        return {
            "parameters": 10,
            "train_perplexity": 3.0,
            "valid_perplexity": 2.0,
            "test_perplexity": 1.0 + seed,
            "cpu_seconds": 0.1,
        }

    monkeypatch.setitem(SWEEPS, "small", {"tied": TINY, "untied": replace(TINY, tied=False)})
    monkeypatch.setattr(sweep, "run_once", run_once)
    return ran


def test_every_row_is_run_with_every_seed_once(small, tmp_path):
    run_sweep("small", tmp_path, seeds=(0, 1))
    run_sweep("small", tmp_path, seeds=(0, 1))
    assert small == [(True, 0), (False, 0), (True, 1), (False, 1)]
    assert [(run["row"], run["seed"]) for run in load_sweep("small", tmp_path)] == [
        ("tied", 0),
        ("tied", 1),
        ("untied", 0),
        ("untied", 1),
    ]


def test_workers_run_every_row_with_every_seed(small, tmp_path):
    with ThreadPoolExecutor(2) as executor:
        run_sweep("small", tmp_path, seeds=(0, 1), workers=lambda: (executor, "what is not used"))
    assert sorted(small) == [(False, 0), (False, 1), (True, 0), (True, 1)]
    assert [(run["row"], run["seed"], run["test_perplexity"]) for run in load_sweep("small", tmp_path)] == [
        ("tied", 0, 1.0),
        ("tied", 1, 2.0),
        ("untied", 0, 1.0),
        ("untied", 1, 2.0),
    ]


def test_an_interrupted_sweep_goes_on_after_the_last_finished_run(small, tmp_path, monkeypatch):
    whole = sweep.run_once

    def interrupted(settings, seed):
        if len(small) == 3:
            raise KeyboardInterrupt
        return whole(settings, seed)

    monkeypatch.setattr(sweep, "run_once", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_sweep("small", tmp_path, seeds=(0, 1))
    assert len(load_sweep("small", tmp_path)) == 3
    monkeypatch.setattr(sweep, "run_once", whole)
    run_sweep("small", tmp_path, seeds=(0, 1))
    assert len(small) == len(set(small)) == 4


def test_runs_of_other_settings_are_not_mixed_in(small, tmp_path, monkeypatch):
    run_sweep("small", tmp_path, seeds=(0,))
    monkeypatch.setitem(SWEEPS, "small", {"tied": replace(TINY, epochs=2), "untied": TINY})
    with pytest.raises(ValueError, match="other settings"):
        run_sweep("small", tmp_path, seeds=(0,))


def test_a_damaged_table_and_an_unknown_sweep_are_refused_in_a_sentence(small, tmp_path):
    (tmp_path / "small.csv").write_text("row,seed\ntied,zero\n")
    with pytest.raises(ValueError, match="is damaged"):
        load_sweep("small", tmp_path)
    with pytest.raises(ValueError, match="There is no sweep 'large'"):
        load_sweep("large", tmp_path)


def test_a_sweep_that_was_never_run_is_empty(small, tmp_path):
    assert load_sweep("small", tmp_path) == []


@pytest.mark.parametrize("name", ["ablation", "gru"])
def test_a_stored_table_is_complete_and_of_the_settings_in_the_code(name):
    rows, found = SWEEPS[name], load_sweep(name)
    assert [(run["row"], run["seed"]) for run in found] == [(row, seed) for row in rows for seed in find_seeds(name)]
    for run in found:
        assert run["settings"] == fingerprint(rows[run["row"]]), f"row {run['row']}: run `make sweep NAME={name}` again"
        assert np.isfinite([run["valid_perplexity"], run["test_perplexity"]]).all()


def test_each_row_of_the_ablation_changes_one_thing():
    rows = [vars(settings) for settings in SWEEPS["ablation"].values()]
    changed = [[name for name in one if one[name] != other[name]] for one, other in pairwise(rows)]
    assert changed == [["depth"], ["rate"], ["dropout"], ["tied"], ["recurrent_rate"]]


def test_the_lstm_and_the_gru_differ_in_nothing_but_the_cell_and_have_as_many_rates():
    rows = SWEEPS["gru"].values()
    assert {replace(row, cell="LSTM", learning_rate=20.0) for row in rows} == {SWEEPS["ablation"]["tying"]}
    assert {cell: sum(row.cell == cell for row in rows) for cell in ("LSTM", "GRU")} == {"LSTM": 3, "GRU": 3}


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_the_rate_that_is_best_for_a_cell_lies_between_two_others_that_were_tried(cell):
    rates = [settings.learning_rate for settings in SWEEPS["gru"].values() if settings.cell == cell]
    runs = [run for run in load_sweep("gru") if run["row"].startswith(cell)]
    perplexity = [
        np.mean([run["valid_perplexity"] for run in runs if run["row"] == f"{cell}, {rate:g}"]) for rate in rates
    ]
    assert rates == sorted(rates)
    assert np.argmin(perplexity) == 1


def test_a_setting_added_later_that_has_its_default_leaves_the_fingerprint_as_it_is():
    later = make_dataclass("Settings", [("momentum", float, field(default=0.9))], bases=(Settings,), frozen=True)
    assert fingerprint(later(**vars(TINY))) == fingerprint(TINY)
    assert fingerprint(later(**vars(TINY), momentum=0.5)) != fingerprint(TINY)


def test_the_defaults_are_those_with_which_the_stored_runs_were_made():
    defaults = {each.name: each.default for each in fields(Settings)}
    assert defaults.items() >= DEFAULTS.items(), "move the stored tables away and run the sweeps again"


def test_a_run_whose_line_cannot_be_written_costs_no_earlier_run(small, tmp_path, monkeypatch):
    run_sweep("small", tmp_path, seeds=(0,))
    before = (tmp_path / "small.csv").read_bytes()

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        run_sweep("small", tmp_path, seeds=(0, 1))
    assert (tmp_path / "small.csv").read_bytes() == before
