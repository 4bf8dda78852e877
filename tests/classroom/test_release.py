"""The release that this course makes, that nbgrader makes the same one, and that neither can give an answer away."""

import re
from pathlib import Path

import nbformat
import pytest
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

from helpers.classroom.authoring import release as release_module
from helpers.classroom.authoring.build import find_sources, release_path
from helpers.classroom.authoring.release import (
    TakeSource,
    check_secrets,
    find_secrets,
    generate,
    load_config,
    make_release,
)
from helpers.classroom.authoring.source import BuildError, read_source

ROOT = Path(__file__).resolve().parents[2]

TWO_LINES = "    factor = np.ones_like(x) + 1\n    return factor * x"
ONE_LINE = "    self.counts[index] += 1"
HIDDEN = '    hidden_check("4.1", double)'

every_secret = pytest.mark.parametrize(
    "secret", [TWO_LINES, ONE_LINE, HIDDEN], ids=["two lines of a solution", "a solution of one line", "a hidden test"]
)


@pytest.fixture
def gradebook(blank_course):
    """The address of a gradebook with nothing in it."""
    return blank_course.directory.db_url


@pytest.fixture
def release(source_path):
    """The release of the small notebook, nbformat's."""
    return nbformat.reads(make_release(source_path), as_version=4)


@pytest.mark.parametrize("source", [*find_sources(ROOT), Path(__file__).with_name("09_small.py")], ids=lambda p: p.stem)
def test_nbgraders_own_command_makes_the_same_bytes(source, tmp_path, gradebook):
    """As formgrader's button does."""
    generate(source, tmp_path, gradebook)
    assert release_path(tmp_path, source).read_text(encoding="utf-8") == make_release(source)
    assert [path.name for path in (tmp_path / "notebooks" / source.stem).iterdir()] == [f"{source.stem}.ipynb"]


def test_a_release_has_stubs_and_no_outputs_and_its_checks_are_locked(release):
    cells = {cell.id: cell for cell in release.cells}
    assert 'raise NotImplementedError("Exercise 4.1: write double")' in cells["ex-4-1"].source
    assert not any(line.isspace() for line in cells["ex-4-1"].source.split("\n"))
    assert all(not cell.get("outputs") for cell in release.cells)
    assert cells["check-4-1"].metadata.editable is False
    assert len(cells["check-4-1"].metadata.nbgrader.checksum) == 32


@every_secret
@pytest.mark.parametrize("cell_id", ["ex-4-1", "hidden-4-1", "read-a-small-notebook_2"])
def test_a_secret_in_any_cell_of_a_notebook_is_refused(source_path, release, secret, cell_id):
    next(cell for cell in release.cells if cell.id == cell_id).source += f"\n{secret}"
    with pytest.raises(BuildError, match=f"cell {cell_id}.*: `.*` of a solution or hidden test is in the release"):
        check_secrets(read_source(source_path), release, source_path)


def test_every_two_lines_in_a_row_of_a_longer_solution_are_secret(source_path):
    source = source_path.read_text()
    source_path.write_text(
        source.replace("    return factor * x\n", "    twice = factor * x\n    return twice + 0\n", 1)
    )
    lines = ["factor = np.ones_like(x) + 1", "twice = factor * x", "return twice + 0"]
    secrets = [*find_secrets(read_source(source_path))]
    assert [secret for secret in secrets if "twice" in secret] == [
        f"\n{lines[0]}\n{lines[1]}\n",
        f"\n{lines[1]}\n{lines[2]}\n",
    ]


@pytest.mark.parametrize(("line", "secret"), [("self.last = index", True), ("index", False)])
def test_an_assignment_is_secret_and_a_name_alone_is_not(source_path, line, secret):
    """Many a release has `return hs` for reasons of its own."""
    source_path.write_text(source_path.read_text().replace("self.counts[index] += 1", line))
    assert (f"\n{line}\n" in find_secrets(read_source(source_path))) == secret


@every_secret
@pytest.mark.parametrize("nbgraders", [False, True], ids=["ours", "nbgrader's"])
def test_no_release_is_made_of_a_source_that_shows_a_secret_elsewhere(source_path, gradebook, nbgraders, secret):
    source_path.write_text(f"{source_path.read_text()}\n# %%\nif False:\n{secret}\n")
    with pytest.raises(BuildError, match="of a solution or hidden test is in the release"):
        generate(source_path, source_path.parent, gradebook) if nbgraders else make_release(source_path)
    assert not list(source_path.parent.glob("notebooks/*/*"))


@pytest.mark.parametrize("left_out", [TakeSource, ClearSolutions, ClearHiddenTests])
def test_the_last_step_stops_nbgrader_where_an_earlier_one_did_not_do_its_work(
    source_path, gradebook, monkeypatch, left_out
):
    """The solution notebook has no markers: without its source, nothing would be taken out of it."""

    def load(course):
        config = load_config(course)
        config.GenerateAssignment.preprocessors.remove(left_out)
        return config

    monkeypatch.setattr(release_module, "load_config", load)
    with pytest.raises(BuildError, match="of a solution or hidden test is in the release"):
        generate(source_path, source_path.parent, gradebook)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c.Course.timezone =\n", "nbgrader_config.py, line 1: invalid syntax. Correct that line."),
        ("c = get_config()\nc.CourseDirectory = x\n", "cannot be used: name 'x' is not defined. Correct it."),
    ],
)
def test_a_mistake_in_the_configuration_is_named(tmp_path, monkeypatch, text, said):
    monkeypatch.setattr(release_module, "CONFIG", tmp_path / "nbgrader_config.py")
    release_module.CONFIG.write_text(text)
    with pytest.raises(ValueError, match=re.escape(said)):
        load_config(tmp_path)
