"""What stands on one side for a function, a class or an object of the other: using it asks the other side."""

import inspect

from helpers.nn.base import Layer

#: How many items one iterator of the other side may give.
LONGEST = 10_000


class Remote:
    """An object of the other side."""

    def __init__(self, peer, number, params):
        # The Params of a layer are among the attributes, where `Layer.parameters` looks for them.
        self._peer, self._number, self._params = peer, number, params

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self._peer.fetch(self._number, name)


class RemoteFunction(Remote):
    """A function of the other side."""

    def __call__(self, *args, **kwargs):
        return self._peer.call(self._number, None, args, kwargs)


class RemoteIterator(Remote):
    """An iterator of the other side, which may not go on for ever."""

    def __iter__(self):
        for _ in range(LONGEST):
            try:
                yield self._peer.call(self._number, "__next__", (), {})
            except StopIteration:
                return
        raise RuntimeError(f"it still went on after {LONGEST:,} items")


class RemoteLayer(Remote, Layer):
    """A layer of the other side."""

    def forward(self, *args, **kwargs):
        """Ask the other side; what is passed on is what was given, and nothing more."""
        return self._peer.call(self._number, "forward", args, kwargs)

    def backward(self, *args, **kwargs):
        """Ask the other side."""
        return self._peer.call(self._number, "backward", args, kwargs)

    def parameters(self):
        """Ask the other side."""
        return self._peer.call(self._number, "parameters", (), {})


class RemoteRecurrentLayer(RemoteLayer):
    """A layer of the other side that takes and returns a state."""

    def forward(self, *args, **kwargs):
        """Ask the other side; what is passed on is what was given, and nothing more."""
        return self._peer.call(self._number, "forward", args, kwargs)


class RemoteClass(type):
    """A class of the other side: calling it makes an object there, and gives what stands for it here."""

    def __call__(cls, *args, **kwargs):
        return cls._peer.call(cls._number, None, args, kwargs)


# Whether a layer is recurrent is read off the signature of its forward.
RemoteLayer.forward.__signature__ = inspect.signature(lambda self, xs, *, training=False: None)
RemoteRecurrentLayer.forward.__signature__ = inspect.signature(lambda self, xs, state=None, *, training=False: None)

_KINDS = {
    "function": RemoteFunction,
    "object": Remote,
    "iterator": RemoteIterator,
    "layer": RemoteLayer,
    "recurrent layer": RemoteRecurrentLayer,
}


def describe(thing):
    """Return what the other side is told of a thing: its kind, its name, and of a class whether it is one of layers."""
    name = getattr(thing, "__name__", type(thing).__name__)
    is_layer = inspect.isclass(thing) and issubclass(thing, Layer)
    return {"kind": _kind(thing), "name": str(name), "is_layer": is_layer}


def stand_in(peer, told, params):
    """Return what stands for a thing of the other side.

    Args:
        peer: this side.
        told: its number, and what `describe` said.
        params: those of a layer.
    """
    name, number = str(told["name"])[:100], told["number"]
    if told["kind"] == "class":
        return RemoteClass(name, (Layer,) if told["is_layer"] else (), {"_peer": peer, "_number": number})
    thing = type(name, (_KINDS[told["kind"]],), {})(peer, number, params)
    thing.__name__ = name
    return thing


def _kind(thing):
    if inspect.isclass(thing):
        return "class"
    if isinstance(thing, Layer) and hasattr(thing, "forward"):
        return "recurrent layer" if thing.recurrent else "layer"
    if hasattr(thing, "__next__"):
        return "iterator"
    return "function" if callable(thing) else "object"
