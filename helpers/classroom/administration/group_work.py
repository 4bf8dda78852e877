"""Work that a group handed in together: it counts for every member who has nothing else."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from helpers.classroom.administration.matching import Groups, by_key, name_key
from helpers.classroom.administration.roster import listed
from helpers.classroom.administration.submitted_files import Found
from helpers.classroom.grading.sanitize import for_terminal

HOW_TO_ENTER = (
    "If they worked in groups, enter who belongs together with `make roster` (a column `group`, or the platform's own "
    "list of groups), and collect again: the work then counts for every member."
)


@dataclass(frozen=True)
class HandIn:
    """A notebook in a download, and who handed it in.

    Args:
        student: the id; "" where only the group is known.
        group: the group's name as the download has it; "" where the student handed in alone.
        age: the newer, the larger; it begins with Canvas's number, or 0.
        read: returns its bytes.
        by_name: whether nothing but a name says whose it is.
        late: whether Canvas marks it as late.
    """

    student: str
    group: str
    age: tuple[int, float, str]
    read: Callable[[], bytes]
    by_name: bool = False
    late: bool = False


def share(hand_ins: Sequence[HandIn], groups: Groups, students: Collection[str], found: Found) -> dict[str, HandIn]:
    """Return what counts for each student, and say in `found` for whom the work of a group counts.

    What a student handed in alone comes first, then what they handed in for a group, then what another member did.

    Args:
        hand_ins: of a download.
        groups: of the class.
        students: ids of the class.
        found: to which notes are added, and students for whom it is not certain what counts.
    """
    hand_ins = sorted(hand_ins, key=lambda each: each.age)  # so that of several the newest is kept
    finder = _Finder(hand_ins, groups, found.notes)
    by_group: dict[str, list[HandIn]] = defaultdict(list)
    of_no_group: dict[str, HandIn] = {}
    for each in [each for each in hand_ins if each.group]:
        if group := finder.group_of(each):
            by_group[group].append(each)
        else:
            of_no_group[each.student] = each
    counts = of_no_group | {each.student: each for each in hand_ins if not each.group}
    offers = _find_offers(by_group, groups)
    for student in sorted(offers.keys() & set(students) - counts.keys()):
        theirs = {group: each for group, each in offers[student].items() if each.student == student}
        chosen = theirs or offers[student]
        if len(chosen) == 1:
            [counts[student]] = chosen.values()
        else:
            found.refused.append(
                (
                    student,
                    f"is in {len(chosen)} groups that handed in, {listed([for_terminal(group) for group in chosen])}: "
                    f"put the notebook that counts into a folder as {student}.ipynb, and collect that too",
                )
            )
    for group, work in by_group.items():
        found.notes += _describe(group, groups[group], work, counts, students)
    return counts


def _find_offers(by_group: Mapping[str, Sequence[HandIn]], groups: Groups) -> dict[str, dict[str, HandIn]]:
    """Student to group to what was handed in for it: their own, or the newest."""
    offers: dict[str, dict[str, HandIn]] = defaultdict(dict)
    for group, theirs in by_group.items():
        own = {each.student: each for each in theirs}
        for student in groups[group]:
            offers[student][group] = own.get(student, theirs[-1])
    return offers


class _Finder:
    """Finds the group of the class for which somebody handed in, and notes where that is not certain."""

    def __init__(self, hand_ins: Sequence[HandIn], groups: Groups, notes: list[str]) -> None:
        self.groups, self.notes, self.by_key = groups, notes, by_key(groups)
        self.of_student: dict[str, list[str]] = defaultdict(list)
        for group, members in groups.items():
            for member in members:
                self.of_student[member].append(group)
        self.handed_in_for_groups = {each.student for each in hand_ins if each.group}
        # In an assignment for groups, their members do not hand in alone.
        self.is_for_groups = self.of_student.keys().isdisjoint(each.student for each in hand_ins if not each.group)

    def group_of(self, hand_in: HandIn) -> str:
        """Return the name of a group, or "" if it counts for the one who handed in alone."""
        student, name = hand_in.student, f"`{for_terminal(hand_in.group)}`"
        if not student:
            return hand_in.group
        alone, theirs = f"it counts for {student} alone.", self.of_student[student]
        if named := self.by_key.get(name_key(hand_in.group)):
            if len(both := [group for group in named if group in theirs]) == 1:
                return both[0]
            self.notes.append(
                f"{student} handed in for the group {name}, but the class list does not have them in it: {alone}"
            )
            return ""
        others = self.handed_in_for_groups - {student}
        free = [group for group in theirs if others.isdisjoint(self.groups[group])]
        if len(free) == 1 and self.is_for_groups:
            taken = f"it was taken for {for_terminal(free[0])}, the group of {student}."
            self.notes.append(f"{name} is no group in the class list: {taken}")
            return free[0]
        self.notes.append(
            f"{name} is where the name of {student} should be: it may be a group that is not entered; {alone}"
        )
        if HOW_TO_ENTER not in self.notes:
            self.notes.append(HOW_TO_ENTER)
        return ""


def _describe(
    group: str,
    members: Sequence[str],
    hand_ins: Sequence[HandIn],
    counts: Mapping[str, HandIn],
    students: Collection[str],
) -> list[str]:
    """Sentences on for whom the work of a group counts, and for whom not."""
    name, lines = for_terminal(group), []
    for each in hand_ins:
        whose = f"the notebook of {each.student}" if each.student else "its notebook"
        takers = [member for member in members if counts.get(member) is each]
        lines.append(f"{name}: {whose} counts for {listed(takers) or 'nobody'}.")
    alone = [member for member in members if member in counts and not counts[member].group]
    if alone:
        lines.append(f"{name}: what they handed in alone counts for {listed(alone)}.")
    if unknown := sorted(set(members).difference(students)):
        lines.append(f"{name}: not in the class list: {listed(unknown)}.")
    return lines
