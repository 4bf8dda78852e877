"""A mistake as an edit: the text to be replaced stands in the source once, or the edit fails loudly."""

import numpy as np
import pytest

from helpers.checks.edits import Edit, EditError
from helpers.checks.exercise import mistakes
from helpers.nn import tanh_backward


def double(x):
    y = x + x
    return y


class Pair:
    def first(self, x):
        y = x + 1
        return y

    def second(self, x):
        y = x + 1
        return y


def test_an_edit_changes_a_copy_alone():
    assert Edit(double, ("x + x → x * x",)).wrong(3) == 9
    assert double(3) == 6


def test_an_edit_sees_the_names_of_its_module():
    wrong = Edit(tanh_backward, ("1 - y**2 → np.ones_like(y)",)).wrong
    assert wrong(np.array([2.0]), np.array([0.5])) == 2.0


def test_a_name_says_in_which_method_the_text_is_looked_for():
    pair = Edit(Pair, ("second: x + 1 → x + 2",)).wrong()
    assert (pair.first(0), pair.second(0)) == (1, 2)


@pytest.mark.parametrize(
    ("target", "change", "times"),
    [(double, "x - x → x", "0 times"), (double, "y → x", "2 times"), (Pair, "x + 1 → x", "2 times")],
)
def test_a_text_that_does_not_stand_there_once_is_refused(target, change, times):
    with pytest.raises(EditError, match=times):
        Edit(target, (change,)).wrong  # noqa: B018


def test_a_line_without_an_arrow_is_refused():
    with pytest.raises(EditError, match="is no edit"):
        Edit(double, ("x + x",)).wrong  # noqa: B018


def test_two_edits_compose():
    both = Edit(Pair, ("first: x + 1 → x + 5",)) + Edit(Pair, ("second: x + 1 → x + 7",))
    assert (both.wrong().first(0), both.wrong().second(0)) == (5, 7)


def test_edits_of_the_same_text_overlap():
    one, other = Edit(double, ("x + x → x",)), Edit(double, ("y = x + x → y = 0",))
    assert one.overlaps(other)
    with pytest.raises(EditError, match="overlap"):
        (one + other).wrong  # noqa: B018
    assert not one.overlaps(Edit(double, ("return y → return -y",)))


def test_a_mistake_holds_edits_a_name_and_a_hint():
    first, second = mistakes(
        double,
        """
        x + x → x
            The sum has one term
                alone.
            Add them.
        y = x + x → y = x - x
        return y → return -y
            Two signs are wrong.
            Look at both.
        """,
    )
    assert (first.name, first.hint, first.wrong(2)) == ("The sum has one term alone.", "Add them.", 2)
    assert (second.name, second.wrong(2)) == ("Two signs are wrong.", 0)


def test_a_block_without_an_edit_is_refused():
    with pytest.raises(ValueError, match="its edits, its name and its hint"):
        mistakes(double, "    The name.\n    The hint.")
