"""Every attack earns what it should, is told why, and leaves nothing behind for the next submission."""

import multiprocessing
import re
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from helpers.classroom.grading.grader import grade_submission
from helpers.classroom.grading.sandbox.isolation import Limits
from tests.classroom.attacks import ATTACKS
from tests.classroom.attacks.document import PLACE, make
from tests.classroom.attacks.kit import Work, max_points, template

SECRET = "a secret of these tests"
LIMITS = Limits(seconds=60, total=200, cpu=20, memory=640 << 20)


@pytest.fixture(scope="module")
def graders(working_sandbox):
    """A process that grades one submission after the other."""
    context = multiprocessing.get_context("spawn")  # a process that is not a copy of this one
    with ProcessPoolExecutor(1, context, initializer=warnings.simplefilter, initargs=("error",)) as graders:
        yield graders


@pytest.fixture(scope="module", params=ATTACKS)
def name(request):
    """The name of an attack; since it belongs to the module, all tests of one attack follow each other."""
    return request.param


@pytest.fixture(scope="module")
def outcome(name, graders, tmp_path_factory):
    """What came of an attack, which is graded once for all its tests."""
    return graders.submit(grade, name, tmp_path_factory.mktemp("graders")).result(timeout=300)


def grade(name, folder):
    """Grade an attack, and then honest work in the same process; look for what they have left."""
    attack = ATTACKS[name]
    with tempfile.TemporaryDirectory(dir=folder) as own:
        tempfile.tempdir = own
        graded = grade_submission(
            template(attack.notebook), attack.data(), limits=replace(LIMITS, **attack.limits), secret=SECRET
        )
        left = [*processes_of(own), *Path(own).rglob("*")]
        honest = grade_submission(template("00"), Work("00").data(), limits=LIMITS, secret=SECRET)
    points = [score.points for score in honest.scores.values()]
    return SimpleNamespace(graded=graded, left=[*map(str, left)], next_points=points)


def processes_of(folder):
    """The processes whose command names a folder, after a while in which they may end."""
    for _ in range(50):
        commands = [*map(_command, Path("/proc").glob("[0-9]*/cmdline"))]
        if not (found := [command for command in commands if str(folder) in command]):
            break
        time.sleep(0.1)
    return found


def _command(path):
    try:
        return path.read_text(errors="replace")
    except OSError:  # it has ended
        return ""


@pytest.fixture
def attack(name):
    """The attack."""
    return ATTACKS[name]


def test_an_attack_earns_what_it_should_and_hears_why(attack, outcome):
    scores = outcome.graded.scores
    told = {grade_id: (score.status, score.reason[:200]) for grade_id, score in scores.items()}
    assert {grade_id: scores[grade_id].points for grade_id in max_points(attack.notebook)} == attack.points(), told
    statuses = {exercise_id: scores[f"check-{exercise_id.replace('.', '-')}"].status for exercise_id in attack.status}
    # Which of two limits stops it may depend on how fast the machine is.
    assert all(statuses[exercise_id] in status.split(" or ") for exercise_id, status in attack.status.items()), told
    first = next(iter(attack.status), None)
    assert first is None or attack.reason in scores[f"check-{first.replace('.', '-')}"].reason, told
    assert attack.changes in " ".join(outcome.graded.changes)


def test_an_attack_leaves_nothing_and_the_next_submission_is_graded(outcome):
    assert outcome.left == []
    assert outcome.next_points == [1.0, 1.0, 2.0, 2.0]


def test_the_graded_notebook_can_be_shown_to_anyone(attack, outcome):
    text = outcome.graded.notebook
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    text.encode()
    outputs = [output.data for cell in notebook.cells for output in cell.get("outputs", [])]
    words = "\n".join(text for data in outputs for text in data.values())
    assert len(words) < 200_000
    assert "hidden_check" not in words and "Traceback" not in words
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", words)
    assert not any("<script" in data.get("text/html", "") for data in outputs)
    hidden = [cell.source for cell in notebook.cells if cell.id.startswith("hidden-")]
    assert hidden and not any("hidden_check" in source for source in hidden)
    assert not attack.unseen or attack.unseen not in text


def test_the_table_of_attacks_is_not_stale():
    assert PLACE.read_text(encoding="utf-8") == make(), "run .venv/bin/python -m tests.classroom.attacks.document"


def test_there_are_many_attacks_and_honest_work_among_them():
    honest = [attack for attack in ATTACKS.values() if attack.honest]
    assert len(honest) >= 20 and len(ATTACKS) - len(honest) >= 45
    assert all(attack.points() == max_points(attack.notebook) for attack in honest)
