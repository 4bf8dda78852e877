"""The runs of notebook 02: an RNN that repeats the number of some steps ago, with and without gradient clipping.

The notebook trains one seed live, with the learner's own layer. The table holds more of them, trained here in the same
way; `python -m helpers.training.echo` adds the runs that are missing from it.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from helpers.arrays import FloatArray
from helpers.atomic_write import replace_file
from helpers.nn import RNN, Affine, Param
from helpers.training.clipping import clip_gradients, global_norm
from helpers.training.optimisers import sgd_step

#: The finished runs that the notebook shows.
TABLE = Path(__file__).parent / "sweeps" / "echo.csv"

SEEDS = range(10)

#: Mean squared error of always saying 0, the mean of the numbers.
ALWAYS_ZERO = 1 / 3

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
    """

    scale: float = 1.8
    max_norm: float = 0.0
    rate: float = 0.3
    window: int = 0
    delay: int = 2


@dataclass(frozen=True)
class EchoRun(EchoSettings):
    """One finished run, a line of the table.

    Args:
        seed: of the weights and the numbers.
        loss: mean squared error over the last updates, NaN where the gradients were no longer finite.
        clipped: share of the updates whose gradient was longer than `max_norm`.
    """

    seed: int = 0
    loss: float = 0.0
    clipped: float = 0.0

    @property
    def lost(self) -> bool:
        """Whether the run ended in NaN, or with a loss above that of always saying 0."""
        return not self.loss <= ALWAYS_ZERO


_SCALES = (0.5, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8)

#: The settings of the table: by the size of the initial `Wh`, by `max_norm`, and by the learning rate.
ROWS = tuple(
    dict.fromkeys(
        [EchoSettings(scale, max_norm) for scale in _SCALES for max_norm in (0.0, 1.0)]
        + [EchoSettings(scale, window=5) for scale in _SCALES]
        + [EchoSettings(max_norm=max_norm) for max_norm in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 5.0, 10.0)]
        + [EchoSettings(scale, max_norm, rate) for scale in (0.5, 1.8) for max_norm in (0.0, 0.3, 1.0)
           for rate in (0.03, 0.1, 1.0)]
        + [EchoSettings(scale, max_norm, delay=10) for scale in (0.5, 1.0) for max_norm in (0.0, 1.0, 0.1)]
    )
)  # fmt: skip


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


def measure_echo(settings: EchoSettings, seed: int) -> EchoRun:
    """Train one network and measure it."""
    with np.errstate(all="ignore"):  # some are meant to overflow
        losses, norms = train_echo(settings, seed)
    loss = float(losses[-LAST:].mean()) if np.isfinite(norms[-1]) else float("nan")
    clipped = float(np.mean(norms > settings.max_norm)) if settings.max_norm else 0.0
    return EchoRun(**asdict(settings), seed=seed, loss=loss, clipped=clipped)


def load_echo(path: str | Path = TABLE) -> list[EchoRun]:
    """Return the finished runs of the table.

    Raises:
        ValueError: the table is damaged.
    """
    if not Path(path).exists():
        return []
    kinds = {"window": int, "delay": int, "seed": int}
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        return [EchoRun(**{name: kinds.get(name, float)(value) for name, value in line.items()}) for line in lines]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}). Move it away and make it again.") from None


def make_echo(path: str | Path = TABLE, rows: Sequence[EchoSettings] = ROWS, seeds: Sequence[int] = SEEDS) -> None:
    """Add the missing runs to the table; each is saved at once, so that this can be interrupted."""
    done = load_echo(path)
    found = {(run.scale, run.max_norm, run.rate, run.window, run.delay, run.seed) for run in done}
    for seed in tqdm(seeds, desc="echo", unit="seed"):
        for row in rows:
            if (*asdict(row).values(), seed) not in found:
                done.append(measure_echo(row, seed))
                _write(Path(path), done)


def _write(path: Path, runs: Sequence[EchoRun]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(asdict(runs[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(run) | {"loss": f"{run.loss:.4g}", "clipped": f"{run.clipped:.4g}"} for run in runs)
    replace_file(path, text.getvalue())


if __name__ == "__main__":
    make_echo()
