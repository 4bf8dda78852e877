"""Checkpoints that survive a crash: written atomically, verified when read, the last two of them kept.

A checkpoint is a tree of dicts, lists, tuples, arrays, numbers and strings. Its .npz file holds the arrays, the tree
around them as JSON, and a checksum of both; nothing in it can run as code.
"""

import hashlib
import io
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from helpers.arrays import AnyArray, is_array, to_host
from helpers.atomic_write import write_atomically
from helpers.language.message import MessageError

logger = logging.getLogger(__name__)

#: What a checkpoint can hold. What is read is a plain dict, since whoever wrote it knows what is in it.
Tree: TypeAlias = "Mapping[str, Tree] | Sequence[Tree] | AnyArray | str | float | None"


class DamagedCheckpointError(MessageError):
    """No checkpoint of a run can be read.

    Example:
        >>> import tempfile
        >>> from helpers.training import Checkpoints, DamagedCheckpointError
        >>> checkpoints = Checkpoints(tempfile.mkdtemp())
        >>> _ = (checkpoints.folder / "step-00000001.npz").write_bytes(b"damaged")
        >>> try:
        ...     checkpoints.load()
        ... except DamagedCheckpointError:
        ...     print("no checkpoint can be read")
        no checkpoint can be read
    """


class Checkpoints:
    """The checkpoints of one run, the newest two of them on disk.

    Args:
        folder: where they are; created with the first one.

    Example:
        >>> import tempfile
        >>> from helpers.training import Checkpoints
        >>> checkpoints = Checkpoints(tempfile.mkdtemp())
        >>> checkpoints.save({"epoch": 3, "values": [np.zeros(2)]}, step=100)
        >>> checkpoints.load()
        {'epoch': 3, 'values': [array([0., 0.])]}
    """

    KEEP = 2

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def save(self, tree: Mapping[str, Tree], step: int) -> None:
        """Write a checkpoint, then remove those that are no longer needed.

        Args:
            tree: what to save.
            step: the number of training steps so far; the highest one is the newest.

        Raises:
            OSError: it could not be written, e.g. because the disk is full; earlier checkpoints are unchanged.
        """
        write_atomically(self.folder / f"step-{step:08d}.npz", lambda file: write_tree(file, tree))
        for old in self._paths()[: -self.KEEP]:
            old.unlink()
        for leftover in self.folder.glob(".*.tmp"):  # of a process that was killed while writing
            leftover.unlink(missing_ok=True)

    def load(self) -> dict[str, Any] | None:
        """Read the newest intact checkpoint; a damaged one is renamed to ``….damaged``.

        Returns:
            the tree, or None if there is no checkpoint.

        Raises:
            DamagedCheckpointError: there are checkpoints, but none of them is intact.
        """
        paths = self._paths()
        for path in reversed(paths):
            tree = read_tree(path.read_bytes())
            if tree is not None:
                logger.info("Read checkpoint %s.", path)
                return tree
            logger.info("Checkpoint %s is damaged; renaming it.", path)
            path.rename(path.with_name(path.name + ".damaged"))
        if paths or any(self.folder.glob("*.damaged")):
            template = (
                "Every checkpoint in {folder} is damaged, so the run cannot be resumed. Start again with ARGS=--fresh."
            )
            raise DamagedCheckpointError(template, folder=self.folder)
        return None

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.npz"))


def write_tree(file: BinaryIO, tree: Mapping[str, Tree]) -> None:
    """Write a tree and its checksum."""
    arrays: list[AnyArray] = []
    structure = json.dumps(_take_arrays(tree, arrays))
    named = {f"array_{number}": array for number, array in enumerate(arrays)}
    np.savez(file, structure=structure, checksum=_checksum(structure, arrays), **named)  # type: ignore[arg-type]  # no array is named allow_pickle


def read_tree(data: bytes) -> dict[str, Any] | None:
    """Return the tree of a checkpoint's bytes, or None if they are damaged."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            structure, checksum = str(file["structure"]), str(file["checksum"])
            arrays = [file[f"array_{number}"] for number in range(len(file.files) - 2)]
    except Exception:  # damaged bytes can make the zip and npy readers raise nearly anything
        return None
    return _put_arrays(json.loads(structure), arrays) if checksum == _checksum(structure, arrays) else None


def _checksum(structure: str, arrays: Iterable[AnyArray]) -> str:
    checksum = hashlib.sha256(structure.encode())
    for array in arrays:
        checksum.update(f"{array.dtype.str}{array.shape}".encode())
        checksum.update(np.ascontiguousarray(array).data)
    return checksum.hexdigest()


def _take_arrays(tree: Tree, arrays: list[AnyArray]) -> object:
    """Return the tree in JSON's types, with each array replaced by its index in the list to which it is appended."""
    if is_array(tree):
        arrays.append(to_host(tree))
        return {"array": len(arrays) - 1}
    if isinstance(tree, dict):
        return {"dict": {key: _take_arrays(value, arrays) for key, value in tree.items()}}
    if isinstance(tree, (list, tuple)):
        return {type(tree).__name__: [_take_arrays(value, arrays) for value in tree]}
    return tree


def _put_arrays(tree: Any, arrays: Sequence[AnyArray]) -> Any:
    """Undo `_take_arrays`."""
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "array":
        return arrays[content]
    if kind == "dict":
        return {key: _put_arrays(value, arrays) for key, value in content.items()}
    return {"list": list, "tuple": tuple}[kind](_put_arrays(value, arrays) for value in content)
