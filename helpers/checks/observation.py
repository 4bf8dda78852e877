"""Using an answer once and writing down all that came of it."""

import contextlib
import io
import warnings
from dataclasses import dataclass, field

import numpy as np

from helpers.checks.inputs import copied

#: Label of the case that the notebook works through with a pencil.
BY_HAND = "the example by hand"


@dataclass
class Observation:
    """What came of using an answer once: results, warnings, changed arguments, and the error it ended in, if any."""

    record: dict = field(default_factory=dict)
    warned: tuple = ()
    changed: tuple = ()
    error: BaseException | None = None
    printed: str = ""


@dataclass(frozen=True)
class Case:
    """Arguments, what the reference makes of them, and a label for the message."""

    label: str
    arguments: dict
    expected: Observation


def observe(exercise, answer, arguments):
    """Use `answer` once, on a copy of `arguments`, and return the Observation."""
    given = copied(arguments)
    seen = Observation()
    printed = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as caught,
        np.errstate(all="warn", under="ignore"),  # as NumPy does unless told otherwise
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        warnings.simplefilter("always")
        try:
            exercise.run(answer, given, seen.record)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever untrusted code may raise, SystemExit included
            seen.error = error
    seen.warned = tuple(dict.fromkeys(str(warning.message) for warning in caught))
    seen.changed = tuple(name for name in arguments if not _identical(given[name], arguments[name]))
    seen.printed = printed.getvalue()
    return seen


def _identical(one, other):
    if isinstance(other, np.ndarray):
        return isinstance(one, np.ndarray) and np.array_equal(one, other, equal_nan=other.dtype.kind == "f")
    if isinstance(other, (tuple, list)):
        return len(one) == len(other) and all(_identical(a, b) for a, b in zip(one, other))
    return True  # numbers and strings cannot be changed; a Generator is meant to be used


def cases(exercise, draws, seed):
    """Return the cases of a check: the example by hand, if there is one, and one for each draw."""
    rng = np.random.default_rng(seed)
    drawn = [(draw.label, draw.arguments(exercise, rng)) for draw in draws]
    if exercise.example is not None:
        drawn.append((BY_HAND, copied(exercise.example)))
    return [Case(label, arguments, observe(exercise, exercise.reference, arguments)) for label, arguments in drawn]
