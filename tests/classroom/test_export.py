"""A zero is a score that was given; everything else stays blank, in each platform's format."""

import csv
import os
import shutil
from datetime import datetime, timedelta

import pytest
from nbgrader.plugins import CsvExportPlugin

from helpers.classroom.administration.excused_work import excuse
from helpers.classroom.administration.export import export, read_results
from helpers.classroom.course import Course
from helpers.classroom.grading import staleness
from helpers.classroom.grading.staleness import mark_graded
from helpers.classroom.grading.submitted_work import handed_in_at, read_work, work_id

NAME = "01_vanishing"
CELLS = {"check-1-1": ("code", 2.0), "hidden-1-1": ("code", 2.0), "written-1-2": ("markdown", 4.0)}
DUE = datetime(2026, 11, 30, 12)

#: id, first name, last name, and what they have: scores by cell (None: a person has yet to look), penalty.
CLASS = {
    "ada": ("Ada", "Lovelace", {"check-1-1": 2.0, "hidden-1-1": 1.5, "written-1-2": 4.0}, 0.0),
    "bob": ("Bob", "Late", {"check-1-1": 2.0, "hidden-1-1": 2.0, "written-1-2": 0.0}, 1.25),
    "eve": ("Eve", "Very Late", {"check-1-1": 2.0, "hidden-1-1": 0.0, "written-1-2": 0.0}, 4.0),
    "zed": ("Zed", "Zero", {"check-1-1": 0.0, "hidden-1-1": 0.0, "written-1-2": 0.0}, 0.0),
    "wim": ("Wim", "Waiting", {"check-1-1": 2.0, "hidden-1-1": 2.0, "written-1-2": None}, 0.0),
    "fay": ("Fay", "Failed", {}, 0.0),  # entered, and grading stopped
    "col": ("Col", "Collected", None, 0.0),  # lies in submitted/, not in the gradebook
    "non": ("Non", "Nothing", None, 0.0),
}
BLANK = {"wim", "fay", "col", "non"}


@pytest.fixture(scope="module")
def graded_once(tmp_path_factory, blank_gradebook):
    """A course with one student in each state."""
    course = Course(tmp_path_factory.mktemp("graded"))
    shutil.copy(blank_gradebook, course.root)
    with course.gradebook() as gradebook:
        gradebook.add_assignment(NAME, duedate=DUE)
        gradebook.add_notebook(NAME, NAME)
        for cell, (kind, points) in CELLS.items():
            gradebook.add_grade_cell(cell, NAME, NAME, cell_type=kind, max_score=points)
        for student, (first, last, scores, penalty) in CLASS.items():
            email, number = f"{student}@example.org", f"5{len(student)}{student}"
            gradebook.add_student(student, first_name=first, last_name=last, email=email, lms_user_id=number)
            if scores is not None:
                enter(gradebook, student, scores, penalty)
    place(course, "col")
    return course


@pytest.fixture
def graded(graded_once, tmp_path):
    """A copy of that course."""
    return Course(shutil.copytree(graded_once.root, tmp_path / "course"))


def enter(gradebook, student, scores, penalty=0.0):
    """Enter a submission as grading does, code by the machine and text by a person."""
    gradebook.add_submission(NAME, student, timestamp=DUE)
    gradebook.find_submission_notebook(NAME, NAME, student).late_submission_penalty = penalty
    for cell, score in scores.items():
        grade = gradebook.find_grade(cell, NAME, NAME, student)
        setattr(grade, "auto_score" if CELLS[cell][0] == "code" else "manual_score", score)
        grade.needs_manual_grade = score is None
    gradebook.db.commit()


def place(course, student, timestamp=""):
    """Place a collected notebook."""
    folder = course.folder("submitted", NAME, student)
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text("{}")
    (folder / "timestamp.txt").write_text(timestamp)


def rows(path, encoding="utf-8"):
    """Read a CSV file."""
    with open(path, encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def scores_of(course):
    """Return each student's score in the plain export."""
    return {row["student_id"]: row["score"] for row in rows(export(course).path, "utf-8-sig")}


# --- what counts as a score -------------------------------------------------------------------------------------------


def test_what_is_not_graded_is_blank_and_a_zero_is_a_score(graded):
    assert scores_of(graded) == {
        **dict.fromkeys(BLANK, ""),
        "ada": "7.5",
        "bob": "2.75",
        "eve": "0",
        "zed": "0",
    }


def test_the_report_says_why_each_is_blank(graded):
    assert str(export(graded)) == (
        f"Written: {graded.root}/build/grades-plain.csv, 8 students, 4 scores, 4 left blank.\n"
        f"{NAME}: 2 not graded yet: col, fay.\n"
        f"{NAME}: 1 not handed in.\n"
        f"{NAME}: 1 waits for a person: wim."
    )


def test_nbgraders_own_export_has_the_same_scores_and_zeros_platform_is_not_graded(graded, tmp_path):
    stock = CsvExportPlugin()
    stock.to = str(tmp_path / "stock.csv")
    with graded.gradebook() as gradebook:
        stock.export(gradebook)
    theirs = {row["student_id"]: float(row["score"]) for row in rows(stock.to)}
    ours = scores_of(graded)
    assert {student: theirs[student] for student in theirs if ours[student]} == {
        student: float(score) for student, score in ours.items() if score
    }
    assert {student: theirs[student] for student in BLANK} == {"wim": 4.0, "fay": 0.0, "col": 0.0, "non": 0.0}


def test_points_and_penalties_are_nbgraders_own_sums(graded):
    with graded.gradebook() as gradebook:
        results = read_results(graded, gradebook, NAME)
        for student, result in results.items():
            if result.score is not None:
                submission = gradebook.find_submission(NAME, student)
                assert result.points == submission.score
                assert result.penalty == submission.late_submission_penalty


def test_a_persons_score_replaces_the_machines_and_extra_credit_is_added(graded):
    with graded.gradebook() as gradebook:
        grade = gradebook.find_grade("check-1-1", NAME, NAME, "zed")
        grade.manual_score, grade.extra_credit = 1.0, 0.25
        gradebook.db.commit()
    assert scores_of(graded)["zed"] == "1.25"


@pytest.mark.parametrize("score", [None, float("inf"), float("-inf")])
def test_a_cell_without_a_finite_score_leaves_the_whole_blank(graded, score):
    with graded.gradebook() as gradebook:
        grade = gradebook.find_grade("check-1-1", NAME, NAME, "ada")
        grade.auto_score, grade.needs_manual_grade = score, False
        gradebook.db.commit()
    assert scores_of(graded)["ada"] == ""


# --- stale scores -----------------------------------------------------------------------------------------------------


def later(hours=1):
    """The text of a timestamp.txt, some hours after what the gradebook has."""
    return f"{DUE + timedelta(hours=hours):%Y-%m-%d %H:%M:%S.%f} UTC"


def note(course, student, *, open=False, work=None, at=None):
    """Note that a student's work was graded, as grading does; by default what is collected."""
    path = course.folder("submitted", NAME, student) / f"{NAME}.ipynb"
    with course.gradebook() as gradebook:
        submission = gradebook.find_submission(NAME, student)
        handed_in = handed_in_at(course, NAME, student) if at is None else at
        mark_graded(gradebook, submission.id, work or work_id(read_work(path)), handed_in, open=open)
        gradebook.db.commit()


@pytest.fixture
def stale(graded):
    """That course, with two students who handed in again, and one whose regrade was not finished."""
    place(graded, "ada", later())  # graded by something else: the time tells
    place(graded, "zed", later(0))
    note(graded, "zed", work="0" * 64)
    place(graded, "bob", later(0))
    note(graded, "bob", open=True)
    place(graded, "eve", later(0))
    note(graded, "eve")
    return graded


def test_a_stale_score_is_left_blank_and_named(stale):
    exported = export(stale)
    assert scores_of(stale) == dict.fromkeys(CLASS, "") | {"eve": "0"}
    assert str(exported) == (
        f"Written: {stale.root}/build/grades-plain.csv, 8 students, 1 score, 7 left blank.\n"
        f"{NAME}: 2 not graded yet: col, fay.\n"
        f"{NAME}: 1 not handed in.\n"
        f"{NAME}: 1 waits for a person: wim.\n"
        f"{NAME}: left blank, a regrade is not finished: bob.\n"
        f"{NAME}: left blank, handed in again since it was graded: ada, zed.\n"
        "Run `make grade NB=01`, then this again; ARGS=--stale exports the old scores."
    )


@pytest.mark.parametrize("platform", ["canvas", "moodle"])
def test_a_stale_score_is_in_no_platforms_file(stale, platform):
    text = export(stale, platform).path.read_text(encoding="utf-8")
    assert "7.5" not in text and "2.75" not in text


def test_a_stale_score_is_exported_if_asked_for_and_named_all_the_same(stale):
    exported = export(stale, stale=True)
    table = {row["student_id"]: row for row in rows(exported.path, "utf-8-sig")}
    assert {student: row["score"] for student, row in table.items()} == {
        **dict.fromkeys(BLANK, ""),
        "ada": "7.5",
        "bob": "2.75",
        "eve": "0",
        "zed": "0",
    }
    assert [table[student]["state"] for student in ("ada", "bob", "eve", "zed")] == [
        "handed in again since it was graded",
        "a regrade is not finished",
        "graded",
        "handed in again since it was graded",
    ]
    assert f"{NAME}: the score is an old one, handed in again since it was graded: ada, zed." in str(exported)
    assert "--stale" not in str(exported)


def test_the_plain_table_says_why_a_stale_score_is_blank(stale):
    table = {row["student_id"]: row for row in rows(export(stale).path, "utf-8-sig")}
    assert table["bob"]["state"] == "a regrade is not finished"
    assert (table["bob"]["raw_score"], table["bob"]["late_submission_penalty"]) == ("", "")


@pytest.mark.parametrize("hours", [-1, 1])
def test_the_same_work_handed_in_at_another_time_makes_a_score_stale(graded, hours):
    """What is taken from it for being late depends on the time."""
    place(graded, "ada", later(hours))
    note(graded, "ada", at=DUE)
    assert scores_of(graded)["ada"] == ""


def test_the_time_that_nbgraders_autograde_enters_before_it_grades_is_not_taken_for_that_of_the_score(graded):
    place(graded, "ada", later(30))
    note(graded, "ada", at=DUE)
    with graded.gradebook() as gradebook:
        gradebook.update_or_create_submission(NAME, "ada", timestamp=DUE + timedelta(hours=30))
    assert export(graded).stale == {(NAME, "handed in again since it was graded"): ["ada"]}


def test_points_of_a_person_on_a_stale_submission_are_stale_too(stale):
    with stale.gradebook() as gradebook:
        gradebook.find_grade("written-1-2", NAME, NAME, "bob").manual_score = 3.0
        gradebook.db.commit()
    assert scores_of(stale)["bob"] == ""


@pytest.mark.parametrize("replace", ["symlink", "removed", "folder"])
def test_a_notebook_that_is_none_any_more_makes_a_score_stale(graded, tmp_path, replace):
    place(graded, "ada", later(0))
    note(graded, "ada")
    path = graded.folder("submitted", NAME, "ada") / f"{NAME}.ipynb"
    same = path.rename(tmp_path / "same.ipynb")
    {"symlink": lambda: path.symlink_to(same), "removed": lambda: None, "folder": path.mkdir}[replace]()
    assert export(graded).stale == {(NAME, "handed in again since it was graded"): ["ada"]}


def test_a_file_that_cannot_be_compared_makes_a_score_stale(graded, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    place(graded, "ada", later(0))
    note(graded, "ada")
    monkeypatch.setattr(staleness, "read_work", refuse)
    assert export(graded).stale == {(NAME, staleness.NOT_COMPARED): ["ada"]}


def test_a_score_stays_where_the_submitted_files_were_put_away(graded):
    place(graded, "ada", later(0))
    note(graded, "ada")
    shutil.rmtree(graded.folder("submitted", NAME))
    assert scores_of(graded)["ada"] == "7.5"


@pytest.mark.parametrize("stamp", ["", "yesterday-ish", "9999999999999999"])
def test_a_time_of_handing_in_that_is_none_stops_no_export(graded, stamp):
    place(graded, "ada", stamp)
    note(graded, "ada")
    assert scores_of(graded)["ada"] == "7.5"


# --- formats ----------------------------------------------------------------------------------------------------------


def test_canvas_gets_its_five_columns_and_the_line_of_possible_points(graded):
    text = export(graded, "canvas").path.read_text(encoding="utf-8")
    assert text.splitlines()[:4] == [
        f"Student,ID,SIS User ID,SIS Login ID,Section,{NAME}",
        "    Points Possible,,,,,8",
        '"Collected, Col",53col,,col,,',
        '"Failed, Fay",53fay,,fay,,',
    ]
    assert '"Lovelace, Ada",53ada,,ada,,7.5' in text


def test_moodle_gets_three_columns_that_may_name_a_student(graded):
    text = export(graded, "moodle").path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"Username,ID number,Email address,{NAME}"
    assert "ada,ada,ada@example.org,7.5" in text
    assert "wim,wim,wim@example.org,\n" in text


def test_the_plain_table_has_nbgraders_columns_and_the_state(graded):
    table = {row["student_id"]: row for row in rows(export(graded).path, "utf-8-sig")}
    assert table["bob"] == {
        "assignment": NAME,
        "duedate": "2026-11-30 12:00:00",
        "timestamp": "2026-11-30 12:00:00",
        "student_id": "bob",
        "last_name": "Late",
        "first_name": "Bob",
        "email": "bob@example.org",
        "raw_score": "4",
        "late_submission_penalty": "1.25",
        "score": "2.75",
        "max_score": "8",
        "state": "graded",
    }
    assert {student: row["state"] for student, row in table.items() if student in BLANK} == {
        "wim": "waits for a person",
        "fay": "not graded yet",
        "col": "not graded yet",
        "non": "not handed in",
    }


@pytest.mark.parametrize("platform", ["canvas", "moodle", "plain"])
def test_a_name_or_address_is_never_a_formula(graded, platform):
    with graded.gradebook() as gradebook:
        for first in ("=", "+", "-", "@", "\t=", " ="):
            text = f'{first}HYPERLINK("http://x")'
            gradebook.add_student(f"s{ord(first[0])}{len(first)}", first_name=text, last_name=text, email=text)
    with open(export(graded, platform).path, encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert sum("HYPERLINK" in cell for cell in cells) >= 6
    assert not any(cell.strip().startswith(("=", "+", "-", "@")) for cell in cells)


def test_scores_have_two_digits_at_most(graded):
    with graded.gradebook() as gradebook:
        gradebook.find_grade("check-1-1", NAME, NAME, "zed").auto_score = 2 / 3
        gradebook.db.commit()
    assert scores_of(graded)["zed"] == "0.67"


# --- files and refusals -----------------------------------------------------------------------------------------------


def test_a_dry_run_writes_nothing(graded):
    exported = export(graded, "canvas", dry_run=True)
    assert str(exported).startswith("Would be written:")
    assert not exported.path.exists()


def test_a_file_is_replaced_atomically(graded, tmp_path, monkeypatch):
    path = tmp_path / "grades.csv"
    path.write_text("old")

    def fail(*args):
        raise OSError("no space left")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space left"):
        patch.setattr(os, "replace", fail)
        export(graded, "canvas", path)
    assert path.read_text() == "old"
    export(graded, "canvas", path)
    assert path.read_text().startswith("Student,ID,")


@pytest.mark.parametrize("name", [NAME, "01"])
def test_assignments_are_chosen_by_name_or_number(graded, name):
    with graded.gradebook() as gradebook:
        gradebook.add_assignment("02_clipping")
    assert export(graded, "moodle", assignments=[name]).assignments == [NAME]
    assert export(graded, "moodle").assignments == [NAME, "02_clipping"]


def test_what_cannot_be_exported_is_said_in_one_sentence(graded, tmp_path):
    with pytest.raises(ValueError, match=r"^There is no export for 'excel'; there are: canvas, moodle, plain\.$"):
        export(graded, "excel")
    with pytest.raises(ValueError, match=rf"^There is no assignment 07 in the gradebook; there are: {NAME}\.$"):
        export(graded, "canvas", assignments=["07"])
    with pytest.raises(ValueError, match="is a folder; name a file"):
        export(graded, "canvas", tmp_path)


def test_a_course_without_a_class_list_or_a_release_is_told_so(blank_course):
    with pytest.raises(ValueError, match="The class list is empty"):
        export(blank_course)
    with blank_course.gradebook() as gradebook:
        gradebook.add_student("ada")
    with pytest.raises(ValueError, match="No assignment was released yet"):
        export(blank_course)


def test_a_large_class_is_read_with_one_query(graded, monkeypatch):
    from sqlalchemy import event

    queries = []
    with graded.gradebook() as gradebook:
        students = gradebook.students
        monkeypatch.setattr(type(gradebook), "students", students)
        event.listen(gradebook.engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
        read_results(graded, gradebook, NAME)
    assert len(queries) == 1


@pytest.mark.parametrize("platform", ["Canvas", "CANVAS", " canvas"])
def test_the_case_of_a_platforms_name_makes_no_difference(graded, platform):
    assert export(graded, platform).path.name == "grades-canvas.csv"


@pytest.mark.parametrize("number", ["1", "01", "1.", "01_van", NAME])
def test_a_notebook_is_chosen_however_its_number_is_written(graded, number):
    assert export(graded, "plain", None, [number]).assignments == [NAME]


# --- by exercise ------------------------------------------------------------------------------------------------------


def by_exercise(course, platform="plain", **options):
    """Return the rows of the file with the scores by exercise, by student, and the path of the file."""
    path = export(course, platform, by_exercise=True, **options).by_exercise
    return {row["student_id"]: row for row in rows(path, "utf-8-sig")}, path


def test_each_exercise_has_a_column_with_its_full_points_and_what_is_not_graded_is_blank(graded):
    table, path = by_exercise(graded)
    assert path.name == "grades-plain-by-exercise.csv"
    assert [*table["ada"]] == ["student_id", "last_name", "first_name", "email", "1.1 (4)", "written-1-2 (4)"]
    assert {student: (row["1.1 (4)"], row["written-1-2 (4)"]) for student, row in table.items()} == {
        **dict.fromkeys(("fay", "col", "non"), ("", "")),
        "ada": ("3.5", "4"),
        "bob": ("4", "0"),
        "eve": ("2", "0"),
        "zed": ("0", "0"),
        "wim": ("4", ""),
    }


def test_the_file_of_a_platform_stays_as_it_is_beside_the_scores_by_exercise(graded):
    before = export(graded, "canvas").path.read_bytes()
    table, path = by_exercise(graded, "canvas")
    assert (path.name, path.with_name("grades-canvas.csv").read_bytes()) == ("grades-canvas-by-exercise.csv", before)
    assert table["ada"]["1.1 (4)"] == "3.5"
    said = str(export(graded, "canvas", by_exercise=True))
    assert f"Written: {path}, by exercise, before late penalties." in said
    assert str(path) not in str(export(graded, "canvas"))


def test_stale_scores_are_in_neither_file_unless_asked_for(stale):
    table, _ = by_exercise(stale)
    assert {student for student, row in table.items() if row["1.1 (4)"]} == {"eve", "wim"}
    table, _ = by_exercise(stale, stale=True)
    assert {student for student, row in table.items() if row["1.1 (4)"]} == {"ada", "bob", "eve", "zed", "wim"}


def test_excused_work_has_no_score_of_an_exercise(graded):
    excuse(graded, NAME, ["ada"])
    assert {by_exercise(graded)[0]["ada"][column] for column in ("1.1 (4)", "written-1-2 (4)")} == {""}


def test_exercises_stand_in_the_order_of_their_numbers_and_no_heading_is_a_formula(graded):
    with graded.gradebook() as gradebook:
        gradebook.add_assignment("10_more")
        gradebook.add_notebook("10_more", "10_more")
        for cell in ("check-10-10", "check-10-9", "=1+1", "hidden-10-9"):
            gradebook.add_grade_cell(cell, "10_more", "10_more", cell_type="code", max_score=1.5)
    columns = [*by_exercise(graded)[0]["ada"]][4:]
    assert columns == ["1.1 (4)", "written-1-2 (4)", "10.9 (3)", "10.10 (1.5)", "'=1+1 (1.5)"]


def test_a_dry_run_writes_neither_file(graded):
    exported = export(graded, by_exercise=True, dry_run=True)
    assert not exported.path.exists() and not exported.by_exercise.exists()
    assert f"Would be written: {exported.by_exercise}" in str(exported)
