"""Honest work gets the same score, cell by cell, in the notebook, from `nbgrader autograde`, and from `make grade`."""

import asyncio
import warnings
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log
from traitlets.config import Config

from helpers import kernels
from helpers.checks.catalogue import EXERCISES
from helpers.classroom.authoring.source import grading
from helpers.classroom.grading.workers import local_workers
from tests.classroom.sample_class import TEXTBOOK

#: Half of each notebook: right answers that are not the reference, known mistakes, an error, and stubs.
HALF = {
    "00": {"0.1": TEXTBOOK},
    "01": {
        "1.1": "def tanh_backward(dout, y):\n    return dout - dout * y * y",
        "1.2": "def rnn_step_forward(x, h_prev, Wx, Wh, b):\n    h = np.tanh(x @ Wx + h_prev @ Wh)\n"
        "    return h, (x, h_prev, Wx, Wh, h)",
        "1.5": "def backprop_norms(Wh, dh, steps):\n    norms = np.empty(steps)\n    for step in range(steps):\n"
        "        dh = dh @ Wh.T\n        norms[step] = np.linalg.norm(dh)\n    return norms",
        "1.6": "def gradient_bounds(Wh):\n    raise ValueError('no idea')",
        "1.7": "def predict_gradient(Wh):\n    sigma_max, radius = gradient_bounds(Wh)\n"
        "    return 'vanishes' if sigma_max < 1 else 'explodes' if radius > 1 else 'grows, then vanishes'",
    },
}


@pytest.mark.parametrize("notebook", ["00", pytest.param("01", marks=pytest.mark.slow)])
def test_the_three_ways_of_grading_agree(sample_class, notebook):
    """Of a larger notebook the other two run only here: that nbgrader agrees on them is proved for each notebook."""
    sample_class = sample_class(notebook)
    work = {"half": HALF[notebook], "full": "solved", "untouched": "untouched"}
    slow = [*work][: 3 if notebook == "00" else 1]
    for student in slow:
        sample_class.hand_in(student, work[student])
    with ThreadPoolExecutor(1) as thread:
        notebooks = [nbformat.reads(sample_class.write(work[student]), as_version=4) for student in slow]
        running = thread.submit(lambda: asyncio.run(read_off(notebooks, sample_class.root)))
        stock = autograde(sample_class)
        in_notebook = dict(zip(slow, running.result()))
    for student, answers in work.items():
        sample_class.hand_in(student, answers)
    graded = sample_class.grade(local_workers(2))
    ours = {
        student: {grade_id: score.points for grade_id, score in one.scores.items()}
        for student, one in graded.results.items()
    }
    assert ours == sample_class.points()
    assert {student: ours[student] for student in slow} == stock
    assert {student: visible(ours[student]) for student in slow} == in_notebook
    assert set(ours["untouched"].values()) == {0.0}
    assert ours["full"] == {grade_id: EXERCISES[exercise_of(grade_id)].points for grade_id in ours["full"]}
    assert sum(ours["half"].values()) < sum(ours["full"].values())
    assert notebook == "00" or sum(ours["half"].values()) > 0


def visible(points):
    """Return the points of the visible cells."""
    return {grade_id: earned for grade_id, earned in points.items() if grade_id.startswith("check-")}


def exercise_of(grade_id):
    """Return the number of an exercise: check-1-3 is a check of 1.3."""
    return grade_id.partition("-")[2].replace("-", ".")


async def read_off(notebooks, folder):
    """Run notebooks side by side as JupyterLab does, and return the values of their visible checks."""
    options = {"kernel_name": "python3", "config": Config({"KernelManager": kernels.encrypted()})}
    options |= {"timeout": 300, "allow_errors": True, "resources": {"metadata": {"path": str(folder)}}}
    clients = [NotebookClient(notebook, **options) for notebook in notebooks]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        await asyncio.gather(*(client.async_execute() for client in clients))
    return [
        {
            grading(cell)["grade_id"]: float(cell.outputs[-1].data["text/plain"])
            for cell in notebook.cells
            if grading(cell).get("grade_id", "").startswith("check-")
        }
        for notebook in notebooks
    ]


def autograde(sample_class):
    """Let stock nbgrader grade everything, and return student to grade id to points."""
    config = sample_class.course.config.copy()
    config.pop("Autograde")  # nbgrader's own steps, and not this course's
    config.CourseDirectory.assignment_id = sample_class.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own use of its database
        outcome = capture_log(Autograde(coursedir=CourseDirectory(config=config), config=config))
    assert outcome["success"], outcome["log"]
    return sample_class.points()
