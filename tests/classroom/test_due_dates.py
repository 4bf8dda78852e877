"""A learner is told when each assignment is due, from a file that is made of the gradebook; without one, nothing."""

import stat
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import __main__ as command_line
from helpers.checks import read_progress
from helpers.classroom.administration import assignments, due_dates
from helpers.classroom.administration.times import as_text, read_time
from helpers.classroom.authoring.learner_kit import pack
from helpers.classroom.course import Course
from helpers.classroom.learner import lab
from tests.checks.test_progress import save
from tests.classroom.sample_class import lay_out

SEOUL = ZoneInfo("Asia/Seoul")
NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
DUE = datetime(2026, 12, 1, 23, 59, tzinfo=SEOUL)


@pytest.fixture
def learner(tmp_path, monkeypatch):
    """A learner's folder, in which the commands run."""
    monkeypatch.delenv(due_dates.VARIABLE, raising=False)
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    monkeypatch.setattr(lab, "launch", lambda *arguments: None)
    (tmp_path / "my").mkdir()
    return tmp_path


def told(folder, text, now=NOW):
    """Return the sentences on the dates in a file."""
    (folder / due_dates.FILE).write_text(text)
    dates = due_dates.read(folder / due_dates.FILE)
    return [*due_dates.in_sentences(dates, read_progress(folder / "my"), now)]


def test_a_due_date_is_told_in_words_with_its_zone_and_the_time_left(learner):
    assert told(learner, '01_vanishing = "2026-12-01 23:59 Asia/Seoul"') == [
        "01_vanishing is due on Tuesday, 1 December 2026, 23:59 (Asia/Seoul, UTC+09:00), in 3 days."
    ]


def test_a_due_date_that_is_over_is_told_while_something_is_open(learner):
    text = '00_start = "2026-11-20 23:59 Asia/Seoul"'
    [said] = told(learner, text)
    assert said.startswith("00_start was due on Friday, 20 November 2026, 23:59 (Asia/Seoul, UTC+09:00), 7 days ago; ")
    assert said.endswith("not right yet: 0.1, 0.2.")
    path = save(learner / "my", "00_start", {"0.1": "1.0"})
    assert told(learner, text)[0].endswith("not right yet: 0.2.")
    path.unlink()
    path.parent.rmdir()
    save(learner / "my", "00_start", {"0.1": "1.0", "0.2": "2.0"})
    assert told(learner, text) == []
    assert len(told(learner, text, NOW - timedelta(days=30))) == 1  # what is due is told in any case


def test_the_next_due_date_comes_first_and_names_may_be_numbers_or_other_assignments(learner):
    said = told(learner, '2 = "2026-12-08"\n"01" = 2026-12-01T12:00:00Z\nproject = "2026-12-04"\nold = "2026-01-01"')
    assert [sentence.split()[0] for sentence in said] == ["01", "project", "2"]


def test_the_file_says_what_the_gradebook_has_in_the_zone_of_the_course(blank_course):
    assert due_dates.file_for_learners(blank_course) == ""
    blank_course.config.Course.timezone = "Asia/Seoul"
    assignments.release(blank_course, lay_out(blank_course.root, "00"), DUE)
    with blank_course.gradebook() as gradebook:
        gradebook.add_assignment("project")
    due_dates.place_in(blank_course.root / "shared", blank_course)
    path = blank_course.root / "shared" / due_dates.FILE
    assert path.read_text().splitlines()[1:] == ['"00_start_here" = "2026-12-01 23:59 Asia/Seoul"']
    assert due_dates.read(path) == {"00_start_here": DUE}
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_where_there_is_no_gradebook_none_is_made(tmp_path):
    course = Course(tmp_path)
    assert due_dates.file_for_learners(course) == "" and not course.has_gradebook and [*tmp_path.iterdir()] == []


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(["Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", None]),
)
def test_every_time_is_read_again_as_it_was_written(moment, name):
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(name) if name else None)
    assert read_time(as_text(local), None) == local


def test_a_time_that_the_clocks_show_twice_is_written_with_its_offset():
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert as_text(first) == "2026-10-25 02:30+02:00" and as_text(first.replace(fold=1)) == "2026-10-25 02:30+01:00"


@pytest.mark.parametrize(
    "data",
    [b"no dates", b"\xff", b"01 = 7", b'01 = "tomorrow"', b"[01]\nx = 1", b"a = " + b"[" * 50_000, b"#" * 200_000],
)
def test_a_broken_file_is_one_sentence_and_the_commands_work_on(learner, capsys, data):
    (learner / due_dates.FILE).write_bytes(data)
    command_line.learn()
    command_line.progress(learner / "my")
    shown = capsys.readouterr()
    assert "Next: exercise 0.1" in shown.out and "As a picture: " in shown.out
    first, second = shown.err.splitlines()
    assert first == second and first.startswith(f"Due dates are not shown, since {learner / due_dates.FILE} cannot be")


def test_without_a_file_nothing_is_said_of_dates(learner, capsys):
    command_line.learn()
    command_line.progress(learner / "my")
    shown = capsys.readouterr()
    assert "due" not in shown.out.lower() and shown.err == ""


def test_learn_says_it_first_and_progress_below_its_table(learner, capsys):
    (learner / due_dates.FILE).write_text('01 = "2999-12-01"')
    command_line.learn()
    assert capsys.readouterr().out.startswith("01 is due on Sunday, 1 December 2999, 23:59")
    command_line.progress(learner / "my")
    assert "\n01 is due on Sunday, 1 December 2999, 23:59" in capsys.readouterr().out


def test_on_a_hub_a_variable_names_a_file_that_all_share(learner, capsys, monkeypatch):
    (learner / "shared.toml").write_text('01 = "2999-12-01"')
    monkeypatch.setenv(due_dates.VARIABLE, str(learner / "shared.toml"))
    command_line.learn()
    assert capsys.readouterr().out.startswith("01 is due on Sunday, 1 December 2999")
    (learner / "shared.toml").unlink()  # before the first release
    command_line.learn()
    assert "due" not in capsys.readouterr().out.lower()


def test_a_learners_commands_read_dates_without_nbgrader():
    program = "import sys, helpers.classroom.administration.due_dates; sys.exit('nbgrader' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_a_release_puts_the_dates_into_the_exchange_where_a_student_can_read_them(blank_course, tmp_path):
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    blank_course.config.CourseDirectory.course_id = blank_course.directory.course_id = "rnn"
    blank_course.config.Exchange.root = str(exchange)
    assignments.release(blank_course, lay_out(blank_course.root, "00"), DUE)
    assert due_dates.read(exchange / "rnn" / due_dates.FILE) == {"00_start_here": DUE}


def test_the_kit_has_what_it_is_given(tmp_path, request):
    pack(request.config.rootpath, tmp_path / "kit.zip", {due_dates.FILE: '01 = "2999-12-01"'})
    with zipfile.ZipFile(tmp_path / "kit.zip") as kit:
        assert kit.read(f"learner-kit/{due_dates.FILE}") == b'01 = "2999-12-01"'
