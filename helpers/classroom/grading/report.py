"""The report of a class for its instructor: tables on the screen, and the same and more as CSV files."""

import csv
import io
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from helpers.atomic_write import replace_file
from helpers.classroom.grading.grader import Graded
from helpers.classroom.grading.item_analysis import ENDS, Item, analyse, failures, summarise, waits_for_a_person
from helpers.classroom.grading.sanitize import for_spreadsheet

logger = logging.getLogger(__name__)


def show(results: Mapping[str, Graded]) -> None:
    """Print the figures of a class, the reasons why points were lost, and the item analysis."""
    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    figures = summarise(results.values())
    console.print("  ".join(f"{words} {number:g}" for words, number in figures.items()))
    if lost := failures(results.values()):
        console.print("not right: " + ", ".join(f"{count} × {status}" for status, count in lost.items()))
    table = Table("exercise", "right", "hidden right", "mistakes most often named", title="Most often wrong first")
    for item in analyse(results.values()):
        named = "; ".join(f"{count} × {mistake}" for mistake, count in item.mistakes.most_common(2))
        share = f"{item.hidden_right} of {item.ends.total()}"
        table.add_row(item.exercise, f"{item.ends['right']} of {item.ends.total()}", share, named)
    Console(highlight=False, markup=False, emoji=False).print(table)
    for student, graded in results.items():
        if graded.unreadable:
            console.print(f"{student}: could not be read. {graded.unreadable}")
        for reason in {score.reason for score in graded.scores.values() if score.status == "not graded"}:
            console.print(f"{student}: not graded. {reason}")


def write(results: Mapping[str, Graded], folder: Path) -> None:
    """Write items.csv, the item analysis, and report.csv, a line for each student's submission, into a folder."""
    replace_file(folder / "items.csv", as_csv(analyse(results.values())))
    replace_file(folder / "report.csv", report_csv(results))
    logger.info("wrote items.csv and report.csv in %s", folder)


def as_csv(items: Iterable[Item]) -> str:
    """Return the item analysis as CSV, one line for each exercise."""
    rows: list[list[object]] = [["exercise", "submissions", *ENDS, "hidden right", "mistakes named"]]
    for item in items:
        named = "; ".join(f"{count} × {mistake}" for mistake, count in item.mistakes.most_common())
        ends = [item.ends[end] for end in ENDS]
        rows.append([item.exercise, item.ends.total(), *ends, item.hidden_right, named])
    return to_csv(rows)


def report_csv(results: Mapping[str, Graded]) -> str:
    """Return one line for each student's submission: points, what waits for a person, and every reason and change."""
    rows = [["student", "points", "of", "waits for a person", "not right", "changed, to no effect", "seconds"]]
    for student, graded in results.items():
        scores = graded.scores
        points = sum(score.points or 0 for score in scores.values())
        most = sum(score.max_points for score in scores.values())
        reasons = [
            f"{grade_id}: {score.status}. {score.reason}".strip()
            for grade_id, score in scores.items()
            if score.status not in ("right", "for a person")
        ]
        waits = "yes" if waits_for_a_person(graded) else "no"
        changes = " ".join(graded.changes)
        rows.append([student, f"{points:g}", f"{most:g}", waits, " | ".join(reasons), changes, f"{graded.seconds:.1f}"])
    return to_csv(rows)


def to_csv(rows: Iterable[Iterable[object]], show: Callable[[object], str] = for_spreadsheet) -> str:
    """Return CSV whose cells no spreadsheet takes for formulas: a submission may choose the words of a reason."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([show(cell) for cell in row] for row in rows)
    return text.getvalue()
