"""Worker processes on this machine, and what every kind of worker has in common.

A *kind of worker*, of type Workers, is a function that returns an executor of concurrent.futures, and a function that
tells how many tasks it runs at once.
"""

import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from multiprocessing import connection
from typing import Any, TypeAlias

from helpers import logs

logger = logging.getLogger(__name__)

Workers: TypeAlias = Callable[[], tuple[Executor, Callable[[], int]]]

#: What a new process imports before it is given work: that takes longer than to grade ten submissions.
_PRELOAD = "helpers.classroom.grading.batch"

#: Longest path of a temporary folder for a socket in it: the system's limit is 104 or 108, with the socket's own name.
_MAX_PATH = 60

#: How long the thread that ends an executor may take once its workers are gone [s].
_PATIENCE = 5


class NoWorkers(OSError):
    """No worker is left; the run stops, and what was done is kept."""


class WorkerDied(OSError):
    """The workers that did this task died, more often than by chance."""


def local_workers(count: int | None = None) -> Workers:
    """Return a function that starts worker processes on this machine, for `Batch.run`.

    Args:
        count: how many; one for each core if left out.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    size = count or cores
    # A fork server needs a socket in the temporary folder, whose path may be too long.
    can_fork = "forkserver" in multiprocessing.get_all_start_methods() and len(tempfile.gettempdir()) < _MAX_PATH
    method = "forkserver" if can_fork else "spawn"
    context: multiprocessing.context.BaseContext = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([_PRELOAD])

    def start() -> tuple[Executor, Callable[[], int]]:
        folder = tempfile.mkdtemp()
        pool = _Pool(size, mp_context=context, initializer=_init_worker, initargs=(folder,))
        weakref.finalize(pool, shutil.rmtree, folder, ignore_errors=True)  # a worker that is ended leaves files
        logger.info("%d worker processes (%s)", size, method)
        return pool, lambda: size

    return start


class _Pool(ProcessPoolExecutor):
    """Worker processes, which count as dead too while the process that starts them is."""

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        """Hand over a task, and start a worker for it where one is missing."""
        try:
            return super().submit(*arguments, **options)
        except (EOFError, ConnectionError) as error:
            raise BrokenExecutor(f"no process can be started: {error!r}") from error


def stop(executor: Executor) -> None:
    """End an executor without waiting for its running tasks."""
    processes = [*(getattr(executor, "_processes", None) or {}).values()]  # as Python 3.14's terminate_workers does
    queue, manager = (getattr(executor, name, None) for name in ("_call_queue", "_executor_manager_thread"))
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    if queue is not None and manager is not None:
        # Python 3.11.2, that of Debian 12, may write for ever to workers that are gone (CPython's gh-94777). Closed
        # only then: the thread that writes closes it too, and would fail on a file that is closed already.
        manager.join(_PATIENCE)
        if manager.is_alive():
            queue._reader.close()


def _init_worker(folder: str) -> None:
    """Set up a new worker: it ignores Ctrl-C, ends with its parent, and puts its temporary files into the folder."""
    logs.configure()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = folder
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
    os._exit(1)
