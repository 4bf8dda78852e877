"""What helps against overfitting? A small language model on a small text, and what is changed in it.

The model has one LSTM layer, untied, and reads 10,000 tokens of the speeches with their 800 commonest words ten times,
in 500 updates. Each row changes one thing: the learning rate, the depth, the size, how much text there is, how strong
weight decay or dropout is, where dropout is put; or a feed-forward model of the same size takes the LSTM's place.
"""

import time
from dataclasses import dataclass

import numpy as np

from helpers.arrays import FloatArray, IntArray
from helpers.data import load_corpus
from helpers.data.batching import stream_batches
from helpers.nn import (
    FAST,
    LanguageModel,
    Param,
    Tanh,
    WordWindow,
    assemble,
    create_params,
)
from helpers.nn.model import LayerClasses
from helpers.training.optimisers import SGD, add_weight_decay

#: Size of the vocabulary, and N and T of a window.
VOCABULARY, BATCH, STEPS = 800, 20, 10

#: Of one run: how often it is measured, and on how many pieces of a text, of how many tokens each.
MEASUREMENTS, PIECES, PIECE = 10, 20, 150

#: The feed-forward model: how many words it sees, how wide their embeddings are, and its hidden layer.
_WORDS, _WIDTH, _HIDDEN = 4, 64, 80


@dataclass(frozen=True)
class FitSettings:
    """Everything that determines a run, besides the seed.

    Args:
        kind: "LSTM", or "feed-forward" for an n-gram model of the same size, which has no settings of its own.
        learning_rate: of all updates.
        depth: the number of LSTM layers.
        hidden_size: H, which is the width of the embedding, too.
        dropout: P(drop) after the embedding and after each LSTM layer.
        along_time: P(drop) on h from step to step, a fresh mask for each.
        decay: strength of the weight decay; biases have none.
        tokens: how many there are to learn from.
        updates: how many are made.

    Example:
        >>> from helpers.training import FitSettings, load_overfit
        >>> train, valid = load_overfit()["LSTM, rate 10"]
        >>> FitSettings(learning_rate=10.0).depth, train.shape, bool((valid[:, -1] > valid.min(axis=1)).all())
        (1, (3, 10), True)
    """

    kind: str = "LSTM"
    learning_rate: float = 10.0
    depth: int = 1
    hidden_size: int = 64
    dropout: float = 0.0
    along_time: float = 0.0
    decay: float = 0.0
    tokens: int = 10_000
    updates: int = 500


#: Name of a row to its settings. Those of a group begin alike.
OVERFIT_ROWS = {
    **{f"LSTM, rate {rate:g}": FitSettings(learning_rate=rate) for rate in (5.0, 10.0)},
    **{f"feed-forward, rate {rate:g}": FitSettings("feed-forward", rate) for rate in (5.0, 10.0)},
    **{f"two layers, rate {rate:g}": FitSettings(learning_rate=rate, depth=2) for rate in (10.0, 20.0)},
    "more data": FitSettings(tokens=50_000),
    "smaller, H = 16": FitSettings(hidden_size=16),
    **{f"weight decay {decay}": FitSettings(decay=decay) for decay in (0.0002, 0.0005)},
    "dropout 0.5": FitSettings(dropout=0.5),
    "dropout along time 0.5": FitSettings(along_time=0.5),
}


def small_text(split: str = "train") -> IntArray:
    """Return the ids of a split of the speeches, "train", "valid" or "test", with `VOCABULARY` different words."""
    ids: IntArray = getattr(load_corpus("sotu").limited_to(VOCABULARY), split)
    return ids


def build_small_model(
    settings: FitSettings, rng: np.random.Generator, layers: LayerClasses = FAST, vocabulary: int = VOCABULARY
) -> LanguageModel:
    """Return a new model, its weights drawn from `rng`, and later its masks.

    Args:
        settings: of the model.
        rng: what is random in it.
        layers: name to class, as `helpers.nn.assemble` takes them; by default the course's fast ones.
        vocabulary: V.

    Raises:
        ValueError: there is no such kind of model.
    """
    if settings.kind == "feed-forward":
        return _feed_forward(rng, layers, vocabulary)
    if settings.kind != "LSTM":
        raise ValueError(f"A model is an LSTM or feed-forward: got {settings.kind!r}.")
    return assemble(
        layers,
        create_params(vocabulary, settings.hidden_size, settings.depth, rng, tied=False),
        rng,
        rate=settings.dropout,
        dropout="standard",
        recurrent_rate=settings.along_time,
    )


def _feed_forward(rng: np.random.Generator, layers: LayerClasses, vocabulary: int) -> LanguageModel:
    def draw(bound: float, *shape: int) -> Param:
        return Param(rng.uniform(-bound, bound, shape).astype(np.float32))

    joined = _WORDS * _WIDTH
    E, W1, b1 = draw(0.1, vocabulary, _WIDTH), draw(1 / np.sqrt(joined), joined, _HIDDEN), draw(0, _HIDDEN)
    W, b, affine = draw(0.1, _HIDDEN, vocabulary), draw(0, vocabulary), layers["Affine"]
    body = [layers["Embedding"](E), WordWindow(_WORDS), affine(W1, b1), Tanh()]
    return LanguageModel(layers["Stacked"](body), affine(W, b), layers["SoftmaxCrossEntropy"]())


def perplexity_of_pieces(model: LanguageModel, ids: IntArray) -> float:
    """Return the perplexity, without dropout, of `PIECES` pieces that are spread evenly over a text."""
    pieces = ids[: len(ids) // PIECES * PIECES].reshape(PIECES, -1)[:, : PIECE + 1]
    return float(np.exp(model.loss(pieces[:, :-1], pieces[:, 1:])[0]))


def fit_small_model(settings: FitSettings, seed: int) -> tuple[FloatArray, FloatArray]:
    """Train a model, and return its training and validation perplexity after each tenth of the updates."""
    ids, valid = small_text()[: settings.tokens + 1], small_text("valid")
    rng = np.random.default_rng(seed)
    model = build_small_model(settings, rng)
    optimiser, state, measured = SGD(model.parameters()), None, []
    windows = list(stream_batches(ids, BATCH, STEPS))
    for update in range(settings.updates):
        number = update % len(windows)
        model.zero_grad()
        _, state = model.loss(*windows[number], state if number else None, training=True)
        model.backward()
        if settings.decay:
            add_weight_decay([param for param in optimiser.params if param.value.ndim == 2], settings.decay)
        optimiser.step(settings.learning_rate, max_norm=0.25)
        if (update + 1) % (settings.updates // MEASUREMENTS) == 0:
            measured.append((perplexity_of_pieces(model, ids), perplexity_of_pieces(model, valid)))
    train_ppl, valid_ppl = np.array(measured).T
    return train_ppl, valid_ppl


def measure_fit(settings: FitSettings, seed: int) -> dict[str, float]:
    """Return what the table holds of one run: both perplexities after each tenth of the updates, and the time."""
    before = time.process_time()
    curves = dict(zip(("train", "valid"), fit_small_model(settings, seed)))
    measured = {
        f"{name}_{number}": round(value, 3)
        for name, curve in curves.items()
        for number, value in enumerate(curve.tolist(), 1)
    }
    return measured | {"cpu_seconds": round(time.process_time() - before, 1)}
