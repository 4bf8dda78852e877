"""Untrusted text, made harmless for the place where it is shown: a terminal or a file, a browser, a spreadsheet.

nbgrader's pages render the HTML in text cells, so a written answer could run a script there, with the rights of the
person who grades it. Here a space disables the few places where a script can begin, and leaves the words.
"""

import re

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#|\w+;)")
_SCHEME = re.compile(r"script(?=\s*\\?:)", re.IGNORECASE)

#: A spreadsheet takes these for the beginning of a formula; the last four are the wide forms of East Asian keyboards.
_FORMULA = tuple("=+-@＝＋－＠")


def for_terminal(text: object, longest: int = 120, *, multiline: bool = False) -> str:
    """Return text that a terminal or a file can take: no lone surrogates, no control characters.

    Args:
        text: anything.
        longest: a longer one is truncated with an ellipsis [characters].
        multiline: whether line ends and tabs stay.
    """
    whole = str(text)
    shown = whole if len(whole) <= longest else f"{whole[: longest - 1]}…"
    shown = shown.encode("utf-8", "replace").decode()
    kept = "\n\t" if multiline else ""
    return "".join(letter if letter.isprintable() or letter in kept else "�" for letter in shown)


def for_html(text: str, markdown: bool = False) -> str:
    """Return text without links to scripts, which a formula in it could contain.

    Args:
        text: to be escaped by the caller, unless it is Markdown.
        markdown: whether it is Markdown with formulas, in which tags and character references are disabled too.
    """
    if markdown:
        text = _ENTITY.sub("& ", _TAG.sub("< ", text))
    return _SCHEME.sub(lambda match: f"{match[0]} ", text)


def for_spreadsheet(cell: object) -> str:
    """Return the text of a CSV cell that no spreadsheet takes for a formula, on one line."""
    text = " ".join(str(cell).splitlines())  # a lone carriage return would begin a row
    words = " ".join(text.split())
    return f"'{words}" if words.startswith(_FORMULA) else text
