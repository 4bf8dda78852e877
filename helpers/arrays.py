"""Types of arrays, named by what they hold; the shapes are in the docstrings, as (N, T, D) and the like."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Values, parameters and gradients: float32 in training, float64 where gradients are checked.
FloatArray: TypeAlias = NDArray[np.floating[Any]]

#: Ids of tokens, positions and counts.
IntArray: TypeAlias = NDArray[np.integer[Any]]

#: Yes or no for each place: masks of what is meant.
BoolArray: TypeAlias = NDArray[np.bool_]

#: An array of whatever kind.
AnyArray: TypeAlias = NDArray[Any]
