"""The search for known mistakes: a wrong answer is run only for as long as it gives what the learner's gave."""

import pytest

from helpers.checks import diagnosis
from helpers.checks.catalogue import EXERCISES
from helpers.checks.edits import Edit
from helpers.checks.observation import cases, observe
from tests.checks.pairs import DRAW


@pytest.mark.parametrize("exercise_id", ["0.1", "1.3", "4.4", "6.1", "8.4"])
def test_running_a_mistake_until_it_differs_tells_the_same_as_running_it_to_its_end(exercise_id):
    exercise = EXERCISES[exercise_id]
    case = cases(exercise, [DRAW], seed=0)[0]
    answers = [exercise.reference, *(mistake.wrong for mistake in exercise.misconceptions)]
    seen = [observe(exercise, answer, case.arguments) for answer in answers]
    for one in seen:
        alike = [diagnosis._is_alike(exercise, one, other) for other in seen]
        assert [diagnosis._gives(exercise, answer, case, one) for answer in answers] == alike
        assert any(alike) and not all(alike)


def test_a_mistake_is_run_no_further_than_its_first_other_result():
    exercise = EXERCISES["1.4"]
    case = cases(exercise, [DRAW], seed=0)[0]
    wrong = Edit(exercise.spelt_out, ("np.stack(states, axis=1) → np.stack(states[::-1], axis=1)",)).wrong
    record = diagnosis._SameSoFar(case.expected.record)
    observe(exercise, wrong, case.arguments, record)
    assert list(record) == ["hs"]
    assert list(observe(exercise, wrong, case.arguments).record) == list(exercise.results)
