"""A gradebook of an older nbgrader is said as such, before anything in it is changed."""

import sqlite3
import subprocess

import pytest
from typer.testing import CliRunner

import helpers.__main__
from helpers.classroom.administration.roster import enter
from helpers.classroom.course import Course, parse_time
from helpers.classroom.learner import lab

#: The tables of nbgrader 0.4, of 2016.
OLD = """
CREATE TABLE assignment (id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL UNIQUE, duedate DATETIME);
CREATE TABLE student (id VARCHAR(128) PRIMARY KEY, first_name VARCHAR(128), last_name VARCHAR(128), email VARCHAR(128));
CREATE TABLE notebook (id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL, assignment_id VARCHAR(32));
CREATE TABLE grade_cell (id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL, max_score FLOAT NOT NULL,
    cell_type VARCHAR(8) NOT NULL, notebook_id VARCHAR(32));
CREATE TABLE solution_cell (id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL, notebook_id VARCHAR(32));
CREATE TABLE source_cell (id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL, cell_type VARCHAR(8) NOT NULL,
    source TEXT, checksum VARCHAR(128), locked BOOLEAN NOT NULL, notebook_id VARCHAR(32));
CREATE TABLE submitted_assignment (id VARCHAR(32) PRIMARY KEY, assignment_id VARCHAR(32), student_id VARCHAR(128),
    timestamp DATETIME, extension DATETIME);
CREATE TABLE submitted_notebook (id VARCHAR(32) PRIMARY KEY, notebook_id VARCHAR(32), assignment_id VARCHAR(32),
    flagged BOOLEAN, late_submission_penalty FLOAT);
CREATE TABLE grade (id VARCHAR(32) PRIMARY KEY, notebook_id VARCHAR(32), cell_id VARCHAR(32), auto_score FLOAT,
    manual_score FLOAT, needs_manual_grade BOOLEAN NOT NULL);
CREATE TABLE comment (id VARCHAR(32) PRIMARY KEY, notebook_id VARCHAR(32), cell_id VARCHAR(32), auto_comment TEXT,
    manual_comment TEXT);
INSERT INTO student VALUES ('ada', 'Ada', 'Lovelace', NULL);
"""


def change(course, script):
    with sqlite3.connect(course.root / "gradebook.db") as database:
        database.executescript(script)
    database.close()


@pytest.fixture
def old_course(tmp_path):
    """A course whose gradebook nbgrader 0.4 made."""
    course = Course(tmp_path)
    change(course, OLD)
    return course


def open_gradebook(course):
    with course.gradebook() as gradebook:
        return [student.id for student in gradebook.students]


@pytest.mark.parametrize("version", ["", "DROP TABLE alembic_version;"])
@pytest.mark.parametrize(
    "loss",
    [
        "ALTER TABLE student DROP COLUMN lms_user_id;",
        "ALTER TABLE grade DROP COLUMN extra_credit;",
        "ALTER TABLE notebook DROP COLUMN kernelspec;",
    ],
)
def test_a_gradebook_that_lacks_a_column_is_said_to_be_old_with_the_way_out(blank_course, loss, version):
    change(blank_course, loss + version)
    with pytest.raises(
        ValueError, match=r"was made by an older nbgrader\. In .*, run `.* nbgrader db upgrade`"
    ) as said:
        open_gradebook(Course(blank_course.root))
    assert "\n" not in str(said.value)


def test_an_old_gradebook_is_left_as_it_is(old_course):
    before = (old_course.root / "gradebook.db").read_bytes()
    (old_course.root / "class.csv").write_text("id\ngrace\n")
    for use in (
        open_gradebook,
        lambda course: enter(course, course.root / "class.csv"),
        lambda course: course.need_released("x"),
        Course.check_gradebook,
    ):
        with pytest.raises(ValueError, match="nbgrader db upgrade"):
            use(old_course)
    assert (old_course.root / "gradebook.db").read_bytes() == before


@pytest.mark.parametrize(
    "line", ["roster class.csv", "collect 00 --from .", "grade 00", "feedback 00", "export", "formgrader"]
)
def test_every_command_that_opens_it_says_so(line, old_course, monkeypatch):
    (old_course.root / "class.csv").write_text("id\ngrace\n")
    graded = old_course.folder("autograded", "00_start_here", "ada")
    graded.mkdir(parents=True)
    (graded / "00_start_here.ipynb").touch()
    monkeypatch.chdir(old_course.root)
    monkeypatch.setattr("helpers.classroom.course.Course", lambda root: old_course)
    monkeypatch.setattr(lab, "launch_formgrader", lambda *_: pytest.fail("formgrader was started"))
    monkeypatch.setattr(Course, "find_source", lambda *_: helpers.__main__.ROOT / "solutions/00_start_here.py")
    outcome = CliRunner().invoke(helpers.__main__.app, line.split())
    assert outcome.exit_code == 1
    assert "was made by an older nbgrader" in str(outcome.exception)


@pytest.mark.slow
def test_the_command_that_is_named_makes_it_usable(old_course):
    with pytest.raises(ValueError) as said:
        old_course.check_gradebook()
    command = str(said.value).split("`")[1]
    subprocess.run(
        command,
        shell=True,
        cwd=old_course.root,
        check=True,
        capture_output=True,
        env={"HOME": "/", "PATH": "/usr/bin:/bin"},
    )
    assert open_gradebook(old_course) == ["ada"]


def test_a_gradebook_without_a_table_is_not_old_since_nbgrader_adds_it(blank_course):
    change(blank_course, "DROP TABLE comment;")
    assert open_gradebook(Course(blank_course.root)) == []


def test_checking_makes_no_gradebook(tmp_path):
    Course(tmp_path).check_gradebook()
    assert not (tmp_path / "gradebook.db").exists()


@pytest.mark.parametrize("text", ["", "soon", f"{'9' * 31}.5m", "2026-12-01 12:00:00 " + "Z" * 5000])
def test_a_text_that_is_no_time_is_none(text):
    """It may be the name of a folder that any student can make."""
    assert parse_time(text) is None
