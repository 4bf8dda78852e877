"""Feedback on graded submissions: nbgrader makes it, and places it in the exchange for those who submitted there."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from nbconvert.exporters import Exporter
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log
from sqlalchemy.exc import OperationalError
from tqdm import tqdm

from helpers.classroom.administration.exchange import place_in_exchange
from helpers.classroom.administration.feedback_attempts import find_attempts, keep_attempt
from helpers.classroom.administration.feedback_words import TranslatedWords
from helpers.classroom.course import SECRET_FILE, Course
from helpers.classroom.grading.assignment_lock import locked
from helpers.classroom.grading.gradebook import assign_late_penalties, read_scores
from helpers.classroom.grading.sanitize import for_terminal
from helpers.classroom.grading.staleness import find_stale
from helpers.classroom.grading.submission import language_of_copy
from helpers.classroom.grading.time_limit import time_limit
from helpers.classroom.grading.wording import counted
from helpers.language.translation import languages, speaking

logger = logging.getLogger(__name__)

#: Why there is no feedback on a submission that has a score: nbgrader's autograde has removed its notebook, and failed.
MISSING = "its graded notebook is missing"


#: What rendering a notebook may take [seconds]; an ordinary one takes one.
MOST_SECONDS = 30.0


def _too_long() -> TimeoutError:
    return TimeoutError(f"it takes more than {MOST_SECONDS:g} seconds to render")


class _Feedback(GenerateFeedback):  # type: ignore[misc]  # nbgrader comes without types
    """nbgrader's feedback, for some of the students; a page is kept for each attempt.

    Those whose notebook cannot be rendered are listed in `failed`, with the reason.
    """

    students: Collection[str] = ()
    keep: Callable[[str, str], None]
    failed: dict[str, str]
    _exporters: dict[str, Exporter]

    def init_destination(self, assignment_id: str, student_id: str) -> bool:
        """Return whether feedback is made for a student; what is there already is removed then, and not before."""
        if student_id not in self.students:
            return False
        try:
            with time_limit(MOST_SECONDS, _too_long):
                self._rendered = {name: self._render(name) for name in self.notebooks}
        except OperationalError:
            raise
        except Exception as error:
            logger.info("%s: %s", student_id, error, exc_info=True)
            self.failed[student_id] = for_terminal(error) or type(error).__name__
            return False
        return bool(super().init_destination(assignment_id, student_id))

    def _render(self, name: str) -> tuple[str, dict[str, object]]:
        """Render a notebook, with nbgrader's words in the language of the notebook."""
        language = language_of_copy(Path(name).read_bytes(), languages())
        with speaking(language):
            resources = self.init_single_notebook_resources(name)
            output, resources = self._exporter(language).from_filename(name, resources=resources)
        return str(output), resources

    def _exporter(self, language: str) -> Exporter:
        """Return an exporter like nbgrader's; one for each language, since it keeps its template."""
        if language not in self._exporters:
            exporter = self.exporter_class(parent=self, config=self.config)
            for preprocessor in self.preprocessors:
                exporter.register_preprocessor(preprocessor)
            exporter.environment.add_extension(TranslatedWords)
            self._exporters[language] = exporter
        return self._exporters[language]

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Write what was rendered."""
        self.write_single_notebook(*self._rendered[notebook_filename])

    def write_single_notebook(self, output: str, resources: dict[str, Any]) -> None:
        """Write a page, first where the next attempt does not replace it."""
        self.keep(resources["nbgrader"]["student"], output)
        super().write_single_notebook(output, resources)


def give_feedback(course: Course, assignment: str, stale: bool = False) -> tuple[int, int]:
    """Make the feedback on every graded submission, and place it in the exchange where the course has one.

    Late penalties are computed again first, since a person may have graded meanwhile. The feedback shows the messages
    of the checks; hidden tests are not in it. Feedback that was made earlier stays where none is made now, and that on
    earlier attempts stays in any case.

    Args:
        stale: whether it is made for stale scores too.

    Returns:
        how many submissions have new feedback, and how many of them still wait for a person.

    Raises:
        ValueError: nothing was graded yet, it is being graded, nbgrader could not make it, or some notebooks cannot be
            rendered: these students are named, after the feedback of all others was made and placed.
    """
    start = time.monotonic()
    course.check_gradebook()  # nbgrader opens it without that
    with locked(course, assignment):
        withheld = find_withheld(course, assignment, stale=stale)
        graded = find_graded(course, assignment).keys() - withheld.keys()
        assign_late_penalties(course, assignment)
        if graded:
            failed = _make_feedback(course, assignment, graded)
            excluded = {*find_undeliverable_feedback(course, assignment), *withheld, *failed}
            place_in_exchange(course, assignment, "ReleaseFeedback", exclude=sorted(excluded))
    logger.info("feedback on %d submissions of %s in %.1f s", len(graded), assignment, time.monotonic() - start)
    if graded and failed:
        raise ValueError(_describe_failed(course, assignment, failed, len(graded)))
    with course.gradebook() as gradebook:
        submissions = gradebook.find_assignment(assignment).submissions
        waiting = sum(one.needs_manual_grade for one in submissions if one.student.id in graded)
    return len(graded), waiting


def _make_feedback(course: Course, assignment: str, students: Collection[str]) -> dict[str, str]:
    """Make the feedback for some students; return a dict from those whose notebook cannot be rendered to the reason."""
    config, attempts = course.config_for(assignment), find_attempts(course, assignment)
    with tqdm(total=len(students), desc="feedback", unit="submission") as bar:
        maker = _Feedback(coursedir=CourseDirectory(config=config), config=config, force=True)
        maker.students, maker.failed, maker._exporters = students, {}, {}
        maker.keep = lambda student, page: keep_attempt(course, assignment, student, attempts[student], page)
        maker.post_convert_hook = lambda **names: bar.update()
        outcome = capture_log(maker)
    if not outcome["success"]:
        raise ValueError(f"nbgrader could not make all feedback on {assignment}.\n{outcome['log']}")
    return maker.failed


def _describe_failed(course: Course, assignment: str, failed: Mapping[str, str], all_of_them: int) -> str:
    lines = [
        f"{student}: no new feedback, since the notebook cannot be shown ({reason}). Look at what was handed in, "
        f"{course.folder('submitted', assignment, student)}, and write to this student yourself."
        for student, reason in failed.items()
    ]
    done = all_of_them - len(failed)
    return "\n".join([*lines, f"New feedback on {counted(done, 'other submission')} was made, as always."])


def find_graded(course: Course, assignment: str) -> dict[str, Path]:
    """Return a dict from student to the graded notebook of an assignment.

    Raises:
        ValueError: there are none.
    """
    if graded := _graded_notebooks(course, assignment):
        return graded
    number = assignment.partition("_")[0]
    raise ValueError(f"No submission of {assignment} was graded yet: run `make grade NB={number}` first.")


def _graded_notebooks(course: Course, assignment: str) -> dict[str, Path]:
    paths = sorted(course.folder("autograded", assignment).glob(f"*/{assignment}/{assignment}.ipynb"))
    return {path.parents[1].name: path for path in paths}


def find_withheld(course: Course, assignment: str, *, stale: bool = False) -> dict[str, str]:
    """Return a dict from each student who has a score, and gets no feedback, to the reason.

    Args:
        stale: whether feedback is made for stale scores too.
    """
    graded = _graded_notebooks(course, assignment)
    if not graded:
        return {}
    with course.gradebook() as gradebook:
        scores = read_scores(gradebook, assignment)
    with_score = {student for student, cells in scores.items() if any(score is not None for score in cells.values())}
    reasons = dict.fromkeys(sorted(with_score - graded.keys()), MISSING)
    if not stale:
        reasons |= find_stale(course, assignment)
    return {student: reason for student, reason in reasons.items() if student in with_score}


def find_undeliverable_feedback(course: Course, assignment: str) -> list[str]:
    """Return the students whose feedback cannot go into the exchange, since their work did not come from there."""
    if not course.directory.course_id:
        return []
    folders = [path.parent for path in find_graded(course, assignment).values()]
    needed = (SECRET_FILE, "timestamp.txt")
    return [folder.parent.name for folder in folders if not all((folder / name).exists() for name in needed)]
