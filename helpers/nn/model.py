"""The language model: composition only, so that a learner's own layers can replace the reference ones."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from helpers.arrays import FloatArray, IntArray
from helpers.nn.base import GRU_ORDER, LSTM_ORDER, Criterion, Layer, Param, RecurrentLayer, State, StatelessLayer

#: Class name to class; the classes take different arguments.
LayerClasses: TypeAlias = Mapping[str, Callable[..., Any]]


class LanguageModel(Layer):
    """A language model: a body that turns word ids into hidden states, an output layer, and the loss.

    Args:
        body: a recurrent layer from ids (N, T) to hidden states (N, T, H), usually
            ``Stacked([Embedding, dropout, LSTM, dropout, …])``.
        output: ``Affine`` or ``TiedAffine``, from hidden states to logits (N, T, V).
        criterion: ``SoftmaxCrossEntropy``, from logits and targets to a loss.

    Example:
        >>> from helpers.nn import PLAIN, assemble, create_params
        >>> rng = np.random.default_rng(0)
        >>> model = assemble(PLAIN, create_params(11, 7, 2, rng), rng)
        >>> logits, state = model.forward(np.zeros((3, 5), int))
        >>> type(model).__name__, logits.shape, len(state)
        ('LanguageModel', (3, 5, 11), 2)
    """

    def __init__(self, body: RecurrentLayer, output: StatelessLayer, criterion: Criterion) -> None:
        self.body = body
        self.output = output
        self.criterion = criterion

    def forward(self, xs: IntArray, state: State = None, *, training: bool = False) -> tuple[FloatArray, State]:
        """Score every word of the vocabulary as the next one.

        Args:
            xs (N, T): word ids.
            state: what the call before returned, or None for zeros.
            training: whether dropout is on.

        Returns:
            logits (N, T, V), and the state for the next call.
        """
        hs, state = self.body.forward(xs, state, training=training)
        return self.output.forward(hs, training=training), state

    def loss(
        self, xs: IntArray, targets: IntArray, state: State = None, *, training: bool = False
    ) -> tuple[float, State]:
        """Return the mean negative log-likelihood of the targets; the other arguments are those of `forward`.

        Args:
            targets (N, T): the word that follows each.

        Returns:
            the loss [nats per token], and the state for the next call.
        """
        logits, state = self.forward(xs, state, training=training)
        return self.criterion.forward(logits, targets), state

    def backward(self) -> None:
        """Add the gradient of the last `loss` to every parameter's ``.grad``.

        No gradient comes from later windows: only the state is carried on, forward, which is truncated BPTT.
        """
        self.body.backward(self.output.backward(self.criterion.backward()))


def create_params(
    vocabulary_size: int,
    hidden_size: int,
    depth: int,
    rng: np.random.Generator,
    *,
    width: int | None = None,
    tied: bool = True,
    scale: float = 0.1,
    forget_bias: float = 0.0,
    cell: str = "LSTM",
    dtype: DTypeLike = "float32",
) -> dict[str, Param]:
    """Draw the parameters of a language model.

    Weights are uniform: the embedding (and an untied output) within ± `scale`, a matrix of an LSTM or a GRU within
    ± 1/sqrt(H). Biases are zero, except the forget gate's.

    Args:
        vocabulary_size: V.
        hidden_size: H, the size of every LSTM layer.
        depth: the number of LSTM layers.
        rng: what the weights are drawn from.
        width: D, the width of the embedding; by default the hidden size.
        tied: whether the output layer shares the embedding's matrix; then D must equal H.
        scale: bound of the embedding's values.
        forget_bias: initial bias of the forget gates of an LSTM.
        cell: "LSTM" or "GRU", whose names begin with "gru" and which has three blocks.
        dtype: of every parameter.

    Returns:
        dict from name to Param: "E" (V, D), "lstm1.Wx" (D, 4H), "lstm1.Wh" (H, 4H), "lstm1.b" (4H,), "lstm2.Wx", …,
        "W" (H, V) if untied, and "b" (V,).

    Raises:
        ValueError: tied, with a width that differs from the hidden size; an unknown cell.

    Example:
        >>> from helpers.nn import create_params
        >>> params = create_params(11, 7, 1, np.random.default_rng(0))
        >>> {name: param.value.shape for name, param in params.items()}
        {'E': (11, 7), 'lstm1.Wx': (7, 28), 'lstm1.Wh': (7, 28), 'lstm1.b': (28,), 'b': (11,)}
    """
    width = hidden_size if width is None else width
    if tied and width != hidden_size:
        raise ValueError(
            f"A tied output layer needs an embedding as wide as the hidden state: got D = {width}, H = {hidden_size}. "
            "Give both the same size, or use tied=False."
        )

    if cell not in ("LSTM", "GRU"):
        raise ValueError(f"cell must be LSTM or GRU: got {cell!r}.")

    def uniform(bound: float, *shape: int) -> FloatArray:
        return rng.uniform(-bound, bound, shape)

    values = {"E": uniform(scale, vocabulary_size, width)}
    bound = 1 / math.sqrt(hidden_size)
    biases = [forget_bias if block == "f" else 0.0 for block in (LSTM_ORDER if cell == "LSTM" else GRU_ORDER)]
    for number in range(1, depth + 1):
        name, blocks = f"{cell.lower()}{number}", len(biases) * hidden_size
        values[f"{name}.Wx"] = uniform(bound, width if number == 1 else hidden_size, blocks)
        values[f"{name}.Wh"] = uniform(bound, hidden_size, blocks)
        values[f"{name}.b"] = np.repeat(biases, hidden_size)
    if not tied:
        values["W"] = uniform(scale, hidden_size, vocabulary_size)
    values["b"] = np.zeros(vocabulary_size)
    return {name: Param(value.astype(dtype), name) for name, value in values.items()}


def place(
    layers: LayerClasses, params: Mapping[str, Param], rng: np.random.Generator
) -> tuple[Mapping[str, Param], Any]:
    """Return parameters, and what their dropout masks are drawn from, on the device of some layers.

    Layers on a GPU bring a ``Param`` and a ``Generator`` along; for NumPy's, both stay as they are.
    """
    if "Param" not in layers:
        return params, rng
    return {name: layers["Param"](param.value, name) for name, param in params.items()}, layers["Generator"](rng)


#: Kind of dropout to the names of its classes: between the layers, and on the recurrent path.
DROPOUTS = {"variational": ("VariationalDropout", "VariationalLSTM"), "standard": ("Dropout", "StepDropoutLSTM")}


def assemble(
    layers: LayerClasses,
    params: Mapping[str, Param],
    rng: np.random.Generator,
    *,
    rate: float = 0.0,
    dropout: str = "variational",
    recurrent_rate: float = 0.0,
    activation_penalty: float = 0.0,
    change_penalty: float = 0.0,
) -> LanguageModel:
    """Assemble a language model from classes and parameters.

    Args:
        layers: dict from class name to class: ``Stacked``, ``Embedding``, ``LSTM`` or ``GRU``, ``Affine``,
            ``TiedAffine``, ``SoftmaxCrossEntropy``, and those of ``DROPOUTS[dropout]``, ``ActivationPenalty`` and
            ``ChangePenalty`` that a rate or strength above 0 needs.
            ``helpers.nn.FAST`` and ``helpers.nn.PLAIN`` are two such dicts; a learner's classes make a third.
        params: returned by `create_params`; their names tell the cell, the depth and whether the output is tied.
        rng: what the dropout masks are drawn from.
        rate: P(drop) after the embedding and after every LSTM.
        dropout: "variational" (one mask for all steps) or "standard" (a mask for each step).
        recurrent_rate: P(drop) on the recurrent path, along time.
        activation_penalty: strength of the `ActivationPenalty` on the input of the output layer.
        change_penalty: strength of the `ChangePenalty` on the last LSTM, before its dropout.

    Raises:
        ValueError: an unknown kind of dropout, or one on the recurrent path of a GRU.

    Example:
        >>> from helpers.nn import FAST, assemble, create_params
        >>> rng = np.random.default_rng(0)
        >>> model = assemble(FAST, create_params(11, 7, 1, rng), rng, rate=0.5)
        >>> [type(layer).__name__ for layer in model.body.layers]
        ['FastEmbedding', 'VariationalDropout', 'FastLSTM', 'VariationalDropout']
    """
    if dropout not in DROPOUTS:
        raise ValueError(f"dropout must be one of {', '.join(sorted(DROPOUTS))}: got {dropout!r}.")
    between, along = DROPOUTS[dropout]
    depth = sum(name.endswith(".Wh") for name in params)
    body = [layers["Embedding"](params["E"])]
    cell = "GRU" if "gru1.Wh" in params else "LSTM"
    if cell == "GRU" and recurrent_rate:
        raise ValueError("A GRU has no dropout on the recurrent path here: use recurrent_rate=0.")
    for number in range(1, depth + 1):
        weights = [params[f"{cell.lower()}{number}.{part}"] for part in ("Wx", "Wh", "b")]
        body.append(layers[along](*weights, recurrent_rate, rng) if recurrent_rate else layers[cell](*weights))
    if rate:
        body = [part for layer in body for part in (layer, layers[between](rate, rng))]
    if change_penalty:
        body.insert(len(body) - bool(rate), layers["ChangePenalty"](change_penalty))
    if activation_penalty:
        body.append(layers["ActivationPenalty"](activation_penalty))
    output, matrix = ("Affine", "W") if "W" in params else ("TiedAffine", "E")
    output_layer = layers[output](params[matrix], params["b"])
    return LanguageModel(layers["Stacked"](body), output_layer, layers["SoftmaxCrossEntropy"]())


def build_language_model(
    layers: LayerClasses, params: Mapping[str, Param], rate: float, rng: np.random.Generator
) -> LanguageModel:
    """Assemble the full model: embedding → dropout → LSTM → dropout → LSTM → dropout → tied output.

    Args:
        layers, params, rng: as for `assemble`.
        rate: P(drop) of the variational dropout.

    Source: Zaremba, Sutskever & Vinyals (2014); Gal & Ghahramani (2016); Press & Wolf (2017).
    """
    return assemble(layers, params, rng, rate=rate, dropout="variational")
