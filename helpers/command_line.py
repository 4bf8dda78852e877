"""What every command line of the course needs: the environment, ``-v``, errors in one sentence, and Ctrl-C.

Import this before NumPy: it sets the number of BLAS threads.
"""

import functools
import inspect
import io
import logging
import os
import platform
import shlex
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeVar

# One BLAS thread unless told otherwise, here and in every kernel started from here: on a busy machine two were up to
# ten times slower. The libraries read these when NumPy is first imported.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(name, "1")

# nbgrader calls `alembic` by its bare name, and a terminal in JupyterLab should find this environment's `python`.
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])

import typer  # noqa: E402

from helpers import logs  # noqa: E402
from helpers.language.message import Message, message  # noqa: E402

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

_HELP = "Log to stderr what is done; -vv logs more."

Verbosity = Annotated[int, typer.Option("--verbose", "-v", count=True, show_default=False, metavar="", help=_HELP)]


class App(typer.Typer):
    """A Typer app whose commands all have the option ``-v``, and understand ``~`` in every path."""

    def __init__(self, **options: Any) -> None:
        super().__init__(add_completion=False, pretty_exceptions_enable=False, **options)

    def command(self, *arguments: Any, **options: Any) -> Callable[[Function], Function]:
        """Register a function as a command, with one more option."""
        register = super().command(*arguments, **options)

        def add(function: Function) -> Function:
            @functools.wraps(function)
            def run(*, verbosity: int, **values: Any) -> None:
                logs.configure(verbosity)
                with _logged():
                    function(**{name: _at_home(value) for name, value in values.items()})

            signature, kind = inspect.signature(function), inspect.Parameter.KEYWORD_ONLY
            option = inspect.Parameter("verbosity", kind, default=0, annotation=Verbosity)
            parameters = [*signature.parameters.values(), option]
            run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # PEP 362's hook
            register(run)
            return function

        return add


def _at_home(value: object) -> object:
    """A path with `~` resolved, which a shell leaves as it is inside quotes; any other value unchanged."""
    return Path(os.path.expanduser(value)) if isinstance(value, Path) else value  # a file may begin with ~ as well


@contextmanager
def _logged() -> Iterator[None]:
    """Log what is run, on what, for how long, and the traceback of an error."""
    if logger.isEnabledFor(logging.INFO):
        libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "nbgrader"))
        logger.info("Command: %s", shlex.join(sys.argv[1:]))
        logger.info("Python %s, %s, on %s.", platform.python_version(), libraries, platform.platform())
    start = time.monotonic()
    try:
        yield
    except Exception:
        logger.info("The command failed.", exc_info=True)
        raise
    finally:
        logger.info("The command took %.1f s.", time.monotonic() - start)


@contextmanager
def resumable(advice: Message) -> Iterator[None]:
    """End the command with exit code 130 on Ctrl-C.

    Args:
        advice: the sentence, printed after “Stopped.”, that says how to resume.
    """
    try:
        yield
    except KeyboardInterrupt as interruption:
        print(f"\n{str(interruption) or message('Stopped.')} {advice}", file=sys.stderr)
        sys.exit(130)


def run_app(app: typer.Typer) -> None:
    """Run the commands of an app; an error is reported in one sentence, and its traceback only in the log."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # so that a pipe or a log file shows each line of a long run at once
        sys.stdout.reconfigure(line_buffering=True)
    try:
        app()
    except Exception as error:
        sys.exit(_describe(error))


def _describe(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}."
    if isinstance(error, (OSError, ValueError, FloatingPointError)):
        return f"{error}"
    if logger.isEnabledFor(logging.INFO):
        template = "This is a fault of the course itself: {error}. The log above says where; please report it."
    else:
        template = (
            "This is a fault of the course itself: {error}. The same command with -v says where; please report it."
        )
    return str(message(template, error=f"{type(error).__name__}: {error}"))
