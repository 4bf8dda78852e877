"""What a hub needs of a machine: users without access to each other's files, and programs that all of them may run."""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests import npm

#: Seconds to wait for anything before a test fails; on an idle machine nothing takes twenty.
PATIENCE = 180

NEEDED = ("useradd", "userdel", "groupadd", "groupdel", "chpasswd", "node", "npm")

_PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")


def skip_if_unsupported():
    """Skip the test, or what needs the fixture, where there can be no such machine."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root, on Linux, can make users for it")
    if absent := [program for program in NEEDED if shutil.which(program) is None]:
        pytest.skip(f"there is no {', no '.join(absent)} on this machine")
    if int(_output_of("node", "-p", "process.versions.node.split('.')[0]")) < 20:
        pytest.skip("the proxy of a hub needs Node.js 20")
    if find_python() is None:
        pytest.skip("there is no Python from 3.11 on that every user may run")


def find_python():
    """Return a Python that every user may run (not one in root's home), from 3.11 on; None if there is none."""
    for name in [sys.executable, *_PYTHONS]:
        for folder in os.get_exec_path():
            path = Path(os.path.realpath(os.path.join(folder, name)))
            if path.is_file() and os.access(path, os.X_OK) and _is_open(path) and _is_new_enough(path):
                return path
    return None


def _is_open(path):
    return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents])


def _is_new_enough(python):
    return bool(_output_of(python, "-I", "-c", "import sys, venv; print('new' if sys.version_info >= (3, 11) else '')"))


def _output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


class Machine:
    """A folder that everyone may enter, and users with homes in it; all of it is removed at the end of the block.

    The names end in random characters, so that no user who was there before is changed.
    """

    def __enter__(self):
        self.suffix = f"-{secrets.token_hex(3)}"
        with contextlib.ExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="hub-"))
            stack.callback(shutil.rmtree, self.folder)
            stack.enter_context(_in_memory(self.folder))
            self.folder.chmod(0o755)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def name(self, name):
        """Return the name of a group or user on this machine."""
        return name + self.suffix

    def add_group(self, name):
        """Make a group."""
        _succeed("groupadd", self.name(name))
        self._stack.callback(_succeed, "groupdel", self.name(name))

    def add_user(self, name, group):
        """Make a user in a group, with a home that nobody else may enter, and return the password."""
        user, home, password = self.name(name), self.home(name), secrets.token_hex(8)
        home.parent.mkdir(exist_ok=True)
        _succeed("useradd", "--no-create-home", "--home-dir", home, "--groups", self.name(group), user)
        self._stack.callback(_succeed, "userdel", user)
        self._stack.callback(end_processes_of, pwd.getpwnam(user).pw_uid)
        _succeed("chpasswd", input=f"{user}:{password}\n")
        home.mkdir(mode=0o700)
        self.give(home, name)
        return password

    def home(self, name):
        """Return the home of a user."""
        return self.folder / "home" / name

    def uid(self, name):
        """Return the number of a user."""
        return pwd.getpwnam(self.name(name)).pw_uid

    def give(self, path, name):
        """Make a user the owner of a folder and all that is in it."""
        user = pwd.getpwnam(self.name(name))
        for inner in [path, *path.rglob("*")]:
            os.chown(inner, user.pw_uid, user.pw_gid, follow_symlinks=False)

    def let_all_read(self, path):
        """Let everyone read a folder and all that is in it, and only root write; return it."""
        for inner in [path, *path.rglob("*")]:
            inner.chmod(0o755 if inner.is_dir() else 0o644)
        return path

    def run(self, name, *command, cwd=None, **environment):
        """Run a program as a user, as in a terminal of theirs, and return the completed process.

        Args:
            name: of the user.
            command: the program and its arguments; it is looked up in the PATH of `environment`.
            cwd: where; the user's home if left out.
            environment: variables.
        """
        user = pwd.getpwnam(self.name(name))
        return subprocess.run(
            command,
            cwd=cwd or user.pw_dir,
            env={"HOME": user.pw_dir, "USER": user.pw_name, "PATH": os.defpath, "LANG": "C.UTF-8"} | environment,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=os.getgrouplist(user.pw_name, user.pw_gid),
            umask=0o022,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )


@contextlib.contextmanager
def _in_memory(folder):
    """Keep a folder in memory, where the system allows it: tens of thousands of files, for a few minutes."""
    memory = ("mount", "-t", "tmpfs", "-o", "size=4g,nosuid,nodev", "tmpfs", folder)
    mounted = subprocess.run(memory, capture_output=True, check=False).returncode == 0
    try:
        yield
    finally:
        if mounted:
            _succeed("umount", "--lazy", folder)


def end_processes_of(uid):
    """Kill the processes of a user that was made here."""
    left = processes_of(uid)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=PATIENCE)


def processes_of(uid):
    """Return the processes that run as a user."""
    return [process for process in psutil.process_iter() if _runs_as(process, uid)]


def _runs_as(process, uid):
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.uids().real == uid
    return False


def install(folder, kit, proxy):
    """Install the programs of a hub where all of its users may run them, and return their folder.

    Args:
        folder: a new one.
        kit: the learner kit, unpacked.
        proxy: a package.json that names the proxy.
    """
    folder.mkdir()
    shutil.copy(proxy, folder / "package.json")
    npm.install(folder, "the proxy of a hub")
    quiet = ("--quiet", "--disable-pip-version-check", "--root-user-action=ignore")
    _succeed(find_python(), "-m", "venv", "--without-pip", folder / "env")
    pip = (sys.executable, "-m", "pip", "--python", folder / "env/bin/python")
    _succeed(*pip, "install", *quiet, "-c", kit / "requirements.lock", "-e", f"{kit}[hub]")
    (folder / "env/bin/configurable-http-proxy").symlink_to(folder / "node_modules/.bin/configurable-http-proxy")
    return folder / "env/bin"


def _succeed(*command, input=None, timeout=None):
    command = list(map(str, command))
    done = subprocess.run(
        command, input=input, capture_output=True, text=True, check=False, umask=0o022, timeout=timeout
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
