"""How far back does an RNN remember that is trained with masks on its hidden state? The runs of notebook 07.

The task and the training are those of `helpers.training.recall`, and dropout is on `h_prev`, at every step. The scale
of the inputs, 0.03, was the best of those tried (0.03, 0.1, 0.3) or as good as the best, and each row has the best of
the learning rates tried (0.0003 to 0.01), mostly at lag 20 and with the seeds 10 and 11, which are not shown. With the
orthogonal start, for which not every scale was tried, two rates were about as good, so both kinds of masks have both.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from helpers.arrays import FloatArray
from helpers.nn import Dropout, Layer, Param, VariationalDropout, rnn_step_backward, rnn_step_forward
from helpers.training.recall import RECALL_ROWS, RecallSettings, recall_accuracy

#: How many steps back the symbol lies.
MASK_LAGS = (5, 10, 20, 40)

#: Kind of masks to the layer that draws them.
_KINDS = {"fresh": Dropout, "shared": VariationalDropout}


class MaskedRNN(Layer):
    """An RNN with dropout on its hidden state, before every product with Wh.

    h_next = tanh(x Wx + (mask ⊙ h_prev) Wh + b)

    Args:
        Wx (Param (D, H)), Wh (Param (H, H)), b (Param (H,)): parameters, the same at every step.
        drop: the layer that draws the masks of a sequence, for all steps at once.
        steps: one step of the RNN and its way back, e.g. a learner's.

    Example:
        >>> from helpers.nn import Param, VariationalDropout
        >>> from helpers.training import MaskedRNN
        >>> params = [Param(np.ones(shape)) for shape in [(6, 7), (7, 7), (7,)]]
        >>> layer = MaskedRNN(*params, VariationalDropout(0.5, np.random.default_rng(0)))
        >>> layer.forward(np.ones((2, 5, 6)), training=True)[0].shape
        (2, 5, 7)
    """

    def __init__(
        self,
        Wx: Param,
        Wh: Param,
        b: Param,
        drop: Any,
        steps: tuple[Callable[..., Any], Callable[..., Any]] = (rnn_step_forward, rnn_step_backward),
    ) -> None:
        self.Wx, self.Wh, self.b, self.drop = Wx, Wh, b, drop
        self.step_forward, self.step_backward = steps

    def forward(
        self, xs: FloatArray, state: FloatArray | None = None, *, training: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """Run all steps, with masks if training.

        Args:
            xs (N, T, D): inputs.
            state (N, H): the first hidden state, None for zeros.
            training: whether the masks drop anything.

        Returns:
            hs (N, T, H), and the last hidden state (N, H), not masked
        """
        (N, T, _), H = xs.shape, len(self.Wh.value)
        h = np.zeros((N, H), xs.dtype) if state is None else state
        self.masks = self.drop.forward(np.ones((N, T, H), xs.dtype), training=training)
        weights, hs = (self.Wx.value, self.Wh.value, self.b.value), []
        self.caches = []
        for step in range(T):
            h, cache = self.step_forward(xs[:, step], self.masks[:, step] * h, *weights)
            hs.append(h)
            self.caches.append(cache)
        return np.stack(hs, axis=1), h

    def backward(self, dhs: FloatArray, dstate: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Go back through all steps and the masks of the last forward, and add to the gradients.

        Args:
            dhs (N, T, H): gradients of the hidden states.
            dstate (N, H): gradient of the last one from beyond, None for zeros.

        Returns:
            dxs (N, T, D), and the gradient (N, H) of the first hidden state
        """
        dh, dxs = np.zeros_like(dhs[:, 0]) if dstate is None else dstate, []
        for step in reversed(range(len(self.caches))):
            dx, dh, *grads = self.step_backward(dhs[:, step] + dh, self.caches[step])
            dh = self.masks[:, step] * dh
            dxs.append(dx)
            for param, grad in zip((self.Wx, self.Wh, self.b), grads):
                param.grad += grad
        return np.stack(dxs[::-1], axis=1), dh


@dataclass(frozen=True)
class MaskSettings:
    """How an RNN is started and trained, and its masks.

    Args:
        recall: the start and the training.
        masks: "fresh" (a mask of its own at each step) or "shared" (one for a whole sequence).
        rate: P(drop).
    """

    recall: RecallSettings
    masks: str
    rate: float = 0.25


#: Name of a row to its settings: each start with each kind of masks, and the orthogonal start at a second rate.
MASK_ROWS = {
    name: MaskSettings(
        replace(RECALL_ROWS["RNN, orthogonal"], start=start, learning_rate=learning_rate), masks=name.split(", ")[1]
    )
    for name, start, learning_rate in (
        ("identity, fresh", "identity", 0.0003),
        ("identity, shared", "identity", 0.001),
        ("orthogonal, fresh", "orthogonal", 0.01),
        ("orthogonal, shared", "orthogonal", 0.003),
        ("orthogonal, fresh, rate 0.003", "orthogonal", 0.003),
        ("orthogonal, shared, rate 0.01", "orthogonal", 0.01),
    )
}


def masked_accuracy(
    settings: MaskSettings, lag: int, seed: int, layer_class: Callable[..., Any] = MaskedRNN, drop: Any = None
) -> float:
    """Train an RNN with masks to name the symbol of `lag` steps ago; return how often it is right without masks.

    Args:
        settings: of the run.
        lag: how many steps back the symbol lies.
        seed: of the weights, of all sequences and of the masks.
        layer_class: to use in the place of `MaskedRNN`, called like it.
        drop: class of the dropout layer to use in the place of the course's own, e.g. a learner's.
    """
    masks = (drop or _KINDS[settings.masks])(settings.rate, np.random.default_rng(seed))
    return recall_accuracy(settings.recall, lag, seed, lambda *params: layer_class(*params, masks))


def measure_masks(settings: MaskSettings, seed: int) -> dict[str, float]:
    """Return what the table holds of one run: the accuracy at each of `MASK_LAGS`, and the time."""
    before = time.process_time()
    curve = {f"lag_{lag}": masked_accuracy(settings, lag, seed) for lag in MASK_LAGS}
    return curve | {"cpu_seconds": round(time.process_time() - before, 1)}
