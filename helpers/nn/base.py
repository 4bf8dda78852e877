"""Parameters and layers: the protocol that the reference and a learner's own classes share."""

import inspect

import numpy as np

#: Order of the blocks along the last axis of an LSTM's fused arrays ``(…, 4H)``: forget gate, new memory, input gate,
#: output gate. The new memory ``g`` is content, not a gate: it goes through tanh, the other three through a sigmoid.
LSTM_ORDER = ("f", "g", "i", "o")

#: Order of the blocks of a GRU ``(…, 3H)``: update gate, reset gate, new state (Cho et al. 2014).
GRU_ORDER = ("z", "r", "n")


class Param:
    """A learned array with its gradient.

    The two arrays are updated in place and never replaced, so two layers that hold the same ``Param`` share it: this
    is how weights are tied.

    Args:
        value: the initial value; a floating-point array is used as it is, not copied.
        name: how messages and checkpoints refer to it.

    Raises:
        TypeError: the value is not a floating-point array.
    """

    __array_ufunc__ = None  # `xs @ param` stops with a TypeError that names Param, where `.value` was forgotten

    def __init__(self, value, name=""):
        value = np.asarray(value)
        if not np.issubdtype(value.dtype, np.floating):
            raise TypeError(f"Param {name!r}: expected floating-point values, got dtype {value.dtype}.")
        self._value = value
        self._grad = np.zeros_like(value)
        self.name = name

    @property
    def value(self):
        """The values, an array to change in place."""
        return self._value

    @value.setter
    def value(self, new):
        self._check_same_array("value", self._value, new, "`.value -= …` or `.value[...] = …`")

    @property
    def grad(self):
        """The gradient, an array of the same shape; a layer's ``backward`` adds to it."""
        return self._grad

    @grad.setter
    def grad(self, new):
        self._check_same_array("grad", self._grad, new, "`.grad += …`")

    def _check_same_array(self, what, current, new, how):
        # `param.grad += dW` also calls the setter, with the same array: that is allowed.
        if new is not current:
            raise AttributeError(
                f"Param {self.name!r}: `.{what} = …` would put another array in its place, which the other layers "
                f"that share the Param would not see. Change the array that is there: {how}."
            )

    def __repr__(self):
        return f"Param({self.name!r}, shape={self._value.shape}, dtype={self._value.dtype})"


class Layer:
    """Base class of every layer; it finds its own parameters.

    It searches its attributes, and the lists, tuples, dicts and layers inside them. Each ``Param`` is found once, by
    identity, however often it is used.
    """

    def parameters(self):
        """Return the layer's parameters, in the order of their first use, each once.

        Returns:
            list of Param
        """
        found = {}
        _walk(self, found, seen=set())
        return list(found.values())

    @property
    def recurrent(self):
        """Whether ``forward`` takes and returns a state."""
        return "state" in inspect.signature(self.forward).parameters

    def zero_grad(self):
        """Set every gradient to zero, in place."""
        for param in self.parameters():
            param.grad[...] = 0


def _walk(value, found, seen):
    if isinstance(value, Param):
        found.setdefault(id(value), value)
    elif id(value) not in seen and isinstance(value, (list, tuple, dict, Layer)):
        seen.add(id(value))
        if isinstance(value, Layer):
            value = _attributes(value)
        for inner in value.values() if isinstance(value, dict) else value:
            _walk(inner, found, seen)


def _attributes(layer):
    """Return a layer's attributes by name, including those in ``__slots__``."""
    slots = [getattr(kind, "__slots__", ()) for kind in type(layer).__mro__]
    names = [name for some in slots for name in ([some] if isinstance(some, str) else some)]
    return {name: getattr(layer, name, None) for name in names} | vars(layer)
