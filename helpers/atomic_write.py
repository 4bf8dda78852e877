"""Writing files atomically: at every moment a file has either its old content or all of the new."""

import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

logger = logging.getLogger(__name__)


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file atomically, text as UTF-8 with the line ends it has; see `write_atomically`."""
    data = content.encode() if isinstance(content, str) else content
    write_atomically(path, lambda file: file.write(data))


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file atomically.

    Args:
        path: of the file; its folder is made if it is missing.
        write: called with a binary file open for writing.

    Raises:
        OSError: it could not be written; the old content is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
        logger.debug("Wrote %s.", path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and (error.filename is None or Path(error.filename) == temporary):
            raise OSError(
                f"{path} could not be written: {error.strerror or error}. Its old content is unchanged; once this is "
                "fixed, run the same command again."
            ) from error
        raise


def _sync_folder(folder: Path) -> None:
    # The new name is part of the folder, which must reach the disk too. Windows cannot open a folder and needs no sync.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
