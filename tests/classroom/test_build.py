"""One source, everything derived: built atomically, and stale when anything differs."""

import asyncio
import atexit
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from helpers.classroom.authoring import build
from helpers.classroom.authoring.source import BuildError

SOLUTION = "solutions/09_small/09_small.ipynb"
RELEASE = "notebooks/09_small/09_small.ipynb"


@pytest.fixture(scope="module")
def built_once(tmp_path_factory):
    """A repository with the small notebook, built by the one command."""
    root = tmp_path_factory.mktemp("built") / "a folder with spaces"
    (root / "solutions/09_small").mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("09_small.py"), root / "solutions/09_small")
    build.build(root)
    return root


@pytest.fixture
def built(built_once, tmp_path):
    """A copy of that repository, for one test to change."""
    return Path(shutil.copytree(built_once, tmp_path / "built"))


def test_the_solution_is_executed_and_its_outputs_are_text(built_once):
    notebook = nbformat.read(built_once / SOLUTION, as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    assert cells["check-4-1"].outputs[0].data == {"text/plain": "2.0"}
    assert cells["read-a-small-notebook_4"].outputs[0].text == "sum 6.0\n"
    assert all("execution" not in cell.metadata for cell in notebook.cells)


def test_a_rebuild_gives_the_same_bytes(built):
    before = {path: (built / path).read_bytes() for path in (SOLUTION, RELEASE)}
    build.build(built, "09")
    assert {path: (built / path).read_bytes() for path in before} == before


def stale(root):
    """Return the names of the stale files, and the commands that fix them."""
    return {path.relative_to(root).as_posix(): command for path, command in build.find_stale(root)}


def test_what_was_just_built_is_not_stale(built):
    assert stale(built) == {}


def test_other_outputs_are_not_stale(built):
    """They may differ in the last digits between processors: nbval compares them."""
    path = built / SOLUTION
    path.write_text(path.read_text().replace("sum 6.0", "sum 6.1"))
    assert stale(built) == {}


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (RELEASE, "# 1. multiply by two", "# 1. multiply by 2"),
        (RELEASE, '"id": "read-a-small-notebook_1"', '"id": "cell-01"'),
        (RELEASE, '"points": 2', '"points": 4'),
        (SOLUTION, "return factor * x", "return x * factor"),
        (SOLUTION, '"id": "read-a-small-notebook_1"', '"id": "cell-01"'),
        (SOLUTION, ' "nbformat": 4,', '  "nbformat": 4,'),
    ],
    ids=[
        "cell of release",
        "id in release",
        "metadata of release",
        "cell of solution",
        "id in solution",
        "white space",
    ],
)
def test_a_notebook_edited_by_hand_is_stale(built, path, old, new):
    text = (built / path).read_text()
    assert old in text
    (built / path).write_text(text.replace(old, new, 1))
    assert stale(built) == {path: "make notebooks NB=09"}


def test_both_notebooks_are_stale_when_the_source_changed(built):
    source = built / "solutions/09_small/09_small.py"
    source.write_text(source.read_text().replace("Some prose.", "Other prose."))
    assert set(stale(built)) == {SOLUTION, RELEASE}


def test_missing_notebooks_are_stale(built):
    (built / SOLUTION).unlink()
    (built / RELEASE).unlink()
    assert set(stale(built)) == {SOLUTION, RELEASE}


@pytest.mark.parametrize("name", ["notebooks/10_old/10_old.ipynb", "notebooks/09_small/09_small.py"])
def test_what_no_source_makes_is_stale(built, name):
    (built / name).parent.mkdir(exist_ok=True)
    shutil.copy(built / RELEASE, built / name)
    assert stale(built) == {name: f"git rm {name}"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; print('oh', file=sys.stderr)", "it writes to stderr, for which nbgrader takes all points: oh"),
        ("object()", "it shows a memory address"),
    ],
)
def test_a_build_that_fails_names_the_cell_and_leaves_what_was_there(built, line, message):
    source = built / "solutions/09_small/09_small.py"
    shutil.copytree(source.parent, built / "solutions/08_sound")  # built first, and not put in place either
    (built / "solutions/08_sound/09_small.py").rename(built / "solutions/08_sound/08_sound.py")
    before = {path: path.read_bytes() for path in built.rglob("*") if path.is_file()}
    source.write_text(source.read_text() + f"\n# %%\n{line}\n")
    with pytest.raises(BuildError, match=message) as refusal:
        build.build(built)
    assert "cell read-a-small-notebook_5" in str(refusal.value)
    before[source] = source.read_bytes()
    assert {path: path.read_bytes() for path in built.rglob("*") if path.is_file()} == before


def test_a_picture_keeps_its_words_and_loses_its_bytes(source_path):
    source_path.write_text("""\
# %%
from helpers.plots.picture import Picture
from helpers.plots.style import new_figure

figure, ax = new_figure()
Picture(figure, "An empty figure.")
""")
    notebook = build.read_source(source_path)
    build.execute({source_path: notebook})
    data = notebook.cells[0].outputs[0].data
    assert set(data) == {"text/html", "text/plain"}
    assert 'alt="An empty figure."' in data["text/html"]
    assert 'src="data:,"' in data["text/html"]
    assert data["text/plain"] == "Figure: An empty figure."


def waiting_for(name, other):
    """A notebook that leaves a file of its name, and ends when there is one of the other name."""
    code = f"""
import time
from pathlib import Path

Path("{name}").touch()
while not Path("{other}").exists():
    time.sleep(0.01)
"""
    return new_notebook(cells=[new_code_cell(code)])


def test_notebooks_run_side_by_side(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "_cores", lambda: 2)
    one, other, third = tmp_path / "one", tmp_path / "other", tmp_path / "third"
    ended = []
    notebooks = {one: waiting_for(one, other), other: waiting_for(other, one), third: waiting_for(third, third)}
    build.run(notebooks, ended.append)
    assert sorted(ended) == [one, other, third]


def kernels():
    """The kernels that this process has started, those of the tests before included."""
    return {one for one in psutil.Process().children() if any("ipykernel" in word for word in _command(one))}


def _command(process):
    """The command line of a process; nothing if it has ended since it was listed."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # a zombie's too
        return []


def test_a_cell_that_fails_stops_the_notebooks_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "_cores", lambda: 2)
    before, failing = kernels(), waiting_for(tmp_path / "failing", tmp_path / "endless")
    failing.cells[0].source += "1 / 0"
    notebooks = {tmp_path / "endless": waiting_for(tmp_path / "endless", "never"), tmp_path / "failing": failing}
    with pytest.raises(BuildError, match="ZeroDivisionError"):
        build.run(notebooks)
    assert kernels() <= before


@pytest.mark.parametrize("moment", ["_async_post_start_kernel", "_async_finish_shutdown"])
def test_a_notebook_that_is_stopped_while_its_kernel_starts_or_ends_leaves_none(tmp_path, monkeypatch, moment):
    before, registered = kernels(), []

    async def stop(manager, *arguments, **options):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    monkeypatch.setattr(AsyncKernelManager, moment, stop)
    monkeypatch.setattr(atexit, "register", registered.append)
    monkeypatch.setattr(atexit, "unregister", registered.remove)
    build.run({tmp_path / "one": new_notebook(cells=[new_code_cell("1")])})
    assert kernels() <= before
    assert not [callback for callback in registered if isinstance(callback.__self__, NotebookClient)]


def test_after_ctrl_c_no_kernel_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "_cores", lambda: 2)
    before, names = kernels(), [tmp_path / "one", tmp_path / "other"]

    def interrupt():
        while not all(map(Path.exists, names)):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    with pytest.raises(BuildError, match=r"stopped\. Run the command again\."):
        build.run({name: waiting_for(name, "never") for name in names})
    interrupter.join()
    assert kernels() <= before


def test_an_unknown_notebook_is_refused_with_the_known_ones(root):
    with pytest.raises(ValueError, match=r"no source of a notebook 42 .* there are: 09_small\."):
        build.build(root, "42")
