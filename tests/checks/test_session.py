"""What a notebook sees: points, panels, and earlier answers that stand in for each other."""

import functools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from helpers.checks import answer, check, hidden_check, session
from helpers.checks.catalogue import EXERCISES, MOVED
from helpers.classroom.authoring.source import as_solution, read_source
from helpers.classroom.learner.visible_checks import find_missing
from helpers.nn import (
    LSTM_ORDER,
    RNN,
    Layer,
    Param,
    backprop_norms,
    dropout_mask,
    lstm_step_backward,
    lstm_step_forward,
    rnn_step_backward,
    rnn_step_forward,
    tanh_backward,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shown(monkeypatch):
    """The panels that were displayed."""
    panels = []
    monkeypatch.setattr(session, "display", panels.append)
    return panels


def in_a_notebook(source, **names):
    """Run the source of an answer cell in a namespace of its own, as a kernel does, and return the namespace."""
    namespace = {"__name__": "__main__", "np": np, "Layer": Layer, **names}
    exec(compile(source, "<cell>", "exec"), namespace)
    return namespace


USES_TANH = """
def rnn_step_backward(dh_next, cache):
    x, h_prev, Wx, Wh, h_next = cache
    da = tanh_backward(dh_next, h_next)
    return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)
"""


USES_STEPS = """
class RNN(Layer):
    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs, state=None, *, training=False):
        h = np.zeros((len(xs), len(self.Wh.value)), xs.dtype) if state is None else state
        self.caches, hs = [], []
        for step in range(xs.shape[1]):
            h, cache = rnn_step_forward(xs[:, step], h, self.Wx.value, self.Wh.value, self.b.value)
            self.caches.append(cache)
            hs.append(h)
        return np.stack(hs, 1), h

    def backward(self, dhs, dstate=None):
        dh, dxs = (np.zeros_like(dhs[:, 0]) if dstate is None else dstate), []
        for step in reversed(range(dhs.shape[1])):
            dx, dh, *grads = rnn_step_backward(dhs[:, step] + dh, self.caches[step])
            dxs.insert(0, dx)
            for param, grad in zip((self.Wx, self.Wh, self.b), grads):
                param.grad += grad
        return np.stack(dxs, 1), dh
"""


def test_points_are_a_float_that_reads_as_one_and_has_words_for_a_person(shown):
    """From the text of the value nbgrader reads the points; a bare number tells a learner nothing."""
    data, _ = DisplayFormatter().format(check("1.1", tanh_backward))
    assert data["text/plain"] == "1.0"
    assert "Points of this check: 1 of 1. A grader" in data["text/html"]
    data, _ = DisplayFormatter().format(check("1.3", lambda dh_next, cache: (dh_next,) * 5))
    assert data["text/plain"] == "0.0"
    assert "0 of 2" in data["text/html"]
    assert "Points of this hidden check: 1 of 1." in hidden_check("1.1", tanh_backward)._repr_html_()


def test_points_rise_with_the_stars_and_hidden_ones_double_them(shown):
    assert check("1.3", rnn_step_backward) == 2.0
    assert hidden_check("1.3", rnn_step_backward) == 2.0


def test_an_unknown_exercise_lists_those_there_are(shown):
    with pytest.raises(ValueError, match=r"There is no exercise '9\.9'.*0\.1, .*1\.1"):
        check("9.9", tanh_backward)


def test_a_wrong_earlier_answer_is_replaced_and_named(shown):
    cell = in_a_notebook(USES_TANH, tanh_backward=lambda dout, y: dout)
    wrong = cell["tanh_backward"]
    assert check("1.3", cell["rnn_step_backward"]) == 2.0
    assert "Exercise 1.1 is not right yet" in repr(shown[-1])
    assert cell["tanh_backward"] is wrong, "the learner's own function is back in its place"


def test_a_missing_earlier_answer_is_replaced(shown):
    cell = in_a_notebook(USES_TANH)
    assert check("1.3", cell["rnn_step_backward"]) == 2.0
    assert "tanh_backward" not in cell


def test_a_right_earlier_answer_is_used_as_it_is(shown):
    calls = []

    def mine(dout, y):
        calls.append(1)
        return tanh_backward(dout, y)

    cell = in_a_notebook(USES_TANH, tanh_backward=mine)
    check("1.3", cell["rnn_step_backward"])
    assert "in the place of yours" not in repr(shown[-1])
    assert len(calls) > 8


def test_an_answer_that_does_without_the_earlier_one_gets_no_notice(shown):
    cell = in_a_notebook(USES_TANH.replace("tanh_backward(dh_next, h_next)", "dh_next * (1 - h_next**2)"))
    check("1.3", cell["rnn_step_backward"])
    assert "in the place of yours" not in repr(shown[-1])


def test_a_class_gets_stand_ins_for_its_steps(shown):
    def stub(*args):
        raise NotImplementedError

    cell = in_a_notebook(USES_STEPS, rnn_step_forward=stub, rnn_step_backward=stub)
    assert check("1.4", cell["RNN"]) == 3.0
    assert "Exercise 1.2 is still open" in repr(shown[-1])
    assert "Exercise 1.3 is still open" in repr(shown[-1])
    assert cell["rnn_step_forward"] is stub


def wrong_tanh(dout, y):
    return dout * (1 - y)


def test_a_wrong_answer_two_uses_away_is_replaced_and_named(shown):
    cell = in_a_notebook(USES_TANH + USES_STEPS, tanh_backward=wrong_tanh, rnn_step_forward=rnn_step_forward)
    assert check("1.3", cell["rnn_step_backward"]) == 2.0
    assert check("1.4", cell["RNN"]) == 3.0
    assert "Exercise 1.1 is not right yet, so this check ran with the reference `tanh_backward`" in repr(shown[-1])
    assert "1.3" not in repr(shown[-1])
    assert hidden_check("1.4", cell["RNN"]) == 3.0
    assert cell["tanh_backward"] is wrong_tanh


def test_a_wrong_answer_two_uses_away_is_replaced_in_the_namespace_of_the_one_that_calls_it(shown):
    elsewhere = in_a_notebook(USES_TANH, tanh_backward=wrong_tanh)
    names = {"rnn_step_forward": rnn_step_forward, "rnn_step_backward": elsewhere["rnn_step_backward"]}
    cell = in_a_notebook(USES_STEPS, **names)
    assert check("1.4", cell["RNN"]) == 3.0
    assert elsewhere["tanh_backward"] is wrong_tanh
    assert "tanh_backward" not in cell


def test_a_wrong_answer_that_only_a_wrong_one_calls_is_not_named(shown):
    worse = USES_TANH.replace("da @ Wh.T", "da @ Wh")
    cell = in_a_notebook(worse + USES_STEPS, tanh_backward=wrong_tanh, rnn_step_forward=rnn_step_forward)
    assert check("1.4", cell["RNN"]) == 3.0
    assert "Exercise 1.3 is not right yet" in repr(shown[-1])
    assert "Exercise 1.1" not in repr(shown[-1])


def test_a_wrong_answer_does_not_pass_because_of_a_stand_in(shown):
    backwards = USES_STEPS.replace("reversed(range(dhs.shape[1]))", "range(dhs.shape[1])")
    cell = in_a_notebook(USES_TANH + backwards, tanh_backward=wrong_tanh, rnn_step_forward=rnn_step_forward)
    assert check("1.4", cell["RNN"]) == 0.0


def test_a_demonstration_does_not_run_on_a_wrong_answer_two_uses_away(shown):
    cell = in_a_notebook(USES_TANH + USES_STEPS, tanh_backward=wrong_tanh, rnn_step_forward=rnn_step_forward)
    check("1.4", cell["RNN"])
    assert answer("1.4") is RNN
    assert "Exercise 1.1 is not right yet" in repr(shown[-1])


@pytest.mark.parametrize(
    "call", ["[tanh_backward(dh_next, h_next) for _ in range(1)][0]", "slope(dh_next, h_next)"], ids=["inner", "helper"]
)
def test_a_call_from_an_inner_function_or_a_helper_is_named_too(shown, call):
    source = "def slope(dout, y):\n    return tanh_backward(dout, y)\n"
    cell = in_a_notebook(source + USES_TANH.replace("tanh_backward(dh_next, h_next)", call), tanh_backward=wrong_tanh)
    assert check("1.3", cell["rnn_step_backward"]) == 2.0
    assert "Exercise 1.1 is not right yet" in repr(shown[-1])


def test_answer_gives_the_learners_own_once_it_is_right(shown):
    def mine(Wh, dh, steps):
        return backprop_norms(Wh, dh, steps)

    check("1.5", mine)
    shown.clear()
    assert answer("1.5") is mine
    assert shown == []


def test_answer_gives_the_reference_with_a_notice_until_then(shown):
    check("1.5", lambda Wh, dh, steps: dh)
    assert answer("1.5") is backprop_norms
    assert "Exercise 1.5 is not right yet" in repr(shown[-1])


def test_a_corrected_answer_counts_at_once(shown):
    assert check("1.2", lambda x, h_prev, Wx, Wh, b: None) == 0.0
    assert check("1.2", rnn_step_forward) == 1.0
    assert answer("1.2") is rnn_step_forward


def test_the_secret_seed_changes_the_hidden_draws(shown, monkeypatch):
    seen = []

    def spy(dout, y):
        seen.append(dout.tobytes())
        return tanh_backward(dout, y)

    hidden_check("1.1", spy)
    without, seen[:] = set(seen), []
    monkeypatch.setenv(session.SECRET_SEED, "winter term")
    hidden_check("1.1", spy)
    assert len(without & set(seen)) == 1, "only the example by hand is the same"


def test_a_hidden_check_shows_nothing_of_its_draws(shown):
    hidden_check("1.3", lambda dh_next, cache: (dh_next,) * 5)
    text = repr(shown[-1]) + shown[-1]._repr_html_()
    assert "expected" not in text
    assert "shape" not in text


def test_a_hidden_check_does_not_show_what_an_answer_prints_of_its_draws(shown):
    def prints(dout, y):
        print("drawn:", dout)
        return tanh_backward(dout, y)

    for answer_given in (prints, lambda dout, y: prints(dout, y) + 1):
        hidden_check("1.1", answer_given)
        assert "drawn" not in repr(shown[-1]) + shown[-1]._repr_html_()


def test_an_answer_that_calls_an_open_one_gives_way_to_the_reference(shown):
    cell = in_a_notebook(USES_TANH, tanh_backward=lambda dout, y: None)
    assert check("1.3", cell["rnn_step_backward"]) == 2.0
    assert answer("1.3") is rnn_step_backward
    assert "Exercise 1.1 is not right yet" in repr(shown[-1])


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A function that saves a notebook 01 with these answers, by exercise id, beside the one that is running."""
    beside = tmp_path / "02_gradient_clipping"
    beside.mkdir()
    monkeypatch.chdir(beside)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)

    def save(**answers):
        name = "01_vanishing_and_exploding_gradients"
        cells = []
        for exercise_id, source in answers.items():
            cell = nbformat.v4.new_code_cell(source)
            cell.metadata["nbgrader"] = {"grade_id": exercise_id.replace("_", "-")}
            cells.append(cell)
        (tmp_path / name).mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / name / f"{name}.ipynb")

    return save


def test_a_saved_answer_says_where_the_reference_stands_in_for_one_two_uses_away(shown, saved):
    saved(ex_1_1="def tanh_backward(dout, y):\n    return dout", ex_1_2=STEP, ex_1_3=USES_TANH, ex_1_4=USES_STEPS)
    own = answer("1.4")
    assert own.forward.__globals__["__name__"] == "__main__"
    assert "your own `RNN`" in repr(shown[-1])
    assert "Exercise 1.1 is not right in its saved notebook, so it runs with the reference" in repr(shown[-1])


def test_a_saved_answer_may_call_one_two_uses_away_itself(shown, saved):
    saved(
        ex_1_1=TANH, ex_1_4=USES_STEPS.replace("dhs[:, step] + dh,", "dhs[:, step] + 0 * tanh_backward(dh, dh) + dh,")
    )
    assert answer("1.4").forward.__globals__["__name__"] == "__main__"


STEP = """
def rnn_step_forward(x, h_prev, Wx, Wh, b):
    h_next = np.tanh(x @ Wx + h_prev @ Wh + b)
    return h_next, (x, h_prev, Wx, Wh, h_next)
"""
TANH = "def tanh_backward(dout, y):\n    return dout * (1 - y * y)"


def test_a_right_answer_of_a_saved_notebook_is_taken(shown, saved):
    saved(ex_1_1=TANH, ex_1_3=USES_TANH)
    own = answer("1.3")
    assert own.__globals__["__name__"] == "__main__"
    assert own.__globals__["tanh_backward"].__globals__["__name__"] == "__main__"
    assert "your own `rnn_step_backward`" in repr(shown[-1])


def test_a_saved_answer_that_calls_an_open_one_gets_the_reference_of_that(shown, saved):
    saved(ex_1_1="def tanh_backward(dout, y):\n    raise NotImplementedError", ex_1_3=USES_TANH)
    assert answer("1.3").__globals__["tanh_backward"] is tanh_backward
    assert "Exercise 1.1 is still open, so it runs with the reference `tanh_backward`" in repr(shown[-1])


@pytest.mark.parametrize("source", ["def tanh_backward(", "1 / 0", "", "raise SystemExit"])
def test_a_saved_answer_that_cannot_be_run_counts_as_open(shown, saved, source):
    saved(ex_1_1=source)
    assert answer("1.1") is tanh_backward
    assert "Exercise 1.1 is still open" in repr(shown[-1])


def test_a_saved_answer_that_is_not_right_is_not_taken_and_is_not_called_open(shown, saved):
    saved(ex_1_1="def tanh_backward(dout, y):\n    return dout")
    assert answer("1.1") is tanh_backward
    assert "Exercise 1.1: your saved answer is not right" in repr(shown[-1])


def test_an_answer_that_was_checked_here_and_is_wrong_is_not_called_open(shown):
    check("1.1", lambda dout, y: dout)
    assert answer("1.1") is tanh_backward
    assert "Exercise 1.1 is not right yet" in repr(shown[-1])


def test_a_corrupt_saved_notebook_counts_as_none(shown, saved, tmp_path):
    saved(ex_1_1=TANH)
    path = next(tmp_path.glob("01_*/01_*.ipynb"))
    path.write_text(path.read_text()[:100])
    assert answer("1.1") is tanh_backward


def test_grading_reads_no_other_notebook(shown, saved, monkeypatch):
    saved(ex_1_1=TANH)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert answer("1.1") is tanh_backward


def test_a_session_of_the_grader_reads_no_other_notebook(shown, saved):
    saved(ex_1_1=TANH)
    graded = session.Session(shown.append, in_notebook=False)
    assert graded.answer("1.1") is tanh_backward
    cell = in_a_notebook(USES_TANH)
    assert graded.check("1.3", cell["rnn_step_backward"]) == 2.0
    assert "ran with the reference `tanh_backward`" in repr(shown[-1])


def test_what_was_checked_here_comes_before_what_was_saved(shown, saved):
    saved(ex_1_1=TANH)

    def mine(dout, y):
        return dout - dout * y**2

    check("1.1", mine)
    assert answer("1.1") is mine


def test_a_saved_answer_that_is_corrected_counts_at_once(shown, saved):
    saved(ex_1_1="def tanh_backward(dout, y):\n    return dout")
    assert answer("1.1") is tanh_backward
    saved(ex_1_1=TANH)
    assert answer("1.1").__globals__["__name__"] == "__main__"


def test_a_saved_answer_that_is_a_stub_again_is_called_open_again(shown, saved):
    saved(ex_1_1="def tanh_backward(dout, y):\n    return dout")
    answer("1.1")
    saved(ex_1_1="def tanh_backward(dout, y):\n    raise NotImplementedError")
    answer("1.1")
    assert "Exercise 1.1 is still open" in repr(shown[-1])


def test_a_backup_beside_a_saved_notebook_is_not_read(shown, saved, tmp_path):
    saved(ex_1_1=TANH)
    path = next(tmp_path.glob("01_*/01_*.ipynb"))
    path.rename(path.with_name(f"{path.stem}.backup-1.ipynb"))
    assert answer("1.1") is tanh_backward
    saved(ex_1_1="def tanh_backward(dout, y):\n    return dout")
    assert answer("1.1") is tanh_backward


def test_a_saved_answer_may_use_the_names_that_its_notebook_imports(shown, saved):
    saved(ex_1_1=f"names = np, Layer, Param, LSTM_ORDER, GRU_ORDER\n{TANH}")
    assert answer("1.1").__globals__["__name__"] == "__main__"


def test_an_earlier_answer_that_is_spoilt_after_its_check_is_judged_anew(shown):
    cell = in_a_notebook(USES_TANH, tanh_backward=tanh_backward)
    check("1.1", tanh_backward)
    check("1.3", cell["rnn_step_backward"])
    assert "in the place of yours" not in repr(shown[-1])
    cell["tanh_backward"] = wrong_tanh
    check("1.3", cell["rnn_step_backward"])
    assert "Exercise 1.1 is not right yet" in repr(shown[-1])


# --- answers of several notebooks -------------------------------------------------------------------------------------


@functools.cache
def solutions(number):
    """Exercise id to the source of the reference answer, of one notebook."""
    cells = as_solution(read_source(next((ROOT / "solutions").glob(f"{number}_*/{number}_*.py")))).cells
    return {cell.id[3:].replace("-", "."): cell.source for cell in cells if cell.id.startswith("ex-")}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A function that saves answers, id to source, in the notebooks beside 07, and returns how to take one there."""
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    (tmp_path / "07_variational_dropout").mkdir()
    monkeypatch.chdir(tmp_path / "07_variational_dropout")

    def save(*ids, **changed):
        sources = {id: solutions(id.split(".")[0].zfill(2))[id] for id in ids}
        sources |= {name[1:].replace("_", "."): source for name, source in changed.items()}
        for number in {id.split(".")[0].zfill(2) for id in sources}:
            cells = []
            for id, source in sources.items():
                if id.split(".")[0].zfill(2) == number:
                    cells.append(nbformat.v4.new_code_cell(source))
                    cells[-1].metadata["nbgrader"] = {"grade_id": f"ex-{id.replace('.', '-')}"}
            (tmp_path / f"{number}_saved").mkdir(exist_ok=True)
            nbformat.write(
                nbformat.v4.new_notebook(cells=cells), tmp_path / f"{number}_saved" / f"{number}_saved.ipynb"
            )

    return save


def in_notebook_07(**names):
    return in_a_notebook(solutions("07")["7.3"], dropout_mask=dropout_mask, LSTM_ORDER=LSTM_ORDER, Param=Param, **names)


NEEDED = ("0.1", "1.1", "3.5", "4.1", "4.2", "4.3")


@pytest.mark.parametrize("before", [(), NEEDED], ids=["", "fetched before"])
def test_a_finished_layer_is_handed_out_where_all_that_it_calls_is_right_and_saved(shown, course, before):
    course(*NEEDED)
    for exercise_id in before:
        answer(exercise_id)
    cell = in_notebook_07(lstm_step_forward=answer("3.5"), lstm_step_backward=answer("4.3"))
    assert cell["lstm_step_backward"].__globals__["__name__"] == "__main__"
    assert check("7.3", cell["VariationalLSTM"]) == 3.0
    shown.clear()
    assert answer("7.3") is cell["VariationalLSTM"]
    assert answer("7.3") is cell["VariationalLSTM"]
    assert shown == []
    assert "your own `sigmoid`" in repr([answer("0.1"), shown[-1]])
    assert "your own `tanh_backward`" in repr([answer("1.1"), shown[-1]])


def test_a_finished_layer_is_handed_out_though_nothing_is_saved(shown, course):
    cell = in_notebook_07(lstm_step_forward=answer("3.5"), lstm_step_backward=answer("4.3"))
    assert check("7.3", cell["VariationalLSTM"]) == 3.0
    assert "in the place of yours" not in repr(shown[-1])
    assert answer("7.3") is cell["VariationalLSTM"]


def test_a_name_that_the_notebook_lacks_is_given_the_saved_answer(shown, course):
    course("0.1", "3.5", "4.1", "4.2", "1.1", "4.3")
    cell = in_notebook_07(lstm_step_backward=answer("4.3"))
    assert check("7.3", cell["VariationalLSTM"]) == 3.0
    assert "in the place of yours" not in repr(shown[-1])
    assert "lstm_step_forward" not in cell
    assert answer("7.3") is cell["VariationalLSTM"]
    assert cell["lstm_step_forward"] is answer("3.5")


def test_a_name_of_an_earlier_notebook_that_is_open_is_given_the_reference(shown, course):
    cell = in_notebook_07(lstm_step_backward=lstm_step_backward)
    assert check("7.3", cell["VariationalLSTM"]) == 3.0
    assert "Exercise 3.5 is still open, so this check ran with the reference" in repr(shown[-1])
    assert answer("7.3") is cell["VariationalLSTM"]
    assert "Exercise 3.5 is still open, so it runs with the reference `lstm_step_forward`" in repr(shown[-1])
    assert cell["lstm_step_forward"] is lstm_step_forward


def test_a_saved_answer_that_changes_is_taken_anew_with_all_that_calls_it(shown, saved):
    saved(ex_1_1="def tanh_backward(dout, y):\n    return dout", ex_1_3=USES_TANH)
    assert answer("1.3").__globals__["tanh_backward"] is tanh_backward
    assert "Exercise 1.1 is not right in its saved notebook, so it runs" in repr(shown[-1])
    saved(ex_1_1=TANH, ex_1_3=USES_TANH)
    own = answer("1.3")
    assert own.__globals__["tanh_backward"] is answer("1.1")
    assert "in the place of yours" not in repr(shown[-1])
    assert answer("1.3") is own


def test_a_saved_answer_that_is_spoilt_is_not_taken_any_more(shown, saved):
    saved(ex_1_1=TANH)
    assert answer("1.1") is not tanh_backward
    saved(ex_1_1="def tanh_backward(dout, y):\n    return dout")
    assert answer("1.1") is tanh_backward


def test_a_helper_of_the_name_of_an_exercise_need_not_be_right(shown, monkeypatch):
    """A sigmoid that overflows is wrong in exercise 0.1, and good enough for a gate."""
    monkeypatch.setitem(EXERCISES, "0.1", replace(EXERCISES["0.1"], stable=True))
    textbook = "def sigmoid(a):\n    return 1 / (1 + np.exp(-a))\n\n\n"
    cell = in_a_notebook(textbook + solutions("03")["3.2"])
    assert check("3.2", cell["forget_gate"]) > 0
    assert "Exercise 0.1 is not right yet, so this check ran with the reference" in repr(shown[-1])
    assert answer("3.2") is cell["forget_gate"]


# --- a verdict is valid for the code that it was given on -------------------------------------------------------------

HELPED = """
def slope(y):
    return 1 - y**2


def tanh_backward(dout, y):
    return dout * slope(y)
"""


def redefine(cell, source):
    exec(source, cell)


def test_an_answer_whose_helper_is_spoilt_after_the_check_is_not_handed_out(shown):
    cell = in_a_notebook(HELPED)
    mine = cell["tanh_backward"]
    check("1.1", mine)
    assert answer("1.1") is mine
    redefine(cell, "def slope(y):\n    return 1 - y")
    assert answer("1.1") is tanh_backward
    assert "Exercise 1.1 is not right yet" in repr(shown[-1])
    redefine(cell, "def slope(y):\n    return 1 - y * y")
    assert answer("1.1") is mine


def test_an_earlier_answer_whose_helper_is_mended_is_right_in_a_later_check(shown):
    cell = in_a_notebook(HELPED.replace("1 - y**2", "1 - y") + USES_TANH)
    check("1.1", cell["tanh_backward"])
    check("1.3", cell["rnn_step_backward"])
    assert "Exercise 1.1 is not right yet" in repr(shown[-1])
    redefine(cell, "def slope(y):\n    return 1 - y**2")
    check("1.3", cell["rnn_step_backward"])
    assert "in the place of yours" not in repr(shown[-1])
    assert answer("1.3") is cell["rnn_step_backward"]
    redefine(cell, "def slope(y):\n    return 1 - y")
    assert answer("1.3") is rnn_step_backward


def test_a_base_class_that_is_spoilt_after_the_check_counts(shown):
    names = {"rnn_step_forward": rnn_step_forward, "rnn_step_backward": rnn_step_backward}
    cell = in_a_notebook(USES_STEPS.replace("class RNN", "class Base") + "\n\nclass RNN(Base):\n    pass", **names)
    check("1.4", cell["RNN"])
    assert answer("1.4") is cell["RNN"]
    cell["Base"].forward = lambda self, xs, state=None, *, training=False: (xs, state)
    assert answer("1.4") is RNN


def test_a_verdict_is_found_once_as_long_as_nothing_changes(shown, monkeypatch):
    cell = in_a_notebook(HELPED)
    check("1.1", cell["tanh_backward"])
    monkeypatch.setattr("helpers.checks.answers.judge", None)
    assert answer("1.1") is cell["tanh_backward"]
    redefine(cell, HELPED)  # the same once more
    assert answer("1.1") is not tanh_backward


def test_an_attribute_of_the_name_of_an_exercise_is_no_call_of_it(shown):
    through = USES_TANH.replace("tanh_backward(dh_next", "ns.tanh_backward(dh_next")
    cell = in_a_notebook(through, ns=SimpleNamespace(tanh_backward=tanh_backward))
    check("1.3", cell["rnn_step_backward"])
    assert "Exercise 1.1" not in repr(shown[-1])
    assert answer("1.3") is cell["rnn_step_backward"]


# --- exercises that moved ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", MOVED)
def test_an_older_copy_is_told_where_an_exercise_went_and_runs_on(shown, old):
    new, notebook = MOVED[old]
    given = EXERCISES[new].reference
    assert [check(old, given), hidden_check(old, given)] == [0.0, 0.0]
    assert answer(old) is given
    sentence = f"→ Exercise {old} is {new} now, in notebook {notebook}."
    assert [repr(panel) for panel in shown].count(sentence) == 3
    with pytest.raises(ValueError, match=f"Exercise {old} is {new} now, in notebook {notebook}"):
        find_missing([], [old])


def test_the_notebook_that_a_moved_exercise_is_said_to_be_in_has_it():
    assert [old for old, (new, notebook) in MOVED.items() if EXERCISES[new].notebook != notebook[:2]] == []
    assert all((ROOT / "notebooks" / notebook).is_dir() for _, notebook in MOVED.values())
    assert set(MOVED).isdisjoint(EXERCISES)
