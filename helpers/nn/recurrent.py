"""The recurrent layers: one-step functions in a loop over time, and backpropagation through time."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from helpers.arrays import FloatArray
from helpers.nn.base import Layer, Param
from helpers.nn.functional import dropout_mask
from helpers.nn.layers import check_inputs, check_rate, check_shape, needs_forward
from helpers.nn.steps import (
    Cache,
    StepGradients,
    gru_step_backward,
    gru_step_forward,
    lstm_step_backward,
    lstm_step_forward,
    rnn_step_backward,
    rnn_step_forward,
)

#: Hidden state and memory cell of an LSTM, (h (N, H), c (N, H)).
LSTMState: TypeAlias = tuple[FloatArray, FloatArray]


class _HiddenStateLayer(Layer):
    """A recurrent layer whose state is h (N, H) alone; a subclass names its two step functions."""

    step_forward: Callable[[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray], tuple[FloatArray, Cache]]
    step_backward: Callable[[FloatArray, Cache], StepGradients]

    def __init__(self, Wx: Param, Wh: Param, b: Param) -> None:
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.caches: list[Cache] | None = None

    def forward(
        self, xs: FloatArray, state: FloatArray | None = None, *, training: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """Read a sequence.

        Args:
            xs (N, T, D): inputs.
            state (N, H): the hidden state before the first step, or None for zeros.

        Returns:
            hs (N, T, H): the hidden state after every step, and the last of them (N, H).

        Raises:
            ValueError: the shape of xs or of the state is wrong.
        """
        xs, h = check_inputs(xs, len(self.Wx.value)), first_state(state, xs, self.Wh.value)
        hs, self.caches = [], []
        for x in xs.transpose(1, 0, 2):
            h, cache = self.step_forward(x, h, self.Wx.value, self.Wh.value, self.b.value)
            hs.append(h)
            self.caches.append(cache)
        return np.stack(hs, axis=1), h

    def backward(self, dhs: FloatArray, dstate: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Backpropagate through time, and add to the gradients of the parameters.

        Args:
            dhs (N, T, H): gradient of the loss with respect to hs.
            dstate (N, H): gradient with respect to the last state, or None for zeros.

        Returns:
            dxs (N, T, D), and the gradient with respect to the first state (N, H).
        """
        caches = needs_forward(self, self.caches)
        check_shape(dhs, (len(caches[0][1]), len(caches), len(self.Wh.value)), "dhs")
        dh, dxs = first_state(dstate, dhs, self.Wh.value, "dstate"), []
        for step in reversed(range(len(caches))):
            dx, dh, dWx, dWh, db = self.step_backward(dhs[:, step] + dh, caches[step])
            dxs.append(dx)
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
        return np.stack(dxs[::-1], axis=1), dh


class RNN(_HiddenStateLayer):
    """The simple recurrent layer, h_next = tanh(x Wx + h_prev Wh + b) at every step.

    Args:
        Wx (Param (D, H)), Wh (Param (H, H)), b (Param (H,)): parameters, the same at every step.

    Example:
        >>> from helpers.nn import RNN, Param
        >>> Wx, Wh, b = (Param(np.ones(shape)) for shape in [(6, 7), (7, 7), (7,)])
        >>> hs, h = RNN(Wx, Wh, b).forward(np.ones((2, 5, 6)))
        >>> hs.shape, h.shape
        ((2, 5, 7), (2, 7))

    Source: Elman (1990), *Finding structure in time*.
    """

    step_forward = staticmethod(rnn_step_forward)
    step_backward = staticmethod(rnn_step_backward)


class GRU(_HiddenStateLayer):
    """The gated recurrent unit: an update gate and a reset gate, and no memory cell.

    Args:
        Wx (Param (D, 3H)), Wh (Param (H, 3H)), b (Param (3H,)): parameters, blocks in the order of ``GRU_ORDER``.

    Example:
        >>> from helpers.nn import GRU, Param
        >>> Wx, Wh, b = (Param(np.ones(shape)) for shape in [(6, 21), (7, 21), (21,)])
        >>> hs, h = GRU(Wx, Wh, b).forward(np.ones((2, 5, 6)))
        >>> hs.shape, h.shape
        ((2, 5, 7), (2, 7))

    Source: Cho et al. (2014), *Learning phrase representations using RNN encoder-decoder*.
    """

    step_forward = staticmethod(gru_step_forward)
    step_backward = staticmethod(gru_step_backward)


class LSTM(Layer):
    """Long short-term memory: a memory cell that gates write, keep and read.

    Args:
        Wx (Param (D, 4H)), Wh (Param (H, 4H)), b (Param (4H,)): parameters, blocks in the order of ``LSTM_ORDER``.

    Example:
        >>> from helpers.nn import LSTM, Param
        >>> Wx, Wh, b = (Param(np.ones(shape)) for shape in [(6, 28), (7, 28), (28,)])
        >>> layer = LSTM(Wx, Wh, b)
        >>> hs, (h, c) = layer.forward(np.ones((2, 5, 6)))
        >>> hs.shape, h.shape, c.shape
        ((2, 5, 7), (2, 7), (2, 7))

    Source: Hochreiter & Schmidhuber (1997), *Long short-term memory*; the forget gate is of Gers et al. (2000).
    """

    def __init__(self, Wx: Param, Wh: Param, b: Param) -> None:
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.caches: list[Cache] | None = None
        self.masks: FloatArray | None = None  # (T, N, H), on h_prev at each step; only recurrent dropout draws them

    def forward(
        self, xs: FloatArray, state: LSTMState | None = None, *, training: bool = False
    ) -> tuple[FloatArray, LSTMState]:
        """Read a sequence.

        Args:
            xs (N, T, D): inputs.
            state: hidden state and memory cell (h (N, H), c (N, H)) before the first step, or None for zeros.
            training: whether recurrent dropout is on, in the subclasses that have it.

        Returns:
            hs (N, T, H): the hidden state after every step, and the last state (h, c).

        Raises:
            ValueError: the shape of xs or of the state is wrong.
        """
        xs, (h, c) = check_inputs(xs, len(self.Wx.value)), first_states(state, xs, self.Wh.value)
        hs, self.caches = [], []
        for step, x in enumerate(xs.transpose(1, 0, 2)):
            h = self.drop(h, step)
            h, c, cache = lstm_step_forward(x, h, c, self.Wx.value, self.Wh.value, self.b.value)
            hs.append(h)
            self.caches.append(cache)
        return np.stack(hs, axis=1), (h, c)

    def backward(self, dhs: FloatArray, dstate: LSTMState | None = None) -> tuple[FloatArray, LSTMState]:
        """Backpropagate through time, and add to the gradients of the parameters.

        Args:
            dhs (N, T, H): gradient of the loss with respect to hs.
            dstate: gradients with respect to the last state (dh, dc), or None for zeros.

        Returns:
            dxs (N, T, D), and the gradients with respect to the first state (dh, dc).
        """
        caches = needs_forward(self, self.caches)
        check_shape(dhs, (len(caches[0][1]), len(caches), len(self.Wh.value)), "dhs")
        (dh, dc), dxs = first_states(dstate, dhs, self.Wh.value, "dstate"), []
        for step in reversed(range(len(caches))):
            dx, dh, dc, dWx, dWh, db = lstm_step_backward(dhs[:, step] + dh, dc, caches[step])
            dh = self.drop(dh, step)
            dxs.append(dx)
            self.Wx.grad += dWx
            self.Wh.grad += dWh
            self.b.grad += db
        return np.stack(dxs[::-1], axis=1), (dh, dc)

    def drop(self, h: FloatArray, step: int) -> FloatArray:
        """Return h_prev, or its gradient, under the mask of the step."""
        return h if self.masks is None else h * self.masks[step]


class VariationalLSTM(LSTM):
    """An LSTM with dropout on the recurrent path: one mask (N, H) for all steps, on h_prev inside h_prev Wh.

    Args:
        Wx (Param (D, 4H)), Wh (Param (H, 4H)), b (Param (4H,)): parameters, blocks in the order of ``LSTM_ORDER``.
        rate: P(drop), 0 <= rate < 1.
        rng: what the masks are drawn from.

    Raises:
        ValueError: the rate is out of range.

    Example:
        >>> from helpers.nn import Param, VariationalLSTM
        >>> Wx, Wh, b = (Param(np.ones(shape)) for shape in [(6, 28), (7, 28), (28,)])
        >>> layer = VariationalLSTM(Wx, Wh, b, 0.5, np.random.default_rng(0))
        >>> hs, (h, c) = layer.forward(np.ones((2, 5, 6)), training=True)
        >>> hs.shape, bool((layer.masks[0] == layer.masks[1]).all())
        ((2, 5, 7), True)

    Source: Gal & Ghahramani (2016), *A theoretically grounded application of dropout in recurrent neural networks*.
    """

    def __init__(self, Wx: Param, Wh: Param, b: Param, rate: float, rng: np.random.Generator) -> None:
        super().__init__(Wx, Wh, b)
        self.rate, self.rng = check_rate(rate), rng

    def forward(
        self, xs: FloatArray, state: LSTMState | None = None, *, training: bool = False
    ) -> tuple[FloatArray, LSTMState]:
        """Read a sequence, under a new mask if training; see `LSTM.forward`."""
        (N, T, _), H = check_inputs(xs, len(self.Wx.value)).shape, len(self.Wh.value)
        self.masks = self.draw_masks(T, N, H, xs.dtype) if training else None
        return super().forward(xs, state, training=training)

    def draw_masks(self, T: int, N: int, H: int, dtype: DTypeLike) -> FloatArray:
        """Draw one mask for each sequence, the same at every step."""
        return np.broadcast_to(dropout_mask((N, H), self.rate, self.rng, dtype), (T, N, H))


class StepDropoutLSTM(VariationalLSTM):
    """A `VariationalLSTM` with a new mask at every step, to compare with a shared mask.

    Example:
        >>> from helpers.nn import Param, StepDropoutLSTM
        >>> Wx, Wh, b = (Param(np.ones(shape)) for shape in [(6, 28), (7, 28), (28,)])
        >>> layer = StepDropoutLSTM(Wx, Wh, b, 0.5, np.random.default_rng(0))
        >>> hs, (h, c) = layer.forward(np.ones((2, 5, 6)), training=True)
        >>> hs.shape, bool((layer.masks[0] == layer.masks[1]).all())
        ((2, 5, 7), False)

    Source: Zaremba, Sutskever & Vinyals (2014), *Recurrent neural network regularization*, who advise against it.
    """

    def draw_masks(self, T: int, N: int, H: int, dtype: DTypeLike) -> FloatArray:
        """Draw one mask for each sequence and step."""
        return dropout_mask((T, N, H), self.rate, self.rng, dtype)


def first_state(state: FloatArray | None, xs: FloatArray, Wh: FloatArray, name: str = "state") -> FloatArray:
    """Return a state (N, H) after checking its shape; zeros for None."""
    shape = len(xs), len(Wh)
    return np.zeros_like(xs, shape=shape) if state is None else check_shape(state, shape, name)


def first_states(state: LSTMState | None, xs: FloatArray, Wh: FloatArray, name: str = "state") -> LSTMState:
    """Return an LSTM's state (h, c) after checking its form; zeros for None."""
    if state is None:
        return first_state(None, xs, Wh), first_state(None, xs, Wh)
    if not isinstance(state, (tuple, list)) or len(state) != 2:
        raise ValueError(f"The {name} of an LSTM is a pair (h, c), hidden state and memory cell.")
    h, c = state
    return first_state(h, xs, Wh, f"h of the {name}"), first_state(c, xs, Wh, f"c of the {name}")
