"""The language in which the course speaks: English, its source, or that of an edition with a catalogue of translations.

A catalogue is a compiled gettext file, catalogues/LANGUAGE.mo beside this module; `make translations` makes it. What is
not in it is said in English.
"""

import gettext
import json
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from helpers.language.particles import choose_particles

ENGLISH = "en"

#: Environment variable with the language of the edition where no notebook of the course says it.
EDITION = "COURSE_EDITION"

CATALOGUES = Path(__file__).with_name("catalogues")

#: What names a language: in the metadata of notebooks, and as a folder.
CODE = re.compile(r"[a-z]{2,3}")

_chosen: ContextVar[str] = ContextVar("language", default="")


def languages() -> list[str]:
    """Return the languages that there are, English first."""
    return [ENGLISH, *sorted(path.stem for path in CATALOGUES.glob("*.mo"))]


def language() -> str:
    """Return the language to speak: of `speaking`, else of the notebook in this folder, else of the edition."""
    return _chosen.get() or _of_notebook_in(_folder()) or os.environ.get(EDITION) or _of_course()


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Speak a language for the time of the context."""
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def choose() -> str:
    """Return the language of the edition: the environment names it, else it is that of the course.

    Raises:
        ValueError: there is no such edition.
    """
    name = os.environ.get(EDITION) or _of_course()
    if name not in languages():
        raise ValueError(f"There is no edition {name}; there are: {', '.join(languages())}. Name one as EDITION=ko.")
    return name


def folder_of_edition(folder: Path, name: str) -> Path:
    """Return where a folder of notebooks has those of a language: English lies in it directly, another below it."""
    return folder if name == ENGLISH else folder / name


def translate(text: str) -> str:
    """Return a text of the course, or the template of a message, in the language to speak."""
    if not text or (name := language()) == ENGLISH:  # to gettext, "" is the head of a catalogue
        return text
    return _catalogue(name).gettext(text)


def finish(text: str) -> str:
    """Return a message, its values in it, with what only the values decide: the particles of Korean."""
    return text if language() == ENGLISH else choose_particles(text)


def language_of(metadata: object) -> str:
    """Return the language of a notebook of the course, given its metadata; "" if it is no notebook of the course."""
    course = metadata.get("course") if isinstance(metadata, dict) else None
    if not isinstance(course, dict):
        return ""
    named = course.get("language", ENGLISH)
    return named if isinstance(named, str) and CODE.fullmatch(named) else ENGLISH


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""  # it was removed


@cache
def _of_course() -> str:
    """Return the first language in which the course has notebooks; a learner kit may have them in one other only."""
    notebooks = CATALOGUES.parents[2] / "notebooks"
    return next((name for name in languages() if any(folder_of_edition(notebooks, name).glob("[0-9][0-9]_*"))), ENGLISH)


@cache
def _of_notebook_in(folder: str) -> str:
    """Return the language of the notebook of the course in a folder, or ""."""
    for path in sorted(Path(folder).glob("[0-9][0-9]_*.ipynb")):
        try:
            found = language_of(json.loads(path.read_bytes()).get("metadata"))
        except (OSError, ValueError, AttributeError, RecursionError):
            continue  # damaged: whoever opens it is told
        if found:
            return found
    return ""


@cache
def _catalogue(name: str) -> gettext.NullTranslations:
    try:
        with (CATALOGUES / f"{name}.mo").open("rb") as file:
            return gettext.GNUTranslations(file)
    except (OSError, ValueError, struct.error):  # there is none, or it is damaged
        return gettext.NullTranslations()
