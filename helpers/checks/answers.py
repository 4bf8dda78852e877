"""The learner's answers: those of this session, those that are saved beside it, and what stands in for others.

While an answer is tried, each answer that it calls and that is not right is replaced: no exercise is blocked by an
earlier one.
"""

import contextlib
import hashlib
import itertools
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from helpers.checks.answer_code import functions_of, identity_of, names_used_by
from helpers.checks.catalogue import EXERCISES, MOVED, where_it_went
from helpers.checks.edits import Answer
from helpers.checks.exercise import Exercise
from helpers.checks.inputs import VISIBLE, InputSpec
from helpers.checks.judge import Verdict, judge
from helpers.checks.location import located
from helpers.checks.resolved_answers import Lack, ResolvedAnswer, State
from helpers.checks.saved_answers import SavedAnswer, state_of_files
from helpers.language.message import MessageError

_NAMES = {exercise.name for exercise in EXERCISES.values()}


class Namespace(Protocol):
    """The global names that an answer sees: a dict, or what stands for one in another process."""

    def get(self, name: str, default: Any = None, /) -> Any:
        """Return the value of a name, or the default."""

    def update(self, names: dict[str, Any], /) -> None:
        """Give names new values."""

    def pop(self, name: str, default: Any, /) -> Any:
        """Remove a name."""


@dataclass(frozen=True)
class Use:
    """An exercise by whose name an answer calls another one.

    Args:
        namespace: where the name is looked up.
        exercise: the Exercise.
        value: what is there, None if nothing is.
    """

    namespace: Namespace
    exercise: Exercise
    value: Any


@dataclass(frozen=True)
class Found:
    """What was found of an answer.

    Args:
        verdict: the Verdict.
        replaced: the Uses that another answer stood in for while it was tried.
    """

    verdict: Verdict
    replaced: tuple[Use, ...] = ()


class Answers:
    """The answers of a learner, as one session knows them.

    Args:
        namespace_of: gives the Namespace of an answer.
        names_in: gives the names that an answer looks up when it runs.
        in_notebook: whether answers may come from saved notebooks, and a wrong one is located.
        folder: that holds a folder for each saved notebook; by default the one around the current folder.
    """

    def __init__(
        self,
        namespace_of: Callable[[Any], Namespace] | None = None,
        names_in: Callable[[Any], set[str]] | None = None,
        in_notebook: bool = True,
        folder: Path | None = None,
    ) -> None:
        self.namespace_of = namespace_of or _globals_of
        self.names_in = names_in or _names_in
        self.in_notebook = in_notebook
        self.folder = folder
        self._running: dict[str, Any] = {}  # exercise id to its answer in this session
        self._tried: dict[tuple[str, Hashable], tuple[Any, Verdict]] = {}  # by exercise id and identity of the code
        self._saved: dict[str, tuple[Hashable, ResolvedAnswer | None]] = {}  # with the state of the files
        self._loaded: list[Any] = []  # all that was ever taken from a saved notebook
        self._wrong_saved: set[str] = set()  # ids of exercises whose saved answer was written, and is not right

    def others(self, exercise_id: str) -> list[Any]:
        """Return the answers to other exercises that were tried."""
        return [answer for (one, _), (answer, _) in self._tried.items() if one != exercise_id]

    # --- trying -------------------------------------------------------------------------------------------------------

    def check(self, exercise: Exercise, given: Any) -> Found:
        """Try an answer as `check` does, and keep it as the one of this session, with those that it may call."""
        namespace = self.namespace_of(given)
        for other in used_by(exercise):
            used = namespace.get(other.name)
            if used is not None and used is not other.reference and not self._is_saved(used):
                self._running[other.id] = used
        self._running[exercise.id] = given
        found = self.try_out(exercise, given, VISIBLE)
        self._keep(exercise, given, found.verdict)
        if not self.in_notebook:
            return found
        with self._stand_ins(found.replaced):
            return Found(located(found.verdict, given), found.replaced)

    def try_out(
        self, exercise: Exercise, given: Any, draws: Iterable[InputSpec], seed: int | Sequence[int] = 0
    ) -> Found:
        """Return what is found of an answer on some draws."""
        replaced = self._not_right(exercise, given)
        with self._stand_ins(replaced):
            return Found(judge(exercise, given, draws, seed), replaced)

    def _keep(self, exercise: Exercise, given: Any, verdict: Verdict) -> None:
        # The identity is taken after the answer was tried: it may count its calls.
        self._tried[exercise.id, identity_of(given)] = given, verdict

    def _verdict_on(self, exercise: Exercise, given: Any) -> Verdict:
        """The Verdict on an answer; an earlier one holds as long as no code that the answer depends on has changed."""
        _, verdict = self._tried.get((exercise.id, identity_of(given)), (None, None))
        if verdict is None:
            verdict = self.try_out(exercise, given, VISIBLE).verdict
            self._keep(exercise, given, verdict)
        return verdict

    # --- what an answer calls -----------------------------------------------------------------------------------------

    def _uses(self, exercise: Exercise, given: Any) -> Iterator[Use]:
        """Yield the Uses of an answer, and in turn those of each right one of the learner's that it calls."""
        names, namespace = self.names_in(given), self.namespace_of(given)
        for other in used_by(exercise):
            if other.name in names:
                use = Use(namespace, other, namespace.get(other.name))
                yield use
                if use.value is not other.reference and self._is_right(use):
                    yield from self._uses(other, use.value)

    def _is_right(self, use: Use) -> bool:
        if use.value is None or use.value is use.exercise.reference:
            return use.value is not None
        return self._verdict_on(use.exercise, use.value).right

    def _not_right(self, exercise: Exercise, given: Any) -> tuple[Use, ...]:
        uses = {(id(use.namespace), use.exercise.id): use for use in self._uses(exercise, given)}
        return tuple(use for use in uses.values() if not self._is_right(use))

    @contextlib.contextmanager
    def _stand_ins(self, uses: Sequence[Use]) -> Iterator[None]:
        """Put right answers in the place of others while what calls them is tried."""
        for use in uses:
            use.namespace.update({use.exercise.name: self._stand_in(use)})
        try:
            yield
        finally:
            for use in uses:
                use.namespace.pop(use.exercise.name, None)
                if use.value is not None:
                    use.namespace.update({use.exercise.name: use.value})

    def _stand_in(self, use: Use) -> Answer:
        """The learner's own saved answer where nothing has the name, else the reference."""
        saved = self._from_saved(use.exercise) if use.value is None else None
        return saved.answer if saved else use.exercise.reference

    def lacks(self, uses: Iterable[Use]) -> tuple[Lack, ...]:
        """Return the exercises of some Uses for which the reference stands in, each once."""
        lent = {use.exercise.id: use for use in uses if self._stand_in(use) is use.exercise.reference}
        return tuple(Lack(use.exercise, self._state(use.exercise, use.value)) for use in lent.values())

    def _state(self, exercise: Exercise, given: Any = None) -> State:
        """The state of an exercise that is not right; `given` answers it here, if anything does."""
        if given is None or given is exercise.reference:
            return "not as saved" if exercise.id in self._wrong_saved else "open"
        return "not yet" if self._verdict_on(exercise, given).status == "not yet" else "open"

    # --- what a demonstration gets ------------------------------------------------------------------------------------

    def resolve(self, exercise: Exercise) -> ResolvedAnswer:
        """Return the learner's own answer to an exercise if it is right, else the reference."""
        given = self._running.get(exercise.id)
        verdict = None if given is None else self._verdict_on(exercise, given)
        if verdict is None or verdict.status == "not written yet":
            saved = self._from_saved(exercise)
            if saved:
                return saved
        if verdict is None or not verdict.right:
            return self._reference(exercise, Lack(exercise, self._state(exercise, given)))
        replaced = self._not_right(exercise, given)
        if replaced and judge(exercise, given, VISIBLE).right:
            return ResolvedAnswer(exercise, given, "own")  # it does not matter here what is off in the others
        lacks = self.lacks(replaced)
        if not all(self._may_be_lent(exercise, use) for use in replaced):
            return self._reference(exercise, *lacks)
        for use in replaced:
            use.namespace.update({use.exercise.name: self._stand_in(use)})
        return ResolvedAnswer(exercise, given, "own", lacks)

    def _reference(self, exercise: Exercise, *lacks: Lack) -> ResolvedAnswer:
        return ResolvedAnswer(exercise, exercise.reference, "reference", lacks)

    def _may_be_lent(self, exercise: Exercise, use: Use) -> bool:
        """Whether an answer of another notebook, or the learner's own, may be given the name that an answer calls."""
        earlier = use.exercise.notebook < exercise.notebook
        return use.value is None and (earlier or self._from_saved(use.exercise) is not None)

    # --- saved answers ------------------------------------------------------------------------------------------------

    def _from_saved(self, exercise: Exercise) -> ResolvedAnswer | None:
        """The right answer of a saved notebook; what was found there holds until one of the files changes."""
        if not self.in_notebook or "NBGRADER_EXECUTION" in os.environ:
            return None
        state = state_of_files(self._notebooks, exercise.notebook)
        if exercise.id not in self._saved or self._saved[exercise.id][0] != state:
            self._saved[exercise.id] = state, self._load(exercise)
        return self._saved[exercise.id][1]

    @property
    def _notebooks(self) -> Path:
        return self.folder or Path.cwd().parent

    def _is_saved(self, given: Any) -> bool:
        return any(given is one for one in self._loaded)

    def _load(self, exercise: Exercise) -> ResolvedAnswer | None:
        self._wrong_saved.discard(exercise.id)
        saved = SavedAnswer(exercise, self._notebooks)
        if not saved.is_written:
            return None
        asked_for: list[Exercise] = []

        def answer(exercise_id: str) -> Answer:
            asked_for.append(find(exercise_id))
            return self._earlier(asked_for[-1], exercise)

        given = saved.define(self._names_for(exercise, saved.others()), answer)
        if given is None:
            return None
        self._loaded.append(given)
        verdict = self._verdict_on(exercise, given)
        if not verdict.right:
            if verdict.status == "not yet":
                self._wrong_saved.add(exercise.id)
            return None
        for use in self._not_right(exercise, given):  # its names are nobody else's, so the reference can stay
            use.namespace.update({use.exercise.name: use.exercise.reference})
        lent = [use for use in self._uses(exercise, given) if use.value is use.exercise.reference]
        used = [use.exercise for use in self._uses(exercise, given)] + saved.others() + asked_for
        return ResolvedAnswer(exercise, given, "saved", self.lacks(lent), self._fingerprint(saved, used))

    def _fingerprint(self, saved: SavedAnswer, used: Sequence[Exercise]) -> str:
        earlier = itertools.takewhile(lambda other: other is not saved.exercise, EXERCISES.values())
        ids = {other.id for other in used}
        others = [(other.id, self._from_saved(other)) for other in earlier if other.id in ids]
        code = "\n".join([saved.code, *(f"{name} {one.fingerprint if one else ''}" for name, one in others)])
        return hashlib.sha256(code.encode()).hexdigest()[:12]

    def _names_for(self, exercise: Exercise, others: Iterable[Exercise]) -> dict[str, Answer]:
        """The other answers that a saved one may use: those that it is meant to, and those that it names."""
        names, meant = {}, used_by(exercise)
        for other in (*meant, *others):
            saved = self._from_saved(other)
            if saved or other.notebook < exercise.notebook or other.id in [one.id for one in meant]:
                names[other.name] = saved.answer if saved else other.reference
        return names

    def _earlier(self, other: Exercise, exercise: Exercise) -> Answer:
        """What the saved answer to an exercise gets where it asks for another one by its id."""
        order = [*EXERCISES]
        saved = self._from_saved(other) if order.index(other.id) < order.index(exercise.id) else None
        return saved.answer if saved else other.reference


def find(exercise_id: str) -> Exercise:
    """Return an exercise.

    Raises:
        ValueError: there is none with this id.
    """
    if exercise_id in MOVED:
        raise ValueError(str(where_it_went(exercise_id)))
    if exercise_id not in EXERCISES:
        template = "There is no exercise {asked!r}. The exercises are {exercises}."
        raise MessageError(template, asked=exercise_id, exercises=", ".join(EXERCISES))
    return EXERCISES[exercise_id]


def used_by(exercise: Exercise) -> list[Exercise]:
    """Return the exercises that one may rely on, through any chain of uses, each once and before those that use it."""
    found: dict[str, Exercise] = {}
    for other in map(find, exercise.uses):
        found |= {earlier.id: earlier for earlier in used_by(other)} | {other.id: other}
    return list(found.values())


def _globals_of(given: Any) -> Namespace:
    """The global variables that the functions of an answer see."""
    return next((function.__globals__ for function in functions_of(given)), {})


def _names_in(given: Any) -> set[str]:
    """The names that an answer and the helpers of its notebook look up; another answer is looked into by itself."""
    return names_used_by(given, lambda name: name not in _NAMES)
