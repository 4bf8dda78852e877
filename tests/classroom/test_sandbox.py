"""The isolation of the answers' process, tried from inside: as root, as an ordinary user, and without bubblewrap."""

import contextlib
import itertools
import json
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import time
import warnings
from importlib.util import source_from_cache
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.classroom.grading.grader import grade_submission
from helpers.classroom.grading.sandbox import isolation, system_calls
from helpers.classroom.grading.sandbox.framing import MAX_BYTES, MAX_SPREAD, Closed, Pipe, pack_array, unpack_array
from helpers.classroom.grading.sandbox.isolation import Limits, NoSandbox, Sandbox, check_sandbox
from helpers.classroom.grading.sandbox.proxies import RemoteFunction, RemoteIterator
from helpers.classroom.grading.sandbox.rpc import _UNREADABLE as UNREADABLE
from helpers.classroom.grading.sandbox.rpc import OFFERED, RpcConnection
from helpers.classroom.grading.sandbox.serialization import (
    MAX_OBJECTS,
    MAX_VALUES,
    ObjectRegistry,
    Reader,
    Writer,
    put_into,
)
from helpers.classroom.grading.sanitize import for_terminal
from helpers.nn import Param
from tests.classroom.attacks.kit import Work, template
from tests.classroom.attacks.run_stock import sandbox_around
from tests.classroom.test_attacks import processes_of

ROOT = Path(__file__).resolve().parents[2]
SMALL = Limits(seconds=20, memory=640 << 20, cpu=3, file_size=1 << 20)


def define(connection, source):
    """Let the answers' process run a cell as the answer to an exercise."""
    connection.call("a1", "load", ([source], {"0.1": ["sigmoid", [], 0, 1]}), {})
    connection.call("a1", "define", ("0.1",), {})


@pytest.fixture
def start(tmp_path, request):
    """A function that starts the answers' process, and returns a function that runs lines there."""
    started = []

    def begin(sandbox=True, limits=SMALL):
        if sandbox:
            request.getfixturevalue("working_sandbox")
        process = Sandbox(tmp_path / "inside", sandbox, limits).start()
        started.append(process)
        pipe = Pipe(process.stdout.fileno(), process.stdin.fileno())
        pipe.deadline = time.monotonic() + limits.seconds
        connection = RpcConnection(pipe, "c", OFFERED)

        def run(source, name="result"):
            with warnings.catch_warnings(action="ignore"):
                define(connection, textwrap.dedent(source))
            return connection.call("a1", "get", ("0.1", name), {})

        run.process, run.connection = process, connection
        return run

    begin.folder = tmp_path
    yield begin
    for process in started:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


# --- what is inside ---------------------------------------------------------------------------------------------------


def test_nothing_of_the_reference_is_inside(start):
    found = start()(
        """
        import importlib
        result = []
        for name in ("functional", "steps", "layers", "recurrent", "feedforward", "analysis", "fast"):
            try:
                importlib.import_module(f"helpers.nn.{name}")
                result.append(name)
            except ImportError:
                pass
        """
    )
    assert found == []


def test_what_is_inside_is_what_is_listed(start):
    seen = start()(
        """
        import os, helpers.nn.base
        root = os.path.dirname(os.path.dirname(helpers.nn.base.__file__))
        result = sorted(
            os.path.relpath(os.path.join(place, name), root) for place, _, names in os.walk(root) for name in names
        )
        """
    )
    assert [name for name in seen if name.endswith(".py")] == sorted(isolation.MOUNTED_FILES)
    # The others are these, compiled.
    assert {source_from_cache(name) for name in seen if not name.endswith(".py")} == set(isolation.MOUNTED_FILES)


@pytest.mark.parametrize("path", ["solutions", "tests", "helpers/nn/steps.py", "notebooks", "Makefile", ".git"])
def test_the_repository_is_not_inside(path, start):
    assert start()(f"import os; result = os.path.exists({str(ROOT / path)!r})") is False


def test_the_course_is_hidden_wherever_it_is(tmp_path, monkeypatch, start):
    """It may be inside a folder that is needed, or contain one, like an environment that was made inside it."""
    start()
    around = Path(sys.base_prefix).parent
    for course in [Path(sys.base_prefix) / "lib", *([around] if around != Path("/") else [])]:
        monkeypatch.setattr(isolation, "_COURSE", course)
        built = Sandbox(tmp_path / course.name, limits=SMALL)._bubblewrap()
        shown, hidden = built.index(sys.base_prefix), built.index(str(course))
        assert (shown < hidden) == course.is_relative_to(sys.base_prefix)
        assert built[hidden - 1] == "--tmpfs"


def test_a_copy_of_the_course_among_the_packages_is_hidden(tmp_path, monkeypatch, working_sandbox):
    packages = tmp_path / "site-packages"
    (packages / "helpers" / "nn").mkdir(parents=True)
    (packages / "helpers" / "nn" / "steps.py").write_text("secret = 1\n")
    monkeypatch.setattr(isolation, "_COURSE", packages)
    monkeypatch.setattr(isolation, "_PACKAGES", packages)
    command = [*Sandbox(tmp_path / "inside")._bubblewrap(), "/bin/ls", str(packages), str(packages / "helpers")]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "helpers" in listed and "nn" not in listed


def test_only_the_programs_of_home_are_inside(start):
    """A Python of one's own may be in the home folder; nothing else is."""
    places = {str(Path.home()), "/home", "/root"}
    seen = start()(
        f"""
        import os
        places = filter(os.path.isdir, {places!r})
        result = [os.path.join(place, name) for place in places for name in os.listdir(place)]
        """
    )
    allowed = [Path(sys.base_prefix), Path(np.__file__).parents[1], ROOT]
    assert [path for path in seen if not any(one.is_relative_to(path) for one in allowed)] == []


def test_the_environment_is_cleared(start, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET_SEED", "known to the instructor alone")
    names = set(start()("import os; result = list(os.environ)"))
    assert names <= {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "PYTHONPATH", "PWD", "LC_CTYPE"}


def test_there_is_no_etc_no_proc_and_no_network(start):
    assert start()("import os; result = os.listdir('/etc')") == ["ld.so.cache"]
    assert start()("import os; result = os.path.exists('/proc')") is False
    with pytest.raises(Exception, match="Operation not permitted"):
        start()("import socket; result = socket.socket()")


def test_what_people_share_on_the_machine_is_hidden(start, monkeypatch, tmp_path):
    shared = Path("/usr/share")  # it is there on every machine
    monkeypatch.setattr(isolation, "_SHARED", shared)
    assert os.listdir(shared)
    assert start()(f"import os; result = os.listdir({str(shared)!r})") == []


_NEIGHBOURS = """
import os, socket, sys
found = []
for name, reach in {
    "process": lambda: os.kill(int(sys.argv[1]), 0),
    "port": lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=5).close(),
}.items():
    try:
        reach()
        found.append(name)
    except OSError:
        pass
print("found", *found)
"""


def test_no_process_and_no_port_of_the_machine_is_there_even_without_the_filter(tmp_path, working_sandbox):
    with socket.create_server(("127.0.0.1", 0)) as server:
        neighbours = [str(os.getpid()), str(server.getsockname()[1])]
        program = [isolation._python(), "-I", "-S", "-c", _NEIGHBOURS, *neighbours]
        outside = subprocess.run(program, capture_output=True, text=True, check=True).stdout
        inside = subprocess.run(
            [*Sandbox(tmp_path / "inside")._bubblewrap(), *program], capture_output=True, text=True, check=True
        ).stdout
    assert (outside, inside) == ("found process port\n", "found\n")


def test_the_system_is_read_only(start):
    assert (
        start()(
            """
        import os
        result = []
        for folder in ("/", "/usr", "/usr/lib", "/dev", "/dev/shm", os.path.dirname(os.__file__)):
            try:
                open(os.path.join(folder, "mine"), "w").close()
                result.append(folder)
            except OSError:
                pass
        """
        )
        == []
    )


def test_the_streams_of_the_grader_are_not_those_of_the_answers(start, capfd):
    assert start()("import os; result = [os.write(number, b'x') for number in (1, 2)]") == [1, 1]
    assert capfd.readouterr() == ("", "")


def test_the_answers_have_no_capability(start):
    """Root has all of them outside; an ordinary user has none to begin with."""
    lines = """
        import ctypes
        header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        called = ctypes.CDLL(None).capget(header, sets)
        result = [called, *sets]
        """
    assert start()(lines) == [0] * 7
    command = Sandbox(start.folder / "built", limits=SMALL)._bubblewrap()
    assert command[command.index("--cap-drop") + 1] == "ALL"


PARENT = """
import sys, threading, time
from helpers.classroom.grading.sandbox.framing import Pipe
from helpers.classroom.grading.sandbox.isolation import Sandbox
from helpers.classroom.grading.sandbox.rpc import RpcConnection

process = Sandbox(sys.argv[1]).start()
connection = RpcConnection(Pipe(process.stdout.fileno(), process.stdin.fileno()), "c")
threading.Timer(1, print, ("waiting",), {"flush": True}).start()
source = "import time\\nwhile True: time.sleep(1)"
connection.call("a1", "load", ([source], {"0.1": ["sigmoid", [], 0, 1]}), {})
connection.call("a1", "define", ("0.1",), {})
"""


def test_the_answers_end_with_the_process_that_grades_them(tmp_path, working_sandbox):
    """Though they do not read what it sends, and so do not notice that it is gone."""
    command = [sys.executable, "-c", PARENT, str(tmp_path / "inside")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout.readline() == b"waiting\n"
        finally:
            parent.kill()
    left = processes_of(tmp_path / "inside")
    for process in psutil.process_iter(["cmdline"]):
        if str(tmp_path / "inside") in " ".join(process.info["cmdline"] or ()):
            process.kill()
    assert left == []


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sandbox", [True, False])
def test_memory_is_limited(sandbox, start):
    with pytest.raises(MemoryError):
        start(sandbox)("result = bytes(700 << 20)")


@pytest.mark.parametrize("sandbox", [True, False])
def test_the_size_of_a_file_is_limited(sandbox, start):
    with pytest.raises(OSError, match=r"File too large|No space left"):
        start(sandbox)("import tempfile; result = tempfile.TemporaryFile().write(bytes(2 << 20))")


def test_all_files_together_are_limited(start):
    with pytest.raises(OSError, match="No space left"):
        start()("for n in range(10): open(str(n), 'wb').write(bytes(500_000))")


@pytest.mark.parametrize("sandbox", [True, False])
def test_processor_time_is_limited(sandbox, start):
    with pytest.raises(Closed, match="it ended"):
        start(sandbox, Limits(seconds=60, cpu=1, memory=640 << 20))("while True: pass")


@pytest.mark.parametrize("how", ["os.fork()", "__import__('subprocess').run(['true'])", "threading.Thread().start()"])
def test_no_process_and_no_thread_can_be_started(how, start):
    with pytest.raises(Exception, match=r"not permitted|can't start new thread"):
        start()(f"import os, threading; result = {how}")


def test_memory_that_no_limit_counts_is_refused(start):
    """A file in memory is not part of the process's address space while nobody maps it."""
    with pytest.raises(PermissionError, match="not permitted"):
        start()("import os; result = os.write(os.memfd_create('mine'), b'x')")


@pytest.mark.parametrize("sandbox", [True, False])
def test_limits_cannot_be_lifted(sandbox, start):
    run = start(sandbox)
    limits = {"AS": SMALL.memory, "CPU": SMALL.cpu, "FSIZE": SMALL.file_size, "NOFILE": 64, "NPROC": 0, "CORE": 1}
    hard = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in limits}
    lowest = {name: min(size, hard[name]) if hard[name] >= 0 else size for name, size in limits.items()}
    found = run(f"import resource as r; result = [r.getrlimit(getattr(r, 'RLIMIT_' + name)) for name in {[*limits]}]")
    assert dict(zip(limits, found)) == {name: (size, size) for name, size in lowest.items()}


def test_a_process_that_stops_reading_cannot_hold_the_grader(start):
    run = start(sandbox=False, limits=Limits(seconds=2, memory=640 << 20))
    run.process.send_signal(signal.SIGSTOP)
    with pytest.raises(Closed, match="took too long"):
        run("#" + "x" * 3_000_000)  # far more than the pipe takes


#: The numbers of system calls on x86_64 and aarch64, from the kernel's tables; None where there is no such call.
NUMBERS = {
    "clone": (56, 220),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "socket": (41, 198),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "mount": (165, 40),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "open_by_handle_at": (304, 265),
    "setns": (308, 268),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "flock": (73, 32),
    "timer_create": (222, 107),
    "mq_open": (240, 180),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
}
#: fcntl on both, and its commands from the kernel's headers, in order: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL,
#: F_DUPFD_CLOEXEC; and F_SETLK, F_SETLKW, F_SETOWN, F_SETSIG, F_SETOWN_EX, F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE,
#: F_NOTIFY, F_SETPIPE_SZ, F_ADD_SEALS.
FCNTL, HARMLESS = (72, 25), (0, 1, 2, 3, 4, 1030)
HOLDING = (6, 7, 8, 10, 15, 37, 38, 1024, 1026, 1031, 1033)
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOWED, KILLED, NOT_PERMITTED, NO_SUCH_CALL = 0x7FFF0000, 0x80000000, 0x00050000 | 1, 0x00050000 | 38


def decide(machine, number, audit, second=0):
    """Run the filter as the kernel does, for a call of this number by a program of this machine.

    Args:
        second: the second argument of the call, as far as its low half.
    """
    program, position, loaded = [*struct.iter_unpack("=HBBI", system_calls.process_filter(machine))], 0, None
    while True:
        code, if_true, if_false, value = program[position]
        match code:
            case 0x20:
                loaded, jump = {0: number, 4: audit, 24: second}[value], 0
            case 0x15:
                jump = if_true if loaded == value else if_false
            case 0x35:
                jump = if_true if loaded >= value else if_false
            case 0x06:
                return value
        position += 1 + jump


@pytest.mark.parametrize("machine", AUDIT)
def test_the_filter_refuses_each_call_under_its_number_on_every_machine(machine):
    place = [*AUDIT].index(machine)
    numbers = {name: both[place] for name, both in NUMBERS.items() if both[place] is not None}
    found = {name: decide(machine, number, AUDIT[machine]) for name, number in numbers.items()}
    assert found == dict.fromkeys(numbers, NOT_PERMITTED)
    assert decide(machine, {"x86_64": 0, "aarch64": 63}[machine], AUDIT[machine]) == ALLOWED  # read
    assert decide(machine, 435, AUDIT[machine]) == NO_SUCH_CALL  # clone3: libc then falls back to clone


@pytest.mark.parametrize("machine", AUDIT)
def test_a_file_may_be_neither_leased_nor_locked_nor_watched(machine):
    number = FCNTL[[*AUDIT].index(machine)]
    assert {decide(machine, number, AUDIT[machine], command) for command in HARMLESS} == {ALLOWED}
    assert {decide(machine, number, AUDIT[machine], command) for command in HOLDING} == {NOT_PERMITTED}


@pytest.mark.parametrize(
    "hold",
    [
        "fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)",
        "fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)",
        "fcntl.fcntl(file, fcntl.F_NOTIFY, fcntl.DN_MODIFY)",
        "fcntl.lockf(file, fcntl.LOCK_SH)",
        "fcntl.flock(file, fcntl.LOCK_SH)",
        "ctypes.CDLL(None, use_errno=True).inotify_init() >= 0 or os.stat('/nowhere')",
    ],
)
def test_nothing_can_make_another_process_wait_for_a_file(hold, start):
    """A lease on a file of the environment blocks everyone who opens it for 45 s, other answers among them."""
    lines = ["import ctypes, fcntl, os", "file = open(os.__file__)", f"result = bool({hold})"]
    with pytest.raises((PermissionError, FileNotFoundError), match=r"not permitted|No such file"):
        start()("\n".join(lines))


def test_the_filter_lets_no_call_through_under_a_second_number():
    """32-bit programs on a 64-bit kernel, and the numbers of x32, which begin at 0x40000000."""
    assert decide("x86_64", 57, 0x40000003) == KILLED
    assert decide("x86_64", 0x40000000 | 319, AUDIT["x86_64"]) == NOT_PERMITTED


@pytest.mark.parametrize("machine", AUDIT)
def test_the_filter_lets_nothing_through_but_its_lists(machine):
    place = [*AUDIT].index(machine)
    allowed = {both[place] for calls in system_calls.ALLOWED.values() for both in calls.values()}
    found = {number: decide(machine, number, AUDIT[machine], second=99) for number in range(600)}
    assert {number for number in found if found[number] == ALLOWED} == allowed - {None}
    assert {found[number] for number in range(451, 600)} == {NO_SUCH_CALL}  # newer than the lists: libc does without
    assert {found[number] for number in range(451) if number not in allowed} == {NOT_PERMITTED, NO_SUCH_CALL}


@pytest.mark.parametrize("machine", AUDIT)
def test_of_a_device_answers_may_ask_a_little_and_change_nothing(machine):
    """TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX; and TCSETS, TIOCSCTTY, TIOCSTI, FIOASYNC, FITRIM."""
    number = (16, 29)[[*AUDIT].index(machine)]
    asked = [decide(machine, number, AUDIT[machine], command) for command in (0x5401, 0x5413, 0x541B, 0x5421)]
    assert {*asked, *(decide(machine, number, AUDIT[machine], command) for command in (0x5450, 0x5451))} == {ALLOWED}
    changed = (0x5402, 0x540E, 0x5412, 0x5452, 0xC0185879)
    assert {decide(machine, number, AUDIT[machine], command) for command in changed} == {NOT_PERMITTED}


@pytest.mark.parametrize(
    ("place", "header", "prefix"),
    [(0, "x86_64-linux-gnu/asm/unistd_64.h", "__NR_"), (1, "asm-generic/unistd.h", "__NR(?:3264)?_")],
)
def test_the_numbers_are_those_of_the_kernel(place, header, prefix):
    path = Path("/usr/include", header)
    if not path.exists():
        pytest.skip("the kernel's headers are not installed")
    table = {name: int(number) for name, number in re.findall(rf"#define {prefix}(\w+) (\d+)", path.read_text())}
    table.setdefault("newfstatat", table.get("fstatat"))
    ours = {name: both[place] for calls in system_calls.ALLOWED.values() for name, both in calls.items()}
    ours |= {name: numbers[place] for name, (numbers, _) in system_calls.COMMANDS.items()}
    assert ours == {name: table.get(name) for name in ours}


def test_there_is_no_filter_for_a_machine_that_is_not_known():
    assert system_calls.process_filter("a machine of tomorrow") == b""


# --- who grades -------------------------------------------------------------------------------------------------------

_GRADE = """
import json, os, sys
from pathlib import Path
import helpers.__main__
from helpers.classroom.grading.grader import grade_submission
folder = Path(sys.argv[1])
graded = grade_submission((folder / "template").read_text(), (folder / "work").read_bytes())
scores = [[score.points, score.reason] for score in graded.scores.values()]
print(json.dumps({"root": os.geteuid() == 0, "scores": scores, "protected": graded.protected}))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_it_works_for_an_ordinary_user_too(tmp_path, working_sandbox):
    _put_work_into(tmp_path)
    done = _run([*sandbox_around(tmp_path), sys.executable, "-c", _GRADE, str(tmp_path)])
    assert json.loads(done.stdout) == {
        "root": False,
        "scores": [[1.0, ""], [1.0, ""], [2.0, ""], [2.0, ""]],
        "protected": True,
    }, done.stderr


def test_it_works_for_the_user_who_runs_this(tmp_path, working_sandbox):
    _put_work_into(tmp_path)
    said = json.loads(_run([sys.executable, "-c", _GRADE, str(tmp_path)]).stdout)
    assert said == {
        "root": os.geteuid() == 0,
        "scores": [[1.0, ""], [1.0, ""], [2.0, ""], [2.0, ""]],
        "protected": True,
    }


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_time_that_ran_out_before_any_answer_ran_is_no_result(sandbox, request):
    """Another submission may have held up the start of this one."""
    if sandbox:
        request.getfixturevalue("working_sandbox")
    short = Limits(seconds=20, total=0.02, memory=640 << 20)
    with pytest.raises(OSError, match="before any ran: this is not the fault of the submission"):
        grade_submission(template("00"), Work("00").data(), sandbox=sandbox, limits=short)


def test_without_a_sandbox_the_checks_are_the_same_and_the_result_says_so():
    graded = grade_submission(template("00"), Work("00").data(), sandbox=False, limits=SMALL)
    assert [score.points for score in graded.scores.values()] == [1.0, 1.0, 2.0, 2.0]
    assert graded.protected is False


def test_without_a_sandbox_the_reference_is_in_another_process_all_the_same(start):
    run = start(sandbox=False)
    assert run("import os; result = os.getpid()") == run.process.pid
    assert run("import gc; result = [f for f in gc.get_objects() if getattr(f, '__name__', '') == 'sigmoid']") == []


def test_without_a_sandbox_a_process_that_is_left_behind_ends_with_its_submission(tmp_path):
    work = Work("00")
    sleep = "import subprocess\nsubprocess.Popen(['sleep', '98.7654'])"
    work.put_after("0.1", sleep)
    graded = grade_submission(template("00"), work.data(), sandbox=False, limits=SMALL)
    assert set(graded.scores) == {"check-0-1", "hidden-0-1", "check-0-2", "hidden-0-2"}
    assert processes_of("98.7654") == []


def test_what_is_missing_is_said_where_there_is_no_bubblewrap(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSandbox, match=r"^bubblewrap \(the program bwrap\) is not installed; on Debian and Ubuntu: "):
        check_sandbox()


def test_what_is_missing_is_said_where_bubblewrap_is_forbidden(tmp_path, monkeypatch):
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(NoSandbox, match=r"does not let it work: bwrap: setting up uid map: Permission denied\.$"):
        check_sandbox()


def test_a_machine_whose_calls_are_not_known_is_refused_before_anything_is_graded(monkeypatch):
    monkeypatch.setattr(isolation.shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(isolation.platform, "machine", lambda: "riscv64")
    with pytest.raises(NoSandbox, match=r"the system calls of x86_64 and aarch64 machines, and this is riscv64\.$"):
        check_sandbox()


def test_the_trial_of_the_sandbox_uses_the_filter_that_grading_uses(monkeypatch, working_sandbox):
    monkeypatch.setattr(isolation, "process_filter", lambda machine: b"no program for the kernel")
    with pytest.raises(NoSandbox, match="bubblewrap is installed, but"):
        check_sandbox()


def test_a_sandbox_that_fails_is_not_mistaken_for_a_wrong_answer(tmp_path, monkeypatch):
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(OSError, match="this is not the fault of the submission"):
        grade_submission(template("00"), Work("00").data(), limits=SMALL)


def _put_work_into(folder):
    (folder / "template").write_text(template("00"))
    (folder / "work").write_bytes(Work("00").data())
    for path in [folder, *folder.parents[:3], *folder.rglob("*")]:
        if path.owner() == Path(folder).owner():
            path.chmod(path.stat().st_mode | 0o055)


def _run(command):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, timeout=300)


# --- what answers may give to a reference -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        ("np.zeros(5_000)", True),
        ("np.zeros(5_001)", False),
        ("[np.zeros(2_501), np.zeros(2_501)]", False),
        ("{'a': (np.zeros((71, 71)),)}", False),
        ("Param(np.zeros(5_001))", False),
        ("np.zeros((10**12, 0))", False),
        ("10_000", True),
        ("10_001", False),
        ("-10_001", False),
        ("np.int64(10_001)", False),
        ("np.array(10_000)", True),
        ("np.array(40_000_000)", False),
        ("np.array([-(1 << 63)])", False),
        ("np.array([1, 10_001], 'u2')", False),
        ("np.zeros((0, 5), int)", True),
        ("a=np.zeros(5_001)", False),
    ],
)
def test_a_reference_gets_no_more_numbers_than_a_check_would_give(given, passes, start):
    """It runs in the grader's process, where nothing limits its time and memory."""
    give = start(sandbox=False)(f"def result(reference):\n    return reference({given})")
    calls = []
    with contextlib.nullcontext() if passes else pytest.raises(ValueError, match="more here than a check ever gives"):
        give(calls.append)
    assert len(calls) == passes


def test_an_answer_may_ask_an_object_of_the_grader_for_what_a_layer_offers_and_for_nothing_else(start):
    class Reference:
        recurrent, secret = True, "known to the instructor alone"

        def __call__(self):
            return 1

    run = start(sandbox=False)
    assert run("def result(reference):\n    return [reference(), reference.recurrent]")(Reference()) == [1, True]
    for ask in (
        "reference.secret",
        "object.__getattribute__(reference, '_connection').fetch(reference._number, 'secret')",
    ):
        with pytest.raises(AttributeError, match="'secret' is not offered"):
            run(f"def result(reference):\n    return {ask}")(Reference())


# --- messages ---------------------------------------------------------------------------------------------------------

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 1 << 62)
    | st.floats()
    | st.sampled_from(
        ["array", "scalar", "shared", "mine", "yours", "argument", "int", "tuple", "dict", "c1", "<f8", "O"]
    )
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "k",
                    "items",
                    "number",
                    "index",
                    "digits",
                    "dtype",
                    "shape",
                    "at",
                    "strides",
                    "parts",
                    "params",
                    "kind",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


def test_a_method_of_a_class_is_not_called_with_the_class_itself(start):
    """It would write into the class, which the next submission gets too."""
    call = start(sandbox=False)(
        "def result(layer):\n    return layer._connection.call(layer._number, 'forward', (layer, 1), {})"
    )

    class Keeping:
        def forward(self, value):
            self.kept = value

    with pytest.raises(AttributeError, match="only called"):
        call(Keeping)
    assert not hasattr(Keeping, "kept")


@pytest.mark.parametrize("inc", [0, 2])
def test_a_generator_without_chance_is_refused(inc):
    state = np.random.PCG64(1).state
    state["state"] = {"state": 0, "inc": inc}
    node = {"k": "shared", "number": "a1", "parts": [state]}
    with pytest.raises(ValueError, match="not a state"):
        Reader(ObjectRegistry(None, "c"), b"").read(node)


@given(anything, st.sampled_from(["array", "scalar", "shared", "mine", "dict", "list", "int", "argument", "yours"]))
def test_whatever_untrusted_code_sends_is_a_value_or_one_of_the_expected_errors(tree, kind):
    tree = tree | {"k": kind} if isinstance(tree, dict) else tree
    registry = ObjectRegistry(None, "c")
    with contextlib.suppress(*UNREADABLE):
        Reader(registry, bytes(64), [np.zeros(3)]).read(tree)


@pytest.mark.parametrize(
    "node",
    [
        {"dtype": "O", "shape": [1], "at": 0},
        {"dtype": "<f8", "shape": [-1], "at": 0},
        {"dtype": "<f8", "shape": [9], "at": 0},
        {"dtype": "<f8", "shape": [1 << 62, 1 << 62], "at": 0},
        {"dtype": "<f8", "shape": [8], "at": -8},
        {"dtype": "<f8", "shape": [2, 2], "at": 0, "strides": [0, 0]},
        {"dtype": "<f8", "shape": [2, 2], "at": 0, "strides": [-16, 8]},
        {"dtype": "<f8", "shape": [2, 2], "at": 0, "strides": [1 << 40, 8]},
        {"dtype": "<f8", "shape": [2, 2], "at": 0, "strides": [31, 9]},  # writes past the end of a room of 5
        {"dtype": "<f8", "shape": [2, 2], "at": 0, "strides": [16.5, 8]},
        {"dtype": "<f8", "shape": [2, 2], "at": 0, "strides": [16, True]},
        {"dtype": "<f8", "shape": [2, 2], "at": 0, "strides": [16]},
        {"dtype": "<f8", "shape": [2, 2], "at": 0, "strides": [1 << 63, 1 << 63]},
        {"dtype": "<f8", "shape": [2.5], "at": 0},
        {"dtype": "<f8", "shape": [True], "at": 0},
        {"dtype": "<f8", "shape": [1] * 33, "at": 0},
        {"dtype": "<f8", "shape": [10**4290] * 32, "at": 0},
        {"dtype": "<f8", "shape": [1], "at": 1e300},
        {"dtype": ["<f8"], "shape": [1], "at": 0},
        {"dtype": "float64" + " " * 1000, "shape": [1], "at": 0},
        {"dtype": None, "shape": [1], "at": 0},
        {"dtype": "<f8,<f8", "shape": [1], "at": 0},
        {"dtype": "<M8[s]", "shape": [1], "at": 0},
    ],
)
def test_an_array_that_does_not_fit_its_bytes_is_refused(node):
    with pytest.raises(UNREADABLE):
        unpack_array(node, bytes(64))


def test_arrays_may_not_share_their_bytes():
    node = {"k": "array", "dtype": "<f8", "shape": [8], "at": 0}
    assert len(Reader(ObjectRegistry(None, "c"), bytes(64)).read(node)) == 8
    with pytest.raises(ValueError, match="share"):
        Reader(ObjectRegistry(None, "c"), bytes(64)).read({"k": "list", "items": [node, node]})


def test_the_strides_of_an_array_arrive_unless_its_values_are_far_apart():
    wide = np.arange(60.0).reshape(6, 10)
    for array, kept in (wide[:, ::2], True), (wide.T, True), (wide[:, :1], False), (wide[::-1], False):
        node = pack_array(array, blocks := [])
        assert ("strides" in node) == kept, MAX_SPREAD
        arrived = unpack_array(node, b"".join(blocks))
        np.testing.assert_array_equal(arrived, array)
        assert not kept or arrived.strides == array.strides


def test_an_array_too_large_for_a_message_is_refused_before_it_is_copied():
    with pytest.raises(ValueError, match="larger than is accepted"):
        pack_array(np.zeros(MAX_BYTES // 8 + 1), [])


def test_an_array_changes_only_into_one_of_its_shape_and_type():
    array = np.zeros((2, 2), np.float32)
    put_into(array, np.ones((2, 2), np.float32))
    assert array.sum() == 4
    for other in np.full((2, 2), 3.0), np.full((2, 1), 3, np.float32), np.full((), 3, np.float32):
        with pytest.raises(ValueError, match="another shape or type"):
            put_into(array, other)
    assert array.sum() == 4


@pytest.mark.parametrize("what", ["text", "bytes"])
def test_what_may_still_arrive_is_counted_over_all_messages(what):
    descriptors = os.pipe()
    pipe = Pipe(*descriptors)
    pipe.left[what] = 10
    try:
        for _ in range(3):
            pipe.send(7.0, [b"xyz"])  # three letters, and three bytes
            assert pipe.receive() == (7.0, b"xyz")
        pipe.send(7.0, [b"xyz"])
        with pytest.raises(Closed, match="it sent more than is accepted"):
            pipe.receive()
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def test_the_number_of_values_in_a_message_is_limited():
    """Each takes a multiple of its text in memory, and the text alone may have 4 MB."""
    read = Reader(ObjectRegistry(None, "c"), b"").read
    assert len(read({"k": "list", "items": [0] * 1_000})) == 1_000
    with pytest.raises(ValueError, match="too many values"):
        read({"k": "list", "items": [0] * MAX_VALUES})


def test_an_iterator_of_the_other_side_must_end():
    class Connection:
        def call(self, *arguments):
            return 1

    with pytest.raises(RuntimeError, match="it still went on after 10,000 items"):
        sum(itertools.islice(RemoteIterator(Connection(), "a2", ()), 20_000))


@pytest.mark.parametrize("given", [[1, 2], [1] * 4, "abc", None])
def test_many_calls_give_as_many_results(given):
    class Connection:
        def call(self, *args):
            return given

    with pytest.raises(RuntimeError, match="it did not give 3 results"):
        RemoteFunction(Connection(), "a2", ()).call_often(3, 1.0)


def test_the_number_of_objects_is_limited():
    registry = ObjectRegistry(None, "c")
    write = Writer(registry).write
    with pytest.raises(ValueError, match="too many objects"):
        for number in range(MAX_OBJECTS + 1):
            registry.adopt(f"a{number}", Param(np.zeros(1)))
    assert write(1) == 1


@pytest.mark.parametrize(
    ("text", "arrives"),
    [("plain\n\ttext ✓ 은닉", "plain\n\ttext ✓ 은닉"), ("\x1b[2J", "�[2J"), ("\ud800", "?"), ("a\u202eb\0", "a�b�")],
)
def test_untrusted_text_arrives_fit_for_a_file_and_a_terminal(text, arrives):
    assert for_terminal(text, multiline=True) == arrives
    assert for_terminal(text * 5000, 10, multiline=True) == f"{(arrives * 9)[:9]}…"
