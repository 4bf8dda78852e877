"""How a page of the site is made from a notebook; what the finished books look like is in tests/browser."""

import gettext
import json
import re
import shutil
from functools import partial
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from ipywidgets import Widget
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers import plots
from helpers.classroom.authoring import build, shown_code, source, translations
from helpers.classroom.authoring.site import books, finished, first_page, markup, pages
from helpers.classroom.authoring.site.korean_search import SearchKorean
from helpers.classroom.authoring.source import BuildError, as_solution, read_source
from helpers.language import translation
from helpers.language.translation import speaking
from helpers.plots.picture import Picture
from helpers.plots.style import new_canvas

ROOT = Path(__file__).resolve().parents[2]

PICTURE = plots.course_map()

#: What stands above the answer to the exercise of the small notebook.
LABEL = ":::{container} answer-label\nYour answer · 4.1\n:::"


def executed(path):
    """Return the solution of a source as a kernel would leave it: each code cell says what it is."""
    notebook = as_solution(read_source(path))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [new_output("stream", text=f"output of {cell.id}\n")]
    return notebook


@pytest.fixture
def runs(monkeypatch):
    """The names of the notebooks that were run; nothing really is."""
    ran = []

    def run(notebooks, done, **_):
        for path, notebook in notebooks.items():
            ran.append(path.stem)
            notebook.cells = executed(path).cells
            done(path)

    monkeypatch.setattr(pages, "run", run)
    return ran


def test_a_notebook_is_run_again_only_after_a_change(source_path, tmp_path, runs):
    first = pages.solve(source_path, tmp_path / "kept")
    assert pages.solve(source_path, tmp_path / "kept") == first
    assert runs == ["09_small"]
    source_path.write_text(source_path.read_text().replace("Some prose", "Other prose"))
    pages.solve(source_path, tmp_path / "kept")
    assert runs == ["09_small"] * 2
    assert len([*(tmp_path / "kept").iterdir()]) == 1


def test_the_fingerprint_follows_the_code_that_notebooks_import_and_nothing_else(source_path, tmp_path):
    """Also in a repository below a folder named like the subpackage that is left out."""
    notebook, package = as_solution(read_source(source_path)), tmp_path / "classroom" / "course" / "helpers"
    names = "nn/layers.py", "data/texts/small.csv", "classroom/grading/grader.py", "language/catalogues/ko.mo"
    files = [package / name for name in names]
    for path in files:
        path.parent.mkdir(parents=True)
        path.write_text("before")
    found = [pages._fingerprint(notebook, package)]
    for path in files:
        path.write_text("after")
        found.append(pages._fingerprint(notebook, package))
    assert found[0] != found[1] != found[2] == found[3] == found[4]
    shutil.copytree(package, tmp_path / "elsewhere")
    assert pages._fingerprint(notebook, tmp_path / "elsewhere") == found[4]


def test_the_fingerprint_of_an_edition_follows_its_catalogue(source_path, tmp_path):
    notebook, catalogues = as_solution(read_source(source_path)), tmp_path / "language" / "catalogues"
    notebook.metadata.course = {"language": "ko"}
    catalogues.mkdir(parents=True)
    found = [pages._fingerprint(notebook, tmp_path)]
    for name in "ko.mo", "de.mo":
        (catalogues / name).write_text("said")
        found.append(pages._fingerprint(notebook, tmp_path))
    assert found[0] != found[1] == found[2]


def test_another_python_numpy_or_matplotlib_runs_a_notebook_again(source_path, monkeypatch):
    notebook, versions = as_solution(read_source(source_path)), {"numpy": "1.0", "matplotlib": "1.0"}
    monkeypatch.setattr(pages, "version", versions.__getitem__)
    found = [pages._fingerprint(notebook)]
    for name in [*versions]:
        versions[name] = "another"
        found.append(pages._fingerprint(notebook))
    monkeypatch.setattr(pages.sys, "version", "another")
    found.append(pages._fingerprint(notebook))
    assert len(set(found)) == len(found)


def test_a_learner_sees_stubs_and_no_verdict_and_the_outputs_of_all_else(source_path, tmp_path, runs):
    solved = pages.solve(source_path, tmp_path)
    page = {cell.id: cell for cell in pages.page(source_path, solved).cells}
    assert "NotImplementedError" in page["ex-4-1"].source and "factor" not in page["ex-4-1"].source
    assert page["check-4-1"].outputs == []
    assert [output.text for output in page["read-a-small-notebook_2"].outputs] == [
        "output of read-a-small-notebook_2\n"
    ]
    assert page["ex-4-1"].metadata.tags == ["answer"]


def test_a_panel_says_the_points_and_no_bare_number_does():
    panel = new_output("display_data", data={"text/plain": "✓ Exercise 4.1 · right"})
    points = new_output("execute_result", data={"text/plain": "1.0"})
    notice = new_output("display_data", data={"text/plain": "→ This cell runs with the reference"})
    cell = new_code_cell(outputs=[panel, notice, points], metadata={"nbgrader": {"grade": True}})
    assert pages._tidy(new_notebook(cells=[cell])).cells[0].outputs == [panel]


def test_no_book_has_a_hidden_test(source_path, tmp_path, runs):
    solved = pages.solve(source_path, tmp_path)
    for notebook in solved, pages.page(source_path, solved):
        assert "hidden" not in json.dumps([cell.id for cell in notebook.cells])
        assert r"hidden_check(\"4.1" not in nbformat.writes(notebook)


def test_an_answer_that_got_into_a_learners_page_stops_the_build(source_path, tmp_path, runs):
    source = source_path.read_text()
    solved = pages.solve(source_path, tmp_path)
    source_path.write_text(source + "\n\n# %%\nfactor = np.ones_like(x) + 1\nreturn factor * x\n")
    solved.cells.append(new_code_cell(id=read_source(source_path).cells[-1].id))
    with pytest.raises(BuildError, match=r"`factor = np.ones_like\(x\) \+ 1` of a solution or hidden test"):
        pages.page(source_path, solved)


def test_an_interactive_figure_becomes_a_picture_with_words_on_what_it_was(monkeypatch):
    monkeypatch.setenv(pages.NARROW_FIGURES, "1")  # as the site runs a notebook
    figure = plots.SliderFigure(lambda value: PICTURE, "rate", 0.1, 0.9, 0.5, 0.1)
    data = {"text/plain": repr(figure), pages.WIDGET: {"model_id": figure.model_id}}
    notebook = new_notebook(cells=[new_code_cell(outputs=[new_output("display_data", data=data)])])
    notebook.metadata.widgets = {pages.WIDGETS: Widget.get_manager_state()}
    [output] = pages._tidy(notebook).cells[0].outputs
    assert PICTURE._repr_html_() in output.data["text/html"]
    assert "In the notebook this is a slider, rate from 0.1 to 0.9, with a figure" in output.data["text/html"]
    assert pages.WIDGET not in output.data and "widgets" not in notebook.metadata


def test_a_picture_becomes_a_file_with_its_alt_text_and_proportions(tmp_path):
    found = markup.PICTURE.sub(lambda match: markup.as_file(match, tmp_path), PICTURE._repr_html_())
    [file] = tmp_path.iterdir()
    assert file.read_bytes().startswith(b"\x89PNG")
    assert f'alt="{PICTURE.alt}"' in found and f'src="figures/{file.name}"' in found and "base64" not in found
    width, height = PICTURE.figure.get_size_inches()
    assert f'height="{round(110 * height)}"' in found and f'width="{round(110 * width)}"' in found


def test_a_callout_becomes_a_box_and_another_quotation_stays():
    text = "Before.\n\n> **Try it.** One\n> *two*.\n\nAfter."
    boxed = "Before.\n\n:::{admonition} Try it\n:class: tip\nOne\n*two*.\n:::\n\nAfter."
    assert markup.callouts(text) == boxed
    assert markup.callouts("> **Bold** words\n") == "> **Bold** words\n"


def test_a_callout_begins_with_the_same_words_in_all_notebooks_of_an_edition():
    called, words = {}, re.compile(r"> \*\*(.+?)\.\*\*")
    for path in (ROOT / "translations" / "ko").glob("[0-9]*.po"):
        for text, translated in translations.read_translations("ko", path.stem).items():
            for word, other in zip(words.findall(text), words.findall(translated), strict=True):
                called.setdefault(word, set()).add(other)
    assert {*called} <= {one.template for one in markup.CALLOUTS}
    said = translations.read_translations("ko", "messages")
    assert called == {word: {said.get(word, *others[:1])} for word, others in ((a, [*b]) for a, b in called.items())}


def test_a_link_to_a_notebook_leads_to_its_page_if_there_is_one():
    text = "See [that](../01_a/01_a.ipynb) and [this](notebooks/02_b/02_b.ipynb)."
    assert markup.links(text, {"01_a"}) == "See [that](01_a.ipynb) and this."
    for top in "../..", "../../..":
        assert markup.links(f"the [glossary]({top}/GLOSSARY.md)", ()) == "the [glossary](glossary.md)"


@pytest.mark.parametrize(
    ("code", "shown", "tags"),
    [
        ("plots.lstm_cell('of', new='f')", "plots.lstm_cell('of', new='f')", ["remove-input"]),
        ("E = np.eye(2)\nplots.lookup(E)", "E = np.eye(2)\nplots.lookup(E)", []),
        ("import numpy as np\n\nLSTM, clip = answer('4.4'), answer('2.2')", None, ["hide-input"]),
        ("import numpy as np\nx = np.ones(3)", None, []),
        ("print(x)\nassert (\n    x\n)\nplots.bars(x)", "print(x)\nplots.bars(x)", []),
        ("for x in y:\n    print(x)\n    assert x", "for x in y:\n    print(x)", []),
        ("for x in y:\n    assert x\nplots.bars(y)", "plots.bars(y)", ["remove-input"]),
    ],
)
def test_code_that_only_draws_imports_or_tests_is_not_shown(code, shown, tags):
    cell = new_code_cell(code, outputs=[new_output("stream", text="1\n")])
    shown_code.leave_out_plumbing(new_notebook(cells=[cell]))
    assert (cell.source, cell.metadata.tags) == (shown or code, tags)


def test_a_cell_that_asserts_and_shows_nothing_is_left_out():
    mere, shows = (
        new_code_cell("a = f()\nassert a"),
        new_code_cell("assert f()", outputs=[new_output("stream", text="1")]),
    )
    notebook = new_notebook(cells=[mere, shows, new_code_cell("a = f()")])
    shown_code.leave_out_plumbing(notebook)
    assert [cell.source for cell in notebook.cells] == ["", "a = f()"]


def test_jupyterlab_folds_code_that_only_draws_or_tests():
    folded = ["plots.lstm_cell(\n    'of'\n)", "a = f()\nassert a"]
    shown = [
        "plots.lstm_cell('of')",  # a single line would stay in view
        "assert x",
        "made = {}\nfor x in y:\n    made[x] = 2 * x\n    assert made[x]",  # what it makes is used further down
        "plots.bars(x)\nx",
        "print(x)\nassert x",
        "a = f()",
        "assert x\nplots.bars(x)",
        "import numpy as np",
        "# empty",
    ]
    cells = [new_code_cell(source) for source in (*folded, *shown)]
    graded = new_code_cell("plots.bars(x)", metadata={"nbgrader": {"grade_id": "ex-1-1"}})
    for cell in (*cells, graded):
        shown_code.fold_plumbing(cell)
    hidden = [cell.source for cell in (*cells, graded) if cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert hidden == folded


def test_an_exercise_keeps_its_code_below_a_label(source_path, tmp_path, runs):
    solved = pages.solve(source_path, tmp_path)
    shown = markup.for_sphinx(pages.page(source_path, solved), (), tmp_path, "Your answer").cells
    [label] = [place for place, cell in enumerate(shown) if cell.source == LABEL]
    assert shown[label + 1].source.startswith("def ") and "raise NotImplementedError" in shown[label + 1].source
    assert any(cell.source.startswith("check(") for cell in shown)


def test_the_name_of_an_exercise_in_its_stub_is_not_said_twice():
    cell = new_code_cell("# YOUR ANSWER · 4.1\ndef f(x):\n    pass")
    [shown] = markup.for_sphinx(new_notebook(cells=[cell]), (), "", "Your answer").cells
    assert shown.source.startswith("def f(x):")


def test_the_style_that_a_picture_has_in_jupyterlab_is_not_the_sites(tmp_path):
    image = re.search("<img .*?>", PICTURE._repr_html_())[0]
    for shown in image, f'<div style="padding: 1em">{image}</div>':
        page = markup.PICTURE.sub(lambda match: markup.as_file(match, tmp_path), f"<div>{shown}</div>")
        assert page.startswith('<div><a class="figure') and page.endswith('"></a></div>') and "style=" not in page


@pytest.mark.parametrize(("inches", "kind"), [(8, "figure wide"), (5, "figure")])
def test_a_picture_that_is_wider_than_a_phone_can_be_scrolled(tmp_path, inches, kind):
    picture = Picture(new_canvas(inches, 1)[0], "An empty figure.")
    found = markup.PICTURE.sub(lambda match: markup.as_file(match, tmp_path), picture._repr_html_())
    assert found.startswith(f'<a class="{kind}" href="figures/')


@pytest.fixture
def chart(monkeypatch):
    """A chart as a kernel draws it that runs a notebook for the site."""
    monkeypatch.setenv(pages.NARROW_FIGURES, "1")
    return plots.scalar_powers({"w = 0.9": 0.9 ** np.arange(1, 9)})


def test_a_chart_has_a_file_for_a_narrow_page_and_is_not_scrolled(tmp_path, chart):
    page = markup.PICTURE.sub(lambda match: markup.as_file(match, tmp_path), chart._repr_html_())
    link = BeautifulSoup(page, "html.parser").find("a")
    source, image = link.find("source"), link.find("img")
    assert link["class"] == ["figure"] and link["href"] == image["src"] and "base64" not in page
    assert source.parent == image.parent and image["alt"] == chart.alt and "style" not in image.attrs
    for tag, address, picture in (source, "srcset", chart.narrow), (image, "src", chart):
        assert (tmp_path / Path(tag[address]).name).read_bytes().startswith(b"\x89PNG")
        size = [round(110 * inch) for inch in picture.figure.get_size_inches()]
        assert [int(tag["width"]), int(tag["height"])] == size


def test_a_narrow_page_is_the_same_for_the_style_sheet_and_for_charts(chart):
    media = BeautifulSoup(chart._repr_html_(), "html.parser").find("source")["media"]
    assert f"@media {media} {{" in (ROOT / "docs/site/static/course.css").read_text(encoding="utf-8")


def test_a_notebook_is_run_in_the_language_of_its_edition(source_path, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "read_translations", lambda *_: {})
    shown = "import os\nprint(os.environ['COURSE_EDITION'])\n"
    source_path.write_text(f"{source_path.read_text()}\n\n# %%\n{shown}")
    for language in "ko", "en":
        solved = pages.solve(source_path, tmp_path / language, language)
        assert solved.cells[-1].outputs[0].text == f"{language}\n"


def test_a_notebook_draws_narrow_charts_when_it_is_run_for_the_site_and_only_then(source_path, tmp_path):
    name = pages.NARROW_FIGURES
    source_path.write_text(f"{source_path.read_text()}\n\n# %%\nimport os\nprint(os.environ.get('{name}'))\n")
    shown = pages.solve(source_path, tmp_path / "kept").cells[-1].outputs[0].text
    notebook = as_solution(read_source(source_path))
    build.run({source_path: notebook})
    assert (shown, notebook.cells[-1].outputs[0].text) == ("1\n", "None\n")


def test_a_menu_has_levels_and_names_and_an_empty_corner_is_no_header():
    page = finished.finish(
        '<aside class="sidebar-drawer"><p class="caption" role="heading">The course</p></aside><article><table>'
        "<thead><tr><th></th><th>time</th></tr></thead><tbody><tr><td>00</td><td>an hour</td></tr></tbody></table>"
        '<details><summary aria-label="Toggle hidden content">Show</summary></details></article>',
        {},
        "en",
    )
    assert '<aside aria-label="Menu"' in page and 'aria-level="2"' in page and "<summary>" in page
    assert "<thead><tr><td></td><th>time</th></tr></thead>" in page and "stacks" not in page


def test_a_table_of_sentences_can_be_stacked_with_the_title_of_its_column_at_each_cell():
    page = finished.finish(
        "<article><table><thead><tr><th></th><th>you write</th></tr></thead><tbody><tr><td>00</td>"
        "<td>a sigmoid that never overflows</td></tr><tr><td>01</td><td></td></tr></tbody></table></article>",
        {},
        "en",
    )
    assert '<table class="stacks" role="table">' in page and page.count('role="row"') == 3
    assert '<td data-title="you write" role="cell">a sigmoid' in page and page.count("data-title") == 1


def test_words_of_the_theme_are_translated_around_an_article_and_not_in_it(monkeypatch):
    words = {"Next": "다음", "Back to top": "맨 위로", "Menu": "메뉴"}
    catalogue = type("Words", (gettext.NullTranslations,), {"gettext": lambda _, text: words.get(text, text)})()
    monkeypatch.setattr(translation, "_catalogue", lambda _: catalogue)
    with speaking("ko"):
        page = finished.finish(
            '<aside class="sidebar-drawer"></aside><i aria-label="Back to top"> Back to top </i>'
            '<article role="main"><p>Next</p></article><b>Next</b>',
            {"en": "../../course/a.html"},
            "en",
        )
    assert '<aside aria-label="메뉴"' in page and '<i aria-label="맨 위로">맨 위로</i>' in page
    assert '<article lang="en" role="main"><p>Next</p></article><b>다음</b>' in page
    assert '<a href="../../course/a.html" hreflang="en" lang="en">English</a></nav><article' in page


def test_a_korean_word_is_found_by_its_first_two_syllables_and_a_name_without_its_particle():
    whole = ["기울기를", "clip하는", "NumPy로", "셀", "함수"]
    assert SearchKorean({}).split(" ".join(whole)) == [*whole, "기울", "clip", "NumPy"]


def test_a_title_in_the_index_of_the_search_has_no_tag():
    index = r"""Search.setIndex({"titles":["Glossary · <span lang=\"ko\">용어집</span>","a < b"]})"""
    assert finished.without_markup(index) == 'Search.setIndex({"titles":["Glossary · 용어집","a < b"]})'


def test_a_first_page_has_what_is_translated_and_the_rest_in_english(tmp_path):
    (tmp_path / "docs" / "site").mkdir(parents=True)
    (tmp_path / "translations" / "ko").mkdir(parents=True)
    (tmp_path / "README.md").write_text(
        "![Map](docs/course_map.png)\n"
        "| 00 | [Begin](notebooks/00_a/00_a.ipynb) | a line | an hour |\n"
        "| 01 | [Go on](notebooks/01_b/01_b.ipynb) | two lines | an hour |\n"
    )
    (tmp_path / "docs/site/course.md").write_text("# The book\n\n![$course_map](a.png)\n\n## Table\n\n$notebooks\n")
    done = {"## Table\n\n$notebooks": "## 표\n\n$notebooks", "an hour": "한 시간", "Map": "노선도"}
    quoted = partial(json.dumps, ensure_ascii=False)
    entries = "".join(f"\nmsgid {quoted(text)}\nmsgstr {quoted(other)}\n" for text, other in done.items())
    (tmp_path / "translations/ko/pages.po").write_text(f'msgid ""\nmsgstr "Language: ko\\n"\n{entries}')
    with speaking("ko"):
        page = first_page.first_page(tmp_path, "course", {"00_a": "시작"})
    row = "| [00 · 시작](00_a.ipynb) | a line | 한 시간 |"
    assert page.startswith(f"# The book\n\n![노선도](a.png)\n\n## 표\n\n{row}\n\n")
    assert "\n00 · 시작 <00_a>\n" in page and "01" not in page
    page = first_page.first_page(tmp_path, "course", {"00_a": "Begin"})
    assert page.startswith("# The book\n\n![Map](a.png)\n\n## Table\n\n| [00 · Begin](00_a.ipynb) | a line | an hour |")


def test_the_books_of_two_editions_link_to_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr(first_page, "read_translations", lambda *_: {})
    (tmp_path / "translations" / "ko").mkdir(parents=True)
    made = {language: write_book(tmp_path, "Text.", language) for language in ("en", "ko")}
    for here, there in ("en", "ko"), ("ko", "en"):
        page = BeautifulSoup(made[here].read_text(encoding="utf-8"), "html.parser")
        [link] = page.select("nav.editions a")
        assert page.html["lang"] == here and link["hreflang"] == there
        assert (made[here].parent / link["href"]).resolve() == made[there]


def write_book(root, text, language="en"):
    """Write a book of one page about nothing but a text."""
    for folder in "docs/site", "build/site":
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "README.md").write_text("| 00 | [Begin](notebooks/00_a/00_a.ipynb) |\n![Map](docs/course_map.png)\n")
    (root / "docs/site/course.md").write_text("# The book\n\n$stations\n")
    (root / "docs/site/conf.py").write_text(
        'extensions = ["myst_nb"]\nnb_execution_mode = "off"\nhtml_theme = "furo"\n'
    )
    (root / "GLOSSARY.md").write_text("# Glossary\n")
    (root / "docs/course_map.png").write_bytes(b"")
    (root / "mathjax.js").write_text("")
    page = new_notebook(cells=[new_markdown_cell(f"# Begin\n\n{text}")])
    return books.write_book(root, "course", {"00_a": page}, root / "mathjax.js", language)


@pytest.mark.slow
def test_a_book_takes_the_place_of_the_one_before_it_and_a_broken_link_leaves_that_as_it_is(tmp_path):
    write_book(tmp_path, "One.")
    first_page = write_book(tmp_path, "Two.")
    assert first_page.exists() and "Two." in first_page.with_name("00_a.html").read_text(encoding="utf-8")
    with pytest.raises(BuildError, match=r"Sphinx could not make the book course\.(.|\n)*nowhere"):
        write_book(tmp_path, "[Three](nowhere.md).")
    assert "Two." in first_page.with_name("00_a.html").read_text(encoding="utf-8")
    assert [path.name for path in (tmp_path / "build/site").iterdir()] == ["course"]


def test_missing_packages_and_an_unknown_book_are_said_in_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="There is no book answers; there are: course, solutions"):
        books.build(tmp_path, "answers")
    monkeypatch.setattr(books, "distribution", lambda name: (_ for _ in ()).throw(PackageNotFoundError(name)))
    with pytest.raises(ValueError, match=r'not installed. `make site` installs it.*pip install .* -e "\.\[site\]"'):
        books.build(tmp_path)
