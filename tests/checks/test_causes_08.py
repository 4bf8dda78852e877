"""Wrong answers to the exercises of notebook 08 that had no cause, or another one than the right one."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN
from helpers.checks.judge import judge
from helpers.nn import layers as reference
from helpers.nn.base import Layer, Param
from helpers.nn.model import LanguageModel
from tests.checks.honest.notebook_08 import TiedByEinsum
from tests.checks.judging import judge_quickly


def verdict_on(exercise_id, answer):
    """Return the Verdict of the visible check; the hidden one does not let the answer pass either."""
    exercise = EXERCISES[exercise_id]
    assert not judge(replace(exercise, misconceptions=()), answer, HIDDEN, seed=7).right
    return judge_quickly(exercise, answer)


def causes_of(exercise_id, answer):
    return [cause.name for cause in verdict_on(exercise_id, answer).causes]


# --- 8.1 --------------------------------------------------------------------------------------------------------------


def test_rows_of_a_shared_param_counted_twice_are_two_mistakes():
    assert causes_of("8.1", lambda params: sum(len(param.value) for param in params)) == [
        "A shared Param is counted as often as it occurs in the list.",
        "Only the *rows* are counted.",
    ]


# --- 8.2 --------------------------------------------------------------------------------------------------------------


class _Tied(TiedByEinsum):
    def backward(self, dlogits):
        self.add(np.einsum("ntv,ntd->vd", dlogits, self.seen), dlogits.sum(axis=(0, 1)))
        return np.einsum("ntv,vd->ntd", dlogits, self.embedding.value)

    def add(self, dE, db):
        self.embedding.grad += dE
        self.bias.grad += db


def test_only_the_gradient_of_b_overwritten_is_not_both():
    class TiedAffine(_Tied):
        def add(self, dE, db):
            self.embedding.grad += dE
            self.bias.grad[...] = db

    assert causes_of("8.2", TiedAffine) == ["The gradient of b overwrites what was there."]


def test_both_gradients_overwritten_are_two_mistakes():
    class TiedAffine(_Tied):
        def add(self, dE, db):
            self.embedding.grad[...], self.bias.grad[...] = dE, db

    assert causes_of("8.2", TiedAffine) == [
        "The gradient of E overwrites what the embedding has put there.",
        "The gradient of b overwrites what was there.",
    ]


def test_a_gradient_added_twice_is_named():
    class TiedAffine(_Tied):
        def add(self, dE, db):
            super().add(dE, db)
            self.embedding.grad += dE

    assert causes_of("8.2", TiedAffine) == ["The gradient of E is added twice."]


def test_E_transposed_on_the_way_back_is_named():
    class TiedAffine(Layer):
        def __init__(self, E, b):
            self.E, self.b = E, b

        def forward(self, xs, *, training=False):
            self.xs = xs
            return xs @ self.E.value.T + self.b.value

        def backward(self, dlogits):
            return dlogits @ self.E.value.T

    assert causes_of("8.2", TiedAffine) == ["E is transposed on the way back: `dlogits @ E.T`."]


def test_a_new_param_around_the_same_array_is_named():
    class TiedAffine(_Tied):
        def __init__(self, E, b):
            super().__init__(Param(E.value), b)

    name = "The layer makes a new Param around the array of E: its gradient does not arrive in `E.grad`."
    assert causes_of("8.2", TiedAffine) == [name]


def test_a_tied_layer_that_hides_its_params_is_told_so():
    class TiedAffine(_Tied):
        def parameters(self):
            return []

    said = verdict_on("8.2", TiedAffine).paragraphs[0]
    assert said == "`Params that parameters() finds` is 'none', expected 'E, b'."


# --- 8.3 --------------------------------------------------------------------------------------------------------------


def built_with(layers, params, rate, rng, places=(0, 1, 2)):
    dropouts = [layers["VariationalDropout"](rate, rng) for _ in range(3)]
    body = [layers["Embedding"](params["E"]), dropouts[places[0]]]
    for name, place in zip(("lstm1", "lstm2"), places[1:]):
        weights = (params[f"{name}.{part}"] for part in ("Wx", "Wh", "b"))
        body += [layers["LSTM"](*weights), dropouts[place]]
    output = layers["TiedAffine"](params["E"], params["b"])
    return LanguageModel(layers["Stacked"](body), output, layers["SoftmaxCrossEntropy"]())


@pytest.mark.parametrize("name", ["Embedding", "VariationalDropout", "TiedAffine", "SoftmaxCrossEntropy", "Stacked"])
def test_a_class_from_elsewhere_is_found(name):
    def build(layers, *arguments):
        return built_with(layers | {name: getattr(reference, name)}, *arguments)

    assert f"`{name}` in your model is not made from" in verdict_on("8.3", build).paragraphs[0]


@pytest.mark.parametrize(
    ("places", "name"),
    [
        ((0, 0, 1), "One dropout layer is used both below and above the lower LSTM."),
        ((0, 1, 1), "One dropout layer is used both below and above the upper LSTM."),
        ((0, 1, 0), "The dropout layer next to the embedding is also the one next to the output."),
    ],
)
def test_one_dropout_layer_in_two_of_three_places_is_named(places, name):
    assert causes_of("8.3", lambda *arguments: built_with(*arguments, places)) == [name]


def test_generators_of_any_seed_and_any_fixed_rate_are_found():
    def build(layers, params, rate, rng):
        return built_with(layers, params, 0.3, np.random.default_rng())

    assert causes_of("8.3", build) == [
        "The dropout layers ignore `rate` and have a rate of their own.",
        "The dropout layers have generators of their own.",
    ]


def test_plain_dropout_from_elsewhere_is_told_which_class_is_asked_for():
    def build(layers, *arguments):
        return built_with(layers | {"VariationalDropout": reference.Dropout}, *arguments)

    assert "This model needs one mask for all steps" in verdict_on("8.3", build).paragraphs[0]


def test_the_order_of_the_layers_is_told():
    def build(layers, params, rate, rng):
        first, second, third = (layers["VariationalDropout"](rate, rng) for _ in range(3))
        lower, upper = (
            layers["LSTM"](*(params[f"{name}.{part}"] for part in ("Wx", "Wh", "b"))) for name in ("lstm1", "lstm2")
        )
        body = layers["Stacked"]([layers["Embedding"](params["E"]), first, second, third, lower, upper])
        return LanguageModel(body, layers["TiedAffine"](params["E"], params["b"]), layers["SoftmaxCrossEntropy"]())

    said = "`order of the layers` is 'Embedding, VariationalDropout, VariationalDropout, VariationalDropout, LSTM, LSTM"
    assert verdict_on("8.3", build).paragraphs[0].startswith(said)


# --- 8.4 --------------------------------------------------------------------------------------------------------------


def schedule(is_better, update=lambda ppl, best: ppl, cut=lambda rate, factor: rate / factor, after_cut=None):
    """A training with rules of its own; `after_cut(ppl, best)` is the best after an epoch that is not better."""

    def train(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
        perplexities, rates, best = [], [], None
        for _ in range(epochs):
            rates.append(learning_rate)
            run_epoch(learning_rate)
            perplexities.append(evaluate())
            if is_better(perplexities[-1], float("inf") if best is None else best, len(perplexities) == 1):
                best = update(perplexities[-1], best)
            else:
                learning_rate = cut(learning_rate, factor)
                best = best if after_cut is None else after_cut(perplexities[-1], best)
        return perplexities, rates

    return train


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (
            schedule(lambda ppl, best, first: ppl < best, update=lambda ppl, best: None),
            ["The best perplexity is never updated."],
        ),
        (
            schedule(lambda ppl, best, first: ppl < best, after_cut=lambda ppl, best: None),
            ["The best perplexity is forgotten after each cut."],
        ),
        (
            schedule(lambda ppl, best, first: ppl < best, after_cut=lambda ppl, best: ppl),
            ["Each epoch is compared with the one before, not with the best so far."],
        ),
        (
            schedule(lambda ppl, best, first: first or ppl < best),
            ["The first epoch is the best so far even if it is NaN."],
        ),
        (
            schedule(lambda ppl, best, first: ppl < best, cut=lambda rate, factor: rate - factor),
            ["The factor is *subtracted* from the learning rate."],
        ),
        (
            schedule(lambda ppl, best, first: ppl <= best, cut=lambda rate, factor: rate * factor),
            ["An epoch *equal* to the best counts as better.", "The learning rate is *multiplied* by the factor."],
        ),
    ],
)
def test_a_wrong_schedule_is_named(answer, names):
    assert causes_of("8.4", answer) == names


def test_two_evaluations_in_some_epochs_and_a_list_of_the_best_are_named():
    def train(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
        perplexities, rates, best = [], [], float("inf")
        for _ in range(epochs):
            rates.append(learning_rate)
            run_epoch(learning_rate)
            if evaluate() < best:
                best = evaluate()
            else:
                learning_rate /= factor
            perplexities.append(best)
        return perplexities, rates

    assert causes_of("8.4", train) == [
        "`evaluate()` is called twice in an epoch.",
        "The list holds the best perplexity so far, not that of each epoch.",
    ]


def test_a_nan_that_is_left_out_of_the_list_is_named():
    def train(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
        perplexities, rates, best = [], [], float("inf")
        for _ in range(epochs):
            rates.append(learning_rate)
            run_epoch(learning_rate)
            ppl = evaluate()
            if not np.isnan(ppl):
                perplexities.append(ppl)
            best, learning_rate = (ppl, learning_rate) if ppl < best else (best, learning_rate / factor)
        return perplexities, rates

    assert causes_of("8.4", train) == ["A NaN is left out of the list."]


# --- 8.6 --------------------------------------------------------------------------------------------------------------


def with_windows(measure, mean):
    """Return an answer that takes the mean of what it measures of each window."""

    def perplexity_with_context(model, ids, context):
        if len(ids) <= context:
            raise ValueError("no word to predict")
        windows = [ids[end - context : end + 1] for end in range(context, len(ids))]
        return mean([measure(model, window[None]) for window in windows])

    return perplexity_with_context


def last_loss(model, window, **keywords):
    logits, _ = model.forward(window[:, :-1], **keywords)
    return model.criterion.forward(logits[:, -1:], window[:, -1:])


def exp_of_mean(losses):
    return float(np.exp(np.mean(losses)))


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (
            with_windows(lambda model, window: model.loss(window[:, :-1], window[:, 1:])[0], exp_of_mean),
            "*All* the words of a window are predicted, not only the last one.",
        ),
        (
            with_windows(last_loss, lambda losses: float(np.mean(np.exp(losses)))),
            "The perplexities of single words are averaged, not their losses.",
        ),
        (
            with_windows(lambda *given: last_loss(*given, training=True), exp_of_mean),
            "The model is read in training, with dropout.",
        ),
        (with_windows(last_loss, np.mean), "What is returned is the mean loss, not the perplexity."),
    ],
)
def test_a_wrong_mean_over_windows_is_named(answer, name):
    assert causes_of("8.6", answer) == [name]


def test_one_pass_over_the_text_is_named():
    def perplexity_with_context(model, ids, context):
        if len(ids) <= context:
            raise ValueError
        total, state = 0.0, None
        for place in range(len(ids) - 1):
            loss, state = model.loss(ids[None, place : place + 1], ids[None, place + 1 : place + 2], state)
            total += loss if place + 1 >= context else 0.0
        return float(np.exp(total / (len(ids) - context)))

    assert causes_of("8.6", perplexity_with_context) == ["The whole past is read, not only the last `context` words."]


def test_a_mean_of_batches_in_training_is_two_mistakes():
    def perplexity_with_context(model, ids, context):
        if len(ids) <= context:
            raise ValueError
        windows, losses = np.lib.stride_tricks.sliding_window_view(ids, context + 1), []
        for begin in range(0, len(windows), 100):
            losses.append(last_loss(model, windows[begin : begin + 100], training=True))
        return exp_of_mean(losses)

    assert causes_of("8.6", perplexity_with_context) == [
        "The model is read in training, with dropout.",
        "The mean is one of batches: the short last batch counts as much as a full one.",
    ]


def test_what_an_empty_text_gives_is_named_beside_another_mistake():
    def perplexity_with_context(model, ids, context):
        windows = np.array([ids[start : start + context + 1] for start in range(len(ids) - context)])
        return exp_of_mean([last_loss(model, window[None]) for window in windows]) if len(windows) else 1.0

    assert "no word to predict" in " ".join(verdict_on("8.6", perplexity_with_context).paragraphs)
