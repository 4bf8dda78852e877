"""Reading a submission: its answers are taken, and everything else that it changed is only reported.

A submission is an untrusted file. Nothing in it is believed: not its types, not its ids, not its metadata.
"""

import json
import logging
import re
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from helpers.classroom.authoring.source import grading
from helpers.classroom.grading.sanitize import for_terminal

logger = logging.getLogger(__name__)

#: Largest file that is read [bytes], and most cells. The largest release has a fiftieth of the one, a hundredth of the
#: other.
LARGEST, MOST_CELLS = 20 << 20, 10_000

#: Largest file that is read at all [bytes]; outputs may be most of it.
LARGEST_FILE = 100 << 20

#: A function or class at the left margin. Python's own parser is not used here: untrusted code can make it crash.
_DEFINITION = re.compile(r"^(?:async\s+def|def|class)\s+(\w+)", re.MULTILINE)


class Unreadable(ValueError):
    """The file is not a notebook; the message says what is wrong with it."""


@dataclass
class Submission:
    """The answers of a submission.

    Args:
        answers: grade id to source, one for each answer cell that was found.
        changes: sentences on what else was changed, none of which has an effect.
    """

    answers: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Cell:
    index: int
    kind: str
    id: str
    grade_id: str
    points: object
    source: str


def read_submission(data: bytes, template: NotebookNode) -> Submission:
    """Take the answers from a submitted notebook.

    An answer is the cell with the grade id of the released one; if there is none, the one with its cell id; otherwise
    the last one that defines the stub's name (or, for a written answer, the one after the same text).

    Args:
        data: the bytes of the file.
        template: the released notebook, nbformat's.

    Raises:
        Unreadable: it is not a notebook.
    """
    cells, metadata = _read(data)
    submission = Submission(changes=_find_changes(metadata, cells))
    used: set[int] = set()
    for index, released in enumerate(template.cells):
        if grading(released).get("solution"):
            _take_answer(template.cells, index, cells, submission, used)
        elif grading(released).get("grade"):
            _report_test(released, cells, submission)
    known = {cell.source for cell in template.cells}
    tests = {grading(cell).get("grade_id") for cell in template.cells} - {None}
    others = [
        cell
        for cell in cells
        if cell.kind == "code"
        and _top_level_names(cell.source)
        and cell.index not in used
        and cell.source not in known
        and cell.grade_id not in tests
    ]
    if others:
        submission.changes.append(
            f"{len(others)} cell(s) outside the answer cells define something; they were not taken "
            f"(the first begins `{for_terminal(others[0].source.strip().splitlines()[0], 60)}`)."
        )
    logger.debug("%d answers, %d other changes", len(submission.answers), len(submission.changes))
    return submission


def _take_answer(
    released_cells: list[NotebookNode], index: int, cells: list[_Cell], submission: Submission, used: set[int]
) -> None:
    released = released_cells[index]
    grade_id = grading(released)["grade_id"]
    found, how = _find_candidates(released_cells, index, cells)
    if not found:
        submission.changes.append(f"The answer cell {grade_id} is missing.")
        return
    written = [cell for cell in found if cell.source.strip() != released.source.strip()]
    cell = (written or found)[-1]
    used.update(each.index for each in found)
    submission.answers[grade_id] = cell.source
    if len(found) > 1:
        submission.changes.append(
            f"The answer cell {grade_id} occurs {len(found)} times; the last one that was changed counts."
        )
    if how != "grade id":
        submission.changes.append(f"The answer cell {grade_id} has lost its name; it was found by {how}.")
    if cell.kind != released.cell_type:
        kinds = f"from {released.cell_type} into {_show(cell.kind)}"
        submission.changes.append(f"The answer cell {grade_id} was turned {kinds}.")


def _find_candidates(released_cells: list[NotebookNode], index: int, cells: list[_Cell]) -> tuple[list[_Cell], str]:
    """The cells that may hold an answer, and how they were found."""
    released = released_cells[index]
    by_grade_id = [cell for cell in cells if cell.grade_id == grading(released)["grade_id"]]
    if by_grade_id:
        return by_grade_id, "grade id"
    by_id = [cell for cell in cells if cell.id and cell.id == released.id]
    if by_id:
        return by_id, "its cell id"
    if released.cell_type == "code":
        names, others = _top_level_names(released.source), {cell.source for cell in released_cells} - {released.source}
        defining = [cell for cell in cells if names & _top_level_names(cell.source)]
        return [cell for cell in defining if cell.source not in others], "the name it defines"
    before = released_cells[index - 1].source.strip()
    indices = {cell.index + 1 for cell in cells if cell.source.strip() == before}
    return [cell for cell in cells if cell.index in indices], "the text before it"


def _report_test(released: NotebookNode, cells: list[_Cell], submission: Submission) -> None:
    grade_id = grading(released)["grade_id"]
    found = [cell for cell in cells if cell.grade_id == grade_id] or [cell for cell in cells if cell.id == released.id]
    if not found:
        submission.changes.append(f"The check {grade_id} is missing.")
        return
    if len(found) > 1:
        submission.changes.append(f"The check {grade_id} occurs {len(found)} times.")
    cell = found[0]
    if cell.kind != "code":
        submission.changes.append(f"The check {grade_id} was turned from code into {_show(cell.kind)}.")
    if cell.source.strip() != released.source.strip():
        submission.changes.append(f"The check {grade_id} was edited.")
    points = grading(released).get("points")
    if cell.grade_id and cell.points != points:
        submission.changes.append(f"The points of {grade_id} were changed from {points:g} to {_show(cell.points)}.")


def _find_changes(metadata: dict[str, Any], cells: list[_Cell]) -> list[str]:
    """What was changed in the notebook as a whole."""
    changes = []
    name = _dict(metadata.get("kernelspec")).get("name", "python3")
    if name != "python3":
        changes.append(f"The notebook asks for the kernel {_show(name)}; it was graded with Python all the same.")
    if cells and not any(cell.grade_id for cell in cells):
        changes.append("nbgrader's metadata were taken out of every cell, as some tools do.")
    return changes


# --- the file ---------------------------------------------------------------------------------------------------------


def _read(data: bytes) -> tuple[list[_Cell], dict[str, Any]]:
    """The cells and the metadata of a notebook."""
    if len(data) > LARGEST:
        raise Unreadable(f"It has {len(data) >> 20} MB; no more than {LARGEST >> 20} MB are read.")
    if not data.strip():
        raise Unreadable("The file is empty.")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise Unreadable("It is nested too deeply to be a notebook.") from None
    except ValueError:
        raise Unreadable(
            "It is not a notebook: it cannot be read as JSON. Was it cut off, or saved as something else?"
        ) from None
    notebook = _dict(notebook)
    cells = notebook.get("cells")
    if not isinstance(cells, list) and "worksheets" in notebook:
        raise Unreadable("It is a notebook of format 3 or older; open it in JupyterLab and save it again.")
    if not isinstance(cells, list):
        raise Unreadable("It is not a notebook: it has no list of cells.")
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"It has {len(cells):,} cells; no more than {MOST_CELLS:,} are read.")
    return [_cell(index, cell) for index, cell in enumerate(cells)], _dict(notebook.get("metadata"))


def _cell(index: int, value: object) -> _Cell:
    cell = _dict(value)
    nbgrader = _dict(_dict(cell.get("metadata")).get("nbgrader"))
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return _Cell(
        index=index,
        kind=_text(cell.get("cell_type")),
        id=_text(cell.get("id")),
        grade_id=_text(nbgrader.get("grade_id")),
        points=nbgrader.get("points"),
        source=_text(source).encode("utf-8", "replace").decode(),  # it may have lone surrogates
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _show(value: object) -> str:
    """An untrusted value, fit for a report."""
    return for_terminal(value, 40) if isinstance(value, str | int | float) else "something else"


def _top_level_names(source: str) -> set[str]:
    return set(_DEFINITION.findall(source))
