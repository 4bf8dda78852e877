"""A hub that runs for all tests of this folder, and the steps of one assignment on it."""

from types import SimpleNamespace

import pytest

from tests.browser.conftest import browser, screenshots  # noqa: F401 - fixtures
from tests.classroom.sample_class import FALLING, RIGHT
from tests.hub.hub import COURSE, Hub
from tests.hub.machine import Machine, skip_if_unsupported

NAME = "00_start_here"
NOTEBOOK = f"{NAME}/{NAME}.ipynb"

#: Submits in the name of someone else; the folder is named as nbgrader's submit would name it.
FORGE = """
import os, sys
from datetime import UTC, datetime
inbound, user, assignment, random, notebook, link = sys.argv[1:]
now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
folder = f"{inbound}/{user}+{assignment}+{now}+{random}"
os.mkdir(folder)
if link:
    os.symlink(link, f"{folder}/{assignment}.ipynb")
else:
    open(f"{folder}/{assignment}.ipynb", "w").write(open(notebook).read())
open(f"{folder}/timestamp.txt", "w").write(now)
print(folder)
"""


@pytest.fixture(scope="session")
def hub():
    """The hub of the example, with grace as the instructor, and ada and bob as students."""
    skip_if_unsupported()
    with Machine() as machine, Hub(machine) as hub:
        yield hub


@pytest.fixture(scope="session")
def released(hub):
    """The hub, after the instructor has entered the class and released notebook 00."""
    students = [hub.machine.name(person) for person in ("ada", "bob")]
    class_list = hub.machine.home("grace") / "class.csv"
    class_list.write_text("\n".join(["id", *students]))
    hub.machine.give(class_list, "grace")
    succeed(hub.run("roster", str(class_list)))
    succeed(hub.run("release", "00"))
    return hub


@pytest.fixture(scope="session")
def submitted(released):
    """The hub, after each student has fetched the notebook, filled it in and submitted it; bob wrote a wrong answer."""
    for person, answer in {"ada": RIGHT, "bob": FALLING}.items():
        visitor = released.visitors[person]
        visitor.do("fetch", COURSE, NAME)
        visitor.write_answer(NOTEBOOK, "ex-0-1", answer)
        visitor.do("submit", COURSE, NAME)
    return released


@pytest.fixture(scope="session")
def forged(submitted):
    """The folders that bob adds to the exchange: his notebook in ada's name, and in his own a link to the solution."""
    inbound, own = submitted.exchange / COURSE / "inbound", submitted.machine.home("bob") / NOTEBOOK
    solution = submitted.course / "solutions" / NOTEBOOK
    assert solution.is_file()
    ada, bob = map(submitted.machine.name, ("ada", "bob"))
    return SimpleNamespace(
        name=submitted.run_as("bob", FORGE, inbound, ada, NAME, "aaaaaaaaaaaa", own, "").strip(),
        link=submitted.run_as("bob", FORGE, inbound, bob, NAME, "bbbbbbbbbbbb", own, solution).strip(),
    )


@pytest.fixture(scope="session")
def collected(submitted, forged):
    """Result of `collect`."""
    return submitted.run("collect", "00")


@pytest.fixture(scope="session")
def graded(submitted, collected):
    """The hub, after the instructor has graded everything and given feedback, and each student has fetched theirs."""
    succeed(submitted.run("grade", "00", "--jobs", "1"))
    succeed(submitted.run("feedback", "00"))
    for person in ("ada", "bob"):
        submitted.visitors[person].do("fetch_feedback", COURSE, NAME)
    return submitted


def succeed(done):
    """Return what a command printed; it must have succeeded."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
