"""Collecting submissions from nbgrader's exchange or from a platform's download, into nbgrader's folder submitted/.

Each is taken completely or not at all, and only its notebook: a file beside it could shadow a module when it runs.
From the exchange the secret is taken too, by which nbgrader lets the student, and nobody else, find the feedback.
"""

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from helpers.atomic_write import replace_file
from helpers.classroom.administration.archive_names import letters_of
from helpers.classroom.administration.download import find_in_download, opened_download
from helpers.classroom.administration.exchange import find_in_exchange
from helpers.classroom.administration.excused_work import read_excused
from helpers.classroom.administration.extensions import due_dates
from helpers.classroom.administration.groups import read_groups
from helpers.classroom.administration.roster import listed
from helpers.classroom.administration.submitted_files import Found, Refused, SubmittedFile
from helpers.classroom.administration.times import course_zone, in_words, is_past, read_time
from helpers.classroom.course import SECRET_FILE, Course

logger = logging.getLogger(__name__)

#: The form of nbgrader's timestamp.txt.
TIMESTAMP = "%Y-%m-%d %H:%M:%S.%f UTC"

#: Beside a collected notebook: the platform's own number for it, the newer, the larger; “after” stands before it where
#: that attempt was replaced by one that has no number.
ATTEMPT_FILE = "attempt.txt"


@dataclass
class Collected(Found):
    """Result of collecting; `str` makes sentences of it.

    Args:
        dry_run: whether nothing was written.
        collected, updated, unchanged: ids of students.
        older: ids of students whose attempt is older than the one that is there, which was left.
        without_number: ids of students whose numbered attempt was replaced by one that has no number.
        without_time: ids of students whose submission was replaced by one whose time is not known.
        missing: ids of students of the class from whom there is nothing, now or earlier.
        excused: ids of those from whom there is nothing, and who are excused.
    """

    dry_run: bool = False
    collected: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    without_number: list[str] = field(default_factory=list)
    without_time: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)

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
        lines += [
            f"Not matched: {name}: {reason}{'' if reason.endswith('?') else '.'}" for name, reason in self.unmatched
        ]
        if self.older:
            lines.append(
                f"Older than what is there, and not taken: {listed(self.older)}. To take an older one all "
                "the same, remove the student's folder in `submitted` and collect again."
            )
        if self.without_number:
            lines.append(
                f"Replaced what came from Canvas, although nothing says which is newer: {listed(self.without_number)}."
            )
        if self.without_time:
            lines.append(f"Replaced by a submission whose time is not known: {listed(self.without_time)}.")
        lines += self.notes
        if self.missing:
            lines.append(f"Nothing from {len(self.missing)} of the class: {listed(self.missing)}.")
        if self.excused:
            lines.append(f"Excused: {listed(self.excused)}.")
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
        students, excused = gradebook.students, read_excused(gradebook, assignment)
        gradebook.db.expunge_all()
    with contextlib.ExitStack() as stack:
        if source is None:
            _refuse_options("the exchange", worksheet=worksheet, submitted_at=submitted_at)
            due = due_dates(course, assignment) if before_due else None
            found, time = find_in_exchange(course, assignment, due, trust_timestamps), None
        else:
            _refuse_options("a download", before_due=before_due, trust_timestamps=trust_timestamps)
            if not students:
                raise ValueError("The class list is empty: enter it first, so that names can be matched to students.")
            moment = None if submitted_at is None else read_time(submitted_at, course_zone(course))
            groups = read_groups(course)
            names = [name for each in students for name in (each.id, each.first_name, each.last_name)]
            files = stack.enter_context(opened_download(source, letters_of([*names, *groups])))
            found, time = find_in_download(files, assignment, students, worksheet, groups), None
            if moment:
                time = moment.astimezone(UTC).replace(tzinfo=None)
                doubt = "" if is_past(moment) else ": that is in the future; is it right?"
                found.notes.append(f"All of them are entered as submitted {in_words(moment)}{doubt or '.'}")
        logger.info("%s: %d submissions in %s", assignment, len(found.files), source or "the exchange")
        report = Collected(**vars(found), dry_run=dry_run)
        for file in found.files:
            _take(course, assignment, file, file.time or time, before_due, report)
    _add_students(course, assignment, {student.id for student in students}, excused, report)
    return report


@dataclass(frozen=True)
class _There:
    """What is known of the submission that was collected before."""

    notebook: Path
    time: datetime | None
    attempt: int = 0
    is_replaced: bool = False


def _find_there(course: Course, assignment: str, folder: Path) -> _There | None:
    notebook = folder / f"{assignment}.ipynb"
    if not notebook.exists():
        return None
    time = course.directory.get_existing_timestamp(str(folder))
    try:
        after, _, number = (folder / ATTEMPT_FILE).read_text(encoding="ascii").rpartition(" ")
        return _There(notebook, time, int(number), is_replaced=bool(after))
    except (OSError, ValueError):
        return _There(notebook, time)


def _take(
    course: Course, assignment: str, file: SubmittedFile, time: datetime | None, before_due: bool, report: Collected
) -> None:
    """Take a submission if it is newer than the one that is there; where nothing tells, if it is another one."""
    folder = course.folder("submitted", assignment, file.student)
    there = _find_there(course, assignment, folder)
    if there and (left := _list_if_left(file, there, before_due, report)) is not None:
        left.append(file.student)
        logger.debug("%s: %s, attempt %d, stays", file.student, there.time, there.attempt)
        return
    try:
        data = file.read()
    except Refused as refused:
        report.refused.append((file.student, str(refused)))
        return
    if there and data == there.notebook.read_bytes() and time in (None, there.time):
        report.unchanged.append(file.student)
        if file.attempt > there.attempt and not report.dry_run:
            replace_file(folder / ATTEMPT_FILE, str(file.attempt))
        return
    _report_taken(file, time, there, report)
    logger.debug("%s: %d bytes of %s into %s", file.student, len(data), time or "unknown time", folder)
    if not report.dry_run:
        # One without a number keeps the last one's, so that this attempt does not come back.
        kept = f"after {there.attempt}" if there and there.attempt else ""
        beside = {
            "timestamp.txt": f"{time:{TIMESTAMP}}" if time else "",
            SECRET_FILE: file.secret,
            ATTEMPT_FILE: str(file.attempt or kept),
        }
        contents = {name: text.encode() for name, text in beside.items() if text}
        _place(folder, {f"{assignment}.ipynb": data, **contents}, shared=course.directory.groupshared)


def _list_if_left(file: SubmittedFile, there: _There, before_due: bool, report: Collected) -> list[str] | None:
    """The report's list for a submission that is not newer, by its time or its number, than the one that is there."""
    if file.time and there.time and (file.time == there.time or (file.time < there.time and not before_due)):
        return report.unchanged
    return report.older if 0 < file.attempt < there.attempt + there.is_replaced else None


def _report_taken(file: SubmittedFile, time: datetime | None, there: _There | None, report: Collected) -> None:
    (report.updated if there else report.collected).append(file.student)
    if there and there.attempt and not there.is_replaced and not file.attempt:
        report.without_number.append(file.student)
    if there and there.time and not time:
        report.without_time.append(file.student)


def _place(folder: Path, contents: Mapping[str, bytes], shared: bool) -> None:
    """Write all of a submission's folder; only the instructor, and in a shared course the group, may read it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(".collecting-*"):
        shutil.rmtree(leftover)  # from a run that was killed
    with tempfile.TemporaryDirectory(prefix=".collecting-", dir=folder.parent) as work:
        fresh = Path(work, folder.name)
        fresh.mkdir(mode=0o700)
        for name, data in contents.items():
            (fresh / name).write_bytes(data)
        if shared:
            fresh.chmod(0o2770)
        if folder.exists():
            folder.rename(Path(work, "replaced"))
        fresh.rename(folder)


def _refuse_options(source: str, **options: object) -> None:
    for name, value in options.items():
        if value not in (None, False):
            raise ValueError(f"--{name.replace('_', '-')} does not apply when collecting from {source}.")


def _add_students(
    course: Course, assignment: str, students: set[str], excused: Collection[str], report: Collected
) -> None:
    """Put the students into order, and add those who are not in the class list and those who are missing."""
    for names in (report.collected, report.updated, report.unchanged, report.older):
        names.sort()
    taken = {*report.collected, *report.updated, *report.unchanged}
    if unknown := sorted(taken - students):
        report.notes.append(f"Not in the class list: {listed(unknown)}.")
    nothing = sorted(students - taken - set(course.submitted(assignment)))
    report.missing = [student for student in nothing if student not in excused]
    report.excused = [student for student in nothing if student in excused]
