"""Reading a class list: what a learning platform or an instructor wrote about each person, line by line."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from helpers.classroom.administration.csv_table import Table
from helpers.classroom.administration.headings import (
    HEADINGS,
    is_no_group,
    is_participant,
    is_test_student,
    key_of_heading,
)
from helpers.classroom.grading.sanitize import for_terminal

logger = logging.getLogger(__name__)

#: What a list can say of a person; each can be named by the option --column.
DETAILS = ("id", "first_name", "last_name", "full_name", "email", "lms_user_id", "group")

#: Where ids are looked for, the likeliest first.
IDS = ("student_id", "username", "id_number", "email")

CANVAS_TEST_STUDENT = "Canvas's test student"

UNDERSTOOD = (
    "a list with the columns id, first_name, last_name, email, group; Canvas's gradebook export; Moodle's "
    "participants, grades or grading worksheet"
)


@dataclass(frozen=True)
class Person:
    """One line of a class list, in nbgrader's words.

    Args:
        id: under which nbgrader keeps the student.
        first_name, last_name, email: "" if the list does not say.
        lms_user_id: the platform's own number for the person, the same in all assignments; "" if there is none.
        groups: names of the groups that the person is in.
    """

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_user_id: str = ""
    groups: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The whole name as it can be shown."""
        return for_terminal(f"{self.first_name} {self.last_name}".strip())


@dataclass(frozen=True)
class ClassList:
    """A class list as it is in the file; nothing in it has been checked.

    Args:
        lines: pairs of a line's number and the Person in it.
        id_column: the heading of the column that the ids were taken from.
        says_groups: whether there is a column of groups with something in it.
        left_out: lines that are not students, e.g. Canvas's test student.
        unused: headings of the columns that have something in them and were not used.
    """

    lines: list[tuple[int, Person]]
    id_column: str
    says_groups: bool = False
    left_out: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def read_class_list(table: Table, named: Mapping[str, str] | None = None) -> ClassList:
    """Read a class list.

    Args:
        table: the file.
        named: from a detail to the heading of its column; of those left out, the likeliest.

    Raises:
        ValueError: the file is not a class list.
    """
    columns = _find_columns(table, named or {})
    students, left_out = _without_others(table)
    if not students:
        raise ValueError(f"{table.path} has a heading and no students in it. Was it exported with the students?")
    several = bool(columns["group"]) and separates_groups(table, columns["group"])
    lines = [(line, _person(row, columns, several)) for line, row in students]
    heading, unused = table.heading(columns["id"]), table.unused({column for column in columns.values() if column})
    logger.info("%s: %d students, ids from the column %r", table.path, len(lines), heading)
    return ClassList(lines, heading, bool(columns["group"]), left_out, unused)


def read_named(options: Iterable[str]) -> dict[str, str]:
    """Return a dict from details to headings, of texts like “first_name=Nickname”.

    Raises:
        ValueError: one has another form, or there is no such detail.
    """
    named = {}
    for option in options:
        detail, equals, heading = option.partition("=")
        detail = detail.strip().casefold().replace(" ", "_").replace("-", "_")
        if not (equals and heading.strip()) or detail not in DETAILS:
            raise ValueError(
                f"`{for_terminal(option)}` does not name a column: write DETAIL=HEADING, as in `first_name=Nickname`; "
                f"the details are {', '.join(DETAILS)}."
            )
        named[detail] = heading.strip()
    return named


def split_name(name: str) -> tuple[str, str]:
    """Return the last name and the first name, of “Lovelace, Ada” or “Ada Lovelace”."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.strip().rpartition(" ")
    return last.strip(), first.strip()


def split_groups(cell: str, several: bool) -> tuple[str, ...]:
    """Return the names of the groups in a cell.

    Args:
        several: whether a comma separates two names, as in Moodle's list of participants.
    """
    names = cell.split(",") if several else [cell]
    return tuple(name.strip() for name in names if not is_no_group(name))


def separates_groups(table: Table, column: str) -> bool:
    """Return whether a comma in a column of groups separates two names: its heading is a plural, or has none."""
    return table.column("groups") == column or not key_of_heading(column).isascii()


# --- columns ----------------------------------------------------------------------------------------------------------


def _find_columns(table: Table, named: Mapping[str, str]) -> dict[str, str]:
    """The column of each detail, "" where there is none; ids there must be."""
    chosen = {detail: _find_named(table, heading) for detail, heading in named.items()}
    found = _find_canvas(table) if _is_from_canvas(table) else _find_usual(table)
    columns = found | _find_names(table, chosen) | chosen
    if not columns["id"]:
        raise ValueError(
            f"{table.path} has no column with ids in it; it has {_there(table)}. What is understood: {UNDERSTOOD}. "
            "Of any other, name the column: ARGS='--column id=\"…\"'."
        )
    return columns


def _find_named(table: Table, heading: str) -> str:
    if column := table.find([heading], filled=True):
        return column
    raise ValueError(
        f"{table.path} has no column `{for_terminal(heading)}` with anything in it; it has {_there(table)}."
    )


def _there(table: Table) -> str:
    return ", ".join(f"`{for_terminal(heading)}`" for heading in table.headings if heading)


def _is_from_canvas(table: Table) -> bool:
    if table.column("sis_login_id") or table.column("sis_user_id"):
        return True
    return bool("id" in table.columns and table.column("student") and table.column("section"))


def _find_usual(table: Table) -> dict[str, str]:
    ids = (column for detail in IDS for column in table.find_all(HEADINGS[detail]))
    return {
        "id": next((each for each in ids if not (table.is_blank(each) or _is_numbered(table, each))), ""),
        "email": table.column("email"),
        "lms_user_id": table.column("lms_user_id"),
        "group": table.column("group", filled=True) or table.column("groups", filled=True),
    }


def _find_canvas(table: Table) -> dict[str, str]:
    """As for every list, but Canvas's ID is its own number for a person."""
    ids = (*HEADINGS["sis_login_id"], *HEADINGS["sis_user_id"], "id")
    return _find_usual(table) | {"id": table.find(ids, filled=True), "lms_user_id": table.find(["id"])}


def _is_numbered(table: Table, column: str) -> bool:
    """Whether a column has Moodle's numbers for one assignment, which German calls ID."""
    return any(map(is_participant, table.cells(column)))


def _find_names(table: Table, chosen: Mapping[str, str]) -> dict[str, str]:
    """The columns of the parts of a name, or that of the whole.

    In several languages one word means the whole name, and beside the one part also the other: “Nom” beside “Prénom”,
    “Nombre” beside “Apellidos”, “이름” beside “성”.
    """
    first, last = (chosen.get(detail) or table.column(detail) for detail in ("first_name", "last_name"))
    either = table.column("name")
    if (first or last) and "full_name" not in chosen:
        return {"first_name": first or either, "last_name": last or either, "full_name": ""}
    return {
        "first_name": "",
        "last_name": "",
        "full_name": table.column("full_name") or either or table.column("student"),
    }


# --- lines ------------------------------------------------------------------------------------------------------------


def _without_others(table: Table) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """The lines of students, and what else is left out; Canvas's own settings are not mentioned."""
    if not _is_from_canvas(table):
        return table.rows, []
    details = ("last_name", "first_name", "student", "sis_user_id", "sis_login_id")
    columns = [table.column(detail) for detail in details]
    students, left_out = [], []
    for line, row in table.rows:
        last, first, name, sis_user, login = (row.get(column, "") for column in columns)
        name = name or f"{last}, {first}".strip(" ,")
        if not (name or sis_user or login or row.get("id")) or "Points Possible" in name:
            continue
        if not sis_user and (is_test_student("".join(split_name(name)[::-1])) or _is_made_up(login)):
            left_out.append(f"{CANVAS_TEST_STUDENT} (line {line}, “{for_terminal(name)}”)")
        else:
            students.append((line, row))
    return students, left_out


def _is_made_up(login: str) -> bool:
    """Whether a login is the random number that Canvas gives its test student."""
    return len(login) == 40 and set(login) <= set("0123456789abcdef")


def _person(row: Mapping[str, str], columns: Mapping[str, str], several: bool) -> Person:
    details = {detail: row[column] for detail, column in columns.items() if column}
    groups = split_groups(details.pop("group", ""), several)
    if full := details.pop("full_name", ""):
        details["last_name"], details["first_name"] = split_name(full)
    return Person(**details, groups=groups)
