"""A learner's answers from earlier notebooks, taken from the files beside the one that is running."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from helpers.checks.answer_search import FoundAnswers, find_answers
from helpers.checks.answer_slicing import QUIET, NotebookSlices
from helpers.checks.catalogue import EXERCISES
from helpers.checks.editions import COURSE, find_editions
from helpers.checks.edits import Answer
from helpers.checks.exercise import Exercise
from helpers.checks.notebook_file import Unreadable, read_notebook
from helpers.nn import base, model


def state_of_files(folder: Path, number: str) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a notebook up to this number is saved: names, times and sizes of their files."""
    paths = sorted(path for path in folder.glob("[0-9][0-9]_*/[0-9][0-9]_*.ipynb") if path.name[:2] <= number)
    found = []
    for path in paths:
        with contextlib.suppress(OSError):  # it is being replaced at this moment
            status = path.stat()
            found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)


def find_files(folder: str | Path, number: str) -> Iterator[Path]:
    """Yield the file of the notebook with a number, which lies in a folder of its own name; backups lie there too."""
    for path in sorted(Path(folder).glob(f"{number}_*/{number}_*.ipynb")):
        if path.stem == path.parent.name:
            yield path


def find_saved(folder: str | Path, number: str) -> FoundAnswers | None:
    """Return the FoundAnswers of the saved notebook with a number, in its own folder NN_name; None without one.

    A notebook that cannot be read counts as none; `make restore` repairs it.
    """
    for path in find_files(folder, number):
        with contextlib.suppress(OSError, Unreadable):
            notebook = read_notebook(path.read_bytes())
            names = {exercise.id: exercise.name for exercise in EXERCISES.values() if exercise.notebook == number}
            return find_answers(notebook, names, find_editions(COURSE, path.stem))
    return None


class SavedAnswer:
    """What a learner wrote for an exercise in a saved notebook.

    Only the cell with the answer is run, and the definitions in other cells that it needs, as when it is graded.

    Args:
        exercise: the Exercise.
        folder: that holds a folder for each notebook.
    """

    def __init__(self, exercise: Exercise, folder: str | Path) -> None:
        self.exercise = exercise
        found = find_saved(folder, exercise.notebook)
        self.slices = NotebookSlices(found.sources, found.wanted) if found else NotebookSlices([], {})
        self.is_written = found is not None and found.is_written(exercise.id)

    @property
    def code(self) -> str:
        """The code that is run for it, without comments and layout."""
        return self.slices.code_of(self.exercise.id)

    def others(self) -> list[Exercise]:
        """Return the earlier exercises whose names the answer mentions where a notebook would look them up."""
        found = self.slices.slice_of(self.exercise.id)
        reads = found.reads if found else frozenset()
        order = list(EXERCISES)
        earlier = order[: order.index(self.exercise.id)]
        return [EXERCISES[exercise_id] for exercise_id in earlier if EXERCISES[exercise_id].name in reads]

    def define(self, names: Mapping[str, Answer], answer: Callable[[str], Answer] | None = None) -> Any:
        """Return the answer, defined in a namespace of its own, or None if it cannot be.

        Args:
            names: the answers to other exercises that it may use.
            answer: what it gets for `answer`, which gives others by their ids.
        """
        namespace: dict[str, Any] = {
            "__name__": "__main__",  # as in a notebook
            **QUIET,
            "np": np,
            "Layer": base.Layer,
            "Param": base.Param,
            "LSTM_ORDER": base.LSTM_ORDER,
            "GRU_ORDER": base.GRU_ORDER,
            "LanguageModel": model.LanguageModel,
            "answer": answer,
            **names,
        }
        # If it stops, what was defined before is there, as in the notebook.
        with contextlib.suppress(Exception, SystemExit):
            self.slices.define(self.exercise.id, namespace)
        return namespace.get(self.exercise.name)
