"""How small a mistake may be that a check finds by drawing often, and that it finds none in a right answer."""

import numpy as np
import pytest

from helpers.checks import dropout
from helpers.checks.catalogue import EXERCISES
from helpers.checks.edits import Edit
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.observation import cases, observe

SEEDS = range(20)
#: The one kind of draw in which words and gaps are counted.
ONE_EXAMPLE = [spec for spec in HIDDEN if spec.sizes.N == 1]

TOO_HOT, TOO_COLD = (f"logits / temperature → logits / ({factor} * temperature)" for factor in (1.1, 0.9))
WRONG = {
    "a temperature 10 % too high": ("5.6", (TOO_HOT,)),
    "a temperature 10 % too low": ("5.6", (TOO_COLD,)),
}
for exercise_id in ("6.4", "7.2", "7.3"):
    WRONG |= {
        f"{exercise_id}, a rate 10 % too high": (exercise_id, (">= self.rate → >= 1.1 * self.rate",)),
        f"{exercise_id}, a rate 10 % too low": (exercise_id, (">= self.rate → >= 0.9 * self.rate",)),
        f"{exercise_id}, a keep rate 10 % too high": (exercise_id, (">= self.rate → >= 1 - 1.1 * (1 - self.rate)",)),
        f"{exercise_id}, a keep rate 10 % too low": (exercise_id, (">= self.rate → >= 1 - 0.9 * (1 - self.rate)",)),
    }
#: The smallest errors that are no rounding: exact where it can be exact.
for exercise_id in ("6.4", "7.2"):
    for error in ("1.0009", "(1 + 1e-5)"):
        change = f"xs.dtype.type(1 - self.rate) → xs.dtype.type({error} * (1 - self.rate))"
        WRONG[f"{exercise_id}, a scale wrong by {error}"] = (exercise_id, (change,))


def off(exercise_id, answer, seed):
    """The results of an answer that are not the reference's, in the draw in which words and gaps are counted."""
    exercise = EXERCISES[exercise_id]
    [case] = cases(exercise, ONE_EXAMPLE, [1, seed])
    record = observe(exercise, answer, case.arguments).record
    return [name for name, expected in case.expected.record.items() if not np.array_equal(record.get(name), expected)]


def test_words_and_gaps_are_counted_in_one_draw_of_each_check():
    assert [[spec.sizes.N for spec in specs].count(1) for specs in (VISIBLE, HIDDEN)] == [1, 1]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * ("temperature" in name)) for name in WRONG]
)
def test_a_small_mistake_is_found_with_every_seed(name):
    exercise_id, changes = WRONG[name]
    wrong = Edit(EXERCISES[exercise_id].spelt_out, changes).wrong
    assert [seed for seed in SEEDS if not off(exercise_id, wrong, seed)] == []


@pytest.mark.parametrize("exercise_id", ["5.6", "6.4", "7.2", "7.3"])
def test_a_right_answer_passes_with_every_seed(exercise_id):
    right = EXERCISES[exercise_id].spelt_out
    assert [found for seed in SEEDS if (found := off(exercise_id, right, seed))] == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_factor_is_exact_but_for_rounding(dtype):
    eps = np.finfo(dtype).eps
    for factor, said in (
        (1, "0 and 1/(1-rate)"),
        (1 + 4 * eps, "0 and 1/(1-rate)"),
        (1 + 64 * eps, "0 and nearly 1/(1-rate)"),
    ):
        assert dropout.relation(np.array([0, factor / 0.75], dtype), 0.25) == said
