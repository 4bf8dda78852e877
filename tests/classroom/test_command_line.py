"""The command line, run as people run it."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

import benchmarks.__main__
import helpers.__main__
from helpers import logs
from helpers.classroom.learner import lab

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {command.name or command.callback.__name__ for command in helpers.__main__.app.registered_commands}
LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING) [\w.]+: .+")


def run(*arguments):
    """Run Python in a process of its own, with no settings of threads or of the log from outside."""
    outside = {name: value for name, value in os.environ.items() if not name.endswith(("_THREADS", logs.VARIABLE))}
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, env=outside)


def run_program(text, *arguments):
    return run("-c", textwrap.dedent(text), *arguments)


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
            page = fetch(url)
            assert "JupyterLab" in page
            settings = re.search(r'<script id="jupyter-config-data" type="application/json">(.*?)</script>', page, re.S)
            assert "@jupyter/nbgrader:formgrader" in json.loads(settings[1])["disabledExtensions"]
            kernels = json.loads(fetch(url.replace(f"/lab/tree/{lab.START}", "/api/kernelspecs")))
            assert kernels["default"] == "python3"
        finally:
            server.terminate()
            server.communicate()


# --- the log ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_the_option_v(command):
    shown = CliRunner().invoke(helpers.__main__.app, [command, "--help"])
    assert shown.exit_code == 0
    assert re.search(r"--verbose\W+-v\b", shown.output)


def test_the_option_v_is_in_the_help_of_the_whole_app_too():
    assert re.search(r"--verbose\W+-v\b", CliRunner().invoke(helpers.__main__.app, ["--help"]).output)


def test_the_benchmarks_have_it_before_and_after_their_argument(monkeypatch):
    verbosities = []
    monkeypatch.setattr(logs, "configure", verbosities.append)
    for arguments in (["nothing", "-v"], ["-v", "nothing"], ["nothing", "-vv"], ["nothing"]):
        outcome = CliRunner().invoke(benchmarks.__main__.app, arguments)
        assert str(outcome.exception) == "There is no benchmark 'nothing'; there are: layers, grading."
    assert verbosities == [1, 1, 2, 0]


def test_with_v_a_command_logs_to_stderr_and_prints_the_same(tmp_path):
    quiet = run("-m", "helpers", "progress", tmp_path)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    for arguments in (["progress", tmp_path, "-v"], ["-v", "progress", tmp_path]):
        logged = run("-m", "helpers", *arguments)
        assert logged.returncode == 0
        assert logged.stdout == quiet.stdout
        lines = logged.stderr.splitlines()
        assert all(LOGGED.fullmatch(line) for line in lines)
        assert "INFO helpers.command_line: Command: " in lines[0]
        assert "INFO helpers.command_line: The command took " in lines[-1]


def test_a_traceback_is_in_the_log_and_nowhere_else():
    quiet, logged = run("-m", "helpers", "restore", "42"), run("-m", "helpers", "restore", "42", "-v")
    assert logged.returncode == quiet.returncode == 1
    assert "Traceback" in logged.stderr
    assert logged.stderr.endswith("\n" + quiet.stderr)
    assert len(quiet.stderr.splitlines()) == 1


BROKEN = """
    from helpers.command_line import App, run_app
    app = App()

    @app.command()
    def broken():
        {}["key"]

    run_app(app)
"""


def test_an_unexpected_error_is_one_sentence_that_names_the_option_v():
    sentence = "This is a fault of the course itself: KeyError: 'key'. The same command with -v says where"
    quiet, logged = run_program(BROKEN), run_program(BROKEN, "-v")
    assert logged.returncode == quiet.returncode == 1
    assert quiet.stderr == f"{sentence}; please report it.\n"
    assert "Traceback" in logged.stderr
    assert "The log above says where" in logged.stderr.splitlines()[-1]


SPEAKING = """
    import logging, subprocess, sys
    from helpers import logs

    logs.configure(int(sys.argv[1]))
    logs.configure()  # a second time: nothing is logged twice
    for name in ("helpers.training", "benchmarks.layers", "matplotlib", "asyncio"):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING):
            logging.getLogger(name).log(level, "%s of %s", logging.getLevelName(level), name)
    if sys.argv[2:]:
        subprocess.run([sys.executable, "-c", sys.argv[2], "0"])  # a process that was started with the verbosity
"""


@pytest.mark.parametrize(
    "verbosity, ours, libraries",
    [
        (0, [], ["WARNING"]),
        (1, ["INFO", "WARNING"], ["WARNING"]),
        (2, ["DEBUG", "INFO", "WARNING"], ["INFO", "WARNING"]),
    ],
)
def test_the_verbosity_decides_what_is_logged_here_and_in_processes_started_from_here(verbosity, ours, libraries):
    outcome = run_program(SPEAKING, verbosity, textwrap.dedent(SPEAKING))
    assert all(LOGGED.fullmatch(line) for line in outcome.stderr.splitlines() if verbosity)
    expected = [f"{level} of {name}" for name in ("helpers.training", "benchmarks.layers") for level in ours]
    expected += [f"{level} of {name}" for name in ("matplotlib", "asyncio") for level in libraries]
    assert re.findall(r"[A-Z]+ of [\w.]+$", outcome.stderr, re.MULTILINE) == 2 * expected


def test_a_log_line_is_above_a_progress_bar_and_not_in_it():
    outcome = run_program(
        """
        import logging
        from tqdm import tqdm
        from helpers import logs

        logs.configure(1)
        for number in tqdm(range(3), mininterval=0):
            logging.getLogger("helpers.some").info("number %d", number)
        """
    )
    pieces = [piece.strip() for piece in re.split("[\r\n]", outcome.stderr)]
    logged = [piece for piece in pieces if "number" in piece]
    assert len(logged) == 3
    assert all(LOGGED.fullmatch(line) for line in logged)
    assert "100%" in pieces[-2]


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("setting, option", [("V=1", "-v "), ("V=2", "-vv "), ("V=0", ""), ("V=", "")])
def test_every_make_command_passes_the_verbosity_on(setting, option):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):.*\n\t@\$\(HELPERS\) ([a-z-]+)", makefile, re.MULTILINE)
    assert {command for _, command in targets} == COMMANDS
    planned = subprocess.run(
        ["make", "-n", setting, *(target for target, _ in targets), "bench"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    for _, command in targets:
        assert re.search(rf"-m helpers +{option}{command}\b", planned)
    assert re.search(rf"-m benchmarks +{option}$", planned, re.MULTILINE)


def test_a_worker_process_logs_too_if_its_initializer_configures_the_log():
    outcome = run_program(
        """
        import logging, multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        from helpers import logs

        logs.configure(1)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context, initializer=logs.configure) as pool:
            pool.submit(logging.getLogger("helpers.some").info, "from %s", "a worker").result()
        """
    )
    assert outcome.stderr.endswith("INFO helpers.some: from a worker\n")
    assert len(outcome.stderr.splitlines()) == 1
