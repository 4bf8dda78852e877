"""The benchmark of grading: it counts all that was used, and its table says so."""

import json
import subprocess
import sys
import time

import pytest

from benchmarks import grading as bench
from helpers.checks.catalogue import EXERCISES

BURN = "import time; held = b'x' * 50_000_000\nwhile time.process_time() < 0.6: pass"
FAMILY = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\n{BURN}"


def test_the_monitor_counts_a_process_and_what_it_starts():
    process = subprocess.Popen([sys.executable, "-c", FAMILY])
    with bench.Monitor([process.pid]) as monitor:
        process.wait()
    assert 0.9 < monitor.cpu() < 1.6
    assert monitor.memory["main"] > 50e6
    assert monitor.memory["other"] > 50e6


@pytest.mark.slow
def test_a_class_is_graded_and_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "NOTEBOOK", "00")
    course = bench._make_course(tmp_path / "course", 2)
    begun = time.monotonic()
    found = bench._measure(course, tmp_path / "copy", [("ours",)])
    assert found["count"] == 2
    assert 0 < found["wall"] <= time.monotonic() - begun
    assert 0 < found["own_cpu"] < found["cpu"]
    assert {student for student, _ in found["scores"]} == {"a0000", "b0001"}
    assert sum(found["scores"].values()) == 2 * sum(2 * EXERCISES[id].points for id in ("0.1", "0.2"))
    assert found["memory"].keys() >= {"main", "worker", "answers"}


def test_a_run_that_fails_says_why(tmp_path):
    course = tmp_path / "course"
    course.mkdir()
    with pytest.raises(ValueError, match=r"(?s)A measured run failed.*no source of a notebook"):
        bench._measure(course, tmp_path / "copy", [("ours",)])


def measured(count, wall, cpu, scores):
    return {
        "wall": wall,
        "cpu": cpu,
        "memory": {"main": 1e8, "worker": 140e6, "answers": 40e6},
        "count": count,
        "scores": scores,
        "own_cpu": 0.05 * count,
        "steps_cpu": 0.3 * count,
    }


def test_one_table_is_printed_and_all_of_it_written(tmp_path, monkeypatch, capsys):
    right = {("ada", "check-1-1"): 1.0, ("ada", "check-1-2"): 1.0}
    answers = iter(
        [
            measured(50, 400.0, 380.0, right),
            measured(50, 210.0, 390.0, right),
            measured(50, 20.0, 35.0, right | {("ada", "check-1-2"): 0.0}),
            measured(50, 20.0, 35.0, right),
            measured(200, 70.0, 120.0, right),
        ]
    )
    monkeypatch.setattr(bench, "_measure", lambda *arguments: next(answers))
    monkeypatch.setattr(bench, "_make_course", lambda root, submissions: root)
    path = tmp_path / "new" / "grading.json"
    bench.run(path)
    report = json.loads(path.read_text(encoding="utf-8"))
    rows = {row["measure"]: row for row in report["rows"]}
    assert rows["wall clock / that of nbgrader as one process"]["got"] == 0.05
    assert rows["scores of cells that differ"]["got"] == 1
    assert not rows["scores of cells that differ"]["met"]
    assert rows["CPU per submission, of 200 / of 50"]["got"] == pytest.approx(120 / 200 / (35 / 50))
    assert report["sizes"]["200"]["wall"] == 70.0
    shown = capsys.readouterr().out
    assert "two shards side by side: 10.5 times as long as ours on the clock, 11.1 times the CPU." in shown
    assert "200 submissions: each took 350 ms on the clock and 600 ms of CPU, 50 in the process that saves" in shown
