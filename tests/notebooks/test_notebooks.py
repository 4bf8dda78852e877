"""Every notebook of the course: derived from its source, reproducible, and worth what it says under nbgrader."""

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.classroom.authoring import build

ROOT = Path(__file__).resolve().parents[2]
SOURCES = build.find_sources(ROOT)

every_notebook = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


def test_everything_derived_is_what_the_sources_make_of_it():
    assert list(build.find_stale(ROOT)) == []


@every_notebook
def test_the_solution_gives_the_outputs_it_shows(source, tmp_path):
    """By nbval, in an empty folder; the bytes of a picture are left out of the comparison, its words are in it."""
    (tmp_path / "figures.cfg").write_text(f"[figures]\nregex: {build.PAYLOAD}\nreplace: {build.PLACEHOLDER}\n")
    notebook = tmp_path / f"{source.stem}.ipynb"
    notebook.write_bytes(build.solution_path(source).read_bytes())
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "figures.cfg", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", "--color=no", *options, notebook.name]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@every_notebook
def test_a_stub_earns_nothing_and_the_reference_answers_earn_everything(source, autograde):
    """By nbgrader, from the release as a learner gets it; untouched, it also runs to its end."""
    graded = autograde(source)
    untouched, solved = graded["untouched"], graded["solved"]
    assert untouched.errors == solved.errors == []
    assert set(untouched.points.values()) == {0.0}
    assert solved.points == solved.most
