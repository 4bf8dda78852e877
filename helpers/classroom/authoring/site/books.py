"""The site: for each edition the course as a book to read in a browser, and its solutions as another.

Sphinx makes the pages, with MyST-NB and the theme Furo. All that a page needs is in the book's folder, MathJax too, so
a book can be read without a network: directly from its folder, or from any web server.
"""

import logging
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from helpers.classroom.authoring.build import find_editions, find_sources
from helpers.classroom.authoring.site.finished import finish, without_markup
from helpers.classroom.authoring.site.first_page import first_page
from helpers.classroom.authoring.site.markup import for_sphinx
from helpers.classroom.authoring.site.pages import page, run_missing, solve
from helpers.classroom.authoring.source import BuildError, serialise
from helpers.language.message import Message, message
from helpers.language.translation import ENGLISH, folder_of_edition, language, speaking

#: The books, and the title above each of their pages.
BOOKS = {
    "course": Message("From vanishing gradients to a language model"),
    "solutions": Message("Solutions: from vanishing gradients to a language model"),
}

#: What stands above an answer in each book.
LABELS = {"course": Message("Your answer"), "solutions": Message("An answer")}

#: The folder of the site, from the repository's folder.
SITE = Path("build", "site")

#: The only file of MathJax that loads no other: formulas become drawings, which need no fonts.
MATHJAX = "mathjax/static/mathjax/es5/tex-svg-full.js"

logger = logging.getLogger(__name__)


def build(root: str | Path, book: str = "") -> list[Path]:
    """Build the site, both books or one, in every edition.

    A notebook is run only if it, or the code that it imports, has changed since it was last run for the site.

    Args:
        root: the repository; the books go into its build/site/, those of other languages into build/site/LANGUAGE/.
        book: "course" (what learners see) or "solutions".

    Returns:
        the first page of each book.

    Raises:
        ValueError: the book does not exist, or packages are missing.
        BuildError: a notebook or a page cannot be made, or an answer is in the learner's book.
    """
    if book not in ("", *BOOKS):
        raise ValueError(f"There is no book {book}; there are: {', '.join(BOOKS)}.")
    mathjax = find_mathjax()
    root, editions = Path(root), find_editions(root)
    pages = {language: _make_pages(root, language) for language in editions}
    with ThreadPoolExecutor() as threads:  # for Sphinx has a process for each book
        made = [
            threads.submit(write_book, root, name, pages[language][name], mathjax, language)
            for language, name in product(editions, [book] if book else BOOKS)
        ]
        return [one.result() for one in made]


def _make_pages(root: Path, language: str) -> dict[str, dict[str, NotebookNode]]:
    """Return {name of a book: {name of a notebook: its page}} in the edition of a language."""
    paths, kept = find_sources(root), folder_of_edition(root / SITE / "executed", language)
    run_missing(paths, kept, language)
    solutions = {path.stem: solve(path, kept, language) for path in paths}
    return {"solutions": solutions, "course": {path.stem: page(path, solutions[path.stem], language) for path in paths}}


def find_mathjax() -> Path:
    """Return the path of MathJax.

    Raises:
        ValueError: it is not installed, or what builds the site is not.
    """
    try:
        if all(map(find_spec, ("sphinx", "myst_nb", "furo"))):
            return Path(str(distribution("django-static-mathjax").locate_file(MATHJAX)))
    except PackageNotFoundError:
        pass
    raise ValueError(
        "What builds the site is not installed. `make site` installs it; without make: "
        'python -m pip install -c requirements.lock -e ".[site]".'
    )


def write_book(root: Path, name: str, pages: dict[str, NotebookNode], mathjax: Path, language: str = ENGLISH) -> Path:
    """Write a book atomically; it replaces what is in its folder.

    Args:
        root: the repository.
        name: of the book.
        pages: {name of a notebook: the notebook}.
        mathjax: path of MathJax.
        language: of the edition.

    Returns:
        its first page.

    Raises:
        BuildError: Sphinx finds a fault, such as a broken link.
    """
    folder = folder_of_edition(root / SITE, language) / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".partial-") as partial, speaking(language):
        sources, out = Path(partial, "sources"), Path(partial, "out")
        (out / "figures").mkdir(parents=True)
        sources.mkdir()
        for stem, notebook in pages.items():
            text = serialise(for_sphinx(notebook, pages, out / "figures", str(LABELS[name])))
            (sources / f"{stem}.ipynb").write_text(text, encoding="utf-8")
        _write_other_pages(root, name, pages, sources)
        _run_sphinx(root / "docs" / "site", name, max(pages)[:2], sources, out)
        for path in out.glob("*.html"):
            written_in = ENGLISH if path.stem == "glossary" else language
            text = finish(path.read_text(encoding="utf-8"), _editions_of(root, folder / path.name), written_in)
            path.write_text(text, encoding="utf-8")
        index = out / "searchindex.js"
        index.write_text(without_markup(index.read_text(encoding="utf-8")), encoding="utf-8")
        shutil.copy(mathjax, out / "_static" / "mathjax.js")
        if folder.exists():
            folder.rename(Path(partial, "old"))
        out.rename(folder)
    logger.info("wrote the book %s to %s", name, folder)
    return folder / "index.html"


def _run_sphinx(configuration: Path, name: str, last: str, sources: Path, out: Path) -> None:
    """Let Sphinx make the pages, in the language to speak."""
    for_all: dict[str, object] = {
        "language": language(),
        "html_title": BOOKS[name],
        "nb_code_prompt_show": message("Show the imports"),  # nothing else is folded
        "nb_code_prompt_hide": message("Hide the imports"),
    }
    for_templates: dict[str, object] = {"place": message("Notebook {number} of {last}", number="{}", last=last)}
    command: list[str | Path] = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    command += ["--no-color", "--conf-dir", configuration, "--doctree-dir", sources.parent / "doctrees"]
    for option, settings in {"--define": for_all, "--html-define": for_templates}.items():
        command += [part for key, value in settings.items() for part in (option, f"{key}={value}")]
    command += [sources, out]
    logger.info("running %s", " ".join(map(str, command)))
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise BuildError(f"Sphinx could not make the book {name}.\n{done.stderr.strip()}")


def _write_other_pages(root: Path, name: str, pages: dict[str, NotebookNode], sources: Path) -> None:
    """Write the first page and the glossary."""
    titles = {stem: _title_of(notebook) for stem, notebook in pages.items()}
    (sources / "index.md").write_text(first_page(root, name, titles), encoding="utf-8")
    for file in "GLOSSARY.md", "docs/course_map.png":
        shutil.copy(root / file, sources / Path(file).name.lower())


def _title_of(notebook: NotebookNode) -> str:
    return next(found[1] for cell in notebook.cells if (found := re.search(r"(?m)^# (.+)", cell.source)))


def _editions_of(root: Path, path: Path) -> dict[str, str]:
    """Return {language: link} from a page to itself in the other editions."""
    book = path.parent.name
    return {
        other: os.path.relpath(folder_of_edition(root / SITE, other) / book / path.name, path.parent)
        for other in find_editions(root)
        if other != language()
    }
