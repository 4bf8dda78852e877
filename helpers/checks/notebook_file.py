"""A notebook's file, read in whatever state it is: a submission is untrusted, and a copy may come from any program.

Nothing in it is believed: not its types, not its ids, not its metadata.
"""

import functools
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

import nbformat

from helpers.language.message import Message, message

#: Largest file that is read at all, largest without its outputs [bytes], and most cells. The largest release has a
#: fiftieth of the second, and a hundredth of the third.
LARGEST_FILE, LARGEST, MOST_CELLS = 100 << 20, 20 << 20, 10_000

#: What a file may have much of that is not needed; key to what takes its place if it is longer than this [characters].
#: A check prints less, and its points are read.
_LEFT_OUT, _SHORT = {'"outputs"': "[]", '"attachments"': "{}", '"widgets"': "{}"}, 20_000

#: Most strings and brackets in a file that is so large: looking at more of them would take too long.
_MOST_TOKENS = 5_000_000

_NOT_JSON = message("It is not a notebook: it cannot be read as JSON. Was it cut off, or saved as something else?")

#: A string, a bracket, or a quote without a partner; it never goes back, for which a long string takes gigabytes.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]|"', re.DOTALL)

#: The bytes that are not UTF-8, as `surrogateescape` marks them, to the same in Latin-1.
_LATIN_1 = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


class Unreadable(ValueError):
    """The file is not a notebook; the sentences, Messages or plain, say what is wrong with it."""

    def __str__(self) -> str:
        return " ".join(map(str, self.args))


@dataclass(frozen=True)
class Cell:
    """A cell as it is in the file.

    Args:
        index: its place in the notebook, from 0.
        kind: "code", "markdown", or whatever the file says.
        id, grade_id: "" if it has none.
        points: what nbgrader's metadata say, of any type.
        source: its text.
        value: the text of the value that it ended in when it was last run, "" if there is none.
    """

    index: int
    kind: str
    id: str
    grade_id: str
    points: object
    source: str
    value: str = ""

    @functools.cached_property
    def fingerprint(self) -> str:
        """See `fingerprint`."""
        return fingerprint(self.source)


@dataclass(frozen=True)
class NotebookFile:
    """A notebook as it is in its file.

    Args:
        cells: its cells, in order.
        metadata: those of the notebook as a whole.
        remarks: sentences on how the file had to be read.
    """

    cells: tuple[Cell, ...]
    metadata: dict[str, Any]
    remarks: tuple[Message, ...] = ()

    @property
    def edition(self) -> str:
        """The edition of the release that it is a copy of, as its metadata say, or ""."""
        return _text(_dict(self.metadata.get("course")).get("edition"))


def read_notebook(data: bytes) -> NotebookFile:
    """Read a notebook from the bytes of its file.

    Of a file that is larger than LARGEST long outputs and attached pictures are left out first.

    Raises:
        Unreadable: it is not a notebook, or too large.
    """
    if len(data) > LARGEST_FILE:
        size, most = len(data) >> 20, LARGEST_FILE >> 20
        raise Unreadable(message("It has {size} MB; no more than {most} MB are read.", size=size, most=most))
    if not data.strip():
        raise Unreadable(message("The file is empty."))
    text, remarks = _decode(data)
    try:
        notebook = _dict(json.loads(without_outputs(text) if len(data) > LARGEST else text))
    except RecursionError:
        raise Unreadable(message("It is nested too deeply to be a notebook.")) from None
    except Unreadable:
        raise
    except ValueError:
        raise Unreadable(_NOT_JSON, *remarks) from None
    if not isinstance(notebook.get("cells"), list) and "worksheets" in notebook:
        notebook = _upgraded(notebook)
        remarks = (*remarks, message("It is in an old format (3 or less), and was converted."))
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise Unreadable(message("It is not a notebook: it has no list of cells."))
    if len(cells) > MOST_CELLS:
        template = "It has {count:,} cells; no more than {most:,} are read."
        raise Unreadable(message(template, count=len(cells), most=MOST_CELLS))
    read = tuple(_cell(index, cell) for index, cell in enumerate(cells))
    return NotebookFile(read, _dict(notebook.get("metadata")), remarks)


def fingerprint(source: str) -> str:
    """Return a hash by which a cell is known again, whatever blanks are at the ends of its lines."""
    lines = "\n".join(map(str.rstrip, source.strip().split("\n")))
    return hashlib.sha256(lines.encode("utf-8", "replace")).hexdigest()[:16]


def without_outputs(text: str) -> str:
    """Return the text of a notebook's file without long outputs and attached pictures, which can make it very large.

    Raises:
        Unreadable: it is too large even so.
    """
    kept, begin, start, last, instead, depth, inside = [], 0, 0, "", "", 0, -1
    for count, token in enumerate(_TOKEN.finditer(text)):
        if count > _MOST_TOKENS:
            template = "It has more than {most:,} lines of output; clear the outputs and save it again."
            raise Unreadable(message(template, most=_MOST_TOKENS))
        sign = token[0]
        if sign == '"':
            raise Unreadable(_NOT_JSON)
        if sign in "[{":
            if inside < 0 and _LEFT_OUT.get(last, "").startswith(sign):
                start, instead, inside = token.start(), _LEFT_OUT[last], depth
            depth += 1
        elif sign in "]}":
            depth -= 1
            if depth == inside:
                inside = -1
                if token.end() - start > _SHORT:
                    kept += [text[begin:start], instead]
                    begin = token.end()
        last = sign
    rest = "".join(kept) + text[begin:]
    if len(rest) > LARGEST:
        template = "It has {size} MB without its outputs; no more than {most} MB are read."
        raise Unreadable(message(template, size=len(rest) >> 20, most=LARGEST >> 20))
    return rest


def _decode(data: bytes) -> tuple[str, tuple[Message, ...]]:
    """The text of a file, and remarks on its encoding."""
    encoding = json.detect_encoding(data)
    if not encoding.startswith("utf-8"):
        name = encoding[:6].upper()
        try:
            return data.decode(encoding), (message("It was saved as {name}: save it as UTF-8.", name=name),)
        except UnicodeDecodeError:
            template = "It seems to be saved as {name}, and cannot be read: save it as UTF-8."
            raise Unreadable(message(template, name=name)) from None
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        # Code is ASCII in every encoding that an editor may have chosen, so only the letters in comments can be wrong.
        text = data.decode("utf-8-sig", "surrogateescape").translate(_LATIN_1)
        template = "It was not saved as UTF-8: letters that are not ASCII were read as Latin-1. Save it as UTF-8."
        return text, (message(template),)


def _upgraded(notebook: dict[str, Any]) -> dict[str, Any]:
    sheets = notebook["worksheets"] if isinstance(notebook["worksheets"], list) else []
    lists = [cells for sheet in sheets if isinstance(cells := _dict(sheet).get("cells"), list)]
    if sum(map(len, lists)) > MOST_CELLS:
        raise Unreadable(message("It has more than {most:,} cells; no more are read.", most=MOST_CELLS))
    # Only what is read: nbformat's own objects take a hundred times the memory of their text.
    plain = {"metadata": {}, "worksheets": [{"cells": [*map(_reduced, cells)]} for cells in lists]}
    plain |= {name: notebook[name] for name in ("nbformat", "nbformat_minor") if name in notebook}
    try:
        return _dict(nbformat.convert(nbformat.from_dict(plain), 4)) | {"metadata": notebook.get("metadata")}
    except Exception:  # whatever an untrusted file makes of it
        template = "It is a notebook of format 3 or older; open it in JupyterLab and save it again."
        raise Unreadable(message(template)) from None


def _reduced(value: object) -> dict[str, Any]:
    """A cell of format 3 with nothing in it but what a Cell has."""
    cell = _dict(value)
    nbgrader = _dict(_dict(cell.get("metadata")).get("nbgrader"))
    graded = {name: one for name in ("grade_id", "points") if isinstance(one := nbgrader.get(name), str | int | float)}
    results = [one for one in map(_dict, _list(cell.get("outputs"))) if one.get("output_type") == "pyout"]
    return {
        "cell_type": _text(cell.get("cell_type")),
        "metadata": {"nbgrader": graded} if graded else {},
        "source": _joined(cell.get("source")),
        "input": _joined(cell.get("input")),
        "level": 1,
        "outputs": [{"output_type": "pyout", "text": _joined(one.get("text"))} for one in results[-1:]],
    }


def _cell(index: int, value: object) -> Cell:
    cell = _dict(value)
    nbgrader = _dict(_dict(cell.get("metadata")).get("nbgrader"))
    return Cell(
        index=index,
        kind=_text(cell.get("cell_type")),
        id=_text(cell.get("id")),
        grade_id=_text(nbgrader.get("grade_id")),
        points=nbgrader.get("points"),
        source=_cleaned(_joined(cell.get("source"))),
        value=_value(cell.get("outputs")),
    )


def _value(outputs: object) -> str:
    results = [_dict(output) for output in _list(outputs)]
    values = [_dict(one.get("data")).get("text/plain") for one in results if one.get("output_type") == "execute_result"]
    return _joined(values[-1]) if values else ""


def _cleaned(source: str) -> str:
    """A source without lone surrogates, and with the line ends of this course, whatever wrote it."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    return source.encode("utf-8", "replace").decode()


def _joined(text: object) -> str:
    """A text that the file may hold as a list of lines."""
    return "".join(map(_text, text)) if isinstance(text, list) else _text(text)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
