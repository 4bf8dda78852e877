"""Right answers that look nothing like the reference: every check must accept all of them."""

from tests.checks.honest import (
    notebook_00,
    notebook_01,
    notebook_02,
    notebook_03,
    notebook_04,
    notebook_05,
)

_NOTEBOOKS = (
    notebook_00,
    notebook_01,
    notebook_02,
    notebook_03,
    notebook_04,
    notebook_05,
)

ANSWERS = {exercise_id: answers for notebook in _NOTEBOOKS for exercise_id, answers in notebook.ANSWERS.items()}
