"""Korean in JupyterLab: it keeps its mark there, and a learner's copy leads to the glossary."""

import pytest

pytestmark = pytest.mark.browser

KOREAN = "[lang=ko]"


@pytest.fixture(scope="module")
def notebook(lab):
    """Notebook 01, untouched."""
    lab.shown("00_start_here")
    return lab.open("01_vanishing_and_exploding_gradients")


def test_korean_words_and_the_korean_summary_are_marked(notebook, screenshots):
    notebook.panel.locator(f"span{KOREAN}", has_text="기울기 소실").wait_for()
    notebook.lab.page.screenshot(path=screenshots / "korean-words.png")
    notebook.panel.locator(".jp-Cell").first.click()
    notebook.lab.page.keyboard.press("Control+End")
    notebook.panel.locator(f"div{KOREAN} li").nth(4).scroll_into_view_if_needed()
    assert notebook.panel.locator(f"div{KOREAN} li").count() == 5
    assert notebook.panel.locator(f"h2 {KOREAN}").all_text_contents() == ["요약"]
    notebook.lab.page.screenshot(path=screenshots / "korean-summary.png")


def test_the_link_at_the_top_opens_the_glossary(notebook, screenshots):
    notebook.panel.locator(".jp-Cell").first.click()
    notebook.lab.page.keyboard.press("Control+Home")
    notebook.panel.get_by_role("link", name="Glossary").click()
    viewer = notebook.lab.page.locator(".jp-MarkdownViewer")
    viewer.locator(f"td {KOREAN}", has_text="퍼플렉서티 (혼란도)").wait_for()
    assert viewer.locator("tr").count() == 1 + viewer.locator(f"td {KOREAN}").count()
    notebook.lab.page.screenshot(path=screenshots / "korean-glossary.png")
