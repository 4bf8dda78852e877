"""The whole suite runs as the command line does: one BLAS thread, and this environment's programs on the path."""

import re
import warnings
from copy import deepcopy
from types import SimpleNamespace

import nbformat
import pytest

import helpers.__main__  # noqa: F401 - sets the environment, before NumPy is imported


@pytest.fixture(scope="session")
def autograde(tmp_path_factory):
    """A function that releases a notebook and has nbgrader grade it, untouched and with the reference answers.

    One course for the session: nbgrader takes seconds to make a gradebook. A notebook that offers a rehearsal is run
    as one here; nbval runs it in full.
    """
    course = tmp_path_factory.mktemp("course")
    return lambda source_path: _autograde(source_path, course)


def _autograde(source_path, course):
    from nbgrader.api import Gradebook
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.utils import capture_log

    from helpers.classroom.authoring.release import generate, load_config

    name = source_path.stem
    release = generate(source_path, course, gradebook=f"sqlite:///{course}/gradebook.db")
    untouched = _rehearsed(nbformat.read(release, as_version=4))
    submissions = {"untouched": untouched, "solved": _with_answers(deepcopy(untouched), source_path)}
    for student, notebook in submissions.items():
        folder = course / "build/submitted" / student / name
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / release.name)

    config = load_config(course)
    config.pop("Autograde")  # nbgrader's own steps, and not this course's
    config.CourseDirectory.assignment_id = name
    directory = CourseDirectory(config=config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own use of its database
        outcome = capture_log(Autograde(coursedir=directory, config=config))
    assert outcome["success"], outcome["log"]
    with Gradebook(directory.db_url) as gradebook:
        return {
            student: _collect(gradebook.find_submission_notebook(name, name, student), course, name, student)
            for student in ("untouched", "solved")
        }


def _rehearsed(notebook):
    for cell in notebook.cells:
        cell.source = re.sub(r"^QUICK = False\b", "QUICK = True", cell.source, flags=re.MULTILINE)
    return notebook


def _with_answers(notebook, source_path):
    from helpers.classroom.authoring.source import as_solution, read_source

    answers = {cell.id: cell.source for cell in as_solution(read_source(source_path)).cells}
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers[cell.id]
    return notebook


def _collect(submission, course, name, student):
    """Gather what nbgrader found: points by cell, the most there are, and the errors that cells ended in."""
    graded = [grade for grade in submission.grades if grade.cell.cell_type == "code"]
    notebook = nbformat.read(course / "build/autograded" / student / name / f"{name}.ipynb", as_version=4)
    return SimpleNamespace(
        points={grade.name: grade.auto_score for grade in graded},
        most={grade.name: grade.max_score for grade in graded},
        errors=[
            (cell.id, output.ename)
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if output.output_type == "error"
        ],
    )
