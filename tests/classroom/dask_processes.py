"""Real `dask scheduler` and `dask worker` processes, over TLS, for tests."""

import contextlib
import json
import os
import subprocess
import sys
import time

import psutil
from distributed import Client, Security

from helpers.classroom.grading.cluster import write_credentials
from tests.classroom.sample_class import REPOSITORY

_DASK = [sys.executable, "-m", "dask"]


class DaskProcesses:
    """A scheduler, and the workers that a test starts for it.

    Args:
        folder: for the scheduler file, the credentials and what workers write.
        machine: the Machine on which the scheduler runs, or None for this one.
        options: of `dask scheduler`, as environment variables.
    """

    def __init__(self, folder, machine=None, **options):
        self.folder = folder
        _, self.credentials = write_credentials(folder)
        self.file = folder / "scheduler.json"
        self.processes = []
        tls = [f"--tls-{name}={self.credentials}" for name in ("ca-file", "cert", "key")]
        self.common = [*tls, "--protocol=tls", "--no-dashboard"]
        scheduler_file = f"--scheduler-file={self.file}"
        arguments = ["scheduler", *self.common, "--port=0", "--dashboard-address=127.0.0.1:0", scheduler_file]
        self.scheduler = self._start(machine, *arguments, **options)
        wait_until(lambda: self.file.exists() and self.file.read_text().endswith("}"))  # not while it is being written
        self.address = json.loads(self.file.read_text())["address"]

    def start_workers(self, *options, machine=None, cwd=REPOSITORY, **environment):
        """Start `dask worker` with some options more."""
        arguments = ["worker", self.address, *self.common, "--nthreads=1", f"--local-directory={self.folder}", *options]
        return self._start(machine, *arguments, cwd=cwd, **environment)

    @contextlib.contextmanager
    def watch(self):
        """A client that looks on."""
        names = ("ca_file", "client_cert", "client_key")
        security = Security(require_encryption=True, **{f"tls_{name}": str(self.credentials) for name in names})
        with Client(self.address, security=security, set_as_default=False) as client:
            yield client

    def close(self):
        """End everything, at once."""
        family = [psutil.Process(process.pid) for process in self.processes if process.poll() is None]
        for one in [*family, *(child for head in family for child in head.children(recursive=True))]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        for process in self.processes:
            process.wait()

    def _start(self, machine, *arguments, cwd=REPOSITORY, **environment):
        prefix = ["ip", "netns", "exec", machine.name] if machine else []
        host = f"--host={machine.address if machine else '127.0.0.1'}"
        log = (self.folder / f"{len(self.processes)}.log").open("w")
        with log:
            command, environment = [*prefix, *_DASK, *arguments, host], os.environ | environment
            process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=log, stderr=subprocess.STDOUT)
        self.processes.append(process)
        return process


class Machine:
    """A network namespace that reaches this machine and the others over a bridge, and has a link that can be cut.

    Args:
        number: from 1 to 200, its place in the network.
    """

    bridge = f"br{os.getpid()}"
    network = f"10.{os.getpid() % 250}.77"

    def __init__(self, number):
        self.name, self.link = f"{self.bridge}-{number}", f"{self.bridge}v{number}"
        self.address = f"{self.network}.{number}"
        _ip("netns", "add", self.name)
        _ip("link", "add", self.link, "master", self.bridge, "type", "veth", "peer", "eth0", "netns", self.name)
        _ip("-n", self.name, "address", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", self.name, "link", "set", device, "up")
        self.set_link("up")

    def set_link(self, state):
        """Cut the link, "down", or restore it, "up"."""
        _ip("link", "set", self.link, state)

    @classmethod
    @contextlib.contextmanager
    def make(cls, count):
        """Yield some machines, for as long as the `with` block runs.

        Raises:
            CalledProcessError, OSError: one may not make namespaces here.
        """
        _ip("link", "add", cls.bridge, "type", "bridge")
        try:
            _ip("address", "add", f"{cls.network}.250/24", "dev", cls.bridge)
            _ip("link", "set", cls.bridge, "up")
            yield [cls(number) for number in range(1, count + 1)]
        finally:
            for number in range(1, count + 1):
                with contextlib.suppress(subprocess.CalledProcessError):
                    _ip("netns", "delete", f"{cls.bridge}-{number}")
            _ip("link", "delete", cls.bridge)


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def wait_until(true, seconds=300):
    """Wait until a function returns something true, and return that."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.05)
    return found
