"""The command line, run as people run it."""

import contextlib
import inspect
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from threadpoolctl import threadpool_info, threadpool_limits
from typer.testing import CliRunner

import benchmarks.__main__
import helpers.__main__
import helpers.command_line
import helpers.training.command
from helpers import logs
from helpers.checks.catalogue import EXERCISES
from helpers.classroom.administration import assignments, collection, export, feedback_delivery, roster
from helpers.classroom.authoring import build, learner_kit, lint, translations
from helpers.classroom.learner import lab, notebook_copies, public_address, visible_checks

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


@pytest.mark.parametrize("library", ["OPENBLAS", "OMP", "MKL", "VECLIB"])  # MKL is conda's, VECLIB macOS's
def test_every_blas_library_is_told_of_the_one_thread(library):
    wanted = f"{library}_{'MAXIMUM' if library == 'VECLIB' else 'NUM'}_THREADS"
    assert run("-c", f"import helpers.__main__, os; print(os.environ['{wanted}'])").stdout == "1\n"


def test_programs_of_this_environment_come_before_others_of_the_same_name():
    outcome = run("-c", "import helpers.command_line, os; print(os.environ['PATH'].split(os.pathsep)[0])")
    assert outcome.stdout == f"{sysconfig.get_path('scripts')}\n"


@pytest.mark.parametrize(
    "error, sentence",
    [
        (FloatingPointError("The norm of the gradients is nan."), "The norm of the gradients is nan."),
        (FileNotFoundError(2, "No such file or directory", "class.csv"), "class.csv: No such file or directory."),
    ],
)
def test_what_a_person_can_mend_is_no_fault_of_the_course(error, sentence):
    assert helpers.command_line._describe(error) == sentence


# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("found", [[], [(helpers.__main__.ROOT / "colab" / "00.ipynb", "make elsewhere")]])
@pytest.mark.parametrize("finder", [build, public_address, translations])
def test_stale_notebooks_are_named_and_the_exit_code_is_1(finder, found, monkeypatch):
    for one in (build, public_address, translations):
        monkeypatch.setattr(one, "find_stale", lambda _, one=one: found if one is finder else [])
    outcome = CliRunner().invoke(helpers.__main__.app, ["stale"])
    assert outcome.exit_code == len(found)
    assert bool(found) == ("00.ipynb differs from what its source gives: run `make elsewhere`." in outcome.output)


@pytest.mark.parametrize("findings", [[], ["cell 3: a fault"]])
def test_faults_of_a_notebook_are_printed_and_the_exit_code_is_1(findings, monkeypatch):
    monkeypatch.setattr(lint, "lint", lambda root, notebook: findings)
    outcome = CliRunner().invoke(helpers.__main__.app, ["lint-notebooks"])
    assert (outcome.exit_code, outcome.output.splitlines()) == (len(findings), findings)


@pytest.mark.parametrize("complete", [True, False])
def test_a_collection_that_is_not_complete_has_the_exit_code_1(complete, monkeypatch):
    found = SimpleNamespace(complete=complete)
    monkeypatch.setattr(collection, "collect", lambda *_, **__: found)
    outcome = CliRunner().invoke(helpers.__main__.app, ["collect", "00"])
    assert outcome.exit_code == (0 if complete else 1)


# --- options ----------------------------------------------------------------------------------------------------------

PASSED_ON = {
    "collect 00 --from a.zip --worksheet w.csv --submitted-at noon --before-due --trust-timestamps --dry-run": (
        (collection, "collect"),
        {"source": Path("a.zip"), "worksheet": Path("w.csv"), "submitted_at": "noon", "before_due": True}
        | {"trust_timestamps": True, "dry_run": True, "assignment": "00_start_here"},
    ),
    "roster class.csv --id-column SIS --column first_name=Rufname --column group=AG --dry-run": (
        (roster, "enter"),
        {"path": Path("class.csv"), "columns": {"id": "SIS", "first_name": "Rufname", "group": "AG"}, "dry_run": True},
    ),
    "export canvas --out s.csv --notebook 00 --notebook 01 --by-exercise --dry-run": (
        (export, "export"),
        {
            "platform": "canvas",
            "path": Path("s.csv"),
            "assignments": ["00", "01"],
            "by_exercise": True,
            "dry_run": True,
        },
    ),
    "sweep rehearsal --out there": ((helpers.training, "run_sweep"), {"name": "rehearsal", "folder": Path("there")}),
    "learn --port 9000 --no-browser": ((lab, "launch"), {"port": 9000, "browser": False}),
    "formgrader --port 9001 --no-browser": ((lab, "launch_formgrader"), {"port": 9001, "browser": False}),
    "train --corpus a.txt --unit characters --preset tiny --seed 3 --epochs 4 --out r --fresh --save-every 9": (
        (helpers.training.command, "Run"),
        {"corpus": "a.txt", "unit": "characters", "preset": "tiny", "seed": 3, "epochs": 4, "out": Path("r")}
        | {"fresh": True, "save_every": 9.0},
    ),
}


def arguments_of(line, module, name, monkeypatch):
    """Return the arguments with which a command calls a function, by their names there; the function is not run."""
    signature, passed = inspect.signature(getattr(module, name)), []

    def note(*values, **named):
        passed.append(signature.bind(*values, **named).arguments)
        sys.exit(0)  # nothing else is done

    monkeypatch.setattr(module, name, note)
    monkeypatch.setattr(notebook_copies, "add_missing", lambda root: None)
    monkeypatch.setattr(translations, "merge", lambda root: None)
    outcome = CliRunner().invoke(helpers.__main__.app, shlex.split(line))
    assert outcome.exit_code == 0, outcome.output
    (arguments,) = passed
    return arguments


@pytest.mark.parametrize("line", PASSED_ON, ids=lambda line: line.split()[0])
def test_a_command_passes_every_option_on(line, monkeypatch):
    (module, name), expected = PASSED_ON[line]
    arguments = arguments_of(line, module, name, monkeypatch)
    assert {option: arguments[option] for option in expected} == expected


PATHS_AT_HOME = {
    "collect 00 --from ~/a.zip --worksheet ~/w.csv": (
        (collection, "collect"),
        {"source": "a.zip", "worksheet": "w.csv"},
    ),
    "roster ~/class.csv": ((roster, "enter"), {"path": "class.csv"}),
    "export canvas --out ~/s.csv": ((export, "export"), {"path": "s.csv"}),
    "sweep rehearsal --out ~/there": ((helpers.training, "run_sweep"), {"folder": "there"}),
    "kit --out ~/kit.zip": ((learner_kit, "pack"), {"out": "kit.zip"}),
    "visible ~/mine": ((visible_checks, "run_visible_checks"), {"folder": "mine"}),
    "train --corpus ~/a.txt --out ~/r": ((helpers.training.command, "Run"), {"corpus": "a.txt", "out": "r"}),
}


@pytest.mark.parametrize("line", PATHS_AT_HOME, ids=lambda line: line.split()[0])
def test_a_tilde_is_the_home_folder_in_every_path_since_make_keeps_it_in_quotes(line, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (module, name), expected = PATHS_AT_HOME[line]
    arguments = arguments_of(line, module, name, monkeypatch)
    assert {option: str(arguments[option]) for option in expected} == {
        option: str(tmp_path / path) for option, path in expected.items()
    }


def test_a_tilde_is_understood_in_the_path_of_a_schedulers_file_too(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    asked = []
    cluster = SimpleNamespace(cluster_workers=lambda address, **_: asked.append(address))
    monkeypatch.setattr(helpers.__main__, "_import_cluster", lambda: cluster)
    arguments_of("sweep rehearsal --scheduler ~/s.json", helpers.training, "run_sweep", monkeypatch)
    assert asked == [str(tmp_path / "s.json")]


@pytest.mark.parametrize("path", ["~list.csv", "a/~/list.csv", "list~.csv", "~nobody-of-this-name/list.csv"])
def test_a_file_whose_name_has_a_tilde_is_itself(path, monkeypatch):
    assert arguments_of(f"roster {path}", roster, "enter", monkeypatch)["path"] == Path(path)


@pytest.mark.parametrize("complete", [True, False])
def test_a_class_list_with_a_line_that_was_not_entered_has_the_exit_code_1(complete, monkeypatch):
    monkeypatch.setattr(roster, "enter", lambda *_, **__: SimpleNamespace(complete=complete))
    outcome = CliRunner().invoke(helpers.__main__.app, ["roster", "class.csv"])
    assert outcome.exit_code == (0 if complete else 1)


def test_training_uses_as_many_blas_threads_as_asked_for(monkeypatch):
    used = []

    def note(*_):
        used.extend(library["num_threads"] for library in threadpool_info())
        sys.exit(0)

    monkeypatch.setattr(helpers.training.command, "Run", note)
    if not threadpool_info():
        pytest.skip("threadpoolctl does not know the BLAS library of this NumPy")
    with threadpool_limits():  # puts the number back in the end
        for threads in ("2", "1"):
            CliRunner().invoke(helpers.__main__.app, ["train", "--threads", threads])
    assert used == [2] * (len(used) // 2) + [1] * (len(used) // 2) != []


def test_a_dry_run_of_release_releases_nothing_and_says_what_it_would(monkeypatch):
    monkeypatch.setattr(assignments, "release", lambda *_: pytest.fail("it was released"))
    arguments = ["release", "00", "--due", "2126-12-01 23:59", "--dry-run"]
    outcome = CliRunner().invoke(helpers.__main__.app, arguments, env={"TZ": "Asia/Seoul"})
    assert outcome.exit_code == 0
    words = "00_start_here would be released, due Sunday, 1 December 2126, 23:59 (Asia/Seoul, UTC+09:00), in "
    assert (words in outcome.stdout, outcome.stderr) == (True, "")


def test_a_due_date_in_the_past_gets_a_warning_and_is_entered(monkeypatch):
    entered = []
    monkeypatch.setattr(assignments, "release", lambda course, source, due, **_: entered.append(f"{due}"))
    outcome = CliRunner().invoke(helpers.__main__.app, ["release", "00", "--due", "2026-01-02T03:04Z"])
    assert (outcome.exit_code, entered) == (0, ["2026-01-02 03:04:00+00:00"])
    assert "is released, due Friday, 2 January 2026, 03:04 (UTC, UTC+00:00), " in outcome.stdout
    assert "The due date is in the past" in outcome.stderr


def test_an_empty_due_date_is_not_taken_for_none(monkeypatch):
    monkeypatch.setattr(assignments, "release", lambda *_, **__: pytest.fail("it was released"))
    outcome = CliRunner().invoke(helpers.__main__.app, ["release", "00", "--due", ""])
    assert str(outcome.exception).startswith("'' is not a time; write it as 2026-12-01 23:59")


def test_building_the_notebooks_brings_catalogues_up_to_date_first_and_derives_those_for_colab_from_them(monkeypatch):
    done = []
    monkeypatch.setattr(build, "build", lambda root, notebook: done.append(f"build {notebook}"))
    monkeypatch.setattr(public_address, "write", lambda root, *_: done.append("colab"))
    monkeypatch.setattr(translations, "merge", lambda root: done.append("catalogues"))
    assert CliRunner().invoke(helpers.__main__.app, ["notebooks", "01"]).exit_code == 0
    assert done == ["catalogues", "build 01", "colab"]


@pytest.mark.parametrize("waiting", [0, 3])
def test_feedback_names_what_it_could_not_deliver_and_says_how_many_answers_wait_for_a_person(waiting, monkeypatch):
    monkeypatch.setattr(feedback_delivery, "give_feedback", lambda *_, **__: (5, waiting))
    monkeypatch.setattr(feedback_delivery, "find_undeliverable_feedback", lambda *_: ["ada", "bob"])
    monkeypatch.setattr(feedback_delivery, "find_withheld", lambda *_, **__: {})
    said = CliRunner().invoke(helpers.__main__.app, ["feedback", "00"]).output
    assert "New feedback on 5 submissions" in said and ": ada, bob." in said
    assert ("3 of them have answers to grade by hand" in said) == bool(waiting)


def test_the_command_line_is_quick_because_it_imports_nothing_heavy():
    outcome = run("-c", "import helpers.__main__, sys; print({'numpy', 'matplotlib', 'nbgrader'} & set(sys.modules))")
    assert outcome.stdout == "set()\n"


@pytest.mark.parametrize(
    "following, opened",
    [("3.2", "my/03_lstm_gates/03_lstm_gates.ipynb"), ("4.1", f"my/{lab.START}"), (None, f"my/{lab.START}")],
)
def test_jupyterlab_opens_the_notebook_of_the_next_exercise(tmp_path, monkeypatch, following, opened):
    """Of one that is not there, or when all are right, the first notebook."""
    folder = tmp_path / "my/03_lstm_gates"
    folder.mkdir(parents=True)
    (folder / "03_lstm_gates.ipynb").touch()
    monkeypatch.setattr(lab, "read_progress", lambda folder: SimpleNamespace(next=EXERCISES.get(following)))
    assert lab._next_notebook(tmp_path) == opened


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
            assert f"/lab/tree/my/{lab.START}?token=" in url
            assert f":{port}/" not in url
            page = fetch(url)
            assert "JupyterLab" in page
            settings = re.search(r'<script id="jupyter-config-data" type="application/json">(.*?)</script>', page, re.S)
            assert "@jupyter/nbgrader:formgrader" in json.loads(settings[1])["disabledExtensions"]
            kernels = json.loads(fetch(url.replace(f"/lab/tree/my/{lab.START}", "/api/kernelspecs")))
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
        assert str(outcome.exception) == "There is no benchmark 'nothing'; there are: layers, checks, grading, gpu."
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


def test_an_option_v_before_the_command_and_one_after_it_add_up():
    outcome = run_program(
        """
        import os
        from helpers import logs

        logs.configure(1)
        logs.configure(1)
        print(os.environ[logs.VARIABLE])
        """
    )
    assert outcome.stdout == "2\n"


def test_a_verbosity_of_the_environment_that_is_not_a_number_counts_as_none():
    outcome = run_program(
        """
        import os
        from helpers import logs

        os.environ[logs.VARIABLE] = "yes"
        logs.configure()
        logs.configure(1)
        print(os.environ[logs.VARIABLE])
        """
    )
    assert outcome.stdout == "1\n"


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


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize(
    ("setting", "options"),
    [("DUE=2026-12-01 23:59", '--due "2026-12-01 23:59"'), ("DUE=", '--due ""'), ("ARGS=--regrade", "--regrade")],
)
def test_make_passes_on_what_release_was_given(setting, options):
    """An empty due date too, as of a variable that is misspelt: it must not be dropped."""
    command = ["make", "-n", "release", "NB=01", setting]
    planned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    assert re.search(rf"-m helpers +release 01 +{re.escape(options)} *$", planned, re.MULTILINE)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("names", ["", "ina", "ina jo"])
@pytest.mark.parametrize("target", ["grade", "extend", "excuse"])
def test_make_passes_on_a_student_whose_name_is_empty_too(target, names):
    """An empty name, as of a variable that is misspelt, must not mean everybody."""
    command = ["make", "-n", target, "NB=01", f"STUDENT={names}"]
    planned = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    assert re.search(rf'-m helpers +{target} 01 +--student "{names}" *$', planned, re.MULTILINE)


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
