"""Every attack earns what it should, says why, and leaves nothing behind."""

from dataclasses import replace

import pytest

from helpers.classroom.grading import grade_submission
from helpers.classroom.sandbox.walls import Limits, why_no_sandbox
from tests.classroom.attacks import ATTACKS
from tests.classroom.attacks.kit import max_points, paper

SECRET = "a secret of these tests"
LIMITS = Limits(seconds=20, total=60, cpu=20, memory=640 << 20, file_size=16 << 20)


@pytest.fixture(scope="module", autouse=True)
def sandbox(tmp_path_factory):
    if reason := why_no_sandbox(tmp_path_factory.mktemp("trial")):
        pytest.skip(reason)


@pytest.fixture(scope="module")
def graded():
    """A function that grades an attack, once."""
    known = {}

    def grade(attack):
        if attack.name not in known:
            limits = replace(LIMITS, **attack.limits)
            known[attack.name] = grade_submission(paper(attack.notebook), attack.data(), limits=limits, secret=SECRET)
        return known[attack.name]

    return grade


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_what_it_should_and_hears_why(name, graded):
    attack = ATTACKS[name]
    result = graded(attack)
    points = {grade_id: score.points for grade_id, score in result.scores.items() if score.status != "for a person"}
    told = {grade_id: (score.status, score.reason[:200]) for grade_id, score in result.scores.items()}
    written = [grade_id for grade_id in points if grade_id not in max_points(attack.notebook)]
    assert {key: value for key, value in points.items() if key not in written} == attack.points(), told
    for number, (exercise_id, status) in enumerate(attack.status.items()):
        score = result.scores[f"check-{exercise_id.replace('.', '-')}"]
        assert score.status == status, told
        assert number or attack.reason in score.reason, told
    assert attack.changes in " ".join(result.changes)
