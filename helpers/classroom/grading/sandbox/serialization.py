"""Values as the tree of a message, and back: data crosses as data, an object with an identity as a number."""

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from helpers.arrays import AnyArray
from helpers.classroom.grading.sandbox import proxies
from helpers.classroom.grading.sandbox.framing import KINDS, Tree, pack_array, unpack_array
from helpers.nn.base import Layer, Param

#: Most values in one message, and most objects with an identity that are known at a time. A check has some hundreds.
MAX_VALUES, MAX_OBJECTS = 200_000, 5_000


class Writer:
    """Turns values into the tree of a message.

    Args:
        registry: the ObjectRegistry of this side.
        arguments: arrays, lists and dicts that the other side knows by their index in this list.
    """

    def __init__(self, registry: "ObjectRegistry", arguments: Sequence[Any] = ()) -> None:
        self.registry = registry
        self.blocks: list[bytes] = []
        self.mutable: list[Any] = []  # the arrays, lists and dicts written, in order
        self.mentioned: set[str] = set()  # the numbers of the Params and Generators written
        self.indices = {id(value): index for index, value in enumerate(arguments)}

    def write(self, value: Any) -> Any:
        """Return the tree of a value, as a reference if it is one of the arguments."""
        if id(value) in self.indices:
            return {"k": "argument", "index": self.indices[id(value)]}
        if is_mutable(value):
            self.mutable.append(value)
        return self.write_content(value)

    def write_content(self, value: Any) -> Any:
        """Return the tree of a value, in full."""
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

    def write_parts(self, parts: list[Any]) -> list[Any]:
        """Return the trees of the parts of a shared object."""
        return [pack_array(part, self.blocks) if isinstance(part, np.ndarray) else part for part in parts]

    def _write_shared(self, value: Any) -> Tree:
        number, new = self.registry.share(value)
        self.mentioned.add(number)
        node: Tree = {"k": "shared", "number": number}
        if new:
            node |= {"parts": self.write_parts(self.registry.shared[number].remember())}
            node |= {"name": str(value.name)} if isinstance(value, Param) else {}
        return node

    def _write_handle(self, value: Any) -> Tree:
        number = self.registry.numbers.get(id(value))
        if number in self.registry.imports:
            return {"k": "yours", "number": number}
        node = {"k": "mine", "number": self.registry.export(value)} | proxies.describe(value)
        if isinstance(value, Layer):
            node["params"] = [self.write(param) for param in value.parameters()]
        return node


class Reader:
    """Turns the tree of a message into values; a tree that is not valid raises one of Python's usual errors.

    Args:
        registry: the ObjectRegistry of this side.
        block: the bytes of the message.
        arguments: what the other side may refer to by its index in this list.
    """

    def __init__(self, registry: "ObjectRegistry", block: bytes, arguments: Sequence[Any] = ()) -> None:
        self.registry = registry
        self.block = block
        self.arguments = arguments
        self.mutable: list[Any] = []  # the arrays, lists and dicts read, in the order in which they were written
        self.count = 0
        self.bytes_left = len(block)  # each byte belongs to one array, so values take no more memory than the message

    def read(self, node: Any) -> Any:
        """Return the value of a tree."""
        self.count += 1
        if self.count > MAX_VALUES:
            raise ValueError("too many values in one message")
        if isinstance(node, list):
            raise ValueError("a list that is not marked as one")
        if not isinstance(node, dict):
            return node
        match node["k"]:
            case "argument":
                return self.arguments[node["index"]]
            case "int":
                return int(node["digits"])
            case "scalar":
                return self._unpack(node)[()]
            case "array":
                self.mutable.append(array := self._unpack(node))
                return array
            case "tuple":
                return tuple(self.read(item) for item in node["items"])
            case "list":
                items: list[Any] = []
                self.mutable.append(items)
                items.extend(self.read(item) for item in node["items"])
                return items
            case "dict":
                pairs: dict[Any, Any] = {}
                self.mutable.append(pairs)
                pairs.update((self.read(key), self.read(item)) for key, item in node["items"])
                return pairs
            case "shared":
                return self._read_shared(node)
            case "yours":
                return self.registry.exports.get(node["number"], withdrawn)
            case "mine":
                return self._read_proxy(node)
        raise ValueError("a kind of value that is not known")

    def read_parts(self, nodes: list[Any]) -> list[Any]:
        """Return the parts of a shared object."""
        return [self._unpack(node) if node.get("k") == "array" else node for node in nodes]

    def _unpack(self, node: Tree) -> AnyArray:
        array = unpack_array(node, self.block)
        self.bytes_left -= array.nbytes
        if self.bytes_left < 0:
            raise ValueError("arrays that share their bytes")
        return array

    def _read_shared(self, node: Tree) -> Any:
        if node["number"] not in self.registry.shared:
            self.registry.adopt(node["number"], _make_shared(node, self.read_parts(node["parts"])))
        return self.registry.shared[node["number"]].value

    def _read_proxy(self, node: Tree) -> Any:
        if node["number"] not in self.registry.imports:
            params = tuple(self.read(param) for param in node.get("params", ()))
            self.registry.adopt(node["number"], proxies.make_proxy(self.registry.connection, node, params))
        return self.registry.imports[node["number"]]


class ObjectRegistry:
    """The objects that both sides know by numbers.

    Args:
        connection: of this side, for the proxies.
        side: the letter with which the numbers of this side begin.
    """

    def __init__(self, connection: proxies.Connection, side: str) -> None:
        self.connection = connection
        self.side = side
        self.count = 0
        self.shared: dict[str, Shared] = {}
        self.exports: dict[str, Any] = {}  # functions and objects of this side
        self.imports: dict[str, Any] = {}  # proxies of those of the other side
        self.numbers: dict[int, str] = {}  # id -> number, of every object in a table above

    def export(self, value: object) -> str:
        """Let the other side use an object, and return its number."""
        number = self._number(value)
        self.exports[number] = value
        return number

    def share(self, value: Param | np.random.Generator) -> tuple[str, bool]:
        """Keep a Param or a Generator equal on both sides; return its number, and whether it is new."""
        new = id(value) not in self.numbers
        number = self._number(value)
        if new:
            self.shared[number] = Shared(value)
        return number, new

    def adopt(self, number: str, value: object) -> None:
        """Register a Param, a Generator or a proxy under the other side's number."""
        if len(self.imports) + len(self.shared) >= MAX_OBJECTS:
            raise ValueError("too many objects")
        if is_shared(value):
            self.shared[number] = Shared(value)
        else:
            self.imports[number] = value
        self.numbers[id(value)] = number

    def unused(self, mentioned: set[str]) -> list[str]:
        """Forget the Params and Generators that are not used here any more, and return their numbers.

        A check makes hundreds of them, and all that are known are compared before each message.

        Args:
            mentioned: numbers that the next message needs.
        """
        known = self.shared.items()
        numbers = [number for number, shared in known if number not in mentioned and shared.is_unused()]
        self.forget(numbers)
        return numbers

    def forget(self, numbers: Iterable[str]) -> None:
        """Forget Params and Generators; numbers that are not known are skipped."""
        for number in numbers:
            if number in self.shared:
                del self.numbers[id(self.shared.pop(number).value)]

    def reset(self, exports: Callable[[object], bool], imports: Callable[[object], bool]) -> None:
        """Forget everything but some objects of this side and some proxies; both sides do so after each check."""
        self.shared.clear()
        self.exports = {number: value for number, value in self.exports.items() if exports(value)}
        self.imports = {number: proxy for number, proxy in self.imports.items() if imports(proxy)}
        self.numbers = {id(value): number for number, value in (self.exports | self.imports).items()}

    def _number(self, value: object) -> str:
        if id(value) not in self.numbers:
            self.count += 1
            self.numbers[id(value)] = f"{self.side}{self.count}"
        return self.numbers[id(value)]


class Shared:
    """A Param or a Generator, and its parts as the other side knows them.

    The parts of a Param are the two arrays that it was made with: those are what everyone who uses the Param sees.
    """

    def __init__(self, value: Any) -> None:
        self.value = value
        self.arrays: tuple[AnyArray, ...] = (value.value, value.grad) if isinstance(value, Param) else ()
        self.known = self._parts()

    def is_unused(self) -> bool:
        """Whether this is the only reference. (A Generator takes no weak references, which would tell too.)"""
        return sys.getrefcount(self.value) == 2

    def changed(self) -> bool:
        """Whether a part differs from what the other side knows."""
        return any(differs(now, before) for now, before in zip(self._parts(), self.known))

    def remember(self) -> list[Any]:
        """Return the parts, to be sent to the other side."""
        self.known = self._parts()
        return self.known

    def update(self, parts: list[Any]) -> None:
        """Change the value into the parts that the other side sent."""
        if self.arrays:
            for array, new in zip(self.arrays, parts, strict=True):
                put_into(array, new)
        else:
            self.value.bit_generator.state = _with_chance(parts[0])
        self.known = self._parts()

    def _parts(self) -> list[Any]:
        return [array.copy() for array in self.arrays] or [self.value.bit_generator.state]


def withdrawn(*args: object, **kwargs: object) -> NoReturn:
    """Take the place of an object that the other side may no longer use."""
    raise RuntimeError("This was given for one check, and that check is over.")


def is_mutable(value: object) -> bool:
    """Whether a call may change a value; if it did, the value is sent back."""
    return isinstance(value, list | dict) or (isinstance(value, np.ndarray) and value.dtype.kind in KINDS)


def is_shared(value: object) -> bool:
    """Whether a value is kept equal on both sides."""
    if isinstance(value, np.random.Generator):
        return isinstance(value.bit_generator, np.random.PCG64)
    return isinstance(value, Param)


def differs(now: Any, before: Any) -> bool:
    """Whether a value has changed: the bytes of an array, the identity of the items of a list."""
    if isinstance(now, np.ndarray):
        return bool(now.tobytes() != before.tobytes())
    if isinstance(now, dict) and "bit_generator" in now:
        return bool(now != before)
    return _identities(now) != _identities(before)


def put_into(value: Any, new: Any) -> None:
    """Change a mutable value into another of its kind; an array of another shape or type raises ValueError."""
    if isinstance(value, np.ndarray):
        if new.shape != value.shape or new.dtype != value.dtype:
            raise ValueError("an array of another shape or type")
        value[...] = new
    elif isinstance(value, list):
        value[:] = new
    else:
        value.clear()
        value.update(new)


def _identities(value: Any) -> list[int]:
    return [id(item) for pair in value.items() for item in pair] if isinstance(value, dict) else [*map(id, value)]


def _make_shared(node: Tree, parts: list[Any]) -> Param | np.random.Generator:
    if "name" in node:
        value, grad = parts
        param = Param(value, str(node["name"])[:100])
        param.grad[...] = grad
        return param
    bits = np.random.PCG64()
    bits.state = _with_chance(parts[0])
    return np.random.Generator(bits)


def _with_chance(state: Any) -> Any:
    """Return the state of a PCG64; one whose increment is even may draw the same number for ever."""
    if state["state"]["inc"] % 2 == 0:
        raise ValueError("not a state that a seed leads to")
    return state
