"""Files that are damaged or changed; most of them are honest, and earn what their answers earn."""

import json
import re
from itertools import cycle

from tests.classroom.attacks.kit import Family

attack = Family("files")

HONEST = {"honest": True}
UNREADABLE = {"otherwise": "nothing", "status": {"1.1": "unreadable"}}


@attack(**UNREADABLE, reason="empty")
def empty_file(work):
    """An empty file."""
    return b""


@attack(**UNREADABLE, reason="cannot be read as JSON")
def half_a_file(work):
    """A file that was cut off on its way."""
    return work.data()[:20_000]


@attack(**UNREADABLE, reason="cannot be read as JSON")
def another_file(work):
    """A PDF with the name of the notebook."""
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"


@attack(earns={"1.1": (0, 0)}, status={"1.1": "not defined"}, changes="not saved as UTF-8")
def bytes_that_are_no_text(work):
    """A notebook with bytes that are no UTF-8 in the name of a function; the other answers are read."""
    return work.data().replace(b"tanh_backward", b"tanh_\xff\xfe", 1)


@attack(**HONEST, changes="saved as UTF-16")
def saved_as_utf_16(work):
    """A notebook that an editor saved as UTF-16."""
    return json.dumps(work.notebook, ensure_ascii=False).encode("utf-16")


@attack(**HONEST, changes="not saved as UTF-8")
def saved_as_latin_1(work):
    """A notebook that an editor saved as Latin-1, with a comment of the learner's own in it."""
    work.put_before("1.1", "# Größe der Ableitung, à vérifier")
    text = json.dumps(work.notebook, ensure_ascii=False)
    return text.encode("latin-1", "ignore")


@attack(**HONEST)
def large_outputs(work):
    """A notebook with 30 MB of pictures and printed lines in it."""
    cell = work.answer("1.1")
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "QUJD" * (5 << 20)}}
    lines = {"output_type": "stream", "name": "stdout", "text": ['a "line" with [brackets] and \\ in it\n'] * 250_000}
    cell["outputs"] = [picture, lines]


@attack(**UNREADABLE, reason="nested too deeply")
def depth_without_end(work):
    """JSON that is nested a hundred thousand times."""
    return b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@attack(**UNREADABLE, reason="no more than")
def file_without_end(work):
    """A notebook of 25 MB."""
    return work.data() + b" " * (25 << 20)


@attack(**UNREADABLE, reason="cells")
def cells_without_end(work):
    """A notebook of two million cells."""
    return b'{"cells": [' + b"{}," * 2_000_000 + b"{}]}"


@attack(**HONEST, changes="old format")
def format_of_old(work):
    """A notebook in format 3, in which the cells lie in worksheets."""
    cells = [{"cell_type": "code", "input": cell["source"], "outputs": []} for cell in work.cells]
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


@attack(**UNREADABLE, reason="no list of cells")
def list_instead_of_a_notebook(work):
    """A list of cells without a notebook around it."""
    return json.dumps(work.cells).encode()


@attack(otherwise="nothing", status={"1.1": "not defined"}, reason="missing", changes="is missing")
def notebook_without_cells(work):
    """A notebook without a single cell."""
    work.cells.clear()


@attack(otherwise="nothing", status={"1.1": "not defined"}, reason="missing")
def cells_that_are_none(work):
    """Cells that are numbers, lists and null."""
    work.notebook["cells"] = [0, None, [], "code", True, {"metadata": [], "source": {}}, {"source": [1, None]}]


@attack(**HONEST)
def things_in_odd_places(work):
    """Metadata, ids and points that are lists, deep nests, infinities and huge numbers; the answers are right."""
    nest = []
    for _ in range(400):
        nest = [nest]
    for number, cell in enumerate(work.cells):
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell["metadata"]["nbgrader"]["points"] = [nest, float("nan"), float("inf"), -5, True, 10**400][number % 6]
        elif not cell["metadata"].get("nbgrader"):
            cell["metadata"], cell["id"], cell["cell_type"] = nest, nest, nest
    work.notebook["metadata"]["kernelspec"] = {"name": nest}


@attack(**HONEST)
def source_in_lines_and_other_things(work):
    """Sources as lists of lines, with things between the lines that are none; the answers are right."""
    for cell in work.cells:
        lines = "".join(cell["source"]).splitlines(keepends=True)
        cell["source"] = [None, *lines, 7, {"line": 1}]


@attack(status={"1.1": "right"}, honest=True)
def half_a_character(work):
    """An answer with half a character in a comment, which no file can hold; it is right all the same."""
    work.put_after("1.1", "# \ud800 and \udfff")
    work.put_before("1.2", "text = '\ud83d'")


@attack(earns={"1.5": (0, 0)}, status={"1.5": "not defined"}, reason="null bytes")
def null_bytes(work):
    """An answer with null bytes in it."""
    work.put_after("1.5", "x = 1\0")


@attack(earns={"1.5": (0, 0)}, status={"1.5": "not defined"}, reason="SyntaxError")
def syntax_error(work):
    """An answer that is no Python."""
    work.write("1.5", "def backprop_norms(Wh, dh, steps):\n    return (np.ones(steps)")


@attack(earns={"1.5": (0, 0)}, status={"1.5": "not defined"})
def source_that_breaks_parsers(work):
    """An answer that is nested so deeply that Python's own parser gives up or crashes."""
    work.write("1.5", "def backprop_norms(Wh, dh, steps):\n    return " + "-" * 100_000 + "1")


@attack(**HONEST)
def tabs(work):
    """Answers indented by tabs."""
    for exercise_id in ("1.1", "1.2", "1.3"):
        work.answer(exercise_id)["source"] = re.sub(r"(?m)^    ", "\t", work.source(exercise_id))


@attack(**HONEST)
def magic_lines(work):
    """Lines that only IPython understands, around an answer that is right."""
    work.put_before("1.1", "%matplotlib inline\n%load_ext autoreload")
    work.put_after("1.1", "!pip install numpy\n%timeit 1 + 1\n?np.tanh\nnp.tanh?\nfiles = !ls\nhere = %pwd")


@attack(**HONEST)
def cell_magic(work):
    """An answer cell that begins with %%time."""
    work.put_before("1.2", "%%time")


@attack(**HONEST, changes="was edited")
def edited_checks(work):
    """Checks with a print around them, and one with a syntax error."""
    work.cell("check-1-1")["source"] = "print('mine:', check('1.1', tanh_backward))"
    work.cell("check-1-2")["source"] = "check("


@attack(**HONEST, changes="is missing")
def deleted_checks(work):
    """A notebook without any of its checks."""
    work.notebook["cells"] = [cell for cell in work.cells if not cell["metadata"].get("nbgrader", {}).get("grade")]


@attack(**HONEST, changes="occurs 2 times")
def duplicated_checks(work):
    """A check that was copied together with its name, at which stock nbgrader aborts the run."""
    work.cells.append(dict(work.cell("check-1-1")))


@attack(**HONEST, changes="turned from code into")
def checks_as_text(work):
    """Checks that were turned into text."""
    for cell in work.cells:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell["cell_type"] = "markdown"
            cell.pop("outputs", None)
            cell.pop("execution_count", None)


@attack(**HONEST)
def renamed_cells(work):
    """Answers and checks with other grade ids."""
    for cell in work.cells:
        if grading := cell["metadata"].get("nbgrader"):
            grading["grade_id"] = "my-" + grading["grade_id"]


@attack(**HONEST, changes="nbgrader's metadata were taken out")
def stripped_metadata(work):
    """A notebook that has been through Colab: no metadata, no ids of cells."""
    for cell in work.cells:
        cell["metadata"] = {}
        cell.pop("id", None)
    work.notebook["metadata"] = {"colab": {"provenance": []}}
    work.notebook["nbformat_minor"] = 0


@attack(**HONEST, changes="asks for the kernel")
def foreign_kernel(work):
    """A notebook that asks for the kernel of another language."""
    kernel = {"name": "ir", "display_name": "R", "language": "R"}
    work.notebook["metadata"] = {"kernelspec": kernel, "language_info": {"name": "R"}}


@attack(otherwise="nothing", changes="points of check-1-1 were changed", solved=False)
def points_of_other_kinds(work):
    """Points that are negative, True and not a number, and a notebook in which nothing was written."""
    graded = [cell for cell in work.cells if cell["metadata"].get("nbgrader", {}).get("grade")]
    for cell, points in zip(graded, cycle((-1, True, float("nan"), "100"))):
        cell["metadata"]["nbgrader"]["points"] = points


@attack(**HONEST, changes="occurs 2 times")
def duplicated_answer(work):
    """An answer cell that was copied before it was filled in; the copy is still the stub."""
    stub = dict(work.answer("1.1"), source="def tanh_backward(dout, y):\n    raise NotImplementedError")
    work.cells.insert(0, stub)


@attack(earns={"1.2": (0, 0)}, status={"1.2": "not defined"}, reason="missing", changes="ex-1-2 is missing")
def deleted_answer(work):
    """A notebook in which one answer cell was deleted."""
    work.cells.remove(work.answer("1.2"))


@attack(**HONEST, changes="turned from code into")
def answer_as_text(work):
    """An answer cell that was turned into text by a slip of the finger; the answer is right."""
    work.answer("1.1")["cell_type"] = "markdown"


@attack(**HONEST, changes="Outside the answer cells")
def thousands_of_cells(work):
    """Three thousand cells of its own between the others."""
    own = [{"cell_type": "code", "metadata": {}, "source": f"def mine_{number}():\n    pass"} for number in range(3000)]
    work.cells[40:40] = own


@attack(**HONEST)
def byte_order_mark(work):
    """A file with the mark that some editors of Windows put in front."""
    return b"\xef\xbb\xbf" + work.data()


@attack(**HONEST)
def answers_in_another_order(work):
    """A notebook whose cells stand in the opposite order."""
    work.cells.reverse()


@attack(**HONEST)
def own_helper_in_an_answer(work):
    """An answer cell with a helper function and an import of its own, as notebook 00 allows."""
    work.write(
        "1.1",
        """
        import math

        from helpers.nn import Layer, Param


        def slope(y):
            return 1 - y**2


        def tanh_backward(dout, y):
            assert math.isfinite(1.0)
            return dout * slope(y)
        """,
    )


@attack(**HONEST, changes="Outside the answer cells")
def own_helper_outside_the_answers(work):
    """A helper function in a cell of its own, which comes with the answer that calls it."""
    helper = {"cell_type": "code", "metadata": {}, "source": "def norm_of(dh):\n    return np.linalg.norm(dh)"}
    work.cells.insert(5, helper)
    work.write("1.5", work.source("1.5").replace("np.linalg.norm(dh)", "norm_of(dh)"))


@attack(earns={"0.1": (0, 0)}, notebook="00", status={"0.1": "wrong"})
def overflow_in_the_formula(work):
    """An honest sigmoid that overflows; the warning counts, since the exercise is about it."""
    work.write("0.1", "def sigmoid(a):\n    return 1 / (1 + np.exp(-a))")
