"""Every notebook of the course: derived from its source, reproducible, and worth what it says under nbgrader."""

import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import nbformat
import pytest

from helpers.classroom.authoring import build

ROOT = Path(__file__).resolve().parents[2]
SOURCES = build.find_sources(ROOT)

#: These train for a long time whether anything was answered or not. The linter knows what mostly stops them untouched.
LONG = ("04", "05", "06", "07")

#: A cell that says so shows what differs from run to run, such as times.
IGNORED = "# NBVAL_IGNORE_OUTPUT"


def notebooks(slow=()):
    """Parametrise a test by the sources; of some notebooks only `make test-more` runs it."""
    marks = [pytest.mark.slow if path.stem[:2] in slow else () for path in SOURCES]
    return pytest.mark.parametrize(
        "source", [pytest.param(path, marks=mark, id=path.stem) for path, mark in zip(SOURCES, marks)]
    )


def outputs(notebook):
    """What each code cell of a notebook shows, by its id: what was printed, and the text of all else.

    Pictures are left out, and so is a cell whose output differs from run to run.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and IGNORED not in cell.source]
    return {cell.id: (_printed(cell), _shown(cell)) for cell in code}


def _printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def _shown(cell):
    return [
        {
            kind: re.sub(build.PAYLOAD, build.PLACEHOLDER, text)
            for kind, text in output.data.items()
            if kind.startswith("text/")
        }
        for output in cell.outputs
        if "data" in output
    ]


def committed(source):
    """The solution as it was committed, with its outputs."""
    return nbformat.read(build.solution_path(source), as_version=4)


def test_everything_derived_is_what_the_sources_make_of_it():
    assert list(build.find_stale(ROOT)) == []


@notebooks()
def test_the_reference_answers_earn_everything_and_the_solution_gives_the_outputs_it_shows(source, autograde):
    """By nbgrader, which runs the solution. What is trained in full is compared up to there; nbval does the rest."""
    solved = autograde(source, "solved")
    assert solved.errors == []
    assert solved.points == solved.most
    expected, ran = committed(source), outputs(solved.notebook)
    expected.cells = [*takewhile(lambda cell: not re.search("^if QUICK:", cell.source, re.MULTILINE), expected.cells)]
    assert {name: shown for name, shown in outputs(expected).items() if shown != ran[name]} == {}


@notebooks(slow=LONG)
def test_a_release_runs_to_its_end_and_a_stub_earns_nothing(source, autograde):
    untouched = autograde(source, "untouched")
    assert untouched.errors == []
    assert set(untouched.points.values()) == {0.0}


@notebooks(slow=[path.stem[:2] for path in SOURCES[1:]])
def test_nbval_finds_the_outputs_that_the_solution_shows(source, tmp_path):
    """In an empty folder; the bytes of a picture are left out of the comparison, its words are in it."""
    (tmp_path / "figures.cfg").write_text(f"[figures]\nregex: {build.PAYLOAD}\nreplace: {build.PLACEHOLDER}\n")
    notebook = tmp_path / f"{source.stem}.ipynb"
    notebook.write_bytes(build.solution_path(source).read_bytes())
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
