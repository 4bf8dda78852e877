"""The runs of notebook 02: their table, and what clipping and windows do to them."""

import numpy as np
import pytest

from helpers.training import EchoSettings, echo, load_echo
from helpers.training.echo import ECHO_ROWS, measure_echo, train_echo


def test_every_row_is_stored_with_five_seeds():
    stored = load_echo()
    assert set(stored) == set(ECHO_ROWS.values())
    assert {len(values) for measured in stored.values() for values in measured.values()} == {5}


def test_a_stored_run_is_found_again():
    settings = EchoSettings(scale=0.5)
    assert measure_echo(settings, seed=0)["loss"] == pytest.approx(load_echo()[settings]["loss"][0], rel=0.2)


def test_a_run_ends_where_its_gradient_is_no_longer_finite(monkeypatch):
    monkeypatch.setattr(echo, "UPDATES", 100)
    with np.errstate(all="ignore"):
        losses, norms = train_echo(EchoSettings(), seed=0)
        assert np.isnan(measure_echo(EchoSettings(), seed=0)["loss"])
    assert len(losses) == len(norms) < 100
    assert np.isfinite(norms[:-1]).all() and not np.isfinite(norms[-1])


def test_a_window_as_long_as_the_sequence_changes_nothing(monkeypatch):
    monkeypatch.setattr(echo, "UPDATES", 3)
    runs = [train_echo(EchoSettings(scale=0.5, window=window, delay=3), seed=1) for window in (0, 50)]
    np.testing.assert_array_equal(*runs)


def test_a_window_cuts_only_the_gradient_and_not_the_loss(monkeypatch):
    monkeypatch.setattr(echo, "UPDATES", 1)
    (whole, long), (cut, short) = (train_echo(EchoSettings(window=window), seed=1) for window in (0, 5))
    assert cut == pytest.approx(whole, rel=1e-5)
    assert short < long


def test_the_share_of_clipped_updates_is_measured(monkeypatch):
    monkeypatch.setattr(echo, "UPDATES", 5)
    assert measure_echo(EchoSettings(scale=0.5, max_norm=1e-6), seed=0)["clipped"] == 1
    assert measure_echo(EchoSettings(scale=0.5, max_norm=1e6), seed=0)["clipped"] == 0
