"""Types of arrays, named by what they hold; the docstrings give the shapes, e.g. (N, T, D). And where arrays lie."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Values, parameters and gradients: float32 in training, float64 where gradients are checked.
FloatArray: TypeAlias = NDArray[np.floating[Any]]

#: Ids of tokens, positions and counts.
IntArray: TypeAlias = NDArray[np.integer[Any]]

#: Truth values: masks that select elements.
BoolArray: TypeAlias = NDArray[np.bool_]

#: An array of any dtype.
AnyArray: TypeAlias = NDArray[Any]


def is_array(value: object) -> bool:
    """Whether something is an array, NumPy's or one on a GPU."""
    return isinstance(value, np.ndarray) or hasattr(value, "__cuda_array_interface__")


def to_host(array: Any) -> AnyArray:
    """Return an array as one of NumPy's, a copy if it lies on a GPU; `np.asarray(…, like=…)` does the reverse."""
    found: AnyArray = array.get() if hasattr(array, "__cuda_array_interface__") else array
    return found
