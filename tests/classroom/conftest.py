"""Courses in temporary folders: a small one, its notebook with one of everything, and real notebooks with a class."""

import functools
import shutil
from pathlib import Path
from unittest import mock

import pytest

from helpers.classroom.grading.sandbox.isolation import NoSandbox, check_sandbox
from tests.classroom.sample_class import SampleClass, release
from tests.once import once


@pytest.fixture
def source_path(tmp_path):
    """The source of the small notebook, in a repository that has nothing else.

    Its exercises have numbers of the catalogue, since their points come from there.
    """
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

    def fill(folder):
        with mock.patch("nbgrader.api.get_alembic_version", lambda: "any"), Course(folder).gradebook():
            pass

    return once(tmp_path_factory, "gradebook", fill) / "gradebook.db"


@pytest.fixture
def blank_course(tmp_path, blank_gradebook):
    """A Course in a temporary folder, with a gradebook that has nothing in it."""
    from helpers.classroom.course import Course

    root = tmp_path / "course"
    root.mkdir()
    shutil.copy(blank_gradebook, root)
    return Course(root)


@pytest.fixture(scope="session")
def released(tmp_path_factory, blank_gradebook):
    """A function that releases a notebook in a folder of its own, once."""

    @functools.cache
    def make(notebook):
        def fill(folder):
            shutil.copy(blank_gradebook, folder)
            release(folder, notebook)

        root = tmp_path_factory.mktemp(f"released_{notebook}")
        return shutil.copytree(once(tmp_path_factory, f"release_{notebook}", fill), root, dirs_exist_ok=True)

    return make


@pytest.fixture
def sample_class(released, tmp_path, working_sandbox):
    """A function that returns a SampleClass of a released notebook, without submissions; to grade takes the sandbox."""
    return lambda notebook="00": SampleClass(shutil.copytree(released(notebook), tmp_path / "sample_class"), notebook)


@pytest.fixture(scope="session")
def working_sandbox():
    """Skip a test where the sandbox does not work."""
    try:
        check_sandbox()
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture
def strict(sample_class):
    """A SampleClass with a due date, in which 25 percent are taken for each day begun."""
    from helpers.classroom.administration import assignments
    from helpers.classroom.administration.late_penalties import PercentPerDay
    from helpers.classroom.administration.times import read_time

    sample_class = sample_class()
    config = sample_class.course.config
    config.AssignLatePenalties.plugin_class = PercentPerDay
    config.PercentPerDay.percent = 25.0
    assignments.release(sample_class.course, sample_class.source, read_time("2026-12-01 10:00 UTC", None))
    return sample_class
