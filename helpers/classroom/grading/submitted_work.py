"""What lies in a student's folder in submitted/: the bytes of the notebook, and when it was handed in."""

import errno
import hashlib
import os
import stat
from datetime import datetime
from pathlib import Path

from helpers.checks.notebook_file import LARGEST_FILE, Unreadable
from helpers.classroom.course import Course, parse_time
from helpers.language.message import message
from helpers.language.translation import ENGLISH, speaking

# A symlink is not followed, and a pipe that nobody writes to does not block.
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_NOT_REGULAR = message("The file could not be opened: it is not a regular file.")

#: Why a file cannot be opened where that is the submission's own doing; a socket has the last of these.
_OWN_DOING = {
    errno.ENOENT: message("The file could not be opened: No such file or directory."),
    errno.ELOOP: _NOT_REGULAR,
    errno.ENXIO: _NOT_REGULAR,
}


def read_work(path: Path) -> bytes:
    """Return the bytes of a submitted notebook; of a file that is too large only so many that this can be told.

    Raises:
        Unreadable: there is no such file, which is the submission's own doing.
        OSError: it could not be read, which is not.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno not in _OWN_DOING:
            raise
        raise Unreadable(_OWN_DOING[error.errno]) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable(_NOT_REGULAR)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(LARGEST_FILE + 1)  # a file that keeps growing is not read without end
    finally:
        os.close(descriptor)


def work_id(work: bytes | Unreadable) -> str:
    """Return a hash by which two submissions of the same bytes, or of none for the same reason, are recognised."""
    if isinstance(work, Unreadable):
        with speaking(ENGLISH):
            return hashlib.sha256(f"unreadable: {work}".encode()).hexdigest()
    return hashlib.sha256(work).hexdigest()


def handed_in_at(course: Course, assignment: str, student: str) -> datetime | None:
    """Return the time in a submission's timestamp.txt, in UTC and without a time zone, or None."""
    return parse_time((read_beside(course, assignment, student, "timestamp.txt") or "").strip())


def read_beside(course: Course, assignment: str, student: str, name: str) -> str | None:
    """Return the text of a file beside a submitted notebook, or None."""
    try:
        return (course.folder("submitted", assignment, student) / name).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
