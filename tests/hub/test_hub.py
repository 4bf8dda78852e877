"""A class on a real hub: an assignment from its release to the feedback, and all that a student must not reach."""

import contextlib
import csv
import grp
import html
import json
import pwd
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.course import Course
from tests.hub.conftest import NAME, NOTEBOOK, succeed
from tests.hub.eavesdropping import LISTEN, TALK
from tests.hub.hub import COURSE
from tests.hub.machine import PATIENCE, Machine, processes_of, skip_if_unsupported

#: The points of the notebook that the class is given, visible and hidden checks together.
MOST = sum(2 * exercise.points for exercise in EXERCISES.values() if exercise.notebook == NOTEBOOK[:2])

pytestmark = pytest.mark.hub

#: Prints which of some paths its user can read.
READ = """
import json, os, sys
def can_read(path):
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
    except OSError:
        return False
    return True
print(json.dumps([path for path in sys.argv[1:] if can_read(path)]))
"""

#: Tries to replace the course by another.
SWAP = """
import os, sys
try:
    os.rename(sys.argv[1], sys.argv[1] + "-gone")
except OSError as error:
    print(error.strerror)
"""


def submissions(hub, person):
    """Return what a person's list of assignments shows of their submissions."""
    shown = hub.visitors[person].assignments(COURSE)
    return [each for entry in shown if entry["status"] == "submitted" for each in entry["submissions"]]


def feedback(hub, person):
    """Return the text of the feedback that a person has fetched."""
    [submission] = submissions(hub, person)
    page = hub.visitors[person].read(f"{submission['local_feedback_path']}/{NAME}.html")
    return page, html.unescape(re.sub(r"<[^>]+>", "", page))


def can_read(hub, person, *paths):
    """Return those of some paths that a person can read; each of them is there."""
    for path in paths:
        assert path.exists(), path
    return json.loads(hub.run_as(person, READ, *paths))


# --- the servers ------------------------------------------------------------------------------------------------------


def test_each_server_runs_as_the_user_whose_it_is(hub):
    for person in hub.visitors:
        commands = [" ".join(process.cmdline()) for process in hub.servers(person)]
        assert any("jupyterhub-singleuser" in command for command in commands)


def test_every_server_listens_on_the_loopback_address_only(hub):
    everything = [hub.process, *hub.process.children(recursive=True)]
    addresses = {
        connection.laddr.ip
        for process in everything
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


def test_a_failure_leaves_no_user_process_or_file_behind():
    skip_if_unsupported()
    with pytest.raises(RuntimeError, match="half way"), Machine() as machine:
        machine.add_group("students")
        machine.add_user("eve", "students")
        uid = machine.uid("eve")
        machine.run("eve", "sh", "-c", "sleep 600 >/dev/null 2>&1 &")
        assert [process.name() for process in processes_of(uid)] == ["sleep"]
        raise RuntimeError("half way")
    assert processes_of(uid) == []
    assert not machine.folder.exists()
    assert machine.name("eve") not in {user.pw_name for user in pwd.getpwall()}
    assert machine.name("students") not in {group.gr_name for group in grp.getgrall()}


# --- from the release to the feedback ---------------------------------------------------------------------------------


def test_what_a_student_fetches_is_the_released_notebook(submitted):
    [fetched] = (submitted.machine.home("ada") / NAME).glob("*.ipynb")
    cells = json.loads(fetched.read_text())["cells"]
    released = json.loads((submitted.course / "notebooks" / NOTEBOOK).read_text())["cells"]
    changed = [cell["id"] for cell, other in zip(cells, released, strict=True) if cell["source"] != other["source"]]
    assert changed == ["ex-0-1"]


def test_a_submission_in_anothers_name_is_refused_and_reported_and_the_right_one_kept(submitted, forged, collected):
    ada, bob = map(submitted.machine.name, ("ada", "bob"))
    assert collected.returncode == 1
    assert (
        f"Refused: {forged.name.rpartition('/')[2]} was handed in as {ada}, but belongs to {bob}.\n" in collected.stdout
    )
    assert "Collected: 2 new" in collected.stdout
    [timestamp] = [submission["timestamp"] for submission in submissions(submitted, "ada")]
    folder = submitted.course / "build/submitted" / ada / NAME
    assert (folder / "timestamp.txt").read_text() == timestamp


def test_a_link_into_the_instructors_folder_is_not_followed(submitted, forged, collected):
    assert f"Refused: {Path(forged.link).name} has a notebook that is a symlink.\n" in collected.stdout
    folder = submitted.course / "build/submitted" / submitted.machine.name("bob") / NAME
    assert "(1 - np.tanh(a / 2)) / 2" in (folder / f"{NAME}.ipynb").read_text()


def test_each_student_has_the_score_of_their_own_answer(graded):
    with Course(graded.course).gradebook() as gradebook:
        scores = {each.student.id: (each.score, each.max_score) for each in gradebook.find_assignment(NAME).submissions}
    assert scores == {graded.machine.name("ada"): (2.0, MOST), graded.machine.name("bob"): (0.0, MOST)}


def test_the_export_has_these_scores(graded):
    succeed(graded.run("export", "plain"))
    with (graded.course / "build/grades-plain.csv").open(newline="", encoding="utf-8-sig") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores == {graded.machine.name("ada"): 2.0, graded.machine.name("bob"): 0.0}


def test_each_student_fetches_the_feedback_on_their_own_answer_and_no_other(graded):
    for person, answer, other in ("ada", "(1 + np.tanh", "(1 - np.tanh"), ("bob", "(1 - np.tanh", "(1 + np.tanh"):
        page, text = feedback(graded, person)
        assert answer in text
        assert other not in text
        assert "hidden_check" not in page


# --- what a student must not reach ------------------------------------------------------------------------------------


def test_a_student_reads_nothing_of_another_or_of_the_instructor(graded):
    machine, course, exchange = graded.machine, graded.course, graded.exchange / COURSE
    own = machine.home("bob") / NOTEBOOK
    [server] = [process for process in graded.servers("ada") if "jupyterhub-singleuser" in " ".join(process.cmdline())]
    forbidden = [
        machine.home("ada"),
        machine.home("ada") / NOTEBOOK,
        machine.home("ada") / ".local/share/jupyter/nbgrader_cache",
        machine.home("grace"),
        course / "solutions" / NOTEBOOK,
        course / "gradebook.db",
        course / "build/submitted" / machine.name("ada") / NAME / f"{NAME}.ipynb",
        course / "build/feedback" / machine.name("ada") / NAME / f"{NAME}.html",
        exchange / "inbound",
        exchange / "feedback",
        graded.state,
        graded.state / "jupyterhub.sqlite",
        graded.state / "cookie_secret",
        Path("/proc", str(server.pid), "environ"),  # with the token by which the server speaks to the hub
    ]
    assert can_read(graded, "bob", own, exchange / "outbound" / NOTEBOOK, *forbidden) == [
        str(own),
        str(exchange / "outbound" / NOTEBOOK),
    ]


def test_no_solution_is_in_a_folder_that_everyone_can_read(hub):
    installed = [hub.machine.folder / "learner-kit", hub.programs.parent, hub.exchange, hub.machine.folder / "settings"]
    assert [path for top in installed for path in top.rglob("solutions")] == []


def test_a_student_cannot_replace_the_course_in_the_exchange(released):
    assert released.run_as("bob", SWAP, released.exchange / COURSE).strip() == "Operation not permitted"


def test_a_student_does_not_get_into_the_server_of_another(submitted):
    bob = submitted.visitors["bob"]
    paths = ["lab", "api/contents", f"assignments?course_id={COURSE}"]
    for person, theirs in {"ada": [*paths, f"files/{NOTEBOOK}"], "grace": [*paths, "formgrader"]}.items():
        owner = submitted.visitors[person]
        for path in theirs:
            assert owner.ask_own_server("GET", path).status_code == 200, path
            assert bob.ask("GET", f"/user/{owner.name}/{path}").status_code == 403, path
        assert bob.ask("DELETE", f"/hub/api/users/{owner.name}/server").status_code in (403, 404)
        assert bob.ask("POST", f"/hub/api/users/{owner.name}/tokens").status_code in (403, 404)
    assert bob.ask("GET", "/hub/api/users").status_code == 403


SECRET = "the words of ada"


def overhear(hub, kernel):
    """Let ada's kernel print the secret while bob listens to everything of hers; return what he was sent."""
    with ThreadPoolExecutor(1) as thread:
        talking = thread.submit(hub.run_as, "ada", TALK, kernel, SECRET, 15)
        heard = hub.run_as("bob", LISTEN, hub.machine.uid("ada"), 15)
        assert int(talking.result()) > 5  # ada herself heard it
    return heard


def test_a_student_hears_nothing_of_the_kernel_of_another(hub):
    started = hub.visitors["ada"].ask_own_server("POST", "api/kernels", json={"name": "python3"})
    started.raise_for_status()
    kernel = started.json()["id"]
    heard = overhear(hub, kernel)
    assert SECRET not in heard
    assert "execute_input" not in heard
    assert int(heard.split()[-2]) > 1  # there were sockets to try
    hub.visitors["ada"].ask_own_server("DELETE", f"api/kernels/{kernel}").raise_for_status()
    assert "without encryption" not in hub.log.read_text()


def test_a_student_would_hear_the_kernel_of_another_without_these_settings(hub):
    heard = overhear(hub, "")
    assert SECRET in heard
    assert "execute_input" in heard


def test_the_debugger_whose_port_is_open_to_everyone_is_not_offered(hub):
    for visitor in hub.visitors.values():
        disabled = re.search(r'"disabledExtensions": \[[^]]*\]', visitor.wait_for_server())[0]
        assert "@jupyterlab/debugger-extension" in disabled


def test_a_student_cannot_bypass_the_proxy(hub):
    name, bob = hub.machine.name("ada"), hub.visitors["bob"]
    [port] = {
        connection.laddr.port
        for process in hub.servers("ada")
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN and answers(connection.laddr.port)
    }
    straight = requests.get(
        f"http://127.0.0.1:{port}/user/{name}/api/contents", cookies=bob.session.cookies, timeout=PATIENCE
    )
    assert straight.status_code == 403
    assert requests.get(f"{hub.proxy_api}/api/routes", timeout=PATIENCE).status_code == 403


def answers(port):
    """Whether something that speaks HTTP is at a port of this machine."""
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{port}/", timeout=5).status_code > 0
    return False


# --- formgrader -------------------------------------------------------------------------------------------------------


def test_formgrader_is_there_for_the_instructor_alone(graded):
    assert graded.visitors["grace"].ask_own_server("GET", "formgrader").status_code == 200
    for student in "ada", "bob":
        for path in "formgrader", "formgrader/api/assignments":
            assert graded.visitors[student].ask_own_server("GET", path).status_code == 404


def test_formgrader_cannot_be_shown_inside_jupyterlab_so_no_menu_offers_it_there(graded):
    grace = graded.visitors["grace"]
    assert "frame-ancestors 'none'" in grace.ask_own_server("GET", "formgrader").headers["Content-Security-Policy"]
    for visitor in graded.visitors.values():
        disabled = re.search(r'"disabledExtensions": \[[^]]*\]', visitor.wait_for_server())[0]
        assert "@jupyter/nbgrader:formgrader" in disabled
        assert "@jupyter/nbgrader:assignment-list" not in disabled


def test_formgrader_opens_in_a_tab_of_its_own_with_the_scores_of_the_class(browser, graded, screenshots):
    grace, context = graded.visitors["grace"], browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    page.route("**/mathjax/**", lambda route: route.abort())  # from the network, where there may be none
    page.goto(f"{graded.address}/hub/user-redirect/formgrader")
    page.get_by_label("Username").fill(grace.name)
    page.get_by_label("Password").fill(grace.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=NAME).first.wait_for()
    page.screenshot(path=screenshots / "formgrader-on-the-hub.png")
    assert page.url.startswith(f"{graded.address}/user/{grace.name}/formgrader")
    page.get_by_role("link", name="2", exact=True).click()  # submissions
    for student, score in ("ada", f"2 / {MOST:g}"), ("bob", f"0 / {MOST:g}"):
        row = page.get_by_role("row").filter(has_text=graded.machine.name(student))
        row.get_by_text(score).wait_for()
    page.screenshot(path=screenshots / "submissions-on-the-hub.png")
    context.close()
