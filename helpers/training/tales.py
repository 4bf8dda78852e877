"""Is a key recalled that was read in an earlier window? Four ways to read the tales of `helpers.data.tales`.

Small models learn the tales from windows of five words. What is measured is the perplexity of the key after the
question mark, on fresh tales that are read in the same way: 1 for a model that knows it, 8 for one that guesses.
A learning rate of 0.03 was better than 0.01 for all four ways, with the seed 3, which is not shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from helpers.arrays import IntArray
from helpers.data.batching import stream_batches
from helpers.data.tasks import ASK, KEYS, MOST_FILLERS, tales
from helpers.nn import FAST, LanguageModel, assemble, create_params, log_softmax
from helpers.nn.model import LayerClasses
from helpers.training.optimisers import Adam
from helpers.training.perplexity import perplexity


@dataclass(frozen=True)
class TalesSettings:
    """Everything that determines a run, besides the seed.

    Args:
        carry: whether the state is carried into the next window, or set back to zeros.
        in_order: whether the windows are read in their order, or in a random one.
        fewest: how many fillers a tale has at least.
        count: how many tales are read.
        learning_rate: of Adam, the same for all updates.
        steps: T, the width of a window.
        batch_size: N.
        hidden_size: H.
    """

    carry: bool = True
    in_order: bool = True
    fewest: int = 0
    count: int = 20_000
    learning_rate: float = 0.03
    steps: int = 5
    batch_size: int = 16
    hidden_size: int = 32


#: Name of a row to its settings.
TALES_ROWS = {
    "state carried": TalesSettings(),
    "set back to zeros": TalesSettings(carry=False),
    "carried into other rows": TalesSettings(in_order=False),
    "carried, every key too old": TalesSettings(fewest=5),
}

#: How many tales are read to measure a model.
MEASURED = 2_000

#: The words of the tales: the keys, the filler and the question mark.
_WORDS = KEYS + 2

#: Of each window, its ids, their targets, and how many steps ago the key was read.
_Windows: TypeAlias = Sequence[tuple[IntArray, IntArray, IntArray]]

#: Age of a key [steps] to the perplexity with which it is recalled.
ByAge: TypeAlias = dict[int, float]


def recall_keys(settings: TalesSettings, seed: int, layers: LayerClasses | None = None) -> tuple[ByAge, ByAge]:
    """Train a model on tales and measure how well it recalls their keys.

    Args:
        settings: of the run.
        seed: of the weights and of all tales.
        layers: classes to use in the place of the course's own, e.g. a learner's; they need no dropout.

    Returns:
        the perplexities of the keys that were read in the same window as the question mark, and of those that were read
        in an earlier one
    """
    rng = np.random.default_rng(seed)
    H = settings.hidden_size
    params = create_params(_WORDS, H, 1, rng, tied=False, scale=H**-0.5)
    model = assemble({**FAST, **(layers or {})}, params, rng)
    optimiser, state = Adam(list(params.values())), None
    for xs, targets, _ in _windows(settings, settings.count, rng):
        model.zero_grad()
        _, state = model.loss(xs, targets, state if settings.carry else None, training=True)
        model.backward()
        optimiser.step(settings.learning_rate, max_norm=1.0)
    return _measure(model, _windows(settings, MEASURED, rng), settings.carry)


def _windows(settings: TalesSettings, count: int, rng: np.random.Generator) -> _Windows:
    """Return the windows of some fresh tales, in the order in which they are read."""
    words, ages = tales(count, rng, settings.fewest)
    sizes = settings.batch_size, settings.steps
    both = zip(stream_batches(words, *sizes), stream_batches(ages, *sizes))
    windows = [(xs, targets, age) for (xs, targets), (age, _) in both]
    if not settings.in_order:
        rng.shuffle(windows)
    return windows


def _measure(model: LanguageModel, windows: _Windows, carry: bool) -> tuple[ByAge, ByAge]:
    state = None
    found: tuple[dict[int, list[float]], ...] = ({}, {})
    for xs, targets, ages in windows:
        logits, state = model.forward(xs, state if carry else None)
        nll = -np.take_along_axis(log_softmax(logits.astype("float64")), targets[..., None], axis=-1)[..., 0]
        for row, step in zip(*np.nonzero(xs == ASK)):
            age = int(ages[row, step])
            found[int(age > step)].setdefault(age, []).append(float(nll[row, step]))
    same, earlier = ({age: perplexity(sum(nlls), len(nlls)) for age, nlls in sorted(each.items())} for each in found)
    return same, earlier


#: The columns of a table: what was read in the same window and what in an earlier one, by its age.
COLUMNS = [f"same_{age}" for age in range(1, TalesSettings.steps)] + [
    f"earlier_{age}" for age in range(1, MOST_FILLERS + 2)
]


def measure_tales(settings: TalesSettings, seed: int) -> dict[str, float]:
    """Return what the table holds of one run: the perplexity by case and age, NaN where there is no such key."""
    found = zip(("same", "earlier"), recall_keys(settings, seed))
    measured = {f"{case}_{age}": value for case, by_age in found for age, value in by_age.items()}
    return {column: measured.get(column, float("nan")) for column in COLUMNS}
