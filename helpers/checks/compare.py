"""Comparing what an answer gave with what was expected: form, finiteness, values, type."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.arrays import AnyArray, BoolArray
from helpers.language.message import Message, message

#: Relative and absolute tolerance by floating-point type; in float32 the second is relative to the largest value.
TOLERANCES = {np.dtype("float64"): (1e-7, 1e-9), np.dtype("float32"): (1e-4, 1e-5)}
_FLOAT64 = np.dtype("float64")


@dataclass(frozen=True)
class Fault:
    """Something wrong with the result of this name, or with none in particular (""): what, where, got and expected."""

    result: str
    message: Message


def same(got: Any, expected: Any) -> bool:
    """Whether two results agree in kind, shape and, within the tolerance of the coarser type, in value."""
    if _is_number(got) and _is_number(expected):  # 1.0 and np.float32(1) are the same number
        return bool(close(got, expected))
    if isinstance(got, str) and isinstance(expected, str):  # np.str_ too: what comes out of an array of strings
        return str(got) == str(expected)
    if isinstance(expected, list | tuple):
        return (
            isinstance(got, list | tuple)
            and len(got) == len(expected)
            and all(same(a, b) for a, b in zip(got, expected))
        )
    if not isinstance(expected, np.ndarray):
        return type(got) is type(expected) and bool(got == expected)
    if not isinstance(got, np.ndarray) or got.shape != expected.shape or got.dtype.kind != expected.dtype.kind:
        return False
    if are_identical(got, expected):
        return True
    if got.dtype == expected.dtype == _FLOAT64 and got.size and _is_far(got.item(0), expected.item(0)):
        return False  # most arrays that differ do so from their first number on
    return bool(np.all(close(got, expected))) if got.dtype.kind in "biufc" else bool(np.array_equal(got, expected))


def _is_far(got: float, expected: float) -> bool:
    rtol, atol = TOLERANCES[_FLOAT64]
    return abs(got - expected) > atol + rtol * abs(expected)


def are_identical(one: AnyArray, other: AnyArray) -> bool:
    """Whether two arrays of the same shape agree in every bit, which is soon seen."""
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


def are_equal(one: AnyArray, other: AnyArray) -> bool:
    """Whether two arrays hold the same values, NaN in the same places."""
    if one.shape != other.shape:
        return False
    return are_identical(one, other) or np.array_equal(one, other, equal_nan=other.dtype.kind == "f")


def form_fault(name: str, got: Any, expected: Any, symbols: str) -> Fault | None:
    """Return a Fault if `got` is not of the kind and shape of `expected`, else None.

    Args:
        name, got, expected: of the result, and what the answer and the reference gave.
        symbols: the expected shape in symbols, e.g. "(N, H)".
    """
    if isinstance(expected, str) or expected is None:
        if isinstance(got, type(expected)):
            return None
        wanted = "None" if expected is None else "a string"
        return Fault(name, message("`{name}` is {kind}, expected {wanted}.", name=name, kind=_kind(got), wanted=wanted))
    if isinstance(expected, float | int):
        return _number_fault(name, got, expected)
    values = {"name": name, "kind": _kind(got), "symbols": symbols, "expected": expected.shape}
    if not isinstance(got, np.ndarray | np.generic):
        return Fault(
            name, Message("`{name}` is {kind}, expected a NumPy array of shape {symbols} = {expected}.", values)
        )
    if got.shape != expected.shape:
        return Fault(
            name, Message("`{name}` has shape {got}, expected {symbols} = {expected}.", values | {"got": got.shape})
        )
    if not _is_at_least(got.dtype.kind, expected.dtype.kind):
        values |= {"got": got.dtype, "expected": expected.dtype}
        return Fault(name, Message("`{name}` has dtype {got}, expected {expected}, the dtype of the inputs.", values))
    return None


def _is_at_least(kind: str, expected: str) -> bool:
    """Whether an array of this kind of type may stand for one of the expected kind."""
    return kind == expected or (kind in "iu" and expected in "iu")


def type_fault(name: str, got: Any, expected: Any) -> Fault | None:
    """Return a Fault if the type of `got` has fewer digits than that of `expected`, else None."""
    if not is_float_array(expected) or got.dtype.itemsize >= expected.dtype.itemsize:
        return None
    template = "`{name}` is {got} where the inputs are {expected}: it loses digits. Keep the dtype of the inputs."
    return Fault(name, message(template, name=name, got=got.dtype, expected=expected.dtype))


def is_wider(got: Any, expected: Any) -> bool:
    """Whether `got` takes more memory than the inputs: float64 where they are float32."""
    return is_float_array(expected) and isinstance(got, np.ndarray) and got.dtype.itemsize > expected.dtype.itemsize


def is_float_array(value: Any) -> bool:
    """Whether a value is an array, or one NumPy number, of a floating-point type, and no Python float."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _number_fault(name: str, got: Any, expected: float | int) -> Fault | None:
    wanted = np.integer | int if isinstance(expected, int) else np.floating | float | np.integer | int
    if isinstance(got, wanted) and not isinstance(got, bool):
        return None
    template = "`{name}` is {kind}, expected a plain {wanted}."
    return Fault(name, message(template, name=name, kind=_kind(got), wanted=type(expected).__name__))


def finite_fault(name: str, got: Any, expected: Any) -> Fault | None:
    """Return a Fault if `got` holds NaN or infinity where `expected` does not, else None."""
    if not isinstance(expected, np.ndarray | float) or not np.issubdtype(np.asarray(got).dtype, np.number):
        return None
    bad = ~np.isfinite(got) & np.isfinite(expected)
    if not bad.any():
        return None
    values: dict[str, object] = {"name": name, "what": message("NaN" if np.isnan(got).any() else "infinite")}
    if not bad.ndim:
        return Fault(name, Message("`{name}` is {what}, expected {expected:.6g}.", values | {"expected": expected}))
    values |= {"bad": int(bad.sum()), "size": bad.size}
    return Fault(name, Message("`{name}` is {what} in {bad} of {size} places.", values))


def value_fault(name: str, got: Any, expected: Any) -> Fault | None:
    """Return a Fault if a value of `got` differs from `expected` by more than the tolerance, else None."""
    if isinstance(expected, str) or expected is None:
        if got == expected:
            return None
        template = "`{name}` is {got}, expected {expected!r}."
        return Fault(name, message(template, name=name, got=_shown(got), expected=expected))
    if isinstance(got, np.ndarray) and isinstance(expected, np.ndarray) and are_identical(got, expected):
        return None
    with np.errstate(all="ignore"):
        wrong = ~close(got, expected)
        if not np.any(wrong):
            return None
        if np.ndim(expected) == 0:
            here, there = _apart(got, expected)
            return Fault(name, message("`{name}` is {got}, expected {expected}.", name=name, got=here, expected=there))
        difference = np.abs(np.asarray(got, dtype="float64") - np.asarray(expected, dtype="float64"))
    difference = np.where(wrong, difference, -1.0)
    where = np.unravel_index(np.argmax(difference), difference.shape)
    here, there = _apart(got[where], expected[where])
    values: dict[str, object] = {
        "name": name,
        "index": ", ".join(str(int(i)) for i in where),
        "got": here,
        "expected": there,
    }
    values |= {"wrong": int(wrong.sum()), "size": wrong.size}
    template = "`{name}` is off in {wrong} of {size} places: at [{index}] it is {got}, expected {expected}."
    if wrong.size == 1:
        template = "`{name}` is {got}, expected {expected}."
    if not _is_near(got, expected):
        return Fault(name, Message(template, values))
    advice = message(
        "{off} All are right to about seven digits: is there a float32 on the way, or a small number that is added?",
        off=Message(template, values),
    )
    return Fault(name, advice)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]} …"


def _is_near(got: AnyArray, expected: AnyArray) -> bool:
    """Whether float64 values are right to the seven digits of float32."""
    return got.dtype == "float64" == expected.dtype and np.allclose(got, expected, rtol=1e-6, atol=1e-7)


def close(got: Any, expected: Any) -> BoolArray:
    """Return where `got` and `expected` agree within the tolerance of the coarser of their types."""
    if _is_integer(got) and _is_integer(expected):  # any size, and no tolerance: a count is right or wrong
        return np.array(int(got) == int(expected))
    got, expected = np.asarray(_no_larger_than_a_float(got)), np.asarray(_no_larger_than_a_float(expected))
    coarse = any(array.dtype.kind == "f" and array.dtype.itemsize < 8 for array in (got, expected))
    rtol, atol = TOLERANCES[np.dtype("float32" if coarse else "float64")]
    if coarse:
        # A number of Python is taken for a float32 beside one, and 1e50 for infinity.
        got, atol = got.astype("float64"), atol * _largest(expected)
    return _near(got, expected, rtol, atol)


def _near(got: AnyArray, expected: AnyArray, rtol: float, atol: float) -> BoolArray:
    """As `np.isclose` with `equal_nan=True`, which takes twice as long on small arrays: most of the time of a check."""
    expected = np.asarray(expected, dtype=np.result_type(expected, 1.0))
    with np.errstate(invalid="ignore"):
        near: BoolArray = (np.abs(got - expected) <= atol + rtol * np.abs(expected)) & np.isfinite(expected)
        if not near.all():
            near = near | (got == expected) | ((got != got) & (expected != expected))
    return near


def _largest(array: AnyArray) -> float:
    """The largest finite absolute value of an array; sums in float32 are exact to some part of it."""
    finite = np.abs(array[np.isfinite(array)]) if array.ndim else np.abs(array)
    return float(finite.max()) if finite.size and np.isfinite(finite).all() else 0.0


def _no_larger_than_a_float(value: Any) -> Any:
    """A Python int may be so large that no float holds it; it is as far from any number as infinity is."""
    try:
        return float(value) if _is_integer(value) else value
    except OverflowError:
        return math.copysign(math.inf, value > 0 or -1)


def _apart(got: Any, expected: Any) -> list[str]:
    """Return how two different numbers are written, with as many digits as it takes to tell them apart."""
    for digits in (6, 9, 17):
        texts = [_written(number, digits) for number in (got, expected)]
        if texts[0] != texts[1]:
            break
    return texts


def _written(number: Any, digits: int) -> str:
    if not _is_integer(number):
        return f"{number:.{digits}g}"
    size = abs(int(number)).bit_length() * math.log10(2)
    return f"an int of some {math.ceil(size)} digits" if size > 20 else str(number)


def _is_integer(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _kind(value: object) -> Message | str:
    if isinstance(value, np.generic):
        return message("a single NumPy value of dtype {dtype}", dtype=value.dtype)
    if isinstance(value, np.ndarray):
        return message("an array of shape {shape} and dtype {dtype}", shape=value.shape, dtype=value.dtype)
    if value is None:
        return "None"
    return message("of type {name}", name=type(value).__name__)
