"""The names in a zip archive, many of which do not say how they are encoded.

Only names with the flag for UTF-8 do. The others are in UTF-8 too, or in a code page of the machine that packed them,
and bytes that are valid in one are often valid in another. The letters of the class decide.
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from zipfile import ZipInfo

#: Where the letters of the class do not decide, the first in which every name is valid: the third always is.
ENCODINGS = ("utf-8", "cp949", "cp437", "cp932", "cp850", "cp1252")

_UTF8_FLAG = 0x800


def letters_of(names: Iterable[str | None]) -> set[str]:
    """Return the letters outside ASCII in some names, as `decode_names` compares them."""
    return {letter for name in names for letter in normalise(name or "").casefold() if not letter.isascii()}


def decode_names(entries: Sequence[ZipInfo], letters: Collection[str] = ()) -> list[str]:
    """Return the names of the entries of an archive, with / between folders.

    Those that do not say how they are encoded are read alike wherever they are valid: an archive has one origin.

    Args:
        entries: of `zipfile`, which has decoded what is not flagged by the old code page of DOS.
        letters: those to be expected, from `letters_of`.
    """
    raw = [b"" if entry.flag_bits & _UTF8_FLAG else entry.filename.encode("cp437") for entry in entries]
    ranking = _rank({name for name in raw if not name.isascii()}, letters)
    names = [_decode(name, ranking) or entry.filename for name, entry in zip(raw, entries)]
    return [normalise(name.replace("\\", "/")) for name in names]


def normalise(name: str) -> str:
    """Return a name with composed letters; macOS writes them decomposed."""
    return unicodedata.normalize("NFC", name)


def _rank(names: Collection[bytes], letters: Collection[str]) -> list[str]:
    """The encodings, the likeliest first."""

    def unlikeliness(encoding: str) -> tuple[int, int]:
        decoded = [_decode(name, [encoding]) for name in names]
        expected = sum(letter in letters for name in decoded for letter in normalise(name).casefold())
        return -expected, decoded.count("")

    return sorted(ENCODINGS, key=unlikeliness)


def _decode(name: bytes, encodings: Iterable[str]) -> str:
    """A name in the first encoding in which it is valid; "" if there is none."""
    for encoding in encodings:
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""
