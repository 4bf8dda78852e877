"""A notebook in the form that Sphinx and MyST-NB read: links and callouts in their syntax, pictures as files."""

import base64
import hashlib
import re
import struct
from collections.abc import Container
from copy import deepcopy
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from helpers.checks.grade_id import GradeId
from helpers.classroom.authoring.build import PAYLOAD
from helpers.classroom.authoring.shown_code import leave_out_plumbing
from helpers.classroom.authoring.source import RULE, grading
from helpers.language.message import Message

#: The first words of a callout, and the theme's box for it.
CALLOUTS = {
    Message("Note"): "note",
    Message("Warning"): "warning",
    Message("Notation"): "important",
    Message("Try it"): "tip",
}

#: A link to the glossary: the notebooks of an edition in another language lie one folder deeper.
GLOSSARY = re.compile(r"\((?:\.\./){2,3}GLOSSARY\.md\)")

#: A picture in a notebook, with or without a box around it, and with or without a rendering for a narrow screen. Its
#: style is for JupyterLab; the site has a style sheet.
PICTURE = re.compile(
    r"(?P<box><div [^>]*>)?"
    rf'(?:<picture><source(?P<narrow_attributes>[^>]*?) srcset="(?P<narrow>{PAYLOAD})">)?'
    rf'<img(?P<attributes>[^>]*?) style="[^"]*" src="(?P<payload>{PAYLOAD})">'
    r"(?(narrow)</picture>)(?(box)</div>)"
)

#: What is for the tests, or says what the label above an answer says, at the top of a cell.
NOT_FOR_A_READER = re.compile(r"\A# (?:NBVAL_IGNORE_OUTPUT|YOUR ANSWER\b.*)\n")

#: A figure that is wider [pixels] can be scrolled on a narrow page, unless it has a rendering for that.
WIDE = 600


def for_sphinx(notebook: NotebookNode, pages: Container[str], figures: Path, label: str) -> NotebookNode:
    """Return a notebook as Sphinx reads it, given one in the language to speak.

    Args:
        notebook: a page.
        pages: the names of the notebooks in the book.
        figures: the folder for pictures.
        label: what stands above an answer.
    """
    notebook = deepcopy(notebook)
    leave_out_plumbing(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = callouts(links(cell.source.replace(RULE, ""), pages))
        else:
            cell.source = NOT_FOR_A_READER.sub("", cell.source)
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = PICTURE.sub(lambda found: as_file(found, figures), output.data["text/html"])
    notebook.cells = [shown for cell in notebook.cells for shown in _labelled(cell, label)]
    return notebook


def _labelled(cell: NotebookNode, label: str) -> list[NotebookNode]:
    """Return a cell, below its label if it is the place of an answer."""
    if not grading(cell).get("solution"):
        return [cell]
    grade_id = GradeId.parse(grading(cell)["grade_id"])
    return [new_markdown_cell(f":::{{container}} answer-label\n{label} · {grade_id.exercise_id}\n:::"), cell]


def links(text: str, pages: Container[str]) -> str:
    """Return text with links to the pages of this book; a link to a notebook that is not in it becomes plain text."""
    text = GLOSSARY.sub("(glossary.md)", text)
    link = re.compile(r"\[([^\]]+)\]\((?:\.\./|notebooks/)(\w+)/\2\.ipynb\)")
    return link.sub(lambda found: f"[{found[1]}]({found[2]}.ipynb)" if found[2] in pages else found[1], text)


def callouts(text: str) -> str:
    """Return text with `> **Note.** …` turned into a box of the theme."""
    return re.sub(r"(?m)(?:^> ?.*\n?)+", lambda found: _callout(found[0]), text)


def _callout(quote: str) -> str:
    text = re.sub(r"(?m)^> ?", "", quote)
    kind = re.match(r"\*\*([\w ]+)\.\*\*\s*", text)
    boxes = {str(words): box for words, box in CALLOUTS.items()}
    if not kind or kind[1] not in boxes:
        return quote
    return f":::{{admonition}} {kind[1]}\n:class: {boxes[kind[1]]}\n{text[kind.end() :].strip()}\n:::\n"


def as_file(found: re.Match[str], figures: Path) -> str:
    """Write a picture to files and return the HTML that shows it, inside a link to it at its full size."""
    name, width, height = _write(found["payload"], found["attributes"], figures)
    # With its height the page does not jump when the picture is loaded.
    shown = f'<img{found["attributes"]} height="{height}" loading="lazy" src="figures/{name}">'
    if found["narrow"]:
        narrow, _, height = _write(found["narrow"], found["narrow_attributes"], figures)
        source = f'<source{found["narrow_attributes"]} height="{height}" srcset="figures/{narrow}">'
        shown = f"<picture>{source}{shown}</picture>"
    scrolls = width > WIDE and not found["narrow"]
    return f'<a class="figure{" wide" * scrolls}" href="figures/{name}">{shown}</a>'


def _write(payload: str, attributes: str, figures: Path) -> tuple[str, int, int]:
    """Write an image to a file, and return its name, and the width and height at which it is shown [pixel]."""
    png = base64.b64decode(payload.partition(",")[2])
    name = f"{hashlib.sha256(png).hexdigest()[:16]}.png"
    (figures / name).write_bytes(png)
    width = int(re.findall(r' width="(\d+)"', attributes)[0])
    across, down = struct.unpack(">II", png[16:24])
    return name, width, round(width * down / across)
