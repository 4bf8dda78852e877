"""Feedback: the diagnosis without a hidden test in it, for those who submitted in the exchange."""

import html
import re
import shutil
import time
from pathlib import Path

import nbformat
import pytest
from nbconvert.writers import FilesWriter
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeFetchFeedback, ExchangeList

from helpers.classroom.administration import assignments, exchange, feedback_attempts, feedback_delivery
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


# --- every attempt ----------------------------------------------------------------------------------------------------


def kept_of(sample_class, student):
    """Return the name, without what tells attempts apart, and the text of each page that is kept of a student."""
    folder = feedback_attempts.attempts_folder(sample_class.course, sample_class.name, student)
    pages = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*"))}
    return {name.rpartition("_")[0]: html.unescape(re.sub(r"<[^>]+>", "", page)) for name, page in pages.items()}


def test_the_feedback_on_every_attempt_is_kept_and_the_newest_is_where_it_was(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("bob", {"0.1": RIGHT})
    for attempt in (TEXTBOOK, "def sigmoid(a):\n    return 1 / 0", TEXTBOOK + "  # third"):
        sample_class.hand_in("ada", {"0.1": attempt})
        sample_class.grade()
        feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    kept = kept_of(sample_class, "ada")
    assert [*kept] == ["attempt_1", "attempt_2", "attempt_3"]
    assert "The textbook formula" in kept["attempt_1"] and "# third" not in kept["attempt_1"]
    assert "division by zero" in kept["attempt_2"]
    assert "# third" in kept["attempt_3"]
    assert feedback_of(sample_class, "ada")[1] == kept["attempt_3"]
    assert [*kept_of(sample_class, "bob")] == ["attempt_1"]  # it is one attempt, however often there is feedback on it


def test_feedback_that_is_made_again_replaces_that_on_the_same_attempt_alone(sample_class):
    sample_class = sample_class()
    for attempt in ({"0.1": TEXTBOOK}, {"0.1": RIGHT}):
        sample_class.hand_in("ada", attempt)
        sample_class.grade()
        feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    before = kept_of(sample_class, "ada")
    sample_class.change_grade("ada", "check-0-1", manual_score=0.25, needs_manual_grade=False)
    feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    after = kept_of(sample_class, "ada")
    assert after["attempt_1"] == before["attempt_1"]
    assert "0.25" in after["attempt_2"] and "0.25" not in before["attempt_2"]


def test_the_same_work_at_another_time_is_another_attempt(sample_class):
    sample_class = sample_class()
    for day in "12":
        sample_class.hand_in("ada", {"0.1": RIGHT}, f"2026-12-0{day} 12:00:00 UTC")
        sample_class.grade()
        feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    assert [*kept_of(sample_class, "ada")] == ["attempt_1", "attempt_2"]


def test_feedback_on_an_old_score_belongs_to_the_attempt_that_was_graded(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": TEXTBOOK})
    sample_class.grade()
    feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    sample_class.hand_in("ada", {"0.1": RIGHT})
    feedback_delivery.give_feedback(sample_class.course, sample_class.name, stale=True)
    assert [*kept_of(sample_class, "ada")] == ["attempt_1"]


def test_what_nbgrader_could_not_make_takes_no_earlier_attempt_with_it(sample_class, monkeypatch):
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": TEXTBOOK})
    sample_class.grade()
    feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    before = kept_of(sample_class, "ada")
    sample_class.hand_in("ada", {"0.1": RIGHT})
    sample_class.grade()

    def fail(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr(FilesWriter, "write", fail)
    with pytest.raises(ValueError, match="could not make all feedback"):
        feedback_delivery.give_feedback(sample_class.course, sample_class.name)
    assert kept_of(sample_class, "ada").items() >= before.items()


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
def test_a_student_fetches_the_feedback_on_each_of_their_attempts_and_on_nobody_elses(with_exchange, tmp_path):
    """With nbgrader's own commands: its list has a line for each time of submitting, its fetch a folder."""
    sample_class, name = with_exchange, with_exchange.name
    times = {f"2026-11-30 {hour}:00:00.000000 UTC": f"{hour}" * 64 for hour in (12, 13)}
    theirs = sample_class.hand_in("bob", {"0.1": RIGHT}, "2026-11-30 12:00:00.000000 UTC")
    theirs.with_name("submission_secret.txt").write_text("1f" * 64)
    for (moment, secret), answer in zip(times.items(), (TEXTBOOK, "def sigmoid(a):\n    return 1 / 0"), strict=True):
        work = sample_class.hand_in("ada", {"0.1": answer}, moment)
        work.with_name("submission_secret.txt").write_text(secret)
        copy = tmp_path / "cache" / "deep" / f"ada+{name}+{moment}"
        shutil.copytree(work.parent, copy)
        sample_class.grade()
        feedback_delivery.give_feedback(sample_class.course, name)
    assert len(in_exchange(sample_class)) == 3
    config = sample_class.course.config_for(name)
    config.Exchange.cache, config.Exchange.assignment_dir = str(tmp_path / "cache"), str(tmp_path / "home")
    as_student = {"coursedir": CourseDirectory(config=config), "config": config}
    listed = ExchangeList(**as_student, authenticator=Authenticator(config=config), cached=True).start()
    assert [(one["timestamp"], one["has_exchange_feedback"]) for one in listed[0]["submissions"]] == [
        (time, True) for time in times
    ]
    ExchangeFetchFeedback(**as_student).start()
    pages = sorted((tmp_path / "home").rglob("*.html"))
    assert [page.parent.name for page in pages] == [*times]
    first, second = (page.read_text(encoding="utf-8") for page in pages)
    assert "The textbook formula" in first and "division by zero" in second


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
