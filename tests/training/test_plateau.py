"""The run of notebook 08: the reference's stored table, and what the notebook says of it."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.data import KneserNeyTrigram
from helpers.nn import FAST, PLAIN
from helpers.training import SWEEPS, load_plateau, load_sweep, plateau, plateau_corpus
from helpers.training.plateau import PLATEAU_ROWS, fit_on_plateau
from helpers.training.sweep import fingerprint

SETTINGS = PLATEAU_ROWS["reference"]


@pytest.fixture
def short(monkeypatch):
    """The text of the run, so short that an epoch takes no time."""
    corpus = plateau_corpus()
    text = replace(corpus, train=corpus.train[:2001], valid=corpus.valid[:501])
    monkeypatch.setattr(plateau, "plateau_corpus", lambda: text)


def test_the_stored_table_is_complete_and_of_the_settings_in_the_code():
    rows, found = SWEEPS["plateau"], load_sweep("plateau")
    assert [(run["row"], run["seed"]) for run in found] == [(row, seed) for row in rows for seed in range(3)]
    assert all(run["settings"] == fingerprint(rows[run["row"]]) for run in found), "run `make sweep NAME=plateau` again"
    valid, test = load_plateau()
    assert valid.shape == (3, plateau.EPOCHS) and test.shape == (3,)


def test_every_stored_run_falls_again_after_its_first_cut_and_ends_below_the_trigram():
    corpus, (curves, tests) = plateau_corpus(), load_plateau()
    trigram = KneserNeyTrigram(corpus.train, plateau.VOCABULARY, corpus.vocabulary.eos)
    assert (curves[:, -1] < trigram.perplexity(corpus.valid)).all() and (tests < trigram.perplexity(corpus.test)).all()
    for curve in curves:
        best = np.minimum.accumulate(curve)
        cut = np.flatnonzero(curve[1:] >= best[:-1])[0] + 1
        assert curve[cut + 1] < 0.98 * best[cut]


def test_the_text_has_a_thousand_words_and_the_unknown_one():
    corpus = plateau_corpus()
    assert (len(corpus.train), len(corpus.valid), len(corpus.vocabulary)) == (40_001, 8000, 1000)
    assert max(corpus.train.max(), corpus.test.max()) < 1000 and corpus.vocabulary.unk in corpus.train


def test_with_the_same_masks_plain_layers_follow_the_fast_ones(short):
    curves = [fit_on_plateau(SETTINGS, 0, layers, epochs=2)[1] for layers in (PLAIN, FAST)]
    np.testing.assert_allclose(*curves, rtol=1e-4)


def test_a_run_is_the_same_again_and_another_with_another_seed(short):
    first, again, other = (fit_on_plateau(SETTINGS, seed, epochs=1)[1] for seed in (0, 0, 1))
    assert first == again != other
