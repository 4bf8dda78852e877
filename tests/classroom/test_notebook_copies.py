"""A learner's work is never changed: copies are added where they are missing, and restoring keeps the old one."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from helpers import __main__ as command_line
from helpers.checks.editions import find_editions, name_of_edition
from helpers.checks.notebook_file import read_notebook
from helpers.classroom.grading.submission import read_submission
from helpers.classroom.learner import lab, notebook_copies
from helpers.language.translation import speaking

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


def test_an_edition_without_notebooks_is_one_sentence(course):
    """As in a learner kit of another edition."""
    with speaking("xx"):
        for command in notebook_copies.add_missing, lambda root: notebook_copies.restore(root, "01"):
            with pytest.raises(ValueError, match=r"^No notebook here is of the edition xx; there are: en.*EDITION=en"):
                command(course)


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


# --- corrections ------------------------------------------------------------------------------------------------------

NUMBER, NAME = "00", RELEASES[0].stem


@pytest.fixture
def corrected(tmp_path, capsys):
    """A learner's folder with an answered copy of notebook 00, which the course corrected afterwards."""
    release = tmp_path / "notebooks" / NAME / f"{NAME}.ipynb"
    release.parent.mkdir(parents=True)
    release.write_bytes(RELEASES[0].read_bytes())
    notebook_copies.add_missing(tmp_path)
    copy = notebook_copies.path_of_copy(tmp_path, release)
    mine = nbformat.read(copy, as_version=4)
    next(cell for cell in mine.cells if cell.id == "ex-0-1").source = "def sigmoid(a):\n    return mine(a)"
    nbformat.write(mine, copy)
    correct(release, "ex-0-1", "# YOUR ANSWER · 0.1, corrected\ndef sigmoid(a): ...")
    correct(release, "check-0-2", 'check("0.2", numerical_gradient)  # corrected')
    capsys.readouterr()
    return tmp_path


def correct(release, cell_id, source):
    """Change a cell of a release, which names another edition then."""
    notebook = nbformat.read(release, as_version=4)
    next(cell for cell in notebook.cells if cell.id == cell_id).source = source
    notebook.metadata.course.edition = name_of_edition(notebook.cells)
    nbformat.write(notebook, release)


def copy_in(root):
    return root / "my" / NAME / f"{NAME}.ipynb"


def test_a_correction_is_announced_with_the_command_that_takes_it_over(corrected, capsys):
    notebook_copies.announce_corrections(corrected)
    assert capsys.readouterr().out == (
        f"{NAME} was corrected since your copy was made: Exercise 0.1 (stub), Exercise 0.2 (check).\n"
        "  `make update NB=00` takes that over, and keeps all that you wrote.\n"
    )
    before = copy_in(corrected).read_bytes()
    notebook_copies.update(corrected, NUMBER)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"Your notebook was kept as my/{NAME}/{NAME}.backup-1.ipynb.",
        f"my/{NAME}/{NAME}.ipynb has the corrections of the course now: Exercise 0.1 (stub), Exercise 0.2 (check).",
        "Changed by you as well, so yours is still there, and the course's beside it: Exercise 0.1 (stub).",
        "If it is open in JupyterLab: File → Reload Notebook from Disk. "
        "If it asks when you save: Revert takes this one, Overwrite brings back the one that you see.",
    ]
    assert (copy_in(corrected).parent / f"{NAME}.backup-1.ipynb").read_bytes() == before
    sources = [cell.source for cell in nbformat.read(copy_in(corrected), as_version=4).cells]
    assert "def sigmoid(a):\n    return mine(a)" in sources
    assert 'check("0.2", numerical_gradient)  # corrected' in sources
    notebook_copies.announce_corrections(corrected)
    notebook_copies.update(corrected, NUMBER)
    assert capsys.readouterr().out == f"my/{NAME}/{NAME}.ipynb has every correction of the course.\n"


def test_a_copy_of_another_edition_is_corrected_in_its_own_language(corrected, capsys):
    """A learner of both editions, or of a class in another language, may have put it there."""
    korean = corrected / "notebooks/ko" / NAME / f"{NAME}.ipynb"
    korean.parent.mkdir(parents=True)
    korean.write_bytes((ROOT / "notebooks/ko" / NAME / f"{NAME}.ipynb").read_bytes())
    with speaking("ko"):
        notebook_copies.add_missing(corrected)
    copy_in(corrected).write_bytes(notebook_copies.path_of_copy(corrected, korean).read_bytes())
    capsys.readouterr()
    notebook_copies.announce_corrections(corrected)
    assert capsys.readouterr().out == ""
    for text in "# corrected", "# and again":
        correct(korean, "check-0-2", f'check("0.2", numerical_gradient)  {text}')
        notebook_copies.update(corrected, NUMBER)
        assert "corrections of the course now: 연습문제 0.2 (check).\n" in capsys.readouterr().out
        updated = nbformat.read(copy_in(corrected), as_version=4)
        assert next(cell.source for cell in updated.cells if cell.id == "check-0-2").endswith(text)
        assert updated.metadata.course == nbformat.read(korean, as_version=4).metadata.course


def test_after_an_update_the_grader_compares_with_the_new_edition_and_takes_the_same_answer(corrected):
    notebook_copies.update(corrected, NUMBER)
    release = nbformat.read(corrected / "notebooks" / NAME / f"{NAME}.ipynb", as_version=4)
    submission = read_submission(copy_in(corrected).read_bytes(), release, find_editions(corrected, NAME))
    own = [submission.answers.cells[index].source for index in sorted(submission.answers.own)]
    assert own[0].startswith("# The course has corrected this stub.") and own[1:] == [
        "def sigmoid(a):\n    return mine(a)"
    ]
    assert submission.changes == []


def test_corrections_add_up_and_each_update_keeps_a_backup(corrected, capsys):
    notebook_copies.update(corrected, NUMBER)
    correct(corrected / "notebooks" / NAME / f"{NAME}.ipynb", "check-0-1", 'check("0.1", sigmoid)  # and again')
    notebook_copies.announce_corrections(corrected)
    assert "Exercise 0.1 (check).\n" in capsys.readouterr().out
    notebook_copies.update(corrected, NUMBER)
    assert {path.name for path in copy_in(corrected).parent.iterdir()} == {
        *(f"{NAME}{end}.ipynb" for end in ("", ".backup-1", ".backup-2"))
    }


def test_learn_is_quiet_about_copies_that_are_as_the_course_is_or_cannot_be_read(corrected, capsys):
    notebook_copies.restore(corrected, NUMBER)
    capsys.readouterr()
    notebook_copies.announce_corrections(corrected)
    copy_in(corrected).write_text("no notebook")
    notebook_copies.announce_corrections(corrected)
    copy_in(corrected).unlink()
    notebook_copies.announce_corrections(corrected)
    assert capsys.readouterr().out == ""


def test_a_copy_of_an_edition_that_was_not_kept_is_left_as_it_is_and_restored_instead(corrected, capsys):
    shutil.rmtree(corrected / "build" / "editions")
    before = copy_in(corrected).read_bytes()
    with pytest.raises(
        ValueError, match=r"is of another edition, which is not kept here: .*`make restore NB=00` makes"
    ):
        notebook_copies.update(corrected, NUMBER)
    assert copy_in(corrected).read_bytes() == before and len([*copy_in(corrected).parent.iterdir()]) == 1
    notebook_copies.announce_corrections(corrected)
    assert capsys.readouterr().out.startswith(f"{NAME}: Your copy is of another edition")


def test_a_copy_that_names_no_edition_is_compared_with_the_likest(corrected, capsys):
    mine = nbformat.read(copy_in(corrected), as_version=4)
    del mine.metadata["course"]
    nbformat.write(mine, copy_in(corrected))
    notebook_copies.announce_corrections(corrected)
    assert "Exercise 0.1 (stub), Exercise 0.2 (check)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"no notebook",
        b'{"cells": [1], "metadata": {}}',
        b'{"cells": [{}]}',
        '{"cells": []}'.encode("utf-16"),
    ],
)
def test_a_copy_that_is_no_notebook_is_left_as_it_is(corrected, data):
    copy_in(corrected).write_bytes(data)
    with pytest.raises(ValueError, match=r"cannot be corrected\. .*`make restore NB=00` makes a fresh copy"):
        notebook_copies.update(corrected, NUMBER)
    assert copy_in(corrected).read_bytes() == data


def test_a_release_that_is_damaged_is_no_correction(corrected, capsys):
    (corrected / "notebooks" / NAME / f"{NAME}.ipynb").write_text('{"cells": [1], "metadata": {}}')
    with pytest.raises(ValueError, match="The course's own notebook is damaged"):
        notebook_copies.update(corrected, NUMBER)
    notebook_copies.announce_corrections(corrected)
    assert capsys.readouterr().out == ""


def test_a_notebook_without_a_copy_has_nothing_to_correct(corrected):
    copy_in(corrected).unlink()
    with pytest.raises(ValueError, match="`make learn` puts one there"):
        notebook_copies.update(corrected, NUMBER)
    with pytest.raises(ValueError, match=r"There is no notebook 42\. .* make update NB=01"):
        notebook_copies.update(corrected, "42")


def test_learn_announces_corrections(corrected, monkeypatch, capsys):
    monkeypatch.setattr(command_line, "ROOT", corrected)
    monkeypatch.setattr(lab, "launch", lambda *arguments: None)
    command_line.learn()
    assert "`make update NB=00` takes that over" in capsys.readouterr().out


def test_learn_and_progress_say_what_hides_a_package(course, monkeypatch, capsys):
    (course / "my/01_next").mkdir(parents=True)
    (course / "my/01_next/helpers.py").touch()
    monkeypatch.setattr(command_line, "ROOT", course)
    monkeypatch.setattr(lab, "launch", lambda *arguments: None)
    command_line.learn()
    assert "my/01_next/helpers.py hides the package `helpers`" in capsys.readouterr().out
    command_line.progress(course / "my")
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
