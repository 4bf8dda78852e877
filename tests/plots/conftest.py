"""The figures that several modules of tests look at, each drawn once."""

import pytest

from tests.plots.examples import ALL


class Pictures(dict):
    """Figures by name, each drawn when it is first asked for."""

    def __missing__(self, name):
        self[name] = ALL[name]()
        return self[name]


@pytest.fixture(scope="session")
def pictures():
    """Every figure."""
    return Pictures()


@pytest.fixture(scope="module", params=ALL)
def name(request):
    """The name of a figure; since it belongs to the module, all tests of one figure follow each other."""
    return request.param
