"""Workers on other machines: those of a Dask scheduler, over TLS, each of them examined before it is given anything.

What goes out to a worker is one task with its arguments, what comes back its result. A worker holds no gradebook and no
other submission, and nothing stays in the scheduler when a task is done.
"""

import contextlib
import functools
import io
import json
import logging
import os
import pickle
import platform
import re
import sys
import tempfile
import threading
import time
import warnings
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from distributed import Client, KilledWorker, LocalCluster, Security, get_worker
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from helpers.classroom.grading.batch import code_digest
from helpers.classroom.grading.sandbox.isolation import why_no_sandbox
from helpers.classroom.grading.workers import NoWorkers, WorkerDied

#: How long to wait for an answer of the scheduler, and for a worker where there is none [s].
CONNECTING, PATIENCE = 10, 120

#: How often to ask the scheduler for its workers, and how long to wait for a result before looking who is left [s].
_LOOK, _WAIT = 1.0, 2.0

#: Tasks in flight at most; each has a thread here that does nothing but wait.
_MOST = 2000

#: What makes a worker deaf to Ctrl-C, which is for the process that started it.
_IGNORE_SIGINT = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"

_SCHEDULER, _CREDENTIALS = "scheduler.json", "credentials.pem"


def cluster_workers(scheduler, *, sandbox=True, insecure=False):
    """Return a function that connects to the workers of a Dask scheduler, for `Batch.run` and `run_sweep`.

    Args:
        scheduler: its address, tls://HOST:PORT, or the path of its scheduler file.
        sandbox: whether a worker needs a sandbox to take part.
        insecure: whether a connection without TLS is allowed.

    Raises:
        ValueError: there is no such scheduler file, the connection would not be encrypted, or TLS is not set up.
    """
    address, security = _find(scheduler, insecure)

    def start():
        for name in ("distributed", "distributed.client"):  # what they log is said here in a sentence
            logging.getLogger(name).setLevel(logging.CRITICAL)
        warnings.filterwarnings("ignore", "Sending large graph")  # of a submission with large outputs
        try:
            client = Client(address, security=security, timeout=CONNECTING, set_as_default=False)
        except (OSError, TimeoutError) as error:
            reason = " ".join(str(error.__cause__ or error).split())
            raise NoWorkers(f"No Dask scheduler could be reached at {address}: {reason}.") from None
        executor = ClusterExecutor(client, address, sandbox)
        try:
            executor.find_workers()
        except BaseException:
            executor.shutdown(wait=False)
            raise
        return executor, lambda: max(1, len(executor.fit))

    return start


class ClusterExecutor(ThreadPoolExecutor):
    """An executor whose tasks are done by the workers of a Dask scheduler.

    Each task has a thread here that waits for its result. A result that is lost with its worker is computed again, and
    waited for; nobody looks at the state of a task, which may be about to change.

    Args:
        client: of the scheduler.
        address: of the scheduler, for messages.
        sandbox: whether a worker needs a sandbox to take part.
    """

    def __init__(self, client, address, sandbox):
        super().__init__(_MOST)
        self.client = client
        self.address = address
        self.demands = {"sandbox": sandbox, **describe()}
        self.asked = {}  # address of a worker -> Future of its examination
        self.judged = {}  # address of a worker -> why it takes no part, or None
        self.fit = []  # addresses of those that are there and take part
        self.failure = None
        self.over = threading.Event()
        self.one_suspect = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def submit(self, task, *arguments):
        """Have a task done by a worker; returns a future of concurrent.futures."""
        return super().submit(self._do, task, arguments)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """End it; the workers stay, and drop what they had in hand."""
        if not wait:
            self.over.set()
        super().shutdown(wait, cancel_futures=cancel_futures)
        self.over.set()
        with contextlib.suppress(OSError, TimeoutError):
            self.client.close(CONNECTING)

    def find_workers(self):
        """Return the addresses of the workers that take part, waiting for one where there is none.

        Raises:
            NoWorkers: there is none.
        """
        end = time.monotonic() + PATIENCE
        while not (fit := self.fit):
            if self.failure or self.over.is_set():
                raise self.failure or CancelledError
            if self.judged and not self.asked and None not in self.judged.values():
                worker, reason = next(iter(self.judged.items()))
                raise NoWorkers(f"No worker of {self.address} can take part. {worker}: {reason}")
            if time.monotonic() > end:
                raise NoWorkers(
                    f"The scheduler at {self.address} has had no worker for {PATIENCE} s. Start some (dask worker …), "
                    "then run the command again: what was done is kept."
                )
            time.sleep(_LOOK / 10)
        return fit

    # --- one task -----------------------------------------------------------------------------------------------------

    def _do(self, task, arguments):
        try:
            return self._attempt(task, arguments)
        except KilledWorker:
            # Whatever shared a worker with the one that kills it is suspected too: each gets another chance alone.
            with self.one_suspect:
                try:
                    return self._attempt(task, arguments)
                except KilledWorker:
                    raise WorkerDied("Every worker that took it in hand died.") from None

    def _attempt(self, task, arguments):
        """Hand a task over and return what it came to; once more if all who could have done it are gone."""
        result = None
        while result is None:
            with self._plain_errors():
                workers = self.find_workers()
                future = self.client.submit(_perform, task, arguments, workers=workers, pure=False, retries=3)
                result = self._wait_for(future, workers)
        value, error = result
        if error is not None:
            raise error
        return value

    def _wait_for(self, future, workers):
        while not self.over.is_set():
            try:
                return future.result(timeout=_WAIT)
            except TimeoutError:
                if not set(workers) & set(self.fit) and not self.failure:
                    future.cancel()
                    return None
        raise CancelledError

    @contextlib.contextmanager
    def _plain_errors(self):
        """What goes wrong between here and the scheduler; what the task itself raised comes as a value."""
        try:
            yield
        except (KilledWorker, NoWorkers):
            raise
        except Exception as error:
            if self.client.status == "running" and not isinstance(error, (CancelledError, OSError)):
                raise
            raise NoWorkers(
                f"The scheduler at {self.address} is gone, or the connection to it. What was done is kept: see that it "
                "runs, then run the command again."
            ) from error

    # --- who takes part -----------------------------------------------------------------------------------------------

    def _watch(self):
        """Know which workers there are: in a thread of its own, so that nobody waits while a new one is examined."""
        try:
            with self._plain_errors():
                while not self.over.wait(_LOOK if self.judged else _LOOK / 10):
                    try:
                        threads = self.client.nthreads()
                    except OSError:
                        if self.client.status == "running":
                            continue  # the network is away for a moment; when it is gone, Dask's own connection ends
                        raise
                    self._examine(threads)
                    self.fit = [worker for worker in threads if self.judged.get(worker, "not yet") is None]
        except Exception as error:
            self.fit, self.failure = [], error

    def _examine(self, threads):
        """Have each new worker examine itself; it gets no other task before it has answered."""
        for worker in threads.keys() - self.judged.keys() - self.asked.keys():
            self.asked[worker] = self._ask(worker)
        for worker, future in [*self.asked.items()]:
            if worker not in threads:
                del self.asked[worker]  # it is gone
            elif future.done():
                try:
                    self._judge(worker, threads[worker], future)
                    del self.asked[worker]
                except (TimeoutError, KilledWorker):
                    self.asked[worker] = self._ask(worker)  # it died, or another has taken its place

    def _ask(self, worker):
        return self.client.submit(check_worker, self.demands, workers=[worker], pure=False)

    def _judge(self, worker, threads, future):
        try:
            reason = future.result(timeout=_WAIT)
        except (CancelledError, OSError, KilledWorker):
            raise
        except Exception as error:
            reason = f"the course cannot be used there ({type(error).__name__}: {error})."
        if reason is None and threads != 1:
            reason = f"it has {threads} threads, and grades one submission at a time: --nthreads 1."
        if reason:
            tqdm.write(f"{worker} takes no part: {reason}", file=sys.stderr)
        self.judged = self.judged | {worker: reason}


# --- on a worker ------------------------------------------------------------------------------------------------------


def describe():
    """Return what must be the same on a worker for a score to be the same."""
    return {"code": code_digest(), "Python": platform.python_version(), "NumPy": np.__version__}


def check_worker(demands):
    """Return, on a worker, why it can take no part, or None.

    Args:
        demands: what `describe` returns where the run was started, and "sandbox".
    """
    for name, here in describe().items():
        if name == "code" and here != demands[name]:
            return "its copy of the course is not the one here; install the same on both sides."
        if here != demands[name]:
            return f"it has {name} {here}, and here it is {demands[name]}."
    if demands["sandbox"]:
        with tempfile.TemporaryDirectory() as folder:
            return why_no_sandbox(folder)
    return None


def _perform(task, arguments):
    """Do a task on a worker, and return what it came to and what it raised; its progress bars are for nobody."""
    _init_worker()
    nowhere = io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        try:
            return task(*arguments), None
        except Exception as error:
            return None, _portable(error)


def _portable(error):
    """An error that can be sent: not every one can, and none with the frames it came through."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    try:
        return pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


@functools.cache
def _init_worker():
    """Once in each process: one BLAS thread, and files where Dask tidies up after a worker that was killed."""
    threadpool_limits(1)
    tempfile.tempdir = get_worker().local_directory


# --- the scheduler ----------------------------------------------------------------------------------------------------


def _find(scheduler, insecure):
    """Return the address of a scheduler, and the Security to talk to it."""
    address, credentials = scheduler, None
    if not re.fullmatch(r"\w+://.+|[^/]+:\d+", scheduler):
        address, credentials = _read_scheduler_file(Path(scheduler))
    protocol, separator, _ = address.partition("://")
    if not separator:
        protocol, address = "tls", f"tls://{address}"
    if protocol != "tls":
        if not insecure:
            raise ValueError(
                f"{address} is not encrypted: whoever reaches it could run programs as you, and read submissions and "
                "the secret seed. Give the scheduler TLS (docs/scale.md), or, if you trust everybody on its network: "
                "--insecure."
            )
        print(f"{address} is not encrypted: whoever reaches it can run programs as you.", file=sys.stderr)
        return address, Security(require_encryption=False)
    if credentials:
        return address, Security(require_encryption=True, **_roles(str(credentials)))
    security = Security(require_encryption=True)
    if not (security.tls_ca_file and security.tls_client_cert):
        raise ValueError(
            f"There are no TLS credentials for {address}. Name them in Dask's configuration, distributed.comm.tls: "
            "ca-file, client.cert and client.key (docs/scale.md)."
        )
    return address, security


def _read_scheduler_file(path):
    try:
        address = json.loads(path.read_text(encoding="utf-8"))["address"]
    except FileNotFoundError:
        raise ValueError(f"There is no scheduler file {path}. Does the cluster run?") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is no scheduler file of Dask.") from None
    credentials = path.with_name(_CREDENTIALS)
    return address, credentials if credentials.exists() else None


def _roles(credentials):
    names = ("ca_file", "client_cert", "client_key")
    return {f"tls_{name}": credentials for name in names}


def write_credentials(folder):
    """Make TLS credentials for one cluster, in a folder that only this user can read.

    Args:
        folder: made where there is none.

    Returns:
        the Security, and the path of a file with certificate and key, for all roles
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / _CREDENTIALS
    path.unlink(missing_ok=True)
    security = Security.temporary()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(security.tls_client_cert + security.tls_client_key)
    return security, path


@contextlib.contextmanager
def local_cluster(folder, count):
    """Run a scheduler and workers on this machine, with TLS credentials of their own, while the `with` block runs.

    Args:
        folder: for its scheduler file and credentials; both are removed at the end.
        count: of workers.

    Yields:
        the path of the scheduler file
    """
    security, credentials = write_credentials(folder)
    path = folder / _SCHEDULER
    try:
        with LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host="127.0.0.1",
            security=security,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            preload=[_IGNORE_SIGINT, __name__],  # which takes seconds to import
        ) as cluster:
            path.write_text(json.dumps({"address": cluster.scheduler_address}), encoding="utf-8")
            yield path
    finally:
        credentials.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
