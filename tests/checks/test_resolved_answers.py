"""What a cell is told of the answers that it takes: one panel, in few lines."""

import os

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from helpers.checks.catalogue import EXERCISES
from helpers.checks.resolved_answers import Lack, ResolvedAnswer, notices_of_a_check, panel_of_resolved
from helpers.kernels import encrypted
from tests.checks.test_session import STEP, TANH, USES_STEPS, USES_TANH


def own(exercise_id, **lacks):
    return ResolvedAnswer(EXERCISES[exercise_id], None, "saved", lacks_of(lacks))


def lent(exercise_id, state="open", **lacks):
    lacking = lacks_of(lacks) or (Lack(EXERCISES[exercise_id], state),)
    return ResolvedAnswer(EXERCISES[exercise_id], None, "reference", lacking)


def lacks_of(lacks):
    return tuple(Lack(EXERCISES[name.strip("_").replace("_", ".")], state) for name, state in lacks.items())


def lines(*taken):
    return lines_of(repr(panel_of_resolved(taken)))


def lines_of(text):
    return text.replace("\N{NO-BREAK SPACE}", " ").split("\n  ")


def test_many_answers_take_a_line_for_each_notebook():
    assert lines(lent("5.5"), lent("2.2"), own("5.1"), lent("5.3", "not as saved"), lent("5.4")) == [
        "→ This cell takes 1 of 5 answers from you, and the others from the reference",
        "Notebook 02 · still open: 2.2 `clip_gradients`",
        "Notebook 05 · yours: 5.1 `Embedding` · not right in its saved notebook: 5.3 `SoftmaxCrossEntropy` · "
        "still open: 5.4 `perplexity`, 5.5 `stream_batches`",
        "Once the others are right and saved in their notebooks, run this cell again.",
    ]


def test_answers_that_are_all_ones_own_need_nothing():
    assert lines(own("4.4"), own("5.1")) == [
        "→ All 2 answers that this cell takes are your own",
        "Notebook 04 · yours: 4.4 `LSTM`",
        "Notebook 05 · yours: 5.1 `Embedding`",
    ]


def test_an_answer_that_calls_one_that_is_not_right_says_so():
    assert lines(own("4.4", _3_5="open", _1_1="open"), lent("1.4", _1_1="not yet", _1_2="open"))[1:3] == [
        "Notebook 01 · the reference, waiting for 1.1, 1.2: 1.4 `RNN`",
        "Notebook 04 · yours, with the reference for 3.5, 1.1: 4.4 `LSTM`",
    ]


def test_a_single_answer_is_told_in_full():
    assert lines(lent("1.4", _1_1="open", _1_2="not yet")) == [
        "→ Exercises 1.1, 1.2 are not right yet",
        "This cell runs with the reference `RNN`. Once yours is right, run it again.",
    ]
    assert lines(lent("1.4"))[0] == "→ Exercise 1.4 is still open"
    assert lines(lent("1.4", "not as saved"))[0] == "→ Exercise 1.4: your saved answer is not right"
    assert lines(own("1.4", _1_1="not yet")) == [
        "→ Exercise 1.4: your own `RNN`, from your saved notebook",
        "Exercise 1.1 is not right yet, so it runs with the reference `tanh_backward` in the place of yours.",
    ]


@pytest.mark.parametrize("state", ["open", "not yet", "not as saved"])
def test_a_notice_of_a_check_is_one_sentence(state):
    (notice,) = notices_of_a_check([Lack(EXERCISES["1.1"], state)])
    assert str(notice).startswith("Exercise 1.1 is ")
    assert str(notice).endswith(", so this check ran with the reference `tanh_backward` in the place of yours.")
    assert set(notice.values) == {"id", "name"}


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
        config, resources = Config({"KernelManager": encrypted()}), {"metadata": {"path": os.fspath(beside)}}
        NotebookClient(notebook, kernel_name="python3", config=config, resources=resources).execute()
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
