"""The course as a learner sees it: a real JupyterLab in a real browser, from the first page to work that is kept."""

import re

import nbformat
import pytest

from helpers.checks.editions import name_of_edition
from helpers.classroom.learner.notebook_copies import update
from tests.browser.jupyterlab import Lab, serve

pytestmark = pytest.mark.browser

START = "00_start_here"
NOTEBOOK = "01_vanishing_and_exploding_gradients"

RIGHT = """def rnn_step_backward(dh_next, cache):
    x, h_prev, Wx, Wh, h_next = cache
    da = dh_next * (1 - h_next**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)"""
WRONG = RIGHT.replace("dh_next * (1 - h_next**2)", "dh_next\n    print(da.shape)")

#: The contrast of each text in a panel with the ground behind it, by WCAG; a canvas knows every form of a colour.
CONTRASTS = """panel => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const paint = colours => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        const linear = [...canvas.getImageData(0, 0, 1, 1).data].map(
            part => part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05;
    };
    return [panel, ...panel.querySelectorAll("*")].map(node => {
        const grounds = [];
        for (let one = node; one; one = one.parentElement) grounds.unshift(getComputedStyle(one).backgroundColor);
        const [ground, text] = [paint(grounds), paint([...grounds, getComputedStyle(node).color])];
        return [node.textContent, Math.max(ground, text) / Math.min(ground, text), ground];
    });
}"""

IN_VIEW = "node => node.getBoundingClientRect().top >= 0 && node.getBoundingClientRect().bottom <= innerHeight"


@pytest.fixture(scope="module")
def notebook(lab):
    """Notebook 01, untouched, run from top to bottom."""
    lab.shown(START)
    notebook = lab.open(NOTEBOOK)
    notebook.run_all()
    return notebook


def answer(notebook, source):
    """Write an answer to exercise 1.3, run it and its check, and return the panel and the points."""
    notebook.write("ex-1-3", source)
    notebook.run("ex-1-3")
    notebook.run("check-1-3")
    return verdict(notebook, "check-1-3")


def verdict(notebook, cell_id):
    """Return the panel and the points that stand beneath a check."""
    outputs = notebook.cell(cell_id).locator(".jp-OutputArea-output")
    return outputs.get_by_role("status"), outputs.last.text_content().strip()


def test_the_first_page_is_notebook_00_and_nothing_stands_in_its_way(lab):
    assert lab.shown(START).panel.get_by_role("heading", level=1).text_content().startswith("Start here")
    assert lab.page.locator(".jp-Dialog, .Toastify__toast").all_text_contents() == []


def test_an_untouched_notebook_runs_without_an_error_or_a_warning(notebook):
    assert notebook.outputs("error").all_text_contents() == []
    assert notebook.outputs("stderr").all_text_contents() == []
    panel, points = verdict(notebook, "check-1-2")
    assert "not written yet" in panel.text_content()
    assert points.startswith("Points of this check: 0 of 1.")


def test_a_hint_opens_at_a_click(notebook):
    hint = notebook.panel.locator("details").first
    title = hint.locator("summary")
    title.scroll_into_view_if_needed()
    closed = hint.bounding_box()["height"]
    title.click()
    assert hint.bounding_box()["height"] > closed


def test_every_figure_is_sharp_and_has_words_for_those_who_do_not_see_it(notebook):
    drawing = [cell.id for cell in notebook.read().cells if re.search(r"^plots\.", cell.source, re.MULTILINE)]
    assert drawing
    for cell_id in drawing:
        figure = notebook.cell(cell_id).locator("img")
        words, pixels, width = figure.evaluate("image => [image.alt, image.naturalWidth, image.width]")
        assert len(words.split()) > 5 and width > 0, cell_id
        if not figure.get_attribute("src").startswith("data:image/svg+xml"):  # that is sharp at every size
            assert pixels + 1 >= 2 * width, cell_id  # an image has whole pixels


def test_moving_the_slider_draws_its_figure_anew(notebook, screenshots):
    cell = notebook.cell(notebook.find("SliderFigure("))
    slider, figure = cell.get_by_role("slider"), cell.locator("img")
    slider.press("Home")
    cell.locator("img[alt*=': 0 back']").wait_for()
    before = figure.get_attribute("src")
    slider.press("End")
    cell.locator("img[alt*=': 25 back']").wait_for()
    assert figure.get_attribute("src") != before
    notebook.lab.page.screenshot(path=screenshots / "slider.png")


def test_a_wrong_answer_is_named_and_a_right_one_passes(notebook, screenshots):
    for source, words, points in (WRONG, "The tanh derivative is missing", "0"), (RIGHT, "right", "2"):
        panel, earned = answer(notebook, source)
        assert words in panel.text_content()
        assert earned.startswith(f"Points of this check: {points} of 2.")
        notebook.lab.page.screenshot(path=screenshots / f"{points}-points.png")


def test_nothing_that_an_answer_says_is_typeset_or_a_link(notebook, screenshots):
    said = r"$\href{javascri" + "\t" + r"pt:alert(1)}{x}$ \(y\) $$z$$ \[w\] \begin{equation}v\end{equation} $u$"
    panel, _ = answer(notebook, f"def rnn_step_backward(dh_next, cache):\n    raise ValueError({said!r})")
    notebook.panel.locator(".jp-MarkdownOutput mjx-container").first.wait_for()  # prose is typeset
    notebook.lab.page.wait_for_timeout(2000)
    assert r"\(y\) $$z$$ \[w\] \begin{equation}v\end{equation} $u$" in panel.inner_text()
    assert panel.locator("mjx-container, a").count() == 0
    notebook.lab.page.screenshot(path=screenshots / "text.png")


def test_a_panel_is_readable_in_both_themes_and_does_not_glare_in_the_dark(notebook, screenshots):
    panel, _ = answer(notebook, WRONG)
    grounds = {}
    for theme in "Dark", "Light":
        notebook.lab.choose_theme(f"JupyterLab {theme}")
        notebook.lab.page.screenshot(path=screenshots / f"{theme.lower()}.png")
        found = panel.evaluate(CONTRASTS)
        assert [(text, contrast) for text, contrast, _ in found if contrast < (3 if text == "✗" else 4.5)] == []
        grounds[theme] = found[0][2]
    assert grounds["Dark"] < 0.15 and grounds["Light"] > 0.7  # relative luminances, plus 0.05


def test_what_is_next_is_one_click_away(lab, notebook, screenshots):
    notebook.cell(notebook.find("progress()")).get_by_role("link", name="Next: exercise 0.1").click()
    place = lab.shown(START).panel.get_by_role("heading", name="Exercise 0.1")
    lab.page.wait_for_function(IN_VIEW, arg=place.element_handle())
    lab.page.screenshot(path=screenshots / "next.png")
    lab.open(NOTEBOOK)


def test_saved_work_is_there_when_the_course_is_started_again(notebook, browser, course, screenshots):
    answer(notebook, RIGHT)
    notebook.save()
    saved = notebook.path.read_bytes()
    assert RIGHT in [cell.source for cell in notebook.read().cells]
    with serve(course, "learn") as printed:
        assert "yours were left as they are" in printed
        assert notebook.path.read_bytes() == saved
        lab = Lab(browser, printed, course)
        lab.shown(START)
        panel, points = verdict(lab.open(NOTEBOOK), "check-1-3")
        panel.scroll_into_view_if_needed()
        assert "right" in panel.text_content()
        assert points.startswith("Points of this check: 2 of 2.")
        lab.page.screenshot(path=screenshots / "started-again.png")


@pytest.mark.slow
def test_a_copy_that_is_updated_while_it_is_open_is_asked_about_and_can_be_taken(browser, course, screenshots):
    """As `make update` says: whoever saves is asked; Revert takes the corrected copy."""
    name = "02_gradient_clipping"
    release = course / "notebooks" / name / f"{name}.ipynb"
    with serve(course, "learn") as printed:
        lab = Lab(browser, printed, course)
        lab.shown(START)
        notebook = lab.open(name)
        corrected = nbformat.read(release, as_version=4)
        corrected.cells[0].source += "\n\nA correction of the course."
        corrected.metadata.course.edition = name_of_edition(corrected.cells)
        nbformat.write(corrected, release)
        update(course, "02")
        notebook.write(next(cell.id for cell in notebook.read().cells if cell.cell_type == "code"), "# typed since")
        lab.page.keyboard.press("ControlOrMeta+s")
        question = lab.page.get_by_role("dialog").filter(has_text="has changed on disk")
        lab.page.screenshot(path=screenshots / "updated.png")
        question.get_by_role("button", name="Revert").click()
        notebook.panel.get_by_text("A correction of the course.").wait_for()
    assert "A correction of the course." in notebook.read().cells[0].source
