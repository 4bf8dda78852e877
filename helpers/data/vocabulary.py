"""Words and their ids."""

from collections import Counter
from collections.abc import Iterable
from typing import Self

import numpy as np

from helpers.arrays import IntArray

#: The end of a sentence, a token like the others.
EOS = "<eos>"

#: The token for every word outside the vocabulary.
UNK = "<unk>"


class Vocabulary:
    """The words of a corpus, numbered from 0 to V - 1.

    Args:
        words: every word once, including `EOS` and `UNK`.

    Raises:
        ValueError: a word appears twice, or `EOS` or `UNK` is missing.

    Example:
        >>> from helpers.data import Vocabulary
        >>> vocabulary = Vocabulary.from_tokens("the cat sat on the mat".split())
        >>> vocabulary.encode(["the", "dog", "sat"]).tolist()
        [2, 1, 6]
        >>> vocabulary.decode([2, 1, 6])
        ['the', '<unk>', 'sat']
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)
        self._ids = {word: number for number, word in enumerate(self.words)}
        if len(self._ids) < len(self.words):
            raise ValueError("A vocabulary holds every word once, and this one repeats a word.")
        if missing := {EOS, UNK} - self._ids.keys():
            raise ValueError(f"A vocabulary needs {' and '.join(sorted(missing))}.")

    @classmethod
    def from_tokens(cls, tokens: Iterable[str], size: int | None = None, min_count: int = 1) -> Self:
        """Take the most frequent words of a text.

        Args:
            tokens: the words of the training split, in order.
            size: maximum number of words, `UNK` not counted; None keeps all.
            min_count: minimum number of occurrences of a word.

        Returns:
            Vocabulary: `EOS` is 0, `UNK` is 1, then the words from most to least frequent, ties in alphabetical order.
        """
        counts = Counter(token for token in tokens if token not in (EOS, UNK))
        frequent = sorted((-count, word) for word, count in counts.items() if count >= min_count)
        return cls([EOS, UNK, *(word for _, word in frequent[: None if size is None else size - 1])])

    @property
    def eos(self) -> int:
        """The id of the end of a sentence."""
        return self._ids[EOS]

    @property
    def unk(self) -> int:
        """The id of every unknown word."""
        return self._ids[UNK]

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, tokens: Iterable[str]) -> IntArray:
        """Convert words to ids (len(tokens),), int32; unknown words get the id of `UNK`."""
        unk = self.unk
        return np.fromiter((self._ids.get(token, unk) for token in tokens), dtype=np.int32)

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Convert ids, from 0 to V - 1, back to words."""
        return [self.words[number] for number in ids]
