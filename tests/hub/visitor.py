"""A user of a hub, with the requests of a browser: a login, their own server, and what JupyterLab shows there."""

import re
import time

import requests

from tests.hub.machine import PATIENCE


class Visitor:
    """A person who has logged in.

    Args:
        address: of the hub.
        name: of the user.
        password: of the user on the machine.
    """

    def __init__(self, address, name, password):
        self.address, self.name, self.password = address, name, password
        self.session = requests.Session()
        self.session.trust_env = False  # the hub is on this machine, whatever proxy it uses
        page = self.ask("GET", "/hub/login").text
        form = {"username": name, "password": password, "_xsrf": re.search(r'name="_xsrf" value="([^"]+)"', page)[1]}
        self.ask("POST", "/hub/login", data=form).raise_for_status()

    def ask(self, method, path, **options):
        """Request a path of the hub, following redirects, and return the response."""
        headers = {"X-XSRFToken": token} if (token := self._token(path)) else {}
        return self.session.request(method, self.address + path, headers=headers, timeout=PATIENCE, **options)

    def _token(self, path):
        """The token that a page of the hub adds to its requests, against forged ones."""
        found = [cookie for cookie in self.session.cookies if cookie.name == "_xsrf" and path.startswith(cookie.path)]
        return max(found, key=lambda cookie: len(cookie.path)).value if found else None

    def wait_for_server(self):
        """Wait until the user's server, which the login has started, shows JupyterLab; return that page."""
        deadline = time.monotonic() + PATIENCE
        while not self.ask("GET", f"/hub/api/users/{self.name}").json()["servers"].get("", {}).get("ready"):
            assert time.monotonic() < deadline, f"the server of {self.name} did not start"
            time.sleep(0.3)
        page = self.ask_own_server("GET", "lab")
        page.raise_for_status()
        return page.text

    def ask_own_server(self, method, path, **options):
        """Request a path of the user's own server, and return the response."""
        return self.ask(method, f"/user/{self.name}/{path}", **options)

    # --- what JupyterLab does for a student ---------------------------------------------------------------------------

    def assignments(self, course):
        """Return what the list of assignments shows: dicts with a status, one for each assignment and submission."""
        return _value(self.ask_own_server("GET", "assignments", params={"course_id": course}))

    def do(self, action, course, assignment):
        """Press "fetch", "submit" or "fetch_feedback" in the list of assignments, and return the list."""
        asked = {"course_id": course, "assignment_id": assignment}
        return _value(self.ask_own_server("POST", f"assignments/{action}", json=asked))

    def read(self, path):
        """Return the content of a file as JupyterLab opens it."""
        response = self.ask_own_server("GET", f"api/contents/{path}")
        response.raise_for_status()
        return response.json()["content"]

    def write_answer(self, path, cell_id, source):
        """Open a notebook, replace the source of a cell, and save it."""
        notebook = self.read(path)
        next(cell for cell in notebook["cells"] if cell.get("id") == cell_id)["source"] = source
        saved = self.ask_own_server("PUT", f"api/contents/{path}", json={"type": "notebook", "content": notebook})
        saved.raise_for_status()


def _value(response):
    response.raise_for_status()
    answer = response.json()
    assert answer["success"], answer["value"]
    return answer["value"]
