"""`python -m helpers grade`, run as an instructor does: refused in plain words, interrupted, killed, and taken up."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.classroom.school import REPOSITORY, RIGHT, SLOW, TEXTBOOK, School

EVERYTHING = {"check-0-1": 1.0, "hidden-0-1": 1.0}
NOTHING = {"check-0-1": 0.0, "hidden-0-1": 0.0}


class Instructor:
    """A repository of one notebook, and a terminal in it.

    Args:
        root: the repository.
        temporary: a folder for whatever the commands put aside.
    """

    def __init__(self, root, temporary):
        self.root, self.temporary = root, temporary
        self.mark = uuid.uuid4().hex
        self.environment = {name: value for name, value in os.environ.items() if name != "COURSE_SECRET_SEED"}
        self.environment |= {"TMPDIR": str(temporary), "MARK": self.mark}

    def start(self, *arguments, **environment):
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "helpers", *arguments],
            cwd=self.root,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments, **environment):
        """Run a command; return its exit code and what it said."""
        process = self.start(*arguments, **environment)
        said = "".join(process.communicate(timeout=120))
        assert "Traceback" not in said, said
        return process.returncode, said

    def left_behind(self):
        """Return the processes that were started from here, by the environment they have or the files they use."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                told = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
                running = "Z" not in (folder / "stat").read_text().rpartition(")")[2][:3]
            except OSError:
                continue
            if running and (self.mark.encode() in told or str(self.temporary).encode() in told):
                found.append((folder / "cmdline").read_bytes())
        return found


@pytest.fixture
def instructor(released, tmp_path):
    """An Instructor who has released notebook 00."""
    root, temporary = tmp_path / "repository", tmp_path / "temporary"
    shutil.copytree(released("00"), root)
    shutil.copytree(REPOSITORY / "helpers", root / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    temporary.mkdir()
    return Instructor(root, temporary)


@pytest.fixture
def school(instructor):
    """The School of that repository."""
    return School(instructor.root, "00")


# --- what it says -----------------------------------------------------------------------------------------------------


def test_a_class_is_graded_and_the_unreadable_named(instructor, school):
    for student, work in {"ada": "solved", "bob": {"0.1": TEXTBOOK}, "cleo": b"", "dan": "untouched"}.items():
        school.hand_in(student, work)
    code, said = instructor.run("grade", "00", "--dry-run")
    assert (code, school.points()) == (0, {})
    assert "00_start_here: 4 submissions, 4 of them to be graded." in said
    code, said = instructor.run("grade", "00")
    assert code == 1
    assert "cleo: could not be read. The file is empty." in said
    assert "1 of 4 could not be read or graded: cleo." in said
    assert "COURSE_SECRET_SEED is not set" in said
    assert school.points() == {"ada": EVERYTHING, "bob": NOTHING, "cleo": NOTHING, "dan": NOTHING}
    folder = instructor.root / "build/graded/00_start_here"
    assert {"report.csv", "items.csv", "items.png"} <= {path.name for path in folder.iterdir()}
    school.hand_in("cleo", "solved")
    code, said = instructor.run("grade", "00", COURSE_SECRET_SEED="secret")
    assert code == 0
    assert "COURSE_SECRET_SEED" not in said
    assert instructor.left_behind() == []


def test_what_cannot_be_graded_is_refused_in_one_sentence(instructor, school, tmp_path):
    refused = {
        ("grade",): "Which notebook? Name one by its number, e.g. NB=01.",
        ("grade", "42"): "There is no source of a notebook 42",
        ("grade", "00"): "There is no submission of 00_start_here in",
        ("feedback", "00"): "No submission of 00_start_here was graded yet: run `make grade NB=00` first.",
        ("release", "00", "--due", "soon"): "'soon' is no time",
    }
    for arguments, words in refused.items():
        code, said = instructor.run(*arguments)
        assert code == 1
        assert words in said
    with school.course.gradebook() as gradebook:
        gradebook.remove_assignment("00_start_here")
    code, said = instructor.run("grade", "00")
    assert (code, "00_start_here was not released yet: run `make release NB=00` first." in said) == (1, True)


def test_without_bubblewrap_nothing_is_graded_unless_asked(instructor, school, tmp_path):
    school.hand_in("ada", "solved")
    (tmp_path / "empty").mkdir()
    code, said = instructor.run("grade", "00", PATH=str(tmp_path / "empty"))
    assert code == 1
    assert "bubblewrap (the program bwrap) is not installed" in said
    assert "could read and change whatever you can, so nothing was graded" in said
    assert "--no-sandbox" in said
    assert school.points() == {}
    code, said = instructor.run("grade", "00", "--no-sandbox", PATH=str(tmp_path / "empty"))
    assert code == 0
    assert "answers can read and write your files, the gradebook among them, and use the network" in said
    assert school.points("ada") == EVERYTHING


# --- stopped in the middle --------------------------------------------------------------------------------------------


@pytest.fixture
def class_of_eight(school):
    """A School of eight; the last three take their time."""
    for number in range(5):
        school.hand_in(f"student{number}", {"0.1": TEXTBOOK if number == 2 else RIGHT})
    for name in ("xavier", "yves", "zoe"):
        school.hand_in(name, {"0.1": SLOW})
    return school


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_was_stopped_is_taken_up_where_it_was(instructor, class_of_eight, stop):
    with instructor.start("grade", "00", "--jobs", "2") as process:
        wait_for(lambda: len(class_of_eight.records()) >= 4)
        done = class_of_eight.records()
        # Ctrl-C reaches every process of a terminal's foreground, a kill only the one that is meant.
        os.killpg(process.pid, stop) if stop == signal.SIGINT else process.kill()
        said = "".join(process.communicate(timeout=60))
    assert process.returncode == (130 if stop == signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in said
    if stop == signal.SIGINT:
        assert "Stopped. What was graded is kept; the same command goes on from there." in said
        assert class_of_eight.points().keys() >= done.keys()
        assert [*instructor.temporary.iterdir()] == []
    wait_for(lambda: instructor.left_behind() == [])

    done = class_of_eight.records()
    assert 4 <= len(done) < 8
    code, said = instructor.run("grade", "00")
    assert code == 0
    assert f"8 submissions, {8 - len(done)} of them to be graded." in said
    assert class_of_eight.records().items() >= done.items()
    uninterrupted = dict.fromkeys(class_of_eight.records(), EVERYTHING) | {"student2": NOTHING}
    assert class_of_eight.points() == uninterrupted
    assert instructor.left_behind() == []


def wait_for(condition):
    """Wait until something is so."""
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# --- a full disk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own, of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can make a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("full", ["gradebook", "results"])
def test_a_full_disk_is_said_plainly_and_nothing_is_lost(instructor, school, small_disk, full):
    for number in range(4):
        school.hand_in(f"student{number}", "solved")
    if full == "gradebook":
        gradebook = small_disk / "gradebook.db"
        shutil.move(instructor.root / "gradebook.db", gradebook)
        (instructor.root / "gradebook.db").symlink_to(gradebook)
    else:
        (instructor.root / "build/graded").symlink_to(small_disk)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            pass
    code, said = instructor.run("grade", "00")
    assert code == 1
    assert ("The gradebook cannot be used: " if full == "gradebook" else "No space left on device") in said
    ballast.unlink()
    code, said = instructor.run("grade", "00")
    assert code == 0
    assert school.points() == {f"student{number}": EVERYTHING for number in range(4)}
