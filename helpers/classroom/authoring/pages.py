"""The pages for learners that are no notebooks, and their parts that are translated."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Markdown files: the first pages of the site, and the README of the learner kit.
PAGES = ("docs/site/course.md", "docs/site/solutions.md", "helpers/classroom/authoring/learner_kit_readme.md")

#: The file with the table of notebooks and the course map, which the first pages of the site have too.
README = "README.md"


@dataclass(frozen=True)
class Row:
    """A row of the table of notebooks.

    Args:
        name: of the notebook.
        cells: what stands beside its title: what a learner writes, and how long it takes.
    """

    name: str
    cells: tuple[str, ...]


def read_sections(path: Path) -> list[str]:
    """Return the sections of a page: each begins with its heading."""
    return [part.strip() for part in re.split(r"(?m)^(?=#+ )", path.read_text(encoding="utf-8")) if part.strip()]


def read_rows(root: Path) -> list[Row]:
    """Return the README's table of notebooks."""
    text = (root / README).read_text(encoding="utf-8")
    found = re.findall(r"(?m)^\| \d\d \| \[.*?\]\(notebooks/(\w+)/\S+\) \|(?: (.*) \|)?$", text)
    return [Row(name, tuple(filter(None, cells.split(" | ")))) for name, cells in found]


def read_course_map(root: Path) -> str:
    """Return the README's words for the course map, to be read out."""
    [words] = re.findall(r"!\[(.*?)\]\(docs/course_map.png\)", (root / README).read_text(encoding="utf-8"))
    return str(words)


def find_texts(root: Path) -> Iterator[tuple[str, str]]:
    """Yield each text that is to be translated, after the path of the file that it stands in."""
    for path in PAGES:
        yield from ((path, section) for section in read_sections(root / path))
    yield README, read_course_map(root)
    yield from ((README, cell) for row in read_rows(root) for cell in row.cells)
