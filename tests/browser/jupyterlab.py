"""JupyterLab as a learner has it: started by the course's own command, and used with mouse and keyboard."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time

import nbformat
import psutil

#: Seconds to wait for anything before a test fails; on an idle machine nothing takes ten.
PATIENCE = 60

ADDRESS = re.compile(r"http://127\S+")


@contextlib.contextmanager
def serve(course, command):
    """Run a command of the course that starts a server, until the end of the block, with nobody's own settings.

    Args:
        course: a copy of the repository.
        command: "learn" or "formgrader".

    Yields:
        what the command has printed; the address of the server is in it
    """
    own = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    settings = {name: str(course / ".settings" / name) for name in own}
    line = [sys.executable, "-m", "helpers", command, "--no-browser", "--port", str(_free_port())]
    log = course / f"{command}.log"
    with log.open("w") as output:
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
        server = psutil.Popen(line, cwd=course, env=os.environ | settings, **streams)
    try:
        yield _wait_for_address(server, log)
    finally:
        kernels = server.children(recursive=True) if server.is_running() else []
        server.terminate()
        see_off([server, *kernels])


def see_off(processes):
    """Wait until these processes have ended; kill those that have not, and fail."""
    _, left = psutil.wait_procs(processes, timeout=PATIENCE)
    for process in left:
        process.kill()
    assert left == []


def _free_port():
    with socket.create_server(("localhost", 0)) as server:
        return server.getsockname()[1]


def _wait_for_address(server, log):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        if ADDRESS.search(printed := log.read_text()):
            return printed
        time.sleep(0.1)
    raise AssertionError(f"no address was printed, but:\n{log.read_text()}")


class Lab:
    """JupyterLab in a window of its own.

    Args:
        browser: of Playwright.
        printed: by `learn`; the address to visit is in it.
        course: the copy of the repository.
        folder: with the learner's notebooks.
    """

    def __init__(self, browser, printed, course, folder="my"):
        self.course = course
        self.folder = folder
        # Two pixels to one, as on most screens of today: a screenshot shows whether a figure is sharp.
        self.page = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=2)
        self.page.set_default_timeout(1000 * PATIENCE)
        self.page.goto(ADDRESS.search(printed)[0])

    def shown(self, name):
        """Wait until this notebook is the one in front and its kernel is ready, and return it."""
        self.page.get_by_title(f"Change kernel for {name}.ipynb").filter(has_text="| Idle").wait_for()
        return Notebook(self, self.course / self.folder / name / f"{name}.ipynb")

    def open(self, name):
        """Open a notebook by way of the file browser, and return it."""
        self.page.locator(f".jp-BreadCrumbs-item[title='{self.folder}']").click()
        for kind in "directory", "notebook":
            self.page.locator(f".jp-DirListing-item[data-file-type={kind}]").filter(has_text=name).dblclick()
        return self.shown(name)

    def choose(self, *entries):
        """Choose an entry of the menu, e.g. "Run", "Run All Cells"."""
        for entry in entries:
            text = f":text-is('{entry}')"
            self.page.locator(f".lm-MenuBar-itemLabel{text}, .lm-Menu-itemLabel{text}").click()

    def choose_theme(self, name):
        """Change to the theme of this name."""
        self.choose("Settings", "Theme", name)
        self.page.locator(f"body[data-jp-theme-name='{name}']").wait_for(state="attached")


class Notebook:
    """The notebook in front of a Lab; its cells are called by their ids in the file.

    Args:
        lab: the Lab.
        path: of the file.
    """

    def __init__(self, lab, path):
        self.lab = lab
        self.path = path
        self.panel = lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def read(self):
        """Return the notebook as it is saved."""
        return nbformat.read(self.path, as_version=4)

    def find(self, words):
        """Return the id of the one cell that has these words in it."""
        [cell_id] = [cell.id for cell in self.read().cells if words in cell.source]
        return cell_id

    def cell(self, cell_id):
        """Return the place of a cell in the page, where cells are numbered."""
        number = [cell.id for cell in self.read().cells].index(cell_id)
        return self.panel.locator(f".jp-Cell[data-windowed-list-index='{number}']")

    def outputs(self, kind):
        """Return the places of all outputs of a kind: "stdout", "stderr" or "error"."""
        return self.panel.locator(f"[data-mime-type='application/vnd.jupyter.{kind}']")

    def write(self, cell_id, source):
        """Replace what a cell says."""
        self.cell(cell_id).locator(".cm-content").click()
        self.lab.page.keyboard.press("ControlOrMeta+a")
        self.lab.page.keyboard.insert_text(source)  # typed key by key, it would be indented once more

    def run(self, cell_id):
        """Run a cell with the keyboard, and wait until it is done."""
        prompt = self.cell(cell_id).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        self.cell(cell_id).locator(".cm-content").press("Control+Enter")
        prompt.filter(has_not_text=before, has_text=re.compile(r"\d")).wait_for()

    def run_all(self):
        """Run all cells with the menu, and wait until the last one is done, or one has failed."""
        last = [cell.id for cell in self.read().cells if cell.cell_type == "code"][-1]
        self.lab.choose("Run", "Run All Cells")
        done = self.cell(last).locator(".jp-InputPrompt").filter(has_text=re.compile(r"\d"))
        done.or_(self.outputs("error")).first.wait_for()

    def save(self):
        """Save with the keyboard, and wait until the tab has lost the mark of unsaved work."""
        self.lab.page.keyboard.press("ControlOrMeta+s")
        self.lab.page.locator(".lm-TabBar-tab.jp-mod-current:not(.jp-mod-dirty)").wait_for()
