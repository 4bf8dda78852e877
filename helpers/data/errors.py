"""The exception for corpora that cannot be used."""


class CorpusError(ValueError):
    """A corpus that cannot be used; the message says what is wrong with it and what to do."""
