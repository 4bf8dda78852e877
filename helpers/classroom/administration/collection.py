"""Collecting submissions from nbgrader's exchange or from a platform's download, into nbgrader's folder submitted/.

Each is taken whole or not at all, and only its notebook: a file beside it could stand in for a module when it runs.
From the exchange the secret goes along, by which nbgrader lets the student, and nobody else, find the feedback.
"""

import contextlib
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.api import MissingEntry

from helpers.classroom.administration.download import find_in_download, opened_download
from helpers.classroom.administration.exchange import find_in_exchange
from helpers.classroom.administration.roster import listed
from helpers.classroom.administration.submitted_files import Refused
from helpers.classroom.course import SECRET_FILE

#: The form of nbgrader's timestamp.txt.
TIMESTAMP = "%Y-%m-%d %H:%M:%S.%f UTC"


@dataclass
class Collected:
    """What collecting came to; as a string, it is said in sentences.

    Args:
        collected, updated, unchanged: ids of students.
        refused: pairs of a name and the reason.
        unmatched: pairs of a name and the reason, for what could not be given to a student.
        missing: ids of students of the class from whom there is nothing, now or earlier.
        notes: sentences.
        dry_run: whether nothing was written.
    """

    collected: list = field(default_factory=list)
    updated: list = field(default_factory=list)
    unchanged: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    unmatched: list = field(default_factory=list)
    missing: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    dry_run: bool = False

    @property
    def complete(self):
        """Whether everything that was there was taken."""
        return not (self.refused or self.unmatched)

    def __str__(self):
        did = "Would be collected" if self.dry_run else "Collected"
        lines = [
            f"{did}: {len(self.collected)} new, {len(self.updated)} updated; {len(self.unchanged)} were there already."
        ]
        lines += [f"Refused: {name} {reason}." for name, reason in self.refused]
        lines += [f"Not matched: {name}: {reason}." for name, reason in self.unmatched]
        lines += self.notes
        if self.missing:
            lines.append(f"Nothing from {len(self.missing)} of the class: {listed(self.missing)}.")
        return "\n".join(lines)


def collect(
    course,
    assignment,
    came_from=None,
    *,
    worksheet=None,
    handed_in=None,
    before_due=False,
    trust_timestamps=False,
    dry_run=False,
):
    """Collect the submissions of an assignment; what is there already is replaced by newer ones only.

    A platform's download does not say when something was handed in: the times in an archive are those of packing it,
    or of the first upload of the same bytes by anyone. So none is written, and nbgrader takes no late penalty, unless
    `handed_in` gives one for all; the platform, which knows the times, has late penalties of its own.

    Args:
        course: the Course.
        assignment: its name.
        came_from: path of a zip archive or folder from a learning platform; None for nbgrader's exchange.
        worksheet: path of Moodle's grading worksheet of this assignment: whose number is whose.
        handed_in: when everything in the download was handed in, e.g. "2026-11-30 18:00"; this computer's time zone
            unless it has one of its own, as in "2026-11-30 18:00+09:00".
        before_due: from the exchange, take the last submission before a student's due date where there is one.
        trust_timestamps: in the exchange, believe the times in the names, e.g. after it was restored from a backup.
        dry_run: read and check everything, write nothing.

    Returns:
        Collected

    Raises:
        ValueError: there is nothing to collect from, or an option does not belong to this source.
    """
    with contextlib.ExitStack() as stack:
        students = _read_students(course)
        if came_from is None:
            _refuse_options("the exchange", worksheet=worksheet, handed_in=handed_in)
            due = _due_dates(course, assignment) if before_due else None
            found = find_in_exchange(course, assignment, due, trust_timestamps)
            time = None
        else:
            _refuse_options("a download", before_due=before_due, trust_timestamps=trust_timestamps)
            if not students:
                raise ValueError("The class list is empty: enter it first, so that names can be matched to students.")
            time = _read_time(handed_in)
            files = stack.enter_context(opened_download(came_from))
            found = find_in_download(files, assignment, students, worksheet)
        report = Collected(refused=found.refused, unmatched=found.unmatched, notes=found.notes, dry_run=dry_run)
        for hand_in in found.hand_ins:
            _take(course, assignment, hand_in, hand_in.time or time, before_due, report)
    _note_who(course, assignment, {student.id for student in students}, report)
    return report


def _take(course, assignment, hand_in, time, before_due, report):
    """Take one submission if it is newer than what is there."""
    folder = course.folder("submitted", assignment, hand_in.student)
    notebook = folder / f"{assignment}.ipynb"
    there = notebook.exists()
    time_there = course.directory.get_existing_timestamp(str(folder)) if there else None
    if hand_in.time and time_there and (time == time_there or (time < time_there and not before_due)):
        report.unchanged.append(hand_in.student)
        return
    try:
        data = hand_in.read()
    except Refused as refused:
        report.refused.append((hand_in.student, str(refused)))
        return
    if there and data == notebook.read_bytes() and time in (None, time_there):
        report.unchanged.append(hand_in.student)
        return
    (report.updated if there else report.collected).append(hand_in.student)
    if not report.dry_run:
        _place(folder, notebook.name, data, time, hand_in.secret, shared=course.directory.groupshared)


def _place(folder, name, data, time, secret, shared):
    """Write a submission's folder, whole; only the instructor, and in a shared course the group, may look into it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(".collecting-*"):
        shutil.rmtree(left)  # from a run that was killed
    fresh = Path(tempfile.mkdtemp(prefix=".collecting-", dir=folder.parent))
    (fresh / name).write_bytes(data)
    if time:
        (fresh / "timestamp.txt").write_text(f"{time:{TIMESTAMP}}", encoding="utf-8")
    if secret:
        (fresh / SECRET_FILE).write_text(secret, encoding="utf-8")
    if shared:
        fresh.chmod(0o2770)
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=".collecting-", dir=folder.parent))
        folder.rename(old / folder.name)
        fresh.rename(folder)
        shutil.rmtree(old)
    else:
        fresh.rename(folder)


def _read_students(course):
    with course.gradebook() as gradebook:
        students = gradebook.students
        gradebook.db.expunge_all()
        return students


def _due_dates(course, assignment):
    """A function from a student's id to the due date, which may have been put off for some."""
    with course.gradebook() as gradebook:
        try:
            known = gradebook.find_assignment(assignment)
        except MissingEntry:
            return lambda student: None
        general = known.duedate
        put_off = {
            each.student_id: general + each.extension for each in known.submissions if general and each.extension
        }
        return lambda student: put_off.get(student, general)


def _read_time(handed_in):
    if not handed_in:
        return None
    try:
        time = datetime.fromisoformat(handed_in)
    except ValueError:
        raise ValueError(f"{handed_in!r} is no date and time; write it as 2026-11-30 18:00.") from None
    return time.astimezone(UTC).replace(tzinfo=None)


def _refuse_options(source, **options):
    for name, value in options.items():
        if value:
            raise ValueError(f"{name.replace('_', '-')} means nothing when collecting from {source}.")


def _note_who(course, assignment, students, report):
    for names in (report.collected, report.updated, report.unchanged):
        names.sort()
    taken = {*report.collected, *report.updated, *report.unchanged}
    if strangers := sorted(taken - students):
        report.notes.append(f"Not in the class list: {listed(strangers)}.")
    report.missing = sorted(students - taken - set(course.submitted(assignment)))
