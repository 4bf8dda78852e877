"""What an answer says is text wherever it is shown: no mathematics is typeset in it, and nothing in it is a link."""

import json
import shutil
from importlib.metadata import distribution

import nbformat
import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from helpers.classroom.authoring.site.books import MATHJAX
from helpers.classroom.grading.sanitize import for_html
from tests.browser.jupyterlab import ADDRESS, PATIENCE, serve
from tests.browser.test_formgrader import ROOT, run

NAME = "00_start_here"

#: What an answer says, in every form that MathJax knows; a browser overlooks the tab in an address.
SAID = (
    "$\\href{javascri\tpt:document.title='run'}{here}$ \\(x^2\\) $$y^2$$ \\[z^2\\] "
    r"\begin{equation}w^2\end{equation} `$u$` **$v$** \href{javascript:document.title='run'}{there}"
)
ANSWER = f"def sigmoid(a):\n    print({SAID!r})\n    raise ValueError({SAID!r})"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


#: Written answers that would be links to a script, or lie over the page.
WRITTEN = [
    r"$\href{javascript:x}{y}$",
    "$\\href{javascri\tpt:x}{y}$",
    r"$\def\a#1{\href{#1cript:x}{y}}\a{javas}$",
    "$\\let\\b\\href \\b{java\nscript:x}{y}$",
    r'$\mmlToken{mi}[href="javascript:x"]{y}$',
    r"$\text{$\href{javascript:x}{y}$}$",
    r"$\style{position:fixed}{y}$",
    "[y](vbscript:x)",
    "<javascript:x>",
]


@pytest.fixture(scope="module")
def graded(course):
    """A course in which an answer was graded that says such things."""
    shutil.copytree(ROOT / "solutions" / NAME, course / "solutions" / NAME)
    run(course, "release", "00")
    notebook = nbformat.read(course / "notebooks" / NAME / f"{NAME}.ipynb", as_version=4)
    next(cell for cell in notebook.cells if cell.id == "ex-0-1").source = ANSWER
    folder = course / "build/submitted/mal" / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    run(course, "grade", "00", "--no-sandbox", "--jobs", "1")
    run(course, "feedback", "00")
    return course


@pytest.fixture
def page(browser):
    """A page that gets MathJax 3.2 for the MathJax from the network that nbgrader's pages ask for."""
    delimiters = {"inlineMath": [["$", "$"], ["\\(", "\\)"]], "processEnvironments": True}
    settings = f"window.MathJax = {json.dumps({'tex': delimiters})};"
    program = distribution("django-static-mathjax").locate_file(MATHJAX).read_text(encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(1000 * PATIENCE)
    page.route("**/mathjax/**", lambda route: route.fulfill(body=settings + program, content_type="text/javascript"))
    return page


def test_formulas_in_a_written_answer_are_typeset_and_none_is_a_link(page):
    for text, count in (lambda text: text, len(WRITTEN) - 1), (lambda text: for_html(text, markdown=True), 0):
        cells = "".join(f"<p>{markdown2html_mistune(text(one))}</p>" for one in WRITTEN)
        page.set_content(f"<script src='https://localhost/mathjax/'></script>{cells}")
        page.evaluate("MathJax.startup.promise.then(() => 0)")
        assert page.locator("mjx-container").count() == 7
        assert page.locator("a").count() == count
        assert page.locator("[style*=fixed]").count() == min(count, 2)


def check_that_text_is_text(page):
    """Find the panel that quotes the answer: it has the words as they were said; prose beside it is typeset."""
    page.wait_for_function("document.querySelectorAll('mjx-container').length > 3")
    page.evaluate("MathJax.startup.promise.then(() => 0)")
    panels = page.locator("[role=status]", has_text="ValueError")
    assert panels.count() >= 1
    for panel in panels.all():
        assert "\\(x^2\\) $$y^2$$" in panel.inner_text()
        assert "\\begin{equation}w^2\\end{equation}" in panel.inner_text()
        assert panel.locator("mjx-container, a").count() == 0


def test_a_page_of_feedback_typesets_nothing_that_an_answer_said(graded, page, screenshots):
    page.goto((graded / "build/feedback/mal" / NAME / f"{NAME}.html").as_uri())
    check_that_text_is_text(page)
    page.locator("[role=status]", has_text="ValueError").first.screenshot(path=screenshots / "text-in-feedback.png")


def test_formgrader_typesets_nothing_that_an_answer_said(graded, page):
    with serve(graded, "formgrader") as printed:
        address = ADDRESS.search(printed)[0]
        page.goto(address)  # which has the token
        base = address.partition("/formgrader")[0]
        page.goto(f"{base}/formgrader/gradebook/{NAME}/{NAME}")
        page.locator("td").get_by_role("link", name="Submission #1").first.click()
        check_that_text_is_text(page)


def test_jupyterlab_typesets_nothing_that_an_answer_said_in_a_notebook_that_it_does_not_trust(graded, browser):
    with serve(graded, "learn") as printed:
        address = ADDRESS.search(printed)[0]
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(address)  # which has the token
        page.goto(f"{address.partition('/lab/tree')[0]}/lab/tree/build/autograded/mal/{NAME}/{NAME}.ipynb")
        page.locator(".jp-MarkdownOutput mjx-container").first.wait_for()
        panel = page.locator(".jp-OutputArea-output.jp-RenderedHTML", has_text="ValueError").first
        panel.scroll_into_view_if_needed()
        page.wait_for_timeout(2000)
        assert page.locator(".jp-OutputArea-output [role=status]").count() == 0  # it was taken out: nothing is trusted
        assert "\\(x^2\\) $$y^2$$" in panel.inner_text()
        assert panel.locator("mjx-container, a").count() == 0
