"""Reading a submission: its answers are taken, and everything else that it changed is only reported.

A submission is a stranger's file. Nothing in it is believed: not its types, not its ids, not its metadata.
"""

import json
import re
from dataclasses import dataclass, field

from helpers.classroom.authoring.source import grading
from helpers.classroom.grading.sanitize import for_terminal

#: Largest file that is read [bytes], and most cells. The largest release has a fiftieth of the one, a hundredth of the
#: other.
LARGEST, MOST_CELLS = 20 << 20, 10_000

#: A function or class at the left margin. Python's own parser is for friends: strangers can make it crash.
_DEFINITION = re.compile(r"^(?:async\s+def|def|class)\s+(\w+)", re.MULTILINE)


class Unreadable(ValueError):
    """The file is no notebook; the message says what is wrong with it."""


@dataclass
class Submission:
    """What was taken from a submission.

    Args:
        answers: grade id to source, one for each answer cell that was found.
        changes: sentences on what else was changed, none of which has an effect.
    """

    answers: dict = field(default_factory=dict)
    changes: list = field(default_factory=list)


@dataclass(frozen=True)
class _Cell:
    place: int
    kind: str
    id: str
    grade_id: str
    points: object
    source: str


def read_submission(data, paper):
    """Take the answers from a submitted notebook.

    An answer is the cell with the grade id of the released one; where there is none, that with its cell id; failing
    that, the last one that defines the stub's name (of a written answer: that follows the same text).

    Args:
        data: the bytes of the file.
        paper: the notebook that was released, nbformat's.

    Returns:
        Submission

    Raises:
        Unreadable: it is no notebook.
    """
    cells, metadata = _read(data)
    taken = Submission(changes=_changed_notebook(metadata, cells))
    used = set()
    for place, released in enumerate(paper.cells):
        if grading(released).get("solution"):
            _take_answer(paper.cells, place, cells, taken, used)
        elif grading(released).get("grade"):
            _report_test(released, cells, taken)
    own = [cell for cell in cells if cell.place not in used and _defines_something(cell)]
    known = {cell.source for cell in paper.cells}
    if strangers := [cell for cell in own if cell.source not in known and not _is_test(cell, paper)]:
        taken.changes.append(
            f"{len(strangers)} cell(s) outside the answer cells define something; they were not taken "
            f"(the first begins `{for_terminal(strangers[0].source.strip().splitlines()[0], 60)}`)."
        )
    return taken


def _take_answer(released_cells, place, cells, taken, used):
    released = released_cells[place]
    grade_id = grading(released)["grade_id"]
    found, how = _candidates(released_cells, place, cells)
    if not found:
        taken.changes.append(f"The answer cell {grade_id} is missing.")
        return
    written = [cell for cell in found if cell.source.strip() != released.source.strip()]
    cell = (written or found)[-1]
    used.update(each.place for each in found)
    taken.answers[grade_id] = cell.source
    if len(found) > 1:
        taken.changes.append(
            f"The answer cell {grade_id} occurs {len(found)} times; the last one that was changed counts."
        )
    if how != "grade id":
        taken.changes.append(f"The answer cell {grade_id} has lost its name; it was found by {how}.")
    if cell.kind != released.cell_type:
        kinds = f"from {released.cell_type} into {_shown(cell.kind)}"
        taken.changes.append(f"The answer cell {grade_id} was turned {kinds}.")


def _candidates(released_cells, place, cells):
    """The cells that may hold an answer, and how they were found."""
    released = released_cells[place]
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
    before = released_cells[place - 1].source.strip()
    places = {cell.place + 1 for cell in cells if cell.source.strip() == before}
    return [cell for cell in cells if cell.place in places], "the text before it"


def _report_test(released, cells, taken):
    grade_id = grading(released)["grade_id"]
    found = [cell for cell in cells if cell.grade_id == grade_id] or [cell for cell in cells if cell.id == released.id]
    if not found:
        taken.changes.append(f"The check {grade_id} is missing.")
        return
    if len(found) > 1:
        taken.changes.append(f"The check {grade_id} occurs {len(found)} times.")
    cell = found[0]
    if cell.kind != "code":
        taken.changes.append(f"The check {grade_id} was turned from code into {_shown(cell.kind)}.")
    if cell.source.strip() != _released_test(released).strip():
        taken.changes.append(f"The check {grade_id} was edited.")
    points = grading(released).get("points")
    if cell.grade_id and cell.points != points:
        taken.changes.append(f"The points of {grade_id} were changed from {points:g} to {_shown(cell.points)}.")


def _changed_notebook(metadata, cells):
    changes = []
    kernel = metadata.get("kernelspec") if isinstance(metadata.get("kernelspec"), dict) else {}
    name = kernel.get("name", "python3")
    if name != "python3":
        changes.append(f"The notebook asks for the kernel {_shown(name)}; it was graded with Python all the same.")
    if cells and not any(cell.grade_id for cell in cells):
        changes.append("nbgrader's metadata were taken out of every cell, as some tools do.")
    return changes


# --- cells ------------------------------------------------------------------------------------------------------------


def without_hidden_tests(source):
    """Return a test cell's source as it was released: without the lines between the markers of hidden tests."""
    lines, kept, hidden = source.split("\n"), [], False
    for line in lines:
        if "### BEGIN HIDDEN TESTS" in line:
            hidden = True
        if not hidden:
            kept.append(line)
        if "### END HIDDEN TESTS" in line:
            hidden = False
    return "\n".join(kept)


def _released_test(cell):
    return without_hidden_tests(cell.source)


def _read(data):
    if len(data) > LARGEST:
        raise Unreadable(f"It has {len(data) >> 20} MB; no more than {LARGEST >> 20} MB are read.")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
        cells = notebook["cells"]
        if not isinstance(cells, list):
            raise TypeError
    except RecursionError:
        raise Unreadable("It is nested too deeply to be a notebook.") from None
    except (ValueError, KeyError, TypeError):
        raise Unreadable(_what_is_it(data)) from None
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"It has {len(cells):,} cells; no more than {MOST_CELLS:,} are read.")
    metadata = notebook.get("metadata")
    return [_cell(place, cell) for place, cell in enumerate(cells)], metadata if isinstance(metadata, dict) else {}


def _what_is_it(data):
    if not data.strip():
        return "The file is empty."
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except ValueError:
        return "It is not a notebook: it cannot be read as JSON. Was it cut off, or saved as something else?"
    if isinstance(notebook, dict) and "worksheets" in notebook:
        return "It is a notebook of format 3 or older; open it in JupyterLab and save it again."
    return "It is not a notebook: it has no list of cells."


def _cell(place, cell):
    cell = cell if isinstance(cell, dict) else {}
    metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
    nbgrader = metadata.get("nbgrader") if isinstance(metadata.get("nbgrader"), dict) else {}
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return _Cell(
        place=place,
        kind=_text(cell.get("cell_type")),
        id=_text(cell.get("id")),
        grade_id=_text(nbgrader.get("grade_id")),
        points=nbgrader.get("points"),
        source=_text(source).encode("utf-8", "replace").decode(),  # there may be halves of characters in it
    )


def _text(value):
    return value if isinstance(value, str) else ""


def _shown(value):
    """A stranger's value as a report may show it."""
    return for_terminal(value, 40) if isinstance(value, str | int | float) else "something else"


def _top_level_names(source):
    return set(_DEFINITION.findall(source))


def _defines_something(cell):
    return cell.kind == "code" and bool(_top_level_names(cell.source))


def _is_test(cell, paper):
    return any(cell.grade_id == grading(released).get("grade_id") for released in paper.cells if grading(released))
