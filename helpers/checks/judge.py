"""The order inside a check: from “not written yet” to “right”, one stage after the other."""

import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from helpers.checks import compare
from helpers.checks.compare import Fault
from helpers.checks.diagnosis import Diagnosis, recognise
from helpers.checks.exercise import ContractError, Exercise, Misconception
from helpers.checks.inputs import InputSpec
from helpers.checks.observation import BY_HAND, Case, Observation, cases, observe
from helpers.language.message import Message, Names, listed, message

Status: TypeAlias = Literal["not written yet", "not yet", "right"]

#: Longest error that is passed on [characters]; some have a whole array in them.
LONGEST_ERROR = 1_000

_PACKAGE = str(Path(__file__).resolve().parents[1])


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Args:
        exercise: the exercise.
        status: of the answer.
        messages: what is wrong, then where, then what to do.
        remarks: on a right answer, what does no harm here and is good to know.
        causes: the mistakes that were recognised.
        printed: what the answer printed while it was checked.
        raised: the type of the error that it ended in, if it did.
        explained: whether the causes explain all that is wrong.
        changed: the arguments that it changed and should not have.
    """

    exercise: Exercise
    status: Status
    messages: tuple[Message, ...]
    remarks: tuple[Message, ...] = ()
    causes: tuple[Misconception, ...] = ()
    printed: str = ""
    raised: str = ""
    explained: bool = False
    changed: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether the answer passed."""
        return self.status == "right"

    @property
    def max_points(self) -> float:
        """The points that could be earned."""
        return self.exercise.points

    @property
    def points(self) -> float:
        """The points earned, 0.0 or all."""
        return self.max_points if self.right else 0.0

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The messages and remarks as they are read."""
        return tuple(map(str, self.messages + self.remarks))


def judge(exercise: Exercise, answer: Any, draws: Iterable[InputSpec], seed: int | Sequence[int] = 0) -> Verdict:
    """Return the Verdict on an answer, a function or a class, after trying it on draws of this seed."""
    if not callable(answer):
        return Verdict(exercise, "not yet", (_not_callable(exercise, answer),))
    tried = cases(exercise, draws, seed)
    seen = [observe(exercise, answer, case.arguments) for case in tried]
    printed = next((one.printed for one in seen if one.printed), "")
    errors = [one.error for one in seen if one.error is not None]
    unwritten = next((error for error in errors if isinstance(error, NotImplementedError)), None)

    found = next(_faults(exercise, tried, seen), None)
    if found is not None:
        raised = next((type(error).__name__ for error in errors if not isinstance(error, ContractError)), "")
        diagnosis, changed = recognise(exercise, tried, seen), _changed_in_any(seen)
        if diagnosis.results and not changed:
            # The numbers shown beside a cause are those that it explains.
            found = next(_faults(exercise, *_restricted(tried, seen, diagnosis.results)), found)
        messages = tuple(_explain(exercise, tried, seen, *found, diagnosis))
        explained = bool(diagnosis.causes) and not diagnosis.results
        return Verdict(exercise, "not yet", messages, (), diagnosis.causes, printed, raised, explained, changed)
    if unwritten is not None:
        return Verdict(exercise, "not written yet", (_what_is_left(exercise, seen, unwritten),), printed=printed)
    with np.errstate(all="ignore"):
        missing = _missing_property(exercise, answer)
    if missing is not None:
        return Verdict(exercise, "not yet", (missing,), printed=printed)
    return Verdict(exercise, "right", (_praise(exercise, tried),), _remarks(exercise, tried, seen), printed=printed)


def _changed_in_any(seen: Sequence[Observation]) -> tuple[str, ...]:
    """The arguments that an answer changed in some case, those left out that it is meant to change."""
    return tuple(dict.fromkeys(name for one in seen for name in one.changed))


def _not_callable(exercise: Exercise, answer: object) -> Message:
    values = {"name": exercise.name, "kind": type(answer).__name__}
    if isinstance(answer, str) and answer == exercise.name:
        return Message("The check got the name `{name}` as text. Pass `{name}` itself, without quotes.", values)
    # Whatever it is, a call has most likely returned it.
    template = (
        "The check got an object of type `{kind}`, not `{name}` itself: pass `{name}` without parentheses after it."
    )
    return Message(template, values)


# --- the stages -------------------------------------------------------------------------------------------------------


def _faults(exercise: Exercise, tried: Sequence[Case], seen: Sequence[Observation]) -> Iterator[tuple[Case, Fault]]:
    """Go through the stages in their order, each over all cases, and yield what is wrong."""
    # Values are compared on the example by hand first: a learner can follow those numbers with a pencil. Shapes are
    # not, since its sizes are small and alike.
    pairs = list(zip(tried, seen))
    by_hand_first = sorted(pairs, key=lambda pair: pair[0].label != BY_HAND)
    for stage in (_ended_early, _incomplete, _form, _finite, _warned, _changed, _values, _types):
        for case, one in by_hand_first if stage is _values else pairs:
            fault = stage(exercise, case, one)
            if fault is not None:
                yield case, fault


def _restricted(
    tried: Sequence[Case], seen: Sequence[Observation], names: Iterable[str]
) -> tuple[list[Case], list[Observation]]:
    """The cases, and what an answer gave in them, with no results but these."""

    def part(one: Observation) -> Observation:
        return Observation({name: one.record[name] for name in names if name in one.record})

    return [replace(case, expected=part(case.expected)) for case in tried], [part(one) for one in seen]


def _ended_early(exercise: Exercise, case: Case, seen: Observation) -> Fault | None:
    if seen.error is None or isinstance(seen.error, NotImplementedError):
        return None
    if isinstance(seen.error, ContractError):
        return Fault("", seen.error.message)
    return Fault("", _where_it_raised(exercise, seen.error))


def _incomplete(exercise: Exercise, case: Case, seen: Observation) -> Fault | None:
    # The stages below compare what was given; what was not given must not pass for right.
    missing = [name for name in case.expected.record if name not in seen.record]
    if seen.error is None and missing:
        return Fault(missing[0], message("`{called}` gave no `{name}`.", called=exercise.name, name=missing[0]))
    return None


def _where_it_raised(exercise: Exercise, error: BaseException) -> Message:
    said = f"{type(error).__name__}: {error}".rstrip(": .")
    if len(said) > LONGEST_ERROR:
        said = f"{said[:LONGEST_ERROR]} …"
    values: dict[str, object] = {"error": said, "name": exercise.name}
    # An error of a grader's sandbox brings the lines it came through with it.
    frames = getattr(error, "frames", None) or traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if _is_theirs(frame.filename)]
    if not theirs:
        template = "`{name}` does not accept the expected arguments. {error}."
    elif len(theirs) == 1:
        template = "It stopped at {place}. {error}."
    else:
        template = "It stopped at {place}, called from {caller}. {error}."
        values["caller"] = _place(theirs[0])
    if theirs:
        values["place"] = _place(theirs[-1])
    if not _took_param_for_array(error):
        return Message(template, values)
    return message(
        "{stopped} (A Param is not an array: its values are in `.value`, its gradient in `.grad`.)",
        stopped=Message(template, values),
    )


def _place(frame: Any) -> Message:
    values = {"line": frame.lineno, "function": frame.name, "code": frame.line}
    template = "line {line} of the cell with `{function}`"
    if frame.line:
        template = "line {line} of the cell with `{function}`, `{code}`"
    return Message(template, values)


def _took_param_for_array(error: BaseException) -> bool:
    # As Python and NumPy say it: unsupported operand … and 'Param', 'Param' object has no attribute 'shape'. An error
    # of Param itself, or of a name that is not defined, says something else.
    kind, text = type(error).__name__, str(error)
    return "'Param' object has no attribute" in text or (kind == "TypeError" and "'Param'" in text)


def _is_theirs(filename: str) -> bool:
    # NumPy's compiled parts give the file they were made from: numpy/random/mtrand.pyx.
    foreign = (_PACKAGE, "<__array_function__", "<frozen", "numpy/")
    return not filename.startswith(foreign) and "site-packages" not in filename


def _form(exercise: Exercise, case: Case, seen: Observation) -> Fault | None:
    faults = (
        compare.form_fault(name, seen.record[name], expected, exercise.results.get(name, ""))
        for name, expected in _common(case, seen)
    )
    return next((fault for fault in faults if fault), None)


def _finite(exercise: Exercise, case: Case, seen: Observation) -> Fault | None:
    faults = (compare.finite_fault(name, seen.record[name], expected) for name, expected in _common(case, seen))
    return next((fault for fault in faults if fault), None)


def _warned(exercise: Exercise, case: Case, seen: Observation) -> Fault | None:
    if not exercise.stable or not seen.warned or case.expected.warned:
        return None
    template = "NumPy warned while `{name}` ran ({label}): {warning}."
    return Fault("", message(template, name=exercise.name, label=case.label, warning=seen.warned[0]))


def _changed(exercise: Exercise, case: Case, seen: Observation) -> Fault | None:
    if not seen.changed:
        return None
    template = "`{called}` changed its argument {names}, which the caller still needs: make a new array instead."
    if len(seen.changed) > 1:
        template = "`{called}` changed its arguments {names}, which the caller still needs: make new arrays instead."
    return Fault(seen.changed[0], message(template, called=exercise.name, names=listed(seen.changed)))


def _values(exercise: Exercise, case: Case, seen: Observation) -> Fault | None:
    faults = (compare.value_fault(name, seen.record[name], expected) for name, expected in _common(case, seen))
    return next((fault for fault in faults if fault), None)


def _types(exercise: Exercise, case: Case, seen: Observation) -> Fault | None:
    faults = (
        compare.type_fault(name, seen.record[name], expected)
        for name, expected in _common(case, seen)
        if name not in exercise.any_float
    )
    return next((fault for fault in faults if fault), None)


def _common(case: Case, seen: Observation) -> list[tuple[str, Any]]:
    """The expected results that the answer got as far as giving."""
    return [(name, expected) for name, expected in case.expected.record.items() if name in seen.record]


def _missing_property(exercise: Exercise, answer: Any) -> Message | None:
    """Try the properties; return a message for the first that fails."""
    for has_property in exercise.properties:
        try:
            has_property(answer)
        except ContractError as lack:
            return lack.message
        except Exception as error:
            return _where_it_raised(exercise, error)
    return None


#: What is said of an answer that raised an error, without the error.
_WITHOUT_ERROR = {
    "`{name}` does not accept the expected arguments. {error}.": Message(
        "`{name}` does not accept the expected arguments."
    ),
    "It stopped at {place}. {error}.": Message("It stopped at {place}."),
    "It stopped at {place}, called from {caller}. {error}.": Message("It stopped at {place}, called from {caller}."),
}

# --- the words --------------------------------------------------------------------------------------------------------


def _explain(
    exercise: Exercise,
    tried: Sequence[Case],
    seen: Sequence[Observation],
    case: Case,
    fault: Fault,
    diagnosis: Diagnosis,
) -> Iterator[Message]:
    """Say what is wrong, then where, then what to do."""
    right, off = _states(exercise, tried, seen)
    causes, changed = diagnosis.causes, any(one.changed for one in seen)
    if causes:  # what an error says is what the cause says
        short = _WITHOUT_ERROR.get(fault.message.template, fault.message)
        fault = Fault(fault.result, replace(short, values=fault.message.values))
    where = _where(case, fault, tried, seen)
    one_by_one = [one for cause in causes for one in _named(cause)]
    if not causes:
        yield where
        yield from _summary(fault, right, off)
    elif changed:
        yield where  # a mistake of its own, beside the causes
        yield from one_by_one
    elif len(causes) == 1:
        cause, hint = one_by_one
        yield from (cause, where, hint)
    else:
        template = "**Two mistakes at once.**" if len(causes) == 2 else "**Several mistakes at once.**"
        yield Message(template, role="cause")
        yield from one_by_one
        yield where
    if diagnosis.results and not changed:  # which may be why more is off
        others = [name for name in off if name not in _grouped(exercise, diagnosis.results)]
        if others:
            yield message("Something else is off in {others}.", others=listed(others))


def _named(cause: Misconception) -> tuple[Message, Message]:
    """The name of a mistake, and what to look at."""
    return Message("**{name}**", {"name": cause.name}, "cause"), Message(cause.hint, role="look at")


def _where(case: Case, fault: Fault, tried: Sequence[Case], seen: Sequence[Observation]) -> Message:
    if case.label == BY_HAND and fault.result and not fault.result.startswith("error of "):  # the check's own cases
        return message("On the example by hand, {fault}", fault=fault.message)
    if _is_first_wrong(case, tried, seen):
        template = "{fault} That was on the {label}; the draws before it are right."
        return message(template, fault=fault.message, label=case.label)
    return fault.message


def _is_first_wrong(case: Case, tried: Sequence[Case], seen: Sequence[Observation]) -> bool:
    """Whether the answer was right in every case before this one, and there was one."""
    before = tried[: [one.label for one in tried].index(case.label)]
    return bool(before) and all(
        one.error is None
        and not one.changed
        and all(compare.same(one.record.get(name), value) for name, value in earlier.expected.record.items())
        for earlier, one in zip(before, seen)
    )


def _states(exercise: Exercise, tried: Sequence[Case], seen: Sequence[Observation]) -> tuple[list[str], list[str]]:
    """The results, or groups of them, that are right in all cases, and those that are off in some."""
    off = {
        name
        for case, one in zip(tried, seen)
        for name, expected in case.expected.record.items()
        if name in one.record and not compare.same(one.record[name], expected)
    }
    given = [name for name in tried[0].expected.record if all(name in one.record for one in seen)]
    off_groups = set(_grouped(exercise, off))
    right = [group for group in _grouped(exercise, given) if group not in off_groups]
    return right, [group for group in _grouped(exercise, exercise.results) if group in off_groups]


def _grouped(exercise: Exercise, names: Iterable[str]) -> list[str]:
    """The groups of some results, each once; a result without a group stands for itself."""
    return list(dict.fromkeys(exercise.groups.get(name, name) for name in names))


def _summary(fault: Fault, right: list[str], off: list[str]) -> Iterator[Message]:
    if fault.result and right and off:
        values = {"right": Names(right), "off": Names(off)}
        yield Message("Right so far: {right}. Off: {off}.", values, "results")


def _what_is_left(exercise: Exercise, seen: Sequence[Observation], unwritten: BaseException) -> Message:
    done = _grouped(exercise, seen[0].record)
    if not done:
        template = "`{name}` still raises NotImplementedError. Write its body, then run this cell again."
        return message(template, name=exercise.name)
    return message("Right so far: {done}. Still to write: {rest}.", done=listed(done), rest=str(unwritten))


def _praise(exercise: Exercise, tried: Sequence[Case]) -> Message:
    values = {"results": len(exercise.results), "draws": len(tried) - (exercise.example is not None)}
    template = "All agree with the reference: {results} results on {draws} draws and the example by hand."
    if len(exercise.results) == 1:
        template = "All agree with the reference: one result on {draws} draws and the example by hand."
    if exercise.example is None:
        template = "All agree with the reference: {results} results on {draws} draws."
        if len(exercise.results) == 1:
            template = "All agree with the reference: one result on {draws} draws."
    return Message(template, values)


def _remarks(exercise: Exercise, tried: Sequence[Case], seen: Sequence[Observation]) -> tuple[Message, ...]:
    """What a right answer is told as well: a type that is wider than it need be, a warning that does no harm."""
    return tuple(
        remark
        for remark in (_remark_on_types(exercise, tried, seen), _remark_on_warnings(exercise, tried, seen))
        if remark is not None
    )


def _remark_on_types(exercise: Exercise, tried: Sequence[Case], seen: Sequence[Observation]) -> Message | None:
    for case, one in zip(tried, seen):
        for name, expected in _common(case, one):
            if compare.is_wider(one.record[name], expected) and name not in exercise.any_float:
                return message(
                    "`{name}` is {got} where the inputs are {expected}: it takes twice the memory. `np.zeros(…)` makes "
                    "float64; `np.zeros_like(x)` and `dtype=x.dtype` do not.",
                    name=name,
                    got=one.record[name].dtype,
                    expected=expected.dtype,
                )
    return None


def _remark_on_warnings(exercise: Exercise, tried: Sequence[Case], seen: Sequence[Observation]) -> Message | None:
    for case, one in zip(tried, seen):
        if one.warned and not case.expected.warned:
            return message(
                "NumPy warned on the {label}: {warning}. The result is right all the same; a formula that never "
                "overflows, as in exercise 0.1, would not warn.",
                label=case.label,
                warning=one.warned[0],
            )
    return None
