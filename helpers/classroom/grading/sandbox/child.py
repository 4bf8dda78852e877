"""The program that runs a submission's answers: it defines them, and then does what the checks' process asks for.

It is started inside the sandbox with three arguments: the limits of memory [bytes] and of CPU time [s], and the largest
file it may write [bytes].
"""

import linecache
import os
import re
import resource
import sys
import types


def limit_resources(memory, cpu, file_size):
    """Set hard limits, which nothing that runs later can lift."""
    for what, most in {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_FSIZE: file_size,
        resource.RLIMIT_CORE: 1,  # 0 would still feed a program that the system has for dumps
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_NPROC: 0,
    }.items():
        _, hard = resource.getrlimit(what)  # of whoever started this; it can be lowered, not raised
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


#: A line that only IPython understands: %magic, !program, ?help, help?, and names given to what the first two return.
_MAGIC = re.compile(r"^\s*([%!?]|[\w.]+\?+\s*$|[\w, ]+=\s*[%!])")


class Answers:
    """The answers of one submission, for the checks' process to ask for.

    Args:
        given: names that every answer may use, with what they stand for.
        things: what both sides know of each other's.
    """

    def __init__(self, given, things):
        self.names = dict(given)
        self.things = things
        things.export(self)  # first of all, as "a1", where the other side looks for it

    def define(self, exercise_id, source):
        """Run one answer cell; raise whatever it raises."""
        filename = f"<exercise {exercise_id}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        exec(compile(_without_magics(source, filename), filename, "exec"), self.names)

    def get(self, name):
        """Return what a name stands for, or None."""
        return self.names.get(name)

    def put(self, names):
        """Let names stand for other things, or, where that is None, for nothing any more."""
        self.names.update(names)
        for name in [name for name in names if names[name] is None]:
            del self.names[name]

    def rest(self):
        """Forget what a check has made, and keep the answers themselves."""
        kept = (Answers, type, types.FunctionType)
        self.things.rest(exports=lambda thing: isinstance(thing, kept), imports=lambda thing: False)

    def used_by(self, thing):
        """Return the names that a function, or the methods of a class, look up when they run."""
        members = vars(thing).values() if isinstance(thing, type) else [thing]
        codes = [member.__code__ for member in members if isinstance(member, types.FunctionType)]
        return sorted({name for code in codes for name in code.co_names})


def _without_magics(source, filename):
    """The source without the lines that only IPython understands, if it cannot be compiled with them."""
    try:
        compile(source, filename, "exec")
    except SyntaxError:
        return "\n".join("" if _MAGIC.search(line) else line for line in source.split("\n"))
    return source


def _given():
    """What an answer finds in its notebook: NumPy, Param, Layer, the orders of the blocks, the language model.

    What a notebook shows and checks with is there as well, and does nothing.
    """
    import numpy

    from helpers.nn import base, model

    names = {name: getattr(base, name) for name in ("Layer", "Param", "LSTM_ORDER", "GRU_ORDER")}
    names |= {"LanguageModel": model.LanguageModel}
    sys.modules["helpers.nn"].__dict__.update(names)
    for module in ("helpers.checks", "helpers.plots", "IPython.display"):
        sys.modules[module] = types.ModuleType(module)
        sys.modules[module].__getattr__ = lambda name: _nothing
    names |= dict.fromkeys(("check", "answer", "display"), _nothing)
    return names | {"np": numpy, "plots": sys.modules["helpers.plots"], "__name__": "answers"}


def _nothing(*args, **kwargs):
    return 0.0


def main():
    """Talk over standard input and output, which the answers themselves do not get."""
    memory, cpu, file_size = map(int, sys.argv[1:])
    read, write = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    from helpers.classroom.grading.sandbox.framing import Pipe
    from helpers.classroom.grading.sandbox.rpc import RpcConnection

    peer = RpcConnection(Pipe(read, write), side="a")
    Answers(_given(), peer.things)
    limit_resources(memory, cpu, file_size)
    peer.serve()


if __name__ == "__main__":
    main()
