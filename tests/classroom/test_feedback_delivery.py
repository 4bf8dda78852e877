"""Feedback: the diagnosis without a hidden test in it, for those who submitted in the exchange."""

import html
import re
import shutil
import time
from pathlib import Path

import nbformat
import pytest
from nbgrader.coursedir import CourseDirectory

from helpers.classroom.administration import assignments, exchange, feedback_delivery
from helpers.classroom.grading import staleness
from helpers.classroom.grading.assignment_lock import locked
from tests.classroom.sample_class import RIGHT, TEXTBOOK

# --- feedback ---------------------------------------------------------------------------------------------------------


def feedback_of(sample_class, student):
    """Return a student's feedback as HTML, and as the text in it."""
    folder = sample_class.course.folder("feedback", sample_class.name, student)
    page = (folder / f"{sample_class.name}.html").read_text(encoding="utf-8")
    return page, html.unescape(re.sub(r"<[^>]+>", "", page))


def test_feedback_has_the_diagnosis_and_no_hidden_test(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": TEXTBOOK})
    sample_class.hand_in("bob", {"0.1": "def sigmoid(a):\n    return 1 / 0"})
    sample_class.hand_in("cleo", b"no notebook")
    sample_class.grade()
    assert feedback_delivery.give_feedback(sample_class.course, sample_class.name) == (3, 0)
    for student, words in {
        "ada": "The textbook formula",
        "bob": "ZeroDivisionError: division by zero",
        "cleo": "It is not a notebook",
    }.items():
        page, text = feedback_of(sample_class, student)
        assert words in text
        assert "hidden_check" not in page
        assert "HIDDEN TESTS" not in page
        assert "Traceback (most recent" not in text


def test_feedback_says_how_many_wait_for_a_person_and_is_renewed(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": RIGHT})
    sample_class.hand_in("bob", {"0.1": RIGHT})
    sample_class.grade()
    sample_class.change_grade("bob", "check-0-1", needs_manual_grade=True)
    assert feedback_delivery.give_feedback(sample_class.course, sample_class.name) == (2, 1)
    sample_class.change_grade("bob", "check-0-1", manual_score=0.25, needs_manual_grade=False)
    assert feedback_delivery.give_feedback(sample_class.course, sample_class.name) == (2, 0)
    assert "0.25" in feedback_of(sample_class, "bob")[1]


def test_a_stale_submission_gets_no_feedback_and_keeps_what_it_had(sample_class):
    sample_class = sample_class()
    course, name = sample_class.course, sample_class.name
    for student in ("ada", "bob", "cleo"):
        sample_class.hand_in(student, {"0.1": TEXTBOOK})
    sample_class.grade()
    feedback_delivery.give_feedback(course, name)
    earlier = {student: feedback_of(sample_class, student) for student in ("ada", "bob")}
    sample_class.hand_in("ada", {"0.1": RIGHT})
    staleness.mark_for_regrading(course, name)
    sample_class.hand_in("cleo", {"0.1": RIGHT})
    assert feedback_delivery.find_withheld(course, name) == {
        "ada": staleness.HANDED_IN_AGAIN,
        "bob": staleness.REGRADE_OPEN,
        "cleo": staleness.HANDED_IN_AGAIN,
    }
    assert feedback_delivery.give_feedback(course, name) == (0, 0)
    assert {student: feedback_of(sample_class, student) for student in ("ada", "bob")} == earlier
    assert feedback_delivery.give_feedback(course, name, stale=True) == (3, 0)
    sample_class.grade()
    assert feedback_delivery.find_withheld(course, name) == {}
    assert feedback_delivery.give_feedback(course, name) == (3, 0)
    assert feedback_of(sample_class, "ada") != earlier["ada"]


@pytest.fixture
def unrenderable(sample_class, monkeypatch):
    """A SampleClass: ada's and cleo's work is graded, and mal's, whose notebook takes minutes to render."""
    sample_class = sample_class()
    for student in ("ada", "cleo", "mal"):
        sample_class.hand_in(student, {"0.1": TEXTBOOK})
    sample_class.grade()
    feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    [path] = sample_class.course.folder("autograded", sample_class.name, "mal").glob("*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = r"\begin{a}" * 60_000  # as a grader before this one left it
    nbformat.write(notebook, path)
    monkeypatch.setattr(feedback_delivery, "MOST_SECONDS", 4.0)
    return sample_class


def test_a_notebook_that_takes_too_long_to_render_stops_nobody_elses_feedback_and_is_named(unrenderable):
    earlier = feedback_of(unrenderable, "mal")
    unrenderable.change_grade("cleo", "check-0-1", manual_score=0.25)
    begun = time.monotonic()
    with pytest.raises(ValueError) as error:
        feedback_delivery.give_feedback(unrenderable.course, unrenderable.name)
    assert time.monotonic() - begun < 60
    mal, others = str(error.value).splitlines()
    assert mal.startswith("mal: no new feedback, since the notebook cannot be shown (it takes more than 4 seconds to ")
    assert f"{unrenderable.course.folder('submitted', unrenderable.name, 'mal')}, and write to" in mal
    assert others == "New feedback on 2 other submissions was made, as always."
    assert "0.25" in feedback_of(unrenderable, "cleo")[1]
    assert feedback_of(unrenderable, "mal") == earlier


def test_a_notebook_that_cannot_be_rendered_is_named_too(unrenderable):
    [path] = unrenderable.course.folder("autograded", unrenderable.name, "mal").glob("*.ipynb")
    path.write_text("{")
    with pytest.raises(ValueError, match=r"mal: no new feedback, .*\nNew feedback on 2 other submissions was made"):
        feedback_delivery.give_feedback(unrenderable.course, unrenderable.name)


def test_a_score_whose_graded_notebook_is_missing_is_named(sample_class):
    sample_class = sample_class()
    for student in ("ada", "bob"):
        sample_class.hand_in(student, {"0.1": RIGHT})
    sample_class.grade()
    shutil.rmtree(sample_class.course.folder("autograded", sample_class.name, "bob"))
    for stale in (False, True):
        withheld = feedback_delivery.find_withheld(sample_class.course, sample_class.name, stale=stale)
        assert withheld == {"bob": feedback_delivery.MISSING}
    assert feedback_delivery.give_feedback(sample_class.course, sample_class.name) == (1, 0)
    sample_class.grade()
    assert feedback_delivery.give_feedback(sample_class.course, sample_class.name) == (2, 0)


def test_no_feedback_is_made_while_the_assignment_is_graded(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": RIGHT})
    sample_class.grade()
    with locked(sample_class.course, sample_class.name), pytest.raises(ValueError, match="Another command is grading"):
        feedback_delivery.give_feedback(sample_class.course, sample_class.name)


# --- the exchange -----------------------------------------------------------------------------------------------------


@pytest.fixture
def with_exchange(sample_class, tmp_path):
    """A SampleClass whose course has an exchange."""
    sample_class = sample_class()
    sample_class.course.config.CourseDirectory.course_id = "deep"
    sample_class.course.config.Exchange.root = str(tmp_path / "exchange")
    sample_class.course.directory = CourseDirectory(config=sample_class.course.config)
    (tmp_path / "exchange").mkdir()
    assignments.release(sample_class.course, sample_class.source)
    return sample_class


def test_a_later_release_replaces_the_notebook_in_the_exchange(with_exchange):
    place = Path(assignments.release(with_exchange.course, with_exchange.source))
    (place / f"{with_exchange.name}.ipynb").unlink()
    assert assignments.release(with_exchange.course, with_exchange.source) == str(place)
    assert (place / f"{with_exchange.name}.ipynb").exists()


def in_exchange(sample_class):
    """Return the texts of the feedback in the exchange."""
    return [
        path.read_text(encoding="utf-8") for path in Path(sample_class.root.parent, "exchange/deep/feedback").iterdir()
    ]


leaves_a_file_open = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # nbgrader's ReleaseFeedback


@leaves_a_file_open
def test_feedback_is_delivered_where_the_work_was_submitted(with_exchange):
    sample_class = with_exchange
    work = sample_class.hand_in("ada", {"0.1": TEXTBOOK}, "2026-11-30 12:00:00.000000 UTC")
    work.with_name("submission_secret.txt").write_text("0f" * 64)
    sample_class.hand_in("bob", {"0.1": RIGHT})
    sample_class.hand_in("cleo", {"0.1": RIGHT}).with_name("submission_secret.txt").write_text("1f" * 64)  # and no time
    sample_class.grade()
    feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    [page] = in_exchange(sample_class)
    assert "The textbook formula" in page
    assert feedback_delivery.find_undeliverable_feedback(sample_class.course, sample_class.name) == ["bob", "cleo"]


@leaves_a_file_open
def test_feedback_on_a_stale_submission_is_not_delivered(with_exchange):
    sample_class = with_exchange
    for student, secret in {"ada": "0f", "bob": "1f"}.items():
        work = sample_class.hand_in(student, {"0.1": TEXTBOOK}, "2026-11-30 12:00:00.000000 UTC")
        work.with_name("submission_secret.txt").write_text(secret * 64)
    sample_class.grade()
    feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    assert len(in_exchange(sample_class)) == 2
    for page in Path(sample_class.root.parent, "exchange/deep/feedback").iterdir():
        page.unlink()
    work = sample_class.hand_in("ada", {"0.1": RIGHT}, "2026-11-30 13:00:00.000000 UTC")
    work.with_name("submission_secret.txt").write_text("2f" * 64)
    feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    assert len(in_exchange(sample_class)) == 1  # bob's
    sample_class.grade()
    feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    assert len(in_exchange(sample_class)) == 2


def test_a_secret_does_not_outlive_its_submission(with_exchange):
    sample_class = with_exchange
    work = sample_class.hand_in("ada", {"0.1": TEXTBOOK}, "2026-11-30 12:00:00.000000 UTC")
    work.with_name("submission_secret.txt").write_text("0f" * 64)
    sample_class.grade()
    work.with_name("submission_secret.txt").unlink()  # as after one that came from a download
    sample_class.grade()
    feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    assert in_exchange(sample_class) == []


def test_an_exchange_in_which_students_can_replace_a_course_gives_a_warning(with_exchange):
    root = Path(with_exchange.root.parent, "exchange")
    assert exchange.exchange_warning(with_exchange.course).endswith(f"chmod +t {root}")
    for safe in 0o1777, 0o755:
        root.chmod(safe)
        assert exchange.exchange_warning(with_exchange.course) is None


def test_nothing_graded_is_said_plainly(sample_class):
    sample_class = sample_class()
    with pytest.raises(ValueError, match="No submission of 00_start_here was graded yet: run `make grade NB=00` first"):
        feedback_delivery.give_feedback(sample_class.course, sample_class.name)
