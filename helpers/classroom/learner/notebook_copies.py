"""The learner's own copies of the notebooks, in my/: made once, and never overwritten."""

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from helpers.atomic_write import replace_file
from helpers.checks.editions import keep_edition, read_edition
from helpers.checks.notebook_file import Unreadable, read_notebook
from helpers.classroom.authoring.learner_copy import make_learner_copy
from helpers.classroom.authoring.notebook_names import is_meant
from helpers.classroom.learner.corrections import Comparison, SavedNotebook, in_words
from helpers.language.message import Message, MessageError, message
from helpers.language.translation import folder_of_edition, language, language_of, languages

#: What notebooks import. Python looks beside a notebook first, so a file of such a name is imported in its place.
_IMPORTED = {"helpers", "numpy", "matplotlib", "IPython", *sys.stdlib_module_names}

_IF_OPEN = message("If it is open in JupyterLab: File → Reload Notebook from Disk.")


def add_missing(root: str | Path) -> None:
    """Copy each released notebook, of the language to speak, that is not yet in my/, and say so.

    Raises:
        ValueError: a released notebook cannot be read, or there is none of that language.
    """
    missing = [release for release in _find_own_releases(root) if not path_of_copy(root, release).exists()]
    for release in missing:
        replace_file(path_of_copy(root, release), _make_copy(root, release))
    folder = f"{folder_of_copies(root).relative_to(root).as_posix()}/"
    if missing:
        names = ", ".join(release.stem for release in missing)
        print(message("New in {folder}: {names}.", folder=folder, names=names))
    else:
        print(message("{folder} has every notebook; yours were left as they are.", folder=folder))


def restore(root: Path, notebook: str) -> None:
    """Put a fresh copy of a notebook, given its number or name, into my/, and keep the learner's as a numbered backup.

    Raises:
        ValueError: there is no such notebook, or it cannot be read.
    """
    release = _find_release(root, notebook, "restore")
    copy, fresh = path_of_copy(root, release), _make_copy(root, release)
    if copy.exists():
        _replace(root, copy, fresh)
    else:
        replace_file(copy, fresh)
    print(message("{copy} is fresh.", copy=copy.relative_to(root)), _IF_OPEN)


def update(root: Path, notebook: str) -> None:
    """Take the course's corrections over into the copy of a notebook, given its number or name; see `corrections`.

    The copy as it was is kept as a numbered backup.

    Raises:
        ValueError: there is no such notebook, no copy of it, or one that cannot be corrected.
    """
    release = _find_release(root, notebook, "update")
    copy = path_of_copy(root, release)
    where = copy.relative_to(root)
    if not copy.exists():
        template = "There is no {where} yet: `make learn` puts one there, with all corrections in it."
        raise MessageError(template, where=where)
    try:
        compared = _compare(root, release)
    except Unreadable as error:
        sentence = message("{where} cannot be corrected.", where=where)
        raise ValueError(f"{sentence} {error} {_advice(release)}") from None
    if not (compared and compared.corrections):
        print(message("{where} has every correction of the course.", where=where))
        return
    keep_edition(root, release.stem, _release_like(root, release).read_bytes())
    _replace(root, copy, compared.updated().to_bytes())
    template = "{where} has the corrections of the course now: {corrections}."
    print(message(template, where=where, corrections=in_words(compared.corrections)))
    if beside := [one for one in compared.corrections if one.beside]:
        template = "Changed by you as well, so yours is still there, and the course's beside it: {corrections}."
        print(message(template, corrections=in_words(beside)))
    template = "If it asks when you save: Revert takes this one, Overwrite brings back the one that you see."
    print(_IF_OPEN, message(template))


def announce_corrections(root: Path) -> None:
    """Say of each copy what the course has corrected since it was made, and how to take that over; else nothing."""
    for release in find_releases(root):
        try:
            compared = _compare(root, release)
        except UnknownEdition as error:
            print(f"{release.stem}: {error} {_advice(release)}")
        except (OSError, Unreadable):
            continue  # not there, or damaged: whoever opens it is told
        else:
            if compared and compared.corrections:
                template = "{name} was corrected since your copy was made: {corrections}."
                print(message(template, name=release.stem, corrections=in_words(compared.corrections)))
                template = "  `make update NB={number}` takes that over, and keeps all that you wrote."
                print(message(template, number=_number(release)))


class UnknownEdition(Unreadable):
    """The edition that a copy was made from was not kept."""


def _compare(root: Path, release: Path) -> Comparison | None:
    """Compare the copy of a notebook with the edition that it was made from and the present one, if that is another.

    Raises:
        OSError: there is no copy, or no release.
        Unreadable: one of them is damaged, or the edition that the copy was made from was not kept.
    """
    mine = SavedNotebook.of(path_of_copy(root, release).read_bytes())
    new = _release_like(root, release).read_bytes()
    if mine.read.edition and mine.read.edition == read_notebook(new).edition:
        return None
    old = read_edition(root, release.stem, mine.read)
    if old is None:
        template = "Your copy is of another edition, which is not kept here: nobody can tell what is yours."
        raise UnknownEdition(str(message(template)))
    try:
        return Comparison(mine, *(SavedNotebook.of(data).without_hidden_checks() for data in (old, new)))
    except Unreadable as error:
        template = "The course's own notebook is damaged. {error}"
        raise Unreadable(str(message(template, error=error))) from None


def _release_like(root: Path, release: Path) -> Path:
    """Return a release in the language of its copy, where the course has it: a learner may put a file anywhere."""
    spoken = language_of(read_notebook(path_of_copy(root, release).read_bytes()).metadata)
    alike = (one for one in find_releases(root, spoken) if one.name == release.name)
    return next(alike, release)


def _advice(release: Path) -> Message:
    return message("`make restore NB={number}` makes a fresh copy, and keeps yours beside it.", number=_number(release))


def _find_own_releases(root: str | Path) -> list[Path]:
    """Return the releases in the language to speak, or say which editions there are: a learner kit has one."""
    found = find_releases(root)
    if not found and (others := [name for name in languages() if find_releases(root, name)]):
        template = "No notebook here is of the edition {asked}; there are: {editions}. Name one as EDITION={first}."
        raise MessageError(template, asked=language(), editions=", ".join(others), first=others[0])
    return found


def _find_release(root: Path, notebook: str, command: str) -> Path:
    releases = _find_own_releases(root)
    release = next((path for path in releases if is_meant(notebook, path.stem)), None)
    if release is None:
        asked = message("There is no notebook {name}." if notebook else "Which notebook?", name=notebook)
        template = "Name one by its number, e.g. make {command} NB=01; there are: {known}."
        raise ValueError(f"{asked} {message(template, command=command, known=', '.join(map(_number, releases)))}")
    return release


def _replace(root: Path, copy: Path, content: bytes) -> None:
    """Replace a copy; as it was, it is kept as a numbered backup, and said to be."""
    backups = (copy.with_name(f"{copy.stem}.backup-{number}.ipynb") for number in count(1))
    backup = next(path for path in backups if not path.exists())
    replace_file(backup, copy.read_bytes())
    print(message("Your notebook was kept as {backup}.", backup=backup.relative_to(root)))
    replace_file(copy, content)


def warn_of_hiding_files(folder: Path) -> None:
    """Say of each file beside a learner's notebooks that hides what they import what to do about it."""
    for path in find_hiding_files(folder):
        template = "{file} hides the package `{name}` from the notebook beside it: rename it, and restart the kernel."
        print(message(template, file=path.relative_to(folder.parent), name=path.stem))


def find_hiding_files(folder: Path) -> Iterator[Path]:
    """Yield the files and folders beside the notebooks in a folder that Python imports in the place of a package."""
    for path in sorted(folder.glob("[0-9][0-9]_*/*")):
        is_module = path.suffix == ".py" if path.is_file() else (path / "__init__.py").is_file()
        if is_module and path.stem in _IMPORTED:
            yield path


def find_releases(root: str | Path, name: str = "") -> list[Path]:
    """Return the paths of the released notebooks, in order, in a language; "" is the one to speak."""
    found = folder_of_edition(Path(root, "notebooks"), name or language()).glob("*/*.ipynb")
    return sorted(path for path in found if path.stem == path.parent.name)


def path_of_copy(root: str | Path, release: Path) -> Path:
    """Return the path of the learner's copy of a released notebook."""
    edition = release.parents[1].name
    return Path(root, "my", "" if edition == "notebooks" else edition, release.stem, release.name)


def folder_of_copies(root: str | Path) -> Path:
    """Return the folder with a learner's copies in the language to speak."""
    return folder_of_edition(Path(root, "my"), language())


def _make_copy(root: str | Path, release: Path) -> bytes:
    """Return a fresh copy of a release, after its edition was kept, with which the copy will be compared."""
    data = release.read_bytes()
    try:
        copy = make_learner_copy(data)
    except ValueError as error:
        template = "{where} is damaged. {error} Get it again from where you got the course."
        raise MessageError(template, where=release.relative_to(root), error=error) from None
    keep_edition(root, release.stem, data)
    return copy


def _number(release: Path) -> str:
    return release.stem.partition("_")[0]
