"""Grading one submission: a pure function from bytes to an executed notebook, its scores, and the reasons for them.

The answers run in a process of their own, inside the walls; the checks run here, where answers cannot reach.
"""

import contextlib
import tempfile
import time
from copy import deepcopy
from dataclasses import asdict, dataclass, field

import nbformat
from nbgrader.preprocessors import ComputeChecksums

from helpers.checks.panel import Panel
from helpers.classroom.authoring.source import as_release, find_blocks, grading, read_source
from helpers.classroom.grading.grader import Score, SubmissionGrader
from helpers.classroom.grading.sandbox.isolation import Limits, Sandbox
from helpers.classroom.grading.sanitize import for_html
from helpers.classroom.grading.submission import Unreadable, read_submission, without_hidden_tests


@dataclass
class Graded:
    """What grading one submission came to.

    Args:
        notebook: the release with the submission's answers and the checks' messages in it, nbformat's JSON.
        scores: grade id to Score.
        changes: what else the submission changed, to no effect.
        unreadable: what is wrong with the file, if it could not be read.
        protected: whether the answers ran inside a sandbox.
        seconds: wall clock.
    """

    notebook: str
    scores: dict
    changes: list = field(default_factory=list)
    unreadable: str = ""
    protected: bool = True
    seconds: float = 0.0

    def as_dict(self):
        """Return plain data, for JSON."""
        return asdict(self)


def make_grading_template(source_path):
    """Return the notebook that submissions are graded with: the release, with hidden tests and rubrics still in it.

    Args:
        source_path: solutions/NN_name/NN_name.py.

    Returns:
        nbformat's JSON, a string
    """
    source = read_source(source_path)
    # By the checksums nbgrader sees that nothing was written.
    paper, _ = ComputeChecksums().preprocess(as_release(source, rubric=True), {})
    whole = {cell.id: cell.source for cell in source.cells}
    for cell in paper.cells:
        if any(block.kind == "HIDDEN TESTS" for block in find_blocks(nbformat.from_dict({"source": whole[cell.id]}))):
            cell.source = whole[cell.id]
    return nbformat.writes(paper)


def grade_submission(paper, submission, *, sandbox=True, limits=None, secret=""):
    """Grade one submission; whatever it holds and does, there is a score and a reason.

    Args:
        paper: what `make_grading_template` returned.
        submission: the bytes of the submitted notebook.
        sandbox: whether the answers run in bubblewrap; without, they can read this user's files.
        limits: Limits.
        secret: the instructor's secret seed for the hidden checks.

    Returns:
        Graded
    """
    begun, limits = time.monotonic(), limits or Limits()
    whole, paper = paper, nbformat.reads(paper, as_version=4)
    try:
        taken = read_submission(submission, paper)
    except Unreadable as error:
        graded = without_points(whole, "unreadable", str(error))
        graded.unreadable = str(error)
    else:
        with contextlib.ExitStack() as stack:
            walls = Sandbox(stack.enter_context(tempfile.TemporaryDirectory()), sandbox, limits)
            desk = stack.enter_context(contextlib.closing(SubmissionGrader(walls, taken.answers, secret)))
            graded = Graded(*_grade(paper, taken, desk), changes=taken.changes)
    graded.protected = sandbox
    graded.seconds = time.monotonic() - begun
    return graded


def without_points(paper, status, reason):
    """Return the Graded of a submission whose answers were not run: no points for anything, and everywhere the reason.

    Args:
        paper: what `make_grading_template` returned.
        status, reason: of each Score.
    """
    notebook, scores = _blank(nbformat.reads(paper, as_version=4)), {}
    for cell in notebook.cells:
        nbgrader = grading(cell)
        if not nbgrader.get("grade"):
            continue
        scores[nbgrader["grade_id"]] = Score(0.0, float(nbgrader["points"]), status, reason)
        if cell.cell_type == "code":
            _show(cell, [Panel("This submission was not graded", "not yet", [reason])], 0.0)
    return Graded(nbformat.writes(notebook), scores)


def _grade(paper, taken, desk):
    notebook = _blank(paper)
    scores = {grading(cell)["grade_id"]: None for cell in paper.cells if grading(cell).get("grade")}
    # Hidden checks come last: an answer that remembers what they drew finds no message left to show it in.
    for cell, tests in sorted(zip(notebook.cells, paper.cells), key=lambda pair: _has_hidden_tests(pair[1])):
        nbgrader = grading(cell)
        if nbgrader.get("solution") and nbgrader["grade_id"] in taken.answers:
            answer = taken.answers[nbgrader["grade_id"]]
            cell.source = for_html(answer, markdown=True) if cell.cell_type == "markdown" else answer
        if not nbgrader.get("grade"):
            continue
        if nbgrader.get("solution"):
            answered = cell.source.strip() != tests.source.strip()
            scores[nbgrader["grade_id"]] = _written(nbgrader, answered)
            cell.source = cell.source if answered else tests.source  # nbgrader counts a blank at its end as an answer
        else:
            score, panels = desk.run_check(tests)
            scores[nbgrader["grade_id"]] = score
            _show(cell, panels, score.points)
    return nbformat.writes(notebook), scores


def _blank(paper):
    """The release: the paper without its hidden tests, which no feedback may show."""
    notebook = deepcopy(paper)
    for cell in notebook.cells:
        cell.source = without_hidden_tests(cell.source)
    return notebook


def _has_hidden_tests(cell):
    return without_hidden_tests(cell.source) != cell.source


def _written(nbgrader, answered):
    if answered:
        return Score(None, float(nbgrader["points"]), "for a person")
    return Score(0.0, float(nbgrader["points"]), "not written", "Nothing was written.")


def _show(cell, panels, points):
    """Give a test cell its outputs. nbgrader gives *full* marks to one without a value at its end."""
    shown = [{"text/plain": repr(panel), "text/html": panel._repr_html_()} for panel in panels]
    cell.outputs = [nbformat.v4.new_output("display_data", data, metadata={}) for data in shown]
    cell.outputs += [nbformat.v4.new_output("execute_result", {"text/plain": repr(points)}, execution_count=1)]
    cell.execution_count = 1
