"""Answers to notebook 01 that were once told of the wrong mistake, or of none."""

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.nn import RNN, gradient_bounds, rnn_step_backward, rnn_step_forward


def causes(exercise_id, answer):
    verdict = judge(EXERCISES[exercise_id], answer, VISIBLE)
    assert verdict.status == "not yet"
    return [cause.name for cause in verdict.causes]


def test_a_dh_prev_made_of_dh_next_is_not_called_a_wrong_da():
    def answer(dh_next, cache):
        _, _, _, Wh, _ = cache
        dx, _, dWx, dWh, db = rnn_step_backward(dh_next, cache)
        return dx, dh_next @ Wh.T, dWx, dWh, db

    assert causes("1.3", answer) == ["`dh_prev` is made from `dh_next` instead of `da`."]


def test_keepdims_is_named():
    def answer(dh_next, cache):
        *others, db = rnn_step_backward(dh_next, cache)
        return (*others, db[None])

    assert causes("1.3", answer) == ["`db` keeps the axis of the batch, from `keepdims=True`."]


def test_one_wrong_result_beside_two_that_change_places_is_named():
    def answer(dh_next, cache):
        *_, h_next = cache
        dx, dh_prev, dWx, _, db = rnn_step_backward(dh_next, cache)
        return dx, dh_prev, h_next.T @ (dh_next * (1 - h_next**2)), dWx, db

    assert causes("1.3", answer) == ["`dWh` is made from `h_next`.", "`dWx` and `dWh` are exchanged."]


def test_a_matrix_product_in_the_tanh_is_not_called_a_missing_transpose_of_dWh():
    def answer(dh_next, cache):
        *_, h_next = cache
        return dh_next @ (1 - h_next**2)

    assert causes("1.3", answer) == ["Two arrays of shape (N, H) stand on both sides of a matrix product, `@`."]


def test_a_cache_unpacked_in_another_order_is_one_mistake():
    def answer(dh_next, cache):
        x, h_next, Wx, Wh, h_prev = cache
        return rnn_step_backward(dh_next, (x, h_prev, Wx, Wh, h_next))

    assert causes("1.3", answer) == ["`h_prev` and `h_next` are exchanged where the cache is unpacked."]


class WideRNN(RNN):
    """Right, in float64 whatever comes in."""

    def forward(self, xs, state=None, *, training=False):
        return super().forward(xs.astype("float64"), state, training=training)


def test_no_gradient_from_the_future_is_not_called_a_wide_type():
    class NoFuture(WideRNN):
        def backward(self, dhs, dstate=None):
            dxs = np.zeros((*dhs.shape[:2], len(self.Wx.value)))
            for step in reversed(range(dhs.shape[1])):
                dxs[:, step], dh, dWx, dWh, db = rnn_step_backward(dhs[:, step], self.caches[step])
                self.Wx.grad += dWx
                self.Wh.grad += dWh
                self.b.grad += db
            return dxs, dh

    assert judge(EXERCISES["1.4"], WideRNN, VISIBLE).right
    assert causes("1.4", NoFuture) == ["Nothing comes from the future: backward uses `dhs[:, step]` alone."]


def test_gradients_zeroed_in_backward_are_said_to_be_lost():
    class Zeroing(RNN):
        def backward(self, dhs, dstate=None):
            self.zero_grad()
            return super().backward(dhs, dstate)

    (name,) = causes("1.4", Zeroing)
    assert name.startswith("What an earlier call left in `.grad` is lost")


def test_gradients_zeroed_in_forward_are_not_said_to_be_zeroed_in_backward():
    class Zeroing(RNN):
        def forward(self, xs, state=None, *, training=False):
            self.zero_grad()
            return super().forward(xs, state, training=training)

    verdict = judge(EXERCISES["1.4"], Zeroing, VISIBLE)
    assert verdict.causes == ()
    assert verdict.paragraphs[0].startswith("`RNN.forward` changes the gradients")


def test_a_sum_added_once_after_the_loop_is_not_called_an_assignment():
    class Once(RNN):
        def backward(self, dhs, dstate=None):
            dh, dxs = dstate if dstate is not None else np.zeros_like(dhs[:, 0]), []
            for cache, dh_above in zip(self.caches[::-1], dhs.swapaxes(0, 1)[::-1]):
                dx, dh, dWx, dWh, db = rnn_step_backward(dh_above + dh, cache)
                dxs.insert(0, dx)
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
            return np.stack(dxs, axis=1), dh

    (name,) = causes("1.4", Once)
    assert name.startswith("Only the gradients of step 0")


def test_a_state_that_is_not_carried_is_named():
    class Forgetful(RNN):
        def forward(self, xs, state=None, *, training=False):
            first = np.zeros((len(xs), len(self.b.value)), xs.dtype) if state is None else state
            params = self.Wx.value, self.Wh.value, self.b.value
            done = [rnn_step_forward(x, first, *params) for x in xs.swapaxes(0, 1)]
            self.caches = [cache for _, cache in done]
            return np.stack([h for h, _ in done], axis=1), done[-1][0]

    (name,) = causes("1.4", Forgetful)
    assert name.startswith("Every step reads the state from before the first")


@pytest.mark.parametrize("largest", [max, np.max])
def test_an_absolute_value_taken_after_the_maximum_is_named(largest):
    def answer(Wh):
        return gradient_bounds(Wh)[0], abs(largest(np.linalg.eigvals(Wh)))

    assert causes("1.6", answer) == ["The largest eigenvalue is chosen first, and its absolute value taken then."]


@pytest.mark.parametrize("said", ["vanishes", "explodes", "grows, then vanishes"])
def test_an_answer_that_is_always_the_same_has_no_cause(said):
    assert causes("1.7", lambda Wh: said) == []


def test_a_rounded_sigma_is_named_beside_an_answer_that_is_not_returned():
    def answer(Wh):
        sigma_max, spectral_radius = gradient_bounds(Wh)
        if round(sigma_max) < 1:
            return "vanishes"
        if spectral_radius > 1:
            return "explodes"

    first, second = causes("1.7", answer)
    assert first == "σ is rounded to a whole number before it is compared."
    assert second.startswith("The function ends without a `return`")
