"""One step of a recurrent layer, forward and backward, written to be read beside the equations.

Throughout, x is (N, D), states are (N, H), and a gradient is named after its variable: ``dWx`` is ∂loss/∂Wx.
"""

from typing import TypeAlias

import numpy as np

from helpers.arrays import FloatArray
from helpers.nn.functional import sigmoid, tanh_backward

#: What a forward step stores for its backward step: arrays in a fixed order.
Cache: TypeAlias = tuple[FloatArray, ...]

#: dx (N, D), dh_prev (N, H), dWx, dWh and db of a layer whose state is h alone.
StepGradients: TypeAlias = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]

# --- RNN -------------------------------------------------------------------------------------------------------------


def rnn_step_forward(
    x: FloatArray, h_prev: FloatArray, Wx: FloatArray, Wh: FloatArray, b: FloatArray
) -> tuple[FloatArray, Cache]:
    """One step of the simple RNN.

    h_next = tanh(x Wx + h_prev Wh + b)

    Args:
        x (N, D): input.
        h_prev (N, H): previous hidden state.
        Wx (D, H), Wh (H, H), b (H,): parameters.

    Returns:
        h_next (N, H), and the cache (x, h_prev, Wx, Wh, h_next)

    Example:
        >>> from helpers.nn import rnn_step_forward
        >>> x, h_prev, Wx, Wh, b = (np.ones(shape) for shape in [(2, 6), (2, 7), (6, 7), (7, 7), (7,)])
        >>> h_next, cache = rnn_step_forward(x, h_prev, Wx, Wh, b)
        >>> h_next.shape, len(cache)
        ((2, 7), 5)

    Source: Elman (1990), *Finding structure in time*.
    """
    h_next: FloatArray = np.tanh(x @ Wx + h_prev @ Wh + b)
    return h_next, (x, h_prev, Wx, Wh, h_next)


def rnn_step_backward(dh_next: FloatArray, cache: Cache) -> StepGradients:
    """Backward through one step of the simple RNN.

    da = dh_next ⊙ (1 - h_next²), with a = x Wx + h_prev Wh + b

    Args:
        dh_next (N, H): gradient of the loss with respect to h_next.
        cache: returned by `rnn_step_forward`.

    Returns:
        dx (N, D), dh_prev (N, H), dWx (D, H), dWh (H, H), db (H,)

    Example:
        >>> from helpers.nn import rnn_step_backward, rnn_step_forward
        >>> arrays = [np.ones(shape) for shape in [(2, 6), (2, 7), (6, 7), (7, 7), (7,)]]
        >>> h_next, cache = rnn_step_forward(*arrays)
        >>> [gradient.shape for gradient in rnn_step_backward(np.ones((2, 7)), cache)]
        [(2, 6), (2, 7), (6, 7), (7, 7), (7,)]

    Source: Werbos (1990), *Backpropagation through time: what it does and how to do it*.
    """
    x, h_prev, Wx, Wh, h_next = cache
    da = tanh_backward(dh_next, h_next)
    return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)


# --- LSTM, gate by gate ----------------------------------------------------------------------------------------------


def output_gate(
    x: FloatArray, h_prev: FloatArray, c_next: FloatArray, Wx: FloatArray, Wh: FloatArray, b: FloatArray
) -> FloatArray:
    """Let the output gate decide how much of each memory cell the next step sees.

    o = σ(x Wx + h_prev Wh + b),  h_next = o ⊙ tanh(c_next)

    Args:
        x (N, D), h_prev (N, H): input, and previous hidden state.
        c_next (N, H): the new memory cell.
        Wx (D, H), Wh (H, H), b (H,): the gate's own parameters.

    Returns:
        h_next (N, H): the new hidden state.

    Source: Hochreiter & Schmidhuber (1997), *Long short-term memory*.
    """
    a = x @ Wx + h_prev @ Wh + b
    o = sigmoid(a)
    h_next: FloatArray = o * np.tanh(c_next)
    return h_next


def forget_gate(
    x: FloatArray, h_prev: FloatArray, c_prev: FloatArray, Wx: FloatArray, Wh: FloatArray, b: FloatArray
) -> FloatArray:
    """Let the forget gate decide how much of each memory cell stays.

    f = σ(x Wx + h_prev Wh + b),  c = f ⊙ c_prev

    Args:
        x (N, D), h_prev (N, H): input, and previous hidden state.
        c_prev (N, H): previous memory cell.
        Wx (D, H), Wh (H, H), b (H,): the gate's own parameters.

    Returns:
        c (N, H): the part of the memory that stays.

    Source: Gers, Schmidhuber & Cummins (2000), *Learning to forget*.
    """
    a = x @ Wx + h_prev @ Wh + b
    f = sigmoid(a)
    c = f * c_prev
    return c


def new_memory(
    x: FloatArray, h_prev: FloatArray, c: FloatArray, Wx: FloatArray, Wh: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Add new content to the memory (the candidate cell state): not a gate, its values lie in -1..1 and have a sign.

    g = tanh(x Wx + h_prev Wh + b),  c_next = c + g

    Args:
        x (N, D), h_prev (N, H): input, and previous hidden state.
        c (N, H): the memory cell after the forget gate.
        Wx (D, H), Wh (H, H), b (H,): parameters of the new memory.

    Returns:
        c_next (N, H), g (N, H)
    """
    g: FloatArray = np.tanh(x @ Wx + h_prev @ Wh + b)
    return c + g, g


def input_gate(
    x: FloatArray, h_prev: FloatArray, g: FloatArray, Wx: FloatArray, Wh: FloatArray, b: FloatArray
) -> FloatArray:
    """Let the input gate decide how much of the new memory is worth adding.

    i = σ(x Wx + h_prev Wh + b),  gated = i ⊙ g

    Args:
        x (N, D), h_prev (N, H): input, and previous hidden state.
        g (N, H): the new memory.
        Wx (D, H), Wh (H, H), b (H,): the gate's own parameters.

    Returns:
        gated (N, H): what is added to the memory cell.
    """
    a = x @ Wx + h_prev @ Wh + b
    i = sigmoid(a)
    gated = i * g
    return gated


# --- LSTM, fused -----------------------------------------------------------------------------------------------------


def lstm_step_forward(
    x: FloatArray, h_prev: FloatArray, c_prev: FloatArray, Wx: FloatArray, Wh: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray, Cache]:
    """One step of the LSTM, its four blocks in one product, in the order of ``LSTM_ORDER``.

    A = x Wx + h_prev Wh + b,  c_next = f ⊙ c_prev + g ⊙ i,  h_next = o ⊙ tanh(c_next)

    Args:
        x (N, D): input.
        h_prev (N, H), c_prev (N, H): previous hidden state and memory cell.
        Wx (D, 4H), Wh (H, 4H), b (4H,): parameters.

    Returns:
        h_next (N, H), c_next (N, H), and the cache (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next)

    Example:
        >>> from helpers.nn import lstm_step_forward
        >>> arrays = [np.ones(shape) for shape in [(2, 6), (2, 7), (2, 7), (6, 28), (7, 28), (28,)]]
        >>> h_next, c_next, cache = lstm_step_forward(*arrays)
        >>> h_next.shape, c_next.shape, len(cache)
        ((2, 7), (2, 7), 10)

    Source: Gers, Schmidhuber & Cummins (2000), *Learning to forget*.
    """
    A: FloatArray = x @ Wx + h_prev @ Wh + b
    f, g, i, o = np.split(A, 4, axis=1)
    f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
    c_next = f * c_prev + g * i
    h_next = o * np.tanh(c_next)
    return h_next, c_next, (x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next)


def memory_backward(
    dc_next: FloatArray, f: FloatArray, g: FloatArray, i: FloatArray, c_prev: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Backward through c_next = f ⊙ c_prev + g ⊙ i: a sum passes the gradient on, a product scales it by the other.

    Args:
        dc_next (N, H): gradient of the loss with respect to c_next.
        f (N, H), g (N, H), i (N, H), c_prev (N, H): the values that c_next was computed from.

    Returns:
        dc_prev (N, H), df (N, H), dg (N, H), di (N, H)
    """
    return dc_next * f, dc_next * c_prev, dc_next * i, dc_next * g


def gates_backward(
    df: FloatArray,
    dg: FloatArray,
    di: FloatArray,
    do: FloatArray,
    f: FloatArray,
    g: FloatArray,
    i: FloatArray,
    o: FloatArray,
) -> FloatArray:
    """Backward through the activations, from their outputs alone.

    dA = (df ⊙ f(1 - f), dg ⊙ (1 - g²), di ⊙ i(1 - i), do ⊙ o(1 - o)), side by side

    Args:
        df (N, H), dg (N, H), di (N, H), do (N, H): gradients with respect to the gates and the new memory.
        f (N, H), g (N, H), i (N, H), o (N, H): their values.

    Returns:
        dA (N, 4H): gradient with respect to the fused block before the activations.
    """
    return np.hstack([df * f * (1 - f), tanh_backward(dg, g), di * i * (1 - i), do * o * (1 - o)])


def lstm_step_backward(
    dh_next: FloatArray, dc_next: FloatArray, cache: Cache
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Backward through one step of the LSTM.

    The gradient reaches the memory by two paths that add up: directly from the next step, and through
    h_next = o ⊙ tanh(c_next).

    Args:
        dh_next (N, H), dc_next (N, H): gradients of the loss with respect to h_next and c_next.
        cache: returned by `lstm_step_forward`.

    Returns:
        dx (N, D), dh_prev (N, H), dc_prev (N, H), dWx (D, 4H), dWh (H, 4H), db (4H,)

    Example:
        >>> from helpers.nn import lstm_step_backward, lstm_step_forward
        >>> arrays = [np.ones(shape) for shape in [(2, 6), (2, 7), (2, 7), (6, 28), (7, 28), (28,)]]
        >>> h_next, c_next, cache = lstm_step_forward(*arrays)
        >>> [gradient.shape for gradient in lstm_step_backward(np.ones((2, 7)), np.ones((2, 7)), cache)]
        [(2, 6), (2, 7), (2, 7), (6, 28), (7, 28), (28,)]
    """
    x, h_prev, c_prev, Wx, Wh, f, g, i, o, c_next = cache
    tanh_c = np.tanh(c_next)
    dc_next = dc_next + tanh_backward(dh_next * o, tanh_c)
    dc_prev, df, dg, di = memory_backward(dc_next, f, g, i, c_prev)
    dA = gates_backward(df, dg, di, dh_next * tanh_c, f, g, i, o)
    return dA @ Wx.T, dA @ Wh.T, dc_prev, x.T @ dA, h_prev.T @ dA, dA.sum(axis=0)


# --- GRU -------------------------------------------------------------------------------------------------------------


def gru_step_forward(
    x: FloatArray, h_prev: FloatArray, Wx: FloatArray, Wh: FloatArray, b: FloatArray
) -> tuple[FloatArray, Cache]:
    """One step of the GRU, its blocks in the order of ``GRU_ORDER``, the reset gate before the product.

    z, r = σ(x Wx + h_prev Wh + b),  n = tanh(x Wxn + (r ⊙ h_prev) Whn + bn),  h_next = (1 - z) ⊙ h_prev + z ⊙ n

    PyTorch resets after the product instead, and its z is 1 - z here.

    Args:
        x (N, D): input.
        h_prev (N, H): previous hidden state.
        Wx (D, 3H), Wh (H, 3H), b (3H,): parameters.

    Returns:
        h_next (N, H), and the cache (x, h_prev, Wx, Wh, z, r, n)

    Source: Cho et al. (2014), *Learning phrase representations using RNN encoder-decoder*.
    """
    H = h_prev.shape[1]
    A = x @ Wx + b
    z, r = np.split(sigmoid(A[:, : 2 * H] + h_prev @ Wh[:, : 2 * H]), 2, axis=1)
    n = np.tanh(A[:, 2 * H :] + (r * h_prev) @ Wh[:, 2 * H :])
    h_next = (1 - z) * h_prev + z * n
    return h_next, (x, h_prev, Wx, Wh, z, r, n)


def gru_step_backward(dh_next: FloatArray, cache: Cache) -> StepGradients:
    """Backward through one step of the GRU.

    The gradient reaches h_prev by three paths: directly (1 - z), through the reset (r), and through both gates.

    Args:
        dh_next (N, H): gradient of the loss with respect to h_next.
        cache: returned by `gru_step_forward`.

    Returns:
        dx (N, D), dh_prev (N, H), dWx (D, 3H), dWh (H, 3H), db (3H,)
    """
    x, h_prev, Wx, Wh, z, r, n = cache
    H = h_prev.shape[1]
    Whzr, Whn = Wh[:, : 2 * H], Wh[:, 2 * H :]
    dan = tanh_backward(dh_next * z, n)
    dreset = dan @ Whn.T  # with respect to r ⊙ h_prev
    daz = dh_next * (n - h_prev) * z * (1 - z)
    dar = dreset * h_prev * r * (1 - r)
    dzr = np.hstack([daz, dar])
    dA = np.hstack([dzr, dan])
    dh_prev = dh_next * (1 - z) + dreset * r + dzr @ Whzr.T
    dWh = np.hstack([h_prev.T @ dzr, (r * h_prev).T @ dan])
    return dA @ Wx.T, dh_prev, x.T @ dA, dWh, dA.sum(axis=0)
