"""The names of graded cells: `ex-1-3` holds the answer to exercise 1.3, `check-1-3` and `hidden-1-3` its checks."""

import re
from dataclasses import dataclass
from typing import Literal, Self, cast

Kind = Literal["ex", "check", "hidden"]

_FORM = re.compile(r"(ex|check|hidden)-(\d+)-(\d+)")


@dataclass(frozen=True)
class GradeId:
    """The grade id of a cell, in its parts; as a string, what nbgrader's metadata have.

    Args:
        kind: "ex" for an answer, "check" for the visible check, "hidden" for the hidden one.
        exercise_id: e.g. "1.3".
    """

    kind: Kind
    exercise_id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the parts of a grade id.

        Raises:
            ValueError: it is not a grade id of the course.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a grade id of the course, such as ex-1-3, check-1-3 or hidden-1-3.")
        return cls(cast(Kind, match[1]), f"{match[2]}.{match[3]}")

    def __str__(self) -> str:
        return f"{self.kind}-{self.exercise_id.replace('.', '-')}"
