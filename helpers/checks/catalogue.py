"""All exercises of the course, by id, in order."""

from importlib import import_module

from helpers.checks.exercise import Exercise

#: One module of this package per notebook, and one of the same name with its honest answers in the tests.
MODULES = tuple(f"notebook_{number:02d}" for number in range(9))

EXERCISES: dict[str, Exercise] = {
    exercise.id: exercise for module in MODULES for exercise in import_module(f"helpers.checks.{module}").EXERCISES
}
