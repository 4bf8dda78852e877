"""Ctrl-C during training: noted at once, acted on between two windows, when nothing is half done."""

import signal
import threading
from contextlib import contextmanager


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came, and the training stopped between two windows.

    Example:
        >>> from helpers.training import Interrupted
        >>> try:
        ...     raise Interrupted("Stopped after step 3 of 10.")
        ... except KeyboardInterrupt as interruption:
        ...     print(interruption)
        Stopped after step 3 of 10.
    """


@contextmanager
def interruptible():
    """Hold Ctrl-C back while the ``with`` block runs; a second one stops at once, wherever the program is.

    Yields:
        watch: ``watch(windows)`` passes the windows on, and raises `Interrupted` before the next one after a Ctrl-C.
    """
    pressed = False

    def note(signal_number, frame):
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    def watch(windows):
        for window in windows:
            if pressed:
                raise Interrupted
            yield window

    # only the main thread may set a handler; elsewhere Ctrl-C does not arrive anyway
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, note) if main else None
    try:
        yield watch
    finally:
        if main:
            signal.signal(signal.SIGINT, before)
    if pressed:
        raise Interrupted
