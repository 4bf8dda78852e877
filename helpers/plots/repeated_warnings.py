"""A warning is shown once for each place and cell, also while figures are drawn."""

import functools
import warnings
from collections.abc import Callable
from typing import TextIO

from IPython import get_ipython

_shown: set[tuple[str, type[Warning], str, int]] = set()


def show_warnings_once() -> None:
    """Show each warning once for its line of code and a run of a cell, from now on, in a notebook.

    Python does so by itself until somebody changes its filters. Matplotlib does for a moment whenever it draws, and
    what was shown before is forgotten: a formula that overflows would warn anew after each drawing.
    """
    shell = get_ipython()
    if shell is None or getattr(warnings.showwarning, "func", None) is _show_once:
        return
    shell.events.register("pre_run_cell", lambda _: _shown.clear())
    warnings.showwarning = functools.partial(_show_once, warnings.showwarning)


def _show_once(
    show: Callable[..., None],
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    place = str(message), category, filename, lineno
    if place not in _shown:
        _shown.add(place)
        show(message, category, filename, lineno, file, line)
