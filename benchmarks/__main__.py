"""The command line of the benchmarks: ``python -m benchmarks [layers|checks|grading|gpu]``; ``make bench`` runs it."""

from importlib import import_module
from typing import Annotated

import typer

from helpers.__main__ import ROOT
from helpers.command_line import App, run_app

app = App()

#: Each has a function `run`. The last needs a GPU, and runs where the others could not be imported.
MODULES = ("layers", "checks", "grading", "gpu")


@app.command()
def bench(
    what: Annotated[str, typer.Argument(help="layers, checks, grading, or gpu; without it, the first three.")] = "",
) -> None:
    """Measure the layers beside PyTorch, the checks, and grading beside stock nbgrader; results go to build/."""
    if what not in ("", *MODULES):
        raise ValueError(f"There is no benchmark {what!r}; there are: {', '.join(MODULES)}.")
    for name in [what] if what else MODULES[:3]:
        import_module(f"benchmarks.{name}").run(ROOT / "build" / f"bench-{name}.json")


if __name__ == "__main__":
    run_app(app)
