"""A learner's own layers for the full model, from their saved notebooks; the reference's where one is not right."""

import contextlib
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.cells import set_cell_size

from helpers.checks.answers import Answers
from helpers.checks.catalogue import EXERCISES
from helpers.checks.notebook_file import Unreadable, read_notebook
from helpers.checks.resolved_answers import ResolvedAnswer
from helpers.checks.saved_answers import find_files
from helpers.language.message import MessageError, message
from helpers.training.experiment import REFERENCE

_NAMES = {"Embedding", "LSTM", "Affine", "TiedAffine", "Dropout", "VariationalDropout", "VariationalLSTM", "Stacked"}
_NAMES |= {"SoftmaxCrossEntropy", "build_language_model"}

#: The exercises whose answers a language model can be made of, by the name of the class or function.
LAYERS = {exercise.name: exercise for exercise in EXERCISES.values() if exercise.name in _NAMES}


class OwnLayers(Mapping[str, Any]):
    """Name to class, each found and judged as `answer` does when it is first asked for.

    Args:
        folder: that holds a folder for each notebook.

    Raises:
        ValueError: there is no such folder, or it holds no notebook of the course.
    """

    def __init__(self, folder: Path) -> None:
        if not any(folder.glob("[0-9][0-9]_*/[0-9][0-9]_*.ipynb")):
            template = "{folder} holds no notebook of yours. `make learn` puts yours into my/."
            raise MessageError(template, folder=folder)
        self._folder = folder
        self._answers = Answers(folder=folder)
        self.used: dict[str, ResolvedAnswer] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.used:
            self.used[name] = self._answers.resolve(LAYERS[name])
        return self.used[name].answer

    def __contains__(self, name: object) -> bool:
        return name in LAYERS

    def __iter__(self) -> Iterator[str]:
        return iter(LAYERS)

    def __len__(self) -> int:
        return len(LAYERS)

    def __repr__(self) -> str:
        used = sorted(self.used.items(), key=lambda item: item[1].exercise.id)
        head = str(message("layer")), str(message("exercise")), str(message("whose"))
        rows = [head, *((name, one.exercise.id, _whose(one)) for name, one in used)]
        return "\n".join(set_cell_size(name, 22) + set_cell_size(number, 10) + whose for name, number, whose in rows)

    def unreadable(self) -> Iterator[str]:
        """Yield a sentence for each notebook whose answers cannot be found, since its file cannot be read."""
        for number in sorted({exercise.notebook for exercise in EXERCISES.values()}):
            for path in find_files(self._folder, number):
                try:
                    read_notebook(path.read_bytes())
                except (OSError, Unreadable):
                    template = "{path} cannot be read, so its exercises count as open: `make restore NB={number}`."
                    yield str(message(template, path=path, number=number))

    def fingerprints(self) -> dict[str, str]:
        """Return what is in use: name to a checksum of the learner's code, or to "reference"."""
        return {name: one.fingerprint or REFERENCE.name for name, one in self.used.items()}


def _whose(one: ResolvedAnswer) -> str:
    if one.source != "reference" or one.lacks[0].exercise is not one.exercise:
        return str(one.whose)
    return str(message("the reference's: yours is {state}", state=one.whose))


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn an error in a learner's own code into one sentence that says where it is.

    Raises:
        ValueError: the sentence.
    """
    try:
        yield
    except Exception as error:
        frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.startswith("<exercise cell")]
        if not frames:
            raise
        place = frames[-1]
        template = (
            "Your `{name}` stopped at `{code}`, line {line} of its cell: {error}. Its check did not meet this case. "
            "What was trained until the last checkpoint is saved."
        )
        said = f"{type(error).__name__}: {error}"
        raise MessageError(template, name=place.name, code=place.line, line=place.lineno, error=said) from error
