"""The runs of notebook 02: an RNN that repeats the number of some steps ago, with and without gradient clipping.

The notebook trains one seed live, with the learner's own layer. The table holds more of them, trained here in the same
way, as the sweep "echo".
"""

from dataclasses import asdict, dataclass

import numpy as np

from helpers.arrays import FloatArray
from helpers.nn import RNN, Affine, Param
from helpers.training.clipping import clip_gradients, global_norm
from helpers.training.optimisers import sgd_step

#: How many updates a run has, and how many of the last ones its loss is averaged over.
UPDATES, LAST = 400, 50

_STEPS, _BATCH, _HIDDEN = 50, 10, 32


@dataclass(frozen=True)
class EchoSettings:
    """How one network is started and trained.

    Args:
        scale: of the initial `Wh`, about its spectral radius.
        max_norm: to which gradients are clipped, or 0 for no clipping.
        rate: the learning rate.
        window: how many steps a gradient goes back at most, or 0 for all of them.
        delay: how many steps ago the number was that the network is to repeat.

    Example:
        >>> from helpers.training import EchoSettings, load_echo
        >>> losses = load_echo()[EchoSettings(scale=0.5)]["loss"]
        >>> len(losses), max(losses) < 0.01
        (5, True)
    """

    scale: float = 1.8
    max_norm: float = 0.0
    rate: float = 0.3
    window: int = 0
    delay: int = 2

    @property
    def name(self) -> str:
        """The name of the row in the table."""
        return ", ".join(f"{name} {value:g}" for name, value in asdict(self).items())


_SCALES = (0.5, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8)

#: Name of a row to its settings: by the size of the initial `Wh`, the limit of the norm, the learning rate, the delay.
ECHO_ROWS = {
    settings.name: settings
    for settings in (
        *(EchoSettings(scale, max_norm) for scale in _SCALES for max_norm in (0.0, 1.0)),
        *(EchoSettings(scale, window=5) for scale in _SCALES),
        *(EchoSettings(max_norm=max_norm) for max_norm in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 5.0, 10.0)),
        *(EchoSettings(max_norm=max_norm, rate=rate) for max_norm in (0.0, 1.0) for rate in (0.03, 0.1, 1.0)),
        *(EchoSettings(scale, max_norm, delay=10) for scale in (0.5, 1.0) for max_norm in (0.0, 1.0)),
    )
}


def train_echo(settings: EchoSettings, seed: int) -> tuple[FloatArray, FloatArray]:
    """Train one network, until a gradient is no longer finite.

    Returns:
        losses and gradient norms before clipping, both (updates,)
    """
    rng = np.random.default_rng(seed)
    sizes = {(1, _HIDDEN): 0.5, (_HIDDEN, _HIDDEN): settings.scale / np.sqrt(_HIDDEN), (_HIDDEN, 1): 0.1}
    Wx, Wh, W = (Param(rng.normal(0, std, shape).astype("float32")) for shape, std in sizes.items())
    b, b_out = (Param(np.zeros(width, "float32")) for width in (_HIDDEN, 1))
    rnn, head = RNN(Wx, Wh, b), Affine(W, b_out)
    params = [*rnn.parameters(), *head.parameters()]
    grads = [param.grad for param in params]
    losses: list[float] = []
    norms: list[float] = []
    while len(losses) < UPDATES and (not norms or np.isfinite(norms[-1])):
        for grad in grads:
            grad[...] = 0
        numbers = rng.uniform(-1, 1, (_BATCH, _STEPS, 1)).astype("float32")
        losses.append(_loss_and_backward(rnn, head, numbers, settings))
        norms.append(global_norm(grads))
        if settings.max_norm and np.isfinite(norms[-1]):
            clip_gradients(grads, settings.max_norm)
        sgd_step(params, settings.rate)
    return np.array(losses), np.array(norms)


def _loss_and_backward(rnn: RNN, head: Affine, numbers: FloatArray, settings: EchoSettings) -> float:
    """Return the mean squared error, and add the gradients, which do not leave a window."""
    squares, state, window, delay = 0.0, None, settings.window or _STEPS, settings.delay
    count = numbers[:, delay:].size
    for start in range(0, _STEPS, window):
        asked = max(0, delay - start)
        hs, state = rnn.forward(numbers[:, start : start + window], state)
        targets = numbers[:, start + asked - delay : start + hs.shape[1] - delay]
        error = head.forward(hs[:, asked:]) - targets
        dhs = np.zeros_like(hs)
        dhs[:, asked:] = head.backward(2 * error / count)
        rnn.backward(dhs)
        squares += float(np.sum(error**2))
    return squares / count


def measure_echo(settings: EchoSettings, seed: int) -> dict[str, float]:
    """Train one network and return what the table holds of the run.

    Returns:
        loss: mean squared error over the last updates, NaN where the gradients were no longer finite
        clipped: the share of the updates whose gradient was longer than `max_norm`
    """
    with np.errstate(all="ignore"):  # some are meant to overflow
        losses, norms = train_echo(settings, seed)
    loss = float(f"{losses[-LAST:].mean():.4g}") if np.isfinite(norms[-1]) else float("nan")
    return {"loss": loss, "clipped": float(np.mean(norms > settings.max_norm)) if settings.max_norm else 0.0}
