"""CPU time of every exercise's check: of the right answer, and of the mistake that takes longest.

A wrong answer takes longest where no known mistake explains it: it is compared with all of them, and pairs of them, and
then located. So each mistake is checked as if it were not known. Everything runs on one BLAS thread and CPU time is
measured, so that a busy machine does not matter much.
"""

import inspect
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from threadpoolctl import threadpool_limits

from benchmarks.layers import describe_machine
from helpers.atomic_write import replace_file
from helpers.checks.catalogue import EXERCISES
from helpers.checks.exercise import Exercise, Misconception
from helpers.checks.inputs import VISIBLE
from helpers.checks.judge import judge
from helpers.checks.location import located

#: The most CPU time of a check when the answer is right, and when it is wrong [s].
FUNCTION, CLASS = (0.05, 0.5), (0.3, 2.0)
#: Functions that draw thousands of words, build a whole model, or read a text with one.
AS_LONG_AS_CLASSES = ("5.6", "8.3", "8.6")
#: How often a right answer is timed, and how often any at most, as long as its goal is not reached; the least counts,
#: since whatever else runs, such as other tests on the same core, can only make it slower.
ROUNDS, MOST_ROUNDS = 3, 12


@dataclass(frozen=True)
class Cost:
    """The cost of one exercise's check: CPU times [s], their goals, and the mistake that takes longest."""

    exercise: str
    right: float
    right_goal: float
    wrong: float
    wrong_goal: float
    slowest: str

    @property
    def met(self) -> bool:
        """Whether both goals are reached."""
        return self.right <= self.right_goal and self.wrong <= self.wrong_goal


def measure(exercise: Exercise) -> Cost:
    """Check the right answer of an exercise, and every known mistake as if it were not known."""
    goals = CLASS if inspect.isclass(exercise.reference) or exercise.id in AS_LONG_AS_CLASSES else FUNCTION
    right = _least(lambda: _seconds(exercise, exercise.reference), goals[0], ROUNDS)
    wrong = {
        mistake.name: _least(partial(_seconds_if_unknown, exercise, mistake), goals[1])
        for mistake in exercise.misconceptions
    }
    slowest = max(wrong, key=wrong.__getitem__)
    return Cost(f"{exercise.id} {exercise.name}", right, goals[0], wrong[slowest], goals[1], slowest)


def _least(seconds: Callable[[], float], goal: float, rounds: int = 1) -> float:
    least = min(seconds() for _ in range(rounds))
    for _ in range(MOST_ROUNDS - rounds):
        if least > goal:
            least = min(least, seconds())
    return least


def _seconds_if_unknown(exercise: Exercise, mistake: Misconception) -> float:
    others = tuple(one for one in exercise.misconceptions if one is not mistake)
    return _seconds(replace(exercise, misconceptions=others), mistake.wrong)


def _seconds(exercise: Exercise, answer: Any) -> float:
    begun = time.process_time()
    located(judge(exercise, answer, VISIBLE), answer)
    return time.process_time() - begun


def measure_all(exercises: Iterable[Exercise]) -> list[Cost]:
    """Measure the checks of some exercises on one BLAS thread."""
    with threadpool_limits(1):
        return [measure(exercise) for exercise in exercises]


def run(json_path: Path) -> None:
    """Measure the check of every exercise, print one table, and write all of it as JSON.

    Args:
        json_path: of the JSON file; missing folders are created.
    """
    console = Console()
    console.print("checking every mistake …", style="dim")
    costs = measure_all(EXERCISES.values())
    columns = (Column(name, justify="right") for name in ("right", "goal", "wrong", "goal"))
    table = Table("exercise", *columns, "met", title="CPU seconds of a check, right and at most when wrong")
    for cost in costs:
        times = (f"{cost.right:.3f}", f"≤ {cost.right_goal:.2f}", f"{cost.wrong:.3f}", f"≤ {cost.wrong_goal:.2f}")
        table.add_row(cost.exercise, *times, "[green]yes[/]" if cost.met else "[red]no[/]")
    rows = [asdict(cost) | {"met": cost.met} for cost in costs]
    replace_file(json_path, json.dumps({"machine": describe_machine(), "rows": rows}, indent=2) + "\n")
    console.print(table)
    for cost in costs:
        if not cost.met:
            console.print(f"{cost.exercise}: slowest with “{cost.slowest}”", markup=False, soft_wrap=True)
    console.print(f"Written to {json_path}.", markup=False, highlight=False, soft_wrap=True)
