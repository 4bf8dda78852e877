"""The benchmark of a GPU and the script around it, on a stand-in for one: what they say is tried, not their times."""

import json
import subprocess
import sys

import pytest

from benchmarks import gpu, layers, on_gpu
from tests.nn import device_twin

SMALL = layers.Setting("large", 5, 2, True, 0.5, rounds=1, bare=0, torch=0, plain=0, peak=0, allocated=0)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for module, names in ((layers, {"V": 13, "N": 4, "T": 4}), (gpu, {"LARGE": SMALL, "ROUNDS": 2, "STEPS": 1})):
        for name, value in names.items():
            monkeypatch.setattr(module, name, value)


def test_the_table_names_the_card_and_holds_every_goal(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gpu, "_torch_on_the_card", lambda: lambda: None)
    monkeypatch.setattr(layers, "torch_is_installed", lambda: True)
    with device_twin.imported(device_twin.make()):
        gpu.run(tmp_path / "gpu.json")
    written = json.loads((tmp_path / "gpu.json").read_text())
    goals = {row["measure"]: row["goal"] for row in written["rows"]}
    assert goals == {
        "step / PyTorch's step": 1.25,
        "memory of the model and its step": 2000,
        "exponent of the cost in T": 1.1,
    }
    assert {len(times) for times in written["seconds"].values()} == {2}
    assert written["seconds"].keys() == {"ours", "torch", "3 × 1150", "N = 16"}
    assert "stand-in, CUDA 12080 by its driver" in capsys.readouterr().out


def test_without_cupy_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.delitem(sys.modules, "helpers.nn.cuda", raising=False)
    with pytest.raises(ValueError, match=r"needs CuPy .*: pip install -e '\.\[gpu\]'"):
        gpu.run(tmp_path / "gpu.json")


def test_the_script_runs_every_part_and_names_those_that_fail(monkeypatch, capfd, tmp_path):
    parts = {
        "one": ["this_is_no_module"],
        "two": ["timeit", "-n1", "-r1", "-s", "import time", "time.sleep(60)"],
        "three": ["this"],
    }
    monkeypatch.setattr(on_gpu, "PARTS", parts)
    monkeypatch.setattr(on_gpu, "SECONDS", 3)
    assert on_gpu.main() == 2
    out = capfd.readouterr().out
    assert "Failed: one, two (out of time), after" in out
    monkeypatch.setattr(on_gpu, "PARTS", {"three": ["this"]})
    assert on_gpu.main() == 0
    assert "All passed" in capfd.readouterr().out


def test_the_parts_are_commands_that_exist():
    for name in ("table", "training"):
        command = [sys.executable, "-m", on_gpu.PARTS[name][0], "--help"]
        assert subprocess.run(command, cwd=on_gpu.ROOT, capture_output=True).returncode == 0
