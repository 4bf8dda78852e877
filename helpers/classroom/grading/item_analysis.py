"""Item analysis of a class: how many got each exercise right, what went wrong, and which mistakes were named."""

import statistics
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from helpers.checks.grade_id import GradeId
from helpers.classroom.grading.grader import Graded

#: The four outcomes of an exercise, for the figure; each status of a Score belongs to one.
ENDS = ("right", "wrong", "not written", "stopped")
_END_OF = {"right": "right", "wrong": "wrong", "not written": "not written", "not defined": "not written"}


@dataclass
class Item:
    """One exercise, over all submissions.

    Args:
        exercise: its number, e.g. "1.3".
        ends: how often its visible check had each outcome in ENDS.
        hidden_right: how often its hidden check was right.
        mistakes: how often each known mistake was named.
    """

    exercise: str
    ends: Counter[str] = field(default_factory=Counter)
    hidden_right: int = 0
    mistakes: Counter[str] = field(default_factory=Counter)

    @property
    def right(self) -> float:
        """Share of submissions whose visible check was right."""
        return self.ends["right"] / max(1, self.ends.total())


def analyse(results: Iterable[Graded]) -> list[Item]:
    """Return an Item for each exercise, those with the fewest right answers first; what was not graded is left out."""
    items: dict[str, Item] = {}
    for graded in (one for one in results if not one.failed):
        for grade_id, score in graded.scores.items():
            cell = GradeId.parse(grade_id)
            if score.points is None or cell.kind == "ex":
                continue  # a person grades it
            item = items.setdefault(cell.exercise_id, Item(cell.exercise_id))
            if cell.kind == "hidden":
                item.hidden_right += score.status == "right"
                continue
            item.ends[_END_OF.get(score.status, "stopped")] += 1
            item.mistakes.update(score.misconceptions)
    return sorted(items.values(), key=lambda item: item.right)


def summarise(results: Collection[Graded]) -> dict[str, float]:
    """Return the figures of at least one graded submission, by the words for them."""
    totals = [sum(score.points or 0 for score in graded.scores.values()) for graded in results]
    most = max(sum(score.max_points for score in graded.scores.values()) for graded in results)
    return {
        "submissions": len(totals),
        "points to be had": most,
        "mean": statistics.fmean(totals),
        "median": statistics.median(totals),
        "lowest": min(totals),
        "highest": max(totals),
        "waiting for a person": sum(waits_for_a_person(graded) for graded in results),
    }


def failures(results: Iterable[Graded]) -> dict[str, int]:
    """Return how often the visible checks had each status other than right, the most frequent first."""
    scores = [pair for graded in results for pair in graded.scores.items()]
    statuses = Counter(score.status for grade_id, score in scores if GradeId.parse(grade_id).kind == "check")
    del statuses["right"]
    return dict(statuses.most_common())


def waits_for_a_person(graded: Graded) -> bool:
    """Whether an answer in it is still to be graded by a person."""
    return any(score.points is None for score in graded.scores.values())
