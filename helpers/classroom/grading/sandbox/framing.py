"""Messages between the answers' process and the grader's: plain data, and nothing that could run as code.

A message is one JSON text and one block of bytes, the values of its arrays.
"""

import json
import math
import os
import select
import struct
import time
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from helpers.arrays import AnyArray

#: The JSON text of a message. Until it is read by a `Reader` its values may be anything, so their type is not known.
Tree: TypeAlias = dict[str, Any]

#: Longest JSON text and longest block of bytes that are read.
MAX_TEXT, MAX_BYTES = 4 << 20, 16 << 20

#: An array that spans more than this many times the bytes of its values is sent without its strides.
MAX_SPREAD = 4

#: Kinds of array elements that cross: truth values, integers, floating-point and complex numbers.
KINDS = "biufc"

_HEAD = struct.Struct("!II")


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
        try:
            return json.loads(text), block
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
        and min(array.strides) > 0
        and _reach(array.shape, array.strides) <= MAX_SPREAD * array.nbytes
    ):
        node["strides"] = array.strides
    return node


def unpack_array(node: Tree, block: bytes) -> AnyArray:
    """Return the array of a description from `pack_array`: a new one, laid out in memory as the first.

    Raises:
        ValueError, KeyError, TypeError, OverflowError: the description is not valid, or does not fit the bytes.
    """
    dtype, shape = np.dtype(node["dtype"]), tuple(map(int, node["shape"]))
    if dtype.kind not in KINDS or min(shape, default=0) < 0:
        raise ValueError("not an array of numbers")
    size = int(np.prod(shape, dtype=object))
    values: AnyArray = np.frombuffer(block, dtype, size, int(node["at"])) if size else np.zeros(0, dtype)
    values = values.reshape(shape)
    if "strides" not in node or not size:
        return values.copy()
    reach = _reach(shape, node["strides"])
    if min(node["strides"]) < dtype.itemsize or reach > MAX_SPREAD * values.nbytes:
        raise ValueError("strides too large for the array")
    room: AnyArray = np.zeros(1 + reach // dtype.itemsize, dtype)
    array: AnyArray = np.lib.stride_tricks.as_strided(room, shape, node["strides"])
    array[...] = values
    return array


def _reach(shape: Sequence[int], strides: Sequence[int]) -> int:
    """Distance from the first value of an array to the last [bytes]."""
    return sum((length - 1) * int(stride) for length, stride in zip(shape, strides, strict=True))
