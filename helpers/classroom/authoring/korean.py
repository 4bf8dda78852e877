"""Korean in the notebooks: it is marked as such, so that a screen reader reads it with a Korean voice.

The marks are made when a notebook is derived. So they are wherever it is read, in JupyterLab, on GitHub and on the
site, and a source has the words alone.
"""

import re

from nbformat import NotebookNode

#: The heading of the summary in Korean, which ends its cell.
SUMMARY = "## 요약\n"

#: Code, which stays as it is, or Korean words with blanks and commas between them.
_CODE_OR_WORDS = re.compile(r"(`+).*?\1|[가-힣]+(?:,?[ \n][가-힣]+)*", re.DOTALL)


def mark_korean(cells: list[NotebookNode]) -> None:
    """Mark the Korean in the text cells among some cells, in place."""
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = _marked(cell.source)


def _marked(text: str) -> str:
    above, heading, summary = text.partition(SUMMARY)
    marked = _CODE_OR_WORDS.sub(
        lambda found: found[0] if found[1] else f'<span lang="ko">{found[0]}</span>', above + heading
    )
    # The lines of a summary are Korean throughout. The blank lines let Markdown see that they are a list.
    return f'{marked}\n<div lang="ko">\n\n{summary.strip()}\n\n</div>' if heading else marked
