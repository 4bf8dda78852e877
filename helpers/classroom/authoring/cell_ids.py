"""Cell ids that stay: a cell is named after the heading above it, so that a change elsewhere does not rename it."""

import hashlib
import re
from collections import Counter

from nbformat import NotebookNode

#: Longest name of a heading in an id [characters]; with all that may follow it an id has fewer than nbformat's 64.
LONGEST = 48

_FENCED = re.compile(r"^ {0,3}(```+|~~~+).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)

#: Of a heading, what is changed without changing its subject: the number of a section, a remark in brackets at the end.
_BESIDE_THE_SUBJECT = re.compile(r"^\d+\.\s+|\s*\([^()]*\)$")


def assign_cell_ids(cells: list[NotebookNode], release_tag: str) -> None:
    """Give every cell its id: its grade id, else the last heading at or above it and its number under that heading.

    A cell that is graded, or in the release only, has no number among the others. So inserting or removing a cell
    renames only cells after it under the same heading, and a cell has one id in all that is made of a source.

    Args:
        cells: of a whole notebook, in order; changed in place.
        release_tag: the tag of cells that are in the release only.
    """
    headings = Counter[str]()
    section, numbers = _section("top", headings), Counter[str]()
    for cell in cells:
        if heading := find_heading(cell):
            section, numbers = _section(heading, headings), Counter[str]()
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if grade_id:
            cell.id = re.sub(r"[^A-Za-z0-9_-]+", "-", grade_id)
            continue
        # No slug has an underscore in it, so no two of these can come out alike.
        group = f"{section}_release" if release_tag in cell.metadata.get("tags", []) else section
        numbers[group] += 1
        cell.id = f"{group}_{numbers[group]}"


def find_heading(cell: NotebookNode) -> str:
    """Return the last heading in a cell, or ""; what looks like one inside a code fence is none."""
    found = _HEADING.findall(_FENCED.sub("", cell.source)) if cell.cell_type == "markdown" else []
    return found[-1] if found else ""


def _section(heading: str, headings: Counter[str]) -> str:
    """Return the name of a section; from the second of the same heading on, with its number."""
    slug = make_slug(heading)
    headings[slug] += 1
    return slug if headings[slug] == 1 else f"{slug}_{headings[slug]}"


def make_slug(heading: str) -> str:
    """Return a heading as lower-case words of a-z and 0-9, with hyphens between them.

    Where that leaves out letters, as of a Korean heading, or is too long, a checksum of the heading is added.
    """
    subject = _BESIDE_THE_SUBJECT.sub("", heading).lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", subject))
    if len(slug) <= LONGEST and not re.search(r"[^\W_]", re.sub(r"[a-z0-9]", "", subject)) and slug:
        return slug
    checksum = hashlib.sha256(subject.encode()).hexdigest()[:8]
    return f"{slug[: LONGEST - 9].rstrip('-')}-{checksum}".lstrip("-")
