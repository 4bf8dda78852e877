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
    return _current.check(exercise_id, given)


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
    return _current.hidden_check(exercise_id, given)


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
    return _current.answer(exercise_id)


class Session:
    """The checks of one notebook, and what they found so far.

    Args:
        show: what to do with a Panel; in a notebook it is displayed.
        namespace_of: gives the names that the functions of an answer see, a dict or the like.
        names_in: gives the names that an answer looks up when it runs.
        secret: the secret seed; None reads it from the environment.
    """

    def __init__(self, show=None, namespace_of=None, names_in=None, secret=None):
        self.show = show or (lambda panel: display(panel))
        self.namespace_of = namespace_of or _globals_of
        self.names_in = names_in or _names_in
        self.secret = secret
        self.latest = None  # the Verdict of the last check
        self.verdicts = {}  # exercise id -> (the answer that was checked, its Verdict)
        self.from_saved = {}  # exercise id -> the right answer of a saved notebook
        self.wrong_saved = set()  # ids of exercises whose saved answer was written, and is not right
        self.lent = {}  # exercise id -> the exercises whose reference a saved answer calls

    def check(self, exercise_id, given):
        """See `check`."""
        exercise = _find(exercise_id)
        with self._standing_in(exercise, given) as replaced:
            verdict = self.latest = judge(exercise, given, VISIBLE)
        self.verdicts[exercise_id] = (given, verdict)
        self.show(panel_of(verdict, [self._notice_of_stand_in(other) for other in replaced]))
        return float(verdict.points)

    def hidden_check(self, exercise_id, given):
        """See `hidden_check`."""
        exercise = _find(exercise_id)
        # Without a secret seed the hidden draws are fixed: good enough for a desk of one's own.
        secret = os.environ.get(SECRET_SEED, "") if self.secret is None else self.secret
        with self._standing_in(exercise, given):
            verdict = self.latest = judge(exercise, given, HIDDEN, [1, *secret.encode()])
        words = (
            "Other sizes, other types and large values give the right results too."
            if verdict.right
            else "Not yet right on other sizes, other types or large values. The visible check says more where it can."
        )
        points = f"{verdict.points:g} of {verdict.max_points:g} points."
        self.show(Panel(f"Exercise {exercise_id}, hidden check", verdict.status, [words, points]))
        return float(verdict.points)

    def answer(self, exercise_id):
        """See `answer`."""
        exercise = _find(exercise_id)
        given, verdict = self.verdicts.get(exercise_id, (None, None))
        saved = self._saved(exercise) if verdict is None else None
        if saved is not None:
            heading = f"Exercise {exercise_id}: your own `{exercise.name}`, from your saved notebook"
            lent = [self._notice_of_stand_in(other, "it runs") for other in self.lent.get(exercise_id, [])]
            self.show(Panel(heading, "notice", lent))
            return saved
        missing = [exercise] if verdict is None or not verdict.right else self._open_uses(exercise, given)
        if not missing:
            return given
        self._say_why_not(exercise, missing, verdict)
        return exercise.reference

    def _say_why_not(self, exercise, missing, verdict):
        """Show why a cell runs with the reference."""
        ids = " and ".join(other.id for other in missing)
        heading, then = f"Exercise {ids} is still open", "Once yours is right, run it again."
        if verdict is not None and verdict.status == "not yet":
            heading = f"Exercise {ids} is not right yet"
        elif exercise.id in self.wrong_saved:
            heading = f"Exercise {ids}: your saved answer is not right"
            then = "Its own notebook says what is off; mend it there, save it, and run this cell again."
        self.show(Panel(heading, "notice", [f"This cell runs with the reference `{exercise.name}`. {then}"]))

    def _notice_of_stand_in(self, exercise, what="this check ran"):
        _, verdict = self.verdicts.get(exercise.id, (None, None))
        wrong = exercise.id in self.wrong_saved or (verdict is not None and verdict.status == "not yet")
        state = "is not right yet" if wrong else "is still open"
        return f"Exercise {exercise.id} {state}, so {what} with the reference `{exercise.name}` in the place of yours."

    def _saved(self, exercise):
        """The right answer of a learner's saved notebook, ready to be called, or None."""
        if exercise.id not in self.from_saved and "NBGRADER_EXECUTION" not in os.environ:
            given = self._load(exercise)
            if given is None:
                return None  # not remembered: the learner may mend and save it while this notebook is open
            self.from_saved[exercise.id] = given
        return self.from_saved.get(exercise.id)

    def _load(self, exercise):
        self.wrong_saved.discard(exercise.id)
        given = saved_answer(exercise, Path.cwd())
        if given is None:
            return None
        own = {other.id: self._saved(other) for other in map(_find, exercise.uses)}
        for other in map(_find, exercise.uses):
            _globals_of(given).setdefault(other.name, own[other.id] or other.reference)
        called = [other for other in map(_find, exercise.uses) if other.name in self.names_in(given)]
        self.lent[exercise.id] = [other for other in called if own[other.id] is None]
        verdict = judge(exercise, given, VISIBLE)
        if verdict.status == "not yet":
            self.wrong_saved.add(exercise.id)
        return given if verdict.right else None

    def _open_uses(self, exercise, given):
        """The exercises whose answers `given` calls, itself or through others, that are not right in this session."""
        found = []
        for other in map(_find, exercise.uses):
            used = self.namespace_of(given).get(other.name)
            if other.name in self.names_in(given):
                found += self._open_uses(other, used) if self._is_right(other, used) else [other]
        return found

    @contextlib.contextmanager
    def _standing_in(self, exercise, given):
        """Put the reference in the place of every answer that `given` may call and that is not right yet.

        Yields the list of exercises that were replaced, so that no exercise is blocked by an earlier one.
        """
        namespace = self.namespace_of(given)
        replaced = [
            other for other in map(_find, exercise.uses) if not self._is_right(other, namespace.get(other.name))
        ]
        kept = {other.name: namespace.get(other.name) for other in replaced}
        namespace.update({other.name: other.reference for other in replaced})
        try:
            yield [other for other in replaced if other.name in self.names_in(given)]
        finally:
            for other in replaced:
                namespace.pop(other.name, None)
            namespace.update({name: theirs for name, theirs in kept.items() if theirs is not None})

    def _is_right(self, exercise, given):
        if given is None:
            return False
        checked, verdict = self.verdicts.get(exercise.id, (None, None))
        if checked is not given:
            with self._standing_in(exercise, given):
                verdict = judge(exercise, given, VISIBLE)
            self.verdicts[exercise.id] = (given, verdict)
        return verdict.right


@contextlib.contextmanager
def using(session):
    """Let `check` and `hidden_check` be those of a Session."""
    global _current
    kept, _current = _current, session
    try:
        yield session
    finally:
        _current = kept


def _find(exercise_id):
    if exercise_id not in EXERCISES:
        raise ValueError(f"There is no exercise {exercise_id!r}. The exercises are {', '.join(EXERCISES)}.")
    return EXERCISES[exercise_id]


def _functions_of(given):
    members = vars(given).values() if inspect.isclass(given) else [given]
    return [inspect.unwrap(member) for member in members if inspect.isfunction(member)]


def _globals_of(given):
    """The global variables that the functions of an answer see."""
    return next((function.__globals__ for function in _functions_of(given)), {})


def _names_in(given):
    return {name for function in _functions_of(given) for name in function.__code__.co_names}


_current = Session()
