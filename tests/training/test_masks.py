"""The RNN of notebook 07 with masks on its hidden state: its gradients, its runs, and the stored table."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.nn import RNN, Dropout, Param, VariationalDropout, rnn_step_backward, rnn_step_forward
from helpers.training import MASK_ROWS, MaskedRNN, load_masks, load_sweep, masked_accuracy
from helpers.training.masks import MASK_LAGS, measure_masks
from helpers.training.sweep import fingerprint

QUICK = MASK_ROWS["identity, shared"]
QUICK = replace(QUICK, recall=replace(QUICK.recall, updates=60, hidden_size=12, learning_rate=0.03, inputs=0.3))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def _layer(drop, rng):
    return MaskedRNN(*(Param(rng.normal(0, 0.5, shape)) for shape in [(6, 7), (7, 7), (7,)]), drop)


@pytest.mark.parametrize("kind", [Dropout, VariationalDropout])
def test_the_gradients_match_the_numerical_ones(kind, rng):
    xs, dhs = rng.normal(size=(2, 5, 6)), rng.normal(size=(2, 5, 7))
    layer = _layer(kind(0.4, np.random.default_rng(0)), rng)

    def loss():
        layer.drop.rng = np.random.default_rng(3)  # the same masks each time
        return float(np.sum(layer.forward(xs, training=True)[0] * dhs))

    loss()
    dxs, _ = layer.backward(dhs)
    for value, grad in ((layer.Wh.value, layer.Wh.grad), (layer.Wx.value, layer.Wx.grad), (xs, dxs)):
        place = tuple(size // 2 for size in value.shape)
        kept, value[place] = value[place], value[place] + 1e-5
        above = loss()
        value[place] = kept - 1e-5
        below, value[place] = loss(), kept
        assert (above - below) / 2e-5 == pytest.approx(grad[place], rel=1e-6, abs=1e-9)


def test_without_training_it_is_the_plain_rnn(rng):
    layer, xs = _layer(Dropout(0.5, rng), rng), rng.normal(size=(2, 5, 6))
    np.testing.assert_allclose(layer.forward(xs)[0], RNN(layer.Wx, layer.Wh, layer.b).forward(xs)[0])


def test_a_near_symbol_is_learned_and_the_same_seed_gives_the_same_run():
    assert masked_accuracy(QUICK, 1, seed=0) == masked_accuracy(QUICK, 1, seed=0) > 0.9


def test_given_steps_and_masks_are_those_that_are_used():
    used = set()

    def forward(*arguments):
        used.add("forward")
        return rnn_step_forward(*arguments)

    def backward(*arguments):
        used.add("backward")
        return rnn_step_backward(*arguments)

    class Own(VariationalDropout):
        def forward(self, xs, *, training=False):
            used.add("drop")
            return super().forward(xs, training=training)

    own = masked_accuracy(QUICK, 1, 0, lambda *params: MaskedRNN(*params, steps=(forward, backward)), Own)
    assert own == masked_accuracy(QUICK, 1, 0) and used == {"forward", "backward", "drop"}


def test_one_run_is_measured_at_every_lag(monkeypatch):
    monkeypatch.setattr("helpers.training.masks.MASK_LAGS", (1, 2))
    assert list(measure_masks(replace(QUICK, recall=replace(QUICK.recall, updates=1)), 0)) == [
        "lag_1",
        "lag_2",
        "cpu_seconds",
    ]


def test_the_stored_table_is_complete_and_of_the_settings_in_the_code():
    found = load_sweep("masks")
    assert [(run["row"], run["seed"]) for run in found] == [(row, seed) for row in MASK_ROWS for seed in range(5)]
    for run in found:
        assert run["settings"] == fingerprint(MASK_ROWS[run["row"]]), f"row {run['row']}: run `make sweep` again"
    assert all(tuple(curve) == MASK_LAGS and set(map(len, curve.values())) == {5} for curve in load_masks().values())
