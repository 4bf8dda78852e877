"""Catalogues of translations: what is to be translated, taken from its sources, and what has been.

English is the source. For each language there is a folder translations/LANGUAGE/ with gettext's catalogues: one for
each notebook, one for the exercises and their known mistakes, one for the messages, one for the pages; and terms.csv, a
table of terms to avoid. `merge` keeps the catalogues up to date, and compiles what is said while the course runs.
"""

import ast
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from string import Formatter

import jupytext
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po
from markdown_it import MarkdownIt
from nbformat import NotebookNode

from helpers.atomic_write import replace_file
from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.observation import BY_HAND
from helpers.classroom.authoring import pages
from helpers.classroom.authoring.cell_ids import assign_cell_ids
from helpers.classroom.authoring.code_texts import replace_texts
from helpers.classroom.authoring.korean import SUMMARY
from helpers.language import make_says
from helpers.language.translation import CATALOGUES, CODE, ENGLISH

ROOT = Path(__file__).resolve().parents[3]

#: The catalogues of what is said while the course runs; they are compiled into one file.
SPOKEN = ("exercises", "messages")

#: What makes a template: it is the first argument of one of these, or what one of these variables is set to.
_MAKERS = {"message", "Message", "MessageError", "CorpusError", "DamagedCheckpointError", "ContractError"}
_VARIABLES = {"template", "PURPOSES"}

#: The dates in the head of a catalogue are always the same, so that the same texts give the same file.
_DATE = datetime(2026, 1, 1, tzinfo=UTC)

#: The first line of an entry; the head of a catalogue is none.
_ENTRY = re.compile(rb'(?m)^msgid (?!""\nmsgstr)')

#: Text to the places where it stands, in the order of the sources.
Texts = dict[str, list[str]]


@dataclass(frozen=True)
class Finding:
    """Something about one entry of a catalogue.

    Args:
        catalogue: path of the file, from the repository's folder.
        place: where the text stands in its source.
        text: its first words.
        what: what is to be said of it.
    """

    catalogue: str
    place: str
    text: str
    what: str

    def __str__(self) -> str:
        return f'{self.catalogue}, {self.place}, "{self.text}": {self.what}'


# --- what is to be translated ----------------------------------------------------------------------------------------


def find_texts(root: str | Path = ROOT) -> dict[str, Texts]:
    """Return, by the name of a catalogue, the texts that it is to have."""
    sources = sorted(path for path in Path(root, "solutions").glob("[0-9]*/*.py") if path.stem == path.parent.name)
    found = {path.stem: _texts_of_notebook(path) for path in sources}
    return found | {
        "exercises": _texts_of_exercises(),
        "messages": _texts_of_messages(Path(root)),
        "pages": _noted(pages.find_texts(Path(root))),
    }


def translate_cells(cells: Iterable[NotebookNode], change: Callable[[str, str], str]) -> list[NotebookNode]:
    """Return the cells of an edition in another language: all but the summary in Korean, with other texts.

    An edition has the English summary, translated, in its place.

    Args:
        cells: of a source, with their ids; changed in place.
        change: given a text and the id of its cell, it returns what is to stand there.
    """
    kept = [cell for cell in cells if not cell.source.startswith(SUMMARY)]
    for cell in kept:
        if cell.cell_type == "markdown":
            cell.source = change(cell.source, cell.id)
        else:
            cell.source = replace_texts(cell.source, lambda text, cell=cell: change(text, cell.id))  # type: ignore[misc]
    return kept


def _texts_of_notebook(path: Path) -> Texts:
    cells = jupytext.read(path, fmt="py:percent").cells
    assign_cell_ids(cells, "release")
    noted: list[tuple[str, str]] = []

    def note(text: str, place: str) -> str:
        noted.append((place, text))
        return text

    translate_cells(cells, note)
    return _noted(noted)


def _texts_of_exercises() -> Texts:
    """The names of the draws; the titles of all exercises, their mistakes, hints, and results with a longer name."""

    def texts() -> Iterator[tuple[str, str]]:
        yield from (("helpers/checks", label) for label in (BY_HAND, *(draw.label for draw in (*VISIBLE, *HIDDEN))))
        for exercise in EXERCISES.values():
            yield exercise.id, exercise.title
            for mistake in exercise.misconceptions:
                yield from ((exercise.id, mistake.name), (exercise.id, mistake.hint))
            for name in (*exercise.results, *exercise.groups.values()):
                if " " in name:
                    yield exercise.id, name

    return _noted(texts())


def _texts_of_messages(root: Path) -> Texts:
    """The templates in the code, and what make says."""

    def texts() -> Iterator[tuple[str, str]]:
        for path in sorted((root / "helpers").rglob("*.py")):
            place = path.relative_to(root).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield from ((place, text) for made in _made_of(node) for text in _literals(made))
        for path in root.glob("Makefile"):
            yield from ((path.name, text) for text in make_says.find_texts(path.read_text(encoding="utf-8")))

    return _noted(texts())


def _made_of(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _MAKERS:
            return [first]
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in _VARIABLES:
            return [value]
    return []


def _literals(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression may have: of a condition, both; of a dict, its values."""
    match node:
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.IfExp(body=body, orelse=other):
            yield from (*_literals(body), *_literals(other))
        case ast.Dict(values=values):
            yield from itertools.chain.from_iterable(map(_literals, values))


def _noted(texts: Iterable[tuple[str, str]]) -> Texts:
    found: Texts = {}
    for place, text in texts:
        places = found.setdefault(text, [])
        if place not in places:
            places.append(place)
    return {text: places for text, places in found.items() if text.strip()}


# --- the catalogues --------------------------------------------------------------------------------------------------


def find_languages(root: str | Path = ROOT) -> list[str]:
    """Return the languages that have a folder of catalogues; English, the source, has none."""
    folders = (path.name for path in Path(root, "translations").glob("*/"))
    return sorted(name for name in folders if CODE.fullmatch(name) and name != ENGLISH)


def merge(root: str | Path = ROOT) -> list[Path]:
    """Bring every catalogue up to date with the sources, and compile what is said; return the files that changed.

    The entry of a text that was changed stays, marked as fuzzy, until somebody has looked at it.

    Raises:
        ValueError: a catalogue cannot be read.
    """
    outdated = _outdated(_made(root))
    for path, data in outdated.items():
        replace_file(path, data)
    return [*outdated]


def find_stale(root: str | Path = ROOT) -> Iterator[tuple[Path, str]]:
    """Yield each file that `merge` would change, or that has no source, and the command that mends it."""
    made = _made(root)
    yield from ((path, "make translations") for path in _outdated(made))
    there = {*Path(root, "translations").glob("*/*.po"), *Path(root, CATALOGUES.relative_to(ROOT)).glob("*.mo")}
    yield from ((path, f"git rm {path.relative_to(root)}") for path in sorted(there - made.keys()))


def read_translations(language: str, name: str, root: str | Path = ROOT) -> dict[str, str]:
    """Return the texts of a catalogue that are translated, and not fuzzy."""
    path = Path(root, "translations", language, f"{name}.po")
    return {str(entry.id): str(entry.string) for entry in _read_file(path) if _is_done(entry)}


def _made(root: str | Path) -> dict[Path, bytes]:
    """Return what every catalogue, and what is compiled of them, should hold."""
    merged = dict(_merged(root))
    return {**merged, **dict(_compiled(root, merged))}


def _outdated(made: dict[Path, bytes]) -> dict[Path, bytes]:
    return {path: data for path, data in made.items() if not path.exists() or path.read_bytes() != data}


def _merged(root: str | Path) -> Iterator[tuple[Path, bytes]]:
    languages = find_languages(root)
    texts = find_texts(root) if languages else {}
    for language in languages:
        for name, wanted in texts.items():
            path = Path(root, "translations", language, f"{name}.po")
            yield path, _update(path, language, wanted)


def _update(path: Path, language: str, wanted: Texts) -> bytes:
    template = Catalog(creation_date=_DATE)
    for text, places in wanted.items():
        flags = ["python-brace-format"] if path.stem == "messages" and _fields(text) else []
        template.add(text, auto_comments=[", ".join(places[:3])], flags=flags)
    catalogue = _read_file(path)
    catalogue.update(template, update_creation_date=False)
    for key, value in {"locale": language, "project": "course", "version": "1", "fuzzy": False}.items():
        setattr(catalogue, key, value)
    catalogue.header_comment = f"# {path.stem}: English texts of the course, and their translation."
    catalogue.creation_date = catalogue.revision_date = _DATE
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=0, ignore_obsolete=True, include_previous=True)
    return buffer.getvalue()


def _compiled(root: str | Path, merged: dict[Path, bytes]) -> Iterator[tuple[Path, bytes]]:
    for language in find_languages(root):
        spoken = Catalog(locale=language, creation_date=_DATE, revision_date=_DATE, fuzzy=False)
        for path, data in merged.items():
            if path.parent.name == language and path.stem in SPOKEN:
                for entry in filter(_is_done, _read(data, path)):
                    spoken.add(entry.id, entry.string)
        buffer = io.BytesIO()
        write_mo(buffer, spoken)
        yield Path(root, CATALOGUES.relative_to(ROOT), f"{language}.mo"), buffer.getvalue()


def _read_file(path: Path) -> Catalog:
    return _read(path.read_bytes(), path) if path.exists() else Catalog()  # of a notebook that is new


def _read(data: bytes, path: Path) -> Catalog:
    try:
        catalogue = read_po(io.BytesIO(data), abort_invalid=True)
        if len(_ENTRY.findall(data)) > len(catalogue):  # Babel passes over what is cut off
            raise ValueError("an entry has no end, or is there twice")
        return catalogue
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {error}. Mend that line, or take the file back from git.") from None


def _is_done(entry: Entry) -> bool:
    return bool(entry.id and entry.string) and not entry.fuzzy


# --- what is wrong with them -----------------------------------------------------------------------------------------


def find_behind(root: str | Path = ROOT) -> list[Finding]:
    """Return the texts that an edition shows in English: not translated yet, or changed since."""
    return [
        _finding(path, entry, "was changed since it was translated" if entry.fuzzy else "is not translated")
        for path, entry in _entries(root)
        if not _is_done(entry)
    ]


def find_broken(root: str | Path = ROOT) -> list[Finding]:
    """Return the translations with other placeholders, code, formulas, links or markup, or with wrong terms."""
    return [
        _finding(path, entry, what)
        for path, entry in _entries(root)
        if _is_done(entry)
        for what in _faults(path, str(entry.id), str(entry.string))
    ]


def _entries(root: str | Path) -> Iterator[tuple[Path, Entry]]:
    for language in find_languages(root):
        for path in sorted(Path(root, "translations", language).glob("*.po")):
            yield from ((path, entry) for entry in _read_file(path) if entry.id)


def _finding(path: Path, entry: Entry, what: str) -> Finding:
    start = " ".join(str(entry.id).split())[:50]
    return Finding("/".join(path.parts[-3:]), ", ".join(entry.auto_comments), start, what)


#: What a translation has as often as its text: [name for a person, pattern].
_KEPT = {
    "links": r"\]\(([^)\s]+)",
    "tags": r"</?[a-z]+",
    "headings": r"(?m)^#+ (?=\S)",
    "fences": r"(?m)^(?:```|:::).*",
}

#: What may be named more or less often, but is the same; not in pages, which have blocks of Sphinx's and placeholders.
_NAMED = {"code spans": r"`([^`]+)`", "formulas": r"\$\$[^$]+\$\$|\$[^$]+\$"}

#: Code and formulas, whose stars and tildes are their own.
_NO_MARKUP = re.compile(r"(?s)```.*?```|`[^`]*`|\$[^$]+\$")


def _faults(path: Path, text: str, translated: str) -> Iterator[str]:
    if path.stem == "messages" and _fields(text) != _fields(translated):
        yield f"the placeholders are {_fields(translated)}, and should be {_fields(text)}"
    for what, pattern in _KEPT.items():
        if Counter(re.findall(pattern, text)) != Counter(re.findall(pattern, translated)):
            yield f"the {what} are others than in the text"
    for what, pattern in _NAMED.items() if path.stem != "pages" else ():
        old, new = ({_squeezed(one) for one in re.findall(pattern, side)} for side in (text, translated))
        if old != new:
            yield f"the {what} are others than in the text: {', '.join(sorted(old ^ new))}"
    if _is_starred(translated) and not _is_starred(text):
        yield "Markdown shows stars: it closes none between a bracket, a quote or a full stop and a letter"
    if _is_struck_out(translated) and not _is_struck_out(text):
        yield "JupyterLab strikes out what stands between the two ~ of a paragraph"
    for wrong, right in _read_terms(path.with_name("terms.csv")):
        if re.search(wrong, translated):
            yield f"instead of {wrong} the glossary has {right}"


def _is_starred(text: str) -> bool:
    """Return whether stars that should make something bold are left when Markdown is rendered."""
    inline = (token for block in MarkdownIt().parse(_NO_MARKUP.sub("x", text)) for token in block.children or [])
    return any("**" in token.content for token in inline if token.type == "text")


def _is_struck_out(text: str) -> bool:
    """Return whether a paragraph has two tildes: in Korean those of ranges, in JupyterLab around deleted text."""
    return any(paragraph.count("~") > 1 for paragraph in re.split(r"\n\s*\n", _NO_MARKUP.sub("x", text)))


def _fields(template: str) -> list[str]:
    try:
        parts = [*Formatter().parse(template)]
    except ValueError:
        return []  # braces of Python's own
    named = ((name, f"!{sign}" if sign else "", f":{form}" if form else "") for _, name, form, sign in parts if name)
    return sorted(map("".join, named))


def _squeezed(text: str) -> str:
    r"""Return code or a formula without blanks and what is an edition's own: its folder in my/, words in \text{…}."""
    return re.sub(r"\\text\{[^}]*\}|\s|(?<=\bmy/)[a-z]{2,3}/| EDITION=\w+", "", text)


@cache
def _read_terms(path: Path) -> list[tuple[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["not"], row["but"]) for row in csv.DictReader(file)]
