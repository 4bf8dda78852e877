"""The due dates that learners are told, by `make learn` and `make progress`: from the gradebook, by a small file.

The file is `due_dates.toml`, with a line `01_name = "2026-12-01 23:59 Asia/Seoul"` for each assignment. The learner kit
has it in its top folder; an exchange has it in the course's folder, and the variable COURSE_DUE_DATES says where.
Nobody needs it: without it, nothing is said of dates.
"""

import os
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.atomic_write import replace_file
from helpers.checks.progress import Progress
from helpers.classroom.administration.times import as_text, course_zone, in_words, read_time
from helpers.classroom.authoring.notebook_names import is_meant
from helpers.language.message import MessageError, message

if TYPE_CHECKING:  # nbgrader takes a second to import, and a learner's commands do without
    from helpers.classroom.course import Course

FILE, VARIABLE = "due_dates.toml", "COURSE_DUE_DATES"

#: Largest file that is read [bytes].
_LARGEST = 100_000

_HEAD = "# When each assignment is due; `make learn` and `make progress` say so.\n"


def file_for_learners(course: "Course") -> str:
    """Return the text of the file, with the due dates that the gradebook has; "" if it has none."""
    if not course.has_gradebook:
        return ""
    zone = course_zone(course)
    with course.gradebook() as gradebook:
        dates = {one.name: one.duedate for one in gradebook.assignments if one.duedate}
    lines = [f'"{name}" = "{as_text(due.replace(tzinfo=UTC).astimezone(zone))}"\n' for name, due in dates.items()]
    return "".join([_HEAD, *sorted(lines)]) if lines else ""


def place_in(folder: Path, course: "Course") -> None:
    """Write the file into a folder that learners can read, such as that of the course in an exchange."""
    if text := file_for_learners(course):
        replace_file(folder / FILE, text)
        (folder / FILE).chmod(0o644)


def find_file(root: Path) -> Path:
    """Return the path of the file, which may not be there."""
    return Path(os.environ.get(VARIABLE) or root / FILE)


def read(path: Path) -> dict[str, datetime]:
    """Return the due dates in a file: what each line calls the assignment, and when it is due, with a time zone.

    Args:
        path: of the file; without one there are no dates.

    Raises:
        ValueError: it cannot be read, or has something else in it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ValueError("it is too large")
        dates = tomllib.loads(data.decode())
        return {name: read_time(str(due), None) for name, due in dates.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        template = "Due dates are not shown, since {path} cannot be read: {error}"
        raise MessageError(template, path=path, error=error) from None


def in_sentences(dates: dict[str, datetime], progress: Progress, now: datetime | None = None) -> Iterator[str]:
    """Yield a sentence on each assignment that is due, or was, and has an exercise that is not right yet.

    Args:
        dates: as `read` returns them.
        progress: where the learner stands.
        now: the present, unless a test has another.
    """
    now = now or datetime.now(UTC)
    for name, due in sorted(dates.items(), key=lambda one: one[1]):
        standings = [
            one
            for number, some in progress.notebooks.items()
            if is_meant(name.partition("_")[0], number)
            for one in some
        ]
        open_ones = ", ".join(one.exercise.id for one in standings if not one.right)
        if due >= now:
            yield str(message("{name} is due on {when}.", name=name, when=in_words(due, now)))
        elif open_ones:
            template = "{name} was due on {when}; not right yet: {exercises}."
            yield str(message(template, name=name, when=in_words(due, now), exercises=open_ones))
