"""How a report says numbers."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, as in “1 student” and “2 students”."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
