"""Comparing, numerical gradients, and draws."""

import numpy as np
import pytest

from helpers.checks import compare
from helpers.checks.inputs import InputSpec, copied


def test_float64_is_compared_to_seven_digits():
    one = np.ones(3)
    assert compare.same(one * (1 + 5e-8), one)
    assert not compare.same(one * (1 + 5e-7), one)


def test_float32_is_compared_to_four_digits():
    one = np.ones(3, "float32")
    assert compare.same(one * np.float32(1 + 5e-5), one)
    assert not compare.same(one * np.float32(1 + 5e-4), one)


def test_infinity_is_no_number_however_large():
    assert not compare.same(np.float32(np.inf), 1e50)
    assert not compare.same(1e50, np.float32(np.inf))
    assert not compare.same(np.float32(1), 1e50)


def test_lists_agree_if_all_that_is_in_them_does():
    one = [1.0, (np.ones(2), "a"), None]
    assert compare.same(one, [1.0, (np.ones(2), "a"), None])
    for other in [2.0, *one[1:]], [1.0, (np.zeros(2), "a"), None], [*one[:2], 0], one[:2]:
        assert not compare.same(one, other)
    assert compare.same(one, tuple(one))


def test_values_that_are_near_are_called_so():
    got, expected = np.array([0.3, 1.0]), np.array([0.3 + 1e-7, 1.0])
    assert "All are right to about seven digits" in str(compare.value_fault("dx", got, expected).message)
    assert "All are right" not in str(compare.value_fault("dx", got + 1e-4, expected).message)


def test_a_string_out_of_an_array_is_a_string():
    got = np.array(["vanishes", "explodes"])[1]
    assert compare.form_fault("prediction", got, "explodes", "") is None
    assert compare.value_fault("prediction", got, "explodes") is None
    assert compare.same(got, "explodes") and not compare.same(got, "vanishes")


def test_the_largest_difference_is_shown_with_its_place():
    got, expected = np.array([[1.0, 2.0], [3.0, 9.0]]), np.array([[1.0, 2.5], [3.0, 4.0]])
    text = str(compare.value_fault("dx", got, expected).message)
    assert text == "`dx` is off in 2 of 4 places: at [1, 1] it is 9, expected 4."


@pytest.mark.parametrize("size", [3, 25, 400, 5000])
@pytest.mark.parametrize("expected", [17, 17.0])
def test_an_int_of_any_size_is_compared_and_named(size, expected):
    for got in 10**size, -(10**size):
        assert not compare.same(got, expected)
        text = str(compare.value_fault("count", got, expected).message)
        came = got if size == 3 else f"an int of some {size + 1} digits"
        assert text == f"`count` is {came}, expected 17."
        assert compare.same(got, got)


def test_a_count_is_right_or_wrong():
    assert (
        str(compare.value_fault("count", 123_456_788, 123_456_789).message)
        == "`count` is 123456788, expected 123456789."
    )
    assert compare.value_fault("count", np.int64(123_456_789), 123_456_789) is None


def test_numbers_that_differ_are_written_so_that_they_differ():
    assert str(compare.value_fault("norm", 1.0000001, 1.0000003).message) == "`norm` is 1.0000001, expected 1.0000003."
    text = str(compare.value_fault("dx", np.array([1.0000001, 1.0]), np.array([1.0000003, 1.0])).message)
    assert "at [0] it is 1.0000001, expected 1.0000003" in text


@pytest.mark.parametrize("got", [None, [1.0, 2.0], "text", np.ones(2, bool), np.ones(2) * 1j, np.ones((2, 1))])
def test_something_else_than_the_expected_array_is_a_fault_of_form(got):
    assert compare.form_fault("y", got, np.ones(2), "(H,)") is not None


@pytest.mark.parametrize("got", [True, "1.0", None, np.ones(1), 1j])
def test_something_else_than_a_float_is_a_fault_of_form(got):
    assert compare.form_fault("norm", got, 1.0, "") is not None


def test_a_numpy_float_counts_as_a_float():
    assert compare.form_fault("norm", np.float32(1), 1.0, "") is None


def test_a_draw_can_be_scaled_cast_and_scattered_in_memory():
    class Exercise:
        bounded = ("cache",)

        @staticmethod
        def draw(rng, sizes):
            return {"x": rng.normal(size=(sizes.N, sizes.D)), "ids": np.arange(4), "cache": (np.ones((2, 3)),)}

    arguments = InputSpec("all", dtype="float32", scale=10.0, contiguous=False).arguments(
        Exercise, np.random.default_rng(0)
    )
    plain = InputSpec("plain").arguments(Exercise, np.random.default_rng(0))
    np.testing.assert_allclose(arguments["x"], 10 * plain["x"], rtol=1e-6)
    assert arguments["x"].dtype == np.float32
    assert not arguments["x"].flags.c_contiguous
    assert not copied(arguments)["cache"][0].flags.c_contiguous
    assert (arguments["cache"][0] == 1).all()  # what is bounded is not scaled
    assert np.issubdtype(arguments["ids"].dtype, np.integer)


def test_of_an_array_of_one_number_no_places_are_counted():
    fault = compare.value_fault("dx", np.array([[1.0]]), np.array([[2.0]]))
    assert str(fault.message) == "`dx` is 1, expected 2."
