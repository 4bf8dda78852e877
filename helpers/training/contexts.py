"""How many words back does a trained language model look? The full model of the course, with either cell.

The model is that of notebook 08, with its small text. After training it predicts the same words of the test split again
and again, each time with more of the words before them, and at last with all. The LSTM's learning rate is that of the
notebook; the GRU's is seven tenths of it, as in the sweep "gru".
"""

import math
import time
from dataclasses import dataclass

import numpy as np

from helpers.nn import FAST, assemble, create_params
from helpers.training.perplexity import perplexity_with_context
from helpers.training.plateau import BATCH, EPOCHS, HIDDEN, RATE, STEPS, VOCABULARY, plateau_corpus
from helpers.training.presets import Settings
from helpers.training.trainer import Trainer

#: How many words are given.
CONTEXTS = (1, 2, 3, 5, 10, 20, 40)

#: How many words are predicted.
_PREDICTED = 3000


@dataclass(frozen=True)
class ContextSettings:
    """What differs between the models.

    Args:
        cell: "LSTM" or "GRU".
        learning_rate: of SGD, before it is divided.
        epochs: how many times the text is read.
    """

    cell: str
    learning_rate: float
    epochs: int = EPOCHS


#: Name of a row to its settings.
CONTEXT_ROWS = {"LSTM": ContextSettings("LSTM", 10.0), "GRU": ContextSettings("GRU", 7.0)}


def measure_context(settings: ContextSettings, seed: int) -> dict[str, float]:
    """Train one model, its weights and masks drawn with the seed, and return its perplexity with each context."""
    corpus, rng, before = plateau_corpus(), np.random.default_rng(seed), time.process_time()
    longest = CONTEXTS[-1]
    test = corpus.test[: longest + _PREDICTED]
    run = Settings(
        hidden_size=HIDDEN,
        depth=2,
        rate=RATE,
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        decay=4.0,
        average_from=1.0,
        batch_size=BATCH,
        steps=STEPS,
        cell=settings.cell,
    )
    params = create_params(VOCABULARY, run.hidden_size, run.depth, rng, cell=run.cell)
    model = assemble(FAST, params, rng, rate=run.rate)
    Trainer(model, run, corpus.train, corpus.valid, eos=corpus.vocabulary.eos, rng=rng).train()
    logits, _ = model.forward(test[None, :-1])
    whole = model.criterion.forward(logits[:, longest - 1 :], test[None, longest:])
    return {
        **{f"words_{words}": perplexity_with_context(model, test[longest - words :], words) for words in CONTEXTS},
        "whole": math.exp(whole),
        "cpu_seconds": round(time.process_time() - before, 1),
    }
