"""The inputs that a check tries: sizes, types, magnitudes and memory layouts."""

import copy
from dataclasses import dataclass, field

import numpy as np

from helpers.checks.exercise import Sizes


@dataclass(frozen=True)
class InputSpec:
    """One way of drawing the arguments of an exercise."""

    label: str
    sizes: Sizes = field(default_factory=Sizes)
    dtype: str = "float64"
    scale: float = 1.0
    contiguous: bool = True

    def arguments(self, exercise, rng):
        """Return a dict of arguments, drawn with `rng`, in this draw's type, magnitude and layout."""
        return change_arrays(exercise.draw(rng, self.sizes), self._adapt)

    def _adapt(self, array):
        if np.issubdtype(array.dtype, np.floating):
            array = (array * self.scale).astype(self.dtype)
        # Every second column of an array twice as wide: the same values, not contiguous in memory.
        return array if self.contiguous or array.ndim == 0 else np.repeat(array, 2, axis=-1)[..., ::2]


#: What a learner's check tries.
VISIBLE = (
    InputSpec("first draw in float64"),
    InputSpec("second draw in float64"),
    InputSpec("third draw in float64"),
    InputSpec("draw in float32", dtype="float32"),
)

#: What a hidden check tries as well: the corners of the sizes, large values, another layout in memory.
HIDDEN = (
    InputSpec("another draw"),
    InputSpec("one example", Sizes(N=1)),
    InputSpec("one step", Sizes(T=1)),
    InputSpec("one unit", Sizes(H=1)),
    InputSpec("other sizes", Sizes(N=5, T=9, D=2, H=8, V=13)),
    InputSpec("large values", scale=20.0),
    InputSpec("not contiguous", contiguous=False),
    InputSpec("float32", Sizes(N=5, T=2, D=7, H=6, V=10), dtype="float32"),
)


def change_arrays(thing, change):
    """Return `thing` with `change` applied to every array inside it; tuples, lists and dicts are rebuilt."""
    if isinstance(thing, np.ndarray):
        return change(thing)
    if isinstance(thing, (tuple, list)):
        return type(thing)(change_arrays(inner, change) for inner in thing)
    if isinstance(thing, dict):
        return {key: change_arrays(inner, change) for key, inner in thing.items()}
    return copy.deepcopy(thing)


def copied(thing):
    """Return a copy of `thing` with the same layout in memory, so that an answer cannot change the original."""
    return change_arrays(thing, _copy_with_layout)


def _copy_with_layout(array):
    if array.flags.c_contiguous or array.ndim == 0:
        return array.copy()
    return np.repeat(array, 2, axis=-1)[..., ::2]
