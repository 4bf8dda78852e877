"""Types of arrays, named by what they hold; the docstrings give the shapes, e.g. (N, T, D)."""

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
