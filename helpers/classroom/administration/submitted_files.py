"""Submitted files are untrusted: they are opened so that each is what it seems, and leads to nothing outside."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO

from helpers.checks.notebook_file import LARGEST_FILE

# A symlink is not followed, and a pipe that nobody writes to does not block.
_SAFE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Refused(ValueError):
    """A file or folder is not taken; the message continues a sentence that begins with its name: “… is a symlink”."""


@dataclass(frozen=True)
class SubmittedFile:
    """A notebook that a student submitted, found but not yet read.

    Args:
        student: the id.
        read: returns its bytes, or raises Refused.
        time: when it was submitted, in UTC and without a time zone, as nbgrader keeps it; None if it is not known.
        secret: of nbgrader's exchange, whose owner finds the feedback by it; "" if there is none.
        attempt: the platform's own number for the file, larger for a later attempt; 0 if it has none.
    """

    student: str
    read: Callable[[], bytes]
    time: datetime | None = None
    secret: str = ""
    attempt: int = 0


def is_notebook(name: str) -> bool:
    """Return whether a file has a notebook's name, in capitals or not."""
    return name.casefold().endswith(".ipynb")


@dataclass
class Found:
    """Result of searching an exchange or a download.

    Args:
        files: a list of SubmittedFile, one for each student at most.
        refused: pairs of a name and a reason.
        unmatched: pairs of a name and a reason, for files whose student is not known.
        notes: sentences.
    """

    files: list[SubmittedFile] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    unmatched: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def opened_folder(name: str | Path, within: int | None = None) -> contextlib.AbstractContextManager[int]:
    """Open a folder; a symlink to one is refused.

    Args:
        name: its name, or a path.
        within: descriptor of the folder that contains it; None for a path.

    Returns:
        a context manager that yields its descriptor: its files are opened through this, so that a change of the name
        meanwhile has no effect.

    Raises:
        Refused: it is not a folder, or cannot be read.
    """
    return _opened(name, os.O_DIRECTORY, within)


@contextlib.contextmanager
def opened_file(name: str, within: int, owner: int | None = None) -> Iterator[BinaryIO]:
    """Open a regular file that is not too large, has no second name, and belongs to the right user.

    Args:
        name: its name.
        within: descriptor of the folder that contains it.
        owner: number of the user that it must belong to; None for any.

    Yields:
        a binary stream. The checks were made on this, not on the name.

    Raises:
        Refused: it is something else.
    """
    with _opened(name, 0, within) as descriptor:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise Refused("is not a regular file")
        if owner is not None and about.st_uid != owner:
            raise Refused("belongs to someone else")
        if about.st_nlink > 1:
            raise Refused("is a hard link: the same file has another name elsewhere")
        _check_size(about.st_size)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file


def read_limited(file: IO[bytes]) -> bytes:
    """Return the bytes of a binary stream; raise Refused if they are too many, whatever length it claims to have."""
    data = file.read(LARGEST_FILE + 1)
    _check_size(len(data))
    return data


def _check_size(size: int) -> None:
    if size > LARGEST_FILE:
        raise Refused(f"is larger than {LARGEST_FILE >> 20} MB")


@contextlib.contextmanager
def _opened(name: str | Path, flags: int, within: int | None) -> Iterator[int]:
    try:
        descriptor = os.open(name, _SAFE_FLAGS | flags, dir_fd=within)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise Refused("is a symlink") from None
        if error.errno == errno.ENOTDIR:
            raise Refused("is a symlink or not a folder") from None
        raise Refused(f"cannot be opened: {error.strerror}") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)
