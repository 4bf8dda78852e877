"""Speed of a training step beside its own matrix products, PyTorch and the plain layers; its memory.

Everything runs on one BLAS thread with random words. The candidates take turns and CPU time is measured, so that a busy
machine slows all of them alike; a ratio is the median over the rounds. On a processor with AVX-512, all of it is
measured again with the kernels for AVX2, whose products take longer: the rest is then a smaller part of a step.
"""

import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from rich.console import Console
from rich.table import Column, Table
from threadpoolctl import threadpool_info, threadpool_limits

from helpers.arrays import FloatArray, IntArray
from helpers.atomic_write import replace_file
from helpers.nn import FAST, PLAIN, assemble, create_params
from helpers.nn.fast import BLOCK, row_blocks
from helpers.nn.model import place
from helpers.training.clipping import clip_gradients
from helpers.training.optimisers import SGD, sgd_step

Step: TypeAlias = Callable[[], object]
Times: TypeAlias = dict[str, list[float]]
Key = TypeVar("Key", str, int)

V, N, T = 10_000, 20, 35
LEARNING_RATE, MAX_NORM = 1.0, 0.25


@dataclass(frozen=True)
class Setting:
    """A model to measure, and its goals: times as ratios, memory in MB."""

    name: str
    hidden: int
    depth: int
    tied: bool
    rate: float
    rounds: int
    bare: float
    torch: float
    plain: float
    peak: float
    allocated: float


SETTINGS = (
    Setting("small", 100, 1, False, 0.0, rounds=25, bare=1.25, torch=0.70, plain=0.5, peak=55, allocated=5),
    Setting("large", 650, 2, True, 0.5, rounds=7, bare=1.10, torch=0.95, plain=0.5, peak=210, allocated=5),
)
EXPONENT = 1.1

#: OpenBLAS's names of its kernels for AVX-512.
AVX512_KERNELS = ("SkylakeX", "Cooperlake", "SapphireRapids")

#: Has the libraries of NumPy and of PyTorch use the kernels for AVX2; each reads it when it is loaded.
AVX2 = {
    "OPENBLAS_CORETYPE": "Haswell",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
}


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, and the largest value that meets the goal."""

    measure: str
    got: float
    goal: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.got <= self.goal


# --- what is measured ------------------------------------------------------------------------------------------------


def words(rng: np.random.Generator, batch_size: int, steps: int) -> IntArray:
    """Random words and random targets, (N, T) each."""
    return rng.integers(V, size=(2, batch_size, steps))


def our_step(
    setting: Setting, layers: Mapping[str, Any], batch_size: int | None = None, steps: int | None = None
) -> Step:
    """Build a model from one of the dicts of layers; return a function that trains it by one step."""
    rng = np.random.default_rng(0)
    drawn = create_params(V, setting.hidden, setting.depth, rng, tied=setting.tied)
    model = assemble(layers, *place(layers, drawn, rng), rate=setting.rate, dropout="standard")
    params, (xs, targets) = model.parameters(), words(rng, batch_size or N, steps or T)
    optimiser, state = SGD(params), None

    def update() -> None:
        if layers is PLAIN:  # as a learner does it
            clip_gradients([param.grad for param in params], MAX_NORM)
            sgd_step(params, LEARNING_RATE)
        else:
            optimiser.step(LEARNING_RATE, MAX_NORM)

    def step() -> None:
        nonlocal state
        model.zero_grad()
        _, state = model.loss(xs, targets, state, training=True)
        model.backward()
        update()

    return step


def bare_products(setting: Setting) -> Step:
    """Return a function that does only the matrix products of a training step, in memory allocated beforehand.

    The shapes and memory orders are those of the fast layers, in the order of their use.
    """
    H, rows = setting.hidden, N * T
    rng = np.random.default_rng(0)

    def array(*shape: int) -> FloatArray:
        return rng.uniform(-0.1, 0.1, shape).astype(np.float32)

    forward: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    backward: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for _ in range(setting.depth):
        xs, Wx, A, dxs = array(rows, H), array(H, 4 * H), array(rows, 4 * H), array(rows, H)
        hs, Wh, product, WhT, dh = array(T, N, H), array(H, 4 * H), array(N, 4 * H), array(4 * H, H), array(N, H)
        dWx, dWh = array(H, 4 * H), array(H, 4 * H)
        forward += [(xs, Wx, A), *((h, Wh, product) for h in hs)]
        weights = [(xs.T, A, dWx), (hs.reshape(rows, H).T, A, dWh), (A, Wx.T, dxs)]
        backward = [*((dA, WhT, dh) for dA in A.reshape(T, N, 4 * H)[::-1]), *weights, *backward]
    hs, dhs, logits = array(rows, H), array(rows, H), array(rows, V)
    if setting.tied:
        E, dE = array(V, H), array(V, H)
        output = [(hs, E.T, logits), (logits, E, dhs), (logits.T, hs, dE)]
    else:
        W, dW = array(H, V), array(H, V)
        output = [(hs, W, logits), (logits, W.T, dhs), (hs.T, logits, dW)]
    products = forward + output + backward

    def step() -> None:
        for left, right, out in products:
            np.matmul(left, right, out=out)

    return step


def products_and_passes(setting: Setting) -> Step:
    """Return a function that does the bare products, and the passes over values that no step can do without.

    Forward: tanh, one multiplication for each gate, and bias, exp, sum and scale of the logits. Backward: one
    multiplication for each gate, and the gradient of the output's bias. Then the norm of the gradients, and the update.
    """
    H, rows = setting.hidden, N * T
    rng = np.random.default_rng(0)

    def array(*shape: int) -> FloatArray:
        return rng.uniform(-0.1, 0.1, shape).astype(np.float32)

    products, gates, cells = bare_products(setting), array(setting.depth, rows, 4 * H), array(setting.depth, rows, H)
    logits, scale, bias, ones = array(rows, V), array(rows, 1), array(V), array(rows)
    size = sum(param.value.size for param in create_params(V, H, setting.depth, rng, tied=setting.tied).values())
    values, grads, scratch = array(size), array(size), array(BLOCK)

    def step() -> None:
        products()
        np.tanh(gates, out=gates)
        np.tanh(cells, out=cells)
        for _ in ("forward", "backward"):
            np.multiply(gates, 0.5, out=gates)
        np.add(logits, bias, out=logits)
        for block in row_blocks(logits, BLOCK):
            part = logits[block]
            np.exp(part, out=part)
            np.matmul(part, bias)
            np.multiply(part, scale[block], out=part)
        np.matmul(ones, logits)
        np.vdot(grads, grads)
        for block in row_blocks(grads, BLOCK):
            part = values[block]
            part -= np.multiply(grads[block], 0.001, out=scratch[: part.size])

    return step


def torch_step(setting: Setting, device: str = "cpu") -> Step:
    """Build the same model in PyTorch, on a device; return a function that trains it by one step."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    H = setting.hidden

    class Model(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where mypy runs
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(V, H)
            self.lstms = torch.nn.ModuleList(torch.nn.LSTM(H, H) for _ in range(setting.depth))
            self.dropout = torch.nn.Dropout(setting.rate)
            self.output = torch.nn.Linear(H, V)
            if setting.tied:
                self.output.weight = self.embedding.weight

        def forward(self, xs: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
            hs, after = self.dropout(self.embedding(xs)), []
            for lstm, state in zip(self.lstms, states):
                hs, state = lstm(hs, state)
                hs = self.dropout(hs)
                after.append(tuple(part.detach() for part in state))
            return self.output(hs), after

    model = Model().to(device)
    optimiser = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    xs, targets = torch.from_numpy(words(np.random.default_rng(0), T, N)).to(device)
    states: list[Any] = [None] * setting.depth

    def step() -> None:
        nonlocal states
        optimiser.zero_grad()
        logits, states = model(xs, states)
        torch.nn.functional.cross_entropy(logits.view(-1, V), targets.reshape(-1)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        optimiser.step()

    return step


# --- how it is measured ----------------------------------------------------------------------------------------------


def cpu_times(steps: Mapping[Key, Step], rounds: int) -> dict[Key, list[float]]:
    """Let the candidates take turns.

    Args:
        steps: dict from name to a function without arguments.
        rounds: how often each is run, after one run that does not count.

    Returns:
        dict from name to a list of CPU times, one for each round [s].
    """
    for step in steps.values():
        step()
    times: dict[Key, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.process_time()
            step()
            times[name].append(time.process_time() - start)
    return times


def ratio(times: Times, name: str, other: str) -> float:
    """The time of one candidate divided by that of another, the median over the rounds."""
    return statistics.median(mine / theirs for mine, theirs in zip(times[name], times[other]))


def memory(build: Callable[[], Step]) -> tuple[float, float]:
    """Build something and run it three times under tracemalloc.

    Args:
        build: returns the function to run.

    Returns:
        the peak over all of it, and what the last run allocated beyond what was in use before it [MB of 10⁶ bytes].
    """
    tracemalloc.start()
    try:
        step = build()
        step()
        step()
        before, first_peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        step()
        last_peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return max(first_peak, last_peak) / 1e6, (last_peak - before) / 1e6


def exponent(times: Mapping[int, Sequence[float]]) -> float:
    """The slope of a straight line through log time over log size: 1 means that twice the size takes twice as long.

    Args:
        times: dict from size to a list of times [s].
    """
    medians = [statistics.median(values) for values in times.values()]
    return float(np.polyfit(np.log(list(times)), np.log(medians), 1)[0])


# --- the table -------------------------------------------------------------------------------------------------------


def measure(setting: Setting) -> tuple[list[Row], Times]:
    """Measure one setting.

    Returns:
        its rows of the table, and the CPU times behind them, as `cpu_times` returns them.
    """
    peak, allocated = memory(lambda: our_step(setting, FAST))
    steps = {
        "fast": our_step(setting, FAST),
        "products": bare_products(setting),
        "floor": products_and_passes(setting),
        "plain": our_step(setting, PLAIN),
    }
    goals = {"products": setting.bare, "plain": setting.plain}
    if torch_is_installed():
        steps["torch"] = torch_step(setting)
        goals["torch"] = setting.torch
    times = cpu_times(steps, setting.rounds)
    names = {"products": "its bare matrix products", "plain": "the plain layers' step", "torch": "PyTorch's step"}
    rows = [
        Row(f"{setting.name}: step / {names[name]}", ratio(times, "fast", name), goal) for name, goal in goals.items()
    ]
    rows += [
        Row(f"{setting.name}: peak memory", peak, setting.peak, "MB"),
        Row(f"{setting.name}: newly allocated in a step", allocated, setting.allocated, "MB"),
    ]
    return rows, times


def measure_growth(setting: Setting) -> list[Row]:
    """Measure how the cost of a step grows with the number of steps T and the batch size N.

    Returns:
        rows of the table
    """
    over_steps = {steps: our_step(setting, FAST, steps=steps) for steps in (T // 2, T, 2 * T)}
    over_batches = {size: our_step(setting, FAST, batch_size=size) for size in (N // 2, N, 2 * N)}
    return [
        Row(f"{setting.name}: exponent of the cost in {letter}", exponent(cpu_times(steps, setting.rounds)), EXPONENT)
        for letter, steps in (("T", over_steps), ("N", over_batches))
    ]


def run(json_path: Path) -> None:
    """Measure everything with the kernels that the library chooses, and again, in a new process, with those for AVX2.

    Args:
        json_path: of the JSON file; the second one has `-avx2` at the end of its name.
    """
    run_with_these_kernels(json_path)
    if describe_machine()["kernels"] in AVX512_KERNELS:
        second = json_path.with_stem(f"{json_path.stem}-avx2")
        subprocess.run([sys.executable, "-m", "benchmarks.layers", str(second)], env=os.environ | AVX2, check=True)


def run_with_these_kernels(json_path: Path) -> None:
    """Measure everything, print one table, and write all of it as JSON.

    Args:
        json_path: of the JSON file; missing folders are created.
    """
    console = Console()
    rows: list[Row] = []
    times: dict[str, Times] = {}
    with threadpool_limits(1):
        for setting in SETTINGS:
            console.print(f"measuring the {setting.name} model …", style="dim")
            measured, times[setting.name] = measure(setting)
            rows += measured
        console.print("measuring how the cost grows …", style="dim")
        rows += measure_growth(SETTINGS[0])
        machine = describe_machine()
    title = f"A training step with {machine['kernels']} kernels, V = {V:,}, N = {N}, T = {T}, float32"
    report(title, rows, remarks(times, machine), json_path, {"machine": machine, "cpu_seconds": times})


def report(
    title: str, rows: Sequence[Row], lines: Iterable[str], json_path: Path, more: dict[str, Any], digits: int = 2
) -> None:
    """Print the table and some lines below it, and write the rows as JSON.

    Args:
        title: of the table.
        rows: list of Row.
        lines: to print below the table.
        json_path: of the JSON file; missing folders are created.
        more: dict of what the file holds besides the rows.
        digits: decimals in the table.
    """
    table = Table("measure", Column("got", justify="right"), Column("goal", justify="right"), "met", title=title)
    for row in rows:
        met = "[green]yes[/]" if row.met else "[red]no[/]"
        table.add_row(row.measure, f"{row.got:.{digits}f} {row.unit}", f"≤ {row.goal:.{digits}f} {row.unit}", met)
    content = more | {"rows": [asdict(row) | {"met": row.met} for row in rows]}
    replace_file(json_path, json.dumps(content, indent=2) + "\n")
    console = Console()
    console.print(table)
    for line in [*lines, f"Written to {json_path}."]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def remarks(times: Mapping[str, Times], machine: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader has to know to judge the table."""
    for name, found in times.items():
        medians = ", ".join(f"{what} {1000 * statistics.median(values):.1f}" for what, values in found.items())
        yield f"{name}: CPU time of a step in ms, {medians}."
        for other in sorted(found.keys() - {"fast", "floor"}):
            least = ratio(found, "floor", other)
            yield f"{name}: the products and the least that NumPy needs for the rest take {least:.2f} of {other}."
    yield f"BLAS: {', '.join(machine['blas'])}."
    if machine["settings"]:
        yield f"Set in this environment: {', '.join(machine['settings'])}."
    if not torch_is_installed():
        yield 'PyTorch is not installed, so nothing is compared with it: pip install -e ".[torch]"'


def describe_machine() -> dict[str, Any]:
    """Describe the machine: a BLAS picks its kernels by processor, and they decide the ratios."""
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    machine = {
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": [f"{one['internal_api']} {one['version']} with kernels for {one['architecture']}" for one in blas],
        "kernels": ", ".join(one["architecture"] for one in blas),
        "settings": sorted(f"{name}={os.environ[name]}" for name in AVX2 if name in os.environ),
    }
    if torch_is_installed():
        import torch

        machine["torch"] = torch.__version__
    return machine


def torch_is_installed() -> bool:
    """Whether PyTorch, an extra, is installed."""
    return importlib.util.find_spec("torch") is not None


if __name__ == "__main__":
    run_with_these_kernels(Path(sys.argv[1]))
