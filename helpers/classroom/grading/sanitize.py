"""Untrusted text, made harmless for the place where it is shown: a terminal or a file, a browser, a spreadsheet.

nbgrader's pages render the HTML in text cells, so a written answer could run a script there, with the rights of the
person who grades it. Here a space disables the few places where a script can begin, and leaves the words.
"""

import re

#: Characters of a written answer that are shown, some ten pages; and formulas in it that are typeset.
MOST_WRITTEN, MOST_FORMULAS = 30_000, 300

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#|\w+;)")
#: A browser overlooks line ends and tabs in an address.
_SCHEME = re.compile(r"s\s*c\s*r\s*i\s*p\s*t(?=\s*\\?:)", re.IGNORECASE)
#: What makes MathJax write a link, an attribute or a style, or load a file; a macro could hide the address.
_MACRO = re.compile(r"\\(?=(?:href|url|mmlToken|style|class|cssId|data|htmlData|require|includegraphics)(?![A-Za-z]))")
#: Where a formula may begin. What renders Markdown looks for its end from each, as far as the last character.
_FORMULA_BEGINS = re.compile(r"\\(?=begin\{)|\\\\(?=[\[(])|\$(?=\$)")

#: Line ends and other control characters; a lone carriage return would begin a row, a tab a column.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

#: What stands before a formula: the beginning of the cell, or one of the separators at which spreadsheets that are set
#: to another language split a line; then spaces, characters without a width, and quotes.
_BLANK = r"\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
_BEGINNING = rf"^[{_BLANK}]*|((?:^|[;|；｜])[{_BLANK}\"']*)"

#: A formula begins with one of these signs, also in the forms of East Asian keyboards and of mathematics.
_FORMULA = re.compile(rf"(?:{_BEGINNING})(?=[=+\-@＝＋－＠﹦﹢﹣﹫−])")


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
        markdown: whether it is Markdown with formulas, in which tags and character references are disabled too, and
            what a formula can do besides being typeset, and pictures. More than MOST_FORMULAS are not typeset at all.
    """
    if markdown:
        text = _MACRO.sub(r"\\ ", _ENTITY.sub("& ", _TAG.sub("< ", text)))
        text = text.replace("![", "! [")  # a picture would be fetched, by whoever reads it and as that person
        if len(_FORMULA_BEGINS.findall(text)) > MOST_FORMULAS:
            text = _FORMULA_BEGINS.sub(lambda match: f"{match[0]} ", text)
    return _SCHEME.sub(lambda match: f"{match[0]} ", text)


def for_spreadsheet(cell: object) -> str:
    """Return the text of a CSV cell, on one line, of which no spreadsheet takes any part for a formula."""
    return _FORMULA.sub(r"\1'", _CONTROL.sub(" ", str(cell)))
