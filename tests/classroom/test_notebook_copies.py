"""A learner's work is never changed: copies are added where they are missing, and restoring keeps the old one."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from helpers import __main__ as command_line
from helpers.checks.editions import find_editions
from helpers.checks.notebook_file import read_notebook
from helpers.classroom.grading.submission import read_submission
from helpers.classroom.learner import lab, notebook_copies

ROOT = Path(__file__).resolve().parents[2]
RELEASES = notebook_copies.find_releases(ROOT)


def fresh(name):
    """Return the text of a released notebook."""
    return f"{nbformat.writes(new_notebook(cells=[new_markdown_cell(name, id='only')]))}\n"


@pytest.fixture
def course(tmp_path):
    """A repository with two released notebooks."""
    for name in ("00_start", "01_next"):
        folder = tmp_path / "notebooks" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.ipynb").write_text(fresh(name))
    return tmp_path


def test_missing_notebooks_are_copied(course, capsys):
    notebook_copies.add_missing(course)
    assert (course / "my/01_next/01_next.ipynb").read_text() == fresh("01_next")
    assert capsys.readouterr().out == "New in my/: 00_start, 01_next.\n"


def test_a_notebook_that_is_there_is_left_as_it_is(course, capsys):
    notebook_copies.add_missing(course)
    mine = course / "my/00_start/00_start.ipynb"
    mine.write_text("my work")
    (course / "my/01_next/01_next.ipynb").unlink()
    capsys.readouterr()
    notebook_copies.add_missing(course)
    assert mine.read_text() == "my work"
    assert capsys.readouterr().out == "New in my/: 01_next.\n"
    notebook_copies.add_missing(course)
    assert capsys.readouterr().out == "my/ has every notebook; yours were left as they are.\n"


def test_another_notebook_in_a_folder_of_a_released_one_is_not_copied(course):
    (course / "notebooks/01_next/draft.ipynb").write_text("a draft")
    notebook_copies.add_missing(course)
    assert [path.name for path in (course / "my/01_next").iterdir()] == ["01_next.ipynb"]
    assert not (course / "my/draft").exists()


def test_nothing_but_notebooks_is_left_in_my(course):
    notebook_copies.add_missing(course)
    assert sorted(path.name for path in (course / "my").rglob("*.*")) == ["00_start.ipynb", "01_next.ipynb"]


def test_a_copy_can_be_written_to_though_the_release_cannot(course):
    (course / "notebooks/00_start/00_start.ipynb").chmod(0o444)
    notebook_copies.add_missing(course)
    assert (course / "my/00_start/00_start.ipynb").stat().st_mode & 0o200


@pytest.mark.parametrize("name", ["01", "01_next"])
def test_restoring_keeps_every_earlier_notebook_under_a_number(course, name):
    notebook_copies.add_missing(course)
    folder = course / "my/01_next"
    for work in ("first", "second"):
        (folder / "01_next.ipynb").write_text(work)
        notebook_copies.restore(course, name)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "01_next.ipynb": fresh("01_next"),
        "01_next.backup-1.ipynb": "first",
        "01_next.backup-2.ipynb": "second",
    }


def test_restoring_a_notebook_that_was_deleted_makes_no_backup(course):
    notebook_copies.restore(course, "00")
    assert [path.name for path in (course / "my/00_start").iterdir()] == ["00_start.ipynb"]


@pytest.mark.parametrize(("name", "begins"), [("42", "There is no notebook 42."), ("", "Which notebook?")])
def test_an_unknown_notebook_is_answered_with_the_known_ones(course, name, begins):
    with pytest.raises(ValueError, match=r"there are: 00, 01\.$") as refusal:
        notebook_copies.restore(course, name)
    assert str(refusal.value).startswith(begins)


@pytest.mark.parametrize("name", ["helpers.py", "helpers/__init__.py", "numpy.py", "random.py"])
def test_a_file_that_hides_a_package_is_named_with_what_to_do(course, capsys, name):
    notebook_copies.add_missing(course)
    path = course / "my/01_next" / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    (course / "my/01_next/mine.py").touch()
    (course / "my/00_start/helpers").mkdir()
    capsys.readouterr()
    notebook_copies.warn_of_hiding_files(course / "my")
    package = name.partition("/")[0].removesuffix(".py")
    shown = f"my/01_next/{name.partition('/')[0]}"
    assert capsys.readouterr().out == (
        f"{shown} hides the package `{package}` from the notebook beside it: rename it, and restart the kernel.\n"
    )


def test_learn_and_progress_say_what_hides_a_package(tmp_path, monkeypatch, capsys):
    (tmp_path / "my/01_next").mkdir(parents=True)
    (tmp_path / "my/01_next/helpers.py").touch()
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    monkeypatch.setattr(lab, "launch", lambda *arguments: None)
    command_line.learn()
    assert "my/01_next/helpers.py hides the package `helpers`" in capsys.readouterr().out
    command_line.progress(tmp_path / "my")
    assert "my/01_next/helpers.py hides the package `helpers`" in capsys.readouterr().out


def test_every_copy_is_the_release_without_its_hidden_checks(tmp_path):
    """Added, or restored; and the grader finds nothing changed in it."""
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    notebook_copies.add_missing(tmp_path)
    notebook_copies.restore(tmp_path, RELEASES[0].stem)
    for release in RELEASES:
        released = nbformat.read(release, as_version=4)
        data = notebook_copies.path_of_copy(tmp_path, release).read_bytes()
        hidden = [cell for cell in released.cells if cell.id.startswith("hidden-")]
        copy = nbformat.reads(data.decode(), as_version=4)
        nbformat.validate(copy)
        assert hidden and copy.metadata == released.metadata
        assert copy.cells == [cell for cell in released.cells if cell not in hidden]
        submission = read_submission(data, released, find_editions(tmp_path, release.stem))
        assert (submission.changes, submission.answers.own) == ([], frozenset())
        assert read_notebook(data).edition == find_editions(tmp_path, release.stem)[-1].name


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff", b'{"nbformat": 4, "cells": [{}]}'])
def test_a_damaged_release_is_named_and_the_copy_stays_where_it_is(course, data):
    notebook_copies.add_missing(course)
    release, *_ = notebook_copies.find_releases(course)
    copy = notebook_copies.path_of_copy(course, release)
    copy.write_text("my work")
    release.write_bytes(data)
    with pytest.raises(ValueError, match=rf"notebooks/.*{release.name} is damaged\. .* Get it again"):
        notebook_copies.restore(course, release.stem)
    assert copy.read_text() == "my work" and len([*copy.parent.glob("*.ipynb")]) == 1
    copy.unlink()
    with pytest.raises(ValueError, match="is damaged"):
        notebook_copies.add_missing(course)
    assert not copy.exists()
