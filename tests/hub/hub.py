"""The example of a hub in this repository, set up as its README says, with one instructor and two students."""

import contextlib
import re
import shutil
import socket
import subprocess
import time
import zipfile
from pathlib import Path

import psutil
import requests

from helpers.classroom.authoring.learner_kit import pack
from tests.hub.machine import PATIENCE, install, processes_of
from tests.hub.visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples/jupyterhub"

#: The name of the course, as in the example.
COURSE = "rnn-2026"

#: What an instructor's course folder needs of the repository.
CONTENTS = ("helpers", "notebooks", "solutions", "nbgrader_config.py")

PEOPLE = {"grace": "instructors", "ada": "students", "bob": "students"}


class Hub:
    """A hub on a machine; inside the block it runs, and everybody has a server on it.

    Args:
        machine: the Machine.
    """

    def __init__(self, machine):
        self.machine = machine
        self.exchange, self.state = machine.folder / "exchange", machine.folder / "state"
        self.course = machine.home("grace") / "course"
        self.log = machine.folder / "hub.log"

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for group in sorted(set(PEOPLE.values())):
                self.machine.add_group(group)
            passwords = {person: self.machine.add_user(person, group) for person, group in PEOPLE.items()}
            self._make_folders()
            self.programs = install(self.machine.folder / "installed", self._unpack_kit(), EXAMPLE / "package.json")
            self.process = stack.enter_context(self._started(self._edit_settings()))
            self.visitors = {
                person: Visitor(self.address, self.machine.name(person), password)
                for person, password in passwords.items()
            }
            for visitor in self.visitors.values():
                visitor.wait_for_server()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def run(self, *command):
        """Let the instructor run a command of the course in the course folder, and return the completed process."""
        environment = {"PATH": f"{self.programs}:/usr/bin:/bin", "COURSE_SECRET_SEED": "a seed of the test"}
        line = (str(self.programs / "python"), "-m", "helpers", *command)
        return self.machine.run("grace", *line, cwd=self.course, **environment)

    def run_as(self, person, script, *arguments):
        """Let a person run a Python script, as they could in a notebook, and return what it printed."""
        done = self.machine.run(person, str(self.programs / "python"), "-c", script, *map(str, arguments))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def servers(self, person):
        """Return the processes of a person on this machine."""
        return processes_of(self.machine.uid(person))

    # --- setting up ---------------------------------------------------------------------------------------------------

    def _make_folders(self):
        self.exchange.mkdir()
        self.exchange.chmod(0o1777)
        self.state.mkdir(mode=0o700)
        for name in CONTENTS:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            self.course.mkdir(exist_ok=True)
            copy(ROOT / name, self.course / name)
        with (self.course / "nbgrader_config.py").open("a") as settings:
            settings.write(f'c.CourseDirectory.course_id = "{COURSE}"\nc.Exchange.root = "{self.exchange}"\n')
        self.machine.give(self.course, "grace")

    def _unpack_kit(self):
        archive = self.machine.folder / "kit.zip"
        pack(ROOT, archive)
        with zipfile.ZipFile(archive) as files:
            files.extractall(self.machine.folder)
        return self.machine.let_all_read(self.machine.folder / "learner-kit")

    def _edit_settings(self):
        """Copy the example and edit the lines that are meant to be edited; the ports are free ones."""
        settings = Path(shutil.copytree(EXAMPLE, self.machine.folder / "settings"))
        public, inner, proxy = _free_ports(3)
        self.address, self.proxy_api = f"http://127.0.0.1:{public}", f"http://127.0.0.1:{proxy}"
        hub = settings / "jupyterhub_config.py"
        _edit(hub, "ADDRESS", self.address)
        _edit(hub, "STUDENTS, INSTRUCTORS", (self.machine.name("students"), self.machine.name("instructors")))
        _edit(hub, "STATE", str(self.state))
        with hub.open("a") as file:
            file.write(f'\nc.JupyterHub.hub_port = {inner}\nc.ConfigurableHTTPProxy.api_url = "{self.proxy_api}"\n')
        _edit(settings / "everyone/nbgrader_config.py", "c.Exchange.root", str(self.exchange))
        self.machine.let_all_read(settings)
        return hub

    @contextlib.contextmanager
    def _started(self, settings):
        environment = {"PATH": f"{self.programs}:/usr/bin:/bin", "LANG": "C.UTF-8"}
        with self.log.open("w") as output:
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
            line = [self.programs / "jupyterhub", "-f", settings]
            hub = psutil.Popen(list(map(str, line)), cwd=self.state, env=environment, umask=0o022, **streams)
        try:
            self._wait_for(hub)
            yield hub
        finally:
            others = hub.children(recursive=True) if hub.is_running() else []
            hub.terminate()
            _, left = psutil.wait_procs([hub, *others], timeout=PATIENCE)
            for process in left:
                process.kill()
            psutil.wait_procs(left, timeout=PATIENCE)

    def _wait_for(self, hub):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and hub.poll() is None:
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{self.address}/hub/health", timeout=PATIENCE).ok:
                    return
            time.sleep(0.3)
        raise AssertionError(f"the hub did not start:\n{self.log.read_text()}")


def _edit(path, name, value):
    text, count = re.subn(rf"^{name} = \S.*?(?=  #|$)", f"{name} = {value!r}", path.read_text(), flags=re.MULTILINE)
    assert count == 1, f"{path.name} has no line {name} to edit"
    path.write_text(text)


def _free_ports(count):
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]
