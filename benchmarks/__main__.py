"""The command line of the benchmarks: ``python -m benchmarks [layers|grading]``; ``make bench`` runs it."""

# It sets one BLAS thread, which must come before NumPy is imported.
from helpers.__main__ import ROOT, run_app  # isort: skip

from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def bench(what: Annotated[str, typer.Argument(help="layers or grading; both if left out.")] = "") -> None:
    """Measure the reference layers and the grading of a class, beside PyTorch and stock nbgrader; into build/."""
    from benchmarks import grading, layers

    measures = {"layers": layers.run, "grading": grading.run}
    if what not in ("", *measures):
        raise ValueError(f"There is no benchmark {what!r}; there are: {', '.join(measures)}.")
    for name in [what] if what else measures:
        measures[name](ROOT / "build" / f"bench-{name}.json")


if __name__ == "__main__":
    run_app(app)
