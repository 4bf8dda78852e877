"""The table of the subject in docs/subject.md: what it names is there, and nothing is missing from it."""

import re
from pathlib import Path

import pytest

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
every_point = pytest.mark.parametrize(("point", "explained", "figure", "tried"), ROWS, ids=[row[0] for row in ROWS])


def headings(number):
    """The headings of a notebook, without the stars and the minutes of an exercise's."""
    text = "\n".join(cell.source for cell in CELLS[number] if cell.cell_type == "markdown")
    found = re.findall(r"^#{2,3} (.+)$", text, re.MULTILINE)
    return {name for heading in found for name in (heading, heading.partition(" ★")[0])}


def code(number):
    """All code of a notebook that a learner sees."""
    return "\n".join(cell.source for cell in CELLS[number] if cell.cell_type == "code")


@every_point
def test_what_explains_a_point_is_there(point, explained, figure, tried):
    number, heading = explained.split(" · ")
    assert heading in headings(number)


@every_point
def test_the_figure_of_a_point_is_drawn_in_that_notebook(point, explained, figure, tried):
    assert not figure or f"plots.{figure.strip('`')}(" in code(explained[:2])


@every_point
def test_what_tries_a_point_is_there(point, explained, figure, tried):
    number = explained[:2]
    for name in [tried] if tried.startswith("`") else tried.split(", "):
        if name.startswith("`"):
            assert name.strip("`") in code(number)
        else:
            assert f"{int(number)}." == name[:2]
            graded = {grading(cell).get("grade_id") for cell in CELLS[number] if grading(cell).get("grade")}
            assert graded & {f"check-{name.replace('.', '-')}", f"ex-{name.replace('.', '-')}"}


def test_every_exercise_stands_in_the_table():
    named = set(re.findall(r"\b\d\.\d\b", " ".join(tried for *_, tried in ROWS if not tried.startswith("`"))))
    assert set(EXERCISES) - named == {"0.1"}  # which the last sentence names
