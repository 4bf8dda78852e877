"""A formula that overflows in every epoch warns once in a cell, also where a figure is drawn after each epoch."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from helpers import plots
from helpers.plots import repeated_warnings


@pytest.fixture
def notebook(monkeypatch):
    """A notebook: what it has shown, and what is called before a cell runs."""
    shown, before = [], []
    shell = SimpleNamespace(events=SimpleNamespace(register=lambda _, act: before.append(act)))
    monkeypatch.setattr(repeated_warnings, "get_ipython", lambda: shell)
    monkeypatch.setattr(repeated_warnings, "_shown", set())
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, *_: shown.append(str(message))
        yield SimpleNamespace(shown=shown, before=before)


def train(live, epochs=3):
    for epoch in range(1, epochs + 1):
        np.exp(np.float32([1000.0]))
        np.log(np.zeros(epoch))
        live.show(epoch, plots.decay_on_plateau([90.0] * epoch, [10.0] * epoch, epochs, {}))


def test_each_place_warns_once_in_a_cell(notebook):
    train(plots.LiveFigure(3, "perplexity"))
    train(plots.LiveFigure(3, "perplexity"))
    assert notebook.shown == ["overflow encountered in exp", "divide by zero encountered in log"]


def test_the_next_cell_warns_again(notebook):
    train(live := plots.LiveFigure(3, "perplexity"))
    for act in notebook.before:
        act(None)
    train(live)
    assert len(notebook.shown) == 4
    assert len(notebook.before) == 1


def test_without_a_notebook_nothing_changes(monkeypatch):
    monkeypatch.setattr(repeated_warnings, "get_ipython", lambda: None)
    before = warnings.showwarning
    plots.LiveFigure(3, "perplexity")
    assert warnings.showwarning is before
