"""Answers that use up what there is, or end in ways that a program should not."""

import textwrap

from tests.classroom.attacks.kit import Family

attack = Family("using up and breaking down")


def spoil(work, lines):
    """Let the answer to 1.5 run these lines whenever it is called; it is right otherwise."""
    body = textwrap.indent(textwrap.dedent(lines).strip(), "    ")
    work.put_after(
        "1.5",
        f"right = backprop_norms\n\n\ndef backprop_norms(Wh, dh, steps):\n{body}\n    return right(Wh, dh, steps)",
    )


LOST = {"1.5": (0, 0)}

#: Long enough for the other answers, and short for those who wait for the tests.
HUNG = {"earns": LOST, "status": {"1.5": "timed out"}, "limits": {"seconds": 4}}


@attack(**HUNG, reason="loop that never ends")
def loop_without_end(work):
    """Calculates for ever."""
    spoil(work, "while True: pass")


@attack(earns=LOST, status={"1.5": "killed"}, reason="CPU time", limits={"cpu": 1, "seconds": 30})
def loop_that_uses_up_the_processor(work):
    """Calculates for ever, where there is much time and little of the processor."""
    spoil(work, "while True: pass")


@attack(**HUNG)
def sleep_without_end(work):
    """Sleeps for ever, which takes no processor time at all."""
    spoil(work, "import time\nwhile True: time.sleep(1000)")


@attack(earns=LOST, status={"1.5": "raised"}, reason="not permitted")
def stop_of_itself(work):
    """Stops its own process by a signal, so that it neither runs nor ends."""
    spoil(work, "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")


@attack(**HUNG)
def deafness(work):
    """Ignores every signal that can be ignored, and waits."""
    spoil(
        work,
        """
import signal, time
for number in range(1, 32):
    if number not in (signal.SIGKILL, signal.SIGSTOP): signal.signal(number, signal.SIG_IGN)
while True: time.sleep(1000)
""",
    )


@attack(**HUNG)
def cell_that_never_ends(work):
    """Never comes to the end of its answer cell."""
    work.put_after("1.5", "while True:\n    pass")


@attack(**{"otherwise": "nothing"}, status={"1.5": "timed out"}, reason="for all answers", limits={"total": 3})
def cells_that_take_their_time(work):
    """Takes nearly all the time that there is, in each cell and each check, and never quite too much."""
    for exercise_id in ("1.1", "1.2", "1.3", "1.4"):
        work.put_after(exercise_id, "import time\ntime.sleep(1)")


@attack(earns=LOST, status={"1.5": "killed"}, reason="exit code 3")
def exit_without_a_word(work):
    """Ends its process at once, past every handler."""
    spoil(work, "import os\nos._exit(3)")


@attack(earns=LOST, status={"1.5": "raised"}, reason="SystemExit")
def exit_in_order(work):
    """Calls sys.exit, as a script does at its end."""
    spoil(work, "import sys\nsys.exit(0)")


@attack(earns=LOST, status={"1.5": "killed"}, reason="exit code 0")
def exit_while_it_is_defined(work):
    """Ends its process while its cell runs, so that no answer after it would be defined."""
    work.put_after("1.5", "import os\nos._exit(0)")


@attack(status={"1.2": "killed"}, earns={"1.2": (0, 0)})
def exit_between_two_checks(work):
    """Lets a timer end its process at a time of its choice, between two calls."""
    work.put_after(
        "1.2",
        """
        import os, signal

        if not os.path.exists("been_here"):
            signal.signal(signal.SIGALRM, lambda *args: os._exit(0))

        def rnn_step_forward(x, h_prev, Wx, Wh, b):
            signal.setitimer(signal.ITIMER_REAL, 1e-6)
            return None, None
        """,
    )


@attack(earns=LOST, status={"1.5": "killed"})
def signal_to_its_parent(work):
    """Kills the process that started it, and every other that it can reach."""
    spoil(
        work,
        """
        import os, signal
        for number in (os.getppid(), -1):
            try: os.kill(number, signal.SIGKILL)
            except OSError: pass
        os._exit(0)
        """,
    )


@attack(earns=LOST, status={"1.5": "crashed"})
def address_that_does_not_exist(work):
    """Reads from address 0 through ctypes, which no handler of Python survives."""
    spoil(work, "import ctypes\nctypes.string_at(0)")


@attack(earns=LOST, status={"1.5": "raised"}, reason="RecursionError")
def recursion_without_end(work):
    """Calls itself for ever."""
    spoil(work, "return backprop_norms(Wh, dh, steps)")


@attack(earns=LOST, status={"1.5": "crashed"})
def recursion_without_a_limit(work):
    """Calls itself for ever, after it has lifted Python's own limit."""
    spoil(
        work,
        """
import sys
sys.setrecursionlimit(1 << 30)
class Deep:
    def __getattr__(self, name): return getattr(self, name + "")
Deep().bottom
""",
    )


@attack(earns=LOST, status={"1.5": "out of memory"}, reason="MemoryError")
def memory_without_end(work):
    """Asks for more and more memory, and keeps it."""
    spoil(work, "kept = []\nwhile len(kept) < 80: kept.append(np.empty(1 << 27))")


@attack(earns=LOST, status={"1.5": "raised"})
def processes_without_end(work):
    """Starts one process after the other."""
    spoil(
        work,
        """
import os, time
for _ in range(60):
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)
""",
    )


@attack(earns=LOST, status={"1.5": "raised"})
def threads_without_end(work):
    """Starts one thread after the other."""
    spoil(
        work,
        """
import threading, time
threading.stack_size(1 << 16)
for _ in range(100):
    threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
""",
    )


@attack(status={"1.5": "right"})
def output_without_end(work):
    """Prints 10 MB in every call; the answer is right."""
    spoil(work, "import sys\nfor _ in range(10): sys.stdout.write('x' * 1_000_000)")


@attack(status={"1.5": "right"})
def output_past_the_program(work):
    """Writes 20 MB to the descriptors of its standard output and error; the answer is right."""
    spoil(work, "import os\nfor _ in range(20): os.write(1, b'x' * 1_000_000), os.write(2, b'x' * 1_000_000)")


@attack(earns=LOST, status={"1.5": "raised"}, reason="OSError")
def disk_without_end(work):
    """Writes files until something stops it."""
    spoil(
        work,
        """
import tempfile
with tempfile.TemporaryDirectory() as folder:
    for number in range(100):
        with open(f"{folder}/{number}", "wb") as file: file.write(bytes(4 << 20))
""",
    )


@attack(earns=LOST, status={"1.5": "raised"}, reason="OSError")
def memory_that_looks_like_a_disk(work):
    """Fills the folder for shared memory, which no limit on memory counts."""
    spoil(
        work,
        """
import os
for number in range(40):
    with open(f"/dev/shm/of_an_attack_{number}", "wb") as file: file.write(bytes(4 << 20))
for number in range(40): os.remove(f"/dev/shm/of_an_attack_{number}")
""",
    )


@attack(earns=LOST, status={"1.5": "raised"}, reason="OSError")
def memory_that_belongs_to_nobody(work):
    """Makes segments of shared memory that stay when no process uses them, which no limit on memory counts either."""
    spoil(
        work,
        """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
for _ in range(40):
    number = libc.shmget(0, 8 << 20, 0o1600)
    if number < 0: raise OSError("no shared memory")
    place = libc.shmat(number, None, 0)
    ctypes.memset(place, 1, 8 << 20)
    libc.shmdt(ctypes.c_void_p(place))
    libc.shmctl(number, 0, None)
""",
    )


@attack(status={"1.5": "right"}, honest=True)
def warning_while_it_is_defined(work):
    """Warns, and writes to its standard error, while its cell runs; the answer is right."""
    work.put_after("1.5", "import sys, warnings\nwarnings.warn('old')\nprint('careful', file=sys.stderr)")


@attack(status={"1.5": "right"}, honest=True)
def words_on_standard_error(work):
    """Writes to its standard error in every call; the answer is right."""
    spoil(work, "import sys\nprint('here I am', file=sys.stderr)")
