"""The command line: ``python -m helpers <command>``; ``make help`` lists the same commands.

The imports of the wings stand inside the commands, so that ``--help`` is quick and the setting of threads comes first.
"""

import os
import sys
import sysconfig
from pathlib import Path
from typing import Annotated

# One BLAS thread unless told otherwise, here and in every kernel started from here: on a busy machine two were up to
# ten times slower. The libraries read these when NumPy is first imported.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(name, "1")

# nbgrader calls `alembic` by its bare name, and a terminal in JupyterLab should find this environment's `python`.
os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])

import typer  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def learn(
    port: Annotated[int, typer.Option(help="Port of the JupyterLab server.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
):
    """Put the missing notebooks into my/ and open them in JupyterLab."""
    from helpers.classroom.learner import copies, lab

    copies.add_missing(ROOT)
    lab.launch(ROOT, port, browser)


@app.command()
def restore(notebook: Annotated[str, typer.Argument(help="Number of the notebook, e.g. 01.")] = ""):
    """Take a fresh copy of one notebook into my/; yours is kept as a numbered backup."""
    from helpers.classroom.learner import copies

    copies.restore(ROOT, notebook)


@app.command()
def progress(
    folder: Annotated[Path, typer.Argument(help="Folder with your notebooks.", show_default="my/")] = ROOT / "my",
):
    """Show which exercises are done, and what is next; nothing is sent anywhere."""
    from helpers import plots
    from helpers.checks import read_progress

    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}. `make learn` puts your notebooks into my/.")
    found = read_progress(folder)
    print(found)
    plots.course_progress(found.squares).save(folder / "progress.png")
    print(f"The same as a picture: {folder / 'progress.png'}")


@app.command()
def visible(
    folder: Annotated[Path, typer.Argument(help="Folder with the notebooks.", show_default="my/")] = ROOT / "my",
    need: Annotated[list[str] | None, typer.Option(help="What must be right, e.g. 1.3 or 01; again for more.")] = None,
):
    """Run the visible checks of saved notebooks; exit 1 if something written is wrong, or needed and not right."""
    from helpers.classroom.learner.visible import find_missing, run_visible_checks

    find_missing([], need or ())  # a name that is none is said at once
    outcomes = []
    for outcome in run_visible_checks(ROOT, folder):
        outcomes.append(outcome)
        print(outcome.message if outcome.failed else f"{outcome.exercise_id}: {outcome.status}")
    right, missing = sum(one.status == "right" for one in outcomes), find_missing(outcomes, need or ())
    print(f"{right} of {len(outcomes)} exercises are right.")
    if missing:
        print(f"Needed and not right: {', '.join(missing)}.")
    sys.exit(1 if missing or any(one.failed for one in outcomes) else 0)


@app.command()
def elsewhere(
    address: Annotated[str, typer.Argument(help="The new repository on GitHub, e.g. you/course.")] = "",
):
    """Derive the notebooks for Colab; with an address, first change the public one wherever it stands."""
    from helpers.classroom.learner import public_address

    changed = public_address.write(ROOT, address)
    print("\n".join(str(path.relative_to(ROOT)) for path in changed) or "Everything is as it should be.")


@app.command()
def kit(out: Annotated[Path, typer.Option(help="Where to put it.")] = ROOT / "build" / "learner-kit.zip"):
    """Pack the course for a class: everything but solutions/, tests/ and what belongs to no learner."""
    from helpers.classroom.authoring.kit import pack

    pack(ROOT, out)
    print(f"{out} is ready: {out.stat().st_size / 1e6:.1f} MB. Unpack it anywhere and run `make learn` there.")


@app.command()
def site(book: Annotated[str, typer.Argument(help="course or solutions; both if left out.")] = ""):
    """Build the course as a book to browse, and its solutions as another, into build/site/."""
    from helpers.classroom.authoring import site as books

    for page in books.build(ROOT, book):
        print(f"{page} is ready. Open it in a browser, or put its folder on any web server.")


@app.command()
def notebooks(notebook: Annotated[str, typer.Argument(help="Number of the notebook; all of them if left out.")] = ""):
    """Derive executed solutions and released notebooks from solutions/*/*.py, and from these the ones for Colab."""
    from helpers.classroom.authoring import build
    from helpers.classroom.learner import public_address

    build.build(ROOT, notebook)
    public_address.write(ROOT)


@app.command()
def stale():
    """Say which derived notebooks differ from their source; exit 1 if one does."""
    from helpers.classroom.authoring import build
    from helpers.classroom.learner import public_address

    found = [*build.find_stale(ROOT), *public_address.find_stale(ROOT)]
    for path, command in found:
        print(f"{path.relative_to(ROOT)} is not what its source makes of it: run `{command}`.")
    sys.exit(1 if found else 0)


@app.command("lint-notebooks")
def lint_notebooks(notebook: Annotated[str, typer.Argument(help="Number of the notebook; all if left out.")] = ""):
    """Say where the text of a notebook breaks the rules of this course; exit 1 if it does."""
    from helpers.classroom.authoring.lint import lint

    findings = lint(ROOT, notebook)
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)


@app.command()
def train(
    corpus: Annotated[str, typer.Option(help="sotu, ptb, docstrings, or the path of your own UTF-8 text.")] = "sotu",
    unit: Annotated[str, typer.Option(help="Of an own text: words or characters.")] = "words",
    preset: Annotated[str, typer.Option(help="standard, long, tiny, textbook-small or textbook-large.")] = "standard",
    seed: Annotated[int, typer.Option(help="Of all that is random.", min=0)] = 0,
    epochs: Annotated[int | None, typer.Option(help="How often to read the text, if not as the preset says.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.", show_default="in runs/")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew; a run that is there is put aside.")] = False,
    threads: Annotated[int, typer.Option(help="BLAS threads.", min=1)] = 1,
    save_every: Annotated[float, typer.Option(help="Seconds between two checkpoints.", min=0)] = 20.0,
):
    """Train the full language model, or go on where a run was interrupted, and show what it has learned."""
    try:
        from threadpoolctl import threadpool_limits

        from helpers.training import command

        threadpool_limits(threads)
        print(f"BLAS threads: {threads}. (--threads sets another number; on a busy machine more of them are slower.)")
        run = command.Run(corpus, unit, preset, seed, epochs, out, fresh, save_every)
        if run.folder.finished:
            print(f"The run in {run.folder.path} is finished: here is its result again. To train anew, add --fresh.")
        else:
            run.train()
            results, sentences = run.measure()
            _draw_run(run, results["baselines"])
            run.folder.write_results(results, sentences)
        command.show(run.folder)
    except KeyboardInterrupt as interruption:
        said = str(interruption) or "Stopped."
        print(f"\n{said} Run the same command again, without --fresh, to go on.", file=sys.stderr)
        sys.exit(130)


def _draw_run(run, baselines):
    """Draw the figures of a run into its folder."""
    from helpers.plots.training import gradient_norms, learning_curves

    history = run.trainer.history
    curves = {split: [entry[f"{split}_perplexity"] for entry in history] for split in ("train", "valid")}
    lines = {name: found["valid_perplexity"] for name, found in baselines.items()}
    rates = [entry["learning_rate"] for entry in history]
    learning_curves(curves, baselines=lines, learning_rates=rates).save(run.folder.path / "perplexity.png")
    gradient_norms(run.trainer.norms, run.settings.max_norm).save(run.folder.path / "gradient_norms.png")


Scheduler = Annotated[str, typer.Option(help="Dask's: tls://HOST:PORT, or its scheduler file.", show_default=False)]
Insecure = Annotated[bool, typer.Option("--insecure", help="Use a scheduler without TLS.")]


def _find_workers(scheduler, insecure, sandbox):
    """The workers of a Dask scheduler, if one is named."""
    return _dask().cluster_workers(scheduler, insecure=insecure, sandbox=sandbox) if scheduler else None


def _dask():
    """What needs the extra `scale`."""
    try:
        from helpers.classroom.grading import cluster
    except ImportError as error:
        command = ".venv/bin/python -m pip install -c requirements.lock -e '.[scale]'"
        raise ValueError(f"A cluster needs Dask, which is not installed ({error}): {command}") from None
    return cluster


@app.command()
def sweep(
    name: Annotated[str, typer.Argument(help="Name of the sweep.")] = "ablation",
    out: Annotated[Path | None, typer.Option(help="Folder of its table.", show_default="the course's own")] = None,
    scheduler: Scheduler = "",
    insecure: Insecure = False,
):
    """Run what is missing of a sweep of training runs, rows of settings × seeds; one line per finished run is kept."""
    from helpers.training import run_sweep
    from helpers.training.sweep import FOLDER

    try:
        run_sweep(name, out or FOLDER, workers=_find_workers(scheduler, insecure, sandbox=False))
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on after the last finished run.", file=sys.stderr)
        sys.exit(130)
    print(f"Every run of {name} is in {(out or FOLDER) / name}.csv.")


# --- for an instructor ------------------------------------------------------------------------------------------------

Notebook = Annotated[str, typer.Argument(help="Number of the notebook, e.g. 01.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@app.command()
def release(
    notebook: Notebook = "",
    due: Annotated[str, typer.Option(help="When it is due, e.g. '2026-12-01 23:59'.")] = "",
    dry_run: DryRun = False,
):
    """Enter a notebook into the gradebook as an assignment, and place it in the exchange where there is one."""
    from helpers.classroom.administration import assignments, exchange
    from helpers.classroom.course import Course

    course = Course(ROOT)
    source, time = course.find_source(notebook), assignments.read_due(due) if due else None
    when = f", due {time:%Y-%m-%d %H:%M %Z}" if time else ""
    if dry_run:
        print(f"{source.stem} would be released{when}.")
        return
    place = assignments.release(course, source, time)
    print(f"{source.stem} is released{when}. {f'It is in {place}.' if place else _HAND_OUT}")
    if warning := exchange.exchange_warning(course):
        print(warning, file=sys.stderr)


_HAND_OUT = "No exchange is set up (see nbgrader_config.py): hand out the notebook, or `make learner-kit`."


@app.command()
def roster(
    path: Annotated[Path, typer.Argument(help="The class list: CSV from Canvas, Moodle, or with a column id.")],
    id_column: Annotated[str, typer.Option(help="Heading of the ids, if not the likeliest.")] = "",
    dry_run: DryRun = False,
):
    """Enter a class list into the gradebook; nobody is ever taken out."""
    from helpers.classroom.administration.roster import enter
    from helpers.classroom.course import Course

    print(enter(Course(ROOT), path, id_column=id_column, dry_run=dry_run))


@app.command()
def collect(
    notebook: Notebook = "",
    source: Annotated[Path | None, typer.Option("--from", help="A zip or folder from Moodle or Canvas.")] = None,
    worksheet: Annotated[Path | None, typer.Option(help="Moodle's grading worksheet of this assignment.")] = None,
    submitted_at: Annotated[str, typer.Option(help="When all in the download was submitted.")] = "",
    before_due: Annotated[bool, typer.Option("--before-due", help="The last one before the due date.")] = False,
    trust_timestamps: Annotated[bool, typer.Option("--trust-timestamps", help="Of a restored exchange.")] = False,
    dry_run: DryRun = False,
):
    """Collect the submissions of a notebook, from the exchange or from a platform's download."""
    from helpers.classroom.administration import collection
    from helpers.classroom.course import Course

    course = Course(ROOT)
    assignment = course.find_source(notebook).stem
    options = {"before_due": before_due, "trust_timestamps": trust_timestamps, "dry_run": dry_run}
    found = collection.collect(course, assignment, source, worksheet=worksheet, submitted_at=submitted_at, **options)
    print(found)
    sys.exit(0 if found.complete else 1)


@app.command()
def export(
    platform: Annotated[str, typer.Argument(help="canvas, moodle, or plain.")] = "plain",
    out: Annotated[Path | None, typer.Option(help="Where to.", show_default="in build/")] = None,
    notebook: Annotated[list[str] | None, typer.Option(help="Only these, e.g. 01; may be given again.")] = None,
    dry_run: DryRun = False,
):
    """Write the scores as CSV for a platform; what is not graded yet stays blank."""
    from helpers.classroom.administration.export import export as write
    from helpers.classroom.course import Course

    print(write(Course(ROOT), platform, out, notebook or (), dry_run=dry_run))


@app.command()
def grade(
    notebook: Notebook = "",
    jobs: Annotated[int | None, typer.Option(help="Worker processes.", show_default="one a core", min=1)] = None,
    no_sandbox: Annotated[bool, typer.Option("--no-sandbox", help="Grade without bubblewrap.")] = False,
    scheduler: Scheduler = "",
    insecure: Insecure = False,
    dry_run: DryRun = False,
):
    """Grade every submission of a notebook, on all cores or on a cluster; what was graded is not graded again."""
    from helpers.classroom.course import Course
    from helpers.classroom.grading import batch, item_analysis, report, workers
    from helpers.plots import item_analysis as draw

    course = Course(ROOT)
    assignment = course.find_source(notebook).stem
    elsewhere = _find_workers(scheduler, insecure, sandbox=not no_sandbox)
    work = batch.open_batch(course, assignment, sandbox=not no_sandbox, elsewhere=bool(elsewhere))
    todo = work.find_open()
    print(f"{assignment}: {len(work.submitted)} submissions, {len(todo)} of them to be graded.")
    if dry_run:
        return
    try:
        with batch.Bar(work) as bar:
            work.run(elsewhere or workers.local_workers(jobs), bar.show)
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept; the same command goes on from there.", file=sys.stderr)
        sys.exit(130)
    report.show(work.results)
    report.write(work.results, work.folder)
    ends = {item.exercise: item.ends for item in item_analysis.analyse(work.results.values())}
    counts = {exercise: [count[end] for end in item_analysis.ENDS] for exercise, count in ends.items()}
    draw(counts).save(work.folder / "items.png")
    print(f"Each submission: {work.folder / 'report.csv'}; each exercise: items.csv and items.png beside it.")
    if failed := work.failed():
        sys.exit(f"{len(failed)} of {len(work.results)} could not be read or graded: {', '.join(failed)}.")


ClusterFolder = Annotated[Path, typer.Option(help="For its credentials.", show_default="build/cluster")]


@app.command()
def credentials(folder: ClusterFolder = ROOT / "build" / "cluster"):
    """Make TLS credentials for a cluster of several machines; those that are there are replaced."""
    _, path = _dask().write_credentials(folder)
    print(f"{path} is the key to the cluster: whoever has it can run programs as you on every worker.")


@app.command()
def cluster(
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1)] = 2,
    folder: ClusterFolder = ROOT / "build" / "cluster",
):
    """Run a Dask scheduler and workers on this machine, over TLS, until Ctrl-C: a rehearsal of a larger one."""
    import signal
    import time

    local_cluster = _dask().local_cluster
    for number in (signal.SIGINT, signal.SIGTERM):  # whatever ends it, nothing of it stays
        signal.signal(number, signal.default_int_handler)
    try:
        with local_cluster(folder, workers) as scheduler_file:
            print(f"{workers} workers are ready, until Ctrl-C. In another terminal:")
            print(f"  make grade NB=01 SCHEDULER={os.path.relpath(scheduler_file)}")
            while True:
                time.sleep(0.1)  # and not pause(): another thread may be the one that gets the signal
    except KeyboardInterrupt:
        pass
    print("\nThe cluster is gone, and its credentials.")


@app.command()
def feedback(notebook: Notebook = "", dry_run: DryRun = False):
    """Make the feedback on everything graded, and place it in the exchange where there is one."""
    from helpers.classroom.administration import feedback_delivery
    from helpers.classroom.course import Course

    course = Course(ROOT)
    assignment = course.find_source(notebook).stem
    if dry_run:
        print(
            f"{len(feedback_delivery.find_graded(course, assignment))} submissions of {assignment} would get feedback."
        )
        return
    count, waiting = feedback_delivery.give_feedback(course, assignment)
    print(f"{count} submissions have feedback in {course.folder('feedback', assignment)}.")
    if without := feedback_delivery.find_undeliverable_feedback(course, assignment):
        print(f"Not in the exchange, since it did not come from there: the feedback of {', '.join(without)}.")
    if waiting:
        print(f"{waiting} of them still wait for a person (make formgrader); run this again afterwards.")


@app.command()
def formgrader(
    port: Annotated[int, typer.Option(help="Port of the server.")] = 8889,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
):
    """Open nbgrader's formgrader, in which a person grades the written answers."""
    from helpers.classroom.learner import lab

    lab.launch_formgrader(ROOT, port, browser)


def run_app(app):
    """Run the commands of an app; what went wrong is said in one sentence, without a traceback."""
    sys.stdout.reconfigure(line_buffering=True)  # a long run is followed line by line in a pipe or a log file too
    try:
        app()
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}." if error.filename else f"{error}")
    except (ValueError, FloatingPointError) as error:
        sys.exit(f"{error}")


if __name__ == "__main__":
    run_app(app)
