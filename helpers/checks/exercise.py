"""What an exercise is: its contract, its reference answer, its inputs, and the mistakes that are known to be made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Points of one, two and three stars. Half of them are given by the visible check, half by the hidden one.
POINTS = {1: 2.0, 2: 4.0, 3: 6.0}


@dataclass(frozen=True)
class Sizes:
    """The sizes of one draw. All are distinct, and none is 3 or 4: those are the blocks of a GRU and an LSTM."""

    N: int = 2
    T: int = 5
    D: int = 6
    H: int = 7
    V: int = 11


@dataclass(frozen=True)
class Misconception:
    """A mistake that people make.

    Args:
        wrong: an implementation that makes it and is right otherwise.
        name: a sentence, starting in lower case, that completes “Your answer is exactly that of …”.
        hint: a sentence on what to look at.
    """

    wrong: Callable
    name: str
    hint: str


class ContractError(Exception):
    """The answer does not have the expected form; the message says how, for the learner."""


@dataclass(frozen=True)
class Exercise:
    """One exercise of the course.

    Args:
        id: number in the catalogue, e.g. "1.3".
        name: of the function or class that the learner writes.
        title: as in the notebook's heading.
        stars: difficulty, 1 to 3.
        reference: the right answer.
        results: what the probe writes down, name to shape in symbols, e.g. {"db": "(H,)"}.
        draw: ``draw(rng, sizes) -> dict`` of arguments by name, in the order of the call, floats in float64.
        probe: ``probe(answer, arguments, record)`` uses the answer and writes what comes out into ``record``, in the
            order of `results`; by default it calls a function and unpacks what it returns.
        example: the arguments of the example by hand in the notebook.
        misconceptions: known mistakes, the likeliest first.
        uses: ids of the exercises whose answers this one may call.
        mutates: arguments that the answer is meant to change.
        any_float: results that may have any floating-point type.
        numerical: ``numerical(arguments) -> dict`` of numerical gradients for some of the results.
        properties: ``property(answer)`` raises ContractError where the answer lacks it.
    """

    id: str
    name: str
    title: str
    stars: int
    reference: Callable
    results: dict[str, str]
    draw: Callable[..., dict[str, Any]]
    probe: Callable | None = None
    example: dict[str, Any] | None = None
    misconceptions: tuple[Misconception, ...] = ()
    uses: tuple[str, ...] = ()
    mutates: tuple[str, ...] = ()
    any_float: tuple[str, ...] = ()
    numerical: Callable | None = None
    properties: tuple[Callable, ...] = ()

    @property
    def points(self):
        """The points of the visible check; the hidden one gives as many again."""
        return POINTS[self.stars] / 2

    @property
    def notebook(self):
        """The number of its notebook, e.g. "01"."""
        return self.id.partition(".")[0].zfill(2)

    def run(self, answer, arguments, record):
        """Use `answer` on `arguments` and write what comes out into `record`."""
        if self.probe is not None:
            self.probe(answer, arguments, record)
        else:
            record.update(unpack(answer(*arguments.values()), tuple(self.results), self.name))


def unpack(value, names, called):
    """Return a dict from each of `names` to its part of `value`, the value that `called` returned.

    Raises:
        ContractError: `value` is None, or has another number of parts.
    """
    if value is None:
        raise ContractError(f"`{called}` returned nothing. It must end in `return {', '.join(names)}`.")
    if len(names) == 1:
        return {names[0]: value}
    if not isinstance(value, (tuple, list)):
        raise ContractError(
            f"`{called}` returned one {type(value).__name__}, expected {len(names)} values: {_listed(names)}."
        )
    if len(value) != len(names):
        raise ContractError(f"`{called}` returned {len(value)} values, expected {len(names)}: {_listed(names)}.")
    return dict(zip(names, value))


def _listed(names):
    return ", ".join(f"`{name}`" for name in names)
