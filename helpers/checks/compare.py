"""Comparing what an answer gave with what was expected: form, type, finiteness, values."""

import math
from dataclasses import dataclass

import numpy as np

#: Relative and absolute tolerance by floating-point type.
TOLERANCES = {np.dtype("float64"): (1e-7, 1e-9), np.dtype("float32"): (1e-4, 1e-5)}


@dataclass(frozen=True)
class Fault:
    """Something wrong with the result of this name; the text says what, where, got and expected."""

    result: str
    text: str


def same(got, expected):
    """Whether two results agree in kind, shape and, within the tolerance of the coarser type, in value."""
    if _is_number(got) and _is_number(expected):  # 1.0 and np.float32(1) are the same number
        return bool(close(got, expected))
    if isinstance(got, str) and isinstance(expected, str):  # np.str_ too: what comes out of an array of strings
        return str(got) == str(expected)
    if type(got) is not type(expected):
        return False
    if isinstance(expected, (list, tuple)):
        return len(got) == len(expected) and all(same(a, b) for a, b in zip(got, expected))
    if not isinstance(expected, np.ndarray):
        return got == expected
    if got.shape != expected.shape or got.dtype != expected.dtype:
        return False
    return bool(np.all(close(got, expected))) if got.dtype.kind in "biufc" else np.array_equal(got, expected)


def form_fault(name, got, expected, symbols, any_float=False):
    """Return a Fault if `got` is not of the kind, shape and type of `expected`, else None.

    Args:
        name, got, expected: of the result, and what the answer and the reference gave.
        symbols: the expected shape in symbols, e.g. "(N, H)".
        any_float: accept every floating-point type.
    """
    if isinstance(expected, str) or expected is None:
        if isinstance(got, type(expected)):
            return None
        return Fault(name, f"`{name}` is {_kind(got)}, expected {'None' if expected is None else 'a string'}.")
    if isinstance(expected, float | int):
        return _number_fault(name, got, expected)
    if not isinstance(got, np.ndarray | np.generic):
        return Fault(name, f"`{name}` is {_kind(got)}, expected a NumPy array of shape {symbols} = {expected.shape}.")
    if got.shape != expected.shape:
        return Fault(name, f"`{name}` has shape {got.shape}, expected {symbols} = {expected.shape}.")
    if got.dtype != expected.dtype and not (any_float and np.issubdtype(got.dtype, np.floating)):
        return Fault(name, f"`{name}` has dtype {got.dtype}, expected {expected.dtype}, the dtype of the inputs.")
    return None


def _number_fault(name, got, expected):
    wanted = np.integer | int if isinstance(expected, int) else np.floating | float
    if isinstance(got, wanted) and not isinstance(got, bool):
        return None
    return Fault(name, f"`{name}` is {_kind(got)}, expected a plain {type(expected).__name__}.")


def finite_fault(name, got, expected):
    """Return a Fault if `got` holds NaN or infinity where `expected` does not, else None."""
    if not isinstance(expected, np.ndarray | float) or not np.issubdtype(np.asarray(got).dtype, np.number):
        return None
    bad = ~np.isfinite(got) & np.isfinite(expected)
    if not bad.any():
        return None
    what = "NaN" if np.isnan(got).any() else "infinite"
    where = f" in {int(bad.sum())} of {bad.size} places" if bad.ndim else f", expected {expected:.6g}"
    return Fault(name, f"`{name}` is {what}{where}.")


def value_fault(name, got, expected):
    """Return a Fault if a value of `got` differs from `expected` by more than the tolerance, else None."""
    if isinstance(expected, str) or expected is None:
        return None if got == expected else Fault(name, f"`{name}` is {_shown(got)}, expected {expected!r}.")
    with np.errstate(all="ignore"):
        wrong = ~close(got, expected)
        if not np.any(wrong):
            return None
        if np.ndim(expected) == 0:
            return Fault(name, "`{}` is {}, expected {}.".format(name, *_apart(got, expected)))
        difference = np.abs(np.asarray(got, dtype="float64") - np.asarray(expected, dtype="float64"))
    difference = np.where(wrong, difference, -1.0)
    where = np.unravel_index(np.argmax(difference), difference.shape)
    here, there = _apart(got[where], expected[where])
    index = ", ".join(str(int(i)) for i in where)
    return Fault(
        name,
        f"`{name}` is off by up to {difference[where]:.3g}: at [{index}] it is {here}, expected {there}. "
        f"Wrong values: {int(wrong.sum())} of {wrong.size}.{_how_near(got, expected)}",
    )


def _shown(value):
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]} …"


def _how_near(got, expected):
    """A sentence on float64 values that are right to the seven digits of float32."""
    if got.dtype != "float64" or not np.allclose(got, expected, rtol=1e-6, atol=1e-7):
        return ""
    return " All are right to about seven digits: is there a float32 on the way, or a small number that is added?"


def close(got, expected):
    """Return where `got` and `expected` agree within the tolerance of the coarser of their types."""
    if _is_integer(got) and _is_integer(expected):  # any size, and no tolerance: a count is right or wrong
        return np.array(int(got) == int(expected))
    got, expected = np.asarray(_no_larger_than_a_float(got)), np.asarray(_no_larger_than_a_float(expected))
    rtol, atol = TOLERANCES[np.dtype("float32" if "float32" in (got.dtype, expected.dtype) else "float64")]
    if got.dtype == "float32":  # a number of Python is taken for a float32 beside one, and 1e50 for infinity
        got = got.astype("float64")
    return np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)


def _no_larger_than_a_float(value):
    """A Python int may be so large that no float holds it; it is as far from any number as infinity is."""
    try:
        return float(value) if _is_integer(value) else value
    except OverflowError:
        return math.copysign(math.inf, value > 0 or -1)


def _apart(got, expected):
    """Return how two different numbers are written, with as many digits as it takes to tell them apart."""
    for digits in (6, 9, 17):
        texts = [_written(number, digits) for number in (got, expected)]
        if texts[0] != texts[1]:
            break
    return texts


def _written(number, digits):
    if not _is_integer(number):
        return f"{number:.{digits}g}"
    size = abs(int(number)).bit_length() * math.log10(2)
    return f"an int of some {math.ceil(size)} digits" if size > 20 else str(number)


def _is_integer(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value):
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _kind(value):
    if isinstance(value, np.generic):
        return f"a single NumPy value of dtype {value.dtype}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    if value is None:
        return "None"
    return f"of type {type(value).__name__}"
