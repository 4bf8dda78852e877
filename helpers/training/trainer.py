"""The training loop: truncated BPTT over a text, epoch by epoch, which can be interrupted and resumed at any time."""

import itertools
import logging
import math
import time
from collections.abc import Callable
from typing import Any, NoReturn, TypedDict

import numpy as np
from tqdm.auto import tqdm

from helpers.arrays import IntArray
from helpers.data.batching import stream_batches
from helpers.language.message import message
from helpers.nn import LanguageModel
from helpers.training.averaging import RunningAverage
from helpers.training.checkpoints import Checkpoints
from helpers.training.interrupt import Interrupted, Watch, interruptible
from helpers.training.optimisers import SGD, Adam
from helpers.training.perplexity import evaluate, perplexity
from helpers.training.presets import Settings

logger = logging.getLogger(__name__)

#: Steps between two updates of the average: neighbouring weights hardly differ, and each update costs time.
AVERAGE_EVERY = 4

#: Rows to cut the validation split into after each epoch: quicker than one row, and nearly the same perplexity.
VALID_ROWS = 10


class Epoch(TypedDict):
    """The record of one epoch."""

    epoch: int
    step: int
    learning_rate: float
    train_perplexity: float
    valid_perplexity: float
    gradient_norm: float
    cpu_seconds: float


class Trainer:
    """Everything that changes during a run, and the loop that changes it.

    Args:
        model: what to train.
        settings: of the run; its sizes of the model are not used here.
        train_ids (M,): the text to train on, word ids.
        valid_ids (K,): the text to measure perplexity on after each epoch.
        eos: id of the word that ends a sentence, from which the first word is predicted.
        rng: what the model's dropout draws from.
        checkpoints: a `Checkpoints`, or None to save nothing.
        save_every: time between two checkpoints [s].
        report: called with the trainer after each epoch, if not None.

    After `train`, `history` has an `Epoch` for each epoch, and `norms` the gradient norm of each step. The training
    perplexity is measured during training, under dropout; the validation perplexity without dropout, and with the
    averaged weights once there are any. ``average.in_place()`` puts these into the model.

    Example:
        >>> from helpers.nn import FAST, assemble, create_params
        >>> from helpers.training import Settings, Trainer
        >>> rng, ids = np.random.default_rng(0), np.arange(101) % 5
        >>> model = assemble(FAST, create_params(5, 4, 1, rng), rng)
        >>> settings = Settings(hidden_size=4, depth=1, rate=0.0, epochs=2, batch_size=2, steps=5)
        >>> trainer = Trainer(model, settings, ids, ids[:20], eos=0, rng=rng)
        >>> trainer.train()
        >>> trainer.step, len(trainer.history), len(trainer.norms)
        (20, 2, 20)
    """

    #: Attributes that a checkpoint saves as they are, besides the parts with a state of their own.
    SAVED = ("epoch", "window", "start", "state", "learning_rate", "nll", "tokens", "history")

    def __init__(
        self,
        model: LanguageModel,
        settings: Settings,
        train_ids: IntArray,
        valid_ids: IntArray,
        *,
        eos: int,
        rng: np.random.Generator,
        checkpoints: Checkpoints | None = None,
        save_every: float = 20.0,
        report: Callable[["Trainer"], object] | None = None,
    ) -> None:
        self.model, self.settings, self.eos, self.rng = model, settings, eos, rng
        self.train_ids, self.valid_ids = train_ids, valid_ids
        self.checkpoints, self.save_every, self.report = checkpoints, save_every, report
        self.params = model.parameters()
        self.optimiser = (Adam if settings.optimiser == "adam" else SGD)(self.params)
        self.schedule = settings.schedule()
        self.average = RunningAverage(self.params)
        self.windows = math.ceil(((len(train_ids) - 1) // settings.batch_size) / settings.steps)
        self.epoch = self.window = 0  # completed epochs, and windows of the current one
        self.start: int | None = None  # position in the text at which this epoch started
        self.state: Any = None
        self.learning_rate = math.nan
        self.nll, self.tokens = 0.0, 0
        self.history: list[Epoch] = []
        self.norms: list[float] = []
        self.cpu_before = 0.0
        self.saved_at = time.monotonic()
        self.device = "cuda" if any(not isinstance(param.value, np.ndarray) for param in self.params) else "cpu"
        self.resumed_from: str | None = None  # the device of the checkpoint

    @property
    def total_steps(self) -> int:
        """Training steps of the whole run."""
        return self.settings.epochs * self.windows

    @property
    def step(self) -> int:
        """Training steps done so far."""
        return self.epoch * self.windows + self.window

    @property
    def progress(self) -> float:
        """The completed fraction of the run, 0 to 1."""
        return self.step / self.total_steps

    @property
    def cpu_seconds(self) -> float:
        """CPU time of this process and of the earlier ones of this run [s]."""
        return self.cpu_before + time.process_time()

    def train(self) -> None:
        """Train to the end of the run, from wherever it is.

        Raises:
            Interrupted: Ctrl-C; the progress is in a checkpoint.
            FloatingPointError: the gradients are not finite.
        """
        try:
            bar = tqdm(total=self.total_steps, initial=self.step, unit="step", mininterval=0.5)
            with interruptible() as watch, bar:
                logger.info("Training %s from step %d to %d.", self.settings, self.step, self.total_steps)
                while self.epoch < self.settings.epochs:
                    self._train_epoch(watch, bar)
                    self._end_epoch(watch)
        except Interrupted:
            self.save()
            template = "Stopped after step {step:,} of {steps:,}; all of it is saved."
            raise Interrupted(str(message(template, step=self.step, steps=self.total_steps))) from None

    def _train_epoch(self, watch: Watch, bar: "tqdm[NoReturn]") -> None:
        if self.start is None:
            self.start = int(self.rng.integers(len(self.train_ids))) if self.settings.shifted else 0
        ids = np.roll(self.train_ids, -self.start)
        windows = stream_batches(ids, self.settings.batch_size, self.settings.steps)
        for xs, targets in watch(itertools.islice(windows, self.window, None)):
            self._train_window(xs, targets)
            bar.set_postfix(epoch=self.epoch + 1, perplexity=f"{perplexity(self.nll, self.tokens):.1f}", refresh=False)
            bar.update()
            if time.monotonic() - self.saved_at > self.save_every:
                self.save()

    def _train_window(self, xs: IntArray, targets: IntArray) -> None:
        self.model.zero_grad()
        loss, self.state = self.model.loss(xs, targets, self.state, training=True)
        self.model.backward()
        self.learning_rate = self.schedule.rate(self.progress)
        self.norms.append(self.optimiser.step(self.learning_rate, self.settings.max_norm))
        self.nll += float(loss) * targets.size  # a learner's loss may be one of NumPy's numbers
        self.tokens += targets.size
        self.window += 1
        if self.progress > self.settings.average_from and self.step % AVERAGE_EVERY == 0:
            self.average.update()

    def _end_epoch(self, watch: Watch) -> None:
        with self.average.in_place():
            valid = evaluate(self.model, self.valid_ids, self.eos, rows=VALID_ROWS, title="validating", watch=watch)
        self.history.append(
            {
                "epoch": self.epoch + 1,
                "step": self.step,
                "learning_rate": self.learning_rate,
                "train_perplexity": perplexity(self.nll, self.tokens),
                "valid_perplexity": valid,
                "gradient_norm": float(np.mean(self.norms[-self.windows :])),
                "cpu_seconds": self.cpu_seconds,
            }
        )
        self.schedule.end_epoch(valid)
        logger.info("End of epoch: %s", self.history[-1])
        self.epoch, self.window, self.start, self.state = self.epoch + 1, 0, None, None
        self.nll, self.tokens = 0.0, 0
        if self.report:
            self.report(self)
        self.save()

    def save(self) -> None:
        """Write a checkpoint, if checkpoints are kept.

        Raises:
            OSError: it could not be written; the one before it is unchanged.
        """
        if self.checkpoints:
            self.checkpoints.save(self.state_dict(), self.step)
        self.saved_at = time.monotonic()

    def resume(self) -> bool:
        """Restore the newest intact checkpoint, and return whether there was one.

        Raises:
            DamagedCheckpointError: there are checkpoints, but none of them is intact.
        """
        state = self.checkpoints.load() if self.checkpoints else None
        if state is not None:
            self.load_state_dict(state)
        return state is not None

    def state_dict(self) -> dict[str, Any]:
        """Return everything that `load_state_dict` needs to continue the run, bit for bit on the same device."""
        return {
            "params": [param.value for param in self.params],
            "optimiser": self.optimiser.state_dict(),
            "schedule": vars(self.schedule).copy(),
            "average": self.average.state_dict(),
            "rng": self.rng.bit_generator.state,
            "norms": np.array(self.norms),
            "cpu_before": self.cpu_seconds,
            "device": self.device,
        } | {name: getattr(self, name) for name in self.SAVED}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        for param, saved in zip(self.params, state["params"], strict=True):
            param.value[...] = np.asarray(saved, like=param.value)
        self.optimiser.load_state_dict(state["optimiser"])
        self.average.load_state_dict(state["average"])
        vars(self.schedule).update(state["schedule"])
        self.rng.bit_generator.state = state["rng"]
        self.norms = state["norms"].tolist()
        self.cpu_before = state["cpu_before"]
        self.resumed_from = state.get("device", "cpu")
        for name in self.SAVED:
            setattr(self, name, state[name])
