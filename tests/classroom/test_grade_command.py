"""`python -m helpers grade`, run as an instructor does: refused in plain words, interrupted, killed, and taken up."""

import contextlib
import csv
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from helpers import __main__ as command_line
from helpers import plots
from helpers.checks.catalogue import EXERCISES
from helpers.classroom.authoring.build import release_path
from helpers.classroom.authoring.release import make_release
from helpers.classroom.grading import batch, workers
from helpers.classroom.grading.sandbox.isolation import Limits
from helpers.classroom.grading.staleness import find_stale
from helpers.classroom.grading.workers import local_workers
from tests.classroom.sample_class import REPOSITORY, RIGHT, SLOW, TEXTBOOK, AtOnce, SampleClass, workers_of

EVERYTHING = {"check-0-1": 1.0, "hidden-0-1": 1.0}
NOTHING = {"check-0-1": 0.0, "hidden-0-1": 0.0}


class Instructor:
    """A repository of one notebook, and a terminal in it.

    Args:
        root: the repository.
        temporary: a folder for whatever a command puts aside.
    """

    def __init__(self, root, temporary):
        self.root, self.temporary = root, temporary
        self.mark = uuid.uuid4().hex

    def start(self, *arguments):
        """Start a command in a process of its own, from a copy of this package in the repository."""
        shutil.copytree(REPOSITORY / "helpers", self.root / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(REPOSITORY / "nbgrader_config.py", self.root)
        return subprocess.Popen(
            [sys.executable, "-m", "helpers", *arguments],
            cwd=self.root,
            env=os.environ | {"TMPDIR": str(self.temporary), "MARK": self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def left_behind(self):
        """Return the processes that such a command started, by the environment they have or the files they use."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                told = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
                ended = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                continue
            if not ended and (self.mark.encode() in told or str(self.temporary).encode() in told):
                found.append((folder / "cmdline").read_bytes())
        return found


@pytest.fixture
def instructor(sample_class, tmp_path):
    """An Instructor who has released notebook 00."""
    (tmp_path / "temporary").mkdir()
    return Instructor(sample_class.root, tmp_path / "temporary")


@pytest.fixture
def sample_class(released, tmp_path, working_sandbox):
    """The SampleClass of that repository."""
    return SampleClass(shutil.copytree(released("00"), tmp_path / "repository"), "00")


@pytest.fixture
def run(sample_class, monkeypatch, capfd):
    """A function that runs a command in this process, and returns its exit code and all that was said."""
    monkeypatch.setattr(command_line, "ROOT", sample_class.root)
    monkeypatch.delenv("COURSE_SECRET_SEED", raising=False)

    def main(*arguments):
        monkeypatch.setattr(sys, "argv", ["helpers", *arguments])
        with pytest.raises(SystemExit) as end:
            command_line.run_app(command_line.app)
        said = "".join(capfd.readouterr()) + (end.value.code if isinstance(end.value.code, str) else "")
        assert "Traceback" not in said, said
        return 1 if isinstance(end.value.code, str) else end.value.code, said

    return main


# --- what it says -----------------------------------------------------------------------------------------------------


def test_a_class_is_graded_and_the_unreadable_named(instructor, sample_class):
    for student, work in {"ada": "solved", "bob": {"0.1": TEXTBOOK}, "cleo": b"", "dan": "untouched"}.items():
        sample_class.hand_in(student, work)
    with instructor.start("grade", "00") as process:
        said = "".join(process.communicate(timeout=120))
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "00_start_here: 4 submissions, 4 of them to be graded." in said
    assert "cleo: could not be read. The file is empty." in said
    assert "1 of 4 could not be read or graded: cleo." in said
    assert "not right: " in said
    assert sample_class.points() == {"ada": EVERYTHING, "bob": NOTHING, "cleo": NOTHING, "dan": NOTHING}
    folder = instructor.root / "build/graded/00_start_here"
    assert {"report.csv", "items.csv", "items.png"} <= {path.name for path in folder.iterdir()}
    wait_for(lambda: instructor.left_behind() == [])


def test_the_exit_code_is_0_once_everything_could_be_read(run, sample_class, monkeypatch):
    sample_class.hand_in("ada", "solved")
    sample_class.hand_in("bob", b"")
    code, said = run("grade", "00", "--dry-run")
    assert (code, sample_class.points()) == (0, {})
    assert "2 submissions, 2 of them to be graded." in said
    assert "COURSE_SECRET_SEED is not set" in said
    assert run("grade", "00")[0] == 1
    assert run("grade", "00")[0] == 1
    sample_class.hand_in("bob", "untouched")
    monkeypatch.setenv("COURSE_SECRET_SEED", "secret")
    code, said = run("grade", "00")
    assert (code, "COURSE_SECRET_SEED" in said) == (0, False)


def test_a_class_list_that_is_not_named_is_asked_for(run):
    assert run("roster", "") == (1, "Which class list? Name its file, e.g. FROM=class.csv.")


def test_what_cannot_be_done_is_refused_in_one_sentence(run, sample_class):
    refused = {
        ("grade",): "Which notebook? Name one by its number, e.g. NB=01.",
        ("grade", "42"): "There is no source of a notebook 42",
        ("grade", "00"): "There is no submission of 00_start_here in",
        ("feedback", "00"): "No submission of 00_start_here was graded yet: run `make grade NB=00` first.",
        ("release", "00", "--due", "soon"): "'soon' is not a time",
    }
    for arguments, words in refused.items():
        code, said = run(*arguments)
        assert (code, words in said) == (1, True), said
    with sample_class.course.gradebook() as gradebook:
        gradebook.remove_assignment("00_start_here")
    code, said = run("grade", "00")
    assert (code, "00_start_here was not released yet: run `make release NB=00` first." in said) == (1, True)


def test_the_way_from_release_to_feedback(run, sample_class):
    code, said = run("release", "00", "--due", "2026-12-01 23:59 UTC")
    assert (code, "00_start_here is released, due Tuesday, 1 December 2026, 23:59 (UTC" in said) == (0, True)
    sample_class.hand_in("ada", "solved")
    assert run("grade", "00")[0] == 0
    with Image.open(sample_class.root / "build/graded/00_start_here/items.png") as picture:
        assert picture.text["Fingerprint"] == plots.item_analysis({"0.1": (1, 0, 0, 0)}).fingerprint()
    assert "There would be new feedback on 1 submission of 00_start_here." in run("feedback", "00", "--dry-run")[1]
    code, said = run("feedback", "00")
    assert (code, "New feedback on 1 submission, in" in said) == (0, True)


@pytest.fixture
def two_stars(sample_class, monkeypatch):
    """A function that gives exercise 0.1 two stars, and derives its notebook."""
    monkeypatch.setattr(workers, "local_workers", lambda jobs: lambda: (AtOnce(), lambda: 1))  # which know of it

    def give():
        monkeypatch.setitem(EXERCISES, "0.1", replace(EXERCISES["0.1"], heading="0.1 ★★ The sigmoid"))
        release_path(sample_class.root, sample_class.source).write_text(make_release(sample_class.source))

    return give


def test_a_release_with_other_points_grades_again_in_the_same_command(run, sample_class, two_stars):
    for student, work in {"ada": "solved", "bob": "untouched"}.items():
        sample_class.hand_in(student, work)
    assert run("grade", "00")[0] == 0
    two_stars()
    refusal = "00_start_here was graded with other points: check-0-1 from 1 to 2 (2 graded), "
    for arguments in ("release", "00"), ("release", "00", "--dry-run"):
        code, said = run(*arguments)
        assert (code, refusal in said) == (1, True), said
    code, said = run("grade", "00")
    assert (code, "run `make release NB=00`" in said) == (1, True)
    code, said = run("release", "00", "--regrade", "--dry-run")
    assert "Other points: check-0-1 from 1 to 2 (2 graded).\n" in said
    assert "00_start_here would be released, and graded again.\n" in said
    code, said = run("release", "00", "--regrade")
    assert (code, "2 submissions, 2 of them to be graded." in said) == (0, True), said
    assert sample_class.points() == {
        "ada": {"check-0-1": 2.0, "hidden-0-1": 2.0},
        "bob": {"check-0-1": 0.0, "hidden-0-1": 0.0},
    }
    assert find_stale(sample_class.course, sample_class.name) == {}


def test_without_bubblewrap_no_score_becomes_stale(run, sample_class, two_stars, tmp_path, monkeypatch):
    sample_class.hand_in("ada", "solved")
    assert run("grade", "00")[0] == 0
    two_stars()
    monkeypatch.setenv("PATH", str(tmp_path))
    code, said = run("release", "00", "--regrade")
    assert (code, "so nothing was graded" in said) == (1, True), said
    assert find_stale(sample_class.course, sample_class.name) == {}
    assert run("release", "00", "--regrade", "--no-sandbox")[0] == 0
    assert sample_class.points("ada") == {"check-0-1": 2.0, "hidden-0-1": 2.0}


def test_a_release_with_nothing_collected_has_nothing_to_grade_again(run):
    code, said = run("release", "00", "--regrade")
    assert (code, "00_start_here is released." in said) == (0, True)


def test_without_bubblewrap_nothing_is_graded_unless_asked(run, sample_class, tmp_path, monkeypatch):
    sample_class.hand_in("ada", "solved")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    code, said = run("grade", "00")
    assert code == 1
    assert "bubblewrap (the program bwrap) is not installed" in said
    assert "could read and change whatever you can, so nothing was graded" in said
    assert "--no-sandbox" in said
    assert sample_class.points() == {}
    code, said = run("grade", "00", "--no-sandbox")
    assert code == 0
    assert "answers can read and write your files, the gradebook among them, and use the network" in said
    assert sample_class.points("ada") == EVERYTHING


# --- stale scores -----------------------------------------------------------------------------------------------------


def exported(sample_class):
    """Return each student's score in the file for Canvas."""
    with (sample_class.root / "build/grades-canvas.csv").open(encoding="utf-8", newline="") as file:
        return {row["SIS Login ID"]: row[sample_class.name] for row in csv.DictReader(file) if row["SIS Login ID"]}


def test_what_was_handed_in_again_is_neither_exported_nor_given_feedback_until_it_is_graded(run, sample_class):
    for student in ("ada", "bob"):
        sample_class.hand_in(student, {"0.1": TEXTBOOK})
    run("grade", "00")
    assert run("export", "canvas")[0] == 0
    sample_class.hand_in("ada", {"0.1": RIGHT})
    code, said = run("export", "canvas")
    assert (code, exported(sample_class)) == (1, {"ada": "", "bob": "0"})
    assert "00_start_here: left blank, handed in again since it was graded: ada." in said
    code, said = run("export", "canvas", "--stale")
    assert (code, exported(sample_class)) == (0, {"ada": "0", "bob": "0"})
    assert "00_start_here: the score is an old one, handed in again since it was graded: ada." in said
    code, said = run("feedback", "00", "--dry-run")
    assert (code, "There would be new feedback on 1 submission of 00_start_here." in said) == (1, True)
    code, said = run("feedback", "00")
    assert code == 1
    assert "New feedback on 1 submission, in" in said
    assert "ada: no feedback, handed in again since it was graded." in said
    assert "1 have no new feedback: run `make grade NB=00`, then this again." in said
    assert run("feedback", "00", "--stale", "--dry-run")[0] == 0
    run("grade", "00")
    assert (run("export", "canvas")[0], exported(sample_class)) == (0, {"ada": "2", "bob": "0"})
    assert run("feedback", "00", "--dry-run")[0] == 0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux alone has /proc")
def test_scores_stay_and_are_not_exported_where_every_worker_was_killed_during_a_regrade(
    run, sample_class, monkeypatch
):
    for student in ("ada", "bob"):
        sample_class.hand_in(student, {"0.1": f"import time\n\ntime.sleep(0.5)\n\n\n{RIGHT}  # {student}"})
    assert run("grade", "00")[0] == 0
    with monkeypatch.context() as patched, killed_workers():
        patched.setattr(batch, "code_digest", lambda: "that of a corrected check")
        code, said = run("grade", "00")
    assert code == 1
    assert "ada: not graded. The process that graded it died, twice. The earlier score stays in the gradebook" in said
    assert "2 of 2 could not be read or graded: ada, bob." in said
    assert sample_class.points() == dict.fromkeys(("ada", "bob"), EVERYTHING)
    code, said = run("export", "canvas")
    assert (code, exported(sample_class)) == (1, {"ada": "", "bob": ""})
    assert "00_start_here: left blank, a regrade is not finished: ada, bob." in said
    monkeypatch.setattr(batch, "code_digest", lambda: "that of a corrected check")
    assert run("grade", "00")[0] == 0
    assert (run("export", "canvas")[0], exported(sample_class)) == (0, {"ada": "2", "bob": "2"})


@contextlib.contextmanager
def killed_workers():
    """Kill every worker of this process as soon as it is there, as a machine out of memory may."""
    ended = threading.Event()

    def kill():
        while not ended.wait(0.02):
            for worker in workers_of(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


# --- one student ------------------------------------------------------------------------------------------------------


def test_one_student_is_graded_anew_though_nothing_has_changed_and_nobody_else(run, sample_class):
    for student, work in {"ada": {"0.1": TEXTBOOK}, "bob": "untouched", "cleo": b""}.items():
        sample_class.hand_in(student, work)
    run("grade", "00")
    report = sample_class.root / "build/graded/00_start_here/report.csv"
    rows, before = len(report.read_text().splitlines()), sample_class.records()
    sample_class.hand_in("bob", "solved")
    code, said = run("grade", "00", "--student", "Ada", "--dry-run")
    assert (code, "3 submissions, 1 of them to be graded" in said, sample_class.records()) == (0, True, before)
    code, said = run("grade", "00", "--student", "Ada")
    assert (code, "3 submissions, 1 of them to be graded" in said) == (0, True), said
    after = sample_class.records()
    assert {student for student in after if after[student] != before.get(student)} == {"ada"}
    assert sample_class.points() == dict.fromkeys(("ada", "bob", "cleo"), NOTHING)
    # Bob has no result of his present work; whatever is known of the class stays in its report.
    assert len(report.read_text().splitlines()) == rows - 1
    assert run("grade", "00")[0] == 1  # of cleo
    assert sample_class.points("bob") == EVERYTHING


def test_one_who_is_graded_anew_keeps_the_points_of_a_person(run, sample_class):
    sample_class.hand_in("ada", {"0.1": TEXTBOOK})
    run("grade", "00")
    sample_class.change_grade("ada", "check-0-1", manual_score=0.75, needs_manual_grade=False)
    assert run("grade", "00", "--student", "ada")[0] == 0
    columns = ("auto_score", "manual_score", "needs_manual_grade")
    assert sample_class.look_up("ada", *columns, grade_id="check-0-1") == (0.0, 0.75, False)


def test_a_new_grading_that_was_stopped_before_it_began_leaves_a_stale_score_that_the_next_one_enters(
    run, sample_class, monkeypatch
):
    sample_class.hand_in("ada", "solved")
    run("grade", "00")

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(batch, "grade_all", stop)
        assert run("grade", "00", "--student", "ada")[0] == 130
    assert find_stale(sample_class.course, sample_class.name) == {"ada": "a regrade is not finished"}
    assert run("grade", "00")[0] == 0
    assert (find_stale(sample_class.course, sample_class.name), sample_class.points("ada")) == ({}, EVERYTHING)


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("adda", "There is no student adda among the submissions of 00_start_here (did you mean ada?)."),
        ("ada,zoe", "There is no student zoe among the submissions of 00_start_here."),
        ("", "Which student? Name one by the id, e.g. STUDENT=ina."),
    ],
)
def test_a_student_who_is_not_known_is_told_in_one_sentence_and_nobody_is_graded(run, sample_class, named, sentence):
    sample_class.hand_in("ada", "solved")
    code, said = run("grade", "00", "--student", named)
    assert (code, said.endswith(sentence), sample_class.points()) == (1, True, {}), said


# --- stopped in the middle --------------------------------------------------------------------------------------------


@pytest.fixture
def class_of_eight(sample_class):
    """A SampleClass of eight; the last three take their time."""
    for number in range(5):
        sample_class.hand_in(f"student{number}", {"0.1": TEXTBOOK if number == 2 else RIGHT})
    for name in ("xavier", "yves", "zoe"):
        sample_class.hand_in(name, {"0.1": SLOW})
    return sample_class


@pytest.mark.parametrize("stop", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_run_that_was_stopped_is_taken_up_where_it_was(instructor, class_of_eight, stop):
    with instructor.start("grade", "00", "--jobs", "2") as process, contextlib.ExitStack() as stack:
        stack.callback(process.kill)  # if it has not ended by then
        wait_for(lambda: len(class_of_eight.records()) >= 5)
        time.sleep(0.5)  # so that the last of these, which is kept, is noted as well
        done = class_of_eight.records()
        # Ctrl-C reaches every process of a terminal's foreground, a kill only the one that is meant.
        os.killpg(process.pid, stop) if stop == signal.SIGINT else process.kill()
        said = "".join(process.communicate(timeout=60))
    assert process.returncode == (130 if stop == signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in said
    if stop == signal.SIGINT:
        assert "Stopped. Finished results are kept; run the same command again to resume." in said
        # Ctrl-C may come between keeping a result and entering it; the next run enters it.
        assert len(done.keys() - class_of_eight.points().keys()) <= 1
        assert [*instructor.temporary.iterdir()] == []
    wait_for(lambda: instructor.left_behind() == [])

    done = class_of_eight.records()
    assert 4 <= len(done) < 8
    assert len(class_of_eight.batch(limits=Limits()).find_open()) == 8 - len(done)
    class_of_eight.grade(local_workers(2), limits=Limits())
    assert class_of_eight.records().items() >= done.items()
    assert class_of_eight.points() == dict.fromkeys(class_of_eight.records(), EVERYTHING) | {"student2": NOTHING}


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
def test_a_full_disk_is_said_plainly_and_nothing_is_lost(run, sample_class, small_disk, full):
    for number in range(3):
        sample_class.hand_in(f"student{number}", "solved")
    if full == "gradebook":
        gradebook = small_disk / "gradebook.db"
        shutil.move(sample_class.root / "gradebook.db", gradebook)
        (sample_class.root / "gradebook.db").symlink_to(gradebook)
    else:
        (sample_class.root / "build/graded").symlink_to(small_disk)
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    code, said = run("grade", "00")
    assert code == 1
    assert ("The gradebook cannot be used: " if full == "gradebook" else "No space left on device") in said
    ballast.unlink()
    code, said = run("grade", "00")
    assert code == 0
    assert sample_class.points() == {f"student{number}": EVERYTHING for number in range(3)}


@pytest.mark.slow
@pytest.mark.parametrize("full", ["gradebook", "results"])
def test_a_disk_that_fills_up_meanwhile_loses_nothing_and_makes_no_score_wrong(
    run, sample_class, small_disk, monkeypatch, full
):
    for number in range(4):
        sample_class.hand_in(f"student{number}", {"0.1": f"{TEXTBOOK}  # {number}"})
    run("grade", "00")
    place = {"gradebook": "gradebook.db", "results": "build/graded"}[full]
    shutil.move(sample_class.root / place, small_disk / "it")
    (sample_class.root / place).symlink_to(small_disk / "it")
    for number in range(4):
        sample_class.hand_in(f"student{number}", {"0.1": f"{RIGHT}  # {number}"})
    note = batch.Bar.show

    def fill_up(self, student, graded):
        note(self, student, graded)
        with contextlib.suppress(OSError), (small_disk / "ballast").open("ab", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)

    with monkeypatch.context() as patched:
        patched.setattr(batch.Bar, "show", fill_up)
        code, said = run("grade", "00", "--jobs", "1")
    assert (code, "No space left on device" in said or "The gradebook cannot be used" in said) == (1, True)
    (small_disk / "ballast").unlink()
    for scores in sample_class.points().values():
        assert scores in (EVERYTHING, NOTHING)
    run("export", "canvas")
    assert {*exported(sample_class).values()} <= {"", "2"}
    assert run("grade", "00")[0] == 0
    assert sample_class.points() == {f"student{number}": EVERYTHING for number in range(4)}
    assert (run("export", "canvas")[0], {*exported(sample_class).values()}) == (0, {"2"})
