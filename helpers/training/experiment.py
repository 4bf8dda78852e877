"""Building a model for a corpus, measuring it beside the baselines, and sampling sentences from it."""

from collections.abc import Callable

import numpy as np

from helpers.arrays import IntArray
from helpers.data import Corpus
from helpers.data.ngrams import KneserNeyTrigram, Unigram
from helpers.data.word_vectors import count_vectors
from helpers.nn import FAST, LanguageModel, assemble, create_params, sample_next
from helpers.training.perplexity import Perplexities, evaluate
from helpers.training.presets import Settings

#: Below 1, so that a short sample has fewer unlikely words.
TEMPERATURE = 0.8

#: Words after which a sentence is cut off if the model has not ended it.
LONGEST_SENTENCE = 50


def build_model(settings: Settings, corpus: Corpus, rng: np.random.Generator) -> LanguageModel:
    """Draw a language model of the fast layers; the dropout masks come from the same `rng` as the weights."""
    params = create_params(len(corpus.vocabulary), settings.hidden_size, settings.depth, rng, tied=settings.tied)
    if settings.unigram_bias:
        params["b"].value[...] = np.log(Unigram(corpus.train, len(corpus.vocabulary)).next_word())
    if settings.count_vectors:
        E = params["E"].value
        vectors = count_vectors(corpus.train, len(corpus.vocabulary), settings.hidden_size, rng)
        E[...] = vectors * np.sqrt(np.mean(E**2))  # as large as the random ones
    return assemble(
        FAST,
        params,
        rng,
        rate=settings.rate,
        dropout=settings.dropout,
        recurrent_rate=settings.recurrent_rate,
        word_rate=settings.word_rate,
        activation_penalty=settings.activation_penalty,
        change_penalty=settings.change_penalty,
    )


def measure_baselines(corpus: Corpus) -> dict[str, Perplexities]:
    """Measure the n-gram models, by name, on the validation and the test split."""
    size, eos = len(corpus.vocabulary), corpus.vocabulary.eos
    models = {"unigram": Unigram(corpus.train, size), "Kneser-Ney trigram": KneserNeyTrigram(corpus.train, size, eos)}
    return {name: _measure_splits(model.perplexity, corpus) for name, model in models.items()}


def measure(model: LanguageModel, corpus: Corpus) -> Perplexities:
    """Measure a model on the two splits it was not trained on, each read unbroken from its first word to its last."""
    return _measure_splits(lambda ids: evaluate(model, ids, corpus.vocabulary.eos), corpus)


def _measure_splits(perplexity: Callable[[IntArray], float], corpus: Corpus) -> Perplexities:
    return {"valid_perplexity": perplexity(corpus.valid), "test_perplexity": perplexity(corpus.test)}


def write_sentence(model: LanguageModel, corpus: Corpus, rng: np.random.Generator) -> str:
    """Sample a sentence from the model, word by word; the unknown word is never drawn."""
    eos, unk = corpus.vocabulary.eos, corpus.vocabulary.unk
    ids: list[int] = []
    word, state = eos, None
    while len(ids) < LONGEST_SENTENCE:
        logits, state = model.forward(np.array([[word]]), state)
        scores = logits[0, 0].copy()
        scores[unk] = -np.inf
        if not ids:
            scores[eos] = -np.inf  # a sentence has at least one word
        word = sample_next(scores, TEMPERATURE, rng)
        if word == eos:
            break
        ids.append(word)
    return corpus.text(ids)
