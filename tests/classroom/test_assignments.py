"""Releasing an assignment: never a stale notebook, earlier submissions stay, and its due date."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from helpers.classroom.administration import assignments
from helpers.classroom.authoring.build import release_path
from helpers.classroom.authoring.release import make_release
from tests.classroom.sample_class import lay_out


def due_of(sample_class):
    """Return the due date that the gradebook has, as text."""
    with sample_class.course.gradebook() as gradebook:
        return str(gradebook.find_assignment(sample_class.name).duedate)


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


def test_a_release_after_submissions_keeps_them(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved")
    sample_class.grade()
    sample_class.change_grade("ada", "check-0-1", manual_score=0.5)
    assignments.release(sample_class.course, sample_class.source)
    assignments.release(sample_class.course, sample_class.source)
    assert sample_class.points("ada") == {"check-0-1": 1.0, "hidden-0-1": 1.0}
    assert sample_class.look_up("ada", "manual_score", grade_id="check-0-1") == (0.5,)


def test_a_new_graded_cell_after_submissions_is_refused_in_plain_words(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved")
    sample_class.grade()
    source = sample_class.source
    text = source.read_text().replace('"grade_id": "check-0-1"', '"grade_id": "check-0-2"')
    source.write_text(text.replace('\ncheck("0.1"', '\ncheck("0.2"'))
    lay_out_again(sample_class)
    with pytest.raises(ValueError, match="has submissions already, and other cells than when it was released"):
        assignments.release(sample_class.course, source)
    assert sample_class.points("ada") == {"check-0-1": 1.0, "hidden-0-1": 1.0}


def lay_out_again(sample_class):
    """Derive the release from a source that was changed."""
    release_path(sample_class.root, sample_class.source).write_text(make_release(sample_class.source))


def test_a_due_date_is_entered_in_utc_and_stays_without_another(sample_class):
    sample_class = sample_class()
    due = datetime(2026, 12, 1, 23, 59, tzinfo=ZoneInfo("Asia/Seoul"))
    assignments.release(sample_class.course, sample_class.source, due)
    assert due_of(sample_class) == "2026-12-01 14:59:00"
    assignments.release(sample_class.course, sample_class.source)
    assert due_of(sample_class) == "2026-12-01 14:59:00"
