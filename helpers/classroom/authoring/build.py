"""The build: one source per notebook, from which the executed solution and the released notebook are derived.

``solutions/NN_name/NN_name.py`` → ``solutions/NN_name/NN_name.ipynb`` (executed, outputs as text) and
``notebooks/NN_name/NN_name.ipynb`` (what learners get), and for each other language
``notebooks/LANGUAGE/NN_name/NN_name.ipynb``. All are made and checked before the first file is replaced, so a build
that fails changes nothing.
"""

import asyncio
import atexit
import contextlib
import logging
import os
import re
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from jupyter_client.manager import KernelManager
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from tqdm import tqdm
from traitlets.config import Config

from helpers import kernels
from helpers.atomic_write import replace_file
from helpers.classroom.authoring.notebook_names import is_meant
from helpers.classroom.authoring.release import NOT_IN_KIT, make_release
from helpers.classroom.authoring.source import BuildError, as_solution, describe, place, read_source, serialise
from helpers.classroom.authoring.translations import find_languages
from helpers.language.translation import ENGLISH, folder_of_edition

#: A picture in an output's HTML: its bytes differ between machines, its alt text does not.
PAYLOAD = r"data:image/png;base64,[A-Za-z0-9+/=]*"
PLACEHOLDER = "data:,"

ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}")

logger = logging.getLogger(__name__)


def find_sources(root: str | Path, notebook: str = "") -> list[Path]:
    """Return the sources of all notebooks, in order, or of one, named by its number or name (see `is_meant`).

    Raises:
        ValueError: there is no such notebook, or no source at all.
    """
    sources = sorted(path for path in Path(root, "solutions").glob("[0-9]*/*.py") if path.stem == path.parent.name)
    if not sources:
        raise ValueError(f"{Path(root, 'solutions')} has no source of a notebook. {NOT_IN_KIT}")
    chosen = [path for path in sources if not notebook or is_meant(notebook, path.stem)]
    if not chosen:
        known = ", ".join(path.stem for path in sources)
        raise ValueError(f"There is no source of a notebook {notebook} in solutions/; there are: {known}.")
    return chosen


def build(root: str | Path, notebook: str = "") -> None:
    """Derive all notebooks, or one, and put them in place.

    Raises:
        BuildError: a source is not fit, a cell fails, or a release gives an answer away.
    """
    paths = find_sources(root, notebook)
    derived = _make_releases(root, paths)
    solved = {path: as_solution(read_source(path)) for path in paths}
    execute(solved)
    derived |= {path.with_suffix(".ipynb"): serialise(notebook) for path, notebook in solved.items()}
    for path, text in derived.items():
        logger.info("writing %s", path)
        replace_file(path, text)


def write_releases(root: str | Path) -> list[Path]:
    """Derive the released notebooks of all editions, which takes no kernel; return the paths of those that changed."""
    made = _make_releases(root, find_sources(root))
    changed = [path for path, text in made.items() if not path.exists() or path.read_bytes() != text.encode()]
    for path in changed:
        replace_file(path, made[path])
    return changed


def _make_releases(root: str | Path, sources: Iterable[Path]) -> dict[Path, str]:
    """Return the text of the released notebooks of some sources in every edition, by their paths."""
    return {
        release_path(root, path, language): make_release(path, language)
        for path in sources
        for language in find_editions(root)
    }


def find_stale(root: str | Path) -> Iterator[tuple[Path, str]]:
    """Yield the path of each derived notebook that differs from its source, and the command that fixes it.

    Cells, ids and metadata are compared byte for byte. Outputs are not: the tests run the notebooks and compare those.
    """
    root = Path(root)
    derived: set[Path] = set()
    for path in find_sources(root):
        command = f"make notebooks NB={path.stem.partition('_')[0]}"
        solution = path.with_suffix(".ipynb")
        derived.add(solution)
        if not solution.exists() or _without_outputs(solution) != serialise(as_solution(read_source(path))):
            yield solution, command
        for language in find_editions(root):
            release = release_path(root, path, language)
            derived.add(release)
            if not release.exists() or release.read_bytes() != make_release(path, language).encode():
                yield release, command
    there = {*root.glob("notebooks/**/[!.]*.*"), *root.glob("solutions/[!.]*/*.ipynb")}
    for orphan in sorted(path for path in there - derived if ".ipynb_checkpoints" not in path.parts):
        yield orphan, f"git rm {orphan.relative_to(root)}"


def find_editions(root: str | Path) -> list[str]:
    """Return the languages in which there is an edition, English first."""
    return [ENGLISH, *find_languages(root)]


def release_path(root: str | Path, source: Path, language: str = ENGLISH) -> Path:
    """Return the path of the released notebook of a source, in the edition of a language."""
    return folder_of_edition(Path(root, "notebooks"), language) / source.stem / f"{source.stem}.ipynb"


def execute(notebooks: Mapping[Path, NotebookNode]) -> None:
    """Run notebooks as `run` does, and keep their outputs as text.

    Raises:
        BuildError: a cell fails, writes to stderr, or prints what differs from run to run.
    """
    run(notebooks)
    for path, notebook in notebooks.items():
        notebook.metadata.pop("widgets", None)
        notebook.metadata.language_info = {"name": "python"}
        for cell in _code_cells(notebook):
            for output in cell.outputs:
                _keep_text(output)
                _check_output(output, f"{place(path)}, {describe(cell)}")


def run(
    notebooks: Mapping[Path, NotebookNode], done: Callable[[Path], object] = lambda path: None, **environment: str
) -> None:
    """Run notebooks, each in an empty folder, as many at a time as there are cores, with one progress bar.

    Their outputs stay as they are, with their pictures. Once a cell fails, all are stopped.

    Args:
        notebooks: by the path of the source; they are changed in place.
        done: called with the path of each notebook when it has been run.
        environment: variables for the kernels, besides those of this process.

    Raises:
        BuildError: a cell fails.
    """
    if not notebooks:
        return
    cells = sum(len(_code_cells(notebook)) for notebook in notebooks.values())
    name = next(iter(notebooks)).stem if len(notebooks) == 1 else f"{len(notebooks)} notebooks"
    with tqdm(total=cells, desc=name, unit="cell") as bar:
        _wait_for(_run_all(notebooks, done, bar, os.environ | environment))


def _wait_for(work: Coroutine[Any, Any, None]) -> None:
    """Wait for a coroutine; after Ctrl-C until it has put away what it began.

    It has a thread of its own, since only one of several clients in a main thread would notice Ctrl-C.
    """
    begun: list[asyncio.Task[None]] = []

    async def note_and_work() -> None:
        begun.extend(filter(None, [asyncio.current_task()]))
        await work

    with ThreadPoolExecutor(1) as thread:
        outcome = thread.submit(asyncio.run, note_and_work())
        try:
            outcome.result()
        except KeyboardInterrupt:
            with contextlib.suppress(RuntimeError):  # it has just ended by itself
                for task in begun:
                    task.get_loop().call_soon_threadsafe(task.cancel)
            raise BuildError("The kernels were stopped. Run the command again.") from None


async def _run_all(
    notebooks: Mapping[Path, NotebookNode], done: Callable[[Path], object], bar: Any, environment: Mapping[str, str]
) -> None:
    free = asyncio.Semaphore(_cores())

    async def run_when_free(path: Path, notebook: NotebookNode) -> None:
        async with free:
            await _run(notebook, path, bar, environment)
        done(path)

    try:
        async with asyncio.TaskGroup() as group:
            for path, notebook in notebooks.items():
                group.create_task(run_when_free(path, notebook))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None  # the others ended because of it


async def _run(notebook: NotebookNode, path: Path, bar: Any, environment: Mapping[str, str]) -> None:
    code_cells, begun = _code_cells(notebook), time.monotonic()
    with TemporaryDirectory() as folder, TemporaryDirectory() as sockets:
        client = NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": folder}},
            on_cell_executed=lambda **_: bar.update(),
            config=Config({"KernelManager": kernels.private(sockets)}),
        )
        manager = client.create_kernel_manager()
        try:
            await client.async_execute(env=environment)
        except CellExecutionError as error:
            cell = next(cell for cell in code_cells if any(out.output_type == "error" for out in cell.outputs))
            raise BuildError(f"{place(path)}, {describe(cell)}: {error.ename}: {error.evalue}") from None
        except CellTimeoutError as error:
            raise BuildError(f"{place(path)}: {error}") from None
        except (DeadKernelError, AssertionError):  # nbclient asserts that there is a kernel to clean up
            raise BuildError(f"{place(path)}: its kernel died or was stopped. Run the command again.") from None
        finally:
            await _end_kernel(client, manager)
    logger.info("ran %s: %d cells in %.1f s", path, len(code_cells), time.monotonic() - begun)


async def _end_kernel(client: NotebookClient, manager: KernelManager) -> None:
    """End a kernel that is still there: nbclient leaves it if it is stopped while that starts or ends."""
    atexit.unregister(client._cleanup_kernel)
    if manager.has_kernel:
        await ensure_async(manager.shutdown_kernel(now=True))
        await ensure_async(manager.cleanup_resources())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _keep_text(output: NotebookNode) -> None:
    if "data" in output:
        output.data = {kind: value for kind, value in output.data.items() if kind.startswith("text/")}
        output.metadata = {}
    if "text/html" in output.get("data", {}):
        output.data["text/html"] = re.sub(PAYLOAD, PLACEHOLDER, output.data["text/html"])


def _check_output(output: NotebookNode, where: str) -> None:
    if output.get("name") == "stderr":
        raise BuildError(f"{where}: it writes to stderr, for which nbgrader takes all points: {output.text.strip()}")
    for text in [output.get("text", ""), *output.get("data", {}).values()]:
        if match := ADDRESS.search(text):
            raise BuildError(f"{where}: it shows a memory address ({match[0]}), which differs from run to run.")


def _without_outputs(path: Path) -> str:
    """Return the text of a notebook as it was before it was run; a file in another form is returned unchanged."""
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    if serialise(notebook) != text:
        return text
    for cell in _code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    return serialise(notebook)
