"""What a notebook calls: `check` after an exercise, `answer` in a demonstration."""

import contextlib
import inspect
import os
from pathlib import Path

from IPython.display import display

from helpers.checks.catalogue import EXERCISES
from helpers.checks.draws import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.checks.panel import Panel, panel_of
from helpers.checks.saved import saved_answer

#: Environment variable with an instructor's secret seed for the hidden draws.
SECRET_SEED = "COURSE_SECRET_SEED"

_verdicts = {}  # exercise id -> (the answer that was checked, its Verdict), in this session
_from_saved = {}  # exercise id -> the right answer of a saved notebook


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
    """Return the learner's own answer if it is right, else the reference; a line says which, unless it is from here.

    An answer of this session comes first, then one from the notebooks beside this one. Grading reads no other notebook.

    Args:
        exercise_id: e.g. "1.3".

    Returns:
        a function or a class

    Raises:
        ValueError: there is no such exercise.
    """
    exercise = _find(exercise_id)
    given, verdict = _verdicts.get(exercise_id, (None, None))
    saved = _saved(exercise) if verdict is None else None
    if saved is not None:
        display(Panel(f"Exercise {exercise_id}: your own `{exercise.name}`, from your saved notebook", "notice", []))
        return saved
    missing = [exercise] if verdict is None or not verdict.right else _open_uses(exercise, given)
    if not missing:
        return given
    ids = " and ".join(other.id for other in missing)
    text = f"This cell runs with the reference `{exercise.name}`. Once yours is right, run it again."
    display(Panel(f"Exercise {ids} is still open", "notice", [text]))
    return exercise.reference


def _saved(exercise):
    """The right answer of a learner's saved notebook, ready to be called, or None."""
    if exercise.id not in _from_saved and "NBGRADER_EXECUTION" not in os.environ:
        given = _load(exercise)
        if given is None:
            return None  # not remembered: the learner may mend and save it while this notebook is open
        _from_saved[exercise.id] = given
    return _from_saved.get(exercise.id)


def _load(exercise):
    given = saved_answer(exercise, Path.cwd())
    if given is None:
        return None
    for other in map(_find, exercise.uses):
        _namespace_of(given).setdefault(other.name, _saved(other) or other.reference)
    return given if judge(exercise, given, VISIBLE).right else None


def _open_uses(exercise, given):
    """The exercises whose answers `given` calls, itself or through others, that are not right in this session."""
    found = []
    for other in map(_find, exercise.uses):
        used = _namespace_of(given).get(other.name)
        if other.name in _names_in(given):
            found += _open_uses(other, used) if _is_right(other, used) else [other]
    return found


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
