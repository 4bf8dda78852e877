"""Nobody else on the machine hears a kernel: it has private sockets, and where it has none, it encrypts."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

import nbformat
import pytest
import zmq
from jupyter_client import BlockingKernelClient
from nbclient import NotebookClient
from nbgrader.validator import Validator
from traitlets.config import Config

from helpers import kernels
from helpers.classroom.authoring import build
from helpers.classroom.authoring.release import load_config

ROOT = Path(__file__).resolve().parents[1]

#: What ipykernel says of a kernel that anybody can listen to.
WARNING = "without encryption"

#: Prints what a kernel's own connection file says.
HOW = "import json, sys; print(open(sys.argv[sys.argv.index('-f') + 1]).read())"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such sockets")


@pytest.fixture
def runtime(monkeypatch):
    """A new runtime folder of Jupyter's, which is not there yet, with a short path."""
    with TemporaryDirectory() as folder:
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", f"{folder}/r")
        yield Path(folder, "r")


def notebook_of(*sources):
    """Return a notebook of some code cells."""
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def test_the_folder_of_the_sockets_is_made_private_and_one_that_is_not_stays_as_it_is_and_gives_encryption(runtime):
    assert kernels.private() == {"transport": "ipc", "transport_encryption": "auto"}
    assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
    for mode in 0o755, 0o710, 0o1777:
        runtime.chmod(mode)
        assert kernels.private() == {"transport_encryption": "auto"}
        assert stat.S_IMODE(runtime.stat().st_mode) == mode


def test_a_path_that_is_too_long_for_a_socket_gives_encryption(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / ("r" * 60)))
    assert kernels.private() == kernels.private(tmp_path / ("r" * 90)) == {"transport_encryption": "auto"}


@pytest.mark.skipif(os.name == "posix" and os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_gives_encryption(runtime):
    runtime.mkdir()
    os.chown(runtime, 65534, -1)
    assert kernels.private() == {"transport_encryption": "auto"}


def test_where_there_are_no_named_sockets_messages_are_encrypted(runtime, monkeypatch):
    monkeypatch.setattr(zmq, "has", lambda what: what == "curve")
    assert kernels.private() == kernels.private(runtime) == {"transport_encryption": "auto"}


@pytest.mark.parametrize("private", [True, False], ids=["private", "too long a path"])
def test_a_build_runs_its_kernels_over_private_sockets_and_says_nothing_of_them(tmp_path, capfd, monkeypatch, private):
    monkeypatch.setenv("TMPDIR", str(tmp_path / ("" if private else "t" * 90)))
    Path(os.environ["TMPDIR"]).mkdir(exist_ok=True)
    monkeypatch.setattr("tempfile.tempdir", None)
    notebook = notebook_of("import os; print(os.listdir('.'))", HOW)
    build.run({tmp_path / "a.py": notebook})
    empty, how = (cell.outputs[0].text for cell in notebook.cells)
    assert empty.strip() == "[]"
    how = json.loads(how)
    assert how["transport"] == ("ipc" if private else "tcp")
    assert how["curve_secretkey"]
    assert WARNING not in "".join(capfd.readouterr())


def test_a_kernel_that_nbgrader_starts_encrypts(tmp_path, capfd):
    path = tmp_path / "a.ipynb"
    nbformat.write(
        notebook_of(f"how = json.loads({HOW.partition('print')[2]})".replace("json.", "__import__('json').")), path
    )
    Validator(config=load_config(ROOT)).validate(str(path))
    assert WARNING not in "".join(capfd.readouterr())


def test_what_is_encrypted_is_told_to_nobody_who_has_not_the_key(capfd):
    """Not even to whoever guesses the port; without encryption, this listener is told everything."""
    for encrypted in True, False:
        client = NotebookClient(
            notebook_of(HOW), config=Config({"KernelManager": kernels.encrypted() if encrypted else {}})
        )
        with client.setup_kernel():
            info = client.km.get_connection_info()
            context = zmq.Context()
            with context.socket(zmq.SUB) as listener:
                listener.subscribe(b"")
                listener.connect(f"tcp://127.0.0.1:{info['iopub_port']}")
                time.sleep(1)
                client.execute_cell(client.nb.cells[0], 0)
                assert bool(listener.poll(2000)) != encrypted
            context.term()
        assert (WARNING in "".join(capfd.readouterr())) != encrypted


@pytest.mark.parametrize("launch", ["launch", pytest.param("launch_formgrader", marks=pytest.mark.slow)])
def test_a_server_gives_each_kernel_private_sockets_also_after_a_restart(runtime, tmp_path, launch):
    command = f"from helpers.classroom.learner import lab; lab.{launch}({str(tmp_path)!r}, browser=False)"
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-c", command], stdout=log, stderr=log, cwd=ROOT)
    try:
        while not (found := re.search(r"(http://127[^/]+)/\S*token=(\w+)", (tmp_path / "log").read_text())):
            assert server.poll() is None
            time.sleep(0.1)
        address, token = found.groups()
        ids = [ask(f"{address}/api/kernels", token)["id"] for _ in range(2)]
        ask(f"{address}/api/kernels/{ids[0]}/restart", token)
        for id in ids:
            client = BlockingKernelClient(connection_file=str(runtime / f"kernel-{id}.json"))
            client.load_connection_file()
            assert (client.transport, client.ip) == ("ipc", str(runtime / f"kernel-{id}-ipc"))
            client.hb_channel.time_to_dead = 30.0  # on a busy machine
            client.start_channels()
            client.wait_for_ready(timeout=60)
            assert client.execute_interactive("1 + 1", timeout=60)["content"]["status"] == "ok"
            client.stop_channels()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    assert WARNING not in (tmp_path / "log").read_text()


def ask(address, token):
    """Post to a server, and return its answer."""
    request = Request(address, b"{}", {"Authorization": f"token {token}", "Content-Type": "application/json"})
    with urlopen(request) as response:
        return json.load(response)
