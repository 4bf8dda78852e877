"""A whole class is graded: every submission gets a score, whatever it is, and nothing is done twice or lost."""

import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.checks.catalogue import EXERCISES
from helpers.classroom.grading import batch, staleness, submitted_work
from helpers.classroom.grading.assignment_lock import locked
from helpers.classroom.grading.sandbox.isolation import Limits
from helpers.classroom.grading.workers import local_workers
from tests.classroom.sample_class import ENDLESS, FALLING, HUNGRY, REPOSITORY, RIGHT, TEXTBOOK, AtOnce, edit

NOTHING = {"check-0-1": 0.0, "hidden-0-1": 0.0}
EVERYTHING = {"check-0-1": 1.0, "hidden-0-1": 1.0}


@pytest.fixture
def class_of_four(sample_class):
    """A SampleClass with four honest students: two are right, one is wrong, one did nothing."""
    sample_class = sample_class()
    for student, work in {
        "ada": "solved",
        "bob": {"0.1": TEXTBOOK},
        "cleo": "untouched",
        "dan": {"0.1": RIGHT},
    }.items():
        sample_class.hand_in(student, work)
    return sample_class


def status_of(batch, student):
    """Return the status of the visible check."""
    return batch.results[student].scores["check-0-1"].status


# --- whatever is handed in --------------------------------------------------------------------------------------------


def test_every_submission_gets_a_score_and_a_reason_and_the_run_goes_on(sample_class):
    sample_class = sample_class()
    expected = {
        "honest": ("solved", "right"),
        "wrong": ({"0.1": FALLING}, "wrong"),
        "untouched": ("untouched", "not written"),
        "raising": ({"0.1": "def sigmoid(a):\n    return undefined"}, "raised"),
        "empty": (b"", "unreadable"),
        "no notebook": (b"my work", "unreadable"),
        "list": (b"[]", "unreadable"),
        "endless": ({"0.1": ENDLESS}, "timed out"),
        "hungry": ({"0.1": HUNGRY}, "out of memory"),
        "last": ({"0.1": RIGHT}, "right"),
    }
    for student, (work, _) in expected.items():
        sample_class.hand_in(student, work)
    graded = sample_class.grade(local_workers(2), limits=Limits(seconds=2, memory=640 << 20))
    assert {student: status_of(graded, student) for student in graded.results} == {
        student: status for student, (_, status) in expected.items()
    }
    assert all(
        score.reason for one in graded.results.values() for score in one.scores.values() if score.status != "right"
    )
    assert graded.failed() == ["empty", "list", "no notebook"]
    assert sample_class.points() == {
        student: EVERYTHING if status == "right" else NOTHING for student, (_, status) in expected.items()
    }


@pytest.mark.parametrize("kind", ["folder", "symlink", "broken symlink", "pipe"])
def test_what_is_not_a_file_is_named_and_the_others_are_graded(sample_class, tmp_path, kind):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved")
    path = sample_class.hand_in("bob", "untouched")
    path.unlink()
    other = tmp_path / "elsewhere.ipynb"
    other.write_bytes(sample_class.write("solved"))
    {
        "folder": path.mkdir,
        "symlink": lambda: path.symlink_to(other),
        "broken symlink": lambda: path.symlink_to(tmp_path / "nowhere"),
        "pipe": lambda: os.mkfifo(path),
    }[kind]()
    graded = sample_class.grade()
    assert graded.failed() == ["bob"]
    assert "is not a regular file" in graded.results["bob"].unreadable
    assert sample_class.points() == {"ada": EVERYTHING, "bob": NOTHING}


def test_a_folder_without_the_notebook_is_named(sample_class):
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved")
    sample_class.hand_in("bob", "solved").rename(
        sample_class.root / "build/submitted/bob" / sample_class.name / "mine.ipynb"
    )
    graded = sample_class.grade()
    assert graded.results["bob"].unreadable == "The file could not be opened: No such file or directory."
    assert sample_class.points("bob") == NOTHING


def test_half_a_letter_in_an_answer_is_graded_and_saved(sample_class):
    """A lone surrogate can be written in JSON and in no file."""
    sample_class = sample_class()
    sample_class.hand_in("ada", "solved")
    sample_class.hand_in("bob", sample_class.write({"0.1": f"{RIGHT}  # X"}).replace(b"# X", rb"# \ud800"))
    graded = sample_class.grade()
    assert status_of(graded, "bob") in ("right", "not defined", "unreadable")
    assert sample_class.points("ada") == EVERYTHING


def test_a_fault_of_the_grader_costs_one_submission_and_is_named(class_of_four, monkeypatch):
    sample_class, grade_submission = class_of_four, batch.grade_submission

    def faulty(template, data, **settings):
        if data == sample_class.write({"0.1": TEXTBOOK}):
            raise ZeroDivisionError("a fault")
        return grade_submission(template, data, **settings)

    monkeypatch.setattr(batch, "grade_submission", faulty)
    graded = sample_class.grade()
    assert graded.failed() == ["bob"]
    assert "A fault of the grader, not of the submission: ZeroDivisionError: a fault" in (
        graded.results["bob"].scores["check-0-1"].reason
    )
    monkeypatch.undo()
    assert sample_class.regrade() == {"bob"}
    assert sample_class.grade().failed() == []


def test_points_that_nbgrader_would_read_otherwise_are_never_entered(class_of_four, monkeypatch):
    grade_submission = batch.grade_submission

    def generous(*arguments, **settings):
        graded = grade_submission(*arguments, **settings)
        graded.scores["check-0-1"].points = 0.5
        return graded

    monkeypatch.setattr(batch, "grade_submission", generous)
    graded = class_of_four.grade()
    assert len(graded.failed()) == 4
    assert class_of_four.points() == {}
    assert "not 0.5" in graded.results["ada"].scores["check-0-1"].reason


def test_the_way_to_a_score_is_that_of_the_docs(sample_class):
    """Each function that docs/architecture.md names is entered, in that order; the sandbox runs one of them."""
    told = re.findall(r"(?m)^\d+\. `(\S+\.py)`, `([\w.]+)`:", (REPOSITORY / "docs/architecture.md").read_text())
    here = [(file, entry) for file, entry in told if not file.endswith("sandbox/child.py")]
    met = {}

    def watch(frame, event, argument):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(REPOSITORY)):
            met.setdefault((str(Path(code.co_filename).relative_to(REPOSITORY)), code.co_qualname))

    course = sample_class()
    course.hand_in("ada", "solved")
    sys.setprofile(watch)
    try:
        course.grade()
    finally:
        sys.setprofile(None)
    assert [entry for entry in met if entry in here] == here
    inside = [name for name in met if "sandbox/child.py" in name[0]]
    assert inside == [] and len(here) == len(told) - 1


# --- resuming ---------------------------------------------------------------------------------------------------------


def test_what_was_graded_is_not_graded_again(class_of_four):
    class_of_four.grade()
    assert class_of_four.batch().find_open() == []
    assert class_of_four.regrade() == set()


def test_an_interrupted_run_keeps_what_it_did_and_the_next_does_the_rest(class_of_four):
    seen = []

    def stop_after_two(student, graded):
        seen.append(student)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        class_of_four.grade(notify=stop_after_two)
    assert class_of_four.points().keys() == set(seen)
    assert class_of_four.batch().find_open() == ["cleo", "dan"]
    assert class_of_four.regrade() == {"cleo", "dan"}
    expected = {"ada": EVERYTHING, "bob": NOTHING, "cleo": NOTHING, "dan": EVERYTHING}
    assert class_of_four.points() == expected


def test_a_damaged_result_is_made_again(sample_class):
    sample_class = sample_class()
    damages = {
        "whole": lambda record: record,
        "empty": lambda record: b"",
        "cut": lambda record: record[:-100],
        "list": lambda record: b"[]",
        "other": lambda record: b'{"fingerprint": 1}',
        "points lost": lambda record: record.replace(b'"points"', b'"pints"'),
        "scores lost": lambda record: edit(record, lambda whole: whole["graded"].update(scores=[1])),
    }
    for student in damages:
        sample_class.hand_in(student, "solved")
    sample_class.grade()
    for student, damage in damages.items():
        record = sample_class.record(student)
        record.write_bytes(damage(record.read_bytes()))
    assert sample_class.regrade() == damages.keys() - {"whole"}
    assert sample_class.points() == dict.fromkeys(damages, EVERYTHING)


def test_a_changed_submission_is_graded_again_and_no_other(class_of_four):
    class_of_four.grade()
    class_of_four.hand_in("bob", {"0.1": RIGHT})
    assert class_of_four.regrade() == {"bob"}
    assert class_of_four.points("bob") == EVERYTHING


def test_another_secret_seed_or_other_limits_grade_everything_again(class_of_four):
    class_of_four.grade()
    everyone = ["ada", "bob", "cleo", "dan"]
    assert class_of_four.batch(secret="another").find_open() == everyone
    assert class_of_four.batch(limits=Limits(seconds=5)).find_open() == everyone


def test_another_python_or_numpy_grades_everything_again(class_of_four, monkeypatch):
    class_of_four.grade()
    for module, name in (sys, "version"), (batch.np, "__version__"):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, "another")
            assert len(class_of_four.batch().find_open()) == 4
    assert class_of_four.batch().find_open() == []


def test_a_corrected_check_grades_everything_again(class_of_four, tmp_path, monkeypatch):
    class_of_four.grade()
    monkeypatch.setattr(batch, "_HELPERS", shutil.copytree(batch._HELPERS, tmp_path / "helpers"))
    assert class_of_four.batch().find_open() == []
    check = tmp_path / "helpers/checks/notebook_00.py"
    check.write_text(check.read_text() + "\n# corrected\n")
    assert len(class_of_four.batch().find_open()) == 4


def test_other_points_of_an_exercise_grade_everything_again(class_of_four, monkeypatch):
    class_of_four.grade()
    monkeypatch.setitem(EXERCISES, "0.1", replace(EXERCISES["0.1"], heading="0.1 ★★ The sigmoid"))
    assert len(class_of_four.batch().find_open()) == 4


def test_all_code_that_a_score_depends_on_is_in_the_fingerprint():
    """Whatever module of ours the grading of a submission loads."""
    names = "[name for name in sys.modules if name.startswith('helpers.')]"
    show = f"import helpers.classroom.grading.grader, sys; print(*{names})"
    loaded = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True).stdout.split()
    files = {file for part in batch._CODE for file in batch._files_in(batch._HELPERS / part)}
    covered = {".".join(file.relative_to(batch._HELPERS.parent).with_suffix("").parts) for file in files}
    inner = ("classroom", "classroom.grading", "classroom.grading.sandbox", "classroom.authoring")
    packages = {f"helpers.{name}" for name in inner}
    assert {*loaded} - {name.removesuffix(".__init__") for name in covered} == packages


# --- the same bytes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def graded_works(monkeypatch):
    """The bytes that are graded from now on, in order; in this process only."""
    works, grade_submission = [], batch.grade_submission

    def note(template, data, **settings):
        works.append(data)
        return grade_submission(template, data, **settings)

    monkeypatch.setattr(batch, "grade_submission", note)
    return works


def test_the_same_bytes_are_graded_once_and_entered_for_each(class_of_four, graded_works):
    counted = []
    for student in ("bob2", "bob3"):
        class_of_four.hand_in(student, {"0.1": TEXTBOOK})
    class_of_four.grade(notify=lambda student, graded: counted.append(student))
    assert len(graded_works) == len({*graded_works}) == 4
    assert sorted(counted) == ["ada", "bob", "bob2", "bob3", "cleo", "dan"]
    assert {student: class_of_four.points(student) for student in ("bob", "bob2", "bob3")} == dict.fromkeys(
        ("bob", "bob2", "bob3"), NOTHING
    )
    assert class_of_four.batch().find_open() == []


def test_the_result_of_an_earlier_run_serves_one_who_hands_in_the_same(class_of_four, graded_works):
    class_of_four.grade()
    graded_works.clear()
    class_of_four.hand_in("eve", {"0.1": RIGHT})
    class_of_four.grade()
    assert graded_works == []
    assert class_of_four.points("eve") == EVERYTHING


def test_the_same_bytes_that_could_not_be_graded_have_no_score_for_each(class_of_four):
    for student in ("bob", "bob2"):
        class_of_four.hand_in(student, {"0.1": f"{RIGHT}  # poison"})
    graded = class_of_four.grade(mortal_workers)
    assert graded.failed() == ["bob", "bob2"]
    assert class_of_four.points().keys() == {"ada", "cleo", "dan"}


# --- what the grader could not grade ----------------------------------------------------------------------------------


def stale_in(sample_class):
    """Return the students whose score is stale, with the reasons."""
    return staleness.find_stale(sample_class.course, sample_class.name)


def correct_a_check(monkeypatch):
    """Pretend that a check was corrected, so that everything is graded again."""
    monkeypatch.setattr(batch, "code_digest", lambda: "that of corrected code")


def dying_workers():
    """Workers of which none lives to grade anything."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=os._exit, initargs=(1,))


def test_an_earlier_score_stays_and_is_stale_where_the_workers_were_killed(class_of_four, monkeypatch):
    class_of_four.grade()
    before = class_of_four.points()
    correct_a_check(monkeypatch)
    class_of_four.hand_in("eve", "solved")
    records = class_of_four.records()
    failed = class_of_four.grade(lambda: (dying_workers(), lambda: 1))
    assert failed.failed() == ["ada", "bob", "cleo", "dan", "eve"]
    assert failed.with_earlier_score == before.keys()
    assert (class_of_four.points(), class_of_four.records()) == (before, records)
    assert stale_in(class_of_four) == dict.fromkeys(before, staleness.REGRADE_OPEN)
    monkeypatch.undo()  # the correction was none
    assert class_of_four.grade().with_earlier_score == set()
    assert stale_in(class_of_four) == {}
    assert class_of_four.points() == before | {"eve": EVERYTHING}


def test_an_earlier_score_is_stale_from_the_moment_a_regrade_begins(class_of_four, monkeypatch):
    class_of_four.grade()
    correct_a_check(monkeypatch)

    def stop(student, graded):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        class_of_four.grade(notify=stop)
    assert len(stale_in(class_of_four)) == 3
    class_of_four.grade()
    assert stale_in(class_of_four) == {}


def test_a_score_is_stale_though_a_lost_result_had_to_be_made_again_and_was_not(class_of_four):
    class_of_four.grade()
    class_of_four.record("ada").unlink()
    class_of_four.grade(lambda: (dying_workers(), lambda: 1))
    assert stale_in(class_of_four) == {"ada": staleness.REGRADE_OPEN}


def test_a_file_that_the_grader_may_not_open_is_not_graded_and_no_zero(class_of_four, monkeypatch):
    class_of_four.grade()
    class_of_four.hand_in("eve", "solved")
    read_work = submitted_work.read_work

    def refuse(path):
        if {"ada", "eve"} & {*path.parts}:
            raise PermissionError(13, "Permission denied", str(path))
        return read_work(path)

    with monkeypatch.context() as patched:
        patched.setattr(batch, "read_work", refuse)
        graded = class_of_four.grade()
    assert graded.failed() == ["ada", "eve"]
    assert {score.reason for score in graded.results["eve"].scores.values()} == {
        "The file could not be opened: Permission denied."
    }
    assert (class_of_four.points("ada"), "eve" in class_of_four.points()) == (EVERYTHING, False)
    assert stale_in(class_of_four) == {"ada": staleness.REGRADE_OPEN}
    assert class_of_four.grade().failed() == []
    assert stale_in(class_of_four) == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every file")
def test_a_file_without_permission_is_not_graded(class_of_four):
    class_of_four.course.submitted(class_of_four.name)["ada"].chmod(0)
    assert class_of_four.grade().failed() == ["ada"]
    assert "ada" not in class_of_four.points()


# --- two commands at once ---------------------------------------------------------------------------------------------


def test_a_second_command_is_refused_until_the_first_has_ended(class_of_four):
    with locked(class_of_four.course, class_of_four.name):
        with pytest.raises(ValueError, match="Another command is grading 00_start_here, or using its results"):
            class_of_four.grade()
        with pytest.raises(ValueError, match="Another command"):
            staleness.mark_for_regrading(class_of_four.course, class_of_four.name)
    assert class_of_four.points() == {}
    assert class_of_four.grade().failed() == []


def test_a_command_that_was_killed_keeps_nobody_out(class_of_four):
    script = (
        "import sys, time; from helpers.classroom.course import Course; from helpers.classroom.grading import "
        "assignment_lock as lock\n"
        "with lock.locked(Course(sys.argv[1]), sys.argv[2]): print('locked', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(class_of_four.root), class_of_four.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(ValueError, match="Another command"):
            class_of_four.grade()
        process.kill()
    assert class_of_four.grade().failed() == []


# --- workers that die -------------------------------------------------------------------------------------------------


def mortal_workers():
    """Workers that die at the sight of poison in a submission."""
    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(2, mp_context=context, initializer=_become_mortal), lambda: 2


def _become_mortal():
    grade = batch._grade
    batch._grade = lambda template, data, settings: (
        os._exit(1) if b"poison" in data else grade(template, data, settings)
    )


def test_a_worker_that_dies_costs_one_submission_and_no_other(class_of_four):
    class_of_four.hand_in("bob", {"0.1": f"{RIGHT}  # poison"})
    graded = class_of_four.grade(mortal_workers)
    assert graded.failed() == ["bob"]
    assert graded.results["bob"].scores["check-0-1"].reason == "The process that graded it died, twice."
    assert class_of_four.points() == {"ada": EVERYTHING, "cleo": NOTHING, "dan": EVERYTHING}
    assert class_of_four.batch().find_open() == ["bob"]
    class_of_four.grade()
    assert class_of_four.points("bob") == EVERYTHING


class BreaksAtSecond(AtOnce):
    """An executor that is found broken when the second task is handed to it."""

    count = 0

    def submit(self, *arguments):
        self.count += 1
        if self.count == 2:
            raise BrokenExecutor
        return super().submit(*arguments)


def test_a_task_that_could_not_be_handed_over_is_not_lost(class_of_four):
    graded = class_of_four.grade(lambda: (BreaksAtSecond(), lambda: 1))
    assert graded.failed() == []
    assert graded.results.keys() == {"ada", "bob", "cleo", "dan"}


class Broken(AtOnce):
    """An executor that takes no task."""

    def submit(self, *arguments):
        """Take no task."""
        raise BrokenExecutor


def test_a_run_ends_though_no_worker_takes_a_task(class_of_four):
    graded = class_of_four.grade(lambda: (Broken(), lambda: 1))
    assert graded.failed() == ["ada", "bob", "cleo", "dan"]
    assert class_of_four.points() == {}


@pytest.mark.parametrize("error", [EOFError, ConnectionRefusedError])
def test_the_death_of_the_process_that_starts_the_workers_costs_nothing(class_of_four, monkeypatch, error):
    start, errors = ProcessPoolExecutor._adjust_process_count, [error]
    monkeypatch.setattr(ProcessPoolExecutor, "_adjust_process_count", lambda pool: _fail(errors) or start(pool))
    assert class_of_four.grade(local_workers(1)).failed() == []
    assert errors == []


def _fail(errors):
    if errors:
        raise errors.pop()


def test_processes_that_are_not_its_own_are_left_alone(class_of_four):
    other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    other.start()
    try:
        class_of_four.grade(local_workers(1))
        assert other.is_alive()
    finally:
        other.kill()
        other.join()


def test_a_finished_run_leaves_no_worker_and_no_file_behind(class_of_four, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "temporary").mkdir()
    class_of_four.grade(local_workers(2))
    deadline = time.monotonic() + 10
    while (multiprocessing.active_children() or [*(tmp_path / "temporary").iterdir()]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert multiprocessing.active_children() == []
    assert [*(tmp_path / "temporary").iterdir()] == []


FULL = """
import time
from helpers.classroom.grading.workers import local_workers, stop

if __name__ == "__main__":
    executor, _ = local_workers(1)()
    executor.submit(time.sleep, 600)
    for _ in range(3):
        executor.submit(len, bytes(10**6))  # more than a pipe holds
    time.sleep(1)
    stop(executor)
"""


LOGGING = """
import logging
from helpers import logs
from helpers.classroom.grading.workers import local_workers, stop

if __name__ == "__main__":
    logs.configure(1)
    executor, _ = local_workers(1)()
    executor.submit(logging.getLogger("helpers.some").info, "from %s", "a worker").result()
    stop(executor)
"""


def test_a_worker_logs_as_the_command_that_started_it_does(tmp_path):
    (tmp_path / "logging_worker.py").write_text(LOGGING)
    command = [sys.executable, tmp_path / "logging_worker.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "INFO helpers.some: from a worker\n" in done.stderr


def test_a_run_ends_though_a_task_is_on_its_way_to_a_worker_that_is_gone(tmp_path):
    """Where Python waits for ever by itself: 3.11.2, that of Debian 12, does."""
    (tmp_path / "full.py").write_text(FULL)
    done = subprocess.run([sys.executable, tmp_path / "full.py"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_notebooks_of_a_class_are_not_kept_in_memory(class_of_four):
    class_of_four.grade()
    assert {one.notebook for one in class_of_four.grade().results.values()} == {""}


def test_cells_that_differ_from_the_gradebooks_are_refused_before_anything_is_graded(class_of_four, monkeypatch):
    monkeypatch.setitem(EXERCISES, "0.1", replace(EXERCISES["0.1"], heading="0.1 ★★ The sigmoid"))
    with pytest.raises(ValueError, match=r"has other graded cells, or other points, .* run `make release NB=00`"):
        batch.open_batch(class_of_four.course, class_of_four.name, sandbox=False)


def test_a_submission_with_deleted_cells_gets_its_zeros(class_of_four):
    def take_all(notebook):
        notebook["cells"] = notebook["cells"][:1]

    class_of_four.hand_in("ada", edit(class_of_four.write("solved"), take_all))
    graded = class_of_four.grade()
    assert class_of_four.points("ada") == NOTHING
    assert graded.failed() == []
