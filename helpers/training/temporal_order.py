"""Temporal order, an experiment: how many updates does a recurrent layer need to learn it, if it learns it at all?

A sequence of 80 symbols holds two signals, one near its beginning and one in its middle, and the layer names both in
their order (`helpers.data.tasks.temporal_order`). Each row is a layer and how it starts; it has the best learning rate
of those in `RATES`, chosen on the seeds 100 to 102, which are not shown.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from helpers.arrays import FloatArray, IntArray
from helpers.data import tasks
from helpers.nn import LSTM, RNN, Affine, FastLSTM, Param, SoftmaxCrossEntropy
from helpers.training.optimisers import Adam

T, H, D, BATCH = 80, 32, 8, 32

Recurrent: TypeAlias = RNN | LSTM


@dataclass(frozen=True)
class OrderRow:
    """One way to begin: the layer, its weights and biases, and the rate it learns at.

    `start` of an RNN is that of `Wh`: "random", "orthogonal" or "identity"; of an LSTM that of its biases: "bias 0",
    "bias 1" or "chrono". `input_scale` is multiplied with `Wx`.
    """

    layer: str
    start: str
    learning_rate: float
    input_scale: float = 1.0
    limit: int = 1000


def start_layer(row: OrderRow, rng: np.random.Generator) -> Recurrent:
    blocks = 1 if row.layer == "RNN" else 4
    Wx, Wh = (rng.uniform(-1, 1, (rows, blocks * H)) / np.sqrt(H) for rows in (D, H))
    b = np.zeros(blocks * H)
    if row.start == "orthogonal":
        Wh = np.linalg.qr(rng.normal(size=(H, H)))[0]
    elif row.start == "identity":
        Wh = np.eye(H)
    elif row.start == "bias 1":
        b[:H] = 1
    elif row.start == "chrono":
        b[:H] = np.log(rng.uniform(1, T - 1, H))
        b[2 * H : 3 * H] = -b[:H]
    Wx *= row.input_scale
    params = (Param(array.astype(np.float32)) for array in (Wx, Wh, b))
    return (RNN if row.layer == "RNN" else FastLSTM)(*params)


def run(row, seed):
    rng = np.random.default_rng(seed)
    layer = start_layer(row, rng)
    head = Affine(Param(rng.uniform(-0.3, 0.3, (H, 4)).astype(np.float32)), Param(np.zeros(4, np.float32)))
    loss = SoftmaxCrossEntropy()
    opt = Adam(layer.parameters() + head.parameters())
    right = []
    while len(right) < row.limit and sum(right[-10:]) < 9.9:
        xs, targets = tasks.temporal_order(BATCH, T, rng)
        hs, _ = layer.forward(xs)
        logits = head.forward(hs[:, -1:])
        loss.forward(logits, targets[:, None])
        layer.zero_grad(), head.zero_grad()
        dhs = np.zeros_like(hs)
        dhs[:, -1:] = head.backward(loss.backward())
        layer.backward(dhs)
        opt.step(row.learning_rate, max_norm=1.0)
        right.append(np.mean(logits[:, 0].argmax(axis=1) == targets))
    return right
