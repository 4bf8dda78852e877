"""Messages between the answers' process and the checks': plain data, and nothing that could run as code.

A message is one JSON text and one block of bytes, the values of its arrays.
"""

import json
import os
import select
import struct
import time

import numpy as np

#: Longest JSON text and longest block of bytes that are read.
TEXT_LIMIT, BYTES_LIMIT = 4 << 20, 16 << 20

#: An array whose values lie so far apart that it takes more than this times their bytes goes without its strides.
SPREAD = 4

#: Kinds of array elements that cross: truth values, integers, floating-point and complex numbers.
KINDS = "biufc"

_HEAD = struct.Struct("!II")


class Closed(Exception):
    """The other side is gone, took too long, or sent what is no message; the text completes «It was stopped: …»."""


class Pipe:
    """A file descriptor to read messages from and one to write them to.

    After the first failure nothing crosses any more: a late reply must not be taken for that of another call. Neither
    side ever waits in a read or a write, where no clock runs: the other could keep it there.

    Args:
        read, write: the file descriptors.
    """

    def __init__(self, read, write):
        self.read, self.write = read, write
        for descriptor in (read, write):
            os.set_blocking(descriptor, False)
        self.deadline = None  # on time.monotonic(); None waits for ever
        self.left = {"text": None, "bytes": None}  # how much may still come in; None is any amount
        self.failure = None  # the text of the first Closed

    def send(self, tree, blocks):
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

    def receive(self):
        """Return the next message, as the tree and the bytes.

        Raises:
            Closed: there is none, it took too long, or it is no message.
        """
        text, block = _HEAD.unpack(self._exactly(_HEAD.size))
        for what, size, limit in ("text", text, TEXT_LIMIT), ("bytes", block, BYTES_LIMIT):
            if size > limit or (self.left[what] is not None and size > self.left[what]):
                raise self.fail("it sent more than is accepted")
            if self.left[what] is not None:
                self.left[what] -= size
        text, block = self._exactly(text), self._exactly(block)
        try:
            return json.loads(text), block
        except (ValueError, RecursionError):
            raise self.fail("it sent what is no message") from None

    def fail(self, reason):
        """Let nothing cross from now on, and return the Closed to raise."""
        self.failure = self.failure or reason
        return Closed(self.failure)

    def _exactly(self, size):
        parts = []
        while size:
            self._wait([self.read], [])
            try:
                part = os.read(self.read, min(size, 1 << 20))
            except BlockingIOError:  # somebody else was quicker to read it
                continue
            except OSError:
                part = b""
            if not part:
                raise self.fail("it ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(self, readable, writable):
        if self.failure is not None:
            raise Closed(self.failure)
        left = None if self.deadline is None else max(0.0, self.deadline - time.monotonic())
        if left == 0 or not any(select.select(readable, writable, [], left)):
            raise self.fail("it took too long")


def pack_array(array, blocks):
    """Return the description of an array, and add its bytes to `blocks`.

    The strides go along where the values do not lie one after the other in memory, unless they lie far apart.

    Raises:
        ValueError: it is larger than any message.
    """
    if array.nbytes > BYTES_LIMIT:
        raise ValueError("an array of more than is accepted")
    node = {"k": "array", "dtype": array.dtype.str, "shape": array.shape, "at": sum(map(len, blocks))}
    blocks.append(array.tobytes())
    if (
        not array.flags.c_contiguous
        and min(array.strides) > 0
        and _reach(array.shape, array.strides) <= SPREAD * (array.nbytes)
    ):
        node["strides"] = array.strides
    return node


def unpack_array(node, block):
    """Return the array of a description: a new one, laid out in memory as the first.

    Args:
        node: what `pack_array` returned.
        block: the bytes that came with it.

    Raises:
        ValueError: the description is none, or does not fit the bytes. (So do KeyError, TypeError, OverflowError.)
    """
    dtype, shape = np.dtype(node["dtype"]), tuple(map(int, node["shape"]))
    if dtype.kind not in KINDS or min(shape, default=0) < 0:
        raise ValueError("not an array of numbers")
    size = int(np.prod(shape, dtype=object))
    values = np.frombuffer(block, dtype, size, int(node["at"])) if size else np.zeros(0, dtype)
    values = values.reshape(shape)
    if "strides" not in node or not size:
        return values.copy()
    reach = _reach(shape, node["strides"])
    if min(node["strides"]) < dtype.itemsize or reach > SPREAD * values.nbytes:
        raise ValueError("strides out of all proportion")
    room = np.zeros(1 + reach // dtype.itemsize, dtype)
    array = np.lib.stride_tricks.as_strided(room, shape, node["strides"])
    array[...] = values
    return array


def _reach(shape, strides):
    """How far the last value of an array lies from the first [bytes]."""
    return sum((length - 1) * int(stride) for length, stride in zip(shape, strides, strict=True))
