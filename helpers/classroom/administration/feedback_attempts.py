"""The feedback on every attempt is kept: one page for each, in a folder beside nbgrader's, which has the newest alone.

In the exchange nbgrader keeps them itself: each submission has a secret of its own, and the page is named after it.
"""

import hashlib
import re
from pathlib import Path

from helpers.atomic_write import replace_file
from helpers.classroom.course import Course
from helpers.classroom.grading.staleness import read_entries

_NAME = re.compile(r"attempt_(?P<number>\d+)_(?P<attempt>[0-9a-f]{8})\.html")


def attempts_folder(course: Course, assignment: str, student: str) -> Path:
    """Return the folder of the pages of one student, build/feedback/STUDENT/ASSIGNMENT-attempts."""
    return course.folder("feedback", f"{assignment}-attempts", student)


def find_attempts(course: Course, assignment: str) -> dict[str, str]:
    """Return a dict from student to what tells the attempt that was graded from others: the same work and time."""
    with course.gradebook() as gradebook:
        entries = read_entries(gradebook, assignment)
    # What something else graded is known by its time alone.
    texts = {
        student: f"{entry.work} {entry.handed_in if entry.work else entry.timestamp}"
        for student, entry in entries.items()
    }
    return {student: hashlib.sha256(text.encode()).hexdigest()[:8] for student, text in texts.items()}


def keep_attempt(course: Course, assignment: str, student: str, attempt: str, page: str) -> None:
    """Keep the feedback on an attempt, in the place of what was made on the same one earlier, if any.

    Args:
        attempt: from `find_attempts`.
        page: the HTML.
    """
    folder = attempts_folder(course, assignment, student)
    kept = {
        match["attempt"]: int(match["number"]) for path in folder.glob("*") if (match := _NAME.fullmatch(path.name))
    }
    number = kept.get(attempt) or 1 + max(kept.values(), default=0)
    replace_file(folder / f"attempt_{number}_{attempt}.html", page)
