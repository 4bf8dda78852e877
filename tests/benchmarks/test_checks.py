import json

import pytest

from benchmarks import checks as bench
from helpers.checks.catalogue import EXERCISES


def test_a_line_holds_both_times_and_their_goals(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench, "EXERCISES", {name: EXERCISES[name] for name in ("8.1", "8.2")})
    monkeypatch.setattr(bench, "CLASS", (9.0, 0.0))
    bench.run(tmp_path / "build/bench-checks.json")
    rows = json.loads((tmp_path / "build/bench-checks.json").read_text())["rows"]
    assert [row["exercise"] for row in rows] == ["8.1 count_parameters", "8.2 TiedAffine"]
    assert [(row["right_goal"], row["wrong_goal"]) for row in rows] == [(0.05, 0.5), (9.0, 0.0)]
    assert 0 < rows[1]["right"] < rows[1]["wrong"]
    assert not rows[1]["met"]
    assert rows[1]["slowest"] in {mistake.name for mistake in EXERCISES["8.2"].misconceptions}
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if "TiedAffine" in line and "≤ 9.00" in line and "no" in line]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("id", EXERCISES)
def test_every_check_meets_its_goals(id):
    assert [cost for cost in bench.measure_all([EXERCISES[id]]) if not cost.met] == []
