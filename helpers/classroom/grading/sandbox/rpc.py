"""Calls between the answers' process and the grader's, in both directions, as if they were one process.

Both sides run this file. Five kinds of value cross: data, a Param, a seeded Generator, a handle to an object of the
other side, and a callback, which is a handle too. An argument that a call has changed is changed for the caller as
well; a Param and a Generator are kept equal on both sides.
"""

import builtins
import contextlib
import io
import math
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np

from helpers.classroom.grading.sandbox.framing import Closed, Pipe, Tree
from helpers.classroom.grading.sandbox.proxies import Remote
from helpers.classroom.grading.sandbox.serialization import (
    MAX_OBJECTS,
    ObjectRegistry,
    Reader,
    Writer,
    differs,
    put_into,
    withdrawn,
)
from helpers.classroom.grading.sanitize import for_terminal
from helpers.nn.base import Param

#: What answers may ask of an object of the grader's side, besides calling it.
OFFERED = frozenset(
    {"forward", "backward", "parameters", "recurrent"}  # of a layer, and of a language model
    | {"loss", "body", "output", "criterion"}
    | {"__next__"}  # of an iterator
)

#: The most numbers in one call of an object of the grader's side by an answer, if it runs in another process and if it
#: runs here, where nothing limits memory; and the largest integer. A check itself gives a fraction of this.
MAX_NUMBERS, MAX_HERE, MAX_INTEGER = 24_000, 5_000, 10_000

#: The most warnings of a call that are passed on, and the most lines of its traceback and bases of its error.
MAX_WARNINGS, MAX_FRAMES = 10, 100

#: Answers are compiled under file names that begin like this; only their lines are told to the grader's side.
ANSWER_FILE = "<exercise "

_UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError, MemoryError)


class RpcConnection:
    """One of the two ends of a connection.

    Args:
        pipe: to the other side.
        side: the letter with which the numbers of this side's objects begin, different on each side.
        offered: what the other side may ask of an object of this one, besides calling it; None means everything.
        gone: makes the error to raise when the other side is gone, from the reason.
        elsewhere: tells of an object of this side, and what it is given, in which other process it is used, and its
            number there; None means here.
    """

    def __init__(
        self,
        pipe: Pipe,
        side: str,
        offered: frozenset[str] | None = None,
        gone: Callable[[str], Exception] = Closed,
        elsewhere: Callable[[object, object], tuple["RpcConnection", str] | None] = lambda value, given: None,
    ) -> None:
        self.pipe = pipe
        self.offered = offered
        self.gone = gone
        self.elsewhere = elsewhere
        self.mutators: set[str] = set()  # numbers of the other side's objects that changed an array they were given
        self.registry = ObjectRegistry(self, side)

    def call(self, number: str, attribute: str | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call an object of the other side, or a method of it, and return what it returns; raise what it raises."""
        return self._ask("call", number, attribute, (list(args), kwargs))

    def fetch(self, number: str, attribute: str) -> Any:
        """Return an attribute of an object of the other side."""
        return self._ask("fetch", number, attribute, ([], {}))

    def serve(self) -> None:
        """Answer calls until the other side is gone."""
        with contextlib.suppress(Closed):
            while True:
                self._answer(*self._receive())

    # --- asking -------------------------------------------------------------------------------------------------------

    def _ask(self, verb: str, number: str, attribute: str | None, arguments: tuple[list[Any], dict[str, Any]]) -> Any:
        writer = Writer(self.registry)
        tree: Tree = {"verb": verb, "number": number, "attribute": attribute, "numpy": np.geterr()}
        tree["arguments"] = writer.write(arguments)
        try:
            self._send(tree, writer)
            while (message := self._receive())[0]["verb"] not in ("return", "raise"):
                self._answer(*message)
            return self._outcome(*message, writer.mutable, number)
        except Closed as closed:
            raise self.gone(str(closed)) from None

    def _outcome(self, tree: Tree, block: bytes, arguments: list[Any], number: str) -> Any:
        """Repeat the changes, the warnings and the error of a call here, and return its value."""
        with self._reading():
            reader = Reader(self.registry, block, arguments)
            for index, node in _few(tree["changed"], len(arguments)):
                put_into(arguments[index], reader.read(node))
                if isinstance(arguments[index], np.ndarray):
                    self.mutators.add(number)
            warned = [_clean(text) for text in _few(tree["warned"], MAX_WARNINGS)]
            printed = _clean(tree["printed"])
            value = reader.read(tree["value"]) if tree["verb"] == "return" else _error(**tree["error"])
        for text in warned:
            warnings.warn(text, stacklevel=2)
        sys.stdout.write(printed)
        if tree["verb"] == "raise":
            raise value
        return value

    # --- answering ----------------------------------------------------------------------------------------------------

    def _answer(self, tree: Tree, block: bytes) -> None:
        with self._reading():
            reader = Reader(self.registry, block)
            args, kwargs = reader.read(tree["arguments"])
            numpy = {} if self.offered is not None else tree["numpy"]
        before = [value.copy() for value in reader.mutable]
        outcome = _run(lambda: self._use(tree, args, kwargs), numpy)
        try:
            writer, changed = self._write(outcome, reader.mutable, before)
        except _UNREADABLE:
            outcome = outcome | {"error": _describe(TypeError("what it returned cannot be passed on"))}
            outcome.pop("value", None)
            writer, changed = Writer(self.registry), []
        self._send({"verb": "raise" if "error" in outcome else "return", "changed": changed} | outcome, writer)

    def _write(self, outcome: Tree, arguments: list[Any], before: list[Any]) -> tuple[Writer, list[list[Any]]]:
        """Write out the value of a call, and the arguments that it has changed."""
        writer = Writer(self.registry, arguments)
        if "error" not in outcome:
            outcome["value"] = writer.write(outcome["value"])
        changed = [
            [index, writer.write_content(value)]
            for index, (value, old) in enumerate(zip(arguments, before))
            if differs(value, old)
        ]
        return writer, changed

    def _use(self, tree: Tree, args: list[Any], kwargs: dict[str, Any]) -> Any:
        attribute: str | None = tree["attribute"]
        value: Any = self.registry.exports.get(tree["number"], withdrawn)
        if attribute is not None and self.offered is not None and attribute not in self.offered:
            raise AttributeError(f"{attribute!r} is not offered")
        if attribute is not None and self.offered is not None and isinstance(value, type):
            raise AttributeError("a class is only called")  # its method would write into the class, for all
        place = self.elsewhere(value, (args, kwargs))
        most = MAX_NUMBERS if place or isinstance(value, Remote) else MAX_HERE
        if self.offered is not None and numbers_in((args, kwargs)) > most:
            raise ValueError("it is given more here than a check ever gives")
        if place:
            other, number = place
            return other._ask(tree["verb"], number, attribute, (args, kwargs))
        value = value if attribute is None else getattr(value, attribute)
        return value if tree["verb"] == "fetch" else value(*args, **kwargs)

    # --- messages -----------------------------------------------------------------------------------------------------

    def _send(self, tree: Tree, writer: Writer) -> None:
        tree["forgotten"] = self.registry.unused(writer.mentioned)
        news = [(number, shared) for number, shared in self.registry.shared.items() if shared.changed()]
        tree["shared"] = [[number, writer.write_parts(shared.remember())] for number, shared in news]
        self.pipe.send(tree, writer.blocks)

    def _receive(self) -> tuple[Tree, bytes]:
        tree, block = self.pipe.receive()
        with self._reading():
            if tree["verb"] not in ("call", "fetch", "return", "raise"):
                raise ValueError
            reader = Reader(self.registry, block)
            for number, parts in _few(tree["shared"], MAX_OBJECTS):
                if number in self.registry.shared:  # this side may just have forgotten it
                    self.registry.shared[number].update(reader.read_parts(parts))
            self.registry.forget(_few(tree["forgotten"], MAX_OBJECTS))
        return tree, block

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Whatever goes wrong while a message is read is the other side's fault."""
        try:
            yield
        except _UNREADABLE:
            raise self.pipe.fail("it sent something that is not a message") from None


def _few(items: Any, most: int) -> list[Any]:
    """Return a list of a message, which has no more items than this side would send."""
    if not isinstance(items, list) or len(items) > most:
        raise ValueError("more than this side would send")
    return items


def _run(use: Callable[[], Any], numpy: dict[str, Any]) -> Tree:
    """Call `use`, and return its outcome: value or error, warnings, what was printed."""
    printed = io.StringIO()
    outcome: Tree = {}
    with (
        warnings.catch_warnings(record=True) as caught,
        np.errstate(**({"all": "warn", "under": "ignore"} | numpy)),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        warnings.simplefilter("always")
        try:
            outcome["value"] = use()
        except Closed:
            raise
        except BaseException as error:  # untrusted code may raise anything, SystemExit included
            outcome["error"] = _describe(error)
    outcome["warned"] = list(dict.fromkeys(str(warning.message)[:1000] for warning in caught))[:MAX_WARNINGS]
    outcome["printed"] = printed.getvalue()[:1000]
    return outcome


def numbers_in(value: object, in_object: int = 1) -> int:
    """How many numbers an argument holds; an integer that is too large counts as too many.

    Args:
        value: the argument, and what it is made of.
        in_object: what counts for anything that is no data: a function, a layer, a generator.
    """
    if value is None or isinstance(value, bool | float | str | np.bool_ | np.floating):
        return 1
    if isinstance(value, int | np.integer):
        return 1 if abs(int(value)) <= MAX_INTEGER else MAX_NUMBERS + 1
    if isinstance(value, list | tuple):
        return sum(numbers_in(item, in_object) for item in value)
    if isinstance(value, dict):
        return sum(numbers_in(item, in_object) for item in value.values())
    value = value.value if isinstance(value, Param) else value
    if not isinstance(value, np.ndarray):
        return in_object
    is_whole = value.dtype.kind in "iu" and value.size  # one of them may stand for a number of steps
    largest = max(int(value.max()), -int(value.min())) if is_whole else 0
    # An array without numbers may have rows without end.
    return math.prod(max(1, length) for length in value.shape) if largest <= MAX_INTEGER else MAX_NUMBERS + 1


def _describe(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    try:
        text = str(error)
    except Exception:
        text = "it has no text"
    return {
        "kinds": [kind.__name__ for kind in type(error).__mro__[:MAX_FRAMES]],
        "text": _clean(text),
        "frames": [
            [frame.filename, frame.lineno, frame.name, frame.line]
            for frame in frames[-MAX_FRAMES:]
            if frame.filename.startswith(ANSWER_FILE)
        ],
    }


def _error(kinds: list[Any], text: Any, frames: list[Any]) -> Exception:
    """Return an error like the one of the other side: its name, its text, the lines of answers in its traceback."""
    known = (getattr(builtins, str(name), None) for name in _few(kinds, MAX_FRAMES))
    base = next((kind for kind in known if isinstance(kind, type) and issubclass(kind, Exception)), Exception)
    name = str(kinds[0])[:100]
    kind: Any = type(name if name.isidentifier() else base.__name__, (base,), {"__str__": lambda self: _clean(text)})
    error = kind.__new__(kind)
    error.frames = [
        traceback.FrameSummary(
            for_terminal(file), int(line), for_terminal(function), lookup_line=False, line=for_terminal(code, 200)
        )
        for file, line, function, code in _few(frames, MAX_FRAMES)
    ]
    return cast(Exception, error)


def _clean(text: object) -> str:
    """Text of the other side, fit for a message of ours."""
    return for_terminal(text, 2_000, multiline=True)
