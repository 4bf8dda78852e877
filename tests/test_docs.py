"""What the README, CONTRIBUTING and the glossary say is true of the code as it stands."""

import pkgutil
import re
from pathlib import Path

import pytest
from PIL import Image

from helpers import plots
from helpers.__main__ import app
from helpers.checks.catalogue import EXERCISES
from helpers.checks.exercise import mistakes
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.checks.panel import panel_of
from helpers.classroom.authoring.build import find_sources
from helpers.classroom.authoring.release import make_release
from helpers.classroom.authoring.source import as_release, is_only_in_solution, read_source
from helpers.classroom.learner.notebook_copies import find_releases, path_of_copy
from helpers.nn import tanh_backward

ROOT = Path(__file__).resolve().parents[1]
PAPERS = {path.name: path.read_text(encoding="utf-8") for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]}
README, CONTRIBUTING = PAPERS["README.md"], PAPERS["CONTRIBUTING.md"]
SOURCES = {path.stem[:2]: path for path in find_sources(ROOT)}
RELEASED = [path.stem[:2] for path in find_releases(ROOT)]

#: The command that draws the picture in the README.
DRAW = "from helpers import plots; plots.course_map().save('docs/course_map.png')"

every_paper = pytest.mark.parametrize("name", sorted(PAPERS))


def rows(text, heading):
    """Return the cells of the table whose first line is `heading`."""
    table = text.partition(f"{heading}\n")[2].partition("\n\n")[0]
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()[1:]]
    assert lines, f"there is no table {heading}"
    return [[cell.strip() for cell in line] for line in lines]


def block(text, language, containing=""):
    """Return the first fenced block in a language that contains some words."""
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return next(code for code in found if containing in code)


# --- links, commands, paths -------------------------------------------------------------------------------------------


@every_paper
def test_every_relative_link_leads_somewhere(name):
    folder = ROOT if (ROOT / name).exists() else ROOT / "docs"
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", PAPERS[name])
    missing = [target for target in targets if ":" not in target and not (folder / target).exists()]
    assert missing == []


@every_paper
def test_every_make_command_exists(name):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for target, arguments in re.findall(r"(?:`|^    )make ([a-z-]+)([^`\n]*)", PAPERS[name], re.MULTILINE):
        assert target in targets
        for variable in re.findall(r"\b([A-Z]+)=", arguments):
            assert f"$({variable})" in makefile


@every_paper
def test_every_command_of_the_package_exists(name):
    commands = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert set(re.findall(r"python -m helpers ([a-z-]+)", PAPERS[name])) <= commands


@pytest.mark.parametrize("name", [*sorted(PAPERS), "nbgrader_config.py"])
def test_every_dotted_name_of_the_package_can_be_imported(name):
    """In comments too: a commented-out setting is meant to be used."""
    text = PAPERS[name] if name in PAPERS else (ROOT / name).read_text(encoding="utf-8")
    for dotted in re.findall(r"\bhelpers(?:\.\w+)+", text):
        assert pkgutil.resolve_name(dotted)


def test_everything_in_the_layout_exists_and_no_wing_is_left_out():
    named = [line.split()[0] for line in block(README, "text", "helpers/nn/").splitlines()]
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert {path.parent.name for path in ROOT.glob("helpers/*/__init__.py")} == {
        path.split("/")[1] for path in named if path.startswith("helpers/")
    }


def test_the_table_of_tests_lists_every_folder_and_file_of_tests():
    named = {cells[0].strip("`") for cells in rows(CONTRIBUTING, "| folder | holds |")}
    folders = {path.parent for path in ROOT.glob("tests/*/test_*.py")}
    assert named == {path.relative_to(ROOT).as_posix() for path in {*folders, *ROOT.glob("tests/test_*.py")}}


def test_the_first_line_of_contributing_sets_up_the_hooks():
    assert ".venv/bin/pre-commit install" in CONTRIBUTING.splitlines()[0]


# --- the notebooks in the README --------------------------------------------------------------------------------------


def notebook_rows():
    """Return number, title, what is written and time of every notebook in the README."""
    return [
        (number, re.sub(r"\[(.*)\]\(.*\)", r"\1", title), written, time)
        for number, title, written, time in rows(README, "| | notebook | you write | time |")
    ]


def test_the_table_lists_the_notebooks_of_the_map():
    assert "; ".join(f"{number} {title}" for number, title, _, _ in notebook_rows()) in plots.course_map().alt


def test_the_table_says_which_notebooks_are_there():
    assert [number for number, _, _, time in notebook_rows() if time != "in preparation"] == RELEASED


@pytest.mark.parametrize("number", RELEASED)
def test_a_notebook_has_the_name_and_the_time_of_the_table(number):
    _, title, _, time = next(row for row in notebook_rows() if row[0] == number)
    words = title.lower().replace(" the ", " ").replace(" ", "_")
    assert SOURCES[number].stem == f"{number}_{words}"
    assert f"**You will need**: {time};" in SOURCES[number].read_text(encoding="utf-8")


def test_the_picture_has_the_alt_text_of_the_figure():
    assert f"![{plots.course_map().alt}](docs/course_map.png)" in README


def test_the_picture_is_the_figure_as_the_code_draws_it():
    assert DRAW in CONTRIBUTING
    with Image.open(ROOT / "docs/course_map.png") as kept:
        assert kept.text["Fingerprint"] == plots.course_map().fingerprint(), f"run: {DRAW}"


def test_the_panel_in_the_readme_is_what_the_check_says():
    names = {}
    exec(block(README, "python"), names)
    verdict = judge(EXERCISES["1.3"], names["rnn_step_backward"], VISIBLE)
    assert f"{panel_of(verdict)!r}\n" == block(README, "text", "Exercise 1.3")


def test_the_points_that_notebook_00_explains_are_those_of_its_first_exercise():
    text = " ".join(cell.source.replace("\n", " ") for cell in as_release(read_source(SOURCES["00"])).cells)
    points = f"{EXERCISES['0.1'].points:g}"
    assert f"“{points} + {points} points”" in text and f"“of {points} point”" in text
    assert text.count(f"· {points} + {points} points</small>") == 1, "only 0.1 has so few"


def test_the_misconception_in_contributing_is_one_of_the_bank():
    shown = eval(block(CONTRIBUTING, "python", "mistakes("), {"mistakes": mistakes, "tanh_backward": tanh_backward})
    bank = {misconception.name: misconception for misconception in EXERCISES["1.1"].misconceptions}
    assert [one.hint for one in shown] == [bank[one.name].hint for one in shown]
    assert shown[0].wrong(1.0, 0.5) == 0.5


# --- the glossary -----------------------------------------------------------------------------------------------------

#: Words of earlier editions and slips, and what the course says in their place.
NOT_OURS = {
    "퍼플렉시티": "퍼플렉서티",
    "시간 방향 역전파": "BPTT",
    "새 기억": "새로운 기억 셀",
    "표본": "샘플링",
    "벌점": "페널티",
    "모양": "형상",
    "시간 규모": "시간 척도",
    "부동소수점 계산": "부동소수점 연산",
    "특이값": "특잇값",
    "고유값": "고윳값",
}


def glossary():
    """Return (English names, Korean names with the course's own first, first notebook) of every term."""
    heading = '| English | <span lang="ko">한국어</span> | symbol | shape | first notebook |'
    table = rows(PAPERS["GLOSSARY.md"], heading)
    return [
        (english.lower().split(", "), korean_names(unmarked(korean)), first) for english, korean, _, _, first in table
    ]


def unmarked(text):
    """Return text without the marks of Korean passages."""
    return re.sub(r'<(span|p|div) lang="ko">(.*?)</\1>', r"\2", text, flags=re.DOTALL)


def korean_names(text):
    """Return the Korean names among those in a cell of the glossary, or in parentheses in a notebook."""
    return [name for name in re.split(r"[,()]\s*", text.replace(" (", ", ")) if re.search("[가-힣]", name)]


def korean_terms(path):
    """Yield the Korean names that stand in each parenthesis of a notebook, and the English words before them."""
    for cell in read_source(path).cells:
        if cell.cell_type != "markdown" or "## 요약" in cell.source:
            continue
        text = re.sub(r"\s+", " ", cell.source.replace("*", ""))
        for match in re.finditer(r"\(([^()]*[가-힣][^()]*)\)", text):
            names = korean_names(match[1])
            abbreviations = [name for name in match[1].split(", ") if name not in names]
            yield names, " ".join([text[: match.start()][-60:], *abbreviations]).lower()


def summaries():
    """Return number to the summary in Korean of each notebook."""
    texts = {number: read_source(path).cells for number, path in SOURCES.items()}
    return {
        number: next(cell.source.partition("## 요약")[2] for cell in cells if "## 요약" in cell.source)
        for number, cells in texts.items()
    }


def test_every_term_of_the_glossary_has_korean_names_of_its_own():
    names = [name for _, korean, _ in glossary() for name in korean]
    assert all(korean for _, korean, _ in glossary())
    assert len(set(names)) == len(names)


def test_terms_stand_in_the_order_of_the_notebooks():
    order = [first for _, _, first in glossary()]
    assert order == sorted(order)
    assert set(order) <= {number for number, *_ in notebook_rows()}


@pytest.mark.parametrize("number", SOURCES)
def test_korean_terms_in_a_notebook_are_those_of_the_glossary(number):
    english_of = {name: english for english, korean, _ in glossary() for name in korean}
    for names, before in korean_terms(SOURCES[number]):
        for korean in names:
            assert korean in english_of, f"{korean} is not in GLOSSARY.md"
            assert any(name in before for name in english_of[korean]), f"{korean} is not {english_of[korean]}"


def test_a_term_has_all_its_korean_names_where_it_first_has_one():
    first_use = {}
    for number, path in SOURCES.items():
        for names, _ in korean_terms(path):
            first_use.setdefault(names[0], (names, number))
    listed = {korean[0]: (korean, first) for _, korean, first in glossary()}
    assert {own: listed.get(own) for own in first_use} == first_use


def test_the_summaries_say_a_term_by_the_courses_own_name():
    """Its other names may stand in parentheses."""
    others = [(name, korean[0]) for _, korean, _ in glossary() for name in korean[1:]]
    for number, text in summaries().items():
        plain = re.sub(r"\([^()]*\)", "", re.sub(r"\s+", " ", text))
        assert [f"{number}: {name} → {own}" for name, own in others if name in plain.replace(own, "")] == []


def test_no_word_is_left_that_the_glossary_has_replaced():
    texts = {path.stem: path.read_text(encoding="utf-8") for path in SOURCES.values()}
    texts["GLOSSARY"] = PAPERS["GLOSSARY.md"].partition("## Remarks")[0]
    plain = {name: re.sub(r"\s*\n# *|\s+", " ", text) for name, text in texts.items()}
    assert [f"{name}: {old} → {NOT_OURS[old]}" for name, text in plain.items() for old in NOT_OURS if old in text] == []


@every_paper
def test_every_korean_passage_of_a_paper_is_marked_as_korean(name):
    assert (
        re.findall(".*[가-힣].*", re.sub(r'<(span|p|div) lang="ko">(.*?)</\1>', "", PAPERS[name], flags=re.DOTALL))
        == []
    )


@pytest.mark.parametrize("number", SOURCES)
def test_every_korean_passage_of_a_notebook_is_marked_as_korean(number):
    for cell in as_release(read_source(SOURCES[number])).cells:
        assert not re.search("[가-힣]", re.sub(r'<(span|div) lang="ko">(.*?)</\1>', "", cell.source, flags=re.DOTALL))


def test_every_notebook_links_the_glossary_from_where_a_learner_has_it():
    for path in find_releases(ROOT):
        link = re.search(r"\((\S+GLOSSARY.md)\)", make_release(SOURCES[path.stem[:2]]))
        assert (path_of_copy(ROOT, path).parent / link[1]).resolve() == ROOT / "GLOSSARY.md"


def prose(path):
    """Return the words of a notebook that a learner reads, without its further reading and its summary in Korean."""
    cells = [cell for cell in read_source(path).cells if cell.cell_type == "markdown" and not is_only_in_solution(cell)]
    text = " ".join(re.split("## Further reading|## 요약", cell.source)[0] for cell in cells)
    return re.sub(r"</?[a-z][^>]*>", " ", text)  # a tag has words of its own: font-weight


def test_a_term_has_its_korean_name_in_the_notebook_that_first_uses_it():
    texts = {number: re.sub(r"[\s*]+", " ", prose(path)) for number, path in SOURCES.items()}
    glossed = {number: {name for names, _ in korean_terms(path) for name in names} for number, path in SOURCES.items()}
    for english, korean, first in glossary():
        name = re.compile(rf"\b({'|'.join(map(re.escape, english))})", re.IGNORECASE)
        used = next((number for number, text in texts.items() if name.search(text)), None)
        assert used == (first if first in SOURCES else None), f"{english} is first used in notebook {used}"
        assert used is None or glossed[used].issuperset(korean), f"{english}: notebook {used} does not say {korean}"
