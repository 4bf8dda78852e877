"""The box for prompts as a learner uses it: in JupyterLab, with the keyboard alone."""

import pytest

pytestmark = pytest.mark.browser

BOX = """from helpers import plots

plots.PromptBox(lambda beginning, temperature: f"{beginning} go on at {temperature:g}", "we")"""


def test_a_beginning_and_a_temperature_are_changed_with_the_keyboard_alone(lab, screenshots):
    notebook = lab.shown("00_start_here")
    code = next(cell.id for cell in notebook.read().cells if cell.cell_type == "code")
    notebook.write(code, BOX)
    notebook.run(code)
    cell = notebook.cell(code)
    written = cell.get_by_role("status")
    written.filter(has_text="we go on at 0.8").wait_for()
    box = cell.get_by_role("textbox", name="beginning")
    box.fill("they")
    box.press("Enter")
    written.filter(has_text="they go on at 0.8").wait_for()
    cell.get_by_role("slider").press("ArrowRight")
    written.filter(has_text="they go on at 0.9").wait_for()
    lab.page.screenshot(path=screenshots / "prompt-box.png")
    lab.choose_theme("JupyterLab Dark")
    lab.page.screenshot(path=screenshots / "prompt-box-dark.png")
