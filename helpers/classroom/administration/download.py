"""What a learning platform lets an instructor download: a zip archive or a folder, with students' names in file names.

Nothing is unpacked and no name from inside becomes a path: names say whose a notebook is, and its bytes are read into
memory, one notebook at a time. So an archive can fill neither the disk nor the memory, whatever it claims to hold.
"""

import contextlib
import lzma
import os
import re
import stat
import time
import unicodedata
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from helpers.classroom.administration.roster import Table, cell_of, key_of, listed
from helpers.classroom.administration.submitted_files import (
    Found,
    Refused,
    SubmittedFile,
    opened_file,
    opened_folder,
    read_all,
    read_some,
)
from helpers.classroom.grading.sanitize import for_terminal

#: Names that a download may have: ten files from each of 10,000 students.
MOST_FILES = 100_000

# Moodle takes each _ out of a person's name, so the first number between two is Moodle's own. There is a folder
# for each student, with or without _ at its end, or one folder for all.
_MOODLE = re.compile(
    r"(?P<name>[^_/]*)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_?/(?:.*/)?|_)(?P<file>[^/]+)", re.DOTALL
)

# Canvas takes each number between two _ out of a person's name and writes it in lower case; then come LATE or nothing,
# its number for the person, and one for the file.
_CANVAS = re.compile(r"(?P<name>[^/]*?)_(?P<late>LATE_)?(?P<number>\d+)_(?P<order>\d+)_(?P<file>[^/]+)", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(r"(?:LATE_)?anon_[^_/]+_\d+_[^/]+", re.DOTALL)


@dataclass(frozen=True)
class _File:
    """A file in a download: its name there, when it was last changed (a hint, for which of two is newer), its bytes."""

    name: str
    changed: float
    read: Callable


@dataclass(frozen=True)
class _Owner:
    """Whom the name of a file names: by an id of the class list, or by a platform's number and a person's name."""

    platform: str  # "", "Moodle" or "Canvas"
    number: str  # "" in the plain form
    name: str


@dataclass(frozen=True)
class _Piece:
    """One file of one person."""

    file: _File
    called: str = ""  # as the person called it; "" for a text typed into the platform
    order: tuple = ()  # the newer, the larger
    late: bool = False

    @property
    def is_notebook(self):
        return self.called.endswith(".ipynb")

    def is_called(self, assignment):
        """Whether it has its assignment's name; Canvas and browsers number copies, as in name-1 or name (1)."""
        return re.fullmatch(rf"{re.escape(assignment)}(-\d+|\s?\(\d+\))?\.ipynb", self.called) is not None


@contextlib.contextmanager
def opened_download(path):
    """Open a zip archive or a folder.

    Args:
        path: of it.

    Yields:
        the list of its files

    Raises:
        ValueError: it is neither, or too large, or damaged.
    """
    path = Path(path)
    with contextlib.ExitStack() as stack:
        if path.is_dir():
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, folder)
            files = list(_in_folder(folder, path))
        elif path.is_file():
            try:
                files = list(_in_archive(stack.enter_context(zipfile.ZipFile(path)), path))
            except (zipfile.BadZipFile, NotImplementedError, EOFError):
                raise ValueError(f"{path} is no zip archive, or a damaged one: download it again.") from None
        else:
            raise ValueError(f"There is no folder or zip archive {path}.")
        yield files


def find_in_download(files, assignment, students, worksheet=None):
    """Find each student's notebook in a download.

    A file belongs to a student by an id of the class list (STUDENT.ipynb, STUDENT/….ipynb); by Canvas's number for the
    person, which the class list has from Canvas; by Moodle's number and the assignment's grading worksheet; or by a
    name that one student of the class has alone. Moodle's numbers are new in each assignment, so a class list cannot
    have them.

    Args:
        files: what `opened_download` gave.
        assignment: the name of the assignment.
        students: nbgrader's, of the whole class.
        worksheet: path of Moodle's grading worksheet of this assignment, or None.

    Returns:
        Found

    Raises:
        ValueError: the worksheet is none.
    """
    matcher = _Matcher(students, worksheet)
    found, pieces = Found(), defaultdict(list)
    for file in sorted(files, key=lambda file: file.name):
        owner, piece = _read_name(file, matcher.ids)
        if owner:
            pieces[owner].append(piece)
        elif piece.is_notebook:
            found.unmatched.append((for_terminal(file.name), "its name does not say whose it is"))
    matched = {owner: matcher.find(owner) for owner in pieces}
    claims = Counter(student for student, _ in matched.values() if student)
    for owner, (student, reason) in matched.items():
        if claims[student] > 1:
            student, reason = "", f"{claims[student]} people in this download seem to be {student}"
        notebooks = [piece for piece in pieces[owner] if piece.is_notebook]
        if not student:
            found.unmatched.append((for_terminal((notebooks or pieces[owner])[0].file.name), reason))
        elif not notebooks:
            found.refused.append((student, _no_notebook(pieces[owner])))
        else:
            found.hand_ins.append(_choose(student, notebooks, assignment, found.notes))
    found.hand_ins.sort(key=lambda hand_in: hand_in.student)
    _add_notes(found, matched, pieces, files)
    return found


def _add_notes(found, matched, pieces, files):
    taken = {hand_in.student for hand_in in found.hand_ins}
    by_name = sorted(student for student, how in matched.values() if how == "name" and student in taken)
    late = sorted(
        student for owner, (student, _) in matched.items() if student in taken and any(p.late for p in pieces[owner])
    )
    if by_name:
        found.notes.append(
            f"By their names alone: {listed(by_name)}. Where students may change their names, "
            "match by number: give Moodle's grading worksheet, or enter the class list from Canvas."
        )
    if late:
        found.notes.append(f"Canvas marks as late: {listed(late)}.")
    tops = {file.name.partition("/")[0] for file in files}
    if not matched and len(tops) == 1 and all("/" in file.name for file in files):
        # It is not looked into by itself: whoever's folder it is could name the files in it after others.
        found.notes.append(
            f"Everything lies in one folder, `{for_terminal(tops.pop())}`: unpack it and name that folder."
        )


# --- files ------------------------------------------------------------------------------------------------------------


def _in_archive(archive, path):
    entries = [entry for entry in archive.infolist() if entry.filename and not entry.is_dir()]
    _check_count(len(entries), path)
    for entry in entries:
        name = _name_in_archive(entry)
        if _counts(name):
            yield _File(_normal(name), _zip_time(entry), partial(_read_entry, archive, entry))


def _read_entry(archive, entry):
    if entry.flag_bits & 0x1:
        raise Refused("is encrypted")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refused("is a symlink")
    try:
        with archive.open(entry) as stream:
            return read_some(stream)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError, RuntimeError):
        raise Refused("is damaged in the archive") from None


def _name_in_archive(entry):
    """The name of an entry; without the flag for UTF-8, zipfile takes it for the old code page of DOS."""
    if entry.flag_bits & 0x800:
        return entry.filename.replace("\\", "/")
    with contextlib.suppress(UnicodeError):
        return entry.filename.encode("cp437").decode("utf-8").replace("\\", "/")
    return entry.filename.replace("\\", "/")


def _zip_time(entry):
    with contextlib.suppress(ValueError, OverflowError):
        return time.mktime((*entry.date_time, 0, 0, -1))
    return 0.0


def _in_folder(folder, path):
    seen = 0
    for within, folders, names, descriptor in os.fwalk(".", dir_fd=folder, follow_symlinks=False):
        seen += len(folders) + len(names)
        _check_count(seen, path)
        for name in sorted(names):
            parts = (*PurePosixPath(within).parts, name)
            if _counts("/".join(parts)):
                changed = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mtime
                yield _File(_normal("/".join(parts)), changed, partial(_read_beneath, folder, parts))


def _read_beneath(folder, parts):
    with contextlib.ExitStack() as stack:
        for part in parts[:-1]:
            folder = stack.enter_context(opened_folder(part, folder))
        return read_all(stack.enter_context(opened_file(parts[-1], folder)))


def _check_count(count, path):
    if count > MOST_FILES:
        raise ValueError(f"{path} holds more than {MOST_FILES:,} files. Is it the download of one assignment?")


def _counts(name):
    """Whether a file is anybody's: not what systems and Jupyter leave behind."""
    return not any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _normal(name):
    return unicodedata.normalize("NFC", name)


# --- names ------------------------------------------------------------------------------------------------------------


def _read_name(file, ids):
    """Whom the name of a file names, or None; and the file as a piece."""
    name = file.name
    top, slash, _ = name.partition("/")
    student = top if slash else PurePosixPath(top).stem
    piece = _Piece(file, PurePosixPath(name).name, (file.changed, name))
    if student in ids:
        return _Owner("", "", student), piece
    if match := _MOODLE.fullmatch(name):
        is_file = match["kind"] == "file"
        return _Owner("Moodle", match["number"], match["name"]), _Piece(file, match["file"] * is_file, piece.order)
    if _CANVAS_ANONYMOUS.fullmatch(name):
        return _Owner("Canvas", "", name), piece
    if match := _CANVAS.fullmatch(name):
        order = (int(match["order"]), name)
        return _Owner("Canvas", match["number"], match["name"]), _Piece(file, match["file"], order, bool(match["late"]))
    return None, piece


class _Matcher:
    """The class, looked up by what platforms know about its members."""

    def __init__(self, students, worksheet):
        self.ids = {_normal(student.id): student.id for student in students}
        self.by_number = _unique((student.lms_user_id, student.id) for student in students)
        self.has_number = {student.id for student in students if student.lms_user_id}
        self.by_email = _unique(((student.email or "").casefold(), student.id) for student in students)
        self.by_name = defaultdict(set)
        for student in students:
            first, last = student.first_name or "", student.last_name or ""
            for name in {key_of(first + last), key_of(last + first)} - {""}:
                self.by_name[name].add(student.id)
        self.worksheet = {} if worksheet is None else self._read_worksheet(worksheet)

    def find(self, owner):
        """Return the id of a student, or "", and how: "id", "number", "name", or why there is none."""
        if not owner.platform:
            return self.ids[owner.name], "id"
        if owner.platform == "Canvas" and not owner.number:
            return "", "Canvas made it anonymous: let Canvas show the names, and download again"
        if owner.platform == "Canvas" and owner.number in self.by_number:
            return self.by_number[owner.number], "number"
        if owner.platform == "Moodle" and self.worksheet:
            student = self.worksheet.get(owner.number, "")
            return (student, "number") if student else ("", "the worksheet has no student of the class for its number")
        students = self.by_name[key_of(owner.name)]
        if len(students) > 1:
            return "", f"{len(students)} students of the class have this name"
        student = next(iter(students), "")
        if owner.platform == "Canvas" and student in self.has_number:
            return "", f"its number is not the one that the class list has for {student}"
        return (student, "name") if student else ("", "nobody of this name is in the class list")

    def _read_worksheet(self, path):
        table = Table(path)
        if not table.find(["Identifier"]):
            raise ValueError(f"{path} is no grading worksheet of Moodle's: it has no column «Identifier».")
        rows = [row for _, row in table.rows]
        # «Participant 123456», in the platform's language.
        numbers = [re.search(r"(\d+)\s*$", cell_of(row, "Identifier")) for row in rows]
        return {number[1]: self._student_of(row) for number, row in zip(numbers, rows) if number}

    def _student_of(self, row):
        for column in ("Username", "ID number", "Email address"):
            value = cell_of(row, column)
            if value and (student := self.ids.get(_normal(value)) or self.by_email.get(value.casefold())):
                return student
        students = self.by_name[key_of(cell_of(row, "Full name"))]
        return next(iter(students)) if len(students) == 1 else ""


def _unique(pairs):
    """A dict of those pairs whose first part is there, and nobody else's."""
    pairs = list(pairs)
    counts = Counter(first for first, _ in pairs)
    return {first: second for first, second in pairs if first and counts[first] == 1}


# --- what is taken ----------------------------------------------------------------------------------------------------


def _choose(student, notebooks, assignment, notes):
    """The notebook of the right name, else any; of several the newest."""
    right = [piece for piece in notebooks if piece.is_called(assignment)]
    piece = max(right or notebooks, key=lambda each: each.order)
    if len(notebooks) > 1:
        which = "the one of the right name" if len(right) == 1 else "the newest"
        notes.append(
            f"{student} handed in {len(notebooks)} notebooks: `{for_terminal(piece.called)}` was taken, {which}."
        )
    elif not right and piece.called != f"{student}.ipynb":
        notes.append(f"{student}: `{for_terminal(piece.called)}` was taken as {assignment}.ipynb.")
    return SubmittedFile(student, piece.file.read)


def _no_notebook(pieces):
    names = ", ".join(sorted(for_terminal(piece.called) for piece in pieces if piece.called)[:3])
    return f"handed in no notebook, only {names or 'a text'}"
