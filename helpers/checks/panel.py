"""A verdict as a person sees it: a coloured panel in JupyterLab, plain text in a terminal."""

import html
import re

#: Mark, words and colour (edge, ground) of each status; the mark and the words stand without the colour.
_LOOKS = {
    "right": ("✓", "right", "#00734F", "#E8F6F0"),
    "not yet": ("✗", "not yet", "#B34700", "#FDF1E7"),
    "not written yet": ("…", "not written yet", "#5A5A5A", "#F2F2F2"),
    "notice": ("→", "", "#0072B2", "#EAF3FA"),
}


class Panel:
    """A message of a check.

    Args:
        heading: e.g. "Exercise 1.3".
        status: a key of the looks above.
        paragraphs: with `code`, **weight** and *stress*, marked as here.
        printed: what the learner's code printed, shown beneath.
    """

    def __init__(self, heading, status, paragraphs, printed=""):
        self.heading = heading
        self.status = status
        self.paragraphs = paragraphs
        self.printed = printed[:1000]

    def _title(self):
        mark, words, _, _ = _LOOKS[self.status]
        return f"{mark} {self.heading} · {words}" if words else f"{mark} {self.heading}"

    def __repr__(self):
        lines = [_plain(text) for text in (self._title(), *self.paragraphs)]
        if self.printed:
            lines += ["Your code printed:", self.printed.rstrip()]
        return "\n  ".join(lines)

    def _repr_html_(self):
        _, _, edge, ground = _LOOKS[self.status]
        body = "".join(f'<p style="margin: 0.35em 0 0 0">{_marked_up(paragraph)}</p>' for paragraph in self.paragraphs)
        if self.printed:
            # The theme would give <pre> a ground of its own: dark in the dark theme, under this panel's dark text.
            look = "margin: 0.35em 0 0 0; background: none; color: inherit"
            body += '<p style="margin: 0.35em 0 0 0">Your code printed:</p>'
            body += f'<pre style="{look}">{html.escape(self.printed)}</pre>'
        return (
            f'<div role="status" style="border-left: 6px solid {edge}; background: {ground}; color: #1A1A1A; '
            f'padding: 0.6em 0.9em; max-width: 52em; line-height: 1.45">'
            f'<b style="color: {edge}">{_marked_up(self._title())}</b>{body}</div>'
        )


def panel_of(verdict, notes=()):
    """Return the Panel that shows a Verdict, with `notes` beneath its message."""
    paragraphs = list(verdict.paragraphs)
    if verdict.right or verdict.status == "not yet":
        paragraphs.append(f"{verdict.points:g} of {verdict.max_points:g} points.")
    heading = f"Exercise {verdict.exercise.id}"
    return Panel(heading, verdict.status, [*paragraphs, *notes], verdict.printed)


def _marked_up(paragraph):
    # JupyterLab's own colours for code do not suit a panel that is light in the dark theme too.
    style = "background: rgba(0, 0, 0, 0.06); color: #1A1A1A; padding: 0 0.2em"
    return _replace_marks(html.escape(paragraph), (f'<code style="{style}">', "</code>"), "b", "em")


def _plain(paragraph):
    return _replace_marks(paragraph, ("`", "`"), "", "")


def _replace_marks(text, code, *tags):
    """Replace `code`, **weight** and *stress*; stars inside code are left alone, since they are Python's there."""
    text = text.replace("\0", "")
    spans = iter(re.findall(r"`([^`]+)`", text))
    text = re.sub(r"`[^`]+`", "\0", text)
    for marked, tag in zip((r"\*\*(.+?)\*\*", r"\*([^*]+)\*"), tags):
        text = re.sub(marked, rf"<{tag}>\1</{tag}>" if tag else r"\1", text)
    return re.sub("\0", lambda _: code[0] + next(spans) + code[1], text)
