"""What a group hands in together counts for each of its members, and nobody's work takes the place of another's."""

import zipfile

import pytest
from nbgrader.api import Student

from helpers.classroom.administration.download import find_in_download, opened_download

NAME = "09_small"

#: id, first name, last name, Canvas's number.
CLASS = [
    ("ada", "Ada", "Lovelace", "501"),
    ("bob", "Bob", "O'Brien", "502"),
    ("cem", "Cem", "Yılmaz", "503"),
    ("dan", "Séamus", "Müller-Lüdenscheidt", "504"),
    ("lee1", "Kim", "Lee", "505"),
    ("lee2", "Kim", "Lee", "506"),
]
GROUPS = {"Team A": ["ada", "bob", "cem"], "Project Group 1": ["dan", "lee1"], "Lab-2": ["ada", "dan"]}
NO_NUMBERS = [(*person[:3], None) for person in CLASS]


@pytest.fixture
def find(tmp_path):
    """A function that packs files of some names, whose bytes are their names, and searches them for the class."""

    def find(*names, groups=GROUPS, people=CLASS, worksheet=None):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for name in names:
                archive.writestr(name, name)
        students = [Student(id=id, first_name=a, last_name=b, lms_user_id=number) for id, a, b, number in people]
        if worksheet:
            (tmp_path / "worksheet.csv").write_text(worksheet)
        with opened_download(tmp_path / "a.zip") as files:
            path = tmp_path / "worksheet.csv" if worksheet else None
            found = find_in_download(files, NAME, students, path, groups)
            found.read = {file.student: file.read().decode() for file in found.files}
        return found

    return find


def said(found):
    """Return everything that the report says."""
    return [*found.notes, *(f"{name} {reason}" for name, reason in found.refused + found.unmatched)]


# --- Canvas -----------------------------------------------------------------------------------------------------------


def test_what_one_member_hands_in_for_a_group_counts_for_all_of_them(find):
    found = find("projectgroup1_504_9001_09_small.ipynb", "lovelaceada_501_9002_09_small.ipynb")
    assert found.read == {
        "dan": "projectgroup1_504_9001_09_small.ipynb",
        "lee1": "projectgroup1_504_9001_09_small.ipynb",
        "ada": "lovelaceada_501_9002_09_small.ipynb",
    }
    assert [file.attempt for file in found.files] == [9002, 9001, 9001]
    assert found.notes == ["Project Group 1: the notebook of dan counts for dan, lee1."]


def test_a_late_hand_in_is_late_for_each_member(find):
    assert "Canvas marks as late: dan, lee1." in find("projectgroup1_LATE_504_9001_09_small.ipynb").notes


def test_accents_that_canvas_omits_do_not_make_a_name_a_groups(find):
    found = find("mullerludenscheidtseamus_504_1_09_small.ipynb", "müllerlüdenscheidtséamus_504_2_09_small.ipynb")
    assert found.read["dan"].startswith("müller") and len(found.read) == 1
    assert not any("group" in sentence for sentence in said(found))


def test_what_a_member_handed_in_alone_counts_for_them(find):
    found = find("teama_501_9001_09_small.ipynb", "yılmazcem_503_8000_09_small.ipynb")
    assert found.read["cem"] == "yılmazcem_503_8000_09_small.ipynb"
    assert found.read["bob"] == found.read["ada"] == "teama_501_9001_09_small.ipynb"
    assert found.notes == [
        "Team A: the notebook of ada counts for ada, bob.",
        "Team A: what they handed in alone counts for cem.",
    ]


def test_the_one_who_hands_in_for_a_group_may_have_something_of_their_own(find):
    found = find("teama_501_9001_09_small.ipynb", "lovelaceada_501_9002_09_small.ipynb")
    assert (found.read["ada"][:8], found.read["bob"][:5]) == ("lovelace", "teama")


def test_of_two_members_who_hand_in_each_keeps_their_own_and_the_others_have_the_newest(find):
    found = find("teama_501_9001_09_small.ipynb", "teama_502_9002_09_small-1.ipynb")
    assert {student: name[6:14] for student, name in found.read.items()} == {
        "ada": "501_9001",
        "bob": "502_9002",
        "cem": "502_9002",
    }
    assert found.notes == [
        "Team A: the notebook of ada counts for ada.",
        "Team A: the notebook of bob counts for bob, cem.",
    ]
    assert "_501_" in find("teama_501_9002_09_small.ipynb", "teama_502_9001_09_small-1.ipynb").read["cem"]


def test_the_name_of_the_file_says_for_which_of_several_groups_somebody_handed_in(find):
    assert set(find("lab2_501_9001_09_small.ipynb").read) == {"ada", "dan"}
    assert set(find("teama_501_9001_09_small.ipynb").read) == {"ada", "bob", "cem"}


def test_for_a_member_of_two_groups_that_both_handed_in_none_is_guessed(find):
    found = find("teama_502_9001_09_small.ipynb", "lab2_504_9002_09_small.ipynb")
    assert set(found.read) == {"bob", "cem", "dan"}
    [(student, reason)] = found.refused
    assert student == "ada"
    assert reason.startswith("is in 2 groups that handed in, Team A, Lab-2: put the notebook that counts into a folder")


def test_who_is_not_in_the_group_hands_in_for_themselves_only(find):
    found = find("teama_504_9001_09_small.ipynb")
    assert set(found.read) == {"dan"}
    assert "dan handed in for the group `teama`, but the class list does not have them in it" in found.notes[0]


def test_a_group_of_another_name_is_that_of_the_one_who_handed_in_if_there_is_only_one(find):
    found = find("thebest_502_9001_09_small.ipynb")
    assert set(found.read) == {"ada", "bob", "cem"}
    assert found.notes[0] == "`thebest` is no group in the class list: it was taken for Team A, the group of bob."


@pytest.mark.parametrize(
    "names",
    [
        ["thebest_501_1_09_small.ipynb"],  # ada is in two groups
        ["thebest_502_1_09_small.ipynb", "yılmazcem_503_2_09_small.ipynb"],  # so it is not for groups
        ["thebest_506_1_09_small.ipynb"],  # is in none
        ["thebest_502_1_09_small.ipynb", "therest_503_1_09_small.ipynb"],  # two of one group
    ],
)
def test_where_the_group_is_not_certain_it_counts_for_the_one_who_handed_in_and_is_said(find, names):
    found = find(*names)
    assert len(found.read) == len(names)
    assert "it may be a group that is not entered" in found.notes[0]
    assert sum("enter who belongs together with `make roster`" in note for note in found.notes) == 1


def test_of_two_groups_the_one_is_meant_whose_other_members_have_nothing_else(find):
    found = find("thebest_501_1_09_small.ipynb", "teama_502_2_09_small.ipynb")
    assert {student: name[:7] for student, name in found.read.items()} == {
        "ada": "thebest",
        "dan": "thebest",
        "bob": "teama_5",
        "cem": "teama_5",
    }


def test_without_groups_it_counts_for_the_one_who_handed_in_and_the_report_says_how_to_enter_them(find):
    found = find("projectgroup1_501_5001_09_small.ipynb", "lovelaceada_501_1_09_small.ipynb", groups={})
    assert found.read == {"ada": "lovelaceada_501_1_09_small.ipynb"}
    found = find("projectgroup1_501_5001_09_small.ipynb", groups={})
    assert set(found.read) == {"ada"}
    assert "`projectgroup1` is where the name of ada should be" in found.notes[0]
    assert found.notes[1].startswith("If they worked in groups, enter who belongs together with `make roster`")


def test_a_name_that_is_only_partly_the_class_lists_is_not_taken_for_a_groups(find):
    assert find("lovelaceaugusta_501_1_09_small.ipynb").notes == []


def test_a_group_may_have_the_name_of_the_one_who_hands_in(find):
    found = find("adasteam_501_1_09_small.ipynb", groups={"Ada's Team": ["ada", "bob"]})
    assert set(found.read) == {"ada", "bob"}


def test_of_two_for_unknown_groups_the_newest_counts(find):
    found = find("zebras_506_8_09_small.ipynb", "apples_506_9_09_small.ipynb", groups={})
    assert found.read == {"lee2": "apples_506_9_09_small.ipynb"}


def test_a_group_may_be_entered_with_decomposed_letters(find):
    assert set(find("E\u0301quipe.ipynb", groups={"E\u0301quipe": ["ada"]}).read) == {"ada"}


def test_a_member_who_is_not_in_the_class_list_is_named(find):
    found = find("teama_501_1_09_small.ipynb", people=CLASS[:2])
    assert set(found.read) == {"ada", "bob"}
    assert "Team A: not in the class list: cem." in found.notes


def test_a_group_whose_number_nobody_in_the_class_list_has_is_left_to_the_instructor(find):
    found = find("teama_999_1_09_small.ipynb")
    assert (found.read, found.unmatched[0][1]) == (
        {},
        "it is from the group Team A, but nobody in the class list has its number",
    )


def test_where_the_class_list_has_no_numbers_a_groups_name_is_enough_and_it_is_said(find):
    found = find("teama_999_1_09_small.ipynb", people=NO_NUMBERS)
    assert set(found.read) == {"ada", "bob", "cem"}
    assert any(note.startswith("By their names alone: ada, bob, cem.") for note in found.notes)


def test_a_group_that_handed_in_no_notebook_is_named(find):
    assert find("teama_501_1_report.pdf").refused == [("ada", "handed in no notebook, only report.pdf")]


@pytest.mark.parametrize("name", ["Team A.ipynb", "Team A/anything.ipynb"])
def test_a_file_or_folder_of_ones_own_may_be_named_after_a_group(find, name):
    found = find(name)
    assert found.read == dict.fromkeys(["ada", "bob", "cem"], name)
    assert "Team A: its notebook counts for ada, bob, cem." in found.notes


# --- Moodle -----------------------------------------------------------------------------------------------------------


def moodle(*people):
    """Return the paths of Moodle's folders for them, with the numbers 4000, 4001, ...."""
    return [f"{person}_{4000 + place}_assignsubmission_file/{NAME}.ipynb" for place, person in enumerate(people)]


def numbers(found):
    """Return a dict from student to Moodle's number."""
    return {student: path.split("_")[1] for student, path in found.read.items()}


@pytest.mark.parametrize("groups", [{"Lab-2": ["ada", "bob", "dan"]}, {}], ids=["entered", "not entered"])
def test_what_stands_before_a_name_is_a_group(find, groups):
    found = find(*moodle("Lab-2-Ada Lovelace", "Lab-2-Bob O’Brien", "Lab-2-Séamus Müller-Lüdenscheidt"), groups=groups)
    assert numbers(found) == {"ada": "4000", "bob": "4001", "dan": "4002"}
    assert ("Taken as names of groups: Lab-2." in found.notes) is not groups


def test_one_folder_with_an_unknown_word_before_a_name_is_not_guessed(find):
    """It may be somebody who is called Anna-Ada."""
    found = find(*moodle("Anna-Ada Lovelace"))
    assert (found.read, found.unmatched[0][1]) == ({}, "nobody of this name is in the class list")
    assert 'ARGS="--worksheet FILE.csv"' in found.notes[0]


def test_a_hyphenated_name_is_a_name_before_it_is_a_group(find):
    people = [*CLASS, ("eva", "Anna-Ada", "Lovelace", None)]
    assert numbers(find(*moodle("Anna-Ada Lovelace", "Anna-Bob O'Brien"), people=people)) == {
        "eva": "4000",
        "bob": "4001",
    }


def test_a_name_that_may_be_two_people_is_neither(find):
    people = [*CLASS, ("eva", "Anna-Ada", "Lovelace", None)]
    found = find(*moodle("Anna-Ada Lovelace"), people=people, groups={"Anna": ["ada"]})
    assert (found.read, found.unmatched[0][1]) == ({}, "2 students of the class have this name")


def test_who_has_joined_a_group_since_it_was_entered_is_found_by_name(find):
    assert set(find(*moodle("Lab-2-Bob OBrien")).read) == {"bob"}


def test_a_number_that_the_worksheet_lacks_is_left_and_the_worksheet_is_not_asked_for_again(find):
    found = find(*moodle("Ada Lovelace"), worksheet="Identifier,ID number\nParticipant 1,ada\n")
    assert (found.read, found.notes) == ({}, [])
    assert found.unmatched[0][1] == "the worksheet has no line for its number: is it the one of this assignment?"


@pytest.mark.parametrize("name", ["Kim Lee", "Somebody Else"])
def test_a_line_of_the_worksheet_that_fits_nobody_or_two_is_not_guessed(find, name):
    found = find(*moodle("Ada Lovelace"), worksheet=f"Identifier,Full name\nParticipant 4000,{name}\n")
    assert found.read == {}
    assert "fits no student of the class, or several: it needs a column with their ids" in found.unmatched[0][1]


def test_two_students_of_one_name_are_told_apart_by_their_group(find):
    groups = {"Red": ["lee1", "ada"], "Blue": ["lee2", "bob"]}
    found = find(*moodle("Blue-Kim Lee", "Red-Kim Lee"), groups=groups)
    assert numbers(found) == {"lee1": "4001", "lee2": "4000"}


def test_the_work_of_one_member_is_not_given_to_others_since_each_has_a_folder_in_moodle(find):
    assert set(find(*moodle("Team A-Ada Lovelace")).read) == {"ada"}


@pytest.mark.parametrize(
    "headings",
    [
        "Identifier,Full name,ID number,Participant",
        "ID,Vollständiger Name,ID-Nummer,Teilnehmer/in",
        "Identifiant,Nom complet,Numéro d'identification,Participant",
        "Identificador,Nombre completo,Número de ID,Participante",
        "식별자,성명,학번,참여자",
        "識別子,氏名,ID番号,参加者",
    ],
)
def test_with_the_worksheet_in_any_language_two_of_one_name_are_told_apart_by_the_number(find, headings):
    *columns, participant = headings.split(",")
    lines = [",".join(columns), f"{participant} 4000,Kim Lee,lee2", f"{participant} 4001,Kim Lee,lee1"]
    worksheet = "".join(f"{line}\n" for line in lines)
    found = find(*moodle("Red-Kim Lee", "Red-Kim Lee"), worksheet=worksheet)
    assert numbers(found) == {"lee2": "4000", "lee1": "4001"}
    assert found.notes == []


def test_without_the_worksheet_two_of_one_name_are_both_left_with_what_to_do(find):
    found = find(*moodle("Kim Lee", "Kim Lee", "Ada Lovelace"))
    assert set(found.read) == {"ada"}
    assert [reason for _, reason in found.unmatched] == ["2 students of the class have this name"] * 2
    assert "grading worksheet of this assignment: download it" in found.notes[0]


def test_two_of_one_name_are_told_apart_by_canvass_number(find):
    names = ["leekim_506_1_09_small.ipynb", "leekim_505_2_09_small.ipynb"]
    assert find(*names).read == {"lee2": names[0], "lee1": names[1]}
    found = find(*names, people=NO_NUMBERS)
    assert (found.read, len(found.unmatched)) == ({}, 2)
    assert found.notes == [
        "Canvas's numbers are in the class list that it exports (Grades, Export): enter that with `make roster`."
    ]
