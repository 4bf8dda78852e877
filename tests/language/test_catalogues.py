"""The catalogues of every edition: up to date, whole, and the notebooks that are made of them."""

import ast
import io
import re

import nbformat
import pytest
from babel.messages.pofile import read_po, write_po

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.authoring import source, translations
from helpers.classroom.authoring.build import find_sources, release_path
from helpers.classroom.authoring.code_texts import replace_texts
from helpers.classroom.authoring.source import BEHIND, as_release, as_solution, grading, read_source
from helpers.classroom.authoring.translations import (
    ROOT,
    find_behind,
    find_broken,
    find_languages,
    find_stale,
    find_texts,
)

SOURCES = find_sources(ROOT)
EDITIONS = [(path, language) for path in SOURCES for language in find_languages(ROOT)]


def test_every_catalogue_is_up_to_date():
    assert [path.name for path, _ in find_stale(ROOT)] == []


def test_no_translation_is_broken():
    assert [str(finding) for finding in find_broken(ROOT)] == []


def code_of(source):
    """The tokens of a cell without comments and layout, and without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body[0].value.value = ""
    return ast.dump(tree)


@pytest.mark.parametrize("path, language", EDITIONS, ids=lambda one: getattr(one, "stem", one))
def test_the_code_is_the_same_in_every_edition(path, language):
    for made in as_release, as_solution:
        english, other = made(read_source(path)).cells, made(read_source(path, language)).cells
        english = [cell for cell in english if not re.match(r'## <span lang="ko">요약', cell.source)]
        assert [cell.id for cell in english] == [cell.id for cell in other]
        for one, two in zip(english, other):
            ours, theirs = grading(one), grading(two)
            assert one.cell_type == two.cell_type
            assert {**ours, "checksum": ""} == {**theirs, "checksum": ""}
            assert one.metadata.get("tags") == two.metadata.get("tags")
            if one.cell_type == "code":
                assert code_of(one.source) == code_of(two.source), one.id
                assert not re.search(r"\*\*[^\W\da-zA-Z_]", two.source), "stars of Markdown are shown in code"


@pytest.mark.parametrize("path, language", EDITIONS, ids=lambda one: getattr(one, "stem", one))
def test_every_text_cell_of_an_edition_is_in_its_language(path, language):
    """Or it says in it that it is not translated yet."""
    notebook = nbformat.read(release_path(ROOT, path, language), as_version=4)
    assert notebook.metadata.course.language == language
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and language == "ko":
            assert re.search("[가-힣]", cell.source), cell.id


@pytest.mark.parametrize("path, language", EDITIONS, ids=lambda one: getattr(one, "stem", one))
def test_links_lead_to_files_and_headings_say_which_exercise(path, language):
    release = release_path(ROOT, path, language)
    for cell in nbformat.read(release, as_version=4).cells:
        for target in re.findall(r"\]\((\.\.?/[^)#]+)", cell.source):
            assert (release.parent / target).resolve().exists(), target
        for exercise_id in re.findall(r"(?m)^### \S+ (\d+\.\d+) · ", cell.source):
            assert exercise_id in EXERCISES or exercise_id.split(".")[0] == path.stem[:2].lstrip("0")


# --- with catalogues of a test's own ----------------------------------------------------------------------------------

SOURCE = '''# %% [markdown]
# # A title
#
# Some `code` and $x$.

# %%
def f(x):
    """Return x.

    Args:
        x: a number
    """
    # one
    # two
    return x  # three
'''


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with one notebook and a folder for an edition."""
    monkeypatch.setattr(translations.pages, "find_texts", lambda root: [])
    path = tmp_path / "solutions" / "01_a" / "01_a.py"
    path.parent.mkdir(parents=True)
    path.write_text(SOURCE, encoding="utf-8")
    (tmp_path / "translations" / "xx").mkdir(parents=True)
    (tmp_path / "helpers").mkdir()
    translations.merge(tmp_path)
    return tmp_path


def fill(course, changes, catalogue="01_a"):
    """Translate texts in a catalogue, that of the notebook."""
    path = course / "translations" / "xx" / f"{catalogue}.po"
    catalogue = read_po(io.BytesIO(path.read_bytes()))
    for entry in catalogue:
        if entry.id in changes:
            entry.string = changes[entry.id]
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=0)
    path.write_bytes(buffer.getvalue())
    translations.merge(course)


def said(findings, catalogue="01_a"):
    return [(finding.text, finding.what) for finding in findings if catalogue in finding.catalogue]


def test_a_cell_a_docstring_and_comments_are_entries(course):
    assert [*find_texts(course)["01_a"]] == [
        "# A title\n\nSome `code` and $x$.",
        "three",
        "one\ntwo",
        "Return x.\n\nArgs:\n    x: a number",
    ]


def test_a_folder_that_is_no_language_is_no_edition(course):
    for name in ".ipynb_checkpoints", "old-xx", "XX", "en":
        (course / "translations" / name).mkdir()
    assert find_languages(course) == ["xx"]
    assert translations.merge(course) == []


def test_a_catalogue_without_a_source_is_to_be_removed(course):
    assert [*find_stale(course)] == []
    orphans = [course / "helpers/language/catalogues/yy.mo", course / "translations/xx/02_gone.po"]
    for orphan in orphans:
        orphan.write_bytes(b"")
    assert [*find_stale(course)] == [(path, f"git rm {path.relative_to(course)}") for path in orphans]


def test_a_text_that_was_changed_makes_its_entry_fuzzy_and_is_shown_in_english(course):
    text = "# A title\n\nSome `code` and $x$."
    fill(course, {text: "# Titel\n\n`code`, $x$."})
    assert translations.read_translations("xx", "01_a", course) == {text: "# Titel\n\n`code`, $x$."}
    path = course / "solutions" / "01_a" / "01_a.py"
    path.write_text(SOURCE.replace("Some `code`", "Some other `code`"), encoding="utf-8")
    translations.merge(course)
    assert translations.read_translations("xx", "01_a", course) == {}
    assert ("# A title Some other `code` and $x$.", "was changed since it was translated") in said(find_behind(course))
    assert said(find_broken(course)) == []


def test_a_text_is_said_to_be_behind_unless_it_has_a_translation_which_may_be_the_same(course, monkeypatch):
    path, text = course / "solutions" / "01_a" / "01_a.py", "# A title\n\nSome `code` and $x$."
    assert read_source(path, "xx").cells[0].source == f"{BEHIND}\n\n{text}"  # of "xx" the course has no catalogue
    monkeypatch.setattr(source, "read_translations", lambda *_: {text: text})
    assert read_source(path, "xx").cells[0].source == text


@pytest.mark.parametrize(
    "translated, wrong",
    [
        ("# Titel\n\n`code`.", "the formulas are others than in the text: $x$"),
        ("# Titel\n\n`kode`, $x$.", "the code spans are others than in the text: code, kode"),
        ("Titel\n\n`code`, $x$.", "the headings are others than in the text"),
        ("# Titel\n\n`code`, $x$ [a](b).", "the links are others than in the text"),
        ("# Titel\n\n`code`, $x$ <b>.", "the tags are others than in the text"),
        ("# Titel\n\n`code`, $x$ **(a)**b.", "Markdown shows stars"),
        ("# Titel\n\n`code`, $x$ 1~2, 3~4.", "JupyterLab strikes out"),
    ],
)
def test_a_broken_translation_is_found(translated, wrong, course):
    fill(course, {"# A title\n\nSome `code` and $x$.": translated})
    [(_, what)] = said(find_broken(course))
    assert what.startswith(wrong)


@pytest.mark.parametrize(
    "translated, fields",
    [
        ("{count}", "['count']"),
        ("{count}, {most}, {got!r}", "['count', 'got!r', 'most']"),
        ("{count}, {most:g}, {got}", "['count', 'got', 'most:g']"),
        ("{count}, {most:g}, {got!r}, {", "[]"),
    ],
)
def test_another_placeholder_is_found(translated, fields, course):
    text = "{count} of {most:g}: {got!r}"
    (course / "helpers" / "a.py").write_text(f'message("{text}")', encoding="utf-8")
    translations.merge(course)
    fill(course, {text: translated}, "messages")
    [(_, what)] = said(find_broken(course), "messages")
    assert what == f"the placeholders are {fields}, and should be ['count', 'got!r', 'most:g']"


def test_every_error_that_is_made_of_a_template_is_looked_for():
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "helpers").rglob("*.py"))
    assert {*re.findall(r"class (\w+)\(MessageError", code)} <= translations._MAKERS


def test_a_term_that_is_to_be_avoided_is_found(course):
    (course / "translations" / "xx" / "terms.csv").write_text("not,but\nTittel,Titel\n", encoding="utf-8")
    translations._read_terms.cache_clear()
    fill(course, {"# A title\n\nSome `code` and $x$.": "# Tittel\n\n`code`, $x$."})
    assert [what for _, what in said(find_broken(course))] == ["instead of Tittel the glossary has Titel"]


@pytest.mark.parametrize("damaged", [b'msgid "a\nmsgstr b', b'msgid "a"\nmsgid "b"\n', b"\xff\xfe", b"hello"])
def test_a_damaged_catalogue_is_one_sentence(damaged, course):
    """And nothing of it is lost."""
    path = course / "translations" / "xx" / "01_a.po"
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"01_a\.po cannot be read: .*Mend that line"):
        translations.merge(course)
    assert path.read_bytes() == damaged


def test_texts_in_code_are_replaced_and_nothing_else():
    code = SOURCE.partition("# %%\ndef")[2]
    code = f"def{code}"
    assert replace_texts(code, lambda text: text) == code
    changed = replace_texts(code, lambda text: f"A{text.upper()}\nB" if "three" not in text else "DREI\nzwei")
    assert code_of(changed) == code_of(code)
    assert "    # AONE\n    # TWO\n    # B\n    return x  # DREI zwei\n" in changed
    assert '    """ARETURN X.\n\n    ARGS:\n        X: A NUMBER\n    B\n    """\n' in changed


@pytest.mark.parametrize(
    "comment", ["# NBVAL_IGNORE_OUTPUT", "# fmt: skip", "### BEGIN SOLUTION", "# type: ignore", "# 1"]
)
def test_comments_for_programs_are_no_texts(comment):
    assert replace_texts(f"x = 1\n{comment}\n", lambda text: "changed") == f"x = 1\n{comment}\n"
