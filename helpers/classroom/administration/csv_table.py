"""CSV files as spreadsheets and learning platforms write them: encoding, delimiter, headings, numbers of lines."""

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from helpers.classroom.administration.headings import (
    HEADINGS,
    is_known,
    is_participant,
    key_of_heading,
    participant_number,
)
from helpers.classroom.grading.sanitize import for_terminal

#: Excel's own first line, and blank lines.
_BEFORE_HEADINGS = re.compile(r"\A(sep=.\r?\n)?([\s,;]*[\r\n])?")

#: What Excel writes as “CSV” in Korea, Japan, China, Taiwan and the West.
_OLD_ENCODINGS = ("cp949", "cp932", "gb18030", "cp950", "cp1252")


class Table:
    """A CSV file with headings, read whole, with commas, semicolons or tabs between the columns.

    It is in UTF-8 or UTF-16, or in an older encoding in which a known heading shows that it is the right one.
    A column is called by its heading in lower case with single spaces.

    Args:
        path: of the file.
        faults: takes what is wrong with each line that has more cells than the heading; left out, that is an error.

    Raises:
        ValueError: it cannot be read as CSV; the message names the line.
    """

    def __init__(self, path: Path, faults: list[str] | None = None) -> None:
        self.path, self._faults = path, faults
        text, self.encoding = _decode(path)
        rest = _BEFORE_HEADINGS.sub("", text)
        skipped = text.count("\n") - rest.count("\n")
        reader = csv.DictReader(io.StringIO(rest, newline=""), delimiter=_delimiter(rest), restval="", strict=True)
        try:
            self.headings = [heading.strip() for heading in reader.fieldnames or ()]
            self.columns = [_plain(heading) for heading in self.headings]
            # A heading that occurs again, e.g. a blank one, must not hide the first.
            self._keys = [
                f"{name}\0{place}" if name in self.columns[:place] else name for place, name in enumerate(self.columns)
            ]
            reader.fieldnames = self._keys
            # `line_num` is where a line ends; a name may be spread over two.
            rows = [(skipped + reader.line_num, row) for row in reader]
        except csv.Error as error:
            line = skipped + reader.line_num
            raise ValueError(f"{path}, line {line}: it cannot be read as CSV ({error}).") from None
        if not any(self.headings):
            raise ValueError(f"{path} is empty.")
        #: Pairs of a line's number and its cells, a dict from columns; blank lines are left out.
        self.rows = [(line, cells) for line, row in rows if any((cells := self._cells(line, row)).values())]

    def column(self, detail: str, *, filled: bool = False) -> str:
        """Return the first column with one of the headings that a detail has in any language, or "".

        Args:
            detail: a key of HEADINGS, e.g. "email".
            filled: skip a column that is blank in every line.

        Raises:
            ValueError: two columns have it.
        """
        return self.find(HEADINGS[detail], filled)

    def find(self, names: Iterable[str], filled: bool = False) -> str:
        """Return the first column with one of some headings, or "".

        Args:
            names: of which case, accents and punctuation make no difference.
            filled: skip a column that is blank in every line.

        Raises:
            ValueError: two columns have it.
        """
        return next((each for each in self.find_all(names) if not (filled and self.is_blank(each))), "")

    def find_all(self, names: Iterable[str]) -> Iterator[str]:
        """Yield the columns with any of some headings, in the order of these; see `find`."""
        for name in filter(None, map(key_of_heading, names)):
            found = [column for column in self.columns if key_of_heading(column) == name]
            if len(found) > 1:
                raise ValueError(f"{self.path} has two columns `{for_terminal(found[1])}`; remove one.")
            yield from found

    def is_blank(self, column: str) -> bool:
        """Return whether there are lines, and a column has nothing in any of them."""
        return bool(self.rows) and not self.cells(column)

    def identifier_column(self) -> str:
        """Return the column of Moodle's numbers, “Participant 4711”, of a grading worksheet in any language, or "".

        Its heading can be that of ids too (“ID” in German), so what is in it decides; in a language that is not in
        HEADINGS it is the first column.
        """
        known = {key_of_heading(name) for name in HEADINGS["identifier"]}
        likely = [column for column in self.columns if key_of_heading(column) in known]
        for column in [*likely, *self.columns[:1]]:
            cells = self.cells(column)
            words = {cell.removesuffix(participant_number(cell)).strip() for cell in cells}
            numbered = all(map(participant_number, cells)) and len(words) == 1 and len(words.pop()) > 3
            if cells and (numbered or all(map(is_participant, cells))):
                return column
        return ""

    def cells(self, column: str) -> list[str]:
        """Return the cells of a column that are not blank."""
        return [row[column] for _, row in self.rows if row[column]]

    def unused(self, used: Collection[str]) -> list[str]:
        """Return the headings of all other columns that have something in them; one without a heading by its place."""
        return [
            for_terminal(heading) or f"(column {place}, without a heading)"
            for place, (heading, key) in enumerate(zip(self.headings, self._keys), start=1)
            if key not in used and self.cells(key)
        ]

    def heading(self, column: str) -> str:
        """Return the heading of a column as it is in the file."""
        return for_terminal(self.headings[self.columns.index(column)])

    def _cells(self, line: int, row: dict[str | Any, str | Any]) -> dict[str, str]:
        surplus = row.pop(None, [])
        if not any(map(str.strip, surplus)):
            return {column: cell.strip() for column, cell in row.items()}
        fault = (
            f"{self.path}, line {line}: it has {len(row) + len(surplus)} cells, the heading has {len(row)} "
            "(is a comma in a name not inside quotes?)"
        )
        if self._faults is None:
            raise ValueError(f"{fault}.")
        self._faults.append(fault)
        return {}


def _decode(path: Path) -> tuple[str, str]:
    """The text of a file, and its encoding."""
    data = path.read_bytes()
    encodings = [_unicode(data)]
    if not _decodes(data, encodings[0]):
        # Each of these can read almost anything, so only a heading proves that it is the right one.
        encodings = [each for each in _OLD_ENCODINGS if _decodes(data, each) and _has_known_heading(data.decode(each))]
    if len(encodings) != 1:
        raise ValueError(f"{path} is not in UTF-8. In Excel, save it as “CSV UTF-8”.")
    return data.decode(encodings[0]).removeprefix("\ufeff"), encodings[0]


def _unicode(data: bytes) -> str:
    """Which form of Unicode a file would be in: Excel's “Unicode text” is UTF-16."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = (data[:1] == b"\0", data[1:2] == b"\0")  # of the first letter, where there is no byte order mark
    return {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get(zeros, "utf-8")


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _has_known_heading(text: str) -> bool:
    first = _BEFORE_HEADINGS.sub("", text).partition("\n")[0]
    headings = first.split(_delimiter(text))
    return any(is_known(heading) and not heading.isascii() for heading in headings)


def _delimiter(text: str) -> str:
    return max(",;\t", key=text.partition("\n")[0].count)


def _plain(heading: str) -> str:
    return re.sub(r"[\s_]+", " ", heading).strip().casefold()
