"""Words and ids."""

import numpy as np
import pytest

from helpers.data import EOS, UNK, Vocabulary


def test_words_are_numbered_from_frequent_to_rare_with_ties_in_alphabetical_order():
    vocabulary = Vocabulary.from_tokens(["b", "c", "c", "a", EOS, "c", "b", "a"])
    assert vocabulary.words == (EOS, UNK, "c", "a", "b")


def test_size_counts_the_end_of_a_sentence_but_not_the_unknown_word():
    vocabulary = Vocabulary.from_tokens(["a", "a", "a", "b", "b", "c", UNK, EOS], size=3)
    assert vocabulary.words == (EOS, UNK, "a", "b")


def test_rare_words_are_left_out():
    assert Vocabulary.from_tokens(["a", "a", "b"], min_count=2).words == (EOS, UNK, "a")


def test_ids_lead_back_to_the_words_and_unknown_words_to_unk():
    vocabulary = Vocabulary([EOS, UNK, "a", "b"])
    ids = vocabulary.encode(["b", "never seen", "a", EOS])
    assert ids.dtype == np.int32
    assert ids.tolist() == [3, vocabulary.unk, 2, vocabulary.eos]
    assert vocabulary.decode(ids) == ["b", UNK, "a", EOS]


def test_no_words_give_no_ids():
    assert Vocabulary([EOS, UNK]).encode([]).shape == (0,)


@pytest.mark.parametrize(("words", "reason"), [([EOS, UNK, "a", "a"], "repeats"), ([EOS, "a"], UNK), ([], EOS)])
def test_a_list_that_is_not_a_vocabulary_is_rejected(words, reason):
    with pytest.raises(ValueError, match=reason):
        Vocabulary(words)
