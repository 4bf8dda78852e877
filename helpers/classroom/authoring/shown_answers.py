"""Lines of an answer that a notebook shows before the learner has written it."""

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from helpers.checks.grade_id import GradeId
from helpers.classroom.authoring.source import as_release, find_blocks, grading

#: Shorter lines, without their indent, stand in any code: `dx = np.zeros(2)`.
SHORTEST = 20

#: Code in a text cell: a fenced block, a span between backticks, HTML.
_CODE_IN_TEXT = re.compile(r"(?s)```\w*\n(.*?)```|``(.+?)``|`(.+?)`|<code>(.+?)</code>")

_HINTS = re.compile(r"(?s)<details[^>]*>\s*<summary[^>]*>Hint .*?</details>")
_COMMENT = re.compile(r"(?m)^ *#.*$|  #.*$")
_SIGNATURE = re.compile(r"(?m)^ *(?:def|class) .*$")

#: What stands before the part of a line that says how it is done: a name for the result.
NAMED = re.compile(r"^(?:return|[\w.\[\], ()]+? [-+*/@]?=) (?=\S)")


def shown_answers(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, str, str]]:
    """Yield the cells of a release that stand before a stub and show a line of its answer.

    Hints may do so. What the solution shows of an earlier exercise is no matter: the release has its stub there.

    Args:
        notebook: as `read_source` returned it.

    Yields:
        the cell, the number of the exercise whose answer it shows, the line of the answer.
    """
    shown = [(cell, _squeezed(_code_of(cell))) for cell in as_release(notebook).cells]
    places = {cell.id: place for place, (cell, _) in enumerate(shown)}
    for answer in notebook.cells:
        if answer.cell_type == "code" and grading(answer).get("solution"):
            exercise = GradeId.parse(answer.id).exercise_id
            for line in dict.fromkeys(_lines_of(answer)):
                done = NAMED.sub("", line)
                told = _squeezed(done if len(done) >= SHORTEST else line)
                for cell, code in shown[: places[answer.id]]:
                    if told in code:
                        yield cell, exercise, line


def _lines_of(answer: NotebookNode) -> Iterator[str]:
    """Yield the lines of an answer that say how it is done: no signature, no unpacking, no comment, no docstring."""
    lines = answer.source.split("\n")
    inside = {number for block in find_blocks(answer) for number in range(block.begin + 1, block.end)}
    tree = ast.parse(answer.source)
    inside -= {number for node in ast.walk(tree) for number in _plain_lines(node)}
    for number in sorted(inside):
        line = _COMMENT.sub("", lines[number]).strip()
        if len(line) >= SHORTEST:
            yield line


def _plain_lines(node: ast.AST) -> Iterator[int]:
    """Yield the lines of a node that say nothing about how it is done, counted from 0."""
    match node:
        case ast.FunctionDef(body=[first, *_]) | ast.ClassDef(body=[first, *_]):
            yield from range(node.lineno - 1, first.lineno - 1)
        case ast.Expr(value=ast.Constant()) | ast.Return(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            yield from range(node.lineno - 1, node.end_lineno or node.lineno)
        case ast.Assign(targets=[ast.Tuple()], value=ast.Name() | ast.Attribute() | ast.Subscript()):
            yield from range(node.lineno - 1, node.end_lineno or node.lineno)


def _code_of(cell: NotebookNode) -> str:
    """Return the code that a cell of a release shows, without hints and signatures."""
    if cell.cell_type == "code":
        return _SIGNATURE.sub("", cell.source)
    found = _CODE_IN_TEXT.findall(_HINTS.sub("", cell.source))
    return "\n".join("".join(groups) for groups in found)


def _squeezed(code: str) -> str:
    """Return code without the blanks within its lines."""
    return re.sub(r"[ \t]", "", code)
