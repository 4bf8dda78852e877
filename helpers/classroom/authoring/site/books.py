"""The site: the course as a book to read in a browser, and its solutions as another.

Sphinx makes the pages, with MyST-NB and the theme Furo. All that a page needs is in the book's folder, MathJax too, so
a book can be read without a network: directly from its folder, or from any web server.
"""

import logging
import re
import shutil
import subprocess
import sys
from collections.abc import Container
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from helpers.classroom.authoring.build import find_sources
from helpers.classroom.authoring.site.finished import finish
from helpers.classroom.authoring.site.markup import for_sphinx
from helpers.classroom.authoring.site.pages import page, run_missing, solve
from helpers.classroom.authoring.source import BuildError, serialise

#: The books, and the title above each of their pages.
BOOKS = {
    "course": "From vanishing gradients to a language model",
    "solutions": "Solutions: from vanishing gradients to a language model",
}

#: What stands above an answer in each book.
LABELS = {"course": "Your answer", "solutions": "An answer"}

#: The only file of MathJax that loads no other: formulas become drawings, which need no fonts.
MATHJAX = "mathjax/static/mathjax/es5/tex-svg-full.js"

logger = logging.getLogger(__name__)


def build(root: str | Path, book: str = "") -> list[Path]:
    """Build the site, both books or one.

    A notebook is run only if it, or the code that it imports, has changed since it was last run for the site.

    Args:
        root: the repository; the books go into its build/site/.
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
    place = Path(root, "build", "site")
    paths = find_sources(root)
    run_missing(paths, place / "executed")
    pages = {"solutions": {path.stem: solve(path, place / "executed") for path in paths}}
    pages["course"] = {path.stem: page(path, pages["solutions"][path.stem]) for path in paths}
    with ThreadPoolExecutor() as threads:  # for Sphinx has a process for each book
        return [
            *threads.map(
                lambda name: write_book(Path(root), name, pages[name], place / name, mathjax),
                [book] if book else BOOKS,
            )
        ]


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


def write_book(root: Path, name: str, pages: dict[str, NotebookNode], folder: Path, mathjax: Path) -> Path:
    """Write a book atomically.

    Args:
        name: of the book.
        pages: {name of a notebook: the notebook}.
        folder: of the book; it replaces what is there.

    Returns:
        its first page.

    Raises:
        BuildError: Sphinx finds a fault, such as a broken link.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=".partial-") as partial:
        sources, out = Path(partial, "sources"), Path(partial, "out")
        (out / "figures").mkdir(parents=True)
        sources.mkdir()
        for stem, notebook in pages.items():
            text = serialise(for_sphinx(notebook, pages, out / "figures", LABELS[name]))
            (sources / f"{stem}.ipynb").write_text(text, encoding="utf-8")
        _write_index(root, name, pages, sources)
        _run_sphinx(root / "docs" / "site", name, max(pages)[:2], sources, out)
        for path in out.glob("*.html"):
            path.write_text(finish(path.read_text(encoding="utf-8")), encoding="utf-8")
        shutil.copy(mathjax, out / "_static" / "mathjax.js")
        if folder.exists():
            folder.rename(Path(partial, "old"))
        out.rename(folder)
    logger.info("wrote the book %s to %s", name, folder)
    return folder / "index.html"


def _run_sphinx(configuration: Path, name: str, last: str, sources: Path, out: Path) -> None:
    command: list[str | Path] = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    command += ["--no-color", "--conf-dir", configuration, "--doctree-dir", sources.parent / "doctrees"]
    command += ["--define", f"html_title={BOOKS[name]}", "--html-define", f"last_notebook={last}", sources, out]
    logger.info("running %s", " ".join(map(str, command)))
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise BuildError(f"Sphinx could not make the book {name}.\n{done.stderr.strip()}")


def _write_index(root: Path, name: str, pages: Container[str], sources: Path) -> None:
    """Write the first page, from its template and the README's table of notebooks, and the glossary."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    [course_map] = re.findall(r"!\[(.*?)\]\(docs/course_map.png\)", readme)
    found = re.findall(r"^\| (\d\d) \| \[(.*?)\]\(notebooks/(\w+)/\S+\)(.*)", readme, re.MULTILINE)
    rows = [(f"{number} · {title}", stem, rest) for number, title, stem, rest in found if stem in pages]
    text = Template((root / "docs" / "site" / f"{name}.md").read_text(encoding="utf-8")).substitute(
        course_map=course_map,
        stations="\n".join(f"- [{title}]({stem}.ipynb)" for title, stem, _ in rows),
        notebooks="\n".join(f"| [{title}]({stem}.ipynb){rest}" for title, stem, rest in rows),
        entries="\n".join(f"{title} <{stem}>" for title, stem, _ in rows),
    )
    (sources / "index.md").write_text(text, encoding="utf-8")
    for file in "GLOSSARY.md", "docs/course_map.png":
        shutil.copy(root / file, sources / Path(file).name.lower())
