"""Building a model for a corpus, measuring it beside the baselines, and letting it write."""

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from helpers.arrays import FloatArray, IntArray, to_host
from helpers.data import Corpus
from helpers.data.ngrams import KneserNeyTrigram, Unigram
from helpers.data.word_vectors import count_vectors
from helpers.language.message import MessageError, message
from helpers.nn import (
    FAST,
    ActivationPenalty,
    ChangePenalty,
    LanguageModel,
    Layer,
    Param,
    WordDropout,
    assemble,
    create_params,
    sample_next,
)
from helpers.nn.model import LayerClasses, place
from helpers.training.perplexity import Perplexities, evaluate
from helpers.training.presets import Settings


@dataclass(frozen=True)
class LayerSource:
    """Where the layers of a run come from.

    Args:
        name: "reference" or "my".
        classes: as for `build_model`.
        fingerprints: returns, when a model was built of them, name to a checksum of each that is in it, or to
            "reference" where the reference stands in.
    """

    name: str
    classes: LayerClasses
    fingerprints: Callable[[], Mapping[str, str]]

    def __str__(self) -> str:
        found = self.fingerprints().values()
        own = sum(one != REFERENCE.name for one in found)
        return f"{own} of {len(found)} yours" if found else "the reference"


REFERENCE = LayerSource("reference", FAST, dict)

#: Below 1, so that a short sample has fewer unlikely words.
TEMPERATURE = 0.8

#: Words after which a sentence is cut off if the model has not ended it.
LONGEST_SENTENCE = 50


def build_model(
    settings: Settings, corpus: Corpus, rng: np.random.Generator, layers: LayerClasses = FAST
) -> LanguageModel:
    """Draw a language model; the dropout masks come from the same `rng` as the weights.

    Args:
        layers: as for `assemble`; if ``build_language_model`` is among them, it builds what it can express.

    Raises:
        ValueError: a setting needs a layer that is not there.
    """
    params: Mapping[str, Param] = create_params(
        len(corpus.vocabulary), settings.hidden_size, settings.depth, rng, tied=settings.tied, cell=settings.cell
    )
    if settings.unigram_bias:
        params["b"].value[...] = np.log(Unigram(corpus.train, len(corpus.vocabulary)).next_word())
    if settings.count_vectors:
        E = params["E"].value
        vectors = count_vectors(corpus.train, len(corpus.vocabulary), settings.hidden_size, rng)
        E[...] = vectors * np.sqrt(np.mean(E**2))  # as large as the random ones
    params, masks = place(layers, params, rng)
    layers = add_regularisers(layers, len(corpus.vocabulary), settings.word_rate, masks)
    if settings.is_full_model and "build_language_model" in layers:
        model: LanguageModel = layers["build_language_model"](layers, params, settings.rate, masks)
        return model
    if lacking := [name for name in settings.needs if name not in layers]:
        template = (
            "dropout={dropout!r} with recurrent_rate={rate} needs a `{layer}`, which is none of these layers. Take "
            "another preset, or train the reference's layers."
        )
        rate = settings.recurrent_rate
        raise MessageError(template, dropout=settings.dropout, rate=rate, layer=lacking[0])
    return assemble(
        layers,
        params,
        masks,
        rate=settings.rate,
        dropout=settings.dropout,
        recurrent_rate=settings.recurrent_rate,
        activation_penalty=settings.activation_penalty,
        change_penalty=settings.change_penalty,
    )


def add_regularisers(
    layers: LayerClasses, vocabulary_size: int, word_rate: float, rng: np.random.Generator
) -> LayerClasses:
    """Return the layers with what no exercise builds: the penalties, and an ``Embedding`` under `WordDropout`."""

    def embedding(E: Param) -> Layer:
        plain: Layer = layers["Embedding"](E)
        return WordDropout(plain, vocabulary_size, word_rate, rng) if word_rate else plain

    penalties = {"ActivationPenalty": ActivationPenalty, "ChangePenalty": ChangePenalty}
    return ChainMap({"Embedding": embedding}, layers, penalties)  # type: ignore[arg-type]  # none is written to


def measure_baselines(corpus: Corpus) -> dict[str, Perplexities]:
    """Measure the n-gram models, by name, on the validation and the test split."""
    size, eos = len(corpus.vocabulary), corpus.vocabulary.eos
    models = {"unigram": Unigram(corpus.train, size), "Kneser-Ney trigram": KneserNeyTrigram(corpus.train, size, eos)}
    return {name: _measure_splits(model.perplexity, corpus) for name, model in models.items()}


def measure(model: LanguageModel, corpus: Corpus) -> Perplexities:
    """Measure a model on the two splits it was not trained on, each read unbroken from its first word to its last."""
    return _measure_splits(lambda ids: evaluate(model, ids, corpus.vocabulary.eos, title="measuring"), corpus)


def _measure_splits(perplexity: Callable[[IntArray], float], corpus: Corpus) -> Perplexities:
    return {"valid_perplexity": perplexity(corpus.valid), "test_perplexity": perplexity(corpus.test)}


def name_unknown_words(corpus: Corpus, beginning: str) -> str:
    """Return a sentence that names the words of a text that a model of the corpus does not know, or nothing."""
    unknown = sorted(set(corpus.tokens(beginning)) - set(corpus.vocabulary.words))
    template = "Not among the {count:,} words that it knows: {words}."
    return str(message(template, count=len(corpus.vocabulary), words=", ".join(unknown))) if unknown else ""


def write_sentence(
    model: LanguageModel,
    corpus: Corpus,
    rng: np.random.Generator,
    beginning: str = "",
    *,
    temperature: float = TEMPERATURE,
    sample: Callable[[FloatArray, float, np.random.Generator], int] = sample_next,
) -> str:
    """Sample a sentence from the model, word by word; the unknown word is never drawn.

    Args:
        beginning: of a text, which the sentence continues; in the place of a word that the model does not know it reads
            the unknown word.
        temperature: above 0.
        sample: ``sample(logits (V,), temperature, rng)`` draws a word.

    Returns:
        the beginning and the sentence.
    """
    eos, unk = corpus.vocabulary.eos, corpus.vocabulary.unk
    ids = [eos, *corpus.vocabulary.encode(corpus.tokens(beginning)).tolist()]
    logits, state = model.forward(np.array([ids]))
    for _ in range(LONGEST_SENTENCE):
        scores = to_host(logits[0, -1]).astype(np.float64)
        scores[unk] = -np.inf
        if ids[-1] == eos:
            scores[eos] = -np.inf  # a sentence has at least one word
        ids.append(sample(scores, temperature, rng))
        if ids[-1] == eos:
            break
        logits, state = model.forward(np.array([ids[-1:]]), state)
    return corpus.text(ids[1:])
