"""Who works together is read from a class list or a platform's own list of groups, and kept beside the gradebook."""

import json

import pytest

from helpers.classroom.administration.groups import groups_of, members_of, read_groups, replace_groups, write_groups
from helpers.classroom.administration.roster import enter

CLASS = """\
id,first_name,last_name,email,lms_user_id,Group
ada,Ada,Lovelace,ada@example.org,501,Team 1
grace,Grace,Hopper,grace@example.org,502,Team 1
minsu,민수,김,minsu@example.org,503,Team 2
alan,Alan,Turing,alan@example.org,504,
"""

CANVAS = """\
name,canvas_user_id,user_id,login_id,sections,group_name,canvas_group_id,group_id
Ada Lovelace,501,S-1,ada.l,A,Projekt 1,9,
Grace Hopper,,S-2,grace,A,Projekt 1,9,
민수 김,503,S-3,minsu,A,,,
Eve Stranger,599,S-9,eve,A,Projekt 2,10,
"""

MOODLE = """\
Grouping,Group,First name,Last name,Email address
Homework,A,Ada,Lovelace,ada@example.org
Homework,A,Grace,Hopper,grace@example.org
Labs,B,Ada,Lovelace,ada@example.org
Labs,Empty,,,
"""


@pytest.fixture
def course(blank_course):
    """A course whose class is entered without groups."""
    path = blank_course.root / "class.csv"
    path.write_text("".join(line.rpartition(",")[0] + "\n" for line in CLASS.splitlines()), encoding="utf-8")
    enter(blank_course, path)
    return blank_course


@pytest.fixture
def enter_text(course):
    """A function that enters a list given as text."""

    def enter_text(text, **options):
        path = course.root / "list.csv"
        path.write_text(text, encoding="utf-8")
        return enter(course, path, **options)

    return enter_text


def test_a_class_list_says_who_is_in_which_group(course, enter_text):
    entered = enter_text(CLASS)
    assert read_groups(course) == {"Team 1": ["ada", "grace"], "Team 2": ["minsu"]}
    assert "Entered: the groups of 4 students, 2 groups in all.\nIn no group: alan." in str(entered)
    assert members_of(course, "ada") == members_of(course, "grace") == ["ada", "grace"]
    assert (members_of(course, "alan"), groups_of(course, "alan")) == (["alan"], [])


def test_a_dry_run_leaves_the_groups_as_they_are(course, enter_text):
    enter_text(CLASS)
    entered = enter_text("id,Group\nada,Team 9\n", dry_run=True)
    assert "Would be entered: the groups of 1 student," in str(entered)
    assert groups_of(course, "ada") == ["Team 1"]


def test_a_list_replaces_the_groups_of_the_people_in_it_and_of_nobody_else(course, enter_text):
    enter_text(CLASS)
    enter_text("id,Group\nada,Team 2\nminsu,\nalan,Team 3\n")
    assert read_groups(course) == {"Team 1": ["grace"], "Team 2": ["ada"], "Team 3": ["alan"]}


@pytest.mark.parametrize("text", ["id,first_name\nada,Ada\n", "id,Group\nada,\n"])
def test_a_list_that_says_nothing_of_groups_leaves_them_as_they_are(course, enter_text, text):
    enter_text(CLASS)
    enter_text(text)
    assert groups_of(course, "ada") == ["Team 1"]


def test_a_person_whose_line_is_not_entered_gets_no_group(course, enter_text):
    entered = enter_text("id,Group\nada,Team 1\na/b,Team 1\n")
    assert not entered.complete
    assert read_groups(course) == {"Team 1": ["ada"]}


def test_a_person_may_be_in_several_groups_of_moodles(course, enter_text):
    enter_text('id,Groups\nada,"A, B"\ngrace,A\nminsu,B\n')
    assert groups_of(course, "ada") == ["A", "B"]
    assert members_of(course, "ada") == ["ada", "grace", "minsu"]
    assert members_of(course, "grace") == ["ada", "grace"]


def test_canvass_list_of_groups_adds_nobody_and_names_whom_it_does_not_know(course, enter_text):
    entered = enter_text(CANVAS)
    assert read_groups(course) == {"Projekt 1": ["ada", "grace"]}
    assert entered.groups.keys() == {"ada", "grace", "minsu"}
    assert "line 5: Eve Stranger is not in the class list." in str(entered)
    assert not entered.complete
    with course.gradebook() as gradebook:
        assert {student.id for student in gradebook.students} == {"ada", "grace", "minsu", "alan"}


def test_canvass_number_comes_before_a_login_that_is_somebody_elses_id(course, enter_text):
    enter_text(CANVAS.replace("501,S-1,ada.l", "501,S-1,alan"))
    assert read_groups(course) == {"Projekt 1": ["ada", "grace"]}


def test_canvass_groups_may_have_a_number_only(course, enter_text):
    enter_text("canvas_user_id,user_id,login_id,canvas_group_id\n501,,,45\n,,grace,45\n")
    assert read_groups(course) == {"45": ["ada", "grace"]}


def test_moodles_overview_has_a_line_for_each_membership(course, enter_text):
    entered = enter_text(MOODLE)
    assert entered.complete
    assert read_groups(course) == {"A": ["ada", "grace"], "B": ["ada"]}


@pytest.mark.parametrize(
    "headings", ["Gruppierung,Gruppe,Vorname,Nachname", "Groupement,Groupe,Prénom,Nom", "グルーピング,グループ,名,姓"]
)
def test_moodles_overview_in_another_language_and_by_names_alone(course, enter_text, headings):
    entered = enter_text(f"{headings}\n-,A,민수,김\n-,A,Ada,Lovelace\n-,A,Nobody,Here\n")
    assert read_groups(course) == {"A": ["ada", "minsu"]}
    assert "Nobody Here is not in the class list" in str(entered)


def test_of_two_students_of_one_name_none_is_guessed(course, enter_text):
    enter_text("id,first_name,last_name\nada2,Ada,Lovelace\n")
    entered = enter_text("Grouping,Group,First name,Last name\n,A,Ada,Lovelace\n,A,Grace,Hopper\n")
    assert read_groups(course) == {"A": ["grace"]}
    assert "line 2: Ada Lovelace" in str(entered)


def test_a_list_of_groups_without_a_class_is_refused_with_the_way_out(blank_course):
    path = blank_course.root / "groups.csv"
    path.write_text(CANVAS, encoding="utf-8")
    with pytest.raises(ValueError, match="nobody in it is in the class list: enter that first"):
        enter(blank_course, path)


def test_a_column_of_a_list_of_groups_need_not_be_named(course, enter_text):
    with pytest.raises(ValueError, match="is a list of groups, whose columns are known: leave out --column"):
        enter_text(CANVAS, columns={"id": "login_id"})


def test_groups_are_kept_with_members_in_order_and_without_empty_ones(blank_course):
    write_groups(blank_course, {"B": ["grace", "ada", "ada"], "A": ["민수"], "C": []})
    assert list(read_groups(blank_course).items()) == [("A", ["민수"]), ("B", ["ada", "grace"])]


def test_replacing_takes_a_student_out_of_every_old_group():
    old = {"A": ["ada", "grace"], "B": ["ada"]}
    assert replace_groups(old, {"ada": ["C"], "eve": []}) == {"A": ["grace"], "C": ["ada"]}


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"A": "ada"}', b'{"A": [1]}', b"null"])
def test_a_damaged_file_of_groups_is_refused_with_the_way_out(blank_course, content):
    (blank_course.root / "groups.json").write_bytes(content)
    with pytest.raises(ValueError, match="is damaged: delete it, and enter the list"):
        read_groups(blank_course)


def test_groups_survive_a_failed_write(blank_course, monkeypatch):
    write_groups(blank_course, {"A": ["ada"]})
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        write_groups(blank_course, {"B": ["ada"]})
    assert json.loads((blank_course.root / "groups.json").read_text(encoding="utf-8")) == {"A": ["ada"]}
