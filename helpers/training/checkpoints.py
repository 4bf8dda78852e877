"""Checkpoints that survive a crash: written whole or not at all, checked when read, the last two of them kept.

A checkpoint is a tree of dicts, lists, tuples, arrays, numbers and strings. In its .npz file the arrays stand as they
are, the tree around them as JSON, and a checksum beside the two; nothing in it can run as code.
"""

import hashlib
import io
import json
from pathlib import Path

import numpy as np

from helpers.atomic_write import write_atomically


class DamagedCheckpointError(ValueError):
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
        folder: where they are; made with the first one.

    Example:
        >>> import tempfile
        >>> from helpers.training import Checkpoints
        >>> checkpoints = Checkpoints(tempfile.mkdtemp())
        >>> checkpoints.save({"epoch": 3, "values": [np.zeros(2)]}, step=100)
        >>> checkpoints.load()
        {'epoch': 3, 'values': [array([0., 0.])]}
    """

    KEEP = 2

    def __init__(self, folder):
        self.folder = Path(folder)

    def save(self, tree, step):
        """Write a checkpoint, then remove those that are no longer needed.

        Args:
            tree: what to save.
            step: the number of training steps so far; the highest one is the newest.

        Raises:
            OSError: it could not be written, e.g. as the disk is full; the checkpoints before it are untouched.
        """
        path = self.folder / f"step-{step:08d}.npz"
        try:
            write_atomically(path, lambda file: _write_tree(file, tree))
        except OSError as error:
            raise OSError(
                f"The checkpoint {path} could not be written: {error.strerror or error}. The one before it is "
                "untouched; once this is mended, the same command goes on from there."
            ) from error
        for old in self._paths()[: -self.KEEP]:
            old.unlink()
        for leftover in self.folder.glob(".*.tmp"):  # of a process that was killed while writing
            leftover.unlink(missing_ok=True)

    def load(self):
        """Read the newest checkpoint that is whole; a damaged one is put aside as ``….damaged``.

        Returns:
            the tree, or None if there is no checkpoint.

        Raises:
            DamagedCheckpointError: there are checkpoints, and none of them is whole.
        """
        paths = self._paths()
        for path in reversed(paths):
            tree = _read_tree(path.read_bytes())
            if tree is not None:
                return tree
            path.rename(path.with_name(path.name + ".damaged"))
        if paths or any(self.folder.glob("*.damaged")):
            raise DamagedCheckpointError(
                f"Every checkpoint in {self.folder} is damaged, so the run cannot go on. Begin anew with --fresh."
            )
        return None

    def _paths(self):
        return sorted(self.folder.glob("step-*.npz"))


def _write_tree(file, tree):
    arrays = []
    structure = json.dumps(_take_arrays(tree, arrays))
    named = {f"array_{number}": array for number, array in enumerate(arrays)}
    np.savez(file, structure=structure, checksum=_checksum(structure, arrays), **named)


def _read_tree(data):
    """Return the tree of a checkpoint's bytes, or None if they are damaged."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            structure, checksum = str(file["structure"]), str(file["checksum"])
            arrays = [file[f"array_{number}"] for number in range(len(file.files) - 2)]
    except Exception:  # damaged bytes can make the zip and npy readers raise nearly anything
        return None
    return _put_arrays(json.loads(structure), arrays) if checksum == _checksum(structure, arrays) else None


def _checksum(structure, arrays):
    checksum = hashlib.sha256(structure.encode())
    for array in arrays:
        checksum.update(f"{array.dtype.str}{array.shape}".encode())
        checksum.update(np.ascontiguousarray(array))
    return checksum.hexdigest()


def _take_arrays(tree, arrays):
    """Return the tree as JSON can hold it; its arrays are appended to the list, their numbers stand in the tree."""
    if isinstance(tree, np.ndarray):
        arrays.append(tree)
        return {"array": len(arrays) - 1}
    if isinstance(tree, dict):
        return {"dict": {key: _take_arrays(value, arrays) for key, value in tree.items()}}
    if isinstance(tree, (list, tuple)):
        return {type(tree).__name__: [_take_arrays(value, arrays) for value in tree]}
    return tree


def _put_arrays(tree, arrays):
    """The way back from `_take_arrays`."""
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "array":
        return arrays[content]
    if kind == "dict":
        return {key: _put_arrays(value, arrays) for key, value in content.items()}
    return {"list": list, "tuple": tuple}[kind](_put_arrays(value, arrays) for value in content)
