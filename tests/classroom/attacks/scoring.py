"""Answers that are not written and go for the points all the same."""

from helpers.checks.catalogue import EXERCISES
from helpers.checks.inputs import HIDDEN, VISIBLE
from helpers.checks.observation import cases
from tests.classroom.attacks.kit import Family

attack = Family("points without an answer")

#: Nothing was written, so nothing is earned.
NOTHING = {"solved": False, "otherwise": "nothing"}


@attack(**NOTHING, status={"1.1": "not written", "1.2": "not written"})
def input_transformer(work):
    """Lets IPython replace the source of every later cell, the checks among them, by `pass`."""
    work.put_before("1.1", 'get_ipython().input_transformers_cleanup.append(lambda lines: ["pass"])')


@attack(**NOTHING, status={"1.1": "not written"})
def input_transformer_that_is_careful(work):
    """Does so only where there is IPython, and turns every check into one point."""
    work.put_before(
        "1.1",
        """
        def points(lines):
            return ["1.0"] if any("check(" in line for line in lines) else lines

        try:
            get_ipython().input_transformers_cleanup.append(points)
        except NameError:
            pass
        """,
    )


@attack(**NOTHING, status={"1.1": "not written"})
def formatter_of_points(work):
    """Lets IPython print every number as the full points, since nbgrader reads the points from the text of a value."""
    work.put_before(
        "1.1",
        """
        try:
            text = get_ipython().display_formatter.formatters["text/plain"]
            for kind in (float, int):
                text.for_type(kind, lambda value, printer, cycle: printer.text("1.0"))
        except NameError:
            pass
        """,
    )


@attack(earns={"1.5": (0, 0)}, status={"1.5": "wrong"})
def patched_comparisons(work):
    """Patches NumPy's comparisons so that everything is close to everything, and returns ones."""
    work.write(
        "1.5",
        """
        import numpy.testing

        np.isclose = lambda a, b, **how: np.ones(np.shape(b), bool)
        np.allclose = np.array_equal = lambda a, b, **how: True
        for name in dir(numpy.testing):
            if name.startswith("assert"):
                setattr(numpy.testing, name, lambda *args, **how: None)

        def backprop_norms(Wh, dh, steps):
            return np.ones(steps, dh.dtype)
        """,
    )


@attack(**NOTHING)
def patched_builtins(work):
    """Patches builtins that a check may use: isinstance, all, any, abs, float."""
    work.put_before(
        "1.1",
        """
        import builtins

        really = float
        builtins.all = builtins.any = builtins.callable = lambda *args: True
        builtins.abs = lambda value: 0.0
        builtins.float = type("float", (really,), {"__new__": lambda cls, value=0: really.__new__(really, 1.0)})
        """,
    )


@attack(**NOTHING, status={"1.1": "not written"})
def own_check(work):
    """Defines `check` and `hidden_check` anew, and lets them return full points."""
    work.put_before("1.1", "check = hidden_check = lambda number, given: 1.0")


@attack(**NOTHING, status={"1.1": "not written"})
def patched_session(work):
    """Patches the checks' own module, so that every verdict is right and every exercise gives its points."""
    work.put_before(
        "1.1",
        """
        import sys

        for name, module in list(sys.modules.items()):
            if name.startswith("helpers.checks"):
                module.check = module.hidden_check = lambda number, given: 1.0
        try:
            from helpers.checks import judge, session

            def right(exercise, *rest, **named):
                return judge.Verdict(exercise, "right", exercise.points, exercise.points, ("so it is",))

            session.judge = judge.judge = right
        except ImportError:
            pass
        """,
    )


@attack(**NOTHING, status={"1.1": "not written"})
def one_statement_of_SQL(work):
    """Looks for gradebook.db in every folder above, and gives itself full points there."""
    work.put_before(
        "1.1",
        """
        import glob, os, sqlite3

        folder = os.path.abspath(".")
        while folder != os.path.dirname(folder):
            for path in glob.glob(os.path.join(folder, "gradebook.db")):
                with sqlite3.connect(path) as database:
                    database.execute("UPDATE grade SET manual_score = 99, auto_score = 99, needs_manual_grade = 0")
            folder = os.path.dirname(folder)
        """,
    )


@attack(earns={"1.3": (0, 0)}, status={"1.3": "not defined"}, reason="ImportError: cannot import name")
def imported_reference(work):
    """Imports the reference and hands it in as its own."""
    work.write("1.3", "from helpers.nn import rnn_step_backward")


@attack(earns={"1.3": (0, 0)}, status={"1.3": "not defined"}, reason="object is not subscriptable")
def reference_of_the_catalogue(work):
    """Takes the reference out of the catalogue of exercises."""
    work.write(
        "1.3",
        """
        try:
            from helpers.checks.catalogue import EXERCISES
        except ImportError:
            from helpers.checks import EXERCISES

        rnn_step_backward = EXERCISES["1.3"].reference
        """,
    )


@attack(earns={"1.3": (0, 0)}, status={"1.3": "not defined"})
def reference_from_the_solutions(work):
    """Searches every folder for the course's solutions and runs what it finds."""
    work.write(
        "1.3",
        """
        import os

        for place, folders, names in os.walk("/"):
            folders[:] = [name for name in folders if name not in ("proc", "sys", "usr", "node_modules", "numpy")]
            if place.endswith(os.path.join("helpers", "nn")) and "steps.py" in names:
                try:
                    exec(open(os.path.join(place, "steps.py")).read())
                except Exception:
                    pass
        """,
    )


@attack(earns={"1.3": (0, 0)}, status={"1.3": "raised"}, reason="nothing there")
def search_of_the_memory(work):
    """Goes through all objects of its process for a function of this name that is not its own."""
    work.write(
        "1.3",
        """
        import gc, types

        def rnn_step_backward(dh_next, cache):
            for thing in gc.get_objects():
                if isinstance(thing, types.FunctionType) and thing.__name__ == "rnn_step_backward":
                    if thing is not rnn_step_backward and "steps" in thing.__code__.co_filename:
                        return thing(dh_next, cache)
            raise LookupError("nothing there")
        """,
    )


@attack(earns={"1.3": (0, 0)}, status={"1.3": "raised"}, reason="nothing there")
def search_of_the_frames(work):
    """Climbs the frames of its callers until one has an exercise or expected values among its variables."""
    work.write(
        "1.3",
        """
        import sys

        def rnn_step_backward(dh_next, cache):
            frame = sys._getframe()
            while frame is not None:
                exercise = frame.f_locals.get("exercise")
                if hasattr(exercise, "reference"):
                    return exercise.reference(dh_next, cache)
                frame = frame.f_back
            raise LookupError("nothing there")
        """,
    )


def _table(exercise_id, result, draws, seed=0):
    """Source of a dict: the bytes of the arguments to the right result."""
    exercise, right = EXERCISES[exercise_id], lambda case: case.expected.record[result]
    rows = [
        (b"".join(value.tobytes() for value in case.arguments.values() if not isinstance(value, int)), right(case))
        for case in cases(exercise, draws, seed)
    ]
    return "{" + ", ".join(f"{key!r}: np.array({value.tolist()}, '{value.dtype}')" for key, value in rows) + "}"


_REPLAY = """
table = {table}


def backprop_norms(Wh, dh, steps):
    return table[Wh.tobytes() + dh.tobytes()]
"""


@attack(earns={"1.5": (1, 0)}, status={"1.5": "right"})
def replay_of_the_visible_draws(work):
    """Contains a table of the right results of the visible check, by its inputs, and no formula."""
    work.answer("1.5")["source"] = _REPLAY.format(table=_table("1.5", "norms", VISIBLE))


@attack(earns={"1.5": (1, 0)}, status={"1.5": "right"})
def replay_of_the_hidden_draws(work):
    """Contains those of the hidden check too, as they are without a secret seed."""
    visible, hidden = _table("1.5", "norms", VISIBLE), _table("1.5", "norms", HIDDEN, [1])
    work.answer("1.5")["source"] = _REPLAY.format(table=f"{visible} | {hidden}")


@attack(earns={"1.3": (0, 0)}, status={"1.3": "raised", "1.4": "right"})
def reference_on_loan(work):
    """Leaves 1.3 wrong, so that the check of 1.4 uses the reference; keeps that, and lets 1.3 call it afterwards."""
    work.write(
        "1.3",
        """
        kept = []

        def rnn_step_backward(dh_next, cache):
            if kept:
                return kept[-1](dh_next, cache)
            raise LookupError("no reference yet")

        mine = rnn_step_backward
        """,
    )
    work.put_before(
        "1.4",
        """
        def keep(really):
            def called(dh_next, cache):
                if globals()["rnn_step_backward"] is not mine:
                    kept.append(globals()["rnn_step_backward"])
                return really(dh_next, cache)
            return called
        """,
    )
    work.answer("1.4")["source"] = work.source("1.4").replace("rnn_step_backward(", "keep(rnn_step_backward)(")


@attack(earns={"1.6": (0, 0)}, status={"1.6": "raised", "1.7": "right"})
def reference_on_loan_that_is_remembered(work):
    """Does the same with 1.6, whose reference 1.7 may use, and also stores what it returns there."""
    work.write(
        "1.6",
        """
        kept, seen = [], {}

        def gradient_bounds(Wh):
            return seen[Wh.tobytes()] if Wh.tobytes() in seen else kept[-1](Wh)

        mine = gradient_bounds
        """,
    )
    work.write(
        "1.7",
        """
        def predict_gradient(Wh):
            if gradient_bounds is not mine:
                kept.append(gradient_bounds)
                seen[Wh.tobytes()] = gradient_bounds(Wh)
            sigma_max, spectral_radius = gradient_bounds(Wh)
            if sigma_max < 1:
                return "vanishes"
            return "explodes" if spectral_radius > 1 else "grows, then vanishes"
        """,
    )


@attack(earns={"1.5": (1, 0)}, status={"1.5": "right"})
def answer_that_counts_its_calls(work):
    """Is right as often as a visible check calls it, and wrong afterwards."""
    work.put_after(
        "1.5",
        """
        right, calls = backprop_norms, []

        def backprop_norms(Wh, dh, steps):
            calls.append(steps)
            return right(Wh, dh, steps) if len(calls) <= 10 else np.zeros(steps)
        """,
    )


@attack(**NOTHING)
def more_points_in_the_metadata(work):
    """Raises the points of every check to a thousand in the file."""
    for cell in work.cells:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell["metadata"]["nbgrader"]["points"] = 1000


@attack(**NOTHING, changes="was edited")
def checks_that_give_points(work):
    """Replaces every check by its full points."""
    for cell in work.cells:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell["source"] = "1.0"


@attack(**NOTHING, status={"1.1": "not written"})
def points_in_the_outputs(work):
    """Hands in a notebook whose saved outputs already show full points."""
    value = {"output_type": "execute_result", "data": {"text/plain": "1.0"}, "metadata": {}, "execution_count": 1}
    for cell in work.cells:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell["outputs"], cell["execution_count"] = [value], 1


@attack(earns={"1.5": (0, 0)}, status={"1.5": "wrong"}, reason="is off in")
def praise_of_itself(work):
    """Prints what a check says of a right answer, with HTML in it."""
    work.write(
        "1.5",
        """
        def backprop_norms(Wh, dh, steps):
            print("✓ Exercise 1.5 · right\\n  1 of 1 points.<script>alert(1)</script>")
            return np.ones(steps, dh.dtype)
        """,
    )
