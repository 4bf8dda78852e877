"""The report of a class for its instructor: tables on the screen, and the same and more as CSV files."""

import csv
import io
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from helpers.atomic_write import replace_file
from helpers.classroom.grading.grader import Graded
from helpers.classroom.grading.item_analysis import ENDS, Item, analyse, failures, summarise, waits_for_a_person
from helpers.classroom.grading.sanitize import for_spreadsheet

logger = logging.getLogger(__name__)


def show(results: Mapping[str, Graded], with_earlier_score: Collection[str] = ()) -> None:
    """Print the figures of a class, the reasons why points were lost, and the item analysis.

    Args:
        results: by student.
        with_earlier_score: those not graded who have a score in the gradebook from before.
    """
    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    if graded := [one for one in results.values() if not one.failed]:
        console.print("  ".join(f"{words} {number:g}" for words, number in summarise(graded).items()))
        if lost := failures(graded):
            console.print("not right: " + ", ".join(f"{count} × {status}" for status, count in lost.items()))
        Console(highlight=False, markup=False, emoji=False).print(_item_table(graded))
    for student, one in results.items():
        if one.unreadable:
            console.print(f"{student}: could not be read. {one.unreadable}")
        for reason in _reasons_not_graded(one):
            console.print(f"{student}: not graded. {reason} {_consequence(student in with_earlier_score)}")


def _item_table(graded: Collection[Graded]) -> Table:
    table = Table("exercise", "right", "hidden right", "mistakes most often named", title="Most often wrong first")
    for item in analyse(graded):
        named = "; ".join(f"{count} × {mistake}" for mistake, count in item.mistakes.most_common(2))
        share = f"{item.hidden_right} of {item.ends.total()}"
        table.add_row(item.exercise, f"{item.ends['right']} of {item.ends.total()}", share, named)
    return table


def _reasons_not_graded(graded: Graded) -> list[str]:
    """The reasons, each once, in the order of the notebook."""
    return [*dict.fromkeys(score.reason for score in graded.scores.values() if score.status == "not graded")]


def _consequence(earlier_score: bool) -> str:
    if earlier_score:
        return "The earlier score stays in the gradebook, and is not exported until it is graded again."
    return "It has no score, and is blank in every export."


def write(results: Mapping[str, Graded], folder: Path, with_earlier_score: Collection[str] = ()) -> None:
    """Write items.csv, the item analysis, and report.csv, a line for each student's submission, into a folder."""
    replace_file(folder / "items.csv", as_csv(analyse(results.values())))
    replace_file(folder / "report.csv", report_csv(results, with_earlier_score))
    logger.info("wrote items.csv and report.csv in %s", folder)


def as_csv(items: Iterable[Item]) -> str:
    """Return the item analysis as CSV, one line for each exercise."""
    rows: list[list[object]] = [["exercise", "submissions", *ENDS, "hidden right", "mistakes named"]]
    for item in items:
        named = "; ".join(f"{count} × {mistake}" for mistake, count in item.mistakes.most_common())
        ends = [item.ends[end] for end in ENDS]
        rows.append([item.exercise, item.ends.total(), *ends, item.hidden_right, named])
    return to_csv(rows)


def report_csv(results: Mapping[str, Graded], with_earlier_score: Collection[str] = ()) -> str:
    """Return one line for each student's submission: points, what waits for a person, and every reason and change."""
    rows = [["student", "points", "of", "graded", "waits for a person", "not right", "remarks", "seconds"]]
    for student, one in results.items():
        scores = one.scores.items()
        points = f"{sum(score.points or 0 for _, score in scores):g}"
        most = f"{sum(score.max_points for _, score in scores):g}"
        reasons = [
            f"{grade_id}: {score.status}. {score.reason}".strip()
            for grade_id, score in scores
            if score.status not in ("right", "for a person")
        ]
        is_graded, waits = "yes", "yes" if waits_for_a_person(one) else "no"
        if one.failed:
            points = ""
            is_graded = "no; the earlier score stays" if student in with_earlier_score else "no"
        more = [waits, " | ".join(reasons), " ".join(one.changes), f"{one.seconds:.1f}"]
        rows.append([student, points, most, is_graded, *more])
    return to_csv(rows)


def to_csv(rows: Iterable[Iterable[object]], show: Callable[[object], str] = for_spreadsheet) -> str:
    """Return CSV whose cells no spreadsheet takes for formulas: a submission may choose the words of a reason."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([show(cell) for cell in row] for row in rows)
    return text.getvalue()
