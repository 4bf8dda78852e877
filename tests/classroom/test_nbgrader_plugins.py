"""What `nbgrader autograde` and formgrader's button *Autograde* do here: what `make grade` does."""

import os
import warnings

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from tests.classroom.sample_class import FALLING, RIGHT, TEXTBOOK

#: Right, but only where it can see the instructor's files.
SPY = """import os

SEEN = os.path.exists({gradebook!r})


def sigmoid(a):
    return (1 + np.tanh(a / 2)) / 2 if SEEN else -a"""


def press(school, button, *names):
    """Do what formgrader does at a button, and return its outcome."""
    api = NbGraderAPI(CourseDirectory(config=school.course.config), config=school.course.config)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own use of its database
        return getattr(api, button)(school.name, *names)


def test_autograde_gives_the_scores_that_make_grade_gives_and_runs_answers_in_the_sandbox(school):
    school = school()
    gradebook = school.root / "gradebook.db"
    answers = {"ada": RIGHT, "bob": TEXTBOOK, "mal": SPY.format(gradebook=str(gradebook))}
    for student, answer in answers.items():
        school.hand_in(student, {"0.1": answer}, "2026-11-01 12:00:00.000000 UTC")
    for student in answers:
        outcome = press(school, "autograde", student)
        assert outcome["success"], outcome["log"]
    pressed = school.points()
    assert pressed["ada"] == {"check-0-1": 1.0, "hidden-0-1": 1.0}
    assert set(pressed["mal"].values()) == {0.0}
    path = school.course.folder("autograded", school.name, "ada") / f"{school.name}.ipynb"
    assert not os.stat(path).st_mode & 0o222
    assert "Exercise 0.1" in str(nbformat.read(path, as_version=4).cells)
    school.grade()
    assert school.points() == pressed


def test_autograde_grades_one_submission_and_again_when_it_has_changed(school):
    school = school()
    for student in ("ada", "bob"):
        school.hand_in(student, {"0.1": FALLING})
    press(school, "autograde", "ada")
    assert set(school.points()) == {"ada"}
    school.hand_in("ada", {"0.1": RIGHT})
    press(school, "autograde", "ada")
    assert sum(school.points("ada").values()) == 2.0


def test_what_a_person_gave_outlives_autograde_and_is_to_be_looked_at_again(school):
    """nbgrader has removed the earlier notebook by then, so nobody can say whether the answer is another one."""
    school = school()
    school.hand_in("ada", {"0.1": FALLING})
    press(school, "autograde", "ada")
    school.change_grade("ada", "check-0-1", manual_score=0.5)
    press(school, "autograde", "ada")
    assert school.look_up("ada", "manual_score", "needs_manual_grade", grade_id="check-0-1") == (0.5, True)


@pytest.mark.parametrize("broken", [b"", b"{", b"[]"])
def test_autograde_of_a_broken_file_fails_and_says_so(school, broken):
    school = school()
    school.hand_in("ada", broken)
    outcome = press(school, "autograde", "ada")
    assert not outcome["success"]
    assert "There was an error processing assignment" in outcome["log"]
