"""Where to drop: between the layers, along time, or both, with fresh or with shared masks? The runs of notebook 07.

The model is small, and overfits its small text. So each run is measured again and again, and the best of these moments
counts, as if the training had ended there: a model without dropout may end early, and one with dropout late.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helpers.arrays import IntArray
from helpers.data import load_corpus
from helpers.data.batching import stream_batches
from helpers.nn import FAST, assemble, create_params
from helpers.training.optimisers import SGD
from helpers.training.perplexity import evaluate

#: Sizes of the vocabulary and of the model, N and T of a window, and the updates between two measurements.
VOCABULARY, HIDDEN, BATCH, STEPS, EVERY = 800, 64, 20, 10, 100

#: Tokens for training, and for validation and for the test.
TOKENS, MEASURED = 10_001, 3_001


@dataclass(frozen=True)
class PlacementSettings:
    """Where a model has its dropout, and how it is trained.

    Args:
        rate: P(drop) after the embedding and after the LSTM.
        recurrent_rate: P(drop) on the recurrent path.
        dropout: "standard" for a fresh mask at each step, "variational" for one that is shared.
        learning_rate: of SGD, the same for all updates.
        updates: how many there are.
        max_norm: gradients are clipped to this global norm.
    """

    rate: float = 0.0
    recurrent_rate: float = 0.0
    dropout: str = "standard"
    learning_rate: float = 10.0
    updates: int = 500
    max_norm: float = 0.25


#: The rates of dropout that each placement was given.
DROPOUT_RATES = (0.25, 0.5)

_PLACES: dict[str, Callable[[float], PlacementSettings]] = {
    "depth": lambda rate: PlacementSettings(rate),
    "time, fresh": lambda rate: PlacementSettings(0.0, rate),
    "time, shared": lambda rate: PlacementSettings(0.0, rate, "variational"),
    "variational": lambda rate: PlacementSettings(rate, rate, "variational"),
}

#: Name of a row to its settings.
PLACEMENT_ROWS = {"none": PlacementSettings()} | {
    f"{name}, {rate}": place(rate) for name, place in _PLACES.items() for rate in DROPOUT_RATES
}


def small_splits() -> tuple[IntArray, IntArray, IntArray]:
    """Return the ids of the small text: for training, for validation, and for the test."""
    corpus = load_corpus("sotu").limited_to(VOCABULARY)
    return corpus.train[:TOKENS], corpus.valid[:MEASURED], corpus.test[:MEASURED]


def measure_placement(settings: PlacementSettings, seed: int) -> dict[str, float]:
    """Train one model, its weights and masks drawn with the seed, and return what the table holds of it.

    Returns:
        valid_perplexity: the lowest one; test_perplexity: at that moment; best_after: the updates until then;
        last_perplexity: of validation, after all updates; cpu_seconds
    """
    train, valid, test = small_splits()
    eos = load_corpus("sotu").vocabulary.eos
    rng, before = np.random.default_rng(seed), time.process_time()
    params = create_params(VOCABULARY, HIDDEN, 1, rng, tied=False)
    model = assemble(FAST, params, rng, rate=settings.rate, recurrent_rate=settings.recurrent_rate,
                     dropout=settings.dropout)  # fmt: skip
    optimiser, done, best = SGD(model.parameters()), 0, (np.inf, np.inf, 0)
    while done < settings.updates:
        state = None
        for xs, targets in list(stream_batches(train, BATCH, STEPS))[: settings.updates - done]:
            model.zero_grad()
            _, state = model.loss(xs, targets, state, training=True)
            model.backward()
            optimiser.step(settings.learning_rate, settings.max_norm)
            done += 1
            if done % EVERY == 0 and (last := evaluate(model, valid, eos, rows=BATCH)) < best[0]:
                best = last, evaluate(model, test, eos, rows=BATCH), done
    valid_perplexity, test_perplexity, best_after = best
    return {
        "valid_perplexity": valid_perplexity,
        "test_perplexity": test_perplexity,
        "best_after": best_after,
        "last_perplexity": evaluate(model, valid, eos, rows=BATCH),
        "cpu_seconds": round(time.process_time() - before, 1),
    }
