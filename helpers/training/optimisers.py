"""Optimisers: they update the values of the parameters in place, one cache-sized block at a time."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from helpers.arrays import AnyArray, FloatArray
from helpers.nn import Param
from helpers.nn.fast import row_blocks
from helpers.training.clipping import BLOCK, clip_factor, global_norm


def sgd_step(params: Iterable[Param], learning_rate: float) -> None:
    """One step of gradient descent, in place.

    value ← value - learning_rate · grad
    """
    for param in params:
        param.value[...] -= learning_rate * param.grad


def add_weight_decay(params: Iterable[Param], strength: float) -> float:
    """Add the gradient of a penalty on large weights to the gradients.

    penalty = ½ · strength · Σ value²,  grad ← grad + strength · value

    Args:
        params: each is counted once; leave the biases out.
        strength: weight of the penalty.

    Returns:
        the penalty, to be added to the loss

    Source: Krogh & Hertz (1991), *A simple weight decay can improve generalization*.
    """
    params = list(dict.fromkeys(params))
    for param in params:
        param.grad[...] += strength * param.value
    return 0.5 * strength * global_norm([param.value for param in params]) ** 2


class _Optimiser:
    """What the optimisers share: the parameters, each once, a scratch block, and saving their state."""

    def __init__(self, params: Iterable[Param]) -> None:
        self.params = list(dict.fromkeys(params))
        if not self.params:
            raise ValueError("An optimiser needs at least one parameter.")
        values = [param.value for param in self.params]
        size = max(value[block].size for value in values for block in row_blocks(value, BLOCK))
        self._scratch = np.empty_like(values[0], shape=size, dtype=np.result_type(*(value.dtype for value in values)))

    def step(self, learning_rate: float, max_norm: float | None = None) -> float:
        """Update every value with its gradient, clipped by global norm; the gradients are not changed.

        Args:
            learning_rate: size of the step.
            max_norm: the largest global norm, or None for no clipping.

        Returns:
            the global norm before clipping

        Raises:
            ValueError: `max_norm` is not a positive number.
            FloatingPointError: the norm is infinite or NaN; nothing is changed.
        """
        norm = global_norm([param.grad for param in self.params])
        self._update(learning_rate, clip_factor(norm, max_norm))
        return norm

    def state_dict(self) -> dict[str, AnyArray]:
        """Return what a checkpoint has to keep, a dict of copied arrays; empty for SGD."""
        return {name: array.copy() for name, array in self._state().items()}

    def load_state_dict(self, state: Mapping[str, AnyArray]) -> None:
        """Restore, bit for bit, what `state_dict` returned.

        Raises:
            ValueError: it belongs to another optimiser or to other parameters.
        """
        own = self._state()
        if {name: np.shape(array) for name, array in state.items()} != {name: a.shape for name, a in own.items()}:
            raise ValueError("This state belongs to another optimiser or other parameters: names or shapes differ.")
        for name, array in own.items():
            array[...] = np.asarray(state[name], like=array)

    def _update(self, learning_rate: float, factor: float) -> None:
        raise NotImplementedError

    def _state(self) -> dict[str, AnyArray]:
        return {}

    def _block_like(self, values: FloatArray) -> FloatArray:
        return self._scratch[: values.size].reshape(values.shape)


class SGD(_Optimiser):
    """Stochastic gradient descent with clipping folded into the update.

    value ← value - learning_rate · factor · grad

    Example:
        >>> from helpers.nn import Param
        >>> from helpers.training import SGD
        >>> W = Param(np.ones(2))
        >>> W.grad[...] = [3, 4]
        >>> SGD([W]).step(0.5, max_norm=2.5), W.value.tolist()
        (5.0, [0.25, 0.0])
    """

    def _update(self, learning_rate: float, factor: float) -> None:
        for param in self.params:
            for block in row_blocks(param.value, BLOCK):
                value = param.value[block]
                value -= np.multiply(param.grad[block], learning_rate * factor, out=self._block_like(value))


class Adam(_Optimiser):
    """Adam: each value's step is scaled by running means of its gradient and of that gradient's square.

    m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  value ← value - lr · m̂ / (sqrt(v̂) + ε)

    with m̂ = m / (1 - β₁ⁿ) and v̂ = v / (1 - β₂ⁿ) at the n-th step.

    Args:
        params: of the model; one that is there twice is updated once.
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

    def __init__(
        self, params: Iterable[Param], beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        super().__init__(params)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.steps = np.array(0)
        self.means = [np.zeros_like(param.value) for param in self.params]
        self.squares = [np.zeros_like(param.value) for param in self.params]

    def _update(self, learning_rate: float, factor: float) -> None:
        self.steps += 1
        steps = int(self.steps)
        root = math.sqrt(1 - self.beta2**steps)
        rate = learning_rate * root / (1 - self.beta1**steps)
        for param, means, squares in zip(self.params, self.means, self.squares):
            for block in row_blocks(param.value, BLOCK):
                value, grad = param.value[block], param.grad[block]
                self._update_block(value, grad, means[block], squares[block], rate, root, factor)

    def _update_block(
        self,
        value: FloatArray,
        grad: FloatArray,
        mean: FloatArray,
        square: FloatArray,
        rate: float,
        root: float,
        factor: float,
    ) -> None:
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

    def _state(self) -> dict[str, AnyArray]:
        means = {f"means{number}": array for number, array in enumerate(self.means)}
        squares = {f"squares{number}": array for number, array in enumerate(self.squares)}
        return {"steps": self.steps, **means, **squares}
