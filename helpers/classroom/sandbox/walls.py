"""The walls around the answers' process: bubblewrap where there is one, limits and a wall clock in any case."""

import os
import platform
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_HELPERS = Path(__file__).resolve().parents[2]

#: All of this package that exists inside: enough for a layer to be a Layer, and nothing of the reference.
INSIDE = (
    "nn/base.py",
    "nn/model.py",
    "classroom/sandbox/answers.py",
    "classroom/sandbox/peer.py",
    "classroom/sandbox/standins.py",
    "classroom/sandbox/values.py",
    "classroom/sandbox/wire.py",
)

#: What a program of the system may need, and that has no secrets.
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")


@dataclass(frozen=True)
class Limits:
    """What the answers of one submission may use.

    Args:
        seconds: wall clock, for each check.
        cpu: CPU time for all checks together [s].
        memory: of the process [bytes].
        file_size: of a file it writes, and of all files together [bytes].
    """

    seconds: float = 60.0
    cpu: int = 300
    memory: int = 2 << 30
    file_size: int = 16 << 20


class Walls:
    """How to start the answers' process.

    Args:
        folder: an empty folder that only this user can write; the little that exists inside is put there.
        sandbox: whether to use bubblewrap.
        limits: the Limits.
    """

    def __init__(self, folder, sandbox=True, limits=None):
        self.folder = Path(folder).resolve()
        self.sandbox = sandbox
        self.limits = limits or Limits()
        for name in INSIDE:
            inside = self.folder / "helpers" / name
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_HELPERS / name, inside)

    def start(self):
        """Start the program for one submission; its standard input and output are pipes."""
        program = self.folder / "helpers/classroom/sandbox/answers.py"
        packages = Path(np.__file__).parents[1]
        limits = self.limits
        command = [_python(), "-s", "-S", "-P", "-B", str(program)]
        command += [str(limits.memory), str(limits.cpu), str(limits.file_size)]
        environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{self.folder}:{packages}"}
        filters = []
        if self.sandbox:
            filters = [_filter_descriptor()]
            folders = [self.folder, packages, Path(sys.base_prefix)]
            command = [*self._bubblewrap(folders, filters, environment), *command]
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

    def _bubblewrap(self, folders, filters=(), environment=None):
        command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
        for name, value in (environment or {}).items():
            command += ["--setenv", name, value]
        command += ["--dev", "/dev", "--size", str(self.limits.file_size), "--tmpfs", "/tmp", "--chdir", "/tmp"]
        for path in map(Path, _SYSTEM):
            if path.is_symlink():
                command += ["--symlink", os.readlink(path), str(path)]
            elif path.exists():
                command += ["--ro-bind", str(path), str(path)]
        for path in folders:
            command += ["--ro-bind", str(path), str(path)]
        command += ["--remount-ro", "/"]
        for descriptor in filters:
            command += ["--seccomp", str(descriptor)]
        return [*command, "--"]


def why_no_sandbox(folder):
    """Try the sandbox, and return a sentence on what is missing, or None if it works.

    Args:
        folder: for the Walls of the trial.
    """
    if shutil.which("bwrap") is None:
        return "bubblewrap (the program bwrap) is not installed; on Debian and Ubuntu: sudo apt install bubblewrap."
    trial = Walls(folder, sandbox=True)
    command = [*trial._bubblewrap([Path(sys.base_prefix)]), _python(), "-I", "-S", "-c", "print('inside')"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.stdout.strip() == "inside":
        return None
    said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    return f"bubblewrap is installed, but this system does not let it work: {said}."


def _python():
    return os.path.realpath(sys.executable)


# --- no new processes -------------------------------------------------------------------------------------------------

#: Machine to (its number for the kernel, system calls that make processes, clone, clone3).
_MACHINES = {
    "x86_64": (0xC000003E, (57, 58), 56, 435),
    "aarch64": (0xC00000B7, (), 220, 435),
}
_LOAD, _EQUAL, _ANY_OF, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _KILL, _NOT_PERMITTED, _NO_SUCH_CALL = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_THREAD = 0x00010000  # CLONE_THREAD


def process_filter(machine):
    """Return a program for the kernel (seccomp, in classic BPF) that refuses new processes and allows threads.

    RLIMIT_NPROC does not bind root, so it alone would not stop a fork bomb where an instructor grades as root.

    Args:
        machine: as `platform.machine` says; one that is not known gives an empty program.
    """
    if machine not in _MACHINES:
        return b""
    audit, forks, clone, clone3 = _MACHINES[machine]
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    for number in forks:
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOT_PERMITTED)]
    steps += [(_EQUAL, 0, 1, clone3), (_RETURN, 0, 0, _NO_SUCH_CALL)]  # libc then falls back to clone
    steps += [(_EQUAL, 0, 3, clone), (_LOAD, 0, 0, 16), (_ANY_OF, 1, 0, _THREAD), (_RETURN, 0, 0, _NOT_PERMITTED)]
    steps += [(_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _filter_descriptor():
    read, write = os.pipe()
    with os.fdopen(write, "wb") as file:
        file.write(process_filter(platform.machine()))
    os.set_inheritable(read, True)
    return read
