"""Where a wrong answer goes wrong: answers, a third of them with two mistakes, and what they are told.

The sentences were written down before the code. Each exercise is spelt out here where its own form is not the point.
"""

import sys
import threading
import time
from dataclasses import replace

import nbclient
import nbformat
import numpy as np
import pytest
from traitlets.config import Config

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.checks.location import found, locate, located
from helpers.kernels import encrypted
from helpers.nn import Layer, steps
from helpers.nn.functional import sigmoid
from helpers.nn.steps import rnn_step_backward, rnn_step_forward
from tests.checks.honest import ANSWERS

FIRST_WRONG = "Right so far: {}. First wrong: {}."
AS_WELL = "Wrong as well, even with your own values before it: {}."


def told(exercise_id, answer, spelt_out=None):
    """Return what an answer is told, as one text."""
    exercise = EXERCISES[exercise_id]
    if spelt_out is not None:
        exercise = replace(exercise, spelt_out=spelt_out)
    return " ".join(map(str, locate(exercise, answer)))


# --- 1.2 --------------------------------------------------------------------------------------------------------------


def step_forward(x, h_prev, Wx, Wh, b):
    a = x @ Wx + h_prev @ Wh + b
    h_next = np.tanh(a)
    return h_next, (x, h_prev, Wx, Wh, h_next)


def test_a_sigmoid_for_tanh_behind_a_right_sum():
    def answer(x, h_prev, Wx, Wh, b):
        total = x @ Wx + h_prev @ Wh + b
        h = sigmoid(total)
        return h, (x, h_prev, Wx, Wh, h)

    assert told("1.2", answer, step_forward) == "Right so far: `a`. First wrong: `h_next`, at `h = sigmoid(total)`."


def test_two_mistakes_in_one_step():
    def answer(x, h_prev, Wx, Wh, b):
        a = x @ Wx + h_prev @ Wh
        h_next = sigmoid(a)
        return h_next, (x, h_prev, Wx, Wh, h_next)

    said = "Not found: `a`; `a = x @ Wx + h_prev @ Wh` has other values. " + AS_WELL.format("`h_next`")
    assert told("1.2", answer, step_forward) == said


def test_a_part_of_a_sum_is_not_called_wrong():
    def answer(x, h_prev, Wx, Wh, b):
        a = x @ Wx
        h_next = sigmoid(a + h_prev @ Wh + b)
        return h_next, (x, h_prev, Wx, Wh, h_next)

    said = "Not found: `a`; `a = x @ Wx` has other values. " + AS_WELL.format("`h_next`")
    assert told("1.2", answer, step_forward) == said


def test_a_cache_with_something_else_in_it():
    def answer(x, h_prev, Wx, Wh, b):
        h_next = np.tanh(x @ Wx + h_prev @ Wh + b)
        return h_next, (x, h_next, Wx, Wh, h_next)

    said = "Right so far: `h_next`. The cache has `h_next` where `h_prev` belongs."
    assert told("1.2", answer, step_forward) == said


# --- 1.3 --------------------------------------------------------------------------------------------------------------


def test_a_quantity_under_a_name_of_its_own_and_a_mean_for_a_sum():
    def answer(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        dtanh = dh_next * h_next * (1 - h_next)
        return dtanh @ Wx.T, dtanh @ Wh.T, x.T @ dtanh, h_prev.T @ dtanh, dtanh.mean(axis=0)

    said = "First wrong: `da`, at `dtanh = dh_next * h_next * (1 - h_next)`. " + AS_WELL.format("`db`")
    assert told("1.3", answer) == said


def test_two_results_that_are_wrong_apart():
    def answer(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        da = dh_next * (1 - h_next**2)
        return da @ Wx.T, da @ Wh, x.T @ da, da.T @ h_prev, da.sum(axis=0)

    said = FIRST_WRONG.format("`da`, `dx`, `dWx`, `db`", "`dh_prev`") + " " + AS_WELL.format("`dWh`")
    assert told("1.3", answer) == said


def test_a_result_of_the_wrong_shape():
    def answer(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        da = dh_next * (1 - h_next**2)
        return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da

    said = FIRST_WRONG.format("`da`, `dx`, `dh_prev`, `dWx`, `dWh`", "`db`") + " It has the values of `da`."
    assert told("1.3", answer) == said


def test_results_in_each_others_place():
    def answer(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        da = dh_next * (1 - h_next**2)
        return da @ Wh.T, da @ Wx.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)

    said = "`dx` is right on the way, but `dh_prev` is returned in its place."
    assert told("1.3", answer) == f"Right so far: `da`, `dWx`, `dWh`, `db`. {said}"


def test_an_answer_that_raises_is_told_how_far_it_came():
    def answer(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        da = dh_next * (1 - h_next**2)
        dWx = x @ da
        return da @ Wx.T, da @ Wh.T, dWx, h_prev.T @ da, da.sum(axis=0)

    assert told("1.3", answer) == "Right on the way: `da`."


def test_a_factor_is_told():
    def answer(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        da = dh_next * (1 - h_next**2)
        return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.mean(axis=0)

    said = FIRST_WRONG.format("`da`, `dx`, `dh_prev`, `dWx`, `dWh`", "`db`") + " It is 1/2 times what it should be."
    assert told("1.3", answer) == said


# --- 1.5, 3.4 ---------------------------------------------------------------------------------------------------------


def test_an_argument_is_never_told_to_be_right():
    def backprop_norms(Wh, dh, steps):
        return np.array([np.linalg.norm(dh @ np.linalg.matrix_power(Wh.T, step + 1), 2) for step in range(steps)])

    assert "`dh`" not in told("1.5", backprop_norms)


def test_a_quantity_of_another_shape_that_the_rest_is_made_of():
    def input_gate(x, h_prev, g, Wx, Wh, b):
        a = x @ Wx + h_prev @ Wh + b
        i = sigmoid(a).mean(axis=1, keepdims=True)
        return i * g

    said = FIRST_WRONG.format("`a`", "`i`, at `i = sigmoid(a).mean(axis=1, keepdims=True)`")
    assert told("3.4", input_gate) == f"{said} It has the shape (2, 1), and should have (2, 7)."


# --- 3.5 --------------------------------------------------------------------------------------------------------------


def test_a_gate_and_the_state_behind_it_are_wrong():
    def answer(x, h_prev, c_prev, Wx, Wh, b):
        A = x @ Wx + h_prev @ Wh + b
        H = h_prev.shape[1]
        f, i, o = sigmoid(A[:, :H]), sigmoid(A[:, 2 * H : 3 * H]), sigmoid(A[:, 3 * H :])
        g = sigmoid(A[:, H : 2 * H])
        c_next = f * c_prev + g * i
        h_next = o * c_next
        return h_next, c_next, (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next)

    said = FIRST_WRONG.format("`A`, `f`, `i`, `o`", "`g`, at `g = sigmoid(A[:, H : 2 * H])`")
    assert told("3.5", answer, steps.lstm_step_forward) == f"{said} {AS_WELL.format('`h_next`')}"


def test_names_that_stand_for_each_other():
    def answer(x, h_prev, c_prev, Wx, Wh, b):
        A = x @ Wx + h_prev @ Wh + b
        i, g, f, o = np.split(A, 4, axis=1)
        f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
        c_next = f * c_prev + g * i
        h_next = o * np.tanh(c_next)
        return h_next, c_next, (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next)

    said = "Your `f` has the values of `i`, and your `i` those of `f`."
    assert told("3.5", answer, steps.lstm_step_forward) == said


def test_other_names_and_no_input_gate():
    def answer(x, h_prev, c_prev, Wx, Wh, b):
        forget, new, let_in, out = np.split(np.hstack([x, h_prev]) @ np.vstack([Wx, Wh]) + b, 4, axis=1)
        forget, new, let_in, out = sigmoid(forget), np.tanh(new), sigmoid(let_in), sigmoid(out)
        memory = forget * c_prev + new
        h = out * np.tanh(memory)
        return h, memory, (x, h_prev, c_prev, Wx, Wh, forget, new, let_in, out, memory)

    said = FIRST_WRONG.format("`f`, `g`, `i`, `o`", "`c_next`, at `memory = forget * c_prev + new`")
    assert told("3.5", answer, steps.lstm_step_forward) == said


# --- 4.2, 4.3, 9.1 ----------------------------------------------------------------------------------------------------


def gates_backward(df, dg, di, do, f, g, i, o):
    daf = df * f * (1 - f)
    dag = dg * (1 - g**2)
    dai = di * i * (1 - i)
    dao = do * o * (1 - o)
    dA = np.hstack([daf, dag, dai, dao])
    return dA


def test_two_of_four_gates():
    def answer(df, dg, di, do, f, g, i, o):
        daf, dag, dai, dao = df * f * (1 - f), dg * g * (1 - g), di * i * (1 - i), do * o
        return np.hstack([daf, dag, dai, dao])

    said = told("4.2", answer, gates_backward)
    assert said.startswith("Right so far: `daf`, `dai`. First wrong: `dag`")
    assert said.endswith(AS_WELL.format("`dao`"))


def test_one_block_of_one_expression():
    def answer(df, dg, di, do, f, g, i, o):
        return np.hstack([df * f * (1 - f), dg * g * (1 - g), di * i * (1 - i), do * o * (1 - o)])

    assert told("4.2", answer, gates_backward) == "First wrong: `dA`. Only its block `g` is wrong."


def test_the_memory_and_a_mean():
    def answer(dh_next, dc_next, cache):
        x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next = cache
        tanh_c = np.tanh(c_next)
        dc = dc_next + dh_next * o
        dA = np.hstack(
            [
                dc * c_prev * f * (1 - f),
                dc * i * (1 - g**2),
                dc * g * i * (1 - i),
                dh_next * tanh_c * o * (1 - o),
            ]
        )
        return dA @ Wx.T, dA @ Wh.T, dc * f, x.T @ dA, h_prev.T @ dA, dA.mean(axis=0)

    said = FIRST_WRONG.format("`tanh_c`", "`dc_next`, at `dc = dc_next + dh_next * o`")
    assert told("4.3", answer, steps.lstm_step_backward) == f"{said} {AS_WELL.format('`db`')}"


def test_a_cache_unpacked_in_another_order():
    def answer(dh_next, dc_next, cache):
        x, h_prev, c_prev, Wx, Wh, f, i, g, o, c_next = cache
        tanh_c = np.tanh(c_next)
        dc_next = dc_next + dh_next * o * (1 - tanh_c**2)
        dc_prev, df, dg, di = dc_next * f, dc_next * c_prev, dc_next * i, dc_next * g
        dA = np.hstack([df * f * (1 - f), dg * (1 - g**2), di * i * (1 - i), dh_next * tanh_c * o * (1 - o)])
        return dA @ Wx.T, dA @ Wh.T, dc_prev, x.T @ dA, h_prev.T @ dA, dA.sum(axis=0)

    said = "Your `g` has the values of `i`, and your `i` those of `g`."
    assert told("4.3", answer, steps.lstm_step_backward) == said


def test_pytorchs_order_and_its_reset():
    def answer(x, h_prev, Wx, Wh, b):
        H = h_prev.shape[1]
        a, u = x @ Wx + b, h_prev @ Wh
        z, r = sigmoid(a[:, :H] + u[:, :H]), sigmoid(a[:, H : 2 * H] + u[:, H : 2 * H])
        n = np.tanh(a[:, 2 * H :] + r * u[:, 2 * H :])
        h_next = z * h_prev + (1 - z) * n
        return h_next, (x, h_prev, Wx, Wh, z, r, n)

    said = FIRST_WRONG.format("`A`, `z`, `r`", "`n`, at `n = np.tanh(a[:, 2 * H :] + r * u[:, 2 * H :])`")
    assert told("9.1", answer, steps.gru_step_forward) == f"{said} {AS_WELL.format('`h_next`')}"


def test_two_gates_in_each_others_place():
    def answer(x, h_prev, Wx, Wh, b):
        H = h_prev.shape[1]
        A = x @ Wx + b
        r, z = np.split(sigmoid(A[:, : 2 * H] + h_prev @ Wh[:, : 2 * H]), 2, axis=1)
        n = np.tanh(A[:, 2 * H :] + (r * h_prev) @ Wh[:, 2 * H :])
        h_next = (1 - z) * h_prev + z * n
        return h_next, (x, h_prev, Wx, Wh, z, r, n)

    said = "Your `z` has the values of `r`, and your `r` those of `z`."
    assert told("9.1", answer, steps.gru_step_forward) == said


# --- layers over time -------------------------------------------------------------------------------------------------


class Right(Layer):
    """An RNN, right as it stands."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def start(self, xs, state):
        return np.zeros((len(xs), len(self.Wh.value)), xs.dtype) if state is None else state

    def carried(self, h, first):
        return h

    def sent_back(self, dh):
        return dh

    def forward(self, xs, state=None, *, training=False):
        h = first = self.start(xs, state)
        hs, self.caches = [], []
        for step in range(xs.shape[1]):
            before = self.carried(h, first)
            h, cache = rnn_step_forward(xs[:, step], before, self.Wx.value, self.Wh.value, self.b.value)
            hs.append(h)
            self.caches.append(cache)
        return np.stack(hs, axis=1), h

    def backward(self, dhs, dstate=None):
        dh = np.zeros_like(dhs[:, 0]) if dstate is None else dstate
        dxs = np.empty((*dhs.shape[:2], len(self.Wx.value)), dhs.dtype)
        for step in reversed(range(dhs.shape[1])):
            dxs[:, step], dh, dWx, dWh, db = rnn_step_backward(dhs[:, step] + dh, self.caches[step])
            dh = self.sent_back(dh)
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
        return dxs, dh


class NotCarried(Right):
    def carried(self, h, first):
        return first


class NothingSentBack(Right):
    def sent_back(self, dh):
        return np.zeros_like(dh)


class Keeps(Right):
    kept = None

    def forward(self, xs, state=None, *, training=False):
        hs, self.kept = super().forward(xs, self.kept if state is None else state)
        return hs, self.kept


class NotFromTheGivenState(Right):
    def start(self, xs, state):
        return super().start(xs, None)


class Overwrites(Right):
    def backward(self, dhs, dstate=None):
        self.zero_grad()
        return super().backward(dhs, dstate)


@pytest.mark.parametrize(
    "answer, said",
    [
        (NotCarried, "`hs` is right at step 0 and wrong from step 1 on: what is carried from step to step?"),
        (NothingSentBack, "`dxs` is right at the last step and wrong before it: what goes back from step to step?"),
        (Keeps, "The first call is right. In the second `hs` is wrong: what does the layer keep from call to call?"),
        (NotFromTheGivenState, "`hs` is wrong at step 0 already: what does it start from?"),
        (Overwrites, "`Wx.grad` is right after one call and wrong after two: is each gradient added to what is there?"),
        (Right, ""),
    ],
)
def test_a_layer_over_time(answer, said):
    assert told("1.4", answer).endswith(said)
    assert bool(told("1.4", answer)) == bool(said)


def gates_squared(forget_gates):
    gradient = np.ones_like(forget_gates)
    for step in reversed(range(len(gradient) - 1)):
        gradient[step] = gradient[step + 1] * forget_gates[step + 1] ** 2
    return gradient


def test_what_is_right_at_the_end_is_counted_from_there_since_the_example_by_hand_has_fewer_steps():
    assert told("4.5", gates_squared) == "`gradient` is right in its last row and wrong before it."


# --- other layers -----------------------------------------------------------------------------------------------------


def test_a_layer_with_a_mistake_each_way():
    class Affine(Layer):
        def __init__(self, W, b):
            self.W, self.b = W, b

        def forward(self, xs, *, training=False):
            self.xs = xs
            return xs @ self.W.value

        def backward(self, dys):
            rows = dys.reshape(-1, dys.shape[2])
            self.W.grad += self.xs.reshape(len(rows), -1).T @ rows
            self.b.grad += rows.mean(axis=0)
            return dys @ self.W.value.T

    said = told("5.2", Affine)
    assert said.startswith("Right so far: ")
    assert "First wrong: `ys`." in said
    assert said.endswith(AS_WELL.format("`b.grad`"))


def test_a_gradient_that_is_not_divided():
    class SoftmaxCrossEntropy:
        def forward(self, logits, targets):
            shifted = logits - logits.max(axis=-1, keepdims=True)
            self.logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
            self.targets = targets[..., None]
            return -np.take_along_axis(self.logs, self.targets, axis=-1).mean()

        def backward(self):
            dlogits = np.exp(self.logs)
            np.put_along_axis(dlogits, self.targets, np.take_along_axis(dlogits, self.targets, -1) - 1, axis=-1)
            return dlogits

    said = told("5.3", SoftmaxCrossEntropy)
    assert "`loss`" in said
    assert "First wrong: `dlogits`." in said
    assert said.endswith("It is 10 times what it should be.")


def test_a_tied_layer_with_two_mistakes():
    class TiedAffine(Layer):
        def __init__(self, E, b):
            self.E, self.b = E, b

        def forward(self, xs, *, training=False):
            if xs.shape[-1] != self.E.value.shape[1]:
                raise ValueError("xs of another width")
            self.xs = xs
            return xs @ self.E.value.T + self.b.value

        def backward(self, dlogits):
            self.E.grad[...] = np.einsum("ntv,ntd->vd", dlogits, self.xs)
            self.b.grad += dlogits.mean(axis=(0, 1))
            return dlogits @ self.E.value

    said = told("8.2", TiedAffine)
    assert "First wrong: `E.grad`." in said
    assert said.endswith(AS_WELL.format("`b.grad`"))


def test_a_stack_with_its_states_the_other_way_round():
    class Stacked(EXERCISES["6.1"].reference):
        def backward(self, dys, dstate=None):
            dxs, before = super().backward(dys, dstate)
            return dxs, before[::-1]

    said = "`dstate[0]` is right on the way, but `dstate[1]` is returned in its place."
    assert told("6.1", Stacked).endswith(said)


# --- random numbers: where they are those of the right answer ------------------------------------------------------


def test_what_comes_before_a_draw():
    def sample_next(logits, temperature, rng):
        scores = logits * temperature
        powers = np.exp(scores - scores.max())
        return int(rng.choice(len(logits), p=powers / powers.sum()))

    assert told("5.6", sample_next) == "First wrong: `scores`, at `scores = logits * temperature`."


class Dropout(Layer):
    """As in 6.4, with the scale forgotten on the way back."""

    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def draw(self, shape):
        return self.rng.random(shape)

    def forward(self, xs, *, training=False):
        self.mask = (self.draw(xs.shape) >= self.rate if training else np.ones(xs.shape)) / (
            1 - self.rate if training else 1
        )
        return xs * self.mask

    def backward(self, dys):
        dxs = dys * (self.mask > 0)
        return dxs


class DropoutOfOtherDraws(Dropout):
    def draw(self, shape):
        return 1 - self.rng.random(shape)


def test_what_comes_after_a_draw():
    said = FIRST_WRONG.format("`mask`, `ys`", "`dxs`, at `dxs = dys * (self.mask > 0)`")
    assert told("6.4", Dropout) == said


def test_other_draws_are_not_called_wrong():
    assert told("6.4", DropoutOfOtherDraws) == ""


def test_what_is_the_same_whatever_is_drawn():
    class VariationalLSTM(EXERCISES["7.3"].reference):
        def backward(self, dhs, dstate=None):
            return super().backward(dhs)

    said = "`dxs` is wrong at the last step already: what does it start from?"
    assert told("7.3", VariationalLSTM).endswith(said)


# --- what it must never do --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_a_right_answer_is_never_told_that_something_is_wrong(exercise, monkeypatch):
    monkeypatch.setattr("helpers.checks.tracing.RUN_LIMIT", 60.0)  # followed to its end on a busy machine too
    for answer in (exercise.reference, *ANSWERS[exercise.id]):
        assert locate(exercise, answer) == (), answer


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_what_is_said_of_a_known_mistake_is_short_and_costs_little(exercise, every, monkeypatch):
    monkeypatch.setattr("helpers.checks.answer_code._is_theirs", lambda module: True)  # traced like a learner's
    for mistake in exercise.misconceptions[::every]:
        start = time.process_time()
        said = found(exercise, mistake.wrong)  # with no error that `locate` would hide
        assert time.process_time() - start < 1.0, mistake.name
        assert len(said) <= 3
        assert sum(len(str(one)) for one in said) <= 250
        assert all("{" not in str(one) for one in said)


def test_the_verdict_stands_and_the_list_of_results_makes_room():
    def answer(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        da = dh_next * (1 - h_next**2)
        return da @ Wx.T, da @ Wh.T + 1, x.T @ da, h_prev.T @ da + 1, da.sum(axis=0)

    verdict = judge(EXERCISES["1.3"], answer, VISIBLE)
    fuller = located(verdict, answer)
    assert (fuller.status, fuller.causes, fuller.points) == (verdict.status, verdict.causes, 0.0)
    assert "results" in {one.role for one in verdict.messages} - {one.role for one in fuller.messages}
    assert "First wrong: `dh_prev`." in fuller.paragraphs[-2]


def test_a_named_cause_and_a_right_answer_need_no_more():
    exercise = EXERCISES["1.3"]
    for answer in (exercise.misconceptions[0].wrong, exercise.reference):
        verdict = judge(exercise, answer, VISIBLE)
        assert located(verdict, answer) is verdict
    assert located(judge(exercise, 3.0, VISIBLE), 3.0).status == "not yet"


def test_what_the_causes_explain_is_not_told_again():
    def answer(dh_next, cache):
        x, h_prev, Wx, Wh, h_next = cache
        da = dh_next * (1 - h_next**2)
        return np.sin(da) @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.mean(axis=0)

    verdict = judge(EXERCISES["1.3"], answer, VISIBLE)
    assert [cause.name for cause in verdict.causes] == ["`db` is the *mean* over the batch."]
    said = FIRST_WRONG.format("`da`, `dh_prev`, `dWx`, `dWh`", "`dx`")
    assert located(verdict, answer).paragraphs[len(verdict.paragraphs) :] == (said,)


def test_what_was_made_of_a_changed_argument_is_not_called_wrong():
    def answer(dc_next, c_prev, f, g, i):
        dc_prev = dc_next
        dc_prev *= f
        df = dc_next * c_prev
        return dc_prev, df, dc_next * i, dc_next * g

    verdict = judge(EXERCISES["4.1"], answer, VISIBLE)
    assert verdict.changed == ("dc_next",)
    assert not any("dc_next" in said for said in located(verdict, answer).paragraphs[1:])


def test_a_sum_that_was_not_yet_begun_is_not_called_wrong():
    def answer(params, strength):
        penalty = 0.0
        for param in params:
            param.grad = param.grad + strength * param.value
            penalty += strength / 2 * (param.value**2).sum()
        return penalty

    verdict = judge(EXERCISES["6.3"], answer, VISIBLE)
    assert not any("penalty = 0.0" in said for said in located(verdict, answer).paragraphs)


def test_it_is_silent_with_a_debugger_at_work():
    def answer(dh_next, cache):
        return tuple(np.zeros_like(array) for array in cache)

    def trace(frame, event, arg):
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        assert locate(EXERCISES["1.3"], answer) == ()
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)


def test_an_answer_that_never_ends_is_stopped():
    def answer(dh_next, cache):
        da = dh_next * (1 - cache[-1] ** 2)
        while True:
            dh_next = da + dh_next

    start = time.process_time()
    assert told("1.3", answer) == "Right on the way: `da`."
    assert time.process_time() - start < 1.0
    assert sys.gettrace() is None


@pytest.mark.parametrize("error", [ValueError, SystemExit, RecursionError])
def test_no_error_comes_out_of_it(error):
    def answer(dh_next, cache):
        raise error

    assert told("1.3", answer) == ""
    assert told("1.4", answer) == ""
    assert told("1.3", np.tanh) == ""


def test_it_prints_nothing_and_warns_of_nothing(capfd, recwarn):
    def answer(dh_next, cache):
        print("here", np.log(np.zeros(1)))
        da = dh_next * (1 - cache[-1] ** 2)
        return da, da, da, da, da

    assert "`da`" in told("1.3", answer)
    assert capfd.readouterr() == ("", "")
    assert not recwarn


def test_it_works_in_another_thread():
    said = []
    thread = threading.Thread(target=lambda: said.append(told("1.4", NotCarried)))
    thread.start()
    thread.join()
    assert said[0].endswith("what is carried from step to step?")


CELL = """
import numpy as np
from helpers.checks.catalogue import EXERCISES
from helpers.checks.session import check

def gradient_of_tanh(dh_next, h_next):
    da = dh_next * (1 - h_next**2)
    return da

def rnn_step_backward(dh_next, cache):
    x, h_prev, Wx, Wh, h_next = cache
    passed = gradient_of_tanh(dh_next, h_next)
    dx = passed @ Wx.T + {nothing}
    return dx, passed @ Wh.T, x.T @ passed, h_prev.T @ passed, passed.sum(axis=0)
"""


def test_it_works_in_a_kernel():
    debugger = "import sys\nsys.settrace(lambda frame, event, arg: None)\ncheck('1.3', rnn_step_backward)\n"
    cells = [
        CELL.format(nothing=0),
        "check('1.3', rnn_step_backward)",
        CELL.format(nothing=1),
        "check('1.3', rnn_step_backward)",
        f"{debugger}sys.settrace(None)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, kernel_name="python3", config=Config({"KernelManager": encrypted()})).execute()
    shown = [
        "".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs) for cell in notebook.cells
    ]
    assert "right" in shown[1]
    assert "First wrong" not in shown[1]
    assert "Right so far: `da`" in shown[3]
    assert "First wrong: `dx`, at `dx = passed @ Wx.T + 1`." in shown[3]
    assert "First wrong" not in shown[4]
    assert "not yet" in shown[4]
