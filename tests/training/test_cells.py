"""The LSTM and the GRU in a small full model: the stored table, and one run of it."""

from dataclasses import replace

import numpy as np

from helpers.training import SWEEPS, cells, load_sweep
from helpers.training.sweep import fingerprint


def test_the_stored_table_is_complete_and_of_the_settings_in_the_code():
    rows, found = SWEEPS["gru"], load_sweep("gru")
    assert [(run["row"], run["seed"]) for run in found] == [(row, seed) for row in rows for seed in range(3)]
    assert all(run["settings"] == fingerprint(rows[run["row"]]) for run in found), "run `make sweep NAME=gru` again"
    assert len({run["parameters"] for run in found}) == 2


def test_both_cells_have_the_same_rates_and_nothing_else_differs():
    by_cell = {cell: [row for row in cells.ROWS.values() if row.cell == cell] for cell in ("LSTM", "GRU")}
    assert [replace(row, cell="GRU") for row in by_cell["LSTM"]] == by_cell["GRU"]


def test_a_run_learns_something_and_is_the_same_again(monkeypatch):
    monkeypatch.setattr(cells, "TOKENS", 1001)
    monkeypatch.setattr(cells, "MEASURED", 401)
    row = replace(cells.ROWS["GRU, 10"], epochs=2)
    first, again = (cells.measure_cell(row, seed=0) for _ in range(2))
    assert first["test_perplexity"] == again["test_perplexity"] < cells.VOCABULARY / 3
    assert np.isfinite(first["valid_perplexity"])
