"""The class list, entered into nbgrader's gradebook, and with it who works together.

What is entered is entered atomically. A line that cannot be right is left out and named; where it is not clear which
line is wrong, as with two of one id, nothing is entered.
"""

import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from nbgrader.api import Gradebook, Student

from helpers.classroom.administration.class_list import ClassList, Person, read_class_list
from helpers.classroom.administration.csv_table import Table
from helpers.classroom.administration.group_list import is_group_list, read_group_list
from helpers.classroom.administration.groups import read_groups, replace_groups, write_groups
from helpers.classroom.course import Course
from helpers.classroom.grading.sanitize import for_spreadsheet, for_terminal
from helpers.classroom.grading.wording import counted

logger = logging.getLogger(__name__)

WAY_OUT = (
    "Correct this, on the platform or in the file, and enter the list again; or take the ids from another column: "
    "ARGS='--id-column \"…\"'."
)

#: Lines that were not entered, of which a report shows each.
MOST_FAULTS = 20


@dataclass
class Entered:
    """Result of entering a class list, or a list of groups; `str` makes sentences of it.

    Args:
        id_column: the heading of the column that the ids were taken from; "" for a list of groups, which adds nobody.
        added, updated, unchanged: ids of the students in the list.
        absent: ids of students who are in the gradebook and not in the list; they were kept.
        faults: sentences on the lines that were not entered.
        notes: sentences.
        groups: from the id of each student in the list to the names of their groups; None if it does not say.
        dry_run: whether nothing was changed.
    """

    id_column: str = ""
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    groups: dict[str, list[str]] | None = None
    dry_run: bool = False

    @property
    def complete(self) -> bool:
        """Whether every line was entered."""
        return not self.faults

    def __str__(self) -> str:
        verb, lines = "Would be entered" if self.dry_run else "Entered", []
        if self.id_column:
            count = len(self.added) + len(self.updated) + len(self.unchanged)
            lines.append(
                f"{verb}: {counted(count, 'student')}, their ids from the column `{self.id_column}`: "
                f"{len(self.added)} new, {len(self.updated)} updated, {len(self.unchanged)} unchanged."
            )
        if self.groups is not None:
            names = {name for names in self.groups.values() for name in names}
            students, groups = counted(len(self.groups), "student"), counted(len(names), "group")
            lines.append(f"{verb}: the groups of {students}, {groups} in all.")
            if alone := [student for student, names in self.groups.items() if not names]:
                lines.append(f"In no group: {listed(alone)}.")
        if self.absent:
            lines.append(
                f"In the gradebook, not in this list, and kept: {counted(len(self.absent), 'student')}: "
                f"{listed(self.absent)}."
            )
        lines += self.notes
        if self.faults:
            lines += [f"Not entered: {fault}." for fault in self.faults[:MOST_FAULTS]]
            if more := len(self.faults[MOST_FAULTS:]):
                lines.append(f"Not entered: {counted(more, 'more line')}.")
            lines.append(WAY_OUT if self.id_column else "Enter the class list first, so that everybody is known.")
        return "\n".join(lines)


def enter(course: Course, path: Path, *, columns: Mapping[str, str] | None = None, dry_run: bool = False) -> Entered:
    """Enter a class list into the gradebook, or a list of groups into the groups; nobody is removed.

    What the list leaves blank stays as it was, but for groups: a list that has them replaces those of the people in it.

    Args:
        path: of the CSV file.
        columns: from a detail to the heading of its column; of those left out, the likeliest.
        dry_run: only say what would change.

    Raises:
        ValueError: the file is no such list, or it is not clear which line is wrong; the message says so.
    """
    faults: list[str] = []
    table = Table(path, faults)
    if faults and not table.rows:
        raise ValueError(f"{faults[0]}.")
    with course.gradebook() as gradebook:
        if is_group_list(table):
            if columns:
                raise ValueError(
                    f"{path} is a list of groups, whose columns are known: leave out --column, --id-column."
                )
            result = _enter_groups(gradebook, table, faults)
        else:
            result = _enter_class(gradebook, table, columns or {}, faults)
        result.dry_run = dry_run
        groups = replace_groups(read_groups(course), result.groups) if result.groups is not None else None
        if dry_run:
            gradebook.db.rollback()
            return result
        gradebook.db.commit()  # one for the whole class
    logger.info("%d added, %d updated in the gradebook", len(result.added), len(result.updated))
    if groups is not None:
        write_groups(course, groups)
    return result


def check_student_id(student: str) -> None:
    """Raise ValueError if a text may not be the id of a student, which becomes the name of a folder."""
    shown = f"the id `{for_terminal(student)}`"
    if not student:
        raise ValueError("the id is empty")
    if not student.isprintable():
        raise ValueError(f"{shown} has a character that cannot be printed")
    if found := sorted(set(student) & set("/\\*?[]{}")):
        raise ValueError(f"{shown} has a `{found[0]}` in it")
    if student.startswith(".") or ".." in student or student != student.strip():
        raise ValueError(f"{shown} has a `..` in it, or begins with a `.` or a space")
    if for_spreadsheet(student) != student:
        raise ValueError(f"{shown} has a part that a spreadsheet takes for a formula")
    if re.fullmatch(r"\d([.,]\d+)?E\+\d+", student, re.IGNORECASE):
        raise ValueError(f"{shown} is a number that a spreadsheet has rounded: give its column the format “Text” there")
    if len(student.encode()) > 128:
        raise ValueError(f"{shown} is longer than 128 bytes")


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


def _enter_groups(gradebook: Gradebook, table: Table, faults: list[str]) -> Entered:
    """Read a list of groups, of people who are in the class list."""
    found = read_group_list(table, gradebook.students)
    if not found.groups:
        raise ValueError(f"{table.path} is a list of groups, and nobody in it is in the class list: enter that first.")
    return Entered(groups=found.groups, faults=faults + found.unknown)


def _enter_class(gradebook: Gradebook, table: Table, columns: Mapping[str, str], faults: list[str]) -> Entered:
    """Add and change the students of a class list; the caller commits it."""
    class_list = read_class_list(table, columns)
    known = {student.id: student for student in gradebook.students}
    people = list(_without_faults(class_list, table.path, known, faults))
    if len(faults) > len(people):
        count = f" {len(faults)} lines cannot be right." if len(faults) > 1 else ""
        raise ValueError(f"{faults[0]}.{count} Nothing was entered. {WAY_OUT}")
    result = Entered(class_list.id_column, faults=faults, notes=_notes(class_list, table))
    for person in people:
        details = {name: value for name, value in asdict(person).items() if value and name != "groups"}
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
    result.absent = sorted(known.keys() - {person.id for _, person in class_list.lines})
    if class_list.says_groups:
        result.groups = {person.id: list(person.groups) for person in people}
    return result


def _notes(class_list: ClassList, table: Table) -> list[str]:
    """Sentences on what else is in the file."""
    notes = []
    if class_list.left_out:
        notes.append(f"Left out: {listed(class_list.left_out)}.")
    if class_list.unused:
        notes.append(f"Columns that were not used: {listed([f'`{each}`' for each in class_list.unused])}.")
    if not table.encoding.startswith("utf"):
        notes.append(f"The file is not in UTF-8; it was read as {table.encoding}, in which its headings make sense.")
    return notes


def _without_faults(
    class_list: ClassList, path: Path, known: Mapping[str, Student], faults: list[str]
) -> Iterator[Person]:
    """Yield each Person who can be entered, and add a sentence on each other one to the faults.

    Raises:
        ValueError: two lines have one id, or one number.
    """
    first_lines: dict[tuple[str, str], int] = {}
    conflicts = _Conflicts(known, [person for _, person in class_list.lines])
    for line, person in class_list.lines:
        where, number = f"{path}, line {line}", person.lms_user_id
        who = f" ({person.name})" if person.name else ""
        try:
            check_student_id(person.id)
        except ValueError as error:
            faults.append(f"{where}{who}, column `{class_list.id_column}`: {error}")
            continue
        for called, value, key in [("id", person.id, key_of_id(person.id)), ("platform's number", number, number)]:
            first = first_lines.setdefault((called, key), line)
            if value and first != line:
                raise ValueError(
                    f"{where}: the {called} `{for_terminal(value)}` is in line {first} too; "
                    "each student needs one of their own. Nothing was entered."
                )
        if conflict := conflicts.find(person):
            faults.append(f"{where}{who}: {conflict}")
        else:
            yield person


class _Conflicts:
    """What the gradebook says that a class list contradicts.

    Args:
        known: the students in the gradebook.
        people: everybody in the list.
    """

    def __init__(self, known: Mapping[str, Student], people: Iterable[Person]) -> None:
        self._ids = {key_of_id(student): student for student in known}
        renumbered = {person.id for person in people if person.lms_user_id}
        self._by_number = {
            student.lms_user_id: student.id
            for student in known.values()
            if student.lms_user_id and student.id not in renumbered
        }

    def find(self, person: Person) -> str:
        """Return what is wrong with a Person, or ""."""
        known_id = self._ids.get(key_of_id(person.id), person.id)
        if known_id != person.id:
            return f"`{person.id}` is in the gradebook as `{known_id}`; write it in the same way"
        other = self._by_number.get(person.lms_user_id, person.id)
        if other != person.id:
            number = for_terminal(person.lms_user_id)
            return f"the platform's number {number} is that of {person.id}, and in the gradebook that of {other}"
        return ""
