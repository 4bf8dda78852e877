"""One command at a time changes the results of an assignment."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from helpers.classroom.course import Course


@contextlib.contextmanager
def locked(course: Course, assignment: str) -> Iterator[None]:
    """Keep other commands from changing the results of an assignment; the system lifts this, however a command ends.

    Raises:
        ValueError: another command is at it.
    """
    path = results_folder(course, assignment) / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"Another command is grading {assignment}, or using its results: wait until it has finished, then run "
                "this one again."
            ) from None
        yield
    finally:
        os.close(descriptor)


def results_folder(course: Course, assignment: str) -> Path:
    """Return the folder of the kept results of an assignment, build/graded/ASSIGNMENT."""
    return course.root / "build" / "graded" / assignment
