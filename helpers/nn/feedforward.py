"""Layers of a feed-forward n-gram model, to compare with recurrent ones: a window over the last words, and tanh."""

import numpy as np

from helpers.arrays import FloatArray
from helpers.nn.base import Layer
from helpers.nn.functional import tanh_backward
from helpers.nn.layers import check_shape, needs_forward


class WordWindow(Layer):
    """Concatenate the last `words` inputs: all that a feed-forward n-gram model sees, with words = n - 1.

    ys[:, step] = (xs[:, step - words + 1], …, xs[:, step]); the inputs before the T steps are the state.

    Args:
        words: the number of inputs, at least 1.

    Raises:
        ValueError: fewer than 1 word.

    Example:
        >>> from helpers.nn import WordWindow
        >>> ys, state = WordWindow(2).forward(np.array([[[1.0], [2.0], [3.0]]]))
        >>> ys.tolist(), state.tolist()
        ([[[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]], [[[3.0]]])

    Source: Bengio, Ducharme, Vincent & Jauvin (2003), *A neural probabilistic language model*.
    """

    def __init__(self, words: int) -> None:
        if words < 1:
            raise ValueError(f"A window holds at least 1 word: got {words}.")
        self.words = words
        self.width: int | None = None

    def forward(
        self, xs: FloatArray, state: FloatArray | None = None, *, training: bool = False
    ) -> tuple[FloatArray, FloatArray]:
        """Concatenate the inputs, the oldest first.

        Args:
            xs (N, T, D): inputs.
            state (N, words - 1, D): the inputs before them, or None for zeros.

        Returns:
            ys (N, T, words·D), and the state for the next call (N, words - 1, D).
        """
        N, T, D = xs.shape
        shape = N, self.words - 1, D
        before = np.zeros(shape, xs.dtype) if state is None else check_shape(state, shape, "state")
        joined = np.concatenate([before, xs], axis=1)
        self.width = D
        ys = np.concatenate([joined[:, back : back + T] for back in range(self.words)], axis=2)
        return ys, joined[:, T:].copy()

    def backward(self, dys: FloatArray, dstate: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Add up the gradients of all the windows that contain an input.

        Args:
            dys (N, T, words·D): gradient of the loss with respect to ys.
            dstate (N, words - 1, D): gradient with respect to the returned state, or None for zeros.

        Returns:
            dxs (N, T, D), and the gradient with respect to the first state (N, words - 1, D).
        """
        D = needs_forward(self, self.width)
        N, T, _ = dys.shape
        djoined = np.zeros((N, T + self.words - 1, D), dys.dtype)
        for back in range(self.words):
            djoined[:, back : back + T] += dys[:, :, back * D : (back + 1) * D]
        if dstate is not None:
            djoined[:, T:] += dstate
        return djoined[:, self.words - 1 :], djoined[:, : self.words - 1]


class Tanh(Layer):
    """ys = tanh(xs), element by element.

    Example:
        >>> from helpers.nn import Tanh
        >>> layer = Tanh()
        >>> layer.forward(np.zeros((1, 1, 2))).tolist(), layer.backward(np.ones((1, 1, 2))).tolist()
        ([[[0.0, 0.0]]], [[[1.0, 1.0]]])
    """

    ys: FloatArray | None = None  # the output, once forward has run

    def forward(self, xs: FloatArray, *, training: bool = False) -> FloatArray:
        """Apply tanh to every value of xs (N, T, D)."""
        self.ys = np.tanh(xs)
        return self.ys

    def backward(self, dys: FloatArray) -> FloatArray:
        """Multiply the gradient dys (N, T, D) by 1 - ys²."""
        return tanh_backward(dys, needs_forward(self, self.ys))
