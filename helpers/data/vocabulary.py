"""Words and their ids."""

from collections import Counter

import numpy as np

#: The end of a sentence, a token like any other.
EOS = "<eos>"

#: What stands for every word outside the vocabulary.
UNK = "<unk>"


class Vocabulary:
    """The words of a corpus, numbered from 0 to V - 1.

    Args:
        words: every word once, `EOS` and `UNK` among them.

    Raises:
        ValueError: a word appears twice, or one of the two is missing.
    """

    def __init__(self, words):
        self.words = tuple(words)
        self._ids = {word: number for number, word in enumerate(self.words)}
        if len(self._ids) < len(self.words):
            raise ValueError("A vocabulary holds every word once, and this one repeats a word.")
        if missing := {EOS, UNK} - self._ids.keys():
            raise ValueError(f"A vocabulary needs {' and '.join(sorted(missing))}.")

    @classmethod
    def from_tokens(cls, tokens, size=None, min_count=1):
        """Take the most frequent words of a text.

        Args:
            tokens: the words of the training split, in order.
            size: how many to keep at most, `UNK` not counted; None keeps all.
            min_count: how often a word must occur to be kept.

        Returns:
            Vocabulary: `EOS` is 0, `UNK` is 1, then the words from frequent to rare, ties in alphabetical order.
        """
        counts = Counter(tokens)
        counts.pop(EOS, None)
        counts.pop(UNK, None)
        frequent = sorted(
            (word for word in counts if counts[word] >= min_count), key=lambda word: (-counts[word], word)
        )
        return cls([EOS, UNK, *frequent[: None if size is None else size - 1]])

    @property
    def eos(self):
        """The id of the end of a sentence."""
        return self._ids[EOS]

    @property
    def unk(self):
        """The id that stands for every unknown word."""
        return self._ids[UNK]

    def __len__(self):
        return len(self.words)

    def __contains__(self, word):
        return word in self._ids

    def encode(self, tokens):
        """Turn words into ids, unknown words into the id of `UNK`.

        Args:
            tokens: words.

        Returns:
            ids (len(tokens),): int32.
        """
        unk = self.unk
        return np.fromiter((self._ids.get(token, unk) for token in tokens), dtype=np.int32)

    def decode(self, ids):
        """Turn ids back into words.

        Args:
            ids: integers from 0 to V - 1.

        Returns:
            list of str
        """
        return [self.words[number] for number in ids]
