"""Answers that know how they are graded, and forge the messages of their process to the grader's."""

from tests.classroom.attacks.kit import Family

attack = Family("forged messages")

#: Finds the objects of the grader in the answers' own process.
FIND_OWN = """
import gc, sys

def mine(kind):
    return next(thing for thing in gc.get_objects() if type(thing).__name__ == kind)
"""

LOST = {"1.5": (0, 0)}
NOTHING = {"solved": False, "otherwise": "nothing"}


def replace(work, lines):
    """Let the answer cell of 1.5 run these lines, with `mine` to find the grader's objects in their process."""
    work.answer("1.5")["source"] = f"{FIND_OWN.strip()}\n\n{lines.strip()}\n\n{work.source('1.5')}"


@attack(**NOTHING, status={"1.5": "not written"})
def own_sandbox(work):
    """Patches the program that it runs in, so that every call ends without an error and every function is right."""
    replace(
        work,
        """
from helpers.classroom.grading.sandbox import proxies, rpc, serialization
really = rpc._run
def run(use, numpy):
    outcome = really(use, numpy)
    return outcome if outcome.get("error", {}).get("kinds", [""])[0] == "NotImplementedError" else outcome | {
        "warned": [], "status": "right", "points": 1.0, "right": True}
rpc._run = run
""",
    )


@attack(earns=LOST, status={"1.5": "killed"}, reason="not a message")
def garbage_on_every_descriptor(work):
    """Writes garbage to every descriptor that it has, the grader's pipe among them."""
    work.write(
        "1.5",
        """
        import os

        def backprop_norms(Wh, dh, steps):
            for number in range(3, 64):
                try:
                    os.write(number, b"\\0\\0\\0\\4\\0\\0\\0\\0true")
                except OSError:
                    pass
            return np.ones(steps)
        """,
    )


@attack(earns=LOST, status={"1.5": "killed"}, reason="more than is accepted")
def promise_of_gigabytes(work):
    """Announces a message of four gigabytes, on every descriptor and every copy of one."""
    work.write(
        "1.5",
        """
        import os

        def backprop_norms(Wh, dh, steps):
            for number in range(3, 20):
                try:
                    os.write(os.dup(number), b"\\0\\0\\0\\4\\xff\\xff\\xff\\xff")
                except OSError:
                    pass
            return np.ones(steps)
        """,
    )


_FORGED = """
import json, struct

def forge(tree, block=b""):
    text = json.dumps(tree).encode()
    pipe = mine("Pipe")
    data = struct.pack("!II", len(text), len(block)) + text + block
    import os
    os.set_blocking(pipe.write, True)
    while data: data = data[os.write(pipe.write, data):]

plain = {"changed": [], "warned": [], "printed": "", "shared": [], "forgotten": []}
"""


@attack(otherwise="nothing", status={"1.5": "not defined"})
def reply_before_the_question(work):
    """Sends a hundred replies before it is asked, each of them of the right form."""
    replace(
        work,
        _FORGED
        + """
for _ in range(100): forge(plain | {"verb": "return", "value": None})
""",
    )
    work.put_after("1.5", "def backprop_norms(Wh, dh, steps):\n    return np.ones(steps)")


@attack(otherwise="nothing", status={"1.5": "wrong"}, reason="of type `bool`")
def reply_instead_of_the_answers(work):
    """Takes over the conversation: whatever it is asked, it replies that all is right."""
    replace(
        work,
        _FORGED
        + """
while True:
    forge(plain | {"verb": "return", "value": True, "points": 1.0, "status": "right"})
    mine("Pipe").receive()
""",
    )


@attack(otherwise="nothing", status={"1.5": "wrong"}, reason="could not use the results")
def service_that_raises(work):
    """Lets its own side raise errors wherever it is asked for something."""
    replace(
        work,
        """
def refuse(self, *args):
    raise ValueError("ask somebody else")

mine("Answers").__class__.get = refuse
mine("Answers").__class__.reset = refuse
mine("Answers").__class__.used_by = refuse
""",
    )


@attack(earns=LOST)
def service_that_raises_later(work):
    """Lets its own side refuse to give up the references."""
    replace(
        work,
        """
def refuse(self, *args):
    raise KeyError("mine")

mine("Answers").__class__.put = refuse
""",
    )
    work.put_after("1.5", "def backprop_norms(Wh, dh, steps):\n    return np.ones(steps)")


@attack(earns=LOST, status={"1.5": "killed"}, reason="not a message")
def one_array_many_times(work):
    """Sends one block of 8 MB, and a list of a thousand arrays that all lie in it."""
    replace(
        work,
        _FORGED
        + """
node = {"k": "array", "dtype": "<f8", "shape": [1 << 20], "at": 0}
forge(plain | {"verb": "return", "value": {"k": "list", "items": [node] * 1000}}, bytes(8 << 20))
""",
    )


@attack(earns=LOST, status={"1.5": "killed"}, reason="not a message")
def array_spread_thin(work):
    """Sends arrays whose values lie far apart in memory, so that they take sixty times what was sent."""
    replace(
        work,
        _FORGED
        + """
node = {"k": "array", "dtype": "<f8", "shape": [1 << 20], "at": 0, "strides": [504]}
forge(plain | {"verb": "return", "value": {"k": "list", "items": [node]}}, bytes(8 << 20))
""",
    )


@attack(earns=LOST, status={"1.5": "killed"})
def functions_without_end(work):
    """Returns a hundred thousand functions, each of which the other side would keep."""
    work.write("1.5", "def backprop_norms(Wh, dh, steps):\n    return [lambda: number for number in range(100_000)]")


@attack(earns=LOST, status={"1.5": "killed"})
def params_without_end(work):
    """Returns six thousand Params, each of which the other side would keep and compare."""
    work.write("1.5", "def backprop_norms(Wh, dh, steps):\n    return [Param(np.ones(1)) for number in range(6_000)]")


@attack(earns=LOST, status={"1.5": "raised"})
def error_with_a_strange_name(work):
    """Raises an error whose name and text are no text that could be written to a file."""
    work.write(
        "1.5",
        """
        Strange = type("no name **`", (ValueError,), {"__str__": lambda self: "\\ud800 **`\\0` \\x1b[2J" * 3})

        def backprop_norms(Wh, dh, steps):
            print("\\ud800\\x1b[2J")
            raise Strange
        """,
    )


@attack(earns=LOST, status={"1.5": "raised"})
def error_that_cannot_be_described(work):
    """Raises an error that raises another one when it is asked for its text."""
    work.write(
        "1.5",
        """
        class Shy(Exception):
            def __str__(self):
                raise Shy

        def backprop_norms(Wh, dh, steps):
            raise Shy
        """,
    )


@attack(earns=LOST, status={"1.5": "raised"}, reason="cannot be passed on")
def result_that_cannot_be_sent(work):
    """Returns a list that holds itself."""
    work.write("1.5", "def backprop_norms(Wh, dh, steps):\n    ring = []\n    ring.append(ring)\n    return ring")


@attack(otherwise="nothing", status={"1.5": "timed out"}, limits={"total": 6})
def process_that_does_not_listen(work):
    """Answers a few times without reading what it is asked, and then never again."""
    replace(
        work,
        _FORGED
        + """
for _ in range(4): forge(plain | {"verb": "return", "value": None})
import time
time.sleep(1000)
""",
    )


@attack(notebook="02", otherwise="nothing", status={"2.1": "wrong"})
def reference_that_is_asked_too_much(work):
    """Calls a reference that it may use with arguments for which it would need hours and terabytes."""
    work.write(
        "2.1",
        """
        def ask(*args):
            try:
                return backprop_norms(*args)
            except Exception as error:
                return error

        def global_norm(grads):
            ask(np.eye(2), np.ones((2, 2)), 10**12)
            ask(np.eye(2), np.ones((2, 2)), 10**9)
            return 0.0
        """,
    )
    for exercise_id in ("2.2", "2.3"):
        work.write(exercise_id, "pass")


@attack(notebook="02", earns={"2.1": (0, 0)}, status={"2.1": "wrong"})
def reference_that_is_given_too_much(work):
    """Calls a reference that it may use with two long vectors, whose product would fill the memory."""
    work.put_before(
        "2.1",
        """
        def ask():
            x, h, n = np.ones((1, 60_000)), np.ones((1, 60_000)), np.ones(1)
            try:
                return rnn_step_backward(h, (x, h, np.ones((1, 1)), np.ones((1, 1)), h))
            except Exception as error:
                return error
        """,
    )
    work.put_after("2.1", "def global_norm(grads):\n    return float(len(str(ask())))")


@attack(notebook="02", earns={"2.1": (0, 0)}, status={"2.1": "timed out or killed"}, limits={"seconds": 4})
def calls_without_end(work):
    """Calls a reference that it may use for ever, so that neither side is ever idle."""
    work.write(
        "2.1",
        """
        def global_norm(grads):
            while True:
                tanh_backward(np.ones(1), np.ones(1))
        """,
    )
