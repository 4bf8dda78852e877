"""The pages: what a reader sees of each notebook, in the book of solutions and in the learner's book."""

import hashlib
import html
import logging
import sys
from collections.abc import Iterable
from copy import deepcopy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers.atomic_write import replace_file
from helpers.classroom.authoring.build import run
from helpers.classroom.authoring.release import check_secrets
from helpers.classroom.authoring.source import (
    as_release,
    as_solution,
    find_blocks,
    grading,
    read_source,
    serialise,
)
from helpers.language.message import message
from helpers.language.translation import EDITION, ENGLISH, language_of, speaking

WIDGETS = "application/vnd.jupyter.widget-state+json"
WIDGET = "application/vnd.jupyter.widget-view+json"

#: By this variable a kernel is asked to draw charts for narrow screens, too: `plots.narrow.WANTED`.
NARROW_FIGURES = "COURSE_NARROW_FIGURES"

#: The package whose code the notebooks run.
HELPERS = Path(__file__).resolve().parents[3]

logger = logging.getLogger(__name__)


def run_missing(paths: Iterable[Path], folder: Path, language: str = ENGLISH) -> None:
    """Run the notebooks that have changed since they were last run for the site, several at a time.

    Args:
        paths: of the sources.
        folder: where executed notebooks are kept, each under a fingerprint of all that its outputs depend on.
        language: of the edition.
    """
    solutions = {path: as_solution(read_source(path, language)) for path in paths}
    kept = {path: _kept(path, notebook, folder) for path, notebook in solutions.items()}
    missing = {path: solutions[path] for path, where in kept.items() if not where.exists()}
    for path in kept:
        if path not in missing:
            logger.info("%s was run before: %s", path.stem, kept[path])

    def keep(path: Path) -> None:
        replace_file(kept[path], serialise(missing[path]))
        for old in {*folder.glob(f"{path.stem}-*.ipynb")} - {kept[path]}:
            old.unlink(missing_ok=True)

    run(missing, keep, **{NARROW_FIGURES: "1", EDITION: language})


def _kept(path: Path, solution: NotebookNode, folder: Path) -> Path:
    return folder / f"{path.stem}-{_fingerprint(solution)}.ipynb"


def executed(path: Path, folder: Path, language: str = ENGLISH) -> NotebookNode:
    """Return the solution of a notebook as it was run for the site; it is run if it was not."""
    run_missing([path], folder, language)
    solution = as_solution(read_source(path, language))
    notebook: NotebookNode = nbformat.read(_kept(path, solution, folder), as_version=4)
    return notebook


def solve(path: Path, folder: Path, language: str = ENGLISH) -> NotebookNode:
    """Return the page of a notebook in the book of solutions, with its pictures in it.

    Args:
        path: of the source.
        folder: where executed notebooks are kept.
        language: of the edition.
    """
    notebook, source = executed(path, folder, language), read_source(path, language)
    hidden = [cell.id for cell in source.cells if any(block.kind == "HIDDEN TESTS" for block in find_blocks(cell))]
    notebook.cells = [cell for cell in notebook.cells if cell.id not in hidden]
    with speaking(language):
        return _tidy(notebook)


def page(path: Path, solved: NotebookNode, language: str = ENGLISH) -> NotebookNode:
    """Return the page of a notebook in the learner's book: stubs for answers, and the figures of the solution.

    A check shows nothing, since nothing was answered; answered questions are left out.

    Args:
        path: of the source.
        solved: the same notebook as `solve` returned it.
        language: of the edition.

    Raises:
        BuildError: a part of an answer or of a hidden test is in it.
    """
    source = read_source(path, language)
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
    catalogue = f"{language_of(notebook.metadata)}.mo"
    for path in sorted(path.relative_to(package) for path in package.glob("*/**/*")):
        if path.parts[0] != "classroom" and (path.suffix in (".py", ".csv") or path.name == catalogue):
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
        if grading(cell).get("grade"):  # the points, bare; the panel above says them in words
            cell.outputs = [output for output in cell.outputs if output.output_type != "execute_result"]
        # A notice is for a learner who runs a cell and has not done an exercise yet.
        cell.outputs = [output for output in cell.outputs if not _text(output).startswith("→ ")]
        for output in cell.outputs:
            if WIDGET in output.get("data", {}):
                picture = _picture_of(widgets, output.data[WIDGET]["model_id"])
                what = html.escape(_text(output)[0].lower() + _text(output)[1:])
                words = message("In the notebook this is {what}.", what=what)
                output.data["text/html"] = f"{picture}<p>{words}</p>"
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
