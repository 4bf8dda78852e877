"""What `nbgrader autograde` and formgrader's button *Autograde* do here: what `make grade` does."""

import os
import shutil
import subprocess
import sys
import warnings
from concurrent.futures import BrokenExecutor
from dataclasses import replace

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.administration import assignments, nbgrader_plugins
from helpers.classroom.administration.export import NOT_GRADED, export
from helpers.classroom.administration.extensions import due_date_of, extend
from helpers.classroom.administration.feedback_attempts import attempts_folder
from helpers.classroom.administration.feedback_delivery import MISSING, find_withheld
from helpers.classroom.administration.times import read_time
from helpers.classroom.authoring.source import as_solution, read_source, serialise
from helpers.classroom.grading.assignment_lock import locked
from helpers.classroom.grading.staleness import HANDED_IN_AGAIN, find_stale
from tests.classroom.sample_class import FALLING, REPOSITORY, RIGHT, TEXTBOOK, AtOnce

#: Right, but only where it can see the instructor's files.
SPY = """import os

SEEN = os.path.exists({gradebook!r})


def sigmoid(a):
    return (1 + np.tanh(a / 2)) / 2 if SEEN else -a"""


def press(sample_class, button, *names):
    """Do what formgrader does at a button, and return its outcome."""
    api = NbGraderAPI(CourseDirectory(config=sample_class.course.config), config=sample_class.course.config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own use of its database
        return getattr(api, button)(sample_class.name, *names)


def test_autograde_gives_the_scores_that_make_grade_gives_and_runs_answers_in_the_sandbox(sample_class):
    sample_class = sample_class()
    gradebook = sample_class.root / "gradebook.db"
    answers = {"ada": RIGHT, "bob": TEXTBOOK, "mal": SPY.format(gradebook=str(gradebook))}
    for student, answer in answers.items():
        sample_class.hand_in(student, {"0.1": answer}, "2026-11-01 12:00:00.000000 UTC")
    for student in answers:
        outcome = press(sample_class, "autograde", student)
        assert outcome["success"], outcome["log"]
    pressed = sample_class.points()
    assert pressed["ada"] == {"check-0-1": 1.0, "hidden-0-1": 1.0}
    assert set(pressed["mal"].values()) == {0.0}
    path = sample_class.course.folder("autograded", sample_class.name, "ada") / f"{sample_class.name}.ipynb"
    assert not os.stat(path).st_mode & 0o222
    assert "Exercise 0.1" in str(nbformat.read(path, as_version=4).cells)
    sample_class.grade()
    assert sample_class.points() == pressed


def test_autograde_grades_one_submission_and_again_when_it_has_changed(sample_class):
    sample_class = sample_class()
    for student in ("ada", "bob"):
        sample_class.hand_in(student, {"0.1": FALLING})
    press(sample_class, "autograde", "ada")
    assert set(sample_class.points()) == {"ada"}
    sample_class.hand_in("ada", {"0.1": RIGHT})
    press(sample_class, "autograde", "ada")
    assert sum(sample_class.points("ada").values()) == 2.0


def test_autograde_takes_over_an_extension_that_was_given_before(sample_class):
    sample_class = sample_class()
    course, name = sample_class.course, sample_class.name
    due, later = (read_time(f"2026-12-0{day} 10:00 UTC", None) for day in (1, 3))
    assignments.release(course, sample_class.source, due)
    with course.gradebook() as gradebook:
        gradebook.add_student("ada")
    extend(course, name, ["ada"], later)
    sample_class.hand_in("ada", {"0.1": RIGHT}, "2026-12-02 10:00:00 UTC")
    outcome = press(sample_class, "autograde", "ada")
    assert outcome["success"], outcome["log"]
    assert (sum(sample_class.points("ada").values()), due_date_of(course, name, "ada")) == (2.0, later)
    with course.gradebook() as gradebook:
        assert str(gradebook.find_submission(name, "ada").timestamp) == "2026-12-02 10:00:00"


def test_the_feedback_of_formgraders_button_on_an_earlier_attempt_is_kept(sample_class):
    sample_class = sample_class()
    for answer in (TEXTBOOK, RIGHT):
        sample_class.hand_in("ada", {"0.1": answer})
        sample_class.hand_in("bob", {"0.1": RIGHT})
        sample_class.grade()
        for student in ("ada", "bob"):
            assert press(sample_class, "generate_feedback", student)["success"]
    folders = {student: attempts_folder(sample_class.course, sample_class.name, student) for student in ("ada", "bob")}
    assert {student: len([*folder.iterdir()]) for student, folder in folders.items()} == {"ada": 2, "bob": 1}


def test_what_a_person_gave_outlives_autograde_and_is_to_be_looked_at_again(sample_class):
    """nbgrader has removed the earlier notebook by then, so nobody can say whether the answer is another one."""
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": FALLING})
    press(sample_class, "autograde", "ada")
    sample_class.change_grade("ada", "check-0-1", manual_score=0.5)
    press(sample_class, "autograde", "ada")
    assert sample_class.look_up("ada", "manual_score", "needs_manual_grade", grade_id="check-0-1") == (0.5, True)


@pytest.mark.parametrize("broken", [b"", b"{", b"[]"])
def test_autograde_of_a_broken_file_fails_and_says_so(sample_class, broken):
    sample_class = sample_class()
    sample_class.hand_in("ada", broken)
    outcome = press(sample_class, "autograde", "ada")
    assert not outcome["success"]
    assert "There was an error processing assignment" in outcome["log"]


def test_generate_makes_scores_stale_before_it_enters_other_points(sample_class, monkeypatch):
    """As formgrader's button does."""
    sample_class = sample_class()
    for student, answer in {"ada": RIGHT, "bob": FALLING}.items():
        sample_class.hand_in(student, {"0.1": answer})
    sample_class.grade()
    solution = serialise(as_solution(read_source(sample_class.source)))
    sample_class.source.with_suffix(".ipynb").write_text(solution)
    outcome = press(sample_class, "generate_assignment")
    assert (outcome["success"], find_stale(sample_class.course, sample_class.name)) == (True, {})
    monkeypatch.setitem(EXERCISES, "0.1", replace(EXERCISES["0.1"], heading="0.1 ★★ The sigmoid"))
    outcome = press(sample_class, "generate_assignment")
    assert outcome["success"], outcome["log"]
    assert "00_start_here was graded with other points: check-0-1 from 1 to 2 (2 graded)" in outcome["log"]
    assert find_stale(sample_class.course, sample_class.name).keys() == {"ada", "bob"}
    sample_class.grade()
    assert find_stale(sample_class.course, sample_class.name) == {}
    assert sum(sample_class.points("ada").values()) == 4.0


class Dying(AtOnce):
    """An executor whose worker dies at every task."""

    def submit(self, task, *arguments):
        """Do no task."""
        raise BrokenExecutor


def test_an_autograde_that_fails_leaves_earlier_scores_and_enters_no_zero(sample_class, monkeypatch):
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": RIGHT}, "2026-11-01 12:00:00.000000 UTC")
    assert press(sample_class, "autograde", "ada")["success"]
    before = sample_class.points("ada")
    sample_class.hand_in("ada", {"0.1": FALLING}, "2026-11-02 12:00:00.000000 UTC")
    sample_class.hand_in("bob", {"0.1": RIGHT})
    with monkeypatch.context() as patched:
        patched.setattr(nbgrader_plugins, "local_workers", lambda count: lambda: (Dying(), lambda: 1))
        for student in ("ada", "bob"):
            outcome = press(sample_class, "autograde", student)
            assert not outcome["success"]
            assert f"{student} was not graded, and nothing was entered for it. The process" in outcome["log"]
    assert sample_class.points("ada") == before
    assert {*sample_class.points("bob").values()} == {None}
    exported = export(sample_class.course)
    assert exported.stale == {(sample_class.name, HANDED_IN_AGAIN): ["ada"]}
    assert exported.blanks == {(sample_class.name, NOT_GRADED): ["bob"]}
    sample_class.grade()
    assert (sum(sample_class.points("ada").values()), sum(sample_class.points("bob").values())) == (0.0, 2.0)
    assert export(sample_class.course).stale == {}


def test_autograde_while_the_class_is_graded_is_refused_and_loses_no_score(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": RIGHT})
    sample_class.grade()
    with locked(sample_class.course, sample_class.name):
        outcome = press(sample_class, "autograde", "ada")
    assert not outcome["success"]
    assert "Another command is grading 00_start_here" in outcome["log"]
    assert sum(sample_class.points("ada").values()) == 2.0
    assert find_withheld_after(sample_class) == {"ada": MISSING}


def find_withheld_after(sample_class):
    """Return who gets no feedback; nbgrader removes the notebook of a failed autograde."""
    sample_class.hand_in("bob", {"0.1": RIGHT})
    assert press(sample_class, "autograde", "bob")["success"]
    return find_withheld(sample_class.course, sample_class.name)


@pytest.mark.slow
def test_the_command_nbgrader_autograde_fails_without_a_zero(sample_class, tmp_path):
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": RIGHT})
    sample_class.grade()
    shutil.copytree(REPOSITORY / "helpers", sample_class.root / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "nbgrader_config.py", sample_class.root)
    sample_class.hand_in("ada", {"0.1": FALLING})
    command = [sys.executable, "-m", "nbgrader", "autograde", sample_class.name, "--force"]
    with locked(sample_class.course, sample_class.name):
        done = subprocess.run(command, cwd=sample_class.root, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert sum(sample_class.points("ada").values()) == 2.0
    assert export(sample_class.course).stale == {(sample_class.name, HANDED_IN_AGAIN): ["ada"]}
    done = subprocess.run(command, cwd=sample_class.root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert sum(sample_class.points("ada").values()) == 0.0
    assert export(sample_class.course).stale == {}
