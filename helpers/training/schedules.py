"""The learning rate over a run: held and then falling, or divided on a plateau.

All that changes in a schedule are its attributes, numbers that a checkpoint keeps as they are.
"""

import math
from collections.abc import Callable
from typing import TypeAlias


class HoldThenFall:
    """Hold the learning rate for the first part of a run, then let it fall linearly to zero.

    rate(p) = learning_rate · min(1, (1 - p) / (1 - hold)),   where p, 0 to 1, is the completed fraction of the run

    Args:
        learning_rate: of the first part.
        hold: the fraction of the run for which it is held, 0 <= hold <= 1; 1 keeps it constant throughout.

    Raises:
        ValueError: `hold` is out of range.

    Example:
        >>> from helpers.training import HoldThenFall
        >>> schedule = HoldThenFall(8.0, hold=0.5)
        >>> [schedule.rate(progress) for progress in (0.0, 0.5, 0.75, 1.0)]
        [8.0, 8.0, 4.0, 0.0]
    """

    def __init__(self, learning_rate: float, hold: float) -> None:
        if not 0 <= hold <= 1:
            raise ValueError(f"hold is a fraction of the run, 0 <= hold <= 1: got {hold}.")
        self.learning_rate, self.hold = learning_rate, hold

    def rate(self, progress: float) -> float:
        """Return the learning rate when this fraction of the run (0 to 1) is complete."""
        if progress <= self.hold:
            return self.learning_rate
        return self.learning_rate * (1 - progress) / (1 - self.hold)

    def end_epoch(self, perplexity: float) -> None:
        """Do nothing: the whole schedule is fixed in advance."""


class DecayOnPlateau:
    """Divide the learning rate after every epoch whose perplexity is not below the best so far.

    Args:
        learning_rate: of the first epoch.
        factor: what to divide by, above 1.

    Raises:
        ValueError: the factor is not above 1.

    Source: Zaremba et al. (2014), *Recurrent neural network regularization*, whose decay is similar.

    Example:
        >>> from helpers.training.schedules import DecayOnPlateau
        >>> schedule = DecayOnPlateau(20.0)
        >>> for perplexity in (90.0, 80.0, 85.0):
        ...     schedule.end_epoch(perplexity)
        >>> schedule.rate(progress=0.3)
        5.0
    """

    def __init__(self, learning_rate: float, factor: float = 4.0) -> None:
        if not factor > 1:
            raise ValueError(f"factor divides the learning rate, so it must be above 1: got {factor}.")
        self.learning_rate, self.factor = learning_rate, factor
        self.best = math.inf

    def rate(self, progress: float) -> float:
        """Return the current learning rate, whatever the progress."""
        return self.learning_rate

    def end_epoch(self, perplexity: float) -> None:
        """Compare the validation perplexity of an epoch with the best so far; NaN is never below it."""
        if perplexity < self.best:
            self.best = perplexity
        else:
            self.learning_rate /= self.factor


Schedule: TypeAlias = HoldThenFall | DecayOnPlateau


def train_with_decay(
    run_epoch: Callable[[float], object],
    evaluate: Callable[[], float],
    learning_rate: float,
    epochs: int,
    factor: float = 4.0,
) -> tuple[list[float], list[float]]:
    """Train for some epochs, dividing the learning rate whenever the perplexity stops falling.

    Args:
        run_epoch: called as ``run_epoch(learning_rate)`` to train for one epoch.
        evaluate: called as ``evaluate()``; returns the perplexity of the validation split.
        learning_rate: of the first epoch.
        epochs: their number.
        factor: the learning rate is divided by it after an epoch whose perplexity is not below the best so far.

    Returns:
        perplexities and learning_rates: two lists with one entry per epoch, its rate being the one used in training.
    """
    schedule = DecayOnPlateau(learning_rate, factor)
    perplexities: list[float] = []
    learning_rates: list[float] = []
    for _ in range(epochs):
        learning_rates.append(schedule.learning_rate)
        run_epoch(schedule.learning_rate)
        perplexities.append(evaluate())
        schedule.end_epoch(perplexities[-1])
    return perplexities, learning_rates
