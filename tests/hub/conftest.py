"""A hub that runs for all tests of this folder, and what happened on it, step by step through one assignment."""

from types import SimpleNamespace

import pytest

from tests.browser.conftest import browser, screenshots  # noqa: F401 - fixtures
from tests.classroom.sample_class import FALLING, RIGHT
from tests.hub.hub import COURSE, Hub
from tests.hub.machine import Machine, what_is_missing

NAME = "00_start_here"
NOTEBOOK = f"{NAME}/{NAME}.ipynb"

#: Hands in as someone else, from a path; the folder is named as nbgrader's submit would, after the real one.
FORGE = """
import os, sys
from datetime import UTC, datetime
inbound, user, assignment, ending, notebook, link = sys.argv[1:]
now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
folder = f"{inbound}/{user}+{assignment}+{now}+{ending}"
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
    if missing := what_is_missing():
        pytest.skip(missing)
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
def handed_in(released):
    """The hub, after each student has fetched the notebook, filled it in and submitted it; bob wrote a wrong answer."""
    for person, answer in {"ada": RIGHT, "bob": FALLING}.items():
        visitor = released.visitors[person]
        visitor.do("fetch", COURSE, NAME)
        visitor.write_answer(NOTEBOOK, "ex-0-1", answer)
        visitor.do("submit", COURSE, NAME)
    return released


@pytest.fixture(scope="session")
def forged(handed_in):
    """What bob then puts into the exchange: his notebook in ada's name, and a link to the solution in his own."""
    inbound, own = handed_in.exchange / COURSE / "inbound", handed_in.machine.home("bob") / NOTEBOOK
    solution = handed_in.course / "solutions" / NOTEBOOK
    assert solution.is_file()
    ada, bob = map(handed_in.machine.name, ("ada", "bob"))
    return SimpleNamespace(
        name=handed_in.run_as("bob", FORGE, inbound, ada, NAME, "aaaaaaaaaaaa", own, "").strip(),
        link=handed_in.run_as("bob", FORGE, inbound, bob, NAME, "bbbbbbbbbbbb", own, solution).strip(),
    )


@pytest.fixture(scope="session")
def collected(handed_in, forged):
    """What `collect` came to."""
    return handed_in.run("collect", "00")


@pytest.fixture(scope="session")
def graded(handed_in, collected):
    """The hub, after the instructor has graded everything and given feedback, and each student has fetched theirs."""
    succeed(handed_in.run("grade", "00", "--jobs", "1"))
    succeed(handed_in.run("feedback", "00"))
    for person in ("ada", "bob"):
        handed_in.visitors[person].do("fetch_feedback", COURSE, NAME)
    return handed_in


def succeed(done):
    """Return what a command printed; it must have ended well."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
