"""The learner's own copies of the notebooks, in my/: made once, and never overwritten."""

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from helpers.atomic_write import replace_file
from helpers.checks.editions import keep_edition
from helpers.classroom.authoring.learner_copy import make_learner_copy
from helpers.classroom.authoring.notebook_names import is_meant

#: What notebooks import. Python looks beside a notebook first, so a file of such a name is imported in its place.
_IMPORTED = {"helpers", "numpy", "matplotlib", "IPython", *sys.stdlib_module_names}


def add_missing(root: str | Path) -> None:
    """Copy each released notebook that is not yet in my/, and say so.

    Raises:
        ValueError: a released notebook cannot be read.
    """
    missing = [release for release in find_releases(root) if not path_of_copy(root, release).exists()]
    for release in missing:
        replace_file(path_of_copy(root, release), _make_copy(root, release))
    names = ", ".join(release.stem for release in missing)
    print(f"New in my/: {names}." if missing else "my/ has every notebook; yours were left as they are.")


def restore(root: Path, notebook: str) -> None:
    """Put a fresh copy of a notebook, given its number or name, into my/, and keep the learner's as a numbered backup.

    Raises:
        ValueError: there is no such notebook, or it cannot be read.
    """
    releases = find_releases(root)
    release = next((path for path in releases if is_meant(notebook, path.stem)), None)
    if release is None:
        known = ", ".join(map(_number, releases))
        asked = f"There is no notebook {notebook}." if notebook else "Which notebook?"
        raise ValueError(f"{asked} Name one by its number, e.g. make restore NB=01; there are: {known}.")
    copy, fresh = path_of_copy(root, release), _make_copy(root, release)
    if copy.exists():
        backups = (copy.with_name(f"{copy.stem}.backup-{number}.ipynb") for number in count(1))
        backup = next(path for path in backups if not path.exists())
        copy.rename(backup)
        print(f"Your notebook was kept as {backup.relative_to(root)}.")
    replace_file(copy, fresh)
    print(f"{copy.relative_to(root)} is fresh. If it is open in JupyterLab: File → Reload Notebook from Disk.")


def warn_of_hiding_files(folder: Path) -> None:
    """Say of each file beside a learner's notebooks that hides what they import what to do about it."""
    for path in find_hiding_files(folder):
        name = path.relative_to(folder.parent)
        print(f"{name} hides the package `{path.stem}` from the notebook beside it: rename it, and restart the kernel.")


def find_hiding_files(folder: Path) -> Iterator[Path]:
    """Yield the files and folders beside the notebooks in a folder that Python imports in the place of a package."""
    for path in sorted(folder.glob("[0-9][0-9]_*/*")):
        is_module = path.suffix == ".py" if path.is_file() else (path / "__init__.py").is_file()
        if is_module and path.stem in _IMPORTED:
            yield path


def find_releases(root: str | Path) -> list[Path]:
    """Return the paths of the released notebooks, in order."""
    return sorted(path for path in Path(root, "notebooks").glob("*/*.ipynb") if path.stem == path.parent.name)


def path_of_copy(root: str | Path, release: Path) -> Path:
    """Return the path of the learner's copy of a released notebook."""
    return Path(root, "my", release.stem, release.name)


def _make_copy(root: str | Path, release: Path) -> bytes:
    """Return a fresh copy of a release, after its edition was kept, with which the copy will be compared."""
    data = release.read_bytes()
    try:
        copy = make_learner_copy(data)
    except ValueError as error:
        where = release.relative_to(root)
        raise ValueError(f"{where} is damaged. {error} Get it again from where you got the course.") from None
    keep_edition(root, release.stem, data)
    return copy


def _number(release: Path) -> str:
    return release.stem.partition("_")[0]
