"""The exception for corpora that cannot be used."""

from helpers.language.message import MessageError


class CorpusError(MessageError):
    """A corpus that cannot be used; the message says what is wrong with it and what to do.

    Example:
        >>> from helpers.data import CorpusError, load_corpus
        >>> try:
        ...     load_corpus("my.txt")
        ... except CorpusError as error:
        ...     print(error)
        There is no file my.txt. Give the path of a text file, or one of the names sotu, docstrings, ptb and wikitext2.
    """
