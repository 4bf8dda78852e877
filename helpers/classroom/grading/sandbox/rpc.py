"""Calls between the answers' process and the checks', in both directions, as if there were one process.

Both sides run this file. Five kinds of thing cross: data, a Param, a seeded Generator, a handle to an object of the
other side, and a callback, which is a handle too. An argument that a call has changed is changed for the caller as
well; a Param and a Generator are kept alike on both sides.
"""

import builtins
import contextlib
import io
import sys
import traceback
import warnings

import numpy as np

from helpers.classroom.grading.sandbox.framing import Closed
from helpers.classroom.grading.sandbox.serialization import (
    ObjectRegistry,
    Reader,
    Writer,
    content,
    differs,
    put_into,
    withdrawn,
)
from helpers.classroom.grading.sanitize import for_terminal
from helpers.nn.base import Param

#: What answers may ask of an object of the checks' side, besides calling it.
OFFERED = frozenset({"forward", "backward", "parameters", "recurrent"})

#: What answers may give to an object of the checks' side: so many numbers in all, and no integer larger than that.
#: It works here, where no limits hold, and a check gives a fraction of this.
MOST_NUMBERS, LARGEST_INTEGER = 24_000, 10_000

#: The name of a file that an answer was compiled under begins like this; only its lines are told to the checks' side.
ANSWER_FILE = "<exercise "

_UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError, MemoryError)


class RpcConnection:
    """One of the two sides.

    Args:
        pipe: to the other side.
        side: a letter that begins the numbers given here, another one on each side.
        offered: what the other side may ask of an object of this one, besides calling it; None means everything.
        gone: what to raise when the other side is gone, called with the reason.
    """

    def __init__(self, pipe, side, offered=None, gone=Closed):
        self.pipe = pipe
        self.offered = offered
        self.gone = gone
        self.changers = set()  # numbers of the other side's things that changed an array they were given
        self.things = ObjectRegistry(self, side)

    def call(self, number, attribute, args, kwargs):
        """Call an object of the other side, or a method of it, and return what it returns; raise what it raises."""
        return self._ask("call", number, attribute, (list(args), kwargs))

    def fetch(self, number, attribute):
        """Return an attribute of an object of the other side."""
        return self._ask("fetch", number, attribute, ([], {}))

    def serve(self):
        """Answer calls until the other side is gone."""
        with contextlib.suppress(Closed):
            while True:
                self._answer(*self._receive())

    # --- asking -------------------------------------------------------------------------------------------------------

    def _ask(self, verb, number, attribute, arguments):
        writer = Writer(self.things)
        tree = {"verb": verb, "number": number, "attribute": attribute, "numpy": np.geterr()}
        tree["arguments"] = writer.write(arguments)
        try:
            self._send(tree, writer)
            while (message := self._receive())[0]["verb"] not in ("return", "raise"):
                self._answer(*message)
            return self._outcome(*message, writer.mutable, number)
        except Closed as closed:
            raise self.gone(str(closed)) from None

    def _outcome(self, tree, block, arguments, number):
        """Make the changes, the warnings and the error of a call happen here, and return its value."""
        with self._reading():
            reader = Reader(self.things, block, arguments)
            for place, node in tree["changed"]:
                put_into(arguments[place], reader.read(node))
                if isinstance(arguments[place], np.ndarray):
                    self.changers.add(number)
            warned, printed = [_said(text) for text in tree["warned"]], _said(tree["printed"])
            value = reader.read(tree["value"]) if tree["verb"] == "return" else _error(**tree["error"])
        for text in warned:
            warnings.warn(text, stacklevel=2)
        sys.stdout.write(printed)
        if tree["verb"] == "raise":
            raise value
        return value

    # --- answering ----------------------------------------------------------------------------------------------------

    def _answer(self, tree, block):
        with self._reading():
            reader = Reader(self.things, block)
            args, kwargs = reader.read(tree["arguments"])
            numpy = {} if self.offered is not None else tree["numpy"]
        before = [content(value) for value in reader.mutable]
        outcome = _run(lambda: self._use(tree, args, kwargs), numpy)
        try:
            writer, changed = self._write(outcome, reader.mutable, before)
        except _UNREADABLE:
            outcome = outcome | {"error": _describe(TypeError("what it returned cannot be passed on"))}
            outcome.pop("value", None)
            writer, changed = Writer(self.things), []
        self._send({"verb": "raise" if "error" in outcome else "return", "changed": changed} | outcome, writer)

    def _write(self, outcome, arguments, before):
        """Write out the value of a call, and the arguments that it has changed."""
        writer = Writer(self.things, arguments)
        if "error" not in outcome:
            outcome["value"] = writer.write(outcome["value"])
        changed = [
            [place, writer.write_content(value)]
            for place, (value, old) in enumerate(zip(arguments, before))
            if differs(value, old)
        ]
        return writer, changed

    def _use(self, tree, args, kwargs):
        attribute, thing = tree["attribute"], self.things.exports.get(tree["number"], withdrawn)
        if self.offered is not None and _numbers_in((args, kwargs)) > MOST_NUMBERS:
            raise ValueError("it is given more here than a check ever gives")
        if attribute is not None:
            if self.offered is not None and attribute not in self.offered:
                raise AttributeError(f"{attribute!r} is not offered")
            thing = getattr(thing, attribute)
        return thing if tree["verb"] == "fetch" else thing(*args, **kwargs)

    # --- messages -----------------------------------------------------------------------------------------------------

    def _send(self, tree, writer):
        tree["forgotten"] = self.things.unused(writer.mentioned)
        news = [(number, shared) for number, shared in self.things.shared.items() if shared.changed()]
        tree["shared"] = [[number, writer.write_parts(shared.remember())] for number, shared in news]
        self.pipe.send(tree, writer.blocks)

    def _receive(self):
        tree, block = self.pipe.receive()
        with self._reading():
            if tree["verb"] not in ("call", "fetch", "return", "raise"):
                raise ValueError
            reader = Reader(self.things, block)
            for number, parts in tree["shared"]:
                if number in self.things.shared:  # it may just have been forgotten here
                    self.things.shared[number].update(reader.read_parts(parts))
            self.things.forget(tree["forgotten"])
        return tree, block

    @contextlib.contextmanager
    def _reading(self):
        """Whatever goes wrong in reading a message is the other side's fault."""
        try:
            yield
        except _UNREADABLE:
            raise self.pipe.fail("it sent what is no message") from None


def _run(use, numpy):
    """Call `use`, and return what it came to: value or error, warnings, what was printed."""
    printed, outcome = io.StringIO(), {}
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
        except BaseException as error:  # whatever a stranger's code may raise, SystemExit included
            outcome["error"] = _describe(error)
    outcome["warned"] = list(dict.fromkeys(str(warning.message)[:1000] for warning in caught))[:10]
    outcome["printed"] = printed.getvalue()[:1000]
    return outcome


def _numbers_in(value):
    """How many numbers an argument holds; an integer that is too large counts as too many of them."""
    if isinstance(value, int | np.integer):
        return 1 if abs(int(value)) <= LARGEST_INTEGER else MOST_NUMBERS + 1
    if isinstance(value, list | tuple):
        return sum(map(_numbers_in, value))
    if isinstance(value, dict):
        return sum(map(_numbers_in, value.values()))
    value = value.value if isinstance(value, Param) else value
    return value.size if isinstance(value, np.ndarray) else 1


def _describe(error):
    frames = traceback.extract_tb(error.__traceback__)
    try:
        text = str(error)
    except Exception:
        text = "it has no text"
    return {
        "kinds": [kind.__name__ for kind in type(error).__mro__],
        "text": _said(text),
        "frames": [
            [frame.filename, frame.lineno, frame.name, frame.line]
            for frame in frames[-100:]
            if frame.filename.startswith(ANSWER_FILE)
        ],
    }


def _error(kinds, text, frames):
    """Return an error like the one of the other side: its name, its text, the lines of answers it came through."""
    known = (getattr(builtins, str(name), None) for name in kinds)
    base = next((kind for kind in known if isinstance(kind, type) and issubclass(kind, Exception)), Exception)
    called = str(kinds[0])[:100]
    kind = type(called if called.isidentifier() else base.__name__, (base,), {"__str__": lambda self: _said(text)})
    error = kind.__new__(kind)
    error.frames = [
        traceback.FrameSummary(
            for_terminal(name), int(line), for_terminal(function), lookup_line=False, line=for_terminal(code, 200)
        )
        for name, line, function, code in frames
    ]
    return error


def _said(text):
    """What a program said, as a message may show it."""
    return for_terminal(text, 2_000, multiline=True)
