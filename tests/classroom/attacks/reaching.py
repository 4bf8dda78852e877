"""Answers that reach for what is not theirs: files, secrets, the network, other processes.

Each of them is right, and spoils itself when it finds something: full points mean that nothing was found.
"""

import textwrap

from tests.classroom.attacks.kit import Family

attack = Family("reaching out")

_LOOK = """
found = []
try:
{look}
except Exception as error:
    said = repr(error)

right = backprop_norms


def backprop_norms(Wh, dh, steps):
    if found:
        raise RuntimeError(f"found {{found[0]}}")
    return right(Wh, dh, steps)
"""


def look(work, source):
    """Let the answer to 1.5 run these lines, and give up where they put something into `found`."""
    work.put_after("1.5", _LOOK.format(look=textwrap.indent(textwrap.dedent(source).strip(), "    ")))


@attack()
def files_of_the_system(work):
    """Reads the users of the machine and its name."""
    look(
        work,
        """
        import os

        for path in ("/etc/passwd", "/etc/shadow", "/etc/hostname", "/proc/1/environ", "/proc/self/mounts"):
            if os.path.exists(path):
                found.append(path)
        """,
    )


@attack()
def home_folders(work):
    """Looks through the home folders for what people keep there."""
    look(
        work,
        """
        import os

        private = {".bashrc", ".profile", ".bash_history", ".ssh", ".netrc", ".gitconfig", ".config", ".jupyter"}
        for folder in ("/home", "/root", "/Users", os.path.expanduser("~")):
            for place, folders, names in os.walk(folder):
                found.extend(os.path.join(place, name) for name in private.intersection(folders + names))
                folders[:] = [name for name in folders if place == "/home"]
        """,
    )


@attack()
def other_submissions(work):
    """Searches the whole system for notebooks: solutions and the work of others."""
    look(
        work,
        """
        import os

        for place, folders, names in os.walk("/"):
            folders[:] = [name for name in folders if name not in ("proc", "sys", "usr", "lib", "site-packages")]
            found.extend(os.path.join(place, name) for name in names if name.endswith(".ipynb"))
            if len(found) > 3:
                break
        """,
    )


@attack()
def secret_seed(work):
    """Looks for the secret seed of the hidden draws in the environment, its own and that of other processes."""
    look(
        work,
        """
        import glob, os

        found.extend(name for name in os.environ if "SECRET" in name or name.startswith("NBGRADER"))
        for path in glob.glob("/proc/[0-9]*/environ"):
            with open(path, "rb") as file:
                if b"SECRET" in file.read():
                    found.append(path)
        """,
    )


@attack()
def network(work):
    """Opens connections: to a name server of the internet, to this machine, to sockets in files."""
    look(
        work,
        """
        import glob, os, socket

        try:
            with socket.create_connection(("8.8.8.8", 53), timeout=1):
                found.append("the internet")
        except OSError:
            pass
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            try:
                out.connect(("8.8.8.8", 53))
                found.append("a way out: " + out.getsockname()[0])
            except OSError:
                pass
        found.extend(glob.glob("/run/*.sock") + glob.glob("/var/run/*.sock"))
        """,
    )


@attack()
def program_of_the_system(work):
    """Starts another program."""
    look(
        work,
        """
        import subprocess

        if subprocess.run(["ls", "/"], capture_output=True, timeout=10).returncode == 0:
            found.append("a program that it could start")
        """,
    )


@attack()
def mark_left_behind(work):
    """Writes a file where the next submission, or the instructor, would come across it."""
    look(
        work,
        """
        import os, sys

        for folder in (".", *sys.path, os.path.expanduser("~"), "/etc", "/usr/lib", "/dev"):
            path = os.path.join(folder or ".", "numpy_of_an_attack.py")
            try:
                with open(path, "w") as file:
                    file.write("print('owned')")
                if folder != ".":
                    found.append(path)
            except OSError:
                pass
        """,
    )


@attack()
def other_processes(work):
    """Looks for the processes around it, and sends them signals that do no harm."""
    look(
        work,
        """
        import os

        me = os.getpid()
        for number in (os.getppid(), *range(1, 40)):
            try:
                if number not in (0, 1, me):
                    os.kill(number, 0)
                    found.append(f"process {number}")
            except OSError:
                pass
        """,
    )


@attack()
def memory_of_others(work):
    """Reads the memory of the process that started it, through the system call made for debuggers."""
    look(
        work,
        """
        import ctypes, os

        libc = ctypes.CDLL(None, use_errno=True)
        for number in (os.getppid(), 1):
            if number and libc.ptrace(16, number, 0, 0) == 0:
                libc.ptrace(17, number, 0, 0)
                found.append(f"the memory of process {number}")
        """,
    )


@attack()
def new_namespace(work):
    """Makes itself the administrator of a namespace of its own, to mount what it likes there."""
    look(
        work,
        """
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x10000000 | 0x00020000) == 0:
            found.append("a namespace of its own")
        """,
    )
