"""A finished run that is asked to write again, without training."""

import re
import subprocess
import sys

import numpy as np
import pytest

from helpers.data import EOS, UNK, Corpus, Vocabulary, load_corpus
from helpers.nn import FAST, PLAIN, assemble, create_params
from helpers.training.command import in_words, write
from helpers.training.experiment import write_sentence
from helpers.training.runs import RunFolder, find_model
from helpers.training.saved_model import load_model, save_model

WORDS = [EOS, UNK, "the", "cat", "sat", "."]
NONE = np.array([], np.int32)


def corpus(unit="words", words=WORDS):
    return Corpus("small", NONE, NONE, NONE, Vocabulary(words), citation="", unit=unit)


@pytest.fixture
def folder(tmp_path):
    """The folder of a run with a model."""
    rng = np.random.default_rng(1)
    RunFolder(tmp_path / "run", {})
    save_model(
        tmp_path / "run" / "model.npz", assemble(FAST, create_params(len(WORDS), 4, 2, rng, scale=1), rng), corpus()
    )
    return tmp_path / "run"


@pytest.mark.parametrize("tied", [True, False])
def test_a_saved_model_is_read_as_it_was_with_its_words(tmp_path, tied):
    rng = np.random.default_rng(0)
    model = assemble(FAST, create_params(len(WORDS), 4, 2, rng, tied=tied), rng, rate=0.5)
    save_model(tmp_path / "model.npz", model, corpus("characters"))
    xs = np.array([[2, 3, 4]])
    for layers in (FAST, PLAIN):
        again, known = load_model(tmp_path / "model.npz", layers)
        np.testing.assert_allclose(again.forward(xs)[0], model.forward(xs)[0], rtol=1e-6)
        assert (known.name, known.unit, known.vocabulary.words) == ("small", "characters", tuple(WORDS))


def test_what_it_writes_begins_with_the_prompt_and_ends_with_a_sentence(folder, capsys):
    texts = write(folder, "The cat", 0, FAST)
    assert len(texts) == 3
    assert all(text.startswith("the cat") and len(text) > len("the cat") for text in texts)
    assert capsys.readouterr().out == ""
    assert texts == write(folder, "The cat", 0, FAST) != write(folder, "The cat", 1, FAST)


def test_a_prompt_that_is_a_whole_sentence_is_followed_by_another(folder):
    assert all(re.match(r"the cat\.\n\S", text) for text in write(folder, "The cat.", 0, FAST))


def test_words_that_the_model_does_not_know_are_named(folder, capsys):
    assert write(folder, "the zebra and the cat", 0, FAST)[0].startswith("the <unk> <unk> the cat")
    assert "Not among the 6 words that it knows: and, zebra." in capsys.readouterr().out


def test_a_sentence_is_drawn_by_the_sampler_that_is_given_at_its_temperature(folder):
    model, known = load_model(find_model(folder), FAST)
    asked = []

    def likeliest(scores, temperature, rng):
        asked.append((scores.dtype, scores[known.vocabulary.unk], temperature))
        return int(scores.argmax())

    texts = {write_sentence(model, known, np.random.default_rng(seed), "the cat", temperature=0.3, sample=likeliest)
             for seed in range(3)}  # fmt: skip
    assert len(texts) == 1
    assert set(asked) == {(np.dtype("float64"), -np.inf, 0.3)}


def test_a_run_without_a_model_and_a_damaged_model_are_refused(folder, tmp_path):
    (folder / "model.npz").write_bytes((folder / "model.npz").read_bytes()[:-50])
    with pytest.raises(ValueError, match="is damaged, so this model cannot write"):
        write(folder, "", 0, FAST)
    (folder / "model.npz").unlink()
    with pytest.raises(ValueError, match="is not finished: run the command that began it once more"):
        find_model(folder)
    with pytest.raises(ValueError, match="is not the folder of a run"):
        find_model(tmp_path)


def test_the_command_writes_and_refuses_in_one_sentence(folder):
    command = [sys.executable, "-m", "helpers", "write"]
    found = subprocess.run([*command, folder, "--prompt", "The cat"], capture_output=True, text=True, check=True)
    assert re.findall(r"^  the cat", found.stdout, re.MULTILINE) == ["  the cat"] * 3
    for arguments, sentence in ([["."], "Which run?"], [[folder.parent], "is not the folder of a run"]):
        refused = subprocess.run([*command, *arguments], capture_output=True, text=True)
        assert refused.returncode == 1
        assert sentence in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "unit, beginning, tokens",
    [
        ("words", "The state of", ["the", "state", "of"]),
        ("words", "It is strong.", ["it", "is", "strong", ".", EOS]),
        ("words", "3 cats?", ["N", "cats", "?", EOS]),
        ("words", "", []),
        ("characters", "나는 간다", [*"나는 간다"]),
        ("characters", "나는\n", ["나", "는", EOS]),
        ("as spaced", "The Tower of London", ["The", "Tower", "of", "London"]),
    ],
)
def test_a_prompt_is_split_as_the_corpus_was(unit, beginning, tokens):
    assert corpus(unit).tokens(beginning) == tokens


def test_a_prompt_of_the_corpus_itself_has_the_ids_of_the_corpus():
    sotu = load_corpus()
    beginning = sotu.text(sotu.valid[:40])
    ids = sotu.vocabulary.encode(sotu.tokens(beginning))
    np.testing.assert_array_equal(ids, sotu.valid[: len(ids)])
    assert len(ids) >= 39


@pytest.mark.parametrize(
    "seconds, words", [(12, "12 seconds"), (95, "1.6 minutes"), (6000, "1.7 hours"), (360_000, "4.2 days")]
)
def test_a_duration_is_told_in_its_usual_unit(seconds, words):
    assert in_words(seconds) == words
