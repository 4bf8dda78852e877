"""What is read of a submitted file, and what is only reported."""

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.checks.cell_statements import LONGEST_CELL
from helpers.checks.notebook_file import LARGEST, LARGEST_FILE, Unreadable, read_notebook
from helpers.classroom.grading.submission import Submission, read_submission
from helpers.classroom.grading.taken_answers import TakenAnswer
from tests.classroom.attacks.kit import Work, released, template


@pytest.fixture(scope="module")
def grading_template():
    """The template of notebook 01."""
    return nbformat.reads(template("01"), as_version=4)


@pytest.fixture
def work():
    """A submission with the reference answers."""
    return Work("01")


def best(submission, exercise_id):
    """The source of the cell that is looked at first for an answer."""
    return submission.answers.cells[submission.answers.wanted[exercise_id].candidates[0]].source


def test_an_untouched_solution_has_all_answers_and_no_changes(grading_template, work):
    submission = read_submission(work.data(), grading_template)
    assert [*submission.answers.wanted] == [f"1.{number}" for number in range(1, 8)]
    assert [submission.answers.cells[index].grade_id for index in sorted(submission.answers.own)] == [
        f"ex-1-{number}" for number in range(1, 8)
    ]
    assert submission.changes == []


def test_of_an_untouched_release_nothing_is_ones_own(grading_template):
    answers = read_submission(Work("01", solved=False).data(), grading_template).answers
    assert answers.own == frozenset()
    assert not any(map(answers.is_written, answers.wanted))
    assert [source for source in answers.sources if source] == [
        answers.cells[one.fallback].source for one in answers.wanted.values()
    ]


def test_a_byte_order_mark_as_some_editors_write_it_makes_no_difference(grading_template, work):
    assert read_submission(b"\xef\xbb\xbf" + work.data(), grading_template) == read_submission(
        work.data(), grading_template
    )


def test_an_answer_needs_neither_its_grade_id_nor_its_cell_id(grading_template, work):
    cell = work.answer("1.3")
    cell["metadata"], cell["id"] = {}, "another"
    assert best(read_submission(work.data(), grading_template), "1.3") == Work("01").source("1.3")


def test_a_cell_of_the_release_is_not_taken_for_an_answer(grading_template, work):
    """Another cell of the release may define a function of the same name, e.g. a wrong version of it."""
    stub = Work("01", solved=False).source("1.3")
    lookalike = nbformat.v4.new_code_cell(stub.replace("Exercise 1.3", "Try it"), id="lookalike")
    grading_template = nbformat.from_dict(grading_template | {"cells": [*grading_template.cells, lookalike]})
    cell = work.answer("1.3")
    cell["metadata"], cell["id"] = {}, "another"
    work.cells.append({"cell_type": "code", "metadata": {}, "source": lookalike.source})
    assert best(read_submission(work.data(), grading_template), "1.3") == Work("01").source("1.3")


def test_a_written_answer_is_found_by_the_text_before_it():
    grading_template, work = nbformat.reads(template("08"), as_version=4), Work("08")
    cell = work.answer("8.5")
    for each in work.cells:
        each["metadata"] = {}
        each.pop("id", None)
    cell["source"] = "My table says"
    assert read_submission(work.data(), grading_template).written["ex-8-5"] == "My table says"


def test_all_of_a_written_answer_is_taken_that_was_split_or_written_below_its_cell():
    grading_template, work = nbformat.reads(template("08"), as_version=4), Work("08", solved=False)
    place, stub = work.cells.index(work.answer("8.5")), work.source("8.5")
    half = dict(work.answer("8.5"), id="half", source="1. My table says")
    work.write("8.5", "2. that it is so")
    work.cells.insert(place, half)
    assert read_submission(work.data(), grading_template).written["ex-8-5"] == "1. My table says\n\n2. that it is so"
    work.cells.remove(half)
    work.answer("8.5")["source"] = stub
    work.cells.insert(place + 1, {"cell_type": "markdown", "metadata": {}, "source": "Below it"})
    assert read_submission(work.data(), grading_template).written["ex-8-5"] == "Below it"


def test_cells_of_ones_own_are_reported(grading_template, work):
    own = [f"def helper_{number}():\n    pass" for number in range(3)] + ["print('defines nothing')"]
    work.cells.extend({"cell_type": "code", "metadata": {}, "source": source} for source in own)
    [change] = read_submission(work.data(), grading_template).changes
    assert (
        change.startswith("Outside the answer cells 3 cells define something (the first begins")
        and "`def helper_0():`" in change
    )


def test_untrusted_words_are_fit_for_a_terminal(grading_template, work):
    work.cells.append({"cell_type": "code", "metadata": {}, "source": "def f(): '\x1b[2J\u202e\ud800'"})
    work.answer("1.1")["cell_type"] = "\x1b[31mred"
    work.notebook["metadata"]["kernelspec"] = {"name": "\x1b]0;owned\x07" * 100}
    changes = read_submission(work.data(), grading_template).changes
    assert len(changes) == 3
    assert all(change.isprintable() and len(change) < 200 for change in changes)


def test_every_change_to_a_check_is_reported(grading_template, work):
    for cell in work.cells:
        if grading := cell["metadata"].get("nbgrader", {}):
            if grading["grade_id"] == "check-1-1":
                grading["points"] = 100
            if grading["grade_id"] == "check-1-2":
                cell["source"] = "1.0"
            if grading["grade_id"] == "check-1-3":
                cell["cell_type"] = "raw"
    work.cells.remove(work.cell("check-1-4"))
    assert read_submission(work.data(), grading_template).changes == [
        "The points of check-1-1 were changed from 1 to 100.",
        "The check check-1-2 was edited.",
        "The check check-1-3 was turned from code into raw.",
        "The check check-1-4 is missing.",
    ]


def test_a_hidden_check_that_is_missing_is_no_change_and_one_that_was_edited_is(grading_template, work):
    work.cells.remove(work.cell("hidden-1-1"))
    assert read_submission(work.data(), grading_template).changes == []
    work.cell("hidden-1-2")["source"] = "1.0"
    assert read_submission(work.data(), grading_template).changes == ["The check hidden-1-2 was edited."]


def test_a_release_saved_by_anything_that_reads_notebooks_has_no_changes(grading_template):
    saved = nbformat.writes(nbformat.reads(released("01", True), as_version=4), version=4)
    assert read_submission(saved.encode(), grading_template).changes == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty."),
        (b" \n", "The file is empty."),
        (b"{", "It is not a notebook: it cannot be read as JSON. Was it cut off, or saved as something else?"),
        (b"\xff\xfe", "It is not a notebook: it cannot be read as JSON. Was it cut off, or saved as something else?"),
        (b"[]", "It is not a notebook: it has no list of cells."),
        (b"3", "It is not a notebook: it has no list of cells."),
        (b'{"cells": {}}', "It is not a notebook: it has no list of cells."),
        (b'{"worksheets": 3}', "It is a notebook of format 3 or older; open it in JupyterLab and save it again."),
        (b"\xff\xfe{\x00\xd8", "It seems to be saved as UTF-16, and cannot be read: save it as UTF-8."),
        (b'{"cells": [' + b"[" * 99_999, "It is nested too deeply to be a notebook."),
        (b"{}" + b" " * LARGEST, "It has 20 MB without its outputs; no more than 20 MB are read."),
        (b'{"cells": "' + rb"\"" * LARGEST, "It is not a notebook: it cannot be read as JSON."),
        (b" " * (LARGEST_FILE + 1), "It has 100 MB; no more than 100 MB are read."),
        (b'{"cells": [' + b"0," * 10_000 + b"0]}", "It has 10,001 cells; no more than 10,000 are read."),
        (b'{"cells": ' + b"9" * 5_000 + b"}", "It is not a notebook: it cannot be read as JSON."),
    ],
)
def test_what_is_not_a_notebook_is_refused_with_a_sentence(data, said, grading_template):
    with pytest.raises(Unreadable) as refused:
        read_submission(data, grading_template)
    assert str(refused.value).startswith(said)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
gradings = st.fixed_dictionaries({"grade_id": st.sampled_from(["ex-1-1", "check-1-1"]) | values})
cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": values,
        "id": values,
        "source": values | st.just("def tanh_backward(dout, y):\n    pass"),
        "metadata": values
        | st.fixed_dictionaries(
            {
                "nbgrader": values
                | st.fixed_dictionaries({"grade_id": st.sampled_from(["ex-1-1", "check-1-1"]) | values})
            }
        ),
    },
)


@given(st.lists(cells | values, max_size=5), values)
def test_whatever_the_cells_are_there_is_a_submission(grading_template, cells, metadata):
    submission = read_submission(json.dumps({"cells": cells, "metadata": metadata}).encode(), grading_template)
    assert isinstance(submission, Submission)
    json.dumps([submission.answers.sources, submission.written], ensure_ascii=False).encode()
    assert all(change.isprintable() for change in submission.changes)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_other_systems_make_no_cell_ones_own(grading_template, end):
    work = Work("01", solved=False)
    for cell in work.cells:
        cell["source"] = "".join(cell["source"]).replace("\n", end)
    assert read_submission(work.data(), grading_template).answers.own == frozenset()


def test_of_a_large_file_attached_pictures_are_left_out_and_printed_points_are_read(work):
    picture = {"image/png": "QUJD" * (6 << 20)}
    work.cells.insert(0, {"cell_type": "markdown", "source": "", "metadata": {}, "attachments": {"a.png": picture}})
    output = {"output_type": "execute_result", "data": {"text/plain": "1.0"}, "metadata": {}, "execution_count": 1}
    work.cells.insert(1, {"cell_type": "code", "source": "check", "metadata": {}, "outputs": [output]})
    assert len(work.data()) > LARGEST
    assert read_notebook(work.data()).cells[1].value == "1.0"


def test_an_old_format_keeps_the_edition_and_the_points_that_a_check_printed():
    output = {"output_type": "pyout", "text": ["1.0"], "prompt_number": 3, "metadata": {}}
    cell = {"cell_type": "code", "input": ["x = 1\n", "x"], "outputs": [output], "language": "python"}
    old = {"nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": [cell]}]}
    notebook = read_notebook(json.dumps(old | {"metadata": {"course": {"edition": "abc"}}}).encode())
    assert (notebook.edition, notebook.cells[0].value, notebook.cells[0].source) == ("abc", "1.0", "x = 1\nx")


def test_a_file_in_an_encoding_that_breaks_json_is_told_of_its_encoding():
    text = json.dumps({"cells": [{"cell_type": "code", "source": "# 表 を"}]}, ensure_ascii=False)
    with pytest.raises(Unreadable, match="Save it as UTF-8"):
        read_notebook(text.encode("shift_jis"))


def test_what_is_too_long_to_be_run_is_not_sent_and_only_begun_in_the_graded_notebook(grading_template, work):
    work.put_after("1.1", "# " + "x" * LONGEST_CELL)
    answers = read_submission(work.data(), grading_template).answers
    cell = answers.wanted["1.1"].candidates[0]
    assert answers.sources[cell] == ""
    assert len(TakenAnswer.of(answers, "1.1", [cell, [], []]).source) < LONGEST_CELL + 100


@pytest.fixture
def answers(grading_template, work):
    """What is found in a solution with a cell of the learner's own at its beginning."""
    work.cells.insert(0, {"cell_type": "code", "metadata": {}, "source": "a = 1\nb = 2\nc = 3"})
    return read_submission(work.data(), grading_template).answers


def test_lines_that_a_plan_names_many_times_are_shown_once(answers):
    cell = answers.wanted["1.1"].candidates[0]
    plan = [cell, [[0, 1, last] for last in range(1, 10_000)] + [[0, 1, 10**4000]], [0, 0, cell, True, 5.0, "x"]]
    taken = TakenAnswer.of(answers, "1.1", plan)
    assert taken.source.count("a = 1") == taken.source.count("c = 3") == 1
    assert taken.defining == [0, cell]


@pytest.mark.parametrize(
    "plan", [[-1, [], []], [0.0, [], []], [True, [], []], [None, [[0, float("inf"), 1]], []], [None, [[0, 0, 1]], []]]
)
def test_a_plan_with_other_numbers_is_refused(answers, plan):
    if plan[0] is None:
        plan = [answers.wanted["1.1"].candidates[0], *plan[1:]]
    with pytest.raises(ValueError):
        TakenAnswer.of(answers, "1.1", plan)


def test_failures_in_cells_that_do_not_exist_are_not_told(answers):
    taken = TakenAnswer.of(answers, "1.1", [answers.wanted["1.1"].candidates[0], [], []])
    taken.fail([[9 * 10**4298, "x"], [0, "NameError: x"], [float("inf"), "x"]])
    assert taken.failed == [(0, "NameError: x")]
    assert taken.remarks()


@pytest.mark.parametrize(("length", "is_cut"), [(20_000, False), (30_000, False), (30_001, True), (3_000_000, True)])
def test_a_written_answer_of_ten_pages_is_shown_and_a_longer_one_cut_and_that_is_said(length, is_cut):
    grading_template, work = nbformat.reads(template("08"), as_version=4), Work("08", solved=False)
    work.write("8.5", "prose" * (length // 5) + "p" * (length % 5))
    submission = read_submission(work.data(), grading_template)
    shown = submission.written["ex-8-5"]
    assert shown.startswith("prose" * 4_000)
    assert len(shown) < 30_100
    assert shown.endswith("the rest is in the file that was handed in.") == is_cut
    said = "Of the written answer ex-8-5 the first 30,000 characters are shown."
    assert (said in submission.changes) == is_cut


def test_a_written_answer_may_stand_above_the_stub():
    work = Work("08", solved=False)
    place = work.cells.index(work.answer("8.5"))
    work.cells.insert(place, {"cell_type": "markdown", "metadata": {}, "source": "Mine is better."})
    submission = read_submission(work.data(), nbformat.reads(template("08"), as_version=4))
    assert submission.written == {"ex-8-5": "Mine is better."}
