"""The whole suite runs as the command line does: one BLAS thread, and this environment's programs on the path."""

import os
import re
import warnings
from types import SimpleNamespace

import hypothesis
import pytest

# First of all, since it sets the environment for NumPy, and spares each process what nbformat would take to import.
import helpers.__main__  # noqa: F401

# A test that runs make, or a command of the course, runs it as from a terminal, also if make runs the tests.
for name in "ARGS", "COURSE_EDITION", "EDITION", "MAKEFLAGS", "MAKELEVEL":
    os.environ.pop(name, None)

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")


@pytest.fixture(scope="session")
def autograde(tmp_path_factory):
    """A function that releases a notebook and has nbgrader grade it: the release as it is, or its solution.

    One course for the session: nbgrader takes seconds to make a gradebook. A notebook that offers a rehearsal is run
    as one here; the site runs it in full, and a kernel of that name can replay what came of it.
    """
    course = tmp_path_factory.mktemp("course")
    return lambda source_path, student, kernel="": _autograde(source_path, student, course, kernel)


def _autograde(source_path, student, course, kernel):
    import nbformat
    from nbgrader.api import Gradebook
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.utils import capture_log

    from helpers.classroom.authoring.build import release_path
    from helpers.classroom.authoring.release import generate, load_config
    from helpers.classroom.authoring.source import as_solution, read_source

    name = source_path.stem
    generate(source_path, course, f"sqlite:///{course}/gradebook.db")
    release = release_path(course, source_path)
    solved = student == "solved"
    notebook = as_solution(read_source(source_path)) if solved else nbformat.read(release, as_version=4)
    folder = course / "build/submitted" / student / name
    folder.mkdir(parents=True)
    nbformat.write(notebook if kernel else _rehearsed(notebook), folder / release.name)

    config = load_config(course)
    config.pop("Autograde")  # nbgrader's own steps, and not this course's
    config.CourseDirectory.assignment_id = name
    if kernel:
        config.Execute.kernel_name = kernel
    directory = CourseDirectory(config=config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own use of its database
        outcome = capture_log(Autograde(coursedir=directory, config=config))
    assert outcome["success"], outcome["log"]
    with Gradebook(directory.db_url) as gradebook:
        return _collect(gradebook.find_submission_notebook(name, name, student), course, name, student)


def _rehearsed(notebook):
    for cell in notebook.cells:
        cell.source = re.sub(r"^QUICK = False\b", "QUICK = True", cell.source, flags=re.MULTILINE)
    return notebook


def _collect(submission, course, name, student):
    """Gather what nbgrader found: points by cell, the most there are, and the errors that cells ended in."""
    import nbformat

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
        notebook=notebook,
    )
