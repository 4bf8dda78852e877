"""Grading one submission: its scores, the references it may use, and what happens when its process ends."""

import contextlib
import inspect
import json
import re
import subprocess
import sys
import time
from dataclasses import asdict
from importlib import import_module

import nbformat
import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from helpers.checks.catalogue import EXERCISES
from helpers.checks.grade_id import GradeId
from helpers.checks.inputs import VISIBLE
from helpers.checks.observation import cases
from helpers.classroom.grading import grader
from helpers.classroom.grading.grader import grade_submission, make_grading_template
from helpers.classroom.grading.sandbox.isolation import Limits, Sandbox
from helpers.classroom.grading.sanitize import MOST_WRITTEN, for_html
from helpers.classroom.grading.submission import read_submission
from helpers.classroom.grading.taken_answers import for_reading
from tests.checks.honest import notebook_08
from tests.classroom.attacks import scoring
from tests.classroom.attacks.kit import Work, max_points, source_path, template

# The sandbox has tests of its own; what is tested here is the same with and without it.
LIMITS = Limits(seconds=60, memory=1 << 30)


@pytest.fixture
def grade():
    """A function that grades a Work."""
    return lambda work, number="01", **how: grade_submission(
        template(number), work.data(), sandbox=False, limits=LIMITS, **how
    )


@pytest.mark.parametrize("number", ["00", "01", "02", "03"])
def test_the_reference_answers_earn_everything(number, grade):
    graded = grade(Work(number), number, secret="a secret")
    assert {grade_id: score.points for grade_id, score in graded.scores.items()} == max_points(number)
    assert {score.status for score in graded.scores.values()} == {"right"}
    assert graded.changes == [] and graded.unreadable == ""


def test_a_learners_copy_without_hidden_checks_earns_their_points_and_no_remark(grade):
    work = Work("01")
    work.notebook["cells"] = [cell for cell in work.cells if not cell["id"].startswith("hidden-")]
    graded = grade(work)
    assert {grade_id: score.points for grade_id, score in graded.scores.items()} == max_points("01")
    assert graded.changes == []
    assert {f"hidden-1-{n}" for n in range(1, 8)} <= {cell["id"] for cell in json.loads(graded.notebook)["cells"]}


#: Notebooks whose layers are run often.
SLOW = ("07", "08")


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=[pytest.mark.slow] * (number in SLOW))
        for number in sorted({exercise.notebook for exercise in EXERCISES.values()})
    ],
)
def test_right_answers_that_look_nothing_like_the_reference_earn_everything_too(number, grade):
    module = import_module(f"tests.checks.honest.notebook_{number}")
    # What comes from earlier notebooks is there without an import, as in the notebook.
    source = re.sub(r"(?m)^from helpers\.nn\.steps .*$", "", inspect.getsource(module).partition("\nANSWERS")[0])
    work = Work(number)
    for exercise_id, answers in module.ANSWERS.items():
        chosen = answers[int(number) % len(answers)].__name__
        work.write(exercise_id, f"{source}\n\n{EXERCISES[exercise_id].name} = {chosen}")
    graded = grade(work, number)
    assert {grade_id: graded.scores[grade_id].points for grade_id in max_points(number)} == max_points(number)


@pytest.mark.parametrize("way", ["gradient_with_nditer", "gradient_by_unit_vectors", "gradient_by_steps_up_and_down"])
def test_an_answer_calls_a_function_that_the_check_gives_it(way, grade):
    """With the array that it was given, changed in place, and with arrays of its own."""
    source = inspect.getsource(import_module("tests.checks.honest.notebook_00")).partition("\nANSWERS")[0]
    work = Work("00")
    work.write("0.2", f"{source}\n\nnumerical_gradient = {way}")
    assert {score.status for score in grade(work, "00").scores.values()} == {"right"}


@pytest.mark.parametrize(
    "way", [answer.__name__ for answer in import_module("tests.checks.honest.notebook_08").ANSWERS["8.6"]]
)
def test_an_answer_uses_a_model_that_the_check_gives_it(way, grade):
    """Its layers, its state and its loss, each of them an object of the grader's."""
    source = inspect.getsource(notebook_08).partition("\nANSWERS")[0]
    work = Work("08", solved=False)
    work.write("8.6", f"{source}\n\nperplexity_with_context = {way}")
    scores = grade(work, "08").scores
    assert {scores[name].status for name in ("check-8-6", "hidden-8-6")} == {"right"}


def test_an_untouched_release_earns_nothing_and_is_called_unwritten(grade):
    graded = grade(Work("01", solved=False))
    assert {score.points for score in graded.scores.values()} == {0.0}
    assert {score.status for score in graded.scores.values()} == {"not written"}


def test_scores_stand_in_the_order_of_the_notebook(grade):
    cells = nbformat.reads(template("01"), as_version=4).cells
    graded = [cell.id for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert [*grade(Work("01")).scores] == graded


def test_a_score_is_plain_data(grade):
    json.dumps(asdict(grade(Work("00"), "00")))


def test_a_mistake_that_is_known_is_named(grade):
    work = Work("01")
    work.write("1.1", "def tanh_backward(dout, y):\n    return dout * (1 - y)")
    score = grade(work).scores["check-1-1"]
    assert score.status == "wrong"
    assert len(score.misconceptions) == 1 and "square" in score.misconceptions[0]


def test_no_hidden_check_comes_before_a_visible_one(grade):
    """So an answer that remembers the hidden draws finds no message to reveal them in."""
    work = Work("01")
    for exercise_id, name in {"1.5": "backprop_norms", "1.6": "gradient_bounds"}.items():
        work.put_after(
            exercise_id,
            "import sys\n\ncalls = vars(sys).setdefault('calls', [])  # each answer has a namespace of its own\n"
            f"right_{name} = {name}\n\n\n"
            f"def {name}(*args):\n    calls.append('{name[0]}')\n    print('calls', *calls)\n"
            f"    return right_{name}(*args)",
        )
    notebook = nbformat.reads(grade(work).notebook, as_version=4)
    shown = {cell.id: str(cell.get("outputs")) for cell in notebook.cells}
    tried = " b" * len(cases(EXERCISES["1.5"], VISIBLE, seed=0))
    assert f"calls{tried} g" in shown["check-1-6"]
    assert "calls" not in shown["hidden-1-5"] + shown["hidden-1-6"]


def test_many_calls_are_made_in_one_message_and_what_they_change_shows(grade):
    work = Work("05")
    work.write(
        "5.6",
        """
        def sample_next(logits, temperature, rng):
            logits -= logits.max()
            logits /= temperature
            return int(rng.choice(len(logits), p=np.exp(logits) / np.exp(logits).sum()))
        """,
    )
    score = grade(work, "05").scores["check-5-6"]
    assert (score.status, score.points) == ("wrong", 0.0)
    assert score.reason.startswith("`sample_next` changed its argument `logits`")


def test_a_secret_seed_draws_what_nobody_knows(grade):
    """Without one the hidden draws are the same everywhere, and an answer may contain their results."""
    work = Work("01")
    scoring.replay_of_the_hidden_draws(work)
    assert grade(work, secret="").scores["hidden-1-5"].points == 1.0
    assert grade(work, secret="a secret").scores["hidden-1-5"].points == 0.0


def test_an_answer_that_is_missing_is_replaced_by_the_reference_for_those_that_call_it(grade):
    work = Work("01")
    work.cells.remove(work.answer("1.3"))
    scores = grade(work).scores
    assert (scores["check-1-3"].points, scores["check-1-3"].reason) == (0.0, "Its answer cell is missing.")
    assert (scores["check-1-4"].points, scores["hidden-1-4"].points) == (3.0, 3.0)


def test_a_wrong_answer_costs_its_own_points_also_where_it_is_used_through_another(grade):
    work = Work("01")
    work.write("1.1", "def tanh_backward(dout, y):\n    return dout * (1 - y)")
    graded = grade(work)
    lost = {grade_id for grade_id, score in graded.scores.items() if score.status != "right"}
    assert lost == {"check-1-1", "hidden-1-1"}
    shown = {cell.id: str(cell.get("outputs")) for cell in nbformat.reads(graded.notebook, as_version=4).cells}
    assert "Exercise 1.1 is not right yet, so this check ran with the reference `tanh_backward`" in shown["check-1-4"]


def test_the_references_of_earlier_notebooks_are_provided_but_not_those_of_this_one(grade):
    work = Work("02")
    work.put_after(
        "2.1", "earlier = tanh_backward\nassert 'global_norm' in globals()\nassert 'clip_gradients' not in globals()"
    )
    assert grade(work, "02").scores["check-2-1"].status == "right"


def test_an_answers_own_value_under_the_name_of_an_earlier_exercise_is_kept(grade):
    """An array under the name of an earlier exercise cannot be compared with anything by `==`."""
    work = Work("02")
    work.put_before("2.1", "tanh_backward = np.ones(3)")
    assert {score.status for score in grade(work, "02").scores.values()} == {"right"}


def test_a_reference_can_be_used_during_one_check_only(grade):
    work = Work("01")
    work.write(
        "1.3", "kept = []\n\n\ndef rnn_step_backward(dh_next, cache):\n    return kept[0](dh_next, cache)\n\n\nmine = 0"
    )
    work.put_before("1.4", "def keep():\n    kept.append(rnn_step_backward)\n    return rnn_step_backward")
    work.answer("1.4")["source"] = work.source("1.4").replace("= rnn_step_backward(", "= keep()(")
    scores = grade(work).scores
    assert scores["check-1-4"].status == "right"
    assert scores["hidden-1-3"].status == "raised"


@pytest.mark.parametrize(
    ("lines", "status", "reason"),
    [
        ("raise ValueError('mine')", "raised", "ValueError: mine"),
        ("raise MemoryError", "out of memory", "MemoryError"),
        ("import os; os._exit(7)", "killed", "It was stopped: "),
        ("import os; os.abort()", "killed", "with exit code"),
        ("return None", "wrong", "returned nothing"),
        ("pass", "wrong", "returned nothing"),
        ("raise NotImplementedError", "not written", "NotImplementedError"),
    ],
)
def test_every_way_to_end_has_a_status_and_a_reason(lines, status, reason, grade):
    work = Work("00")
    work.write("0.1", f"def sigmoid(a):\n    {lines}")
    scores = grade(work, "00").scores
    for score in (scores["check-0-1"], scores["hidden-0-1"]):
        assert (score.points, score.status) == (0.0, status), score
    assert reason in scores["check-0-1"].reason or status == "killed"


def test_answers_are_defined_anew_where_one_of_them_has_ended_the_process(grade):
    work = Work("01")
    work.put_after("1.5", "def backprop_norms(Wh, dh, steps):\n    import os\n    os._exit(1)")
    scores = grade(work).scores
    assert [grade_id for grade_id, score in scores.items() if score.status != "right"] == ["check-1-5", "hidden-1-5"]


def test_no_check_may_outlast_the_time_for_all_answers(tmp_path):
    sandbox = Sandbox(tmp_path, sandbox=False, limits=Limits(seconds=1_000, total=900, memory=1 << 30))
    answers = read_submission(Work("00").data(), nbformat.reads(template("00"), as_version=4)).answers
    with contextlib.closing(grader.SubmissionGrader(sandbox, answers, "")) as graded:
        score, _ = graded.run_check(GradeId.parse("check-0-1"), 1.0)
        assert (score.status, graded.pipe.deadline) == ("right", graded.end)


@pytest.mark.parametrize("program", ["true", "sleep 60"])
def test_a_process_that_fails_before_any_answer_ran_is_no_fault_of_the_submission(program, grade, monkeypatch):
    def start(sandbox):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "start_new_session": True, "bufsize": 0}
        return subprocess.Popen(program.split(), **pipes)

    monkeypatch.setattr(Sandbox, "start", start)
    monkeypatch.setattr(sys.modules[__name__], "LIMITS", Limits(seconds=1, memory=1 << 30))
    with pytest.raises(OSError, match="before any ran: this is not the fault of the submission"):
        grade(Work("00"), "00")


def test_what_answers_may_send_in_one_check_is_limited(grade, monkeypatch):
    monkeypatch.setattr(grader, "ALLOWANCE", {"text": 16 << 20, "bytes": 100})
    scores = grade(Work("00"), "00").scores
    assert {(score.status, score.reason) for score in scores.values()} == {
        ("killed", "It was stopped: it sent more than is accepted.")
    }


def test_an_answer_that_is_too_long_is_not_run(grade):
    work = Work("01")
    work.put_after("1.5", "# " + "x" * 300_000)
    assert "characters, too many" in grade(work).scores["check-1-5"].reason


def test_what_answers_print_and_warn_of_does_not_reach_the_instructor(grade, capfd):
    work = Work("01")
    work.put_before("1.1", "import sys, warnings\nprint('out')\nprint('err', file=sys.stderr)\nwarnings.warn('old')")
    work.put_after("1.5", "print('done')")
    assert {score.status for score in grade(work).scores.values()} == {"right"}
    assert capfd.readouterr() == ("", "")


def test_an_answer_may_not_change_its_arguments_for_a_while():
    """A check sees only their last state; an answer could change what its results are compared with."""
    work = Work("01")
    work.put_after(
        "1.5",
        "right = backprop_norms\n\n\ndef backprop_norms(Wh, dh, steps):\n    norms = right(Wh, dh, steps)\n"
        "    dh[...] = 0\n    return norms",
    )
    score = grade_submission(template("01"), work.data(), sandbox=False, limits=LIMITS).scores["check-1-5"]
    assert (score.points, score.status) == (0.0, "wrong")


def test_an_answer_is_not_blamed_for_what_another_one_does_to_its_arguments(grade):
    work = Work("01")
    work.write("1.1", "def tanh_backward(dout, y):\n    dout *= 1 - y**2\n    return dout")
    scores = grade(work).scores
    assert [scores[f"{kind}-1-{n}"].points for n in (1, 3) for kind in ("check", "hidden")] == [0.0, 0.0, 2.0, 2.0]


def test_neither_the_template_nor_the_graded_notebook_has_a_hidden_test(grade):
    assert "hidden_check(" in source_path("00").read_text(encoding="utf-8")
    assert "hidden_check(" not in make_grading_template(source_path("00"))
    assert "hidden_check(" not in grade(Work("00"), "00").notebook


def test_a_cell_with_fewer_points_than_its_check_gives_is_a_fault_of_the_grader(grade):
    fewer = template("00").replace('"points": 1', '"points": 0.5', 1)
    with pytest.raises(RuntimeError, match=r"The check of exercise 0\.1 gave 1 of 0\.5 points\."):
        grade_submission(fewer, Work("00").data(), sandbox=False, limits=LIMITS)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("$a<b$, a < b, 3<4, *x* & y, AT&T; `a@b`", "$a< b$, a < b, 3<4, *x* & y, AT& T; `a@b`"),
        ("<script>alert(1)</script>", "< script>alert(1)< /script>"),
        ("<!-- --><?php ?>", "< !-- -->< ?php ?>"),
        ("[x](JavaScript:alert(1))", "[x](JavaScript :alert(1))"),
        (r"[x](javascript\:alert(1))", r"[x](javascript \:alert(1))"),
        ("[x](java&#115;cript:alert(1))", "[x](java& #115;cript:alert(1))"),
        ("[x](javascript&colon;alert(1))", "[x](javascript& colon;alert(1))"),
        ("![x](https://example.org/seen.gif) ![y][z]", "! [x](https://example.org/seen.gif) ! [y][z]"),
        (
            "# Title\n\n- **1.** A table:\n\n| a | b |\n|---|---|",
            "# Title\n\n- **1.** A table:\n\n| a | b |\n|---|---|",
        ),
    ],
)
def test_a_written_answer_keeps_its_words_and_loses_its_scripts(written, shown):
    assert for_html(written, markdown=True) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (r"$\href{javascript:x}{y}$", r"$\ href{javascript :x}{y}$"),
        ("$\\href{javascri\tpt:x}{y}$", "$\\ href{javascri\tpt :x}{y}$"),
        (r"$\def\a#1{\href{#1cript:x}{y}}\a{javas}$", r"$\def\a#1{\ href{#1cript:x}{y}}\a{javas}$"),
        ("$\\let\\a\\href \\a{java\nscript:x}{y}$", "$\\let\\a\\ href \\a{java\nscript :x}{y}$"),
        (r'$\mmlToken{mi}[href="x"]{y}$', r'$\ mmlToken{mi}[href="x"]{y}$'),
        (r"$\style{position:fixed}{y} \require{x}$", r"$\ style{position:fixed}{y} \ require{x}$"),
        (r"$\tanh x$, $$\sigma(a)$$ and \begin{equation}\hrefs\end{equation}",) * 2,
    ],
)
def test_a_formula_in_a_written_answer_is_typeset_and_makes_no_link(written, shown):
    assert for_html(written, markdown=True) == shown


#: A regular expression or a parser of what renders Markdown looks from each of these for its end.
REPEATED = [
    *(
        r"\begin{a}",
        r"\begin{a",
        r"\\[",
        r"\\(",
        r"\[",
        r"\(",
        "$",
        "$$",
        "$$ ",
        "$a ",
        "`",
        "` ",
        "``a`",
        "[",
        "![",
        "[](",
        "[a](",
    ),
    *(
        "*",
        "*a ",
        "a**",
        "_a ",
        "<",
        "<a ",
        "<!--",
        "<?",
        "|",
        "|a",
        "> ",
        "> \n",
        ">",
        "- ",
        "- a\n",
        "1. ",
        "# ",
        "#\n",
    ),
    *(
        "~~",
        "~~~\n",
        "```\n",
        "[^a]",
        "[a]: <",
        "&",
        "\\",
        "http://",
        "a@b.c ",
        "\n",
        " ",
        "\t",
        "==",
        r"\href{",
        "s c",
    ),
]


@pytest.mark.parametrize("unit", REPEATED)
def test_no_written_answer_takes_long_to_render(unit):
    begun = time.process_time()
    markdown2html_mistune(for_html((30_000 * unit)[:MOST_WRITTEN], markdown=True))
    assert time.process_time() - begun < 10  # without a bound, the first takes two minutes


@pytest.mark.parametrize("unit", ["a.", "a.\n", "'", "(", "\\", "f'{", "0_", "lambda "])
def test_no_answer_in_code_takes_long_to_colour(unit):
    begun = time.process_time()
    highlight(for_reading(100_000 * unit), get_lexer_by_name("ipython3"), HtmlFormatter())
    assert time.process_time() - begun < 15  # without a bound, the first takes many minutes


def test_a_long_line_of_an_answer_is_cut_where_it_is_shown_and_counts_as_it_is(grade):
    work = Work("01")
    work.write("1.1", f"# {'a.' * 50_000}\n{work.source('1.1')}")
    graded = grade(work)
    shown = next(cell for cell in nbformat.reads(graded.notebook, 4).cells if cell.id == "ex-1-1").source
    assert shown.startswith(f"# {'a.' * 499} …\n")
    assert graded.scores["check-1-1"].points == 1


def test_a_formula_in_a_message_is_not_a_link_to_a_script():
    assert for_html(r"$\href{javascript:alert(1)}{x}$ a<b &amp;") == r"$\href{javascript :alert(1)}{x}$ a<b &amp;"
