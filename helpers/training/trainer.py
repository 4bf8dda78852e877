"""The training loop: truncated BPTT over a text, epoch by epoch, to be interrupted and gone on with at any moment."""

import itertools
import math
import time

import numpy as np
from tqdm.auto import tqdm

from helpers.data.batching import stream_batches
from helpers.training.averaging import RunningAverage
from helpers.training.interrupt import Interrupted, interruptible
from helpers.training.optimisers import SGD, Adam
from helpers.training.perplexity import evaluate, perplexity

#: Steps between two updates of the average: neighbouring weights hardly differ, and each update costs time.
AVERAGE_EVERY = 4

#: Rows to cut the validation split into after each epoch: quicker than one row, and nearly the same perplexity.
VALID_ROWS = 10


class Trainer:
    """Everything that changes in the course of a run, and the loop that changes it.

    Args:
        model: a ``LanguageModel``.
        settings: a `Settings`; the model's own sizes in it are not looked at.
        train_ids (M,): the text to learn from, word ids.
        valid_ids (K,): the text to measure perplexity on after each epoch.
        eos: id of the word that ends a sentence; it stands before the first one.
        rng: the ``numpy.random.Generator`` that the model's dropout draws from.
        checkpoints: a `Checkpoints`, or None to keep nothing on disk.
        save_every: time between two checkpoints [s].
        report: called after each epoch with the trainer itself, or None.

    After `train`, `history` has a dict for each epoch, and `norms` the gradient norm of each step. The training
    perplexity is measured on the way, under dropout; the validation perplexity without it, and of the averaged weights
    as soon as there are any. ``average.in_place()`` puts these into the model.

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

    #: What a checkpoint takes as it is, beside the parts that have a state of their own.
    SAVED = ("epoch", "window", "start", "state", "learning_rate", "nll", "tokens", "history")

    def __init__(
        self, model, settings, train_ids, valid_ids, *, eos, rng, checkpoints=None, save_every=20.0, report=None
    ):
        self.model, self.settings, self.eos, self.rng = model, settings, eos, rng
        self.train_ids, self.valid_ids = train_ids, valid_ids
        self.checkpoints, self.save_every, self.report = checkpoints, save_every, report
        self.params = model.parameters()
        self.optimiser = {"sgd": SGD, "adam": Adam}[settings.optimiser](self.params)
        self.schedule = settings.schedule()
        self.average = RunningAverage(self.params)
        self.windows = math.ceil(((len(train_ids) - 1) // settings.batch_size) / settings.steps)
        self.epoch = self.window = 0  # where the run is: epochs done, windows done in this one
        self.start = None  # where in the text this epoch began
        self.state = None
        self.learning_rate = None
        self.nll, self.tokens = 0.0, 0
        self.history, self.norms = [], []
        self.cpu_before = 0.0
        self.saved_at = time.monotonic()

    @property
    def total_steps(self):
        """Training steps of the whole run."""
        return self.settings.epochs * self.windows

    @property
    def step(self):
        """Training steps done so far."""
        return self.epoch * self.windows + self.window

    @property
    def progress(self):
        """The part of the run that is done, 0 to 1."""
        return self.step / self.total_steps

    @property
    def cpu_seconds(self):
        """CPU time of this process and of those that the run was begun in [s]."""
        return self.cpu_before + time.process_time()

    def train(self):
        """Train to the end, or on to it.

        Raises:
            Interrupted: Ctrl-C; everything so far is in a checkpoint.
            FloatingPointError: the gradients are no longer finite.
        """
        try:
            with interruptible() as watch, self._progress_bar() as bar:
                while self.epoch < self.settings.epochs:
                    self._train_epoch(watch, bar)
                    self._end_epoch(watch)
        except Interrupted:
            self.save()
            raise Interrupted(
                f"Stopped after step {self.step:,} of {self.total_steps:,}; all of it is saved."
            ) from None

    def _progress_bar(self):
        return tqdm(total=self.total_steps, initial=self.step, unit="step", mininterval=0.5)

    def _train_epoch(self, watch, bar):
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

    def _train_window(self, xs, targets):
        self.model.zero_grad()
        loss, self.state = self.model.loss(xs, targets, self.state, training=True)
        self.model.backward()
        self.learning_rate = self.schedule.rate(self.progress)
        self.norms.append(self.optimiser.step(self.learning_rate, self.settings.max_norm))
        self.nll += loss * targets.size
        self.tokens += targets.size
        self.window += 1
        if self.progress > self.settings.average_from and self.step % AVERAGE_EVERY == 0:
            self.average.update()

    def _end_epoch(self, watch):
        with self.average.in_place():
            valid = evaluate(self.model, self.valid_ids, self.eos, rows=VALID_ROWS, watch=watch)
        entry = {
            "epoch": self.epoch + 1,
            "step": self.step,
            "learning_rate": self.learning_rate,
            "train_perplexity": perplexity(self.nll, self.tokens),
            "valid_perplexity": valid,
            "gradient_norm": float(np.mean(self.norms[-self.windows :])),
            "cpu_seconds": self.cpu_seconds,
        }
        self.history.append(entry)
        self.schedule.end_epoch(valid)
        self.epoch, self.window, self.start, self.state = self.epoch + 1, 0, None, None
        self.nll, self.tokens = 0.0, 0
        if self.report:
            self.report(self)
        self.save()

    def save(self):
        """Write a checkpoint, if checkpoints are kept.

        Raises:
            OSError: it could not be written; the one before it is untouched.
        """
        if self.checkpoints:
            self.checkpoints.save(self.state_dict(), self.step)
        self.saved_at = time.monotonic()

    def resume(self):
        """Go on from the newest checkpoint that is whole, if there is one.

        Returns:
            whether there was one.

        Raises:
            DamagedCheckpointError: there are checkpoints, and none of them is whole.
        """
        state = self.checkpoints.load()
        if state is not None:
            self.load_state_dict(state)
        return state is not None

    def state_dict(self):
        """Return everything that `load_state_dict` needs to go on as if nothing had happened, bit for bit."""
        return {
            "params": [param.value for param in self.params],
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.state_dict(),
            "rng": self.rng.bit_generator.state,
            "norms": np.array(self.norms),
            "cpu_before": self.cpu_seconds,
        } | {name: getattr(self, name) for name in self.SAVED}

    def load_state_dict(self, state):
        """Go on from a saved state."""
        for param, saved in zip(self.params, state["params"], strict=True):
            param.value[...] = saved
        for name in ("optimiser", "schedule", "average"):
            getattr(self, name).load_state_dict(state[name])
        self.rng.bit_generator.state = state["rng"]
        self.norms = state["norms"].tolist()
        self.cpu_before = state["cpu_before"]
        for name in self.SAVED:
            setattr(self, name, state[name])
