"""Releasing a notebook as an assignment: in the gradebook, with a due date, and in the exchange."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from helpers.classroom.administration.exchange import place_in_exchange
from helpers.classroom.authoring.build import release_path
from helpers.classroom.authoring.release import generate, make_release
from helpers.classroom.authoring.source import BuildError
from helpers.classroom.course import Course

logger = logging.getLogger(__name__)


def release(course: Course, source: Path, due: datetime | None = None) -> str | None:
    """Enter a notebook into the gradebook as an assignment, and place it in the exchange where the course has one.

    Args:
        source: solutions/NN_name/NN_name.py.
        due: the time by which it is due, with a time zone; None leaves it as it is.

    Returns:
        the folder in the exchange, or None.

    Raises:
        ValueError: the notebook in notebooks/ is not what the source makes of it, or the exchange refuses it.
    """
    assignment, released = source.stem, release_path(course.root, source)
    if not released.exists() or released.read_bytes() != make_release(source).encode():
        number = assignment.partition("_")[0]
        raise ValueError(f"{released} is not what its source makes of it: run `make notebooks NB={number}` first.")
    try:
        with TemporaryDirectory() as folder, course.gradebook():
            generate(source, folder, course.directory.db_url)
    except BuildError as error:
        if "Cannot add or remove cells" in str(error):
            raise ValueError(
                f"{assignment} has submissions already, and other cells than when it was released. The cells of an "
                "assignment that was handed in must stay: edit them, but add, remove and rename none."
            ) from None
        raise
    logger.info("%s is in the gradebook, from %s", assignment, source)
    if due is not None:
        with course.gradebook() as gradebook:
            gradebook.update_or_create_assignment(assignment, duedate=due.astimezone(UTC).replace(tzinfo=None))
    return place_in_exchange(course, assignment, "ReleaseAssignment", force=True)
