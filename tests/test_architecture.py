"""The rules of the architecture, read off the files themselves."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.checks import session
from helpers.classroom.grading.sandbox.isolation import MOUNTED_FILES

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "helpers").rglob("*.py"))

#: Modules that every subpackage may import; they import none of ours.
FOUNDATIONS = {"arrays", "atomic_write", "kernels", "logs"}

#: What each subpackage may import of ours, beside itself. Nothing else is allowed, so there can be no cycle.
MAY_IMPORT = {
    "language": set(),
    "nn": set(),
    "data": {"language", "nn"},
    "training": {"language", "nn", "data"},
    "plots": {"language"},
    "checks": {"language", "nn", "data", "training"},
    "classroom": {"language", "nn", "data", "training", "checks"},
}

#: The parts of the largest subpackage; each imports only those before it.
CLASSROOM = ("authoring", "course", "grading", "administration", "learner")


def name_of(path):
    """Return the dotted name of a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


NAMES = {name_of(path) for path in MODULES}


@functools.cache
def imports_of(path):
    """Return the dotted names of the modules that a module imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} has a relative import"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in NAMES else node.module for name in inner}
    return found


def subpackage_of(name):
    """Return the subpackage of a module of ours: the second part of its dotted name."""
    return f"{name}.".split(".")[1]


def may_import(subpackage):
    """Return the subpackages that a subpackage may import, itself among them; "" is the package's own __init__."""
    return MAY_IMPORT[subpackage] | FOUNDATIONS | {subpackage, ""}


def modules_of(*subpackages):
    """Return the modules of some subpackages."""
    return [path for path in MODULES if subpackage_of(name_of(path)) in subpackages]


def roots_of(path):
    """Return the packages that a module imports."""
    return {name.split(".")[0] for name in imports_of(path)}


def ours_in(path):
    """Return the modules of ours that a module imports."""
    return {name for name in imports_of(path) if name.split(".")[0] == "helpers"}


def test_imports_run_one_way_between_the_subpackages():
    against = {
        name_of(path): forbidden
        for path in modules_of(*MAY_IMPORT)
        if (forbidden := {subpackage_of(name) for name in ours_in(path)} - may_import(subpackage_of(name_of(path))))
    }
    assert against == {}


def test_imports_run_one_way_between_the_parts_of_the_classroom():
    def part_of(name):
        return f"{name}..".split(".")[2]

    parts = {name_of(path): part_of(name_of(path)) for path in modules_of("classroom")}
    assert {*parts.values()} == {*CLASSROOM, ""}
    for path in modules_of("classroom"):
        part = parts[name_of(path)]
        known = {*CLASSROOM[: CLASSROOM.index(part) + 1]} if part else set()
        imported = {part_of(name) for name in ours_in(path) if subpackage_of(name) == "classroom"}
        assert imported <= known, name_of(path)


def test_every_subpackage_is_in_the_rules():
    assert {subpackage_of(name_of(path)) for path in MODULES} == {
        *MAY_IMPORT,
        *FOUNDATIONS,
        "command_line",
        "__main__",
        "",
    }


def test_only_plots_imports_matplotlib():
    subpackages = MAY_IMPORT.keys() - {"plots"}
    assert [name_of(path) for path in modules_of(*subpackages) if "matplotlib" in roots_of(path)] == []


def test_nn_is_numpy_only_but_for_the_layers_on_a_gpu():
    allowed = sys.stdlib_module_names | {"numpy", "helpers"}
    more = {name_of(path): more for path in modules_of("nn") if (more := roots_of(path) - allowed)}
    assert more == {"helpers.nn.cuda": {"cupy"}}


def test_only_the_layers_on_a_gpu_import_cupy():
    elsewhere = [*MODULES, *(ROOT / "benchmarks").glob("*.py")]
    assert [name_of(path) for path in elsewhere if "cupy" in roots_of(path)] == ["helpers.nn.cuda"]


def test_the_layers_on_a_gpu_stay_short():
    assert len((ROOT / "helpers" / "nn" / "cuda.py").read_text(encoding="utf-8").splitlines()) <= 250


def test_what_is_there_where_a_submission_runs_imports_nothing_of_the_reference():
    folder = ROOT / "helpers" / "nn"
    assert ours_in(folder / "base.py") <= {"helpers.arrays"}
    assert ours_in(folder / "model.py") <= {"helpers.arrays", "helpers.nn.base"}
    for name in FOUNDATIONS:
        assert ours_in(ROOT / "helpers" / f"{name}.py") == set()


def test_what_is_inside_the_sandbox_imports_nothing_of_ours_that_is_not():
    inside = {name_of(ROOT / "helpers" / name) for name in MOUNTED_FILES}
    assert {name: more for name in MOUNTED_FILES if (more := ours_in(ROOT / "helpers" / name) - inside)} == {}


def test_no_module_imports_itself_by_way_of_others():
    graph = {name_of(path): ours_in(path) for path in MODULES}
    done = set()

    def visit(name, trail):
        assert name not in trail, " → ".join([*trail, name])
        if name not in done:
            for inner in graph.get(name, ()):
                visit(inner, [*trail, name])
            done.add(name)

    for name in graph:
        visit(name, [])


def test_no_module_reaches_round_the_imports():
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                found.append(f"{name_of(path)}: import *")
            if isinstance(node, ast.Attribute) and node.attr == "path" and ast.unparse(node) == "sys.path":
                found.append(f"{name_of(path)}: sys.path")
    assert found == []


def test_every_module_and_every_public_name_has_a_docstring():
    missing = []
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body and not ast.get_docstring(tree):
            missing.append(name_of(path))
        missing += [f"{name_of(path)}.{node.name}" for node in _public(tree) if not ast.get_docstring(node)]
    assert missing == []


def _public(node):
    for inner in ast.iter_child_nodes(node):
        if not isinstance(inner, (ast.FunctionDef, ast.ClassDef)) or inner.name.startswith("_"):
            continue
        if not any(ast.unparse(decorator).endswith(".setter") for decorator in inner.decorator_list):
            yield inner
        if isinstance(inner, ast.ClassDef):
            yield from _public(inner)


def test_no_file_knows_the_machine_it_was_written_on():
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    place = re.compile(r"(?<![\w.~])/(?:work|root|home|Users)/|(?<!\w)/tmp/|file:///|\.\./shared")
    found = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.is_file() and path != Path(__file__):
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{name}: {match[0]}" for match in place.finditer(text)]
    assert found == []


# --- docs/architecture.md ---------------------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

#: The files that a submission meets on its way to a score, with the function that it enters each by.
WAY = re.findall(r"(?m)^\d+\. `(\S+\.py)`, `([\w.]+)`:", PAGE)


def rows_of(heading):
    """Return the cells of the table under a heading of the page."""
    table = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line.startswith("| ")][
        2:
    ]


def test_the_way_to_a_score_is_told_in_eight_files_at_most():
    told = PAGE.partition("## From a submitted file to a score")[2].partition("\n## ")[0]
    assert 1 < len(WAY) <= 8
    assert {file for file, _ in WAY} == set(re.findall(r"`(\S+\.py)`", told))
    assert re.findall(r"(?m) (\d) (\w+\.py)", told.partition("```\n\n")[0]) != []
    assert dict(re.findall(r"(\d) (\w+\.py)", told.partition("```\n\n")[0])) == {
        str(number): Path(file).name for number, (file, _) in enumerate(WAY, start=1)
    }
    for file, entry in WAY:
        assert all(re.search(rf"(def|class) {name}\b", (ROOT / file).read_text()) for name in entry.split("."))


def test_every_file_of_the_page_exists():
    named = set(re.findall(r"`([\w./]+\.py)`", PAGE))
    assert len(named) > 15
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_the_way_of_a_check_is_told_in_eight_files_at_most_and_in_the_order_in_which_they_are_met():
    told = [file.strip("`") for _, file, _ in rows_of("From a check to its panel")]
    assert 1 < len(told) <= 8
    met = []

    def watch(frame, event, argument):
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(str(ROOT)):
            met.append(Path(file).relative_to(ROOT).as_posix())

    def forgets_the_bias(x, h_prev, Wx, Wh, b):
        h_next = np.tanh(x @ Wx + h_prev @ Wh)
        return h_next, (x, h_prev, Wx, Wh, h_next)

    checks = session.Session(show=repr)
    sys.setprofile(watch)
    try:
        checks.check("1.2", forgets_the_bias)
    finally:
        sys.setprofile(None)
    assert [file for file in dict.fromkeys(met) if file in told] == told
    assert checks.latest.causes


@pytest.mark.parametrize("heading", ["From a check to its panel", "Where to look", "Where to add"])
def test_what_the_tables_name_is_in_the_file_of_its_row(heading):
    rows = rows_of(heading)
    assert len(rows) >= 3
    for _, file, there in rows:
        source = (ROOT / file.strip("`")).read_text(encoding="utf-8")
        names = re.findall(r"`(\w+)`", there)
        assert names
        assert [name for name in names if not re.search(rf"\b{name}\b", source)] == []


def test_the_page_tells_who_may_import_whom():
    told = {
        name.strip("`"): set(re.findall(r"`(\w+)`", imports)) for name, _, imports in rows_of("Who may import whom")
    }
    assert told == MAY_IMPORT
    within = PAGE.partition("Within `classroom`, ")[2].partition("The files inside")[0]
    assert tuple(re.findall(r"`(\w+)` \(", within)) == CLASSROOM
    assert set(re.findall(r"`helpers/(\w+)\.py`", PAGE)) - {"__main__"} <= FOUNDATIONS
