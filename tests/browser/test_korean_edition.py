"""The Korean edition in JupyterLab: what a learner reads there is Korean, but for names, code and what cells print."""

import re

import pytest

from helpers.language.translation import EDITION
from tests.browser.jupyterlab import Lab, serve

pytestmark = pytest.mark.browser

NOTEBOOK = "02_gradient_clipping"

RIGHT = "def global_norm(grads):\n    return float(np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in grads)))"
WRONG = "def global_norm(grads):\n    return sum(np.abs(g).sum() for g in grads)"


@pytest.fixture(scope="module")
def lab(browser, course):
    """JupyterLab, just started with the Korean edition."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(EDITION, "ko")
        with serve(course, "learn") as printed:
            assert "my/ko/에 새로 생긴 노트북" in printed
            yield Lab(browser, printed, course, "my/ko")


@pytest.fixture(scope="module")
def notebook(lab):
    """Notebook 02, untouched, run from top to bottom."""
    lab.shown("00_start_here")
    notebook = lab.open(NOTEBOOK)
    notebook.run_all()
    return notebook


def check(notebook, source):
    """Write an answer to exercise 2.1, run it and its check, and return what the panel says."""
    notebook.write("ex-2-1", source)
    notebook.run("ex-2-1")
    notebook.run("check-2-1")
    return notebook.cell("check-2-1").get_by_role("status").inner_text()


def test_it_runs_and_what_it_shows_is_korean(notebook, screenshots):
    assert notebook.outputs("error").all_text_contents() == []
    assert notebook.panel.locator("h1").first.text_content().startswith("기울기 클리핑")
    pictures = notebook.panel.locator("img[alt]").evaluate_all("images => images.map(image => image.alt)")
    assert pictures and all(re.search("[가-힣]", alt) for alt in pictures)
    notebook.cell("check-2-1").scroll_into_view_if_needed()
    assert "아직 작성하지 않음" in notebook.cell("check-2-1").get_by_role("status").text_content()
    notebook.lab.page.screenshot(path=screenshots / "korean-edition-untouched.png")


def test_a_wrong_answer_and_a_right_one(notebook, screenshots):
    said = check(notebook, WRONG)
    assert "절댓값을 더했습니다." in said and "손 계산 예제" in said
    assert not re.search(r"[A-Za-z]+ [a-z]+", said)
    notebook.lab.page.screenshot(path=screenshots / "korean-edition-wrong.png")
    assert "정답" in check(notebook, RIGHT)
    assert "이 검사의 점수: 1/1점" in notebook.cell("check-2-1").inner_text()
    notebook.lab.page.screenshot(path=screenshots / "korean-edition-right.png")


def test_the_link_at_the_top_opens_the_glossary(notebook):
    notebook.panel.locator(".jp-Cell").first.click()
    notebook.lab.page.keyboard.press("Control+Home")
    notebook.panel.get_by_role("link", name="용어집").click()
    notebook.lab.page.locator(".jp-MarkdownViewer td", has_text="퍼플렉서티 (혼란도)").wait_for()
