"""Cell ids that stay: a cell is named after the heading above it, so that a change elsewhere does not rename it."""

import hashlib
import re
from collections import Counter

from nbformat import NotebookNode

#: Longest name of a heading in an id [characters]; with all that may follow it an id has at most nbformat's 64.
LONGEST = 48

_FENCED = re.compile(r"^ {0,3}(```+|~~~+).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)

#: What changes in a heading while its subject stays: the number of a section, and a remark in brackets at its end.
_BESIDE_THE_SUBJECT = re.compile(r"^\d+\.\s+|\s*\([^()]*\)$")


def assign_cell_ids(cells: list[NotebookNode], release_tag: str) -> None:
    """Give every cell its id: its grade id, else the last heading at or above it and its number under that heading.

    A cell that is graded, or in the release only, has no number among the others. So inserting or removing a cell
    renames only cells after it under the same heading, and a cell has the same id in all that is made of a source.

    Args:
        cells: of a whole notebook, in order; changed in place.
        release_tag: the tag of cells that are in the release only.
    """
    section, sections, numbers = "top", Counter(["top"]), Counter[str]()
    for cell in cells:
        if heading := find_heading(cell):
            section = make_slug(heading)
            sections[section] += 1
            if sections[section] > 1:
                section += f"_{sections[section]}"
        # No slug has an underscore in it, so no two of these can be alike.
        group = f"{section}_release" if release_tag in cell.metadata.get("tags", []) else section
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        numbers[group] += not grade_id
        cell.id = re.sub(r"[^A-Za-z0-9_-]+", "-", grade_id) or f"{group}_{numbers[group]}"


def find_heading(cell: NotebookNode) -> str:
    """Return the last heading in a cell, or ""; a line of code in a fence is not a heading."""
    found = _HEADING.findall(_FENCED.sub("", cell.source)) if cell.cell_type == "markdown" else []
    return found[-1] if found else ""


def make_slug(heading: str) -> str:
    """Return a heading as lower-case words of a-z and 0-9, with hyphens between them.

    Where that leaves out letters, as of a Korean heading, or is too long, a checksum of the heading is added.
    """
    subject = _BESIDE_THE_SUBJECT.sub("", heading).lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", subject))
    if slug and len(slug) <= LONGEST and not re.search(r"[^\W_a-z0-9]", subject):
        return slug
    checksum = hashlib.sha256(subject.encode()).hexdigest()[:8]
    return f"{slug[: LONGEST - 9].rstrip('-')}-{checksum}".lstrip("-")
