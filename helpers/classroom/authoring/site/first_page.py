"""The first page of a book, from its template and from the README's table of notebooks."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from helpers.classroom.authoring.pages import read_course_map, read_rows, read_sections
from helpers.classroom.authoring.translations import read_translations
from helpers.language.message import Message
from helpers.language.translation import ENGLISH, language

#: What stands in the menu above the notebooks of each book, and above the glossary.
CAPTIONS, REFERENCE = {"course": Message("The course"), "solutions": Message("Solutions")}, Message("Reference")


def first_page(root: Path, name: str, titles: Mapping[str, str]) -> str:
    """Return the Markdown of a book's first page, in the language to speak.

    Args:
        root: the repository.
        name: of the book.
        titles: {name of a notebook in the book: its title}.
    """
    translations = {} if language() == ENGLISH else read_translations(language(), "pages", root)

    def translated(text: str) -> str:
        return translations.get(text, text)

    rows = [row for row in read_rows(root) if row.name in titles]
    links = [f"[{row.name[:2]} · {titles[row.name]}]({row.name}.ipynb)" for row in rows]
    page = "\n\n".join(map(translated, read_sections(root / "docs" / "site" / f"{name}.md")))
    text = Template(page).substitute(
        course_map=translated(read_course_map(root)),
        stations="\n".join(f"- {link}" for link in links),
        notebooks="\n".join(f"| {' | '.join([link, *map(translated, row.cells)])} |" for link, row in zip(links, rows)),
    )
    entries = [f"{row.name[:2]} · {titles[row.name]} <{row.name}>" for row in rows]
    return "\n\n".join([text, _menu(CAPTIONS[name], entries), _menu(REFERENCE, ["glossary"])])


def _menu(caption: Message, entries: Iterable[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""])
