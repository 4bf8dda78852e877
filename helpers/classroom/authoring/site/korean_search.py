"""Search in Korean: a word is found without the particles that its sentence adds to it."""

import re

from sphinx.search.en import SearchEnglish


class SearchKorean(SearchEnglish):
    """Splits a text for Sphinx's index; English words, of which there are many, are found as in an English book.

    The script of a page finds what is part of a longer word only if three characters are given, and only if no word is
    just these. Most Korean nouns have two syllables, and a name such as NumPy or LSTM stands alone in code: so both
    stand in the index too, without what follows them.
    """

    lang = "ko"  # language_name stays English: by it Sphinx finds the stemmer's script

    def split(self, text: str) -> list[str]:
        """Return the words of a text, and of each longer Korean one its first two syllables, or its Latin letters."""
        return [*super().split(text), *re.findall(r"\b([가-힣]{2}|[A-Za-z]{2,})(?=[가-힣])", text)]
