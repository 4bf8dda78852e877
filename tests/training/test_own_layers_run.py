"""``python -m helpers train --layers my`` as it is used: a learner's own layers, a Korean text, real processes."""

import json
import re
import shutil
import signal
from pathlib import Path

import nbformat
import numpy as np
import pytest

from tests.training.test_train_command import assert_refused, outcome, run, start, wait_for_epoch
from tests.training.test_train_command import text as text

SOLUTIONS = Path(__file__).parents[2] / "solutions"
EPOCHS = 12
PRESET = ["--preset", "tiny", "--epochs", str(EPOCHS), "--save-every", "0.05"]


@pytest.fixture
def my(tmp_path):
    """A folder with every notebook, all answers right."""
    for path in SOLUTIONS.glob("*/*.ipynb"):
        (tmp_path / "my" / path.parent.name).mkdir(parents=True)
        shutil.copy(path, tmp_path / "my" / path.parent.name)
    return tmp_path / "my"


def change(my, number, old, new):
    """Replace a piece of the code in a saved notebook."""
    (path,) = my.glob(f"{number}_*/*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (cell for cell in notebook.cells if cell.cell_type == "code" and old in cell.source)
    cell.source = cell.source.replace(old, new)
    nbformat.write(notebook, path)


@pytest.mark.slow
def test_a_run_of_ones_own_layers_goes_on_bit_for_bit_and_stands_beside_the_references(my, text, tmp_path):
    change(my, "05", "return -float(np.take_along_axis", "return -(np.take_along_axis")  # a NumPy number is a loss too
    own = [*PRESET, "--corpus", text, "--layers", my, "--out", tmp_path / "own"]
    assert run(*PRESET, "--corpus", text, "--out", tmp_path / "reference").returncode == 0
    whole = run(*own[:-1], tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    process = start(*own)
    wait_for_epoch(process, 4)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == 130
    finished = run(*own)
    assert "Resuming the run" in finished.stdout
    np.testing.assert_equal(outcome(tmp_path / "own"), outcome(tmp_path / "whole"))
    for line in (r"Embedding +5\.1 +yours", r"build_language_model +8\.3 +yours", "A step takes .* with your layers"):
        assert re.search(line, finished.stdout)
    rows = [line for line in finished.stdout.splitlines() if "reference" in line or "7 of 7 yours" in line]
    perplexities = [json.loads((tmp_path / name / "results.json").read_text()) for name in ("reference", "own")]
    rows = [row for row in rows if "│" in row]
    assert [f"{one['test_perplexity']:.1f}" in row for one, row in zip(perplexities, rows, strict=True)] == [True] * 2
    ratio = perplexities[1]["test_perplexity"] / perplexities[0]["test_perplexity"]
    assert 0.8 < ratio < 1.25
    assert perplexities[1]["test_perplexity"] < perplexities[1]["baselines"]["unigram"]["test_perplexity"] / 2


def test_a_changed_answer_is_not_resumed_in_silence(my, text, tmp_path):
    arguments = [*PRESET, "--epochs", 1, "--corpus", text, "--layers", my, "--out", tmp_path / "run"]
    assert run(*arguments).returncode == 0
    change(my, "03", "h_prev @ Wh + b, 4, axis=1)", "h_prev @ Wh + b, 4, axis=-1)")
    assert_refused(run(*arguments), r"another LSTM: [0-9a-f]{12} there, [0-9a-f]{12} here.*--fresh")
    assert_refused(run(*arguments[:-4], "--out", tmp_path / "run"), "another layers: my there, reference here")


def test_a_notebook_that_cannot_be_read_is_named_before_its_answers_count_as_open(my, text, tmp_path):
    next(my.glob("05_*/05_*.ipynb")).write_text("no notebook")
    done = run(*PRESET, "--epochs", 1, "--corpus", text, "--layers", my, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert re.search(r"05_\w+\.ipynb cannot be read, so its exercises count as open: `make restore NB=05`", done.stdout)
    assert re.search(r"Embedding +5\.1 +the reference's: yours is still open", done.stdout)


SLOW = """
        total = 0
        for number in range(8_000_000 * (xs.size > 200)):  # not in its check
            total += number"""


def test_an_answer_that_is_right_and_very_slow_is_told_before_it_begins_and_trains_if_one_insists(my, text, tmp_path):
    change(my, "05", "self.xs = xs\n        return self.E", f"self.xs = xs{SLOW}\n        return self.E")
    arguments = ["--preset", "tiny", "--epochs", 1, "--corpus", text, "--layers", my, "--out", tmp_path / "run"]
    refused = run(*arguments)
    assert_refused(
        refused, r"`Embedding` takes \d+% of it. The answers are right.*about .* for \d+ steps.*ARGS=--patient"
    )
    assert not list((tmp_path / "run").glob("checkpoints/*"))
    process = start(*arguments, "--patient")
    lines = iter(process.stdout)
    assert any("times as long" in line for line in lines)
    process.kill()
    process.communicate(timeout=60)


def test_an_answer_that_stops_in_the_middle_of_a_run_ends_it_with_a_sentence(my, text, tmp_path):
    guard = "self.calls = getattr(self, 'calls', 0) + 1\n        assert self.calls < 30\n        self.xs = xs\n"
    change(my, "05", "self.xs = xs\n        return self.E", f"{guard}        return self.E")
    stopped = run(*PRESET, "--corpus", text, "--layers", my, "--out", tmp_path / "run", "--save-every", 0)
    assert stopped.returncode == 1
    assert re.search(r"Your `forward` stopped at `assert self.calls < 30`.*AssertionError", stopped.stderr)
    assert "Traceback" not in stopped.stderr
    assert list((tmp_path / "run").glob("checkpoints/*"))


def test_a_folder_without_notebooks_is_answered_with_one_sentence(tmp_path):
    assert_refused(run("--layers", tmp_path / "missing", "--out", tmp_path / "run"), "holds no notebook of yours")
