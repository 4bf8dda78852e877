"""A small course in a temporary folder: one notebook, with one of everything that a real one has."""

import shutil
from pathlib import Path
from unittest import mock

import pytest


@pytest.fixture
def source_path(tmp_path):
    """The source of the small notebook, in a repository that has nothing else."""
    folder = tmp_path / "solutions" / "09_small"
    folder.mkdir(parents=True)
    return Path(shutil.copy(Path(__file__).with_name("09_small.py"), folder))


@pytest.fixture
def root(source_path):
    """That repository."""
    return source_path.parents[2]


@pytest.fixture(scope="session")
def blank_gradebook(tmp_path_factory):
    """A gradebook with nothing in it, made once; nbgrader takes seconds to find out the version of its own tables."""
    from helpers.classroom.course import Course

    course = Course(tmp_path_factory.mktemp("gradebook"))
    with mock.patch("nbgrader.api.get_alembic_version", lambda: "any"), course.gradebook():
        return course.root / "gradebook.db"


@pytest.fixture
def blank_course(tmp_path, blank_gradebook):
    """A Course in a temporary folder, with a gradebook that has nothing in it."""
    from helpers.classroom.course import Course

    root = tmp_path / "course"
    root.mkdir()
    shutil.copy(blank_gradebook, root)
    return Course(root)
