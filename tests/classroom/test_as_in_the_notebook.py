"""Honest work is graded as in the notebook: `answer`, progress, visible checks and the graders find what it shows."""

import functools
import json
import subprocess
import sys
import warnings

import nbformat
import pytest
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import capture_log

from helpers.checks.answer_search import Edition
from helpers.checks.catalogue import EXERCISES
from helpers.checks.progress import read_progress
from helpers.checks.session import Session
from helpers.classroom.grading.grader import grade_submission
from helpers.classroom.learner.visible_checks import run_visible_checks
from tests.classroom.attacks.kit import Work, max_points, template
from tests.classroom.honest_notebooks import (
    CASES,
    TANH,
    after_check,
    answer_below_the_stub_with_a_helper_between,
    build,
    own,
    unsolved,
)
from tests.classroom.sample_class import REPOSITORY

NOTEBOOK = "01_vanishing_and_exploding_gradients"
IDS = [f"1.{number}" for number in range(1, 8)]

#: Those that `make test` tries; `make test-more` tries the others.
QUICK = {
    *("split_below_a_helper", "split_above_a_try", "helper_above", "helper_below_its_answer"),
    *("helper_that_calls_an_earlier_answer", "import_in_the_first_cell", "answer_in_a_cell_below_the_stub"),
    *("old_attempt_below_the_check", "table_that_a_loop_fills", "cell_that_trains", "nothing_written"),
}

#: Of the demonstrations only the cells that a learner has changed are run: the others define nothing that counts.
RUN = """
import json, sys, warnings
from IPython.core.interactiveshell import InteractiveShell
from helpers.checks import session

warnings.simplefilter("ignore")
shell = InteractiveShell.instance()
told = {}
for name, cells in json.load(sys.stdin).items():
    shell.reset()
    session._current = session.Session(show=lambda panel: None)
    told[name] = {}
    for source, grade_id in cells:
        result = shell.run_cell(source)
        if grade_id.startswith("check-"):
            told[name][grade_id] = float(result.result or 0.0)
print("\\n" + json.dumps(told))
"""


def in_the_notebook(works):
    """Run the cells of notebooks from top to bottom in IPython; return name to grade id to points."""
    released = {"".join(cell["source"]) for cell in Work("01", solved=False).cells}
    first = next(cell for cell in Work("01").cells if cell["cell_type"] == "code")
    cells = {}
    for name, work in works.items():
        own_cells = [cell for cell in work.cells if cell["cell_type"] == "code"]
        cells[name] = [
            (source_of(cell), grade_id_of(cell))
            for cell in own_cells
            if source_of(cell) not in released
            or source_of(cell) == source_of(first)
            or grade_id_of(cell).startswith(("ex-", "check-"))
        ]
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(cells), cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def source_of(cell):
    """The source of a cell as JupyterLab runs it."""
    return "".join(cell["source"]).replace("\r\n", "\n")


def grade_id_of(cell):
    """The grade id of a cell, also where only its text tells it."""
    source = source_of(cell).strip()
    by_text = {f'check("{id}", {EXERCISES[id].name})': f"check-{id.replace('.', '-')}" for id in IDS}
    stub = next((id for id in IDS if source == "".join(Work("01", solved=False).source(id))), "")
    named = cell.get("metadata", {}).get("nbgrader", {}).get("grade_id")
    return named or by_text.get(source) or (stub and f"ex-{stub.replace('.', '-')}")


@functools.cache
def shown_in_the_notebook(quick):
    """Name to grade id to the points that the visible checks gave, of the cases that are quick or not."""
    return in_the_notebook({name: build(name) for name in CASES if (name in QUICK) == quick})


def expected_of(name):
    """Grade id to the points that the visible checks of a case gave in the notebook."""
    return shown_in_the_notebook(name in QUICK)[name]


every_case = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in CASES]
)


@every_case
def test_the_grader_finds_what_the_notebook_showed(name):
    expected = expected_of(name)
    graded = grade_submission(template("01"), build(name).data(), sandbox=False, secret="a secret")
    points = {grade_id: score.points for grade_id, score in graded.scores.items()}
    told = {grade_id: (score.status, score.reason) for grade_id, score in graded.scores.items()}
    assert {grade_id: points[grade_id] for grade_id in expected} == expected, (told, graded.changes)
    assert all(points[f"hidden-{id[6:]}"] == earned for id, earned in expected.items()), told
    assert graded.seconds < 20


@every_case
def test_progress_visible_checks_and_answer_agree(name, tmp_path, monkeypatch):
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    work, expected = build(name), expected_of(name)
    folder = tmp_path / NOTEBOOK
    folder.mkdir()
    for cell in work.cells:
        if (grade_id := grade_id_of(cell)) in expected:
            shown = {"text/plain": repr(expected[grade_id])}
            cell["outputs"] = [nbformat.v4.new_output("execute_result", shown, execution_count=1)]
    (folder / f"{NOTEBOOK}.ipynb").write_bytes(work.data())
    right = {id for id in IDS if expected[f"check-{id.replace('.', '-')}"]}
    assert {one.exercise.id for one in read_progress(tmp_path).standings if one.right} == right
    outcomes = {one.exercise_id: one.status == "right" for one in run_visible_checks(REPOSITORY, tmp_path)}
    assert {id for id in outcomes if outcomes[id]} == right
    (tmp_path / "02_gradient_clipping").mkdir()
    monkeypatch.chdir(tmp_path / "02_gradient_clipping")
    session = Session(show=lambda panel: None)
    assert {id for id in IDS if session.answer(id) is not EXERCISES[id].reference} == right


@pytest.mark.slow
def test_most_cases_are_right_in_the_notebook():
    full = sum(all(expected_of(name).values()) for name in CASES)
    assert full >= len(CASES) - 6 and full < len(CASES)


def test_what_was_taken_is_said_where_it_is_not_plain():
    def changes(name):
        return grade_submission(template("01"), build(name).data(), sandbox=False).changes

    assert changes("untouched_solution") == []
    said = " ".join(changes("old_attempt_above"))
    assert "define `tanh_backward`" in said and "the last one above the check" in said
    assert "Exercise 1.1: with it came definitions of cell" in " ".join(changes("helper_above"))


def test_the_graded_notebook_shows_the_helpers_that_came_with_an_answer():
    graded = grade_submission(template("01"), build("helper_above").data(), sandbox=False)
    cell = next(cell for cell in nbformat.reads(graded.notebook, as_version=4).cells if cell.id == "ex-1-1")
    assert cell.source == (
        "# From other cells of this notebook:\ndef slope(y):\n    return 1 - y**2\n\n\n"
        "def tanh_backward(dout, y):\n    return dout * slope(y)"
    )


def test_an_answer_that_is_below_its_check_only_counts_and_is_said():
    """In the notebook it was right when it was written, and would be again after its check was run once more."""
    work = Work("01")
    unsolved(work, "1.1")
    after_check(work, "1.1", "def slope(y):\n    return 1 - y**2", TANH.replace("(1 - y**2)", "slope(y)"))
    graded = grade_submission(template("01"), work.data(), sandbox=False)
    assert {score.points == score.max_points for score in graded.scores.values()} == {True}
    assert "`tanh_backward` is defined below its check only" in " ".join(graded.changes)


def test_two_helpers_of_one_name_in_two_answers_do_not_meet():
    work = Work("01")
    work.write(
        "1.1", "def helper(y):\n    return 1 - y**2\n\n\ndef tanh_backward(dout, y):\n    return dout * helper(y)"
    )
    work.put_before("1.3", "def helper(y):\n    raise RuntimeError('another one')")
    graded = grade_submission(template("01"), work.data(), sandbox=False)
    assert {score.points == score.max_points for score in graded.scores.values()} == {True}


def test_a_copy_of_an_earlier_edition_is_compared_with_that():
    """A cell that was corrected since is not the learner's own, so what it defines does not come with an answer."""
    earlier = Work("01")
    old = own("slope = 3 / 0  # the course's own, before it was corrected")
    earlier.cells.insert(3, old)
    earlier.notebook["metadata"]["course"] = {"edition": "before"}
    earlier.write("1.1", "slope = 2\n\n\ndef tanh_backward(dout, y):\n    return dout * (1 - y**slope)")
    released = ["".join(cell["source"]) for cell in Work("01", solved=False).cells] + [old["source"]]
    kept = grade_submission(template("01"), earlier.data(), sandbox=False, editions=[Edition.of("before", released)])
    assert {score.points == score.max_points for score in kept.scores.values()} == {True}
    assert kept.changes == []


@pytest.mark.slow
def test_nbgraders_autograde_agrees(sample_class, working_sandbox):
    """The real program with the course's configuration, which formgrader's button runs too."""
    sample_class = sample_class("01")
    chosen = [*CASES][::12]
    for name in chosen:
        sample_class.hand_in(name, build(name).data())
    config = sample_class.course.config_for(sample_class.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of cells without ids, and nbgrader's own use of its database
        outcome = capture_log(Autograde(coursedir=CourseDirectory(config=config), config=config))
    assert outcome["success"], outcome["log"]
    points = {student: sample_class.points(student) for student in chosen}
    for name in chosen:
        assert {id: points[name][id] for id in expected_of(name)} == expected_of(name), name


def test_the_cases_are_what_they_say():
    work = Work("01")
    answer_below_the_stub_with_a_helper_between(work)
    place = work.cells.index(work.answer("1.1"))
    assert "NotImplementedError" in work.source("1.1")
    assert "def tanh_backward" in work.cells[place + 2]["source"]
    assert max_points("01").keys() >= {"check-1-1", "hidden-1-1"}
