"""What a cell is told of the answers that it takes: one panel, in few lines."""

import os

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.checks.catalogue import EXERCISES
from helpers.checks.resolved_answers import NOT_AS_SAVED, NOT_YET, OPEN, ResolvedAnswer, panel_of_resolved
from tests.checks.test_session import STEP, TANH, USES_STEPS, USES_TANH


def own(exercise_id, **lacking):
    return ResolvedAnswer(EXERCISES[exercise_id], True, pairs(lacking))


def lent(exercise_id, state=OPEN, **lacking):
    return ResolvedAnswer(EXERCISES[exercise_id], False, pairs(lacking) or ((EXERCISES[exercise_id], state),))


def pairs(lacking):
    return tuple((EXERCISES[name.strip("_").replace("_", ".")], state) for name, state in lacking.items())


def lines(*taken):
    return lines_of(repr(panel_of_resolved(taken)))


def lines_of(text):
    return text.replace("\N{NO-BREAK SPACE}", " ").split("\n  ")


def test_many_answers_take_a_line_for_each_notebook():
    assert lines(lent("5.5"), lent("2.2"), own("5.1"), lent("5.3", NOT_AS_SAVED), lent("5.4")) == [
        "→ This cell runs with 1 answer of yours and the reference for 4 others",
        "Notebook 02 · still open: 2.2 `clip_gradients`",
        "Notebook 05 · yours: 5.1 `Embedding` · not right in its saved notebook: 5.3 `SoftmaxCrossEntropy` · "
        "still open: 5.4 `perplexity`, 5.5 `stream_batches`",
        "Once yours is right and saved in its own notebook, run this cell again.",
    ]


def test_answers_that_are_all_ones_own_need_nothing():
    assert lines(own("4.4"), own("5.1")) == [
        "→ This cell runs with 2 answers of yours",
        "Notebook 04 · yours: 4.4 `LSTM`",
        "Notebook 05 · yours: 5.1 `Embedding`",
    ]


def test_an_answer_that_calls_one_that_is_not_right_says_so():
    assert lines(own("4.4", _3_5=OPEN, _1_1=OPEN), lent("1.4", _1_1=NOT_YET, _1_2=OPEN))[1:3] == [
        "Notebook 01 · the reference, since 1.1 is not right yet, 1.2 is still open: 1.4 `RNN`",
        "Notebook 04 · yours, with the reference for 3.5 and 1.1: 4.4 `LSTM`",
    ]


def test_a_single_answer_is_told_in_full():
    assert lines(lent("1.4", _1_1=OPEN, _1_2=OPEN)) == [
        "→ Exercises 1.1 and 1.2 are still open",
        "This cell runs with the reference `RNN`. Once yours is right, run it again.",
    ]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function that runs cells in a kernel beside a saved notebook 01, and returns what each of them displayed."""
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    name = "01_vanishing_and_exploding_gradients"
    (tmp_path / name).mkdir()
    answers = {"ex-1-1": TANH, "ex-1-2": STEP.replace("+ b", "- b"), "ex-1-3": USES_TANH, "ex-1-4": USES_STEPS}
    cells = [nbformat.v4.new_code_cell(source) for source in answers.values()]
    for cell, grade_id in zip(cells, answers):
        cell.metadata["nbgrader"] = {"grade_id": grade_id}
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / name / f"{name}.ipynb")
    beside = tmp_path / "02_gradient_clipping"
    beside.mkdir()

    def run(*sources):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": os.fspath(beside)}}).execute()
        return [[output.data["text/plain"] for output in cell.outputs] for cell in notebook.cells]

    return run


def test_a_cell_of_a_notebook_gets_one_panel_and_the_next_cell_another(run):
    first, second, third, fourth = run(
        "from helpers.checks import answer\nsome = [answer(i) for i in ('1.1', '1.2', '1.4', '2.1', '1.1')]",
        "one = answer('2.2')",
        "1 + 1",
        "try:\n    answer('1.5'), answer('1.6')\n    1 / 0\nexcept ZeroDivisionError:\n    pass",
    )
    assert len(first) == len(second) == len(fourth) == 1
    assert lines_of(first[0])[1:3] == [
        "Notebook 01 · yours: 1.1 `tanh_backward` · yours, with the reference for 1.2: 1.4 `RNN` · "
        "not right in its saved notebook: 1.2 `rnn_step_forward`",
        "Notebook 02 · still open: 2.1 `global_norm`",
    ]
    assert second[0].startswith("→ Exercise 2.2 is still open")
    assert third == ["2"]
