"""Cutting a stream into batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.data import cover_batches, stream_batches

SIZES = {"count": st.integers(1, 60), "batch_size": st.integers(1, 9), "steps": st.integers(1, 12)}


@given(**SIZES)
def test_each_row_reads_its_own_part_of_the_stream_in_one_pass(count, batch_size, steps):
    ids = 100 + np.arange(count + batch_size)
    length = (len(ids) - 1) // batch_size
    xs, targets = (np.concatenate(parts, axis=1) for parts in zip(*stream_batches(ids, batch_size, steps), strict=True))
    rows = np.array([ids[r * length : r * length + length + 1] for r in range(batch_size)])
    np.testing.assert_array_equal(xs, rows[:, :-1])
    np.testing.assert_array_equal(targets, rows[:, 1:])


@given(**SIZES)
def test_every_window_is_full_but_perhaps_the_last(count, batch_size, steps):
    widths = [xs.shape[1] for xs, _ in stream_batches(np.arange(count + batch_size), batch_size, steps)]
    assert all(width == steps for width in widths[:-1])
    assert 1 <= widths[-1] <= steps


def test_ids_may_come_as_a_list_and_keep_the_dtype_of_an_array():
    assert next(stream_batches([1, 2, 3], 1, 2))[0].tolist() == [[1, 2]]
    assert next(stream_batches(np.arange(3, dtype=np.int32), 1, 2))[1].dtype == np.int32


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_stream_too_short_for_the_rows_is_refused_at_the_call(count):
    with pytest.raises(ValueError, match="too few for 4 rows"):
        stream_batches(np.arange(count), 4, 5)


@pytest.mark.parametrize("sizes", [(0, 5), (4, 0), (-1, 5)])
def test_sizes_below_one_are_refused(sizes):
    with pytest.raises(ValueError, match="at least 1"):
        stream_batches(np.arange(100), *sizes)
    with pytest.raises(ValueError, match="at least 1"):
        cover_batches(np.arange(100), *sizes, eos=0)


@given(**SIZES)
def test_every_token_is_a_target_once_with_the_token_before_it_as_input(count, batch_size, steps):
    ids = 100 + np.arange(count)
    pairs = []
    for xs, targets, weights in cover_batches(ids, batch_size, steps, eos=7):
        assert xs.shape == targets.shape == weights.shape
        assert xs.shape[1] <= steps
        pairs += zip(xs[weights == 1].tolist(), targets[weights == 1].tolist(), strict=True)
        assert set(np.unique(weights)) <= {0.0, 1.0}
    assert sorted(pairs, key=lambda pair: pair[1]) == list(zip([7, *ids[:-1]], ids, strict=True))


def test_rows_of_the_cover_go_on_from_window_to_window():
    parts = zip(*cover_batches(np.arange(1, 24), 4, 5, eos=0), strict=True)
    xs, targets, _ = (np.concatenate(part, axis=1) for part in parts)
    np.testing.assert_array_equal(xs[:, 1:], targets[:, :-1])
    assert xs[0, 0] == 0


def test_an_empty_stream_has_nothing_to_measure():
    with pytest.raises(ValueError, match="empty"):
        cover_batches(np.array([], dtype=np.int32), 1, 5, eos=0)
