"""What an instructor does with a written answer: read it in formgrader, give points and a comment, send feedback."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from helpers.classroom.course import Course
from helpers.classroom.grading.sandbox.isolation import NoSandbox, check_sandbox
from tests.browser.jupyterlab import ADDRESS, PATIENCE, serve

ROOT = Path(__file__).resolve().parents[2]
NAME = "08_weight_tying_and_full_model"
WORDS = "Dropout brings the most. Its gain is many times the spread of the seeds."

#: A right answer to 8.1.
COUNT = "def count_parameters(params):\n    return sum({id(param): param.value.size for param in params}.values())"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def run(course, *command):
    """Run a command of the course in its copy, and return what it printed."""
    line = [sys.executable, "-m", "helpers", *command]
    done = subprocess.run(line, cwd=course, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def hand_in(course, student="ada", source=None):
    """Hand in notebook 08 with nothing but a written answer in it, or another answer in the place of the first."""
    notebook = nbformat.read(course / "notebooks" / NAME / f"{NAME}.ipynb", as_version=4)
    next(cell for cell in notebook.cells if cell.id == "ex-8-5").source = WORDS
    if source:
        next(cell for cell in notebook.cells if cell.id == "ex-8-1").source = source
    folder = course / "build/submitted" / student / NAME
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")


@pytest.fixture(scope="module")
def graded(course):
    """A course in which ada's notebook was graded, but for her written answer."""
    shutil.copytree(ROOT / "solutions" / NAME, course / "solutions" / NAME)
    run(course, "release", "08")
    hand_in(course)
    assert "waiting for a person 1" in run(course, "grade", "08", "--no-sandbox", "--jobs", "1")
    return course


def score_of(course):
    """Points and comment that a person gave to the written answer, and whether one is still waited for."""
    with Course(course).gradebook() as gradebook:
        grade = gradebook.find_grade("ex-8-5", NAME, NAME, "ada")
        comment = gradebook.find_comment("ex-8-5", NAME, NAME, "ada")
        return grade.manual_score, comment.manual_comment, grade.needs_manual_grade


def saved(what):
    """Whether a response says that formgrader has written a grade, or a comment."""
    return lambda response: response.request.method == "PUT" and f"/api/{what}/" in response.url and response.ok


def test_a_written_answer_is_graded_in_formgrader_and_the_score_outlives_the_next_grading(browser, graded, screenshots):
    assert score_of(graded) == (None, None, True)
    with serve(graded, "formgrader") as printed:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(1000 * PATIENCE)
        # Formgrader asks for MathJax from the network, where there may be none.
        page.route("**/mathjax/**", lambda route: route.abort())
        page.goto(ADDRESS.search(printed)[0])
        page.get_by_role("link", name="Manual Grading").click()
        for name in NAME, NAME, "Submission #1":
            page.locator("td").get_by_role("link", name=name).first.click()
        # Points filled in before formgrader has loaded the present ones are lost.
        page.wait_for_function("window.formgrader?.grades?.loaded && formgrader.comments.loaded")
        answer = page.locator(".nbgrader_cell", has_text="Dropout brings the most").last
        rubric = page.get_by_text("The rubric").first
        assert abs(rubric.bounding_box()["y"] - answer.bounding_box()["y"]) < 900  # both are on the screen at once
        with page.expect_response(saved("grade")), page.expect_response(saved("comment")):
            answer.locator("input.score").fill("3")
            answer.locator("textarea.comment").fill("Say how large the gain is.")
            answer.locator("input.score").click()
        page.screenshot(path=screenshots / "formgrader.png")
    assert score_of(graded) == (3.0, "Say how large the gain is.", False)

    (graded / "build/graded" / NAME / "ada.json").unlink()  # as after a corrected test: everything is graded again
    run(graded, "grade", "08", "--no-sandbox", "--jobs", "1")
    assert score_of(graded) == (3.0, "Say how large the gain is.", False)

    assert "to grade by hand" not in run(graded, "feedback", "08")
    page = (graded / "build/feedback/ada" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "Say how large the gain is." in page
    assert "hidden_check(" not in page


def test_the_button_autograde_runs_the_answers_in_the_sandbox(browser, graded, screenshots, tmp_path):
    try:
        check_sandbox()
    except NoSandbox as error:
        pytest.skip(str(error))
    trace = tmp_path / "it_was_here"
    hand_in(graded, "mal", f"open({str(trace)!r}, 'w').close()\n\n\n{COUNT}")
    with serve(graded, "formgrader") as printed:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(1000 * PATIENCE)
        page.route("**/mathjax/**", lambda route: route.abort())
        address = ADDRESS.search(printed)[0]
        page.goto(address)  # which has the token
        page.goto(f"{address.partition('/formgrader')[0]}/formgrader/manage_submissions/{NAME}")
        page.get_by_role("row").filter(has_text="mal").locator(".autograde a").click()
        page.get_by_text("Successfully autograded").wait_for()
        page.screenshot(path=screenshots / "autograde.png")
    with Course(graded).gradebook() as gradebook:
        assert gradebook.find_grade("check-8-1", NAME, NAME, "mal").auto_score == 0
    assert not trace.exists()
