"""Probes that several exercises share: how a step and how a recurrent layer are tried out."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from helpers.checks.edits import Answer
from helpers.checks.exercise import ContractError, Values, unpack
from helpers.checks.inputs import copied
from helpers.nn.base import Layer, Param

#: Uses an answer on arguments and writes down what comes out.
Probe: TypeAlias = Callable[[Answer, Values, Values], None]


def step_with_cache(name: str, results: Sequence[str], cache: Sequence[str]) -> Probe:
    """Return a probe for a step forward: its results, then the entries of its cache one by one.

    Args:
        name: of the function.
        results: names of what it returns before the cache.
        cache: names of the cache's entries.
    """

    def probe(answer: Answer, arguments: Values, record: Values) -> None:
        given = unpack(answer(*arguments.values()), (*results, "cache"), name)
        stored = given.pop("cache")
        record.update(given)
        if not isinstance(stored, (tuple, list)) or len(stored) != len(cache):
            template = "The cache must be the tuple `({entries})`: {count} entries, in that order."
            raise ContractError(template, entries=", ".join(cache), count=len(cache))
        record.update({f"{entry} in the cache": value for entry, value in zip(cache, stored)})

    return probe


@contextlib.contextmanager
def isolated_copies(arguments: Values) -> Iterator[Callable[[str], Any]]:
    """Copies of arguments for an answer that is called several times: each call gets its own, by ``copy_of(name)``.

    So what the check compares with, and what the next call gets, is what was drawn. In the end a change that was made
    to a copy is made to the argument itself, where the judge looks for changes.
    """
    copies: list[tuple[str, Any]] = []

    def copy_of(name: str) -> Any:
        copies.append((name, copied(arguments[name])))
        return copies[-1][1]

    try:
        yield copy_of
    finally:
        drawn = copied(arguments)
        for name, theirs in copies:
            _carry_over(theirs, drawn[name], arguments[name])


def _carry_over(theirs: Any, drawn: Any, argument: Any) -> None:
    if isinstance(argument, tuple | list):
        for parts in zip(theirs, drawn, argument):
            _carry_over(*parts)
    elif not np.array_equal(theirs, drawn, equal_nan=True):
        argument[...] = theirs


def build_layer(answer: Answer, name: str, *arguments: Any) -> Layer:
    """Make a layer of the learner's class.

    Raises:
        ContractError: it is not a class, or not a Layer.
    """
    if not inspect.isclass(answer):
        template = "`{name}` must be a class: give the check the class itself, `{name}`, without parentheses."
        raise ContractError(template, name=name)
    layer = answer(*arguments)
    if not isinstance(layer, Layer):
        raise ContractError("`{name}` must be a Layer: write `class {name}(Layer):`.", name=name)
    return layer


def recurrent_layer(name: str, parts: Sequence[str] = ()) -> Probe:
    """Return a probe for a recurrent layer with parameters Wx, Wh, b and one array as its state, or several `parts`.

    It goes forward and back from a given state, and then once more from no state at all, without zeroing the
    gradients: a state that was kept, or a gradient that was overwritten, shows there.
    """

    def probe(answer: Answer, arguments: Values, record: Values) -> None:
        with isolated_copies(arguments) as copy_of:
            use(answer, arguments, copy_of, record)

    def use(answer: Answer, arguments: Values, copy_of: Callable[[str], Any], record: Values) -> None:
        params = {key: Param(arguments[key], key) for key in ("Wx", "Wh", "b")}
        layer = build_layer(answer, name, *params.values())
        xs, state, dhs, dstate = map(copy_of, ("xs", "state", "dhs", "dstate"))
        _once(layer, name, xs, state, dhs, dstate, record, parts)
        if {id(param) for param in layer.parameters()} != {id(param) for param in params.values()}:
            template = "`parameters()` of `{name}` does not find Wx, Wh and b: keep the three on `self`, unchanged."
            raise ContractError(template, name=name)
        record.update({f"{key}.grad": param.grad.copy() for key, param in params.items()})
        again = " of a second call, with no state given"
        _once(layer, name, copy_of("more_xs"), None, copy_of("dhs"), None, record, parts, again)
        record.update({f"{key}.grad after two calls": param.grad.copy() for key, param in params.items()})

    return probe


def layer_groups(*parts: str) -> dict[str, str]:
    """Return what messages call the results of `recurrent_layer` together.

    Args:
        parts: the names of the state's parts in the results, e.g. "h of state", or "state" alone.
    """
    forward, backward = ("hs", *parts), ("dxs", *(part.replace("state", "dstate") for part in parts))
    grads = [f"{key}.grad" for key in ("Wx", "Wh", "b")]
    again = " of a second call, with no state given"
    return (
        dict.fromkeys((f"{name}{again}" for name in (*forward, *backward)), "a second call")
        | dict.fromkeys((f"{grad} after two calls" for grad in grads), "gradients after two calls")
        | dict.fromkeys(forward, "forward")
        | dict.fromkeys(backward, "backward")
        | dict.fromkeys(grads, "gradients of Wx, Wh, b")
    )


def lstm_layer(name: str) -> Probe:
    """Return the probe of `recurrent_layer` for a layer whose state is the pair (h, c)."""
    return recurrent_layer(name, ("h", "c"))


def _once(
    layer: Any,
    name: str,
    xs: Any,
    state: Any,
    dhs: Any,
    dstate: Any,
    record: Values,
    parts: Sequence[str],
    suffix: str = "",
) -> None:
    """Go forward and back once."""
    params = layer.parameters()
    before = [param.grad.copy() for param in params]
    given = _spelt_out(unpack(layer.forward(xs, state), ("hs", "state"), f"{name}.forward"), "state", parts)
    record.update({f"{key}{suffix}": value for key, value in given.items()})
    if not all(np.array_equal(param.grad, grad, equal_nan=True) for param, grad in zip(params, before)):
        template = "`{name}.forward` changes the gradients: only `backward` does, by adding to `.grad`."
        raise ContractError(template, name=name)
    back = _spelt_out(unpack(layer.backward(dhs, dstate), ("dxs", "dstate"), f"{name}.backward"), "dstate", parts)
    record.update({f"{key}{suffix}": value for key, value in back.items()})


def _spelt_out(given: Values, state: str, parts: Sequence[str]) -> Values:
    """The results with the state in its parts."""
    if not parts:
        return given
    values = given.pop(state)
    if not isinstance(values, (tuple, list)) or len(values) != len(parts):
        template = "The `{state}` must be the pair `({parts})`, in that order."
        names = ("d" + part if state == "dstate" else part for part in parts)
        raise ContractError(template, state=state, parts=", ".join(names))
    return given | {f"{part} of {state}": value for part, value in zip(parts, values)}
