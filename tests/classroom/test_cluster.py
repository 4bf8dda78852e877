"""A class is graded by the workers of a real Dask cluster, whatever dies meanwhile, exactly as it is in one process."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import pytest
import yaml

pytest.importorskip("distributed", reason="a cluster needs the extra `scale`")

from distributed import Client, Security
from distributed.cli import dask_scheduler, dask_worker

from helpers.classroom.grading import cluster
from helpers.classroom.grading.cluster import cluster_workers
from helpers.classroom.grading.sandbox.isolation import Limits
from helpers.classroom.grading.workers import NoWorkers
from helpers.training import load_sweep, run_sweep, sweep
from helpers.training.presets import PRESETS
from tests.classroom.dask_processes import DaskProcesses, Machine, wait_until
from tests.classroom.sample_class import ENDLESS, FALLING, REPOSITORY, RIGHT, TEXTBOOK, SampleClass

pytestmark = pytest.mark.cluster

LIMITS = Limits(seconds=6, memory=640 << 20)
NOTHING = {"check-0-1": 0.0, "hidden-0-1": 0.0}
EVERYTHING = {"check-0-1": 1.0, "hidden-0-1": 1.0}
DRAWN_OUT = f"import time\n\ntime.sleep(1.5)\n\n\n{RIGHT}"
CRASHING = "import ctypes\n\n\ndef sigmoid(a):\n    ctypes.string_at(0)"

#: What makes a worker die at the sight of poison; Dask may run it more than once.
MORTAL = """
import os
from helpers.classroom.grading import batch, grader

def grade(template, data, **settings):
    return os._exit(1) if b"poison" in data else grader.grade_submission(template, data, **settings)

batch.grade_submission = grade
"""

#: One of each kind, and enough that workers can be killed in between.
WORK = {
    "amy": "solved",
    "ben": {"0.1": DRAWN_OUT},
    "cat": {"0.1": FALLING},
    "dan": {"0.1": ENDLESS},
    "eva": {"0.1": f"{DRAWN_OUT}  # eva"},
    "fay": b"no notebook",
    "gil": {"0.1": CRASHING},
    "hal": {"0.1": f"{DRAWN_OUT}  # hal"},
    "ian": "untouched",
    "joy": {"0.1": f"{DRAWN_OUT}  # again"},
    "kim": {"0.1": TEXTBOOK},
}


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """On a busy machine a worker may take minutes to start."""
    monkeypatch.setattr(cluster, "PATIENCE", 300)


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    """A scheduler with two workers, which a nanny starts anew when they die."""
    processes = DaskProcesses(tmp_path_factory.mktemp("dask"))
    processes.start_workers("--nworkers=2")
    yield processes
    processes.close()


@pytest.fixture
def another(tmp_path):
    """A function that starts a scheduler of its own, without workers."""
    started = []

    def start(**options):
        started.append(DaskProcesses(tmp_path / f"dask-{len(started)}", **options))
        return started[-1]

    yield start
    for processes in started:
        processes.close()


@pytest.fixture
def class_of_eleven(sample_class):
    """A SampleClass with one of each kind."""
    sample_class = sample_class()
    for student, work in WORK.items():
        sample_class.hand_in(student, work)
    return sample_class


class Killer(threading.Thread):
    """Ends a worker that has a task in hand, the hard way, again and again.

    Not in its first second: a nanny that has not yet heard that its worker runs ends with it, and its command too.

    Args:
        client: of the cluster.
        times: how often.
    """

    def __init__(self, client, times):
        super().__init__(daemon=True)
        self.client, self.times, self.killed = client, times, []
        self.first_seen = {}

    def run(self):
        """Kill."""
        while len(self.killed) < self.times:
            self.killed.append(wait_until(self._find_prey))
            os.kill(self.killed[-1], signal.SIGKILL)

    def _find_prey(self):
        # The scheduler knows; a worker that was just killed would let its question wait.
        busy = self.client.run_on_scheduler(
            lambda dask_scheduler: [one.pid for one in dask_scheduler.workers.values() if one.processing]
        )
        now = time.monotonic()
        ages = {pid: now - self.first_seen.setdefault(pid, now) for pid in busy}
        return next((pid for pid, age in ages.items() if age > 1 and pid not in self.killed), None)


# --- nothing is lost --------------------------------------------------------------------------------------------------


def test_workers_killed_three_times_leave_the_gradebook_of_a_sequential_run(dask, class_of_eleven):
    sample_class, seen = class_of_eleven, []
    with dask.watch() as client:
        killer = Killer(client, 3)
        killer.start()
        graded = sample_class.grade(
            cluster_workers(str(dask.file)), lambda student, _: seen.append(student), limits=LIMITS
        )
        assert len(killer.killed) == 3
        assert not any(client.processing().values())
    assert sorted(seen) == sorted(WORK)
    assert graded.failed() == ["fay"]
    assert graded.results["dan"].scores["check-0-1"].status == "timed out"
    assert graded.results["gil"].scores["check-0-1"].status == "crashed"
    on_cluster, statuses = sample_class.points(), statuses_of(graded)
    shutil.rmtree(sample_class.root / "build/graded")
    again = sample_class.grade(limits=LIMITS)
    assert statuses_of(again) == statuses
    assert sample_class.points() == on_cluster
    assert on_cluster.keys() == WORK.keys()


def statuses_of(graded):
    """Return everything that is said of every score."""
    return {student: asdict(one)["scores"] for student, one in graded.results.items()}


def test_what_a_cluster_has_graded_is_not_graded_again_elsewhere(dask, sample_class):
    sample_class = sample_class()
    sample_class.hand_in("amy", "solved")
    sample_class.grade(cluster_workers(str(dask.file)))
    assert sample_class.regrade() == set()


def test_a_submission_that_kills_its_workers_costs_itself_and_no_other(another, sample_class, tmp_path):
    sample_class = sample_class()
    for student in ("amy", "ben", "cat", "eva"):
        sample_class.hand_in(student, "solved")
    sample_class.hand_in("dan", {"0.1": f"{RIGHT}  # poison"})
    mortal = tmp_path / "mortal.py"
    mortal.write_text(MORTAL)
    processes = another(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    processes.start_workers(f"--preload={mortal}")
    graded = sample_class.grade(cluster_workers(str(processes.file)))
    assert graded.failed() == ["dan"]
    assert graded.results["dan"].scores["check-0-1"].reason == "Every worker that graded it died."
    assert sample_class.batch().find_open() == ["dan"]
    sample_class.grade()
    assert sample_class.points() == dict.fromkeys(("amy", "ben", "cat", "dan", "eva"), EVERYTHING)


def test_a_scheduler_that_is_gone_ends_the_run_in_one_sentence_and_the_next_goes_on(another, class_of_eleven):
    sample_class, seen = class_of_eleven, []
    processes = another()
    processes.start_workers("--nworkers=2")

    def kill_the_scheduler(student, graded):
        seen.append(student)
        if len(seen) == 2:
            processes.scheduler.kill()

    with pytest.raises(NoWorkers, match=r"The scheduler at tls://.* cannot be reached any more\. What was done"):
        sample_class.grade(cluster_workers(str(processes.file)), notify=kill_the_scheduler, limits=LIMITS)
    before = sample_class.records()
    assert before.keys() >= {*seen} - {"fay"}
    sample_class.grade(limits=LIMITS)
    assert {student: sample_class.records()[student] for student in before} == before
    assert sample_class.points().keys() == WORK.keys()


def test_with_no_worker_at_all_the_run_ends_in_one_sentence(another, sample_class, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    sample_class = sample_class()
    sample_class.hand_in("amy", "solved")
    with pytest.raises(NoWorkers, match="has had no worker for 1 s"):
        sample_class.grade(cluster_workers(str(another().file)))


def test_a_scheduler_that_does_not_answer_once_ends_no_run(dask, sample_class, monkeypatch):
    sample_class, looks, look = sample_class(), [], Client.nthreads
    for student in "abcd":
        sample_class.hand_in(student, {"0.1": f"{DRAWN_OUT}  # {student}"})

    def look_in_vain_once(client):
        looks.append(client)
        if len(looks) == 3:
            raise OSError("Timed out trying to connect")  # as Dask does where no connection was free
        return look(client)

    monkeypatch.setattr(Client, "nthreads", look_in_vain_once)
    sample_class.grade(cluster_workers(str(dask.file)))
    assert len(looks) > 3
    assert sample_class.points() == dict.fromkeys("abcd", EVERYTHING)


# --- several machines -------------------------------------------------------------------------------------------------


@pytest.fixture
def machines():
    """Three machines, which are network namespaces."""
    with contextlib.ExitStack() as stack:
        try:
            made = stack.enter_context(Machine.make(3))
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("no network namespaces can be made here (that takes root, and the program ip)")
        yield made


def test_a_machine_that_is_cut_off_costs_no_submission(machines, another, sample_class):
    sample_class, done = sample_class(), []
    for student in "abcdef":
        sample_class.hand_in(student, {"0.1": f"{DRAWN_OUT}  # {student}"})
    first, second, third = machines
    patience = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s"}  # the least that Dask takes is 11
    processes = another(machine=first, **patience)
    for machine in (second, third):
        processes.start_workers("--no-nanny", machine=machine, **patience)

    def cut(student, graded):
        done.append(student)
        if len(done) == 2:
            third.set_link("down")

    with processes.watch() as client:
        wait_until(lambda: len(client.nthreads()) == 2)
        sample_class.grade(cluster_workers(str(processes.file)), notify=cut)
        [left] = client.nthreads()
    assert second.address in left
    assert sample_class.points() == dict.fromkeys("abcdef", EVERYTHING)


# --- who takes part ---------------------------------------------------------------------------------------------------


def test_workers_that_cannot_take_part_are_named_and_get_nothing(another, sample_class, tmp_path, capsys):
    sample_class = sample_class()
    for student in ("amy", "ben", "cat", "dan"):
        sample_class.hand_in(student, {"0.1": f"{DRAWN_OUT}  # {student}"})
    processes = another()
    empty, other = tmp_path / "empty", tmp_path / "other"
    empty.mkdir()
    shutil.copytree(REPOSITORY / "helpers", other / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    changed = other / "helpers/checks/judge.py"
    changed.write_text(f"{changed.read_text()}# another version\n")
    processes.start_workers("--no-nanny", PATH=str(empty))
    processes.start_workers("--no-nanny", cwd=other)
    processes.start_workers("--no-nanny", "--nthreads=2")
    with processes.watch() as client:
        wait_until(lambda: len(client.nthreads()) == 3)
        with pytest.raises(NoWorkers, match=r"No worker of tls://.* can be used\. tls://"):
            sample_class.grade(cluster_workers(str(processes.file)))
        assert sample_class.records() == {}
        said = capsys.readouterr().err
        assert said.count("is not used") == 3
        assert "bubblewrap (the program bwrap) is not installed" in said
        assert "its copy of the course is not the one here; install the same on both sides." in said
        assert "it has 2 threads, and must have one: start it with --nthreads 1." in said

        unfit = client.nthreads().keys()
        processes.start_workers("--no-nanny")
        wait_until(lambda: len(client.nthreads()) == 4)
        asked = []
        sample_class.grade(
            cluster_workers(str(processes.file)),
            notify=lambda *_: asked.extend(worker for worker, tasks in client.processing().items() if tasks),
        )
    assert not unfit & {*asked}
    assert sample_class.points() == dict.fromkeys(("amy", "ben", "cat", "dan"), EVERYTHING)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("code", "its copy of the course is not the one here"),
        ("Python", r"it has Python 3\.\S+, and here it is another\."),
        ("NumPy", r"it has NumPy \S+, and here it is another\."),
    ],
)
def test_what_a_score_depends_on_is_the_same_on_a_worker(name, said):
    here = cluster.describe() | {"sandbox": False}
    cluster.check_worker(here)
    with pytest.raises(cluster.UnfitWorker, match=said):
        cluster.check_worker(here | {name: "another"})


def test_a_worker_that_joins_during_the_run_does_its_share(another, sample_class):
    sample_class = sample_class()
    for student in "abcdefgh":
        sample_class.hand_in(student, {"0.1": f"{DRAWN_OUT}  # {student}"})
    processes, done = another(), {}
    processes.start_workers("--no-nanny")

    def start_another(student, graded):
        if not done:
            processes.start_workers("--no-nanny")
            wait_until(lambda: len(client.nthreads()) == 2)
        done[student] = {worker for worker, tasks in client.processing().items() if tasks}

    with processes.watch() as client:
        sample_class.grade(cluster_workers(str(processes.file)), notify=start_another)
    assert len(set().union(*done.values())) == 2


# --- who may listen ---------------------------------------------------------------------------------------------------


def test_a_connection_without_tls_is_refused_unless_asked_for(tmp_path, capsys):
    path = tmp_path / "scheduler.json"
    path.write_text(json.dumps({"address": "tcp://localhost:8786"}))
    for scheduler in ("tcp://localhost:8786", str(path)):
        with pytest.raises(ValueError, match=r"tcp://localhost:8786 is not encrypted: .*: --insecure\.$"):
            cluster_workers(scheduler)
    cluster_workers("tcp://localhost:8786", insecure=True)
    assert "is not encrypted" in capsys.readouterr().err


def test_credentials_are_made_anew_for_their_owner_alone(tmp_path):
    folder, texts = tmp_path / "cluster", []
    for _ in range(2):
        command = [sys.executable, "-m", "helpers", "credentials", "--folder", str(folder)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert str(folder / "credentials.pem") in done.stdout
        texts.append((folder / "credentials.pem").read_text())
        assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "credentials.pem")] == [0o700, 0o600]
        folder.chmod(0o755)  # as one that was there before may be
    assert texts[0] != texts[1]


def test_what_is_not_a_scheduler_is_refused_in_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"There are no TLS credentials for tls://localhost:1\. Name them in Dask's"):
        cluster_workers("localhost:1")
    with pytest.raises(ValueError, match=r"There is no scheduler file .*nowhere\.json\. Does the cluster run\?"):
        cluster_workers(str(tmp_path / "nowhere.json"))
    path = tmp_path / "scheduler.json"
    path.write_text("[]")
    with pytest.raises(ValueError, match=r"is not a scheduler file of Dask\."):
        cluster_workers(str(path))
    cluster.write_credentials(tmp_path)
    path.write_text(json.dumps({"address": "tls://127.0.0.1:9"}))
    monkeypatch.setattr(cluster, "CONNECTING", 1)
    with pytest.raises(NoWorkers, match=r"No Dask scheduler could be reached at tls://127\.0\.0\.1:9: "):
        cluster_workers(str(path))()


def test_nobody_without_the_credentials_gets_in(dask):
    for security in (Security.temporary(), Security()):
        with pytest.raises((OSError, TypeError)):  # a certificate of somebody else, and none at all
            Client(dask.address, security=security, timeout=2, set_as_default=False)


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def start(released, tmp_path):
    """A function that starts a command in a repository of one notebook, with the package in it."""
    root = shutil.copytree(released("00"), tmp_path / "repository")
    shutil.copytree(REPOSITORY / "helpers", root / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "helpers", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        started.append(subprocess.Popen(command, cwd=root, start_new_session=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()


def test_a_coordinator_that_was_killed_is_started_again_and_the_cluster_leaves_nothing(start, tmp_path):
    sample_class = SampleClass(tmp_path / "repository", "00")
    for student in "abcdefgh":
        sample_class.hand_in(student, {"0.1": f"{DRAWN_OUT}  # {student}"})
    running = start("cluster", "--workers", "2")
    folder = sample_class.root / "build/cluster"
    wait_until((folder / "scheduler.json").exists)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "credentials.pem").stat().st_mode) == 0o600

    command = ("grade", "00", "--scheduler", "build/cluster/scheduler.json")
    coordinator = start(*command)
    wait_until(lambda: len(sample_class.records()) >= 2)
    coordinator.kill()
    coordinator.wait()
    before = sample_class.records()
    assert 2 <= len(before) < 8
    again = start(*command)
    said = again.communicate()[0]
    assert again.returncode == 0, said
    assert f"8 submissions, {8 - len(before)} of them to be graded." in said
    assert {student: sample_class.records()[student] for student in before} == before
    assert sample_class.points() == dict.fromkeys("abcdefgh", EVERYTHING)

    os.killpg(running.pid, signal.SIGINT)  # as Ctrl-C does
    said = running.communicate(timeout=120)[0]  # ends when the last process that could write has ended
    assert "make grade NB=01 SCHEDULER=build/cluster/scheduler.json" in said
    assert "The cluster and its credentials are gone." in said
    assert "Traceback" not in said
    assert [*folder.iterdir()] == []
    once_more = start(*command)
    assert "There is no scheduler file build/cluster/scheduler.json." in once_more.communicate()[0]
    assert once_more.returncode == 1


# --- docs/scale.md ----------------------------------------------------------------------------------------------------

SCALE = (REPOSITORY / "docs/scale.md").read_text(encoding="utf-8")


def commands_in_the_docs():
    """Return the words of every `dask` command: those for a terminal or a job, and those of the manifests."""
    text = SCALE.replace("\\\n", " ")
    tls = re.search(r'TLS="(.*)"', text)[1]
    typed = [shlex.split(line.replace("$TLS", tls)) for line in re.findall(r"bin/dask (\w+ .*)", text)]
    return [*typed, *(container["command"][1:] for container in containers())]


def containers():
    """Return the containers of the manifests."""
    manifests = yaml.safe_load_all(re.search(r"```yaml\n(.*?)```", SCALE, re.DOTALL)[1])
    pods = [one["spec"]["template"]["spec"] for one in manifests if one["kind"] == "Deployment"]
    return [container for pod in pods for container in pod["containers"]]


def test_every_dask_command_in_the_docs_has_options_that_dask_knows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cluster.write_credentials(tmp_path / "build/cluster")  # the options are for a file that exists
    commands = commands_in_the_docs()
    assert [words[0] for words in commands] == ["scheduler", "worker", "worker", "scheduler", "worker"]
    for name, *words in commands:
        words = [word.replace("/tls/", "build/cluster/") for word in words]
        program = dask_scheduler.main if name == "scheduler" else dask_worker.main
        assert program.make_context(name, words).params["protocol"] == "tls"


def test_the_program_in_the_docs_is_python():
    compile(re.search(r"```python\n(.*?)```", SCALE, re.DOTALL)[1], "docs/scale.md", "exec")


# --- sweeps -----------------------------------------------------------------------------------------------------------


def test_a_sweep_on_a_cluster_is_interrupted_and_gone_on_with_row_by_row(dask, tmp_path, monkeypatch):
    tiny = replace(PRESETS["tiny"], epochs=1)
    monkeypatch.setitem(sweep.SWEEPS, "small", {"tied": tiny, "untied": replace(tiny, tied=False)})
    workers, append, written = cluster_workers(str(dask.file), sandbox=False), sweep._append, []

    def interrupted(path, run):
        append(path, run)
        written.append(run["row"])
        raise KeyboardInterrupt

    monkeypatch.setattr(sweep, "_append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_sweep("small", tmp_path, (0,), workers)
    assert [run["row"] for run in load_sweep("small", tmp_path)] == written
    monkeypatch.setattr(sweep, "_append", append)
    run_sweep("small", tmp_path, (0,), workers)
    found = load_sweep("small", tmp_path)
    assert [(run["row"], run["seed"]) for run in found] == [("tied", 0), ("untied", 0)]
    here = sweep.run_once(tiny, 0)
    assert {name: found[0][name] for name in here if name != "cpu_seconds"} == {
        name: value for name, value in here.items() if name != "cpu_seconds"
    }
