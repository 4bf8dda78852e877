"""What the cells of a saved notebook are, also where an editor has dropped nbgrader's metadata, as Colab may."""

import contextlib
import re
from pathlib import Path

import nbformat

from helpers.checks.catalogue import EXERCISES
from helpers.checks.grade_id import GradeId

_DEFINITION = re.compile(r"^(?:def|class)\s+(\w+)", re.MULTILINE)
_ANSWERS = {exercise.name: str(GradeId("ex", exercise.id)) for exercise in EXERCISES.values()}
_CHECKS = {f'check("{e.id}", {e.name})': str(GradeId("check", e.id)) for e in EXERCISES.values()}


def saved_cells(folder, number):
    """Return a dict from grade id to cell, of the saved notebook with this number in its own folder NN_name.

    A notebook that is missing or cannot be read has no cells; `make restore` repairs it.
    """
    found = {}
    for path in sorted(Path(folder).glob(f"{number}_*/{number}_*.ipynb")):
        if path.stem == path.parent.name:  # else a backup or a copy
            with contextlib.suppress(Exception):
                found = by_grade_id(nbformat.read(path, as_version=4).cells) | found
    return found


def by_grade_id(cells):
    """Return a dict from grade id to cell: of answers and checks at least, of whatever else has a grade id.

    A cell's name is in its metadata. Where no cell has that name there, it is the last cell that defines the answer,
    or the last one that is the line of the check.
    """
    named = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in cells}
    named.pop(None, None)
    code = [cell for cell in cells if cell.cell_type == "code"]
    by_source = {grade_id: cell for cell in code for grade_id in _said_by(cell.source)}
    return by_source | named


def _said_by(source):
    if source.strip() in _CHECKS:
        return [_CHECKS[source.strip()]]
    return [_ANSWERS[name] for name in _DEFINITION.findall(source) if name in _ANSWERS]
