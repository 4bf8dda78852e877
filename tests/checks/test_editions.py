"""The editions that a course hands out are kept, and a copy is compared with the one that it comes from."""

import json
import shutil

import nbformat
import pytest

from helpers.checks.answer_search import choose_edition
from helpers.checks.editions import edition_of, find_editions, keep_edition
from helpers.checks.notebook_file import read_notebook
from helpers.classroom.authoring.release import generate, make_release
from helpers.classroom.learner.notebook_copies import add_missing
from tests.classroom.attacks.kit import Work, source_path

NAME = "00_start_here"


@pytest.fixture
def release():
    """The bytes of the released notebook 00."""
    return make_release(source_path("00")).encode()


def corrected(release):
    """Return a release with another sentence in it, and the edition that it names then."""
    notebook = json.loads(release)
    notebook["cells"][0]["source"] += ["\nA correction."]
    notebook["metadata"]["course"]["edition"] = "c0ffee"
    return json.dumps(notebook).encode()


def test_a_release_names_its_edition_and_another_text_makes_another(release):
    name = read_notebook(release).edition
    assert len(name) == 12 and name == read_notebook(make_release(source_path("00")).encode()).edition
    assert name != read_notebook(make_release(source_path("01")).encode()).edition


def test_editions_are_kept_once_and_the_present_one_comes_last(tmp_path, release):
    present = tmp_path / "notebooks" / NAME / f"{NAME}.ipynb"
    present.parent.mkdir(parents=True)
    for _ in range(2):
        keep_edition(tmp_path, NAME, release)
    present.write_bytes(corrected(release))
    assert [edition.name for edition in find_editions(tmp_path, NAME)] == [read_notebook(release).edition, "c0ffee"]


@pytest.mark.parametrize("data", [b"", b"{}", b'{"cells": [], "metadata": {"course": {"edition": "../x"}}}'])
def test_what_names_no_edition_is_not_kept(tmp_path, data):
    keep_edition(tmp_path, NAME, data)
    assert [*tmp_path.rglob("*.ipynb")] == [] and find_editions(tmp_path, NAME) == []


def test_a_copy_is_compared_with_the_edition_that_it_names_else_with_the_likest(release):
    old, new = (edition_of(read_notebook(data)) for data in (release, corrected(release)))
    named, unnamed = json.loads(release), json.loads(corrected(release))
    unnamed["metadata"] = {}
    assert choose_edition(read_notebook(json.dumps(named).encode()), [old, new]) is old
    assert choose_edition(read_notebook(json.dumps(unnamed).encode()), [old, new]) is new
    assert choose_edition(read_notebook(b'{"cells": []}'), [old, new]) is new
    assert choose_edition(read_notebook(release), []) is None


def test_whatever_hands_a_notebook_out_keeps_its_edition(tmp_path, release):
    edition = read_notebook(release).edition
    generate(source_path("00"), tmp_path / "course", f"sqlite:///{tmp_path / 'gradebook.db'}")
    shutil.copytree(tmp_path / "course" / "notebooks", tmp_path / "learner" / "notebooks")
    add_missing(tmp_path / "learner")
    for folder in ("course", "learner"):
        assert [path.stem for path in (tmp_path / folder / "build/editions" / NAME).iterdir()] == [edition]


def test_a_saved_copy_still_names_its_edition():
    work = Work("01")
    saved = nbformat.writes(nbformat.reads(work.data().decode(), as_version=4), version=4)
    assert read_notebook(saved.encode()).edition == read_notebook(work.data()).edition != ""
