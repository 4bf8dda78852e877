"""A class list is read from what platforms export, and entered atomically."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.classroom.administration.roster import Person, check_student_id, enter, key_of, listed, read_roster

PLAIN = "id,first_name,last_name,email\nada,Ada,Lovelace,ada@example.org\ngrace,Grace,Hopper,\n"

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,01_vanishing (77),Current Score
,,,,,Manual Posting,(read only)
    Points Possible,,,,,10.00,(read only)
"Lovelace, Ada",501,S-1,ada,Section A,9,90
"Hopper, Grace",502,S-2,grace,"Section A and Section B",,
"Student, Test",503,,f1d2d2f924e986ac86fdf7b36c94bcdf32beec15,Section A,,
"""

PARTICIPANTS = """\
First name,Last name,ID number,Email address,Groups
Ada,Lovelace,,ada@example.org,
Grace,Hopper,,grace@example.org,"A, B"
"""

WORKSHEET = """\
Identifier,Full name,Username,Email address,Status,Grade
Participant 4711,Ada Lovelace,ada,ada@example.org,No submission,
Participant 4712,Grace Hopper,grace,grace@example.org,No submission,
"""


@pytest.fixture
def write(tmp_path):
    """A function that writes a list and returns its path."""

    def write(text, encoding="utf-8"):
        path = tmp_path / "list.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def in_gradebook(course):
    """Return what the gradebook knows about each student."""
    with course.gradebook() as gradebook:
        return {
            student.id: (student.first_name, student.last_name, student.email, student.lms_user_id)
            for student in gradebook.students
        }


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_plain_list_is_read(write):
    assert read_roster(write(PLAIN)).people == [
        Person("ada", "Ada", "Lovelace", "ada@example.org"),
        Person("grace", "Grace", "Hopper"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiters_line_ends_and_a_byte_order_mark_make_no_difference(write, encoding, delimiter, newline):
    text = PLAIN.replace("Ada", "Åda 에이다").replace(",", delimiter).replace("\n", newline)
    people = read_roster(write(text, encoding)).people
    assert [(person.id, person.first_name) for person in people] == [("ada", "Åda 에이다"), ("grace", "Grace")]


@pytest.mark.parametrize("before", ["sep=;\r\n", "\n", ";;;\r\n \t\n", "sep=;\n\n"])
def test_excels_own_first_line_and_blank_lines_are_skipped_and_counted(write, before):
    text = before + PLAIN.replace(",", ";").replace("\n", "\n;\n\n")
    assert [person.id for person in read_roster(write(text)).people] == ["ada", "grace"]
    with pytest.raises(ValueError, match=f"line {before.count(chr(10)) + 3}, column `id`"):
        read_roster(write(before + "id;first_name\nada;Ada\n;Grace\n"))


def test_a_second_column_without_a_heading_hides_nothing(write):
    with pytest.raises(ValueError, match="line 3, column `id`: the id is empty"):
        read_roster(write("id,first_name,,\nada,Ada,,\n,,x,\n"))


def test_of_canvas_the_login_is_the_id_and_the_test_student_is_named_as_left_out(write):
    roster = read_roster(write(CANVAS))
    assert roster.people == [
        Person("ada", "Ada", "Lovelace", lms_user_id="501"),
        Person("grace", "Grace", "Hopper", lms_user_id="502"),
    ]
    assert (roster.id_column, roster.left_out) == ("SIS Login ID", ["Canvas's test student"])


def test_canvas_may_write_two_columns_for_the_name(write):
    text = "LastName,FirstName,ID,SIS Login ID,Section\n    Points Possible,,,,\nLovelace,Ada,501,ada,A\n"
    assert read_roster(write(text)).people == [Person("ada", "Ada", "Lovelace", lms_user_id="501")]


def test_moodles_participants_have_their_address_as_the_id_where_the_id_number_is_blank_for_all(write):
    roster = read_roster(write(PARTICIPANTS))
    assert roster.people[0] == Person("ada@example.org", "Ada", "Lovelace", "ada@example.org")
    assert roster.id_column == "Email address"


def test_an_id_number_that_some_have_is_not_passed_over(write):
    with pytest.raises(ValueError, match=r"line 3, column `ID number`: the id is empty\.$"):
        read_roster(write(PARTICIPANTS.replace("Lovelace,,", "Lovelace,77,")))


def test_moodles_worksheet_is_a_class_list_and_its_numbers_are_of_one_assignment_only(write):
    roster = read_roster(write(WORKSHEET))
    assert roster.people[1] == Person("grace", "Grace", "Hopper", "grace@example.org", lms_user_id="")


def test_the_column_of_the_ids_can_be_named(write):
    assert [person.id for person in read_roster(write(CANVAS), "sis user id").people] == ["S-1", "S-2"]
    with pytest.raises(ValueError, match="has no column `Matrikel` with anything in it; it has `Student`, `ID`"):
        read_roster(write(CANVAS), "Matrikel")


LINE = "id,first_name\nada,Ada\n{}\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (LINE.format(",Grace"), "line 3, column `id`: the id is empty"),
        (LINE.format("ada,Grace"), "line 3: the id `ada` is in line 2 too"),
        (LINE.format("ADA,Grace"), "line 3: the id `ADA` is in line 2 too"),
        (LINE.format("a/b,Grace"), "line 3, column `id`: the id `a/b` has a `/` in it"),
        (LINE.format("1.23E+05,Grace"), "line 3, column `id`: the id `1.23E+05` has a `+` in it"),
        (LINE.format("..,Grace"), "line 3, column `id`: the id `..` has a `..` in it"),
        (LINE.format("a..b,Grace"), "line 3, column `id`: the id `a..b` has a `..` in it"),
        (LINE.format("g\0,Grace"), "line 3, column `id`: the id `g�` has a character that cannot be printed"),
        (
            LINE.format('=HYPERLINK("x"),Grace'),
            '`=HYPERLINK("x")` has a `..` in it, or begins with `.`, `-`, `=`,',
        ),
        (LINE.format("*,Grace"), "line 3, column `id`: the id `*` has a `*` in it"),
        (LINE.format("g" * 129), "is longer than 128 bytes"),
        (LINE.format("김" * 43), "is longer than 128 bytes"),  # in three bytes each
        (LINE.format('grace,"Gra'), "it cannot be read as CSV"),
        (LINE.format("hopper, grace,Grace"), "line 3: it has 3 cells, the heading has 2"),
        ("id,lms_user_id\nada,5\ngrace,5\n", "line 3: the platform's number `5` is in line 2 too"),
        ("", "is empty"),
        ("id,first_name\n", "has a heading and no students"),
        ("name,mail\nAda,a@b\n", "has no column with ids; it has `name`, `mail`. What is understood: a list with"),
        ("id,ID\nada,ada\n", "has two columns `id`"),
        ("id,first_name\nada,Zoé\n".encode("latin-1"), "is not in UTF-8. In Excel, save it as “CSV UTF-8”"),
    ],
)
def test_a_list_that_cannot_be_right_is_refused_in_one_sentence(write, blank_course, text, sentence):
    with pytest.raises(ValueError) as refusal:
        enter(blank_course, write(text))
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert in_gradebook(blank_course) == {}


def test_the_line_is_that_of_the_file_where_a_name_goes_over_two(write):
    with pytest.raises(ValueError, match="line 4, column"):
        read_roster(write('id,first_name\nada,"Ada\nAugusta"\n,Grace\n'))


def is_allowed(student):
    """Whether a text may be the id of a student."""
    try:
        check_student_id(student)
    except ValueError:
        return False
    return True


ID = st.text(st.sampled_from("abcXYZ019_@.é에"), min_size=1, max_size=12).filter(is_allowed)
NAME = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


@given(
    st.lists(st.tuples(ID, NAME), min_size=1, unique_by=lambda line: line[0].casefold()),
    st.sampled_from([",", ";", "\t"]),
)
def test_no_list_is_ever_shortened(tmp_path_factory, people, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([("id", "first_name"), *people])
    path = tmp_path_factory.getbasetemp() / "list.csv"
    path.write_bytes(text.getvalue().encode())
    assert [(person.id, person.first_name) for person in read_roster(path).people] == people


@given(st.text())
def test_an_id_that_is_let_through_names_a_folder_right_below(student):
    if is_allowed(student):
        assert student not in ("", ".", "..")
        assert not set(student) & set("/\\\0+*?[")


@pytest.mark.parametrize("name", ["Ada O'Brien-Łovelace", "ada  obrien łovelace", "Ada_OBrienŁovelace"])
def test_what_platforms_do_to_names_leaves_their_key(name):
    assert key_of(name) == "adaobrienłovelace"


def test_a_long_list_of_names_ends_with_how_many_more_there_are():
    assert listed(["a", "b"]) == "a, b"
    assert listed(["a", "b", "c", "d"], most=2) == "a, b and 2 more"


# --- entering ---------------------------------------------------------------------------------------------------------


def test_the_whole_list_is_in_the_gradebook_with_the_platforms_numbers(write, blank_course):
    entered = enter(blank_course, write(CANVAS))
    assert in_gradebook(blank_course) == {
        "ada": ("Ada", "Lovelace", None, "501"),
        "grace": ("Grace", "Hopper", None, "502"),
    }
    assert str(entered) == (
        "Entered: 2 students, their ids from the column `SIS Login ID`: 2 new, 0 updated, 0 unchanged.\n"
        "Left out: Canvas's test student."
    )


def test_a_dry_run_changes_nothing(write, blank_course):
    entered = enter(blank_course, write(PLAIN), dry_run=True)
    assert str(entered).startswith("Would be entered: 2 students")
    assert in_gradebook(blank_course) == {}


def test_a_later_list_updates_and_what_it_leaves_blank_stays(write, blank_course):
    enter(blank_course, write(PLAIN))
    entered = enter(blank_course, write("id,last_name\nada,King\ngrace,Hopper\n"))
    assert (entered.added, entered.updated, entered.unchanged) == ([], ["ada"], ["grace"])
    assert in_gradebook(blank_course)["ada"] == ("Ada", "King", "ada@example.org", None)


def test_who_is_not_in_a_later_list_stays_and_is_named(write, blank_course):
    enter(blank_course, write(PLAIN))
    entered = enter(blank_course, write("id\nada\n"))
    assert in_gradebook(blank_course).keys() == {"ada", "grace"}
    assert "1 in the gradebook are not in this list, and were kept: grace." in str(entered)


def test_an_id_written_in_another_case_is_not_a_second_student(write, blank_course):
    enter(blank_course, write(PLAIN))
    with pytest.raises(ValueError, match="`Ada` is in the gradebook as `ada`"):
        enter(blank_course, write("id\nAda\n"))


def test_a_platforms_number_is_not_given_to_a_second_student(write, blank_course):
    enter(blank_course, write("id,lms_user_id\nada,501\n"))
    with pytest.raises(ValueError, match="number 501 is that of grace, and in the gradebook that of ada"):
        enter(blank_course, write("id,lms_user_id\ngrace,501\n"))


def test_nothing_is_entered_if_the_gradebook_fails_in_the_middle(write, blank_course):
    with blank_course.gradebook() as gradebook:
        gradebook.db.connection().exec_driver_sql(
            "create trigger t before insert on student when new.id = 'grace' begin select raise(abort, 'no'); end"
        )
        gradebook.db.commit()
    with pytest.raises(Exception, match="no"):
        enter(blank_course, write(PLAIN))
    assert in_gradebook(blank_course) == {}
