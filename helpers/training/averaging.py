"""The average of the weights over the last part of a run, often better than the last weights themselves."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from helpers.arrays import FloatArray
from helpers.nn import Param


class RunningAverage:
    """The mean of the parameters over the calls of `update`.

    mean ← mean + (value - mean) / count

    Example:
        >>> from helpers.nn import Param
        >>> from helpers.training import RunningAverage
        >>> W = Param(np.zeros(2))
        >>> average = RunningAverage([W])
        >>> for value in (1, 3):
        ...     W.value[...] = value
        ...     average.update()
        >>> with average.in_place():
        ...     W.value.tolist()
        [2.0, 2.0]

    Source: Polyak & Juditsky (1992); for language models Merity et al. (2018), *Regularizing and optimizing LSTM
    language models*.
    """

    def __init__(self, params: Sequence[Param]) -> None:
        self.params = params
        self.count = 0
        self.means = [np.zeros_like(param.value) for param in params]

    def update(self) -> None:
        """Include the current values."""
        self.count += 1
        for mean, param in zip(self.means, self.params):
            mean += (param.value - mean) / self.count

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Replace the values by the means while the ``with`` block runs; before the first update nothing changes."""
        if not self.count:
            yield
            return
        values = [param.value.copy() for param in self.params]
        try:
            _copy(self.means, self.params)
            yield
        finally:
            _copy(values, self.params)

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` needs to continue from here."""
        return {"count": self.count, "means": self.means}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        self.count = state["count"]
        for mean, saved in zip(self.means, state["means"]):
            mean[...] = np.asarray(saved, like=mean)


def _copy(arrays: Iterable[FloatArray], params: Iterable[Param]) -> None:
    for array, param in zip(arrays, params):
        param.value[...] = array
