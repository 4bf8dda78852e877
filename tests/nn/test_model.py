import numpy as np
import pytest

from helpers.nn import FAST, PLAIN, LanguageModel, Layer, assemble, build_language_model, create_params

V, H = 11, 4


def names(model):
    return [type(layer).__name__ for layer in model.body.layers]


def test_create_params_gives_every_shape_and_name(rng):
    params = create_params(V, H, 2, rng, width=3, tied=False, forget_bias=1.0)
    assert {name: param.value.shape for name, param in params.items()} == {
        "E": (V, 3),
        "lstm1.Wx": (3, 4 * H),
        "lstm1.Wh": (H, 4 * H),
        "lstm1.b": (4 * H,),
        "lstm2.Wx": (H, 4 * H),
        "lstm2.Wh": (H, 4 * H),
        "lstm2.b": (4 * H,),
        "W": (H, V),
        "b": (V,),
    }
    assert all(param.name == name and param.value.dtype == np.float32 for name, param in params.items())
    np.testing.assert_array_equal(params["lstm2.b"].value, np.repeat([1, 0, 0, 0], H))


def test_create_params_draws_every_weight_from_all_of_its_range(rng):
    params = create_params(400, 25, 2, rng, tied=False)
    for name, bound in {"E": 0.1, "W": 0.1, "lstm1.Wx": 0.2, "lstm1.Wh": 0.2, "lstm2.Wx": 0.2, "lstm2.Wh": 0.2}.items():
        value = params[name].value
        np.testing.assert_allclose([value.min(), value.max()], [-bound, bound], rtol=0.02, err_msg=name)
        assert abs(value.mean()) < 5 * bound / np.sqrt(3 * value.size)
    assert abs(create_params(400, 25, 1, rng, scale=0.3)["E"].value).max() == pytest.approx(0.3, rel=0.02)


def test_create_params_refuses_a_tied_output_of_another_width(rng):
    with pytest.raises(ValueError, match="D = 3, H = 4"):
        create_params(V, H, 1, rng, width=3)


def test_a_gru_has_three_blocks_and_takes_the_lstms_place(rng):
    params = create_params(V, H, 2, rng, cell="GRU")
    assert {params[f"gru{number}.{part}"].value.shape for number in (1, 2) for part in ("Wx", "Wh")} == {(H, 3 * H)}
    assert params["gru1.b"].value.tolist() == [0] * (3 * H)
    expected = ["Embedding", "VariationalDropout", "GRU", "VariationalDropout", "GRU", "VariationalDropout"]
    assert names(assemble(PLAIN, params, rng, rate=0.5)) == expected
    assert names(assemble(FAST, params, rng))[1:] == ["FastGRU", "FastGRU"]
    with pytest.raises(ValueError, match="no dropout on the recurrent path"):
        assemble(PLAIN, params, rng, recurrent_rate=0.1)
    with pytest.raises(ValueError, match="LSTM or GRU: got 'RNN'"):
        create_params(V, H, 1, rng, cell="RNN")


def test_a_tied_model_has_no_matrix_of_its_own_for_the_output(rng):
    model = assemble(PLAIN, create_params(V, H, 2, rng), rng)
    assert model.output.E is model.body.layers[0].E
    assert [param.name for param in model.parameters()].count("E") == 1


def test_assemble_puts_dropout_after_the_embedding_and_after_every_lstm(rng):
    params = create_params(V, H, 2, rng)
    assert names(assemble(PLAIN, params, rng)) == ["Embedding", "LSTM", "LSTM"]
    expected = ["Embedding", "Dropout", "LSTM", "Dropout", "LSTM", "Dropout"]
    assert names(assemble(PLAIN, params, rng, rate=0.5, dropout="standard")) == expected
    model = assemble(FAST, params, rng, rate=0.5, recurrent_rate=0.2)
    assert names(model)[1:3] == ["VariationalDropout", "FastVariationalLSTM"]


def test_assemble_gives_each_dropout_its_own_rate_and_all_of_them_the_generator(rng):
    model = assemble(PLAIN, create_params(V, H, 1, rng), rng, rate=0.5, recurrent_rate=0.2)
    layers = model.body.layers[1:]
    assert [layer.rate for layer in layers] == [0.5, 0.2, 0.5]
    assert all(layer.rng is rng for layer in layers)


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_the_penalties_are_around_the_last_dropout_with_a_strength_of_their_own(rate, rng):
    penalties = {"activation_penalty": 2.0, "change_penalty": 3.0}
    model = assemble(PLAIN, create_params(V, H, 1, rng), rng, rate=rate, **penalties)
    assert names(model)[-3 - bool(rate) :] == (
        ["LSTM", "ChangePenalty", *["VariationalDropout"] * bool(rate), "ActivationPenalty"]
    )
    assert (model.body.layers[-1].strength, model.body.layers[-2 - bool(rate)].strength) == (2.0, 3.0)


def test_assemble_refuses_an_unknown_dropout(rng):
    with pytest.raises(ValueError, match="standard, variational: got 'none'"):
        assemble(PLAIN, create_params(V, H, 1, rng), rng, dropout="none")


def test_build_language_model_is_the_full_model_of_the_course(rng):
    model = build_language_model(PLAIN, create_params(V, H, 2, rng), 0.5, rng)
    expected = ["Embedding", "VariationalDropout", "LSTM", "VariationalDropout", "LSTM", "VariationalDropout"]
    assert names(model) == expected
    assert type(model.output).__name__ == "TiedAffine"
    assert isinstance(model, LanguageModel)


def test_a_learners_own_class_drops_in(rng):
    class Embedding(Layer):
        def __init__(self, E):
            self.E = E

        def forward(self, xs, *, training=False):
            self.ids = xs
            return self.E.value[xs]

        def backward(self, dys):
            np.add.at(self.E.grad, self.ids, dys)

    xs = rng.integers(V, size=(2, 5))
    losses = []
    for layers in (FAST, FAST | {"Embedding": Embedding}):
        model = assemble(layers, create_params(V, H, 1, np.random.default_rng(1)), rng)
        losses.append(model.loss(xs, xs)[0])
        model.backward()
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


@pytest.mark.parametrize("layers", [PLAIN, FAST], ids=["plain", "fast"])
def test_the_state_makes_two_halves_score_like_the_whole(layers, rng):
    model = assemble(layers, create_params(V, H, 2, rng, dtype="float64"), rng)
    xs, targets = rng.integers(V, size=(2, 3, 6))
    whole, _ = model.loss(xs, targets)
    first, state = model.loss(xs[:, :2], targets[:, :2])
    second, _ = model.loss(xs[:, 2:], targets[:, 2:], state)
    assert (2 * first + 4 * second) / 6 == pytest.approx(whole)


def test_plain_and_fast_name_the_same_layers():
    assert PLAIN.keys() == FAST.keys()
    assert all(issubclass(FAST[name], layer) for name, layer in PLAIN.items())


@pytest.mark.parametrize(
    ("dropout", "along"), [("variational", "FastVariationalLSTM"), ("standard", "FastStepDropoutLSTM")]
)
def test_each_kind_of_dropout_has_its_own_class_and_rate_along_time(dropout, along, rng):
    model = assemble(FAST, create_params(V, H, 2, rng), rng, rate=0.5, dropout=dropout, recurrent_rate=0.2)
    assert [name for name in names(model) if name.endswith("LSTM")] == [along, along]
    assert [layer.rate for layer in model.body.layers[1:]] == [0.5, 0.2, 0.5, 0.2, 0.5]


@pytest.mark.parametrize("layers", [PLAIN, FAST], ids=["plain", "fast"])
def test_the_loss_is_computed_under_dropout_in_training_and_only_then(layers, rng):
    model, xs = assemble(layers, create_params(V, H, 1, rng), rng, rate=0.5), rng.integers(V, size=(2, 5))
    assert len({model.loss(xs, xs)[0] for _ in range(3)}) == 1
    assert len({model.loss(xs, xs, training=True)[0] for _ in range(3)}) == 3


def test_an_untied_output_starts_as_small_as_the_embedding_and_an_lstm_within_its_own_bound(rng):
    params = create_params(50, 100, 1, rng, tied=False, scale=0.05)
    for name, bound in (("E", 0.05), ("W", 0.05), ("lstm1.Wx", 0.1), ("lstm1.Wh", 0.1)):
        assert 0.95 * bound < np.abs(params[name].value).max() <= bound
