"""Whose the files in a platform's download are: what a path says, and which student of the class that is."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nbgrader.api import Student

from helpers.classroom.administration.archive_names import normalise
from helpers.classroom.administration.csv_table import Table
from helpers.classroom.administration.headings import participant_number
from helpers.classroom.administration.roster import key_of, key_of_id

#: Columns of Moodle's grading worksheet in which a student's id or e-mail address may be.
_ID_COLUMNS = ("username", "id_number", "student_id", "email")

#: The ids of the members of each group of a class, by the group's name.
Groups = Mapping[str, Sequence[str]]

# Moodle removes each _ from a person's name, so the first number between two is Moodle's own. There is a folder
# for each student, with or without _ at its end, or one folder for all.
_MOODLE = re.compile(
    r"(?P<name>[^_/]*)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_?/(?:.*/)?|_)(?P<file>[^/]+)", re.DOTALL
)

# Canvas removes each number between two _ from a person's name and writes it in lower case; then come LATE or nothing,
# its number for the person, and one for the file. A group's name stands in the place of the person's, with the number
# of the one who handed in.
_CANVAS = re.compile(r"(?P<name>[^/]*?)_(?P<late>LATE_)?(?P<number>\d+)_(?P<order>\d{1,20})_(?P<file>[^/]+)", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(r"(?:LATE_)?anon_[^_/]+_\d+_[^/]+", re.DOTALL)


class Unmatched(LookupError):
    """A file cannot be given to a student; the message says why."""


@dataclass(frozen=True)
class Owner:
    """Whom a path names: an id or a group of the class list, or a person by a platform's number and a name.

    Args:
        platform: "", "Moodle" or "Canvas".
        number: "" for an id or a group, and where Canvas made it anonymous.
        name: of the person or group.
    """

    platform: str
    number: str
    name: str

    @property
    def person(self) -> tuple[str, str]:
        """What tells two people apart: the platform's number, if there is one."""
        return self.platform, self.number or self.name


@dataclass(frozen=True)
class PathParts:
    """What the path of a file in a download says.

    Args:
        owner: whom it names; None if nobody.
        name: of the file, as the person called it; "" for a text typed into the platform.
        attempt: Canvas's number for the file, the later, the larger; 0 if there is none.
        late: whether Canvas marks it as late.
    """

    owner: Owner | None
    name: str
    attempt: int = 0
    late: bool = False


@dataclass(frozen=True)
class Match:
    """Who handed in.

    Args:
        student: the id; "" where only a group is known.
        by_name: whether nothing but a name says so.
        group: the name of a group as the path has it; "" where it has the name of the person.
    """

    student: str
    by_name: bool = False
    group: str = ""


def name_key(name: str) -> str:
    """Return what is left of a name in a file name, where some platforms omit the accents too."""
    decomposed = unicodedata.normalize("NFKD", key_of(name))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def by_key(groups: Iterable[str]) -> dict[str, list[str]]:
    """Return a dict from the `name_key` of groups to the groups that have it."""
    found: dict[str, list[str]] = defaultdict(list)
    for group in groups:
        found[name_key(group)].append(group)
    return dict(found)


class Matcher:
    """The class, looked up by the ids, numbers, addresses and names that platforms have for its members.

    Args:
        students: nbgrader's, of the whole class.
        groups: of the class.
        worksheet: path of Moodle's grading worksheet of the assignment, or None.

    Raises:
        ValueError: the worksheet is not one.
    """

    def __init__(self, students: Sequence[Student], groups: Groups, worksheet: Path | None = None) -> None:
        self.ids = {key_of_id(student.id): student.id for student in students}
        self.groups = groups
        self.groups_by_key = by_key(groups)
        self.group_names = {normalise(group): group for group in groups}
        self.by_number = _unique((student.lms_user_id, student.id) for student in students)
        self.has_number = {student.id for student in students if student.lms_user_id}
        self.by_email = _unique(((student.email or "").casefold(), student.id) for student in students)
        self.by_name: dict[str, set[str]] = defaultdict(set)
        self.names: dict[str, set[str]] = {}
        for student in students:
            first, last = student.first_name or "", student.last_name or ""
            self.names[student.id] = {name_key(first), name_key(last)} - {""}
            for name in {name_key(first + last), name_key(last + first)} - {""}:
                self.by_name[name].add(student.id)
        self.team_names: set[str] = set()
        #: What was taken for the name of a group that is not entered.
        self.assumed_groups: set[str] = set()
        self.worksheet = None if worksheet is None else self._read_worksheet(worksheet)

    def read_path(self, path: str) -> PathParts:
        """Return what a path says."""
        top, slash, _ = path.partition("/")
        name = PurePosixPath(path).name
        called = top if slash else PurePosixPath(top).stem
        if student := self.ids.get(key_of_id(called)):
            return PathParts(Owner("", "", student), name)
        if match := _MOODLE.fullmatch(path):
            owner = Owner("Moodle", match["number"], match["name"])
            return PathParts(owner, match["file"] if match["kind"] == "file" else "")
        if _CANVAS_ANONYMOUS.fullmatch(path):
            return PathParts(Owner("Canvas", "", path), name)
        if match := _CANVAS.fullmatch(path):
            owner = Owner("Canvas", match["number"], match["name"])
            return PathParts(owner, match["file"], int(match["order"]), bool(match["late"]))
        if group := self.group_names.get(called):
            return PathParts(Owner("", "", group), name)
        return PathParts(None, name)

    def learn_team_names(self, owners: Iterable[Owner]) -> None:
        """Take for a group's name what stands before a “-” in the names of several of Moodle's folders."""
        prefixes = Counter(
            prefix for owner in owners if owner.platform == "Moodle" for prefix, _ in _splits(owner.name)
        )
        self.team_names = {name_key(prefix) for prefix, count in prefixes.items() if count > 1}

    def find(self, owner: Owner) -> Match:
        """Return who handed in; raise Unmatched if that is not certain."""
        if owner.platform == "Canvas":
            return self._find_in_canvas(owner)
        if owner.platform == "Moodle":
            return self._find_in_moodle(owner)
        if owner.name in self.names:
            return Match(owner.name)
        return Match("", group=owner.name)

    def _find_in_canvas(self, owner: Owner) -> Match:
        if not owner.number:
            raise Unmatched("Canvas made it anonymous: let Canvas show the names, and download again")
        groups = self.groups_by_key.get(name_key(owner.name), [])
        if student := self.by_number.get(owner.number):
            is_group = groups or not self._may_be_called(student, owner.name)
            return Match(student, group=owner.name if is_group else "")
        if groups:
            if len(groups) > 1 or self.has_number.intersection(self.groups[groups[0]]):
                raise Unmatched(f"it is from the group {groups[0]}, but nobody in the class list has its number")
            return Match("", by_name=True, group=groups[0])
        student = self._only(self.by_name.get(name_key(owner.name), ()))
        if student in self.has_number:
            raise Unmatched(f"its number is not the one that the class list has for {student}")
        return Match(student, by_name=True)

    def _may_be_called(self, student: str, name: str) -> bool:
        """Whether a name may be a student's: the class list has none for them, or it has a part of theirs."""
        parts, key = self.names[student], name_key(name)
        return not parts or student in self.by_name.get(key, ()) or any(len(part) > 1 and part in key for part in parts)

    def _find_in_moodle(self, owner: Owner) -> Match:
        if self.worksheet is None:
            return Match(self._only(self._people_called(owner.name)), by_name=True)
        if student := self.worksheet.get(owner.number):
            return Match(student)
        if owner.number in self.worksheet:
            raise Unmatched(
                "the worksheet's line for its number fits no student of the class, or several: it needs a column with "
                "their ids or e-mail addresses"
            )
        raise Unmatched("the worksheet has no line for its number: is it the one of this assignment?")

    def _people_called(self, name: str) -> set[str]:
        """The students whom a name of Moodle's may mean: where work is shown by groups it begins with “GROUP-”."""
        people = set(self.by_name.get(name_key(name), ()))
        others: dict[str, set[str]] = {}
        for prefix, rest in _splits(name):
            named = self.by_name.get(name_key(rest), set())
            if groups := self.groups_by_key.get(name_key(prefix)):
                people |= named.intersection(*(self.groups[group] for group in groups)) or named
            elif named and name_key(prefix) in self.team_names:
                others[prefix] = named
        if people or not others:
            return people
        self.assumed_groups.update(others)
        return set().union(*others.values())

    def _only(self, students: Collection[str]) -> str:
        if not students:
            raise Unmatched("nobody of this name is in the class list")
        if len(students) > 1:
            raise Unmatched(f"{len(students)} students of the class have this name")
        return next(iter(students))

    def _read_worksheet(self, path: Path) -> dict[str, str]:
        table = Table(path)
        identifier = table.identifier_column()
        if not identifier:
            raise ValueError(
                f"{path} is not a grading worksheet of Moodle's: it has no column with “Participant 4711” in it, in "
                "any language. Moodle offers it in the assignment, under “Download grading worksheet”."
            )
        columns = {detail: table.column(detail) for detail in (*_ID_COLUMNS, "full_name")}
        return {
            participant_number(row[identifier]): self._student_of(
                {detail: row[column] for detail, column in columns.items() if column}
            )
            for _, row in table.rows
        }

    def _student_of(self, details: Mapping[str, str]) -> str:
        """The student in a line of a worksheet, or "" if that is not certain."""
        for value in (details.get(detail, "") for detail in _ID_COLUMNS):
            if value and (student := self.ids.get(key_of_id(value)) or self.by_email.get(value.casefold())):
                return student
        students = self.by_name.get(name_key(details.get("full_name", "")), set())
        return next(iter(students)) if len(students) == 1 else ""


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """What stands before and after each “-” of a name."""
    for match in re.finditer("-", name):
        yield name[: match.start()], name[match.end() :]


def _unique(pairs: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    """A dict of those pairs whose first part is not blank and occurs once."""
    pairs = list(pairs)
    counts = Counter(first for first, _ in pairs)
    return {first: second for first, second in pairs if first and counts[first] == 1}
