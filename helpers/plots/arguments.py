"""Checks of what a figure is given; a `ValueError` says in one sentence what was expected and what was given.

A shape is a text such as ``(steps,)``, ``(seeds, steps)`` or ``(2, 2)``; a number in it must be met exactly. An array
must not be empty. A `name` is that of the argument, for the message.
"""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from helpers.arrays import FloatArray
from helpers.plots.style import SERIES

K = TypeVar("K")


def to_array(values: ArrayLike, name: str, *shapes: str, finite: bool = False) -> FloatArray:
    """Return `values` as an array of floats, if it has one of the shapes and, if asked for, holds no inf or NaN."""
    array = np.asarray(values, dtype=float)
    if array.size == 0 or not any(_has_shape(array, shape) for shape in shapes):
        raise ValueError(f"{name} must have the shape {' or '.join(shapes)}, and not be empty: got {array.shape}.")
    if finite and not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers, but holds inf or NaN.")
    return array


def _has_shape(array: FloatArray, shape: str) -> bool:
    sizes = shape.strip("(,)").split(", ")
    exact = [(int(size), length) for size, length in zip(sizes, array.shape) if size.isdigit()]
    return array.ndim == len(sizes) and all(size == length for size, length in exact)


def to_arrays(shape: str, **values: ArrayLike) -> list[FloatArray]:
    """Return each of the arguments as an array of floats, if all have one and the same shape."""
    arrays = [to_array(each, name, shape) for name, each in values.items()]
    if len({array.shape for array in arrays}) > 1:
        got = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(f"{', '.join(values)} must have one shape {shape}: got {got}.")
    return arrays


def to_dict(
    data: Mapping[K, ArrayLike], name: str, *shapes: str, most: int = len(SERIES), finite: bool = False
) -> dict[K, FloatArray]:
    """Return a dict of arrays of floats, if it is one with 1 to `most` entries, each as for `to_array`."""
    check_entries(data, name, most)
    return {label: to_array(values, f"{name}[{label!r}]", *shapes, finite=finite) for label, values in data.items()}


def check_entries(data: object, name: str, most: int = len(SERIES)) -> None:
    """Raise a `ValueError` unless `data` is a dict with 1 to `most` entries."""
    if not isinstance(data, dict) or not 1 <= len(data) <= most:
        raise ValueError(f"{name} must be a dict with 1 to {most} entries.")
