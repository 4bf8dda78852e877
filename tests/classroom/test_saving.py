"""What was graded is in nbgrader's gradebook; what a person gave stays; the cost does not grow with the class."""

import sqlite3
import time
from dataclasses import replace

import nbformat
import pytest

from helpers.classroom.course import Course
from helpers.classroom.grading import saving
from helpers.classroom.grading.one_submission import grade_submission, make_grading_template
from helpers.classroom.grading.saving import Saver
from tests.classroom.sample_class import FALLING, RIGHT, TEXTBOOK, School

EVERYTHING = {"check-0-1": 1.0, "hidden-0-1": 1.0}
GRADE = ("auto_score", "manual_score", "extra_credit", "needs_manual_grade", "score")


@pytest.fixture(scope="module")
def graded(released):
    """The Graded of a right submission of notebook 00."""
    school = School(released("00"), "00")
    return grade_submission(make_grading_template(school.source), school.write("solved"))


# --- what a person graded ---------------------------------------------------------------------------------------------


@pytest.fixture
def reviewed(school):
    """A School in which a person has changed the grades of ada, who is right, and bob, who is wrong."""
    school = school()
    school.hand_in("ada", {"0.1": RIGHT})
    school.hand_in("bob", {"0.1": TEXTBOOK})
    school.grade()
    school.change_grade("ada", "check-0-1", manual_score=0.75, needs_manual_grade=False)
    school.change_grade("bob", "check-0-1", manual_score=0.5, extra_credit=0.25, needs_manual_grade=False)
    return school


def correct_the_test(school, test="# corrected"):
    """Change the visible test in the source, so that everything is graded again."""
    source = school.source
    source.write_text(source.read_text().replace('check("0.1", sigmoid)\n', f'{test}\ncheck("0.1", sigmoid)\n', 1))


def test_a_persons_grade_survives_a_corrected_test_and_asks_for_no_second_look(reviewed):
    correct_the_test(reviewed)
    assert reviewed.regrade() == {"ada", "bob"}
    assert reviewed.look_up("ada", *GRADE, grade_id="check-0-1") == (1.0, 0.75, None, False, 0.75)
    assert reviewed.look_up("bob", *GRADE, grade_id="check-0-1") == (0.0, 0.5, 0.25, False, 0.75)
    assert reviewed.look_up("bob", "needs_manual_grade", grade_id="hidden-0-1") == (False,)


def test_a_persons_grade_is_marked_for_review_when_the_answer_changed(reviewed):
    reviewed.hand_in("bob", {"0.1": FALLING})
    assert reviewed.regrade() == {"bob"}
    assert reviewed.look_up("bob", *GRADE, grade_id="check-0-1") == (0.0, 0.5, 0.25, True, 0.75)


def test_a_persons_grade_is_marked_for_review_when_the_automatic_score_changed(reviewed):
    source = reviewed.source
    source.write_text(source.read_text().replace('check("0.1", sigmoid)\n', 'check("0.1", sigmoid) / 2\n', 1))
    assert reviewed.regrade() == {"ada", "bob"}
    assert reviewed.look_up("ada", *GRADE, grade_id="check-0-1") == (0.5, 0.75, None, True, 0.75)
    assert reviewed.look_up("bob", "needs_manual_grade", grade_id="check-0-1") == (False,)


def test_a_mark_for_review_stays_until_a_person_has_looked(reviewed):
    reviewed.hand_in("bob", {"0.1": FALLING})
    reviewed.grade()
    correct_the_test(reviewed)
    assert "bob" in reviewed.regrade()
    assert reviewed.look_up("bob", "needs_manual_grade", grade_id="check-0-1") == (True,)


def test_another_exercises_answer_does_not_put_a_persons_grade_in_doubt(school):
    school = school("02")
    school.hand_in("ada", {"2.1": "def global_norm(grads):\n    return 0.0"})
    school.grade()
    school.change_grade("ada", "check-2-1", manual_score=0.5, needs_manual_grade=False)
    school.hand_in(
        "ada", {"2.1": "def global_norm(grads):\n    return 0.0", "2.3": "def sgd_step(params, rate):\n    pass"}
    )
    assert school.regrade() == {"ada"}
    assert school.look_up("ada", "manual_score", "needs_manual_grade", grade_id="check-2-1") == (0.5, False)


def test_a_written_answer_waits_for_a_person_and_keeps_what_they_gave(school):
    school = school("08")
    school.hand_in("ada", {"8.5": "Dropout brings most."})
    school.hand_in("bob", "untouched")
    school.hand_in("cleo", {"8.5": "\n*Write your answer here.*  \n"})
    assert school.grade().failed() == []
    assert school.look_up("ada", *GRADE, grade_id="ex-8-5") == (None, None, None, True, 0.0)
    assert school.look_up("bob", *GRADE, grade_id="ex-8-5") == (0.0, None, None, False, 0.0)
    assert school.look_up("cleo", *GRADE, grade_id="ex-8-5") == (0.0, None, None, False, 0.0)

    school.change_grade("ada", "ex-8-5", manual_score=3.0, needs_manual_grade=False)
    source = school.source
    source.write_text(
        source.read_text().replace('check("8.1", count_parameters)', '# x\ncheck("8.1", count_parameters)', 1)
    )
    assert school.regrade() == {"ada", "bob", "cleo"}
    assert school.look_up("ada", *GRADE, grade_id="ex-8-5") == (None, 3.0, None, False, 3.0)

    school.hand_in("ada", {"8.5": "Tying brings most."})
    assert school.regrade() == {"ada"}
    assert school.look_up("ada", *GRADE, grade_id="ex-8-5") == (None, 3.0, None, True, 3.0)


# --- the gradebook and the folder agree -------------------------------------------------------------------------------


def test_nbgraders_own_files_are_in_autograded_and_read_only(school):
    school = school()
    school.hand_in("ada", "solved", handed_in="2026-12-01 10:00:00 UTC")
    school.grade()
    folder = school.course.folder("autograded", school.name, "ada")
    notebook = nbformat.read(folder / f"{school.name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert (folder / "timestamp.txt").read_text() == "2026-12-01 10:00:00 UTC"
    assert {oct(path.stat().st_mode)[-3:] for path in folder.iterdir()} == {"444"}


def test_results_are_entered_again_where_the_gradebook_lost_them(school, released):
    school = school()
    school.hand_in("ada", "solved")
    school.grade()
    (school.root / "gradebook.db").write_bytes((released("00") / "gradebook.db").read_bytes())
    assert school.regrade() == set()
    assert school.points() == {"ada": EVERYTHING}


def test_another_time_of_handing_in_is_entered_though_the_work_is_the_same(school):
    school = school()
    school.hand_in("ada", "solved", handed_in="2026-12-01 10:00:00 UTC")
    school.grade()
    school.hand_in("ada", "solved", handed_in="2026-12-03 10:00:00 UTC")
    assert school.regrade() == set()
    with school.course.gradebook() as gradebook:
        assert str(gradebook.find_submission(school.name, "ada").timestamp) == "2026-12-03 10:00:00"


@pytest.mark.parametrize("stamp", ["", "yesterday-ish", "9999999999999999", "\udcff"])
def test_a_time_of_handing_in_that_is_none_stops_nothing(school, stamp):
    school = school()
    school.hand_in("ada", "solved")
    path = school.course.folder("submitted", school.name, "ada") / "timestamp.txt"
    path.write_bytes(stamp.encode("utf-8", "surrogateescape"))
    assert school.grade().failed() == []
    assert school.points("ada") == EVERYTHING


def test_an_interrupted_save_leaves_no_half_submission_and_nothing_is_lost(school, graded, monkeypatch):
    school, entered = school(), []
    enter = saving.SaveAutoGrades._add_score

    def interrupt_at_third(self, cell, resources):
        entered.append(cell)
        if len(entered) == 3:
            raise KeyboardInterrupt
        enter(self, cell, resources)

    monkeypatch.setattr(saving.SaveAutoGrades, "_add_score", interrupt_at_third)
    with pytest.raises(KeyboardInterrupt), Saver(school.course, school.name) as saver:
        saver.save("ada", graded)
        saver.save("bob", graded)
        saver.commit()
    assert school.points() == {"ada": EVERYTHING, "bob": EVERYTHING}


def test_while_a_class_is_graded_another_program_can_write_to_the_gradebook(school, graded):
    """Formgrader saves what a person graded; SQLite lets only one write at a time."""
    school = school()
    with Saver(school.course, school.name) as saver:
        for number in range(saving.TOGETHER + 1):
            saver.save(f"student{number}", graded)
        with sqlite3.connect(school.root / "gradebook.db", timeout=0.1) as other:
            other.execute("INSERT INTO student (id) VALUES ('somebody')")
        other.close()
    assert len(school.points()) == saving.TOGETHER + 1


def test_a_gradebook_that_is_locked_or_damaged_is_said_plainly(school, graded, capfd):
    school = school()
    other = sqlite3.connect(school.root / "gradebook.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    locked = pytest.raises(OSError, match="The gradebook cannot be used: database is locked")
    with locked, Saver(school.course, school.name) as saver:
        saver.save("ada", graded)
    other.close()
    (school.root / "gradebook.db").write_bytes(b"no database, whatever it is called" * 100)
    with pytest.raises(OSError, match="The gradebook cannot be used: file is not a database"):
        Course(school.root).need_released(school.name)
    assert "Traceback" not in capfd.readouterr().err


def test_the_cost_of_saving_a_submission_does_not_grow_with_the_class(school, graded):
    school, costs = school(), {}
    with Saver(school.course, school.name) as saver:
        for size in (25, 150):
            begun = time.process_time()
            for number in range(size):
                saver.save(f"class{size}-{number}", replace(graded))
            saver.commit()
            costs[size] = (time.process_time() - begun) / size
    assert costs[150] < 1.5 * costs[25]
    assert len(school.points()) == 175
