"""The panel: what a person sees of a verdict."""

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.checks.message import message
from helpers.checks.panel import Panel, panel_of
from helpers.nn import tanh_backward


def test_a_panel_is_readable_without_colour_and_escapes_what_it_shows():
    panel = Panel("Exercise 1.1", "not yet", ["**`a**2 < b` and *this*.**"], printed="<script>")
    assert repr(panel) == "✗ Exercise 1.1 · not yet\n  `a**2 < b` and this.\n  Your code printed:\n  <script>"
    html = panel._repr_html_()
    assert "✗ Exercise 1.1 · not yet" in html
    assert "a**2 &lt; b</code> and <em>this</em>.</b>" in html
    assert "<script>" not in html


def test_a_panel_puts_messages_together_and_sets_remarks_apart():
    told = message("`{name}` is off.", name="dx")
    panel = Panel(message("Exercise {id}", id="1.1"), "right", [told, "1 of 1 points."], remarks=[told])
    lines = ["✓ Exercise 1.1 · right", "`dx` is off.", "1 of 1 points.", "Remark: `dx` is off."]
    assert repr(panel).split("\n  ") == lines
    html = panel._repr_html_()
    assert html.count(">dx</code> is off.") == 2
    assert "<b>Remark:</b> <code" in html
    assert html.index("1 of 1 points") < html.index("Remark:")


def test_the_panel_of_a_verdict_has_its_messages_its_remarks_and_the_notes():
    def in_float64(dout, y):
        return tanh_backward(dout, y).astype("float64")

    panel = panel_of(judge(EXERCISES["1.1"], in_float64, VISIBLE), [message("Exercise {id} is open.", id="0.1")])
    lines = repr(panel).split("\n  ")
    assert lines[0] == "✓ Exercise 1.1 · right"
    assert lines[2:4] == ["1 of 1 points.", "Exercise 0.1 is open."]
    assert lines[4].startswith("Remark: `dx` is float64 where the inputs are float32")


def test_a_panel_of_a_very_long_message_is_made_at_once():
    """One pass for each mark: with one for each piece of code, this would not end before tomorrow."""
    html = Panel("Exercise 1.1", "not yet", ["`x` " * 500_000])._repr_html_()
    assert html.count("<code") == 500_000


def test_a_panel_leaves_out_what_nobody_can_see():
    assert repr(Panel("Exercise 1.1", "not yet", ["\0 and `code`"])).endswith("\n   and `code`")


def test_a_panel_cuts_off_what_an_answer_prints_without_end():
    panel = Panel("Exercise 1.1", "right", [], printed="x" * 1_000_000)
    assert max(len(repr(panel)), len(panel._repr_html_())) < 3_000
