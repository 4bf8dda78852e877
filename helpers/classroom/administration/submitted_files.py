"""What was handed in is a stranger's: opened so that it is what it seems, and leads to nothing outside."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from helpers.classroom.grading.submission import LARGEST

# A symlink is not followed, and a pipe that nobody writes to does not hold us up.
_CAREFULLY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Refused(ValueError):
    """It is not taken; the message goes on after the name of what was refused: «… is a symlink»."""


@dataclass(frozen=True)
class SubmittedFile:
    """A notebook that someone handed in, found but not yet read.

    Args:
        student: the id.
        read: gives its bytes, or raises Refused.
        time: when it was handed in, in UTC and without a time zone, as nbgrader keeps it; None if nobody can tell.
        secret: of nbgrader's exchange: its feedback is found under this, by who has it; "" if there is none.
    """

    student: str
    read: Callable
    time: datetime | None = None
    secret: str = ""


@dataclass
class Found:
    """What lies in an exchange or in a download.

    Args:
        hand_ins: a list of SubmittedFile, one for each student at most.
        refused: pairs of a name and a reason.
        unmatched: pairs of a name and a reason, for what could not be given to a student.
        notes: sentences.
    """

    hand_ins: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    unmatched: list = field(default_factory=list)
    notes: list = field(default_factory=list)


@contextlib.contextmanager
def opened_folder(name, within=None):
    """Open a folder; a symlink to one is refused.

    Args:
        name: its name, or a path.
        within: descriptor of the folder that it lies in; None for a path.

    Yields:
        its descriptor: what lies in it is opened through this, whatever its name comes to stand for meanwhile.

    Raises:
        Refused: it is no folder, or must not be read.
    """
    with _opened(name, os.O_DIRECTORY, within) as folder:
        yield folder


@contextlib.contextmanager
def opened_file(name, within, owner=None):
    """Open a file; only a regular one, not too large, that has no second name and belongs to the right user.

    Args:
        name: its name.
        within: descriptor of the folder that it lies in.
        owner: number of the user that it must belong to; None for any.

    Yields:
        its descriptor. All was checked on this, not on the name.

    Raises:
        Refused: it is something else.
    """
    with _opened(name, 0, within) as file:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise Refused("is not a regular file")
        if owner is not None and about.st_uid != owner:
            raise Refused("belongs to someone else")
        if about.st_nlink > 1:
            raise Refused("is a hard link: the same file has another name elsewhere")
        check_size(about.st_size)
        yield file


def read_all(file):
    """Return the bytes of an opened file.

    Raises:
        Refused: there are too many of them.
    """
    with os.fdopen(file, "rb", closefd=False) as stream:
        return read_some(stream)


def read_some(stream):
    """Return the bytes of a stream, whose length is not believed.

    Raises:
        Refused: there are too many of them.
    """
    data = stream.read(LARGEST + 1)
    check_size(len(data))
    return data


def check_size(size):
    """Raise Refused if a file is larger than any notebook is."""
    if size > LARGEST:
        raise Refused(f"is larger than {LARGEST >> 20} MB")


@contextlib.contextmanager
def _opened(name, flags, within):
    try:
        descriptor = os.open(name, _CAREFULLY | flags, dir_fd=within)
    except OSError as error:
        raise Refused(_why_not(error)) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _why_not(error):
    if error.errno in (errno.ELOOP, errno.EMLINK):
        return "is a symlink"
    if error.errno == errno.ENOTDIR:
        return "is a symlink or no folder"
    return f"cannot be opened: {error.strerror}"
