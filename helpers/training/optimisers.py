"""Optimisers: they change the values of the parameters in place, a cache-sized block at a time."""

import math

import numpy as np

from helpers.training.clipping import BLOCK, clip_factor, global_norm, row_blocks


def sgd_step(params, learning_rate):
    """One step of gradient descent, in place.

    value ← value - learning_rate · grad

    Args:
        params: Params.
        learning_rate: how far to go.
    """
    for param in params:
        param.value[...] -= learning_rate * param.grad


def add_weight_decay(params, strength):
    """Add the gradient of a penalty on large weights to the gradients.

    penalty = ½ · strength · Σ value²,  grad ← grad + strength · value

    Args:
        params: Params, each counted once; the caller leaves biases out.
        strength: of the penalty.

    Returns:
        the penalty, a float, to be added to the loss.

    Source: Krogh & Hertz (1991), *A simple weight decay can improve generalization*.
    """
    params = list(dict.fromkeys(params))
    for param in params:
        param.grad[...] += strength * param.value
    return 0.5 * strength * global_norm([param.value for param in params]) ** 2


class _Optimiser:
    """What the optimisers share: the parameters, each once, and a scratch block to work in."""

    def __init__(self, params):
        self.params = list(dict.fromkeys(params))
        if not self.params:
            raise ValueError("An optimiser needs at least one parameter.")
        dtype = np.result_type(*(param.value.dtype for param in self.params))
        row = max(param.value[:1].size for param in self.params)
        self._scratch = np.empty(max(BLOCK, row), dtype)

    def step(self, learning_rate, max_norm=None):
        """Change every value by its gradient, clipped by global norm; the gradients are left as they are.

        Args:
            learning_rate: how far to go.
            max_norm: the largest global norm, or None for no clipping.

        Returns:
            the global norm before clipping, a float.

        Raises:
            ValueError: `max_norm` is not a positive number.
            FloatingPointError: the norm is infinite or NaN; nothing is changed.
        """
        norm = global_norm([param.grad for param in self.params])
        self._update(learning_rate, clip_factor(norm, max_norm))
        return norm

    def _block_like(self, values):
        return self._scratch[: values.size].reshape(values.shape)


class SGD(_Optimiser):
    """Stochastic gradient descent with clipping folded into the update.

    value ← value - learning_rate · factor · grad

    Args:
        params: Params, each taken once.

    Example:
        >>> from helpers.nn import Param
        >>> from helpers.training import SGD
        >>> W = Param(np.ones(2))
        >>> W.grad[...] = [3, 4]
        >>> SGD([W]).step(0.5, max_norm=2.5), W.value.tolist()
        (5.0, [0.25, 0.0])
    """

    def _update(self, learning_rate, factor):
        for param in self.params:
            for block in row_blocks(param.value):
                value = param.value[block]
                value -= np.multiply(param.grad[block], learning_rate * factor, out=self._block_like(value))

    def state_dict(self):
        """Return what a checkpoint has to keep: nothing."""
        return {}

    def load_state_dict(self, state):
        """Take up a state again: nothing to take up."""
        if state:
            raise ValueError(f"SGD keeps no state, but was given {', '.join(sorted(state))}.")


class Adam(_Optimiser):
    """Adam: each value's step is scaled by running means of its gradient and of the gradient's square.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  value ← value - lr · m̂ / (sqrt(v̂) + ε)

    with m̂ = m / (1 - β₁ⁿ) and v̂ = v / (1 - β₂ⁿ) at the n-th step.

    Args:
        params: Params, each taken once.
        beta1, beta2: how slowly the two means forget.
        epsilon: keeps the division finite.

    Example:
        >>> from helpers.nn import Param
        >>> from helpers.training import Adam
        >>> W = Param(np.ones(2))
        >>> W.grad[...] = [3, -4]
        >>> Adam([W]).step(0.5), W.value.round(4).tolist()
        (5.0, [0.5, 1.5])

    Source: Kingma & Ba (2015), *Adam: a method for stochastic optimization*.
    """

    def __init__(self, params, beta1=0.9, beta2=0.999, epsilon=1e-8):
        super().__init__(params)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.steps = 0
        self.means = [np.zeros_like(param.value) for param in self.params]
        self.squares = [np.zeros_like(param.value) for param in self.params]

    def _update(self, learning_rate, factor):
        self.steps += 1
        root = math.sqrt(1 - self.beta2**self.steps)
        rate = learning_rate * root / (1 - self.beta1**self.steps)
        for param, means, squares in zip(self.params, self.means, self.squares):
            for block in row_blocks(param.value):
                arrays = (array[block] for array in (param.value, param.grad, means, squares))
                self._update_block(*arrays, rate, root, factor)

    def _update_block(self, value, grad, mean, square, rate, root, factor):
        scratch = self._block_like(value)
        mean *= self.beta1
        mean += np.multiply(grad, (1 - self.beta1) * factor, out=scratch)
        square *= self.beta2
        np.multiply(grad, factor * math.sqrt(1 - self.beta2), out=scratch)
        square += np.multiply(scratch, scratch, out=scratch)
        # both bias corrections as one rate: lr · m̂ / (sqrt(v̂) + ε) = rate · m / (sqrt(v) + root · ε)
        np.sqrt(square, out=scratch)
        scratch += root * self.epsilon
        np.divide(mean, scratch, out=scratch)
        scratch *= rate
        value -= scratch

    def state_dict(self):
        """Return what a checkpoint has to keep, a dict of arrays of their own."""
        arrays = {"steps": np.array(self.steps)}
        for number, (means, squares) in enumerate(zip(self.means, self.squares)):
            arrays[f"means{number}"], arrays[f"squares{number}"] = means.copy(), squares.copy()
        return arrays

    def load_state_dict(self, state):
        """Take up a state again, bit for bit.

        Args:
            state: what `state_dict` returned.

        Raises:
            ValueError: it belongs to other parameters.
        """
        own = self.state_dict()
        shapes = {name: np.shape(array) for name, array in state.items()}
        if shapes != {name: array.shape for name, array in own.items()}:
            raise ValueError("This state of Adam belongs to other parameters: its names or shapes differ.")
        self.steps = int(state["steps"])
        for number, (means, squares) in enumerate(zip(self.means, self.squares)):
            means[...], squares[...] = state[f"means{number}"], state[f"squares{number}"]
