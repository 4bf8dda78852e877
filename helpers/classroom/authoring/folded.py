"""What a notebook folds away: hints, and in a release the answers to questions that nobody grades."""

import re
from collections.abc import Sequence

from nbformat import NotebookNode

from helpers.language.message import message

#: How it looks wherever a notebook is opened: no louder than the text, in a light and in a dark theme.
BODY = "border-left: 3px solid rgba(127, 127, 127, 0.5); padding: 0 1em; margin: 0.5em 0"
TITLE = "cursor: pointer; font-weight: 500"

#: With what an answer begins in the solution.
_BEGINNING = re.compile(r"### (?P<title>.+)\n+|\*\*.+?\*\* ")

#: With what a list begins that goes on in another cell.
_LIST_GOES_ON = re.compile(r"\d+\. ")


def style_folded(text: str) -> str:
    """Return the text of a cell with a style for each part that is folded away."""
    return text.replace("<details>", f'<details style="{BODY}">').replace("<summary>", f'<summary style="{TITLE}">')


def fold_answer(cells: Sequence[NotebookNode]) -> str:
    """Return the text of an answer, which may stand in several cells, folded away under “Answer” or “Answers”."""
    first, *more = [_as_markdown(cell) for cell in cells]
    beginning = _BEGINNING.match(first)
    title = beginning["title"] if beginning and beginning["title"] else message("Answer")
    body = first[beginning.end() :] if beginning else first
    for text in more:
        body += ("\n" if _LIST_GOES_ON.match(text) else "\n\n") + text
    return style_folded(f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>")


def _as_markdown(cell: NotebookNode) -> str:
    return f"```python\n{cell.source}\n```" if cell.cell_type == "code" else str(cell.source)
