"""What holds for every exercise alike and so stands in no bank: arguments are left alone, types keep their digits."""

import inspect

import numpy as np
import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.nn.base import Layer

#: Functions whose arguments are arrays and whose results are arrays.
FUNCTIONS = [
    exercise
    for exercise in EXERCISES.values()
    if exercise.probe is None
    and not exercise.mutates
    and any(shape.startswith("(") for shape in exercise.results.values())
]

LAYERS = [
    exercise
    for exercise in EXERCISES.values()
    if inspect.isclass(exercise.reference) and issubclass(exercise.reference, Layer)
]

every_function = pytest.mark.parametrize("exercise", FUNCTIONS, ids=lambda exercise: exercise.id)
every_layer = pytest.mark.parametrize("exercise", LAYERS, ids=lambda exercise: exercise.id)


def converted(exercise, dtype):
    """The reference with all of its results in another type."""

    def convert(value):
        if isinstance(value, tuple):
            return tuple(map(convert, value))
        return value.astype(dtype) if isinstance(value, np.ndarray) else value

    return lambda *arguments: convert(exercise.reference(*arguments))


def first_array(arguments):
    """The first array among some arguments, inside tuples too."""
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            return argument
        if isinstance(argument, tuple):
            return first_array(argument)
    return None


@every_function
def test_a_wider_type_passes_with_a_remark(exercise):
    verdict = judge(exercise, converted(exercise, "float64"), VISIBLE)
    assert verdict.right
    assert verdict.points == exercise.points
    if not exercise.any_float:
        assert "is float64 where the inputs are float32" in str(verdict.remarks[0])


@every_function
def test_a_narrower_type_is_refused_and_named(exercise):
    verdict = judge(exercise, converted(exercise, "float32"), VISIBLE)
    if exercise.any_float:
        assert verdict.right
    else:
        assert not verdict.right
        assert "is float32 where the inputs are float64: it loses digits" in "\n".join(verdict.paragraphs)


@every_function
def test_a_changed_argument_is_refused_and_named(exercise):
    def meddles(*arguments):
        result = exercise.reference(*arguments)
        first_array(arguments)[...] *= 2
        return result

    verdict = judge(exercise, meddles, VISIBLE)
    assert not verdict.right
    assert "changed its argument" in verdict.paragraphs[0]
    assert not verdict.causes


@every_layer
@pytest.mark.parametrize("method", ["forward", "backward"])
def test_a_layer_that_writes_into_its_argument_is_refused_and_told_so(exercise, method):
    def meddles(self, given, *rest, **keywords):
        result = getattr(exercise.reference, method)(self, given, *rest, **keywords)
        if given.dtype.kind == "f":
            given[...] *= 2
        return result

    verdict = judge(exercise, type(exercise.name, (exercise.reference,), {method: meddles}), VISIBLE)
    if exercise.id == "5.1" and method == "forward":
        assert verdict.right  # its argument are ids
    else:
        assert not verdict.right
        assert "changed its argument" in verdict.paragraphs[0]


@every_function
def test_a_warning_beside_right_values_is_a_remark_unless_it_is_the_point_of_the_exercise(exercise):
    def warns(*arguments):
        np.log(np.zeros(1))
        return exercise.reference(*arguments)

    verdict = judge(exercise, warns, VISIBLE)
    assert verdict.right is not exercise.stable
    assert "NumPy warned" in "\n".join(verdict.paragraphs)
