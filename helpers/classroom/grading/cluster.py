"""Workers on other machines: those of a Dask scheduler, over TLS, each of them checked before it gets a task.

A worker gets one task with its arguments and sends its result back. It has no gradebook and no other submission, and
nothing stays in the scheduler when a task is done.
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
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from distributed import Client, KilledWorker, LocalCluster, Security, get_worker
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from helpers.classroom.grading.batch import code_digest
from helpers.classroom.grading.sandbox.isolation import NoSandbox, check_sandbox
from helpers.classroom.grading.workers import NoWorkers, WorkerDied, Workers

T = TypeVar("T")

#: How long to wait for an answer of the scheduler, and for a worker where there is none [s].
CONNECTING, PATIENCE = 10, 120

logger = logging.getLogger(__name__)

#: How often to ask the scheduler for its workers, and how long to wait for a result before asking who is left [s].
_LOOK, _WAIT = 1.0, 2.0

#: Tasks in flight at most; each has a thread here that only waits.
_MAX_TASKS = 2000

#: Makes a worker ignore Ctrl-C, which is meant for the process that started it.
_IGNORE_SIGINT = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"

_SCHEDULER, _CREDENTIALS = "scheduler.json", "credentials.pem"


def cluster_workers(scheduler: str, *, sandbox: bool = True, insecure: bool = False) -> Workers:
    """Return a function that connects to the workers of a Dask scheduler, for `Batch.run` and `run_sweep`.

    Args:
        scheduler: its address, tls://HOST:PORT, or the path of its scheduler file.
        sandbox: whether a worker needs a sandbox to take part.
        insecure: whether a connection without TLS is allowed.

    Raises:
        ValueError: there is no such scheduler file, the connection would not be encrypted, or TLS is not set up.
    """
    address, security = _find(scheduler, insecure)

    def start() -> tuple[Executor, Callable[[], int]]:
        for name in ("distributed", "distributed.client"):  # the messages below say the same in a sentence
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
        logger.info("%d workers of %s", len(executor.accepted), address)
        return executor, lambda: max(1, len(executor.accepted))

    return start


class ClusterExecutor(ThreadPoolExecutor):
    """An executor whose tasks are done by the workers of a Dask scheduler.

    Each task has a thread here that waits for its result. A result that is lost with its worker is computed again, and
    waited for; the state of a task is never read, because it may be about to change.

    Args:
        client: of the scheduler.
        address: of the scheduler, for messages.
        sandbox: whether a worker needs a sandbox to take part.
    """

    def __init__(self, client: Client, address: str, sandbox: bool) -> None:
        super().__init__(_MAX_TASKS)
        self.client = client
        self.address = address
        self.requirements: dict[str, Any] = {"sandbox": sandbox, **describe()}
        self.pending: dict[str, Any] = {}  # address of a worker -> Future of its check
        self.checked: dict[str, str | None] = {}  # address of a worker -> why it is not used, or None if it is
        self.accepted: list[str] = []  # addresses of the workers that are there and are used
        self.failure: Exception | None = None
        self.over = threading.Event()
        self.one_suspect = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def submit(self, task: Callable[..., T], /, *arguments: Any, **names: Any) -> Future[T]:
        """Have a task done by a worker; returns a future of concurrent.futures."""
        return super().submit(self._do, task, arguments)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End it; the workers stay, and drop their tasks."""
        if not wait:
            self.over.set()
        super().shutdown(wait, cancel_futures=cancel_futures)
        self.over.set()
        with contextlib.suppress(OSError, TimeoutError):
            self.client.close(CONNECTING)

    def find_workers(self) -> list[str]:
        """Return the addresses of the workers that are used, waiting for one if there is none.

        Raises:
            NoWorkers: there is none.
        """
        end = time.monotonic() + PATIENCE
        while not (accepted := self.accepted):
            if self.failure or self.over.is_set():
                raise self.failure or CancelledError
            if self.checked and not self.pending and None not in self.checked.values():
                worker, reason = next(iter(self.checked.items()))
                raise NoWorkers(f"No worker of {self.address} can be used. {worker}: {reason}")
            if time.monotonic() > end:
                raise NoWorkers(
                    f"The scheduler at {self.address} has had no worker for {PATIENCE} s. Start some (dask worker …), "
                    "then run the command again: what was done is kept."
                )
            time.sleep(_LOOK / 10)
        return accepted

    # --- one task -----------------------------------------------------------------------------------------------------

    def _do(self, task: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        try:
            return self._attempt(task, arguments)
        except KilledWorker:
            # A task that only shared a worker with the one that kills it is suspected too: each is tried again alone.
            with self.one_suspect:
                try:
                    return self._attempt(task, arguments)
                except KilledWorker:
                    raise WorkerDied("Every worker that graded it died.") from None

    def _attempt(self, task: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        """Submit a task and return its result; submit it again if all workers that could have done it are gone."""
        result: tuple[T, Exception | None] | None = None
        while result is None:
            with self._plain_errors():
                workers = self.find_workers()
                future = self.client.submit(_perform, task, arguments, workers=workers, pure=False, retries=3)
                result = self._wait_for(future, workers)
        value, error = result
        if error is not None:
            raise error
        return value

    def _wait_for(self, future: Any, workers: list[str]) -> Any:
        while not self.over.is_set():
            try:
                return future.result(timeout=_WAIT)
            except TimeoutError:
                if not set(workers) & set(self.accepted) and not self.failure:
                    future.cancel()
                    return None
        raise CancelledError

    @contextlib.contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """Turn errors of the connection to the scheduler into NoWorkers; an error of the task itself is a value."""
        try:
            yield
        except (KilledWorker, NoWorkers):
            raise
        except Exception as error:
            if self.client.status == "running" and not isinstance(error, (CancelledError, OSError)):
                raise
            raise NoWorkers(
                f"The scheduler at {self.address} cannot be reached any more. What was done is kept: make sure that it "
                "runs, then run the command again."
            ) from error

    # --- which workers are used ---------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Keep track of the workers: in a thread of its own, so that no task waits while a new one is checked."""
        try:
            with self._plain_errors():
                while not self.over.wait(_LOOK if self.checked else _LOOK / 10):
                    try:
                        threads = self.client.nthreads()
                    except OSError:
                        if self.client.status == "running":
                            continue  # the network is away for a moment; when it is gone, Dask's own connection ends
                        raise
                    self._check_new(threads)
                    self.accepted = [worker for worker in threads if self.checked.get(worker, "not yet") is None]
        except Exception as error:
            logger.info("the scheduler is not watched any more", exc_info=error)
            self.accepted, self.failure = [], error

    def _check_new(self, threads: Mapping[str, int]) -> None:
        """Have each new worker check itself; it gets no other task before it has answered."""
        for worker in threads.keys() - self.checked.keys() - self.pending.keys():
            self.pending[worker] = self._submit_check(worker)
        for worker, future in [*self.pending.items()]:
            if worker not in threads:
                del self.pending[worker]  # it is gone
            elif future.done():
                try:
                    self._decide(worker, threads[worker], future)
                    del self.pending[worker]
                except (TimeoutError, KilledWorker):
                    self.pending[worker] = self._submit_check(worker)  # it died, or was replaced by another

    def _submit_check(self, worker: str) -> Any:
        return self.client.submit(check_worker, self.requirements, workers=[worker], pure=False)

    def _decide(self, worker: str, threads: int, future: Any) -> None:
        reason = None
        try:
            future.result(timeout=_WAIT)
            if threads != 1:
                reason = f"it has {threads} threads, and must have one: start it with --nthreads 1."
        except (CancelledError, OSError, KilledWorker):
            raise
        except UnfitWorker as error:
            reason = str(error)
        except Exception as error:
            reason = f"the course cannot be used there ({type(error).__name__}: {error})."
        if reason:
            tqdm.write(f"{worker} is not used: {reason}", file=sys.stderr)
        self.checked = self.checked | {worker: reason}


# --- on a worker ------------------------------------------------------------------------------------------------------


class UnfitWorker(ValueError):
    """A worker cannot be used; the message says why."""


def describe() -> dict[str, str]:
    """Return what must be the same on a worker for a score to be the same."""
    return {"code": code_digest(), "Python": platform.python_version(), "NumPy": np.__version__}


def check_worker(requirements: Mapping[str, Any]) -> None:
    """Check, on a worker, that it can be used.

    Args:
        requirements: what `describe` returns where the run was started, and "sandbox".

    Raises:
        UnfitWorker: it cannot.
    """
    for name, found in describe().items():
        if name == "code" and found != requirements[name]:
            raise UnfitWorker("its copy of the course is not the one here; install the same on both sides.")
        if found != requirements[name]:
            raise UnfitWorker(f"it has {name} {found}, and here it is {requirements[name]}.")
    if requirements["sandbox"]:
        try:
            check_sandbox()
        except NoSandbox as error:
            raise UnfitWorker(str(error)) from None


def _perform(task: Callable[..., T], arguments: tuple[Any, ...]) -> tuple[T | None, Exception | None]:
    """Do a task on a worker, and return its result and its error; its progress bars are not shown."""
    _init_worker()
    ignored = io.StringIO()
    with contextlib.redirect_stdout(ignored), contextlib.redirect_stderr(ignored):
        try:
            return task(*arguments), None
        except Exception as error:
            return None, _portable(error)


def _portable(error: Exception) -> Exception:
    """An error that can be sent: not every one can, and none with its traceback."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    try:
        copy: Exception = pickle.loads(pickle.dumps(error))
        return copy
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


@functools.cache
def _init_worker() -> None:
    """Set up a worker, once: one BLAS thread, and temporary files where Dask removes those of a killed worker."""
    threadpool_limits(1)
    tempfile.tempdir = get_worker().local_directory


# --- the scheduler ----------------------------------------------------------------------------------------------------


def _find(scheduler: str, insecure: bool) -> tuple[str, Security]:
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
                f"{address} is not encrypted: anyone who reaches it could run programs as you, and read submissions "
                "and the secret seed. Give the scheduler TLS (docs/scale.md), or, if you trust everyone on its "
                "network: --insecure."
            )
        print(f"{address} is not encrypted: anyone who reaches it can run programs as you.", file=sys.stderr)
        return address, Security(require_encryption=False)
    if credentials:
        names = ("tls_ca_file", "tls_client_cert", "tls_client_key")
        return address, Security(require_encryption=True, **dict.fromkeys(names, str(credentials)))
    security = Security(require_encryption=True)
    if not (security.tls_ca_file and security.tls_client_cert):
        raise ValueError(
            f"There are no TLS credentials for {address}. Name them in Dask's configuration, distributed.comm.tls: "
            "ca-file, client.cert and client.key (docs/scale.md)."
        )
    return address, security


def _read_scheduler_file(path: Path) -> tuple[str, Path | None]:
    credentials = path.with_name(_CREDENTIALS)
    try:
        address = json.loads(path.read_text(encoding="utf-8"))["address"]
        return address, credentials if credentials.exists() else None
    except FileNotFoundError:
        raise ValueError(f"There is no scheduler file {path}. Does the cluster run?") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is not a scheduler file of Dask.") from None


def write_credentials(folder: Path) -> tuple[Security, Path]:
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
def local_cluster(folder: Path, count: int) -> Iterator[Path]:
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
