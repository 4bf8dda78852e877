"""Releasing an assignment: never a stale notebook, earlier submissions stay, its points, and its due date."""

import csv
import re
import shutil
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from helpers.atomic_write import replace_file
from helpers.checks.catalogue import EXERCISES
from helpers.classroom.administration import assignments
from helpers.classroom.administration.export import export
from helpers.classroom.authoring.build import release_path
from helpers.classroom.authoring.release import make_release
from helpers.classroom.course import Course
from helpers.classroom.grading.assignment_lock import locked
from helpers.classroom.grading.staleness import find_stale
from tests.classroom.sample_class import FALLING, lay_out


def due_of(sample_class):
    """Return the due date that the gradebook has, as text."""
    with sample_class.course.gradebook() as gradebook:
        return str(gradebook.find_assignment(sample_class.name).duedate)


@pytest.mark.parametrize("stale", ["changed", "missing"])
def test_a_stale_notebook_is_refused_and_not_entered(blank_course, stale):
    source = lay_out(blank_course.root, "00")
    released = blank_course.root / "notebooks" / source.stem / f"{source.stem}.ipynb"
    if stale == "changed":
        released.write_text(released.read_text().replace("sigmoid", "sigmund"))
    else:
        released.unlink()
    with pytest.raises(ValueError, match="differs from what its source gives: run `make notebooks NB=00` first"):
        assignments.release(blank_course, source)
    with pytest.raises(ValueError, match=r"00_start_here was not released yet: run `make release NB=00` first\."):
        blank_course.need_released(source.stem)


def test_a_release_after_submissions_keeps_them(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved")
    sample_class.grade()
    sample_class.change_grade("ada", "check-0-1", manual_score=0.5)
    assignments.release(sample_class.course, sample_class.source)
    assignments.release(sample_class.course, sample_class.source)
    assert sample_class.points("ada") == {"check-0-1": 1.0, "hidden-0-1": 1.0}
    assert sample_class.look_up("ada", "manual_score", grade_id="check-0-1") == (0.5,)


def test_a_new_graded_cell_after_submissions_is_refused_in_plain_words(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved")
    sample_class.grade()
    source = sample_class.source
    text = source.read_text().replace('"grade_id": "check-0-1"', '"grade_id": "check-1-1"')
    source.write_text(text.replace('\ncheck("0.1"', '\ncheck("1.1"'))
    lay_out_again(sample_class)
    with pytest.raises(ValueError, match="has submissions already, and other cells than when it was released"):
        assignments.release(sample_class.course, source)
    assert sample_class.points("ada") == {"check-0-1": 1.0, "hidden-0-1": 1.0}


def lay_out_again(sample_class):
    """Derive the release from a source that was changed."""
    release_path(sample_class.root, sample_class.source).write_text(make_release(sample_class.source))


def test_a_due_date_is_entered_in_utc_and_stays_without_another(sample_class):
    sample_class = sample_class()
    due = datetime(2026, 12, 1, 23, 59, tzinfo=ZoneInfo("Asia/Seoul"))
    assignments.release(sample_class.course, sample_class.source, due)
    assert due_of(sample_class) == "2026-12-01 14:59:00"
    assignments.release(sample_class.course, sample_class.source)
    assert due_of(sample_class) == "2026-12-01 14:59:00"


# --- other points -----------------------------------------------------------------------------------------------------


@pytest.fixture
def graded_class(sample_class):
    """A SampleClass whose three students were graded: ada is right, bob is wrong, eve has a point of a person."""
    sample_class = sample_class()
    for student, work in {"ada": "solved", "bob": {"0.1": FALLING}, "eve": {"0.1": FALLING}}.items():
        sample_class.hand_in(student, work)
    sample_class.grade()
    sample_class.change_grade("eve", "check-0-1", manual_score=1.0, needs_manual_grade=False)
    return sample_class


def give_stars(sample_class, monkeypatch, stars):
    """Give exercise 0.1 another number of stars, and derive its notebook."""
    monkeypatch.setitem(EXERCISES, "0.1", replace(EXERCISES["0.1"], heading=f"0.1 {'★' * stars} The sigmoid"))
    lay_out_again(sample_class)


def enter_points(sample_class, grade_id, points):
    """Let something else enter other points into the gradebook."""
    with sample_class.course.gradebook() as gradebook:
        gradebook.update_or_create_grade_cell(grade_id, sample_class.name, sample_class.name, max_score=points)


def entered_points(sample_class):
    """Return the points that the gradebook has for each cell."""
    with sample_class.course.gradebook() as gradebook:
        notebook = gradebook.find_notebook(sample_class.name, sample_class.name)
        return {cell.name: cell.max_score for cell in notebook.grade_cells}


def release_of(sample_class, **options):
    """Release the notebook of a class."""
    return assignments.release(sample_class.course, sample_class.source, **options)


def test_other_points_than_the_graded_ones_are_refused_cell_by_cell(graded_class, monkeypatch):
    give_stars(graded_class, monkeypatch, 3)
    with pytest.raises(ValueError) as refusal:
        release_of(graded_class, due=datetime(2026, 12, 1, tzinfo=ZoneInfo("Asia/Seoul")))
    assert str(refusal.value) == (
        "00_start_here was graded with other points: check-0-1 from 1 to 3 (3 graded), hidden-0-1 from 1 to 3 "
        "(3 graded). To release it with the new points and grade all submissions again: "
        "`make release NB=00 ARGS=--regrade`."
    )
    assert entered_points(graded_class) == {"check-0-1": 1.0, "hidden-0-1": 1.0}
    assert (due_of(graded_class), find_stale(graded_class.course, graded_class.name)) == ("None", {})


def test_other_points_are_entered_freely_while_nothing_is_graded(sample_class, monkeypatch):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved")
    give_stars(sample_class, monkeypatch, 2)
    release_of(sample_class)
    assert entered_points(sample_class) == {"check-0-1": 2.0, "hidden-0-1": 2.0}


def test_the_same_points_are_no_reason_to_grade_again(graded_class):
    release_of(graded_class, regrade=True)
    assert find_stale(graded_class.course, graded_class.name) == {}
    assert graded_class.look_up("eve", "needs_manual_grade", grade_id="check-0-1") == (False,)


def test_every_score_is_stale_before_other_points_are_entered(graded_class, monkeypatch):
    """Whatever ends the command between the two, no export shows a sum of old points out of the new ones."""
    give_stars(graded_class, monkeypatch, 2)
    monkeypatch.setattr(assignments, "generate", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        release_of(graded_class, regrade=True)
    assert find_stale(graded_class.course, graded_class.name).keys() == {"ada", "bob", "eve"}
    assert entered_points(graded_class) == {"check-0-1": 1.0, "hidden-0-1": 1.0}


def exported(sample_class):
    """Return what an export says of ada: the score, and out of how many points."""
    with export(sample_class.course).path.open(newline="", encoding="utf-8-sig") as file:
        return next((row["score"], row["max_score"]) for row in csv.DictReader(file) if row["student_id"] == "ada")


def test_after_a_regrade_right_work_has_all_of_the_new_points(graded_class, monkeypatch):
    assert exported(graded_class) == ("2", "2")
    give_stars(graded_class, monkeypatch, 3)
    release_of(graded_class, regrade=True)
    assert find_stale(graded_class.course, graded_class.name).keys() == {"ada", "bob", "eve"}
    assert graded_class.points("ada") == {"check-0-1": 1.0, "hidden-0-1": 1.0}
    assert exported(graded_class) == ("", "6")
    graded_class.grade()
    assert exported(graded_class) == ("6", "6")
    assert find_stale(graded_class.course, graded_class.name) == {}
    assert graded_class.points("ada") == entered_points(graded_class) == {"check-0-1": 3.0, "hidden-0-1": 3.0}
    release_of(graded_class)


def test_a_point_that_a_person_gave_out_of_other_points_waits_for_a_person(graded_class, monkeypatch):
    give_stars(graded_class, monkeypatch, 2)
    release_of(graded_class, regrade=True)
    graded_class.grade()
    found = graded_class.look_up("eve", "manual_score", "needs_manual_grade", grade_id="check-0-1")
    assert found == (1.0, True)
    assert graded_class.look_up("ada", "needs_manual_grade", grade_id="check-0-1") == (False,)


@pytest.mark.parametrize("copies", ["kept", "lost"])
def test_other_points_in_the_gradebook_are_refused_too(graded_class, copies):
    if copies == "lost":
        shutil.rmtree(graded_class.root / "build/autograded")
    enter_points(graded_class, "check-0-1", 2.5)
    with pytest.raises(ValueError, match=re.escape("check-0-1 from 2.5 to 1 (3 graded). To release")):
        release_of(graded_class)
    release_of(graded_class, regrade=True)
    assert entered_points(graded_class) == {"check-0-1": 1.0, "hidden-0-1": 1.0}
    graded_class.grade()
    assert find_stale(graded_class.course, graded_class.name) == {}


def test_new_points_that_the_gradebook_has_already_are_refused_while_scores_are_of_the_old(graded_class, monkeypatch):
    """nbgrader's own command enters them, in a course with a configuration of its own."""
    give_stars(graded_class, monkeypatch, 2)
    for grade_id in ("check-0-1", "hidden-0-1"):
        enter_points(graded_class, grade_id, 2.0)
    with pytest.raises(ValueError, match=re.escape("check-0-1 from 1 to 2 (3 graded), hidden-0-1 from 1 to 2")):
        release_of(graded_class)


def test_a_student_whose_file_is_gone_is_named_and_does_not_block_later_releases(graded_class, monkeypatch):
    shutil.rmtree(graded_class.course.folder("submitted", graded_class.name, "bob"))
    give_stars(graded_class, monkeypatch, 2)
    release_of(graded_class, regrade=True)
    graded_class.grade()
    assert assignments.find_without_file(graded_class.course, graded_class.name) == ["bob"]
    release_of(graded_class)
    assert find_stale(graded_class.course, graded_class.name).keys() == {"bob"}


def test_nothing_changes_while_the_assignment_is_being_graded(graded_class, monkeypatch):
    give_stars(graded_class, monkeypatch, 2)
    with locked(graded_class.course, graded_class.name), pytest.raises(ValueError, match="Another command is grading"):
        release_of(graded_class, regrade=True)
    assert entered_points(graded_class) == {"check-0-1": 1.0, "hidden-0-1": 1.0}
    assert find_stale(graded_class.course, graded_class.name) == {}


@pytest.mark.parametrize("damaged", [b"", b"{}", b"\xff", b'{"cells": []}'])
def test_a_damaged_graded_copy_is_as_good_as_none(graded_class, monkeypatch, damaged):
    give_stars(graded_class, monkeypatch, 2)
    copy = graded_class.course.folder("autograded", graded_class.name, "ada") / f"{graded_class.name}.ipynb"
    replace_file(copy, damaged)
    with pytest.raises(ValueError, match=re.escape("check-0-1 from 1 to 2 (3 graded)")):
        release_of(graded_class)


def test_other_cells_are_refused_before_a_score_becomes_stale(graded_class, monkeypatch):
    text = graded_class.source.read_text().replace('"grade_id": "check-0-1"', '"grade_id": "check-1-1"')
    graded_class.source.write_text(text.replace('\ncheck("0.1"', '\ncheck("1.1"'))
    give_stars(graded_class, monkeypatch, 2)
    with pytest.raises(ValueError, match="other cells than when it was released"):
        release_of(graded_class, regrade=True)
    assert find_stale(graded_class.course, graded_class.name) == {}


def test_a_check_of_a_release_makes_no_gradebook(tmp_path):
    source = lay_out(tmp_path, "00")
    assignments.check_release(Course(tmp_path), source)
    assert not (tmp_path / "gradebook.db").exists()
