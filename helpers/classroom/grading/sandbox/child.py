"""The program inside the sandbox: it defines a submission's answers, and does what the grader's process asks for.

It is started with three arguments: the limits of memory [bytes] and of CPU time [s], and the size of the largest file
that it may write [bytes].
"""

import os
import resource
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from helpers.checks.answer_code import functions_of, names_used_by
from helpers.checks.answer_slicing import QUIET, NotebookSlices, Wanted
from helpers.checks.many_calls import call_often


def limit_resources(memory: int, cpu: int, file_size: int) -> None:
    """Set hard limits, which nothing that runs later can lift."""
    for what, most in {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_CORE: 1,  # 0 would still start a program that the system uses for dumps
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_NPROC: 0,
    }.items():
        _, hard = resource.getrlimit(what)  # of the process that started this; it can be lowered, not raised
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


class Registry(Protocol):
    """What `Answers` needs of an ObjectRegistry, which cannot be imported before the standard streams are closed."""

    def export(self, value: object) -> str:
        """Let the other side use an object."""

    def reset(self, exports: Callable[[object], bool], imports: Callable[[object], bool]) -> None:
        """Forget all objects but some."""


class Answers:
    """The answers of one submission, for the grader's process to use, each in a namespace of its own.

    Args:
        names: what every answer may use, name to value.
        registry: the ObjectRegistry of this side.
    """

    def __init__(self, names: Mapping[str, Any], registry: Registry) -> None:
        self.names = {**names, "answer": self._answer}
        self.registry = registry
        self.slices = NotebookSlices([], {})
        self.spaces: dict[str, dict[str, Any]] = {}  # by exercise id
        self.lent: dict[str, Any] = {}  # by name
        self.lent_names: dict[str, str] = {}  # exercise id to name
        registry.export(self)  # first of all, so that its number is `proxies.SERVICE`

    def load(self, sources: Sequence[str], wanted: Mapping[str, Sequence[Any]]) -> None:
        """Take a notebook: the sources of its cells, and exercise id to what a Wanted consists of."""
        self.slices = NotebookSlices(sources, {exercise_id: Wanted(*one) for exercise_id, one in wanted.items()})

    def load_more(self, sources: Sequence[str]) -> None:
        """Take the sources of the next cells."""
        self.slices.sources += sources

    def plan(self, exercise_id: str) -> list[Any] | None:
        """Return what is going to be run: the cell, lines of others as [cell, first, last], all that answer."""
        found = self.slices.slice_of(exercise_id)
        if found is None:
            return None
        lines = [[definition.cell, definition.first, definition.last] for definition in found.definitions]
        return [found.cell, lines, list(found.defining)]

    def define(self, exercise_id: str) -> list[list[Any]]:
        """Define an answer; raise whatever its cell raises, and return [cell, error] of other cells that fail."""
        space = self.spaces[exercise_id] = self.names | self.lent | {"__name__": "__main__"}
        for other, one in self.slices.wanted.items():
            if other in self.spaces and one.name in self.spaces[other]:
                space.setdefault(one.name, self.spaces[other][one.name])
        failed = self.slices.define(exercise_id, space)
        return [[definition.cell, error] for definition, error in failed]

    def get(self, exercise_id: str, name: str) -> Any:
        """Return the value of a name in an answer's namespace, or None."""
        return self.spaces.get(exercise_id, {}).get(name)

    def put(self, exercise_id: str, names: Mapping[str, Any]) -> None:
        """Give names in an answer's namespace new values; those whose value is None are removed."""
        space = self.spaces.get(exercise_id, {})
        space.update(names)
        for name in [name for name in names if names[name] is None]:
            del space[name]

    def lend(self, references: Mapping[str, Any], names: Mapping[str, str]) -> None:
        """Let answers use references, name to value; a name that an answer defines itself stays its own.

        Args:
            names: exercise id to name, for cells that ask for one by its number.
        """
        self.lent, self.lent_names = dict(references), dict(names)
        for space in self.spaces.values():
            for name, reference in references.items():
                space.setdefault(name, reference)

    def reset(self) -> None:
        """Take the references back, and forget what a check has made; the answers themselves are kept."""
        for space in self.spaces.values():
            for name, reference in self.lent.items():
                if space.get(name) is reference:
                    del space[name]
        self.lent = {}
        kept = (Answers, type, types.FunctionType)
        self.registry.reset(exports=lambda value: isinstance(value, kept), imports=lambda proxy: False)

    def call_often(self, answer: Callable[..., Any], count: int, arguments: Sequence[Any]) -> list[Any]:
        """Call a function many times with the same arguments, and return all that it gave."""
        return call_often(answer, count, *arguments)

    def home_of(self, answer: object) -> str:
        """Return the id of the exercise in whose namespace an answer was defined, or ""."""
        spaces = [function.__globals__ for function in functions_of(answer)]
        return next((one for one, space in self.spaces.items() if any(space is other for other in spaces)), "")

    def used_by(self, answer: object) -> list[str]:
        """Return the names that a function, or the methods of a class, look up when they run."""
        return sorted(names_used_by(answer, lambda name: name not in self.slices.names))

    def _answer(self, exercise_id: str) -> Any:
        """What `answer` gives in a notebook, for a cell that gives it a name."""
        if exercise_id in self.slices.wanted:
            return self.get(exercise_id, self.slices.wanted[exercise_id].name)
        return self.lent.get(self.lent_names.get(exercise_id, ""))


def _notebook_names() -> dict[str, Any]:
    """What an answer finds in its notebook: NumPy, Param, Layer, the orders of the blocks, the language model.

    The names with which a notebook shows and checks are defined as well, and do nothing.
    """
    import numpy

    from helpers.nn import base, model

    names: dict[str, Any] = {name: getattr(base, name) for name in ("Layer", "Param", "LSTM_ORDER", "GRU_ORDER")}
    names |= {"LanguageModel": model.LanguageModel}
    sys.modules["helpers.nn"].__dict__.update(names)
    for module in ("helpers.checks", "helpers.plots", "IPython.display"):
        sys.modules[module] = types.ModuleType(module)
        vars(sys.modules[module])["__getattr__"] = _do_nothing_by_name
    names |= dict.fromkeys(("check", "display"), _do_nothing)
    return names | QUIET | {"np": numpy, "plots": sys.modules["helpers.plots"]}


def _do_nothing_by_name(name: str) -> Callable[..., float]:
    if name.startswith("__"):
        raise AttributeError(name)  # such as __all__
    return _do_nothing


def _do_nothing(*args: object, **kwargs: object) -> float:
    return 0.0


def main() -> None:
    """Serve calls over standard input and output, which the answers themselves do not get."""
    memory, cpu, file_size = map(int, sys.argv[1:])
    read, write = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    from helpers.classroom.grading.sandbox.framing import Pipe
    from helpers.classroom.grading.sandbox.rpc import RpcConnection

    connection = RpcConnection(Pipe(read, write), side="a")
    Answers(_notebook_names(), connection.registry)
    limit_resources(memory, cpu, file_size)
    connection.serve()


if __name__ == "__main__":
    main()
