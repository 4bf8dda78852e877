"""Cutting one long stream of word ids into batches: for training, and for measuring over every token."""

import numpy as np


def stream_batches(ids, batch_size, steps):
    """Cut a stream into rows that are read side by side, for truncated BPTT.

    Row r reads ids[r·L : r·L + L + 1] with L = (len(ids) - 1) // batch_size, so each window goes on where the one
    before it stopped, and the state can be carried from one to the next. The few ids left at the end are not read.

    Args:
        ids (n,): the stream.
        batch_size: N, the number of rows.
        steps: T, the width of a window; the last one may be narrower.

    Yields:
        xs (N, T): word ids.
        targets (N, T): the word that follows each of them.

    Raises:
        ValueError: the stream is shorter than batch_size + 1, or a size is below 1.

    Source: the batches of Zaremba, Sutskever and Vinyals (2014), "Recurrent Neural Network Regularization".
    """
    _refuse_sizes_below_one(batch_size, steps)
    length = (len(ids) - 1) // batch_size
    if length < 1:
        raise ValueError(
            f"{len(ids)} ids are too few for {batch_size} rows: each row needs at least one word and the next. "
            "Take a smaller batch_size or a longer text."
        )
    starts = length * np.arange(batch_size)[:, None]
    return _windows(np.asarray(ids), starts, length, steps)


def _windows(ids, starts, length, steps):
    # Apart from stream_batches so that its errors come at the call, not at the first window.
    for begin in range(0, length, steps):
        window = starts + np.arange(begin, min(begin + steps, length))
        yield ids[window], ids[window + 1]


def cover_batches(ids, batch_size, steps, eos):
    """Cut a stream so that every id of it is a target exactly once, for measuring perplexity.

    The first id is predicted from `eos`. The rows are as even as can be; the places left over in the last ones carry
    the weight 0, so that

    loss = Σ weights ⊙ nll  / len(ids)

    is the mean over the whole stream, whatever the sizes. Each row starts from a state of zeros, in the middle of the
    text: `batch_size` 1 measures one unbroken pass, more rows are faster and cost a little perplexity.

    Args:
        ids (n,): the stream.
        batch_size: N, the number of rows.
        steps: T, the width of a window; the last one may be narrower.
        eos: the id that stands before the first.

    Yields:
        xs (N, T): word ids.
        targets (N, T): the word that follows each of them.
        weights (N, T): float32, 1 where the target counts and 0 where it only fills the row.

    Raises:
        ValueError: the stream is empty, or a size is below 1.
    """
    _refuse_sizes_below_one(batch_size, steps)
    ids = np.asarray(ids)
    if not len(ids):
        raise ValueError("There is no token to predict: the stream is empty.")
    length = -(-len(ids) // batch_size)
    padded = np.full(batch_size * length + 1, eos, dtype=ids.dtype)
    padded[1 : len(ids) + 1] = ids
    starts = length * np.arange(batch_size)[:, None]
    return _weighted_windows(padded, starts, length, steps, len(ids))


def _weighted_windows(padded, starts, length, steps, count):
    for begin in range(0, length, steps):
        window = starts + np.arange(begin, min(begin + steps, length))
        yield padded[window], padded[window + 1], (window < count).astype(np.float32)


def _refuse_sizes_below_one(batch_size, steps):
    if batch_size < 1 or steps < 1:
        raise ValueError(f"batch_size and steps must be at least 1: got {batch_size} and {steps}.")
