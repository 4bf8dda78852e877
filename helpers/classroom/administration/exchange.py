"""nbgrader's exchange, a folder that every student may write to: reading submissions from it, and placing files in it.

The exchange that comes with nbgrader copies what it finds: it only warns about a submission in another student's name,
and follows a symlink in it with the instructor's rights. Here the owner of the files, which a student cannot forge,
must be the student whose name the submission has.
"""

import logging
import os
import pwd
import re
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import capture_log

from helpers.classroom.administration.roster import check_student_id
from helpers.classroom.administration.submitted_files import (
    Found,
    Refused,
    SubmittedFile,
    is_notebook,
    opened_file,
    opened_folder,
    read_limited,
)
from helpers.classroom.course import SECRET_FILE, Course, parse_time
from helpers.classroom.grading.sanitize import for_terminal

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: How far the time in a name may be from that of the file: submitting takes a while, and clocks differ.
SLACK = timedelta(minutes=5)

#: How far it may be without a word in the report: to submit one notebook takes a few seconds.
UNREMARKABLE = timedelta(seconds=10)

SECRET = re.compile(r"[0-9a-f]{128}")

#: Names that are looked at in one submission; a course's own files are a handful.
MOST_NAMES = 1000


def place_in_exchange(
    course: Course, assignment: str, step: str, *, exclude: Collection[str] = (), released: str = "", **options: object
) -> str | None:
    """Let nbgrader place something in the exchange.

    Args:
        step: nbgrader's name for it: "ReleaseAssignment" or "ReleaseFeedback".
        exclude: ids of students for whom nothing is placed.
        released: the folder with the releases, in that of the course; that of nbgrader_config.py if left out.
        options: settings of the step.

    Returns:
        the folder; None where the course has no exchange.

    Raises:
        ValueError: nbgrader could not.
    """
    if not course.directory.course_id:
        return None
    config = course.config_for(assignment)
    if exclude:
        config.CourseDirectory.student_id_exclude = ",".join(exclude)
    if released:
        config.CourseDirectory.release_directory = released
    make = getattr(ExchangeFactory(config=config), step)
    place = make(coursedir=CourseDirectory(config=config), config=config, **options)
    outcome = capture_log(place)
    if not outcome["success"]:
        raise ValueError(f"The exchange did not take {assignment}.\n{outcome['log']}")
    folder: str = place.dest_path
    logger.info("%s of %s: %s, %d students excluded", step, assignment, folder, len(exclude))
    return folder


def exchange_warning(course: Course) -> str | None:
    """Return a warning where any student can replace the course in the exchange, else None.

    Every student may write to the exchange's folder. Without the sticky bit one may also rename a course in it, and put
    another in its place, with an inbound folder that is not the instructor's.
    """
    root = Path(ExchangeFactory(config=course.config).ReleaseAssignment(config=course.config).root)
    if not course.directory.course_id or not root.is_dir() or root.stat().st_mode & 0o1002 != 0o0002:
        return None
    return f"Any student can replace your course in the exchange. Its owner can prevent this: chmod +t {root}"


def find_in_exchange(
    course: Course,
    assignment: str,
    due: Callable[[str], datetime | None] | None = None,
    trust_timestamps: bool = False,
) -> Found:
    """Find the last submission of each student in the exchange.

    The time of a submission is that in its folder's name, which the student's own program wrote. The file system knows
    better: the change time of the notebook (ctime) is set by the kernel at each change and cannot be set back. So where
    the two are further apart than SLACK, the ctime is taken; from UNREMARKABLE on, the difference is noted. A backup
    that was restored has new ctimes: `trust_timestamps` is for that.

    Args:
        due: a function from a student to the due date: the last submission before it is taken where there is one.
        trust_timestamps: take the times in the names whatever the file system says.

    Raises:
        ValueError: no exchange is set up, or it is not there.
    """
    settings = ExchangeCollect(config=course.config)
    inbound = _inbound(course, settings.root)
    found = Found()
    by_student: dict[str, list[_Submission]] = defaultdict(list)
    try:
        with opened_folder(inbound) as folder:
            names = sorted(name for name in os.listdir(folder) if f"+{assignment}+" in name)
    except Refused as refused:
        raise ValueError(f"The exchange's {inbound} {refused}.") from None
    logger.info("%s: %d submissions of %s", inbound, len(names), assignment)
    for name in names:
        try:
            submission = _Submission(inbound, name, assignment, settings.check_owner, trust_timestamps)
        except Refused as refused:
            found.refused.append((for_terminal(name), str(refused)))
        else:
            by_student[submission.student].append(submission)
            # The name of the folder is not logged: its random end keeps others from reading it.
            logger.debug("%s submitted at %s", submission.student, submission.time)
    for student, submissions in by_student.items():
        submissions.sort(key=lambda each: (each.time, each.name))
        in_time = [each for each in submissions if due and (date := due(student)) and each.time <= date]
        last = (in_time or submissions)[-1]
        found.files.append(SubmittedFile(student, last.read, last.time, last.state.secret))
        found.notes += [f"{student}: {note}" for note in last.notes]
    if not settings.check_owner:
        found.notes.append(
            "The owners of the submissions were not checked, since c.ExchangeCollect.check_owner is False: "
            "a student may have submitted in the name of another."
        )
    return found


@dataclass(frozen=True)
class _State:
    """What tells one state of a submission from another; `file` has device, inode, size, and the times of change."""

    notebook: str
    secret: str
    changed: datetime
    file: tuple[int, ...]


class _Submission:
    """One folder in the exchange, USER+ASSIGNMENT+TIME or USER+ASSIGNMENT+TIME+RANDOM.

    All that can be checked without reading the notebook is checked here.

    Raises:
        Refused: it cannot be taken.
    """

    def __init__(self, inbound: Path, name: str, assignment: str, check_owner: bool, trust_timestamps: bool) -> None:
        self.inbound, self.name, self.check_owner = inbound, name, check_owner
        self.right = f"{assignment}.ipynb"
        self.student, _, rest = name.rpartition(f"+{assignment}+")  # from the right, since a student's id may have a +
        self.state, _ = self._open(lambda file: None)
        self.notes: list[str] = []
        claimed = parse_time(re.sub(r"\+[\w-]{12}$", "", rest))  # without the random end that nbgrader adds
        changed = self.state.changed
        apart = abs(claimed - changed) if claimed else timedelta.max
        self.time = claimed if claimed and (trust_timestamps or apart <= SLACK) else changed
        if apart > UNREMARKABLE and not (claimed and trust_timestamps):
            said = f"says {claimed:%Y-%m-%d %H:%M:%S}" if claimed else "says no time"
            counts = "that counts." if self.time == changed else "the name counts; was a due date between the two?"
            self.notes.append(
                f"its name {said}, its notebook was last changed at {changed:%Y-%m-%d %H:%M:%S} UTC; {counts}"
            )
        if self.state.notebook != self.right:
            self.notes.append(f"`{for_terminal(self.state.notebook)}` was taken as {self.right}.")

    def read(self) -> bytes:
        """Return the notebook's bytes, if nothing has changed since the checks."""
        state, data = self._open(read_limited)
        if state != self.state:
            raise Refused("was changed while it was being collected; collect again")
        return data

    def _open(self, use: Callable[[BinaryIO], T]) -> tuple[_State, T]:
        try:
            check_student_id(self.student)
        except ValueError as error:
            raise Refused(f"does not name a student: {error}") from None
        with opened_folder(self.inbound) as inbound, opened_folder(self.name, inbound) as folder:
            owner = os.fstat(folder).st_uid
            if self.check_owner and (user := _user(owner)) != self.student:
                raise Refused(f"was handed in as {self.student}, but belongs to {user}")
            name, secret = _find_notebook(folder, self.right, owner), _read_secret(folder, owner)
            try:
                with opened_file(name, folder, owner) as file:
                    used, about = use(file), os.fstat(file.fileno())  # its times are read last: no later change escapes
            except Refused as refused:
                raise Refused(f"has a notebook that {refused}") from None
        changed = datetime.fromtimestamp(about.st_ctime, UTC).replace(tzinfo=None)
        identity = (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
        return _State(name, secret, changed, identity), used


def _inbound(course: Course, root: str) -> Path:
    name: str = course.directory.course_id
    if not name:
        raise ValueError(
            "There is no exchange: name the course in nbgrader_config.py (c.CourseDirectory.course_id), "
            "or say which folder or zip archive to collect from."
        )
    inbound = Path(root) / name / "inbound"
    if not inbound.is_dir():
        raise ValueError(f"The exchange has no folder {inbound}. `nbgrader release_assignment` makes it.")
    return inbound


def _find_notebook(folder: int, right: str, owner: int) -> str:
    """The name of the notebook in a submission: the right one, in capitals or not, or the only one."""
    if _owner(right, folder) is not None:
        return right
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, MOST_NAMES)]
    # nbgrader opens the folder to everyone, for the instructor to tidy up: files of other users do not count.
    others = [name for name in names if is_notebook(name) and _owner(name, folder) == owner]
    alike = [name for name in others if name.casefold() == right.casefold()]
    if len(alike or others) != 1:
        raise Refused(f"has no {right} in it" + (f", but {len(others)} other notebooks" if others else ""))
    return (alike or others)[0]


def _read_secret(folder: int, owner: int) -> str:
    """The name of the feedback in the exchange; "" if the file is not what nbgrader's submit writes."""
    try:
        with opened_file(SECRET_FILE, folder, owner) as file:
            text = file.read(200).decode("ascii", "replace")
    except Refused:
        return ""
    return text if SECRET.fullmatch(text) else ""


def _owner(name: str, folder: int) -> int | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid
    except OSError:
        return None


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"the unknown user {number}"
