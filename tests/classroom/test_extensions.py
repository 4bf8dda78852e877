"""An extension is a due date of one's own: penalties follow it at once, and nothing that comes later loses it."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import CsvExportPlugin

from helpers import __main__ as command_line
from helpers.classroom.administration import assignments, feedback_delivery
from helpers.classroom.administration.export import export
from helpers.classroom.administration.extensions import describe_extensions, due_date_of, extend
from helpers.classroom.administration.groups import write_groups
from helpers.classroom.administration.student_names import find_students
from helpers.classroom.administration.times import read_time
from helpers.classroom.grading.assignment_lock import locked

DUE, LATER, MUCH_LATER = (read_time(f"2026-12-{day} 10:00 UTC", None) for day in ("01", "03", "08"))
IN_TIME_LATER = "2026-12-02 12:00:00 UTC"  # between the first two


@pytest.fixture
def strict(strict):
    """That class, with three students and in a zone of its own."""
    strict.course.config.Course.timezone = "Asia/Seoul"
    with strict.course.gradebook() as gradebook:
        for student in ("ina", "jo", "kim"):
            gradebook.add_student(student)
    return strict


def give(sample_class, until=LATER, students=("ina",), **options):
    """Give an extension, and return what is said."""
    return extend(sample_class.course, sample_class.name, students, until, **options)


def scores(sample_class):
    """Return each student's score as it is exported."""
    text = export(sample_class.course, "moodle").path.read_text(encoding="utf-8")
    return {line.split(",")[0]: line.split(",")[-1] for line in text.splitlines()[1:]}


def rows(sample_class):
    """Return the students who have a row in the gradebook."""
    with sample_class.course.gradebook() as gradebook:
        return {row.student_id for row in gradebook.find_assignment(sample_class.name).submissions}


def test_the_score_of_graded_work_follows_at_once(strict):
    for student in ("ina", "jo"):
        strict.hand_in(student, "solved", IN_TIME_LATER)
    strict.grade()
    assert scores(strict) == {"ina": "1", "jo": "1", "kim": ""}
    said = str(give(strict))
    assert said.startswith("Entered: ina: due Thursday, 3 December 2026, 19:00 (Asia/Seoul, UTC+09:00), ")
    assert "ina: the late penalty is 0 now; it was 1." in said
    assert scores(strict) == {"ina": "2", "jo": "1", "kim": ""}
    assert "ina: due Tuesday, 1 December 2026, 19:00 (Asia/Seoul" in str(give(strict, DUE))
    assert scores(strict) == {"ina": "1", "jo": "1", "kim": ""}


def test_one_that_is_given_before_anything_is_handed_in_is_kept_and_is_no_submission(strict):
    give(strict)
    with strict.course.gradebook() as gradebook:
        nothing_entered = gradebook.find_notebook(strict.name, strict.name).submissions == []
    assert nothing_entered
    exported = export(strict.course)
    assert exported.blanks == {(strict.name, "not handed in"): ["ina", "jo", "kim"]}
    strict.hand_in("jo", "solved", IN_TIME_LATER)
    strict.grade()
    assert feedback_delivery.give_feedback(strict.course, strict.name) == (1, 0)
    strict.hand_in("ina", "solved", IN_TIME_LATER)
    assert export(strict.course).blanks[strict.name, "not graded yet"] == ["ina"]
    strict.grade()
    assert scores(strict) == {"ina": "2", "jo": "1", "kim": ""}
    assert strict.batch().find_open() == []
    assert feedback_delivery.give_feedback(strict.course, strict.name) == (2, 0)


def test_nbgraders_own_pages_show_no_submission_of_one_who_has_an_extension_alone(strict):
    give(strict)
    strict.hand_in("jo", "solved", IN_TIME_LATER)
    strict.grade()
    config = strict.course.config
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    shown = {each["student"]: each["submitted"] for each in api.get_submissions(strict.name)}
    assert {student for student, is_submitted in shown.items() if is_submitted} == {"jo"}
    assert [each["student"] for each in api.get_notebook_submissions(strict.name, strict.name)] == ["jo"]
    assert {each["id"] for each in api.get_students()} == {"ina", "jo", "kim"}
    assert {each["name"] for each in api.get_student_submissions("ina")} == {strict.name}
    stock = CsvExportPlugin()
    stock.to = str(strict.root / "stock.csv")
    with strict.course.gradebook() as gradebook:
        stock.export(gradebook)
        gradebook.remove_student("ina")
    assert f"{strict.name},2026-12-01 10:00:00,,ina," in Path(stock.to).read_text()
    assert rows(strict) == {"jo"}


def test_a_later_attempt_and_another_grading_do_not_lose_it(strict):
    give(strict)
    for attempt in ("untouched", "solved"):
        strict.hand_in("ina", attempt, IN_TIME_LATER)
        strict.grade()
    strict.batch().choose(["ina"])
    strict.regrade(secret="another")
    assert (scores(strict)["ina"], due_date_of(strict.course, strict.name, "ina")) == ("2", LATER)


def test_a_stale_score_follows_only_when_it_is_graded_again(strict):
    strict.hand_in("ina", "solved", IN_TIME_LATER)
    strict.grade()
    strict.hand_in("ina", "solved", "2026-12-04 12:00:00 UTC")
    result = give(strict)
    assert result.stale == {"ina": "handed in again since it was graded"}
    assert str(result).endswith(
        "ina: handed in again since it was graded. The late penalty follows when it is graded again."
    )
    strict.grade()
    assert scores(strict)["ina"] == "1"


@pytest.mark.parametrize("handed_in", [True, False])
@pytest.mark.parametrize("end", [None, DUE])
def test_an_extension_is_taken_back_and_leaves_nothing_behind(strict, handed_in, end):
    before = rows(strict)
    if handed_in:
        strict.hand_in("ina", "solved", IN_TIME_LATER)
        strict.grade()
        before = rows(strict)
    give(strict)
    assert "; no extension." in str(give(strict, end))
    assert (rows(strict), describe_extensions(strict.course, strict.name)) == (before, [])


def test_it_moves_along_with_the_due_date_of_all(strict):
    give(strict)
    assignments.release(strict.course, strict.source, MUCH_LATER)
    assert due_date_of(strict.course, strict.name, "ina") == MUCH_LATER + timedelta(days=2)
    assert due_date_of(strict.course, strict.name, "jo") == MUCH_LATER
    [sentence] = describe_extensions(strict.course, strict.name)
    assert sentence.startswith("ina: due Thursday, 10 December 2026, 19:00 (Asia/Seoul")


def test_without_a_due_date_any_more_nothing_is_late(strict):
    """Formgrader can take it away."""
    give(strict)
    strict.hand_in("ina", "solved", "2027-12-02 12:00:00 UTC")
    with strict.course.gradebook() as gradebook:
        gradebook.find_assignment(strict.name).duedate = None
        gradebook.db.commit()
    strict.grade()
    assert scores(strict)["ina"] == "2"
    assert describe_extensions(strict.course, strict.name) == ["ina: no due date; an extension."]
    assert due_date_of(strict.course, strict.name, "ina") is None
    give(strict, None)
    assert describe_extensions(strict.course, strict.name) == []


def test_it_is_for_the_named_alone_and_the_others_of_a_group_are_named(strict):
    write_groups(strict.course, {"Team 1": ["ina", "jo"]})
    assert 'This is not for jo, in a group with ina; for all: STUDENT="ina jo".' in str(give(strict))
    assert due_date_of(strict.course, strict.name, "jo") == DUE
    both = give(strict, students=["ina", "jo"])
    assert (both.others, due_date_of(strict.course, strict.name, "jo")) == ({}, LATER)


def test_a_dry_run_changes_nothing(strict):
    assert str(give(strict, dry_run=True)).startswith("Would be entered: ina: due Thursday, 3 December 2026")
    assert (rows(strict), describe_extensions(strict.course, strict.name)) == (set(), [])


def test_nothing_is_extended_while_the_assignment_is_graded(strict):
    with locked(strict.course, strict.name), pytest.raises(ValueError, match="Another command is grading"):
        give(strict)
    assert describe_extensions(strict.course, strict.name) == []


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(strict, monkeypatch, capfd):
    """A function that runs a command in this process, and returns its exit code and all that was said."""
    monkeypatch.setattr(command_line, "ROOT", strict.root)
    monkeypatch.setenv("TZ", "Asia/Seoul")

    def main(*arguments):
        monkeypatch.setattr(sys, "argv", ["helpers", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            command_line.run_app(command_line.app)
        said = "".join(capfd.readouterr()) + (end.value.code if isinstance(end.value.code, str) else "")
        return 1 if isinstance(end.value.code, str) else end.value.code or 0, said

    return main


def test_the_command_reads_times_as_release_does_and_lists_what_was_given(run, strict):
    assert run("extend", "00")[1] == "Nobody has an extension of 00_start_here.\n"
    code, said = run("extend", "00", "--student", "ina,JO", "--until", "2026-12-03 19:00")
    assert (code, said.count("due Thursday, 3 December 2026, 19:00 (Asia/Seoul, UTC+09:00)")) == (0, 2)
    assert due_date_of(strict.course, strict.name, "jo") == LATER
    assert [line.partition(":")[0] for line in run("extend", "00")[1].splitlines()] == ["ina", "jo"]
    code, said = run("release", "00", "--due", "2026-12-08")
    assert "Extensions move along with the due date:\nina: due Thursday, 10 December 2026" in said
    assert run("extend", "00", "--student", "ina jo", "--until", "None")[0] == 0
    assert "Nobody" in run("extend", "00")[1]


def test_a_score_that_has_to_be_graded_again_gives_exit_code_1(run, strict):
    strict.hand_in("ina", "solved", IN_TIME_LATER)
    strict.grade()
    strict.hand_in("ina", "untouched", IN_TIME_LATER)
    assert run("extend", "00", "--student", "ina", "--until", "2026-12-03")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--student", "inga", "--until", "2026-12-03"],
            "There is no student inga in the class list (did you mean ina?).",
        ),
        (["--until", "2026-12-03"], "Which student? Name one by the id, e.g. STUDENT=ina."),
        (["--student", "ina"], "Until when? Say it, e.g. UNTIL="),
        (["--student", "ina", "--until", ""], "Until when? Say it, e.g. UNTIL="),
        (["--student", "ina", "--until", "3.12.2026"], "'3.12.2026' is not a time"),
        (["--student", "ina", "--until", "9999-12-31 23:59 UTC"], "That is 2,912,108 days"),
        (["--student", "ina", "--until", "2026-11-30"], "An extension cannot end before the due date: that is Tuesday"),
    ],
)
def test_what_cannot_be_extended_is_refused_in_one_sentence(run, strict, arguments, sentence):
    code, said = run("extend", "00", *arguments)
    assert (code, said.startswith(sentence), rows(strict)) == (1, True, set()), said


def test_an_assignment_without_a_due_date_or_a_release_is_told_so(run, strict):
    with strict.course.gradebook() as gradebook:
        gradebook.find_assignment(strict.name).duedate = None
        gradebook.db.commit()
    arguments = ("--student", "ina", "--until", "2026-12-03")
    assert run("extend", "00", *arguments)[1].startswith("00_start_here has no due date that could be extended")
    assert run("extend", "42", *arguments)[1].startswith("There is no source of a notebook 42")
    assert run("extend", "", *arguments)[1].startswith("Which notebook?")
    with strict.course.gradebook() as gradebook:
        gradebook.remove_assignment(strict.name)
    assert run("extend", "00", *arguments)[1].startswith("00_start_here was not released yet")


def test_excused_students_are_listed_and_an_unknown_one_is_told_so(run, strict):
    """The command `excuse` reads names as `extend` does."""
    assert run("excuse", "00") == (0, "Excused from 00_start_here: nobody.\n")
    assert run("excuse", "00", "--student", "Ina jo") == (0, "Excused from 00_start_here: ina, jo.\n")
    assert run("excuse", "00", "--student", "jo", "--undo", "--dry-run")[0] == 0
    assert run("excuse", "00") == (0, "Excused from 00_start_here: ina, jo.\n")
    for arguments in (["--student", "inga"], ["--student", "inga", "--undo"]):
        sentence = "There is no student inga in the class list (did you mean ina?)."
        assert run("excuse", "00", *arguments) == (1, sentence)
    assert run("excuse", "00", "--undo") == (1, "Which student? Name one by the id, e.g. STUDENT=ina.")


def test_an_id_may_have_a_space_in_it():
    assert find_students(" ina m ", ["ina m", "ina"], "here") == ["ina m"]
    assert find_students("ina, jo ina", ["jo", "ina"], "here") == ["ina", "jo"]
