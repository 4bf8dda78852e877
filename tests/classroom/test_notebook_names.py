"""A notebook is found by its number in any form, its name, or the start of it."""

import nbformat
import pytest
from nbformat.v4 import new_notebook

from helpers.classroom.authoring.build import find_sources
from helpers.classroom.authoring.notebook_names import is_meant
from helpers.classroom.course import Course
from helpers.classroom.learner.notebook_copies import restore
from helpers.classroom.learner.visible_checks import find_missing

NAME = "01_vanishing_and_exploding_gradients"


@pytest.mark.parametrize(
    "asked",
    [
        *("1", "01", "001", " 1 ", "1.", "01.", "01_", "０１", "Notebook 01", "notebook 1", "NB1", "nb 01"),
        *(NAME, NAME.upper(), f"{NAME}.ipynb", f"{NAME}.py", "01_vanishing", "1_van", "01 Vanishing and exploding"),
        *(f"notebooks/{NAME}/{NAME}.ipynb", f"solutions/{NAME}", f"solutions/{NAME}/"),
    ],
)
def test_a_number_or_name_is_understood_however_it_is_written(asked):
    assert is_meant(asked, NAME)


@pytest.mark.parametrize("asked", ["", "0", "00", "10", "11", "1.3", "01_gates", "vanishing", "one", "9" * 5000])
def test_another_number_or_name_is_another_notebook(asked):
    assert not is_meant(asked, NAME)


def test_the_first_notebook_has_the_number_0():
    assert all(is_meant(asked, "00_start_here") for asked in ("0", "00", "0."))
    assert not is_meant("0", "10_more")


def test_an_assignment_without_a_number_is_found_by_its_name():
    assert is_meant("PS1", "ps1") and not is_meant("1", "ps1")


@pytest.mark.parametrize("asked", ["9", "09", "9.", "09_", "09_small", "notebook 9"])
def test_every_command_understands_them(asked, root, monkeypatch):
    assert [path.stem for path in find_sources(root, asked)] == ["09_small"]
    assert Course(root).find_source(asked).stem == "09_small"
    released = root / "notebooks" / "09_small" / "09_small.ipynb"
    released.parent.mkdir(parents=True)
    nbformat.write(new_notebook(), released)
    restore(root, asked)
    assert (root / "my" / "09_small" / "09_small.ipynb").exists()


@pytest.mark.parametrize("asked", ["1", "01", "1."])
def test_make_visible_understands_them_beside_the_ids_of_exercises(asked):
    assert find_missing([], [asked]) == find_missing([], ["01"])
    assert find_missing([], ["1.3"]) == ["1.3"]
