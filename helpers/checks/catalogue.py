"""All exercises of the course, by id, in order."""

import pkgutil
import re
from importlib import import_module
from pathlib import Path

from helpers.checks.exercise import Exercise
from helpers.language.message import Message, message

#: One module of this package per notebook, and one of the same name with its honest answers in the tests.
MODULES = tuple(
    sorted(
        module.name
        for module in pkgutil.iter_modules([str(Path(__file__).parent)])
        if re.fullmatch(r"notebook_\d\d", module.name)
    )
)

EXERCISES: dict[str, Exercise] = {
    exercise.id: exercise for module in MODULES for exercise in import_module(f"helpers.checks.{module}").EXERCISES
}

#: Exercises that an older copy of a notebook has under another number: today's number and notebook of each.
MOVED = {"4.6": ("9.1", "09_gru"), "4.7": ("9.2", "09_gru")}


def where_it_went(exercise_id: str) -> Message:
    """Return a sentence on where an exercise is now that an older copy has under another number, a key of `MOVED`."""
    new, notebook = MOVED[exercise_id]
    return message("Exercise {old} is {new} now, in notebook {notebook}.", old=exercise_id, new=new, notebook=notebook)
