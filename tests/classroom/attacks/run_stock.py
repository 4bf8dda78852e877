"""Run stock nbgrader on every attack, once, and write the outcome into stock.csv, for docs/attacks.md.

    .venv/bin/python -m tests.classroom.attacks.run_stock [words of a name …]

This executes hostile programs the way nbgrader does: as the user who grades. So the whole of each run is inside
bubblewrap (no network, the repository read-only, the course in memory, limits on memory, processes and files) and under
a wall clock, one attack at a time. It takes an hour or more; attacks that are in the table are left out, unless words
of their names are given. Each attack is handed in by one student and honest work by the next, so that a lost run shows.
"""

import contextlib
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import helpers.__main__  # noqa: F401 - puts this environment's programs on the path
from helpers.classroom.authoring.release import generate, load_config
from tests.classroom.attacks import ATTACKS
from tests.classroom.attacks.kit import Work, max_points, source_path

ROOT = Path(__file__).resolve().parents[3]
TABLE = Path(__file__).with_name("stock.csv")
COLUMNS = ("attack", "points", "most", "outcome")

#: Wall clock for one attack, and for one cell in place of this configuration's 300 s, so that a run takes an hour [s].
PATIENCE, CELL = 150, 30

_LIMITS = ["prlimit", "--nproc=400", f"--as={6 << 30}", f"--fsize={64 << 20}", "--core=0", "--nofile=512"]
_SECRET = "COURSE_SECRET_SEED"


def main(words):
    """Run the attacks, and write the table line by line."""
    known = read_table()
    with tempfile.TemporaryDirectory() as folder:
        for name, attack in ATTACKS.items():
            if (words and not any(word in name for word in words)) or (not words and name in known):
                continue
            begun = time.monotonic()
            known[name] = _describe(attack, _run(attack, Path(folder)))
            print(f"{time.monotonic() - begun:5.0f} s  {name}: {known[name]['outcome']}", flush=True)
            _write_table([known[name] for name in ATTACKS if name in known])


def read_table():
    """Return attack to its outcome under stock nbgrader, a row of stock.csv."""
    if not TABLE.exists():
        return {}
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {row["attack"]: row for row in csv.DictReader(file)}


def _write_table(rows):
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


# --- outside the sandbox ----------------------------------------------------------------------------------------------


def _run(attack, folder):
    """Return the outcome of one attack, as `inside` printed it, or {"hung": …} or {"died": …}."""
    source = source_path(attack.notebook)
    course = folder / f"course-{attack.notebook}"
    if not course.exists():
        course.mkdir()
        generate(source, course, f"sqlite:///{course}/gradebook.db")
    box = folder / "box"
    shutil.rmtree(box, ignore_errors=True)
    box.mkdir()
    (box / "amy.ipynb").write_bytes(_lighter(attack.data()))
    (box / "zoe.ipynb").write_bytes(_honest(attack.notebook))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    inside = [sys.executable, "-m", "tests.classroom.attacks.run_stock", "inside", str(course), str(box), source.stem]
    try:
        done = subprocess.run(
            [*sandbox_around(folder), *inside],
            capture_output=True,
            timeout=PATIENCE,
            env={"PATH": os.environ["PATH"]},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"hung": True}
    lines = done.stdout.decode(errors="replace").splitlines()
    found = next((line for line in reversed(lines) if line.startswith('{"of stock": ')), None)
    return json.loads(found)["of stock"] if found else {"died": done.returncode, "said": done.stderr.decode()[-2000:]}


def _lighter(data):
    """Leave out what plots and demonstrates: it takes the longest, and is not graded."""
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
        notebook = json.loads(data)
        kept = [cell for cell in notebook["cells"] if not _only_shows(cell)]
        for cell in kept:
            cell["source"] = _without_plots(cell["source"])
        return json.dumps(notebook | {"cells": kept}).encode() if kept else data
    return data


def _only_shows(cell):
    source = "".join(cell["source"]) if isinstance(cell.get("source"), list) else ""
    shows = any(word in source for word in ("plots.", "answer(", "print(", "progress"))
    return shows and not any(word in source for word in ("check(", "def ", "class ", "import plots"))


def _without_plots(source):
    return [line for line in source if "import plots" not in line] if isinstance(source, list) else source


def _honest(notebook):
    """Honest work up to its first hidden check: enough to see whether the next student is graded."""
    work = Work(notebook)
    last = next(place for place, cell in enumerate(work.cells) if "hidden" in str(cell["metadata"].get("nbgrader")))
    del work.cells[last + 1 :]
    return _lighter(work.data())


def sandbox_around(folder):
    """Return the beginning of a command that runs as an ordinary user, who can read the repository and this folder."""
    base, home = Path(sys.base_prefix), "/ina"
    command = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--die-with-parent"]
    command += ["--new-session", "--clearenv", "--proc", "/proc", "--dev", "/dev", "--size", str(512 << 20)]
    command += ["--tmpfs", "/tmp", "--dir", "/run", "--size", str(64 << 20), "--tmpfs", home]
    for path in map(Path, ("/usr", "/lib", "/lib64", "/bin", "/etc")):
        command += ["--symlink", os.readlink(path), str(path)] if path.is_symlink() else []
        command += ["--ro-bind", str(path), str(path)] if path.is_dir() and not path.is_symlink() else []
    for path in (base, ROOT, folder):
        for parent in reversed(path.parents[:-1]):
            command += ["--perms", "0755", "--dir", str(parent)]
        command += ["--ro-bind", str(path), str(path)]
    variables = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": home, "PYTHONPATH": str(ROOT)}
    variables |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", _SECRET: "known to the instructor alone"}
    for name, value in variables.items():
        command += ["--setenv", name, value]
    command += ["--chmod", "0777", home, "--chmod", "0777", "/tmp", "--chdir", "/tmp"]
    if os.geteuid() == 0:  # a limit on processes does not bind root
        caps = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
        return [*command, *caps, "--", *_LIMITS, *user]
    return [*command, "--unshare-user", "--cap-drop", "ALL", "--", *_LIMITS]


# --- inside the sandbox -----------------------------------------------------------------------------------------------


def inside(prepared, box, name):
    """Grade the two submissions as an instructor does, and print what the gradebook has in the end."""
    from nbgrader.api import Gradebook, MissingEntry
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.utils import capture_log

    Path.home().joinpath(".bashrc").write_text("# of the instructor\n")
    course = Path.home() / "course"
    shutil.copytree(prepared, course)
    for student in ("amy", "zoe"):
        folder = course / "build/submitted" / student / name
        folder.mkdir(parents=True)
        shutil.copy(Path(box) / f"{student}.ipynb", folder / f"{name}.ipynb")
    config = load_config(course)
    config.pop("Autograde")  # nbgrader's own steps, and not this course's
    config.CourseDirectory.assignment_id = name
    config.Execute.timeout = CELL
    os.chdir(course)
    directory = CourseDirectory(config=config)
    outcome = capture_log(Autograde(coursedir=directory, config=config))
    found = {"success": outcome["success"], "log": str(outcome.get("log", ""))[-1500:]}
    with Gradebook(directory.db_url) as gradebook:
        for student in ("amy", "zoe"):
            try:
                submission = gradebook.find_submission_notebook(name, name, student)
                grades = [grade for grade in submission.grades if grade.cell.cell_type == "code"]
                found[student] = {grade.name: grade.score for grade in grades}
            except MissingEntry:
                found[student] = None
    graded = course / "build/autograded/amy" / name / f"{name}.ipynb"
    found["notebook"] = graded.read_text(encoding="utf-8", errors="replace") if graded.exists() else ""
    found["left"] = [str(path) for path in Path.home().rglob("*of_an_attack*")]
    print("\n" + json.dumps({"of stock": found}), flush=True)


# --- in words ---------------------------------------------------------------------------------------------------------


def _describe(attack, found):
    right, most = attack.points(), sum(max_points(attack.notebook).values())
    row = {"attack": attack.name, "most": f"{most:g}", "points": "", "outcome": ""}
    if "hung" in found:
        return row | {"outcome": f"the run hung; stopped from outside after {PATIENCE} s"}
    if "died" in found:
        return row | {"outcome": "nbgrader itself was killed, and the run with it"}
    points = None if found["amy"] is None else sum(found["amy"].values())
    after = None if found["zoe"] is None else sum(found["zoe"].values())
    row["points"] = "" if points is None else f"{points:g}"
    said = []
    if points is None:
        said.append("no score")
    elif any(found["amy"].get(grade_id, 0.0) > earned for grade_id, earned in right.items()):
        said.append("full points" if points >= most else "points that it did not earn")
    elif any(found["amy"].get(grade_id, 0.0) < earned for grade_id, earned in right.items()):
        said.append("points lost that it had earned")
    if saw := re.search(r'RuntimeError: found ([^"<\\]+)', found["notebook"]):
        said = ["found " + saw[1].strip(". ").replace(str(ROOT), "…")[:80]]
    if attack.unseen and attack.unseen in found["notebook"]:
        said.append("what must stay hidden is in the notebook")
    if found["left"]:
        said.append("left a file behind")
    if after != 2 * next(iter(max_points(attack.notebook).values())):  # its first exercise, visible and hidden
        said.append("the next student is not graded" if after is None else "the next student's score is wrong")
    return row | {"outcome": "; ".join(said) or "as it should be"}


if __name__ == "__main__":
    if sys.argv[1:2] == ["inside"]:
        inside(*sys.argv[2:])
    else:
        main(sys.argv[1:])
