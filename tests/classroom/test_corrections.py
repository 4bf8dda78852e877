"""Corrections of the course reach a learner's copy, and nothing that the learner did is lost or graded otherwise."""

import json
import secrets
from copy import deepcopy

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.checks.answer_search import find_answers
from helpers.checks.answer_slicing import NotebookSlices
from helpers.checks.editions import edition_of, name_of_edition
from helpers.checks.notebook_file import fingerprint, read_notebook
from helpers.classroom.authoring.cell_ids import assign_cell_ids
from helpers.classroom.grading.submission import read_submission
from helpers.classroom.learner.corrections import Comparison, SavedNotebook, in_words

NAMES = {"0.1": "sigmoid", "0.2": "numerical_gradient"}


def graded(grade_id, source, kind="code"):
    """Return a graded cell."""
    is_answer = grade_id.startswith("ex")
    told = {"grade_id": grade_id, "solution": is_answer, "grade": not is_answer or kind == "markdown", "points": 1}
    make = new_code_cell if kind == "code" else new_markdown_cell
    return make(source, metadata={"nbgrader": told})


def stub(exercise_id, text="…"):
    name = NAMES[exercise_id]
    return f'# YOUR ANSWER · {exercise_id}\ndef {name}(a):\n    """{text}"""\n    raise NotImplementedError("{name}")'


def course(cells=None):
    """Return a released notebook with ids and an edition, as a build makes it."""
    cells = deepcopy(cells) if cells else release_cells()
    assign_cell_ids(cells, "release")
    notebook = new_notebook(cells=cells)
    notebook.metadata.course = {"edition": name_of_edition(cells)}
    return notebook


def release_cells():
    """Return the cells of a small course."""
    return [
        new_markdown_cell("# A course\n\nIt has some words."),
        new_code_cell("import numpy as np\n\nfrom helpers.checks import check"),
        new_markdown_cell("### Exercise 0.1 · A sigmoid\n\nWrite it so that nothing overflows."),
        graded("ex-0-1", stub("0.1")),
        graded("check-0-1", 'check("0.1", sigmoid)'),
        new_markdown_cell("What to notice: it is smooth."),
        new_code_cell("steps = 3\nprint(steps)"),
        new_code_cell("print(sigmoid)"),
        new_markdown_cell("### Exercise 0.2 · A gradient\n\nBy central differences."),
        graded("ex-0-2", stub("0.2")),
        graded("check-0-2", 'check("0.2", numerical_gradient)'),
        new_markdown_cell("### Exercise 8.5 · A table\n\nRead it."),
        graded("ex-8-5", "*Write your answer here.*", "markdown"),
        new_markdown_cell("## Summary\n\nThat was it."),
    ]


def saved(notebook):
    return SavedNotebook.of(json.dumps(notebook).encode())


def texts(notebook):
    return [cell.source for cell in notebook.read.cells]


def taken(mine, new, old=None):
    """Return the corrections, and the updated copy as it is read from its file again."""
    compared = Comparison(*map(saved, (mine, old or course(), new)))
    return compared.corrections, SavedNotebook.of(compared.updated().to_bytes())


def changed(index, source):
    """Return the course with another text in a cell."""
    cells = release_cells()
    cells[index].source = source
    return course(cells)


def again(cell, cell_id=""):
    """Return a cell that was copied and pasted: all of it, with another id."""
    pasted = deepcopy(cell)
    pasted.id = cell_id or secrets.token_hex(4)
    return pasted


def answered(text="def sigmoid(a):\n    return 1 / (1 + np.exp(-a))"):
    """Return a copy with an answer to 0.1, and outputs below it."""
    mine = course()
    mine.cells[3].source = text
    for index, value in ((3, "7"), (4, "1.0"), (6, "3")):
        mine.cells[index].outputs = [new_output("execute_result", {"text/plain": value}, execution_count=1)]
    return mine


# --- what a learner left alone gets its new text ----------------------------------------------------------------------


def test_an_untouched_copy_becomes_a_copy_of_the_present_edition():
    cells = release_cells()
    cells[2].source = "### Exercise 0.1 · A sigmoid\n\nWrite it so that nothing ever overflows."
    cells[3].source = stub("0.1", "The docstring.")
    cells[4].metadata.nbgrader.points = 2
    del cells[5]
    cells.insert(6, new_code_cell("print('new')"))
    cells.insert(7, new_markdown_cell("A new sentence."))
    new = course(cells)
    corrections, found = taken(course(), new)
    assert found.content["cells"] == saved(new).content["cells"]
    assert found.read.edition == new.metadata.course.edition
    told = "Exercise 0.1 (text, stub, code)"
    assert in_words(corrections) == told


@pytest.mark.parametrize(
    ("index", "source", "told"),
    [
        (0, "# A course\n\nIt has other words.", "“A course” (text)"),
        (3, stub("0.1", "x"), "Exercise 0.1 (stub)"),
        (4, 'check("0.1", sigmoid)  # now', "Exercise 0.1 (check)"),
        (6, "steps = 4\nprint(steps)", "Exercise 0.1 (code)"),
        (13, "## Summary\n\nThat is it.", "“Summary” (text)"),
    ],
)
def test_a_corrected_cell_is_told_by_its_exercise_or_heading_and_its_kind(index, source, told):
    corrections, found = taken(course(), changed(index, source))
    assert in_words(corrections) == told and not any(one.beside for one in corrections)
    assert texts(found)[index] == source


def test_of_many_places_only_some_are_told():
    cells = [new_markdown_cell(f"## Section {number}") for number in range(9)]
    old = course(cells)
    for cell in cells:
        cell.source += "\n\nMore."
    corrections, _ = taken(old, course(cells), old)
    assert in_words(corrections).endswith("“Section 5” (text), and 3 more")


def test_outputs_stay_but_for_those_of_code_that_was_corrected():
    _, found = taken(answered(), changed(6, "steps = 4\nprint(steps)"))
    assert [bool(cell.get("outputs")) for cell in found.content["cells"]][3:8] == [True, True, False, False, False]
    assert [cell.value for cell in found.read.cells][3:5] == ["7", "1.0"]


def test_a_sentence_added_above_renames_others_and_changes_none_of_them():
    """An id counts the cells under a heading."""
    cells = release_cells()
    cells.insert(6, new_markdown_cell("What was added."))
    mine = course()
    mine.cells[6].source = "steps = 30\nprint(steps)"
    corrections, found = taken(mine, course(cells))
    assert in_words(corrections) == "Exercise 0.1 (text)" and not corrections[0].beside
    assert texts(found)[6:9] == ["What was added.", "steps = 30\nprint(steps)", "print(sigmoid)"]
    assert len({cell.id for cell in found.read.cells}) == len(found.read.cells)


def test_a_demonstration_that_the_course_moved_is_moved():
    cells = release_cells()
    cells.insert(10, cells.pop(6))
    _, found = taken(answered(), course(cells))
    assert texts(found).index("steps = 3\nprint(steps)") == 10 and texts(found).count("steps = 3\nprint(steps)") == 1


def test_nothing_is_told_where_nothing_was_corrected():
    corrections, found = taken(answered(), course())
    assert corrections == [] and texts(found) == [cell.source for cell in answered().cells]


# --- what a learner wrote stays ---------------------------------------------------------------------------------------


def test_a_stub_that_was_corrected_after_it_was_answered_is_put_above_the_answer_as_a_comment():
    new = changed(3, stub("0.1", "A better docstring."))
    corrections, found = taken(answered(), new)
    assert [(in_words([one]), one.beside) for one in corrections] == [("Exercise 0.1 (stub)", True)]
    assert texts(found)[4] == answered().cells[3].source
    assert found.read.cells[4].id == "ex-0-1" and found.read.cells[4].value == "7"
    comment = texts(found)[3]
    assert '#     """A better docstring."""' in comment
    assert all(line.startswith("#") for line in comment.split("\n"))


def test_code_that_both_changed_runs_twice_and_the_courses_comes_last():
    mine = course()
    mine.cells[6].source = "steps = 30\nprint(steps)"
    corrections, found = taken(mine, changed(6, "steps = 4\nwidth = 5\nprint(steps)"))
    assert corrections[0].beside
    yours, comment, theirs = texts(found)[6:9]
    assert (yours, theirs) == (mine.cells[6].source, "steps = 4\nwidth = 5\nprint(steps)")
    assert comment.startswith("# The course has corrected the cell above")
    again, _ = taken(nbformat.from_dict(found.content), course(), changed(6, "steps = 4\nwidth = 5\nprint(steps)"))
    assert [one.beside for one in again] == [False]  # the next correction replaces the course's own cell


def test_a_text_that_both_changed_is_there_twice():
    mine = course()
    mine.cells[5].source = "What I noticed: it is smooth."
    _, found = taken(mine, changed(5, "What to notice: it is smooth everywhere."))
    assert texts(found)[6:8] == ["What to notice: it is smooth everywhere.", "What I noticed: it is smooth."]


def test_what_the_learner_had_corrected_already_is_no_correction():
    new = changed(6, "steps = 4\nprint(steps)")
    mine = course()
    mine.cells[6].source = "steps = 4\nprint(steps)  "
    assert taken(mine, new)[0] == []


def test_a_cell_that_the_learner_deleted_does_not_come_back():
    mine = course()
    del mine.cells[6]
    corrections, found = taken(mine, changed(6, "steps = 4\nprint(steps)"))
    assert corrections == [] and texts(found) == [cell.source for cell in mine.cells]


def test_a_cell_that_the_course_removed_stays_if_the_learner_changed_it():
    cells = release_cells()
    del cells[6]
    assert "steps = 3\nprint(steps)" not in texts(taken(course(), course(cells))[1])
    mine = course()
    mine.cells[6].source = "steps = 30"
    assert "steps = 30" in texts(taken(mine, course(cells))[1])


def test_moved_and_copied_cells_are_corrected_where_they_are():
    mine = course()
    mine.cells.insert(0, mine.cells.pop(6))
    mine.cells.append(again(mine.cells[0], "pasted"))
    _, found = taken(mine, changed(6, "steps = 4\nprint(steps)"))
    assert texts(found)[0] == texts(found)[-1] == "steps = 4\nprint(steps)"
    assert "steps = 3\nprint(steps)" not in texts(found)


def test_the_halves_of_a_split_cell_stay_and_the_corrected_one_follows_them():
    mine = course()
    mine.cells[6].source = "steps = 3"
    mine.cells.insert(7, new_code_cell("print(steps)", id="half"))
    _, found = taken(mine, changed(6, "steps = 4\nprint(steps)"))
    assert texts(found)[6:8] == ["steps = 3", "print(steps)"]
    assert texts(found)[9] == "steps = 4\nprint(steps)"


def test_a_copy_without_ids_and_metadata_is_corrected_by_its_texts():
    mine = answered()
    mine.nbformat_minor = 4
    mine.metadata = {}
    for cell in mine.cells:
        del cell["id"]
        cell.metadata = {}
    cells = release_cells()
    cells[5].source = "What to notice: it is very smooth."
    cells[10].source = 'check("0.2", numerical_gradient)  # both'
    cells.insert(8, new_code_cell("print('new')"))
    _, found = taken(mine, course(cells))
    expected = [cell.source for cell in cells]
    expected[3] = mine.cells[3].source
    assert texts(found) == expected
    nbformat.validate(found.content)
    assert not any(
        "id" in cell or cell["metadata"] for cell in found.content["cells"] if cell["source"] != ["print('new')"]
    )


def written(mine, new):
    """Return the written answer of a copy, before and after its update to an edition."""
    _, found = taken(mine, new)
    known = [edition_of(read_notebook(json.dumps(one).encode())) for one in (course(), new)]
    return [
        read_submission(data, template, known).written["ex-8-5"]
        for data, template in ((json.dumps(mine).encode(), course()), (found.to_bytes(), new))
    ]


@pytest.mark.parametrize("kind", ["markdown", "code"])
def test_no_text_of_the_course_gets_in_between_the_parts_of_a_written_answer(kind):
    cells = release_cells()
    cells[11].source += "\n\nIn the second column."
    cells.insert(13, new_markdown_cell("What to notice: the last row."))
    mine = course()
    mine.cells[11].source = "### Exercise 8.5 · A table\n\nI read it."
    if kind == "code":
        mine.cells[12] = new_code_cell("An answer.", id="ex-8-5", metadata=mine.cells[12].metadata)
    mine.cells[12].source = "An answer."
    mine.cells.insert(13, new_markdown_cell("The rest of it.", id="rest"))
    before, after = written(mine, course(cells))
    assert before == after == "### Exercise 8.5 · A table\n\nI read it.\n\nAn answer.\n\nThe rest of it."


def test_a_text_that_the_course_removes_joins_no_note_with_a_written_answer():
    cells = release_cells()
    del cells[11]
    mine = course()
    mine.cells[12].source = "An answer."
    mine.cells.insert(11, new_markdown_cell("A note for myself.", id="note"))
    before, after = written(mine, course(cells))
    assert before == after == "An answer."


def test_a_check_that_both_changed_leaves_what_counts_above_it_as_it_was():
    mine = answered("def sigmoid(a):\n    return helper(a)")
    mine.cells[4].source = "def helper(a):\n    return 0.5"  # the learner's, in the place of the check
    new = changed(4, 'check("0.1", sigmoid)  # corrected')
    _, found = taken(mine, new)
    known = [edition_of(read_notebook(json.dumps(one).encode())) for one in (course(), new)]
    assert graded_as(json.dumps(mine).encode(), course(), known) == graded_as(found.to_bytes(), new, known)
    assert (
        texts(found)[6] == new.cells[4].source and [cell.grade_id for cell in found.read.cells].count("check-0-1") == 1
    )


def test_a_cell_that_the_learner_has_pasted_already_is_not_added_again():
    cells = release_cells()
    cells.insert(5, new_code_cell("print('new')"))
    mine = course()
    mine.cells.append(new_code_cell("print('new')", id="pasted"))
    corrections, found = taken(mine, course(cells))
    assert corrections == [] and texts(found).count("print('new')") == 1


def test_an_id_that_the_course_gives_to_another_cell_is_its_alone():
    cells = release_cells()
    del cells[5]  # the next cell under this heading gets its id
    mine = course()
    mine.cells[5].source = "My own words."
    _, found = taken(mine, course(cells))
    ids = {cell.source: cell.id for cell in found.read.cells}
    assert len({*ids.values()}) == len(ids)
    assert ids["steps = 3\nprint(steps)"] == mine.cells[5].id != ids["My own words."]


def test_half_a_character_in_an_output_can_be_written():
    mine = saved(answered())
    mine.content["cells"][3]["outputs"][0]["data"]["text/plain"] = "\ud83d"
    found = Comparison(mine, saved(course()), saved(changed(0, "# Another"))).updated()
    assert json.loads(found.to_bytes())["cells"][3]["outputs"][0]["data"]["text/plain"] == "\ud83d"


# --- whatever the learner and the course did --------------------------------------------------------------------------

PROSE = ("Mine.", "A note of mine.\n\nIn two parts.", "", "## My heading")
CODE = (
    "def sigmoid(a):\n    return helper(a)",
    "def helper(a):\n    return 1 / (1 + np.exp(-a))",
    "def numerical_gradient(a):\n    return a + scale",
    "scale = 3",
    "class numerical_gradient: pass",
    "def sigmoid(a:\n    broken",
    "%matplotlib inline\nimport math",
    "sigmoid = math.sqrt",
    'check("0.1", sigmoid)\nprint("mine")',
    "",
)
THEIRS = ("A sentence of the course.", "Another one.", "## A new section\n\nWith words.")
THEIR_CODE = ("print('the course')", "steps = 7\nprint(steps)", "import math\nmath.pi")


@st.composite
def editions(draw, old):
    """Draw the course after some corrections."""
    cells = deepcopy(old)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(cells) - 1))
        is_graded = "nbgrader" in cells[at].metadata
        match draw(st.sampled_from(["edit", "rewrite", "insert", "insert code", "remove", "move"])):
            case "edit":
                cells[at].source += draw(st.sampled_from(["  # corrected", "\n# corrected again", "\n\n# A note"]))
            case "rewrite" if not is_graded:
                cells[at].source = draw(st.sampled_from(THEIRS if cells[at].cell_type == "markdown" else THEIR_CODE))
            case "insert":
                cells.insert(at, new_markdown_cell(draw(st.sampled_from(THEIRS))))
            case "insert code":
                cells.insert(at, new_code_cell(draw(st.sampled_from(THEIR_CODE))))
            case "remove" if not is_graded:
                del cells[at]
            case "move" if not is_graded:
                cells.insert(draw(st.integers(0, len(cells) - 1)), cells.pop(at))
    return course(cells)


@st.composite
def copies(draw, old):
    """Draw a copy after a learner's work."""
    mine = deepcopy(old)
    cells = mine.cells
    for _ in range(draw(st.integers(0, 8))):
        if not cells:
            break
        at = draw(st.integers(0, len(cells) - 1))
        cell = cells[at]
        own = st.sampled_from(PROSE if cell.cell_type == "markdown" else CODE)
        match draw(st.sampled_from([*OPERATIONS])):
            case "write":
                cell.source = draw(own)
            case "add to":
                cell.source += "\n" + draw(own)
            case "insert":
                cells.insert(at, new_markdown_cell(draw(st.sampled_from(PROSE)), id=secrets.token_hex(4)))
            case "insert code":
                cells.insert(at, new_code_cell(draw(st.sampled_from(CODE)), id=secrets.token_hex(4)))
            case "delete":
                del cells[at]
            case "move":
                cells.insert(draw(st.integers(0, len(cells) - 1)), cells.pop(at))
            case "copy":
                cells.insert(draw(st.integers(0, len(cells) - 1)), again(cell))
            case "split":
                first, _, second = cell.source.partition("\n")
                cells.insert(at + 1, again(cell))
                cell.source, cells[at + 1].source = first, second
            case "merge" if at + 1 < len(cells):
                cell.source += "\n" + cells.pop(at + 1).source
            case "unmark":
                cell.metadata = {}
            case "rename":
                cell.id = secrets.token_hex(4)
            case "turn":
                kind = draw(st.sampled_from(["raw", "code", "markdown"]))
                cells[at] = nbformat.from_dict({"cell_type": kind, "id": cell.id, "metadata": cell.metadata})
                cells[at].source = cell.source
                if kind == "code":
                    cells[at] |= {"outputs": [], "execution_count": None}
            case "run" if cell.cell_type == "code":
                cell.outputs = [new_output("stream", text=f"output {secrets.token_hex(2)}")]
    return mine


OPERATIONS = ("write", "write", "add to", "insert", "insert code", "delete", "move", "copy", "split", "merge", "unmark")
OPERATIONS += ("rename", "turn", "run")


def own_cells(mine, old):
    """Return what the learner wrote: kind, text and outputs of the cells that are not the course's."""
    known = {fingerprint(cell.source) for cell in old.cells}
    return [
        (cell.cell_type, cell.source, json.dumps(cell.get("outputs")))
        for cell in mine.cells
        if fingerprint(cell.source) not in known
    ]


def is_part(some, others):
    """Whether all of some are among others, in their order."""
    rest = iter(others)
    return all(one in rest for one in some)


def graded_as(data, template, names):
    """Return what the grader takes from a notebook: the code for each exercise, and the written answers."""
    notebook = read_notebook(data)
    found = find_answers(notebook, NAMES, names)
    slices = NotebookSlices(found.sources, found.wanted)
    code = {exercise_id: slices.code_of(exercise_id) for exercise_id in NAMES}
    placeholder = next(cell.source for cell in template.cells if cell.id == "ex-8-5")
    written = read_submission(data, template, names).written
    is_there = any("ex-8-5" in (cell.grade_id, cell.id) for cell in notebook.cells)  # else the grader has to guess
    return code, {name: text for name, text in written.items() if is_there and text.strip() != placeholder}


@settings(max_examples=300)
@given(st.data())
def test_whatever_the_learner_and_the_course_did_nothing_is_lost_and_all_is_graded_as_before(data):
    old = course()
    new, mine = data.draw(editions(old.cells)), data.draw(copies(old))
    _, found = taken(mine, new)
    result = nbformat.from_dict(found.content)
    result = nbformat.reads(json.dumps(result), as_version=4)
    assert is_part(
        own_cells(mine, old), [(one.cell_type, one.source, json.dumps(one.get("outputs"))) for one in result.cells]
    )
    known = [edition_of(read_notebook(json.dumps(one).encode())) for one in (old, new)]
    before = graded_as(json.dumps(mine).encode(), old, known)
    after = graded_as(found.to_bytes(), new, known)
    assert before == after
    nbformat.validate(result)
    assert len({cell.id for cell in result.cells}) == len(result.cells)
    assert found.read.edition == new.metadata.course.edition
    assert Comparison(found, saved(new), saved(new)).corrections == []
