"""The pages for learners that are no notebooks, and their parts that are translated."""

import re
from pathlib import Path

#: Markdown files: the first pages of the site, and the README of the learner kit.
PAGES = ("docs/site/course.md", "docs/site/solutions.md", "helpers/classroom/authoring/learner_kit_readme.md")


def read_sections(path: Path) -> list[str]:
    """Return the sections of a page: each begins with its heading."""
    return [part.strip() for part in re.split(r"(?m)^(?=#+ )", path.read_text(encoding="utf-8")) if part.strip()]
