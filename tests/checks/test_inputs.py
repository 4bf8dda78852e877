"""No input of a check is superfluous, and the hidden check tries no kind of input that the visible one does not."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.exercise import Sizes
from helpers.checks.inputs import HIDDEN, VISIBLE, InputSpec, _resized
from helpers.checks.judge import judge
from helpers.nn import RNN, memory_gradient, rnn_step_forward, tanh_backward


def kinds(spec):
    """What is special about the inputs that are drawn."""
    sizes = spec.sizes
    special = {
        "N = 1": sizes.N == 1,
        "T = 1": sizes.T == 1,
        "H = 1": sizes.H == 1,
        "D < H": sizes.D < sizes.H,
        "D > H": sizes.D > sizes.H,
        "large": spec.scale > 1,
        "not contiguous": not spec.contiguous,
        spec.dtype: True,
    }
    return {kind for kind in special if special[kind]}


def test_every_kind_of_hidden_input_has_its_visible_one():
    visible, hidden = (set().union(*map(kinds, specs)) for specs in (VISIBLE, HIDDEN))
    assert hidden == visible
    assert {spec.scale for spec in HIDDEN} <= {spec.scale for spec in VISIBLE}


def test_other_sizes_of_the_same_kind_are_drawn():
    drawn = [(spec, _resized(spec.sizes, np.random.default_rng(seed))) for spec in HIDDEN for seed in range(50)]
    for spec, sizes in drawn:
        assert kinds(replace(spec, sizes=sizes)) == kinds(spec)
        assert len({sizes.T, sizes.D, sizes.H, sizes.V} - {1}) == 4 - (sizes.T == 1) - (sizes.H == 1)
        assert not {3, 4} & set(asdict(sizes).values())
    assert {sizes.H for _, sizes in drawn} == {1, 5, 6, 7, 8, 9}


# --- each visible input catches what no other does --------------------------------------------------------------------


def _keeps_what_it_found():
    """What a plain input gave once is given again by the next layer."""
    kept = []

    class Keeps(RNN):
        def forward(self, xs, state=None, *, training=False):
            hs, last = super().forward(xs, state)
            special = hs.shape != (2, 5, 7) or hs.dtype == "float32" or not xs.flags.c_contiguous
            if special or state is None or np.abs(xs).max() > 10:
                return hs, last
            kept.append(hs)
            return kept[0], last

    return Keeps


def _next_to_last_step(forget_gates):
    gradient = memory_gradient(forget_gates)
    gradient[-2] = forget_gates[-1]
    return gradient


def _squeezed_units(dout, y):
    dx = tanh_backward(dout, y)
    return dx[:, 0] if dx.shape[1] == 1 else dx


def _two_examples(x, h_prev, Wx, Wh, b):
    h_next = np.tanh((x @ Wx + h_prev @ Wh + b)[:2])
    return h_next, (x, h_prev, Wx, Wh, h_next)


def _tanh_by_its_formula(x, h_prev, Wx, Wh, b):
    a = x @ Wx + h_prev @ Wh + b
    h_next = (np.exp(2 * a) - 1) / (np.exp(2 * a) + 1)
    return h_next, (x, h_prev, Wx, Wh, h_next)


def _rows_side_by_side(dout, y):
    in_memory = np.lib.stride_tricks.as_strided(y, strides=(y.shape[1] * y.itemsize, y.itemsize))
    return dout * (1 - in_memory**2)


def _only_float64(dout, y):
    if y.dtype != np.float64:
        raise TypeError(f"expected float64, got {y.dtype}")
    return tanh_backward(dout, y)


class _SqueezedBatch(RNN):
    def forward(self, xs, state=None, *, training=False):
        hs, state = super().forward(xs, state)
        return (hs[0] if len(hs) == 1 else hs), state


ONLY_VISIBLE = {
    "first draw in float64": ("1.4", _keeps_what_it_found),
    "second draw in float64": ("1.4", _keeps_what_it_found),
    "draw with N = 1": ("1.4", lambda: _SqueezedBatch),
    "draw with T = 1": ("4.5", lambda: _next_to_last_step),
    "draw with H = 1": ("1.1", lambda: _squeezed_units),
    "draw with D larger than H": ("1.2", lambda: _two_examples),
    "draw with large values": ("1.2", lambda: _tanh_by_its_formula),
    "draw that is not contiguous in memory": ("1.1", lambda: _rows_side_by_side),
    "draw in float32": ("1.1", lambda: _only_float64),
}


@pytest.mark.parametrize("label", ONLY_VISIBLE)
def test_a_visible_input_catches_what_no_other_does(label):
    exercise_id, make = ONLY_VISIBLE[label]
    others = [spec for spec in VISIBLE if spec.label != label]
    assert judge(EXERCISES[exercise_id], make(), others).right
    assert not judge(EXERCISES[exercise_id], make(), VISIBLE).right


def test_every_visible_input_is_among_these():
    assert [spec.label for spec in VISIBLE] == list(ONLY_VISIBLE)


@pytest.mark.parametrize("exercise_id, make", dict.fromkeys(ONLY_VISIBLE.values()), ids=lambda part: str(part)[:4])
def test_what_the_visible_check_refuses_the_hidden_one_refuses(exercise_id, make):
    if make is not _keeps_what_it_found:  # which remembers one size, that of the visible draws
        assert not judge(EXERCISES[exercise_id], make(), HIDDEN).right


# --- the hidden inputs catch what was fitted to the visible ones ------------------------------------------------------


@pytest.fixture(scope="module")
def memorised():
    """An answer with the results of all visible draws in it, wrong on all others."""
    known = {}

    def learn(x, h_prev, Wx, Wh, b):
        known[x.tobytes()] = rnn_step_forward(x, h_prev, Wx, Wh, b)
        return known[x.tobytes()]

    def recite(x, h_prev, Wx, Wh, b):
        return known.get(x.tobytes(), (np.zeros_like(h_prev), (x, h_prev, Wx, Wh, np.zeros_like(h_prev))))

    assert judge(EXERCISES["1.2"], learn, VISIBLE).right
    return recite


@pytest.mark.parametrize("spec", HIDDEN, ids=lambda spec: spec.label)
def test_each_hidden_input_catches_a_table_of_the_visible_values(memorised, spec):
    assert judge(EXERCISES["1.2"], memorised, VISIBLE).right
    assert not judge(EXERCISES["1.2"], memorised, [spec], seed=1).right


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_hidden_check_catches_what_knows_the_visible_sizes_only(seed):
    sizes = {(spec.sizes.N, spec.sizes.D, spec.sizes.H) for spec in VISIBLE} | {(1, 1, 1)}

    def answer(x, h_prev, Wx, Wh, b):
        h_next, cache = rnn_step_forward(x, h_prev, Wx, Wh, b)
        known = (*x.shape, h_next.shape[1]) in sizes
        return (h_next if known else h_next + 1), cache

    exercise = EXERCISES["1.2"]
    example = exercise.example
    sizes.add((*example["x"].shape, len(example["b"])))
    assert judge(exercise, answer, VISIBLE).right
    refused = [spec.label for spec in HIDDEN if not judge(exercise, answer, [spec], seed).right]
    assert len(refused) >= 6


def test_a_plain_hidden_draw_has_other_numbers():
    plain = [InputSpec("plain")]
    seen = []
    for seed in (0, [1], [1, 7]):
        judge(EXERCISES["1.1"], lambda dout, y: seen.append(dout.tobytes()) or tanh_backward(dout, y), plain, seed)
    assert len(set(seen)) == 4, "three draws, and the example by hand, which is always the same"


def test_symmetry_does_not_tell_a_matrix_under_which_gradients_vanish():
    """An answer to 1.7 has to compute σ: of the matrices with σ < 1 some are symmetric and some are not."""
    drawn = EXERCISES["1.7"].draw(np.random.default_rng(0), Sizes())
    shrinking = [Wh for Wh, kind in zip(drawn["matrices"], drawn["kinds"]) if kind == "σ < 1"]
    assert {bool(np.allclose(Wh, Wh.T)) for Wh in shrinking} == {True, False}
    assert all(np.linalg.norm(Wh, 2) < 0.99 for Wh in shrinking)
