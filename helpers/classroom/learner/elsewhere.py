"""The course's public address, which stands in pyproject.toml, and everything that is derived from it.

Badges, the example for a CI and the first cell of the notebooks for Colab carry the address, since Colab, Binder and
Codespaces fetch the course from there. `make elsewhere` writes the notebooks for Colab; with a new address it changes
that everywhere. Colab reads from GitHub alone, so the address is one of GitHub's.
"""

import re
import tomllib
from pathlib import Path

from helpers.atomic_write import replace_file
from helpers.classroom.authoring.build import serialise
from helpers.classroom.learner.colab import as_colab_copy
from helpers.classroom.learner.copies import find_releases

#: Files that carry the address, beside pyproject.toml.
CARRIERS = ("README.md", "docs/elsewhere.md", "examples/ci/visible-checks.yml")

#: What stands before the repository wherever it is part of an address; so no other word is taken for it.
_BEFORE = r"(github\.com/|/github/|/gh/|repository: |codespaces\.new/)"


def read_repository(root):
    """Return the repository on GitHub, e.g. "you/course", from [project.urls] in pyproject.toml."""
    project = tomllib.loads(Path(root, "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def write(root, repository=""):
    """Write the notebooks for Colab; with a repository, first change the address wherever it stands.

    Args:
        root: the repository's folder.
        repository: on GitHub, e.g. "you/course", or its address.

    Returns:
        the paths of the files that changed

    Raises:
        ValueError: this is no repository on GitHub.
    """
    root, old = Path(root), read_repository(root)
    new = re.sub(r"^(https://)?github\.com/|(\.git)?/?$", "", repository) or old
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", new):
        raise ValueError(f"{repository} is no repository on GitHub. Name it as ADDRESS=you/course.")
    changed = []
    for path, text in [*_with_address(root, old, new), *_colab_copies(root, new)]:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            replace_file(path, text)
            changed.append(path)
    return changed


def report_stale(root):
    """Print one line for each notebook for Colab that is not what the released one makes of it; return how many."""
    root = Path(root)
    copies = dict(_colab_copies(root, read_repository(root)))
    stale = [path for path, text in copies.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(f"{path.relative_to(root)} is not what notebooks/ makes of it: run `make elsewhere`.")
    orphans = sorted({*root.glob("colab/*.ipynb")} - {*copies})
    for path in orphans:
        print(f"{path.relative_to(root)} has no released notebook: run `git rm {path.relative_to(root)}`.")
    return len(stale) + len(orphans)


def _with_address(root, old, new):
    pattern = re.compile(_BEFORE + re.escape(old) + r"(?![\w-])")
    for name in ("pyproject.toml", *CARRIERS):
        text = (root / name).read_text(encoding="utf-8")
        yield root / name, pattern.sub(lambda match: match[1] + new, text)


def _colab_copies(root, repository):
    for release in find_releases(root):
        copy = as_colab_copy(release, f"https://github.com/{repository}")
        yield root / "colab" / release.name, serialise(copy)
