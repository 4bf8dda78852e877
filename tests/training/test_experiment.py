"""Models as a run builds them: which layers they have, and what they begin with."""

import numpy as np
import pytest

from helpers.data import EOS, UNK, Corpus, Vocabulary
from helpers.nn import FAST, PLAIN, LanguageModel, WordDropout, assemble, create_params
from helpers.training.experiment import add_regularisers, build_model
from helpers.training.presets import PRESETS, Settings

V, H = 9, 4
IDS = np.tile(np.arange(V), 40).astype(np.int32)
CORPUS = Corpus("small", IDS, IDS, IDS, Vocabulary([EOS, UNK, *map(str, range(V - 2))]), citation="")


def names(model):
    return [type(layer).__name__ for layer in model.body.layers]


@pytest.mark.parametrize("layers", [PLAIN, FAST], ids=["plain", "fast"])
def test_word_dropout_is_around_the_embedding_with_a_rate_of_its_own(layers):
    rng = np.random.default_rng(0)
    model = build_model(Settings(H, 1, 0.5, 1, word_rate=0.1), CORPUS, rng, layers)
    assert names(model)[:2] == ["WordDropout", "VariationalDropout"]
    words = model.body.layers[0]
    assert (type(words.embedding), words.rate, words.rng) == (layers["Embedding"], 0.1, rng)
    assert model.output.E is words.embedding.E
    assert names(build_model(Settings(H, 1, 0.5, 1), CORPUS, rng, layers))[0] == layers["Embedding"].__name__


def test_plain_and_fast_give_the_same_gradients_under_every_regulariser():
    rates = {"rate": 0.3, "recurrent_rate": 0.2, "activation_penalty": 2.0, "change_penalty": 1.0}
    xs, gradients = np.random.default_rng(2).integers(V, size=(3, 5)), []
    for layers in (PLAIN, FAST):
        params, rng = create_params(V, H, 2, np.random.default_rng(0), dtype="float64"), np.random.default_rng(1)
        model = assemble(add_regularisers(layers, V, 0.2, rng), params, rng, **rates)
        model.loss(xs, xs, training=True)
        model.backward()
        gradients.append({name: param.grad for name, param in params.items()})
    for name, gradient in gradients[0].items():
        np.testing.assert_allclose(gradients[1][name], gradient, rtol=1e-9, atol=1e-14, err_msg=name)


def test_a_builder_among_the_layers_builds_what_it_can_express_and_knows_nothing_of_word_dropout():
    asked = []

    def build_language_model(layers, params, rate, rng):
        asked.append(rate)
        return assemble(layers, params, rng, rate=rate)

    layers = PLAIN | {"build_language_model": build_language_model}
    model = build_model(PRESETS["standard"], CORPUS, np.random.default_rng(0), layers)
    assert asked == [PRESETS["standard"].rate]
    assert isinstance(model.body.layers[0], WordDropout)
    for preset in ("long", "textbook-small", "textbook-large"):
        assert isinstance(build_model(PRESETS[preset], CORPUS, np.random.default_rng(0), layers), LanguageModel)
    assert len(asked) == 1


def test_a_gru_stands_in_the_lstms_place_and_the_builder_of_notebook_08_is_not_asked():
    settings = Settings(H, 2, 0.5, 1, cell="GRU")
    model = build_model(settings, CORPUS, np.random.default_rng(0), PLAIN | {"build_language_model": None})
    assert names(model).count("GRU") == 2
    assert str(settings) == f"2 × GRU {H}, tied, variational dropout 0.5"


def test_vectors_from_counts_are_as_large_as_the_random_ones():
    drawn, counted = (
        build_model(Settings(H, 1, 0.0, 1, count_vectors=wanted), CORPUS, np.random.default_rng(0)).output.E.value
        for wanted in (False, True)
    )
    assert not np.allclose(drawn, counted)
    np.testing.assert_allclose(np.mean(drawn**2), np.mean(counted**2), rtol=1e-5)
