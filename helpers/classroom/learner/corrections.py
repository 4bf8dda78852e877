"""Taking the course's corrections over into a learner's copy of a notebook, in a way that loses nothing.

Three notebooks are compared: the copy, the edition that it was made from, and the present one. A cell that the learner
left as it was gets its new text. A cell that the learner wrote or changed keeps its text, its output and its place; if
the course corrected it too, the new cell is put beside it, with a comment that says so. So the cells that answer an
exercise stay, in the same order.
"""

import copy
import json
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Self

from nbformat import NotebookNode

from helpers.checks.notebook_file import Cell, NotebookFile, Unreadable, read_notebook
from helpers.classroom.authoring.cell_ids import find_heading
from helpers.language.message import Message, message

#: How alike two cells must be for one to be the correction of the other; the same id counts as much.
_ALIKE = 0.5

_NEW_STUB = message("# The course has corrected this stub. Your cell, the next one, stays as it is. The stub is now:")
_NEW_CODE = message(
    "# The course has corrected the cell above, which you had changed. Yours stays as it is; the new one is next."
)
_REMOVED = message("# The course has removed a text that was here.")
_NEW_TEXT = message(
    "# The course has corrected a text that you had changed. Its new text is next; yours follows, as it is."
)

_KINDS = {"text": message("text"), "code": message("code"), "stub": message("stub"), "check": message("check")}


@dataclass(frozen=True)
class SavedNotebook:
    """A notebook as it is in its file, and as far as it is compared.

    Args:
        content: all of the file.
        read: what is compared of it.
    """

    content: dict[str, Any]
    read: NotebookFile

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Return the notebook in the bytes of a file.

        Raises:
            Unreadable: it is not a notebook, or not as JupyterLab saves it.
        """
        read = read_notebook(data)
        if read.remarks:
            raise Unreadable(*read.remarks, "Open it in JupyterLab and save it again.")
        try:
            content = json.loads(data.decode("utf-8-sig"))
        except RecursionError:
            raise Unreadable("It is nested too deeply to be a notebook.") from None
        parts = [content, *content["cells"]]
        if not all(isinstance(part, dict) and isinstance(part.get("metadata"), dict) for part in parts):
            raise Unreadable("It is not a notebook: a part of it is missing.")
        return cls(content, read)

    def without_hidden_checks(self) -> Self:
        """Return what a learner has of a release; `make_learner_copy` would validate it too, which takes longer."""
        kept = [
            self.content["cells"][cell.index] for cell in self.read.cells if not cell.grade_id.startswith("hidden-")
        ]
        return type(self).of(json.dumps(self.content | {"cells": kept}).encode())

    def to_bytes(self) -> bytes:
        """Return the bytes of its file."""
        try:
            return f"{json.dumps(self.content, indent=1, ensure_ascii=False)}\n".encode()
        except UnicodeEncodeError:  # an output may have half a character in it
            return f"{json.dumps(self.content, indent=1)}\n".encode()

    def take_cell(self, cell: Cell) -> dict[str, Any]:
        """Return a copy of all that the file has of a cell."""
        taken: dict[str, Any] = copy.deepcopy(self.content["cells"][cell.index])
        return taken


@dataclass(frozen=True)
class Correction:
    """What the course has corrected in a cell.

    Args:
        place: the exercise or the section of the cell.
        kind: "text", "code", "stub" or "check".
        beside: whether the learner has changed the cell too, so that the new one is put beside it.
    """

    place: str
    kind: str
    beside: bool = False


def in_words(corrections: Iterable[Correction], most: int = 6) -> str:
    """Return where something was corrected, and what, as in: Exercise 1.2 (text, stub), “Two causes” (code)."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for one in corrections:
        found[one.place][one.kind] = None
    told = [f"{place} ({', '.join(str(_KINDS[kind]) for kind in kinds)})" for place, kinds in found.items()]
    more = [str(message("and {count} more", count=len(told) - most))] if len(told) > most else []
    return ", ".join([*told[:most], *more])


class Comparison:
    """What the course has corrected since a copy was made.

    Args:
        mine: the learner's copy.
        old: the edition that it was made from, without hidden checks.
        new: the present edition, without hidden checks.
    """

    def __init__(self, mine: SavedNotebook, old: SavedNotebook, new: SavedNotebook) -> None:
        self.mine, self.old, self.new = mine, old, new
        self.corrections: list[Correction] = []
        self._pairs = _pair(old.read.cells, new.read.cells)
        self._origins = _find_origins(mine.read.cells, old.read.cells)
        self._changed = [one is None or one.fingerprint != cell.fingerprint for cell, one in self._with_origins()]
        self._added: dict[int, list[dict[str, Any]]] = defaultdict(list)  # by the cell that they follow; -1: the top
        self._added_ids: set[str] = set()
        self._written = [cell for cell in old.read.cells if cell.grade_id.startswith("ex-") and cell.kind != "code"]
        self._compare()

    def updated(self) -> SavedNotebook:
        """Return the copy with the corrections in it; it names the present edition."""
        cells = [*self._added[-1]]
        for mine, origin in self._with_origins():
            new = self._pairs.get(origin.index) if origin else None
            if new or self._changed[mine.index]:
                carried = self._carry(mine, origin, new) if origin and new else self.mine.take_cell(mine)
                cells.append(carried | ({"id": self._id_of(mine, origin, new)} if "id" in carried else {}))
            cells += self._added[mine.index]
        metadata = self.mine.content["metadata"] | {"course": self.new.content["metadata"].get("course", {})}
        return SavedNotebook({**self.mine.content, "cells": cells, "metadata": metadata}, self.mine.read)

    def _with_origins(self) -> Iterable[tuple[Cell, Cell | None]]:
        return zip(self.mine.read.cells, self._origins)

    def _compare(self) -> None:
        """Find what was corrected, and what has to be added to the copy."""
        origins = {new.index: self.old.read.cells[index] for index, new in self._pairs.items()}
        copies: dict[int, list[Cell]] = defaultdict(list)
        there = set()
        for mine, origin in self._with_origins():
            if origin:
                copies[origin.index].append(mine)
            if self._changed[mine.index] or (origin and origin.index in self._pairs):
                there.add(mine.fingerprint)
            elif origin:
                self._note(self.old, origin)  # it was removed; so that it joins no texts of the learner:
                if mine.index and self._is_own_text(self.mine.read.cells[mine.index - 1]):
                    self._put(mine.index, _comment(_REMOVED))
        place = -1
        for new in self.new.read.cells:
            if origin := origins.get(new.index):
                if some := copies[origin.index]:  # the learner may have removed it
                    self._compare_cell(some, origin, new)
                    place = some[-1].index
            elif new.fingerprint not in there:
                self._note(self.new, new)
                self._add(place, self.new.take_cell(new))

    def _compare_cell(self, copies: Sequence[Cell], old: Cell, new: Cell) -> None:
        """Compare a cell that is in both editions, and in the copy, where it may be several times."""
        texts = {cell.fingerprint for cell in copies}
        if old.fingerprint == new.fingerprint or (new.fingerprint in texts and old.fingerprint not in texts):
            return
        is_stub = new.grade_id.startswith("ex-")
        if old.fingerprint in texts:
            self._note(self.new, new)
        elif not is_stub or new.kind == "code":  # a written answer begins with nothing that could be corrected
            self._note(self.new, new, beside=True)
            self._add_stub(copies, new) if is_stub else self._add_beside(copies, old, new)

    def _add_stub(self, copies: Sequence[Cell], new: Cell) -> None:
        """Add a corrected stub as a comment: as code it would replace the answer."""
        lines = [f"# {line}".rstrip() for line in new.source.split("\n")]
        self._add(copies[0].index - 1, _comment("\n".join([str(_NEW_STUB), "#", *lines])))

    def _add_beside(self, copies: Sequence[Cell], old: Cell, new: Cell) -> None:
        """Add a corrected cell: text above the learner's, and code below, so that what follows runs."""
        added = self.new.take_cell(new)
        if new.grade_id:  # what counts is above the check that is marked: the learner's keeps the mark
            added["id"] = secrets.token_hex(4)
            del added["metadata"]["nbgrader"]
        if copies[-1].kind != "code":
            self._add(copies[0].index - 1, _comment(_NEW_TEXT), added)
            return
        place = copies[-1].index
        for cell, origin in [*self._with_origins()][place + 1 :]:  # what the learner split off
            if origin or cell.kind != "code" or cell.source.strip() not in old.source:
                break
            place = cell.index
        self._add(place, _comment(_NEW_CODE), added)

    def _add(self, place: int, *cells: dict[str, Any]) -> None:
        """Add cells below one of the copy; but not in between texts of the learner, which may be one written answer."""
        mine = self.mine.read.cells
        if place + 1 < len(mine) and self._is_own_text(mine[place + 1]):
            while place >= 0 and self._is_own_text(mine[place]):
                place -= 1
        self._put(place, *cells)

    def _put(self, place: int, *cells: dict[str, Any]) -> None:
        self._added_ids |= {cell["id"] for cell in cells}
        if self.mine.content.get("nbformat_minor", 0) < 5:  # a notebook whose cells have no ids
            for cell in cells:
                del cell["id"]
        self._added[place] += cells

    def _is_own_text(self, cell: Cell) -> bool:
        """Whether a cell may be a part of a written answer, which the learner may have turned into another kind."""
        is_answer = any(cell.grade_id == one.grade_id or cell.id == one.id for one in self._written)
        return is_answer or (cell.kind != "code" and self._changed[cell.index])

    def _carry(self, mine: Cell, old: Cell, new: Cell) -> dict[str, Any]:
        """Return a cell of the copy as it is in the updated one, but for its id."""
        cell, before, after = self.mine.take_cell(mine), self.old.take_cell(old), self.new.take_cell(new)
        metadata, is_own = cell["metadata"], self._changed[mine.index]
        theirs, present = before["metadata"], after.pop("metadata")
        for key in theirs.keys() | present.keys():
            is_meant = mine.grade_id == new.grade_id if key == "nbgrader" else not is_own
            if is_meant and theirs.get(key) != present.get(key):
                metadata.pop(key, None)
                metadata |= {key: present[key]} if key in present else {}
        if is_own or old.fingerprint == new.fingerprint:
            return cell
        if mine.kind != old.kind:  # the learner turned it into another kind
            return cell | {"source": after["source"]}
        del after["id"]
        return {key: cell[key] for key in ("id", "metadata") if key in cell} | after

    def _id_of(self, mine: Cell, old: Cell | None, new: Cell | None) -> str:
        """The id of a cell of the copy in the updated one: none that the present edition gives to another."""
        if old and new and mine.id == old.id and new.id not in self._added_ids:
            return new.id
        is_given = mine.id in self._added_ids or any(mine.id == cell.id for cell in self.new.read.cells)
        return secrets.token_hex(4) if is_given else mine.id

    def _note(self, edition: SavedNotebook, cell: Cell, *, beside: bool = False) -> None:
        self.corrections.append(Correction(_place_of(cell, edition.read.cells), _kind_of(cell), beside))


def _pair(old: Sequence[Cell], new: Sequence[Cell]) -> dict[int, Cell]:
    """Return the cell of the new edition for the index of each cell of the old one, where it is still there.

    An id alone says little: it counts the cells under a heading, so that a cell which was added renames others.
    """
    pairs: dict[int, Cell] = {}
    keys, new_keys = ([cell.grade_id or cell.fingerprint for cell in cells] for cells in (old, new))
    for tag, begin, end, new_begin, new_end in SequenceMatcher(None, keys, new_keys, autojunk=False).get_opcodes():
        some, others = old[begin:end], new[new_begin:new_end]
        if tag == "equal":
            pairs |= {one.index: other for one, other in zip(some, others)}
        else:
            ranked = sorted((_likeness(one, other), one.index, other.index) for one in some for other in others)
            for likeness, index, new_index in reversed(ranked):
                if likeness >= _ALIKE and index not in pairs and new[new_index] not in pairs.values():
                    pairs[index] = new[new_index]
    graded = {cell.grade_id: cell for cell in new if cell.grade_id}
    return pairs | {cell.index: graded[cell.grade_id] for cell in old if cell.grade_id in graded}


def _likeness(one: Cell, other: Cell) -> float:
    """The share of the words of two cells that both have; of the same id, more; 0 where they cannot be the same."""
    if one.kind != other.kind or one.grade_id or other.grade_id:
        return 0.0
    words, others = ({*re.findall(r"\w+|[^\w\s]", source)} for source in (one.source, other.source))
    return len(words & others) / max(1, len(words | others)) + _ALIKE * (one.id == other.id)


def _find_origins(mine: Sequence[Cell], old: Sequence[Cell]) -> list[Cell | None]:
    """Return for each cell of a copy the cell of the edition that it comes from: the one with its text, or its ids."""
    by_text: dict[str, list[Cell]] = defaultdict(list)
    for cell in old:
        by_text[cell.fingerprint].append(cell)
    by_id = {cell.grade_id: cell for cell in old} | {cell.id: cell for cell in old}
    by_id.pop("", None)
    known = [by_id.get(cell.id) or by_id.get(cell.grade_id) for cell in mine]
    taken = {one.index for cell, one in zip(mine, known) if one and one.fingerprint == cell.fingerprint}
    found: list[Cell | None] = []
    for cell, one in zip(mine, known):
        same = by_text[cell.fingerprint]
        if same and one not in same:  # several cells may have one text
            one = next((other for other in same if other.index not in taken), same[0])
            taken.add(one.index)
        found.append(one)
    return found


def _comment(text: Message | str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": secrets.token_hex(4),
        "metadata": {},
        "outputs": [],
    }
    return cell | {"source": str(text).splitlines(keepends=True)}


def _place_of(cell: Cell, cells: Sequence[Cell]) -> str:
    """The exercise that a cell belongs to, or the heading above it."""
    for above in reversed(cells[: cell.index + 1]):
        if heading := find_heading(NotebookNode(cell_type=above.kind, source=above.source)):
            exercise = re.match(r"\S+ \d+\.\d+(?= ·)", heading)
            return exercise[0] if exercise else f"“{re.sub('<[^>]+>', '', heading)}”"
    return str(message("the beginning"))


def _kind_of(cell: Cell) -> str:
    if cell.kind != "code":
        return "text"
    return {"ex": "stub", "check": "check"}.get(cell.grade_id.partition("-")[0], "code")
