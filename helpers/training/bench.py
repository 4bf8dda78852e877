"""The measured goals: a training step's time against its own matrix products, PyTorch and the plain layers; its memory.

Everything runs on one BLAS thread with random words. Candidates take turns in one process and CPU time is measured, so
that a busy machine disturbs all of them alike; what is reported are medians, and ratios of medians.
"""

import importlib.util
import json
import os
import platform
import statistics
import time
import tracemalloc
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_info, threadpool_limits

from helpers.nn import FAST, PLAIN, assemble, create_params
from helpers.training.clipping import clip_gradients
from helpers.training.optimisers import SGD, sgd_step

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
    Setting("large", 650, 2, True, 0.5, rounds=7, bare=1.15, torch=0.90, plain=0.5, peak=210, allocated=5),
)
EXPONENT_GOAL = 1.1


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, and the largest value that meets the goal."""

    measure: str
    got: float
    goal: float
    unit: str = ""

    @property
    def met(self):
        return self.got <= self.goal


# --- what is measured ------------------------------------------------------------------------------------------------


def words(rng, batch_size, steps):
    """Random words and random targets, (N, T) each."""
    return rng.integers(V, size=(2, batch_size, steps))


def our_step(setting, layers, batch_size=N, steps=T):
    """Build a model; return a function that trains it by one step."""
    rng = np.random.default_rng(0)
    params = create_params(V, setting.hidden, setting.depth, rng, tied=setting.tied)
    model = assemble(layers, params, rng, rate=setting.rate, dropout="standard")
    params, (xs, targets) = model.parameters(), words(rng, batch_size, steps)
    optimiser, state = SGD(params), None

    def update_plainly():
        clip_gradients([param.grad for param in params], MAX_NORM)
        sgd_step(params, LEARNING_RATE)

    def step():
        nonlocal state
        model.zero_grad()
        _, state = model.loss(xs, targets, state, training=True)
        model.backward()
        if layers is FAST:
            optimiser.step(LEARNING_RATE, MAX_NORM)
        else:
            update_plainly()

    return step


def bare_products(setting):
    """Return a function that does the matrix products of a training step and nothing else, in memory it already has.

    The shapes and memory orders are those of the fast layers, row by row in the order of their use.
    """
    H, rows = setting.hidden, N * T
    rng = np.random.default_rng(0)

    def array(*shape):
        return rng.uniform(-0.1, 0.1, shape).astype(np.float32)

    forward, backward = [], []
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

    def step():
        for left, right, out in products:
            np.matmul(left, right, out=out)

    return step


def torch_step(setting):
    """Build the same model in PyTorch; return a function that trains it by one step."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    H = setting.hidden

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(V, H)
            self.lstms = torch.nn.ModuleList(torch.nn.LSTM(H, H) for _ in range(setting.depth))
            self.dropout = torch.nn.Dropout(setting.rate)
            self.output = torch.nn.Linear(H, V)
            if setting.tied:
                self.output.weight = self.embedding.weight

        def forward(self, xs, states):
            hs, after = self.dropout(self.embedding(xs)), []
            for lstm, state in zip(self.lstms, states):
                hs, state = lstm(hs, state)
                hs = self.dropout(hs)
                after.append(tuple(part.detach() for part in state))
            return self.output(hs), after

    model = Model()
    optimiser = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    xs, targets = torch.from_numpy(words(np.random.default_rng(0), T, N))
    states = [None] * setting.depth

    def step():
        nonlocal states
        optimiser.zero_grad()
        logits, states = model(xs, states)
        torch.nn.functional.cross_entropy(logits.view(-1, V), targets.reshape(-1)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        optimiser.step()

    return step


# --- how it is measured ----------------------------------------------------------------------------------------------


def cpu_times(steps, rounds):
    """Let the candidates take turns.

    Args:
        steps: dict from name to a function without arguments.
        rounds: how often each is run, after a first time that does not count.

    Returns:
        dict from name to the median CPU time [s].
    """
    for step in steps.values():
        step()
    times = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.process_time()
            step()
            times[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def memory(build):
    """Build something and run it three times under tracemalloc.

    Args:
        build: returns the function to run.

    Returns:
        the peak over all of it, and what the last run needed beyond what was there before it [MB of 10⁶ bytes].
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


def exponent(sizes, times):
    """The slope of a straight line through log time over log size: 1 means that twice the size takes twice as long."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def growth(setting, sizes, rounds, **fixed):
    """Measure a step at several sizes of one kind, ``batch_size`` or ``steps``; return the exponent of its cost."""
    (kind,) = {"batch_size", "steps"} - set(fixed)
    steps = {size: our_step(setting, FAST, **{kind: size}, **fixed) for size in sizes}
    times = cpu_times(steps, rounds)
    return exponent(sizes, [times[size] for size in sizes])


# --- the table -------------------------------------------------------------------------------------------------------


def measure(setting):
    """Measure one setting.

    Returns:
        its rows of the table, and the CPU times behind them [s].
    """
    peak, allocated = memory(lambda: our_step(setting, FAST))
    steps = {
        "fast": our_step(setting, FAST),
        "products": bare_products(setting),
        "plain": our_step(setting, PLAIN),
    }
    if importlib.util.find_spec("torch"):
        steps["torch"] = torch_step(setting)
    times = cpu_times(steps, setting.rounds)
    rows = [
        Row(f"{setting.name}: step / its bare matrix products", times["fast"] / times["products"], setting.bare),
        Row(f"{setting.name}: step / the plain layers' step", times["fast"] / times["plain"], setting.plain),
    ]
    if "torch" in times:
        rows.append(Row(f"{setting.name}: step / PyTorch's step", times["fast"] / times["torch"], setting.torch))
    rows += [
        Row(f"{setting.name}: peak memory", peak, setting.peak, "MB"),
        Row(f"{setting.name}: newly allocated in a step", allocated, setting.allocated, "MB"),
    ]
    return rows, times


def run(json_path=None):
    """Measure everything, print one table, and write it as JSON if a path is given.

    Args:
        json_path: where to write; nowhere if None.
    """
    console = Console()
    rows, times = [], {}
    with threadpool_limits(1):
        for setting in SETTINGS:
            console.print(f"[dim]measuring the {setting.name} model …[/]")
            measured, times[setting.name] = measure(setting)
            rows += measured
        console.print("[dim]measuring how the cost grows …[/]")
        small = SETTINGS[0]
        for letter, kind, fixed in (("T", "steps", {"batch_size": N}), ("N", "batch_size", {"steps": T})):
            size = {"T": T, "N": N}[letter]
            value = growth(small, (size // 2, size, 2 * size), small.rounds, **fixed)
            rows.append(Row(f"{small.name}: exponent of the cost in {letter}", value, EXPONENT_GOAL))
        environment = describe_machine()
    console.print(table(rows, times, environment))
    if json_path:
        with open(json_path, "w", encoding="utf-8") as file:
            json.dump(as_json(rows, times, environment), file, indent=2)
            file.write("\n")


def table(rows, times, environment):
    """Lay the rows out for a terminal."""
    seconds = "; ".join(
        f"{name}: " + ", ".join(f"{what} {1000 * value:.1f}" for what, value in medians.items())
        for name, medians in times.items()
    )
    missing = "" if "torch" in environment else "\nPyTorch is not installed, so nothing is compared with it."
    result = Table(
        title=f"A training step, V = {V:,}, N = {N}, T = {T}, float32, one thread",
        caption=f"CPU time of a step [ms, median], {seconds}.{missing}",
        caption_justify="left",
    )
    for heading, justify in (("measure", "left"), ("got", "right"), ("goal", "right"), ("met", "left")):
        result.add_column(heading, justify=justify)
    for row in rows:
        unit = f" {row.unit}" if row.unit else ""
        met = "[green]yes[/]" if row.met else "[red]no[/]"
        result.add_row(row.measure, f"{row.got:.2f}{unit}", f"≤ {row.goal:.2f}{unit}", met)
    return result


def as_json(rows, times, environment):
    """Put everything that was measured into one dict."""
    return {
        "environment": environment,
        "cpu_seconds_per_step": times,
        "goals": [
            {"measure": row.measure, "got": row.got, "goal": row.goal, "unit": row.unit, "met": row.met} for row in rows
        ],
    }


def describe_machine():
    """Say what the figures were measured with."""
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    if importlib.util.find_spec("torch"):
        import torch

        versions["torch"] = torch.__version__
    blas = [f"{library['internal_api']} {library['version']}" for library in threadpool_info()]
    return versions | {"platform": platform.platform(), "cores": os.cpu_count(), "threading": blas}
