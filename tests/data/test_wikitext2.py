"""WikiText-2, tested with small files of the same form."""

import numpy as np
import pytest

from helpers.data import CorpusError, load_corpus, wikitext2

TEXT = " \n = Tower of <unk> = \n \n The Tower , built in 1078 , stands . \n"
TEXTS = {"train": TEXT * 20, "valid": TEXT * 3, "test": TEXT * 2}
ORIGINALS = {
    split: wikitext2.Original(text.count("\n"), len(text.split()) + text.count("\n")) for split, text in TEXTS.items()
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with three small files, which count as the originals."""
    monkeypatch.delenv("WIKITEXT2_DIR", raising=False)
    monkeypatch.setattr(wikitext2, "DEFAULT_FOLDER", tmp_path / "default")
    monkeypatch.setattr(wikitext2.read_splits, "__defaults__", (None, ORIGINALS))
    folder = tmp_path / "wikitext-2"
    folder.mkdir()
    for split, text in TEXTS.items():
        (folder / f"wiki.{split}.tokens").write_text(text, encoding="utf-8")
    return folder


def test_the_original_sizes_are_those_of_the_paper_which_counts_the_ends_of_lines():
    assert [original.tokens for original in wikitext2.ORIGINALS.values()] == [2_088_628, 217_646, 245_569]


@pytest.mark.parametrize("named_by", ["argument", "WIKITEXT2_DIR"])
def test_it_is_read_from_a_folder_as_it_is_spaced(folder, monkeypatch, named_by):
    if named_by == "WIKITEXT2_DIR":
        monkeypatch.setenv("WIKITEXT2_DIR", str(folder))
    corpus = load_corpus("wikitext2", folder=folder if named_by == "argument" else None)
    assert corpus.vocabulary.decode(corpus.valid[:8]) == ["<eos>", "=", "Tower", "of", "<unk>", "=", "<eos>", "<eos>"]
    assert len(corpus.test) == ORIGINALS["test"].tokens
    assert set(corpus.vocabulary.words) == {"<eos>", *TEXT.split()}
    assert corpus.tokens("The Tower of") == ["The", "Tower", "of"]
    assert "CC BY-SA" in corpus.citation
    assert np.array_equal(corpus.vocabulary.encode(corpus.tokens(TEXT)), corpus.valid[: len(corpus.valid) // 3])


def test_without_the_files_the_message_says_what_to_do(folder):
    with pytest.raises(CorpusError, match=r"does not come with.*default.*wikitext-2-v1\.zip.*CC BY-SA.*WIKITEXT2_DIR"):
        load_corpus("wikitext2")


@pytest.mark.parametrize(
    "content, reason",
    [
        (TEXTS["train"][:-9].encode(), r"truncated, or another text: it has \d+ lines"),
        ((TEXTS["train"] + "more").encode(), "truncated, or another text"),
        (b"\xff\xfe" + TEXTS["train"].encode(), "is not UTF-8"),
        (b"", "it has 0 lines and 0 tokens"),
    ],
    ids=["truncated", "longer", "not UTF-8", "empty"],
)
def test_another_file_is_refused(folder, content, reason):
    (folder / "wiki.train.tokens").write_bytes(content)
    with pytest.raises(CorpusError, match=reason):
        load_corpus("wikitext2", folder=folder)


def test_line_endings_of_windows_make_no_difference(folder):
    before = load_corpus("wikitext2", folder=folder).train
    (folder / "wiki.train.tokens").write_bytes(TEXTS["train"].replace("\n", "\r\n").encode())
    np.testing.assert_array_equal(load_corpus("wikitext2", folder=folder).train, before)
