"""Programs that a test runs and kills: `make grade`, slowed down, and a person at formgrader.

Usage: python -m tests.classroom.slow_programs grade ROOT PHASES VERSION, or review ROOT JOURNAL STOP ADDRESS.
"""

import json
import os
import sys
import time
from pathlib import Path
from unittest import mock
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen


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


def review(root, journal, stop, address):
    """Give points and comments in formgrader, again and again; note in a journal what was saved.

    Args:
        address: of the running formgrader, with its token.
    """
    from nbgrader.api import Gradebook

    number = 0
    while not Path(stop).exists():
        with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
            notebooks = [one.notebooks[0] for one in gradebook.find_assignment("00_start_here").submissions]
            rows = {
                notebook.student.id: (next(one.id for one in notebook.grades if one.name == "check-0-1"), comment.id)
                for notebook in notebooks
                for comment in notebook.comments
            }
        for student, (grade, comment) in rows.items():
            if student.startswith("reviewed") and not Path(stop).exists():
                number += 1
                given = number % 4 / 4
                put(address, f"grade/{grade}", {"manual_score": given})
                put(address, f"comment/{comment}", {"manual_comment": f"comment {number}"})
                with Path(journal).open("a") as file:
                    file.write(f"{student} {given} {number}\n")
        time.sleep(0.02)


def put(address, row, values):
    """Save values as formgrader's page does; where the gradebook is busy for too long, once more."""
    parts = urlsplit(address)
    [token] = parse_qs(parts.query)["token"]
    url = f"{parts.scheme}://{parts.netloc}/formgrader/api/{row}"
    headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
    for _ in range(20):
        try:
            urlopen(Request(url, json.dumps(values).encode(), headers, method="PUT"), timeout=60).close()
            return
        except HTTPError as error:
            print(url, error, flush=True)
    raise RuntimeError(f"formgrader did not save {row}")


if __name__ == "__main__":
    {"grade": grade, "review": review}[sys.argv[1]](*sys.argv[2:])
