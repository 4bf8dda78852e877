"""The panel: what a person sees of a verdict."""

import re

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.checks.panel import LOOKS, Panel, panel_of
from helpers.language.message import Message, Names, message
from helpers.nn import rnn_step_backward, tanh_backward


def test_a_panel_is_readable_without_colour_and_escapes_what_it_shows():
    panel = Panel("Exercise 1.1", "not yet", ["**`a**2 < b` and *this*.**"], printed="<script>")
    assert repr(panel) == "✗ Exercise 1.1 · not yet\n  `a**2 < b` and this.\n  Your code printed:\n  <script>"
    html = panel._repr_html_()
    assert ">✗</span> Exercise 1.1 · not yet</b>" in html
    assert "a**2 &lt; b</code> and <em>this</em>.</b>" in html
    assert "<script>" not in html


def test_a_panel_puts_messages_together_and_sets_remarks_apart():
    told = message("`{name}` is off.", name="dx")
    panel = Panel(message("Exercise {id}", id="1.1"), "right", [told], remarks=[told], points="1 of 1 points")
    assert repr(panel).split("\n  ") == [
        "✓ Exercise 1.1 · right · 1 of 1 points",
        "`dx` is off.",
        "Remark: `dx` is off.",
    ]
    html = panel._repr_html_()
    assert html.count(">dx</code> is off.") == 2
    assert html.index("1 of 1 points") < html.index("Remark")


def test_what_is_wrong_its_cause_and_what_to_look_at_come_in_this_order_each_labelled_once():
    told = [Message("A", role="cause"), Message("B"), Message("C", role="what"), Message("D", role="what")]
    panel = Panel("Exercise 1.1", "not yet", [*told, Message("E", role="look at")])
    assert repr(panel).split("\n  ")[1:] == ["What: C", "D", "Cause: A", "B", "Look at: E"]
    assert re.findall(r">([A-Z][a-z ]*)<", panel._repr_html_()) == ["What", "C", "D", "Cause", "A", "B", "Look at", "E"]


def test_the_results_that_are_right_and_off_are_two_lists_that_open_at_a_click():
    def last_two_off(dh_next, cache):
        dx, dh_prev, dWx, dWh, db = rnn_step_backward(dh_next, cache)
        return dx, dh_prev, dWx, dWh + 1, db + 1

    panel = panel_of(judge(EXERCISES["1.3"], last_two_off, VISIBLE))
    assert "\n  Right so far: `dx`, `dh_prev`, `dWx`. Off: `dWh`, `db`." in repr(panel)
    [details] = re.findall("<details>(.*)</details>", panel._repr_html_())
    assert "<code" not in details
    assert re.findall(r"</b> ([^<]*)</div>", details) == ["dx, dh_prev, dWx", "dWh, db"]


def test_a_panel_has_no_colour_of_a_theme_but_those_of_the_theme_it_is_shown_in():
    html = Panel("Exercise 1.1", "right", ["`a`"])._repr_html_()
    assert "color: var(--jp-content-font-color1, " in html
    assert re.findall(r"[^-]color: (?!var|inherit)(\S+?)[;\"]", html) == ["#00875F"]  # the mark


def test_every_look_has_a_colour_of_its_own_that_is_seen_on_white_and_on_black():
    colours = [colour for *_, colour in LOOKS.values()]
    assert len({*colours}) == len(colours)
    for colour in colours:
        seen = luminance(colour)
        assert min(1.05 / (seen + 0.05), (seen + 0.05) / 0.05) > 3, colour


def luminance(colour):
    """The relative luminance of a colour such as #00875F, by WCAG."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def test_texts_that_quote_an_answer_can_be_changed_and_keep_their_roles():
    told = [
        Message("{a}", {"a": "long"}, "cause"),
        Message("{right}, {off}", {"right": Names("a"), "off": Names("b")}, "results"),
    ]
    panel = Panel("long", "not yet", told, "long", ["long"], "0 of 1 points").with_texts(str.upper)
    assert repr(panel).split("\n  ") == [
        "✗ long · not yet · 0 of 1 points",
        "Cause: LONG",
        "`a`, `b`",
        "Remark: LONG",
        "Your code printed:",
        "LONG",
    ]


def test_the_panel_of_a_verdict_has_its_messages_its_remarks_and_the_notes():
    def in_float64(dout, y):
        return tanh_backward(dout, y).astype("float64")

    panel = panel_of(judge(EXERCISES["1.1"], in_float64, VISIBLE), [message("Exercise {id} is open.", id="0.1")])
    lines = repr(panel).split("\n  ")
    assert lines[0] == "✓ Exercise 1.1 · right, with a remark · 1 of 1 point"
    assert lines[2] == "Exercise 0.1 is open."
    assert lines[3].startswith("Remark: `dx` is float64 where the inputs are float32")


def test_a_panel_of_a_very_long_message_is_made_at_once():
    """One pass for each mark: with one for each piece of code, this would not end before tomorrow."""
    html = Panel("Exercise 1.1", "not yet", ["`x` " * 500_000])._repr_html_()
    assert html.count("<code") == 500_000


def test_a_panel_leaves_out_what_nobody_can_see():
    assert repr(Panel("Exercise 1.1", "not yet", ["\0 and `code`"])).endswith("\n   and `code`")


def test_a_panel_cuts_off_what_an_answer_prints_without_end():
    panel = Panel("Exercise 1.1", "right", [], printed="x" * 1_000_000)
    assert max(len(repr(panel)), len(panel._repr_html_())) < 3_000
