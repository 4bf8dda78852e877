"""Every wall between a submission and the grader has a test that turns red without it."""

import os
import shutil
import subprocess
import sys

import psutil
import pytest

from tests.classroom.attacks.document import ROOT, WALLS


@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall["what"])
def test_the_lines_of_a_wall_are_there_once(wall):
    assert (ROOT / "helpers" / wall["file"]).read_text(encoding="utf-8").count(wall["lines"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("wall", WALLS, ids=lambda wall: wall["what"])
def test_a_wall_has_a_test_that_turns_red_without_it(wall, tmp_path, working_sandbox):
    for name in ("helpers", "tests", "solutions"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb"))
    for name in ("pyproject.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, tmp_path)
    file = tmp_path / "helpers" / wall["file"]
    file.write_text(file.read_text(encoding="utf-8").replace(wall["lines"], wall["instead"]), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", f"tests/classroom/{wall['test']}"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as running:
        try:
            said, _ = running.communicate(timeout=30 if wall.get("hangs") else 300)
        except subprocess.TimeoutExpired:
            for process in [*psutil.Process(running.pid).children(recursive=True), running]:
                process.kill()
            assert wall.get("hangs")
        else:
            assert "1 failed" in said, said[-2000:]
