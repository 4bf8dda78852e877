"""The isolation of the answers' process: bubblewrap where it is installed, limits and a wall clock in any case."""

import functools
import importlib.util
import os
import platform
import py_compile
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

import numpy as np

_HELPERS = Path(__file__).resolve().parents[3]
_COURSE = _HELPERS.parent
_PACKAGES = Path(np.__file__).parents[1]

#: All files of this package that exist inside: enough for a layer to be a Layer, and nothing of the reference.
MOUNTED_FILES = (
    "arrays.py",
    "nn/base.py",
    "nn/model.py",
    "checks/answer_code.py",
    "checks/answer_slicing.py",
    "checks/cell_statements.py",
    "checks/many_calls.py",
    "classroom/grading/sandbox/child.py",
    "classroom/grading/sandbox/rpc.py",
    "classroom/grading/sandbox/proxies.py",
    "classroom/grading/sandbox/serialization.py",
    "classroom/grading/sandbox/framing.py",
    "classroom/grading/sanitize.py",
)

#: What a program of the system may need; there are no secrets in it.
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")


@dataclass(frozen=True)
class Limits:
    """What the answers of one submission may use.

    Args:
        seconds: wall clock, for each check.
        total: wall clock, for the whole submission [s].
        cpu: CPU time of a process; a new one is started after an answer has ended the last [s].
        memory: of the process [bytes].
        file_size: of a file it writes, and of all files together [bytes].
    """

    seconds: float = 60.0
    total: float = 300.0
    cpu: int = 300
    memory: int = 2 << 30
    file_size: int = 16 << 20


class NoSandbox(ValueError):
    """The sandbox does not work on this machine; the message says what is missing."""


class Sandbox:
    """Starts the answers' process.

    Args:
        folder: an empty folder that only this user can write; the files that exist inside are copied there.
        sandbox: whether to use bubblewrap.
        limits: the Limits.
    """

    def __init__(self, folder: str | Path, sandbox: bool = True, limits: Limits | None = None) -> None:
        self.folder = Path(folder).resolve()
        self.sandbox = sandbox
        self.limits = limits or Limits()
        for name in MOUNTED_FILES:
            inside = self.folder / "helpers" / name
            compiled = Path(importlib.util.cache_from_source(str(inside)))
            compiled.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_HELPERS / name, inside)
            compiled.write_bytes(_compile(name))

    def start(self) -> subprocess.Popen[bytes]:
        """Start the program for one submission; its standard input and output are pipes."""
        program = self.folder / "helpers/classroom/grading/sandbox/child.py"
        limits = self.limits
        command = [_python(), "-s", "-S", "-P", "-B", str(program)]
        command += [str(limits.memory), str(limits.cpu), str(limits.file_size)]
        environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{self.folder}:{_PACKAGES}"}
        filters: list[int] = []
        if self.sandbox:
            filters = [_filter_descriptor()]
            command = [*self._bubblewrap(filters, environment), *command]
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment | {"PATH": os.environ.get("PATH", os.defpath)},
                cwd="/",
                pass_fds=filters,
                start_new_session=True,
                bufsize=0,
            )
        finally:
            for descriptor in filters:
                os.close(descriptor)

    def _bubblewrap(self, filters: Sequence[int] = (), environment: Mapping[str, str] | None = None) -> list[str]:
        command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
        for name, value in (environment or {}).items():
            command += ["--setenv", name, value]
        # The only folder that can be written is limited in size; /dev with its /dev/shm would not be.
        command += ["--dev", "/dev", "--remount-ro", "/dev"]
        command += ["--size", str(self.limits.file_size), "--tmpfs", "/tmp", "--chdir", "/tmp"]
        for path in map(Path, _SYSTEM):
            if path.is_symlink():
                command += ["--symlink", os.readlink(path), str(path)]
            elif path.exists():
                command += _read_only(path)
        # The course may be inside a folder that is needed, or contain one, or be installed among the packages: it is
        # hidden, and deeper folders are mounted later.
        places = {_COURSE: "hidden"} | dict.fromkeys((Path(sys.base_prefix), _PACKAGES, self.folder), "shown")
        places |= dict.fromkeys(filter(Path.exists, [_PACKAGES / "helpers"]), "hidden")
        for path in sorted(places, key=lambda path: len(path.parts)):
            command += _read_only(path) if places[path] == "shown" else ["--tmpfs", str(path)]
        for folder in [*(str(path) for path in places if places[path] == "hidden"), "/"]:
            command += ["--remount-ro", folder]
        for descriptor in filters:
            command += ["--seccomp", str(descriptor)]
        return [*command, "--"]


@functools.cache
def _compile(name: str) -> bytes:
    """The bytecode of a mounted file: to compile them all takes a process as long as a check."""
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder, "compiled")
        py_compile.compile(
            str(_HELPERS / name), str(compiled), doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
        )
        return compiled.read_bytes()


def check_sandbox() -> None:
    """Try the sandbox.

    Raises:
        NoSandbox: it does not work here.
    """
    if shutil.which("bwrap") is None:
        raise NoSandbox(
            "bubblewrap (the program bwrap) is not installed; on Debian and Ubuntu: sudo apt install bubblewrap."
        )
    if platform.machine() not in _MACHINES:
        known = " and ".join(_MACHINES)
        raise NoSandbox(f"the sandbox knows the system calls of {known} machines, and this is {platform.machine()}.")
    descriptor = _filter_descriptor()
    with tempfile.TemporaryDirectory() as folder:
        command = [*Sandbox(folder)._bubblewrap([descriptor]), _python(), "-I", "-S", "-c", "print('inside')"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=60, pass_fds=[descriptor]
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoSandbox(f"bubblewrap is installed, but it could not be tried: {error}.") from None
        finally:
            os.close(descriptor)
    if done.stdout.strip() != "inside":
        said = (done.stderr.strip().splitlines() or ["it printed no error"])[-1]
        raise NoSandbox(f"bubblewrap is installed, but this system does not let it work: {said}.")


def _read_only(path: Path) -> list[str]:
    return ["--ro-bind", str(path), str(path)]


def _python() -> str:
    return os.path.realpath(sys.executable)


# --- system calls that are refused ------------------------------------------------------------------------------------

#: Machine to its audit number in the kernel, and the numbers of these system calls on it.
_MACHINES: dict[str, tuple[int, dict[str, tuple[int, ...]]]] = {
    "x86_64": (
        0xC000003E,
        {
            "new processes and threads": (56, 57, 58),  # clone, fork, vfork
            "other processes": (101, 310, 311, 434, 438),  # ptrace, process_vm_readv, _writev, pidfd_open, _getfd
            "sockets, of which some lead out of a virtual machine": (41,),
            "namespaces and mounts": (155, 161, 165, 166, 272, 304, 308, 428, 429, 430, 431, 432, 433, 442),
            "memory that no limit counts": (29, 64, 68, 319, 447),  # shmget, semget, msgget, memfd_create, _secret
            "interfaces to the kernel": (248, 249, 250, 298, 321, 323, 425),  # keys, perf, bpf, userfaultfd, uring
            "files that others wait for": (73,),  # flock
            "what a user has few of": (222, 240, 253, 294, 300),  # timer_create, mq_open, inotify_, fanotify_init
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "new processes and threads": (220,),
            "other processes": (117, 270, 271, 434, 438),
            "sockets, of which some lead out of a virtual machine": (198,),
            "namespaces and mounts": (39, 40, 41, 51, 97, 265, 268, 428, 429, 430, 431, 432, 433, 442),
            "memory that no limit counts": (186, 190, 194, 279, 447),
            "interfaces to the kernel": (217, 218, 219, 241, 280, 282, 425),
            "files that others wait for": (32,),
            "what a user has few of": (26, 107, 180, 262),
        },
    ),
}
_CLONE3 = 435  # everywhere

#: The number of fcntl, which can lease, lock and watch a file that others open. These commands are left: F_DUPFD,
#: F_GETFD, F_SETFD, F_GETFL, F_SETFL and F_DUPFD_CLOEXEC.
_FCNTL, _FCNTL_COMMANDS = {"x86_64": 72, "aarch64": 25}, (0, 1, 2, 3, 4, 1030)
_X32 = 0x40000000  # from here on an x86_64 kernel may know every call under a second number
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _NOT_PERMITTED, _NO_SUCH_CALL = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026


def process_filter(machine: str) -> bytes:
    """Return a program for the kernel (seccomp, in classic BPF) that refuses the system calls no answer needs.

    RLIMIT_NPROC does not bind root, so it alone would not stop a fork bomb if an instructor grades as root; and a
    process that may make a namespace is its administrator, and may mount file systems without a limit there.

    Args:
        machine: as `platform.machine` returns it; an unknown one gives an empty program.
    """
    if machine not in _MACHINES:
        return b""
    audit, calls = _MACHINES[machine]
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    steps += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _NOT_PERMITTED)]
    steps += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _NO_SUCH_CALL)]  # libc then falls back to clone
    for number in (number for numbers in calls.values() for number in numbers):
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOT_PERMITTED)]
    # The command is the low half of the second argument, on both machines.
    fcntl = [(_LOAD, 0, 0, 24)]
    for command in _FCNTL_COMMANDS:
        fcntl += [(_EQUAL, 0, 1, command), (_RETURN, 0, 0, _ALLOW)]
    fcntl += [(_RETURN, 0, 0, _NOT_PERMITTED)]
    steps += [(_EQUAL, 0, len(fcntl), _FCNTL[machine]), *fcntl]
    steps += [(_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _filter_descriptor() -> int:
    read, write = os.pipe()
    with os.fdopen(write, "wb") as file:
        file.write(process_filter(platform.machine()))
    os.set_inheritable(read, True)
    return read
