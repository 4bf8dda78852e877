"""What goes out to a class: assignments that are not stale, and feedback without a hidden test in it."""

import html
import re
from pathlib import Path

import pytest
from nbgrader.coursedir import CourseDirectory

from helpers.classroom.administration import assignments, exchange, feedback_delivery
from tests.classroom.sample_class import RIGHT, TEXTBOOK, lay_out


def due_of(school):
    """Return the due date that the gradebook has, as text."""
    with school.course.gradebook() as gradebook:
        return str(gradebook.find_assignment(school.name).duedate)


# --- release ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stale", ["changed", "missing"])
def test_a_stale_notebook_is_refused_and_not_entered(blank_course, stale):
    source = lay_out(blank_course.root, "00")
    released = blank_course.root / "notebooks" / source.stem / f"{source.stem}.ipynb"
    if stale == "changed":
        released.write_text(released.read_text().replace("sigmoid", "sigmund"))
    else:
        released.unlink()
    with pytest.raises(ValueError, match="is not what its source makes of it: run `make notebooks NB=00` first"):
        assignments.release(blank_course, source)
    with pytest.raises(ValueError, match=r"00_start_here was not released yet: run `make release NB=00` first\."):
        blank_course.need_released(source.stem)


def test_a_release_after_submissions_keeps_them(school):
    school = school()
    school.hand_in("ada", "solved")
    school.grade()
    school.change_grade("ada", "check-0-1", manual_score=0.5)
    assignments.release(school.course, school.source)
    assignments.release(school.course, school.source)
    assert school.points("ada") == {"check-0-1": 1.0, "hidden-0-1": 1.0}
    assert school.look_up("ada", "manual_score", grade_id="check-0-1") == (0.5,)


def test_a_new_graded_cell_after_submissions_is_refused_in_plain_words(school):
    school = school()
    school.hand_in("ada", "solved")
    school.grade()
    source = school.source
    text = source.read_text().replace('"grade_id": "check-0-1"', '"grade_id": "check-0-2"')
    source.write_text(text.replace('\ncheck("0.1"', '\ncheck("0.2"'))
    lay_out_again(school)
    with pytest.raises(ValueError, match="has submissions already, and other cells than when it was released"):
        assignments.release(school.course, source)
    assert school.points("ada") == {"check-0-1": 1.0, "hidden-0-1": 1.0}


def lay_out_again(school):
    """Derive the release from a source that was changed."""
    from helpers.classroom.authoring.release import generate

    generate(school.source, school.root / "made")
    made = school.root / "made/notebooks" / school.name / f"{school.name}.ipynb"
    made.replace(school.root / "notebooks" / school.name / made.name)


def test_a_due_date_with_a_zone_is_that_moment(school):
    school = school()
    assignments.release(school.course, school.source, assignments.read_due("2026-12-01 23:59 +09:00"))
    assert due_of(school) == "2026-12-01 14:59:00"
    assignments.release(school.course, school.source)
    assert due_of(school) == "2026-12-01 14:59:00"


def test_a_due_date_without_a_zone_is_in_that_of_this_machine(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    try:
        assert assignments.read_due("2026-12-01 23:59").isoformat() == "2026-12-01T23:59:00+09:00"
        assert assignments.read_due("2026-12-01 23:59 UTC").isoformat() == "2026-12-02T08:59:00+09:00"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("text", ["soon", "", "2026-13-01", "99999999999999999999"])
def test_a_due_date_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="is not a time; write it as 2026-12-01 23:59"):
        assignments.read_due(text)


# --- feedback ---------------------------------------------------------------------------------------------------------


def feedback_of(school, student):
    """Return a student's feedback as HTML, and as the text in it."""
    folder = school.course.folder("feedback", school.name, student)
    page = (folder / f"{school.name}.html").read_text(encoding="utf-8")
    return page, html.unescape(re.sub(r"<[^>]+>", "", page))


def test_feedback_has_the_diagnosis_and_no_hidden_test(school):
    school = school()
    school.hand_in("ada", {"0.1": TEXTBOOK})
    school.hand_in("bob", {"0.1": "def sigmoid(a):\n    return 1 / 0"})
    school.hand_in("cleo", b"no notebook")
    school.grade()
    assert feedback_delivery.give_feedback(school.course, school.name) == (3, 0)
    for student, words in {
        "ada": "the textbook formula",
        "bob": "ZeroDivisionError: division by zero",
        "cleo": "It is not a notebook",
    }.items():
        page, text = feedback_of(school, student)
        assert words in text
        assert "hidden_check" not in page
        assert "HIDDEN TESTS" not in page
        assert "Traceback (most recent" not in text


def test_feedback_says_how_many_wait_for_a_person_and_is_renewed(school):
    school = school()
    school.hand_in("ada", {"0.1": RIGHT})
    school.hand_in("bob", {"0.1": RIGHT})
    school.grade()
    school.change_grade("bob", "check-0-1", needs_manual_grade=True)
    assert feedback_delivery.give_feedback(school.course, school.name) == (2, 1)
    school.change_grade("bob", "check-0-1", manual_score=0.25, needs_manual_grade=False)
    assert feedback_delivery.give_feedback(school.course, school.name) == (2, 0)
    assert "0.25" in feedback_of(school, "bob")[1]


# --- the exchange -----------------------------------------------------------------------------------------------------


@pytest.fixture
def with_exchange(school, tmp_path):
    """A School whose course has an exchange."""
    school = school()
    school.course.config.CourseDirectory.course_id = "deep"
    school.course.config.Exchange.root = str(tmp_path / "exchange")
    school.course.directory = CourseDirectory(config=school.course.config)
    (tmp_path / "exchange").mkdir()
    assignments.release(school.course, school.source)
    return school


def in_exchange(school):
    """Return the texts of the feedback in the exchange."""
    return [path.read_text(encoding="utf-8") for path in Path(school.root.parent, "exchange/deep/feedback").iterdir()]


leaves_a_file_open = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # nbgrader's ReleaseFeedback


@leaves_a_file_open
def test_feedback_goes_back_the_way_the_work_came(with_exchange):
    school = with_exchange
    work = school.hand_in("ada", {"0.1": TEXTBOOK}, "2026-11-30 12:00:00.000000 UTC")
    work.with_name("submission_secret.txt").write_text("0f" * 64)
    school.hand_in("bob", {"0.1": RIGHT})
    school.grade()
    feedback_delivery.give_feedback(school.course, school.name)
    [page] = in_exchange(school)
    assert "the textbook formula" in page
    assert feedback_delivery.find_undeliverable_feedback(school.course, school.name) == ["bob"]


def test_a_secret_does_not_outlive_its_submission(with_exchange):
    school = with_exchange
    work = school.hand_in("ada", {"0.1": TEXTBOOK}, "2026-11-30 12:00:00.000000 UTC")
    work.with_name("submission_secret.txt").write_text("0f" * 64)
    school.grade()
    work.with_name("submission_secret.txt").unlink()  # as after one that came from a download
    school.grade()
    feedback_delivery.give_feedback(school.course, school.name)
    assert in_exchange(school) == []


def test_an_exchange_in_which_students_can_swap_courses_is_named(with_exchange):
    root = Path(with_exchange.root.parent, "exchange")
    assert exchange.exchange_warning(with_exchange.course).endswith(f"chmod +t {root}")
    root.chmod(0o1777)
    assert exchange.exchange_warning(with_exchange.course) is None


def test_nothing_graded_is_said_plainly(school):
    school = school()
    with pytest.raises(ValueError, match="No submission of 00_start_here was graded yet: run `make grade NB=00` first"):
        feedback_delivery.give_feedback(school.course, school.name)
