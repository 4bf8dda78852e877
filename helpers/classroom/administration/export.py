"""Scores for a learning platform, or for a table of one's own; what is not graded stays blank.

nbgrader's own export writes 0.0 for work that was not handed in, failed to be graded, or waits for a person, and a
platform then shows it as a zero. Here a zero is always a score that was given, and for the submission as it is now.
"""

import functools
import logging
import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias

from nbgrader.api import Assignment, BaseCell, Grade, Gradebook, Student, SubmittedAssignment, SubmittedNotebook

from helpers.atomic_write import replace_file
from helpers.checks.grade_id import GradeId
from helpers.classroom.administration.excused_work import read_excused
from helpers.classroom.administration.roster import listed
from helpers.classroom.authoring.notebook_names import is_meant
from helpers.classroom.course import Course
from helpers.classroom.grading.report import to_csv
from helpers.classroom.grading.sanitize import for_spreadsheet
from helpers.classroom.grading.staleness import ENTRY, JOIN, Entry, why_stale
from helpers.classroom.grading.wording import counted

logger = logging.getLogger(__name__)

GRADED = "graded"
NOT_HANDED_IN = "not handed in"
NOT_GRADED = "not graded yet"
FOR_A_PERSON = "waits for a person"
EXCUSED = "excused"

#: What stands for the score of excused work where a platform has a sign of its own for it; elsewhere a blank does.
EXCUSED_MARKS = {"canvas": "EX"}

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Result:
    """Result of a student in an assignment.

    Args:
        state: GRADED, NOT_HANDED_IN, NOT_GRADED, FOR_A_PERSON, EXCUSED, or the reason why the score is stale.
        points: before a late penalty; None where there is no score, or none to be exported.
        penalty: for being late.
        timestamp: when it was handed in, or None.
        stale: whether there is a score, of something else than the submission as it is now.
        exercises: from each exercise that is graded, and is to be exported, to its points before a late penalty.
    """

    state: str
    points: float | None = None
    penalty: float = 0.0
    timestamp: datetime | None = None
    stale: bool = False
    exercises: Mapping[str, float] = field(default_factory=dict)

    @property
    def score(self) -> float | None:
        """The points less the penalty, never below 0 (as nbgrader has it); None where there are no points."""
        return None if self.points is None else max(0.0, self.points - self.penalty)


@dataclass
class Exported:
    """Result of exporting; `str` makes sentences of it.

    Args:
        path: of the file.
        students: how many.
        dry_run: whether nothing was written.
        assignments: their names.
        by_exercise: of the file with the scores by exercise; None if there is none.
        excused: from an assignment to the students who are excused from it.
        excused_mark: what stands in the file for them; "" for a blank.
        blanks: pairs of an assignment and a state, with the students for whom there is no score.
        stale: pairs of an assignment and a reason, with the students whose score is stale.
        with_stale: whether stale scores were exported too.
    """

    path: Path
    students: int
    dry_run: bool
    assignments: list[str] = field(default_factory=list)
    by_exercise: Path | None = None
    excused: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    excused_mark: str = ""
    blanks: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    stale: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    with_stale: bool = False

    def add(self, assignment: str, results: Mapping[str, Result]) -> None:
        """Describe an assignment by the Result of each student."""
        self.assignments.append(assignment)
        for student, result in results.items():
            if result.state == EXCUSED:
                self.excused[assignment].append(student)
            elif result.stale:
                self.stale[assignment, result.state].append(student)
            elif result.score is None:
                self.blanks[assignment, result.state].append(student)

    def __str__(self) -> str:
        verb = "Would be written" if self.dry_run else "Written"
        count, blank = self.students * len(self.assignments), sum(map(len, self.blanks.values()))
        if not self.with_stale:
            blank += sum(map(len, self.stale.values()))
        excused = sum(map(len, self.excused.values()))
        numbers = [counted(self.students, "student"), counted(count - blank - excused, "score")]
        numbers += [f"{excused} excused"] * bool(excused) + [f"{blank} left blank"]
        lines = [f"{verb}: {self.path}, {', '.join(numbers)}."]
        if self.by_exercise:
            lines.append(f"{verb}: {self.by_exercise}, by exercise, before late penalties.")
        for assignment, students in self.excused.items():
            lines.append(f"{assignment}: excused, {self.excused_mark or 'left blank'}: {listed(students)}.")
        for (assignment, state), students in self.blanks.items():
            who = f": {listed(students)}" if state != NOT_HANDED_IN else ""
            lines.append(f"{assignment}: {len(students)} {state}{who}.")
        for (assignment, reason), students in self.stale.items():
            what = "the score is an old one" if self.with_stale else "left blank"
            lines.append(f"{assignment}: {what}, {reason}: {listed(students)}.")
        if self.stale and not self.with_stale:
            notebooks = sorted({assignment.partition("_")[0] for assignment, _ in self.stale})
            commands = ", ".join(f"`make grade NB={number}`" for number in notebooks)
            lines.append(f"Run {commands}, then this again; ARGS=--stale exports the old scores.")
        return "\n".join(lines)


def export(
    course: Course,
    platform: str = "plain",
    path: Path | None = None,
    assignments: Collection[str] = (),
    *,
    stale: bool = False,
    by_exercise: bool = False,
    dry_run: bool = False,
) -> Exported:
    """Write the scores to a CSV file, atomically; a file that is there is replaced.

    For Canvas, give the assignment the same name there; for Moodle, choose in the import which column names the
    students: the id is both in “Username” and in “ID number”, since the class list may have it from either.

    Args:
        platform: "canvas", "moodle", or "plain" for a line with everything for each student and assignment.
        path: of the file; build/grades-canvas.csv and so on if left out.
        assignments: their names or numbers; all that were released if left out.
        stale: whether stale scores are exported too, and not left blank.
        by_exercise: whether a second file, beside the first, has a column for each exercise.
        dry_run: only say what would be written.

    Raises:
        ValueError: there is no such platform or assignment, or nobody to export.
    """
    platform = platform.strip().casefold()
    if platform not in FORMATS:
        raise ValueError(f"There is no export for {platform!r}; there are: {', '.join(FORMATS)}.")
    path = path or course.root / "build" / f"grades-{platform}.csv"
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a file.")
    with course.gradebook() as gradebook:
        students = sorted(gradebook.students, key=lambda each: (each.last_name or "", each.first_name or "", each.id))
        if not students:
            raise ValueError("The class list is empty: there is nobody to export.")
        exported, results = Exported(path, len(students), dry_run, with_stale=stale), {}
        exported.excused_mark = EXCUSED_MARKS.get(platform, "")
        chosen = _choose(gradebook.assignments, assignments)
        for name in [each.name for each in chosen]:
            found = read_results(course, gradebook, name, stale=stale)
            found |= {student: Result(EXCUSED) for student in read_excused(gradebook, name)}
            results[name] = {student.id: found[student.id] for student in students}
            exported.add(name, results[name])
        text = to_csv(FORMATS[platform](students, chosen, results), _cell)
        text_by_exercise = to_csv(_by_exercise(students, chosen, results), _cell) if by_exercise else ""
    if by_exercise:
        exported.by_exercise = path.with_name(f"{path.stem}-by-exercise.csv")
    if not dry_run:
        # A byte order mark tells Excel that it is UTF-8; platforms would take it for a part of the first heading.
        replace_file(path, BYTE_ORDER_MARK * (platform == "plain") + text)
        if exported.by_exercise:
            replace_file(exported.by_exercise, BYTE_ORDER_MARK + text_by_exercise)
        logger.info("%s: %d students for %s", path, len(students), platform)
    return exported


def read_results(course: Course, gradebook: Gradebook, assignment: str, *, stale: bool = False) -> dict[str, Result]:
    """Return a dict from the id of each student in the open gradebook of a course to the Result in an assignment.

    Args:
        stale: whether stale scores count.
    """
    collected, submissions = course.submitted(assignment), _read_submissions(gradebook, assignment)
    results = {}
    for student in [student.id for student in gradebook.students]:
        if student not in submissions:
            results[student] = Result(NOT_GRADED if student in collected else NOT_HANDED_IN)
            continue
        entry, penalty, grades = submissions[student]
        state = _state(grades)
        points = sum(grade.score for grade in grades) if state == GRADED else None
        reason = why_stale(course, assignment, student, entry) if state != NOT_GRADED else ""
        if reason and not stale:
            results[student] = Result(reason, None, penalty, entry.timestamp, stale=True)
        else:
            is_stale = bool(reason) and state == GRADED
            state = reason if is_stale else state
            results[student] = Result(state, points, penalty, entry.timestamp, is_stale, _points_by_exercise(grades))
    return results


class _Grade(NamedTuple):
    """What the gradebook has for one cell of a submission."""

    cell: str
    score: float
    automatic: float | None
    manual: float | None
    needs_person: bool


def _read_submissions(gradebook: Gradebook, assignment: str) -> dict[str, tuple[Entry, float, list[_Grade]]]:
    """Student to what the gradebook has of the submission: the Entry, the late penalty, and the grades.

    One query, so that all is of one moment, whatever is graded meanwhile. nbgrader's own sums query the database once
    for each student and number, which takes minutes for a large class.
    """
    grade = (Grade.id, BaseCell.name, Grade.score, Grade.auto_score, Grade.manual_score, Grade.needs_manual_grade)
    notebook = (SubmittedNotebook.id, SubmittedNotebook.late_submission_penalty)
    rows = gradebook.db.query(SubmittedAssignment.student_id, *ENTRY, *notebook, *grade)
    rows = rows.join(Assignment, SubmittedAssignment.assignment_id == Assignment.id).outerjoin(*JOIN)
    # A row without a notebook is no submission: it keeps an extension.
    rows = rows.join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
    rows = rows.outerjoin(Grade, Grade.notebook_id == SubmittedNotebook.id)
    rows = rows.outerjoin(BaseCell, BaseCell.id == Grade.cell_id).filter(Assignment.name == assignment)
    entries: dict[str, Entry] = {}
    penalties: dict[str, dict[str, float]] = defaultdict(dict)
    grades: dict[str, list[_Grade]] = defaultdict(list)
    for student, *columns in rows:
        entries[student] = Entry(*columns[: len(ENTRY)])
        notebook_id, penalty, grade_id, *values = columns[len(ENTRY) :]
        penalties[student][notebook_id] = penalty or 0.0
        if grade_id is not None:
            grades[student].append(_Grade(*values))
    return {student: (entry, sum(penalties[student].values()), grades[student]) for student, entry in entries.items()}


def _state(grades: Sequence[_Grade]) -> str:
    """The state of a submission; nbgrader makes grades before it grades: each then needs a person, and has no score."""
    ungraded = [grade.automatic is None and grade.manual is None for grade in grades]
    if all(ungraded):
        return NOT_GRADED
    if any(grade.needs_person for grade in grades):
        return FOR_A_PERSON
    return NOT_GRADED if any(ungraded) or not all(math.isfinite(grade.score) for grade in grades) else GRADED


def _points_by_exercise(grades: Sequence[_Grade]) -> dict[str, float]:
    """Exercise to points, for those of which every cell is graded."""
    by_exercise: dict[str, list[_Grade]] = defaultdict(list)
    for grade in grades:
        by_exercise[_exercise_of(grade.cell)].append(grade)
    return {
        exercise: sum(grade.score for grade in theirs)
        for exercise, theirs in by_exercise.items()
        if _state(theirs) == GRADED
    }


def _full_points(assignment: Assignment) -> dict[str, float]:
    """Exercise to the points that it gives, in the order of the numbers."""
    found: dict[str, float] = defaultdict(float)
    for notebook in assignment.notebooks:
        for cell in (*notebook.grade_cells, *notebook.task_cells):
            found[_exercise_of(cell.name)] += cell.max_score
    digits = {name: [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)] for name in found}
    return {name: found[name] for name in sorted(found, key=lambda name: digits[name])}


@functools.cache
def _exercise_of(cell: str) -> str:
    """The exercise that a graded cell belongs to; a cell that is not one of the course's stands for itself."""
    try:
        return GradeId.parse(cell).exercise_id
    except ValueError:
        return cell


def _choose(released: Sequence[Assignment], wanted: Collection[str]) -> list[Assignment]:
    """The assignments with one of some names or numbers, or all of them."""
    if not released:
        raise ValueError("No assignment was released yet: there is nothing to export.")
    released = sorted(released, key=lambda each: each.name)
    for name in wanted:
        if not any(is_meant(name, each.name) for each in released):
            there = ", ".join(each.name for each in released)
            raise ValueError(f"There is no assignment {name} in the gradebook; there are: {there}.")
    return [each for each in released if not wanted or any(is_meant(name, each.name) for name in wanted)]


#: Assignment to student to result.
Results: TypeAlias = Mapping[str, Mapping[str, Result]]

Rows: TypeAlias = Iterator[list[object]]


# --- formats ----------------------------------------------------------------------------------------------------------


def _for_canvas(students: Sequence[Student], assignments: Sequence[Assignment], results: Results) -> Rows:
    """Canvas finds a person by its own number, else by the login; the second line must begin with “Points Possible”."""
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *results]
    yield ["    Points Possible", "", "", "", "", *(each.max_score for each in assignments)]
    for student in students:
        name = ", ".join(filter(None, (student.last_name, student.first_name)))
        yield [name, student.lms_user_id, "", student.id, "", *_scores(student, results, "canvas")]


def _for_moodle(students: Sequence[Student], assignments: Sequence[Assignment], results: Results) -> Rows:
    yield ["Username", "ID number", "Email address", *results]
    for student in students:
        yield [student.id, student.id, student.email, *_scores(student, results)]


def _scores(student: Student, results: Results, platform: str = "") -> list[float | str | None]:
    theirs = [of_all[student.id] for of_all in results.values()]
    return [EXCUSED_MARKS.get(platform) if one.state == EXCUSED else one.score for one in theirs]


def _plain(students: Sequence[Student], assignments: Sequence[Assignment], results: Results) -> Rows:
    """The columns of nbgrader's own export, and the state."""
    yield [
        *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
        *("raw_score", "late_submission_penalty", "score", "max_score", "state"),
    ]
    for assignment in assignments:
        for student in students:
            result = results[assignment.name][student.id]
            yield [
                *(assignment.name, assignment.duedate, result.timestamp),
                *(student.id, student.last_name, student.first_name, student.email),
                *(result.points, result.penalty if result.score is not None else None, result.score),
                *(assignment.max_score, result.state),
            ]


def _by_exercise(students: Sequence[Student], assignments: Sequence[Assignment], results: Results) -> Rows:
    """A line for each student, and for each exercise a column whose heading has the points that it gives."""
    full = {assignment.name: _full_points(assignment) for assignment in assignments}
    points = [f"{exercise} ({most:g})" for exercises in full.values() for exercise, most in exercises.items()]
    yield ["student_id", "last_name", "first_name", "email", *points]
    for student in students:
        theirs = {name: results[name][student.id].exercises for name in full}
        scores = [theirs[name].get(exercise) for name, exercises in full.items() for exercise in exercises]
        yield [student.id, student.last_name, student.first_name, student.email, *scores]


FORMATS = {"canvas": _for_canvas, "moodle": _for_moodle, "plain": _plain}


def _cell(value: object) -> str:
    """A value in the form of the file: points with two digits at most, and text that a spreadsheet cannot run."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return for_spreadsheet(value)
