"""The learner kit: the course as a class gets it, in one archive, without solutions, tests and hidden checks."""

import logging
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from helpers.atomic_write import write_atomically
from helpers.classroom.authoring.learner_copy import make_learner_copy
from helpers.classroom.authoring.pages import read_sections
from helpers.classroom.authoring.translations import read_translations
from helpers.language.translation import ENGLISH, folder_of_edition

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


def pack(root: str | Path, out: str | Path, more: Mapping[str, str] | None = None, language: str = ENGLISH) -> None:
    """Write the learner kit: a zip file with one folder, learner-kit/.

    Args:
        out: path of the zip file; it is written atomically.
        more: the names and texts of files that are in the kit only.
        language: of the edition; the others' notebooks stay out.

    Raises:
        ValueError: something that belongs in the kit is missing.
        OSError: the file cannot be written.
    """
    root, out = Path(root), Path(out)
    missing = [name for name in (*FOLDERS, *FILES, README) if not (root / name).exists()]
    if missing:
        raise ValueError(f"{root} is not the whole course: {', '.join(missing)} is missing.")
    logger.info("packing %s into %s", root, out)
    write_atomically(out, lambda file: _write_archive(root, file, more or {}, language))


def _write_archive(root: Path, file: BinaryIO, more: Mapping[str, str], language: str) -> None:
    releases = folder_of_edition(root / "notebooks", language)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _find_files(root):
            name, data = path.relative_to(root).as_posix(), path.read_bytes()
            if name == README:
                name, data = "README.md", _readme(path, language).encode()
            elif name == "Makefile":
                data = re.sub(rb"(?m)^EDITION \?= .*", f"EDITION ?= {language}".encode(), data)
            elif path.parents[1] == releases or path.match(f"{EDITIONS}/*/*.ipynb"):
                data = make_learner_copy(data) if path.suffix == ".ipynb" else data
            elif name.startswith("notebooks/") and path.suffix == ".ipynb":
                continue  # of another edition
            _write(archive, name, data)
        for name, text in more.items():
            _write(archive, name, text.encode())


def _readme(path: Path, language: str) -> str:
    """Return the README for learners; a section that is not translated stays in English."""
    translations = read_translations(language, "pages") if language != ENGLISH else {}
    return "\n\n".join(translations.get(section, section) for section in read_sections(path)) + "\n"


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(f"learner-kit/{name}", TIME)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED)


def _find_files(root: Path) -> list[Path]:
    files = [root / name for name in FILES]
    files += [path for name in (*FOLDERS, EDITIONS) for path in (root / name).rglob("*") if path.is_file()]
    return sorted(path for path in files if not any(part in LEFT_BEHIND for part in path.relative_to(root).parts))
