"""What a learning platform lets an instructor download: a zip archive or a folder, with students' names in file names.

Nothing is unpacked and no name from inside becomes a path: names say whose a notebook is, and its bytes are read into
memory, one notebook at a time. So an archive can fill neither the disk nor the memory, whatever it claims to contain.
"""

import contextlib
import logging
import lzma
import os
import re
import stat
import time
import unicodedata
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from nbgrader.api import Student

from helpers.classroom.administration.csv_table import Table
from helpers.classroom.administration.roster import key_of, listed
from helpers.classroom.administration.submitted_files import (
    Found,
    Refused,
    SubmittedFile,
    opened_file,
    opened_folder,
    read_limited,
)
from helpers.classroom.grading.sanitize import for_terminal

logger = logging.getLogger(__name__)

#: Names that a download may have: ten files from each of 10,000 students.
MOST_FILES = 100_000

# Moodle removes each _ from a person's name, so the first number between two is Moodle's own. There is a folder
# for each student, with or without _ at its end, or one folder for all.
_MOODLE = re.compile(
    r"(?P<name>[^_/]*)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_?/(?:.*/)?|_)(?P<file>[^/]+)", re.DOTALL
)

# Canvas removes each number between two _ from a person's name and writes it in lower case; then come LATE or nothing,
# its number for the person, and one for the file.
_CANVAS = re.compile(r"(?P<name>[^/]*?)_(?P<late>LATE_)?(?P<number>\d+)_(?P<order>\d+)_(?P<file>[^/]+)", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(r"(?:LATE_)?anon_[^_/]+_\d+_[^/]+", re.DOTALL)


@dataclass(frozen=True)
class _Owner:
    """Whom the path of a file names: by an id of the class list, or by a platform's number and a person's name."""

    platform: str  # "", "Moodle" or "Canvas"
    number: str  # "" for an id, and where Canvas made it anonymous
    name: str


@dataclass
class _File:
    """A file in a download, and what its path says, which `_identify` fills in."""

    path: str
    order: float  # the newer, the larger: the time of the last change, or Canvas's number
    read: Callable[[], bytes]
    owner: _Owner | None = None
    name: str = ""  # as the person called it; "" for a text typed into the platform
    late: bool = False

    @property
    def is_notebook(self) -> bool:
        return self.name.endswith(".ipynb")

    def is_called(self, assignment: str) -> bool:
        """Whether it has its assignment's name; Canvas and browsers number copies, as in name-1 or name (1)."""
        return re.fullmatch(rf"{re.escape(assignment)}(-\d+|\s?\(\d+\))?\.ipynb", self.name) is not None


class _Unmatched(LookupError):
    """A file cannot be given to a student; the message says why."""


@contextlib.contextmanager
def opened_download(path: Path) -> Iterator[list[_File]]:
    """Open a zip archive or a folder, and yield the list of its files.

    Raises:
        ValueError: it is neither, or too large, or damaged.
    """
    with contextlib.ExitStack() as stack:
        if path.is_dir():
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, folder)
            files = list(_list_folder(folder, path))
        elif path.is_file():
            try:
                files = list(_list_archive(stack.enter_context(zipfile.ZipFile(path)), path))
            except (zipfile.BadZipFile, NotImplementedError, EOFError):
                raise ValueError(f"{path} is not a zip archive, or is damaged: download it again.") from None
        else:
            raise ValueError(f"There is no folder or zip archive {path}.")
        logger.info("%s: %d files", path, len(files))
        yield files


def find_in_download(
    files: Sequence[_File], assignment: str, students: Sequence[Student], worksheet: Path | None = None
) -> Found:
    """Find each student's notebook in a download.

    A file belongs to a student by an id of the class list (STUDENT.ipynb, STUDENT/….ipynb); by Canvas's number for the
    person, which a class list from Canvas contains; by Moodle's number and the assignment's grading worksheet; or by a
    name that one student of the class has alone. Moodle's numbers are new in each assignment, so a class list cannot
    contain them.

    Args:
        files: a list from `opened_download`.
        assignment: the name of the assignment.
        students: nbgrader's, of the whole class.
        worksheet: path of Moodle's grading worksheet of this assignment, or None.

    Raises:
        ValueError: the worksheet is not one.
    """
    matcher, found = _Matcher(students, worksheet), Found()
    by_owner = _group(files, matcher.ids, found)
    matches = {}
    for owner, theirs in by_owner.items():
        try:
            matches[owner] = matcher.find(owner)
        except _Unmatched as error:
            found.unmatched.append((_example(theirs), str(error)))
    claims = Counter(student for student, _ in matches.values())
    by_name, late = [], []
    for owner, (student, is_by_name) in sorted(matches.items(), key=lambda match: match[1]):
        theirs = by_owner[owner]
        notebooks = [file for file in theirs if file.is_notebook]
        if claims[student] > 1:
            reason = f"{claims[student]} people in this download seem to be {student}"
            found.unmatched.append((_example(theirs), reason))
        elif not notebooks:
            names = ", ".join(sorted(for_terminal(file.name) for file in theirs if file.name)[:3])
            found.refused.append((student, f"handed in no notebook, only {names or 'a text'}"))
        else:
            logger.debug("%s: %d notebooks of %s", student, len(notebooks), owner.platform or "the class list")
            found.files.append(_choose(student, notebooks, assignment, found.notes))
            if is_by_name:
                by_name.append(student)
            if any(file.late for file in theirs):
                late.append(student)
    if by_name:
        found.notes.append(
            f"By their names alone: {listed(by_name)}. Where students may change their names, "
            "match by number: give Moodle's grading worksheet, or enter the class list from Canvas."
        )
    if late:
        found.notes.append(f"Canvas marks as late: {listed(late)}.")
    return found


def _group(files: Sequence[_File], ids: Mapping[str, str], found: Found) -> dict[_Owner, list[_File]]:
    """The files of each owner; notebooks without one are noted."""
    by_owner: dict[_Owner, list[_File]] = defaultdict(list)
    for file in sorted(files, key=lambda file: file.path):
        _identify(file, ids)
        if file.owner:
            by_owner[file.owner].append(file)
        elif file.is_notebook:
            found.unmatched.append((for_terminal(file.path), "its name does not say whose it is"))
    tops = {file.path.partition("/")[0] for file in files}
    if not by_owner and len(tops) == 1 and all("/" in file.path for file in files):
        # Its files are not taken without being told to: it could be a student's, who has named them after others.
        found.notes.append(
            f"All files are in one folder, `{for_terminal(tops.pop())}`: unpack it and name that folder."
        )
    return by_owner


def _example(files: Sequence[_File]) -> str:
    """The path of one of an owner's files, a notebook if there is one."""
    return for_terminal(next((file for file in files if file.is_notebook), files[0]).path)


# --- files ------------------------------------------------------------------------------------------------------------


def _list_archive(archive: zipfile.ZipFile, path: Path) -> Iterator[_File]:
    entries = [entry for entry in archive.infolist() if entry.filename and not entry.is_dir()]
    _check_count(len(entries), path)
    for entry in entries:
        name = _name_in_archive(entry)
        if _is_relevant(name):
            yield _File(_nfc(name), _zip_time(entry), partial(_read_entry, archive, entry))


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & 0x1:
        raise Refused("is encrypted")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refused("is a symlink")
    try:
        with archive.open(entry) as stream:
            return read_limited(stream)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError, RuntimeError):
        raise Refused("is damaged in the archive") from None


def _name_in_archive(entry: zipfile.ZipInfo) -> str:
    """The name of an entry; without the flag for UTF-8, zipfile decodes it by the old code page of DOS."""
    name = entry.filename
    if not entry.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _zip_time(entry: zipfile.ZipInfo) -> float:
    with contextlib.suppress(ValueError, OverflowError):
        return time.mktime((*entry.date_time, 0, 0, -1))
    return 0.0


def _list_folder(folder: int, path: Path) -> Iterator[_File]:
    seen = 0
    for within, folders, names, descriptor in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
        seen += len(folders) + len(names)
        _check_count(seen, path)
        for name in sorted(names):
            parts = (*PurePosixPath(within).parts, name)
            if _is_relevant("/".join(parts)):
                changed = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mtime
                yield _File(_nfc("/".join(parts)), changed, partial(_read_beneath, folder, parts))


def _read_beneath(folder: int, parts: Sequence[str]) -> bytes:
    with contextlib.ExitStack() as stack:
        for part in parts[:-1]:
            folder = stack.enter_context(opened_folder(part, folder))
        return read_limited(stack.enter_context(opened_file(parts[-1], folder)))


def _check_count(count: int, path: Path) -> None:
    if count > MOST_FILES:
        raise ValueError(f"{path} has more than {MOST_FILES:,} files. Is it the download of one assignment?")


def _is_relevant(name: str) -> bool:
    """Whether a student can have submitted a file: systems and Jupyter leave others behind."""
    return not any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


# --- names ------------------------------------------------------------------------------------------------------------


def _identify(file: _File, ids: Mapping[str, str]) -> None:
    """Say whose a file is, if its path names anyone."""
    top, slash, _ = file.path.partition("/")
    student = top if slash else PurePosixPath(top).stem
    file.name = PurePosixPath(file.path).name
    if student in ids:
        file.owner = _Owner("", "", student)
    elif match := _MOODLE.fullmatch(file.path):
        file.owner = _Owner("Moodle", match["number"], match["name"])
        file.name = match["file"] if match["kind"] == "file" else ""
    elif _CANVAS_ANONYMOUS.fullmatch(file.path):
        file.owner = _Owner("Canvas", "", file.path)
    elif match := _CANVAS.fullmatch(file.path):
        file.owner = _Owner("Canvas", match["number"], match["name"])
        file.name, file.order, file.late = match["file"], int(match["order"]), bool(match["late"])


class _Matcher:
    """The class, looked up by the ids, numbers, addresses and names that platforms have for its members."""

    def __init__(self, students: Sequence[Student], worksheet: Path | None) -> None:
        self.ids = {_nfc(student.id): student.id for student in students}
        self.by_number = _unique((student.lms_user_id, student.id) for student in students)
        self.has_number = {student.id for student in students if student.lms_user_id}
        self.by_email = _unique(((student.email or "").casefold(), student.id) for student in students)
        self.by_name: dict[str, set[str]] = defaultdict(set)
        for student in students:
            first, last = student.first_name or "", student.last_name or ""
            for name in {key_of(first + last), key_of(last + first)} - {""}:
                self.by_name[name].add(student.id)
        self.worksheet = {} if worksheet is None else self._read_worksheet(worksheet)

    def find(self, owner: _Owner) -> tuple[str, bool]:
        """Return the id of a student, and whether the name alone gave it; raise _Unmatched if there is none."""
        if not owner.platform:
            return self.ids[owner.name], False
        if owner.platform == "Canvas" and not owner.number:
            raise _Unmatched("Canvas made it anonymous: let Canvas show the names, and download again")
        if owner.platform == "Canvas" and owner.number in self.by_number:
            return self.by_number[owner.number], False
        if owner.platform == "Moodle" and self.worksheet:
            if student := self.worksheet.get(owner.number):
                return student, False
            raise _Unmatched("the worksheet has no student of the class for its number")
        students = self.by_name[key_of(owner.name)]
        if not students:
            raise _Unmatched("nobody of this name is in the class list")
        if len(students) > 1:
            raise _Unmatched(f"{len(students)} students of the class have this name")
        [student] = students
        if owner.platform == "Canvas" and student in self.has_number:
            raise _Unmatched(f"its number is not the one that the class list has for {student}")
        return student, True

    def _read_worksheet(self, path: Path) -> dict[str, str]:
        table = Table(path)
        column = table.find(["Identifier"])
        if not column:
            raise ValueError(f"{path} is not a grading worksheet of Moodle's: it has no column `Identifier`.")
        # “Participant 123456”, in the platform's language.
        numbers = [(re.search(r"\d+$", row[column]), row) for _, row in table.rows]
        return {number[0]: self._student_of(row) for number, row in numbers if number}

    def _student_of(self, row: Mapping[str, str]) -> str:
        for column in ("username", "id number", "email address"):
            value = row.get(column, "")
            if value and (student := self.ids.get(_nfc(value)) or self.by_email.get(value.casefold())):
                return student
        students = self.by_name[key_of(row.get("full name", ""))]
        return next(iter(students)) if len(students) == 1 else ""


def _unique(pairs: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    """A dict of those pairs whose first part is not blank and occurs once."""
    pairs = list(pairs)
    counts = Counter(first for first, _ in pairs)
    return {first: second for first, second in pairs if first and counts[first] == 1}


# --- choice of a notebook ---------------------------------------------------------------------------------------------


def _choose(student: str, notebooks: Sequence[_File], assignment: str, notes: list[str]) -> SubmittedFile:
    """The notebook of the right name, else any; of several the newest."""
    right = [notebook for notebook in notebooks if notebook.is_called(assignment)]
    chosen = max(right or notebooks, key=lambda file: (file.order, file.path))
    name = for_terminal(chosen.name)
    if len(notebooks) > 1:
        which = "the one of the right name" if len(right) == 1 else "the newest"
        notes.append(f"{student} handed in {len(notebooks)} notebooks: `{name}` was taken, {which}.")
    elif not right and chosen.name != f"{student}.ipynb":
        notes.append(f"{student}: `{name}` was taken as {assignment}.ipynb.")
    return SubmittedFile(student, chosen.read)
