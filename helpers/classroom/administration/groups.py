"""Who works together: the groups of a course, in groups.json beside the gradebook, since nbgrader knows no groups."""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from helpers.atomic_write import replace_file
from helpers.classroom.course import Course

logger = logging.getLogger(__name__)


def read_groups(course: Course) -> dict[str, list[str]]:
    """Return a dict from the name of each group to the ids of its members, both sorted; empty if there are none.

    Raises:
        ValueError: the file is not what `write_groups` writes.
    """
    path = _path(course)
    try:
        groups = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:  # of JSON or of UTF-8
        groups = None
    if not _is_groups(groups):
        raise ValueError(f"{path} is damaged: delete it, and enter the list that says who is in which group again.")
    return {name: list(members) for name, members in groups.items()}


def write_groups(course: Course, groups: Mapping[str, Collection[str]]) -> None:
    """Write all groups, atomically; those without members are left out.

    Args:
        groups: from the name of each group to the ids of its members.
    """
    ordered = {name: sorted(set(groups[name])) for name in sorted(groups) if groups[name]}
    replace_file(_path(course), json.dumps(ordered, ensure_ascii=False, indent=1) + "\n")
    logger.info("%d groups written", len(ordered))


def replace_groups(groups: Mapping[str, Collection[str]], new: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Return groups after some students were put into others; who is not named stays where they are.

    Args:
        groups: from the name of each group to the ids of its members.
        new: from the id of each of these students to the names of all of their groups; none takes them out.
    """
    replaced = {name: [each for each in members if each not in new] for name, members in groups.items()}
    for student, names in new.items():
        for name in names:
            replaced.setdefault(name, []).append(student)
    return {name: sorted(set(members)) for name, members in sorted(replaced.items()) if members}


def groups_of(course: Course, student: str) -> list[str]:
    """Return the names of all groups that a student is in; platforms allow several."""
    return [name for name, members in read_groups(course).items() if student in members]


def members_of(course: Course, student: str) -> list[str]:
    """Return the ids of all who are in a group with a student, the student among them; of nobody else if in none."""
    together = (members for members in read_groups(course).values() if student in members)
    return sorted({student}.union(*together))


def describe_others(student: str, others: Sequence[str]) -> str:
    """Return a sentence on those who are in a group with a student, and for whom something does not count."""
    together = " ".join([student, *others])
    return f'This is not for {", ".join(others)}, in a group with {student}; for all: STUDENT="{together}".'


def _path(course: Course) -> Path:
    return course.root / "groups.json"


def _is_groups(content: object) -> bool:
    return isinstance(content, dict) and all(
        isinstance(members, list) and all(isinstance(member, str) for member in members) for members in content.values()
    )
