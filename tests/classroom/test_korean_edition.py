"""The Korean edition in a class: released, handed in, and graded as its English twin is, all said in Korean.

Translators may be behind, so that here every text that a catalogue is to have is translated by a machine: into 글.
"""

import functools
import json
import re
from pathlib import Path

import nbformat
import nbgrader
import pytest
from nbgrader.coursedir import CourseDirectory

from helpers.atomic_write import replace_file
from helpers.checks.editions import find_editions, read_edition
from helpers.checks.notebook_file import read_notebook
from helpers.classroom.administration import assignments, feedback_words
from helpers.classroom.administration.feedback_delivery import give_feedback
from helpers.classroom.authoring import translations
from helpers.classroom.authoring.build import release_path
from helpers.classroom.authoring.release import make_release
from helpers.classroom.grading.grader import ENDS
from helpers.classroom.grading.submission import read_submission
from helpers.classroom.grading.workers import local_workers
from helpers.classroom.learner.visible_checks import run_visible_checks
from helpers.language import translation
from helpers.language.message import message
from helpers.language.translation import EDITION, language, language_of, speaking
from tests.classroom.sample_class import ENDLESS, FALLING, HUNGRY, REPOSITORY, RIGHT, TEXTBOOK, edit

#: Answers to exercise 0.1 that end in one way each.
ANSWERS = {
    "right": {"0.1": RIGHT},
    "textbook": {"0.1": TEXTBOOK},
    "falling": {"0.1": FALLING},
    "endless": {"0.1": ENDLESS},
    "hungry": {"0.1": HUNGRY},
    "unwritten": "untouched",
    "misnamed": {"0.1": "def logistic(a):\n    return a"},
    "broken": {"0.1": "def sigmoid(a:"},
    "raising": {"0.1": "def sigmoid(a):\n    return [][0]"},
    "leaving": {"0.1": "import os\n\n\ndef sigmoid(a):\n    os._exit(3)"},
    "crashing": {"0.1": "import ctypes\n\n\ndef sigmoid(a):\n    ctypes.string_at(0)"},
    "shapeless": {"0.1": "def sigmoid(a):\n    return a.sum()"},
    "changing": {"0.1": f"{RIGHT.partition('return')[0]}a *= 1\n    a += 0\n    a -= 1\n    return a"},
    "long": {"0.1": f"{RIGHT}\n# {'x' * 210_000}"},
}

#: What is no sentence of the course: code, and what Python and NumPy say.
NOT_SAID = re.compile(r"`[^`]*`|\b\w+Error\b.*|overflow encountered in exp")

#: What keeps its form in a template: a placeholder, or code.
KEPT = re.compile(r"(\{[^}]*\}|`[^`]*`|\*+)")


@pytest.fixture
def class_of_two_languages(sample_class):
    """A SampleClass whose notebook is there in English and in Korean."""
    made = sample_class()
    (made.root / "translations/ko").mkdir(parents=True)
    replace_file(release_path(made.root, made.source, "ko"), make_release(made.source, "ko"))
    return made


@functools.cache
def texts():
    """The texts that the catalogues of what is said are to have."""
    found = translations.find_texts()
    return {text for name in translations.SPOKEN for text in found[name]}


class EveryText:
    """A catalogue in which every text is translated, as it stands in for gettext's."""

    def gettext(self, text):
        """Return a text with 글 in the place of its words, if a catalogue is to have it."""
        if text not in texts():
            return text
        return "".join(part if KEPT.match(part) else re.sub("[A-Za-z]+", "글", part) for part in KEPT.split(text))


@pytest.fixture
def translated(monkeypatch):
    """Let every text be translated."""
    monkeypatch.setattr(translation, "_catalogue", lambda name: EveryText())


def graded_notebook(sample_class, student):
    """Return the graded copy of a submission."""
    path = sample_class.course.folder("autograded", sample_class.name, student) / f"{sample_class.name}.ipynb"
    return nbformat.read(path, as_version=4)


def panels(notebook):
    """Yield what the panels in a notebook say, as text."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "display_data":
                yield output.data["text/plain"]


# --- grading ----------------------------------------------------------------------------------------------------------


def test_a_korean_copy_gets_the_score_of_its_english_twin_and_every_sentence_is_korean(
    class_of_two_languages, translated
):
    """In one batch."""
    for name, answers in ANSWERS.items():
        for edition in "en", "ko":
            class_of_two_languages.hand_in(f"{name}-{edition}", class_of_two_languages.write(answers, edition))
    results = class_of_two_languages.grade().results
    for name in ANSWERS:
        english, korean = (results[f"{name}-{edition}"] for edition in ("en", "ko"))
        for grade_id, score in english.scores.items():
            other = korean.scores[grade_id]
            assert (score.points, score.status) == (other.points, other.status), name
            assert score.misconceptions == other.misconceptions
            assert not re.search("글", score.reason) and bool(score.reason) == bool(re.search("글", other.reason))
        notebooks = [graded_notebook(class_of_two_languages, f"{name}-{edition}") for edition in ("en", "ko")]
        assert [language_of(notebook.metadata) for notebook in notebooks] == ["en", "ko"]
        for said in panels(notebooks[1]):
            assert not re.search("[A-Za-z]{2,}", NOT_SAID.sub("", said)), said
        assert not any("글" in said for said in panels(notebooks[0]))
        assert len(korean.changes) == len(english.changes)
        assert not re.search("[A-Za-z]{2,}", NOT_SAID.sub("", " ".join(korean.changes)))
    assert {results[f"{name}-ko"].scores["check-0-1"].status for name in ANSWERS} == {
        *("right", "wrong", "timed out", "out of memory", "not written"),
        *("not defined", "raised", "killed", "crashed"),
    }


def test_a_korean_copy_is_graded_by_workers_with_its_own_template(class_of_two_languages):
    for edition in "en", "ko":
        class_of_two_languages.hand_in(edition, class_of_two_languages.write({"0.1": RIGHT}, edition))
    class_of_two_languages.grade(local_workers(1))
    english, korean = (graded_notebook(class_of_two_languages, edition) for edition in ("en", "ko"))
    assert korean.cells[0].source != english.cells[0].source and re.search("[가-힣]", korean.cells[0].source)
    assert class_of_two_languages.points("ko") == class_of_two_languages.points("en")


def test_feedback_is_in_the_language_of_the_copy_and_a_student_s_words_stay(class_of_two_languages, translated):
    """Of one batch; nbgrader's own words are not in the course's catalogue as long as it writes them as it does."""
    written = f"# Score: Task, (Top)\n{RIGHT}"
    for edition in "en", "ko":
        class_of_two_languages.hand_in(edition, class_of_two_languages.write({"0.1": written}, edition))
    class_of_two_languages.grade()
    course = class_of_two_languages.course
    give_feedback(course, class_of_two_languages.name)
    english, korean = (
        (
            course.folder("feedback", class_of_two_languages.name, edition) / f"{class_of_two_languages.name}.html"
        ).read_text(encoding="utf-8")
        for edition in ("en", "ko")
    )
    said = [re.sub("<[^>]*>", "", page.partition("</head>")[2]) for page in (english, korean)]
    assert "# Score: Task, (Top)" in said[0] and "# Score: Task, (Top)" in said[1]
    left = [re.findall(feedback_words._WORD, one.replace("# Score: Task, (Top)", "")) for one in said]
    assert {"Score", "Test cell", "Student's answer", "Grade cell", "Top"} <= {*left[0]}
    assert left[1] == []
    assert '<html lang="en">' in english and '<html lang="ko">' in korean


def test_nbgrader_s_template_has_the_words_that_are_translated():
    template = Path(nbgrader.__file__).parent / "server_extensions/formgrader/templates/feedback/index.html.j2"
    found = {*re.findall(feedback_words._WORD, template.read_text(encoding="utf-8"))}
    assert found == {word.template for word in feedback_words.WORDS}


@pytest.mark.parametrize("strange", [7, None, ["ko"], "../..", "xx", "KO", ""])
def test_a_copy_that_claims_a_strange_language_is_graded_in_english(class_of_two_languages, strange):
    def claim(notebook):
        notebook["metadata"]["course"]["language"] = strange

    work = {"0.1": FALLING}
    class_of_two_languages.hand_in("plain", work)
    class_of_two_languages.hand_in("strange", edit(class_of_two_languages.write(work, "ko"), claim))
    class_of_two_languages.grade()
    assert graded_notebook(class_of_two_languages, "strange") == graded_notebook(class_of_two_languages, "plain")


@pytest.mark.parametrize(("edition", "expected"), [("ko", "ko"), ("en", "en"), ("", "en"), ("xx", "en"), ("..", "en")])
def test_what_cannot_be_read_is_told_in_the_language_of_the_environment(
    class_of_two_languages, translated, monkeypatch, edition, expected
):
    monkeypatch.setenv(EDITION, edition)
    class_of_two_languages.hand_in("ada", b"no notebook")
    class_of_two_languages.hand_in("bob", b"").unlink()
    class_of_two_languages.grade()
    for student in "ada", "bob":
        notebook = graded_notebook(class_of_two_languages, student)
        assert language_of(notebook.metadata) == expected
        for said in panels(notebook):
            assert bool(re.search("[A-Za-z]{2,}", said)) == (expected == "en"), said


def test_another_environment_keeps_the_id_of_work_that_is_missing(class_of_two_languages, translated, monkeypatch):
    class_of_two_languages.hand_in("bob", b"").unlink()
    ids = set()
    for edition in "en", "ko":
        monkeypatch.setenv(EDITION, edition)
        ids.add(class_of_two_languages.batch().known_result("bob")[1])
    assert len(ids) == 1


def test_another_environment_grades_nothing_again(class_of_two_languages, monkeypatch):
    class_of_two_languages.hand_in("ada", {"0.1": RIGHT})
    class_of_two_languages.grade()
    monkeypatch.setenv(EDITION, "ko")
    assert class_of_two_languages.batch().find_open() == []


def test_a_change_of_either_edition_grades_everything_again(class_of_two_languages, monkeypatch):
    class_of_two_languages.hand_in("ada", {"0.1": RIGHT})
    class_of_two_languages.grade()
    assert class_of_two_languages.batch().find_open() == []
    (class_of_two_languages.root / "translations/ko").rmdir()
    assert class_of_two_languages.batch().find_open() == ["ada"]


def test_every_reason_for_which_a_process_is_ended_has_a_sentence():
    folder = REPOSITORY / "helpers/classroom/grading"
    code = "".join(path.read_text() for path in folder.rglob("*.py"))
    found = set(re.findall(r'\.fail\((?:reason if late else )?"([^"]+)"\)', code))
    assert found - {"it took too long", "it ended"} == {*ENDS}
    assert all(str(said) == f"It was stopped: {reason}." for reason, said in ENDS.items())


# --- the visible checks -----------------------------------------------------------------------------------------------


def test_a_saved_korean_notebook_is_checked_in_korean(class_of_two_languages, translated, tmp_path):
    said = {}
    for edition in "en", "ko":
        work = class_of_two_languages.write({"0.1": FALLING}, edition)
        replace_file(tmp_path / edition / f"{class_of_two_languages.name}.ipynb", work)
        for outcome in run_visible_checks(class_of_two_languages.root, tmp_path / edition):
            assert language() == "en"
            said[edition, outcome.status] = outcome.message
    assert said.keys() == {("en", "wrong"), ("ko", "wrong")}
    assert "글" in said["ko", "wrong"] and "글" not in said["en", "wrong"]


# --- releasing --------------------------------------------------------------------------------------------------------


def test_a_korean_release_is_in_the_exchange_and_what_is_handed_in_is_graded(class_of_two_languages, tmp_path):
    course, name = class_of_two_languages.course, class_of_two_languages.name
    course.config.CourseDirectory.course_id = "rnn"
    course.config.Exchange.root = str(tmp_path / "exchange")
    course.directory = CourseDirectory(config=course.config)
    (tmp_path / "exchange").mkdir()
    korean = release_path(course.root, class_of_two_languages.source, "ko").read_bytes()
    place = assignments.release(course, class_of_two_languages.source, language="ko")
    assert Path(place, f"{name}.ipynb").read_bytes() == korean
    kept = course.root / "build/editions" / name / f"{read_notebook(korean).edition}.ipynb"
    assert kept.read_bytes() == korean and language() == "en"
    class_of_two_languages.hand_in("ada", class_of_two_languages.write("solved", "ko"))
    class_of_two_languages.grade()
    assert class_of_two_languages.points("ada") == {"check-0-1": 1.0, "hidden-0-1": 1.0}
    place = assignments.release(course, class_of_two_languages.source)
    assert language_of(json.loads(Path(place, f"{name}.ipynb").read_bytes())["metadata"]) == "en"


def test_a_korean_release_that_is_behind_its_source_is_refused(class_of_two_languages):
    release_path(class_of_two_languages.root, class_of_two_languages.source, "ko").write_text("{}")
    with pytest.raises(ValueError, match=r"notebooks/ko/.* differs from what its source gives"):
        assignments.check_release(class_of_two_languages.course, class_of_two_languages.source, language="ko")
    assert assignments.check_release(class_of_two_languages.course, class_of_two_languages.source) == []


# --- editions ---------------------------------------------------------------------------------------------------------


def test_the_cells_of_a_korean_copy_are_known_again_and_its_edition_is_found(class_of_two_languages):
    root, name = class_of_two_languages.root, class_of_two_languages.name
    korean, english = (release_path(root, class_of_two_languages.source, edition) for edition in ("ko", "en"))
    editions = find_editions(root, name)
    names = [read_notebook(path.read_bytes()).edition for path in (korean, english)]
    assert [edition.name for edition in editions][-2:] == names
    copy = class_of_two_languages.write({"0.1": RIGHT}, "ko")
    assert read_edition(root, name, read_notebook(copy)) == korean.read_bytes()
    answers = read_submission(copy, nbformat.read(english, as_version=4), editions).answers
    assert [answers.cells[index].grade_id for index in answers.own] == ["ex-0-1"]


# --- what is said -----------------------------------------------------------------------------------------------------


def test_no_text_has_no_translation():
    with speaking("ko"):
        assert str(message("")) == "" and str(message("{x}", x="")) == ""


def test_a_particle_follows_what_is_read_however_long_it_is():
    with speaking("ko"):
        for value, expected in {"a" * 1_000_000: "를", "`m`": "을", "값": "을", "…": "을(를)"}.items():
            assert str(message("{x}을(를)", x=value)) == value + expected
