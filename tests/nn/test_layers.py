import numpy as np
import pytest

from helpers.nn import (
    GRU,
    LSTM,
    RNN,
    ActivationPenalty,
    Affine,
    ChangePenalty,
    Dropout,
    Embedding,
    FastLSTM,
    Param,
    SoftmaxCrossEntropy,
    Stacked,
    TiedAffine,
    VariationalDropout,
    WordDropout,
)
from helpers.nn.fast import FastAffine, FastEmbedding, FastSoftmaxCrossEntropy, FastTiedAffine

N, T, D, M, V = 2, 5, 6, 7, 11
EMBEDDINGS = [Embedding, FastEmbedding]
AFFINES = [Affine, FastAffine]
TIED = [TiedAffine, FastTiedAffine]
LOSSES = [SoftmaxCrossEntropy, FastSoftmaxCrossEntropy]


@pytest.fixture
def draw(rng):
    return lambda *shape, dtype="float64": rng.normal(size=shape).astype(dtype)


# --- embedding -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EMBEDDINGS)
def test_embedding_looks_up_the_row_of_each_word(kind, draw, rng):
    E, ids = Param(draw(V, D)), rng.integers(V, size=(N, T))
    np.testing.assert_array_equal(kind(E).forward(ids), E.value[ids])


@pytest.mark.parametrize("kind", EMBEDDINGS)
def test_embedding_accepts_ids_as_lists(kind, draw):
    E = Param(draw(V, D))
    np.testing.assert_array_equal(kind(E).forward([[3, 0]]), E.value[[[3, 0]]])


@pytest.mark.parametrize("kind", EMBEDDINGS)
def test_embedding_gradient_matches_the_numerical_one_with_words_that_repeat(kind, draw, assert_gradients_match):
    E, ids, dys = Param(draw(V, D)), np.array([[3, 3, 0, 3, 10], [0, 5, 5, 3, 0]]), draw(N, T, D)
    layer = kind(E)

    def loss():
        return float((layer.forward(ids) * dys).sum())

    loss()
    assert layer.backward(dys) is None
    assert_gradients_match(loss, {"E": E.value}, {"E": E.grad})


@pytest.mark.parametrize("kind", EMBEDDINGS)
def test_embedding_gradient_adds_to_what_is_there(kind, draw):
    E, ids, dys = Param(draw(V, D)), np.array([[1, 1, 2]]), draw(1, 3, D)
    layer = kind(E)
    layer.forward(ids)
    layer.backward(dys)
    once = E.grad.copy()
    layer.backward(dys)
    np.testing.assert_allclose(E.grad, 2 * once)
    np.testing.assert_allclose(once[1], dys[0, 0] + dys[0, 1])
    assert not once[[0, *range(3, V)]].any()


@pytest.mark.parametrize("kind", EMBEDDINGS)
@pytest.mark.parametrize(
    ("ids", "error", "sentence"),
    [
        (np.zeros((N, T)), TypeError, "integers: got dtype float64"),
        (np.zeros(T, int), ValueError, r"shape \(N, T\)"),
        (np.zeros((N, 0), int), ValueError, "no axis empty"),
        (np.array([[0, V]]), ValueError, f"from 0 to {V - 1}: got {V}"),
        (np.array([[0, -1]]), ValueError, "got -1"),
    ],
)
def test_embedding_rejects_invalid_ids(kind, ids, error, sentence, draw):
    with pytest.raises(error, match=sentence):
        kind(Param(draw(V, D))).forward(ids)


# --- affine, free and tied -------------------------------------------------------------------------------------------


def build_affine(kind, draw, dtype="float64"):
    """A layer from D to M, and its weights: W (D, M), or a tied E (M, D)."""
    weights = Param(draw(*((M, D) if kind in TIED else (D, M)), dtype=dtype), "weights")
    return kind(weights, Param(draw(M, dtype=dtype), "b")), weights


@pytest.mark.parametrize("kind", AFFINES + TIED)
@pytest.mark.parametrize(("n", "t"), [(N, T), (1, 1), (3, 1), (1, 4)])
def test_affine_gradients_match_the_numerical_ones(kind, n, t, draw, assert_gradients_match):
    (layer, _), xs, dys = build_affine(kind, draw), draw(n, t, D), draw(n, t, M)

    def loss():
        return float((layer.forward(xs) * dys).sum())

    loss()
    gradients = {"xs": layer.backward(dys).copy()} | {param.name: param.grad for param in layer.parameters()}
    assert_gradients_match(loss, {"xs": xs} | {param.name: param.value for param in layer.parameters()}, gradients)


@pytest.mark.parametrize("kind", AFFINES + TIED)
def test_affine_adds_to_its_gradients_and_may_go_backward_twice(kind, draw):
    (layer, _), xs, dys = build_affine(kind, draw), draw(N, T, D), draw(N, T, M)
    layer.forward(xs)
    layer.backward(dys)
    once = [param.grad.copy() for param in layer.parameters()]
    layer.backward(dys)
    for param, grad in zip(layer.parameters(), once):
        np.testing.assert_allclose(param.grad, 2 * grad)


@pytest.mark.parametrize("kind", AFFINES + TIED)
def test_affine_keeps_float32(kind, draw):
    layer, _ = build_affine(kind, draw, "float32")
    assert layer.forward(draw(N, T, D, dtype="float32")).dtype == np.float32
    assert layer.backward(draw(N, T, M, dtype="float32")).dtype == np.float32


@pytest.mark.parametrize("kind", AFFINES + TIED)
def test_affine_refuses_another_width(kind, draw):
    layer, _ = build_affine(kind, draw)
    with pytest.raises(ValueError, match=rf"xs must have shape \(N, T, {D}\)"):
        layer.forward(draw(N, T, D + 1))
    layer.forward(draw(N, T, D))
    with pytest.raises(ValueError, match=rf"must have shape \({N}, {T}, {M}\)"):
        layer.backward(draw(N, T, M + 1))


@pytest.mark.parametrize(("embedding", "output"), [(Embedding, TiedAffine), (FastEmbedding, FastTiedAffine)])
def test_a_tied_gradient_is_the_sum_of_both_uses(embedding, output, draw, rng, assert_gradients_match):
    E, b = Param(draw(V, D), "E"), Param(draw(V), "b")
    below, above = embedding(E), output(E, b)
    ids, dlogits = rng.integers(V, size=(N, T)), draw(N, T, V)
    assert above.E is below.E

    def loss():
        return float((above.forward(below.forward(ids)) * dlogits).sum())

    loss()
    below.backward(above.backward(dlogits))
    assert_gradients_match(loss, {"E": E.value, "b": b.value}, {"E": E.grad, "b": b.grad})


# --- the loss --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize(("n", "t"), [(N, T), (1, 1)])
def test_loss_and_its_gradient_match_the_definition(kind, n, t, draw, rng, assert_gradients_match):
    criterion, logits, targets = kind(), draw(n, t, V), rng.integers(V, size=(n, t))

    def loss():
        return kind().forward(logits.copy(), targets)

    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = -np.log(np.take_along_axis(probabilities, targets[..., None], axis=-1)).mean()
    value = criterion.forward(logits.copy(), targets)
    assert type(value) is float
    assert value == pytest.approx(expected)
    assert_gradients_match(loss, {"logits": logits}, {"logits": criterion.backward()})


@pytest.mark.parametrize("kind", LOSSES)
def test_loss_of_huge_logits_is_exact(kind):
    criterion = kind()
    logits = np.array([[[1e4, 0.0, -1e4], [0.0, 800.0, 0.0]]])
    assert criterion.forward(logits.copy(), np.array([[2, 1]])) == pytest.approx(1e4)
    np.testing.assert_allclose(criterion.backward(), [[[0.5, 0, -0.5], [0, 0, 0]]], atol=1e-12)


@pytest.mark.parametrize("kind", LOSSES)
def test_loss_of_float32_logits_is_summed_in_float64(kind):
    logits = np.zeros((25, 41, 3), np.float32)
    expected = float(np.log(np.float32(3)))
    assert kind().forward(logits, np.zeros((25, 41), int)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", LOSSES)
def test_loss_gradient_keeps_float32_and_comes_again(kind, draw, rng):
    criterion = kind()
    assert type(criterion.forward(draw(N, T, V, dtype="float32"), rng.integers(V, size=(N, T)))) is float
    first = criterion.backward().copy()
    assert first.dtype == np.float32
    np.testing.assert_array_equal(criterion.backward(), first)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize(
    ("targets", "error", "sentence"),
    [
        (np.zeros((N, T)), TypeError, "targets must hold word ids"),
        (np.zeros((N, T + 1), int), ValueError, rf"targets must have shape \({N}, {T}\)"),
        (np.full((N, T), V), ValueError, f"from 0 to {V - 1}: got {V}"),
    ],
)
def test_loss_refuses_targets_that_do_not_fit(kind, targets, error, sentence, draw):
    with pytest.raises(error, match=sentence):
        kind().forward(draw(N, T, V), targets)


@pytest.mark.parametrize("kind", LOSSES)
def test_loss_refuses_logits_without_a_time_axis(kind, draw, rng):
    with pytest.raises(ValueError, match=r"logits must have shape \(N, T, V\)"):
        kind().forward(draw(N, V), rng.integers(V, size=N))


# --- dropout ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Dropout, VariationalDropout])
def test_dropout_is_the_identity_both_ways_when_not_training(kind, draw, rng):
    layer, xs, dys = kind(0.5, rng), draw(N, T, D), draw(N, T, D)
    layer.forward(xs, training=True)
    np.testing.assert_array_equal(layer.forward(xs), xs)
    np.testing.assert_array_equal(layer.backward(dys), dys)


@pytest.mark.parametrize("kind", [Dropout, VariationalDropout])
def test_dropout_sends_the_gradient_through_the_mask_of_its_forward(kind, draw, rng):
    layer, xs, dys = kind(0.4, rng), draw(N, T, D), draw(N, T, D)
    mask = layer.forward(xs, training=True) / xs
    np.testing.assert_allclose(np.unique(mask.round(12)), [0, np.round(1 / 0.6, 12)])
    np.testing.assert_allclose(layer.backward(dys), dys * mask)
    assert (layer.forward(xs, training=True) / xs != mask).any()


def test_dropout_drops_with_its_rate_and_keeps_the_mean(rng):
    ys = Dropout(0.3, rng).forward(np.ones((20, 50, 100)), training=True)
    assert abs((ys == 0).mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / ys.size)
    assert abs(ys.mean() - 1) < 5 * np.sqrt(0.3 / 0.7 / ys.size)


def test_dropout_draws_a_mask_for_each_step_and_variational_dropout_one_for_all(rng):
    xs = np.ones((20, 10, 30))
    each = Dropout(0.5, rng).forward(xs, training=True)
    shared = VariationalDropout(0.5, rng).forward(xs, training=True)
    assert (each[:, 1:] != each[:, :1]).any(axis=(0, 2)).all()
    assert (shared == shared[:, :1]).all()
    assert (shared[1:] != shared[:1]).any()
    assert abs((shared[:, 0] == 0).mean() - 0.5) < 5 * np.sqrt(0.25 / 600)


@pytest.mark.parametrize("kind", [Dropout, VariationalDropout])
@pytest.mark.parametrize("training", [True, False])
def test_dropout_keeps_float32(kind, training, draw, rng):
    layer = kind(0.5, rng)
    assert layer.forward(draw(N, T, D, dtype="float32"), training=training).dtype == np.float32
    assert layer.backward(draw(N, T, D, dtype="float32")).dtype == np.float32


@pytest.mark.parametrize("kind", [Dropout, VariationalDropout])
@pytest.mark.parametrize("rate", [-0.1, 1, 2, np.nan])
def test_dropout_rejects_a_rate_that_is_not_a_probability_below_one(kind, rate, rng):
    with pytest.raises(ValueError, match="0 <= rate < 1"):
        kind(rate, rng)


@pytest.fixture(params=EMBEDDINGS)
def word_dropout(request, draw):
    return WordDropout(request.param(Param(draw(V, D))), V, 0.4, np.random.default_rng(0))


def test_word_dropout_drops_a_word_wherever_it_occurs_in_a_sequence_and_scales_up_the_others(word_dropout, rng):
    ids = rng.integers(V, size=(30, 40))
    scales = (word_dropout.forward(ids, training=True) / word_dropout.embedding.E.value[ids]).round(12)
    assert set(scales.flat) == {0, round(1 / 0.6, 12)}
    assert (scales == scales[..., :1]).all()
    kept = {(row, word): scale for row, words in enumerate(ids) for word, scale in zip(words, scales[row, :, 0])}
    assert all(kept[row, word] == scales[row, step, 0] for (row, step), word in np.ndenumerate(ids))
    assert any(kept.get((0, word)) != kept.get((1, word)) for word in range(V))
    assert abs(np.mean([scale == 0 for scale in kept.values()]) - 0.4) < 5 * np.sqrt(0.24 / len(kept))


def test_word_dropout_is_off_when_not_training(word_dropout, draw):
    ids, dys, embedding = [[3, 0, 3]], draw(1, 3, D), word_dropout.embedding
    word_dropout.forward(ids, training=True)
    np.testing.assert_array_equal(word_dropout.forward(ids), embedding.E.value[ids])
    word_dropout.backward(dys)
    np.testing.assert_allclose(embedding.E.grad[[3, 0]], [dys[0, 0] + dys[0, 2], dys[0, 1]])


def test_word_dropout_gradient_matches_the_numerical_one(word_dropout, draw, rng, assert_gradients_match):
    ids, dys, E = rng.integers(V, size=(N, T)), draw(N, T, D), word_dropout.embedding.E

    def loss():
        word_dropout.rng = np.random.default_rng(1)  # the same mask each time
        return float((word_dropout.forward(ids, training=True) * dys).sum())

    loss()
    assert word_dropout.backward(dys) is None
    assert_gradients_match(loss, {"E": E.value}, {"E": E.grad})


# --- penalties -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "penalty"),
    [(ActivationPenalty, lambda hs: np.mean(hs**2)), (ChangePenalty, lambda hs: np.mean(np.diff(hs, axis=1) ** 2))],
)
def test_a_penalty_changes_no_value_and_its_gradient_matches_the_numerical_one(
    kind, penalty, draw, assert_gradients_match
):
    layer, hs, dhs = kind(0.7), draw(N, T, D), draw(N, T, D)
    assert layer.forward(hs, training=True) is hs
    given = dhs.copy()
    gradient = layer.backward(dhs)
    np.testing.assert_array_equal(dhs, given)
    assert_gradients_match(lambda: float((hs * dhs).sum() + 0.7 * penalty(hs)), {"hs": hs}, {"hs": gradient})


@pytest.mark.parametrize("kind", [ActivationPenalty, ChangePenalty])
def test_a_penalty_is_off_when_not_training(kind, draw):
    layer, dhs = kind(0.7), draw(N, T, D)
    layer.forward(draw(N, T, D), training=True)
    layer.forward(draw(N, T, D))
    np.testing.assert_array_equal(layer.backward(dhs), dhs)


def test_a_sequence_of_one_step_has_no_changes(draw):
    layer, hs = ChangePenalty(0.7), draw(N, 1, D)
    layer.forward(hs, training=True)
    np.testing.assert_array_equal(layer.backward(hs), hs)


# --- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        *(kind(Param(np.zeros((V, D)))) for kind in EMBEDDINGS),
        *(kind(Param(np.zeros((D, M))), Param(np.zeros(M))) for kind in AFFINES),
        *(kind(Param(np.zeros((V, D))), Param(np.zeros(V))) for kind in TIED),
        *(kind(0.5, np.random.default_rng(0)) for kind in (Dropout, VariationalDropout)),
        WordDropout(Embedding(Param(np.zeros((V, D)))), V, 0.5, np.random.default_rng(0)),
        *(kind(1.0) for kind in (ActivationPenalty, ChangePenalty)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_backward_before_forward_says_so(layer):
    with pytest.raises(RuntimeError, match=f"{type(layer).__name__}.backward needs a call of forward"):
        layer.backward(np.zeros((N, T, D)))


@pytest.mark.parametrize("kind", LOSSES)
def test_loss_backward_before_forward_says_so(kind):
    with pytest.raises(RuntimeError, match="needs a call of forward"):
        kind().backward()


# --- the stack -------------------------------------------------------------------------------------------------------


def recurrent(kind, draw, width, H):
    blocks = {RNN: 1, GRU: 3, LSTM: 4, FastLSTM: 4}[kind]
    return kind(*(Param(draw(*shape)) for shape in ((width, blocks * H), (H, blocks * H), (blocks * H,))))


def test_stack_of_different_layers_matches_the_numerical_gradient(draw, assert_gradients_match):
    stack = Stacked(
        [recurrent(RNN, draw, 3, 4), build_dropout(), recurrent(LSTM, draw, 4, 2), recurrent(GRU, draw, 2, 5)]
    )
    xs, dys = draw(2, 3, 3), draw(2, 3, 5)
    state = (draw(2, 4), (draw(2, 2), draw(2, 2)), draw(2, 5))
    dstate = (draw(2, 4), (draw(2, 2), draw(2, 2)), draw(2, 5))

    def loss():
        ys, (h1, (h2, c2), h3) = stack.forward(xs, state)
        ends = zip((h1, h2, c2, h3), (dstate[0], *dstate[1], dstate[2]))
        return float((ys * dys).sum() + sum((end * d).sum() for end, d in ends))

    loss()
    dxs, (dh1, (dh2, dc2), dh3) = stack.backward(dys, dstate)
    assert_gradients_match(
        loss,
        {"xs": xs, "h1": state[0], "h2": state[1][0], "c2": state[1][1], "h3": state[2]},
        {"xs": dxs, "h1": dh1, "h2": dh2, "c2": dc2, "h3": dh3},
    )
    values = {str(number): param.value for number, param in enumerate(stack.parameters())}
    assert len(values) == 9
    assert_gradients_match(loss, values, {str(number): param.grad for number, param in enumerate(stack.parameters())})


def build_dropout():
    return Dropout(0.5, np.random.default_rng(0))


def test_stack_of_stacks_carries_a_state_of_the_same_form(draw):
    inner = Stacked([recurrent(RNN, draw, 4, 4)])
    ys, state = Stacked([recurrent(RNN, draw, 3, 4), inner]).forward(draw(2, 3, 3))
    assert ys.shape == (2, 3, 4)
    h1, (h2,) = state
    assert h1.shape == h2.shape == (2, 4)


def test_stack_without_a_recurrent_layer_has_an_empty_state(draw):
    stack = Stacked([Affine(Param(draw(3, 4)), Param(draw(4)))])
    _, state = stack.forward(draw(2, 3, 3))
    _, before = stack.backward(draw(2, 3, 4))
    assert state == before == ()


def test_stack_refuses_a_state_of_another_depth(draw):
    stack = Stacked([recurrent(RNN, draw, 3, 4)])
    with pytest.raises(ValueError, match="state needs one entry for each of the 1 recurrent layers: got 2"):
        stack.forward(draw(2, 3, 3), (None, None))


def test_stack_keeps_its_layers_when_the_list_it_was_made_from_changes(draw):
    layers = [recurrent(RNN, draw, 3, 4)]
    stack = Stacked(layers)
    layers.clear()
    assert stack.forward(draw(2, 5, 3))[0].shape == (2, 5, 4)


def test_stack_passes_training_on(draw):
    stack, xs = Stacked([build_dropout()]), np.ones((4, 5, 6))
    assert (stack.forward(xs, training=True)[0] == 0).any()
    assert (stack.forward(xs)[0] == 1).all()


@pytest.mark.parametrize("kind", LOSSES)
def test_loss_of_many_float32_tokens_is_averaged_in_float64(kind):
    logits = np.zeros((1, 100_001, 3), np.float32)  # every token costs log 3: a mean in float32 drifts away from it
    value = kind().forward(logits, np.zeros((1, 100_001), int))
    assert value == pytest.approx(float(np.log(np.float32(3))), rel=1e-12)
