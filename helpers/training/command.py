"""What ``python -m helpers train`` does, except for the figures: start or resume a run, measure it, show it."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Column, Table
from tqdm.auto import tqdm

from helpers.data import Corpus, load_corpus
from helpers.nn import count_parameters
from helpers.training.experiment import TEMPERATURE, build_model, measure, measure_baselines, write_sentence
from helpers.training.perplexity import Perplexities
from helpers.training.presets import choose
from helpers.training.runs import Results, RunFolder
from helpers.training.trainer import Trainer

logger = logging.getLogger(__name__)

SENTENCES = 3


class Run:
    """One run of the command: a corpus, a model in training, and the folder for everything it writes.

    Args:
        corpus, unit: as in ``load_corpus``.
        preset: name of the settings.
        seed: of all that is random.
        epochs: replaces the preset's number of epochs, if not None.
        out: the run folder, or None for one in runs/ that is named after the run.
        fresh: whether to start again where there is a run already.
        save_every: time between two checkpoints [s].

    Raises:
        ValueError: an unknown preset, or an unusable corpus or run folder.
        OSError: a file cannot be written.
    """

    def __init__(
        self,
        corpus: str,
        unit: str,
        preset: str,
        seed: int,
        epochs: int | None,
        out: Path | None,
        fresh: bool,
        save_every: float,
    ) -> None:
        self.settings = choose(preset, epochs)
        self.corpus = load_corpus(corpus, unit=unit)
        self.seed = seed
        logger.info("Corpus %s; settings %s, seed %d.", self.corpus, self.settings, seed)
        config = {"corpus": self.corpus.name, "text": fingerprint(self.corpus), "seed": seed, **asdict(self.settings)}
        path = out or Path("runs") / f"{Path(self.corpus.name).stem}-{preset}-seed{seed}"
        self.folder = RunFolder(path, config, fresh)
        rng = np.random.default_rng(seed)
        self.trainer = Trainer(
            build_model(self.settings, self.corpus, rng),
            self.settings,
            self.corpus.train,
            self.corpus.valid,
            eos=self.corpus.vocabulary.eos,
            rng=rng,
            checkpoints=self.folder.checkpoints,
            save_every=save_every,
            report=self._report_epoch,
        )

    def train(self) -> None:
        """Train to the end, from the newest checkpoint if there is one.

        Raises:
            ValueError: damaged checkpoints, or a text too short for the batches.
            OSError: a file cannot be written.
            KeyboardInterrupt: Ctrl-C; the progress is in a checkpoint.
        """
        trainer = self.trainer
        print(f"{self.corpus}\n{self.settings}: {count_parameters(trainer.params):,} parameters, seed {self.seed}.")
        kind = "Resuming the run" if trainer.resume() else "A new run"
        print(f"{kind} in {self.folder.path}: {trainer.step:,} of {trainer.total_steps:,} steps are done.")
        trainer.train()

    def measure(self) -> tuple[Results, list[str]]:
        """Measure the trained model and the baselines, and sample sentences."""
        trainer, rng = self.trainer, np.random.default_rng(self.seed)
        logger.info("Measuring the model and the baselines.")
        with trainer.average.in_place():
            perplexities = measure(trainer.model, self.corpus)
            sentences = [write_sentence(trainer.model, self.corpus, rng) for _ in range(SENTENCES)]
        return {
            "model": f"{self.settings}",
            "parameters": count_parameters(trainer.params),
            "epochs": trainer.epoch,
            **perplexities,
            "baselines": measure_baselines(self.corpus),
            "cpu_seconds": trainer.cpu_seconds,
        }, sentences

    def _report_epoch(self, trainer: Trainer) -> None:
        self.folder.write_metrics(trainer.history, trainer.norms)
        entry = trainer.history[-1]
        tqdm.write(
            f"epoch {entry['epoch']:>2}/{self.settings.epochs}   learning rate {entry['learning_rate']:<5.3g}   "
            f"train {entry['train_perplexity']:<6.4g}   valid {entry['valid_perplexity']:<6.4g}   "
            f"{entry['cpu_seconds']:.0f} s of CPU time"
        )


def fingerprint(corpus: Corpus) -> str:
    """Return a checksum of a corpus, so that a run is never resumed on another text."""
    checksum = hashlib.sha256("\n".join(corpus.vocabulary.words).encode())
    for split in (corpus.train, corpus.valid, corpus.test):
        checksum.update(split.tobytes())
    return checksum.hexdigest()[:12]


def show(results: Results, sentences: Sequence[str], folder: Path) -> None:
    """Print the results of a finished run: a table that includes the baselines, and the sentences."""
    table = Table("model", *(Column(heading, justify="right") for heading in ("parameters", "valid", "test")))
    table.title = "Perplexity (lower is better)"
    for name, found in results["baselines"].items():
        table.add_row(name, "", *_perplexities(found))
    table.add_row(results["model"], f"{results['parameters']:,}", *_perplexities(results), style="bold")
    Console().print(table)
    print(f"{results['epochs']} epochs, {results['cpu_seconds']:.0f} s of CPU time. Metrics and figures: {folder}")
    print(f"{len(sentences)} sentences sampled from it (temperature {TEMPERATURE}):")
    print(*(f"  {sentence}" for sentence in sentences), sep="\n")


def _perplexities(found: Perplexities) -> list[str]:
    return [f"{found['valid_perplexity']:.1f}", f"{found['test_perplexity']:.1f}"]
