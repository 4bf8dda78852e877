"""The language model: composition only, so that a learner's own layers take the place of the reference ones."""

import math

import numpy as np

from helpers.nn.base import LSTM_ORDER, Layer, Param


class LanguageModel(Layer):
    """A body that turns word ids into hidden states, an output layer, and the loss.

    Args:
        body: a recurrent layer, usually ``Stacked([Embedding, dropout, LSTM, dropout, …])``: ids (N, T) to hidden
            states (N, T, H).
        output: ``Affine`` or ``TiedAffine``: hidden states to logits (N, T, V).
        criterion: ``SoftmaxCrossEntropy``: logits and targets to a loss.
    """

    def __init__(self, body, output, criterion):
        self.body = body
        self.output = output
        self.criterion = criterion

    def forward(self, xs, state=None, *, training=False):
        """Score every word as the next one.

        Args:
            xs (N, T): word ids.
            state: what the call before returned, or None for zeros.
            training: whether dropout is on.

        Returns:
            logits (N, T, V), and the state to carry into the next call.
        """
        hs, state = self.body.forward(xs, state, training=training)
        return self.output.forward(hs, training=training), state

    def loss(self, xs, targets, state=None, *, training=False):
        """Mean negative log-likelihood of the targets.

        Args:
            xs (N, T): word ids.
            targets (N, T): the word that follows each of them.
            state: what the call before returned, or None for zeros.
            training: whether dropout is on.

        Returns:
            the loss [nats per token], a float, and the state to carry into the next call.
        """
        logits, state = self.forward(xs, state, training=training)
        return self.criterion.forward(logits, targets), state

    def backward(self):
        """Add the gradient of the last `loss` to every parameter's ``.grad``.

        Nothing flows in from the future: the state is carried forward only, which is truncated BPTT.
        """
        self.body.backward(self.output.backward(self.criterion.backward()))


def create_params(
    vocabulary_size, hidden_size, depth, rng, *, width=None, tied=True, scale=0.1, forget_bias=0.0, dtype="float32"
):
    """Draw the parameters of a language model.

    Weights are uniform: the embedding (and an untied output) within ± `scale`, a matrix of an LSTM within
    ± 1/sqrt(H). Biases are zero, but for the forget gate's.

    Args:
        vocabulary_size: V.
        hidden_size: H, the size of every LSTM layer.
        depth: the number of LSTM layers.
        rng: a ``numpy.random.Generator``.
        width: D, the width of the embedding; the hidden size unless said otherwise.
        tied: whether the output layer uses the embedding's own matrix; then D must equal H.
        scale: bound of the embedding's values.
        forget_bias: bias of the forget gates at the start.
        dtype: of every parameter.

    Returns:
        dict from name to Param: "E" (V, D), "lstm1.Wx" (D, 4H), "lstm1.Wh" (H, 4H), "lstm1.b" (4H,), "lstm2.Wx", …,
        "W" (H, V) if untied, and "b" (V,).

    Raises:
        ValueError: tied, with a width that differs from the hidden size.
    """
    width = hidden_size if width is None else width
    if tied and width != hidden_size:
        raise ValueError(
            f"A tied output layer needs an embedding as wide as the hidden state: got D = {width}, H = {hidden_size}. "
            "Give both the same size, or use tied=False."
        )

    def uniform(name, bound, *shape):
        return Param(rng.uniform(-bound, bound, shape).astype(dtype), name)

    def zeros(name, size):
        return Param(np.zeros(size, dtype), name)

    params = {"E": uniform("E", scale, vocabulary_size, width)}
    bound = 1 / math.sqrt(hidden_size)
    forget = LSTM_ORDER.index("f")
    for number in range(1, depth + 1):
        name = f"lstm{number}"
        inputs = width if number == 1 else hidden_size
        params[f"{name}.Wx"] = uniform(f"{name}.Wx", bound, inputs, 4 * hidden_size)
        params[f"{name}.Wh"] = uniform(f"{name}.Wh", bound, hidden_size, 4 * hidden_size)
        params[f"{name}.b"] = zeros(f"{name}.b", 4 * hidden_size)
        params[f"{name}.b"].value[forget * hidden_size : (forget + 1) * hidden_size] = forget_bias
    if not tied:
        params["W"] = uniform("W", scale, hidden_size, vocabulary_size)
    params["b"] = zeros("b", vocabulary_size)
    return params


#: Kind of dropout to the names of the classes that do it: between the layers, and on the recurrent path.
DROPOUTS = {"variational": ("VariationalDropout", "VariationalLSTM"), "standard": ("Dropout", "StepDropoutLSTM")}


def assemble(layers, params, rng, *, rate=0.0, dropout="variational", recurrent_rate=0.0):
    """Put a language model together from classes and parameters.

    Args:
        layers: dict from class name to class: ``Stacked``, ``Embedding``, ``LSTM``, ``Affine``, ``TiedAffine``,
            ``SoftmaxCrossEntropy``, and the two of ``DROPOUTS[dropout]`` where a rate above 0 asks for them.
            ``helpers.nn.FAST`` and ``helpers.nn.PLAIN`` are two such dicts; a learner's classes make a third.
        params: what `create_params` returned; the depth and the tying are read off its names.
        rng: a ``numpy.random.Generator`` for the dropout masks.
        rate: P(drop) after the embedding and after every LSTM.
        dropout: "variational" (one mask for all steps) or "standard" (a mask for each step).
        recurrent_rate: P(drop) on the recurrent path, along time.

    Returns:
        LanguageModel

    Raises:
        ValueError: an unknown kind of dropout.
    """
    if dropout not in DROPOUTS:
        raise ValueError(f"dropout must be one of {', '.join(sorted(DROPOUTS))}: got {dropout!r}.")
    between, along = DROPOUTS[dropout]

    def add_dropout():
        if rate:
            body.append(layers[between](rate, rng))

    def lstm(name):
        weights = [params[f"{name}.{part}"] for part in ("Wx", "Wh", "b")]
        return layers[along](*weights, recurrent_rate, rng) if recurrent_rate else layers["LSTM"](*weights)

    body = [layers["Embedding"](params["E"])]
    add_dropout()
    for name in _lstm_names(params):
        body.append(lstm(name))
        add_dropout()
    if "W" in params:
        output = layers["Affine"](params["W"], params["b"])
    else:
        output = layers["TiedAffine"](params["E"], params["b"])
    return LanguageModel(layers["Stacked"](body), output, layers["SoftmaxCrossEntropy"]())


def _lstm_names(params):
    depth = sum(name.endswith(".Wh") for name in params)
    return [f"lstm{number}" for number in range(1, depth + 1)]


def build_language_model(layers, params, rate, rng):
    """Put the full model together: embedding → dropout → LSTM → dropout → LSTM → dropout → tied output.

    Args:
        layers: dict from class name to class, as for `assemble`.
        params: dict from name to Param, "E", "lstm1.Wx", …, "lstm2.b", "b".
        rate: P(drop) of the variational dropout.
        rng: a ``numpy.random.Generator`` for the dropout masks.

    Returns:
        LanguageModel

    Source: Zaremba, Sutskever & Vinyals (2014); Gal & Ghahramani (2016); Press & Wolf (2017).
    """
    return assemble(layers, params, rng, rate=rate, dropout="variational")
