"""A stranger's words, as they may be shown in a browser in which an instructor is logged in.

nbgrader's pages render text cells with the HTML that is in them, so a written answer could run a program there, in the
name of whoever grades it. Here a space takes the effect from the few places where one can begin, and leaves the words.
"""

import re

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#|\w+;)")
_SCHEME = re.compile(r"script(?=\s*\\?:)", re.IGNORECASE)


def harmless_markdown(text):
    """Return Markdown without HTML, without its codes for single letters, and without links that are programs.

    Args:
        text: Markdown, with formulas.
    """
    return harmless_text(_ENTITY.sub("& ", _TAG.sub("< ", text)))


def harmless_text(text):
    """Return text without links that are programs, which a formula in it could hold.

    Args:
        text: to be escaped for HTML by whoever shows it.
    """
    return _SCHEME.sub(lambda match: f"{match[0]} ", text)
