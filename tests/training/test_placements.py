"""The places of dropout in a small language model: the stored table, and one run of it."""

from dataclasses import replace

from helpers.training import load_sweep, placements
from helpers.training.placements import PLACEMENT_ROWS, measure_placement
from helpers.training.sweep import fingerprint


def test_the_stored_table_is_complete_and_of_the_settings_in_the_code():
    found = load_sweep("placements")
    assert [(run["row"], run["seed"]) for run in found] == [(row, seed) for row in PLACEMENT_ROWS for seed in range(3)]
    assert all(run["settings"] == fingerprint(PLACEMENT_ROWS[run["row"]]) for run in found), "run `make sweep` again"


def test_every_placement_has_the_same_rates_and_the_same_training():
    assert {replace(row, rate=0.0, recurrent_rate=0.0, dropout="standard") for row in PLACEMENT_ROWS.values()} == {
        PLACEMENT_ROWS["none"]
    }


def test_the_best_moment_of_a_run_counts(monkeypatch):
    monkeypatch.setattr(placements, "TOKENS", 1001)
    monkeypatch.setattr(placements, "MEASURED", 401)
    monkeypatch.setattr(placements, "EVERY", 5)
    row = replace(PLACEMENT_ROWS["none"], updates=30)
    first, again = (measure_placement(row, seed=0) for _ in range(2))
    assert first["test_perplexity"] == again["test_perplexity"] < placements.VOCABULARY
    assert first["valid_perplexity"] <= first["last_perplexity"]
    assert first["best_after"] in range(5, 31, 5)
