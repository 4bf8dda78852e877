"""The tales: the stored table, what it says, and one run of it."""

from dataclasses import replace

import numpy as np

from helpers.nn import PLAIN
from helpers.training import SWEEPS, TALES_ROWS, load_sweep, load_tales, recall_keys, tales
from helpers.training.sweep import fingerprint

SMALL = replace(TALES_ROWS["state carried"], count=300)


def test_the_stored_table_is_complete_and_of_the_settings_in_the_code():
    rows, found = SWEEPS["tales"], load_sweep("tales")
    assert [(run["row"], run["seed"]) for run in found] == [(row, seed) for row in rows for seed in range(3)]
    assert all(run["settings"] == fingerprint(rows[run["row"]]) for run in found), "run `make sweep NAME=tales` again"


def test_only_a_carried_state_recalls_a_key_of_an_earlier_window():
    for row, (same, earlier) in load_tales().items():
        found = np.concatenate([*earlier.values()])
        assert found.max() < 2 if row == "state carried" else found.min() > 7, row
        assert set(same) == (set() if "too old" in row else {1, 2, 3, 4})
        assert set(earlier) == (set(range(6, 11)) if "too old" in row else set(range(1, 11)))


def test_a_run_is_the_same_again_and_a_readers_layers_take_the_place_of_the_courses(monkeypatch):
    monkeypatch.setattr(tales, "MEASURED", 200)
    first, again, plain = (recall_keys(SMALL, 0, layers) for layers in (None, None, PLAIN))
    assert first == again and first[1].keys() == plain[1].keys() == set(range(1, 11))
    np.testing.assert_allclose([*first[1].values()], [*plain[1].values()], rtol=0.05)


def test_what_is_measured_has_a_column_even_where_there_is_no_such_key(monkeypatch):
    monkeypatch.setattr(tales, "MEASURED", 200)
    measured = tales.measure_tales(replace(SMALL, fewest=5, in_order=False, carry=False), 0)
    assert list(measured) == tales.COLUMNS
    assert np.isnan(measured["same_1"]) and np.isnan(measured["earlier_5"]) and measured["earlier_6"] > 1
