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
from tests.classroom.school import REPOSITORY

_DASK = [sys.executable, "-m", "dask"]


class DaskProcesses:
    """A scheduler, and the workers that a test starts for it.

    Args:
        folder: for the scheduler file, the credentials and what workers write.
        options: of `dask scheduler`, as environment variables.
    """

    def __init__(self, folder, **options):
        self.folder = folder
        _, self.credentials = write_credentials(folder)
        self.file = folder / "scheduler.json"
        self.processes = []
        tls = [f"--tls-{name}={self.credentials}" for name in ("ca-file", "cert", "key")]
        self.common = [*tls, "--protocol=tls", "--host=127.0.0.1", "--no-dashboard"]
        scheduler_file = f"--scheduler-file={self.file}"
        arguments = ["scheduler", *self.common, "--port=0", "--dashboard-address=127.0.0.1:0", scheduler_file]
        self.scheduler = self._start(*arguments, **options)
        wait_until(self.file.exists)
        self.address = json.loads(self.file.read_text())["address"]

    def start_workers(self, *options, cwd=REPOSITORY, **environment):
        """Start `dask worker` with some options more."""
        arguments = ["worker", self.address, *self.common, "--nthreads=1", f"--local-directory={self.folder}", *options]
        return self._start(*arguments, cwd=cwd, **environment)

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

    def _start(self, *arguments, cwd=REPOSITORY, **environment):
        log = (self.folder / f"{len(self.processes)}.log").open("w")
        with log:
            process = subprocess.Popen(
                [*_DASK, *arguments], cwd=cwd, env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT
            )
        self.processes.append(process)
        return process


def wait_until(true, seconds=300):
    """Wait until a function returns something true, and return that."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.05)
    return found
