"""Temporal order, an experiment: how many updates does a recurrent layer need to learn it, if it learns it at all?

A sequence of 80 symbols holds two signals, one near its beginning and one in its middle, and the layer names both in
their order (`helpers.data.tasks.temporal_order`). Each start that can learn the task has a learning rate, and an RNN's
a scale of `Wx`, that did well on some seeds from 100 on, which are not shown: the best found for the identity and for
the orthogonal start, which needed up to 2,800 updates there. The others, random and bias 0, have a rate at which these
learn. The best start of each kind is run at other rates as well, to show how much depends on the rate.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from helpers.data.tasks import temporal_order
from helpers.nn import LSTM, RNN, Affine, FastLSTM, Param, SoftmaxCrossEntropy
from helpers.training.optimisers import Adam
from helpers.training.starts import BLOCKS, start_recurrence


@dataclass(frozen=True)
class OrderSettings:
    """Everything that determines how a layer learns temporal order, besides the seed.

    Args:
        layer: "RNN" or "LSTM".
        start: of `Wh` in an RNN, or of the biases in an LSTM, see `start_recurrence`.
        learning_rate: of Adam, the same for all updates.
        inputs: `Wx` is drawn from ±inputs/√H.
        span: up to how many steps chrono initialisation spreads what the units keep.
        updates: the most that are made, each on a new batch.
        steps: T, the length of a sequence.
        hidden_size: H.
        batch_size: N.
    """

    layer: str
    start: str
    learning_rate: float
    inputs: float = 1.0
    span: int = 80
    updates: int = 2000
    steps: int = 80
    hidden_size: int = 32
    batch_size: int = 32


#: Name of a layer to its class.
_LAYERS: dict[str, type[RNN] | type[LSTM]] = {"RNN": RNN, "LSTM": FastLSTM}

#: The share of right answers in the last ten batches at which the task counts as solved.
SOLVED = 0.99

_IDENTITY = OrderSettings("RNN", "identity", 0.0003)
_CHRONO = OrderSettings("LSTM", "chrono", 0.01)

#: Name of a row to its settings: each way to start at its best rate, then two of them otherwise.
ORDER_ROWS = {
    "RNN, random": OrderSettings("RNN", "random", 0.001),
    "RNN, orthogonal": OrderSettings("RNN", "orthogonal", 0.001, inputs=0.3),
    "RNN, identity": _IDENTITY,
    "LSTM, bias 0": OrderSettings("LSTM", "bias 0", 0.005),
    "LSTM, bias 1": OrderSettings("LSTM", "bias 1", 0.005),
    "LSTM, chrono": _CHRONO,
    "LSTM, chrono to 20": replace(_CHRONO, span=20),
    "LSTM, chrono to 320": replace(_CHRONO, span=320),
    **{f"RNN, identity at {rate}": replace(_IDENTITY, learning_rate=rate) for rate in (0.0001, 0.001, 0.003)},
    **{f"LSTM, chrono at {rate}": replace(_CHRONO, learning_rate=rate) for rate in (0.001, 0.003, 0.03)},
}


def start_layer(settings: OrderSettings, rng: np.random.Generator) -> RNN | LSTM:
    """Return a new layer for the eight symbols (float32), its weights drawn from `rng`.

    Raises:
        ValueError: there is no such layer, or no such start for it.
    """
    if settings.layer not in _LAYERS:
        raise ValueError(f"There is no {settings.layer} in this experiment.")
    H, columns = settings.hidden_size, BLOCKS[settings.layer] * settings.hidden_size
    Wx, Wh = (rng.uniform(-1, 1, (rows, columns)) / np.sqrt(H) for rows in (8, H))
    Wh, b = start_recurrence(settings.layer, settings.start, Wh, settings.span, rng)
    return _LAYERS[settings.layer](*(Param(array.astype(np.float32)) for array in (settings.inputs * Wx, Wh, b)))


def shares_right(settings: OrderSettings, layer: RNN | LSTM, rng: np.random.Generator) -> Iterator[float]:
    """Train a layer, and yield after every update which share of its batch, which was new, it had answered right.

    The last ten shares are at least `SOLVED` on average when it ends, or all updates are made.
    """
    H, N = settings.hidden_size, settings.batch_size
    W = rng.uniform(-0.3, 0.3, (H, 4)).astype(np.float32)
    head, criterion = Affine(Param(W), Param(np.zeros(4, np.float32))), SoftmaxCrossEntropy()
    optimiser = Adam(layer.parameters() + head.parameters())
    shares: list[float] = []
    while len(shares) < settings.updates and sum(shares[-10:]) < 10 * SOLVED:
        xs, targets = temporal_order(N, settings.steps, rng)
        hs, _ = layer.forward(xs)
        logits = head.forward(hs[:, -1:])
        criterion.forward(logits, targets[:, None])
        layer.zero_grad()
        head.zero_grad()
        dhs = np.zeros_like(hs)
        dhs[:, -1:] = head.backward(criterion.backward())
        layer.backward(dhs)
        optimiser.step(settings.learning_rate, max_norm=1.0)
        shares.append(float(np.mean(logits[:, 0].argmax(axis=1) == targets)))
        yield shares[-1]


def measure_order(settings: OrderSettings, seed: int) -> dict[str, float]:
    """Return what the table holds of one run: how many updates were made, 1 if that solved the task, and the time."""
    before, rng = time.process_time(), np.random.default_rng(seed)
    shares = list(shares_right(settings, start_layer(settings, rng), rng))
    seconds = round(time.process_time() - before, 1)
    return {"updates": len(shares), "solved": int(sum(shares[-10:]) >= 10 * SOLVED), "cpu_seconds": seconds}
