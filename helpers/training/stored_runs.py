"""The stored runs of the notebooks' experiments, in the form in which the notebooks show them."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from helpers.arrays import FloatArray
from helpers.training import echo
from helpers.training.contexts import CONTEXTS
from helpers.training.echo import EchoSettings
from helpers.training.masks import MASK_LAGS
from helpers.training.overfitting import MEASUREMENTS
from helpers.training.plateau import EPOCHS
from helpers.training.recall import LAGS
from helpers.training.sweep import FOLDER, load_sweep
from helpers.training.tales import COLUMNS

#: Name of a row to lag to accuracies, one a seed.
Recalled: TypeAlias = dict[str, dict[int, list[float]]]


def load_recall(folder: str | Path = FOLDER) -> Recalled:
    """Return what the stored runs of the sweep "recall" got right: name of a row to lag to accuracies, one a seed.

    Raises:
        ValueError: its table is damaged.
    """
    return _by_lag("recall", LAGS, folder)


def load_masks(folder: str | Path = FOLDER) -> Recalled:
    """Return what the stored runs of the sweep "masks" got right: name of a row to lag to accuracies, one a seed.

    Raises:
        ValueError: its table is damaged.
    """
    return _by_lag("masks", MASK_LAGS, folder)


def _by_lag(name: str, lags: Iterable[int], folder: str | Path) -> Recalled:
    found: Recalled = {}
    for run in load_sweep(name, folder):
        curve = found.setdefault(run["row"], {lag: [] for lag in lags})
        for lag, accuracies in curve.items():
            accuracies.append(run[f"lag_{lag}"])
    return found


def load_enough_words(folder: str | Path = FOLDER) -> dict[str, list[int]]:
    """Return the last words that were enough in the stored runs of the sweep "contexts": name of a row to one a seed.

    Given these, the perplexity is within one per cent of that with the whole past.

    Raises:
        ValueError: its table is damaged.
    """
    found: dict[str, list[int]] = {}
    for run in load_sweep("contexts", folder):
        enough = min(words for words in CONTEXTS if run[f"words_{words}"] < 1.01 * run["whole"])
        found.setdefault(run["row"], []).append(enough)
    return found


def load_echo(folder: str | Path = FOLDER) -> dict[EchoSettings, dict[str, list[float]]]:
    """Return what was measured of the stored runs of the sweep "echo": settings to "loss" and "clipped", one a seed.

    Raises:
        ValueError: its table is damaged.
    """
    found: dict[EchoSettings, dict[str, list[float]]] = {}
    for run in load_sweep("echo", folder):
        measured = found.setdefault(echo.ECHO_ROWS[run["row"]], {"loss": [], "clipped": []})
        for name, values in measured.items():
            values.append(run[name])
    return found


def load_order(folder: str | Path = FOLDER) -> dict[str, list[float]]:
    """Return the stored runs of the sweep "order": name of a row to the updates until solved, one a seed, inf if never.

    Raises:
        ValueError: its table is damaged.
    """
    found: dict[str, list[float]] = {}
    for run in load_sweep("order", folder):
        found.setdefault(run["row"], []).append(run["updates"] if run["solved"] else np.inf)
    return found


def load_overfit(folder: str | Path = FOLDER) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return the stored curves of the sweep "overfit": name of a row to training and validation perplexity.

    Both are (seeds, 10), measured after each tenth of the updates.

    Raises:
        ValueError: its table is damaged.
    """
    found: dict[str, list[list[list[float]]]] = {}
    for run in load_sweep("overfit", folder):
        curves = [[run[f"{name}_{number}"] for number in range(1, MEASUREMENTS + 1)] for name in ("train", "valid")]
        found.setdefault(run["row"], []).append(curves)
    return {row: (np.array(runs)[:, 0], np.array(runs)[:, 1]) for row, runs in found.items()}


def load_plateau(folder: str | Path = FOLDER) -> tuple[FloatArray, FloatArray]:
    """Return validation perplexities (seeds, 14), after each epoch, and test perplexities (seeds,) of "plateau".

    Raises:
        ValueError: its table is damaged.
    """
    runs = load_sweep("plateau", folder)
    valid = [[run[f"valid_{epoch}"] for epoch in range(1, EPOCHS + 1)] for run in runs]
    return np.array(valid), np.array([run["test_perplexity"] for run in runs])


def load_tales(folder: str | Path = FOLDER) -> dict[str, tuple[dict[int, list[float]], dict[int, list[float]]]]:
    """Return the stored runs of the sweep "tales": name of a row to the perplexities of keys, one a seed, by their age.

    There are two dicts for each row: of keys in the same window as the question, and in an earlier one.

    Raises:
        ValueError: its table is damaged.
    """
    found: dict[str, tuple[dict[int, list[float]], dict[int, list[float]]]] = {}
    for run in load_sweep("tales", folder):
        cases = found.setdefault(run["row"], ({}, {}))
        for column in COLUMNS:
            case, age = column.split("_")
            if not np.isnan(run[column]):
                cases[case == "earlier"].setdefault(int(age), []).append(run[column])
    return found
