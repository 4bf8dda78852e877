"""The program inside the sandbox: it defines a submission's answers, and does what the grader's process asks for.

It is started with three arguments: the limits of memory [bytes] and of CPU time [s], and the size of the largest file
that it may write [bytes].
"""

import linecache
import os
import re
import resource
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, Protocol


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


#: A line that only IPython understands: %magic, !program, ?help, help?, and assignments of the first two.
_MAGIC = re.compile(r"^\s*([%!?]|[\w.]+\?+\s*$|[\w, ]+=\s*[%!])")


class Registry(Protocol):
    """What `Answers` needs of an ObjectRegistry, which cannot be imported before the standard streams are closed."""

    def export(self, value: object) -> str:
        """Let the other side use an object."""

    def reset(self, exports: Callable[[object], bool], imports: Callable[[object], bool]) -> None:
        """Forget all objects but some."""


class Answers:
    """The answers of one submission, for the grader's process to use.

    Args:
        names: what every answer may use, name to value.
        registry: the ObjectRegistry of this side.
    """

    def __init__(self, names: Mapping[str, Any], registry: Registry) -> None:
        self.names = dict(names)
        self.registry = registry
        registry.export(self)  # first of all, so that its number is `proxies.SERVICE`

    def define(self, exercise_id: str, source: str) -> None:
        """Run one answer cell; raise whatever it raises."""
        filename = f"<exercise {exercise_id}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        exec(compile(_without_magics(source, filename), filename, "exec"), self.names)

    def get(self, name: str) -> Any:
        """Return the value of a name, or None."""
        return self.names.get(name)

    def put(self, names: Mapping[str, Any]) -> None:
        """Give names new values; those whose value is None are removed."""
        self.names.update(names)
        for name in [name for name in names if names[name] is None]:
            del self.names[name]

    def reset(self) -> None:
        """Forget what a check has made, and keep the answers themselves."""
        kept = (Answers, type, types.FunctionType)
        self.registry.reset(exports=lambda value: isinstance(value, kept), imports=lambda proxy: False)

    def used_by(self, answer: object) -> list[str]:
        """Return the names that a function, or the methods of a class, look up when they run."""
        members = vars(answer).values() if isinstance(answer, type) else [answer]
        codes = [member.__code__ for member in members if isinstance(member, types.FunctionType)]
        return sorted({name for code in codes for name in code.co_names})


def _without_magics(source: str, filename: str) -> str:
    """The source without the lines that only IPython understands, if it cannot be compiled with them."""
    try:
        compile(source, filename, "exec")
    except SyntaxError:
        return "\n".join("" if _MAGIC.search(line) else line for line in source.split("\n"))
    return source


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
        vars(sys.modules[module])["__getattr__"] = lambda name: _do_nothing
    names |= dict.fromkeys(("check", "answer", "display"), _do_nothing)
    return names | {"np": numpy, "plots": sys.modules["helpers.plots"], "__name__": "answers"}


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
