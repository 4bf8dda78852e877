"""Notebook 03: mistakes that were given no cause, or a wrong one, and what is said of them now."""

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.nn.functional import sigmoid
from tests.checks.judging import judge_quickly


def causes(exercise_id, answer):
    return [cause.name for cause in judge_quickly(EXERCISES[exercise_id], answer).causes]


def step(**lines):
    """A step forward with some of its lines changed: functions of the values so far."""

    def lstm_step_forward(x, h_prev, c_prev, Wx, Wh, b):
        v = {"x": x, "h_prev": h_prev, "c_prev": c_prev, "Wx": Wx, "Wh": Wh}
        A_f, A_g, A_i, A_o = np.split(x @ Wx + h_prev @ Wh + b, 4, axis=1)
        right = {
            "f": lambda v: sigmoid(A_f),
            "g": lambda v: np.tanh(A_g),
            "i": lambda v: sigmoid(A_i),
            "o": lambda v: sigmoid(A_o),
            "c_next": lambda v: v["f"] * v["c_prev"] + v["g"] * v["i"],
            "h_next": lambda v: v["o"] * np.tanh(v["c_next"]),
        }
        for name, line in (right | lines).items():
            v[name] = line(v)
        h_next = v.pop("h_next")
        return h_next, v["c_next"], (*[v[name] for name in ("x", "h_prev", "c_prev", "Wx", "Wh", *"fgio", "c_next")],)

    return lstm_step_forward


@pytest.mark.parametrize(
    "lines, name",
    [
        ({"i": lambda v: 1 - v["f"]}, "The input gate is made from the forget gate: `i = 1 - f`."),
        (
            {"c_next": lambda v: v["f"] * v["c_prev"] + v["g"] * (1 - v["f"])},
            "`1 - f` is used instead of `i`: `f * c_prev + g * (1 - f)`.",
        ),
        ({"c_next": lambda v: v["f"] * v["c_prev"] + v["i"]}, "The new memory is not used: `f * c_prev + i`."),
        ({"h_next": lambda v: np.tanh(v["c_next"])}, "The output gate is not used: `h_next = np.tanh(c_next)`."),
    ],
)
def test_a_step_with_one_line_wrong_is_named(lines, name):
    assert causes("3.5", step(**lines)) == [name]


def test_h_next_in_the_cache_is_named():
    def lstm_step_forward(*arguments):
        h_next, c_next, (*cache, _) = step()(*arguments)
        return h_next, c_next, (*cache, h_next)

    assert causes("3.5", lstm_step_forward) == ["The last entry of the cache is `h_next`."]


def test_the_bias_of_another_gate_is_named():
    def lstm_step_forward(x, h_prev, c_prev, Wx, Wh, b):
        H = len(Wh)
        return step()(x, h_prev, c_prev, Wx, Wh, np.concatenate([b[: 3 * H], b[:H]]))

    assert causes("3.5", lstm_step_forward) == ["`o` is given the bias of `f`."]


def test_a_cut_along_the_batch_is_named_in_the_place_of_numpys_error():
    def lstm_step_forward(x, h_prev, c_prev, Wx, Wh, b):
        return np.split(x @ Wx + h_prev @ Wh + b, 4)

    verdict = judge_quickly(EXERCISES["3.5"], lstm_step_forward)
    assert [cause.name for cause in verdict.causes] == ["`np.split` without `axis` cuts the batch into four."]
    assert "It stopped at line" in verdict.paragraphs[1]
    assert "ValueError" not in "\n".join(verdict.paragraphs)


def test_two_mistakes_are_named_in_the_order_of_the_equations():
    two = step(g=lambda v: sigmoid(np.arctanh(v["g"])), c_next=lambda v: v["g"])
    assert causes("3.5", two) != ["The input gate is not used: `f * c_prev + g`."]
    two = step(i=lambda v: 1 - v["f"], h_next=lambda v: v["o"] * v["c_next"])
    assert causes("3.5", two) == [
        "The input gate is made from the forget gate: `i = 1 - f`.",
        "The tanh of the memory is missing: `h_next = o * c_next`.",
    ]


def test_an_exchanged_result_and_a_wrong_one_are_both_named():
    def new_memory(x, h_prev, c, Wx, Wh, b):
        g = np.tanh(x @ Wx + h_prev @ Wh + b)
        return g, c * g

    assert causes("3.3", new_memory) == ["The new memory is multiplied: `c * g`.", "`c_next` and `g` are exchanged."]


@pytest.mark.parametrize("exercise_id", ["3.1", "3.2", "3.4"])
def test_a_bias_outside_the_sigmoid_is_named(exercise_id):
    def gate(x, h_prev, memory, Wx, Wh, b):
        return (sigmoid(x @ Wx + h_prev @ Wh) + b) * (np.tanh(memory) if exercise_id == "3.1" else memory)

    assert causes(exercise_id, gate) == ["The bias is added *after* the activation."]


@pytest.mark.parametrize("exercise_id", ["3.1", "3.2", "3.4"])
def test_a_sigmoid_of_each_term_is_given_no_cause(exercise_id):
    def gate(x, h_prev, memory, Wx, Wh, b):
        return (sigmoid(x @ Wx) + sigmoid(h_prev @ Wh + b)) * memory

    assert causes(exercise_id, gate) == []


def test_a_memory_changed_in_place_is_told_so_and_given_no_cause():
    def forget_gate(x, h_prev, c_prev, Wx, Wh, b):
        c_prev *= sigmoid(x @ Wx + h_prev @ Wh + b)
        return c_prev

    verdict = judge_quickly(EXERCISES["3.2"], forget_gate)
    assert not verdict.right and verdict.causes == ()
    assert "changed its argument `c_prev`" in verdict.paragraphs[0]
