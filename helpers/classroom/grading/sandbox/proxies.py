"""Proxies: objects of this side that stand for a function, a class or an object of the other; using one asks there."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from helpers.nn.base import Layer, Param

#: How many items one iterator of the other side may give.
MAX_ITEMS = 10_000

#: Most characters of sources in one message, if they are in several cells.
PART = 200_000

#: The number under which the answers' process offers its `Answers`.
SERVICE = "a1"


class Registry(Protocol):
    """What proxies need of an ObjectRegistry."""

    def reset(self, exports: Callable[[object], bool], imports: Callable[[object], bool]) -> None:
        """Forget everything but some objects of this side and some proxies."""


class Connection(Protocol):
    """What proxies need of an RpcConnection. What comes from the other side may have any type."""

    @property
    def registry(self) -> Registry:
        """The objects that both sides know."""

    def call(self, number: str, attribute: str | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call an object of the other side, or a method of it."""

    def fetch(self, number: str, attribute: str) -> Any:
        """Return an attribute of an object of the other side."""


class Remote:
    """An object of the other side."""

    def __init__(self, connection: Connection, number: str, params: tuple[Param, ...]) -> None:
        # The Params of a layer are among the attributes, where `Layer.parameters` looks for them.
        self._connection, self._number, self._params = connection, number, params

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._connection.fetch(self._number, name)


class RemoteFunction(Remote):
    """A function of the other side."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._connection.call(self._number, None, args, kwargs)

    def call_often(self, count: int, *arguments: Any) -> list[Any]:
        """Call it many times with the same arguments, in one message, and return all that it gave."""
        given = self._connection.call(SERVICE, "call_often", (self, count, arguments), {})
        if not isinstance(given, list) or len(given) != count:
            raise RuntimeError(f"it did not give {count:,} results")
        return given


class RemoteIterator(Remote):
    """An iterator of the other side, which must end."""

    count = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self.count == MAX_ITEMS:
            raise RuntimeError(f"it still went on after {MAX_ITEMS:,} items")
        self.count += 1
        return self._connection.call(self._number, "__next__", (), {})


class RemoteLayer(Remote, Layer):
    """A layer of the other side."""

    recurrent = False

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Ask the other side; the arguments are passed on as they are."""
        return self._connection.call(self._number, "forward", args, kwargs)

    def backward(self, *args: Any, **kwargs: Any) -> Any:
        """Ask the other side."""
        return self._connection.call(self._number, "backward", args, kwargs)

    def parameters(self) -> list[Param]:
        """Ask the other side."""
        params: list[Param] = self._connection.call(self._number, "parameters", (), {})
        return params


class RemoteRecurrentLayer(RemoteLayer):
    """A layer of the other side that takes and returns a state."""

    recurrent = True


class RemoteClass(type):
    """A class of the other side: calling it makes an object there, and returns a proxy."""

    _connection: Connection
    _number: str

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls._connection.call(cls._number, None, args, kwargs)


class RemoteNamespace:
    """The global names that one answer sees, for the checks to use like the namespace of a notebook.

    Args:
        connection: to the answers' process.
        exercise_id: of the answer.
    """

    def __init__(self, connection: Connection, exercise_id: str) -> None:
        self.connection = connection
        self.exercise_id = exercise_id

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a name, or the default."""
        value = self.connection.call(SERVICE, "get", (self.exercise_id, name), {})
        return default if value is None else value

    def update(self, names: Mapping[str, Any]) -> None:
        """Give names new values; nothing happens if the process is gone or refuses."""
        with contextlib.suppress(Exception):
            self.connection.call(SERVICE, "put", (self.exercise_id, dict(names)), {})

    def pop(self, name: str, default: Any = None) -> None:
        """Remove a name."""
        self.update({name: None})


class RemoteAnswers:
    """The answers of a submission, in their process.

    Args:
        connection: to that process.
        references: name to reference implementation, for the answers of earlier notebooks.
        names: exercise id to name, of the same.
    """

    def __init__(self, connection: Connection, references: dict[str, Any], names: dict[str, str]) -> None:
        self.connection = connection
        self.references = references
        self.names = names
        self.namespaces: dict[str, RemoteNamespace] = {}
        self.homes: dict[str, str] = {}  # number of an answer to the id of its exercise
        self.exercise_ids: frozenset[str] = frozenset()

    def load(self, sources: Sequence[str], wanted: Mapping[str, Sequence[Any]]) -> None:
        """Hand the notebook over: the sources of its cells, and exercise id to a Wanted."""
        self.exercise_ids = frozenset(wanted)
        lists = {exercise_id: list(one) for exercise_id, one in wanted.items()}
        self.connection.call(SERVICE, "load", ([], lists), {})
        for some in _in_parts(sources):  # all at once may be more than one message holds
            self.connection.call(SERVICE, "load_more", (some,), {})

    def plan(self, exercise_id: str) -> Any:
        """Return what is going to be run for an exercise, in that process's own words."""
        return self.connection.call(SERVICE, "plan", (exercise_id,), {})

    def define(self, exercise_id: str) -> Any:
        """Define an answer there; raise whatever it raises, and return what could not be defined with it."""
        return self.connection.call(SERVICE, "define", (exercise_id,), {})

    def lend_references(self) -> None:
        """Let the answers use the references of earlier notebooks, until `reset`."""
        if self.references:
            self.connection.call(SERVICE, "lend", (self.references, self.names), {})

    def namespace(self, exercise_id: str) -> RemoteNamespace:
        """Return the namespace of an exercise's answer."""
        return self.namespaces.setdefault(exercise_id, RemoteNamespace(self.connection, exercise_id))

    def namespace_of(self, answer: object) -> Any:
        """Return the namespace in which an answer was defined; the answers' own word, good for their own score only."""
        if not isinstance(answer, RemoteFunction | RemoteClass):
            return {}
        if answer._number not in self.homes:
            home = ""
            with contextlib.suppress(Exception):
                home = str(self.connection.call(SERVICE, "home_of", (answer,), {}))
            self.homes[answer._number] = home if home in self.exercise_ids else ""
        return self.namespace(self.homes[answer._number])

    def reset(self) -> None:
        """Forget what the last check made, but not the answers, and not the references of earlier notebooks.

        An answer may have given one of those another name; what a check lent in the place of a wrong answer is gone.
        """
        with contextlib.suppress(Exception):
            self.connection.call(SERVICE, "reset", (), {})
        references, kept = {*map(id, self.references.values())}, (RemoteFunction, RemoteClass)
        self.connection.registry.reset(
            exports=lambda value: id(value) in references, imports=lambda proxy: isinstance(proxy, kept)
        )

    def used_by(self, answer: object) -> set[str]:
        """Return the names that an answer looks up when it runs: the answer's own word, good for a notice only."""
        if isinstance(answer, RemoteFunction | RemoteClass):
            with contextlib.suppress(Exception):
                return set(self.connection.call(SERVICE, "used_by", (answer,), {}))
        return set()


def _in_parts(sources: Sequence[str]) -> Iterator[list[str]]:
    """Yield lists of sources that fit into a message, even if JSON takes twelve bytes for each character."""
    part: list[str] = []
    size = 0
    for source in sources:
        if part and size + len(source) > PART:
            yield part
            part, size = [], 0
        part.append(source)
        size += len(source)
    yield part


_KINDS: dict[str, type[Remote]] = {
    "function": RemoteFunction,
    "object": Remote,
    "iterator": RemoteIterator,
    "layer": RemoteLayer,
    "recurrent layer": RemoteRecurrentLayer,
}


def describe(value: Any) -> dict[str, Any]:
    """Return what the other side is told of an object: its kind, its name, and whether it is a class of layers."""
    name = getattr(value, "__name__", type(value).__name__)
    is_layer = inspect.isclass(value) and issubclass(value, Layer)
    return {"kind": _kind(value), "name": str(name), "is_layer": is_layer}


def make_proxy(connection: Connection, description: dict[str, Any], params: tuple[Param, ...]) -> Any:
    """Return the proxy of an object of the other side, from its number and what `describe` returned of it."""
    name, number = str(description["name"])[:100], description["number"]
    if description["kind"] == "class":
        bases = (Layer,) if description["is_layer"] else ()
        return RemoteClass(name, bases, {"_connection": connection, "_number": number})
    proxy = type(name, (_KINDS[description["kind"]],), {})(connection, number, params)
    proxy.__name__ = name
    return proxy


def _kind(value: Any) -> str:
    if inspect.isclass(value):
        return "class"
    if isinstance(value, Layer) and hasattr(value, "forward"):
        return "recurrent layer" if value.recurrent else "layer"
    if hasattr(value, "__next__"):
        return "iterator"
    return "function" if callable(value) else "object"
