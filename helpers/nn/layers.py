"""The stateless layers, the loss, and the stack that combines any layers."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from helpers.arrays import AnyArray, FloatArray, IntArray
from helpers.nn.base import Layer, Param, State, StatelessLayer
from helpers.nn.functional import dropout_mask, log_softmax

_Stored = TypeVar("_Stored")
_Array = TypeVar("_Array", bound=AnyArray)


class Embedding(Layer):
    """Look up one row of a matrix for each word id.

    Args:
        E (Param (V, D)): one row per word.

    Example:
        >>> from helpers.nn import Embedding, Param
        >>> layer = Embedding(Param(np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])))
        >>> layer.forward(np.array([[2, 0]])).tolist()
        [[[4.0, 5.0], [0.0, 1.0]]]

    Source: Bengio et al. (2003), *A neural probabilistic language model*.
    """

    def __init__(self, E: Param) -> None:
        self.E = E
        self.ids: IntArray | None = None

    def forward(self, xs: IntArray, *, training: bool = False) -> FloatArray:
        """Look up the row of each word.

        Args:
            xs (N, T): word ids, integers in 0..V-1.

        Returns:
            ys (N, T, D)

        Raises:
            TypeError: the ids are not integers.
            ValueError: the ids are not (N, T), or one is out of range.
        """
        self.ids = check_ids(xs, len(self.E.value))
        ys: FloatArray = self.E.value[self.ids]
        return ys

    def backward(self, dys: FloatArray) -> None:
        """Add each gradient to the row of its word; a word that occurs twice gets both. Ids have no gradient.

        Args:
            dys (N, T, D): gradient of the loss with respect to ys.
        """
        ids = needs_forward(self, self.ids)
        np.add.at(self.E.grad, ids, check_shape(dys, (*ids.shape, self.E.value.shape[1]), "dys"))


class Affine(Layer):
    """ys = xs W + b, the same at every step.

    Args:
        W (Param (D, M)), b (Param (M,)): weights and bias.

    Example:
        >>> from helpers.nn import Affine, Param
        >>> layer = Affine(Param(np.ones((6, 7))), Param(np.zeros(7)))
        >>> layer.forward(np.ones((2, 5, 6))).shape
        (2, 5, 7)
        >>> layer.backward(np.ones((2, 5, 7))).shape
        (2, 5, 6)
    """

    def __init__(self, W: Param, b: Param) -> None:
        self.W, self.b = W, b
        self.xs: FloatArray | None = None

    def forward(self, xs: FloatArray, *, training: bool = False) -> FloatArray:
        """Multiply and add.

        Args:
            xs (N, T, D): inputs.

        Returns:
            ys (N, T, M)

        Raises:
            ValueError: xs is not (N, T, D), with the D of the weights.
        """
        weights = self.weights()
        self.xs = check_inputs(xs, len(weights))
        return self.xs @ weights + self.b.value

    def backward(self, dys: FloatArray) -> FloatArray:
        """Add the gradients of the weights and of b to theirs.

        Args:
            dys (N, T, M): gradient of the loss with respect to ys.

        Returns:
            dxs (N, T, D)
        """
        xs = needs_forward(self, self.xs)
        N, T, D = xs.shape
        rows = check_shape(dys, (N, T, len(self.b.value)), "dys").reshape(N * T, -1)
        self.add_weight_gradient(xs.reshape(N * T, D), rows)
        self.b.grad += rows.sum(axis=0)
        return dys @ self.weights().T

    def weights(self) -> FloatArray:
        """Return the matrix (D, M)."""
        return self.W.value

    def add_weight_gradient(self, xs: FloatArray, dys: FloatArray) -> None:
        """Add the product of xs (N·T, D) and dys (N·T, M) to the gradient of the weights."""
        self.W.grad += xs.T @ dys


class TiedAffine(Affine):
    """logits = xs Eᵀ + b, where E is the same Param as the embedding's: both layers add to one gradient.

    Args:
        E (Param (V, D)): the embedding's own matrix.
        b (Param (V,)): a bias of its own.

    Example:
        >>> from helpers.nn import Embedding, Param, TiedAffine
        >>> E = Param(np.ones((11, 6)))
        >>> below, above = Embedding(E), TiedAffine(E, Param(np.zeros(11)))
        >>> above.forward(below.forward(np.zeros((2, 5), int))).shape, above.E is below.E
        ((2, 5, 11), True)

    Source: Press & Wolf (2017), *Using the output embedding to improve language models*.
    """

    def __init__(self, E: Param, b: Param) -> None:
        self.E, self.b = E, b
        self.xs: FloatArray | None = None

    def weights(self) -> FloatArray:
        """Return the transposed embedding (D, V)."""
        return self.E.value.T

    def add_weight_gradient(self, xs: FloatArray, dys: FloatArray) -> None:
        """Add the product of dys (N·T, V) and xs (N·T, D) to the gradient of the embedding."""
        self.E.grad += dys.T @ xs


class SoftmaxCrossEntropy:
    """Mean negative log-likelihood of the targets under the softmax of the logits.

    loss = -1/(N·T) Σ log softmax(logits)[target]

    Example:
        >>> from helpers.nn import SoftmaxCrossEntropy
        >>> criterion = SoftmaxCrossEntropy()
        >>> round(criterion.forward(np.log([[[0.5, 0.25, 0.25]]]), np.array([[0]])), 4)
        0.6931
        >>> criterion.backward().round(4).tolist()
        [[[-0.5, 0.25, 0.25]]]
    """

    cache: tuple[FloatArray, IntArray] | None = None  # log-probabilities and targets, once forward has run

    def forward(self, logits: FloatArray, targets: IntArray) -> float:
        """Compute the loss.

        Args:
            logits (N, T, V): scores.
            targets (N, T): the id of the correct word at each position.

        Returns:
            loss [nats per token]

        Raises:
            TypeError: the targets are not integers.
            ValueError: the shapes do not match, or a target is out of range.
        """
        targets = check_targets(targets, logits)
        log_probs = log_softmax(logits)
        self.cache = log_probs, targets
        return -float(np.take_along_axis(log_probs, targets[..., None], axis=-1).mean(dtype=np.float64))

    def backward(self) -> FloatArray:
        """Return the gradient of the loss with respect to the logits (N, T, V).

        dlogits = (softmax(logits) - onehot(targets)) / (N·T)
        """
        log_probs, targets = needs_forward(self, self.cache)
        dlogits = np.exp(log_probs)
        N, T = targets.shape
        dlogits[np.arange(N)[:, None], np.arange(T), targets] -= 1
        return dlogits / targets.size


class Dropout(Layer):
    """Inverted dropout: set each value to 0 with probability `rate`, and scale the others up to keep the mean.

    Args:
        rate: P(drop), 0 <= rate < 1.
        rng: what the masks are drawn from.

    Raises:
        ValueError: the rate is out of range.

    Example:
        >>> from helpers.nn import Dropout
        >>> layer = Dropout(0.5, np.random.default_rng(0))
        >>> layer.forward(np.ones((1, 2, 4)), training=True).tolist()
        [[[2.0, 2.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]
        >>> layer.forward(np.ones((1, 2, 4))).tolist()
        [[[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]]

    Source: Srivastava et al. (2014), *Dropout: a simple way to prevent neural networks from overfitting*.
    """

    def __init__(self, rate: float, rng: np.random.Generator) -> None:
        self.rate, self.rng = check_rate(rate), rng
        self.mask: FloatArray | None = None

    def forward(self, xs: FloatArray, *, training: bool = False) -> FloatArray:
        """Drop values, in training only.

        Args:
            xs (N, T, D): inputs.
            training: True draws a new mask; False leaves xs as it is.

        Returns:
            ys (N, T, D)
        """
        if not training:
            self.mask = np.ones_like(xs, shape=())
            return xs
        self.mask = dropout_mask(self.mask_shape(xs), self.rate, self.rng, xs.dtype)
        return xs * self.mask

    def mask_shape(self, xs: FloatArray) -> tuple[int, ...]:
        """Return the shape of the mask: one value for each value of xs."""
        return xs.shape

    def backward(self, dys: FloatArray) -> FloatArray:
        """Apply the same mask to the gradient dys (N, T, D)."""
        return dys * needs_forward(self, self.mask)


class VariationalDropout(Dropout):
    """Dropout with one mask (N, 1, D), drawn once for each sequence and shared by all its steps.

    A new mask at every step would erase information exponentially along time; a shared one drops the same features
    throughout. The arguments are those of `Dropout`.

    Example:
        >>> from helpers.nn import VariationalDropout
        >>> layer = VariationalDropout(0.5, np.random.default_rng(0))
        >>> layer.forward(np.ones((1, 2, 4)), training=True).tolist()
        [[[2.0, 2.0, 2.0, 0.0], [2.0, 2.0, 2.0, 0.0]]]

    Source: Gal & Ghahramani (2016), *A theoretically grounded application of dropout in recurrent neural networks*.
    """

    def mask_shape(self, xs: FloatArray) -> tuple[int, ...]:
        """Return the shape of the mask: one value for each sequence and feature."""
        N, _, D = xs.shape
        return N, 1, D


class WordDropout(Layer):
    """An embedding under dropout of whole words: a dropped word is zero wherever it occurs in the sequence.

    One mask over the vocabulary is drawn for each sequence, so a model cannot rely on any single word.

    Args:
        embedding: the layer from ids (N, T) to vectors (N, T, D).
        vocabulary_size: V.
        rate: P(drop), 0 <= rate < 1.
        rng: what the masks are drawn from.

    Raises:
        ValueError: the rate is out of range.

    Example:
        >>> from helpers.nn import Embedding, Param, WordDropout
        >>> layer = WordDropout(Embedding(Param(np.ones((3, 1)))), 3, 0.5, np.random.default_rng(1))
        >>> layer.forward(np.array([[0, 1, 2, 1, 0, 2]]), training=True)[..., 0].tolist()
        [[0.0, 2.0, 2.0, 2.0, 0.0, 2.0]]

    Source: Gal & Ghahramani (2016), *A theoretically grounded application of dropout in recurrent neural networks*,
    section 4.2; for tied models Merity et al. (2018), *Regularizing and optimizing LSTM language models*, section 4.3.
    """

    def __init__(self, embedding: StatelessLayer, vocabulary_size: int, rate: float, rng: np.random.Generator) -> None:
        self.embedding, self.vocabulary_size = embedding, vocabulary_size
        self.rate, self.rng = check_rate(rate), rng
        self.mask: FloatArray | None = None

    def forward(self, xs: IntArray, *, training: bool = False) -> FloatArray:
        """Look up the vectors of the words xs (N, T), and drop words under a new mask, in training only."""
        ys = self.embedding.forward(xs, training=training)
        if not training:
            self.mask = np.ones_like(ys, shape=())
            return ys
        words = dropout_mask((len(xs), self.vocabulary_size), self.rate, self.rng, ys.dtype)
        self.mask = np.take_along_axis(words, np.asarray(xs, like=words), axis=1)[..., None]
        return ys * self.mask

    def backward(self, dys: FloatArray) -> None:
        """Pass the gradient dys (N, T, D) on to the embedding under the same mask."""
        self.embedding.backward(dys * needs_forward(self, self.mask))


class _Penalty(Layer):
    """A layer that returns its input, and adds the gradient of a penalty on it to the gradient, in training only.

    Args:
        strength: weight of the penalty.
    """

    def __init__(self, strength: float) -> None:
        self.strength = strength
        self.hs: FloatArray | None = None

    def forward(self, hs: FloatArray, *, training: bool = False) -> FloatArray:
        """Return hs (N, T, H)."""
        self.hs = hs if training else hs[:0]
        return hs

    def backward(self, dhs: FloatArray) -> FloatArray:
        """Return dhs (N, T, H) plus the gradient of the penalty."""
        hs = needs_forward(self, self.hs)
        return dhs + self.strength * self.gradient(hs) if hs.size else dhs

    def gradient(self, hs: FloatArray) -> FloatArray:
        """Return the gradient of the penalty of strength 1."""
        raise NotImplementedError


class ActivationPenalty(_Penalty):
    """A penalty on large activations, strength · mean(h²), which is not part of the reported loss.

    Example:
        >>> from helpers.nn import ActivationPenalty
        >>> layer = ActivationPenalty(2.0)
        >>> hs = layer.forward(np.array([[[1.0], [4.0]]]), training=True)
        >>> layer.backward(np.zeros((1, 2, 1))).tolist()
        [[[2.0], [8.0]]]

    Source: Merity et al. (2018), *Regularizing and optimizing LSTM language models*, section 4.6 (AR).
    """

    def gradient(self, hs: FloatArray) -> FloatArray:
        """Return 2 h / (N·T·H)."""
        return hs * (2 / hs.size)


class ChangePenalty(_Penalty):
    """A penalty on large changes from step to step, strength · mean((h_next - h)²), not part of the reported loss.

    Example:
        >>> from helpers.nn import ChangePenalty
        >>> layer = ChangePenalty(1.0)
        >>> hs = layer.forward(np.array([[[1.0], [4.0]]]), training=True)
        >>> layer.backward(np.zeros((1, 2, 1))).tolist()
        [[[-6.0], [6.0]]]

    Source: Merity et al. (2018), *Regularizing and optimizing LSTM language models*, section 4.6 (TAR).
    """

    def gradient(self, hs: FloatArray) -> FloatArray:
        """Return the sum over both steps of each change, 2 (h - h_prev) / count - 2 (h_next - h) / count."""
        changes = np.diff(hs, axis=1)
        gradient = np.zeros_like(hs)
        gradient[:, 1:] += changes
        gradient[:, :-1] -= changes
        return gradient * (2 / max(1, changes.size))


class Stacked(Layer):
    """Layers on top of one another, recurrent or not.

    Args:
        layers: a list of layers; the first one is nearest to the input.

    Example:
        >>> from helpers.nn import RNN, Embedding, Param, Stacked
        >>> Wx, Wh, b = Param(np.ones((6, 7))), Param(np.ones((7, 7))), Param(np.ones(7))
        >>> stack = Stacked([Embedding(Param(np.ones((11, 6)))), RNN(Wx, Wh, b)])
        >>> ys, (h,) = stack.forward(np.zeros((2, 5), int))
        >>> ys.shape, h.shape
        ((2, 5, 7), (2, 7))
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)
        self.stateful = [layer.recurrent for layer in self.layers]

    def forward(
        self, xs: AnyArray, state: Sequence[State] | None = None, *, training: bool = False
    ) -> tuple[FloatArray, tuple[State, ...]]:
        """Pass xs up through all layers.

        Args:
            xs: input of the first layer.
            state: a tuple with one entry per recurrent layer, or None for zeros.
            training: passed on to every layer.

        Returns:
            ys: output of the last layer, and the state, a tuple with one entry per recurrent layer.

        Raises:
            ValueError: the state has the wrong number of entries.
        """
        states, after = self._entries(state, "state"), []
        for layer, stateful in zip(self.layers, self.stateful):
            if stateful:
                xs, state = layer.forward(xs, next(states), training=training)
                after.append(state)
            else:
                xs = layer.forward(xs, training=training)
        return xs, tuple(after)

    def backward(
        self, dys: FloatArray, dstate: Sequence[State] | None = None
    ) -> tuple[FloatArray | None, tuple[State, ...]]:
        """Pass the gradient down through all layers.

        Args:
            dys: gradient of the loss with respect to ys.
            dstate: gradient with respect to the returned state, in the same form, or None for zeros.

        Returns:
            dxs: gradient with respect to xs (None below an embedding), and with respect to the first state.
        """
        dstates, before = self._entries(dstate, "dstate", last_first=True), []
        for layer, stateful in zip(reversed(self.layers), reversed(self.stateful)):
            if stateful:
                dys, dstate = layer.backward(dys, next(dstates))
                before.append(dstate)
            else:
                dys = layer.backward(dys)
        return dys, tuple(reversed(before))

    def _entries(self, state: Sequence[State] | None, name: str, last_first: bool = False) -> Iterator[State]:
        depth = sum(self.stateful)
        entries = (None,) * depth if state is None else state
        if len(entries) != depth:
            raise ValueError(f"{name} needs one entry for each of the {depth} recurrent layers: got {len(entries)}.")
        return iter(entries[::-1] if last_first else entries)


# --- checks of arguments ---------------------------------------------------------------------------------------------


def needs_forward(layer: object, stored: _Stored | None) -> _Stored:
    """Return what forward stored, or raise if forward has not been called."""
    if stored is None:
        raise RuntimeError(f"{type(layer).__name__}.backward needs a call of forward before it.")
    return stored


def check_inputs(xs: FloatArray, width: int) -> FloatArray:
    """Return xs if it is (N, T, width)."""
    if np.ndim(xs) != 3 or xs.shape[2] != width or 0 in xs.shape:
        raise ValueError(f"xs must have shape (N, T, {width}), no axis empty: got {np.shape(xs)}.")
    return xs


def check_shape(array: _Array, shape: tuple[int, ...], name: str) -> _Array:
    """Return the array if it has this shape."""
    if np.shape(array) != shape:
        raise ValueError(f"{name} must have shape {shape}: got {np.shape(array)}.")
    return array


def check_ids(ids: IntArray, vocabulary_size: int, name: str = "xs") -> IntArray:
    """Return word ids as an integer array (N, T) with values in 0..V-1."""
    ids = np.asarray(ids)
    if not np.issubdtype(ids.dtype, np.integer):
        raise TypeError(f"{name} must hold word ids, integers: got dtype {ids.dtype}.")
    if ids.ndim != 2 or ids.size == 0:
        raise ValueError(f"{name} must have shape (N, T), no axis empty: got {ids.shape}.")
    low, high = ids.min(), ids.max()
    if low < 0 or high >= vocabulary_size:
        raise ValueError(f"{name} must hold ids from 0 to {vocabulary_size - 1}: got {low if low < 0 else high}.")
    return ids


def check_targets(targets: IntArray, logits: FloatArray) -> IntArray:
    """Return the targets if there is one for each position of the logits (N, T, V)."""
    if np.ndim(logits) != 3:
        raise ValueError(f"logits must have shape (N, T, V): got {np.shape(logits)}.")
    return check_shape(check_ids(targets, logits.shape[2], "targets"), logits.shape[:2], "targets")


def check_rate(rate: float) -> float:
    """Return the dropout rate if it is a probability below 1."""
    if not 0 <= rate < 1:
        raise ValueError(f"rate is the probability to drop, 0 <= rate < 1: got {rate}.")
    return rate
