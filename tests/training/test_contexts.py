"""How many words back a language model looks: the stored table, and one run of it."""

from dataclasses import replace

from helpers.training import SWEEPS, contexts, load_enough_words, load_sweep
from helpers.training.contexts import CONTEXT_ROWS, CONTEXTS, measure_context
from helpers.training.plateau import plateau_corpus
from helpers.training.sweep import fingerprint


def test_the_stored_table_is_complete_and_of_the_settings_in_the_code():
    rows, found = SWEEPS["contexts"], load_sweep("contexts")
    assert [(run["row"], run["seed"]) for run in found] == [(row, seed) for row in rows for seed in range(3)]
    assert all(run["settings"] == fingerprint(rows[run["row"]]) for run in found), (
        "run `make sweep NAME=contexts` again"
    )


def test_more_words_are_enough_wherever_fewer_are():
    enough = load_enough_words()
    for run in load_sweep("contexts"):
        far = {words for words in CONTEXTS if run[f"words_{words}"] < 1.01 * run["whole"]}
        assert far == {words for words in CONTEXTS if words >= enough[run["row"]][run["seed"]]}


def test_as_many_words_as_there_are_is_the_whole_past(monkeypatch):
    corpus = plateau_corpus()
    short = replace(corpus, train=corpus.train[:1000], valid=corpus.valid[:200])
    monkeypatch.setattr(contexts, "plateau_corpus", lambda: short)
    monkeypatch.setattr(contexts, "CONTEXTS", (2, 40))
    monkeypatch.setattr(contexts, "_PREDICTED", 1)
    measured = measure_context(replace(CONTEXT_ROWS["GRU"], epochs=1), 0)
    assert abs(measured["words_40"] / measured["whole"] - 1) < 1e-4 < abs(measured["words_2"] / measured["whole"] - 1)
