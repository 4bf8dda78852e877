"""Extensions: a later due date for one student, kept where nbgrader's late penalties look for it.

nbgrader keeps how much later a student may be than everybody else in the row of the submission. Where nothing was
handed in yet, the row is made without a notebook, so that nothing takes it for a submission.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from nbgrader.api import Assignment, Gradebook, MissingEntry, SubmittedAssignment

from helpers.classroom.administration.groups import describe_others, members_of
from helpers.classroom.administration.times import course_zone, in_words
from helpers.classroom.course import Course
from helpers.classroom.grading.assignment_lock import locked
from helpers.classroom.grading.gradebook import assign_late_penalties
from helpers.classroom.grading.staleness import read_entries, why_stale

logger = logging.getLogger(__name__)

#: A later time is a slip, and may be more than a date can be.
_LONGEST = timedelta(days=3660)


@dataclass
class Extended:
    """Result of changing extensions; `str` makes sentences of it.

    Args:
        dry_run: whether nothing was changed.
        due: from each student to the due date, in words.
        penalties: pairs of the late penalty before and after, of the students for whom it has changed [points].
        stale: from a student to the reason why the late penalty follows only when the work is graded again.
        others: from a student to the members of their groups who have another due date.
    """

    dry_run: bool
    due: dict[str, str]
    penalties: dict[str, tuple[float, float]] = field(default_factory=dict)
    stale: dict[str, str] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        verb = "Would be entered" if self.dry_run else "Entered"
        lines = [f"{verb}: {student}: {words}." for student, words in self.due.items()]
        for student, (before, after) in self.penalties.items():
            lines.append(f"{student}: the late penalty is {after:g} now; it was {before:g}.")
        lines += [describe_others(student, others) for student, others in self.others.items()]
        for student, reason in self.stale.items():
            lines.append(f"{student}: {reason}. The late penalty follows when it is graded again.")
        return "\n".join(lines)


def extend(
    course: Course, assignment: str, students: Sequence[str], until: datetime | None, *, dry_run: bool = False
) -> Extended:
    """Give students of the class list a due date of their own; late penalties follow at once, of graded work too.

    It counts for these students alone, whoever is in a group with them. What is kept is how much later it is than the
    due date of all, and so it moves along if that is changed.

    Args:
        until: with a time zone; None, or the due date of all, takes an extension back.
        dry_run: only say what would be changed.

    Raises:
        ValueError: there is no such assignment, no due date, or `until` is before it; or it is being graded.
    """
    course.need_released(assignment)
    dates = _read_dates(course, assignment)
    extension = dates.extension_until(assignment, until)
    before = after = _penalties(course, assignment, students)
    if not dry_run:
        with locked(course, assignment):
            with course.gradebook() as gradebook:
                for student in students:
                    _enter(gradebook, assignment, student, extension)
                gradebook.db.commit()
            assign_late_penalties(course, assignment, students)
        logger.info("%s: %s may be %s later", assignment, ", ".join(students), extension)
        after = _penalties(course, assignment, students)
    dates.extensions.update(dict.fromkeys(students, extension or timedelta()))
    result = Extended(dry_run, {student: dates.in_words(student) for student in students})
    result.penalties = {
        student: (before[student], after[student]) for student in after if before[student] != after[student]
    }
    result.stale = {} if dry_run else _find_stale(course, assignment, after)
    for student in students:
        others = [each for each in members_of(course, student) if dates.of(each) != dates.of(student)]
        if others:
            result.others[student] = others
    return result


def describe_extensions(course: Course, assignment: str) -> list[str]:
    """Return a sentence on the due date of each student who has an extension."""
    dates = _read_dates(course, assignment)
    return [f"{student}: {dates.in_words(student)}." for student in sorted(dates.extensions)]


def due_dates(course: Course, assignment: str) -> Callable[[str], datetime | None]:
    """Return a function from a student's id to their due date, in UTC and without a time zone, or None."""
    return _read_dates(course, assignment).of


def due_date_of(course: Course, assignment: str, student: str) -> datetime | None:
    """Return the due date of one student in UTC, for that student to see: extensions are not published to everybody."""
    due = due_dates(course, assignment)(student)
    return due and due.replace(tzinfo=UTC)


@dataclass
class _Dates:
    """The due date of all, in UTC and without a time zone, and how much later some students may be."""

    due: datetime | None
    extensions: dict[str, timedelta]
    zone: ZoneInfo | None

    def of(self, student: str) -> datetime | None:
        """Return the due date of a student."""
        return self.due and self.due + self.extensions.get(student, timedelta())

    def in_words(self, student: str) -> str:
        """Return it as people say it, and whether it is an extension."""
        due, is_extended = self.of(student), self.extensions.get(student)
        words = f"due {in_words(due.replace(tzinfo=UTC).astimezone(self.zone))}" if due else "no due date"
        return f"{words}; an extension" if is_extended else f"{words}; no extension"

    def extension_until(self, assignment: str, until: datetime | None) -> timedelta | None:
        """Return how much later a time is than the due date of all; None where it is not later.

        Raises:
            ValueError: there is no due date, or the time is before it.
        """
        if until is None:
            return None
        if self.due is None:
            number = assignment.partition("_")[0]
            raise ValueError(
                f"{assignment} has no due date that could be extended: give it one, e.g. "
                f'`make release NB={number} DUE="2026-12-01 23:59"`.'
            )
        extension = until.astimezone(UTC).replace(tzinfo=None) - self.due
        if extension < timedelta():
            due = in_words(self.due.replace(tzinfo=UTC).astimezone(self.zone))
            raise ValueError(
                f"An extension cannot end before the due date: that is {due}, and this {in_words(until)}. UNTIL=none "
                "takes an extension back."
            )
        if extension > _LONGEST:
            raise ValueError(f"That is {extension.days:,} days after the due date: is the year right?")
        return extension or None


def _read_dates(course: Course, assignment: str) -> _Dates:
    with course.gradebook() as gradebook:
        due = gradebook.db.query(Assignment.duedate).filter(Assignment.name == assignment).scalar()
        query = gradebook.db.query(SubmittedAssignment.student_id, SubmittedAssignment.extension).join(Assignment)
        rows = query.filter(Assignment.name == assignment, SubmittedAssignment.extension.is_not(None)).all()
    return _Dates(due, dict(rows), course_zone(course))


def _enter(gradebook: Gradebook, assignment: str, student: str, extension: timedelta | None) -> None:
    """Enter an extension, or take it back; a row that was made for it alone goes with it."""
    try:
        row = gradebook.find_submission(assignment, student)
    except MissingEntry:
        owners = {"assignment": gradebook.find_assignment(assignment), "student": gradebook.find_student(student)}
        row = SubmittedAssignment(**owners)
        gradebook.db.add(row)
    row.extension = extension
    gradebook.db.flush()
    if extension is None and not row.notebooks:
        gradebook.db.delete(row)


def _penalties(course: Course, assignment: str, students: Sequence[str]) -> dict[str, float]:
    """The late penalty of each student who has a submission in the gradebook [points]."""
    with course.gradebook() as gradebook:
        rows = gradebook.db.query(SubmittedAssignment).join(Assignment).filter(Assignment.name == assignment)
        rows = rows.filter(SubmittedAssignment.student_id.in_(students))
        return {row.student_id: row.late_submission_penalty or 0.0 for row in rows if row.notebooks}


def _find_stale(course: Course, assignment: str, students: Collection[str]) -> dict[str, str]:
    with course.gradebook() as gradebook:
        entries = read_entries(gradebook, assignment)
    reasons = {student: why_stale(course, assignment, student, entries[student]) for student in students}
    return {student: reason for student, reason in reasons.items() if reason}
