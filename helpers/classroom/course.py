"""An instructor's course: nbgrader's folders, its gradebook, and its assignments."""

import contextlib
import shlex
import sysconfig
import warnings
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Literal

from nbgrader.api import Base, Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc
from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.exc import DatabaseError
from traitlets.config import Config

from helpers.classroom.authoring.build import find_sources
from helpers.classroom.authoring.release import load_config

Step = Literal["submitted", "autograded", "feedback"]

#: What nbgrader's submit writes beside the notebook. The student keeps a copy, which leads to the feedback.
SECRET_FILE = "submission_secret.txt"


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turn every error of the gradebook into an OSError: a full disk, a lock, a file that is not a gradebook."""
    try:
        yield
    except DatabaseError as error:
        raise OSError(f"The gradebook cannot be used: {error.orig}. Fix this, then run the command again.") from None


def parse_time(text: str) -> datetime | None:
    """Return the time in a text of nbgrader's, in UTC and without a time zone, or None if it is not one."""
    try:
        time: datetime = parse_utc(text)
    except (ValueError, ArithmeticError, OSError):  # a zone that is no name of a file, a number beyond all measure
        return None
    return time


class Course:
    """The folders and the gradebook of a course, as nbgrader_config.py lays them out.

    Args:
        root: the repository.
        config: nbgrader's settings; those of nbgrader_config.py if left out.
    """

    def __init__(self, root: str | Path, config: Config | None = None) -> None:
        self.root = Path(root).resolve()
        self.config = config or load_config(self.root)
        self.directory = CourseDirectory(config=self.config)
        self._is_checked = False

    def config_for(self, assignment: str) -> Config:
        """Return nbgrader's settings with one assignment chosen, for its own programs."""
        config = deepcopy(self.config)
        config.CourseDirectory.assignment_id = assignment
        return config

    def find_source(self, notebook: str) -> Path:
        """Return the source of a notebook, given its number or name; its stem is the name of the assignment.

        Raises:
            ValueError: none was named, or none has that name.
        """
        if not notebook:
            raise ValueError("Which notebook? Name one by its number, e.g. NB=01.")
        return find_sources(self.root, notebook)[0]

    def folder(self, step: Step, assignment: str, student: str = ".") -> Path:
        """Return a folder of nbgrader's, e.g. build/submitted/STUDENT/ASSIGNMENT.

        Args:
            student: the id of a student; left out, the folder of all students is returned.
        """
        directory: str = getattr(self.directory, f"{step}_directory")
        if student == ".":
            return self.root / directory
        return Path(self.directory.format_path(directory, student, assignment))

    def submitted(self, assignment: str) -> dict[str, Path]:
        """Return a dict from the id of each student who handed in an assignment to the notebook's expected path."""
        folders = sorted(self.folder("submitted", assignment).glob(f"*/{assignment}"))
        return {folder.parent.name: folder / f"{assignment}.ipynb" for folder in folders}

    @property
    def has_gradebook(self) -> bool:
        """Whether there is a gradebook already; to open it would make one."""
        url = make_url(self.directory.db_url)
        return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()

    @contextlib.contextmanager
    def gradebook(self) -> Iterator[Gradebook]:
        """Open nbgrader's gradebook, making it if it is missing.

        Raises:
            ValueError: an older nbgrader made it.
        """
        with warnings.catch_warnings(), plain_errors():
            warnings.simplefilter("ignore")  # nbgrader's own use of its database
            self.check_gradebook()
            with Gradebook(self.directory.db_url, self.directory.course_id or "default_course") as gradebook:
                yield gradebook

    def check_gradebook(self) -> None:
        """Raise ValueError if an older nbgrader made the gradebook, so that its tables lack columns."""
        url = make_url(self.directory.db_url)
        if self._is_checked or not self.has_gradebook:
            return
        engine = create_engine(url)
        try:
            tables = inspect(engine).get_multi_columns()
        finally:
            engine.dispose()
        there = {name: {column["name"] for column in columns} for (_, name), columns in tables.items()}
        # A table that is not there is no sign of age: nbgrader adds it.
        if any(
            set(table.columns.keys()) - there[name] for name, table in Base.metadata.tables.items() if name in there
        ):
            programs = sysconfig.get_path("scripts")  # `nbgrader db upgrade` calls another one by its bare name
            raise ValueError(
                f"{url.database} was made by an older nbgrader. In {self.root}, run "
                f"`PATH={shlex.quote(programs)}:$PATH nbgrader db upgrade`, which keeps a copy of it, and then this "
                "command again."
            )
        self._is_checked = True

    def need_released(self, assignment: str) -> None:
        """Raise ValueError unless the gradebook has an assignment."""
        with self.gradebook() as gradebook:
            if all(known.name != assignment for known in gradebook.assignments):
                number = assignment.partition("_")[0]
                raise ValueError(f"{assignment} was not released yet: run `make release NB={number}` first.")
