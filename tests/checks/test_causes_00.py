"""Answers to notebook 00 that were once told of the wrong mistake, or of none."""

import numpy as np

from helpers.checks.catalogue import EXERCISES
from helpers.checks.edits import Edit
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.nn import numerical_gradient


def causes(exercise_id, answer):
    verdict = judge(EXERCISES[exercise_id], answer, VISIBLE)
    assert verdict.status == "not yet"
    return [cause.name for cause in verdict.causes]


FALLS = "The curve falls from 1 to 0 where it should rise: this is σ(-a)."


def test_branches_exchanged_are_not_called_a_sign_inside_exp():
    def sigmoid(a):
        e = np.exp(-np.abs(a))
        return np.where(a < 0, 1 / (1 + e), e / (1 + e))

    assert causes("0.1", sigmoid) == [FALLS]


def test_one_minus_tanh_is_not_called_a_sign_inside_exp():
    assert causes("0.1", lambda a: (1 - np.tanh(a / 2)) / 2) == [FALLS]
    both = causes("0.1", lambda a: 1 - np.tanh(a / 2))
    assert both == [FALLS, "The curve is twice as high as it should be: it is not halved."]


def test_branches_exchanged_that_overflow_are_not_called_a_sign():
    def sigmoid(a):
        return np.where(a < 0, 1 / (1 + np.exp(-a)), np.exp(a) / (1 + np.exp(a)))

    (name,) = causes("0.1", sigmoid)
    assert "is used for large positive `a`" in name


def test_a_cut_that_does_not_help_float32_is_named():
    (name,) = causes("0.1", lambda a: 1 / (1 + np.exp(-np.clip(a, -500, 500))))
    assert name.startswith("`a` is cut off, as at ±500")


def test_a_tanh_halved_alone_is_named():
    (name,) = causes("0.1", lambda a: 1 + np.tanh(a / 2) / 2)
    assert name.startswith("Only the tanh is halved")


def test_if_on_an_array_is_named():
    def sigmoid(a):
        if a >= 0:
            return 1 / (1 + np.exp(-a))
        return np.exp(a) / (1 + np.exp(a))

    assert causes("0.1", sigmoid) == ["`if a >= 0` asks a whole array one question."]


def test_the_element_that_no_branch_takes_is_named():
    def sigmoid(a):
        y = np.zeros_like(a)
        y[a > 0] = 1 / (1 + np.exp(-a[a > 0]))
        y[a < 0] = np.exp(a[a < 0]) / (1 + np.exp(a[a < 0]))
        return y

    assert causes("0.1", sigmoid) == ["The element a = 0 belongs to neither branch."]


def test_an_x_that_is_not_put_back_is_named_beside_a_one_sided_difference():
    def numerical_gradient(f, x, eps=1e-5):
        dx, fx = np.zeros_like(x), f(x)
        for index in np.ndindex(x.shape):
            x[index] += eps
            dx[index] = (f(x) - fx) / eps
        return dx

    assert causes("0.2", numerical_gradient) == [
        "The difference is one-sided: `(f(x + eps) - f(x)) / eps`.",
        "`x` is not put back: each element stays at `x + eps`.",
    ]


def test_an_x_that_is_not_put_back_at_the_end_alone_is_wrong_by_name():
    def numerical_gradient(f, x, eps=1e-5):
        dx = EXERCISES["0.2"].reference(f, x, eps)
        x += eps
        return dx

    verdict = judge(EXERCISES["0.2"], numerical_gradient, VISIBLE)
    assert "`x afterwards` is off" in verdict.paragraphs[0]


def test_rows_changed_as_a_whole_are_named():
    def numerical_gradient(f, x, eps=1e-5):
        dx = np.zeros_like(x)
        for i in range(len(x)):
            kept = x[i].copy()
            x[i] += eps
            above = f(x)
            x[i] -= 2 * eps
            dx[i] = (above - f(x)) / (2 * eps)
            x[i] = kept
        return dx

    (name,) = causes("0.2", numerical_gradient)
    assert name.startswith("The loop runs over the first axis only")


def test_a_flat_copy_is_named():
    def numerical_gradient(f, x, eps=1e-5):
        flat, dx = x.ravel(), np.zeros(x.size)
        for i, kept in enumerate(list(flat)):
            flat[i] = kept + eps
            above = f(x)
            flat[i] = kept - eps
            dx[i] = (above - f(x)) / (2 * eps)
            flat[i] = kept
        return dx.reshape(x.shape)

    (name,) = causes("0.2", numerical_gradient)
    assert name.startswith("What is changed is a copy of `x`")


def test_right_slopes_in_float32_are_called_too_narrow_and_nothing_else():
    verdict = judge(EXERCISES["0.2"], lambda *args: numerical_gradient(*args).astype("float32"), VISIBLE)
    assert (verdict.status, verdict.causes) == ("not yet", ())
    assert verdict.paragraphs[0].startswith("`dx` is float32 where the inputs are float64: it loses digits.")


def test_whole_numbers_are_named():
    (name,) = causes("0.2", lambda *args: numerical_gradient(*args).astype(int))
    assert name.startswith("`dx` holds integers")


def test_slopes_written_into_x_are_named():
    (name,) = causes("0.2", Edit(numerical_gradient, ("np.zeros_like(x) → x",)).wrong)
    assert name.startswith("`dx = x` makes no new array")


def test_a_difference_that_looks_back_is_named():
    def numerical_gradient(f, x, eps=1e-5):
        dx, fx = np.zeros_like(x), f(x)
        for index, kept in np.ndenumerate(x):
            x[index] = kept - eps
            dx[index] = (fx - f(x)) / eps
            x[index] = kept
        return dx

    assert causes("0.2", numerical_gradient) == ["The difference is one-sided: `(f(x) - f(x - eps)) / eps`."]


def test_an_x_that_is_another_array_afterwards_is_named():
    def numerical_gradient(f, x, eps=1e-5):
        dx, old = np.zeros_like(x), x.copy()
        for index in np.ndindex(x.shape):
            x[index] += eps
            above = f(x)
            x[index] -= 2 * eps
            dx[index] = (above - f(x)) / (2 * eps)
            x = old.copy()
        return dx

    (name,) = causes("0.2", numerical_gradient)
    assert name.startswith("Only the name `x` is put back")


def test_an_error_on_the_example_by_hand_is_a_sentence_of_its_own():
    def numerical_gradient(f, x, eps=1e-5):
        return np.array([f(element) for element in x])

    verdict = judge(EXERCISES["0.2"], numerical_gradient, VISIBLE)
    assert not any("by hand, It" in paragraph for paragraph in verdict.paragraphs)


def test_the_panel_that_the_notebook_shows_first_names_no_way_to_solve_the_exercise():
    verdict = judge(EXERCISES["0.1"], lambda a: 1 / (1 + np.exp(-a)), VISIBLE)
    assert len(verdict.causes) == 1
    assert not any(way in " ".join(verdict.paragraphs) for way in ("tanh", "abs", "where", "logaddexp"))
