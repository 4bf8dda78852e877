"""Late work: points are taken for each day begun, and computed again when a person has graded."""

import pytest

from helpers.classroom.administration import assignments, feedback_delivery
from helpers.classroom.administration.late_penalties import PercentPerDay
from helpers.classroom.administration.times import read_time
from helpers.classroom.course import Course

DAY, MINUTE = 24 * 60 * 60, 60


@pytest.mark.parametrize(
    ("seconds_late", "taken"),
    [
        (1, None),
        (10 * MINUTE, None),
        (10 * MINUTE + 1, 1.0),
        (DAY, 1.0),
        (DAY + 10 * MINUTE, 1.0),
        (DAY + 10 * MINUTE + 1, 2.0),
        (3 * DAY, 3.0),
        (5 * DAY, 4.0),
        (500 * DAY, 4.0),
    ],
)
def test_a_tenth_is_taken_for_each_day_begun_after_the_grace_and_at_most_so_much(seconds_late, taken):
    assert (
        PercentPerDay(percent=10, grace_minutes=10, most=40).late_submission_penalty("ada", 10.0, seconds_late) == taken
    )


def test_no_more_than_everything_is_taken():
    assert PercentPerDay(percent=100).late_submission_penalty("ada", 10.0, 9 * DAY) == 10.0
    assert PercentPerDay(percent=100).late_submission_penalty("ada", 0.0, 9 * DAY) == 0.0


def test_late_work_loses_its_share_and_work_in_time_nothing(strict):
    strict.hand_in("ada", "solved", handed_in="2026-12-01 10:09:00 UTC")
    strict.hand_in("bob", "solved", handed_in="2026-12-02 12:00:00 UTC")
    strict.hand_in("cleo", "solved", handed_in="2027-12-01 12:00:00 UTC")
    strict.hand_in("dan", "untouched", handed_in="2026-12-02 12:00:00 UTC")
    strict.hand_in("eve", "solved")
    strict.grade()
    found = {student: strict.look_up(student, "score", "late_submission_penalty") for student in strict.points()}
    assert found == {
        "ada": (2.0, None),
        "bob": (2.0, 1.0),
        "cleo": (2.0, 2.0),
        "dan": (0.0, 0.0),
        "eve": (2.0, None),
    }


def test_the_penalty_is_computed_again_at_feedback(strict):
    strict.hand_in("ada", "solved", handed_in="2026-12-01 12:00:00 UTC")
    strict.grade()
    assert strict.look_up("ada", "late_submission_penalty") == (0.5,)
    strict.change_grade("ada", "check-0-1", manual_score=0.2, needs_manual_grade=False)
    feedback_delivery.give_feedback(strict.course, strict.name)
    assert strict.look_up("ada", "late_submission_penalty") == (0.3,)


def test_the_penalty_follows_a_due_date_that_is_changed(strict):
    strict.hand_in("ada", "solved", handed_in="2026-12-01 12:00:00 UTC")
    strict.grade()
    for due, penalty in [("2026-12-08 10:00 UTC", None), ("2026-11-30 10:00 UTC", 1.0)]:
        assignments.release(strict.course, strict.source, read_time(due, None))
        assert strict.look_up("ada", "late_submission_penalty") == (penalty,)


def test_a_course_says_nothing_of_late_work_and_nothing_is_taken(sample_class):
    sample_class = sample_class()
    assignments.release(sample_class.course, sample_class.source, read_time("2026-12-01 10:00 UTC", None))
    sample_class.hand_in("ada", "solved", handed_in="2026-12-09 10:00:00 UTC")
    sample_class.grade()
    assert sample_class.look_up("ada", "late_submission_penalty") == (None,)


def test_the_configuration_can_name_the_penalty(tmp_path):
    """As nbgrader_config.py does it, by the name of the class."""
    course = Course(tmp_path)
    course.config.AssignLatePenalties.plugin_class = "helpers.classroom.administration.late_penalties.PercentPerDay"
    from nbgrader.preprocessors import AssignLatePenalties

    step = AssignLatePenalties(config=course.config)
    step.init_plugin()
    assert isinstance(step.plugin_inst, PercentPerDay)
