"""The gate player as a learner uses it: in JupyterLab, with the keyboard alone."""

import pytest

pytestmark = pytest.mark.browser

NOTEBOOK = "03_lstm_gates"

#: What the cell of the player needs, in order: words of one cell each.
NEEDED = (
    'sigmoid = answer("0.1")',
    'apply_output_gate = answer("3.1")',
    "def fixed(openness)",
    'apply_forget_gate = answer("3.2")',
    'add_new_memory = answer("3.3")',
    'apply_input_gate = answer("3.4")',
    "def run_cell(",
    "plots.GatePlayer(",
)


def test_a_symbol_is_kept_with_the_keyboard_alone(lab, screenshots):
    lab.shown("00_start_here")
    notebook = lab.open(NOTEBOOK)
    for words in NEEDED:
        notebook.run(notebook.find(words))
    cell = notebook.cell(notebook.find("plots.GatePlayer("))
    verdict = cell.get_by_role("status")
    verdict.filter(has_text="B was not all taken in at step 1").wait_for()
    sliders = cell.get_by_role("slider")
    assert sliders.count() == 18
    solved = {"i": "0E0000", "f": "00EEEE", "o": "00000E"}
    sliders.first.focus()
    for place, end in enumerate("".join(solved.values())):
        sliders.nth(place).press("End" if end == "E" else "Home")
    verdict.filter(has_text="Right: B was taken in at step 1").wait_for()
    cell.locator("img[alt*='Right: B was taken in']").wait_for()
    cell.scroll_into_view_if_needed()
    lab.page.screenshot(path=screenshots / "gate-player.png")
    sliders.nth(6 + 4).press("Home")
    verdict.filter(has_text="lost at step 4").wait_for()
    for _ in range(3):
        sliders.nth(6 + 4).press("ArrowRight")
    verdict.filter(has_text="the forget gate is at 0.3 there").wait_for()
