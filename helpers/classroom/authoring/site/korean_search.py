"""Search in Korean: a word is found without the particles that its sentence adds to it."""

import re

from sphinx.search.en import SearchEnglish


class SearchKorean(SearchEnglish):
    """Splits a text for Sphinx's index; English words, of which there are many, are found as in an English book.

    The script of a page finds what is part of a longer word only if three characters are given. Most Korean nouns have
    two: so these stand in the index too.
    """

    lang = "ko"  # language_name stays English: by it Sphinx finds the stemmer's script

    def split(self, text: str) -> list[str]:
        """Return the words of a text, and the first two syllables of each longer Korean one."""
        return [*super().split(text), *re.findall(r"\b([가-힣]{2})[가-힣]", text)]
