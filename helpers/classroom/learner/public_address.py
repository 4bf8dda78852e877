"""The course's public address, which is set in pyproject.toml, and everything that is derived from it.

Badges, the example for a CI and the first cell of the notebooks for Colab contain the address, since Colab, Binder and
Codespaces fetch the course from there. `make elsewhere` writes the notebooks for Colab; with a new address it changes
that everywhere. Colab reads from GitHub alone, so the address is one of GitHub's. Until there is one, the links that
need it are in a comment, where no reader follows them.
"""

import logging
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from helpers.atomic_write import replace_file
from helpers.classroom.authoring.source import serialise
from helpers.classroom.learner.colab import as_colab_copy
from helpers.classroom.learner.notebook_copies import find_releases
from helpers.language.translation import folder_of_edition, languages

#: Files that contain the address, beside pyproject.toml.
CARRIERS = ("README.md", "docs/elsewhere.md", "examples/ci/visible-checks.yml")

#: What precedes the repository wherever it is part of an address; so no other word is taken for it.
_BEFORE = r"(github\.com/|/github/|/gh/|repository: |codespaces\.new/)"

#: The owner's name before anyone has published the course.
PLACEHOLDER = "OWNER"

#: The links that need an address, hidden or shown.
_LINKS = re.compile(r"(?s)<!-- public address(?: -->)?\n(?P<links>.*?)\n(?:<!-- end of the links )?-->")
_HIDDEN, _SHOWN = "<!-- public address\n{}\n-->", "<!-- public address -->\n{}\n<!-- end of the links -->"

logger = logging.getLogger(__name__)


def read_repository(root: str | Path) -> str:
    """Return the repository on GitHub, e.g. "you/course", from [project.urls] in pyproject.toml."""
    project = tomllib.loads(Path(root, "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"]["Repository"]).removeprefix("https://github.com/")


def write(root: str | Path, repository: str = "") -> list[Path]:
    """Write the notebooks for Colab; with a repository, first change the address wherever it is.

    Args:
        root: the repository's folder.
        repository: on GitHub, e.g. "you/course", or its address.

    Returns:
        the paths of the files that changed

    Raises:
        ValueError: this is not a repository on GitHub.
    """
    root, old = Path(root), read_repository(root)
    new = re.sub(r"^(https://)?github\.com/|(\.git)?/?$", "", repository) or old
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", new):
        raise ValueError(f"{repository} is not a repository on GitHub. Name it as ADDRESS=you/course.")
    texts = [*_with_address(root, old, new), *_colab_copies(root, new)]
    changed = [(path, text) for path, text in texts if _differs(path, text)]
    for path, text in changed:
        logger.info("writing %s", path)
        replace_file(path, text)
    return [path for path, _ in changed]


def find_stale(root: str | Path) -> Iterator[tuple[Path, str]]:
    """Yield the path of each notebook for Colab that differs from the released one, and the command that fixes it."""
    root = Path(root)
    copies = dict(_colab_copies(root, read_repository(root)))
    yield from ((path, "make elsewhere") for path, text in copies.items() if _differs(path, text))
    for orphan in sorted({*root.glob("colab/**/*.ipynb")} - {*copies}):
        yield orphan, f"git rm {orphan.relative_to(root)}"


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


def _with_address(root: Path, old: str, new: str) -> Iterator[tuple[Path, str]]:
    pattern = re.compile(_BEFORE + re.escape(old) + r"(?![\w-])")
    for name in ("pyproject.toml", *CARRIERS):
        text = (root / name).read_text(encoding="utf-8")
        yield root / name, _show_links(pattern.sub(lambda match: match[1] + new, text), new)


def _show_links(text: str, repository: str) -> str:
    """Return a text with its links shown, or hidden if nobody has published the course yet."""
    form = _HIDDEN if repository.startswith(f"{PLACEHOLDER}/") else _SHOWN
    return _LINKS.sub(lambda match: form.format(match["links"]), text)


def _colab_copies(root: Path, repository: str) -> Iterator[tuple[Path, str]]:
    for language in languages():
        folder = folder_of_edition(root / "colab", language)
        for release in find_releases(root, language):
            copy = as_colab_copy(release, f"https://github.com/{repository}")
            yield folder / release.name, serialise(copy)
