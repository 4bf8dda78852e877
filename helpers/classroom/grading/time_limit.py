"""A limit on the time of what runs in this process, where its clock is looked at nowhere."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def time_limit(seconds: float, error: Callable[[], Exception]) -> Iterator[None]:
    """Raise an error in the block after some time, and again; not on Windows, and not outside the main thread.

    One call of NumPy is not interrupted; a regular expression is.

    Args:
        seconds: wall clock.
        error: makes the error.
    """

    def stop(*_: object) -> None:
        raise error()

    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again, in case that a library catches it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
