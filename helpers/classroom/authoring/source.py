"""The source of a notebook, solutions/NN_name/NN_name.py: reading and checking it, and the two notebooks made of it.

Inside a function that a learner writes, the source has the answer between two markers and the stub after them::

    ### BEGIN SOLUTION
    return 1 / (1 + np.exp(-a))
    ### END SOLUTION
    # 1. narrative comments for the learner
    raise NotImplementedError("Exercise 0.1: write sigmoid")

The release is the source without the block, with lines that show where to write; the solution is the source without
the markers and the stub.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode
from nbgrader.nbgraderformat import MetadataValidator, ValidationError
from nbgrader.preprocessors import ComputeChecksums, LockCells

from helpers.checks.catalogue import EXERCISES
from helpers.checks.editions import name_of_edition
from helpers.checks.exercise import POINTS
from helpers.checks.grade_id import GradeId
from helpers.classroom.authoring.cell_ids import assign_cell_ids
from helpers.classroom.authoring.folded import fold_answer, style_folded
from helpers.classroom.authoring.korean import mark_korean
from helpers.classroom.authoring.shown_code import fold_plumbing
from helpers.classroom.authoring.translations import read_translations, translate_cells
from helpers.language.message import Message, message
from helpers.language.translation import ENGLISH, language_of, speaking

#: What replaces a written answer in the release; nbgrader_config.py uses it too.
TEXT_STUB = message("*Write your answer here.*")

#: The first line of an answer cell in the release, and the line above each `raise` of a stub: an answer cell is to be
#: told from others at a glance.
ANSWER_LINE, REPLACE_LINE = Message("# YOUR ANSWER · {exercise}"), Message("# ↓ replace this line")

#: Stands above a text of an edition in another language that is not translated yet, or was changed since.
BEHIND = message("*This part is not translated yet.*")

#: The title of an exercise and the line below it, which has the minutes in the source; stars and points are filled in.
EFFORT = re.compile(r"(?m)^(### \S+ (\d+\.\d+) · .+\n\n<small>)(\d+ ?\w+)</small>$")

_TITLE = re.compile(r"(?m)^### \S+ \d+\.\d+ · ")

#: What stands above the title of an exercise, so that readers see where it begins.
RULE = "<hr>\n\n"

#: Cells with this tag are in the solution only. But a text that follows a text, such as the answer to a question that
#: nobody grades, is in the release as well, folded away at the end of the text above it.
SOLUTION_TAG = "solution"

#: Of these, cells that also have this tag are shown beside a written answer while a person grades it, and in its
#: feedback.
RUBRIC_TAG = "rubric"

#: Cells with this tag, such as a learner's progress, are in the release only.
RELEASE_TAG = "release"

NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

#: May be above a hidden check.
HIDDEN_IMPORT = "from helpers.checks import hidden_check"

MARKER = re.compile(r"( *)### (BEGIN|END) (SOLUTION|HIDDEN TESTS)")
LIKE_A_MARKER = re.compile(r"\b(BEGIN|END)[ _-]*(SOLUTION|HIDDEN)", re.IGNORECASE)


class BuildError(ValueError):
    """A notebook's source, or what was made of it, is not fit to be released; the message says where and why."""


@dataclass
class Block:
    """The lines between two markers, `begin` to `end`, markers included, counted from 0."""

    kind: str
    begin: int
    end: int
    indent: int


def read_source(path: Path, language: str = ENGLISH) -> NotebookNode:
    """Read and check the source of one notebook, and translate what is written for people in it.

    Args:
        path: solutions/NN_name/NN_name.py, in jupytext's percent format.
        language: of the edition.

    Returns:
        the notebook, with stable cell ids and the points of its checks, its markers and stubs still in it.

    Raises:
        BuildError: naming the file and the cell.
    """
    notebook: NotebookNode = jupytext.read(path, fmt="py:percent")
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in ("nbgrader", "tags")}
    assign_cell_ids(notebook.cells, RELEASE_TAG)
    for cell_id, number in Counter(cell.id for cell in notebook.cells).items():
        if number > 1:
            raise BuildError(f"{place(path)}: two cells have the grade id {cell_id}; give each its own.")
    if language != ENGLISH:
        _translate(notebook, path.stem, language)
    for cell in notebook.cells:
        try:
            _check_cell(cell)
            _fill_in_points(cell)
            fold_plumbing(cell)
        except (BuildError, SyntaxError) as error:
            raise BuildError(f"{place(path)}, {describe(cell)}: {error}") from None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            with speaking(language):
                cell.source = style_folded(_fill_in_efforts(cell.source, notebook.cells))
    for above, cell in pairwise(notebook.cells):
        cell.source = _rule_above_exercise(cell.source, above)
    try:
        MetadataValidator().validate_nb(notebook)
    except (ValidationError, KeyError) as error:
        raise BuildError(f"{place(path)}: nbgrader's metadata are not complete: {error}") from None
    return notebook


def as_solution(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook as a reader sees it: no markers, and no stub after an answer."""
    return _derive(notebook, _solution_of, lambda cell: not _has_tag(cell, RELEASE_TAG))


def as_release(notebook: NotebookNode, *, rubric: bool = False) -> NotebookNode:
    """Return the notebook as a learner sees it: without answers to exercises and hidden tests, its graded cells locked.

    Answers to questions that nobody grades are folded away.

    Args:
        notebook: as `read_source` returned it.
        rubric: whether the rubrics of written answers stay, for the person who grades.
    """
    release = _derive(
        fold_answers(notebook),
        _release_of,
        lambda cell: not is_only_in_solution(cell) or (rubric and _has_tag(cell, RUBRIC_TAG)),
    )
    for step in LockCells(), ComputeChecksums():  # by the checksum nbgrader sees whether something was written
        release, _ = step.preprocess(release, {})
    name_edition(release)
    return release


def fold_answers(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook with the answers to questions folded away, each at the end of the text that it follows.

    Code that belongs to an answer is folded away with it, to be read, or copied into a cell.
    """
    with speaking(_language_of(notebook)):
        return _fold_answers(notebook)


def _fold_answers(notebook: NotebookNode) -> NotebookNode:
    cells: list[NotebookNode] = []
    answers: dict[int, list[NotebookNode]] = {}
    follows_answer = False
    for cell in deepcopy(notebook.cells):
        is_answer = is_only_in_solution(cell) and not _has_tag(cell, RUBRIC_TAG)
        if cell.cell_type == "markdown":
            follows_answer = is_answer and bool(cells) and cells[-1].cell_type == "markdown" and not grading(cells[-1])
        else:
            follows_answer = is_answer and follows_answer
        if follows_answer:
            answers.setdefault(len(cells) - 1, []).append(cell)
        else:
            cells.append(cell)
    for index, parts in answers.items():
        cells[index].source += f"\n\n{fold_answer(parts)}"
    return NotebookNode({**notebook, "cells": cells})


def name_edition(release: NotebookNode) -> None:
    """Write into a release's metadata which edition it is."""
    cells = [cell for cell in release.cells if not is_only_in_solution(cell)]
    edition = {"edition": name_of_edition(cells)}
    release.metadata.course = nbformat.from_dict({**release.metadata.get("course", {}), **edition})


def serialise(notebook: NotebookNode) -> str:
    """Return the one text form of a notebook: what is written to a file."""
    return f"{nbformat.writes(notebook, version=4)}\n"


def mark_stub(text: str, grade_id: str) -> str:
    """Return the text of an answer cell of a release with the lines that show where to write."""
    first_line = replace(ANSWER_LINE, values={"exercise": GradeId.parse(grade_id).exercise_id})
    return f"{first_line}\n" + re.sub(r"(?m)^( *)(?=raise NotImplementedError\()", rf"\1{REPLACE_LINE}\n\1", text)


def grading(cell: NotebookNode) -> dict[str, Any]:
    """Return nbgrader's metadata of a cell, or an empty dict."""
    metadata: dict[str, Any] = cell.metadata.get("nbgrader", {})
    return metadata


def is_only_in_solution(cell: NotebookNode) -> bool:
    """Return whether a cell is left out of the release."""
    return _has_tag(cell, SOLUTION_TAG)


def place(path: Path) -> Path:
    """Return the path of a source as an author knows it: solutions/NN_name/NN_name.py."""
    return Path(*path.parts[-3:])


def describe(cell: NotebookNode) -> str:
    """Return words by which an author finds a cell."""
    first_line = cell.source.partition("\n")[0]
    return f"cell {cell.id}" if grading(cell) else f'cell {cell.id} ("{first_line[:50]}")'


def find_blocks(cell: NotebookNode) -> list[Block]:
    """Return the marked blocks of a cell, in order.

    Raises:
        BuildError: a marker is misspelt, has no partner, or is indented differently from its partner.
    """
    markers = []
    for number, line in enumerate(cell.source.split("\n")):
        if LIKE_A_MARKER.search(line):
            if not (match := MARKER.fullmatch(line)):
                raise BuildError(f"`{line.strip()}` looks like a marker; write it as `### BEGIN SOLUTION`.")
            markers.append((number, len(match[1]), match[2], match[3]))
    blocks = []
    for (begin, indent, side, kind), partner in zip_longest(markers[::2], markers[1::2]):
        if side != "BEGIN" or not partner or partner[2:] != ("END", kind):
            raise BuildError(f"### {side} {kind} has no partner: a block is ### BEGIN {kind} to ### END {kind}.")
        end, its_indent, *_ = partner
        if indent != its_indent:
            raise BuildError(
                f"### BEGIN {kind} is indented by {indent} and its ### END by {its_indent}: indent both alike."
            )
        blocks.append(Block(kind, begin, end, indent))
    return blocks


# --- what is checked --------------------------------------------------------------------------------------------------


def _check_cell(cell: NotebookNode) -> None:
    blocks = find_blocks(cell)
    kinds = {block.kind for block in blocks}
    solution, graded = grading(cell).get("solution"), grading(cell).get("grade")
    if blocks and cell.cell_type == "markdown":
        raise BuildError("a text cell has no markers: all of a written answer is replaced in the release.")
    if solution or graded:
        try:
            GradeId.parse(grading(cell).get("grade_id", ""))
        except ValueError as error:
            raise BuildError(str(error)) from None
    if "SOLUTION" in kinds and not solution:
        raise BuildError('it has a solution, but its nbgrader metadata do not say "solution": true.')
    if "HIDDEN TESTS" in kinds and (solution or not graded):
        raise BuildError("hidden tests belong in a graded cell of their own, without a solution.")
    if solution and cell.cell_type == "code":
        _check_answer_cell(cell, blocks)
    if "HIDDEN TESTS" in kinds or "hidden" in grading(cell).get("grade_id", ""):
        _check_hidden_cell(cell, blocks)
    if graded and not solution:
        _check_test_cell(cell, blocks)


def _fill_in_points(cell: NotebookNode) -> None:
    """Give a check the points of its exercise. A written answer, which has no check, says its own."""
    if not grading(cell).get("grade") or grading(cell).get("solution"):
        return
    if "points" in grading(cell):
        raise BuildError(
            'its header has "points": remove them. The points of a check are those of its exercise, by its stars in '
            "helpers/checks."
        )
    exercise = EXERCISES.get(GradeId.parse(grading(cell)["grade_id"]).exercise_id)
    if exercise is None:
        raise BuildError("its exercise is not in helpers/checks, where the points of a check come from.")
    grading(cell)["points"] = int(exercise.points) if exercise.points.is_integer() else exercise.points


def _fill_in_efforts(text: str, cells: Iterable[NotebookNode]) -> str:
    """Complete the line below the title of each exercise: ★★ · 15 min · 2 + 2 points."""

    def effort(found: re.Match[str]) -> str:
        before, exercise_id, minutes = found.groups()
        if exercise := EXERCISES.get(exercise_id):
            stars, half = exercise.stars, exercise.points
            points = message("{visible:g} + {hidden:g} points", visible=half, hidden=half)
        else:  # a written answer, which has its points in its header
            [worth] = [grading(cell)["points"] for cell in cells if cell.id == str(GradeId("ex", exercise_id))] or [0]
            stars = {most: stars for stars, most in POINTS.items()}.get(worth, 0)
            points = message("{worth:g} points", worth=worth)
        return f"{before}{'★' * stars} · {minutes} · {points}</small>"

    return EFFORT.sub(effort, text)


def _rule_above_exercise(text: str, above: NotebookNode) -> str:
    """Begin an exercise with a rule, unless it stands directly below the title of a section."""
    found = _TITLE.search(text)
    before = text[: found.start()] if found else text
    section = re.fullmatch(r"#+ .*", (before or above.source).rstrip().rpartition("\n")[2])
    return text if not found or section else before + RULE + text[found.start() :]


def _check_hidden_cell(cell: NotebookNode, blocks: list[Block]) -> None:
    if len(blocks) != 1:
        raise BuildError("hidden tests stand between one ### BEGIN HIDDEN TESTS and one ### END HIDDEN TESTS.")
    if any(line and not line.startswith("#") for line in _release_of(cell).split("\n")):
        raise BuildError("there is code outside the hidden tests; only a comment may remain in the release.")


def _check_test_cell(cell: NotebookNode, blocks: list[Block]) -> None:
    """A test cell is one call and nothing else: the grader does not run the cell, it makes the same call itself."""
    grade_id, lines = GradeId.parse(grading(cell)["grade_id"]), cell.source.split("\n")
    function = "check" if grade_id.kind == "check" else "hidden_check"
    for block in blocks:
        lines = [line for line in lines[block.begin + 1 : block.end] if line not in ("", HIDDEN_IMPORT)]
    if not re.fullmatch(rf'{function}\("{re.escape(grade_id.exercise_id)}", \w+\)', "\n".join(lines)):
        raise BuildError(
            f'a test cell is the one line `{function}("{grade_id.exercise_id}", …)`, with the answer\'s name.'
        )


def _check_answer_cell(cell: NotebookNode, blocks: list[Block]) -> None:
    if not blocks:
        raise BuildError("it is a solution cell without ### BEGIN SOLUTION: all of it would be taken out.")
    tree = _parse(cell.source, "it")
    for block in blocks:
        function = _find_function(block, tree)
        expected = function.body[0].col_offset
        if block.indent != expected:
            raise BuildError(
                f"the markers in `{function.name}` are indented by {block.indent}, its body by {expected}: "
                "indent both alike."
            )
        _check_stub(function, block)
    exercise_id = GradeId.parse(grading(cell)["grade_id"]).exercise_id
    for other in set(re.findall(r'NotImplementedError\("Exercise ([\d.]+):', cell.source)) - {exercise_id}:
        raise BuildError(f"its stub says Exercise {other}, its grade id {exercise_id}.")
    _parse(_release_of(cell), "its release")
    _parse(_solution_of(cell), "its solution")


def _check_stub(function: ast.FunctionDef, block: Block) -> None:
    inside = range(block.begin + 1, block.end + 2)  # as ast counts lines, from 1
    if not any(node.lineno in inside for node in function.body):
        raise BuildError(f"the solution of `{function.name}` is empty.")
    raising = [node for node in ast.walk(function) if isinstance(node, ast.Raise)]
    if not all(_is_stub_raise(node) for node in raising if node.lineno not in inside):
        raise BuildError(
            f'the stub of `{function.name}` may raise one thing only: NotImplementedError("Exercise N.M: …").'
        )
    *given, last = function.body
    if not _is_stub_raise(last) or last.lineno in inside:
        raise BuildError(
            f"the stub of `{function.name}` must end, after ### END SOLUTION, in "
            'raise NotImplementedError("Exercise N.M: …").'
        )
    for node in given:
        if node.lineno > inside[-1] and not _is_unpacking(node):
            raise BuildError(
                f"`{ast.unparse(node)}` comes after the ### END SOLUTION of `{function.name}` and would be released; "
                "a stub may only unpack its arguments."
            )


def _is_stub_raise(node: ast.AST) -> bool:
    match node:
        case ast.Raise(
            exc=ast.Call(func=ast.Name(id="NotImplementedError"), args=[ast.Constant(value=str(message))]), cause=None
        ):
            return bool(re.match(r"Exercise \d+\.\d+: \S", message))
    return False


def _is_unpacking(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute))


def _parse(source: str, what: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise BuildError(f"{what} is not valid Python (line {error.lineno}: {error.msg}).") from None


def _find_function(block: Block, tree: ast.Module) -> ast.FunctionDef:
    """Return the innermost function that a block is in."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    around = [node for node in functions if node.lineno <= block.begin + 1 <= _end_of(node)]
    if not around:
        raise BuildError("a ### BEGIN SOLUTION outside a function: put the markers inside its body, indented.")
    return max(around, key=lambda node: node.lineno)


def _end_of(function: ast.FunctionDef) -> int:
    return function.end_lineno or function.lineno  # what was parsed has an end


# --- its translation --------------------------------------------------------------------------------------------------

#: A link to a file at the top of the repository: the notebooks of an edition in another language lie one folder deeper.
_LINK_TO_TOP = re.compile(r"\]\((?=\.\./\.\./)")


def _translate(notebook: NotebookNode, name: str, language: str) -> None:
    """Translate a notebook in place; what is not translated yet stays in English, below a line that says so."""
    translations = read_translations(language, name)

    def translated(text: str, cell_id: str) -> str:
        return translations.get(text, text)

    english = {cell.id: cell.source for cell in notebook.cells}
    notebook.cells = translate_cells(notebook.cells, translated)
    with speaking(language):
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                if english[cell.id] not in translations:
                    cell.source = f"{BEHIND}\n\n{cell.source}"
                cell.source = _LINK_TO_TOP.sub("](../", cell.source)
    notebook.metadata.course = NotebookNode(language=language)


def _language_of(notebook: NotebookNode) -> str:
    return language_of(notebook.metadata) or ENGLISH


# --- what is made of it -----------------------------------------------------------------------------------------------


def _derive(
    notebook: NotebookNode, source_of: Callable[[NotebookNode], str], keeps: Callable[[NotebookNode], bool]
) -> NotebookNode:
    derived = deepcopy(notebook)
    derived.cells = [cell for cell in derived.cells if keeps(cell)]
    with speaking(_language_of(notebook)):
        for cell in derived.cells:
            cell.source = source_of(cell)
    if _language_of(notebook) == ENGLISH:
        mark_korean(derived.cells)
    return derived


def _release_of(cell: NotebookNode) -> str:
    is_answer = bool(grading(cell).get("solution"))
    if is_answer and cell.cell_type == "markdown":
        return str(TEXT_STUB)
    text = _without(cell, {number for block in find_blocks(cell) for number in range(block.begin, block.end + 1)})
    return mark_stub(text, grading(cell)["grade_id"]) if is_answer else text


def _solution_of(cell: NotebookNode) -> str:
    blocks = find_blocks(cell)
    dropped = {number for block in blocks for number in (block.begin, block.end)}
    for block in blocks:
        if block.kind == "SOLUTION":
            dropped.update(range(block.end, _end_of(_find_function(block, ast.parse(cell.source)))))
    return _without(cell, dropped)


def _without(cell: NotebookNode, dropped: set[int]) -> str:
    return "\n".join(line for number, line in enumerate(cell.source.split("\n")) if number not in dropped)


def _has_tag(cell: NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])
