"""A run in this process: its folder, what is measured at its end, and the sentences it writes."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import helpers.__main__
from helpers.data import EOS, UNK, Corpus, Vocabulary
from helpers.nn import PLAIN, assemble, create_params
from helpers.training.command import SHORT_TEXT, Run, fingerprint, what_to_try
from helpers.training.experiment import LONGEST_SENTENCE, write_sentence
from helpers.training.perplexity import evaluate
from helpers.training.runs import MODEL, Results, RunFolder

VOCABULARY = Vocabulary([EOS, UNK, "a", "b"])


# --- the folder -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damaged", ['{"model": "ti', "null", "[]", '{"model": "tiny"}'])
def test_results_that_are_damaged_count_as_none(tmp_path, damaged):
    folder = RunFolder(tmp_path / "run", {})
    results = dict.fromkeys(Results.__annotations__, 1) | {"model": "tiny"}
    folder.write_results(results, ["a sentence"])
    assert folder.finished is None  # without a model it cannot write
    (folder.path / MODEL).touch()
    assert folder.finished == (results, ["a sentence"])
    (folder.path / "results.json").write_text(damaged, encoding="utf-8")
    assert folder.finished is None


def test_what_a_process_that_was_killed_at_its_first_file_left_is_not_in_the_way(tmp_path):
    (tmp_path / ".config.json.0123.tmp").write_text("{")
    assert RunFolder(tmp_path, {"seed": 0}).path == tmp_path


@pytest.mark.parametrize("before, now", [({"seed": 0, "old": 1}, {"seed": 0}), ({"seed": 0}, {"seed": 0, "new": 1})])
def test_a_setting_that_only_one_of_two_runs_has_tells_them_apart(tmp_path, before, now):
    RunFolder(tmp_path / "run", before).checkpoints.save({"epoch": 0}, step=1)
    with pytest.raises(ValueError, match=r"another (old|new): "):
        RunFolder(tmp_path / "run", now)


def test_a_run_that_was_refused_before_its_first_step_may_begin_with_other_settings(tmp_path):
    RunFolder(tmp_path / "run", {"LSTM": "0123"})
    RunFolder(tmp_path / "run", {"LSTM": "4567"})
    assert json.loads((tmp_path / "run" / "config.json").read_text()) == {"LSTM": "4567"}


def small(*splits, words=VOCABULARY.words):
    return Corpus("small", *(np.array(split, np.int32) for split in splits), Vocabulary(words), citation="")


def test_a_text_that_differs_in_one_word_of_any_split_or_of_the_vocabulary_is_another_text():
    texts = [
        small([2, 3], [2, 3], [2, 3]),
        small([2, 2], [2, 3], [2, 3]),
        small([2, 3], [2, 2], [2, 3]),
        small([2, 3], [2, 3], [2, 2]),
        small([2, 3], [2, 3], [2, 3], words=[EOS, UNK, "a", "c"]),
    ]
    assert len(set(map(fingerprint, texts))) == len(texts)
    assert fingerprint(texts[0]) == fingerprint(small([2, 3], [2, 3], [2, 3]))


def test_the_same_run_with_the_references_layers_is_found_beside_this_one(tmp_path):
    config, results = {"seed": 0, "layers": "reference"}, dict.fromkeys(Results.__annotations__, 1)
    RunFolder(tmp_path / "another", config | {"seed": 1}).write_results(results | {"epochs": 2}, [])
    own = RunFolder(tmp_path / "own", config | {"layers": "my", "LSTM": "0123"})
    unfinished = RunFolder(tmp_path / "reference", config)
    assert own.find_twin(config) is None
    unfinished.write_results(results, [])
    assert own.find_twin(config) == results


def epochs(*pairs):
    return [{"train_perplexity": train, "valid_perplexity": valid} for train, valid in pairs]


@pytest.mark.parametrize(
    "preset, tokens, pairs, advice",
    [
        ("tiny", SHORT_TEXT, [(90, 90)], "PRESET=standard"),
        ("standard", SHORT_TEXT - 1, [(90, 90)], 'CORPUS="one.txt two.txt"'),
        ("standard", SHORT_TEXT, [(90, 90), (50, 70), (40, 80)], "It overfits"),
        ("standard", SHORT_TEXT, [(90, 90), (50, 70), (40, 65)], "--epochs 6"),
        ("standard", SHORT_TEXT, [(90, 90)], "--epochs 2"),
        ("standard", SHORT_TEXT, [(90, 90), (50, 70), (49, 69)], "more text, or a larger model"),
    ],
    ids=["tiny", "short", "overfitting", "still learning", "one epoch", "finished"],
)
def test_a_model_that_does_not_beat_the_trigram_is_told_what_to_try(preset, tokens, pairs, advice):
    assert advice in what_to_try(preset, tokens, epochs(*pairs))


# --- its end ----------------------------------------------------------------------------------------------------------


def test_a_run_is_measured_with_its_averaged_weights_on_each_split(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("the cat sat on the mat . a dog came by .\n" * 120, encoding="utf-8")
    run = Run(str(path), "words", "tiny", 0, None, tmp_path / "run", fresh=False, save_every=20.0)
    trainer, corpus = run.trainer, run.corpus
    trainer.average.update()
    averaged = [evaluate(trainer.model, ids, corpus.vocabulary.eos) for ids in (corpus.valid, corpus.test)]
    for param in trainer.params:
        param.value[...] *= 3
    results, _ = run.measure()
    assert [results["valid_perplexity"], results["test_perplexity"]] == averaged
    assert averaged[0] != averaged[1]


def test_the_figures_of_a_run_are_drawn_from_its_history(tmp_path, monkeypatch):
    drawn = {}

    def learning_curves(curves, **others):
        drawn.update(curves, **others)
        return SimpleNamespace(save=lambda path: None)

    monkeypatch.setattr("helpers.plots.training.learning_curves", learning_curves)
    history = [
        {"train_perplexity": 9.0, "valid_perplexity": 8.0, "learning_rate": 20.0},
        {"train_perplexity": 5.0, "valid_perplexity": 6.0, "learning_rate": 10.0},
    ]
    trainer = SimpleNamespace(history=history, norms=[0.5, 0.1])
    run = SimpleNamespace(
        trainer=trainer, settings=SimpleNamespace(max_norm=0.25), folder=SimpleNamespace(path=tmp_path)
    )
    helpers.__main__._draw_run(run, {"unigram": {"valid_perplexity": 3.0, "test_perplexity": 4.0}})
    assert drawn == {
        "train": [9.0, 5.0],
        "valid": [8.0, 6.0],
        "baselines": {"unigram": 3.0},
        "learning_rates": [20.0, 10.0],
    }


# --- sentences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "favourite, expected",
    [(UNK, None), (EOS, ["a", "b"]), ("a", [" ".join(["a"] * LONGEST_SENTENCE)])],
)
def test_a_sentence_has_no_unknown_word_is_not_empty_and_ends(favourite, expected):
    rng, corpus = np.random.default_rng(0), small([2, 3], [2, 3], [2, 3])
    params = create_params(4, 5, 1, rng)
    params["b"].value[VOCABULARY.words.index(favourite)] = 1000
    sentence = write_sentence(assemble(PLAIN, params, rng), corpus, rng)
    assert UNK not in sentence and set(sentence.split()) <= {"a", "b"} and sentence
    assert expected is None or sentence in expected
