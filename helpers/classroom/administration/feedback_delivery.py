"""Feedback on graded submissions: nbgrader makes it, and places it in the exchange for those who submitted there."""

import logging
import time
from pathlib import Path

from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log
from tqdm import tqdm

from helpers.classroom.administration.exchange import place_in_exchange
from helpers.classroom.course import SECRET_FILE, Course
from helpers.classroom.grading.gradebook import assign_late_penalties

logger = logging.getLogger(__name__)


def give_feedback(course: Course, assignment: str) -> tuple[int, int]:
    """Make the feedback on every graded submission, and place it in the exchange where the course has one.

    Late penalties are computed again first, since a person may have graded meanwhile. The feedback shows the messages
    of the checks; hidden tests are not in it.

    Returns:
        how many submissions have feedback, and how many of them still wait for a person.

    Raises:
        ValueError: nothing was graded yet, or nbgrader could not make it.
    """
    graded, start = find_graded(course, assignment), time.monotonic()
    assign_late_penalties(course, assignment)
    config = course.config_for(assignment)
    with tqdm(total=len(graded), desc="feedback", unit="submission") as bar:
        maker = GenerateFeedback(coursedir=CourseDirectory(config=config), config=config, force=True)
        maker.post_convert_hook = lambda **names: bar.update()
        outcome = capture_log(maker)
    if not outcome["success"]:
        raise ValueError(f"nbgrader could not make all feedback on {assignment}.\n{outcome['log']}")
    logger.info("feedback on %d submissions of %s in %.1f s", len(graded), assignment, time.monotonic() - start)
    excluded = find_undeliverable_feedback(course, assignment)
    place_in_exchange(course, assignment, "ReleaseFeedback", exclude=excluded)
    with course.gradebook() as gradebook:
        waiting = sum(one.needs_manual_grade for one in gradebook.find_assignment(assignment).submissions)
    return len(graded), waiting


def find_graded(course: Course, assignment: str) -> list[Path]:
    """Return the graded notebooks of an assignment.

    Raises:
        ValueError: there are none.
    """
    graded = sorted(course.folder("autograded", assignment).glob(f"*/{assignment}/{assignment}.ipynb"))
    if not graded:
        number = assignment.partition("_")[0]
        raise ValueError(f"No submission of {assignment} was graded yet: run `make grade NB={number}` first.")
    return graded


def find_undeliverable_feedback(course: Course, assignment: str) -> list[str]:
    """Return the students whose feedback cannot go into the exchange, since their work did not come from there."""
    if not course.directory.course_id:
        return []
    folders = [path.parent for path in find_graded(course, assignment)]
    needed = (SECRET_FILE, "timestamp.txt")
    return [folder.parent.name for folder in folders if not all((folder / name).exists() for name in needed)]
