"""A verdict as a person sees it: a coloured panel in JupyterLab, plain text in a terminal."""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Self

from helpers.checks.judge import Verdict
from helpers.language.message import Message, Names, Role, message

#: Mark, words and colour of each status; the mark and the words stand without the colour. Each colour has a contrast of
#: 3 to a white and to a black ground at least.
LOOKS = {
    "right": ("✓", message("right"), "#00875F"),
    "right, with a remark": ("✓", message("right, with a remark"), "#A87B00"),
    "not yet": ("✗", message("not yet"), "#D55E00"),
    "not written yet": ("…", message("not written yet"), "#7F7F7F"),
    "notice": ("→", message(""), "#2B82C4"),
}

#: The words before a paragraph of each role.
_LABELS: dict[Role, Message] = {"what": message("What"), "cause": message("Cause"), "look at": message("Look at")}

_PRINTED = message("Your code printed:")

# The theme's own ground and text, so that a panel suits a light and a dark one: JupyterLab's, which its export to HTML
# has too, or VS Code's; where neither is known, black on white.
_GROUND = "var(--jp-layout-color1, var(--vscode-editor-background, #FFFFFF))"
_INK = "var(--jp-content-font-color1, var(--vscode-editor-foreground, #1A1A1A))"

# What an answer says is text, also between two dollar signs: MathJax 2 and 3 leave these classes alone.
_TEXT = "tex2jax_ignore mathjax_ignore"

#: The distance of a paragraph to the one above.
_APART = "margin: 0.35em 0 0 0"


class Panel:
    """A message of a check.

    Its texts are Messages or plain; `code`, **weight** and *stress* are marked in them as here.

    Args:
        heading: e.g. "Exercise 1.3".
        status: a key of the looks above.
        paragraphs: what is said, by their roles; what is wrong comes before its cause.
        printed: what the learner's code printed, shown beneath.
        remarks: what is good to know, and changes nothing.
        points: in words, e.g. "1 of 2 points".
    """

    def __init__(
        self,
        heading: Message | str,
        status: str,
        paragraphs: Iterable[Message | str],
        printed: str = "",
        remarks: Iterable[Message | str] = (),
        points: Message | str = "",
    ) -> None:
        self.heading = heading
        self.status = status
        self.paragraphs = sorted(map(_message, paragraphs), key=lambda one: one.role != "what")
        self.printed = printed[:1000]
        self.remarks = [*map(_message, remarks)]
        self.points = points

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """Return a copy in which all that may quote an answer is changed."""

        def changed(messages: Iterable[Message]) -> list[Message]:
            # The names of results are the course's own.
            return [one if one.role == "results" else Message(change(str(one)), role=one.role) for one in messages]

        paragraphs, remarks = changed(self.paragraphs), changed(self.remarks)
        return type(self)(self.heading, self.status, paragraphs, change(self.printed), remarks, self.points)

    def _title(self) -> str:
        mark, words, _ = LOOKS[self.status]
        return " · ".join(part for part in (f"{mark} {self.heading}", str(words), str(self.points)) if part)

    def _rows(self) -> Iterator[tuple[str, Message]]:
        """The paragraphs and remarks, each with its label; one that stands above already is not repeated."""
        above = ""
        for one in self.paragraphs:
            label = str(_LABELS.get(one.role, ""))
            yield "" if label == above else label, one
            above = label
        for remark in self.remarks:
            yield str(message("Remark")), remark

    def __repr__(self) -> str:
        lines = [_plain(self._title())]
        lines += [_plain(f"{label}: {text}" if label else str(text)) for label, text in self._rows()]
        if self.printed:
            lines += [str(_PRINTED), self.printed.rstrip()]
        return "\n  ".join(lines)

    def _repr_html_(self) -> str:
        colour = LOOKS[self.status][2]
        mark, _, title = _marked_up(self._title()).partition(" ")
        body = "".join(_row(label, _body(text), bool(label or text.role)) for label, text in self._rows())
        if self.printed:
            # The theme would give <pre> a ground of its own, and break its lines anywhere.
            look = f"{_APART}; background: none; color: inherit; font-family: monospace; white-space: pre"
            look += "; overflow-x: auto"
            body += f'<p style="{_APART}">{_PRINTED}</p><pre style="{look}">{html.escape(self.printed)}</pre>'
        return (
            f'<div role="status" class="{_TEXT}" style="border-left: 6px solid {colour}; color: {_INK}; '
            f"background: {_GROUND}; "
            f"background: color-mix(in srgb, {colour} 9%, {_GROUND}); margin: 0.5em 0; padding: 0.6em 0.9em; "
            f'max-width: 52em; line-height: 1.45"><b><span style="color: {colour}">{mark}</span> {title}</b>{body}'
            "</div>"
        )


class Points(float):
    """The points of a check: a float, from whose text nbgrader and the progress read them, with words for a person.

    Args:
        value: the points earned.
        words: what stands in the place of the bare number where HTML is shown.
    """

    words: Message

    def __new__(cls, value: float, words: Message) -> Self:
        points = super().__new__(cls, value)
        points.words = words
        return points

    def _repr_html_(self) -> str:
        return f'<small style="color: {_INK}">{html.escape(str(self.words))}</small>'


def panel_of(verdict: Verdict, notes: Iterable[Message] = ()) -> Panel:
    """Return the Panel that shows a Verdict, with `notes` beneath its messages."""
    status, messages = str(verdict.status), verdict.messages
    if verdict.right and verdict.remarks:
        status = "right, with a remark"
    if status == "not yet":
        messages = tuple(one if one.role else replace(one, role="what") for one in messages)
    heading = message("Exercise {id}", id=verdict.exercise.id)
    return Panel(heading, status, [*messages, *notes], verdict.printed, verdict.remarks, _points(verdict))


def panel_of_hidden(verdict: Verdict) -> Panel:
    """Return the Panel that says whether a hidden check is passed, and nothing of its draws."""
    template = "Not yet right on other numbers and other sizes. The visible check says more where it can."
    if verdict.right:
        template = "Other numbers and other sizes give the right results too."
    heading = message("Exercise {id}, hidden check", id=verdict.exercise.id)
    return Panel(heading, verdict.status, [message(template)], points=_points(verdict))


def points_of(verdict: Verdict, hidden: bool = False) -> Points:
    """Return the points of a check, visible or hidden; words tell of the other half."""
    template = "Points of this check: {points:g} of {most:g}. A grader's hidden check is worth as many again."
    if hidden:
        template = "Points of this hidden check: {points:g} of {most:g}."
    return Points(verdict.points, message(template, points=verdict.points, most=verdict.max_points))


def _points(verdict: Verdict) -> Message | str:
    if verdict.status == "not written yet":
        return ""
    template = "{points:g} of {most:g} point" if verdict.max_points == 1 else "{points:g} of {most:g} points"
    return message(template, points=verdict.points, most=verdict.max_points)


def _message(text: Message | str) -> Message:
    return text if isinstance(text, Message) else Message(text)


def _row(label: str, body: str, beside: bool) -> str:
    """A paragraph: beside its label, or where one would stand, or else by itself."""
    if not beside:
        return f'<div style="{_APART}">{body}</div>'
    before = f'<span style="flex: 0 0 4.6em; font-weight: 600">{label}</span>'
    return f'<div style="{_APART}; display: flex; gap: 0.4em">{before} <div style="min-width: 0">{body}</div></div>'


def _body(text: Message) -> str:
    if text.role != "results":
        return _marked_up(str(text))
    right, off = text.values["right"], text.values["off"]
    assert isinstance(right, Names) and isinstance(off, Names)
    lists = "".join(
        f'<div style="{_APART}"><b style="font-weight: 600">{label}</b> {html.escape(", ".join(names))}</div>'
        for label, names in ((message("Right so far:"), right), (message("Off:"), off))
    )
    title = message("What is right so far, and what is off")
    return f'<details><summary style="cursor: pointer">{title}</summary>{lists}</details>'


def _marked_up(paragraph: str) -> str:
    # JupyterLab's own ground for code does not suit a coloured one.
    style = "background: rgba(127, 127, 127, 0.16); color: inherit; padding: 0 0.2em"
    return _replace_marks(html.escape(paragraph), (f'<code style="{style}">', "</code>"), "b", "em")


def _plain(paragraph: str) -> str:
    return _replace_marks(paragraph, ("`", "`"), "", "")


def _replace_marks(text: str, code: tuple[str, str], *tags: str) -> str:
    """Replace `code`, **weight** and *stress*; stars inside code are left alone, since they are Python's there."""
    text = text.replace("\0", "")
    spans = iter(re.findall(r"`([^`]+)`", text))
    text = re.sub(r"`[^`]+`", "\0", text)
    for marked, tag in zip((r"\*\*(.+?)\*\*", r"\*([^*]+)\*"), tags):
        text = re.sub(marked, rf"<{tag}>\1</{tag}>" if tag else r"\1", text)
    return re.sub("\0", lambda _: code[0] + next(spans) + code[1], text)
