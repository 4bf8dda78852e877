"""Functions on arrays: activations, softmax, sampling a word, and dropout masks."""

import numpy as np


def sigmoid(a):
    """The logistic function, without overflow however large the argument.

    σ(a) = 1 / (1 + exp(-a)) = (1 + tanh(a / 2)) / 2

    Args:
        a (any shape): where to evaluate it.

    Returns:
        y (same shape and dtype): values in 0..1.
    """
    return 0.5 * (1 + np.tanh(0.5 * a))


def tanh_backward(dout, y):
    """Backward through y = tanh(a), from the output alone.

    dx = dout ⊙ (1 - y²)

    Args:
        dout (any shape): gradient of the loss with respect to y.
        y (same shape): what the tanh returned.

    Returns:
        dx (same shape): gradient of the loss with respect to the argument of the tanh.
    """
    return dout * (1 - y**2)


def softmax(logits):
    """Turn scores into probabilities along the last axis.

    pᵥ = exp(xᵥ - max x) / Σ exp(x - max x)

    Args:
        logits (…, V): scores.

    Returns:
        probabilities (…, V): positive, summing to 1 along the last axis.
    """
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def log_softmax(logits):
    """The logarithm of `softmax`, exact where the probability itself would underflow to 0.

    log pᵥ = xᵥ - max x - log Σ exp(x - max x)

    Args:
        logits (…, V): scores.

    Returns:
        log-probabilities (…, V) [nats].
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def sample_next(logits, temperature, rng):
    """Draw the next word from softmax(logits / temperature).

    word = argmax(logits + temperature · ε), with ε drawn from the standard Gumbel distribution

    This is equivalent to drawing from the softmax (the Gumbel-max trick) and never divides by the temperature, so at 0
    it returns the most likely word.

    Args:
        logits (V,): scores of the words.
        temperature: 1 samples from the model's own distribution, a lower one favours likely words, 0 always takes the
            most likely one.
        rng: a ``numpy.random.Generator``.

    Returns:
        the word's id, an int.

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


def dropout_mask(shape, rate, rng, dtype):
    """Draw an inverted dropout mask: 0 with probability `rate`, else 1 / (1 - rate), so that its mean is 1.

    Args:
        shape: of the mask.
        rate: P(drop), 0 <= rate < 1.
        rng: a ``numpy.random.Generator``.
        dtype: of the mask; the draw itself does not depend on it.

    Returns:
        mask (shape)

    Source: Srivastava et al. (2014), *Dropout: a simple way to prevent neural networks from overfitting*.
    """
    return np.divide(rng.random(shape, dtype=np.float32) >= rate, 1 - rate, dtype=dtype)
