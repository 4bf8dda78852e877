"""What a notebook sees: points, panels, and earlier answers that stand in for each other."""

import numpy as np
import pytest

from helpers.checks import answer, check, hidden_check, session
from helpers.nn import Layer, backprop_norms, rnn_step_backward, rnn_step_forward, tanh_backward


@pytest.fixture
def shown(monkeypatch):
    """The panels that were displayed."""
    panels = []
    monkeypatch.setattr(session, "display", panels.append)
    return panels


def in_a_notebook(source, **names):
    """Run the source of an answer cell in a namespace of its own, as a kernel does, and return the namespace."""
    namespace = {"np": np, "Layer": Layer, **names}
    exec(compile(source, "<cell>", "exec"), namespace)
    return namespace


USES_TANH = """
def rnn_step_backward(dh_next, cache):
    x, h_prev, Wx, Wh, h_next = cache
    da = tanh_backward(dh_next, h_next)
    return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)
"""


def test_points_are_a_plain_float(shown):
    earned = check("1.1", tanh_backward)
    assert type(earned) is float
    assert earned == 1.0
    assert type(check("1.1", lambda dout, y: dout)) is float


def test_points_rise_with_the_stars_and_hidden_ones_double_them(shown):
    assert check("1.3", rnn_step_backward) == 2.0
    assert hidden_check("1.3", rnn_step_backward) == 2.0


def test_an_unknown_exercise_lists_those_there_are(shown):
    with pytest.raises(ValueError, match=r"There is no exercise '9\.9'.*0\.1, 1\.1"):
        check("9.9", tanh_backward)


def test_a_wrong_earlier_answer_is_replaced_and_named(shown):
    cell = in_a_notebook(USES_TANH, tanh_backward=lambda dout, y: dout)
    wrong = cell["tanh_backward"]
    assert check("1.3", cell["rnn_step_backward"]) == 2.0
    assert "Exercise 1.1 is not right yet" in repr(shown[-1])
    assert cell["tanh_backward"] is wrong, "the learner's own function is back in its place"


def test_a_missing_earlier_answer_is_replaced(shown):
    cell = in_a_notebook(USES_TANH)
    assert check("1.3", cell["rnn_step_backward"]) == 2.0
    assert "tanh_backward" not in cell


def test_a_right_earlier_answer_is_used_as_it_is(shown):
    calls = []

    def mine(dout, y):
        calls.append(1)
        return tanh_backward(dout, y)

    cell = in_a_notebook(USES_TANH, tanh_backward=mine)
    check("1.3", cell["rnn_step_backward"])
    assert "reference" not in repr(shown[-1])
    assert len(calls) > 8


def test_an_answer_that_does_without_the_earlier_one_gets_no_notice(shown):
    cell = in_a_notebook(USES_TANH.replace("tanh_backward(dh_next, h_next)", "dh_next * (1 - h_next**2)"))
    check("1.3", cell["rnn_step_backward"])
    assert "reference" not in repr(shown[-1])


def test_a_class_gets_stand_ins_for_its_steps(shown):
    source = """
class RNN(Layer):
    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs, state=None, *, training=False):
        h = np.zeros((len(xs), len(self.Wh.value)), xs.dtype) if state is None else state
        self.caches, hs = [], []
        for step in range(xs.shape[1]):
            h, cache = rnn_step_forward(xs[:, step], h, self.Wx.value, self.Wh.value, self.b.value)
            self.caches.append(cache)
            hs.append(h)
        return np.stack(hs, 1), h

    def backward(self, dhs, dstate=None):
        dh, dxs = (np.zeros_like(dhs[:, 0]) if dstate is None else dstate), []
        for step in reversed(range(dhs.shape[1])):
            dx, dh, *grads = rnn_step_backward(dhs[:, step] + dh, self.caches[step])
            dxs.insert(0, dx)
            for param, grad in zip((self.Wx, self.Wh, self.b), grads):
                param.grad += grad
        return np.stack(dxs, 1), dh
"""

    def stub(*args):
        raise NotImplementedError

    cell = in_a_notebook(source, rnn_step_forward=stub, rnn_step_backward=stub)
    assert check("1.4", cell["RNN"]) == 3.0
    assert "Exercise 1.2 is not right yet" in repr(shown[-1])
    assert "Exercise 1.3 is not right yet" in repr(shown[-1])
    assert cell["rnn_step_forward"] is stub


def test_answer_gives_the_learners_own_once_it_is_right(shown):
    def mine(Wh, dh, steps):
        return backprop_norms(Wh, dh, steps)

    check("1.5", mine)
    shown.clear()
    assert answer("1.5") is mine
    assert shown == []


def test_answer_gives_the_reference_with_a_notice_until_then(shown):
    check("1.5", lambda Wh, dh, steps: dh)
    assert answer("1.5") is backprop_norms
    assert "still open" in repr(shown[-1])


def test_a_mended_answer_counts_at_once(shown):
    assert check("1.2", lambda x, h_prev, Wx, Wh, b: None) == 0.0
    assert check("1.2", rnn_step_forward) == 1.0
    assert answer("1.2") is rnn_step_forward


def test_the_secret_seed_changes_the_hidden_draws(shown, monkeypatch):
    seen = []

    def spy(dout, y):
        seen.append(dout.tobytes())
        return tanh_backward(dout, y)

    hidden_check("1.1", spy)
    without, seen[:] = set(seen), []
    monkeypatch.setenv(session.SECRET_SEED, "winter term")
    hidden_check("1.1", spy)
    assert len(without & set(seen)) == 1, "only the example by hand is the same"


def test_a_hidden_check_shows_nothing_of_its_draws(shown):
    hidden_check("1.3", lambda dh_next, cache: (dh_next,) * 5)
    text = repr(shown[-1]) + shown[-1]._repr_html_()
    assert "expected" not in text
    assert "shape" not in text
