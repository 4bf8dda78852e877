"""A verdict as a person sees it: a coloured panel in JupyterLab, plain text in a terminal."""

import html
import re
from collections.abc import Iterable

from helpers.checks.judge import Verdict
from helpers.checks.message import Message, message

#: Mark, words and colour (edge, ground) of each status; the mark and the words stand without the colour.
_LOOKS = {
    "right": ("✓", "right", "#00734F", "#E8F6F0"),
    "not yet": ("✗", "not yet", "#B34700", "#FDF1E7"),
    "not written yet": ("…", "not written yet", "#5A5A5A", "#F2F2F2"),
    "notice": ("→", "", "#0072B2", "#EAF3FA"),
}

#: The distance of a paragraph to the one above.
_APART = "margin: 0.35em 0 0 0"


class Panel:
    """A message of a check.

    Its texts are Messages or plain; `code`, **weight** and *stress* are marked in them as here.

    Args:
        heading: e.g. "Exercise 1.3".
        status: a key of the looks above.
        paragraphs: what is said.
        printed: what the learner's code printed, shown beneath.
        remarks: what is good to know, and changes nothing.
    """

    def __init__(
        self,
        heading: Message | str,
        status: str,
        paragraphs: Iterable[Message | str],
        printed: str = "",
        remarks: Iterable[Message | str] = (),
    ) -> None:
        self.heading = heading
        self.status = status
        self.paragraphs = [*paragraphs]
        self.printed = printed[:1000]
        self.remarks = [*remarks]

    def _title(self) -> str:
        mark, words, _, _ = _LOOKS[self.status]
        return f"{mark} {self.heading} · {words}" if words else f"{mark} {self.heading}"

    def __repr__(self) -> str:
        remarks = [message("Remark: {remark}", remark=remark) for remark in self.remarks]
        lines = [_plain(str(text)) for text in (self._title(), *self.paragraphs, *remarks)]
        if self.printed:
            lines += ["Your code printed:", self.printed.rstrip()]
        return "\n  ".join(lines)

    def _repr_html_(self) -> str:
        _, _, edge, ground = _LOOKS[self.status]
        body = "".join(f'<p style="{_APART}">{_marked_up(str(text))}</p>' for text in self.paragraphs)
        for remark in self.remarks:
            text = _marked_up(str(message("**Remark:** {remark}", remark=remark)))
            body += f'<p style="{_APART}; border-left: 2px dotted {edge}; padding-left: 0.6em">{text}</p>'
        if self.printed:
            # The theme would give <pre> a ground of its own: dark in the dark theme, under this panel's dark text.
            body += f'<p style="{_APART}">Your code printed:</p>'
            body += f'<pre style="{_APART}; background: none; color: inherit">{html.escape(self.printed)}</pre>'
        return (
            f'<div role="status" style="border-left: 6px solid {edge}; background: {ground}; color: #1A1A1A; '
            f'padding: 0.6em 0.9em; max-width: 52em; line-height: 1.45">'
            f'<b style="color: {edge}">{_marked_up(self._title())}</b>{body}</div>'
        )


def panel_of(verdict: Verdict, notes: Iterable[Message] = ()) -> Panel:
    """Return the Panel that shows a Verdict, with `notes` beneath its messages."""
    points = [] if verdict.status == "not written yet" else [_points(verdict)]
    heading = message("Exercise {id}", id=verdict.exercise.id)
    return Panel(heading, verdict.status, [*verdict.messages, *points, *notes], verdict.printed, verdict.remarks)


def panel_of_hidden(verdict: Verdict) -> Panel:
    """Return the Panel that says whether a hidden check is passed, and nothing of its draws."""
    words = "Not yet right on other numbers and other sizes. The visible check says more where it can."
    if verdict.right:
        words = "Other numbers and other sizes give the right results too."
    heading = message("Exercise {id}, hidden check", id=verdict.exercise.id)
    return Panel(heading, verdict.status, [message(words), _points(verdict)])


def _points(verdict: Verdict) -> Message:
    return message("{points:g} of {most:g} points.", points=verdict.points, most=verdict.max_points)


def _marked_up(paragraph: str) -> str:
    # JupyterLab's own colours for code do not suit a panel that is light in the dark theme too.
    style = "background: rgba(0, 0, 0, 0.06); color: #1A1A1A; padding: 0 0.2em"
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
