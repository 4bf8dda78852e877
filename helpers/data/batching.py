"""Splitting one long stream of word ids into batches: for training, and for evaluation over every token."""

import numpy as np


def stream_batches(ids, batch_size, steps):
    """Split a stream into rows that are read in parallel, for truncated BPTT.

    Row r reads ids[r·L : r·L + L + 1] with L = (len(ids) - 1) // batch_size, so each window continues where the one
    before stopped, and the state can be carried from one to the next. The few ids left over at the end are not read.

    Args:
        ids (n,): the stream.
        batch_size: N, the number of rows.
        steps: T, the width of a window; the last one may be narrower.

    Yields:
        xs (N, T): word ids.
        targets (N, T): the word that follows each.

    Raises:
        ValueError: the stream is shorter than batch_size + 1, or a size is below 1.

    Source: the batches of Zaremba, Sutskever and Vinyals (2014), "Recurrent Neural Network Regularization".
    """
    _check_sizes(batch_size, steps)
    ids, length = np.asarray(ids), (len(ids) - 1) // batch_size
    if length < 1:
        raise ValueError(
            f"{len(ids)} ids are too few for {batch_size} rows: each row needs at least one word and the next. "
            "Take a smaller batch_size or a longer text."
        )
    # a generator expression, so that the errors above come at the call and not at the first window
    return ((ids[window], ids[window + 1]) for window in _windows(batch_size, length, steps))


def cover_batches(ids, batch_size, steps, eos):
    """Split a stream so that every id of it is a target exactly once, for measuring perplexity.

    The first id is predicted from `eos`. The rows have equal lengths; the padding at the end of the last ones has the
    weight 0, so that

    loss = Σ weights ⊙ nll  / len(ids)

    is the mean over the whole stream, whatever the sizes. Each row starts from a state of zeros, in the middle of the
    text: `batch_size` 1 measures one uninterrupted pass, more rows are faster but raise the perplexity a little.

    Args:
        ids (n,): the stream.
        batch_size: N, the number of rows.
        steps: T, the width of a window; the last one may be narrower.
        eos: the id that precedes the first.

    Yields:
        xs (N, T): word ids.
        targets (N, T): the word that follows each.
        weights (N, T): float32, 1 where the target counts and 0 where it is padding.

    Raises:
        ValueError: the stream is empty, or a size is below 1.
    """
    _check_sizes(batch_size, steps)
    ids = np.asarray(ids)
    if not len(ids):
        raise ValueError("There is no token to predict: the stream is empty.")
    length = -(-len(ids) // batch_size)
    padded = np.full(batch_size * length + 1, eos, dtype=ids.dtype)
    padded[1 : len(ids) + 1] = ids
    return (
        (padded[window], padded[window + 1], (window < len(ids)).astype(np.float32))
        for window in _windows(batch_size, length, steps)
    )


def _windows(batch_size, length, steps):
    """Yield the positions (N, T) of each window in the stream, where each row covers `length` of them."""
    starts = length * np.arange(batch_size)[:, None]
    for begin in range(0, length, steps):
        yield starts + np.arange(begin, min(begin + steps, length))


def _check_sizes(batch_size, steps):
    if batch_size < 1 or steps < 1:
        raise ValueError(f"batch_size and steps must be at least 1: got {batch_size} and {steps}.")
