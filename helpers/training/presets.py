"""The settings of a run, and the presets that the command line offers."""

from dataclasses import dataclass, replace

from helpers.language.message import MessageError
from helpers.nn.model import DROPOUTS
from helpers.training.schedules import DecayOnPlateau, HoldThenFall, Schedule


@dataclass(frozen=True)
class Settings:
    """Everything that determines a run, besides the corpus and the seed.

    Args:
        hidden_size: H, of every LSTM layer and of the embedding.
        depth: number of LSTM layers.
        rate: P(drop) after the embedding and after every LSTM.
        epochs: how many times the training split is read.
        learning_rate: of the first epoch.
        hold: the fraction of the run for which the learning rate is held, before it falls linearly to zero; 1 is
            constant.
        decay: if not None, the learning rate is held, and divided by this after an epoch without improvement.
        average_from: the fraction of the run after which the weights are averaged; 1 for no averaging.
        tied: whether the output layer uses the embedding's matrix.
        dropout: "variational" or "standard".
        recurrent_rate: P(drop) on the recurrent path.
        word_rate: P(drop) of a whole word at the embedding.
        activation_penalty: strength of the penalty on large outputs of the last LSTM.
        change_penalty: strength of the penalty on changes of them from step to step.
        batch_size: N.
        steps: T, steps of truncated BPTT.
        max_norm: gradients are clipped to this global norm.
        optimiser: "sgd" or "adam".
        shifted: whether each epoch starts at a random position of the text (whose end is joined to its beginning), so
            that no two epochs cut it into the same windows.
        unigram_bias: whether the output's bias is initialised to the log-frequencies of the words; else to zero.
        count_vectors: whether the embedding is initialised to vectors made from counts of each word's neighbours; else
            at random.
        cell: "LSTM" or "GRU".

    Example:
        >>> from helpers.training import Settings
        >>> print(Settings(hidden_size=200, depth=2, rate=0.5, epochs=10))
        2 × LSTM 200, tied, variational dropout 0.5
    """

    hidden_size: int
    depth: int
    rate: float
    epochs: int
    learning_rate: float = 20.0
    hold: float = 0.45
    decay: float | None = None
    average_from: float = 0.8
    tied: bool = True
    dropout: str = "variational"
    recurrent_rate: float = 0.0
    word_rate: float = 0.0
    activation_penalty: float = 0.0
    change_penalty: float = 0.0
    batch_size: int = 20
    steps: int = 35
    max_norm: float = 0.25
    optimiser: str = "sgd"
    shifted: bool = False
    unigram_bias: bool = False
    count_vectors: bool = False
    cell: str = "LSTM"

    def __str__(self) -> str:
        dropout = f"{self.dropout} dropout {self.rate}" if self.rate else "no dropout"
        recurrent = f", {self.recurrent_rate} on the recurrent path" if self.recurrent_rate else ""
        words = f", {self.word_rate} of whole rows of E" if self.word_rate else ""
        tied = "tied" if self.tied else "untied"
        return f"{self.depth} × {self.cell} {self.hidden_size}, {tied}, {dropout}{recurrent}{words}"

    @property
    def is_full_model(self) -> bool:
        """Whether `build_language_model` can build it: two layers, tied, one mask for all steps, and nothing more."""
        more = self.recurrent_rate or self.activation_penalty or self.change_penalty
        return self.cell == "LSTM" and self.depth == 2 and self.tied and self.dropout == "variational" and not more

    @property
    def needs(self) -> list[str]:
        """The names of the dropout layers that it needs."""
        between, along = DROPOUTS[self.dropout]
        return [name for name, rate in ((between, self.rate), (along, self.recurrent_rate)) if rate]

    def schedule(self) -> Schedule:
        """Return the schedule of the learning rate."""
        if self.decay is not None:
            return DecayOnPlateau(self.learning_rate, self.decay)
        return HoldThenFall(self.learning_rate, self.hold)


_STANDARD = Settings(
    hidden_size=200,
    depth=2,
    rate=0.35,
    epochs=15,
    learning_rate=14.0,
    hold=0.3,
    average_from=0.9,
    word_rate=0.05,
    batch_size=8,
    shifted=True,
    unigram_bias=True,
    count_vectors=True,
)

_LONG = replace(
    _STANDARD,
    hidden_size=280,
    rate=0.4,
    epochs=34,
    learning_rate=20.0,
    hold=0.35,
    recurrent_rate=0.2,
    word_rate=0.1,
    activation_penalty=1.0,
    change_penalty=1.0,
)

_PTB = replace(_LONG, hidden_size=650, rate=0.5, epochs=50, hold=0.4, recurrent_rate=0.25, batch_size=40)

#: Name to settings.
PRESETS = {
    "standard": _STANDARD,
    "long": _LONG,
    "tiny": Settings(hidden_size=16, depth=2, rate=0.1, epochs=2),
    "textbook-small": Settings(hidden_size=100, depth=1, rate=0.0, epochs=4, hold=1.0, average_from=1.0, tied=False),
    "textbook-large": Settings(
        hidden_size=650, depth=2, rate=0.5, epochs=40, decay=4.0, average_from=1.0, dropout="standard"
    ),
    "ptb": _PTB,
    "ptb-large": replace(_PTB, hidden_size=1150, rate=0.6, recurrent_rate=0.4, epochs=80),
}


#: Name to purpose, time on one core, and the test perplexity to expect; `make help` reads these lines.
PURPOSES = {
    "standard": "the model of this course, for its own corpus: 6 minutes, test perplexity 52",
    "long": "the best for that corpus: 20 minutes, test perplexity 48",
    "tiny": "only rehearses the command, in 20 seconds; its perplexity is far above a trigram's",
    "textbook-small": "the textbook's one layer without dropout, for the Penn Treebank: 7 minutes, perplexity 135",
    "textbook-large": "the textbook's two layers with dropout, for the Penn Treebank: a day; the book reports 75.8",
    "ptb": "for the Penn Treebank on a GPU, aimed at 70 in 12 minutes of one H100; not measured yet",
    "ptb-large": "the same, with layers of 1150 and more dropout; not measured yet",
}


def choose(preset: str, epochs: int | None = None) -> Settings:
    """Return the settings of a preset, with its number of epochs replaced if one is given.

    Raises:
        ValueError: there is no such preset, or the number of epochs is below 1.
    """
    if preset not in PRESETS:
        template = "There is no preset {preset!r}. Choose one of: {presets}."
        raise MessageError(template, preset=preset, presets=", ".join(PRESETS))
    if epochs is None:
        return PRESETS[preset]
    if epochs < 1:
        raise MessageError("A run needs at least one epoch: got {epochs}.", epochs=epochs)
    return replace(PRESETS[preset], epochs=epochs)
