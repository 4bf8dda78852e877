"""The command line of the benchmarks: ``python -m benchmarks [layers|checks|grading|gpu]``; ``make bench`` runs it."""

from typing import Annotated

import typer

from helpers.__main__ import ROOT
from helpers.command_line import App, run_app

app = App()


@app.command()
def bench(
    what: Annotated[str, typer.Argument(help="layers, checks, grading, or gpu; without it, the first three.")] = "",
) -> None:
    """Measure the layers beside PyTorch, the checks, and grading beside stock nbgrader; results go to build/."""
    from benchmarks import checks, gpu, grading, layers

    measures = {"layers": layers.run_with_all_kernels, "checks": checks.run, "grading": grading.run, "gpu": gpu.run}
    if what not in ("", *measures):
        raise ValueError(f"There is no benchmark {what!r}; there are: {', '.join(measures)}.")
    for name in [what] if what else ("layers", "checks", "grading"):
        measures[name](ROOT / "build" / f"bench-{name}.json")


if __name__ == "__main__":
    run_app(app)
