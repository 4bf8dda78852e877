"""A class of forty, made up in one of five languages: its lists, what it hands in, and the scores that are right.

Everything is determined by the language; nothing is drawn.
"""

import csv
import io
import zipfile
from dataclasses import dataclass
from itertools import product

#: Family names and given names, how a platform joins them, what a group is called, and Moodle's headings: those of the
#: class list (given name, family name, id, e-mail, group), then those of the worksheet and its word for a participant.
LANGUAGES = {
    "ko": (
        ("김", "이", "박", "최", "정", "강", "윤"),
        ("민수", "서연", "지훈", "하늘", "유진", "은비"),
        "{family}{given}",
        "팀-{}",
        ("이름", "성", "학번", "이메일 주소", "그룹"),
        ("식별자", "전체 이름", "학번", "참여자"),
    ),
    "de": (
        ("Müller-Lüdenscheidt", "Weiß", "Öztürk", "von der Heide", "Schäfer", "Groß", "Lang"),
        ("Jürgen", "Zoë", "Änne", "Karl-Heinz", "Anna-Lena", "Lena"),
        "{given} {family}",
        "Gruppe-{}",
        ("Vorname", "Nachname", "ID-Nummer", "E-Mail-Adresse", "Gruppe"),
        ("ID", "Vollständiger Name", "ID-Nummer", "Teilnehmer/in"),
    ),
    "fr": (
        ("Lefèvre", "D'Angély", "de La Tour", "Nguyễn", "Çelik", "Saint-Exupéry", "Noël"),
        ("Hélène", "François", "Jean-Noël", "Zoé", "Noël", "Anaïs"),
        "{given} {family}",
        "Équipe {}",
        ("Prénom", "Nom", "Numéro d'identification", "Adresse de courriel", "Groupe"),
        ("Identifiant", "Nom complet", "Numéro d'identification", "Participant"),
    ),
    "es": (
        ("Núñez García", "Íñiguez", "de la Cruz", "Muñoz", "O'Donnell", "Peña", "Solís"),
        ("Begoña", "Ángel", "María José", "Iñaki", "José", "Lucía"),
        "{given} {family}",
        "Equipo {}",
        ("Nombre", "Apellido(s)", "Número de ID", "Dirección de correo", "Grupo"),
        ("Identificador", "Nombre completo", "Número de ID", "Participante"),
    ),
    "ja": (
        ("佐藤", "鈴木", "高橋", "田中", "渡辺", "伊藤", "山本"),
        ("花子", "一郎", "めぐみ", "ケンジ", "太郎", "さくら"),
        "{family} {given}",
        "班{}",
        ("名", "姓", "IDナンバー", "メールアドレス", "グループ"),
        ("識別子", "氏名", "IDナンバー", "参加者"),
    ),
}

NAMESAKES = (3, 17)
DROPPED = (8, 26)  # the second is in a group
LATE = (37, 38, 39)
SILENT = (5, 21, 30)  # never hand in
GROUPS = {1: (0, 9, 18), 2: (3, 12), 3: (17, 26, 35), 4: (1, 10, 19)}
SECOND_ATTEMPT = (2, 4, 6, 11, 13, 22, 23, 24, 25, 34)
SECOND_ATTEMPT_OF_GROUPS = {1: 9, 3: 17}  # by another member, and by the same


@dataclass(frozen=True)
class Person:
    """A student.

    Args:
        place: in the class, from 0.
        id, given, family: as in the class list.
        canvas, moodle: the platforms' numbers.
        group: the number of the group; 0 for none.
    """

    place: int
    id: str
    given: str
    family: str
    canvas: int
    moodle: int
    group: int


@dataclass(frozen=True)
class Work:
    """What somebody hands in.

    Args:
        by: who.
        attempt: Canvas's number for the file.
        right: which exercises are right.
    """

    by: Person
    attempt: int
    right: tuple[str, ...]


class ClassOfForty:
    """The class in one language.

    Args:
        language: one of LANGUAGES.
        assignment: the name of the notebook that is handed in.
        exercises: ids of its exercises; each work has some of them right.
    """

    def __init__(self, language, assignment, exercises):
        families, givens, self.full_name, self.group_name, self.headings, self.worksheet_headings = LANGUAGES[language]
        self.assignment, self.exercises = assignment, exercises
        names = list(product(givens, families))[:40]
        names[NAMESAKES[1]] = names[NAMESAKES[0]]
        group_of = {place: group for group, places in GROUPS.items() for place in places}
        self.people = [
            Person(
                place,
                f"s{place:02}",
                given,
                family,
                700 + place * 7 % 40,
                4000 + place * 11 % 40,
                group_of.get(place, 0),
            )
            for place, (given, family) in enumerate(names)
        ]

    # --- what is right ------------------------------------------------------------------------------------------------

    def hand_ins(self, second):
        """Return what lies on the platform after the first or the second round: the latest work of each, or of a group.

        A group's is that of the one who handed in.
        """
        works = []
        for person in self.people:
            if person.place in SILENT or (person.place in LATE and not second):
                continue
            again = second and person.place in SECOND_ATTEMPT
            if not person.group:
                works.append(self._work(person, again))
        for group, places in GROUPS.items():
            again = second and group in SECOND_ATTEMPT_OF_GROUPS
            works.append(self._work(self.people[SECOND_ATTEMPT_OF_GROUPS[group] if again else places[-1]], again))
        return works

    def right(self, second):
        """Return a dict from the id of each student to the exercises that are right in what counts for them."""
        found = {}
        for work in self.hand_ins(second):
            for person in self.members(work.by):
                found[person.id] = work.right
        return found

    def members(self, person):
        """Return those for whom the work of a person counts."""
        return [self.people[place] for place in GROUPS[person.group]] if person.group else [person]

    def _work(self, person, again):
        """A person's first or second attempt; a second one may be better or worse."""
        bits = (person.place * 5 + person.place // 7 + (3 if again else 0)) % 8
        right = tuple(exercise for place, exercise in enumerate(self.exercises) if bits >> place & 1)
        return Work(person, 9000 + person.place + 1000 * again, right)

    # --- lists --------------------------------------------------------------------------------------------------------

    def in_list(self, second):
        """Return those who are in the first or in the second list."""
        return [person for person in self.people if person.place not in (DROPPED if second else LATE)]

    def class_list(self, platform, second):
        """Return the text of a class list, as a platform exports it or as it is written by hand, with groups."""
        if platform == "canvas":
            heading = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
            lines = [[f"{each.family}, {each.given}", each.canvas, "", each.id, ""] for each in self.in_list(second)]
            return to_csv([heading, ["    Points Possible", "", "", "", ""], *lines])
        lines = [
            [each.given, each.family, each.id, f"{each.id}@uni.example", self.group(each)]
            for each in self.in_list(second)
        ]
        return to_csv([list(self.headings), *lines])

    def canvas_groups(self):
        """Return the text of Canvas's export of a set of groups."""
        heading = [
            "name",
            "canvas_user_id",
            "user_id",
            "login_id",
            "sections",
            "group_name",
            "canvas_group_id",
            "group_id",
        ]
        lines = [
            [f"{each.given} {each.family}", each.canvas, "", each.id, "", self.group(each), each.group or "", ""]
            for each in self.in_list(False)
        ]
        return to_csv([heading, *lines])

    def worksheet(self):
        """Return the text of Moodle's grading worksheet."""
        *heading, participant = self.worksheet_headings
        lines = [[f"{participant} {each.moodle}", self.called(each), each.id] for each in self.people]
        return to_csv([heading, *lines])

    def group(self, person):
        """Return the name of a person's group, or ""."""
        return self.group_name.format(person.group) if person.group else ""

    def called(self, person):
        """Return a person's name as a platform shows it."""
        return self.full_name.format(given=person.given, family=person.family)

    # --- downloads ----------------------------------------------------------------------------------------------------

    def download(self, platform, second, write):
        """Return a dict from names in a download to bytes.

        Args:
            write: a function from the exercises that are right to the bytes of the notebook.
        """
        name = {"canvas": self._canvas, "moodle": self._moodle, "plain": self._plain}[platform]
        return {path: write(work.right) for work in self.hand_ins(second) for path in name(work)}

    def _canvas(self, work):
        called = self.group(work.by) or work.by.family + work.by.given
        plain = "".join(filter(str.isalnum, called)).lower()
        late = "LATE_" if work.by.place % 4 == 0 else ""
        again = "-1" if work.attempt > 10000 else ""
        return [f"{plain}_{late}{work.by.canvas}_{work.attempt}_{self.assignment}{again}.ipynb"]

    def _moodle(self, work):
        return [
            f"{'-'.join(filter(None, (self.group(each), self.called(each))))}_{each.moodle}_assignsubmission_file/"
            f"{self.assignment}.ipynb"
            for each in self.members(work.by)
        ]

    def _plain(self, work):
        return [f"{self.group(work.by) or work.by.id}/{self.assignment}.ipynb"]


def to_csv(lines):
    """Return lines of cells as a CSV file."""
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue()


def pack(path, files):
    """Make a zip archive out of a dict from names to bytes, and return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
