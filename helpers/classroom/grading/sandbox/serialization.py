"""Values as the tree of a message, and back: what is data crosses as data, what has an identity as a number."""

import sys

import numpy as np

from helpers.classroom.grading.sandbox import proxies
from helpers.classroom.grading.sandbox.framing import KINDS, pack_array, unpack_array
from helpers.nn.base import Layer, Param

#: Most values in one message, and most things with an identity that are known at a time. A check has some hundreds.
MOST, MOST_THINGS = 200_000, 5_000


class Writer:
    """Turns values into the tree of a message.

    Args:
        things: the ObjectRegistry of this side.
        arguments: arrays, lists and dicts that the other side knows by their place in this list.
    """

    def __init__(self, things, arguments=()):
        self.things = things
        self.blocks = []
        self.mutable = []  # the arrays, lists and dicts written, in order
        self.mentioned = set()  # the numbers of the Params and Generators written
        self.places = {id(value): place for place, value in enumerate(arguments)}

    def write(self, value):
        """Return the tree of a value, as a reference if it is one of the arguments."""
        if id(value) in self.places:
            return {"k": "argument", "place": self.places[id(value)]}
        if is_mutable(value):
            self.mutable.append(value)
        return self.write_content(value)

    def write_content(self, value):
        """Return the tree of a value, written out."""
        if value is None or type(value) in (bool, float, str):
            return value
        if isinstance(value, list | tuple):
            return {"k": "list" if isinstance(value, list) else "tuple", "items": [self.write(item) for item in value]}
        if isinstance(value, dict):
            return {"k": "dict", "items": [[self.write(key), self.write(item)] for key, item in value.items()]}
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in KINDS:
            # A subclass of an array arrives as a plain one.
            kind = "array" if isinstance(value, np.ndarray) else "scalar"
            return pack_array(np.asarray(value), self.blocks) | {"k": kind}
        if isinstance(value, int):  # JSON readers refuse very long ones
            return int(value) if abs(value) < 1 << 62 else {"k": "int", "digits": str(int(value))}
        if isinstance(value, float | str):
            return float(value) if isinstance(value, float) else str(value)
        if is_shared(value):
            return self._write_shared(value)
        return self._write_handle(value)

    def write_parts(self, parts):
        """Return the trees of the parts of something shared."""
        return [pack_array(part, self.blocks) if isinstance(part, np.ndarray) else part for part in parts]

    def _write_shared(self, value):
        number, new = self.things.share(value)
        self.mentioned.add(number)
        node = {"k": "shared", "number": number}
        if new:
            node |= {"parts": self.write_parts(self.things.shared[number].remember())}
            node |= {"name": str(value.name)} if isinstance(value, Param) else {}
        return node

    def _write_handle(self, value):
        number = self.things.number_of(value)
        if number in self.things.imports:
            return {"k": "yours", "number": number}
        node = {"k": "mine", "number": self.things.export(value)} | proxies.describe(value)
        if isinstance(value, Layer):
            node["params"] = [self.write(param) for param in value.parameters()]
        return node


class Reader:
    """Turns the tree of a message into values; what does not fit raises one of the usual errors of Python.

    Args:
        things: the ObjectRegistry of this side.
        block: the bytes of the message.
        arguments: what the other side may refer to by its place in this list.
    """

    def __init__(self, things, block, arguments=()):
        self.things = things
        self.block = block
        self.arguments = arguments
        self.mutable = []  # the arrays, lists and dicts read, in the order in which they were written
        self.count = 0
        self.bytes_left = len(block)  # each byte belongs to one array, so what arrives takes no more room than it did

    def read(self, node):
        """Return the value of a tree."""
        self.count += 1
        if self.count > MOST:
            raise ValueError("too many values in one message")
        if isinstance(node, dict):
            return self._READERS[node["k"]](self, node)
        if isinstance(node, list):
            raise ValueError("a list that is not written as one")
        return node

    def read_parts(self, nodes):
        """Return the parts of something shared."""
        return [self._unpacked(node) if node.get("k") == "array" else node for node in nodes]

    def _unpacked(self, node):
        array = unpack_array(node, self.block)
        self.bytes_left -= array.nbytes
        if self.bytes_left < 0:
            raise ValueError("arrays that share their bytes")
        return array

    def _argument(self, node):
        return self.arguments[node["place"]]

    def _int(self, node):
        return int(node["digits"])

    def _tuple(self, node):
        return tuple(self.read(item) for item in node["items"])

    def _list(self, node):
        self.mutable.append(result := [])
        result.extend(self.read(item) for item in node["items"])
        return result

    def _dict(self, node):
        self.mutable.append(result := {})
        result.update((self.read(key), self.read(item)) for key, item in node["items"])
        return result

    def _array(self, node):
        self.mutable.append(result := self._unpacked(node))
        return result

    def _scalar(self, node):
        return self._unpacked(node)[()]

    def _shared(self, node):
        if node["number"] in self.things.shared:
            return self.things.shared[node["number"]].thing
        thing = _make_shared(node, self.read_parts(node["parts"]))
        self.things.adopt_shared(node["number"], thing)
        return thing

    def _yours(self, node):
        return self.things.exports.get(node["number"], withdrawn)

    def _mine(self, node):
        number = node["number"]
        if number not in self.things.imports:
            params = tuple(self.read(param) for param in node.get("params", ()))
            self.things.adopt(number, proxies.stand_in(self.things.peer, node, params))
        return self.things.imports[number]

    _READERS = {  # noqa: RUF012 - a table, never changed
        "argument": _argument,
        "int": _int,
        "tuple": _tuple,
        "list": _list,
        "dict": _dict,
        "array": _array,
        "scalar": _scalar,
        "shared": _shared,
        "yours": _yours,
        "mine": _mine,
    }


class ObjectRegistry:
    """What has an identity and is known to both sides, by numbers.

    Args:
        peer: this side.
        side: a letter that begins every number given here.
    """

    def __init__(self, peer, side):
        self.peer = peer
        self.side = side
        self.given = 0
        self.shared = {}  # number -> Shared
        self.exports = {}  # number -> a function or an object of this side, for the other to use
        self.imports = {}  # number -> what stands here for one of the other side's
        self._numbers = {}  # id -> number; each of these is kept alive by a table above

    def number_of(self, thing):
        """Return the number of a thing, or None."""
        return self._numbers.get(id(thing))

    def export(self, thing):
        """Let the other side use a thing, and return its number."""
        number = self._number(thing)
        self.exports[number] = thing
        return number

    def share(self, thing):
        """Keep a Param or a Generator alike on both sides; return its number, and whether it is new."""
        new = id(thing) not in self._numbers
        number = self._number(thing)
        if new:
            self.shared[number] = Shared(thing)
        return number, new

    def adopt(self, number, stand_in):
        """Let a stand-in be known under the other side's number."""
        self._make_room()
        self.imports[number] = stand_in
        self._numbers[id(stand_in)] = number

    def adopt_shared(self, number, thing):
        """Let a Param or a Generator be known under the other side's number."""
        self._make_room()
        self.shared[number] = Shared(thing)
        self._numbers[id(thing)] = number

    def unused(self, mentioned):
        """Forget the Params and Generators that nobody else here holds, and return their numbers.

        Hundreds of them pass in a check, and all that are known are compared before each message.

        Args:
            mentioned: numbers that the next message needs.
        """
        known = self.shared.items()
        numbers = [number for number, shared in known if number not in mentioned and shared.is_unused()]
        self.forget(numbers)
        return numbers

    def forget(self, numbers):
        """Keep these Params and Generators, or those of them that are left, alike no longer."""
        for number in numbers:
            if number in self.shared:
                del self._numbers[id(self.shared.pop(number).thing)]

    def rest(self, exports, imports):
        """Forget everything but some exports and some imports; both sides do so after each check.

        Args:
            exports: tells whether a thing of this side is kept.
            imports: tells whether what stands for one of the other side is kept.
        """
        self.shared.clear()
        self.exports = {number: thing for number, thing in self.exports.items() if exports(thing)}
        self.imports = {number: thing for number, thing in self.imports.items() if imports(thing)}
        self._numbers = {id(thing): number for number, thing in (self.exports | self.imports).items()}

    def _make_room(self):
        if len(self.imports) + len(self.shared) >= MOST_THINGS:
            raise ValueError("too many things")

    def _number(self, thing):
        if id(thing) not in self._numbers:
            self.given += 1
            self._numbers[id(thing)] = f"{self.side}{self.given}"
        return self._numbers[id(thing)]


class Shared:
    """A Param or a Generator with its parts as the other side knows them.

    The parts of a Param are the two arrays it began with: those are what others who hold the Param see.
    """

    def __init__(self, thing):
        self.thing = thing
        self.arrays = (thing.value, thing.grad) if isinstance(thing, Param) else ()
        self.known = self._parts()

    def is_unused(self):
        """Whether nobody else holds the thing. (A Generator takes no weak references, which would say so too.)"""
        return sys.getrefcount(self.thing) == 2

    def changed(self):
        """Whether a part differs from what the other side knows."""
        return any(differs(now, before) for now, before in zip(self._parts(), self.known))

    def remember(self):
        """Return the parts, which the other side will know from now on."""
        self.known = self._parts()
        return self.known

    def update(self, parts):
        """Take over the parts that the other side sent."""
        if self.arrays:
            for array, new in zip(self.arrays, parts, strict=True):
                put_into(array, new)
        else:
            self.thing.bit_generator.state = parts[0]
        self.known = self._parts()

    def _parts(self):
        return [array.copy() for array in self.arrays] or [self.thing.bit_generator.state]


def withdrawn(*args, **kwargs):
    """Stand for what was lent to the other side and has been taken back."""
    raise RuntimeError("This was given for one check, and that check is over.")


def is_mutable(value):
    """Whether a call may change a value: it is sent back when one did."""
    return isinstance(value, list | dict) or (isinstance(value, np.ndarray) and value.dtype.kind in KINDS)


def is_shared(value):
    """Whether a value is kept alike on both sides."""
    if isinstance(value, np.random.Generator):
        return isinstance(value.bit_generator, np.random.PCG64)
    return isinstance(value, Param)


def content(value):
    """Return a copy of a mutable value, one level deep, to be compared by `differs`."""
    return value.copy()


def differs(now, before):
    """Whether a value is not what it was: the bytes of an array, the very items of a list."""
    if isinstance(now, np.ndarray):
        return now.tobytes() != before.tobytes()
    if isinstance(now, dict) and "bit_generator" in now:
        return now != before
    return _identities(now) != _identities(before)


def put_into(value, new):
    """Change a mutable value into another of its kind.

    Raises:
        ValueError: an array of another shape or type.
    """
    if isinstance(value, np.ndarray):
        if new.shape != value.shape or new.dtype != value.dtype:
            raise ValueError("an array of another shape or type")
        value[...] = new
    elif isinstance(value, list):
        value[:] = new
    else:
        value.clear()
        value.update(new)


def _identities(value):
    return [id(item) for pair in value.items() for item in pair] if isinstance(value, dict) else [*map(id, value)]


def _make_shared(node, parts):
    if "name" in node:
        value, grad = parts
        param = Param(value, str(node["name"]))
        param.grad[...] = grad
        return param
    bits = np.random.PCG64()
    bits.state = parts[0]
    return np.random.Generator(bits)
