"""What a check says: whole sentences, kept apart from the values in them until a panel puts the two together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from helpers.language.translation import finish, translate

#: How many names a message lists at most.
MOST_NAMES = 6

#: What a message tells: what is wrong, its cause, what to look at, or which results are right and off; "" is anything.
Role: TypeAlias = Literal["", "what", "cause", "look at", "results"]


@dataclass(frozen=True)
class Message:
    """One sentence, or a few.

    The template is a whole, so that it can be tested and translated; no sentence is glued from pieces. It is translated
    where it becomes text.

    Args:
        template: the text, with a `{name}` for each value; `code` in backticks, **weight** and *stress* in asterisks.
        values: what stands in the place of each name.
        role: by which a panel labels it.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict, hash=False)
    role: Role = ""

    def __str__(self) -> str:
        template = translate(self.template)
        if not self.values:  # it may have braces of Python's own in it
            return template
        return finish(template.format(**{name: _translate_value(value) for name, value in self.values.items()}))


def _translate_value(value: object) -> object:
    """Translate a value that is a text of the course, such as the name of a mistake; a lone word is a name in code."""
    return translate(value) if isinstance(value, str) and not value.isidentifier() else value


def message(template: str, **values: object) -> Message:
    """Return the Message with these values."""
    return Message(template, values)


class MessageError(ValueError):
    """Input that cannot be used; a Message says what is wrong with it and what to do.

    Args:
        template, values: of the Message.
    """

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(str(message(template, **values)))


@dataclass(frozen=True)
class Listing:
    """Messages in a row: facts about several things, or sentences.

    Args:
        parts: of the text; what is empty is left out.
        between: what stands between two of them.
    """

    parts: Sequence[Message | str]
    between: str = "; "

    def __str__(self) -> str:
        return self.between.join(filter(None, map(str, self.parts)))


class Names(tuple[str, ...]):
    """Names in a message: as code with commas between them, six at most; a panel may show all of them as a list."""

    def __str__(self) -> str:
        return listed(self)


def listed(names: Iterable[str]) -> str:
    """Return names as code, with commas between them, six at most."""
    names = list(names)
    shown = ", ".join(f"`{_translate_value(name)}`" for name in names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else f"{shown}, …"
