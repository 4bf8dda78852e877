"""JupyterLab, started at the first notebook."""

import os
import sys
from pathlib import Path

START = "my/00_start_here/00_start_here.ipynb"


def launch(root, port=8888, browser=True):
    """Turn this process into a JupyterLab server, until it is stopped. Where the port is in use, the next one is tried.

    Args:
        root: the repository; the file browser shows it.
        port: the first port to try.
        browser: whether to open a window.
    """
    # The kernel is the one of this environment, also where the user has another python3 kernel of their own.
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    print(f"Starting JupyterLab at {START}. Stop it with Ctrl-C, twice.", flush=True)
    os.chdir(root)
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *options(root, port, browser)])


def launch_formgrader(root, port=8889, browser=True):
    """Turn this process into a server that shows nbgrader's formgrader, until it is stopped.

    Args:
        root: the repository, with nbgrader_config.py.
        port: the first port to try.
        browser: whether to open a window.
    """
    print("Starting formgrader in a tab of its own. Stop it with Ctrl-C, twice.", flush=True)
    os.chdir(root)
    chosen = [f"--ServerApp.root_dir={root}", f"--ServerApp.port={port}", "--ServerApp.default_url=/formgrader"]
    chosen += ["--log-level=WARN", *_here(browser)]
    os.execv(sys.executable, [sys.executable, "-m", "jupyter", "server", *chosen])


def options(root, port, browser):
    """Return the options of the server."""
    chosen = [
        f"--ServerApp.root_dir={root}",
        f"--ServerApp.port={port}",
        f"--LabApp.default_url=/lab/tree/{START}",
        f"--LabApp.app_settings_dir={Path(__file__).with_name('lab_settings')}",
        "--KernelManager.transport_encryption=auto",
        "--log-level=WARN",
    ]
    return chosen + _here(browser)


def _here(browser):
    """The options that depend on where a server starts."""
    return ["--no-browser"] * (not browser) + ["--allow-root"] * (os.geteuid() == 0)
