"""What ``python -m helpers train`` does, except for the figures: start or resume a run, measure it, show it."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Column, Table
from tqdm.auto import tqdm

from helpers.data import Corpus, load_corpus
from helpers.language.message import Message, message
from helpers.nn import FAST, count_parameters
from helpers.nn.model import LayerClasses
from helpers.training.diagnosis import diagnose
from helpers.training.experiment import (
    REFERENCE,
    TEMPERATURE,
    LayerSource,
    build_model,
    measure,
    measure_baselines,
    name_unknown_words,
    write_sentence,
)
from helpers.training.perplexity import Perplexities
from helpers.training.presets import choose
from helpers.training.runs import MODEL, Results, RunFolder, find_model
from helpers.training.saved_model import load_model, save_model
from helpers.training.timing import TOO_SLOW, time_steps
from helpers.training.trainer import Epoch, Trainer

logger = logging.getLogger(__name__)

SENTENCES = 3

#: From fewer tokens than this a network hardly learns more than a count of words tells.
SHORT_TEXT = 50_000


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
        layers: a LayerSource.

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
        layers: LayerSource = REFERENCE,
    ) -> None:
        self.preset, self.settings = preset, choose(preset, epochs)
        self.corpus = load_corpus(corpus, unit=unit)
        self.seed, self.layers = seed, layers
        logger.info("Corpus %s; settings %s, seed %d.", self.corpus, self.settings, seed)
        rng = np.random.default_rng(seed)
        model = build_model(self.settings, self.corpus, rng, layers.classes)
        self.config = {"corpus": self.corpus.name, "text": fingerprint(self.corpus), "seed": seed}
        self.config |= {**asdict(self.settings), "layers": layers.name}
        own = "" if layers.name == REFERENCE.name else "-my"
        name = f"{Path(self.corpus.name).stem}-{preset}-seed{seed}{own}"
        self.folder = RunFolder(out or Path("runs") / name, {**self.config, **layers.fingerprints()}, fresh)
        self.trainer = Trainer(
            model,
            self.settings,
            self.corpus.train,
            self.corpus.valid,
            eos=self.corpus.vocabulary.eos,
            rng=rng,
            checkpoints=self.folder.checkpoints,
            save_every=save_every,
            report=self._report_epoch,
        )

    def check_speed(self, patient: bool) -> None:
        """Say how long the run will take with layers that are not the reference's.

        Args:
            patient: whether slow layers are to be trained all the same.

        Raises:
            ValueError: a text too short for the batches; or a step takes more than `TOO_SLOW` times as long as the
                reference's, and `patient` is false.
        """
        print(message("Timing a step of your layers …"))
        times = time_steps(self.layers.classes, self.settings, self.corpus)
        template = (
            "A step takes {own:.3g} s with your layers, {ratio:.3g} times as long as with the reference's; `{slowest}` "
            "takes {share:.0%} of it."
        )
        said = message(template, own=times.own, ratio=times.ratio, slowest=times.slowest, share=times.share)
        remaining = self.trainer.total_steps - self.trainer.step
        length = {"time": in_words(remaining * times.own), "steps": remaining}
        if times.ratio > TOO_SLOW and not patient:
            template = (
                "The answers are right, but this run would take about {time} for {steps:,} steps, so it was not begun. "
                "A loop over single numbers or words, instead of an operation on whole arrays, is the usual reason. To "
                "train all the same: ARGS=--patient."
            )
            raise ValueError(f"{said} {Message(template, length)}")
        template = "That makes about {time} for {steps:,} steps, and some more for the measurements."
        print(said, Message(template, length))

    def train(self) -> None:
        """Train to the end, from where it is.

        Raises:
            ValueError: a text too short for the batches.
            OSError: a file cannot be written.
            KeyboardInterrupt: Ctrl-C; the progress is in a checkpoint.
        """
        self.trainer.train()

    def resume(self) -> None:
        """Restore the newest checkpoint if there is one, and say what is trained, and where it stands.

        Raises:
            ValueError: damaged checkpoints.
        """
        trainer = self.trainer
        template = "{model}: {parameters:,} parameters, seed {seed}."
        parameters = count_parameters(trainer.params)
        print(f"{self.corpus}\n{message(template, model=self.settings, parameters=parameters, seed=self.seed)}")
        if self.preset == "tiny":
            template = (
                "The preset tiny only rehearses the command, in 20 seconds; its perplexity is far above a trigram's."
            )
            print(message(template))
        template = "A new run in {folder}: {done:,} of {all:,} steps are done."
        if trainer.resume():
            template = "Resuming the run in {folder}: {done:,} of {all:,} steps are done."
        print(message(template, folder=self.folder.path, done=trainer.step, all=trainer.total_steps))
        if trainer.resumed_from not in (None, trainer.device):
            template = (
                "They were done on {before}, the others will be on {now}, which draws other masks and rounds "
                "differently: the results will not be those of a run on one of them."
            )
            print(message(template, before=trainer.resumed_from, now=trainer.device))

    def measure(self) -> tuple[Results, list[str]]:
        """Measure the trained model and the baselines, sample sentences, and save the model."""
        trainer, rng = self.trainer, np.random.default_rng(self.seed)
        logger.info("Measuring the model and the baselines.")
        with trainer.average.in_place():
            perplexities = measure(trainer.model, self.corpus)
            sentences = [write_sentence(trainer.model, self.corpus, rng) for _ in range(SENTENCES)]
            save_model(self.folder.path / MODEL, trainer.model, self.corpus)
        return {
            "model": f"{self.settings}",
            "layers": f"{self.layers}",
            "parameters": count_parameters(trainer.params),
            "epochs": trainer.epoch,
            **perplexities,
            "baselines": measure_baselines(self.corpus),
            "cpu_seconds": trainer.cpu_seconds,
        }, sentences

    def find_twin(self) -> Results | None:
        """Return the results of the same run with the reference's layers, if it stands beside this one."""
        return (
            None
            if self.layers.name == REFERENCE.name
            else self.folder.find_twin(self.config | {"layers": REFERENCE.name})
        )

    def advice(self, results: Results) -> str:
        """Return what to try if the model is not better than a trigram; "" if it is."""
        if results["test_perplexity"] < results["baselines"]["Kneser-Ney trigram"]["test_perplexity"]:
            return ""
        advice = what_to_try(self.preset, len(self.corpus.train), self.folder.epochs)
        return f"{message('That does not beat the trigram, which only counts words.')} {advice}"

    def _report_epoch(self, trainer: Trainer) -> None:
        self.folder.write_metrics(trainer.history, trainer.norms)
        entry = trainer.history[-1]
        template = (
            "epoch {epoch:>2}/{epochs}   learning rate {learning_rate:<5.3g}   train {train_perplexity:<6.4g}   "
            "valid {valid_perplexity:<6.4g}   {cpu_seconds:.0f} s of CPU time"
        )
        tqdm.write(str(Message(template, entry | {"epochs": self.settings.epochs})))


def fingerprint(corpus: Corpus) -> str:
    """Return a checksum of a corpus, so that a run is never resumed on another text."""
    checksum = hashlib.sha256("\n".join(corpus.vocabulary.words).encode())
    for split in (corpus.train, corpus.valid, corpus.test):
        checksum.update(split.tobytes())
    return checksum.hexdigest()[:12]


def what_to_try(preset: str, tokens: int, epochs: Sequence[Epoch]) -> str:
    """Return what may help a model that is no better than a trigram.

    Args:
        preset: name of its settings.
        tokens: number of the tokens that it was trained on.
        epochs: what was measured after each of its epochs.
    """
    if preset == "tiny":
        return str(message("tiny only rehearses: train with PRESET=standard."))
    if tokens < SHORT_TEXT:
        template = (
            'A text of {tokens:,} tokens is short for a network: take more of it, as in CORPUS="one.txt two.txt", or '
            'read it by characters, ARGS="--unit characters".'
        )
        return str(message(template, tokens=tokens))
    train, valid = ([epoch["train_perplexity"] for epoch in epochs], [epoch["valid_perplexity"] for epoch in epochs])
    found = diagnose(train, valid) if len(epochs) > 1 else "still learning"
    if found == "overfitting":
        template = "It overfits: take more text, fewer epochs, or a preset with more dropout (PRESET=long)."
        return str(message(template))
    if found == "still learning":
        template = 'It was still learning: train longer, ARGS="--epochs {epochs}".'
        return str(message(template, epochs=2 * len(epochs)))
    return str(message("It has learned what it can: take more text, or a larger model (PRESET=long)."))


def show(results: Results, sentences: Sequence[str], folder: Path, twin: Results | None = None) -> None:
    """Print the results of a finished run: a table that includes the baselines, and the sentences.

    Args:
        twin: the results of the same run with the reference's layers, if there are any.
    """
    numbers = message("parameters"), message("valid"), message("test")
    columns = (Column(str(heading), justify="right") for heading in numbers)
    table = Table(str(message("model")), str(message("layers")), *columns)
    table.title = str(message("Perplexity (lower is better)"))
    for name, found in results["baselines"].items():
        table.add_row(name, "", "", *_perplexities(found))
    for one in [twin, results] if twin else [results]:
        style = "bold" if one is results else ""
        table.add_row(one["model"], one["layers"], f"{one['parameters']:,}", *_perplexities(one), style=style)
    Console().print(table)
    template = "{epochs} epochs, {seconds:.0f} s of CPU time. Metrics and figures: {folder}"
    print(message(template, epochs=results["epochs"], seconds=results["cpu_seconds"], folder=folder))
    template = "{count} sentences sampled from it (temperature {temperature}):"
    print(message(template, count=len(sentences), temperature=TEMPERATURE))
    print(*(f"  {sentence}" for sentence in sentences), sep="\n")


def write(path: Path, prompt: str, seed: int, layers: LayerClasses | None) -> list[str]:
    """Let the model of a finished run continue a text.

    Args:
        path: the run folder.
        prompt: the beginning of the text.
        seed: of what is drawn.
        layers: what the model is made of; None for the reference's, on the CPU.

    Returns:
        some texts that begin with it.

    Raises:
        ValueError: there is no finished run, or its model is damaged.
    """
    model, corpus = load_model(find_model(path), layers or FAST)
    if unknown := name_unknown_words(corpus, prompt):
        print(unknown)
    rng = np.random.default_rng(seed)
    return [write_sentence(model, corpus, rng, prompt) for _ in range(SENTENCES)]


#: The units of a duration [s].
_UNITS = (
    (Message("{length:.2g} days"), 86400),
    (Message("{length:.2g} hours"), 3600),
    (Message("{length:.2g} minutes"), 60),
)


def in_words(seconds: float) -> str:
    """Return a duration in its usual unit."""
    for unit, size in _UNITS:
        if seconds >= 1.5 * size:
            return str(replace(unit, values={"length": seconds / size}))
    return str(message("{length:.2g} seconds", length=seconds))


def _perplexities(found: Perplexities) -> list[str]:
    return [f"{found['valid_perplexity']:.1f}", f"{found['test_perplexity']:.1f}"]
