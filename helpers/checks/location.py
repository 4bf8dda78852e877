"""Where a wrong answer goes wrong, whatever the mistake: the values that it gets right on its way.

The equations of an exercise are one of its right answers spelt out, a local variable for each quantity. The learner's
answer is run once under a tracer that writes down the values of its variables; then the equations are followed line by
line, and each quantity is looked for *by value* among these, whatever it is called there. The first that is missing is
where the answer goes wrong. In its place the equations go on with the learner's own value, so that a second mistake
shows too, and what merely follows from the first one does not.

Two right answers may draw different random numbers. What depends on these is compared only if a variable of the answer
is zero where the masks of the right one are.

A quantity that the answer does not compute by itself, in the middle of a long expression, is not held against it: it is
passed over, and the next one speaks for it. A variable with a name of its own is known by what follows: if the rest
comes out right with `dtanh` in the place of `da`, then `dtanh` is the learner's `da`.

Prior art: PyBryt (Pyles et al., 2021-22) looks for values in the memory footprint of a student's code, and each has to
be annotated by hand; here the right answer's own local variables are the list.

Run in plain Python and in ipykernel, which is JupyterLab's. VS Code and Colab, not run, use ipykernel as well: a cell's
functions are known by their globals, which are the kernel's there too. Nothing is located with a debugger at work,
which owns the trace function (debugpy, in all three), or with a tool of `sys.monitoring`.
"""

import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from helpers.arrays import AnyArray
from helpers.checks import compare
from helpers.checks.edits import Answer
from helpers.checks.equations import Equations, Walk, arrays_in, is_constant
from helpers.checks.exercise import Exercise, Misconception, Sizes
from helpers.checks.inputs import VISIBLE, InputSpec
from helpers.checks.judge import Verdict
from helpers.checks.observation import cases, observe
from helpers.checks.tracing import Series, Tracer, as_array, equal, same_series
from helpers.language.message import MOST_NAMES, Message, listed, message
from helpers.nn import GRU_ORDER, LSTM_ORDER

#: How long the search may take [s of CPU].
LIMIT = 0.5

#: The most that is said [characters].
LONGEST = 250

#: The largest arrays that an answer is traced with [numbers]; a draw with larger ones is made once more, smaller.
LARGEST = 1_000

_SIZES, _SMALL = VISIBLE[0].sizes, InputSpec("a small draw", Sizes(T=1, D=2))

#: The blocks of a fused array, by its width.
_BLOCKS = {len(order) * _SIZES.H: order for order in (LSTM_ORDER, GRU_ORDER)}


def locate(exercise: Exercise, answer: Answer, causes: Sequence[Misconception] = ()) -> tuple[Message, ...]:
    """Return what can be said of where a wrong answer goes wrong: () or up to three short messages.

    What its causes explain needs no more words. It raises nothing, changes no verdict, and costs half a second at
    most, beyond one run of the answer.
    """
    if _debugger_is_at_work():
        return ()
    try:
        return found(exercise, answer, causes)
    except Exception:
        return ()  # a hint less; the verdict stands


def found(exercise: Exercise, answer: Answer, causes: Sequence[Misconception] = ()) -> tuple[Message, ...]:
    """As `locate`, but an error of its own comes out."""
    with np.errstate(all="ignore"):
        return tuple(_short(_Search(exercise, answer, causes).messages()))


def located(verdict: Verdict, answer: Answer) -> Verdict:
    """Return a Verdict that says where a wrong answer goes wrong too, unless its causes explain it all."""
    if verdict.status != "not yet" or verdict.explained or not callable(answer):
        return verdict
    messages = locate(verdict.exercise, answer, verdict.causes)
    # What was made of an argument after the answer had changed it is right for what it was made of.
    messages = tuple(one for one in messages if not _is_about(one, verdict.changed))
    kept = [one for one in verdict.messages if not messages or one.role != "results"]
    return replace(verdict, messages=(*kept, *messages))


def _is_about(said: Message, names: Iterable[str]) -> bool:
    return any(re.search(rf"\b{name}\b", str(said)) for name in names)


def _debugger_is_at_work() -> bool:
    monitoring: Any = getattr(sys, "monitoring", None)  # from Python 3.12 on
    return sys.gettrace() is not None or (
        monitoring is not None and any(monitoring.get_tool(number) is not None for number in range(6))
    )


def _short(messages: Iterable[Message]) -> Iterator[Message]:
    room = LONGEST
    for one in messages:
        room -= len(str(one))
        if room < 0:
            return
        yield one


@lru_cache(maxsize=4)
def _followed(exercise: Exercise) -> tuple[Equations, Walk]:
    """The equations of an exercise on one draw, and what comes of following them."""
    case = cases(exercise, VISIBLE[:1], 0)[0]
    if any(array.size > LARGEST for array in arrays_in(case.arguments)):
        case = cases(exercise, [_SMALL], 0)[0]
    equations = Equations(exercise, case)
    plain = equations.follow({})
    for name, series in plain.quantities.items():
        if name in plain.record and not any(_is(value, plain.record[name]) for value in series):
            equations.others.add(name)
    return equations, equations.follow({})


# --- the search -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wrong:
    """A quantity or result that is wrong.

    Args:
        name, yours: its name, and the learner's for it.
        expected, got: what it should be, and what it is.
        is_sure: whether it has more than its name in common with what it should be.
    """

    name: str
    yours: str
    expected: Any
    got: Any
    is_sure: bool = True


class _Search:
    """Looks for the first wrong quantity of an answer, and for what is wrong by itself after it."""

    def __init__(self, exercise: Exercise, answer: Answer, causes: Sequence[Misconception]) -> None:
        self.end = time.thread_time() + LIMIT
        self.equations, plain = _followed(exercise)
        self.exercise, self.case = exercise, self.equations.case
        self.plain = self.walk = replace(plain, quantities=dict(plain.quantities))
        everything = [*self.plain.quantities.values(), *self.plain.given.values(), arrays_in(self.plain.record)]
        self.tracer = Tracer(answer, {array.size for series in everything for array in series}, self.plain.quantities)
        self.observed = self.tracer.run(exercise, answer, self.case.arguments)
        self.record, self.seen, self.variables = self.observed.record, self.tracer.seen, self.tracer.variables()
        self._forget_other_draws()
        self.explained = self._spoilt_by(causes)
        self.own: dict[str, Series] = {}
        self.wrong: list[_Wrong] = []
        self.doubtful: set[str] = set()  # what was passed over, and may hold the mistake
        self.blamed: set[str] = set()  # of these, what a wrong quantity was made of
        self.mixed: dict[str, str] = {}

    def _forget_other_draws(self) -> None:
        """Leave out what depends on random numbers, unless the answer draws the same: right ones may draw others."""
        made_of_draws = self.equations.made_of("rng")
        drawn = [name for name in self.plain.quantities if name in made_of_draws]
        masks = [value for name in drawn for value in self.plain.quantities[name] if _is_mask(value)]
        if not masks or not any(_have_zeros_of(masks, theirs) for theirs in self.variables.values()):
            for name in drawn:
                del self.plain.quantities[name]

    def _spoilt_by(self, causes: Sequence[Misconception]) -> set[str]:
        """The results that some mistakes make wrong."""
        expected = self.case.expected.record
        records = [observe(self.exercise, cause.wrong, self.case.arguments).record for cause in causes]
        return {name for one in records for name in one if not compare.same(one[name], expected.get(name))}

    def _is_explained(self, name: str) -> bool:
        """Whether the causes explain all the wrong results that are made of a quantity."""
        made_of_it = self.equations.made_of(_base(name))
        wrong = {one for one in self.record if _base(one) in made_of_it and not self._agrees(one, self.plain)}
        return bool(wrong) and wrong <= self.explained

    # what holds what

    def _is_right(self, name: str, walk: Walk) -> bool:
        series = walk.quantities.get(name, [])
        return all(value in self.seen for value in (series[:1] if self.observed.error else series))

    def _stands(self, name: str, walk: Walk) -> bool:
        """Whether a quantity is right and is not found under the names of others alone."""
        names = {one for value in walk.quantities.get(name, []) for one in self.seen.names_of(value) or ()} - {""}
        return self._is_right(name, walk) and not (names and names <= self.mixed.keys() and name in self.variables)

    def _agrees(self, result: str, walk: Walk) -> bool:
        return compare.same(self.record[result], walk.record.get(result))

    def _score(self, walk: Walk, without: Iterable[str]) -> int:
        """How much comes out right, some names apart."""
        names = walk.quantities.keys() - set(without)
        results = [name for name in self.record if _base(name) not in set(without)]
        return sum(self._is_right(name, walk) for name in names) + sum(self._agrees(name, walk) for name in results)

    def _find_mixed_up(self) -> None:
        """Find variables with the name of one quantity and the values of another, the first in the equations first.

        What is made of them has the values of another quantity as well, until they are followed in their place.
        """
        while mixed := self._mixed_up():
            mixed_values = {name: self._named(name, (self.walk.given | self.walk.quantities)[name]) for name in mixed}
            own = self.own | mixed_values
            walk = self.equations.follow(own)
            gain = self._score(walk, own) - self._score(self.walk, own)
            if gain < 0 or (gain == 0 and not mixed.keys() <= self.variables.keys()):
                return
            self.own, self.walk, self.mixed = own, walk, self.mixed | mixed

    def _mixed_up(self) -> dict[str, str]:
        """One such variable, or some that have each other's values: name to the other name.

        Only if the variable never held its own quantity, which stands under no other name either.
        """
        known = self.walk.given | self.walk.quantities
        mixed: dict[str, str] = {}
        for name, series in known.items():
            theirs = self._named(name, series)
            if theirs and not any(name in (self.seen.names_of(value) or ()) for value in series):
                others = [other for other in known if other != name and same_series(known[other], theirs)]
                if others:
                    mixed[name] = others[0]
        for name in list(mixed):
            names = {one for value in known[name] for one in self.seen.names_of(value) or ()}
            if not names <= {"", *mixed}:
                del mixed[name]
        first = next(iter(mixed), "")
        found: dict[str, str] = {}
        while first in mixed and first not in found:
            found[first] = first = mixed[first]
        return found

    def _named(self, name: str, series: Series) -> Series:
        """The values of the learner's variable of a name, or else of the result."""
        return self._aligned(name, series) or self._returned(name, series) or []

    def _aligned(self, name: str, series: Series) -> Series | None:
        """The values of the learner's variable of a name, if they match a series one by one in shape."""
        theirs = self.variables.get(name, [])
        if len(theirs) != len(series):
            theirs = [one for one in theirs if not (is_constant(one) or one in self.equations.inputs)]  # no quantities
        return theirs if _have_shapes_of(series, theirs) else None

    def _returned(self, name: str, series: Series) -> Series | None:
        """The results that are a quantity, if they match a series one by one in shape."""
        again = " of a second call"
        for names in ([name, *(one for one in self.record if one.startswith(name + again))], [*self.record]):
            found = [as_array(self.record[one]) for one in names if one in self.record and _base(one) == name]
            arrays = [one for one in found if one is not None]
            if arrays and _have_shapes_of(series, arrays):
                return arrays
        return None

    # one quantity after the other

    def run(self) -> None:
        """Find what is wrong."""
        self._find_mixed_up()
        for name in list(self.plain.quantities):
            if time.thread_time() > self.end:
                break
            series = self.walk.quantities.get(name)
            if name not in self.own and series and not self._stands(name, self.walk):
                self._look_into(name, series)
        sure = [one.is_sure or self._is_needed(_base(one.name)) for one in self.wrong]
        self.wrong = [replace(one, is_sure=is_sure) for one, is_sure in zip(self.wrong, sure)]
        self.wrong = [one for one in self.wrong if not (self._is_explained(one.name) or self._is_unfinished(one))]
        self._look_at_results()
        self.mixed = {name: other for name, other in self.mixed.items() if not self._is_explained(name)}

    def _is_unfinished(self, wrong: _Wrong) -> bool:
        """Whether a quantity may still be where it began, since the answer stopped on its way."""
        got = as_array(wrong.got)
        return self.observed.error is not None and not wrong.is_sure and got is not None and is_constant(got)

    def _is_needed(self, name: str) -> bool:
        """Whether less would come out right without the learner's own values of a quantity."""
        without = self.equations.follow({one: series for one, series in self.own.items() if one != name})
        return self._score(without, self.own) < self._score(self.walk, self.own)

    def _look_into(self, name: str, series: Series) -> None:
        """Find the learner's own values of a quantity that is not there, and go on with them."""
        before = self._score(self.walk, {name, *self.own})
        best: tuple[int, str, Series, Walk] | None = None
        for yours, theirs in self._candidates(name, series):
            walk = self.equations.follow(self.own | {name: theirs})
            gain = self._score(walk, {name, *self.own}) - before
            # What has its name and shape need not prove itself by what follows, which may be wrong too, unless it is
            # an input.
            is_named = yours in ("", name) and _have_shapes_of(series, theirs)
            is_named = is_named and not all(value in self.equations.inputs for value in theirs)
            if gain > (best[0] if best else -1 if is_named else 0):
                best = gain, yours, theirs, walk
            if time.thread_time() > self.end:
                break
        made_of = self._made_of(name) & self.doubtful
        if best is None:
            used = (one for one, reads in self.equations.reads.items() if name in reads)
            is_result = name in map(_base, self.record)  # which speaks for itself
            if not is_result and not any(self._is_right(one, self.walk) for one in used if one in self.walk.quantities):
                self.doubtful.add(name)
            return
        gain, yours, theirs, walk = best
        yours = yours or next((one for one in self.variables if same_series(self.variables[one], theirs)), "")
        if not made_of & self.blamed:
            expected, got = next((pair for pair in zip(series, theirs) if not equal(*pair)), (series[0], theirs[0]))
            is_sure = gain > 0 or name in map(_base, self.record)
            self.wrong.append(_Wrong(self._result_of(name), yours, expected, got, is_sure))
        self.blamed |= made_of
        self.own, self.walk = self.own | {name: theirs}, walk

    def _made_of(self, name: str) -> set[str]:
        """The quantities that the equations make one of, the learner's own in their place not gone behind."""
        found: set[str] = set()
        left = {name}
        while left:
            read = self.equations.reads.get(left.pop(), set()) - found
            found |= read
            left |= read - self.own.keys()
        return found

    def _result_of(self, name: str) -> str:
        """The name of a quantity, or that of the result of a second call where only this one is wrong."""
        again = [one for one in self.record if _is_again(one) and _base(one) == name]
        return again[0] if again and name in self.record and self._agrees(name, self.walk) else name

    def _candidates(self, name: str, series: Series) -> Iterator[tuple[str, Series]]:
        """The values of the answer that may be its own of a quantity, the likeliest first."""
        if name in self.equations.looped:
            return
        if (named := self._aligned(name, series)) is not None:
            yield name, named
        elif [one.ndim for one in self.variables.get(name, [])] == [one.ndim for one in series]:
            yield name, self.variables[name]  # of another shape, and yet the rest may be made of it
        if (returned := self._returned(name, series)) is not None:
            yield "", returned
        for yours in self.variables:
            theirs = self._aligned(yours, series)
            if theirs and yours not in self.plain.quantities and not self._is_known(theirs):
                yield yours, theirs

    def _is_known(self, theirs: Series) -> bool:
        known = [*self.plain.quantities.values(), *self.plain.given.values()]
        return all(value in self.equations.inputs for value in theirs) or any(
            same_series(theirs, series) for series in known
        )

    def _look_at_results(self) -> None:
        """Compare what came back with what the equations make of the learner's own values."""
        done = {_base(one.name) for one in self.wrong} | self.own.keys()
        several: set[str] = set()  # of results that are numbered, the first speaks for all
        for name in self.case.expected.record:
            base = _base(name)
            if base in done or _without_number(name) in several or not self._is_plain(name):
                continue
            if name in self.explained or self._agrees(name, self.walk):
                continue
            made_of = self._made_of(base) & self.doubtful
            follows = made_of & self.blamed if base in self.equations.reads else self.doubtful
            if self.wrong and (follows or self.equations.looped or _is_again(name)):
                continue  # it may follow from what is wrong already
            self.blamed |= made_of
            several.add(_without_number(name))
            self.wrong.append(_Wrong(name, "", self.walk.record.get(name), self.record[name]))

    def _is_plain(self, result: str) -> bool:
        """Whether a result is a quantity, and not that of a call that tries something special."""
        is_plain = result == _base(result) or _OF_A_QUANTITY.fullmatch(result) is not None
        is_again = _is_again(result) and _base(result) in self.record
        is_number = as_array(self.case.expected.record[result]) is not None
        return result in self.record and is_number and (is_plain or is_again)

    # the words

    def messages(self) -> Iterator[Message]:
        """What can be said."""
        expected = self.case.expected.record
        if all(name in self.record and compare.same(self.record[name], expected[name]) for name in expected):
            return
        self.run()
        if self.mixed:
            yield _on_mixed_up(self.mixed)
        right, rest = self._right(), self._on_wrong()
        if right and not (self.wrong and _is_again(self.wrong[0].name)):
            template = "Right so far: {right}." if self.wrong else "Right on the way: {right}."
            so_far = message(template, right=listed(right))
            if rest:
                yield message("{right} {wrong}", right=so_far, wrong=rest[0])
            elif self.observed.error is not None:
                yield so_far
        elif rest and (len(rest) > 1 or self.mixed or not self._is_all_there_is(self.wrong[0])):
            yield rest[0]
        yield from rest[1:]

    def _right(self) -> list[str]:
        """The quantities and results that are right: the last of them, nearest to what is wrong."""
        wrong = {_base(one.name) for one in self.wrong} | self.mixed.keys()
        # An argument may have the name of what the equations make of it.
        names = [name for name in self.plain.quantities if name not in self.case.arguments]
        names = [name for name in names if self._stands(name, self.plain)]
        names += [name for name in self.record if name == _base(name) and self._agrees(name, self.plain)]
        return [name for name in dict.fromkeys(names) if name not in wrong][-MOST_NAMES:]

    def _on_wrong(self) -> list[Message]:
        """What is wrong, how, and what else is."""
        if not self.wrong:
            return []
        first, also = self.wrong[0], self.wrong[1:]
        if self._is_misplaced(first):
            also = [one for one in also if not self._is_misplaced(one)]
        found = self._with_its_name(first) or self._without_its_name(first)
        if also:
            names = listed(dict.fromkeys(_shown(one.name) for one in also))
            found.append(message("Wrong as well, even with your own values before it: {names}.", names=names))
        return found

    def _is_all_there_is(self, wrong: _Wrong) -> bool:
        """Whether a result is wrong and nothing is known but that: the panel says so anyway."""
        return _base(wrong.name) in map(_base, self.record) and not self._with_its_name(wrong)

    def _is_misplaced(self, wrong: _Wrong) -> bool:
        """Whether a result was computed, and something else came back in its place."""
        expected = as_array(wrong.expected)
        return not wrong.yours and expected is not None and expected in self.seen

    def _with_its_name(self, wrong: _Wrong) -> list[Message]:
        """What is wrong, in one sentence with how; [] if that is not known."""
        name = _shown(wrong.name)
        if "second call" in wrong.name:
            template = (
                "The first call is right. In the second `{name}` is wrong: what does the layer keep from call to call?"
            )
            if "in training" in wrong.name:
                template = "The first call is right. In the second, in training, `{name}` is wrong."
            return [message(template, name=_base(wrong.name))]
        if "two calls" in wrong.name:
            template = "`{name}` is right after one call and wrong after two: is each gradient added to what is there?"
            return [message(template, name=_base(wrong.name))]
        if self._is_misplaced(wrong):
            return [self._on_misplaced(wrong)]
        got, expected = as_array(wrong.got), as_array(wrong.expected)
        symbols = self.exercise.results.get(wrong.name, "")
        if got is None or expected is None or got.shape != expected.shape or expected.ndim < 1:
            return []
        if symbols.startswith("(N, T,"):
            found = _on_steps(name, got, expected, "hs" in map(_base, self.record))
        else:
            found = _on_rows(name, got, expected) if symbols.startswith(("(T", "(steps")) else None
        return [] if found is None else [found]

    def _on_misplaced(self, wrong: _Wrong) -> Message:
        others, factor = self._same_as(wrong), _factor(wrong.got, wrong.expected)
        values: dict[str, object] = {"name": _base(wrong.name), "other": next(iter(others), ""), "factor": factor}
        if "cache" in wrong.name:
            template = "`{name}` is right on the way, but not in the cache."
            return Message("The cache has `{other}` where `{name}` belongs." if others else template, values)
        if others:
            return Message("`{name}` is right on the way, but `{other}` is returned in its place.", values)
        if factor:
            return Message("`{name}` is right on the way, and {factor} times that in the end.", values)
        return Message("`{name}` is right on the way, but not in the end.", values)

    def _without_its_name(self, wrong: _Wrong) -> list[Message]:
        found = [self._first_wrong(wrong)]
        got, expected, others = as_array(wrong.got), as_array(wrong.expected), self._same_as(wrong)
        if others:
            found.append(message("It has the values of `{other}`.", other=others[0]))
        elif got is not None and expected is not None and wrong.is_sure:
            how = _on_form(got, expected)
            if got.shape != expected.shape and _base(wrong.name) not in map(_base, self.record):
                template = "It has the shape {got}, and should have {expected}."
                how = message(template, got=got.shape, expected=expected.shape)
            found += [] if how is None else [how]
        return found

    def _first_wrong(self, wrong: _Wrong) -> Message:
        values: dict[str, object] = {"name": _shown(wrong.name), "yours": wrong.yours}
        if wrong.yours in self.variables:
            code = self.tracer.code_of(wrong.yours)
            if code and not wrong.is_sure:
                return Message("Not found: `{name}`; `{code}` has other values.", values | {"code": code})
            if not wrong.is_sure:
                return Message("Not found: `{name}`; your `{yours}` has other values.", values)
            if code:
                return Message("First wrong: `{name}`, at `{code}`.", values | {"code": code})
            if wrong.yours != wrong.name:
                return Message("First wrong: `{name}`, your `{yours}`.", values)
        return Message("First wrong: `{name}`.", values)

    def _same_as(self, wrong: _Wrong) -> list[str]:
        """The other quantities whose values it has."""
        known = {name: [value] for name, value in self.case.expected.record.items() if name == _base(name)}
        known |= self.plain.given | self.plain.quantities
        others = [name for name in known if name not in {_base(wrong.name), *self.equations.looped}]
        return [name for name in others if any(_is(one, wrong.got) for one in known[name])]


#: Results with more than a name that are quantities all the same.
_OF_A_QUANTITY = re.compile(
    r"\w+ in the cache|[hc] of d?state|\w+, none dropped|[\w.]+\.grad, (?!all dropped).*|gradient of .*"
)


def _is_again(result: str) -> bool:
    return "second call" in result or "two calls" in result


def _base(result: str) -> str:
    """The quantity that a result is: `f` of `f in the cache`."""
    return result.partition(" ")[0].rstrip(",")


def _without_number(result: str) -> str:
    return re.sub(r"\[\d+\]", "", result)


def _shown(result: str) -> str:
    return _base(result) if "," in result else result


def _have_shapes_of(series: Series, theirs: Series) -> bool:
    return [one.shape for one in theirs] == [one.shape for one in series]


def _is_mask(value: AnyArray) -> bool:
    """Whether it has zeros and one other number."""
    return bool(value.any() and not value.all() and np.ptp(value[value != 0]) == 0)


def _have_zeros_of(masks: Series, theirs: Series) -> bool:
    return all(any(np.array_equal(one == 0, mask == 0) for one in theirs) for mask in masks)


def _is(one: object, other: object) -> bool:
    first, second = as_array(one), as_array(other)
    return first is not None and second is not None and equal(first, second)


def _on_mixed_up(mixed: Mapping[str, str]) -> Message:
    names = list(mixed)
    if len(names) == 1:
        return message("Your `{name}` has the values of `{other}`.", name=names[0], other=mixed[names[0]])
    if len(names) == 2:
        template = "Your `{one}` has the values of `{first}`, and your `{two}` those of `{second}`."
        one, two = names
        return message(template, one=one, two=two, first=mixed[one], second=mixed[two])
    template = "Your {names} have the values of {others}, in this order."
    return message(template, names=listed(names), others=listed(mixed.values()))


def _on_steps(name: str, got: AnyArray, expected: AnyArray, is_recurrent: bool) -> Message | None:
    """Say from which step in time on a result (N, T, ·) goes wrong, or back from which one."""
    wrong = np.flatnonzero(~compare.close(got, expected).all(axis=(0, 2))).tolist()
    last = got.shape[1] - 1
    if not wrong:
        return None
    if wrong == [*range(wrong[0], last + 1)] and wrong[0] > 0:
        template = "`{name}` is right at step 0 and wrong from step 1 on: what is carried from step to step?"
        if wrong[0] > 1:
            template = "`{name}` is right up to step {before} and wrong from step {step} on."
        return message(template, name=name, before=wrong[0] - 1, step=wrong[0])
    if wrong == [*range(wrong[-1] + 1)] and wrong[-1] < last:
        template = "`{name}` is right at the last step and wrong before it: what goes back from step to step?"
        if wrong[-1] < last - 1:
            template = "`{name}` is right in the last {count} steps and wrong before them."
        return message(template, name=name, count=last - wrong[-1])  # the example by hand may have fewer steps
    if equal(got[:, ::-1], expected):
        return message("`{name}` is in reverse order of time.", name=name)
    if is_recurrent and len(wrong) == last + 1:
        template = "`{name}` is wrong at step 0 already: what does it start from?"
        if name.startswith("d"):
            template = "`{name}` is wrong at the last step already: what does it start from?"
        return message(template, name=name)
    return None


def _on_rows(name: str, got: AnyArray, expected: AnyArray) -> Message | None:
    """Say from which row on a result (T, ·) goes wrong, or back from which one."""
    right = [bool(row.all()) for row in compare.close(got, expected)]
    count = sum(right)
    if count in (0, len(right)):
        return None
    if all(right[:count]):
        return message("`{name}` is right up to index {last} and wrong after it.", name=name, last=count - 1)
    if all(right[-count:]):  # counted from the end: the inputs may have more rows than the example by hand
        template = "`{name}` is right in its last row and wrong before it."
        if count > 1:
            template = "`{name}` is right in its last {count} rows and wrong before them."
        return message(template, name=name, count=count)
    return None


def _on_form(got: AnyArray, expected: AnyArray) -> Message | None:
    """Say what turns one array into the other."""
    if got.ndim == 2 and equal(got.T, expected):
        return message("It is there, transposed.")
    if got.shape != expected.shape or not got.size:
        return None
    order = _BLOCKS.get(got.shape[-1]) if got.ndim else None
    if order is not None:
        blocks = zip(order, np.split(compare.close(got, expected), len(order), axis=-1))
        off = [letter for letter, right in blocks if not right.all()]
        if len(off) == 1:
            return message("Only its block `{off}` is wrong.", off=off[0])
        if len(off) < len(order):
            return message("Only its blocks {off} are wrong.", off=listed(off))
    factor = _factor(got, expected)
    return None if factor is None else message("It is {factor} times what it should be.", factor=factor)


def _factor(got: Any, expected: Any) -> str | None:
    """The whole number, or one divided by it, that all of `expected` was multiplied by."""
    there = np.asarray(expected) != 0
    if np.shape(got) != np.shape(expected) or there.sum() < 2:
        return None
    ratio = float(np.mean(got[there] / expected[there]))
    if not np.isfinite(ratio) or ratio == 0:
        return None
    for factor, text in ((float(round(ratio)), f"{ratio:.0f}"), (1 / (round(1 / ratio) or 1), f"1/{1 / ratio:.0f}")):
        if factor not in (0, 1) and 1e-3 <= abs(factor) <= 1e3 and equal(got, expected * factor):
            return text
    return None
