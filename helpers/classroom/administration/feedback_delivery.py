"""What goes out to a class: assignments, and feedback on what was handed in. nbgrader makes and places both."""

from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory

from dateutil import parser
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from nbgrader.utils import capture_log
from tqdm import tqdm

from helpers.classroom.authoring.build import release_path
from helpers.classroom.authoring.release import generate, make_release
from helpers.classroom.authoring.source import BuildError
from helpers.classroom.course import SECRET_FILE
from helpers.classroom.grading.saving import assign_late_penalties


def release(course, source, due=None):
    """Enter a notebook into the gradebook as an assignment, and place it in the exchange where the course has one.

    Args:
        course: the Course.
        source: solutions/NN_name/NN_name.py.
        due: the time by which it is due, a datetime with a time zone; None leaves it as it is.

    Returns:
        the folder in the exchange, or None.

    Raises:
        ValueError: the notebook in notebooks/ is not what the source makes of it, or the exchange refuses it.
    """
    assignment, released = source.stem, release_path(course.root, source)
    if not released.exists() or released.read_bytes() != make_release(source).encode():
        number = assignment.partition("_")[0]
        raise ValueError(f"{released} is not what its source makes of it: run `make notebooks NB={number}` first.")
    try:
        with TemporaryDirectory() as folder, course.gradebook():
            generate(source, folder, gradebook=course.directory.db_url)
    except BuildError as error:
        if "Cannot add or remove cells" in str(error):
            raise ValueError(f"{assignment} {_CELLS_CHANGED}") from None
        raise
    if due is not None:
        with course.gradebook() as gradebook:
            gradebook.update_or_create_assignment(assignment, duedate=due.astimezone(UTC).replace(tzinfo=None))
    return _exchange(course, assignment, "ReleaseAssignment")


_CELLS_CHANGED = (
    "has submissions already, and other cells than when it was released. The cells of an assignment that was handed in "
    "must stay: change what is in them, but add, remove and rename none."
)


def read_due(text):
    """Return the time that an instructor wrote; one without a time zone is in that of this machine.

    Raises:
        ValueError: it is no time.
    """
    try:
        return parser.parse(text).astimezone()
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time; write it as 2026-12-01 23:59, or with a zone, …+09:00.") from None


def give_feedback(course, assignment):
    """Make the feedback on every graded submission, and place it in the exchange where the course has one.

    Late penalties are worked out again first, for what a person has graded since. The feedback shows what the checks
    said in the notebook; hidden tests are not in it.

    Args:
        course: the Course.
        assignment: the name of an assignment.

    Returns:
        how many submissions got feedback, and how many of them still wait for a person.

    Raises:
        ValueError: nothing was graded yet, or nbgrader could not make it.
    """
    graded = find_graded(course, assignment)
    assign_late_penalties(course, assignment)
    config = course.config.copy()
    config.CourseDirectory.assignment_id = assignment
    with tqdm(total=len(graded), desc="feedback", unit="submission") as bar:
        maker = GenerateFeedback(coursedir=CourseDirectory(config=config), config=config, force=True)
        maker.post_convert_hook = lambda **names: bar.update()
        outcome = capture_log(maker)
    if not outcome["success"]:
        raise ValueError(f"nbgrader could not make all feedback on {assignment}.\n{outcome['log']}")
    _exchange(course, assignment, "ReleaseFeedback")
    with course.gradebook() as gradebook:
        waiting = sum(one.needs_manual_grade for one in gradebook.find_assignment(assignment).submissions)
    return len(graded), waiting


def find_graded(course, assignment):
    """Return the graded notebooks of an assignment.

    Raises:
        ValueError: there is none.
    """
    graded = sorted(course.folder("autograded", assignment).glob(f"*/{assignment}/{assignment}.ipynb"))
    if not graded:
        number = assignment.partition("_")[0]
        raise ValueError(f"No submission of {assignment} was graded yet: run `make grade NB={number}` first.")
    return graded


def find_undeliverable_feedback(course, assignment):
    """Return the students whose feedback cannot go into the exchange, since their work did not come from there."""
    if not course.directory.course_id:
        return []
    folders = [path.parent for path in find_graded(course, assignment)]
    needed = (SECRET_FILE, "timestamp.txt")
    return [folder.parent.name for folder in folders if not all((folder / name).exists() for name in needed)]


def why_not_safe(course):
    """Return a sentence on what is wrong with the folder of the exchange, or "".

    Every student may write there. Without the sticky bit one may also rename a course in it, and put another in its
    place, with an inbound folder that is not the instructor's.
    """
    root = Path(ExchangeFactory(config=course.config).ReleaseAssignment(config=course.config).root)
    if not course.directory.course_id or not root.is_dir() or root.stat().st_mode & 0o1002 != 0o0002:
        return ""
    return f"Any student can put another course in the place of yours. Whoever owns the exchange: chmod +t {root}"


def _exchange(course, assignment, step):
    """Let nbgrader place something in the exchange, and return the folder; None where the course has no exchange."""
    if not course.directory.course_id:
        return None
    config = course.config.copy()
    config.CourseDirectory.assignment_id = assignment
    if step == "ReleaseFeedback":
        config.CourseDirectory.student_id_exclude = ",".join(find_undeliverable_feedback(course, assignment))
    directory = CourseDirectory(config=config)
    steps = ExchangeFactory(config=config)
    place = getattr(steps, step)(coursedir=directory, config=config)
    if step == "ReleaseAssignment":
        place.force = True
    outcome = capture_log(place)
    if not outcome["success"]:
        raise ValueError(f"The exchange did not take {assignment}.\n{outcome['log']}")
    return place.dest_path
