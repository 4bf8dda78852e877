"""What was graded is in nbgrader's gradebook; what a person gave stays; the cost does not grow with the class."""

import contextlib
import shutil
import sqlite3
import threading
import time
from dataclasses import replace

import nbformat
import pytest
import sqlalchemy

from helpers.checks.session import Session
from helpers.classroom.course import Course
from helpers.classroom.grading import batch, gradebook
from helpers.classroom.grading.gradebook import Saver
from helpers.classroom.grading.grader import grade_submission, make_grading_template
from helpers.classroom.grading.staleness import HANDED_IN_AGAIN, REGRADE_OPEN, find_stale, mark_for_regrading
from tests.classroom.sample_class import FALLING, RIGHT, TEXTBOOK, SampleClass

EVERYTHING = {"check-0-1": 1.0, "hidden-0-1": 1.0}
GRADE = ("auto_score", "manual_score", "extra_credit", "needs_manual_grade", "score")


@pytest.fixture(scope="module")
def graded(released):
    """The Graded of a right submission of notebook 00."""
    sample_class = SampleClass(released("00"), "00")
    return grade_submission(make_grading_template(sample_class.source), sample_class.write("solved"))


# --- what a person graded ---------------------------------------------------------------------------------------------


@pytest.fixture
def reviewed(sample_class):
    """A SampleClass in which a person has changed the grades of ada, who is right, and bob, who is wrong."""
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": RIGHT})
    sample_class.hand_in("bob", {"0.1": TEXTBOOK})
    sample_class.grade()
    sample_class.change_grade("ada", "check-0-1", manual_score=0.75, needs_manual_grade=False)
    sample_class.change_grade("bob", "check-0-1", manual_score=0.5, extra_credit=0.25, needs_manual_grade=False)
    return sample_class


@pytest.fixture
def correct_the_check(monkeypatch):
    """A function that pretends that a check was corrected, so that everything is graded again."""
    return lambda: monkeypatch.setattr(batch, "code_digest", lambda: "that of corrected code")


def test_a_persons_grade_survives_a_corrected_check_and_asks_for_no_second_look(reviewed, correct_the_check):
    correct_the_check()
    assert reviewed.regrade() == {"ada", "bob"}
    assert reviewed.look_up("ada", *GRADE, grade_id="check-0-1") == (1.0, 0.75, None, False, 0.75)
    assert reviewed.look_up("bob", *GRADE, grade_id="check-0-1") == (0.0, 0.5, 0.25, False, 0.75)
    assert reviewed.look_up("bob", "needs_manual_grade", grade_id="hidden-0-1") == (False,)


def test_a_persons_grade_is_marked_for_review_when_the_answer_changed(reviewed):
    reviewed.hand_in("bob", {"0.1": FALLING})
    assert reviewed.regrade() == {"bob"}
    assert reviewed.look_up("bob", *GRADE, grade_id="check-0-1") == (0.0, 0.5, 0.25, True, 0.75)


def test_a_persons_grade_is_marked_for_review_when_the_automatic_score_changed(
    reviewed, correct_the_check, monkeypatch
):
    correct_the_check()
    check = Session.check
    monkeypatch.setattr(Session, "check", lambda *arguments: check(*arguments) / 2)
    assert reviewed.regrade() == {"ada", "bob"}
    assert reviewed.look_up("ada", *GRADE, grade_id="check-0-1") == (0.5, 0.75, None, True, 0.75)
    assert reviewed.look_up("bob", "needs_manual_grade", grade_id="check-0-1") == (False,)


def test_a_mark_for_review_stays_until_a_person_has_looked(reviewed, correct_the_check):
    reviewed.hand_in("bob", {"0.1": FALLING})
    reviewed.grade()
    correct_the_check()
    assert "bob" in reviewed.regrade()
    assert reviewed.look_up("bob", "needs_manual_grade", grade_id="check-0-1") == (True,)


def test_another_exercises_answer_does_not_put_a_persons_grade_in_doubt(sample_class):
    sample_class = sample_class("02")
    sample_class.hand_in("ada", {"2.1": "def global_norm(grads):\n    return 0.0"})
    sample_class.grade()
    sample_class.change_grade("ada", "check-2-1", manual_score=0.5, needs_manual_grade=False)
    sample_class.hand_in(
        "ada", {"2.1": "def global_norm(grads):\n    return 0.0", "2.3": "def sgd_step(params, rate):\n    pass"}
    )
    assert sample_class.regrade() == {"ada"}
    assert sample_class.look_up("ada", "manual_score", "needs_manual_grade", grade_id="check-2-1") == (0.5, False)


def test_a_written_answer_waits_for_a_person_and_keeps_what_they_gave(sample_class, correct_the_check):
    sample_class = sample_class("08")
    sample_class.hand_in("ada", {"8.5": "Dropout brings most."})
    sample_class.hand_in("bob", "untouched")
    sample_class.hand_in("cleo", {"8.5": "\n*Write your answer here.*  \n"})
    assert sample_class.grade().failed() == []
    assert sample_class.look_up("ada", *GRADE, grade_id="ex-8-5") == (None, None, None, True, 0.0)
    assert sample_class.look_up("bob", *GRADE, grade_id="ex-8-5") == (0.0, None, None, False, 0.0)
    assert sample_class.look_up("cleo", *GRADE, grade_id="ex-8-5") == (0.0, None, None, False, 0.0)

    sample_class.change_grade("ada", "ex-8-5", manual_score=3.0, needs_manual_grade=False)
    correct_the_check()
    assert sample_class.regrade() == {"ada", "bob", "cleo"}
    assert sample_class.look_up("ada", *GRADE, grade_id="ex-8-5") == (None, 3.0, None, False, 3.0)

    sample_class.hand_in("ada", {"8.5": "Tying brings most."})
    assert sample_class.regrade() == {"ada"}
    assert sample_class.look_up("ada", *GRADE, grade_id="ex-8-5") == (None, 3.0, None, True, 3.0)


# --- the gradebook and the folder agree -------------------------------------------------------------------------------


def test_nbgraders_own_files_are_in_autograded_and_read_only(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved", handed_in="2026-12-01 10:00:00 UTC")
    sample_class.grade()
    folder = sample_class.course.folder("autograded", sample_class.name, "ada")
    notebook = nbformat.read(folder / f"{sample_class.name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert (folder / "timestamp.txt").read_text() == "2026-12-01 10:00:00 UTC"
    assert {oct(path.stat().st_mode)[-3:] for path in folder.iterdir()} == {"444"}


def test_results_are_entered_again_where_the_gradebook_lost_them(sample_class, released):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved")
    sample_class.grade()
    (sample_class.root / "gradebook.db").write_bytes((released("00") / "gradebook.db").read_bytes())
    assert sample_class.regrade() == set()
    assert sample_class.points() == {"ada": EVERYTHING}


def test_another_time_of_handing_in_is_entered_though_the_work_is_the_same(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved", handed_in="2026-12-01 10:00:00 UTC")
    sample_class.grade()
    sample_class.hand_in("ada", "solved", handed_in="2026-12-03 10:00:00 UTC")
    assert sample_class.regrade() == set()
    with sample_class.course.gradebook() as gradebook:
        assert str(gradebook.find_submission(sample_class.name, "ada").timestamp) == "2026-12-03 10:00:00"


@pytest.mark.parametrize("stamp", ["", "yesterday-ish", "9999999999999999", "\udcff"])
def test_a_time_of_handing_in_that_is_none_stops_nothing(sample_class, stamp):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved")
    path = sample_class.course.folder("submitted", sample_class.name, "ada") / "timestamp.txt"
    path.write_bytes(stamp.encode("utf-8", "surrogateescape"))
    assert sample_class.grade().failed() == []
    assert sample_class.points("ada") == EVERYTHING


def test_an_interrupted_save_leaves_no_half_submission_and_nothing_is_lost(sample_class, graded, monkeypatch):
    sample_class, entered = sample_class(), []
    enter = gradebook.SaveAutoGrades._add_score

    def interrupt_at_third(self, cell, resources):
        entered.append(cell)
        if len(entered) == 3:
            raise KeyboardInterrupt
        enter(self, cell, resources)

    monkeypatch.setattr(gradebook.SaveAutoGrades, "_add_score", interrupt_at_third)
    with pytest.raises(KeyboardInterrupt), Saver(sample_class.course, sample_class.name) as saver:
        saver.save("ada", graded)
        saver.save("bob", graded)
        saver.commit()
    assert sample_class.points() == {"ada": EVERYTHING, "bob": EVERYTHING}


def stale_in(sample_class):
    """Return the students whose score is stale, with the reasons."""
    return find_stale(sample_class.course, sample_class.name)


def test_a_gradebook_from_a_backup_knows_which_work_its_scores_are_of(sample_class, tmp_path):
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": TEXTBOOK})
    sample_class.grade()
    backup = shutil.copy(sample_class.root / "gradebook.db", tmp_path / "backup.db")
    sample_class.hand_in("ada", {"0.1": RIGHT})
    sample_class.grade()
    assert stale_in(sample_class) == {}
    shutil.copy(backup, sample_class.root / "gradebook.db")
    assert stale_in(sample_class) == {"ada": HANDED_IN_AGAIN}
    assert sample_class.regrade() == set()
    assert (sample_class.points("ada"), stale_in(sample_class)) == (EVERYTHING, {})


def test_scores_whose_files_could_not_be_written_count_as_stale(sample_class, monkeypatch):
    """Feedback would show the notebook of the earlier work."""

    def fail(path, content):
        raise OSError(28, "No space left on device", str(path))

    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": TEXTBOOK})
    sample_class.grade()
    sample_class.hand_in("ada", {"0.1": RIGHT})
    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr(gradebook, "replace_file", fail)
        sample_class.grade()
    assert stale_in(sample_class) == {"ada": REGRADE_OPEN}
    sample_class.grade()
    assert (sample_class.points("ada"), stale_in(sample_class)) == (EVERYTHING, {})


def test_the_work_of_an_attempt_that_was_put_back_is_told_from_the_one_that_was_graded(sample_class):
    sample_class = sample_class()
    for answer in (TEXTBOOK, RIGHT):
        sample_class.hand_in("ada", {"0.1": answer})
        sample_class.grade()
    sample_class.hand_in("ada", {"0.1": TEXTBOOK})
    assert stale_in(sample_class) == {"ada": HANDED_IN_AGAIN}


def test_every_score_is_stale_after_it_was_marked_for_regrading_until_it_is_graded(sample_class):
    sample_class = sample_class()
    for student in ("ada", "bob"):
        sample_class.hand_in(student, {"0.1": RIGHT})
    assert mark_for_regrading(sample_class.course, sample_class.name) == []
    sample_class.grade()
    assert mark_for_regrading(sample_class.course, sample_class.name) == ["ada", "bob"]
    assert stale_in(sample_class) == {"ada": REGRADE_OPEN, "bob": REGRADE_OPEN}
    sample_class.grade()
    assert stale_in(sample_class) == {}


def test_a_submission_that_something_else_graded_is_marked_too(sample_class):
    """By nbgrader itself, or an earlier version of this course."""
    sample_class = sample_class()
    sample_class.hand_in("ada", {"0.1": RIGHT})
    sample_class.grade()
    with sample_class.course.gradebook() as gradebook:
        gradebook.db.execute(sqlalchemy.text("DROP TABLE graded_work"))
        gradebook.db.commit()
    assert stale_in(sample_class) == {}
    mark_for_regrading(sample_class.course, sample_class.name)
    assert stale_in(sample_class) == {"ada": REGRADE_OPEN}


def test_what_a_person_gives_while_scores_are_entered_is_kept(reviewed, correct_the_check, monkeypatch):
    """Formgrader waits for the transaction to end, and neither overwrites the other."""
    correct_the_check()
    enter, writers = gradebook.SaveAutoGrades._add_score, []

    def give():
        with contextlib.closing(sqlite3.connect(reviewed.root / "gradebook.db", timeout=20)) as other, other:
            other.execute("UPDATE grade SET manual_score = 0.25, needs_manual_grade = 0 WHERE manual_score = 0.75")

    def while_entering(self, cell, resources):
        if not writers:
            locked = pytest.raises(sqlite3.OperationalError, match="database is locked")
            other = sqlite3.connect(reviewed.root / "gradebook.db", timeout=0)
            with contextlib.closing(other), locked:
                other.execute("UPDATE grade SET manual_score = 0")
            writers.append(threading.Thread(target=give))
            writers[0].start()
        enter(self, cell, resources)

    monkeypatch.setattr(gradebook.SaveAutoGrades, "_add_score", while_entering)
    reviewed.grade()
    writers[0].join()
    assert reviewed.look_up("ada", *GRADE, grade_id="check-0-1") == (1.0, 0.25, None, False, 0.25)
    assert reviewed.look_up("bob", "manual_score", grade_id="check-0-1") == (0.5,)


def test_while_a_class_is_graded_another_program_can_write_to_the_gradebook(sample_class, graded):
    """Formgrader saves what a person graded; SQLite lets only one write at a time."""
    sample_class = sample_class()
    with Saver(sample_class.course, sample_class.name) as saver:
        for number in range(gradebook.BATCH_SIZE + 1):
            saver.save(f"student{number}", graded)
        with sqlite3.connect(sample_class.root / "gradebook.db", timeout=0.1) as other:
            other.execute("INSERT INTO student (id) VALUES ('somebody')")
        other.close()
    assert len(sample_class.points()) == gradebook.BATCH_SIZE + 1


def test_a_gradebook_that_is_locked_or_damaged_is_said_plainly(sample_class, graded, capfd):
    sample_class = sample_class()
    other = sqlite3.connect(sample_class.root / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    locked = pytest.raises(OSError, match="The gradebook cannot be used: database is locked")
    with locked, Saver(sample_class.course, sample_class.name) as saver:
        saver.save("ada", graded)
    other.close()
    (sample_class.root / "gradebook.db").write_bytes(b"no database, whatever it is called" * 100)
    with pytest.raises(OSError, match="The gradebook cannot be used: file is not a database"):
        Course(sample_class.root).need_released(sample_class.name)
    assert "Traceback" not in capfd.readouterr().err


def test_the_cost_of_saving_a_submission_does_not_grow_with_the_class(sample_class, graded):
    sample_class, costs = sample_class(), {}
    with Saver(sample_class.course, sample_class.name) as saver:
        for size in (25, 150):
            begun = time.process_time()
            for number in range(size):
                saver.save(f"class{size}-{number}", replace(graded))
            saver.commit()
            costs[size] = (time.process_time() - begun) / size
    assert costs[150] < 1.5 * costs[25]
    assert len(sample_class.points()) == 175
