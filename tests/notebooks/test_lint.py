"""`make lint-notebooks` accepts a right notebook, and names the cell of every fault that is planted in it."""

import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.authoring.lint import lint_source

REST = '"schema_version": 3, "task": false}'
STUB = '# %% nbgrader={"grade": false, "grade_id": "ex-0-1", "locked": false, "solution": true, ' + REST
CHECK = '# %% nbgrader={"grade": true, "grade_id": "check-0-1", "locked": true, "solution": false, ' + REST
HIDDEN_CELL = f"""\
{CHECK.replace("check", "hidden")}
### BEGIN HIDDEN TESTS
hidden_check("0.1", sigmoid)
### END HIDDEN TESTS
"""

RIGHT = f"""\
# %% [markdown]
# # Write a layer
# **You will do** one. **You will learn** two. **You will need** three. [Glossary](../../GLOSSARY.md)
#
# > **Note.** A callout.

# %%
plots.tanh_graph()

# %%
plots.SliderFigure(lambda a: plots.tanh_graph(a), "a", 0, 1, 0, 1)

# %% [markdown]
# ### Exercise 0.1 · A sigmoid that never overflows
#
# <small>5 min</small>
#
# **Why.** It is needed.
#
# **By hand.** One number.

{STUB}
def sigmoid(a):
    ### BEGIN SOLUTION
    low, high = np.zeros_like(a), np.ones_like(a)
    half = a / 2  # of the argument
    # the middle of 0 and 1, and what tanh adds
    return (low + high + np.tanh(half)) / 2
    ### END SOLUTION
    raise NotImplementedError("Exercise 0.1: write sigmoid")

# %% [markdown]
# <details><summary>Hint 1: look</summary>One</details>
# <details><summary>Hint 2: think</summary>Two</details>
# <details><summary>Hint 3: write</summary>Three</details>

{CHECK}
check("0.1", sigmoid)

{HIDDEN_CELL}
# %% [markdown]
# **What to notice.** It is flat.
#
# **Go further.** Draw it.

# %%
sigmoid = answer("0.1")
sigmoid(0)

# %% [markdown]
# ## Summary
# All of it.
#
# ## Questions
# 1. Which?
# 2. Why?
# 3. How?
#
# ### Answers

# %% [markdown] tags=["solution"]
# 1. This.
# 2. Therefore.
# 3. So.

# %% [markdown]
# ## Before you hand in
# Look at it.
#
# ## Further reading
# A paper.
#
# ## 요약
# 1. 하나
# 2. 둘
# 3. 셋
# 4. 넷
# 5. 다섯
"""


@pytest.fixture
def findings(tmp_path):
    """A function that returns the findings in the right notebook after a replacement in its source."""

    def lint_changed(old="", new=""):
        assert old in RIGHT
        path = tmp_path / "solutions" / "00_layer" / "00_layer.py"
        path.parent.mkdir(parents=True)
        path.write_text(RIGHT.replace(old, new, 1) if old else RIGHT, encoding="utf-8")
        return [str(finding) for finding in lint_source(path, {"0.1": EXERCISES["0.1"]})]

    return lint_changed


def test_a_right_notebook_has_no_findings(findings):
    assert findings() == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("**You will learn**", "", "the notebook has no **You will learn**"),
        ("## Before you hand in", "## Then", "the notebook has no ## Before you hand in"),
        ("(../../GLOSSARY.md)", "", "the notebook has no (../../GLOSSARY.md)"),
        ("# # Write a layer", "# Write a layer", "the notebook has no title"),
        ("# 3. How?", "# 4. How?", "the questions are numbered 1, 2, 4"),
        ("# 3. So.", "# So.", "3 questions have 2 answers"),
        ("# 3. So.", "# 3. So.\n# 4. And.", "3 questions have 4 answers"),
        ("# 3. So.", "# 4. So.", "3 questions have 3 answers: give each one, under its number"),
        ("# 3. How?", "\n".join(f"# {number}. How?" for number in range(3, 12)), "there are 11 questions: ask 3 to 10"),
        ("# 3. How?\n", "# How?\n", "there are 2 questions: ask 3 to 10"),
        ("# 5. 다섯", "# 5. Five", "the summary in Korean has 4 lines"),
        ("A callout.", "word " * 121, "words of prose, and the most is 120"),
        ("> **Note.**", "> **Beware.**", "“Beware” is not a callout"),
        ("# %%\nplots.tanh_graph()\n", "", "its slider moves `tanh_graph`"),
        ('sigmoid = answer("0.1")\n', "", "`sigmoid` is a stub in an untouched notebook"),
        ("### Exercise 0.1", "### Exercise 0.2", "exercise 0.1 has no heading"),
        ("· A sigmoid", "★ A sigmoid", "it must begin with `### Exercise 0.1 · A sigmoid that never overflows`"),
        ("<small>5 min</small>", "(about 5 min)", "it must begin with"),
        ("**By hand.**", "", "it has no `**By hand`"),
        ("**Go further.**", "", "it has no `**Go further.**`"),
        ("# **Why.** It is needed.\n", "", "it has no `**Why.**`"),
        (
            "# **What to notice.** It is flat.\n#\n# **Go further.**",
            "# **Go further.**\n# **What to notice.**",
            "before",
        ),
        ("Hint 2: ", "Hint: ", "it has hint 2 0 times"),
        ("It is needed.", "word " * 81, "its “Why” has 81 words, and the most is 80"),
        (f'{CHECK}\ncheck("0.1", sigmoid)\n', "", "exercise 0.1 has no check cell: add it."),
        (HIDDEN_CELL, "", "exercise 0.1 has no hidden cell: add it."),
    ],
)
def test_a_planted_fault_is_found(findings, old, new, said):
    found = findings(old, new)
    assert any(said in finding for finding in found), found


ANSWER = "return (low + high + np.tanh(half)) / 2"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("plots.tanh_graph()\n", f"def other(low, high, half):\n    {ANSWER}\n\nplots.tanh_graph()\n"),
        ("plots.tanh_graph()\n", "plots.tanh_graph()\nmiddle = (low+high + np.tanh( half ))/2\n"),
        ("# > **Note.** A callout.", f"# It ends in `{ANSWER}`."),
        ("# > **Note.** A callout.", f"# ```python\n#     {ANSWER}\n# ```"),
        ("# **By hand.** One number.", f"# **By hand.** <code>{ANSWER}</code>"),
    ],
)
def test_a_line_of_an_answer_before_its_stub_is_found(findings, old, new):
    [found] = findings(old, new)
    assert f"it shows `{ANSWER}`, a line of the answer to 0.1, before its stub" in found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("One</details>", f"<code>{ANSWER}</code></details>"),
        ("# **What to notice.** It is flat.", f"# **What to notice.** `{ANSWER}` is flat."),
        ("# > **Note.** A callout.", "# `half = a / 2`"),
        ("# > **Note.** A callout.", "# `the middle of 0 and 1, and what tanh adds`"),
        ("# > **Note.** A callout.", f"# {ANSWER}"),  # plain words are no code
        ("# %% [markdown]\n# ## Summary", f'# %% tags=["solution"]\n"{ANSWER}"\n\n# %% [markdown]\n# ## Summary'),
    ],
)
def test_hints_short_lines_comments_and_what_stands_below_show_no_answer(findings, old, new):
    assert findings(old, new) == []


def test_an_answer_that_only_the_solution_shows_is_not_shown_before_another(findings):
    """The release has the stub of an earlier exercise in the place of its answer."""
    stub = RIGHT[RIGHT.index(STUB) : RIGHT.index("# %% [markdown]\n# <details>")]
    second = stub.replace("-0-1", "-0-2").replace("Exercise 0.1", "Exercise 0.2")
    assert ANSWER in second
    assert findings(stub, stub + second) == []


def test_a_finding_is_one_line_that_names_the_file_and_the_cell(findings):
    assert findings(HIDDEN_CELL, "") == [
        "solutions/00_layer/00_layer.py: cell write-a-layer_1: exercise 0.1 has no hidden cell: add it."
    ]
