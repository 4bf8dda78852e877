"""Notebooks as honest learners leave them: right answers in cells of their own, split, copied, renamed, kept twice.

Each changes a solved notebook 01. What its visible checks say where its cells are run from top to bottom, as in
JupyterLab, is what the grader must find too.
"""

import textwrap

from tests.classroom.attacks.kit import Work

CASES = {}


def case(build):
    """Collect a function that changes a Work."""
    CASES[build.__name__] = build
    return build


def build(name):
    """Return the Work of a case."""
    work = Work("01")
    CASES[name](work)
    return work


def own(source):
    """Return a cell of the learner's own."""
    return {"cell_type": "code", "metadata": {}, "source": textwrap.dedent(source).strip()}


def above(work, exercise_id, *sources):
    """Put cells of the learner's own above the answer to an exercise."""
    place = work.cells.index(work.answer(exercise_id))
    work.cells[place:place] = map(own, sources)


def below(work, exercise_id, *sources):
    """Put cells of the learner's own right below the answer to an exercise, above its check."""
    place = work.cells.index(work.answer(exercise_id)) + 1
    work.cells[place:place] = map(own, sources)


def after_check(work, exercise_id, *sources):
    """Put cells of the learner's own below the check of an exercise."""
    place = work.cells.index(work.cell(f"check-{exercise_id.replace('.', '-')}")) + 1
    work.cells[place:place] = map(own, sources)


def split(work, exercise_id, first, second):
    """Split an answer cell as JupyterLab does: the first half has a new id, both have the grade id."""
    cell = work.answer(exercise_id)
    half = dict(cell, id="0123abcd", source=textwrap.dedent(first).strip())
    work.cells.insert(work.cells.index(cell), half)
    cell["source"] = textwrap.dedent(second).strip()


def unsolved(work, exercise_id):
    """Put the stub back in the place of an answer."""
    work.answer(exercise_id)["source"] = Work("01", solved=False).source(exercise_id)


TANH = "def tanh_backward(dout, y):\n    return dout * (1 - y**2)"
WRONG_TANH = "def tanh_backward(dout, y):\n    return dout * (1 - y)"


@case
def untouched_solution(work):
    """Nothing but the answers."""


@case
def split_below_a_helper(work):
    split(work, "1.1", "def slope(y):\n    return 1 - y**2", "def tanh_backward(dout, y):\n    return dout * slope(y)")


@case
def split_above_a_try(work):
    split(work, "1.1", TANH, "# try it\nprint(tanh_backward(1.0, 0.5))")


@case
def split_twice(work):
    split(work, "1.1", "import math", "def tanh_backward(dout, y):\n    return dout * math.exp(0) * slope(y)")
    split(work, "1.1", "def slope(y):\n    return 1 - y**2", work.source("1.1"))


@case
def helper_above(work):
    above(work, "1.1", "def slope(y):\n    return 1 - y**2")
    work.write("1.1", "def tanh_backward(dout, y):\n    return dout * slope(y)")


@case
def helper_below_its_answer(work):
    below(work, "1.1", "def slope(y):\n    return 1 - y**2")
    work.write("1.1", "def tanh_backward(dout, y):\n    return dout * slope(y)")


@case
def helper_of_a_helper_far_above(work):
    work.cells[1:1] = [
        own("def square(y):\n    return y * y"),
        own("def slope(y):\n    return ONE - square(y)\n\nONE = 1"),
    ]
    work.write("1.1", "def tanh_backward(dout, y):\n    return dout * slope(y)")


@case
def helper_in_the_cell_of_another_answer(work):
    work.put_before("1.1", "def norm_of(dh):\n    return np.sqrt((dh * dh).sum())")
    work.write("1.5", work.source("1.5").replace("np.linalg.norm(dh)", "norm_of(dh)"))


@case
def helper_that_calls_an_earlier_answer(work):
    above(work, "1.3", "def through_tanh(dh, h):\n    return tanh_backward(dh, h)")
    work.write("1.3", work.source("1.3").replace("tanh_backward(", "through_tanh("))


@case
def import_in_the_first_cell(work):
    first = next(cell for cell in work.cells if cell["cell_type"] == "code")
    first["source"] = "".join(first["source"]) + "\nimport numpy.linalg as la"
    work.write("1.6", work.source("1.6").replace("np.linalg", "la"))


@case
def import_in_a_cell_of_its_own(work):
    above(work, "1.6", "from numpy import abs as magnitude, linalg")
    work.write("1.6", work.source("1.6").replace("np.linalg", "linalg").replace("np.abs", "magnitude"))


@case
def import_that_may_fail(work):
    above(work, "1.1", "try:\n    import no_such_package as xp\nexcept ImportError:\n    import numpy as xp")
    work.write("1.1", "def tanh_backward(dout, y):\n    return xp.multiply(dout, 1 - y**2)")


@case
def everything_from_a_module(work):
    above(work, "1.1", "from math import *")
    work.write("1.1", "def tanh_backward(dout, y):\n    return dout * (exp(0) - y ** floor(2.5))")


@case
def import_of_the_course_under_another_name(work):
    above(work, "1.4", "from helpers.nn import Layer as Base, FastLSTM")
    work.write("1.4", work.source("1.4").replace("class RNN(Layer)", "class RNN(Base)"))


@case
def base_class_and_decorator_of_its_own(work):
    above(
        work,
        "1.4",
        """
        import functools


        def traced(function):
            @functools.wraps(function)
            def call(*args, **kwargs):
                return function(*args, **kwargs)

            return call


        class Recurrent(Layer):
            recurrent = True
        """,
    )
    source = work.source("1.4").replace("class RNN(Layer)", "class RNN(Recurrent)")
    work.write("1.4", source.replace("    def forward", "    @traced\n    def forward"))


@case
def constant_of_its_own(work):
    above(work, "1.1", "ONE: float = 1.0\nTWO, THREE = 2, 3", "ONE += 0 * THREE")
    work.write("1.1", "def tanh_backward(dout, y):\n    return dout * (ONE - y**TWO)")


@case
def table_that_a_loop_fills(work):
    above(work, "1.1", "POWERS = {}\nfor power in range(3):\n    POWERS[power] = lambda y, power=power: y**power")
    work.write("1.1", "def tanh_backward(dout, y):\n    return dout * (POWERS[0](y) - POWERS[2](y))")


@case
def another_name_for_the_answer(work):
    work.write("1.1", TANH.replace("tanh_backward", "my_version") + "\n\n\ntanh_backward = my_version")


@case
def name_given_in_a_cell_below(work):
    work.write("1.1", TANH.replace("tanh_backward", "my_version"))
    below(work, "1.1", "tanh_backward = my_version")


@case
def wrapped_in_a_cell_below(work):
    below(work, "1.1", "inner = tanh_backward\n\n\ndef tanh_backward(dout, y):\n    return inner(dout, y)")


@case
def lambda_for_an_answer(work):
    work.write("1.1", "tanh_backward = lambda dout, y: dout * (1 - y * y)")


@case
def defined_in_a_branch(work):
    work.write("1.1", "if np:\n" + textwrap.indent(TANH, "    ") + "\nelse:\n    tanh_backward = None")


@case
def method_added_in_a_cell_below(work):
    source = work.source("1.4").replace("    def backward", "    def on_the_way_back")
    work.write("1.4", source)
    below(work, "1.4", "RNN.backward = RNN.on_the_way_back")


@case
def answer_in_a_cell_below_the_stub(work):
    unsolved(work, "1.1")
    below(work, "1.1", TANH)


@case
def answer_below_the_stub_with_a_helper_between(work):
    unsolved(work, "1.1")
    below(work, "1.1", "def slope(y):\n    return 1 - y**2", "def tanh_backward(dout, y):\n    return dout * slope(y)")


@case
def old_attempt_above(work):
    above(work, "1.1", WRONG_TANH)


@case
def old_attempt_below_the_check(work):
    after_check(work, "1.1", WRONG_TANH)


@case
def old_attempt_in_quotes_below(work):
    below(work, "1.1", f'"""\n{WRONG_TANH}\n"""')


@case
def old_attempt_commented_out_below(work):
    below(work, "1.1", textwrap.indent(WRONG_TANH, "# "))


@case
def broken_attempt_below(work):
    below(work, "1.1", "def tanh_backward(dout, y:\n    return")


@case
def old_attempt_below_which_counts(work):
    below(work, "1.1", WRONG_TANH)


@case
def copy_of_the_cell_with_its_name(work):
    wrong = dict(work.answer("1.1"), id="copied", source=WRONG_TANH)
    work.cells.insert(work.cells.index(work.answer("1.1")), wrong)


@case
def magics_around(work):
    work.put_before("1.1", "%%time")
    above(work, "1.2", "%%bash\ndef rnn_step_forward() { echo; }", "%%timeit\nrnn_step_forward = None")
    work.put_after("1.3", "%timeit 1 + 1\nnp.tanh?")


@case
def cell_that_trains(work):
    above(
        work,
        "1.5",
        """
        import time


        def train(epochs):
            time.sleep(0.2)  # at the grader this would show
            raise RuntimeError("not enough data")


        h = dh = norms = train(100)
        """,
    )


@case
def no_metadata_and_a_helper(work):
    helper_above(work)
    for cell in work.cells:
        cell["metadata"] = {}
        cell.pop("id", None)


@case
def answer_of_an_earlier_notebook(work):
    above(work, "1.2", 'squash = answer("0.1")')
    work.write("1.2", work.source("1.2").replace("np.tanh(", "np.tanh(0 * squash(b) + "))


@case
def answer_that_reads_its_own_names(work):
    above(work, "1.1", "def slope(y):\n    return 1 - y**2")
    work.write("1.1", "def tanh_backward(dout, y):\n    return dout * globals()['slope'](y)")


@case
def error_after_the_answer(work):
    work.put_after("1.1", "print(1 / 0)")


@case
def helper_that_is_missing(work):
    work.write("1.1", "def tanh_backward(dout, y):\n    return dout * slope(y)")


@case
def another_name_than_asked_for(work):
    work.write("1.1", TANH.replace("tanh_backward", "tanh_backwards"))


@case
def nothing_written(work):
    for number in range(1, 8):
        unsolved(work, f"1.{number}")


@case
def of_many_kinds(work):
    """One kind for each exercise."""
    first = next(cell for cell in work.cells if cell["cell_type"] == "code")
    first["source"] = "from __future__ import annotations\n\n" + "".join(first["source"])
    register = "SLOPES = {}\n\n\ndef register(function):\n    SLOPES[function.__name__] = function\n    return function"
    above(work, "1.1", register, "@register\ndef slope(y: Undefined) -> Undefined:\n    return 1 - y**2")
    work.write("1.1", "def tanh_backward(dout: Array, y: Array) -> Array:\n    return dout * SLOPES['slope'](y)")
    above(work, "1.2", "ZEROS = []\nfor _ in range(2):\n    ZEROS.append(0)", "ZEROS.append((zero := 0))\nTHIRD = zero")
    work.write("1.2", work.source("1.2").replace("np.tanh(", "np.tanh(ZEROS[2] + THIRD + "))
    above(work, "1.3", "def prepare():\n    global ONE\n    ONE = 1", "prepare()")
    work.write("1.3", work.source("1.3").replace("tanh_backward(", "ONE * tanh_backward("))
    work.write("1.4", work.source("1.4").replace("    def backward", "    def on_the_way_back"))
    below(work, "1.4", "setattr(RNN, 'backward', RNN.on_the_way_back)")
    above(work, "1.5", "if __name__ == '__main__':\n    NORM = np.linalg.norm")
    work.put_before("1.5", "import asyncio\n\nawait asyncio.sleep(0)")
    work.write("1.5", work.source("1.5").replace("np.linalg.norm", "NORM"))
    work.put_before(
        "1.6", "try:\n    import numpy\nexcept ImportError:\n    !pip install \\\n        numpy\n%time TWO = 2"
    )
    work.put_after("1.6", 'TEXT = """\n% of a text\n"""\nassert TEXT.count("%") == 1 and TWO == 2')
    work.put_before("1.7", "from IPython.display import *\nget_ipython().run_line_magic('precision', '4')")


@case
def imports_of_the_course_in_the_answers(work):
    for number in range(1, 8):
        work.put_before(
            f"1.{number}", "from helpers.nn import Affine, Layer, Param\nfrom helpers.data import load_corpus"
        )


@case
def quoted_types_of_a_dataclass(work):
    work.put_before("1.1", "from dataclasses import dataclass\n\n\n@dataclass\nclass Slope:\n    one: 'float' = 1.0")
    work.write("1.1", work.source("1.1").replace("(1 - y", "(Slope().one - y"))


@case
def answer_merged_into_its_check(work):
    answer, check = work.answer("1.1"), work.cell("check-1-1")
    check["source"] = work.source("1.1") + "\n\n" + "".join(check["source"])
    work.cells.remove(answer)


@case
def line_ends_of_windows(work):
    helper_above(work)
    for cell in work.cells:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")


@case
def megabytes_of_pictures_and_attachments(work):
    """The points that its checks printed are read all the same."""
    picture = {"image/png": "QUJD" * (4 << 20)}
    output = {"output_type": "display_data", "metadata": {}, "data": picture}
    work.cells.insert(3, own("1") | {"outputs": [output], "execution_count": 1})
    work.cells.insert(4, {"cell_type": "markdown", "metadata": {}, "source": "", "attachments": {"a.png": picture}})
