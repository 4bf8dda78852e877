"""The log of a command: standard logging on stderr, quiet unless ``-v`` asks for it.

Every module of the course that does something has a logger of its own, ``logging.getLogger(__name__)``. They are shown
from INFO on with ``-v`` and from DEBUG on with ``-vv``, libraries from WARNING on and from INFO on. A secret seed and
the code of a hidden test are never logged; libraries might do so at DEBUG, which is therefore never shown.
"""

import logging
import os
import sys

#: Environment variable with the verbosity, the number of v in ``-v``; processes started by a command inherit it.
VARIABLE = "COURSE_VERBOSITY"

_OURS = [logging.getLogger(name) for name in ("helpers", "benchmarks")]

for _logger in _OURS:
    _logger.addHandler(logging.NullHandler())  # without it Python shows warnings where nothing is configured


class _Handler(logging.Handler):
    """Writes records to stderr, above any progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm  # here, so that a quiet command does not wait for it

        try:
            tqdm.write(self.format(record), file=sys.stderr)
        except Exception:
            self.handleError(record)


def configure(more: int = 0) -> None:
    """Show the log as the environment asks for; call this once in every process, before anything is logged.

    Args:
        more: what to add to the verbosity, for this process and those that it starts from now on.
    """
    inherited = os.environ.get(VARIABLE, "")
    verbosity = more + (int(inherited) if inherited.isdecimal() else 0)
    if not verbosity:
        return
    os.environ[VARIABLE] = str(verbosity)
    root = logging.getLogger()
    if not any(isinstance(handler, _Handler) for handler in root.handlers):
        handler = _Handler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    root.setLevel(logging.WARNING if verbosity == 1 else logging.INFO)
    for logger in _OURS:
        logger.setLevel(logging.INFO if verbosity == 1 else logging.DEBUG)
