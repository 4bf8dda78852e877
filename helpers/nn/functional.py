"""Functions on arrays: activations, softmax, sampling a word, and dropout masks."""

import numpy as np
from numpy.typing import DTypeLike

from helpers.arrays import FloatArray


def sigmoid(a: FloatArray) -> FloatArray:
    """The logistic function, without overflow however large the argument.

    σ(a) = 1 / (1 + exp(-a)) = (1 + tanh(a / 2)) / 2

    Args:
        a (any shape): where to evaluate it.

    Returns:
        y (same shape and dtype): values in 0..1.

    Example:
        >>> from helpers.nn import sigmoid
        >>> sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist()
        [0.0, 0.5, 1.0]
    """
    y: FloatArray = 0.5 * (1 + np.tanh(0.5 * a))
    return y


def tanh_backward(dout: FloatArray, y: FloatArray) -> FloatArray:
    """Backward through y = tanh(a), from the output alone.

    dx = dout ⊙ (1 - y²)

    Args:
        dout (any shape): gradient of the loss with respect to y.
        y (same shape): what the tanh returned.

    Returns:
        dx (same shape): gradient of the loss with respect to the argument of the tanh.

    Example:
        >>> from helpers.nn import tanh_backward
        >>> tanh_backward(np.ones(3), np.array([-0.5, 0.0, 1.0])).tolist()
        [0.75, 1.0, 0.0]
    """
    return dout * (1 - y**2)


def softmax(logits: FloatArray) -> FloatArray:
    """Turn scores into probabilities along the last axis.

    pᵥ = exp(xᵥ - max x) / Σ exp(x - max x)

    Args:
        logits (…, V): scores.

    Returns:
        probabilities (…, V): positive, summing to 1 along the last axis.
    """
    powers: FloatArray = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: FloatArray = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def log_softmax(logits: FloatArray) -> FloatArray:
    """The logarithm of `softmax`, exact where the probability itself would underflow to 0.

    log pᵥ = xᵥ - max x - log Σ exp(x - max x)

    Args:
        logits (…, V): scores.

    Returns:
        log-probabilities (…, V) [nats].
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probs: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_probs


def sample_next(logits: FloatArray, temperature: float, rng: np.random.Generator) -> int:
    """Draw the id of the next word from softmax(logits / temperature).

    word = argmax(logits + temperature · ε), with ε drawn from the standard Gumbel distribution

    This is equivalent to drawing from the softmax (the Gumbel-max trick) and never divides by the temperature, so at 0
    it returns the most likely word.

    Args:
        logits (V,): scores of the words.
        temperature: 1 samples from the model's own distribution, a lower one favours likely words, 0 always takes the
            most likely one.

    Raises:
        ValueError: the logits are not one row of numbers, or the temperature is negative or infinite.

    Source: Gumbel (1954); Maddison, Tarlow & Minka (2014), *A\\* sampling*.
    """
    logits = np.asarray(logits)
    if logits.ndim != 1 or logits.size == 0 or np.isnan(logits).any():
        raise ValueError(f"sample_next needs one row of scores (V,) without NaN: got shape {logits.shape}.")
    if not 0 <= temperature < np.inf:
        raise ValueError(f"The temperature must be 0 or more, and finite: got {temperature}.")
    return int(np.argmax(logits + temperature * rng.gumbel(size=logits.shape)))


def dropout_mask(shape: tuple[int, ...], rate: float, rng: np.random.Generator, dtype: DTypeLike) -> FloatArray:
    """Draw an inverted dropout mask: 0 with probability `rate`, else 1 / (1 - rate), so that its mean is 1.

    Args:
        shape: of the mask.
        rate: P(drop), 0 <= rate < 1.
        rng: what it is drawn from.
        dtype: of the mask; the draw itself does not depend on it.

    Source: Srivastava et al. (2014), *Dropout: a simple way to prevent neural networks from overfitting*.
    """
    mask: FloatArray = np.divide(rng.random(shape, dtype=np.float32) >= rate, 1 - rate, dtype=dtype)
    return mask
