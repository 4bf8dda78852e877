"""The order inside a check: from “not written yet” to “right”, one stage after the other."""

import traceback
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.checks import compare, diagnosis
from helpers.checks.exercise import ContractError
from helpers.checks.inputs import copied
from helpers.checks.observation import BY_HAND, cases, observe

#: Longest error that is passed on [characters]; some have a whole array in them.
LONGEST_ERROR = 1_000

_PACKAGE = str(Path(__file__).resolve().parents[1])


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Args:
        exercise: the exercise.
        status: "not written yet", "not yet" or "right".
        points: earned, 0.0 or the maximum.
        max_points: that could be earned.
        paragraphs: the message, the first one the most important; `code` in backticks, **weight** in asterisks.
        misconception: the mistake that was recognised, if one was.
        printed: what the answer printed while it was checked.
        raised: the type of the error that it ended in, if it did.
    """

    exercise: object
    status: str
    points: float
    max_points: float
    paragraphs: tuple[str, ...]
    misconception: object = None
    printed: str = ""
    raised: str = ""

    @property
    def right(self):
        """Whether the answer passed."""
        return self.status == "right"


def judge(exercise, answer, draws, seed=0):
    """Return the Verdict on an answer, a function or a class, after trying it on draws of this seed."""
    if not callable(answer):
        text = f"`{exercise.name}` is of type {type(answer).__name__}, neither a function nor a class."
        return _verdict(exercise, "not yet", [text])
    tried = cases(exercise, draws, seed)
    seen = [observe(exercise, answer, case.arguments) for case in tried]
    printed = next((one.printed for one in seen if one.printed), "")
    errors = [one.error for one in seen if one.error is not None]
    unwritten = next((error for error in errors if isinstance(error, NotImplementedError)), None)

    fault = _first_fault(exercise, tried, seen)
    if fault is not None:
        cause = diagnosis.recognise(exercise, tried, seen, fault.result)
        raised = next((type(error).__name__ for error in errors if not isinstance(error, ContractError)), "")
        paragraphs = _explain(tried, seen, fault, cause)
        return _verdict(exercise, "not yet", paragraphs, cause and cause.misconception, printed, raised)
    if unwritten is not None:
        return _verdict(exercise, "not written yet", _what_is_left(exercise, seen, unwritten), None, printed)
    with np.errstate(all="ignore"):
        missing = _missing_property(exercise, answer, tried, seen)
    if missing is not None:
        return _verdict(exercise, "not yet", [missing], None, printed)
    return _verdict(exercise, "right", [_praise(exercise, tried)], None, printed)


def _verdict(exercise, status, paragraphs, misconception=None, printed="", raised=""):
    points = exercise.points if status == "right" else 0.0
    return Verdict(exercise, status, points, exercise.points, tuple(paragraphs), misconception, printed, raised)


def _first_fault(exercise, tried, seen):
    """Go through the stages in their order, each over all cases, and return the first Fault found."""
    # Values are compared on the example by hand first: a learner can follow those numbers with a pencil. Shapes are
    # not, since its sizes are small and alike.
    by_hand_first = sorted(zip(tried, seen), key=lambda pair: pair[0].label != BY_HAND)
    for stage in (_ended_early, _incomplete, _form, _finite, _warned, _changed, _values):
        for case, one in by_hand_first if stage is _values else zip(tried, seen):
            fault = stage(exercise, case, one)
            if fault is not None:
                return fault
    return None


def _ended_early(exercise, case, seen):
    if seen.error is None or isinstance(seen.error, NotImplementedError):
        return None
    if isinstance(seen.error, ContractError):
        return compare.Fault("", str(seen.error))
    return compare.Fault("", _where_it_raised(exercise, seen.error))


def _incomplete(exercise, case, seen):
    # The stages below compare what was given; what was not given must not pass for right.
    missing = [name for name in case.expected.record if name not in seen.record]
    if seen.error is None and missing:
        return compare.Fault(missing[0], f"`{exercise.name}` gave no `{missing[0]}`.")
    return None


def _where_it_raised(exercise, error):
    said = f"{type(error).__name__}: {error}".rstrip(": .")
    if len(said) > LONGEST_ERROR:
        said = f"{said[:LONGEST_ERROR]} …"
    if _took_param_for_array(error):
        said += ". (A Param is not an array: its values are in `.value`, its gradient in `.grad`)"
    # An error of a grader's sandbox brings the lines it came through with it.
    frames = getattr(error, "frames", None) or traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if _is_theirs(frame.filename)]
    if not theirs:
        return f"`{exercise.name}` does not accept the expected arguments. {said}."
    places = [f"line {frame.lineno} of the cell with `{frame.name}`{_quoted(frame)}" for frame in theirs]
    called_from = f", called from {places[0]}" if len(places) > 1 else ""
    return f"It stopped at {places[-1]}{called_from}. {said}."


def _took_param_for_array(error):
    # As Python and NumPy say it: unsupported operand … and 'Param', 'Param' object has no attribute 'shape'. An error
    # of Param itself, or of a name that is not defined, says something else.
    kind, text = type(error).__name__, str(error)
    return "'Param' object has no attribute" in text or (kind == "TypeError" and "'Param'" in text)


def _quoted(frame):
    return f", `{frame.line}`" if frame.line else ""


def _is_theirs(filename):
    # NumPy's compiled parts give the file they were made from: numpy/random/mtrand.pyx.
    foreign = (_PACKAGE, "<__array_function__", "<frozen", "numpy/")
    return not filename.startswith(foreign) and "site-packages" not in filename


def _form(exercise, case, seen):
    for name, expected in _common(case, seen):
        got = seen.record[name]
        fault = compare.form_fault(name, got, expected, exercise.results.get(name, ""), name in exercise.any_float)
        if fault is not None:
            return fault
    return None


def _finite(exercise, case, seen):
    faults = (compare.finite_fault(name, seen.record[name], expected) for name, expected in _common(case, seen))
    return next((fault for fault in faults if fault), None)


def _warned(exercise, case, seen):
    if not seen.warned or case.expected.warned:
        return None
    return compare.Fault("", f"NumPy warned while `{exercise.name}` ran ({case.label}): {seen.warned[0]}.")


def _changed(exercise, case, seen):
    for name in seen.changed:
        if name not in exercise.mutates:
            return compare.Fault(
                name, f"`{exercise.name}` changed its argument `{name}`, which the caller still needs."
            )
    return None


def _values(exercise, case, seen):
    for name, expected in _common(case, seen):
        fault = compare.value_fault(name, seen.record[name], expected)
        if fault is not None:
            return compare.Fault(name, f"On {case.label}, {fault.text}" if case.label == BY_HAND else fault.text)
    return None


def _common(case, seen):
    """The expected results that the answer got as far as giving."""
    return [(name, expected) for name, expected in case.expected.record.items() if name in seen.record]


def _explain(tried, seen, fault, cause):
    paragraphs = [fault.text]
    if cause is not None:
        paragraphs += [f"**{cause.scope} exactly that of {cause.misconception.name}.**", cause.misconception.hint]
    states = {True: [], False: []}
    for name, _ in _common(tried[0], seen[0]):
        # A draw may have fewer results than another: the example by hand has one Param where the draws have three.
        right = all(
            name in one.record and compare.same(one.record[name], case.expected.record[name])
            for case, one in zip(tried, seen)
            if name in case.expected.record
        )
        states[right].append(f"`{name}`")
    if fault.result and states[True] and states[False]:
        paragraphs.append(f"Right so far: {', '.join(states[True])}. Off: {', '.join(states[False])}.")
    return paragraphs


def _what_is_left(exercise, seen, unwritten):
    done = [f"`{name}`" for name in seen[0].record]
    if not done:
        return [f"`{exercise.name}` still raises NotImplementedError. Write its body, then run this cell again."]
    return [f"Right so far: {', '.join(done)}. Still to write: {unwritten}."]


def _missing_property(exercise, answer, tried, seen):
    """Compare with the numerical gradient, then try the properties; return a sentence for the first that fails."""
    if exercise.numerical is not None:
        for name, expected in exercise.numerical(copied(tried[0].arguments)).items():
            if not np.allclose(seen[0].record[name], expected, rtol=1e-5, atol=1e-7):
                return f"`{name}` differs from the numerical gradient."
    for has_property in exercise.properties:
        try:
            has_property(answer)
        except ContractError as lack:
            return str(lack)
        except Exception as error:
            return _where_it_raised(exercise, error)
    return None


def _praise(exercise, tried):
    count = len(exercise.results)
    parts = [f"{count} result{'s' if count > 1 else ''} on {len(tried)} draws"]
    if exercise.example is not None:
        parts[0] += ", the example by hand among them"
    if exercise.numerical is not None:
        parts.append("and the numerical gradient")
    return f"{' '.join(parts)}: all agree."
