"""What the training and validation curves say about a model."""

from collections.abc import Sequence
from typing import Literal


def diagnose(
    train_ppl: Sequence[float], valid_ppl: Sequence[float], tolerance: float = 0.05
) -> Literal["overfitting", "still learning", "finished"]:
    """Say in one word or two where a run stands, from its perplexities.

    Args:
        train_ppl, valid_ppl: perplexities of the two splits after each epoch, at least two of them.
        tolerance: smaller relative changes are taken for noise.

    Returns:
        "overfitting" if the validation perplexity has risen above its minimum by more than the tolerance; else
        "still learning" if the training perplexity still fell by more than the tolerance in the last epoch; else
        "finished".
    """
    if valid_ppl[-1] > (1 + tolerance) * min(valid_ppl):
        return "overfitting"
    if train_ppl[-1] < (1 - tolerance) * train_ppl[-2]:
        return "still learning"
    return "finished"
