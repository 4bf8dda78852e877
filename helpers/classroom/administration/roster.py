"""The class list: read from what a learning platform or an instructor wrote, and entered into nbgrader's gradebook.

A list is entered atomically: if a line cannot be right, the message names it and nothing is entered.
"""

import logging
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from nbgrader.api import Student

from helpers.classroom.administration.csv_table import Table
from helpers.classroom.course import Course
from helpers.classroom.grading.sanitize import for_terminal

logger = logging.getLogger(__name__)

#: What a column may be called, in lower case with single spaces.
HEADINGS = {
    "id": ("id", "student id", "username", "id number", "email address", "email"),
    "first_name": ("first name", "firstname", "given name"),
    "last_name": ("last name", "lastname", "surname", "family name"),
    "email": ("email", "email address", "e-mail"),
    "lms_user_id": ("lms user id",),
}

#: The same for Canvas, whose ID is its own number for a person.
CANVAS = {
    "id": ("sis login id", "sis user id", "id"),
    "first_name": ("firstname",),
    "last_name": ("lastname",),
    "email": ("email",),
    "lms_user_id": ("id",),
}

CANVAS_TEST_STUDENT = "Canvas's test student"

UNDERSTOOD = (
    "a list with the columns id, first_name, last_name, email; Canvas's gradebook export; Moodle's participants, "
    "grades or grading worksheet"
)


@dataclass(frozen=True)
class Person:
    """One line of a class list, in nbgrader's words.

    Args:
        id: under which nbgrader keeps the student.
        first_name, last_name, email: "" if the list does not say.
        lms_user_id: the platform's own number for the person, the same in all assignments; "" if there is none.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""


@dataclass(frozen=True)
class Roster:
    """A class list as it was read.

    Args:
        people: a list of Person.
        id_column: the heading of the column that the ids were taken from.
        left_out: lines that are not students, e.g. Canvas's test student.
    """

    people: list[Person]
    id_column: str
    left_out: list[str]


@dataclass
class Entered:
    """Result of entering a class list; `str` makes sentences of it.

    Args:
        roster: the Roster that was read.
        dry_run: whether nothing was changed.
        added, updated, unchanged: ids of the students in the list.
        absent: ids of students who are in the gradebook and not in the list; they were kept.
    """

    roster: Roster
    dry_run: bool
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        verb = "Would be entered" if self.dry_run else "Entered"
        lines = [
            f"{verb}: {len(self.roster.people)} students, their ids from the column `{self.roster.id_column}`: "
            f"{len(self.added)} new, {len(self.updated)} updated, {len(self.unchanged)} unchanged."
        ]
        if self.absent:
            lines.append(
                f"{len(self.absent)} in the gradebook are not in this list, and were kept: {listed(self.absent)}."
            )
        if self.roster.left_out:
            lines.append(f"Left out: {listed(self.roster.left_out)}.")
        return "\n".join(lines)


def read_roster(path: Path, id_column: str = "") -> Roster:
    """Read a class list from a CSV file.

    Args:
        path: of the file, which must be a Table.
        id_column: the heading of the column with the ids; left out, the likeliest.

    Raises:
        ValueError: the file is not a class list, or a line cannot be right; the message names it.
    """
    table, headings = Table(path), HEADINGS
    left_out: list[str] = []
    if _is_from_canvas(table.columns):
        headings = CANVAS
        kinds = [_kind_of_canvas_line(row) for _, row in table.rows]
        left_out = [kind for kind in kinds if kind == CANVAS_TEST_STUDENT]
        table.rows = [row for row, kind in zip(table.rows, kinds) if kind == "student"]
    columns = _find_columns(table, headings, id_column)
    if not table.rows:
        raise ValueError(f"{path} has a heading and no students in it. Was it exported with the students?")
    heading = table.heading(columns["id"])
    people = _read_people(table, columns)
    logger.info("%s: %d students, ids from the column %r", path, len(people), heading)
    return Roster(people, heading, left_out)


def enter(course: Course, path: Path, *, id_column: str = "", dry_run: bool = False) -> Entered:
    """Enter a class list into the gradebook, atomically; nobody is removed.

    What the list leaves blank stays as it was.

    Args:
        path: of the CSV file.
        id_column: the heading of the column with the ids; left out, the likeliest.
        dry_run: only say what would change.

    Raises:
        ValueError: the list cannot be right; the message names the line.
    """
    roster = read_roster(path, id_column)
    result = Entered(roster, dry_run)
    with course.gradebook() as gradebook:
        known = {student.id: student for student in gradebook.students}
        _check_against(known, roster.people, path)
        for person in roster.people:
            details = {name: value for name, value in asdict(person).items() if value}
            student = known.get(person.id)
            if student is None:
                result.added.append(person.id)
                gradebook.db.add(Student(**details))
            elif all(getattr(student, name) == value for name, value in details.items()):
                result.unchanged.append(person.id)
            else:
                result.updated.append(person.id)
                for name, value in details.items():
                    setattr(student, name, value)
        result.absent = sorted(known.keys() - {person.id for person in roster.people})
        if dry_run:
            gradebook.db.rollback()
        else:
            gradebook.db.commit()  # one for the whole class
            logger.info("%d added, %d updated in the gradebook", len(result.added), len(result.updated))
    return result


def check_student_id(student: str) -> None:
    """Raise ValueError if a text may not be the id of a student, which becomes the name of a folder."""
    shown = f"the id `{for_terminal(student)}`"
    if not student:
        raise ValueError("the id is empty")
    if not student.isprintable():
        raise ValueError(f"{shown} has a character that cannot be printed")
    if found := sorted(set(student) & set("/\\+*?[]{}")):
        raise ValueError(f"{shown} has a `{found[0]}` in it")
    if student.startswith((".", "-", "=", "@")) or ".." in student or student != student.strip():
        raise ValueError(f"{shown} has a `..` in it, or begins with `.`, `-`, `=`, `@` or a space")
    if len(student.encode()) > 128:
        raise ValueError(f"{shown} is longer than 128 bytes")


def split_name(name: str) -> tuple[str, str]:
    """Return the last name and the first name, of “Lovelace, Ada” or “Ada Lovelace”."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.strip().rpartition(" ")
    return last.strip(), first.strip()


def key_of(name: str) -> str:
    """Return what is left of a person's name when platforms have put it into a file name: letters and digits."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in unicodedata.normalize("NFKC", folded) if letter.isalnum())


def key_of_id(student: str) -> str:
    """Return what two ids have in common that are the same folder on some disks."""
    return unicodedata.normalize("NFC", student).casefold()


def listed(names: Sequence[str], most: int = 20) -> str:
    """Return names as a sentence lists them: the first few, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _is_from_canvas(columns: Collection[str]) -> bool:
    return not {"sis login id", "sis user id"}.isdisjoint(columns) or {"student", "id", "section"} <= set(columns)


def _find_columns(table: Table, headings: Mapping[str, tuple[str, ...]], id_column: str) -> dict[str, str]:
    """The column of each detail of a Person, "" where there is none; ids there must be."""
    columns = {detail: table.find(names) for detail, names in headings.items()}
    columns["id"] = table.find([id_column] if id_column else headings["id"], filled=True)
    if columns["id"]:
        return columns
    there = ", ".join(f"`{for_terminal(heading)}`" for heading in table.headings if heading)
    if id_column:
        raise ValueError(f"{table.path} has no column `{id_column}` with anything in it; it has {there}.")
    raise ValueError(f"{table.path} has no column with ids; it has {there}. What is understood: {UNDERSTOOD}.")


def _kind_of_canvas_line(row: Mapping[str, str]) -> str:
    """Which of the three kinds of lines that Canvas writes this is: a student, the test student, or settings."""
    name = row.get("student") or f"{row.get('lastname', '')}, {row.get('firstname', '')}"
    identity = name.strip(" ,") + "".join(row.get(each, "") for each in ("id", "sis user id", "sis login id"))
    if not identity or "Points Possible" in name:
        return "settings"
    return CANVAS_TEST_STUDENT if name in ("Student, Test", "Test Student") else "student"


def _read_people(table: Table, columns: Mapping[str, str]) -> list[Person]:
    """Return a Person for each line; raise ValueError for the first that cannot be right."""
    people = []
    first_lines: dict[tuple[str, str], int] = {}
    for line, row in table.rows:
        people.append(person := _person(row, columns))
        where, number = f"{table.path}, line {line}", person.lms_user_id
        try:
            check_student_id(person.id)
        except ValueError as error:
            raise ValueError(f"{where}, column `{table.heading(columns['id'])}`: {error}.") from None
        for called, value, key in [("id", person.id, key_of_id(person.id)), ("platform's number", number, number)]:
            first = first_lines.setdefault((called, key), line)
            if value and first != line:
                raise ValueError(
                    f"{where}: the {called} `{for_terminal(value)}` is in line {first} too; "
                    "each student needs one of their own."
                )
    return people


def _person(row: Mapping[str, str], columns: Mapping[str, str]) -> Person:
    details = {detail: row[column] for detail, column in columns.items() if column}
    if not (columns["first_name"] or columns["last_name"]):
        details["last_name"], details["first_name"] = split_name(row.get("student") or row.get("full name", ""))
    return Person(**details)


def _check_against(known: Mapping[str, Student], people: Sequence[Person], path: Path) -> None:
    """Raise ValueError if the gradebook has a student of the list under another id, or a number under another."""
    known_ids = {key_of_id(student): student for student in known}
    by_number = {person.lms_user_id: person.id for person in people if person.lms_user_id}
    for person in people:
        known_id = known_ids.get(key_of_id(person.id), person.id)
        if known_id != person.id:
            raise ValueError(f"{path}: `{person.id}` is in the gradebook as `{known_id}`; write it in the same way.")
    for student in known.values():
        other = by_number.get(student.lms_user_id, student.id)
        if other != student.id and student.id not in by_number.values():
            raise ValueError(
                f"{path}: the platform's number {for_terminal(student.lms_user_id)} is that of {other}, "
                f"and in the gradebook that of {student.id}."
            )
