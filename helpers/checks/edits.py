"""A mistake written as an edit of a right answer's own source: `1 - y**2 → 1 - y`.

So a mistake is one line, a change of the right answer cannot silently disarm it, and two mistakes can be made at once.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from typing import Any, TypeAlias

#: An answer: a function or a class.
Answer: TypeAlias = Callable[..., Any]

ARROW = " → "


class EditError(Exception):
    """An edit that does not fit the source it is an edit of."""


@dataclass(frozen=True)
class Edit:
    """A change of the source of a function or a class.

    Args:
        target: the function or class.
        changes: lines `old → new`. The old text must stand in the source exactly once; `name: old → new` looks for it
            in the function or method of that name alone.
    """

    target: Answer
    changes: tuple[str, ...]

    @cached_property
    def wrong(self) -> Answer:
        """The function or class with the changes made, compiled in a copy of its module's names.

        Raises:
            EditError: an old text does not stand there exactly once, or two changes overlap.
        """
        source, names = source_of(self.target), dict(vars(sys.modules[self.target.__module__]))
        for start, end, new in sorted(self.places, reverse=True):
            source = source[:start] + new + source[end:]
        exec(compile(source, f"<a mistake in {self.target.__name__}>", "exec", dont_inherit=True), names)
        made: Answer = names[self.target.__name__]
        return made

    @cached_property
    def places(self) -> tuple[tuple[int, int, str], ...]:
        """Start, end and new text of each change, in the order of the source."""
        found = sorted(_find(self.target, change) for change in self.changes)
        for (_, end, _), (start, _, _) in pairwise(found):
            if start < end:
                raise EditError(f"Changes of {self.target.__name__} overlap: {'; '.join(self.changes)}.")
        return tuple(found)

    def overlaps(self, other: "Edit") -> bool:
        """Whether the two change the same text, so that they cannot be made at once."""
        return any(
            (start < other_end and other_start < end) or start == other_start
            for start, end, _ in self.places
            for other_start, other_end, _ in other.places
        )

    def __add__(self, other: "Edit") -> "Edit":
        """Both changes at once."""
        return _both(self, other)


@lru_cache(maxsize=2048)  # compiled once, also where many answers are judged
def _both(one: Edit, other: Edit) -> Edit:
    return Edit(one.target, one.changes + other.changes)


@cache
def source_of(target: Answer) -> str:
    """Return the source of a function or class, its first line at the left margin."""
    return textwrap.dedent(inspect.getsource(target))


def blocks(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the lines at the margin that stand together, with the lines indented below them; twice indented goes on."""
    margin: list[str] = []
    below: list[str] = []
    for line in re.sub(r"\n {8,}", " ", textwrap.dedent(text)).split("\n"):
        if not line.strip():
            continue
        if line.startswith(" "):
            below.append(line.strip())
            continue
        if below:
            yield margin, below
            margin, below = [], []
        margin.append(line.strip())
    yield margin, below


def _find(target: Answer, change: str) -> tuple[int, int, str]:
    """Return the place of the text that a line `old → new` replaces: its start, its end and the new text."""
    old, arrow, new = change.partition(ARROW)
    if not arrow and not change.endswith(ARROW.rstrip()):
        raise EditError(f"{change!r} is no edit: it needs an old text, an arrow and a new text.")
    if not arrow:
        old = change.removesuffix(ARROW.rstrip())
    source = source_of(target)
    name, colon, rest = old.partition(": ")
    spans = _functions(target) if colon else {}
    low, high = spans.get(name, (0, len(source)))
    old = rest if name in spans else old
    count = source.count(old, low, high)
    if count != 1:
        raise EditError(f"{old!r} stands {count} times in the source of {target.__name__}, and not once: {change!r}.")
    start = source.index(old, low, high)
    return start, start + len(old), new


@cache
def _functions(target: Answer) -> dict[str, tuple[int, int]]:
    """The functions inside the source of `target`, by name, with the places where each starts and ends."""
    source = source_of(target)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return {
        node.name: (starts[node.lineno - 1], starts[node.end_lineno or node.lineno])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }
