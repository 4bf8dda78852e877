"""Scores for a learning platform, or for a table of one's own; what is not graded stays blank.

nbgrader's own export writes 0.0 for work that was not handed in, failed to be graded, or waits for a person, and a
platform then shows it as a zero. Here a zero is always a score that was given.
"""

import csv
import io
import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Assignment, Grade, SubmittedAssignment, SubmittedNotebook

from helpers.atomic_write import replace_file
from helpers.classroom.administration.roster import listed
from helpers.classroom.grading.sanitize import for_spreadsheet

NOT_HANDED_IN = "not handed in"
NOT_GRADED = "not graded yet"
FOR_A_PERSON = "waits for a person"


@dataclass(frozen=True)
class Result:
    """What a student has for an assignment.

    Args:
        state: "graded", "not handed in", "not graded yet" or "waits for a person".
        points: before a late penalty; None unless graded.
        penalty: for being late.
        timestamp: when it was handed in, or None.
        newer: whether it was handed in again since it was graded.
    """

    state: str
    points: float | None = None
    penalty: float = 0.0
    timestamp: object = None
    newer: bool = False

    @property
    def score(self):
        """The points less the penalty, never below 0 (as nbgrader has it); None unless graded."""
        return None if self.points is None else max(0.0, self.points - self.penalty)


@dataclass
class Exported:
    """What was exported; as a string, it is said in sentences.

    Args:
        path: of the file.
        students: how many.
        assignments: their names.
        blanks: pairs of an assignment and a state, with the students for whom there is no score.
        notes: sentences.
        dry_run: whether nothing was written.
    """

    path: Path
    students: int
    assignments: list
    blanks: dict
    notes: list = field(default_factory=list)
    dry_run: bool = False

    def __str__(self):
        did = "Would be written" if self.dry_run else "Written"
        count = self.students * len(self.assignments)
        left = sum(map(len, self.blanks.values()))
        lines = [f"{did}: {self.path}, {self.students} students, {count - left} scores, {left} left blank."]
        for (assignment, state), students in self.blanks.items():
            who = f": {listed(students)}" if state != NOT_HANDED_IN else ""
            lines.append(f"{assignment}: {len(students)} {state}{who}.")
        return "\n".join(lines + self.notes)


def export(course, for_what="plain", path=None, assignments=(), *, dry_run=False):
    """Write the scores to a CSV file, whole or not at all; a file that is there is replaced.

    For Canvas, give the assignment the same name there; for Moodle, choose in the import which column names the
    students: the id stands under both «Username» and «ID number», since the class list may have it from either.

    Args:
        course: the Course.
        for_what: "canvas", "moodle", or "plain" for a line with everything for each student and assignment.
        path: of the file; build/grades-canvas.csv and so on if left out.
        assignments: their names or numbers; all that were released if left out.
        dry_run: only say what would be written.

    Returns:
        Exported

    Raises:
        ValueError: there is no such format or assignment, or nobody to export.
    """
    if for_what not in FORMATS:
        raise ValueError(f"There is no export for {for_what!r}; there are: {', '.join(FORMATS)}.")
    path = Path(path or course.root / "build" / f"grades-{for_what}.csv")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a file.")
    with course.gradebook() as gradebook:
        students = sorted(gradebook.students, key=lambda each: (each.last_name or "", each.first_name or "", each.id))
        if not students:
            raise ValueError("The class list is empty: there is nobody to export.")
        chosen = _choose(gradebook.assignments, assignments)
        results = {each.name: read_results(course, gradebook, each.name) for each in chosen}
        rows = [[_cell(value) for value in row] for row in FORMATS[for_what](students, chosen, results)]
        exported = _describe(path, students, results, dry_run)
    if not dry_run:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        # A mark at its beginning tells Excel that it is UTF-8; platforms would take it for a part of the first heading.
        replace_file(path, "\ufeff" * (for_what == "plain") + text.getvalue())
    return exported


def read_results(course, gradebook, assignment):
    """Return a dict from the id of each student in the gradebook to the Result for an assignment.

    Args:
        course: the Course.
        gradebook: its gradebook, open.
        assignment: the name.
    """
    collected = course.submitted(assignment)
    grades, submissions = _read_grades(gradebook, assignment)
    results = {}
    for student in gradebook.students:
        if student.id not in submissions:
            results[student.id] = Result(NOT_GRADED if student.id in collected else NOT_HANDED_IN)
            continue
        timestamp, penalty = submissions[student.id]
        given = grades[student.id]
        folder = str(course.folder("submitted", assignment, student.id))
        latest = course.directory.get_existing_timestamp(folder) if student.id in collected else None
        newer = bool(latest and timestamp and latest > timestamp)
        state = _state(given)
        points = sum(score for score, *_ in given) if state == "graded" else None
        results[student.id] = Result(state, points, penalty, timestamp, newer)
    return results


def _read_grades(gradebook, assignment):
    """Lists of (score, automatic, manual, needs a person) by student, and (timestamp, penalty) by student.

    nbgrader's own sums ask the database once for each student and number, which takes minutes for a large class.
    """
    of_this = (Assignment.name == assignment,)
    grades = defaultdict(list)
    columns = (Grade.score, Grade.auto_score, Grade.manual_score, Grade.needs_manual_grade)
    query = gradebook.db.query(SubmittedAssignment.student_id, *columns).select_from(Grade)
    query = query.join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
    query = query.join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
    for student, *grade in query.join(Assignment, SubmittedAssignment.assignment_id == Assignment.id).filter(*of_this):
        grades[student].append(grade)
    columns = (SubmittedAssignment.student_id, SubmittedAssignment.timestamp, SubmittedNotebook.late_submission_penalty)
    query = gradebook.db.query(*columns).select_from(SubmittedAssignment)
    query = query.outerjoin(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
    submissions = {}
    for student, timestamp, penalty in query.join(
        Assignment, SubmittedAssignment.assignment_id == Assignment.id
    ).filter(*of_this):
        submissions[student] = (timestamp, submissions.get(student, (None, 0.0))[1] + (penalty or 0.0))
    return grades, submissions


def _state(given):
    """nbgrader makes a submission's grades before it grades: each then needs a person, and has no score of any kind."""
    ungraded = [automatic is None and manual is None for _, automatic, manual, _ in given]
    if all(ungraded):
        return NOT_GRADED
    if any(needs for *_, needs in given):
        return FOR_A_PERSON
    broken = any(ungraded) or not all(math.isfinite(score) for score, *_ in given)
    return NOT_GRADED if broken else "graded"


def _choose(released, wanted):
    names = [each.name for each in released]
    for name in wanted:
        if not any(name in (known, known.partition("_")[0]) for known in names):
            there = f"there are: {', '.join(sorted(names))}" if names else "none was released yet"
            raise ValueError(f"There is no assignment {name} in the gradebook; {there}.")
    chosen = [each for each in released if not wanted or {each.name, each.name.partition("_")[0]} & set(wanted)]
    if not chosen:
        raise ValueError("No assignment was released yet: there is nothing to export.")
    return sorted(chosen, key=lambda each: each.name)


def _describe(path, students, results, dry_run):
    blanks, notes = defaultdict(list), []
    for assignment, of_all in results.items():
        for student in students:
            if of_all[student.id].score is None:
                blanks[assignment, of_all[student.id].state].append(student.id)
        again = [student.id for student in students if of_all[student.id].newer]
        if again:
            notes.append(
                f"{assignment}: handed in again since it was graded, and the score is the old one: {listed(again)}."
            )
    return Exported(path, len(students), list(results), dict(blanks), notes, dry_run)


# --- formats ----------------------------------------------------------------------------------------------------------


def _for_canvas(students, assignments, results):
    """Canvas finds a person by its own number, else by the login; the second line must begin with «Points Possible»."""
    names = [each.name for each in assignments]
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names]
    yield ["    Points Possible", "", "", "", "", *(each.max_score for each in assignments)]
    for student in students:
        name = ", ".join(filter(None, (student.last_name, student.first_name)))
        scores = [results[each][student.id].score for each in names]
        yield [name, student.lms_user_id, "", student.id, "", *scores]


def _for_moodle(students, assignments, results):
    names = [each.name for each in assignments]
    yield ["Username", "ID number", "Email address", *names]
    for student in students:
        scores = [results[each][student.id].score for each in names]
        yield [student.id, student.id, student.email, *scores]


def _plain(students, assignments, results):
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


FORMATS = {"canvas": _for_canvas, "moodle": _for_moodle, "plain": _plain}


def _cell(value):
    """A value as it stands in the file: points with two digits at most, and a text that a spreadsheet cannot run."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return for_spreadsheet(value)
