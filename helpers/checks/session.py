"""What a notebook calls: `check` after an exercise, `answer` in a demonstration."""

import os
from collections.abc import Callable
from typing import Any

from IPython.display import display

from helpers.checks.answers import Answers, Namespace, find
from helpers.checks.catalogue import MOVED, where_it_went
from helpers.checks.inputs import HIDDEN
from helpers.checks.judge import Verdict
from helpers.checks.panel import Panel, Points, panel_of, panel_of_hidden, points_of
from helpers.checks.resolved_answers import (
    ResolvedAnswer,
    at_the_end_of_the_cell,
    notices_of_a_check,
    panel_of_resolved,
)
from helpers.language.message import message

#: Environment variable with an instructor's secret seed for the hidden draws.
SECRET_SEED = "COURSE_SECRET_SEED"


def check(exercise_id: str, given: Any) -> Points:
    """Check an answer, show what was found, and return the points.

    Args:
        exercise_id: e.g. "1.3".
        given: the learner's function or class.

    Returns:
        the points earned, a float

    Raises:
        ValueError: there is no such exercise.
    """
    return _current.check(exercise_id, given)


def hidden_check(exercise_id: str, given: Any) -> Points:
    """Check an answer as `check` does, but on other draws, for an instructor; what was drawn is not shown."""
    return _current.hidden_check(exercise_id, given)


def answer(exercise_id: str) -> Any:
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
    """The checks of one notebook.

    Args:
        show: what to do with a Panel; in a notebook it is displayed.
        namespace_of, names_in, in_notebook: of its Answers.
        secret: the secret seed; None reads it from the environment.
    """

    def __init__(
        self,
        show: Callable[[Panel], None] | None = None,
        namespace_of: Callable[[Any], Namespace] | None = None,
        names_in: Callable[[Any], set[str]] | None = None,
        secret: str | None = None,
        in_notebook: bool = True,
    ) -> None:
        self.show = show or (lambda panel: display(panel))  # type: ignore[no-untyped-call]  # IPython has no types
        self.answers = Answers(namespace_of, names_in, in_notebook)
        self.secret = secret
        self.latest: Verdict | None = None  # of the last check
        self._asked_for: dict[str, ResolvedAnswer] = {}  # by exercise id: what the running cell is to be told of

    def check(self, exercise_id: str, given: Any) -> Points:
        """See `check`."""
        if exercise_id in MOVED:
            return self._say_where(exercise_id)
        found = self.answers.check(find(exercise_id), given)
        self.latest = found.verdict
        self.show(panel_of(found.verdict, notices_of_a_check(self.answers.lacks(found.replaced))))
        return points_of(found.verdict)

    def hidden_check(self, exercise_id: str, given: Any) -> Points:
        """See `hidden_check`."""
        if exercise_id in MOVED:
            return self._say_where(exercise_id)
        # Without a secret seed the hidden draws are fixed: good enough for someone who studies alone.
        secret = os.environ.get(SECRET_SEED, "") if self.secret is None else self.secret
        self.latest = self.answers.try_out(find(exercise_id), given, HIDDEN, [1, *secret.encode()]).verdict
        self.show(panel_of_hidden(self.latest))
        return points_of(self.latest, hidden=True)

    def answer(self, exercise_id: str) -> Any:
        """See `answer`."""
        if exercise_id in MOVED:
            self._say_where(exercise_id)
            exercise_id, _ = MOVED[exercise_id]
        resolved = self.answers.resolve(find(exercise_id))
        if resolved.is_told:
            first, self._asked_for[exercise_id] = not self._asked_for, resolved
            if first:
                at_the_end_of_the_cell(self._show_asked_for)
        return resolved.answer

    def _say_where(self, exercise_id: str) -> Points:
        """Tell an older copy of a notebook where an exercise of it is now; there are no points for it here."""
        self.show(Panel(where_it_went(exercise_id), "notice", []))
        return Points(0.0, message("No points here."))

    def _show_asked_for(self) -> None:
        resolved, self._asked_for = self._asked_for, {}
        self.show(panel_of_resolved(list(resolved.values())))


_current = Session()
