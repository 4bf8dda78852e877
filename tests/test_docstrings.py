"""The examples in the docstrings are right, and whatever is public and used most has one."""

import doctest
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

from helpers import data, nn, training

PACKAGES = (nn, data, training)

#: The most used functions of the three subpackages (counted over the notebooks, helpers and the tests).
MOST_USED = {
    "assemble",
    "create_params",
    "global_norm",
    "load_corpus",
    "lstm_step_backward",
    "lstm_step_forward",
    "rnn_step_backward",
    "rnn_step_forward",
    "sigmoid",
    "stream_batches",
    "tanh_backward",
}


def public(package):
    """Return the public classes and functions of a subpackage by name; fast layers are documented by the plain ones."""
    return {
        name: member
        for name, member in vars(package).items()
        if (inspect.isroutine(member) or inspect.isclass(member)) and not name.startswith("Fast")
        if member.__module__.startswith(f"{package.__name__}.")
    }


def doctests():
    """Return every docstring with an example; as in NumPy's own, `np` is imported, and nothing else is."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for package in PACKAGES:
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if module.name == "helpers.nn.cuda":  # what would be an example needs a GPU
                continue
            found = finder.find(importlib.import_module(module.name), globs={"np": np})
            yield from (test for test in found if test.examples)


@pytest.mark.parametrize("test", list(doctests()), ids=lambda test: test.name.removeprefix("helpers."))
def test_the_example_gives_the_result_that_it_shows(test):
    report = []
    failed, _ = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert not failed, "".join(report)
    assert any(example.want for example in test.examples), f"{test.name} shows no result"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_class_and_the_most_used_functions_have_an_example(package):
    wanted = {name: member for name, member in public(package).items() if inspect.isclass(member) or name in MOST_USED}
    without = [name for name, member in wanted.items() if "    Example:\n        >>> " not in (member.__doc__ or "")]
    assert without == []


def test_the_most_used_functions_are_public():
    assert {name for package in PACKAGES for name in public(package)} >= MOST_USED
