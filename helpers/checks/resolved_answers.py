"""What a learner is told of the answers that a cell asked for, and of those that the reference stands in for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from IPython import get_ipython

from helpers.checks.exercise import Exercise
from helpers.checks.panel import Panel
from helpers.language.message import Message, message

#: The states of an exercise that is not right.
State: TypeAlias = Literal["open", "not yet", "not as saved"]

#: How an exercise of each state heads a panel, stands in a line, and is said to be replaced while a check or an answer
#: runs.
_HEADINGS = {
    "open": Message("Exercise {id} is still open"),
    "not yet": Message("Exercise {id} is not right yet"),
    "not as saved": Message("Exercise {id}: your saved answer is not right"),
}
_LABELS = {
    "open": Message("still open"),
    "not yet": Message("not right yet"),
    "not as saved": Message("not right in its saved notebook"),
}
_IN_A_CHECK = {
    "open": Message(
        "Exercise {id} is still open, so this check ran with the reference `{name}` in the place of yours."
    ),
    "not yet": Message(
        "Exercise {id} is not right yet, so this check ran with the reference `{name}` in the place of yours."
    ),
    "not as saved": Message(
        "Exercise {id} is not right in its saved notebook, so this check ran with the reference `{name}` in the place "
        "of yours."
    ),
}
_IN_AN_ANSWER = {
    "open": Message("Exercise {id} is still open, so it runs with the reference `{name}` in the place of yours."),
    "not yet": Message("Exercise {id} is not right yet, so it runs with the reference `{name}` in the place of yours."),
    "not as saved": Message(
        "Exercise {id} is not right in its saved notebook, so it runs with the reference `{name}` in the place of "
        "yours."
    ),
}


@dataclass(frozen=True)
class Lack:
    """An exercise that is not right, so that the reference stands in for it, and its state."""

    exercise: Exercise
    state: State


@dataclass(frozen=True)
class ResolvedAnswer:
    """An answer as a cell got it.

    Args:
        exercise: the Exercise.
        answer: a function or class.
        source: whether it is the learner's own, from this session, or from a saved notebook; or the reference.
        lacks: the exercises, this one or those that it calls, that the reference stands in for.
        fingerprint: of a saved answer: a checksum of its code, and of the answers that it uses.
    """

    exercise: Exercise
    answer: Any
    source: Literal["own", "saved", "reference"]
    lacks: tuple[Lack, ...] = ()
    fingerprint: str = ""

    @property
    def is_told(self) -> bool:
        """Whether a learner is told of it: not if it is what they have just written."""
        return self.source != "own" or bool(self.lacks)

    @property
    def whose(self) -> Message:
        """In a few words, whose answer it is."""
        if self.source != "reference":
            template = "yours, with the reference for {ids}" if self.lacks else "yours"
            return message(template, ids=_ids(self.lacks))
        if self.lacks[0].exercise is self.exercise:
            return _LABELS[self.lacks[0].state]
        return message("the reference, waiting for {ids}", ids=_ids(self.lacks))


def notices_of_a_check(lacks: Iterable[Lack]) -> list[Message]:
    """Return a notice for each exercise that the reference stood in for while a check ran."""
    return [_notice(_IN_A_CHECK, lack) for lack in lacks]


def panel_of_resolved(resolved: Sequence[ResolvedAnswer]) -> Panel:
    """Return one Panel for all answers that a cell took, at least one."""
    return _panel_of_one(resolved[0]) if len(resolved) == 1 else _panel_of_many(sorted(resolved, key=_number))


def at_the_end_of_the_cell(act: Callable[[], None]) -> None:
    """Call `act` when the cell that is running has ended; where there are no cells, now."""
    shell = get_ipython()
    if shell is None:
        act()
        return

    def once() -> None:
        shell.events.unregister("post_execute", once)
        act()

    shell.events.register("post_execute", once)


def _notice(messages: dict[str, Message], lack: Lack) -> Message:
    return replace(messages[lack.state], values={"id": lack.exercise.id, "name": lack.exercise.name})


def _panel_of_one(one: ResolvedAnswer) -> Panel:
    name, lacks = one.exercise.name, one.lacks
    if one.source != "reference":
        template = "Exercise {id}: your own `{name}`"
        if one.source == "saved":
            template = "Exercise {id}: your own `{name}`, from your saved notebook"
        heading = message(template, id=one.exercise.id, name=name)
        return Panel(heading, "notice", [_notice(_IN_AN_ANSWER, lack) for lack in lacks])
    heading = message("Exercises {ids} are not right yet", ids=_ids(lacks))
    if len(lacks) == 1:
        heading = _notice(_HEADINGS, lacks[0])
    template = "This cell runs with the reference `{name}`. Once yours is right, run it again."
    if lacks == (Lack(one.exercise, "not as saved"),):
        template = (
            "This cell runs with the reference `{name}`. The notebook of this exercise says what is off; mend it "
            "there, save it, and run this cell again."
        )
    return Panel(heading, "notice", [message(template, name=name)])


def _panel_of_many(resolved: Sequence[ResolvedAnswer]) -> Panel:
    own = sum(one.source != "reference" for one in resolved)
    template = "This cell takes {own} of {count} answers from you, and the others from the reference"
    if own == len(resolved):
        template = "All {count} answers that this cell takes are your own"
    heading = message(template, own=own, count=len(resolved))
    lines = [_line(resolved, notebook) for notebook in dict.fromkeys(one.exercise.notebook for one in resolved)]
    if any(one.lacks for one in resolved):
        lines.append(message("Once the others are right and saved in their notebooks, run this cell again."))
    return Panel(heading, "notice", lines)


def _line(resolved: Iterable[ResolvedAnswer], notebook: str) -> Message:
    """E.g. **Notebook 05** · yours: 5.1 `Embedding` · still open: 5.2 `Affine`, 5.4 `perplexity`."""
    groups: dict[str, list[str]] = {}
    for one in sorted(resolved, key=lambda one: one.source == "reference"):
        if one.exercise.notebook == notebook:
            groups.setdefault(str(one.whose), []).append(f"{one.exercise.id}\N{NO-BREAK SPACE}`{one.exercise.name}`")
    listed = " · ".join(f"{whose}: {', '.join(names)}" for whose, names in groups.items())
    return message("**Notebook {notebook}** · {listed}", notebook=notebook, listed=listed)


def _number(one: ResolvedAnswer) -> tuple[int, ...]:
    """The numbers of a notebook and of an exercise in it, to sort by."""
    return tuple(map(int, one.exercise.id.split(".")))


def _ids(lacks: Iterable[Lack]) -> str:
    return ", ".join(lack.exercise.id for lack in lacks)
