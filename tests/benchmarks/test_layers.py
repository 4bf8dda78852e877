import json
import math

import numpy as np
import pytest

from benchmarks import layers as bench
from helpers.nn import FAST

TINY = (
    bench.Setting("small", 6, 1, False, 0.0, rounds=1, bare=1e9, torch=1e9, plain=1e9, peak=1e9, allocated=1e9),
    bench.Setting("large", 5, 2, True, 0.5, rounds=1, bare=0, torch=0, plain=0, peak=0, allocated=0),
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    for name, value in {"SETTINGS": TINY, "V": 13, "N": 4, "T": 3}.items():
        monkeypatch.setattr(bench, name, value)


def products_of(step, monkeypatch):
    """The shapes and memory orders of all matrix products of a step, sorted."""
    seen, matmul = [], np.matmul

    def spy(left, right, out):
        seen.append([(array.shape, array.flags.c_contiguous) for array in (left, right, out)])
        return matmul(left, right, out=out)

    with monkeypatch.context() as patch:
        patch.setattr(np, "matmul", spy)
        step()
    return sorted(seen)


@pytest.mark.parametrize("setting", TINY, ids=lambda setting: setting.name)
def test_the_bare_products_are_those_of_a_fast_step(setting, monkeypatch):
    bare = products_of(bench.bare_products(setting), monkeypatch)
    assert len(bare) == setting.depth * (4 + 2 * bench.T) + 3
    assert bare == products_of(bench.our_step(setting, FAST), monkeypatch)


def test_the_exponent_is_the_power_of_the_size():
    assert bench.exponent({size: [9e9, 3 * size**1.7, 0] for size in (10, 20, 40)}) == pytest.approx(1.7)


def test_a_ratio_compares_round_by_round():
    assert bench.ratio({"a": [1, 20, 300], "b": [2, 10, 100]}, "a", "b") == 2


def test_memory_counts_what_stays_and_what_one_run_needs():
    def build():
        kept = np.zeros(1_000_000)
        return lambda: kept[:250_000] + 1

    peak, allocated = bench.memory(build)
    assert peak == pytest.approx(10, abs=0.1)
    assert allocated == pytest.approx(2, abs=0.1)


def test_a_run_prints_one_table_and_writes_all_of_it(tmp_path, capsys):
    path = tmp_path / "new" / "bench.json"
    bench.run_with_these_kernels(path)
    printed = capsys.readouterr().out
    report = json.loads(path.read_text(encoding="utf-8"))
    rows = {row["measure"]: row for row in report["rows"]}
    assert {"small: step / its bare matrix products", "large: peak memory", "small: exponent of the cost in N"} <= set(
        rows
    )
    assert all(math.isfinite(row["got"]) for row in rows.values())
    assert all(row["met"] == (row["got"] <= row["goal"]) for row in rows.values())
    assert not rows["large: peak memory"]["met"]
    assert rows["small: peak memory"]["met"]
    assert {"fast", "products", "plain"} <= set(report["cpu_seconds"]["small"])
    assert "kernels for" in printed
    assert "large: the products and the least that NumPy needs for the rest take" in printed
    assert f"{rows['large: peak memory']['got']:.2f} MB" in printed


@pytest.mark.parametrize(("kernels", "again"), [("SkylakeX", True), ("Haswell", False), ("neoversen1", False)])
def test_kernels_for_avx512_are_measured_beside_those_for_avx2(kernels, again, tmp_path, monkeypatch):
    written, started = [], []
    monkeypatch.setattr(bench, "run_with_these_kernels", written.append)
    monkeypatch.setattr(bench, "describe_machine", lambda: {"kernels": kernels})
    monkeypatch.setattr(bench.subprocess, "run", lambda command, env, check: started.append((command[-1], env)))
    bench.run(tmp_path / "bench.json")
    assert written == [tmp_path / "bench.json"]
    assert [path for path, _ in started] == [str(tmp_path / "bench-avx2.json")] * again
    assert all(env["OPENBLAS_CORETYPE"] == "Haswell" for _, env in started)
