"""nbgrader's exchange: a folder that every student may write to, read without believing what its names say.

The exchange that comes with nbgrader copies what it finds: a submission in another student's name is warned about and
taken, and a symlink in it is followed with the instructor's rights. Here the owner of the files, which a student cannot
forge, must be the student of the name.
"""

import os
import pwd
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import parse_utc

from helpers.classroom.administration.roster import what_is_wrong_with
from helpers.classroom.administration.submitted_files import (
    Found,
    Refused,
    SubmittedFile,
    opened_file,
    opened_folder,
    read_all,
)
from helpers.classroom.course import SECRET_FILE
from helpers.classroom.grading.sanitize import for_terminal

#: How far the time in a name may be from that of the file: submitting takes a while, and clocks differ.
SLACK = timedelta(minutes=5)

SECRET = re.compile(r"[0-9a-f]{128}")

#: Names that are looked at in one submission; a course's own files are a handful.
MOST_NAMES = 1000


def find_in_exchange(course, assignment, due=None, trust_timestamps=False):
    """Find the last submission of each student in the exchange.

    The time of a submission is that in its folder's name, which the student's own program wrote. The file system knows
    better: the change time of the notebook (ctime) is set by the kernel at each change and cannot be set back. So where
    the two are further apart than SLACK, the ctime is taken and the difference noted. A backup that was restored has
    new ctimes: `trust_timestamps` is for that.

    Args:
        course: the Course.
        assignment: the name of an assignment.
        due: gives the due date of a student, or None: then the last submission before it is taken, if there is one.
        trust_timestamps: take the times in the names whatever the file system says.

    Returns:
        Found

    Raises:
        ValueError: no exchange is set up, or it is not there.
    """
    settings = ExchangeCollect(config=course.config)
    inbound = _inbound(course, settings.root)
    found, times = Found(), defaultdict(list)
    try:
        with opened_folder(inbound) as folder:
            names = sorted(name for name in os.listdir(folder) if f"+{assignment}+" in name)
    except Refused as refused:
        raise ValueError(f"The exchange's {inbound} {refused}.") from None
    for name in names:
        submission = _Submission(inbound, name, assignment, settings.check_owner)
        try:
            seen = submission.look()
        except Refused as refused:
            found.refused.append((for_terminal(name), str(refused)))
            continue
        time, doubt = _time(submission.claimed, seen.changed, trust_timestamps)
        times[submission.student].append((time, name, submission, seen, doubt))
    for student, all_of_them in times.items():
        time, name, submission, seen, doubt = _choose(all_of_them, due and due(student))
        found.hand_ins.append(SubmittedFile(student, partial(submission.read, seen), time, seen.secret))
        found.notes += [f"{student}: {note}" for note in (doubt, seen.note) if note]
    if not settings.check_owner:
        found.notes.append(
            "Whose submission is whose was not checked, since c.ExchangeCollect.check_owner is False: "
            "a student may have handed in as another."
        )
    return found


class _Submission:
    """One folder in the exchange, USER+ASSIGNMENT+TIME or USER+ASSIGNMENT+TIME+RANDOM."""

    def __init__(self, inbound, name, assignment, check_owner):
        self.inbound, self.name, self.assignment, self.check_owner = inbound, name, assignment, check_owner
        self.student, _, rest = name.partition(f"+{assignment}+")
        self.claimed = _parse(re.sub(r"\+[\w-]{12}$", "", rest))  # without the random end that nbgrader adds

    def look(self):
        """Check all that can be checked without reading the notebook."""
        return self._open(lambda file: None)[0]

    def read(self, seen):
        """Return the notebook's bytes, if it still is what was seen."""
        now, data = self._open(read_all)
        if now != seen:
            raise Refused("was changed while it was being collected; collect again")
        return data

    def _open(self, use):
        if trouble := what_is_wrong_with(self.student):
            raise Refused(f"names a student whose id {trouble}")
        with opened_folder(self.inbound) as inbound, opened_folder(self.name, inbound) as folder:
            owner = os.fstat(folder).st_uid
            if self.check_owner and (user := _user(owner)) != self.student:
                raise Refused(f"was handed in as {self.student}, but belongs to {user}")
            name, note = _notebook(folder, self.assignment, owner)
            secret = _secret(folder, owner)
            try:
                with opened_file(name, folder, owner) as file:
                    used = use(file)
                    return _Seen(os.fstat(file), note, secret), used  # its time is taken last: no later change escapes
            except Refused as refused:
                raise Refused(f"has a notebook that {refused}") from None


class _Seen:
    """What tells one state of a file from another."""

    def __init__(self, about, note, secret):
        self.note = note
        self.secret = secret
        self.changed = datetime.fromtimestamp(about.st_ctime, UTC).replace(tzinfo=None)
        self._state = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns, secret)

    def __eq__(self, other):
        return self._state == other._state


def _inbound(course, root):
    name = course.directory.course_id
    if not name:
        raise ValueError(
            "There is no exchange: name the course in nbgrader_config.py (c.CourseDirectory.course_id), "
            "or say which folder or zip archive to collect from."
        )
    inbound = Path(root) / name / "inbound"
    if not inbound.is_dir():
        raise ValueError(f"The exchange has no folder {inbound}. `nbgrader release_assignment` makes it.")
    return inbound


def _notebook(folder, assignment, owner):
    """The name of the notebook in a submission, and a note if it is not the right one."""
    right = f"{assignment}.ipynb"
    if _owner(right, folder) is not None:
        return right, ""
    # nbgrader opens the folder to everyone, for the instructor to tidy up: what others have put there does not count.
    names = islice(_names(folder), MOST_NAMES)
    others = [name for name in names if name.endswith(".ipynb") and _owner(name, folder) == owner]
    if len(others) != 1:
        raise Refused(f"has no {right} in it" + (f", but {len(others)} other notebooks" if others else ""))
    return others[0], f"`{for_terminal(others[0])}` was taken as {right}."


def _secret(folder, owner):
    """What the feedback will be found under; "" if it is not what nbgrader's submit writes."""
    try:
        with opened_file(SECRET_FILE, folder, owner) as file:
            text = os.read(file, 200).decode("ascii", "replace")
    except Refused:
        return ""
    return text if SECRET.fullmatch(text) else ""


def _names(folder):
    with os.scandir(folder) as entries:
        yield from (entry.name for entry in entries)


def _owner(name, folder):
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid
    except OSError:
        return None


def _user(number):
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"the unknown user {number}"


def _parse(text):
    try:
        return parse_utc(text)
    except (ValueError, OverflowError):
        return None


def _time(claimed, changed, trust_timestamps):
    """When a submission was handed in, and a note where the name of its folder says otherwise."""
    if claimed and (trust_timestamps or abs(claimed - changed) <= SLACK):
        return claimed, ""
    said = f"says {claimed:%Y-%m-%d %H:%M}" if claimed else "says no time"
    return changed, f"its name {said}, its notebook was last changed at {changed:%Y-%m-%d %H:%M} UTC; that counts."


def _choose(submissions, due):
    """The last submission, or the last one in time."""
    ordered = sorted(submissions, key=lambda each: each[:2])
    in_time = [each for each in ordered if due and each[0] <= due]
    return (in_time or ordered)[-1]
