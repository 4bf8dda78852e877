"""The columns of a list are found in several languages, and any of them can be named."""

import pytest

from helpers.classroom.administration.class_list import Person, read_class_list, read_named
from helpers.classroom.administration.csv_table import Table
from helpers.classroom.administration.headings import HEADINGS, is_participant, key_of_heading, participant_number

ADA = Person("s01", "Ada", "Lovelace", "ada@example.org")


@pytest.fixture
def write(tmp_path):
    """A function that writes lines as a CSV file and returns its path."""

    def write(*lines, encoding="utf-8"):
        path = tmp_path / "list.csv"
        path.write_bytes("".join(f"{line}\r\n" for line in lines).encode(encoding))
        return path

    return write


def people_in(path, **named):
    return [person for _, person in read_class_list(Table(path), named).lines]


# --- class lists ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headings",
    [
        "First name,Last name,ID number,Email address",
        "GIVEN NAME,Surname,Student ID,E-Mail",
        "Vorname,Nachname,ID-Nummer,E-Mail-Adresse",
        "Vorname,Name,Matrikelnummer,E-Mail",
        "vorname,familienname,Anmeldename,mailadresse",
        "Prénom,Nom,Numéro d'identification,Adresse de courriel",
        "PRÉNOM,NOM,N° étudiant,Courriel",
        "Prénom,Nom de famille,Nom d’utilisateur,Adresse e-mail",
        "Nombre,Apellido(s),Número de ID,Dirección de correo",
        "Nombre,Apellidos,Nombre de usuario,Correo electrónico",
        "Nome,Cognome,Matricola,Indirizzo email",
        "Nome,Sobrenome,Nome de usuário,Endereço de email",
        "이름,성,학번,이메일 주소",
        "이름,성,사용자 아이디,이메일",
        "명,성,ID 번호,전자우편",
        "名,姓,IDナンバー,メールアドレス",
        "名,姓,学籍番号,メール",
        "名,姓,用户名,电子邮件地址",
        "名字,姓氏,學號,電子郵件",
    ],
)
def test_the_parts_of_a_name_an_id_and_an_address_are_found(write, headings):
    assert people_in(write(headings, "Ada,Lovelace,s01,ada@example.org")) == [ADA]


@pytest.mark.parametrize(
    "heading",
    [
        *("Full name", "Name", "Student name", "Vollständiger Name", "Nom complet", "Nombre completo", "Nom"),
        *("Nome completo", "이름", "성명", "전체 이름", "氏名", "フルネーム", "姓名", "名前", "First name / Last name"),
    ],
)
@pytest.mark.parametrize("name", ["Ada Lovelace", '"Lovelace, Ada"'])
def test_a_whole_name_in_one_column_is_taken_apart(write, heading, name):
    assert people_in(write(f"id,{heading}", f"s01,{name}")) == [Person("s01", "Ada", "Lovelace")]


def test_no_heading_means_two_details_that_one_list_can_have():
    """Only Moodle's numbers share headings with ids: there, what is in the column decides."""
    sharing = {"identifier", "student"}
    meanings = [(key_of_heading(name), detail) for detail in HEADINGS.keys() - sharing for name in HEADINGS[detail]]
    assert len({key for key, _ in meanings}) == len(set(meanings))


def test_any_column_can_be_named(write):
    path = write("Kennz.,Spitzname,Zuordnung,Zweitname", "s01,Ada,Team 1,Lovelace")
    named = read_named(["id=Kennz.", "first_name=spitzname", "Last Name = Zweitname", "group=Zuordnung"])
    assert people_in(path, **named) == [Person("s01", "Ada", "Lovelace", groups=("Team 1",))]


def test_a_named_column_comes_before_the_likeliest(write):
    path = write("id,Vorname,Rufname,Name", "s01,Augusta,Ada,Lovelace")
    assert people_in(path, first_name="Rufname") == [Person("s01", "Ada", "Lovelace")]
    assert people_in(path, full_name="Name")[0].last_name == "Lovelace"


@pytest.mark.parametrize("option", ["Rufname", "nickname=Rufname", "first_name=", "=Rufname"])
def test_what_does_not_name_a_column_is_refused_with_an_example(option):
    with pytest.raises(ValueError, match=r"write DETAIL=HEADING, as in `first_name=Nickname`; the details are id, "):
        read_named([option])


def test_a_column_that_was_not_recognised_and_holds_something_is_said(write):
    class_list = read_class_list(Table(write("id,Spitzname,Leer,Notiz", "s01,Adi,,x", "s02,,,y")))
    assert class_list.unused == ["Spitzname", "Notiz"]


@pytest.mark.parametrize(
    "heading", ["Gruppe", "Groupe", "Grupo", "그룹", "모둠", "조", "グループ", "小组", "Team", "Group name"]
)
def test_a_column_of_groups_is_found(write, heading):
    assert people_in(write(f"id,{heading}", "s01,Ada’s")) == [Person("s01", groups=("Ada’s",))]


@pytest.mark.parametrize("heading", ["Groups", "Gruppen", "Groupes", "Grupos", "모둠", "グループ"])
def test_moodle_separates_several_groups_by_commas(write, heading):
    assert people_in(write(f"id,{heading}", 's01,"A, B"'))[0].groups == ("A", "B")


@pytest.mark.parametrize("heading", ["Group", "Gruppe", "Équipe", "Equipo"])
def test_in_a_column_for_one_group_a_comma_belongs_to_its_name(write, heading):
    assert people_in(write(f"id,{heading}", 's01,"Kim, Lee"'))[0].groups == ("Kim, Lee",)


@pytest.mark.parametrize(
    "nothing", ["", "-", "No groups", "Keine Gruppen", "Aucun groupe", "그룹 없음", "グループなし"]
)
def test_who_is_in_no_group_is_in_none(write, nothing):
    assert people_in(write("id,Groups", f"s01,{nothing}", "s02,A"))[0].groups == ()


# --- Moodle's grading worksheet ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headings", "participant"),
    [
        ("Identifier,Full name,ID number,Email address", "Participant 4711"),
        ("ID,Vollständiger Name,ID-Nummer,E-Mail-Adresse", "Teilnehmer/in 4711"),
        ("ID,Vollständiger Name,ID-Nummer,E-Mail-Adresse", "Teilnehmer/in4711"),
        ("Identifiant,Nom complet,Numéro d'identification,Adresse de courriel", "Participant 4711"),
        ("Identificador,Nombre completo,Número de ID,Dirección de correo", "Participante 4711"),
        ("식별자,성명,학번,이메일 주소", "참가자 4711"),
        ("識別子,氏名,IDナンバー,メールアドレス", "参加者 4711"),
        ("Identyfikator,Name,ID number,Email", "Uczestnik 4711"),
    ],
)
def test_moodles_numbers_are_found_in_every_language_and_are_nobodys_id(write, headings, participant):
    path = write(headings, f"{participant},Ada Lovelace,s01,ada@example.org")
    table = Table(path)
    assert table.identifier_column() == table.columns[0]
    assert participant_number(table.rows[0][1][table.columns[0]]) == "4711"
    assert people_in(path) == [ADA]


@pytest.mark.parametrize("ids", [("s01", "s02"), ("1", "2"), ("ada", "grace"), ("lovelace", "lovelace")])
def test_a_class_list_is_no_worksheet(write, ids):
    assert Table(write("id,first_name", f"{ids[0]},Ada", f"{ids[1]},Grace")).identifier_column() == ""


def test_a_persons_id_is_no_participant():
    assert not any(map(is_participant, ("s01", "4711", "participant", "")))


# --- encodings --------------------------------------------------------------------------------------------------------

KOREAN = ("이름,성,학번,이메일 주소", "민수,김,s03,s03@example.org")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_excels_unicode_text_is_read(write, encoding):
    assert people_in(write("id\tVorname\tName", "s03\t민수\t김", encoding=encoding)) == [Person("s03", "민수", "김")]


@pytest.mark.parametrize(
    ("encoding", "lines"),
    [
        ("cp949", KOREAN),
        ("cp932", ("名,姓,学籍番号", "太郎,山田,s03")),
        ("gb18030", ("名,姓,学号", "小明,王,s03")),
        ("cp1252", ("Prénom,Nom,Identifiant", "Zoé,Šimek,s03")),
    ],
)
def test_an_older_encoding_is_read_where_a_heading_proves_it(write, encoding, lines):
    table = Table(write(*lines, encoding=encoding))
    assert table.encoding == encoding
    [(_, person)] = read_class_list(table).lines
    assert f"{person.first_name},{person.last_name},{person.id}" == ",".join(lines[1].split(",")[:3])


@pytest.mark.parametrize("encoding", ["cp949", "cp1252", "cp932"])
def test_an_older_encoding_is_refused_where_nothing_proves_it(write, encoding):
    name = {"cp949": "김", "cp1252": "Zoé", "cp932": "山田"}[encoding]
    with pytest.raises(ValueError, match=r"is not in UTF-8\. In Excel, save it as “CSV UTF-8”"):
        Table(write("id,first_name", f"s03,{name}", encoding=encoding))


def test_a_file_that_two_encodings_fit_is_refused(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(b"id," + "姓".encode("cp932") + b"," + "이름".encode("cp949") + b"\ns03,a,b\n")
    with pytest.raises(ValueError, match=r"is not in UTF-8\."):
        Table(path)
