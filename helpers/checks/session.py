"""What a notebook calls: `check` after an exercise, `answer` in a demonstration."""

import contextlib
import inspect
import os

from IPython.display import display

from helpers.checks.catalogue import EXERCISES
from helpers.checks.draws import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.checks.panel import Panel, panel_of

#: Environment variable with an instructor's secret seed for the hidden draws.
SECRET_SEED = "COURSE_SECRET_SEED"

_verdicts = {}  # exercise id -> (the answer that was checked, its Verdict), in this session


def check(exercise_id, given):
    """Check an answer, show what was found, and return the points.

    Args:
        exercise_id: e.g. "1.3".
        given: the learner's function or class.

    Returns:
        the points earned, a plain float

    Raises:
        ValueError: there is no such exercise.
    """
    exercise = _find(exercise_id)
    with _standing_in(exercise, given) as replaced:
        verdict = judge(exercise, given, VISIBLE)
    _verdicts[exercise_id] = (given, verdict)
    display(panel_of(verdict, [_notice_of_stand_in(other) for other in replaced]))
    return float(verdict.points)


def hidden_check(exercise_id, given):
    """Check an answer on other draws, for an instructor, and return the points; what was drawn is not shown.

    Args:
        exercise_id: e.g. "1.3".
        given: the learner's function or class.

    Returns:
        the points earned, a plain float

    Raises:
        ValueError: there is no such exercise.
    """
    exercise = _find(exercise_id)
    with _standing_in(exercise, given):
        verdict = judge(exercise, given, HIDDEN, _secret_seed())
    words = (
        "Other sizes, other types and large values give the right results too."
        if verdict.right
        else "Not yet right on other sizes, other types or large values. The visible check says more where it can."
    )
    points = f"{verdict.points:g} of {verdict.max_points:g} points."
    display(Panel(f"Exercise {exercise_id}, hidden check", verdict.status, [words, points]))
    return float(verdict.points)


def answer(exercise_id):
    """Return the learner's answer if its check passed in this session, else the reference, with a notice.

    Args:
        exercise_id: e.g. "1.3".

    Returns:
        a function or a class

    Raises:
        ValueError: there is no such exercise.
    """
    exercise = _find(exercise_id)
    given, verdict = _verdicts.get(exercise_id, (None, None))
    if verdict is not None and verdict.right:
        return given
    display(
        Panel(
            f"Exercise {exercise_id} is still open",
            "notice",
            [f"This cell runs with the reference `{exercise.name}`. Once yours is right, run it again."],
        )
    )
    return exercise.reference


def _find(exercise_id):
    if exercise_id not in EXERCISES:
        raise ValueError(f"There is no exercise {exercise_id!r}. The exercises are {', '.join(EXERCISES)}.")
    return EXERCISES[exercise_id]


def _secret_seed():
    # Without a secret seed the hidden draws are fixed: good enough for a desk of one's own.
    text = os.environ.get(SECRET_SEED, "")
    return [1, *text.encode()]


@contextlib.contextmanager
def _standing_in(exercise, given):
    """Put the reference in the place of every answer that `given` may call and that is not right yet.

    Yields the list of exercises that were replaced, so that no exercise is blocked by an earlier one.
    """
    namespace = _namespace_of(given)
    replaced = [other for other in map(_find, exercise.uses) if not _is_right(other, namespace.get(other.name))]
    kept = {other.name: namespace[other.name] for other in replaced if other.name in namespace}
    namespace.update({other.name: other.reference for other in replaced})
    try:
        yield [other for other in replaced if other.name in _names_in(given)]
    finally:
        for other in replaced:
            namespace.pop(other.name, None)
        namespace.update(kept)


def _is_right(exercise, given):
    if given is None:
        return False
    checked, verdict = _verdicts.get(exercise.id, (None, None))
    if checked is not given:
        with _standing_in(exercise, given):
            verdict = judge(exercise, given, VISIBLE)
        _verdicts[exercise.id] = (given, verdict)
    return verdict.right


def _functions_of(given):
    members = vars(given).values() if inspect.isclass(given) else [given]
    return [inspect.unwrap(member) for member in members if inspect.isfunction(member)]


def _namespace_of(given):
    """The global variables that the functions of an answer see."""
    return next((function.__globals__ for function in _functions_of(given)), {})


def _names_in(given):
    return {name for function in _functions_of(given) for name in function.__code__.co_names}


def _notice_of_stand_in(exercise):
    return (
        f"Exercise {exercise.id} is not right yet, so this check ran with the reference `{exercise.name}` in the place "
        "of yours."
    )
