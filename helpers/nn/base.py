"""Parameters and layers: the protocol that the reference and a learner's own classes share."""

import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np

from helpers.arrays import AnyArray, FloatArray, IntArray

#: Order of the blocks along the last axis of an LSTM's fused arrays ``(…, 4H)``: forget gate, new memory, input gate,
#: output gate. The new memory ``g`` is content, not a gate: it goes through tanh, the other three through a sigmoid.
LSTM_ORDER = ("f", "g", "i", "o")

#: Order of the blocks of a GRU ``(…, 3H)``: update gate, reset gate, new state (Cho et al. 2014).
GRU_ORDER = ("z", "r", "n")

#: What a recurrent layer carries from one call to the next: h, (h, c), or a tuple with one such entry per layer of a
#: stack. Only the layer itself looks inside, and None means zeros.
State: TypeAlias = Any


class Param:
    """A learned array with its gradient.

    The two arrays are updated in place and never replaced, so two layers that hold the same ``Param`` share it: this
    is how weights are tied.

    Args:
        value: the initial value; a floating-point array is used as it is, not copied.
        name: how messages and checkpoints refer to it.

    Raises:
        TypeError: the value is not a floating-point array.

    Example:
        >>> from helpers.nn import Param
        >>> W = Param(np.ones((2, 3)), "W")
        >>> W.grad += 1
        >>> W.value -= 0.25 * W.grad
        >>> W, W.value[0].tolist()
        (Param('W', shape=(2, 3), dtype=float64), [0.75, 0.75, 0.75])
    """

    __array_ufunc__ = None  # `xs @ param` stops with a TypeError that names Param, where `.value` was forgotten

    def __init__(self, value: FloatArray, name: str = "") -> None:
        value = np.asarray(value, like=value) if hasattr(value, "__array_function__") else np.asarray(value)
        if not np.issubdtype(value.dtype, np.floating):
            raise TypeError(f"Param {name!r}: expected floating-point values, got dtype {value.dtype}.")
        self._value = value
        self._grad = np.zeros_like(value)
        self._grad_is_zero = True
        self.name = name

    @property
    def value(self) -> FloatArray:
        """The values, an array to change in place."""
        return self._value

    @value.setter
    def value(self, new: FloatArray) -> None:
        self._check_same_array("value", self._value, new, "`.value -= …` or `.value[...] = …`")

    @property
    def grad(self) -> FloatArray:
        """The gradient, an array of the same shape; a layer's ``backward`` adds to it."""
        self._grad_is_zero = False  # whoever has it may change it
        return self._grad

    @grad.setter
    def grad(self, new: FloatArray) -> None:
        self._check_same_array("grad", self._grad, new, "`.grad += …`")

    @property
    def grad_is_zero(self) -> bool:
        """Whether nobody has had `grad` since it was zero; then it may be overwritten, not added to."""
        return self._grad_is_zero

    def zero_grad(self) -> None:
        """Set the gradient to zero, in place."""
        self._grad[...] = 0
        self._grad_is_zero = True

    def _check_same_array(self, what: str, current: FloatArray, new: FloatArray, how: str) -> None:
        # `param.grad += dW` also calls the setter, with the same array: that is allowed.
        if new is not current:
            raise AttributeError(
                f"Param {self.name!r}: `.{what} = …` would put another array in its place, which the other layers "
                f"that share the Param would not see. Change the array that is there: {how}."
            )

    def __repr__(self) -> str:
        return f"Param({self.name!r}, shape={self._value.shape}, dtype={self._value.dtype})"


class Layer:
    """Base class of every layer; it finds its own parameters.

    It searches its attributes, and the lists, tuples, dicts and layers inside them. Each ``Param`` is found once, by
    identity, however often it is used.

    Example:
        >>> from helpers.nn import Layer, Param
        >>> class Scale(Layer):
        ...     def __init__(self, factor):
        ...         self.factor = factor
        >>> Scale(Param(np.ones(3), "factor")).parameters()
        [Param('factor', shape=(3,), dtype=float64)]
    """

    # A subclass has the two methods of `StatelessLayer` or of `RecurrentLayer`.
    forward: Callable[..., Any]
    backward: Callable[..., Any]

    def parameters(self) -> list[Param]:
        """Return the layer's parameters, in the order of their first use, each once."""
        found: dict[int, Param] = {}
        _walk(self, found, seen=set())
        return list(found.values())

    @property
    def recurrent(self) -> bool:
        """Whether ``forward`` takes and returns a state."""
        return "state" in inspect.signature(self.forward).parameters

    def zero_grad(self) -> None:
        """Set every gradient to zero, in place."""
        for param in self.parameters():
            param.zero_grad()


class StatelessLayer(Protocol):
    """A layer without a state, e.g. ``Affine``; an embedding's ``backward`` returns None, as ids have no gradient."""

    def forward(self, xs: AnyArray, /, *, training: bool = False) -> FloatArray:
        """Return the output ys (N, T, ·)."""

    def backward(self, dys: FloatArray, /) -> FloatArray:
        """Add to the gradients of the parameters; return dxs."""


class RecurrentLayer(Protocol):
    """A layer with a state, e.g. ``LSTM`` or ``Stacked``."""

    def forward(self, xs: AnyArray, state: State = None, /, *, training: bool = False) -> tuple[FloatArray, State]:
        """Return the output hs (N, T, ·), and the state after the last step."""

    def backward(self, dhs: FloatArray, dstate: State = None, /) -> tuple[FloatArray | None, State]:
        """Add to the gradients of the parameters; return dxs, and the gradient with respect to the first state."""


class Criterion(Protocol):
    """A loss function, e.g. ``SoftmaxCrossEntropy``."""

    def forward(self, logits: FloatArray, targets: IntArray, /) -> float:
        """Return the mean loss of the targets (N, T) under the logits (N, T, V)."""

    def backward(self) -> FloatArray:
        """Return the gradient of the loss with respect to the logits (N, T, V)."""


def _walk(value: object, found: dict[int, Param], seen: set[int]) -> None:
    if isinstance(value, Param):
        found[id(value)] = value
    elif id(value) not in seen and isinstance(value, (list, tuple, dict, Layer)):
        seen.add(id(value))
        if isinstance(value, Layer):
            value = _attributes(value)
        for inner in value.values() if isinstance(value, dict) else value:
            _walk(inner, found, seen)


def _attributes(layer: Layer) -> dict[str, object]:
    """Return a layer's attributes by name, including those in ``__slots__``."""
    slots = [getattr(kind, "__slots__", ()) for kind in type(layer).__mro__]
    names = [name for some in slots for name in ([some] if isinstance(some, str) else some)]
    return {name: getattr(layer, name, None) for name in names} | vars(layer)
