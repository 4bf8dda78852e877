"""Progress is read off the saved notebooks, and off nothing else."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.checks import progress, read_progress
from helpers.checks.catalogue import EXERCISES


def save(folder, name, values):
    """Save a notebook with answers to some exercises, whose checks ended in some text."""
    cells = []
    for exercise, text in values.items():
        cells.append(new_code_cell(f"def {EXERCISES[exercise].name}():\n    'mine'"))
        cell = new_code_cell("check(…)", metadata={"nbgrader": {"grade_id": f"check-{exercise.replace('.', '-')}"}})
        if text is not None:
            cell.outputs = [new_output("execute_result", data={"text/plain": text}, execution_count=1)]
        cells.append(cell)
    path = folder / name / f"{name}.ipynb"
    path.parent.mkdir()
    nbformat.write(new_notebook(cells=cells), path)
    return path


def states(folder):
    return {name: state for squares in read_progress(folder).squares.values() for name, state, _, _ in squares}


def test_every_exercise_has_a_place_and_nothing_is_done_at_first(tmp_path):
    assert states(tmp_path) == dict.fromkeys(EXERCISES, "open")
    assert read_progress(tmp_path).next.id == "0.1"


def test_full_points_are_right_fewer_are_not_yet_and_none_is_open(tmp_path):
    save(tmp_path, "01_vanishing", {"1.1": "1.0", "1.2": "0.0", "1.3": None})
    found = states(tmp_path)
    assert (found["1.1"], found["1.2"], found["1.3"]) == ("right", "not yet", "open")


@pytest.mark.parametrize("text", ["nan", "inf", "99.0", "-1.0", "True", "<Figure>", "np.float64(1.0)"])
def test_what_no_check_can_have_given_does_not_count(tmp_path, text):
    save(tmp_path, "01_vanishing", {"1.1": text})
    assert states(tmp_path)["1.1"] == "open"


def test_points_under_a_check_whose_answer_is_gone_do_not_count(tmp_path):
    """As at the grader: nothing answers the exercise any more, whatever its check last said."""
    path = save(tmp_path, "01_vanishing", {"1.1": "1.0", "1.2": "1.0"})
    notebook = nbformat.read(path, as_version=4)
    del notebook.cells[0]
    nbformat.write(notebook, path)
    assert [states(tmp_path)[name] for name in ("1.1", "1.2")] == ["open", "right"]


def test_a_backup_and_a_notebook_that_cannot_be_read_do_not_count(tmp_path):
    path = save(tmp_path, "01_vanishing", {"1.1": "1.0"})
    path.rename(path.with_name("01_vanishing.backup-1.ipynb"))
    assert states(tmp_path)["1.1"] == "open"
    path.write_text("no notebook")
    assert states(tmp_path)["1.1"] == "open"


def test_what_is_next_is_the_first_exercise_that_is_not_right(tmp_path):
    save(tmp_path, "00_start", {"0.1": "1.0", "0.2": "2.0"})
    save(tmp_path, "01_vanishing", {"1.1": "1.0", "1.2": "0.0"})
    assert read_progress(tmp_path).next.id == "1.2"
    assert "Next: exercise 1.2" in repr(read_progress(tmp_path))
    points = [exercise.points for exercise in EXERCISES.values() if exercise.notebook == "01"]
    assert re.search(rf"\n01 +1 of {len(points)} +1 of {sum(points):g}\n", repr(read_progress(tmp_path)))


def test_what_is_next_comes_first_and_is_a_link_to_it_where_its_notebook_is(tmp_path):
    shown = read_progress(tmp_path)
    assert repr(shown).startswith("Next: exercise 0.1, ")
    assert "<a " not in shown._repr_html_()
    path = save(tmp_path, "00_start", {})
    assert read_progress(tmp_path)._repr_html_().startswith('<p><a href="../00_start/00_start.ipynb"><b>Next: ')
    cells = [
        new_markdown_cell("<hr>\n\n### Exercise 0.1 · A sigmoid", id="one"),
        new_markdown_cell("### Exercise 0.2", id="two"),
    ]
    nbformat.write(new_notebook(cells=cells), path)
    link = '<p><a href="../00_start/00_start.ipynb#cell-id=one"><b>Next: exercise 0.1, '
    assert read_progress(tmp_path)._repr_html_().startswith(link)


def test_the_points_that_are_not_seen_are_explained_beside_those_that_are(tmp_path):
    for shown in repr(read_progress(tmp_path)), read_progress(tmp_path)._repr_html_():
        assert "hidden checks are worth as many again" in shown


def test_someone_who_is_done_is_told_so(tmp_path):
    for number in {one.notebook for one in EXERCISES.values()}:
        own = {name: f"{one.points}" for name, one in EXERCISES.items() if one.notebook == number}
        save(tmp_path, f"{number}_name", own)
    assert read_progress(tmp_path).next is None
    assert "Every exercise is right" in repr(read_progress(tmp_path))


def test_an_older_copy_is_told_where_its_exercises_went(tmp_path):
    assert read_progress(tmp_path).moved == []
    path = save(tmp_path, "04_lstm", {"4.5": "2.0"})
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_code_cell('check("4.6", gru_step_forward)'))
    nbformat.write(notebook, path)
    for shown in repr(read_progress(tmp_path)), read_progress(tmp_path)._repr_html_():
        assert "Exercise 4.6 is 9.1 now, in notebook 09_gru." in shown
        assert "4.7" not in shown


def test_in_a_notebook_it_reads_the_folders_beside_its_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(save(tmp_path, "00_start", {"0.1": "1.0"}).parent)
    assert progress().next.id == "0.2"
    assert "1 of 2" in capsys.readouterr().out


def test_while_grading_no_notebook_is_read(tmp_path, monkeypatch):
    save(tmp_path, "00_start", {"0.1": "1.0"})
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert states(tmp_path)["0.1"] == "open"
