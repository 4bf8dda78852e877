"""The code of an answer: its functions, the names that they look up, and the identity of all that it depends on.

This file also exists inside the sandbox, and needs the standard library only.
"""

import functools
import hashlib
import inspect
import os
import sys
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from helpers.checks.cell_statements import looked_up, nested

#: Where code lies that a learner does not change: this package, Python and what is installed.
_FIXED = tuple(
    f"{place}{os.sep}"
    for place in (Path(__file__).parents[1], Path(__file__).resolve().parents[1], sys.prefix, sys.base_prefix)
)

#: Larger collections count as themselves, whatever is in them.
MOST_ITEMS = 10_000

#: What Python itself keeps in a class, and what does not run.
_NO_CODE = {"__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__qualname__"}


def functions_of(answer: object) -> list[FunctionType]:
    """Return the learner's functions in an answer: itself, or the methods of its class and of its bases."""
    answer_class = answer if isinstance(answer, type) else type(answer)
    classes = [one for one in answer_class.__mro__ if _is_theirs(one.__module__)]
    members = [answer, *(member for one in classes for member in vars(one).values())]
    # What stands in a class without having been written there may come from another notebook.
    members.sort(key=lambda member: not inspect.isfunction(member))
    found = [function for member in members for function in _functions_in(member)]
    return [function for function in found if _is_theirs(function.__module__)]


def names_used_by(answer: object, is_helper: Callable[[str], bool] = lambda name: True) -> set[str]:
    """Return the global names that an answer looks up when it runs.

    Those of inner functions and of the helpers in the same namespace are among them; attributes are none.

    Args:
        is_helper: whether the function or class of a name is looked into.
    """
    functions = functions_of(answer)
    namespace = functions[0].__globals__ if functions else {}
    names: set[str] = set()
    met: set[int] = set()
    while functions:
        function = functions.pop()
        if id(function) in met or function.__globals__ is not namespace:
            continue
        met.add(id(function))
        new = _names_in(function.__code__) - names
        names |= new
        helpers = [namespace[name] for name in new if is_helper(name) and name in namespace]
        for helper in (*helpers, *_bound_in(function)):
            functions += functions_of(helper)
    return names


def identity_of(answer: object) -> tuple[Hashable, ...]:
    """Return what is equal for two answers only if all code of the learner's that they depend on is the same.

    That is the code that they reach through globals, closures, defaults, attributes of classes and base classes, with
    the values that it finds there. What the learner has not written counts as itself.
    """
    parts: list[Hashable] = []
    met: dict[int, tuple[int, object]] = {}  # the second keeps an object, so that no other gets its id
    things = [answer]
    while things:
        thing = things.pop()
        if id(thing) in met:
            parts.append(("again", met[id(thing)][0]))
            continue
        met[id(thing)] = len(met), thing
        part, inner = _look_into(thing)
        parts += [part, len(inner)]
        things += reversed(inner)
    return tuple(parts)


class _Same:
    """Equal to another only if both hold one and the same object."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _look_into(thing: Any) -> tuple[Any, list[Any]]:
    """What identifies a thing, as far as it goes without what is in it, and what is in it."""
    kind = type(thing)
    if kind in (tuple, list, set, frozenset, dict) and len(thing) > MOST_ITEMS:
        return _Same(thing), []
    if thing is None or isinstance(thing, bool | int | float | complex | str | bytes):
        return (kind, repr(thing)), []
    if kind in (tuple, list):
        return kind, [*thing]
    if kind in (set, frozenset):
        return kind, sorted(thing, key=repr)
    if kind is dict:
        return kind, [part for pair in thing.items() for part in pair]
    if isinstance(thing, FunctionType):
        return _look_into_function(thing) if _is_theirs(thing.__module__) else (_Same(thing), [])
    if isinstance(thing, MethodType | staticmethod | classmethod):
        return kind, [thing.__func__, getattr(thing, "__self__", None)]
    if isinstance(thing, property):
        return kind, [thing.fget, thing.fset, thing.fdel]
    if isinstance(thing, functools.partial):
        return kind, [thing.func, thing.args, thing.keywords]
    if isinstance(thing, type):
        if not _is_theirs(thing.__module__):
            return _Same(thing), []
        members = {name: value for name, value in vars(thing).items() if name not in _NO_CODE}
        return ("class", thing.__name__, *members), [*thing.__bases__, *members.values()]
    if isinstance(thing, ModuleType):
        return _look_into_module(thing)
    if _is_theirs(kind.__module__) and hasattr(thing, "__dict__"):
        return "object", [kind, vars(thing)]
    try:  # an array, by its values
        view = memoryview(thing)
        return (kind, view.format, view.shape, hashlib.sha256(view.tobytes()).digest()), []
    except (TypeError, ValueError, NotImplementedError):
        return (kind, [thing.__wrapped__]) if hasattr(thing, "__wrapped__") else (_Same(thing), [])


def _look_into_function(function: FunctionType) -> tuple[Any, list[Any]]:
    names = sorted(name for name in _names_in(function.__code__) if name in function.__globals__)
    found = [function.__globals__[name] for name in names]
    attributes = vars(function) if "__wrapped__" in vars(function) else {}
    return (function.__code__, *names), [*found, *_bound_in(function), *attributes.values()]


def _look_into_module(module: ModuleType) -> tuple[Any, list[Any]]:
    """A file of the learner's own may be loaded again; its functions and classes are others then."""
    if not _is_theirs(module.__name__):
        return _Same(module), []
    members = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    return _Same(module), [member for member in members if isinstance(member, FunctionType | type)]


def _bound_in(function: FunctionType) -> list[Any]:
    """The values that a function keeps: its defaults, and what it took from the function around it."""
    kept = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for cell in function.__closure__ or ():
        try:
            kept.append(cell.cell_contents)
        except ValueError:  # it is still empty
            kept.append(None)
    return kept


def _functions_in(member: Any) -> Iterator[FunctionType]:
    """The functions behind a member of a class, or behind what a decorator has made."""
    if isinstance(member, property):
        members = [member.fget, member.fset, member.fdel]
    elif isinstance(member, functools.partial):
        members = [member.func]
    else:
        members = [inspect.unwrap(member)] if callable(member) or hasattr(member, "__wrapped__") else []
    for one in members:
        if isinstance(one, FunctionType):
            yield one


def _names_in(code: CodeType) -> set[str]:
    return {name for inner in (code, *nested(code)) for name in looked_up(inner)}


def _is_theirs(module: str | None) -> bool:
    """Whether a learner may have written what is in a module of this name: in a notebook, or in a file of their own."""
    if module is None or module == "__main__" or module not in sys.modules:
        return True
    file = getattr(sys.modules[module], "__file__", None)
    return file is not None and not file.startswith(_FIXED) and "-packages" not in file
