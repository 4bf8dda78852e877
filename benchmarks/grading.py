"""Throughput of grading beside nbgrader's own, its memory, and how the cost grows with the class.

The same honest submissions are graded by stock `nbgrader autograde` as one process, by two of them side by side, and
by `make grade` on two cores with the sandbox on. Each run starts in a fresh copy of the same course, with one BLAS
thread. All its processes are monitored: CPU time is comparable on a busy machine, the wall clock less so.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeAlias, TypedDict

import nbformat
import psutil
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from nbgrader.utils import capture_log
from rich.console import Console

from benchmarks.layers import Key, Row, describe_machine, report
from helpers.atomic_write import replace_file
from helpers.classroom.administration import assignments
from helpers.classroom.authoring.build import find_sources, release_path
from helpers.classroom.authoring.release import make_release
from helpers.classroom.authoring.source import as_solution, grading, read_source
from helpers.classroom.course import Course
from helpers.classroom.grading.batch import Bar, Batch, Settings
from helpers.classroom.grading.workers import local_workers

NOTEBOOK, CORES = "01", 2
_ROOT = Path(__file__).resolve().parents[1]


#: Student and grade id to points.
Scores: TypeAlias = dict[tuple[str, str], float]


class StepCost(TypedDict):
    """CPU time of the process that saves, and of nbgrader's own steps in it [s]."""

    own_cpu: float
    steps_cpu: float


class Cost(StepCost):
    """The cost of grading a class: wall clock and CPU time [s], peak memory by role [bytes]; and its result."""

    wall: float
    cpu: float
    memory: dict[str, int]
    count: int
    scores: Scores


def run(json_path: Path, submissions: int = 50, sizes: Sequence[int] = (50, 200)) -> None:
    """Measure everything, print one table, and write all of it as JSON.

    Args:
        json_path: of the JSON file; missing folders are created.
        submissions: number graded in each of the three ways.
        sizes: of the classes whose costs are compared; the last may be in the thousands.
    """
    console = Console(highlight=False, soft_wrap=True)
    found: dict[str, Cost] = {}
    with TemporaryDirectory() as folder:
        course = _make_course(Path(folder, "course"), submissions)
        for name, commands in _COMMANDS.items():
            console.print(f"grading {submissions} submissions: {_WAYS[name]} …", style="dim")
            found[name] = _measure(course, Path(folder, name), commands)
        costs: dict[int, Cost] = {}
        for size in sizes:
            console.print(f"grading {size:,} submissions …", style="dim")
            larger = _make_course(Path(folder, f"course-{size}"), size)
            costs[size] = _measure(larger, Path(folder, f"size-{size}"), _COMMANDS["ours"])
    title = f"Grading {submissions} honest submissions of notebook {NOTEBOOK} on {CORES} cores"
    more = {"machine": describe_machine(), "ways": _without_scores(found), "sizes": _without_scores(costs)}
    report(title, as_rows(found, costs), remarks(found, costs), json_path, more, digits=3)


_WAYS = {
    "one": "nbgrader autograde, one process",
    "two": "nbgrader autograde, two shards side by side",
    "ours": "make grade, two workers, sandbox on",
}

#: The processes of each way, by the arguments of this module.
_COMMANDS: dict[str, list[list[str]]] = {
    "one": [["stock", "*"]],
    "two": [["stock", "a*"], ["stock", "b*"]],
    "ours": [["ours"]],
}


def as_rows(found: Mapping[str, Cost], costs: Mapping[int, Cost]) -> list[Row]:
    """Return the rows of the table.

    Args:
        found: the name of a way to what was measured.
        costs: the size of a class to what was measured.
    """
    one, ours = found["one"], found["ours"]
    differing = sum(ours["scores"].get(key) != score for key, score in one["scores"].items())
    differing += found["two"]["scores"] != one["scores"]
    small, large = (costs[size]["cpu"] / size for size in (min(costs), max(costs)))
    return [
        Row("wall clock / that of nbgrader as one process", ours["wall"] / one["wall"], 0.1),
        Row("scores of cells that differ", differing, 0),
        Row("CPU of the one process that saves, per submission", ours["own_cpu"] / ours["count"], 0.1, "s"),
        Row("peak memory of a worker", ours["memory"]["worker"] / 1e6, 300, "MB"),
        Row("peak memory of the answers' process", ours["memory"]["answers"] / 1e6, 300, "MB"),
        Row(f"CPU per submission, of {max(costs):,} / of {min(costs)}", large / small, 1.1),
    ]


def remarks(found: Mapping[str, Cost], costs: Mapping[int, Cost]) -> Iterator[str]:
    """Yield what a reader has to know to judge the table; arguments as for `as_rows`."""
    for name, words in _WAYS.items():
        one = found[name]
        yield (
            f"{words}: {60 * one['count'] / one['wall']:.1f} submissions a minute; each took "
            f"{one['wall'] / one['count']:.2f} s on the clock and {one['cpu'] / one['count']:.2f} s of CPU."
        )
    for name in ("one", "two"):
        one, ours = found[name], found["ours"]
        clock, cpu = one["wall"] / ours["wall"], one["cpu"] / ours["cpu"]
        yield f"{_WAYS[name]}: {clock:.1f} times as long as ours on the clock, {cpu:.1f} times the CPU."
    steps = found["one"]["steps_cpu"] / found["one"]["count"]
    yield f"nbgrader's own sanitising and saving: {steps:.3f} s of CPU per submission, in one process."
    for size, cost in costs.items():
        clock, cpu, own = (1000 * seconds / size for seconds in (cost["wall"], cost["cpu"], cost["own_cpu"]))
        yield (
            f"{size:,} submissions: each took {clock:.0f} ms on the clock and {cpu:.0f} ms of CPU, {own:.0f} in the "
            f"process that saves, which used {cost['memory']['main'] / 1e6:.0f} MB."
        )
    yield f"Load of this machine now: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores. On a busy one trust the CPU."


def _without_scores(found: Mapping[Key, Cost]) -> dict[Key, dict[str, object]]:
    return {name: {key: value for key, value in one.items() if key != "scores"} for name, one in found.items()}


# --- a class ----------------------------------------------------------------------------------------------------------


def _make_course(root: Path, submissions: int) -> Path:
    """Make a released course with that many students, half of them a… and half b…, who submitted right answers."""
    source = find_sources(_ROOT, NOTEBOOK)[0]
    text, placed = make_release(source), root / "solutions" / source.stem / source.name
    replace_file(placed, source.read_bytes())
    replace_file(release_path(root, source), text)
    release, course = nbformat.reads(text, as_version=4), Course(root)
    assignments.release(course, placed)
    answers = {cell.id: cell.source for cell in as_solution(read_source(source)).cells}
    for number in range(submissions):
        student = f"{'ab'[number % 2]}{number:04d}"
        for cell in release.cells:
            if grading(cell).get("solution"):
                cell.source = f"# {student}\n{answers[cell.id]}"
        folder = course.folder("submitted", source.stem, student)
        folder.mkdir(parents=True)
        nbformat.write(release, folder / f"{source.stem}.ipynb")
    return root


def _name(course: Course) -> str:
    """Return the name of the only assignment of such a course."""
    return find_sources(course.root)[0].stem


def _scores(course: Course, assignment: str) -> Scores:
    with course.gradebook() as gradebook:
        return {
            (submission.student.id, grade.name): grade.auto_score
            for submission in gradebook.find_assignment(assignment).submissions
            for grade in submission.notebooks[0].grades
        }


# --- what is measured -------------------------------------------------------------------------------------------------


def _measure(course: Path, root: Path, commands: Sequence[Sequence[str]]) -> Cost:
    """Run commands side by side in a copy of a course, and return their cost."""
    shutil.copytree(course, root)
    environment = os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    begun = time.monotonic()
    log = root / "log.txt"
    with log.open("w") as errors:
        programs = [[sys.executable, "-m", "benchmarks.grading", *command, str(root)] for command in commands]
        processes = [
            subprocess.Popen(program, env=environment, cwd=_ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
            for program in programs
        ]
        with Monitor([process.pid for process in processes]) as monitor:
            outputs = [process.communicate()[0] for process in processes]
    wall = time.monotonic() - begun
    if any(process.returncode for process in processes):
        raise ValueError(f"A measured run failed.\n{log.read_text()[-3000:]}")
    reported: list[StepCost] = [json.loads(text.splitlines()[-1]) for text in outputs]
    measured = Course(root)
    assignment = _name(measured)
    return {
        "wall": wall,
        "cpu": monitor.cpu(),
        "memory": dict(monitor.memory),
        "count": len(measured.submitted(assignment)),
        "scores": _scores(measured, assignment),
        "own_cpu": sum(one["own_cpu"] for one in reported),
        "steps_cpu": sum(one["steps_cpu"] for one in reported),
    }


class Monitor:
    """Samples processes and their descendants twenty times a second, as a context manager.

    Args:
        pids: of the processes.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self.pids = pids
        self.times: dict[tuple[int, float], float] = {}  # (pid, start time) -> CPU time [s]
        self.memory: defaultdict[str, int] = defaultdict(int)  # role -> largest resident set of a process [bytes]
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ended.set()
        self.thread.join()

    def cpu(self) -> float:
        """Return the CPU time of all processes together [s]."""
        return sum(self.times.values())

    def _sample(self) -> None:
        while not self.ended.wait(0.05):
            for process in self._processes():
                try:
                    with process.oneshot():
                        times = process.cpu_times()
                        self.times[process.pid, process.create_time()] = times.user + times.system
                        role = self._role(process)
                        self.memory[role] = max(self.memory[role], process.memory_info().rss)
                except psutil.Error:
                    continue  # it has just ended

    def _processes(self) -> Iterator[psutil.Process]:
        for pid in self.pids:
            try:
                yield (head := psutil.Process(pid))
                yield from head.children(recursive=True)
            except psutil.Error:
                continue

    def _role(self, process: psutil.Process) -> str:
        command = process.cmdline()
        if process.pid in self.pids:
            return "main"
        if any(part.endswith("sandbox/child.py") for part in command):
            return "bubblewrap" if "bwrap" in command[0] else "answers"
        return "worker" if any("forkserver" in part for part in command) else "other"


# --- what is run: python -m benchmarks.grading stock PATTERN ROOT, or ours ROOT ----------------------------------


def _stock(root: Path, pattern: str) -> StepCost:
    """Let nbgrader grade the students whose ids match; return the CPU time of its steps without the execution [s]."""
    course = Course(root)
    config = copy.deepcopy(course.config)
    config.pop("Autograde")  # nbgrader's own steps, not those of this course
    config.CourseDirectory.assignment_id = _name(course)
    config.CourseDirectory.student_id = pattern
    execute, waited = Execute.preprocess, 0.0

    def timed(self: Execute, *arguments: Any, **names: Any) -> Any:
        nonlocal waited
        begun = time.process_time()
        try:
            return execute(self, *arguments, **names)
        finally:
            waited += time.process_time() - begun

    Execute.preprocess = timed
    begun = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own use of its database
        outcome = capture_log(Autograde(coursedir=CourseDirectory(config=config), config=config))
    if not outcome["success"]:
        raise SystemExit(outcome["log"])
    return {"own_cpu": time.process_time() - begun, "steps_cpu": time.process_time() - begun - waited}


def _ours(root: Path) -> StepCost:
    """Grade as `make grade` does; return the CPU time of this process [s]."""
    course = Course(root)
    begun = time.process_time()
    batch = Batch(course, _name(course), Settings())
    with Bar(batch) as bar:
        batch.run(local_workers(CORES), bar.show)
    return {"own_cpu": time.process_time() - begun, "steps_cpu": 0.0}


if __name__ == "__main__":
    way, *rest = sys.argv[1:]
    print(json.dumps(_stock(Path(rest[1]), rest[0]) if way == "stock" else _ours(Path(rest[0]))))
