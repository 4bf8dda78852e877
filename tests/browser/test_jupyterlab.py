"""The course in a real JupyterLab and a real browser, from `learn` to saved work."""

import pytest

from tests.browser.jupyterlab import learn

pytestmark = pytest.mark.browser

START = "00_start_here"
NOTEBOOK = "01_vanishing_and_exploding_gradients"

RIGHT = """def rnn_step_backward(dh_next, cache):
    x, h_prev, Wx, Wh, h_next = cache
    da = dh_next * (1 - h_next**2)
    return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)"""
WRONG = RIGHT.replace("dh_next * (1 - h_next**2)", "dh_next")


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
    output = notebook.run("check-1-3").locator(".jp-OutputArea-output")
    return output.get_by_role("status"), float(output.last.inner_text())


def test_the_start_page_is_notebook_00(lab):
    assert lab.shown(START).panel.get_by_role("heading", level=1).inner_text().startswith("Start here")


def test_a_hint_is_closed_until_it_is_opened(notebook):
    hint = notebook.panel.locator("details", has_text="tanh′(x) = 1 − tanh²(x)")
    words = hint.locator("summary")
    words.scroll_into_view_if_needed()
    closed = hint.bounding_box()["height"]
    words.click()
    assert hint.get_attribute("open") is not None
    assert hint.bounding_box()["height"] > 1.5 * closed


def test_an_untouched_notebook_shows_no_error_and_no_warning(notebook):
    for kind in "error", "stderr":
        assert notebook.panel.locator(f"[data-mime-type='application/vnd.jupyter.{kind}']").all_inner_texts() == []


def test_every_figure_is_sharp_and_has_words_for_those_who_cannot_see_it(notebook):
    figures = notebook.panel.locator("img")
    seen = figures.evaluate_all("images => images.map(image => [image.alt, image.naturalWidth, image.width])")
    assert len(seen) >= 10
    for words, pixels, width in seen:
        assert len(words) > 20
        assert pixels > 1.9 * width > 0, words


def test_the_slider_draws_its_figure_anew(notebook, screenshots):
    cell = notebook.cell(notebook.find("SliderFigure("))
    figure, handle = cell.locator("img"), cell.get_by_role("slider")
    handle.scroll_into_view_if_needed()
    before = figure.get_attribute("src")
    handle.press("End")
    cell.locator("img[alt*=explodes]").wait_for()
    assert figure.get_attribute("src") != before
    notebook.lab.screenshot(screenshots / "slider.png")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_wrong_answer_is_named_and_a_right_one_is_praised(notebook, theme, screenshots):
    notebook.lab.choose_theme(theme)
    for source, words, points in (WRONG, "without the tanh derivative", 0.0), (RIGHT, "right", 2.0):
        panel, earned = answer(notebook, source)
        assert words in panel.inner_text()
        assert earned == points
        notebook.lab.screenshot(screenshots / f"{theme.lower()}-{points:g}-points.png")


def test_work_is_saved_and_kept_when_the_course_is_started_again(notebook, course):
    answer(notebook, RIGHT)
    notebook.save()
    saved = notebook.path.read_bytes()
    with learn(course) as printed:
        assert "yours were left as they are" in printed
        assert notebook.path.read_bytes() == saved
    assert RIGHT in [cell.source for cell in notebook.read().cells]
