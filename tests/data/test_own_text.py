"""Texts of the learner's own, good and bad."""

import os
from itertools import product

import numpy as np
import pytest

from helpers.data import EOS, KOREAN_POEMS, CorpusError, load_corpus, tokenize

KOREAN = "나는 학교에 간다. 너는 집에 있다. 오늘은 3월 1일이고 날씨가 좋다. 우리는 함께 바다를 보았다.\n\n"
ENGLISH = "The cat sat on the mat. A dog came by, and the cat ran away!\n\n"


@pytest.fixture
def file(tmp_path):
    """Write bytes to a file and return its path."""

    def write(content, name="own.txt"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def test_a_text_is_cut_80_10_10_between_sentences_and_nothing_is_lost(file):
    corpus = load_corpus(file((ENGLISH * 97).encode()))  # 97, so that 80 and 90 % lie inside a sentence
    splits = (corpus.train, corpus.valid, corpus.test)
    assert corpus.vocabulary.decode(np.concatenate(splits)) == tokenize(ENGLISH * 97)
    assert all(split[-1] == corpus.vocabulary.eos for split in splits)
    assert [round(len(split) / sum(map(len, splits)), 1) for split in splits] == [0.8, 0.1, 0.1]
    assert corpus.name == "own.txt"


def test_a_korean_text_is_read_by_words(file):
    corpus = load_corpus(str(file((KOREAN * 60).encode())))
    assert {"학교에", "간다", "N", "바다를", EOS} <= set(corpus.vocabulary.words)
    assert corpus.text(corpus.train[:10]) == "나는 학교에 간다.\n너는 집에 있다."


def test_a_korean_text_is_read_by_syllables(file):
    corpus = load_corpus(file((KOREAN * 60).encode()), unit="characters")
    assert {"학", "교", " ", ".", EOS} <= set(corpus.vocabulary.words)
    assert corpus.text(corpus.train[:21]) == KOREAN[:21].strip()


def test_a_text_without_sentences_is_cut_80_10_10_too(file):
    corpus = load_corpus(file(b"one two three four five " * 400))
    assert [len(split) for split in (corpus.train, corpus.valid, corpus.test)] == [1600, 200, 201]


def test_the_vocabulary_of_an_own_text_has_the_10000_most_frequent_words(file):
    words = ["".join(letters) for letters in product("abcdefghijklmnopqrstuvwx", repeat=3)]  # 13,824
    corpus = load_corpus(file("\n".join(f"{word} {word}" for word in words).encode()))
    assert len(corpus.vocabulary) == 10_001  # and <unk>


def test_the_path_may_begin_with_a_tilde(file, monkeypatch):
    path = file((ENGLISH * 97).encode())
    monkeypatch.setenv("HOME", str(path.parent))
    monkeypatch.setenv("USERPROFILE", str(path.parent))
    assert load_corpus("~/own.txt").name == "own.txt"


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_a_byte_order_mark_and_any_line_end_make_no_difference(file, newline):
    text = "first line\nsecond line\n\nthird\n\n" * 200
    plain = load_corpus(file(text.encode()))
    other = load_corpus(file(b"\xef\xbb\xbf" + text.replace("\n", newline).encode(), "other.txt"))
    assert other.vocabulary.words == plain.vocabulary.words
    np.testing.assert_array_equal(other.train, plain.train)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \r\n\n\t", "is empty"),
        (ENGLISH.encode(), "too short: it has 20 tokens"),
        (b"((((((" * 500, "too short: it has 0 tokens"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "binary file"),
        (bytes(range(1, 256)) * 4, "not UTF-8: the byte 0x80 in line 2"),
        ((KOREAN * 60).encode("cp949"), r"not UTF-8 but probably CP949 \(EUC-KR\): the byte 0x.. in line 1"),
        (ENGLISH.encode() * 50 + "déjà vu".encode("latin-1"), "not UTF-8: the byte 0xe9 in line 101"),
        ((KOREAN * 60).encode("utf-16"), "UTF-16"),
        (" ".join(map("".join, product("abcdefghijkl", repeat=3))).encode(), "hardly repeats itself"),
    ],
    ids=["empty", "blank", "short", "no words", "image", "bytes", "CP949", "Latin-1", "UTF-16", "no word twice"],
)
def test_a_file_that_is_unsuitable_for_training_is_rejected_with_the_reason(file, content, reason):
    path = file(content)
    with pytest.raises(CorpusError, match=reason) as refused:
        load_corpus(path)
    assert str(path.name) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_several_files_are_each_cut_80_10_10_so_that_every_split_has_some_of_each(file, tmp_path):
    file((ENGLISH * 60).encode(), "a.txt")
    file((KOREAN * 60).encode(), "b.txt")
    file(b"\0", "c.bin")
    folder = load_corpus(tmp_path)
    several = load_corpus(f"{tmp_path / 'a.txt'}  {tmp_path / 'b.txt'}")
    assert (folder.name, several.name) == (tmp_path.name, "a+b")
    for name in ("train", "valid", "test"):
        np.testing.assert_array_equal(getattr(folder, name), getattr(several, name))
        assert {"cat", "바다를"} <= set(folder.vocabulary.decode(getattr(folder, name)))
    alone = [load_corpus(tmp_path / name) for name in ("a.txt", "b.txt")]
    assert len(folder.test) == sum(len(one.test) for one in alone)


def test_a_path_with_a_space_in_it_is_one_file(file):
    path = file((ENGLISH * 97).encode(), "my own.txt")
    assert load_corpus(str(path)).name == "my own.txt"


def test_texts_that_are_too_short_alone_may_be_long_enough_together(file, tmp_path):
    short = [file((ENGLISH * 40).encode(), f"{number}.txt") for number in range(3)]
    with pytest.raises(CorpusError, match=r"0\.txt is too short"):
        load_corpus(short[0])
    assert len(load_corpus(tmp_path).train) > 1000


def test_of_several_files_the_one_that_is_missing_or_bad_is_named(file, tmp_path):
    path = file((ENGLISH * 97).encode())
    with pytest.raises(CorpusError, match=r"no file missing\.txt"):
        load_corpus(f"{path} missing.txt")
    bad = file(b"", "bad.txt")
    with pytest.raises(CorpusError, match=r"bad\.txt is empty"):
        load_corpus(f"{path} {bad}")


def test_a_folder_without_texts_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="is a folder without a text"):
        load_corpus(tmp_path)


def test_a_name_that_is_not_a_file_is_rejected_with_the_names_that_exist():
    with pytest.raises(CorpusError, match=r"no file stou.*sotu, docstrings, ptb and wikitext2"):
        load_corpus("stou")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(file):
    path = file(ENGLISH.encode())
    path.chmod(0)
    with pytest.raises(CorpusError, match="cannot be read: Permission denied"):
        load_corpus(path)


def test_an_unknown_unit_is_refused(file):
    with pytest.raises(ValueError, match="one of characters, words: got 'letters'"):
        load_corpus(file((ENGLISH * 100).encode()), unit="letters")
    with pytest.raises(ValueError, match="sotu is read by words"):
        load_corpus("sotu", unit="characters")


def test_the_korean_poems_of_the_course_are_read_by_syllables():
    corpus = load_corpus(KOREAN_POEMS, unit="characters")
    assert corpus.text(corpus.train[:14]) == "죽는 날까지 하늘을 우러러"
    assert len(corpus.vocabulary) > 100
