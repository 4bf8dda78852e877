"""Reading a list of groups: Canvas's export of a group set, Moodle's overview of groups; a line for each membership."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nbgrader.api import Student

from helpers.classroom.administration.class_list import IDS, split_groups
from helpers.classroom.administration.csv_table import Table
from helpers.classroom.administration.headings import HEADINGS, key_of_heading
from helpers.classroom.grading.sanitize import for_terminal


@dataclass(frozen=True)
class GroupList:
    """A list of groups as it was read.

    Args:
        groups: from the id of each student in the list to the names of all of their groups.
        unknown: sentences on the lines of people who are not in the class list.
    """

    groups: dict[str, list[str]]
    unknown: list[str]


def is_group_list(table: Table) -> bool:
    """Return whether a table is a list of groups: it has Canvas's number of a person, or Moodle's grouping."""
    if "canvas user id" in table.columns:
        return bool(_group_column(table))
    return bool(table.column("grouping") and table.column("group"))


def read_group_list(table: Table, students: Sequence[Student]) -> GroupList:
    """Read a list of groups; nobody is added to the class.

    Args:
        students: nbgrader's, of the whole class. They are found by the platform's number, by their ids or addresses,
            or, in a list that has none of these, by their names.
    """
    group, found = _group_column(table), GroupList({}, [])
    number = table.find(["canvas user id"])
    ids = [column for detail in IDS for column in table.find_all(HEADINGS[detail]) if column != number]
    names = [table.column(detail) for detail in ("first_name", "last_name", "name", "full_name")]
    class_by = _Class(students)
    for line, row in table.rows:
        identities = [row[column] for column in [number, *ids] if column and row[column]]
        name = " ".join(row[column] for column in dict.fromkeys(names) if column and row[column])
        if not (identities or name):
            continue  # a group that nobody is in
        student = class_by.find(row.get(number, ""), [row[column] for column in ids], "" if number or ids else name)
        if student:
            found.groups.setdefault(student, []).extend(split_groups(row[group], several=False))
        else:
            who = for_terminal(name or identities[0])
            found.unknown.append(f"{table.path}, line {line}: {who} is not in the class list")
    return found


class _Class:
    """The class, looked up by what a list of groups can say of a person."""

    def __init__(self, students: Sequence[Student]) -> None:
        self._by_number = _unique((student.lms_user_id, student.id) for student in students)
        self._by_id = _unique((student.id.casefold(), student.id) for student in students)
        self._by_email = _unique(((student.email or "").casefold(), student.id) for student in students)
        self._by_name = _unique(
            (key_of_heading(name), student.id)
            for student in students
            for name in {f"{student.first_name} {student.last_name}", f"{student.last_name} {student.first_name}"}
        )

    def find(self, number: str, ids: Iterable[str], name: str) -> str:
        """Return the id of a student, or "" if it is not clear who is meant."""
        keys = [each.casefold() for each in ids]
        candidates = [
            self._by_number.get(number),
            *map(self._by_id.get, keys),
            *map(self._by_email.get, keys),
            self._by_name.get(key_of_heading(name)),
        ]
        return next(filter(None, candidates), "")


def _group_column(table: Table) -> str:
    return table.column("group", filled=True) or table.find(["canvas group id", "group id"], filled=True)


def _unique(pairs: Iterable[tuple[str | None, str]]) -> Mapping[str, str]:
    """A dict of those pairs whose first part is not blank and occurs once."""
    pairs = list(pairs)
    counts = Counter(first for first, _ in pairs)
    return {first: second for first, second in pairs if first and counts[first] == 1}
