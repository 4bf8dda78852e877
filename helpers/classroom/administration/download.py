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
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from nbgrader.api import Student

from helpers.classroom.administration.archive_names import decode_names, normalise
from helpers.classroom.administration.group_work import HandIn, share
from helpers.classroom.administration.matching import Groups, Match, Matcher, Owner, PathParts, Unmatched
from helpers.classroom.administration.roster import listed
from helpers.classroom.administration.submitted_files import (
    Found,
    Refused,
    SubmittedFile,
    is_notebook,
    opened_file,
    opened_folder,
    read_limited,
)
from helpers.classroom.grading.sanitize import for_terminal

logger = logging.getLogger(__name__)

#: Names that a download may have: ten files from each of 10,000 students.
MOST_FILES = 100_000

#: A platform may pack in another time zone [seconds].
_DAY = 86_400

#: Where to find what tells people apart.
_HOW_TO_MATCH = {
    "Canvas": "Canvas's numbers are in the class list that it exports (Grades, Export): enter that with `make roster`.",
    "Moodle": "Moodle's numbers are in the grading worksheet of this assignment: download it, and add "
    '`ARGS="--worksheet FILE.csv"`.',
}


@dataclass
class _File:
    """A file in a download, and what its path says, which `_group_by_owner` fills in."""

    path: str
    changed: float
    read: Callable[[], bytes]
    says: PathParts = field(default_factory=lambda: PathParts(None, ""))

    @property
    def is_notebook(self) -> bool:
        return is_notebook(self.says.name)

    @property
    def age(self) -> tuple[int, float, str]:
        """The newer a file is, the larger: by Canvas's number, else by the time of the last change."""
        return self.says.attempt, self.changed, self.path

    def is_called(self, assignment: str) -> bool:
        """Whether it has its assignment's name; Canvas and browsers number copies, as in name-1 or name (1)."""
        name = rf"{re.escape(assignment)}(-\d+|\s?\(\d+\))?\.ipynb"
        return re.fullmatch(name, self.says.name, re.IGNORECASE) is not None


@contextlib.contextmanager
def opened_download(path: Path, letters: Collection[str] = ()) -> Iterator[list[_File]]:
    """Open a zip archive or a folder, and yield the list of its files.

    Args:
        letters: those to be expected in names that do not say how they are encoded, from `letters_of`.

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
                files = list(_list_archive(stack.enter_context(zipfile.ZipFile(path)), path, letters))
            except (zipfile.BadZipFile, NotImplementedError, EOFError):
                raise ValueError(f"{path} is not a zip archive, or is damaged: download it again.") from None
        else:
            raise ValueError(f"There is no folder or zip archive {path}.")
        logger.info("%s: %d files", path, len(files))
        yield files


def find_in_download(
    files: Sequence[_File],
    assignment: str,
    students: Sequence[Student],
    worksheet: Path | None = None,
    groups: Groups | None = None,
) -> Found:
    """Find each student's notebook in a download.

    A file belongs to a student by an id of the class list (STUDENT.ipynb, STUDENT/….ipynb); by Canvas's number for the
    person, which a class list from Canvas contains; by Moodle's number and the assignment's grading worksheet; or by a
    name that one student of the class has alone. Moodle's numbers are new in each assignment, so a class list cannot
    contain them. A file that is named after a group belongs to all of its members.

    Args:
        files: a list from `opened_download`.
        assignment: the name of the assignment.
        students: nbgrader's, of the whole class.
        worksheet: path of Moodle's grading worksheet of this assignment, or None.
        groups: of the class.

    Raises:
        ValueError: the worksheet is not one.
    """
    matcher, found = Matcher(students, groups or {}, worksheet), Found()
    by_owner = _group_by_owner(files, matcher, found)
    hand_ins = []
    for owner, match in _match(by_owner, matcher, found).items():
        theirs = by_owner[owner]
        notebooks = [file for file in theirs if file.is_notebook]
        who = match.student or for_terminal(match.group)
        if notebooks:
            logger.debug("%s: %d notebooks of %s", who, len(notebooks), owner.platform or "the class list")
            file = _choose(who, notebooks, assignment, found.notes)
            late = any(each.says.late for each in theirs)
            hand_ins.append(HandIn(match.student, match.group, file.age, file.read, match.by_name, late))
        else:
            names = ", ".join(sorted(for_terminal(file.says.name) for file in theirs if file.says.name)[:3])
            found.refused.append((who, f"handed in no notebook, only {names or 'a text'}"))
    shares = share(hand_ins, matcher.groups, set(matcher.names), found)
    for student, hand_in in sorted(shares.items()):
        found.files.append(SubmittedFile(student, hand_in.read, attempt=hand_in.age[0]))
    if by_name := sorted(student for student, hand_in in shares.items() if hand_in.by_name):
        found.notes.append(
            f"By their names alone: {listed(by_name)}. Where students may change their names, "
            "match by number: give Moodle's grading worksheet, or enter the class list from Canvas."
        )
    if marked := sorted(student for student, hand_in in shares.items() if hand_in.late):
        found.notes.append(f"Canvas marks as late: {listed(marked)}.")
    return found


def _group_by_owner(files: Sequence[_File], matcher: Matcher, found: Found) -> dict[Owner, list[_File]]:
    """The files of each owner; notebooks without one are noted."""
    by_owner: dict[Owner, list[_File]] = defaultdict(list)
    if outside := sorted(for_terminal(file.path) for file in files if _leads_outside(file.path)):
        found.refused.append((listed(outside), "would lie outside the archive; no platform gives such names"))
    files = [file for file in files if not _leads_outside(file.path)]
    for file in sorted(files, key=lambda file: file.path):
        file.says = matcher.read_path(file.path)
        if file.says.owner:
            by_owner[file.says.owner].append(file)
        elif file.is_notebook:
            found.unmatched.append((for_terminal(file.path), "its name does not say whose it is"))
    tops = {file.path.partition("/")[0] for file in files}
    if not by_owner and len(tops) == 1 and all("/" in file.path for file in files):
        # Its files are not taken without being told to: it could be a student's, who has named them after others.
        found.notes.append(
            f"All files are in one folder, `{for_terminal(tops.pop())}`: unpack it and name that folder."
        )
    return by_owner


def _match(by_owner: Mapping[Owner, Sequence[_File]], matcher: Matcher, found: Found) -> dict[Owner, Match]:
    """Who handed in; those who are not known are noted, and those for whom several people could be taken."""
    matcher.learn_team_names(by_owner)
    matches: dict[Owner, Match] = {}
    unmatched: dict[Owner, str] = {}
    for owner in by_owner:
        try:
            matches[owner] = matcher.find(owner)
        except Unmatched as error:
            unmatched[owner] = str(error)
    people: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for owner, match in matches.items():
        people[match.student or match.group].add(owner.person)
    for owner, match in list(matches.items()):
        who = match.student or match.group
        if (count := len(people[who])) > 1:
            unmatched[owner] = f"{count} people in this download seem to be {for_terminal(who)}"
            del matches[owner]
    found.unmatched += [(_example(by_owner[owner]), reason) for owner, reason in unmatched.items()]
    if assumed := sorted(map(for_terminal, matcher.assumed_groups)):
        found.notes.append(f"Taken as names of groups: {listed(assumed)}.")
    platforms = {owner.platform for owner in unmatched if owner.number}
    if matcher.worksheet is not None:
        platforms.discard("Moodle")
    found.notes += [_HOW_TO_MATCH[platform] for platform in sorted(platforms)]
    return matches


def _example(files: Sequence[_File]) -> str:
    """The path of one of an owner's files, a notebook if there is one."""
    return for_terminal(next((file for file in files if file.is_notebook), files[0]).path)


# --- files ------------------------------------------------------------------------------------------------------------


def _list_archive(archive: zipfile.ZipFile, path: Path, letters: Collection[str]) -> Iterator[_File]:
    # Of two of one name the last comes first, which is the one that every program leaves when it unpacks them.
    entries = [entry for entry in reversed(archive.infolist()) if entry.filename and not entry.is_dir()]
    _check_count(len(entries), path)
    for entry, name in zip(entries, decode_names(entries, letters)):
        name = re.sub(r"(?<![^/])(\./+)+", "", name)  # ./ada.ipynb is ada.ipynb
        if _is_relevant(name):
            yield _File(name, _zip_time(entry), partial(_read_entry, archive, entry))


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & 0x1:
        raise Refused("is encrypted")
    kind = stat.S_IFMT(entry.external_attr >> 16)  # 0 where the archive does not say
    if kind == stat.S_IFLNK:
        raise Refused("is a symlink")
    if kind not in (0, stat.S_IFREG):
        raise Refused("is not a regular file")
    try:
        with archive.open(entry) as stream:
            return read_limited(stream)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError, RuntimeError):
        raise Refused("is damaged in the archive") from None


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
                yield _File(normalise("/".join(parts)), changed, partial(_read_beneath, folder, parts))


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
    return not any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in name.split("/"))


def _leads_outside(name: str) -> bool:
    return name.startswith("/") or ".." in name.split("/") or re.match("[A-Za-z]:", name) is not None


# --- choice of a notebook ---------------------------------------------------------------------------------------------


def _choose(who: str, notebooks: Sequence[_File], assignment: str, notes: list[str]) -> _File:
    """The notebook of the right name, else any; of several the newest."""
    right = [notebook for notebook in notebooks if notebook.is_called(assignment)]
    chosen = max(right or notebooks, key=lambda file: file.age)
    name = for_terminal(chosen.says.name)
    if len(notebooks) > 1:
        which = "the one of the right name" if len(right) == 1 else "the newest"
        if sum(each.age == chosen.age for each in right or notebooks) > 1:
            which = "the last of this name and time in the archive"
        notes.append(f"{who} handed in {len(notebooks)} notebooks: `{name}` was taken, {which}.")
        if chosen.changed > time.time() + _DAY:
            date = time.strftime("%Y-%m-%d", time.localtime(chosen.changed))
            notes.append(f"{who}: `{name}` has a date in the future, {date}.")
    elif not right and PurePosixPath(chosen.says.name).stem.casefold() != who.casefold():
        notes.append(f"{who}: `{name}` was taken as {assignment}.ipynb.")
    return chosen
