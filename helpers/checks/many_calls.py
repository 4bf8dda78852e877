"""Many calls of one function with the same arguments, here or in the process of a submission's answers.

This file exists there too, so that a check asks for them in one message.
"""

from collections.abc import Callable
from typing import Any

import numpy as np


def call_often(function: Callable[..., Any], count: int, *arguments: Any) -> list[Any]:
    """Call a function `count` times and return what it gave.

    Each call gets copies of the arrays; what the last one that was changed holds is written into the array itself.

    Args:
        function: of this process, or with a method `call_often` of its own that does the same.
        count: how many times.
        arguments: of every call.
    """
    elsewhere = getattr(function, "call_often", None)
    if elsewhere is not None:
        given: list[Any] = elsewhere(count, *arguments)
        return given
    drawn, results = [array.tobytes() if isinstance(array, np.ndarray) else b"" for array in arguments], []
    changed: dict[int, Any] = {}
    for _ in range(count):
        copies = [one.copy() if isinstance(one, np.ndarray) else one for one in arguments]
        results.append(function(*copies))
        for place, (copy, before) in enumerate(zip(copies, drawn)):
            if isinstance(copy, np.ndarray) and copy.tobytes() != before:
                changed[place] = copy
    for place, copy in changed.items():
        arguments[place][...] = copy
    return results
