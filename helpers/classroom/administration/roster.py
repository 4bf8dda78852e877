"""The class list: read from what a learning platform or an instructor wrote, and entered into nbgrader's gradebook.

A list is taken whole or not at all: a line that cannot be right is named, and nothing is entered.
"""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Student

from helpers.classroom.grading.sanitize import for_terminal

#: nbgrader's own names of what it knows about a student, beside the id.
DETAILS = ("first_name", "last_name", "email", "lms_user_id")

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

UNDERSTOOD = (
    "a list with the columns id, first_name, last_name, email; Canvas's gradebook export; Moodle's participants, "
    "grades or grading worksheet"
)


@dataclass(frozen=True)
class Person:
    """One line of a class list.

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


@dataclass
class Roster:
    """A class list as it was read.

    Args:
        people: a list of Person.
        id_column: the heading of the column that the ids were taken from.
        left_out: lines that are no students, e.g. Canvas's test student.
    """

    people: list
    id_column: str
    left_out: list = field(default_factory=list)


@dataclass
class Entered:
    """What entering a class list changed; as a string, it is said in sentences.

    Args:
        added, updated, unchanged: ids of the students in the list.
        absent: ids of students who are in the gradebook and not in the list; they were left as they are.
        id_column: the heading of the column that the ids were taken from.
        left_out: lines that are no students.
        dry_run: whether nothing was changed.
    """

    added: list
    updated: list
    unchanged: list
    absent: list
    id_column: str
    left_out: list
    dry_run: bool = False

    def __str__(self):
        did = "Would be entered" if self.dry_run else "Entered"
        count = len(self.added) + len(self.updated) + len(self.unchanged)
        lines = [
            f"{did}: {count} students, their ids from the column «{self.id_column}»: {len(self.added)} new, "
            f"{len(self.updated)} updated, {len(self.unchanged)} as they were."
        ]
        if self.absent:
            lines.append(
                f"{len(self.absent)} in the gradebook are not in this list, and were kept: {listed(self.absent)}."
            )
        if self.left_out:
            lines.append(f"No students: {listed(self.left_out)}.")
        return "\n".join(lines)


def read_roster(path, id_column=""):
    """Read a class list from a CSV file.

    Args:
        path: of the file: UTF-8, columns separated by commas, semicolons or tabs.
        id_column: the heading of the column with the ids; left out, the likeliest.

    Returns:
        Roster

    Raises:
        ValueError: the file is no class list, or a line cannot be right; the sentence names it.
    """
    table = Table(path)
    headings = CANVAS if table.is_from_canvas else HEADINGS
    left_out = []
    if table.is_from_canvas:
        left_out = table.take_out(_no_student_of_canvas)
    columns = {what: table.find(names) for what, names in headings.items()}
    columns["id"] = table.find([id_column] if id_column else headings["id"], filled=True)
    if not columns["id"]:
        raise ValueError(_no_id(table, id_column))
    if not table.rows:
        raise ValueError(f"{path} has a heading and no students in it. Was it exported with the students?")
    numbered = [(number, _person(row, columns)) for number, row in table.rows]
    for number, person in numbered:
        if trouble := what_is_wrong_with(person.id):
            raise ValueError(f"{path}, line {number}: the id in the column «{columns['id']}» {trouble}.")
    _refuse_doubles(path, numbered, "id", "id", key_of_id)
    _refuse_doubles(path, numbered, "lms_user_id", "platform's number", str)
    return Roster([person for _, person in numbered], columns["id"], left_out)


def enter(course, path, *, id_column="", dry_run=False):
    """Enter a class list into the gradebook, all of it or nothing; nobody is removed.

    What the list leaves blank stays as it was.

    Args:
        course: the Course.
        path: of the CSV file.
        id_column: the heading of the column with the ids; left out, the likeliest.
        dry_run: only say what would change.

    Returns:
        Entered

    Raises:
        ValueError: the list cannot be right; the sentence names the line.
    """
    roster = read_roster(path, id_column)
    with course.gradebook() as gradebook:
        known = {student.id: student for student in gradebook.students}
        _check_against(known, roster.people, path)
        entered = Entered([], [], [], [], roster.id_column, roster.left_out, dry_run)
        for person in roster.people:
            details = {name: getattr(person, name) for name in DETAILS if getattr(person, name)}
            student = known.get(person.id)
            if student is None:
                entered.added.append(person.id)
                student = Student(id=person.id)
                gradebook.db.add(student)
            elif all(getattr(student, name) == value for name, value in details.items()):
                entered.unchanged.append(person.id)
            else:
                entered.updated.append(person.id)
            for name, value in details.items():
                setattr(student, name, value)
        entered.absent = sorted(known.keys() - {person.id for person in roster.people})
        if dry_run:
            gradebook.db.rollback()
        else:
            gradebook.db.commit()  # one for the whole class
    return entered


def what_is_wrong_with(student):
    """Say why a text is no id of a student, which becomes the name of a folder; "" if it may be one.

    Args:
        student: the text.

    Returns:
        the end of a sentence that begins «The id …», or ""
    """
    if not student:
        return "is empty"
    shown = f"`{for_terminal(student)}`"
    if not student.isprintable():
        return f"has a character that cannot be printed: {shown}"
    found = sorted(set(student) & set("/\\+*?[]{}"))
    if found:
        return f"has a `{found[0]}` in it: {shown}"
    if student.startswith((".", "-", "=", "@")) or ".." in student or student != student.strip():
        return f"has a `..` in it, or begins with `.`, `-`, `=`, `@` or a space: {shown}"
    return f"is longer than 128 characters: {shown}" if len(student.encode()) > 128 else ""


def split_name(name):
    """Return the last name and the first name; «Lovelace, Ada» says which is which, «Ada Lovelace» the last word."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.strip().rpartition(" ")
    return last.strip(), first.strip()


def key_of(name):
    """Return what is left of a person's name when platforms have put it into a file name: letters and digits."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in unicodedata.normalize("NFKC", folded) if letter.isalnum())


def key_of_id(student):
    """Return what two ids have in common that are the same folder on some disks."""
    return unicodedata.normalize("NFC", student).casefold()


def listed(names, most=20):
    """Return names as a sentence lists them: the first few, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


class Table:
    """A CSV file with headings, read whole.

    Args:
        path: of the file.

    Raises:
        ValueError: it cannot be read as one.
    """

    def __init__(self, path):
        self.path = Path(path)
        text = _read(self.path)
        heading = text.lstrip().partition("\n")[0]
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=heading.count), strict=True)
        try:
            # line_num is where a line ends; a name may be spread over two.
            numbered = [(lines.line_num, [cell.strip() for cell in row]) for row in lines if any(map(str.strip, row))]
        except csv.Error as error:
            raise ValueError(f"{path}, line {lines.line_num}: it cannot be read as CSV ({error}).") from None
        if not numbered:
            raise ValueError(f"{path} is empty.")
        self.headings = numbered[0][1]
        self._names = [_plain(heading) for heading in self.headings]
        #: Pairs of a line's number and its cells, a dict from headings in lower case with single spaces.
        self.rows = [(number, self._row(number, cells)) for number, cells in numbered[1:]]

    @property
    def is_from_canvas(self):
        """Whether Canvas wrote it."""
        names = set(self._names)
        return bool(names & {"sis login id", "sis user id"}) or {"student", "id", "section"} <= names

    def find(self, names, filled=False):
        """Return the first heading with one of some names, or "".

        Args:
            names: in any case.
            filled: pass over a column that is blank in every line.

        Raises:
            ValueError: two columns have it.
        """
        for name in map(_plain, names):
            if self._names.count(name) > 1:
                raise ValueError(f"{self.path} has two columns «{name}»; take one out.")
            if name in self._names and not (filled and self.rows and not any(row[name] for _, row in self.rows)):
                return self.headings[self._names.index(name)]
        return ""

    def take_out(self, what):
        """Remove lines that are no students, and return what they are called.

        Args:
            what: gives the name of such a line, "" if it need not be told, None for a student.
        """
        called = [what(row) for _, row in self.rows]
        self.rows = [line for line, name in zip(self.rows, called) if name is None]
        return [name for name in called if name]

    def _row(self, number, cells):
        if any(cells[len(self._names) :]):
            raise ValueError(
                f"{self.path}, line {number}: it has {len(cells)} cells, the heading has {len(self._names)}. "
                "Is a comma in a name not inside quotes?"
            )
        row = dict.fromkeys(self._names, "")
        for name, cell in zip(self._names, cells):
            row[name] = row[name] or cell
        return row


def cell_of(row, heading):
    """Return a cell of a Table's row by its heading; "" if there is no such column."""
    return row.get(_plain(heading), "")


def _read(path):
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not in UTF-8. In Excel, save it as «CSV UTF-8».") from None
    return re.sub(r"\Asep=.\r?\n", "", text)  # Excel's own first line


def _plain(heading):
    return re.sub(r"[\s_]+", " ", heading).strip().casefold()


def _person(row, columns):
    values = {what: cell_of(row, column) for what, column in columns.items() if column}
    if not (columns["first_name"] or columns["last_name"]):
        values["last_name"], values["first_name"] = split_name(cell_of(row, "Student") or cell_of(row, "Full name"))
    return Person(**values)


def _no_id(table, id_column):
    found = ", ".join(f"«{heading}»" for heading in table.headings if heading)
    if id_column:
        return f"{table.path} has no column «{id_column}» with anything in it; it has {found}."
    return f"{table.path} has no column with ids; it has {found}. What is understood: {UNDERSTOOD}."


def _no_student_of_canvas(row):
    name = cell_of(row, "Student") or f"{cell_of(row, 'LastName')}, {cell_of(row, 'FirstName')}"
    identity = name.strip(" ,") + "".join(cell_of(row, each) for each in ("ID", "SIS User ID", "SIS Login ID"))
    if not identity or "Points Possible" in name:
        return ""
    return "Canvas's test student" if name in ("Student, Test", "Test Student") else None


def _refuse_doubles(path, numbered, what, called, fold):
    lines = {}
    for number, person in numbered:
        value = getattr(person, what)
        first = lines.setdefault(fold(value), number)
        if value and first != number:
            raise ValueError(
                f"{path}, line {number}: the {called} `{for_terminal(value)}` is that of line {first} too; "
                "each student needs one of their own."
            )


def _check_against(known, people, path):
    folded = {key_of_id(student): student for student in known}
    numbers = {person.lms_user_id: person.id for person in people if person.lms_user_id}
    listed = {person.id for person in people if person.lms_user_id}
    for person in people:
        there = folded.get(key_of_id(person.id), person.id)
        if there != person.id:
            raise ValueError(f"{path}: `{person.id}` is in the gradebook as `{there}`; write it in the same way.")
    for student in known.values():
        other = numbers.get(student.lms_user_id, student.id)
        if other != student.id and student.id not in listed:
            raise ValueError(
                f"{path}: the platform's number {student.lms_user_id} is that of {other}, "
                f"and in the gradebook that of {student.id}."
            )
