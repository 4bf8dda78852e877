"""A learner's layers for the full model: found in saved notebooks, judged, and known again when they change."""

import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest

from helpers import nn
from helpers.checks.own_layers import LAYERS, OwnLayers, explained
from helpers.training.experiment import build_model
from helpers.training.presets import PRESETS, Settings, choose

SOLUTIONS = Path(__file__).parents[2] / "solutions"
USED = {"Embedding", "LSTM", "VariationalDropout", "TiedAffine", "Stacked", "SoftmaxCrossEntropy"}


@pytest.fixture
def my(tmp_path, monkeypatch):
    """A folder with every notebook, all answers right."""
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    for path in SOLUTIONS.glob("*/*.ipynb"):
        (tmp_path / path.parent.name).mkdir()
        shutil.copy(path, tmp_path / path.parent.name)
    return tmp_path


def change(my, number, old, new):
    """Replace a piece of the code in a saved notebook, in every cell that has it."""
    (path,) = my.glob(f"{number}_*/*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and old in cell.source]
    assert cells
    for cell in cells:
        cell.source = cell.source.replace(old, new)
    nbformat.write(notebook, path)


def built(my, settings=PRESETS["tiny"]):
    """The OwnLayers after a model was built of them."""
    layers = OwnLayers(my)
    build_model(settings, CORPUS, np.random.default_rng(0), layers)
    return layers


class CORPUS:
    """As much of a corpus as it takes to build a model."""

    vocabulary = range(7)
    train = np.arange(50) % 7


def test_the_standard_model_is_built_by_the_learners_own_function_of_their_own_layers(my):
    layers = built(my, choose("tiny"))
    assert set(layers.used) == USED | {"build_language_model"}
    assert all(one.source == "saved" for one in layers.used.values())
    assert all(f"{name:<22}{LAYERS[name].id:<10}yours" in repr(layers) for name in layers.used)


@pytest.mark.parametrize(
    "settings, names",
    [
        (choose("textbook-small"), {"Embedding", "LSTM", "Affine", "Stacked", "SoftmaxCrossEntropy"}),
        (choose("textbook-large"), USED - {"VariationalDropout"} | {"Dropout"}),
        (Settings(8, 2, 0.2, 1, recurrent_rate=0.2), USED - {"LSTM"} | {"VariationalLSTM"}),
    ],
    ids=["untied", "standard dropout", "masks along time"],
)
def test_what_their_function_cannot_express_is_assembled_from_their_layers(my, settings, names):
    layers = built(my, settings)
    assert set(layers.used) == names
    assert all(one.source == "saved" for one in layers.used.values())


def test_a_setting_that_needs_a_layer_which_no_exercise_builds_is_refused_by_name(my):
    settings = Settings(8, 2, 0.2, 1, dropout="standard", recurrent_rate=0.2)
    with pytest.raises(ValueError, match=r"dropout='standard' with recurrent_rate=0\.2 needs a `StepDropoutLSTM`"):
        built(my, settings)


def test_the_reference_stands_in_where_an_answer_is_open_or_wrong_or_cannot_be_read(my):
    change(my, "05", "return self.E.value[xs]", 'raise NotImplementedError("Exercise 5.1")')
    change(my, "08", "self.E.value.T", "2 * self.E.value.T")
    (broken,) = my.glob("07_*/*.ipynb")
    broken.write_text("{")
    layers = built(my)
    assert layers["Embedding"] is nn.Embedding
    assert layers["TiedAffine"] is nn.TiedAffine
    assert layers["VariationalDropout"] is nn.VariationalDropout
    assert layers["LSTM"] is not nn.LSTM
    assert f"{'TiedAffine':<22}{'8.2':<10}the reference's: yours is not right in its saved notebook" in repr(layers)
    assert [f"{broken} cannot be read" in sentence for sentence in layers.unreadable()] == [True]
    assert {name for name, one in layers.fingerprints().items() if one == "reference"} == {
        *("Embedding", "TiedAffine", "VariationalDropout"),
    }


# --- known again ------------------------------------------------------------------------------------------------------

SPLIT = "np.split(x @ Wx + h_prev @ Wh + b, 4, axis=1)"


@pytest.mark.parametrize(
    "number, old, new, changed",
    [
        ("05", "return self.E.value[xs]", "return np.take(self.E.value, xs, axis=0)", {"Embedding"}),
        ("03", SPLIT, "np.split(h_prev @ Wh + x @ Wx + b, 4, axis=1)", {"LSTM"}),
        ("00", "def sigmoid(a):", "HALF = 0.5\n\ndef sigmoid(a):", {"LSTM"}),
        ("05", "return self.E.value[xs]", "return self.E.value[xs]  # the rows", set()),
    ],
    ids=["the class", "a function that it calls", "one that is two calls away", "a comment"],
)
def test_a_fingerprint_changes_with_the_code_and_with_that_of_what_it_calls(my, number, old, new, changed):
    before = built(my).fingerprints()
    change(my, number, old, new)
    after = built(my).fingerprints()
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == changed
    assert all(len(one) == 12 for one in after.values())


def test_a_fingerprint_changes_with_a_helper_in_another_cell_and_with_its_constants(my):
    (path,) = my.glob("05_*/*.ipynb")
    change(my, "05", "return self.E.value[xs]", "return rows(self.E.value, xs)")

    def add(source):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.insert(1, nbformat.v4.new_code_cell(source))
        nbformat.write(notebook, path)
        return built(my).fingerprints()["Embedding"]

    first = add("SCALE = 1\n\ndef rows(matrix, ids):\n    return SCALE * matrix[ids]")
    second = add("other = 3")
    change(my, "05", "SCALE = 1", "SCALE = 1.0")
    assert first == second != add("another = 3")


def test_a_folder_without_notebooks_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"holds no notebook of yours\. `make learn`"):
        OwnLayers(tmp_path / "missing")


def test_an_error_in_their_code_is_told_with_its_place_and_one_of_the_course_is_not_theirs(my):
    change(my, "05", "return self.E.value[xs]", "assert xs.shape[1] < 30, 'too long'\n        return self.E.value[xs]")
    embedding = OwnLayers(my)["Embedding"]
    with pytest.raises(ValueError, match=r"Your `forward` stopped at `assert .*AssertionError: too long"), explained():
        embedding(nn.Param(np.ones((3, 2)))).forward(np.zeros((1, 35), int))
    with pytest.raises(ZeroDivisionError), explained():
        1 / 0  # noqa: B018 - an error of the course's own
