"""The inputs that a check tries: sizes, types, magnitudes and memory layouts."""

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from helpers.arrays import AnyArray
from helpers.checks.exercise import Exercise, Sizes, Values


@dataclass(frozen=True)
class InputSpec:
    """One way of drawing the arguments of an exercise.

    Args:
        label: what a message calls it.
        sizes: the Sizes.
        dtype: of the floats.
        scale: what they are multiplied by.
        contiguous: whether the arrays are, in memory.
        resized: whether other sizes of the same kind are drawn: a size of 1 is kept, and which of D and H is larger.
    """

    label: str
    sizes: Sizes = field(default_factory=Sizes)
    dtype: str = "float64"
    scale: float = 1.0
    contiguous: bool = True
    resized: bool = False

    def arguments(self, exercise: Exercise, rng: np.random.Generator) -> Values:
        """Return a dict of arguments, drawn with `rng`, in this draw's type, magnitude and layout."""
        drawn = exercise.draw(rng, _resized(self.sizes, rng) if self.resized else self.sizes)
        scales = {name: 1.0 if name in exercise.bounded else self.scale for name in drawn}
        return {name: change_arrays(value, partial(self._adapt, scales[name])) for name, value in drawn.items()}

    def _adapt(self, scale: float, array: AnyArray) -> AnyArray:
        if np.issubdtype(array.dtype, np.floating):
            array = (array * scale).astype(self.dtype)
        # Every second column of an array twice as wide: the same values, not contiguous in memory.
        return array if self.contiguous or array.ndim == 0 else np.repeat(array, 2, axis=-1)[..., ::2]


#: What a learner's check tries: every kind of input that the hidden check tries as well.
VISIBLE = (
    InputSpec("first draw in float64"),
    InputSpec("second draw in float64"),
    InputSpec("draw with N = 1", Sizes(N=1)),
    InputSpec("draw with T = 1", Sizes(T=1)),
    InputSpec("draw with H = 1", Sizes(H=1)),
    InputSpec("draw with D larger than H", Sizes(N=5, T=2, D=8, H=6, V=10)),
    InputSpec("draw with large values", scale=20.0),
    InputSpec("draw that is not contiguous in memory", contiguous=False),
    InputSpec("draw in float32", dtype="float32"),
)

#: What a hidden check tries: the same kinds, with numbers and sizes that its seed decides, so that no table holds them.
HIDDEN = tuple(
    replace(spec, resized=True)
    for spec in (
        InputSpec("another draw"),
        InputSpec("one example", Sizes(N=1)),
        InputSpec("one step", Sizes(T=1)),
        InputSpec("one unit", Sizes(H=1)),
        InputSpec("D larger than H", Sizes(D=8, H=6)),
        InputSpec("large values", scale=20.0),
        InputSpec("not contiguous", contiguous=False),
        InputSpec("float32", dtype="float32"),
    )
)


def _resized(sizes: Sizes, rng: np.random.Generator) -> Sizes:
    """Draw other sizes of the same kind, all distinct; a size of 1 stays, and so does which of D and H is larger."""
    N, *others = sorted(rng.permutation([2, *range(5, 10)])[:4])
    T, *widths = rng.permutation(others)
    D, H = sorted(widths, reverse=sizes.D > sizes.H > 1)
    drawn = {"N": N, "T": T, "D": D, "H": H, "V": rng.integers(10, 16)}
    return Sizes(**{name: 1 if size == 1 else int(drawn[name]) for name, size in asdict(sizes).items()})


def change_arrays(thing: Any, change: Callable[[AnyArray], AnyArray]) -> Any:
    """Return `thing` with `change` applied to every array inside it; tuples, lists and dicts are rebuilt."""
    if isinstance(thing, float | str):  # what lists are full of
        return thing
    if isinstance(thing, np.ndarray):
        return change(thing)
    if isinstance(thing, tuple | list):
        return type(thing)(change_arrays(inner, change) for inner in thing)
    if isinstance(thing, dict):
        return {key: change_arrays(inner, change) for key, inner in thing.items()}
    return copy.deepcopy(thing)


def copied(thing: Any) -> Any:
    """Return a copy of `thing` with the same layout in memory, so that an answer cannot change the original."""
    return change_arrays(thing, _copy_with_layout)


def _copy_with_layout(array: AnyArray) -> AnyArray:
    if array.flags.c_contiguous or array.ndim == 0:
        return array.copy()
    return np.repeat(array, 2, axis=-1)[..., ::2]
