"""The linter of the notebooks: which parts a notebook and an exercise must have, in what order, and how long."""

import ast
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from nbformat import NotebookNode

from helpers.checks.catalogue import EXERCISES
from helpers.checks.exercise import Exercise
from helpers.checks.grade_id import GradeId, Kind
from helpers.classroom.authoring.build import find_sources
from helpers.classroom.authoring.learner_copy import as_learner_copy
from helpers.classroom.authoring.shown_answers import shown_answers
from helpers.classroom.authoring.source import as_release, grading, is_only_in_solution, place, read_source

logger = logging.getLogger(__name__)

#: What every notebook has.
PARTS = (
    *("**You will do**", "**You will learn**", "**You will need**", "(../../GLOSSARY.md)"),
    *("## Summary", "## Questions", "### Answers", "## Before you hand in", "## Further reading", "## 요약"),
)

#: What every exercise has, in this order.
EXERCISE_PARTS = ("**Why.**", "NotImplementedError", "Hint 1: ", "check(", "**What to notice.**", "**Go further.**")

#: Exercises of one line, which have one hint.
ONE_LINE = ("2.1", "2.3", "8.1")

CALLOUTS = ("Note", "Warning", "Notation", "Try it")

#: The most words of a text cell, and of the paragraph on why an exercise is worth doing.
LONGEST_CELL, LONGEST_WHY = 120, 80

#: The most cells of a learner's copy and words of its prose, and the cells of notebook 05, which builds five layers.
MOST_CELLS, MOST_WORDS, MOST_CELLS_OF_05 = 90, 2800, 110

#: The fewest and most questions at the end of a notebook; the first one is short.
QUESTIONS, QUESTIONS_OF_00 = (8, 10), (3, 10)


@dataclass(frozen=True)
class Finding:
    """A broken rule: the source of the notebook, the id of the cell, what is wrong and what to do."""

    path: Path
    cell: str
    text: str

    def __str__(self) -> str:
        return f"{place(self.path)}: cell {self.cell}: {self.text}"


def lint(root: Path, notebook: str = "") -> list[Finding]:
    """Check the text of all notebooks, or of one.

    Args:
        root: the repository.
        notebook: the number or name of one, e.g. "01".

    Returns:
        the findings, in the order of the notebooks.
    """
    return [finding for path in find_sources(root, notebook) for finding in lint_source(path)]


def lint_source(path: Path, catalogue: Mapping[str, Exercise] = EXERCISES) -> list[Finding]:
    """Return the findings in one source, solutions/NN_name/NN_name.py, by the exercises of a catalogue."""
    notebook = read_source(path)
    cells: list[NotebookNode] = notebook.cells
    number = int(path.stem.partition("_")[0])
    exercises = [exercise for exercise in catalogue.values() if exercise.id.startswith(f"{number}.")]
    found = [
        *_check_parts(cells),
        *_check_questions(cells, QUESTIONS if number else QUESTIONS_OF_00),
        *_check_korean_summary(cells),
        *_check_text_cells(cells),
        *_check_length(as_learner_copy(as_release(notebook)).cells, MOST_CELLS_OF_05 if number == 5 else MOST_CELLS),
        *_check_sliders(cells),
        *_check_untouched(cells),
        *_check_shown_answers(notebook),
        *(finding for exercise in exercises for finding in _check_exercise(cells, exercise)),
    ]
    logger.debug("%s: %d cells, %d exercises, %d findings", place(path), len(cells), len(exercises), len(found))
    return [Finding(path, cell.id, text) for cell, text in found]


#: What a rule finds: cells, and what is wrong with each.
_Found = Iterator[tuple[NotebookNode, str]]


# --- a notebook -------------------------------------------------------------------------------------------------------


def _check_parts(cells: list[NotebookNode]) -> _Found:
    text = _text(cells)
    for part in PARTS:
        if part not in text:
            yield cells[0], f"the notebook has no {part}: add it."
    if not re.search(r"^# \w+", text, re.MULTILINE):
        yield cells[0], "the notebook has no title: begin it with `# ` and a verb."


def _check_questions(cells: list[NotebookNode], allowed: tuple[int, int]) -> _Found:
    asked = _numbers(_section(cells, "## Questions").partition("### Answers")[0])
    answered = _numbers(_text([cell for cell in cells if is_only_in_solution(cell)], code=True))
    cell = _cell_with(cells, "## Questions")
    if asked != [str(count) for count in range(1, len(asked) + 1)]:
        yield cell, f"the questions are numbered {', '.join(asked)}: count them from 1."
    if answered != asked:
        yield cell, f"{len(asked)} questions have {len(answered)} answers: give each one, under its number."
    fewest, most = allowed
    if not fewest <= len(asked) <= most:
        yield cell, f"there are {len(asked)} questions: ask {fewest} to {most}."


def _check_korean_summary(cells: list[NotebookNode]) -> _Found:
    lines = re.findall(r"^(\d)\. .*[가-힣]", _section(cells, "## 요약"), re.MULTILINE)
    if lines != list("12345"):
        yield _cell_with(cells, "## 요약"), f"the summary in Korean has {len(lines)} lines: give it five, 1. to 5."


def _check_text_cells(cells: list[NotebookNode]) -> _Found:
    for cell in cells:
        if cell.cell_type != "markdown":
            continue
        words = _count_words(cell.source)
        if words > LONGEST_CELL and not is_only_in_solution(cell) and not grading(cell):
            yield cell, f"it has {words} words of prose, and the most is {LONGEST_CELL}: shorten or split it."
        for callout in re.findall(r"^> \*\*(\w[^*]*?)\.?\*\*", cell.source, re.MULTILINE):
            if callout not in CALLOUTS and "xercise" not in callout:
                yield cell, f"“{callout}” is not a callout: use one of {', '.join(CALLOUTS)}."


def _check_length(cells: list[NotebookNode], most: int) -> _Found:
    """Find what makes a learner's copy longer than a learner has time for."""
    if len(cells) > most:
        yield cells[0], f"a learner's copy has {len(cells)} cells, and the most is {most}: join or leave out some."
    words = sum(_count_words(cell.source) for cell in cells if cell.cell_type == "markdown")
    if words > MOST_WORDS:
        yield cells[0], f"it has {words:,} words of prose, and the most is {MOST_WORDS:,}: shorten it."


def _count_words(source: str) -> int:
    """Count the words of prose in a cell: without hints, equations, tables and the closing lists."""
    prose = re.split(r"^## (?:Summary|Questions|Further reading|요약)", source, flags=re.MULTILINE)[0]
    return len(re.sub(r"(?s:<details.*?</details>|<small>.*?</small>|\$\$.*?\$\$)|(?m:^\|.*$)", "", prose).split())


def _check_sliders(cells: list[NotebookNode]) -> _Found:
    code = [cell for cell in cells if cell.cell_type == "code"]
    for cell in code:
        if "plots.SliderFigure(" not in cell.source:
            continue
        figure = re.search(r"plots\.(?!SliderFigure)(\w+)\(", cell.source)
        if figure is None:
            yield cell, "a slider must move a figure of `helpers.plots`."
        elif not any(figure[0] in other.source for other in code if other is not cell):
            yield cell, f"its slider moves `{figure[1]}`: draw it without a slider in another cell as well."


def _check_untouched(cells: list[NotebookNode]) -> _Found:
    """Find what an untouched release would stop at: a stub that is used before `answer` has taken its place."""
    unwritten: set[str] = set()
    for cell in cells:
        if cell.cell_type != "code" or is_only_in_solution(cell):
            continue
        tree = ast.parse(cell.source)
        if grading(cell).get("solution"):
            definitions = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
            unwritten |= {node.name for node in definitions if "NotImplementedError" in ast.unparse(node)}
        elif not grading(cell):
            names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
            unwritten -= {name.id for name in names if isinstance(name.ctx, ast.Store)}
            for name in sorted(unwritten & {name.id for name in names}):
                yield cell, f"`{name}` is a stub in an untouched notebook: write `{name} = answer(…)` before its use."


def _check_shown_answers(notebook: NotebookNode) -> _Found:
    for cell, exercise, line in shown_answers(notebook):
        yield (
            cell,
            f"it shows `{line}`, a line of the answer to {exercise}, before its stub: take it out.",
        )


# --- an exercise ------------------------------------------------------------------------------------------------------


def _check_exercise(cells: list[NotebookNode], exercise: Exercise) -> _Found:
    yield from _find_missing_checks(cells, exercise)
    text = _text([cell for cell in cells if not is_only_in_solution(cell)], code=True)
    begin = text.find(f"### Exercise {exercise.id} ")
    if begin < 0:
        yield cells[0], f"exercise {exercise.id} has no heading: write `### Exercise {exercise.id} …` above its text."
        return
    end = re.search(r"^##+ (?!BEGIN|END)", text[begin + 3 :], re.MULTILINE)
    words = text[begin : begin + 3 + end.start()] if end else text[begin:]
    cell = _cell_with(cells, f"### Exercise {exercise.id} ")
    for fault in _faults_of(words, exercise):
        yield cell, f"exercise {exercise.id}: {fault}"


def _faults_of(words: str, exercise: Exercise) -> Iterator[str]:
    """Yield what is wrong with the words of an exercise, from its heading to the next."""
    title = f"### Exercise {exercise.id} · {exercise.title}"
    if not re.match(rf"{re.escape(title)}\n\n<small>★+ · \d+ min · .+</small>\n", words):
        yield f"it must begin with `{title}`, an empty line and `<small>… min</small>`."
    places = {part: words.find(part) for part in (*EXERCISE_PARTS, "**By hand")}
    for part, found in places.items():
        if found < 0:
            yield f"it has no `{part}`: add it."
    for (one, first), (other, second) in pairwise((part, places[part]) for part in EXERCISE_PARTS):
        if 0 <= second < first:
            yield f"`{other}` stands before `{one}`: change their order."
    hints = 1 if exercise.id in ONE_LINE else 3
    for tier in (1, 2, 3):
        if (count := len(re.findall(rf"<summary[^>]*>Hint {tier}: ", words))) != (tier <= hints):
            yield f"it has hint {tier} {count} times: give it {hints} hint{'s' if hints > 1 else ''}."
    why = len(words.partition("**Why.**")[2].split("\n\n")[0].split())
    if why > LONGEST_WHY:
        yield f"its “Why” has {why} words, and the most is {LONGEST_WHY}: shorten it."


def _find_missing_checks(cells: list[NotebookNode], exercise: Exercise) -> _Found:
    graded = {cell.id for cell in cells if grading(cell).get("grade")}
    kinds: tuple[Kind, ...] = ("check", "hidden")
    for kind in kinds:
        if str(GradeId(kind, exercise.id)) not in graded:
            yield cells[0], f"exercise {exercise.id} has no {kind} cell: add it."


# --- reading ----------------------------------------------------------------------------------------------------------


def _text(cells: list[NotebookNode], code: bool = False) -> str:
    """Return all that is written in some cells, with or without those of code."""
    return "\n".join(cell.source for cell in cells if code or cell.cell_type == "markdown")


def _section(cells: list[NotebookNode], heading: str) -> str:
    """Return the text from a heading of level 2 to the next."""
    return _text(cells).partition(f"{heading}\n")[2].partition("\n## ")[0]


def _cell_with(cells: list[NotebookNode], words: str) -> NotebookNode:
    """Return the first cell with some words in it, or else the first one of all."""
    return next((cell for cell in cells if words in cell.source), cells[0])


def _numbers(text: str) -> list[str]:
    """Return the numbers of a numbered list."""
    return re.findall(r"^(\d+)\. ", text, re.MULTILINE)
