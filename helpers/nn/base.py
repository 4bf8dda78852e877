"""Parameters and layers: the protocol that the reference and a learner's own classes share."""

import inspect

import numpy as np

#: Order of the blocks along the last axis of an LSTM's fused arrays ``(…, 4H)``: forget gate, new memory, input gate,
#: output gate. The new memory ``g`` is content, not a gate: it goes through tanh, the other three through a sigmoid.
LSTM_ORDER = ("f", "g", "i", "o")

#: Order of the blocks of a GRU ``(…, 3H)``: update gate, reset gate, new state (Cho et al. 2014).
GRU_ORDER = ("z", "r", "n")


class Param:
    """An array that is learned, with its gradient.

    The two arrays are updated in place and never replaced, so two layers that hold the same ``Param`` share it: this
    is how weights are tied.

    Args:
        value: the starting value, kept as it is if it already is a floating-point array.
        name: what a message or a checkpoint calls it.

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
        """The values, an array to be changed in place."""
        return self._value

    @value.setter
    def value(self, new):
        self._refuse_rebinding("value", self._value, new, "`.value -= …` or `.value[...] = …`")

    @property
    def grad(self):
        """The gradient, an array of the same shape; a layer's ``backward`` adds to it."""
        return self._grad

    @grad.setter
    def grad(self, new):
        self._refuse_rebinding("grad", self._grad, new, "`.grad += …`")

    def _refuse_rebinding(self, what, current, new, how):
        # `param.grad += dW` also comes through here, with the very same array: that is the use we want.
        if new is not current:
            raise AttributeError(
                f"Param {self.name!r}: `.{what} = …` would put another array in its place, which nobody who shares the "
                f"Param would see. Change the array that is there: {how}."
            )

    def __repr__(self):
        return f"Param({self.name!r}, shape={self._value.shape}, dtype={self._value.dtype})"


class Layer:
    """Base of every layer: it finds its own parameters.

    Parameters are looked for in the attributes, and inside lists, tuples, dicts and other layers; each ``Param`` is
    found once, by identity, however often it is used.
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


def _walk(thing, found, seen):
    if isinstance(thing, Param):
        found.setdefault(id(thing), thing)
    elif id(thing) not in seen and isinstance(thing, (list, tuple, dict, Layer)):
        seen.add(id(thing))
        if isinstance(thing, Layer):
            thing = _attributes(thing)
        for inner in thing.values() if isinstance(thing, dict) else thing:
            _walk(inner, found, seen)


def _attributes(layer):
    """Its attributes by name, those in ``__slots__`` as well."""
    slots = [getattr(kind, "__slots__", ()) for kind in type(layer).__mro__]
    names = [name for some in slots for name in ([some] if isinstance(some, str) else some)]
    return {name: getattr(layer, name, None) for name in names} | vars(layer)
