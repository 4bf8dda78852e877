"""The learner kit has the whole course, and neither an answer's source nor a test, hidden ones included."""

import os
import re
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import nbformat
import pytest

from helpers import __main__ as command_line
from helpers.checks.editions import name_of_edition
from helpers.classroom.authoring.learner_kit import FILES, FOLDERS, README, pack
from helpers.classroom.course import Course
from helpers.classroom.learner import notebook_copies
from helpers.language.translation import speaking

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("kit") / "learner-kit.zip"
    pack(ROOT, path)
    return path


@pytest.fixture(scope="module")
def unpacked(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(archive) as kit:
        kit.extractall(folder)
    return folder / "learner-kit"


def test_it_has_every_notebook_and_no_solution_or_test(unpacked):
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")}
    assert {path.relative_to(ROOT).as_posix() for path in ROOT.glob("notebooks/*/*.ipynb")} <= names
    assert not any(name.split("/")[0] in ("solutions", "tests", "my", "runs", ".git", ".venv") for name in names)


def test_its_readme_is_a_page_for_learners_whose_commands_are_there(unpacked):
    text = (unpacked / "README.md").read_text(encoding="utf-8")
    assert len(text.split()) < 600
    targets = re.findall(r"^([a-z-]+):", (unpacked / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = set(re.findall(r"make ([a-z]+)", text))
    assert {"learn", "progress", "restore", "train", "update", "visible"} <= named <= {*targets}


def test_what_it_has_no_files_for_says_so_before_anything_is_installed(unpacked):
    for target in "test", "test-all", "test-more", "test-cluster", "test-hub", "test-site", "lint-notebooks", "bench":
        ended = subprocess.run(["make", target], cwd=unpacked, capture_output=True, text=True)
        assert ended.returncode != 0
        assert (
            ended.stdout.splitlines()[0] == f"`make {target}` belongs to the whole course; a learner kit has no tests."
        )
        assert not (unpacked / ".venv").exists()


def test_its_help_lists_what_a_learner_does(unpacked):
    said = subprocess.run(["make", "help"], cwd=unpacked, capture_output=True, text=True).stdout
    targets = re.findall(r"^  make ([a-z-]+)", said, re.MULTILINE)
    assert targets == ["help", "learn", "train", "write", "progress", "visible", "restore", "update", "sweep"]


def test_the_answers_to_its_questions_are_folded_away(unpacked):
    for path in unpacked.glob("notebooks/*/*.ipynb"):
        texts = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
        [questions] = [text for text in texts if "## Questions" in text]
        assert re.search(r"<summary[^>]*>Answers</summary>\n\n1\. ", questions), path.stem


def test_every_link_of_its_docs_leads_into_it(unpacked):
    docs = [path for path in unpacked.rglob("*.md") if "site" not in path.parts]  # those are made into pages
    links = [(path, link) for path in docs for link in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8"))]
    assert links
    inside = [(path, link) for path, link in links if not re.match(r"\w+:", link)]
    assert [f"{path.name}: {link}" for path, link in inside if not (path.parent / link).exists()] == []


def test_no_released_notebook_in_it_has_an_output_or_a_marker(unpacked):
    for path in unpacked.glob("notebooks/*/*.ipynb"):
        assert "### BEGIN" not in path.read_text(encoding="utf-8")
        assert not any(cell.get("outputs") for cell in nbformat.read(path, as_version=4).cells)


def test_no_notebook_in_it_has_a_hidden_check(unpacked):
    paths = [*unpacked.glob("notebooks/*/*.ipynb")]
    assert paths
    for path in paths:
        kinds = {cell.id.partition("-")[0] for cell in nbformat.read(path, as_version=4).cells}
        assert "check" in kinds and "hidden" not in kinds


@pytest.mark.parametrize(("has", "asked"), [("en", "ko"), ("ko", "en")])
def test_an_edition_that_it_has_not_is_refused_and_the_one_it_has_is_named(has, asked, tmp_path):
    pack(ROOT, tmp_path / "kit.zip", language=has)
    with zipfile.ZipFile(tmp_path / "kit.zip") as kit:
        kit.extractall(tmp_path)
    root = tmp_path / "learner-kit"
    with speaking(asked):
        for command in notebook_copies.add_missing, lambda root: notebook_copies.restore(root, "01"):
            with pytest.raises(ValueError, match=f" {asked} .*EDITION={has}|edition {asked};.*EDITION={has}"):
                command(root)
    assert not (root / "my").exists()
    with speaking(has):
        notebook_copies.add_missing(root)
    assert len([*(root / "my").rglob("*.ipynb")]) == 10


def test_the_same_course_gives_the_same_bytes(archive, tmp_path):
    pack(ROOT, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_its_files_can_be_read_where_a_program_keeps_their_permissions(archive):
    """`unzip` does; Python's zipfile does not."""
    with zipfile.ZipFile(archive) as kit:
        assert {entry.external_attr >> 16 for entry in kit.infolist()} == {0o644}


def test_what_running_the_course_leaves_behind_is_not_in_it(tmp_path):
    for name in (*FILES, README):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for folder in FOLDERS:
        for left in "__pycache__/a.pyc", ".ipynb_checkpoints/a-checkpoint.ipynb", ".DS_Store", "kept/a":
            path = tmp_path / folder / left
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    pack(tmp_path, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as kit:
        names = {name.removeprefix("learner-kit/") for name in kit.namelist()}
    assert names == {"README.md", *FILES, *(f"{folder}/kept/a" for folder in FOLDERS)}


def test_the_command_packs_due_dates_and_the_editions_by_which_older_copies_are_known(tmp_path, monkeypatch, capsys):
    """Also where the new kit is unpacked in another folder, into which the learner moves my/."""
    name, root = "00_start_here", tmp_path / "course"
    for path in (*FILES, README, "nbgrader_config.py", "helpers/__init__.py", "examples/ci/one"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    release = root / "notebooks" / name / f"{name}.ipynb"
    release.parent.mkdir(parents=True)
    release.write_bytes((ROOT / release.relative_to(root)).read_bytes())
    monkeypatch.setattr(command_line, "ROOT", root)
    command_line.kit(tmp_path / "old.zip")
    notebook = nbformat.read(release, as_version=4)
    notebook.cells[0].source += "\n\nA correction."
    notebook.metadata.course.edition = name_of_edition(notebook.cells)
    nbformat.write(notebook, release)
    with Course(root).gradebook() as gradebook:
        gradebook.add_assignment(name, duedate=datetime(2999, 12, 1, 12))
    command_line.kit(tmp_path / "new.zip")
    for kit in "old", "new":
        with zipfile.ZipFile(tmp_path / f"{kit}.zip") as archive:
            archive.extractall(tmp_path / kit)
    old, new = (tmp_path / kit / "learner-kit" for kit in ("old", "new"))
    assert not (old / "due_dates.toml").exists() and name in (new / "due_dates.toml").read_text()
    editions = [*(new / "build/editions" / name).iterdir()]
    assert len(editions) == 2 and not any("hidden-" in path.read_text() for path in editions)
    notebook_copies.add_missing(old)
    (old / "my").rename(new / "my")
    capsys.readouterr()
    notebook_copies.announce_corrections(new)
    assert capsys.readouterr().out.startswith(f"{name} was corrected since your copy was made: “Start here” (text).")


def test_a_course_that_is_not_whole_is_refused(tmp_path):
    with pytest.raises(ValueError, match="notebooks, helpers, examples/ci"):
        pack(tmp_path, tmp_path / "out.zip")


def test_the_commands_of_a_learner_work_where_it_was_unpacked(unpacked):
    """By this environment's Python: what is installed from the lock is the same."""
    outside = {**os.environ, "PYTHONPATH": str(unpacked)}

    def helpers(*arguments):
        command = [sys.executable, "-m", "helpers", *arguments]
        return subprocess.run(command, cwd=unpacked, env=outside, capture_output=True, text=True)

    restored = helpers("restore", "01")
    assert restored.returncode == 0, restored.stderr
    assert list(unpacked.glob("my/01_*/01_*.ipynb"))
    shown = helpers("progress")
    assert shown.returncode == 0, shown.stderr
    assert "Next: exercise 0.1" in shown.stdout
    for command in (["grade", "01"], ["notebooks"], ["site"], ["export"]):
        refused = helpers(*command)
        assert refused.returncode == 1
        assert refused.stderr.strip().endswith("A learner kit has none: this command needs the whole course.")
        assert "Traceback" not in refused.stderr
    assert (unpacked / "my/progress.png").read_bytes().startswith(b"\x89PNG")


def test_a_kit_in_another_language_speaks_it_without_make_too(tmp_path):
    pack(ROOT, tmp_path / "kit.zip", language="ko")
    with zipfile.ZipFile(tmp_path / "kit.zip") as kit:
        kit.extractall(tmp_path)
    unpacked = tmp_path / "learner-kit"
    outside = {**os.environ, "PYTHONPATH": str(unpacked), "COURSE_EDITION": ""}
    command = [sys.executable, "-m", "helpers", "restore", "01"]
    restored = subprocess.run(command, cwd=unpacked, env=outside, capture_output=True, text=True, check=True)
    [copy] = unpacked.glob("my/**/*.ipynb")
    assert copy.parts[-3] == "ko" and re.search("[가-힣]", restored.stdout)
