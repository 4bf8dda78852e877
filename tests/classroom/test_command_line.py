"""The command line, run as people run it."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

from helpers.classroom.learner import lab


def run(*arguments):
    """Run Python in a process of its own, with no thread settings from outside."""
    outside = {name: value for name, value in os.environ.items() if not name.endswith("_THREADS")}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=outside)


def fetch(url):
    """Return a page; the server prints its address a moment before it listens there."""
    for _ in range(100):
        with contextlib.suppress(URLError), urlopen(url) as reply:
            return reply.read().decode()
        time.sleep(0.1)
    raise AssertionError(f"no answer from {url}")


def test_an_error_is_one_sentence_and_not_a_traceback():
    outcome = run("-m", "helpers", "restore", "42")
    assert outcome.returncode == 1
    assert re.fullmatch(r"There is no notebook 42\. .*\n", outcome.stderr)


def test_numpy_gets_one_thread_unless_told_otherwise():
    outcome = run("-c", "import helpers.__main__, os; print(os.environ['OPENBLAS_NUM_THREADS'])")
    assert outcome.stdout == "1\n"
    outcome = run(
        "-c",
        "import os; os.environ['OMP_NUM_THREADS'] = '2'; import helpers.__main__; print(os.environ['OMP_NUM_THREADS'])",
    )
    assert outcome.stdout == "2\n"


def test_the_command_line_is_quick_because_it_imports_nothing_heavy():
    outcome = run("-c", "import helpers.__main__, sys; print({'numpy', 'matplotlib', 'nbgrader'} & set(sys.modules))")
    assert outcome.stdout == "set()\n"


def test_jupyterlab_opens_at_the_first_notebook_with_our_kernel_on_a_free_port(tmp_path):
    """A port that is taken gives way to the next one."""
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        launch = f"from helpers.classroom.learner import lab; lab.launch({str(tmp_path)!r}, {port}, browser=False)"
        server = subprocess.Popen(
            [sys.executable, "-c", launch], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            url = next(match[0] for line in server.stdout if (match := re.search(r"http://127\S+", line)))
            assert f"/lab/tree/{lab.START}?token=" in url
            assert f":{port}/" not in url
            assert "JupyterLab" in fetch(url)
            kernels = json.loads(fetch(url.replace(f"/lab/tree/{lab.START}", "/api/kernelspecs")))
            assert kernels["default"] == "python3"
        finally:
            server.terminate()
            server.communicate()
