"""Messages between the answers' process and the grader's: plain data, and nothing that could run as code.

A message is one JSON text and one block of bytes, the values of its arrays.
"""

import itertools
import json
import math
import os
import re
import select
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from helpers.arrays import AnyArray

#: The JSON text of a message. Until it is read by a `Reader` its values may be anything, so their type is not known.
Tree: TypeAlias = dict[str, Any]

#: Longest JSON text and longest block of bytes that are read.
MAX_TEXT, MAX_BYTES = 4 << 20, 16 << 20

#: Most characters of a number in a message, and most values in it. A generator's state has numbers of 39 digits; a
#: value takes some hundred bytes where its text takes two.
MAX_DIGITS, MAX_MARKS = 100, 400_000

#: The axes that an array may have, as many as NumPy 1 allowed, and what its lengths and strides are below. A length
#: may be far above that of a message: an array without values may have any other.
MAX_AXES, MAX_SIZE = 32, 1 << 62

#: An array that spans more than this many times the bytes of its values is sent without its strides.
MAX_SPREAD = 4

#: Kinds of array elements that cross: truth values, integers, floating-point and complex numbers.
KINDS = "biufc"

#: The types that such elements have, e.g. "<f8"; a name that NumPy understands as well might be long.
_DTYPE = re.compile(r"[<>|=]?[biufc]\d{1,2}")

_HEAD = struct.Struct("!II")

#: A string of a JSON text, or what begins a value that is not the first.
_STRING_OR_MARK = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[,\[{]')


class Closed(Exception):
    """The other side is gone, took too long, or broke the protocol; the text completes “It was stopped: …”."""


class Pipe:
    """A file descriptor to read messages from and one to write them to.

    After the first failure no message crosses any more: a late reply must not be mistaken for that of another call.
    Neither side ever blocks in a read or a write, to which no deadline applies: the other could keep it there.

    Args:
        read, write: the file descriptors.
    """

    def __init__(self, read: int, write: int) -> None:
        self.read, self.write = read, write
        for descriptor in (read, write):
            os.set_blocking(descriptor, False)
        self.deadline: float | None = None  # on time.monotonic(); None means no limit
        self.left = {"text": math.inf, "bytes": math.inf}  # how much may still arrive
        self.failure: str | None = None  # the text of the first Closed

    def send(self, tree: Tree, blocks: Iterable[bytes]) -> None:
        """Send a message: a tree of plain JSON, and the bytes that it points into.

        Raises:
            Closed: the other side is gone, or takes too long.
        """
        text, block = json.dumps(tree).encode(), b"".join(blocks)
        data = memoryview(_HEAD.pack(len(text), len(block)) + text + block)
        while data:
            self._wait([], [self.write])
            try:
                data = data[os.write(self.write, data[: 1 << 16]) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self.fail("it ended") from None

    def receive(self) -> tuple[Tree, bytes]:
        """Return the next message, as the tree and the bytes.

        Raises:
            Closed: the other side is gone, took too long, or sent something that is not a message.
        """
        sizes = _HEAD.unpack(self._exactly(_HEAD.size))
        for what, size, limit in zip(("text", "bytes"), sizes, (MAX_TEXT, MAX_BYTES)):
            if size > min(limit, self.left[what]):
                raise self.fail("it sent more than is accepted")
            self.left[what] -= size
        text, block = map(self._exactly, sizes)
        if _holds_too_much(text):
            raise self.fail("it sent more than is accepted")
        try:
            return _DECODER.decode(text.decode()), block
        except (ValueError, RecursionError):
            raise self.fail("it sent something that is not a message") from None

    def fail(self, reason: str) -> Closed:
        """Refuse every message from now on, and return the Closed to raise."""
        self.failure = self.failure or reason
        return Closed(self.failure)

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            self._wait([self.read], [])
            try:
                part = os.read(self.read, min(size, 1 << 20))
            except BlockingIOError:  # another process has read it first
                continue
            except OSError:
                part = b""
            if not part:
                raise self.fail("it ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(self, readable: list[int], writable: list[int]) -> None:
        if self.failure is not None:
            raise Closed(self.failure)
        left = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
        if left == 0 or not any(select.select(readable, writable, [], left)):
            raise self.fail("it took too long")


def _holds_too_much(text: bytes) -> bool:
    """Whether a JSON text has more values than are accepted; what looks like one inside a string is none."""
    if sum(map(text.count, (b",", b"[", b"{"))) <= MAX_MARKS:
        return False
    marks = (1 for match in _STRING_OR_MARK.finditer(text) if match[0] in b",[{")
    return next(itertools.islice(marks, MAX_MARKS, None), None) is not None


def _number(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        if len(text) > MAX_DIGITS:
            raise ValueError("a number of so many digits")
        return kind(text)

    return parse


_DECODER = json.JSONDecoder(parse_int=_number(int), parse_float=_number(float))


def pack_array(array: AnyArray, blocks: list[bytes]) -> Tree:
    """Return the description of an array, and add its bytes to `blocks`.

    The description has the strides if the array is not contiguous in memory, unless its values lie too far apart.

    Raises:
        ValueError: it is larger than any message.
    """
    if array.nbytes > MAX_BYTES:
        raise ValueError("an array larger than is accepted")
    node: Tree = {"k": "array", "dtype": array.dtype.str, "shape": array.shape, "at": sum(map(len, blocks))}
    blocks.append(array.tobytes())
    if (
        not array.flags.c_contiguous
        and _is_laid_out(array.strides, array.itemsize)
        and _reach(array.shape, array.strides) <= MAX_SPREAD * array.nbytes
    ):
        node["strides"] = array.strides
    return node


def unpack_array(node: Tree, block: bytes) -> AnyArray:
    """Return the array of a description from `pack_array`: a new one, laid out in memory as the first.

    Raises:
        ValueError, KeyError, TypeError, OverflowError: the description is not valid, or does not fit the bytes.
    """
    if not _DTYPE.fullmatch(node["dtype"]):
        raise ValueError("not an array of numbers")
    dtype, shape, (at,) = np.dtype(node["dtype"]), _sizes(node["shape"]), _sizes([node["at"]])
    size = math.prod(shape)
    values: AnyArray = np.frombuffer(block, dtype, size, at) if size else np.zeros(0, dtype)
    values = values.reshape(shape)
    if "strides" not in node or not size:
        return values.copy()
    strides = _sizes(node["strides"])
    reach = _reach(shape, strides)
    if not _is_laid_out(strides, dtype.itemsize) or reach > MAX_SPREAD * values.nbytes:
        raise ValueError("strides that do not fit the array")
    room: AnyArray = np.zeros(1 + reach // dtype.itemsize, dtype)
    array: AnyArray = np.lib.stride_tricks.as_strided(room, shape, strides)
    array[...] = values
    return array


def _sizes(numbers: Any) -> tuple[int, ...]:
    """Return some whole numbers of a message."""
    if len(numbers) > MAX_AXES or not all(type(number) is int and 0 <= number < MAX_SIZE for number in numbers):
        raise ValueError("sizes that no array has")
    return tuple(numbers)


def _is_laid_out(strides: Sequence[int], itemsize: int) -> bool:
    """Whether each stride leads from one value to another in a room of such values."""
    return all(stride >= itemsize and stride % itemsize == 0 for stride in strides)


def _reach(shape: Sequence[int], strides: Sequence[int]) -> int:
    """Distance from the first value of an array to the last [bytes], in whole numbers without a limit."""
    return sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
