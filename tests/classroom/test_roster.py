"""A class list is read from what platforms export, and entered atomically."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.classroom.administration.class_list import Person, read_class_list
from helpers.classroom.administration.csv_table import Table
from helpers.classroom.administration.roster import check_student_id, enter, key_of, listed

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


def read(path, **named):
    """Return the ClassList in a file."""
    return read_class_list(Table(path), named)


def people_in(path, **named):
    """Return everybody in a class list."""
    return [person for _, person in read(path, **named).lines]


def in_gradebook(course):
    """Return what the gradebook knows about each student."""
    with course.gradebook() as gradebook:
        return {
            student.id: (student.first_name, student.last_name, student.email, student.lms_user_id)
            for student in gradebook.students
        }


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_plain_list_is_read(write):
    assert people_in(write(PLAIN)) == [
        Person("ada", "Ada", "Lovelace", "ada@example.org"),
        Person("grace", "Grace", "Hopper"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiters_line_ends_and_a_byte_order_mark_make_no_difference(write, encoding, delimiter, newline):
    text = PLAIN.replace("Ada", "Åda 에이다").replace(",", delimiter).replace("\n", newline)
    people = people_in(write(text, encoding))
    assert [(person.id, person.first_name) for person in people] == [("ada", "Åda 에이다"), ("grace", "Grace")]


@pytest.mark.parametrize("before", ["sep=;\r\n", "\n", ";;;\r\n \t\n", "sep=;\n\n"])
def test_excels_own_first_line_and_blank_lines_are_skipped_and_counted(write, before):
    text = before + PLAIN.replace(",", ";").replace("\n", "\n;\n\n")
    assert [person.id for person in people_in(write(text))] == ["ada", "grace"]
    lines = read(write(before + "id;first_name\nada;Ada\n;Grace\n")).lines
    assert lines[1][0] == before.count("\n") + 3


def test_a_second_column_without_a_heading_hides_nothing(write):
    class_list = read(write("id,first_name,,\nada,Ada,,\n,,x,\ngrace,,,y\n"))
    assert [(line, person.id) for line, person in class_list.lines] == [(2, "ada"), (3, ""), (4, "grace")]
    assert class_list.unused == ["(column 3, without a heading)", "(column 4, without a heading)"]


def test_of_canvas_the_login_is_the_id_and_the_test_student_is_named_as_left_out(write):
    class_list = read(write(CANVAS))
    assert [person for _, person in class_list.lines] == [
        Person("ada", "Ada", "Lovelace", lms_user_id="501"),
        Person("grace", "Grace", "Hopper", lms_user_id="502"),
    ]
    assert class_list.id_column == "SIS Login ID"
    assert class_list.left_out == ["Canvas's test student (line 6, “Student, Test”)"]


@pytest.mark.parametrize(
    "name", ["학생, 테스트", "test, Étudiant de", "prueba, Estudiante de", "テスト受講生", "Besuch, Probe"]
)
def test_canvass_test_student_is_known_in_other_languages_or_by_its_made_up_login(write, name):
    login = "f1d2d2f924e986ac86fdf7b36c94bcdf32beec15" if name == "Besuch, Probe" else "c0ffee"
    text = CANVAS.replace("Student, Test", name).replace("f1d2d2f924e986ac86fdf7b36c94bcdf32beec15", login)
    assert [person.id for person in people_in(write(text))] == ["ada", "grace"]


def test_a_student_of_the_universitys_own_is_not_the_test_student_whatever_the_name(write):
    assert len(people_in(write(CANVAS.replace('"Lovelace, Ada"', '"Student, Test"')))) == 2


def test_canvas_may_write_two_columns_for_the_name(write):
    text = "LastName,FirstName,ID,SIS Login ID,Section\n    Points Possible,,,,\nLovelace,Ada,501,ada,A\n"
    assert people_in(write(text)) == [Person("ada", "Ada", "Lovelace", lms_user_id="501")]


def test_moodles_participants_have_their_address_as_the_id_where_the_id_number_is_blank_for_all(write):
    class_list = read(write(PARTICIPANTS))
    assert class_list.lines[0] == (2, Person("ada@example.org", "Ada", "Lovelace", "ada@example.org"))
    assert class_list.id_column == "Email address"


def test_an_id_number_that_some_have_is_not_passed_over(write, blank_course):
    entered = enter(blank_course, write(PARTICIPANTS.replace("Lovelace,,", "Lovelace,77,")))
    assert entered.added == ["77"]
    [fault] = entered.faults
    assert fault.endswith("line 3 (Grace Hopper), column `ID number`: the id is empty")


def test_moodles_worksheet_is_a_class_list_and_its_numbers_are_of_one_assignment_only(write):
    assert people_in(write(WORKSHEET))[1] == Person("grace", "Grace", "Hopper", "grace@example.org", lms_user_id="")


def test_the_column_of_the_ids_can_be_named(write):
    assert [person.id for person in people_in(write(CANVAS), id="sis user id")] == ["S-1", "S-2"]
    with pytest.raises(ValueError, match="has no column `Matrikel` with anything in it; it has `Student`, `ID`"):
        people_in(write(CANVAS), id="Matrikel")


LINE = "id,first_name\nada,Ada\n{}\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (LINE.format("ada,Grace"), "line 3: the id `ada` is in line 2 too"),
        (LINE.format("ADA,Grace"), "line 3: the id `ADA` is in line 2 too"),
        (LINE.format('grace,"Gra'), "it cannot be read as CSV"),
        ("id,lms_user_id\nada,5\ngrace,5\n", "line 3: the platform's number `5` is in line 2 too"),
        ("", "is empty"),
        ("id,first_name\n", "has a heading and no students"),
        (
            "id,first_name\na,b,c\n",
            "line 2: it has 3 cells, the heading has 2 (is a comma in a name not inside quotes?).",
        ),
        (
            "nickname,address\nAda,a@b\n",
            "has no column with ids in it; it has `nickname`, `address`. What is understood: a list",
        ),
        ("id,ID\nada,ada\n", "has two columns `id`"),
        (
            "id,first_name\n,Ada\na/b,Grace\n",
            "line 2 (Ada), column `id`: the id is empty. 2 lines cannot be right.",
        ),
        ("id,first_name\nada,Zoé\n".encode("latin-1"), "is not in UTF-8. In Excel, save it as “CSV UTF-8”"),
    ],
)
def test_a_list_that_cannot_be_right_is_refused_and_nothing_is_entered(write, blank_course, text, sentence):
    with pytest.raises(ValueError) as refusal:
        enter(blank_course, write(text))
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert in_gradebook(blank_course) == {}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (",Grace", "line 3 (Grace), column `id`: the id is empty"),
        ("a/b,Grace", "line 3 (Grace), column `id`: the id `a/b` has a `/` in it"),
        ("1.23E+05,Grace", "the id `1.23E+05` is a number that a spreadsheet has rounded"),
        ("2E+9,Grace", "the id `2E+9` is a number that a spreadsheet has rounded"),
        ("..,Grace", "line 3 (Grace), column `id`: the id `..` has a `..` in it"),
        ("a..b,Grace", "line 3 (Grace), column `id`: the id `a..b` has a `..` in it"),
        ("g\0,Grace", "line 3 (Grace), column `id`: the id `g�` has a character that cannot be printed"),
        ('=HYPERLINK("x"),Grace', 'the id `=HYPERLINK("x")` has a part that a spreadsheet takes for a formula'),
        ("+4912345,Grace", "the id `+4912345` has a part that a spreadsheet takes for a formula"),
        ("＝1,Grace", "the id `＝1` has a part that a spreadsheet takes for a formula"),
        ("*,Grace", "line 3 (Grace), column `id`: the id `*` has a `*` in it"),
        ("g" * 129, "is longer than 128 bytes"),
        ("김" * 43, "is longer than 128 bytes"),  # in three bytes each
        ("hopper, grace,Grace", "line 3: it has 3 cells, the heading has 2"),
    ],
)
def test_one_line_that_cannot_be_right_is_named_and_the_others_are_entered(write, blank_course, line, fault):
    entered = enter(blank_course, write(LINE.format(line)))
    assert in_gradebook(blank_course).keys() == {"ada"}
    assert not entered.complete
    assert fault in str(entered)
    assert "Correct this, on the platform or in the file, and enter the list again; or take" in str(entered)


def test_in_canvas_a_student_without_a_login_is_named_and_the_others_are_entered(write, blank_course):
    entered = enter(blank_course, write(CANVAS.replace("S-2,ada", "S-2,").replace("S-2,grace", ",")))
    assert in_gradebook(blank_course).keys() == {"ada"}
    assert "line 5 (Grace Hopper), column `SIS Login ID`: the id is empty." in str(entered)


@pytest.mark.parametrize("student", ["ada+rnn@x.org", "a+b+c", "ada+", "O'Brien", "김민수"])
def test_an_id_may_have_a_plus_an_apostrophe_or_letters_of_any_script(write, blank_course, student):
    enter(blank_course, write(f"id\n{student}\n"))
    assert in_gradebook(blank_course).keys() == {student}


def test_the_line_is_that_of_the_file_where_a_name_goes_over_two(write):
    assert [line for line, _ in read(write('id,first_name\nada,"Ada\nAugusta"\n,Grace\n')).lines] == [3, 4]


def test_of_very_many_lines_that_are_not_entered_the_first_are_shown(write, blank_course):
    good, bad = ("".join(f"{start}{number}\n" for number in range(40)) for start in ("g", "a/"))
    said = str(enter(blank_course, write("id\n" + good + bad))).splitlines()
    assert sum(line.startswith("Not entered: ") for line in said) == 21
    assert "Not entered: 20 more lines." in said


@given(st.binary(max_size=60))
def test_no_file_whatever_is_in_it_ends_in_a_traceback(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    for content in (data, b"id,first_name\n" + data, b"\xff\xfe" + data):
        path.write_bytes(content)
        try:
            read(path)
        except ValueError as error:
            assert str(path) in str(error)


def is_allowed(student):
    """Whether a text may be the id of a student."""
    try:
        check_student_id(student)
    except ValueError:
        return False
    return True


ID = st.text(st.sampled_from("abcXYZ019_@.+é에"), min_size=1, max_size=12).filter(is_allowed)
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
    assert [(person.id, person.first_name) for person in people_in(path)] == people


@given(st.text())
def test_an_id_that_is_let_through_names_a_folder_right_below(student):
    if is_allowed(student):
        assert student not in ("", ".", "..")
        assert not set(student) & set("/\\\0*?[")


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
        "Left out: Canvas's test student (line 6, “Student, Test”).\n"
        "Columns that were not used: `SIS User ID`, `Section`, `01_vanishing (77)`, `Current Score`."
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
    assert "In the gradebook, not in this list, and kept: 1 student: grace." in str(entered)


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
