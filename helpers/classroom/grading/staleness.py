"""Whether a score in the gradebook is that of the submission as it is now; if not, it is stale.

The gradebook has a table of ours with a row for each graded submission: what work was graded, and whether it is to be
graded again. It is written in the same transactions as the scores, so that it is right whatever ends a run and
whenever, and in a gradebook that comes from a backup too.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from nbgrader.api import Assignment, Base, Gradebook, SubmittedAssignment
from sqlalchemy import Boolean, Column, DateTime, String

from helpers.checks.notebook_file import Unreadable
from helpers.classroom.course import Course
from helpers.classroom.grading.assignment_lock import locked
from helpers.classroom.grading.submitted_work import handed_in_at, read_work, work_id

#: Why a score is stale.
HANDED_IN_AGAIN = "handed in again since it was graded"
REGRADE_OPEN = "a regrade is not finished"
NOT_COMPARED = "the file cannot be opened, so it may have been handed in again"


class GradedWork(Base):  # type: ignore[misc]  # nbgrader has no types
    """A row of that table; nbgrader makes it with its own, in every gradebook that it opens.

    Its columns are nbgrader's id of the submission; the `work_id` of what was graded, None if something else graded it;
    when that was handed in, on which the late penalty depends (nbgrader changes its own time before it grades); and
    whether it is to be graded again.
    """

    __tablename__ = "graded_work"
    submission_id = Column(String(32), primary_key=True)
    work = Column(String(64))
    handed_in = Column(DateTime)
    open = Column(Boolean, nullable=False)


class Entry(NamedTuple):
    """What the gradebook has of a submission, beside the scores.

    Args:
        submission_id: nbgrader's id of it.
        timestamp: when it was handed in according to nbgrader, or None.
        work: as in GradedWork.
        handed_in: as in GradedWork.
        open: as in GradedWork; None without a row.
    """

    submission_id: str
    timestamp: datetime | None
    work: str | None
    handed_in: datetime | None
    open: bool | None

    def is_of(self, work: str | None, handed_in: datetime | None) -> bool:
        """Whether it was this work that was graded, and handed in at this time, as far as that is known."""
        if self.work is None:
            return handed_in is None or self.timestamp in (None, handed_in)
        return (self.work, self.handed_in) == (work, handed_in)


#: The columns of an Entry, for a query that joins GradedWork to SubmittedAssignment.
ENTRY = (SubmittedAssignment.id, SubmittedAssignment.timestamp, GradedWork.work, GradedWork.handed_in, GradedWork.open)

#: The arguments of that outer join.
JOIN = (GradedWork, GradedWork.submission_id == SubmittedAssignment.id)


def find_stale(course: Course, assignment: str) -> dict[str, str]:
    """Return a dict from each student whose score in the gradebook would be stale to the reason."""
    with course.gradebook() as gradebook:
        entries = read_entries(gradebook, assignment)
    reasons = {student: why_stale(course, assignment, student, entry) for student, entry in entries.items()}
    return {student: reason for student, reason in reasons.items() if reason}


def why_stale(course: Course, assignment: str, student: str, entry: Entry) -> str:
    """Return why the score of a submission is stale, or ""."""
    folder = course.folder("submitted", assignment, student)
    if folder.is_dir():
        try:
            work = work_id(read_work(folder / f"{assignment}.ipynb"))
        except Unreadable as error:
            work = work_id(error)
        except OSError:
            return NOT_COMPARED
        # The same work at another time is stale too: what being late costs depends on the time.
        if not entry.is_of(work, handed_in_at(course, assignment, student)):
            return HANDED_IN_AGAIN
    return REGRADE_OPEN if entry.open else ""


def mark_for_regrading(course: Course, assignment: str) -> list[str]:
    """Mark every submission in the gradebook as to be graded again: its score is stale until `make grade` enters one.

    Returns:
        the students.

    Raises:
        ValueError: the assignment is being graded at the moment.
    """
    with locked(course, assignment), course.gradebook() as gradebook:
        students = [*read_entries(gradebook, assignment)]
        mark_open(gradebook, assignment, students)
        gradebook.db.commit()
    return students


# --- in an open gradebook ---------------------------------------------------------------------------------------------


def read_entries(gradebook: Gradebook, assignment: str) -> dict[str, Entry]:
    """Return a dict from student to the Entry of each submission, in one query."""
    query = gradebook.db.query(SubmittedAssignment.student_id, *ENTRY).outerjoin(*JOIN)
    query = query.join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
    return {student: Entry(*entry) for student, *entry in query.filter(Assignment.name == assignment)}


def mark_open(gradebook: Gradebook, assignment: str, students: Collection[str]) -> None:
    """Mark the submissions of students, where the gradebook has them, as to be graded again."""
    for student, entry in read_entries(gradebook, assignment).items():
        if student in students and not entry.open:
            mark_graded(gradebook, entry.submission_id, entry.work, entry.handed_in, open=True)


def mark_graded(
    gradebook: Gradebook, submission_id: str, work: str | None, handed_in: datetime | None, *, open: bool
) -> None:
    """Note what work a submission was graded with, and whether something of its result has still to be written."""
    gradebook.db.merge(GradedWork(submission_id=submission_id, work=work, handed_in=handed_in, open=open))
