"""Work that a student is excused from: it is neither missing nor a zero.

nbgrader has no place for it. The gradebook gets a table of ours, and not a row of a submission, since nbgrader's
averages would count that as a zero.
"""

import logging
from collections.abc import Collection

from nbgrader.api import Assignment, Base, Gradebook, Student
from sqlalchemy import Column, String

from helpers.classroom.administration.groups import describe_others, members_of
from helpers.classroom.course import Course

logger = logging.getLogger(__name__)


class ExcusedWork(Base):  # type: ignore[misc]  # nbgrader has no types
    """A row for each student and assignment, by nbgrader's ids; nbgrader makes the table with its own."""

    __tablename__ = "excused_work"
    assignment_id = Column(String(32), primary_key=True)
    student_id = Column(String(128), primary_key=True)


def excuse(
    course: Course, assignment: str, students: Collection[str], *, undo: bool = False, dry_run: bool = False
) -> list[str]:
    """Excuse students from an assignment, or with `undo` take that back; scores that they have are kept.

    Returns:
        sentences on what was done, and on the others in their groups, for whom it does not count.

    Raises:
        ValueError: the assignment was not released.
    """
    course.need_released(assignment)
    with course.gradebook() as gradebook:
        assignment_id = gradebook.find_assignment(assignment).id
        excused = {*read_excused(gradebook, assignment)}
        for student in students if not dry_run else ():
            row = gradebook.db.merge(ExcusedWork(assignment_id=assignment_id, student_id=student))
            if undo:
                gradebook.db.flush()
                gradebook.db.delete(row)
        gradebook.db.commit()
    logger.info("%s: %s", ", ".join(students), "no longer excused" if undo else "excused")
    excused = excused.difference(students) if undo else excused.union(students)
    done = ("Would no longer be" if dry_run else "No longer") if undo else "Would be" * dry_run
    said = [f"{done} excused".strip().capitalize() + f" from {assignment}: {', '.join(students)}."]
    for student in students:
        if others := [each for each in members_of(course, student) if (each in excused) == undo]:
            said.append(describe_others(student, others))
    return said


def read_excused(gradebook: Gradebook, assignment: str) -> list[str]:
    """Return the ids of the students who are excused from an assignment of an open gradebook."""
    query = gradebook.db.query(Student.id).join(ExcusedWork, ExcusedWork.student_id == Student.id)
    query = query.join(Assignment, Assignment.id == ExcusedWork.assignment_id).filter(Assignment.name == assignment)
    return [student for (student,) in query.order_by(Student.id)]
