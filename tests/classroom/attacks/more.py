"""Attacks that were thought of last, and that are in no published list."""

from tests.classroom.attacks.exhausting import HUNG, spoil
from tests.classroom.attacks.forging import _FORGED, LOST, replace
from tests.classroom.attacks.kit import Family
from tests.classroom.attacks.reaching import look

attack = Family("second thoughts")


@attack()
def system_calls_by_another_number(work):
    """Starts a process by a second number that a kernel may know a system call under, past a list of refused ones."""
    look(
        work,
        """
        import ctypes, os

        libc = ctypes.CDLL(None, use_errno=True)
        for number in (0x40000000 + 57, 0x40000000 + 58):
            child = libc.syscall(number)
            if child == 0:
                os._exit(0)
            if child > 0:
                found.append("a process of its own")
        """,
    )


@attack()
def call_to_the_hypervisor(work):
    """Opens a socket to the host of a virtual machine, which no isolation of the network prevents."""
    look(
        work,
        """
        import socket

        for family in (40, 38, 16):  # to hypervisors, to the kernel's ciphers, to the kernel itself
            try:
                socket.socket(family, socket.SOCK_STREAM if family == 40 else socket.SOCK_RAW).close()
                found.append(f"a socket of family {family}")
            except OSError:
                pass
        """,
    )


@attack(**HUNG)
def files_without_content(work):
    """Makes empty files for ever, which take no room on a disk, but take memory; they go with its process."""
    spoil(work, "import itertools\nfor number in itertools.count(): open(f'of_an_attack_{number}', 'w').close()")


@attack(notebook="07", earns={"7.2": (0, 0)}, status={"7.2": "raised or killed"})
def ball_played_back_and_forth(work):
    """Gives itself to a reference that it may use, which calls back, and so on, deeper and deeper on both sides."""
    work.write(
        "7.2",
        """
        class VariationalDropout(Layer):
            def __init__(self, rate, rng):
                self.rate = rate

            def forward(self, xs, *, training=False):
                return Stacked([self]).forward(xs[:1, :1])

            def backward(self, dys):
                return dys
        """,
    )


@attack(earns={"1.6": (0, 0), "1.7": (0, 0)}, status={"1.6": "wrong"}, unseen="WHAT WAS HIDDEN")
def hidden_draws_told_to_a_friend(work):
    """Remembers what the hidden checks draw, and prints it in later messages for students who submit later."""
    work.put_after(
        "1.5",
        """
        right, known = backprop_norms, []

        def backprop_norms(Wh, dh, steps):
            known.append(Wh)
            return right(Wh, dh, steps)
        """,
    )
    work.write(
        "1.6",
        """
        def gradient_bounds(Wh):
            if len(known) > 5:
                print("WHAT " + "WAS HIDDEN", known[5:])
            return 0.0, 0.0
        """,
    )
    work.write(
        "1.7",
        """
        def predict_gradient(Wh):
            if len(known) > 5:
                raise ValueError("WHAT " + f"WAS HIDDEN {known[5:]}")
            return "vanishes"
        """,
    )


@attack(notebook="08", unseen="<script")
def script_in_a_written_answer(work):
    """Writes a script for the browser of the person who reads and grades the written answer."""
    work.write("8.5", "Mine is better. <script>alert(document.cookie)</script><img src=x onerror=alert(1)>")


@attack(earns={"1.5": (0, 0)}, status={"1.5": "wrong"}, unseen="hidden_check(")
def markers_of_the_instructor(work):
    """Writes the markers of solutions and hidden tests into its answers, to mislead the tools that look for them."""
    work.write(
        "1.5",
        """
        ### BEGIN HIDDEN TESTS
        def backprop_norms(Wh, dh, steps):
            ### BEGIN SOLUTION
            return np.ones(steps)
        ### END HIDDEN TESTS
        # == AUTOTEST ==
        """,
    )


@attack(earns=LOST, status={"1.5": "timed out"}, limits={"seconds": 4})
def reply_a_byte_at_a_time(work):
    """Replies one byte each half second, so that there is always something to read and never a message."""
    replace(
        work,
        _FORGED
        + """
import os, struct, time
os.write(mine("Pipe").write, struct.pack("!II", 1000, 0))
while True:
    os.write(mine("Pipe").write, b" ")
    time.sleep(0.5)
""",
    )


@attack(earns=LOST, status={"1.5": "killed"})
def another_program_in_its_place(work):
    """Puts another program in the place of its own, which keeps the pipe and knows nothing of any limits."""
    replace(
        work,
        """
import os
pipe = mine("Pipe")
for number in (pipe.read, pipe.write): os.set_inheritable(number, True)
program = f"import os; os.set_blocking({pipe.write}, True); os.write({pipe.write}, bytes(100)); os.abort()"
os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", program])
""",
    )


@attack()
def rank_and_time(work):
    """Gives itself precedence over every other process, sets the clock of the machine, and makes a device."""
    look(
        work,
        """
        import os, stat, time

        for what, do in {
            "precedence": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
            "a higher rank": lambda: os.setpriority(os.PRIO_PROCESS, 0, -10),
            "the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME)),
            "a device": lambda: os.mknod("memory", stat.S_IFCHR | 0o600, os.makedev(1, 1)),
        }.items():
            try:
                do()
                found.append(what)
            except OSError:
                pass
        """,
    )


@attack()
def corpse_of_a_process(work):
    """Would crash with all its memory, which many systems write to their disk whatever its limits say: all but one."""
    look(
        work,
        """
        import resource

        if resource.getrlimit(resource.RLIMIT_CORE) not in ((1, 1), (0, 0)):  # 0 is all that may be left to lower
            found.append("a dump of its memory, where the system pipes them to a program")
        """,
    )


@attack(solved=False, otherwise="nothing", status={"1.1": "not written"})
def two_lists_of_cells(work):
    """Has two lists of cells in one file, with right answers in the first; it is the last that every reader sees."""
    from tests.classroom.attacks.kit import Work

    first = Work("01", solved=True).data().rstrip(b"}").rsplit(b', "metadata"', 1)[0]
    return first + b", " + work.data().lstrip(b"{")


@attack()
def plan_that_repeats_itself(work):
    """Names the same line of another cell 45,000 times as part of its answer, for a graded notebook without end."""
    own = {"cell_type": "code", "metadata": {}, "source": "# " + "x" * 150_000}
    work.cells.insert(4, own)
    work.put_before(
        "1.1",
        """
        import gc

        for one in gc.get_objects():
            if type(one).__name__ == "Answers":
                plan = one.plan
                one.plan = lambda exercise_id: [plan(exercise_id)[0], [[4, 1, n] for n in range(1, 45_000)], []]
        """,
    )


@attack()
def failures_of_endless_numbers(work):
    """Tells of definitions that failed in a cell whose number has so many digits that Python does not print it."""
    work.put_after(
        "1.7",
        """
        import gc

        for one in gc.get_objects():
            if type(one).__name__ == "Answers":
                right = one.define
                one.define = lambda exercise_id: right(exercise_id) + [[9 * 10**4298, "x" * 100_000]] * 30
        """,
    )


@attack(honest=True, changes="Outside the answer cells")
def megabytes_of_code(work):
    """Has nine megabytes of data in cells of its own, more than one message to the answers' process may hold."""
    for number in range(60):
        source = f"def data_{number}():\n    return '{'x' * 150_000}'"
        work.cells.append({"cell_type": "code", "metadata": {}, "source": source})


@attack(otherwise="nothing", status={"1.1": "unreadable"}, reason="no more than")
def text_of_escapes(work):
    """Has a string of 90 MB of backslashes, for which a pattern that goes back takes gigabytes."""
    return b'{"cells": [], "text": "' + b"\\n" * (45 << 20) + b'"}'


@attack(otherwise="nothing", status={"1.1": "unreadable"}, reason="cells")
def millions_of_cells_in_format_3(work):
    """Has six million cells in format 3, whose conversion takes gigabytes."""
    return b'{"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [' + b"{}," * 6_000_000 + b"{}]}]}"
