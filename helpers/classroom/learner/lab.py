"""The servers that a course is worked on with, started in the place of this process: JupyterLab and formgrader."""

import logging
import os
import sys
from pathlib import Path
from typing import NoReturn

from helpers import kernels
from helpers.checks import read_progress
from helpers.checks.saved_answers import find_files
from helpers.classroom.learner.notebook_copies import folder_of_copies
from helpers.language.message import message

#: The first notebook, which is opened until there is a next exercise elsewhere.
START = "00_start_here/00_start_here.ipynb"

logger = logging.getLogger(__name__)


def launch(root: str | Path, port: int = 8888, browser: bool = True) -> NoReturn:
    """Become a JupyterLab server at the notebook of the next exercise, until it is stopped.

    Args:
        root: the repository; the file browser shows it.
        port: the first port to try; while one is in use, the next is tried.
        browser: whether to open a window.
    """
    # The kernel of this environment, also where the user has another python3 kernel of their own.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    start = _next_notebook(root)
    print(message("Starting JupyterLab at {place}. Stop it with Ctrl-C, twice.", place=start), flush=True)
    options = [f"--LabApp.default_url=/lab/tree/{start}"]
    options += [f"--LabApp.app_settings_dir={Path(__file__).with_name('lab_settings')}"]
    _become(["jupyterlab", *options], root, port, browser)


def _next_notebook(root: str | Path) -> str:
    """Return the path of the notebook with the first exercise that is not right yet, as the file browser shows it."""
    copies = folder_of_copies(root)
    following = read_progress(copies).next
    found = find_files(copies, following.notebook) if following else iter(())
    return next(found, copies / START).relative_to(root).as_posix()


def launch_formgrader(root: str | Path, port: int = 8889, browser: bool = True) -> NoReturn:
    """Become a server that shows nbgrader's formgrader, until it is stopped; see `launch`."""
    print("Starting formgrader in a tab of its own. Stop it with Ctrl-C, twice.", flush=True)
    _become(["jupyter", "server", "--ServerApp.default_url=/formgrader"], root, port, browser)


def _become(server: list[str], root: str | Path, port: int, browser: bool) -> NoReturn:
    options = [f"--ServerApp.root_dir={root}", f"--ServerApp.port={port}", "--log-level=WARN"]
    options += [f"--KernelManager.{name}={value}" for name, value in kernels.private().items()]
    options += ["--no-browser"] * (not browser) + ["--allow-root"] * (os.geteuid() == 0)
    command = [sys.executable, "-m", *server, *options]
    logger.info("starting %s in %s", " ".join(command), root)
    os.chdir(root)
    os.execv(sys.executable, command)
