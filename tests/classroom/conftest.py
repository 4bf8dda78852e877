"""A small course in a temporary folder: one notebook, with one of everything that a real one has."""

import shutil
from pathlib import Path

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
