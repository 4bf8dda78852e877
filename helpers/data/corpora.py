"""The corpora of the course behind one door: `load_corpus`."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from helpers.data import docstrings, own_text, ptb, sotu
from helpers.data.errors import CorpusError
from helpers.data.tokens import join
from helpers.data.vocabulary import Vocabulary

#: With more unknown words than this among the training tokens there is no language left to model.
MAX_UNKNOWN = 0.5


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text as three streams of word ids.

    Args:
        name: "sotu", "docstrings", "ptb" or the name of a file.
        train (n,): int32 word ids to learn from.
        valid (n,): to choose sizes, rates and the moment to stop by.
        test (n,): to measure on, once.
        vocabulary: the Vocabulary of the training split.
        citation: where the text comes from and what may be done with it.
        separator: what stands between two tokens in print: " " for words, "" for characters.
    """

    name: str
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    vocabulary: Vocabulary
    citation: str
    separator: str = " "

    def text(self, ids):
        """Write ids as a text to be read, one sentence to a line.

        Args:
            ids: word ids.

        Returns:
            str
        """
        return join(self.vocabulary.decode(ids), self.separator)

    def __str__(self):
        sizes = " / ".join(f"{len(split):,}" for split in (self.train, self.valid, self.test))
        unknown = np.mean(self.valid == self.vocabulary.unk)
        return (
            f"{self.name}: {sizes} tokens to train / validate / test, V = {len(self.vocabulary):,}, "
            f"{unknown:.1%} of the validation tokens outside the vocabulary"
        )


def load_corpus(name="sotu", *, folder=None, unit="words"):
    """Load a corpus; none of them needs a network.

    Args:
        name: "sotu", State of the Union addresses (the default); "docstrings", those of Python's standard library,
            which also take the place of a package sotu that is not installed, with a line that says so; "ptb", the
            Penn Treebank from a local folder; anything else is the path of a UTF-8 text file of your own.
        folder: of the Penn Treebank; if left out, the environment variable ``PTB_DIR``.
        unit: "words", or "characters" for an own text, e.g. a Korean one by syllables.

    Returns:
        Corpus: of sotu, docstrings and an own text the vocabulary keeps the words that occur at least twice in the
        training split, at most the 3,000 most frequent of the first two and 10,000 of an own text; of ptb all.

    Raises:
        CorpusError: the text is missing, or is not one to learn from; the message says why.
        ValueError: an unknown unit, or characters for a corpus that is read by words.
    """
    if unit != "words" and name in ("sotu", "docstrings", "ptb"):
        raise ValueError(f"{name} is read by words; unit={unit!r} is for a text of your own.")
    if name == "sotu":
        try:
            return _build("sotu", sotu.read_splits(), sotu.CITATION, size=3000, min_count=2)
        except metadata.PackageNotFoundError:
            print("The package sotu is not installed; the docstrings of Python's standard library take its place.")
            return load_corpus("docstrings")
    if name == "docstrings":
        return _build("docstrings", docstrings.read_splits(), docstrings.CITATION, size=3000, min_count=2)
    if name == "ptb":
        return _build("ptb", ptb.read_splits(folder), ptb.CITATION, size=None, min_count=1)
    splits = own_text.read_splits(name, unit)
    citation = f"A text of your own: {name}."
    return _build(Path(name).name, splits, citation, 10_000, 2, separator=" " if unit == "words" else "")


def _build(name, splits, citation, size, min_count, separator=" "):
    vocabulary = Vocabulary.from_tokens(splits["train"], size, min_count)
    ids = {split: vocabulary.encode(tokens) for split, tokens in splits.items()}
    if np.mean(ids["train"] == vocabulary.unk) > MAX_UNKNOWN:
        raise CorpusError(
            f"{name} hardly repeats itself: more than half of its tokens are words that occur only once, and a model "
            'cannot learn those. Take a longer text, or read it by characters: unit="characters".'
        )
    return Corpus(name, **ids, vocabulary=vocabulary, citation=citation, separator=separator)
