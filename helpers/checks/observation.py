"""Using an answer once and writing down all that came of it."""

import contextlib
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from helpers.checks.compare import are_equal
from helpers.checks.edits import Answer
from helpers.checks.exercise import Exercise, Values
from helpers.checks.inputs import InputSpec, copied

#: Label of the case that the notebook works through with a pencil.
BY_HAND = "example by hand"


class Record(dict[str, Any]):
    """Results by name, as they were when they were written down: a layer may use its arrays again."""

    def __setitem__(self, name: str, value: object) -> None:
        super().__setitem__(name, _kept(value))

    def update(self, results: Mapping[str, object]) -> None:  # type: ignore[override]  # dict's own does not copy
        """Write down several results."""
        for name, value in results.items():
            self[name] = value


def _kept(value: object) -> object:
    if not isinstance(value, np.ndarray):
        return value
    return value.copy() if value.ndim else value[()]  # an array without axes is a number


@dataclass
class Observation:
    """What came of using an answer once: results, warnings, arguments wrongly changed, and the error it ended in."""

    record: Values = field(default_factory=Record)
    warned: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    error: BaseException | None = None
    printed: str = ""


@dataclass(frozen=True)
class Case:
    """Arguments, what the reference makes of them, and a label for the message."""

    label: str
    arguments: Values
    expected: Observation


def observe(exercise: Exercise, answer: Answer, arguments: Values, record: Record | None = None) -> Observation:
    """Use `answer` once, on a copy of `arguments`, and return the Observation, with the results in `record`."""
    given = copied(arguments)
    seen = Observation(Record() if record is None else record)
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
    kept = (name for name in arguments if name not in exercise.mutates)
    seen.changed = tuple(name for name in kept if not _identical(given[name], arguments[name]))
    seen.printed = printed.getvalue()
    return seen


def _identical(one: object, other: object) -> bool:
    if isinstance(other, np.ndarray):
        return isinstance(one, np.ndarray) and are_equal(one, other)
    if isinstance(other, tuple | list):
        if not isinstance(one, tuple | list) or len(one) != len(other):
            return False
        return all(_identical(a, b) for a, b in zip(one, other))
    if isinstance(other, dict):
        return isinstance(one, dict) and _identical([*one.items()], [*other.items()])
    # A number may stand elsewhere in its list, and NaN is not equal to itself; a Generator is meant to be used.
    return not isinstance(other, float | int) or one is other or one == other


def cases(exercise: Exercise, draws: Iterable[InputSpec], seed: int | Sequence[int]) -> list[Case]:
    """Return the cases of a check: the example by hand, if there is one, and one for each draw."""
    rng = np.random.default_rng(seed)
    drawn = [(draw.label, draw.arguments(exercise, rng)) for draw in draws]
    if exercise.example is not None:
        drawn.append((BY_HAND, copied(exercise.example)))
    return [Case(label, arguments, observe(exercise, exercise.reference, arguments)) for label, arguments in drawn]
