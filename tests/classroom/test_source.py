"""A source with a fault is refused, in a sentence that names the file and the cell."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.checks.exercise import POINTS
from helpers.checks.grade_id import GradeId
from helpers.classroom.authoring.build import find_sources
from helpers.classroom.authoring.source import BuildError, as_release, as_solution, grading, read_source

ROOT = Path(__file__).resolve().parents[2]

BLOCK = """\
    ### BEGIN SOLUTION
    factor = np.ones_like(x) + 1
    return factor * x
    ### END SOLUTION
"""

#: What is wrong: a part of the source, what replaces it, and how the refusal begins.
FAULTS = {
    "a solution that is not ended": (
        "    ### END SOLUTION\n    # 1. multiply by two\n",
        "    # 1. multiply by two\n",
        "cell ex-4-1: ### BEGIN SOLUTION has no partner",
    ),
    "a solution that is not begun": (
        "    ### BEGIN SOLUTION\n    factor",
        "    factor",
        "cell ex-4-1: ### END SOLUTION has no partner",
    ),
    "a solution begun twice": (
        "    return factor * x\n",
        "    ### BEGIN SOLUTION\n    return factor * x\n",
        "cell ex-4-1: ### BEGIN SOLUTION has no partner",
    ),
    "one marker indented otherwise": (
        "    ### END SOLUTION\n    # 1. multiply by two",
        "  ### END SOLUTION\n    # 1. multiply by two",
        "cell ex-4-1: ### BEGIN SOLUTION is indented by 4 and its ### END by 2",
    ),
    "both markers at the margin": (
        BLOCK,
        BLOCK.replace("    ###", "###"),
        "cell ex-4-1: the markers in `double` are indented by 0, its body by 4",
    ),
    "a misspelt marker": (
        "    ### BEGIN SOLUTION\n    factor",
        "    ## BEGIN SOLUTION\n    factor",
        "cell ex-4-1: `## BEGIN SOLUTION` looks like a marker",
    ),
    "a marker in small letters": (
        "    ### BEGIN SOLUTION\n    factor",
        "    ### begin solution\n    factor",
        "cell ex-4-1: `### begin solution` looks like a marker",
    ),
    "a solution outside a function": (
        "class Counter:",
        "### BEGIN SOLUTION\nSECRET = 1\n### END SOLUTION\nclass Counter:",
        "cell ex-4-2: a ### BEGIN SOLUTION outside a function",
    ),
    "an answer cell without a solution": (
        BLOCK,
        "    return 2 * x\n",
        "cell ex-4-1: it is a solution cell without ### BEGIN SOLUTION",
    ),
    "an empty solution": (
        "    factor = np.ones_like(x) + 1\n    return factor * x\n",
        "    # nothing\n",
        "cell ex-4-1: the solution of `double` is empty",
    ),
    "a solution line after the end": (
        "    # 1. multiply by two\n",
        "    factor = np.ones_like(x) + 1\n    # 1. multiply by two\n",
        "cell ex-4-1: `factor = np.ones_like(x) + 1` comes after the ### END SOLUTION of `double`",
    ),
    "a stub that raises something else": (
        'raise NotImplementedError("Exercise 4.1: write double")',
        'raise ValueError("Exercise 4.1: write double")',
        "cell ex-4-1: the stub of `double` may raise one thing only: NotImplementedError",
    ),
    "a stub that raises something else before its end": (
        "    # 1. multiply by two\n",
        "    if x is None:\n        raise TypeError\n",
        "cell ex-4-1: the stub of `double` may raise one thing only: NotImplementedError",
    ),
    "a stub whose message names no exercise": (
        '"Exercise 4.1: write double"',
        '"to do"',
        "cell ex-4-1: the stub of `double` may raise one thing only",
    ),
    "a stub that names another exercise": (
        '"Exercise 4.1: write double"',
        '"Exercise 4.2: write double"',
        "cell ex-4-1: its stub says Exercise 4.2, its grade id 4.1",
    ),
    "a stub that raises nothing": (
        '    raise NotImplementedError("Exercise 4.1: write double")\n',
        "",
        "cell ex-4-1: the stub of `double` must end, after ### END SOLUTION",
    ),
    "a duplicate grade id": (
        '"grade_id": "check-4-2"',
        '"grade_id": "check-4-1"',
        "two cells have the grade id check-4-1",
    ),
    "a solution in a cell that is not for answers": (
        'print("sum"',
        'def f():\n    ### BEGIN SOLUTION\n    pass\n    ### END SOLUTION\nprint("sum"',
        'cell read-a-small-notebook_4 ("def f():"): it has a solution, but',
    ),
    "markers in a written answer": (
        "# A written answer, graded by a person.",
        "# ### BEGIN SOLUTION\n# A written answer\n# ### END SOLUTION",
        "cell ex-8-5: a text cell has no markers",
    ),
    "hidden tests without markers": (
        '### BEGIN HIDDEN TESTS\nhidden_check("4.1", double)\n### END HIDDEN TESTS',
        'hidden_check("4.1", double)',
        "cell hidden-4-1: hidden tests stand between one ### BEGIN HIDDEN TESTS",
    ),
    "code beside hidden tests": (
        "### BEGIN HIDDEN TESTS",
        'hidden_check("4.1", double)\n### BEGIN HIDDEN TESTS',
        "cell hidden-4-1: there is code outside the hidden tests",
    ),
    "hidden tests in a cell that is not graded": (
        'print("sum"',
        '### BEGIN HIDDEN TESTS\n1\n### END HIDDEN TESTS\nprint("sum"',
        "hidden tests belong in a graded cell of their own",
    ),
    "a check beside something else": (
        'check("4.2", Counter)',
        'print("here")\ncheck("4.2", Counter)',
        'cell check-4-2: a test cell is the one line `check("4.2", …)`',
    ),
    "a check whose points are changed": (
        'check("4.2", Counter)',
        'check("4.2", Counter) / 2',
        'cell check-4-2: a test cell is the one line `check("4.2", …)`',
    ),
    "a check of another exercise": (
        'check("4.2", Counter)',
        'check("4.1", double)',
        'cell check-4-2: a test cell is the one line `check("4.2", …)`',
    ),
    "a hidden check beside something else": (
        'hidden_check("4.1", double)\n',
        'double(3)\nhidden_check("4.1", double)\n',
        'cell hidden-4-1: a test cell is the one line `hidden_check("4.1", …)`',
    ),
    "a visible check between the markers of a hidden one": (
        'hidden_check("4.1", double)\n',
        'check("4.1", double)\n',
        'cell hidden-4-1: a test cell is the one line `hidden_check("4.1", …)`',
    ),
    "a written answer without points": (
        '"points": 3, ',
        "",
        "09_small.py: nbgrader's metadata are not complete",
    ),
    "a check with points of its own": (
        '"grade_id": "check-4-2", ',
        '"grade_id": "check-4-2", "points": 2, ',
        'cell check-4-2: its header has "points": remove them. The points of a check are those of its exercise',
    ),
    "a hidden check with points of its own": (
        '"grade_id": "hidden-4-1", ',
        '"grade_id": "hidden-4-1", "points": 4, ',
        'cell hidden-4-1: its header has "points": remove them.',
    ),
    "a check of no exercise": (
        '"check-4-2", "locked": true, "schema_version": 3, "solution": false, "task": false}\ncheck("4.2"',
        '"check-4-99", "locked": true, "schema_version": 3, "solution": false, "task": false}\ncheck("4.99"',
        "cell check-4-99: its exercise is not in helpers/checks, where the points of a check come from",
    ),
    "a solution that is not Python": (
        "    factor = np.ones_like(x) + 1\n",
        "    factor = np.ones_like(x) +\n",
        "cell ex-4-1: it is not valid Python",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_source_is_refused_by_name(source_path, fault):
    old, new, message = FAULTS[fault]
    text = source_path.read_text()
    assert old in text
    source_path.write_text(text.replace(old, new, 1))
    with pytest.raises(BuildError, match=re.escape(message)) as refusal:
        read_source(source_path)
    assert str(refusal.value).startswith("solutions/09_small/09_small.py")


def source_of(notebook, cell_id):
    """Return what a cell holds."""
    return next(cell.source for cell in notebook.cells if cell.id == cell_id)


def test_a_learner_sees_the_stub_and_not_the_answer(source_path):
    release = as_release(read_source(source_path))
    assert source_of(release, "ex-4-1") == (
        '# YOUR ANSWER · 4.1\ndef double(x):\n    """Return twice x."""\n    # 1. multiply by two\n'
        '    # ↓ replace this line\n    raise NotImplementedError("Exercise 4.1: write double")'
    )
    assert source_of(release, "ex-8-5") == "*Write your answer here.*"
    assert source_of(release, "hidden-4-1") == "# Your instructor's tests run here."


def test_a_reader_sees_the_answer_and_not_the_stub(source_path):
    solution = as_solution(read_source(source_path))
    assert source_of(solution, "ex-4-1") == (
        'def double(x):\n    """Return twice x."""\n    factor = np.ones_like(x) + 1\n    return factor * x'
    )
    everything = "\n".join(cell.source for cell in solution.cells)
    assert "###" not in everything
    assert "raise NotImplementedError" not in everything


QUESTIONS = """
# %% [markdown]
# ## Questions
#
# 1. Which? 2. Why?

# %% [markdown] tags=["solution"]
# ### Answers
#
# 1. This one.

# %% [markdown] tags=["solution"]
# 2. Because.

# %% tags=["solution"]
print("2.", 1 + 1)
"""


def test_answers_to_questions_are_folded_away_below_them_in_the_release(source_path):
    source_path.write_text(source_path.read_text() + QUESTIONS)
    source = read_source(source_path)
    text = as_release(source).cells[-1].source
    questions, found, folded = text.partition("<details")
    assert found and questions == "## Questions\n\n1. Which? 2. Why?\n\n"
    body = folded.partition(">Answers</summary>\n\n")[2]
    code = '```python\nprint("2.", 1 + 1)\n```'
    assert body == f"1. This one.\n2. Because.\n\n{code}\n\n</details>"
    assert [cell.source for cell in as_solution(source).cells[-4:-2]] == [
        questions.strip(),
        "### Answers\n\n1. This one.",
    ]


def test_what_stands_below_a_written_answer_is_in_no_release(source_path):
    answer = "The answer to a question that nobody grades."
    assert any(cell.source == answer for cell in as_solution(read_source(source_path)).cells)
    assert not any(answer in cell.source for cell in as_release(read_source(source_path)).cells)


def test_each_method_of_a_class_has_its_own_stub(source_path):
    counter = source_of(as_release(read_source(source_path)), "ex-4-2")
    assert counter.count("raise NotImplementedError") == 2
    assert "self.counts = np.zeros(2)" in counter  # what is given stays


def test_an_answer_cell_is_marked_in_the_release_alone(source_path):
    source = read_source(source_path)
    lines = source_of(as_release(source), "ex-4-2").split("\n")
    assert lines[0] == "# YOUR ANSWER · 4.2"
    raising = [number for number, line in enumerate(lines) if line.strip().startswith("raise")]
    assert raising and all(lines[number - 1].strip() == "# ↓ replace this line" for number in raising)
    assert "YOUR ANSWER" not in source_of(as_solution(source), "ex-4-2")


def test_below_the_title_of_an_exercise_stand_its_stars_its_minutes_and_the_points_of_both_checks():
    for path in find_sources(ROOT):
        cells = read_source(path).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        found = re.findall(r"(?m)^### Exercise (\S+) · .+\n\n<small>(★+) · \d+ min · (.+)</small>$", text)
        assert len(found) == len(re.findall(r"(?m)^### Exercise ", text))
        for exercise_id, stars, points in found:
            most = {
                GradeId.parse(cell.id).exercise_id: cell for cell in cells if cell.id.startswith(("check-", "ex-8-5"))
            }
            half = grading(most[exercise_id])["points"]
            expected = f"{half} points" if exercise_id == "8.5" else f"{half} + {half} points"
            assert (points, POINTS[len(stars)]) == (expected, half if exercise_id == "8.5" else 2 * half)


def test_a_rule_stands_above_each_exercise_but_not_below_the_title_of_a_section():
    found = []
    for path in find_sources(ROOT):
        text = "\n\n".join(cell.source for cell in read_source(path).cells)
        found += [(above, below) for above, below in re.findall(r"(.*)\n+(<hr>\n\n|)### Exercise ", text)]
    assert len(found) > len(EXERCISES)  # the written answer too
    assert {(above.startswith("## "), below != "") for above, below in found} == {(True, False), (False, True)}


def test_an_answer_that_nobody_grades_is_in_the_solution_only(source_path):
    source = read_source(source_path)
    words = "The answer to a question that nobody grades."
    assert any(words in cell.source for cell in as_solution(source).cells)
    assert not any(words in cell.source for cell in as_release(source).cells)


def test_a_cell_for_the_release_alone_is_not_in_the_solution(source_path):
    text = source_path.read_text()
    source_path.write_text(
        text.replace("# %%\nimport numpy", '# %% tags=["release"]\nwhere = 1\n\n# %%\nimport numpy', 1)
    )
    source = read_source(source_path)
    assert "where = 1" not in [cell.source for cell in as_solution(source).cells]
    assert "where = 1" in [cell.source for cell in as_release(source).cells]


def test_a_rubric_is_in_the_solution_and_in_the_grading_template_and_never_in_the_release(source_path):
    rubric = '\n\n# %% [markdown] tags=["solution", "rubric"]\n# **The rubric**: one point for a number.\n'
    source_path.write_text(source_path.read_text(encoding="utf-8") + rubric, encoding="utf-8")
    source = read_source(source_path)
    texts = [as_solution(source), as_release(source, rubric=True), as_release(source)]
    assert [any("The rubric" in cell.source for cell in text.cells) for text in texts] == [True, True, False]


@pytest.mark.parametrize("path", find_sources(ROOT), ids=lambda path: path.stem)
def test_every_check_names_the_answer_of_its_exercise(path):
    cells = [cell for cell in read_source(path).cells if grading(cell).get("grade") and not grading(cell)["solution"]]
    calls = [line for cell in cells for line in cell.source.split("\n") if 'check("' in line]
    found = [re.fullmatch(r'(?:hidden_)?check\("([\d.]+)", (\w+)\)', line) for line in calls]
    assert len(found) == len(cells) >= 2
    assert [match[2] for match in found] == [EXERCISES[match[1]].name for match in found]


@pytest.mark.parametrize(("stars", "points"), [(1, 1), (2, 2), (3, 3)])
def test_both_checks_have_the_points_of_their_exercise(source_path, monkeypatch, stars, points):
    monkeypatch.setitem(EXERCISES, "4.1", replace(EXERCISES["4.1"], heading=f"4.1 {'★' * stars} The memory"))
    cells = {cell.id: grading(cell) for cell in read_source(source_path).cells}
    assert [repr(cells[name]["points"]) for name in ("check-4-1", "hidden-4-1")] == [repr(points)] * 2
    assert [cells[name]["points"] for name in ("check-4-2", "ex-8-5")] == [2, 3]


def test_half_a_point_stays_half_a_point(source_path, monkeypatch):
    monkeypatch.setitem(POINTS, 2, 5.0)
    assert [grading(cell)["points"] for cell in read_source(source_path).cells if cell.id == "check-4-1"] == [2.5]


@pytest.mark.parametrize("path", find_sources(ROOT), ids=lambda path: path.stem)
def test_no_header_of_a_check_has_points(path):
    headers = [line for line in path.read_text(encoding="utf-8").split("\n") if line.startswith("# %%")]
    assert [line for line in headers if '"points"' in line and '"ex-' not in line] == []
