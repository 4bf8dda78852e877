"""The isolation of the answers' process: bubblewrap where it is installed, limits and a wall clock in any case."""

import functools
import importlib.util
import os
import platform
import py_compile
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

import numpy as np

from helpers.classroom.grading.sandbox.system_calls import MACHINES, process_filter

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

#: What people share on a machine, such as nbgrader's exchange where no other place is configured: hidden.
_SHARED = Path("/usr/local/share")


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
        places |= dict.fromkeys(filter(Path.exists, [_PACKAGES / "helpers", _SHARED]), "hidden")
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
    if platform.machine() not in MACHINES:
        known = " and ".join(MACHINES)
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


def _filter_descriptor() -> int:
    read, write = os.pipe()
    with os.fdopen(write, "wb") as file:
        file.write(process_filter(platform.machine()))
    os.set_inheritable(read, True)
    return read
