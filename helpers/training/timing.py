"""How long a step takes with some layers, and which of them takes longest: what to say before a long run begins."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.data import Corpus
from helpers.data.batching import stream_batches
from helpers.nn import FAST
from helpers.nn.model import LayerClasses
from helpers.training.experiment import build_model
from helpers.training.presets import Settings

#: A run is not begun unasked if its steps take this many times longer than the reference's.
TOO_SLOW = 20


@dataclass(frozen=True)
class StepTimes:
    """The time of a training step.

    Args:
        own, reference: of a step with some layers, and with the reference's [s].
        slowest: name of the layer that takes most of `own`.
        share: of `own` that it takes, from 0 to 1.
    """

    own: float
    reference: float
    slowest: str
    share: float

    @property
    def ratio(self) -> float:
        """How many times as long as the reference's steps these take."""
        return self.own / self.reference


class TimedLayers(Mapping[str, Any]):
    """Layers whose time is added up, each under its name.

    Args:
        layers: as for `build_model`.
    """

    def __init__(self, layers: LayerClasses) -> None:
        self.layers = layers
        self.seconds: dict[str, float] = {}

    def __getitem__(self, name: str) -> Any:
        layer: Any = self.layers[name]
        alone = isinstance(layer, type) and name != "Stacked"  # which would count what is in it once more
        return _timed(layer, name, self.seconds) if alone else layer

    def __contains__(self, name: object) -> bool:
        return name in self.layers

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)


def time_steps(layers: LayerClasses, settings: Settings, corpus: Corpus) -> StepTimes:
    """Time a training step on models of their own, which are thrown away: the run itself is not changed.

    Raises:
        ValueError: a text too short for the batches.
    """
    timed = TimedLayers(layers)
    own = _time_step(timed, settings, corpus)
    slowest, seconds = max(timed.seconds.items(), key=lambda item: item[1])
    return StepTimes(own, _time_step(FAST, settings, corpus), slowest, seconds / sum(timed.seconds.values()))


def _time_step(layers: LayerClasses, settings: Settings, corpus: Corpus) -> float:
    """The shortest time of some steps; slow ones are not repeated."""
    model = build_model(settings, corpus, np.random.default_rng(0), layers)
    xs, targets = next(iter(stream_batches(corpus.train, settings.batch_size, settings.steps)))
    times: list[float] = []
    while len(times) < 5 and sum(times) < 2:
        start = time.perf_counter()
        model.zero_grad()
        model.loss(xs, targets, training=True)
        model.backward()
        times.append(time.perf_counter() - start)
    return min(times)


def _timed(layer: type, name: str, seconds: dict[str, float]) -> type:
    """Return a class like `layer` whose passes are timed."""

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)  # a `Stacked` may look at its signature
        def run(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return method(*arguments, **options)
            finally:
                seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start

        return run

    return type(layer.__name__, (layer,), {one: timed(getattr(layer, one)) for one in ("forward", "backward")})
