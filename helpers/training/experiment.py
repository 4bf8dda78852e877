"""From settings and a corpus to a model, and from a trained model to its figures and sentences."""

import numpy as np

from helpers.data.ngrams import KneserNeyTrigram, Unigram
from helpers.nn import FAST, assemble, create_params, sample_next
from helpers.training.perplexity import evaluate

#: A little less left to chance than the model would: fewer slips in a short sample.
TEMPERATURE = 0.8

#: A sentence is cut off here if the model does not end it.
LONGEST_SENTENCE = 50


def build_model(settings, corpus, rng):
    """Draw a language model of the fast layers.

    Args:
        settings: a `Settings`.
        corpus: the corpus to train it on.
        rng: the ``numpy.random.Generator`` of the weights, and from then on of the dropout masks.

    Returns:
        LanguageModel
    """
    params = create_params(len(corpus.vocabulary), settings.hidden_size, settings.depth, rng, tied=settings.tied)
    if settings.unigram_bias:
        params["b"].value[...] = np.log(Unigram(corpus.train, len(corpus.vocabulary)).next_word())
    return assemble(
        FAST,
        params,
        rng,
        rate=settings.rate,
        dropout=settings.dropout,
        recurrent_rate=settings.recurrent_rate,
    )


def measure_baselines(corpus):
    """Measure the counting models on the validation and the test split.

    Args:
        corpus: the corpus.

    Returns:
        dict from the model's name to a dict of the perplexities "valid_perplexity" and "test_perplexity".
    """
    vocabulary = corpus.vocabulary
    models = {
        "unigram": Unigram(corpus.train, len(vocabulary)),
        "Kneser-Ney trigram": KneserNeyTrigram(corpus.train, len(vocabulary), vocabulary.eos),
    }
    return {
        name: {f"{split}_perplexity": model.perplexity(getattr(corpus, split)) for split in ("valid", "test")}
        for name, model in models.items()
    }


def measure(model, corpus):
    """Measure a model on the two splits it has not learned from, each read unbroken, from its first word to its last.

    Args:
        model: a ``LanguageModel``.
        corpus: the corpus.

    Returns:
        dict of the perplexities "valid_perplexity" and "test_perplexity".
    """
    eos = corpus.vocabulary.eos
    return {f"{split}_perplexity": evaluate(model, getattr(corpus, split), eos) for split in ("valid", "test")}


def write_sentence(model, corpus, rng, temperature=TEMPERATURE):
    """Let the model write a sentence, word by word; the unknown word is never taken.

    Args:
        model: a ``LanguageModel``.
        corpus: the corpus it has learned from.
        rng: a ``numpy.random.Generator``.
        temperature: 1 samples from the model as it is; the lower, the less is left to chance.

    Returns:
        str
    """
    eos, unk = corpus.vocabulary.eos, corpus.vocabulary.unk
    ids, word, state = [], eos, None
    while len(ids) < LONGEST_SENTENCE:
        logits, state = model.forward(np.array([[word]]), state)
        scores = logits[0, 0].copy()
        scores[unk] = -np.inf
        if not ids:
            scores[eos] = -np.inf  # a sentence has a word
        word = sample_next(scores, temperature, rng)
        if word == eos:
            break
        ids.append(word)
    return corpus.text(ids)
