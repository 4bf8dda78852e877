"""Perplexity, over every token of a text, and with only the last few words given."""

import math
from collections.abc import Callable, Iterable
from typing import TypeAlias, TypedDict

import numpy as np
from tqdm.auto import tqdm

from helpers.arrays import FloatArray, IntArray
from helpers.data.batching import cover_batches, stream_batches
from helpers.nn import LanguageModel, log_softmax

Windows: TypeAlias = Iterable[tuple[IntArray, IntArray, FloatArray]]


class Perplexities(TypedDict):
    """The perplexities of a model on the two splits it was not trained on."""

    valid_perplexity: float
    test_perplexity: float


def perplexity(total_nll: float, n_tokens: int) -> float:
    """How many equally likely words the model hesitates between, on average.

    perplexity = exp(total_nll / n_tokens)

    Args:
        total_nll: summed negative log-likelihood of the tokens [nats].
        n_tokens: their number.

    Returns:
        the perplexity; inf where it is too large for a float

    Raises:
        ValueError: there are no tokens.
    """
    if n_tokens <= 0:
        raise ValueError(f"Perplexity is a mean over tokens, and there are {n_tokens} of them.")
    try:
        return math.exp(total_nll / n_tokens)
    except OverflowError:
        return math.inf


def evaluate(
    model: LanguageModel,
    ids: IntArray,
    eos: int,
    *,
    rows: int = 1,
    steps: int = 35,
    title: str = "",
    watch: Callable[[Windows], Windows] = iter,
) -> float:
    """Measure a model's perplexity over every token of a text, the first one predicted from the end of a sentence.

    Args:
        model: read without dropout.
        ids (K,): the text, word ids.
        eos: id of the word that ends a sentence.
        rows: how many parts to cut the text into and read side by side; 1 reads it unbroken, more are faster, but
            each part starts from a state of zeros.
        steps: words read in one forward pass; makes no difference to the result.
        title: of a progress bar, if one is to be shown.
        watch: called with the windows, yields them unchanged; for an interruption.

    Raises:
        ValueError: the text is empty.
    """
    total_nll, state = 0.0, None
    count = math.ceil(math.ceil(len(ids) / rows) / steps)
    bar = tqdm(cover_batches(ids, rows, steps, eos), title, count, leave=False, disable=not title, delay=1)
    for xs, targets, weights in watch(bar):
        logits, state = model.forward(xs, state)
        at_targets = np.asarray(targets[..., None], like=logits)
        log_probs = np.take_along_axis(log_softmax(logits), at_targets, axis=-1)[..., 0]
        total_nll -= float((np.asarray(weights, like=logits) * log_probs).sum(dtype=np.float64))
    return perplexity(total_nll, len(ids))


def evaluate_stream(model: LanguageModel, ids: IntArray, batch_size: int, steps: int, *, carry: bool = True) -> float:
    """Measure a model's perplexity over the windows of a stream, as a learner's `stream_batches` cuts it.

    Args:
        model: read without dropout.
        ids (K,): the text, word ids.
        batch_size: N, how many rows are read side by side.
        steps: T, the width of a window.
        carry: whether the state is carried into the next window, or set back to zeros.
    """
    total, count, state = 0.0, 0, None
    for xs, targets in stream_batches(ids, batch_size, steps):
        loss, state = model.loss(xs, targets, state if carry else None)
        total, count = total + float(loss) * targets.size, count + targets.size
    return perplexity(total, count)


#: How many windows are read at once: the hidden states of all of them would fill the memory.
_WINDOWS = 256


def perplexity_with_context(model: LanguageModel, ids: IntArray, context: int) -> float:
    """Measure a model's perplexity where it is given only the last few words before each one.

    perplexity = exp(-1/(n - context) Σ ln p(ids[k] | ids[k - context : k])),  k = context, …, n - 1

    Each window starts from a state of zeros.

    Args:
        model: read without dropout.
        ids (n,): the text, word ids; the words of ids[context:] are predicted.
        context: how many words are read before each prediction, at least 1.

    Raises:
        ValueError: there is no word to predict.
    """
    count = len(ids) - context
    if count < 1:
        raise ValueError(f"There is no word to predict: {len(ids)} ids, of which {context} are read first.")
    windows, total_nll = np.lib.stride_tricks.sliding_window_view(ids, context + 1), 0.0
    for begin in range(0, count, _WINDOWS):
        batch = windows[begin : begin + _WINDOWS]
        hs, _ = model.body.forward(batch[:, :-1])
        loss = model.criterion.forward(model.output.forward(hs[:, -1:]), batch[:, -1:])
        total_nll += loss * len(batch)
    return perplexity(total_nll, count)
