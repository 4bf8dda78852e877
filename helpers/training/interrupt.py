"""Ctrl-C during training: recorded at once, acted on between two windows, when nothing is half done."""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol, TypeVar

Window = TypeVar("Window")


class Interrupted(KeyboardInterrupt):
    """The training was stopped by Ctrl-C, between two windows.

    Example:
        >>> from helpers.training import Interrupted
        >>> try:
        ...     raise Interrupted("Stopped after step 3 of 10.")
        ... except KeyboardInterrupt as interruption:
        ...     print(interruption)
        Stopped after step 3 of 10.
    """


class Watch(Protocol):
    """A function that passes windows on, unless the training is to stop."""

    def __call__(self, windows: Iterable[Window], /) -> Iterator[Window]: ...


@contextmanager
def interruptible() -> Iterator[Watch]:
    """Delay Ctrl-C while the ``with`` block runs; a second one stops at once, wherever the program is.

    Yields:
        watch: ``watch(windows)`` passes the windows on, and raises `Interrupted` before the next one after a Ctrl-C.
    """
    pressed = False

    def record(signal_number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    def watch(windows: Iterable[Window]) -> Iterator[Window]:
        for window in windows:
            if pressed:
                raise Interrupted
            yield window

    # only the main thread may set a handler; elsewhere Ctrl-C does not arrive anyway
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, record) if main else None
    try:
        yield watch
    finally:
        if main:
            signal.signal(signal.SIGINT, before)
    if pressed:
        raise Interrupted
