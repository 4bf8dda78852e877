"""What nbgrader released is proved; an answer or a hidden test in it is refused."""

import nbformat
import pytest

from helpers.classroom.authoring.release import check_release, generate
from helpers.classroom.authoring.source import BuildError, read_source


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """The source of the small notebook, and the release that nbgrader made of it."""
    import shutil
    from pathlib import Path

    folder = tmp_path_factory.mktemp("released")
    path = Path(shutil.copy(Path(__file__).with_name("09_small.py"), folder))
    return path, generate(path, folder)


@pytest.fixture
def release(released):
    """A fresh copy of that release."""
    return nbformat.read(released[1], as_version=4)


def add_line(release, cell_id, line):
    """Put a line where it does not belong."""
    cell = next(cell for cell in release.cells if cell.id == cell_id)
    cell.source += f"\n{line}"


def refuse(released, release):
    """Return the sentence with which a release is refused."""
    with pytest.raises(BuildError) as refusal:
        check_release(read_source(released[0]), release, released[0])
    return str(refusal.value)


def test_nbgraders_release_has_stubs_and_no_outputs(release):
    cells = {cell.id: cell for cell in release.cells}
    assert 'raise NotImplementedError("Exercise 9.1: write double")' in cells["ex-9-1"].source
    assert not any(line.isspace() for line in cells["ex-9-1"].source.split("\n"))
    assert all(not cell.get("outputs") for cell in release.cells)
    assert cells["check-9-1"].metadata.editable is False


def test_the_source_is_not_released_beside_the_notebook(released):
    assert [path.name for path in released[1].parent.iterdir()] == ["09_small.ipynb"]


def test_a_solution_line_that_survives_in_its_own_cell_is_refused(released, release):
    add_line(release, "ex-9-1", "    return factor * x")
    assert "cell ex-9-1: `return factor * x` survives in the release." in refuse(released, release)


def test_a_hidden_test_that_shows_in_its_own_cell_is_refused(released, release):
    add_line(release, "hidden-9-1", 'hidden_check("9.1", double)')
    assert "cell hidden-9-1: `hidden_check(" in refuse(released, release)


def test_a_release_with_outputs_is_refused(released, release):
    release.cells[1].outputs = [nbformat.v4.new_output("stream", text="hello")]
    assert "it has outputs in the release" in refuse(released, release)


@pytest.mark.parametrize(
    "secret",
    [
        "    factor = np.ones_like(x) + 1\n    return factor * x",
        "    self.counts[index] += 1",
        'hidden_check("9.1", double)',
    ],
    ids=["two lines of a solution", "a solution of one line", "a hidden test"],
)
def test_a_secret_shown_elsewhere_in_the_notebook_is_refused(source_path, tmp_path, secret):
    source_path.write_text(
        source_path.read_text() + f"\n# %%\nif False:\n{secret}\n".replace("\nhidden_check", "\n    hidden_check")
    )
    with pytest.raises(BuildError, match="of a solution or hidden test is in the release"):
        generate(source_path, tmp_path / "course")


def test_nbgraders_own_command_takes_the_source_and_not_the_clean_solution(released):
    """What formgrader's button does: the solution notebook has no markers, and its release has no hidden test."""
    course = released[1].parents[2]
    solution = nbformat.read(course / "solutions/09_small/09_small.ipynb", as_version=4)
    assert 'hidden_check("9.1"' in "".join(cell.source for cell in solution.cells)
    assert r"hidden_check(\"9.1" not in released[1].read_text()
