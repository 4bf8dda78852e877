"""The one kind of error that a corpus can cause."""


class CorpusError(ValueError):
    """A corpus that cannot be used; the message says what is wrong with it and what to do."""
