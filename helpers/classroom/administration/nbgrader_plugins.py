"""What nbgrader's own `autograde`, `collect` and `generate_assignment` do in this course, and so formgrader's buttons.

nbgrader would run a submission as the instructor, believe the name on it, and follow its links. nbgrader_config.py puts
the first two in their places: they do what `make grade` and `make collect` do. nbgrader would also enter other points
below the scores that were given with the old ones.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.preprocessors import NbGraderPreprocessor

from helpers.classroom.administration.assignments import find_changed_points, open_for_regrading
from helpers.classroom.administration.collection import collect
from helpers.classroom.administration.feedback_attempts import find_attempts, keep_attempt
from helpers.classroom.course import Course
from helpers.classroom.grading.batch import open_batch
from helpers.classroom.grading.workers import local_workers


class GradeInSandbox(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader comes without types
    """Grade the submission that nbgrader has opened, as `make grade` does, in place of every step of nbgrader's."""

    def preprocess(
        self, notebook: nbformat.NotebookNode, resources: dict[str, Any]
    ) -> tuple[nbformat.NotebookNode, dict[str, Any]]:
        """Return the graded notebook; the scores are in the gradebook then. nbgrader calls this for each submission.

        Raises:
            ValueError: it could not be graded. nbgrader reports this and goes on; an earlier score stays.
        """
        student, assignment = (resources["nbgrader"][name] for name in ("student", "assignment"))
        course = Course(self.config.CourseDirectory.root, self.config)
        batch = open_batch(course, assignment)
        batch.submitted = {student: batch.submitted[student]}
        batch.run(local_workers(1))
        result = batch.results[student]
        if result.failed:
            reason = next(score.reason for score in result.scores.values() if score.status == "not graded")
            raise ValueError(f"{student} was not graded, and nothing was entered for it. {reason}")
        for grade_id, score in result.scores.items():
            self.log.info("%s: %s, %s points", grade_id, score.status, score.points)
        graded = course.folder("autograded", assignment, student) / f"{assignment}.ipynb"
        notebook = nbformat.read(graded, as_version=4)
        graded.unlink()  # nbgrader writes it again, and cannot write over a file that is read-only
        return notebook, resources


class CarefulCollect(ExchangeCollect):  # type: ignore[misc]  # nbgrader comes without types
    """Collect an assignment as `make collect` does: by the owner of the files, and without following links."""

    def start(self) -> None:
        """Collect; nbgrader calls this, and shows what was logged."""
        try:
            found = collect(Course(self.coursedir.root, self.config), self.coursedir.assignment_id)
        except ValueError as error:
            self.fail(str(error))
        (self.log.info if found.complete else self.log.warning)(str(found))


def keep_feedback(notebooks: Iterable[str], **names: object) -> None:
    """Keep the feedback that nbgrader has made on a submission, as `make feedback` does; nbgrader calls this.

    Args:
        notebooks: paths of the graded notebooks, autograded/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb.
        names: what else nbgrader says, which may be `*` for all.
    """
    course = Course(Path.cwd())  # where nbgrader is at work
    for path in map(Path, notebooks):
        assignment, student = path.parent.name, path.parents[1].name
        page = course.folder("feedback", assignment, student) / f"{path.stem}.html"
        attempt = find_attempts(course, assignment)[student]
        keep_attempt(course, assignment, student, attempt, page.read_text(encoding="utf-8"))


class OpenForRegrading(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader comes without types
    """A step of a release, before its points are entered: scores that were given with other points become stale."""

    def preprocess(
        self, notebook: nbformat.NotebookNode, resources: dict[str, Any]
    ) -> tuple[nbformat.NotebookNode, dict[str, Any]]:
        """Return the notebook as it is."""
        assignment = resources["nbgrader"]["assignment"]
        course = Course(self.config.CourseDirectory.root, self.config)
        if changed := find_changed_points(course, assignment, notebook):
            open_for_regrading(course, assignment, changed)
            self.log.warning(
                "%s was graded with other points: %s. Run `make grade NB=%s`; until then no score of it is exported.",
                *(assignment, ", ".join(map(str, changed)), assignment.partition("_")[0]),
            )
        return notebook, resources
