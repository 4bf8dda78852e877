"""The folder of a run: its settings, its checkpoints, and everything it has found."""

import csv
import io
import itertools
import json
import math
from pathlib import Path

from helpers.atomic_write import write_atomically
from helpers.training.checkpoints import Checkpoints


class RunFolder:
    """The files of one run.

    config.json (settings, seed, corpus), metrics.csv and metrics.json (one entry per epoch), checkpoints/, samples.txt,
    results.json (once the run is finished) and the figures.

    Args:
        path: of the folder; made if it is missing.
        config: dict of all that decides the course of the run, as JSON can hold it.
        fresh: put a run that is there already aside, under the same name with a number, and begin anew.

    Raises:
        ValueError: the folder holds a run of another config, or files that are no run's.
    """

    def __init__(self, path, config, fresh=False):
        self.path = Path(path)
        if self.path.exists():
            self._check_is_run()
        if (self.path / "config.json").exists():
            if fresh:
                self.path.rename(_first_free(self.path))
            else:
                self._check_config(config)
        self._write("config.json", _as_json(config))
        self.checkpoints = Checkpoints(self.path / "checkpoints")

    @property
    def finished(self):
        """Results and sentences of a finished run; None if they are not there, or damaged."""
        try:
            results = json.loads((self.path / "results.json").read_text(encoding="utf-8"))
            return results, (self.path / "samples.txt").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, ValueError):
            return None

    def write_metrics(self, history, norms):
        """Write what the run measured so far.

        Args:
            history: list of dicts, one per epoch.
            norms: gradient norm of each step.
        """
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, history[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)
        self._write("metrics.csv", table.getvalue())
        self._write("metrics.json", _as_json({"epochs": history, "gradient_norms": norms}))

    def write_results(self, results, sentences):
        """Write what the run came to, which marks it as finished.

        Args:
            results: dict of figures, as JSON can hold it.
            sentences: what the model wrote.
        """
        self._write("samples.txt", "".join(f"{sentence}\n" for sentence in sentences))
        self._write("results.json", _as_json(results))

    def _write(self, name, text):
        path = self.path / name
        try:
            write_atomically(path, lambda file: file.write(text.encode()))
        except OSError as error:
            raise OSError(
                f"{path} could not be written: {error.strerror or error}. Once this is mended, the same command goes "
                "on from the last checkpoint."
            ) from error

    def _check_is_run(self):
        if (self.path / "config.json").exists():
            return
        # a hidden file may be left from a first moment that was killed
        if not self.path.is_dir() or any(not inside.name.startswith(".") for inside in self.path.iterdir()):
            raise ValueError(f"{self.path} is not the folder of a run. Choose another one with --out.")

    def _check_config(self, config):
        path = self.path / "config.json"
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise ValueError(
                f"{path} is damaged. Choose another folder with --out, or begin anew with --fresh."
            ) from None
        different = [name for name in held | config if held.get(name) != config.get(name)]
        if different:
            name = different[0]
            raise ValueError(
                f"{self.path} holds a run with another {name}: {held.get(name)} there, {config.get(name)} here. "
                "Choose another folder with --out, or begin anew with --fresh."
            )


def _first_free(path):
    numbered = (path.with_name(f"{path.name}.{number}") for number in itertools.count(1))
    return next(free for free in numbered if not free.exists())


def _as_json(content):
    return json.dumps(_finite(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(content):
    """Put None in the place of inf and NaN, for which JSON has no word."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
