"""How far back can a recurrent layer remember? The experiment that runs through the course.

A layer reads one of four symbols and then `lag` others that tell nothing, and names the first one. Only the distance
is hard. The same number of updates is spent on every distance and every kind of layer. What is measured is the share of
fresh sequences that are answered right; guessing is right once in four.

Each row has a start of its own, and the learning rate and the scale of the inputs that suit it. These were chosen with
the seeds 10 to 12, which are not shown, at the lags where the row begins to fail. For the RNNs it is the best of
five to fourteen pairs of a rate and a scale (0.03, 0.1 or 0.3); among equals, the one that held at 160 steps too. For
the gated layers three rates were tried at one scale: with "chrono" all three are right at 80 steps, with "bias 1" none
is. The last two rows exchange the scales of two others: what happens to a layer whose inputs are not of the size that
suits it?
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from helpers.arrays import FloatArray
from helpers.data.tasks import first_symbol_recall
from helpers.nn import GRU, RNN, Affine, FastLSTM, Param, SoftmaxCrossEntropy
from helpers.training.optimisers import SGD, Adam
from helpers.training.starts import BLOCKS, start_recurrence

#: How many steps back the symbol lies.
LAGS = (1, 2, 5, 10, 20, 40, 80)

#: The share that guessing gets right.
CHANCE = 0.25

#: The sequences on which the accuracy is measured.
_FRESH = 1000

_OPTIMISERS = {"sgd": SGD, "adam": Adam}


class RecurrentClass(Protocol):
    """The class of a recurrent layer with the parameters Wx, Wh and b: the course's, or a learner's."""

    def __call__(self, Wx: Param, Wh: Param, b: Param, /) -> Any: ...


#: Name of a layer to its class.
_LAYERS: dict[str, RecurrentClass] = {"RNN": RNN, "LSTM": FastLSTM, "GRU": GRU}


@dataclass(frozen=True)
class RecallSettings:
    """Everything that determines how a layer learns to recall, besides the lag and the seed.

    Args:
        layer: "RNN", "LSTM" or "GRU".
        start: of `Wh` and `b`, see `start_recurrence`; a random `Wh` is normal with standard deviation 1/√H, and
            "chrono" spreads up to 80 steps, whatever the lag.
        inputs: standard deviation of `Wx` at the start.
        optimiser: "sgd" or "adam".
        learning_rate: the same for all updates.
        max_norm: gradients are clipped to this global norm; None for no clipping.
        updates: how many there are, each on a new batch.
        hidden_size: H.
        batch_size: N.
    """

    layer: str
    start: str
    inputs: float
    optimiser: str
    learning_rate: float
    max_norm: float | None
    updates: int
    hidden_size: int
    batch_size: int


_RNN = RecallSettings(
    layer="RNN",
    start="random",
    inputs=0.1,
    optimiser="sgd",
    learning_rate=0.01,
    max_norm=None,
    updates=300,
    hidden_size=32,
    batch_size=32,
)
_PREPARED = replace(_RNN, start="orthogonal", inputs=0.03, optimiser="adam", learning_rate=0.001, max_norm=1.0)
_LSTM = replace(_PREPARED, layer="LSTM", start="chrono", inputs=0.3, learning_rate=0.01)

#: Name of a row to its settings.
RECALL_ROWS = {
    "RNN": _RNN,
    "RNN, clipped": replace(_RNN, inputs=0.03, learning_rate=0.1, max_norm=1.0),
    "RNN, orthogonal": _PREPARED,
    "RNN, identity": replace(_PREPARED, start="identity", learning_rate=0.0003),
    "LSTM, bias 1": replace(_LSTM, start="bias 1"),
    "LSTM": _LSTM,
    "GRU": replace(_LSTM, layer="GRU"),
    "RNN, orthogonal, inputs 0.3": replace(_PREPARED, inputs=0.3),
    "LSTM, inputs 0.03": replace(_LSTM, inputs=0.03),
}


def start_weights(settings: RecallSettings, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Draw the `Wx`, `Wh` and `b` (float32) that a layer of these settings starts with.

    Raises:
        ValueError: there is no such layer, or no such start for it.
    """
    H, columns = settings.hidden_size, BLOCKS.get(settings.layer, 1) * settings.hidden_size
    Wx = rng.normal(0, settings.inputs, (8, columns))
    random: FloatArray = rng.normal(0, 1 / np.sqrt(H), (H, columns))
    Wh, b = start_recurrence(settings.layer, settings.start, random, LAGS[-1], rng)
    return Wx.astype("float32"), Wh.astype("float32"), b.astype("float32")


def recall_accuracy(settings: RecallSettings, lag: int, seed: int, layer_class: RecurrentClass | None = None) -> float:
    """Train a layer to name the symbol of `lag` steps ago, and measure how often it is right.

    Args:
        settings: of the run.
        lag: how many steps back the symbol lies.
        seed: of the weights and of all sequences.
        layer_class: to use in the place of the course's own, e.g. a learner's.

    Returns:
        the share of fresh sequences that are answered right; `CHANCE` for a run that went to inf or NaN
    """
    rng = np.random.default_rng(seed)
    params = [Param(value) for value in start_weights(settings, rng)]
    layer = (layer_class or _LAYERS[settings.layer])(*params)
    W = rng.normal(0, 1 / np.sqrt(settings.hidden_size), (settings.hidden_size, 4)).astype("float32")
    head, criterion = Affine(Param(W), Param(np.zeros(4, "float32"))), SoftmaxCrossEntropy()
    optimiser = _OPTIMISERS[settings.optimiser]([*params, *head.parameters()])
    with np.errstate(all="ignore"):
        for _ in range(settings.updates):
            xs, targets = first_symbol_recall(settings.batch_size, lag + 1, rng)
            hs, _ = layer.forward(xs, training=True)
            criterion.forward(head.forward(hs[:, -1:]), targets[:, None])
            for param in optimiser.params:
                param.grad[...] = 0
            dhs = np.zeros_like(hs)
            dhs[:, -1:] = head.backward(criterion.backward())
            layer.backward(dhs)
            try:
                optimiser.step(settings.learning_rate, settings.max_norm)
            except FloatingPointError:
                return CHANCE
        xs, targets = first_symbol_recall(_FRESH, lag + 1, rng)
        answers = head.forward(layer.forward(xs)[0][:, -1:])[:, 0]
    return float(np.mean(answers.argmax(axis=1) == targets)) if np.isfinite(answers).all() else CHANCE


def recall_curve(
    settings: RecallSettings, seed: int, lags: Iterable[int] = LAGS, layer_class: RecurrentClass | None = None
) -> dict[int, float]:
    """Return the accuracy at each of several lags, each learned by a layer of its own; see `recall_accuracy`."""
    return {lag: recall_accuracy(settings, lag, seed, layer_class) for lag in lags}


def measure_recall(settings: RecallSettings, seed: int) -> dict[str, float]:
    """Return what the table holds of one run: the accuracy at each of `LAGS`, and the time."""
    before = time.process_time()
    curve = {f"lag_{lag}": accuracy for lag, accuracy in recall_curve(settings, seed).items()}
    return curve | {"cpu_seconds": round(time.process_time() - before, 1)}
