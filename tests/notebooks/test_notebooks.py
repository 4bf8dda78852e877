"""Every notebook of the course: derived from its source, reproducible, and worth what it says under nbgrader."""

import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from helpers.classroom.authoring import build
from tests.outputs import committed, outputs

ROOT = Path(__file__).resolve().parents[2]
SOURCES = build.find_sources(ROOT)


def notebooks(quick):
    """Return the notebooks as parameters of a test; `make test` runs the quick ones, `make test-more` the others."""
    return [
        pytest.param(path, marks=[] if path.stem[:2] in quick else [pytest.mark.slow], id=path.stem) for path in SOURCES
    ]


def test_everything_derived_is_what_the_sources_make_of_it():
    assert list(build.find_stale(ROOT)) == []


@pytest.mark.parametrize("source", notebooks(quick=("00", "01")))
def test_a_solution_earns_everything_and_shows_the_outputs_that_were_committed(source, autograde):
    """By nbgrader, which runs it. A rehearsal is compared only up to what it trains; the site runs all of that."""
    solved = autograde(source, "solved")
    assert solved.errors == []
    assert solved.points == solved.most
    expected, ran = committed(source), outputs(solved.notebook)
    expected.cells = [*takewhile(lambda cell: not re.search("^if QUICK:", cell.source, re.MULTILINE), expected.cells)]
    assert {name: shown for name, shown in outputs(expected).items() if shown != ran.get(name)} == {}


@pytest.mark.parametrize("source", notebooks(quick=("00", "01")))
def test_a_release_runs_to_its_end_and_a_stub_earns_nothing(source, autograde):
    untouched = autograde(source, "untouched")
    assert untouched.errors == []
    assert set(untouched.points.values()) == {0.0}


@pytest.mark.parametrize("source", notebooks(quick=("00",)))
def test_nbval_accepts_a_solution(source, tmp_path):
    """In an empty folder; the bytes of a picture are left out of the comparison, its words are in it."""
    (tmp_path / "figures.cfg").write_text(f"[figures]\nregex: {build.PAYLOAD}\nreplace: {build.PLACEHOLDER}\n")
    notebook = tmp_path / f"{source.stem}.ipynb"
    notebook.write_bytes(source.with_suffix(".ipynb").read_bytes())
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "figures.cfg", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", "--color=no", *options, notebook.name]
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_every_figure_has_alt_text():
    for source in SOURCES:
        pages = [data.get("text/html", "") for _, shown in outputs(committed(source)).values() for data in shown]
        images = [image for page in pages for image in re.findall(r"<img [^>]*>", page)]
        assert images, source
        assert [image for image in images if not re.search(r'alt="[^"]{40,}"', image)] == []


@pytest.mark.parametrize("number", ["01", "03", "04", "07"])
def test_a_notebook_has_a_figure_that_a_slider_moves(number):
    [source] = build.find_sources(ROOT, number)
    assert "plots.SliderFigure(" in source.read_text(encoding="utf-8")
