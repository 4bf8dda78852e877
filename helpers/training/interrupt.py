"""Ctrl-C during training: recorded at once, acted on between two windows, when nothing is half done."""

import signal
import threading
from contextlib import contextmanager


class Interrupted(KeyboardInterrupt):
    """The training was stopped by Ctrl-C, between two windows."""


@contextmanager
def interruptible():
    """Delay Ctrl-C while the ``with`` block runs; a second one stops at once, wherever the program is.

    Yields:
        watch: ``watch(windows)`` passes the windows on, and raises `Interrupted` before the next one after a Ctrl-C.
    """
    pressed = False

    def record(signal_number, frame):
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
    before = signal.signal(signal.SIGINT, record) if main else None
    try:
        yield watch
    finally:
        if main:
            signal.signal(signal.SIGINT, before)
    if pressed:
        raise Interrupted
