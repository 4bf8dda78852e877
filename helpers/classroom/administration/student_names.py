"""Which students an instructor means, by the ids that a command was given."""

import difflib
from collections.abc import Collection

from helpers.classroom.administration.roster import key_of_id
from helpers.classroom.course import Course
from helpers.classroom.grading.sanitize import for_terminal


def find_students(text: str, known: Collection[str], where: str) -> list[str]:
    """Return the ids that a text names, one or several with spaces or commas between them, each once.

    Args:
        text: ids; capitals make no difference where only one id is meant.
        known: the ids that there are.
        where: where these are, for the message: “in the class list”.

    Raises:
        ValueError: it names nobody, or somebody who is not known.
    """
    names = [text.strip()] if text.strip() in known else text.replace(",", " ").split()
    if not names:
        raise ValueError("Which student? Name one by the id, e.g. STUDENT=ina.")
    return [*dict.fromkeys(_find(name, known, where) for name in names)]


def find_in_class(course: Course, text: str) -> list[str]:
    """Return the ids that a text names, of students in the class list; raise ValueError as `find_students` does."""
    with course.gradebook() as gradebook:
        known = [student.id for student in gradebook.students]
    return find_students(text, known, "in the class list")


def _find(name: str, known: Collection[str], where: str) -> str:
    if name in known:
        return name
    alike = {key_of_id(student): student for student in known}
    if found := alike.get(key_of_id(name)):
        return found
    similar = difflib.get_close_matches(key_of_id(name), alike, n=1)
    hint = f" (did you mean {alike[similar[0]]}?)" if similar else ""
    raise ValueError(f"There is no student {for_terminal(name)} {where}{hint}.")
