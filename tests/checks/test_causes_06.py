"""Exercises 6.1 to 6.3: mistakes that were given no cause, or a wrong one, and what is said of them now."""

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.nn.base import Layer


def causes(exercise_id, answer):
    return [cause.name for cause in judge(EXERCISES[exercise_id], answer, VISIBLE).causes]


# --- 6.1 ------------------------------------------------------------------------------------------------------------


def test_a_missing_branch_for_stateless_layers_is_named():
    class Stacked(Layer):
        def __init__(self, layers):
            self.layers = layers

        def forward(self, xs, state=None, *, training=False):
            after = []
            for number, layer in enumerate(self.layers):
                xs, new = layer.forward(xs, None if state is None else state[number], training=training)
                after.append(new)
            return xs, tuple(after)

        def backward(self, dys, dstate=None):
            return dys, dstate

    assert causes("6.1", Stacked) == ["A stateless layer is given a state: the branch for stateless layers is missing."]


def test_a_state_that_is_not_whole_does_not_hide_what_is_wrong_on_the_way_back():
    class Stacked(Layer):
        def __init__(self, layers):
            self.layers, self.depth = layers, sum(layer.recurrent for layer in layers)

        def forward(self, xs, state=None, *, training=False):
            entries = iter(state or [None] * self.depth)
            for layer in self.layers:
                if layer.recurrent:
                    xs, new = layer.forward(xs, next(entries), training=training)
                else:
                    xs = layer.forward(xs, training=training)
            return xs, (new,)

        def backward(self, dys, dstate=None):
            entries, before = iter(dstate or [None] * self.depth), []
            for layer in self.layers[::-1]:
                if layer.recurrent:
                    dys, new = layer.backward(dys, next(entries))
                    before.insert(0, new)
                else:
                    dys = layer.backward(dys)
            return dys, tuple(before)

    assert causes("6.1", Stacked) == [
        "The returned state has one entry, that of the top layer.",
        "`dstate` is read from its beginning while the layers are visited from the top.",
    ]


# --- 6.2 ------------------------------------------------------------------------------------------------------------


def rises(valid, tolerance):
    return valid[-1] > (1 + tolerance) * min(valid)


def falls(train, tolerance):
    return train[-1] < (1 - tolerance) * train[-2]


def words(first, second):
    return "overfitting" if first else "still learning" if second else "finished"


def tolerance_forgotten_in_the_second_test(train, valid, tolerance=0.05):
    return words(rises(valid, tolerance), train[-1] < train[-2])


def order_swapped(train, valid, tolerance=0.05):
    if falls(train, tolerance):
        return "still learning"
    return "overfitting" if rises(valid, tolerance) else "finished"


def highest_for_lowest(train, valid, tolerance=0.05):
    return words(valid[-1] > (1 + tolerance) * max(valid), falls(train, tolerance))


def mean_for_lowest(train, valid, tolerance=0.05):
    return words(valid[-1] > (1 + tolerance) * np.mean(valid), falls(train, tolerance))


def first_test_with_equality(train, valid, tolerance=0.05):
    return words(valid[-1] >= (1 + tolerance) * min(valid), falls(train, tolerance))


@pytest.mark.parametrize(
    "answer, name",
    [
        (
            tolerance_forgotten_in_the_second_test,
            "The second test has no tolerance: a fall of a thousandth counts.",
        ),
        (order_swapped, "The two tests are in the wrong order: “still learning” comes first."),
        (highest_for_lowest, "“overfitting” is never said."),
        (mean_for_lowest, "The first test compares with the mean of the validation perplexities."),
        (first_test_with_equality, "The first test has `>=`: a rise of just the tolerance counts."),
    ],
)
def test_each_wrong_diagnosis_is_given_its_own_cause(answer, name):
    assert causes("6.2", answer) == [name]


def test_the_mean_of_the_first_and_the_lowest_is_given_no_cause():
    def diagnose(train, valid, tolerance=0.05):
        return words(valid[-1] > (1 + tolerance) * (valid[0] + min(valid)) / 2, falls(train, tolerance))

    assert causes("6.2", diagnose) == []


def test_a_word_that_is_none_of_the_three_is_told_so():
    def diagnose(train, valid, tolerance=0.05):
        return words(rises(valid, tolerance), falls(train, tolerance)).replace(" ", "_")

    verdict = judge(EXERCISES["6.2"], diagnose, VISIBLE)
    assert "must return one of its three words" in verdict.paragraphs[0]


def test_a_curve_that_is_sorted_in_place_does_not_hide_what_else_is_wrong():
    def diagnose(train, valid, tolerance=0.05):
        still = falls(valid, tolerance)
        first = valid[-1] > (1 + tolerance) * min(valid)
        valid.sort()
        return words(first, still)

    verdict = judge(EXERCISES["6.2"], diagnose, VISIBLE)
    assert "changed its argument `valid_ppl`" in verdict.paragraphs[0]
    assert [cause.name for cause in verdict.causes] == ["The second test reads the *validation* curve."]


def test_a_diagnosis_with_a_tolerance_of_its_own_fails_both_checks():
    def diagnose(train, valid, tolerance=0.05):
        return words(rises(valid, 0.04), falls(train, 0.04))

    assert not judge(EXERCISES["6.2"], diagnose, VISIBLE).right
    assert not judge(EXERCISES["6.2"], diagnose, HIDDEN, seed=3).right


# --- 6.3 ------------------------------------------------------------------------------------------------------------


def decay(params, strength):
    """What is asked for, without dropping repeats: `params` are those that are left."""
    for param in params:
        param.grad += strength * param.value
    return 0.5 * strength * sum(float(np.sum(param.value**2, dtype="float64")) for param in params)


def without_repeats(key):
    """Repeats dropped by something other than identity."""

    def add_weight_decay(params, strength):
        seen, kept = set(), []
        for param in params:
            if key(param) not in seen:
                seen.add(key(param))
                kept.append(param)
        return decay(kept, strength)

    return add_weight_decay


@pytest.mark.parametrize(
    "key, name",
    [
        (lambda param: param.name, "Of two Params with the same *name* only one is decayed."),
        (lambda param: param.value.tobytes(), "Of two Params with equal *values* only the first is decayed."),
        (lambda param: param.value.shape, "Of two Params of the same *shape* only the first is decayed."),
    ],
)
def test_repeats_dropped_by_anything_but_identity_are_named(key, name):
    assert causes("6.3", without_repeats(key)) == [name]


def test_values_that_are_changed_in_the_place_of_gradients_are_named():
    def add_weight_decay(params, strength):
        penalty = 0.0
        for param in dict.fromkeys(params):
            penalty += 0.5 * strength * float(np.sum(param.value**2, dtype="float64"))
            param.value -= strength * param.value
        return penalty

    assert causes("6.3", add_weight_decay) == [
        "The values are changed instead of the gradients, after their squares are summed."
    ]


def test_values_that_are_changed_twice_are_given_both_causes():
    def add_weight_decay(params, strength):
        penalty = 0.0
        for param in params:
            param.value -= strength * param.value
            penalty += 0.5 * strength * float(np.sum(param.value**2, dtype="float64"))
        return penalty

    assert causes("6.3", add_weight_decay) == [
        "A Param that two layers share is counted twice.",
        "The values are changed instead of the gradients.",
    ]


def test_a_return_inside_the_loop_is_named():
    def add_weight_decay(params, strength):
        for param in dict.fromkeys(params):
            return decay([param], strength)

    assert causes("6.3", add_weight_decay) == ["`return` stands inside the loop: only the first Param is decayed."]
