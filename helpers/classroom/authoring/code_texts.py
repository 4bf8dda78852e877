"""What is written for people in the code of a cell: its comments and docstrings."""

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: Comments for a program, and those without a letter in them.
_FOR_PROGRAMS = re.compile(r"###|#\s*(fmt:|type:|noqa|NBVAL|%%)|#[^A-Za-z가-힣]*$")


@dataclass(frozen=True)
class _Place:
    """Where a text stands: lines `begin` to `end`, counted from 0 and the last not among them, from a column on.

    `write` makes these lines of another text.
    """

    begin: int
    end: int
    text: str
    write: Callable[[str], list[str]]


def replace_texts(source: str, change: Callable[[str], str]) -> str:
    """Return the code of a cell with another text in the place of each of its own.

    Args:
        source: valid Python.
        change: given a docstring, or the comment lines that follow each other, without indent and marks; it returns
            what is to stand there.
    """
    lines = source.split("\n")
    places = [*_comments(source, lines), *_docstrings(source, lines)]
    for place in sorted(places, key=lambda one: one.begin, reverse=True):
        text = change(place.text)
        if text != place.text:
            lines[place.begin : place.end] = place.write(text)
    return "\n".join(lines)


def _comments(source: str, lines: list[str]) -> Iterator[_Place]:
    """Yield the comments: lines of the same indent that follow each other as one, those behind code by themselves."""
    block: list[tuple[int, int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or _FOR_PROGRAMS.match(token.string):
            continue
        row, column, text = token.start[0] - 1, token.start[1], token.string
        if (code := lines[row][:column]).strip():
            yield _behind_code(row, code, text)
            continue
        if block and block[-1][:2] != (row - 1, column):
            yield _block(block)
            block = []
        block.append((row, column, text))
    if block:
        yield _block(block)


def _behind_code(row: int, code: str, text: str) -> _Place:
    return _Place(row, row + 1, _bare(text), lambda new: [f"{code}# {' '.join(new.split())}"])


def _block(block: list[tuple[int, int, str]]) -> _Place:
    indent = " " * block[0][1]
    text = "\n".join(_bare(text) for _, _, text in block)
    return _Place(
        block[0][0], block[-1][0] + 1, text, lambda new: [f"{indent}# {line}".rstrip() for line in new.split("\n")]
    )


def _bare(comment: str) -> str:
    return re.sub(r"^# ?", "", comment)


def _docstrings(source: str, lines: list[str]) -> Iterator[_Place]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            literal = node.body[0]
            begin, end = literal.lineno - 1, literal.end_lineno or literal.lineno
            written = "\n".join(lines[begin:end])[literal.col_offset :]
            opening = written[: written.index('"""') + 3]
            text = inspect.cleandoc(written[len(opening) : -3])
            yield _Place(begin, end, text, _writer(" " * literal.col_offset, opening))


def _writer(indent: str, opening: str) -> Callable[[str], list[str]]:
    def write(text: str) -> list[str]:
        first, *more = text.strip().split("\n")
        if not more:
            return [f'{indent}{opening}{first}"""']
        return [f"{indent}{opening}{first}", *(f"{indent}{line}".rstrip() for line in more), f'{indent}"""']

    return write
