"""Synthetic sequences that need a long memory: the rule is simple, only the distance is hard.

Every task but the tales draws `count` sequences (N) of a number of `steps` (T) from a random generator; the tales are
one stream of words.
"""

import numpy as np

from helpers.arrays import FloatArray, IntArray

_ONE_HOT = np.eye(8, dtype=np.float32)

#: The words of a tale: how many keys there are, numbered from 0, then the filler, and the question mark.
KEYS, FILLER, ASK = 8, 8, 9

#: How many fillers a tale has at most.
MOST_FILLERS = 9


def temporal_order(count: int, steps: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    """Two signals among noise: in which order do they appear?

    Each sequence starts with E and ends with B; the symbols between are drawn from a, b, c, d, except at two positions,
    one between steps/10 and steps/5 and one between steps/2 and 3·steps/5, which are X or Y. Four classes: XX, XY, YX,
    YY. (In the paper, 100 to 110 steps.)

    Returns:
        xs (N, T, 8): float32, one-hot, the symbols in the order a, b, c, d, E, B, X, Y.
        targets (N,): int64, the class: 0 for XX, 1 for XY, 2 for YX, 3 for YY; guessing is right 1 time in 4.

    Raises:
        ValueError: fewer than 10 steps.

    Source: Hochreiter and Schmidhuber (1997), Neural Computation 9(8), experiment 6a.
    """
    _check_steps(steps, 10)
    start, end, x = 4, 5, 6
    symbols = rng.integers(0, 4, (count, steps))
    symbols[:, 0], symbols[:, -1] = start, end
    signals = rng.integers(0, 2, (count, 2))
    first = rng.integers(steps // 10, steps // 5 + 1, count)
    second = rng.integers(steps // 2, 3 * steps // 5 + 1, count)
    rows = np.arange(count)
    symbols[rows, first] = x + signals[:, 0]
    symbols[rows, second] = x + signals[:, 1]
    return _ONE_HOT[symbols], 2 * signals[:, 0] + signals[:, 1]


def adding(count: int, steps: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Add the two marked numbers, one in each half of the sequence.

    Returns:
        xs (N, T, 2): float32, at each step a number from 0 to 1, and a mark: 1 at the two positions, else 0.
        targets (N,): float32, the sum; always answering 1 has a mean squared error of 1/6.

    Raises:
        ValueError: fewer than 2 steps.

    Source: Hochreiter and Schmidhuber (1997), experiment 4, in the form of Le, Jaitly and Hinton (2015),
        "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units".
    """
    _check_steps(steps, 2)
    numbers = rng.random((count, steps), dtype=np.float32)
    marks = np.zeros_like(numbers)
    rows = np.arange(count)
    marks[rows, rng.integers(0, steps // 2, count)] = 1
    marks[rows, rng.integers(steps // 2, steps, count)] = 1
    return np.stack([numbers, marks], axis=2), (numbers * marks).sum(axis=1)


def first_symbol_recall(count: int, steps: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    """After a long distraction: which symbol came first?

    The first symbol is one of four, and every later one is drawn from four others, independently of it.

    Returns:
        xs (N, T, 8): float32, one-hot, the four symbols to be recalled before the four that distract.
        targets (N,): int64, the first symbol, 0 to 3; guessing is right 1 time in 4.

    Raises:
        ValueError: fewer than 1 step.

    Source: after Hochreiter and Schmidhuber (1997), experiment 2.
    """
    _check_steps(steps, 1)
    symbols = rng.integers(4, 8, (count, steps))
    symbols[:, 0] = rng.integers(0, 4, count)
    return _ONE_HOT[symbols], symbols[:, 0].copy()


def tales(count: int, rng: np.random.Generator, fewest: int = 0) -> tuple[IntArray, IntArray]:
    """A stream of tales, for a language model: a key, some fillers, a question mark, and the same key again.

    The key is one of `KEYS`, and there are `fewest` to `MOST_FILLERS` fillers. The word after the question mark can be
    known, and only from the key.

    Args:
        count: how many tales.
        rng: what they are drawn from.
        fewest: how many fillers each has at least.

    Returns:
        words (n,): the stream; keys are 0 to 7, `FILLER` is 8 and `ASK` is 9.
        ages (n,): how many steps ago the key of the tale was read.

    Raises:
        ValueError: `fewest` is not 0 to `MOST_FILLERS`.

    Example:
        >>> import numpy as np
        >>> from helpers.data import tales
        >>> words, ages = tales(2, np.random.default_rng(1), fewest=7)
        >>> words.tolist()
        [3, 8, 8, 8, 8, 8, 8, 8, 8, 8, 9, 3, 4, 8, 8, 8, 8, 8, 8, 8, 8, 8, 9, 4]
    """
    if not 0 <= fewest <= MOST_FILLERS:
        raise ValueError(f"fewest must be 0 to {MOST_FILLERS}: got {fewest}.")
    words: list[int] = []
    ages: list[int] = []
    for key, fillers in zip(rng.integers(KEYS, size=count), rng.integers(fewest, MOST_FILLERS + 1, size=count)):
        words += [key, *[FILLER] * fillers, ASK, key]
        ages += [*range(fillers + 2), 0]
    return np.array(words), np.array(ages)


def _check_steps(steps: int, least: int) -> None:
    if steps < least:
        raise ValueError(f"steps must be at least {least} for this task: got {steps}.")
