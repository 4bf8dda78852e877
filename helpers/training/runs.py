"""The folder of a run: its settings, its checkpoints and its results."""

import csv
import io
import itertools
import json
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from helpers.atomic_write import replace_file
from helpers.language.message import Message, MessageError
from helpers.training.checkpoints import Checkpoints
from helpers.training.perplexity import Perplexities

logger = logging.getLogger(__name__)


#: The file of the trained model in a run's folder.
MODEL = "model.npz"


class Results(Perplexities):
    """The results of a finished run."""

    model: str
    layers: str
    parameters: int
    epochs: int
    baselines: dict[str, Perplexities]
    cpu_seconds: float


class RunFolder:
    """The files of one run.

    config.json (settings, seed, corpus), metrics.csv and metrics.json (one entry per epoch), checkpoints/, samples.txt,
    results.json and model.npz (once the run is finished) and the figures.

    Args:
        path: of the folder; created if it is missing.
        config: dict, in JSON's types, of everything that determines the run.
        fresh: rename an existing run, by adding a number to its name, and start again.

    Raises:
        ValueError: the folder holds a run with another config, or files that do not belong to a run.
    """

    def __init__(self, path: str | Path, config: Mapping[str, Any], fresh: bool = False) -> None:
        self.path = Path(path)
        self.checkpoints = Checkpoints(self.path / "checkpoints")
        if not (self.path / "config.json").exists():
            self._check_unused()
        elif fresh:
            free = _free_path(self.path)
            logger.info("Renaming the old run %s to %s.", self.path, free)
            self.path.rename(free)
        elif (self.path / "results.json").exists() or any(self.checkpoints.folder.glob("*")):
            self._check_config(config)
        self._write_json("config.json", config)

    @property
    def finished(self) -> tuple[Results, list[str]] | None:
        """Results and sentences of a finished run; None if they, or its model, are missing or damaged."""
        results = _read_results(self.path)
        try:
            sentences = (self.path / "samples.txt").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, ValueError):
            return None
        return (results, sentences) if results and (self.path / MODEL).exists() else None

    @property
    def epochs(self) -> list[Any]:
        """The record of each epoch so far."""
        found: list[Any] = (_read_json(self.path / "metrics.json") or {}).get("epochs", [])
        return found

    def find_twin(self, config: Mapping[str, Any]) -> Results | None:
        """Return the results of a finished run beside this one that has the same config; None if there is none."""
        for path in sorted(self.path.resolve().parent.glob("*/config.json")):
            if _read_json(path) == config and (results := _read_results(path.parent)):
                return results
        return None

    def write_metrics(self, history: Sequence[Mapping[str, Any]], norms: Sequence[float]) -> None:
        """Write what the run has measured so far: a record of each epoch, and the gradient norm of each step."""
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, history[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
        replace_file(self.path / "metrics.csv", table.getvalue())
        self._write_json("metrics.json", {"epochs": history, "gradient_norms": norms})

    def write_results(self, results: Results, sentences: Iterable[str]) -> None:
        """Write the results of the run and the sentences of its model, which marks it as finished."""
        replace_file(self.path / "samples.txt", "".join(f"{sentence}\n" for sentence in sentences))
        self._write_json("results.json", results)
        logger.info("Wrote the results of the run to %s.", self.path)

    def _write_json(self, name: str, content: object) -> None:
        text = json.dumps(_without_nan(content), indent=2, ensure_ascii=False, allow_nan=False)
        replace_file(self.path / name, text + "\n")

    def _check_unused(self) -> None:
        # a hidden file may be left from a process that was killed while writing its first file
        if self.path.exists() and (not self.path.is_dir() or any(self.path.glob("[!.]*"))):
            template = "{folder} is not the folder of a run. Choose another with --out."
            raise MessageError(template, folder=self.path)

    def _check_config(self, config: Mapping[str, Any]) -> None:
        path = self.path / "config.json"
        held = _read_json(path)
        if held is None:
            raise MessageError("{path} is damaged. {advice}", path=path, advice=_ADVICE)
        for name in {**held, **config}:
            old, new = held.get(name, "none"), config.get(name, "none")
            if old != new:
                template = "{folder} holds a run with another {name}: {old} there, {new} here. {advice}"
                raise MessageError(template, folder=self.path, name=name, old=old, new=new, advice=_ADVICE)


def find_model(folder: Path) -> Path:
    """Return the file of the model of a finished run.

    Raises:
        ValueError: the folder has none.
    """
    file = folder / MODEL
    if not file.exists():
        if (folder / "config.json").exists():
            template = "The run in {folder} is not finished: run the command that began it once more."
        else:
            template = "{folder} is not the folder of a run. `make train` prints the name of its folder."
        raise MessageError(template, folder=folder)
    return file


_ADVICE = Message('Choose another folder, ARGS="--out runs/another", or start again, ARGS=--fresh.')


def _read_json(path: Path) -> dict[str, Any] | None:
    """Return what is in a file; None if it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _read_results(folder: Path) -> Results | None:
    results = _read_json(folder / "results.json")
    return cast(Results, results) if results and Results.__annotations__.keys() <= results.keys() else None


def _free_path(path: Path) -> Path:
    numbered = (path.with_name(f"{path.name}.{number}") for number in itertools.count(1))
    return next(free for free in numbered if not free.exists())


def _without_nan(content: object) -> object:
    """Replace inf and NaN, which JSON lacks, by None."""
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
