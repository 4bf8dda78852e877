"""The learner kit: the course as a class gets it, in one archive, without solutions, tests and hidden checks."""

import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from helpers.atomic_write import write_atomically
from helpers.classroom.authoring.learner_copy import make_learner_copy

#: What a learner needs of the repository: folders, and files. What is for authors and graders alone stays out.
FOLDERS = ("notebooks", "helpers", "examples/ci")
FILES: tuple[str, ...] = ("GLOSSARY.md", "CHANGELOG.md", "LICENSE")
FILES += ("docs/full_model.md", "docs/training_runs.md", "docs/elsewhere.md", "docs/scale.md", "docs/course_map.png")
FILES += ("Makefile", "environment.yml", "pyproject.toml", "requirements.lock")

#: The editions that were given to learners: a copy of an earlier one is known by it, wherever the kit is unpacked.
EDITIONS = "build/editions"

#: The README.md of the kit, a page for learners, in place of the course's.
README = "helpers/classroom/authoring/learner_kit_readme.md"

#: What running the course leaves in these folders.
LEFT_BEHIND = ("__pycache__", ".ipynb_checkpoints", ".DS_Store")

#: The same time in every archive, so that the same course gives the same bytes.
TIME = (1980, 1, 1, 0, 0, 0)

logger = logging.getLogger(__name__)


def pack(root: str | Path, out: str | Path, more: Mapping[str, str] | None = None) -> None:
    """Write the learner kit: a zip file with one folder, learner-kit/.

    Args:
        out: path of the zip file; it is written atomically.
        more: the names and texts of files that are in the kit only.

    Raises:
        ValueError: something that belongs in the kit is missing.
        OSError: the file cannot be written.
    """
    root, out = Path(root), Path(out)
    missing = [name for name in (*FOLDERS, *FILES, README) if not (root / name).exists()]
    if missing:
        raise ValueError(f"{root} is not the whole course: {', '.join(missing)} is missing.")
    logger.info("packing %s into %s", root, out)
    write_atomically(out, lambda file: _write_archive(root, file, more or {}))


def _write_archive(root: Path, file: BinaryIO, more: Mapping[str, str]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _find_files(root):
            name = path.relative_to(root).as_posix()
            data = path.read_bytes()
            is_release = path.match("notebooks/*/*.ipynb") or path.match(f"{EDITIONS}/*/*.ipynb")
            name = "README.md" if name == README else name
            _write(archive, name, make_learner_copy(data) if is_release else data)
        for name, text in more.items():
            _write(archive, name, text.encode())


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(f"learner-kit/{name}", TIME)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED)


def _find_files(root: Path) -> list[Path]:
    files = [root / name for name in FILES]
    files += [path for name in (*FOLDERS, EDITIONS) for path in (root / name).rglob("*") if path.is_file()]
    return sorted(path for path in files if not any(part in LEFT_BEHIND for part in path.relative_to(root).parts))
