"""The books of the site as a reader finds them: in a wide window and on a phone, from files and from a server.

In `make test` they have notebook 00 only, since running all of them takes minutes; `make test-site` reads them whole.
"""

import os
import re
import shutil
import threading
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise, product
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_notebook

from helpers.classroom.authoring.build import find_editions, find_sources, release_path
from helpers.classroom.authoring.pages import read_sections
from helpers.classroom.authoring.release import find_secrets
from helpers.classroom.authoring.site.books import BOOKS, build
from helpers.classroom.authoring.source import as_release, is_only_in_solution, read_source
from helpers.classroom.authoring.translations import read_translations
from helpers.language.message import message
from helpers.language.translation import ENGLISH, speaking
from tests import npm
from tests.once import once
from tests.outputs import committed, outputs

ROOT = Path(__file__).resolve().parents[2]

PHONE = {"width": 390, "height": 844}
TABLET = {"width": 820, "height": 1180}
DESKTOP = {"width": 1440, "height": 900}

AXE = "axe-core@4.14.1"

RIGHT_EDGE = "one => one.getBoundingClientRect().right"
WIDTHS = "all => all.map(one => one.getBoundingClientRect().width)"

every_width = pytest.mark.parametrize("window", [PHONE, DESKTOP], ids=["phone", "desktop"])
every_book = pytest.mark.parametrize("book", BOOKS)

#: The editions in other languages, and the folders of the books of all editions.
OTHERS = [language for language in find_editions(ROOT) if language != ENGLISH]
every_edition = pytest.mark.parametrize("book", [*BOOKS, *(f"{one}/{book}" for one, book in product(OTHERS, BOOKS))])
every_other = pytest.mark.parametrize("language", OTHERS)

#: With the books whole it runs in `make test-site`; one page of each kind takes its time too.
slow_with_one_notebook = pytest.mark.slow if "COURSE_SITE" not in os.environ else pytest.mark.browser


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """The folder with both books: of all notebooks in COURSE_SITE, or else of notebook 00, made here."""
    if built := os.environ.get("COURSE_SITE"):
        return Path(built).resolve()
    return once(tmp_path_factory, "books", _build_small_books) / "build" / "site"


def _build_small_books(root):
    for name in "solutions/00_start_here", "docs/site", "translations":
        shutil.copytree(ROOT / name, root / name)
    for name in "README.md", "GLOSSARY.md", "docs/course_map.png":
        shutil.copy(ROOT / name, root / name)
    build(root)


@cache
def pages(folder):
    """Return every page of a book, parsed, by its path."""
    return {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in folder.rglob("*.html")}


def language_of(book):
    """Return the language of a book, by its folder."""
    return book.rpartition("/")[0] or ENGLISH


def visited(books, book):
    """Return the pages of a book that a window is opened for: all in English, and one of each kind in others."""
    kinds = "index.html", "00_start_here.html", "glossary.html", "search.html"
    paths = sorted((books / book).glob("*.html"))
    return [path for path in paths if language_of(book) == ENGLISH or path.name in kinds]


def lines(words):
    """Return the lines of some text as `find_secrets` gives them: stripped, none empty, between line breaks."""
    return "\n" + "\n".join(line.strip() for line in words.split("\n") if line.strip()) + "\n"


# --- what is in them --------------------------------------------------------------------------------------------------


@cache
def sources(books):
    """Return the source of each notebook that is in the books, by name."""
    found = {path.stem: read_source(path) for path in find_sources(ROOT)}
    return {name: source for name, source in found.items() if (books / "course" / f"{name}.html").exists()}


def test_no_answer_and_no_hidden_test_is_in_the_learners_book(books):
    texts = {path.stem: lines(page.get_text()) for path, page in pages(books / "course").items()}
    assert all(name in texts for name in sources(books)) and sources(books)
    for text in texts.values():
        assert "hidden_check" not in text and "BEGIN SOLUTION" not in text and "· right" not in text
    for name, source in sources(books).items():
        assert [secret for secret in find_secrets(source) if secret in texts[name]] == []
        released = lines("\n".join(cell.source for cell in as_release(source).cells))
        answered = [cell for cell in source.cells if is_only_in_solution(cell) and cell.cell_type == "code"]
        own = [line for cell in answered for line in lines(cell.source).splitlines() if f"\n{line}\n" not in released]
        assert [line for line in own if f"\n{line}\n" in texts[name]] == []
        assert "answered." not in texts[name]
        assert texts[name].count("\nAnswers\n") == 1  # to the questions, folded away


def test_the_solutions_have_every_answer_and_what_the_checks_said(books):
    texts = {path.stem: lines(page.get_text()) for path, page in pages(books / "solutions").items()}
    for name, source in sources(books).items():
        hidden = [cell for cell in source.cells if "BEGIN HIDDEN TESTS" in cell.source]
        answers = new_notebook(cells=[cell for cell in source.cells if cell not in hidden])
        assert [secret for secret in find_secrets(answers) if secret not in texts[name]] == []
        assert texts[name].count("· right") == len(hidden)
        assert "NotImplementedError(" not in texts[name] and "hidden_check" not in texts[name]


@every_edition
def test_every_link_leads_somewhere(books, book):
    read = pages(books / book)
    dead = []
    for path, page in read.items():
        for tag in page.find_all(src=True) + page.find_all(href=True) + page.find_all(srcset=True):
            link = tag.get("src") or tag.get("href") or tag["srcset"]
            parts = urlsplit(link)
            if parts.scheme in ("http", "https", "mailto"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            fragment = unquote(parts.fragment)
            if not target.is_file() or (fragment and target in read and not read[target].find(id=fragment)):
                dead.append(f"{path.name}: {link}")
    assert dead == []


@every_book
def test_every_figure_is_there_and_has_alt_text(books, book):
    for name, source in sources(books).items():
        images = pages(books / book)[books / book / f"{name}.html"].find("article").find_all("img")
        drawn = sum(
            len(re.findall(r"^plots\.", cell.source, re.MULTILINE))
            for cell in as_release(source).cells
            if cell.cell_type == "code"
        )
        assert len(images) >= drawn - 1  # a release also draws the learner's progress
        assert [str(image) for image in images if len(image["alt"]) < 30] == []


@every_edition
def test_each_page_has_a_title_and_leads_to_the_next(books, book):
    read = pages(books / book)
    steps = ["index", *sources(books), "glossary"]
    for here, there in pairwise(steps):
        page = read[books / book / f"{here}.html"]
        assert page.find("a", class_="next-page")["href"] == f"{there}.html"
        assert page.title.text.strip() and page.html["lang"] == language_of(book)
        assert page.find("meta", attrs={"name": "viewport"})


@every_edition
def test_sidebar_heading_and_readme_call_a_notebook_by_one_name(books, book):
    named = dict(re.findall(r"^\| (\d\d) \| \[(.*?)\]", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    for name in sources(books):
        page, title = pages(books / book)[books / book / f"{name}.html"], named[name[:2]]
        if language_of(book) != ENGLISH:
            title = heading(release_path(ROOT, Path(f"{name}.py"), language_of(book)))
        assert page.find("h1").get_text().rstrip("¶\uf0c1") == title
        assert page.select_one(".sidebar-tree .current-page").get_text() == f"{name[:2]} · {title}"
        with speaking(language_of(book)):
            place = message("Notebook {number} of {last}", number=name[:2], last=max(sources(books))[:2])
            assert page.select_one(".place").get_text() == str(place)


def heading(path):
    """Return the title of a notebook."""
    texts = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    return re.search(r"(?m)^# (.+)", "\n".join(texts))[1]


@every_edition
def test_each_page_links_to_itself_in_the_other_languages(books, book):
    names = {"en": "English", "ko": "한국어"}
    others = [one for one in (ENGLISH, *OTHERS) if one != language_of(book)]
    for path, page in pages(books / book).items():
        links = page.select("nav.editions a")
        assert [(link["hreflang"], link["lang"], link.get_text()) for link in links] == [
            (other, other, names[other]) for other in others
        ]
        for other, link in zip(others, links):
            there = books / ("" if other == ENGLISH else other) / Path(book).name / path.name
            assert (path.parent / link["href"]).resolve() == there


@every_other
def test_the_first_pages_have_no_sentence_in_english_that_is_translated(books, language):
    translated = read_translations(language, "pages", ROOT)
    for book in BOOKS:
        text = pages(books / language / book)[books / language / book / "index.html"].get_text()
        for section in filter(translated.get, read_sections(ROOT / "docs" / "site" / f"{book}.md")):
            prose = re.findall(r"(?m)^[A-Z][\w ,'-]{30,}$", re.sub(r"[*`]", "", section))
            assert [line for line in prose if line in text] == []


def test_what_was_run_for_the_pages_shows_the_outputs_that_were_committed(books):
    for name in sources(books):
        [path] = (books / "executed").glob(f"{name}-*.ipynb")
        [source] = find_sources(ROOT, name)
        ran, expected = outputs(nbformat.read(path, as_version=4)), outputs(committed(source))
        assert {cell: shown for cell, shown in expected.items() if shown != ran.get(cell)} == {}, name


# --- how they look ----------------------------------------------------------------------------------------------------


@pytest.fixture
def served(books):
    """The address of a web server on this machine that has the books."""
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=books)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def visit(browser):
    """A function that opens a window of some size; what its pages ask of others, or complain of, is kept with it."""
    contexts = []

    def open_window(base, window, **settings):
        contexts.append(context := browser.new_context(viewport=window, **settings))
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.faults = []
        page.on("console", lambda message: message.type == "error" and page.faults.append(message.text))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("response", lambda response: response.status >= 400 and page.faults.append(f"missing: {response.url}"))
        page.on("requestfailed", lambda request: failed(request, page))
        page.route("**/*", lambda route: go_on(route, page, base))
        return page

    yield open_window
    for context in contexts:
        context.close()


def failed(request, page):
    """Keep a request that failed; what is still on its way when a reader goes on to another page has not."""
    if request.failure != "net::ERR_ABORTED":
        page.faults.append(f"failed: {request.url}")


def go_on(route, page, base):
    """Let a page have what is its own, and nothing else."""
    if route.request.url.startswith((base, "data:")):
        route.continue_()
    else:
        page.faults.append(f"foreign: {route.request.url}")
        route.abort()


def settle(page):
    """Wait until formulas are drawn and pictures, also those further down, are there."""
    page.evaluate("window.MathJax?.startup?.promise")
    page.evaluate("""() => Promise.all([...document.images].map(image => {
        image.loading = "eager";
        return image.decode();
    }))""")


@pytest.mark.browser
@every_width
@every_edition
def test_a_page_needs_nothing_from_elsewhere_and_fits_the_window(books, book, window, visit, screenshots):
    page = visit(books.as_uri(), window)
    for path in visited(books, book):
        page.goto(path.as_uri())
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= window["width"], path.name
        boxes = page.locator("a.figure, .course-map").evaluate_all(f"all => all.map({RIGHT_EDGE})")
        assert [right for right in boxes if right > window["width"]] == [], path.name
        drawn = page.locator("mjx-container").count()
        assert drawn == page.locator(".math").count() and page.locator("[data-mjx-error]").count() == 0, path.name
        page.screenshot(
            path=screenshots / f"{book.replace('/', '-')}-{path.stem}-{window['width']}.png", full_page=True
        )
    assert page.faults == []


@pytest.mark.browser
@every_width
@every_other
def test_a_reader_goes_to_another_language_and_back_by_the_keyboard(books, language, window, visit):
    page = visit(books.as_uri(), window)
    page.goto((books / "course" / "00_start_here.html").as_uri())
    for here, there in pairwise((ENGLISH, language, ENGLISH)):
        assert page.locator("html").get_attribute("lang") == here
        link = page.locator(f"nav.editions a[hreflang={there}]")
        right = link.evaluate(RIGHT_EDGE)
        assert link.is_visible() and 0 < right <= window["width"]
        for _ in range(100):
            page.keyboard.press("Tab")
            if link.evaluate("one => one === document.activeElement"):
                break
        page.keyboard.press("Enter")
        page.locator(f"html[lang={there}]").wait_for()
        assert page.url.endswith("/00_start_here.html")
    assert page.faults == []


@pytest.mark.browser
@every_width
@pytest.mark.parametrize(
    ("book", "found"),
    [
        ("course", {"sigmoid overflows": "00_start_here", "은닉": "glossary"}),
        ("ko/course", {"기울": "index", "NumPy": "index", "용어집": "glossary"}),
    ],
)
def test_a_search_finds_english_and_korean_words(served, book, found, window, visit):
    """In a Korean book also a word that has particles wherever it stands."""
    page = visit(served, window)
    for words, where in found.items():
        page.goto(f"{served}/{book}/index.html")
        if window == PHONE:
            page.locator("label[for=__navigation]:visible").first.click()
        page.locator("input[name=q]").fill(words)
        page.locator("input[name=q]").press("Enter")
        result = page.locator(f"#search-results li a[href^='{where}.html']").first
        assert "<" not in result.inner_text()
        result.click()
        page.locator("article").get_by_text(words.split()[0]).locator("visible=true").first.wait_for()
    assert page.faults == []


@pytest.mark.browser
def test_on_a_phone_the_menu_leads_to_a_notebook_and_hints_open(books, visit):
    page = visit(books.as_uri(), PHONE, has_touch=True)
    page.goto((books / "course" / "index.html").as_uri())
    entry = page.locator(".sidebar-tree").get_by_role("link", name="00 · Start here")
    assert entry.bounding_box()["x"] < 0  # out of sight until the menu is opened
    page.locator("label[for=__navigation]:visible").first.tap()
    entry.tap()
    page.get_by_role("heading", name="Start here").wait_for()
    hint = page.locator("details", has_text="Hint 1").first
    hint.locator("summary").tap()
    assert hint.get_by_text("one NumPy function").is_visible()


@pytest.mark.browser
def test_on_a_phone_a_wide_figure_is_600_pixels_wide_and_the_rows_of_a_table_are_blocks(books, visit):
    page = visit(books.as_uri(), PHONE)
    page.goto((books / "course" / "00_start_here.html").as_uri())
    settle(page)
    figure = page.locator("a.wide").first
    assert figure.locator("img").bounding_box()["width"] == 600
    assert figure.evaluate("one => one.scrollWidth > one.clientWidth && getComputedStyle(one).overflowX") == "auto"
    page.goto((books / "course" / "glossary.html").as_uri())
    first, second = (page.locator("table.stacks tbody tr").first.locator("td").nth(place) for place in (0, 1))
    assert second.bounding_box()["y"] > first.bounding_box()["y"]


@pytest.mark.browser
@pytest.mark.parametrize(("window", "width"), [(PHONE, 440), (DESKTOP, 880)], ids=["phone", "desktop"])
def test_a_phone_shows_the_narrow_rendering_of_a_chart_and_no_other(books, window, width, visit):
    page = visit(books.as_uri(), window)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((books / "course" / "00_start_here.html").as_uri())
    settle(page)
    chart = page.locator("a.figure picture").first
    source, image = chart.locator("source"), chart.locator("img")
    files = {440: source.get_attribute("srcset"), 880: image.get_attribute("src")}
    assert image.evaluate("one => one.currentSrc").endswith(files[width])
    assert image.evaluate("one => one.naturalWidth / one.naturalHeight") == pytest.approx(
        image.bounding_box()["width"] / image.bounding_box()["height"],
        rel=0.05,  # but for the ground around it
    )
    assert [url for url in asked if url.endswith(files[1320 - width])] == []
    link = page.locator("a.figure", has=page.locator("picture")).first
    assert link.evaluate("one => one.scrollWidth <= one.clientWidth")


@pytest.mark.browser
@every_width
@every_book
def test_each_station_of_the_map_leads_to_its_notebook(books, book, window, visit):
    page = visit(books.as_uri(), window)
    page.goto((books / book / "index.html").as_uri())
    settle(page)
    stations, picture = page.locator(".course-map a"), page.locator(".course-map img").bounding_box()
    assert stations.count() == len(sources(books))
    for place, name in enumerate(sources(books)):
        link, box = stations.nth(place), stations.nth(place).bounding_box()
        assert link.get_attribute("href") == f"{name}.html"
        assert box["width"] == pytest.approx(picture["width"] / 3, rel=0.03)
        middle = box["x"] + box["width"] / 2 - picture["x"], box["y"] + box["height"] / 2 - picture["y"]
        column, row = (int(3 * middle[0] / picture["width"]), int(4 * middle[1] / picture["height"]))
        assert (row, column) == divmod(place, 3)


@pytest.mark.browser
def test_a_dark_page_turns_diagrams_and_leaves_colour_maps_as_they_are(books, visit, screenshots):
    page = visit(books.as_uri(), DESKTOP, color_scheme="dark")
    page.goto((books / "course" / "00_start_here.html").as_uri())
    settle(page)
    style = "one => getComputedStyle(one).{}"
    figure = page.locator("article img").first
    assert "invert" in figure.evaluate(style.format("filter"))
    figure.evaluate("one => one.classList.add('colour-map')")
    assert "invert" not in figure.evaluate(style.format("filter"))
    ground = page.locator("body").evaluate(style.format("backgroundColor"))
    assert sum(map(int, re.findall(r"\d+", ground)[:3])) < 150
    page.screenshot(path=screenshots / "dark.png", full_page=True)


@pytest.mark.browser
@every_book
def test_prose_has_shorter_lines_than_code(books, book, visit):
    page = visit(books.as_uri(), DESKTOP)
    page.goto((books / book / "00_start_here.html").as_uri())
    em = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    prose, code = (page.locator(f"article {name}").evaluate_all(WIDTHS) for name in ("section > p", ".cell_input"))
    assert max(prose) <= 42 * em < max(code) <= 52 * em


# --- for every reader -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The script of axe-core, which finds what keeps readers out, such as a text without contrast."""
    folder = tmp_path_factory.mktemp("axe")
    npm.install(folder, "axe-core", AXE)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@slow_with_one_notebook
@every_edition
def test_axe_finds_nothing(books, book, visit, axe):
    page, found = visit(books.as_uri(), DESKTOP), {}
    for path in visited(books, book):
        page.goto(path.as_uri())
        settle(page)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        page.evaluate(axe)
        for theme, window in product(("light", "dark"), (PHONE, TABLET, DESKTOP)):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size(window)
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            page.evaluate("document.getAnimations().forEach(one => one.finish())")  # half faded in there is no contrast
            for fault in page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]:
                nodes = [node["html"][:200] for node in fault["nodes"]]
                found[path.stem, theme, window["width"], fault["id"]] = nodes
    assert found == {}
