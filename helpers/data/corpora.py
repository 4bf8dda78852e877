"""The corpora of the course, all loaded by `load_corpus`; a new one is added to `SOURCES`."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import NamedTuple, Protocol, Self

import numpy as np

from helpers.arrays import IntArray
from helpers.data import docstring_corpus, own_text, ptb, sotu, wikitext2
from helpers.data.errors import CorpusError
from helpers.data.tokens import Splits, join, tokenize_beginning
from helpers.data.vocabulary import Vocabulary
from helpers.language.message import MessageError, message

logger = logging.getLogger(__name__)

#: A corpus with a larger fraction of unknown words among its training tokens cannot be learned.
MAX_UNKNOWN = 0.5


class Reader(Protocol):
    """A module that reads a corpus."""

    CITATION: str
    read_splits: Callable[..., Splits]


class Source(NamedTuple):
    """Where a corpus comes from, and how it is read.

    Args:
        reader: the module that reads it.
        size, min_count: of its vocabulary.
        in_folder: whether its files lie in a folder of the reader's, and not in a package.
        unit: of its tokens.
    """

    reader: Reader
    size: int | None
    min_count: int
    in_folder: bool = False
    unit: str = "words"


SOURCES = {
    "sotu": Source(sotu, 3000, 2),
    "docstrings": Source(docstring_corpus, 3000, 2),
    "ptb": Source(ptb, None, 1, in_folder=True),
    "wikitext2": Source(wikitext2, None, 1, in_folder=True, unit="as spaced"),
}


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text as three streams of word ids.

    Args:
        name: of one of the `SOURCES`, or of the text's files.
        train (n,): int32 word ids to learn from.
        valid (n,): word ids to choose sizes, rates and the stopping time with.
        test (n,): word ids for one final measurement.
        vocabulary: the Vocabulary of the training split.
        citation: the origin of the text, and its licence.
        unit: what its tokens are: "words", "characters", or "as spaced" in the files.

    Example:
        >>> from helpers.data import Corpus, Vocabulary
        >>> vocabulary = Vocabulary.from_tokens("the cat sat on the mat".split())
        >>> ids = vocabulary.encode(["the", "dog", "sat"])
        >>> Corpus("small", ids, ids, ids, vocabulary, citation="").text(ids)
        'the <unk> sat'
    """

    name: str
    train: IntArray
    valid: IntArray
    test: IntArray
    vocabulary: Vocabulary
    citation: str
    unit: str = "words"

    def limited_to(self, size: int) -> Self:
        """Return the corpus with the first `size` words of its vocabulary, the commonest; all others are unknown."""
        unk, splits = self.vocabulary.unk, (self.train, self.valid, self.test)
        train, valid, test = (np.where(ids < size, ids, unk) for ids in splits)
        return replace(self, train=train, valid=valid, test=test, vocabulary=Vocabulary(self.vocabulary.words[:size]))

    def text(self, ids: Iterable[int]) -> str:
        """Format ids as readable text, one sentence per line."""
        return join(self.vocabulary.decode(ids), "" if self.unit == "characters" else " ")

    def tokens(self, beginning: str) -> list[str]:
        """Split the beginning of a text into tokens, as the corpus was."""
        return tokenize_beginning(beginning, self.unit)

    def __str__(self) -> str:
        sizes = " / ".join(f"{len(split):,}" for split in (self.train, self.valid, self.test))
        unknown = np.mean(self.valid == self.vocabulary.unk)
        template = (
            "{name}: {sizes} tokens to train / validate / test, V = {words:,}, {unknown:.1%} of the validation tokens "
            "outside the vocabulary"
        )
        return str(message(template, name=self.name, sizes=sizes, words=len(self.vocabulary), unknown=unknown))


def load_corpus(name: str | Path = "sotu", *, folder: str | Path | None = None, unit: str = "words") -> Corpus:
    """Load a corpus; none of them needs a network.

    Args:
        name: "sotu", State of the Union addresses (the default); "docstrings", those of Python's standard library,
            also used, with a notice, if the package sotu is not installed; "ptb" and "wikitext2", the Penn Treebank
            and WikiText-2 from a local folder; any other name is the path of your own UTF-8 text file, of a folder of
            .txt files, or several paths with spaces between them.
        folder: folder of the Penn Treebank or WikiText-2; by default the environment variable ``PTB_DIR`` or
            ``WIKITEXT2_DIR``.
        unit: "words", or "characters" for your own text, e.g. a Korean one by syllables.

    Returns:
        Corpus: the vocabulary of sotu, docstrings and your own text keeps the words that occur at least twice in the
        training split, at most the 3,000 most frequent (10,000 of your own text); those of ptb and wikitext2 keep all.

    Raises:
        CorpusError: the text is missing or unsuitable for training; the message says why.
        ValueError: an unknown unit, or characters for a corpus that is read by words.

    Example:
        >>> from helpers.data import load_corpus
        >>> corpus = load_corpus("sotu")
        >>> len(corpus.train), len(corpus.vocabulary)
        (172032, 3001)
        >>> corpus.text(corpus.train[4:8])
        'president, distinguished members'
    """
    if name not in SOURCES:
        files = own_text.find_files(name)
        several = len(files) > 1 and not Path(name).expanduser().is_dir()
        called = "+".join(file.stem for file in files)[:80] if several else Path(name).name
        return _build(called, own_text.read_splits(files, unit), f"A text of your own: {name}.", 10_000, 2, unit)
    if unit != "words":
        raise MessageError("{name} is read by words; unit={unit!r} is for a text of your own.", name=name, unit=unit)
    source = SOURCES[name]
    try:
        splits = source.reader.read_splits(folder) if source.in_folder else source.reader.read_splits()
    except metadata.PackageNotFoundError:
        template = "The package sotu is not installed; the docstrings of Python's standard library take its place."
        print(message(template))
        return load_corpus("docstrings")
    return _build(name, splits, source.reader.CITATION, source.size, source.min_count, source.unit)


def _build(name: str, splits: Splits, citation: str, size: int | None, min_count: int, unit: str) -> Corpus:
    vocabulary = Vocabulary.from_tokens(splits["train"], size, min_count)
    ids = {split: vocabulary.encode(tokens) for split, tokens in splits.items()}
    if np.mean(ids["train"] == vocabulary.unk) > MAX_UNKNOWN:
        template = (
            "{name} hardly repeats itself: more than half of its tokens are words that occur only once, and a model "
            'cannot learn them. Take a longer text, or read it by characters: unit="characters".'
        )
        raise CorpusError(template, name=name)
    corpus = Corpus(name, **ids, vocabulary=vocabulary, citation=citation, unit=unit)
    logger.info("loaded %s", corpus)
    return corpus
