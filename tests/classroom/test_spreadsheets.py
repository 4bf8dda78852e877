"""No cell of any file that the course writes is a formula to a spreadsheet, however it splits its lines."""

import ast
import csv
import re
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.classroom.administration import export
from helpers.classroom.grading import report
from helpers.classroom.grading.grader import Graded, Score
from helpers.classroom.grading.sanitize import for_spreadsheet

ROOT = Path(__file__).resolve().parents[2]

#: What a student could choose as a name, or let a message say.
HOSTILE = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠1", "﹦1", "−1"),
    *("\t=1", "\r=1", "\n=1", " =1", "\v=1", "\0=1", "\ufeff=1", "\u200b=1", "\u00a0＝1", "\u2028=1"),
    *(
        "O;=2+2",
        "O; =2+2",
        "O;＝2+2",
        'O;"=2+2"',
        "O;'=2+2",
        "O|=2+2",
        "O\t=2+2",
        "O\r=2+2",
        "O；=2+2",
        ";;=2",
        "|;\t@x",
    ),
]

#: The modules that write CSV: of these, training writes numbers and names of its own settings only.
WRITERS = {"classroom/grading/report.py", "training/runs.py", "training/sweep.py"}


def is_formula(cell):
    """Whether a spreadsheet would take a cell for a formula."""
    shown = cell.lstrip(' "\u00a0\u200b\ufeff').replace("−", "-")
    return unicodedata.normalize("NFKC", shown)[:1] in set("=+-@")


def cells_of(text):
    """Return the cells that a spreadsheet could see in a CSV file: split at commas, or at what else it splits at."""
    return [
        cell
        for row in csv.reader(text.splitlines())
        for text in row
        for cell in [text, *re.split(r"[;|；\t\n\r]", text)]
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_part_of_a_cell_is_a_formula_and_its_words_stay(text):
    cell = for_spreadsheet(text)
    assert not any(map(is_formula, cells_of(f'"{cell.replace(chr(34), chr(34) * 2)}"')))
    assert re.findall(r"\w", cell) == re.findall(r"\w", text)


@given(st.text(st.sampled_from("=+-@＝＋；;|\t\r\n '\"a1\u200b\0")))
def test_whatever_is_in_a_cell_it_has_one_line_and_no_formula(text):
    cell = for_spreadsheet(text)
    assert len(cell.splitlines()) <= 1
    assert not any(is_formula(part) for part in re.split(r"[;|；\t]", cell))


@pytest.mark.parametrize(
    "text", ["Ada-Marie O'Neil; Bob", "a | b", "x = 1; y = 2", "ada+1@example.org", "got 1 - 2", ""]
)
def test_an_honest_text_stays_as_it_is(text):
    assert for_spreadsheet(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_no_file_of_a_class_has_a_formula(text):
    score = Score(0.0, 2.0, "wrong", text)
    one = Graded("", {"check-1-1": score, "hidden-1-1": score}, changes=[text])
    student = SimpleNamespace(id=text, first_name=text, last_name=text, email=text, lms_user_id=text)
    result = SimpleNamespace(score=1.0, points=1.0, penalty=0.0, state=text, timestamp=None)
    assignment = SimpleNamespace(name="09_small", duedate=None, max_score=2.0)
    files = [report.report_csv({text: one}), report.as_csv(report.analyse([one]))]
    for rows in export.FORMATS.values():
        found = rows([student], [assignment], {"09_small": {text: result}})
        files.append(report.to_csv(found, export._cell))
    for file in files:
        assert not any(map(is_formula, cells_of(file))), file


def test_there_are_no_other_writers_of_csv():
    found = set()
    for path in (ROOT / "helpers").rglob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
        if names & {"writer", "DictWriter", "writerow", "writerows", "to_csv", "savetxt"}:
            found.add(path.relative_to(ROOT / "helpers").as_posix())
    assert found - {"classroom/administration/export.py"} == WRITERS  # export calls report.to_csv
