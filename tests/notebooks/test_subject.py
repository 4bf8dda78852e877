"""The table of the subject in docs/subject.md: what it names is there, and nothing is missing from it."""

import re
from pathlib import Path

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.authoring.build import find_sources
from helpers.classroom.authoring.source import grading, is_only_in_solution, read_source

ROOT = Path(__file__).resolve().parents[2]
PAPER = (ROOT / "docs/subject.md").read_text(encoding="utf-8")
CELLS = {
    path.stem[:2]: [cell for cell in read_source(path).cells if not is_only_in_solution(cell)]
    for path in find_sources(ROOT)
}


def _rows():
    for line in PAPER.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0] not in ("point", "---"):
            yield cells


ROWS = list(_rows())


def headings(number):
    """The headings of a notebook, and of an exercise the number alone as well."""
    text = "\n".join(cell.source for cell in CELLS[number] if cell.cell_type == "markdown")
    found = re.findall(r"^#{2,3} (.+)$", text, re.MULTILINE)
    return {name for heading in found for name in (heading, heading.partition(" · ")[0])}


def code(number):
    """All code of a notebook that a learner sees."""
    return "\n".join(cell.source for cell in CELLS[number] if cell.cell_type == "code")


def graded(number):
    """The exercises of a notebook, such as 1.3, those that a person grades among them."""
    ids = [grading(cell)["grade_id"] for cell in CELLS[number] if grading(cell).get("grade")]
    return {name.partition("-")[2].replace("-", ".") for name in ids}


def test_what_explains_a_point_is_there():
    assert [point for point, explained, _, _ in ROWS if explained[5:] not in headings(explained[:2])] == []


def test_the_figure_of_a_point_is_drawn_in_that_notebook():
    drawn = [(point, explained[:2], figure.strip("`")) for point, explained, figure, _ in ROWS if figure]
    assert [point for point, number, figure in drawn if f"plots.{figure}(" not in code(number)] == []


def test_what_tries_a_point_is_there():
    missing = []
    for point, explained, _, tried in ROWS:
        number = explained[:2]
        for name in [tried] if tried.startswith("`") else tried.split(", "):
            there = name.strip("`") in code(number) if name.startswith("`") else name in graded(number)
            if not there:
                missing.append(f"{point}: {name}")
    assert missing == []


def test_every_exercise_stands_in_the_table():
    named = set(re.findall(r"\b\d\.\d\b", " ".join(tried for *_, tried in ROWS if not tried.startswith("`"))))
    assert set(EXERCISES) - named == {"0.1", "0.2"}  # which the last sentence names
