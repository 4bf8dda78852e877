"""The learning rate over a run: held and then falling, or divided on a plateau."""

import math


class HoldThenFall:
    """Hold the learning rate for the first part of a run, then let it fall linearly to zero at the end.

    rate(p) = learning_rate · min(1, (1 - p) / (1 - hold)),   p from 0 to 1 the part of the run that is done

    Args:
        learning_rate: of the first part.
        hold: the part of the run to hold it for, 0 <= hold <= 1; 1 keeps it constant throughout.

    Raises:
        ValueError: `hold` is out of range.

    Example:
        >>> from helpers.training import HoldThenFall
        >>> schedule = HoldThenFall(8.0, hold=0.5)
        >>> [schedule.rate(progress) for progress in (0.0, 0.5, 0.75, 1.0)]
        [8.0, 8.0, 4.0, 0.0]
    """

    def __init__(self, learning_rate, hold):
        if not 0 <= hold <= 1:
            raise ValueError(f"hold is a part of the run, 0 <= hold <= 1: got {hold}.")
        self.learning_rate, self.hold = learning_rate, hold

    def rate(self, progress):
        """Return the learning rate once this part of the run (0 to 1) is done."""
        if progress <= self.hold:
            return self.learning_rate
        return self.learning_rate * (1 - progress) / (1 - self.hold)

    def end_epoch(self, perplexity):
        """Nothing to learn from a perplexity: the whole course is fixed beforehand."""

    def state_dict(self):
        """Nothing changes, so there is nothing to save."""
        return {}

    def load_state_dict(self, state):
        """Nothing was saved."""


class DecayOnPlateau:
    """Divide the learning rate after every epoch that did not reach a perplexity below the best so far.

    Args:
        learning_rate: of the first epoch.
        factor: what to divide by, above 1.

    Raises:
        ValueError: the factor is not above 1.

    Example:
        >>> from helpers.training import DecayOnPlateau
        >>> schedule = DecayOnPlateau(8.0, factor=4.0)
        >>> for perplexity in (100.0, 90.0, 95.0):
        ...     schedule.end_epoch(perplexity)
        >>> schedule.rate(progress=0.5)
        2.0

    Source: Zaremba et al. (2014), *Recurrent neural network regularization*, decay likewise.
    """

    def __init__(self, learning_rate, factor=4.0):
        if not factor > 1:
            raise ValueError(f"factor divides the learning rate, so it must be above 1: got {factor}.")
        self.learning_rate, self.factor = learning_rate, factor
        self.best = math.inf

    def rate(self, progress):
        """Return the learning rate now; the part of the run that is done makes no difference."""
        return self.learning_rate

    def end_epoch(self, perplexity):
        """Take the perplexity of the validation split after an epoch; NaN is not below anything."""
        if perplexity < self.best:
            self.best = perplexity
        else:
            self.learning_rate /= self.factor

    def state_dict(self):
        """Return what `load_state_dict` needs to go on from here."""
        return {"learning_rate": self.learning_rate, "best": self.best}

    def load_state_dict(self, state):
        """Go on from a saved state."""
        self.learning_rate, self.best = state["learning_rate"], state["best"]


def train_with_decay(run_epoch, evaluate, learning_rate, epochs, factor=4.0):
    """Train for some epochs, dividing the learning rate whenever the perplexity stops falling.

    Args:
        run_epoch: called as ``run_epoch(learning_rate)``, trains for one epoch.
        evaluate: called as ``evaluate()``, returns the perplexity of the validation split.
        learning_rate: of the first epoch.
        epochs: how many.
        factor: the learning rate is divided by it after an epoch whose perplexity is not below the best so far.

    Returns:
        perplexities and learning_rates: two lists with one entry per epoch, the rate being the one it was trained with.
    """
    schedule = DecayOnPlateau(learning_rate, factor)
    perplexities, learning_rates = [], []
    for _ in range(epochs):
        learning_rates.append(schedule.learning_rate)
        run_epoch(schedule.learning_rate)
        perplexities.append(evaluate())
        schedule.end_epoch(perplexities[-1])
    return perplexities, learning_rates
