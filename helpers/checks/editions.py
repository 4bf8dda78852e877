"""The editions of a notebook that were given to learners: by these a learner's own cells are told from the course's.

A release names its edition in its metadata. The course keeps each edition that it gave to anyone, since a copy of an
earlier one is still handed in after the notebook was corrected.
"""

import hashlib
import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.atomic_write import replace_file
from helpers.checks.answer_search import Edition, choose_edition
from helpers.checks.notebook_file import NotebookFile, Unreadable, read_notebook

logger = logging.getLogger(__name__)

#: The folder of the course, if this package is in it.
COURSE = Path(__file__).resolve().parents[2]


def name_of_edition(cells: Sequence[Any]) -> str:
    """Return the name of an edition: a fingerprint of its cells, nbformat's."""
    parts = [[cell["id"], cell["cell_type"], cell["source"]] for cell in cells]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def keep_edition(root: str | Path, name: str, release: bytes) -> None:
    """Keep a released notebook in build/editions/, if this edition is not there yet.

    Args:
        name: of the notebook.
        release: the bytes of its file; one that names no edition is not kept.
    """
    try:
        edition = read_notebook(release).edition
    except Unreadable:
        return
    kept = _folder(root, name) / f"{edition}.ipynb"
    if re.fullmatch(r"[0-9a-f]+", edition) and not kept.exists():
        replace_file(kept, release)
        logger.info("kept the edition %s of %s", edition, name)


def find_editions(root: str | Path, name: str) -> list[Edition]:
    """Return the editions of a notebook that the course has kept, then the present ones, the English one last.

    Args:
        root: the repository.
        name: of the notebook, e.g. "01_vanishing_and_exploding_gradients".
    """
    return [edition_of(notebook) for path in _paths(root, name) if (notebook := _read(path))]


def read_edition(root: str | Path, name: str, copy: NotebookFile) -> bytes | None:
    """Return the bytes of the release that a copy of a notebook was made from; None if that edition was not kept.

    Of a copy that names no edition it is the one that is most like it.
    """
    found = {path: notebook for path in _paths(root, name) if (notebook := _read(path))}
    edition = choose_edition(copy, [*map(edition_of, found.values())])
    if edition is None or (copy.edition and copy.edition != edition.name):
        return None
    return next(path.read_bytes() for path, notebook in found.items() if notebook.edition == edition.name)


def edition_of(notebook: NotebookFile) -> Edition:
    """Return a release as an Edition."""
    return Edition.of(notebook.edition, [cell.source for cell in notebook.cells])


def _paths(root: str | Path, name: str) -> list[Path]:
    released, file = Path(root, "notebooks"), f"{name}/{name}.ipynb"
    return [*sorted(_folder(root, name).glob("*.ipynb")), *sorted(released.glob(f"*/{file}")), released / file]


def _folder(root: str | Path, name: str) -> Path:
    return Path(root, "build", "editions", name)


def _read(path: Path) -> NotebookFile | None:
    try:
        return read_notebook(path.read_bytes())
    except (OSError, Unreadable):
        return None  # not released yet, or damaged: an edition less to compare with
