"""The anatomy of every notebook and of every exercise: what a learner finds in each of them, in the same place."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.authoring.build import find_sources, solution_path
from helpers.classroom.authoring.source import grading, is_only_in_solution, read_source

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {path.stem[:2]: path for path in find_sources(ROOT)}
NOTEBOOKS = {number: read_source(path).cells for number, path in SOURCES.items()}
EVERYWHERE = (
    *("**You will do**", "**You will learn**", "**You will need**"),
    *("## Summary", "## Questions", "### Answers", "## Before you hand in", "## Further reading", "## 요약"),
)

every_notebook = pytest.mark.parametrize("number", NOTEBOOKS)
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


def text(cells):
    """All words of some cells."""
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def section(number, heading):
    """The words from a heading of level 2 to the next."""
    return text(NOTEBOOKS[number]).partition(f"{heading}\n")[2].partition("\n## ")[0]


def words_of(exercise):
    """All that stands from the heading of an exercise to the next heading, code included."""
    number = f"{int(exercise.id.partition('.')[0]):02d}"
    words = "\n".join(cell.source for cell in NOTEBOOKS[number] if not is_only_in_solution(cell))
    begin = words.index(f"### Exercise {exercise.id} ")
    end = re.search(r"^##+ (?!BEGIN|END)", words[begin + 3 :], re.MULTILINE)
    return words[begin : begin + 3 + end.start()]


@every_notebook
def test_a_notebook_has_every_part(number):
    words = text(NOTEBOOKS[number])
    assert [part for part in EVERYWHERE if part not in words] == []
    assert re.match(r"# \w+", NOTEBOOKS[number][0].source) or re.search(r"^# \w+", words, re.MULTILINE)


@every_notebook
def test_every_question_has_an_answer(number):
    questions, answers = section(number, "## Questions"), ""
    for cell in NOTEBOOKS[number]:
        if is_only_in_solution(cell):
            answers += cell.source + "\n"
    asked = re.findall(r"^(\d+)\. ", questions.partition("### Answers")[0], re.MULTILINE)
    answered = re.findall(r"^(\d+)\. ", answers, re.MULTILINE)
    assert asked == answered == [str(count) for count in range(1, len(asked) + 1)]
    assert len(asked) >= (8 if number != "00" else 3) and len(asked) <= 10


@every_notebook
def test_the_korean_summary_has_five_lines(number):
    lines = re.findall(r"^(\d)\. .*[가-힣]", section(number, "## 요약"), re.MULTILINE)
    assert lines == list("12345")


@every_notebook
def test_a_text_cell_has_at_most_120_words(number):
    counts = {cell.id: _words_of(cell.source) for cell in NOTEBOOKS[number] if not is_only_in_solution(cell)}
    texts = [cell.id for cell in NOTEBOOKS[number] if cell.cell_type == "markdown" and not grading(cell)]
    assert {name: counts[name] for name in texts if counts.get(name, 0) > 120} == {}


def _words_of(source):
    """How many words of prose a cell has: its hints, equations, tables and closing lists apart."""
    prose = re.split(r"^## (?:Summary|Questions|Further reading|요약)", source, flags=re.MULTILINE)[0]
    return len(re.sub(r"(?s:<details>.*?</details>|\$\$.*?\$\$)|(?m:^\|.*$)", "", prose).split())


@every_notebook
def test_only_the_four_callouts_are_used(number):
    callouts = re.findall(r"^> \*\*(\w[^*]*?)\.?\*\*", text(NOTEBOOKS[number]), re.MULTILINE)
    assert {callout for callout in callouts if "xercise" not in callout} <= {"Note", "Warning", "Notation", "Try it"}


@pytest.mark.parametrize("number", ["01", "03", "04", "07"])
def test_a_slider_moves_a_figure_that_stands_still_elsewhere(number):
    code = [cell.source for cell in NOTEBOOKS[number] if cell.cell_type == "code"]
    sliders = [source for source in code if "plots.SliderFigure(" in source]
    assert sliders
    for source in sliders:
        figure = re.search(r"plots\.(?!SliderFigure)(\w+)\(", source)[0]
        assert any(figure in other for other in code if other != source)


@every_notebook
def test_every_figure_has_alt_text(number):
    shown = nbformat.read(solution_path(SOURCES[number]), as_version=4).cells
    outputs = [output for cell in shown if cell.cell_type == "code" for output in cell.outputs]
    pages = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    images = [image for page in pages for image in re.findall(r"<img [^>]*>", page)]
    assert images
    assert [image for image in images if not re.search(r'alt="[^"]{40,}"', image)] == []


@every_exercise
def test_an_exercise_has_its_parts_in_order(exercise):
    words = words_of(exercise)
    assert re.match(rf"### Exercise {exercise.id} {'★' * exercise.stars} .+ \(about \d+ min\)\n", words)
    parts = ("**Why.**", "NotImplementedError", "Hint 1: ", "check(", "**What to notice.**", "**Go further.**")
    places = [words.find(part) for part in parts]
    assert [part for part, found in zip(parts, places) if found < 0] == []
    assert all(one < other for one, other in pairwise(places))
    assert "**By hand" in words
    assert [words.count(f"<summary>Hint {tier}: ") for tier in (1, 2, 3)] == [1, 1, 1]


@every_exercise
def test_why_takes_at_most_80_words(exercise):
    assert len(words_of(exercise).partition("**Why.**")[2].split("\n\n")[0].split()) <= 80


@every_exercise
def test_the_points_of_an_exercise_are_half_visible_and_half_hidden(exercise):
    name = exercise.id.replace(".", "-")
    cells = [grading(cell) for source in NOTEBOOKS.values() for cell in source]
    points = {cell["grade_id"]: cell["points"] for cell in cells if cell.get("grade")}
    assert points[f"check-{name}"] == points[f"hidden-{name}"] == exercise.points
