"""The parts of an attack: a submission to change, and its right score."""

import functools
import json
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from helpers.classroom.authoring.source import as_release, as_solution, grading, read_source
from helpers.classroom.grading.grader import make_grading_template

_SOLUTIONS = Path(__file__).resolve().parents[3] / "solutions"


@dataclass(frozen=True)
class Attack:
    """A submission, and its right score.

    Args:
        name: in words.
        tries: one sentence on what it tries.
        build: changes a Work, or returns the bytes of the file.
        notebook: number of the notebook.
        solved: whether it begins with the reference answers, or with the untouched release.
        earns: exercise id to the points of the visible and of the hidden check, where these are not `otherwise`.
        otherwise: what the other exercises earn: "all" of their points or "nothing".
        status: exercise id to the status of its visible check.
        reason: words that the reason of the first of these has.
        changes: words that stand in the list of changes.
        unseen: words that must not stand in the graded notebook.
        honest: whether it is honest work that turned out messy, and not an attack.
        limits: seconds, memory and so on, in the place of the tests' own.
    """

    name: str
    tries: str
    family: str
    build: object
    notebook: str = "01"
    solved: bool = True
    earns: dict = field(default_factory=dict)
    otherwise: str = "all"
    status: dict = field(default_factory=dict)
    reason: str = ""
    changes: str = ""
    unseen: str = ""
    honest: bool = False
    limits: dict = field(default_factory=dict)

    def data(self):
        """Return the bytes of the submission."""
        work = Work(self.notebook, self.solved)
        made = self.build(work)
        return work.data() if made is None else made

    def points(self):
        """Return grade id to points, for every cell that a program grades."""
        found = {}
        for grade_id, most in max_points(self.notebook).items():
            kind, _, number = grade_id.partition("-")
            exercise_id = number.replace("-", ".")
            earned = self.earns.get(exercise_id, (most, most) if self.otherwise == "all" else (0.0, 0.0))
            found[grade_id] = float(earned[kind == "hidden"])
        return found


class Family:
    """The decorator of one module's attacks, which collects them."""

    def __init__(self, name):
        self.name = name
        self.found = []

    def __call__(self, **expected):
        """Return a decorator that makes an Attack of a function."""

        def decorate(build):
            tries = " ".join(build.__doc__.split())
            name = build.__name__.strip("_").replace("_", " ")
            self.found.append(Attack(name=name, tries=tries, family=self.name, build=build, **expected))
            return build

        return decorate


class Work:
    """A submission to be changed.

    Args:
        notebook: its number.
        solved: whether the reference answers are in it.
    """

    def __init__(self, notebook="01", solved=True):
        self.notebook = json.loads(released(notebook, solved))

    @property
    def cells(self):
        """The cells, dicts as in the file."""
        return self.notebook["cells"]

    def cell(self, grade_id):
        """Return the cell with a grade id."""
        return next(cell for cell in self.cells if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)

    def answer(self, exercise_id):
        """Return the answer cell of an exercise."""
        return self.cell(f"ex-{exercise_id.replace('.', '-')}")

    def write(self, exercise_id, source):
        """Let this be the answer to an exercise."""
        self.answer(exercise_id)["source"] = textwrap.dedent(source).strip()

    def put_before(self, exercise_id, source):
        """Put lines above the answer to an exercise."""
        self.answer(exercise_id)["source"] = textwrap.dedent(source).strip() + "\n\n" + self.source(exercise_id)

    def put_after(self, exercise_id, source):
        """Put lines below the answer to an exercise."""
        self.answer(exercise_id)["source"] = self.source(exercise_id) + "\n\n" + textwrap.dedent(source).strip()

    def source(self, exercise_id):
        """Return the source of an answer."""
        return "".join(self.answer(exercise_id)["source"])

    def data(self):
        """Return the bytes of the file."""
        return json.dumps(self.notebook).encode()


def source_path(notebook):
    """Return the source of a notebook, by its number."""
    return next(_SOLUTIONS.glob(f"{notebook}_*/{notebook}_*.py"))


@functools.cache
def template(notebook):
    """Return the template that submissions of a notebook are graded with."""
    return make_grading_template(source_path(notebook))


@functools.cache
def released(notebook, solved):
    """Return the release of a notebook as JSON, untouched or with the reference answers."""
    source = read_source(source_path(notebook))
    release, answers = as_release(source), {cell.id: cell.source for cell in as_solution(source).cells}
    for cell in release.cells:
        if solved and grading(cell).get("solution"):
            cell.source = answers[cell.id]
    return nbformat.writes(release)


@functools.cache
def max_points(notebook):
    """Return grade id to points, for every cell that a program grades."""
    cells = [grading(cell) for cell in nbformat.reads(template(notebook), as_version=4).cells]
    return {cell["grade_id"]: float(cell["points"]) for cell in cells if cell.get("grade") and not cell["solution"]}
