"""The program with the references that answers may use: it does what the grader's process asks for, like `child`.

It runs code of this course on what answers hand over. So it needs no walls; but its memory and time are limited, which
those of the grader's own process cannot be. It is started with the limit of its memory [bytes].
"""

import os
import resource
import sys

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.grading.sandbox.framing import Pipe
from helpers.classroom.grading.sandbox.rpc import RpcConnection
from helpers.classroom.grading.sandbox.serialization import ObjectRegistry

#: The references, in the order in which both sides number them.
REFERENCES = tuple(exercise.reference for exercise in EXERCISES.values())

#: The number under which this process offers its `Service`, the first of all.
SERVICE = "r1"

#: The number of each reference, by its id.
NUMBERS = {id(reference): f"r{place}" for place, reference in enumerate(REFERENCES, 2)}


class Service:
    """What the grader's process asks for besides the references.

    Args:
        registry: the ObjectRegistry of this side.
    """

    def __init__(self, registry: ObjectRegistry) -> None:
        self.registry = registry
        for value in (self, *REFERENCES):
            registry.export(value)

    def allow(self, seconds: int) -> None:
        """Let this process use so much more CPU time, and no more: it ends even if the grader's process is gone."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + seconds)

    def reset(self) -> None:
        """Forget what the answers of a check have made."""
        kept = {id(self), *NUMBERS}
        self.registry.reset(exports=lambda value: id(value) in kept, imports=lambda proxy: False)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def main() -> None:
    """Serve calls over standard input and output."""
    _limit(resource.RLIMIT_AS, int(sys.argv[1]))
    read, write = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    connection = RpcConnection(Pipe(read, write), side="r")
    Service(connection.registry)
    connection.serve()


if __name__ == "__main__":
    main()
