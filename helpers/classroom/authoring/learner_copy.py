"""A learner's copy of a released notebook: the release without its hidden checks, which do nothing for a learner.

A class that works with nbgrader gets the release itself, since nbgrader wants every graded cell to be there. The grader
takes only the answers from a copy, and has hidden checks of its own. This module imports only what Colab has.
"""

import nbformat
from nbformat import NotebookNode

from helpers.checks.grade_id import GradeId


def as_learner_copy(release: NotebookNode) -> NotebookNode:
    """Return a release without its hidden checks; it still names its edition, with which it is compared."""
    copy = NotebookNode(release)
    copy.cells = [cell for cell in release.cells if not _is_hidden_check(cell)]
    return copy


def make_learner_copy(release: bytes) -> bytes:
    """Return the bytes of a learner's copy of a released notebook, given those of the release.

    Raises:
        ValueError: the release is no notebook.
    """
    try:
        notebook: NotebookNode = nbformat.reads(release.decode(), as_version=4)
        nbformat.validate(notebook)
    except (ValueError, AttributeError, nbformat.ValidationError):
        raise ValueError("It is not a notebook, or a part of it is missing.") from None
    return f"{nbformat.writes(as_learner_copy(notebook), version=4)}\n".encode()


def _is_hidden_check(cell: NotebookNode) -> bool:
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    return bool(grade_id) and GradeId.parse(grade_id).kind == "hidden"
