"""The average of the weights."""

import numpy as np
import pytest

from helpers.nn import Param
from helpers.training.averaging import RunningAverage


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_average_is_the_mean_of_the_values_at_each_update(rng):
    param = Param(np.zeros((3, 4)))
    average, seen = RunningAverage([param]), []
    for _ in range(7):
        param.value[...] = rng.normal(size=(3, 4))
        seen.append(param.value.copy())
        average.update()
    np.testing.assert_allclose(average.means[0], np.mean(seen, axis=0), rtol=1e-12)


def test_the_means_stand_in_the_parameters_only_inside_the_block(rng):
    param = Param(rng.normal(size=5).astype("float32"))
    first = param.value.copy()
    average = RunningAverage([param])
    average.update()
    param.value[...] += 1
    array = param.value
    with average.in_place():
        np.testing.assert_array_equal(param.value, first)
        assert param.value is array
    np.testing.assert_array_equal(param.value, first + 1)


def test_the_values_come_back_after_an_error_inside_the_block():
    param = Param(np.ones(2))
    average = RunningAverage([param])
    average.update()
    param.value[...] = 5
    with pytest.raises(KeyboardInterrupt), average.in_place():
        raise KeyboardInterrupt
    np.testing.assert_array_equal(param.value, [5, 5])


def test_before_the_first_update_the_values_stay():
    param = Param(np.ones(2))
    with RunningAverage([param]).in_place():
        np.testing.assert_array_equal(param.value, [1, 1])


def test_an_average_goes_on_from_a_saved_state_bit_for_bit(rng):
    param = Param(rng.normal(size=(4, 3)).astype("float32"))
    one, other = RunningAverage([param]), RunningAverage([param])
    one.update()
    other.load_state_dict(one.state_dict())
    for average in (one, other):
        param.value[...] = 2
        average.update()
    assert other.count == 2
    np.testing.assert_array_equal(one.means[0], other.means[0])
