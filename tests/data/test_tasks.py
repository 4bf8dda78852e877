"""Synthetic sequences that need a long memory."""

import numpy as np
import pytest

from helpers.data import adding, first_symbol_recall, tales, temporal_order
from helpers.data.tasks import ASK, FILLER, KEYS, MOST_FILLERS

A, E, B, X, Y = 0, 4, 5, 6, 7
TASKS = (temporal_order, adding, first_symbol_recall)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize(("task", "width"), [(temporal_order, 8), (adding, 2), (first_symbol_recall, 8)])
def test_shapes_are_as_documented(task, width, rng):
    xs, targets = task(13, 20, rng)
    assert xs.shape == (13, 20, width) and xs.dtype == np.float32
    assert targets.shape == (13,)


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_gives_the_same_sequences_and_another_seed_others(task):
    first, again, other = (task(9, 30, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_temporal_order_is_experiment_6a(rng):
    xs, targets = temporal_order(2000, 100, rng)
    assert (xs.sum(axis=2) == 1).all()
    symbols = xs.argmax(axis=2)
    assert (symbols[:, 0] == E).all() and (symbols[:, -1] == B).all()
    assert (np.isin(symbols, [E, B]).sum(axis=1) == 2).all()
    rows, places = np.nonzero(symbols >= X)
    places = places.reshape(2000, 2)  # fails unless every sequence has two signals
    np.testing.assert_array_equal(rows.reshape(2000, 2)[:, 0], np.arange(2000))
    assert set(places[:, 0]) == set(range(10, 21))
    assert set(places[:, 1]) == set(range(50, 61))
    first, second = np.take_along_axis(symbols, places, axis=1).T
    np.testing.assert_array_equal(targets, 2 * (first == Y) + (second == Y))
    assert set(targets.tolist()) == {0, 1, 2, 3}
    assert np.bincount(targets).min() > 400


@pytest.mark.parametrize("steps", [10, 11, 17])
def test_temporal_order_keeps_its_form_in_short_sequences(steps, rng):
    symbols = temporal_order(500, steps, rng)[0].argmax(axis=2)
    assert ((symbols >= X).sum(axis=1) == 2).all()
    assert (symbols[:, 0] == E).all() and (symbols[:, -1] == B).all()


@pytest.mark.parametrize("steps", [2, 7, 50])
def test_adding_marks_one_number_in_each_half_and_asks_for_their_sum(steps, rng):
    xs, targets = adding(300, steps, rng)
    numbers, marks = xs[:, :, 0], xs[:, :, 1]
    assert (marks[:, : steps // 2].sum(axis=1) == 1).all() and (marks[:, steps // 2 :].sum(axis=1) == 1).all()
    assert ((numbers >= 0) & (numbers < 1)).all()
    np.testing.assert_allclose(targets, numbers[marks == 1].reshape(300, 2).sum(axis=1), rtol=1e-6)


def test_always_answering_one_costs_a_sixth_on_adding(rng):
    targets = adding(20_000, 10, rng)[1]
    assert abs(np.mean((targets - 1) ** 2) - 1 / 6) < 0.01


def test_recall_asks_for_the_first_symbol_and_nothing_later_gives_it_away(rng):
    xs, targets = first_symbol_recall(3000, 12, rng)
    symbols = xs.argmax(axis=2)
    assert (xs.sum(axis=2) == 1).all()
    np.testing.assert_array_equal(symbols[:, 0], targets)
    assert set(targets.tolist()) == {0, 1, 2, 3}
    assert set(symbols[:, 1:].ravel().tolist()) == {4, 5, 6, 7}
    for target in range(4):
        assert abs(symbols[targets == target, 1:].mean() - 5.5) < 0.1


@pytest.mark.parametrize(("task", "least"), [(temporal_order, 10), (adding, 2), (first_symbol_recall, 1)])
def test_too_few_steps_are_refused(task, least, rng):
    task(3, least, rng)
    with pytest.raises(ValueError, match=f"at least {least}"):
        task(3, least - 1, rng)


def test_a_tale_ends_with_the_key_that_it_began_with(rng):
    words, ages = tales(500, rng)
    asked = np.flatnonzero(words == ASK)
    assert len(asked) == 500 and set(np.unique(words)) == {*range(KEYS), FILLER, ASK}
    np.testing.assert_array_equal(words[asked + 1], words[asked - ages[asked]])
    assert set(ages[asked]) == set(range(1, MOST_FILLERS + 2))
    between = [words[place - age + 1 : place] for place, age in zip(asked, ages[asked])]
    assert all((fillers == FILLER).all() for fillers in between)


def test_tales_have_as_many_fillers_as_asked_for(rng):
    words, ages = tales(200, rng, fewest=7)
    assert set(ages[words == ASK]) == {8, 9, 10}
    with pytest.raises(ValueError, match="fewest must be 0 to 9: got 10"):
        tales(1, rng, fewest=10)
