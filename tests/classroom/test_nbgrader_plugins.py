"""What `nbgrader autograde` and formgrader's button *Autograde* do here: what `make grade` does."""

import os
import warnings
from dataclasses import replace

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.authoring.source import as_solution, read_source, serialise
from helpers.classroom.grading.staleness import find_stale
from tests.classroom.sample_class import FALLING, RIGHT, TEXTBOOK

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
    monkeypatch.setitem(EXERCISES, "0.1", replace(EXERCISES["0.1"], stars=2))
    outcome = press(sample_class, "generate_assignment")
    assert outcome["success"], outcome["log"]
    assert "00_start_here was graded with other points: check-0-1 from 1 to 2 (2 graded)" in outcome["log"]
    assert find_stale(sample_class.course, sample_class.name).keys() == {"ada", "bob"}
    sample_class.grade()
    assert find_stale(sample_class.course, sample_class.name) == {}
    assert sum(sample_class.points("ada").values()) == 4.0
