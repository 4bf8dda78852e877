"""Translate what make itself says: `make help`, line by line, and the lines that its recipes echo.

`python -m helpers.language.make_says` reads English lines and prints them in the language of the edition. It needs
nothing but Python, since make speaks before anything is installed.
"""

import re
import sys

from helpers.language.translation import translate

#: What is the same in every language at the beginning of a line of `make help`, the text after it.
_LINE = re.compile(r"((?:  make [a-z-]+ +|    PRESET=[a-z-]+ +| *))(.*)")

#: In a Makefile, what a target is for, and what a recipe says that has no value in it.
_SAID = re.compile(r'^[a-z-]+:.*?## (.+)$|\becho "([^"$\\]+)"', re.MULTILINE)


def translate_line(line: str) -> str:
    """Return a line that make says, in the language to speak."""
    head, text = _LINE.fullmatch(line).groups()  # type: ignore[union-attr]  # it matches every line
    return head + translate(text)


def find_texts(makefile: str) -> list[str]:
    """Return what a Makefile says in lines that `translate_line` translates."""
    return [target or echoed.strip() for target, echoed in _SAID.findall(makefile)]


def _main() -> None:
    sys.stdin.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for line in sys.stdin:
        print(translate_line(line.rstrip("\n")))


if __name__ == "__main__":
    _main()
