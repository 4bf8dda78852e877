"""From text to tokens and back."""

import unicodedata

import pytest

from helpers.data import EOS, UNK, join, tokenize, tokenize_characters
from helpers.data.tokens import split_documents


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The House. It sat!", f"the house . {EOS} it sat ! {EOS}"),
        ("We don’t know, Mr. Speaker", f"we don't know , mr. speaker {EOS}"),
        ("the U.S. and the U.N. agree", f"the u.s. and the u.n. agree {EOS}"),
        ("$1,000.50 is 4.25% of 9/11 at 2:30", f"$ N is N % of N at N {EOS}"),
        ("the 21st century, the 1990s, 1980's", f"the N century , the N , N {EOS}"),
        ('"Wait..." he (slowly) said: go-between', f"wait ... {EOS} he slowly said : go-between {EOS}"),
        ("work—hard -- now - then", f"work — hard — now then {EOS}"),
        ("see os.path or example.com", f"see os.path or example.com {EOS}"),
        ("a <unk> word", f"a {UNK} word {EOS}"),
        ("3월 1일에 만세를 불렀다. 대한독립!", f"N 월 N 일에 만세를 불렀다 . {EOS} 대한독립 ! {EOS}"),
        ("「어디로 가십니까？」 집에요。", f"어디로 가십니까 ？ {EOS} 집에요 。 {EOS}"),
        ("नमस्ते दुनिया", f"नमस्ते दुनिया {EOS}"),
    ],
)
def test_tokens_of(text, expected):
    assert tokenize(text) == expected.split()


def test_a_blank_line_ends_a_sentence_and_a_line_break_inside_a_paragraph_does_not():
    assert (
        tokenize("A title\n\none sentence on\ntwo lines.\n")
        == f"a title {EOS} one sentence on two lines . {EOS}".split()
    )


def test_without_blank_lines_every_line_is_a_sentence():
    assert tokenize("one line\nanother\n") == f"one line {EOS} another {EOS}".split()


@pytest.mark.parametrize("text", ["", " \n\n ", "()\n\n[]"])
def test_a_text_without_words_has_no_tokens(text):
    assert tokenize(text) == []


def test_decomposed_hangul_gives_the_same_tokens_as_composed():
    text = "나는 학교에 간다."
    decomposed = unicodedata.normalize("NFD", text)
    assert decomposed != text
    assert tokenize(decomposed) == tokenize(text)
    assert tokenize_characters(decomposed) == tokenize_characters(text)


def test_characters_keep_single_spaces_and_end_lines():
    assert tokenize_characters("나는  간다.\n\nOk\n") == [*"나는 간다.", EOS, *"Ok", EOS]


def test_joined_words_read_like_a_text():
    tokens = tokenize("Mr. Speaker, we spent $5 — that is 4% more; why? I ask.")
    assert join(tokens) == "mr. speaker, we spent $N — that is N% more; why?\ni ask."


def test_joined_characters_are_the_text_again():
    assert join(tokenize_characters("나는 간다.\n너도 간다."), "") == "나는 간다.\n너도 간다."


def test_of_ten_documents_the_fifth_is_for_validation_and_the_tenth_for_the_test():
    splits = split_documents([[number] for number in range(21)])
    assert splits["valid"] == [4, 14]
    assert splits["test"] == [9, 19]
    assert splits["train"] == [number for number in range(21) if number % 10 not in (4, 9)]
