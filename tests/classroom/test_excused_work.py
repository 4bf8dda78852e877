"""Work that a student is excused from is neither missing nor a zero, whatever else the gradebook has of it."""

import csv
import shutil

import pytest

from helpers.classroom.administration.collection import collect
from helpers.classroom.administration.excused_work import excuse, read_excused
from helpers.classroom.administration.export import export
from helpers.classroom.administration.groups import write_groups

NAME = "00_start_here"


@pytest.fixture
def course(blank_course):
    """A course with one assignment of 4 points: ada has a score, bob's is 0, and the others have nothing."""
    with blank_course.gradebook() as gradebook:
        gradebook.add_assignment(NAME)
        gradebook.add_notebook(NAME, NAME)
        gradebook.add_grade_cell("check-0-1", NAME, NAME, cell_type="code", max_score=4)
        for student in ("ada", "bob", "ina", "jo"):
            gradebook.add_student(student)
        for student, score in {"ada": 3.0, "bob": 0.0}.items():
            gradebook.add_submission(NAME, student, timestamp="2026-12-01 10:00:00 UTC")
            grade = gradebook.find_grade("check-0-1", NAME, NAME, student)
            grade.auto_score, grade.needs_manual_grade = score, False
        gradebook.db.commit()
    return blank_course


def excused_of(course):
    """Return who is excused."""
    with course.gradebook() as gradebook:
        return read_excused(gradebook, NAME)


def exported(course, platform, column):
    """Return a column of an export, by student."""
    path = export(course, platform).path
    with path.open(encoding="utf-8-sig", newline="") as file:
        ids = {"canvas": "SIS Login ID", "moodle": "Username", "plain": "student_id"}
        return {row[ids[platform]]: row[column] for row in csv.DictReader(file) if row[ids[platform]]}


@pytest.mark.parametrize(
    ("platform", "mark", "words"), [("canvas", "EX", "EX"), ("moodle", "", "left blank"), ("plain", "", "left blank")]
)
def test_each_platform_gets_it_in_its_own_way_and_the_totals_say_so(course, platform, mark, words):
    excuse(course, NAME, ["bob", "ina"])
    column = "score" if platform == "plain" else NAME
    assert exported(course, platform, column) == {"ada": "3", "bob": mark, "ina": mark, "jo": ""}
    assert str(export(course, platform)).splitlines() == [
        f"Written: {course.root}/build/grades-{platform}.csv, 4 students, 1 score, 2 excused, 1 left blank.",
        f"{NAME}: excused, {words}: bob, ina.",
        f"{NAME}: 1 not handed in.",
    ]


def test_the_plain_table_has_the_state_and_no_points(course):
    excuse(course, NAME, ["ada"])
    assert exported(course, "plain", "state")["ada"] == "excused"
    assert exported(course, "plain", "raw_score")["ada"] == ""


def test_a_stale_score_of_excused_work_is_no_reason_to_grade_again(course):
    folder = course.folder("submitted", NAME, "ada")
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text("2026-12-01 12:00:00 UTC")
    assert export(course).stale
    excuse(course, NAME, ["ada"])
    assert not export(course).stale


def test_it_is_taken_back_and_the_score_is_there_as_before(course):
    before = exported(course, "canvas", NAME)
    excuse(course, NAME, ["ada", "ina"])
    excuse(course, NAME, ["ada"])
    assert excused_of(course) == ["ada", "ina"]
    assert excuse(course, NAME, ["ada", "ina"], undo=True) == [f"No longer excused from {NAME}: ada, ina."]
    assert excuse(course, NAME, ["jo"], undo=True) == [f"No longer excused from {NAME}: jo."]
    assert (excused_of(course), exported(course, "canvas", NAME)) == ([], before)


def test_nbgraders_own_average_does_not_count_it_as_a_zero(course):
    with course.gradebook() as gradebook:
        before = gradebook.average_assignment_score(NAME)
    excuse(course, NAME, ["ina", "jo"])
    with course.gradebook() as gradebook:
        assert gradebook.average_assignment_score(NAME) == before == 1.5


def test_who_is_excused_is_not_among_those_from_whom_there_is_nothing(course, tmp_path):
    download = tmp_path / "download"
    download.mkdir()
    shutil.copy(__file__, download / "ada.ipynb")
    excuse(course, NAME, ["ada", "ina"])
    said = str(collect(course, NAME, download, dry_run=True))
    assert said.endswith("Nothing from 2 of the class: bob, jo.\nExcused: ina.")


def test_it_is_for_the_named_alone_and_the_others_of_a_group_are_named(course):
    write_groups(course, {"Team 1": ["ina", "jo"]})
    others = 'This is not for jo, in a group with ina; for all: STUDENT="ina jo".'
    assert excuse(course, NAME, ["ina"]) == [f"Excused from {NAME}: ina.", others]
    assert excuse(course, NAME, ["ina", "jo"]) == [f"Excused from {NAME}: ina, jo."]
    assert excuse(course, NAME, ["ina"], undo=True)[1] == others


@pytest.mark.parametrize(("undo", "words"), [(False, "Would be excused"), (True, "Would no longer be excused")])
def test_a_dry_run_changes_nothing(course, undo, words):
    excuse(course, NAME, ["ada"])
    assert excuse(course, NAME, ["ada" if undo else "jo"], undo=undo, dry_run=True)[0].startswith(
        f"{words} from {NAME}: "
    )
    assert excused_of(course) == ["ada"]


def test_who_was_removed_from_the_class_is_not_listed(course):
    excuse(course, NAME, ["ada", "ina"])
    with course.gradebook() as gradebook:
        gradebook.remove_student("ada")
    assert excused_of(course) == ["ina"]
    assert export(course).excused == {NAME: ["ina"]}


def test_an_assignment_that_was_not_released_is_told_so(course):
    with pytest.raises(ValueError, match="01_other was not released yet"):
        excuse(course, "01_other", ["ada"])
