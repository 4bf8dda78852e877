"""Reading a submission: its answers are taken, and what else it changed is only reported."""

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from nbformat import NotebookNode

from helpers.checks.answer_search import Edition, FoundAnswers, find_answers
from helpers.checks.catalogue import EXERCISES
from helpers.checks.grade_id import GradeId
from helpers.checks.notebook_file import Cell, NotebookFile, read_notebook
from helpers.classroom.authoring.source import grading
from helpers.classroom.grading.sanitize import MOST_WRITTEN, for_terminal
from helpers.language.message import Message, message
from helpers.language.translation import ENGLISH, language_of

logger = logging.getLogger(__name__)

#: A function or class at the left margin. Python's own parser is not used here: untrusted code can make it crash.
_DEFINITION = re.compile(r"^(?:async\s+def|def|class)\s+\w+", re.MULTILINE)


@dataclass
class Submission:
    """The answers of a submission.

    Args:
        answers: where the answers to exercises may be; they are read where they run.
        written: grade id to text, of the written answers.
        changes: sentences on how the file was read, and on what else was changed, to no effect.
    """

    answers: FoundAnswers
    written: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    def note(self, change: Message) -> None:
        """Add a sentence, in the language to speak."""
        self.changes.append(str(change))


def language_of_copy(data: bytes, known: Collection[str]) -> str:
    """Return the language of the edition that a submission is a copy of; English unless it is one of those known.

    Raises:
        Unreadable: it is not a notebook.
    """
    named = language_of(read_notebook(data).metadata)
    return named if named in known else ENGLISH


def read_submission(data: bytes, template: NotebookNode, editions: Sequence[Edition] = ()) -> Submission:
    """Find the answers in a submitted notebook.

    Args:
        data: the bytes of the file.
        template: the released notebook, nbformat's.
        editions: those of which it may be a copy, the present one last; left out, it is the template.

    Raises:
        Unreadable: it is not a notebook.
    """
    notebook = read_notebook(data)
    known = editions or [Edition.of("", [cell.source for cell in template.cells])]
    answers = find_answers(notebook, _exercises_in(template), known)
    submission = Submission(answers, changes=[*map(str, [*notebook.remarks, *_find_changes(notebook)])])
    for index, released in enumerate(template.cells):
        if grading(released).get("solution"):
            _report_answer(released, notebook.cells, submission)
            if released.cell_type != "code":
                _take_written_answer(template.cells, index, notebook.cells, submission)
        elif grading(released).get("grade"):
            _report_test(released, notebook.cells, submission)
    _report_own_cells(template, submission)
    logger.debug("%d cells of its own, %d other changes", len(answers.own), len(submission.changes))
    return submission


def _exercises_in(template: NotebookNode) -> dict[str, str]:
    """Exercise id to the name of its function or class, of the exercises of a notebook that a program checks."""
    ids = [GradeId.parse(grading(cell)["grade_id"]) for cell in template.cells if grading(cell).get("solution")]
    return {one.exercise_id: EXERCISES[one.exercise_id].name for one in ids if one.exercise_id in EXERCISES}


def _take_written_answer(
    released_cells: list[NotebookNode],
    index: int,
    cells: Sequence[Cell],
    submission: Submission,
) -> None:
    """Take a written answer: all cells that have its grade id, or its place, and what was written below or above them.

    JupyterLab's Split Cell gives both halves the same grade id; some learners leave the stub and answer beside it.
    """
    released = released_cells[index]
    grade_id = grading(released)["grade_id"]
    own = submission.answers.own
    places = [cell.index for cell in cells if grade_id in (cell.grade_id, cell.id)]
    if not places:
        before = released_cells[index - 1].source.strip()
        places = [cell.index + 1 for cell in cells if cell.source.strip() == before and cell.index + 1 < len(cells)]
    if not places:
        return
    text = {cell.index for cell in cells if cell.index in own and cell.kind in ("markdown", "raw")}
    while places[-1] + 1 in text:
        places.append(places[-1] + 1)
    while places[0] - 1 in text:
        places.insert(0, places[0] - 1)
    texts = [cells[place].source for place in places if cells[place].source.strip() != released.source.strip()]
    written = "\n\n".join(texts) if texts else cells[places[0]].source
    if (length := len(written)) > MOST_WRITTEN:
        cut = message("… {length:,} characters: the rest is in the file that was handed in.", length=length)
        written = f"{written[:MOST_WRITTEN]}\n\n{cut}"
        template = "Of the written answer {grade_id} the first {most:,} characters are shown."
        submission.note(message(template, grade_id=grade_id, most=MOST_WRITTEN))
    submission.written[grade_id] = written


def _report_answer(released: NotebookNode, cells: Sequence[Cell], submission: Submission) -> None:
    """Report an answer cell that was changed otherwise than by writing; one of code may also be answered elsewhere."""
    grade_id = grading(released)["grade_id"]
    found = [cell for cell in cells if grade_id in (cell.grade_id, cell.id)]
    if not found and grading(released).get("grade"):
        submission.note(message("The answer cell {grade_id} is missing.", grade_id=grade_id))
    if len(found) > 1:
        template = "The answer cell {grade_id} occurs {count} times."
        submission.note(message(template, grade_id=grade_id, count=len(found)))
    if found and found[-1].kind != released.cell_type:
        template = "The answer cell {grade_id} was turned from {old} into {new}."
        kinds = {"old": released.cell_type, "new": _show(found[-1].kind)}
        submission.note(message(template, grade_id=grade_id, **kinds))


def _report_test(released: NotebookNode, cells: Sequence[Cell], submission: Submission) -> None:
    grade_id = grading(released)["grade_id"]
    found = [cell for cell in cells if cell.grade_id == grade_id] or [cell for cell in cells if cell.id == released.id]
    if not found:
        if GradeId.parse(grade_id).kind != "hidden":  # a learner's copy has no hidden checks
            submission.note(message("The check {grade_id} is missing.", grade_id=grade_id))
        return
    if len(found) > 1:
        submission.note(message("The check {grade_id} occurs {count} times.", grade_id=grade_id, count=len(found)))
    cell = found[0]
    if cell.kind != "code":
        template = "The check {grade_id} was turned from code into {kind}."
        submission.note(message(template, grade_id=grade_id, kind=_show(cell.kind)))
    if cell.source.strip() != released.source.strip():
        submission.note(message("The check {grade_id} was edited.", grade_id=grade_id))
    points = grading(released).get("points")
    if cell.grade_id and cell.points != points:
        template = "The points of {grade_id} were changed from {old:g} to {new}."
        submission.note(message(template, grade_id=grade_id, old=points, new=_show(cell.points)))


def _report_own_cells(release: NotebookNode, submission: Submission) -> None:
    """Report the learner's own cells that no exercise is answered in."""
    tests = {grading(cell).get("grade_id") for cell in release.cells} - {None}
    wanted = submission.answers.wanted.values()
    answers = {index for one in wanted for index in (*one.candidates, one.fallback)}
    cells = submission.answers.cells
    others = [
        cells[index]
        for index in sorted(submission.answers.own - answers)
        if cells[index].kind == "code"
        and cells[index].grade_id not in tests
        and _DEFINITION.search(cells[index].source)
    ]
    if others:
        first = for_terminal(others[0].source.strip().split("\n")[0], 60)
        template = (
            "Outside the answer cells a cell defines something (it begins `{first}`): only what an answer needs of it "
            "is taken."
            if len(others) == 1
            else "Outside the answer cells {count} cells define something (the first begins `{first}`): only what an "
            "answer needs of them is taken."
        )
        submission.note(message(template, count=len(others), first=first))


def _find_changes(notebook: NotebookFile) -> Iterator[Message]:
    """What was changed in the notebook as a whole."""
    kernel = notebook.metadata.get("kernelspec")
    name = kernel.get("name", "python3") if isinstance(kernel, dict) else "python3"
    if name != "python3":
        template = "The notebook asks for the kernel {kernel}; it was graded with Python all the same."
        yield message(template, kernel=_show(name))
    if notebook.cells and not any(cell.grade_id for cell in notebook.cells):
        yield message("nbgrader's metadata were taken out of every cell, as some tools do.")


def _show(value: object) -> Message | str:
    """An untrusted value, fit for a report."""
    return for_terminal(value, 40) if isinstance(value, str | int | float) else message("something else")
