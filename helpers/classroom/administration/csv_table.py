"""CSV files as spreadsheets and learning platforms write them: delimiter, headings, numbers of lines."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from helpers.classroom.grading.sanitize import for_terminal

#: Excel's own first line, and blank lines.
_BEFORE_HEADINGS = re.compile(r"\A(sep=.\r?\n)?([\s,;]*[\r\n])?")


class Table:
    """A CSV file with headings, read whole: UTF-8, with commas, semicolons or tabs between the columns.

    A column is looked up by its heading in lower case with single spaces.

    Args:
        path: of the file.

    Raises:
        ValueError: it cannot be read as CSV; the message names the line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        skipped, text = _read(path)
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="", strict=True)
        try:
            self.headings = [heading.strip() for heading in reader.fieldnames or ()]
            self.columns = [_plain(heading) for heading in self.headings]
            # A heading that occurs again, e.g. a blank one, must not hide the first.
            reader.fieldnames = [
                f"{name}\0{place}" if name in self.columns[:place] else name for place, name in enumerate(self.columns)
            ]
            # `line_num` is where a line ends; a name may be spread over two.
            rows = [(skipped + reader.line_num, row) for row in reader]
        except csv.Error as error:
            line = skipped + reader.line_num
            raise ValueError(f"{path}, line {line}: it cannot be read as CSV ({error}).") from None
        if not any(self.headings):
            raise ValueError(f"{path} is empty.")
        #: Pairs of a line's number and its cells, a dict from columns; blank lines are left out.
        self.rows = [(line, cells) for line, row in rows if any((cells := self._cells(line, row)).values())]

    def find(self, names: Iterable[str], filled: bool = False) -> str:
        """Return the first column with one of some headings, or "".

        Args:
            names: in any case.
            filled: skip a column that is blank in every line.

        Raises:
            ValueError: two columns have it.
        """
        for name in map(_plain, names):
            if self.columns.count(name) > 1:
                raise ValueError(f"{self.path} has two columns `{name}`; remove one.")
            if name in self.columns and not (filled and self.rows and not any(row[name] for _, row in self.rows)):
                return name
        return ""

    def heading(self, column: str) -> str:
        """Return the heading of a column as it is in the file."""
        return for_terminal(self.headings[self.columns.index(column)])

    def _cells(self, line: int, row: dict[str | Any, str | Any]) -> dict[str, str]:
        surplus = row.pop(None, [])
        if any(map(str.strip, surplus)):
            raise ValueError(
                f"{self.path}, line {line}: it has {len(row) + len(surplus)} cells, the heading has {len(row)}. "
                "Is a comma in a name not inside quotes?"
            )
        return {column: cell.strip() for column, cell in row.items()}


def _read(path: Path) -> tuple[int, str]:
    """How many lines are before the headings, and the text from there on."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not in UTF-8. In Excel, save it as “CSV UTF-8”.") from None
    rest = _BEFORE_HEADINGS.sub("", text)
    return text.count("\n") - rest.count("\n"), rest


def _plain(heading: str) -> str:
    return re.sub(r"[\s_]+", " ", heading).strip().casefold()
