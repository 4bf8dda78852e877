"""Programs that a test runs and kills: `make grade`, slowed down, and a person at formgrader.

Usage: python -m tests.classroom.slow_programs grade ROOT PHASES VERSION, or review ROOT JOURNAL STOP.
"""

import os
import sys
import time
from pathlib import Path
from unittest import mock


def grade(root, phases, version):
    """Run `grade 00`, and write a letter into a file for each step: k keep, e enter, f write a file, c close."""
    from helpers import __main__ as command_line
    from helpers.classroom.grading import batch, gradebook

    log = os.open(phases, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def slowed(function, letter, seconds):
        def run(*arguments, **options):
            os.write(log, letter)
            time.sleep(seconds)
            result = function(*arguments, **options)
            time.sleep(seconds)
            return result

        return run

    gradebook.BATCH_SIZE = 4
    batch.code_digest = lambda: version
    batch.Batch.keep = slowed(batch.Batch.keep, b"k", 0.02)
    gradebook.SaveAutoGrades._add_score = slowed(gradebook.SaveAutoGrades._add_score, b"e", 0.01)
    gradebook.replace_file = slowed(gradebook.replace_file, b"f", 0.01)
    gradebook.mark_graded = slowed(gradebook.mark_graded, b"c", 0.005)
    sys.argv = ["helpers", "grade", "00", "--jobs", "2"]
    with mock.patch.object(command_line, "ROOT", Path(root)):
        command_line.run_app(command_line.app)


def review(root, journal, stop):
    """Give points and comments as formgrader does, again and again; note in a journal what was saved."""
    from nbgrader.api import Gradebook

    number = 0
    while not Path(stop).exists():
        with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
            for submission in gradebook.find_assignment("00_start_here").submissions:
                notebook, student = submission.notebooks[0], submission.student.id
                if not student.startswith("reviewed"):
                    continue
                number += 1
                given = number % 4 / 4
                grade = next(each for each in notebook.grades if each.name == "check-0-1")
                grade.manual_score = given
                grade.needs_manual_grade = False
                comment = notebook.comments[0]
                comment.manual_comment = f"comment {number}"
                gradebook.db.commit()
                with Path(journal).open("a") as file:
                    file.write(f"{student} {given} {number}\n")
        time.sleep(0.02)


if __name__ == "__main__":
    {"grade": grade, "review": review}[sys.argv[1]](*sys.argv[2:])
