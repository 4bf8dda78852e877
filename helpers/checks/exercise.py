"""What an exercise is: its contract, its reference answer, its inputs, and the mistakes that are known to be made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from helpers.checks.edits import ARROW, Answer, Edit, blocks
from helpers.language.message import message

#: Points of one, two and three stars. Half of them are given by the visible check, half by the hidden one.
POINTS = {1: 2.0, 2: 4.0, 3: 6.0}

#: Arguments, and results, by name.
Values: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """The sizes of one draw. All are distinct, and none is 3 or 4: those are the blocks of a GRU and an LSTM."""

    N: int = 2
    T: int = 5
    D: int = 6
    H: int = 7
    V: int = 11


@dataclass(frozen=True, eq=False)
class Misconception:
    """A mistake that people make.

    Args:
        code: an answer that makes it and is right otherwise, or an Edit of the right one's source.
        name: a sentence that says what is wrong.
        hint: a sentence on what to look at.
    """

    code: Answer | Edit
    name: str
    hint: str

    @cached_property
    def wrong(self) -> Answer:
        """The answer that makes the mistake."""
        return self.code.wrong if isinstance(self.code, Edit) else self.code


def mistakes(target: Answer, text: str) -> tuple[Misconception, ...]:
    """Return the misconceptions that a text describes as edits of `target`, a function or class that is right.

    For each mistake there stand one or more lines `old → new` (see `Edit`), and, indented, a line with its name and a
    line with its hint; a line that is indented twice goes on with the one above.
    """
    return tuple(_read(target, changes, texts) for changes, texts in blocks(text))


def _read(target: Answer, changes: Sequence[str], texts: Sequence[str]) -> Misconception:
    if len(texts) != 2 or any(ARROW.rstrip() not in change for change in changes):
        raise ValueError(f"A mistake needs its edits, its name and its hint, a line for each: {changes}, {texts}.")
    return Misconception(Edit(target, tuple(changes)), *texts)


class ContractError(Exception):
    """The answer does not have the expected form; the message says how, for the learner.

    Args:
        template, values: of the Message.
    """

    def __init__(self, template: str, **values: object) -> None:
        self.message = message(template, **values)
        super().__init__(str(self.message))


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise of the course.

    Args:
        heading: as in the notebook, with the number in the catalogue, the difficulty, one to three stars, and the
            title: "1.3 ★★ One step backwards".
        reference: the right answer; the learner's has the same name.
        results: what the probe writes down, name to shape in symbols, e.g. {"db": "(H,)"}.
        draw: ``draw(rng, sizes) -> dict`` of arguments by name, in the order of the call, floats in float64.
        probe: ``probe(answer, arguments, record)`` uses the answer and writes what comes out into ``record``, in the
            order of `results`; by default it calls a function and unpacks what it returns.
        example: the arguments of the example by hand in the notebook.
        spelt_out: a right answer whose local variables are the quantities of the equations, under their names; the
            reference, unless told otherwise. An answer that is wrong is located by the values that it shares with it.
        groups: what a message calls some of the results together, result to group, e.g. {"dxs": "backward"}.
        misconceptions: known mistakes, the likeliest first.
        uses: ids of the exercises whose answers this one may call.
        mutates: arguments that the answer is meant to change.
        bounded: arguments that a draw with large values leaves as they are: what a tanh or a sigmoid gave.
        any_float: results that may have any floating-point type.
        stable: whether a NumPy warning is a fault: where the point of the exercise is a formula that never overflows.
        properties: ``property(answer)`` raises ContractError where the answer lacks it.
    """

    heading: str
    reference: Answer
    results: dict[str, str]
    draw: Callable[..., Values]
    probe: Callable[..., None] | None = None
    example: Values | None = None
    spelt_out: Answer | None = None
    groups: Mapping[str, str] = field(default_factory=dict)
    misconceptions: tuple[Misconception, ...] = ()
    uses: tuple[str, ...] = ()
    mutates: tuple[str, ...] = ()
    bounded: tuple[str, ...] = ()
    any_float: tuple[str, ...] = ()
    stable: bool = False
    properties: tuple[Callable[[Answer], None], ...] = ()

    @cached_property
    def id(self) -> str:
        """The number in the catalogue, e.g. "1.3"."""
        return self.heading.split()[0]

    @cached_property
    def name(self) -> str:
        """The name of the function or class that the learner writes."""
        return self.reference.__name__

    @cached_property
    def title(self) -> str:
        """The title in the notebook."""
        return self.heading.rpartition("★ ")[2]

    @cached_property
    def stars(self) -> int:
        """The difficulty, 1 to 3."""
        return self.heading.count("★")

    @property
    def points(self) -> float:
        """The points of the visible check; the hidden one gives as many again."""
        return POINTS[self.stars] / 2

    @property
    def notebook(self) -> str:
        """The number of its notebook, e.g. "01"."""
        return self.id.partition(".")[0].zfill(2)

    def run(self, answer: Answer, arguments: Values, record: Values) -> None:
        """Use `answer` on `arguments` and write what comes out into `record`."""
        if self.probe is not None:
            self.probe(answer, arguments, record)
        else:
            record.update(unpack(answer(*arguments.values()), tuple(self.results), self.name))


def unpack(value: object, names: Sequence[str], called: str) -> Values:
    """Return a dict from each of `names` to its part of `value`, the value that `called` returned.

    Raises:
        ContractError: `value` is None, or has another number of parts.
    """
    if value is None:
        template = "`{called}` returned nothing. It must end in `return {names}`."
        raise ContractError(template, called=called, names=", ".join(names))
    if len(names) == 1:
        return {names[0]: value}
    if not isinstance(value, tuple | list):
        template = "`{called}` returned one {kind}, expected {count} values: {names}."
        raise ContractError(template, called=called, kind=type(value).__name__, count=len(names), names=_all(names))
    if len(value) != len(names):
        template = "`{called}` returned {got} values, expected {count}: {names}."
        raise ContractError(template, called=called, got=len(value), count=len(names), names=_all(names))
    return dict(zip(names, value))


def _all(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
