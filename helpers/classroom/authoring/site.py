"""The site: the course as a book to read in a browser, and its solutions as another.

Sphinx makes the pages, with MyST-NB and the theme Furo. All that a page needs is in the book's folder, MathJax too, so
a book can be read without a network: directly from its folder, or from any web server.
"""

import base64
import hashlib
import html
import logging
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Container
from copy import deepcopy
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers.atomic_write import replace_file
from helpers.classroom.authoring.build import PAYLOAD, find_sources, run
from helpers.classroom.authoring.release import check_secrets
from helpers.classroom.authoring.source import (
    BuildError,
    as_release,
    as_solution,
    find_blocks,
    grading,
    read_source,
    serialise,
)

#: The books, and the title above each of their pages.
BOOKS = {
    "course": "From vanishing gradients to a language model",
    "solutions": "Solutions: from vanishing gradients to a language model",
}

#: The first words of a callout, and the theme's box for it.
CALLOUTS = {"Note": "note", "Warning": "warning", "Notation": "important", "Try it": "tip"}

#: The only file of MathJax that loads no other: formulas become drawings, which need no fonts.
MATHJAX = "mathjax/static/mathjax/es5/tex-svg-full.js"

PICTURE = re.compile(rf'(<img [^>]*?width="(\d+)"[^>]*?)src="({PAYLOAD})">')

WIDGETS = "application/vnd.jupyter.widget-state+json"
WIDGET = "application/vnd.jupyter.widget-view+json"

#: The package whose code the notebooks run.
HELPERS = Path(__file__).resolve().parents[2]

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
    pages = {"solutions": {path.stem: solve(path, place / "executed") for path in paths}}
    pages["course"] = {path.stem: page(path, pages["solutions"][path.stem]) for path in paths}
    return [write_book(Path(root), name, pages[name], place / name, mathjax) for name in ([book] if book else BOOKS)]


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


# --- pages ------------------------------------------------------------------------------------------------------------


def solve(path: Path, folder: Path) -> NotebookNode:
    """Return the page of a notebook in the book of solutions, with its pictures in it.

    Args:
        path: of the source.
        folder: where executed notebooks are kept, each under a fingerprint of all that its outputs depend on.
    """
    source = read_source(path)
    notebook = as_solution(source)
    kept = Path(folder, f"{path.stem}-{_fingerprint(notebook)}.ipynb")
    if kept.exists():
        logger.info("%s was run before: %s", path.stem, kept)
        notebook = nbformat.read(kept, as_version=4)
    else:
        run(notebook, path)
        for old in Path(folder).glob(f"{path.stem}-*.ipynb"):
            old.unlink()
        replace_file(kept, serialise(notebook))
    hidden = [cell.id for cell in source.cells if any(block.kind == "HIDDEN TESTS" for block in find_blocks(cell))]
    notebook.cells = [cell for cell in notebook.cells if cell.id not in hidden]
    return _tidy(notebook)


def page(path: Path, solved: NotebookNode) -> NotebookNode:
    """Return the page of a notebook in the learner's book: stubs for answers, and the figures of the solution.

    A check shows nothing, since nothing was answered; answered questions are left out.

    Args:
        path: of the source.
        solved: the same notebook as `solve` returned it.

    Raises:
        BuildError: a part of an answer or of a hidden test is in it.
    """
    source = read_source(path)
    released = {cell.id: cell.source for cell in as_release(source).cells}
    notebook = deepcopy(solved)
    notebook.cells = [cell for cell in notebook.cells if cell.id in released]
    for cell in notebook.cells:
        cell.source = released[cell.id]
        if grading(cell) and cell.cell_type == "code":
            cell.outputs = []
    check_secrets(source, notebook, path)
    return notebook


def _fingerprint(notebook: NotebookNode, package: Path = HELPERS) -> str:
    """Return a name for all that a notebook's outputs depend on: its cells, the code that it imports, and versions."""
    digest = hashlib.sha256(serialise(notebook).encode())
    for path in sorted(path.relative_to(package) for path in package.glob("*/**/*") if path.suffix in (".py", ".csv")):
        if path.parts[0] != "classroom":
            digest.update(path.as_posix().encode() + (package / path).read_bytes())
    digest.update(f"{sys.version} {version('numpy')} {version('matplotlib')}".encode())
    return digest.hexdigest()[:16]


def _tidy(notebook: NotebookNode) -> NotebookNode:
    """Keep of the outputs what a reader sees: text, pictures, and the picture inside an interactive figure."""
    widgets = notebook.metadata.pop("widgets", {}).get(WIDGETS, {}).get("state", {})
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if grading(cell).get("solution"):
            cell.metadata.tags = ["answer"]  # for the style sheet
        # A notice is for a learner who runs a cell and has not done an exercise yet.
        cell.outputs = [output for output in cell.outputs if not _text(output).startswith("→ Exercise")]
        for output in cell.outputs:
            if WIDGET in output.get("data", {}):
                picture = _picture_of(widgets, output.data[WIDGET]["model_id"])
                what = html.escape(_text(output)[0].lower() + _text(output)[1:])
                output.data["text/html"] = f"{picture}<p>In the notebook this is {what}.</p>"
            if "data" in output:
                output.data = {kind: value for kind, value in output.data.items() if kind.startswith("text/")}
    return notebook


def _text(output: NotebookNode) -> str:
    return str(output.get("data", {}).get("text/plain", ""))


def _picture_of(widgets: dict[str, Any], model: str) -> str:
    """Return the HTML that a widget, or one of those inside it, shows."""
    state = widgets[model]["state"]
    if widgets[model]["model_name"] == "HTMLModel":
        return str(state["value"])
    inner = [child.removeprefix("IPY_MODEL_") for child in state.get("children", [])]
    return "".join(_picture_of(widgets, child) for child in inner)


# --- books ------------------------------------------------------------------------------------------------------------


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
            text = serialise(_for_sphinx(notebook, pages, out / "figures"))
            (sources / f"{stem}.ipynb").write_text(text, encoding="utf-8")
        _write_index(root, name, pages, sources)
        _run_sphinx(root / "docs" / "site", name, sources, out)
        shutil.copy(mathjax, out / "_static" / "mathjax.js")
        if folder.exists():
            folder.rename(Path(partial, "old"))
        out.rename(folder)
    logger.info("wrote the book %s to %s", name, folder)
    return folder / "index.html"


def _run_sphinx(configuration: Path, name: str, sources: Path, out: Path) -> None:
    command: list[str | Path] = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    command += ["--no-color", "--conf-dir", configuration, "--doctree-dir", sources.parent / "doctrees"]
    command += ["--define", f"html_title={BOOKS[name]}", sources, out]
    logger.info("running %s", " ".join(map(str, command)))
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise BuildError(f"Sphinx could not make the book {name}.\n{done.stderr.strip()}")


def _write_index(root: Path, name: str, pages: Container[str], sources: Path) -> None:
    """Write the first page, from its template and the README's table of notebooks, and the glossary."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    rows = [row for row in re.findall(r"^\| \d\d \| \[.*", readme, re.MULTILINE) if _target(row) in pages]
    entries = [re.sub(r"\| (\d\d) \| \[(.*?)\].*", r"\1 · \2", row) + f" <{_target(row)}>" for row in rows]
    [course_map] = re.findall(r"!\[(.*?)\]\(docs/course_map.png\)", readme)
    template = Template((root / "docs" / "site" / f"{name}.md").read_text(encoding="utf-8"))
    text = template.substitute(course_map=course_map, notebooks="\n".join(rows), entries="\n".join(entries))
    (sources / "index.md").write_text(_links(text, pages), encoding="utf-8")
    for file in "GLOSSARY.md", "docs/course_map.png":
        shutil.copy(root / file, sources / Path(file).name.lower())


def _target(row: str) -> str:
    return str(re.findall(r"\]\(notebooks/(\w+)/", row)[0])


def _for_sphinx(notebook: NotebookNode, pages: Container[str], figures: Path) -> NotebookNode:
    """Return a notebook in the form that Sphinx reads: links and callouts in its syntax, pictures as files."""
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _callouts(_links(cell.source, pages))
        else:
            cell.source = cell.source.removeprefix("# NBVAL_IGNORE_OUTPUT\n")  # for the tests, not for a reader
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = PICTURE.sub(lambda found: _as_file(found, figures), output.data["text/html"])
    return notebook


def _links(text: str, pages: Container[str]) -> str:
    """Return text with links to the pages of this book; a link to a notebook that is not in it becomes plain text."""
    text = text.replace("(../../GLOSSARY.md)", "(glossary.md)")
    link = re.compile(r"\[([^\]]+)\]\((?:\.\./|notebooks/)(\w+)/\2\.ipynb\)")
    return link.sub(lambda found: f"[{found[1]}]({found[2]}.ipynb)" if found[2] in pages else found[1], text)


def _callouts(text: str) -> str:
    """Return text with `> **Note.** …` turned into a box of the theme."""
    return re.sub(r"(?m)(?:^> ?.*\n?)+", lambda found: _callout(found[0]), text)


def _callout(quote: str) -> str:
    text = re.sub(r"(?m)^> ?", "", quote)
    kind = re.match(r"\*\*([\w ]+)\.\*\*\s*", text)
    if not kind or kind[1] not in CALLOUTS:
        return quote
    return f":::{{admonition}} {kind[1]}\n:class: {CALLOUTS[kind[1]]}\n{text[kind.end() :].strip()}\n:::\n"


def _as_file(found: re.Match[str], figures: Path) -> str:
    """Write a picture to a file and return the `<img>` that shows it, inside a link to it at its full size."""
    start, width, payload = found.groups()
    png = base64.b64decode(payload.partition(",")[2])
    name = f"{hashlib.sha256(png).hexdigest()[:16]}.png"
    (figures / name).write_bytes(png)
    across, down = struct.unpack(">II", png[16:24])
    height = round(int(width) * down / across)  # with it the page does not jump when the picture is loaded
    image = f'{start}height="{height}" loading="lazy" src="figures/{name}">'
    return f'<a class="figure" href="figures/{name}">{image}</a>'
