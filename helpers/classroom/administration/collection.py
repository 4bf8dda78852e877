"""Collecting submissions from nbgrader's exchange or from a platform's download, into nbgrader's folder submitted/.

Each is taken completely or not at all, and only its notebook: a file beside it could shadow a module when it runs.
From the exchange the secret is taken too, by which nbgrader lets the student, and nobody else, find the feedback.
"""

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import MissingEntry

from helpers.classroom.administration.download import find_in_download, opened_download
from helpers.classroom.administration.exchange import find_in_exchange
from helpers.classroom.administration.roster import listed
from helpers.classroom.administration.submitted_files import Found, Refused, SubmittedFile
from helpers.classroom.administration.times import course_zone, in_words, is_past, read_time
from helpers.classroom.course import SECRET_FILE, Course

logger = logging.getLogger(__name__)

#: The form of nbgrader's timestamp.txt.
TIMESTAMP = "%Y-%m-%d %H:%M:%S.%f UTC"


@dataclass
class Collected(Found):
    """Result of collecting; `str` makes sentences of it.

    Args:
        dry_run: whether nothing was written.
        collected, updated, unchanged: ids of students.
        missing: ids of students of the class from whom there is nothing, now or earlier.
    """

    dry_run: bool = False
    collected: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every file that was found was taken."""
        return not (self.refused or self.unmatched)

    def __str__(self) -> str:
        verb = "Would be collected" if self.dry_run else "Collected"
        lines = [
            f"{verb}: {len(self.collected)} new, {len(self.updated)} updated; {len(self.unchanged)} were there already."
        ]
        lines += [f"Refused: {name} {reason}." for name, reason in self.refused]
        lines += [f"Not matched: {name}: {reason}." for name, reason in self.unmatched]
        lines += self.notes
        if self.missing:
            lines.append(f"Nothing from {len(self.missing)} of the class: {listed(self.missing)}.")
        return "\n".join(lines)


def collect(
    course: Course,
    assignment: str,
    source: Path | None = None,
    *,
    worksheet: Path | None = None,
    submitted_at: str | None = None,
    before_due: bool = False,
    trust_timestamps: bool = False,
    dry_run: bool = False,
) -> Collected:
    """Collect the submissions of an assignment; those that are there already are replaced by newer ones only.

    A platform's download does not say when something was submitted: the times in an archive are those of packing it,
    or of the first upload of the same bytes by anyone. So none is written, and nbgrader takes no late penalty, unless
    `submitted_at` gives one for all; the platform, which knows the times, has late penalties of its own.

    Args:
        source: path of a zip archive or folder from a learning platform; None for nbgrader's exchange.
        worksheet: path of Moodle's grading worksheet of this assignment, which says whose number is whose.
        submitted_at: when everything in the download was submitted, e.g. "2026-11-30 18:00"; in the course's time zone
            unless it names one, as in "2026-11-30 18:00+09:00".
        before_due: from the exchange, take the last submission before a student's due date where there is one.
        trust_timestamps: in the exchange, trust the times in the names, e.g. after it was restored from a backup.
        dry_run: read and check everything, write nothing.

    Raises:
        ValueError: there is nothing to collect from, or an option does not apply to this source.
    """
    with course.gradebook() as gradebook:
        students = gradebook.students
        gradebook.db.expunge_all()
    with contextlib.ExitStack() as stack:
        if source is None:
            _refuse_options("the exchange", worksheet=worksheet, submitted_at=submitted_at)
            due = _due_dates(course, assignment) if before_due else None
            found, time = find_in_exchange(course, assignment, due, trust_timestamps), None
        else:
            _refuse_options("a download", before_due=before_due, trust_timestamps=trust_timestamps)
            if not students:
                raise ValueError("The class list is empty: enter it first, so that names can be matched to students.")
            moment = None if submitted_at is None else read_time(submitted_at, course_zone(course))
            files = stack.enter_context(opened_download(source))
            found, time = find_in_download(files, assignment, students, worksheet), None
            if moment:
                time = moment.astimezone(UTC).replace(tzinfo=None)
                doubt = "" if is_past(moment) else ": that is in the future; is it right?"
                found.notes.append(f"All of them are entered as submitted {in_words(moment)}{doubt or '.'}")
        logger.info("%s: %d submissions in %s", assignment, len(found.files), source or "the exchange")
        report = Collected(**vars(found), dry_run=dry_run)
        for file in found.files:
            _take(course, assignment, file, file.time or time, before_due, report)
    _add_students(course, assignment, {student.id for student in students}, report)
    return report


def _take(
    course: Course, assignment: str, file: SubmittedFile, time: datetime | None, before_due: bool, report: Collected
) -> None:
    """Take a submission if it is newer than the one that is there; from a download, if it is another one."""
    folder = course.folder("submitted", assignment, file.student)
    notebook = folder / f"{assignment}.ipynb"
    there = notebook.exists()
    time_there = course.directory.get_existing_timestamp(str(folder)) if there else None
    if file.time and time_there and (time == time_there or (time < time_there and not before_due)):
        report.unchanged.append(file.student)
        logger.debug("%s: %s is there, %s is not newer", file.student, time_there, time)
        return
    try:
        data = file.read()
    except Refused as refused:
        report.refused.append((file.student, str(refused)))
        return
    if there and data == notebook.read_bytes() and time in (None, time_there):
        report.unchanged.append(file.student)
        return
    (report.updated if there else report.collected).append(file.student)
    logger.debug("%s: %d bytes of %s into %s", file.student, len(data), time or "unknown time", folder)
    if not report.dry_run:
        _place(folder, notebook.name, data, time, file.secret, shared=course.directory.groupshared)


def _place(folder: Path, name: str, data: bytes, time: datetime | None, secret: str, shared: bool) -> None:
    """Write all of a submission's folder; only the instructor, and in a shared course the group, may read it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(".collecting-*"):
        shutil.rmtree(leftover)  # from a run that was killed
    with tempfile.TemporaryDirectory(prefix=".collecting-", dir=folder.parent) as work:
        fresh = Path(work, folder.name)
        fresh.mkdir(mode=0o700)
        (fresh / name).write_bytes(data)
        if time:
            (fresh / "timestamp.txt").write_text(f"{time:{TIMESTAMP}}", encoding="utf-8")
        if secret:
            (fresh / SECRET_FILE).write_text(secret, encoding="utf-8")
        if shared:
            fresh.chmod(0o2770)
        if folder.exists():
            folder.rename(Path(work, "replaced"))
        fresh.rename(folder)


def _due_dates(course: Course, assignment: str) -> Callable[[str], datetime | None]:
    """A function from a student's id to the due date, which may be extended for some."""
    with course.gradebook() as gradebook:
        try:
            known = gradebook.find_assignment(assignment)
        except MissingEntry:
            return lambda student: None
        due = known.duedate
        extended = {each.student_id: due + each.extension for each in known.submissions if due and each.extension}
        return lambda student: extended.get(student, due)


def _refuse_options(source: str, **options: object) -> None:
    for name, value in options.items():
        if value not in (None, False):
            raise ValueError(f"--{name.replace('_', '-')} does not apply when collecting from {source}.")


def _add_students(course: Course, assignment: str, students: set[str], report: Collected) -> None:
    """Put the students into order, and add those who are not in the class list and those who are missing."""
    for names in (report.collected, report.updated, report.unchanged):
        names.sort()
    taken = {*report.collected, *report.updated, *report.unchanged}
    if unknown := sorted(taken - students):
        report.notes.append(f"Not in the class list: {listed(unknown)}.")
    report.missing = sorted(students - taken - set(course.submitted(assignment)))
