"""Speed and memory of a training step on a GPU, beside PyTorch's with cuDNN on the same card.

The two take turns; each time is that of some steps and of the wait for the card at their end, and a ratio is the median
over the rounds. Neither uses TF32: both compute in float32.
"""

import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import layers
from benchmarks.layers import EXPONENT, SETTINGS, Key, Row, Step, exponent, our_step, ratio, report, torch_step

LARGE = SETTINGS[-1]
TORCH_GOAL, MEMORY_GOAL = 1.25, 2_000
ROUNDS, STEPS = 10, 20


def wall_times(steps: Mapping[Key, Step], runtime: Any) -> dict[Key, list[float]]:
    """Let the candidates take turns.

    Args:
        steps: dict from name to a function without arguments.
        runtime: CuPy's, to wait for the card.

    Returns:
        dict from name to a list of the times of one step, one for each round [s].
    """
    times: dict[Key, list[float]] = {name: [] for name in steps}
    for round_ in range(-1, ROUNDS):  # the first does not count
        for name, step in steps.items():
            runtime.deviceSynchronize()
            start = time.perf_counter()
            for _ in range(STEPS):
                step()
            runtime.deviceSynchronize()
            if round_ >= 0:
                times[name].append((time.perf_counter() - start) / STEPS)
    return times


def run(json_path: Path) -> None:
    """Measure everything, print one table, and write all of it as JSON.

    Args:
        json_path: of the JSON file; missing folders are created.

    Raises:
        ValueError: there is no CuPy, or no GPU.
    """
    try:
        from helpers.nn import cuda
    except ImportError as error:
        raise ValueError(f"The benchmark of the GPU needs CuPy ({error}): pip install -e '.[gpu]'") from None
    card, console = cuda.find_device(), Console()
    with cuda.explained():
        console.print(f"measuring a step of {LARGE.depth} × {LARGE.hidden} on {card} …", style="dim")
        steps = {"ours": our_step(LARGE, cuda.CUDA)}
        if layers.torch_is_installed():
            steps["torch"] = _torch_on_the_card()
        times = wall_times(steps, cuda.runtime)
        memory = cuda.cupy.get_default_memory_pool().total_bytes() / 1e6
        console.print("measuring how the cost grows …", style="dim")
        lengths = {T: our_step(LARGE, cuda.CUDA, steps=T) for T in (layers.T // 2, layers.T, 2 * layers.T)}
        growth = exponent(wall_times(lengths, cuda.runtime))
        larger = {
            "3 × 1150": our_step(replace(LARGE, hidden=1150, depth=3), cuda.CUDA),
            f"N = {4 * layers.N}": our_step(LARGE, cuda.CUDA, batch_size=4 * layers.N),
        }
        others = wall_times(larger, cuda.runtime)
    rows = [
        Row("memory of the model and its step", memory, MEMORY_GOAL, "MB"),
        Row("exponent of the cost in T", growth, EXPONENT),
    ]
    if "torch" in times:
        rows.insert(0, Row("step / PyTorch's step", ratio(times, "ours", "torch"), TORCH_GOAL))
    machine = {"card": card, "cupy": cuda.cupy.__version__, "driver": cuda.runtime.driverGetVersion()}
    title = (
        f"A training step on {card}: {LARGE.depth} × {LARGE.hidden}, V = {layers.V:,}, N = {layers.N}, T = {layers.T}"
    )
    report(title, rows, remarks(times | others, machine), json_path, {"machine": machine, "seconds": times | others})


def remarks(times: Mapping[str, list[float]], machine: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a reader has to know to judge the table."""
    medians = [f"{name} {1000 * statistics.median(found):.2f}" for name, found in times.items()]
    yield f"A step in ms: {', '.join(medians)}."
    yield f"{machine['card']}, CUDA {machine['driver']} by its driver, CuPy {machine['cupy']}."
    if "torch" not in times:
        yield 'PyTorch is not installed, so nothing is compared with it: pip install -e ".[torch]"'


def _torch_on_the_card() -> Step:
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    return torch_step(LARGE, "cuda")
