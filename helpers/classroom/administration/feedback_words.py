"""What nbgrader's feedback says around the cells, in the language of the notebook."""

import re

from jinja2.ext import Extension

from helpers.language.message import message
from helpers.language.translation import language

#: What stands in nbgrader's template, the longer of two that begin alike first.
WORDS = (
    message("Score"),
    message("Test cell"),
    message("Coding free-response"),
    message("Written response"),
    message("Student's answer"),
    message("Student's task"),
    message("Task"),
    message("Comments"),
    message("Comment"),
    message("Late submission penalty"),
    message("Grade cell"),
    message("Top"),
)

_BY_WORD = {word.template: word for word in WORDS}
_WORD = re.compile(rf"\b({'|'.join(map(re.escape, _BY_WORD))})\b")


class TranslatedWords(Extension):
    """Translates nbgrader's template, and no text of a student's, when Jinja reads it."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """See `Extension`."""
        if "nbgrader" not in source:  # one of nbconvert's own, which it extends
            return source
        translated = _WORD.sub(lambda found: str(_BY_WORD[found[0]]), source)
        return translated.replace("<html>", f'<html lang="{language()}">')
