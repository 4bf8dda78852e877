"""kill -9 of `make grade` and of its workers at random moments, while a person writes: nothing is lost or wrong.

A longer campaign, and its numbers: `COURSE_KILLS=24 make test ARGS="-m slow tests/classroom/test_kill.py -s"`.
"""

import collections
import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from helpers.classroom.administration.export import FOR_A_PERSON, export, read_results
from helpers.classroom.authoring.source import grading
from helpers.classroom.grading.assignment_lock import locked
from tests.browser.jupyterlab import ADDRESS, serve
from tests.classroom.sample_class import FALLING, REPOSITORY, RIGHT, TEXTBOOK, workers_of

#: What each answer earns: for the visible check, and for the hidden one.
ANSWERS = {RIGHT: (1.0, 1.0), FALLING: (0.0, 0.0), TEXTBOOK: (0.0, 0.0)}
STEPS = {"k": "while results were kept", "e": "while scores were entered", "f": "while files were written"}
STEPS |= {"c": "while entries were closed", "": "before the first result"}


#: How often something is killed.
KILLS = int(os.environ.get("COURSE_KILLS", "3"))


class Campaign:
    """A slow class whose grading is killed, and a person who gives points meanwhile.

    Args:
        sample_class: a SampleClass without submissions.
        folder: for the programs' files.
        size: how many students there are.
        seed: of all random choices.
    """

    def __init__(self, sample_class, folder, size, seed):
        self.sample_class, self.folder, self.random = sample_class, folder, random.Random(seed)
        self.students = [f"{'reviewed' if n % 6 == 0 else 'student'}{n}" for n in range(size)]
        self.attempts = collections.defaultdict(list)  # student to what each attempt earns
        self.kills = collections.Counter()
        self.version = 0
        for student in self.students:
            self.hand_in(student)

    def hand_in(self, student):
        """Let a student hand in; a third of the class shares its work with others."""
        answer = self.random.choice([RIGHT, RIGHT, *ANSWERS])
        own = self.random.choice(["shared", student, student])
        source = f"import time\n\ntime.sleep(0.2)\n\n\n{answer}  # {own} {len(self.attempts[student])}"
        stamp = f"2026-11-01 12:00:{len(self.attempts[student]):02d}.000000 UTC"
        self.sample_class.hand_in(student, {"0.1": source}, stamp)
        self.attempts[student].append(ANSWERS[answer])

    def renew(self):
        """Make work for the grader: a corrected check, or resubmissions."""
        if self.random.random() < 0.5:
            self.version += 1
        else:
            for student in self.random.sample(self.students, len(self.students) // 2):
                self.hand_in(student)

    # --- programs -----------------------------------------------------------------------------------------------------

    def start(self, program, *arguments):
        """Start a program of slow_programs."""
        command = [sys.executable, "-m", "tests.classroom.slow_programs", program, str(self.sample_class.root)]
        with (self.folder / f"{program}.txt").open("w") as output:
            return subprocess.Popen([*command, *map(str, arguments)], cwd=REPOSITORY, stdout=output, stderr=output)

    def grade(self):
        """Start grading."""
        self.phases.unlink(missing_ok=True)
        return self.start("grade", self.phases, self.version)

    @property
    def phases(self):
        """The file in which the grader notes its steps."""
        return self.folder / "phases"

    def steps(self):
        """Return the letters in it."""
        return self.phases.read_text() if self.phases.exists() else ""

    @contextlib.contextmanager
    def person(self, formgrader):
        """Let a person give points in formgrader meanwhile."""
        stop = self.folder / "stop"
        stop.unlink(missing_ok=True)
        process = self.start("review", self.folder / "journal", stop, formgrader)
        try:
            yield
        finally:
            stop.touch()
            assert process.wait(300) == 0, (self.folder / "review.txt").read_text()

    def kill_once(self, kind):
        """Start grading, and kill at a random moment of a random step; return the exit code of the command.

        Args:
            kind: "command"; "worker", some of which are killed before the command is; or "two" commands at once.
        """
        step, count = self.random.choice("kkeeefc"), self.random.randrange(1, 1 + len(self.students) // 3)
        process = self.grade()
        both = [process, self.grade()] if kind == "two" else [process]
        try:
            while any(each.poll() is None for each in both) and self.steps().count(step) < count:
                time.sleep(0.005)
            if kind == "worker":
                self._kill_workers(process)
            time.sleep(self.random.uniform(0, 0.05))
            for each in both:
                if each.poll() is None:
                    each.kill()
                    self.kills[f"of {'one of two commands' if kind == 'two' else 'the command'}", self.last_step()] += 1
        finally:
            for each in both:
                each.kill()
                each.wait()
        assert {each.returncode for each in both} <= {0, 1, -signal.SIGKILL}
        said = (self.folder / "grade.txt").read_text()
        assert "Traceback" not in said, said
        return process.returncode

    def last_step(self):
        """Return in words what the grader was doing."""
        return STEPS[self.steps()[-1:]]

    def _kill_workers(self, process):
        for _ in range(self.random.randrange(1, 3)):
            if workers := workers_of(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.random.choice(workers), signal.SIGKILL)
                    self.kills["of a worker", self.last_step()] += 1
            time.sleep(self.random.uniform(0, 0.8))

    # --- what must hold -----------------------------------------------------------------------------------------------

    def check(self):
        """Check that nothing is lost, doubled or wrong."""
        sample_class = self.sample_class
        with contextlib.closing(sqlite3.connect(sample_class.root / "gradebook.db", timeout=30)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        points = {student: tuple(cells.values()) for student, cells in self.points().items()}
        assert points.keys() <= set(self.students)
        for student, scores in points.items():
            assert scores == (None, None) or scores in self.attempts[student], student
        given = self.given()
        for student, (score, comment) in given.items():
            assert sample_class.look_up(student, "manual_score", grade_id="check-0-1") == (score,)
            with sample_class.course.gradebook() as gradebook:
                notebook = gradebook.find_submission_notebook(sample_class.name, sample_class.name, student)
                assert [each.manual_comment for each in notebook.comments] == [comment]
        with sample_class.course.gradebook() as gradebook:
            results = read_results(sample_class.course, gradebook, sample_class.name)
        for student, result in results.items():
            visible, hidden = self.attempts[student][-1]
            right = given.get(student, (visible,))[0] + hidden
            assert result.score in (None, right), student
            if result.score is not None:
                assert self.answer_in("autograded", student) == self.answer_in("submitted", student)
        return results

    def points(self):
        """Return what the gradebook has, student to grade id to points, in the order of the cells."""
        found = self.sample_class.points()
        return {student: {cell: cells[cell] for cell in sorted(cells)} for student, cells in found.items()}

    def given(self):
        """Return what the person gave last: student to points and comment."""
        journal = self.folder / "journal"
        lines = [line.split() for line in journal.read_text().splitlines()] if journal.exists() else []
        return {student: (float(score), f"comment {number}") for student, score, number in lines}

    def answer_in(self, step, student):
        """Return the source of the answer in a student's notebook."""
        name = self.sample_class.name
        notebook = nbformat.read(self.sample_class.course.folder(step, name, student) / f"{name}.ipynb", as_version=4)
        return next(cell.source for cell in notebook.cells if grading(cell).get("solution"))

    def finish(self):
        """Let grading finish, and check that every score is right then."""
        process = self.grade()
        assert process.wait(300) == 0, (self.folder / "grade.txt").read_text()
        results = self.check()
        assert self.points().keys() == results.keys() == set(self.students)
        for student, cells in self.points().items():
            assert tuple(cells.values()) == self.attempts[student][-1]
        assert {result.state for result in results.values()} <= {"graded", FOR_A_PERSON}
        assert export(self.sample_class.course).stale == {}


@pytest.fixture
def campaign(sample_class, tmp_path):
    """A function that returns a Campaign."""
    return lambda size, seed: Campaign(sample_class(), tmp_path, size, seed)


@contextlib.contextmanager
def open_formgrader(root):
    """Run the course's formgrader, and yield its address."""
    shutil.copytree(REPOSITORY / "helpers", root / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "nbgrader_config.py", root)
    with serve(root, "formgrader") as printed:
        yield ADDRESS.search(printed)[0]


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux alone has /proc")


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])  # any other number makes another campaign
def test_after_each_kill_every_score_is_right(campaign, seed):
    campaign = campaign(size=36, seed=seed)
    with open_formgrader(campaign.sample_class.root) as formgrader:
        while sum(campaign.kills.values()) < KILLS:
            with campaign.person(formgrader):
                ended = campaign.kill_once(campaign.random.choice(["command", "command", "worker", "two"]))
            campaign.check()
            if ended == 0 or campaign.random.random() < 0.3:
                campaign.renew()
                campaign.check()
    campaign.finish()
    print(f"\n{len(campaign.given())} students have points from the person.")
    for (victim, step), count in sorted(campaign.kills.items()):
        print(f"{count} kills {victim} {step}")


def test_a_second_command_is_refused_in_a_sentence(campaign):
    campaign = campaign(size=1, seed=1)
    with locked(campaign.sample_class.course, campaign.sample_class.name):
        assert campaign.grade().wait(60) == 1
    said = (campaign.folder / "grade.txt").read_text()
    assert "Another command is grading 00_start_here" in said
    assert "Traceback" not in said
    assert campaign.points() == {}
