"""What a notebook calls: `check` after an exercise, `answer` in a demonstration."""

import contextlib
import os
from pathlib import Path

from IPython.display import display

from helpers.checks.answer_slicing import functions_of, names_used_by
from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.judge import judge
from helpers.checks.location import located
from helpers.checks.panel import Panel, panel_of
from helpers.checks.resolved_answers import (
    NOT_AS_SAVED,
    NOT_YET,
    OPEN,
    ResolvedAnswer,
    at_the_end_of_the_cell,
    panel_of_resolved,
    substitution_notice,
)
from helpers.checks.saved_answers import SavedAnswer

#: Environment variable with an instructor's secret seed for the hidden draws.
SECRET_SEED = "COURSE_SECRET_SEED"

_ANSWERS = {exercise.name for exercise in EXERCISES.values()}


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
    """Check an answer as `check` does, but on other draws, for an instructor; what was drawn is not shown."""
    return _current.hidden_check(exercise_id, given)


def answer(exercise_id):
    """Return the learner's own answer if it is right, else the reference; a line says which, unless it is from here.

    An answer of this session comes first, then one from the notebooks beside this one. Grading reads no other notebook.
    A cell that asks for several gets one panel for all of them, at its end.

    Args:
        exercise_id: e.g. "1.3".

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
        self.resolved = {}  # exercise id -> ResolvedAnswer, what the running cell asked for and was not told of yet
        self.latest = None  # the Verdict of the last check
        self.verdicts = {}  # exercise id -> (the answer that was checked, its Verdict)
        self.from_saved = {}  # exercise id -> the right answer of a saved notebook
        self.wrong_saved = set()  # ids of exercises whose saved answer was written, and is not right
        self.substitutes = {}  # exercise id -> the exercises whose reference a saved answer calls, directly or not

    def check(self, exercise_id, given):
        """See `check`."""
        exercise = _find(exercise_id)
        with self._with_references(exercise, given) as replaced:
            verdict = self.latest = located(judge(exercise, given, VISIBLE), given)
        self.verdicts[exercise_id] = (given, verdict)
        notes = [substitution_notice(other, self._state(other), "this check ran") for other in replaced]
        self.show(panel_of(verdict, notes))
        return float(verdict.points)

    def hidden_check(self, exercise_id, given):
        """See `hidden_check`."""
        exercise = _find(exercise_id)
        # Without a secret seed the hidden draws are fixed: good enough for someone who studies alone.
        secret = os.environ.get(SECRET_SEED, "") if self.secret is None else self.secret
        with self._with_references(exercise, given):
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
            self._tell(ResolvedAnswer(exercise, True, self._with_states(self.substitutes.get(exercise_id, []))))
            return saved
        missing = [exercise] if verdict is None or not verdict.right else self._open_uses(exercise, given)
        if not missing:
            return given
        self._tell(ResolvedAnswer(exercise, False, self._with_states(missing)))
        return exercise.reference

    def _tell(self, resolved):
        """Say whose answer it is, together with the others that the same cell asks for."""
        first, self.resolved[resolved.exercise.id] = not self.resolved, resolved
        if first:
            at_the_end_of_the_cell(self._show_resolved)

    def _show_resolved(self):
        resolved, self.resolved = self.resolved, {}
        self.show(panel_of_resolved(list(resolved.values())))

    def _with_states(self, lacking):
        return tuple((other, self._state(other)) for other in lacking)

    def _state(self, exercise):
        """What is said of an exercise that is not right."""
        _, verdict = self.verdicts.get(exercise.id, (None, None))
        if verdict is not None and verdict.status == "not yet":
            return NOT_YET
        return NOT_AS_SAVED if verdict is None and exercise.id in self.wrong_saved else OPEN

    def _saved(self, exercise):
        """The right answer of a learner's saved notebook, ready to be called, or None."""
        if exercise.id not in self.from_saved and "NBGRADER_EXECUTION" not in os.environ:
            given = self._load(exercise)
            if given is None:
                return None  # not remembered: the learner may fix and save it while this notebook is open
            self.from_saved[exercise.id] = given
        return self.from_saved.get(exercise.id)

    def _load(self, exercise):
        self.wrong_saved.discard(exercise.id)
        saved = SavedAnswer(exercise, Path.cwd())
        if not saved.is_written:
            return None
        used = {other.id: self._saved(other) for other in _used_by(exercise)}
        for other in saved.others():  # that it calls although it need not
            used.setdefault(other.id, self._saved(other))
        declared = {other.id for other in _used_by(exercise)}
        given = saved.define(
            {
                EXERCISES[one].name: found or EXERCISES[one].reference
                for one, found in used.items()
                if found or one in declared or EXERCISES[one].notebook < exercise.notebook
            },
            lambda exercise_id: self._earlier(_find(exercise_id), exercise),
        )
        if given is None:
            return None
        called = [other for other in _used_by(exercise) if other.name in self.names_in(given)]
        through = [self.substitutes.get(other.id, []) if used[other.id] else [other] for other in called]
        self.substitutes[exercise.id] = list({other.id: other for some in through for other in some}.values())
        verdict = judge(exercise, given, VISIBLE)
        if verdict.status == "not yet":
            self.wrong_saved.add(exercise.id)
        return given if verdict.right else None

    def _earlier(self, other, exercise):
        """What the saved answer to an exercise gets where it asks for another one by its id."""
        is_earlier = [*EXERCISES].index(other.id) < [*EXERCISES].index(exercise.id)
        return (self._saved(other) if is_earlier else None) or other.reference

    def _open_uses(self, exercise, given):
        """The exercises whose answers `given` calls, itself or through others, that are not right in this session."""
        return [other for _, other in self._not_right(exercise, given) if other.id in self._called(exercise, given)]

    def _called(self, exercise, given):
        """The ids of the exercises whose answers `given` calls, itself or through others that are right."""
        found, names, namespace = set(), self.names_in(given), self.namespace_of(given)
        for other in _used_by(exercise):
            if other.name in names:
                used = namespace.get(other.name)
                found |= {other.id} | (self._called(other, used) if self._is_own(other, used) else set())
        return found

    @contextlib.contextmanager
    def _with_references(self, exercise, given):
        """Put the reference in the place of every answer that `given` relies on and that is not right yet.

        Yields the list of exercises that were replaced, so that no exercise is blocked by an earlier one.
        """
        replaced = self._not_right(exercise, given)
        called = self._called(exercise, given)
        kept = [(namespace, other, namespace.get(other.name)) for namespace, other in replaced]
        for namespace, other in replaced:
            namespace.update({other.name: other.reference})
        try:
            yield [other for _, other in replaced if other.id in called]
        finally:
            for namespace, other, theirs in kept:
                namespace.pop(other.name, None)
                if theirs is not None:
                    namespace.update({other.name: theirs})

    def _not_right(self, exercise, given):
        """What `given` may rely on through any chain of uses and is not right: pairs of its namespace and exercise.

        A right answer is asked in its turn, in the namespace that *it* sees, which may be that of another notebook.
        """
        found, namespace = {}, self.namespace_of(given)
        for other in _used_by(exercise):
            used = namespace.get(other.name)
            if not self._is_right(other, used):
                found[id(namespace), other.id] = namespace, other
            elif self._is_own(other, used):
                found |= {(id(place), one.id): (place, one) for place, one in self._not_right(other, used)}
        return list(found.values())

    def _is_own(self, exercise, used):
        """Whether an answer is a right one of the learner's: what the reference relies on is no business of theirs."""
        return used is not exercise.reference and self._is_right(exercise, used)

    def _is_right(self, exercise, given):
        if given is None:
            return False
        checked, verdict = self.verdicts.get(exercise.id, (None, None))
        if checked is not given:
            with self._with_references(exercise, given):
                verdict = judge(exercise, given, VISIBLE)
            self.verdicts[exercise.id] = (given, verdict)
        return verdict.right


def _find(exercise_id):
    if exercise_id not in EXERCISES:
        raise ValueError(f"There is no exercise {exercise_id!r}. The exercises are {', '.join(EXERCISES)}.")
    return EXERCISES[exercise_id]


def _used_by(exercise):
    """The exercises that one may rely on, through any chain of uses, each once and before those that use it."""
    found = {}
    for other in map(_find, exercise.uses):
        found |= {earlier.id: earlier for earlier in _used_by(other)} | {other.id: other}
    return list(found.values())


def _globals_of(given):
    """The global variables that the functions of an answer see."""
    return next((function.__globals__ for function in functions_of(given)), {})


def _names_in(given):
    """The names that an answer looks up when it runs, in its inner functions and in the helpers of its notebook too."""
    return names_used_by(given, lambda name: name not in _ANSWERS)


_current = Session()
