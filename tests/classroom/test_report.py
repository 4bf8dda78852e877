"""What an instructor reads after grading: the right numbers, the worst first, and nothing a spreadsheet would run."""

import csv
import io

import pytest

from helpers.classroom.grading import report
from helpers.classroom.grading.grader import Graded, Score
from helpers.classroom.grading.item_analysis import analyse, failures, summarise

SIGN = "`a[i]`, with the sign turned round"


def graded(first, second, hidden="right", *, written=None, misconceptions=(), **more):
    """A Graded with two exercises: the statuses of their visible checks, that of the first's hidden one."""
    points = {"right": 1.0}
    scores = {
        "check-1-1": Score(points.get(first, 0.0), 1.0, first, "" if first == "right" else "Because.", misconceptions),
        "hidden-1-1": Score(points.get(hidden, 0.0), 1.0, hidden),
        "check-1-2": Score(2 * points.get(second, 0.0), 2.0, second),
    }
    if written is not None:
        scores["ex-1-3"] = Score(None, 4.0, "for a person") if written else Score(0.0, 4.0, "not written")
    return Graded("{}", scores, **more)


@pytest.fixture
def results():
    """A class of six."""
    return {
        "ada": graded("right", "right", written=True),
        "bob": graded("wrong", "right", "wrong", misconceptions=(SIGN,), written=True),
        "cleo": graded("wrong", "right", "wrong", misconceptions=(SIGN,), written=False),
        "dan": graded("wrong", "timed out", "wrong", misconceptions=("another",), written=False, seconds=61.25),
        "eve": graded("not written", "not defined", "not written", written=False),
        "finn": graded("unreadable", "unreadable", "unreadable", written=False, unreadable="The file is empty."),
    }


def read(text):
    """Return the rows of a CSV file."""
    return [*csv.DictReader(io.StringIO(text, newline=""))]


def test_the_item_analysis_counts_right(results):
    first, second = analyse(results.values())
    assert (first.exercise, second.exercise) == ("1.1", "1.2")
    assert dict(first.ends) == {"right": 1, "wrong": 3, "not written": 1, "stopped": 1}
    assert dict(second.ends) == {"right": 3, "stopped": 2, "not written": 1}
    assert (first.right, second.right) == (1 / 6, 3 / 6)
    assert (first.hidden_right, second.hidden_right) == (1, 0)
    assert first.mistakes.most_common() == [(SIGN, 2), ("another", 1)]


def test_the_figures_of_a_class_are_right(results):
    assert summarise(results.values()) == {
        "submissions": 6,
        "points to be had": 8.0,
        "mean": 8 / 6,
        "median": 1.0,
        "lowest": 0.0,
        "highest": 4.0,
        "waiting for a person": 2,
    }


def test_failures_are_counted_by_reason_the_most_frequent_first(results):
    assert [*failures(results.values()).items()] == [
        ("wrong", 3),
        ("unreadable", 2),
        ("timed out", 1),
        ("not written", 1),
        ("not defined", 1),
    ]


def test_a_class_without_a_mistake_has_no_failures():
    assert failures([graded("right", "right")]) == {}


def test_the_tables_are_on_the_screen_with_every_bracket(results, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    report.show(results)
    shown = capsys.readouterr().out
    assert "not right: 3 × wrong, 2 × unreadable" in shown
    assert f"2 × {SIGN}" in shown
    assert "finn: could not be read. The file is empty." in shown


def test_a_reason_that_looks_like_a_style_is_shown_as_it_is(capsys):
    report.show({"[bold]x": graded("right", "right", unreadable="[/red] :smile:")})
    assert "[bold]x: could not be read. [/red] :smile:" in capsys.readouterr().out


def test_the_report_has_a_line_for_each_submission(results, tmp_path):
    report.write(results, tmp_path)
    rows = {row["student"]: row for row in read((tmp_path / "report.csv").read_text(encoding="utf-8"))}
    assert rows.keys() == results.keys()
    assert (rows["ada"]["points"], rows["ada"]["of"], rows["ada"]["waits for a person"]) == ("4", "8", "yes")
    assert rows["ada"]["not right"] == ""
    assert rows["bob"]["not right"] == "check-1-1: wrong. Because. | hidden-1-1: wrong."
    assert (rows["dan"]["seconds"], rows["dan"]["waits for a person"]) == ("61.2", "no")


def test_a_fault_of_the_grader_is_on_the_screen_and_in_the_report_with_its_reason(capsys):
    not_graded = graded("right", "right")
    not_graded.scores["check-1-2"] = Score(0.0, 2.0, "not graded", "The process that graded it died, twice.")
    report.show({"gus": not_graded})
    assert "gus: not graded. The process that graded it died, twice. It has no score" in capsys.readouterr().out
    (row,) = read(report.report_csv({"gus": not_graded}))
    assert row["not right"] == "check-1-2: not graded. The process that graded it died, twice."
    assert (row["points"], row["graded"]) == ("", "no")


def test_the_report_says_where_an_earlier_score_stays(results, capsys, tmp_path):
    results["gus"] = graded("not graded", "not graded", "not graded")
    report.show(results, {"gus"})
    assert "gus: not graded.  The earlier score stays in the gradebook, and is not exported" in capsys.readouterr().out
    report.write(results, tmp_path, {"gus"})
    rows = {row["student"]: row for row in read((tmp_path / "report.csv").read_text(encoding="utf-8"))}
    assert [rows[student]["graded"] for student in ("ada", "gus")] == ["yes", "no; the earlier score stays"]


def test_what_was_not_graded_is_in_no_figure_of_the_class(results, capsys):
    alone = [*results.values()]
    with_gus = [*alone, graded("not graded", "not graded", "not graded")]
    assert analyse(with_gus) == analyse(alone)
    report.show(dict(zip("abcdefg", with_gus, strict=True)))
    assert "submissions 6 " in capsys.readouterr().out


def test_the_items_have_a_line_for_each_exercise(results, tmp_path):
    report.write(results, tmp_path)
    first, second = read((tmp_path / "items.csv").read_text(encoding="utf-8"))
    assert first["mistakes named"] == f"2 × {SIGN}; 1 × another"
    assert [first[column] for column in ("exercise", "submissions", "right", "wrong")] == ["1.1", "6", "1", "3"]
    assert (second["hidden right"], second["stopped"]) == ("0", "2")


@pytest.mark.parametrize(
    "formula", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "＝1+1", "＋1", "－1", "＠1"]
)
def test_no_cell_of_a_report_is_a_formula(formula):
    """A student chooses an id where anyone may enrol, and the words of a change that is reported."""
    changed = graded("right", "right", changes=[formula])
    (row,) = read(report.report_csv({formula: changed}))
    for cell in (row["student"], row["remarks"]):
        assert cell.startswith("'")
        assert cell[1:] == " ".join(formula.split())
